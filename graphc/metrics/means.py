"""Means over batches of what `tf.metrics` measures: values, hits, and differences of labels and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ShapeError
from ..ir.node import Node, describe, here
from ..ops.array import broadcast_to
from ..ops.array import shape as shape_of
from ..ops.array import size as size_of
from ..ops.contract import held
from ..ops.math import (
    abs,
    cast,
    div_no_nan,
    equal,
    less,
    multiply,
    sqrt,
    square,
    subtract,
)
from ..ops.reduce import reduce_sum
from ..ops.state import assign_add
from .base import Streaming, as_float, as_weight, collected, local_sum, pair, scoped

__all__ = ["accuracy", "mean", "mean_absolute_error", "mean_cosine_distance", "mean_relative_error", "mean_squared_error", "mean_tensor",
           "percentage_below", "root_mean_squared_error"]


def mean(values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None) -> Streaming:
    """The weighted mean of all values of all batches: sum(values * weights) / sum(weights), 0 before there is one.

    values: number[...], weights: number[] or as the values with 1 for some sizes -> (float32[], operation that takes a batch in and gives the
    value then). The sums are local variables. ShapeError: the weights do not fit. DTypeError: no numbers.

    >>> x = tf.placeholder(tf.float32, [None])
    >>> value, update = tf.metrics.mean(x)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(update, {x: [1, 3]}), sess.run(update, {x: [8]}), sess.run(value)
    (np.float32(2.0), np.float32(4.0), np.float32(4.0))
    """
    return streaming_mean("mean", as_float("mean", values), weights, metrics_collections, updates_collections, name)


def streaming_mean(what: str, values: Node, weights: Any, metrics_collections: Any, updates_collections: Any, name: str | None,
                   finish: Callable[[Node], Node] = lambda x: x) -> Streaming:
    """The weighted mean of values over all batches, after which `finish` is taken of it."""
    with scoped(name, what):
        total, count = local_sum((), "float32", "total"), local_sum((), "float32", "count")
        if weights is None:
            add, number = reduce_sum(values), cast(size_of(values, out_type="int64"), "float32")
        else:
            w = as_weight(what, weights, values)
            add, number = reduce_sum(values * w), reduce_sum(broadcast_to(w, shape_of(values)))
        value = finish(div_no_nan(total, count, name="value"))
        update = finish(div_no_nan(assign_add(total, add), assign_add(count, number), name="update_op"))
        return collected(value, update, metrics_collections, updates_collections)


def accuracy(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
             name: str | None = None) -> Streaming:
    """How often predictions equal labels, over all batches.

    labels, predictions: any[...], weights: as for `mean` -> (float32[], operation). ShapeError, DTypeError: they do not fit.

    >>> value, update = tf.metrics.accuracy(labels=[1, 2, 3], predictions=[1, 0, 3], name="acc")
    >>> sess = tf.Session(jit=False)
    >>> sess.run(update).round(3), sess.run(value).round(3), [v.op.name for v in tf.local_variables("acc")]
    (np.float32(0.667), np.float32(0.667), ['acc/total', 'acc/count'])
    """
    z, y = pair("accuracy", labels, predictions)
    if z.type.dtype != y.type.dtype:
        y = cast(y, z.dtype)
    return streaming_mean("accuracy", cast(equal(y, z), "float32"), weights, metrics_collections, updates_collections, name)


def mean_absolute_error(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                        name: str | None = None) -> Streaming:
    """The mean of |predictions - labels| over all batches. Arguments, results and errors (ShapeError, DTypeError) as of `accuracy`."""
    z, y = _floats("mean_absolute_error", labels, predictions)
    return streaming_mean("mean_absolute_error", abs(subtract(y, z)), weights, metrics_collections, updates_collections, name)


def mean_squared_error(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                       name: str | None = None) -> Streaming:
    """The mean of (predictions - labels)^2 over all batches. Arguments, results and errors (ShapeError, DTypeError) as of `accuracy`."""
    z, y = _floats("mean_squared_error", labels, predictions)
    return streaming_mean("mean_squared_error", square(subtract(y, z)), weights, metrics_collections, updates_collections, name)


def root_mean_squared_error(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
                            updates_collections: Any = None, name: str | None = None) -> Streaming:
    """The root of `mean_squared_error`. Arguments, results and errors (ShapeError, DTypeError) as of `accuracy`."""
    z, y = _floats("root_mean_squared_error", labels, predictions)
    return streaming_mean("root_mean_squared_error", square(subtract(y, z)), weights, metrics_collections, updates_collections, name, sqrt)


def mean_relative_error(labels: Any, predictions: Any, normalizer: Any, weights: Any = None, metrics_collections: Any = None,
                        updates_collections: Any = None, name: str | None = None) -> Streaming:
    """The mean of |labels - predictions| / normalizer over all batches, 0 where that is 0.

    Arguments, results and errors (ShapeError, DTypeError) as of `accuracy`; `normalizer` is of the shape of the labels.
    """
    z, y = _floats("mean_relative_error", labels, predictions)
    n = held("metrics.mean_relative_error", "same", as_float("mean_relative_error", normalizer), y)
    return streaming_mean("mean_relative_error", div_no_nan(abs(subtract(z, y)), n), weights, metrics_collections, updates_collections, name)


def mean_cosine_distance(labels: Any, predictions: Any, dim: int, weights: Any = None, metrics_collections: Any = None,
                         updates_collections: Any = None, name: str | None = None) -> Streaming:
    """1 - the mean of sum(labels * predictions) along `dim`, of vectors of length 1, over all batches.

    Arguments, results and errors (ShapeError, DTypeError) as of `accuracy`; the weights are for sums whose size along `dim` is 1.
    """
    z, y = _floats("mean_cosine_distance", labels, predictions)
    products = reduce_sum(multiply(z, y), axis=dim, keepdims=True)
    return streaming_mean("mean_cosine_distance", products, weights, metrics_collections, updates_collections, name, lambda x: 1.0 - x)


def percentage_below(values: Any, threshold: float, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                     name: str | None = None) -> Streaming:
    """The part of all values that is below the threshold. Arguments, results and errors (ShapeError, DTypeError) as of `mean`."""
    below = cast(less(as_float("percentage_below", values), threshold), "float32")
    return streaming_mean("percentage_below_threshold", below, weights, metrics_collections, updates_collections, name)


def mean_tensor(values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                name: str | None = None) -> Streaming:
    """The weighted mean over all batches of each element of a tensor, whose shape is known.

    values: number[...] -> (float32[...], operation). ShapeError: the shape is not known. DTypeError: no numbers.
    """
    x = as_float("mean_tensor", values)
    if not x.type.known:
        raise ShapeError(f"mean_tensor: the shape of {describe(x)} is not known{here()}")
    with scoped(name, "mean"):
        total, count = (local_sum(x.type.shape or (), "float32", n) for n in ("total_tensor", "count_tensor"))
        w = broadcast_to(as_weight("mean_tensor", 1.0 if weights is None else weights, x), shape_of(x))
        update = div_no_nan(assign_add(total, x * w), assign_add(count, w), name="update_op")
        return collected(div_no_nan(total, count, name="value"), update, metrics_collections, updates_collections)


def _floats(what: str, labels: Any, predictions: Any) -> tuple[Node, Node]:
    z, y = pair(what, labels, predictions)
    return as_float(what, z), as_float(what, y)
