#!/usr/bin/env python3
"""Writes models.nn and values.txt: what PyTorch's weight averages and ReduceLROnPlateau do, step by step, in float64.

Each model is followed as a script of lines that epochs.c performs on the generated program and compares:

    model NAME      a fresh instance
    set PATH V..    a parameter              near PATH V..    a parameter, average or state must be this
    step N V..      gradients and update     loss L N V..     what evaluate gives for N samples
    begin           reset                    average, epoch   the end of an epoch, before its evaluation and after it
"""
import math, random
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.set_default_dtype(torch.float64)
torch.manual_seed(1)
random.seed(1)
models, values = [], []
flat = lambda t: " ".join(repr(round(v, 13) if v == round(v, 13) else v) for v in t.detach().reshape(-1).tolist())

def net():
    n = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    for p in n.parameters(): p.data = (p.data * 1000).round() / 1000
    return n

PATHS = ["linear.w", "linear.b", "linear_2.w", "linear_2.b"]

def batch(n=4):
    return (torch.randn(n, 3) * 100).round() / 100, (torch.randn(n) * 100).round() / 100

def data(x, t): return f"{len(t)} {flat(x)} {flat(t)}"

def averages(name, lines, make, optimizer, each_epoch, copies=(), epochs=4, steps=5):
    """`make(net)` gives PyTorch's averages; copies: parameters whose average is the weight itself."""
    models.append(f"model {name} {{\n    input x[3]; target t\n    y = x |> linear(4) |> tanh |> linear(1)\n    output y\n"
                  f"    loss (y[0] - t)^2\n    {lines}\n    train batch=4\n}}")
    weights = net()
    averaged, opt = make(weights), optimizer(weights.parameters())
    values.append(f"model {name}")
    for path, p in zip(PATHS, weights.parameters()): values.append(f"set {path} {flat(p)}")
    tx, tt = batch()
    def compare():
        for path, p, a in zip(PATHS, weights.parameters(), averaged.module.parameters()):
            values.append(f"near {path} {flat(p)}")
            values.append(f"near average.{path} {flat(p if path in copies else a)}")
    for epoch in range(epochs):
        for _ in range(steps):
            x, t = batch()
            opt.zero_grad()
            ((weights(x)[:, 0] - t)**2).mean().backward()
            opt.step()
            values.append("step " + data(x, t))
            if not each_epoch:
                averaged.update_parameters(weights)
                compare()
        if each_epoch:
            averaged.update_parameters(weights)
            values.append("average")
            compare()
        predicts = averaged.module
        if not copies: values.append(f"loss {((predicts(tx)[:, 0] - tt)**2).mean().item()!r} {data(tx, tt)}")
        values.append("epoch")

ema = lambda keep: lambda n: AveragedModel(n, multi_avg_fn=get_ema_multi_avg_fn(keep))
adam = lambda p: torch.optim.Adam(p, lr=0.01)
sgd = lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9)
averages("ema_each_step", "optimizer adam(lr=0.01)\n    average * = ema(a, w, n, keep=0.9)", ema(0.9), adam, False)
averages("swa_each_step", "optimizer sgd(lr=0.05, momentum=0.9)\n    average * = swa(a, w, n)", AveragedModel, sgd, False)
averages("swa_each_epoch", "optimizer sgd(lr=0.05, momentum=0.9)\n    average * = swa(a, w, n) each epoch", AveragedModel, sgd, True)
averages("ema_each_epoch", "optimizer adam(lr=0.01)\n    average * = ema(a, w, n, 0.6) each epoch", ema(0.6), adam, True)
averages("ema_of_weights", "optimizer adam(lr=0.01)\n    average *[R, C] = ema(a, w, n, 0.8)", ema(0.8), adam, False,
         copies=["linear.b", "linear_2.b"])

