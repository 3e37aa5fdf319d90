"""PyTorch's side of the workloads; side.py says what goes in and out.

    python3 peer_torch.py WORKLOAD eager|compile THREADS [first]

With `first` it ends after one step. The optimizers are the fused ones, PyTorch's fastest on a CPU."""
import sys
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from side import data, serve, weights

workload, mode, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.set_num_threads(threads)


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.tensor(0.5)), nn.Parameter(torch.tensor(0.0))

    def forward(self, x):
        return self.w*x + self.b


def two_windows(channels, pad):
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


adam, sgd = partial(torch.optim.Adam, fused=True), partial(torch.optim.SGD, fused=True)
net, make = {
    "line": (Line, lambda p: sgd(p, lr=0.001)),
    "perceptron": (lambda: nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)), lambda p: adam(p, lr=0.001)),
    "colour": (lambda: two_windows(3, 0), lambda p: adam(p, lr=0.001)),
    "colour_of_four": (lambda: two_windows(3, 0), lambda p: adam(p, lr=0.001)),
    "grey": (lambda: two_windows(1, 2), lambda p: sgd(p, lr=0.01, momentum=0.9)),
    "residual": (residual, lambda p: sgd(p, lr=0.1, momentum=0.9, weight_decay=1e-4)),
}[workload]
net = net()
for p, w in enumerate(net.parameters()):
    with torch.no_grad():
        if w.ndim > 1:
            w.copy_(torch.from_numpy(weights(tuple(w.shape), p)))
        elif w.ndim == 1 and not w.detach().eq(1).all():
            w.zero_()
x, t = map(torch.from_numpy, data(workload))
measure = F.mse_loss if workload == "line" else F.cross_entropy
optimizer = make(net.parameters())
run = torch.compile(lambda x, t: measure(net(x), t)) if mode == "compile" else lambda x, t: measure(net(x), t)


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = run(x, t)
    loss.backward()
    optimizer.step()
    return loss


if sys.argv[-1] == "first":
    print(f"loss {step().item():.9g}")
else:
    for _ in range(20):
        loss = step()
    serve(loss.item(), step)
