"""Writes optimizers.nn and optimizers.txt: 20 steps of every optimizer. What PyTorch lacks is written out, from its source."""
from cases import *

O = torch.optim


def torch_optimizer(make, **more):
    return lambda params: make(params, **more)


def alone(*shape):
    return {"p": real(*shape)}


def several():
    """Parameters of different shapes: a vector, a matrix, a number and a filter."""
    return {"p": real(4), "m": real(3, 2), "s": real(), "f": real(2, 1, 2, 2)}


def each(make):
    """make(p) gives a function of (gradient, step) for one parameter: the optimizer of all."""
    def start(params):
        rules = [make(p) for p in params]
        return lambda gradients, t: [rule(g, t) for rule, g in zip(rules, gradients)]
    return start


def of_gradients(change, make, **more):
    """An optimizer of PyTorch after a change of the gradients."""
    def start(params):
        optimizer = make(params, **more)
        def step(gradients, t):
            for p, g in zip(params, gradients):
                p.grad = g.clone()
            change(params)
            optimizer.step()
            return [p.detach().clone() for p in params]
        return step
    return start


def lion(lr=1e-4, decay=0, beta1=0.9, beta2=0.99):
    """github.com/google/automl"""
    def start(p):
        m = torch.zeros_like(p)
        def step(g, t):
            nonlocal m
            d = torch.sign(beta1*m + (1 - beta1)*g)
            m = beta2*m + (1 - beta2)*g
            return p*(1 - lr*decay) - lr*d
        return step
    return start


def ratio(a, b):
    return a/b if a > 0 and b > 0 else 1


def lamb(lr=0.001, decay=0.01, beta1=0.9, beta2=0.999, eps=1e-6, always=False):
    """timm, without the clipping of the gradient that it begins with."""
    def start(p):
        m, v = torch.zeros_like(p), torch.zeros_like(p)
        def step(g, t):
            nonlocal m, v
            m, v = beta1*m + (1 - beta1)*g, beta2*v + (1 - beta2)*g**2
            u = (m/(1 - beta1**(t+1))) / ((v/(1 - beta2**(t+1))).sqrt() + eps) + decay*p
            return p - lr*(ratio(p.norm(), u.norm()) if always or decay else 1)*u
        return step
    return start


def lars(lr=1, momentum=0, decay=0, trust=0.001, eps=1e-8, nesterov=False, always=False):
    """timm"""
    def start(p):
        b = None
        def step(g, t):
            nonlocal b
            r = trust*p.norm()/(g.norm() + decay*p.norm() + eps) if p.norm() > 0 and g.norm() > 0 else 1
            d = (g + decay*p)*(r if always or decay else 1)
            b = d if b is None else momentum*b + d
            return p - lr*(d + momentum*b if nesterov else b if momentum else d)
        return step
    return start


def orthogonal(u, steps=5):
    x = u / u.norm().clamp(min=1e-7)
    for _ in range(steps):
        a = x @ x.T
        x = 3.4445*x + (-4.775*a + 2.0315*a @ a) @ x
    return x


def tall(R, C):
    return math.sqrt(max(1, R/C))


def muon(lr=0.001, decay=0.1, momentum=0.95, nesterov=True, adjust=tall, steps=5):
    """PyTorch's works in bfloat16; this is its text in float64."""
    def start(p):
        b = torch.zeros_like(p)
        def step(g, t):
            nonlocal b
            b = torch.lerp(b, g, 1 - momentum)
            u = torch.lerp(g, b, momentum) if nesterov else b
            o = orthogonal(u.T, steps).T if u.shape[0] > u.shape[1] else orthogonal(u, steps)
            return p*(1 - lr*decay) - lr*adjust(*p.shape)*o
        return step
    return start


def sgd(change=lambda p, g: g, after=lambda w: w, lr=0.1):
    """Plain steps with something before or after them."""
    return each(lambda p: lambda g, t: after(p - lr*change(p, g)))


def clipped(c, rule):
    """A rule of (gradients, step) for gradients no longer than c together."""
    def step(gradients, t):
        length = torch.nn.utils.get_total_norm(gradients)
        return rule([g*(c/(length + 1e-6)).clamp(max=1) for g in gradients], t)
    return step


