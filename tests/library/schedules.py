"""Writes schedules.nn and schedules.txt: the rates of 20 steps."""
from cases import *

S = torch.optim.lr_scheduler


def scheduled(make, steps=20, base=1.0, what="lr"):
    """The rates that a schedule of PyTorch gives."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base, momentum=0.9)
    schedule = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0][what])
        optimizer.step()
        schedule.step()
    return rates


def momentum(make):
    return scheduled(make, what="momentum")


def formula(f, steps=20):
    return [f(t) for t in range(steps)]


def by_epoch(rates):
    """The same schedule at some epochs only."""
    return {t: rates[t] for t in (0, 1, 2, 5, 11, 19)}


def sequential(optimizer, first, at, then):
    return S.SequentialLR(optimizer, [first(optimizer), then(optimizer)], [at])


def plateau(call, measures, base=0.5, **options):
    """The rates of ReduceLROnPlateau with these measures."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base)
    schedule = S.ReduceLROnPlateau(optimizer, **options)
    rates = []
    for measure in measures:
        rates.append(optimizer.param_groups[0]["lr"])
        schedule.step(measure)
    driven("plateau", call, measures, rates)


def walk(drift, steps=30):
    """Measures that wander down or up."""
    return (2 + numpy.cumsum(drift + numpy.round(draws.uniform(-0.3, 0.3, steps)*64)/64)).round(6).tolist()


begin("schedules")
curve("constant_until", "constant_until(step, 1)", scheduled(S.ConstantLR))
curve("constant_until", "constant_until(step, 0.5, factor=0.1, total=7)", scheduled(lambda o: S.ConstantLR(o, 0.1, 7), base=0.5))
curve("constant_until", "constant_until(epoch, 1, total=2)", by_epoch(scheduled(lambda o: S.ConstantLR(o, total_iters=2))), "epoch")

curve("ramp", "ramp(step, 1)", scheduled(S.LinearLR))
curve("ramp", "ramp(step, 0.3, from=0.01, to=0.8, total=13)", scheduled(lambda o: S.LinearLR(o, 0.01, 0.8, 13), base=0.3))
curve("ramp", "ramp(step, 0.3, 1, 0)", scheduled(lambda o: S.LinearLR(o, 1, 0), base=0.3))
curve("ramp", "ramp(epoch, 1, total=15)", by_epoch(scheduled(lambda o: S.LinearLR(o, total_iters=15))), "epoch")

curve("steps", "steps(step, 1, 3, 0.5)", scheduled(lambda o: S.StepLR(o, 3, 0.5)))
curve("steps", "steps(step, 0.7, every=1)", scheduled(lambda o: S.StepLR(o, 1), base=0.7))
curve("steps", "steps(epoch, 1, 4)", by_epoch(scheduled(lambda o: S.StepLR(o, 4))), "epoch")

curve("milestone", "milestone(step, milestone(step, 1, 2), 5)", scheduled(lambda o: S.MultiStepLR(o, [2, 5])))
curve("milestone", "milestone(step, milestone(step, milestone(step, 1, 3, gamma=0.5), 3, gamma=0.5), 8, gamma=0.5)",
      scheduled(lambda o: S.MultiStepLR(o, [3, 3, 8], 0.5)))
curve("milestone", "milestone(epoch, 1, 11)", by_epoch(scheduled(lambda o: S.MultiStepLR(o, [11]))), "epoch")

curve("exponential", "exponential(step, 1, 0.9)", scheduled(lambda o: S.ExponentialLR(o, 0.9)))
curve("exponential", "exponential(step, 0.2, gamma=1.05)", scheduled(lambda o: S.ExponentialLR(o, 1.05), base=0.2))
curve("exponential", "exponential(epoch, 1, 0.5)", by_epoch(scheduled(lambda o: S.ExponentialLR(o, 0.5))), "epoch")

curve("polynomial", "polynomial(step, 1)", scheduled(S.PolynomialLR))
curve("polynomial", "polynomial(step, 1, 5, 2)", scheduled(lambda o: S.PolynomialLR(o, 5, 2)))
curve("polynomial", "polynomial(step, 0.3, total=16, power=0.5)", scheduled(lambda o: S.PolynomialLR(o, 16, 0.5), base=0.3))

curve("anneal", "anneal(step/10, 2, -1)", formula(lambda t: 0.5 + 1.5*math.cos(math.pi*t/10)))

curve("straight", "straight(step/10, 2, -1)", formula(lambda t: 2 - 0.3*t))

