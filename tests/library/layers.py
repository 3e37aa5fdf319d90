"""Layers: norms, dropout, embeddings, weight norms. Writes layers.nn and layers.txt; see cases.py.

What a case predicts is the layer at rest, its loss and gradients are those of training."""
from cases import *

begin("layers")
inf = math.inf


def worked(entry, options, f, x, wanted, digits=9, **more):
    """A worked example of the reference: one sample, whose result is known to so many digits."""
    x = torch.tensor([x], dtype=torch.float64)
    assert torch.allclose(f(x).reshape(-1), torch.tensor(wanted, dtype=torch.float64).reshape(-1), atol=10.0**-digits), (entry, f(x))
    layer(entry, options, f, x, **more)


# ---- batch norm and instance norm: training and rest differ, and what training leaves behind is compared ----

def running(path, channels):
    kept.clear()
    kept.update({f"{path}.running_mean": real(channels), f"{path}.running_var": real(channels)**2 + 0.1})
    return {key: value.clone() for key, value in kept.items()}


def tracked(entry, options, shape, torch_norm, channels_params, n=3, **more):
    """torch_norm(v, mean, var, gain, bias, training) is PyTorch's; it changes the running values in training."""
    C = shape[0]
    states = running(entry, C)
    mean, var = states.values()
    params = {f"{entry}.{name}": real(C) for name in channels_params}
    named = lambda given: dict(zip(channels_params, given))
    layer(entry, options, lambda v, *p: torch_norm(v, mean, var, named(p).get("gain"), named(p).get("b"), True), real(n, *shape), params,
          lambda v, *p: torch_norm(v, kept[entry + ".running_mean"], kept[entry + ".running_var"], named(p).get("gain"), named(p).get("b"), False),
          states=states, after=lambda: {f"{entry}.running_mean": mean, f"{entry}.running_var": var}, **more)


def batch_norm(eps=1e-5, momentum=0.1):
    return lambda v, mean, var, gain, bias, training: F.batch_norm(v, mean, var, gain, bias, training, momentum, eps)


# With an offset alone (affine, no bias and so on) PyTorch takes None for what is not there.
for shape in ((4,), (3, 2), (3, 2, 2), (2, 2, 2, 2)):
    tracked("batchnorm", "", shape, batch_norm(), ("gain", "b"))
    tracked("batchnorm", "eps=0.1, momentum=0.3", shape, batch_norm(0.1, 0.3), ("gain", "b"))
    tracked("batchnorm", "affine=false", shape, batch_norm(), ())
    tracked("batchnorm", "bias=false", shape, batch_norm(), ("gain",))
tracked("batchnorm", "momentum=0", (3, 2), batch_norm(momentum=0), ("gain", "b"))
tracked("batchnorm", "momentum=1", (3, 2), batch_norm(momentum=1), ("gain", "b"))
tracked("batchnorm", "", (2,), batch_norm(), ("gain", "b"), n=9)


def batches(entry, options, given, wanted, params={}):
    """Running values after several batches of one number a sample."""
    most = max(len(x) for x in given)
    start(entry, f"v |> {entry}({options}), batch by batch", ["input x[1]", f"y = x |> {entry}({options}); output y; loss probe(y)", f"train batch={most}"], 1e-9, None, "")
    for x, (mean, var) in zip(given, wanted):
        line("input", "x", numbers(torch.tensor(x)))
        line("loss", len(x))
        line("value", f"{entry}.running_mean", mean)
        line("value", f"{entry}.running_var", var)


norm = torch.nn.BatchNorm1d(1, momentum=None)
steps, left = [[1.0, 3.0], [5.0, 5.0], [0.5, -7.0, 2.0], [1.0, 1.5]], []
for x in steps:
    norm(torch.tensor(x).reshape(-1, 1))
    left.append((norm.running_mean.item(), norm.running_var.item()))
assert left[1] == (3.5, 1.0)                                    # the worked example of the reference
batches("batchnorm", "cumulative=true", steps, left)
# One value a channel: the mean counts, the variance cannot. PyTorch refuses it.
batches("batchnorm", "", [[2.0], [1.0, 2.0, 4.0]], [(0.2, 1.0), (0.9*0.2 + 0.7/3, 0.9 + 0.7/3)])
case("batchnorm", "batchnorm of one value", "y = x + p |> batchnorm; output y; loss y[0]^2 + sum(p*x)", {"x": torch.tensor([[3.0, -1.0]])},
     {"p": torch.zeros(2), "batchnorm.gain": torch.tensor([2.0, 3.0]), "batchnorm.b": torch.tensor([0.5, 0.0])},
     lambda i, p: ({"y": (i["x"] + p["p"])/math.sqrt(1 + 1e-5)*p["batchnorm.gain"] + p["batchnorm.b"]}, p["batchnorm.b"][0]**2 + (p["p"]*i["x"]).sum()))
