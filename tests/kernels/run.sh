#!/bin/sh
# Every fast kernel against the plain one: random models (generate.c) of all kinds of layers, for each number of samples from 1
# to the batch, in several builds (check.c).
#
#     tests/kernels/run.sh               the seeds of the stage
#     tests/kernels/run.sh SEED COUNT    a hunt by hand: COUNT seeds in every build
# A model that fails is printed whole.
. "$(dirname "$0")/../stage.sh"
strict="-std=gnu11 -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow"
try "build of the generator" "$CC" $strict -Werror -O1 tests/kernels/generate.c -o "$WORK/generate"
[ "$failed" = 0 ] || finish
clang=
command -v clang >/dev/null && clang=clang
native=-march=native
echo 'int x;' | $CC -march=native -c -x c - -o "$WORK/empty.o" 2>/dev/null || native=-mcpu=native
# NEON, on an emulated machine.
qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static)
if [ -z "$qemu" ] || ! echo 'int main(void) { return 0; }' | aarch64-linux-gnu-gcc -static -x c - -o "$WORK/empty" 2>/dev/null || ! "$qemu" "$WORK/empty"; then
    qemu=
    echo "kernels: not tried on aarch64: that takes aarch64-linux-gnu-gcc, its libc and qemu-aarch64 (tests/install.sh check)"
fi
team=
[ ! -e runtime/nn_team.h ] || team="-DWITH_TEAM $(grep -l '^int nn_threads(' runtime/*.c) -lpthread"   # not the archive: that wants zlib
mkdir "$WORK/fast" "$WORK/plain"

# models FIRST COUNT SEEDS...: their C, plain and fast, and a file all.c of each with a table of them.
models() {
    seeds=$(seq "$1" $(($1 + $2 - 1)))
    shift 2
    seeds="$seeds $*"
    rm -f "$WORK"/fast/* "$WORK"/plain/*
    for seed in $seeds; do
        "$WORK/generate" "$seed" >"$WORK/net$seed.nn"
        for way in fast plain; do
            "$NNC" "$WORK/net$seed.nn" --kernels=$way --blas=never -o "$WORK/$way/net$seed.c" >"$WORK/said" 2>&1 || { fail "nnc --kernels=$way of seed $seed"; return 1; }
        done
    done
    table all $seeds
}
# table NAME SEEDS: NAME.c of both ways. predict_one is not in the table of a model: its arguments are read off the header.
table() {
    table_name=$1
    shift
    for way in fast plain; do
        {
            echo '#include <nn.h>'
            for seed; do
                printf '#undef NN_MAIN_MODEL\n#define NN_MAIN_MODEL(model)\n#include "net%s.c"\n' "$seed"
                awk -v model="net$seed" '
                    $0 ~ "^void " model "_predict_one\\(" { on = 1 }
                    on { text = text $0 }
                    on && /;/ {
                        sub(/^[^(]*\(/, "", text)
                        n = split(text, argument, ",")
                        for (k = 1; k <= n; k++) {
                            a = argument[k]
                            call = call (k > 1 ? ", " : "") (a ~ /^ *int / ? "lengths[" (l++ + 0) "]" : a ~ /_params/ ? "&m->params" : a ~ /_state / ? "&m->state" : a ~ /work \*/ ? "work" : \
                                   a ~ /const/ ? "in[" (i++ + 0) "]" : "out[" (o++ + 0) "]")
                        }
                        printf "static void %s_one(const void *instance, void *work, const int *lengths, const void *const *in, void *const *out) {\n", model
                        printf "    const %s *m = instance;\n    (void)m, (void)lengths;\n    %s_predict_one(%s);\n}\n", model, model, call
                        exit
                    }' "$WORK/$way/net$seed.h"
            done
            printf 'typedef void PredictOne(const void *, void *, const int *, const void *const *, void *const *);\n'
            printf 'typedef struct { const nn_model *model; PredictOne *predict_one; } Checked;\nextern const Checked checked[];\nconst Checked checked[] = {\n'
            for seed; do printf '    { &net%s_model, net%s_one },\n' "$seed" "$seed"; done
            printf '    { 0, 0 }\n};\n'
        } >"$WORK/$way/$table_name.c"
    done
}

# built PROGRAM TABLE WAY COMPILER FLAGS...: a program of the models of a table.
built() {
    program=$WORK/$1 from=$WORK/$3 source=$WORK/$3/$2.c
    shift 3
    # shellcheck disable=SC2086
    "$@" -std=gnu11 -Iruntime -I"$from" "$source" tests/kernels/check.c $team -lm -o "$program" >"$WORK/said" 2>&1 || { fail "build: $*"; return 1; }
}
# values FILE PROGRAM MOVED
values() { timeout 120 "$WORK/$2" values "$3" >"$WORK/$1" 2>"$WORK/said" || { fail "values of the plain kernels"; return 1; }; }

