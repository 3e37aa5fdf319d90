#!/usr/bin/env python3
"""Makes the data that the project carries: linear.csv and fashion-mnist-small/.

linear.csv: 100 samples of y = 2x + 3 + noise, x and the noise normal with deviation 1, from a fixed seed.
fashion-mnist-small: the first 1200 training and 400 test images of Fashion-MNIST, from Debian's dataset-fashion-mnist.
"""
import gzip
import random
import struct
from pathlib import Path

HERE = Path(__file__).resolve().parent
FULL = Path("/usr/share/datasets/fashion-mnist")


def make_linear():
    draw = random.Random(2)
    with open(HERE / "linear.csv", "w") as file:
        file.write("x,y\n")
        for _ in range(100):
            x = draw.gauss(0, 1)
            y = 2 * x + 3 + draw.gauss(0, 1)
            file.write(f"{x:.6f},{y:.6f}\n")


def make_small(name, count):
    data = gzip.open(FULL / name).read()
    rank = data[3]
    dims = struct.unpack(f">{rank}I", data[4:4 + 4 * rank])
    size = len(data[4 + 4 * rank:]) // dims[0]
    head = data[:4] + struct.pack(f">{rank}I", count, *dims[1:])
    body = data[4 + 4 * rank:4 + 4 * rank + count * size]
    with open(HERE / "fashion-mnist-small" / name, "wb") as file:
        with gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
            packed.write(head + body)


make_linear()
if FULL.exists():
    for part, count in ("train", 1200), ("t10k", 400):
        make_small(f"{part}-images-idx3-ubyte.gz", count)
        make_small(f"{part}-labels-idx1-ubyte.gz", count)
