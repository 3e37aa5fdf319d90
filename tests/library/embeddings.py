"""Tables that are shared, and places of tokens. Writes embeddings.nn and embeddings.txt; see cases.py."""
from cases import *

begin("embeddings")

# ---- tables ----

tok = classes(7, 3, 4)
table = "scaled_embedding.embedding.table"
for options, pad in (("", None), (", pad=2", 2)):
    case("scaled_embedding", f"scaled_embedding(k, 7, 9{options})", f"y = scaled_embedding(k, 7, 9{options}); output y; loss probe(y)", {"k": tok}, {table: real(7, 9)},
         lambda i, p: (lambda y: ({"y": y}, probe(y)))(3*F.embedding(i["k"], p[table], padding_idx=pad)), types={"k": "class[7]"}, kink=pad is not None)
def compute(i, p):
    e = F.embedding(i["k"], p["table"])
    y = F.linear(e, p["table"])
    return {"e": e, "y": y}, probe(y)
case("embedding_with", "one table for words and logits", "e = embedding_with(k, table); y = linear_with(e, table); output e; output y; loss probe(y)", {"k": tok},
     {"table": real(7, 3)}, compute, types={"k": "class[7]"})
for shape in ((5,), (2, 3, 5)):
    layer("linear_with", "w", F.linear, real(2, *shape), {"w": real(4, 5)}, body="y = linear_with(v, w)")
def compute(i, p):
    y = F.one_hot(i["k"], 7)
    return {"h": y}, probe(y*(p["p"]))
case("one_hot", "one_hot(k, 7)", "h = one_hot(k, 7); y = h*p; output h; loss probe(y)", {"k": tok}, {"p": real(4, 7)}, compute, types={"k": "class[7]"})

# ---- places ----

layer("learned_positions", "", lambda v, t: v + t, real(2, 3, 4), {"learned_positions.table": real(3, 4)})


def rotary(x, base=10000, halves=False, first=0):
    """torchtune.modules.RotaryPositionalEmbeddings; with halves, apply_rotary_pos_emb of transformers.models.llama."""
    T, D = x.shape[-2:]
    theta = 1.0/base**(torch.arange(0, D, 2, dtype=torch.float64)/D)
    angle = torch.outer(torch.arange(first, first + T, dtype=torch.float64), theta)
    if halves:
        cos, sin = torch.cat([angle, angle], -1).cos(), torch.cat([angle, angle], -1).sin()
        return x*cos + torch.cat([-x[..., D//2:], x[..., :D//2]], -1)*sin
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    return torch.stack([pairs[..., 0]*angle.cos() - pairs[..., 1]*angle.sin(), pairs[..., 1]*angle.cos() + pairs[..., 0]*angle.sin()], -1).flatten(-2)


for shape in ((5, 4), (2, 3, 6), (4, 2)):
    layer("rotary", "", rotary, real(2, *shape))
    layer("rotary", "halves=true", lambda v: rotary(v, halves=True), real(2, *shape))
layer("rotary", "base=100, from=3", lambda v: rotary(v, 100, first=3), real(2, 2, 3, 4))
layer("rotary", "base=500, halves=true, from=7", lambda v: rotary(v, 500, True, 7), real(2, 3, 8))


def slopes(n):
    """As the authors' own program has them."""
    power = lambda n: [(2**-(2**-(math.log2(n) - 3)))**(i + 1) for i in range(n)]
    if math.log2(n).is_integer():
        return power(n)
    near = 2**math.floor(math.log2(n))
    return power(near) + slopes(2*near)[0::2][:n - near]


for heads, I, J in ((8, 3, 3), (1, 2, 4), (12, 4, 2), (6, 3, 3)):
    far = (torch.arange(I)[:, None] - torch.arange(J)).abs()
    layer("alibi", f"{heads}, {I}, {J}", lambda v: v - torch.tensor(slopes(heads))[:, None, None]*far, real(2, heads, I, J), body=f"a = alibi({heads}, {I}, {J}); y = v + a")
# Both as parts of attention: turned queries and keys, what is far counts less.
E, heads = 8, 2
given = {f"self_attention.multihead.{n}": real(*s, scale=0.7) for n, s in (("wq", (E, E)), ("wk", (E, E)), ("wv", (E, E)), ("wo", (E, E)), ("bq", (E,)), ("bk", (E,)),
                                                                          ("bv", (E,)), ("bo", (E,)))}
for options, turn, add in (("turn=rotary(_, halves=true)", lambda t: rotary(t, halves=True), None), ("add=alibi(2, 5)", lambda t: t, slopes(2))):
    def f(v, *w):
        p = dict(zip((n.rpartition(".")[2] for n in given), w))
        q, k, u = (F.linear(v, p["w" + c], p["b" + c]).reshape(2, 5, heads, -1).transpose(1, 2) for c in "qkv")
        mask = torch.zeros(heads, 5, 5) if add is None else -torch.tensor(add)[:, None, None]*(torch.arange(5)[:, None] - torch.arange(5)).abs()
        mask = mask.masked_fill(torch.ones(5, 5).triu(1) > 0, -math.inf)
        y = F.scaled_dot_product_attention(turn(q), turn(k), u, attn_mask=mask)
        return F.linear(y.transpose(1, 2).flatten(2), p["wo"], p["bo"])
    layer("self_attention", f"2, causal=true, {options}", f, real(2, 5, E), given, float_tolerance=1e-3)

end()
