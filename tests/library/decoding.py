"""Decoding: what helps with tokens, and searches beside the same written as loops. Writes decoding.nn and decoding.txt; see cases.py."""
from cases import *

begin("decoding")

# ---- tokens ----

words = torch.tensor([[4, 2, 6, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [5, 0, 0, 0, 0]])
for options, pad in (("", 0), (", pad=1", 1)):
    case("length_of", f"length_of(word{options})", f"n = length_of(word{options}); y[t < 5] = where(t < n, x[t] + p[t], 0); output n; output y; loss probe(y)",
         {"x": real(4, 5), "word": words}, {"p": torch.zeros(5)},
         lambda i, p: (lambda n, y: ({"n": n, "y": y}, probe(y)))((words != pad).sum(1), (i["x"] + p["p"])*(torch.arange(5) < (words != pad).sum(1)[:, None])),
         types={"word": "class[7]"})
case("shift_right", "shift_right(word, 3)", "seen = shift_right(word, 3); y = embedding_with(seen, table); output seen; output y; loss probe(y)", {"word": words},
     {"table": real(7, 2)}, lambda i, p: (lambda s: ({"seen": s, "y": p["table"][s]}, probe(p["table"][s])))(F.pad(words, (1, -1), value=3)), types={"word": "class[7]"})
for shape in ((6,), (2, 3, 5)):
    x = real(3, *shape)
    case("likeliest", "likeliest(x)", "y = likeliest(x + p); output y; loss 0*sum(p) + 0*sum(x)", {"x": x}, {"p": torch.zeros(shape)},
         lambda i, p: ({"y": i["x"].argmax(-1)}, 0*p["p"].sum()))
for shape, K in (((6,), 1), ((6,), 3), ((2, 5), 5), ((2, 3, 4), 2)):
    def compute(i, p):
        v, k = torch.topk(i["x"] + p["p"], K)
        return {"v": v, "k": k}, probe(v)
    case("topk", f"topk(x, {K})", f"v, k = topk(x + p, {K}); output v; output k; loss probe(v)", {"x": real(3, *shape)}, {"p": torch.zeros(shape)}, compute)

# ---- searches: the step is a GRU over the embedding of the word ----

STEP = """
fn decode(word, h[S], table[V, D], cell, head) -> next, logits { e = embedding_with(word, table); next = cell(e, h); logits = head(next) }
"""


def step(p, word, h):
    """One word and one state [S]: the next state and the logarithms of probabilities."""
    cell = torch.nn.GRUCell(p["table"].shape[1], h.shape[0])
    given = dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), [p["gru_cell." + n] for n in "wubc"]))
    h = torch.func.functional_call(cell, given, (p["table"][word], h))
    return h, F.log_softmax(F.linear(h, p["linear.w"], p["linear.b"]), 0)


def greedy(p, h, T, bos, eos):
    said, score = [], 0.0
    for t in range(T):
        if said and said[-1] == eos:
            said.append(eos)
            continue
        h, l = step(p, said[-1] if said else bos, h)
        said.append(int(l.argmax()))
        score += float(l.max())
    return said, score


def beam(p, h, T, K, bos, eos, penalty, step=step):
    """Hypotheses as Python has them: words, sum, state, over, length."""
    alive = [((), 0.0, h, False, 0)]
    for t in range(T):
        candidates = []
        for said, total, state, over, length in alive:
            if over:
                candidates.append((total/penalty(length), said + (eos,), total, state, True, length))
                continue
            state, l = step(p, said[-1] if said else bos, state)
            for word in range(len(l)):
                sum_ = total + float(l[word])
                candidates.append((sum_/penalty(t + 1), said + (word,), sum_, state, word == eos, t + 1))
        candidates.sort(key=lambda c: -c[0])
        ranks = [c[0] for c in candidates]
        assert min((a - b for a, b in zip(ranks[:K], ranks[1:])), default=1) > 1e-6     # float must not choose otherwise
        alive = [c[1:] for c in candidates[:K]]
        best = candidates[0]
    return list(best[1]), best[0], best[5]


def said(entry, call, body, outputs, inputs, params, extra=STEP, types={}):
    """A model that only predicts."""
    n = next(iter(inputs.values())).shape[0]
    start(entry, call, [declared(inputs, types), parameters(params), body + "; " + "; ".join("output " + name for name in outputs), f"train batch={n + 1}"], None, None, extra)
    for key, value in inputs.items():
        line("input", key, numbers(value))
    for key, value in params.items():
        line("set", key, numbers(value))
    for key, value in outputs.items():
        line("predict", n, key, numbers(torch.tensor(value, dtype=torch.float64)))


