"""What the layers that are here share: the arguments of their constructors are their attributes, and their configurations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DTypeError, GraphError
from ...ir.configured import arguments, plain
from ...ir.node import Node, Operation, describe, here
from ...ir.operator import to_node
from ...ir.types import TensorShape, as_shape
from ...ops.array import reshape
from ...ops.math import cast
from .. import activations, constraints, initializers, regularizers
from ..backend import state
from ..engine.layer import Layer

# What the ends of the names of arguments say: how names and configurations become objects, and objects become what is written down.
_KINDS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "initializer": (initializers.get, initializers.serialize), "regularizer": (regularizers.get, regularizers.serialize),
    "constraint": (constraints.get, constraints.serialize), "activation": (activations.get, activations.serialize)}
_OF_BASE = ("name", "trainable", "dtype")


class StatedLayer(Layer):
    """A layer whose constructor gives its arguments to `_state`: they become attributes, and `get_config` reads them there."""

    if TYPE_CHECKING:
        def __getattr__(self, name: str) -> Any: ...

    def _state(self, arguments: Mapping[str, Any]) -> None:
        """Keep the arguments of a constructor, `locals()` there, as attributes; names and configurations become what they stand for."""
        for name, value in arguments.items():
            if name in ("self", "kwargs", "__class__", *_OF_BASE) or name.startswith("_"):
                continue
            read = _KINDS.get(name.rpartition("_")[2])
            setattr(self, name, value if read is None else self._read(name, read[0], value))

    def _read(self, name: str, read: Callable[[Any], Any], value: Any) -> Any:
        try:
            return read(value)
        except GraphError as e:
            raise GraphError(f"{self._name}: {e}") from None

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer anew, as plain data."""
        own = {name: self._written(name) for name in arguments(self) if name not in _OF_BASE}
        return {**super().get_config(), **own}

    def _written(self, name: str) -> Any:
        kind = _KINDS.get(name.rpartition("_")[2])
        value = getattr(self, name)
        return plain(value) if kind is None else kind[1](value)

    def _floats(self, x: Any) -> Node:
        """The inputs, once they are of a floating dtype."""
        x = to_node(x)
        if x.type.dtype.kind != "f":
            raise DTypeError(f"{self._name}: {describe(x)} is not of a floating dtype{here()}")
        return x


class SameShape(StatedLayer):
    """A layer that gives what is of the shape of its inputs, and hands their mask on."""

    supports_masking = True

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape of the inputs."""
        return TensorShape(as_shape(input_shape))


def dims_of(shape: Any, rank: int) -> list[Any]:
    """The sizes of a shape, as many None if its rank is not known."""
    return list(as_shape(shape) or [None] * rank)


def each(layer: str, what: str, given: Any, count: int, least: int = 1) -> tuple[int, ...]:
    """A number for each axis, from one for all of them or one each. GraphError: it is neither."""
    values = tuple(given) if isinstance(given, (list, tuple, np.ndarray, TensorShape)) else (given,) * count
    if len(values) != count or not all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) and v >= least for v in values):
        raise GraphError(f"{layer}: {what} is a number of {least} or more, or {count} of them, not {given!r:.60}{here()}")
    return tuple(map(int, values))


def word(layer: str, what: str, given: Any, allowed: tuple[str, ...]) -> str:
    """One of some words, in any case. GraphError: it is none."""
    found = given.lower() if isinstance(given, str) else given
    if found not in allowed:
        raise GraphError(f"{layer}: {what} is one of {', '.join(map(repr, allowed))}, not {given!r:.40}{here()}")
    return str(found)


def format_of(layer: str, given: Any) -> str:
    """Where channels stand: as it is said, or as the backend has it. GraphError: another word."""
    return word(layer, "data_format", state.image_data_format() if given is None else given, ("channels_last", "channels_first"))


def trains(what: str, training: Any) -> bool | Node:
    """The switch of a call: a truth value while the graph is built, or a bool[] tensor that a run decides. GraphError: no truth value."""
    if isinstance(training, Operation) or not isinstance(training, (bool, int, np.bool_, np.integer, Node, type(None))):
        raise GraphError(f"{what}: {training!r:.60} is no truth value{here()}")
    known = state.known_phase(training)
    if known is not None:
        return known
    x = cast(state.learning_phase() if training is None else training, "bool")
    return x if x.type.rank == 0 else reshape(x, [])
