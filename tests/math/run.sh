#!/bin/sh
# The mathematics of generated programs (nn_math.h): its bounds of error in several builds (tests/unit/test_math.c), and that
# loops over each function become vector code (loops.c) with the flags that the documentation asks for.
#
#     tests/math/run.sh         the stage
#     tests/math/run.sh time    nanoseconds an element of each function, by compiler and flags
. "$(dirname "$0")/../stage.sh"
echo 'model line { input x; param slope = 1; y = slope*x; output y; loss y^2; optimizer adam(lr=0.001) }' | tr ';' '\n' >"$WORK/line.nn"
try "a generated file" "$NNC" "$WORK/line.nn" -o "$WORK/line.c"
sed -n '/^#if defined __clang__/,/^#include <nn_math/p' "$WORK/line.c" | sed '$d' >"$WORK/pragmas.h"
grep -q FP_CONTRACT "$WORK/pragmas.h" || fail "the pragmas of a generated file are not where they were"
flags="-Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow -Werror -Iruntime -I$WORK"
native=-march=native
echo 'int x;' | $CC -march=native -c -x c - -o "$WORK/empty.o" 2>/dev/null || native=-mcpu=native

# bounds NAME COMPILER FLAGS...: the unit test of the mathematics, built so.
bounds() {
    name=$1
    shift
    # shellcheck disable=SC2046,SC2086
    "$@" -std=gnu11 $flags tests/unit/test_math.c -o "$WORK/bounds" $(pkg-config --cflags --libs check) -lm -lpthread >"$WORK/said" 2>&1 || { fail "build of the bounds, $name"; return; }
    try "bounds of error, $name" "$WORK/bounds"
}
# vectors NAME COMPILER FLAGS...: every LOOP, MAP and the loop of Adam is reported as vector code.
vectors() {
    name=$1
    shift
    case $("$1" --version) in *clang*) report=-Rpass=loop-vectorize ;; *) report=-fopt-info-vec-optimized ;; esac
    # shellcheck disable=SC2086
    "$@" $flags -Wno-error -D_POSIX_C_SOURCE=200809L $report -c tests/math/loops.c -o "$WORK/loops.o" >"$WORK/report" 2>&1 || { mv "$WORK/report" "$WORK/said"; fail "build of the loops, $name"; return; }
    case " $* " in *NN_DOUBLE*) double=1 ;; *) double=0 ;; esac
    : >"$WORK/said"
    awk -v double="$double" 'FNR == 1 { file++ }
        file == 1 && /loops\.c:[0-9]+/ && /vectorized/ { split($0, part, ":"); done[part[2]] = 1 }
        file == 2 && /^#ifndef NN_DOUBLE/ { skip = double }
        file == 2 && /^#endif/ { skip = 0 }
        file == 2 && !skip && (/^(LOOP|MAP)\(/ || (adam && /for \(int i/)) { if (!done[FNR]) print "no vector code: " $0; adam = 0 }
        file == 2 && /static void map_adam/ { adam = 1 }' "$WORK/report" tests/math/loops.c >"$WORK/said"
    if [ -s "$WORK/said" ]; then fail "vector code, $name"; else pass; fi
}
timed() {
    echo "$*:"
    # shellcheck disable=SC2086
    "$@" $flags -D_POSIX_C_SOURCE=200809L tests/math/loops.c -o "$WORK/loops" -lm && "$WORK/loops" | sed 's/^/    /'
}

clang=
command -v clang >/dev/null && clang=clang
if [ "${1:-}" = time ]; then
    for compiler in $CC $clang; do
        timed "$compiler" -O2 $native
        timed "$compiler" -O2
        timed "$compiler" -O2 $native -DNN_DOUBLE
    done
    exit
fi
bounds "$CC without FMA" "$CC" -O2 -ffp-contract=off $native
bounds "$CC with FMA" "$CC" -O2 $native
[ -z "$clang" ] || bounds "clang with FMA" clang -O2 $native -ffp-contract=on
for compiler in $CC $clang; do
    for standard in gnu11 c11 c17; do
        vectors "$compiler -std=$standard $native" "$compiler" -std=$standard -O2 $native
        vectors "$compiler -std=$standard" "$compiler" -std=$standard -O2
    done
    vectors "$compiler in double" "$compiler" -std=gnu11 -O2 $native -DNN_DOUBLE
done
finish
