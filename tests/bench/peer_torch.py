"""PyTorch's side of the workloads: the same weights and data as work.c, the same lines of output.

    python3 peer_torch.py WORKLOAD eager|compile THREADS SECONDS"""
import resource
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

workload, mode, threads, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
torch.set_num_threads(threads)


def uniform(n, p):
    i = np.arange(n, dtype=np.uint32)
    with np.errstate(over="ignore"):
        h = (i + np.uint32(1))*np.uint32(2654435761) + np.uint32((p + 1)*2246822519 & 0xffffffff)
        h ^= h >> np.uint32(16)
        h *= np.uint32(2246822507)
        h ^= h >> np.uint32(13)
    return (h >> np.uint32(8)).astype(np.float64)/16777216.0


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.tensor(0.5)), nn.Parameter(torch.tensor(0.0))

    def forward(self, x):
        return self.w*x + self.b


def two_windows(channels, pad, first):
    return nn.Sequential(nn.Conv2d(channels, 6, 5, padding=pad), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                         nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


class Basic(nn.Module):
    def __init__(self, c, out, stride):
        super().__init__()
        self.a, self.an = nn.Conv2d(c, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.b, self.bn = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.p = None
        if c != out or stride != 1:
            self.p, self.pn = nn.Conv2d(c, out, 1, stride, bias=False), nn.BatchNorm2d(out)

    def forward(self, x):
        y = self.bn(self.b(F.relu(self.an(self.a(x)))))
        return F.relu(y + (self.pn(self.p(x)) if self.p else x))


def residual():
    blocks = [Basic(16, 16, 1) for _ in range(3)] + [Basic(16, 32, 2)] + [Basic(32, 32, 1) for _ in range(2)]
    blocks += [Basic(32, 64, 2)] + [Basic(64, 64, 1) for _ in range(2)]
    return nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(64, 10))


adam, sgd = torch.optim.Adam, torch.optim.SGD
batch, shape, net, make = {
    "line": (100, (), Line, lambda p: sgd(p, lr=0.001)),
    "perceptron": (64, (784,), lambda: nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)), lambda p: adam(p, lr=0.001)),
    "colour": (64, (3, 32, 32), lambda: two_windows(3, 0, 3), lambda p: adam(p, lr=0.001)),
    "colour_of_four": (4, (3, 32, 32), lambda: two_windows(3, 0, 3), lambda p: adam(p, lr=0.001)),
    "grey": (64, (1, 28, 28), lambda: two_windows(1, 2, 1), lambda p: sgd(p, lr=0.01, momentum=0.9)),
    "residual": (64, (3, 32, 32), residual, lambda p: sgd(p, lr=0.1, momentum=0.9, weight_decay=1e-4)),
}[workload]
net = net()
for p, w in enumerate(net.parameters()):
    with torch.no_grad():
        if w.ndim > 1:
            values = (2*uniform(w.numel(), p) - 1)/np.sqrt(w.numel()/w.shape[0])
            w.copy_(torch.tensor(values.astype(np.float32)).reshape(w.shape))
        elif w.ndim == 1 and not w.detach().eq(1).all():
            w.zero_()
x = torch.tensor(uniform(batch*int(np.prod(shape)), 1000).astype(np.float32)).reshape(batch, *shape)
t = uniform(batch, 1001)
t = torch.tensor(t.astype(np.float32)) if workload == "line" else torch.tensor((t*10).astype(np.int64))
measure = F.mse_loss if workload == "line" else F.cross_entropy
optimizer = make(net.parameters())
run = torch.compile(net) if mode == "compile" else net


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = measure(run(x), t)
    loss.backward()
    optimizer.step()
    return loss


for _ in range(20):
    loss = step()
print(f"loss {loss.item():.9g}")
times, start = [], time.perf_counter()
while len(times) < 5 or time.perf_counter() - start < seconds:
    begin = time.perf_counter()
    count = 0
    while count == 0 or time.perf_counter() - begin < 0.01:
        step()
        count += 1
    times.append((time.perf_counter() - begin)/count)
print(f"us {float(np.median(times))*1e6:.6g}")
print(f"rss {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}")
