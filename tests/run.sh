#!/bin/sh
# Runs every stage of the tests and adds up what they counted. One stage alone: tests/STAGE.sh, or tests/STAGE/run.sh.
cd "$(dirname "$0")/.." || exit 2
stages="tests/unit.sh tests/math/run.sh tests/names.sh tests/command.sh tests/errors/run.sh tests/goldens.sh tests/warnings.sh tests/gradients.sh tests/trap.sh tests/library.sh tests/property/run.sh tests/kernels/run.sh tests/curves/run.sh tests/accumulate/run.sh
        tests/programs/run.sh tests/threads/run.sh tests/profile.sh tests/search/run.sh tests/resume.sh tests/memory/run.sh tests/survey/run.sh tests/epochs.sh tests/train.sh tests/data.sh tests/fields.sh tests/sanitizers.sh tests/valgrind.sh tests/docs.sh tests/your_own.sh tests/examples.sh"
passed=0 failed=0
for stage in $stages; do
    [ -e "$stage" ] || { echo "FAIL run: $stage is not there"; failed=$((failed + 1)); continue; }
    began=$(date +%s)
    output=$(timeout -k 10 1200 "$stage" 2>&1)
    status=$?
    [ "$status" != 124 ] || output="$output
FAIL run: $stage took more than 20 minutes"
    echo "$output ($(($(date +%s) - began)) s)"
    counts=$(echo "$output" | sed -n 's/^.*[^0-9]\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed.*$/\1 \2/p' | tail -n 1)
    # A stage that ends badly without having counted a failure is one.
    [ "$status" = 0 ] || case $counts in *' 0' | '') failed=$((failed + 1)); echo "FAIL run: $stage ended with $status" ;; esac
    [ -n "$counts" ] || continue
    passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
