"""Attention and the layers of a Transformer. Writes attention.nn and attention.txt; see cases.py."""
from cases import *

begin("attention")

def attention(x, m, weight, heads, groups, allow=None):
    """`groups` of heads share their keys and values."""
    E = x.shape[-1]
    split = lambda t, n: t.reshape(t.shape[0], t.shape[1], n, E//heads).transpose(1, 2)
    q, k, v = (split(F.linear(a, weight["w" + c], weight["b" + c]), n) for a, c, n in ((x, "q", heads), (m, "k", groups), (m, "v", groups)))
    y = F.scaled_dot_product_attention(q, k, v, attn_mask=allow, enable_gqa=True)
    return F.linear(y.transpose(1, 2).flatten(2), weight["wo"], weight["bo"])


def attention_weights(path, E, M, heads, groups):
    width = groups*E//heads
    return weights(path, wq=(E, E), wk=(width, M), wv=(width, M), bq=(E,), bk=(width,), bv=(width,), wo=(E, E), bo=(E,))


q, k, v = real(2, 2, 3, 4), real(2, 2, 5, 4), real(2, 2, 5, 3)
see = torch.tensor([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 0]]) > 0
for options, theirs in (("", {}), (", scale=0.3", {"scale": 0.3}), (", allow=see", {"attn_mask": see})):
    def compute(i, p):
        y = F.scaled_dot_product_attention(i["q"] + p["a"], i["k"] + p["b"], i["v"] + p["c"], **theirs)
        return {"y": y}, probe(y)
    mask = "see[i < 3, j < 5] = where(i == 0, j == 0 or j == 2 or j == 3, i == 2 and j == 1); " if "see" in options else ""
    case("attend", f"attend(q, k, v{options})", f"{mask}y = attend(q + a, k + b, v + c{options}); output y; loss probe(y)", {"q": q, "k": k, "v": v},
         {"a": torch.zeros(2, 3, 4), "b": torch.zeros(2, 5, 4), "c": torch.zeros(2, 5, 3)}, compute)
Q, K, V = (torch.tensor([[rows]]) for rows in ([[1.0, 0], [0, 1]], [[1.0, 1], [0, 2]], [[1.0, 2], [3, 4]]))
for options, mask, wanted in (("", None, [1.6604769013, 2.6604769013, 2.3395230987, 3.3395230987]),
                              (", causal(2)", torch.ones(2, 2).tril() > 0, [1, 2, 2.3395230987, 3.3395230987])):
    assert torch.allclose(F.scaled_dot_product_attention(Q, K, V, mask).reshape(-1), torch.tensor(wanted), atol=1e-9)
    def compute(i, p):
        y = F.scaled_dot_product_attention(i["q"] + p["a"], i["k"], i["v"], mask)
        return {"y": y}, probe(y)
    case("attend", f"attend(q, k, v{options})", f"y = attend(q + a, k, v{options}); output y; loss probe(y)", {"q": Q, "k": K, "v": V}, {"a": torch.zeros(1, 2, 2)}, compute)
named = lambda path, given: {key[len(path) + 1:]: value for key, value in given.items() if key.startswith(path + ".")}


def attends(entry, options, path, shape, others, heads, groups, allow=None, given=None):
    E, M = shape[-1], (others or shape)[-1]
    given = given or attention_weights(path, E, M, heads, groups)
    x, m = real(2, *shape), real(2, *others) if others else None
    def compute(i, p):
        v = i["x"] + p["p"]
        y = attention(v, i["m"] if others else v, named(path, p), heads, groups, allow)
        return {"y": y}, probe(y)
    call = f"{entry}(x{', m' if others else ''}, {heads}{options})"
    case(entry, call, f"y = {call.replace('x', 'x + p', 1)}; output y; loss probe(y)", {"x": x, **({"m": m} if others else {})},
         {"p": torch.zeros(shape), **given}, compute, float_tolerance=1e-3)           # the gradient of bk is 0 but for errors


