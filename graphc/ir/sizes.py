"""Sizes that a plan leaves open: each is an expression with the number at hand, and what is decided on one is recorded as a guard."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import InternalError

LEAST = 2               # of a free size: 0 and 1 are numbers of their own, for what broadcasts or is empty is another plan
LISTED = 64             # elements of a fed array up to which each is a free integer
_EXPANDED = 6           # factors of a term up to which its bounds are sought: the work doubles with each

Monomial = tuple["Atom", ...]           # in the order of the atoms
Terms = tuple[tuple[Monomial, int], ...]
Bounds = tuple["int | None", "int | None"]


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
        return self.number if self.operands is None else _NUMBERS[self.name](*map(at_hand, self.operands))

    def __repr__(self) -> str:
        if self.operands is None:
            return self.name
        a, b = map(repr, self.operands)
        return f"({a} {self.name} {b})" if self.name in ("//", "%") else f"{self.name}({a}, {b})"


class Size:
    """A polynomial with integer coefficients, and a number at hand. It does what an int does; no code can tell, nor has to.

    Sums, products and quotients without rest stay polynomials; `==` and `<` are answered by structure or bounds where they can be, else by
    the number at hand, and then the answer is a guard of the scope. What needs a number (`range`, numpy) makes it one: `size == number` is a
    guard then, so that what does not know sizes is slow, and never wrong. `str` shows the number, `repr` the expression.
    """

    __slots__ = ("scope", "_terms", "_version")

    def __init__(self, scope: Scope, terms: Terms):
        self.scope, self._terms, self._version = scope, terms, scope.version

    @property
    def value(self) -> int:
        """The number at hand."""
        total = 0
        for monomial, c in self.terms:
            for atom in monomial:
                c *= atom.value
            total += c
        return total

    @property
    def terms(self) -> Terms:
        """The polynomial, with one name for what is known to be equal."""
        if self._version != self.scope.version:
            self._terms, self._version = self.scope.renewed(self._terms), self.scope.version
        return self._terms

    def __repr__(self) -> str:
        return _shown(self.terms)

    def __str__(self) -> str:
        return self.scope.told(self)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else str(self)

    def __hash__(self) -> int:
        terms = self.terms
        return hash(terms[0][1] if terms else 0) if number(self) is not None else hash(terms)

    def __reduce__(self) -> Any:
        raise TypeError(f"the size {self!r} belongs to one compilation")

    # ------------------------------------------------------------------ arithmetic

    def __add__(self, other: Any) -> Any:
        return _sum(self, other, 1) if _is_size(other) else NotImplemented

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return _sum(self, other, -1) if _is_size(other) else NotImplemented

    def __rsub__(self, other: Any) -> Any:
        return _sum(other, self, -1) if _is_size(other) else NotImplemented

    def __neg__(self) -> Any:
        return _product(self, -1)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return -self if self < 0 else self

    def __mul__(self, other: Any) -> Any:
        return _product(self, other) if _is_size(other) else NotImplemented

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        return _quotient(self, other)[0] if _is_size(other) else NotImplemented

    def __rfloordiv__(self, other: Any) -> Any:
        return _quotient(other, self)[0] if _is_size(other) else NotImplemented

    def __mod__(self, other: Any) -> Any:
        return _quotient(self, other)[1] if _is_size(other) else NotImplemented

    def __rmod__(self, other: Any) -> Any:
        return _quotient(other, self)[1] if _is_size(other) else NotImplemented

    def __divmod__(self, other: Any) -> Any:
        return _quotient(self, other) if _is_size(other) else NotImplemented

    def __rdivmod__(self, other: Any) -> Any:
        return _quotient(other, self) if _is_size(other) else NotImplemented

    # ------------------------------------------------------------------ decisions

    def __eq__(self, other: object) -> bool:
        if other.__class__ is int:              # most questions are whether a size is 0 or 1
            low, high = self.scope.bounds(self.terms)
            if (low is not None and other < low) or (high is not None and high < other):
                return False
        elif not _is_size(other):
            return NotImplemented
        difference = self - other
        return difference == 0 if not isinstance(difference, Size) else self.scope.decide("==", difference)

    def __lt__(self, other: Any) -> bool:
        return _less(self, other) if _is_size(other) else NotImplemented

    def __gt__(self, other: Any) -> bool:
        return _less(other, self) if _is_size(other) else NotImplemented

    def __le__(self, other: Any) -> bool:
        return not _less(other, self) if _is_size(other) else NotImplemented

    def __ge__(self, other: Any) -> bool:
        return not _less(self, other) if _is_size(other) else NotImplemented

    def __bool__(self) -> bool:
        return not self == 0

    # ------------------------------------------------------------------ numbers

    def __index__(self) -> int:
        if number(self) is None:
            self.scope.fix(self)
        return self.value

    __int__ = __index__

    def __float__(self) -> float:
        return float(self.__index__())


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
        key = (name, _terms(a), _terms(b))
        atom = self._operations.get(key)
        if atom is None:
            atom = self._operations[key] = Atom(len(self.free) + len(self._operations), name, (a, b), 0, _RANGES[name](_bounds(a), _bounds(b)))
        return Size(self, (((atom,), 1),))

    def told(self, size: Size) -> str:
        """A size as types and messages show it: the number at hand."""
        return str(size.value)

    # ------------------------------------------------------------------ deciding

    def decide(self, relation: str, size: Size) -> bool:
        """Whether a size that is no number is (or is below) 0; a guard, unless its bounds tell."""
        if self.taken:
            return size.value == 0 if relation == "==" else size.value < 0
        terms, whole = _reduced(size.terms)
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
                part = _multiplied(part, dict(self._present(atom)))
            for m, k in part.items():
                total[m] = total.get(m, 0) + k
        return _canonical(total)

    def _moved(self, atom: Atom) -> bool:
        """Whether an atom has another name now."""
        if atom.operands is None:
            return atom.same is not None
        return any(isinstance(x, Size) and any(self._moved(a) for m, _ in x._terms for a in m) for x in atom.operands)

    def _present(self, atom: Atom) -> Terms:
        if atom.operands is not None:
            a, b = (n if isinstance(x, Size) and (n := number(x)) is not None else x for x in atom.operands)
            made = {"//": lambda: _quotient(a, b)[0], "%": lambda: _quotient(a, b)[1], "max": lambda: maximum(a, b), "min": lambda: minimum(a, b)}
            return _terms(made[atom.name]())
        same: Any = atom
        while isinstance(same, Atom) and same.same is not None:
            same = same.same
        return (((same,), 1),) if isinstance(same, Atom) else _terms(same)

    def bounds(self, terms: Terms) -> Bounds:
        """The least and the greatest value of a polynomial, as far as can be seen: of each atom's distance to its bound, which is not negative."""
        found = self._bounds.get(terms)
        if found is None:
            found = self._bounds[terms] = self._find_bounds(terms)
        return found

    def _find_bounds(self, terms: Terms) -> Bounds:
        total: dict[Monomial, int] = {}
        for monomial, c in terms:
            if len(monomial) > _EXPANDED or any(a.low is None and a.high is None for a in monomial):
                return None, None
            part: dict[Monomial, int] = {(): c}
            for a in monomial:
                part = _multiplied(part, {(): a.low, (a,): 1} if a.low is not None else {(): a.high or 0, (a,): -1})
            for m, k in part.items():
                total[m] = total.get(m, 0) + k
        constant = total.pop((), 0)
        low = constant if all(k >= 0 for k in total.values()) else None
        high = constant if all(k <= 0 for k in total.values()) else None
        return _term_by_term(terms, 0) if low is None else low, _term_by_term(terms, 1) if high is None else high

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
        for atom, number in zip(self.free, numbers, strict=True):
            atom.number = number

    def decisions(self) -> list[str]:
        """What was decided, in order, for people."""
        return [f"{_shown(terms)} {relation} 0: {so}" for (relation, terms), so in self.guards.items()]

    def holds(self) -> Callable[..., bool]:
        """A function of the free sizes' numbers, in order: whether all that was decided would be decided the same."""
        tests = [f"{_text(terms, self._names())} < {1 << 63}" for terms in self.limits]
        tests += [f"{'' if so else 'not '}{_text(terms, self._names())} {relation} 0" for (relation, terms), so in self.guards.items()]
        return self._function(" and ".join(tests) or "True")

    def evaluator(self, sizes: Iterable[Any]) -> Callable[..., tuple[int, ...]]:
        """A function of the free sizes' numbers, in order, of which the guards hold: the numbers that `sizes` are then."""
        return self._function("(" + "".join(f"{_text(_terms(x), self._names())}, " for x in sizes) + ")")

    def _names(self) -> dict[Atom, str]:
        return {atom: f"s{i}" for i, atom in enumerate(self.free)}

    def _function(self, expression: str) -> Any:
        names: dict[str, Any] = {}
        exec(f"def function({', '.join(self._names().values())}):\n    return {expression}\n", {"max": max, "min": min}, names)
        return names["function"]


