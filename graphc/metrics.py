"""`tf.metrics`: measures that add up over the batches they see; each is a value, and an operation that takes one more batch in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from . import nn
from .errors import DTypeError, GraphError, ShapeError
from .ir.arguments import hold as _hold
from .ir.graph import GraphKeys, get_default_graph
from .ir.node import Node, describe, here
from .ir.operator import to_node
from .ops.array import broadcast_to, diag_part, expand_dims, gather, reshape, squeeze
from .ops.array import shape as shape_of
from .ops.array import size as size_of
from .ops.contract import held
from .ops.math import (
    abs,
    cast,
    check_index,
    div_no_nan,
    equal,
    greater,
    less,
    logical_and,
    logical_not,
    maximum,
    minimum,
    multiply,
    not_equal,
    sqrt,
    square,
    subtract,
)
from .ops.reduce import argmin, reduce_mean, reduce_sum
from .ops.segments import unsorted_segment_sum
from .ops.state import Variable, assign_add, constant
from .tf1_names import getter as _getter
from .variables import variable_scope

__all__ = ["accuracy", "auc", "false_negatives", "false_negatives_at_thresholds", "false_positives", "false_positives_at_thresholds", "mean",
           "mean_absolute_error", "mean_cosine_distance", "mean_iou", "mean_per_class_accuracy", "mean_relative_error", "mean_squared_error",
           "mean_tensor", "percentage_below", "precision", "precision_at_thresholds", "recall", "recall_at_k", "recall_at_thresholds",
           "root_mean_squared_error", "sensitivity_at_specificity", "specificity_at_sensitivity", "true_negatives",
           "true_negatives_at_thresholds", "true_positives", "true_positives_at_thresholds"]

Streaming = tuple[Node, Any]            # the value, and what takes a batch in
_EPSILON = 1e-7


# ---------------------------------------------------------------------- what all share

def _variable(shape: Sequence[int], dtype: Any, name: str) -> Variable:
    """A sum over batches: a local variable, which `local_variables_initializer` sets to 0 again."""
    graph = get_default_graph()
    with graph.control_dependencies(None):
        return Variable(np.zeros(shape, dtype), trainable=False, name=name, collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES])


@contextmanager
def _scoped(name: str | None, default: str) -> Iterator[None]:
    """The scope of a metric's variables and operations."""
    with variable_scope(name, default_name=default):
        yield


def _collected(value: Any, update: Any, metrics_collections: Any, updates_collections: Any) -> Any:
    graph = get_default_graph()
    for names, member in ((metrics_collections, value), (updates_collections, update)):
        if names:
            graph.add_to_collections([names] if isinstance(names, str) else names, member)
    return value, update


def _float(what: str, x: Any) -> Node:
    node = to_node(x)
    if node.type.dtype.hasobject:
        raise DTypeError(f"{what}: {describe(node)} holds no numbers{here()}")
    return cast(node, "float32") if node.type.dtype != np.float32 else node


def _weight(what: str, weights: Any, values: Node) -> Node:
    """Weights as float32 that broadcast to the values by TensorFlow's rule."""
    w = _float(what, weights)
    w = held(f"metrics.{what}", "covered", w, values) if w.type.rank != 0 else w
    return broadcast_to(w, shape_of(values)) if w.type.rank != 0 or values.type.rank is None else w


def _pair(what: str, labels: Any, predictions: Any) -> tuple[Node, Node]:
    """Two tensors of one shape; a last dimension of 1 that only one of them has is dropped."""
    z, y = to_node(labels), to_node(predictions)
    if None not in (z.type.rank, y.type.rank):
        if y.type.rank == z.type.rank + 1:
            y = _dropped(what, y)
        elif z.type.rank == y.type.rank + 1:
            z = _dropped(what, z)
    return held(f"metrics.{what}", "same", z, y), y


def _dropped(what: str, x: Node) -> Node:
    if x.type.shape is not None and x.type.shape[-1] not in (1, None):
        raise ShapeError(f"{what}: the last dimension of {describe(x)} is not 1{here()}")
    return squeeze(x, axis=-1)


