"""Neural networks: activations, losses over logits, normalisation, dropout and lookups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.axes import normal_axes
from ..ir.known import as_int
from ..ir.node import OPERATORS, Node, describe, here
from ..ir.operator import Values, declare, to_node, typed_like
from ..ir.types import TensorType, compatible, merge, shape_str
from . import candidates, ctc, nn_activations, nn_conv, nn_losses, nn_norms, nn_pool, nn_sampled
from .array import concat, expand_dims, gather, identity, reshape, shape, squeeze
from .blocks import batch_to_space as batch_to_space
from .blocks import depth_to_space as depth_to_space
from .blocks import space_to_batch as space_to_batch
from .blocks import space_to_depth as space_to_depth
from .candidates import *  # noqa: F403
from .contract import held
from .ctc import *  # noqa: F403
from .ctc_decode import ctc_beam_search_decoder as ctc_beam_search_decoder
from .ctc_decode import ctc_greedy_decoder as ctc_greedy_decoder
from .later import deferrable, later
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
    square,
    squared_difference,
)
from .nn_activations import *  # noqa: F403
from .nn_activations import relu, scope
from .nn_conv import *  # noqa: F403
from .nn_losses import *  # noqa: F403
from .nn_norms import *  # noqa: F403
from .nn_pool import *  # noqa: F403
from .nn_sampled import *  # noqa: F403
from .random import random_uniform
from .reduce import reduce_mean, reduce_sum

__all__ = [*nn_activations.__all__, *nn_losses.__all__, *nn_conv.__all__, *nn_pool.__all__, *nn_norms.__all__, *candidates.__all__,
           *nn_sampled.__all__, *ctc.__all__, "ctc_beam_search_decoder", "ctc_greedy_decoder", "crelu", "moments", "batch_normalization",
           "l2_normalize", "space_to_depth", "depth_to_space", "space_to_batch", "batch_to_space", "bias_add", "xw_plus_b", "dropout",
           "embedding_lookup", "zero_fraction", "in_top_k", "top_k"]


def crelu(features: Any, name: str | None = None, axis: int = -1) -> Node:
    """relu(x) and relu(-x), side by side along `axis` (Shang, Sohn, Almeida and Lee 2016).

    float[..., n] -> float[..., 2 n]. DTypeError: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.nn.crelu([-1.0, 2.0]))
    array([0., 2., 1., 0.], dtype=float32)
    """
    x = to_node(features)
    with scope(name, "crelu", x) as last:
        return concat([relu(x), relu(-x)], axis=axis, name=last)


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
        return add(x, b if b.type.rank == 1 else reshape(b, [-1]), name=name)
    if x.type.rank is None:
        return later("bias_add", (x, b), x.type, name, data_format=data_format)
    with scope(name, "bias_add", x) as last:
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
        if isinstance(keep, Node) and keep.type.rank is None:
            keep = reshape(keep, [])            # one number, so that the result has the rank of x
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
    rows = (None,) if predictions.shape is None else predictions.shape[:1]
    if not compatible(rows, targets.shape):
        raise ShapeError(f"there are {rows[0]} rows of predictions, and targets of shape {shape_str(targets.shape)}")
    return TensorType(np.dtype(bool), merge(rows, targets.shape))


@declare("host", _in_top_k_type, prepare=lambda types, k: {"k": as_int(k, "k")},
         samples=(([(3, 4), np.array([0, 3, 1])], {"k": 2}),))
def in_top_k(predictions: Any, targets: Any, *, k: Any = 1) -> Any:
    """Whether each row's target is among its k largest predictions; ties count as among them. Of a row that is not all finite: no."""
    inside = (targets >= 0) & (targets < predictions.shape[1])
    at = np.take_along_axis(predictions, np.where(inside, targets, 0)[:, None].astype(np.int64), axis=1)
    above = np.count_nonzero(predictions > at, axis=1)
    return inside & np.isfinite(predictions).all(axis=1) & (above < k)


def _top_k_type(types: Sequence[TensorType], values: Values, k: int) -> TensorType:
    sizes = types[0].shape
    if k < 0:
        raise ShapeError(f"there are no {k} largest elements")
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
