"""Pools whose windows are of several sizes, so that pictures become smaller by any ratio (Graham 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.default_graph import control_dependencies
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from .array import concat, expand_dims, gather, identity, reshape, transpose
from .array import range as numbers
from .array_scan import cumsum
from .blocks import extents
from .debug import Assert
from .layouts import ranked, telling
from .math import cast, ceil, choose, equal, floor, floordiv, less, maximum, minimum, truediv
from .math_division import mod
from .ordering import argsort, searchsorted
from .random import random_uniform
from .random_stateless import stateless_uniform
from .scopes import scope
from .segments import segment_max, segment_sum

__all__ = ["fractional_avg_pool", "fractional_max_pool"]


class FractionalPool(NamedTuple):
    """What a fractional pool gives: the pictures, and where its windows begin along height and width, with the end behind them, int64."""

    output: Node
    row_pooling_sequence: Node
    col_pooling_sequence: Node


def _draw(count: Any, deterministic: bool, seeds: tuple[int, int]) -> Node:
    """So many numbers in [0, 1): the same in each run if `deterministic`."""
    shape = [] if count is None else expand_dims(cast(count, "int32"), 0)
    if deterministic:
        return stateless_uniform(shape, list(seeds), dtype="float64")
    return random_uniform(shape, dtype="float64", seed=seeds[0] or None)


def _edges(n: Any, ratio: float, pseudo_random: bool, deterministic: bool, seeds: tuple[int, int]) -> Node:
    """Where windows begin along an axis of n elements, and its end, int64[1 + n / ratio]: windows of n // out and n // out + 1 elements.

    Pseudorandom: the ceilings of alpha (i + u), alpha = n / out, for one u; random: the sizes in any order.
    """
    whole = cast(n, "int64")
    out = cast(floor(truediv(cast(n, "float64"), ratio)), "int64")
    if not isinstance(n, int):
        with control_dependencies([Assert(less(np.int64(0), out), [whole, f"elements leave none by the ratio {ratio}"])]):
            out = identity(out)
    size, left = floordiv(whole, out), mod(whole, out)
    if not pseudo_random:
        sizes = size + cast(less(numbers(out), left), "int64")
        return concat([np.zeros(1, np.int64), cumsum(gather(sizes, argsort(_draw(out, deterministic, seeds))))], 0)
    alpha, k = truediv(cast(n, "float64"), cast(out, "float64")), cast(size, "float64")
    most = minimum((k + 2.0) / alpha - 1.0, (cast(n, "float64") + 1.0 - k) / alpha - (cast(out, "float64") - 1.0))      # so that no window is larger
    at = cast(numbers(np.int64(1), out), "float64") + _draw(None, deterministic, seeds) * most
    between = choose(equal(left, np.int64(0)), numbers(np.int64(1), out) * size, cast(ceil(alpha * at), "int64") - np.int64(1))
    return concat([np.zeros(1, np.int64), between, expand_dims(whole, 0)], 0)


def _along(x: Node, axis: int, edges: Node, n: Any, overlapping: bool, mean: bool) -> Node:
    """The windows of one axis as one element each; those that overlap see the first element of the next one."""
    order = [axis, *(a for a in range(4) if a != axis)]
    moved, ends = transpose(x, perm=order), edges[1:]
    ids = searchsorted(ends, numbers(cast(n, "int64")), side="right")
    inner = (segment_sum if mean else segment_max)(moved, ids)
    if overlapping:
        last = cast(n, "int64") - np.int64(1)
        further = gather(moved, minimum(ends, last))
        there = cast(less(ends, cast(n, "int64")), x.dtype)
        inner = inner + further * reshape(there, [-1, 1, 1, 1]) if mean else maximum(inner, further)
    if mean:
        count = ends - edges[:-1] + (cast(less(ends, cast(n, "int64")), "int64") if overlapping else np.int64(0))
        count = reshape(cast(count, x.dtype), [-1, 1, 1, 1])
        inner = truediv(inner, count) if x.type.dtype.kind == "f" else floordiv(inner, count)
    return transpose(inner, perm=np.argsort(order).tolist())


def _pooled(what: str, value: Any, pooling_ratio: Any, pseudo_random: bool, overlapping: bool, deterministic: bool, seed: int, seed2: int,
            name: str | None, mean: bool) -> FractionalPool:
    x = to_node(value)
    ratios = [float(r) for r in pooling_ratio] if isinstance(pooling_ratio, (Sequence, np.ndarray)) else []
    if len(ratios) != 4 or ratios[0] != 1.0 or ratios[3] != 1.0 or min(ratios) < 1.0:
        raise ShapeError(f"{what}: pooling_ratio is [1.0, rows, columns, 1.0], of numbers of 1 or more, not {pooling_ratio!r:.60}{here()}")
    if x.type.dtype.name not in ("float32", "float64", "int32", "int64"):
        raise DTypeError(f"{what}: {describe(x)} is not of float32, float64, int32 or int64{here()}")
    with telling(what, x), scope(name, "FractionalAvgPool" if mean else "FractionalMaxPool", x):
        x = ranked(x, 4, "the pictures")
        _, height, width, _ = extents(x)
        for n, ratio in ((height, ratios[1]), (width, ratios[2])):
            if isinstance(n, int) and n < ratio:
                raise ShapeError(f"{n} elements leave none by the ratio {ratio}")
        places = [_edges(n, ratio, pseudo_random, deterministic, (seed, seed2 + i))
                  for i, (n, ratio) in enumerate(((height, ratios[1]), (width, ratios[2])))]
        out = x
        for axis, n, edges in ((1, height, places[0]), (2, width, places[1])):
            out = _along(out, axis, edges, n, overlapping, mean)
        known = [int(n / r) if isinstance(n, int) else None for n, r in ((height, ratios[1]), (width, ratios[2]))]
        dims = x.type.shape or (None,) * 4
        out.set_shape([dims[0], *known, dims[3]])
        for edges, count in zip(places, known, strict=True):
            edges.set_shape([None if count is None else count + 1])
        return FractionalPool(out, *places)


def fractional_max_pool(value: Any, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False, deterministic: bool = False,
                        seed: int = 0, seed2: int = 0, name: str | None = None) -> FractionalPool:
    """The greatest of each window, where windows are of two sizes, in an order that is drawn, so that a picture shrinks by any ratio.

    value: number[batch, height, width, channels], float32, float64, int32 or int64 -> (the same dtype[batch, height / ratio, width / ratio,
    channels], where windows begin along height, and along width, with the end, int64). `pooling_ratio`: [1.0, rows, columns, 1.0], 1 or more;
    `pseudo_random`: sizes follow one number that is drawn; `overlapping`: a window sees the first element of the next; `deterministic`: the same
    windows in each run, by `seed` and `seed2`. ShapeError: another rank or ratio, or sizes below it. DTypeError: another dtype.

    >>> x = tf.reshape(tf.range(36.0), [1, 6, 6, 1])
    >>> y, rows, columns = tf.nn.fractional_max_pool(x, [1.0, 2.0, 3.0, 1.0])
    >>> tf.Session(jit=False).run(y)[0, :, :, 0]
    array([[ 8., 11.],
           [20., 23.],
           [32., 35.]], dtype=float32)
    """
    return _pooled("fractional_max_pool", value, pooling_ratio, pseudo_random, overlapping, deterministic, seed, seed2, name, False)


def fractional_avg_pool(value: Any, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False, deterministic: bool = False,
                        seed: int = 0, seed2: int = 0, name: str | None = None) -> FractionalPool:
    """The mean of each window, where windows are of two sizes, in an order that is drawn; of whole numbers its floor along each axis.

    Arguments, results and errors, ShapeError and DTypeError, as of `fractional_max_pool`.

    >>> y, rows, columns = tf.nn.fractional_avg_pool(tf.ones([1, 5, 7, 2]), [1.0, 1.4, 1.7, 1.0])
    >>> y.shape, tf.Session(jit=False).run(rows)[[0, -1]]
    (TensorShape((1, 3, 4, 2)), array([0, 5]))
    """
    return _pooled("fractional_avg_pool", value, pooling_ratio, pseudo_random, overlapping, deterministic, seed, seed2, name, True)
