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
        line("update")
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
activation("celu", lambda x: F.celu(x, 0.7))
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
activation("hardsigmoid", F.hardsigmoid)
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
