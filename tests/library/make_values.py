"""Writes values.txt: for each model of this folder, numbers to give it and what PyTorch makes of them in float64.

    python3 tests/library/make_values.py > tests/library/values.txt

compare.c says what each line means. Layers are written with PyTorch's own functions wherever it has them; a formula is
written out only for what it does not have."""
import math

import numpy
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
draws = numpy.random.RandomState(7)


def line(*words):
    print(*words)


def numbers(t):
    return " ".join(repr(float(v)) for v in torch.as_tensor(t).detach().reshape(-1))


def real(*shape, scale=1.5):
    return torch.tensor(numpy.round(draws.randn(*shape) * scale, 3).reshape(shape))


def classes(n, *shape):
    return torch.tensor(draws.randint(0, n, shape))


def probe(y):
    """The loss of most models: see probe.nn. A mean over the samples."""
    flat = y.reshape(y.shape[0], -1)
    return (flat * torch.cos(torch.arange(flat.shape[1], dtype=flat.dtype))).sum(1).mean()


def case(name, inputs, params, compute, tolerance=1e-10, states=None, after=None):
    """compute(inputs, params) gives (outputs, loss); outputs of None cannot be predicted alike."""
    n = next(iter(inputs.values())).shape[0]
    line("model", "test_" + name, tolerance)
    for key, value in inputs.items():
        line("input", key, numbers(value))
    for key, value in list(params.items()) + list((states or {}).items()):
        value.requires_grad_(value.dtype == torch.float64 and key in params)
        line("set", key, numbers(value))
    outputs, loss = compute(inputs, params)
    for key, value in outputs.items():
        line("predict", n, key, numbers(value))
    line("loss", n, numbers(loss))
    gradients = torch.autograd.grad(loss, list(params.values()))
    for key, value in zip(params, gradients):
        line("grad", key, numbers(value))
    if after:
        for key, value in after().items():
            line("value", key, numbers(value))


# ---- activations ----

def activation(name, f, tolerance=1e-10):
    x = real(3, 10, scale=2)
    x[0, 0] = 0
    def compute(i, p):
        y = f(i["x"] + p["p"])
        return {"y": y}, probe(y)
    case(name, {"x": x}, {"p": torch.zeros(10)}, compute, tolerance)


activation("relu", F.relu)
activation("relu6", F.relu6)
activation("leaky_relu", F.leaky_relu)
activation("elu", lambda x: F.elu(x, 0.7))
activation("selu", F.selu)
# PyTorch keeps a constant of the slope of these two in float: they are written out.
activation("celu", lambda x: torch.where(x >= 0, x, 0.7*torch.expm1(x/0.7)))
activation("gelu", F.gelu)
activation("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"))
activation("silu", F.silu)
activation("mish", F.mish)
activation("softplus", lambda x: F.softplus(x, 2, threshold=1000))
activation("log_sigmoid", F.logsigmoid)
activation("softsign", F.softsign)
activation("tanhshrink", F.tanhshrink)
activation("hardshrink", F.hardshrink)
activation("softshrink", F.softshrink)
activation("hardtanh", lambda x: F.hardtanh(x, -0.8, 1.2))
activation("hardsigmoid", lambda x: F.relu6(x + 3)/6)
activation("hardswish", F.hardswish)
activation("threshold", lambda x: F.threshold(x, 0.3, -2))
activation("clamp", lambda x: torch.clamp(x, -1, 2))
activation("glu", F.glu)
activation("softmax", lambda x: F.softmax(x, -1))
activation("log_softmax", lambda x: F.log_softmax(x, -1))
activation("softmin", lambda x: F.softmin(x, -1))
activation("normalize", lambda x: F.normalize(x, dim=-1))
activation("identity", lambda x: x)
activation("logsumexp", lambda x: torch.logsumexp(x, -1).unsqueeze(1))
activation("straight_through", lambda x: x + (torch.round(x) - x).detach())

for_prelu = {"p": torch.zeros(10), "prelu.a": real(10)}
def compute(i, p):
    y = F.prelu(i["x"] + p["p"], p["prelu.a"])
    return {"y": y}, probe(y)
case("prelu", {"x": real(3, 10)}, for_prelu, compute)

def compute(i, p):
    y = torch.lerp(i["x"] + 0*p["p"], p["p"] + 0*i["x"], 0.3)
    return {"y": y}, probe(y)
case("lerp", {"x": real(3, 10)}, {"p": real(10)}, compute)

def compute(i, p):
    y = i["x"]**2 + torch.cos(i["x"]) * (p["p"] - p["p"].detach())
    return {"y": y}, probe(y)
case("surrogate", {"x": real(3, 10)}, {"p": real(10)}, compute)


# ---- losses ----

