"""What comparisons found: a row for each, the worst elements of those that fail, and all of it as a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..ir.types import Array

_NAMED = 3          # elements that a failing comparison names


class Row(NamedTuple):
    """One comparison: of how many elements, how many were left out as not smooth, the largest error relative to the largest element."""

    check: str
    order: int | None           # of the derivative, 0: the function itself; None: all of them
    compared: int
    skipped: int
    error: float
    tolerance: float
    failures: tuple[str, ...]   # the worst elements, if it fails


class Report(NamedTuple):
    """All comparisons that were made of the derivatives of one function; prints as a table."""

    name: str
    rows: tuple[Row, ...]

    @property
    def failed(self) -> list[Row]:
        return [r for r in self.rows if r.failures]

    def __str__(self) -> str:
        lines = [f"{self.name}", "order  compared  skipped  largest error  tolerance  check"]
        for r in self.rows:
            tolerance = f"{r.tolerance:.0e}" if r.tolerance else "equal"
            lines.append(f"{_order(r):>5}  {r.compared:>8}  {r.skipped:>7}  {r.error:>13.1e}  {tolerance:>9}  {r.check}{_failed(r)}")
        return "\n".join(lines)


def _order(row: Row) -> str:
    return "all" if row.order is None else str(row.order)


def _failed(row: Row) -> str:
    return ": FAILS" if row.failures else ""


def told(report: Report) -> str:
    """The failing comparisons, with the elements that differ most."""
    lines = [f"check_grads of {report.name}: {len(report.failed)} of {len(report.rows)} checks fail"]
    for r in report.failed:
        lines += [f"  order {_order(r)}, {r.check}:", *(f"    {f}" for f in r.failures)]
    return "\n".join(lines)


def compared(check: str, order: int, found: Any, wanted: Any, tolerance: float, place: Callable[[tuple[int, ...]], str], *,
             slack: Any = 0.0, where: Array | None = None, words: tuple[str, str] = ("analytic", "numeric"), floor: float = 0.0) -> Row:
    """A row: elements may differ by the tolerance times the largest one (at least `floor`), and by `slack`; `where` they are compared."""
    found, wanted = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    where = np.ones(wanted.shape, bool) if where is None else where
    finite = np.abs(wanted[np.isfinite(wanted) & where])
    scale = max(floor, float(np.max(finite, initial=0.0)))
    with np.errstate(invalid="ignore"):
        differences = np.where((found == wanted) | (np.isnan(found) & np.isnan(wanted)), 0.0, np.abs(found - wanted))
    limit = np.broadcast_to(tolerance * scale + np.asarray(slack), wanted.shape)
    bad = where & ~(differences <= limit)
    known = differences[where & np.isfinite(differences)]
    error = float(np.max(known, initial=0.0)) / (scale or 1.0)
    return Row(check, order, int(where.sum()), int(where.size - where.sum()), error, tolerance,
               _worst(bad, differences, limit, found, wanted, place, words))


def _worst(bad: Array, differences: Array, limit: Array, found: Array, wanted: Array, place: Callable[[tuple[int, ...]], str],
           words: tuple[str, str]) -> tuple[str, ...]:
    at = np.argwhere(bad)
    if not len(at):
        return ()
    order = np.argsort(-np.nan_to_num(differences[bad], nan=np.inf), kind="stable")[:_NAMED]
    lines = [f"{len(at)} of {bad.size} elements differ; the worst:"]
    for i in map(tuple, at[order]):
        lines.append(f"{place(i)}: {words[0]} {found[i]!s}, {words[1]} {wanted[i]!s}, difference {differences[i]:.2g} > {limit[i]:.2g}")
    return tuple(lines)
