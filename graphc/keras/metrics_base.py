"""Metrics as objects: numbers that are kept over batches, what a batch adds to them, and what they come to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import GraphError, ShapeError, UnimplementedError
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import as_shape
from ..ops.array import broadcast_to, expand_dims, identity
from ..ops.array import shape as shape_of
from ..ops.array import size as size_of
from ..ops.math import cast, div_no_nan
from ..ops.reduce import reduce_mean, reduce_sum
from ..ops.state import Variable, assign_add, group
from .backend import state
from .engine.history import layered
from .engine.layer import Layer
from .losses_base import aligned
from .named import scope_name

_CHANGES = ("assign", "assign_add", "assign_sub")


class Metric(Layer):
    """What metrics share. `update_state(...)` gives an operation that takes a batch in, `result()` the value of all batches, and a call both:
    the value after the batch. `reset_states()` begins anew, in the session of Keras.

    A program's own makes its numbers by `add_weight`, local variables that begin as zeros, and says by `update_state` and `result` what they
    are for. UnimplementedError: it does not.

    >>> class Largest(tf.keras.metrics.Metric):
    ...     def __init__(self, name="largest", **kwargs):
    ...         super().__init__(name=name, **kwargs)
    ...         self.seen = self.add_weight("seen", initializer="zeros")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.seen.assign(tf.maximum(self.seen, tf.reduce_max(y_pred)))
    ...     def result(self):
    ...         return self.seen
    >>> metric, sess = Largest(), tf.Session(jit=False)
    >>> value = metric([0.0], [3.0])
    >>> sess.run(value), sess.run(metric.result())
    (np.float32(3.0), np.float32(3.0))
    """

    stateful = True

    def __init__(self, name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name=name, dtype=dtype or state.floatx(), **kwargs)
        self.built = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "update_state" in vars(cls):
            setattr(cls, "update_state", _noted(vars(cls)["update_state"]))  # noqa: B010

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """An operation that takes a batch in."""
        raise UnimplementedError(f"{type(self).__name__} does not say what a batch adds: it has no update_state{here()}")

    def result(self) -> Any:
        """The value of all batches."""
        raise UnimplementedError(f"{type(self).__name__} does not say what its numbers come to: it has no result{here()}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        graph = get_default_graph()
        with graph.name_scope(scope_name(self._name)):
            update = self.update_state(*args, **kwargs)
            with graph.control_dependencies([update]):
                value = identity(self.result())
        layered(graph).measured[value] = self
        return value

    def add_weight(self, name: str | None = None, shape: Any = (), aggregation: Any = None,  # type: ignore[override]
                   synchronization: Any = None, initializer: Any = None, dtype: Any = None, **options: Any) -> Variable:
        """A number that is kept over batches, zeros by default."""
        from .initializers import get
        graph, kind, dims = get_default_graph(), dtype or self._dtype, as_shape(shape if shape is not None else ())
        if dims is None or None in dims:
            raise ShapeError(f"add_weight({name!r:.60}) needs a fully known shape, not {shape}{here()}")
        with graph.control_dependencies(None), graph.name_scope(scope_name(self._name)):
            start = (get(initializer) or get("zeros"))(dims, dtype=kind)
            made = Variable(start, trainable=False, name=name, collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES])
        self._weights.append(made)
        self._own_names[made] = name or made.op.name.rpartition("/")[2]
        return made

    def reset_states(self) -> None:
        """Let all numbers be 0 again."""
        for variable in self._weights:
            state.session_of(variable.graph).load(variable, np.zeros(variable.type.shape, variable.type.dtype))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The metric of those arguments."""
        return cls(**config)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the metric anew."""
        return {"name": self._name, "dtype": None if self._dtype is None else self._dtype.name}


def _noted(update: Callable[..., Any]) -> Callable[..., Any]:
    """`update_state`, which gives an operation even where it only assigns."""
    if getattr(update, "gives_operation", False):
        return update

    def update_state(self: Any, *args: Any, **kwargs: Any) -> Any:
        graph = get_default_graph()
        since = len(graph.nodes)
        given = update(self, *args, **kwargs)
        if given is None:
            own = self._variables()
            given = group(*(n for n in list(graph.nodes)[since:] if n.operator.name in _CHANGES and n.inputs and n.inputs[0] in own))
        return given
    update_state.__doc__, update_state.gives_operation = update.__doc__, True  # type: ignore[attr-defined]
    return update_state


# ---------------------------------------------------------------------- sums and means

class _Reduced(Metric):
    """What adds up values shares: their weights, and the sums."""

    _counts = True

    def __init__(self, name: str, dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_weight("total", initializer="zeros")
        if self._counts:
            self.count = self.add_weight("count", initializer="zeros")

    def update_state(self, values: Any, sample_weight: Any = None) -> Any:
        """An operation that adds the values, times their weights, and their number, or the sum of the weights."""
        x = cast(to_node(values), self._dtype)
        if sample_weight is None:
            total, count = reduce_sum(x), cast(size_of(x, out_type="int64"), self._dtype)
        else:
            x, w = spread(x, cast(to_node(sample_weight), self._dtype), reduce_mean if self._counts else reduce_sum)
            total, count = reduce_sum(x * w), reduce_sum(w)
        added = [assign_add(self.total, total)]
        return group(*added, *([assign_add(self.count, count)] if self._counts else []))

    def result(self) -> Any:
        """What the values come to."""
        return div_no_nan(self.total, self.count) if self._counts else identity(self.total)


def spread(values: Node, weights: Node, reduce: Callable[..., Any]) -> tuple[Node, Node]:
    """Values and weights of one shape: those of rows hold for all of a row, and values of yet more axes are reduced along those."""
    values, weights = _squeezed(values, weights)
    rank, wide = weights.type.rank, values.type.rank
    if rank is not None and wide is not None and rank == wide - 1 > 0:
        weights = expand_dims(weights, axis=-1)
    elif rank is not None and wide is not None and 0 < rank < wide:
        values = reduce(values, axis=list(range(rank, wide)))
    return values, broadcast_to(weights, shape_of(values))


def _squeezed(values: Node, weights: Node) -> tuple[Node, Node]:
    """Weights without a last dimension of 1 that the values have not."""
    if weights.type.rank == 0:
        return values, weights
    if weights.type.rank is not None and values.type.rank is not None and weights.type.rank > values.type.rank + 1:
        raise ShapeError(f"the weights {describe(weights)} do not fit the values {describe(values)}{here()}")
    weights, values = aligned(weights, values)
    return values, weights


class Mean(_Reduced):
    """The weighted mean of all values of all batches, 0 before there is one: sum(values * weights) / sum(weights).

    number[...] -> float32[]. ShapeError, by the call: weights that do not fit.

    >>> metric, sess = tf.keras.metrics.Mean(), tf.Session(jit=False)
    >>> update = metric.update_state([1.0, 3.0, 5.0, 7.0], sample_weight=[1.0, 1.0, 0.0, 0.0])
    >>> sess.run(update)
    >>> sess.run(metric.result())
    np.float32(2.0)
    """

    def __init__(self, name: str = "mean", dtype: Any = None):
        super().__init__(name, dtype)


class Sum(_Reduced):
    """The weighted sum of all values of all batches. number[...] -> float32[]. ShapeError, by the call: weights that do not fit."""

    _counts = False

    def __init__(self, name: str = "sum", dtype: Any = None):
        super().__init__(name, dtype)


class MeanTensor(Metric):
    """The weighted mean over all batches of each element of a tensor of a known shape. ShapeError, by the call: it is not known, or another."""

    def __init__(self, name: str = "mean_tensor", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total: Any = None
        self.count: Any = None

    def update_state(self, values: Any, sample_weight: Any = None) -> Any:
        """An operation that adds the values, times their weights, and the weights."""
        x = cast(to_node(values), self._dtype)
        if not x.type.known:
            raise ShapeError(f"{self._name}: the shape of {describe(x)} is not known{here()}")
        if self.total is None:
            self.total, self.count = (self.add_weight(name, x.type.shape) for name in ("total", "count"))
        if x.type.shape != self.total.type.shape:
            raise ShapeError(f"{self._name}: {describe(x)} is not of the shape of the batches before, {self.total.shape}{here()}")
        w = cast(to_node(1.0 if sample_weight is None else sample_weight), self._dtype)
        x, w = spread(x, w, reduce_mean)
        return group(assign_add(self.total, x * w), assign_add(self.count, w))

    def result(self) -> Any:
        """The means; GraphError before there is a batch."""
        if self.total is None:
            raise GraphError(f"{self._name}: no batch was taken in, which would tell the shape{here()}")
        return div_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """The mean of what a function of labels and predictions gives. ShapeError, DTypeError, by the call: operands that do not fit.

    >>> metric, sess = tf.keras.metrics.MeanMetricWrapper(tf.keras.losses.mean_squared_error, name="mse"), tf.Session(jit=False)
    >>> sess.run(metric([[0.0]], [[3.0]]))
    np.float32(9.0)
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name or str(getattr(fn, "__name__", "mean")), dtype)
        self._fn, self._fn_kwargs = fn, kwargs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:  # type: ignore[override]
        """An operation that takes in what the function gives of a batch."""
        z, y = aligned(cast(to_node(y_true), self._dtype), cast(to_node(y_pred), self._dtype))
        return super().update_state(self._fn(z, y, **self._fn_kwargs), sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the metric anew."""
        own = {} if type(self) is not MeanMetricWrapper else {"fn": self._fn}
        return {**super().get_config(), **own, **{k: v for k, v in self._fn_kwargs.items() if not isinstance(v, Node)}}
