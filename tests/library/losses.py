"""Losses: y is x + p, so that the gradient of each is seen; `ways` says which reductions are compared."""
from cases import *

begin("losses")
MEAN, SUM, NONE = "mean", "sum", "none"
ACT = {"": lambda x: x, "sigmoid": torch.sigmoid, "softmax": lambda x: F.softmax(x, -1), "log_softmax": lambda x: F.log_softmax(x, -1),
       "softplus": F.softplus, "tanh": torch.tanh}


def written(way, call):
    """The loss line of a reduction; `call` ends with a bracket."""
    if way == MEAN:
        return call
    inner = call[:-1] + (", reduce=sum)" if way == SUM else ", reduce=identity)")
    return f"sum(batch) {inner}" if way == SUM else f"probe({inner})"


def reduced(way, f, *args, **kw):
    l = f(*args, reduction=way, **kw)
    return probe(l) if way == NONE else l


def loss(entry, f, options="", t=None, x=None, act="", ways=(MEAN,), more={}, learn=(), before="", types={}, p=None, line=None, **kw):
    """f(y, t, further inputs.., reduction=) is PyTorch's. What `learn` names is a parameter too: u becomes u + p_u, as y is x + p."""
    x = real(4, 6) if x is None else x
    inputs = {"x": x, **({} if t is None else {"t": t}), **more}
    names = ["y"] + (["t"] if t is not None else []) + list(more)
    params = {"p": torch.round(0.3*real(*x.shape[1:]), decimals=3) if p is None else p}
    params.update({"p_" + k: torch.round(0.1*real(*inputs[k].shape[1:]), decimals=3) for k in learn})
    body = [f"y = {act}(x + p)" if act else "y = x + p"] + [f"{k}_ = {k} + p_{k}" for k in learn] + ([before] if before else [])
    call = (line or f"{entry}({', '.join(k + '_' if k in learn else k for k in names)}OPTIONS)").replace("OPTIONS", ", " + options if options else "")
    for way in ways:
        text = written(way, call)
        def compute(i, p):
            y = ACT[act](i["x"] + p["p"])
            rest = [i[k] + p["p_" + k] if k in learn else i[k] for k in names[1:]]
            l = reduced(way, f, y, *rest)
            return {"y": y}, l
        case(entry, text, "; ".join(body + ["output y", "loss " + text]), inputs, params, compute, types=types, **kw)


def each(f, mean=None):
    """A formula of elements as a loss with the three reductions; `mean` takes the place of the plain one."""
    def reduced_by(*args, reduction):
        e = f(*args)
        return e if reduction == NONE else e.sum() if reduction == SUM else e.mean() if mean is None else mean(e, *args)
    return reduced_by


def weighed(f, k):
    return (f*k).sum() / k.sum()


signs = lambda *s: torch.tensor(draws.choice([-1.0, 1.0], s))
bits = lambda *s: torch.tensor(draws.choice([0.0, 1.0], s))
soft = lambda *s: torch.tensor(numpy.round(draws.rand(*s), 3))
inside = lambda *s: torch.tensor(numpy.round(0.05 + 0.9*draws.rand(*s), 3))
ALL = (MEAN, SUM, NONE)
SHAPES = [(6,), (2, 3), ()]

# ---- numbers ----

for shape in SHAPES:
    ways = ALL if shape == (2, 3) else (MEAN, SUM)
    a = lambda: dict(x=real(4, *shape), t=real(4, *shape))
    loss("mse", F.mse_loss, **a(), ways=ways)
    loss("l1", F.l1_loss, **a(), ways=ways)
    loss("smooth_l1", F.smooth_l1_loss, **a(), ways=ways)
    loss("huber", F.huber_loss, **a(), ways=ways)
    loss("log_cosh", each(lambda y, t: torch.log(torch.cosh(y - t))), **a(), ways=ways)
    loss("kl", lambda y, t, reduction: F.kl_div(y, t, reduction="batchmean" if reduction == MEAN else reduction), x=real(4, *shape),
         t=inside(4, *shape), ways=ways)
loss("mse", F.mse_loss, t=real(4, 6), learn=("t",))
loss("mse", F.mse_loss, t=real(4, 6), ways=ALL, act="tanh")
loss("l1", F.l1_loss, x=torch.tensor([[1.0, 2], [0.5, -1]]), t=torch.tensor([[1.0, 1], [0.5, 3]]), p=torch.zeros(2), kink=True)
for beta in (0, 0.5, 0.7, 3):
    loss("smooth_l1", lambda y, t, reduction: F.smooth_l1_loss(y, t, beta=beta, reduction=reduction), f"beta={beta}", t=real(4, 6), ways=(MEAN, NONE))
for delta in (0.5, 0.7, 2):
    loss("huber", lambda y, t, reduction: F.huber_loss(y, t, delta=delta, reduction=reduction), f"delta={delta}", t=real(4, 6))
loss("huber", lambda y, t, k, reduction: F.huber_loss(y, t, delta=0.8, weight=k, reduction=reduction), "delta=0.8", t=real(4, 6), more={"k": soft(4, 6)},
     line="huber(y, t, weight=kOPTIONS)", ways=ALL)
loss("huber", lambda y, t, reduction: F.huber_loss(y, t, reduction=reduction), t=torch.tensor([[1.0, 0.0]]), x=torch.tensor([[2.0, 1.0]]),
     p=torch.zeros(2), kink=True)
for name, f in (("mse", F.mse_loss), ("l1", F.l1_loss)):
    loss("weighted", lambda y, t, k, reduction: f(y, t, weight=k), t=real(4, 6), more={"k": soft(4, 6)}, line=f"weighted({name}(y, t, reduce=identity), k)")
k = soft(4, 6)
k[1] = 0
k[3, 2:] = 0
loss("weighted", lambda y, t, k, reduction: F.mse_loss(y, t, weight=k), t=real(4, 6), more={"k": k}, line="weighted((y-t)^2, k)")
loss("weighted", lambda y, t, k, reduction: 0*y.sum(), t=real(4, 6), more={"k": 0*k}, line="weighted((y-t)^2, k, 1e-12)")
loss("masked", lambda y, t, k, reduction: (((y - t)**2*k).sum(1) / k.sum(1)).mean(), t=real(4, 6), more={"k": soft(4, 6)}, line="masked((y-t)^2, k)")
loss("masked", lambda y, t, k, reduction: (((y - t)**2*k).sum(1) / (k.sum(1) + 0.1)).mean(), t=real(4, 6), more={"k": k}, line="masked((y-t)^2, k, eps=0.1)")
loss("mean_by", lambda y, t, k, reduction: ((y - t)**2).sum() / k.sum(), t=real(4, 6), more={"k": soft(4, 6)}, line="mse(y, t, reduce=mean_by(_, k))")
for q in (0.5, 0.3, 0.9):
    loss("quantile", each(lambda y, t: torch.maximum(q*(t - y), (q - 1)*(t - y))), f"q={q}", t=real(4, 6), ways=(MEAN, NONE))
loss("quantile", each(lambda y, t: torch.maximum(0.5*(t - y), -0.5*(t - y))), x=real(4), t=real(4))

# The divergence: targets of 0, logarithms, all three reductions and the mean over elements.
zeros = soft(4, 6)
zeros[zeros < 0.4] = 0
loss("kl", lambda y, t, reduction: F.kl_div(y, t, reduction="batchmean" if reduction == MEAN else reduction), act="log_softmax", t=zeros, ways=ALL)
loss("kl", F.kl_div, "reduce=mean", act="log_softmax", t=zeros)
loss("kl", F.kl_div, "reduce=mean", x=real(4, 2, 3), act="log_softmax", t=torch.softmax(real(4, 2, 3), -1))
loss("kl", lambda y, t, reduction: F.kl_div(y, t, reduction="batchmean" if reduction == MEAN else reduction, log_target=True), "log_target=true",
     act="log_softmax", t=F.log_softmax(real(4, 6), 1), ways=ALL)
