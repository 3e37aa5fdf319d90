#!/bin/sh
# Random models (generate.c), computed in every way that there is (compare.c), some of them also as C (check.c).
#
#     tests/property/run.sh               the seeds of the stage
#     tests/property/run.sh SEED COUNT    a hunt by hand: the models of COUNT seeds, not as C
#     tests/property/run.sh C SEED COUNT  the same, also as C
# A model that fails is printed whole.
. "$(dirname "$0")/../stage.sh"
objects="$BUILD/compiler/language/grammar.o $BUILD/compiler/language/scanner.o $BUILD/compiler/library.o"
for source in compiler/*.c compiler/*/*.c; do
    [ "$source" = compiler/nnc.c ] || objects="$objects $BUILD/${source%.c}.o"
done
export ASAN_OPTIONS=detect_leaks=0          # texts are kept to the end
warnings="-Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow -Werror"
# shellcheck disable=SC2086
try "build of the generator" $CC -std=gnu11 -O2 $warnings ${SANITIZE:+-fsanitize=$SANITIZE} tests/property/property.c tests/property/compare.c \
    tests/property/generate.c $objects -lm -o "$WORK/property"
[ "$failed" = 0 ] || finish
mkdir "$WORK/c"

# hunt SEED COUNT [DIRECTORY], hunt file FILE [DIRECTORY]: models that are compared in the process.
hunt() {
    "$WORK/property" "$@" >"$WORK/hunted" 2>&1
    status=$?
    grep '^FAIL' "$WORK/hunted" >/dev/null && sed '$d' "$WORK/hunted"
    counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$WORK/hunted")
    [ -n "$counts" ] || { fail "the hunt from $1 broke off with $status"; return; }
    passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
}

# as_c SEED COUNT: these models also as C, in double, plain and fast, all in one program.
as_c() {
    hunt "$1" "$2" "$WORK/c"
    strict="-std=gnu11 -DNN_DOUBLE -Wall -Wextra -Wconversion -Wshadow -Werror -Iruntime -I$WORK/c"
    : >"$WORK/orders"
    table=
    echo '#include <nn.h>' >"$WORK/c/all.c"
    for orders in "$WORK"/c/random*.txt; do
        [ -e "$orders" ] || continue
        model=$(basename "$orders" .txt)
        for name in "$model" "${model}_plain"; do
            printf '#undef NN_MAIN_MODEL\n#define NN_MAIN_MODEL(model)\n#include "%s.c"\n' "$name" >>"$WORK/c/all.c"
            table="$table &${name}_model,"
        done
        cat "$orders" >>"$WORK/orders"
    done
    printf 'extern const nn_model *const models[];\nconst nn_model *const models[] = {%s 0 };\n' "$table" >>"$WORK/c/all.c"
    # shellcheck disable=SC2086
    if ! $CC $strict -O1 ${SANITIZE:+-fsanitize=$SANITIZE} "$WORK/c/all.c" tests/property/check.c -lm -o "$WORK/check" >"$WORK/said" 2>&1; then
        fail "the C of the seeds from $1"
        return
    fi
    pass
    timeout 300 "$WORK/check" <"$WORK/orders" >"$WORK/checked" 2>&1
    status=$?
    grep -v ' passed, ' "$WORK/checked"
    counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$WORK/checked")
    [ -n "$counts" ] || { fail "the C of the seeds from $1 broke off with $status"; return; }
    passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
}

case $# in
2) hunt "$1" "$2" ;;
3) as_c "$2" "$3" ;;
*)
    for model in tests/property/found/*.nn; do
        hunt file "$model" "$WORK/c"
    done
    as_c 1 30
    hunt 1001 250
    ;;
esac
finish