def loss(name, f, x=None, shown=lambda y: y, tolerance=1e-10, **others):
    x = real(4, 6) if x is None else x
    def compute(i, p):
        y = shown(i["x"] + p["p"])
        return {"y": y}, f(y, *[i[key] for key in others])
    case(name, {"x": x, **others}, {"p": torch.zeros(x.shape[1:])}, compute, tolerance)


signs = torch.tensor(draws.choice([-1.0, 1.0], (4, 6)))
bits = torch.tensor(draws.choice([0.0, 1.0], (4, 6)))
soft = torch.tensor(numpy.round(draws.rand(4, 6), 3))
shares = torch.softmax(real(4, 6), 1)
labels = torch.tensor([1, 5, 0, 2])

loss("mse", F.mse_loss, t=real(4, 6))
loss("weighted_mse", lambda y, t, k: (k*(y - t)**2).sum() / k.sum(), t=real(4, 6), k=soft)
loss("l1", F.l1_loss, t=real(4, 6))
loss("smooth_l1", lambda y, t: F.smooth_l1_loss(y, t, beta=0.7), t=real(4, 6))
loss("huber", lambda y, t: F.huber_loss(y, t, delta=0.7), t=real(4, 6))
loss("log_cosh", lambda y, t: torch.log(torch.cosh(y - t)).mean(), t=real(4, 6))
loss("quantile", lambda y, t: torch.maximum(0.3*(t - y), -0.7*(t - y)).mean(), t=real(4, 6))
loss("hinge", lambda y, t: torch.clamp(1 - y*t, min=0).pow(2).mean(), t=signs)
loss("soft_margin", F.soft_margin_loss, t=signs)
loss("hinge_embedding", F.hinge_embedding_loss, t=signs)
loss("kl", lambda y, t: F.kl_div(y, t, reduction="batchmean"), shown=lambda z: F.log_softmax(z, 1), t=shares)
loss("kl_mean", F.kl_div, shown=lambda z: F.log_softmax(z, 1), t=bits)
loss("poisson_nll", lambda y, t: F.poisson_nll_loss(y, t, full=True), t=torch.tensor(draws.poisson(2, (4, 6)) + 0.0))
loss("bce", F.binary_cross_entropy, x=torch.tensor(numpy.round(0.05 + 0.9*draws.rand(4, 6), 3)), t=soft)
loss("bce_logits", lambda y, t: F.binary_cross_entropy_with_logits(y, t, pos_weight=torch.tensor(2.5)), t=bits)
loss("multilabel_soft_margin", F.multilabel_soft_margin_loss, t=bits)
loss("margin_ranking", lambda y, z, t: F.margin_ranking_loss(y, z, t, margin=0.3), z=real(4, 6), t=signs)
loss("cosine_embedding", lambda y, z, t: F.cosine_embedding_loss(y, z, t, margin=0.2), z=real(4, 6), t=torch.tensor([1.0, -1, -1, 1]))
loss("triplet", lambda y, z, u: F.triplet_margin_loss(y, z, u, swap=True), z=real(4, 6), u=real(4, 6))
loss("multi_margin", lambda y, t: F.multi_margin_loss(y, t, p=2, margin=0.8), t=labels)
loss("multilabel_margin", F.multilabel_margin_loss,
     t=torch.tensor([[3, 0, -1, 4, 2, 1], [5, -1, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5], [2, 4, 1, -1, -1, -1]]))
loss("info_nce", lambda y, z: F.cross_entropy(y @ z.T / 0.5, torch.arange(4)), z=real(4, 6))
def compute(i, p):
    y = F.cosine_similarity(i["x"] + p["p"], i["z"])
    return {"y": y}, y.mean()
case("cosine", {"x": real(4, 6), "z": real(4, 6)}, {"p": torch.zeros(6)}, compute)
def compute(i, p):
    y, v = i["x"] + p["p"], i["v"] + p["q"]
    return {"y": y}, F.gaussian_nll_loss(y, i["t"], v, full=True)
case("gaussian_nll", {"x": real(4, 6), "v": soft + 0.2, "t": real(4, 6)}, {"p": torch.zeros(6), "q": torch.zeros(6)}, compute)

loss("cross_entropy", F.cross_entropy, t=labels)
loss("cross_entropy_smooth", lambda y, t: F.cross_entropy(y, t, label_smoothing=0.2), t=labels)
loss("cross_entropy_full", lambda y, t: F.cross_entropy(y, t, weight=torch.arange(1, 7)/3.0, ignore_index=2, label_smoothing=0.1), t=labels)
t = classes(3, 4, 2, 4)
t[draws.rand(4, 2, 4) < 0.2] = 255
loss("cross_entropy_2d", lambda y, t: F.cross_entropy(y, t, ignore_index=255), x=real(4, 3, 2, 4), t=t)
loss("nll", lambda y, t: F.nll_loss(F.log_softmax(y, 1), t), t=labels)
loss("soft_cross_entropy", lambda y, t: F.cross_entropy(y, t, label_smoothing=0.1), t=shares)


