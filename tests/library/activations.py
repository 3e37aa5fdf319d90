"""Activations: values, slopes at rest and in training, the exact slope at each kink, and arguments as large as 1e4. Writes
activations.nn and activations.txt; see cases.py."""
from cases import *

begin("activations")
inf = math.inf
FAR = [1e4, -1e4, 80.0, -80.0, 120.0, -120.0, 17.5, -17.5, 1e-3, -1e-3]


def activation(entry, options, f, x, wrap="{}", params={}, **more):
    """f(x, *params) is what PyTorch makes of `x |> entry(options)`; the gradient of x is that of a parameter p added to it."""
    call = f"{entry}({options})" if options else entry
    def compute(i, p):
        y = f(i["x"] + p["p"], *[p[key] for key in params])
        return {"y": y}, probe(y)
    y = f(x, *params.values())
    # The loss is one number, the sum of many: in float it has the errors of its terms even where they cancel.
    if abs(probe(y)) < 0.02 * y.abs().sum()/len(y):
        more["float_tolerance"] = 1e-4
    case(entry, f"x |> {call}", f"y = x + p |> {wrap.format(call)}; output y; loss probe(y)", {"x": x},
         {"p": torch.zeros(x.shape[1:]), **params}, compute, **more)


def elementwise(entry, f, *choices, kinks=(), params={}):
    """Each choice is the text of the options with a function of PyTorch; of the first also another shape, and the places
    where its slope jumps, beside arguments of all sizes."""
    for options, f in choices or (("", f),):
        activation(entry, options, f, real(3, 10, scale=2))
    options, f = (choices or (("", f),))[0]
    activation(entry, options, f, real(2, 2, 3, 2, scale=3))
    activation(entry, options, f, torch.tensor([list(kinks) + FAR]), kink=True)


def worked(entry, options, f, x, wanted, digits):
    """A worked example of the reference: one sample, whose result is known to so many digits."""
    x = torch.tensor([x], dtype=torch.float64)
    assert torch.allclose(f(x), torch.tensor([wanted], dtype=torch.float64), atol=10.0**-digits), (entry, f(x))
    activation(entry, options, f, x)


# ---- element by element ----

