#!/bin/sh
# docs/your_own.md: what its models say of their gradients is so, `check` agrees, and they train. (tests/docs.sh compiles them.)
. "$(dirname "$0")/stage.sh"
page=docs/your_own.md

# Block k becomes its model's NAME.nn; the lines that stand under `$ nnc --emit=gradient NAME.nn` become NAME.gradient.
awk -v work="$WORK" '
    /^```nn$/        { inside = 1; n = 0; next }
    /^```text$/      { words = 1; next }
    /^```/ && inside { for (k = 1; k <= n; k++) print line[k] > (work "/" name ".nn"); print name > (work "/names"); inside = 0 }
    /^```/           { words = 0; to = "" }
    inside           { line[++n] = $0; if ($1 == "model") { name = $2; sub(/\(.*/, "", name) } }
    words && to      { print > to }
    words && /^\$ nnc --emit=gradient / { to = $NF; sub(/\.nn$/, ".gradient", to); to = work "/" to }' "$page"

# Runs of a machine: 20 minutes of three sensors, then the minute of the break or 20.
runs() {
    awk -v seed="$1" -v n="$2" 'BEGIN {
        srand(seed)
        for (s = 0; s < n; s++) {
            fault = rand() < 0.5 ? int(rand()*20) : 20
            line = ""
            for (t = 0; t < 20; t++) {
                drift = t >= fault ? (t - fault + 1)*0.25 : 0
                spike = rand() < 0.04 ? 2 : 0
                for (k = 0; k < 3; k++)
                    line = line sprintf("%.4f,", rand() + rand() + rand() + rand() - 2 + spike*(k == 0) + drift*(k + 1)/2)
            }
            print line fault
        }
    }'
}
runs 1 4000 >"$WORK/train.csv"
runs 2 2000 >"$WORK/test.csv"
# The numbers of a model's inputs and targets, from the same table.
data_for() {
    case $1 in
    alarm*) echo "--train sensor=$WORK/train.csv:0-59 --train fault=$WORK/train.csv:60 --test sensor=$WORK/test.csv:0-59 --test fault=$WORK/test.csv:60" ;;
    memory) echo "--train sensor=$WORK/train.csv:0-59 --train level=$WORK/train.csv:5" ;;
    *) echo "--train x=$WORK/train.csv:0-3 --train t=$WORK/train.csv:1-2" ;;
    esac
}

while read -r name; do
    try "nnc $name" "$NNC" "$WORK/$name.nn" -o "$WORK/$name.c"
    if [ -e "$WORK/$name.gradient" ]; then
        "$NNC" --emit=gradient "$WORK/$name.nn" >"$WORK/emitted" 2>"$WORK/said"
        while IFS= read -r line; do
            if grep -qxF -e "$line" "$WORK/emitted"; then pass; else fail "the gradient of $name has no line: $line"; fi
        done <"$WORK/$name.gradient"
    fi
    try "build of $name in double" program "$name" -DNN_DOUBLE
    grep -q 'stop(' "$WORK/$name.nn" || try "check of $name" "$WORK/$name" check --quiet
    try "build of $name" program "$name"
    # shellcheck disable=SC2046
    try "training of $name" "$WORK/$name" train $(data_for "$name") --steps 20
done <"$WORK/names"

# What the page says of the cost: less than cross-entropy for each minute, by the same threshold.
sed -e 's/loss   alarm_cost(a, fault)/l[t < T] = where(t >= fault, -log(a[t] + 1e-7), -log(1 - a[t] + 1e-7)); loss mean(l)/' \
    -e 's/^model alarm/model alarm_entropy/' "$WORK/alarm.nn" >"$WORK/alarm_entropy.nn"
try "nnc alarm_entropy" "$NNC" "$WORK/alarm_entropy.nn" -o "$WORK/alarm_entropy.c"
try "build of alarm_entropy" program alarm_entropy
for name in alarm alarm_entropy; do
    # shellcheck disable=SC2046
    "$WORK/$name" train $(data_for alarm) 2>"$WORK/said" | sed -n 's/.*test alarm_cost \([0-9.]*\).*/\1/p' | tail -n 1
done >"$WORK/costs"
tr '\n' ' ' <"$WORK/costs" >"$WORK/said"
awk 'NR == 1 { own = $1 } NR == 2 { entropy = $1 } END { exit !(NR == 2 && own > 0 && own < 0.9*entropy) }' "$WORK/costs"
if [ $? = 0 ]; then pass; else fail "the cost of the alarm is not a tenth less than with cross-entropy"; fi
finish
