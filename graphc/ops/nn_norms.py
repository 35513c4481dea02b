"""Normalisation of pictures, and their morphology: statistics of batches and of neighbouring channels, dilation and erosion."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.node import Node, here
from .array_index import one_hot
from .array_move import expand_dims, identity, reshape, reverse, squeeze, stop_gradient
from .blocks import extents, surround
from .layouts import as_given, channels_last, each_axis, is_first, made, operands, padding_of, ranked, telling
from .math import add, cast, choose, divide, maximum, multiply, negative, pow, rsqrt, square, squared_difference, subtract
from .pool import pool_sum
from .positions import argmax
from .reduce import reduce_mean, reduce_sum
from .scopes import composed, scope, stand
from .windows import windows

__all__ = ["fused_batch_norm", "batch_norm_with_global_normalization", "local_response_normalization", "lrn", "dilation2d", "erosion2d"]


class FusedBatchNorm(NamedTuple):
    """The normalised tensor, and mean and variance of the batch, or what they were given as."""

    y: Node
    batch_mean: Node
    batch_variance: Node


def fused_batch_norm(x: Any, scale: Any, offset: Any, mean: Any = None, variance: Any = None, epsilon: float = 0.001, data_format: str = "NHWC",
                     is_training: bool = True, name: str | None = None, exponential_avg_factor: float = 1.0) -> FusedBatchNorm:
    """scale * (x - mean) / sqrt(variance + epsilon) + offset, by mean and variance of each channel of the batch (Ioffe and Szegedy 2015).

    x: float[batch, height, width, channels], the others float[channels]. In training the variance that is returned is that of a sample,
    divided by n - 1, and with `exponential_avg_factor` f both are f times the batch's plus 1 - f times what was given; else `mean` and
    `variance` are used as given. ShapeError: they do not fit. DTypeError: no floating numbers.

    >>> found = tf.nn.fused_batch_norm([[[[1.0]], [[3.0]]]], [1.0], [0.0], epsilon=0.0)
    >>> tf.Session(jit=False).run([found.y[0, :, 0, 0], found.batch_mean, found.batch_variance])
    [array([-1.,  1.], dtype=float32), array([2.], dtype=float32), array([2.], dtype=float32)]
    """
    tensors = operands("fused_batch_norm", x=x, scale=scale, offset=offset)
    x, scale, offset = tensors
    given = [None if v is None else operands("fused_batch_norm", x=x, statistics=v)[1] for v in (mean, variance)]
    with telling("fused_batch_norm", *tensors), scope(name, "FusedBatchNormV3", x) as last:
        first = is_first(data_format, 2)
        x = ranked(x, 4, "the input")
        if x.type.dtype.kind != "f":
            raise DTypeError(f"not defined for {x.type.dtype}")
        for v in (scale, offset, *(g for g in given if g is not None)):
            ranked(v, 1, "what belongs to channels")
        if (not is_training or exponential_avg_factor != 1.0) and None in given:
            raise ShapeError("mean and variance are needed when not training, or with an exponential_avg_factor")
        y = channels_last(x, first, 2)
        if not is_training:
            mu, var, kept = given[0], given[1], (given[0], given[1])
        else:
            mu = reduce_mean(y, axis=(0, 1, 2))
            var = reduce_mean(squared_difference(y, mu), axis=(0, 1, 2))
            kept = _kept(y, mu, var, given, exponential_avg_factor)
        factor = multiply(rsqrt(add(var, np.asarray(epsilon, y.type.dtype))), scale)
        found = add(multiply(subtract(y, mu), factor), offset, name=None if first else last)
        results = FusedBatchNorm(as_given(found, first, 2, last), identity(kept[0]), identity(kept[1]))
        stand("FusedBatchNormV3", results, x=tensors[0], scale=scale, offset=offset, mean=given[0], variance=given[1], epsilon=epsilon,
              data_format=data_format, is_training=is_training, exponential_avg_factor=exponential_avg_factor)
        return results


def _kept(y: Node, mu: Node, var: Node, given: list[Node | None], f: float) -> tuple[Node, Node]:
    """Mean and variance for later: of a sample, mixed with those before."""
    n, h, w, _ = extents(y)
    count: Any = n * h * w
    dtype = y.type.dtype
    if isinstance(count, Node):
        ratio: Any = divide(cast(count, dtype), cast(maximum(count - 1, 1), dtype))
    else:
        ratio = np.asarray(count / max(count - 1, 1), dtype)
    sample = multiply(var, ratio)
    if f == 1.0:
        return mu, sample
    old, new = np.asarray(1 - f, dtype), np.asarray(f, dtype)
    return add(multiply(given[0], old), multiply(mu, new)), add(multiply(given[1], old), multiply(sample, new))


def batch_norm_with_global_normalization(t: Any = None, m: Any = None, v: Any = None, beta: Any = None, gamma: Any = None,
                                         variance_epsilon: Any = None, scale_after_normalization: Any = None, name: str | None = None,
                                         input: Any = None, mean: Any = None, variance: Any = None) -> Node:
    """gamma * (t - m) / sqrt(v + epsilon) + beta, gamma only if `scale_after_normalization`.

    t: float[batch, height, width, channels], the others float[channels]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.nn.batch_norm_with_global_normalization([[[[3.0]]]], [1.0], [4.0], [5.0], [10.0], 0.0, True))[0, 0, 0]
    array([15.], dtype=float32)
    """
    what = "batch_norm_with_global_normalization"
    t, m, v, beta, gamma = operands(what, t=t if input is None else input, m=m if mean is None else mean, v=v if variance is None else variance,
                                    beta=beta, gamma=gamma)
    if variance_epsilon is None or scale_after_normalization is None:
        raise ShapeError(f"{what} needs variance_epsilon and scale_after_normalization{here()}")
    with telling(what, t, m, v, beta, gamma), scope(name, "batchnorm", t, "add_1") as last:
        factor = rsqrt(add(v, np.asarray(variance_epsilon, v.type.dtype)))
        factor = multiply(factor, gamma) if scale_after_normalization else factor
        return add(multiply(t, factor), subtract(beta, multiply(m, factor)), name=last)


def local_response_normalization(input: Any, depth_radius: int = 5, bias: float = 1, alpha: float = 1, beta: float = 0.5,
                                 name: str | None = None) -> Node:
    """x / (bias + alpha * sums)**beta, sums of the squares of the channels up to `depth_radius` away (Krizhevsky et al. 2012).

    float[batch, height, width, channels] -> the same type. DTypeError: no floating numbers. ShapeError: no such rank.

    >>> tf.Session(jit=False).run(tf.nn.local_response_normalization([[[[1.0, 2.0, 2.0]]]], 1, 0.0, 1.0, 1.0))[0, 0, 0]
    array([0.2       , 0.22222222, 0.25      ], dtype=float32)
    """
    (x,) = operands("local_response_normalization", input=input)
    with telling("local_response_normalization", x), scope(name, "LRN", x, op="LRN") as last:
        x = ranked(x, 4, "the input")
        if x.type.dtype.kind != "f":
            raise DTypeError(f"not defined for {x.type.dtype}")
        if isinstance(depth_radius, bool) or not isinstance(depth_radius, (int, np.integer)) or not 0 <= depth_radius < 2**30:
            raise ShapeError(f"depth_radius is a whole number that is not negative, not {depth_radius!r:.40}")
        r, dtype = int(depth_radius), x.type.dtype
        how = {"window": (2 * r + 1,), "strides": (1,), "padding": ((r, r),)}
        sums = squeeze(made(pool_sum, [expand_dims(square(x), -1)], how), axis=-1)
        scaled = add(multiply(sums, np.asarray(alpha, dtype)), np.asarray(bias, dtype))
        return multiply(x, pow(scaled, np.asarray(-beta, dtype)), name=last)


lrn = local_response_normalization


# ---------------------------------------------------------------------- morphology

@composed("Dilation2D", op="Dilation2D")
def dilation2d(input: Any, filter: Any = None, strides: Any = None, rates: Any = None, padding: Any = None, name: str | None = None,
               filters: Any = None, dilations: Any = None) -> Node:
    """The largest of input + filter over the places of a filter, for each channel: dilation by a structuring function; padding counts as nothing.

    input: float[batch, height, width, channels], filter: float[h, w, channels] -> float[batch, places, places, channels]. The gradient goes to
    the first of equal largest sums. ShapeError: they do not fit. DTypeError: no floating numbers.

    >>> y = tf.nn.dilation2d([[[[1.0], [5.0], [2.0]]]], [[[0.0], [10.0]]], [1, 1, 1, 1], [1, 1, 1, 1], "VALID")
    >>> tf.Session(jit=False).run(y)[0, 0, :, 0]
    array([15., 12.], dtype=float32)
    """
    x, w = operands("dilation2d", input=input, filter=filter if filters is None else filters)
    return _dilated("dilation2d", x, w, strides, rates if dilations is None else dilations, padding, name or "Dilation2D")


@composed("erosion2d", "Neg_1")
def erosion2d(value: Any, kernel: Any, strides: Any, rates: Any, padding: Any, name: str | None = None) -> Node:
    """The least of value - kernel over the places of a kernel, for each channel: minus the dilation of -value by the kernel turned round.

    value: float[batch, height, width, channels], kernel: float[h, w, channels]. ShapeError: they do not fit. DTypeError: no floating numbers.

    >>> y = tf.nn.erosion2d([[[[1.0], [5.0], [2.0]]]], [[[0.0], [10.0]]], [1, 1, 1, 1], [1, 1, 1, 1], "VALID")
    >>> tf.Session(jit=False).run(y)[0, 0, :, 0]
    array([-9., -5.], dtype=float32)
    """
    x, w = operands("erosion2d", value=value, kernel=kernel)
    with telling("erosion2d", x, w):
        w = ranked(w, 3, "the kernel")
        turned = reverse(w, (0, 1))
    return negative(_dilated("erosion2d", negative(x), turned, strides, rates, padding, "Dilation2D"), name=name)


def _dilated(what: str, x: Node, w: Node, strides: Any, rates: Any, padding: Any, name: str) -> Node:
    with telling(what, x, w), scope(name, name, x) as last:
        x = ranked(x, 4, "the input")
        w = ranked(w, 3, "the filter")
        if x.type.dtype.kind != "f" or w.type.dtype.kind != "f":
            raise DTypeError(f"not defined for {x.type.dtype} and {w.type.dtype}")
        if w.type.shape is None or None in w.type.shape[:2]:
            raise ShapeError("the sides of the filter must be known")
        how = {"strides": each_axis(strides, 2, False, "strides"), "padding": padding_of(padding, 2, False),
               "dilations": each_axis(rates, 2, False, "rates")}
        channels = (None if x.type.shape is None else x.type.shape[-1]), w.type.shape[2]
        if None not in channels and channels[0] != channels[1]:
            raise ShapeError(f"the input has {channels[0]} channels, the filter is for {channels[1]}")
        rows, columns = sides_of = tuple(w.type.shape[:2])
        seen = made(windows, [surround(x, how, sides_of, -np.inf)],
                    {"window": sides_of, "strides": how["strides"], "dilations": how["dilations"]})
        n, h, width, *_, c = extents(seen)
        sums = reshape(add(seen, w), [n, h, width, rows * columns, c])
        best = argmax(stop_gradient(sums), axis=3)
        hot = one_hot(best, rows * columns, on_value=True, off_value=False, axis=3)
        return reduce_sum(choose(hot, sums, np.zeros((), sums.type.dtype)), axis=3, name=last)
