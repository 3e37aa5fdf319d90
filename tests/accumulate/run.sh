#!/bin/sh
# Micro-batches that accumulate are as one batch: gradients and parameters against those of the whole batch.
. "$(dirname "$0")/../stage.sh"
flags="-std=gnu11 -O1 -g -Wall -Wextra -Wconversion -Wshadow -Werror -fsanitize=address,undefined -fno-sanitize-recover=all -DNN_DOUBLE -Iruntime"
for model in $(sed -n 's/^model \([a-z_]*\).*/\1/p' tests/accumulate/models.nn); do
    for kernels in plain default; do
        case $kernels in plain) option=--kernels=plain ;; *) option=--blas=auto ;; esac
        nnc="$NNC tests/accumulate/models.nn --model=$model $option"
        # shellcheck disable=SC2086
        try "nnc $model $kernels" $nnc --prefix=full -o "$WORK/full.c"
        # shellcheck disable=SC2086
        try "nnc $model $kernels in parts" $nnc --prefix=parts -Dsize=4 -Dseveral=4 -o "$WORK/parts.c"
        # shellcheck disable=SC2046,SC2086
        try "compile $model $kernels" $CC $flags -I"$WORK" "$WORK/full.c" "$WORK/parts.c" tests/accumulate/compare.c \
            $(libraries "$WORK/parts.c") -o "$WORK/compare"
        try "$model, $kernels kernels" "$WORK/compare" 1e-12
    done
done

# The trainer: steps of 4 batches of 8 are steps of 32, to the end of the epoch, where 2 are left. Layers as they are; what is
# dropped is dropped alike.
variant() { sed "s/^\( *train  *\)batch=64,/\1$2,/; s/|> relu |>/|> relu |> dropout(0.1) |>/" models/mlp.nn >"$WORK/$1.nn"; }
variant together batch=32
variant apart "batch=8, accumulate=4"
for model in together apart; do
    try "nnc $model" "$NNC" "$WORK/$model.nn" -o "$WORK/$model.c"
    try "build $model" program $model -DNN_DOUBLE -march=native
done
run="train --data $SMALL --seed 3 --quiet"
# shellcheck disable=SC2086
try "steps of one batch" "$WORK/together" $run --epochs 2 --log "$WORK/together.csv" --log-every 1
# shellcheck disable=SC2086
try "steps of four" "$WORK/apart" $run --epochs 2 --log "$WORK/apart.csv" --log-every 1 --save "$WORK/apart.safetensors"
# shellcheck disable=SC2086
try "steps of four, as the command line says" "$WORK/apart" $run --epochs 2 --log "$WORK/option.csv" --log-every 1 --batch 8 --accumulate 4
# alike A B: all numbers of two logs but the seconds agree.
alike() {
    sed 's/,[^,]*$//' "$WORK/$1.csv" >"$WORK/one" && sed 's/,[^,]*$//' "$WORK/$2.csv" >"$WORK/other"
    paste -d, "$WORK/one" "$WORK/other" | awk -F, '
        NR > 1 { for (k = 1; k <= NF/2; k++) { d = $k - $(k + NF/2); if (d < 0) d = -d; if (d > 1e-9) { print; exit bad = 1 } } }
        END { exit bad || NR < 70 }' >"$WORK/said"
    if [ $? = 0 ]; then pass; else fail "the logs of $1 and $2 differ"; fi
}
alike together apart
alike apart option
# shellcheck disable=SC2086
try "the first steps" "$WORK/apart" $run --steps 51 --save "$WORK/begun.safetensors"
# shellcheck disable=SC2086
try "the steps after them" "$WORK/apart" $run --epochs 2 --resume "$WORK/begun.safetensors"
try "a run that went on ends with the same bits" cmp "$WORK/apart.safetensors" "$WORK/begun.safetensors"
try "gradients that accumulate are checked" "$WORK/apart" check --quiet
"$WORK/together" train --data $SMALL --steps 1 --accumulate 2 >"$WORK/said" 2>&1
if [ $? = 1 ] && grep -q 'accumulate=2' "$WORK/said"; then pass; else fail "--accumulate in a program without it"; fi
"$WORK/apart" train --data $SMALL --steps 1 --iterations 5 >"$WORK/said" 2>&1
if [ $? = 1 ] && grep -q 'accumulate 1' "$WORK/said"; then pass; else fail "several evaluations of a batch beside accumulate"; fi

# A batch of a step in which no sample counts is 0/0 alone, and nothing beside others; a step of such batches has no loss.
awk 'BEGIN { print "a,b,t"; for (i = 0; i < 16; i++) print i/10 "," 1 - i/5 "," (i < 8 ? i%3 : 2) }' >"$WORK/ignored.csv"
cat >"$WORK/ignoring.nn" <<'END'
model ignoring {
    input x[2]; target t : class[3]
    y = x |> linear(3)
    output y; loss cross_entropy(y, t, ignore=2); optimizer sgd(lr=0.1)
    train batch=1, accumulate=4
}
END
try "nnc ignoring" "$NNC" "$WORK/ignoring.nn" -o "$WORK/ignoring.c"
try "build ignoring" program ignoring
bound="--train x=$WORK/ignored.csv:a,b --train t=$WORK/ignored.csv:t --no-shuffle --quiet"
# shellcheck disable=SC2086
try "steps with batches in which nothing counts" "$WORK/ignoring" train $bound --steps 2
# shellcheck disable=SC2086
"$WORK/ignoring" train $bound --steps 3 >"$WORK/said" 2>&1
if [ $? = 4 ] && grep -q 'step 3' "$WORK/said"; then pass; else fail "a step in which nothing counts"; fi
finish
