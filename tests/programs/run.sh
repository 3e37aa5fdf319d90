#!/bin/sh
# Programs around generated files: two models in one, two instances in two threads, sizes that equal the report,
# and calls that have to be refused.
. "$(dirname "$0")/../stage.sh"
flags="-std=gnu11 -O1 -g -Wall -Wextra -Werror -Iruntime -I$WORK -Itests/programs"
for model in $MODELS; do
    try "nnc $model" "$NNC" "models/$model.nn" -o "$WORK/$model.c"
    try "$model again" "$NNC" "models/$model.nn" -o "$WORK/again.c" --header="$WORK/$model.h"
    try "$model gives the same bytes again" cmp "$WORK/$model.c" "$WORK/again.c"
    # shellcheck disable=SC2046,SC2086
    try "compile $model" $CC $flags -c "$WORK/$model.c" -o "$WORK/$model.o"
    for program in two_threads placed refused; do
        # shellcheck disable=SC2046,SC2086
        try "compile $program with $model" $CC $flags -DMODEL="${model}_model" tests/programs/$program.c "$WORK/$model.o" \
            $(libraries "$WORK/$model.c") -o "$WORK/$program"
        try "$program with $model" "$WORK/$program"
    done
    # The report's bytes against sizeof, in float and in double.
    try "report of $model" sh -c "'$NNC' --report=json models/$model.nn >'$WORK/report.json'"
    for real in "" _in_double; do
        {
            echo "#include \"$model.h\""
            sed -n "/\"bytes$real\": {/,/}/p" "$WORK/report.json" |
                sed -n 's/^ *"\([a-z0-9_]*\)": \([0-9]*\),*$/_Static_assert(sizeof(\1) == \2, "the report says \2");/p'
        } >"$WORK/sizes.c"
        try "the report of $model has sizes" grep -q "sizeof(${model}_params)" "$WORK/sizes.c"
        # shellcheck disable=SC2086
        try "sizes of $model$real equal the report" $CC $flags ${real:+-DNN_DOUBLE} -fsyntax-only "$WORK/sizes.c"
    done
done
for model in against critic_alone maker_alone; do
    try "nnc $model" "$NNC" --model=$model tests/programs/aims.nn -o "$WORK/$model.c"
done
# shellcheck disable=SC2086
try "compile models with two aims" $CC $flags -DNN_DOUBLE "$WORK/against.c" "$WORK/critic_alone.c" "$WORK/maker_alone.c" tests/programs/aims.c \
    -lm -o "$WORK/aims"
try "each parameter has the gradient of its own aim" "$WORK/aims"
previous=
for model in $MODELS; do
    if [ -n "$previous" ]; then
        cat "$WORK/$previous.c" "$WORK/$model.c" >"$WORK/both"
        # shellcheck disable=SC2046,SC2086
        try "compile $previous and $model" $CC $flags -DFIRST="${previous}_model" -DSECOND="${model}_model" \
            tests/programs/two_models.c "$WORK/$previous.o" "$WORK/$model.o" $(libraries "$WORK/both") -o "$WORK/two_models"
        try "$previous and $model in one program" "$WORK/two_models"
    fi
    previous=$model
done
finish
