"""Byte-pair encoding as its definition says, without any cleverness: what the runtime must learn from sample.txt.

    python3 tests/text/learn.py 400 >tests/text/sample.vocabulary

Compared with HuggingFace's tokenizers 0.23.3 over the same pieces, 8000 tokens of 29000 German sentences: the same merges, the same tokens.
"""
import collections
import json
import os
import re
import sys


def kind(c):
    c = ord(c)
    if c == 32: return "B"
    if 9 <= c <= 13: return "S"
    if c < 0x80: return "W" if chr(c).isalnum() else "P"
    if c <= 0xbf: return "W" if c in (0xaa, 0xb5, 0xba) else "P"
    signs = c in (0xd7, 0xf7) or 0x2000 <= c <= 0x2bff or 0x3000 <= c <= 0x303f or 0xff01 <= c <= 0xff0f or 0xff1a <= c <= 0xff20
    return "P" if signs else "W"


def pieces(line):
    kinds = "".join(map(kind, line))
    return [line[m.start():m.end()] for m in re.finditer(r"BW{1,63}|W{1,64}|BP{1,63}|P{1,64}|[SB]{1,64}?(?=B[WP])|[SB]{1,64}", kinds)]


def quoted(text):
    return json.dumps(text, ensure_ascii=False).replace("\\t", "\\u0009")


def main():
    lines = open(os.path.join(os.path.dirname(__file__), "sample.txt"), encoding="utf8").read().split("\n")
    words = collections.Counter(p for line in lines for p in pieces(line))
    tokens = [None]*3 + sorted({c for w in words for c in w})
    number = {t: i for i, t in enumerate(tokens)}
    print("nn vocabulary 1: subwords")
    for t in tokens[3:]: print(quoted(t))
    split = [([number[c] for c in w], n) for w, n in words.items()]
    while len(tokens) < int(sys.argv[1]):
        counts = collections.Counter()
        for s, n in split:
            for pair in zip(s, s[1:]): counts[pair] += n
        if not counts: break
        (a, b), n = min(counts.items(), key=lambda c: (-c[1], c[0]))
        if n < 2: break
        print(quoted(tokens[a]), quoted(tokens[b]))
        joined = tokens[a] + tokens[b]
        if joined not in number:
            number[joined] = len(tokens)
            tokens.append(joined)
        for s, _ in split:
            i = 0
            while i + 1 < len(s):
                if s[i] == a and s[i + 1] == b: s[i:i + 2] = [number[joined]]
                i += 1


main()
