"""Networks as they are written for real tasks, each trained for 20 steps by an optimizer with its schedule and clipping, beside the
same in PyTorch. What is seen here are the joints: gradients of one layer through another, one rate for all, shared weights."""
from cases import *

O, S = torch.optim, torch.optim.lr_scheduler
begin("networks")


def trained(make, schedule=None, clip=None, by_value=None):
    """An optimizer of PyTorch, its schedule, and what is done to gradients before."""
    def start(params):
        optimizer = make(params)
        rates = schedule(optimizer) if schedule else None
        def step(gradients, t):
            for p, g in zip(params, gradients):
                p.grad = g.clone()
            if clip:
                torch.nn.utils.clip_grad_norm_(params, clip)
            if by_value:
                torch.nn.utils.clip_grad_value_(params, by_value)
            optimizer.step()
            if rates:
                rates.step()
            return [p.detach().clone() for p in params]
        return step
    return start


small = lambda *s: real(*s, scale=0.3)


def linear(x, p, path):
    return F.linear(x, p[path + ".w"], p[path + ".b"])


def weights(path, out, *shape):
    return {path + ".w": small(out, *shape), path + ".b": small(out)}


def filters(path, *shape, out=None):
    return {path + ".f": small(*shape), path + ".b": small(shape[0] if out is None else out)}


def normed(path, C):
    return {path + ".gain": 1 + small(C), path + ".b": small(C)}


# A U of two levels finds regions: weights by class, a class to ignore, smoothing; AdamW with a warm-up, a cosine and clipping.
t = classes(4, 3, 8, 8)
t[torch.tensor(draws.rand(3, 8, 8)) < 0.2] = 255
def compute(i, p):
    e = F.relu(F.batch_norm(F.conv2d(i["x"], p["conv2d.f"], padding=1), None, None, p["batchnorm.gain"], p["batchnorm.b"], True))
    b = F.relu(F.conv2d(F.max_pool2d(e, 2), p["conv2d_2.f"], p["conv2d_2.b"], padding=1))
    u = F.conv_transpose2d(b, p["conv_transpose2d.f"], p["conv_transpose2d.b"], stride=2)
    z = F.conv2d(torch.cat([u, e], 1), p["conv2d_3.f"], p["conv2d_3.b"])
    return F.cross_entropy(z, i["t"], torch.tensor([0.5, 1, 1.5, 2]), ignore_index=255, label_smoothing=0.1)
trajectory("regions", "segmentation, adamw", """update * = g |> clip_norm(0.5) |> adamw(w, lr=warm(step), decay=0.05)
    average * = ema(a, w, n, keep=0.9)""",
    trained(lambda params: O.AdamW(params, lr=0.02, weight_decay=0.05),
            lambda o: S.SequentialLR(o, [S.LinearLR(o, 0.01, 1, 4), S.CosineAnnealingLR(o, 16)], [4]), clip=0.5),
    {"conv2d.f": small(4, 2, 3, 3), **normed("batchnorm", 4), **filters("conv2d_2", 6, 4, 3, 3),
     **filters("conv_transpose2d", 6, 4, 2, 2, out=4), **filters("conv2d_3", 4, 8, 1, 1)},
    body="""weight[c < 4] = 0.5 + 0.5*c
    e = x |> conv2d(4, 3, pad=1, bias=false) |> batchnorm |> relu
    b = e |> maxpool2d(2) |> conv2d(6, 3, pad=1) |> relu
    u = b |> conv_transpose2d(4, 2, stride=2)
    z = concat(u, e) |> conv2d(4, 1)
    output across(z, softmax)
    loss cross_entropy(z, t, weight, ignore=255, smoothing=0.1)
    metric accuracy(z, t, ignore=255)
    metric macro(confusion(z, t, ignore=255), iou)""",
    inputs={"x": real(3, 2, 8, 8), "t": t}, compute=compute, extra="fn warm(t) = sequence(t, ramp(_, 0.02, 0.01, 1, 4), 4, cosine_annealing(_, 0.02, 16))")

