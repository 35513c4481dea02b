"""Mixtures: draws from one of several distributions, which a distribution of classes chooses."""

from __future__ import annotations

from typing import Any

from ...distributions.base import NOT_REPARAMETERIZED, Distribution
from ...distributions.discrete import Categorical
from ...errors import DTypeError, GraphError, ShapeError
from ...ir.graph import name_scope
from ...ir.node import Node, here
from ...ops.array import concat, expand_dims, identity, one_hot, stack, unstack
from ...ops.math import log, square, where
from ...ops.math_sums import add_n
from ...ops.nn import log_softmax, softmax
from ...ops.reduce import reduce_logsumexp, reduce_sum
from .transformed import Derived, wanted_sizes

__all__ = ["Mixture", "MixtureSameFamily"]


def _behind(x: Node, count: int) -> Node:
    """With so many axes of size 1 behind."""
    for _ in range(count):
        x = expand_dims(x, -1)
    return x


def _seed(seed: int | None, number: int) -> int | None:
    return None if seed is None else seed + number


class Mixture(Derived):
    """Draws from one of `components`, which `cat` chooses, a Categorical of as many classes and the same batch.

    All components are drawn, and one is taken. GraphError: no components, or not as many as classes. DTypeError: `cat` or one of them is no such
    distribution, or they are of several dtypes. ShapeError: they do not fit each other, or the rank of events is not known.

    >>> ds = tf.contrib.distributions
    >>> d = ds.Mixture(ds.Categorical(probs=[0.25, 0.75]), [ds.Normal(-1.0, 0.5), ds.Normal(1.0, 1.0)])
    >>> tf.Session(jit=False).run(d.mean())
    np.float32(0.5)
    """

    def __init__(self, cat: Any, components: Any, validate_args: bool = False, allow_nan_stats: bool = True, use_static_graph: bool = False,
                 name: str = "Mixture"):
        if not isinstance(cat, Categorical):
            raise DTypeError(f"Mixture: cat is a Categorical, not {cat!r:.60}{here()}")
        if not isinstance(components, (list, tuple)) or not all(isinstance(c, Distribution) for c in components):
            raise DTypeError(f"Mixture: components is a list of distributions, not {components!r:.60}{here()}")
        if not components or cat.logits.shape[-1].value != len(components):
            raise GraphError(f"Mixture: {len(components)} components for {cat.logits.shape[-1]} classes{here()}")
        if len({c.dtype for c in components}) > 1:
            raise DTypeError(f"Mixture: the components are of {', '.join(c.dtype.name for c in components)}{here()}")
        batch, event = cat.batch_shape, components[0].event_shape
        for c in components:
            batch, event = batch.merge_with(c.batch_shape), event.merge_with(c.event_shape)
        given = {"cat": cat, "components": components, "validate_args": validate_args, "allow_nan_stats": allow_nan_stats,
                 "use_static_graph": use_static_graph, "name": name}
        super().__init__(given, components[0].dtype, name, batch, event, validate_args, allow_nan_stats, NOT_REPARAMETERIZED)
        self._cat, self._components = cat, list(components)
        self._events = self._rank_of_events()

    @property
    def cat(self) -> Categorical:
        return self._cat

    @property
    def components(self) -> list[Any]:
        return self._components

    @property
    def num_components(self) -> int:
        return len(self._components)

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Node:
        """The shape of the batch, int32."""
        return self._cat.batch_shape_tensor(name)

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Node:
        """The shape of one draw, int32."""
        return self._components[0].event_shape_tensor(name)

    def sample(self, sample_shape: Any = (), seed: int | None = None, name: str = "sample") -> Node:
        """Draws, anew at every run: dtype[sample_shape + batch_shape + event_shape]. ShapeError: no shape."""
        with name_scope(f"{self.name}/{name}"):
            sizes, known = wanted_sizes(sample_shape)
            chosen = self._cat.sample(sizes, seed)
            drawn = stack([c.sample(sizes, _seed(seed, i + 1)) for i, c in enumerate(self._components)], -1 - self._events)
            taken = _behind(one_hot(chosen, self.num_components, on_value=True, off_value=False, dtype="bool"), self._events)
            found = reduce_sum(where(taken, drawn, 0), -1 - self._events)
            found.set_shape(known.concatenate(self.batch_shape).concatenate(self.event_shape))
            return found

    def _chances(self) -> list[Node]:
        return unstack(softmax(self._cat.logits), num=self.num_components, axis=-1)

    def _weighed(self, values: list[Node]) -> Node:
        return add_n([_behind(p, self._events) * v for p, v in zip(self._chances(), values, strict=True)])

    def _mixed(self, logs: list[Node]) -> Node:
        weights = unstack(log_softmax(self._cat.logits), num=self.num_components, axis=-1)
        return reduce_logsumexp(stack([w + one for w, one in zip(weights, logs, strict=True)]), 0)

    def _log_prob(self, x: Node) -> Node:
        return self._mixed([c.log_prob(x) for c in self._components])

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Node:
        """The log of the probability of values of at most `value`."""
        with name_scope(f"{self.name}/{name}"):
            return self._mixed([c.log_cdf(value) for c in self._components])

    def _cdf(self, x: Node) -> Node:
        return self._weighed([c.cdf(x) for c in self._components])

    def _mean(self) -> Node:
        return self._weighed([c.mean() for c in self._components])

    def _variance(self) -> Node:
        mean = self._mean()
        return self._weighed([c.variance() + square(c.mean() - mean) for c in self._components])

    def entropy_lower_bound(self, name: str = "entropy_lower_bound") -> Node:
        """The mean of the components' entropies, which the mixture's is not below, for it is a concave function of the density."""
        with name_scope(f"{self.name}/{name}"):
            return add_n([p * c.entropy() for p, c in zip(self._chances(), self._components, strict=True)])


