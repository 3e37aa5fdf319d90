#!/bin/sh
# First values from the data: against statistics by hand, in float and double, plain and fast; and in the trainer: once at the
# beginning, not on --resume, from the file with --weights, untouched by settle.
. "$(dirname "$0")/../stage.sh"
warnings="-Wall -Wextra -Wconversion -Wshadow -Werror"
for options in "" --kernels=plain; do
    # shellcheck disable=SC2086
    {
        try "nnc table $options" "$NNC" --check-passes $options --model=table tests/survey/survey.nn -o "$WORK/table.c"
        try "nnc table $options, accumulate" "$NNC" --check-passes $options -D accumulate=2 --prefix=gathered --model=table tests/survey/survey.nn -o "$WORK/gathered.c"
        try "nnc chain $options" "$NNC" --check-passes $options --model=chain tests/survey/survey.nn -o "$WORK/chain.c"
        for real in "" -DNN_DOUBLE; do
            try "compile $options $real" $CC -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all $warnings $real "-I$WORK" -Iruntime \
                tests/survey/survey.c "$WORK/table.c" "$WORK/gathered.c" "$WORK/chain.c" "$BUILD/libnnrt.a" -lpng -ljpeg -lz -lm -lpthread -o "$WORK/survey"
            try "statistics $options $real" "$WORK/survey"
        done
    }
done

awk 'BEGIN { srand(5); for (i = 0; i < 150; i++) { a = rand(); b = 1000 + rand(); printf "%.6f,%.6f,7,%.8f,%d,%.6f\n", a, b, 1e-4*rand(), i % 3, rand() > "'"$WORK/x.csv"'"
    printf "%.6f\n", 100 + 50*a + 20*(b - 1000) > "'"$WORK/t.csv"'" } }'
run() { program=$1 command=$2; shift 2; "$WORK/$program" "$command" --quiet "$@"; }
data="--train x=$WORK/x.csv --train t=$WORK/t.csv"
for program in table trapped checked; do
    options= flags=-O1
    [ $program = trapped ] && options=--trap
    [ $program = checked ] && flags="-O1 -DNN_DOUBLE"
    # shellcheck disable=SC2086
    try "nnc $program" "$NNC" $options --model=table tests/survey/survey.nn -o "$WORK/$program.c"
    # shellcheck disable=SC2086
    try "build $program" $CC -std=gnu11 $flags -Iruntime "$WORK/$program.c" "$BUILD/libnnrt.a" -lpng -ljpeg -lz -lm -lpthread -o "$WORK/$program"
done
# shellcheck disable=SC2086
{
    try "train" run table train $data --epochs 4 --save "$WORK/whole.safetensors"
    try "train with --trap" run trapped train $data --epochs 2
    try "train a part" run table train $data --epochs 1 --save "$WORK/parts.safetensors"
    head -75 "$WORK/x.csv" >"$WORK/x2.csv"
    head -75 "$WORK/t.csv" >"$WORK/t2.csv"
    try "resume" run table train $data --epochs 4 --resume "$WORK/parts.safetensors"
    try "a resumed run ends the same" cmp "$WORK/whole.safetensors" "$WORK/parts.safetensors"
    try "check" "$WORK/checked" check --all $data
    try "other data, weights from a file" run table train --train x="$WORK/x2.csv" --train t="$WORK/t2.csv" --steps 1 --lr 0 --weights "$WORK/whole.safetensors" --save "$WORK/moved.safetensors"
    for file in whole moved; do
        try "predict by $file" sh -c "'$WORK/table' predict --weights '$WORK/$file.safetensors' --test x='$WORK/x.csv' >'$WORK/$file.csv'"
    done
    try "states are those of the file" cmp "$WORK/whole.csv" "$WORK/moved.csv"
}
# Weights of other tools do not have what comes from the data.
cat >"$WORK/plain.nn" <<'END'
model table(F=6) { input x[F]; target t; h = x |> linear(8) |> tanh |> linear(1); loss (h[0] - t)^2; output h[0]; optimizer sgd(lr=0); train batch=16 }
END
try "nnc plain" "$NNC" "$WORK/plain.nn" -o "$WORK/plain.c"
try "build plain" $CC -std=gnu11 -O1 -Iruntime "$WORK/plain.c" "$BUILD/libnnrt.a" -lpng -ljpeg -lz -lm -lpthread -o "$WORK/plain"
# shellcheck disable=SC2086
try "weights without statistics" run plain train $data --steps 1 --save "$WORK/plain.safetensors"
"$WORK/table" predict --weights "$WORK/plain.safetensors" --test x="$WORK/x.csv" >"$WORK/said" 2>&1
[ $? = 1 ] && grep -q "'standardized.centre' is missing: it comes from the training data" "$WORK/said" && pass || fail "predict without statistics is refused"
# shellcheck disable=SC2086
try "train from them" run table train $data --steps 1 --weights "$WORK/plain.safetensors" --save "$WORK/from.safetensors"
try "settle has nothing to do" sh -c "! '$WORK/table' settle --weights '$WORK/whole.safetensors' --save '$WORK/settled.safetensors' --train x='$WORK/x.csv' --train t='$WORK/t.csv'"
try "it has learnt" sh -c "'$WORK/table' test --weights '$WORK/whole.safetensors' --test x='$WORK/x.csv' --test t='$WORK/t.csv' | grep -q 'rmse [0-9]\.\|rmse 1[0-9]\.'"
finish
