#!/usr/bin/env python3
"""nnc beside its peers: `make bench`, or

    python3 tests/bench/bench.py NNC [--rounds N] [--seconds S] [--only WORKLOAD,...] [--threads 1,2] [--out DIR]
                                     [--no-compile] [--compile-rounds N]
                                     [--kann DIR] [--darknet DIR] [--llmc DIR] [--reference DIR] [--sentences DIR]
    python3 tests/bench/bench.py --from DIR/speed.json --out DIR         draws again what was measured before

writes speed.json, speed-table.md and speed.svg, anew after each workload. With both NNC and --from, what is measured takes the place of
what was, workload by workload: one record is always one invocation; with no number of --threads only compiling is. Peers in Python are those of the python that runs this; KANN, darknet, llm.c and
the hand-written programs are source folders, by default those of ~/.cache/nnc-bench. What is not there is named and skipped. The workload
`large`, GPT-2 of 124 million parameters, wants 8 GB and some minutes, and is measured only when --only names it. With a folder of train.en.gz
and train.de.gz, the Transformer takes steps on real sentences too.

All sides of a workload, on each number of threads, run in turn, round after round. A figure is the median of the rounds, and a ratio is the median of
the rounds' ratios, so that what else the machine does falls out of it. Before anything is timed, the losses after 20 steps
must agree to 1e-3, and the predictions too. sides.py runs one side, compiling.py looks at compile times, table.py and
picture.py say what was seen."""
import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from compiling import compile_times
from picture import picture
from sides import CACHE, PREDICTED, PRODUCT, TRANSLATED, WORKLOADS, Sides
from table import lines_of, table, threads_of


def started(sides, kind, workload, threads, running):
    """Starts the sides of a workload on so many threads, as pairs with their records in `running`, and sees that they do the same work."""
    mine = []
    for side in getattr(sides, kind)(workload, threads):
        try:
            check = side.start()
        except RuntimeError as error:
            side.end()
            sides.absent[f"{side.label}, {workload}, {threads} threads"] = str(error)
            continue
        mine.append((side, {"label": side.label, "check": check, "us": []}))
        running.append(mine[-1])
    expected = mine[0][1]["check"]
    for side, record in mine:
        if record["check"] is not None and not abs(record["check"] - expected) <= 1e-3*max(1, abs(expected)):
            sys.exit(f"{workload}: the work is not equal: {side.label} has {record['check']}, {mine[0][0].label} {expected}")
    return mine


def measured(sides, kind, workload, counts, options):
    """One workload on each of these numbers of threads, in the same rounds: for each a record of all sides, and of each round the peak and
    what OpenBLAS makes of it."""
    running, of_count, blas = [], {}, {}
    found = {threads: {"kind": kind, "workload": workload, "threads": threads, "together": counts, "peak": [], "product": []} for threads in counts}
    try:
        for threads in counts:
            of_count[threads] = started(sides, kind, workload, threads, running)
            if sides.sgemm and kind == "train":
                blas[threads] = sides.product(threads)
                blas[threads].start()
        for _ in range(options.rounds):
            for threads in counts:
                found[threads]["peak"].append(sides.peak(threads))
                if threads in blas:
                    found[threads]["product"].append(1e3*PRODUCT/blas[threads].measure(options.seconds))
                for side, record in of_count[threads]:
                    record["us"].append(side.measure(options.seconds))
        for side, record in running:
            record["rss"] = side.stop()
            if hasattr(side, "way"): record["way"] = side.way
    finally:
        for side in [side for side, _ in running] + list(blas.values()):
            side.end()
    for threads in counts:
        found[threads]["sides"] = [record for _, record in of_count[threads]]
    return list(found.values())


def machine():
    with open("/proc/cpuinfo") as cpu:
        text = cpu.read()
    field = lambda name: next((line.split(":")[1].strip() for line in text.splitlines() if line.startswith(name)), "unknown")
    flags = [f for f in ("sse2", "avx", "avx2", "fma", "avx512f") if f in field("flags").split()]
    return {"cpu": field("model name"), "flags": flags, "cores": len(os.sched_getaffinity(0)), "system": f"{platform.system()} {platform.release()}"}


def measure(options, before, write):
    only = options.only.split(",")
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="nnc-bench-") as work:
        sides = Sides(Path(options.nnc).resolve(), Path(work), only, Path(options.kann), Path(options.darknet), Path(options.llmc),
                      Path(options.reference), options.sentences)
        results = {"machine": machine(), "versions": sides.versions, "absent": sides.absent, "rounds": options.rounds, "seconds": options.seconds,
                   "nnc_threads": sides.threaded, "train": before.get("train", []), "predict": before.get("predict", []), "sample": before.get("sample", []),
                   "translate": before.get("translate", []),
                   "compile": before.get("compile")}
        chosen = {"train": only, "predict": [w for w in only if w in PREDICTED], "sample": [w for w in only if w == "gpt"],
                  "translate": list(sides.batches)}
        wanted = [int(n) for n in options.threads.split(",") if n]
        for threads in wanted:
            if threads > cores: sides.absent[f"{threads} threads"] = f"{cores} cores"
        counts = [n for n in wanted if n <= cores]
        for kind, workloads in chosen.items():
            for workload in workloads if counts else []:
                # All sides of GPT-2 on one number of threads are what the memory has room for.
                for group in [[n] for n in counts] if workload == "large" else [counts]:
                    for found in measured(sides, kind, workload, group, options):
                        results[kind] = [r for r in results[kind] if (r["workload"], r["threads"]) != (workload, found["threads"])] + [found]
                        print(f"\n{kind}, {threads_of(found['threads'])}\n" + "\n".join(lines_of(found)), flush=True)
                    results[kind].sort(key=lambda r: [*WORKLOADS, *TRANSLATED].index(r["workload"]))
                    write(results)
        if not options.no_compile:
            results["compile"] = compile_times(sides, only, options.compile_rounds or options.rounds, results["compile"])
    return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nnc", nargs="?")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--only", default=",".join(w for w in WORKLOADS if w != "large"))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--compile-rounds", type=int)
    parser.add_argument("--out", default=".")
    parser.add_argument("--sentences")
    parser.add_argument("--from", dest="before")
    for peer in ("kann", "darknet", "llm.c", "reference"):
        option = peer.replace(".", "")
        parser.add_argument(f"--{option}", default=os.environ.get(f"NNC_BENCH_{option.upper()}", CACHE/peer))
    options = parser.parse_args()
    if not options.nnc and not options.before:
        parser.error("which nnc?")
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)

    def write(results):
        (out/"speed.json").write_text(json.dumps(results) + "\n")
        (out/"speed-table.md").write_text(table(results))
        (out/"speed.svg").write_text(picture(results))

    results = json.loads(Path(options.before).read_text()) if options.before else {}
    if options.nnc:
        results = measure(options, results, write)
    write(results)
    for what, reason in results["absent"].items():
        print(f"left out: {what}: {reason}")
    print(f"written: {out}/speed.json, speed-table.md, speed.svg")


main()
