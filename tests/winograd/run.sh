#!/bin/sh
# Windows with fewer products: where nnc takes them, and how far their results are from the plain sum.
. "$(dirname "$0")/../stage.sh"
# error CHANNELS PLACES SAMPLES MOST FLAGS...: the error of the default build is no more than MOST.
error() {
    channels=$1 places=$2 samples=$3 most=$4
    shift 4
    try "build, $channels channels" $CC -std=gnu11 -O2 -Wall -Wextra -Werror "$@" -DC="$channels" -DPLACES="$places" -DSAMPLES="$samples" -Iruntime -I"$WORK" \
        tests/winograd/error.c "$WORK/deep.c" -lm -o "$WORK/error"
    if error=$("$WORK/error" "$most"); then pass; else fail "$channels channels, $samples samples: an error of $error, more than $most"; fi
    [ -z "${LOUD:-}" ] || echo "$channels channels, $samples samples of $places x $places $*: $error"
}
# In blocks of samples, two rows of results at a time and four; in planes; several rows to a tile, and parts of one.
for shape in "64 6 16" "32 8 64" "128 8 16" "256 8 16" "16 32 4" "64 32 4" "256 16 1" "64 8 64"; do
    set -- $shape
    try "nnc, $1 channels" "$NNC" tests/winograd/deep.nn -D C="$1" -D P="$2" -D N="$3" -o "$WORK/deep.c"
    try "$1 channels take fewer products" grep -q 'real products\[[46]\]' "$WORK/deep.c"
    case $shape in *' 64' | '16 32 4' | '64 32 '*) try "$1 channels take fewer products, backward" grep -q 'real total\[[46]\]' "$WORK/deep.c" ;; esac
    error "$@" 5e-6
done
error 64 8 64 1e-14 -DNN_DOUBLE
try "nnc --winograd=never" "$NNC" tests/winograd/deep.nn -D C=64 --winograd=never -o "$WORK/deep.c"
try "never is never" sh -c "! grep -Eq 'real (products|total)\\[[46]' '$WORK/deep.c'"
error 64 8 16 1e-6
try "nnc --blas=auto" "$NNC" tests/winograd/deep.nn -D C=64 --blas=auto -o "$WORK/deep.c"
try "no product of a tile is a call of a BLAS" sh -c "! grep -Eq 'real (products|total)\\[[46]' '$WORK/deep.c'"
for few in "C=2" "C=4"; do
    try "nnc $few" "$NNC" tests/winograd/deep.nn -D "$few" -o "$WORK/deep.c"
    try "$few is too few" sh -c "! grep -Eq 'real (products|total)\\[[46]' '$WORK/deep.c'"
done
finish