def check_reference():
    """The formulas that are written out give the known numbers of three steps."""
    known = [(lion(0.01, 0.1), [.987032989, -2.004015988]), (lamb(0.1), [.5116531743, -2.0565765742]),
             (lars(1, 0.9, 0.01), [.995588512, -1.9993021751])]
    for make, last in known:
        p = torch.tensor([1.0, -2.0])
        step = make(p)
        for t, g in enumerate([[.1, -.2], [.3, .4], [-.1, .2]]):
            p.copy_(step(torch.tensor(g), t))
        assert torch.allclose(p, torch.tensor(last), atol=1e-9), (p, last)


def trained(entry, update, make, params=None, note="", **more):
    trajectory(entry, update.removeprefix("g |> ") + note, f"update * = {update}", make, params, **more)


check_reference()
begin("optimizers")

trained("sgd", "g |> sgd(w, lr=0.1)", torch_optimizer(O.SGD, lr=0.1))
trained("sgd", "g |> sgd(w)", torch_optimizer(O.SGD), several())
trained("sgd", "g |> sgd(w, lr=0.1, momentum=0.9)", torch_optimizer(O.SGD, lr=0.1, momentum=0.9), several())
trained("sgd", "g |> sgd(w, lr=0.1, momentum=0.9, damp=0.5)",
        torch_optimizer(O.SGD, lr=0.1, momentum=0.9, dampening=0.5))
trained("sgd", "g |> sgd(w, lr=0.1, momentum=0.9, nesterov=true)",
        torch_optimizer(O.SGD, lr=0.1, momentum=0.9, nesterov=True))
trained("sgd", "-g |> sgd(w, lr=0.1)", torch_optimizer(O.SGD, lr=0.1, maximize=True))
trained("l2", "g |> l2(w, 0.01) |> sgd(w, lr=0.1, momentum=0.9)",
        torch_optimizer(O.SGD, lr=0.1, momentum=0.9, weight_decay=0.01))
trained("l2", "g |> l2(w, 0.1) |> sgd(w, lr=0.1, momentum=0.9, nesterov=true)",
        torch_optimizer(O.SGD, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1), several())

trained("adam", "g |> adam(w, lr=0.1)", torch_optimizer(O.Adam, lr=0.1))
trained("adam", "g |> adam(w)", torch_optimizer(O.Adam), several())
trained("adam", "g |> adam(w, lr=0.1, beta1=0.5, beta2=0.8)",
        torch_optimizer(O.Adam, lr=0.1, betas=(0.5, 0.8)), several())
trained("adam", "g |> adam(w, lr=0.1, eps=0.1)", torch_optimizer(O.Adam, lr=0.1, eps=0.1))
trained("adam", "g |> adam(w, lr=0.1, beta1=0.9, beta2=0.5, amsgrad=true)",
        torch_optimizer(O.Adam, lr=0.1, betas=(0.9, 0.5), amsgrad=True))
trained("adam", "g |> adam(w, lr=0.1)", note=" of tiny gradients, some of them 0", make=torch_optimizer(O.Adam, lr=0.1),
        draw=lambda step, shape: torch.tensor([1e-8, 0, -1e-8, 1e-30]))
trained("l2", "g |> l2(w, 0.01) |> adam(w, lr=0.1)", torch_optimizer(O.Adam, lr=0.1, weight_decay=0.01))
trained("l2", "g |> l2(w, 0.01) |> adam(w, lr=0.1, eps=0.1, amsgrad=true)",
        torch_optimizer(O.Adam, lr=0.1, weight_decay=0.01, eps=0.1, amsgrad=True))

trained("adamw", "g |> adamw(w, lr=0.1)", torch_optimizer(O.AdamW, lr=0.1))
trained("adamw", "g |> adamw(w)", torch_optimizer(O.AdamW), several())
trained("adamw", "g |> adamw(w, lr=0.1, decay=0.5, beta1=0.8, beta2=0.9, eps=0.01)",
        torch_optimizer(O.AdamW, lr=0.1, weight_decay=0.5, betas=(0.8, 0.9), eps=0.01), several())

