"""Layers that disturb their inputs in training, and give them as they are in use."""

from __future__ import annotations

from typing import Any

from ...errors import GraphError
from ...ir.node import Node, here
from ...ops.array import identity
from ...ops.array import shape as shape_of
from ...ops.math import cast, choose, greater_equal
from ...ops.nn_activations import SELU_ALPHA, SELU_SCALE
from ...ops.random import random_normal, random_uniform
from .base import SameShape, trains

__all__ = ["AlphaDropout", "GaussianDropout", "GaussianNoise"]


class _Noise(SameShape):
    """What disturbs in training shares: when that is."""

    def call(self, inputs: Any, training: Any = None) -> Any:
        """The inputs, disturbed in `training`, which a run may decide."""
        x, now = self._floats(inputs), trains(self._name, training)
        if now is False:
            return identity(x)
        return choose(now, self._disturbed(x), x) if isinstance(now, Node) else self._disturbed(x)

    def _disturbed(self, x: Node) -> Node:
        raise NotImplementedError


class GaussianNoise(_Noise):
    """The inputs, in training plus normally distributed noise. float[...] -> the same type. DTypeError, by the call: no floats.

    >>> tf.Session(jit=False).run(tf.keras.layers.GaussianNoise(1.0)(tf.constant([1.0]), training=False))
    array([1.], dtype=float32)
    """

    def __init__(self, stddev: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.stddev = stddev

    def _disturbed(self, x: Node) -> Node:
        return x + random_normal(shape_of(x), 0.0, self.stddev, x.dtype)


class GaussianDropout(_Noise):
    """The inputs, in training times noise of mean 1 and variance rate / (1 - rate) (Srivastava et al. 2014). float[...] -> the same type.

    GraphError: a rate outside [0, 1). DTypeError, by the call: no floats.
    """

    def __init__(self, rate: float, **kwargs: Any):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise GraphError(f"{self._name}: the rate {rate} is not in [0, 1){here()}")
        self.rate = rate

    def _disturbed(self, x: Node) -> Node:
        if not self.rate:
            return identity(x)
        return x * random_normal(shape_of(x), 1.0, (self.rate / (1.0 - self.rate)) ** 0.5, x.dtype)


class AlphaDropout(_Noise):
    """Dropout for `selu`, which keeps mean and variance: dropped elements become selu's least value (Klambauer et al. 2017).

    float[...] -> the same type. GraphError: a rate outside [0, 1). DTypeError, by the call: no floats.
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise GraphError(f"{self._name}: the rate {rate} is not in [0, 1){here()}")
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def _disturbed(self, x: Node) -> Node:
        if not self.rate:
            return identity(x)
        least = -SELU_ALPHA * SELU_SCALE
        kept = cast(greater_equal(random_uniform(self.noise_shape or shape_of(x), dtype=x.dtype, seed=self.seed), self.rate), x.dtype)
        a = ((1.0 - self.rate) * (1.0 + self.rate * least ** 2)) ** -0.5
        return a * (x * kept + least * (1.0 - kept)) - a * least * self.rate