elementwise("relu", F.relu, kinks=[0])
elementwise("relu6", F.relu6, kinks=[0, 6])
elementwise("leaky_relu", None, ("", F.leaky_relu), ("0.2", lambda x: F.leaky_relu(x, 0.2)), ("-0.5", lambda x: F.leaky_relu(x, -0.5)), kinks=[0])
elementwise("elu", None, ("", F.elu), ("0.7", lambda x: F.elu(x, 0.7)), kinks=[0])
activation("elu", "0.7", lambda x: F.elu(x, 0.7), torch.zeros(1, 2), kink=True)
elementwise("selu", F.selu, kinks=[0])
# PyTorch keeps a and 1/a of celu in float: those of these cases are exact in it.
elementwise("celu", None, ("", F.celu), ("0.5", lambda x: F.celu(x, 0.5)), ("4", lambda x: F.celu(x, 4.0)), kinks=[0])
activation("celu", "0.5", lambda x: F.celu(x, 0.5), torch.zeros(1, 2), kink=True)
elementwise("gelu", F.gelu, kinks=[0])
elementwise("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), kinks=[0])
elementwise("silu", F.silu, kinks=[0])
elementwise("mish", F.mish, kinks=[0])
elementwise("sigmoid", torch.sigmoid, kinks=[0])
elementwise("tanh", torch.tanh, kinks=[0])
elementwise("log_sigmoid", F.logsigmoid, kinks=[0])
elementwise("softplus", None, ("", F.softplus), ("2", lambda x: F.softplus(x, 2)), ("0.5, threshold=1", lambda x: F.softplus(x, 0.5, 1)), kinks=[20, 19.9, 20.1])
activation("softplus", "2, threshold=3", lambda x: F.softplus(x, 2, 3), torch.tensor([[1.5, 1.49, 1.51]]), kink=True)
elementwise("softsign", F.softsign, kinks=[0])
elementwise("tanhshrink", F.tanhshrink, kinks=[0])
elementwise("hardshrink", None, ("", F.hardshrink), ("1.3", lambda x: F.hardshrink(x, 1.3)), kinks=[0.5, -0.5, 0])
elementwise("softshrink", None, ("", F.softshrink), ("1.3", lambda x: F.softshrink(x, 1.3)), kinks=[0.5, -0.5, 0])
elementwise("hardtanh", None, ("", F.hardtanh), ("-0.8, 1.2", lambda x: F.hardtanh(x, -0.8, 1.2)), kinks=[1, -1])
elementwise("clamp", None, ("-1, 2", lambda x: torch.clamp(x, -1, 2)), kinks=[-1, 2])
# PyTorch keeps the slope 1/6 in float: written out.
elementwise("hardsigmoid", lambda x: F.relu6(x + 3)/6, kinks=[3, -3])
elementwise("hardswish", F.hardswish, kinks=[3, -3])
elementwise("threshold", None, ("0.3, -2", lambda x: F.threshold(x, 0.3, -2)), ("-1, 5", lambda x: F.threshold(x, -1, 5)), kinks=[0.3])
for options, one in (("", 1), ("slopes=4", 4)):
    for shape in ((4,), (4, 3), (4, 2, 2)):
        activation("prelu", options, F.prelu, real(3, *shape), params={"prelu.a": real(one)})
    activation("prelu", options, F.prelu, torch.tensor([[0.0, 1e4, -1e4, -120]]), params={"prelu.a": torch.tensor([0.25]*one)}, kink=True)


def at_rest(entry, options, f, x, **more):
    """What is random in training: at rest it is PyTorch's; in training its gradient is that of its differences."""
    call = f"{entry}({options})" if options else entry
    case(entry, f"x |> {call}, at rest", f"y = x + p |> {call}; output y; loss probe(y)", {"x": x}, {"p": torch.zeros(x.shape[1:])},
         lambda i, p: ({"y": f(x)}, None), **more)


at_rest("rrelu", "", F.rrelu, real(3, 10))
at_rest("rrelu", "0.1, 0.5", lambda x: F.rrelu(x, 0.1, 0.5), real(2, 3, 4))
at_rest("rrelu", "", F.rrelu, torch.tensor([[0.0] + FAR]), kink=True)
# Drawn from one number, a slope is that number, in training too; so its kink can be compared.
activation("rrelu", "0.25, 0.25", lambda x: F.rrelu(x, 0.25, 0.25, True), torch.tensor([[0.0] + FAR]), kink=True)

# ---- along an axis ----

axes = [((10,), "{}", -1), ((3, 4), "{}", -1), ((4, 3), "across({})", 1), ((4, 2, 3), "across({})", 1)]
for entry, f in (("softmax", F.softmax), ("log_softmax", F.log_softmax), ("softmin", F.softmin)):
    for shape, wrap, axis in axes:
        activation(entry, "", lambda x: f(x, axis), real(2, *shape), wrap)
    # Large and infinite numbers, in float too.
    activation(entry, "", lambda x: f(x, -1), torch.tensor([[FAR[:6], [1e4]*6, [-120.0]*5 + [80.0]]]), kink=True)
    x = torch.tensor([[3.0, 0.0, 1.0, -inf if entry != "softmin" else inf]])
    case(entry, f"x |> {entry}, one infinite", f"y = x + p |> {entry}; output y; loss y[0] + 2*y[1]", {"x": x}, {"p": torch.zeros(4)},
         lambda i, p: ({"y": f(i["x"] + p["p"], -1)}, (f(i["x"] + p["p"], -1)[0] * torch.tensor([1.0, 2, 0, 0]))[:2].sum()), kink=True)
    x = torch.full((1, 3), inf if entry == "softmin" else -inf)
    case(entry, f"x |> {entry}, all infinite", f"y = x + p |> {entry}; output y; loss sum(p)", {"x": x}, {"p": torch.zeros(3)},
         lambda i, p: ({"y": f(i["x"] + p["p"], -1)}, p["p"].sum()), kink=True)
for shape in ((3, 2, 2), (1, 2, 3)):
    activation("softmax2d", "", lambda x: F.softmax(x, 1), real(2, *shape))
for shape, wrap, axis in (((10,), "{}", -1), ((3, 4), "{}", -1), ((4, 3), "across({})", 1), ((6, 2, 2), "across({})", 1)):
    activation("glu", "", lambda x: F.glu(x, axis), real(2, *shape), wrap)
activation("glu", "", F.glu, torch.tensor([FAR]), kink=True)
worked("glu", "", F.glu, [1, 2, 3, -1], [.9525741268, .5378828427], 9)


def reduced(entry, body, f, x, **more):
    """As activation, for what gives fewer axes: the body says how y comes from v = x + p."""
    call = body[body.index("= ") + 2:]
    def compute(i, p):
        y = f(i["x"] + p["p"])
        return {"y": y}, probe(y)
    case(entry, call, f"v = x + p; {body}; output y; loss probe(y)", {"x": x}, {"p": torch.zeros(x.shape[1:])}, compute, **more)


reduced("logsumexp", "y = logsumexp(v)", lambda x: x.logsumexp(-1), real(3, 10))
reduced("logsumexp", "y = logsumexp(v)", lambda x: x.logsumexp(-1), real(3, 2, 4))
reduced("logsumexp", "y[i] = logsumexp(v[_, i])", lambda x: x.logsumexp(1), real(3, 2, 4))
reduced("logsumexp", "y[i, j] = logsumexp(v[i, _, j])", lambda x: x.logsumexp(2), real(2, 2, 3, 2))
reduced("logsumexp", "y = logsumexp(v)", lambda x: x.logsumexp(-1), torch.tensor([[FAR, FAR[::-1]]]), kink=True)
x = torch.tensor([[[-inf]*3, [inf, 0, 1], [-inf, 0, 1]]])
case("logsumexp", "logsumexp(x), infinite", "y = logsumexp(x + p); output y; loss sum(p)", {"x": x}, {"p": torch.zeros(3, 3)},
     lambda i, p: ({"y": i["x"].logsumexp(-1)}, p["p"].sum()), kink=True)
for options, p in (("", 2), ("p=1", 1), ("p=3", 3), ("p=1.5", 1.5), ("p=inf", inf)):
    f = lambda x, dims: torch.linalg.vector_norm(x, p, dims)
    call = f"v, {options}" if options else "v"
    reduced("vector_norm", f"y = vector_norm({call})", lambda x: f(x, (1, 2)), real(3, 2, 4))
    reduced("vector_norm", f"y[i] = vector_norm({call.replace('v', 'v[_, i]', 1)})", lambda x: f(x, 1), real(3, 2, 4))
for options, p in (("", 2), ("1", 1), ("3", 3), ("inf", inf)):
    call = f"normalize(_, {options})" if options else "normalize"
    f = lambda x: F.normalize(x, p=p, dim=1)
    for shape in ((10,), (3, 4)):
        activation("normalize", options, f, real(2, *shape), "across(normalize(_, " + options + "))" if options else "across({})")
activation("normalize", "eps=5", lambda x: F.normalize(x, eps=5.0), torch.tensor([[3.0, 3, 0], [3, 4, 1]]), "{}")
activation("normalize", "", F.normalize, torch.zeros(2, 4), kink=True)
activation("across", "tanh", torch.tanh, real(2, 3, 2))

# ---- random, and slopes of one's own ----

for options in ("", "0.5", "2, true"):
    call = f"gumbel_softmax(v, {options})" if options else "gumbel_softmax(v)"
    case("gumbel_softmax", call, f"v = x + p; y = {call}; loss probe(y)", {"x": real(3, 4)}, {"p": torch.zeros(4)},
         lambda i, p: ({}, None), kink="true" in options)
# Shares of the draws, within five standard errors: rrelu's slopes are uniform, gumbel_softmax's largest is a draw from softmax.
holds("rrelu", "rrelu(-1), in training", "y = x |> rrelu", ["(max(batch) max(y)) <= -0.125", "(max(batch) max(y)) > -0.126", "(min(batch) min(y)) >= -1/3",
      "(min(batch) min(y)) < -0.332", "abs((mean(batch) mean(y)) + 0.229166667) < 0.0048", "abs((mean(batch) mean((y + 0.229166667)^2)) - 0.00361689815) < 0.00026",
      "abs(mean(batch) mean(i < 1999) (y[i] + 0.229166667)*(y[i+1] + 0.229166667)) < 0.0003"], inputs={"x": -torch.ones(2, 2000)})
at = torch.tensor([0.0, 1, -0.5])
for options, read in (("", "where(y[i, j] == max(k) y[i, k], 1, 0)"), ("0.1, hard=true", "y[i, j]")):
    share = F.softmax(at, 0).tolist()
    holds("gumbel_softmax", f"gumbel_softmax(x{', ' if options else ''}{options}), its shares", f"y = x |> gumbel_softmax({options}); s[j] = mean(batch) mean(i) {read}",
          [f"abs(s[{j}] - {w:.9g}) < {5*math.sqrt(w*(1 - w)/2000):.9g}" for j, w in enumerate(share)] + ["(max(batch) max(i) abs((sum(j) y[i, j]) - 1)) < 1e-5"],
          inputs={"x": at.expand(2, 1000, 3)})
# With one class far above the others the draw is certain.
x = torch.tensor([[0.0, 500, 0, -500]])
case("gumbel_softmax", "gumbel_softmax(x, 0.1, hard=true)", "y = gumbel_softmax(x + p, 0.1, hard=true); output y; loss probe(y)", {"x": x},
     {"p": torch.zeros(4)}, lambda i, p: ({"y": torch.tensor([[0.0, 1, 0, 0]])}, probe(F.softmax((i["x"] + p["p"])/0.1, -1))), kink=True)
x = real(3, 10)
case("lerp", "lerp(x, p, 0.3)", "y = lerp(x, p, 0.3); output y; loss probe(y)", {"x": x}, {"p": real(10)},
     lambda i, p: ({"y": torch.lerp(i["x"], p["p"].expand(3, 10), 0.3)}, probe(torch.lerp(i["x"], p["p"].expand(3, 10), 0.3))))
case("lerp", "lerp(x, p, s)", "y = lerp(x, p, s + q); output y; loss probe(y)", {"x": x, "s": real(3, 10)}, {"p": real(10), "q": torch.zeros(10)},
     lambda i, p: ({"y": torch.lerp(i["x"], p["p"].expand(3, 10), i["s"])}, probe(torch.lerp(i["x"], p["p"].expand(3, 10), i["s"] + p["q"]))))
activation("straight_through", "x + p", lambda x: x + (torch.round(x) - x).detach(), x, "round |> straight_through(x + p)", kink=True)
case("surrogate", "surrogate(x^2, cos(x), p)", "y = surrogate(x^2, cos(x), p); output y; loss probe(y)", {"x": x}, {"p": real(10)},
     lambda i, p: ({"y": i["x"]**2}, probe(i["x"]**2 + torch.cos(i["x"])*(p["p"] - p["p"].detach()))), kink=True)

# ---- worked examples of the reference ----

at = [-1.0, .5, 1]
worked("gelu", "", F.gelu, at, [-.158655, .345731, .841345], 6)
worked("gelu_tanh", "", lambda x: F.gelu(x, approximate="tanh"), at, [-.158808, .345714, .841192], 6)
worked("silu", "", F.silu, [-1, 1], [-.268941, .731059], 6)
worked("mish", "", F.mish, [-1, 1], [-.303401, .865098], 6)
worked("softplus", "", F.softplus, [-1, 1], [.313262, 1.313262], 6)

end()
