#!/bin/sh
# Micro-batches that accumulate are as one batch: gradients and parameters against those of the whole batch.
. "$(dirname "$0")/../stage.sh"
flags="-std=gnu11 -O1 -g -Wall -Wextra -Wconversion -Wshadow -Werror -fsanitize=address,undefined -fno-sanitize-recover=all -DNN_DOUBLE -Iruntime"
for model in $(sed -n 's/^model \([a-z_]*\).*/\1/p' tests/accumulate/models.nn); do
    for kernels in plain default; do
        case $kernels in plain) option=--kernels=plain ;; *) option=--blas=auto ;; esac
        nnc="$NNC tests/accumulate/models.nn --model=$model $option"
        # shellcheck disable=SC2086
        try "nnc $model $kernels" $nnc --prefix=full -o "$WORK/full.c"
        # shellcheck disable=SC2086
        try "nnc $model $kernels in parts" $nnc --prefix=parts -Dsize=4 -Dseveral=4 -o "$WORK/parts.c"
        # shellcheck disable=SC2046,SC2086
        try "compile $model $kernels" $CC $flags -I"$WORK" "$WORK/full.c" "$WORK/parts.c" tests/accumulate/compare.c \
            $(libraries "$WORK/parts.c") -o "$WORK/compare"
        try "$model, $kernels kernels" "$WORK/compare" 1e-12
    done
done
