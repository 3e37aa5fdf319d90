"""Pictures changed by chance: what is certain (p = 0 or 1, one place only, at rest) beside PyTorch, what is not as truths about many
samples. Writes augmentation.nn and augmentation.txt; see cases.py."""
from cases import *

begin("augmentation")

for entry, axis in (("random_flip", 3), ("random_vertical_flip", 2)):
    layer(entry, "p=1", lambda v: v.flip(axis), real(2, 2, 3, 4), rest=lambda v: v)
    layer(entry, "p=0", lambda v: v, real(2, 2, 3, 4))
    t = classes(3, 2, 4, 5)
    def compute(i, p):
        y = i["x"] + p["p"]
        return {"a": y}, F.cross_entropy(y.flip(axis), i["t"].flip(axis - 1), weight=torch.tensor([1.0, 2, 3])) + probe(y.flip(axis))
    case(entry, f"{entry}(x, t, p=1)", f"weight[c < 3] = c + 1; v = x + p; a, b = {entry}(v, t, p=1); output a; loss cross_entropy(a, b, weight) + probe(a)",
         {"x": real(2, 3, 4, 5), "t": t}, {"p": torch.zeros(3, 4, 5)}, compute, types={"t": "class[3]"})
# The middle at rest; a picture cut by nothing is itself.
layer("random_crop", "", lambda v: v, real(2, 2, 3, 4))
for P, Q, shape in ((3, 2, (2, 5, 4)), (4, 4, (1, 6, 8)), (5, 3, (2, 5, 6))):
    top, left = (shape[1] - P)//2, (shape[2] - Q)//2
    holds("random_crop", f"random_crop(x, P={P}, Q={Q}), in training a part of it", f"""a = random_crop(x, P={P}, Q={Q})
    right[i < {P}, j < {Q}] = a[0, i, j] == a[0, 0, 0] + i*{shape[2]} + j""", ["(all(batch) all(right))", f"(max(batch) a[0, 0, 0]) > (min(batch) a[0, 0, 0])"],
          read="sum(batch) sum(a)", inputs={"x": torch.arange(math.prod(shape)).double().reshape(1, *shape).repeat(16, 1, 1, 1)})
    x = real(2, *shape)
    case("random_crop", f"random_crop(x, P={P}, Q={Q}), at rest the middle", f"y = random_crop(x + p, P={P}, Q={Q}); output y; loss 0*sum(y) + sum(p)", {"x": x},
         {"p": torch.zeros(shape)}, lambda i, p: ({"y": (i["x"] + p["p"])[:, :, top:top + P, left:left + Q]}, p["p"].sum()))

many = lambda *shape: torch.arange(1, 1 + math.prod(shape)).double().reshape(1, *shape).repeat(40, *[1]*len(shape))
both = ["(any(batch) {0})", "(any(batch) {1})", "(all(batch) ({0} or {1}))"]
for entry, moved in (("random_flip", "x[c, i, 4-j]"), ("random_vertical_flip", "x[c, 3-i, j]")):
    holds(entry, f"{entry}(x, x)", f"""a, b = {entry}(x, x)
    same[c, i, j] = a[c, i, j] == x[c, i, j]; other[c, i, j] = a[c, i, j] == {moved}; together = all(a == b)""",
          [t.format("all(same)", "all(other)") for t in both] + ["(all(batch) together)", "(mean(batch) where(all(same), 1, 0)) > 0.2", "(mean(batch) where(all(same), 1, 0)) < 0.8"],
          read="sum(batch) sum(a)", inputs={"x": many(2, 4, 5)})
# With a border: picture and mask move alike, by at most `pad` in each direction, and both ways; what comes in is fill.
holds("random_crop", "random_crop(x, 2, m, fill=-1, fill_y=-2)", """m[i, j] = x[0, i, j]; a, b = random_crop(x, 2, m, fill=-1, fill_y=-2)
    alike[i, j] = a[0, i, j] == b[i, j] or a[0, i, j] == -1 and b[i, j] == -2
    by = a[0, 3, 3] - x[0, 3, 3]
    moved[i < 7, j < 8] = where(a[0, i, j] == -1, true, a[0, i, j] == 8*i + j + 1 + by)
    lost = sum(i, j) (a[0, i, j] == -1)""",
      ["(all(batch) all(alike))", "(all(batch) all(moved))", "(max(batch) by) > 8", "(min(batch) by) < -8", "(max(batch) abs(by)) <= 18", "(max(batch) lost) <= 26",
       "(max(batch) lost) > 8", "(min(batch) lost) < 9"], read="sum(batch) sum(a)", inputs={"x": many(1, 7, 8)})
layer("cutout", "2, p=0", lambda v: v, real(2, 2, 3, 4))
layer("cutout", "9, p=1", lambda v: v*0, real(2, 2, 3, 4), rest=lambda v: v)
holds("cutout", "cutout(x, 3)", """a = cutout(x, 3); gone[i, j] = all(c) (a[c, i, j] == 0); n = sum(i, j) gone[i, j]
    untouched[c, i, j] = a[c, i, j] == x[c, i, j] or gone[i, j]
    rows = sum(i) any(j) gone[i, j]; cols = sum(j) any(i) gone[i, j]""",
      ["(all(batch) all(untouched))", "(max(batch) n) == 9", "(min(batch) n) >= 4", "(all(batch) (rows*cols == n))", "(max(batch) rows) == 3", "(min(batch) cols) == 2"],
      read="sum(batch) sum(a)", inputs={"x": many(2, 6, 7)})
layer("random_erasing", "p=0", lambda v: v, real(2, 2, 3, 4))
holds("random_erasing", "random_erasing(x, value=-1)", """a = random_erasing(x, value=-1); gone[i, j] = all(c) (a[c, i, j] == -1); n = sum(i, j) gone[i, j]
    untouched[c, i, j] = a[c, i, j] == x[c, i, j] or gone[i, j]
    rows = sum(i) any(j) gone[i, j]; cols = sum(j) any(i) gone[i, j]""",
      ["(all(batch) all(untouched))", "(all(batch) (rows*cols == n))", "(max(batch) n) <= 99", "(min(batch) n) == 0", "(max(batch) n) > 30",
       "(mean(batch) where(n == 0, 1, 0)) > 0.2", "(mean(batch) where(n == 0, 1, 0)) < 0.8", "(any(batch) (rows > cols))", "(any(batch) (rows < cols))"],
      read="sum(batch) sum(a)", inputs={"x": many(2, 15, 16)})

end()
