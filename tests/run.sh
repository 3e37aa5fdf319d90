#!/bin/sh
# Runs every stage of the tests, as many at a time as there are cores, and adds up what they counted. Each prints what it said
# when it ends. One stage alone: tests/STAGE.sh, or tests/STAGE/run.sh.
cd "$(dirname "$0")/.." || exit 2
# The longest first: the last ones to run then end together.
stages="tests/sanitizers.sh tests/memory/run.sh tests/library.sh tests/trap.sh tests/unit.sh tests/kernels/run.sh tests/winograd/run.sh tests/gradients.sh tests/property/run.sh tests/warnings.sh tests/valgrind.sh
        tests/math/run.sh tests/names.sh tests/command.sh tests/errors/run.sh tests/goldens.sh tests/curves/run.sh tests/accumulate/run.sh
        tests/programs/run.sh tests/threads/run.sh tests/profile.sh tests/search/run.sh tests/resume.sh tests/survey/run.sh
        tests/epochs.sh tests/train.sh tests/data.sh tests/fields.sh tests/docs.sh tests/your_own.sh tests/examples.sh"
counts=build/stages/counts
most=1200           # seconds of a stage

# A stage: what it says, and "PASSED FAILED" as a line of the counts.
if [ $# = 1 ]; then
    stage=$1
    said=build/stages/said.$$
    mkdir -p build/stages
    began=$(date +%s)
    # In the background, as `timeout` and what it starts are a group of their own, which an interrupt does not reach.
    timeout -k 10 $most "$stage" >$said 2>&1 &
    child=$!
    trap 'kill $child; exit 130' INT TERM
    wait $child
    status=$?
    output=$(cat $said)
    rm -f $said
    seconds=$(($(date +%s) - began))
    counted=$(echo "$output" | sed -n 's/^.*[^0-9]\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed.*$/\1 \2/p' | tail -n 1)
    passed=${counted% *} failed=${counted#* }
    # A stage that ends badly without having counted a failure is one, and so is one that counted nothing.
    if [ "${failed:-0}" = 0 ] && { [ $status != 0 ] || [ -z "$counted" ]; }; then
        failed=1
        if [ ! -x "$stage" ]; then why="cannot be run"
        elif [ "$seconds" -ge $most ]; then why="took more than $most seconds"
        else why="ended with $status"
        fi
        output="$output
FAIL run: $stage $why"
    fi
    echo "$output ($seconds s)"
    echo "${passed:-0} ${failed:-0}" >>$counts
    [ "$failed" = 0 ]
    exit
fi
rm -rf build/stages
mkdir -p build/stages
# shellcheck disable=SC2086
printf '%s\n' $stages | xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 1 tests/run.sh
awk '{ passed += $1; failed += $2 } END { if (NR < stages) failed += stages - NR; print passed + 0 " passed, " failed + 0 " failed"; exit failed > 0 }' stages="$(echo $stages | wc -w)" $counts
