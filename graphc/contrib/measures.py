"""Measures that TensorFlow 1 keeps in contrib: agreement, the best F1, rates of mistakes, counts, all values."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, GraphError
from ..ir.node import Node, describe, here
from ..metrics.base import Streaming, as_float, as_weight, collected, flat, local_sum, scoped, truths
from ..metrics.thresholds import confusion_at, even_thresholds
from ..ops.array import broadcast_to, one_hot
from ..ops.array import shape as shape_of
from ..ops.array import size as size_of
from ..ops.math import cast, div_no_nan, equal, logical_and, logical_not
from ..ops.reduce import reduce_max, reduce_sum
from ..ops.state import assign_add

__all__ = ["cohen_kappa", "count", "f1_score", "streaming_false_negative_rate",
           "streaming_false_negative_rate_at_thresholds", "streaming_false_positive_rate", "streaming_false_positive_rate_at_thresholds"]

_SMALL = 1e-7


def count(values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None) -> Streaming:
    """How many values all batches have, or the sum of their weights: (float32[], operation that takes a batch in).

    ShapeError: the weights do not fit. DTypeError: no numbers.

    >>> value, update = tf.contrib.metrics.count(tf.zeros([2, 3]), weights=[[1.0], [0.0]])
    >>> tf.Session(jit=False).run(update)
    np.float32(3.0)
    """
    with scoped(name, "count"):
        total, x = local_sum((), "float32", "count"), as_float("count", values)
        if weights is None:
            more = cast(size_of(x), "float32")
        else:
            more = reduce_sum(broadcast_to(as_weight("count", weights, x), shape_of(x)))
        return collected(total.read_value(), assign_add(total, more), metrics_collections, updates_collections)


# ---------------------------------------------------------------------- agreement, F1, rates of mistakes

def cohen_kappa(labels: Any, predictions_idx: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
                updates_collections: Any = None, name: str | None = None) -> Streaming:
    """How far labels and predictions agree beyond chance, over all batches (Cohen 1960): (float32[], operation that takes a batch in).

    int[n] or int[n, 1] both, classes below `num_classes`; weights: a number for each. GraphError: no number of classes. ShapeError, DTypeError:
    the operands do not fit.

    >>> value, update = tf.contrib.metrics.cohen_kappa([0, 1, 1, 0], [0, 1, 0, 0], 2)
    >>> tf.Session(jit=False).run(update)
    np.float32(0.5)
    """
    if isinstance(num_classes, bool) or not isinstance(num_classes, int) or num_classes < 2:
        raise GraphError(f"cohen_kappa: num_classes is a number of 2 or more, not {num_classes!r:.40}{here()}")
    with scoped(name, "cohen_kappa"):
        z, y, w = flat("cohen_kappa", labels, predictions_idx, weights)
        for x in (z, y):
            if x.type.dtype.kind not in "iu":
                raise DTypeError(f"cohen_kappa: {describe(x)} is not of whole numbers{here()}")
        ones = w if w is not None else cast(equal(z, z), "float32")
        rows, columns = (reduce_sum(one_hot(x, num_classes) * ones[:, None], 0) for x in (z, y))
        hits = reduce_sum(one_hot(z, num_classes) * (cast(equal(z, cast(y, z.dtype)), "float32") * ones)[:, None], 0)
        kept = [local_sum((num_classes,), "float32", n) for n in ("po", "pe_row", "pe_col")]

        def value(agreed: Node, row: Node, column: Node) -> Node:
            total = reduce_sum(row)
            chance = reduce_sum(div_no_nan(row * column, total))
            return div_no_nan(reduce_sum(agreed) - chance, total - chance)
        after = [assign_add(v, more) for v, more in zip(kept, (hits, rows, columns), strict=True)]
        return collected(value(*(v.read_value() for v in kept)), value(*after), metrics_collections, updates_collections)


def f1_score(labels: Any, predictions: Any, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
             updates_collections: Any = None, name: str | None = None) -> Streaming:
    """The greatest harmonic mean of precision and recall at `num_thresholds` thresholds, over all batches: (float32[], operation).

    labels: truth values, predictions: float in [0, 1]. GraphError: no number of thresholds. ShapeError, DTypeError: the operands do not fit.

    >>> value, update = tf.contrib.metrics.f1_score([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.7])
    >>> tf.Session(jit=False).run(update).round(4)
    np.float32(1.0)
    """
    def best(c: dict[str, Node]) -> Node:
        hits = c["true_positives"]
        precision, recall = hits / (_SMALL + hits + c["false_positives"]), hits / (_SMALL + hits + c["false_negatives"])
        return reduce_max(2.0 * precision * recall / (precision + recall + _SMALL))
    with scoped(name, "f1"):
        before, after = confusion_at("f1_score", labels, predictions, even_thresholds("f1_score", num_thresholds), weights,
                                     ("true_positives", "false_positives", "false_negatives"))
        return collected(best(before), best(after), metrics_collections, updates_collections)


def _rate(what: str, scope: str, predictions: Any, labels: Any, weights: Any, wrong_of: bool, metrics_collections: Any, updates_collections: Any,
          name: str | None) -> Streaming:
    """How many of the labels that are `wrong_of` are predicted otherwise."""
    with scoped(name, scope):
        z, y = truths(what, labels, predictions)
        own = z if wrong_of else logical_not(z)
        wrong = logical_and(own, logical_not(y) if wrong_of else y)
        kept = [local_sum((), "float32", n) for n in ("wrong", "all")]
        more = []
        for cases in (wrong, own):
            x = cast(cases, "float32")
            more.append(reduce_sum(x if weights is None else x * as_weight(what, weights, x)))
        after = [assign_add(v, m) for v, m in zip(kept, more, strict=True)]
        return collected(div_no_nan(*(v.read_value() for v in kept)), div_no_nan(*after), metrics_collections, updates_collections)


def streaming_false_positive_rate(predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None,
                                  updates_collections: Any = None, name: str | None = None) -> Streaming:
    """The share of false labels, over all batches, for which truth is predicted: (float32[], operation).

    ShapeError, DTypeError: as of `accuracy`.
    """
    return _rate("streaming_false_positive_rate", "false_positive_rate", predictions, labels, weights, False, metrics_collections,
                 updates_collections, name)


def streaming_false_negative_rate(predictions: Any, labels: Any, weights: Any = None, metrics_collections: Any = None,
                                  updates_collections: Any = None, name: str | None = None) -> Streaming:
    """The share of true labels, over all batches, for which truth is not predicted: (float32[], operation).

    ShapeError, DTypeError: as of `accuracy`.
    """
    return _rate("streaming_false_negative_rate", "false_negative_rate", predictions, labels, weights, True, metrics_collections,
                 updates_collections, name)


def _rates(what: str, scope: str, predictions: Any, labels: Any, thresholds: Any, weights: Any, wrong: str, right: str, metrics_collections: Any,
           updates_collections: Any, name: str | None) -> Streaming:
    with scoped(name, scope):
        before, after = confusion_at(what, labels, predictions, thresholds, weights, (wrong, right))
        first, last = (c[wrong] / (_SMALL + c[wrong] + c[right]) for c in (before, after))
        return collected(first, last, metrics_collections, updates_collections)


def streaming_false_positive_rate_at_thresholds(predictions: Any, labels: Any, thresholds: Any, weights: Any = None,
                                                metrics_collections: Any = None, updates_collections: Any = None,
                                                name: str | None = None) -> Streaming:
    """`streaming_false_positive_rate` of predictions above each threshold: (float32[thresholds], operation).

    ShapeError, DTypeError: as of it.
    """
    return _rates("streaming_false_positive_rate_at_thresholds", "false_positive_rate_at_thresholds", predictions, labels, thresholds, weights,
                  "false_positives", "true_negatives", metrics_collections, updates_collections, name)


def streaming_false_negative_rate_at_thresholds(predictions: Any, labels: Any, thresholds: Any, weights: Any = None,
                                                metrics_collections: Any = None, updates_collections: Any = None,
                                                name: str | None = None) -> Streaming:
    """`streaming_false_negative_rate` of predictions above each threshold: (float32[thresholds], operation).

    ShapeError, DTypeError: as of it.
    """
    return _rates("streaming_false_negative_rate_at_thresholds", "false_negative_rate_at_thresholds", predictions, labels, thresholds, weights,
                  "false_negatives", "true_positives", metrics_collections, updates_collections, name)