def overlap(p, t, s, dims):
    return 1 - (2*(p*t).sum(dims) + s) / (p.sum(dims) + t.sum(dims) + s)


def jaccard(p, t):
    both = (p*t).sum(1)
    return (1 - (both + 1) / (p.sum(1) + t.sum(1) - both + 1)).mean()


def tversky(p, t, a, b):
    both = (p*t).sum(1)
    return (1 - (both + 1) / (both + a*(p*(1 - t)).sum(1) + b*((1 - p)*t).sum(1) + 1)).mean()


def generalised(p, t, s=1e-5):
    n = t.sum(2)
    k = torch.where(n > 0, 1/n.clamp(min=1)**2, torch.zeros(1))
    k = torch.where(n > 0, k, k.max(1, keepdim=True).values)
    return (1 - (2*(k*(p*t).sum(2)).sum(1) + s) / ((k*(p + t).sum(2)).sum(1) + s)).mean()


def focal(z, t):
    p = torch.sigmoid(z)
    b = F.binary_cross_entropy_with_logits(z, t, reduction="none")
    return ((0.25*t + 0.75*(1 - t)) * (1 - (p*t + (1 - p)*(1 - t)))**2 * b).mean()


def focal_softmax(z, t):
    p = F.log_softmax(z, 1).gather(1, t[:, None])
    return (-(1 - p.exp())**2 * p).mean()


loss("dice", lambda y, t: overlap(y, t, 1, 1).mean(), shown=torch.sigmoid, t=bits)
loss("batch_dice", lambda y, t: overlap(y, t, 1, (0, 1)), shown=torch.sigmoid, t=bits)
loss("class_dice", lambda y, t: overlap(F.softmax(y, 1), F.one_hot(t, 3).permute(0, 2, 1).double(), 1e-5, 2).mean(), x=real(4, 3, 5), t=classes(3, 4, 5))
loss("jaccard", jaccard, shown=torch.sigmoid, t=bits)
loss("tversky", lambda y, t: tversky(y, t, 0.3, 0.7), shown=torch.sigmoid, t=bits)
t = torch.tensor(draws.choice([0.0, 1.0], (4, 3, 5)))
t[1, 2] = 0
loss("generalised_dice", generalised, x=real(4, 3, 5), shown=torch.sigmoid, t=t)
loss("focal", focal, t=bits)
loss("focal_softmax", focal_softmax, t=labels)
loss("ctc", lambda y, t: F.ctc_loss(y.transpose(0, 1), t, torch.full((4,), 7), torch.full((4,), 3)), x=real(4, 7, 4),
     shown=lambda z: F.log_softmax(z, 2), t=torch.tensor([[1, 2, 3], [1, 1, 2], [3, 2, 3], [2, 2, 2]]))


# ---- layers ----

def layer(name, f, shape, params=None, inputs=None, train_only=False, losses=probe, names=("y",), **more):
    inputs = inputs or {"x": real(more.pop("n", 3), *shape)}
    all_params = {**({"p": torch.zeros(shape)} if shape is not None else {}), **{k: v for k, v in (params or {}).items()}}
    def compute(i, p):
        y = f(i, p)
        y = y if isinstance(y, tuple) else (y,)
        return {} if train_only else dict(zip(names, y)), losses(*y)
    case(name, inputs, all_params, compute, **more)


X = lambda i, p: i["x"] + p["p"]
layer("linear", lambda i, p: F.linear(X(i, p), p["linear.w"], p["linear.b"]), (5,), {"linear.w": real(3, 5), "linear.b": real(3)})
layer("linear_plain", lambda i, p: F.linear(X(i, p), p["linear.w"]), (2, 5), {"linear.w": real(3, 5)})
layer("bilinear", lambda i, p: F.bilinear(X(i, p), i["z"], p["bilinear.w"], p["bilinear.b"]), (3,),
      {"bilinear.w": real(2, 3, 4), "bilinear.b": real(2)}, {"x": real(3, 3), "z": real(3, 4)})
layer("flatten", lambda i, p: F.linear(X(i, p).flatten(1), p["linear.w"], p["linear.b"]), (2, 3, 2), {"linear.w": real(2, 12), "linear.b": real(2)})
layer("class_first", lambda i, p: X(i, p).transpose(1, 2), (2, 3))
layer("concat", lambda i, p: torch.cat([X(i, p), i["z"]], 1), (2, 3), None, {"x": real(3, 2, 3), "z": real(3, 4, 3)})
layer("split", lambda i, p: X(i, p).split([2, 3], 1), (5, 2), losses=lambda a, y: probe(a) + probe(y), names=("a", "y"))
layer("reverse", lambda i, p: X(i, p).flip(1), (5, 2))

