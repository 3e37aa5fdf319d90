"""Compile times: what a user waits for before the first step, and whether it grows faster than the model.

    compile_times(sides, only, rounds, before)    a record with
        workloads    for each, the time of nnc and of each C compiler at -O2 -march=native, and the size of the C
        first        W3 from its text to the first finished step, beside what each peer takes from its start to there
        growth       nnc alone on chains of 10, 100 and 1000 dense layers

before: an earlier record, of which the workloads that are not among `only` are kept, and the rest if W3 is not."""
import os
import statistics
import subprocess
import sys
import time

from sides import HERE, WORKLOADS, run

FIRST = "colour"
LAYERS = (10, 100, 1000)
PATIENCE = 120


def seconds_of(*commands, **more):
    begin = time.perf_counter()
    for command in commands:
        run(command, **more)
    return time.perf_counter() - begin


def median_of(rounds, *commands, **more):
    return statistics.median(seconds_of(*commands, **more) for _ in range(rounds))


def of_workloads(sides, only, rounds):
    found = []
    for workload in only:
        source = sides.work/f"{workload}.c"
        record = {"workload": workload, "nnc": median_of(rounds, sides.nnc_of(workload, source))}
        record["kib"] = source.stat().st_size/1024
        record["lines"] = source.read_text().count("\n")
        for c in sides.compilers:
            record[c] = median_of(rounds, sides.program_of(workload, c, source, sides.work/"program"))
        found.append(record)
    return found


def first_step(sides, rounds):
    """Each side once a round, in turn."""
    source, program = sides.work/f"{FIRST}.c", sides.work/"program"
    cpus = sorted(os.sched_getaffinity(0))[:1]
    pinned = {"preexec_fn": lambda: os.sched_setaffinity(0, cpus)}
    ours = sides.nnc_of(FIRST, source)
    run(ours)       # what is linked depends on what is written
    ways = [(f"nnc and {c}", [ours, sides.program_of(FIRST, c, source, program), [program, "first"]]) for c in sides.compilers]
    if "PyTorch" in sides.versions:
        ways += [(f"PyTorch {mode}", [[sys.executable, HERE/"peer_torch.py", FIRST, mode, 1, "first"]]) for mode in ("eager", "compile")]
    if "JAX" in sides.versions:
        ways.append(("JAX jit", [[sys.executable, HERE/"peer_jax.py", FIRST, 1, "first"]]))
    times = {label: [] for label, _ in ways}
    for k in range(rounds):
        for label, commands in ways:
            cold = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(sides.work/f"cold{k}")}
            times[label].append(seconds_of(*commands, env=cold, **pinned))
    return [{"side": label, "seconds": statistics.median(t)} for label, t in times.items()]


def chain(layers):
    lines = ["model chain {", "    input  x[64]", "    target t : class[10]", "    y0 = x"]
    lines += [f"    y{i} = y{i - 1} |> linear({(64, 48, 32)[i % 3]}) |> relu" for i in range(1, layers)]
    lines += [f"    z = y{layers - 1} |> linear(10)", "    output z", "    loss   cross_entropy(z, t)", "    optimizer adam(lr=0.001)", "    train  batch=64", "}"]
    return "\n".join(lines) + "\n"


def growth(sides, rounds):
    found = []
    for layers in LAYERS:
        model, source = sides.work/"chain.nn", sides.work/"chain.c"
        model.write_text(chain(layers))
        command = [sides.nnc, model, "-o", source]
        try:
            seconds = median_of(rounds if layers < 1000 else 1, command, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            found.append({"layers": layers, "seconds": None, "kib": None})
        else:
            found.append({"layers": layers, "seconds": seconds, "kib": source.stat().st_size/1024})
    return found


def compile_times(sides, only, rounds, before):
    found = {"workloads": [r for r in (before or {}).get("workloads", []) if r["workload"] not in only] + of_workloads(sides, only, rounds)}
    found["workloads"].sort(key=lambda r: list(WORKLOADS).index(r["workload"]))
    kept = before and FIRST not in only
    return {**found, "first": before["first"] if kept else first_step(sides, rounds), "growth": before["growth"] if kept else growth(sides, rounds)}
