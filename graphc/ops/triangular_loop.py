"""The loop nest that solves triangular systems by substitution: some columns at once in registers, one by itself in a row of its own."""

from __future__ import annotations

from typing import Any

from ..ir.loops import Loop, word
from ..ir.types import element_count

_COLUMNS = 16                   # that one part of the work has; threads share the parts
_BLOCKS = (16, 4)               # columns whose sums are kept in registers at once


def _offsets(own: Any, whole: Any) -> list[Any]:
    """How far apart, in matrices, those of an operand are along the axes of the batch; 0 along those that it is repeated along."""
    padded = [1] * (len(whole) - len(own)) + list(own)
    steps: list[Any] = []
    step: Any = 1
    for d, w in zip(reversed(padded), reversed(whole), strict=True):
        steps.append(0 if d == 1 and w != 1 else step)
        step = step * d
    return steps[::-1]


def _in_registers(block: int, t: str, adjoint: bool, forward: bool) -> list[str]:
    """Columns c to c + block: row by row what is known is taken off; of a transposed matrix each result is taken off what follows."""
    q = range(block)
    row = ["i = step" if forward else "i = n - 1 - step"]
    rest = ("range(i + 1, n)", "range(0, i)")
    if adjoint:
        return [*(line for i in ["for i in range(n):"] for line in
                  [i, *(f"    store(out, to + i * k + c + {x}, load(rhs, fro + i * k + c + {x}))" for x in q)]),
                "for step in range(n):", *("    " + r for r in row), "    d = load(matrix, at + i * n + i)",
                *(f"    s{x} = {t}(load(out, to + i * k + c + {x}) / d)" for x in q),
                *(f"    store(out, to + i * k + c + {x}, s{x})" for x in q),
                f"    for j in {rest[not forward]}:", "        m = load(matrix, at + i * n + j)",
                *(f"        store(out, to + j * k + c + {x}, {t}(load(out, to + j * k + c + {x}) - m * s{x}))" for x in q)]
    return ["for step in range(n):", *("    " + r for r in row),
            *(f"    s{x} = load(rhs, fro + i * k + c + {x})" for x in q),
            f"    for j in {rest[forward]}:", "        m = load(matrix, at + i * n + j)",
            *(f"        s{x} = {t}(s{x} - m * load(out, to + j * k + c + {x}))" for x in q),
            "    d = load(matrix, at + i * n + i)",
            *(f"    store(out, to + i * k + c + {x}, {t}(s{x} / d))" for x in q)]


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
    sizes = {"n": n, "k": k, "parts": (k + (_COLUMNS - 1)) // _COLUMNS}
    lines = ["b = part // parts", "c = (part % parts) * 16", "end = min(c + 16, k)", "left = b", "at = int64(0)", "fro = int64(0)"]
    steps = [_offsets(x.shape[:-2], batch) for x in types]
    for axis in reversed(range(len(batch))):
        sizes |= {f"b{axis}": batch[axis], f"m{axis}": steps[0][axis], f"r{axis}": steps[1][axis]}
        lines += [f"at += (left % b{axis}) * m{axis}", f"fro += (left % b{axis}) * r{axis}", f"left = left // b{axis}"]
    lines += ["at *= n * n", "fro *= n * k", "to = b * n * k", "mine = part * n"]
    for block in _BLOCKS:
        lines += [f"while c + {block} <= end:", *("    " + line for line in _in_registers(block, t, adjoint, forward)), f"    c += {block}"]
    lines += ["while c < end:", *("    " + line for line in _alone(t, adjoint, forward)), "    c += 1"]
    count = element_count(tuple(batch)) * sizes["parts"]
    body = "\n".join(["for part in range(lo, hi):", *("    " + line for line in lines)])
    return Loop(body, sizes, count, element_count(tuple(batch)) * n * n * k, scratch=[(type.dtype, count * n)], superword=True)