curve("cosine_annealing", "cosine_annealing(step, 1, 4, 0.1)", scheduled(lambda o: S.CosineAnnealingLR(o, 4, 0.1)))
curve("cosine_annealing", "cosine_annealing(step, 0.3, total=19)", scheduled(lambda o: S.CosineAnnealingLR(o, 19), base=0.3))
curve("cosine_annealing", "cosine_annealing(epoch, 1, 10)", by_epoch(scheduled(lambda o: S.CosineAnnealingLR(o, 10))), "epoch")

curve("warm_restarts", "warm_restarts(step, 1, 3)", scheduled(lambda o: S.CosineAnnealingWarmRestarts(o, 3)))
curve("warm_restarts", "warm_restarts(step, 1, 2, 2, 0.1)", scheduled(lambda o: S.CosineAnnealingWarmRestarts(o, 2, 2, 0.1)))
curve("warm_restarts", "warm_restarts(step, 0.5, first=1, mult=3, low=0.01)",
      scheduled(lambda o: S.CosineAnnealingWarmRestarts(o, 1, 3, 0.01), 60, 0.5))
# At the restarts, where a logarithm must give a whole number.
starts = [7*(2**k - 1) for k in range(12)]
curve("warm_restarts", "warm_restarts(step, 1, 7, 2)", {t: 1.0 for t in starts})

curve("multiplicative", "multiplicative(step, 1, factor)", scheduled(lambda o: S.MultiplicativeLR(o, lambda t: 0.5 if t == 2 else 0.9)),
      extra="fn factor(i) = where(i == 2, 0.5, 0.9)")
curve("multiplicative", "multiplicative(epoch, 1, factor)", scheduled(lambda o: S.MultiplicativeLR(o, lambda t: 0.5 if t == 2 else 0.9)), "epoch", extra="fn factor(i) = where(i == 2, 0.5, 0.9)")
curve("multiplicative", "multiplicative(step, 0.3, harmonic)", scheduled(lambda o: S.MultiplicativeLR(o, lambda t: t/(t + 1)), base=0.3),
      extra="fn harmonic(i) = i/(i+1)")

curve("sequence", "sequence(step, ramp(_, 1, 0.25, 1, 3), 3, cosine_annealing(_, 1, 4))",
      scheduled(lambda o: sequential(o, lambda o: S.LinearLR(o, 0.25, 1, 3), 3, lambda o: S.CosineAnnealingLR(o, 4))))
curve("sequence", "sequence(step, constant_until(_, 1, 0.1, 4), 6, exponential(_, 1, 0.9))",
      scheduled(lambda o: sequential(o, lambda o: S.ConstantLR(o, 0.1, 4), 6, lambda o: S.ExponentialLR(o, 0.9))))
curve("sequence", "sequence(step, exponential(_, 1, 0.5), 3, sequence(_, steps(_, 1, 2), 5, polynomial(_, 1, 8)))",
      scheduled(lambda o: S.SequentialLR(o, [S.ExponentialLR(o, 0.5), S.StepLR(o, 2), S.PolynomialLR(o, 8)], [3, 8])))
# What ChainedScheduler does is a product: one schedule is the rate of the next.
curve("exponential", "exponential(step, constant_until(step, 1, 0.1, 2), 0.9)",
      scheduled(lambda o: S.ChainedScheduler([S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)])))

curve("warmup_cosine", "warmup_cosine(step, 1, 3, 19)", formula(lambda t: t/3 if t < 3 else 0.5*(1 + math.cos(math.pi*(t - 3)/16))))
curve("warmup_cosine", "warmup_cosine(step, 0.4, warmup=5, total=12, low=0.1)",
      formula(lambda t: 0.4*t/5 if t < 5 else 0.25 + 0.15*math.cos(math.pi*(t - 5)/7)))
curve("noam", "noam(step, 1, 64, 4)", formula(lambda t: 64**-0.5*min((t + 1)**-0.5, (t + 1)*4**-1.5)))
curve("noam", "noam(step, 5000, width=512)", formula(lambda t: 5000*512**-0.5*min((t + 1)**-0.5, (t + 1)*4000**-1.5)))
curve("inverse_sqrt", "inverse_sqrt(step, 1, 4)", formula(lambda t: min((t + 1)/4, math.sqrt(4/(t + 1)))))
curve("inverse_sqrt", "inverse_sqrt(step, 0.01, warmup=1)", formula(lambda t: 0.01*math.sqrt(1/(t + 1))))
curve("trapezoid", "trapezoid(step, 1, 3, 4, 19)", formula(lambda t: min(1, (t + 1)/3, (19 - t)/4)))
curve("trapezoid", "trapezoid(step, 0.2, up=8, down=2, total=20)", formula(lambda t: 0.2*min(1, (t + 1)/8, (20 - t)/2)))

