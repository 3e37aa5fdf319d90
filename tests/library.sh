#!/bin/sh
# Every definition of the library has a model that uses it, under tests/library; its values and gradients, in a double
# build of all these models as one C file, are PyTorch's.
. "$(dirname "$0")/stage.sh"
definitions=$(cat compiler/library/*.nn | sed -n 's/^fn \([a-z0-9_]*\).*/\1/p')
cat compiler/library/*.nn tests/library/*.nn | grep -v '^#' | grep -o '[a-z][a-z0-9_]*' | sort | uniq -c >"$WORK/words"
for name in $definitions; do
    # Its own line is one use of the word; a definition that others are built of is used there.
    if awk -v name="$name" '$2 == name && $1 > 1 { found = 1 } END { exit !found }' "$WORK/words"; then pass; else fail "no model uses $name"; fi
done

for model in $(sed -n 's/^model \([a-z0-9_]*\).*/\1/p' tests/library/later.nn); do
    "$NNC" --model="$model" --check tests/library/later.nn >"$WORK/said" 2>&1 || grep -q 'not available yet' "$WORK/said" || { fail "$model"; continue; }
    pass
done

echo '#include <nn.h>' >"$WORK/all.c"
table=
for file in activations losses layers initializers optimizers schedules metrics; do
    for model in $(sed -n 's/^model \([a-z0-9_]*\).*/\1/p' "tests/library/$file.nn"); do
        try "nnc $file.nn, $model" "$NNC" --model="$model" "tests/library/$file.nn" -o "$WORK/$model.c"
        [ -e "$WORK/$model.c" ] || continue
        printf '#undef NN_MAIN_MODEL\n#define NN_MAIN_MODEL(model)\n#include "%s.c"\n' "$model" >>"$WORK/all.c"
        table="$table &${model}_model,"
    done
done
printf 'extern const nn_model *const models[];\nconst nn_model *const models[] = {%s 0 };\n' "$table" >>"$WORK/all.c"
# shellcheck disable=SC2046
try "build of all models" $CC -std=gnu11 -O1 -DNN_DOUBLE -Iruntime -I"$WORK" "$WORK/all.c" tests/library/compare.c $(libraries "$WORK/all.c") -o "$WORK/compare"
timeout 60 "$WORK/compare" <tests/library/values.txt >"$WORK/compared" 2>&1
grep -v ' passed, ' "$WORK/compared"
counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$WORK/compared")
[ -n "$counts" ] || fail "the comparison broke off"
set -- ${counts:-0 0}
passed=$((passed + $1)) failed=$((failed + $2))
finish
