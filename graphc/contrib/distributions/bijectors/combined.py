"""Bijectors made of others or of functions: chained, turned round, given in line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ....errors import DTypeError
from ....ir.node import Node, here
from ....ir.operator import to_node
from ....ir.types import TensorShape
from ....ops.array import identity, rank, shape, size
from .base import Bijector, MissingError, bijector_of

__all__ = ["Chain", "Inline", "Invert"]


def _injective(what: str, bijector: Any) -> Any:
    if not bijector_of(what, bijector)._is_injective:
        raise MissingError(f"{what}: {bijector.name} takes several points to one{here()}")
    return bijector


def _least_rank(steps: Sequence[tuple[int, int]]) -> int:
    """Over how many axes a chain goes at once, of the ranks that each step takes and gives, in the order in which they are taken."""
    least = reached = 0
    for takes, gives in steps:
        least += max(takes - reached, 0)
        reached = max(takes, reached) - (takes - gives)
    return least


class Chain(Bijector):
    """The bijectors one after the other, the last one first, as functions are composed. What goes to one by name is given by its name.

    NotImplementedError: one takes several points to one. DTypeError: they are of several dtypes. GraphError: one is no bijector.

    >>> b = tf.contrib.distributions.bijectors
    >>> tf.Session(jit=False).run(b.Chain([b.AffineScalar(scale=2.0), b.AffineScalar(shift=1.0)]).forward([-1.0, 0.0]))
    array([0., 2.], dtype=float32)
    """

    def __init__(self, bijectors: Any = None, validate_args: bool = False, name: str | None = None):
        self._bijectors = [_injective("Chain", b) for b in bijectors or ()]
        dtypes = {b.dtype for b in self._bijectors} - {None}
        if len(dtypes) > 1:
            raise DTypeError(f"Chain: the bijectors are of several dtypes, {sorted(str(d) for d in dtypes)}{here()}")
        ranks = [(b.forward_min_event_ndims, b.inverse_min_event_ndims) for b in self._bijectors]
        super().__init__([p for b in self._bijectors for p in b.graph_parents], all(b.is_constant_jacobian for b in self._bijectors), validate_args,
                         next(iter(dtypes), None), _least_rank(ranks[::-1]), _least_rank([(gives, takes) for takes, gives in ranks]),
                         name or ("_of_".join(["chain", *(b.name for b in self._bijectors)]) if self._bijectors else "identity"))

    @property
    def bijectors(self) -> list[Any]:
        return self._bijectors

    def _forward_event_shape(self, input_shape: TensorShape) -> TensorShape:
        for b in reversed(self._bijectors):
            input_shape = b.forward_event_shape(input_shape)
        return input_shape

    def _forward_event_shape_tensor(self, input_shape: Node) -> Node:
        for b in reversed(self._bijectors):
            input_shape = b.forward_event_shape_tensor(input_shape)
        return input_shape

    def _inverse_event_shape(self, output_shape: TensorShape) -> TensorShape:
        for b in self._bijectors:
            output_shape = b.inverse_event_shape(output_shape)
        return output_shape

    def _inverse_event_shape_tensor(self, output_shape: Node) -> Node:
        for b in self._bijectors:
            output_shape = b.inverse_event_shape_tensor(output_shape)
        return output_shape

    def _forward(self, x: Node, **kwargs: Any) -> Node:
        for b in reversed(self._bijectors):
            x = b.forward(x, **kwargs.get(b.name, {}))
        return x if self._bijectors else identity(x)

    def _inverse(self, y: Node, **kwargs: Any) -> Node:
        for b in self._bijectors:
            y = b.inverse(y, **kwargs.get(b.name, {}))
        return y if self._bijectors else identity(y)

    def _changes(self, x: Node, backwards: bool, least: int, kwargs: dict[str, Any]) -> Node:
        """The volume changes of the steps added up, each at the point that the steps before it lead to, over events as they have become."""
        total = to_node(0.0, x.dtype)
        events: Any = least
        own = x.type.shape
        sizes: Any = TensorShape(own[len(own) - events:]) if own is not None else shape(x)[rank(x) - events:]
        way, moved = ("inverse", self._bijectors) if backwards else ("forward", self._bijectors[::-1])
        for b in moved:
            given = kwargs.get(b.name, {})
            total = total + getattr(b, f"{way}_log_det_jacobian")(x, event_ndims=events, **given)
            static = isinstance(sizes, TensorShape)
            sizes = getattr(b, f"{way}_event_shape" if static else f"{way}_event_shape_tensor")(sizes)
            events = sizes.ndims if static else size(sizes)
            x = getattr(b, way)(x, **given)
        return total

    def _inverse_log_det_jacobian(self, y: Node, **kwargs: Any) -> Node:
        return self._changes(y, True, self.inverse_min_event_ndims, kwargs)

    def _forward_log_det_jacobian(self, x: Node, **kwargs: Any) -> Node:
        return self._changes(x, False, self.forward_min_event_ndims, kwargs)


class Invert(Bijector):
    """A bijector turned round: its inverse is the map. NotImplementedError: it takes several points to one.

    >>> b = tf.contrib.distributions.bijectors
    >>> tf.Session(jit=False).run(b.Invert(b.AffineScalar(scale=2.0)).forward([0.0, 1.0]))
    array([0. , 0.5], dtype=float32)
    """

    def __init__(self, bijector: Any, validate_args: bool = False, name: str | None = None):
        self._bijector = _injective("Invert", bijector)
        super().__init__(bijector.graph_parents, bijector.is_constant_jacobian, validate_args, bijector.dtype, bijector.inverse_min_event_ndims,
                         bijector.forward_min_event_ndims, name or f"invert_{bijector.name}")

    @property
    def bijector(self) -> Any:
        return self._bijector

    def _forward_event_shape(self, input_shape: TensorShape) -> Any:
        return self._bijector._inverse_event_shape(input_shape)

    def _forward_event_shape_tensor(self, input_shape: Node) -> Any:
        return self._bijector._inverse_event_shape_tensor(input_shape)

    def _inverse_event_shape(self, output_shape: TensorShape) -> Any:
        return self._bijector._forward_event_shape(output_shape)

    def _inverse_event_shape_tensor(self, output_shape: Node) -> Any:
        return self._bijector._forward_event_shape_tensor(output_shape)

    def _forward(self, x: Node, **kwargs: Any) -> Any:
        return self._bijector._inverse(x, **kwargs)

    def _inverse(self, y: Node, **kwargs: Any) -> Any:
        return self._bijector._forward(y, **kwargs)

    def _inverse_log_det_jacobian(self, y: Node, **kwargs: Any) -> Any:
        return self._bijector._forward_log_det_jacobian(y, **kwargs)

    def _forward_log_det_jacobian(self, x: Node, **kwargs: Any) -> Any:
        return self._bijector._inverse_log_det_jacobian(x, **kwargs)


def _given(attribute: str) -> Callable[..., Any]:
    """A method that calls the function which is given for it; without one, the bijector has no such formula."""
    def call(self: Inline, t: Node, **kwargs: Any) -> Any:
        function = self._functions[attribute]
        if not callable(function):
            raise self._absent(attribute)
        return function(t, **kwargs)
    return call


def _shaped(attribute: str) -> Callable[..., Any]:
    """A method that calls the function which is given for it; without one, shapes stay as they are."""
    return lambda self, sizes: sizes if self._functions[attribute] is None else self._functions[attribute](sizes)


class Inline(Bijector):
    """A bijector of functions: of the map, its inverse, one of the volume changes, and what becomes of shapes. Errors as `Bijector`.

    GraphError: no rank of events is given. DTypeError: it is no whole number.

    >>> b = tf.contrib.distributions.bijectors.Inline(tf.exp, tf.log, lambda y: -tf.log(y), forward_min_event_ndims=0)
    >>> tf.Session(jit=False).run(b.forward_log_det_jacobian([0.0, 2.0], event_ndims=0))
    array([0., 2.], dtype=float32)
    """

    def __init__(self, forward_fn: Any = None, inverse_fn: Any = None, inverse_log_det_jacobian_fn: Any = None,
                 forward_log_det_jacobian_fn: Any = None, forward_event_shape_fn: Any = None, forward_event_shape_tensor_fn: Any = None,
                 inverse_event_shape_fn: Any = None, inverse_event_shape_tensor_fn: Any = None, is_constant_jacobian: bool = False,
                 validate_args: bool = False, forward_min_event_ndims: int | None = None, inverse_min_event_ndims: int | None = None,
                 name: str = "inline"):
        super().__init__(None, is_constant_jacobian, validate_args, None, forward_min_event_ndims, inverse_min_event_ndims, name)
        self._functions = {"forward": forward_fn, "inverse": inverse_fn, "inverse_log_det_jacobian": inverse_log_det_jacobian_fn,
                           "forward_log_det_jacobian": forward_log_det_jacobian_fn, "forward_event_shape": forward_event_shape_fn,
                           "forward_event_shape_tensor": forward_event_shape_tensor_fn, "inverse_event_shape": inverse_event_shape_fn,
                           "inverse_event_shape_tensor": inverse_event_shape_tensor_fn}

    _forward, _inverse = _given("forward"), _given("inverse")
    _inverse_log_det_jacobian, _forward_log_det_jacobian = _given("inverse_log_det_jacobian"), _given("forward_log_det_jacobian")
    _forward_event_shape, _forward_event_shape_tensor = _shaped("forward_event_shape"), _shaped("forward_event_shape_tensor")
    _inverse_event_shape, _inverse_event_shape_tensor = _shaped("inverse_event_shape"), _shaped("inverse_event_shape_tensor")