# The worked example: [1, 2, 4] is a batch here.
x = torch.tensor([[1.0], [2.0], [4.0]])
assert torch.allclose(F.batch_norm(x, None, None, training=True).reshape(-1), torch.tensor([-1.0690415315, -0.2672603829, 1.3363019143]))
mean, var = torch.zeros(1), torch.ones(1)
case("batchnorm", "batchnorm of 1, 2, 4", "y = x + p*x |> batchnorm; loss y[0]^3", {"x": x}, {"p": torch.zeros(1)},
     lambda i, p: ({}, (F.batch_norm(i["x"] + p["p"]*i["x"], mean, var, training=True)**3).mean()),
     after=lambda: {"batchnorm.running_mean": torch.tensor([.7/3]), "batchnorm.running_var": torch.tensor([0.9 + .7/3])})
# Values all the same have no variance: differences are divided by sqrt(eps), and so are their errors.
layer("batchnorm", "", lambda v: F.batch_norm(v, torch.zeros(2), torch.ones(2), training=True), torch.tensor([[1.0, 5], [1, 5], [1, 5]]),
      rest=lambda v: F.batch_norm(v, torch.zeros(2), torch.ones(2)), kink=True, float_tolerance=1e-3)


def instance_norm(eps=1e-5, momentum=0.1):
    return lambda v, mean, var, gain, bias, training: F.instance_norm(v, mean, var, gain, bias, training, momentum, eps)


for shape in ((3, 4), (3, 2, 3), (2, 2, 2, 2)):
    layer("instancenorm", "", lambda v: F.instance_norm(v), real(2, *shape))
    C = shape[0]
    layer("instancenorm", "eps=0.1, affine=true", lambda v, g, b: F.instance_norm(v, None, None, g, b, eps=0.1), real(2, *shape),
          weights("instancenorm", gain=(C,), b=(C,)))
    tracked("instancenorm", "track=true", shape, instance_norm(), ())
    tracked("instancenorm", "0.01, 0.3, affine=true, bias=false, track=true", shape, instance_norm(0.01, 0.3), ("gain",))
layer("instancenorm", "", lambda v: 0*v, real(2, 3))            # one value: an error in PyTorch

# ---- the other norms ----

for shape, groups in (((4,), 2), ((4, 3), 1), ((4, 3), 4), ((6, 2, 2), 3), ((4, 2, 2, 2), 2)):
    C = shape[0]
    layer("groupnorm", groups, lambda v, g, b: F.group_norm(v, groups, g, b), real(2, *shape), weights("groupnorm", gain=(C,), b=(C,)))
    layer("groupnorm", f"{groups}, 0.01, bias=false", lambda v, g: F.group_norm(v, groups, g, None, 0.01), real(2, *shape), weights("groupnorm", gain=(C,)))
    layer("groupnorm", f"{groups}, affine=false", lambda v: F.group_norm(v, groups), real(2, *shape))
worked("groupnorm", "1", lambda v: F.group_norm(v, 1), [[1, 2, 4], [0, 0, 3]],
       [-.4472125893, .2236062946, 1.5652440625, -1.1180314732, -1.1180314732, .8944251785])
single = torch.finfo(torch.float32).eps                         # the default eps of rmsnorm, in a build of doubles too
for shape in ((5,), (2, 5), (2, 3, 4)):
    D = shape[-1]
    layer("layernorm", "", lambda v, g, b: F.layer_norm(v, (D,), g, b), real(3, *shape), weights("layernorm", gain=(D,), b=(D,)))
    layer("layernorm", "eps=0.1, bias=false", lambda v, g: F.layer_norm(v, (D,), g, None, 0.1), real(3, *shape), weights("layernorm", gain=(D,)))
    layer("layernorm", "affine=false", lambda v: F.layer_norm(v, (D,)), real(3, *shape))
    layer("rmsnorm", "", lambda v, g: F.rms_norm(v, (D,), g, single), real(3, *shape), weights("rmsnorm", gain=(D,)))
    layer("rmsnorm", "eps=0.1, affine=false", lambda v: F.rms_norm(v, (D,), None, 0.1), real(3, *shape))
    layer("layernorm_all", "", lambda v, g, b: F.layer_norm(v, shape, g, b), real(3, *shape), weights("layernorm_all", gain=shape, b=shape))
    layer("layernorm_all", "0.01, by=by_rms, bias=false", lambda v, g: F.rms_norm(v, shape, g, 0.01), real(3, *shape), weights("layernorm_all", gain=shape))