attends("self_attention", "", "self_attention.multihead", (5, 4), None, 2, 2)
attends("self_attention", ", causal(5)", "self_attention.multihead", (5, 4), None, 2, 2, torch.ones(5, 5).tril() > 0)
attends("multihead", "", "multihead", (5, 4), (3, 6), 2, 2)
attends("multihead", ", kv=2", "multihead", (5, 4), (3, 6), 4, 2)
attends("multihead", ", kv=1", "multihead", (2, 4), (3, 4), 4, 1)
layer("causal", "", lambda v: v.tril(), real(2, 4, 4), body="see = causal(4); y[i, j] = where(see[i, j], v[i, j], 0)")
layer("feedforward", "7", lambda v, a, b, c, d: F.linear(F.relu(F.linear(v, a, b)), c, d), real(2, 3, 4),
      weights("feedforward", **{"linear.w": (7, 4), "linear.b": (7,), "linear_2.w": (4, 7), "linear_2.b": (4,)}))
for pre in (False, True):
    layer("sublayer", f"tanh, 0, {str(pre).lower()}", lambda v, g, b: v + torch.tanh(F.layer_norm(v, (4,), g, b)) if pre else F.layer_norm(v + torch.tanh(v), (4,), g, b),
          real(2, 3, 4), weights("sublayer.norm", gain=(4,), b=(4,)))


def blocks(net, path, attentions, draw):
    """Parameters of a layer of a Transformer, ours and how PyTorch's come from them. draw(i, shape) gives PyTorch's number i."""
    ours = {}
    for theirs, name in attentions.items():
        for end in ("weight", "bias"):
            ours[f"{theirs}.in_proj_{end}"] = [f"{name}.{end[0]}{part}" for part in "qkv"]
        for end in ("weight", "bias"):
            ours[f"{theirs}.out_proj.{end}"] = [f"{name}.{end[0]}o"]
    for theirs, name in [("linear1", "feedforward.linear"), ("linear2", "feedforward.linear_2")]:
        ours[theirs + ".weight"], ours[theirs + ".bias"] = [name + ".w"], [name + ".b"]
    for k in range(len(attentions) + 1):
        name = "sublayer" + (f"_{k + 1}" if k else "")
        ours[f"norm{k + 1}.weight"], ours[f"norm{k + 1}.bias"] = [name + ".norm.gain"], [name + ".norm.b"]
    assert list(ours) == [name for name, _ in net.named_parameters()]
    given = {}
    for i, (theirs, names) in enumerate(ours.items()):
        whole = draw(i, net.state_dict()[theirs].shape)
        given.update(zip((f"{path}.{name}" for name in names), whole.chunk(len(names))))
    return given, lambda p: {theirs: torch.cat([p[f"{path}.{name}"] for name in names]) for theirs, names in ours.items()}


def transformer(entry, options, net, x, memory, attentions, draw, wanted=None):
    mask = torch.nn.Transformer.generate_square_subsequent_mask(x.shape[1])
    given, theirs = blocks(net, entry, attentions, draw)
    def compute(i, p):
        v = i["x"] + p["p"]
        y = torch.func.functional_call(net, theirs(p), (v,) if memory is None else (v, i["m"]), {} if memory is None else {"tgt_mask": mask})
        return {"y": y}, probe(y)
    if wanted:
        y = compute({"x": x, "m": memory}, {"p": torch.zeros(x.shape[1:]), **given})[0]["y"]
        assert torch.allclose(y.reshape(-1), torch.tensor(wanted), atol=1e-9), (entry, y)
    call = f"{entry}(x{'' if memory is None else ', m'}, {options})"
    case(entry, call, f"y = {call.replace('x', 'x + p', 1)}; output y; loss probe(y)", {"x": x, **({} if memory is None else {"m": memory})},
         {"p": torch.zeros(x.shape[1:]), **given}, compute, float_tolerance=1e-3)     # the gradient of bk is 0 but for errors


