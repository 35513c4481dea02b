"""Activations as layers, of which one learns its slopes."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...errors import GraphError
from ...ir.node import Node, here
from ...ir.types import TensorShape, as_shape
from ...ops.math import cast, greater
from .. import activations
from ..engine.input_spec import InputSpec
from .base import SameShape

__all__ = ["ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax", "ThresholdedReLU"]


class LeakyReLU(SameShape):
    """x where x > 0, alpha x elsewhere. float[...] -> the same type.

    >>> tf.Session(jit=False).run(tf.keras.layers.LeakyReLU()(tf.constant([-1.0, 2.0])))
    array([-0.3,  2. ], dtype=float32)
    """

    def __init__(self, alpha: float = 0.3, **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = float(alpha)

    def call(self, inputs: Any) -> Node:
        """The inputs, those below 0 times alpha."""
        return nn.leaky_relu(inputs, alpha=self.alpha)


class PReLU(SameShape):
    """x where x > 0, alpha x elsewhere, of a learned alpha for each element of a row, shared along `shared_axes` (He et al. 2015).

    float[batch, ...] -> the same type. ShapeError, by the call: a size of a row is not known.

    >>> tf.Session(jit=False).run(tf.keras.layers.PReLU(alpha_initializer="ones")(tf.constant([[-1.0, 2.0]])))
    array([[-1.,  2.]], dtype=float32)
    """

    def __init__(self, alpha_initializer: Any = "zeros", alpha_regularizer: Any = None, alpha_constraint: Any = None, shared_axes: Any = None,
                 **kwargs: Any):
        super().__init__(**kwargs)
        self._state(locals())
        self.shared_axes = None if shared_axes is None else [shared_axes] if isinstance(shared_axes, int) else list(shared_axes)

    def build(self, input_shape: TensorShape) -> None:
        """Make the slopes."""
        rank = len(as_shape(input_shape) or ())
        shared = self.shared_axes or []
        self.alpha = self.add_weight("alpha", [1 if i in shared else self._size(input_shape, i) for i in range(1, rank)],
                                     initializer=self.alpha_initializer, regularizer=self.alpha_regularizer, constraint=self.alpha_constraint)
        self.input_spec = InputSpec(ndim=rank, axes={i: self._size(input_shape, i) for i in range(1, rank) if i not in shared})
        self.built = True

    def call(self, inputs: Any) -> Node:
        """The inputs, those below 0 times their slopes."""
        return nn.relu(inputs) + -self.alpha * nn.relu(-inputs)


class ELU(SameShape):
    """x where x > 0, alpha (exp(x) - 1) elsewhere (Clevert, Unterthiner and Hochreiter 2015). float[...] -> the same type."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = float(alpha)

    def call(self, inputs: Any) -> Node:
        """The function of the inputs."""
        return activations.elu(inputs, self.alpha)


class ThresholdedReLU(SameShape):
    """x where x > theta, else 0 (Konda, Memisevic and Krueger 2015). float[...] -> the same type.

    >>> tf.Session(jit=False).run(tf.keras.layers.ThresholdedReLU()(tf.constant([0.5, 2.0])))
    array([0., 2.], dtype=float32)
    """

    def __init__(self, theta: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.theta = float(theta)

    def call(self, inputs: Any) -> Node:
        """The inputs, 0 as far as theta."""
        return inputs * cast(greater(inputs, self.theta), inputs.dtype)


class Softmax(SameShape):
    """exp(x) / sum(exp(x)) along an axis. float[batch, ...] -> the same type. ShapeError, by the call: no such axis, or a vector."""

    def __init__(self, axis: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Node:
        """The function of the inputs."""
        return activations.softmax(inputs, self.axis)


class ReLU(SameShape):
    """x from `threshold` on, at most `max_value`; below it negative_slope * (x - threshold). float[...] -> the same type.

    GraphError: a slope or a largest value below 0.

    >>> tf.Session(jit=False).run(tf.keras.layers.ReLU(max_value=1.0)(tf.constant([-1.0, 0.5, 2.0])))
    array([0. , 0.5, 1. ], dtype=float32)
    """

    def __init__(self, max_value: float | None = None, negative_slope: float = 0, threshold: float = 0, **kwargs: Any):
        super().__init__(**kwargs)
        if max_value is not None and max_value < 0 or negative_slope < 0:
            raise GraphError(f"{self._name}: max_value and negative_slope are 0 or more, not {max_value} and {negative_slope}{here()}")
        self.max_value, self.negative_slope, self.threshold = max_value, float(negative_slope), float(threshold)

    def call(self, inputs: Any) -> Node:
        """The function of the inputs."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)
