"""Elements that may be missing: `Optional`, the next element of an iterator or none, which is no error of the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import GraphError, OutOfRangeError
from ..ir.default_graph import control_dependencies
from ..ir.node import Node, here
from ..ir.operator import to_node
from ..ir.types import TEXT, Array, TensorType
from ..ops.array import identity
from ..ops.debug import Assert
from ..ops.outside import arrival
from ..ops.sources import constant
from ..runtime.resources import Resources
from .iterator import Iterator
from .specs import OfElements
from .structure import Structure, of_specs, taken_apart, told

__all__ = ["Optional", "OptionalSpec", "get_next_as_optional"]


class Optional:
    """An element, or none: `has_value()` says which, a tensor that a run may look at before `get_value()`.

    >>> iterator = tf.data.Dataset.range(1).make_one_shot_iterator()
    >>> element = tf.data.experimental.get_next_as_optional(iterator)
    >>> with tf.Session(jit=False) as sess:
    ...     print(sess.run([element.has_value(), element.get_value()]), sess.run(element.has_value()))
    [np.True_, np.int64(0)] False
    """

    def __init__(self, structure: Structure, has: Node, parts: Sequence[Node]):
        self._structure, self._has, self._parts = structure, has, list(parts)

    def has_value(self, name: str | None = None) -> Node:
        """Whether there is an element: bool[]."""
        return identity(self._has, name=name)

    def get_value(self, name: str | None = None) -> Any:
        """The element, nested as it is. InvalidArgumentError, when run: there is none."""
        with control_dependencies([Assert(self._has, ["Optional.get_value: there is no element"])]):
            return self._structure.pack([identity(p) for p in self._parts])

    @property
    def value_structure(self) -> Any:
        """What is known of the element's components, nested as it is."""
        return told(self._structure, "specs")

    @staticmethod
    def from_value(value: Any) -> Optional:
        """One that has an element: tensors, or tuples and dicts of them."""
        form, parts = taken_apart(value)
        nodes = [to_node(p) for p in parts]
        return Optional(Structure(form, tuple(n.type for n in nodes)), constant(True), nodes)

    @staticmethod
    def none_from_structure(value_structure: Any) -> Optional:
        """One that has no element, of which specs say what it would be. GraphError: no specs."""
        structure = of_specs("Optional.none_from_structure", value_structure)
        return Optional(structure, constant(False), [to_node(a) for a in _nothing(structure.types)])

    def __repr__(self) -> str:
        return f"<Optional {self.value_structure!r}>"


def _nothing(types: Sequence[TensorType]) -> list[Array]:
    """What stands in the place of components that are not there: nothing looks at it."""
    shapes = [[d if isinstance(d, int) else 0 for d in t.shape or ()] for t in types]
    return [np.full(s, b"", object) if t.dtype == TEXT else np.zeros(s, t.dtype) for s, t in zip(shapes, types, strict=True)]


class _NextOrNone:
    """The source of an optional next element: whether there is one, and its components."""

    def __init__(self, iterator: Iterator):
        self.next = iterator.source()
        self.types = iterator._structure.types

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Array]:
        try:
            return [np.array(True), *self.next.bring(kept, inputs)]
        except OutOfRangeError:
            return [np.array(False), *_nothing(self.types)]


def get_next_as_optional(iterator: Iterator) -> Optional:
    """The next element of an iterator, or none at its end. GraphError: no iterator.

    FailedPreconditionError, when run: the iterator is not initialised.
    """
    if not isinstance(iterator, Iterator):
        raise GraphError(f"get_next_as_optional takes an iterator, not {iterator!r:.60}{here()}")
    inputs = () if iterator._by is None else (iterator._by,)
    types = [TensorType(np.dtype(bool), ()), *iterator._structure.types]
    has, *parts = arrival(iterator._graph, _NextOrNone(iterator), inputs, types, "IteratorGetNextAsOptional")
    return Optional(iterator._structure, has, parts)


class OptionalSpec(OfElements):
    """What is known of an `Optional`: specs of its element's components, nested as these are. GraphError: no specs.

    >>> spec = tf.data.experimental.OptionalStructure(tf.TensorSpec([], tf.int32))
    >>> spec.is_compatible_with(tf.data.experimental.Optional.from_value(3))
    True
    """

    value_type = Optional

    def __init__(self, value_structure: Any):
        super().__init__(value_structure)           # by TensorFlow's name for it
