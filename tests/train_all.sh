#!/bin/sh
# Trains the models on their whole data sets, as docs/models.md reports it. Hours on two cores; `RUNS="gpt unet"` names some.
#
#     DATA    the directory with the data sets; docs/models.md says which files lie where
#     OUT     NAME.log (what the program prints), NAME.jsonl and NAME.svg (the curves), checkpoints and pictures; build/results
#     RUNS    resnet20 resnet20_8 unet seq2seq transformer char_lstm gpt tabular wine autoencoder vae
#
# A run whose data are missing is left out, and said to be. The first run that fails ends it all.
cd "$(dirname "$0")/.." || exit 2
OUT=${OUT:-build/results}
: "${DATA:=../data}" "${RUNS:=resnet20 resnet20_8 unet seq2seq transformer char_lstm gpt tabular wine autoencoder vae}"
nnc=build/nnc fashion=/usr/share/datasets/fashion-mnist
mkdir -p "$OUT" || exit 2
say() { echo "\$ $*"; "$@" || { echo "train_all: the command above failed" >&2; exit 1; }; }

# run NAME MODEL COMMAND...: what it prints is shown, and kept in NAME.log.
run() {
    name=$1 model=$2
    shift 2
    say $nnc run "models/$model.nn" "$@" 2>&1 | tee -a "$OUT/$name.log"
    ! tail -n 1 "$OUT/$name.log" | grep -q '^train_all:' || exit 1
}
# trained NAME MODEL [-D ...] -- OPTION...: the training and its curves.
trained() {
    name=$1 model=$2 values=
    shift 2
    while [ "$1" != -- ]; do values="$values $1"; shift; done
    shift
    rm -f "$OUT/$name.log"
    # shellcheck disable=SC2086
    run "$name" "$model" $values -- train "$@" --seed 1 --save "$OUT/$name.safetensors" --log "$OUT/$name.jsonl" --log-every 20
    run "$name" "$model" -- plot "$OUT/$name.jsonl" -o "$OUT/$name.svg"
}
# judged NAME BEAM: test_2016_flickr is translated into NAME.beamN.de; its BLEU.
judged() {
    source=$DATA/multi30k/test_2016_flickr
    set -- "$1" "$2" $nnc run "models/$1.nn" -D "beam=$2" -- translate --weights "$OUT/$1.safetensors" "$source.en.gz" --reference "$source.de.gz"
    name=$1 beam=$2
    shift 2
    echo "\$ $*" | tee -a "$OUT/$name.log"
    "$@" >"$OUT/$name.beam$beam.de" 2>"$OUT/$name.judged" || { cat "$OUT/$name.judged" >&2; exit 1; }
    tee -a "$OUT/$name.log" <"$OUT/$name.judged"
    rm "$OUT/$name.judged"
}
# has FILE: the run can begin.
has() {
    [ -e "$1" ] && return
    echo "train_all: $wanted is left out, as there is no $1" >&2
    return 1
}
# CIFAR-10 as the binary files of its authors, or as directories of pictures, train/CLASS/*.jpg and test/CLASS/*.jpg.
cifar() {
    cifar=$DATA/cifar10
    if [ -e "$cifar/data_batch_1.bin" ]; then bound="--data $cifar"; return; fi
    has "$cifar/train" || return
    bound="--train image=$cifar/train --train kind=$cifar/train --test image=$cifar/test --test kind=$cifar/test"
}
# columns TABLE N: the options that bind all columns but the last one as x and that one as y, nine tenths of the rows to train.
columns() {
    echo "--train x=$1:0-$(($2 - 1)):samples=0%-90% --train y=$1:$2:samples=0%-90% --test x=$1:0-$(($2 - 1)):samples=90%- --test y=$1:$2:samples=90%-"
}

# shellcheck disable=SC2046,SC2086
for wanted in $RUNS; do
    echo "==== $wanted"
    case $wanted in
    resnet20) cifar && trained resnet20 resnet20 -- $bound ;;
    resnet20_8) cifar && trained resnet20_8 resnet20 -D epochs=8 -- $bound --epochs 8 ;;
    unet)
        has "$DATA/isbi_em" || continue
        trained unet unet -- --data "$DATA/isbi_em"
        run unet unet -D size=512 -- test --data "$DATA/isbi_em" --weights "$OUT/unet.safetensors"
        run unet unet -D size=512 -- predict --data "$DATA/isbi_em" --weights "$OUT/unet.safetensors" --count 2 --png "$OUT/unet.png" ;;
    seq2seq | transformer)
        has "$DATA/multi30k" || continue
        trained $wanted $wanted -- --data "$DATA/multi30k"
        judged $wanted 1
        judged $wanted 4 ;;
    char_lstm | gpt)
        has "$DATA/tinyshakespeare" || continue
        trained $wanted $wanted -- --data "$DATA/tinyshakespeare"
        run $wanted $wanted -- sample --weights "$OUT/$wanted.safetensors" --prompt "ROMEO:" --temperature 0.8 --seed 1 ;;
    tabular)
        has "$DATA/concrete/concrete.csv" || continue
        for split in 1 2 3 4 5; do      # the same rows in an order that the number of the split decides
            awk -v s=$split 'BEGIN { srand(s) } { printf "%.9f %s\n", rand(), $0 }' "$DATA/concrete/concrete.csv" | sort | cut -d' ' -f2 >"$OUT/concrete$split.csv"
            trained tabular$split tabular -- $(columns "$OUT/concrete$split.csv" 8)
        done
        sed -n 's/^epoch 300\/.* test rmse \([0-9.]*\).*/\1/p' "$OUT"/tabular[1-5].log |
            awk '{ s += $1; printf "%s ", $1 } END { printf "\nmean test rmse of %d splits: %.3f\n", NR, s/NR }' | tee "$OUT/tabular.log" ;;
    wine)
        has "$DATA/winequality/winequality-white.csv" || continue
        awk 'BEGIN { srand(1) } { printf "%.9f %s\n", rand(), $0 }' "$DATA/winequality/winequality-white.csv" | sort | cut -d' ' -f2 >"$OUT/wine.csv"
        trained wine tabular -D columns=11 -D steps=1725 -- $(columns "$OUT/wine.csv" 11) --epochs 25 ;;
    autoencoder | vae)
        has $fashion || continue
        trained $wanted $wanted -- --data $fashion
        run $wanted $wanted -- predict --data $fashion --weights "$OUT/$wanted.safetensors" --count 16 --png "$OUT/$wanted.png" ;;
    *) echo "train_all: there is no run named $wanted" >&2; exit 2 ;;
    esac
done
