#!/bin/sh
# Averages of the parameters and states of the epoch: step by step as PyTorch computes them, and in the trainer, where a
# run that was interrupted ends with the same bits as one that was not.
. "$(dirname "$0")/stage.sh"
echo '#include <nn.h>' >"$WORK/all.c"
table=
for model in $(sed -n 's/^model \([a-z0-9_]*\).*/\1/p' tests/epochs/models.nn); do
    try "nnc $model" "$NNC" --model="$model" tests/epochs/models.nn -o "$WORK/$model.c"
    try "passes of $model" "$NNC" --check-passes --check --model="$model" tests/epochs/models.nn
    printf '#undef NN_MAIN_MODEL\n#define NN_MAIN_MODEL(model)\n#include "%s.c"\n' "$model" >>"$WORK/all.c"
    table="$table &${model}_model,"
done
printf 'extern const nn_model *const models[];\nconst nn_model *const models[] = {%s 0 };\n' "$table" >>"$WORK/all.c"
try "build of all models" $CC -std=gnu11 -O1 -DNN_DOUBLE -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow -Iruntime -I"$WORK" "$WORK/all.c" tests/epochs/epochs.c -lm -o "$WORK/epochs"
timeout 60 "$WORK/epochs" <tests/epochs/values.txt >"$WORK/compared" 2>&1
grep -v ' passed, ' "$WORK/compared"
counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$WORK/compared")
[ -n "$counts" ] || fail "the comparison broke off"
# shellcheck disable=SC2086
set -- ${counts:-0 0}
passed=$((passed + $1)) failed=$((failed + $2))

# One run in one piece, and one that stops inside an epoch, at its end, and inside the next.
try "nnc averaged" "$NNC" tests/epochs/averaged.nn -o "$WORK/averaged.c"
try "build averaged" program averaged
run="$WORK/averaged train --data $SMALL --seed 3 --quiet"
# shellcheck disable=SC2086
try "a whole run" $run --save "$WORK/whole.safetensors" --log "$WORK/whole.csv"
resume=
for limit in "--steps 7" "--epochs 2" "--steps 41" "--epochs 4" "--epochs 5"; do
    # shellcheck disable=SC2086
    try "train $resume $limit" $run $resume $limit --save "$WORK/parts.safetensors" --log "$WORK/parts.csv"
    resume="--resume $WORK/parts.safetensors"
done
try "the same checkpoint" cmp "$WORK/whole.safetensors" "$WORK/parts.safetensors"
for file in whole parts; do sed 's/,[^,]*$//' "$WORK/$file.csv" >"$WORK/$file.log"; done
try "the same log" cmp "$WORK/whole.log" "$WORK/parts.log"

# Stopped by a signal, at some moment: in a step, at the end of an epoch, while it is measured.
rm -f "$WORK/stopped.safetensors"
for pause in 0.03 0.05 0.02 0.04 0.06; do
    resume=
    [ -e "$WORK/stopped.safetensors" ] && resume="--resume $WORK/stopped.safetensors"
    # shellcheck disable=SC2086
    $run $resume --save "$WORK/stopped.safetensors" >"$WORK/said" 2>&1 &
    job=$!
    sleep $pause
    kill -INT $job 2>/dev/null
    wait $job
done
resume=
[ -e "$WORK/stopped.safetensors" ] && resume="--resume $WORK/stopped.safetensors"
# shellcheck disable=SC2086
try "the end of a run that was stopped" $run $resume --save "$WORK/stopped.safetensors"
try "the same checkpoint after signals" cmp "$WORK/whole.safetensors" "$WORK/stopped.safetensors"

# A metric that is not known yet, and a best value of inf, are no reason for --trap to stop.
try "nnc --trap averaged" "$NNC" --trap tests/epochs/averaged.nn -o "$WORK/trapped.c" --header="$WORK/averaged.h"
try "build with --trap" program trapped
# shellcheck disable=SC2086
try "a run with --trap" "$WORK/trapped" train --data $SMALL --quiet --epochs 2

