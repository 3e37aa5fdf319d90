#!/bin/sh
# Data in all their forms, as a user meets them: pictures in directories, windows, data larger than memory, pictures of predictions;
# and what is said where they are wrong.
. "$(dirname "$0")/stage.sh"
mkdir -p "$WORK/temporary"
full=$ROOT/$SMALL

# A model that shows its input makes pictures of the small data set, which others then learn from.
cat >"$WORK/show.nn" <<'END'
model show(size=28) {
    input  image[1, size, size] : byte
    target kind : class[10]
    param k = 1
    shade[i, j] = k*image[0, i, j]/255
    colour[c < 3, i, j] = k*where(c == 0, image[0, i, j], where(c == 1, 255 - image[0, i, j], 128))/255
    output shade
    output colour
    loss (k*(sum(i, j) image[0, i, j])/(size*size*255) - kind/10)^2
    optimizer sgd(lr=0.01)
    train batch=16, epochs=2
}
END
cat >"$WORK/cells.nn" <<'END'
model cells {
    input  image[32, 24] : byte
    target mask[32, 24] : class[2]
    x[c < 1, i, j] = image[i, j]/255
    z = x |> conv2d(4, 3, pad=1) |> relu |> conv2d(2, 3, pad=1)
    p[i, j] = exp(z[1, i, j])/(exp(z[0, i, j]) + exp(z[1, i, j]))
    output p
    best[i, j] = argmax(c) z[c, i, j]
    output best
    loss   cross_entropy(z, mask)
    metric accuracy(z, mask)
    optimizer adam(lr=0.01)
    train  batch=5, epochs=3
}
END
cat >"$WORK/text.nn" <<'END'
model text {
    input text[65] : byte
    param k = 0.5
    output k*text[0]
    loss   mean(i < 64) (k*text[i]/256 - text[i + 1]/256)^2
    optimizer sgd(lr=0.1)
    train  batch=32, epochs=1
}
END
for model in show cells text; do
    try "nnc $model" "$NNC" "$WORK/$model.nn" -o "$WORK/$model.c"
    try "build $model" program "$model"
done
[ $failed = 0 ] || finish
# says WHAT CODE TEXT COMMAND...: ends with that code, and says that.
says() {
    what=$1 code=$2 text=$3
    shift 3
    "$@" >"$WORK/said" 2>&1
    status=$?
    if [ $status = "$code" ] && grep -qF -- "$text" "$WORK/said"; then pass; else fail "$what: ended with $status"; fi
}

# ---- pictures ----
images=image=$full/train-images-idx3-ubyte.gz kinds=kind=$full/train-labels-idx1-ubyte.gz
try "first values" "$WORK/show" train --train "$images" --train "$kinds" --epochs 0 --quiet --save "$WORK/show.st"
predict="predict --weights $WORK/show.st --test $images"
# shellcheck disable=SC2086
try "a picture of each sample" "$WORK/show" $predict --png "$WORK/drawn/" --count 60
try "as many as asked for, of both outputs" test "$(ls "$WORK/drawn" | wc -l)" = 120
gzip -dc "$full/train-labels-idx1-ubyte.gz" | od -An -v -tu1 -w1 -j8 -N60 >"$WORK/labels"
for k in 0 1 2 3 4 5 6 7 8 9; do mkdir -p "$WORK/tree/class$k"; done
n=0
while read -r kind; do
    cp "$WORK/drawn/shade-$(printf %06d $n).png" "$WORK/tree/class$kind/"
    n=$((n + 1))
done <"$WORK/labels"
# The same pictures and classes, sorted by class, as numbers: both must teach the same.
gzip -dc "$full/train-images-idx3-ubyte.gz" >"$WORK/pixels"
order=$(awk '{ print $1, NR - 1 }' "$WORK/labels" | sort -n -s -k1,1 | cut -d' ' -f2)
for n in $order; do tail -c +$((17 + n * 784)) "$WORK/pixels" | head -c 784; done >"$WORK/sorted.images"
awk '{ print $1 }' "$WORK/labels" | sort -n >"$WORK/sorted.csv"
try "train on a tree of pictures" "$WORK/show" train --train image="$WORK/tree" --train kind="$WORK/tree" --quiet --save "$WORK/tree.st"
try "train on the same as numbers" "$WORK/show" train --train image="$WORK/sorted.images:u8" --train kind="$WORK/sorted.csv" --quiet --save "$WORK/numbers.st"
try "pictures teach what their numbers do" cmp "$WORK/tree.st" "$WORK/numbers.st"
try "parts of a tree" "$WORK/show" test --weights "$WORK/tree.st" --test image="$WORK/tree:image:samples=0-9" --test kind="$WORK/tree:label:samples=0-9"