loss("kl", lambda y, t, reduction: F.kl_div(y, t, reduction="batchmean"), x=real(4, 6), t=inside(4, 6), learn=("t",))
# A probability of 0 where the target is 0: PyTorch gives NaN here, and this is 0.
low = real(4, 6)
low[:, 2] = -math.inf
held = inside(4, 6)
held[:, 2] = 0
loss("kl", lambda y, t, reduction: F.kl_div(torch.where(t > 0, y, torch.zeros_like(y)), t, reduction="batchmean"), x=low, t=held)
loss("xlogx", lambda y, reduction: torch.special.xlogy(y, y).sum(1).mean(), x=inside(4, 6), p=torch.zeros(6), line="sum(xlogx(y))")
loss("xlogx", lambda y, reduction: torch.where(y > 0, torch.xlogy(y, torch.where(y > 0, y, torch.ones_like(y))), torch.zeros_like(y)).sum(1).mean(),
     x=zeros, p=torch.zeros(6), line="sum(xlogx(y))", kink=True)

counts = torch.tensor(draws.poisson(2, (4, 6)) + 0.0)
loss("poisson_nll", lambda y, t, reduction: F.poisson_nll_loss(y, t, reduction=reduction), t=counts, ways=ALL)
loss("poisson_nll", lambda y, t, reduction: F.poisson_nll_loss(y, t, full=True, reduction=reduction), "full=true", t=counts, ways=ALL)
loss("poisson_nll", lambda y, t, reduction: F.poisson_nll_loss(y, t, log_input=False, reduction=reduction), "log_input=false", x=0.1 + inside(4, 6), t=counts,
     act="softplus", ways=(MEAN, NONE))
loss("poisson_nll", lambda y, t, reduction: F.poisson_nll_loss(y, t, log_input=False, full=True, eps=0.01, reduction=reduction),
     "log_input=false, full=true, eps=0.01", x=real(4, 2, 3), t=counts.reshape(4, 2, 3), act="softplus")
loss("poisson_nll", lambda y, t, reduction: F.poisson_nll_loss(y, t, log_input=False, reduction=reduction), "log_input=false", x=torch.zeros(2, 2), t=torch.zeros(2, 2),
     p=torch.zeros(2), kink=True)
loss("poisson_nll", F.poisson_nll_loss, x=real(4), t=counts[:, 0].clone())

for shape in SHAPES:
    loss("gaussian_nll", lambda y, t, v, reduction: F.gaussian_nll_loss(y, t, v, reduction=reduction), x=real(4, *shape), t=real(4, *shape),
         more={"v": 0.3 + soft(4, *shape)}, learn=("v",), ways=ALL if shape == (6,) else (MEAN,))
loss("gaussian_nll", lambda y, t, v, reduction: F.gaussian_nll_loss(y, t, v, full=True, reduction=reduction), "full=true", t=real(4, 6), more={"v": 0.3 + soft(4, 6)},
     learn=("v",), ways=(MEAN, SUM))
loss("gaussian_nll", lambda y, t, v, reduction: F.gaussian_nll_loss(y, t, v[:, None], reduction=reduction), t=real(4, 6), more={"v": 0.3 + soft(4)}, learn=("v",))
loss("gaussian_nll", lambda y, t, reduction: F.gaussian_nll_loss(y, t, 0.4, eps=0.5, reduction=reduction), "0.4, eps=0.5", t=real(4, 6))
# A variance of 0, and one below eps: PyTorch's gradient is that of eps.
v = 0.3 + soft(4, 6)
v[0, :3] = 0
v[2, 2:] = 0.01
def clamped(y, t, v, reduction):
    l = F.gaussian_nll_loss(y, t, v, eps=0.05, reduction=reduction)
    return l
loss("gaussian_nll", clamped, "eps=0.05", t=real(4, 6), more={"v": v}, ways=ALL, kink=True)
def compute(i, p):
    y, v = i["x"] + p["p"], i["v"] * p["s"]
    return {"y": y}, F.gaussian_nll_loss(y, i["t"], v, eps=0.05)
case("gaussian_nll", "gaussian_nll(y, t, v*s, eps=0.05)", "y = x + p; output y; loss gaussian_nll(y, t, v*s, eps=0.05)",
     {"x": real(4, 6), "t": real(4, 6), "v": v}, {"p": real(6), "s": torch.tensor([1.0, 0.5, 0.01, 2, 1, 1])}, compute, kink=True)

# ---- yes or no ----

for shape in SHAPES:
    ways = ALL if shape == (6,) else (MEAN, SUM)
    loss("bce", F.binary_cross_entropy, x=inside(4, *shape), p=torch.zeros(shape), t=soft(4, *shape), ways=ways)
    loss("bce_logits", F.binary_cross_entropy_with_logits, x=real(4, *shape, scale=3), t=soft(4, *shape), ways=ways)
    loss("soft_margin", F.soft_margin_loss, x=real(4, *shape), t=signs(4, *shape), ways=ways)
loss("bce", F.binary_cross_entropy, act="sigmoid", t=bits(4, 6), ways=ALL)
loss("bce", lambda y, t, k, reduction: F.binary_cross_entropy(y, t, k, reduction=reduction), act="sigmoid", t=bits(4, 6), more={"k": soft(4, 6)}, ways=ALL)
loss("bce", lambda y, t, reduction: F.binary_cross_entropy(y, t, torch.arange(1, 7)/3.0, reduction=reduction), "w", act="sigmoid", t=soft(4, 6), before="w[c < 6] = (c+1)/3")
loss("bce", F.binary_cross_entropy, act="sigmoid", t=0.3 + 0.4*inside(4, 6), learn=("t",))
edge = torch.tensor([[0.9, 0.2, 0, 1], [0, 1, 1, 0]])
hit = torch.tensor([[1.0, 0, 1, 0], [0, 1, 0.5, 0.25]])
# PyTorch keeps its 1e-12 in float.
loss("bce", F.binary_cross_entropy, x=edge, t=hit, p=torch.zeros(4), ways=ALL, kink=True, tolerance=1e-8)
for pos in (2.5, 3, 0.1):
    loss("bce_logits", lambda y, t, reduction: F.binary_cross_entropy_with_logits(y, t, pos_weight=torch.tensor(pos), reduction=reduction), f"positive={pos}",
         t=bits(4, 6), ways=(MEAN, NONE))
loss("bce_logits", lambda y, t, reduction: F.binary_cross_entropy_with_logits(y, t, pos_weight=torch.arange(1, 7)/3.0, reduction=reduction), "positive=w",
     t=soft(4, 6), before="w[c < 6] = (c+1)/3", ways=ALL)
loss("bce_logits", lambda y, t, k, reduction: F.binary_cross_entropy_with_logits(y, t, k, pos_weight=torch.tensor(2.0), reduction=reduction), "positive=2",
     t=soft(4, 6), more={"k": soft(4, 6)}, ways=ALL)
loss("bce_logits", lambda y, t, reduction: F.binary_cross_entropy_with_logits(y, t, 0.5*torch.ones(6), reduction=reduction), "0.5", t=soft(4, 6), learn=("t",))
loss("bce_logits", F.binary_cross_entropy_with_logits, x=torch.tensor([[1000.0, -1000, 50], [1000, -1000, -50]]), t=torch.tensor([[0.0, 1, 1], [1, 0, 0.5]]),
     p=torch.zeros(3), ways=ALL, kink=True)
loss("multilabel_soft_margin", F.multilabel_soft_margin_loss, t=bits(4, 6))
loss("multilabel_soft_margin", lambda y, t, reduction: F.multilabel_soft_margin_loss(y, t, torch.arange(1, 7)/3.0), "w", t=soft(4, 6), before="w[c < 6] = (c+1)/3")
loss("multilabel_soft_margin", lambda y, t, k, reduction: (k*F.multilabel_soft_margin_loss(y, t, reduction="none")).mean(), t=bits(4, 6), more={"k": soft(4)},
     line="k*multilabel_soft_margin(y, t)")