# Several labels at once: filters for each channel alone, groups, weights of the cases that are positive.
def compute(i, p):
    h = F.conv2d(i["x"], p["conv2d.f"], p["conv2d.b"], padding=1, stride=2, groups=3)
    h = F.hardswish(F.group_norm(F.conv2d(h, p["conv2d_2.f"], p["conv2d_2.b"]), 2, p["groupnorm.gain"], p["groupnorm.b"]))
    return F.binary_cross_entropy_with_logits(linear(h.mean((2, 3)), p, "linear"), i["t"], pos_weight=torch.tensor([1.0, 2, 3, 4]))
trajectory("labels", "several labels, nadam", "optimizer nadam(lr=steps(step, 0.02, 5, 0.5))",
    trained(lambda params: O.NAdam(params, lr=0.02), lambda o: S.StepLR(o, 5, 0.5)),
    {**filters("conv2d", 3, 1, 3, 3), **filters("conv2d_2", 8, 3, 1, 1), **normed("groupnorm", 8), **weights("linear", 4, 8)},
    body="""positive[c < 4] = c + 1
    z = x |> conv2d(3, 3, stride=2, pad=1, groups=3) |> conv2d(8, 1) |> groupnorm(2) |> hardswish |> global_avgpool |> linear(4)
    output sigmoid(z)
    loss bce_logits(z, t, positive=positive)
    metric binary_accuracy(z, t, cut=0)
    metric auc(sigmoid(z), t)""",
    inputs={"x": real(5, 3, 6, 6), "t": classes(2, 5, 4).double()}, compute=compute)

# One encoder for three inputs.
def compute(i, p):
    encode = lambda x: F.normalize(linear(x, p, "encode"))
    return F.triplet_margin_loss(encode(i["x"]), encode(i["near"]), encode(i["far"]), margin=0.5, swap=True)
trajectory("triplets", "triplets of one encoder, sgd", "update * = g |> l2(w, 0.01) |> sgd(w, lr=0.1, momentum=0.9, nesterov=true)",
    trained(lambda params: O.SGD(params, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)), weights("encode", 3, 6),
    body="""encode = linear(_, 3)
    u = normalize(encode(x)); v = normalize(encode(near)); s = normalize(encode(far))
    output u
    loss triplet(u, v, s, margin=0.5, swap=true)""",
    inputs={"x": real(4, 6), "near": real(4, 6), "far": real(4, 6)}, compute=compute)

# Texts in signals of unequal lengths, one of them too short.
def compute(i, p):
    z = F.conv1d(F.pad(i["x"], (1, 1), mode="reflect"), p["conv1d.f"], p["conv1d.b"])
    return F.ctc_loss(F.log_softmax(z, 1).permute(2, 0, 1), i["t"], i["frames"], i["letters"], zero_infinity=True)
trajectory("texts", "texts without an alignment, adam", "update * = g |> clip_value(0.1) |> adam(w, lr=0.05)",
    trained(lambda params: O.Adam(params, lr=0.05), by_value=0.1), filters("conv1d", 4, 2, 3),
    body="""z = x |> conv1d(4, 3, pad=1, at=reflect)
    turned[f, c] = z[c, f]
    said = log_softmax(turned)
    output said
    loss ctc(said, t, frames, letters, zero_infinity=true)""",
    inputs={"x": real(3, 2, 9), "t": 1 + classes(3, 3, 3), "frames": torch.tensor([9, 7, 2]), "letters": torch.tensor([3, 1, 3])}, compute=compute,
    types={"t": "class[4]"})

# A variational autoencoder, its noise given: two losses, sums over the batch.
def compute(i, p):
    h = torch.tanh(linear(i["x"], p, "linear"))
    mu, s = linear(h, p, "linear_2"), linear(h, p, "linear_3")
    y = linear(mu + torch.exp(s/2)*i["noise"], p, "linear_4")
    return F.binary_cross_entropy_with_logits(y, i["x"], reduction="sum") - 0.5*(1 + s - mu**2 - s.exp()).sum()
