"""The tables of docs/speed.md, from what bench.py has measured.

    lines_of(found)      one workload on so many threads, every side a row: for people who watch it run
    summary(results)     for each workload, thread count and peer: the ratio to nnc, the share of the peak; picture.py draws it
    table(results)       the whole page, in Markdown"""
import statistics

from sides import WORKLOADS

# What each workload is called, and what it is.
NAMES = {
    "line": ("W1", "linear regression, 100 samples, SGD"),
    "perceptron": ("W2", "MLP 784-128-10, Adam, batch 64"),
    "colour": ("W3", "CNN on 3x32x32, Adam, batch 64"),
    "colour_of_four": ("W3, 4", "the same, batch 4"),
    "grey": ("W4", "LeNet-5 on 1x28x28, SGD with momentum, batch 64"),
    "residual": ("W5", "ResNet-20 on 3x32x32, SGD with momentum and decay, batch 64"),
    "regions": ("W6", "U-Net 16/32/64 on 1x128x128, Dice, SGD with momentum, batch 4"),
    "sentences": ("W7", "Transformer 2+2 layers of 128, 24+24 of 4000 words, Adam, batch 32"),
    "letters": ("W8, LSTM", "LSTM of 256, 64 of 65 letters, Adam, batch 32"),
    "gpt": ("W8, GPT", "GPT, 4 layers of 128, 128 of 65 letters, AdamW, batch 16"),
    "large": ("W9", "GPT-2 of 124 million, 12 layers of 768, 64 of 50257 tokens, AdamW, batch 4"),
}
PEERS = ("PyTorch eager", "PyTorch compile", "JAX jit", "KANN", "darknet", "llm.c", "by hand", "ONNX Runtime")


def median_us(side):
    return statistics.median(side["us"])


def ours(found):
    """nnc's side: of its two C compilers' programs the faster one."""
    return min((s for s in found["sides"] if s["label"].startswith("nnc")), key=median_us)


def ratio(side, best):
    return statistics.median(a/b for a, b in zip(side["us"], best["us"]))


def share(found, side, of=statistics.median):
    """Of the multiply-add peak; of=min: in the side's best round."""
    return WORKLOADS[found["workload"]]*1e6/(of(side["us"])*1e-6)/(statistics.median(found["peak"])*1e9)


def of_blas(found):
    """What a product of OpenBLAS reached of the peak in the same rounds."""
    return statistics.median(found["product"])/statistics.median(found["peak"]) if found.get("product") else None


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def lines_of(found):
    best = ours(found)
    lines = ["| | side | us | times nnc | share of peak | MiB |", "|---|---|--:|--:|--:|--:|"]
    for side in found["sides"]:
        row = [found["workload"], side["label"] + (f" ({side['way']})" if "way" in side else ""), number(median_us(side)), number(ratio(side, best)),
               f"{share(found, side):.1%}" if found["kind"] == "train" else "-", f"{side['rss']/1024:,.0f}" if side["rss"] else "-"]
        lines.append("| " + " | ".join(row) + " |")
    return lines


def summary(results):
    found = []
    for kind in ("train", "predict"):
        for record in results[kind]:
            best = ours(record)
            found.append({"kind": kind, "workload": record["workload"], "threads": record["threads"], "share": share(record, best),
                          "ratios": {s["label"]: ratio(s, best) for s in record["sides"] if s["label"] in PEERS},
                          "shares": {s["label"]: share(record, s) for s in record["sides"]}})
    return found


def grid(head, rows):
    """A table of Markdown: the first column to the left, numbers to the right."""
    return ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] + ["--:"]*(len(head) - 1)) + "|"] + ["| " + " | ".join(row) + " |" for row in rows]


def threads_of(n):
    return f"{n} thread{'s' if n > 1 else ''}"


def speed(results, kind, threads):
    records = [r for r in results[kind] if r["threads"] == threads]
    peers = [p for p in PEERS if any(s["label"] == p for r in records for s in r["sides"])]
    rows = []
    for record in records:
        best, sides = ours(record), {s["label"]: s for s in record["sides"]}
        name, what = NAMES[record["workload"]]
        row = [f"**{name}** {what}" if kind == "train" else f"**{name}**"]
        row += [number(median_us(sides[c])) if c in sides else "-" for c in ("nnc by gcc", "nnc by clang")]
        if kind == "train":
            shares = [share(record, best), share(record, best, of=min), of_blas(record)]
            row += [f"{s:.0%}" if s and record["workload"] != "line" else "-" for s in shares]
        rows.append(row + [number(ratio(sides[p], best)) if p in sides else "-" for p in peers])
    head = ["", "nnc by gcc, us", "by clang, us"] + (["share of peak", "in the best round", "sgemm's share"] if kind == "train" else []) + [f"{p}, times nnc" for p in peers]
    return grid(head, rows) if rows else []


def more_threads(results, kind):
    """What more threads bring, where both numbers ran in the same rounds: nnc's and its fastest peer's time on one over that on more."""
    records = {(r["workload"], r["threads"]): r for r in results[kind]}
    rows = []
    for (workload, threads), found in records.items():
        one = records.get((workload, 1))
        if threads == 1 or not one or 1 not in found.get("together", []): continue
        peers = [[s for s in r["sides"] if s["label"] in PEERS and s["label"] != "by hand"] for r in (one, found)]
        fastest = [min(p, key=median_us) if p else None for p in peers]
        rows.append([f"**{NAMES[workload][0]}**", str(threads), number(ratio(ours(one), ours(found)))] + [number(ratio(*fastest)) if fastest[0] else "-"])
    return grid(["", "threads", "times as fast as one", "the fastest peer"], rows) if rows else []


