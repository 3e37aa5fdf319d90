#!/bin/sh
# States `each predict`: predictions of one place each against one of the whole sequence, in float and double, plain and fast,
# with threads that share small kernels; and the command `predict`, which begins each sample anew.
. "$(dirname "$0")/../stage.sh"
warnings="-Wall -Wextra -Wconversion -Wshadow -Werror"
# goes_on MODEL OPTIONS OF_ALL OF_ONE: options of both, of the model of whole sequences, and of the one of single places.
goes_on() {
    # shellcheck disable=SC2086
    try "nnc $1 $2 $3" "$NNC" --check-passes $2 $3 --prefix=entire "tests/memory/$1.nn" -o "$WORK/entire.c"
    # shellcheck disable=SC2086
    try "nnc $1 $2 $4, T=1" "$NNC" --check-passes $2 $4 -D T=1 --prefix=single "tests/memory/$1.nn" -o "$WORK/single.c"
    for real in "" -DNN_DOUBLE; do
        # shellcheck disable=SC2086
        try "compile $1 $2 $4 $real" $CC -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all $warnings $real \
            -Iruntime "-I$WORK" tests/memory/memory.c "$WORK/entire.c" "$WORK/single.c" "$BUILD/libnnrt.a" -lpng -ljpeg -lz -lm -lpthread -o "$WORK/memory"
        try "$1 $2 $4 $real goes on" "$WORK/memory"
    done
}
for options in "" --kernels=plain; do
    for model in lstm attention layer; do goes_on $model "$options" "" ""; done
    goes_on layer "$options" "-D context=0 -D near=4" "-D context=4"
done

try "memories in the API as JSON" sh -c "'$NNC' --emit=api tests/memory/lstm.nn | grep -q 'network_begin(const network_params \*p, network_memory \*memory)'"

# Two samples that are the same, predicted one after the other with batches of one.
printf '1,2,3,4,5,6,7,8,9,10\n1,2,3,4,5,6,7,8,9,10\n' >"$WORK/x.csv"
printf '2,3,4,5,6,7,8,9,10,0\n2,3,4,5,6,7,8,9,10,0\n' >"$WORK/next.csv"
try "nnc lstm" "$NNC" tests/memory/lstm.nn -o "$WORK/network.c"
try "nnc lstm, T=1" "$NNC" -D T=1 --prefix=single tests/memory/lstm.nn -o "$WORK/single.c"
for program in network single; do
    # shellcheck disable=SC2046
    try "build $program" $CC -std=gnu11 -O1 -Iruntime "$WORK/$program.c" "$BUILD/libnnrt.a" -lpng -ljpeg -lz -lm -lpthread -o "$WORK/$program"
done
try "train" "$WORK/network" train --quiet --epochs 2 --train x="$WORK/x.csv" --train next="$WORK/next.csv" --save "$WORK/weights.safetensors"
try "predict" sh -c "'$WORK/network' predict --batch 1 --weights '$WORK/weights.safetensors' --test x='$WORK/x.csv' >'$WORK/rows.csv'"
try "each sample begins anew" sh -c "[ \$(sed 1d '$WORK/rows.csv' | sort -u | wc -l) = 1 ]"
printf '1\n' >"$WORK/one.csv"
try "weights of another length" sh -c "'$WORK/single' predict --weights '$WORK/weights.safetensors' --test x='$WORK/one.csv' >'$WORK/one_row.csv'"
tail -n 1 "$WORK/rows.csv" | cut -d, -f1-11 | cat - "$WORK/one_row.csv" >"$WORK/both.csv"
try "the first place is the same" awk -F, 'NR == 1 { split($0, a) } END { for (i = 1; i <= 11; i++) if (NF != 11 || ($i - a[i])^2 > 1e-14) exit 1 }' "$WORK/both.csv"
finish
