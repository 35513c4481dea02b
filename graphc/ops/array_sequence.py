"""Operators on sequences of different lengths, side by side in one tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import GraphError, InvalidArgumentError, ShapeError
from ..ir.axes import normal_axis
from ..ir.node import Node, here
from ..ir.operator import Values, declare
from ..ir.types import TensorType, compatible, shape_str
from .array_gather import gather
from .array_index import iota
from .array_join import concat
from .array_move import Types, expand_dims, integers, reshape, shape, transpose
from .math import cast, check_index, where


def _reversed_type(types: Types, values: Values, seq_axis: int, batch_axis: int) -> TensorType:
    x, lengths = types
    integers(lengths, "seq_lengths")
    rows = None if x.shape is None else x.shape[batch_axis]
    if not compatible(lengths.shape, (rows,)):
        raise ShapeError(f"there is one length for each place along axis {batch_axis}: shape {shape_str((rows,))}, not {shape_str(lengths.shape)}")
    return x


def _reversed_attrs(types: Types, seq_axis: Any, batch_axis: Any) -> dict[str, Any]:
    axes = {"seq_axis": normal_axis(seq_axis, types[0].rank), "batch_axis": normal_axis(batch_axis, types[0].rank)}
    if axes["seq_axis"] == axes["batch_axis"]:
        raise ShapeError(f"seq_axis and batch_axis are both {axes['seq_axis']}")
    return axes


def _reversed_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, seq_axis: int, batch_axis: int) -> Node:
    """Rows of a matrix of steps, gathered: both axes are brought to the front and become one."""
    x, lengths = inputs
    front = sorted((seq_axis, batch_axis))
    order = [*front, *(a for a in range(types[0].rank or 0) if a not in front)]
    moved = order != sorted(order)
    inner = transpose(x, perm=order) if moved else x
    sizes, first = shape(inner), int(seq_axis > batch_axis)         # the place of the steps among the two
    step, row = iota(sizes[:2], axis=first), iota(sizes[:2], axis=1 - first)
    end = expand_dims(check_index(cast(lengths, np.int32), sizes[first] + 1), axis=first)
    there = where(step < end, end - 1 - step, step)
    flat = row * sizes[1] + there if first else there * sizes[1] + row
    y = gather(reshape(inner, concat([sizes[:1] * sizes[1:2], sizes[2:]], 0)), flat)
    return transpose(y, perm=[order.index(a) for a in range(len(order))]) if moved else y


def _reversed_grad(g: Node, y: Node, input: Node, lengths: Node, seq_axis: int, batch_axis: int) -> tuple[Node, None]:
    return _reverse_sequence(g, lengths, seq_axis=seq_axis, batch_axis=batch_axis), None


_LENGTHS = np.array([2, 0, 3])


@declare("lowered", _reversed_type, name="reverse_sequence", prepare=_reversed_attrs, lower=_reversed_lower, label="ReverseSequence",
         batch="unrolled", weak=False,
         grad=_reversed_grad,
         samples=(([(3, 4), _LENGTHS], {"seq_axis": 1, "batch_axis": 0}), ([(4, 3, 2), _LENGTHS], {"seq_axis": 0, "batch_axis": 1}),
                  ([(2, 3, 2, 3), _LENGTHS], {"seq_axis": -1, "batch_axis": 1}), ([(3, 0), np.zeros(3, int)], {"seq_axis": 1, "batch_axis": 0})))
def _reverse_sequence(input: Any, seq_lengths: Any, *, seq_axis: Any, batch_axis: Any) -> Any:
    """The first `seq_lengths[b]` elements along `seq_axis` in reverse order, for each place b along `batch_axis`; the others stay."""
    size = input.shape[seq_axis]
    bad = (seq_lengths < 0) | (seq_lengths > size)
    if bad.any():
        raise InvalidArgumentError(f"length {seq_lengths[bad][0]} is not in [0, {size}]")
    step = np.arange(size)
    places = np.where(step < seq_lengths[:, None], seq_lengths[:, None] - 1 - step, step)
    wide = np.moveaxis(input, (batch_axis, seq_axis), (0, 1))
    places = places.reshape(*places.shape, *[1] * (wide.ndim - 2))
    return np.moveaxis(np.take_along_axis(wide, places, 1), (0, 1), (batch_axis, seq_axis))


def reverse_sequence(input: Any, seq_lengths: Any, seq_axis: Any = None, batch_axis: Any = None, name: str | None = None, seq_dim: Any = None,
                     batch_dim: Any = None) -> Node:
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
    return _reverse_sequence(input, seq_lengths, seq_axis=along, batch_axis=rows, name=name)
