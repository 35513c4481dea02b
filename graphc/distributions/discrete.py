"""Distributions of whole numbers: coins, classes, counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import GraphError
from ..ir.node import Node, dtype_of, here
from ..ops.array import one_hot, reshape, shape, transpose, zeros_like
from ..ops.math import cast, equal, exp, less, lgamma, log, log1p, sigmoid, where
from ..ops.math import floor as whole
from ..ops.nn import log_softmax, softmax, softplus
from ..ops.positions import argmax
from ..ops.random import multinomial, random_uniform
from ..ops.random_draws import random_poisson
from ..ops.reduce import reduce_prod, reduce_sum
from .base import NOT_REPARAMETERIZED, Scalar, checked_rank, given, parameter

__all__ = ["Bernoulli", "Categorical", "Poisson"]


def one_of(what: str, logits: Any, probs: Any) -> Node:
    """The one that is given of logits and probabilities. GraphError: none, or both. DTypeError: it is not floating."""
    if (logits is None) == (probs is None):
        raise GraphError(f"{what} takes logits or probs, one of them{here()}")
    return parameter(what, logits if probs is None else probs)


class Bernoulli(Scalar):
    """1 with a probability, else 0, by `logits` or `probs`. GraphError: not one of them. DTypeError: not floating.

    >>> d = tf.distributions.Bernoulli(probs=[0.25, 0.5])
    >>> tf.Session(jit=False).run([d.log_prob([1, 0]), d.mean()])
    [array([-1.3862..., -0.6931...], dtype=float32), array([0.25, 0.5 ], dtype=float32)]
    """

    reparameterization_type = NOT_REPARAMETERIZED
    logits, probs = given("logits"), given("probs")

    def __init__(self, logits: Any = None, probs: Any = None, dtype: Any = "int32", validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Bernoulli"):
        x = one_of("Bernoulli", logits, probs)
        both = {"logits": x if probs is None else log(x) - log1p(-x), "probs": sigmoid(x) if probs is None else x}
        super().__init__({"logits": logits, "probs": probs, "dtype": dtype}, name, validate_args, allow_nan_stats, both, [x],
                         dtype_of("Bernoulli", dtype))

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        u = random_uniform(sizes, dtype=self.probs.dtype, seed=seed)
        return cast(less(u, self.probs), self.dtype)

    def _log_prob(self, x: Node) -> Node:
        event = cast(x, self.logits.dtype)
        # -softplus of the logit of the other value: sure in both tails.
        return -(event * softplus(-self.logits) + (1.0 - event) * softplus(self.logits))

    def _entropy(self) -> Node:
        return -self.probs * -softplus(-self.logits) + (1.0 - self.probs) * softplus(self.logits)

    def _mean(self) -> Node:
        return self.probs

    def _variance(self) -> Node:
        return self.probs * (1.0 - self.probs)

    def _mode(self) -> Node:
        return cast(less(0.5, self.probs), self.dtype)


class Categorical(Scalar):
    """Class numbers below k, by `logits` or `probs`: float[..., k]. GraphError: not one of them. DTypeError: not floating. ShapeError: no vectors.

    >>> d = tf.distributions.Categorical(probs=[0.25, 0.75])
    >>> tf.Session(jit=False).run([d.prob([0, 1, 1]), d.mode()])
    [array([0.25, 0.75, 0.75], dtype=float32), np.int32(1)]
    """

    reparameterization_type = NOT_REPARAMETERIZED
    logits, probs = given("logits"), given("probs")

    def __init__(self, logits: Any = None, probs: Any = None, dtype: Any = "int32", validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Categorical"):
        x = checked_rank("Categorical", one_of("Categorical", logits, probs), 1)
        both = {"logits": x if probs is None else log(x), "probs": softmax(x) if probs is None else x}
        super().__init__({"logits": logits, "probs": probs, "dtype": dtype}, name, validate_args, allow_nan_stats, both, [reduce_sum(x, -1)],
                         dtype_of("Categorical", dtype))

    @property
    def event_size(self) -> Node:
        """The number of classes, int32."""
        return shape(self.logits)[-1]

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        k = self.event_size
        rows = reshape(self.logits, [-1, k])
        lead = shape(sizes)[0] - (shape(shape(self.logits))[0] - 1)
        n = reduce_prod(sizes[:lead])
        drawn = multinomial(rows, n, seed)
        return reshape(transpose(drawn), sizes) if self.dtype == drawn.dtype else cast(reshape(transpose(drawn), sizes), self.dtype)

    def _log_prob(self, x: Node) -> Node:
        if x.type.dtype.kind not in "iu":
            x = cast(x, "int32")
        chosen = one_hot(x, self.event_size, on_value=True, off_value=False, dtype="bool")
        # A choice, not a product: 0 * -inf would be nan.
        return reduce_sum(where(chosen, log_softmax(self.logits) + zeros_like(cast(chosen, self.logits.dtype)), 0.0), -1)

    def _entropy(self) -> Node:
        p = softmax(self.logits)
        return -reduce_sum(where(equal(p, 0.0), 0.0, p * log_softmax(self.logits)), -1)

    def _mode(self) -> Node:
        return argmax(self.logits, -1, output_type=self.dtype)


class Poisson(Scalar):
    """Counts with mean `rate`, or exp(`log_rate`). GraphError: not one of them. DTypeError: not floating."""

    reparameterization_type = NOT_REPARAMETERIZED
    rate, log_rate = given("rate"), given("log_rate")

    def __init__(self, rate: Any = None, log_rate: Any = None, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Poisson"):
        x = one_of("Poisson", log_rate, rate)
        both = {"rate": x if log_rate is None else exp(x), "log_rate": x if rate is None else log(x)}
        super().__init__({"rate": rate, "log_rate": log_rate}, name, validate_args, allow_nan_stats, both, [x])

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        lead = shape(sizes)[0] - shape(shape(self.rate))[0]
        return random_poisson(self.rate, sizes[:lead], dtype=self.dtype, seed=seed)

    def _log_prob(self, x: Node) -> Node:
        counted = where(less(x, 0.0), 0.0, x)
        term = where(equal(counted, 0.0), 0.0, counted * self.log_rate)
        found = term - self.rate - lgamma(counted + 1.0)
        return where(less(x, 0.0), -np.inf, where(equal(whole(x), x), found, -np.inf))

    def _mean(self) -> Node:
        return self.rate

    _variance = _mean

    def _mode(self) -> Node:
        return whole(self.rate)
