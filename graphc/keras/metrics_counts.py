"""Metrics of right and wrong predictions: their counts at thresholds, and the rates and areas that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import GraphError
from ..ir.configured import plain
from ..ir.node import Node, here
from ..ir.operator import to_node
from ..metrics.classes import matrix_of, union_of
from ..metrics.thresholds import even_thresholds, found_of
from ..nn import top_k as largest
from ..ops.array import gather, one_hot, reshape
from ..ops.array import shape as shape_of
from ..ops.math import abs as absolute
from ..ops.math import cast, choose, div_no_nan, greater, log, logical_and, maximum, minimum
from ..ops.positions import argmin
from ..ops.reduce import reduce_sum
from ..ops.state import assign_add, group
from .losses_base import aligned
from .metrics_base import Metric

__all__ = ["AUC", "FalseNegatives", "FalsePositives", "MeanIoU", "Precision", "Recall", "SensitivityAtSpecificity", "SpecificityAtSensitivity",
           "TrueNegatives", "TruePositives"]

_LEAST = -1e10          # of a prediction that is not among the largest


def _thresholds(what: str, given: Any, default: float = 0.5) -> list[float]:
    """Thresholds in [0, 1], from one or several. GraphError: there are others."""
    found = [default] if given is None else [given] if isinstance(given, (int, float)) else list(given)
    if not all(isinstance(t, (int, float, np.number)) and 0 <= t <= 1 for t in found):
        raise GraphError(f"{what}: thresholds are numbers in [0, 1], not {given!r:.60}{here()}")
    return [float(t) for t in found]


class _Counted(Metric):
    """What counts cases at thresholds shares: the counts of the kinds that it needs, and their update."""

    kinds: Sequence[str] = ()
    top_k: int | None = None
    class_id: int | None = None

    def __init__(self, limits: Sequence[float], name: str | None, dtype: Any):
        super().__init__(name=name, dtype=dtype)
        self._limits = np.asarray(limits, np.float32)
        self._kept = {kind: self.add_weight(kind, [len(self._limits)]) for kind in self.kinds}
        for kind, variable in self._kept.items():
            setattr(self, kind if len(self.kinds) > 1 else "accumulator", variable)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """An operation that counts the cases of a batch, by their weights."""
        z, y = aligned(y_true, y_pred)
        if self.top_k is not None:
            y = _among(y, self.top_k)
        if self.class_id is not None:
            z, y = z[..., self.class_id], y[..., self.class_id]
        weights = sample_weight
        if weights is not None:
            weights, _ = aligned(cast(to_node(weights), "float32"), y)
            weights = _widened(weights, y)
        found = found_of(self._name, z, y, self._limits, weights, self.kinds)
        return group(*(assign_add(self._kept[kind], cast(found[kind], self._dtype)) for kind in self.kinds))

    def _only(self, value: Node) -> Node:
        """The value of the only threshold, or those of all."""
        return value[0] if len(self._limits) == 1 else value


def _widened(weights: Node, values: Node) -> Node:
    """Weights with axes of size 1 for those that the values have more."""
    if weights.type.rank in (None, 0) or values.type.rank is None:
        return weights
    sizes = shape_of(weights)
    missing = values.type.rank - (weights.type.rank or 0)
    return reshape(weights, [*(sizes[i] for i in range(weights.type.rank or 0)), *[1] * missing]) if missing > 0 else weights


def _among(y: Node, k: int) -> Node:
    """The predictions that are among the k largest of their rows, and for the others one below all thresholds."""
    there = reduce_sum(one_hot(largest(y, k, sorted=False).indices, shape_of(y)[-1]), axis=-2)
    return choose(greater(there, 0.0), y, _LEAST)


class _Count(_Counted):
    """What counts one kind of case shares."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None):
        self.thresholds = _thresholds(type(self).__name__, thresholds)
        self._asked = thresholds
        super().__init__(self.thresholds, name, dtype)

    def result(self) -> Any:
        """The count, at several thresholds a vector."""
        return self._only(self._kept[self.kinds[0]] + 0.0)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the metric anew."""
        return {**super().get_config(), "thresholds": plain(self._asked)}


class TruePositives(_Count):
    """How many predictions above the thresholds (0.5) have labels that are true. GraphError: a threshold outside [0, 1].

    >>> metric, sess = tf.keras.metrics.TruePositives(), tf.Session(jit=False)
    >>> sess.run(metric([0, 1, 1], [0.9, 0.8, 0.2]))
    np.float32(1.0)
    """

    kinds = ("true_positives",)


class TrueNegatives(_Count):
    """How many predictions not above the thresholds (0.5) have labels that are false. GraphError: a threshold outside [0, 1]."""

    kinds = ("true_negatives",)


class FalsePositives(_Count):
    """How many predictions above the thresholds (0.5) have labels that are false. GraphError: a threshold outside [0, 1]."""

    kinds = ("false_positives",)


class FalseNegatives(_Count):
    """How many predictions not above the thresholds (0.5) have labels that are true. GraphError: a threshold outside [0, 1]."""

    kinds = ("false_negatives",)


class _Rate(_Counted):
    """What gives a part of cases that are right shares."""

    def __init__(self, thresholds: Any = None, top_k: int | None = None, class_id: int | None = None, name: str | None = None, dtype: Any = None):
        self._asked = thresholds
        self.thresholds = [_LEAST / 2] if thresholds is None and top_k is not None else _thresholds(type(self).__name__, thresholds)
        super().__init__(self.thresholds, name, dtype)
        self.top_k, self.class_id = top_k, class_id

    def result(self) -> Any:
        """The part, 0 of none; at several thresholds a vector."""
        right, wrong = (self._kept[kind] for kind in self.kinds)
        return self._only(div_no_nan(right, right + wrong))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the metric anew."""
        return {**super().get_config(), "thresholds": plain(self._asked), "top_k": self.top_k, "class_id": self.class_id}


