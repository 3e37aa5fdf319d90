#!/bin/sh
# The demo: models/lenet.nn becomes C, the C a program, and the program learns to tell shirts from shoes.
cd "$(dirname "$0")/.." || exit 2
out=build/demo full=/usr/share/datasets/fashion-mnist small=models/data/fashion-mnist-small
mkdir -p $out
say() { echo "\$ $*"; "$@" || exit; }

say build/nnc models/lenet.nn -o $out/lenet.c
libraries="-lpng -ljpeg -lz -lm -lpthread"
grep -q 'cblas\.h' $out/lenet.c && libraries="-lopenblas $libraries"
# shellcheck disable=SC2086
say "${CC:-cc}" -O3 -march=native -Iruntime $out/lenet.c build/libnnrt.a $libraries -o $out/lenet
data=$full
if [ ! -e $full/train-images-idx3-ubyte.gz ]; then
    data=$small
    echo
    echo "Fashion-MNIST (Debian's dataset-fashion-mnist) is not installed in $full."
    echo "The demo goes on with the small part of it that the project carries: 1200 images instead of 60000."
fi
echo
say $out/lenet train --data $data --save $out/lenet.safetensors
echo
say $out/lenet test --data $data --weights $out/lenet.safetensors
