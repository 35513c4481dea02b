"""The loop nest that solves triangular systems by substitution: vectors of columns in tiles, single ones each in a row of its own."""

from __future__ import annotations

from typing import Any

from ..ir.loops import Loop, word
from ..ir.sizes import fixed
from ..ir.types import element_count

_ROWS = 6                       # whose sums are kept in registers at once, two vectors each
LEAST = 2                       # columns from which tiles may serve: as many as the narrowest vectors have lanes
_WIDEST = 128                   # bytes of them: two of the widest vectors


def offsets(own: Any, whole: Any) -> list[Any]:
    """How far apart, in matrices, those of an operand are along the axes of the batch; 0 along those that it is repeated along."""
    padded = [1] * (len(whole) - len(own)) + list(own)
    steps: list[Any] = []
    step: Any = 1
    for d, w in zip(reversed(padded), reversed(whole), strict=True):
        steps.append(0 if d == 1 and w != 1 else step)
        step = step * d
    return steps[::-1]


def _in_tiles(t: str, adjoint: bool, forward: bool) -> list[str]:
    """Columns c to c + wide, kept in scratch memory: blocks of rows less the products of what is known, in tiles; in a block row by row."""
    width = "2 * LANES"
    outer = "matrix, at + p * n + top, 1" if adjoint else "matrix, at + top * n + p, n"
    place = "q * n + i" if adjoint else "i * n + q"
    one = f"tile(1, 2, LANES, {t})"
    return [f"width = {width}", "for i in range(n):", f"    row = tile_load_part({one}, rhs, fro + i * k + c, 0, 1, wide)",
            "    tile_store(scratch0, mine + i * width, 0, row)",
            f"for block in range((n + {_ROWS - 1}) // {_ROWS}):",
            f"    top = block * {_ROWS}" if forward else f"    top = max(n - {_ROWS} - block * {_ROWS}, 0)",
            f"    high = min(n - top, {_ROWS})" if forward else f"    high = min(n - block * {_ROWS}, {_ROWS})",
            f"    acc = tile({_ROWS}, 2, LANES, {t})",
            f"    if high == {_ROWS}:", f"        for p in range({'0, top' if forward else 'top + high, n'}):",
            f"            acc = add_outer(acc, {outer}, scratch0, mine + p * width)",
            "    tile_store(sums, 0, width, acc)",
            f"    begin = select(high == {_ROWS}, {'top' if forward else 'top + high'}, {'int64(0)' if forward else 'n'})",
            "    for step in range(high):", f"        i = {'top + step' if forward else 'top + high - 1 - step'}",
            "        for j in range(width):", "            store(scratch0, mine + i * width + j, "
            f"{t}(load(scratch0, mine + i * width + j) - load(sums, (i - top) * width + j)))",
            f"        for q in range({'begin, i' if forward else 'i + 1, begin'}):", f"            m = load(matrix, at + {place})",
            "            for j in range(width):", "                store(scratch0, mine + i * width + j, "
            f"{t}(load(scratch0, mine + i * width + j) - m * load(scratch0, mine + q * width + j)))",
            "        d = load(matrix, at + i * n + i)", "        for j in range(width):",
            f"            store(scratch0, mine + i * width + j, {t}(load(scratch0, mine + i * width + j) / d))",
            "for i in range(n):", f"    tile_store_part(out, to + i * k + c, 0, tile_load({one}, scratch0, mine + i * width, 0), 1, wide)"]


def _alone(t: str, adjoint: bool, forward: bool) -> list[str]:
    """Column c, kept in a row of scratch memory, so that what runs along it runs along memory."""
    row = "i = step" if forward else "i = n - 1 - step"
    own = ["for i in range(n):", "    store(scratch0, mine + i, load(rhs, fro + i * k + c))"]
    if adjoint:
        steps = ["for step in range(n):", "    " + row, f"    s = {t}(load(scratch0, mine + i) / load(matrix, at + i * n + i))",
                 "    store(scratch0, mine + i, s)", f"    for j in {'range(i + 1, n)' if forward else 'range(0, i)'}:",
                 f"        store(scratch0, mine + j, {t}(load(scratch0, mine + j) - load(matrix, at + i * n + j) * s))"]
    else:
        steps = ["for step in range(n):", "    " + row, f"    s = {t}(0)", f"    for j in {'range(0, i)' if forward else 'range(i + 1, n)'}:",
                 "        s = accumulate_add(s, load(matrix, at + i * n + j) * load(scratch0, mine + j))",
                 f"    store(scratch0, mine + i, {t}((load(scratch0, mine + i) - s) / load(matrix, at + i * n + i)))"]
    return [*own, *steps, "for i in range(n):", "    store(out, to + i * k + c, load(scratch0, mine + i))"]


def triangular_loop(types: Any, type: Any, lower: bool, adjoint: bool) -> Loop:
    """X with T X = rhs, T a triangle of each matrix, or its transpose."""
    t, forward = word(type.dtype), lower is not adjoint
    *batch, n, k = type.shape
    widest = _WIDEST // type.dtype.itemsize
    sizes = {"n": n, "k": k, "parts": (k + (widest - 1)) // widest, "beside": n if fixed(k) and k < LEAST else n * widest}
    lines = ["b = part // parts", f"c = part % parts * {widest}", f"end = min(c + {widest}, k)", "left = b", "at = int64(0)", "fro = int64(0)"]
    steps = [offsets(x.shape[:-2], batch) for x in types]
    for axis in reversed(range(len(batch))):
        sizes |= {f"b{axis}": batch[axis], f"m{axis}": steps[0][axis], f"r{axis}": steps[1][axis]}
        lines += [f"at += (left % b{axis}) * m{axis}", f"fro += (left % b{axis}) * r{axis}", f"left = left // b{axis}"]
    lines += ["at *= n * n", "fro *= n * k", "to = b * n * k", "mine = part * beside"]
    if not (fixed(k) and k < LEAST):
        lines += ["while end - c >= LANES:", "    wide = min(end - c, 2 * LANES)", *("    " + line for line in _in_tiles(t, adjoint, forward)),
                  "    c += wide"]
    lines += ["while c < end:", *("    " + line for line in _alone(t, adjoint, forward)), "    c += 1"]
    count = element_count(tuple(batch)) * sizes["parts"]
    body = "\n".join([f"sums = scratch(0, {_ROWS * widest}, {t})", "for part in range(lo, hi):", *("    " + line for line in lines)])
    return Loop(body, sizes, count, element_count(tuple(batch)) * n * n * k, scratch=[(type.dtype, count * sizes["beside"])])