# ---------------------------------------------------------------------- what the rest of graphc asks

def number(size: Any) -> int | None:
    """The number that a size always is; None of one that is open."""
    if not isinstance(size, Size):
        return size
    terms = size.terms
    return 0 if not terms else terms[0][1] if len(terms) == 1 and not terms[0][0] else None


def fixed(size: Any) -> bool:
    """Whether a size is a number, whatever is fed."""
    return not isinstance(size, Size) or number(size) is not None


def at_hand(size: Any) -> int:
    """The number that a size is in this binding: for what is not decided by it."""
    return size.value if isinstance(size, Size) else size


def all_at_hand(sizes: Iterable[Any]) -> tuple[int, ...]:
    """The numbers that several sizes are in this binding."""
    return tuple([at_hand(x) for x in sizes])


def alike(a: Any, b: Any) -> bool:
    """Whether two sizes, or two sequences of them, are equal by structure. Nothing is decided: what only happens to be equal is not alike."""
    if a is b:
        return True
    if isinstance(a, (tuple, list)):
        if len(a) != len(b):
            return False
        for x, y in zip(a, b):  # noqa: B905  (the compiler's most frequent question: numbers are compared here)
            if x is not y and (x != y if x.__class__ is int is y.__class__ else not alike(x, y)):
                return False
        return True
    if isinstance(a, Size) or isinstance(b, Size):
        return a is not None and b is not None and _terms(a) == _terms(b)
    return a == b


