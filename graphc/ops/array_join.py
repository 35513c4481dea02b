"""Operators that cut tensors apart, join, pad and repeat them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.axes import normal_axis
from ..ir.graph import get_default_graph
from ..ir.known import as_int, static_value
from ..ir.node import OPERATORS, Node, here
from ..ir.operator import Values, constant_node, declare, to_node
from ..ir.sizes import fixed, has_sizes, listed, unknown, whole
from ..ir.types import Shape, TensorType, compatible, merge, shape_str
from .array_move import (
    Placement,
    Strides,
    Types,
    broadcast_to,
    expand_dims,
    identity,
    integers,
    reshape,
    shape,
    sizes,
    vector_shape,
)
from .from_tensors import from_tensors
from .later import deferrable, later

# ---------------------------------------------------------------------- several views of one tensor

MOST_PARTS = 1 << 20            # of one tensor, each of which is a node: a graph of more takes gigabytes


def _split_attrs(types: Types, parts: Any, axis: Any) -> dict[str, Any]:
    _few(parts if isinstance(parts, int) else len(parts))
    return {"parts": parts, "axis": normal_axis(axis, types[0].rank)}


def _few(count: Any) -> None:
    if fixed(count) and count > MOST_PARTS:
        raise ShapeError(f"{count} parts are more than the {MOST_PARTS} that there may be of one tensor")


def _split_types(types: Types, values: Values, parts: Any, axis: int) -> tuple[TensorType, ...]:
    x = types[0]
    count = parts if isinstance(parts, int) else len(parts)
    if x.shape is None:
        return (x,) * count
    size = x.shape[axis]
    if isinstance(parts, int):
        if size is not None and (parts < 1 or size % parts):
            raise ShapeError(f"axis {axis} of size {size} does not split into {parts} equal parts")
        each = [None if size is None else size // parts]
    else:
        if size is not None and sum(parts) != size:
            raise ShapeError(f"the parts {list(parts)!r:.200} do not add up to the {size} of axis {axis}")
        each = list(parts)
    kinds = {n: TensorType(x.dtype, (*x.shape[:axis], n, *x.shape[axis + 1:])) for n in each}
    return tuple(kinds[n] for n in each) * (count // len(each) if each else 0)


def _split_view(i: int, shape: Any, strides: Strides, out_shape: Any, parts: Any, axis: int, **_: Any) -> Placement:
    before = i * out_shape[axis] if isinstance(parts, int) else sum(parts[:i])
    return tuple(out_shape), strides, before * strides[axis] if 0 not in out_shape else 0


@declare("views", _split_types, name="split", prepare=_split_attrs, view=_split_view,
         grad=lambda g, y, value, parts, axis: (concat(g, axis),),
         samples=(([(2, 6)], {"parts": 3, "axis": 1}), ([(5, 2)], {"parts": (1, 0, 4), "axis": 0})), label="split", op_type="SplitV")
def _split(value: Any, *, parts: Any, axis: int) -> Any:
    """A tensor cut along `axis` into equal parts (a number) or parts of given sizes."""
    if not isinstance(parts, int) and sum(parts) != value.shape[axis]:
        raise ValueError(f"the parts {list(parts)} do not add up to the {value.shape[axis]} of axis {axis}")
    return tuple(np.split(value, parts if isinstance(parts, int) else np.cumsum(parts)[:-1], axis))


@from_tensors("value", label="split", axis="axis")
def split(value: Any, num_or_size_splits: Any, axis: Any = 0, num: int | None = None,
          name: str | None = "split") -> list[Node]:
    """The tensor cut along `axis` into a number of equal parts, or into parts of the sizes given.

    `num_or_size_splits`: an int, or int[parts] that sum up to the size, -1 for one of them. ShapeError: they do not divide the axis.

    >>> tf.Session(jit=False).run(tf.split([1, 2, 3, 4, 5, 6], 3))
    [array([1, 2], dtype=int32), array([3, 4], dtype=int32), array([5, 6], dtype=int32)]
    """
    value = to_node(value)
    if not isinstance(num_or_size_splits, (Node, list, tuple)) and np.ndim(num_or_size_splits) == 0:
        return _split(value, parts=as_int(num_or_size_splits, "the number of parts"), axis=axis, name=name)
    lengths = to_node(num_or_size_splits)
    known = static_value(lengths)
    if known is not None and not known.ndim:
        return _split(value, parts=as_int(lengths), axis=axis, name=name)
    if known is not None and not unknown(known).any():
        parts = listed(known)
        size = value.type.shape[as_int(axis)] if value.type.shape else None
        if parts.count(-1) == 1 and size is not None:
            parts[parts.index(-1)] = size - sum(n for n in parts if n >= 0)
        if min(parts, default=0) >= 0:
            return _split(value, parts=tuple(parts), axis=axis, name=name)
    count = num if num is not None else lengths.type.shape[0] if lengths.type.shape else None
    if count is None:
        raise ShapeError(f"split: how many parts there are must be known; num= says it{here()}")
    ends = OPERATORS["cumsum"](lengths)
    # What is left behind the last part is an index below 1: nothing is dropped without a word.
    left = OPERATORS["check_index"](sizes(value, [as_int(axis)], lengths.type.dtype)[0] - ends[count - 1], 1) if count else None
    return [narrow(value, as_int(axis), ends[i] - lengths[i] + left, lengths[i]) for i in range(count)]


@deferrable("narrow", axis=(int,))
def _narrow(x: Node, begin: Node, size: Node, axis: int = 0) -> Node:
    return narrow(x, axis, begin, size)


def narrow(x: Node, axis: int, begin: Any, size: Any) -> Node:
    """`size` elements of x along `axis` from `begin`; both may be scalar tensors."""
    rank = x.type.rank
    if rank is None:
        return later("narrow", (x, to_node(begin), to_node(size)), x.type, axis=axis)
    before, after = [0] * normal_axis(axis, rank), [0] * (rank - 1 - normal_axis(axis, rank))
    rest = [-1] * len(before), [-1] * len(after)
    return OPERATORS["slice"](x, [*before, begin, *after], [*rest[0], size, *rest[1]])


def _unstack_attrs(types: Types, num: Any, axis: Any) -> dict[str, Any]:
    x = types[0]
    axis = normal_axis(axis, x.rank)
    size = x.shape[axis] if x.shape else None
    if num is None and size is None:
        raise ShapeError("how many parts there are must be known; num= says it")
    if None not in (num, size) and num != size:
        raise ShapeError(f"axis {axis} has size {size}, not num={num}")
    _few(count := size if num is None else int(num))
    return {"num": count, "axis": axis}


def _unstack_types(types: Types, values: Values, num: int, axis: int) -> tuple[TensorType, ...]:
    x = types[0]
    part = None if x.shape is None else (*x.shape[:axis], *x.shape[axis + 1:])
    return (TensorType(x.dtype, part),) * num


def _unstack_view(i: int, shape: Any, strides: Strides, axis: int, **_: Any) -> Placement:
    return (*shape[:axis], *shape[axis + 1:]), (*strides[:axis], *strides[axis + 1:]), i * strides[axis]


def _unstack_grad(g: Any, y: Any, value: Node, num: int, axis: int) -> tuple[Node]:
    return (stack(g, axis),)


@declare("views", _unstack_types, prepare=_unstack_attrs, view=_unstack_view,
         grad=_unstack_grad,
         samples=(([(3, 2)], {}), ([(2, 3, 2)], {"axis": 1})), label="unstack", op_type="Unpack")
def unstack(value: Any, *, num: int | None = None, axis: int = 0) -> Any:
    """The subtensors along `axis`, as a list.

    `num`: how many, where the size is unknown. ShapeError: the size of the axis is unknown or not `num`, or there is no such axis.

    >>> tf.Session(jit=False).run(tf.unstack([[1, 2], [3, 4]]))
    [array([1, 2], dtype=int32), array([3, 4], dtype=int32)]
    """
    return tuple(np.moveaxis(value, axis, 0))


# ---------------------------------------------------------------------- joining

def _concat_attrs(types: Types, axis: Any) -> dict[str, Any]:
    if not types:
        raise ShapeError("an empty list has nothing to concatenate")
    rank = next((t.rank for t in types if t.rank is not None), None)
    return {"axis": normal_axis(axis, rank)}


def _joined(types: Types, values: Values, axis: int) -> TensorType:
    dtype = np.result_type(*(t.dtype for t in types))
    known = [t.shape for t in types if t.shape is not None]
    if not known:
        return TensorType(dtype, None)
    if not known[0]:
        raise ShapeError("scalars cannot be concatenated; stack joins them")
    rest: Shape | None = None
    for s in known:
        others = (*s[:axis], None, *s[axis + 1:])
        if len(s) != len(known[0]) or not compatible(rest, others):
            raise ShapeError(f"shapes differ elsewhere than along axis {axis}: {' and '.join(map(shape_str, known))}")
        rest = merge(rest, others)
    assert rest is not None
    along = [s[axis] for s in known]
    total = None if None in along or len(known) < len(types) else sum(along)  # type: ignore[arg-type]
    return TensorType(dtype, (*rest[:axis], total, *rest[axis + 1:]))


def _concat_grad(g: Node, y: Node, *values: Node, axis: int) -> tuple[Node, ...]:
    if len(values) == 1:
        return (g,)
    along = [v.type.shape[axis] if v.type.shape is not None else None for v in values]
    if None not in along:
        return tuple(_split(g, parts=tuple(along), axis=axis))
    parts, begin = [], 0
    for v in values:
        size = shape(v)[axis]
        parts.append(narrow(g, axis, begin, size))
        begin = begin + size
    return tuple(parts)


def as_one_dtype(inputs: Sequence[Node], dtype: np.dtype[Any]) -> tuple[Node, ...]:
    return tuple(x if x.type.dtype == dtype else OPERATORS["cast"](x, dtype) for x in inputs)


def same_dtype(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, **attrs: Any) -> Node:
    """The node over operands that all have the result's dtype."""
    if all(t.dtype == out_type.dtype for t in types):
        return node
    return node.operator.build(get_default_graph(), as_one_dtype(inputs, out_type.dtype), attrs)


