#!/bin/sh
# The C that nnc writes for each model, and what the programs print, against the files in the repository.
#
#     tests/goldens.sh          compares                tests/goldens.sh renew     writes them anew; `git diff` is the review
#
# generated/NAME.c and .h are the everyday output, generated/plain/ that of --kernels=plain. The output of programs comes
# from plain kernels without contraction, so that it is the same on every machine; times are cut off.
. "$(dirname "$0")/stage.sh"
mode=${1:-compare}

# golden FILE: compares $WORK/FILE with the stored one, or stores it.
golden() {
    if [ "$mode" = renew ]; then
        mkdir -p "$(dirname "$2")"
        cmp -s "$WORK/$1" "$2" || { cp "$WORK/$1" "$2" && echo "renewed $2"; }
    elif diff -u "$2" "$WORK/$1" >"$WORK/said" 2>&1; then pass
    else fail "$2 differs; if that is meant: make renew"; fi
}
# What a program prints in a short run, without the times at the ends of lines.
short_run() {
    data=$(data_of "$1")
    # shellcheck disable=SC2086
    {
        "$WORK/plain/$1" info
        "$WORK/plain/$1" train $data --seed 1 --steps 20 --save "$WORK/$1.safetensors"
        "$WORK/plain/$1" test $data --weights "$WORK/$1.safetensors"
        "$WORK/plain/$1" predict $data --weights "$WORK/$1.safetensors" | head -n 3
    } 2>&1 | sed 's/  [0-9.]* s$//'
}

mkdir -p "$WORK/plain" "$WORK/again"
for model in $MODELS; do
    "$NNC" "models/$model.nn" -o "$WORK/$model.c" >"$WORK/said" 2>&1 || { fail "nnc $model"; continue; }
    "$NNC" --kernels=plain "models/$model.nn" -o "$WORK/plain/$model.c" >"$WORK/said" 2>&1 || { fail "nnc --kernels=plain $model"; continue; }
    for file in "$model.c" "$model.h" "plain/$model.c" "plain/$model.h"; do golden "$file" "generated/$file"; done
    # The same bytes from another directory, by another name of the file.
    (cd "$WORK/again" && "$NNC" "$ROOT/models/$model.nn" -o "$model.c") >"$WORK/said" 2>&1
    try "$model has the same bytes from another directory" cmp "$WORK/$model.c" "$WORK/again/$model.c"
    if program "plain/$model" -ffp-contract=off >"$WORK/said" 2>&1; then
        short_run "$model" >"$WORK/$model.txt"
        golden "$model.txt" "tests/goldens/$model.txt"
    else
        fail "build of $model"
    fi
    "$NNC" --emit=gradient "models/$model.nn" >"$WORK/$model.gradient" 2>"$WORK/said" || fail "nnc --emit=gradient $model"
    golden "$model.gradient" "tests/goldens/$model.gradient"
done
[ "$mode" = renew ] || finish
