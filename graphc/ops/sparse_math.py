"""Sums, products and reductions of sparse tensors: numbers of places, and then sums and slices of values alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.axes import normal_axes
from ..ir.known import as_int
from ..ir.node import Node, describe, here, saying
from ..ir.operator import Values, declare, to_node
from ..ir.types import TensorType, compatible
from .array_gather import gather, scatter_nd, scatter_sum
from .array_join import concat
from .array_move import Types, integers, reshape, shape, stop_gradient, transpose
from .linalg_matmul import matmul
from .math import abs as absolute
from .math import add, exp, greater_equal, maximum, minimum, where
from .reduce import reduce_prod
from .segments import segment_max_of
from .sparse_forms import sparse_retain, static_or_list
from .sparse_product import sparse_product
from .sparse_tensor import INDEX, SparseTensor, SparseTensorValue, along, like, places, sparse, unraveled

# ---------------------------------------------------------------------- equal places

def _distinct_type(types: Types, values: Values) -> tuple[TensorType, TensorType]:
    integers(types[0], "keys")
    return TensorType(INDEX, (None,)), TensorType(INDEX, types[0].shape)


@declare("host", _distinct_type, results=("keys", "idx"), samples=(([np.array([5, 2, 7, 2])], {}), ([np.zeros(0, int)], {})))
def distinct(keys: Any) -> Any:
    """The different numbers of a vector, sorted, and where each of its elements is among them."""
    found, at = np.unique(keys, return_inverse=True)
    return found.astype(INDEX), at.reshape(-1).astype(INDEX)


def united(dims: Node, rank: int | None, keys: Sequence[Node]) -> tuple[Node, list[Node]]:
    """The places of several vectors of numbers of places, sorted and once each, and where each vector's are among them."""
    found = distinct(concat(list(keys), 0) if len(keys) > 1 else keys[0])
    at, start = [], np.zeros((), INDEX)
    for k in keys:
        n = shape(k, out_type=INDEX)
        at.append(found.idx[start:start + n[0]] if len(keys) > 1 else found.idx)
        start = start + n[0]
    return unraveled(found.keys, dims, rank), at


def _same_shapes(what: str, a: SparseTensor, b: Any) -> None:
    other = b.shape._shape if isinstance(b, SparseTensor) else b.type.shape
    if not compatible(a.shape._shape, other):
        raise ShapeError(f"{what}: {a!r} and {b!r} are not of one shape{here()}")


def _same_dims(a: SparseTensor, b: SparseTensor) -> Node:
    """The shape of both, which any run checks."""
    return equal_vectors(a.dense_shape, b.dense_shape)


@declare("host", lambda types, values: types[0], samples=(([np.array([2, 3]), np.array([2, 3])], {}),))
def equal_vectors(x: Any, y: Any) -> Any:
    """x; the run fails unless y is the same."""
    if not np.array_equal(x, y):
        raise InvalidArgumentError(f"the shapes {x.tolist()} and {y.tolist()} are not the same")
    return x


# ---------------------------------------------------------------------- sums

def sparse_add(a: Any, b: Any, threshold: Any = None, thresh: Any = 0) -> Any:
    """The sum of two tensors of one shape, of which one at least is sparse: sparse if both are, else dense.

    Of two sparse ones, sums smaller than `thresh` in magnitude are left out. DTypeError, ShapeError: they do not fit.

    >>> x, y = tf.SparseTensor([[0]], [2.0], [2]), tf.SparseTensor([[0], [1]], [3.0, 4.0], [2])
    >>> tf.Session(jit=False).run(tf.sparse_add(x, y)).values
    array([5., 4.], dtype=float32)
    """
    kinds = (SparseTensor, SparseTensorValue)
    if not isinstance(a, kinds) and not isinstance(b, kinds):
        raise DTypeError(f"sparse_add: neither of its operands is sparse; tf.add adds tensors{here()}")
    if not isinstance(a, kinds):
        a, b = b, a
    x = sparse(a, "sparse_add")
    if not isinstance(b, kinds):
        dense = to_node(b, None if isinstance(b, Node) else x.dtype)
        _same_shapes("sparse_add", x, dense)
        if x.dtype != dense.dtype:
            raise DTypeError(f"sparse_add: {x!r} and {describe(dense)} are of different dtypes{here()}")
        return add(dense, scatter_nd(x.indices, x.values, equal_vectors(shape(dense, out_type=INDEX), x.dense_shape)))
    y = sparse(b, "sparse_add")
    _same_shapes("sparse_add", x, y)
    if x.dtype != y.dtype:
        raise DTypeError(f"sparse_add: {x!r} and {y!r} are of different dtypes{here()}")
    found, values = _summed([x, y])
    made = like(x, found, values, x.dense_shape)
    least = thresh if threshold is None else threshold
    if isinstance(least, (int, float)) and least == 0:
        return made
    return sparse_retain(made, greater_equal(absolute(values), least))