trained("adamw", "g |> adamw(w, lr=0.1, beta2=0.5, amsgrad=true)", torch_optimizer(O.AdamW, lr=0.1, betas=(0.9, 0.5), amsgrad=True))
trained("decayed", "g |> adam(decayed(w, 0.1, 0.2), lr=0.1)", torch_optimizer(O.Adam, lr=0.1, weight_decay=0.2, decoupled_weight_decay=True))

trained("adamax", "g |> adamax(w, lr=0.1)", torch_optimizer(O.Adamax, lr=0.1))
trained("adamax", "g |> adamax(w)", torch_optimizer(O.Adamax), several())
trained("adamax", "g |> adamax(w, lr=0.1, beta1=0.5, beta2=0.7, eps=0.01)",
        torch_optimizer(O.Adamax, lr=0.1, betas=(0.5, 0.7), eps=0.01))
trained("l2", "g |> l2(w, 0.05) |> adamax(w, lr=0.1)", torch_optimizer(O.Adamax, lr=0.1, weight_decay=0.05))

trained("nadam", "g |> nadam(w, lr=0.1)", torch_optimizer(O.NAdam, lr=0.1))
trained("nadam", "g |> nadam(w)", torch_optimizer(O.NAdam), several())
trained("nadam", "g |> nadam(w, lr=0.1, beta1=0.8, beta2=0.9, eps=0.01, psi=0.1)",
        torch_optimizer(O.NAdam, lr=0.1, betas=(0.8, 0.9), eps=0.01, momentum_decay=0.1))
trained("nadam", "g |> nadam(w, lr=0.1, decay=0.2)", torch_optimizer(O.NAdam, lr=0.1, weight_decay=0.2, decoupled_weight_decay=True))
trained("l2", "g |> l2(w, 0.05) |> nadam(w, lr=0.1)", torch_optimizer(O.NAdam, lr=0.1, weight_decay=0.05))

trained("radam", "g |> radam(w, lr=0.1)", torch_optimizer(O.RAdam, lr=0.1))
trained("radam", "g |> radam(w)", torch_optimizer(O.RAdam), several())
trained("radam", "g |> radam(w, lr=0.1, beta1=0.5, beta2=0.9, eps=0.01)",
        torch_optimizer(O.RAdam, lr=0.1, betas=(0.5, 0.9), eps=0.01))
trained("radam", "g |> radam(w, lr=0.1, decay=0.2)", torch_optimizer(O.RAdam, lr=0.1, weight_decay=0.2, decoupled_weight_decay=True))
trained("l2", "g |> l2(w, 0.05) |> radam(w, lr=0.1)", torch_optimizer(O.RAdam, lr=0.1, weight_decay=0.05))

trained("adagrad", "g |> adagrad(w, lr=0.1)", torch_optimizer(O.Adagrad, lr=0.1))
trained("adagrad", "g |> adagrad(w)", torch_optimizer(O.Adagrad), several())
trained("adagrad", "g |> adagrad(w, lr=0.1, slow=0.5, start=0.1, eps=0.01)",
        torch_optimizer(O.Adagrad, lr=0.1, lr_decay=0.5, initial_accumulator_value=0.1, eps=0.01))
trained("l2", "g |> l2(w, 0.05) |> adagrad(w, lr=0.1)", torch_optimizer(O.Adagrad, lr=0.1, weight_decay=0.05))

trained("adadelta", "g |> adadelta(w)", torch_optimizer(O.Adadelta), several())
trained("adadelta", "g |> adadelta(w, lr=0.5, rho=0.5, eps=0.01)",
        torch_optimizer(O.Adadelta, lr=0.5, rho=0.5, eps=0.01))
trained("l2", "g |> l2(w, 0.05) |> adadelta(w)", torch_optimizer(O.Adadelta, weight_decay=0.05))

trained("rmsprop", "g |> rmsprop(w)", torch_optimizer(O.RMSprop), several())
trained("rmsprop", "g |> rmsprop(w, lr=0.1, alpha=0.5, eps=0.01)",
        torch_optimizer(O.RMSprop, lr=0.1, alpha=0.5, eps=0.01))
