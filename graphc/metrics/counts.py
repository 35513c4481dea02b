"""Counts over batches of right and wrong predictions, and the quotients of `tf.metrics` that are made of them."""

from __future__ import annotations

from typing import Any

from ..ir.node import Node
from ..ops.math import (
    cast,
    div_no_nan,
    logical_and,
    logical_not,
)
from ..ops.reduce import reduce_sum
from ..ops.state import Variable, assign_add
from .base import Streaming, as_weight, collected, local_sum, scoped, truths

__all__ = ["false_negatives", "false_positives", "precision", "recall", "true_negatives", "true_positives"]


def _count(what: str, cases: Node, weights: Any, metrics_collections: Any, updates_collections: Any, name: str | None) -> Streaming:
    with scoped(name, what):
        value, update = _counted(what, cases, weights, "count")
        return collected(value, update, metrics_collections, updates_collections)


def _counted(what: str, cases: Node, weights: Any, name: str) -> tuple[Variable, Node]:
    """A variable that counts cases, by their weights."""
    count, found = local_sum((), "float32", name), cast(cases, "float32")
    return count, assign_add(count, reduce_sum(found if weights is None else found * as_weight(what, weights, found)))


def true_positives(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                   name: str | None = None) -> Streaming:
    """How many predictions are true where the labels are, over all batches. Errors (ShapeError, DTypeError) as of `accuracy`."""
    z, y = truths("true_positives", labels, predictions)
    return _count("true_positives", logical_and(z, y), weights, metrics_collections, updates_collections, name)


def true_negatives(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                   name: str | None = None) -> Streaming:
    """How many predictions are false where the labels are, over all batches. Errors (ShapeError, DTypeError) as of `accuracy`."""
    z, y = truths("true_negatives", labels, predictions)
    return _count("true_negatives", logical_and(logical_not(z), logical_not(y)), weights, metrics_collections, updates_collections, name)


def false_positives(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                    name: str | None = None) -> Streaming:
    """How many predictions are true where the labels are not, over all batches. Errors (ShapeError, DTypeError) as of `accuracy`."""
    z, y = truths("false_positives", labels, predictions)
    return _count("false_positives", logical_and(logical_not(z), y), weights, metrics_collections, updates_collections, name)


def false_negatives(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                    name: str | None = None) -> Streaming:
    """How many predictions are false where the labels are true, over all batches. Errors (ShapeError, DTypeError) as of `accuracy`."""
    z, y = truths("false_negatives", labels, predictions)
    return _count("false_negatives", logical_and(z, logical_not(y)), weights, metrics_collections, updates_collections, name)


def precision(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
              name: str | None = None) -> Streaming:
    """Of the predictions that are true the part whose label is, over all batches; 0 if none is.

    labels, predictions: truth values, or numbers of which 0 is false -> (float32[], operation). ShapeError, DTypeError: as `accuracy`.

    >>> value, update = tf.metrics.precision(labels=[0, 1, 1], predictions=[1, 1, 0])
    >>> tf.Session(jit=False).run(update)
    np.float32(0.5)
    """
    return _quotient("precision", labels, predictions, weights, "false_positives", metrics_collections, updates_collections, name)


def recall(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
           name: str | None = None) -> Streaming:
    """Of the labels that are true the part that is predicted, over all batches; 0 if none is.

    labels, predictions: truth values, or numbers of which 0 is false -> (float32[], operation). ShapeError, DTypeError: as `accuracy`.

    >>> value, update = tf.metrics.recall(labels=[0, 1, 1, 1], predictions=[1, 1, 0, 0])
    >>> tf.Session(jit=False).run(update).round(3)
    np.float32(0.333)
    """
    return _quotient("recall", labels, predictions, weights, "false_negatives", metrics_collections, updates_collections, name)


def _quotient(what: str, labels: Any, predictions: Any, weights: Any, wrong: str, metrics_collections: Any, updates_collections: Any,
              name: str | None) -> Streaming:
    z, y = truths(what, labels, predictions)
    with scoped(name, what):
        hits, more_hits = _counted(what, logical_and(z, y), weights, "true_positives")
        cases = logical_and(z, logical_not(y)) if wrong == "false_negatives" else logical_and(logical_not(z), y)
        misses, more = _counted(what, cases, weights, wrong)
        return collected(div_no_nan(hits, hits + misses, name="value"), div_no_nan(more_hits, more_hits + more, name="update_op"),
                          metrics_collections, updates_collections)
