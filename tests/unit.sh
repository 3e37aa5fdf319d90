#!/bin/sh
# Runs the unit tests (Check) that the Makefile built.
. "$(dirname "$0")/stage.sh"
export CK_DEFAULT_TIMEOUT=300          # a test that hangs fails; a busy machine alone must not
for source in tests/unit/test_*.c; do
    test=$BUILD/tests/unit/$(basename "$source" .c)
    "$test" >"$WORK/said" 2>&1
    status=$?
    counts=$(sed -n 's/^.*Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*$/\1 \2 \3/p' "$WORK/said" | tail -n 1)
    # shellcheck disable=SC2086
    set -- $counts
    [ $# = 3 ] || { fail "$source ended with $status and counted nothing"; continue; }
    bad=$(($2 + $3))
    passed=$((passed + $1 - bad))
    [ "$bad" = 0 ] && [ "$status" = 0 ] && continue
    grep -E ':[FE]:' "$WORK/said" >"$WORK/failures"
    mv "$WORK/failures" "$WORK/said"
    fail "$source"
    failed=$((failed + (bad > 1 ? bad - 1 : 0)))
done
rm -f "$WORK/said"
finish
