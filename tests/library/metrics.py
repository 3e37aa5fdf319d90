"""Metrics over passes of several batches, the last one smaller; formulas are those of torchmetrics and sklearn."""
from cases import *

begin("metrics")


def metric(entry, calls, inputs, values, body="", types={}, **kw):
    """calls: one metric line each; y is x + p, so that there is something to train."""
    inputs = {k: torch.as_tensor(v) for k, v in inputs.items()}
    p = torch.zeros(inputs["x"].shape[1:])
    text = "; ".join(["y = x + p"] + ([body] if body else []) + [f"metric m{i} = {c}" for i, c in enumerate(calls)] + ["loss mean(y^2)"])
    measured(entry, ", ".join(calls), text, inputs, values, params={"p": p}, types=types, **kw)


def ratio(right, counted):
    return right[counted].double().mean()


def rank(z, t, k):
    own = z.gather(1, t.clamp(0, z.shape[1] - 1)[:, None])
    return (z > own).sum(1) < k


# ---- classes ----

for places, C, most in (((), 6, 4), ((3,), 4, 3), ((2, 2), 3, 10)):
    z, t = real(10, C, *places), classes(C, 10, *places)
    holes = torch.where(torch.tensor(draws.rand(*t.shape)) < 0.3, torch.tensor(255), t)
    holes.view(-1)[0] = 1
    T, all_ = {"t": f"class[{C}]"}, torch.ones_like(t) > 0
    metric("accuracy", ["accuracy(y, t)"], {"x": z, "t": t}, [ratio(z.argmax(1) == t, all_)], types=T, most=most)
    metric("accuracy", ["accuracy(y, t, ignore=255)"], {"x": z, "t": holes}, [ratio(z.argmax(1) == holes, holes != 255)], most=most)
    metric("accuracy", ["accuracy(y, t, ignore=2)"], {"x": z, "t": t}, [ratio(z.argmax(1) == t, t != 2)], types=T, most=most)
    metric("top", [f"top(y, t, {k})" for k in (1, 2, 3)], {"x": z, "t": t}, [ratio(rank(z, t, k), all_) for k in (1, 2, 3)], types=T, most=most)
    metric("top", [f"top(y, t, {k}, ignore=255)" for k in (1, 2)], {"x": z, "t": holes}, [ratio(rank(z, holes, k), holes != 255) for k in (1, 2)], most=most)
    metric("perplexity", ["perplexity(y, t)"], {"x": z, "t": t}, [F.cross_entropy(z, t).exp()], types=T, most=most)
    metric("perplexity", ["perplexity(y, t, ignore=255)"], {"x": z, "t": holes}, [F.cross_entropy(z, holes, ignore_index=255).exp()], most=most)
# Nothing counts; and a batch of which nothing counts.
z = real(4, 3)
metric("accuracy", ["accuracy(y, t)", "top(y, t, 2)", "perplexity(y, t)"], {"x": z, "t": torch.full((4,), -100)}, [math.nan]*3)
z, t = real(6, 3), torch.tensor([0, 1, -100, -100, -100, 2])
metric("accuracy", ["accuracy(y, t)", "perplexity(y, t)"], {"x": z, "t": t}, [ratio(z.argmax(1) == t, t >= 0), F.cross_entropy(z, t).exp()], most=2)
# Equal numbers: the first class is the answer.
z = torch.tensor([[1.0, 1, 0], [0, 2, 2], [3, 3, 3]])
metric("accuracy", ["accuracy(y, t)"], {"x": z, "t": torch.tensor([0, 2, 0])}, [2/3], types={"t": "class[3]"}, most=2)


def table(called, t, C):
    m = torch.zeros(C, C)
    for a, b in zip(t.reshape(-1), called.reshape(-1)):
        if 0 <= a < C:
            m[a, b] += 1
    return m


def by_class(m):
    """Precision, recall, F1 and IoU of each class; 0/0 is 0. Then which classes are there."""
    right, rows, columns = m.diagonal(), m.sum(1), m.sum(0)
    some = lambda a, b: torch.where(b > 0, a/b.clamp(min=1), torch.zeros_like(a))
    return {"precision": some(right, columns), "recall": some(right, rows), "f1": some(2*right, rows + columns), "iou": some(right, rows + columns - right)}, rows + columns > 0


