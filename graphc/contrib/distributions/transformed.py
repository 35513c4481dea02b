"""Distributions made of others: the images of draws under a bijector, batches seen as events, and those whose methods take more by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...distributions import RegisterKL, kl_divergence
from ...distributions.base import FULLY_REPARAMETERIZED, Distribution
from ...errors import GraphError, ShapeError
from ...ir.graph import name_scope
from ...ir.known import static_value
from ...ir.node import Node, here
from ...ir.operator import to_node
from ...ir.types import TensorShape, as_dtype
from ...ops.array import concat, identity, rank, reshape, stack, tile, transpose, zeros
from ...ops.array import range as counted
from ...ops.math import cast, exp
from ...ops.reduce import reduce_logsumexp, reduce_prod, reduce_sum
from .bijectors.base import MissingError, bijector_of
from .bijectors.scalars import Identity

__all__ = ["ConditionalDistribution", "ConditionalTransformedDistribution", "Independent", "TransformedDistribution"]


class Derived(Distribution):
    """A distribution whose shapes are given, as far as they are known; a subclass gives them as tensors."""

    def __init__(self, parameters: dict[str, Any], dtype: Any, name: str, batch: Any, event: Any, validate_args: bool = False,
                 allow_nan_stats: bool = True, reparameterization_type: Any = FULLY_REPARAMETERIZED):
        self.name, self.parameters, self.dtype = name, parameters, as_dtype(dtype)
        self.validate_args, self.allow_nan_stats, self.reparameterization_type = validate_args, allow_nan_stats, reparameterization_type
        self._batch, self._event = TensorShape(batch), TensorShape(event)

    def is_scalar_event(self, name: str = "is_scalar_event") -> bool:
        """Whether one draw is one number."""
        return self._event.ndims == 0

    def _rank_of_events(self) -> int:
        if self._event.ndims is None:
            raise ShapeError(f"{type(self).__name__}: the rank of events must be known{here()}")
        return self._event.ndims


def wanted_sizes(sample_shape: Any) -> tuple[Node, TensorShape]:
    """A shape of samples as a vector of int32, and what is known of it."""
    if isinstance(sample_shape, Node):
        known = static_value(sample_shape)
        static = TensorShape(None) if known is None else TensorShape(known.reshape(-1).tolist())
        return reshape(cast(sample_shape, "int32"), [-1]), static
    static = TensorShape([sample_shape] if isinstance(sample_shape, (int, np.integer)) else sample_shape)
    return to_node(np.asarray(static.as_list(), np.int32)), static


def _override(what: str, sizes: Any, word: str, base_is_scalar: bool) -> tuple[Node, TensorShape] | None:
    """Sizes that stand for those of a distribution that has none. GraphError: it has some. ShapeError: they are no positive sizes."""
    if sizes is None:
        return None
    node = sizes if isinstance(sizes, Node) else to_node(np.asarray(TensorShape(sizes).as_list(), np.int32))
    if node.type.rank != 1 or node.type.dtype.kind not in "iu" or node.shape[0].value is None:
        raise ShapeError(f"{what}: {word} is a vector of sizes, not {sizes!r:.60}{here()}")
    if node.shape[0].value == 0:
        return None
    known = static_value(node)
    if known is not None and (known <= 0).any():
        raise ShapeError(f"{what}: {word} has sizes above 0, not {known.tolist()}{here()}")
    if not base_is_scalar:
        raise GraphError(f"{what}: {word} is for a distribution that has none of its own{here()}")
    return cast(node, "int32"), TensorShape([None] * node.shape[0].value if known is None else known.tolist())


class TransformedDistribution(Derived):
    """The images under a bijector of what a distribution draws; its density is that of the point before, times the inverse's volume change.

    `batch_shape`, `event_shape`: draws of so many independent numbers of a distribution of numbers. What no formula is known of is a
    NotImplementedError. GraphError: a shape for a distribution that has one. ShapeError: no sizes. Source: Dillon et al. (2017).

    >>> ds = tf.contrib.distributions
    >>> log_normal = ds.TransformedDistribution(tf.distributions.Normal(0.0, 1.0), ds.bijectors.Exp())
    >>> tf.Session(jit=False).run(log_normal.prob(1.0))
    np.float32(0.3989...)
    """

    def __init__(self, distribution: Distribution, bijector: Any = None, batch_shape: Any = None, event_shape: Any = None,
                 validate_args: bool = False, name: str | None = None):
        given = {"distribution": distribution, "bijector": bijector, "batch_shape": batch_shape, "event_shape": event_shape,
                 "validate_args": validate_args, "name": name}
        if not isinstance(distribution, Distribution):
            raise GraphError(f"TransformedDistribution: {distribution!r:.60} is no distribution{here()}")
        bijector = None if bijector is None else bijector_of("TransformedDistribution", bijector)
        name = name or ("" if bijector is None else bijector.name) + distribution.name
        self._distribution = distribution
        self._bijector: Any = Identity(validate_args) if bijector is None else bijector
        self._batch_override = _override(name, batch_shape, "batch_shape", distribution.is_scalar_batch())
        self._event_override = _override(name, event_shape, "event_shape", distribution.is_scalar_event())
        batch = distribution.batch_shape if self._batch_override is None else self._batch_override[1]
        self._before = distribution.event_shape if self._event_override is None else self._event_override[1]
        # Draws have the given axes of events before those of a batch that the distribution has itself: they are moved behind.
        rotated = self._event_override is not None and self._batch_override is None and not distribution.is_scalar_batch()
        self._rotated = len(self._before) if rotated else 0
        super().__init__(given, distribution.dtype, name, batch, self._bijector.forward_event_shape(self._before), validate_args,
                         distribution.allow_nan_stats, distribution.reparameterization_type)

    @property
    def distribution(self) -> Distribution:
        return self._distribution

    @property
    def bijector(self) -> Any:
        return self._bijector

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Node:
        """The shape of the batch, int32."""
        return self._distribution.batch_shape_tensor(name) if self._batch_override is None else identity(self._batch_override[0], name=name)

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Node:
        """The shape of one draw, int32."""
        before = self._distribution.event_shape_tensor() if self._event_override is None else self._event_override[0]
        return self._bijector.forward_event_shape_tensor(before, name)

    def _moved(self, x: Node, back: bool = False) -> Node:
        """The first axes behind the others; `back`: the last ones before them."""
        if not self._rotated:
            return x
        if x.type.shape is not None:
            axes = [*range(len(x.type.shape))]
            at = len(axes) - self._rotated if back else self._rotated
            return transpose(x, axes[at:] + axes[:at])
        split = rank(x) - self._rotated if back else to_node(self._rotated)
        return transpose(x, concat([counted(split, rank(x)), counted(0, split)], 0))

    def sample(self, sample_shape: Any = (), seed: int | None = None, name: str = "sample") -> Node:
        """Draws, anew at every run: dtype[sample_shape + batch_shape + event_shape]. ShapeError: no shape."""
        return self._drawn(sample_shape, seed, name, {}, {})

    def _drawn(self, sample_shape: Any, seed: int | None, name: str, of_bijector: dict[str, Any], of_distribution: dict[str, Any]) -> Node:
        with name_scope(f"{self.name}/{name}"):
            sizes, known = wanted_sizes(sample_shape)
            given = [o[0] for o in (self._batch_override, self._event_override) if o is not None]
            order = [*given, sizes] if self._rotated else [sizes, *given]
            x = self._moved(self._distribution.sample(concat(order, 0), seed, **of_distribution))
            x.set_shape(known.concatenate(self.batch_shape).concatenate(self._before))
            # The last one: so that the bijector knows what its result comes from.
            y = self._bijector.forward(x, **of_bijector)
            y.set_shape(known.concatenate(self.batch_shape).concatenate(self.event_shape))
            return y

    def _points(self, y: Node, given: dict[str, Any]) -> list[tuple[Node, Node]]:
        """What has the image y, and the volume changes there: one pair, of a bijector that takes several points to one a pair for each."""
        x = self._bijector.inverse(y, **given)
        change = self._bijector.inverse_log_det_jacobian(y, event_ndims=self._rank_of_events(), **given)
        return [(x, change)] if self._bijector._is_injective else [*zip(x, change, strict=True)]

    def _density(self, y: Node, of_bijector: dict[str, Any], of_distribution: dict[str, Any]) -> Node:
        logs = []
        for x, change in self._points(y, of_bijector):
            before = self._distribution.log_prob(self._moved(x, back=True), **of_distribution)
            if self._event_override is not None:
                # The axes of the given events: the last ones, or, moved before all others, the first ones.
                before = reduce_sum(before, [*range(self._rotated - len(self._before), self._rotated)])
            logs.append(before + cast(change, before.dtype))
        return logs[0] if len(logs) == 1 else reduce_logsumexp(stack(logs), 0)

    def _log_prob(self, x: Node) -> Node:
        return self._density(x, {}, {})

    def _before_image(self, what: str, y: Node) -> Node:
        """The point of an image, for what only numbers have that are not put together. NotImplementedError: they are, or there are several."""
        if self._event_override is not None or not self._bijector._is_injective:
            raise MissingError(f"{type(self).__name__} has no {what} of events put together, or of several points with one image{here()}")
        return self._bijector.inverse(y)

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Node:
        """The log of the probability of values of at most `value`, the bijector taken to increase. NotImplementedError: no formula."""
        with name_scope(f"{self.name}/{name}"):
            return self._distribution.log_cdf(self._before_image("log_cdf", self._value(value)))

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Node:
        """The log of the probability of values above `value`, the bijector taken to increase. NotImplementedError: no formula."""
        with name_scope(f"{self.name}/{name}"):
            return self._distribution.log_survival_function(self._before_image("log_survival_function", self._value(value)))

    def survival_function(self, value: Any, name: str = "survival_function") -> Node:
        """The probability of values above `value`, the bijector taken to increase. NotImplementedError: no formula."""
        with name_scope(f"{self.name}/{name}"):
            return self._distribution.survival_function(self._before_image("survival_function", self._value(value)))

    def _cdf(self, x: Node) -> Node:
        return self._distribution.cdf(self._before_image("cdf", x))

    def _quantile(self, p: Node) -> Node:
        if self._event_override is not None or not self._bijector._is_injective:
            raise MissingError(f"{type(self).__name__} has no quantile of events put together{here()}")
        return self._bijector.forward(self._distribution.quantile(p))

    def _entropy(self) -> Node:
        if not self._bijector.is_constant_jacobian or not self._bijector._is_injective:
            raise MissingError(f"{type(self).__name__} has no entropy: the volume change is not the same everywhere{here()}")
        found = self._distribution.entropy()
        if self._event_override is not None:
            found = found * cast(reduce_prod(self._event_override[0]), found.dtype)
        if self._batch_override is not None:
            found = tile(reshape(found, [1] * len(self.batch_shape)), self._batch_override[0])
        point = zeros(concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0), self.dtype)
        change = self._bijector.inverse_log_det_jacobian(point, event_ndims=self._rank_of_events())
        found = found - cast(change, found.dtype)
        found.set_shape(self.batch_shape)
        return found


class ConditionalDistribution(Distribution):
    """A distribution whose methods take more by name: what is given goes to `_sample`, `_log_prob` and `_cdf` of a subclass."""

    def sample(self, sample_shape: Any = (), seed: int | None = None, name: str = "sample", **condition_kwargs: Any) -> Node:
        """Draws, anew at every run: dtype[sample_shape + batch_shape + event_shape]. ShapeError: no shape."""
        with name_scope(f"{self.name}/{name}"):
            sizes, known = wanted_sizes(sample_shape)
            draws = self._sample(concat([sizes, self.batch_shape_tensor()], 0), seed, **condition_kwargs)
            draws.set_shape(known.concatenate(self.batch_shape).concatenate(self.event_shape))
            return draws

    def log_prob(self, value: Any, name: str = "log_prob", **condition_kwargs: Any) -> Node:
        """The log of the density, or of the probability of a discrete value."""
        with name_scope(f"{self.name}/{name}"):
            return identity(self._log_prob(self._value(value), **condition_kwargs))

    def prob(self, value: Any, name: str = "prob", **condition_kwargs: Any) -> Node:
        """The density, or the probability of a discrete value."""
        with name_scope(f"{self.name}/{name}"):
            return exp(self._log_prob(self._value(value), **condition_kwargs))

    def cdf(self, value: Any, name: str = "cdf", **condition_kwargs: Any) -> Node:
        """The probability of values of at most `value`."""
        with name_scope(f"{self.name}/{name}"):
            return identity(self._cdf(self._value(value), **condition_kwargs))


class ConditionalTransformedDistribution(ConditionalDistribution, TransformedDistribution):
    """A TransformedDistribution whose methods take `bijector_kwargs` and `distribution_kwargs`, given on by name. Errors as of that.

    GraphError: a shape for a distribution that has one. ShapeError: no sizes.
    """

    def sample(self, sample_shape: Any = (), seed: int | None = None, name: str = "sample", bijector_kwargs: Any = None,
               distribution_kwargs: Any = None, **condition_kwargs: Any) -> Node:
        """Draws, anew at every run: dtype[sample_shape + batch_shape + event_shape]. ShapeError: no shape."""
        return self._drawn(sample_shape, seed, name, bijector_kwargs or {}, {**(distribution_kwargs or {}), **condition_kwargs})

    def _log_prob(self, x: Node, bijector_kwargs: Any = None, distribution_kwargs: Any = None) -> Node:
        return self._density(x, bijector_kwargs or {}, distribution_kwargs or {})

    def _cdf(self, x: Node, bijector_kwargs: Any = None, distribution_kwargs: Any = None) -> Node:
        if self._event_override is not None or not self._bijector._is_injective:
            raise MissingError(f"{type(self).__name__} has no cdf of events put together{here()}")
        return self._distribution.cdf(self._bijector.inverse(x, **(bijector_kwargs or {})), **(distribution_kwargs or {}))


class Independent(Derived):
    """A distribution whose last `reinterpreted_batch_ndims` axes of batches are axes of events, by default all but the first one.

    GraphError: the batch has fewer axes. ShapeError: its rank is not known.

    >>> d = tf.contrib.distributions.Independent(tf.distributions.Normal([0.0, 0.0], [1.0, 1.0]), reinterpreted_batch_ndims=1)
    >>> d.batch_shape.as_list(), d.event_shape.as_list(), tf.Session(jit=False).run(d.log_prob([0.0, 0.0]))
    ([], [2], np.float32(-1.8378...))
    """

    def __init__(self, distribution: Distribution, reinterpreted_batch_ndims: Any = None, validate_args: bool = False, name: str | None = None):
        given = {"distribution": distribution, "reinterpreted_batch_ndims": reinterpreted_batch_ndims, "validate_args": validate_args, "name": name}
        name = name or "Independent" + distribution.name
        batch = distribution.batch_shape
        known = static_value(reinterpreted_batch_ndims) if isinstance(reinterpreted_batch_ndims, Node) else reinterpreted_batch_ndims
        if batch.ndims is None or isinstance(reinterpreted_batch_ndims, Node) and known is None:
            raise ShapeError(f"{name}: the rank of the batch, and how much of it is events, must be known{here()}")
        count = max(0, batch.ndims - 1) if known is None else int(known)
        if count > batch.ndims:
            raise GraphError(f"{name}: reinterpreted_batch_ndims is {count}, and the batch has {batch.ndims} axes{here()}")
        self._distribution, self._count, self._kept = distribution, count, batch.ndims - count
        super().__init__(given, distribution.dtype, name, batch[:self._kept], batch[self._kept:].concatenate(distribution.event_shape),
                         validate_args, distribution.allow_nan_stats, distribution.reparameterization_type)

    @property
    def distribution(self) -> Distribution:
        return self._distribution

    @property
    def reinterpreted_batch_ndims(self) -> int:
        return self._count

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Node:
        """The shape of the batch, int32."""
        return identity(self._distribution.batch_shape_tensor()[:self._kept], name=name)

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Node:
        """The shape of one draw, int32."""
        return concat([self._distribution.batch_shape_tensor()[self._kept:], self._distribution.event_shape_tensor()], 0, name=name)

    def sample(self, sample_shape: Any = (), seed: int | None = None, name: str = "sample") -> Node:
        """Draws, anew at every run: dtype[sample_shape + batch_shape + event_shape]. ShapeError: no shape."""
        with name_scope(f"{self.name}/{name}"):
            return self._distribution.sample(sample_shape, seed)

    def _added(self, x: Node) -> Node:
        return reduce_sum(x, [*range(-self._count, 0)]) if self._count else x

    def _log_prob(self, x: Node) -> Node:
        return self._added(self._distribution.log_prob(x))

    def _entropy(self) -> Node:
        return self._added(self._distribution.entropy())

    def _mean(self) -> Node:
        return self._distribution.mean()

    def _variance(self) -> Node:
        return self._distribution.variance()

    def _mode(self) -> Node:
        return self._distribution.mode()


@RegisterKL(Independent, Independent)
def _independent(a: Independent, b: Independent) -> Node:
    p, q = a.distribution, b.distribution
    if a.event_shape.as_list() != b.event_shape.as_list() or p.event_shape.as_list() != q.event_shape.as_list():
        raise MissingError(f"kl_divergence: the events of {a.name} and {b.name} are of different shapes, or put together of such{here()}")
    return a._added(kl_divergence(p, q))