trained("rmsprop", "g |> rmsprop(w, lr=0.1, momentum=0.9)", torch_optimizer(O.RMSprop, lr=0.1, momentum=0.9))
trained("rmsprop", "g |> rmsprop(w, lr=0.1, centered=true)", torch_optimizer(O.RMSprop, lr=0.1, centered=True))
trained("rmsprop", "g |> rmsprop(w, lr=0.1, momentum=0.9, centered=true)",
        torch_optimizer(O.RMSprop, lr=0.1, momentum=0.9, centered=True), several())
trained("l2", "g |> l2(w, 0.05) |> rmsprop(w, lr=0.1)", torch_optimizer(O.RMSprop, lr=0.1, weight_decay=0.05))

trained("rprop", "g |> rprop(w)", torch_optimizer(O.Rprop), several())
trained("rprop", "g |> rprop(w, lr=0.1, down=0.3, up=1.5, low=0.05, high=0.3)",
        torch_optimizer(O.Rprop, lr=0.1, etas=(0.3, 1.5), step_sizes=(0.05, 0.3)))
trained("rprop", "g |> rprop(w, lr=0.1)", note=" with gradients of 0", make=torch_optimizer(O.Rprop, lr=0.1),
        draw=lambda step, shape: torch.tensor(draws.choice([-1.0, 0, 1], shape)))

trained("asgd", "g |> asgd(w)", torch_optimizer(O.ASGD), several())
trained("asgd", "g |> asgd(w, lr=0.1, lambda=0.1, alpha=0.5)", torch_optimizer(O.ASGD, lr=0.1, lambd=0.1, alpha=0.5))
trained("l2", "g |> l2(w, 0.05) |> asgd(w, lr=0.1)", torch_optimizer(O.ASGD, lr=0.1, weight_decay=0.05))

trained("lion", "g |> lion(w)", each(lion()), several())
trained("lion", "g |> lion(w, lr=0.01, decay=0.1, beta1=0.8, beta2=0.7)",
        each(lion(0.01, 0.1, 0.8, 0.7)))
trained("lamb", "g |> lamb(w, lr=0.1)", each(lamb(0.1)), several())
trained("lamb", "g |> lamb(w, lr=0.1, decay=0, beta1=0.5, beta2=0.9, eps=0.01)",
        each(lamb(0.1, 0, 0.5, 0.9, 0.01)))
trained("lamb", "g |> lamb(w, lr=0.1, decay=0, always=true)", each(lamb(0.1, 0, always=True)), several())
trained("lamb", "g |> clip_norm(1) |> lamb(w, lr=0.1)", lambda params: clipped(1, each(lamb(0.1))(params)), several())
trained("lamb", "g |> lamb(w, lr=0.1)", each(lamb(0.1)), {"p": torch.zeros(4)}, note=" from weights of 0")
trained("lars", "g |> lars(w)", each(lars()), several())
trained("lars", "g |> lars(w, lr=2, momentum=0.9, decay=0.01, trust_coefficient=0.1)",
        each(lars(2, 0.9, 0.01, 0.1)))
trained("lars", "g |> lars(w, momentum=0.9, decay=0.01, nesterov=true)", each(lars(1, 0.9, 0.01, nesterov=True)))
trained("lars", "g |> lars(w, always=true)", each(lars(always=True)), several())
trained("lars", "g |> lars(w, lr=0.1, decay=0.1)", each(lars(0.1, decay=0.1)), {"p": torch.zeros(4)}, note=" from weights of 0")

# With its default lr PyTorch's clipping and its smallest size of a weight, 0.001, are seen, too.
trained("adafactor", "g |> adafactor(w, lr=0.1)", torch_optimizer(O.Adafactor, lr=0.1), alone(3, 2))
trained("adafactor", "g |> adafactor(w)", torch_optimizer(O.Adafactor), {"p": real(3, 2), "f": real(2, 3, 4), "k": real(2, 3, 2, 2)})
trained("adafactor", "g |> adafactor(w, lr=0.1, clip=1.1, power=-0.5, decay=0.1)",
        torch_optimizer(O.Adafactor, lr=0.1, d=1.1, beta2_decay=-0.5, weight_decay=0.1), alone(3, 2))
