"""What the tables of tests/library share: a case is a small model that uses one definition of the library, with numbers
to give it and what PyTorch makes of them in float64.

    from cases import *
    begin("losses")
    case("huber", "huber(y, t, delta=0.7)", "y = x + p; output y; loss huber(y, t, delta=0.7)",
         {"x": real(4, 6), "t": real(4, 6)}, {"p": real(6)},
         lambda i, p: ({"y": i["x"] + p["p"]}, F.huber_loss(i["x"] + p["p"], i["t"], delta=0.7)))
    end()

writes losses.nn, the models, and losses.txt, the numbers; compare.c says what its lines mean. The same call writes the
same files: random numbers start anew with each area. Values are PyTorch's own functions wherever it has them; a formula
is written out only for what it lacks. The tests themselves need the two files only."""
import math
import os
import zlib

import numpy
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(7)
draws = numpy.random.RandomState(7)

PROBE = """# One number of a value, with another weight for each element: its gradient tells the elements apart.
fn probe(y[..]) -> l { f = flatten(y); l = sum(i) f[i]*cos(i) }
"""
DOUBLE, FLOAT = 1e-10, 1e-5             # errors allowed, relative to the largest number of a line
folder = os.path.dirname(os.path.abspath(__file__))
area = ""
models, numbers_of_all, numbered, helpers = [], [], {}, {}


def begin(name):
    """The cases from now on belong to this area, which has random numbers of its own."""
    global area
    area = name
    draws.seed(zlib.crc32(name.encode()))
    models[:], numbers_of_all[:] = [], []
    numbered.clear(), helpers.clear()


def end():
    """Writes the area's two files."""
    head = f"# Written by {area}.py. Each model uses one definition of the library; its numbers are in {area}.txt.\n"
    with open(os.path.join(folder, area + ".nn"), "w") as file:
        file.write(head + PROBE + "".join(models))
    with open(os.path.join(folder, area + ".txt"), "w") as file:
        file.write(f"# Written by {area}.py. compare.c says what these lines mean.\n" + "".join(numbers_of_all))


def line(*words):
    numbers_of_all.append(" ".join(str(word) for word in words) + "\n")


def numbers(t):
    """Thirteen digits: more than any comparison needs, and the same with the next version of PyTorch."""
    return " ".join(f"{float(v):.13g}" for v in torch.as_tensor(t).detach().reshape(-1))


def real(*shape, scale=1.5):
    """Normal random numbers of three digits."""
    return torch.tensor(numpy.round(draws.randn(*shape) * scale, 3).reshape(shape))


def classes(n, *shape):
    """Random integers 0 .. n-1."""
    return torch.tensor(draws.randint(0, n, shape))


def probe(y):
    """The loss of what is no loss: see PROBE. A mean over the samples."""
    flat = y.reshape(y.shape[0], -1)
    return (flat * torch.cos(torch.arange(flat.shape[1], dtype=flat.dtype))).sum(1).mean()


def extents(shape):
    return "[" + ", ".join(str(n) for n in shape) + "]" if len(shape) else ""


def declared(inputs, types):
    """The lines of inputs and targets; the first axis is the batch."""
    out = []
    for name, value in inputs.items():
        kind = "target" if name.startswith("t") else "input"
        usual = "" if value.dtype.is_floating_point else "byte" if value.dtype == torch.uint8 else "int"
        given = types.get(name, usual)
        out.append(f"{kind} {name}{extents(value.shape[1:])}" + (f" : {given}" if given else ""))
    return "; ".join(out)


def start(entry, call, statements, tolerance, float_tolerance, extra):
    """Writes the model and opens its numbers. A helper of several cases is written once."""
    numbered[entry] = numbered.get(entry, 0) + 1
    name = f"{entry}_{numbered[entry]}"
    if extra and extra not in helpers:
        helpers[extra] = True
        models.append("\n" + extra.strip() + "\n")
    body = "\n".join("    " + text.strip() for text in statements if text.strip())
    models.append(f"\n# {call}\nmodel {name} {{\n{body}\n}}\n")
    line("case", name, tolerance or DOUBLE, float_tolerance or FLOAT, call)


def parameters(params):
    """The declarations of those that belong to no layer."""
    return "; ".join(f"param {name}{extents(value.shape)} = 0" for name, value in params.items() if "." not in name)


