#!/usr/bin/env python3
"""Draws docs/optimizers.svg: one model, one data set, two epochs of every optimizer at its defaults, nnc beside PyTorch.

    python3 tests/curves/optimizers.py NNC ARCHIVE [DATA]       (needs torch and numpy, a C compiler)

The model is a perceptron of 64 hidden units on Fashion-MNIST, batches of 64 in the order of the files; NNC is the compiler,
ARCHIVE its runtime, DATA the directory of the four files. PyTorch begins with the weights that nnc drew, in float32, and
takes the same batches. Drawn is the mean loss of each 20 steps. Rprop and LBFGS are for full batches and are run on these
anyway, LBFGS with its line search and a history of 10; PyTorch's Muon works in bfloat16 and takes
matrices only, its vectors are AdamW's, here as there."""
import csv
import gzip
import json
import math
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

O = torch.optim
torch.set_num_threads(1)
DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
BATCH, EPOCHS, MEAN = 64, 2, 20
MODEL = """model two_epochs {
    input  image[784] : byte = "train-images-idx3-ubyte.gz"
    target kind : class[10] = "train-labels-idx1-ubyte.gz"
    logits = image/255 |> linear(64) |> relu |> linear(10)
    output logits
    loss   cross_entropy(logits, kind)
    %s
    train  batch=64, epochs=2
}
"""


def all_of(make):
    return lambda net: [make(net.parameters())]


def muon(net):
    return [O.Muon([p for p in net.parameters() if p.ndim == 2]), O.AdamW([p for p in net.parameters() if p.ndim == 1])]


OPTIMIZERS = [
    ("sgd", "optimizer sgd()", all_of(O.SGD)),
    ("sgd, momentum 0.9", "update * = g |> sgd(w, momentum=0.9)", all_of(lambda p: O.SGD(p, momentum=0.9))),
    ("adam", "optimizer adam()", all_of(O.Adam)),
    ("adamw", "optimizer adamw()", all_of(O.AdamW)),
    ("adamax", "optimizer adamax()", all_of(O.Adamax)),
    ("nadam", "optimizer nadam()", all_of(O.NAdam)),
    ("radam", "optimizer radam()", all_of(O.RAdam)),
    ("adagrad", "optimizer adagrad()", all_of(O.Adagrad)),
    ("adadelta", "optimizer adadelta()", all_of(O.Adadelta)),
    ("rmsprop", "optimizer rmsprop()", all_of(O.RMSprop)),
    ("asgd", "optimizer asgd()", all_of(O.ASGD)),
    ("adafactor", "update * = g |> adafactor(w); update *[N] = g |> adafactor_vector(w)", all_of(O.Adafactor)),
    ("muon", "update * = g |> muon(w); update *[N] = g |> adamw(w)", muon),
    ("rprop", "optimizer rprop()", all_of(O.Rprop)),
    ("lbfgs, line search", "optimizer lbfgs()", all_of(lambda p: O.LBFGS(p, history_size=10, line_search_fn="strong_wolfe"))),
    ("lion", "optimizer lion()", None),
    ("lamb", "update * = g |> clip_norm(1) |> lamb(w)", None),
    ("lars", "update * = g |> lars(w, decay=1e-4, momentum=0.9)", None),
]


def tensors(path):
    data = Path(path).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    found = {}
    for name, t in json.loads(data[8:8 + size]).items():
        if name == "__metadata__" or t["dtype"] != "F32":
            continue
        first, last = t["data_offsets"]
        found[name] = torch.tensor(np.frombuffer(data[8 + size + first:8 + size + last], dtype="<f4").reshape(t["shape"]).copy())
    return found


def of_nnc(lines, nnc, archive, data, work):
    """The loss of each step, and the weights before the first."""
    (work / "model.nn").write_text(MODEL % lines)
    subprocess.run([nnc, work / "model.nn", "-o", work / "model.c"], check=True)
    runtime = Path(__file__).resolve().parent.parent.parent / "runtime"
    subprocess.run(["gcc", "-std=gnu11", "-O3", "-march=native", f"-I{runtime}", f"-I{work}", work / "model.c", archive, "-lopenblas", "-lpng", "-ljpeg", "-lz", "-lm",
                    "-lpthread", "-o", work / "model"], check=True)
    run = [work / "model", "train", "--no-shuffle", "--quiet", "--data", data]
    subprocess.run([*run, "--epochs", "0", "--save", work / "first.safetensors"], check=True)
    (work / "log.csv").unlink(missing_ok=True)
    more = ["--iterations", "20", "--line-search", "25"] if "lbfgs" in lines else []
    subprocess.run([*run, *more, "--log", work / "log.csv", "--log-every", "1"], check=False)
    with open(work / "log.csv") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file) if row["what"] == "step"]
    return losses, tensors(work / "first.safetensors")