W = lambda *s: {"conv2d.f": real(*s), "conv2d.b": real(s[0])}
layer("conv1d", lambda i, p: F.conv1d(X(i, p), p["f"], stride=2, padding=1), (2, 9), {"f": real(4, 2, 3)})
layer("conv2d", lambda i, p: F.conv2d(X(i, p), p["conv2d.f"], p["conv2d.b"]), (2, 6, 5), W(3, 2, 3, 3))
layer("conv2d_stride", lambda i, p: F.conv2d(X(i, p), p["conv2d.f"], p["conv2d.b"], stride=2, padding=1), (2, 7, 6), W(3, 2, 3, 3))
layer("conv2d_dilation", lambda i, p: F.conv2d(X(i, p), p["conv2d.f"], padding=2, dilation=2), (2, 7, 6), {"conv2d.f": real(3, 2, 3, 2)})
layer("conv2d_groups", lambda i, p: F.conv2d(X(i, p), p["conv2d.f"], p["conv2d.b"], stride=2, padding=1, groups=2), (4, 5, 5), W(6, 2, 3, 3))
for mode, pad in (("reflect", 2), ("circular", 1), ("replicate", 1)):
    layer("conv2d_" + mode, lambda i, p: F.conv2d(F.pad(X(i, p), [pad]*4, mode=mode), p["conv2d.f"], p["conv2d.b"]), (2, 5, 5), W(3, 2, 3, 3))
layer("conv2d_same", lambda i, p: F.conv2d(X(i, p), p["conv2d_same.f"], p["conv2d_same.b"], padding="same"), (2, 5, 4),
      {"conv2d_same.f": real(3, 2, 4, 4), "conv2d_same.b": real(3)})
layer("conv_transpose2d", lambda i, p: F.conv_transpose2d(X(i, p), p["conv_transpose2d.f"], p["conv_transpose2d.b"], stride=2, padding=1,
      output_padding=1, groups=2), (4, 3, 3), {"conv_transpose2d.f": real(4, 3, 3, 3), "conv_transpose2d.b": real(6)})
layer("pad2d", lambda i, p: F.pad(X(i, p), [2, 1, 1, 3], value=0.5), (2, 4, 4))
layer("unfold", lambda i, p: F.unfold(X(i, p), 3, stride=2, padding=1), (2, 5, 5))
layer("fold", lambda i, p: F.fold(X(i, p), (5, 5), 3, stride=2, padding=1), (18, 9))
layer("pixel_shuffle", lambda i, p: F.pixel_shuffle(X(i, p), 2), (8, 2, 3))
layer("pixel_unshuffle", lambda i, p: F.pixel_unshuffle(X(i, p), 2), (2, 4, 6))
layer("channel_shuffle", lambda i, p: X(i, p).reshape(-1, 3, 2, 3).transpose(1, 2).reshape(-1, 6, 3), (6, 3))
layer("upsample", lambda i, p: F.interpolate(X(i, p), scale_factor=2), (2, 3, 3))
layer("resize_linear", lambda i, p: F.interpolate(X(i, p), scale_factor=2, mode="bilinear"), (2, 3, 4))
layer("resize_corners", lambda i, p: F.interpolate(X(i, p), scale_factor=2, mode="bilinear", align_corners=True), (2, 3, 4))
layer("resize_cubic", lambda i, p: F.interpolate(X(i, p), scale_factor=2, mode="bicubic"), (2, 4, 4))

layer("maxpool2d", lambda i, p: F.max_pool2d(X(i, p), 2), (2, 6, 6))
layer("maxpool2d_overlap", lambda i, p: F.max_pool2d(X(i, p), 3, 2, 1), (2, 7, 6))
layer("maxpool2d_ceil", lambda i, p: F.max_pool2d(X(i, p), 3, 2, 1, 2, ceil_mode=True), (2, 8, 7))
layer("avgpool2d", lambda i, p: F.avg_pool2d(X(i, p), 2), (2, 6, 6))
layer("avgpool2d_pad", lambda i, p: F.avg_pool2d(X(i, p), 3, 2, 1), (2, 7, 6))
layer("avgpool2d_ceil", lambda i, p: F.avg_pool2d(X(i, p), 3, 2, 1, ceil_mode=True, count_include_pad=False), (2, 8, 7))
layer("adaptive_avgpool2d", lambda i, p: F.adaptive_avg_pool2d(X(i, p), (3, 2)), (2, 7, 5))
layer("adaptive_maxpool2d", lambda i, p: F.adaptive_max_pool2d(X(i, p), (3, 2)), (2, 7, 5))
layer("global_avgpool", lambda i, p: X(i, p).mean((2, 3)), (2, 4, 3))
layer("lppool1d", lambda i, p: F.lp_pool1d(X(i, p), 2, 3, 2), (2, 9))

