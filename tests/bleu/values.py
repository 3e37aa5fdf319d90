"""Writes values.txt: corpora with odd cases, and what sacrebleu says of them.

    python3 -m pip install sacrebleu; python3 tests/bleu/values.py >tests/bleu/values.txt

A corpus is a line `corpus NAME SCORE MATCHED*4 TOTAL*4 LENGTH REFERENCE_LENGTH`, then for each sentence `> translation` and
`= reference`.
"""
import random
from sacrebleu.metrics import BLEU

PAIRS = [
    ("A man is riding a horse.", "A man rides a horse."),
    ("Two dogs, one cat, and 1,000.50 birds!", "Two dogs, a cat and 1,000.50 birds!"),
    ("He said \"no\" (twice) - it's 3-4 o'clock...", "He said \"no\", (twice) -- it's 3-4 o'clock ..."),
    ("Der Mann fährt im Größenvergleich: 5,5 % schneller.", "Der Mann fährt – im Größenvergleich – 5,5% schneller."),
    ("&quot;R&amp;D&quot; &lt;b&gt; &amp;lt; &apos;", "\"R&D\" <b> < '"),
    ("price: $5.00/kg [approx.] {a|b} ~c ^d `e`", "price : $5.00/kg (approx.) {a|b} ~ c ^d `e`"),
    ("", "an empty translation"),
    ("an empty reference", ""),
    ("", ""),
    ("a-b 1-b 1--2 -3 4-", "a - b 1 - b 1 -- 2 -3 4 -"),
    ("..,,.. 1.,2 .5 5. ,6 7,", ". .,,. . 1.,2 .5 5 . ,6 7 ,"),
    ("x<skipped>y <skip<skipped>ped> z", "xy z"),
    ("wide\u3000space\u00a0and\u2009thin\u2028line\u0085end", "wide space and thin line end"),
    ("日本語。テスト、です。", "日本語。テスト、です。"),
    ("tab\tand  two   spaces ", " tab and two spaces"),
    ("é. é, .é ,é ü.5 5.ü", "é . é , . é , é ü . 5 5 . ü"),
    ("the the the the the the the", "the cat is on the mat the end"),
    ("a@b.de http://x.y/z?q=1&r=2#s 10:30 50% #1", "a@b.de http://x.y/z?q=1&r=2 10:30 50 % # 1"),
]


def show(name, pairs):
    score = BLEU().corpus_score([t for t, _ in pairs], [[r for _, r in pairs]])
    print("corpus", name, repr(float(score.score)), *score.counts, *score.totals, score.sys_len, score.ref_len)
    for t, r in pairs:
        print("> " + t)
        print("= " + r)


def noise(rng, n):
    letters = ["a", "b", "7", "0", ".", ",", "-", " ", " ", "'", "\"", "&", "&amp;", "&quot;", "&lt;", "ä", "…", "/", "(", "_"]
    return "".join(rng.choice(letters) for _ in range(n))


def main():
    show("all", PAIRS)
    show("same", [(r, r) for _, r in PAIRS])
    for i in (0, 2, 4, 9, 10, 11, 12, 13, 15):
        show(f"pair{i}", [PAIRS[i]])
    show("empty", [("", "")])
    show("no_match", [("alpha beta gamma delta", "one two three four")])
    show("short", [("yes", "yes"), ("no", "no")])
    show("three", [("a b c", "a b c d")])
    show("unigrams_only", [("d a c b e", "a b c d e"), ("x y z u v w", "w v u z y x")])
    show("brevity", [(" ".join(r.split()[:-2]), r) for _, r in PAIRS])
    for seed in range(6):
        rng = random.Random(seed)
        base = [noise(rng, rng.randrange(5, 80)) for _ in range(6)]
        show(f"noise{seed}", [(b[:k] + noise(rng, 4) + b[k:], b) for b in base for k in [rng.randrange(len(b))]])


main()
