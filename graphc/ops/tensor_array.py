"""`TensorArray`: rows of one tensor that are written one at a time, each once; a new value with each write, so that loops can carry it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, GraphError, ShapeError
from ..ir import nest
from ..ir.node import OPERATORS, Node, Operation, describe, dtype_of, here, saying
from ..ir.operator import to_node
from ..ir.types import TensorShape, TensorType, as_shape, compatible, merge, shape_str
from .array import fill, gather, reshape, shape
from .math import cast
from .rows import all_rows, checked_place, fresh_rows, is_unset, pieces, put_row, take_row
from .state import no_op

__all__ = ["TensorArray"]


class TensorArray(nest.Composite):
    """An array of tensors of one shape and dtype, each written once; methods that write give a new one, which a loop can carry.

    `size`: int32[], how many there are; with `dynamic_size` a write beyond them makes more. `element_shape`: of each; it is what the first
    write has where it is not given. `clear_after_read`, `infer_shape` and `colocate_with_first_write_call` change nothing: elements can be
    read again and have one shape. DTypeError, ArgumentError: no dtype or size. A run fails (InvalidArgumentError) that reads what was not
    written, writes twice, or goes past the end.

    >>> squares = tf.TensorArray(tf.int32, size=3)
    >>> for i in range(3):
    ...     squares = squares.write(i, i * i)
    >>> tf.Session(jit=False).run(squares.stack())
    array([0, 1, 4], dtype=int32)
    """

    _some = False           # whether what was not written is zeros beside an element that was

    def __init__(self, dtype: Any, size: Any = None, dynamic_size: bool | None = None, clear_after_read: bool | None = None,
                 tensor_array_name: str | None = None, handle: Any = None, flow: Any = None, infer_shape: bool = True, element_shape: Any = None,
                 colocate_with_first_write_call: bool = True, name: str | None = None):
        if handle is not None or flow is not None:
            raise ArgumentError(f"TensorArray: handle and flow belong to TensorFlow's runtime; operations make arrays of arrays{here()}")
        self._kind = dtype_of("TensorArray", dtype)
        if self._kind.dtype.hasobject:
            raise DTypeError(f"TensorArray: its elements are numbers, not texts{here()}")
        with saying("TensorArray"):
            self._shape = as_shape(element_shape)
        self._given = self._shape is not None and None not in self._shape
        self._grows = bool(dynamic_size)
        self._name = tensor_array_name or name or "TensorArray"
        if size is None and not self._grows:
            raise ArgumentError(f"TensorArray: it needs a size, or dynamic_size=True{here()}")
        count = to_node(0 if size is None else size)
        if count.type.dtype.kind not in "iu" or not compatible(count.type.shape, ()):
            raise DTypeError(f"TensorArray: the size {describe(count)} is no whole number{here()}")
        count = count if count.type.dtype == np.int32 else cast(count, "int32")
        self._rows: Node = fresh_rows(count, dtype=self._kind, shape=self._shape, name=self._name)
        self._written: Node = fill(reshape(count, [1]), False)

    def __repr__(self) -> str:
        return f"<TensorArray {self._name!r} of {self._kind.name}{shape_str(self._shape)}>"

    def parts(self) -> list[Any]:
        """The rows, and which of them are written."""
        return [self._rows, self._written]

    def of_parts(self, parts: Sequence[Any]) -> TensorArray:
        """An array of the same kind with other rows."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._rows, other._written = parts
        dims = other._rows.type.shape if isinstance(other._rows, Node) else None
        if dims is not None and not is_unset(dims[1:]) and compatible(self._shape, dims[1:]):
            other._shape = merge(self._shape, dims[1:])
        return other

    def carried(self, type: TensorType) -> TensorType:
        """The type of a part inside a loop: an array that grows has any number of elements there."""
        return TensorType(type.dtype, (None, *type.shape[1:])) if self._grows and type.shape else type

    @property
    def dtype(self) -> Any:
        return self._kind

    @property
    def flow(self) -> Node:
        """The rows as they are: what depends on this value of the array."""
        return self._rows

    @property
    def handle(self) -> Node:
        return self._rows

    @property
    def element_shape(self) -> TensorShape:
        return TensorShape(self._shape)

    def size(self, name: str | None = None) -> Node:
        """How many elements there are, int32[]."""
        return shape(self._written)[0]

    def identity(self) -> TensorArray:
        """The same array, after what `control_dependencies` name."""
        return self.of_parts([OPERATORS["identity"](x) for x in self.parts()])

    def close(self, name: str | None = None) -> Operation:
        """An operation that does nothing: memory is freed when nothing uses it."""
        return no_op(name)

    def mark_used(self) -> None:
        """Nothing: no array has to be used."""

    def grad(self, source: str, flow: Any = None, name: str | None = None) -> TensorArray:
        """Not offered: GraphError. `tf.gradients` goes through arrays."""
        raise GraphError(f"TensorArray.grad is not offered: tf.gradients goes through arrays{here()}")

    # ------------------------------------------------------------------ one element

    def _place(self, index: Any, what: str) -> Node:
        node = to_node(index)
        if node.type.dtype.kind not in "iu" or not compatible(node.type.shape, ()):
            raise DTypeError(f"{self._name}.{what}: the index {describe(node)} is no whole number{here()}")
        return node if node.type.dtype == np.int32 else cast(node, "int32")

    def _element(self, value: Any, what: str, rows: bool = False) -> Node:
        node = to_node(value, None if isinstance(value, Node) else self._kind)
        if node.type.dtype != self._kind.dtype:
            raise DTypeError(f"{self._name}.{what}: {describe(node)} is not {self._kind.name}{here()}")
        shape = node.type.shape
        if rows and shape == ():
            raise ShapeError(f"{self._name}.{what}: {describe(node)} is a scalar, and has no rows{here()}")
        if not compatible(self._shape, shape[1:] if rows and shape is not None else shape):
            raise ShapeError(f"{self._name}.{what}: {describe(node)} is not of the shape {shape_str(self._shape)} that elements have{here()}")
        return node

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with `value` as the element of that number, int[], which has none yet."""
        given, of = self._element(value, "write"), self._name
        place = checked_place(self._written, self._place(index, "write"), of=of, wanted=False, grow=self._grows)
        return self.of_parts([put_row(self._rows, place, given, of=of, grow=self._grows, name=name),
                              put_row(self._written, place, True, of=of, grow=self._grows)])

    def read(self, index: Any, name: str | None = None) -> Node:
        """The element of that number, int[], which has been written."""
        place = checked_place(self._written, self._place(index, "read"), of=self._name, wanted=True, some=self._some)
        return self._shaped(take_row(self._rows, place, of=self._name, name=name), 0)

    def _shaped(self, x: Node, rows: int) -> Node:
        """What is known of the elements' shape, said of a tensor of them."""
        if x.type.shape is not None and len(x.type.shape) < rows or self._shape is None:
            return x
        wanted = (*[None] * rows, *self._shape)
        if compatible(x.type.shape, wanted):
            x.type = TensorType(x.type.dtype, merge(x.type.shape, wanted))
        return x

    # ------------------------------------------------------------------ all elements

    def stack(self, name: str | None = None) -> Node:
        """All elements, as one tensor [size, ...]. What was not written is zeros if `element_shape` was given, else the run fails."""
        if self._given:
            return OPERATORS["identity"](self._rows, name=name)
        return self._shaped(all_rows(self._rows, self._written, of=self._name, some=self._some, name=name), 1)

    def gather(self, indices: Any, name: str | None = None) -> Node:
        """The elements of these numbers, int[n], as one tensor [n, ...]."""
        places = to_node(indices)
        if places.type.dtype.kind not in "iu":
            raise DTypeError(f"{self._name}.gather: the indices {describe(places)} are no whole numbers{here()}")
        if not self._given:
            places = checked_place(self._written, places, of=self._name, wanted=True, some=self._some)
        return self._shaped(gather(self._rows, places, name=name), 1)

    def concat(self, name: str | None = None) -> Node:
        """All elements, one behind the other along their first axis."""
        rows = self.stack()
        if rows.type.rank is not None and rows.type.rank < 2:
            raise ShapeError(f"{self._name}.concat: scalars have no first axis{here()}")
        dims = shape(rows)
        return reshape(rows, OPERATORS["concat"]([reshape(dims[0] * dims[1], [1]), dims[2:]], 0), name=name)

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """An array whose elements are the rows of `value`, [size, ...]."""
        rows = self._element(value, "unstack", rows=True)
        return self.of_parts([OPERATORS["identity"](rows, name=name), fill(shape(rows)[:1], True)])

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with the rows of `value`, [n, ...], as the elements of these numbers, int[n], which have none yet."""
        rows, places = self._element(value, "scatter", rows=True), to_node(indices)
        if not places.type.known or not places.type.shape:
            raise ShapeError(f"{self._name}.scatter: the number of indices must be known while the graph is built, of {describe(places)}{here()}")
        found = self
        for i in range(places.type.shape[0]):
            found = found.write(places[i], rows[i])
        return found

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """An array of the pieces of `value` of these lengths, int[size], along its first axis; a run fails where they differ."""
        whole, counts = self._element_any(value), to_node(lengths)
        return self.of_parts([pieces(whole, cast(counts, "int32"), of=self._name, name=name), fill(shape(counts), True)])

    def _element_any(self, value: Any) -> Node:
        node = to_node(value, None if isinstance(value, Node) else self._kind)
        if node.type.dtype != self._kind.dtype or node.type.shape == ():
            raise DTypeError(f"{self._name}.split: {describe(node)} has no rows of {self._kind.name}{here()}")
        return node