encoder = {"self_attn": "self_attention.multihead"}
decoder = {"self_attn": "self_attention.multihead", "multihead_attn": "multihead"}
random = lambda i, shape: real(*shape)
by_rule = lambda i, shape: filled(i, *shape)
x = torch.tensor([[[1, 0, -1, 2], [.5, 1, 0, -1]]])
m = torch.tensor([[[0, 1, .5, -.5], [1, -1, 0, .25], [2, 0, 0, 1]]])
for pre, wanted in ((False, [-.0284149780, .3035294879, -.2635451385, .3672509057, -.2145819748, .1967907191, .6169567742, .6300854644]),
                    (True, [2.3222144495, -.0079456671, -1.3438333530, 2.5260065304, 1.8879833807, 1.0286548919, -.3017706797, -.4610991684])):
    flag = ", pre=true" if pre else ""
    net = torch.nn.TransformerEncoderLayer(4, 2, 3, 0.0, batch_first=True, norm_first=pre)
    transformer("encoder_layer", f"2, 3, rate=0{flag}", net, x, None, encoder, by_rule, wanted)
    transformer("encoder_layer", f"2, 3, rate=0{flag}", net, real(2, 5, 4), None, encoder, random)
    net = torch.nn.TransformerDecoderLayer(4, 2, 3, 0.0, batch_first=True, norm_first=pre)
    transformer("decoder_layer", f"2, 3, rate=0{flag}", net, x, m, decoder, by_rule, None if pre else
                [.3304534618, -.9456730599, .5149149691, .1522772695, .3551810057, -.7558884360, .6159605836, .1279539466])
    transformer("decoder_layer", f"2, 3, rate=0{flag}", net, real(2, 4, 4), real(2, 3, 4), decoder, random)
# The worked example of MultiheadAttention.
rule = {f"self_attention.multihead.{name}": value for whole, names in ((filled(0, 12, 4), ("wq", "wk", "wv")), (filled(1, 12), ("bq", "bk", "bv")))
        for name, value in zip(names, whole.chunk(3))}
rule.update({"self_attention.multihead.wo": filled(2, 4, 4), "self_attention.multihead.bo": filled(3, 4)})
below = torch.ones(2, 2).tril() > 0
f = lambda v, *p: attention(v, v, named("self_attention.multihead", dict(zip(rule, p))), 2, 2, below)
assert torch.allclose(f(x, *rule.values()).reshape(-1), torch.tensor(
    [-.13, .43, -.88, .78, .0590120347, .7569062463, -.8047601597, .9931340520]), atol=1e-9)
layer("self_attention", "2, causal(2)", f, x, rule)


# ---- options of attention ----

q, k, v, add = real(2, 2, 4, 3), real(2, 2, 4, 3), real(2, 2, 4, 5), real(2, 2, 4, 4)
add[0, 0, 1] = -math.inf                                        # a row that may look nowhere, and a cell
add[1, 1, 2, 0] = -math.inf
some = torch.tensor([[1, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 1]]) > 0
for call, theirs in (("causal_attend(Q, K, V)", {"is_causal": True}), ("attend(Q, K, V, causal=true, scale=0.3)", {"is_causal": True, "scale": 0.3}),
                     ("causal_attend(Q, K, V, allow=some)", {"attn_mask": some.tril()}), ("attend(Q, K, V, add=add)", {}),
                     ("causal_attend(Q, K, V, add=add, allow=some)", {}), ("causal_attend(Q, K, V, rate=1)", {"is_causal": True})):
    plus = "add=add" in call
    def compute(i, p):
        a, b, c = i["q"] + p["a"], i["k"] + p["b"], i["v"] + p["c"]
        given = dict(theirs)
        if plus:                                                # PyTorch gives NaN for a row without anything; here it is 0
            given["attn_mask"] = i["add"] if "allow" not in call else torch.where(some.tril(), i["add"], -math.inf)
            s = a @ b.transpose(2, 3)/math.sqrt(3) + given["attn_mask"]
            s = torch.where(s.isneginf().all(-1, True), torch.zeros_like(s), s)
            y = (torch.softmax(s, -1) * ~given["attn_mask"].isneginf().all(-1, True)) @ c
        else:
            y = F.scaled_dot_product_attention(a, b, c, **given)
        return {"y": y}, probe(y*0 if "rate=1" in call else y)  # in training everything is lost
    body = call.replace("Q", "q + a").replace("K", "k + b").replace("V", "v + c")
    mask = "some[i < 4, j < 4] = where(i == 0, j != 1, where(i == 1, j >= 2, i == 3 or j != 2)); " if "some" in call else ""
    case(call.split("(")[0], call, f"{mask}y = {body}; output y; loss probe(y)", {"q": q, "k": k, "v": v, **({"add": add} if plus else {})},
         {"a": torch.zeros(2, 4, 3), "b": torch.zeros(2, 4, 3), "c": torch.zeros(2, 4, 5)}, compute)