def case(entry, call, body, inputs, params, compute, types={}, states={}, after=None, tolerance=None, float_tolerance=None,
         kink=False, extra=""):
    """compute(inputs, params) gives ({name of an output: tensor}, loss). A loss of None is random: it is not compared, but
    it must be the same in a second call, and its gradients must be those of central differences. after() gives what states
    must be after the one call of gradients()."""
    n = next(iter(inputs.values())).shape[0]
    # Room for one sample more than there are: what divides by the batch must count the samples.
    start(entry, call, [declared(inputs, types), parameters(params), body, f"train batch={n + 1}"], tolerance, float_tolerance, extra)
    for key, value in inputs.items():
        line("input", key, numbers(value))
    params = {key: value.detach().clone().requires_grad_() for key, value in params.items()}
    for key, value in [*params.items(), *states.items()]:
        line("set", key, numbers(value))
    outputs, loss = compute(inputs, params)
    for key, value in outputs.items():
        line("predict", n, key, numbers(value))
    if params and not kink:
        line("differences", n)
    if loss is None:
        line("loss", n)
    else:
        line("loss", n, numbers(loss))
        gradients = torch.autograd.grad(loss, list(params.values()), allow_unused=True) if params else []
        for (key, value), g in zip(params.items(), gradients):
            line("grad", key, numbers(torch.zeros_like(value) if g is None else g))
    for key, value in (after() if after else {}).items():
        line("value", key, numbers(value))


def filled(i, *shape):
    """The values of the reference's worked examples: parameter number i."""
    return (((7*torch.arange(math.prod(shape)) + 3*i) % 11 - 5)*0.1).reshape(shape)


kept = {}                                                       # first values of the states of a case


def weights(path, **shapes):
    return {f"{path}.{name}": real(*shape) for name, shape in shapes.items()}


def fair(loss, y):
    """The loss is one number, the sum of many: in float it has the errors of its terms even where they cancel."""
    return {"float_tolerance": 1e-4} if abs(loss) < 0.02 * y.abs().sum()/len(y) else {}


def layer(entry, options, f, x, params={}, rest=None, body=None, **more):
    """A case of a layer. f(v, *params) is what PyTorch makes of `v |> entry(options)` in training, and rest(v, *params) at rest where that differs.
    v is x + p*z: so that the gradient of p is not the same for all samples, of which a norm would take it away."""
    call = f"v |> {entry}({options})" if options else f"v |> {entry}"
    z = real(*x.shape)
    def compute(i, p):
        v = i["x"] + p["p"]*i["z"]
        y = f(v, *[p[key] for key in params])
        return {"y": (rest or f)(v, *[p[key] for key in params])}, probe(y)
    y = f(x, *params.values())
    states = more.get("states", {})
    for key, value in states.items():                           # that call was a trial: what it left behind goes
        value.copy_(kept[key])
    case(entry, call if not body else body.split("= ", 1)[1], f"v = x + p*z; {body or 'y = ' + call}; output y; loss probe(y)", {"x": x, "z": z},
         {"p": torch.zeros(x.shape[1:]), **params}, compute, **{**fair(probe(y), y), **more})


def measured(entry, call, body, inputs, values, most=4, params={}, types={}, tolerance=None, float_tolerance=None, extra=""):
    """Metrics over a pass of several batches of at most `most` samples: values has one number for each metric line."""
    n = next(iter(inputs.values())).shape[0]
    start(entry, call, [declared(inputs, types), parameters(params), body, f"train batch={most}"], tolerance, float_tolerance, extra)
    for key, value in params.items():
        line("set", key, numbers(value))
    for first in range(0, n, most):
        for key, value in inputs.items():
            line("input", key, numbers(value[first:first + most]))
        line("evaluate", min(most, n - first))
    for i, value in enumerate(values):
        line("metric", i, numbers(value))


def holds(entry, call, body, truths, read="", inputs=None, types={}, extra=""):
    """Truths, in the language, about what is random: of first values, or with inputs of a step of training. `read` is a
    number that the loss must read besides."""
    states = [f"state ok{k} = {truth}" if inputs is None else f"state ok{k} = 0; ok{k}' = {truth}" for k, truth in enumerate(truths)]
    shown = inputs or {"x": torch.zeros(1)}
    n = next(iter(shown.values())).shape[0]
    total = " + ".join([f"ok{k}" for k in range(len(truths))] + ([read] if read else []))
    start(entry, call, [declared(shown, types), body, *states, f"loss {total}", f"train batch={n}"], None, None, extra)
    if inputs:
        for key, value in inputs.items():
            line("input", key, numbers(value))
        line("loss", n)
    for k in range(len(truths)):
        line("value", f"ok{k}", 1)


