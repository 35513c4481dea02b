"""`tf.contrib.resampler`: pictures read between their pixels, at places that are tensors."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, ShapeError
from ..ir.arguments import hold as _hold
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.array import concat, expand_dims, gather, reshape, shape
from ..ops.math import cast, clip_by_value, floor, greater_equal, less, logical_and
from ..tf1_names import namespace as _namespace

__all__ = ["resampler"]


def resampler(data: Any, warp: Any, name: str = "resampler") -> Node:
    """The values of pictures at places between their pixels, linear in both directions; beyond their edges they are 0.

    data: float[batch, height, width, channels], warp: float[batch, ..., 2], places (x, y) in pixels -> float[batch, ..., channels]. Derivatives
    by both. DTypeError: no floating numbers, or two dtypes. ShapeError: ranks that do not fit.

    >>> tf.Session(jit=False).run(tf.contrib.resampler.resampler([[[[1.0], [3.0]]]], [[[0.25, 0.0], [5.0, 0.0]]]))
    array([[[1.5],
            [0. ]]], dtype=float32)
    """
    with name_scope(name):
        x, at = to_node(data), to_node(warp)
        if x.type.dtype.kind != "f" or at.type.dtype != x.type.dtype:
            raise DTypeError(f"resampler: {describe(x)} and {describe(at)} are not of one floating dtype{here()}")
        if x.type.rank != 4 or at.type.rank is None or at.type.rank < 2 or at.type.shape[-1] not in (2, None):
            raise ShapeError(f"resampler: pictures are [batch, height, width, channels] and places [batch, ..., 2], "
                             f"not {describe(x)} and {describe(at)}{here()}")
        sizes, places = shape(x), shape(at)
        batch, height, width = sizes[0], sizes[1], sizes[2]
        flat, points = reshape(x, [batch, height * width, sizes[3]]), reshape(at, [batch, -1, 2])
        across, down = points[:, :, 0], points[:, :, 1]
        left, top = floor(across), floor(down)
        total: Any = 0.0
        for i in (0, 1):
            for j in (0, 1):
                column, row = left + j, top + i
                weight = (across - left if j else 1 - (across - left)) * (down - top if i else 1 - (down - top))
                place = _inside(row, height) * width + _inside(column, width)
                seen = logical_and(_within(row, height), _within(column, width))
                total = total + expand_dims(weight * cast(seen, x.type.dtype), 2) * gather(flat, place, batch_dims=1)
        return reshape(total, concat([places[:-1], sizes[3:]], axis=0))


def _inside(place: Node, size: Any) -> Node:
    """The nearest pixel that there is."""
    return cast(clip_by_value(place, 0, cast(size - 1, place.type.dtype)), "int32")


def _within(place: Node, size: Any) -> Node:
    return logical_and(greater_equal(place, 0), less(place, cast(size, place.type.dtype)))


_hold(globals(), __all__)
_namespace(globals())
