#!/bin/sh
# Each model, built in double, checks its gradients against central differences.
. "$(dirname "$0")/stage.sh"
for model in $MODELS; do
    for kernels in plain default; do
        case $kernels in plain) option=--kernels=plain ;; *) option= ;; esac
        # shellcheck disable=SC2086
        try "nnc $model $kernels" "$NNC" $option "models/$model.nn" -o "$WORK/$model.c"
        try "build $model $kernels" program "$model" -DNN_DOUBLE
        try "gradients of $model, $kernels kernels" "$WORK/$model" check
    done
done
finish
