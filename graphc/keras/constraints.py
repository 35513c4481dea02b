"""`tf.keras.constraints`: where a variable is put back to after each step of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.configured import Configured
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.array import gather, reshape
from ..ops.math import cast, clip_by_value, greater_equal, sqrt, square
from ..ops.reduce import reduce_sum
from ..tf1_names import namespace as _namespace
from .backend.state import epsilon
from .named import Family, serialize_keras_object

__all__ = ["Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "RadialConstraint", "UnitNorm", "deserialize", "get", "max_norm", "min_max_norm",
           "non_neg", "radial_constraint", "serialize", "unit_norm"]


class Constraint(Configured):
    """A function of a variable's value that gives the value which it may have; a program's own says by `__call__` which.

    >>> class Small(tf.keras.constraints.Constraint):
    ...     def __call__(self, w):
    ...         return tf.minimum(w, 1.0)
    >>> tf.Session(jit=False).run(Small()(tf.constant([0.5, 2.0])))
    array([0.5, 1. ], dtype=float32)
    """

    def __call__(self, w: Any) -> Any:
        return w


def _norm(w: Node, axis: Any) -> Node:
    return sqrt(reduce_sum(square(w), axis=axis, keepdims=True))


class MaxNorm(Constraint):
    """w scaled so that its norm along `axis` is at most `max_value`: 0, of the inputs, for the kernel of `Dense`; [0, 1, 2] for that of `Conv2D`.

    float[...] -> the same type. DTypeError, by the call: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.keras.constraints.MaxNorm(1.0)(tf.constant([[3.0], [4.0]]))).ravel()
    array([0.6, 0.8], dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: Any = 0):
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Node:
        w = to_node(w)
        norms = _norm(w, self.axis)
        return w * (clip_by_value(norms, 0.0, self.max_value) / (norms + epsilon()))


class NonNeg(Constraint):
    """w where it is 0 or more, else 0.

    float[...] -> the same type. DTypeError, by the call: no numbers.

    >>> tf.Session(jit=False).run(tf.keras.constraints.NonNeg()(tf.constant([-1.0, 2.0])))
    array([-0.,  2.], dtype=float32)
    """

    def __call__(self, w: Any) -> Node:
        w = to_node(w)
        return w * cast(greater_equal(w, 0.0), w.dtype)


class UnitNorm(Constraint):
    """w scaled so that its norm along `axis` is 1.

    float[...] -> the same type. DTypeError, by the call: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.keras.constraints.UnitNorm()(tf.constant([[3.0], [4.0]]))).ravel()
    array([0.6, 0.8], dtype=float32)
    """

    def __init__(self, axis: Any = 0):
        self.axis = axis

    def __call__(self, w: Any) -> Node:
        w = to_node(w)
        return w / (epsilon() + _norm(w, self.axis))


class MinMaxNorm(Constraint):
    """w scaled so that its norm along `axis` moves into [min_value, max_value], by the part `rate` of the way.

    float[...] -> the same type. DTypeError, by the call: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.keras.constraints.MinMaxNorm(0.0, 1.0, rate=0.5)(tf.constant([[3.0], [4.0]]))).ravel().round(4)
    array([1.8, 2.4], dtype=float32)
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0):
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Node:
        w = to_node(w)
        norms = _norm(w, self.axis)
        wanted = self.rate * clip_by_value(norms, self.min_value, self.max_value) + (1.0 - self.rate) * norms
        return w * (wanted / (norms + epsilon()))


class RadialConstraint(Constraint):
    """w of a convolution with one number for each ring of its window, which stands on the diagonal: inner rings have that of the corner below.

    float[k, k, channels, filters] -> the same type, k above 1. ShapeError, by the call: no square window of known size, or one of a single place.

    >>> w = tf.reshape(tf.range(16.0), [4, 4, 1, 1])
    >>> tf.Session(jit=False).run(tf.keras.constraints.RadialConstraint()(w))[:2, :, 0, 0]
    array([[15., 15., 15., 15.],
           [15.,  5.,  5., 15.]], dtype=float32)
    """

    def __call__(self, w: Any) -> Node:
        w = to_node(w)
        dims = w.type.shape
        if dims is None or len(dims) != 4 or not isinstance(dims[0], int) or dims[0] != dims[1] or dims[0] < 2:
            raise ShapeError(f"RadialConstraint: {describe(w)} is no [k, k, channels, filters] of a known k above 1{here()}")
        size = dims[0]
        rows, columns = np.indices((size, size))
        ring = (size - 1) // 2 - np.minimum(np.minimum(rows, columns), size - 1 - np.maximum(rows, columns))        # 0 in the middle
        # Where Keras has the number of each ring, whose comment shows another picture.
        on = size // 2 + np.where((ring == 0) | (size % 2 == 1), ring - 1, ring)
        flat = reshape(w, [size * size, *dims[2:]])
        return reshape(gather(flat, (on * (size + 1)).astype(np.int32)), [size, size, *dims[2:]])


max_norm, non_neg, unit_norm, min_max_norm, radial_constraint = MaxNorm, NonNeg, UnitNorm, MinMaxNorm, RadialConstraint

_family = Family("constraint", lambda: {n: globals()[n] for n in __all__ if n not in ("Constraint", "deserialize", "get", "serialize")})


def get(identifier: Any) -> Any:
    """The constraint that a name, a configuration or a function stands for; None for None. GraphError: there is none.

    >>> tf.keras.constraints.get("non_neg").get_config()
    {}
    """
    return _family.get(identifier)


def serialize(constraint: Any) -> Any:
    """The name or configuration of a constraint. GraphError: it has neither."""
    return serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint of a configuration. GraphError: there is none."""
    return _family.deserialize(config, custom_objects)


_namespace(globals())
