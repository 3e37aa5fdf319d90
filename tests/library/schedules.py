"""Writes schedules.nn and schedules.txt: the rates of 20 steps."""
from cases import *

S = torch.optim.lr_scheduler


def scheduled(make, steps=20, base=1.0):
    """The rates that a schedule of PyTorch gives."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base)
    schedule = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


def formula(f, steps=20):
    return [f(t) for t in range(steps)]


begin("schedules")
curve("constant_until", "constant_until(step, 1)", scheduled(S.ConstantLR))
curve("constant_until", "constant_until(step, 0.5, factor=0.1, total=7)", scheduled(lambda o: S.ConstantLR(o, 0.1, 7), base=0.5))
curve("ramp", "ramp(step, 1)", scheduled(S.LinearLR))
end()