layer("layernorm_all", "", lambda v, g, b: F.layer_norm(v, (3, 4), g, b), real(3, 2, 3, 4), weights("layernorm_all", gain=(3, 4), b=(3, 4)),
      body="y[t, _, _] = layernorm_all(v[t, _, _])")
layer("layernorm_all", "", lambda v: F.layer_norm(v.movedim(3, 1), (2, 3)).movedim(1, 3), real(3, 2, 3, 2),
      body="y[_, _, k] = layernorm_all(v[_, _, k], affine=false)")
layer("standardize", "0.1", lambda v: F.layer_norm(v, (2, 3), eps=0.1), real(3, 2, 3))
layer("by_rms", "0.1", lambda v: F.rms_norm(v, (2, 3), None, 0.1), real(3, 2, 3))
worked("layernorm", "", lambda v: F.layer_norm(v, (3,)), [1, 2, 4], [-1.0690415315, -0.2672603829, 1.3363019143])
worked("rmsnorm", "", lambda v: F.rms_norm(v, (3,), None, single), [1, 2, 4], [.3779644698, .7559289396, 1.5118578792], 7)
layer("layernorm", "", lambda v: F.layer_norm(v, (3,)), torch.full((2, 3), 7.0), kink=True)
x = torch.tensor([[1.0, 2, 4]])
def compute(i, p):
    y = F.layer_norm(i["x"] + p["p"], (3,))
    return {"y": y}, y[0, 0]
assert torch.allclose(torch.autograd.grad(compute({"x": x}, {"p": (q := torch.zeros(3, requires_grad=True))})[1], q)[0],
                      torch.tensor([.2290822917, -.3436200014, .1145377097]))
case("layernorm", "the first of layernorm(1, 2, 4)", "y = x + p |> layernorm; output y; loss y[0]", {"x": x}, {"p": torch.zeros(3)}, compute)
for shape in ((6,), (6, 3), (5, 2, 2)):
    for size in (2, 3, 5):
        layer("local_response_norm", f"{size}, 0.1", lambda v: F.local_response_norm(v, size, 0.1), real(2, *shape, *([1] if len(shape) == 1 else [])))
layer("local_response_norm", "3, alpha=0.5, beta=0.5, k=2", lambda v: F.local_response_norm(v, 3, 0.5, 0.5, 2), real(2, 4, 3))
one = [[float(k)] for k in range(1, 6)]
worked("local_response_norm", "2, 1, 1, 0", lambda v: F.local_response_norm(v, 2, 1, 1, 0), one, [2, .8, .4615384615, .32, .2439024390])
worked("local_response_norm", "3, 1, 1, 0", lambda v: F.local_response_norm(v, 3, 1, 1, 0), one, [.6, .4285714286, .3103448276, .24, .3658536585])

# ---- dropout: nothing at rest; in training nothing is lost, all, or what chance takes ----

for entry, lost in (("dropout", F.dropout), ("channel_dropout", F.dropout2d), ("alpha_dropout", F.alpha_dropout), ("feature_alpha_dropout", F.feature_alpha_dropout)):
    for shape in ((6, 1, 1), (3, 2, 2)):
        layer(entry, "0", lambda v: lost(v, 0.0, True), real(2, *shape))
        layer(entry, "1", lambda v: lost(v, 1.0, True), real(2, *shape), rest=lambda v: v, kink=True)
    for shape in ((6,), (3, 4), (3, 2, 2), (2, 2, 2, 2)):
        x = real(2, *shape)
        for options in ("", "0.2"):
            call = f"{entry}({options})" if options else entry
            case(entry, f"v |> {call}, at rest; in training by differences", f"y = x + p |> {call}; output y; loss probe(y)", {"x": x},
                 {"p": torch.zeros(shape)}, lambda i, p: ({"y": i["x"]}, None))
