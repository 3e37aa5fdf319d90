"""What the Python sides of the benchmark share; side.h is the same in C, and says what goes in and out and how weights and
data are made.

    serve(check, step, finish)    prints the check, then times `step` for each line read; `finish` waits for the last one"""
import sys
import time

import numpy as np

BATCH = {"line": 100, "perceptron": 64, "colour": 64, "colour_of_four": 4, "grey": 64, "residual": 64, "regions": 4, "sentences": 32, "letters": 32,
         "gpt": 16, "large": 4}
SHAPE = {"line": (), "perceptron": (784,), "colour": (3, 32, 32), "colour_of_four": (3, 32, 32), "grey": (1, 28, 28), "residual": (3, 32, 32),
         "regions": (1, 128, 128), "sentences": (24,), "letters": (64,), "gpt": (128,), "large": (64,)}
TOKENS = {"sentences": 4000, "letters": 65, "gpt": 65, "large": 50257}      # of which inputs and targets are: as many of one as of the other
STEPS = {"large": 4}        # before the check; 20 of the others


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
    """The inputs, and the targets: real for the line, else classes, as many as the network gives."""
    batch, shape = BATCH[workload], SHAPE[workload]
    drawn = lambda which, shape: uniform(batch*int(np.prod(shape)), which).reshape(batch, *shape)
    if workload in TOKENS:
        found = [(drawn(1000 + k, shape)*TOKENS[workload]).astype(np.int64) for k in (0, 1)]
        if workload == "sentences":
            for k, tokens in enumerate(found):
                tokens[np.arange(shape[0]) >= shape[0]//2 + 1 + (drawn(1002 + k, (1,))*(shape[0]//2)).astype(np.int64)] = 0
        return found
    x = drawn(1000, shape).astype(np.float32)
    if workload == "line":
        return x, drawn(1001, ()).astype(np.float32)
    return x, (drawn(1001, shape)*2 if workload == "regions" else drawn(1001, ())*10).astype(np.int64)


def sentences_of(file, S, T):
    """The words of a file as sides.py writes it, of which the first S and T of each row count."""
    both = np.fromfile(file, np.int32).reshape(2, BATCH["sentences"], -1).astype(np.int64)
    return both[0, :, :S].copy(), both[1, :, :T].copy()


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