def of_torch(make, weights, images, labels):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    net.load_state_dict({"0.weight": weights["linear.w"], "0.bias": weights["linear.b"], "2.weight": weights["linear_2.w"],
                         "2.bias": weights["linear_2.b"]})
    optimizers, losses = make(net), []
    for _ in range(EPOCHS):
        for first in range(0, len(labels), BATCH):
            x, t = images[first:first + BATCH], labels[first:first + BATCH]
            def closure():
                net.zero_grad()
                loss = nn.functional.cross_entropy(net(x), t)
                loss.backward()
                return loss
            if isinstance(optimizers[0], O.LBFGS):
                loss = optimizers[0].step(closure)
            else:
                loss = closure()
                for optimizer in optimizers:
                    optimizer.step()
            losses.append(float(loss.detach()))
            if not math.isfinite(losses[-1]):
                return losses[:-1]
    return losses


def means(losses):
    return [float(np.mean(losses[k:k + MEAN])) for k in range(0, len(losses) - MEAN + 1, MEAN)]


def panel(x, y, name, ours, theirs, steps):
    """One optimizer: the losses on a logarithmic scale, 0.2 to 5."""
    width, height = 190, 110
    def place(k, v):
        v = min(max(v, 0.2), 5)
        return f"{x + k*MEAN/steps*width:.1f},{y + height*(1 - math.log(v/0.2)/math.log(25)):.1f}"
    def curve(values, css):
        return f'<polyline class="{css}" points="{" ".join(place(k + 0.5, v) for k, v in enumerate(values))}"/>'
    text = [f'<rect class="frame" x="{x}" y="{y}" width="{width}" height="{height}"/>']
    for v in (0.3, 1, 3):
        at = y + height*(1 - math.log(v/0.2)/math.log(25))
        text.append(f'<line class="grid" x1="{x}" x2="{x + width}" y1="{at:.1f}" y2="{at:.1f}"/>')
        text.append(f'<text class="small" x="{x - 4}" y="{at + 3:.1f}" text-anchor="end">{v}</text>')
    if theirs:
        text.append(curve(theirs, "torch"))
    text.append(curve(ours, "nnc"))
    text.append(f'<text x="{x + width - 6}" y="{y + 15}" text-anchor="end">{name}</text>')
    last = f"{ours[-1]:.3f}" + (f" | {theirs[-1]:.3f}" if theirs else "")
    text.append(f'<text class="small" x="{x + width - 6}" y="{y + 29}" text-anchor="end">{last}</text>')
    return text


def draw(curves, steps):
    columns = 4
    rows = (len(curves) + columns - 1)//columns
    width, height = 40 + columns*225, 70 + rows*140
    text = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
            "<style>.frame{fill:#fff;stroke:#999}.grid{stroke:#e4e4e4}.small{font-size:10px;fill:#555}"
            ".nnc{fill:none;stroke:#1f5fa8;stroke-width:1.6}.torch{fill:none;stroke:#f0a030;stroke-width:4}</style>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            '<text x="40" y="24">Loss over two epochs of Fashion-MNIST, every optimizer at its defaults, from the same weights</text>',
            '<line class="nnc" x1="40" x2="70" y1="42" y2="42"/><text class="small" x="76" y="46">nnc</text>',
            '<line class="torch" x1="116" x2="146" y1="42" y2="42"/><text class="small" x="152" y="46">PyTorch '
            f'{torch.__version__.split("+")[0]}; in the corner the mean of the last {MEAN} steps. Where the two '
            'part, rounding was magnified: in float64 all are the same, lbfgs for its first 60 updates.</text>']
    for k, (name, ours, theirs) in enumerate(curves):
        text += panel(44 + k % columns*225, 64 + k//columns*140, name, ours, theirs, steps)
    return "\n".join(text) + "\n</svg>\n"


def main():
    nnc, archive = (str(Path(p).resolve()) for p in sys.argv[1:3])
    data = Path(sys.argv[3] if len(sys.argv) > 3 else "/usr/share/datasets/fashion-mnist")
    pixels = np.frombuffer(gzip.open(data/"train-images-idx3-ubyte.gz").read()[16:], dtype=np.uint8).reshape(-1, 784)
    images = torch.tensor(pixels.astype(np.float32)/255)
    labels = torch.tensor(np.frombuffer(gzip.open(data/"train-labels-idx1-ubyte.gz").read()[8:], dtype=np.uint8).astype(np.int64))
    steps = EPOCHS*((len(labels) + BATCH - 1)//BATCH)
    curves = []
    for name, lines, make in OPTIMIZERS:
        with tempfile.TemporaryDirectory() as work:
            losses, weights = of_nnc(lines, nnc, archive, data, Path(work))
        ours = means(losses)
        theirs = means(of_torch(make, weights, images, labels)) if make else None
        apart = max(abs(a - b) for a, b in zip(ours, theirs)) if theirs else math.nan
        print(f"{name:20} {ours[-1]:.4f} {theirs[-1] if theirs else math.nan:.4f}  largest difference {apart:.4f}", flush=True)
        curves.append((name, ours, theirs))
    (DOCS / "optimizers.svg").write_text(draw(curves, steps))


main()
