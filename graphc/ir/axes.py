"""Axes as users write them, of a tensor of some rank, and the shape that is left when some are reduced."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from .known import as_int, static_value
from .node import Node, describe
from .sizes import at_hand, unknown
from .types import MOST_DIMENSIONS, Shape, TensorType


def normal_axis(axis: Any, rank: int | None) -> int:
    """A nonnegative axis of a tensor of that rank (as given when the rank is unknown); ShapeError if there is none."""
    i = as_int(axis)
    if rank is None:
        return i
    if not -rank <= i < rank:
        raise ShapeError(f"axis {i} does not exist: the operand has rank {rank}")
    return i % rank if rank else 0


def normal_axes(axis: Any, rank: int | None) -> tuple[int, ...] | None:
    """Sorted, nonnegative, distinct axes; None means all of them."""
    axes = ordered_axes(axis, rank)
    return None if axes is None else tuple(sorted(axes))


def ordered_axes(axis: Any, rank: int | None) -> tuple[int, ...] | None:
    """Nonnegative, distinct axes in the order in which they are named; None means all of them."""
    if axis is None:
        return None if rank is None else tuple(range(rank))
    if isinstance(axis, Node):
        known = static_value(axis)
        if known is None or unknown(known).any():
            raise DTypeError(f"axis must be known while the graph is built, not {describe(axis)}")
        axis = known.astype(int).tolist()
    many = [*axis] if isinstance(axis, (list, tuple, np.ndarray)) and np.ndim(axis) else [axis]
    if len(many) > MOST_DIMENSIONS:
        raise ShapeError(f"{len(many)} axes are named, and a tensor has at most {MOST_DIMENSIONS}")
    axes = [normal_axis(a, rank) for a in many]
    if len(set(axes)) < len(axes):
        raise ShapeError(f"an axis is named twice in {axes!r:.200}")
    return tuple(axes)


def reduced_shape(shape: Shape, axis: Any, keepdims: bool) -> Shape:
    axes = {*(normal_axes(axis, len(shape)) or ())}
    if keepdims:
        return tuple(1 if i in axes else d for i, d in enumerate(shape))
    return tuple(d for i, d in enumerate(shape) if i not in axes)


def check_countable(type: TensorType) -> None:
    """ShapeError for an array that no memory can hold, and whose elements int64 may not be able to count."""
    nbytes = type.dtype.itemsize
    for d in type.shape or ():
        if d is not None and (n := at_hand(d)):         # as numpy, which lets no axis of no elements make up for others
            nbytes *= n
    if nbytes >= 1 << 63:
        raise ShapeError(f"{type} would have {nbytes} bytes, more than the 2**63 - 1 that can be addressed")
