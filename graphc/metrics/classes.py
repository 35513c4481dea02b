"""Measures of `tf.metrics` that keep a count for each class: intersection over union, and accuracy by class."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError
from ..ir.node import Node, describe, here
from ..ops.array import broadcast_to, diag_part, reshape
from ..ops.array import shape as shape_of
from ..ops.math import (
    cast,
    check_index,
    div_no_nan,
    equal,
    not_equal,
)
from ..ops.reduce import reduce_mean, reduce_sum
from ..ops.segments import unsorted_segment_sum
from ..ops.sources import constant
from ..ops.state import assign_add
from .base import Streaming, collected, flat, local_sum, scoped

__all__ = ["mean_iou", "mean_per_class_accuracy"]


def matrix_of(what: str, labels: Any, predictions: Any, classes: int, weights: Any) -> Node:
    """How often each label (row) is predicted as each class (column) in a batch."""
    z, y, w = flat(what, labels, predictions, weights)
    for x in (z, y):
        if x.type.dtype.kind not in "iu":
            raise DTypeError(f"{what}: {describe(x)} are not integers{here()}")
    place = check_index(cast(z, "int64"), classes) * classes + check_index(cast(y, "int64"), classes)
    ones = cast(w, "float64") if w is not None else broadcast_to(constant(1.0, "float64"), shape_of(place))
    return reshape(unsorted_segment_sum(ones, place, classes * classes), [classes, classes])


def union_of(total: Node) -> Node:
    """The mean of intersection over union of the classes that occur in counts of labels by predictions."""
    rows, columns, hits = reduce_sum(total, axis=1), reduce_sum(total, axis=0), diag_part(total)
    union = rows + columns - hits
    valid = reduce_sum(cast(not_equal(union, 0.0), total.dtype))
    return cast(div_no_nan(reduce_sum(div_no_nan(hits, union)), valid), "float32", name="mean_iou")


def mean_iou(labels: Any, predictions: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
             updates_collections: Any = None, name: str | None = None) -> Streaming:
    """The mean over classes of intersection over union: hits / (labels + predictions - hits), of the classes that occur, over all batches.

    labels, predictions: int[...] in [0, num_classes) -> (float32[], operation, which gives the counts of labels by predictions). ShapeError,
    DTypeError: they do not fit. InvalidArgumentError, when run: no such class.

    >>> value, update = tf.metrics.mean_iou(labels=[0, 0, 1], predictions=[0, 1, 1], num_classes=2)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(update).tolist(), sess.run(value)
    ([[1.0, 1.0], [0.0, 1.0]], np.float32(0.5))
    """
    with scoped(name, "mean_iou"):
        total = local_sum((num_classes, num_classes), "float64", "total_confusion_matrix")
        update = assign_add(total, matrix_of("mean_iou", labels, predictions, num_classes, weights))
        return collected(union_of(total), update, metrics_collections, updates_collections)


def mean_per_class_accuracy(labels: Any, predictions: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
                            updates_collections: Any = None, name: str | None = None) -> Streaming:
    """The mean over all classes of the part of a class's labels that is predicted, 0 for a class without labels, over all batches.

    labels, predictions: int[...] in [0, num_classes) -> (float32[], operation, which gives the part of each class). ShapeError, DTypeError:
    they do not fit. InvalidArgumentError, when run: no such class.
    """
    with scoped(name, "mean_accuracy"):
        z, y, w = flat("mean_per_class_accuracy", labels, predictions, weights)
        if z.type.dtype.kind not in "iu":
            raise DTypeError(f"mean_per_class_accuracy: {describe(z)} are not integers{here()}")
        place = check_index(cast(z, "int64"), num_classes)
        ones = w if w is not None else broadcast_to(constant(1.0), shape_of(place))
        hits = cast(equal(cast(y, "int64"), place), "float32") * ones
        total, count = local_sum([num_classes], "float32", "count"), local_sum([num_classes], "float32", "total")
        more = assign_add(count, unsorted_segment_sum(hits, place, num_classes)), assign_add(total, unsorted_segment_sum(ones, place, num_classes))
        value = reduce_mean(div_no_nan(count, total), name="mean_accuracy")
        return collected(value, div_no_nan(*more, name="update_op"), metrics_collections, updates_collections)
