"""Assertions about ranks and dtypes, which fail while the graph is built; a rank that is unknown then is looked at in the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.default_graph import control_dependencies
from ..ir.graph import name_scope
from ..ir.known import static_value
from ..ir.node import Node, Operation, describe, here
from ..ir.operator import to_node
from ..ir.sizes import unknown
from ..ir.types import as_dtype
from .array_index import rank as rank_of
from .array_join import concat
from .array_move import shape as shape_of
from .debug import Assert
from .math import equal, greater_equal
from .reduce import reduce_any
from .state import group

__all__ = ["assert_integer", "assert_proper_iterable", "assert_rank", "assert_rank_at_least", "assert_rank_in", "assert_same_float_dtype",
           "assert_scalar", "assert_shapes", "assert_type"]


# ---------------------------------------------------------------------- ranks

def _wanted_rank(what: str, rank: Any) -> Node:
    """A rank as a tensor. DTypeError: it is no integer. ShapeError: it is no single number."""
    wanted = to_node(rank)
    if wanted.type.dtype.kind not in "iu":
        raise DTypeError(f"{what}: a rank is a whole number, not {describe(wanted)}{here()}")
    if wanted.type.rank not in (None, 0):
        raise ShapeError(f"{what}: a rank is one number, not {describe(wanted)}{here()}")
    return wanted


def _ranked(what: str, relation: Any, said: str, x: Node, ranks: Sequence[Node], message: str | None, data: Any, summarize: int | None,
            name: str | None) -> Operation:
    """Of the rank of x and each of some ranks a relation is asserted to hold: at once if all are known, else in the run."""
    begin = f"{message + '. ' if message else ''}{what}: {describe(x)} has rank"
    known = [static_value(r) for r in ranks]
    if x.type.rank is None or any(value is None or unknown(value).any() for value in known):
        mine = rank_of(x)
        holds = [relation(mine, r) for r in ranks]
        parts = data if data is not None else [begin, mine, f"not {said}{'' if len(ranks) == 1 else 'one of'}".rstrip(), *ranks]
        return Assert(holds[0] if len(holds) == 1 else reduce_any(holds), parts, summarize, name)
    numbers = [int(value) for value in known if value is not None]
    if not any(relation.reference(x.type.rank, n) for n in numbers):
        raise ShapeError(f"{begin} {x.type.rank}, not {said}{numbers[0] if len(numbers) == 1 else f'one of {numbers}'}{here()}")
    return group()


def assert_rank(x: Any, rank: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                name: str | None = "assert_rank") -> Operation:
    """An operation that fails unless x has that rank, which may be a tensor, int32[].

    ShapeError, now, or InvalidArgumentError, in the run, if the rank is not known before: it has another. DTypeError: the rank is no integer.
    """
    return _ranked("assert_rank", equal, "", to_node(x), [_wanted_rank("assert_rank", rank)], message, data, summarize, name)


def assert_rank_at_least(x: Any, rank: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                         name: str | None = "assert_rank_at_least") -> Operation:
    """An operation that fails unless x has at least that rank, which may be a tensor, int32[].

    ShapeError, now, or InvalidArgumentError, in the run, if the rank is not known before: it has a smaller one. DTypeError: the rank is no
    integer.
    """
    wanted = [_wanted_rank("assert_rank_at_least", rank)]
    return _ranked("assert_rank_at_least", greater_equal, "at least ", to_node(x), wanted, message, data, summarize, name)


def assert_rank_in(x: Any, ranks: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                   name: str | None = "assert_rank_in") -> Operation:
    """An operation that fails unless the rank of x is one of several, which may be tensors, int32[].

    ShapeError, now, or InvalidArgumentError, in the run, if the rank is not known before: it is none of them. DTypeError: a rank is no integer.
    """
    wanted = [_wanted_rank("assert_rank_in", r) for r in ranks]
    return _ranked("assert_rank_in", equal, "", to_node(x), wanted, message, data, summarize, name)


def assert_scalar(tensor: Any, name: str | None = None) -> Node:
    """The tensor. ShapeError: its rank is known, and not 0."""
    x = to_node(tensor)
    if x.type.rank not in (None, 0):
        raise ShapeError(f"assert_scalar: {describe(x)} has rank {x.type.rank}, not 0{here()}")
    return x


# ---------------------------------------------------------------------- shapes

def _symbols(x: Node, wanted: Any) -> tuple[bool, list[Any]]:
    """Whether there may be axes before them, and the sizes that are wanted: a number, a name, or None for any. ShapeError: no such shape."""
    if isinstance(wanted, (int, float)) or not hasattr(wanted, "__iter__"):
        raise ShapeError(f"assert_shapes: the shape of {describe(x)} is a list of sizes and names, not {wanted!r:.60}{here()}")
    sizes = [None if s in (None, ".") else s for s in wanted]
    inner = bool(sizes) and sizes[0] in (..., "*")
    if any(s in (..., "*") for s in sizes[inner:]):
        raise ShapeError(f"assert_shapes: the shape of {describe(x)} has ... or * at its beginning alone, not {wanted!r:.60}{here()}")
    return inner, [_number(s) for s in sizes[inner:]] or [1]


def _number(size: Any) -> Any:
    try:
        return int(size)
    except (TypeError, ValueError):
        return size


def _size_at(x: Node, axis: int) -> Any:
    """The size of an axis, a number if it is known; a scalar is as a vector of one number."""
    if x.type.rank == 0:
        return 1
    if x.type.shape is not None:
        known = x.type.shape[axis]
        return known if isinstance(known, int) else shape_of(x)[axis]
    dims = shape_of(x)
    # One behind the sizes, which a scalar alone comes to; from behind, one before them.
    return concat([dims, [1]], 0)[axis] if axis >= 0 else concat([[1], dims], 0)[axis]


def assert_shapes(shapes: Any, data: Any = None, summarize: int | None = None, message: str | None = None, name: str | None = None) -> Operation:
    """An operation that fails unless tensors have the shapes that are given for them, where a name stands for one size everywhere.

    shapes: a dict, or pairs, of tensors and lists of sizes: a number, a name, None or "." for any; ... or "*" at the beginning for any number of
    axes before. A scalar is as a vector of one number. ShapeError, now, or InvalidArgumentError, in the run, if a shape is not known before: another.

    >>> x, y = tf.zeros([2, 3]), tf.zeros([3, 4])
    >>> tf.Session(jit=False).run(tf.debugging.assert_shapes([(x, ("N", "D")), (y, ("D", 4))]))
    """
    begin = f"{message + '. ' if message else ''}assert_shapes: "
    with name_scope(name, "assert_shapes"):
        pairs = [(to_node(x), s) for x, s in (shapes.items() if hasattr(shapes, "items") else shapes) if s is not None]
        wanted = [(x, *_symbols(x, s)) for x, s in pairs]
        checks: list[Operation] = []
        for x, inner, sizes in wanted:
            if inner and len(sizes) > 1:
                checks.append(assert_rank_at_least(x, len(sizes), data, summarize, message))
            elif not inner:
                checks.append(assert_rank_in(x, [0, 1], data, summarize, message) if len(sizes) == 1
                              else assert_rank(x, len(sizes), data, summarize, message))
        with control_dependencies(checks):
            checks += _size_checks(begin, wanted, data, summarize)
        return group(*checks, name="group_deps")


def _size_checks(begin: str, wanted: Sequence[tuple[Node, bool, list[Any]]], data: Any, summarize: int | None) -> list[Operation]:
    """Of all sizes that are asked for by a number, or by a name that was there before: at once if both are known, else in the run."""
    checks: list[Operation] = []
    named: dict[Any, tuple[Any, str]] = {}
    for x, inner, sizes in wanted:
        for i, symbol in enumerate(sizes):
            axis = i - len(sizes) if inner else i
            if symbol is None:
                continue
            size = _size_at(x, axis)
            if not isinstance(symbol, int) and symbol not in named:
                named[symbol] = size, f"{symbol!r}, which is that of axis {axis} of {describe(x)}"
                continue
            other, said = (symbol, "") if isinstance(symbol, int) else named[symbol]
            told = f"{begin}axis {axis} of {describe(x)} has the size"
            if isinstance(size, int) and isinstance(other, int):
                if size != other:
                    raise ShapeError(f"{told} {size}, not {other}{' of ' * bool(said)}{said}{here()}")
                continue
            parts = data if data is not None else [told, size, "not", other, *([f"of {said}"] if said else [])]
            checks.append(Assert(equal(size, other), parts, summarize))
    return checks


# ---------------------------------------------------------------------- dtypes

def assert_proper_iterable(values: Any) -> None:
    """Raises DTypeError unless the values are several, in a list or another collection, and not one tensor, array or text."""
    if isinstance(values, (Node, np.ndarray, str, bytes)) or not hasattr(values, "__iter__"):
        raise DTypeError(f"a list of values is wanted, not {values!r:.80}{here()}")


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """The one floating dtype that tensors have, or float32 if there are none. DTypeError: they have several, another one, or none that floats."""
    kinds = [to_node(t).dtype for t in tensors or ()] + ([] if dtype is None else [as_dtype(dtype)])
    wrong = next((k for k in kinds if k != kinds[0] or not k.is_floating), None)
    if wrong is not None:
        raise DTypeError(f"one floating dtype is wanted, not {', '.join(k.name for k in kinds)}{here()}")
    return kinds[0] if kinds else as_dtype(np.float32)


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> Operation:
    """Raises DTypeError now unless the tensor has that dtype; an operation that does nothing, to depend on."""
    x = to_node(tensor)
    if x.dtype != tf_type:
        raise DTypeError(f"{message + '. ' if message else ''}{describe(x)} is not of dtype {tf_type!r}{here()}")
    return group()


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Operation:
    """Raises DTypeError now unless x has an integer dtype; an operation that does nothing, to depend on."""
    x = to_node(x)
    if x.type.dtype.kind not in "iu":
        raise DTypeError(f"{message + '. ' if message else ''}{describe(x)} is not of an integer dtype{here()}")
    return group()