class MixtureSameFamily(Derived):
    """Draws from one of the distributions along the last axis of a batch, which `mixture_distribution` chooses.

    GraphError: it is of no whole numbers, or of vectors. ShapeError: the batches do not fit each other.

    >>> ds = tf.contrib.distributions
    >>> d = ds.MixtureSameFamily(ds.Categorical(probs=[0.25, 0.75]), ds.Normal([-1.0, 1.0], [0.5, 1.0]))
    >>> tf.Session(jit=False).run(d.mean())
    np.float32(0.5)
    """

    def __init__(self, mixture_distribution: Any, components_distribution: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "MixtureSameFamily"):
        mix, of = mixture_distribution, components_distribution
        if not mix.dtype.is_integer or mix.event_shape.ndims != 0:
            raise GraphError(f"{name}: mixture_distribution is of whole numbers, {mix.name} is not{here()}")
        if not of.batch_shape.ndims:
            raise ShapeError(f"{name}: components_distribution is a batch of distributions, {of.name} is none{here()}")
        batch, classes, count = of.batch_shape[:-1], mix.logits.shape[-1].value, of.batch_shape[-1].value
        if None not in (classes, count) and classes != count or mix.batch_shape.ndims and not mix.batch_shape.is_compatible_with(batch):
            raise ShapeError(f"{name}: {classes} classes of a batch {mix.batch_shape} do not fit components {of.batch_shape}{here()}")
        given = {"mixture_distribution": mix, "components_distribution": of, "validate_args": validate_args, "allow_nan_stats": allow_nan_stats,
                 "name": name}
        super().__init__(given, of.dtype, name, batch, of.event_shape, validate_args, allow_nan_stats, NOT_REPARAMETERIZED)
        self._mix, self._of, self._events = mix, of, self._rank_of_events()

    @property
    def mixture_distribution(self) -> Any:
        return self._mix

    @property
    def components_distribution(self) -> Any:
        return self._of

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Node:
        """The shape of the batch, int32."""
        return identity(self._of.batch_shape_tensor()[:-1], name=name)

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Node:
        """The shape of one draw, int32."""
        return self._of.event_shape_tensor(name)

    def sample(self, sample_shape: Any = (), seed: int | None = None, name: str = "sample") -> Node:
        """Draws, anew at every run: dtype[sample_shape + batch_shape + event_shape]. ShapeError: no shape."""
        with name_scope(f"{self.name}/{name}"):
            sizes, known = wanted_sizes(sample_shape)
            # One choice for each of the batch, also where all of it is chosen by the same chances.
            each = concat([sizes, self.batch_shape_tensor()], 0) if not self._mix.batch_shape.ndims else sizes
            chosen = one_hot(self._mix.sample(each, seed), self._of.batch_shape_tensor()[-1], on_value=True, off_value=False, dtype="bool")
            found = reduce_sum(where(_behind(chosen, self._events), self._of.sample(sizes, _seed(seed, 1)), 0), -1 - self._events)
            found.set_shape(known.concatenate(self.batch_shape).concatenate(self.event_shape))
            return found

    def _each(self, x: Node) -> Node:
        """A value with an axis for the components."""
        return expand_dims(x, -1 - self._events)

    def _weighed(self, values: Node) -> Node:
        return reduce_sum(_behind(softmax(self._mix.logits), self._events) * values, -1 - self._events)

    def _log_prob(self, x: Node) -> Node:
        return reduce_logsumexp(self._of.log_prob(self._each(x)) + log_softmax(self._mix.logits), -1)

    def _cdf(self, x: Node) -> Node:
        return reduce_sum(softmax(self._mix.logits) * self._of.cdf(self._each(x)), -1)

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Node:
        """The log of the probability of values of at most `value`."""
        with name_scope(f"{self.name}/{name}"):
            return log(self._cdf(self._value(value)))

    def _mean(self) -> Node:
        return self._weighed(self._of.mean())

    def _variance(self) -> Node:
        return self._weighed(self._of.variance() + square(self._of.mean() - self._each(self._mean())))
