"""Distributions of counts: how often each class comes in so many draws."""

from __future__ import annotations

from typing import Any

from ..ir.node import Node
from ..ops.array import concat, expand_dims, matrix_set_diag, one_hot, reshape, sequence_mask, shape, transpose, zeros_like
from ..ops.linalg_matmul import matmul
from ..ops.math import cast, lgamma, log, sqrt, where
from ..ops.nn import log_softmax, softmax
from ..ops.random import multinomial
from ..ops.reduce import reduce_max, reduce_prod, reduce_sum
from .base import NOT_REPARAMETERIZED, Distribution, checked_rank, parameter
from .continuous import standard_gamma
from .discrete import one_of

__all__ = ["DirichletMultinomial", "Multinomial"]


class _Counts(Distribution):
    """Counts of k classes, `total_count` in all."""

    reparameterization_type = NOT_REPARAMETERIZED

    def __init__(self, parameters: dict[str, Any], total_count: Any, classes: Node, name: str, validate_args: bool, allow_nan_stats: bool):
        self._total_count = parameter(type(self).__name__, total_count, classes)
        # What both broadcast to, so that the shape of the batch is that of one tensor.
        self._all = classes + zeros_like(expand_dims(self._total_count, -1))
        super().__init__({**parameters, "validate_args": validate_args, "allow_nan_stats": allow_nan_stats, "name": name}, [self._all], name,
                         (self._all.type.shape or (None,))[-1:], 1, validate_args=validate_args, allow_nan_stats=allow_nan_stats)

    @property
    def total_count(self) -> Node:
        return self._total_count

    def _each(self) -> Node:
        """`total_count` with an axis for the classes."""
        return expand_dims(self._total_count, -1)

    def _drawn(self, logits: Node, sizes: Node, seed: int | None) -> Node:
        """So many draws of classes for each of the vectors of logits, counted: float[sizes, k]."""
        k = shape(logits)[-1]
        counts = cast(self._total_count, "int32") + zeros_like(cast(reduce_sum(logits, -1), "int32"))
        most = reduce_max(concat([reshape(counts, [-1]), [0]], 0))
        times = reduce_prod(sizes) // reduce_prod(shape(counts))
        rows = multinomial(reshape(logits, [-1, k]), times * most, seed, output_dtype="int32")
        drawn = transpose(reshape(rows, [-1, times, most]), [1, 0, 2])
        held = where(sequence_mask(reshape(counts, [-1]), most), drawn, -1)
        return reshape(reduce_sum(one_hot(held, k, dtype=self.dtype), 2), concat([sizes, [k]], 0))

    def _combinations(self, counts: Node) -> Node:
        """The log of the number of ways in which counts come about."""
        return lgamma(self._total_count + 1.0) - reduce_sum(lgamma(counts + 1.0), -1)

    def covariance(self, name: str = "covariance") -> Node:
        """The covariance of the counts of two classes each: float[..., k, k]."""
        return matrix_set_diag(-self._between(), self.variance(), name=name)

    def _between(self) -> Node:
        """What the covariances of different classes are the negative of."""
        raise NotImplementedError


class Multinomial(_Counts):
    """How often each of k classes comes in `total_count` draws, by `logits` or `probs`: float[..., k]. GraphError: not one of them.

    DTypeError: not floating. ShapeError: no vectors.

    >>> d = tf.distributions.Multinomial(total_count=2.0, probs=[0.25, 0.25, 0.5])
    >>> tf.Session(jit=False).run([d.prob([1.0, 1.0, 0.0]), d.mean()])
    [np.float32(0.12...), array([0.5, 0.5, 1. ], dtype=float32)]
    """

    def __init__(self, total_count: Any, logits: Any = None, probs: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Multinomial"):
        x = checked_rank("Multinomial", one_of("Multinomial", logits, probs), 1)
        self._logits: Node = x if probs is None else log(x)
        self._probs: Node = softmax(x) if probs is None else x
        super().__init__({"total_count": total_count, "logits": logits, "probs": probs}, total_count, x, name, validate_args, allow_nan_stats)

    @property
    def logits(self) -> Node:
        return self._logits

    @property
    def probs(self) -> Node:
        return self._probs

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        return self._drawn(self._logits + zeros_like(self._all), sizes, seed)

    def _log_prob(self, x: Node) -> Node:
        # A class without probability that does not come: 0 * -inf would be nan.
        terms = where(x + zeros_like(self._all) > 0.0, x * log_softmax(self._logits), zeros_like(x + self._all))
        return self._combinations(x) + reduce_sum(terms, -1)

    def _mean(self) -> Node:
        return self._each() * self._probs

    def _variance(self) -> Node:
        return self._mean() * (1.0 - self._probs)

    def _between(self) -> Node:
        p = self._probs + zeros_like(self._all)
        return matmul(expand_dims(self._mean(), -1), expand_dims(p, -2))


class DirichletMultinomial(_Counts):
    """Multinomial counts whose probabilities are Dirichlet with `concentration`: float[..., k]. DTypeError: not floating. ShapeError: no vectors.

    >>> d = tf.distributions.DirichletMultinomial(3.0, [1.0, 2.0, 3.0])
    >>> tf.Session(jit=False).run([d.prob([1.0, 1.0, 1.0]), d.mean()])
    [np.float32(0.107...), array([0.5, 1. , 1.5], dtype=float32)]
    """

    def __init__(self, total_count: Any, concentration: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "DirichletMultinomial"):
        self._concentration = checked_rank("DirichletMultinomial", parameter("DirichletMultinomial", concentration), 1)
        super().__init__({"total_count": total_count, "concentration": concentration}, total_count, self._concentration, name, validate_args,
                         allow_nan_stats)

    @property
    def concentration(self) -> Node:
        return self._concentration

    @property
    def total_concentration(self) -> Node:
        return reduce_sum(self._concentration, -1)

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        full = concat([sizes, self.event_shape_tensor()], 0)
        logits = log(standard_gamma(full, self._concentration + zeros_like(self._all), seed))
        return self._drawn(logits, sizes, None if seed is None else seed + 1)

    def _log_prob(self, x: Node) -> Node:
        a = self._concentration
        both = a + x
        beta = reduce_sum(lgamma(both), -1) - lgamma(reduce_sum(both, -1))
        return self._combinations(x) + beta - (reduce_sum(lgamma(a), -1) - lgamma(self.total_concentration))

    def _mean(self) -> Node:
        return self._each() * (self._concentration / reduce_sum(self._concentration, -1, True))

    def _scale(self) -> Node:
        total = reduce_sum(self._concentration, -1, True)
        return sqrt((1.0 + total / self._each()) / (1.0 + total))

    def _variance(self) -> Node:
        x = self._scale() * self._mean()
        return x * (self._each() * self._scale() - x)

    def _between(self) -> Node:
        x = self._scale() * self._mean()
        return matmul(expand_dims(x, -1), expand_dims(x, -2))
