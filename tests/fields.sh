#!/bin/sh
# The larger models learn: a slice of the training of each, on small data that are made here or lie in the repository, and what
# their users do with them: pictures, samples, translations. The full trainings are `make train-all`.
. "$(dirname "$0")/stage.sh"
full=$ROOT/$SMALL
cd "$WORK" || exit 2

# made MODEL [OPTION...]: the program $WORK/MODEL.
made() {
    model=$1
    shift
    "$NNC" "$ROOT/models/$model.nn" -o "$model.c" "$@" >said 2>&1 || { fail "nnc $model"; return 1; }
    (cd "$ROOT" && program "$model" -O1 -march=native) >said 2>&1 || { fail "build of $model"; return 1; }
    pass
}
# falls MODEL OPTION...: the loss of the last step is lower than that of the first.
falls() {
    model=$1
    shift
    ./"$model" train "$@" --seed 1 --quiet --log "$model.csv" --log-every 1 --save "$model.safetensors" >said 2>&1 || { fail "$model trains"; return 1; }
    awk -F, 'NR == 1 { for (k = 1; k <= NF; k++) at[$k] = k } $1 == "step" { last = $at["loss"]; if (!n++) first = last }
        END { exit !(n > 1 && last < first) }' "$model.csv" || { fail "the loss of $model falls"; return 1; }
    pass
}
is_png() { [ "$(head -c 4 "$1" | tail -c 3)" = PNG ]; }

# ---- tables: a number from columns of very different sizes ----
awk 'BEGIN { srand(1); for (i = 0; i < 300; i++) { a = rand(); b = 1000*rand() + 5000; c = 3
    printf "%.4f,%.1f,%d,%.3f\n", a, b, c, 40 + 10*a*a - (b - 5500)/100 } }' >table.csv
if made tabular -D columns=3 -D hidden=16 -D steps=200; then
    falls tabular --train x=table.csv:0-2:samples=0%-90% --train y=table.csv:3:samples=0%-90% --test x=table.csv:0-2:samples=90%- \
        --test y=table.csv:3:samples=90%- --epochs 40
    rmse=$(./tabular test --weights tabular.safetensors --test x=table.csv:0-2:samples=90%- --test y=table.csv:3:samples=90%- | sed -n 's/.*rmse \([0-9.]*\).*/\1/p')
    try "the table is learnt: rmse $rmse of a number that varies by 4" awk -v r="$rmse" 'BEGIN { exit !(r > 0 && r < 1) }'
fi

# ---- pictures: autoencoders ----
for model in autoencoder vae; do
    made $model || continue
    falls $model --data "$full" --steps 30
    try "$model predicts" ./$model predict --data "$full" --weights $model.safetensors --png $model.png
    try "$model draws what it predicts" is_png $model.png
done

# ---- pictures: classes ----
(cd "$ROOT" && colour_data)
if made resnet20; then falls resnet20 --data "$WORK/colour" --steps 4 --batch 16 --no-shuffle; fi

# ---- pictures: regions. Clothes on black: what is not black is the cloth. ----
gzip -dc "$full/train-images-idx3-ubyte.gz" | { head -c 16; tr '\001-\377' '\001'; } >masks
if made unet -D size=28 -D steps=20; then
    data="--train image=$full/train-images-idx3-ubyte.gz:samples=0-99 --train cell=masks:samples=0-99 --test image=$full/train-images-idx3-ubyte.gz:samples=100-119 --test cell=masks:samples=100-119"
    # shellcheck disable=SC2086
    falls unet $data --steps 20
    # shellcheck disable=SC2086
    try "unet predicts" ./unet predict ${data#*cell=masks:samples=0-99} --weights unet.safetensors --png unet.png
    try "unet draws what it predicts" is_png unet.png
fi

# ---- texts: the next character ----
cat "$ROOT"/docs/language.md "$ROOT"/docs/trainer.md | tr -cd '\12\40-\176' >book.txt
for model in char_lstm gpt; do
    size="-D hidden=32"
    [ $model = gpt ] && size="-D width=32 -D heads=2 -D layers=1"
    # shellcheck disable=SC2086
    made $model -D V=96 $size -D steps=30 || continue
    falls $model --train text=book.txt:chars:samples=0%-90% --test text=book.txt:chars:samples=90%- --steps 12
    ./$model sample --weights $model.safetensors --prompt "A model" --length 20 --seed 3 >once 2>said || fail "$model samples"
    ./$model sample --weights $model.safetensors --prompt "A model" --length 20 --seed 3 >twice
    try "$model goes on with what it is given" grep -q '^A model' once
    try "the same seed, the same text" cmp once twice
    try "$model says more than it was trained on at once" sh -c "[ \$(./$model sample --weights $model.safetensors --prompt A --length 300 | wc -m) = 302 ]"
done

# ---- texts: translations of a language of numbers ----
awk 'BEGIN { srand(2); split("one two three four five six seven eight", e, " "); split("eins zwei drei vier sechs acht", g, " ")
    g[5] = "fuenf"; g[6] = "sechs"; g[7] = "sieben"; g[8] = "acht"
    for (i = 0; i < 400; i++) { n = 1 + int(5*rand()); a = b = ""
        for (k = 0; k < n; k++) { w = 1 + int(8*rand()); a = a (k ? " " : "") e[w]; b = b (k ? " " : "") g[w] }
        print a "." >"numbers.en"; print b "." >"numbers.de" } }'
for model in seq2seq transformer; do
    size="-D width=32 -D hidden=32"
    [ $model = transformer ] && size="-D width=32 -D heads=2 -D layers=1 -D hidden=64"
    # shellcheck disable=SC2086
    made $model -D V=60 $size -D rate=0 -D warmup=20 -D epochs=4 || continue
    falls $model --train english=numbers.en:lines --train german=numbers.de:lines --test english=numbers.en:samples=0-63 \
        --test german=numbers.de:samples=0-63 --epochs 30 --batch 16 --lr 0.005
    head -n 5 numbers.en | ./$model translate --weights $model.safetensors >lines 2>said || fail "$model translates"
    try "a translation for each sentence" test "$(wc -l <lines)" = 5
    ./$model translate --weights $model.safetensors numbers.en --reference numbers.de >translated 2>judged || fail "$model is judged"
    try "$model has learnt the numbers: $(grep '^BLEU' judged)" awk '/^BLEU/ { good = $3 > 80 } END { exit !good }' judged
    ./$model predict --weights $model.safetensors --test english=numbers.en >predicted 2>said || fail "$model predicts"
    try "what $model predicts are the translations" cmp predicted translated
    # The other search, from the same weights: seq2seq has looked with four beams, the Transformer at the likeliest word.
    beam=3
    [ $model = seq2seq ] && beam=1
    # shellcheck disable=SC2086
    made $model -D V=60 $size -D rate=0 -D warmup=20 -D epochs=4 -D beam=$beam || continue
    ./$model translate --weights $model.safetensors numbers.en --reference numbers.de >searched 2>judged || fail "$model is judged with $beam beams"
    try "$model with $beam beams: $(grep '^BLEU' judged)" awk '/^BLEU/ { good = $3 > 80 } END { exit !good }' judged
done
cd "$ROOT" || exit 2
finish
