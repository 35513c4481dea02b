"""Neural networks: activations, losses over logits, normalisation, dropout and lookups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.axes import normal_axes
from ..ir.known import as_int
from ..ir.node import OPERATORS, Node, describe, here
from ..ir.operator import Values, declare, elementwise, to_node, typed_like
from ..ir.types import TensorType
from . import nn_activations
from .array import concat, expand_dims, gather, identity, shape, squeeze, stop_gradient
from .math import (
    add,
    cast,
    check_index,
    choose,
    div_no_nan,
    equal,
    exp,
    less,
    log,
    maximum,
    multiply,
    negative,
    rsqrt,
    sigmoid,
    square,
    squared_difference,
    subtract,
    truediv,
)
from .math_operands import floating
from .nn_activations import *  # noqa: F403
from .nn_activations import relu, scope, softplus
from .random import random_uniform
from .reduce import reduce_max, reduce_mean, reduce_sum

__all__ = [*nn_activations.__all__, "crelu", "softmax", "log_softmax", "softmax_cross_entropy_with_logits",
           "softmax_cross_entropy_with_logits_v2", "sparse_softmax_cross_entropy_with_logits",
           "sigmoid_cross_entropy_with_logits", "weighted_cross_entropy_with_logits", "l2_loss", "moments",
           "batch_normalization", "l2_normalize", "bias_add", "xw_plus_b", "dropout", "embedding_lookup",
           "zero_fraction", "in_top_k", "top_k"]


def crelu(features: Any, name: str | None = None, axis: int = -1) -> Node:
    """relu(x) and relu(-x), side by side along `axis` (Shang, Sohn, Almeida and Lee 2016).

    float[..., n] -> float[..., 2 n]. DTypeError: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.nn.crelu([-1.0, 2.0]))
    array([0., 2., 1., 0.], dtype=float32)
    """
    x = to_node(features)
    with scope(name, "crelu", x) as last:
        return concat([relu(x), relu(-x)], axis=axis, name=last)


# ---------------------------------------------------------------------- softmax and cross entropies

def _axis(axis: Any, dim: Any) -> Any:
    return axis if axis is not None else dim if dim is not None else -1


def _shifted(x: Node, axis: Any) -> Node:
    """x less its maximum: no exponential of it overflows. The maximum's own derivative cancels."""
    return x - stop_gradient(reduce_max(x, axis=axis, keepdims=True))


def _log_total(shifted: Node, axis: Any) -> Node:
    return log(reduce_sum(exp(shifted), axis=axis, keepdims=True))


def softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Node:
    """exp(x) / sum(exp(x)) along `axis` (default: the last).

    number[...] -> floating. DTypeError: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.nn.softmax([0.0, 0.0]))
    array([0.5, 0.5], dtype=float32)
    """
    x, axis = to_node(logits), _axis(axis, dim)
    with scope(name, "softmax", x) as last:
        e = exp(_shifted(x, axis))
        return truediv(e, reduce_sum(e, axis=axis, keepdims=True), name=last)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Node:
    """Logarithm of `softmax`, exact where that underflows.

    number[...] -> floating. DTypeError: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.nn.log_softmax([0.0, 0.0]))
    array([-0.69314..., -0.69314...], dtype=float32)
    """
    x, axis = to_node(logits), _axis(axis, dim)
    with scope(name, "log_softmax", x) as last:
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
    with scope(name, "softmax_cross_entropy_with_logits", x) as last:
        if z.type.dtype != x.type.dtype:
            z = cast(z, x.type.dtype)
        shifted = _shifted(x, axis)
        return reduce_sum(z * (_log_total(shifted, axis) - shifted), axis=axis, name=last)


