"""Distributions of real numbers."""

from __future__ import annotations

import math
from typing import Any

from ..ir.node import Node
from ..ops.array import ones_like, shape, zeros_like
from ..ops.math import abs as absolute
from ..ops.math import digamma, erf, expm1, less, less_equal, lgamma, log, log1p, logical_and, sign, square, where
from ..ops.random import random_normal, random_uniform
from ..ops.random_draws import random_gamma
from .base import FULLY_REPARAMETERIZED, NOT_REPARAMETERIZED, Scalar, add_n_broadcast, given, parameter

__all__ = ["Beta", "Exponential", "Gamma", "Laplace", "Normal", "StudentT", "Uniform"]

LOG_2PI = math.log(2 * math.pi)


class Normal(Scalar):
    """Normal with mean `loc` and standard deviation `scale`. DTypeError: parameters that are not floating.

    >>> d = tf.distributions.Normal(0.0, [1.0, 2.0])
    >>> tf.Session(jit=False).run([d.log_prob(0.0), d.entropy()])
    [array([-0.9189..., -1.6120...], dtype=float32), array([1.4189..., 2.1120...], dtype=float32)]
    """

    loc, scale = given("loc"), given("scale")

    def __init__(self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Normal"):
        super().__init__({"loc": loc, "scale": scale}, name, validate_args, allow_nan_stats)

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        return self.loc + self.scale * random_normal(sizes, dtype=self.dtype, seed=seed)

    def _z(self, x: Node) -> Node:
        return (x - self.loc) / self.scale

    def _log_prob(self, x: Node) -> Node:
        return -0.5 * square(self._z(x)) - (0.5 * LOG_2PI + log(self.scale))

    def _cdf(self, x: Node) -> Node:
        return 0.5 * (1.0 + erf(self._z(x) * math.sqrt(0.5)))

    def _entropy(self) -> Node:
        return 0.5 + 0.5 * LOG_2PI + log(self.scale)

    def _mean(self) -> Node:
        return self.loc

    def _variance(self) -> Node:
        return square(self.scale)

    _mode = _mean


class Laplace(Scalar):
    """Laplace's double exponential with median `loc` and `scale`. DTypeError: parameters that are not floating."""

    loc, scale = given("loc"), given("scale")

    def __init__(self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Laplace"):
        super().__init__({"loc": loc, "scale": scale}, name, validate_args, allow_nan_stats)

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        u = random_uniform(sizes, -1.0, 1.0, self.dtype, seed)
        return self.loc - self.scale * sign(u) * log1p(-absolute(u))

    def _log_prob(self, x: Node) -> Node:
        return -absolute((x - self.loc) / self.scale) - log(2.0 * self.scale)

    def _cdf(self, x: Node) -> Node:
        z = (x - self.loc) / self.scale
        return 0.5 - 0.5 * sign(z) * expm1(-absolute(z))

    def _entropy(self) -> Node:
        return 1.0 + log(2.0 * self.scale)

    def _mean(self) -> Node:
        return self.loc

    def _variance(self) -> Node:
        return 2.0 * square(self.scale)

    _mode = _mean


class Uniform(Scalar):
    """Uniform on [low, high). DTypeError: parameters that are not floating."""

    low, high = given("low"), given("high")

    def __init__(self, low: Any = 0.0, high: Any = 1.0, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Uniform"):
        super().__init__({"low": low, "high": high}, name, validate_args, allow_nan_stats)

    def range(self, name: str = "range") -> Node:
        """high - low."""
        return self.high - self.low

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        return self.low + self.range() * random_uniform(sizes, dtype=self.dtype, seed=seed)

    def _inside(self, x: Node) -> Node:
        return logical_and(less_equal(self.low, x), less(x, self.high))

    def _log_prob(self, x: Node) -> Node:
        return where(self._inside(x), -log(self.range()), -math.inf)

    def _cdf(self, x: Node) -> Node:
        return where(less(x, self.low), 0.0, where(less(x, self.high), (x - self.low) / self.range(), 1.0))

    def _entropy(self) -> Node:
        return log(self.range())

    def _mean(self) -> Node:
        return 0.5 * (self.low + self.high)

    def _variance(self) -> Node:
        return square(self.range()) / 12.0


class Gamma(Scalar):
    """Gamma with shape `concentration` and `rate`. DTypeError: parameters that are not floating."""

    reparameterization_type = NOT_REPARAMETERIZED

    concentration, rate = given("concentration"), given("rate")

    def __init__(self, concentration: Any, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Gamma"):
        super().__init__({"concentration": concentration, "rate": rate}, name, validate_args, allow_nan_stats)

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        a, b = (t + add_n_broadcast(self._tensors) for t in self._tensors)
        return standard_gamma(sizes, a, seed) / b

    def _log_prob(self, x: Node) -> Node:
        a, b = self.concentration, self.rate
        return a * log(b) - lgamma(a) + (a - 1.0) * log(x) - b * x

    def _entropy(self) -> Node:
        a, b = self.concentration, self.rate
        return a - log(b) + lgamma(a) + (1.0 - a) * digamma(a)

    def _mean(self) -> Node:
        return self.concentration / self.rate

    def _variance(self) -> Node:
        return self.concentration / square(self.rate)

    def _mode(self) -> Node:
        mode = (self.concentration - 1.0) / self.rate
        return where(less(1.0, self.concentration + zeros_like(mode)), mode, math.nan)


def standard_gamma(sizes: Node, alpha: Node, seed: int | None, name: str | None = None) -> Node:
    """Gamma draws of rate 1 whose shape is `sizes`: the leading sizes, then those of alpha."""
    lead = shape(sizes)[0] - shape(shape(alpha))[0]
    return random_gamma(sizes[:lead], alpha, dtype=alpha.dtype, seed=seed, name=name)


class Exponential(Gamma):
    """Exponential with `rate`: Gamma of concentration 1. DTypeError: a parameter that is not floating."""

    reparameterization_type = FULLY_REPARAMETERIZED

    def __init__(self, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Exponential"):
        tensor = parameter("Exponential", rate)
        super().__init__(ones_like(tensor), tensor, validate_args, allow_nan_stats, name)
        self.parameters = {"rate": rate}

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        return -log1p(-random_uniform(sizes, dtype=self.dtype, seed=seed)) / self.rate

    def _log_prob(self, x: Node) -> Node:
        return where(less(x, 0.0), -math.inf, log(self.rate) - self.rate * x)

    def _cdf(self, x: Node) -> Node:
        return where(less(x, 0.0), 0.0, -expm1(-self.rate * x))

    def _mode(self) -> Node:
        return zeros_like(self.rate)


class Beta(Scalar):
    """Beta on (0, 1) with `concentration1` (alpha) and `concentration0` (beta). DTypeError: parameters that are not floating."""

    reparameterization_type = NOT_REPARAMETERIZED

    concentration1, concentration0 = given("concentration1"), given("concentration0")

    def __init__(self, concentration1: Any = 1.0, concentration0: Any = 1.0, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Beta"):
        super().__init__({"concentration1": concentration1, "concentration0": concentration0}, name, validate_args, allow_nan_stats)

    @property
    def total_concentration(self) -> Node:
        return self.concentration1 + self.concentration0

    def _log_beta(self) -> Node:
        return lgamma(self.concentration1) + lgamma(self.concentration0) - lgamma(self.concentration1 + self.concentration0)

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        a, b = (t + add_n_broadcast(self._tensors) for t in self._tensors)
        x, y = standard_gamma(sizes, a, seed), standard_gamma(sizes, b, None if seed is None else seed + 1)
        return x / (x + y)

    def _log_prob(self, x: Node) -> Node:
        return (self.concentration1 - 1.0) * log(x) + (self.concentration0 - 1.0) * log1p(-x) - self._log_beta()

    def _entropy(self) -> Node:
        a, b = self.concentration1, self.concentration0
        return self._log_beta() - (a - 1.0) * digamma(a) - (b - 1.0) * digamma(b) + (a + b - 2.0) * digamma(a + b)

    def _mean(self) -> Node:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    def _variance(self) -> Node:
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (square(total) * (total + 1.0))

    def _mode(self) -> Node:
        a, b = self.concentration1, self.concentration0
        mode = (a - 1.0) / (a + b - 2.0)
        return where(logical_and(less(1.0, a + zeros_like(mode)), less(1.0, b + zeros_like(mode))), mode, math.nan)


class StudentT(Scalar):
    """Student's t with `df` degrees of freedom, `loc` and `scale`. DTypeError: parameters that are not floating."""

    reparameterization_type = NOT_REPARAMETERIZED

    df, loc, scale = given("df"), given("loc"), given("scale")

    def __init__(self, df: Any, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "StudentT"):
        super().__init__({"df": df, "loc": loc, "scale": scale}, name, validate_args, allow_nan_stats)

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        df = self.df + add_n_broadcast(self._tensors)
        z = random_normal(sizes, dtype=self.dtype, seed=seed)
        chi2 = 2.0 * standard_gamma(sizes, 0.5 * df, None if seed is None else seed + 1)
        return self.loc + self.scale * z * (df / chi2) ** 0.5

    def _log_norm(self) -> Node:
        n = self.df
        return log(absolute(self.scale)) + 0.5 * log(n * math.pi) + lgamma(0.5 * n) - lgamma(0.5 * (n + 1.0))

    def _log_prob(self, x: Node) -> Node:
        y = (x - self.loc) / self.scale
        return -0.5 * (self.df + 1.0) * log1p(square(y) / self.df) - self._log_norm()

    def _entropy(self) -> Node:
        n = self.df
        log_beta = lgamma(0.5 * n) + math.lgamma(0.5) - lgamma(0.5 * (n + 1.0))
        return log(absolute(self.scale)) + 0.5 * log(n) + log_beta + 0.5 * (n + 1.0) * (digamma(0.5 * (n + 1.0)) - digamma(0.5 * n))

    def _mean(self) -> Node:
        return where(less(1.0, self.df + zeros_like(self.loc)), self.loc + zeros_like(self.df), math.nan)

    def _variance(self) -> Node:
        full = self.df + add_n_broadcast(self._tensors)
        finite = where(less(2.0, full), full / (full - 2.0), math.inf) * square(self.scale)
        return where(less(1.0, full), finite, math.nan)

    def _mode(self) -> Node:
        return self.loc