def outgrows(a: Any, b: Any) -> bool:
    """Whether a size is more than another where sizes are large. Nothing is decided: for what is only better one way."""
    totals: dict[int, int] = {}
    for monomial, c in _terms(a - b):
        totals[len(monomial)] = totals.get(len(monomial), 0) + c
    return any(totals.values()) and totals[max(degree for degree, c in totals.items() if c)] > 0


def few(size: Any, most: int) -> bool:
    """Whether a size is at most so large. An open one that is, is so by a guard, if its scope prefers; what is for many serves few as well."""
    return bool(size <= most) if fixed(size) else size.scope.preferring and size.value <= most and bool(size <= most)


def maximum(a: Any, b: Any) -> Any:
    """The larger of two sizes, left open where it depends."""
    return _pick("max", a, b)


def minimum(a: Any, b: Any) -> Any:
    """The smaller of two sizes, left open where it depends."""
    return _pick("min", a, b)


def has_sizes(value: Any) -> bool:
    """Whether there is a size that is no int in a value: itself, in nested lists, or in an array of objects."""
    return bool(sizes_in(value))


def sizes_in(value: Any) -> list[Any]:
    """The sizes that are no ints in a value, in order: itself, in nested lists, or in an array of objects."""
    if isinstance(value, Size):
        return [value]
    if isinstance(value, np.ndarray):
        return [v for v in value.flat if isinstance(v, Size)] if value.dtype.hasobject else []
    return [size for v in value for size in sizes_in(v)] if isinstance(value, (list, tuple)) else []


def with_numbers(value: Any, numbers: Iterator[int]) -> Any:
    """A value with the next of these numbers for each size that `sizes_in` finds in it."""
    if isinstance(value, Size):
        return next(numbers)
    if isinstance(value, np.ndarray):
        if not has_sizes(value):
            return value
        made = np.empty(value.size, object)
        made[:] = [with_numbers(v, numbers) for v in value.flat]
        return made.reshape(value.shape)
    if isinstance(value, (list, tuple)) and has_sizes(value):
        return type(value)(with_numbers(v, numbers) for v in value)
    return value


def listed(vector: Any) -> list[Any]:
    """The sizes in an array of numbers or of objects, as lists of ints and sizes."""
    array = np.asarray(vector)
    return array.tolist() if array.dtype.hasobject else array.astype(np.int64).tolist()


def whole(number: Any) -> Any:
    """A number without fraction, as numpy has it, as an int; a size as it is."""
    return number if isinstance(number, Size) else int(number)


def unknown(value: Any) -> Any:
    """Which elements of a partly known value are nan: not known."""
    return value != value


# ---------------------------------------------------------------------- polynomials

def _is_size(x: Any) -> bool:
    return x.__class__ is int or isinstance(x, (Size, int, np.integer))


def _terms(x: Any) -> Terms:
    return x.terms if isinstance(x, Size) else (((), int(x)),) if x else ()


def _bounds(x: Any) -> Bounds:
    return x.scope.bounds(x.terms) if isinstance(x, Size) else (int(x), int(x))


def _order(term: tuple[Monomial, int]) -> tuple[int, list[int]]:
    """Terms by degree, then by atoms: an order that products keep, which division needs."""
    return len(term[0]), [-a.order for a in term[0]]


def _canonical(terms: dict[Monomial, int]) -> Terms:
    left = [t for t in terms.items() if t[1]]
    return tuple(sorted(left, key=_order) if len(left) > 1 else left)


def _made(scope: Scope, terms: dict[Monomial, int]) -> Any:
    """A size, or the int that it is."""
    left = _canonical(terms)
    if not left or (len(left) == 1 and not left[0][0]):
        return left[0][1] if left else 0
    return Size(scope, left)