def softmax_cross_entropy_with_logits(_sentinel: Any = None, labels: Any = None, logits: Any = None, dim: Any = -1,
                                      name: str | None = None, axis: Any = None) -> Node:
    """-sum(labels * log_softmax(logits)) along an axis; the labels count as constants.

    labels: float[..., classes], logits: float[..., classes] -> float[...]. GraphError: arguments by position. DTypeError: logits that are
    not floating. ShapeError: the shapes do not fit.

    >>> tf.Session(jit=False).run(tf.nn.softmax_cross_entropy_with_logits(labels=[[0.0, 1.0]], logits=[[0.0, 0.0]]))
    array([0.69314...], dtype=float32)
    """
    z, x = _labels_and_logits("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    return softmax_cross_entropy_with_logits_v2(labels=stop_gradient(z), logits=x, axis=_axis(axis, dim), name=name)


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
    if None not in (x.type.rank, z.type.rank) and z.type.rank != x.type.rank - 1:
        raise ShapeError(f"{what}: the labels {describe(z)} need one dimension less than the logits {describe(x)}{here()}")
    with scope(name, what, x) as last:
        sizes = shape(x)
        label = expand_dims(cast(check_index(z, sizes[-1]), "int32"), axis=-1)
        chosen = equal(label, OPERATORS["iota"](sizes[-1:], axis=0, dtype="int32"))
        shifted = _shifted(x, -1)
        # A choice, not a product: 0 * -inf would spoil the sum where logits mask classes.
        at_label = reduce_sum(choose(chosen, shifted, 0.0), axis=-1)
        return subtract(squeeze(_log_total(shifted, -1), axis=-1), at_label, name=last)


@elementwise("maximum({logits}, {T}(0)) - {logits} * {labels} + log1p(exp(-abs({logits})))",
             grad=lambda g, y, z, x: (-(g * x), g * ((1.0 - z) * sigmoid(x) - z * sigmoid(-x))))
def sigmoid_cross_entropy(labels: Any, logits: Any) -> Any:
    """-z log(sigmoid(x)) - (1 - z) log(1 - sigmoid(x)) of labels z, as max(x, 0) - x z + log(1 + exp(-|x|))."""
    return np.maximum(floating(logits), 0) - logits * labels + np.log1p(np.exp(-np.abs(logits)))


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
    if z.type.dtype != x.type.dtype:
        z = cast(z, x.type.dtype)
    return sigmoid_cross_entropy(z, x, name=name)


def weighted_cross_entropy_with_logits(targets: Any = None, logits: Any = None, pos_weight: Any = None,
                                       name: str | None = None, labels: Any = None) -> Node:
    """`sigmoid_cross_entropy_with_logits` in which positive labels weigh `pos_weight` times as much.

    targets, logits: float[...] -> float[...]. GraphError: one of them is missing. DTypeError: logits that are not floating. ShapeError: the
    shapes do not fit.

    >>> tf.Session(jit=False).run(tf.nn.weighted_cross_entropy_with_logits([1.0], [0.0], 2.0))
    array([1.38629...], dtype=float32)
    """
    z, x = _labels_and_logits("weighted_cross_entropy_with_logits", None, targets if labels is None else labels, logits)
    with scope(name, "weighted_cross_entropy_with_logits", x) as last:
        weight = 1.0 + (to_node(pos_weight, None if isinstance(pos_weight, Node) else x.dtype) - 1.0) * z
        return add((1.0 - z) * x, weight * softplus(-x), name=last)


def l2_loss(t: Any, name: str | None = None) -> Node:
    """Half the sum of the squares of all elements.

    number[...] -> number[]. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.nn.l2_loss([3.0, 4.0]))
    np.float32(12.5)
    """
    x = to_node(t)
    with scope(name, "l2_loss", x) as last:
        return multiply(reduce_sum(square(x)), 0.5, name=last)


# ---------------------------------------------------------------------- normalisation

def moments(x: Any, axes: Any, shift: Any = None, name: str | None = None, keep_dims: Any = None,
            keepdims: Any = None) -> tuple[Node, Node]:
    """Mean and variance over `axes`.

    float[...] -> (mean, variance). DTypeError: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.nn.moments(tf.constant([1.0, 3.0]), axes=[0]))
    (np.float32(2.0), np.float32(1.0))
    """
    x = to_node(x)
    with scope(name, "moments", x):
        mean = reduce_mean(x, axis=axes, keepdims=True)
        variance = reduce_mean(squared_difference(x, mean), axis=axes, keepdims=True)
        if keepdims or keep_dims:
            return mean, variance
        gone = normal_axes(axes, x.type.rank)
        return squeeze(mean, axis=gone), squeeze(variance, axis=gone)


def batch_normalization(x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: Any,
                        name: str | None = None) -> Node:
    """scale * (x - mean) / sqrt(variance + epsilon) + offset (Ioffe and Szegedy 2015); offset and scale may be None.

    Operands of one dtype, which broadcast. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.nn.batch_normalization([1.0, 3.0], 2.0, 1.0, 0.0, 2.0, 0.0))
    array([-2.,  2.], dtype=float32)
    """
    x = to_node(x)
    with scope(name, "batchnorm", x) as last:
        factor = rsqrt(to_node(variance) + variance_epsilon)
        if scale is not None:
            factor = factor * scale
        shift = negative(mean * factor) if offset is None else offset - mean * factor
        return add(x * factor, shift, name=last)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None) -> Node:
    """x / sqrt(max(sum(x**2), epsilon)), the sum along `axis` (None: over all).

    float[...] -> the same type. DTypeError: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.nn.l2_normalize([3.0, 4.0], 0))
    array([0.6, 0.8], dtype=float32)
    """
    x = to_node(x)
    with scope(name, "l2_normalize", x) as last:
        total = reduce_sum(square(x), axis=axis if axis is not None else dim, keepdims=True)
        return multiply(x, rsqrt(maximum(total, epsilon)), name=last)