curve("one", "one(step)", formula(lambda t: 1))
curve("halves", "halves(step)", formula(lambda t: 2.0**-(t - 1)))
curve("cyclic", "cyclic(step, 0.1, 1, 2)", scheduled(lambda o: S.CyclicLR(o, 0.1, 1, 2, cycle_momentum=False)))
curve("cyclic", "cyclic(step, 0.1, 1, up=3, down=5)", scheduled(lambda o: S.CyclicLR(o, 0.1, 1, 3, 5, cycle_momentum=False)))
curve("cyclic", "cyclic(step, 0.1, 1, 2, scale=halves)",
      scheduled(lambda o: S.CyclicLR(o, 0.1, 1, 2, mode="triangular2", cycle_momentum=False)))
curve("cyclic", "cyclic(step, 0.1, 1, 2, scale=falling)",
      scheduled(lambda o: S.CyclicLR(o, 0.1, 1, 2, mode="exp_range", gamma=0.9, cycle_momentum=False)),
      extra="fn falling(c) = 0.9^step")
curve("cyclic", "cyclic(step, 0.9, 0.8, 3)", momentum(lambda o: S.CyclicLR(o, 0.1, 1, 3)))
curve("one_cycle", "one_cycle(step, 0.04, 1, 4e-6, 20)", scheduled(lambda o: S.OneCycleLR(o, 1, 20, cycle_momentum=False)))
curve("one_cycle", "one_cycle(step, 0.2, 2, 0.02, total=13, start=0.5)",
      scheduled(lambda o: S.OneCycleLR(o, 2, 13, pct_start=0.5, div_factor=10, final_div_factor=10, cycle_momentum=False), 13))
curve("one_cycle", "one_cycle(step, 0.04, 1, 4e-6, 20, shape=straight)",
      scheduled(lambda o: S.OneCycleLR(o, 1, 20, anneal_strategy="linear", cycle_momentum=False)))
curve("one_cycle", "one_cycle(step, 0.04, 1, 4e-6, 20, three_phase=true)",
      scheduled(lambda o: S.OneCycleLR(o, 1, 20, three_phase=True, cycle_momentum=False)))
curve("one_cycle", "one_cycle(step, 0.04, 1, 4e-6, 10, shape=straight, three_phase=true)",
      scheduled(lambda o: S.OneCycleLR(o, 1, 10, anneal_strategy="linear", three_phase=True, cycle_momentum=False), 10))
curve("one_cycle", "one_cycle(step, 0.95, 0.85, 0.95, 20)", momentum(lambda o: S.OneCycleLR(o, 1, 20)))
curve("swa_rate", "swa_rate(step, 1, 0.1, 4, shape=straight)",
      scheduled(lambda o: torch.optim.swa_utils.SWALR(o, 0.1, 4, anneal_strategy="linear")))
curve("swa_rate", "swa_rate(step, 1, 0.1, 4)", scheduled(lambda o: torch.optim.swa_utils.SWALR(o, 0.1, 4)))
curve("swa_rate", "swa_rate(step, 0.3, 0.5)", scheduled(lambda o: torch.optim.swa_utils.SWALR(o, 0.5), base=0.3))

level = [1.0]*30
plateau("plateau(0.5, m)", level)
plateau("plateau(0.5, m, factor=0.5, patience=2, cooldown=1)", [1] + [.9]*19, factor=0.5, patience=2, cooldown=1)
plateau("plateau(0.5, m, patience=2)", walk(-0.02), patience=2)
plateau("plateau(0.5, m, factor=0.5, patience=1, better=more_by_part)", walk(0.02), mode="max", factor=0.5, patience=1)
plateau("plateau(0.5, m, factor=0.3, patience=2, threshold=0.1, better=less_by)", walk(-0.02), factor=0.3, patience=2, threshold=0.1,
        threshold_mode="abs")
plateau("plateau(0.5, m, factor=0.7, patience=0, threshold=0.05, better=more_by)", walk(0.02), mode="max", factor=0.7, patience=0,
        threshold=0.05, threshold_mode="abs")
plateau("plateau(0.5, m, factor=0.4, patience=1, cooldown=3, low=0.02)", walk(-0.02), factor=0.4, patience=1, cooldown=3, min_lr=0.02)
plateau("plateau(0.5, m, factor=0.5, patience=0, threshold=0.2, eps=0.04)", level, factor=0.5, patience=0, threshold=0.2, eps=0.04)
plateau("plateau(0.5, m, better=less_by_part)", walk(-0.1), base=0.5)
end()
