#!/bin/sh
# The first 100 losses of each model against PyTorch's, in double and float; with plain kernels, which are slow, in double.
. "$(dirname "$0")/../stage.sh"
gzip -dc $SMALL/train-images-idx3-ubyte.gz >"$WORK/images"
gzip -dc $SMALL/train-labels-idx1-ubyte.gz >"$WORK/labels"
for model in $MODELS; do
    data="$WORK/images $WORK/labels"
    [ $model = linear_regression ] && data=models/data/linear.csv
    for kernels in --kernels=plain --kernels=fast; do
        option=$kernels
        [ $kernels = --kernels=fast ] && option=
        # shellcheck disable=SC2086
        "$NNC" $option "models/$model.nn" -o "$WORK/$model.c" >"$WORK/said" 2>&1 || { fail "nnc $model"; continue; }
        for real in double float; do
            define=
            [ $real = double ] && define=-DNN_DOUBLE
            [ $real$kernels = float--kernels=plain ] && continue
            # shellcheck disable=SC2046,SC2086
            $CC -std=gnu11 -O2 -march=native $define -Iruntime -I"$WORK" "$WORK/$model.c" tests/curves/curves.c "$BUILD/libnnrt.a" $(libraries "$WORK/$model.c") \
                -o "$WORK/$model-$real" >"$WORK/said" 2>&1 || { fail "build of $model in $real"; continue; }
            # shellcheck disable=SC2086
            try "$model in $real, $kernels" "$WORK/$model-$real" "tests/curves/$model.txt" $data
        done
    done
done
finish
