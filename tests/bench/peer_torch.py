"""PyTorch's side of the workloads; side.py says what goes in and out, nets_torch.py has the networks.

    python3 peer_torch.py WORKLOAD eager|compile THREADS [first | FILE S T]

With `first` it ends after one step; of a FILE of sentences S and T words of each count. The optimizers are the fused ones, PyTorch's fastest on a CPU."""
import sys
from functools import partial

import torch
import torch.nn.functional as F

from nets_torch import NETS, in_order
from side import STEPS, data, sentences_of, serve, weights

workload, mode, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.set_num_threads(threads)


def dice(p, t):
    both, area = (p*t).sum((1, 2, 3)), (p + t).sum((1, 2, 3))
    return (1 - (2*both + 1)/(area + 1)).mean()


adam, sgd = partial(torch.optim.Adam, fused=True), partial(torch.optim.SGD, fused=True)
adamw = partial(torch.optim.AdamW, fused=True, lr=0.001, weight_decay=0.1)
OPTIMIZERS = {"line": partial(sgd, lr=0.001), "grey": partial(sgd, lr=0.01, momentum=0.9), "residual": partial(sgd, lr=0.1, momentum=0.9, weight_decay=1e-4),
              "regions": partial(sgd, lr=0.1, momentum=0.9), "gpt": adamw, "large": adamw}
LOSSES = {"line": F.mse_loss, "regions": dice, "sentences": partial(F.cross_entropy, ignore_index=0)}

net = NETS[workload]()
with torch.no_grad():
    for p, w in enumerate(in_order(net)):
        if w.ndim > 1:
            w.copy_(torch.from_numpy(weights(tuple(w.shape), p)))
        elif w.ndim == 1 and not w.eq(1).all():
            w.zero_()
x, t = map(torch.from_numpy, data(workload) if len(sys.argv) < 6 else sentences_of(sys.argv[4], *map(int, sys.argv[5:])))
optimizer = OPTIMIZERS.get(workload, partial(adam, lr=0.001))(net.parameters())
measure, given = LOSSES.get(workload, F.cross_entropy), (x, t) if workload == "sentences" else (x,)


def forward():
    return measure(net(*given), t)


run = torch.compile(forward) if mode == "compile" else forward


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = run()
    loss.backward()
    optimizer.step()
    return loss


if sys.argv[-1] == "first":
    print(f"loss {step().item():.9g}")
else:
    for _ in range(STEPS.get(workload, 20)):
        loss = step()
    serve(loss.item(), step)
