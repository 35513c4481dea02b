"""The divergence of Kullback and Leibler between two distributions of families for which a formula is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import GraphError
from ..ir.graph import name_scope
from ..ir.node import OPERATORS, Node, here
from ..ops.array import identity, zeros_like
from ..ops.math import abs as absolute
from ..ops.math import digamma, equal, exp, less_equal, lgamma, log, logical_and, square, where
from ..ops.nn import log_softmax, softmax, softplus
from ..ops.reduce import reduce_sum
from .base import Distribution
from .continuous import Beta, Exponential, Gamma, Laplace, Normal, Uniform
from .discrete import Bernoulli, Categorical, Poisson
from .vectors import Dirichlet, MultivariateNormalDiag

__all__ = ["RegisterKL", "kl_divergence"]

_FORMULAS: dict[tuple[type, type], Callable[[Any, Any], Node]] = {}


class RegisterKL:
    """A decorator: the function of two distributions gives the divergence from the first to the second, of these two classes.

    GraphError: there is one already, or it decorates no function.
    """

    def __init__(self, dist_cls_a: type, dist_cls_b: type):
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn: Callable[..., Node]) -> Callable[..., Node]:
        if not callable(kl_fn) or self._key in _FORMULAS:
            raise GraphError(f"RegisterKL: {kl_fn!r:.60} is no function, or there is one for {' and '.join(k.__name__ for k in self._key)}{here()}")
        _FORMULAS[self._key] = kl_fn
        return kl_fn


def kl_divergence(distribution_a: Distribution, distribution_b: Distribution, allow_nan_stats: bool = True, name: str | None = None) -> Node:
    """E_a[log a(x) - log b(x)], in nats, for each of the batch. GraphError: no formula is known for the two families.

    >>> a, b = tf.distributions.Normal(0.0, 1.0), tf.distributions.Normal(1.0, 1.0)
    >>> tf.Session(jit=False).run(tf.distributions.kl_divergence(a, b))
    np.float32(0.5)
    """
    found = None
    for kind_a in type(distribution_a).__mro__:
        found = found or next((f for kind_b in type(distribution_b).__mro__ if (f := _FORMULAS.get((kind_a, kind_b)))), None)
    if found is None:
        kinds = f"{type(distribution_a).__name__} and {type(distribution_b).__name__}"
        raise GraphError(f"kl_divergence: no formula is known for {kinds}; RegisterKL makes one known{here()}")
    with name_scope(name, "KullbackLeibler"):
        return identity(found(distribution_a, distribution_b))


OPERATORS["kl_divergence"] = kl_divergence          # so that distributions have it as a method


@RegisterKL(Normal, Normal)
def _normal(a: Normal, b: Normal) -> Node:
    ratio = square(a.scale / b.scale)
    return 0.5 * (square((a.loc - b.loc) / b.scale) + ratio - 1.0 - log(ratio))


@RegisterKL(MultivariateNormalDiag, MultivariateNormalDiag)
def _normals(a: MultivariateNormalDiag, b: MultivariateNormalDiag) -> Node:
    ratio = square(a.stddev() / b.stddev())
    return reduce_sum(0.5 * (square((a.mean() - b.mean()) / b.stddev()) + ratio - 1.0 - log(ratio)), -1)


@RegisterKL(Laplace, Laplace)
def _laplace(a: Laplace, b: Laplace) -> Node:
    distance = absolute(a.loc - b.loc)
    ratio = a.scale / b.scale
    return -log(ratio) - 1.0 + distance / b.scale + ratio * exp(-distance / a.scale)


@RegisterKL(Uniform, Uniform)
def _uniform(a: Uniform, b: Uniform) -> Node:
    inside = logical_and(less_equal(b.low, a.low), less_equal(a.high, b.high))
    return where(inside, log(b.range()) - log(a.range()), float("inf"))


@RegisterKL(Gamma, Gamma)
def _gamma(a: Gamma, b: Gamma) -> Node:
    p, q = a.concentration, b.concentration
    return (p - q) * digamma(p) + lgamma(q) - lgamma(p) + q * (log(a.rate) - log(b.rate)) + p * (b.rate / a.rate - 1.0)


@RegisterKL(Exponential, Exponential)
def _exponential(a: Exponential, b: Exponential) -> Node:
    return log(a.rate) - log(b.rate) + b.rate / a.rate - 1.0


@RegisterKL(Beta, Beta)
def _beta(a: Beta, b: Beta) -> Node:
    def log_norm(d: Beta) -> Node:
        return lgamma(d.concentration1) + lgamma(d.concentration0) - lgamma(d.total_concentration)
    one, zero = a.concentration1 - b.concentration1, a.concentration0 - b.concentration0
    return log_norm(b) - log_norm(a) + one * digamma(a.concentration1) + zero * digamma(a.concentration0) \
        - (one + zero) * digamma(a.total_concentration)


@RegisterKL(Dirichlet, Dirichlet)
def _dirichlet(a: Dirichlet, b: Dirichlet) -> Node:
    p, q = a.concentration, b.concentration
    total = reduce_sum(p, -1, True)
    own = lgamma(reduce_sum(p, -1)) - reduce_sum(lgamma(p), -1)
    other = lgamma(reduce_sum(q, -1)) - reduce_sum(lgamma(q), -1)
    return own - other + reduce_sum((p - q) * (digamma(p) - digamma(total)), -1)


@RegisterKL(Bernoulli, Bernoulli)
def _bernoulli(a: Bernoulli, b: Bernoulli) -> Node:
    return a.probs * (softplus(-b.logits) - softplus(-a.logits)) + (1.0 - a.probs) * (softplus(b.logits) - softplus(a.logits))


@RegisterKL(Categorical, Categorical)
def _categorical(a: Categorical, b: Categorical) -> Node:
    p = softmax(a.logits)
    terms = p * (log_softmax(a.logits) - log_softmax(b.logits))
    return reduce_sum(where(equal(p, 0.0), zeros_like(terms), terms), -1)


@RegisterKL(Poisson, Poisson)
def _poisson(a: Poisson, b: Poisson) -> Node:
    return a.rate * (a.log_rate - b.log_rate) - a.rate + b.rate
