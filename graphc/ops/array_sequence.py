"""Operators on sequences of different lengths, side by side in one tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.axes import normal_axis
from ..ir.node import Node, describe, here
from ..ir.operator import Values, declare, to_node
from ..ir.types import TensorType, compatible
from .array_gather import gather
from .array_index import iota
from .array_join import concat
from .array_move import expand_dims, reshape, shape, transpose
from .contract import held
from .later import deferrable, later
from .math import cast, check_index, where
from .scopes import composed


@deferrable("reverse_sequence", seq_axis=(int,), batch_axis=(int,))
def _reversed(x: Node, lengths: Node, *, seq_axis: int, batch_axis: int, name: str | None = None) -> Node:
    """Rows of a matrix of steps, gathered: both axes are brought to the front and become one."""
    rank = x.type.rank
    if rank is None:
        return later("reverse_sequence", (x, lengths), TensorType(x.type.dtype, None), name, seq_axis=seq_axis, batch_axis=batch_axis)
    along, rows = normal_axis(seq_axis, rank), normal_axis(batch_axis, rank)
    if along == rows:
        raise ShapeError(f"reverse_sequence: seq_axis and batch_axis are both {along}{here()}")
    held_x = held("reverse_sequence", "channels", x, lengths, place=rows)
    front = sorted((along, rows))
    order = [*front, *(a for a in range(rank) if a not in front)]
    moved = order != sorted(order)
    inner = transpose(held_x, perm=order) if moved else held_x
    sizes, first = shape(inner), int(along > rows)          # the place of the steps among the two
    step, row = iota(sizes[:2], axis=first), iota(sizes[:2], axis=1 - first)
    end = expand_dims(check_index(cast(lengths, np.int32), sizes[first] + 1), axis=first)
    there = where(step < end, end - 1 - step, step)
    flat = row * sizes[1] + there if first else there * sizes[1] + row
    y = gather(reshape(inner, concat([sizes[:1] * sizes[1:2], sizes[2:]], 0)), flat, name=None if moved else name)
    y = transpose(y, perm=[order.index(a) for a in range(rank)], name=name) if moved else y
    y.set_shape(x.type.shape)
    return y


@composed("ReverseSequence", op="ReverseSequence")
def reverse_sequence(input: Any, seq_lengths: Any, seq_axis: Any = None, batch_axis: Any = None, name: str | None = "ReverseSequence",
                     seq_dim: Any = None, batch_dim: Any = None) -> Node:
    """The first `seq_lengths[b]` elements along `seq_axis` in reverse order, for each place b along `batch_axis` (0); the others stay.

    input: any[...], seq_lengths: int[batch] -> the type of the input. GraphError: no `seq_axis`. ShapeError: no such axis, or lengths for other
    places. DTypeError: lengths that are no integers. InvalidArgumentError, when run: a length beyond the axis.

    >>> tf.Session(jit=False).run(tf.reverse_sequence([[1, 2, 3], [4, 5, 6]], [2, 3], seq_axis=1))
    array([[2, 1, 3],
           [6, 5, 4]], dtype=int32)
    """
    along = seq_axis if seq_axis is not None else seq_dim
    if along is None:
        raise GraphError(f"reverse_sequence takes seq_axis, along which the sequences lie{here()}")
    rows = batch_axis if batch_axis is not None else 0 if batch_dim is None else batch_dim
    lengths = to_node(seq_lengths)
    if lengths.type.dtype.kind not in "iu":
        raise DTypeError(f"reverse_sequence: the lengths {describe(lengths)} are no integers{here()}")
    return _reversed(to_node(input), lengths, seq_axis=int(along), batch_axis=int(rows), name=name)


def _tree_type(types: Sequence[TensorType], values: Values) -> TensorType:
    ids, parents, lengths, end = types
    if not compatible(ids.shape, (None, None, None)) or not compatible(ids.shape, parents.shape):
        raise ShapeError("step_ids and parent_ids are [steps, batch, beams], both of one shape")
    if not compatible(lengths.shape, (None if ids.shape is None else ids.shape[1],)) or not compatible(end.shape, ()):
        raise ShapeError("max_sequence_lengths is [batch], and end_token a scalar")
    return ids


@declare("host", _tree_type, weak=False, label="GatherTree",
         samples=(([np.array([[[1, 2]], [[3, 4]], [[0, 5]]]), np.array([[[0, 0]], [[0, 1]], [[1, 0]]]), np.array([3]), np.array(0)], {}),))
def gather_tree(step_ids: Any, parent_ids: Any, max_sequence_lengths: Any, end_token: Any) -> Any:
    """The whole sequence of each beam, read back from its last step by parents; behind an end token there are end tokens alone.

    >>> ids, parents = [[[1, 2]], [[3, 4]]], [[[0, 0]], [[1, 0]]]
    >>> tf.Session(jit=False).run(tf.contrib.seq2seq.gather_tree(ids, parents, [2], 9))[:, 0].T.tolist()
    [[2, 3], [1, 4]]
    """
    steps, rows, width = step_ids.shape
    if ((parent_ids < 0) | (parent_ids >= width)).any():
        raise InvalidArgumentError(f"a parent is not in [0, {width})")
    out = np.full_like(step_ids, end_token)
    row = np.arange(rows)[:, None]
    at = np.broadcast_to(np.arange(width), (rows, width)).copy()
    for t in range(steps - 1, -1, -1):
        on = np.broadcast_to((t < max_sequence_lengths)[:, None], at.shape)
        out[t] = np.where(on, step_ids[t][row, at], end_token)
        at = np.where(on, parent_ids[t][row, at], at)
    ended = np.cumsum(out == end_token, axis=0) > 0
    return np.where(ended, np.asarray(end_token, out.dtype), out)
