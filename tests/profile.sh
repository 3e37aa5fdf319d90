#!/bin/sh
# Programs of `nnc --profile`: they compile without a warning, compute the same, and say where the time went.
. "$(dirname "$0")/stage.sh"
strict="-std=gnu11 -Wall -Wextra -Wconversion -Wshadow -Werror"
for model in $MODELS; do
    for kernels in plain fast; do
        try "nnc --profile $kernels $model" "$NNC" --profile --kernels=$kernels --blas=never "models/$model.nn" -o "$WORK/$model.c"
        for compiler in gcc clang; do
            # shellcheck disable=SC2086
            try "$compiler $kernels $model" $compiler $strict -O1 -Iruntime -c "$WORK/$model.c" -o "$WORK/$model.o"
        done
    done
    try "nnc $model" "$NNC" --blas=never "models/$model.nn" -o "$WORK/bare_$model.c" --header="$WORK/bare_$model.h"
    try "$model has nothing of it without" sh -c "! grep -q profile '$WORK/bare_$model.c'"
done
try "build" program mlp
try "build without" program bare_mlp
# shellcheck disable=SC2046
for name in mlp bare_mlp; do
    "$WORK/$name" train $(data_of mlp) --steps 5 --threads 2 --save "$WORK/$name.safetensors" >"$WORK/$name.txt" 2>"$WORK/said"
    try "$name train" test $? = 0
done
try "the same checkpoint" cmp "$WORK/mlp.safetensors" "$WORK/bare_mlp.safetensors"
for words in 'profile of mlp on 2 threads' 'us/call   fastest  GFLOP/s' 'mlp.nn:5  gradients: d_linear_w$' 'update_parameter of linear.w$' \
    'waiting for other threads' ' d_linear_w\[o, i\] = sum(batch)' ' ms   total, '; do
    try "a profile says $words" grep -q -e "$words" "$WORK/mlp.txt"
done
# shellcheck disable=SC2046
"$WORK/bare_mlp" train $(data_of mlp) --steps 1 --profile >"$WORK/refusal" 2>&1
try "a program without refuses with 2" test $? = 2
try "and says what to do" grep -q 'nnc --profile' "$WORK/refusal"
# shellcheck disable=SC2046
try "nnc run takes it from the program's arguments" sh -c "XDG_CACHE_HOME='$WORK' CC='$CC' '$NNC' run --blas=never models/mlp.nn -- train \
    $(data_of mlp) --steps 2 --quiet --profile | grep -q '^profile of mlp'"
# shellcheck disable=SC2046
"$WORK/mlp" predict $(data_of mlp) --weights "$WORK/mlp.safetensors" >"$WORK/predictions" 2>"$WORK/profile"
try "predictions stand alone" sh -c "grep -q '^profile' '$WORK/profile' && ! grep -q profile '$WORK/predictions'"
finish
