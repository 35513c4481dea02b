"""What all bijectors have: a map, its inverse, the logs of their volume changes, shapes of events; each is computed once for a tensor."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ....errors import DTypeError, GraphError, ShapeError
from ....ir.default_graph import control_dependencies
from ....ir.graph import name_scope
from ....ir.known import static_value
from ....ir.node import Node, describe, here
from ....ir.operator import to_node
from ....ir.types import TensorShape, as_dtype, broadcast
from ....ops.array import identity, ones, rank, shape
from ....ops.array import range as counted
from ....ops.reduce import reduce_sum

__all__ = ["Bijector", "ConditionalBijector"]


class MissingError(GraphError, NotImplementedError):
    """A bijector or a distribution is asked for what it has no formula of."""


def checked(x: Node, assertions: Sequence[Any]) -> Node:
    """The tensor, once the assertions hold."""
    if not assertions:
        return x
    with control_dependencies(list(assertions)):
        return identity(x)


def tensor(value: Any, like: Any = None) -> Node:
    """A parameter as a tensor; numbers take the dtype of the tensor beside them."""
    if isinstance(value, Node) or not isinstance(like, Node):
        return to_node(value)
    return to_node(value, like.dtype)


def known_size(x: Node, what: str) -> Any:
    """The last size of a tensor. ShapeError: it is not known."""
    size = None if x.type.shape is None or not x.type.shape else x.shape[-1].value
    if size is None:
        raise ShapeError(f"{what}: the last size of {describe(x)} must be known{here()}")
    return size


class _Mapping:
    """What is known of one pair of points: a tensor, its image, and the log of the inverse's volume change by the rank of events."""

    def __init__(self) -> None:
        self.x: Node | None = None
        self.y: Node | None = None
        self.ildj: dict[Any, Node] = {}
        self.held: Any = None           # what was given by name: alive as long as its identity is a key


