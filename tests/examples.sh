#!/bin/sh
# The examples build in a copy of their own, without a warning, and their programs succeed.
. "$(dirname "$0")/stage.sh"
cp -r examples "$WORK/examples"
places="NNC=$NNC NN=$ROOT"
run() { (cd "$WORK/examples/$1" && shift && "$@"); }
# shellcheck disable=SC2086
try "build examples/embed" run embed make -s $places CFLAGS="-O2 -Wall -Wextra -Werror"
try "examples/embed" run embed ./pump
# shellcheck disable=SC2086
run embed make -s $places >/dev/null 2>&1 && touch "$WORK/examples/embed/alarm.nn"
# shellcheck disable=SC2086
run embed make -n $places >"$WORK/said" 2>&1
if grep -q 'alarm.nn' "$WORK/said" && ! grep -q 'forecast.nn' "$WORK/said"; then pass; else fail "make remakes what changed and nothing else"; fi
# shellcheck disable=SC2086
try "build examples/cpp" run cpp make -s $places CXXFLAGS="-O2 -Wall -Wextra -Werror -std=c++17"
try "examples/cpp" run cpp ./train
finish