for p, margin in ((1, 1), (2, 1), (2, 0.4)):
    loss("hinge", each(lambda y, t: torch.clamp(margin - y*t, min=0)**p), f"p={p}, margin={margin}", t=signs(4, 6), ways=(MEAN, NONE))
loss("hinge", each(lambda y, t: torch.relu(1 - y*t)), x=torch.tensor([[1.0, -1, 2, 0]]), t=torch.tensor([[1.0, -1, 1, -1]]), p=torch.zeros(4), kink=True)
loss("soft_margin", F.soft_margin_loss, x=torch.tensor([[100.0, -100, 30]]), t=torch.tensor([[1.0, 1, -1]]), p=torch.zeros(3), kink=True)


def focal(z, t, alpha=0.25, gamma=2):                           # torchvision's formula
    p = torch.sigmoid(z)
    l = F.binary_cross_entropy_with_logits(z, t, reduction="none") * (1 - (p*t + (1 - p)*(1 - t)))**gamma
    return l if alpha < 0 else l*(alpha*t + (1 - alpha)*(1 - t))


for shape in SHAPES:
    loss("focal", each(focal), x=real(4, *shape), t=bits(4, *shape), ways=ALL if shape == (6,) else (MEAN,))
for alpha, gamma in ((0.7, 2), (-1, 2), (0.25, 0), (-1, 1), (0.5, 1.5)):
    loss("focal", each(lambda z, t: focal(z, t, alpha, gamma)), f"alpha={alpha}, gamma={gamma}", t=bits(4, 6))
loss("focal", each(focal), t=soft(4, 6))
loss("focal", each(focal), x=torch.tensor([[100.0, -100, 0]]), t=torch.tensor([[0.0, 1, 1]]),
     p=torch.tensor([0.0, 0, 200]), kink=True)

# ---- classes ----

WEIGHT = "w[c < C] = (c+1)/3"
LABEL = {(): (6,), (5,): (6, 5), (2, 4): (3, 2, 4)}
for places, shape in LABEL.items():
    C = shape[0]
    w = torch.arange(1, C + 1)/3.0
    for smoothing in (0, 0.1, 1):
        for ignore in (None, 255, 2):
            for weight in (None, w):
                t = classes(C, 4, *places)
                if ignore is not None:
                    t[torch.tensor(draws.rand(*t.shape)) < 0.3] = ignore
                    t.view(-1)[0] = 0
                options = ["w"]*(weight is not None) + [f"ignore={ignore}"]*(ignore is not None) + [f"smoothing={smoothing}"]*(smoothing > 0)
                if smoothing == 1 and (ignore or weight is None):
                    continue
                kw = dict(t=t, x=real(4, *shape), types={} if ignore == 255 else {"t": f"class[{C}]"}, before=WEIGHT.replace("C", str(C)) if weight is not None else "")
                # The sum and the elements have less of a shape than the mean: they are compared with all options on.
                ways = ALL if ignore == 255 and weight is not None and places else (MEAN,)
                loss("cross_entropy", lambda z, t, reduction: F.cross_entropy(z, t, weight, ignore_index=-100 if ignore is None else ignore,
                     label_smoothing=smoothing, reduction=reduction), ", ".join(options), ways=ways, **kw)
                if smoothing == 0:
                    loss("nll", lambda z, t, reduction: F.nll_loss(z, t, weight, ignore_index=-100 if ignore is None else ignore, reduction=reduction),
                         ", ".join(options), ways=ways, **kw)
    for smoothing in (0, 0.1):
        for weight in (None, w):
            t = torch.softmax(real(4, *shape), 1)
            loss("soft_cross_entropy", lambda z, t, reduction: F.cross_entropy(z, t, weight, label_smoothing=smoothing, reduction=reduction),
                 ", ".join(["w"]*(weight is not None) + [f"smoothing={smoothing}"]*(smoothing > 0)), x=real(4, *shape), t=t,
                 before=WEIGHT.replace("C", str(C)) if weight is not None else "", ways=ALL if weight is not None and smoothing and places else (MEAN,))
loss("soft_cross_entropy", F.cross_entropy, x=real(4, 3, 5), t=torch.softmax(real(4, 3, 5), 1), learn=("t",))

# Everything is ignored: the mean is NaN, the sum 0, and no gradient is NaN. Then a sample of which nothing counts.
none = torch.full((2,), -100)
for smoothing in (0, 0.1):
    o = f"smoothing={smoothing}" if smoothing else ""
    loss("cross_entropy", lambda z, t, reduction: F.cross_entropy(z, t, label_smoothing=smoothing, reduction=reduction), o, x=real(2, 3), t=none, ways=(MEAN, SUM), kink=True)
loss("nll", F.nll_loss, x=real(2, 3), t=none, ways=(MEAN, SUM), kink=True)
t = classes(3, 4, 5)
t[2] = -100
loss("cross_entropy", F.cross_entropy, x=real(4, 3, 5), t=t, ways=(MEAN, SUM))
loss("cross_entropy", lambda z, t, reduction: F.cross_entropy(z, t, torch.tensor([1.0, 0, 2]), reduction=reduction), "w", x=real(4, 3), t=torch.tensor([0, 1, 2, 1]),
     before="w[c < 3] = where(c == 0, 1, where(c == 1, 0, 2))", ways=(MEAN,))
# A class that cannot be, and logits of any size.
low = real(4, 3)
low[:, 1] = -math.inf
loss("cross_entropy", F.cross_entropy, x=low, t=torch.tensor([0, 2, 2, 0]), types={"t": "class[3]"}, ways=(MEAN, SUM))
loss("cross_entropy", F.cross_entropy, x=1000*real(4, 3), t=torch.tensor([0, 1, 2, 0]), types={"t": "class[3]"}, ways=(MEAN, SUM))
loss("cross_entropy", lambda z, t, reduction: F.cross_entropy(z, t, reduction="none").mean(), "reduce=mean", x=real(4, 3, 5), t=t.clamp(min=0))

for shape, bias in (((5,), False), ((2, 5), True)):
    w = {"linear_cross_entropy.linear.w": real(3, 5)}
    if bias:
        w["linear_cross_entropy.linear.b"] = real(3)
    t = classes(3, 4, *shape[:-1])
    def compute(i, p):
        y = i["x"] + p["p"]
        l = F.linear_cross_entropy(y.reshape(-1, 5), p["linear_cross_entropy.linear.w"], i["t"].reshape(-1), linear_bias=p.get("linear_cross_entropy.linear.b"),
                                   label_smoothing=0.1)
        return {"y": y}, l
    call = f"linear_cross_entropy(y, t, 3, bias={str(bias).lower()}, smoothing=0.1)"
    case("linear_cross_entropy", call, f"y = x + p; output y; loss {call}", {"x": real(4, *shape), "t": t}, {"p": real(*shape), **w}, compute, types={"t": "class[3]"})


def token_costs(z, t):
    return F.cross_entropy(z, t, reduction="none")


k = soft(4, 5)
k[1, 3:] = 0
k[2] = 0
t, z = classes(6, 4, 5), lambda: real(4, 6, 5)
loss("sequence_cross_entropy", lambda z, t, k, reduction: (k*token_costs(z, t)).sum() / k.sum(), x=z(), t=t, more={"k": k}, types={"t": "class[6]"})
loss("sequence_cross_entropy", lambda z, t, k, reduction: (k*token_costs(z, t)).sum() / (k.sum() + 1e-12), "eps=1e-12", x=z(), t=t, more={"k": k}, types={"t": "class[6]"})
loss("sequence_cross_entropy", lambda z, t, k, reduction: 0*z.sum(), "eps=1e-12", x=z(), t=t, more={"k": 0*k}, types={"t": "class[6]"})
loss("sequence_cross_entropy", lambda z, t, k, reduction: math.nan + 0*z.sum(), x=z(), t=t, more={"k": 0*k}, types={"t": "class[6]"}, kink=True)
loss("sequence_cross_entropy", lambda z, t, k, reduction: ((k*token_costs(z, t)).sum(1) / k.sum(1)).mean(), "reduce=masked(_, k)", x=z(), t=t,
     more={"k": soft(4, 5)}, types={"t": "class[6]"})