def _flat(what: str, labels: Any, predictions: Any, weights: Any) -> tuple[Node, Node, Node | None]:
    """Labels, predictions, and weights if there are any, as vectors."""
    z, y = _pair(what, labels, predictions)
    w = None if weights is None else reshape(broadcast_to(_weight(what, weights, y), shape_of(y)), [-1])
    return reshape(z, [-1]), reshape(y, [-1]), w


# ---------------------------------------------------------------------- means

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
    return _mean("mean", _float("mean", values), weights, metrics_collections, updates_collections, name)


def _mean(what: str, values: Node, weights: Any, metrics_collections: Any, updates_collections: Any, name: str | None,
          finish: Callable[[Node], Node] = lambda x: x) -> Streaming:
    with _scoped(name, what):
        total, count = _variable((), "float32", "total"), _variable((), "float32", "count")
        if weights is None:
            add, number = reduce_sum(values), cast(size_of(values, out_type="int64"), "float32")
        else:
            w = _weight(what, weights, values)
            add, number = reduce_sum(values * w), reduce_sum(broadcast_to(w, shape_of(values)))
        value = finish(div_no_nan(total, count, name="value"))
        update = finish(div_no_nan(assign_add(total, add), assign_add(count, number), name="update_op"))
        return _collected(value, update, metrics_collections, updates_collections)


def accuracy(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
             name: str | None = None) -> Streaming:
    """How often predictions equal labels, over all batches.

    labels, predictions: any[...], weights: as for `mean` -> (float32[], operation). ShapeError, DTypeError: they do not fit.

    >>> value, update = tf.metrics.accuracy(labels=[1, 2, 3], predictions=[1, 0, 3], name="acc")
    >>> sess = tf.Session(jit=False)
    >>> sess.run(update).round(3), sess.run(value).round(3), [v.op.name for v in tf.local_variables("acc")]
    (np.float32(0.667), np.float32(0.667), ['acc/total', 'acc/count'])
    """
    z, y = _pair("accuracy", labels, predictions)
    if z.type.dtype != y.type.dtype:
        y = cast(y, z.dtype)
    return _mean("accuracy", cast(equal(y, z), "float32"), weights, metrics_collections, updates_collections, name)


def mean_absolute_error(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                        name: str | None = None) -> Streaming:
    """The mean of |predictions - labels| over all batches. Arguments, results and errors (ShapeError, DTypeError) as of `accuracy`."""
    z, y = _floats("mean_absolute_error", labels, predictions)
    return _mean("mean_absolute_error", abs(subtract(y, z)), weights, metrics_collections, updates_collections, name)


def mean_squared_error(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                       name: str | None = None) -> Streaming:
    """The mean of (predictions - labels)^2 over all batches. Arguments, results and errors (ShapeError, DTypeError) as of `accuracy`."""
    z, y = _floats("mean_squared_error", labels, predictions)
    return _mean("mean_squared_error", square(subtract(y, z)), weights, metrics_collections, updates_collections, name)


def root_mean_squared_error(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
                            updates_collections: Any = None, name: str | None = None) -> Streaming:
    """The root of `mean_squared_error`. Arguments, results and errors (ShapeError, DTypeError) as of `accuracy`."""
    z, y = _floats("root_mean_squared_error", labels, predictions)
    return _mean("root_mean_squared_error", square(subtract(y, z)), weights, metrics_collections, updates_collections, name, sqrt)


def mean_relative_error(labels: Any, predictions: Any, normalizer: Any, weights: Any = None, metrics_collections: Any = None,
                        updates_collections: Any = None, name: str | None = None) -> Streaming:
    """The mean of |labels - predictions| / normalizer over all batches, 0 where that is 0.

    Arguments, results and errors (ShapeError, DTypeError) as of `accuracy`; `normalizer` is of the shape of the labels.
    """
    z, y = _floats("mean_relative_error", labels, predictions)
    n = held("metrics.mean_relative_error", "same", _float("mean_relative_error", normalizer), y)
    return _mean("mean_relative_error", div_no_nan(abs(subtract(z, y)), n), weights, metrics_collections, updates_collections, name)