PARTS = {"in_proj_weight": ["wq", "wk", "wv"], "in_proj_bias": ["bq", "bk", "bv"], "q_proj_weight": ["wq"], "k_proj_weight": ["wk"],
         "v_proj_weight": ["wv"], "out_proj.weight": ["wo"], "out_proj.bias": ["bo"], "bias_k": ["ek"], "bias_v": ["ev"]}


def options_of(options, x, m=None, value=None, given={}, masks=lambda i: {}, before="", types={}, **theirs):
    """nn.MultiheadAttention with its options: what it gives, and the weights of each head."""
    E, heads = x.shape[-1], 2
    net = torch.nn.MultiheadAttention(E, heads, batch_first=True, kdim=m.shape[-1] if m is not None else None,
                                      vdim=value.shape[-1] if value is not None else m.shape[-1] if m is not None else None, **theirs)
    shapes = {name: p.shape for name, p in net.named_parameters()}
    ours = {name: PARTS[name] for name in shapes}
    weights = {}
    for name, parts in ours.items():
        for part, w in zip(parts, real(*shapes[name], scale=0.7).chunk(len(parts))):
            weights["multihead." + part] = w.reshape(-1) if part in ("ek", "ev") else w
    def compute(i, p):
        a = i["x"] + p["p"]
        b = i["m"] if m is not None else a
        c = i["value"] if value is not None else b
        back = {name: torch.cat([p["multihead." + part] for part in parts]).reshape(shapes[name]) for name, parts in ours.items()}
        y, w = torch.func.functional_call(net, back, (a, b, c), {"need_weights": True, "average_attn_weights": False, **masks(i)})
        return {"y": y, "w": w}, probe(y) + probe(w)
    inputs = {"x": x, **({"m": m} if m is not None else {}), **({"value": value} if value is not None else {}), **given}
    call = f"multihead({'x' if m is None else 'x, m'}, 2{options})"
    ours_call = f"multihead(x + p, {'x + p' if m is None else 'm'}, 2{options})"
    case("multihead", "y, w = " + call, f"{before}y, w = {ours_call}; output y; output w; loss probe(y) + probe(w)", inputs, {"p": torch.zeros(x.shape[1:]), **weights}, compute,
         types=types, float_tolerance=1e-3)                     # the gradient of bk is 0 but for errors


options_of("", real(2, 3, 4))
options_of(", bias=false", real(2, 3, 4), bias=False)
options_of(", bias=false", real(2, 3, 4), real(2, 5, 6), bias=False)
options_of(", value=value", real(2, 3, 4), real(2, 5, 6), real(2, 5, 3))
options_of(", extra=true", real(2, 3, 4), real(2, 5, 4), add_bias_kv=True)
options_of(", zero=true", real(2, 3, 4), real(2, 5, 4), add_zero_attn=True)
options_of(", extra=true, zero=true, bias=false", real(2, 3, 4), add_bias_kv=True, add_zero_attn=True, bias=False)
# Paddings of each sample, and a mask of numbers for each head.
keep = torch.tensor([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0], [1, 1, 1, 1, 1]])
options_of(", visible(keep != 0, 3)", real(3, 3, 4), real(3, 5, 4), given={"keep": keep}, masks=lambda i: {"key_padding_mask": i["keep"] == 0})
options_of(", visible(keep != 0, 3), extra=true, zero=true", real(3, 3, 4), real(3, 5, 4), given={"keep": keep},
           masks=lambda i: {"key_padding_mask": i["keep"] == 0}, add_bias_kv=True, add_zero_attn=True)
options_of(", causal(5) and visible(keep != 0)", real(3, 5, 4), given={"keep": keep},
           masks=lambda i: {"key_padding_mask": i["keep"] == 0, "attn_mask": torch.ones(5, 5).triu(1) > 0})