loss("sequence_cross_entropy", lambda z, t, k, reduction: (k*token_costs(z, t)).sum() / 4, "reduce=sum", x=z(), t=t, more={"k": (soft(4, 5) > 0.3).double()},
     types={"t": "class[6]"}, line="sum(k*cross_entropy(y, t, reduce=identity))")


def fairseq(z, t, e, pad):
    p = F.log_softmax(z, 1)
    nll, even = -p.gather(1, t.clamp(min=0)[:, None])[:, 0], -p.sum(1)
    e_i = e/(z.shape[1] - 1)
    return torch.where(t == pad, torch.zeros(()), (1 - e - e_i)*nll + e_i*even)


def annotated(z, t, e, pad):
    V = z.shape[1]
    q = torch.full_like(z, e/(V - 2)).scatter(1, t[:, None], 1 - e)
    q[:, pad] = 0
    q = q * (t != pad)[:, None]
    return F.kl_div(F.log_softmax(z, 1), q, reduction="none").sum(1)


for shape in ((6, 5), (6,)):
    t = classes(6, 4, *shape[1:])
    t.view(-1)[1] = 0
    T = {"types": {"t": "class[6]"}, "x": real(4, *shape), "t": t, "ways": ALL if len(shape) == 2 else (MEAN, SUM)}
    for e in (0.1, 0.3):
        loss("smoothed_cross_entropy", each(lambda z, t: fairseq(z, t, e, 0), lambda l, z, t: l.sum()/(t != 0).sum()), f"{e}, ignore=0", **T)
        loss("smoothed_kl", each(lambda z, t: annotated(z, t, e, 0), lambda l, z, t: l.sum()/(t != 0).sum()), f"{e}", **T)
loss("smoothed_cross_entropy", each(lambda z, t: fairseq(z, t, 0.1, -100)), x=real(4, 6), t=classes(6, 4), types={"t": "class[6]"})
loss("smoothed_kl", each(lambda z, t: annotated(z, t, 0, 3), lambda l, z, t: l.sum()/(t != 3).sum()), "0, pad=3", x=real(4, 6, 5), t=classes(6, 4, 5), types={"t": "class[6]"})


def focal_classes(z, t, alpha=None, gamma=2):
    p = F.log_softmax(z, 1).gather(1, t[:, None])[:, 0]
    return -(1 - p.exp())**gamma * p * (1 if alpha is None else alpha[t])


for places, shape in LABEL.items():
    C = shape[0]
    a = dict(x=real(4, *shape), t=classes(C, 4, *places), types={"t": f"class[{C}]"})
    loss("focal_softmax", each(focal_classes), ways=ALL if places else (MEAN, SUM), **a)
    loss("focal_softmax", each(lambda z, t: focal_classes(z, t, torch.arange(1, C + 1)/3.0, 0)), "w, gamma=0", before=WEIGHT.replace("C", str(C)), **a)
    loss("focal_softmax", each(lambda z, t: focal_classes(z, t, torch.arange(1, C + 1)/3.0, 1.5)), "w, gamma=1.5", before=WEIGHT.replace("C", str(C)), **a)
loss("focal_softmax", each(lambda z, t: focal_classes(z, t.clamp(max=2)) * (t < 3)), x=real(4, 3, 5), t=classes(4, 4, 5))
loss("focal_softmax", each(focal_classes), x=torch.tensor([[100.0, 0, 0], [0, 0, 100]]), t=torch.tensor([0, 0]), types={"t": "class[3]"}, p=torch.zeros(3), kink=True)

labels = torch.tensor([1, 5, 0, 2])
for p, margin in ((1, 1.0), (2, 1.0), (1, 0.5), (2, 2.0)):
    for w in (None, torch.arange(1, 7)/3.0):
        loss("multi_margin", lambda y, t, reduction: F.multi_margin_loss(y, t, p=p, margin=margin, weight=w), f"p={p}, margin={margin}" + (", weight=w" if w is not None else ""),
             t=labels, types={"t": "class[6]"}, before="w[c < 6] = (c+1)/3" if w is not None else "")
loss("multi_margin", lambda y, t, reduction: F.multi_margin_loss(y, t), x=torch.tensor([[1.0, 2, 3, 2], [0, 0, 0, -1]]), t=torch.tensor([2, 0]), types={"t": "class[4]"},
     p=torch.zeros(4), kink=True)
loss("multi_margin", lambda y, t, k, reduction: (k*F.multi_margin_loss(y, t, reduction="none")).mean(), t=labels, more={"k": soft(4)}, types={"t": "class[6]"},
     line="k*multi_margin(y, t)")
lists = torch.tensor([[3, 0, -1, 4, 2, 1], [5, -1, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5], [-1, 4, 1, -1, -1, -1]])
loss("multilabel_margin", lambda y, t, reduction: F.multilabel_margin_loss(y, t), t=lists)
loss("multilabel_margin", lambda y, t, reduction: F.multilabel_margin_loss(y, t), x=torch.tensor([[0.5, 1.5, 2.5, 0]]), t=torch.tensor([[1, 2, -1, 0]]), p=torch.zeros(4), kink=True)
loss("multilabel_margin", lambda y, t, k, reduction: (k*F.multilabel_margin_loss(y, t, reduction="none")).mean(), t=lists, more={"k": soft(4)},
     line="k*multilabel_margin(y, t)")

# ---- distances ----

for shape, margin in (((6,), 0), ((2, 3), 0.3), ((), 0.5)):
    loss("margin_ranking", lambda y, z, t, reduction: F.margin_ranking_loss(y, z, t, margin=margin, reduction=reduction), f"margin={margin}" if margin else "",
         x=real(4, *shape), more={"z": real(4, *shape), "t": signs(4, *shape)}, learn=("z",), ways=ALL if shape == (6,) else (MEAN, SUM))
loss("margin_ranking", lambda y, z, t, reduction: F.margin_ranking_loss(y, z, t, reduction=reduction), x=torch.tensor([[1.0, 2]]), more={"z": torch.tensor([[1.0, 3]]),
     "t": torch.tensor([[1.0, 1]])}, p=torch.zeros(2), kink=True)
for margin in (1, 0.4):
    loss("hinge_embedding", lambda y, t, reduction: F.hinge_embedding_loss(y, t, margin=margin, reduction=reduction), f"margin={margin}", t=signs(4, 6), ways=ALL)
loss("hinge_embedding", F.hinge_embedding_loss, x=torch.tensor([[1.0, 0.5, 2, 1]]), t=torch.tensor([[-1.0, 0, 1, 2]]), p=torch.zeros(4), kink=True)
loss("hinge_embedding", F.hinge_embedding_loss, x=real(4), t=signs(4))
for margin in (0, 0.2, -0.3):
    loss("cosine_embedding", lambda y, z, t, reduction: F.cosine_embedding_loss(y, z, t, margin=margin), f"margin={margin}",
         more={"z": real(4, 6), "t": torch.tensor([1.0, -1, -1, 1])}, learn=("z",))
loss("cosine_embedding", lambda y, z, t, k, reduction: (k*F.cosine_embedding_loss(y, z, t, reduction="none")).mean(),
     more={"z": real(4, 6), "t": torch.tensor([1.0, -1, 0, 1]), "k": soft(4)}, line="k*cosine_embedding(y, z, t)")
