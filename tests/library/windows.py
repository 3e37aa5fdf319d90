"""Windows and shapes: linear layers, convolutions, borders, pools, resizing. Writes windows.nn and windows.txt; see cases.py."""
from cases import *

begin("windows")


def layer(entry, options, f, shape, params={}, x=None, n=2, **more):
    """f(x, *params) is what PyTorch makes of `x |> entry(options)`; the gradient of x is that of a parameter p added to it."""
    call = f"{entry}({options})"
    x = real(n, *shape) if x is None else x
    def compute(i, p):
        y = f(i["x"] + p["p"], *[p[key] for key in params])
        return {"y": y}, probe(y)
    # The loss is one number, the sum of many: in float it has the errors of its terms even where they cancel.
    y = f(x, *params.values())
    if abs(probe(y)) < 0.02 * y.abs().sum()/len(y):
        more["float_tolerance"] = 1e-4
    case(entry, call, f"y = x + p |> {call}; output y; loss probe(y)", {"x": x}, {"p": torch.zeros(x.shape[1:]), **params},
         compute, **more)


def worked(entry, options, f, x, wanted, params={}, tolerance=1e-9, **more):
    """A worked example of the reference: one sample, whose result is known."""
    x = torch.tensor(x, dtype=torch.float64).unsqueeze(0)
    y = f(x, *params.values()).reshape(-1)
    assert torch.allclose(y, torch.tensor(wanted, dtype=torch.float64).reshape(-1), atol=tolerance), (entry, options, y)
    layer(entry, options, f, None, params, x, **more)


def each(value, axes):
    return value if isinstance(value, tuple) else (value,) * axes


def text(axes, plain, **per_axis):
    """Options as the language writes them: stride=(2, 1) is stride=2, stride2=1. What is the default is left out."""
    out = [str(each(per_axis["k"], axes)[0])] if "k" in per_axis else []
    for name, value in per_axis.items():
        for i, v in enumerate(each(value, axes)):
            usual = each(value, axes)[i - 1] if i else {"stride": 1, "dilation": 1, "pad": 0, "extra": 0}.get(name)
            if v != usual and (name, i) != ("k", 0):
                out.append(f"{name}{i + 1 if i else ''}={v}")
    return ", ".join(out + [f"{name}={str(value).lower()}" for name, value in plain.items()])


# ---- linear layers and shapes ----

for shape, bias in (((5,), True), ((2, 5), True), ((5,), False), ((2, 3, 4), False)):
    wide = {"linear.w": real(3, shape[-1]), **({"linear.b": real(3)} if bias else {})}
    layer("linear", "3" if bias else "3, bias=false", F.linear, shape, wide)
for shape, bias in (((3,), True), ((3,), False), ((2, 3), True)):
    weights = {"bilinear.w": real(2, 3, 4), **({"bilinear.b": real(2)} if bias else {})}
    call = "bilinear(x + p, z, 2)" if bias else "bilinear(x + p, z, 2, bias=false)"
    def compute(i, p):
        y = F.bilinear(i["x"] + p["p"], i["z"] + p["q"], p["bilinear.w"], p.get("bilinear.b"))
        return {"y": y}, probe(y)
    case("bilinear", call, f"y = {call.replace('z,', 'z + q,')}; output y; loss probe(y)",
         {"x": real(3, *shape), "z": real(3, *shape[:-1], 4)}, {"p": torch.zeros(shape), "q": torch.zeros(*shape[:-1], 4), **weights}, compute)
layer("identity", "", lambda x: x, (2, 3))
layer("flatten", "", lambda x: x.flatten(1), (2, 3, 2))
layer("flatten", "", lambda x: x.flatten(1), (3,))
layer("merge_axes", "", lambda x: x.flatten(1, 2), (2, 3, 2))
layer("merge_axes", "", lambda x: x.flatten(1, 2), (2, 3))
layer("unflatten", "2", lambda x: x.unflatten(1, (2, -1)), (6, 2))
layer("unflatten", "3", lambda x: x.unflatten(1, (3, 2)), (6,))
layer("class_first", "", lambda x: x.movedim(-1, 1), (2, 2, 3))
layer("reverse", "", lambda x: x.flip(1), (5, 2))
for n in (1, 4):
    def compute(i, p):
        y = torch.cat([i["x"] + p["p"], i["z"] + p["q"]], 1)
        return {"y": y}, probe(y)
    case("concat", "concat(x, z)", "y = concat(x + p, z + q); output y; loss probe(y)", {"x": real(3, 2, 3), "z": real(3, n, 3)},
         {"p": torch.zeros(2, 3), "q": torch.zeros(n, 3)}, compute)