trained("adafactor", "g |> adafactor(w, lr=0.1, eps=0.01)",
        torch_optimizer(O.Adafactor, lr=0.1, eps=(0.01, 1e-3)), {"p": real(3, 2, scale=0.0001)})
trained("adafactor_vector", "g |> adafactor_vector(w, lr=0.1)", torch_optimizer(O.Adafactor, lr=0.1))
trained("adafactor_vector", "g |> adafactor_vector(w, lr=0.1, clip=1.1, power=-0.5, decay=0.1, eps=0.01)",
        torch_optimizer(O.Adafactor, lr=0.1, d=1.1, beta2_decay=-0.5, weight_decay=0.1, eps=(0.01, 1e-3)))
# Float: twenty times five steps of a polynomial that magnifies small differences.
trained("muon", "g |> muon(w, lr=0.1)", each(muon(0.1)), {"p": real(3, 2), "m": real(2, 4), "n": real(3, 3)}, float_tolerance=2e-4)
trained("muon", "g |> muon(w, lr=0.1, adjust=like_adamw, by=newton_schulz(_, steps=3))", each(muon(0.1, adjust=lambda R, C: 0.2*math.sqrt(max(R, C)), steps=3)),
        {"p": real(3, 2), "m": real(2, 4)}, float_tolerance=2e-4)
trained("muon", "g |> muon(w, lr=0.1, decay=0, momentum=0.5, nesterov=false)",
        each(muon(0.1, 0, 0.5, False)), alone(2, 3), float_tolerance=2e-4)
case("newton_schulz", "newton_schulz(x + p)", "y = newton_schulz(x + p); output y; loss probe(y)", {"x": real(2, 2, 3)}, {"p": real(2, 3)},
     lambda i, p: (lambda y: ({"y": y}, probe(y)))(torch.stack([orthogonal(x + p["p"]) for x in i["x"]])), tolerance=1e-9, float_tolerance=1e-4)

# A quadratic: PyTorch's with one iteration a step. Near the minimum the pairs are differences of nearly equal numbers.
trained("lbfgs", "g |> lbfgs(w, history=3)", torch_optimizer(O.LBFGS, max_iter=1, history_size=3), alone(4), steps=12,
        body="e[k < 5] = x[k] + sum(j) a[k, j]*p[j]; loss sum(e^2)/2", inputs={"x": real(1, 5), "a": real(1, 5, 4)},
        compute=lambda i, p: ((i["x"][0] + i["a"][0] @ p["p"])**2).sum()/2, tolerance=1e-9, float_tolerance=1e-3)

trained("l1_penalty", "g |> l1_penalty(w, 0.1) |> sgd(w, lr=0.1)", sgd(lambda p, g: g + 0.1*torch.sign(p)), several())
trained("clip_value", "g |> clip_value(0.5) |> sgd(w, lr=0.1)",
        of_gradients(lambda params: torch.nn.utils.clip_grad_value_(params, 0.5), O.SGD, lr=0.1), several())
trained("clip_norm", "g |> clip_norm(0.5) |> sgd(w, lr=0.1)",
        of_gradients(lambda params: torch.nn.utils.clip_grad_norm_(params, 0.5), O.SGD, lr=0.1))
trained("clip_norm", "g |> clip_norm(3) |> adam(w, lr=0.1)",
        of_gradients(lambda params: torch.nn.utils.clip_grad_norm_(params, 3), O.Adam, lr=0.1), several())
for p in (1, 3, math.inf):
    trained("clip_norm", f"g |> clip_norm(1, p={p}) |> sgd(w, lr=0.1)",
            of_gradients(lambda params: torch.nn.utils.clip_grad_norm_(params, 1, norm_type=p), O.SGD, lr=0.1), several())
trained("clip_each", "g |> clip_each(0.5) |> sgd(w, lr=0.1)",
        of_gradients(lambda params: [torch.nn.utils.clip_grad_norm_(p, 0.5) for p in params], O.SGD, lr=0.1), several())
for p in (2, 1, 3, math.inf):
    trained("total_norm", "w - 0.1*g/(1 + total_norm(g" + (f", p={p}))" if p != 2 else "))"), lambda params: lambda gradients, t: [
            w - 0.1*g/(1 + torch.nn.utils.get_total_norm(gradients, p)) for w, g in zip(params, gradients)], several())
