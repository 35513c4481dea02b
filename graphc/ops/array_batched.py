"""A gather whose leading axes belong together: each of their elements has indices of its own."""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError
from ..ir.axes import normal_axis
from ..ir.graph import name_scope
from ..ir.node import OPERATORS, Node, describe, here
from ..ir.operator import to_node
from ..ir.types import int32
from .array_gather import gather_nd
from .array_index import iota
from .array_join import stack
from .array_move import identity, shape, transpose
from .contract import held
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
        found = gather_nd(front, stack([*places, cast(at, int32)], axis=-1))
        # Its axes: those of the batch, those that the indices have of their own, those before the gathered one, those behind it.
        moved = own + place - b
        return identity(transpose(found, perm=[*range(b), *range(own, moved), *range(b, own), *range(moved, rank + own - b - 1)]), name=scope)


OPERATORS["batched_gather"] = batched_gather