# A picture breaks between the epochs of others: the run is saved, and goes on with the same bits when it is mended.
cp "$WORK/tree/class3/"*.png "$WORK/temporary/"
victim=$(ls "$WORK/temporary" | head -n 1)
head -c 90 "$WORK/temporary/$victim" >"$WORK/tree/class3/$victim"
says "a damaged picture" 1 "class3/$victim: the picture is damaged" "$WORK/show" train --train image="$WORK/tree" --train kind="$WORK/tree" \
    --batch 2 --quiet --save "$WORK/broken.st"
cp "$WORK/temporary/$victim" "$WORK/tree/class3/$victim"
try "goes on when it is mended" "$WORK/show" train --train image="$WORK/tree" --train kind="$WORK/tree" --quiet --resume "$WORK/broken.st"
try "the same run without" "$WORK/show" train --train image="$WORK/tree" --train kind="$WORK/tree" --batch 2 --quiet --save "$WORK/whole.st"
try "the same bits" cmp "$WORK/broken.st" "$WORK/whole.st"
: >"$WORK/tree/class3/$victim"
says "an empty picture" 1 "class3/$victim: the file is empty" "$WORK/show" train --train image="$WORK/tree" --train kind="$WORK/tree"
cp "$WORK/temporary/$victim" "$WORK/tree/class3/$victim"
rm -r "$WORK/tree/class9"
says "a class is missing" 1 "has 9 directories, the classes, but 'kind' has 10" "$WORK/show" train --train image="$WORK/tree" --train kind="$WORK/tree"

# ---- windows ----
slices() { printf '\0\0\10\3\0\0\0\4\0\0\0\100\0\0\0\74'; }         # 4 of 64x60 bytes
{ slices; tail -c +17 "$WORK/pixels" | head -c 15360; } >"$WORK/slices"
{ slices; tail -c +17 "$WORK/pixels" | head -c 15360 | tr '\0-\177' '\0' | tr '\200-\377' '\1'; } | gzip >"$WORK/masks.gz"
cells="$WORK/cells train --train image=$WORK/slices:windows:samples=0-2 --train mask=$WORK/masks:windows:samples=0-2 --quiet"
# shellcheck disable=SC2086
try "windows on one thread" $cells --test image="$WORK/slices:samples=3:windows" --test mask="$WORK/masks:samples=3:windows" --threads 1 \
    --save "$WORK/one.st" --log "$WORK/cells.csv"
# shellcheck disable=SC2086
try "windows, stopped within an epoch" $cells --threads 3 --steps 4 --save "$WORK/resumed.st"
# shellcheck disable=SC2086
try "and resumed" $cells --threads 2 --resume "$WORK/resumed.st"
try "the same bits" cmp "$WORK/one.st" "$WORK/resumed.st"
# shellcheck disable=SC2086
try "another seed" $cells --seed 5 --epochs 1 --save "$WORK/other.st"
if cmp -s "$WORK/one.st" "$WORK/other.st"; then fail "another seed gives the same"; else pass; fi
try "as tiles" "$WORK/cells" predict --weights "$WORK/one.st" --test image="$WORK/slices:windows" --output best="$WORK/best.npy" --output p="$WORK/p.csv"
try "four slices of 2x3" test "$(wc -l <"$WORK/p.csv")" = 25
try "a sheet with targets" "$WORK/cells" predict --weights "$WORK/one.st" --test image="$WORK/slices:windows" --test mask="$WORK/masks:windows" --png "$WORK/sheet.png"
head -c 24 "$WORK/sheet.png" | tail -c 8 | od -An -tu1 | tr -s ' ' >"$WORK/size"       # four of 24 beside each other
try "input, target and outputs" test "$(cat "$WORK/size")" = " 0 0 0 102 0 0 1 14"
says "windows unasked for" 1 "or append :windows" "$WORK/cells" train --train image="$WORK/slices" --train mask="$WORK/masks:windows"
says "a target that cannot be read" 1 "no such file" "$WORK/cells" predict --weights "$WORK/one.st" --test image="$WORK/slices:windows" --test mask=nowhere --png "$WORK/sheet.png"