# right TABLE: the numbers of the plain kernels.
right() {
    built right "$1" plain "$CC" -O1 -DNN_DOUBLE && built rounded "$1" plain "$CC" -O1 || return 1
    values "$1.right" right 0 && values "$1.moved1" right 1e-9 && values "$1.moved2" right -1e-9 && values "$1.rounded" rounded 0
}
# held NAME RUNNER TABLE COMPILER FLAGS...: the fast kernels of a build.
held() {
    name=$1 runner=$2 of=$3
    shift 3
    built fast_program "$of" fast "$@" || return
    # shellcheck disable=SC2086
    timeout 120 $runner "$WORK/fast_program" compare "$WORK/$of.right" "$WORK/$of.moved1" "$WORK/$of.moved2" "$WORK/$of.rounded" >"$WORK/compared" 2>&1
    status=$?
    counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$WORK/compared")
    if [ -z "$counts" ]; then
        # shellcheck disable=SC2086
        KERNELS_VERBOSE=1 timeout 120 $runner "$WORK/fast_program" compare "$WORK/$of.right" "$WORK/$of.moved1" "$WORK/$of.moved2" "$WORK/$of.rounded" 2>&1 | tail -n 2 >"$WORK/said"
        fail "$name broke off with $status in the last of these models"
        return
    fi
    passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
    [ -z "${LOUD:-}" ] || sed -n "s/^\([0-9]* arrays.*\)$/$name: \1/p" "$WORK/compared"
    grep '^FAIL' "$WORK/compared" | while read -r _ model rest; do
        echo "FAIL $STAGE, $name: $model $rest"
        [ ! -e "$WORK/${model%,}.nn" ] || sed 's/^/    /' "$WORK/${model%,}.nn"
    done
    # An emulator's threads are another matter than a machine's.
    [ -n "$team" ] && [ -z "$runner" ] || return
    if timeout 120 $runner "$WORK/fast_program" threads 4 >"$WORK/said" 2>&1; then pass; else fail "bits with threads, $name"; fi
}
# part K OF: the table partK, of each OF-th of the seeds; kinds of layers go by some 20 seeds, so each block of them begins elsewhere.
part() {
    table part"$1" $(for seed in $seeds; do [ $(((seed + seed / 20 * 2) % $2)) != "$1" ] || echo "$seed"; done)
    for file in right moved1 moved2 rounded; do ln -sf "$WORK/all.$file" "$WORK/part$1.$file"; done
}

if [ $# = 2 ]; then
    first=$1 left=$2
    while [ "$left" -gt 0 ]; do
        chunk=$((left > 20 ? 20 : left))
        if models "$first" $chunk && right all; then
            held "$CC" '' all "$CC" -O2 $native
            for lanes in 4 8 16; do held "$CC, $lanes lanes" '' all "$CC" -O1 $native -DNN_LANES=$lanes; done
            held "$CC for any machine" '' all "$CC" -O2
            held "$CC, double" '' all "$CC" -O1 $native -DNN_DOUBLE
            [ -z "$clang" ] || held clang '' all clang -O2 $native
            [ -z "$qemu" ] || held aarch64 "$qemu" all aarch64-linux-gnu-gcc -O2 -static
        fi
        first=$((first + chunk)) left=$((left - chunk))
    done
    finish
fi
# 43 is a recurrence over classes as one of many, 44 windows over many channels; those among the first have too few samples or are alike.
if ! models 1 32 43 44 || ! right all; then finish; fi
for k in 0 1 2 3 4; do part $k 5; done
held "$CC" '' all "$CC" -O1 $native
held "$CC, 4 lanes" '' part0 "$CC" -O2 $native -DNN_LANES=4
held "$CC, 8 lanes" '' part1 "$CC" -O2 $native -DNN_LANES=8
held "$CC, 16 lanes" '' part2 "$CC" -O2 $native -DNN_LANES=16
held "$CC for any machine" '' part3 "$CC" -O2
held "$CC, double" '' part1 "$CC" -O1 $native -DNN_DOUBLE
[ -z "$clang" ] || held clang '' part4 clang -O2 $native
[ -z "$qemu" ] || held "aarch64" "$qemu" part2 aarch64-linux-gnu-gcc -O1 -static
finish
