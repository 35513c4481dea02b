"""Static shapes, any part of which may be unknown: what programs see of them, and what two of them make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..errors import ShapeError
from .sizes import Size, alike

Shape = tuple[int | None, ...]       # while a graph is compiled, of sizes too: a `Size` does what an int does


class Dimension(int):
    """A known dimension: an int with TensorFlow 1's `.value`."""

    def __new__(cls, value: int | None) -> Any:
        return UnknownDimension() if value is None else super().__new__(cls, value)

    @property
    def value(self) -> int:
        return int(self)

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a dimension could be both."""
        return other is None or isinstance(other, UnknownDimension) or int(self) == int(other)

    def assert_is_compatible_with(self, other: Any) -> None:
        """ShapeError, unless a dimension could be both."""
        self.merge_with(other)

    def merge_with(self, other: Any) -> Dimension:
        """The dimension. ShapeError: the other one is known, and not this."""
        if not self.is_compatible_with(other):
            raise ShapeError(f"no dimension is both {self} and {other}")
        return self

    def __repr__(self) -> str:
        return f"Dimension({int(self)})"

    __str__ = int.__repr__

    def __reduce__(self) -> tuple[Any, ...]:
        return Dimension, (int(self),)


def _unknown(self: UnknownDimension, other: Any) -> Any:
    return self if other is None or isinstance(other, (int, np.integer, UnknownDimension)) else NotImplemented


def _undecided(self: UnknownDimension, other: Any) -> Any:
    return None if other is None or isinstance(other, (int, np.integer, UnknownDimension)) else NotImplemented


class UnknownDimension:
    """A dimension known only when the graph runs; its `.value` is None. What is computed of it is unknown, too; comparisons say None."""

    value = None
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _unknown
    __lt__ = __le__ = __gt__ = __ge__ = _undecided

    def is_compatible_with(self, other: Any) -> bool:
        """True: a dimension could be both."""
        return True

    def assert_is_compatible_with(self, other: Any) -> None:
        """Nothing: a dimension could be both."""

    def merge_with(self, other: Any) -> Any:
        """What is known of a dimension that is both: the other one."""
        return other if isinstance(other, UnknownDimension) else Dimension(other)

    def __repr__(self) -> str:
        return "Dimension(None)"

    def __str__(self) -> str:
        return "?"

    def __reduce__(self) -> tuple[Any, ...]:
        return UnknownDimension, ()

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, UnknownDimension)

    def __hash__(self) -> int:
        return hash(None)

    def __int__(self) -> int:
        raise ShapeError("this dimension is unknown until the graph runs; tf.shape(x)[i] gives it as a tensor")

    __index__ = __int__


class TensorShape:
    """A static shape, any part of which may be unknown (TensorFlow 1's `TensorShape`).

    >>> s = TensorShape([None, 784])
    >>> s.as_list(), s.ndims, s[1].value, str(s)
    ([None, 784], 2, 784, '(?, 784)')
    """

    __slots__ = ("_shape",)

    def __init__(self, dims: Any = None):
        self._shape = as_shape(dims)

    @property
    def ndims(self) -> int | None:
        return None if self._shape is None else len(self._shape)

    rank = ndims

    @property
    def dims(self) -> list[Any] | None:
        return None if self._shape is None else list(self)

    def as_list(self) -> list[int | None]:
        """The sizes as a list, None for what is unknown; ShapeError if the rank is."""
        if self._shape is None:
            raise ShapeError("as_list() of a shape of unknown rank")
        return list(self._shape)

    def is_fully_defined(self) -> bool:
        """Whether all of the shape is known."""
        return self._shape is not None and None not in self._shape

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a tensor could have both shapes."""
        return compatible(self._shape, as_shape(other))

    def num_elements(self) -> int | None:
        """The number of elements, None if it is unknown."""
        return element_count(self._shape) if self.is_fully_defined() else None

    # ------------------------------------------------------------------ with what else is known

    def with_rank(self, rank: int) -> TensorShape:
        """The shape, which has that rank. ShapeError: it has another."""
        return self.merge_with([None] * rank)

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """The shape. ShapeError: its rank is smaller."""
        return self._of_rank(lambda n: n >= rank, f"at least {rank}")

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """The shape. ShapeError: its rank is greater."""
        return self._of_rank(lambda n: n <= rank, f"at most {rank}")

    def _of_rank(self, holds: Callable[[int], bool], wanted: str) -> TensorShape:
        if self._shape is not None and not holds(len(self._shape)):
            raise ShapeError(f"the shape {self} has rank {len(self._shape)}, not {wanted}")
        return self

    def merge_with(self, other: Any) -> TensorShape:
        """What is known of a shape that is both. ShapeError: none is.

        >>> TensorShape([None, 2]).merge_with([3, None])
        TensorShape((3, 2))
        """
        shape = as_shape(other)
        if not compatible(self._shape, shape):
            raise ShapeError(f"no shape is both {self} and {TensorShape(shape)}")
        return TensorShape(merge(self._shape, shape))

    def concatenate(self, other: Any) -> TensorShape:
        """The sizes of both, one behind the other; unknown if a rank is.

        >>> TensorShape([None]).concatenate([2, 3])
        TensorShape((None, 2, 3))
        """
        shape = as_shape(other)
        return TensorShape(None if self._shape is None or shape is None else (*self._shape, *shape))

    __add__ = concatenate

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape(other).concatenate(self)

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """What two shapes have in common: unknown where they differ.

        >>> TensorShape([2, 3]).most_specific_compatible_shape([2, 5])
        TensorShape((2, None))
        """
        shape = as_shape(other)
        if self._shape is None or shape is None or len(self._shape) != len(shape):
            return TensorShape(None)
        return TensorShape([a if a == b else None for a, b in zip(self._shape, shape, strict=True)])

    def assert_has_rank(self, rank: int) -> None:
        """ShapeError, unless the rank may be that."""
        self.with_rank(rank)

    def assert_same_rank(self, other: Any) -> None:
        """ShapeError, unless both ranks may be one."""
        shape = as_shape(other)
        if shape is not None:
            self.with_rank(len(shape))

    def assert_is_compatible_with(self, other: Any) -> None:
        """ShapeError, unless a tensor could have both shapes."""
        self.merge_with(other)

    def assert_is_fully_defined(self) -> None:
        """ShapeError, unless all of the shape is known."""
        if not self.is_fully_defined():
            raise ShapeError(f"the shape {self} is not fully known")

    # ------------------------------------------------------------------ as a sequence

    def __bool__(self) -> bool:
        return self._shape is not None

    def __iter__(self) -> Iterator[Any]:
        if self._shape is None:
            raise ShapeError("a shape of unknown rank cannot be iterated over")
        return (UnknownDimension() if d is None else Dimension(d) for d in self._shape)

    def __len__(self) -> int:
        return len(self.as_list())

    def __getitem__(self, i: Any) -> Any:
        if self._shape is None:             # of a slice the rank is known only if all of its ends are
            return TensorShape(None) if isinstance(i, slice) else UnknownDimension()
        if isinstance(i, slice):
            return TensorShape(self._shape[i])
        return list(self)[i]

    def __eq__(self, other: object) -> bool:
        try:
            return self._shape == as_shape(other)
        except (TypeError, ValueError):
            return False

    def __hash__(self) -> int:
        return hash(self._shape)

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorShape, (self._shape,)

    def __repr__(self) -> str:
        return f"TensorShape({self._shape})"

    def __str__(self) -> str:
        if self._shape is None:
            return "<unknown>"
        return "(" + ", ".join("?" if d is None else str(d) for d in self._shape) + ("," if len(self._shape) == 1 else "") + ")"


def as_shape(dims: Any) -> Shape | None:
    """A tuple of ints and Nones, or None for an unknown rank; raises ShapeError for anything else."""
    if dims is None:
        return None
    if isinstance(dims, TensorShape):
        return dims._shape
    if isinstance(dims, (int, np.integer)):
        dims = (dims,)
    if not isinstance(dims, Iterable):
        raise ShapeError(f"{dims!r} is not a shape")
    out: list[Any] = []
    for d in dims:
        if d is None or isinstance(d, UnknownDimension):
            out.append(None)
            continue
        if isinstance(d, Size):
            out.append(d)
            continue
        try:
            n = d.__index__()
        except (AttributeError, TypeError):
            raise ShapeError(f"{d!r} is not a dimension: shapes are made of integers and None") from None
        if n < 0:
            raise ShapeError(f"a dimension is negative in the shape {tuple(dims)}")
        out.append(int(n))
    return tuple(out)


def compatible(a: Shape | None, b: Shape | None) -> bool:
    """Whether one concrete shape could be both."""
    if a is None or b is None:
        return True
    return len(a) == len(b) and all(x is None or y is None or x == y for x, y in zip(a, b, strict=True))


def merge(a: Shape | None, b: Shape | None) -> Shape | None:
    """What is known of a shape that is both; the caller has checked `compatible`."""
    if a is None or b is None:
        return b if a is None else a
    return tuple(y if x is None else x for x, y in zip(a, b, strict=True))


def broadcast(*shapes: Shape | None) -> Shape | None:
    """The numpy broadcast of shapes with unknown parts; raises ShapeError when none can exist.

    An unknown dimension against a known one other than 1 is that one; against 1 it stays unknown.
    """
    if any(s is None for s in shapes):
        return None
    known = [s for s in shapes if s is not None]
    if len(known) == 2 and alike(known[0], known[1]) and None not in known[0]:
        return known[0]
    rank = max((len(s) for s in known), default=0)
    out: list[Any] = []
    for axis in range(-rank, 0):
        size: Any = 1
        open_ = False
        for s in known:
            d: Any = s[axis] if len(s) >= -axis else 1
            if d is None:
                open_ = True
            elif size.__class__ is int and size == 1:
                size = d
            elif not alike(d, size) and d != 1:             # what is alike, or one of two is 1, decides nothing on open sizes
                if size not in (1, d):
                    raise ShapeError("shapes do not broadcast: " + " and ".join(shape_str(s) for s in known))
                size = d
        out.append(None if open_ and size == 1 else size)
    return tuple(out)


def shape_str(shape: Shape | None) -> str:
    return "[...]" if shape is None else "[" + ",".join("?" if d is None else str(d) for d in shape) + "]"


def element_count(shape: Shape | None) -> int:
    """The number of elements of a concrete shape."""
    assert shape is not None
    n = 1
    for d in shape:
        assert d is not None
        n *= d
    return n