layer("alpha_scaled", "0.3", lambda v: (v + 0.3*1.7580993408473766)*(0.7*(1 + 0.3*1.7580993408473766**2))**-0.5, real(2, 5))
layer("stochastic_depth", "tanh, 0", lambda v: v + torch.tanh(v), real(2, 3, 2))
layer("stochastic_depth", "tanh, 1", lambda v: v, real(2, 3, 2), rest=lambda v: v + torch.tanh(v))
x = real(3, 4)
case("stochastic_depth", "stochastic_depth(x, tanh, 0.5), at rest; in training by differences",
     "y = x + p |> stochastic_depth(tanh, 0.5); output y; loss probe(y)", {"x": x}, {"p": torch.zeros(4)}, lambda i, p: ({"y": x + torch.tanh(x)}, None))


# What chance takes, within five standard errors: an element (or channel) x = 1 is 0 with probability p, else 1/(1-p).
def chance(entry, p, shape, each):
    """each: how many elements are lost together."""
    q, n = 1 - p, 2*shape[0]
    near = lambda mean, wanted, variance, n: f"abs({mean} - {wanted:.9g}) < {5*math.sqrt(variance/n):.9g}"
    first = "y[c, 0]" if len(shape) > 1 else "y[c]"
    both = "mean(c) ((mean(batch) " + first + ")^2)"           # of two samples, each with draws of its own
    fourth = q*q/q**4 + 2*p*q/(2*q)**4
    truths = [near("(mean(batch) mean(y))", 1, p/q, n), near("(mean(batch) mean(where(y == 0, 1, 0)))", p, p*q, n),
              f"(max(batch) max(abs(y*(y - {1/q:.9g})))) < 1e-5", near(both, (1/q + 1)/2, fourth - (1/q + 1)**2/4, n/2),
              near(f"(mean(batch) mean(c < {shape[0] - 1}) {first}*{first.replace('c', 'c+1')})", 1, 1/q**2 - 1, n),
              "max(abs(kept - z)) > 0"]                         # the next step has other draws
    if each > 1:
        truths.append("(max(batch) max(c) abs(y[c, 0] - y[c, 1])) == 0")
    extent = ", ".join(map(str, shape))
    holds(entry, f"{entry}(1, {p}), in training", f"y = x |> {entry}({p}); z = mean(batch) y; state kept[{extent}] = 0; kept' = z", truths,
          inputs={"x": torch.ones(2, *shape)})
    line("step", 1)
    line("loss", 2)
    for k in range(len(truths)):
        line("value", f"ok{k}", 1)


for p in (0.1, 0.5, 0.8):
    chance("dropout", p, (2000,), 1)
    chance("channel_dropout", p, (1000, 2), 2)
for entry, shape in (("alpha_dropout", (1000, 2)), ("feature_alpha_dropout", (1000, 2))):
    # 0 becomes +-0.779194 by halves; numbers of mean 0 and variance 1 keep them.
    holds(entry, f"{entry}(0), in training", f"y = x |> {entry}", ["(max(batch) max(abs(abs(y) - 0.779194))) < 1e-6",
          "abs(mean(batch) mean(y)) < 0.0871"], inputs={"x": torch.zeros(2, *shape)})
    holds(entry, f"{entry}(x, 0.3), in training", f"y = x |> {entry}(0.3)", ["abs(mean(batch) mean(y)) < 0.15", "abs((mean(batch) mean(y^2)) - 1) < 0.25"]
          + (["(mean(batch) mean(c < 1000) where(y[c, 0] == y[c, 1], 1, 0)) < 0.15"] if entry == "alpha_dropout"
             else ["abs((mean(batch) mean(c < 1000) where(y[c, 0] == y[c, 1], 1, 0)) - 0.3) < 0.052"]), inputs={"x": real(2, *shape, scale=1)})
holds("stochastic_depth", "stochastic_depth(x, f, 0.3), in training", "y = x |> stochastic_depth(one_more, 0.3)",
      ["abs((mean(batch) y[0]) - 1) < 0.11", "(max(batch) abs(y[0]*(y[0] - 1/0.7))) < 1e-5"], inputs={"x": torch.zeros(900, 1)}, extra="fn one_more(x) = x + 1")


# ---- embeddings ----


