"""Neural networks: activations, losses over logits, normalisation, dropout and lookups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.axes import normal_axes
from ..ir.known import as_int
from ..ir.loops import Loop
from ..ir.node import OPERATORS, Node, describe, here
from ..ir.operator import Values, declare, to_node
from ..ir.types import TensorShape, TensorType, compatible, merge, shape_str
from . import candidates, ctc, nn_activations, nn_conv, nn_fractional, nn_later, nn_losses, nn_norms, nn_pool, nn_sampled
from .array import concat, expand_dims, identity, reshape, shape, squeeze, stack
from .blocks import batch_to_space as batch_to_space
from .blocks import depth_to_space as depth_to_space
from .blocks import extents
from .blocks import space_to_batch as space_to_batch
from .blocks import space_to_depth as space_to_depth
from .candidates import *  # noqa: F403
from .contract import held
from .ctc import *  # noqa: F403
from .ctc_decode import ctc_beam_search_decoder as ctc_beam_search_decoder
from .ctc_decode import ctc_greedy_decoder as ctc_greedy_decoder
from .from_tensors import from_tensors
from .later import deferrable, later
from .layouts import telling
from .math import (
    add,
    cast,
    choose,
    div_no_nan,
    equal,
    less,
    maximum,
    multiply,
    negative,
    rsqrt,
    squared_difference,
)
from .nn_activations import *  # noqa: F403
from .nn_activations import relu
from .nn_conv import *  # noqa: F403
from .nn_fractional import *  # noqa: F403
from .nn_later import *  # noqa: F403
from .nn_losses import *  # noqa: F403
from .nn_norms import *  # noqa: F403
from .nn_pool import *  # noqa: F403
from .nn_sampled import *  # noqa: F403
from .nn_top import top_k as top_k
from .random import random_uniform
from .reduce import reduce_mean, reduce_sum, square_sizes
from .scopes import composed, scope
from .sparse_rows import embedding_lookup_sparse as embedding_lookup_sparse
from .sparse_rows import rows_of_tables
from .sparse_rows import safe_embedding_lookup_sparse as safe_embedding_lookup_sparse

__all__ = [*nn_activations.__all__, *nn_losses.__all__, *nn_conv.__all__, *nn_later.__all__, *nn_fractional.__all__,
           *nn_pool.__all__, *nn_norms.__all__, *candidates.__all__, *nn_sampled.__all__, *ctc.__all__, "ctc_beam_search_decoder",
           "ctc_greedy_decoder", "crelu", "moments", "weighted_moments", "sufficient_statistics", "normalize_moments",
           "batch_normalization", "l2_normalize", "space_to_depth", "depth_to_space", "space_to_batch", "batch_to_space", "bias_add",
           "xw_plus_b", "relu_layer", "dropout", "embedding_lookup", "embedding_lookup_sparse", "safe_embedding_lookup_sparse",
           "zero_fraction", "in_top_k", "top_k"]


def crelu(features: Any, name: str | None = None, axis: int = -1) -> Node:
    """relu(x) and relu(-x), side by side along `axis` (Shang, Sohn, Almeida and Lee 2016).

    float[..., n] -> float[..., 2 n]. DTypeError: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.nn.crelu([-1.0, 2.0]))
    array([0., 2., 1., 0.], dtype=float32)
    """
    x = to_node(features)
    with scope(name, "CRelu", x, "Relu", "Relu") as last:
        return concat([relu(x), relu(-x)], axis=axis, name=last)


# ---------------------------------------------------------------------- normalisation

@from_tensors("x", label="moments", axes="axes")
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


@from_tensors("x", "frequency_weights", label="weighted_moments", axes="axes")
def weighted_moments(x: Any, axes: Any, frequency_weights: Any, name: str | None = None, keep_dims: Any = None,
                     keepdims: Any = None) -> tuple[Node, Node]:
    """Mean and variance over `axes` of elements that count by their weights, which broadcast to x.

    float[...], number[...] -> (mean, variance). DTypeError: no numbers. ShapeError: no such axis, weights that do not fit.

    >>> tf.Session(jit=False).run(tf.nn.weighted_moments(tf.constant([1.0, 3.0]), [0], [3.0, 1.0]))
    (np.float32(1.5), np.float32(0.75))
    """
    x = to_node(x)
    with scope(name, "weighted_moments", x):
        w = OPERATORS["broadcast_to"](OPERATORS["cast"](to_node(frequency_weights), x.dtype), shape(x))
        total = reduce_sum(w, axis=axes, keepdims=True)
        mean = reduce_sum(w * x, axis=axes, keepdims=True) / total
        variance = reduce_sum(w * squared_difference(x, mean), axis=axes, keepdims=True) / total
        if keepdims or keep_dims:
            return mean, variance
        gone = normal_axes(axes, x.type.rank)
        return squeeze(mean, axis=gone), squeeze(variance, axis=gone)


def sufficient_statistics(x: Any, axes: Any, shift: Any = None, keep_dims: Any = None, name: str | None = None,
                          keepdims: Any = None) -> tuple[Node, Node, Node, Node | None]:
    """How many elements lie along `axes`, their sum and the sum of their squares, of which moments are made; and the shift.

    float[...] -> (float[], sum, sum of squares, shift). `shift`: a number or tensor that is taken from each element before. DTypeError: no
    floating numbers. ShapeError: no such axis.

    >>> count, total, squares, shift = tf.nn.sufficient_statistics(tf.constant([1.0, 3.0]), axes=[0])
    >>> tf.Session(jit=False).run([count, total, squares])
    [np.float32(2.0), np.float32(4.0), np.float32(10.0)]
    """
    x = to_node(x)
    if x.type.dtype.kind not in "fc":
        raise DTypeError(f"sufficient_statistics is not defined for {describe(x)}: no floating numbers{here()}")
    with telling("sufficient_statistics", x), scope(name, "sufficient_statistics", x):
        sizes = extents(x)
        count = cast(to_node(math.prod(sizes[i] for i in normal_axes(axes, len(sizes)) or ())), x.dtype)
        given = None if shift is None else to_node(shift, None if isinstance(shift, Node) else x.dtype)
        kept = bool(keepdims or keep_dims)
        apart, squares = (x, x * x) if given is None else (x - given, squared_difference(x, given))
        return count, reduce_sum(apart, axis=axes, keepdims=kept), reduce_sum(squares, axis=axes, keepdims=kept), given


def normalize_moments(counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None) -> tuple[Node, Node]:
    """Mean and variance of what `sufficient_statistics` gives: sum / count, and sum of squares / count - its square.

    float[], float[...], float[...], a shift or None -> (mean, variance). DTypeError, ShapeError: they do not fit each other.

    >>> tf.Session(jit=False).run(tf.nn.normalize_moments(2.0, 4.0, 10.0, None))
    (np.float32(2.0), np.float32(1.0))
    """
    sums = to_node(mean_ss)
    with scope(name, "normalize", sums):
        each = 1.0 / to_node(counts, None if isinstance(counts, Node) else sums.dtype)
        apart = sums * each
        return apart if shift is None else apart + shift, variance_ss * each - apart * apart


def batch_normalization(x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: Any,
                        name: str | None = None) -> Node:
    """scale * (x - mean) / sqrt(variance + epsilon) + offset (Ioffe and Szegedy 2015); offset and scale may be None.

    Operands of one dtype, which broadcast. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.nn.batch_normalization([1.0, 3.0], 2.0, 1.0, 0.0, 2.0, 0.0))
    array([-2.,  2.], dtype=float32)
    """
    x = to_node(x)
    with scope(name, "batchnorm", x, "add_1") as last:
        factor = rsqrt(to_node(variance) + variance_epsilon)
        if scale is not None:
            factor = factor * scale
        shift = negative(mean * factor) if offset is None else offset - mean * factor
        return add(x * factor, shift, name=last)


@from_tensors("x", label="l2_normalize", axis="axes", dim="axes")
def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None) -> Node:
    """x / sqrt(max(sum(x**2), epsilon)), the sum along `axis` (None: over all); of complex numbers that of the squares of their moduli.

    float or complex[...] -> the same type. DTypeError: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.nn.l2_normalize([3.0, 4.0], 0))
    array([0.6, 0.8], dtype=float32)
    """
    x = to_node(x)
    with scope(name, "l2_normalize", x) as last:
        total = reduce_sum(square_sizes(x), axis=axis if axis is not None else dim, keepdims=True)
        return multiply(x, rsqrt(maximum(total, epsilon)), name=last)


# ---------------------------------------------------------------------- layers' pieces

@deferrable("bias_add", data_format=(str,))
def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Node:
    """value + bias, a vector along the last axis ("NHWC", "N...C") or the second ("NCHW", "NC...").

    value: number[..., n], bias: number[n]. ShapeError: they do not fit. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.nn.bias_add([[1.0, 2.0]], [10.0, 20.0]))
    array([[11., 22.]], dtype=float32)
    """
    x, b = to_node(value), to_node(bias, None if isinstance(bias, Node) else to_node(value).dtype)
    if data_format is None or not data_format.startswith("NC"):
        x = held("bias_add", "channels", x, b, place=-1)
        with scope(name, "BiasAdd", x, op="BiasAdd", value=x, bias=b, data_format=data_format) as last:
            return add(x, b if b.type.rank == 1 else reshape(b, [-1]), name=last)
    if x.type.rank is None:
        return later("bias_add", (x, b), x.type, name, data_format=data_format)
    with scope(name, "BiasAdd", x, op="BiasAdd", value=x, bias=b, data_format=data_format) as last:
        x, b = held("bias_add", "channels", x, b, place=1), b if b.type.rank == 1 else reshape(b, [-1])
        for _ in range((x.type.rank or 0) - 2):
            b = expand_dims(b, axis=-1)
        return add(x, b, name=last)


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Node:
    """x @ weights + biases.

    x: float[m, k], weights: float[k, n], biases: float[n] -> float[m, n]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.nn.xw_plus_b([[1.0, 2.0]], [[3.0], [4.0]], [0.5]))
    array([[11.5]], dtype=float32)
    """
    x = to_node(x)
    with scope(name, "xw_plus_b", x) as last:
        return bias_add(OPERATORS["matmul"](x, weights), biases, name=last)


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Node:
    """max(x @ weights + biases, 0).

    x: float[m, k], weights: float[k, n], biases: float[n] -> float[m, n]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.nn.relu_layer([[1.0, 2.0]], [[3.0, -3.0], [4.0, 1.0]], [0.5, 0.0]))
    array([[11.5,  0. ]], dtype=float32)
    """
    with scope(name, "relu_layer", to_node(x)) as last:
        return relu(xw_plus_b(x, weights, biases, name="xw_plus_b"), name=last)


def dropout(x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: int | None = None, name: str | None = None,
            rate: Any = None) -> Node:
    """x / keep_prob, each element with probability keep_prob, else 0 (Srivastava et al. 2014); rate = 1 - keep_prob.

    Where `noise_shape` is 1, elements stay or go together; where it is None, it is as x.
    float[...] -> the same type; `noise_shape`: what of it is drawn, the rest broadcasts. DTypeError: not floating. GraphError: a
    probability outside (0, 1]. ShapeError: noise_shape does not broadcast.

    >>> tf.Session(jit=False).run(tf.nn.dropout(tf.ones([2]), keep_prob=1.0))
    array([1., 1.], dtype=float32)
    """
    x = to_node(x)
    keep = _keep_probability(x, keep_prob, rate)
    if not isinstance(keep, Node) and keep == 1:
        return identity(x, name=name)
    with scope(name, "dropout", x, "SelectV2", "SelectV2") as last:
        if isinstance(keep, Node) and keep.type.dtype != x.type.dtype:
            keep = cast(keep, x.type.dtype)
        if isinstance(keep, Node) and keep.type.rank is None:
            keep = reshape(keep, [])            # one number, so that the result has the rank of x
        sizes = shape(x) if noise_shape is None else _noise_shape(x, noise_shape)
        kept = less(random_uniform(sizes, dtype=x.dtype, seed=seed), keep)
        if noise_shape is not None and not kept.type.known:
            kept = OPERATORS["broadcast_to"](kept, shape(x))           # the result has the shape of x
        scaled = x * (div_no_nan(1.0, keep) if isinstance(keep, Node) else 1.0 / keep)
        return choose(kept, scaled, 0.0, name=last)


def _noise_shape(x: Node, given: Any) -> Any:
    """What is drawn; a size that is given as None is that of x."""
    dims = list(given) if isinstance(given, (list, tuple, TensorShape)) else None
    if dims is None or not any(d is None or getattr(d, "value", 0) is None for d in dims):
        return given
    sizes = shape(x)
    return stack([sizes[i] if d is None or getattr(d, "value", 0) is None else d for i, d in enumerate(dims)])


def _keep_probability(x: Node, keep_prob: Any, rate: Any) -> Any:
    if (keep_prob is None) == (rate is None):
        raise GraphError(f"dropout takes keep_prob or rate{here()}")
    if x.type.dtype.kind != "f":
        raise DTypeError(f"dropout: {describe(x)} is not of a floating dtype{here()}")
    given = keep_prob if rate is None else rate
    if isinstance(given, Node):
        return given if rate is None else 1.0 - given
    if isinstance(given, (str, bytes)) or np.ndim(given) or not isinstance(given, (int, float, np.number, np.ndarray)):
        raise DTypeError(f"dropout: {'keep_prob' if rate is None else 'rate'} is one number or a tensor, not {given!r:.60}{here()}")
    keep = given if rate is None else 1.0 - given
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
    with scope(name, "zero_fraction", x, "fraction", "Identity") as last:
        return reduce_mean(cast(equal(x, 0), "float32"), name=last)


# ---------------------------------------------------------------------- lookups

@composed("embedding_lookup", "Identity", op="Identity")
def embedding_lookup(params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None,
                     validate_indices: bool = True, max_norm: Any = None) -> Node:
    """Rows of the table `params`, one for each id; none longer than `max_norm`.

    params: any[rows, ...], or several tables among which the ids are shared out, in turn ("mod") or in runs ("div"); ids: int[...] ->
    any[..., ...]. DTypeError: the ids are no integers. ArgumentError: the tables do not fit together. InvalidArgumentError, when run: no such
    row.

    >>> tf.Session(jit=False).run(tf.nn.embedding_lookup(tf.constant([[1.0, 2.0], [3.0, 4.0]]), [1, 0]))
    array([[3., 4.],
           [1., 2.]], dtype=float32)
    """
    return rows_of_tables(params, ids, partition_strategy, max_norm, name or "embedding_lookup", "embedding_lookup")


def _in_top_k_type(types: Sequence[TensorType], values: Values, k: int) -> TensorType:
    predictions, targets = types
    if predictions.rank not in (None, 2) or targets.rank not in (None, 1):
        raise ShapeError("predictions must be a matrix and targets a vector")
    rows = (None,) if predictions.shape is None else predictions.shape[:1]
    if not compatible(rows, targets.shape):
        raise ShapeError(f"there are {rows[0]} rows of predictions, and targets of shape {shape_str(targets.shape)}")
    return TensorType(np.dtype(bool), merge(rows, targets.shape))


def _in_top_k_loop(types: Any, type: Any, k: int) -> Loop:
    """Of each row how many are above the target, and how many no finite numbers, by vectors."""
    rows, n = types[0].shape
    odd = "odd = accumulate_add(odd, int32(v - v != v - v))" if types[0].dtype.kind == "f" else ""
    return Loop(f"""
    for row in range(lo, hi):
        target = int64(load(targets, row))
        found = False
        if 0 <= target and target < n:
            at = load(predictions, row * n + target)
            above = int32(0)
            odd = int32(0)
            for i in range(n):
                v = load(predictions, row * n + i)
                above = accumulate_add(above, int32(v > at))
                {odd}
            found = (above < k) & (odd == 0)
        store(out, row, boolean(found))
    """, {"n": n, "k": k}, rows, rows * n)


@declare("routine", _in_top_k_type, prepare=lambda types, k: {"k": as_int(k, "k")}, loop=_in_top_k_loop, from_tensors={"k": "count"},
         samples=(([(3, 4), np.array([0, 3, 1])], {"k": 2}),), label="in_top_k/InTopKV2")
def in_top_k(predictions: Any, targets: Any, *, k: Any = 1) -> Any:
    """Whether each row's target is among its k largest predictions; ties count as among them. Of a row that is not all finite: no."""
    inside = (targets >= 0) & (targets < predictions.shape[1])
    at = np.take_along_axis(predictions, np.where(inside, targets, 0)[:, None].astype(np.int64), axis=1)
    above = np.count_nonzero(predictions > at, axis=1)
    return inside & np.isfinite(predictions).all(axis=1) & (above < k)
