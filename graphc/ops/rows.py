"""Rows of tensors, taken and put one at a time or many at once, with a record of which have been written: what arrays are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.known import known_shape, static_value
from ..ir.node import OPERATORS, Node
from ..ir.operator import Values, declare
from ..ir.sizes import alike, unknown
from ..ir.types import TensorType, as_dtype, as_shape, compatible, merge, shape_str
from .array import broadcast_to, fill, reshape, shape, zeros_like
from .math import maximum

# ---------------------------------------------------------------------- one row

def _count(values: Values, i: int) -> Any:
    """The number of rows, as far as operand `i` says it."""
    known = values[i] if len(values) > i else None
    return None if known is None or unknown(known).any() else known_shape(np.asarray(known).reshape(1))[0]      # type: ignore[index]


def _fresh_type(types: Sequence[TensorType], values: Values, dtype: Any, shape: Any) -> TensorType:
    return TensorType(np.dtype(dtype), None if shape is None else (_count(values, 0), *shape))


def _empty(shape: Any) -> Any:
    """The sizes of a row that nothing has been written to, int32[rank]: those that are not known are 0."""
    return np.array([0] if shape is None else [0 if d is None else d for d in shape], np.int32)


@declare("lowered", _fresh_type, by_value=(0,), prepare=lambda types, dtype, shape: {"dtype": as_dtype(dtype).dtype, "shape": as_shape(shape)},
         complex=True,
         lower=lambda node, inputs, types, type, dtype, shape: fill(OPERATORS["concat"]([reshape(maximum(inputs[0], 0), [1]), _empty(shape)], 0),
                                                                    np.zeros((), dtype)),
         samples=(([np.int32(2)], {"dtype": "float32", "shape": (3,)}),))
def fresh_rows(size: Any, *, dtype: Any, shape: Any) -> Any:
    """Rows of zeros; what is not known of their shape is 0, until something is written."""
    return np.zeros((max(int(size), 0), *_empty(shape)), dtype)


def is_unset(dims: Sequence[Any]) -> bool:
    """Whether nothing can have been written to rows of this shape, which then do not say what shape rows have."""
    return any(d.__class__ is int and d == 0 for d in dims)


def _put_type(types: Sequence[TensorType], values: Values, of: str, grow: bool) -> TensorType:
    rows, index, value = types
    if rows.dtype != value.dtype:
        raise DTypeError(f"{of} has {as_dtype(rows.dtype).name} elements, and is given {as_dtype(value.dtype).name}")
    if rows.shape is None:
        return TensorType(rows.dtype, None if value.shape is None else (None, *value.shape))
    count, *dims = rows.shape
    if value.shape is None:
        return TensorType(rows.dtype, (None if grow else count, *(None if is_unset(dims) else d for d in dims)))
    if not is_unset(dims) and not compatible(tuple(dims), value.shape):
        raise ShapeError(f"{of} has elements of shape {shape_str(tuple(dims))}, and is given one of shape {shape_str(value.shape)}")
    shape = value.shape if is_unset(dims) else merge(value.shape, tuple(dims))
    return TensorType(rows.dtype, (None if grow else count, *(shape or ())))


def _index(index: Any, count: int, of: str) -> int:
    i = int(index)
    if not 0 <= i < count:
        raise InvalidArgumentError(f"{of} has {count} elements, and none of number {i}")
    return i


def _put_gradient(g: Node, y: Node, rows: Node, index: Node, value: Node, of: str, grow: bool) -> Any:
    taken = take_row(g, index, of=of)
    return put_row(g, index, zeros_like(taken), of=of, grow=False), None, taken


def _put_tangent(node: Node, along: Sequence[Node | None]) -> Node:
    """The tangent is written where the value is."""
    rows, index, value = node.inputs
    moved = [zeros_like(x) if t is None else t for x, t in ((rows, along[0]), (value, along[2]))]
    return put_row(moved[0], index, moved[1], **node.attrs)


_ROWS = np.arange(6.0).reshape(3, 2)


@declare("host", _put_type, grad=_put_gradient, tangent=_put_tangent, batch="trailing", complex=True,
         samples=(([_ROWS, np.int32(1), (2,)], {"of": "rows"}),), kinds={"of": (str,), "grow": (bool,)})
def put_row(rows: Any, index: Any, value: Any, *, of: Any, grow: Any = False) -> Any:
    """The rows with another one in place of that number; with `grow` there are more of them, if need be."""
    count = len(rows)
    i = int(index) if grow and int(index) >= 0 else _index(index, count, of)
    if rows.shape[1:] != value.shape:
        if rows.size:
            raise InvalidArgumentError(f"{of} has elements of shape {shape_str(rows.shape[1:])}, and is given one of shape {shape_str(value.shape)}")
        rows = np.zeros((count, *value.shape), rows.dtype)
    made = np.concatenate([rows, np.zeros((i + 1 - count, *value.shape), rows.dtype)]) if i >= count else np.array(rows)
    made[i] = value
    return made


def _take_type(types: Sequence[TensorType], values: Values, of: str) -> TensorType:
    if types[0].shape == ():
        raise ShapeError("a scalar has no rows")
    return TensorType(types[0].dtype, None if types[0].shape is None else types[0].shape[1:])


@declare("host", _take_type, samples=(([_ROWS, np.int32(2)], {"of": "rows"}),), kinds={"of": (str,)}, batch="trailing", complex=True,
         grad=lambda g, y, rows, index, of: (OPERATORS["row_at"](g, index, shape(rows)[0], of=of), None))
def take_row(rows: Any, index: Any, *, of: Any) -> Any:
    """The row of that number."""
    return rows[_index(index, len(rows), of)]


@declare("host", lambda types, values, of: TensorType(types[0].dtype, None if types[0].shape is None else (_count(values, 2), *types[0].shape)),
         complex=True,
         by_value=(2,), samples=(([(2,), np.int32(1), np.int32(3)], {"of": "rows"}),), kinds={"of": (str,)}, batch="trailing",
         grad=lambda g, y, row, index, count, of: (take_row(g, index, of=of), None, None))
def row_at(row: Any, index: Any, count: Any, *, of: Any) -> Any:
    """So many rows, of zeros but for the one of that number."""
    made = np.zeros((int(count), *row.shape), row.dtype)
    made[_index(index, len(made), of)] = row
    return made


@declare("host", lambda types, values, of, wanted, grow, some: types[1],
         lower=lambda node, inputs, types, type, of, wanted, grow, some: inputs[1] if _says(inputs[0], wanted) and not grow else node,
         kinds={"of": (str,), "wanted": (bool,), "grow": (bool,), "some": (bool,)},
         samples=(([np.array([True, False]), np.int32(0)], {"of": "rows", "wanted": True}),
                  ([np.array([True, False]), np.int32(1)], {"of": "rows", "wanted": True, "some": True})))
def checked_place(written: Any, index: Any, *, of: Any, wanted: Any, grow: Any = False, some: Any = False) -> Any:
    """The number of a row that has (or has not) been written; the run fails for any other. With `some` it is enough that another one has."""
    for i in np.asarray(index).reshape(-1).tolist():
        if (grow and i >= len(written)) or (some and written.any() and _index(i, len(written), of) >= 0):
            continue
        if bool(written[_index(i, len(written), of)]) != wanted:
            raise InvalidArgumentError(f"{of}: element {i} {'is read, and was not written before' if wanted else 'is written a second time'}")
    return index


# ---------------------------------------------------------------------- many rows at once

def _says(record: Node, wanted: bool) -> bool:
    """Whether a record of what is written is known to say one thing of all rows."""
    scalar = record.inputs[0] if record.operator.name == "broadcast_to" else record
    return bool(scalar.operator.name == "constant" and (scalar.attrs["value"] == wanted).all())


def _checked(rows: Any, written: Any, count: int, of: str, wanted: bool, grow: bool = False) -> None:
    """InvalidArgumentError unless there are so many rows, which have (or have not) been written."""
    for i in range(count):
        if not (grow and i >= len(written)) and bool(written[_index(i, len(written), of)]) != wanted:
            raise InvalidArgumentError(f"{of}: element {i} {'is read, and was not written before' if wanted else 'is written a second time'}")


def _rows_for_type(types: Sequence[TensorType], values: Values, of: str, some: bool) -> TensorType:
    rows = types[0]
    return TensorType(rows.dtype, None if rows.shape is None else (_count(values, 2), *rows.shape[1:]))


def _rows_for_lowered(node: Node, inputs: Sequence[Node], types: Any, type: Any, of: str, some: bool) -> Node:
    count, own = node.type.shape[0] if node.type.shape else None, inputs[0].type.shape
    if count is None or not own or not _says(inputs[1], True):
        return node
    return inputs[0] if alike(count, own[0]) else node


@declare("host", _rows_for_type, by_value=(2,), kinds={"of": (str,), "some": (bool,)}, lower=_rows_for_lowered, batch="trailing", complex=True,
         samples=(([_ROWS, np.array([True, True, False]), np.int32(2)], {"of": "rows"}),),
         grad=lambda g, y, rows, written, count, of, some: (OPERATORS["more_rows"](g, shape(rows)[0]), None, None))
def rows_for(rows: Any, written: Any, count: Any, *, of: Any, some: Any = False) -> Any:
    """The first rows, so many, all of which have been written, or with `some` any of which."""
    if not (some and written.any() and int(count) <= len(written)):
        _checked(rows, written, int(count), of, True)
    return rows[:int(count)]


@declare("host", lambda types, values, of, some: types[0], kinds={"of": (str,), "some": (bool,)},
         grad=lambda g, y, rows, written, of, some: (g, None), batch="trailing", complex=True,
         lower=lambda node, inputs, types, type, of, some: inputs[0] if _says(inputs[1], True) else node,
         samples=(([_ROWS, np.ones(3, bool)], {"of": "rows"}), ([_ROWS, np.array([False, True, False])], {"of": "rows", "some": True})))
def all_rows(rows: Any, written: Any, *, of: Any, some: Any = False) -> Any:
    """The rows, all of which have been written, or with `some` any of which."""
    if not (some and written.any()):
        _checked(rows, written, len(written), of, True)
    return rows


def _more_type(types: Sequence[TensorType], values: Values) -> TensorType:
    return TensorType(types[0].dtype, None if types[0].shape is None else (_count(values, 1), *types[0].shape[1:]))


@declare("host", _more_type, by_value=(1,), batch="trailing", samples=(([(2, 3), np.int32(4)], {}),), complex=True,
         lower=lambda node, inputs, types, type: inputs[0] if node.type.shape and alike(node.type.shape[0], inputs[0].type.shape[0]) else node,
         grad=lambda g, y, rows, count: (OPERATORS["first_rows"](g, shape(rows)[0]), None))
def more_rows(rows: Any, count: Any) -> Any:
    """So many rows, of zeros behind those that there are."""
    return np.concatenate([rows, np.zeros((max(int(count) - len(rows), 0), *rows.shape[1:]), rows.dtype)])


@declare("host", _more_type, by_value=(1,), batch="trailing", samples=(([(4, 3), np.int32(2)], {}),), complex=True,
         lower=lambda node, inputs, types, type: inputs[0] if node.type.shape and alike(node.type.shape[0], inputs[0].type.shape[0]) else node,
         grad=lambda g, y, rows, count: (more_rows(g, shape(rows)[0]), None))
def first_rows(rows: Any, count: Any) -> Any:
    """The first rows, so many."""
    return rows[:int(count)]


def _filled_type(types: Sequence[TensorType], values: Values, of: str, grow: bool) -> TensorType:
    rows, _, new = types
    if new.shape is None:
        return rows if rows.shape is not None and not grow else TensorType(rows.dtype, None)
    if rows.shape is not None and not is_unset(rows.shape[1:]) and not compatible(rows.shape[1:], new.shape[1:]):
        raise ShapeError(f"{of} has elements of shape {shape_str(rows.shape[1:])}, and is given such of shape {shape_str(new.shape[1:])}")
    count = None if rows.shape is None else rows.shape[0]
    return TensorType(rows.dtype, (None if grow and not alike(count, new.shape[0]) else count, *new.shape[1:]))


def _filled_lowered(node: Node, inputs: Sequence[Node], types: Any, type: Any, of: str, grow: bool) -> Node:
    own, new = inputs[0].type.shape, inputs[2].type.shape
    return inputs[2] if own and new and alike(own[0], new[0]) and _says(inputs[1], False) else node


def _filled_gradient(g: Node, y: Node, rows: Node, written: Node, new: Node, of: str, grow: bool) -> Any:
    first = first_rows(g, shape(new)[0])
    return OPERATORS["concat"]([zeros_like(first), g[shape(new)[0]:]], 0), None, first


@declare("host", _filled_type, kinds={"of": (str,), "grow": (bool,)}, lower=_filled_lowered, grad=_filled_gradient, batch="trailing",
         samples=(([np.zeros((3, 2)), np.zeros(3, bool), (2, 2)], {"of": "rows"}),))
def filled_rows(rows: Any, written: Any, new: Any, *, of: Any, grow: Any = False) -> Any:
    """The rows with new ones in place of the first, none of which has been written; with `grow` there are more of them, if need be."""
    _checked(rows, written, len(new), of, False, grow)
    if rows.shape[1:] != new.shape[1:]:
        if rows.size:
            raise InvalidArgumentError(f"{of} has elements of shape {shape_str(rows.shape[1:])}, and is given such of {shape_str(new.shape[1:])}")
        rows = np.zeros((len(rows), *new.shape[1:]), rows.dtype)
    return np.concatenate([new, rows[len(new):]])


def _marked_lowered(node: Node, inputs: Sequence[Node], types: Any, type: Any, of: str, grow: bool) -> Node:
    count, own = static_value(inputs[1]), inputs[0].type.shape
    whole = count is not None and own and not unknown(count).any() and alike(known_shape(np.asarray(count).reshape(1)), own)
    return broadcast_to(np.array(True), list(own)) if whole and own else node


@declare("host", lambda types, values, of, grow: TensorType(types[0].dtype, (None,) if grow else types[0].shape), lower=_marked_lowered,
         kinds={"of": (str,), "grow": (bool,)}, samples=(([np.zeros(3, bool), np.int32(2)], {"of": "rows"}),))
def marked_rows(written: Any, count: Any, *, of: Any, grow: Any = False) -> Any:
    """The record of what is written with the first rows, so many, among it."""
    made = np.concatenate([written, np.zeros(max(int(count) - len(written), 0) if grow else 0, bool)])
    made[:int(count)] = True
    return made


def _pieces_type(types: Sequence[TensorType], values: Values, of: str) -> TensorType:
    value, lengths = types
    if value.shape is None or lengths.shape is None:
        return TensorType(value.dtype, None)
    known = values[1] if len(values) > 1 else None
    each = None if known is None or unknown(known).any() or not len(known) else known_shape(np.asarray(known).reshape(-1))
    return TensorType(value.dtype, (lengths.shape[0], None if each is None else each[0], *value.shape[1:]))


@declare("host", _pieces_type, by_value=(1,), kinds={"of": (str,)}, samples=(([(4, 2), np.array([2, 2], np.int32)], {"of": "rows"}),),
         grad=lambda g, y, value, lengths, of: (reshape(g, shape(value)), None))
def pieces(value: Any, lengths: Any, *, of: Any) -> Any:
    """Pieces of one length of a tensor, along its first axis."""
    sizes = {int(n) for n in lengths}
    if len(sizes) > 1:
        raise InvalidArgumentError(f"{of}: elements have one shape, and the pieces are {lengths.tolist()} long")
    if sum(int(n) for n in lengths) != len(value):
        raise InvalidArgumentError(f"{of}: pieces of {lengths.tolist()} do not make {len(value)} rows")
    return value.reshape(len(lengths), -1 if value.size and len(lengths) else next(iter(sizes), 0), *value.shape[1:])
