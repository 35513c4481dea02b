"""The free sizes of one compilation: what is decided on them becomes guards, of which other numbers are asked whether they hold."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import InternalError
from . import sizes
from .polynomials import RANGES, Atom, Bounds, Monomial, Terms, bounds_of, canonical, multiplied, reduced, shown
from .sizes import Size, bounds, fixed, has_sizes, maximum, minimum, number, quotient, terms_of

LEAST = 2               # of a free size: 0 and 1 are numbers of their own, for what broadcasts or is empty is another plan
LISTED = 64             # elements of a fed array up to which each is a free integer
_OWN = {__file__, sizes.__file__}


class Scope:
    """The free sizes of one compilation, and what was decided on them.

    `guards`: (relation, polynomial) -> whether it is so at hand, in the order of asking; "==" and "<" compare with 0. A plan made with them is
    the one that would be made for any other numbers of which `holds` is true, and then none of the `limits` is beyond int64. `fixed`:
    where in graphc a size was made a number.

    `preferring`: what is only better for few elements is done where they are few, and is a guard then (`few`).

    `take` changes the numbers at hand, for messages and counts of what a plan does at others; from then on nothing is decided any more.
    """

    def __init__(self) -> None:
        self.free: list[Atom] = []
        self.guards: dict[tuple[str, Terms], bool] = {}
        self.limits: dict[Terms, None] = {}
        self.fixed: dict[str, int] = {}
        self.taken = self.preferring = False
        self.version = 0                        # of the equalities: sizes made before bring their polynomials up to it
        self._operations: dict[Any, Atom] = {}
        self._bounds: dict[Terms, Bounds] = {}

    def integer(self, name: str, value: int) -> Any:
        """A new free integer, of which nothing is known: a bound of a slice that is fed."""
        atom = Atom(len(self.free) + len(self._operations), name, None, value, (None, None))
        self.free.append(atom)
        return Size(self, (((atom,), 1),))

    def size(self, name: str, value: int) -> Any:
        """A new free size; 0 and 1 are numbers, which is a guard."""
        atom = Atom(len(self.free) + len(self._operations), name, None, value, (LEAST, None))
        self.free.append(atom)
        if value >= LEAST:
            self.guards["<", (((), -LEAST), ((atom,), 1))] = False
            return Size(self, (((atom,), 1),))
        self.guards["==", (((atom,), 1),) if not value else (((), -value), ((atom,), 1))] = True
        atom.same = value
        return value

    def operation(self, name: str, a: Any, b: Any) -> Any:
        """The size `a // b`, `a % b`, `max(a, b)` or `min(a, b)` where no polynomial says it; nothing is decided here."""
        key = (name, terms_of(a), terms_of(b))
        atom = self._operations.get(key)
        if atom is None:
            atom = self._operations[key] = Atom(len(self.free) + len(self._operations), name, (a, b), 0, RANGES[name](bounds(a), bounds(b)))
        return Size(self, (((atom,), 1),))

    def told(self, size: Size) -> str:
        """A size as types and messages show it: the number at hand."""
        return str(size.value)

    # ------------------------------------------------------------------ deciding

    def decide(self, relation: str, size: Size) -> bool:
        """Whether a size that is no number is (or is below) 0; a guard, unless its bounds tell."""
        if self.taken:
            return size.value == 0 if relation == "==" else size.value < 0
        terms, whole = reduced(size.terms)
        low, high = self.bounds(terms)
        if relation == "==":
            if not whole or (low is not None and low > 0) or (high is not None and high < 0):
                return False
            if terms[-1][1] < 0:                # one form for a - b and b - a
                terms = tuple((m, -c) for m, c in terms)
        else:
            if low is not None and low >= 0:
                return False
            if high is not None and high < 0:
                return True
        return self.answer(relation, terms, size)

    def answer(self, relation: str, terms: Terms, size: Size) -> bool:
        """Whether it is so at hand, where the bounds of a polynomial do not tell: a guard."""
        found = self.guards.get((relation, terms))
        if found is None:
            found = self.guards[relation, terms] = size.value == 0 if relation == "==" else size.value < 0
            self._learn(relation, terms, found)
        return found

    def fix(self, size: Size) -> None:
        """Note that a size is taken for the number that it is at hand."""
        if self.taken:
            return
        site = _site()
        self.fixed[site] = self.fixed.get(site, 0) + 1
        if not size == size.value:                  # asking is what notes it
            raise InternalError(f"the size {size} is not the number at hand")

    def _learn(self, relation: str, terms: Terms, so: bool) -> None:
        """What a guard says of the free sizes: two are one, one is a number, or has another bound."""
        *rest, (last, c) = terms
        constant = rest[0][1] if rest and not rest[0][0] else 0
        plain = [(m[0], k) for m, k in terms if m]
        if any(len(m) > 1 or m[0].operands is not None for m, _ in terms if m):
            return
        if relation == "==" and so:
            if len(plain) == 2 and not constant and plain[0][1] == -plain[1][1]:
                first, second = sorted((atom for atom, _ in plain), key=lambda atom: atom.order)
                self._unite(second, first)
            elif len(plain) == 1:
                self._unite(plain[0][0], -constant // c)
        elif relation == "<" and len(plain) == 1:
            atom = last[0]
            # constant + c * atom is below 0, or is not
            bound = -constant * c
            if (c > 0) == so:
                bound -= so
                atom.high = bound if atom.high is None else min(atom.high, bound)
            else:
                bound += so
                atom.low = bound if atom.low is None else max(atom.low, bound)
            self._bounds.clear()

    def _unite(self, atom: Atom, same: Atom | int) -> None:
        atom.same = same
        if isinstance(same, Atom):
            same.low = max((x for x in (same.low, atom.low) if x is not None), default=None)
            same.high = min((x for x in (same.high, atom.high) if x is not None), default=None)
        self.version += 1
        self._bounds.clear()

    def renewed(self, terms: Terms) -> Terms:
        """A polynomial in which equal sizes have one name."""
        if not any(self._moved(a) for m, _ in terms for a in m):
            return terms
        total: dict[Monomial, int] = {}
        for monomial, c in terms:
            part: dict[Monomial, int] = {(): c}
            for atom in monomial:
                part = multiplied(part, dict(self._present(atom)))
            for m, k in part.items():
                total[m] = total.get(m, 0) + k
        return canonical(total)

    def _moved(self, atom: Atom) -> bool:
        """Whether an atom has another name now."""
        if atom.operands is None:
            return atom.same is not None
        return any(isinstance(x, Size) and any(self._moved(a) for m, _ in x._terms for a in m) for x in atom.operands)

    def _present(self, atom: Atom) -> Terms:
        if atom.operands is not None:
            a, b = (n if isinstance(x, Size) and (n := number(x)) is not None else x for x in atom.operands)
            made = {"//": lambda: quotient(a, b)[0], "%": lambda: quotient(a, b)[1], "max": lambda: maximum(a, b), "min": lambda: minimum(a, b)}
            return terms_of(made[atom.name]())
        same: Any = atom
        while isinstance(same, Atom) and same.same is not None:
            same = same.same
        return (((same,), 1),) if isinstance(same, Atom) else terms_of(same)

    def bounds(self, terms: Terms) -> Bounds:
        """The least and the greatest value of a polynomial, as far as can be seen, remembered until a bound changes."""
        found = self._bounds.get(terms)
        if found is None:
            found = self._bounds[terms] = bounds_of(terms)
        return found

    # ------------------------------------------------------------------ other numbers

    def limit(self, size: Any) -> None:
        """Note that a size is one of int64 at hand, and must be one elsewhere."""
        if not fixed(size):
            self.limits[size.terms] = None

    def at_hand(self) -> list[int]:
        """The numbers of the free sizes, in order."""
        return [atom.number for atom in self.free]

    def take(self, numbers: Sequence[int]) -> None:
        """Let these, of which the guards hold, be the numbers of the free sizes."""
        self.taken = True
        for atom, taken in zip(self.free, numbers, strict=True):
            atom.number = taken

    def decisions(self) -> list[str]:
        """What was decided, in order, for people."""
        return [f"{shown(terms)} {relation} 0: {so}" for (relation, terms), so in self.guards.items()]

    def holds(self) -> Callable[..., bool]:
        """A function of the free sizes' numbers, in order: whether all that was decided would be decided the same."""
        code = _Statements(self.free)
        tests = [f"{code.polynomial(terms)} < {1 << 63}" for terms in self.limits]
        tests += [f"{'' if so else 'not '}{code.polynomial(terms)} {relation} 0" for (relation, terms), so in self.guards.items()]
        return code.function(" and ".join(tests) or "True", "False")            # divided by 0: not what was decided of other numbers

    def evaluator(self, sizes: Iterable[Any]) -> Callable[..., tuple[int, ...]]:
        """A function of the free sizes' numbers, in order, of which the guards hold: the numbers that `sizes` are then."""
        code = _Statements(self.free)
        return code.function("(" + "".join(f"{code.polynomial(terms_of(x))}, " for x in sizes) + ")")


