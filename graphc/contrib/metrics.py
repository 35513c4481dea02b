"""`tf.contrib.metrics`: the metrics of `tf.metrics` under their older names, predictions first, and dicts of several."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from .. import metrics as _metrics
from ..errors import GraphError, ShapeError
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.confusion import confusion_matrix
from ..ops.math import cast, equal
from ..ops.reduce import reduce_mean, reduce_sum
from ..ops.sets import set_difference, set_intersection, set_size, set_union
from ..tf1_names import namespace as _namespace
from . import correlation, measures
from .correlation import *  # noqa: F403
from .measures import *  # noqa: F403

# The metrics whose arguments began with the predictions, by their names since.
_PAIRED = {
    "streaming_accuracy": "accuracy", "streaming_precision": "precision", "streaming_recall": "recall", "streaming_auc": "auc",
    "streaming_mean_absolute_error": "mean_absolute_error", "streaming_mean_squared_error": "mean_squared_error",
    "streaming_root_mean_squared_error": "root_mean_squared_error", "streaming_mean_relative_error": "mean_relative_error",
    "streaming_mean_cosine_distance": "mean_cosine_distance", "streaming_mean_iou": "mean_iou", "streaming_true_positives": "true_positives",
    "streaming_true_negatives": "true_negatives", "streaming_false_positives": "false_positives", "streaming_false_negatives": "false_negatives",
    "streaming_recall_at_k": "recall_at_k", "streaming_precision_at_thresholds": "precision_at_thresholds",
    "streaming_recall_at_thresholds": "recall_at_thresholds", "streaming_sparse_recall_at_k": "recall_at_k",
    "streaming_sparse_precision_at_k": "precision_at_k", "streaming_sparse_average_precision_at_k": "average_precision_at_k",
    "streaming_sensitivity_at_specificity": "sensitivity_at_specificity",
    "streaming_specificity_at_sensitivity": "specificity_at_sensitivity",
    **{f"streaming_{kind}_at_thresholds": f"{kind}_at_thresholds"
       for kind in ("true_positives", "true_negatives", "false_positives", "false_negatives")},
}
# Those that take one tensor: only the name is another.
_RENAMED = {"streaming_mean": "mean", "streaming_mean_tensor": "mean_tensor", "streaming_percentage_less": "percentage_below"}

__all__ = ["accuracy", "aggregate_metric_map", "aggregate_metrics", "confusion_matrix", "set_difference", "set_intersection", "set_size",
           "set_union", *_PAIRED, *_RENAMED, *correlation.__all__, *measures.__all__]
__path__: list[str] = []           # a package: programs import modules from within, `contrib.metrics.python`


def _swapped(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A metric with its first two arguments, labels and predictions, the other way round."""
    parameters = list(inspect.signature(function).parameters.values())
    first, second, *rest = parameters

    def metric(predictions: Any, labels: Any, *args: Any, **kwargs: Any) -> Any:
        return function(labels, predictions, *args, **kwargs)
    metric.__name__ = metric.__qualname__ = name
    metric.__signature__ = inspect.Signature([second, first, *rest])  # type: ignore[attr-defined]
    metric.__doc__ = f"`tf.metrics.{function.__name__}`, whose first two arguments are the other way round. ShapeError, DTypeError as of that."
    return metric


globals().update({new: _swapped(new, getattr(_metrics, old)) for new, old in _PAIRED.items()})
globals().update({new: getattr(_metrics, old) for new, old in _RENAMED.items()})


def accuracy(predictions: Any, labels: Any, weights: Any = None, name: str | None = None) -> Node:
    """The share of predictions that are the labels, in one batch. ShapeError: they are of two shapes.

    >>> tf.Session(jit=False).run(tf.contrib.metrics.accuracy(tf.constant([1, 2, 3, 4]), tf.constant([1, 2, 0, 0])))
    np.float32(0.5)
    """
    p, y = to_node(predictions), to_node(labels)
    if not p.shape.is_compatible_with(y.shape):
        raise ShapeError(f"accuracy: {describe(p)} and {describe(y)} are of two shapes{here()}")
    hit = cast(equal(p, cast(y, p.dtype)), "float32")
    if weights is None:
        return reduce_mean(hit, name=name)
    w = cast(to_node(weights), "float32")
    return reduce_sum(hit * w) / reduce_sum(w * (hit * 0.0 + 1.0))


def aggregate_metrics(*value_update_tuples: Any) -> tuple[list[Any], list[Any]]:
    """The values and the updates of several metrics. GraphError: none is given.

    >>> values, updates = tf.contrib.metrics.aggregate_metrics(tf.metrics.mean([1.0]), tf.metrics.mean([2.0]))
    >>> len(values), len(updates)
    (2, 2)
    """
    if not value_update_tuples:
        raise GraphError(f"aggregate_metrics: there are no metrics{here()}")
    values, updates = zip(*value_update_tuples, strict=True)
    return list(values), list(updates)


def aggregate_metric_map(names_to_tuples: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values and the updates of several metrics, by their names. GraphError: none is given."""
    values, updates = aggregate_metrics(*names_to_tuples.values())
    return dict(zip(names_to_tuples, values, strict=True)), dict(zip(names_to_tuples, updates, strict=True))


_namespace(globals())