trained("norm", "0.9*w + 0.1*g/norm(w)", each(lambda p: lambda g, t: 0.9*p + 0.1*g/p.norm()), several())
# The library adds 1e-7 to the length of a row.
trained("max_norm", "g |> sgd(w, lr=0.1) |> max_norm(0.5)",
        sgd(after=lambda w: w*(0.5/(w.norm(dim=1, keepdim=True) + 1e-7)).clamp(max=1)), alone(3, 2))
trained("max_norm", "g |> sgd(w, lr=0.1) |> max_norm(2)",
        sgd(after=lambda w: w*(2/(w.flatten(1).norm(dim=1) + 1e-7)).clamp(max=1)[:, None, None, None]), alone(2, 2, 3, 2))



def groups(params):
    """Adam for the first parameter, plain steps for the second."""
    both = [O.Adam(params[:1], lr=0.1), O.SGD(params[1:], lr=0.01)]
    def step(gradients, t):
        for p, g in zip(params, gradients):
            p.grad = g.clone()
        for optimizer in both:
            optimizer.step()
        return [p.detach().clone() for p in params]
    return step


# Groups: the last line that fits a parameter.
trajectory("adam", "adam(lr=0.1), and sgd(lr=0.01) for q", "update * = g |> adam(w, lr=0.1); update q = g |> sgd(w, lr=0.01)", groups,
           {"p": real(4), "q": real(3)})


def averaged(entry, line, make, params=None, keeps=lambda name: True, **more):
    """sgd with an average of the weights; make(weights) gives PyTorch's. keeps(name): the line fits that parameter."""
    module = torch.nn.ParameterDict()
    averages = None
    def start(weights):
        nonlocal averages
        for name, w in zip(params, weights):
            module[name] = torch.nn.Parameter(w)
        averages = make(module)
        rule = O.SGD(list(module.values()), lr=0.1)
        def step(gradients, t):
            for p, g in zip(module.values(), gradients):
                p.grad = g.clone()
            rule.step()
            averages.update_parameters(module)
            return [p.detach().clone() for p in module.values()]
        return step
    def watched(step):
        return {"average." + name: averages.module[name] if keeps(name) else module[name] for name in params}
    params = params or several()
    trajectory(entry, line, f"optimizer sgd(lr=0.1); {line}", start, params, watched=watched, **more)


A = O.swa_utils
averaged("ema", "average * = ema(a, w, n)", lambda m: A.AveragedModel(m, multi_avg_fn=A.get_ema_multi_avg_fn()))
averaged("ema", "average * = ema(a, w, n, keep=0.6)", lambda m: A.AveragedModel(m, multi_avg_fn=A.get_ema_multi_avg_fn(0.6)))
averaged("ema", "average * = ema(a, w, n, keep=0.6) each epoch", lambda m: A.AveragedModel(m, multi_avg_fn=A.get_ema_multi_avg_fn(0.6)), each_epoch=True)
averaged("ema", "average *[N] = ema(a, w, n, keep=0.6)", lambda m: A.AveragedModel(m, multi_avg_fn=A.get_ema_multi_avg_fn(0.6)),
         keeps=lambda name: name == "p")
averaged("swa", "average * = swa(a, w, n)", A.AveragedModel)
averaged("swa", "average * = swa(a, w, n) each epoch", A.AveragedModel, each_epoch=True)


def mean_of_asgd(t0):
    """The average that PyTorch's ASGD keeps beside the weights."""
    optimizers = []
    def start(params):
        optimizers[:] = [O.ASGD(params, lr=0.1, t0=t0)]
        return optimizers[0]
    trajectory("asgd_mean", f"average * = asgd_mean(a, w, n, t0={t0})", f"optimizer asgd(lr=0.1); average * = asgd_mean(a, w, n, t0={t0})", start,
               watched=lambda step: {"average.p": next(iter(optimizers[0].state.values()))["ax"]})


mean_of_asgd(0)
mean_of_asgd(5)
trained("adafactor", "g |> adafactor(w, lr=0.1, least=2)", torch_optimizer(O.Adafactor, lr=0.1, eps=(None, 2)), alone(3, 2))
end()
