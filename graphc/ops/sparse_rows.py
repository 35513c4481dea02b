"""Segments of rows that are taken from a table, and lookups by sparse ids: sums that never hold the table's rows twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import NoneType
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, ShapeError
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import TensorType
from .array_fill import zeros_like
from .array_gather import gather
from .array_join import concat, stack
from .array_move import reshape, shape
from .later import deferrable, later
from .math import cast, divide, floordiv, floormod, greater, greater_equal, logical_and, minimum, multiply, rsqrt, sqrt, square, where
from .math import equal as equals
from .parts import only
from .reduce import reduce_prod, reduce_sum
from .scopes import composed
from .segments import of_sorted, segment_mean, segment_sum, unsorted_segment_mean, unsorted_segment_sqrt_n, unsorted_segment_sum
from .sparse_forms import sparse_fill_empty_rows, sparse_reshape, sparse_retain
from .sparse_tensor import SparseTensor, along, sparse


@deferrable("segment_sqrt_n")
def _segment_sqrt_n(data: Any, segment_ids: Any, name: str | None = None) -> Node:
    return of_sorted(data, segment_ids, name, "sqrt_n")


def _segments(what: str, sorted_by: Callable[..., Node], by_number: Callable[..., Node], data: Any, indices: Any, segment_ids: Any,
              num_segments: Any, name: str | None) -> Node:
    x = to_node(data)
    if not x.dtype.is_floating and what != "sparse_segment_sum":
        raise DTypeError(f"{what}: {describe(x)} is not floating{here()}")
    rows = gather(x, indices)
    return sorted_by(rows, segment_ids, name=name) if num_segments is None else by_number(rows, segment_ids, num_segments, name=name)


@composed("SparseSegmentSum", op="SparseSegmentSum")
def sparse_segment_sum(data: Any, indices: Any, segment_ids: Any, name: str | None = None, num_segments: Any = None) -> Node:
    """The sums of the rows of `data` at `indices`, of those with the same segment id.

    data: number[n, ...], indices: int[k], segment_ids: int[k], sorted -> number[last id + 1 or num_segments, ...]. DTypeError, ShapeError:
    they do not fit. InvalidArgumentError, when run: ids that are not sorted, or no such row.

    >>> tf.Session(jit=False).run(tf.sparse_segment_sum([[1, 2], [3, 4], [5, 6]], [0, 2, 1], [0, 0, 1]))
    array([[6, 8],
           [3, 4]], dtype=int32)
    """
    return _segments("sparse_segment_sum", segment_sum, unsorted_segment_sum, data, indices, segment_ids, num_segments, name)


@composed("SparseSegmentMean", op="SparseSegmentMean")
def sparse_segment_mean(data: Any, indices: Any, segment_ids: Any, name: str | None = None, num_segments: Any = None) -> Node:
    """The means of the rows of `data` at `indices`, of those with the same segment id; otherwise as `sparse_segment_sum`.

    DTypeError, ShapeError: they do not fit. InvalidArgumentError, when run: ids that are not sorted, or no such row.

    >>> tf.Session(jit=False).run(tf.sparse_segment_mean([[1.0], [3.0], [5.0]], [0, 2, 1], [0, 0, 1]))
    array([[3.],
           [3.]], dtype=float32)
    """
    return _segments("sparse_segment_mean", segment_mean, unsorted_segment_mean, data, indices, segment_ids, num_segments, name)


@composed("SparseSegmentSqrtN", op="SparseSegmentSqrtN")
def sparse_segment_sqrt_n(data: Any, indices: Any, segment_ids: Any, name: str | None = None, num_segments: Any = None) -> Node:
    """The sums of the rows of `data` at `indices` over the roots of their numbers; otherwise as `sparse_segment_sum`.

    DTypeError, ShapeError: they do not fit. InvalidArgumentError, when run: ids that are not sorted, or no such row.

    >>> tf.Session(jit=False).run(tf.sparse_segment_sqrt_n([[1.0], [3.0], [5.0]], [0, 2, 1], [0, 1, 1]))
    array([[1.      ],
           [5.656854]], dtype=float32)
    """
    return _segments("sparse_segment_sqrt_n", _segment_sqrt_n, unsorted_segment_sqrt_n, data, indices, segment_ids, num_segments, name)


# ---------------------------------------------------------------------- tables

def rows_of_tables(params: Any, ids: Any, partition_strategy: Any, max_norm: Any, name: str | None, what: str) -> Node:
    """The rows of one table, or of several among which the ids are shared out: "mod" in turn, "div" in runs."""
    tables = [to_node(t) for t in (params if isinstance(params, (list, tuple)) else [params])]
    if not tables:
        raise ArgumentError(f"{what}: there is no table{here()}")
    at = to_node(ids)
    if at.type.dtype.kind not in "iu":
        raise DTypeError(f"{what}: {describe(at)} are no whole numbers{here()}")
    if len(tables) == 1 and max_norm is None:
        return gather(tables[0], at, name=name)
    if len(tables) > 1:
        _check_several(tables, partition_strategy, what)
    options = {"partition_strategy": partition_strategy, "max_norm": max_norm if max_norm is None else float(max_norm)}
    if None in (at.type.rank, *(t.type.rank for t in tables)):
        return later("rows_of_tables", (at, *tables), TensorType(tables[0].type.dtype, None), name, **options)
    return _rows(at, *tables, **options, name=name)


@deferrable("rows_of_tables", partition_strategy=(str,), max_norm=(float, NoneType))
def _rows(ids: Node, *tables: Node, partition_strategy: str = "mod", max_norm: float | None = None, name: str | None = None) -> Node:
    """The rows of tables of known ranks, none longer than `max_norm`."""
    found = gather(tables[0], ids) if len(tables) == 1 else _of_several(tables, cast(ids, dtype=np.int64), partition_strategy)
    if max_norm is None:
        return found
    axes = list(range(ids.type.rank or 0, found.type.rank or 0))
    length = reduce_sum(square(found), axis=axes, keepdims=True)
    least = np.asarray(max_norm, found.type.dtype)
    return multiply(found, least * minimum(rsqrt(length), 1.0 / least), name=name)


def _check_several(tables: Sequence[Node], strategy: Any, what: str) -> None:
    if strategy not in ("mod", "div") or any(not t.type.shape or t.type.shape[0] is None for t in tables) or len({t.type.rank for t in tables}) > 1:
        raise ArgumentError(f"{what}: of several tables the sizes are known and of one rank, and the strategy is 'mod' or 'div', "
                            f"not {strategy!r:.40}{here()}")


def _of_several(tables: Sequence[Node], ids: Node, strategy: str) -> Node:
    n, sizes = len(tables), [t.type.shape[0] if t.type.shape else None for t in tables]
    if strategy == "mod":
        which, row = floormod(ids, np.int64(n)), floordiv(ids, np.int64(n))
    else:
        whole, longer = divmod(sum(s for s in sizes if s is not None), n)
        first = longer * (whole + 1)
        low = ids < np.int64(first)
        which = where(low, floordiv(ids, np.int64(whole + 1)), np.int64(longer) + floordiv(ids - np.int64(first), np.int64(max(whole, 1))))
        row = where(low, floormod(ids, np.int64(whole + 1)), floormod(ids - np.int64(first), np.int64(max(whole, 1))))
    found: Node | None = None
    for i, table in enumerate(tables):
        mine = equals(which, np.int64(i))
        part = only(mine, gather(table, where(mine, row, np.int64(0))))
        found = part if found is None else found + part
    assert found is not None
    return found


@composed("embedding_lookup_sparse", op="SparseSegmentMean")
def embedding_lookup_sparse(params: Any, sp_ids: Any, sp_weights: Any, partition_strategy: str = "mod", name: str | None = None,
                            combiner: str | None = None, max_norm: Any = None) -> Node:
    """The rows of a table at the ids of each row of a sparse tensor, combined: their "sum", "mean" or "sqrtn" (the sum over the root of the
    sum of squared weights).

    params: float[rows, ...], sp_ids: SparseTensor of int, of rank 2, each row with an id; sp_weights: SparseTensor of the same places or None
    -> float[dense_shape[0], ...]. DTypeError, ShapeError, ArgumentError: they do not fit.

    >>> ids = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [1, 0, 1], [2, 2])
    >>> tf.Session(jit=False).run(tf.nn.embedding_lookup_sparse(tf.constant([[1.0], [3.0]]), ids, None, combiner='mean'))
    array([[2.],
           [3.]], dtype=float32)
    """
    what, how = "embedding_lookup_sparse", "mean" if combiner is None else combiner
    if how not in ("sum", "mean", "sqrtn"):
        raise ArgumentError(f"{what}: the combiner is 'sum', 'mean' or 'sqrtn', not {combiner!r:.40}{here()}")
    ids = sparse(sp_ids, what)
    weights = None if sp_weights is None else sparse(sp_weights, what)
    if ids.rank not in (None, 2):
        raise ShapeError(f"{what}: {ids!r} is not of rank 2{here()}")
    rows = along(ids, 0)
    found = rows_of_tables(params, ids.values, partition_strategy, max_norm, None, what)
    if weights is None:
        own: dict[str, Callable[..., Node]] = {"sum": segment_sum, "mean": segment_mean, "sqrtn": _segment_sqrt_n}
        return own[how](found, rows, name=name)
    return _weighted(found, rows, weights.values, how=how, name=name)


def safe_embedding_lookup_sparse(embedding_weights: Any, sparse_ids: Any, sparse_weights: Any = None, combiner: str | None = "mean",
                                 default_id: Any = None, name: str | None = None, partition_strategy: str = "div", max_norm: Any = None) -> Node:
    """`embedding_lookup_sparse` for ids of any rank, of which those below 0 are left out, and, but for sums, those of no weight above 0.

    embedding_weights: float[rows, n], sparse_ids: SparseTensor of int -> float[*its dense_shape without the last axis, n]; a part without an id
    has the table's row `default_id`, or zeros. DTypeError, ShapeError, ArgumentError: they do not fit.

    >>> ids = tf.SparseTensor([[0, 0], [0, 1], [2, 0]], [1, -1, 0], [3, 2])
    >>> tf.Session(jit=False).run(tf.nn.safe_embedding_lookup_sparse(tf.constant([[1.0], [3.0]]), ids))
    array([[3.],
           [0.],
           [1.]], dtype=float32)
    """
    what = "safe_embedding_lookup_sparse"
    ids = sparse(sparse_ids, what)
    weights = None if sparse_weights is None else sparse(sparse_weights, what)
    if ids.values.type.dtype.kind not in "iu":
        raise DTypeError(f"{what}: {ids!r} holds no whole numbers{here()}")
    with name_scope(name, "embedding_lookup"):
        rank, lead, known = ids.rank, ids.dense_shape[:-1], ids.shape
        if rank != 2:
            ids = sparse_reshape(ids, stack([reduce_prod(lead), ids.dense_shape[-1]], 0))
        keep = greater_equal(ids.values, np.zeros((), ids.values.type.dtype))
        if weights is not None:
            weights = SparseTensor(ids.indices, weights.values, ids.dense_shape)
            if combiner != "sum":
                keep = logical_and(keep, greater(weights.values, np.zeros((), weights.values.type.dtype)))
            weights = sparse_fill_empty_rows(sparse_retain(weights, keep), 1)[0]
        filled, empty = sparse_fill_empty_rows(sparse_retain(ids, keep), 0 if default_id is None else default_id)
        found = embedding_lookup_sparse(embedding_weights, filled, weights, partition_strategy, None, combiner, max_norm)
        if default_id is None:
            found = where(empty, zeros_like(found), found)
        if rank != 2:
            found = reshape(found, concat([lead, shape(found, out_type=np.int64)[1:]], 0))
        if known.ndims is not None and found.type.rank == known.ndims:
            found.set_shape([*known.as_list()[:-1], *found.shape.as_list()[known.ndims - 1:]])
        return found


@deferrable("weighted_rows", how=(str,))
def _weighted(found: Node, rows: Node, weights: Node, how: str = "sum", name: str | None = None) -> Node:
    """The rows, each times its weight, combined as `embedding_lookup_sparse` does."""
    if found.type.rank is None:
        return later("weighted_rows", (found, rows, weights), TensorType(found.type.dtype, None), name, how=how)
    wide = reshape(cast(weights, dtype=found.dtype), [-1, *[1] * (found.type.rank - 1)])
    total = segment_sum(found * wide, rows, name=name if how == "sum" else None)
    if how == "sum":
        return total
    below = segment_sum(wide if how == "mean" else square(wide), rows)
    return divide(total, below if how == "mean" else sqrt(below), name=name)


__all__ = ["sparse_segment_sum", "sparse_segment_mean", "sparse_segment_sqrt_n"]
