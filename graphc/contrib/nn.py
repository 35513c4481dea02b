"""`tf.contrib.nn`: activations, losses over samples, and losses by their earlier order of arguments."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError, DTypeError
from ..ir.arguments import hold as _hold
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops import nn
from ..ops.array import shape as shape_of
from ..ops.math import cast, floor
from ..ops.nn_conv import conv1d_transpose
from ..ops.random import random_uniform
from ..tf1_names import namespace as _namespace

__all__ = ["alpha_dropout", "conv1d_transpose", "deprecated_flipped_sigmoid_cross_entropy_with_logits",
           "deprecated_flipped_softmax_cross_entropy_with_logits", "deprecated_flipped_sparse_softmax_cross_entropy_with_logits", "scaled_softplus"]

# What selu keeps: an input that it drops becomes -lambda alpha (Klambauer, Unterthiner, Mayr and Hochreiter 2017, equation 7).
_DROPPED = -1.0507009873554805 * 1.6732632423543772


def alpha_dropout(x: Any, keep_prob: Any, noise_shape: Any = None, seed: int | None = None, name: str | None = None) -> Node:
    """Elements dropped at random so that mean and variance stay, as nets of `selu` need it (Klambauer et al. 2017, section 3).

    float[...] -> the same type. `keep_prob`: the part that stays, a number in (0, 1] or a tensor. DTypeError: no floating numbers.
    ArgumentError: no such part.

    >>> tf.Session(jit=False).run(tf.contrib.nn.alpha_dropout([1.0, 2.0], 1.0))
    array([1., 2.], dtype=float32)
    """
    with name_scope(name, "alpha_dropout"):
        node = to_node(x)
        if node.type.dtype.kind != "f":
            raise DTypeError(f"alpha_dropout: {describe(node)} is not of a floating dtype{here()}")
        if not isinstance(keep_prob, Node):
            if not 0 < keep_prob <= 1:
                raise ArgumentError(f"alpha_dropout: keep_prob is above 0, and 1 at most, not {keep_prob!r:.40}{here()}")
            if keep_prob == 1:
                return node
        dtype = node.type.dtype
        keep = cast(to_node(keep_prob), dtype)
        stays = floor(keep + random_uniform(shape_of(node) if noise_shape is None else noise_shape, dtype=node.dtype, seed=seed))
        a = (keep + _DROPPED ** 2 * keep * (1 - keep)) ** -0.5
        b = -a * _DROPPED * (1 - keep)
        return a * (node * stays + _DROPPED * (1 - stays)) + b


def scaled_softplus(x: Any, alpha: Any, clip: Any = None, name: str | None = None) -> Node:
    """alpha * softplus(x / alpha), cut off at `clip`: near max(x, 0) for a small alpha.

    float[...], alpha and clip: positive, broadcastable -> float[...]. DTypeError: no floating numbers.

    >>> tf.Session(jit=False).run(tf.contrib.nn.scaled_softplus([0.0, 9.0], 2.0, clip=6.0))
    array([1.38629..., 6.        ], dtype=float32)
    """
    with name_scope(name, "scaled_softplus"):
        y = alpha * nn.softplus(to_node(x) / alpha)
        return y if clip is None else clip - nn.relu(clip - y)


def deprecated_flipped_softmax_cross_entropy_with_logits(logits: Any, labels: Any, dim: int = -1, name: str | None = None) -> Node:
    """`tf.nn.softmax_cross_entropy_with_logits`, logits first. DTypeError, ShapeError: as there."""
    return nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits, dim=dim, name=name)


def deprecated_flipped_sparse_softmax_cross_entropy_with_logits(logits: Any, labels: Any, name: str | None = None) -> Node:
    """`tf.nn.sparse_softmax_cross_entropy_with_logits`, logits first. DTypeError, ShapeError: as there."""
    return nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name=name)


def deprecated_flipped_sigmoid_cross_entropy_with_logits(logits: Any, targets: Any, name: str | None = None) -> Node:
    """`tf.nn.sigmoid_cross_entropy_with_logits`, logits first. DTypeError, ShapeError: as there."""
    return nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits, name=name)


_hold(globals(), __all__)
_namespace(globals())