loss("cosine_embedding", lambda y, z, t, reduction: F.cosine_embedding_loss(y, z, t), x=torch.zeros(2, 3), more={"z": real(2, 3), "t": torch.tensor([1.0, -1])},
     p=torch.zeros(3), kink=True, tolerance=1e-8)               # PyTorch keeps its 1e-12 in float
loss("cosine", lambda y, z, reduction: F.cosine_similarity(y, z).mean(), more={"z": real(4, 6)}, learn=("z",))
loss("cosine", lambda y, z, reduction: F.cosine_similarity(y, z, eps=4.0).mean(), "eps=4", x=real(4, 6, scale=0.5), more={"z": real(4, 6)}, learn=("z",), kink=True)
loss("cosine", lambda y, z, reduction: F.cosine_similarity(y.flatten(1), z.flatten(1)).mean(), x=real(4, 2, 3), more={"z": real(4, 2, 3)})
for p in (1, 2, 3, 1.5, math.inf):
    loss("distance", lambda y, z, reduction: F.pairwise_distance(y, z, p).mean(), f"p={p}" if p != 2 else "", more={"z": real(4, 6)}, learn=("z",))
loss("distance", lambda y, z, reduction: F.pairwise_distance(y, z, eps=0.1).mean(), "eps=0.1", more={"z": real(4, 6)})
same = real(4, 6)
loss("distance", lambda y, z, reduction: F.pairwise_distance(y, z).mean(), x=same, more={"z": same}, p=torch.zeros(6), kink=True)
loss("distance", lambda y, z, reduction: F.pairwise_distance(y, z, eps=0.0).mean(), "eps=0", x=same, more={"z": same}, p=torch.zeros(6), kink=True)

others = lambda: {"u": real(4, 6), "v": real(4, 6)}
for p, margin, swap in ((2, 1, False), (2, 1, True), (1, 2, False), (3, 0.5, True), (2, 5, True)):
    loss("triplet", lambda y, u, v, reduction: F.triplet_margin_loss(y, u, v, margin=margin, p=p, swap=swap), f"margin={margin}, far=distance(_, _, {p}), swap={str(swap).lower()}",
         more=others(), learn=("u", "v"))
loss("triplet", lambda y, u, v, reduction: F.triplet_margin_loss(y, u, v), more=others())
loss("triplet", lambda y, u, v, reduction: F.triplet_margin_loss(y, u, v, eps=0.05), "far=distance(_, _, eps=0.05)", more=others())
for far, swap in ((lambda a, b: 1 - F.cosine_similarity(a, b), False), (lambda a, b: 1 - F.cosine_similarity(a, b), True)):
    loss("triplet", lambda y, u, v, reduction: F.triplet_margin_with_distance_loss(y, u, v, distance_function=far, swap=swap), f"far=angle, swap={str(swap).lower()}",
         more=others(), learn=("u",), extra="fn angle(a, b) = 1 - cosine(a, b)\n")
loss("triplet", lambda y, u, v, k, reduction: (k*F.triplet_margin_loss(y, u, v, reduction="none")).mean(), more={**others(), "k": soft(4)}, line="k*triplet(y, u, v)")
loss("triplet", lambda y, u, v, reduction: F.triplet_margin_loss(y, u, v, eps=0.0), "far=distance(_, _, eps=0)", x=torch.zeros(2, 2),
     more={"u": torch.tensor([[1.0, 0], [0, 0]]), "v": torch.tensor([[2.0, 0], [0, 0]])}, p=torch.zeros(2), kink=True)

for tau in (0.1, 0.5, 1):
    loss("info_nce", lambda y, z, reduction: F.cross_entropy(y @ z.T / tau, torch.arange(4)), f"tau={tau}" if tau != 0.1 else "", x=real(4, 6, scale=0.5), more={"z": real(4, 6, scale=0.5)},
         learn=("z",))
loss("info_nce", lambda y, z, reduction: F.cross_entropy(F.normalize(y) @ F.normalize(z).T / 0.2, torch.arange(4)), "0.2, shape=normalize", more={"z": real(4, 6)}, learn=("z",))


def nt_xent(a, b, tau, reduction=None):
    v = F.normalize(torch.cat([a, b]))
    s = (v @ v.T / tau).masked_fill(torch.eye(len(v)) > 0, -math.inf)
    return F.cross_entropy(s, torch.arange(len(v)).roll(len(a)))


for n, tau in ((4, 0.5), (4, 0.1), (2, 1), (1, 0.5)):
    loss("nt_xent", lambda y, z, reduction: nt_xent(y, z, tau), f"tau={tau}" if tau != 0.5 else "", x=real(n, 6), more={"z": real(n, 6)}, learn=("z",))

# ---- overlaps ----


def overlap(p, t, s=1, eps=0, squared=False, dims=None):
    dims = dims or tuple(range(1, p.dim()))
    area = (p**2 + t**2 if squared else p + t).sum(dims) + s
    return 1 - (2*(p*t).sum(dims) + s) / (area.clamp(min=eps) if eps else area)


def jaccard(p, t, s=1, dims=None, eps=0):
    dims = dims or tuple(range(1, p.dim()))
    both = (p*t).sum(dims)
    area = (p + t).sum(dims) - both + s
    return 1 - (both + s) / (area.clamp(min=eps) if eps else area)


def tversky(p, t, a=0.5, b=0.5, s=1, power=1, dims=None):
    dims = dims or tuple(range(1, p.dim()))
    both = (p*t).sum(dims)
    return (1 - (both + s) / (both + a*(p*(1 - t)).sum(dims) + b*((1 - p)*t).sum(dims) + s))**power


def region(entry, options, f, x=None, t=None, **kw):
    x = real(4, 6) if x is None else x
    loss(entry, lambda y, t, reduction: f(y, t).mean(), options, x=x, t=bits(*x.shape) if t is None else t, act="sigmoid", **kw)


for shape in ((6,), (2, 3)):
    region("dice", "", overlap, real(4, *shape))
    region("jaccard", "", jaccard, real(4, *shape))
    region("tversky", "", tversky, real(4, *shape))
    whole = tuple(range(len(shape) + 1))
    region("dice", "across=of_batch", lambda p, t: overlap(p, t, dims=whole), real(4, *shape))
    region("jaccard", "0.5, across=of_batch", lambda p, t: jaccard(p, t, 0.5, whole), real(4, *shape))
    region("tversky", "0.3, 0.7, across=of_batch", lambda p, t: tversky(p, t, 0.3, 0.7, dims=whole), real(4, *shape))
region("dice", "1e-5", lambda p, t: overlap(p, t, 1e-5))
region("dice", "0, eps=1e-7", lambda p, t: overlap(p, t, 0, 1e-7))
region("dice", "squared=true", lambda p, t: overlap(p, t, squared=True))
region("dice", "1e-5, squared=true, across=of_batch", lambda p, t: overlap(p, t, 1e-5, squared=True, dims=(0, 1)))
region("dice", "", overlap, t=soft(4, 6))
region("jaccard", "1e-5", lambda p, t: jaccard(p, t, 1e-5))
region("tversky", "0.3, 0.7", lambda p, t: tversky(p, t, 0.3, 0.7))
region("tversky", "1, 1, smooth=0.1", lambda p, t: tversky(p, t, 1, 1, 0.1))
region("tversky", "0.3, 0.7, power=0.75", lambda p, t: tversky(p, t, 0.3, 0.7, power=0.75))
region("tversky", "0.3, 0.7, power=2", lambda p, t: tversky(p, t, 0.3, 0.7, power=2))
# Empty against empty: nothing is wrong with a smooth > 0; with smooth = 0 PyTorch's text gives NaN, and 1 with an eps.
hole = torch.zeros(2, 4)
for entry, f in (("dice", overlap), ("jaccard", jaccard), ("tversky", tversky)):
    loss(entry, lambda y, t, reduction: f(y, t).mean(), x=hole, t=hole, p=torch.zeros(4))