def mean_cosine_distance(labels: Any, predictions: Any, dim: int, weights: Any = None, metrics_collections: Any = None,
                         updates_collections: Any = None, name: str | None = None) -> Streaming:
    """1 - the mean of sum(labels * predictions) along `dim`, of vectors of length 1, over all batches.

    Arguments, results and errors (ShapeError, DTypeError) as of `accuracy`; the weights are for sums whose size along `dim` is 1.
    """
    z, y = _floats("mean_cosine_distance", labels, predictions)
    products = reduce_sum(multiply(z, y), axis=dim, keepdims=True)
    return _mean("mean_cosine_distance", products, weights, metrics_collections, updates_collections, name, lambda x: 1.0 - x)


def percentage_below(values: Any, threshold: float, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                     name: str | None = None) -> Streaming:
    """The part of all values that is below the threshold. Arguments, results and errors (ShapeError, DTypeError) as of `mean`."""
    below = cast(less(_float("percentage_below", values), threshold), "float32")
    return _mean("percentage_below_threshold", below, weights, metrics_collections, updates_collections, name)


def mean_tensor(values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                name: str | None = None) -> Streaming:
    """The weighted mean over all batches of each element of a tensor, whose shape is known.

    values: number[...] -> (float32[...], operation). ShapeError: the shape is not known. DTypeError: no numbers.
    """
    x = _float("mean_tensor", values)
    if not x.type.known:
        raise ShapeError(f"mean_tensor: the shape of {describe(x)} is not known{here()}")
    with _scoped(name, "mean"):
        total, count = (_variable(x.type.shape or (), "float32", n) for n in ("total_tensor", "count_tensor"))
        w = broadcast_to(_weight("mean_tensor", 1.0 if weights is None else weights, x), shape_of(x))
        update = div_no_nan(assign_add(total, x * w), assign_add(count, w), name="update_op")
        return _collected(div_no_nan(total, count, name="value"), update, metrics_collections, updates_collections)


def _floats(what: str, labels: Any, predictions: Any) -> tuple[Node, Node]:
    z, y = _pair(what, labels, predictions)
    return _float(what, z), _float(what, y)


# ---------------------------------------------------------------------- counts of right and wrong

def _truths(what: str, labels: Any, predictions: Any) -> tuple[Node, Node]:
    z, y = _pair(what, labels, predictions)
    return cast(z, "bool"), cast(y, "bool")


def _count(what: str, cases: Node, weights: Any, metrics_collections: Any, updates_collections: Any, name: str | None) -> Streaming:
    with _scoped(name, what):
        value, update = _counted(what, cases, weights, "count")
        return _collected(value, update, metrics_collections, updates_collections)


def _counted(what: str, cases: Node, weights: Any, name: str) -> tuple[Variable, Node]:
    """A variable that counts cases, by their weights."""
    count, found = _variable((), "float32", name), cast(cases, "float32")
    return count, assign_add(count, reduce_sum(found if weights is None else found * _weight(what, weights, found)))


def true_positives(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                   name: str | None = None) -> Streaming:
    """How many predictions are true where the labels are, over all batches. Errors (ShapeError, DTypeError) as of `accuracy`."""
    z, y = _truths("true_positives", labels, predictions)
    return _count("true_positives", logical_and(z, y), weights, metrics_collections, updates_collections, name)


def true_negatives(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                   name: str | None = None) -> Streaming:
    """How many predictions are false where the labels are, over all batches. Errors (ShapeError, DTypeError) as of `accuracy`."""
    z, y = _truths("true_negatives", labels, predictions)
    return _count("true_negatives", logical_and(logical_not(z), logical_not(y)), weights, metrics_collections, updates_collections, name)


def false_positives(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                    name: str | None = None) -> Streaming:
    """How many predictions are true where the labels are not, over all batches. Errors (ShapeError, DTypeError) as of `accuracy`."""
    z, y = _truths("false_positives", labels, predictions)
    return _count("false_positives", logical_and(logical_not(z), y), weights, metrics_collections, updates_collections, name)