options_of(", add=add", real(2, 3, 4), real(2, 5, 4), given={"add": real(2, 2, 3, 5)}, masks=lambda i: {"attn_mask": i["add"].reshape(4, 3, 5)})
options_of(", add=add, extra=true", real(2, 3, 4), real(2, 5, 4), given={"add": real(2, 2, 3, 5)}, masks=lambda i: {"attn_mask": i["add"].reshape(4, 3, 5)}, add_bias_kv=True)
# Nobody looks ahead, with keys that heads share.
attends("multihead", ", kv=2, causal=true", "multihead", (5, 8), (5, 6), 4, 2, torch.ones(5, 5).tril() > 0)
attends("self_attention", ", causal=true", "self_attention.multihead", (5, 4), None, 2, 2, torch.ones(5, 5).tril() > 0)
attends("self_attention", ", kv=1, causal=true", "self_attention.multihead", (5, 4), None, 2, 1, torch.ones(5, 5).tril() > 0)

# ---- whole Transformers and the options of their layers ----


def of_layer(kind, at, path, bias):
    """Ours for PyTorch's parameters of an encoder's or decoder's layer."""
    ours = {}
    for theirs, name in (encoder if kind == "encoder_layer" else decoder).items():
        for end in ("weight", "bias")[:1 + bias]:
            ours[f"{at}{theirs}.in_proj_{end}"] = [f"{path}.{name}.{end[0]}{part}" for part in "qkv"]
            ours[f"{at}{theirs}.out_proj.{end}"] = [f"{path}.{name}.{end[0]}o"]
    for k, name in ((1, "linear"), (2, "linear_2")):
        for end in ("weight", "bias")[:1 + bias]:
            ours[f"{at}linear{k}.{end}"] = [f"{path}.feedforward.{name}.{end[0]}"]
    for k in range(2 if kind == "encoder_layer" else 3):
        for end, name in (("weight", "gain"), ("bias", "b"))[:1 + bias]:
            ours[f"{at}norm{k + 1}.{end}"] = [f"{path}.sublayer{f'_{k + 1}' if k else ''}.norm.{name}"]
    return ours


def stage(path, k):
    return path + (f"_{k + 1}" if k else "")


def whole(entry, options, net, ours, inputs, forward, types={}, before=""):
    """ours: {PyTorch's name: [our names]}; forward(net's function, inputs, v) gives the result."""
    shapes = {name: p.shape for name, p in net.named_parameters()}
    assert set(shapes) == set(ours), (set(shapes) ^ set(ours))
    given = {}
    for name, parts in ours.items():
        given.update(zip(parts, real(*shapes[name], scale=0.7).chunk(len(parts))))
    x = inputs["x"]
    def compute(i, p):
        back = {name: torch.cat([p[part] for part in parts]) for name, parts in ours.items()}
        y = forward(lambda *a, **k: torch.func.functional_call(net, back, a, k), i, i["x"] + p["p"])
        return {"y": y}, probe(y)
    call = f"{entry}({options})"
    case(entry, call, f"{before}y = {call.replace('x', 'x + p', 1) if 'X' not in call else call.replace('X', 'x + p')}; output y; loss probe(y)", inputs,
         {"p": torch.zeros(x.shape[1:]), **given}, compute, types=types, float_tolerance=1e-3)


hidden_ahead = lambda n: torch.ones(n, n).triu(1) > 0
for extra_options, theirs in ((", act=gelu", {"activation": "gelu"}), (", eps=0.1", {"layer_norm_eps": 0.1}), (", bias=false", {"bias": False}),
                              (", act=gelu, pre=true, eps=0.01, bias=false", {"activation": "gelu", "norm_first": True, "layer_norm_eps": 0.01, "bias": False})):
    bias = theirs.get("bias", True)
    net = torch.nn.TransformerEncoderLayer(4, 2, 3, 0.0, batch_first=True, **theirs)
    whole("encoder_layer", "X, 2, 3, rate=0" + extra_options, net, of_layer("encoder_layer", "", "encoder_layer", bias), {"x": real(2, 5, 4)},
          lambda f, i, v: f(v))
    net = torch.nn.TransformerDecoderLayer(4, 2, 3, 0.0, batch_first=True, **theirs)
    whole("decoder_layer", "X, m, 2, 3, rate=0" + extra_options, net, of_layer("decoder_layer", "", "decoder_layer", bias),
          {"x": real(2, 4, 4), "m": real(2, 3, 4)}, lambda f, i, v: f(v, i["m"], tgt_mask=hidden_ahead(4)))