class Bijector:
    """A map that is differentiable and has an inverse. A subclass gives `_forward`, `_inverse` and one of the two volume changes.

    `forward_min_event_ndims`, `inverse_min_event_ndims`: over how many of the last axes the map, or its inverse, goes at once; the volume changes
    of more axes are added up. `is_constant_jacobian`: the volume change is the same everywhere. GraphError: none of the two is given, or one is
    negative, or one of `graph_parents` is no tensor. DTypeError: one is no whole number. Source: Dillon et al. (2017), TensorFlow Distributions.

    >>> b = tf.contrib.distributions.bijectors.Exp()
    >>> tf.Session(jit=False).run([b.inverse([1.0, 1.0]), b.forward_log_det_jacobian([0.0, 1.0], event_ndims=1)])
    [array([0., 0.], dtype=float32), np.float32(1.0)]
    """

    def __init__(self, graph_parents: Any = None, is_constant_jacobian: bool = False, validate_args: bool = False, dtype: Any = None,
                 forward_min_event_ndims: int | None = None, inverse_min_event_ndims: int | None = None, name: str | None = None):
        what = type(self).__name__
        if forward_min_event_ndims is None and inverse_min_event_ndims is None:
            raise GraphError(f"{what}: give forward_min_event_ndims or inverse_min_event_ndims{here()}")
        ranks = [forward_min_event_ndims, inverse_min_event_ndims]
        both = [ranks[1] if ranks[0] is None else ranks[0], ranks[0] if ranks[1] is None else ranks[1]]
        for given in both:
            if not isinstance(given, int):
                raise DTypeError(f"{what}: a rank of events is a whole number, not {given!r:.40}{here()}")
            if given < 0:
                raise GraphError(f"{what}: a rank of events is not negative, {given} is{here()}")
        self._graph_parents = list(graph_parents or [])
        for parent in self._graph_parents:
            if not isinstance(parent, Node):
                raise GraphError(f"{what}: {parent!r:.40} of graph_parents is no tensor{here()}")
        self._forward_min_event_ndims, self._inverse_min_event_ndims = both
        self._is_constant_jacobian, self._validate_args, self._dtype = is_constant_jacobian, validate_args, dtype
        self._name = name or re.sub("([a-z0-9])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", what.lstrip("_"))).lower()
        # By the identity of a tensor and what goes with it: a round trip gives the tensor that came, not a copy with another rounding.
        self._from_x: dict[Any, _Mapping] = {}
        self._from_y: dict[Any, _Mapping] = {}
        self._constant: dict[Any, Node] = {}

    # ------------------------------------------------------------------ what it is

    @property
    def graph_parents(self) -> list[Node]:
        return self._graph_parents

    @property
    def forward_min_event_ndims(self) -> Any:
        return self._forward_min_event_ndims

    @property
    def inverse_min_event_ndims(self) -> Any:
        return self._inverse_min_event_ndims

    @property
    def is_constant_jacobian(self) -> bool:
        return self._is_constant_jacobian

    @property
    def _is_injective(self) -> bool:
        return True

    @property
    def validate_args(self) -> bool:
        return self._validate_args

    @property
    def dtype(self) -> Any:
        return self._dtype

    @property
    def name(self) -> str:
        return self._name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    # ------------------------------------------------------------------ shapes

    def forward_event_shape_tensor(self, input_shape: Any, name: str = "forward_event_shape_tensor") -> Node:
        """The shape of an event's image, int32."""
        with self._scope(name):
            return self._forward_event_shape_tensor(to_node(input_shape, None if isinstance(input_shape, Node) else as_dtype("int32")))

    def forward_event_shape(self, input_shape: Any) -> TensorShape:
        """The shape of an event's image, as far as it is known."""
        return TensorShape(self._forward_event_shape(TensorShape(input_shape)))

    def inverse_event_shape_tensor(self, output_shape: Any, name: str = "inverse_event_shape_tensor") -> Node:
        """The shape of the event that has an image of this shape, int32."""
        with self._scope(name):
            return self._inverse_event_shape_tensor(to_node(output_shape, None if isinstance(output_shape, Node) else as_dtype("int32")))

    def inverse_event_shape(self, output_shape: Any) -> TensorShape:
        """The shape of the event that has an image of this shape, as far as it is known."""
        return TensorShape(self._inverse_event_shape(TensorShape(output_shape)))

    def _forward_event_shape_tensor(self, input_shape: Node) -> Node:
        return input_shape

    def _forward_event_shape(self, input_shape: TensorShape) -> Any:
        return input_shape

    def _inverse_event_shape_tensor(self, output_shape: Node) -> Node:
        return output_shape

    def _inverse_event_shape(self, output_shape: TensorShape) -> Any:
        return output_shape

    # ------------------------------------------------------------------ the map

    def forward(self, x: Any, name: str = "forward") -> Any:
        """The image of x. NotImplementedError: there is no formula. DTypeError: x has another dtype than the bijector."""
        return self._call_forward(x, name)

    def inverse(self, y: Any, name: str = "inverse") -> Any:
        """What has the image y; of a map that takes several points to one, a tuple of them. Errors as `forward`."""
        return self._call_inverse(y, name)

    def inverse_log_det_jacobian(self, y: Any, event_ndims: Any, name: str = "inverse_log_det_jacobian") -> Any:
        """The log of the absolute determinant of the inverse's derivative at y, over the last `event_ndims` axes.

        Errors as `forward`; ShapeError: fewer axes than the map goes over.
        """
        return self._call_inverse_log_det_jacobian(y, event_ndims, name)

    def forward_log_det_jacobian(self, x: Any, event_ndims: Any, name: str = "forward_log_det_jacobian") -> Any:
        """The log of the absolute determinant of the map's derivative at x, over the last `event_ndims` axes. Errors as the inverse's."""
        return self._call_forward_log_det_jacobian(x, event_ndims, name)

    def _forward(self, *args: Any, **kwargs: Any) -> Any:
        raise self._absent("forward")

    def _inverse(self, *args: Any, **kwargs: Any) -> Any:
        raise self._absent("inverse")

    def _inverse_log_det_jacobian(self, *args: Any, **kwargs: Any) -> Any:
        raise self._absent("inverse_log_det_jacobian")

    def _forward_log_det_jacobian(self, *args: Any, **kwargs: Any) -> Any:
        raise self._absent("forward_log_det_jacobian")

    def _call_forward(self, x: Any, name: str, **kwargs: Any) -> Any:
        with self._scope(name):
            x = self._operand(x)
            if not self._is_injective:
                return self._forward(x, **kwargs)
            found = self._known(x, None, kwargs)
            if found.y is None:
                self._pair(found, x, self._forward(x, **kwargs), kwargs)
            return found.y

    def _call_inverse(self, y: Any, name: str, **kwargs: Any) -> Any:
        with self._scope(name):
            y = self._operand(y)
            if not self._is_injective:
                return self._inverse(y, **kwargs)
            found = self._known(None, y, kwargs)
            if found.x is None:
                self._pair(found, self._inverse(y, **kwargs), y, kwargs)
            return found.x

    def _call_inverse_log_det_jacobian(self, y: Any, event_ndims: Any, name: str, **kwargs: Any) -> Any:
        with self._scope(name):
            events = self._events(event_ndims, self.inverse_min_event_ndims)
            if events in self._constant:
                return self._constant[events]
            y = self._operand(y)
            if not self._is_injective:
                return self._of_each(y, events, kwargs)
            found = self._known(None, y, kwargs)
            if events not in found.ildj:
                found.ildj[events] = self._first(
                    lambda: self._over(y, self._inverse_log_det_jacobian(y, **kwargs), self.inverse_min_event_ndims, events),
                    lambda: self._through(found, self._over, events, kwargs))
            return self._kept(events, found.ildj[events])

    def _call_forward_log_det_jacobian(self, x: Any, event_ndims: Any, name: str, **kwargs: Any) -> Any:
        if not self._is_injective:
            raise MissingError(f"{type(self).__name__} has no forward_log_det_jacobian: it takes several points to one{here()}")
        with self._scope(name):
            events = self._events(event_ndims, self.forward_min_event_ndims)
            if events in self._constant:
                return -self._constant[events]
            x = self._operand(x)
            found = self._known(x, None, kwargs)
            if events not in found.ildj:
                found.ildj[events] = self._first(
                    lambda: -self._over(x, self._forward_log_det_jacobian(x, **kwargs), self.forward_min_event_ndims, events),
                    lambda: self._back(found, events, kwargs))
            return -self._kept(events, found.ildj[events])

    # ------------------------------------------------------------------ what serves them

    def _through(self, found: _Mapping, over: Callable[..., Node], events: Any, kwargs: dict[str, Any]) -> Node:
        """The inverse's volume change by that of the map, at the point before it."""
        y = found.y
        if found.x is None:
            self._pair(found, self._inverse(y, **kwargs), y, kwargs)
        return -over(found.x, self._forward_log_det_jacobian(found.x, **kwargs), self.forward_min_event_ndims, events)

    def _back(self, found: _Mapping, events: Any, kwargs: dict[str, Any]) -> Node:
        """The inverse's volume change at the image of a point."""
        x = found.x
        if found.y is None:
            self._pair(found, x, self._forward(x, **kwargs), kwargs)
        y: Any = found.y
        change = self._inverse_log_det_jacobian(y, **kwargs)
        return self._over(y, change, self.inverse_min_event_ndims, events)

    def _of_each(self, y: Node, events: Any, kwargs: dict[str, Any]) -> tuple[Node, ...]:
        """The inverse's volume changes at all points that have one image."""
        def own() -> tuple[Node, ...]:
            return tuple(self._over(y, part, self.inverse_min_event_ndims, events) for part in self._inverse_log_det_jacobian(y, **kwargs))

        def through() -> tuple[Node, ...]:
            points = self._inverse(y, **kwargs)
            return tuple(-self._over(x, self._forward_log_det_jacobian(x, **kwargs), self.forward_min_event_ndims, events) for x in points)
        return self._first(own, through)

    @staticmethod
    def _first(one: Callable[[], Any], other: Callable[[], Any]) -> Any:
        """What the first gives, or the second where the first has no formula; if none has one, the first one's error."""
        try:
            return one()
        except NotImplementedError as absent:
            try:
                return other()
            except NotImplementedError:
                raise absent from None

    def _kept(self, events: Any, change: Node) -> Node:
        if self.is_constant_jacobian:
            self._constant[events] = change
        return change

    @staticmethod
    def _key(node: Node, kwargs: dict[str, Any]) -> Any:
        def hashable(value: Any) -> Any:
            if isinstance(value, dict):
                return tuple((k, hashable(v)) for k, v in sorted(value.items()))
            return tuple(map(hashable, value)) if isinstance(value, (list, tuple)) else id(value)
        return id(node), hashable(kwargs)

    def _known(self, x: Node | None, y: Node | None, kwargs: dict[str, Any]) -> _Mapping:
        """What is known of a point, or of an image; it is remembered from now on."""
        table, node = (self._from_x, x) if x is not None else (self._from_y, y)
        assert node is not None
        found = table.setdefault(self._key(node, kwargs), _Mapping())
        found.x, found.y, found.held = found.x if x is None else x, found.y if y is None else y, kwargs
        return found

    def _pair(self, found: _Mapping, x: Any, y: Any, kwargs: dict[str, Any]) -> None:
        found.x, found.y = x, y
        self._from_x[self._key(x, kwargs)] = self._from_y[self._key(y, kwargs)] = found

    def _operand(self, value: Any) -> Node:
        node = to_node(value)
        if self.dtype is not None and as_dtype(self.dtype) != node.dtype:
            raise DTypeError(f"{type(self).__name__} is of {as_dtype(self.dtype).name}, not so {describe(node)}{here()}")
        return node

    def _events(self, event_ndims: Any, least: int) -> Any:
        """The rank of events, a number where it is known. DTypeError: no whole number. ShapeError: no scalar, or fewer than the least."""
        known = static_value(event_ndims) if isinstance(event_ndims, Node) else np.asarray(event_ndims)
        kind = event_ndims.type.dtype.kind if isinstance(event_ndims, Node) else np.asarray(event_ndims).dtype.kind
        if kind not in "iu":
            raise DTypeError(f"{type(self).__name__}: event_ndims is a whole number, not {event_ndims!r:.40}{here()}")
        if known is None:
            return event_ndims
        if known.ndim or int(known) < least:
            raise ShapeError(f"{type(self).__name__}: event_ndims is a number of {least} or more, not {known.tolist()}{here()}")
        return int(known)

    def _over(self, x: Node, change: Any, least: int, events: Any) -> Node:
        """The volume changes of events of the least rank, added up over events of a greater one, of each of which x has the sizes."""
        change = tensor(change, x)
        if isinstance(events, int) and events == least:
            return identity(change)
        ranked = x.type.rank if x.type.rank is not None else rank(x)
        sizes = shape(x)[ranked - events:ranked - least]
        known = x.type.shape
        axes: Any = [*range(least - events, 0)] if isinstance(events, int) else counted(least - events, 0)
        found = reduce_sum(ones(sizes, change.dtype) * change, axes)
        if isinstance(events, int) and known is not None and change.type.shape is not None:
            full = TensorShape(broadcast(change.type.shape, known[len(known) - events:len(known) - least]))
            if full.ndims is not None:
                found.set_shape(full[:full.ndims - (events - least)])
        return found

    def _absent(self, what: str) -> MissingError:
        return MissingError(f"{type(self).__name__} has no {what}{here()}")

    @contextmanager
    def _scope(self, name: str | None) -> Iterator[str]:
        with name_scope(self.name), name_scope(name) as scope:
            yield scope

    def _name_scope(self, name: str | None = None, values: Any = None) -> Any:
        """The scope of what a subclass makes; `values` has no effect."""
        return self._scope(name)