for shape in ((5, 2), (4,)):
    def compute(i, p):
        a, y = (i["x"] + p["p"]).split([2, shape[0] - 2], 1)
        return {"a": a, "y": y}, probe(a) + probe(y)
    case("split", "split(x, 2)", "a, y = split(x + p, 2); output a; output y; loss probe(a) + probe(y)", {"x": real(3, *shape)},
         {"p": torch.zeros(shape)}, compute)
for shape, r in (((8, 2, 3), 2), ((9, 2, 1), 3)):
    layer("pixel_shuffle", f"{r}", lambda x: F.pixel_shuffle(x, r), shape)
for shape, r in (((2, 4, 6), 2), ((1, 3, 6), 3)):
    layer("pixel_unshuffle", f"{r}", lambda x: F.pixel_unshuffle(x, r), shape)
worked("pixel_shuffle", "2", lambda x: F.pixel_shuffle(x, 2), [[[0]], [[1]], [[2]], [[3]]], [0, 1, 2, 3])
worked("channel_shuffle", "2", lambda x: F.channel_shuffle(x, 2), [[[0]], [[1]], [[2]], [[3]]], [0, 2, 1, 3])
for shape, groups in (((6, 3), 2), ((6, 2, 2), 3)):
    layer("channel_shuffle", f"{groups}", lambda x: F.channel_shuffle(x, groups), shape)


# ---- convolutions ----

