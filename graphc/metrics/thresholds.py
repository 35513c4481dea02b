"""Counts of `tf.metrics` at many thresholds at once, and the areas under curves that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from ..errors import DTypeError, GraphError
from ..ir.node import Node, here
from ..ops.array import expand_dims, gather, ones_like, reverse
from ..ops.math import (
    abs,
    cast,
    div_no_nan,
    greater,
    log,
    logical_and,
    logical_not,
    maximum,
    minimum,
    where,
)
from ..ops.positions import argmin
from ..ops.reduce import reduce_sum
from ..ops.sources import constant
from ..ops.state import assign_add
from .base import EPSILON, Streaming, as_float, collected, flat, local_sum, scoped

__all__ = ["auc", "false_negatives_at_thresholds", "false_positives_at_thresholds", "precision_at_thresholds", "recall_at_thresholds",
           "sensitivity_at_specificity", "specificity_at_sensitivity", "true_negatives_at_thresholds", "true_positives_at_thresholds"]


def found_of(what: str, labels: Any, predictions: Any, limits: Any, weights: Any, wanted: Sequence[str]) -> dict[str, Node]:
    """The counts of each kind in a batch, for each threshold that predictions must exceed to be true."""
    z, y, w = flat(what, labels, predictions, weights)
    said = expand_dims(cast(z, "bool"), axis=0)
    true = greater(expand_dims(as_float(what, y), axis=0), expand_dims(constant(limits), axis=1))
    cases = {"true_positives": (said, true), "false_negatives": (said, logical_not(true)),
             "true_negatives": (logical_not(said), logical_not(true)), "false_positives": (logical_not(said), true)}
    counts: dict[str, Node] = {}
    for kind in wanted:
        found = cast(logical_and(*cases[kind]), "float32")
        counts[kind] = reduce_sum(found if w is None else found * expand_dims(w, axis=0), axis=1)
    return counts


def confusion_at(what: str, labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any,
               wanted: Sequence[str]) -> tuple[dict[str, Node], dict[str, Node]]:
    """The counts of each kind for each threshold that predictions must exceed to be true: before and after the batch."""
    try:
        limits = np.asarray(list(thresholds), np.float32)
    except (TypeError, ValueError):
        raise DTypeError(f"{what}: {thresholds!r:.60} are no thresholds{here()}") from None
    found = found_of(what, labels, predictions, limits, weights, wanted)
    before: dict[str, Node] = {kind: local_sum(limits.shape, "float32", kind) for kind in wanted}
    return before, {kind: assign_add(before[kind], found[kind]) for kind in wanted}


class AtThresholds(Protocol):
    """A metric with a value for each threshold."""

    def __call__(self, labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None, metrics_collections: Any = None,
                 updates_collections: Any = None, name: str | None = None) -> Streaming: ...


def _of_thresholds(name: str, about: str, kinds: Sequence[str], value: Callable[[dict[str, Node]], Node]) -> AtThresholds:
    """The metric of that name, made of some counts for each threshold."""
    def metric(labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None, metrics_collections: Any = None,
               updates_collections: Any = None, name: str | None = None) -> Streaming:
        with scoped(name, scope):
            before, after = confusion_at(metric.__name__, labels, predictions, thresholds, weights, kinds)
            return collected(value(before), value(after), metrics_collections, updates_collections)
    scope = name if len(kinds) > 1 else kinds[0]
    metric.__name__ = metric.__qualname__ = name
    metric.__doc__ = f"{about} Errors (ShapeError, DTypeError) as of `accuracy`."
    return metric


def _count(kind: str) -> AtThresholds:
    return _of_thresholds(f"{kind}_at_thresholds", f"`{kind}` of predictions above each threshold.", [kind], lambda counts: counts[kind])


def _quotient(name: str, wrong: str) -> AtThresholds:
    return _of_thresholds(f"{name}_at_thresholds", f"`{name}` of predictions above each threshold: (float32[thresholds], operation).",
                          ["true_positives", wrong], lambda counts: counts["true_positives"] / (counts["true_positives"] + counts[wrong] + EPSILON))


true_positives_at_thresholds = _count("true_positives")
true_negatives_at_thresholds = _count("true_negatives")
false_positives_at_thresholds = _count("false_positives")
false_negatives_at_thresholds = _count("false_negatives")
precision_at_thresholds = _quotient("precision", "false_positives")
recall_at_thresholds = _quotient("recall", "false_negatives")


def even_thresholds(what: str, count: int) -> list[float]:
    """Thresholds from just below 0 to just above 1."""
    if not isinstance(count, (int, np.integer)) or count < 2:
        raise GraphError(f"{what}: num_thresholds is a number of 2 or more, not {count!r:.40}{here()}")
    return [-EPSILON, *((i + 1) / (count - 1) for i in range(count - 2)), 1.0 + EPSILON]


_ALL = ("true_positives", "false_negatives", "true_negatives", "false_positives")


def _interpolated(tp: Node, fn: Node, fp: Node) -> Node:
    """The area under precision over recall where counts between two thresholds go straight (Davis and Goadrich, 2006)."""
    all_after, all_before = (tp + fp)[1:], (tp + fp)[:-1]
    gained = tp[:-1] - tp[1:]
    slope = div_no_nan(gained, maximum(all_before - all_after, 0.0))
    start = tp[1:] - slope * all_after
    both = logical_and(greater(all_before, 0.0), greater(all_after, 0.0))
    ratio = where(both, div_no_nan(all_before, maximum(all_after, 0.0)), ones_like(all_after))
    return reduce_sum(div_no_nan(slope * (gained + start * log(ratio)), maximum(tp[1:] + fn[1:], 0.0)))


def auc(labels: Any, predictions: Any, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
        updates_collections: Any = None, curve: str = "ROC", name: str | None = None, summation_method: str = "trapezoidal") -> Streaming:
    """The area under the curve of all batches: of recall over false positives ("ROC"), or of precision over recall ("PR").

    labels: truth values, predictions: float in [0, 1], weights: as for `mean` -> (float32[], operation). The curve is drawn through
    `num_thresholds` points; `summation_method`: "trapezoidal", or the smaller ("minoring") or larger ("majoring") end of each step, or
    "careful_interpolation", which between two points of a "PR" curve lets the counts go straight, and not the precision.
    GraphError: an argument that is none of these. ShapeError, DTypeError: as `accuracy`.

    >>> value, update = tf.metrics.auc(labels=[0, 0, 1, 1], predictions=[0.1, 0.4, 0.35, 0.8])
    >>> tf.Session(jit=False).run(update).round(2)
    np.float32(0.75)
    """
    if curve not in ("ROC", "PR"):
        raise GraphError(f"auc: curve is 'ROC' or 'PR', not {curve!r:.40}{here()}")
    ends: dict[str, Callable[[Node, Node], Node]] = {"trapezoidal": lambda a, b: (a + b) / 2.0, "minoring": minimum, "majoring": maximum}
    careful = summation_method == "careful_interpolation"
    if summation_method not in ends and not careful:
        raise GraphError(f"auc: summation_method is one of {', '.join(ends)}, careful_interpolation, not {summation_method!r:.40}{here()}")

    def area(c: dict[str, Node]) -> Node:
        tp, fn, tn, fp = (c[kind] for kind in _ALL)
        recalls = (tp + EPSILON) / (tp + fn + EPSILON)
        if careful and curve == "PR":
            return _interpolated(tp, fn, fp)
        if curve == "ROC":
            x, y = fp / (fp + tn + EPSILON), recalls
        else:
            x, y = recalls, (tp + EPSILON) / (tp + fp + EPSILON)
        return reduce_sum((x[:-1] - x[1:]) * ends["trapezoidal" if careful else summation_method](y[:-1], y[1:]))

    with scoped(name, "auc"):
        before, after = confusion_at("auc", labels, predictions, even_thresholds("auc", num_thresholds), weights, _ALL)
        return collected(area(before), area(after), metrics_collections, updates_collections)


def sensitivity_at_specificity(labels: Any, predictions: Any, specificity: float, weights: Any = None, num_thresholds: int = 200,
                               metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None) -> Streaming:
    """The part of true labels that is predicted, at the threshold at which the part of false ones that is not comes closest to `specificity`.

    labels: truth values, predictions: float in [0, 1] -> (float32[], operation). GraphError: a specificity outside [0, 1], or too few thresholds.
    ShapeError, DTypeError: as `accuracy`.
    """
    return _at("sensitivity_at_specificity", specificity, ("true_negatives", "false_positives"), ("true_positives", "false_negatives"), labels,
               predictions, weights, num_thresholds, metrics_collections, updates_collections, name)


def specificity_at_sensitivity(labels: Any, predictions: Any, sensitivity: float, weights: Any = None, num_thresholds: int = 200,
                               metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None) -> Streaming:
    """The part of false labels that is not predicted, at the threshold at which the part of true ones that is comes closest to `sensitivity`.

    labels: truth values, predictions: float in [0, 1] -> (float32[], operation). GraphError: a sensitivity outside [0, 1], or too few thresholds.
    ShapeError, DTypeError: as `accuracy`.
    """
    return _at("specificity_at_sensitivity", sensitivity, ("true_positives", "false_negatives"), ("true_negatives", "false_positives"), labels,
               predictions, weights, num_thresholds, metrics_collections, updates_collections, name)


def _at(what: str, level: float, chosen: tuple[str, str], wanted: tuple[str, str], labels: Any, predictions: Any, weights: Any, count: int,
        metrics_collections: Any, updates_collections: Any, name: str | None) -> Streaming:
    """One rate at the threshold at which another is nearest to a level."""
    if not 0 <= level <= 1:
        raise GraphError(f"{what}: {level} is not in [0, 1]{here()}")

    def rate(c: dict[str, Node], kinds: tuple[str, str]) -> Node:
        return c[kinds[0]] / (c[kinds[0]] + c[kinds[1]] + EPSILON)

    def place(distance: Node) -> Node:
        """The first of those that are nearest; for a specificity the last one, as TensorFlow has it."""
        return argmin(distance, axis=0) if what == "sensitivity_at_specificity" else count - 1 - argmin(reverse(distance, [0]), axis=0)

    with scoped(name, what):
        both = confusion_at(what, labels, predictions, even_thresholds(what, count), weights, _ALL)
        value, update = (gather(rate(c, wanted), place(abs(rate(c, chosen) - level))) for c in both)
        return collected(value, update, metrics_collections, updates_collections)
