"""Loop nests of square matrices: elimination with the largest pivot of a column for small ones, and Cholesky's factors of all sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ir.loops import Check, Loop, word
from ..ir.sizes import fixed
from ..ir.types import element_count
from .triangular_loop import offsets

MOST = 64               # rows and columns up to which these loops were measured to be faster than a call of LAPACK by numpy
_ROWS, _WIDEST = 6, 128  # of a tile of sums: rows, and bytes of each, which two of the widest vectors have
SINGULAR, INDEFINITE = "Singular matrix", "Matrix is not positive definite"         # as numpy says it


def _small(n: Any) -> bool:
    return fixed(n) and n <= MOST


def _indented(lines: Sequence[str], by: int = 1) -> list[str]:
    return ["    " * by + line for line in lines]


def _taken(name: str, turned: bool) -> list[str]:
    """A matrix into scratch memory, transposed if `turned`."""
    place = "j * n + i" if turned else "i * n + j"
    return ["for i in range(n):", "    for j in range(n):", f"        store(scratch0, mine + i * n + j, load({name}, at + {place}))"]


def _eliminated(t: str, sides: bool, swapped: Sequence[str], singular: Sequence[str] | None) -> list[str]:
    """The upper triangle of what is in scratch memory, rows exchanged for the largest pivots; `sides`: the same done to the k columns of `out`.

    Where no pivot is left `singular` is done, or if it is None nothing: the rows below are as they are to be.
    """
    exchange = ["for j in range(p, n):", "    v = load(scratch0, mine + p * n + j)",
                "    store(scratch0, mine + p * n + j, load(scratch0, mine + q * n + j))", "    store(scratch0, mine + q * n + j, v)"]
    below = [f"f = {t}(load(scratch0, mine + i * n + p) / d)", "for j in range(p + 1, n):",
             f"    store(scratch0, mine + i * n + j, {t}(load(scratch0, mine + i * n + j) - f * load(scratch0, mine + p * n + j)))"]
    if sides:
        exchange += ["for j in range(k):", "    v = load(out, to + p * k + j)", "    store(out, to + p * k + j, load(out, to + q * k + j))",
                     "    store(out, to + q * k + j, v)"]
        below += ["for j in range(k):", f"    store(out, to + i * k + j, {t}(load(out, to + i * k + j) - f * load(out, to + p * k + j)))"]
    return ["for p in range(n):", "    q = p", "    most = abs(load(scratch0, mine + p * n + p))", "    for i in range(p + 1, n):",
            "        v = abs(load(scratch0, mine + i * n + p))", "        if v > most:", "            most = v", "            q = i",
            *([] if singular else ["    last = n"]), f"    if most == {t}(0):", *_indented(singular or ["last = p + 1"], 2),
            "    if q != p:", *_indented([*exchange, *swapped], 2),
            "    d = load(scratch0, mine + p * n + p)", f"    for i in range(p + 1, {'n' if singular else 'last'}):", *_indented(below, 2)]


def _back(t: str) -> list[str]:
    """X with U X = out, of the upper triangle in scratch memory."""
    return ["for step in range(n):", "    i = n - 1 - step", "    for r in range(i + 1, n):", "        f = load(scratch0, mine + i * n + r)",
            "        for j in range(k):", f"            store(out, to + i * k + j, {t}(load(out, to + i * k + j) - f * load(out, to + r * k + j)))",
            "    d = load(scratch0, mine + i * n + i)", "    for j in range(k):",
            f"        store(out, to + i * k + j, {t}(load(out, to + i * k + j) / d))"]


_FAILED = ["extents[0] = b", "return 1"]


def _each(lines: Sequence[str]) -> str:
    return "\n".join(["for b in range(lo, hi):", *_indented(lines)])


def inverse_loop(types: Any, type: Any, adjoint: bool) -> Loop | None:
    """The solution of A X = I."""
    t, (*batch, n, _) = word(type.dtype), type.shape
    if not _small(n):
        return None
    count = element_count(tuple(batch))
    unit = ["for i in range(n):", "    for j in range(n):", f"        store(out, to + i * n + j, {t}(0))", f"    store(out, to + i * n + i, {t}(1))"]
    lines = ["at = b * n * n", "mine = at", "to = at", "k = n", *_taken("input", adjoint), *unit, *_eliminated(t, True, [], _FAILED), *_back(t)]
    return Loop(_each(lines), {"n": n}, count, count * n * n * n, [Check(0, 0, SINGULAR)], [(type.dtype, count * n * n)])


def solve_loop(types: Any, type: Any, adjoint: bool) -> Loop | None:
    """The solution of A X = B, the columns of B side by side."""
    t, (*batch, n, k) = word(type.dtype), type.shape
    if not _small(n):
        return None
    count = element_count(tuple(batch))
    sizes = {"n": n, "k": k}
    lines = ["left = b", "at = int64(0)", "fro = int64(0)"]
    steps = [offsets(x.shape[:-2], batch) for x in types]
    for axis in reversed(range(len(batch))):
        sizes |= {f"b{axis}": batch[axis], f"m{axis}": steps[0][axis], f"r{axis}": steps[1][axis]}
        lines += [f"at += (left % b{axis}) * m{axis}", f"fro += (left % b{axis}) * r{axis}", f"left = left // b{axis}"]
    lines += ["at *= n * n", "fro *= n * k", "mine = b * n * n", "to = b * n * k", *_taken("matrix", adjoint),
              "for i in range(n * k):", "    store(out, to + i, load(rhs, fro + i))", *_eliminated(t, True, [], _FAILED), *_back(t)]
    return Loop(_each(lines), sizes, count, count * n * n * (n + k), [Check(0, 0, SINGULAR)], [(type.dtype, count * n * n)])


def determinant_loop(types: Any, type: Any) -> Loop | None:
    """The product of the pivots, its sign changed with each exchange of rows; 0 where no pivot is left."""
    t, n = word(type.dtype), types[0].shape[-1]
    if not _small(n):
        return None
    count = element_count(type.shape)
    lines = ["at = b * n * n", "mine = at", f"y = {t}(1)", *_taken("input", False), *_eliminated(t, False, ["y = -y"], None),
             "for i in range(n):", f"    y = {t}(y * load(scratch0, mine + i * n + i))", "store(out, b, y)"]
    return Loop(_each(lines), {"n": n}, count, count * n * n * n, [], [(types[0].dtype, count * n * n)])


def log_determinant_loop(types: Any, type: Any) -> Loop | None:
    """The sign of that product, and the sum of the pivots' logarithms."""
    t, n = word(types[0].dtype), types[0].shape[-1]
    if not _small(n):
        return None
    count = element_count(type[0].shape)
    lines = ["at = b * n * n", "mine = at", f"s = {t}(1)", f"y = {t}(0)", *_taken("input", False), *_eliminated(t, False, ["s = -s"], None),
             "for i in range(n):", "    d = load(scratch0, mine + i * n + i)", f"    if d < {t}(0):", "        s = -s",
             f"    if d == {t}(0):", f"        s = {t}(0)", "    if d != d:", "        s = d", f"    y = {t}(y + log(abs(d)))",
             "store(sign, b, s)", "store(log_abs_determinant, b, y)"]
    return Loop(_each(lines), {"n": n}, count, count * n * n * n, [], [(types[0].dtype, count * n * n)])