def trajectory(entry, call, update, make, params=None, steps=20, body=None, inputs=None, compute=None, draw=None, watched=None,
               each_epoch=False, types={}, given={}, tolerance=None, float_tolerance=None, extra=""):
    """An optimizer, step after step. `update` is the text of the update lines. make(list of parameters) gives an optimizer of
    PyTorch, or a function of (gradients, step) that gives the next values of all parameters, both as lists.

    The loss is sum(x*p), and for further parameters q ... + sum(x_q*q): the gradients are what the inputs say, new in each
    step, draw(step, shape) or random. Otherwise body, inputs and compute(inputs, params) -> loss say what is trained.
    watched(step) gives {path: tensor} of what else must be so after the step; with each_epoch every step is an epoch. `given`,
    {path: tensor}, is set at first, and no business of the optimizer."""
    params = {key: value.detach().clone().requires_grad_() for key, value in (params or {"p": real(4)}).items()}
    names = {key: "x" if key == "p" else "x_" + key for key in params}
    if body is None:
        body = "loss " + " + ".join(f"sum({x}*{key})" for key, x in names.items())
        draw = draw or (lambda step, shape: real(*shape))
        fresh = lambda step: {x: draw(step, params[key].shape).unsqueeze(0) for key, x in names.items()}
        compute = lambda i, p: sum((i[x][0]*p[key]).sum() for key, x in names.items())
    shown = inputs or {x: params[key].unsqueeze(0) for key, x in names.items()}
    n = next(iter(shown.values())).shape[0]
    start(entry, call, [declared(shown, types), parameters(params), body, update, f"train batch={n}"], tolerance, float_tolerance, extra)
    for key, value in [*params.items(), *given.items()]:
        line("set", key, numbers(value))
    for key, value in (inputs or {}).items():
        line("input", key, numbers(value))
    all_params = list(params.values())
    optimizer = make(all_params)
    for step in range(steps):
        now = inputs or fresh(step)
        if not inputs:
            for key, value in now.items():
                line("input", key, numbers(value))
        # A sum of random products may be small by chance: it is no measure, and not compared.
        line(*(["loss", n, numbers(compute(now, params))] if inputs else ["loss", n]))
        line("update")
        advance(optimizer, lambda: compute(now, params), all_params, step)
        if each_epoch:
            line("average")
        for key, value in [*params.items(), *(watched(step) if watched else {}).items()]:
            line("value", key, numbers(value))
        if each_epoch:
            line("end")


def advance(optimizer, loss, params, step):
    """One step of an optimizer of PyTorch, or of a function."""
    if hasattr(optimizer, "step"):
        def again():
            optimizer.zero_grad()
            value = loss()
            value.backward()
            return value
        optimizer.step(again)
        return
    gradients = torch.autograd.grad(loss(), params)
    with torch.no_grad():
        for p, value in zip(params, optimizer(list(gradients), step)):
            p.copy_(value)


def curve(entry, expression, values, count="step", extra="", tolerance=None, float_tolerance=None):
    """A schedule: the expression at step (or epoch) 0, 1, .. is values[0], values[1], ..; a dictionary gives some steps only.
    The parameter becomes the rate itself."""
    start(entry, expression, ["input x; param p = 0", "loss x*p", f"update * = ({expression}) + 0*g", "train batch=1"],
          tolerance, float_tolerance, extra)
    line("input x 1")
    for t, value in values.items() if isinstance(values, dict) else enumerate(values):
        line(count, t)
        line("loss 1")
        line("update")
        line("value p", numbers(value))


def driven(entry, expression, measures, values, extra="", tolerance=None, float_tolerance=None):
    """A schedule that goes by a metric, m in the expression: its rates of the epochs, and what is measured after each."""
    start(entry, expression, ["input x; param p = 0", "loss x*p", "metric m = x", f"update * = ({expression}) + 0*g", "train batch=1"],
          tolerance, float_tolerance, extra)
    for measure, value in zip(measures, values):
        line("input x 1")
        line("loss 1")
        line("update")
        line("value p", numbers(value))
        line("reset")
        line("input x", numbers(measure))
        line("evaluate 1")
        line("end")
