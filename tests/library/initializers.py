"""Initializers: their first values are random, so what is compared is how they are distributed: bounds, mean, variance and
shares, each within five standard errors of so many draws. Writes initializers.nn and initializers.txt; see cases.py."""
from cases import *

begin("initializers")
N = 4000


def less(text, number):
    """text - number, in the language: a number below 0 has no minus behind another."""
    return f"({text} + {-number:.9g})" if number < 0 else f"({text} - {number:.9g})"


def near(number, wanted, variance, n=N):
    """That a mean of n draws of this variance is what it should be."""
    return f"abs({less(number, wanted)}) < {5*math.sqrt(variance/n):.9g}"


def drawn(entry, call, truths, shape=(40, 100)):
    holds(entry, call, f"param w[{', '.join(map(str, shape))}] = {call}, v[{', '.join(map(str, shape))}] = {call}", truths, "sum(w) + sum(v)")


def shared(mean, variance):
    """Numbers that are next to each other, or of two parameters, have nothing to do with each other."""
    product = variance**2 + 2*mean**2*variance
    return [near(f"(mean(i < 40, j < 99) {less('w[i, j]', mean)}*{less('w[i, j+1]', mean)})", 0, product, 40*99),
            near(f"mean({less('w', mean)}*{less('v', mean)})", 0, product)]


def uniform(entry, call, low, high):
    mean, variance, span = (low + high)/2, (high - low)**2/12, high - low
    drawn(entry, call, [f"min(w) >= {low:.9g}", f"max(w) < {high:.9g}", f"min(w) < {low + span/200:.9g}", f"max(w) > {high - span/200:.9g}",
                        near("mean(w)", mean, variance), near(f"mean({less('w', mean)}^2)", variance, 0.8*variance**2),
                        near(f"mean(where(w < {low + 0.3*span:.9g}, 1, 0))", 0.3, 0.21), *shared(mean, variance)])


def normal(entry, call, mean, sd):
    share = 0.5*(1 + math.erf(1/math.sqrt(2)))                  # below one standard deviation
    drawn(entry, call, [near("mean(w)", mean, sd**2), near(f"mean({less('w', mean)}^2)", sd**2, 2*sd**4),
                        near(f"mean(where(w < {mean + sd:.9g}, 1, 0))", share, share*(1 - share)),
                        near(f"mean(({less('w', mean)}/{sd:.9g})^3)", 0, 15), near(f"mean(({less('w', mean)}/{sd:.9g})^4)", 3, 96),
                        f"max(abs({less('w', mean)})) < {6*sd:.9g}", *shared(mean, sd**2)])


def truncated(call, mean, sd, low, high):
    """The moments are those of PyTorch's own definition: the inverse distribution function at uniform numbers."""
    z = torch.distributions.Normal(torch.tensor(0.0), torch.tensor(1.0))
    a, b = (z.cdf(torch.tensor((edge - mean)/sd)) for edge in (low, high))
    x = mean + sd*z.icdf(a + (b - a)*(torch.arange(200000) + 0.5)/200000)
    m, variance, fourth = x.mean().item(), x.var().item(), ((x - x.mean())**4).mean().item()
    drawn("truncated", call, [f"min(w) >= {low:.9g}", f"max(w) <= {high:.9g}", near("mean(w)", m, variance),
                              near(f"mean({less('w', m)}^2)", variance, fourth - variance**2), *shared(m, variance)])


uniform("between", "between()", 0, 1)
uniform("between", "between(1, 2)", 1, 2)
uniform("between", "between(-3, 0.5)", -3, 0.5)
uniform("uniform", "uniform(0.5)", -0.5, 0.5)
normal("normal", "normal()", 0, 1)
normal("normal", "normal(-2, 0.3)", -2, 0.3)
truncated("truncated()", 0, 1, -2, 2)
truncated("truncated(0, 0.02)", 0, 0.02, -2, 2)                 # bounds in absolute units: nothing is cut
truncated("truncated(1, 2, -0.5, 1.5)", 1, 2, -0.5, 1.5)
truncated("truncated(0, 1, 1, 3)", 0, 1, 1, 3)

# ---- by fans and gains: the bounds are PyTorch's ----

I, G = torch.nn.init, torch.nn.init.calculate_gain
gains = [("gain_linear", "", G("linear")), ("gain_sigmoid", "", G("sigmoid")), ("gain_tanh", "", G("tanh")), ("gain_relu", "", G("relu")),
         ("gain_leaky_relu", "", G("leaky_relu")), ("gain_leaky_relu", "0.3", G("leaky_relu", 0.3)), ("gain_selu", "", G("selu"))]
for entry, options, gain in gains:
    start(entry, f"{entry}({options})", ["input x", f"param w = {entry}({options})", "loss w*x", "train batch=1"], None, None, "")
    line("value", "w", numbers(gain))