loss("dice", lambda y, t, reduction: overlap(y, t, 0, 1e-7).mean(), "0, 1e-7", x=hole, t=hole, p=torch.zeros(4), kink=True)
loss("dice", lambda y, t, reduction: overlap(y, t, 0).mean(), "0", x=hole, t=hole, p=torch.zeros(4), kink=True)


def one_hot(t, C, ignore=-100):
    o = F.one_hot(t.clamp(0, C - 1), C).movedim(-1, 1).double()
    return o * (t != ignore)[:, None]


def class_dice(z, t, s=1e-5, ignore=-100, background=True, squared=False, dims=None):
    """monai.losses.DiceLoss(softmax=True, to_onehot_y=True), with a mask; over batch and space with dims = (0, 2)."""
    p = F.softmax(z, 1) * (t != ignore)[:, None]
    o = one_hot(t, z.shape[1], ignore)
    p, o = p.flatten(2), o.flatten(2)
    return overlap(p[:, 0 if background else 1:], o[:, 0 if background else 1:], s, squared=squared, dims=dims or (2,)).mean()


def smp_dice(z, t, s=0.0, eps=1e-7, ignore=-100):
    """segmentation_models_pytorch.losses.DiceLoss(mode="multiclass")."""
    p = (F.log_softmax(z, 1).exp() * (t != ignore)[:, None]).flatten(2)
    o = one_hot(t, z.shape[1], ignore).flatten(2)
    score = (2*(p*o).sum((0, 2)) + s) / ((p + o).sum((0, 2)) + s).clamp(min=eps)
    return ((1 - score) * (o.sum((0, 2)) > 0)).mean()


for places, shape in (((5,), (3, 5)), ((2, 3), (4, 2, 3))):
    C = shape[0]
    z, t, holes = (lambda: real(4, *shape)), classes(C, 4, *places), classes(C, 4, *places)
    holes[torch.tensor(draws.rand(*t.shape)) < 0.3] = 255
    T = {"types": {"t": f"class[{C}]"}}
    loss("class_dice", lambda z, t, reduction: class_dice(z, t), x=z(), t=t, **T)
    loss("class_dice", lambda z, t, reduction: class_dice(z, t, 1), "1", x=z(), t=t, **T)
    loss("class_dice", lambda z, t, reduction: class_dice(z, t, ignore=255), "ignore=255", x=z(), t=holes)
    loss("class_dice", lambda z, t, reduction: class_dice(z, t, background=False), "background=false", x=z(), t=t, **T)
    loss("class_dice", lambda z, t, reduction: class_dice(z, t, squared=True), "squared=true", x=z(), t=t, **T)
    loss("class_dice", lambda z, t, reduction: class_dice(z, t, 0.1, 255, False, True), "0.1, ignore=255, background=false, squared=true", x=z(), t=holes)
    loss("class_dice", lambda z, t, reduction: class_dice(z, t, dims=(0, 2)), "across=of_batch", x=z(), t=t, **T)
    rare = torch.where(t == 1, torch.tensor(2), t)
    smp = "dice(_, _, 0, 1e-7, across=of_batch), absent=false"
    loss("per_class", lambda z, t, reduction: smp_dice(z, t), smp, x=z(), t=t, **T)
    loss("per_class", lambda z, t, reduction: smp_dice(z, t), smp, x=z(), t=rare, **T)
    loss("per_class", lambda z, t, reduction: smp_dice(z, t, ignore=255), smp + ", ignore=255", x=z(), t=holes)
    loss("per_class", lambda z, t, reduction: jaccard(F.softmax(z, 1).flatten(2), one_hot(t, C).flatten(2), dims=(2,)).mean(), "jaccard", x=z(), t=t, **T)
    loss("per_class", lambda z, t, reduction: tversky(F.softmax(z, 1).flatten(2), one_hot(t, C).flatten(2), 0.3, 0.7, dims=(2,)).mean(),
         "tversky(_, _, 0.3, 0.7)", x=z(), t=t, **T)
    loss("cross_entropy_dice", lambda z, t, reduction: F.cross_entropy(z, t) + class_dice(z, t), x=z(), t=t, **T)
    loss("cross_entropy_dice", lambda z, t, reduction: 0.4*F.cross_entropy(z, t, torch.arange(1, C + 1)/3.0, ignore_index=255) + 0.6*class_dice(z, t, 1, 255, False),
         "0.4, 0.6, w, 255, smooth=1, background=false", x=z(), t=holes, before=WEIGHT.replace("C", str(C)))
    loss("cross_entropy_dice", lambda z, t, reduction: F.cross_entropy(z, t) + class_dice(z, t, dims=(0, 2)), "across=of_batch", x=z(), t=t, **T)
# Everything is ignored: no region has anything in it.
loss("class_dice", lambda z, t, reduction: class_dice(z, t, ignore=255), "ignore=255", x=real(2, 3, 5), t=torch.full((2, 5), 255))
loss("class_dice", lambda z, t, reduction: class_dice(z[:, :, None], t[:, None]), x=real(4, 3), t=classes(3, 4), types={"t": "class[3]"})


def generalised(p, t, s=1e-5, power=2):
    p, t = p.flatten(2), t.flatten(2)
    n = t.sum(2)
    k = torch.where(n > 0, 1/n.clamp(min=1)**power, torch.zeros(1))
    k = torch.where(n > 0, k, k.max(1, keepdim=True).values)
    return 1 - (2*(k*(p*t).sum(2)).sum(1) + s) / ((k*(p + t).sum(2)).sum(1) + s)


for shape in ((3, 5), (3, 2, 2)):
    for options, kw in (("", {}), ("1", dict(s=1)), ("power=1", dict(power=1)), ("power=0", dict(power=0))):
        x = real(4, *shape)
        t = bits(4, *shape)
        t[1, 2] = 0
        region("generalised_dice", options, lambda p, t: generalised(p, t, **kw), x, t)
region("generalised_dice", "", generalised, real(2, 3, 5), torch.zeros(2, 3, 5))

# ---- sequences without an alignment ----


def ctc(options, f, x, t, more={}, ways=(MEAN,), C=4, **kw):
    loss("ctc", f, options, x=x, t=t, act="log_softmax", more=more, ways=ways, types={"t": f"class[{C}]"}, **kw)


words = torch.tensor([[1, 2, 3], [1, 1, 2], [3, 2, 3], [2, 2, 2]])
full = lambda n: torch.full((4,), n)
lengths = torch.tensor([3, 2, 1, 0])
frames = torch.tensor([7, 5, 4, 6])
first = lambda y: y.transpose(0, 1)
ctc("", lambda y, t, reduction: F.ctc_loss(first(y), t, full(7), full(3), reduction=reduction), real(4, 7, 4), words, ways=(MEAN, SUM))
ctc("blank=3", lambda y, t, reduction: F.ctc_loss(first(y), t, full(7), full(3), blank=3, reduction=reduction), real(4, 7, 4), words % 3)
ctc("", lambda y, t, a, b, reduction: F.ctc_loss(first(y), t, a, b, reduction=reduction), real(4, 7, 4), words, {"a": frames, "b": lengths}, ways=(MEAN, SUM))
ctc("length=b", lambda y, t, b, reduction: F.ctc_loss(first(y), t, full(7), b, reduction=reduction), real(4, 7, 4), words, {"b": lengths}, line="ctc(y, tOPTIONS)")
ctc("frames=a", lambda y, t, a, reduction: F.ctc_loss(first(y), t, a, full(3), reduction=reduction), real(4, 9, 4), words, {"a": torch.tensor([9, 6, 5, 7])}, line="ctc(y, tOPTIONS)")
ctc("blank=2, zero_infinity=true", lambda y, t, a, b, reduction: F.ctc_loss(first(y), t, a, b, blank=2, zero_infinity=True, reduction=reduction), real(4, 7, 4),
    torch.tensor([[1, 0, 3], [1, 1, 0], [3, 0, 3], [0, 0, 0]]), {"a": torch.tensor([7, 2, 2, 4]), "b": torch.tensor([3, 2, 3, 3])}, ways=(MEAN, SUM))