def decoder(V, S, scale=1.5):
    return {"table": real(V, S, scale=scale), "gru_cell.w": real(3*S, S), "gru_cell.u": real(3*S, S), "gru_cell.b": real(3*S), "gru_cell.c": real(3*S),
            "linear.w": real(V, S, scale=scale), "linear.b": real(V, scale=0.5)}


found = set()
for V, S, T, eos in ((7, 4, 6, 2), (5, 3, 8, 0), (4, 3, 5, -1)):
    params, h = decoder(V, S), real(4, S)
    results = [greedy(params, h[n], T, 1, eos) for n in range(4)]
    body = f"w, s = greedy_search(decode(_, _, table, gru_cell(_, _, {S}), linear(_, {V})), h, {T}, {V}, 1{f', {eos}' if eos >= 0 else ''})"
    said("greedy_search", f"greedy_search(step, h, {T}, {V}, 1, {eos})", body, {"w": [w for w, _ in results], "s": [s for _, s in results]}, {"h": h}, params)
    for K, options, penalty in ((1, "", lambda n: 1), (2, "", lambda n: 1), (4, "", lambda n: 1), (9, "", lambda n: 1), (3, ", 0.6", lambda n: ((5 + n)/6)**0.6),
                                (3, ", 1, length_penalty", lambda n: n), (2, ", 0.5, length_penalty", lambda n: n**0.5)):
        stop = max(eos, 0)
        results = [beam(params, h[n], T, K, 1, stop, penalty) for n in range(4)]
        found.update(len([w for w in r[0] if w != stop]) for r in results)
        call = f"beam_search(step, h, {T}, {V}, {K}, 1, {stop}{options})"
        body = f"w, s, n = {call.replace('step', f'decode(_, _, table, gru_cell(_, _, {S}), linear(_, {V}))')}"
        said("beam_search", call, body, {"w": [r[0] for r in results], "s": [r[1] for r in results], "n": [r[2] for r in results]}, {"h": h}, params)
assert len(found) > 3, found                                    # sentences of several lengths
for call, f in (("gnmt_penalty(n, 0.6)", lambda n: ((5 + n)/6)**0.6), ("length_penalty(n, 0.7)", lambda n: n**0.7)):
    name = call.split("(")[0]
    case(name, call, f"y = (x + p)/{call}; output y; loss y", {"x": real(3), "n": torch.tensor([1, 4, 9])}, {"p": torch.zeros(())},
         lambda i, p: (lambda y: ({"y": y}, y.mean()))((i["x"] + p["p"])/f(i["n"].double())))

# ---- decoders that read what they have said: no search, the words are a recurrence of the model ----

# Attention over a source, a GRU, the likeliest word fed back.
E, V, T, S, A = 4, 6, 7, 5, 3
params = {"cell.w": real(3*E, 2*E), "cell.u": real(3*E, E), "cell.b": real(3*E), "cell.c": real(3*E),
          "table": real(V, E), "linear.w": real(V, E), "linear.b": real(V)}
x = real(3, S, E)
answers = []
for n in range(3):
    cell = torch.nn.GRUCell(2*E, E)
    h, words = x[n].mean(0), [1]
    for t in range(T):
        seen = torch.softmax(x[n] @ h, 0) @ x[n]
        given = dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), [params["cell." + c] for c in "wubc"]))
        h = torch.func.functional_call(cell, given, (torch.cat([params["table"][words[-1]], seen]), h))
        words.append(int(F.linear(h, params["linear.w"], params["linear.b"]).argmax()))
    answers.append(words[1:])
said("likeliest", "a decoder with attention that reads its own words", f"""start[d] = mean(s) x[s, d]
    before[t < {T}] = said[t-1 else 1]
    h[t < {T}, d < {E}] = new[t, d]
    asked[t < {T}, s] = sum(d) x[s, d]*h[t-1, d else start[d]]
    share = softmax(asked)
    seen[t, d] = sum(s) share[t, s]*x[s, d]
    cell = gru_cell(_, _, {E})
    word = embedding_with(before, table)
    new[t < {T}, _] = cell(concat(word[t, _], seen[t, _]), h[t-1, _ else start])
    logits = linear(h, {V})
    said[t < {T}] = argmax(v < {V}) logits[t, v]""", {"said": answers}, {"x": x}, params, extra="")