def saying(found):
    """Letters a second."""
    return grid(["", "letters a second", "times nnc's time"],
                [[s["label"], number(127e6/median_us(s)), number(ratio(s, ours(found)))] for s in found["sides"]])


def translating(records):
    """What it brings to end a batch behind its longest sentence."""
    rows = []
    for found in records:
        for cut, full in zip(found["sides"][::2], found["sides"][1::2]):
            rows.append([found["workload"], str(found["threads"]), *cut["label"].split(", "), number(median_us(cut)), number(median_us(full)), number(ratio(full, cut))])
    return grid(["32 pairs", "threads", "side", "words", "us", "us of 48+48", "times"], rows)


def memory(results):
    records = [r for r in results["train"] if r["threads"] == min(r["threads"] for r in results["train"])]
    labels = [p for p in PEERS if any(s["label"] == p and s["rss"] for r in records for s in r["sides"])]
    rows = []
    for record in records:
        sides = {s["label"]: s for s in record["sides"]}
        mine = ours(record)["rss"]
        cells = [f"{sides[p]['rss']/1024:,.0f} ({number(sides[p]['rss']/mine)})" if p in sides else "-" for p in labels]
        rows.append([f"**{NAMES[record['workload']][0]}**", f"{mine/1024:,.1f}"] + cells)
    return grid(["", "nnc, MiB"] + [f"{p}, MiB (times nnc)" for p in labels], rows)


def compiling(results):
    found = results["compile"]
    compilers = [c for c in ("gcc", "clang") if c in found["workloads"][0]]
    rows = [[f"**{NAMES[r['workload']][0]}**", f"{r['nnc']*1e3:,.0f}", f"{r['lines']:,}", f"{r['kib']:,.0f}"] + [f"{r[c]:.2f}" for c in compilers]
            for r in found["workloads"]]
    lines = grid(["", "nnc, ms", "lines of C", "KiB"] + [f"{c} -O2, s" for c in compilers], rows)
    lines += ["", "W3 from its text to the first finished step, C compiler and start included; the peers from their start, with cold caches:", ""]
    lines += grid(["", "seconds"], [[r["side"], f"{r['seconds']:.2f}"] for r in found["first"]])
    lines += ["", "nnc alone on a chain of dense layers:", ""]
    rows = []
    for before, r in zip([None, *found["growth"]], found["growth"]):
        known = before and before["seconds"] and r["seconds"]
        rows.append([f"{r['layers']:,}", f"{r['seconds']:.2f}" if r["seconds"] else "given up", f"{r['seconds']/before['seconds']:.1f}" if known else "-",
                     f"{r['kib']:,.0f}" if r["kib"] else "-"])
    return lines + grid(["layers", "seconds", "times the line above", "KiB of C"], rows)


def caption(results):
    at = results["machine"]
    versions = "; ".join(f"{peer} {version}" if peer not in ("gcc", "clang") else version for peer, version in results["versions"].items())
    lines = [f"{at['cpu']}, {at['cores']} cores, {' '.join(at['flags'])}. {versions}. nnc's C at -O2 -march=native, the peers' "
             f"at their own levels and -march=native. Median of {results['rounds']} round{'s' if results['rounds'] > 1 else ''} of {results['seconds']} s, "
             "all sides in turn; ratios are medians of the rounds' ratios, to the faster of nnc's two programs. Above 1, nnc is faster."]
    peaks = {n: statistics.median(p for r in results["train"] if r["threads"] == n for p in r["peak"]) for n in sorted({r["threads"] for r in results["train"]})}
    if peaks:
        lines += ["", "FMA peak in the same rounds: " + ", ".join(f"{peak:.0f} GFLOP/s on {threads_of(n)}" for n, peak in peaks.items())
                  + ". sgemm's share of it: what OpenBLAS's product of matrices of 768x768 reached in these rounds."]
    if any(n > 1 for n in peaks) and not results["nnc_threads"]:
        lines += ["", "This build of nnc has no threads of its own: on two, only the BLAS that it calls for large products uses the second."]
    ways = {r["workload"]: s["way"] for r in results["train"] for s in r["sides"] if s.get("way") and r["threads"] == 1}
    if ways:
        lines += ["", "By hand: the fastest correct way of each program on this machine: " + "; ".join(f"{NAMES[w][0]} {way}" for w, way in ways.items())
                  + ". They are written for 16 lanes; where vectors are shorter the compiler splits them, which costs much. They check themselves, from weights of "
                  "their own."]
    if results["absent"]:
        lines += ["", "Left out: " + "; ".join(f"{what} ({reason})" for what, reason in results["absent"].items()) + "."]
    return lines


def table(results):
    lines = ["# Speed: the table", "", "Written by `make bench`; [speed.md](speed.md) explains it.", ""] + caption(results)
    for kind, title in (("train", "Training, a step"), ("predict", "Prediction of one sample")):
        for threads in sorted({r["threads"] for r in results[kind]}):
            lines += ["", f"## {title}, {threads_of(threads)}", ""] + speed(results, kind, threads)
        if more := more_threads(results, kind):
            lines += ["", f"## {title}: what more threads bring", ""] + more
    for found in results.get("sample", []):
        lines += ["", f"## A text of 128 letters from models/gpt.nn, {threads_of(found['threads'])}", ""] + saying(found)
    if results.get("translate"):
        lines += ["", "## Sentences that end early", "", "A step of W7 on real sentences, cut behind the longest of the batch, and padded to 48.", ""]
        lines += translating(results["translate"])
    if results["train"]:
        lines += ["", "## Memory", "", "Peak resident memory of training, on the fewest threads.", ""] + memory(results)
    if results["compile"]:
        lines += ["", "## Compiling", ""] + compiling(results)
    return "\n".join(lines) + "\n"
