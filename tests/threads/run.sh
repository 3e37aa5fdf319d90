#!/bin/sh
# Threads: they share the parts of kernels, and every number of them leaves the same bytes, for the models of the repository and
# for some that have what those lack, in builds that find what no lock and no barrier orders (-fsanitize=thread), and in ordinary ones.
. "$(dirname "$0")/../stage.sh"

# What the repository's models lack: a scan, a row group over many samples, a scatter, states, averages, a watch, a setting.
cat >"$WORK/words.nn" <<'MODEL'
model words {
    input  word[12] : class[500]
    target next : class[500]
    h = word |> embedding(500, 24) |> lstm(32)
    last[k] = h[11, k]
    logits = last |> linear(500)
    output softmax(logits)
    loss   cross_entropy(logits, next)
    metric accuracy(logits, next)
    optimizer adam(lr=0.01)
    average * = 0.9*a + 0.1*w
    train  batch=24
}
MODEL
cat >"$WORK/norms.nn" <<'MODEL'
model norms {
    input  x[4, 18, 18]
    target y[6]
    h = x |> conv2d(8, 3, pad=1) |> batchnorm |> relu |> dropout(0.2) |> maxpool2d(2) |> flatten |> linear(96) |> layernorm |> tanh
    out = h |> linear(6)
    output out
    loss   mse(out, y)
    watch  h
    update * = g |> clip_norm(1) |> adam(w, lr=0.003)
    train  batch=37
}
MODEL

# build MODEL NAME FLAGS: the program any_number of a model.
build() {
    # shellcheck disable=SC2046,SC2086
    $CC -std=gnu11 -g -Wall -Wextra -Werror -Iruntime -I"$WORK" -DMODEL="$1_model" $3 tests/threads/any_number.c "$WORK/$1.c" \
        runtime/team.c $(libraries "$WORK/$1.c") -o "$WORK/$2"
}
echo 'int main(void) { return 0; }' >"$WORK/empty.c"
sanitizer=-fsanitize=thread
if ! { $CC $sanitizer "$WORK/empty.c" -o "$WORK/empty" && "$WORK/empty"; } >/dev/null 2>&1; then
    echo "threads: $CC has no thread sanitizer here; that part is left out"
    sanitizer=
fi
# The parts of kernels, by themselves.
# shellcheck disable=SC2086
for flags in "-O2" ${sanitizer:+"-O1 $sanitizer -DRUNS=1"}; do
    try "build the shares, $flags" $CC -std=gnu11 -g -Wall -Wextra -Wconversion -Wshadow -Werror -Iruntime $flags tests/threads/shares.c runtime/team.c -lpthread -o "$WORK/shares"
    try "shares of threads, $flags" env TSAN_OPTIONS=halt_on_error=1 "$WORK/shares"
done
for model in $MODELS words norms; do
    source=models/$model.nn
    [ -e "$source" ] || source=$WORK/$model.nn
    try "nnc $model" "$NNC" --blas=never "$source" -o "$WORK/$model.c"
    if [ "$model" = linear_regression ]; then
        try "$model is too small to be shared" sh -c "! grep -q nn_team.h '$WORK/$model.c'"
    else
        try "$model is shared" grep -q 'NN_PARTS(parts, thread, ' "$WORK/$model.c"
    fi
    try "build $model" build "$model" "$model" "-O2 -march=native"
    try "$model with 1 to 4 threads" "$WORK/$model"
    [ -n "$sanitizer" ] && [ "$model" != cnn ] || continue          # it is lenet with more to do
    # The sanitizer knows no fork with threads.
    try "build $model with $sanitizer" build "$model" "${model}_checked" "-O1 $sanitizer -DNO_FORK -DROUNDS=2"
    try "$model with $sanitizer" env TSAN_OPTIONS=halt_on_error=1 "$WORK/${model}_checked"
done
# A model may be called as what the team's header and shared functions call their own.
for name in parts thread call handed range work turn alone clock; do
    printf 'model %s { input x[40]; target t[40]; y = x |> linear(99) |> tanh |> linear(40); output y; loss mse(y, t); optimizer sgd(lr=0.1); train batch=64 }\n' $name >"$WORK/$name.nn"
    try "nnc model $name" "$NNC" --blas=never --profile "$WORK/$name.nn" -o "$WORK/$name.c"
    try "it is shared" grep -q nn_team.h "$WORK/$name.c"
    try "a model called $name" $CC -std=gnu11 -Wall -Wextra -Wconversion -Wshadow -Werror -Iruntime -c "$WORK/$name.c" -o "$WORK/$name.o"
done
# Without the archive and without a thread library a program links and has one thread.
try "nnc lenet" "$NNC" --blas=never models/lenet.nn -o "$WORK/lenet.c"
cat >"$WORK/alone.c" <<'C'
#include "lenet.h"
static lenet m;
static unsigned char image[LENET_BATCH][784];
static int32_t digit[LENET_BATCH];
int main(void) { lenet_init(&m, 1); return !(lenet_step(&m, LENET_BATCH, image[0], digit) > 0); }
C
try "a program without the archive" $CC -std=gnu11 -O1 -Iruntime -I"$WORK" "$WORK/alone.c" "$WORK/lenet.c" -lm -o "$WORK/alone"
try "runs" "$WORK/alone"
# The trainer.
cp "$WORK/mlp.c" "$WORK/trainer.c"
cp "$WORK/mlp.h" "$WORK/trainer.h"
try "build the trainer" program trainer -march=native
for threads in 1 3; do
    # shellcheck disable=SC2046
    try "train --threads $threads" "$WORK/trainer" train $(data_of mlp) --threads $threads --steps 20 --quiet --save "$WORK/$threads.safetensors"
done
try "checkpoints of 1 and 3 threads" cmp "$WORK/1.safetensors" "$WORK/3.safetensors"
finish
