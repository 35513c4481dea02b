"""Polynomials with integer coefficients, of free sizes and of operations on sizes that no polynomial expresses; and bounds of their values."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

Monomial = tuple["Atom", ...]           # in the order of the atoms
Terms = tuple[tuple[Monomial, int], ...]
Bounds = tuple["int | None", "int | None"]
_EXPANDED = 6           # factors of a term up to which its bounds are sought: the work doubles with each


class Atom:
    """What polynomials are made of: a free size, or an operation on two sizes that no polynomial expresses.

    Of an operation `name` is `//`, `%`, `max` or `min`. Of a free size `number` is the one at hand, and `same` what it turned out to be
    equal to: another one, or a number. `low` and `high` are bounds for all numbers that it may be.
    """

    __slots__ = ("order", "name", "operands", "number", "low", "high", "same")

    def __init__(self, order: int, name: str, operands: tuple[Any, Any] | None, number: int, bounds: Bounds):
        self.order, self.name, self.operands, self.number = order, name, operands, number
        self.low, self.high = bounds
        self.same: Atom | int | None = None

    @property
    def value(self) -> int:
        """The number at hand."""
        return self.number if self.operands is None else NUMBERS[self.name](*(getattr(x, "value", x) for x in self.operands))

    def __repr__(self) -> str:
        if self.operands is None:
            return self.name
        a, b = map(repr, self.operands)
        return f"({a} {self.name} {b})" if self.name in ("//", "%") else f"{self.name}({a}, {b})"


def _order(term: tuple[Monomial, int]) -> tuple[int, list[int]]:
    """Terms by degree, then by atoms: an order that products keep, which division needs."""
    return len(term[0]), [-a.order for a in term[0]]


def canonical(terms: dict[Monomial, int]) -> Terms:
    """Terms that are not 0, in order."""
    left = [t for t in terms.items() if t[1]]
    return tuple(sorted(left, key=_order) if len(left) > 1 else left)


def multiplied(a: dict[Monomial, int], b: dict[Monomial, int]) -> dict[Monomial, int]:
    """The product of two polynomials, its terms in no order."""
    out: dict[Monomial, int] = {}
    for m, c in a.items():
        for n, d in b.items():
            both = tuple(sorted(m + n, key=lambda atom: atom.order)) if m and n else m or n
            out[both] = out.get(both, 0) + c * d
    return out


def divided(a: Terms, b: Terms) -> dict[Monomial, int] | None:
    """The polynomial that a is of b, None if there is none: the leading terms are divided until nothing is left."""
    left, quotient = dict(a), dict[Monomial, int]()
    leading, c = b[-1]
    while left:
        m, k = max(left.items(), key=_order)
        rest = list(m)
        for atom in leading:
            if atom not in rest:
                return None
            rest.remove(atom)
        if k % c:
            return None
        part = tuple(rest)
        quotient[part] = k // c
        for n, d in b:
            both = tuple(sorted(part + n, key=lambda atom: atom.order))
            left[both] = left.get(both, 0) - quotient[part] * d
            if not left[both]:
                del left[both]
    return quotient


def reduced(terms: Terms) -> tuple[Terms, bool]:
    """A polynomial that is below 0 where this one is, without factors that are positive, and whether it can be 0 at all.

    c * m + k is below 0 where m + floor(k / c) is, and not 0 anywhere if c does not divide k.
    """
    common = [a for a in terms[0][0] if a.low is not None and a.low > 0]
    kept: list[Atom] = []
    for a in common:
        if all(m.count(a) > kept.count(a) for m, _ in terms):
            kept.append(a)
    divisor = math.gcd(*(c for m, c in terms if m))
    if not kept and divisor == 1:
        return terms, True

    def without(monomial: Monomial) -> Monomial:
        left = list(monomial)
        for a in kept:
            left.remove(a)
        return tuple(left)
    whole = all(c % divisor == 0 for _, c in terms)
    return tuple((without(m), c // divisor) for m, c in terms if c // divisor), whole


# ---------------------------------------------------------------------- bounds

def bounds_of(terms: Terms) -> Bounds:
    """The least and the greatest value of a polynomial, as far as can be seen: of each atom's distance to its bound, which is not negative."""
    total: dict[Monomial, int] = {}
    for monomial, c in terms:
        if len(monomial) > _EXPANDED or any(a.low is None and a.high is None for a in monomial):
            return None, None
        part: dict[Monomial, int] = {(): c}
        for a in monomial:
            part = multiplied(part, {(): a.low, (a,): 1} if a.low is not None else {(): a.high or 0, (a,): -1})
        for m, k in part.items():
            total[m] = total.get(m, 0) + k
    constant = total.pop((), 0)
    low = constant if all(k >= 0 for k in total.values()) else None
    high = constant if all(k <= 0 for k in total.values()) else None
    return _term_by_term(terms, 0) if low is None else low, _term_by_term(terms, 1) if high is None else high


def _term_by_term(terms: Terms, side: int) -> int | None:
    """The least (side 0) or greatest value of a sum of atoms, by the bounds that each has by itself on either side."""
    total = 0
    for m, c in terms:
        bound = 1 if not m else (m[0].low, m[0].high)[side if c > 0 else 1 - side] if len(m) == 1 else None
        if bound is None:
            return None
        total += c * bound
    return total


def _larger(a: Bounds, b: Bounds) -> Bounds:
    lows = [x for x in (a[0], b[0]) if x is not None]
    return max(lows, default=None), None if a[1] is None or b[1] is None else max(a[1], b[1])


def _smaller(a: Bounds, b: Bounds) -> Bounds:
    highs = [x for x in (a[1], b[1]) if x is not None]
    return None if a[0] is None or b[0] is None else min(a[0], b[0]), min(highs, default=None)


def _whole(a: Bounds, b: Bounds) -> Bounds:
    (low, high), (least, most) = a, b
    if least is None or least <= 0:
        return None, None
    if low is not None:
        low = low // least if low < 0 else low // most if most is not None else 0
    if high is not None:
        high = high // least if high >= 0 else high // most if most is not None else -1
    return low, high


def _rest(a: Bounds, b: Bounds) -> Bounds:
    if b[0] is None or b[0] <= 0:
        return None, None
    return 0, None if b[1] is None else b[1] - 1


# What an operation is of two numbers, and its bounds by those of its operands.
NUMBERS: dict[str, Callable[[int, int], int]] = {"//": operator.floordiv, "%": operator.mod, "max": max, "min": min}
RANGES = {"//": _whole, "%": _rest, "max": _larger, "min": _smaller}


def shown(terms: Terms) -> str:
    """A polynomial for people: `2*n + 1`."""
    return " + ".join("*".join([*([str(c)] if c != 1 or not m else []), *map(repr, m)]) for m, c in terms) or "0"