# Testing and predicting go by the averages: the last line of the log says what they gave.
wanted=$(tail -n 1 "$WORK/whole.csv" | cut -d, -f7)
given=$("$WORK/averaged" test --data $SMALL --weights "$WORK/whole.safetensors" | sed -n 's/^test loss \([0-9.]*\).*/\1/p')
if awk -v a="$wanted" -v b="$given" 'BEGIN { exit !(a > 0 && (a - b)^2 < 1e-10) }'; then pass; else fail "the loss of the averages is $given, not $wanted"; fi

# Running statistics for the averages: with equal batches, the mean over the data of what a norm gives is exactly 0. The
# variance is that within batches, and so 1 only with one batch.
try "nnc settled" "$NNC" tests/epochs/settled.nn -o "$WORK/settled.c"
try "build settled" program settled -DNN_DOUBLE
awk 'BEGIN { srand(5); for (i = 0; i < 200; i++) { for (k = 0; k < 7; k++) printf "%s%.3f", k ? "," : "", 4*rand()*rand() - k; print "" } }' >"$WORK/table.csv"
data="--train x=$WORK/table.csv:0-3 --train t=$WORK/table.csv:4-6"
# shellcheck disable=SC2086
try "train settled" "$WORK/settled" train $data --quiet --save "$WORK/before.safetensors"
# shellcheck disable=SC2086
try "settle" "$WORK/settled" settle $data --quiet --weights "$WORK/before.safetensors" --save "$WORK/after.safetensors"
for file in before after; do
    "$WORK/settled" predict --test "x=$WORK/table.csv:0-3" --weights "$WORK/$file.safetensors" | awk -F, '
        NR > 1 { for (k = 1; k <= 3; k++) sum[k] += $k }
        END { for (k = 1; k <= 3; k++) if ((sum[k]/(NR - 1))^2 > largest) largest = (sum[k]/(NR - 1))^2; print sqrt(largest) }' >"$WORK/$file.mean"
done
if awk 'NR == 1 { before = $1 } NR == 2 { exit !(before > 1e-4 && $1 < 1e-12) }' "$WORK/before.mean" "$WORK/after.mean"; then pass; else fail "means of $(cat "$WORK/before.mean" "$WORK/after.mean")"; fi
# shellcheck disable=SC2086
try "a settled run goes on" "$WORK/settled" train $data --quiet --resume "$WORK/after.safetensors" --epochs 5
# What schedules make of the rates stands in the log: of a step what its update got, of an epoch what the next one gets.
try "nnc rates" "$NNC" --check-passes tests/epochs/rates.nn -o "$WORK/rates.c"
try "build rates" program rates
try "a run with rates" "$WORK/rates" train --data $SMALL --quiet --log "$WORK/rates.csv" --log-every 1
try "the rates of the log" awk -F, '
    function differ(a, b) { return a - b > 1e-12 || b - a > 1e-12 }
    NR == 1 { for (k = 1; k <= NF; k++) at[$k] = k
              bad = !(("rate.lr" in at) && ("rate.momentum" in at) && ("rate.lr_2" in at)) || ("rate.momentum_2" in at); next }
    { step = $at["step"] - ($1 == "step")
      lr = 0.1*0.5^($2 - 1); momentum = step < 9 ? step/10 : 0.9; lr_2 = 0.1*(1 + cos(3.141592653589793*step/20))
      bad = bad || differ($at["rate.lr"], lr) || differ($at["rate.momentum"], momentum) || differ($at["rate.lr_2"], lr_2) || differ($at["hyper.lr"], 0.2) }
    END { exit bad || NR < 20 }' "$WORK/rates.csv"
try "a picture of the rates" "$WORK/rates" plot "$WORK/rates.csv" -o "$WORK/rates.svg"
for panel in lr momentum lr_2; do try "a panel for $panel" grep -q ">$panel<" "$WORK/rates.svg"; done
finish