trajectory("variational", "a variational autoencoder, adamax", "optimizer adamax(lr=0.02)", trained(lambda params: O.Adamax(params, lr=0.02)),
    {**weights("linear", 5, 6), **weights("linear_2", 2, 5), **weights("linear_3", 2, 5), **weights("linear_4", 6, 2)},
    body="""h = x |> linear(5) |> tanh
    mu = linear(h, 2); s = linear(h, 2)
    y = linear(mu + exp(s/2)*noise, 6)
    output sigmoid(y)
    loss sum(batch) bce_logits(y, x, reduce=sum)
    loss sum(batch) (-0.5*sum(1 + s - mu^2 - exp(s)))""",
    inputs={"x": torch.tensor(numpy.round(draws.rand(4, 6), 3)), "noise": real(4, 2)}, compute=compute)

# Down and up again by strides.
def compute(i, p):
    h = F.instance_norm(F.conv2d(i["x"], p["conv2d.f"], stride=2, padding=1), weight=p["instancenorm.gain"], bias=p["instancenorm.b"])
    y = F.conv_transpose2d(F.prelu(h, p["prelu.a"]), p["conv_transpose2d.f"], p["conv_transpose2d.b"], stride=2, padding=1)
    return F.smooth_l1_loss(torch.sigmoid(y), i["x"], beta=0.5)
trajectory("autoencoder", "an autoencoder, rmsprop", "optimizer rmsprop(lr=0.01, momentum=0.5, centered=true)",
    trained(lambda params: O.RMSprop(params, lr=0.01, momentum=0.5, centered=True)),
    {"conv2d.f": small(3, 1, 3, 3), **normed("instancenorm", 3), "prelu.a": small(3), **filters("conv_transpose2d", 3, 1, 4, 4, out=1)},
    body="""y = x |> conv2d(3, 3, stride=2, pad=1, bias=false) |> instancenorm(affine=true) |> prelu(slopes=3) |> conv_transpose2d(1, 4, stride=2, pad=1) |> sigmoid
    output y
    loss smooth_l1(y, x, beta=0.5)
    metric mae(y, x)
    metric r2(y, x)""",
    inputs={"x": real(3, 1, 8, 8)}, compute=compute)

# A residual block whose channels are gated, and no decay for vectors.
def compute(i, p):
    y = F.conv2d(i["x"], p["conv2d.f"], padding="same", dilation=2, groups=2)
    y = F.batch_norm(y, None, None, p["batchnorm.gain"], p["batchnorm.b"], True)
    gate = torch.sigmoid(linear(F.relu(linear(y.mean((2, 3)), p, "linear")), p, "linear_2"))
    y = F.silu(i["x"] + y*gate[:, :, None, None])
    return F.cross_entropy(linear(F.adaptive_avg_pool2d(F.avg_pool2d(y, 3, 2, 1), 2).flatten(1), p, "linear_3"), i["t"])
trajectory("residual", "a gated residual block, adamw in two groups", """update * = g |> clip_norm(1) |> adamw(w, lr=0.01, decay=0.1)
    update *[N] = g |> clip_norm(1) |> adamw(w, lr=0.01, decay=0)""",
    trained(lambda params: O.AdamW([{"params": [q for q in params if q.dim() > 1], "weight_decay": 0.1},
                                    {"params": [q for q in params if q.dim() == 1], "weight_decay": 0}], lr=0.01), clip=1),
    {"conv2d.f": small(4, 2, 3, 3), **normed("batchnorm", 4), **weights("linear", 2, 4), **weights("linear_2", 4, 2), **weights("linear_3", 3, 16)},
    body="""y = x |> conv2d(4, 3, dilation=2, groups=2, same=true, bias=false) |> batchnorm
    gate = y |> global_avgpool |> linear(2) |> relu |> linear(4) |> sigmoid
    s[c, i, j] = silu(x[c, i, j] + y[c, i, j]*gate[c])
    z = s |> avgpool2d(3, stride=2, pad=1) |> adaptive_avgpool2d(2) |> flatten |> linear(3)
    output softmax(z)
    loss cross_entropy(z, t)
    metric top(z, t, k=2)
    metric perplexity(z, t)""",
    inputs={"x": real(3, 4, 6, 6), "t": classes(3, 3)}, compute=compute)