def false_negatives(labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
                    name: str | None = None) -> Streaming:
    """How many predictions are false where the labels are true, over all batches. Errors (ShapeError, DTypeError) as of `accuracy`."""
    z, y = _truths("false_negatives", labels, predictions)
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
    z, y = _truths(what, labels, predictions)
    with _scoped(name, what):
        hits, more_hits = _counted(what, logical_and(z, y), weights, "true_positives")
        cases = logical_and(z, logical_not(y)) if wrong == "false_negatives" else logical_and(logical_not(z), y)
        misses, more = _counted(what, cases, weights, wrong)
        return _collected(div_no_nan(hits, hits + misses, name="value"), div_no_nan(more_hits, more_hits + more, name="update_op"),
                          metrics_collections, updates_collections)


def recall_at_k(labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None, metrics_collections: Any = None,
                updates_collections: Any = None, name: str | None = None) -> Streaming:
    """How often a row's label is among the classes of its k largest predictions, over all batches.

    labels: int[n] or int[n, 1], predictions: float[n, classes], weights: number[] or number[n] -> (float32[], operation). `class_id`: only
    rows of that label count. ShapeError, DTypeError: they do not fit.
    """
    z, y = to_node(labels), to_node(predictions)
    if z.type.rank == 2:
        z = _dropped("recall_at_k", z)
    hits = cast(nn.in_top_k(y, z, k=k), "float32")
    w = None if weights is None else _weight("recall_at_k", weights, hits)
    if class_id is not None:
        chosen = cast(equal(z, class_id), "float32")
        w = chosen if w is None else chosen * w
    return _mean("recall_at_k", hits, w, metrics_collections, updates_collections, name)


# ---------------------------------------------------------------------- by thresholds

def _confusion(what: str, labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any,
               wanted: Sequence[str]) -> tuple[dict[str, Node], dict[str, Node]]:
    """The counts of each kind for each threshold that predictions must exceed to be true: before and after the batch."""
    try:
        limits = np.asarray(list(thresholds), np.float32)
    except (TypeError, ValueError):
        raise DTypeError(f"{what}: {thresholds!r:.60} are no thresholds{here()}") from None
    z, y, w = _flat(what, labels, predictions, weights)
    said = expand_dims(cast(z, "bool"), axis=0)
    true = greater(expand_dims(_float(what, y), axis=0), expand_dims(constant(limits), axis=1))
    cases = {"true_positives": (said, true), "false_negatives": (said, logical_not(true)),
             "true_negatives": (logical_not(said), logical_not(true)), "false_positives": (logical_not(said), true)}
    before: dict[str, Node] = {}
    after: dict[str, Node] = {}
    for kind in wanted:
        found = cast(logical_and(*cases[kind]), "float32")
        if w is not None:
            found = found * expand_dims(w, axis=0)
        count = _variable(limits.shape, "float32", kind)
        before[kind], after[kind] = count, assign_add(count, reduce_sum(found, axis=1))
    return before, after


def _at_thresholds(what: str, kind: str, labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any, metrics_collections: Any,
                   updates_collections: Any, name: str | None) -> Streaming:
    with _scoped(name, kind):
        before, after = _confusion(what, labels, predictions, thresholds, weights, [kind])
        return _collected(before[kind], after[kind], metrics_collections, updates_collections)


def true_positives_at_thresholds(labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None,
                                 metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None) -> Streaming:
    """`true_positives` of predictions above each threshold. Errors (ShapeError, DTypeError) as of `accuracy`."""
    return _at_thresholds("true_positives_at_thresholds", "true_positives", labels, predictions, thresholds, weights, metrics_collections,
                          updates_collections, name)


def true_negatives_at_thresholds(labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None,
                                 metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None) -> Streaming:
    """`true_negatives` of predictions above each threshold. Errors (ShapeError, DTypeError) as of `accuracy`."""
    return _at_thresholds("true_negatives_at_thresholds", "true_negatives", labels, predictions, thresholds, weights, metrics_collections,
                          updates_collections, name)


