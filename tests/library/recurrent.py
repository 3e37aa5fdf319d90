"""Recurrent layers: one and several, both ways, unequal lengths, first states. Writes recurrent.nn and recurrent.txt; see cases.py."""
from cases import *

begin("recurrent")

def memory(path, gates, second, inputs=3, hidden=5, first=None):
    """Parameters of a recurrent layer: random, or those of the worked examples from number `first` on."""
    shapes = {"w": (gates*hidden, inputs), "u": (gates*hidden, hidden), "b": (gates*hidden,), second: (gates*hidden,)}
    return {f"{path}.{name}": real(*shape) if first is None else filled(first + i, *shape) for i, (name, shape) in enumerate(shapes.items())}


def run(kind, v, w, bidirectional=False):
    """PyTorch's layer with these weights: all outputs, the last state, and the last cell of an LSTM."""
    w = list(w)
    hidden = w[1].shape[1]
    net = getattr(torch.nn, kind)(v.shape[2], hidden, batch_first=True, bidirectional=bidirectional)
    names = [f"{name}_l0{end}" for end in ("", "_reverse") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    y, last = torch.func.functional_call(net, dict(zip(names, w)), (v,))
    return (y, *(last if kind == "LSTM" else (last,)))


def recurrent(entry, kind, gates, path, second, x, hidden=5, first=None, wanted=None):
    params = memory(path, gates, second, x.shape[2], hidden, first)
    names = ["y", "last", "cell"][:3 if kind == "LSTM" else 2]
    shown = lambda out: dict(zip(names, [out[0], *(s[0] for s in out[1:])]))
    if wanted:
        assert torch.allclose(run(kind, x, params.values())[0].reshape(-1), torch.tensor(wanted), atol=1e-9)
    def compute(i, p):
        out = shown(run(kind, i["x"] + p["p"], [p[key] for key in params]))
        return out, sum(probe(value) for value in out.values())
    call = f"{', '.join(names)} = {entry}(x, {hidden})"
    case(entry, call, f"{call.replace('x,', 'x + p,')}; " + "; ".join("output " + n for n in names) + "; loss " + " + ".join(f"probe({n})" for n in names),
         {"x": x}, {"p": torch.zeros(x.shape[1:]), **params}, compute)


two = torch.tensor([[[1, -1], [.5, 2]]], dtype=torch.float64)
for entry, kind, gates, path, second, wanted in (
        ("rnn", "RNN", 1, "rnn", "c", [-.1973753202, -.7615941560, .2992339343, .6688949904]),
        ("lstm", "LSTM", 4, "lstm", "r", [-.2232164044, .0225684189, -.0790715512, -.2167988002]),
        ("gru", "GRU", 3, "gru.cell", "c", [-.3275095737, .1699105587, -.1795374360, -.1589797721])):
    recurrent(entry, kind, gates, path, second, real(3, 4, 3))
    recurrent(entry, kind, gates, path, second, real(2, 1, 2), hidden=1)
    recurrent(entry, kind, gates, path, second, two, 2, 0, wanted)
    # With lengths: what stands behind a sample's end neither counts nor shows.
    x, n = real(3, 4, 3), torch.tensor([4, 1, 2])
    params = memory(path, gates, second)
    def compute(i, p):
        packed = torch.nn.utils.rnn.pack_padded_sequence(i["x"] + p["p"], n, batch_first=True, enforce_sorted=False)
        net = getattr(torch.nn, kind)(3, 5, batch_first=True)
        names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
        y, last = torch.func.functional_call(net, dict(zip(names, [p[key] for key in params])), (packed,))
        y = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=4)[0]
        last = (last[0] if kind == "LSTM" else last)[0]
        return {"y": y, "last": last}, probe(y) + probe(last)
    names = "y, last, cell" if kind == "LSTM" else "y, last"
    case(entry, f"{names} = {entry}(x, 5, length=n)", f"y, last = {entry}(x + p, 5, length=n); output y; output last; loss probe(y) + probe(last)",
         {"x": x, "n": n}, {"p": torch.zeros(4, 3), **params}, compute, types={"n": "class[5]"})
x = real(2, 3)
cell = torch.nn.GRUCell(3, 4)
params = memory("gru_cell", 3, "c", 3, 4)
def compute(i, p):
    given = dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), [p[key] for key in params]))
    y = torch.func.functional_call(cell, given, (i["x"] + p["p"], i["h"]))
    return {"y": y}, probe(y)