def _summed(parts: Sequence[SparseTensor]) -> tuple[Node, Node]:
    """Places of any of the tensors, sorted and once each, and the sums of the values there."""
    dims, keys = parts[0].dense_shape, [places(x) for x in parts]
    for other in parts[1:]:
        dims = _same_dims(parts[0], other)
    rank = next((x.rank for x in parts if x.rank is not None), None)
    found, at = united(dims, rank, keys)
    whole = [*at, concat([x.values for x in parts], 0)]
    return found, scatter_sum(concat(at, 0) if len(at) > 1 else at[0], whole[-1], shape(found)[:1])


def _met(what: str, sp_a: Any, sp_b: Any, choose: Any, name: str | None) -> SparseTensor:
    """The greater or smaller of two sparse tensors element by element; where one has no element it has 0."""
    x, y = sparse(sp_a, what), sparse(sp_b, what)
    _same_shapes(what, x, y)
    if x.dtype != y.dtype:
        raise DTypeError(f"{what}: {x!r} and {y!r} are of different dtypes{here()}")
    found, at = united(_same_dims(x, y), x.rank if x.rank is not None else y.rank, [places(x), places(y)])
    count = shape(found)[:1]
    return like(x, found, choose(*(scatter_sum(i, s.values, count) for i, s in zip(at, (x, y), strict=True)), name=name), x.dense_shape)


