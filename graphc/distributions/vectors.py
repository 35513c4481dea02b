"""Distributions of vectors of real numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir.node import Node
from ..ops.array import concat, expand_dims, matrix_diag, matrix_set_diag, ones_like, shape, zeros_like
from ..ops.linalg_matmul import matmul
from ..ops.math import abs as absolute
from ..ops.math import cast, digamma, less, lgamma, log, sqrt, square, where
from ..ops.random import random_normal
from ..ops.reduce import reduce_sum
from .base import NOT_REPARAMETERIZED, Distribution, checked_rank, parameter
from .continuous import LOG_2PI, standard_gamma

__all__ = ["Dirichlet", "MultivariateNormalDiag"]


class Dirichlet(Distribution):
    """Dirichlet on vectors that add up to 1, with `concentration`: float[..., k]. DTypeError: not floating. ShapeError: no vectors."""

    reparameterization_type = NOT_REPARAMETERIZED

    def __init__(self, concentration: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Dirichlet"):
        self._concentration = a = checked_rank("Dirichlet", parameter("Dirichlet", concentration), 1)
        super().__init__({"concentration": concentration}, [a], name, (a.type.shape or ())[-1:], 1, validate_args=validate_args,
                         allow_nan_stats=allow_nan_stats)

    @property
    def concentration(self) -> Node:
        return self._concentration

    @property
    def total_concentration(self) -> Node:
        return reduce_sum(self._concentration, -1)

    def _log_norm(self) -> Node:
        return reduce_sum(lgamma(self._concentration), -1) - lgamma(self.total_concentration)

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        full = concat([sizes, self.event_shape_tensor()], 0)
        x = standard_gamma(full, self._concentration, seed)
        return x / reduce_sum(x, -1, True)

    def _log_prob(self, x: Node) -> Node:
        return reduce_sum((self._concentration - 1.0) * log(x), -1) - self._log_norm()

    def _entropy(self) -> Node:
        a, total = self._concentration, self.total_concentration
        k = cast(self.event_shape_tensor()[0], self.dtype)
        return self._log_norm() + (total - k) * digamma(total) - reduce_sum((a - 1.0) * digamma(a), -1)

    def _mean(self) -> Node:
        return self._concentration / reduce_sum(self._concentration, -1, True)

    def _variance(self) -> Node:
        total = reduce_sum(self._concentration, -1, True)
        mean = self._concentration / total
        return mean * (1.0 - mean) / (total + 1.0)

    def covariance(self, name: str = "covariance") -> Node:
        """The covariance of two elements each: float[..., k, k]."""
        x = self._mean() / sqrt(1.0 + reduce_sum(self._concentration, -1, True))
        return matrix_set_diag(-matmul(expand_dims(x, -1), expand_dims(x, -2)), self._variance(), name=name)

    def _mode(self) -> Node:
        a = self._concentration
        k = cast(self.event_shape_tensor()[0], self.dtype)
        mode = (a - 1.0) / (reduce_sum(a, -1, True) - k)
        return where(less(1.0, a), mode, math.nan)


class MultivariateNormalDiag(Distribution):
    """Normal vectors of independent elements: mean `loc`, standard deviations `scale_diag`, float[..., k].

    Without `loc` the mean is 0; `scale_identity_multiplier` is added to the deviations, or is all of them. DTypeError: parameters that are not
    floating. ShapeError: no vectors.

    >>> d = tf.contrib.distributions.MultivariateNormalDiag([0.0, 1.0], [1.0, 2.0])
    >>> tf.Session(jit=False).run(d.log_prob([0.0, 1.0]))
    np.float32(-2.531...)
    """

    def __init__(self, loc: Any = None, scale_diag: Any = None, scale_identity_multiplier: Any = None, validate_args: bool = False,
                 allow_nan_stats: bool = True, name: str = "MultivariateNormalDiag"):
        what = "MultivariateNormalDiag"
        given = {"loc": loc, "scale_diag": scale_diag, "scale_identity_multiplier": scale_identity_multiplier}
        mean = None if loc is None else checked_rank(what, parameter(what, loc, scale_diag), 1)
        scale = None if scale_diag is None else checked_rank(what, parameter(what, scale_diag, mean), 1)
        if scale_identity_multiplier is not None:
            extra = parameter(what, scale_identity_multiplier, mean if mean is not None else scale)[..., np.newaxis]
            if scale is None and mean is None:
                raise self._absent("size: give loc or scale_diag")
            scale = extra + (scale if scale is not None else zeros_like(mean))
        if scale is None and mean is None:
            self.name = name
            raise self._absent("size: give loc or scale_diag")
        scale = ones_like(mean) if scale is None else scale
        mean = zeros_like(scale) if mean is None else mean
        self._loc, self._scale_diag = mean, scale
        event = (mean + scale).type.shape
        super().__init__(given, [mean, scale], name, (None,) if event is None else event[-1:], 1, validate_args=validate_args,
                         allow_nan_stats=allow_nan_stats)

    @property
    def loc(self) -> Node:
        return self._loc

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Node:
        return shape(self._loc + self._scale_diag)[-1:]

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        full = concat([sizes, self.event_shape_tensor()], 0)
        return self._loc + self._scale_diag * random_normal(full, dtype=self.dtype, seed=seed)

    def _log_prob(self, x: Node) -> Node:
        z = (x - self._loc) / self._scale_diag
        return reduce_sum(-0.5 * square(z) - (0.5 * LOG_2PI + log(absolute(self._scale_diag))), -1)

    def _entropy(self) -> Node:
        full = self._scale_diag + zeros_like(self._loc)
        return reduce_sum(0.5 + 0.5 * LOG_2PI + log(absolute(full)), -1)

    def _mean(self) -> Node:
        return self._loc + zeros_like(self._scale_diag)

    def _variance(self) -> Node:
        return square(self._scale_diag + zeros_like(self._loc))

    def covariance(self, name: str = "covariance") -> Node:
        """The covariance of two elements each, which is 0 of different ones: float[..., k, k]."""
        return matrix_diag(self._variance(), name=name)

    def stddev(self, name: str = "stddev") -> Node:
        """The standard deviations of the elements."""
        return absolute(self._scale_diag + zeros_like(self._loc))

    def _mode(self) -> Node:
        return self._mean()