# Batch norm: the training values, and then what the running statistics have become.
mean, var = torch.zeros(3), torch.ones(3)
layer("batchnorm", lambda i, p: F.batch_norm(X(i, p), mean, var, p["batchnorm.gain"], p["batchnorm.bias"], training=True), (3, 2, 2),
      {"batchnorm.gain": real(3), "batchnorm.bias": real(3)}, train_only=True,
      after=lambda: {"batchnorm.running_mean": mean, "batchnorm.running_var": var})
mean2, var2 = real(4), real(4)**2
layer("batchnorm_plain", lambda i, p: F.batch_norm(X(i, p), mean2, var2, training=True, momentum=0.3), (4,), train_only=True, n=4,
      losses=lambda y: (y**3).sum(1).mean(),                    # the mean of y itself is always 0
      states={"batchnorm.running_mean": mean2.clone(), "batchnorm.running_var": var2.clone()},
      after=lambda: {"batchnorm.running_mean": mean2, "batchnorm.running_var": var2})
G = lambda name, n: {name + ".gain": real(n), name + ".bias": real(n)}
layer("layernorm", lambda i, p: F.layer_norm(X(i, p), (5,), p["layernorm.gain"], p["layernorm.bias"]), (2, 5), G("layernorm", 5))
layer("rmsnorm", lambda i, p: F.rms_norm(X(i, p), (5,), p["rmsnorm.gain"], 1e-6), (2, 5), {"rmsnorm.gain": real(5)})
layer("groupnorm", lambda i, p: F.group_norm(X(i, p), 2, p["groupnorm.gain"], p["groupnorm.bias"]), (4, 2, 3), G("groupnorm", 4))
layer("instancenorm", lambda i, p: F.instance_norm(X(i, p)), (3, 2, 3))
layer("local_response_norm", lambda i, p: F.local_response_norm(X(i, p), 3, 0.1), (6, 3))
layer("dropout", lambda i, p: X(i, p), (6,))
layer("channel_dropout", lambda i, p: X(i, p), (3, 2))
layer("alpha_dropout", lambda i, p: X(i, p), (6,))
layer("stochastic_depth", lambda i, p: X(i, p) + torch.tanh(X(i, p)), (6,))
def weight_normed(i, p):
    v = p["v"]
    return F.linear(i["x"], p["weight_norm.gain"][:, None] * v / v.norm(dim=1, keepdim=True))
layer("weight_norm", weight_normed, None, {"v": real(3, 4), "weight_norm.gain": real(3)}, {"x": real(3, 4)})
layer("embedding", lambda i, p: F.embedding(i["t"], p["embedding.table"], padding_idx=2) * (i["t"] != 2)[..., None], None,
      {"embedding.table": real(7, 3)}, {"t": classes(7, 3, 5)})
layer("embedding_bag", lambda i, p: F.embedding_bag(i["t"], p["embedding_bag.table"], mode="mean", padding_idx=2), None,
      {"embedding_bag.table": real(7, 3)}, {"t": classes(7, 3, 5)})
where = torch.arange(5)[:, None] / 10000**(torch.tensor([0, 0, 2, 2])/4)
layer("positions", lambda i, p: X(i, p) * torch.where(torch.arange(4) % 2 == 0, where.sin(), where.cos()), (5, 4))


def recurrent(kind, gates, x, w, u, b, c, hidden):
    net = getattr(torch.nn, kind)(3, hidden, batch_first=True)
    return torch.func.functional_call(net, {"weight_ih_l0": w, "weight_hh_l0": u, "bias_ih_l0": b, "bias_hh_l0": c}, (x,))


def memory(name, gates, second, hidden=5):
    return {f"{name}.w": real(gates*hidden, 3), f"{name}.u": real(gates*hidden, hidden), f"{name}.b": real(gates*hidden),
            f"{name}.{second}": real(gates*hidden)}


def cells(kind, name, gates, second):
    def f(i, p):
        y, last = recurrent(kind, gates, X(i, p), p[name + ".w"], p[name + ".u"], p[name + ".b"], p[f"{name}.{second}"], 5)
        return (y, last[0]) if kind != "LSTM" else (y, last[0][0], last[1][0])
    return f


layer("rnn", cells("RNN", "rnn", 1, "c"), (4, 3), memory("rnn", 1, "c"), losses=lambda y, last: probe(y) + probe(last), names=("y", "last"))
layer("lstm", cells("LSTM", "lstm", 4, "r"), (4, 3), memory("lstm", 4, "r"), losses=lambda y, last, cell: probe(y) + probe(cell),
      names=("y", "last", "cell"))
