"""Softmax, and losses over logits and labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError
from ..ir.axes import normal_axis
from ..ir.node import OPERATORS, Node, describe, here
from ..ir.operator import elementwise, to_node
from . import continued
from .array import expand_dims, shape, squeeze, stop_gradient
from .contract import held
from .from_tensors import from_tensors
from .math import (
    add,
    cast,
    check_index,
    choose,
    equal,
    exp,
    greater,
    log,
    multiply,
    sigmoid,
    square,
    subtract,
    truediv,
    where,
)
from .math_operands import floating
from .nn_activations import softplus
from .reduce import reduce_max, reduce_sum
from .scopes import composed, scope

__all__ = ["softmax", "log_softmax", "softmax_cross_entropy_with_logits", "softmax_cross_entropy_with_logits_v2",
           "sparse_softmax_cross_entropy_with_logits", "sigmoid_cross_entropy_with_logits", "weighted_cross_entropy_with_logits", "l2_loss",
           "log_poisson_loss"]


def _axis(axis: Any, dim: Any) -> Any:
    return axis if axis is not None else dim if dim is not None else -1


def _is_last(axis: Any, x: Node) -> bool:
    return axis == -1 or (x.type.rank is not None and axis == x.type.rank - 1)


def _shifted(x: Node, axis: Any) -> Node:
    """x less its maximum: no exponential of it overflows. The maximum's own derivative cancels."""
    return x - stop_gradient(reduce_max(x, axis=axis, keepdims=True))


def _log_total(shifted: Node, axis: Any) -> Node:
    return log(reduce_sum(exp(shifted), axis=axis, keepdims=True))


@from_tensors("logits", label="Softmax", axis="axis", dim="axis")
def softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Node:
    """exp(x) / sum(exp(x)) along `axis` (default: the last).

    number[...] -> floating. DTypeError: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.nn.softmax([0.0, 0.0]))
    array([0.5, 0.5], dtype=float32)
    """
    x, axis = to_node(logits), _axis(axis, dim)
    with scope(name, "Softmax", x, op="Softmax" if _is_last(axis, x) else "Transpose", logits=x) as last:
        e = exp(_shifted(x, axis))
        return truediv(e, reduce_sum(e, axis=axis, keepdims=True), name=last)


@from_tensors("logits", label="LogSoftmax", axis="axis", dim="axis")
def log_softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Node:
    """Logarithm of `softmax`, exact where that underflows.

    number[...] -> floating. DTypeError: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.nn.log_softmax([0.0, 0.0]))
    array([-0.69314..., -0.69314...], dtype=float32)
    """
    x, axis = to_node(logits), _axis(axis, dim)
    with scope(name, "LogSoftmax", x, op="LogSoftmax" if _is_last(axis, x) else "Transpose", logits=x) as last:
        shifted = _shifted(x, axis)
        return subtract(shifted, _log_total(shifted, axis), name=last)


def _labels_and_logits(what: str, sentinel: Any, labels: Any, logits: Any) -> tuple[Node, Node]:
    if sentinel is not None or labels is None or logits is None:
        raise GraphError(f"{what} takes labels= and logits= by keyword{here()}")
    x = to_node(logits)
    if x.type.dtype.kind != "f":
        raise DTypeError(f"{what}: the logits {describe(x)} are not of a floating dtype{here()}")
    return to_node(labels), x


