"""Sizes that a plan leaves open: expressions with the number at hand, which do what ints do and leave decisions to a scope."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from ..errors import InternalError
from .polynomials import NUMBERS, Bounds, Monomial, Terms, canonical, divided, multiplied, shown


class Deciding(Protocol):
    """What sizes ask of the scope that they belong to (`scope.Scope`)."""

    version: int
    preferring: bool

    def told(self, size: Size) -> str: ...
    def decide(self, relation: str, size: Size) -> bool: ...
    def fix(self, size: Size) -> None: ...
    def bounds(self, terms: Terms) -> Bounds: ...
    def renewed(self, terms: Terms) -> Terms: ...
    def operation(self, name: str, a: Any, b: Any) -> Any: ...


class Size:
    """A polynomial with integer coefficients, and a number at hand. It does what an int does; no code can tell, nor has to.

    Sums, products and quotients without rest stay polynomials; `==` and `<` are answered by structure or bounds where they can be, else by
    the number at hand, and then the answer is a guard of the scope. What needs a number (`range`, numpy) makes it one: `size == number` is a
    guard then, so that what does not know sizes is slow, and never wrong. `str` shows the number, `repr` the expression.
    """

    __slots__ = ("scope", "_terms", "_version")

    def __init__(self, scope: Deciding, terms: Terms):
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
        return shown(self.terms)

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
        return quotient(self, other)[0] if _is_size(other) else NotImplemented

    def __rfloordiv__(self, other: Any) -> Any:
        return quotient(other, self)[0] if _is_size(other) else NotImplemented

    def __mod__(self, other: Any) -> Any:
        return quotient(self, other)[1] if _is_size(other) else NotImplemented

    def __rmod__(self, other: Any) -> Any:
        return quotient(other, self)[1] if _is_size(other) else NotImplemented

    def __divmod__(self, other: Any) -> Any:
        return quotient(self, other) if _is_size(other) else NotImplemented

    def __rdivmod__(self, other: Any) -> Any:
        return quotient(other, self) if _is_size(other) else NotImplemented

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


# ---------------------------------------------------------------------- what the rest of graphc asks

def number(size: Any) -> int | None:
    """The number that a size always is; None of one that is open."""
    if not isinstance(size, Size):
        return size
    terms = size.terms
    return 0 if not terms else terms[0][1] if len(terms) == 1 and not terms[0][0] else None


def settled(size: Any) -> Any:
    """The number that a size always is, or, if it is open, itself."""
    found = number(size)
    return size if found is None else found


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
        return a is not None and b is not None and terms_of(a) == terms_of(b)
    return a == b


def outgrows(a: Any, b: Any) -> bool:
    """Whether a size is more than another where sizes are large. Nothing is decided: for what is only better one way."""
    totals: dict[int, int] = {}
    for monomial, c in terms_of(a - b):
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


class Sized:
    """What has sizes within and gives itself with numbers for them: the bodies of loops and branches (`body.Body`)."""

    def sizes(self) -> Sequence[Any]:
        """The sizes within that are no ints, each once."""
        raise NotImplementedError

    def at(self, numbers: Sequence[int]) -> Sized:
        """The same with these numbers for `sizes()`."""
        raise NotImplementedError


def sizes_in(value: Any) -> list[Any]:
    """The sizes that are no ints in a value, in order: itself, in nested lists, in an array of objects, or in a body."""
    if isinstance(value, Size):
        return [value]
    if isinstance(value, Sized):
        return [*value.sizes()]
    if isinstance(value, np.ndarray):
        return [v for v in value.flat if isinstance(v, Size)] if value.dtype.hasobject else []
    return [size for v in value for size in sizes_in(v)] if isinstance(value, (list, tuple)) else []


def with_numbers(value: Any, numbers: Iterator[int]) -> Any:
    """A value with the next of these numbers for each size that `sizes_in` finds in it."""
    if isinstance(value, Size):
        return next(numbers)
    if isinstance(value, Sized):
        return value.at([next(numbers) for _ in value.sizes()])
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


# ---------------------------------------------------------------------- arithmetic

def _is_size(x: Any) -> bool:
    return x.__class__ is int or isinstance(x, (Size, int, np.integer))


def terms_of(x: Any) -> Terms:
    """The polynomial that a size or an int is."""
    return x.terms if isinstance(x, Size) else (((), int(x)),) if x else ()


def bounds(x: Any) -> Bounds:
    """The least and the greatest value of a size or an int, as far as can be seen."""
    return x.scope.bounds(x.terms) if isinstance(x, Size) else (int(x), int(x))


def _made(scope: Deciding, terms: dict[Monomial, int]) -> Any:
    """A size, or the int that it is."""
    left = canonical(terms)
    if not left or (len(left) == 1 and not left[0][0]):
        return left[0][1] if left else 0
    return Size(scope, left)


def _scope(a: Any, b: Any) -> Deciding:
    if not isinstance(a, Size) or not isinstance(b, Size):
        return a.scope if isinstance(a, Size) else b.scope
    if a.scope is b.scope or fixed(b):          # what is a number may come from another one: types are kept by equal types
        return a.scope
    if not fixed(a):
        raise InternalError(f"{a!r} and {b!r} are sizes of two compilations")
    return b.scope


def _sum(a: Any, b: Any, sign: int) -> Any:
    if sign < 0 and (a is b or (isinstance(a, Size) and isinstance(b, Size) and a.terms == b.terms)):
        return 0
    terms = dict(terms_of(a))
    for m, c in terms_of(b):
        terms[m] = terms.get(m, 0) + sign * c
    return _made(_scope(a, b), terms)


def _product(a: Any, b: Any) -> Any:
    if not isinstance(a, Size):
        a, b = b, a
    if not isinstance(b, Size):
        b = int(b)
        return a if b == 1 else Size(a.scope, tuple([(m, c * b) for m, c in a.terms])) if b and not fixed(a) else at_hand(a) * b
    return _made(_scope(a, b), multiplied(dict(terms_of(a)), dict(terms_of(b))))


def _less(a: Any, b: Any) -> bool:
    difference = a - b
    return difference.scope.decide("<", difference) if isinstance(difference, Size) else difference < 0


def quotient(a: Any, b: Any) -> tuple[Any, Any]:
    """a // b and a % b."""
    if not isinstance(a, Size) and not isinstance(b, Size):
        return divmod(a, b)
    if b == 0:
        raise ZeroDivisionError(f"{a} // {b}")
    scope = _scope(a, b)
    exact = divided(terms_of(a), terms_of(b))
    if exact is not None:
        return _made(scope, exact), 0
    divisor = number(b)
    if divisor is None:
        return scope.operation("//", a, b), scope.operation("%", a, b)
    whole = {m: abs(c) // divisor * (1 if c > 0 else -1) for m, c in terms_of(a)}             # towards 0: -n // 8 stays as it is
    kept: Any = _made(scope, {m: c - whole[m] * divisor for m, c in terms_of(a)})
    if not isinstance(kept, Size):
        return _made(scope, {**whole, (): whole.get((), 0) + kept // divisor}), kept % divisor
    return scope.operation("//", kept, divisor) + _made(scope, whole), scope.operation("%", kept, divisor)


def _pick(name: str, a: Any, b: Any) -> Any:
    if not isinstance(a, Size) and not isinstance(b, Size):
        return NUMBERS[name](a, b)
    low, high = bounds(a - b)
    if low is not None and low >= 0:
        return a if name == "max" else b
    if high is not None and high <= 0:
        return b if name == "max" else a
    return _scope(a, b).operation(name, a, b)
