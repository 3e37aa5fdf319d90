#!/bin/sh
# Bad programs and what nnc says of them: each NAME.nn is checked, and must end with status 1 within a few seconds and
# print what stands in NAME.expected.
#
#     tests/errors/run.sh           compares
#     tests/errors/run.sh --renew   writes the expected texts anew; `git diff` is the review
#
# Where a text of the library stands is left out, as it moves. A first line `# options: ...` gives options for nnc; `# status: N` says that it ends with another status.
. "$(dirname "$0")/../stage.sh"
mode=${1:-compare}
case $NNC in /*) ;; *) NNC=$ROOT/$NNC ;; esac

for file in tests/errors/*.nn; do
    name=$(basename "$file" .nn)
    wanted=$(sed -n '1s/^# status: //p' "$file")
    options=$(sed -n '1s/^# options: //p' "$file")
    # shellcheck disable=SC2086
    (cd tests/errors && timeout 20 "$NNC" --check --color=never $options "$name.nn") >"$WORK/said" 2>&1 </dev/null
    status=$?
    sed 's/^\(library\/[a-z]*\.nn\):[0-9]*:[0-9]*:/\1:/' "$WORK/said" >"$WORK/$name"
    cp "$WORK/$name" "$WORK/said"
    if [ "$status" != "${wanted:-1}" ]; then
        fail "$name ends with status $status, not ${wanted:-1}"
    elif [ "$mode" = --renew ]; then
        cmp -s "$WORK/$name" "tests/errors/$name.expected" && continue
        cp "$WORK/$name" "tests/errors/$name.expected" && echo "renewed $name"
    elif diff -u "tests/errors/$name.expected" "$WORK/$name" >"$WORK/said" 2>&1; then
        pass
    else
        fail "$name"
    fi
done
finish