def softmax_cross_entropy_with_logits_v2(_sentinel: Any = None, labels: Any = None, logits: Any = None,
                                         axis: Any = None, name: str | None = None, dim: Any = None) -> Node:
    """-sum(labels * log_softmax(logits)) along `axis` (default: the last); differentiable in both.

    labels: float[..., classes], logits: float[..., classes] -> float[...]. GraphError: arguments by position. DTypeError: logits that are
    not floating. ShapeError: the shapes do not fit.

    >>> tf.Session(jit=False).run(tf.nn.softmax_cross_entropy_with_logits_v2(labels=[[0.0, 1.0]], logits=[[0.0, 0.0]]))
    array([0.69314...], dtype=float32)
    """
    z, x = _labels_and_logits("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    axis = _axis(axis, dim)
    with scope(name, "softmax_cross_entropy_with_logits", x, "Reshape_2", "Reshape") as last:
        if z.type.dtype != x.type.dtype:
            z = cast(z, x.type.dtype)
        shifted = _shifted(x, axis)
        cost = reduce_sum(z * (_log_total(shifted, axis) - shifted), axis=axis, name=last)
        if x.type.shape is not None and cost.type.shape is None:        # labels of unknown rank: the rows are those of the logits, or repeat them
            rows = [d if d != 1 else None for d in x.type.shape]
            del rows[normal_axis(axis, len(rows))]
            cost.set_shape(rows)
        return cost


def softmax_cross_entropy_with_logits(_sentinel: Any = None, labels: Any = None, logits: Any = None, dim: Any = -1,
                                      name: str | None = None, axis: Any = None) -> Node:
    """-sum(labels * log_softmax(logits)) along an axis; the labels count as constants.

    labels: float[..., classes], logits: float[..., classes] -> float[...]. GraphError: arguments by position. DTypeError: logits that are
    not floating. ShapeError: the shapes do not fit.

    >>> tf.Session(jit=False).run(tf.nn.softmax_cross_entropy_with_logits(labels=[[0.0, 1.0]], logits=[[0.0, 0.0]]))
    array([0.69314...], dtype=float32)
    """
    z, x = _labels_and_logits("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    return softmax_cross_entropy_with_logits_v2(labels=stop_gradient(z), logits=x, axis=_axis(axis, dim),
                                                name=name or "softmax_cross_entropy_with_logits_sg")


def sparse_softmax_cross_entropy_with_logits(_sentinel: Any = None, labels: Any = None, logits: Any = None,
                                             name: str | None = None) -> Node:
    """-log_softmax(logits)[label], for labels that are class numbers.

    labels: int[...], logits: float[..., classes] -> float[...]. The run fails on a label outside [0, classes).
    GraphError: arguments by position. DTypeError: labels that are no integers, logits that are not floating. ShapeError: the shapes do not
    fit. InvalidArgumentError, when run: no such class.

    >>> tf.Session(jit=False).run(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=[[0.0, 0.0]]))
    array([0.69314...], dtype=float32)
    """
    what = "sparse_softmax_cross_entropy_with_logits"
    z, x = _labels_and_logits(what, _sentinel, labels, logits)
    if z.type.dtype.kind not in "iu":
        raise DTypeError(f"{what}: the labels {describe(z)} are not integers{here()}")
    with scope(name, "SparseSoftmaxCrossEntropyWithLogits", x, "SparseSoftmaxCrossEntropyWithLogits",
               "SparseSoftmaxCrossEntropyWithLogits", logits=x, labels=z) as last:
        z = held(what, "rows", z, x)
        sizes = shape(x)
        label = expand_dims(cast(check_index(z, sizes[-1]), "int32"), axis=-1)
        chosen = equal(label, OPERATORS["iota"](sizes[-1:], axis=0, dtype="int32"))
        shifted = _shifted(x, -1)
        # A choice, not a product: 0 * -inf would spoil the sum where logits mask classes.
        at_label = reduce_sum(choose(chosen, shifted, 0.0), axis=-1)
        return subtract(squeeze(_log_total(shifted, -1), axis=-1), at_label, name=last)


@elementwise("maximum({logits}, {T}(0)) - {logits} * {labels} + log1p(exp(-abs({logits})))",
             grad=lambda g, y, z, x: (-(g * x), g * ((1.0 - z) * sigmoid(x) - z * sigmoid(-x))), analytic=continued.sigmoid_cross_entropy)
def sigmoid_cross_entropy(labels: Any, logits: Any) -> Any:
    """-z log(sigmoid(x)) - (1 - z) log(1 - sigmoid(x)) of labels z, as max(x, 0) - x z + log(1 + exp(-|x|))."""
    return np.maximum(floating(logits), 0) - logits * labels + np.log1p(np.exp(-np.abs(logits)))


@composed("logistic_loss", op="AddV2")
def sigmoid_cross_entropy_with_logits(_sentinel: Any = None, labels: Any = None, logits: Any = None,
                                      name: str | None = None, targets: Any = None) -> Node:
    """Cross entropy of independent probabilities sigmoid(logits), element by element.

    Before TensorFlow 1 the arguments were (logits, targets), by position too.
    labels, logits: float[...] -> float[...]. GraphError: one of them is missing. DTypeError: logits that are not floating. ShapeError: the
    shapes do not fit.

    >>> tf.Session(jit=False).run(tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0, 0.0], logits=[0.0, 0.0]))
    array([0.69314..., 0.69314...], dtype=float32)
    """
    if _sentinel is not None and logits is None:
        logits, labels = _sentinel, targets if labels is None else labels
    elif _sentinel is None and labels is None:
        labels = targets
    elif _sentinel is not None:
        labels = None
    z, x = _labels_and_logits("sigmoid_cross_entropy_with_logits", None, labels, logits)
    z = held("sigmoid_cross_entropy_with_logits", "same", z, x)
    if z.type.dtype != x.type.dtype:
        z = cast(z, x.type.dtype)
    return sigmoid_cross_entropy(z, x, name=name)


@composed("log_poisson_loss", "sub")
def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None) -> Node:
    """exp(c) - z c for z counts and c the logarithm of what they are expected to be, but for what depends on z alone.

    With `compute_full_loss` that too, by Stirling's approximation for z > 1: z log(z) - z + log(2 pi z) / 2. number[...], float[...] of one
    shape -> float[...]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.nn.log_poisson_loss([1.0, 2.0], [0.0, 0.0]))
    array([1., 1.], dtype=float32)
    """
    c = to_node(log_input)
    z = held("log_poisson_loss", "same", cast(to_node(targets), c.dtype), c)
    loss = exp(c) - z * c
    if compute_full_loss:
        stirling = z * log(z) - z + 0.5 * log(2.0 * math.pi * z)
        loss = loss + where(greater(z, 1.0), stirling, 0.0)
    return OPERATORS["identity"](loss, name=name or "log_poisson_loss")