def _stack_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, axis: int) -> Node:
    return _concat([expand_dims(x, axis) for x in as_one_dtype(inputs, out_type.dtype)], axis=axis)


@declare("concat", _joined, name="concat", prepare=_concat_attrs, grad=_concat_grad, shape_math=True, lower=same_dtype,
         from_tensors={"axis": "axis"},
         samples=(([(2, 3), (1, 3)], {"axis": 0}), ([(2, 1), (2, 0), (2, 2)], {"axis": -1}), ([(2,)], {"axis": 0})), label="concat",
         op_type="ConcatV2")
def _concat(*values: Any, axis: Any) -> Any:
    """Tensors one after the other along `axis`."""
    return np.concatenate(values, axis)


def concat(values: Any, axis: Any, name: str | None = "concat") -> Node:
    """Tensors one after the other along `axis`. TensorFlow 0's order, `concat(axis, values)`, is understood too.

    values: a list of tensors of one rank, equal but along `axis` -> their common dtype. ShapeError: they do not fit, or there is no such
    axis.

    >>> tf.Session(jit=False).run(tf.concat([[1, 2], [3]], axis=0))
    array([1, 2, 3], dtype=int32)
    """
    if isinstance(axis, (list, tuple)):
        values, axis = axis, values
    if isinstance(values, Node):
        return identity(values, name=name)
    return _concat(values, axis=axis, name=name)


