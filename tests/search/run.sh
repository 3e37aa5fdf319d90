#!/bin/sh
# Steps that evaluate the model several times, with a search along each direction, against PyTorch's.
. "$(dirname "$0")/../stage.sh"
for model in valley sides; do
    try "nnc $model" "$NNC" --model=$model tests/search/valley.nn -o "$WORK/$model.c"
done
for kernels in fast plain; do
    for model in valley sides; do
        try "nnc --kernels=$kernels $model" "$NNC" --kernels=$kernels --model=$model tests/search/valley.nn -o "$WORK/$model.c"
    done
    try "build, $kernels" $CC -std=gnu11 -O1 -g -Wall -Wextra -Werror -DNN_DOUBLE -Iruntime -I"$WORK" "$WORK/valley.c" "$WORK/sides.c" \
        tests/search/search.c "$BUILD/libnnrt.a" -lpng -ljpeg -lz -lm -lpthread -o "$WORK/search"
    "$WORK/search" <tests/search/values.txt >"$WORK/said" 2>&1
    counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$WORK/said")
    [ -n "$counts" ] || fail "the search broke off, $kernels"
    grep FAIL "$WORK/said"
    # shellcheck disable=SC2086
    set -- ${counts:-0 0}
    passed=$((passed + $1)) failed=$((failed + $2))
done
finish