def weighted_cross_entropy_with_logits(targets: Any = None, logits: Any = None, pos_weight: Any = None,
                                       name: str | None = None, labels: Any = None) -> Node:
    """`sigmoid_cross_entropy_with_logits` in which positive labels weigh `pos_weight` times as much.

    targets, logits: float[...] -> float[...]. GraphError: one of them is missing. DTypeError: logits that are not floating. ShapeError: the
    shapes do not fit.

    >>> tf.Session(jit=False).run(tf.nn.weighted_cross_entropy_with_logits([1.0], [0.0], 2.0))
    array([1.38629...], dtype=float32)
    """
    z, x = _labels_and_logits("weighted_cross_entropy_with_logits", None, targets if labels is None else labels, logits)
    with scope(name, "logistic_loss", x) as last:
        z = held("weighted_cross_entropy_with_logits", "same", z, x)
        weight = 1.0 + (to_node(pos_weight, None if isinstance(pos_weight, Node) else x.dtype) - 1.0) * z
        return add((1.0 - z) * x, weight * softplus(-x), name=last)


def l2_loss(t: Any, name: str | None = None) -> Node:
    """Half the sum of the squares of all elements.

    number[...] -> number[]. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.nn.l2_loss([3.0, 4.0]))
    np.float32(12.5)
    """
    x = to_node(t)
    with scope(name, "L2Loss", x, op="L2Loss", t=x) as last:
        return multiply(reduce_sum(square(x)), 0.5, name=last)
