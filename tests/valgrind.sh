#!/bin/sh
# Valgrind sees no error and no leak in the compiler and in a generated program.
. "$(dirname "$0")/stage.sh"
check="valgrind -q --error-exitcode=9 --leak-check=full"
export OPENBLAS_CORETYPE=Haswell        # valgrind does not know every newer instruction
# shellcheck disable=SC2086
try "nnc lenet" $check "$NNC" models/lenet.nn -o "$WORK/lenet.c"
printf 'model m {\n  input x[3\n  loss y\n  z[i] = x[i+1]\n}\n' >"$WORK/bad.nn"
# shellcheck disable=SC2086
$check "$NNC" --check "$WORK/bad.nn" >"$WORK/said" 2>&1
if [ $? = 1 ]; then pass; else fail "nnc on a bad program"; fi
try "build lenet" program lenet -g
# shellcheck disable=SC2086
try "lenet train" $check "$WORK/lenet" train --data $SMALL --steps 2 --save "$WORK/lenet.safetensors"
# shellcheck disable=SC2086
try "lenet test" $check "$WORK/lenet" test --data $SMALL --weights "$WORK/lenet.safetensors"
# shellcheck disable=SC2086
try "lenet train --sweep" $check "$WORK/lenet" train --data $SMALL --steps 1 --sweep lr=1e30,0.01 --plot "$WORK/sweep.svg"
# shellcheck disable=SC2086
try "lenet train --lr-find" $check "$WORK/lenet" train --data $SMALL --steps 20 --lr-find --range lr=0.001,0.1 --plot "$WORK/range.svg"
printf 'what,epoch,step,loss,test_loss\nstep,1,3,1,\nepoch,1,5,0.5,0.6\nepoch,2,1' >"$WORK/run.csv"
# shellcheck disable=SC2086
try "lenet plot" $check "$WORK/lenet" plot "$WORK/run.csv" -o "$WORK/run.svg"
finish