# ---------------------------------------------------------------------- layers' pieces

def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Node:
    """value + bias, a vector along the last axis ("NHWC", "N...C") or the second ("NCHW", "NC...").

    value: number[..., n], bias: number[n]. ShapeError: they do not fit. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.nn.bias_add([[1.0, 2.0]], [10.0, 20.0]))
    array([[11., 22.]], dtype=float32)
    """
    x, b = to_node(value), to_node(bias, None if isinstance(bias, Node) else to_node(value).dtype)
    if b.type.rank not in (None, 1):
        raise ShapeError(f"bias_add: {describe(b)} is not a vector{here()}")
    if data_format is None or not data_format.startswith("NC"):
        _same_size("bias_add", x, b, -1)
        return add(x, b, name=name)
    if x.type.rank is None:
        raise ShapeError(f"bias_add: {data_format} of {describe(x)}, whose rank is unknown{here()}")
    _same_size("bias_add", x, b, 1)
    with scope(name, "bias_add", x) as last:
        for _ in range(x.type.rank - 2):
            b = expand_dims(b, axis=-1)
        return add(x, b, name=last)


def _same_size(what: str, x: Node, b: Node, axis: int) -> None:
    if x.type.shape is None or b.type.shape is None:
        return
    have = x.type.shape[axis] if len(x.type.shape) > (axis if axis >= 0 else 0) else 1
    if None not in (have, b.type.shape[0]) and have != b.type.shape[0]:
        raise ShapeError(f"{what}: {describe(x)} and {describe(b)} differ in size, {have} and {b.type.shape[0]}{here()}")


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Node:
    """x @ weights + biases.

    x: float[m, k], weights: float[k, n], biases: float[n] -> float[m, n]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.nn.xw_plus_b([[1.0, 2.0]], [[3.0], [4.0]], [0.5]))
    array([[11.5]], dtype=float32)
    """
    x = to_node(x)
    with scope(name, "xw_plus_b", x) as last:
        return bias_add(OPERATORS["matmul"](x, weights), biases, name=last)


def dropout(x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: int | None = None, name: str | None = None,
            rate: Any = None) -> Node:
    """x / keep_prob, each element with probability keep_prob, else 0 (Srivastava et al. 2014); rate = 1 - keep_prob.

    Where `noise_shape` is 1, elements stay or go together.
    float[...] -> the same type; `noise_shape`: what of it is drawn, the rest broadcasts. DTypeError: not floating. GraphError: a
    probability outside (0, 1]. ShapeError: noise_shape does not broadcast.

    >>> tf.Session(jit=False).run(tf.nn.dropout(tf.ones([2]), keep_prob=1.0))
    array([1., 1.], dtype=float32)
    """
    x = to_node(x)
    keep = _keep_probability(x, keep_prob, rate)
    if not isinstance(keep, Node) and keep == 1:
        return identity(x, name=name)
    with scope(name, "dropout", x) as last:
        if isinstance(keep, Node) and keep.type.dtype != x.type.dtype:
            keep = cast(keep, x.type.dtype)
        sizes = shape(x) if noise_shape is None else noise_shape
        kept = less(random_uniform(sizes, dtype=x.dtype, seed=seed), keep)
        scaled = x * (div_no_nan(1.0, keep) if isinstance(keep, Node) else 1.0 / keep)
        return choose(kept, scaled, 0.0, name=last)


def _keep_probability(x: Node, keep_prob: Any, rate: Any) -> Any:
    if (keep_prob is None) == (rate is None):
        raise GraphError(f"dropout takes keep_prob or rate{here()}")
    if x.type.dtype.kind != "f":
        raise DTypeError(f"dropout: {describe(x)} is not of a floating dtype{here()}")
    keep = keep_prob if rate is None else 1.0 - rate
    if isinstance(keep, Node):
        return keep
    if not 0 < keep <= 1:
        raise GraphError(f"dropout: keep_prob {keep} is not in (0, 1]{here()}")
    return float(keep)


def zero_fraction(value: Any, name: str | None = None) -> Node:
    """The part of all elements that is 0.

    any[...] -> float32[]. DTypeError: no tensor of numbers.

    >>> tf.Session(jit=False).run(tf.nn.zero_fraction([0, 1, 0, 1]))
    np.float32(0.5)
    """
    x = to_node(value)
    with scope(name, "zero_fraction", x) as last:
        return reduce_mean(cast(equal(x, 0), "float32"), name=last)


