"""PyTorch's side of sampling: a text of as many letters as the GPT of models/gpt.nn sees at once, always the likeliest next, from the
weights that nnc's program has saved. side.py says what goes in and out; a step is a text.

    python3 peer_torch_sample.py WEIGHTS cache|anew THREADS

With `cache` each letter is read once, and the keys and values of those before are kept; else all of them are read anew for each."""
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F

from nets_torch import Gpt
from side import serve

file, way, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.set_num_threads(threads)
torch.set_grad_enabled(False)
CONTEXT = 128

net = Gpt(context=CONTEXT, gelu="none")
with open(file, "rb") as f:
    header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
    numbers = f.read()
places = sorted(h["data_offsets"] for name, h in header.items() if not name.startswith(("__", "optimizer.")) and ":" not in name)
for w, (start, end) in zip(net.in_order(), places, strict=True):
    w.copy_(torch.from_numpy(np.frombuffer(numbers[start:end], np.float32).copy()).view(w.shape))


def anew(text):
    return F.linear(net.norm(net.blocks(F.embedding(text, net.table) + net.place[:text.shape[1]]))[:, -1], net.table)


def cached(text, kept):
    """One letter more: the last of the text; `kept` has the keys and values of each block."""
    t = text.shape[1] - 1
    x = F.embedding(text[:, -1:], net.table) + net.place[t:t + 1]
    for b, (keys, values) in zip(net.blocks, kept):
        q, keys[:, :, t:t + 1], values[:, :, t:t + 1] = (a.unflatten(2, (b.heads, -1)).transpose(1, 2) for a in b.qkv(b.norm(x)).chunk(3, 2))
        x = x + b.out(F.scaled_dot_product_attention(q, keys[:, :, :t + 1], values[:, :, :t + 1]).transpose(1, 2).flatten(2))
        x = x + b.dense(x)
    return F.linear(net.norm(x)[:, -1], net.table)


def step():
    text = torch.zeros(1, 1, dtype=torch.int64)
    kept = [[torch.empty(1, b.heads, CONTEXT, net.table.shape[1]//b.heads) for _ in range(2)] for b in net.blocks]
    while text.shape[1] < CONTEXT:
        z = cached(text, kept) if way == "cache" else anew(text)
        text = torch.cat((text, z.argmax(1, keepdim=True)), 1)
    return text


serve(float((step()[0]*torch.arange(1, CONTEXT + 1)).sum()), step)