def sparse_maximum(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
    """The greater of two sparse tensors of one shape, element by element; where one has no element it has 0.

    SparseTensor, SparseTensor -> SparseTensor. DTypeError, ShapeError: they do not fit.
    """
    return _met("sparse_maximum", sp_a, sp_b, maximum, name)


def sparse_minimum(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
    """The smaller of two sparse tensors of one shape, element by element; where one has no element it has 0.

    SparseTensor, SparseTensor -> SparseTensor. DTypeError, ShapeError: they do not fit.
    """
    return _met("sparse_minimum", sp_a, sp_b, minimum, name)


# ---------------------------------------------------------------------- reductions

def _axes(x: SparseTensor, what: str, axis: Any) -> tuple[int, ...] | None:
    """The axes to reduce, None for all; as they were given where only a run knows the rank."""
    with saying(what):
        if axis is None:
            return None
        if x.rank is not None:
            return normal_axes(axis, x.rank)
        return tuple(as_int(a, "axis") for a in static_or_list(axis))


def _split_attrs(types: Types, axes: Any) -> dict[str, Any]:
    rank = types[0].shape[0] if types[0].shape else None
    known = rank if isinstance(rank, int) else None
    return {"axes": None if axes is None else tuple(as_int(a, "axis") for a in axes) if known is None else normal_axes(axes, known)}


def _split_type(types: Types, values: Values, axes: Any) -> tuple[TensorType, TensorType]:
    rank = types[0].shape[0] if types[0].shape else None
    rest = 0 if axes is None else rank - len({a % rank for a in axes}) if isinstance(rank, int) else None
    return TensorType(np.dtype(np.int32), (rest,)), TensorType(INDEX, (rank,))


@declare("host", _split_type, results=("rest", "kept"), prepare=_split_attrs,
         samples=(([np.array([2, 3, 4])], {"axes": (0, -1)}), ([np.array([2, 3])], {"axes": None}), ([np.array([2, 3])], {"axes": (1,)})))
def split_axes(dims: Any, *, axes: Any) -> Any:
    """The axes of a shape that stay when others (None: all) are reduced, and the shape with 1 for those; the run fails if there is no such axis."""
    rank = len(dims)
    wrong = [a for a in axes or () if not -rank <= a < rank]
    if wrong:
        raise InvalidArgumentError(f"a sparse tensor of shape {dims.tolist()} has no axis {wrong[0]}")
    gone = [*range(rank)] if axes is None else [a % rank for a in axes]
    kept = dims.astype(INDEX)
    kept[gone] = 1
    return np.setdiff1d(np.arange(rank), gone).astype(np.int32), kept


def _kept(x: SparseTensor, axes: tuple[int, ...] | None) -> tuple[SparseTensor, Node]:
    """The same values at their places along the other axes, and the shape with 1 for these."""
    split = split_axes(x.dense_shape, axes=axes)
    return SparseTensor(gather(x.indices, split.rest, axis=1), x.values, gather(x.dense_shape, split.rest)), split.kept


def _reduced(what: str, sp_input: Any, axis: Any, keepdims: Any, combine: Any, name: str | None) -> Node:
    x = sparse(sp_input, what)
    axes = _axes(x, what, axis)
    rest, kept = _kept(x, axes)
    numbers = places(rest)
    flat = combine(x.values, numbers, reduce_prod(rest.dense_shape))
    made = reshape(flat, kept if keepdims else rest.dense_shape, name=name)
    if x._open is not None:
        gone = range(len(x._open)) if axes is None else axes
        made.set_shape([1 if i in gone else d for i, d in enumerate(x._open) if keepdims or i not in gone])
    return made


def _sums(values: Node, numbers: Node, count: Node) -> Node:
    return scatter_sum(numbers, values, reshape(count, [1]))


def sparse_reduce_sum(sp_input: Any, axis: Any = None, keepdims: Any = None, reduction_axes: Any = None, keep_dims: Any = None,
                      name: str | None = None) -> Node:
    """The sum of a sparse tensor along axes (all without them), as a dense tensor.

    SparseTensor -> the dtype of its values. ShapeError: there is no such axis (InvalidArgumentError where only a run knows the rank).

    >>> tf.Session(jit=False).run(tf.sparse_reduce_sum(tf.SparseTensor([[0, 1], [1, 1]], [2.0, 3.0], [2, 2]), 0))
    array([0., 5.], dtype=float32)
    """
    return _reduced("sparse_reduce_sum", sp_input, reduction_axes if axis is None else axis, keep_dims if keepdims is None else keepdims, _sums, name)


def sparse_reduce_sum_sparse(sp_input: Any, axis: Any = None, keepdims: Any = None, reduction_axes: Any = None,
                             keep_dims: Any = None) -> SparseTensor:
    """`sparse_reduce_sum` as a sparse tensor, of the places with elements.

    SparseTensor -> SparseTensor. ShapeError: there is no such axis (InvalidArgumentError where only a run knows the rank).
    """
    return _reduced_sparse("sparse_reduce_sum_sparse", sp_input, reduction_axes if axis is None else axis,
                           keep_dims if keepdims is None else keepdims, lambda values, at, count: scatter_sum(at, values, count))


def _reduced_sparse(what: str, sp_input: Any, axis: Any, keepdims: Any, combine: Any) -> SparseTensor:
    x = sparse(sp_input, what)
    rest, kept = _kept(x, _axes(x, what, axis))
    found, at = united(rest.dense_shape, rest.rank, [places(rest)])
    values = combine(x.values, at[0], shape(found)[:1])
    if not keepdims:
        return SparseTensor(found, values, rest.dense_shape)
    return SparseTensor(unraveled(places(SparseTensor(found, values, rest.dense_shape)), kept, x.rank), values, kept)


def sparse_reduce_max_sparse(sp_input: Any, axis: Any = None, keepdims: Any = None, reduction_axes: Any = None,
                             keep_dims: Any = None) -> SparseTensor:
    """`sparse_reduce_max` as a sparse tensor, of the places with elements.

    SparseTensor -> SparseTensor. ShapeError: there is no such axis (InvalidArgumentError where only a run knows the rank).
    """
    return _reduced_sparse("sparse_reduce_max_sparse", sp_input, reduction_axes if axis is None else axis,
                           keep_dims if keepdims is None else keepdims, lambda values, at, count: segment_max_of(values, at, reshape(count, [])))


def sparse_reduce_max(sp_input: Any, axis: Any = None, keepdims: Any = None, reduction_axes: Any = None, keep_dims: Any = None,
                      name: str | None = None) -> Node:
    """The greatest element of a sparse tensor along axes (all without them), as a dense tensor; 0 where there is none.

    SparseTensor -> the dtype of its values. ShapeError: there is no such axis (InvalidArgumentError where only a run knows the rank).

    >>> tf.Session(jit=False).run(tf.sparse_reduce_max(tf.SparseTensor([[0, 1], [1, 1]], [2.0, 3.0], [2, 2]), 0))
    array([0., 3.], dtype=float32)
    """
    def most(values: Node, numbers: Node, count: Node) -> Node:
        there = scatter_sum(numbers, 0 * numbers + 1, reshape(count, [1]))
        return where(greater_equal(there, 1), segment_max_of(values, numbers, count), np.zeros((), values.type.dtype))
    return _reduced("sparse_reduce_max", sp_input, reduction_axes if axis is None else axis, keep_dims if keepdims is None else keepdims, most, name)


def sparse_softmax(sp_input: Any, name: str | None = None) -> SparseTensor:
    """The softmax of the elements of each row (along the last axis) of a sparse tensor; places without elements take no part.

    SparseTensor of floats, of rank 2 or more -> SparseTensor of the same places. DTypeError: it is not floating.

    >>> x = tf.SparseTensor([[0, 0], [0, 2], [1, 1]], [1.0, 1.0, 7.0], [2, 3])
    >>> tf.Session(jit=False).run(tf.sparse_softmax(x)).values
    array([0.5, 0.5, 1. ], dtype=float32)
    """
    x = sparse(sp_input, "sparse_softmax")
    if not x.dtype.is_floating:
        raise DTypeError(f"sparse_softmax: {x!r} is not floating{here()}")
    if x.rank is not None and x.rank < 2:
        raise ShapeError(f"sparse_softmax: {x!r} has no rows{here()}")
    rows = SparseTensor(x.indices[:, :-1], x.values, x.dense_shape[:-1])
    numbers, count = places(rows), reduce_prod(rows.dense_shape)
    e = exp(x.values - stop_gradient(gather(segment_max_of(x.values, numbers, count), numbers)))
    sums = scatter_sum(numbers, e, reshape(count, [1]))
    return x.with_values(gather(sums, numbers) ** -1.0 * e if name is None else (e / gather(sums, numbers)))


# ---------------------------------------------------------------------- products

def sparse_tensor_dense_matmul(sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: str | None = None) -> Node:
    """The product of a sparse matrix and a dense one, each transposed first if its flag says so.

    sp_a: SparseTensor of shape [m, k], b: the same dtype[k, n] -> [m, n]. Both have gradients; places may stand in any order, and repeatedly.
    DTypeError, ShapeError: they do not fit. InvalidArgumentError, when run: a place outside of the shape.

    >>> a = tf.SparseTensor([[0, 1], [1, 0]], [2.0, 3.0], [2, 2])
    >>> tf.Session(jit=False).run(tf.sparse_tensor_dense_matmul(a, [[1.0], [10.0]]))
    array([[20.],
           [ 3.]], dtype=float32)
    """
    x = sparse(sp_a, "sparse_tensor_dense_matmul")
    y = to_node(b, None if isinstance(b, Node) else x.dtype)
    if y.dtype != x.dtype:
        raise DTypeError(f"sparse_tensor_dense_matmul: {x!r} and {describe(y)} are of different dtypes{here()}")
    y = transpose(y, [1, 0]) if adjoint_b else y
    rows, columns = (1, 0) if adjoint_a else (0, 1)
    dims = x.shape._shape
    if (x.rank is not None and x.rank != 2) or not compatible(y.type.shape, (None if dims is None else dims[columns], None)):
        raise ShapeError(f"sparse_tensor_dense_matmul: {x!r} and {describe(y)} are no matrices whose inner sizes agree{here()}")
    count = inner_agree(gather(x.dense_shape, rows), gather(x.dense_shape, columns), shape(y, out_type=INDEX)[0])
    return sparse_product(along(x, columns), along(x, rows), x.values, y, reshape(count, [1]), name)


@declare("host", lambda types, values: types[0], shape_math=True, samples=(([np.array(4), np.array(3), np.array(3)], {}),))
def inner_agree(count: Any, columns: Any, rows: Any) -> Any:
    """`count`; the run fails unless a matrix of `columns` columns can be multiplied by one of `rows` rows."""
    if columns == columns and rows == rows and not columns == rows:          # before the run nan stands for what is not known
        raise InvalidArgumentError(f"a matrix of {columns} columns cannot be multiplied by one of {rows} rows")
    return count


def sparse_matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False,
                  name: str | None = None) -> Node:
    """The product of two dense matrices, of which TensorFlow is told that they hold many zeros; here it makes no difference.

    Types as `matmul`. DTypeError, ShapeError: they do not fit.
    """
    return matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b, name=name)


__all__ = ["sparse_add", "sparse_maximum", "sparse_minimum", "sparse_reduce_sum", "sparse_reduce_sum_sparse", "sparse_reduce_max",
           "sparse_reduce_max_sparse", "sparse_softmax", "sparse_tensor_dense_matmul", "sparse_matmul"]
