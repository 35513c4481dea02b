"""Assertions about ranks and dtypes, which fail while the graph is built; a rank that is unknown then is looked at in the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.known import static_value
from ..ir.node import Node, Operation, describe, here
from ..ir.operator import to_node
from ..ir.sizes import unknown
from ..ir.types import as_dtype
from .array_index import rank as rank_of
from .debug import Assert
from .math import equal, greater_equal
from .reduce import reduce_any
from .state import group

__all__ = ["assert_integer", "assert_proper_iterable", "assert_rank", "assert_rank_at_least", "assert_rank_in", "assert_same_float_dtype",
           "assert_scalar", "assert_type"]


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