uniform("xavier_uniform", "xavier_uniform(100, 40)", -math.sqrt(6/140), math.sqrt(6/140))
uniform("xavier_uniform", "xavier_uniform(100, 40, gain=gain_tanh())", -5/3*math.sqrt(6/140), 5/3*math.sqrt(6/140))
normal("xavier_normal", "xavier_normal(100, 40)", 0, math.sqrt(2/140))
normal("xavier_normal", "xavier_normal(100, 40, gain_relu())", 0, 2/math.sqrt(140))
for options, gain, fan in (("100", G("leaky_relu", 0), 100), ("40", G("leaky_relu", 0), 40), ("100, 0.3", G("leaky_relu", 0.3), 100),
                           ("100, gain=gain_tanh()", G("tanh"), 100), ("40, gain=gain_linear()", 1, 40)):
    uniform("kaiming_uniform", f"kaiming_uniform({options})", -gain*math.sqrt(3/fan), gain*math.sqrt(3/fan))
    normal("kaiming_normal", f"kaiming_normal({options})", 0, gain/math.sqrt(fan))
# The bounds above are those that PyTorch draws within.
for f, bound in ((I.xavier_uniform_, math.sqrt(6/140)), (I.kaiming_uniform_, G("relu")*math.sqrt(3/100))):
    w = f(torch.empty(40, 100))
    assert bound*0.99 < w.abs().max() <= bound

# ---- matrices that are not random, or only in part ----


def exactly(entry, options, value):
    """First values that are PyTorch's, number by number."""
    start(entry, f"{entry}({options})", ["input x", f"param w{extents(value.shape)} = {entry}({options})", "loss x*sum(w)", "train batch=1"], None, None, "")
    line("value", "w", numbers(value))


for n, m in ((4, 4), (3, 5), (5, 2)):
    exactly("identity_matrix", f"{n}, {m}", I.eye_(torch.empty(n, m)))
for O, C, k in ((4, 4, (3,)), (2, 4, (2,)), (4, 2, (5,)), (3, 3, (3, 3)), (4, 2, (3, 2)), (2, 2, (3, 3, 3)), (3, 2, (1, 2, 3))):
    sizes = ", ".join(str(n) for n in (k if len(set(k)) > 1 else k[:1]))
    exactly(f"dirac{len(k)}d", f"{O}, {C}, {sizes}", I.dirac_(torch.empty(O, C, *k)))
for O, C, groups, k in ((4, 2, 2, (3,)), (6, 3, 2, (3, 3)), (6, 1, 3, (3, 3)), (4, 2, 2, (2, 3, 3))):
    sizes = ", ".join(str(n) for n in (k if len(set(k)) > 1 else k[:1]))
    exactly(f"dirac{len(k)}d", f"{O}, {C}, {sizes}, groups={groups}", I.dirac_(torch.empty(O, C, *k), groups))
for R, C, sparsity, sd in ((100, 40, 0.3, None), (100, 40, 0.005, None), (30, 100, 0.5, 2), (7, 5, 1, None)):
    zeros = math.ceil(sparsity*R)
    w = I.sparse_(torch.empty(R, C), sparsity)
    assert ((w == 0).sum(0) == zeros).all()
    spread = sd or 0.01
    n = (R - zeros)*C
    holds("sparse", f"sparse({R}, {C}, {sparsity}{f', {sd}' if sd else ''})", f"param w[{R}, {C}] = sparse({R}, {C}, {sparsity}{f', {sd}' if sd else ''})",
          [f"all(j < {C}) ((sum(i) where(w[i, j] == 0, 1, 0)) == {zeros})"] + ([near(f"sum(w)/{n}", 0, spread**2, n),
           near(f"sum(w^2)/{n}", spread**2, 2*spread**4, n)] if n else []), "sum(w)")
for R, C, gain in ((1, 1, 1), (3, 5, 1), (5, 3, 1), (4, 4, 2), (30, 30, 1), (20, 60, 0.5), (60, 20, 3)):
    small, large = min(R, C), max(R, C)
    q = I.orthogonal_(torch.empty(R, C), gain)
    assert torch.allclose(q @ q.T if R <= C else q.T @ q, gain**2*torch.eye(small))
    call = f"orthogonal({R}, {C}{f', {gain}' if gain != 1 else ''})"
    product = "sum(l) w[i, l]*w[k, l]" if R <= C else "sum(l) w[l, i]*w[l, k]"
    start("orthogonal", call, ["input x", f"param w[{R}, {C}] = {call}", f"p[i, k] = {product}", f"state s[{small}, {small}] = p",
                               "loss x*(sum(w) + sum(s))", "train batch=1"], None, None, "")
    line("value", "s", numbers(gain**2*torch.eye(small)))
