#!/bin/sh
# The compiler, the runtime and generated programs built with the address and undefined-behaviour sanitizers.
. "$(dirname "$0")/stage.sh"
checked=$BUILD/sanitize
try "build with sanitizers" make -s -j2 BUILD="$checked" SANITIZE=address,undefined CFLAGS="-O1 -g" all
NNC=$checked/nnc
for model in $MODELS; do
    try "nnc $model" "$NNC" "models/$model.nn" -o "$WORK/$model.c"
    for stage in equations gradient kernels dot; do try "nnc --emit=$stage $model" "$NNC" --emit=$stage "models/$model.nn"; done
    try "nnc --report $model" "$NNC" --report "models/$model.nn" -o "$WORK/report.c"
done
BUILD=$checked NNC=$NNC tests/errors/run.sh >"$WORK/said" 2>&1
if [ $? = 0 ]; then pass; else fail "bad programs with the checked compiler"; fi

BUILD=$checked
for model in $MODELS; do
    data=$(data_of "$model")
    try "build $model" program "$model" -g -fsanitize=address,undefined -fno-sanitize-recover=all
    # shellcheck disable=SC2086
    try "$model train" "$WORK/$model" train $data --steps 4 --save "$WORK/$model.safetensors"
    # shellcheck disable=SC2086
    try "$model resume" "$WORK/$model" train $data --steps 6 --resume "$WORK/$model.safetensors"
    # shellcheck disable=SC2086
    try "$model test" "$WORK/$model" test $data --weights "$WORK/$model.safetensors"
    # shellcheck disable=SC2086
    try "$model train --sweep" "$WORK/$model" train $data --steps 2 --sweep lr=1e30,0.001 --plot "$WORK/$model.svg"
    # shellcheck disable=SC2086
    try "$model train --log" "$WORK/$model" train $data --steps 4 --log "$WORK/$model.csv" --log-every 1
    try "$model plot" "$WORK/$model" plot "$WORK/$model.csv" -o "$WORK/$model.svg"
    # shellcheck disable=SC2086
    try "$model predict" "$WORK/$model" predict $data --weights "$WORK/$model.safetensors"
done
finish