def plateau(name, call, metrics, lr=0.5, **options):
    """The loss has the slope 1 in p, so a step of sgd shows the rate. The metric of an epoch is what the input says."""
    models.append(f"model {name} {{\n    input x\n    param p = 0\n    output p\n    loss p + 0*x\n    metric error = x\n"
                  f"    optimizer sgd(lr={call})\n    train batch=4\n}}")
    p = torch.zeros(1, requires_grad=True)
    opt = torch.optim.SGD([p], lr=lr)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, **options)
    values.append(f"model {name}")
    for m in metrics:
        p.grad = torch.ones(1)
        opt.step()
        values.append("step 1 0")
        values.append(f"near p {flat(p)}")
        x = [m - 0.25, m + 0.25, m]                                 # over two calls: the metric is of the whole pass
        values.extend(["begin", f"loss nan 2 {x[0]!r} {x[1]!r}", f"loss nan 1 {x[2]!r}", "epoch"])
        schedule.step((x[0] + x[1] + x[2]) / 3)
        values.append(f"near optimizer.error {(x[0] + x[1] + x[2]) / 3!r}")

def walk(n, drift):
    m, all = 2.0, []
    for _ in range(n):
        m += drift + random.uniform(-0.3, 0.3)
        all.append(round(m*64)/64)
    return all

down, up = walk(40, -0.02), walk(40, 0.02)
flat_curve = [1.0] * 30
plateau("plateau_default", "plateau(0.5, error)", flat_curve)
plateau("plateau_patient", "plateau(0.5, error, patience=2)", down, patience=2)
plateau("plateau_max", "plateau(0.5, error, factor=0.5, patience=1, better=more_by_part)", up, mode="max", factor=0.5, patience=1)
plateau("plateau_abs", "plateau(0.5, error, factor=0.3, patience=2, threshold=0.1, better=less_by)", down, factor=0.3, patience=2,
        threshold=0.1, threshold_mode="abs")
plateau("plateau_max_abs", "plateau(lr=0.5, measure=error, factor=0.7, patience=0, threshold=0.05, better=more_by)", up, mode="max",
        factor=0.7, patience=0, threshold=0.05, threshold_mode="abs")
plateau("plateau_cooldown", "plateau(0.5, error, patience=1, cooldown=3, low=0.02, factor=0.4)", down, patience=1, cooldown=3, min_lr=0.02,
        factor=0.4)
plateau("plateau_small", "plateau(0.5, error, patience=0, eps=0.04, factor=0.5, threshold=0.2)", flat_curve[:12], patience=0, eps=0.04, factor=0.5,
        threshold=0.2)

def two_lines(name, metrics):
    """The same schedule in two lines, one of them inside a user's own optimizer, for three parameters."""
    models.append(f"""fn own(g[..], w[..], measure) -> next[..] {{ next = g |> sgd(w, lr=plateau(0.25, measure, patience=3)) }}
model {name} {{
    input x
    param p = 0, q[2] = 0, r = 0
    output p
    loss p + sum(q) + r + 0*x
    metric error = x
    rate = plateau(1, error, patience=0)
    update *    = g |> sgd(w, lr=plateau(0.5, error, patience=1))
    update q, r = g |> own(w, error)
    update r    = g |> sgd(w, lr=rate*where(error < 1.5, 2, 1))
    train batch=4
}}""")
    values.append(f"model {name}")
    all = [torch.zeros(1, requires_grad=True) for _ in range(3)]
    opts = [torch.optim.SGD([p], lr=lr) for p, lr in zip(all, (0.5, 0.25, 1))]
    schedules = [torch.optim.lr_scheduler.ReduceLROnPlateau(o, patience=k) for o, k in zip(opts, (1, 3, 0))]
    last = math.nan
    for m in metrics:
        rate = opts[2].param_groups[0]["lr"]
        opts[2].param_groups[0]["lr"] = rate*(2 if last < 1.5 else 1)
        for p, o in zip(all, opts):
            p.grad = torch.ones(1)
            o.step()
        opts[2].param_groups[0]["lr"] = rate
        p, q, r = (flat(v) for v in all)
        values.extend(["step 1 0", f"near p {p}", f"near q {q} {q}", f"near r {r}", "begin", f"loss nan 1 {m!r}", "epoch"])
        for schedule in schedules: schedule.step(m)
        last = m

two_lines("plateau_twice", down[:20])

open("models.nn", "w").write("# Written by values.py.\n" + "\n".join(models) + "\n")
open("values.txt", "w").write("\n".join(values) + "\n")