def false_positives_at_thresholds(labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None,
                                  metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None) -> Streaming:
    """`false_positives` of predictions above each threshold. Errors (ShapeError, DTypeError) as of `accuracy`."""
    return _at_thresholds("false_positives_at_thresholds", "false_positives", labels, predictions, thresholds, weights, metrics_collections,
                          updates_collections, name)


def false_negatives_at_thresholds(labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None,
                                  metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None) -> Streaming:
    """`false_negatives` of predictions above each threshold. Errors (ShapeError, DTypeError) as of `accuracy`."""
    return _at_thresholds("false_negatives_at_thresholds", "false_negatives", labels, predictions, thresholds, weights, metrics_collections,
                          updates_collections, name)


def precision_at_thresholds(labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None, metrics_collections: Any = None,
                            updates_collections: Any = None, name: str | None = None) -> Streaming:
    """`precision` of predictions above each threshold: (float32[thresholds], operation). Errors (ShapeError, DTypeError) as of `accuracy`."""
    return _quotients("precision_at_thresholds", "false_positives", labels, predictions, thresholds, weights, metrics_collections,
                      updates_collections, name)


def recall_at_thresholds(labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any = None, metrics_collections: Any = None,
                         updates_collections: Any = None, name: str | None = None) -> Streaming:
    """`recall` of predictions above each threshold: (float32[thresholds], operation). Errors (ShapeError, DTypeError) as of `accuracy`."""
    return _quotients("recall_at_thresholds", "false_negatives", labels, predictions, thresholds, weights, metrics_collections,
                      updates_collections, name)


def _quotients(what: str, wrong: str, labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any, metrics_collections: Any,
               updates_collections: Any, name: str | None) -> Streaming:
    with _scoped(name, what):
        counts = _confusion(what, labels, predictions, thresholds, weights, ["true_positives", wrong])
        value, update = (c["true_positives"] / (c["true_positives"] + c[wrong] + _EPSILON) for c in counts)
        return _collected(value, update, metrics_collections, updates_collections)


def _even_thresholds(what: str, count: int) -> list[float]:
    """Thresholds from just below 0 to just above 1."""
    if not isinstance(count, (int, np.integer)) or count < 2:
        raise GraphError(f"{what}: num_thresholds is a number of 2 or more, not {count!r:.40}{here()}")
    return [-_EPSILON, *((i + 1) / (count - 1) for i in range(count - 2)), 1.0 + _EPSILON]


_ALL = ("true_positives", "false_negatives", "true_negatives", "false_positives")


def auc(labels: Any, predictions: Any, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
        updates_collections: Any = None, curve: str = "ROC", name: str | None = None, summation_method: str = "trapezoidal") -> Streaming:
    """The area under the curve of all batches: of recall over false positives ("ROC"), or of precision over recall ("PR").

    labels: truth values, predictions: float in [0, 1], weights: as for `mean` -> (float32[], operation). The curve is drawn through
    `num_thresholds` points; `summation_method`: "trapezoidal", or the smaller ("minoring") or larger ("majoring") end of each step.
    GraphError: an argument that is none of these. ShapeError, DTypeError: as `accuracy`.

    >>> value, update = tf.metrics.auc(labels=[0, 0, 1, 1], predictions=[0.1, 0.4, 0.35, 0.8])
    >>> tf.Session(jit=False).run(update).round(2)
    np.float32(0.75)
    """
    if curve not in ("ROC", "PR"):
        raise GraphError(f"auc: curve is 'ROC' or 'PR', not {curve!r:.40}{here()}")
    ends: dict[str, Callable[[Node, Node], Node]] = {"trapezoidal": lambda a, b: (a + b) / 2.0, "minoring": minimum, "majoring": maximum}
    if summation_method not in ends:
        raise GraphError(f"auc: summation_method is one of {', '.join(ends)}, not {summation_method!r:.40}{here()}")

    def area(c: dict[str, Node]) -> Node:
        tp, fn, tn, fp = (c[kind] for kind in _ALL)
        recalls = (tp + _EPSILON) / (tp + fn + _EPSILON)
        if curve == "ROC":
            x, y = fp / (fp + tn + _EPSILON), recalls
        else:
            x, y = recalls, (tp + _EPSILON) / (tp + fp + _EPSILON)
        return reduce_sum((x[:-1] - x[1:]) * ends[summation_method](y[:-1], y[1:]))

    with _scoped(name, "auc"):
        before, after = _confusion("auc", labels, predictions, _even_thresholds("auc", num_thresholds), weights, _ALL)
        return _collected(area(before), area(after), metrics_collections, updates_collections)


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
        return c[kinds[0]] / (c[kinds[0]] + c[kinds[1]] + _EPSILON)

    with _scoped(name, what):
        both = _confusion(what, labels, predictions, _even_thresholds(what, count), weights, _ALL)
        value, update = (gather(rate(c, wanted), argmin(abs(rate(c, chosen) - level), axis=0)) for c in both)
        return _collected(value, update, metrics_collections, updates_collections)