class _Statements:
    """A function of the free sizes in Python. Each operation is a statement, for sizes of a deep network contain each other many times."""

    def __init__(self, free: Iterable[Atom]):
        self.names = {atom: f"s{i}" for i, atom in enumerate(free)}
        self.parameters = ", ".join(self.names.values())
        self.lines: list[str] = []

    def polynomial(self, terms: Terms) -> str:
        """A polynomial as an expression, behind the statements that it needs."""
        return "(" + (" + ".join("*".join([str(c), *map(self._name, m)]) for m, c in terms) or "0") + ")"

    def _name(self, atom: Atom) -> str:
        if atom not in self.names:
            assert atom.operands is not None
            a, b = (self.polynomial(terms_of(x)) for x in atom.operands)
            self.names[atom] = f"t{len(self.lines)}"
            self.lines.append(f"{self.names[atom]} = " + (f"{a} {atom.name} {b}" if atom.name in ("//", "%") else f"{atom.name}({a}, {b})"))
        return self.names[atom]

    def function(self, expression: str, by_zero: str = "") -> Any:
        """The function that returns the expression, or `by_zero` where a statement divides by 0."""
        names: dict[str, Any] = {}
        lines = [*self.lines, f"return {expression}"]
        if by_zero:
            lines = ["try:", *(f"    {line}" for line in lines), "except ZeroDivisionError:", f"    return {by_zero}"]
        exec("\n    ".join([f"def function({self.parameters}):", *lines]), {"max": max, "min": min}, names)
        return names["function"]


