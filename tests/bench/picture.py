"""The picture of docs/speed.md: plain SVG, no library.

Above, for each thread count, a panel of bars: how many times nnc's time a peer takes for the same step, on a log scale, so that
a bar that rises above the line at 1 is a peer slower than nnc, and one that hangs below it a faster one. Beneath, the share of the
machine's multiply-add peak that nnc and the best framework reach. The ground is white, so that it reads on dark pages too."""
import math
from html import escape

from table import NAMES, PEERS, summary, threads_of

COLOURS = {"PyTorch eager": "#d9642c", "PyTorch compile": "#f0a830", "JAX jit": "#7a5aa8", "KANN": "#3f8f6b", "darknet": "#8a8f98",
           "by hand": "#c2477f", "ONNX Runtime": "#4b6a88", "nnc": "#2563b8"}
WIDTH, LEFT, RIGHT, PANEL, GAP = 1000, 64, 20, 210, 66
INK, PALE = "#22262b", "#e3e6ea"


def text(x, y, words, size=12, anchor="middle", colour=INK, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{more}>{escape(words)}</text>'


def line(x1, y1, x2, y2, colour=PALE, width=1):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def bar(x, y1, y2, width, colour):
    return f'<rect x="{x:.1f}" y="{min(y1, y2):.1f}" width="{width:.1f}" height="{max(abs(y1 - y2), 1):.1f}" rx="1.5" fill="{colour}"/>'


def short(value):
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.095 else f"{value:.2f}"


def groups(count):
    """The left edge and the width of each group of bars."""
    width = (WIDTH - LEFT - RIGHT)/count
    return [(LEFT + width*k, width) for k in range(count)]


def ratios(top, title, rows, low, high):
    """A panel: rows are workloads, with the ratio of each peer."""
    height = lambda r: top + PANEL - PANEL*(math.log10(r) - low)/(high - low)
    out = [text(LEFT, top - 14, title, 14, "start", more=' font-weight="600"')]
    for power in range(low, high + 1):
        out += [line(LEFT, height(10**power), WIDTH - RIGHT, height(10**power)), text(LEFT - 8, height(10**power) + 4, f"{10.0**power:g}x", 11, "end", "#5b636d")]
    for (x, width), row in zip(groups(len(rows)), rows):
        present = [p for p in PEERS if p in row["ratios"]]
        each = min(26, (width - 18)/max(1, len(present)))
        begin = x + (width - each*len(present))/2
        for k, peer in enumerate(present):
            r = row["ratios"][peer]
            out.append(bar(begin + k*each + 1, height(1), height(r), each - 2, COLOURS[peer]))
            out.append(text(begin + (k + 0.5)*each, height(r) - 4 if r >= 1 else height(r) + 11, short(r), 10))
        out.append(text(x + width/2, top + PANEL + 18, NAMES[row["workload"]][0], 12, more=' font-weight="600"'))
    return out + [line(LEFT, height(1), WIDTH - RIGHT, height(1), INK, 1.5)]


def shares(top, rows, threads):
    """The panel of shares: nnc on each thread count, and the best of the frameworks on one thread."""
    height = lambda s: top + PANEL - PANEL*s
    out = [text(LEFT, top - 14, "Share of the fused multiply-add peak", 14, "start", more=' font-weight="600"')]
    for percent in range(0, 101, 25):
        out += [line(LEFT, height(percent/100), WIDTH - RIGHT, height(percent/100)), text(LEFT - 8, height(percent/100) + 4, f"{percent}%", 11, "end", "#5b636d")]
    workloads = [w for w in NAMES if w != "line" and any(r["workload"] == w for r in rows)]
    for (x, width), workload in zip(groups(max(1, len(workloads))), workloads):
        bars = []
        for n in threads:
            for row in rows:
                if row["workload"] == workload and row["threads"] == n:
                    bars.append((f"nnc, {n}", row["share"], COLOURS["nnc"]))
                    for peer in ("PyTorch eager", "JAX jit"):
                        if peer in row["shares"]: bars.append((f"{peer.split()[0]}, {n}", row["shares"][peer], COLOURS[peer]))
        each = min(30, (width - 18)/max(1, len(bars)))
        begin = x + (width - each*len(bars))/2
        for k, (label, s, colour) in enumerate(bars):
            at = begin + (k + 0.5)*each
            out += [bar(begin + k*each + 1, height(0), height(min(1, s)), each - 2, colour), text(at, height(min(1, s)) - 4, f"{100*s:.0f}", 10),
                    text(at, top + PANEL + 13, label.split(", ")[1] + "t", 9, colour="#5b636d")]
        out.append(text(x + width/2, top + PANEL + 30, NAMES[workload][0], 12, more=' font-weight="600"'))
    return out + [line(LEFT, height(0), WIDTH - RIGHT, height(0), INK, 1.5)]


def legend(y, peers):
    out, x = [], LEFT
    for peer in peers:
        out += [f'<rect x="{x}" y="{y - 10}" width="12" height="12" rx="2" fill="{COLOURS[peer]}"/>', text(x + 18, y, peer, 12, "start")]
        x += 34 + 7.2*len(peer)
    return out


def picture(results):
    rows = summary(results)
    train = [r for r in rows if r["kind"] == "train"]
    threads = sorted({r["threads"] for r in train})
    every = [v for r in rows for v in r["ratios"].values()] + [1.0, 10.0]
    low, high = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))
    peers = [p for p in PEERS if any(p in r["ratios"] for r in rows)]
    out, top = [], 122
    for n in threads:
        out += ratios(top, f"Training: time of a step, times nnc's, {threads_of(n)}", [r for r in train if r["threads"] == n], low, high)
        top += PANEL + GAP
    for n in sorted({r["threads"] for r in rows if r["kind"] == "predict" and r["ratios"]})[:1]:
        out += ratios(top, f"Prediction of one sample, times nnc's, {threads_of(n)}", [r for r in rows if r["kind"] == "predict" and r["threads"] == n], low, high)
        top += PANEL + GAP
    out += shares(top, train, threads)
    top += PANEL + GAP
    at, notes = results["machine"], [f"{name} {what}" for name, what in NAMES.values()]
    out += [text(LEFT, top, ";  ".join(notes[:3]), 11, "start", "#5b636d"), text(LEFT, top + 16, ";  ".join(notes[3:]), 11, "start", "#5b636d"),
            text(LEFT, top + 32, f"{at['cpu']}, {at['cores']} cores, {at['flags'][-1]}; medians of {results['rounds']} rounds", 11, "start", "#5b636d")]
    height = top + 52
    head = [text(LEFT, 36, "nnc beside its peers", 20, "start", more=' font-weight="700"'),
            text(LEFT, 58, "float32, the same weights and the same loss after 20 steps; above 1x the peer is slower than nnc", 12, "start", "#5b636d"), *legend(82, peers)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'font-family="Helvetica, Arial, DejaVu Sans, sans-serif">\n<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n' + "\n".join(head + out) + "\n</svg>\n")
