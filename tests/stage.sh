# What the stages of the tests share; sourced by each: . tests/stage.sh
#
# A stage says `pass` or `fail "what"` for each thing that it tried, and ends with `finish`, which prints one line
# "STAGE: N passed, M failed" and exits with 1 if anything failed. Everything made lies under $WORK.
set -u
ROOT=$(cd "$(dirname "$0")" && pwd)
while [ ! -e "$ROOT/runtime/nn.h" ] && [ "$ROOT" != / ]; do ROOT=$(dirname "$ROOT"); done
cd "$ROOT" || exit 2
export LC_ALL=C OPENBLAS_NUM_THREADS=1
absolute() { case $1 in /*) echo "$1" ;; *) echo "$ROOT/$1" ;; esac; }
BUILD=$(absolute "${BUILD:-build}")
NNC=$(absolute "${NNC:-$BUILD/nnc}")
CC=${CC:-gcc}
MODELS="linear_regression mlp lenet cnn"
SMALL=models/data/fashion-mnist-small
STAGE=$(basename "$0" .sh)
[ "$STAGE" = run ] && STAGE=$(basename "$(dirname "$0")")
WORK=$BUILD/stages/$STAGE
rm -rf "$WORK"
mkdir -p "$WORK"
passed=0 failed=0

pass() { passed=$((passed + 1)); }
fail() {
    failed=$((failed + 1))
    echo "FAIL $STAGE: $1"
    if [ -s "$WORK/said" ]; then head -n 8 "$WORK/said" | sed 's/^/    /'; fi
}
# try WHAT COMMAND...: passes if the command succeeds; what it printed is shown only if it does not.
try() {
    what=$1
    shift
    if "$@" >"$WORK/said" 2>&1; then pass; else fail "$what"; fi
}
finish() {
    echo "$STAGE: $passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}
# data_of MODEL: the option that finds its data in the repository. The colour network gets records in the form of CIFAR,
# each a label and the bytes of four small images.
data_of() {
    case $1 in
    linear_regression) echo "--data models/data" ;;
    cnn) [ -e "$WORK/colour" ] || colour_data; echo "--data $WORK/colour" ;;
    *) echo "--data $SMALL" ;;
    esac
}
colour_data() {
    mkdir -p "$WORK/colour"
    gzip -dc $SMALL/train-images-idx3-ubyte.gz >"$WORK/colour/images"
    gzip -dc $SMALL/train-labels-idx1-ubyte.gz >"$WORK/colour/labels"
    record=0
    while [ $record -lt 130 ]; do
        dd if="$WORK/colour/labels" bs=1 skip=$((8 + record)) count=1
        dd if="$WORK/colour/images" bs=784 skip=$((record * 4)) count=4 | head -c 3072
        record=$((record + 1))
    done >"$WORK/colour/data_batch_1.bin" 2>/dev/null
    cp "$WORK/colour/data_batch_1.bin" "$WORK/colour/test_batch.bin"
}
# libraries FILE.c: what the generated file must be linked with.
libraries() { if grep -q 'cblas\.h' "$1"; then echo "-lopenblas -lpng -ljpeg -lz -lm -lpthread"; else echo "-lpng -ljpeg -lz -lm -lpthread"; fi; }
# program NAME FLAGS...: $WORK/NAME.c and the archive become $WORK/NAME.
program() {
    program_name=$1
    shift
    # shellcheck disable=SC2046
    $CC -std=gnu11 -O2 "$@" -Iruntime -I"$WORK" "$WORK/$program_name.c" "$BUILD/libnnrt.a" $(libraries "$WORK/$program_name.c") -o "$WORK/$program_name"
}
