"""What all distributions have: shapes of batches and events, samples, probabilities; and how a family of them is declared."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.graph import name_scope
from ..ir.node import OPERATORS, Node, describe, here
from ..ir.operator import to_node
from ..ir.types import DType, TensorShape, as_dtype, broadcast
from ..ops.array import concat, identity, reshape, shape, zeros_like
from ..ops.math import cast, exp, log, log1p, sqrt


class ReparameterizationType:
    """Whether derivatives go through the draws of a distribution: `FULLY_REPARAMETERIZED` or `NOT_REPARAMETERIZED`, each equal to itself alone.

    >>> tf.distributions.Normal(0.0, 1.0).reparameterization_type is tf.distributions.FULLY_REPARAMETERIZED
    True
    """

    def __init__(self, rep_type: str):
        self._rep_type = rep_type

    def __repr__(self) -> str:
        return f"<Reparameterization Type: {self._rep_type}>"


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")


def parameter(what: str, value: Any, like: Any = None) -> Node:
    """A parameter as a floating tensor; numbers take the dtype of a tensor beside them. DTypeError: not floating."""
    dtype = like.type.dtype if isinstance(like, Node) and like.type.dtype.kind == "f" else None
    node = value if isinstance(value, Node) else to_node(np.asarray(value, dtype or _floating(value)))
    node = to_node(node)
    if node.type.dtype.kind != "f":
        raise DTypeError(f"{what}: the parameter {describe(node)} is not of a floating dtype{here()}")
    return node


def parameters_of(what: str, values: dict[str, Any]) -> dict[str, Node]:
    """Parameters as floating tensors: numbers take the dtype of the first tensor among them, or else of the first. DTypeError: not floating."""
    like = next((v for v in values.values() if isinstance(v, Node)), None)
    found: dict[str, Node] = {}
    for name, value in values.items():
        found[name] = parameter(what, value, like)
        like = found[name] if like is None else like
    return found


def given(name: str) -> Any:
    """A parameter of a distribution as an attribute of it: the tensor that it is."""
    return property(lambda self: self._given[name])


def _floating(value: Any) -> Any:
    own = getattr(value, "dtype", None)
    return own if own is not None and np.dtype(own).kind == "f" else np.float32


class Distribution:
    """A distribution, or a batch of them: `sample`, `log_prob`, `prob`, `entropy`, `mean` and what else its family has.

    `batch_shape`: of how many distributions it is made; `event_shape`: what shape one draw of one of them has. What a family does not have is a
    GraphError that says so.
    """

    reparameterization_type = FULLY_REPARAMETERIZED

    def __init__(self, parameters: dict[str, Any], tensors: list[Node], name: str | None, event: Any = (), event_ndims: int = 0,
                 dtype: DType | None = None, validate_args: bool = False, allow_nan_stats: bool = True):
        self.name = name or type(self).__name__
        self.parameters = parameters
        self.dtype = dtype if dtype is not None else tensors[0].dtype
        self.validate_args, self.allow_nan_stats = validate_args, allow_nan_stats
        self._tensors, self._event, self._event_ndims = tensors, TensorShape(event), event_ndims
        self._batch = TensorShape(broadcast(*(t.type.shape if not event_ndims else None if t.type.shape is None else t.type.shape[:-event_ndims]
                                              for t in tensors)))

    # ------------------------------------------------------------------ shapes

    @property
    def batch_shape(self) -> TensorShape:
        return self._batch

    @property
    def event_shape(self) -> TensorShape:
        return self._event

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Node:
        """The shape of the batch, int32."""
        with name_scope(name):
            together = self._tensors[0] if len(self._tensors) == 1 else add_n_broadcast(self._tensors)
            sizes = shape(together)
            return sizes[:-self._event_ndims] if self._event_ndims else sizes

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Node:
        """The shape of one draw, int32."""
        with name_scope(name):
            if not self._event_ndims:
                return to_node(np.zeros(0, np.int32))
            return shape(self._tensors[0])[-self._event_ndims:]

    def is_scalar_event(self, name: str = "is_scalar_event") -> bool:
        """Whether one draw is one number."""
        return self._event_ndims == 0

    def is_scalar_batch(self, name: str = "is_scalar_batch") -> bool:
        """Whether it is one distribution."""
        return self._batch.ndims == 0

    # ------------------------------------------------------------------ samples

    def sample(self, sample_shape: Any = (), seed: int | None = None, name: str = "sample") -> Node:
        """Draws, anew at every run: dtype[sample_shape + batch_shape + event_shape]. ShapeError: no shape."""
        with name_scope(f"{self.name}/{name}"):
            wanted = to_node(sample_shape if isinstance(sample_shape, Node) else np.asarray(TensorShape(sample_shape).as_list(), np.int32))
            wanted = reshape(cast(wanted, "int32"), [-1])
            draws = self._sample(concat([wanted, self.batch_shape_tensor()], 0), seed)
            known = TensorShape(None if isinstance(sample_shape, Node) else sample_shape)
            draws.set_shape(known.concatenate(self.batch_shape).concatenate(self.event_shape))
            return draws

    def _sample_n(self, n: Any, seed: int | None = None) -> Node:
        return self.sample([n] if not isinstance(n, Node) else reshape(n, [1]), seed)

    def _sample(self, sizes: Node, seed: int | None) -> Node:
        raise self._absent("sample")

    # ------------------------------------------------------------------ probabilities

    def _value(self, value: Any) -> Node:
        return to_node(value) if isinstance(value, Node) else to_node(np.asarray(value, self.dtype.dtype))

    def log_prob(self, value: Any, name: str = "log_prob") -> Node:
        """The log of the density, or of the probability of a discrete value."""
        with name_scope(f"{self.name}/{name}"):
            return identity(self._log_prob(self._value(value)))

    def prob(self, value: Any, name: str = "prob") -> Node:
        """The density, or the probability of a discrete value."""
        with name_scope(f"{self.name}/{name}"):
            return exp(self._log_prob(self._value(value)))

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Node:
        """The log of the probability of values of at most `value`."""
        with name_scope(f"{self.name}/{name}"):
            return log(self._cdf(self._value(value)))

    def cdf(self, value: Any, name: str = "cdf") -> Node:
        """The probability of values of at most `value`."""
        with name_scope(f"{self.name}/{name}"):
            return identity(self._cdf(self._value(value)))

    def survival_function(self, value: Any, name: str = "survival_function") -> Node:
        """The probability of values above `value`."""
        with name_scope(f"{self.name}/{name}"):
            return 1.0 - self._cdf(self._value(value))

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Node:
        """The log of the probability of values above `value`."""
        with name_scope(f"{self.name}/{name}"):
            return log1p(-self._cdf(self._value(value)))

    def quantile(self, value: Any, name: str = "quantile") -> Node:
        """The value at which the distribution function is `value`."""
        with name_scope(f"{self.name}/{name}"):
            return identity(self._quantile(self._value(value)))

    def _log_prob(self, x: Node) -> Node:
        raise self._absent("log_prob")

    def _cdf(self, x: Node) -> Node:
        raise self._absent("cdf")

    def _quantile(self, p: Node) -> Node:
        raise self._absent("quantile")

    # ------------------------------------------------------------------ what is known of it

    def entropy(self, name: str = "entropy") -> Node:
        """The entropy, in nats."""
        with name_scope(f"{self.name}/{name}"):
            return identity(self._broadcast(self._entropy()))

    def mean(self, name: str = "mean") -> Node:
        """The mean."""
        with name_scope(f"{self.name}/{name}"):
            return identity(self._broadcast(self._mean()))

    def variance(self, name: str = "variance") -> Node:
        """The variance, of each element of an event."""
        with name_scope(f"{self.name}/{name}"):
            return identity(self._broadcast(self._variance()))

    def stddev(self, name: str = "stddev") -> Node:
        """The standard deviation, of each element of an event."""
        with name_scope(f"{self.name}/{name}"):
            return sqrt(self._broadcast(self._variance()))

    def covariance(self, name: str = "covariance") -> Node:
        """The covariance of two elements of an event each; without such a formula a GraphError."""
        raise self._absent("covariance")

    def mode(self, name: str = "mode") -> Node:
        """The most probable value."""
        with name_scope(f"{self.name}/{name}"):
            return identity(self._broadcast(self._mode()))

    def _broadcast(self, x: Node) -> Node:
        """A value for each distribution of the batch, though it may be made of fewer parameters."""
        return x

    def _entropy(self) -> Node:
        raise self._absent("entropy")

    def _mean(self) -> Node:
        raise self._absent("mean")

    def _variance(self) -> Node:
        raise self._absent("variance")

    def _mode(self) -> Node:
        raise self._absent("mode")

    def kl_divergence(self, other: Distribution, name: str = "kl_divergence") -> Node:
        """The divergence of Kullback and Leibler from this to another: see `tf.distributions.kl_divergence`."""
        return OPERATORS["kl_divergence"](self, other, name=name)

    def cross_entropy(self, other: Distribution, name: str = "cross_entropy") -> Node:
        """The entropy and the divergence to another, added up."""
        return self.kl_divergence(other) + self.entropy()

    def copy(self, **override: Any) -> Distribution:
        """The same distribution with other parameters."""
        return type(self)(**{**self.parameters, **override})

    def _absent(self, what: str) -> GraphError:
        return GraphError(f"{type(self).__name__} has no {what}{here()}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} batch_shape={self.batch_shape} event_shape={self.event_shape} dtype={self.dtype.name}>"


def add_n_broadcast(tensors: list[Node]) -> Node:
    """Zeros of the shape that several tensors broadcast to."""
    found = zeros_like(tensors[0])
    for t in tensors[1:]:
        found = found + zeros_like(t)
    return found


class Scalar(Distribution):
    """A distribution of numbers, with parameters that broadcast. Those that are attributes, by `given`, are of `tensors`: themselves without it."""

    def __init__(self, parameters: dict[str, Any], name: str | None, validate_args: bool = False, allow_nan_stats: bool = True,
                 tensors: dict[str, Node] | None = None, batch: list[Node] | None = None, dtype: Any = None):
        self._given = parameters_of(type(self).__name__, parameters) if tensors is None else tensors
        super().__init__(parameters, [*self._given.values()] if batch is None else batch, name, dtype=None if dtype is None else as_dtype(dtype),
                         validate_args=validate_args, allow_nan_stats=allow_nan_stats)

    def _broadcast(self, x: Node) -> Node:
        return x if len(self._tensors) == 1 else x + cast(add_n_broadcast(self._tensors), x.dtype)


def checked_rank(what: str, x: Node, least: int) -> Node:
    """A parameter whose last axes are events. ShapeError: it has too few."""
    if x.type.rank is None or x.type.rank < least:
        raise ShapeError(f"{what}: {describe(x)} needs a known rank of {least} or more{here()}")
    return x