class Precision(_Rate):
    """Of the predictions above the thresholds (0.5), or of the `top_k` of each row, the part whose label is true; of one class or of all.

    GraphError: a threshold outside [0, 1].

    >>> metric, sess = tf.keras.metrics.Precision(), tf.Session(jit=False)
    >>> sess.run(metric([0, 1, 1], [0.9, 0.8, 0.2]))
    np.float32(0.5)
    """

    kinds = ("true_positives", "false_positives")


class Recall(_Rate):
    """Of the labels that are true the part that is predicted above the thresholds (0.5), or among the `top_k` of each row.

    GraphError: a threshold outside [0, 1].
    """

    kinds = ("true_positives", "false_negatives")


_ALL = ("true_positives", "true_negatives", "false_positives", "false_negatives")


class _AtRate(_Counted):
    """What gives one rate where another comes closest to a level shares."""

    kinds = _ALL
    _rates: tuple[tuple[str, str], tuple[str, str]]

    def __init__(self, level: float, num_thresholds: int, name: str | None, dtype: Any):
        if not 0 <= level <= 1:
            raise GraphError(f"{type(self).__name__}: {level} is not in [0, 1]{here()}")
        if num_thresholds < 1:
            raise GraphError(f"{type(self).__name__}: num_thresholds is {num_thresholds}, below 1{here()}")
        self.num_thresholds, self._level = num_thresholds, level
        steps = num_thresholds - 1
        super().__init__([0.5] if not steps else [0.0, *((i + 1) / steps for i in range(steps - 1)), 1.0], name, dtype)

    def result(self) -> Any:
        """The rate at the threshold."""
        chosen, wanted = (div_no_nan(self._kept[a], self._kept[a] + self._kept[b]) for a, b in self._rates)
        return gather(wanted, argmin(absolute(chosen - self._level), axis=0))


class SensitivityAtSpecificity(_AtRate):
    """The part of true labels that is predicted, at the threshold at which the part of false ones that is not comes closest to `specificity`.

    GraphError: a specificity outside [0, 1].
    """

    _rates = (("true_negatives", "false_positives"), ("true_positives", "false_negatives"))

    def __init__(self, specificity: float, num_thresholds: int = 200, name: str | None = None, dtype: Any = None):
        super().__init__(specificity, num_thresholds, name, dtype)
        self.specificity = specificity

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the metric anew."""
        return {**super().get_config(), "specificity": self.specificity, "num_thresholds": self.num_thresholds}


class SpecificityAtSensitivity(_AtRate):
    """The part of false labels that is not predicted, at the threshold at which the part of true ones that is comes closest to `sensitivity`.

    GraphError: a sensitivity outside [0, 1].
    """

    _rates = (("true_positives", "false_negatives"), ("true_negatives", "false_positives"))

    def __init__(self, sensitivity: float, num_thresholds: int = 200, name: str | None = None, dtype: Any = None):
        super().__init__(sensitivity, num_thresholds, name, dtype)
        self.sensitivity = sensitivity

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the metric anew."""
        return {**super().get_config(), "sensitivity": self.sensitivity, "num_thresholds": self.num_thresholds}