# ---------------------------------------------------------------------- by classes

def _matrix(what: str, labels: Any, predictions: Any, classes: int, weights: Any) -> tuple[Variable, Node]:
    """How often each label (row) was predicted as each class (column), before and after the batch."""
    z, y, w = _flat(what, labels, predictions, weights)
    total = _variable((classes, classes), "float64", "total_confusion_matrix")
    for x in (z, y):
        if x.type.dtype.kind not in "iu":
            raise DTypeError(f"{what}: {describe(x)} are not integers{here()}")
    place = check_index(cast(z, "int64"), classes) * classes + check_index(cast(y, "int64"), classes)
    ones = cast(w, "float64") if w is not None else broadcast_to(constant(1.0, "float64"), shape_of(place))
    return total, assign_add(total, reshape(unsorted_segment_sum(ones, place, classes * classes), [classes, classes]))


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
    def value(total: Node) -> Node:
        rows, columns, hits = reduce_sum(total, axis=1), reduce_sum(total, axis=0), diag_part(total)
        union = rows + columns - hits
        valid = reduce_sum(cast(not_equal(union, 0.0), "float64"))
        return cast(div_no_nan(reduce_sum(div_no_nan(hits, union)), valid), "float32", name="mean_iou")

    with _scoped(name, "mean_iou"):
        total, update = _matrix("mean_iou", labels, predictions, num_classes, weights)
        return _collected(value(total), update, metrics_collections, updates_collections)


def mean_per_class_accuracy(labels: Any, predictions: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
                            updates_collections: Any = None, name: str | None = None) -> Streaming:
    """The mean over all classes of the part of a class's labels that is predicted, 0 for a class without labels, over all batches.

    labels, predictions: int[...] in [0, num_classes) -> (float32[], operation, which gives the part of each class). ShapeError, DTypeError:
    they do not fit. InvalidArgumentError, when run: no such class.
    """
    with _scoped(name, "mean_accuracy"):
        z, y, w = _flat("mean_per_class_accuracy", labels, predictions, weights)
        if z.type.dtype.kind not in "iu":
            raise DTypeError(f"mean_per_class_accuracy: {describe(z)} are not integers{here()}")
        place = check_index(cast(z, "int64"), num_classes)
        ones = w if w is not None else broadcast_to(constant(1.0), shape_of(place))
        hits = cast(equal(cast(y, "int64"), place), "float32") * ones
        total, count = _variable([num_classes], "float32", "count"), _variable([num_classes], "float32", "total")
        more = assign_add(count, unsorted_segment_sum(hits, place, num_classes)), assign_add(total, unsorted_segment_sum(ones, place, num_classes))
        value = reduce_mean(div_no_nan(count, total), name="mean_accuracy")
        return _collected(value, div_no_nan(*more, name="update_op"), metrics_collections, updates_collections)


_hold(globals(), __all__)


def __dir__() -> list[str]:
    return [*__all__]


if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)
