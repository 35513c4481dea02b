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
from .base import NOT_REPARAMETERIZED, Scalar, add_n_broadcast, parameter

__all__ = ["Beta", "Exponential", "Gamma", "Laplace", "Normal", "StudentT", "Uniform"]

LOG_2PI = math.log(2 * math.pi)


class Normal(Scalar):
    """Normal with mean `loc` and standard deviation `scale`. DTypeError: parameters that are not floating.

    >>> d = tf.distributions.Normal(0.0, [1.0, 2.0])
    >>> tf.Session(jit=False).run([d.log_prob(0.0), d.entropy()])
    [array([-0.9189..., -1.6120...], dtype=float32), array([1.4189..., 2.1120...], dtype=float32)]
    """

    def __init__(self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Normal"):
        self._loc = parameter("Normal", loc, scale)
        self._scale = parameter("Normal", scale, self._loc)
        super().__init__({"loc": loc, "scale": scale}, [self._loc, self._scale], name, validate_args=validate_args, allow_nan_stats=allow_nan_stats)

    @property
    def loc(self) -> Node:
        return self._loc

    @property
    def scale(self) -> Node:
        return self._scale

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        return self._loc + self._scale * random_normal(sizes, dtype=self.dtype, seed=seed)

    def _z(self, x: Node) -> Node:
        return (x - self._loc) / self._scale

    def _log_prob(self, x: Node) -> Node:
        return -0.5 * square(self._z(x)) - (0.5 * LOG_2PI + log(self._scale))

    def _cdf(self, x: Node) -> Node:
        return 0.5 * (1.0 + erf(self._z(x) * math.sqrt(0.5)))

    def _entropy(self) -> Node:
        return 0.5 + 0.5 * LOG_2PI + log(self._scale)

    def _mean(self) -> Node:
        return self._loc

    def _variance(self) -> Node:
        return square(self._scale)

    _mode = _mean


class Laplace(Scalar):
    """Laplace's double exponential with median `loc` and `scale`. DTypeError: parameters that are not floating."""

    def __init__(self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Laplace"):
        self._loc = parameter("Laplace", loc, scale)
        self._scale = parameter("Laplace", scale, self._loc)
        super().__init__({"loc": loc, "scale": scale}, [self._loc, self._scale], name, validate_args=validate_args, allow_nan_stats=allow_nan_stats)

    @property
    def loc(self) -> Node:
        return self._loc

    @property
    def scale(self) -> Node:
        return self._scale

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        u = random_uniform(sizes, -1.0, 1.0, self.dtype, seed)
        return self._loc - self._scale * sign(u) * log1p(-absolute(u))

    def _log_prob(self, x: Node) -> Node:
        return -absolute((x - self._loc) / self._scale) - log(2.0 * self._scale)

    def _cdf(self, x: Node) -> Node:
        z = (x - self._loc) / self._scale
        return 0.5 - 0.5 * sign(z) * expm1(-absolute(z))

    def _entropy(self) -> Node:
        return 1.0 + log(2.0 * self._scale)

    def _mean(self) -> Node:
        return self._loc

    def _variance(self) -> Node:
        return 2.0 * square(self._scale)

    _mode = _mean


class Uniform(Scalar):
    """Uniform on [low, high). DTypeError: parameters that are not floating."""

    def __init__(self, low: Any = 0.0, high: Any = 1.0, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Uniform"):
        self._low = parameter("Uniform", low, high)
        self._high = parameter("Uniform", high, self._low)
        super().__init__({"low": low, "high": high}, [self._low, self._high], name, validate_args=validate_args, allow_nan_stats=allow_nan_stats)

    @property
    def low(self) -> Node:
        return self._low

    @property
    def high(self) -> Node:
        return self._high

    def range(self, name: str = "range") -> Node:
        """high - low."""
        return self._high - self._low

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        return self._low + self.range() * random_uniform(sizes, dtype=self.dtype, seed=seed)

    def _inside(self, x: Node) -> Node:
        return logical_and(less_equal(self._low, x), less(x, self._high))

    def _log_prob(self, x: Node) -> Node:
        return where(self._inside(x), -log(self.range()), -math.inf)

    def _cdf(self, x: Node) -> Node:
        return where(less(x, self._low), 0.0, where(less(x, self._high), (x - self._low) / self.range(), 1.0))

    def _entropy(self) -> Node:
        return log(self.range())

    def _mean(self) -> Node:
        return 0.5 * (self._low + self._high)

    def _variance(self) -> Node:
        return square(self.range()) / 12.0


class Gamma(Scalar):
    """Gamma with shape `concentration` and `rate`. DTypeError: parameters that are not floating."""

    reparameterization_type = NOT_REPARAMETERIZED

    def __init__(self, concentration: Any, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Gamma"):
        self._concentration = parameter("Gamma", concentration, rate)
        self._rate = parameter("Gamma", rate, self._concentration)
        super().__init__({"concentration": concentration, "rate": rate}, [self._concentration, self._rate], name, validate_args=validate_args,
                         allow_nan_stats=allow_nan_stats)

    @property
    def concentration(self) -> Node:
        return self._concentration

    @property
    def rate(self) -> Node:
        return self._rate

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        a, b = (t + add_n_broadcast(self._tensors) for t in self._tensors)
        return standard_gamma(sizes, a, seed) / b

    def _log_prob(self, x: Node) -> Node:
        a, b = self._concentration, self._rate
        return a * log(b) - lgamma(a) + (a - 1.0) * log(x) - b * x

    def _entropy(self) -> Node:
        a, b = self._concentration, self._rate
        return a - log(b) + lgamma(a) + (1.0 - a) * digamma(a)

    def _mean(self) -> Node:
        return self._concentration / self._rate

    def _variance(self) -> Node:
        return self._concentration / square(self._rate)

    def _mode(self) -> Node:
        mode = (self._concentration - 1.0) / self._rate
        return where(less(1.0, self._concentration + zeros_like(mode)), mode, math.nan)


def standard_gamma(sizes: Node, alpha: Node, seed: int | None, name: str | None = None) -> Node:
    """Gamma draws of rate 1 whose shape is `sizes`: the leading sizes, then those of alpha."""
    lead = shape(sizes)[0] - shape(shape(alpha))[0]
    return random_gamma(sizes[:lead], alpha, dtype=alpha.dtype, seed=seed, name=name)


class Exponential(Gamma):
    """Exponential with `rate`: Gamma of concentration 1. DTypeError: a parameter that is not floating."""

    reparameterization_type = "FULLY_REPARAMETERIZED"

    def __init__(self, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Exponential"):
        given = parameter("Exponential", rate)
        super().__init__(ones_like(given), given, validate_args, allow_nan_stats, name)
        self.parameters = {"rate": rate}

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        return -log1p(-random_uniform(sizes, dtype=self.dtype, seed=seed)) / self._rate

    def _log_prob(self, x: Node) -> Node:
        return where(less(x, 0.0), -math.inf, log(self._rate) - self._rate * x)

    def _cdf(self, x: Node) -> Node:
        return where(less(x, 0.0), 0.0, -expm1(-self._rate * x))

    def _mode(self) -> Node:
        return zeros_like(self._rate)


class Beta(Scalar):
    """Beta on (0, 1) with `concentration1` (alpha) and `concentration0` (beta). DTypeError: parameters that are not floating."""

    reparameterization_type = NOT_REPARAMETERIZED

    def __init__(self, concentration1: Any = 1.0, concentration0: Any = 1.0, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Beta"):
        self._a = parameter("Beta", concentration1, concentration0)
        self._b = parameter("Beta", concentration0, self._a)
        super().__init__({"concentration1": concentration1, "concentration0": concentration0}, [self._a, self._b], name,
                         validate_args=validate_args, allow_nan_stats=allow_nan_stats)

    @property
    def concentration1(self) -> Node:
        return self._a

    @property
    def concentration0(self) -> Node:
        return self._b

    @property
    def total_concentration(self) -> Node:
        return self._a + self._b

    def _log_beta(self) -> Node:
        return lgamma(self._a) + lgamma(self._b) - lgamma(self._a + self._b)

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        a, b = (t + add_n_broadcast(self._tensors) for t in self._tensors)
        x, y = standard_gamma(sizes, a, seed), standard_gamma(sizes, b, None if seed is None else seed + 1)
        return x / (x + y)

    def _log_prob(self, x: Node) -> Node:
        return (self._a - 1.0) * log(x) + (self._b - 1.0) * log1p(-x) - self._log_beta()

    def _entropy(self) -> Node:
        a, b = self._a, self._b
        return self._log_beta() - (a - 1.0) * digamma(a) - (b - 1.0) * digamma(b) + (a + b - 2.0) * digamma(a + b)

    def _mean(self) -> Node:
        return self._a / (self._a + self._b)

    def _variance(self) -> Node:
        total = self._a + self._b
        return self._a * self._b / (square(total) * (total + 1.0))

    def _mode(self) -> Node:
        mode = (self._a - 1.0) / (self._a + self._b - 2.0)
        return where(logical_and(less(1.0, self._a + zeros_like(mode)), less(1.0, self._b + zeros_like(mode))), mode, math.nan)


class StudentT(Scalar):
    """Student's t with `df` degrees of freedom, `loc` and `scale`. DTypeError: parameters that are not floating."""

    reparameterization_type = NOT_REPARAMETERIZED

    def __init__(self, df: Any, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "StudentT"):
        self._df = parameter("StudentT", df, loc if isinstance(loc, Node) else scale)
        self._loc, self._scale = parameter("StudentT", loc, self._df), parameter("StudentT", scale, self._df)
        super().__init__({"df": df, "loc": loc, "scale": scale}, [self._df, self._loc, self._scale], name, validate_args=validate_args,
                         allow_nan_stats=allow_nan_stats)

    @property
    def df(self) -> Node:
        return self._df

    @property
    def loc(self) -> Node:
        return self._loc

    @property
    def scale(self) -> Node:
        return self._scale

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        df = self._df + add_n_broadcast(self._tensors)
        z = random_normal(sizes, dtype=self.dtype, seed=seed)
        chi2 = 2.0 * standard_gamma(sizes, 0.5 * df, None if seed is None else seed + 1)
        return self._loc + self._scale * z * (df / chi2) ** 0.5

    def _log_norm(self) -> Node:
        n = self._df
        return log(absolute(self._scale)) + 0.5 * log(n * math.pi) + lgamma(0.5 * n) - lgamma(0.5 * (n + 1.0))

    def _log_prob(self, x: Node) -> Node:
        y = (x - self._loc) / self._scale
        return -0.5 * (self._df + 1.0) * log1p(square(y) / self._df) - self._log_norm()

    def _entropy(self) -> Node:
        n = self._df
        log_beta = lgamma(0.5 * n) + math.lgamma(0.5) - lgamma(0.5 * (n + 1.0))
        return log(absolute(self._scale)) + 0.5 * log(n) + log_beta + 0.5 * (n + 1.0) * (digamma(0.5 * (n + 1.0)) - digamma(0.5 * n))

    def _mean(self) -> Node:
        return where(less(1.0, self._df + zeros_like(self._loc)), self._loc + zeros_like(self._df), math.nan)

    def _variance(self) -> Node:
        full = self._df + add_n_broadcast(self._tensors)
        finite = where(less(2.0, full), full / (full - 2.0), math.inf) * square(self._scale)
        return where(less(1.0, full), finite, math.nan)

    def _mode(self) -> Node:
        return self._loc


def __dir__() -> list[str]:
    return [*__all__]

