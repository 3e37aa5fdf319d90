#!/bin/sh
# A run that is killed with SIGKILL again and again, and resumed each time, ends with the same bits as one that was not.
. "$(dirname "$0")/stage.sh"
model=mlp
try "nnc $model" "$NNC" models/$model.nn -o "$WORK/$model.c"
try "build $model" program $model -march=native
run="$WORK/$model train --data $SMALL --seed 7 --quiet"
# shellcheck disable=SC2086
try "a whole run" $run --epochs 40 --save "$WORK/whole.safetensors" --log "$WORK/whole.csv"

# Each attempt lives a little longer than the one before, so that it is killed at another moment.
kills=0 attempt=0
while [ $attempt -lt 60 ]; do
    attempt=$((attempt + 1))
    resume=
    [ -e "$WORK/killed.safetensors" ] && resume="--resume $WORK/killed.safetensors"
    # shellcheck disable=SC2086
    $run --epochs 40 $resume --save "$WORK/killed.safetensors" --save-every 5 --log "$WORK/killed.csv" >"$WORK/said" 2>&1 &
    job=$!
    sleep "0.$((10 + attempt % 30 * 3))"
    kill -KILL $job 2>/dev/null && kills=$((kills + 1))
    wait $job 2>/dev/null
    status=$?
    [ $status = 137 ] || break
done
if [ $status = 0 ]; then pass; else fail "the resumed run ended with $status"; fi
if [ $kills -gt 1 ]; then pass; else fail "the run was killed $kills times only"; fi
try "the same checkpoint after $kills kills" cmp "$WORK/whole.safetensors" "$WORK/killed.safetensors"
for file in whole killed; do sed 's/,[^,]*$//' "$WORK/$file.csv" >"$WORK/$file.log"; done
try "the same log" cmp "$WORK/whole.log" "$WORK/killed.log"

# Ctrl-C finishes the step, saves and ends with 130.
# shellcheck disable=SC2086
$run --epochs 100000 --save "$WORK/stopped.safetensors" &
job=$!
sleep 0.5
kill -INT $job
wait $job
status=$?
if [ $status = 130 ] && [ -s "$WORK/stopped.safetensors" ]; then pass; else fail "Ctrl-C ended the run with $status"; fi

# What is no checkpoint of this model is refused.
head -c 1000 "$WORK/whole.safetensors" >"$WORK/short.safetensors"
"$WORK/$model" train --data $SMALL --resume "$WORK/short.safetensors" >"$WORK/said" 2>&1
if [ $? = 1 ] && grep -q 'short.safetensors' "$WORK/said"; then pass; else fail "a truncated checkpoint"; fi
try "nnc linear_regression" "$NNC" models/linear_regression.nn -o "$WORK/linear_regression.c"
try "build linear_regression" program linear_regression
"$WORK/linear_regression" train --data models/data --resume "$WORK/whole.safetensors" >"$WORK/said" 2>&1
if [ $? = 1 ] && grep -q 'whole.safetensors' "$WORK/said"; then pass; else fail "the checkpoint of another model"; fi
finish
