#!/bin/sh
# Windows with fewer products: where nnc takes them, and how far their results are from the plain sum.
. "$(dirname "$0")/../stage.sh"
# error CHANNELS MOST FLAGS...: the error of the default build is no more than MOST.
error() {
    channels=$1 most=$2
    shift 2
    try "build, $channels channels" $CC -std=gnu11 -O2 -Wall -Wextra -Werror "$@" -DC="$channels" -Iruntime -I"$WORK" tests/winograd/error.c "$WORK/deep.c" -lm -o "$WORK/error"
    if error=$("$WORK/error" "$most"); then pass; else fail "$channels channels: an error of $error, more than $most"; fi
    [ -z "${LOUD:-}" ] || echo "$channels channels $*: $error"
}
for channels in 32 64 128 256; do
    try "nnc, $channels channels" "$NNC" tests/winograd/deep.nn -D C=$channels -o "$WORK/deep.c"
    try "$channels channels take fewer products" grep -q 'real products\[6\]' "$WORK/deep.c"
    error $channels 5e-6
done
error 256 1e-14 -DNN_DOUBLE
try "nnc --winograd=never" "$NNC" tests/winograd/deep.nn -D C=64 --winograd=never -o "$WORK/deep.c"
try "never is never" sh -c "! grep -q 'real products' '$WORK/deep.c'"
error 64 1e-6
try "nnc --blas=auto" "$NNC" tests/winograd/deep.nn -D C=64 --blas=auto -o "$WORK/deep.c"
try "no product of a tile is a call of a BLAS" sh -c "! grep -q 'real products' '$WORK/deep.c'"
for few in "C=2" "C=4"; do
    try "nnc $few" "$NNC" tests/winograd/deep.nn -D $few -o "$WORK/deep.c"
    try "$few is too few" sh -c "! grep -q 'real products' '$WORK/deep.c'"
done
finish