def _site() -> str:
    """The file and function of graphc that asks for a number."""
    frame: Any = sys._getframe(3)
    while frame.f_code.co_filename in _OWN:
        frame = frame.f_back
    folder, _, file = frame.f_code.co_filename.replace("\\", "/").rpartition("/")
    return f"{folder.rpartition('/')[2]}/{file}:{frame.f_code.co_name}"


def listable(value: Any) -> bool:
    """Whether an array is one of few integers, each of which may be free."""
    return value.dtype.kind in "iu" and value.size <= LISTED


def integers_of(scope: Scope, name: str, value: Any) -> Any:
    """A fed array of integers on which types depend, each of them free; where it is large or of other numbers, itself."""
    if not listable(value):
        return value
    made = np.empty(value.size, object)
    made[:] = [scope.integer(f"{name}[{i}]" if value.ndim else name, int(n)) for i, n in enumerate(value.flat)]
    return made.reshape(value.shape) if has_sizes(made) else value          # none is free, or there is none


def sizes_of(scope: Scope, name: str, declared: Sequence[int | None] | None, shape: Sequence[Any]) -> tuple[Any, ...]:
    """The shape of a value that is fed for a tensor: the dimensions that it leaves open are free sizes, named by where they come from."""
    return tuple(scope.size(f"{name}.{i}", n) if declared is None or declared[i] is None else n for i, n in enumerate(shape))
