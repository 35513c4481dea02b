"""TensorFlow's operators of arrays that graphc spells with several of its own: what the rows of arrays name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import UnimplementedError
from ...ir.node import OPERATORS, Node
from ...ops import array, math, partition, sparse_math
from ...ops.sparse_tensor import SparseTensor
from .forms_math import Repeated


def transposed(call: Any, x: Node, g: Node) -> Node:
    """What `x` gets of `g`, the gradient of `call(x)`: the linear map `call`, turned round."""
    (found,) = OPERATORS["gradients"]([call(x)], [g], [x])
    return array.zeros_like(x) if found is None else found


def identity(input: Any) -> Any:
    """The same value; what is no tensor, an array of arrays or a variable's handle, passes."""
    return array.identity(input) if isinstance(input, Node) else input


def squeeze(input: Node, axis: Sequence[int] = ()) -> Node:
    return array.squeeze(input, axis=list(axis) or None)


def conjugate_transpose(a: Node, perm: Any) -> Node:
    return array.transpose(a, perm, conjugate=True)


def reverse_flags(tensor: Node, dims: Any) -> Node:
    """The tensor turned round along the axes whose flag is set."""
    return array.reverse(tensor, [int(i) for i in np.flatnonzero(dims)])


def shape_n(input: Sequence[Node], out_type: Any = "int32") -> list[Node]:
    return [array.shape(x, out_type=out_type) for x in input]


def broadcast_gradient_args(s0: Node, s1: Node) -> tuple[Repeated, Repeated]:
    """The axes over which the gradients of two operands that were broadcast are summed."""
    return Repeated(s0, s1), Repeated(s1, s0)


def concat_offset(concat_dim: Any, shape: Sequence[Node]) -> list[Node]:
    """Where along the axis each of several tensors of these shapes begins, as vectors that are 0 elsewhere."""
    rank, axis = shape[0].type.shape[0], int(np.asarray(concat_dim).reshape(()))
    if rank is None:
        raise UnimplementedError("the number of dimensions must be known while the graph is built")
    unit = np.zeros(rank, shape[0].type.dtype)
    unit[axis] = 1
    found: list[Any] = []
    at = None
    for s in shape:
        found.append(array.zeros([rank], dtype=s.dtype) if at is None else unit * at)
        at = s[axis] if at is None else at + s[axis]
    return found


def unpack(value: Node, num: int, axis: int = 0) -> list[Node]:
    return list(array.unstack(value, num=num, axis=axis)) if num else []


def parallel_concat(values: Sequence[Node]) -> Node:
    return array.concat(values, 0)


def pad_with(tensor: Node, paddings: Node, constant_values: Node) -> Node:
    """Any element around: that of a constant is part of the operator, another one is put where ones are added to ones."""
    known = constant_values.attrs.get("value")
    if known is not None:
        return array.pad(tensor, paddings, constant_values=known.item())
    inside = array.pad(array.ones_like(tensor, dtype="bool"), paddings, constant_values=False)
    return math.choose(inside, array.pad(tensor, paddings), constant_values)


def mirror_pad_grad(y: Node, paddings: Any, mode: str) -> Node:
    """The gradient of `pad` with a mode: what was mirrored is added to where it came from."""
    inner = array.zeros(array.shape(y) - np.sum(paddings, axis=1).astype(np.int32), dtype=y.dtype)
    return transposed(lambda x: array.pad(x, paddings, mode), inner, y)


def strided_slice_grad(shape: Node, begin: Node, end: Node, strides: Node, dy: Node, **masks: Any) -> Node:
    """dy within zeros of the shape that a slice was taken of."""
    whole = array.zeros(shape, dtype=dy.dtype)
    return transposed(lambda x: array.strided_slice(x, begin, end, strides, **masks), whole, dy)


def tensor_scatter_update(tensor: Node, indices: Node, updates: Node) -> Node:
    return OPERATORS["changed"](tensor, indices, updates, how="set")


def tensor_scatter_add(tensor: Node, indices: Node, updates: Node) -> Node:
    return OPERATORS["changed"](tensor, indices, updates, how="add")


def tensor_scatter_sub(tensor: Node, indices: Node, updates: Node) -> Node:
    return OPERATORS["changed"](tensor, indices, updates, how="sub")


def tensor_scatter_max(tensor: Node, indices: Node, updates: Node) -> Node:
    return OPERATORS["changed"](tensor, indices, updates, how="max")


def tensor_scatter_min(tensor: Node, indices: Node, updates: Node) -> Node:
    return OPERATORS["changed"](tensor, indices, updates, how="min")


def sparse_matmul(a_indices: Node, a_values: Node, a_shape: Node, b: Node, adjoint_a: bool = False, adjoint_b: bool = False) -> Node:
    """A sparse matrix, of places and values, times another one."""
    return sparse_math.sparse_tensor_dense_matmul(SparseTensor(math.cast(a_indices, "int64"), a_values, a_shape), b, adjoint_a, adjoint_b)


def list_diff(x: Node, y: Node, index_dtype: Any = "int32") -> tuple[Node, Node]:
    found = partition.setdiff1d(x, y, index_dtype)
    return found.out, found.idx


def bincount(arr: Node, size: Node, weights: Node) -> Node:
    """How often each number below `size` stands there; with weights, their sums."""
    weighed = weights.type.shape != (0,)
    return partition.bincount(arr, weights if weighed else None, minlength=size, maxlength=size, dtype=weights.dtype)


def matrix_diag(diagonal: Node, k: Any, num_rows: Any, num_cols: Any, padding_value: Any) -> Node:
    _main(k, padding_value)
    if int(num_rows) != -1 or int(num_cols) != -1:
        raise UnimplementedError("num_rows and num_cols are -1 in graphc: the matrix is square")
    return array.matrix_diag(diagonal)


def matrix_diag_part(input: Node, k: Any, padding_value: Any) -> Node:
    _main(k, padding_value)
    return array.matrix_diag_part(input)


def matrix_set_diag(input: Node, diagonal: Node, k: Any) -> Node:
    _main(k, 0)
    return array.matrix_set_diag(input, diagonal)


def _main(k: Any, padding_value: Any) -> None:
    if np.any(k) or np.any(padding_value):
        raise UnimplementedError("graphc has the main diagonal, k = 0, without padding")