ctc("zero_infinity=true", lambda y, t, reduction: F.ctc_loss(first(y), t, full(4), full(3), zero_infinity=True, reduction=reduction), real(4, 4, 4), words, ways=(MEAN, SUM))
ctc("", lambda y, t, reduction: F.ctc_loss(first(y), t, torch.full((1,), 2), torch.full((1,), 2), reduction=reduction), real(1, 2, 3), torch.tensor([[1, 2]]), C=3)
ctc("", lambda y, t, reduction: F.ctc_loss(first(y), t, torch.full((2,), 1), torch.full((2,), 1), reduction=reduction), real(2, 1, 3), torch.tensor([[1], [2]]), C=3)
ctc("", lambda y, t, reduction: F.ctc_loss(first(y), t, full(7), full(3), reduction=reduction), 40*real(4, 7, 4), words)

# ---- more edges ----

loss("focal", each(focal, lambda l, z, t: l.sum()/t.sum()), "reduce=mean_by(_, t)", t=bits(4, 6))
loss("cosine", lambda y, z, reduction: F.cosine_similarity(y, z).mean(), x=torch.zeros(2, 3), more={"z": torch.zeros(2, 3)}, p=torch.zeros(3), kink=True)
loss("info_nce", lambda y, z, reduction: F.cross_entropy(F.normalize(y) @ F.normalize(z).T / 0.2, torch.arange(2)), "0.2, shape=normalize", x=torch.zeros(2, 3),
     more={"z": real(2, 3)}, p=torch.zeros(3), kink=True)
loss("per_class", lambda z, t, reduction: smp_dice(z, t, ignore=255), "dice(_, _, 0, 1e-7, across=of_batch), absent=false, ignore=255", x=real(2, 3, 5),
     t=torch.full((2, 5), 255))
loss("log_cosh", each(lambda y, t: (y - t).abs() - math.log(2)), x=torch.tensor([[1000.0, -1000]]), t=torch.zeros(1, 2), kink=True)
loss("smooth_l1", lambda y, t, reduction: F.smooth_l1_loss(y, t, beta=0), "beta=0", x=torch.tensor([[1000.0, -1000, 2]]), t=torch.tensor([[0.0, 0, 2]]),
     p=torch.zeros(3), kink=True)
# Lanes of samples, and more than one block of them.
loss("cross_entropy", F.cross_entropy, x=real(32, 20), t=classes(20, 32), types={"t": "class[20]"})
loss("huber", F.huber_loss, x=real(32, 20), t=real(32, 20))
ctc("", lambda y, t, a, b, reduction: F.ctc_loss(first(y), t, a, b, reduction=reduction), real(8, 20, 5), 1 + classes(4, 8, 6),
    {"a": torch.tensor([20, 18]*4), "b": torch.tensor([6, 3, 5, 1]*2)}, C=5, kink=True)

# ---- known numbers ----
# Worked out by another PyTorch, written down with 9 digits or more. One sample holds all, so that each has its gradient.


def known(entry, call, x, value, gradient=None, more={}, act="", before="", types={}, kink=False, tolerance=1e-9):
    """`call` at y = act(x) is `value`; a list of values is compared through its sum by weights 1, 2, .."""
    inputs, params = {"x": torch.tensor(x)[None], **{k: torch.as_tensor(v)[None] for k, v in more.items()}}, {}
    text, y = call, f"{act}(x)" if act else "x"
    if isinstance(value, list):
        value = torch.tensor(value)
        inputs["k"] = torch.arange(1, value.numel() + 1).double().reshape(1, *value.shape)
        value, text = (inputs["k"][0]*value).sum(), f"sum(k*{call})"
    if gradient is not None:
        params, y = {"p": torch.zeros(inputs["x"].shape[1:])}, f"{act}(x + p)" if act else "x + p"
    def compute(i, p):
        return {}, torch.as_tensor(value) + (sum((torch.tensor(gradient)*q).sum() for q in p.values()) if p else 0)
    case(entry, text, "; ".join([f"y = {y}"] + [before]*bool(before) + ["loss " + text]), inputs, params, compute, types=types, kink=kink, tolerance=tolerance)


Z, W = [[1.0, 1], [2, -1], [3, 0.5]], "w[c < 3] = where(c == 0, 1, where(c == 1, 2, 0.5))"
P = {"t": [[0.1, 0.5], [0.2, 0.25], [0.7, 0.25]]}
T = {"t": [2, 0]}
known("cross_entropy", "cross_entropy(y, t, reduce=identity)", Z, [0.4076059644443804, 0.5549569196419907], more=T)
known("cross_entropy", "cross_entropy(y, t)", Z, 0.48128144204318557, [[0.04501528658519022, -0.21295150351615272], [0.12236423552739882, 0.03884778957428529],
      [-0.1673795221125891, 0.1741037139418674]], T)
known("cross_entropy", "cross_entropy(y, t, w)", Z, 0.5058399345761205, more=T, before=W)
known("cross_entropy", "cross_entropy(y, t, w, reduce=sum)", Z, 0.7587599018641809, more=T, before=W)
known("cross_entropy", "cross_entropy(y, t, smoothing=0.1)", Z, 0.5729481087098522, more=T)
known("cross_entropy", "cross_entropy(y, t, w, smoothing=0.1)", Z, 0.7134552765474484, more=T, before=W)
known("cross_entropy", "cross_entropy(y, t, w, smoothing=0.1, reduce=identity)", Z, [0.36431004651848226, 0.7058728683026905], more=T, before=W)
for call, value in (("cross_entropy(y, t)", 0.4076059644443804), ("cross_entropy(y, t, smoothing=0.1)", 0.5076059644443804),
                    ("cross_entropy(y, t, w, smoothing=0.1)", 0.7286200930369645)):
    known("cross_entropy", call, Z, value, more={"t": [2, -100]}, before=W if "w," in call else "")
known("cross_entropy", "cross_entropy(y, t)", Z, math.nan, more={"t": [-100, -100]})
known("cross_entropy", "cross_entropy(y, t, reduce=sum)", Z, 0.0, more={"t": [-100, -100]})
for call, value in (("soft_cross_entropy(y, t)", 0.9937814420431856), ("soft_cross_entropy(y, t, smoothing=0.1)", 1.0341981087098524),
                    ("soft_cross_entropy(y, t, w)", 1.3166458021874816)):
    known("soft_cross_entropy", call, Z, value, more=P, before=W if "w" in call[22:] else "")
for how, value in (("mean", 0.02433726011718598), ("sum", 0.14602356070311587)):
    known("kl", f"kl(class_first(y), t, reduce={how})", [[1.0, 2, 3], [1, -1, 0.5]], value, more=P, act="log_softmax")
