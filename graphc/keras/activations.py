"""`tf.keras.activations`: functions of a tensor that layers apply to what they compute, by name or by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import nn
from ..errors import ShapeError
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops import math as _math
from ..ops.math import choose, clip_by_value, greater, greater_equal, minimum
from ..ops.nn_activations import elu as _elu
from ..tf1_names import namespace as _namespace
from .named import Family, serialize_keras_object

__all__ = ["deserialize", "elu", "exponential", "get", "hard_sigmoid", "linear", "relu", "selu", "serialize", "sigmoid", "softmax", "softplus",
           "softsign", "tanh"]


def linear(x: Any) -> Any:
    """x itself.

    >>> tf.keras.activations.linear(3.0)
    3.0
    """
    return x


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Node:
    """x from `threshold` on, at most `max_value`; below it alpha * (x - threshold).

    float[...] -> the same type. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.keras.activations.relu([-1.0, 0.5, 3.0], alpha=0.5, max_value=2.0))
    array([-0.5,  0.5,  2. ], dtype=float32)
    """
    x = to_node(x)
    if alpha == 0 and threshold == 0 and max_value in (None, 6):
        return nn.relu6(x) if max_value == 6 else nn.relu(x)
    kept = nn.relu(x) if threshold == 0 else choose(greater(x, threshold), x, 0.0)
    if max_value is not None:
        kept = minimum(kept, max_value)
    return kept if alpha == 0 else choose(greater_equal(x, threshold), kept, alpha * (x - threshold))


def hard_sigmoid(x: Any) -> Node:
    """0.2 x + 0.5, no less than 0 and no more than 1: what recurrent layers take for a sigmoid by default.

    float[...] -> the same type. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.keras.activations.hard_sigmoid([-3.0, 0.0, 1.0]))
    array([0. , 0.5, 0.7], dtype=float32)
    """
    return clip_by_value(to_node(x) * 0.2 + 0.5, 0.0, 1.0)


def softmax(x: Any, axis: int = -1) -> Node:
    """exp(x) / sum(exp(x)) along an axis.

    float[..., classes] -> the same type. ShapeError: a vector, for it has no rows. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.keras.activations.softmax([[0.0, 0.0]]))
    array([[0.5, 0.5]], dtype=float32)
    """
    x = to_node(x)
    if x.type.rank is not None and x.type.rank < 2:
        raise ShapeError(f"softmax: {describe(x)} has no rows{here()}")
    return nn.softmax(x, axis=axis)


def elu(x: Any, alpha: float = 1.0) -> Node:
    """x where x > 0, alpha (exp(x) - 1) elsewhere. float[...] -> the same type. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.keras.activations.elu([-1.0, 2.0], 0.5))
    array([-0.31606...,  2.        ], dtype=float32)
    """
    return _elu(x, alpha=alpha)


def selu(x: Any) -> Node:
    """`tf.nn.selu`. float[...] -> the same type. DTypeError: no numbers."""
    return nn.selu(x)


def softplus(x: Any) -> Node:
    """log(1 + exp(x)). float[...] -> the same type. DTypeError: no numbers."""
    return nn.softplus(x)


def softsign(x: Any) -> Node:
    """x / (1 + |x|). float[...] -> the same type. DTypeError: no numbers."""
    return nn.softsign(x)


def tanh(x: Any) -> Node:
    """The hyperbolic tangent. float[...] -> the same type. DTypeError: no numbers."""
    return _math.tanh(x)


def sigmoid(x: Any) -> Node:
    """1 / (1 + exp(-x)). float[...] -> the same type. DTypeError: no numbers."""
    return nn.sigmoid(x)


def exponential(x: Any) -> Node:
    """exp(x). float[...] -> the same type. DTypeError: no numbers."""
    return _math.exp(x)


_family = Family("activation function", lambda: {n: globals()[n] for n in __all__ if n not in ("deserialize", "get", "serialize")}, linear)


def get(identifier: Any) -> Any:
    """The activation that a name or a function stands for: None for `linear`. GraphError: there is none.

    >>> tf.keras.activations.get("relu") is tf.keras.activations.relu
    True
    """
    return _family.get(identifier)


def serialize(activation: Any) -> Any:
    """The name of an activation. GraphError: it has none.

    >>> tf.keras.activations.serialize(tf.keras.activations.tanh)
    'tanh'
    """
    return serialize_keras_object(activation)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The activation of a name. GraphError: there is none."""
    return _family.deserialize(name, custom_objects)


_namespace(globals())
