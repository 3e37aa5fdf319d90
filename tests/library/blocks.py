"""Blocks of several layers, beside modules of PyTorch; torchvision's are written out. Writes blocks.nn and blocks.txt; see cases.py."""
from torch import nn

from cases import *

begin("blocks")


def conv_norm(C, out, k=3, stride=1, groups=1, dilation=1, act=nn.ReLU):
    return nn.Sequential(nn.Conv2d(C, out, k, stride, (k - 1)//2*dilation, dilation, groups, bias=False), nn.BatchNorm2d(out), act())


class Residual(nn.Module):
    """act(inner(x) + beside(x))"""
    def __init__(self, inner, beside=None, act=nn.ReLU):
        super().__init__()
        self.inner, self.beside, self.act = inner, beside or nn.Identity(), act()

    def forward(self, x):
        return self.act(self.inner(x) + self.beside(x))


class Preactivated(nn.Module):
    def __init__(self, C, out, stride):
        super().__init__()
        self.first = nn.Sequential(nn.BatchNorm2d(C), nn.ReLU())
        self.rest = nn.Sequential(nn.Conv2d(C, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(), nn.Conv2d(out, out, 3, 1, 1, bias=False))
        self.beside = None if stride == 1 and C == out else nn.Conv2d(C, out, 1, stride, bias=False)

    def forward(self, x):
        a = self.first(x)
        return self.rest(a) + (x if self.beside is None else self.beside(a))


class Gated(nn.Module):
    def __init__(self, C, squeezed, act=nn.ReLU, gate=nn.Sigmoid):
        super().__init__()
        self.inner = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(C, squeezed, 1), act(), nn.Conv2d(squeezed, C, 1), gate())

    def forward(self, x):
        return self.inner(x)*x


def norms(path, n, first=1):
    """The parameters of n conv_norm in a row, numbered from `first`."""
    return [f"{path}conv_norm{f'_{k}' if k > 1 else ''}.{name}" for k in range(first, first + n) for name in ("conv2d.f", "batchnorm.gain", "batchnorm.b")]


def block(entry, options, net, names, shape, **more):
    """`names` are ours for the parameters of net, in their order. At rest the running values are 0 and 1."""
    buffers = {name: b.clone() for name, b in net.named_buffers()}
    theirs = dict(net.named_parameters())
    assert len(theirs) == len(names), (entry, list(theirs), names)
    params = {ours: real(*(shape[:2] if ".w" in ours else shape), scale=0.7) for ours, shape in zip(names, [p.shape for p in theirs.values()])}
    def run(training):
        def f(v, *given):
            net.train(training)
            fresh = {name: b.clone() for name, b in buffers.items()}
            return torch.func.functional_call(net, {**{n: w.reshape(p.shape) for (n, p), w in zip(theirs.items(), given)}, **fresh}, (v,))
        return f
    layer(entry, options, run(True), real(3, *shape), params, run(False), **{"float_tolerance": 1e-4, **more})       # norm upon norm


P = nn.Sequential
plain = lambda *a, **k: conv_norm(*a, act=nn.Identity, **k)
block("conv_norm", "4", conv_norm(3, 4), norms("", 1), (3, 5, 4))
block("conv_norm", "4, 5, 2, 2, 2, silu", conv_norm(2, 4, 5, 2, 2, 2, nn.SiLU), norms("", 1), (2, 7, 6))
block("residual", "linear(_, 4), act=tanh", Residual(nn.Linear(4, 4), act=nn.Tanh), ["linear.w", "linear.b"], (2, 4))
block("residual", "linear(_, 3), linear(_, 3, bias=false)", Residual(nn.Linear(4, 3), nn.Linear(4, 3, bias=False), nn.Identity), ["linear.w", "linear.b", "linear_2.w"], (2, 4))
for C, out, stride in ((3, 3, 1), (3, 4, 1), (3, 3, 2), (2, 4, 2)):
    beside = None if stride == 1 and C == out else plain(C, out, 1, stride)
    side = lambda path: [] if beside is None else norms(path + "projected.", 1)
    block("projected", f"{out}, {stride}", beside or nn.Identity(), side(""), (C, 5, 4))
    block("basic_block", f"{out}, {stride}", Residual(P(conv_norm(C, out, 3, stride), plain(out, out)), beside), norms("basic_block.", 2) + side("basic_block."), (C, 5, 4))
    block("preactivated_block", f"{out}, {stride}", Preactivated(C, out, stride), [f"preactivated_block.{n}" for n in
          ("batchnorm.gain", "batchnorm.b", "conv2d.f", "batchnorm_2.gain", "batchnorm_2.b", "conv2d_2.f") + (() if beside is None else ("conv2d_3.f",))], (C, 5, 4))
for C, planes, stride, groups, width, dilation in ((4, 1, 1, 1, 64, 1), (3, 2, 2, 1, 64, 1), (4, 2, 1, 2, 32, 1), (3, 1, 1, 1, 128, 2), (3, 2, 2, 2, 64, 2)):
    mid, out = planes*width//64*groups, 4*planes
    beside = None if stride == 1 and C == out else plain(C, out, 1, stride)
    net = Residual(P(conv_norm(C, mid, 1), conv_norm(mid, mid, 3, stride, groups, dilation), plain(mid, out, 1)), beside)
    block("bottleneck", f"{planes}, {stride}, {groups}, {width}, {dilation}", net,
          norms("bottleneck.", 3) + ([] if beside is None else norms("bottleneck.projected.", 1)), (C, 6, 5))
gates = [f"squeeze_excite.{n}" for n in ("linear.w", "linear.b", "linear_2.w", "linear_2.b")]
block("squeeze_excite", "2", Gated(4, 2), gates, (4, 3, 3))
block("squeeze_excite", "3, silu, hardsigmoid", Gated(4, 3, nn.SiLU, nn.Hardsigmoid), gates, (4, 3, 2), tolerance=1e-7)       # PyTorch rounds the slope 1/6 to float
block("separable_block", "4, 2, 5, relu6", P(conv_norm(3, 3, 5, 2, 3, act=nn.ReLU6), conv_norm(3, 4, 1, act=nn.ReLU6)), norms("separable_block.", 2), (3, 6, 6))
block("separable_block", "2", P(conv_norm(3, 3, groups=3), conv_norm(3, 2, 1)), norms("separable_block.", 2), (3, 4, 4))
for C, out, stride, expand in ((3, 3, 1, 6), (3, 4, 1, 2), (3, 3, 2, 2), (3, 3, 1, 1), (2, 3, 1, 1)):
    wide = C*expand
    inner = P(*([conv_norm(C, wide, 1, act=nn.ReLU6)] if expand > 1 else []), conv_norm(wide, wide, 3, stride, wide, act=nn.ReLU6), plain(wide, out, 1))
    net = Residual(inner, act=nn.Identity) if stride == 1 and C == out else inner
    block("inverted_residual", f"{out}, {stride}, {expand}", net, norms("inverted_residual.", 3 if expand > 1 else 2), (C, 5, 4))

# ---- up and down ----

for shape, P_, Q in (((2, 4, 3), 7, 6), ((2, 7, 6), 4, 3), ((2, 5, 4), 3, 7), ((1, 3, 3), 3, 3)):
    dy, dx = P_ - shape[1], Q - shape[2]
    layer("fitted", f"{P_}, {Q}", lambda v: F.pad(v, (dx//2, dx - dx//2, dy//2, dy - dy//2)), real(2, *shape))
for across, P_, Q in ((1, 7, 7), (3, 5, 6)):                    # once filled up, once cut
    z = real(2, across, P_, Q)
    def compute(i, p):
        up = F.conv_transpose2d(i["x"] + p["p"], p["conv_transpose2d.f"], p["conv_transpose2d.b"], stride=2)
        dy, dx = P_ - up.shape[2], Q - up.shape[3]
        y = torch.cat([i["skip"], F.pad(up, (dx//2, dx - dx//2, dy//2, dy - dy//2))], 1)
        return {"y": y}, probe(y)
    case("up_skip", f"up_skip(x, skip, conv_transpose2d(_, 2, 2, stride=2)), to {P_} x {Q}",
         "y = up_skip(x + p, skip, conv_transpose2d(_, 2, 2, stride=2)); output y; loss probe(y)", {"x": real(2, 3, 3, 3), "skip": z},
         {"p": torch.zeros(3, 3, 3), "conv_transpose2d.f": real(3, 2, 2, 2), "conv_transpose2d.b": real(2)}, compute)
block("up_conv2d", "4", P(nn.Upsample(scale_factor=2), nn.Conv2d(2, 4, 3, padding=1)), ["up_conv2d.conv2d.f", "up_conv2d.conv2d.b"], (2, 3, 4))
block("up_conv2d", "2, 2, interpolate", P(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(3, 2, 3, padding=1)), ["up_conv2d.conv2d.f", "up_conv2d.conv2d.b"], (3, 3, 4))
block("double_conv2d", "4", P(conv_norm(2, 4), conv_norm(4, 4)), norms("double_conv2d.", 2), (2, 5, 4))

end()
