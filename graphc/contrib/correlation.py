"""Covariance and correlation of predictions and labels over batches, of `contrib.metrics`, by moments about the means so far."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.arguments import hold as _hold
from ..ir.node import Node, describe, here
from ..metrics.base import Streaming, as_float, as_weight, collected, local_sum, scoped
from ..ops.array import broadcast_to, identity
from ..ops.array import shape as shape_of
from ..ops.contract import held
from ..ops.math import div_no_nan, less_equal, sqrt, where
from ..ops.reduce import reduce_sum
from ..ops.state import assign
from ..variables import variable_scope

__all__ = ["streaming_covariance", "streaming_pearson_correlation"]


def _floats(what: str, predictions: Any, labels: Any) -> tuple[Node, Node]:
    p, y = as_float(what, predictions), as_float(what, labels)
    if not p.shape.is_compatible_with(y.shape):
        raise ShapeError(f"{what}: {describe(p)} and {describe(y)} are of two shapes{here()}")
    return held(f"metrics.{what}", "same", p, y), y


def _covariance(what: str, p: Node, y: Node, weights: Any, scope: str) -> tuple[Node, Node]:
    """The covariance over all batches, and the operation that takes a batch in. Chan, Golub and LeVeque (1979), equation 1.5."""
    with variable_scope(scope):
        count, mean_p, mean_y, together = (local_sum((), "float32", part) for part in ("count", "mean_prediction", "mean_label", "comoment"))
        w = broadcast_to(np.float32(1.0) if weights is None else as_weight(what, weights, p), shape_of(p))
        number = reduce_sum(w)
        all_now = count + number
        batch_p, batch_y = div_no_nan(reduce_sum(w * p), number), div_no_nan(reduce_sum(w * y), number)
        off_p, off_y = batch_p - mean_p, batch_y - mean_y
        more = reduce_sum(w * (p - batch_p) * (y - batch_y)) + off_p * off_y * div_no_nan(count * number, all_now)
        share = div_no_nan(number, all_now)
        value = _quotient(identity(together), identity(count))
        moved = [assign(mean_p, mean_p + off_p * share), assign(mean_y, mean_y + off_y * share)]
        with p.graph.control_dependencies(moved):
            update = _quotient(assign(together, together + more), assign(count, all_now))
        return value, update


def _quotient(together: Node, count: Node) -> Node:
    """A sum divided by one less than its count; nan of fewer than two."""
    few = less_equal(count, 1.0)
    return where(few, together * np.float32(np.nan), together / where(few, count * 0.0 + 1.0, count - 1.0))


def streaming_covariance(predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                         name: str | None = None) -> Streaming:
    """The covariance of predictions and labels over all batches, nan of fewer than two.

    predictions, labels: number[...] of one shape, weights: as of `tf.metrics.mean` -> (float32[], operation that takes a batch in and gives the
    value then). ShapeError: two shapes, or the weights do not fit. DTypeError: no numbers.

    >>> value, update = tf.contrib.metrics.streaming_covariance([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    >>> tf.Session(jit=False).run(update)
    np.float32(2.0)
    """
    p, y = _floats("streaming_covariance", predictions, labels)
    with scoped(name, "covariance"):
        return collected(*_covariance("streaming_covariance", p, y, weights, "of"), metrics_collections, updates_collections)


def streaming_pearson_correlation(predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None,
                                  updates_collections: Any = None, name: str | None = None) -> Streaming:
    """Pearson's correlation of predictions and labels over all batches: their covariance by both deviations, nan of fewer than two.

    predictions, labels: number[...] of one shape, weights: as of `tf.metrics.mean` -> (float32[], operation that takes a batch in and gives the
    value then). ShapeError: two shapes, or the weights do not fit. DTypeError: no numbers.

    >>> value, update = tf.contrib.metrics.streaming_pearson_correlation([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    >>> round(float(tf.Session(jit=False).run(update)), 6)
    1.0
    """
    p, y = _floats("streaming_pearson_correlation", predictions, labels)
    with scoped(name, "pearson_r"):
        pairs = [_covariance("streaming_pearson_correlation", a, b, weights, part) for part, a, b in
                 (("covariance", p, y), ("variance_predictions", p, p), ("variance_labels", y, y))]
        value, update = (both / (sqrt(of_p) * sqrt(of_y)) for both, of_p, of_y in zip(*pairs, strict=True))
        return collected(value, update, metrics_collections, updates_collections)


_hold(globals(), __all__)
