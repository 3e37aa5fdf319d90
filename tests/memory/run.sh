#!/bin/sh
# States `each predict`: predictions of one place each against one of the whole sequence, in float and double, plain and fast,
# with threads that share small kernels; and the command `predict`, which begins each sample anew.
. "$(dirname "$0")/../stage.sh"
warnings="-Wall -Wextra -Wconversion -Wshadow -Werror"
for model in lstm attention; do
    for options in "" --kernels=plain; do
        try "nnc $model $options" "$NNC" --check-passes $options --prefix=entire tests/memory/$model.nn -o "$WORK/entire.c"
        try "nnc $model $options, T=1" "$NNC" --check-passes $options -D T=1 --prefix=single tests/memory/$model.nn -o "$WORK/single.c"
        for real in "" -DNN_DOUBLE; do
            # shellcheck disable=SC2086
            try "compile $model $options $real" $CC -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all $warnings $real \
                -Iruntime "-I$WORK" tests/memory/memory.c "$WORK/entire.c" "$WORK/single.c" "$BUILD/libnnrt.a" -lpng -ljpeg -lz -lm -lpthread -o "$WORK/memory"
            try "$model $options $real goes on" "$WORK/memory"
        done
    done
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
