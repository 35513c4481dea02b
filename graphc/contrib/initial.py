"""Initial values as `contrib.layers` names them."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, GraphError
from ..initializers import Initializer, fans
from ..ir.node import Node, here
from ..ir.types import DType, float32
from ..ops.random import random_uniform, truncated_normal


class _VarianceScaling(Initializer):
    """Numbers of variance factor / n, or by 1.3 more before those beyond two standard deviations are drawn again."""

    def __init__(self, factor: float, mode: str, uniform: bool, seed: int | None, dtype: Any):
        super().__init__(dtype)
        self.factor, self.mode, self.uniform, self.seed = factor, mode, uniform, seed

    def make(self, shape: tuple[Any, ...], kind: DType) -> Node:
        inputs, outputs = fans(shape)
        n = max({"FAN_IN": inputs, "FAN_OUT": outputs, "FAN_AVG": (inputs + outputs) / 2}[self.mode], 1.0)
        if self.uniform:
            limit = (3.0 * self.factor / n) ** 0.5
            return random_uniform(list(shape), -limit, limit, kind, self.seed)
        return truncated_normal(list(shape), 0.0, (1.3 * self.factor / n) ** 0.5, kind, self.seed)


def variance_scaling_initializer(factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False, seed: int | None = None,
                                 dtype: Any = float32) -> Initializer:
    """An initializer of variance factor / n, n the inputs ("FAN_IN"), the outputs ("FAN_OUT") or their mean ("FAN_AVG") (He et al. 2015).

    GraphError: another mode. DTypeError: not floating.

    >>> tf.Session(jit=False).run(tf.shape(tf.contrib.layers.variance_scaling_initializer()([3, 2])))
    array([3, 2], dtype=int32)
    """
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise GraphError(f"variance_scaling_initializer: mode is FAN_IN, FAN_OUT or FAN_AVG, not {mode!r:.40}{here()}")
    made = _VarianceScaling(factor, mode, uniform, seed, dtype)
    if not made.dtype.is_floating:
        raise DTypeError(f"variance_scaling_initializer: {made.dtype.name} is not a floating dtype{here()}")
    return made


def xavier_initializer(uniform: bool = True, seed: int | None = None, dtype: Any = float32) -> Initializer:
    """An initializer of variance 2 / (inputs + outputs), uniform or normal (Glorot and Bengio 2010). DTypeError: not floating.

    >>> w = tf.get_variable("w", [3, 2], initializer=tf.contrib.layers.xavier_initializer())
    >>> tf.Session(jit=False).run(tf.reduce_max(tf.abs(w)) < (6 / 5) ** 0.5)
    np.True_
    """
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


xavier_initializer_conv2d = xavier_initializer
