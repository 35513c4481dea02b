"""Norms of gradients, and gradients made no longer than a norm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import GraphError
from ..ir.node import Node, here
from ..ir.operator import many, to_node
from ..ops.array import size
from ..ops.math import cast, is_finite, maximum, minimum, multiply, sqrt, square, where
from ..ops.reduce import reduce_sum
from ..ops.scopes import composed
from .optimizer import scalar

__all__ = ["global_norm", "clip_by_average_norm", "clip_by_global_norm", "clip_by_norm"]


@composed("global_norm", "global_norm")
def global_norm(t_list: Sequence[Node | None], name: str | None = None) -> Node:
    """sqrt of the sum of squares of all elements of all tensors; None entries are left out.

    float[...] each -> float[]. DTypeError: no numbers. GraphError: no tensor at all.

    >>> tf.Session(jit=False).run(tf.global_norm([tf.constant([3.0]), tf.constant([4.0])]))
    np.float32(5.0)
    """
    parts = [reduce_sum(square(t)) for t in many("global_norm", t_list) if t is not None]
    if not parts:
        raise GraphError(f"global_norm: there are no tensors{here()}")
    total = parts[0]
    for p in parts[1:]:
        total = total + p
    return sqrt(total, name=name or "global_norm")


def clip_by_global_norm(t_list: Sequence[Node | None], clip_norm: Any, use_norm: Node | None = None,
                        name: str | None = None) -> tuple[list[Node | None], Node]:
    """The tensors scaled by clip_norm / max(global norm, clip_norm), and the norm before (Pascanu, Mikolov and Bengio 2013).

    `use_norm`: the norm, where it is known. DTypeError: no numbers. GraphError: no tensor at all.

    >>> tf.Session(jit=False).run(tf.clip_by_global_norm([tf.constant([3.0, 4.0])], 1.0))
    ([array([0.6, 0.8], dtype=float32)], np.float32(5.0))
    """
    t_list = [None if t is None else to_node(t) for t in many("clip_by_global_norm", t_list)]
    norm = to_node(use_norm) if use_norm is not None else global_norm(t_list)
    limit = scalar(clip_norm, norm.type.dtype)
    scale = where(is_finite(norm), limit / maximum(norm, limit), np.nan)         # an overflow does not train on as zero
    return [None if t is None else t * scalar(scale, t.type.dtype) for t in t_list], norm


@composed("clip_by_norm")
def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Node:
    """`t` scaled so that its L2 norm (along `axes`) is at most `clip_norm`.

    float[...] -> the same type. DTypeError: no numbers. ShapeError: no such axes.

    >>> tf.Session(jit=False).run(tf.clip_by_norm([3.0, 4.0], 1.0))
    array([0.6, 0.8], dtype=float32)
    """
    x = to_node(t)
    limit = scalar(clip_norm, x.type.dtype)
    norm = sqrt(reduce_sum(square(x), axis=axes, keepdims=True))
    return multiply(x, minimum(limit / maximum(norm, scalar(np.finfo(x.type.dtype).tiny, x.type.dtype)), scalar(1, x.type.dtype)), name=name)


@composed("clip_by_average_norm")
def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Node:
    """`t` scaled so that its L2 norm, divided by the number of its elements, is at most `clip_norm`. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.clip_by_average_norm([3.0, 4.0], 1.0))
    array([1.2, 1.6], dtype=float32)
    """
    x = to_node(t)
    limit, one = scalar(clip_norm, x.type.dtype), scalar(1, x.type.dtype)
    average = sqrt(reduce_sum(square(x))) / cast(size(x, out_type="int64"), x.dtype)
    return multiply(x, minimum(limit / maximum(average, scalar(np.finfo(x.type.dtype).tiny, x.type.dtype)), one), name=name)


def __dir__() -> list[str]:
    return [*__all__]
