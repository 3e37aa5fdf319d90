"""The picture of docs/speed.md: plain SVG, no library.

Above, for each thread count, a panel of bars: how many times nnc's time a peer takes for the same step, on a log scale, so that
a bar that rises above the line at 1 is a peer slower than nnc, and one that hangs below it a faster one. The scale ends at 100;
a bar that goes on is cut, and its number tells. Beneath, the share of the machine's multiply-add peak that nnc and two
frameworks reach, the ratios for the prediction of one sample, and what the workloads are. The ground is white, so that it
reads on dark pages too."""
import math
from html import escape

from table import NAMES, PEERS, summary, threads_of

COLOURS = {"nnc": "#2563b8", "PyTorch eager": "#d9642c", "PyTorch compile": "#f0a830", "JAX jit": "#7a5aa8", "KANN": "#3f8f6b", "darknet": "#8a8f98",
           "llm.c": "#b8a24a", "by hand": "#c2477f", "ONNX Runtime": "#4b6a88"}
WIDTH, LEFT, RIGHT, PANEL, GAP = 1000, 64, 20, 220, 72
INK, GREY, PALE = "#22262b", "#5b636d", "#e3e6ea"
BOLD = ' font-weight="600"'


def text(x, y, words, size=12, anchor="middle", colour=INK, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{more}>{escape(words)}</text>'


def line(x1, y1, x2, y2, colour=PALE, width=1.0):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def rect(x, y1, y2, width, colour):
    return f'<rect x="{x:.1f}" y="{min(y1, y2):.1f}" width="{width:.1f}" height="{max(abs(y1 - y2), 1):.1f}" rx="1.5" fill="{colour}"/>'


def short(value):
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.95 else f"{value:.2f}"


def frame(top, left, right, title, ticks, height, base):
    """The title, a line for each tick with its words, and the line that bars stand on."""
    out = [text(left, top - 24, title, 14, "start", more=BOLD)]
    for value, words in ticks:
        out += [line(left, height(value), right, height(value)), text(left - 8, height(value) + 4, words, 11, "end", GREY)]
    return out, [line(left, height(base), right, height(base), INK, 1.5)]


def places(left, right, counts, widest=30):
    """For each group of so many bars: its middle, where its first bar begins, and how wide a bar is."""
    width = (right - left)/max(1, len(counts))
    for k, count in enumerate(counts):
        each = min(widest, (width - 20)/max(1, count))
        middle = left + width*(k + 0.5)
        yield middle, middle - each*count/2, each


def ratios(top, left, right, title, rows, low, high):
    """Rows are workloads, with the ratio of each peer."""
    height = lambda r: top + PANEL - PANEL*(min(max(math.log10(r), low), high) - low)/(high - low)
    ticks = [(10.0**(k/2), f"{10**(k//2)*(3 if k % 2 else 1):g}x") for k in range(round(2*low), round(2*high) + 1)] if high - low <= 4 else []
    out, ground = frame(top, left, right, title, ticks, height, 1)
    present = [[p for p in PEERS if p in row["ratios"]] for row in rows]
    for row, peers, (middle, begin, each) in zip(rows, present, places(left, right, [len(p) for p in present])):
        for k, peer in enumerate(peers):
            r, x = row["ratios"][peer], begin + k*each
            out.append(rect(x + 1, height(1), height(r), each - 2, COLOURS[peer]))
            if not low <= math.log10(r) <= high:
                cut = height(r) + (10 if r > 1 else -14)
                out.append(f'<path d="M{x - 1:.1f} {cut + 4:.1f}L{x + each + 1:.1f} {cut - 4:.1f}" stroke="#ffffff" stroke-width="4"/>')
            out.append(text(x + each/2, height(r) - 4 if r >= 1 else height(r) + 11, short(r), 10))
        out.append(text(middle, top + PANEL + 20, NAMES[row["workload"]][0], 12, more=BOLD))
    return out + ground


def shares(top, left, right, rows):
    """For each workload the shares of nnc and of two frameworks, on each thread count."""
    height = lambda s: top + PANEL - PANEL*min(1.0, s)
    out, ground = frame(top, left, right, "Share of the fused multiply-add peak", [(k/4, f"{25*k}%") for k in range(5)], height, 0)
    found = {}
    for row in sorted((r for r in rows if r["workload"] != "line"), key=lambda r: r["threads"]):
        bars = found.setdefault(row["workload"], [])
        bars.append(("nnc", row["threads"], row["share"]))
        bars += [(peer, row["threads"], row["shares"][peer]) for peer in ("PyTorch eager", "JAX jit") if peer in row["shares"]]
    for (workload, bars), (middle, begin, each) in zip(found.items(), places(left, right, [len(b) for b in found.values()])):
        for k, (peer, threads, s) in enumerate(bars):
            x = begin + k*each
            out += [rect(x + 1, height(0), height(s), each - 2, COLOURS[peer]), text(x + each/2, height(s) - 4, f"{100*s:.0f}", 10)]
        for threads in {t for _, t, _ in bars}:
            these = [k for k, (_, t, _) in enumerate(bars) if t == threads]
            out.append(text(begin + each*(sum(these)/len(these) + 0.5), top + PANEL + 13, f"{threads} thr.", 9, colour=GREY))
        out.append(text(middle, top + PANEL + 29, NAMES[workload][0], 12, more=BOLD))
    return out + ground


def legend(y, sides):
    out, x = [], float(LEFT)
    for side in sides:
        out += [f'<rect x="{x:.1f}" y="{y - 10}" width="12" height="12" rx="2" fill="{COLOURS[side]}"/>', text(x + 18, y, side, 12, "start")]
        x += 36 + 7.2*len(side)
    return out


def picture(results):
    rows = summary(results)
    train, predict = ([r for r in rows if r["kind"] == kind] for kind in ("train", "predict"))
    every = [v for r in rows for v in r["ratios"].values()] + [0.3, 10.0]
    low, high = max(-1, math.floor(2*math.log10(min(every)))/2), min(2, math.ceil(2*math.log10(max(every)))/2)
    out, top, right = [], 144, WIDTH - RIGHT
    for n in sorted({r["threads"] for r in train}):
        out += ratios(top, LEFT, right, f"Training: time of a step, times nnc's, {threads_of(n)}", [r for r in train if r["threads"] == n], low, high)
        top += PANEL + GAP
    out += shares(top, LEFT, right, train)
    top += PANEL + GAP + 12
    fewest = [r for r in predict if r["ratios"] and r["threads"] == min(p["threads"] for p in predict)]
    beside, bottom = LEFT, top - 8
    if fewest:
        out += ratios(top, LEFT, 340, f"Prediction of one sample, {threads_of(fewest[0]['threads'])}", fewest, low, high)
        beside, bottom = 400, top + PANEL + GAP - 40
    at, notes = results["machine"], [f"{name}: {what}" for name, what in NAMES.values()]
    width = "AVX-512" if "avx512f" in at["flags"] else "AVX2" if "avx2" in at["flags"] else "SSE"
    for words in (*notes, f"{at['cpu']}, {at['cores']} cores, {width}; "
                  f"median of {results['rounds']} round{'s' if results['rounds'] > 1 else ''}, all sides in turn"):
        out.append(text(beside, top, words, 11, "start", GREY))
        top += 16
    height = max(top, bottom) + 8
    head = [text(LEFT, 36, "nnc beside its peers", 20, "start", more=' font-weight="700"'),
            text(LEFT, 58, "float32, the same weights, the same loss after 20 steps; a bar that rises is a peer slower than nnc", 12, "start", GREY),
            *legend(84, ["nnc", *(p for p in PEERS if any(p in r["ratios"] for r in rows))])]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'font-family="Helvetica, Arial, DejaVu Sans, sans-serif">\n<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n'
            + "\n".join(head + out) + "\n</svg>\n")