def embedded(options, shape, vocabulary=7, table=None, t=None, **torch_options):
    table = real(vocabulary, 3) if table is None else table
    t = classes(vocabulary, *shape) if t is None else t
    call = f"embedding(k, {vocabulary}, 3{', ' if options else ''}{options})"
    def compute(i, p):
        y = F.embedding(i["k"], p["embedding.table"], **torch_options)
        return {"y": y}, probe(y)
    y = F.embedding(t, table.clone(), **torch_options)
    # A row of padding has no gradient, though it is read; and a row that is cut has that of the row itself.
    plain = not ({"padding_idx", "max_norm", "scale_grad_by_freq"} & set(torch_options))
    case("embedding", call, f"y = {call}; output y; loss probe(y)", {"k": t}, {"embedding.table": table}, compute, types={"k": f"class[{vocabulary}]"},
         kink=not plain, **fair(probe(y), y))


for shape in ((3,), (3, 5), (2, 2, 3)):
    embedded("", shape)
    embedded("pad=2", shape, padding_idx=2)
    embedded("max_norm=1.5", shape, max_norm=1.5)
    embedded("pad=0, max_norm=2, norm=1", shape, padding_idx=0, max_norm=2.0, norm_type=1.0)
    embedded("by_frequency=true", shape, scale_grad_by_freq=True)
    embedded("pad=1, max_norm=2, norm=3, by_frequency=true", shape, padding_idx=1, max_norm=2.0, norm_type=3.0, scale_grad_by_freq=True)
    embedded("max_norm=1, norm=inf", shape, max_norm=1.0, norm_type=inf)
t = torch.tensor([[3, 3, 3, 1], [3, 2, 2, 3]])                  # the same row often
embedded("by_frequency=true", None, t=t, scale_grad_by_freq=True)
embedded("max_norm=1", None, t=t, max_norm=1.0)
x = torch.tensor([[3.0, 4, 0], [0.3, 0.4, 0]])                     # the worked example of the reference
assert torch.allclose(F.embedding(torch.tensor([0]), x.clone(), max_norm=1.0)[0, :2], torch.tensor([.599999988, .799999984]), atol=1e-9)
embedded("max_norm=1", None, vocabulary=2, table=x, t=torch.tensor([[0, 1]]), max_norm=1.0)
# At first: normal numbers, and 0 in the row of padding.
holds("embedding", "embedding(k, 1000, 4), at first", "y = embedding(k, 1000, 4)", ["abs(mean(batch) mean(y)) < 0.08", "abs((mean(batch) mean(y^2)) - 1) < 0.12"],
      inputs={"k": torch.arange(1000).reshape(1, 1000)}, types={"k": "class[1000]"})
start("embedding", "embedding(k, 7, 3, pad=2), at first", ["input k : class[7]", "y = embedding(k, 7, 3, pad=2); output y; loss sum(y)", "train batch=1"], None, None, "")
line("input", "k", 2)
line("predict", 1, "y", "0 0 0")


def bagged(options, shape, torch_mode, t=None, vocabulary=7, weighted=False, **torch_options):
    t = classes(vocabulary, *shape) if t is None else t
    inputs = {"k": t, **({"s": real(*t.shape)} if weighted else {})}
    params = {"embedding_bag.embedding.table": real(vocabulary, 3), **({"r": torch.zeros(t.shape[1:])} if weighted else {})}
    given = [f"mode=masked_{torch_mode}"] if torch_mode != "mean" else []
    call = "embedding_bag(" + ", ".join(["k", str(vocabulary), "3"] + ([options] if options else []) + given + (["weight=s + r"] if weighted else [])) + ")"
    def compute(i, p):
        y = F.embedding_bag(i["k"], p["embedding_bag.embedding.table"], mode=torch_mode,
                            per_sample_weights=i["s"] + p["r"] if weighted else None, **torch_options)
        return {"y": y}, probe(y)
    case("embedding_bag", call, f"y = {call}; output y; loss probe(y)", inputs, params, compute, types={"k": f"class[{vocabulary}]"},
         kink=bool(torch_options))


for mode in ("mean", "sum", "max"):
    for length in (1, 5):
        bagged("", (4, length), mode)
        bagged("pad=2", (4, length), mode, padding_idx=2)
    bagged("pad=2", None, mode, t=torch.tensor([[2, 2, 2], [1, 2, 1], [0, 1, 6]]), padding_idx=2)      # an empty bag, a row twice
bagged("", (4, 5), "sum", weighted=True)
for mode in ("mean", "sum", "max"):
    bagged("max_norm=1.5", (4, 5), mode, max_norm=1.5)
