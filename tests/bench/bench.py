#!/usr/bin/env python3
"""Times nnc and its peers on the workloads of workloads.nn: `make bench`.

    python3 tests/bench/bench.py NNC [--rounds N] [--seconds S] [--only WORKLOAD,...] [--out FILE.md]

All sides of a workload run in turn, round after round, each as a process of its own with one thread; a figure is the
median of the rounds, and a ratio is the median of the rounds' ratios, so that what else the machine does falls out. Before
anything is timed the losses after 20 steps must agree to 1e-3. A side that is not installed is named and left out.
GFLOP/s count the dense multiply-adds of forward, data and weight gradients; the share is of the peak of fused
multiply-adds that peak.c measures in the same rounds."""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Dense multiply-adds of a step, in MFLOP (two for each).
WORKLOADS = {"line": 0.0004, "perceptron": 26.2, "colour": 205.2, "colour_of_four": 12.8, "grey": 144.9, "residual": 15616}
FLAGS = ["-std=gnu11", "-O2", "-march=native"]


def compilers():
    return [c for c in ("gcc", "clang") if shutil.which(c)]


def run(command, **more):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, **more).stdout


def figures(text):
    return {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if len(line.split()) == 2}


def build(nnc, work):
    for name in WORKLOADS:
        run([nnc, f"--model={name}", HERE/"workloads.nn", "-o", work/f"{name}.c"])
        for c in compilers():
            link = ["-lopenblas"] if "cblas.h" in (work/f"{name}.c").read_text() else []
            run([c, *FLAGS, f"-DMODEL={name}_model", f"-I{ROOT/'runtime'}", f"-I{work}", HERE/"work.c", work/f"{name}.c", *link, "-lm",
                 "-lpthread", "-o", work/f"{name}-{c}"])
    run([compilers()[0], *FLAGS, HERE/"peak.c", "-o", work/"peak"])


def sides(name, work, seconds):
    """The sides of a workload: what is shown, and the command."""
    found = [(f"nnc, {c}", [work/f"{name}-{c}", seconds]) for c in compilers()]
    if subprocess.run([sys.executable, "-c", "import torch"], capture_output=True).returncode == 0:
        for mode in ("eager", "compile"):
            found.append((f"PyTorch {mode}", [sys.executable, HERE/"peer_torch.py", name, mode, 1, seconds]))
    return found


def time_all(name, work, rounds, seconds):
    results, absent = {}, []
    for label, command in sides(name, work, seconds):
        try:
            results[label] = [figures(run(command, env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}))]
        except subprocess.CalledProcessError as error:
            absent.append(f"{label}: {error.stderr.strip().splitlines()[-1] if error.stderr.strip() else 'failed'}")
    first = next(iter(results.values()))[0]["loss"]
    for label, found in results.items():
        if not abs(found[0]["loss"] - first) <= 1e-3*max(1, abs(first)):
            sys.exit(f"{name}: the work is not equal: {label} has the loss {found[0]['loss']} after 20 steps, nnc {first}")
    peaks = []
    for _ in range(rounds):
        peaks.append(figures(run([work/"peak"]))["gflops"])
        for label, command in sides(name, work, seconds):
            if label in results:
                results[label].append(figures(run(command, env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})))
    return {label: found[1:] for label, found in results.items()}, absent, statistics.median(peaks)


def report(name, results, peak):
    ours = min((statistics.median(r["us"] for r in found), label) for label, found in results.items() if label.startswith("nnc"))[1]
    lines = []
    for label, found in results.items():
        us = statistics.median(r["us"] for r in found)
        ratio = statistics.median(r["us"]/o["us"] for r, o in zip(found, results[ours]))
        share = WORKLOADS[name]*1e6/(us*1e-6)/(peak*1e9)
        lines.append(f"| {name} | {label} | {us:,.4g} | {ratio:.2f} | {share:.0%} | {statistics.median(r['rss'] for r in found)/1024:,.0f} |")
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nnc")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", default="0.7")
    parser.add_argument("--only", default=",".join(WORKLOADS))
    parser.add_argument("--out")
    options = parser.parse_args()
    text = ["| workload | side | us a step | times nnc | share of FMA peak | MiB |", "|---|---|--:|--:|--:|--:|"]
    with tempfile.TemporaryDirectory() as work:
        build(Path(options.nnc).resolve(), Path(work))
        for name in options.only.split(","):
            results, absent, peak = time_all(name, Path(work), options.rounds, options.seconds)
            text += report(name, results, peak)
            for line in absent:
                print(f"left out of {name}: {line}", flush=True)
            print("\n".join(text[-len(results):]), f"(peak {peak:.0f} GFLOP/s)", flush=True)
    if options.out:
        Path(options.out).write_text("\n".join(text) + "\n")


main()