known("kl", "kl(class_first(y), t)/2", [[1.0, 2, 3], [1, -1, 0.5]], 0.07301178035155793, more=P, act="log_softmax")
known("bce", "bce(y, t, reduce=identity)", [0.9, 0.2, 0, 1], [0.10536051565782628, 0.2231435513142097, 100.0, 100], more={"t": [1.0, 0, 1, 0]})
# Here the reference has 8 digits, and PyTorch its 1e-12 in float.
known("bce", "bce(y, t, reduce=sum)", [0.9, 0.2, 0, 1], 200.328504067, [-1.1111111, 1.25, -1e12, 1e12], {"t": [1.0, 0, 1, 0]}, kink=True, tolerance=1e-8)
known("bce", "bce(y, t, reduce=sum)", [0.9, 0.2], 0.328504066972036, [-1.1111111, 1.25], {"t": [1.0, 0]}, tolerance=1e-7)
B = {"t": [1.0, 0, 1]}
known("bce_logits", "bce_logits(y, t)", [2, -1, 0.5], 0.3047555609137674, [-0.0397343073407059, 0.08964714045666504, -0.1258468895993818], B)
known("bce_logits", "bce_logits(y, t, positive=3)", [2, -1, 0.5], 0.7054255577291535, [-0.11920292202211764, 0.08964714045666504, -0.37754066879814535], B)
known("bce_logits", "bce_logits(y, t, reduce=identity)", [1000.0, -1000], [1000.0, 1000], more={"t": [0.0, 1]})
X, Y = [0.5, -2, 0, 3], {"t": [0.0, 0, 0, 1]}
for call, value in (("l1(y, t)", 1.125), ("mse(y, t)", 2.0625), ("smooth_l1(y, t)", 0.78125), ("smooth_l1(y, t, 0.5)", 0.9375), ("smooth_l1(y, t, 0)", 1.125),
                    ("huber(y, t)", 0.78125), ("huber(y, t, 2)", 1.03125), ("huber(y, t, 0.5)", 0.46875)):
    known(call.split("(")[0], call, X, value, more=Y)
for options, value in (("", [1.1487212707, -0.2817181715]), ("full=true, ", [1.1487212707, 1.4823633720]), ("log_input=false, ", [1.1931471606, 0.9999999700])):
    known("poisson_nll", f"poisson_nll(y, t, {options}reduce=identity)", [0.5, 1], value, more={"t": [1.0, 3]})
known("gaussian_nll", "gaussian_nll(y, t, 0.5)", 0.5, -0.09657359027997264, more={"t": 1.0})
known("gaussian_nll", "gaussian_nll(y, t, 0.5, full=true)", 0.5, 0.8223649429247, more={"t": 1.0})
known("cosine_embedding", "cosine_embedding(y, z, 1, 0.2)", [1.0, 0], 0.2928932188, more={"z": [1.0, 1]})
known("cosine_embedding", "cosine_embedding(y, z, -1, 0.2)", [1.0, 1], 0.5071067812, more={"z": [1.0, 0]})
for x, t, plain, square in (([1.0, 2, 3], 2, 0.0, 0.0), ([1, -1, 0.5], 0, 0.1666666667, 0.0833333333)):
    known("multi_margin", "multi_margin(y, t)", x, plain, more={"t": t}, types={"t": "class[3]"})
    known("multi_margin", "multi_margin(y, t, p=2, weight=w)", x, square, more={"t": t}, types={"t": "class[3]"}, before=W)
known("multilabel_margin", "multilabel_margin(y, t)", [0.1, 0.2, 0.4, 0.8], 0.85, more={"t": [3, 0, -1, 1]})
known("multilabel_soft_margin", "multilabel_soft_margin(y, t)", [0.1, -0.2, 0.4], 0.585183593951705, more=B)
known("triplet", "triplet(y, u, v, 4, swap=true)", [0.0, 0], 4.0, more={"u": [1.0, 0], "v": [2.0, 0]})
sines = lambda n: [[math.sin(3*t + c) for c in range(3)] for t in range(n)]
L = {"types": {"t": "class[3]"}, "act": "log_softmax"}
known("ctc", "ctc(y, t, reduce=identity)", sines(4), 1.6346132170058927, more={"t": [1, 2]}, **L)
known("ctc", "ctc(y, t)", sines(4), 0.8173066085029463, more={"t": [1, 2]}, **L)
known("ctc", "ctc(y, t, reduce=identity)", sines(4), 2.4986780772231265, more={"t": [1, 1]}, **L)
known("ctc", "ctc(y, t)", sines(2), math.inf, more={"t": [1, 1]}, **L)
known("ctc", "ctc(y, t, zero_infinity=true)", sines(2), 0.0, [[0.0]*3]*2, more={"t": [1, 1]}, **L)
known("ctc", "ctc(y, t, length=0)", sines(4), 4.7607780387215675, more={"t": [1, 2]}, **L)
# Of its gradient the first frame is written down: only that one learns.
case("ctc", "ctc(log_softmax(y), t, reduce=identity)", "y[f, c] = x[f, c] + where(f == 0, p[c], 0); loss ctc(log_softmax(y), t, reduce=identity)",
     {"x": torch.tensor(sines(4))[None], "t": torch.tensor([[1, 2]])}, {"p": torch.zeros(3)}, types={"t": "class[3]"}, tolerance=1e-9,
     compute=lambda i, p: ({}, 1.6346132170058927 + (p["p"]*torch.tensor([0.0505226650, -0.4783796161, 0.4278569511])).sum()))
p, t = [0.9, 0.8, 0.1, 0.4], {"t": [1.0, 1, 0, 0]}
known("dice", "dice(y, t)", p, 0.15384615384615385, [-0.22189349112, -0.22189349112, 0.16272189349, 0.16272189349], t)
known("dice", "dice(y, t, 0)", p, 0.19047619047619047, [-0.28344671202, -0.28344671202, 0.19274376417, 0.19274376417], t)
known("jaccard", "jaccard(y, t)", p, 0.22857142857142854, more=t)
known("tversky", "tversky(y, t, 0.3, 0.7)", p, 0.11764705882352933, more=t)
known("focal", "focal(y, t)", [2.0, -1], 0.08795898328082817, [-0.00060886752, -0.09602934040], {"t": [1.0, 1]})
known("cross_entropy", "cross_entropy(y, t, ignore=255)", [[[math.cos(8*c + 4*h + w) for w in range(4)] for h in range(2)] for c in range(3)], 0.9231838504813906,
      more={"t": [[0, 1, 2, 255], [2, 255, 1, 0]]})

# ---- no frames at all say no labels: 0 for an empty text, inf for another ----

ctc("", lambda y, t, a, b, reduction: F.ctc_loss(first(y), t, a, b, zero_infinity=True, reduction=reduction), real(4, 7, 4), words,
    {"a": torch.tensor([0, 5, 0, 7]), "b": torch.tensor([0, 2, 1, 0])}, line="ctc(y, t, a, b, zero_infinity=true)")
ctc("", lambda y, t, a, b, reduction: F.ctc_loss(first(y), t, a, b, reduction=reduction), real(2, 4, 4), words[:2],
    {"a": torch.tensor([0, 4]), "b": torch.tensor([0, 2])})

# ---- distances of all pairs; both losses of one region ----

for p_ in (2, 1, 3, math.inf):
    option = "" if p_ == 2 else f", p={'inf' if p_ == math.inf else p_}"
    a, b = real(3, 4, 2), real(3, 5, 2)
    loss("cdist", lambda y, b, reduction: probe(torch.cdist(y, b, p_)), x=a, more={"b": b}, learn=("b",), line=f"probe(cdist(y, b_{option}))", p=torch.zeros(4, 2))
    loss("pdist", lambda y, reduction: torch.stack([probe(F.pdist(v, p_)[None]) for v in y]).mean(), x=real(3, 5, 2), line=f"probe(pdist(y{option}))", p=torch.zeros(5, 2))
loss("cdist", lambda y, b, reduction: probe(torch.cdist(y, b)), x=real(2, 3, 4, 2), more={"b": real(2, 3, 2, 2)}, line="probe(cdist(y, b))", p=torch.zeros(3, 4, 2))


def region(y, t, ce=1, overlap=1, smooth=1, dims=(1,)):
    q = torch.sigmoid(y)
    both, area = (q*t).sum(dims), (q + t).sum(dims)
    return ce*F.binary_cross_entropy_with_logits(y, t) + overlap*(1 - (2*both + smooth)/(area + smooth)).mean()


t = torch.tensor(draws.choice([0.0, 1.0], (4, 6)))
loss("bce_dice", lambda y, t, reduction: region(y, t), t=t)
loss("bce_dice", lambda y, t, reduction: region(y, t, 0.5, 2, 0.1, (0, 1)), "0.5, 2, 0.1, of_batch", t=t)

end()