for places, C, ignore, absent in (((), 3, None, None), ((4,), 4, None, 2), ((2, 2), 5, 255, None), ((), 4, 1, 3)):
    z, t = real(9, C, *places), classes(C, 9, *places)
    if absent is not None:                                      # a class that neither is nor is called
        t[t == absent] = 0
        z[:, absent] = -20
    if ignore == 255:
        t[torch.tensor(draws.rand(*t.shape)) < 0.3] = 255
    kept = t if ignore is None else torch.where(t == ignore, torch.tensor(-1), t)
    m = table(z.argmax(1), kept, C)
    scores, there = by_class(m)
    call = "m = confusion(y, t" + (f", ignore={ignore})" if ignore is not None else ")")
    T = {} if ignore == 255 else {"t": f"class[{C}]"}
    metric("confusion", [f"m[{i}, {j}]" for i in range(2) for j in range(3)], {"x": z, "t": t}, [m[i, j] for i in range(2) for j in range(3)], call, T)
    metric("confusion", [call[4:]], {"x": z, "t": t}, list(m.reshape(-1)), "", T)
    for name, values in scores.items():
        metric(name, [f"{name}(m, {c})" for c in range(C)], {"x": z, "t": t}, list(values), call, T)
    metric("macro", [f"macro(m, {name})" for name in scores], {"x": z, "t": t}, [v[there].mean() for v in scores.values()], call, T)
    support = m.sum(1)
    metric("by_support", [f"by_support(m, {name})" for name in scores], {"x": z, "t": t}, [(v*support).sum()/support.sum() for v in scores.values()], call, T)

# ---- yes or no ----

for shape, cut in (((), 0.5), ((3,), 0.5), ((2, 2), 0.3)):
    x, t = torch.tensor(numpy.round(draws.rand(10, *shape), 3)) + 0.0005, torch.tensor(draws.choice([0.0, 1], (10, *shape)))
    metric("binary_accuracy", [f"binary_accuracy(y, t, {cut})"], {"x": x, "t": t}, [((x > cut) == (t > 0.5)).double().mean()])
    m = table((x > cut).long(), t.long(), 2)
    scores, _ = by_class(m)
    metric("binary_confusion", ["m[0, 1]", "m[1, 0]"] + [f"{name}(m, 1)" for name in scores], {"x": x, "t": t},
           [m[0, 1], m[1, 0]] + [v[1] for v in scores.values()], f"m = binary_confusion(y, t, {cut})")
x = real(7, 3)
t = (real(7, 3) > 0).double()
metric("binary_accuracy", ["binary_accuracy(y, t, cut=0)"], {"x": x, "t": t}, [((x > 0) == (t > 0)).double().mean()])


def area(p, t, bins=None):
    """roc_auc_score: how often a yes is above a no."""
    p = p if bins is None else (p*bins).floor().clamp(max=bins - 1)
    a, b = p[t > 0.5], p[t < 0.5]
    return ((a[:, None] > b).double() + 0.5*(a[:, None] == b)).mean()


for shape, bins in (((), 50), ((3,), 10), ((2, 2), 1000)):
    x, t = torch.tensor(numpy.round(draws.rand(10, *shape), 3)) + 0.0005, torch.tensor(draws.choice([0.0, 1], (10, *shape)))
    x.view(-1)[2] = 1
    metric("auc", [f"auc(y, t, {bins})" if bins != 1000 else "auc(y, t)"], {"x": x, "t": t}, [area(x, t, bins)])
x, t = (torch.randperm(12)*0.01 + 0.055), torch.tensor([0.0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1])
metric("auc", ["auc(y, t)"], {"x": x, "t": t}, [area(x, t)], most=5)
metric("auc", ["auc(y, t)"], {"x": torch.linspace(0.1, 0.9, 6), "t": torch.tensor([0.0, 0, 0, 1, 1, 1])}, [1.0])
metric("auc", ["auc(y, t)"], {"x": torch.linspace(0.1, 0.9, 6), "t": torch.ones(6)}, [math.nan])

# ---- numbers ----

for shape, most in (((), 4), ((5,), 3), ((2, 3), 10)):
    y, t, k = real(10, *shape), real(10, *shape), torch.tensor(numpy.round(draws.rand(10, *shape), 3))
    k[2:4] = 0
    metric("mae", ["mae(y, t)"], {"x": y, "t": t}, [F.l1_loss(y, t)], most=most)
    metric("mse", ["mse(y, t)", "l1(y, t)"], {"x": y, "t": t}, [F.mse_loss(y, t), F.l1_loss(y, t)], most=most)
    metric("rmse", ["rmse(y, t)"], {"x": y, "t": t}, [F.mse_loss(y, t).sqrt()], most=most)
    metric("average_by", ["average_by(mse(y, t, reduce=identity), k)", "average_by(abs(y-t), k)"], {"x": y, "t": t, "k": k},
           [F.mse_loss(y, t, weight=k), F.l1_loss(y, t, weight=k)], most=most)
    metric("r2", ["r2(y, t)"], {"x": y, "t": t}, [(1 - ((y - t)**2).sum(0)/((t - t.mean(0))**2).sum(0)).mean()], most=most)
y = real(9, 2) + 100
t = y + real(9, 2, scale=0.3)
metric("r2", ["r2(y, t)"], {"x": y, "t": t}, [(1 - ((y - t)**2).sum(0)/((t - t.mean(0))**2).sum(0)).mean()], tolerance=1e-9, float_tolerance=1e-4)

end()
