"""The loop nest of Householder's reflections, which makes small matrices products of one with orthonormal columns and an upper triangular one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.loops import Loop, word
from ..ir.sizes import fixed
from ..ir.types import element_count

MOST = 64               # rows and columns up to which this loop was measured to be faster than a call of LAPACK
_WIDE = np.dtype(np.float64)


def _indented(lines: Sequence[str], by: int = 1) -> list[str]:
    return ["    " * by + line for line in lines]


def _reflected(at: str, width: str, begin: str) -> list[str]:
    """(1 - tau v v^T) X for columns of X from `begin` on: v is 1 at row p, below it what column p of the reflections holds."""
    row, one = f"{at} + i * {width} + c", f"{at} + p * {width} + c"
    v = "load(scratch0, w + i * n + p)"
    return [f"for c in range({begin}, {width}):", f"    store(scratch0, s + c, load(scratch0, {one}))",
            "for i in range(p + 1, m):", f"    f = {v}", f"    for c in range({begin}, {width}):",
            f"        store(scratch0, s + c, load(scratch0, s + c) + f * load(scratch0, {row}))",
            f"for c in range({begin}, {width}):", f"    store(scratch0, {one}, load(scratch0, {one}) - tau * load(scratch0, s + c))",
            "for i in range(p + 1, m):", f"    f = tau * {v}", f"    for c in range({begin}, {width}):",
            f"        store(scratch0, {row}, load(scratch0, {row}) - f * load(scratch0, s + c))"]


# The largest number is taken out of sums of squares, which would not hold it (LAPACK's dnrm2 and dlapy2); where all below is 0 nothing is reflected.
_COLUMN = ["most = float64(0)", "for i in range(p + 1, m):", "    most = maximum(most, abs(load(scratch0, w + i * n + p)))",
           "tau = float64(0)", "if not (most == float64(0)):", "    total = float64(0)", "    for i in range(p + 1, m):",
           "        f = load(scratch0, w + i * n + p) / most", "        total = total + f * f",
           "    below = most * sqrt(total)", "    a = load(scratch0, w + p * n + p)", "    high = maximum(abs(a), below)",
           "    f = minimum(abs(a), below) / high", "    beta = -copysign(high * sqrt(float64(1) + f * f), a)", "    tau = (beta - a) / beta",
           "    for i in range(p + 1, m):", "        store(scratch0, w + i * n + p, load(scratch0, w + i * n + p) / (a - beta))",
           "    store(scratch0, w + p * n + p, beta)", *_indented(_reflected("w", "n", "p + 1")), "store(scratch0, u + p, tau)"]


def qr_loop(types: Any, type: Any, full_matrices: bool) -> Loop | None:
    """Q and R with the signs that LAPACK gives them, in float64 whatever the dtype, as NumPy has them."""
    t, (*batch, m, n), width = word(types[0].dtype), types[0].shape, type[0].shape[-1]
    if not all(fixed(k) and k <= MOST for k in (m, n)):
        return None
    count, room = element_count(tuple(batch)), m * n + m * width + 2 * n + width
    lines = ["w = b * room", "z = w + m * n", "s = z + m * width", "u = s + n + width", "steps = min(m - 1, n)", "for i in range(m * n):",
             "    store(scratch0, w + i, float64(load(input, b * m * n + i)))", "for p in range(steps):", *_indented(_COLUMN),
             "for i in range(width):", "    for c in range(n):",
             f"        store(r, (b * width + i) * n + c, {t}(select(c < i, float64(0), load(scratch0, w + i * n + c))))",
             "for i in range(m):", "    for c in range(width):", "        store(scratch0, z + i * width + c, select(i == c, float64(1), float64(0)))",
             "for step in range(steps):", "    p = steps - 1 - step", "    tau = load(scratch0, u + p)", "    if not (tau == float64(0)):",
             *_indented(_reflected("z", "width", "p"), 2),
             "for i in range(m * width):", f"    store(q, b * m * width + i, {t}(load(scratch0, z + i)))"]
    body = "\n".join(["for b in range(lo, hi):", *_indented(lines)])
    sizes = {"m": m, "n": n, "width": width, "room": room}
    return Loop(body, sizes, count, count * m * n * (n + width), [], [(_WIDE, count * room)])
