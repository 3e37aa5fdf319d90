#!/bin/sh
# The library against PyTorch. tests/library/AREA.nn has a model for each case, AREA.txt its numbers; AREA.py wrote both.
# Every model is compiled by nnc, many of them are compiled as one C file, in double and in float, and compare.c runs them.
#
#     tests/library.sh [AREA...]          all areas, or some
. "$(dirname "$0")/stage.sh"
AREAS=${*:-$(cd tests/library && ls -- *.txt | sed 's/\.txt$//')}
JOBS=2
CHUNK=20                # models in one C file: more compile no faster, and a mistake in one C file takes all its cases along

# Every definition has cases of its own (or a test, as what surveys the data has), or is what a case's call names (resize2d(8, mode=cubic)), or is a part of others.
if [ $# = 0 ]; then
    {
        cat tests/library/*.txt | sed -n 's/^case \([^ ]*\)_[0-9]* [^ ]* [^ ]* /\1 /p' | grep -o '[a-z][a-z0-9_]*'
        sed 's/#.*//' tests/survey/*.nn | grep -o '[a-z][a-z0-9_]*'
        sed 's/#.*//' compiler/library/*.nn | grep -o '[a-z][a-z0-9_]*' | sort | uniq -d
    } | sort -u >"$WORK/tested"
    for name in $(sed -n 's/^fn \([a-z0-9_]*\).*/\1/p' compiler/library/*.nn); do
        if grep -qx "$name" "$WORK/tested"; then pass; else fail "no case tests $name"; fi
    done
fi

# AREA/NAME.nn for each model, with the definitions of its area; AREA/NAME.c from it.
for area in $AREAS; do
    mkdir -p "$WORK/$area"
    awk -v to="$WORK/$area/" '
        FNR == 1      { pass++ }
        /^model /     { name = $2; if (pass == 2) printf "%s", shared > (to name ".nn") }
        pass == 1     { if (name == "" && !/^#/) shared = shared $0 "\n" }
        pass == 2     { if (name != "") print > (to name ".nn") }
        /^}/          { if (name != "" && pass == 2) close(to name ".nn"); name = "" }' "tests/library/$area.nn" "tests/library/$area.nn"
    sed -n "s|^case \([^ ]*\).*|$WORK/$area/\1|p" "tests/library/$area.txt" >"$WORK/$area/models"
done
export NNC CC WORK
# shellcheck disable=SC2016
for area in $AREAS; do cat "$WORK/$area/models"; done |
    xargs -P $JOBS -n 8 sh -c 'for m; do "$NNC" "$m.nn" -o "$m.c" >"$m.said" 2>&1; done; true' sh

# AREA/chunk_N.c from some of them, and AREA/table.c with all.
cp tests/library/compare.c "$WORK/compare.c"
for area in $AREAS; do
    while read -r model; do
        if [ -s "$model.c" ]; then pass; basename "$model" >>"$WORK/$area/made"
        else cp "$model.said" "$WORK/said"; fail "nnc $area: $(basename "$model")"
        fi
    done <"$WORK/$area/models"
    touch "$WORK/$area/made"
    awk -v to="$WORK/$area/chunk_" -v size=$CHUNK '
        (NR - 1) % size == 0 { n++; print "#include <nn.h>" > (to n ".c") }
        { printf "#undef NN_MAIN_MODEL\n#define NN_MAIN_MODEL(model)\n#include \"%s.c\"\n", $0 > (to n ".c") }' "$WORK/$area/made"
    awk '{ externs = externs "extern const nn_model " $1 "_model;\n"; table = table " &" $1 "_model," }
        END { printf "#include <nn.h>\n%sextern const nn_model *const models[];\nconst nn_model *const models[] = {%s 0 };\n", externs, table }' \
        "$WORK/$area/made" >"$WORK/$area/table.c"
done
for real in double float; do
    for file in "$WORK"/*/chunk_*.c "$WORK"/*/table.c "$WORK/compare.c"; do echo "$real ${file%.c}"; done
done >"$WORK/jobs"
# shellcheck disable=SC2016
xargs -P $JOBS -n 2 sh -c '
    [ "$1" = double ] && flags=-DNN_DOUBLE || flags=
    $CC -std=gnu11 -O0 $flags -Iruntime -c "$2.c" -o "$2.$1.o" >"$2.$1.said" 2>&1; true' sh <"$WORK/jobs"
while read -r real file; do
    if [ -e "$file.$real.o" ]; then pass; else cp "$file.$real.said" "$WORK/said"; fail "the C of ${file#"$WORK/"} in $real"; fi
done <"$WORK/jobs"

for area in $AREAS; do
    cat "$WORK/$area"/*.c >"$WORK/all"
    for real in double float; do
        # shellcheck disable=SC2046
        try "linking $area in $real" $CC "$WORK/compare.$real.o" "$WORK/$area"/*.$real.o $(libraries "$WORK/all") -o "$WORK/$area/compare_$real"
        [ -x "$WORK/$area/compare_$real" ] || continue
        timeout 300 "$WORK/$area/compare_$real" <"tests/library/$area.txt" >"$WORK/compared" 2>&1
        sed -n '/ passed, /!s/^FAIL /FAIL library: '"$area"': /p' "$WORK/compared"
        counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$WORK/compared")
        [ -n "$counts" ] || fail "the comparison of $area in $real broke off"
        counts=${counts:-0 0}
        passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
    done
done
finish