def cholesky_loop(types: Any, type: Any) -> Loop:
    """The upper factor U in scratch memory, a block of rows after the other, and then its transpose.

    Of (A + A^T) / 2 what the rows above give is taken off in tiles of registers, what those of the block give row by row.
    """
    t, (*batch, n, _) = word(type.dtype), type.shape
    count = element_count(tuple(batch))
    mean = f"{t}((load(input, at + i * n + j) + load(input, at + j * n + i)) * {t}(0.5))"
    lines = ["at = b * n * n", "for i in range(n):", "    for j in range(i, n):",
             f"        store(scratch0, at + i * n + j, {mean})", f"for block in range((n + {_ROWS - 1}) // {_ROWS}):",
             f"    top = block * {_ROWS}", f"    high = min(n - top, {_ROWS})",
             f"    if high == {_ROWS} and top > 0:", "        for panel in range((n - top + 2 * LANES - 1) // (2 * LANES)):",
             "            c = top + panel * 2 * LANES", "            wide = min(n - c, 2 * LANES)", f"            acc = tile({_ROWS}, 2, LANES, {t})",
             "            if wide == 2 * LANES:", "                for q in range(top):",
             "                    acc = add_outer(acc, scratch0, at + q * n + top, 1, scratch0, at + q * n + c)",
             "                tile_store(sums, 0, 2 * LANES, acc)", f"                for r in range({_ROWS}):",
             "                    for j in range(2 * LANES):",
             "                        p = at + (top + r) * n + c + j",
             f"                        store(scratch0, p, {t}(load(scratch0, p) - load(sums, r * 2 * LANES + j)))",
             "            else:", "                for q in range(top):", f"                    for r in range({_ROWS}):",
             "                        f = load(scratch0, at + q * n + top + r)", "                        for j in range(wide):",
             "                            p = at + (top + r) * n + c + j",
             f"                            store(scratch0, p, {t}(load(scratch0, p) - f * load(scratch0, at + q * n + c + j)))",
             "        begin = top", "    else:", "        begin = int64(0)", "    for i in range(top, top + high):",
             "        for q in range(begin, i):",
             "            f = load(scratch0, at + q * n + i)", "            for j in range(i, n):",
             f"                store(scratch0, at + i * n + j, {t}(load(scratch0, at + i * n + j) - f * load(scratch0, at + q * n + j)))",
             "        d = load(scratch0, at + i * n + i)", f"        if d <= {t}(0):", *_indented(_FAILED, 3), "        d = sqrt(d)",
             "        store(scratch0, at + i * n + i, d)", "        for j in range(i + 1, n):",
             f"            store(scratch0, at + i * n + j, {t}(load(scratch0, at + i * n + j) / d))",
             "for i in range(n):", "    for j in range(i + 1):", "        store(out, at + i * n + j, load(scratch0, at + j * n + i))",
             "    for j in range(i + 1, n):", f"        store(out, at + i * n + j, {t}(0))"]
    text = f"sums = scratch(0, {_ROWS * _WIDEST // type.dtype.itemsize}, {t})\n" + _each(lines)
    return Loop(text, {"n": n}, count, count * n * n * n, [Check(0, 0, INDEFINITE)], [(type.dtype, count * n * n)])
