"""The logistic distribution, classes as vectors, and the relaxed ones, whose draws have derivatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...distributions import RegisterKL
from ...distributions.base import FULLY_REPARAMETERIZED, NOT_REPARAMETERIZED, Distribution, Scalar, checked_rank, given, parameter
from ...distributions.discrete import one_of
from ...ir.graph import name_scope
from ...ir.node import Node, dtype_of
from ...ir.types import as_dtype
from ...ops.array import concat, identity, matrix_set_diag, one_hot, reshape, shape, transpose, zeros_like
from ...ops.debug import assert_positive
from ...ops.linalg_matmul import matmul
from ...ops.math import cast, equal, lgamma, log, log1p, sigmoid, square, where
from ...ops.nn import log_softmax, softmax, softplus
from ...ops.positions import argmax
from ...ops.random import multinomial, random_uniform
from ...ops.reduce import reduce_prod, reduce_sum
from .bijectors.base import checked
from .bijectors.scalars import Exp, Sigmoid
from .transformed import TransformedDistribution

__all__ = ["ExpRelaxedOneHotCategorical", "Logistic", "OneHotCategorical", "RelaxedBernoulli", "RelaxedOneHotCategorical"]


class Logistic(Scalar):
    """Logistic with mean `loc` and `scale`. DTypeError: parameters that are not floating.

    >>> d = tf.contrib.distributions.Logistic(0.0, 1.0)
    >>> tf.Session(jit=False).run([d.prob(0.0), d.cdf(0.0)])
    [np.float32(0.25), np.float32(0.5)]
    """

    loc, scale = given("loc"), given("scale")

    def __init__(self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Logistic"):
        super().__init__({"loc": loc, "scale": scale}, name, validate_args, allow_nan_stats)

    def _z(self, x: Node) -> Node:
        return (x - self.loc) / self.scale

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        u = random_uniform(sizes, np.finfo(self.dtype.dtype).tiny, 1.0, self.dtype, seed)
        return (log(u) - log1p(-u)) * self.scale + self.loc

    def _log_prob(self, x: Node) -> Node:
        z = self._z(x)
        return -z - 2.0 * softplus(-z) - log(self.scale)

    def _cdf(self, x: Node) -> Node:
        return sigmoid(self._z(x))

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Node:
        """The log of the probability of values of at most `value`, exact in the tail."""
        with name_scope(f"{self.name}/{name}"):
            return -softplus(-self._z(self._value(value)))

    def survival_function(self, value: Any, name: str = "survival_function") -> Node:
        """The probability of values above `value`, exact in the tail."""
        with name_scope(f"{self.name}/{name}"):
            return sigmoid(-self._z(self._value(value)))

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Node:
        """The log of the probability of values above `value`, exact in the tail."""
        with name_scope(f"{self.name}/{name}"):
            return -softplus(self._z(self._value(value)))

    def _quantile(self, p: Node) -> Node:
        return self.loc + self.scale * (log(p) - log1p(-p))

    def _entropy(self) -> Node:
        return 2.0 + log(self.scale)

    def _mean(self) -> Node:
        return self.loc

    _mode = _mean

    def _variance(self) -> Node:
        return square(self.scale) * (math.pi**2 / 3)


class _OfClasses(Distribution):
    """A distribution of vectors with a number for each class, by `logits` or `probs`."""

    def __init__(self, parameters: dict[str, Any], logits: Any, probs: Any, name: str, validate_args: bool, allow_nan_stats: bool, dtype: Any):
        x = checked_rank(type(self).__name__, one_of(type(self).__name__, logits, probs), 1)
        self._logits, self._probs = x if probs is None else log(x), softmax(x) if probs is None else x
        super().__init__({**parameters, "logits": logits, "probs": probs}, [x], name, (x.type.shape or (None,))[-1:], 1,
                         as_dtype(x.dtype if dtype is None else dtype), validate_args, allow_nan_stats)

    @property
    def logits(self) -> Node:
        return self._logits

    @property
    def probs(self) -> Node:
        return self._probs

    @property
    def event_size(self) -> Node:
        """The number of classes, int32."""
        return shape(self._logits)[-1]


class OneHotCategorical(_OfClasses):
    """Vectors with a 1 at one of k classes, by `logits` or `probs`: float[..., k]. GraphError: not one of them. DTypeError: not floating.

    ShapeError: no vectors.

    >>> d = tf.contrib.distributions.OneHotCategorical(probs=[0.25, 0.75])
    >>> tf.Session(jit=False).run([d.prob([0, 1]), d.mode()])
    [np.float32(0.75), array([0, 1], dtype=int32)]
    """

    reparameterization_type = NOT_REPARAMETERIZED

    def __init__(self, logits: Any = None, probs: Any = None, dtype: Any = "int32", validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "OneHotCategorical"):
        super().__init__({"dtype": dtype}, logits, probs, name, validate_args, allow_nan_stats, dtype_of("OneHotCategorical", dtype))

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        k = self.event_size
        lead = shape(sizes)[0] - (shape(shape(self._logits))[0] - 1)
        drawn = multinomial(reshape(self._logits, [-1, k]), reduce_prod(sizes[:lead]), seed)
        return one_hot(reshape(transpose(drawn), sizes), k, dtype=self.dtype)

    def _log_prob(self, x: Node) -> Node:
        x = cast(x, self._logits.dtype)
        terms = x * log_softmax(self._logits)
        return reduce_sum(where(equal(x, 0.0), zeros_like(terms), terms), -1)

    def _entropy(self) -> Node:
        return -reduce_sum(where(equal(self._probs, 0.0), 0.0, log_softmax(self._logits) * self._probs), -1)

    def _mean(self) -> Node:
        return self._probs

    def _variance(self) -> Node:
        return self._probs * (1.0 - self._probs)

    def covariance(self, name: str = "covariance") -> Node:
        """The covariance of two elements each: float[..., k, k]."""
        p = self._probs
        return matrix_set_diag(-matmul(p[..., None], p[..., None, :]), self._variance(), name=name)

    def _mode(self) -> Node:
        return one_hot(argmax(self._logits, -1), self.event_size, dtype=self.dtype)


@RegisterKL(OneHotCategorical, OneHotCategorical)
def _one_hot(a: OneHotCategorical, b: OneHotCategorical) -> Node:
    p = softmax(a.logits)
    terms = p * (log_softmax(a.logits) - log_softmax(b.logits))
    return reduce_sum(where(equal(p, 0.0), zeros_like(terms), terms), -1)


def _temperature(what: str, temperature: Any, like: Node, validate_args: bool) -> Node:
    node = parameter(what, temperature, like)
    node = node if node.dtype == like.dtype else cast(node, like.dtype)
    return checked(node, [assert_positive(node)]) if validate_args else identity(node)


class ExpRelaxedOneHotCategorical(_OfClasses):
    """The logs of what `RelaxedOneHotCategorical` draws: log_softmax((logits + Gumbel noise) / temperature).

    GraphError: not one of logits and probabilities. DTypeError: not floating. ShapeError: no vectors. InvalidArgumentError, when run with
    `validate_args`: a temperature that is not positive. Source: Maddison et al. (2017).
    """

    def __init__(self, temperature: Any, logits: Any = None, probs: Any = None, dtype: Any = None, validate_args: bool = False,
                 allow_nan_stats: bool = True, name: str = "ExpRelaxedOneHotCategorical"):
        super().__init__({"temperature": temperature, "dtype": dtype}, logits, probs, name, validate_args, allow_nan_stats, dtype)
        self._temperature = _temperature(name, temperature, self._logits, validate_args)

    reparameterization_type = FULLY_REPARAMETERIZED

    @property
    def temperature(self) -> Node:
        return self._temperature

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        full = concat([sizes, self.event_shape_tensor()], 0)
        u = random_uniform(full, np.finfo(self.dtype.dtype).tiny, 1.0, self.dtype, seed)
        return log_softmax((self._logits - log(-log(u))) / self._temperature[..., None])

    def _log_prob(self, x: Node) -> Node:
        k = cast(self.event_size, self.dtype)
        norm = lgamma(k) + (k - 1.0) * log(self._temperature)
        return norm + reduce_sum(log_softmax(self._logits - x * self._temperature[..., None]), -1)


class RelaxedOneHotCategorical(TransformedDistribution):
    """Vectors that add up to 1, the nearer to one class the lower the `temperature`: softmax((logits + Gumbel noise) / temperature).

    GraphError: not one of logits and probabilities. DTypeError: not floating. ShapeError: no vectors. Source: Jang et al. (2017), Maddison et al.
    (2017).

    >>> d = tf.contrib.distributions.RelaxedOneHotCategorical(0.5, probs=[0.25, 0.75])
    >>> tf.Session(jit=False).run(d.prob([0.5, 0.5]))
    np.float32(0.375)
    """

    def __init__(self, temperature: Any, logits: Any = None, probs: Any = None, dtype: Any = None, validate_args: bool = False,
                 allow_nan_stats: bool = True, name: str = "RelaxedOneHotCategorical"):
        super().__init__(ExpRelaxedOneHotCategorical(temperature, logits, probs, dtype, validate_args, allow_nan_stats), Exp(), name=name)
        self.parameters = {"temperature": temperature, "logits": logits, "probs": probs, "dtype": dtype, "validate_args": validate_args,
                           "allow_nan_stats": allow_nan_stats, "name": name}

    @property
    def temperature(self) -> Any:
        return self._distribution.temperature       # type: ignore[attr-defined]

    @property
    def logits(self) -> Any:
        return self._distribution.logits            # type: ignore[attr-defined]

    @property
    def probs(self) -> Any:
        return self._distribution.probs             # type: ignore[attr-defined]


class RelaxedBernoulli(TransformedDistribution):
    """Numbers between 0 and 1, the nearer to one of them the lower the `temperature`: sigmoid((logits + logistic noise) / temperature).

    GraphError: not one of logits and probabilities. DTypeError: not floating. InvalidArgumentError, when run with `validate_args`: a temperature
    that is not positive. Source: Maddison et al. (2017).
    """

    def __init__(self, temperature: Any, logits: Any = None, probs: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "RelaxedBernoulli"):
        x = one_of(name, logits, probs)
        self._logits, self._probs = x if probs is None else log(x) - log1p(-x), sigmoid(x) if probs is None else x
        self._temperature = t = _temperature(name, temperature, x, validate_args)
        super().__init__(Logistic(self._logits / t, 1.0 / t, validate_args, allow_nan_stats, name + "/Logistic"), Sigmoid(validate_args),
                         validate_args=validate_args, name=name)
        self.parameters = {"temperature": temperature, "logits": logits, "probs": probs, "validate_args": validate_args,
                           "allow_nan_stats": allow_nan_stats, "name": name}

    @property
    def temperature(self) -> Node:
        return self._temperature

    @property
    def logits(self) -> Node:
        return self._logits

    @property
    def probs(self) -> Node:
        return self._probs