net = torch.nn.TransformerEncoderLayer(4, 2, 3, 0.0, batch_first=True)
whole("encoder_layer", "X, 2, 3, visible(keep != 0), 0", net, of_layer("encoder_layer", "", "encoder_layer", True), {"x": real(3, 5, 4), "keep": keep},
      lambda f, i, v: f(v, src_key_padding_mask=i["keep"] == 0))
whole("encoder_layer", "X, 2, 3, rate=0, causal=true", net, of_layer("encoder_layer", "", "encoder_layer", True), {"x": real(2, 5, 4)},
      lambda f, i, v: f(v, hidden_ahead(5)))
net = torch.nn.TransformerDecoderLayer(4, 2, 3, 0.0, batch_first=True)
whole("decoder_layer", "X, m, 2, 3, visible(keep != 0, 4), 0, allow=visible(seen != 0)", net, of_layer("decoder_layer", "", "decoder_layer", True),
      {"x": real(3, 4, 4), "m": real(3, 5, 4), "keep": keep, "seen": keep[:, :4]},
      lambda f, i, v: f(v, i["m"], hidden_ahead(4), memory_key_padding_mask=i["keep"] == 0, tgt_key_padding_mask=i["seen"] == 0))
whole("decoder_layer", "X, m, 2, 3, rate=0, causal=false", net, of_layer("decoder_layer", "", "decoder_layer", True),
      {"x": real(2, 4, 4), "m": real(2, 3, 4)}, lambda f, i, v: f(v, i["m"]))
for norm, pre in ((True, False), (False, True)):
    last = torch.nn.LayerNorm(4) if norm else None
    names = lambda kind, side: {**{n: p for k in range(2) for n, p in of_layer(kind, f"layers.{k}.", stage(f"{side}.{kind}", k), True).items()},
                                **({"norm.weight": [side + ".layernorm.gain"], "norm.bias": [side + ".layernorm.b"]} if norm else {})}
    options = f", rate=0, pre={str(pre).lower()}" + ("" if norm else ", norm=identity")
    net = torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(4, 2, 3, 0.0, batch_first=True, norm_first=pre), 2, last, enable_nested_tensor=False)
    whole("encoder", f"X, 2, 2, 3{options}", net, names("encoder_layer", "encoder"), {"x": real(2, 5, 4)}, lambda f, i, v: f(v))
    net = torch.nn.TransformerDecoder(torch.nn.TransformerDecoderLayer(4, 2, 3, 0.0, batch_first=True, norm_first=pre), 2, last)
    whole("decoder", f"X, m, 2, 2, 3{options}", net, names("decoder_layer", "decoder"), {"x": real(2, 4, 4), "m": real(2, 3, 4)},
          lambda f, i, v: f(v, i["m"], hidden_ahead(4)))
for masked in (False, True):
    net = torch.nn.Transformer(4, 2, 2, 1, 3, 0.0, batch_first=True, norm_first=masked)
    ours = {}
    for side, kind, n in (("encoder", "encoder_layer", 2), ("decoder", "decoder_layer", 1)):
        for k in range(n):
            ours.update(of_layer(kind, f"{side}.layers.{k}.", stage(f"transformer.{side}.{kind}", k), True))
        ours.update({f"{side}.norm.weight": [f"transformer.{side}.layernorm.gain"], f"{side}.norm.bias": [f"transformer.{side}.layernorm.b"]})
    whole("transformer", "s, X, 2, 2, 1, 3, 0" + (", pre=true, keep=keep != 0" if masked else ""), net, ours,
          {"x": real(3, 4, 4), "s": real(3, 5, 4), **({"keep": keep} if masked else {})},
          lambda f, i, v: f(i["s"], v, tgt_mask=hidden_ahead(4),
                            **({"src_key_padding_mask": i["keep"] == 0, "memory_key_padding_mask": i["keep"] == 0} if masked else {})))
def compute(i, p):
    seen = (i["keep"] == 0)[:, None, :]
    y = (i["x"] + p["p"]).masked_fill(seen, 0)
    return {"y": y}, probe(y)
case("visible", "visible(keep)", "see = visible(keep != 0, 4); y[i, j] = where(see[i, j], x[i, j] + p[i, j], 0); output y; loss probe(y)",
     {"x": real(3, 4, 5), "keep": keep}, {"p": torch.zeros(4, 5)}, compute)

end()