# ---- more data than memory: the programs may have 400 MB of addresses, the data have 1200 ----
truncate -s 1200M "$WORK/large"
little() { (ulimit -v 400000 && "$@"); }
large="train --threads 1 --steps 20 --quiet"
# shellcheck disable=SC2086
try "a large file" little "$WORK/text" $large --train text="$WORK/large:u8:windows:samples=300000000-600000000" --save "$WORK/text.st"
head -c 300M /dev/zero | gzip -1 >"$WORK/zeros.gz"
# shellcheck disable=SC2086
TMPDIR=$WORK/temporary try "a large compressed file" little "$WORK/text" $large --train text="$WORK/zeros.gz:u8:windows"
# shellcheck disable=SC2086
TMPDIR=$WORK/nowhere says "no place to unpack" 1 "nowhere, which cannot be written: No such file or directory; TMPDIR names another" \
    "$WORK/text" $large --train text="$WORK/zeros.gz:u8:windows"
short() { (ulimit -f 100000 && "$@"); }
# shellcheck disable=SC2086
says "a full disk" 1 "cannot be written: File too large; TMPDIR names another" short "$WORK/text" $large --train text="$WORK/zeros.gz:u8:windows"
rm -f "$WORK/large" "$WORK/zeros.gz"

# ---- a program of its own links without the libraries of the trainer ----
printf '#include "show.h"\nstatic show m;\nint main(void) { show_init(&m, 1); return m.params.k != 1; }\n' >"$WORK/own.c"
try "no libpng, libjpeg and zlib" $CC -Iruntime -I"$WORK" "$WORK/own.c" "$WORK/show.c" "$BUILD/libnnrt.a" -lm -lpthread -o "$WORK/own"
try "and runs" "$WORK/own"

# ---- sheets ----
says "no picture of that name" 1 "a sheet is called FILE.png" "$WORK/show" predict --weights "$WORK/show.st" --test "$images" --png "$WORK/sheet.jpg"
says "nothing is a picture" 1 "model text has no input and no output that is a picture" "$WORK/text" predict --weights "$WORK/text.st" --test text="$0:u8:windows" --png a.png
says "a count of nothing" 2 "--count: needs --png FILE" "$WORK/show" predict --weights "$WORK/show.st" --count 3
# shellcheck disable=SC2086
try "a sheet" "$WORK/show" $predict --test "$kinds" --png "$WORK/sheet.png"
head -c 24 "$WORK/sheet.png" | tail -c 8 | od -An -tu1 | tr -s ' ' >"$WORK/size"       # 28 + 2 + 28 + 2 + 28 by 8*30 - 2
try "eight rows of three pictures" test "$(cat "$WORK/size")" = " 0 0 0 88 0 0 0 238"
# shellcheck disable=SC2086
says "a directory that is none" 1 "Not a directory" "$WORK/show" $predict --png "$WORK/show.nn/"
ln -sf /dev/full "$WORK/device.png"
# shellcheck disable=SC2086
says "a device" 1 "is no ordinary file" "$WORK/show" $predict --png "$WORK/device.png"
cp "$WORK/sheet.png" "$WORK/before.png"
tiny() { (ulimit -f 1 && "$@"); }
# shellcheck disable=SC2086
says "a full disk for a sheet" 1 "cannot be written: File too large" tiny "$WORK/show" $predict --png "$WORK/sheet.png"
try "keeps the sheet before" cmp "$WORK/sheet.png" "$WORK/before.png"
try "and leaves nothing" test ! -e "$WORK/sheet.png.tmp"
finish
