"""Norms of gradients, and gradients made no longer than a norm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import GraphError
from ..ir.node import Node, here
from ..ir.operator import many, to_node
from ..ops.array import size
from ..ops.math import cast, greater, is_finite, maximum, multiply, sqrt, square, where
from ..ops.reduce import reduce_sum
from ..ops.scopes import composed
from ..ops.slices import IndexedSlices
from .optimizer import scalar

__all__ = ["global_norm", "clip_by_average_norm", "clip_by_global_norm", "clip_by_norm"]


@composed("global_norm", "global_norm")
def global_norm(t_list: Sequence[Any], name: str | None = None) -> Node:
    """sqrt of the sum of squares of all elements of all tensors; None entries are left out.

    float[...] each -> float[]. DTypeError: no numbers. GraphError: no tensor at all.

    >>> tf.Session(jit=False).run(tf.global_norm([tf.constant([3.0]), tf.constant([4.0])]))
    np.float32(5.0)
    """
    parts = [reduce_sum(square(numbers_of(t))) for t in many("global_norm", t_list) if t is not None]
    if not parts:
        raise GraphError(f"global_norm: there are no tensors{here()}")
    total = parts[0]
    for p in parts[1:]:
        total = total + p
    return sqrt(total, name=name or "global_norm")


def clip_by_global_norm(t_list: Sequence[Any], clip_norm: Any, use_norm: Node | None = None,
                        name: str | None = None) -> tuple[list[Node | None], Node]:
    """The tensors scaled by clip_norm / max(global norm, clip_norm), and the norm before (Pascanu, Mikolov and Bengio 2013).

    `use_norm`: the norm, where it is known. DTypeError: no numbers. GraphError: no tensor at all.

    >>> tf.Session(jit=False).run(tf.clip_by_global_norm([tf.constant([3.0, 4.0])], 1.0))
    ([array([0.6, 0.8], dtype=float32)], np.float32(5.0))
    """
    given = [t if t is None or isinstance(t, IndexedSlices) else to_node(t) for t in many("clip_by_global_norm", t_list)]
    norm = to_node(use_norm) if use_norm is not None else global_norm(given)
    limit = scalar(clip_norm, norm.type.dtype)
    scale = where(is_finite(norm), limit / maximum(norm, limit), np.nan)         # an overflow does not train on as zero
    return [None if t is None else with_numbers(t, x * scalar(scale, x.type.dtype)) for t in given for x in [numbers_of(t)]], norm


def numbers_of(t: Any) -> Any:
    """The rows that slices hold, which is what TensorFlow clips of them; a tensor itself."""
    return t.values if isinstance(t, IndexedSlices) else t


def with_numbers(t: Any, numbers: Node) -> Any:
    """Slices with other rows at their places; of a tensor the numbers."""
    return IndexedSlices(numbers, t.indices, t.dense_shape) if isinstance(t, IndexedSlices) else numbers


@composed("clip_by_norm")
def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Node:
    """`t` scaled so that its L2 norm (along `axes`) is at most `clip_norm`; of `IndexedSlices` the rows that they hold, as in TensorFlow.

    float[...] -> the same type. DTypeError: no numbers. ShapeError: no such axes.

    >>> tf.Session(jit=False).run(tf.clip_by_norm([3.0, 4.0], 1.0))
    array([0.6, 0.8], dtype=float32)
    """
    x = to_node(numbers_of(t))
    scale = _scale(reduce_sum(square(x), axis=axes, keepdims=True), clip_norm)
    return with_numbers(t, multiply(x, scale, name=name))


def _scale(total: Node, clip_norm: Any, count: Any = None) -> Node:
    """By what is scaled whose squares have that sum, the root of it over a number counted; a sum of 0 has the gradient 0."""
    dtype = total.type.dtype
    there = greater(total, 0.0)
    root = where(there, sqrt(where(there, total, 1.0)), 0.0)
    norm, limit = root if count is None else root / count, scalar(clip_norm, dtype)
    return limit / maximum(maximum(norm, limit), scalar(np.finfo(dtype).tiny, dtype))


@composed("clip_by_average_norm")
def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Node:
    """`t` scaled so that its L2 norm, divided by the number of its elements, is at most `clip_norm`. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.clip_by_average_norm([3.0, 4.0], 1.0))
    array([1.2, 1.6], dtype=float32)
    """
    x = to_node(numbers_of(t))
    scale = _scale(reduce_sum(square(x)), clip_norm, cast(size(x, out_type="int64"), x.dtype))
    return with_numbers(t, multiply(x, scale, name=name))
