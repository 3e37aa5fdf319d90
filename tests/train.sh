#!/bin/sh
# Models learn: linear regression reaches the least-squares solution, the others a fair accuracy on the small data set.
. "$(dirname "$0")/stage.sh"
for model in $MODELS; do
    try "nnc $model" "$NNC" "models/$model.nn" -o "$WORK/$model.c"
    try "build $model" program "$model" -march=native
done

try "linear regression" "$WORK/linear_regression" train --data models/data --quiet --save "$WORK/line.safetensors"
# y = w*x + b by least squares, against the two numbers of the checkpoint: the data of a safetensors file follow a header
# whose length stands in its first eight bytes.
awk -F, 'NR > 1 { n++; x += $1; y += $2; xx += $1*$1; xy += $1*$2 }
    END { w = (n*xy - x*y)/(n*xx - x*x); printf "%.9g %.9g\n", w, (y - w*x)/n }' models/data/linear.csv >"$WORK/solution"
header=$(od -An -tu8 -N8 "$WORK/line.safetensors" | tr -d ' ')
offset_of() { dd if="$WORK/line.safetensors" bs=1 skip=8 count="$header" 2>/dev/null | sed "s/.*\"$1\":{[^}]*\"data_offsets\":\[\([0-9]*\),.*/\1/"; }
number() { od -An -tf4 -j$((8 + header + $(offset_of "$1"))) -N4 "$WORK/line.safetensors"; }
echo "$(number linear.w) $(number linear.b)" >"$WORK/learnt"
paste -d' ' "$WORK/solution" "$WORK/learnt" | awk '{ print; exit !(($1-$3)^2 < 1e-6 && ($2-$4)^2 < 1e-6) }' >"$WORK/said"
if [ $? = 0 ]; then pass; else fail "the line is not the least-squares solution"; fi

# learns MODEL ACCURACY EPOCHS: on 1200 images; the full set gives 97.5 % (MNIST) and 89 % (Fashion-MNIST).
learns() {
    "$WORK/$1" train --data $SMALL --epochs "$3" --seed 1 >"$WORK/said" 2>&1
    sed -n 's/.*  test accuracy \([0-9.]*\).*/\1/p' "$WORK/said" | tail -n 1 | awk -v least="$2" '{ seen = 1; exit !($1 >= least) } END { if (!seen) exit 1 }'
    if [ $? = 0 ]; then pass; else fail "$1 learns to $2"; fi
}
learns mlp 0.75 10
learns lenet 0.70 10

# The best epoch: a run that grows worse stops, the same when it was interrupted before, and its best epoch is kept.
best="train --data $SMALL --seed 1 --lr 0.02 --patience 4 --by accuracy"
# shellcheck disable=SC2086
"$WORK/mlp" $best --epochs 60 --best "$WORK/best" --log "$WORK/whole.csv" >"$WORK/text" 2>&1 || fail "train --best"
try "a run out of patience says so" grep -q '^stopped: no better epoch since epoch [0-9]*$' "$WORK/text"
since=$(sed -n 's/^stopped: no better epoch since epoch //p' "$WORK/text")
# shellcheck disable=SC2086
try "the first half of it" "$WORK/mlp" $best --epochs "$((since + 1))" --save "$WORK/half" --log "$WORK/parts.csv" --quiet
# shellcheck disable=SC2086
"$WORK/mlp" $best --epochs 60 --resume "$WORK/half" --log "$WORK/parts.csv" >"$WORK/text" 2>&1 || fail "train --resume"
try "the second half stops where the whole does" grep -q "^stopped: no better epoch since epoch $since$" "$WORK/text"
try "it is the same run" test "$(cut -d, -f1-7 "$WORK/whole.csv" | tail -n 1)" = "$(cut -d, -f1-7 "$WORK/parts.csv" | tail -n 1)"
"$WORK/mlp" test --data $SMALL --weights "$WORK/best" >"$WORK/text" 2>&1
try "the best epoch is the one that is kept" grep -qF "$(awk -F, -v e="$since" '$2 == e { print $7 }' "$WORK/whole.csv" | head -c 5)" "$WORK/text"

# Choosing a rate: a sweep takes each value as a run of its own would, and the range test suggests rates that learn.
"$WORK/mlp" train --data $SMALL --seed 1 --sweep lr=1e30,1e-6,0.003 --epochs 2 --plot "$WORK/sweep.svg" >"$WORK/text" 2>&1 || fail "train --sweep"
try "a sweep names the best value" grep -q '^best: --lr 0.003 (test loss ' "$WORK/text"
try "a sweep goes on after a value that diverges" grep -q '^1e+30 *diverged at step 2$' "$WORK/text"
"$WORK/mlp" train --data $SMALL --seed 1 --lr 0.003 --epochs 2 --quiet --log "$WORK/single.csv" --log-every 1
try "a value of a sweep is a run" test "$(awk '$1 == "0.003" { print $3 }' "$WORK/text")" = "$(awk -F, 'END { printf "%.6g", $6 }' "$WORK/single.csv")"
"$WORK/lenet" train --data $SMALL --seed 1 --lr-find --plot "$WORK/range.svg" >"$WORK/text" 2>&1 || fail "train --lr-find"
rate=$(sed -n 's/^suggested: --lr \([0-9.e-]*\) (steepest.*/\1/p' "$WORK/text")
try "lenet learns at the rate of the range test" sh -c "'$WORK/lenet' train --data $SMALL --seed 1 --epochs 6 --lr '$rate' | tail -n 1 | awk '{ exit !(\$(NF - 2) > 0.65) }'"

# A schedule multiplies what is swept, and a program of --trap goes on after a value that it has stopped.
cat >"$WORK/scheduled.nn" <<'END'
model scheduled {
    input  image[1, 28, 28]
    target kind : class[10]
    logits = image |> flatten |> linear(10)
    output logits
    loss   cross_entropy(logits, kind)
    optimizer sgd(lr=ramp(step, 0.05, total=10))
    train  batch=32
}
END
bind="--train image=$SMALL/train-images-idx3-ubyte.gz --train kind=$SMALL/train-labels-idx1-ubyte.gz"
for option in "" --trap; do
    # shellcheck disable=SC2086
    try "nnc $option scheduled" "$NNC" $option "$WORK/scheduled.nn" -o "$WORK/scheduled.c"
    try "build scheduled" program scheduled
    # shellcheck disable=SC2086
    "$WORK/scheduled" train $bind --sweep lr=1e35,1e-6,1e-12 >"$WORK/text" 2>&1 || fail "train --sweep with a schedule"
    try "a sweep with a schedule, $option" grep -q '^best: --lr 1e-06 (loss ' "$WORK/text"
    try "a value that is lost, $option" grep -q '^1e+35 *diverged at step [1-9]' "$WORK/text"
    # shellcheck disable=SC2086
    try "the range test with a schedule, $option" "$WORK/scheduled" train $bind --lr-find
done

# Pictures are drawn from logs as they come; what they show is looked at in tests/unit/test_plot.c.
try "plot" "$WORK/mlp" plot "$WORK/whole.csv" "$WORK/single.csv" -o "$WORK/runs.svg"
for picture in sweep range runs; do
    try "$picture.svg is a picture" grep -q '</svg>' "$WORK/$picture.svg"
    if command -v xmllint >/dev/null; then try "$picture.svg is XML" xmllint --noout "$WORK/$picture.svg"; fi
done
finish