def conv(axes, C, size, out, k, stride=1, pad=0, dilation=1, groups=1, mode="zeros", bias=True, same=False):
    f = [F.conv1d, F.conv2d, F.conv3d][axes - 1]
    plain = {key: value for key, value, usual in (("groups", groups, 1), ("at", mode, "zeros"), ("bias", bias, True), ("same", same, False))
             if value != usual}
    def compute(x, w, b=None):
        border = []                                     # the last axis first
        for kernel, d, p in zip(each(k, axes), each(dilation, axes), each(pad, axes)):
            all_of_it = d*(kernel - 1)
            border = ([all_of_it//2, all_of_it - all_of_it//2] if same else [p, p]) + border
        x = F.pad(x, border) if mode == "zeros" else F.pad(x, border, mode=mode)
        y = f(x, w, b, stride=stride, dilation=dilation, groups=groups)
        if mode == "zeros":                             # and as PyTorch itself pads
            if not same or stride == 1:
                assert torch.allclose(y, f(x_given, w, b, stride, "same" if same else pad, dilation, groups))
        return y
    x = real(2, C, *size)
    x_given = x
    name = f"conv{axes}d"
    params = {name + ".f": real(out, C//groups, *each(k, axes)), **({name + ".b": real(out)} if bias else {})}
    layer(name, f"{out}, " + text(axes, plain, k=k, stride=stride, pad=pad, dilation=dilation), compute, None, params, x)


conv(1, 2, (7,), 3, 3)
conv(1, 2, (7,), 3, 3, stride=2, pad=1)
conv(1, 2, (7,), 3, 2, dilation=3, pad=2)
conv(1, 4, (6,), 6, 3, groups=2, bias=False)
conv(1, 3, (6,), 3, 3, pad=1, groups=3)
conv(1, 2, (5,), 3, 1)
conv(1, 2, (6,), 2, 6, stride=3)
conv(2, 2, (6, 5), 3, 3)
conv(2, 2, (7, 6), 3, 3, stride=2, pad=1)
conv(2, 2, (7, 6), 3, (3, 2), dilation=2, pad=2, bias=False)
conv(2, 4, (5, 5), 6, 3, stride=2, pad=1, groups=2)
conv(2, 3, (5, 4), 6, 3, groups=3)
conv(2, 2, (6, 7), 3, (1, 3), stride=(1, 2), pad=(0, 1))
conv(2, 2, (7, 6), 2, (3, 2), stride=(2, 1), pad=(1, 2), dilation=(1, 2))
conv(2, 3, (4, 4), 2, 1)
conv(2, 3, (4, 3), 2, 1, stride=2)
conv(2, 2, (4, 4), 2, 4)
conv(3, 2, (4, 4, 3), 2, 2)
conv(3, 2, (4, 5, 4), 2, 3, stride=2, pad=1)
conv(3, 2, (3, 4, 5), 2, (1, 2, 3), stride=(1, 2, 1), pad=(0, 1, 2), dilation=(1, 1, 2))
conv(3, 2, (3, 4, 3), 4, 2, groups=2, bias=False)
conv(3, 2, (3, 3, 4), 2, (2, 2, 3), dilation=(2, 1, 1), pad=1)
for mode in ("reflect", "replicate", "circular"):
    conv(1, 2, (5,), 2, 3, pad=2, mode=mode)
    conv(1, 2, (6,), 2, 3, stride=2, pad=1, dilation=2, mode=mode)
    conv(2, 2, (4, 5), 2, 3, pad=1, mode=mode)
    conv(2, 2, (5, 4), 2, (3, 2), stride=(2, 1), pad=(2, 1), mode=mode)
    conv(3, 1, (3, 3, 4), 2, (2, 3, 3), pad=(1, 2, 1), mode=mode)
    conv(1, 2, (6,), 2, 4, same=True, mode=mode)
conv(1, 2, (5,), 2, 3, same=True)
conv(1, 2, (6,), 2, 4, same=True)
conv(1, 2, (6,), 2, 2, same=True, dilation=3)
conv(2, 2, (5, 4), 3, 4, same=True)
conv(2, 2, (5, 4), 2, (3, 2), same=True, dilation=(1, 2), bias=False)
conv(2, 2, (4, 5), 2, (2, 4), same=True, groups=2, mode="replicate")
conv(3, 2, (3, 4, 3), 2, 2, same=True)
conv(2, 2, (5, 6), 2, 3, stride=(2, 3), same=True)
conv(3, 1, (4, 3, 4), 2, (3, 2, 4), same=True, dilation=(1, 2, 1), mode="circular")

for axes, size, k in ((1, (7,), (3,)), (2, (6, 5), (3, 2)), (3, (4, 3, 4), (2, 2, 3))):
    def compute(i, p):
        y = [F.conv1d, F.conv2d, F.conv3d][axes - 1](i["x"] + p["p"], p["f"], stride=2, padding=1, groups=2)
        return {"y": y}, probe(y)
    call = f"correlate{axes}d(x, f, stride=2, pad=1, groups=2)"
    case(f"correlate{axes}d", call, f"y = {call.replace('x,', 'x + p,')}; output y; loss probe(y)", {"x": real(2, 4, *size)},
         {"p": torch.zeros(4, *size), "f": real(2, 2, *k)}, compute)


def conv_transpose(axes, C, size, out, k, stride=1, pad=0, extra=0, dilation=1, groups=1, bias=True):
    f = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][axes - 1]
    plain = {key: value for key, value, usual in (("groups", groups, 1), ("bias", bias, True)) if value != usual}
    name = f"conv_transpose{axes}d"
    params = {name + ".f": real(C, out//groups, *each(k, axes)), **({name + ".b": real(out)} if bias else {})}
    layer(name, f"{out}, " + text(axes, plain, k=k, stride=stride, pad=pad, extra=extra, dilation=dilation),
          lambda x, w, b=None: f(x, w, b, stride, pad, extra, groups, dilation), (C, *size), params)


conv_transpose(1, 2, (4,), 3, 3)
conv_transpose(1, 2, (4,), 3, 3, stride=2, pad=1, extra=1)
conv_transpose(1, 4, (3,), 2, 2, stride=3, extra=2, groups=2, bias=False)
conv_transpose(1, 2, (4,), 2, 3, stride=1, pad=2, dilation=3, extra=2)
conv_transpose(1, 2, (3,), 2, 2, stride=2)
conv_transpose(2, 2, (3, 4), 3, 3)
conv_transpose(2, 4, (3, 3), 6, 3, stride=2, pad=1, extra=1, groups=2)
conv_transpose(2, 2, (3, 2), 2, (2, 3), stride=(1, 2), pad=(0, 1), extra=(0, 1))
conv_transpose(2, 2, (3, 3), 2, (3, 2), stride=(2, 3), dilation=(2, 1), pad=(1, 0), bias=False)
conv_transpose(2, 3, (3, 2), 3, 2, stride=2, groups=3)
conv_transpose(3, 2, (2, 3, 2), 2, 2, stride=2)
conv_transpose(3, 2, (2, 2, 3), 2, 3, stride=2, pad=1, extra=1)
conv_transpose(3, 2, (2, 3, 2), 4, (1, 2, 3), stride=(1, 2, 2), pad=(0, 1, 1), extra=(0, 1, 0), groups=2, bias=False)
conv_transpose(3, 1, (3, 2, 2), 2, 2, dilation=(2, 1, 2), pad=(1, 0, 1))
for axes, size, k in ((1, (4,), (3,)), (2, (3, 4), (3, 2)), (3, (2, 3, 2), (2, 2, 3))):
    def compute(i, p):
        y = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][axes - 1](i["x"] + p["p"], p["f"], None, 2, 1, 1, 2, 1)
        return {"y": y}, probe(y)
    call = f"spread{axes}d(x, f, stride=2, pad=1, extra=1, groups=2)"
    case(f"spread{axes}d", call, f"y = {call.replace('x,', 'x + p,')}; output y; loss probe(y)", {"x": real(2, 4, *size)},
         {"p": torch.zeros(4, *size), "f": real(4, 2, *k)}, compute)

row = [[1., 2, 3, 4]]
worked("conv1d", "1, 3, pad=1, bias=false", lambda x, w: F.conv1d(x, w, padding=1), row, [210, 321, 432, 43],
       {"conv1d.f": torch.tensor([[[1., 10, 100]]])})
worked("conv1d", "1, 2, same=true, bias=false", lambda x, w: F.conv1d(x, w, padding="same"), row, [21, 32, 43, 4],
       {"conv1d.f": torch.tensor([[[1., 10]]])})
worked("conv_transpose1d", "1, 3, stride=2, pad=1, extra=1, bias=false", lambda x, w: F.conv_transpose1d(x, w, None, 2, 1, 1), [[1, 2]],
       [10, 102, 20, 200], {"conv_transpose1d.f": torch.tensor([[[1., 10, 100]]])})


def filled(*shape, i):
    """The fill rule of the reference for its larger examples."""
    j = torch.arange(math.prod(shape))
    return ((((7*j + 3*i) % 11) - 5) * 0.1).reshape(shape).double()


image = (((5*torch.arange(50) % 7) - 3)*0.5).reshape(1, 2, 5, 5).double()
rows = (("conv2d", "4, 3, stride=2, pad=1, groups=2", lambda x, w, b: F.conv2d(x, w, b, 2, 1, 1, 2), (4, 1, 3, 3), 4,
         lambda y: torch.cat([y[0, :, 0, 0], y[0, 3].reshape(-1), y.sum().reshape(1)]),
         [-.45, .95, -.65, .3, .3, .2, .25, -.65, .05, -.3, -.55, -1.15, -.85, 0]),
        ("conv_transpose2d", "4, 3, stride=2, pad=1, extra=1, groups=2", lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1, 2), (2, 2, 3, 3), 4,
         lambda y: torch.cat([y[0, :, 0, 0], y.sum().reshape(1)]), [-.35, .8, -.65, .15, 10.3]),
        ("conv2d", "2, 3, pad=2, dilation=2", lambda x, w, b: F.conv2d(x, w, b, 1, 2, 2), (2, 2, 3, 3), 2,
         lambda y: torch.cat([y[0, 1, 0], y.sum().reshape(1)]), [1, 1.2, .85, -1, -.3, 7.25]))
for entry, options, f, shape, out, seen, wanted in rows:
    w, b = filled(*shape, i=0), filled(out, i=1)
    assert torch.allclose(seen(f(image, w, b)), torch.tensor(wanted, dtype=torch.float64), atol=1e-9), entry
    layer(entry, options, f, None, {entry + ".f": w, entry + ".b": b}, image)


# ---- columns of windows ----

def columns(C, size, k, stride=1, pad=0, dilation=1):
    options = text(2, {}, k=k, stride=stride, pad=pad, dilation=dilation)
    unfold = lambda x: F.unfold(x, k, dilation, pad, stride)
    layer("unfold", options, unfold, (C, *size))
    layer("fold", f"{size[0]}, {size[1]}, {options}", lambda x: F.fold(x, size, k, dilation, pad, stride),
          unfold(torch.zeros(1, C, *size)).shape[1:])


columns(2, (4, 4), 2)
columns(2, (5, 5), 3, stride=2, pad=1)
columns(1, (6, 5), 2, dilation=2)
columns(2, (5, 4), (2, 3), stride=(1, 2), pad=(0, 1), dilation=(2, 1))
worked("unfold", "2", lambda x: F.unfold(x, 2), [[[0, 1, 2], [3, 4, 5], [6, 7, 8]]], [0, 1, 3, 4, 1, 2, 4, 5, 3, 4, 6, 7, 4, 5, 7, 8])


# ---- borders ----

def pad(shape, options, sides, mode="constant", value=0):
    more = ("" if mode == "constant" else f", at={mode}") + (f", value={value}" if value else "")
    f = (lambda x: F.pad(x, sides, value=value)) if mode == "constant" else (lambda x: F.pad(x, sides, mode=mode))
    layer(f"pad{len(shape) - 1}d", options + more, f, shape)


pad((2, 4), "2", [2, 2])
pad((2, 4), "2, 1", [2, 1], value=0.5)
pad((2, 5), "-1, 2", [-1, 2])
pad((2, 6), "-2, -1", [-2, -1])
pad((2, 4, 3), "1", [1, 1, 1, 1], value=-2)
pad((2, 4, 4), "2, 1, 1, 3", [2, 1, 1, 3], value=0.5)
pad((2, 4, 5), "-1, 2, 1, -2", [-1, 2, 1, -2])
pad((1, 2, 3, 3), "1", [1]*6)
pad((1, 2, 3, 3), "1, 0, 2, 1, 0, 1", [1, 0, 2, 1, 0, 1], value=1.5)
pad((1, 3, 3, 4), "-1, 1, 0, -1, 1, -1", [-1, 1, 0, -1, 1, -1], value=3)
for mode in ("reflect", "replicate", "circular"):
    pad((2, 4), "3, 2", [3, 2], mode)
    pad((2, 5), "-1, 2", [-1, 2], mode)
    pad((2, 4, 3), "1, 2, 3, 0", [1, 2, 3, 0], mode)
    pad((2, 4, 4), "2, -1, -1, 3", [2, -1, -1, 3], mode)
    pad((1, 3, 3, 3), "1, 2, 2, 1, 0, 2", [1, 2, 2, 1, 0, 2], mode)
pad((2, 3), "5, 7", [5, 7], "replicate")
pad((2, 3), "3, 3", [3, 3], "circular")
worked("pad1d", "2, 1, at=reflect", lambda x: F.pad(x, [2, 1], mode="reflect"), [[1, 2, 3]], [3, 2, 1, 2, 3, 2])
worked("pad1d", "2, 1, at=replicate", lambda x: F.pad(x, [2, 1], mode="replicate"), [[1, 2, 3]], [1, 1, 1, 2, 3, 3])
worked("pad1d", "2, 1, at=circular", lambda x: F.pad(x, [2, 1], mode="circular"), [[1, 2, 3]], [2, 3, 1, 2, 3, 1])


# ---- pools ----

def apart(*shape):
    """Random numbers of which no two are equal."""
    return torch.tensor(draws.permutation(math.prod(shape)).reshape(shape) * 0.37 - 3)


def strides(axes, k, stride):
    """The stride as an option; that of PyTorch is k when it is not given."""
    if stride is None:
        return ""
    out, s, kernel = [], each(stride, axes), each(k, axes)
    usual = kernel[0]
    for i in range(axes):
        if i:
            usual = kernel[i] if s[i - 1] == kernel[i - 1] else s[i - 1]
        if s[i] != usual:
            out.append(f"stride{i + 1 if i else ''}={s[i]}")
    return ", ".join(out)


def pool(entry, axes, shape, k, stride=None, pad=0, dilation=1, ceil=False, counts=True, divisor=0, p=None, x=None, wanted=None):
    kinds = {"maxpool": (F.max_pool1d, F.max_pool2d, F.max_pool3d), "avgpool": (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d),
             "lppool": (F.lp_pool1d, F.lp_pool2d, F.lp_pool3d)}
    f = kinds[entry][axes - 1]
    plain = {key: value for key, value, usual in (("ceil", ceil, False), ("count_pad", counts, True), ("divisor", divisor, 0)) if value != usual}
    given = ", ".join(part for part in (text(axes, {}, k=k, pad=pad, dilation=dilation), strides(axes, k, stride), text(axes, plain)) if part)
    if entry == "maxpool":
        g = lambda x: f(x, k, stride, pad, dilation, ceil)
    elif entry == "lppool":
        g, given = lambda x: f(x, p, k, stride, ceil), f"{p}, {given}"
    elif axes == 1:
        g = lambda x: f(x, k, stride, pad, ceil, counts) * (1 if not divisor else k/divisor)
    else:
        g = lambda x: f(x, k, stride, pad, ceil, counts, divisor or None)
    if wanted is not None:
        return worked(f"{entry}{axes}d", given, g, x, wanted, kink=True)
    x = x if x is not None else apart(2, *shape) if entry == "maxpool" else real(2, *shape) if p in (None, 2) else real(2, *shape).abs() + 0.1
    layer(f"{entry}{axes}d", given, g, None, {}, x, tolerance=None)


for kind in ("maxpool", "avgpool"):
    pool(kind, 1, (2, 6), 2)
    pool(kind, 1, (2, 7), 3, stride=2, pad=1)
    pool(kind, 1, (2, 7), 3, stride=1)
    pool(kind, 1, (2, 7), 2, ceil=True)
    pool(kind, 1, (2, 8), 3, stride=3, pad=1, ceil=True)
    pool(kind, 1, (1, 5), 2, stride=3, pad=1, ceil=True)            # the last window would begin in the border: it is left out
    pool(kind, 2, (2, 6, 6), 2)
    pool(kind, 2, (2, 7, 6), 3, stride=2, pad=1)
    pool(kind, 2, (1, 6, 7), (3, 2))
    pool(kind, 2, (1, 7, 6), (2, 3), stride=(1, 2), pad=(1, 0))
    pool(kind, 2, (1, 6, 6), (3, 1), stride=2, ceil=True)
    pool(kind, 2, (1, 5, 7), (2, 3), pad=(0, 1), ceil=True)
    pool(kind, 3, (1, 4, 4, 6), 2)
    pool(kind, 3, (2, 3, 4, 5), 3, stride=2, pad=1)
    pool(kind, 3, (1, 3, 5, 4), (1, 2, 3), stride=(1, 2, 1), pad=(0, 1, 1))
    pool(kind, 3, (1, 4, 5, 3), (2, 3, 2), ceil=True)
    pool(kind, 3, (1, 3, 4, 5), (1, 2, 3), ceil=True)
pool("maxpool", 1, (2, 7), 3, stride=1, pad=1, dilation=2)
pool("maxpool", 2, (2, 8, 7), 3, stride=2, pad=1, dilation=2, ceil=True)
pool("maxpool", 2, (1, 6, 7), (2, 3), stride=1, dilation=(3, 2), pad=(1, 0))
pool("maxpool", 3, (1, 4, 5, 6), 2, stride=(1, 1, 2), dilation=(1, 2, 3))
for options in ({"counts": False}, {"divisor": 5}, {"counts": False, "ceil": True}, {"ceil": True}):
    pool("avgpool", 1, (2, 7), 3, stride=2, pad=1, **options)
    pool("avgpool", 2, (1, 6, 7), (3, 2), stride=2, pad=1, **options)
    pool("avgpool", 3, (1, 3, 4, 4), (3, 2, 2), stride=2, pad=(1, 0, 1), **options)
pool("avgpool", 2, (2, 8, 7), 3, stride=2, pad=1, counts=False, ceil=True, divisor=4)
for p in (1, 2, 3, 2.5):
    pool("lppool", 1, (2, 7), 3, stride=2, p=p)
    pool("lppool", 2, (1, 5, 6), (3, 2), stride=2, p=p, ceil=True)
pool("lppool", 1, (2, 7), 2, p=2, ceil=True)
pool("lppool", 2, (2, 4, 4), 2, p=2)
pool("lppool", 3, (1, 4, 3, 4), 2, p=2, stride=(2, 1, 2))
pool("lppool", 3, (1, 3, 4, 5), (1, 2, 2), p=3, ceil=True)
# Where all of a window is 0 the slope is 0.
x = real(2, 2, 6)
x[0, 1, :4] = 0
layer("lppool1d", "2, 2", lambda x: F.lp_pool1d(x, 2, 2), None, {}, x, kink=True)
# Of equal values the first takes the gradient; NaN wins.
flat = torch.tensor(draws.randint(0, 3, (2, 1, 6, 6))).double()
layer("maxpool2d", "3, stride=2, pad=1", lambda x: F.max_pool2d(x, 3, 2, 1), None, {}, flat, kink=True)
layer("maxpool3d", "2, stride=1", lambda x: F.max_pool3d(x, 2, 1), None, {}, flat.reshape(2, 1, 3, 3, 4), kink=True)
one_to_five = [[1., 2, 3, 4, 5]]
for options, wanted in (({"k": 2, "stride": 2, "pad": 1}, [.5, 2.5, 4.5]), ({"k": 2, "stride": 2, "pad": 1, "counts": False}, [1, 2.5, 4.5]),
                        ({"k": 3, "stride": 2, "pad": 1, "ceil": True}, [1, 3, 3]), ({"k": 2, "ceil": True}, [1.5, 3.5, 5])):
    pool("avgpool", 1, None, x=one_to_five, wanted=wanted, **options)
pool("maxpool", 1, None, 2, ceil=True, x=one_to_five, wanted=[2, 4, 5])
pool("maxpool", 1, None, 3, pad=1, ceil=True, x=one_to_five, wanted=[2, 5])
worked("maxpool1d", "3", lambda x: F.max_pool1d(x, 3), [[1, 1, 0]], [1], kink=True)

adaptive = {"adaptive_avgpool": (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d),
            "adaptive_maxpool": (F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)}
for entry, functions in adaptive.items():
    for shape, to in (((2, 6), (3,)), ((2, 7), (3,)), ((2, 3), (5,)), ((2, 5), (1,)), ((2, 6, 4), (3, 2)), ((2, 7, 5), (3, 2)),
                      ((1, 5, 5), (4, 4)), ((2, 3, 4), (1, 1)), ((1, 3, 2), (3, 5)), ((1, 4, 3, 4), (2, 3, 2)), ((1, 3, 5, 4), (2, 3, 3)),
                      ((2, 2, 3, 2), (1, 1, 1))):
        options = f"{to[0]}" if len(set(to)) == 1 else ", ".join(map(str, to))
        layer(f"{entry}{len(to)}d", options, lambda x: functions[len(to) - 1](x, to), None, {}, apart(2, *shape))
worked("adaptive_avgpool1d", "3", lambda x: F.adaptive_avg_pool1d(x, 3), one_to_five, [1.5, 3, 4.5])
worked("adaptive_maxpool1d", "3", lambda x: F.adaptive_max_pool1d(x, 3), one_to_five, [2, 4, 5])
for shape in ((3, 4), (2, 4, 3), (2, 2, 3, 2)):
    layer("global_avgpool", "", lambda x: x.flatten(2).mean(2), shape)
    layer("global_maxpool", "", lambda x: x.flatten(2).amax(2), None, {}, apart(2, *shape))


# ---- resizing ----

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
CUBIC = "interpolate(_, _, source=centre, taps=4, kernel=cubic)"
MODES = {"nearest": ("nearest", None), "nearest_exact": ("nearest-exact", None), "interpolate": ("linear", False),
         "interpolate(_, _, source=corners)": ("linear", True), CUBIC: ("bicubic", False),
         CUBIC.replace("centre", "corners"): ("bicubic", True), "area": ("area", None)}


def theirs(mode, axes):
    name, align = MODES[mode]
    return {"mode": LINEAR[axes] if name == "linear" else name, **({} if align is None else {"align_corners": align})}


def resized(mode, shape, to):
    """To a size: F.interpolate(size=...)."""
    axes = len(to)
    f = lambda x: F.interpolate(x, size=to, **theirs(mode, axes))
    sizes = f"{to[0]}" if len(set(to)) == 1 else ", ".join(map(str, to))
    if axes == 1:                                       # one axis is the mode itself
        entry = mode.split("(")[0]
        rest = mode[len(entry):].replace("(_, _", "").replace(")", "")
        layer(entry, sizes + rest, f, shape)
    else:
        layer(f"resize{axes}d", sizes + ("" if mode == "nearest" else f", mode={mode}"), f, shape)


def upsampled(mode, shape, factor):
    """By a factor: F.interpolate(scale_factor=...), where the factor that was given counts."""
    axes = len(shape) - 1
    f = lambda x: F.interpolate(x, scale_factor=factor, **theirs(mode, axes))
    factors = text(axes, {}, factor=factor)
    layer(f"upsample{axes}d", factors + ("" if mode == "nearest" else f", mode={mode}"), f, shape)


for mode in MODES:
    flat_only = "cubic" in mode
    if not flat_only:
        resized(mode, (2, 4), (7,))
        resized(mode, (2, 6), (4,))
        resized(mode, (1, 2, 3, 2), (3, 4, 5))
        upsampled(mode, (2, 4), 2)
        upsampled(mode, (2, 4), 1.6)
        upsampled(mode, (1, 2, 3, 3), (2, 1.5, 1))
    resized(mode, (2, 3, 4), (6, 8))
    resized(mode, (1, 5, 4), (3, 7))
    upsampled(mode, (2, 3, 3), 2)
    upsampled(mode, (2, 4, 3), (1.7, 0.7))
resized("interpolate(_, _, source=corners)", (2, 4), (1,))
resized("interpolate", (2, 1), (3,))
resized(CUBIC, (1, 2, 1), (4, 3))
upsampled("nearest", (2, 5), 0.5)
upsampled("interpolate", (2, 3), 1.3)
upsampled("interpolate", (1, 3, 2), (1.3, 2))
upsampled("nearest", (1, 2, 2), (2, 3))

square = [[[1., 2], [3, 4]]]
for mode, wanted in (("nearest", [1, 1, 2, 1, 1, 2, 3, 3, 4]), ("nearest_exact", [1, 2, 2, 3, 4, 4, 3, 4, 4]),
                     ("interpolate", [1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4])):
    worked("resize2d", "3" if mode == "nearest" else f"3, mode={mode}", lambda x: F.interpolate(x, size=3, **theirs(mode, 2)), square, wanted)
cubic = F.interpolate(torch.tensor([square]), size=3, mode="bicubic")[0, 0, 0]
assert torch.allclose(cubic, torch.tensor([.7396, 1.3264, 1.9132]), atol=5e-5)
worked("resize2d", f"3, mode={CUBIC}", lambda x: F.interpolate(x, size=3, mode="bicubic"), square,
       F.interpolate(torch.tensor([square]), size=3, mode="bicubic").tolist())
three = [[1., 2, 4]]
worked("interpolate", "6", lambda x: F.interpolate(x, size=6, mode="linear"), three, [1, 1.25, 1.75, 2.5, 3.5, 4])
worked("upsample1d", "1.5, mode=interpolate", lambda x: F.interpolate(x, scale_factor=1.5, mode="linear"), three,
       [1, 1.5, 7/3, 11/3])
worked("interpolate", "4", lambda x: F.interpolate(x, scale_factor=1.5, mode="linear", recompute_scale_factor=True), three,
       [1, 1.625, 2.75, 4])
end()