class ConditionalBijector(Bijector):
    """A bijector whose maps take more by name than the tensor: what is given goes to `_forward`, `_inverse` and the volume changes."""

    def forward(self, x: Any, name: str = "forward", **condition_kwargs: Any) -> Any:
        """`Bijector.forward` with what the subclass takes by name. Errors as of that."""
        return self._call_forward(x, name, **condition_kwargs)

    def inverse(self, y: Any, name: str = "inverse", **condition_kwargs: Any) -> Any:
        """`Bijector.inverse` with what the subclass takes by name. Errors as of that."""
        return self._call_inverse(y, name, **condition_kwargs)

    def inverse_log_det_jacobian(self, y: Any, event_ndims: Any, name: str = "inverse_log_det_jacobian", **condition_kwargs: Any) -> Any:
        """`Bijector.inverse_log_det_jacobian` with what the subclass takes by name. Errors as of that."""
        return self._call_inverse_log_det_jacobian(y, event_ndims, name, **condition_kwargs)

    def forward_log_det_jacobian(self, x: Any, event_ndims: Any, name: str = "forward_log_det_jacobian", **condition_kwargs: Any) -> Any:
        """`Bijector.forward_log_det_jacobian` with what the subclass takes by name. Errors as of that."""
        return self._call_forward_log_det_jacobian(x, event_ndims, name, **condition_kwargs)


def bijector_of(what: str, given: Any) -> Any:
    """A bijector as it is given; GraphError, which names what asks for it, if it is none."""
    if not isinstance(given, Bijector):
        raise GraphError(f"{what}: {given!r:.60} is no bijector{here()}")
    return given
