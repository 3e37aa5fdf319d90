"""The larger networks of the workloads in JAX. Each asks for its parameters by their shapes, in the order of nnc: `w` makes them the
first time, by the formula of side.py, and hands them out later.

    NETS    for each workload a function of w, what goes in and a list: it gives what comes out, and puts the running means and
            variances of its norms into the list"""
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from side import weights


class Weights:
    def __init__(self, given=None):
        self.new, self.all, self.asked = given is None, given or [], 0

    def __call__(self, *shape, first=0):
        if self.new:
            self.all.append(jnp.asarray(weights(shape, self.asked) if len(shape) > 1 else np.full(shape, first, np.float32)))
        self.asked += 1
        return self.all[self.asked - 1]


def normed(w, moving, x, out):
    y = jax.lax.conv_general_dilated(x, w(out, x.shape[3], 3, 3), (1, 1), "SAME", dimension_numbers=("NHWC", "OIHW", "NHWC"))
    mean, variance, n = y.mean((0, 1, 2)), y.var((0, 1, 2)), y.size//out
    moving += [mean, variance*n/(n - 1)]
    return jax.nn.relu((y - mean)*jax.lax.rsqrt(variance + 1e-5)*w(out, first=1) + w(out))


def level(w, moving, x, out, *below):
    """A level of the U-Net, and all that lies below it."""
    across = normed(w, moving, normed(w, moving, x, out), out)
    if not below:
        return across
    x = jax.lax.reduce_window(across, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    x = level(w, moving, x, *below)
    x = jnp.einsum("bijc,couv->biujvo", x, w(below[0], out, 2, 2)).reshape(across.shape) + w(out)
    return normed(w, moving, normed(w, moving, jnp.concatenate((across, x), 3), out), out)


def regions(w, moving, x):
    x = level(w, moving, x, 16, 32, 64)
    return jax.nn.sigmoid(x @ w(1, 16, 1, 1).reshape(16, 1) + w(1))


def dense(w, x, out):
    a = w(out, x.shape[-1])
    return x @ a.T + w(out)


def norm(w, x):
    d = x - x.mean(-1, keepdims=True)
    return d*jax.lax.rsqrt((d*d).mean(-1, keepdims=True) + 1e-5)*w(x.shape[-1], first=1) + w(x.shape[-1])


def attention(w, x, memory, heads, allow):
    width = x.shape[-1]
    matrices, shifts = [w(width, width) for _ in range(4)], [w(width) for _ in range(4)]
    q, k, v = (a @ m.T + b for a, m, b in zip((x, memory, memory), matrices, shifts))
    q, k, v = (a.reshape(*a.shape[:2], heads, -1) for a in (q, k, v))
    s = jnp.where(allow, jnp.einsum("bihd,bjhd->bhij", q, k)/np.sqrt(width//heads), -jnp.inf)
    return jnp.einsum("bhij,bjhd->bihd", jax.nn.softmax(s), v).reshape(x.shape) @ matrices[3].T + shifts[3]


def layer(w, x, heads, allow, act, memory=None, see=None):
    y = norm(w, x)
    x = x + attention(w, y, y, heads, allow)
    if memory is not None:
        x = x + attention(w, norm(w, x), memory, heads, see)
    return x + dense(w, act(dense(w, norm(w, x), 4*x.shape[-1])), x.shape[-1])


def before(T):
    return np.tril(np.ones((T, T), bool))


def sentences(w, moving, both, V=4000, width=128, heads=4):
    english, german = both
    (_, S), (_, T), root = english.shape, german.shape, np.sqrt(width)
    source, to = w(V, width), w(V, width)
    t, i = np.arange(max(S, T))[:, None], np.arange(width)
    angle = t/10000**(2*(i//2)/width)
    places = jnp.asarray(np.where(i % 2 == 0, np.sin(angle), np.cos(angle)), jnp.float32)
    see = (english != 0)[:, None, None, :]
    last, memory = norm_of(w, width), source[english]*root + places[:S]
    for _ in range(2):
        memory = layer(w, memory, heads, see, jax.nn.relu)
    memory = last(memory)
    last, y = norm_of(w, width), to[jnp.pad(german[:, :-1], ((0, 0), (1, 0)), constant_values=1)]*root + places[:T]
    for _ in range(2):
        y = layer(w, y, heads, before(T), jax.nn.relu, memory, see)
    return last(y) @ to.T


def norm_of(w, width):
    """A norm whose parameters come before those of what it is applied to."""
    both = iter((w(width, first=1), w(width)))
    return partial(norm, lambda *_, **__: next(both))


def letters(w, moving, text, V=65, hidden=256):
    rows, u, shift, other = w(4*hidden, V), w(4*hidden, hidden), w(4*hidden), w(4*hidden)
    z = jax.nn.one_hot(text, V).swapaxes(0, 1) @ rows.T + shift + other

    def cell(state, z):
        h, c = state
        i, f, g, o = jnp.split(z + h @ u.T, 4, 1)
        c = jax.nn.sigmoid(f)*c + jax.nn.sigmoid(i)*jnp.tanh(g)
        h = jax.nn.sigmoid(o)*jnp.tanh(c)
        return (h, c), h
    start = jnp.zeros((text.shape[0], hidden))
    return dense(w, jax.lax.scan(cell, (start, start), z)[1].swapaxes(0, 1), V)


def gpt(w, moving, text, V=65, width=128, heads=4, layers=4):
    table, place = w(V, width), w(text.shape[1], width)
    x = table[text] + place
    for _ in range(layers):
        x = layer(w, x, heads, before(text.shape[1]), jax.nn.gelu)
    return norm(w, x) @ table.T


NETS = {"regions": regions, "sentences": sentences, "letters": letters, "gpt": gpt, "large": partial(gpt, V=50257, width=768, heads=12, layers=12)}
