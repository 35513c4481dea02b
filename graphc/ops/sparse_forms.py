"""Sparse tensors in another order, shape or number: what moves places, and takes the values along."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.axes import normal_axis
from ..ir.known import as_int, known_shape, static_value
from ..ir.node import Node, describe, here, saying
from ..ir.operator import declare, many, to_node
from ..ir.sizes import unknown
from ..ir.types import TensorType, bool_, compatible
from .array_fill import fill, ones_like
from .array_gather import gather, mask_indices
from .array_index import range as numbers
from .array_join import concat, stack
from .array_move import Types, expand_dims, reshape, shape
from .array_scan import stable_order
from .math import cast, greater_equal, less, logical_and, maximum, minimum
from .reduce import reduce_all, reduce_max, reduce_min
from .sparse_dense import sparse_to_dense
from .sparse_tensor import INDEX, SparseTensor, along, like, places, sparse, sparse_position, sparse_strides, unraveled, whole_numbers

# ---------------------------------------------------------------------- order

def _taken(x: SparseTensor, rows: Node) -> SparseTensor:
    """Some of the elements, in the order of `rows`."""
    return like(x, gather(x.indices, rows), gather(x.values, rows), x.dense_shape)


def sparse_reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """The sparse tensor with its places in C order.

    SparseTensor -> SparseTensor of the same elements. DTypeError: no sparse tensor. InvalidArgumentError, when run: a place outside of its shape.

    >>> tf.Session(jit=False).run(tf.sparse_reorder(tf.SparseTensor([[1, 0], [0, 1]], [3.0, 2.0], [2, 2]))).values
    array([2., 3.], dtype=float32)
    """
    x = sparse(sp_input, "sparse_reorder")
    return _taken(x, stable_order(places(x), name=name))


def sparse_transpose(sp_input: Any, perm: Any = None, name: str | None = None) -> SparseTensor:
    """The axes of a sparse tensor in another order, by default the opposite one; its places are in C order.

    SparseTensor -> SparseTensor. ShapeError: the rank is unknown and `perm` not given, or `perm` is no permutation of the axes.

    >>> tf.Session(jit=False).run(tf.sparse_transpose(tf.SparseTensor([[0, 1]], [2.0], [2, 3]))).dense_shape
    array([3, 2])
    """
    x = sparse(sp_input, "sparse_transpose")
    order = [*range(_rank_of(x, "sparse_transpose"))][::-1] if perm is None else [as_int(p, "perm") for p in static_or_list(perm)]
    rank = len(order) if x.rank is None else x.rank
    if sorted(p % rank if -rank <= p < rank else -1 for p in order) != list(range(rank)):
        raise ShapeError(f"sparse_transpose: {order} is no permutation of the axes of {x!r}{here()}")
    turned = np.array(order) % rank
    made = SparseTensor(gather(x.indices, turned, axis=1), x.values, gather(x.dense_shape, turned))
    made._open = None if x._open is None else tuple(x._open[i] for i in turned.tolist())
    return sparse_reorder(made, name)


def static_or_list(value: Any) -> list[Any]:
    """The members of a list, or of a tensor whose value is known."""
    if isinstance(value, Node):
        known = static_value(value)
        if known is None or unknown(known).any():
            raise ShapeError(f"{describe(value)} must be known while the graph is built{here()}")
        return list(known.astype(int).tolist())
    return list(np.asarray(value).reshape(-1).tolist())


def _rank_of(x: SparseTensor, what: str) -> int:
    if x.rank is None:
        raise ShapeError(f"{what}: the rank of {x!r} must be known while the graph is built{here()}")
    return x.rank


# ---------------------------------------------------------------------- shape

@declare("host", lambda types, values: TensorType(INDEX, types[1].shape), fixed={"wanted": "int64"},
         samples=(([np.array([2, 6]), np.array([3, -1])], {}), ([np.array([4]), np.array([2, 2])], {})))
def sparse_shape(dense_shape: Any, wanted: Any) -> Any:
    """A shape of as many elements as another has, in which one -1 stands for what is left; the run fails if there is none."""
    count, dims = int(np.prod(dense_shape, dtype=object)), [int(d) for d in wanted]
    rest = 1
    for d in dims:
        rest *= 1 if d == -1 else d
    if dims.count(-1) == 1 and rest > 0 and count % rest == 0:
        return np.array([count // rest if d == -1 else d for d in dims], INDEX)
    if -1 in dims or rest != count:
        raise InvalidArgumentError(f"the {count} elements of a tensor of shape {dense_shape.tolist()} do not fill the shape {dims}")
    return wanted.astype(INDEX)


def sparse_reshape(sp_input: Any, shape: Any, name: str | None = None) -> SparseTensor:
    """The elements of a sparse tensor, in C order, in another shape; one -1 stands for what is left.

    SparseTensor, int[m] -> SparseTensor. ShapeError: the rank of the new shape is unknown. InvalidArgumentError, when run: it holds another
    number of elements.

    >>> tf.Session(jit=False).run(tf.sparse_reshape(tf.SparseTensor([[0, 1]], [2.0], [2, 3]), [3, -1])).indices
    array([[0, 1]])
    """
    x = sparse(sp_input, "sparse_reshape")
    wanted = whole_numbers(shape, "shape")
    if not wanted.type.shape or wanted.type.shape[0] is None:
        raise ShapeError(f"sparse_reshape: the number of axes of {describe(wanted)} must be known{here()}")
    dims = sparse_shape(x.dense_shape, wanted)
    made = SparseTensor(unraveled(places(x), dims, wanted.type.shape[0]), x.values, dims)
    known = known_shape(static_value(wanted), wanted.type.shape[0])
    made._open = None if known is None else tuple(None if d == -1 else d for d in known)
    return made


def sparse_expand_dims(sp_input: Any, axis: Any = -1, name: str | None = None) -> SparseTensor:
    """A new axis of size 1 at `axis`, which counts in the result.

    SparseTensor -> SparseTensor of one rank more. ShapeError: the rank is unknown, or there is no such axis.
    """
    x = sparse(sp_input, "sparse_expand_dims")
    with saying("sparse_expand_dims"):
        at = normal_axis(axis, _rank_of(x, "sparse_expand_dims") + 1)
    zeros = fill(stack([shape(x.indices, out_type=INDEX)[0], 1], 0), np.zeros((), INDEX))
    columns = concat([x.indices[:, :at], zeros, x.indices[:, at:]], 1)
    made = SparseTensor(columns, x.values, concat([x.dense_shape[:at], np.ones(1, INDEX), x.dense_shape[at:]], 0, name=name))
    made._open = None if x._open is None else (*x._open[:at], 1, *x._open[at:])
    return made


def sparse_reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """The sparse tensor with another shape around the same places: the smallest that holds them, or a larger one that is given.

    SparseTensor -> SparseTensor. InvalidArgumentError, when run: a place outside of the shape that is given.
    """
    x = sparse(sp_input, "sparse_reset_shape")
    if new_shape is None:
        dims = maximum(reduce_max(x.indices, axis=0), -1) + 1
    else:
        dims = whole_numbers(new_shape, "new_shape")
    made = SparseTensor(x.indices, x.values, dims)
    if new_shape is None:
        return made
    inside = sparse_position(x.indices, dims, sparse_strides(dims))            # which fails at a place outside
    return SparseTensor(x.indices + 0 * expand_dims(inside, 1), x.values, dims)


# ---------------------------------------------------------------------- some elements

def sparse_retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """The elements of a sparse tensor for which `to_retain` is true.

    SparseTensor, bool[n] -> SparseTensor of the same shape. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.sparse_retain(tf.SparseTensor([[0], [2]], [1.0, 2.0], [3]), [False, True])).indices
    array([[2]])
    """
    x = sparse(sp_input, "sparse_retain")
    keep = to_node(to_retain, bool_)
    if not compatible(keep.type.shape, x.values.type.shape):
        raise ShapeError(f"sparse_retain: {describe(keep)} does not have an element for each of {x!r}{here()}")
    return _taken(x, mask_indices(keep, shape(x.values)))


def sparse_slice(sp_input: Any, start: Any, size: Any, name: str | None = None) -> SparseTensor:
    """The part of a sparse tensor that begins at `start` and has `size`, which is cut where the tensor ends.

    SparseTensor, int[rank], int[rank] -> SparseTensor. DTypeError: no sparse tensor, or no whole numbers.

    >>> tf.Session(jit=False).run(tf.sparse_slice(tf.SparseTensor([[0], [2]], [1.0, 2.0], [3]), [1], [2])).indices
    array([[1]])
    """
    x = sparse(sp_input, "sparse_slice")
    first, count = whole_numbers(start, "start"), whole_numbers(size, "size")
    dims = maximum(minimum(count, x.dense_shape - first), np.int64(0))
    here_ = logical_and(greater_equal(x.indices, expand_dims(first, 0)), less(x.indices, expand_dims(first + dims, 0)))
    rows = mask_indices(reduce_all(here_, axis=1), shape(x.values))
    return SparseTensor(gather(x.indices, rows) - expand_dims(first, 0), gather(x.values, rows, name=name), dims)


def sparse_split(keyword_required: Any = None, sp_input: Any = None, num_split: Any = None, axis: Any = None, name: str | None = None,
                 split_dim: Any = None) -> list[SparseTensor]:
    """A sparse tensor cut along an axis into `num_split` parts, of which the first are longer by one where it does not divide.

    Takes keywords, as TensorFlow: sp_input, num_split, axis. -> a list of SparseTensors. ShapeError: the rank or the number of parts is
    unknown, or there is no such axis.

    >>> parts = tf.sparse_split(sp_input=tf.SparseTensor([[0], [2]], [1.0, 2.0], [3]), num_split=2, axis=0)
    >>> tf.Session(jit=False).run(parts[1]).indices
    array([[0]])
    """
    x = sparse(sp_input, "sparse_split")
    return split_of(x, num_split, split_dim if axis is None else axis)


def split_of(sp_input: Any, num_split: Any = None, axis: Any = None, name: str | None = None) -> list[SparseTensor]:
    """`sparse_split` as `tf.sparse.split` takes its arguments: a sparse tensor cut along an axis into parts.

    SparseTensor -> a list of SparseTensors. ShapeError: the rank or the number of parts is unknown, or there is no such axis.
    """
    x = sparse(sp_input, "sparse_split")
    with saying("sparse_split"):
        rank = _rank_of(x, "sparse_split")
        at, parts = normal_axis(axis, rank), as_int(num_split, "num_split")
        if parts < 1:
            raise ShapeError(f"num_split is at least 1, not {parts}")
    whole = x.dense_shape[at]
    short, longer = whole // parts, whole % parts
    out, start = [], np.zeros((), INDEX)
    for i in range(parts):
        size = short + cast(less(np.int64(i), longer), dtype=INDEX)
        begin = [start if k == at else np.zeros((), INDEX) for k in range(rank)]
        dims = [size if k == at else x.dense_shape[k] for k in range(rank)]
        out.append(sparse_slice(x, stack(begin, 0), stack(dims, 0)))
        start = start + size
    return out


def sparse_concat(axis: Any, sp_inputs: Any, name: str | None = None, expand_nonconcat_dim: bool = False, concat_dim: Any = None,
                  expand_nonconcat_dims: Any = None) -> SparseTensor:
    """Sparse tensors side by side along an axis, places in C order; `expand_nonconcat_dim`: their other sizes may differ, the greatest is taken.

    A list of SparseTensors -> SparseTensor. DTypeError, ShapeError: they do not fit. InvalidArgumentError, when run: other sizes differ.

    >>> x = tf.SparseTensor([[0, 1]], [2.0], [1, 2])
    >>> tf.Session(jit=False).run(tf.sparse_concat(1, [x, x])).indices
    array([[0, 1],
           [0, 3]])
    """
    parts = [sparse(x, "sparse_concat") for x in many("sparse_concat", sp_inputs)]
    if not parts:
        raise ShapeError(f"sparse_concat: there is nothing to join{here()}")
    if len({x.dtype for x in parts}) > 1:
        raise DTypeError(f"sparse_concat: {' and '.join(map(repr, parts))} are of different dtypes{here()}")
    with saying("sparse_concat"):
        rank = _rank_of(parts[0], "sparse_concat")
        at = normal_axis(concat_dim if axis is None else axis, rank)
    expand = expand_nonconcat_dim if expand_nonconcat_dims is None else expand_nonconcat_dims
    dims = joined_shape(stack([x.dense_shape for x in parts], 0), axis=at, expand=bool(expand))
    moved, start = [], np.zeros((), INDEX)
    step = np.array([int(k == at) for k in range(rank)], INDEX)
    for x in parts:
        moved.append(x.indices + start * step)
        start = start + x.dense_shape[at]
    whole = SparseTensor(concat(moved, 0), concat([x.values for x in parts], 0), dims)
    return sparse_reorder(whole, name)


def _joined_attrs(types: Types, axis: Any, expand: Any) -> dict[str, Any]:
    return {"axis": as_int(axis), "expand": bool(expand)}


@declare("host", lambda types, values, axis, expand: TensorType(INDEX, None if types[0].shape is None else types[0].shape[1:]),
         prepare=_joined_attrs, samples=(([np.array([[2, 3], [2, 4]])], {"axis": 1, "expand": False}),
                                         ([np.array([[2, 3], [5, 4]])], {"axis": 1, "expand": True})))
def joined_shape(shapes: Any, *, axis: Any, expand: Any) -> Any:
    """The shape of tensors side by side along an axis, from theirs, a row each; the run fails if their other sizes differ and may not."""
    others = np.delete(shapes, axis, 1)
    if not expand and (others != others[:1]).any():
        raise InvalidArgumentError(f"tensors of the shapes {shapes.tolist()} do not fit side by side along axis {axis}")
    out = shapes.max(0)
    out[axis] = shapes[:, axis].sum()
    return out.astype(INDEX)


# ---------------------------------------------------------------------- rows without elements

@declare("host", lambda types, values: (TensorType(INDEX, (None,)), TensorType(INDEX, (None,)), TensorType(np.dtype(bool), (None,)),
                                        TensorType(INDEX, types[0].shape)),
         results=("rows", "sources", "empty", "places"), fixed={"count": "int64"},
         samples=(([np.array([0, 2, 2]), np.array(4)], {}), ([np.zeros(0, int), np.array(2)], {})))
def without_empty_rows(rows: Any, count: Any) -> Any:
    """The rows of elements with one for each row without any, which of the elements each is (one past the last: none), the rows without,
    and where each of the elements went.
    """
    bad = (rows < 0) | (rows >= count)
    if bad.any():
        raise InvalidArgumentError(f"the row {rows[bad][0]} lies outside of the shape, which has {count}")
    empty = np.bincount(rows, minlength=int(count)) == 0
    every = np.concatenate([rows, np.flatnonzero(empty)])
    order = np.argsort(every, kind="stable")
    where_to = np.empty_like(order)
    where_to[order] = np.arange(len(order))
    return every[order].astype(INDEX), np.minimum(order, len(rows)).astype(INDEX), empty, where_to[:len(rows)].astype(INDEX)


def sparse_fill_empty_rows(sp_input: Any, default_value: Any, name: str | None = None) -> tuple[SparseTensor, Node]:
    """The sparse tensor with `default_value` at the first place of each row that has no element, and which rows had none.

    SparseTensor, any[] -> (SparseTensor, bool[dense_shape[0]]). DTypeError: no sparse tensor, or a value of another dtype.

    >>> x, empty = tf.sparse_fill_empty_rows(tf.SparseTensor([[1, 1]], [2.0], [2, 2]), -1.0)
    >>> tf.Session(jit=False).run(x.values)
    array([-1.,  2.], dtype=float32)
    """
    x = sparse(sp_input, "sparse_fill_empty_rows")
    default = to_node(default_value, None if isinstance(default_value, Node) else x.dtype)
    n = shape(x.values, out_type=INDEX)[0]
    rows, sources, empty, _ = without_empty_rows(along(x, 0), x.dense_shape[0])
    values = gather(concat([x.values, reshape(default, [1])], 0), sources, name=name)
    filler = concat([x.indices, 0 * expand_dims(x.dense_shape, 0)], 0)
    others = gather(filler, minimum(sources, n))[:, 1:]
    return like(x, concat([expand_dims(rows, 1), others], 1), values, x.dense_shape), empty


def sparse_merge(sp_ids: Any, sp_values: Any, vocab_size: Any, name: str | None = None, already_sorted: bool = False) -> SparseTensor:
    """Values at the places that ids say: the last axis of the ids, which counts them, becomes one of the size `vocab_size`.

    sp_ids: a sparse tensor of integers, or a list of them with a list of sizes, one more axis for each; sp_values: a sparse tensor of the same
    places. DTypeError: no sparse tensors, no integers. GraphError: not as many sizes as ids. In C order unless `already_sorted`.

    >>> ids = tf.SparseTensor([[0, 0], [1, 0], [1, 1]], tf.constant([2, 0, 1], tf.int64), [2, 2])
    >>> values = tf.SparseTensor([[0, 0], [1, 0], [1, 1]], [1.0, 2.0, 3.0], [2, 2])
    >>> tf.Session(jit=False).run(tf.sparse_tensor_to_dense(tf.sparse_merge(ids, values, 3)))
    array([[0., 0., 1.],
           [2., 3., 0.]], dtype=float32)
    """
    several = isinstance(sp_ids, (list, tuple))
    given = [sparse(x, "sparse_merge") for x in (sp_ids if several else [sp_ids])]
    sizes = [*vocab_size] if several and isinstance(vocab_size, (list, tuple)) else [vocab_size]
    if len(sizes) != len(given):
        raise GraphError(f"sparse_merge: {len(given)} tensors of ids, and {len(sizes)} sizes{here()}")
    values = sparse(sp_values, "sparse_merge")
    for x in given:
        if x.values.type.dtype.kind not in "iu":
            raise DTypeError(f"sparse_merge: {describe(x.values)} are no integers{here()}")
    columns = [expand_dims(cast(x.values, dtype=INDEX), 1) for x in given]
    indices = concat([given[0].indices[:, :-1], *columns], 1)
    whole = concat([given[0].dense_shape[:-1], *(reshape(cast(to_node(n), dtype=INDEX), [1]) for n in sizes)], 0)
    made = SparseTensor(indices, values.values, whole)
    return made if already_sorted else sparse_reorder(made, name=name)


def sparse_eye(num_rows: Any, num_columns: Any = None, dtype: Any = np.float32, name: str | None = None) -> SparseTensor:
    """The unit matrix as a sparse tensor: ones in row i and column i.

    num_rows, num_columns: int[], the latter as many as rows by default -> SparseTensor of dtype[num_rows, num_columns]. DTypeError: no whole
    numbers.

    >>> tf.Session(jit=False).run(tf.sparse.to_dense(tf.sparse.eye(2, 3)))
    array([[1., 0., 0.],
           [0., 1., 0.]], dtype=float32)
    """
    rows = whole_numbers(num_rows, "num_rows")
    columns = rows if num_columns is None else whole_numbers(num_columns, "num_columns")
    both = stack([rows, columns])
    at = numbers(reduce_min(both))
    return SparseTensor(stack([at, at], axis=1), cast(ones_like(at), dtype), both)


def sparse_to_indicator(sp_input: Any, vocab_size: Any, name: str | None = None) -> Node:
    """Numbers below `vocab_size` in the last axis of a sparse tensor, as a dense tensor of booleans that is true where one of them stands.

    SparseTensor of int -> bool[*dense_shape[:-1], vocab_size]. DTypeError: its values are no whole numbers.
    """
    x = sparse(sp_input, "sparse_to_indicator")
    if x.values.type.dtype.kind not in "iu":
        raise DTypeError(f"sparse_to_indicator: {x!r} does not hold whole numbers{here()}")
    ids = expand_dims(cast(x.values, dtype=INDEX), 1)
    dims = concat([x.dense_shape[:-1], [cast(vocab_size, dtype=INDEX) if isinstance(vocab_size, Node) else np.int64(vocab_size)]], 0)
    return sparse_to_dense(concat([x.indices[:, :-1], ids], 1), dims, ones_like(x.values, dtype=bool_), False, False, name)


__all__ = ["sparse_reorder", "sparse_transpose", "sparse_reshape", "sparse_expand_dims", "sparse_reset_shape", "sparse_retain", "sparse_slice",
           "sparse_split", "sparse_concat", "sparse_fill_empty_rows", "sparse_merge", "sparse_to_indicator"]