# ---------------------------------------------------------------------- lookups

def embedding_lookup(params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None,
                     validate_indices: bool = True, max_norm: Any = None) -> Node:
    """Rows of the table `params`, one for each id.

    params: any[rows, ...], ids: int[...] -> any[..., ...]. DTypeError: the ids are no integers. GraphError: several tables.
    InvalidArgumentError, when run: no such row.

    >>> tf.Session(jit=False).run(tf.nn.embedding_lookup(tf.constant([[1.0, 2.0], [3.0, 4.0]]), [1, 0]))
    array([[3., 4.],
           [1., 2.]], dtype=float32)
    """
    tables = list(params) if isinstance(params, (list, tuple)) else [params]
    if len(tables) != 1 or max_norm is not None:
        raise GraphError(f"embedding_lookup takes one table and no max_norm{here()}")
    return gather(tables[0], ids, name=name or "embedding_lookup")


def _in_top_k_type(types: Sequence[TensorType], values: Values, k: int) -> TensorType:
    predictions, targets = types
    if predictions.rank not in (None, 2) or targets.rank not in (None, 1):
        raise ShapeError("predictions must be a matrix and targets a vector")
    return TensorType(np.dtype(bool), targets.shape if targets.shape is not None else (None,))


@declare("host", _in_top_k_type, prepare=lambda types, k: {"k": as_int(k, "k")},
         samples=(([(3, 4), np.array([0, 3, 1])], {"k": 2}),))
def in_top_k(predictions: Any, targets: Any, *, k: Any = 1) -> Any:
    """Whether each row's target is among its k largest predictions; ties count as among them."""
    inside = (targets >= 0) & (targets < predictions.shape[1])
    at = np.take_along_axis(predictions, np.where(inside, targets, 0)[:, None].astype(np.int64), axis=1)
    above = np.count_nonzero(predictions > at, axis=1)
    return inside & np.isfinite(at[:, 0]) & (above < k)


def _top_k_type(types: Sequence[TensorType], values: Values, k: int) -> TensorType:
    sizes = types[0].shape
    if sizes == () or (sizes is not None and sizes[-1] is not None and sizes[-1] < k):
        raise ShapeError(f"the last dimension has fewer than {k} elements")
    return TensorType(np.dtype(np.int32), None if sizes is None else (*sizes[:-1], k))


@declare("host", _top_k_type, batch="leading", prepare=lambda types, k: {"k": as_int(k, "k")}, samples=(([(3, 4)], {"k": 2}),))
def top_k_indices(input: Any, *, k: int = 1) -> Any:
    """Where the k largest elements of each row are, the largest first, of equal ones the earlier first."""
    last = input.shape[-1] - 1
    # A stable ascending sort of the mirrored row, read backwards.
    order = last - np.argsort(input[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    return order[..., :k].astype(np.int32)


def _pick_type(types: Sequence[TensorType], values: Values) -> TensorType:
    return TensorType(types[0].dtype, types[1].shape)


@declare("host", _pick_type, batch="leading", grad=lambda g, y, x, indices: (OPERATORS["put_last"](indices, g, x), None),
         samples=(([(2, 4), np.array([[0, 2], [3, 1]])], {}),))
def pick_last(x: Any, indices: Any) -> Any:
    """Elements of each row, by their indices along the last axis."""
    return np.take_along_axis(x, np.asarray(indices, np.int64), axis=-1)


@declare("host", typed_like(2), batch="leading", grad=lambda g, y, indices, updates, like: (None, pick_last(g, indices), None),
         samples=(([np.array([[0, 2], [3, 1]]), (2, 2), (2, 4)], {}),))
def put_last(indices: Any, updates: Any, like: Any) -> Any:
    """Zeros like `like`, with updates at distinct indices along the last axis."""
    out = np.zeros_like(like)
    np.put_along_axis(out, np.asarray(indices, np.int64), updates, axis=-1)
    return out


class TopK(NamedTuple):
    """The result of `top_k`."""

    values: Node
    indices: Node


def top_k(input: Any, k: Any = 1, sorted: bool = True, name: str | None = None) -> TopK:
    """The k largest elements along the last axis, in descending order, and their indices (int32).

    number[..., n] -> (number[..., k], int32[..., k]). ShapeError: fewer than k elements. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.nn.top_k([1, 9, 5], k=2).values)
    array([9, 5], dtype=int32)
    """
    x = to_node(input)
    with scope(name, "top_k", x):
        indices = top_k_indices(x, k=k)
        return TopK(pick_last(x, indices), indices)