def _stack_attrs(types: Types, axis: Any) -> dict[str, Any]:
    if not types:
        raise ShapeError("an empty list has nothing to stack")
    rank = next((t.rank for t in types if t.rank is not None), None)
    return {"axis": normal_axis(axis, None if rank is None else rank + 1)}


def _stacked(types: Types, values: Values, axis: int) -> TensorType:
    dtype = np.result_type(*(t.dtype for t in types))
    each: Shape | None = None
    for t in types:
        if not compatible(each, t.shape):
            raise ShapeError(f"shapes differ: {shape_str(each)} and {shape_str(t.shape)}")
        each = merge(each, t.shape)
    return TensorType(dtype, None if each is None else (*each[:axis], len(types), *each[axis:]))


@declare("lowered", _stacked, prepare=_stack_attrs, shape_math=True, lower=_stack_lower, complex=True,
         grad=lambda g, y, *values, axis: tuple(unstack(g, len(values), axis)),
         samples=(([(2, 3), (2, 3)], {"axis": 1}), ([(), (), ()], {}), ([(0,), (0,)], {"axis": -1})), label="stack", op_type="Pack")
def stack(*values: Any, axis: Any = 0) -> Any:
    """Tensors of one shape joined along a new dimension `axis`.

    >>> tf.Session(jit=False).run(tf.stack([[1, 2], [3, 4]], axis=1))
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    return np.stack(values, axis)


# ---------------------------------------------------------------------- padding and repetition

def _padded(types: Types, values: Values, constant_values: Any) -> TensorType:
    x, paddings = types
    integers(paddings, "paddings")
    if not compatible(paddings.shape, (x.rank, 2)):
        raise ShapeError(f"paddings must have shape {shape_str((x.rank, 2))}, not {shape_str(paddings.shape)}")
    rank = x.rank if x.rank is not None else paddings.shape[0] if paddings.shape else None
    if rank is None or x.shape is None or values[1] is None:
        return TensorType(x.dtype, None if rank is None else (None,) * rank)
    widths = np.asarray(values[1], None if has_sizes(values[1]) else np.float64)
    if (widths < 0).any():
        raise ShapeError("paddings must not be negative")
    ends = zip(x.shape, widths.sum(axis=1), strict=True)
    return TensorType(x.dtype, tuple(None if d is None or unknown(w) else d + whole(w) for d, w in ends))


def between(x: Node, axis: int, before: int, after: int, value: Any = 0) -> Node:
    """x with `before` and `after` elements of one value around it along an axis: broadcast scalars, no memory."""
    dims = list(x.type.shape or ())
    scalar = constant_node(get_default_graph(), np.array(value, x.type.dtype))
    blocks = [broadcast_to(scalar, [*dims[:axis], n, *dims[axis + 1:]]) if n else None for n in (before, after)]
    parts = [b for b in (blocks[0], x, blocks[1]) if b is not None]
    return _concat(parts, axis=axis) if len(parts) > 1 else x


def _pad_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, constant_values: Any) -> Node:
    widths = static_value(inputs[1])
    if widths is None or not out_type.known:
        return node
    x = inputs[0]
    for axis, (before, after) in enumerate(listed(widths)):
        x = between(x, axis, before, after, constant_values)
    return identity(x) if x is inputs[0] else x


def _pad_grad(g: Node, y: Node, tensor: Node, paddings: Node, constant_values: Any) -> tuple[Node, None]:
    return OPERATORS["slice"](g, paddings[:, 0], shape(tensor)), None


@declare("lowered", _padded, name="pad", by_value=(1,), fixed={"paddings": "int32"}, lower=_pad_lower, label="Pad", complex=True,
         grad=_pad_grad,
         samples=(([(2, 3), np.array([[1, 2], [0, 1]])], {}), ([(2,), np.array([[0, 0]])], {}),
                  ([(0, 2), np.array([[1, 0], [0, 0]])], {"constant_values": 3.0}), ([(), np.zeros((0, 2), int)], {})))
def pad_constant(tensor: Any, paddings: Any, *, constant_values: Any = 0) -> Any:
    """The tensor between `paddings[i, 0]` and `paddings[i, 1]` elements of one value along axis i."""
    widths = np.asarray(paddings).astype(np.int64).tolist()
    out = np.full([d + a + b for d, (a, b) in zip(tensor.shape, widths, strict=True)], constant_values, tensor.dtype)
    out[tuple(slice(a, a + d) for d, (a, _) in zip(tensor.shape, widths, strict=True))] = tensor
    return out


def _tiled(types: Types, values: Values) -> TensorType:
    x, multiples = types
    integers(multiples, "multiples")
    if not compatible(multiples.shape, (x.rank,)):
        raise ShapeError(f"multiples must have shape {shape_str((x.rank,))}, not {shape_str(multiples.shape)}")
    times = vector_shape(multiples, values[1], "multiples")
    if times is None or x.shape is None:
        return TensorType(x.dtype, None if times is None else (None,) * len(times))
    pairs = zip(x.shape, times, strict=True)
    return TensorType(x.dtype, tuple(None if d is None or t is None else d * t for d, t in pairs))


def _tile_pairs(x: Node, multiples: Node) -> Node:
    """[m0, d0, m1, d1, ...]: each dimension of the tiled tensor taken apart into copies and elements."""
    return reshape(stack([OPERATORS["cast"](multiples, np.int64), shape(x, out_type=np.int64)], axis=1), [-1])


def _tile_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType) -> Node:
    if not out_type.known:
        return node
    x, multiples = inputs
    pairs = _tile_pairs(x, multiples)
    copies = expand_dims(x, tuple(range(0, 2 * len(types[0].shape or ()), 2))) if types[0].shape else x
    return reshape(broadcast_to(copies, pairs), OPERATORS["multiply"](shape(x, out_type=np.int64), OPERATORS["cast"](multiples, np.int64)))


def _tile_grad(g: Node, y: Node, input: Node, multiples: Node) -> tuple[Node, None]:
    return _untiled(g, input, multiples), None


@deferrable("gradient of tile")
def _untiled(g: Node, input: Node, multiples: Node) -> Node:
    """The sum of the copies that `tile` made."""
    rank = input.type.rank
    if rank is None:
        return later("gradient of tile", (g, input, multiples), TensorType(g.type.dtype, None))
    apart = reshape(g, _tile_pairs(input, multiples))
    return OPERATORS["reduce_sum"](apart, axis=tuple(range(0, 2 * rank, 2)))


@declare("lowered", _tiled, by_value=(1,), fixed={"multiples": "int32"}, lower=_tile_lower, grad=_tile_grad, label="Tile", complex=True,
         samples=(([(2, 3), np.array([2, 1])], {}), ([(2,), np.array([0])], {}), ([(), np.array([], np.int32)], {})))
def tile(input: Any, multiples: Any) -> Any:
    """The tensor repeated `multiples[i]` times along axis i.

    >>> tf.Session(jit=False).run(tf.tile([1, 2], [2]))
    array([1, 2, 1, 2], dtype=int32)
    """
    return np.tile(input, tuple(np.asarray(multiples).astype(np.int64).tolist())) if np.ndim(input) else np.array(input)