class AUC(_Counted):
    """The area under the curve of all batches: of recall over false positives ("ROC"), or of precision over recall ("PR").

    The curve is drawn through `num_thresholds` points, or `thresholds` within (0, 1); `summation_method`: "interpolation" (between counts, for
    "PR" by Davis and Goadrich 2006), or the smaller ("minoring") or larger ("majoring") end of each step. GraphError: an argument that is none
    of these.

    >>> metric, sess = tf.keras.metrics.AUC(), tf.Session(jit=False)
    >>> sess.run(metric([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])).round(2)
    np.float32(0.75)
    """

    kinds = _ALL

    def __init__(self, num_thresholds: int = 200, curve: str = "ROC", summation_method: str = "interpolation", name: str | None = None,
                 dtype: Any = None, thresholds: Any = None):
        if curve not in ("ROC", "PR"):
            raise GraphError(f"AUC: curve is 'ROC' or 'PR', not {curve!r:.40}{here()}")
        if summation_method not in ("interpolation", "minoring", "majoring"):
            raise GraphError(f"AUC: summation_method is 'interpolation', 'minoring' or 'majoring', not {summation_method!r:.40}{here()}")
        within = None if thresholds is None else sorted(_thresholds("AUC", thresholds))
        limits = even_thresholds("AUC", num_thresholds)
        self.curve, self.summation_method = curve, summation_method
        self.thresholds = limits if within is None else [limits[0], *within, limits[-1]]
        self.num_thresholds = len(self.thresholds)
        self._own = within
        super().__init__(self.thresholds, name, dtype)

    def result(self) -> Any:
        """The area."""
        tp, tn, fp, fn = (self._kept[kind] for kind in _ALL)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _between(tp, fp, fn)
        recall = div_no_nan(tp, tp + fn)
        x, y = (div_no_nan(fp, fp + tn), recall) if self.curve == "ROC" else (recall, div_no_nan(tp, tp + fp))
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2.0
        else:
            heights = (minimum if self.summation_method == "minoring" else maximum)(y[:-1], y[1:])
        return reduce_sum((x[:-1] - x[1:]) * heights)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the metric anew."""
        own = {} if self._own is None else {"thresholds": self._own}
        return {**super().get_config(), "num_thresholds": self.num_thresholds, "curve": self.curve, "summation_method": self.summation_method, **own}


def _between(tp: Node, fp: Node, fn: Node) -> Node:
    """The area under precision over recall, with counts between two thresholds on a line (Davis and Goadrich 2006)."""
    hits, said = tp[:-1] - tp[1:], tp + fp
    slope = div_no_nan(hits, maximum(said[:-1] - said[1:], 0.0))
    start = tp[1:] - slope * said[1:]
    both = logical_and(greater(said[:-1], 0.0), greater(said[1:], 0.0))
    ratio = choose(both, div_no_nan(said[:-1], maximum(said[1:], 0.0)), 1.0)
    return reduce_sum(div_no_nan(slope * (hits + start * log(ratio)), maximum(tp[1:] + fn[1:], 0.0)))


class MeanIoU(Metric):
    """The mean over classes of intersection over union: hits / (labels + predictions - hits), of the classes that occur, over all batches.

    int[...] both, in [0, num_classes). InvalidArgumentError, when run: no such class.

    >>> metric, sess = tf.keras.metrics.MeanIoU(num_classes=2), tf.Session(jit=False)
    >>> sess.run(metric([0, 0, 1], [0, 1, 1]))
    np.float32(0.5)
    """

    def __init__(self, num_classes: int, name: str | None = None, dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.num_classes = num_classes
        self.total_cm = self.add_weight("total_confusion_matrix", [num_classes, num_classes], dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """An operation that counts labels by predictions, by their weights."""
        z, y = (cast(to_node(x), "int64") for x in (y_true, y_pred))
        return group(assign_add(self.total_cm, matrix_of(self._name, z, y, self.num_classes, sample_weight)))

    def result(self) -> Any:
        """The mean."""
        return union_of(self.total_cm)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the metric anew."""
        return {**super().get_config(), "num_classes": self.num_classes}