def _multiplied(a: dict[Monomial, int], b: dict[Monomial, int]) -> dict[Monomial, int]:
    out: dict[Monomial, int] = {}
    for m, c in a.items():
        for n, d in b.items():
            both = tuple(sorted(m + n, key=lambda atom: atom.order)) if m and n else m or n
            out[both] = out.get(both, 0) + c * d
    return out


def _scope(a: Any, b: Any) -> Scope:
    if not isinstance(a, Size) or not isinstance(b, Size):
        return a.scope if isinstance(a, Size) else b.scope
    if a.scope is b.scope or fixed(b):          # what is a number may come from another one: types are kept by equal types
        return a.scope
    if not fixed(a):
        raise InternalError(f"{a!r} and {b!r} are sizes of two compilations")
    return b.scope


def _reduced(terms: Terms) -> tuple[Terms, bool]:
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


_NUMBERS: dict[str, Callable[[int, int], int]] = {"//": operator.floordiv, "%": operator.mod, "max": max, "min": min}
_RANGES = {"//": _whole, "%": _rest, "max": _larger, "min": _smaller}       # the bounds of operations, by those of their operands


def _sum(a: Any, b: Any, sign: int) -> Any:
    if sign < 0 and (a is b or (isinstance(a, Size) and isinstance(b, Size) and a.terms == b.terms)):
        return 0
    terms = dict(_terms(a))
    for m, c in _terms(b):
        terms[m] = terms.get(m, 0) + sign * c
    return _made(_scope(a, b), terms)


def _product(a: Any, b: Any) -> Any:
    if not isinstance(a, Size):
        a, b = b, a
    if not isinstance(b, Size):
        b = int(b)
        return a if b == 1 else Size(a.scope, tuple([(m, c * b) for m, c in a.terms])) if b and not fixed(a) else at_hand(a) * b
    return _made(_scope(a, b), _multiplied(dict(_terms(a)), dict(_terms(b))))


def _less(a: Any, b: Any) -> bool:
    difference = a - b
    return difference.scope.decide("<", difference) if isinstance(difference, Size) else difference < 0


def _quotient(a: Any, b: Any) -> tuple[Any, Any]:
    """a // b and a % b."""
    if not isinstance(a, Size) and not isinstance(b, Size):
        return divmod(a, b)
    if b == 0:
        raise ZeroDivisionError(f"{a} // {b}")
    scope = _scope(a, b)
    exact = _divided(_terms(a), _terms(b))
    if exact is not None:
        return _made(scope, exact), 0
    divisor = number(b)
    if divisor is None:
        return scope.operation("//", a, b), scope.operation("%", a, b)
    whole = {m: abs(c) // divisor * (1 if c > 0 else -1) for m, c in _terms(a)}             # towards 0: -n // 8 stays as it is
    kept: Any = _made(scope, {m: c - whole[m] * divisor for m, c in _terms(a)})
    if not isinstance(kept, Size):
        return _made(scope, {**whole, (): whole.get((), 0) + kept // divisor}), kept % divisor
    return scope.operation("//", kept, divisor) + _made(scope, whole), scope.operation("%", kept, divisor)


def _divided(a: Terms, b: Terms) -> dict[Monomial, int] | None:
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


def _pick(name: str, a: Any, b: Any) -> Any:
    if not isinstance(a, Size) and not isinstance(b, Size):
        return _NUMBERS[name](a, b)
    low, high = _bounds(a - b)
    if low is not None and low >= 0:
        return a if name == "max" else b
    if high is not None and high <= 0:
        return b if name == "max" else a
    return _scope(a, b).operation(name, a, b)


def _shown(terms: Terms) -> str:
    return " + ".join("*".join([*([str(c)] if c != 1 or not m else []), *map(repr, m)]) for m, c in terms) or "0"


def _text(terms: Terms, names: dict[Atom, str]) -> str:
    """A polynomial as an expression of Python."""
    return "(" + (" + ".join("*".join([str(c), *(_atom_text(a, names) for a in m)]) for m, c in terms) or "0") + ")"


def _atom_text(atom: Atom, names: dict[Atom, str]) -> str:
    if atom.operands is None:
        return names[atom]
    a, b = (_text(_terms(x), names) for x in atom.operands)
    return f"({a} {atom.name} {b})" if atom.name in ("//", "%") else f"{atom.name}({a}, {b})"


def _site() -> str:
    """The file and function of graphc that asks for a number."""
    frame: Any = sys._getframe(3)
    while frame.f_code.co_filename == __file__:
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
    return made.reshape(value.shape)


def sizes_of(scope: Scope, name: str, declared: Sequence[int | None] | None, shape: Sequence[Any]) -> tuple[Any, ...]:
    """The shape of a value that is fed for a tensor: the dimensions that it leaves open are free sizes, named by where they come from."""
    return tuple(scope.size(f"{name}.{i}", n) if declared is None or declared[i] is None else n for i, n in enumerate(shape))