bagged("pad=2, max_norm=2, norm=1", (4, 5), "mean", padding_idx=2, max_norm=2.0, norm_type=1.0)
bagged("pad=2", (4, 5), "sum", weighted=True, padding_idx=2)
for entry, f in (("masked_sum", lambda x, k: (x*k).sum(1)), ("masked_mean", lambda x, k: (x*k).sum(1)/k.sum(1).clamp(min=1)),
                 ("masked_max", lambda x, k: torch.where(k.sum(1) > 0, x.masked_fill(k == 0, -inf).max(1).values, 0))):
    for rest in ((), (2,), (2, 3)):
        k = torch.tensor([[1, 0, 1, 1], [0, 0, 0, 0], [0, 1, 0, 0]])
        wide = k.double().reshape(3, 4, *[1]*len(rest))
        def compute(i, p):
            y = f(i["x"] + p["p"], wide)
            return {"y": y}, probe(y)
        case(entry, f"{entry}(x, keep)", f"keep[l] = k[l] > 0; y = {entry}(x + p, keep); output y; loss probe(y)", {"x": real(3, 4, *rest), "k": k},
             {"p": torch.zeros(4, *rest)}, compute)
for T, D in ((5, 4), (3, 6), (4, 5)):
    i = torch.arange(D)
    angle = torch.arange(T)[:, None] / 10000**(2*(i//2)/D)
    layer("positions", "", lambda v: v * torch.where(i % 2 == 0, angle.sin(), angle.cos()), real(2, T, D), body=f"a = positions({T}, {D}); y = v*a")

# ---- weights as functions of others ----

for shape in ((3, 4), (3, 2, 2), (2, 2, 1, 3)):
    v, x = real(*shape), real(3, math.prod(shape[1:]))
    def compute(i, p):
        w = torch._weight_norm(p["v"], p["weight_norm.gain"].reshape(-1, *[1]*(len(shape) - 1)), 0)
        y = i["x"] @ w.flatten(1).T
        return {"y": y}, probe(y)
    apply = "m[o, (..)] = w[o, ..]; y[o] = sum(i) m[o, i]*x[i]"
    case("weight_norm", f"weight_norm(v), v{list(shape)}", f"w = weight_norm(v); {apply}; output y; loss probe(y)", {"x": x},
         {"v": v, "weight_norm.gain": real(shape[0])}, compute)
    for steps in (1, 3):
        net = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(x.shape[1], shape[0], bias=False), n_power_iterations=steps)
        norm = net.parametrizations.weight[0]
        u, q = F.normalize(real(shape[0]), dim=0), F.normalize(real(x.shape[1]), dim=0)
        norm._u.copy_(u)
        norm._v.copy_(q)
        def compute(i, p):
            wide = p["v"].flatten(1)
            norm.eval()
            resting = i["x"] @ norm(wide).T
            norm.train()
            return {"y": resting}, probe(i["x"] @ norm(wide).T)
        options = "" if steps == 1 else f", {steps}"
        case("spectral_norm", f"spectral_norm(v{options}), v{list(shape)}", f"w = spectral_norm(v{options}); {apply}; output y; loss probe(y)", {"x": x},
             {"v": v}, compute, states={"spectral_norm.u": u, "spectral_norm.v": q},
             after=lambda: {"spectral_norm.u": norm._u, "spectral_norm.v": norm._v}, kink=True)
m, v = real(3, 4), real(4)
def compute(i, p):
    q = v
    for _ in range(3):
        u = F.normalize(p["m"] @ q, dim=0)
        q = F.normalize(p["m"].T @ u, dim=0)
    y = torch.cat([u, q]) * i["x"]
    return {"y": y}, y.sum(1).mean()
case("singular", "singular(m, v, 3)", f"param v[4] = 0; u, q = singular(m, stop(v), 3); y = concat(u, q)*x; output y; loss sum(y)", {"x": real(2, 7)},
     {"m": m}, compute, states={"v": v}, kink=True)

# ---- a frozen batch norm ----

fixed = lambda eps=1e-5: lambda v, mean, var, gain, bias, training: F.batch_norm(v, mean, var, gain, bias, False, 0.1, eps)
tracked("batchnorm", "fixed=true", (3, 2), fixed(), ("gain", "b"))
tracked("batchnorm", "fixed=true, affine=false, eps=0.1", (2, 2, 2), fixed(0.1), (), n=1)
tracked("batchnorm", "fixed=true, cumulative=true", (4,), fixed(), ("gain", "b"))

end()
