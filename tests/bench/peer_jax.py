"""JAX's side of the workloads: the whole step is one function under jit, on the CPU; side.py says what goes in and out,
nets_jax.py has the larger networks.

    python3 peer_jax.py WORKLOAD THREADS [first]

Pictures lie in JAX's own order, channels last, and so do the weights that meet them: they are turned around once, before the
first step. How many threads run is what the process may use of the machine, and XLA's flag for one."""
import os
import sys

workload, threads = sys.argv[1], int(sys.argv[2])
if threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np

from nets_jax import NETS, Weights
from side import STEPS, data, serve, weights


def convolve(x, w, stride=1, pad=0):
    return jax.lax.conv_general_dilated(x, w, (stride, stride), ((pad, pad), (pad, pad)), dimension_numbers=("NHWC", "HWIO", "NHWC"))


def maxpool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def two_windows(p, x, pad):
    for k in (0, 2):
        x = maxpool(jax.nn.relu(convolve(x, p[k], 1, pad if k == 0 else 0) + p[k + 1]))
    x = x.reshape(x.shape[0], -1)
    for k in (4, 6, 8):
        x = x @ p[k].T + p[k + 1]
        x = jax.nn.relu(x) if k < 8 else x
    return x


def normed(parts, moving, x, stride=1):
    """A convolution and a batch norm; the running mean and variance go to `moving`, as the next two."""
    w, gain, shift = next(parts), next(parts), next(parts)
    y = convolve(x, w, stride, w.shape[0]//2)
    mean, variance = y.mean((0, 1, 2)), y.var((0, 1, 2))
    n = y.size//y.shape[-1]
    moving += [mean, variance*n/(n - 1)]
    return (y - mean)*jax.lax.rsqrt(variance + 1e-5)*gain + shift


def residual(p, x):
    parts, moving = iter(p), []
    x = jax.nn.relu(normed(parts, moving, x))
    for channels, stride in ((16, 1), (16, 1), (16, 1), (32, 2), (32, 1), (32, 1), (64, 2), (64, 1), (64, 1)):
        y = normed(parts, moving, jax.nn.relu(normed(parts, moving, x, stride)))
        x = jax.nn.relu(y + (normed(parts, moving, x, stride) if stride == 2 else x))
    return x.mean((1, 2)) @ next(parts).T + next(parts), moving


def residual_shapes():
    shapes, last = [(16, 3, 3, 3), (16,), (16,)], 16
    for channels in (16, 16, 16, 32, 32, 32, 64, 64, 64):
        shapes += [(channels, last, 3, 3), (channels,), (channels,), (channels, channels, 3, 3), (channels,), (channels,)]
        if channels != last:
            shapes += [(channels, last, 1, 1), (channels,), (channels,)]
        last = channels
    return shapes + [(10, 64), (10,)]


def windows_shapes(channels):
    return [(6, channels, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 400), (120,), (84, 120), (84,), (10, 84), (10,)]


def first_weights(shapes):
    found, gain = [], False
    for p, shape in enumerate(shapes):
        if len(shape) == 1:     # a gain follows a kernel of the residual net, a shift or a bias anything else
            gain = workload == "residual" and len(shapes[p - 1]) == 4
            found.append(np.full(shape, 1 if gain else 0, np.float32))
        else:
            w = weights(shape, p)
            if len(shape) == 4:
                w = w.transpose(2, 3, 1, 0)
            elif shape == (120, 400):
                w = w.reshape(120, 16, 5, 5).transpose(0, 2, 3, 1).reshape(shape)
            found.append(w)
    return found


# The optimizers: how many moments they keep of each parameter, and the update.
def adam(decay=0.0):
    def update(p, g, m, t):
        t = t + 1
        m = [(0.9*a + 0.1*d, 0.999*b + 0.001*d*d) for (a, b), d in zip(m, g)]
        rate, root = 0.001/(1 - 0.9**t), jax.lax.rsqrt(1 - 0.999**t)
        return [w*(1 - 0.001*decay) - rate*a/(jnp.sqrt(b)*root + 1e-8) for w, (a, b) in zip(p, m)], m, t
    return 2, update


def sgd(rate, momentum, decay=0.0):
    def update(p, g, m, t):
        m = [(momentum*a + (d + decay*w if decay else d),) for (a,), d, w in zip(m, g, p)]
        return [w - rate*a for w, (a,) in zip(p, m)], m, t
    return 1, update


def classes(z, t):
    return -jnp.take_along_axis(jax.nn.log_softmax(z), t[..., None], -1).mean()


def words(z, t):
    cost = -jnp.take_along_axis(jax.nn.log_softmax(z), t[..., None], -1)[..., 0]
    return jnp.where(t == 0, 0, cost).sum()/(t != 0).sum()


def dice(p, t):
    both, area = (p*t).sum((1, 2, 3)), (p + t).sum((1, 2, 3))
    return (1 - (2*both + 1)/(area + 1)).mean()


if workload == "line":
    start = [np.float32(0.5), np.float32(0)]
    loss, optimizer = lambda p, x, t: ((p[0]*x + p[1] - t)**2).mean(), sgd(0.001, 0.0)
elif workload == "perceptron":
    start = first_weights([(128, 784), (128,), (10, 128), (10,)])
    loss, optimizer = lambda p, x, t: classes(jax.nn.relu(x @ p[0].T + p[1]) @ p[2].T + p[3], t), adam()
elif workload == "residual":
    start, optimizer = first_weights(residual_shapes()), sgd(0.1, 0.9, 1e-4)
elif workload in NETS:
    start, optimizer = None, {"regions": sgd(0.1, 0.9), "gpt": adam(0.1), "large": adam(0.1)}.get(workload, adam())
else:
    grey = workload == "grey"
    start = first_weights(windows_shapes(1 if grey else 3))
    loss, optimizer = lambda p, x, t: classes(two_windows(p, x, 2 if grey else 0), t), sgd(0.01, 0.9) if grey else adam()

x, t = data(workload)
x = jnp.asarray(x.transpose(0, 2, 3, 1) if x.ndim == 4 else x if x.dtype == np.float32 else x.astype(np.int32))
t = jnp.asarray(t if workload == "line" else (t.transpose(0, 2, 3, 1) if t.ndim == 4 else t).astype(np.int32))
moving = []
if workload in NETS:
    first = Weights()
    NETS[workload](first, moving, (x, t) if workload == "sentences" else x)
    start, moving = first.all, [jnp.full(a.shape, k % 2, jnp.float32) for k, a in enumerate(moving)]
elif workload == "residual":
    moving = [jnp.zeros(w.shape[-1]) if k % 2 == 0 else jnp.ones(w.shape[-1]) for w in start if w.ndim == 4 for k in (0, 1)]
p = [jnp.asarray(w) for w in start]
moments, update = optimizer
m = [tuple(jnp.zeros_like(w) for _ in range(moments)) for w in p]
if workload in (*NETS, "residual"):
    def with_moving(p, x, t):
        if workload == "residual":
            z, found = residual(p, x)
        else:
            found = []
            z = NETS[workload](Weights(p), found, (x, t) if workload == "sentences" else x)
        return {"regions": dice, "sentences": words}.get(workload, classes)(z, t), found

    def one(p, m, k, moving, x, t):
        (value, found), g = jax.value_and_grad(with_moving, has_aux=True)(p, x, t)
        return (*update(p, g, m, k), [0.9*a + 0.1*b for a, b in zip(moving, found)]), value
else:
    def one(p, m, k, moving, x, t):
        value, g = jax.value_and_grad(loss)(p, x, t)
        return (*update(p, g, m, k), moving), value

run = jax.jit(one, donate_argnums=(0, 1, 2, 3))
everything, value = (p, m, jnp.float32(0), moving), None


def step():
    global everything, value
    everything, value = run(*everything, x, t)


for _ in range(1 if sys.argv[-1] == "first" else STEPS.get(workload, 20)):
    step()
print(f"loss {float(value):.9g}") if sys.argv[-1] == "first" else serve(float(value), step, lambda: value.block_until_ready())