# Bags of words.
trajectory("bags", "bags of words, adagrad", "optimizer adagrad(lr=0.1)", trained(lambda params: O.Adagrad(params, lr=0.1)),
    {"embedding_bag.embedding.table": small(7, 4), **weights("linear", 3, 4)},
    body="z = words |> embedding_bag(7, 4, pad=0) |> linear(3); output z; loss cross_entropy(z, t, smoothing=0.1)",
    inputs={"words": classes(7, 4, 5), "t": classes(3, 4)}, types={"words": "class[7]", "t": "class[3]"},
    compute=lambda i, p: F.cross_entropy(linear(F.embedding_bag(i["words"], p["embedding_bag.embedding.table"], mode="mean", padding_idx=0), p, "linear"),
                                         i["t"], label_smoothing=0.1))

# A mean with its variance; the rate rises and falls, and the momentum falls and rises.
def compute(i, p):
    y = linear(F.gelu(F.layer_norm(linear(i["x"], p, "linear"), (8,), p["layernorm.gain"], p["layernorm.b"])), p, "linear_2")
    return F.gaussian_nll_loss(y[:, 0], i["t"], F.softplus(y[:, 1]))
trajectory("variance", "a mean and its variance, adam in one cycle",
    "optimizer adam(lr=one_cycle(step, 0.004, 0.1, 4e-7, 20), beta1=one_cycle(step, 0.95, 0.85, 0.95, 20), amsgrad=true)",
    trained(lambda params: O.Adam(params, lr=0.1, amsgrad=True), lambda o: S.OneCycleLR(o, 0.1, 20)),
    {**weights("linear", 8, 3), **normed("layernorm", 8), **weights("linear_2", 2, 8)}, steps=19,
    body="""y = x |> linear(8) |> layernorm |> gelu |> linear(2)
    v = softplus(y[1])
    output y[0]; output v
    loss gaussian_nll(y[0], t, v)""",
    inputs={"x": real(6, 3), "t": real(6)}, compute=compute)

# An encoder that stays as it is, its batch norm too; what is behind it learns.
frozen = {**filters("encode.conv2d", 4, 2, 3, 3), **normed("encode.batchnorm", 4)}
def compute(i, p):
    h = F.conv2d(i["x"], frozen["encode.conv2d.f"], frozen["encode.conv2d.b"])
    h = F.relu(F.batch_norm(h, torch.zeros(4), torch.ones(4), frozen["encode.batchnorm.gain"], frozen["encode.batchnorm.b"], False))
    return F.cross_entropy(linear(h.mean((2, 3)), p, "linear"), i["t"])
trajectory("frozen", "behind a frozen encoder, radam", "update linear.* = g |> radam(w, lr=0.1)", trained(lambda params: O.RAdam(params, lr=0.1)),
    weights("linear", 3, 4), given=frozen,
    body="""encode = encoder(_)
    z = x |> encode |> global_avgpool |> linear(3)
    output softmax(z)
    loss cross_entropy(z, t)""",
    inputs={"x": real(4, 2, 5, 5), "t": classes(3, 4)}, compute=compute, types={"t": "class[3]"},
    watched=lambda step: frozen, extra="fn encoder(x[C, H, W]) = x |> conv2d(4, 3) |> batchnorm(fixed=true) |> relu")

end()