# A Transformer's decoder: causal attention looks back at all that has been said, and is computed once for each place.
E, V, T, S = 4, 9, 6, 5
net = torch.nn.TransformerDecoder(torch.nn.TransformerDecoderLayer(E, 2, 6, 0.0, batch_first=True), 2)
net.eval()
params, memory = {"table": real(V, E)}, real(3, S, E)
back = {}
for k in range(2):
    path = "decoder.decoder_layer" + ("_2" if k else "")
    for theirs, name in (("self_attn", "self_attention.multihead"), ("multihead_attn", "multihead")):
        for kind in ("weight", "bias"):
            whole = real(3*E, E) if kind == "weight" else real(3*E)
            back[f"layers.{k}.{theirs}.in_proj_{kind}"] = whole
            params.update({f"{path}.{name}.{kind[0]}{part}": w for part, w in zip("qkv", whole.chunk(3))})
            back[f"layers.{k}.{theirs}.out_proj.{kind}"] = params[f"{path}.{name}.{kind[0]}o"] = real(E, E) if kind == "weight" else real(E)
    for number, name, shape in ((1, "linear", (6, E)), (2, "linear_2", (E, 6))):
        back[f"layers.{k}.linear{number}.weight"] = params[f"{path}.feedforward.{name}.w"] = real(*shape)
        back[f"layers.{k}.linear{number}.bias"] = params[f"{path}.feedforward.{name}.b"] = real(shape[0])
    for number in (1, 2, 3):
        at = f"{path}.sublayer{'' if number == 1 else f'_{number}'}.norm"
        back[f"layers.{k}.norm{number}.weight"] = params[at + ".gain"] = real(E)
        back[f"layers.{k}.norm{number}.bias"] = params[at + ".b"] = real(E)
assert set(back) == {name for name, _ in net.named_parameters()}
words = torch.ones(3, 1, dtype=torch.int64)
for t in range(T):
    ahead = torch.ones(t + 1, t + 1).triu(1) > 0
    y = torch.func.functional_call(net, back, (params["table"][words], memory, ahead))
    words = torch.cat([words, (y[:, -1] @ params["table"].T).argmax(1, True)], 1)
said("likeliest", "a Transformer's decoder that reads its own words", f"""before[t < {T}] = said[t-1 else 1]
    y = before |> embedding_with(table) |> decoder(memory, 2, 2, 6, rate=0, norm=identity)
    logits = linear_with(y, table)
    said[t < {T}] = argmax(v < {V}) logits[t, v]""", {"said": words[:, 1:].tolist()}, {"memory": memory}, params, extra="")

# The same decoder under a search: each word costs one place, which looks back along its beginning. Here it reads all words anew.
BACK = """
fn spoken(word, none, t, past, T, memory, table, decode) -> next, logits {
    x[i < 1, d] = table[word, d];  so_far[i < 1, u < T] = u <= t
    y = decode(x, so_far, past)
    next = none;  logits = linear_with(y[0, _], table)
}
"""


def anew(n):
    def step(p, word, words):
        words, ahead = words + [word], torch.ones(len(words) + 1, len(words) + 1).triu(1) > 0
        y = torch.func.functional_call(net, back, (p["table"][words][None], memory[n:n+1], ahead))
        return words, F.log_softmax(y[0, -1] @ p["table"].T, 0)
    return step


for K in (1, 2, 5):
    results = [beam(params, [], T, K, 1, 2, lambda n: n**0.5, anew(n)) for n in range(3)]
    call = f"beam_search_along(step, none, {T}, {V}, {K}, 1, 2, 0.5, length_penalty)"
    said("beam_search_along", call, f"""none[i < 1] = 0
    decode = decoder(_, memory, 2, 2, 6, rate=0, norm=identity, allow=_, causal=false, past=_)
    w, s, n = {call.replace("step", f"spoken(_, _, _, _, {T}, memory, table, decode)")}""",
         {"w": [r[0] for r in results], "s": [r[1] for r in results], "n": [r[2] for r in results]}, {"memory": memory},
         {name.replace("decoder.", "decode."): value for name, value in params.items()}, extra=BACK)

end()
