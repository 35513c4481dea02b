"""What a node's value is as far as that is known while the graph is built: of small tensors that constants and static shapes decide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from .node import Node, describe, topological
from .sizes import fixed, has_sizes, unknown, whole
from .types import MOST_DIMENSIONS, Array, Shape, TensorType, element_count

# A value is worked out while the graph is built only when it is this small: shapes are, data is not.
_STATIC_ELEMENTS = 64
_REMEMBERED: ContextVar[dict[Node, Any] | None] = ContextVar("values that are known", default=None)
_JOINS = ("concat", "stack")


def static_value(node: Node) -> Array | None:
    """The node's value as far as constants and static shapes tell: a small array, NaN where unknown; None if nothing is known.

    Where a plan leaves sizes open, it is an array of objects.
    """
    if node.operator.name in ("constant", "bound"):
        return node.attrs["value"]
    if not _small(node):
        return None
    remembered = _REMEMBERED.get()
    known: dict[Node, Any] = {} if remembered is None else remembered
    if node not in known:
        for n in topological([node], stop=lambda n: n in known or not (_small(n) and n.operator.shape_math)):
            if n not in known:
                known[n] = _static_step(n, known)
    return known[node]


@contextmanager
def remembering() -> Iterator[None]:
    """While types do not change: each value is worked out once, not once for each node that depends on it."""
    token = _REMEMBERED.set({})
    try:
        yield
    finally:
        _REMEMBERED.reset(token)


def _small(node: Node) -> bool:
    t = node.type
    return (isinstance(t, TensorType) and t.known and t.dtype.kind in "iufb"
            and all(map(fixed, t.shape or ())) and element_count(t.shape) <= _STATIC_ELEMENTS)


def _static_step(n: Node, known: dict[Node, Any]) -> Array | None:
    if n.operator.name in ("constant", "bound"):
        return n.attrs["value"] if _small(n) else None
    if n.operator.name in ("shape", "shape_texts"):
        dims = n.inputs[0].type.shape
        if dims is None:
            return None
        kind = object if has_sizes(dims) else np.float64 if None in dims else np.int64
        return np.array([np.nan if d is None else d for d in dims], kind)
    if not n.operator.shape_math:
        return None
    if n.operator.name in _JOINS and any(known.get(x) is not None for x in n.inputs):       # of some of the parts all may be unknown
        known = {x: np.full(x.type.shape, np.nan) if known.get(x) is None and _small(x) else known.get(x) for x in n.inputs}
    if any(known.get(x) is None for x in n.inputs):
        return None
    try:
        with np.errstate(all="ignore"):
            if n.operator.name != "cast":
                return _integers(np.asarray(n.operator.reference(*(known[x] for x in n.inputs), **n.attrs)), n)
            x = np.asarray(known[n.inputs[0]])
            if x.dtype.hasobject:
                return x if n.type.dtype.kind in "iu" else None
            missing = unknown(x)                 # no integer is nan
            value = np.asarray(n.operator.reference(np.where(missing, 0, x).astype(x.dtype), **n.attrs))
            return np.where(missing, np.nan, value) if missing.any() else value
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return None


def _integers(value: Array, n: Node) -> Array:
    """A partly known value among objects, its numbers as ints: beside a nan, with which sizes are joined, they were floats."""
    if not value.dtype.hasobject or n.type.dtype.kind not in "iu":
        return value
    made = np.empty(value.size, object)
    made[:] = [v if unknown(v) else whole(v) for v in value.flat]
    return made.reshape(value.shape)


def left_open(value: Any) -> bool:
    """Whether an argument is a tensor whose value is not known while the graph is built, or a list in which there is one."""
    if isinstance(value, Node):
        known = static_value(value)
        return known is None or bool(unknown(known).any())
    return isinstance(value, (list, tuple)) and any(map(left_open, value))


def known_shape(value: Array | None, rank: int | None = None) -> Shape | None:
    """A shape from the (partly known, NaN elsewhere) value of a shape tensor."""
    if value is None:
        if rank is not None and rank > MOST_DIMENSIONS:
            raise ShapeError(f"a shape of {rank} numbers: a tensor has at most {MOST_DIMENSIONS} dimensions")
        return None if rank is None else (None,) * rank
    flat = np.asarray(value).reshape(-1)
    return tuple(None if d != d else d if flat.dtype.hasobject else int(d) for d in flat.tolist())       # nan, which no integer is


def as_int(value: Any, what: str = "axis") -> int:
    """An int from an int, a numpy integer or a node with a known value; DTypeError otherwise."""
    if isinstance(value, Node):
        known = static_value(value)
        if known is None or unknown(known).any() or known.size != 1:
            raise DTypeError(f"{what} must be known while the graph is built, not {describe(value)}")
        return int(known.reshape(()))
    try:
        return int(value.__index__())
    except (AttributeError, TypeError):
        raise DTypeError(f"{what} must be an integer, not {value!r:.60}") from None