# Filters, and that no direction is preferred: the mean of the elements, and of their squares by columns.
start("orthogonal", "filters by orthogonal(4, 2*3*3)", ["input x", "q = orthogonal(4, 2*3*3)", "f[o < 4, c < 2, u < 3, v < 3] = q[o, (c, u, v)]",
      "param w[4, 2, 3, 3] = f", "p[i, k] = sum(c, u, v) w[i, c, u, v]*w[k, c, u, v]", "state s[4, 4] = p", "loss x*(sum(w) + sum(s))", "train batch=1"], None, None, "")
line("value", "s", numbers(torch.eye(4)))
holds("orthogonal", "orthogonal(40, 100)", "param w[40, 100] = orthogonal(40, 100)",
      [near("mean(w)", 0, 1/100), near("mean(i < 40, j < 50) (w[i, j]^2)", 1/100, 2e-4, 2000), near("mean(j < 100) w[0, j]", 0, 1/100, 100)], "sum(w)")
start("orthonormal", "orthonormal(3, 7)", ["input x", "param w[3, 7] = orthonormal(3, 7)", "p[i, k] = sum(l) w[i, l]*w[k, l]", "state s[3, 3] = p",
                                           "loss x*(sum(w) + sum(s))", "train batch=1"], None, None, "")
line("value", "s", numbers(torch.eye(3)))

# ---- a constant is itself; first values that depend on others; the bounds of layers ----

for value in (0, 1, -2.5):
    start("constant", f"param w[2, 3] = {value}", ["input x", f"param w[2, 3] = {value}", "loss x*sum(w)", "train batch=1"], None, None, "")
    line("value", "w", numbers(torch.full((2, 3), float(value))))
holds("weight_norm", "weight_norm(v), at first", "input z; param v[3, 4, 2] = normal(); w = weight_norm(v)",
      ["max(abs(w - v)) < 1e-6"], "z*sum(w)")


def begins(entry, call, shape, bounds, integers=None):
    """Parameters of layers lie within PyTorch's bounds at first."""
    x = f"input x{extents(shape)}" + (f" : class[{integers}]" if integers else "")
    start(entry, f"first values of {call}", [x, f"y = {call}; loss sum(y)", "train batch=1"], None, None, "")
    for name, bound in bounds.items():
        line("within", name, -bound, bound)


def bounds_of(module):
    """The largest number that PyTorch draws for each parameter, to two digits: to see that the formulas here are right."""
    return {name: value.abs().max().item() for name, value in module.named_parameters()}


def as_drawn(module, bounds):
    found = bounds_of(module)
    for name, bound in bounds.items():
        assert 0.85*bound < found[name] <= bound, (name, bound, found[name])


h = 1/math.sqrt(10)
as_drawn(torch.nn.LSTM(6, 10), {"weight_ih_l0": h, "weight_hh_l0": h, "bias_ih_l0": h})
begins("rnn", "rnn(x, 10)", (2, 30), {"rnn.w": h, "rnn.u": h})
begins("lstm", "lstm(x, 10)", (2, 6), {"lstm.w": h, "lstm.u": h, "lstm.b": h, "lstm.r": h})
begins("gru", "gru(x, 10)", (2, 6), {"gru.cell.w": h, "gru.cell.u": h, "gru.cell.b": h, "gru.cell.c": h})
as_drawn(torch.nn.MultiheadAttention(12, 2), {"in_proj_weight": math.sqrt(6/48), "out_proj.weight": 1/math.sqrt(12)})
begins("multihead", "self_attention(x, 2)", (3, 12), {"self_attention.multihead.wq": math.sqrt(6/48), "self_attention.multihead.wk": math.sqrt(6/48),
                                                     "self_attention.multihead.wo": 1/math.sqrt(12)})
as_drawn(torch.nn.Linear(20, 30), {"weight": 1/math.sqrt(20)})
begins("linear", "linear(x, 30)", (20,), {"linear.w": 1/math.sqrt(20), "linear.b": 1/math.sqrt(20)})
as_drawn(torch.nn.Conv2d(4, 8, 3, groups=2), {"weight": 1/math.sqrt(18)})
begins("conv2d", "conv2d(x, 8, 3, groups=2)", (4, 5, 5), {"conv2d.f": 1/math.sqrt(18)})
as_drawn(torch.nn.ConvTranspose2d(4, 8, 3), {"weight": 1/math.sqrt(72)})
begins("conv_transpose2d", "conv_transpose2d(x, 8, 3)", (4, 5, 5), {"conv_transpose2d.f": 1/math.sqrt(72)})
as_drawn(torch.nn.Bilinear(9, 5, 4), {"weight": 1/math.sqrt(9)})
begins("bilinear", "bilinear(x, x, 4)", (9,), {"bilinear.w": 1/math.sqrt(9)})

end()
