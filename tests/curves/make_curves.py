#!/usr/bin/env python3
"""Makes the reference curves: PyTorch's losses of the first 100 steps of each model, in float64 and float32.

    python3 tests/curves/make_curves.py        (needs torch and numpy)

curves.c runs the generated programs from the same weights over the same batches. Both sides use these formulas:

  weights   element i (row-major, from 0) of parameter p (in the order of the model, from 0), with 32-bit arithmetic:
                h = (i + 1)*2654435761 + (p + 1)*2246822519 + choice*40503
                h ^= h >> 16;  h *= 2246822507;  h ^= h >> 13
                value = (2*(h >> 8)/2^24 - 1) / sqrt(fan)
            fan: the product of all extents but the first; for a parameter of rank 1, that of the parameter before it
  batches   sample s of step k is number (batch*k + s) mod 1200 of models/data/fashion-mnist-small
  3x32x32   channel c, row i, column j is pixel (i-2-c, j-2-c) of the grey image, 0 outside of it
  linear    all of models/data/linear.csv in each step

`choice` is a number of each model, chosen so that the float curve says something: where an activation of some sample
comes within a rounding error of 0, its unit is on in one computation and off in another, and Adam makes the most of
such a difference. With most choices PyTorch's float32 leaves its own float64 by 1e-3 to 1e-2 within 100 steps of the
convolutional models; with these it does so for none of eight runs whose weights differ in the last bit.

For the same reason the largest model takes batches of 16: a quarter of the chances.

A file holds the choice and the batch; for each step, the loss in float64 and in float32; then for each parameter after the last step its name,
and its sum and sum of squares in float64 and in float32.
"""
import csv
import gzip
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).resolve().parent
DATA = HERE.parent.parent / "models" / "data"
STEPS = 100


def images():
    raw = gzip.open(DATA / "fashion-mnist-small" / "train-images-idx3-ubyte.gz").read()
    return np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)


def labels():
    raw = gzip.open(DATA / "fashion-mnist-small" / "train-labels-idx1-ubyte.gz").read()
    return np.frombuffer(raw, np.uint8, offset=8).astype(np.int64)


def colour(grey):
    result = np.zeros((len(grey), 3, 32, 32), np.uint8)
    for c in range(3):
        result[:, c, 2 + c:30 + c, 2 + c:30 + c] = grey
    return result


def value(p, count, fan, choice):
    mask = np.uint64(0xFFFFFFFF)
    h = (np.arange(1, count + 1, dtype=np.uint64) * np.uint64(2654435761) + np.uint64((p + 1) * 2246822519 + choice * 40503)) & mask
    h ^= h >> np.uint64(16)
    h = (h * np.uint64(2246822507)) & mask
    h ^= h >> np.uint64(13)
    return (2 * ((h >> np.uint64(8)).astype(np.float64) / 2**24) - 1) / np.sqrt(np.float64(fan))


def fill(net, choice):
    fan = 1
    with torch.no_grad():
        for p, w in enumerate(net.parameters()):
            if w.dim() > 1:
                fan = int(np.prod(w.shape[1:]))
            w.copy_(torch.from_numpy(value(p, w.numel(), fan, choice)).reshape(w.shape))


def lenet():
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def cnn():
    return nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def linear_regression():
    return nn.Linear(1, 1)


CHOICE = {"linear_regression": 0, "mlp": 0, "lenet": 9, "cnn": 2}
BATCH = {"linear_regression": 100, "mlp": 64, "lenet": 64, "cnn": 16}
NAMES = {
    "linear_regression": ["linear.w", "linear.b"],
    "mlp": ["linear.w", "linear.b", "linear_2.w", "linear_2.b"],
    "lenet": ["conv2d.f", "conv2d.b", "conv2d_2.f", "conv2d_2.b",
              "linear.w", "linear.b", "linear_2.w", "linear_2.b", "linear_3.w", "linear_3.b"],
}
NAMES["cnn"] = NAMES["lenet"]


def run(name, make, dtype):
    torch.manual_seed(0)
    net = make().to(dtype)
    fill(net, CHOICE[name])
    if name == "linear_regression":
        rows = list(csv.reader(open(DATA / "linear.csv")))[1:]
        x = torch.tensor([[float(r[0])] for r in rows], dtype=dtype)
        y = torch.tensor([[float(r[1])] for r in rows], dtype=dtype)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    else:
        x = images()
        x = colour(x) if name == "cnn" else x[:, None]
        x = torch.from_numpy(x.copy()).to(dtype) / 255
        y = torch.from_numpy(labels())
        optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
    losses = []
    for step in range(STEPS):
        if name == "linear_regression":
            loss = nn.functional.mse_loss(net(x), y)
        else:
            take = (torch.arange(BATCH[name]) + BATCH[name] * step) % len(x)
            loss = nn.functional.cross_entropy(net(x[take]), y[take])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    sums = [(w.detach().double().sum().item(), (w.detach().double()**2).sum().item()) for w in net.parameters()]
    return losses, sums


def main():
    torch.set_num_threads(1)
    for name, make in ("linear_regression", linear_regression), ("mlp", mlp), ("lenet", lenet), ("cnn", cnn):
        wide, wide_sums = run(name, make, torch.float64)
        narrow, narrow_sums = run(name, make, torch.float32)
        with open(HERE / f"{name}.txt", "w") as file:
            file.write(f"# {name}: PyTorch {torch.__version__.split('+')[0]}, made by make_curves.py\n")
            file.write(f"choice {CHOICE[name]}\nbatch {BATCH[name]}\n")
            for step, (a, b) in enumerate(zip(wide, narrow)):
                file.write(f"loss {step} {a:.17g} {b:.17g}\n")
            for parameter, a, b in zip(NAMES[name], wide_sums, narrow_sums):
                file.write(f"param {parameter} {a[0]:.17g} {a[1]:.17g} {b[0]:.17g} {b[1]:.17g}\n")
        print(name, wide[0], wide[-1], narrow[-1])


main()