layer("gru", cells("GRU", "gru.cell", 3, "c"), (4, 3), memory("gru.cell", 3, "c"), losses=lambda y, last: probe(y) + probe(last), names=("y", "last"))


def both_ways(i, p):
    net = torch.nn.RNN(3, 2, batch_first=True, bidirectional=True)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    weights = {f"{name}_l0{end}": p[f"{rnn}.{key}"] for end, rnn in (("", "rnn"), ("_reverse", "rnn_2")) for name, key in zip(names, "wubc")}
    return torch.func.functional_call(net, weights, (X(i, p),))[0]


layer("bidirectional", both_ways, (4, 3), {**memory("rnn", 1, "c", 2), **memory("rnn_2", 1, "c", 2)})


def attention(x, m, weight, heads, groups, allow=None):
    """`groups` of heads share their keys and values."""
    E = x.shape[-1]
    split = lambda t, n: t.reshape(t.shape[0], t.shape[1], n, E//heads).transpose(1, 2)
    q, k, v = (split(F.linear(a, weight("w" + c), weight("b" + c)), n) for a, c, n in ((x, "q", heads), (m, "k", groups), (m, "v", groups)))
    y = F.scaled_dot_product_attention(q, k, v, attn_mask=allow, enable_gqa=True)
    return F.linear(y.transpose(1, 2).flatten(2), weight("linear.w"), weight("linear.b"))


def attention_weights(path, E, M, heads, groups):
    width = groups*E//heads
    return {f"{path}.wq": real(E, E), f"{path}.wk": real(width, M), f"{path}.wv": real(width, M), f"{path}.bq": real(E),
            f"{path}.bk": real(width), f"{path}.bv": real(width), f"{path}.linear.w": real(E, E), f"{path}.linear.b": real(E)}


def encoder(pre):
    net = torch.nn.TransformerEncoderLayer(4, 2, 7, 0.0, batch_first=True, norm_first=pre)
    ours = {"self_attn.out_proj.weight": "self_attention.multihead.linear.w", "self_attn.out_proj.bias": "self_attention.multihead.linear.b",
            "linear1.weight": "feedforward.linear.w", "linear1.bias": "feedforward.linear.b",
            "linear2.weight": "feedforward.linear_2.w", "linear2.bias": "feedforward.linear_2.b",
            "norm1.weight": "sublayer.norm.gain", "norm1.bias": "sublayer.norm.bias",
            "norm2.weight": "sublayer_2.norm.gain", "norm2.bias": "sublayer_2.norm.bias"}
    weights = {f"encoder_layer.{name}": real(*net.state_dict()[theirs].shape) for theirs, name in ours.items()}
    parts = {f"encoder_layer.self_attention.multihead.{k}": real(4, 4) if k[0] == "w" else real(4) for k in ("wq", "wk", "wv", "bq", "bk", "bv")}
    def f(i, p):
        part = lambda k: torch.cat([p[f"encoder_layer.self_attention.multihead.{k}{c}"] for c in "qkv"])
        given = {theirs: p[f"encoder_layer.{name}"] for theirs, name in ours.items()}
        return torch.func.functional_call(net, {**given, "self_attn.in_proj_weight": part("w"), "self_attn.in_proj_bias": part("b")}, (X(i, p),))
    return f, {**weights, **parts}


def attend(i, p):
    return F.scaled_dot_product_attention(i["q"] + p["a"], i["k"] + p["b"], i["v"] + p["c"])


layer("attend", attend, None, {"a": torch.zeros(2, 3, 4), "b": torch.zeros(2, 5, 4), "c": torch.zeros(2, 5, 3)},
      {"q": real(3, 2, 3, 4), "k": real(3, 2, 5, 4), "v": real(3, 2, 5, 3)})
causal = torch.ones(5, 5).tril() > 0
layer("self_attention", lambda i, p: attention(X(i, p), X(i, p), lambda w: p["self_attention.multihead." + w], 2, 2, causal), (5, 4),
      attention_weights("self_attention.multihead", 4, 4, 2, 2))
layer("multihead", lambda i, p: attention(X(i, p), i["m"], lambda w: p["multihead." + w], 4, 2), (5, 4),
      attention_weights("multihead", 4, 6, 4, 2), {"x": real(3, 5, 4), "m": real(3, 3, 6)})
for name, pre in (("encoder_layer", False), ("encoder_layer_pre", True)):
    f, weights = encoder(pre)
    layer(name, f, (5, 4), weights)


# ---- optimizers and schedules ----

def trained(name, make, shape=(4,), steps=4, tolerance=1e-10, gradients=None):
    """make(p) gives an optimizer of PyTorch, or a function of the gradient that gives the next p."""
    p = real(*shape).requires_grad_()
    line("model", "test_" + name, tolerance)
    line("set", "p", numbers(p))
    optimizer = make(p)
    for step in range(steps):
        g = real(*shape) if gradients is None else gradients(step)
        line("input", "x", numbers(g))
        line("loss", 1, numbers((g*p).sum()))
        line("update")
        p.grad = g.clone()
        if hasattr(optimizer, "step"):
            optimizer.step()
        else:
            with torch.no_grad():
                p.copy_(optimizer(g, step))
        line("value", "p", numbers(p))


O = torch.optim
trained("sgd", lambda p: O.SGD([p], lr=0.1))
trained("sgd_momentum", lambda p: O.SGD([p], lr=0.1, momentum=0.9, dampening=0.5, weight_decay=0.01))
trained("sgd_nesterov", lambda p: O.SGD([p], lr=0.1, momentum=0.9, nesterov=True))
trained("adam", lambda p: O.Adam([p], lr=0.1))
trained("adam_l2", lambda p: O.Adam([p], lr=0.1, weight_decay=0.01, eps=0.1))
trained("amsgrad", lambda p: O.Adam([p], lr=0.1, betas=(0.9, 0.5), amsgrad=True))
trained("adamw", lambda p: O.AdamW([p], lr=0.1, weight_decay=0.05))
trained("adamax", lambda p: O.Adamax([p], lr=0.1))
trained("nadam", lambda p: O.NAdam([p], lr=0.1))
trained("radam", lambda p: O.RAdam([p], lr=0.1), steps=8)
trained("adagrad", lambda p: O.Adagrad([p], lr=0.1, lr_decay=0.5, initial_accumulator_value=0.1))
trained("adadelta", lambda p: O.Adadelta([p]))
trained("rmsprop", lambda p: O.RMSprop([p], lr=0.1))
trained("rmsprop_centered", lambda p: O.RMSprop([p], lr=0.1, momentum=0.9, centered=True))
trained("rprop", lambda p: O.Rprop([p], lr=0.1), steps=6)
trained("asgd", lambda p: O.ASGD([p], lr=0.1, t0=0))
trained("adafactor_vector", lambda p: O.Adafactor([p], lr=0.1))
trained("adafactor", lambda p: O.Adafactor([p], lr=0.1), shape=(3, 2))


def lion(p):
    m = torch.zeros_like(p)
    def step(g, t):
        nonlocal m
        d = torch.sign(0.9*m + 0.1*g)
        m = 0.99*m + 0.01*g
        return p*(1 - 0.01*0.1) - 0.01*d
    return step


def lamb(p):
    m, v = torch.zeros_like(p), torch.zeros_like(p)
    def step(g, t):
        nonlocal m, v
        m, v = 0.9*m + 0.1*g, 0.999*v + 0.001*g**2
        u = (m/(1 - 0.9**(t+1))) / ((v/(1 - 0.999**(t+1))).sqrt() + 1e-6) + 0.01*p
        return p - 0.1*p.norm()/u.norm()*u
    return step


def lars(p):
    b = None
    def step(g, t):
        nonlocal b
        d = (g + 0.01*p) * 0.001*p.norm() / (g.norm() + 0.01*p.norm() + 1e-8)
        b = d if b is None else 0.9*b + d
        return p - b
    return step


def muon(p):
    """PyTorch's works in bfloat16; this is its text in float64."""
    b = torch.zeros_like(p)
    def step(g, t):
        nonlocal b
        b = torch.lerp(b, g, 0.05)
        u = torch.lerp(g, b, 0.95).T
        x = u / u.norm().clamp(min=1e-7)
        for _ in range(5):
            a = x @ x.T
            x = 3.4445*x + (-4.775*a + 2.0315*a @ a) @ x
        return p*(1 - 0.1*0.1) - 0.1*math.sqrt(3/2)*x.T
    return step


trained("lion", lion)
trained("lamb", lamb)
trained("lars", lars)
trained("muon", muon, shape=(3, 2))
trained("l1_penalty", lambda p: lambda g, t: p - 0.1*(g + 0.1*torch.sign(p)))
trained("max_norm", lambda p: lambda g, t: F.normalize(p - 0.1*g, dim=1) * (p - 0.1*g).norm(dim=1, keepdim=True).clamp(max=0.5),
        shape=(3, 2), tolerance=1e-6)                           # the library adds 1e-7 to the norm
trained("clip_value", lambda p: lambda g, t: p - 0.1*g.clamp(-0.5, 0.5))


def scheduled(name, make, base=1.0, steps=10, tolerance=1e-10):
    def start(p):
        optimizer = O.SGD([p], lr=base, momentum=0)
        schedule = make(optimizer)
        rate = []
        for _ in range(steps):
            rate.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        return lambda g, t: p - rate[t]*g
    trained(name, start, (), steps, tolerance, lambda step: torch.tensor(1.0))


def by_formula(name, f, steps=10):
    trained(name, lambda p: lambda g, t: p - f(t)*g, (), steps, 1e-10, lambda step: torch.tensor(1.0))


S = torch.optim.lr_scheduler
scheduled("constant_until", lambda o: S.ConstantLR(o))
scheduled("ramp", lambda o: S.LinearLR(o))
scheduled("steps", lambda o: S.StepLR(o, 3, 0.5))
scheduled("milestone", lambda o: S.MultiStepLR(o, [2, 5]))
scheduled("exponential", lambda o: S.ExponentialLR(o, 0.9))
scheduled("polynomial", lambda o: S.PolynomialLR(o, 5, 2))
scheduled("cosine_annealing", lambda o: S.CosineAnnealingLR(o, 4, 0.1))
scheduled("warm_restarts", lambda o: S.CosineAnnealingWarmRestarts(o, 2, 2, 0.1))
scheduled("warm_restarts_even", lambda o: S.CosineAnnealingWarmRestarts(o, 3))
# Not compared: the program of this one does not come to an end yet.
# scheduled("multiplicative", lambda o: S.MultiplicativeLR(o, lambda t: 0.5 if t == 2 else 0.9))
scheduled("cyclic", lambda o: S.CyclicLR(o, 0.1, 1, 2, cycle_momentum=False))
scheduled("cyclic_halves", lambda o: S.CyclicLR(o, 0.1, 1, 2, mode="triangular2", cycle_momentum=False))
scheduled("one_cycle", lambda o: S.OneCycleLR(o, 1, 10, cycle_momentum=False))
scheduled("swa_rate", lambda o: O.swa_utils.SWALR(o, 0.1, 4))
by_formula("warmup_cosine", lambda t: t/3 if t < 3 else 0.5*(1 + math.cos(math.pi*(t - 3)/6)))
by_formula("noam", lambda t: 64**-0.5*min((t + 1)**-0.5, (t + 1)*4**-1.5))
by_formula("inverse_sqrt", lambda t: min((t + 1)/4, math.sqrt(4/(t + 1))))
by_formula("trapezoid", lambda t: min(1, (t + 1)/3, (9 - t)/4))


# ---- metrics: over a pass of two batches ----

def measured(name, inputs, values):
    line("model", "test_" + name, 1e-10)
    some = next(iter(inputs.values()))
    line("set", "p", numbers(torch.zeros(some.shape[1:])))
    for first, last in ((0, 4), (4, some.shape[0])):
        for key, value in inputs.items():
            line("input", key, numbers(value[first:last]))
        loss = F.mse_loss if inputs["t"].dtype == torch.float64 else F.cross_entropy
        x = torch.sigmoid(inputs["x"]) if name == "auc" else inputs["x"]
        line("evaluate", last - first, numbers(loss(x[first:last], inputs["t"][first:last])))
    for i, value in enumerate(values):
        line("metric", i, numbers(value))


x, t, y = real(7, 6), classes(6, 7), real(7, 6)
t[1] = 2
kept = t != 2
measured("accuracy", {"x": x, "t": t}, [(x.argmax(1)[kept] == t[kept]).sum() / kept.sum()])
measured("top", {"x": x, "t": t}, [(x.topk(2, 1).indices == t[:, None]).any(1).double().mean()])
measured("perplexity", {"x": x, "t": t}, [F.cross_entropy(x, t, ignore_index=2).exp()])
measured("binary_accuracy", {"x": x, "t": y}, [((x > 0.5) == (y > 0.5)).double().mean()])
measured("average_of", {"x": x, "t": y}, [(x - y).abs().mean()])
measured("rmse", {"x": x, "t": y}, [((x - y)**2).mean().sqrt()])
measured("r2", {"x": x, "t": y}, [1 - ((x - y)**2).sum() / ((y - y.mean())**2).sum()])
x, t = real(7, 3), torch.tensor([0, 1, 2, 1, 1, 0, 2])
m = torch.zeros(3, 3)
for a, b in zip(t, x.argmax(1)):
    m[a, b] += 1
right, rows, columns = m.diagonal(), m.sum(1), m.sum(0)
measured("confusion", {"x": x, "t": t}, [m[1, 1]/columns[1], m[1, 1]/rows[1], (2*right/(rows + columns).clamp(min=1)).mean(),
                                         (right/(rows + columns - right)).mean()])
x, t = real(7), torch.tensor([0.0, 1, 0, 1, 1, 0, 1])
pairs = [(a, b) for a in (torch.sigmoid(x)*50).floor()[t > 0.5] for b in (torch.sigmoid(x)*50).floor()[t < 0.5]]
measured("auc", {"x": x, "t": t}, [sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)])