case("gru_cell", "gru_cell(x, h, 4)", "y = gru_cell(x + p, h, 4); output y; loss probe(y)", {"x": x, "h": real(2, 4)}, {"p": torch.zeros(3), **params}, compute)
for entry, kind, gates, second, first, x, hidden in (("rnn", "RNN", 1, "c", None, real(3, 4, 3), 2), ("lstm", "LSTM", 4, "r", None, real(2, 3, 3), 2),
                                                     ("lstm", "LSTM", 4, "r", 0, two, 2)):
    given = {**memory(entry, gates, second, x.shape[2], hidden, first), **memory(entry + "_2", gates, second, x.shape[2], hidden, first if first is None else 4)}
    if first == 0:
        assert torch.allclose(run(kind, x, given.values(), True)[0].reshape(-1), torch.tensor(
            [-.2232164044, .0225684189, -.1358071587, .0295163936, -.0790715512, -.2167988002, .1389387764, -.0654590220]), atol=1e-9)
    layer("bidirectional", f"{entry}(_, {hidden}), {entry}(_, {hidden})", lambda v, *p: run(kind, v, p, True)[0], x, given)


# ---- several layers, first states, projections: every option at once and alone ----

ENDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def stack(kind, path, inputs, hidden, layers=1, proj=0, bias=True):
    """Our parameters of such a layer by the names of PyTorch's."""
    gates, second, inner = {"RNN": (1, "c", ""), "LSTM": (4, "r", ""), "GRU": (3, "c", ".cell")}[kind]
    ours = {}
    for k in range(layers):
        at = path + ".next"*k + inner
        names = [".w", ".u"] + ([".b", "." + second] if bias else []) + ([".v"] if proj else [])
        shapes = [(gates*hidden, (proj or hidden) if k else inputs), (gates*hidden, proj or hidden)] + [(gates*hidden,)]*2*bias + [(proj, hidden)]*bool(proj)
        for theirs, name, shape in zip([e for e in ENDS if bias or e[0] == "w"] + ["weight_hr"]*bool(proj), names, shapes):
            ours[f"{theirs}_l{k}"] = (at + name, real(*shape, scale=0.7))
    return ours


def full(kind, options, length=False, first=False, hidden=4, layers=1, rate=0, **theirs):
    entry, x, n = kind.lower(), real(3, 5, 3), torch.tensor([5, 2, 3])
    proj, bias = theirs.get("proj_size", 0), theirs.get("bias", True)
    ours = stack(kind, entry, 3, hidden, layers, proj, bias)
    net = getattr(torch.nn, kind)(3, hidden, layers, batch_first=True, dropout=rate, **theirs)
    inputs, given, starts = {"x": x}, {path: value for path, value in ours.values()}, []
    rows = lambda width: (3, layers, width) if layers > 1 else (3, width)
    if length:
        inputs["n"] = n
    if first:
        starts = [("s", proj or hidden)] + ([("c", hidden)] if kind == "LSTM" else [])
        inputs.update({name: real(*rows(width)) for name, width in starts})
    params = {"p": torch.zeros(5, 3), **{"p_" + name: torch.zeros(rows(width)[1:]) for name, width in starts}, **given}
    names = ["y", "last", "cell"][:3 if kind == "LSTM" else 2]
    def run(i, p, training):
        net.train(training)
        v = i["x"] + p["p"]
        if length:
            v = torch.nn.utils.rnn.pack_padded_sequence(v, n, batch_first=True, enforce_sorted=False)
        h = [(i[name] + p["p_" + name]).reshape(3, layers, -1).transpose(0, 1).contiguous() for name, _ in starts]
        y, last = torch.func.functional_call(net, {key: p[path] for key, (path, _) in ours.items()}, (v, *([tuple(h) if len(h) > 1 else h[0]] if h else [])))
        if length:
            y = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=5)[0]
        ends = [s.transpose(0, 1) if layers > 1 else s[0] for s in (last if kind == "LSTM" else (last,))]
        return dict(zip(names, [y, *ends]))
    def compute(i, p):
        return run(i, p, False), sum(probe(value) for value in run(i, p, True).values())
    options = ", ".join([str(hidden)] + [options]*bool(options) + ["length=n"]*length + [f"{ {'s': 'first', 'c': 'first_cell'}[name]}={name} + p_{name}" for name, _ in starts])
    before = f"{', '.join(names)} = {entry}(x + p, {options})"
    case(entry, before, before + "; " + "; ".join("output " + name for name in names) + "; loss " + " + ".join(f"probe({name})" for name in names),
         inputs, params, compute, types={"n": "class[6]"} if length else {})


