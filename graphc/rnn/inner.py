"""What programs take of TensorFlow's inner modules of recurrence, `ops.rnn` and `ops.rnn_cell_impl`, for cells and loops of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir import nest
from ..ir.known import known_shape, static_value
from ..ir.node import Node, describe, here
from ..ir.types import TensorShape
from ..ops.array import concat, expand_dims, range, rank, shape, transpose
from ..ops.sources import constant

# The methods that a cell is known by, whatever its class.
_CELL = ("output_size", "state_size", "zero_state")


def joined_shape(prefix: Any, suffix: Any, static: bool = False) -> Any:
    """`_concat`: two shapes, or sizes, one behind the other: a tensor, or with `static` a list of what is known while the graph is built.

    ShapeError: a tensor that is no vector; one that is not known, but for `static`.
    """
    parts = [_vector(x) for x in (prefix, suffix)]
    if static:
        known = [part if isinstance(part, TensorShape) else TensorShape(known_shape(static_value(part), part.type.shape[0])) for part in parts]
        joined = known[0].concatenate(known[1])
        return None if joined.ndims is None else joined.as_list()
    for part in parts:
        if isinstance(part, TensorShape) and not part.is_fully_defined():
            raise ShapeError(f"_concat: the shape {part} is not known; with static=True it may be known in part{here()}")
    return concat([constant(np.array(p.as_list(), np.int32)) if isinstance(p, TensorShape) else p for p in parts], 0)


def _vector(x: Any) -> Any:
    """A tensor of sizes as a vector; anything else as a shape."""
    if not isinstance(x, Node):
        return x if isinstance(x, TensorShape) else TensorShape(x if x is None or np.ndim(x) else [x])
    if x.type.rank not in (0, 1):
        raise ShapeError(f"_concat takes a size or a vector of them, not {describe(x)}{here()}")
    return expand_dims(x, 0) if x.type.rank == 0 else x


def like_cell(cell: Any) -> bool:
    """`_like_rnncell`: whether it can be called, and says its sizes and its first state."""
    return callable(cell) and all(hasattr(cell, name) for name in _CELL)


def assert_like_cell(cell_name: str, cell: Any) -> None:
    """`assert_like_rnncell`: GraphError, naming what it lacks, if it is no cell."""
    lacking = [f"has no {name}" for name in _CELL if not hasattr(cell, name)] + ([] if callable(cell) else ["cannot be called"])
    if lacking:
        raise GraphError(f"the argument {cell_name} is no RNNCell: it {', '.join(lacking)}{here()}")


def time_first(x: Node) -> Node:
    """`_transpose_batch_time`: the first two axes exchanged. ShapeError: there are not two."""
    dims = x.type.shape
    if dims is None:
        made: Node = transpose(x, concat([[1, 0], range(2, rank(x))], 0))
        return made
    if len(dims) < 2:
        raise ShapeError(f"{describe(x)} has not an axis of the batch and one of time{here()}")
    made = transpose(x, [1, 0, *np.arange(2, len(dims)).tolist()])
    return made


def batch_size_of(flat_input: Any) -> Any:
    """`_best_effort_input_batch_size`: the size of the second axis, an int where it is known of one of the inputs. ShapeError: no second axis."""
    for x in flat_input:
        dims = x.type.shape
        if dims is not None and len(dims) < 2:
            raise ShapeError(f"{describe(x)} has not an axis of time and one of the batch{here()}")
        if dims is not None and dims[1] is not None:
            return dims[1]
    return shape(flat_input[0])[1]


def state_dtype(explicit_dtype: Any, state: Any) -> Any:
    """`_infer_state_dtype`: the dtype that is given, or that all tensors of a state have. DTypeError: they have several, or there are none."""
    if explicit_dtype is not None:
        return explicit_dtype
    dtypes = [x.dtype for x in nest.flatten(state)]
    if len(set(dtypes)) != 1:
        raise DTypeError(f"a state has one dtype, not {', '.join(d.name for d in dtypes) or 'none'}{here()}")
    return dtypes[0]
