"""What the Python sides of the benchmark share; side.h is the same in C, and says what goes in and out and how weights and
data are made.

    serve(check, step, finish)    prints the check, then times `step` for each line read; `finish` waits for the last one"""
import sys
import time

import numpy as np

BATCH = {"line": 100, "perceptron": 64, "colour": 64, "colour_of_four": 4, "grey": 64, "residual": 64}
SHAPE = {"line": (), "perceptron": (784,), "colour": (3, 32, 32), "colour_of_four": (3, 32, 32), "grey": (1, 28, 28), "residual": (3, 32, 32)}


def uniform(n, p):
    i = np.arange(n, dtype=np.uint32)
    with np.errstate(over="ignore"):
        h = (i + np.uint32(1))*np.uint32(2654435761) + np.uint32((p + 1)*2246822519 & 0xffffffff)
        h ^= h >> np.uint32(16)
        h *= np.uint32(2246822507)
        h ^= h >> np.uint32(13)
    return (h >> np.uint32(8)).astype(np.float64)/16777216.0


def weights(shape, p):
    n = int(np.prod(shape))
    return ((2*uniform(n, p) - 1)/np.sqrt(n/shape[0])).astype(np.float32).reshape(shape)


def data(workload):
    """The inputs, and the targets: real for the line, else classes."""
    batch, shape = BATCH[workload], SHAPE[workload]
    x = uniform(batch*int(np.prod(shape)), 1000).astype(np.float32).reshape(batch, *shape)
    t = uniform(batch, 1001)
    return x, t.astype(np.float32) if workload == "line" else (t*10).astype(np.int64)


def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def serve(check, step, finish=lambda: None):
    print(f"check {check:.9g}", flush=True)

    def window(steps):
        begin = time.perf_counter()
        for _ in range(steps):
            step()
        finish()
        return time.perf_counter() - begin

    steps = 1
    for line in sys.stdin:
        while (took := window(steps)) < 0.01:
            steps = 2*steps if took < 0.005 else steps + steps//4 + 1
        times, start = [], time.perf_counter()
        while not times or time.perf_counter() - start < float(line):
            times.append(window(steps)/steps)
        print(f"us {float(np.median(times))*1e6:.6g}", flush=True)
    print(f"rss {resident()}", flush=True)