for kind in ("RNN", "LSTM", "GRU"):
    full(kind, "bias=false", bias=False)
    full(kind, "", first=True)
    full(kind, "layers=2", layers=2)
    full(kind, "layers=3", layers=3, hidden=2, length=True, first=True)
    full(kind, "layers=2, rate=1", layers=2, rate=1.0, first=True)
    full(kind, "layers=3, bias=false", layers=3, bias=False, hidden=1)
full("RNN", "act=relu, layers=2", layers=2, nonlinearity="relu", length=True)
full("LSTM", "proj=2", proj_size=2)
full("LSTM", "proj=2, layers=2", layers=2, proj_size=2, length=True, first=True)
full("LSTM", "proj=1, layers=3, bias=false", layers=3, proj_size=1, bias=False)

# A dropout between layers loses something and keeps the mean: at rest it does nothing, and the last layer's outputs are not dropped.
for entry in ("rnn", "lstm", "gru"):
    holds(entry, f"{entry}(x, 4, layers=2, rate=0.5)", f"y = {entry}(x, 4, layers=2, rate=0.5)", ["(all(batch) all(y != 0))"], read="sum(batch) sum(y)",
          inputs={"x": real(3, 5, 3)})


# Both ways: all outputs and the last states, of unequal lengths, layer upon layer.
def both(kind, layers, length, hidden=3):
    entry, x, n = kind.lower(), real(3, 5, 2), torch.tensor([3, 5, 1])
    net = getattr(torch.nn, kind)(2, hidden, layers, batch_first=True, bidirectional=True)
    ours = {}
    for k in range(layers):
        for d, end in enumerate(("", "_reverse")):
            number = 2*k + d + 1
            for theirs, (path, value) in stack(kind, entry + (f"_{number}" if number > 1 else ""), 2*hidden if k else 2, hidden).items():
                ours[theirs.replace("_l0", f"_l{k}") + end] = (path, value)
    def compute(i, p):
        v = i["x"] + p["p"]
        if length:
            v = torch.nn.utils.rnn.pack_padded_sequence(v, n, batch_first=True, enforce_sorted=False)
        y, last = torch.func.functional_call(net, {key: p[path] for key, (path, _) in ours.items()}, (v,))
        if length:
            y = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=5)[0]
        last = (last[0] if kind == "LSTM" else last)[-2:].transpose(0, 1).flatten(1)
        return {"y": y, "last": last}, probe(y) + probe(last)
    f = f"{entry}(_, {hidden}{', n' if length else ''})"
    call = f"bidirectional({f}, {f}{', n' if length else ''})"
    lines = [f"{'y' if k == layers - 1 else f'y{k}'}, {'last' if k == layers - 1 else f'last{k}'} = {'x + p' if k == 0 else f'y{k - 1}'} |> {call}" for k in range(layers)]
    case("bidirectional", f"{layers} times {call}", "; ".join(lines) + "; output y; output last; loss probe(y) + probe(last)",
         {"x": x, **({"n": n} if length else {})}, {"p": torch.zeros(5, 2), **dict(ours.values())}, compute, types={"n": "class[6]"} if length else {})


for kind in ("RNN", "LSTM", "GRU"):
    both(kind, 1, True)
    both(kind, 2, False)
    both(kind, 3 if kind == "GRU" else 2, True)

# ---- single steps ----

for kind, gates, second, outs in (("RNN", 1, "c", "n"), ("LSTM", 4, "r", "n, d"), ("GRU", 3, "c", "n")):
    for bias in (True, False):
        entry = kind.lower() + "_cell"
        if kind == "GRU" and bias:
            continue
        net = getattr(torch.nn, kind + "Cell")(3, 4, bias)
        params = {key: value for key, value in memory(entry, gates, second, 3, 4).items() if bias or key[-1] in "wu"}
        inputs = {"x": real(2, 3), "h": real(2, 4), **({"c": real(2, 4)} if kind == "LSTM" else {})}
        starts = list(inputs)[1:]
        def compute(i, p):
            h = [i[name] + p["p_" + name] for name in starts]
            given = dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), [p[key] for key in params]))
            out = torch.func.functional_call(net, given, (i["x"] + p["p"], tuple(h) if kind == "LSTM" else h[0]))
            out = dict(zip(outs.split(", "), out if kind == "LSTM" else (out,)))
            return out, sum(probe(value) for value in out.values())
        call = f"{outs} = {entry}(x + p, {', '.join(f'{s} + p_{s}' for s in starts)}, 4{'' if bias else ', bias=false'})"
        case(entry, call, call + "; " + "; ".join("output " + n for n in outs.split(", ")) + "; loss " + " + ".join(f"probe({n})" for n in outs.split(", ")),
             inputs, {"p": torch.zeros(3), **{"p_" + s: torch.zeros(4) for s in starts}, **params}, compute)

end()
