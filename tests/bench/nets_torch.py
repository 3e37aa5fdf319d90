"""The networks of the workloads in PyTorch, as one would write them there.

    NETS            for each workload a function that makes its network
    in_order(net)   its parameters in the order of nnc, which the formula of side.py counts by; attention's projections, which PyTorch
                    keeps in one, are parts of it"""
import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.tensor(0.5)), nn.Parameter(torch.tensor(0.0))

    def forward(self, x):
        return self.w*x + self.b


def perceptron():
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def two_windows(channels, pad):
    return nn.Sequential(nn.Conv2d(channels, 6, 5, padding=pad), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                         nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


class Basic(nn.Module):
    def __init__(self, c, out, stride):
        super().__init__()
        self.a, self.an = nn.Conv2d(c, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.b, self.bn = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.p = None
        if c != out or stride != 1:
            self.p, self.pn = nn.Conv2d(c, out, 1, stride, bias=False), nn.BatchNorm2d(out)

    def forward(self, x):
        y = self.bn(self.b(F.relu(self.an(self.a(x)))))
        return F.relu(y + (self.pn(self.p(x)) if self.p else x))


def residual():
    blocks = [Basic(16, 16, 1) for _ in range(3)] + [Basic(16, 32, 2)] + [Basic(32, 32, 1) for _ in range(2)]
    blocks += [Basic(32, 64, 2)] + [Basic(64, 64, 1) for _ in range(2)]
    return nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(64, 10))


def double(c, out):
    return nn.Sequential(*(m for i in (c, out) for m in (nn.Conv2d(i, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU())))


class Level(nn.Module):
    """A level of a U-Net, and all that lies below it."""

    def __init__(self, c, *widths):
        super().__init__()
        out, *below = widths
        self.down, self.below = double(c, out), None
        if below:
            self.below, self.up, self.across = Level(out, *below), nn.ConvTranspose2d(below[0], out, 2, 2), double(2*out, out)

    def forward(self, x):
        x = self.down(x)
        return self.across(torch.cat((x, self.up(self.below(F.max_pool2d(x, 2)))), 1)) if self.below else x


class Sentences(nn.Module):
    def __init__(self, vocabulary=4000, width=128, heads=4, layers=2, hidden=512):
        super().__init__()
        self.english, self.german = (nn.Parameter(torch.zeros(vocabulary, width)) for _ in range(2))
        alike = dict(dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(width, heads, hidden, **alike), layers, nn.LayerNorm(width),
                                             enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(width, heads, hidden, **alike), layers, nn.LayerNorm(width))
        t, i = torch.arange(48)[:, None], torch.arange(width)
        angle = t/10000**(2*(i//2)/width)
        self.register_buffer("places", torch.where(i % 2 == 0, angle.sin(), angle.cos()))
        self.register_buffer("ahead", torch.ones(48, 48, dtype=torch.bool).triu(1))

    def forward(self, english, german):
        S, T, root = english.shape[1], german.shape[1], math.sqrt(self.german.shape[1])
        padding = english == 0
        memory = self.encoder(F.embedding(english, self.english)*root + self.places[:S], src_key_padding_mask=padding)
        before = F.embedding(F.pad(german[:, :-1], (1, 0), value=1), self.german)*root + self.places[:T]
        y = self.decoder(before, memory, tgt_mask=self.ahead[:T, :T], memory_key_padding_mask=padding, tgt_is_causal=True)
        return F.linear(y, self.german).transpose(1, 2)

    def in_order(self):
        attention = lambda a: [*a.in_proj_weight.chunk(3), a.out_proj.weight, *a.in_proj_bias.chunk(3), a.out_proj.bias]
        dense = lambda layer: [*layer.linear1.parameters(), *layer.linear2.parameters()]
        found = [self.english, self.german, *self.encoder.norm.parameters()]
        for layer in self.encoder.layers:
            found += [*layer.norm1.parameters(), *attention(layer.self_attn), *layer.norm2.parameters(), *dense(layer)]
        found += self.decoder.norm.parameters()
        for layer in self.decoder.layers:
            found += [*layer.norm1.parameters(), *attention(layer.self_attn), *layer.norm2.parameters(), *attention(layer.multihead_attn),
                      *layer.norm3.parameters(), *dense(layer)]
        return found


class Letters(nn.Module):
    def __init__(self, vocabulary=65, hidden=256):
        super().__init__()
        self.vocabulary, self.lstm, self.linear = vocabulary, nn.LSTM(vocabulary, hidden, batch_first=True), nn.Linear(hidden, vocabulary)

    def forward(self, text):
        return self.linear(self.lstm(F.one_hot(text, self.vocabulary).float())[0]).transpose(1, 2)


class Block(nn.Module):
    def __init__(self, width, heads, gelu):
        super().__init__()
        self.heads, self.norm, self.qkv, self.out = heads, nn.LayerNorm(width), nn.Linear(width, 3*width), nn.Linear(width, width)
        self.dense = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 4*width), nn.GELU(gelu), nn.Linear(4*width, width))

    def forward(self, x):
        q, k, v = (a.unflatten(2, (self.heads, -1)).transpose(1, 2) for a in self.qkv(self.norm(x)).chunk(3, 2))
        x = x + self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))
        return x + self.dense(x)


class Gpt(nn.Module):
    def __init__(self, vocabulary=65, width=128, heads=4, layers=4, context=128, gelu="tanh"):
        super().__init__()
        self.table, self.place = nn.Parameter(torch.zeros(vocabulary, width)), nn.Parameter(torch.zeros(context, width))
        self.blocks, self.norm = nn.Sequential(*(Block(width, heads, gelu) for _ in range(layers))), nn.LayerNorm(width)

    def forward(self, text):
        x = F.embedding(text, self.table) + self.place[:text.shape[1]]
        return F.linear(self.norm(self.blocks(x)), self.table).transpose(1, 2)

    def in_order(self):
        found = [self.table, self.place]
        for b in self.blocks:
            found += [*b.norm.parameters(), *b.qkv.weight.chunk(3), b.out.weight, *b.qkv.bias.chunk(3), b.out.bias, *b.dense.parameters()]
        return found + [*self.norm.parameters()]


NETS = {"line": Line, "perceptron": perceptron, "colour": partial(two_windows, 3, 0), "colour_of_four": partial(two_windows, 3, 0),
        "grey": partial(two_windows, 1, 2), "residual": residual, "regions": lambda: nn.Sequential(Level(1, 16, 32, 64), nn.Conv2d(16, 1, 1), nn.Sigmoid()),
        "sentences": Sentences, "letters": Letters, "gpt": Gpt,
        "large": partial(Gpt, 50257, 768, 12, 12, 64)}


def in_order(net):
    return net.in_order() if hasattr(net, "in_order") else list(net.parameters())
