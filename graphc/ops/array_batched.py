"""Gathers whose leading axes belong together: each of their elements has indices of its own."""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError
from ..ir.axes import normal_axis
from ..ir.graph import name_scope
from ..ir.known import as_int
from ..ir.node import OPERATORS, Node, describe, here, saying
from ..ir.operator import to_node
from ..ir.types import TensorType, int32
from . import array_gather
from .array_index import iota
from .array_join import concat, stack
from .array_move import identity, shape, transpose
from .contract import held
from .later import deferrable, later
from .math import cast


def batched_gather(params: Any, indices: Any, axis: Any, batch_dims: int, name: str | None) -> Node:
    """params[b..., i..., indices[b..., j...], k...] for all b, i, j, k: any[b..., i..., n, k...], int[b..., j...] -> any[b..., i..., j..., k...].

    ShapeError: unknown ranks, no such axes, or leading sizes that differ. InvalidArgumentError, when run: an index outside the axis.
    """
    x, at = to_node(params), to_node(indices)
    if x.type.rank is None or at.type.rank is None:
        raise ShapeError(f"gather: batch_dims needs known ranks, of {describe(x)} and {describe(at)}{here()}")
    rank, own = x.type.rank, at.type.rank
    b = batch_dims + own if batch_dims < 0 else batch_dims
    place = b if axis is None else normal_axis(axis, rank)
    if not 0 < b <= min(place, own):
        raise ShapeError(f"gather: batch_dims {batch_dims} does not lie between 1 and the axis {place} of {describe(x)}, "
                         f"nor within {describe(at)}{here()}")
    with name_scope(name, "gather") as scope:
        at = held("gather", "leading", at, x, place=b)
        front = transpose(x, perm=[*range(b), place, *range(b, place), *range(place + 1, rank)])
        wanted = shape(at)
        places = [iota(wanted, axis=k) for k in range(b)]
        found = array_gather.gather_nd(front, stack([*places, cast(at, int32)], axis=-1))
        # Its axes: those of the batch, those that the indices have of their own, those before the gathered one, those behind it.
        moved = own + place - b
        return identity(transpose(found, perm=[*range(b), *range(own, moved), *range(b, own), *range(moved, rank + own - b - 1)]), name=scope)


OPERATORS["batched_gather"] = batched_gather


@deferrable("gather_nd", batch_dims=(int,))
def gather_nd(params: Any, indices: Any, name: str | None = None, batch_dims: Any = 0) -> Node:
    """The subtensors of `params` whose positions are the rows of `indices`.

    any[...], int[..., n] -> any[..., ...]. `batch_dims`: so many leading axes belong together, and positions are those behind them. DTypeError:
    the indices are no integers. ShapeError: shapes that do not fit. InvalidArgumentError, when run: a position outside.

    >>> tf.Session(jit=False).run([tf.gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]]), tf.gather_nd([[1, 2], [3, 4]], [[1], [0]], batch_dims=1)])
    [array([2, 3], dtype=int32), array([2, 3], dtype=int32)]
    """
    with saying("gather_nd"):
        b = as_int(batch_dims, "batch_dims")
    if not b:
        return array_gather.gather_nd(params, indices, name=name)
    x, at = to_node(params), to_node(indices)
    if x.type.rank is None or at.type.rank is None:
        return later("gather_nd", (x, at), TensorType(x.type.dtype, None), name, batch_dims=b)
    if not 0 < b < min(at.type.rank, x.type.rank + 1):
        raise ShapeError(f"gather_nd: {describe(x)} and {describe(at)} have no {batch_dims} leading axes and positions behind them{here()}")
    with name_scope(name, "GatherNd") as scope:
        at = held("gather_nd", "leading", at, x, place=b)
        each = concat([shape(at)[:-1], [1]], 0)
        return array_gather.gather_nd(x, concat([*(iota(each, axis=k) for k in range(b)), cast(at, int32)], -1), name=scope)
