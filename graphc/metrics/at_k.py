"""Whether the classes of the k largest predictions are among a row's labels, counted over batches: precision, recall, average precision."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import nn
from ..errors import DTypeError, ShapeError
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.array import cumsum, expand_dims, ones_like, range
from ..ops.array import shape as shape_of
from ..ops.math import cast, div_no_nan, equal, greater_equal, logical_and, minimum
from ..ops.reduce import reduce_any, reduce_sum
from ..ops.sparse import sparse_to_dense
from ..ops.sparse_tensor import SparseTensor
from ..ops.state import assign_add
from .base import Streaming, as_weight, collected, local_sum, scoped

__all__ = ["average_precision_at_k", "precision_at_k", "precision_at_top_k", "recall_at_k", "recall_at_top_k", "sparse_average_precision_at_k",
           "sparse_precision_at_k"]


class _Rows(NamedTuple):
    """For each row: whether each label is one (others fill it up), whether each is predicted, and whether each prediction is a label."""

    labels: Node            # bool[n, labels]
    found: Node             # bool[n, labels]
    right: Node             # bool[n, k]
    counted: Node           # bool[n, k]: the predictions that count, of one class or all


def _rows(what: str, labels: Any, top: Node, class_id: int | None) -> _Rows:
    if isinstance(labels, SparseTensor):
        z = cast(sparse_to_dense(labels.indices, labels.dense_shape, labels.values, -1), "int64")
        present = greater_equal(z, 0)
    else:
        node = to_node(labels)
        if node.type.dtype.kind not in "iu":
            raise DTypeError(f"{what}: the labels {describe(node)} are no numbers of classes{here()}")
        if node.type.rank not in (1, 2):
            raise ShapeError(f"{what}: labels are [n] or [n, labels], not {describe(node)}{here()}")
        z = cast(expand_dims(node, 1) if node.type.rank == 1 else node, "int64")
        present = ones_like(z, dtype="bool")
    counted = ones_like(top, dtype="bool")
    if class_id is not None:
        present, counted = logical_and(present, equal(z, class_id)), equal(top, class_id)
    same = equal(expand_dims(z, 2), expand_dims(top, 1))        # [n, labels, k]
    found = reduce_any(logical_and(same, expand_dims(counted, 1)), axis=2)
    right = reduce_any(logical_and(same, expand_dims(present, 2)), axis=1)
    return _Rows(present, logical_and(present, found), logical_and(counted, right), counted)


def _top(what: str, predictions: Any, k: int) -> Node:
    y = to_node(predictions)
    if y.type.rank != 2:
        raise ShapeError(f"{what}: predictions are float[n, classes], not {describe(y)}{here()}")
    return cast(nn.top_k(y, k=k)[1], "int64")


def _classes(what: str, predictions: Any) -> Node:
    top = to_node(predictions)
    if top.type.rank != 2 or top.type.dtype.kind not in "iu":
        raise ShapeError(f"{what}: the predicted classes are int[n, k], not {describe(top)}{here()}")
    return cast(top, "int64")


def _quotient(what: str, hits: Node, cases: Node, weights: Any, metrics_collections: Any, updates_collections: Any, name: str | None) -> Streaming:
    """The weighted sum of hits by that of all cases, over batches."""
    with scoped(name, what):
        sums = []
        for value, of in ((hits, "true_positive_at_k"), (cases, "cases_at_k")):
            rows = cast(value, "float64")
            rows = rows if weights is None else rows * cast(as_weight(what, weights, cast(rows, "float32")), "float64")
            total = local_sum((), "float64", of)
            sums.append((total, assign_add(total, reduce_sum(rows))))
        (hit, more_hits), (case, more_cases) = sums
        return collected(div_no_nan(hit, case, name="value"), div_no_nan(more_hits, more_cases, name="update_op"),
                         metrics_collections, updates_collections)


def _count(x: Node, axis: int = 1) -> Node:
    return reduce_sum(cast(x, "float64"), axis=axis)


def recall_at_k(labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None, metrics_collections: Any = None,
                updates_collections: Any = None, name: str | None = None) -> Streaming:
    """Of all labels the part that is among the classes of the k largest predictions of its row, over all batches.

    labels: int[n], int[n, labels] or a SparseTensor of it, predictions: float[n, classes], weights: number[] or number[n] -> (float64[],
    operation). `class_id`: labels and predictions of that class alone. ShapeError, DTypeError: they do not fit.
    """
    rows = _rows("recall_at_k", labels, _top("recall_at_k", predictions, k), class_id)
    return _quotient("recall_at_k", _count(rows.found), _count(rows.labels), weights, metrics_collections, updates_collections,
                     name or f"recall_at_{k}")


def recall_at_top_k(labels: Any, predictions_idx: Any, k: int | None = None, class_id: int | None = None, weights: Any = None,
                    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None) -> Streaming:
    """`recall_at_k` of the predicted classes, int[n, k]. ShapeError, DTypeError: as there.

    >>> _, update = tf.metrics.recall_at_top_k([[0, 2], [1, 3]], [[1, 2], [3, 1]])
    >>> tf.Session(jit=False).run(update)
    np.float64(0.75)
    """
    rows = _rows("recall_at_top_k", labels, _classes("recall_at_top_k", predictions_idx), class_id)
    return _quotient("recall_at_top_k", _count(rows.found), _count(rows.labels), weights, metrics_collections, updates_collections, name)


def precision_at_k(labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None, metrics_collections: Any = None,
                   updates_collections: Any = None, name: str | None = None) -> Streaming:
    """Of the classes of the k largest predictions the part that is among the labels of its row, over all batches.

    Operands, result, `class_id` and errors (ShapeError, DTypeError) as of `recall_at_k`.
    """
    rows = _rows("precision_at_k", labels, _top("precision_at_k", predictions, k), class_id)
    return _quotient("precision_at_k", _count(rows.right), _count(rows.counted), weights, metrics_collections, updates_collections,
                     name or f"precision_at_{k}")


def precision_at_top_k(labels: Any, predictions_idx: Any, k: int | None = None, class_id: int | None = None, weights: Any = None,
                       metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None) -> Streaming:
    """`precision_at_k` of the predicted classes, int[n, k]. ShapeError, DTypeError: as there.

    >>> _, update = tf.metrics.precision_at_top_k([[0, 2], [1, 3]], [[1, 2], [3, 0]])
    >>> tf.Session(jit=False).run(update)
    np.float64(0.5)
    """
    rows = _rows("precision_at_top_k", labels, _classes("precision_at_top_k", predictions_idx), class_id)
    return _quotient("precision_at_top_k", _count(rows.right), _count(rows.counted), weights, metrics_collections, updates_collections, name)


def average_precision_at_k(labels: Any, predictions: Any, k: int, weights: Any = None, metrics_collections: Any = None,
                           updates_collections: Any = None, name: str | None = None) -> Streaming:
    """The mean over rows of the precisions at each of the k first places that holds a label, by how many could, over all batches.

    Operands, result and errors (ShapeError, DTypeError) as of `recall_at_k`.
    """
    rows = _rows("average_precision_at_k", labels, _top("average_precision_at_k", predictions, k), None)
    right = cast(rows.right, "float64")
    place = cast(range(1, shape_of(right)[1] + 1), "float64")
    total = reduce_sum(right * cumsum(right, axis=1) / place, axis=1)
    each = div_no_nan(total, minimum(_count(rows.labels), float(k)))
    return _quotient("average_precision_at_k", each, ones_like(each), weights, metrics_collections, updates_collections,
                     name or f"average_precision_at_{k}")


sparse_precision_at_k = precision_at_k
sparse_average_precision_at_k = average_precision_at_k
