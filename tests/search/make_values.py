"""Writes values.txt: what PyTorch's LBFGS makes of the models of valley.nn, with and without its line search.

    python3 tests/search/make_values.py > tests/search/values.txt

    start MODEL ITERATIONS TRIES PARAMETER ...      first values of all parameters, in the model's order
    step LOSS EVALUATIONS PARAMETER ...             the loss before the step, and what is there after it"""
import torch

torch.set_default_dtype(torch.float64)
x = torch.tensor([[(7*i + 3*j) % 11 - 5.0 for j in range(3)] for i in range(12)]) / 4
t = torch.tensor([float((5*i) % 12 < 6) for i in range(12)])


def valley(w):
    p, q = w
    return 100*(q[0] - p**2)**2 + (1 - p)**2 + 100*(q[1] - q[0]**2)**2 + (1 - q[0])**2


def sides(w):
    return torch.nn.functional.binary_cross_entropy_with_logits(x @ w[0][0] + w[1][0], t)


def numbers(w):
    return " ".join(repr(float(v)) for a in w for v in a.detach().reshape(-1))


def run(name, loss, first, history, iterations, tries, steps):
    w = [torch.tensor(v, requires_grad=True) for v in first]
    optimizer = torch.optim.LBFGS(w, lr=1, max_iter=iterations, history_size=history, line_search_fn="strong_wolfe" if tries else None)
    print("start", name, iterations, tries, numbers(w))
    for _ in range(steps):
        evaluations = 0
        def closure():
            nonlocal evaluations
            evaluations += 1
            optimizer.zero_grad()
            value = loss(w)
            value.backward()
            return value
        value = optimizer.step(closure)
        print("step", repr(float(value)), evaluations, numbers(w))


run("valley", valley, [-1.2, [1.0, 1.0]], 5, 20, 25, 4)
run("valley", valley, [-1.2, [1.0, 1.0]], 5, 4, 25, 6)
run("valley", valley, [0.9, [0.8, 0.7]], 5, 20, 0, 2)
run("sides", sides, [[[0.1, -0.2, 0.3]], [0.05]], 4, 20, 25, 2)
run("sides", sides, [[[0.1, -0.2, 0.3]], [0.05]], 4, 3, 0, 4)
