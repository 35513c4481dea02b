"""Operators that place elements without computing them: aliases, strided views, concatenation, padding and repetition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..graph import OPERATORS, Node, caller, describe, get_default_graph, loc_str
from ..op import (
    Values,
    as_int,
    constant_node,
    declare,
    known_shape,
    normal_axes,
    normal_axis,
    static_value,
    to_node,
    typed_like,
)
from ..types import Shape, TensorShape, TensorType, as_dtype, broadcast, compatible, float32, int32, merge, shape_str
from .state import items

Types = Sequence[TensorType]
Strides = tuple[int, ...]
Placement = tuple[tuple[int, ...], Strides, int]  # shape, strides and offset, in elements

# A shape operand written as a Python list is int32, an empty one too.
SHAPE_OPERAND = {"shape": "int32"}


def integers(t: TensorType, what: str) -> None:
    """DTypeError unless the type is of integers."""
    if t.dtype.kind not in "iu":
        raise DTypeError(f"{what} must be integers, not {t.dtype}")


def vector_shape(t: TensorType, value: Any, what: str = "shape") -> Shape | None:
    """The shape that an integer vector operand stands for, as far as its value is known; ShapeError if it is no shape."""
    integers(t, what)
    if t.rank not in (None, 1):
        raise ShapeError(f"{what} must be a vector, not of rank {t.rank}")
    return known_shape(value, t.shape[0] if t.shape else None)


# ---------------------------------------------------------------------- shapes

def _shape_attrs(types: Types, out_type: Any) -> dict[str, Any]:
    return {"out_type": as_dtype(out_type).dtype}


@declare("host", lambda types, values, out_type: TensorType(out_type, (types[0].rank,)), prepare=_shape_attrs,
         samples=(([(3, 2)], {}), ([()], {"out_type": "int64"})), label="Shape")
def shape(input: Any, *, out_type: Any = int32) -> Any:
    """The shape of a tensor, as a vector."""
    return np.array(np.shape(input), out_type)


def sizes(x: Node, axes: Sequence[int]) -> Node:
    """The sizes of some axes of x, as a vector; negative ones count from the end."""
    dims = shape(x)
    if min(axes, default=0) < 0:
        return OPERATORS["stack"]([dims[i] for i in axes], axis=0)
    return OPERATORS["gather"](dims, np.array(axes, np.int32), axis=0)


# ---------------------------------------------------------------------- aliases: another shape for the same elements

@declare("alias", typed_like(), grad=lambda g, y, input: (g,), shape_math=True, samples=(([(2, 3)], {}),), label="Identity")
def identity(input: Any) -> Any:
    """The tensor itself."""
    return input


@declare("alias", typed_like(), grad=lambda g, y, input: (None,), samples=(([np.ones((2, 3))], {}),), label="StopGradient")
def stop_gradient(input: Any) -> Any:
    """The tensor itself, a constant for differentiation."""
    return input


def _reshaped(types: Types, values: Values) -> TensorType:
    x = types[0]
    wanted = vector_shape(types[1], values[1])
    if wanted is None:
        return TensorType(x.dtype, None)
    if min((d for d in wanted if d is not None), default=0) < -1 or wanted.count(-1) > 1:
        raise ShapeError(f"{shape_str(wanted)} is not a shape; one -1 may stand for what is left")
    open_axes = [i for i, d in enumerate(wanted) if d is None or d == -1]
    dims: list[int | None] = [None if i in open_axes else d for i, d in enumerate(wanted)]
    if not x.known or len(open_axes) > 1:
        return TensorType(x.dtype, tuple(dims))
    count, rest = math.prod(x.shape), math.prod(d for d in dims if d is not None)  # type: ignore[arg-type]
    fits = count == rest if not open_axes else rest and count % rest == 0
    if open_axes and not rest and not count and wanted[open_axes[0]] is None:
        return TensorType(x.dtype, tuple(dims))
    if not fits:
        raise ShapeError(f"the {count} elements of shape {shape_str(x.shape)} do not fill {shape_str(wanted)}")
    if open_axes:
        dims[open_axes[0]] = count // rest
    return TensorType(x.dtype, tuple(dims))


@declare("alias", _reshaped, values=(1,), fixed=SHAPE_OPERAND, shape_math=True, label="Reshape",
         grad=lambda g, y, tensor, wanted: (reshape(g, shape(tensor)), None),
         samples=(([(2, 6), np.array([3, -1])], {}), ([(1,), np.array([], np.int32)], {}), ([(0, 3), np.array([3, 0])], {})))
def reshape(tensor: Any, shape: Any) -> Any:
    """The elements of `tensor`, in C order, in another shape; one -1 stands for what is left."""
    return np.reshape(tensor, tuple(np.asarray(shape).astype(np.int64).tolist()))


def _axis_tuple(axis: Any) -> tuple[Any, ...]:
    if isinstance(axis, Node):
        known = static_value(axis)
        axis = axis if known is None or np.isnan(known).any() else known.astype(int)
    return tuple(axis) if isinstance(axis, (list, tuple, np.ndarray)) and np.ndim(axis) else (axis,)


def _expand_attrs(types: Types, axis: Any) -> dict[str, Any]:
    if axis is None:
        raise ShapeError("an axis is needed: where to put the new dimension")
    many = _axis_tuple(axis)
    rank = types[0].rank
    return {"axis": normal_axes(many, None if rank is None else rank + len(many))}


def _expanded(types: Types, values: Values, axis: tuple[int, ...]) -> TensorType:
    x = types[0]
    if x.shape is None:
        return x
    dims = iter(x.shape)
    return TensorType(x.dtype, tuple(1 if i in axis else next(dims) for i in range(len(x.shape) + len(axis))))


@declare("alias", _expanded, prepare=_expand_attrs, shape_math=True, label="ExpandDims",
         grad=lambda g, y, input, axis: (squeeze(g, axis),),
         samples=(([(2, 3)], {"axis": 1}), ([()], {"axis": -1}), ([(2, 3)], {"axis": (0, -1)})))
def expand_dims(input: Any, *, axis: Any) -> Any:
    """A new dimension of size 1 at `axis` (several: where they are in the result)."""
    return np.expand_dims(input, axis)


def _squeeze_attrs(types: Types, axis: Any) -> dict[str, Any]:
    return {"axis": None if axis is None or _axis_tuple(axis) == () else normal_axes(axis, types[0].rank)}


def _squeezed(types: Types, values: Values, axis: tuple[int, ...] | None) -> TensorType:
    x = types[0]
    if x.shape is None or (axis is None and None in x.shape):
        return TensorType(x.dtype, None)
    if axis is None:
        return TensorType(x.dtype, tuple(d for d in x.shape if d != 1))
    for i in axis:
        if x.shape[i] not in (1, None):
            raise ShapeError(f"axis {i} has size {x.shape[i]}, only size 1 can be squeezed")
    return TensorType(x.dtype, tuple(d for i, d in enumerate(x.shape) if i not in axis))


def _squeeze_grad(g: Node, y: Node, input: Node, axis: tuple[int, ...] | None) -> tuple[Node]:
    return (reshape(g, shape(input)) if axis is None else expand_dims(g, axis),)


@declare("alias", _squeezed, prepare=_squeeze_attrs, shape_math=True, grad=_squeeze_grad, label="Squeeze",
         samples=(([(1, 3, 1)], {}), ([(1, 3, 1)], {"axis": -1}), ([(1, 0)], {"axis": 0})))
def squeeze(input: Any, *, axis: Any = None) -> Any:
    """Without the dimensions of size 1: those at `axis`, or all."""
    return np.squeeze(input, axis)


# ---------------------------------------------------------------------- views: other strides over the same memory

def _transpose_attrs(types: Types, perm: Any) -> dict[str, Any]:
    rank = types[0].rank
    if perm is None:
        return {"perm": None if rank is None else tuple(reversed(range(rank)))}
    order = tuple(normal_axis(as_int(p, "perm"), rank) for p in _axis_tuple(perm))
    if sorted(order) != list(range(len(order) if rank is None else rank)):
        raise ShapeError(f"perm {order} is not a permutation of the axes of an operand of rank {rank}")
    return {"perm": order}


def _transposed(types: Types, values: Values, perm: tuple[int, ...] | None) -> TensorType:
    x = types[0]
    if x.shape is None:
        return TensorType(x.dtype, None if perm is None else (None,) * len(perm))
    assert perm is not None
    return TensorType(x.dtype, tuple(x.shape[p] for p in perm))


def _transpose_view(shape: Any, strides: Strides, perm: Any, **_: Any) -> Placement:
    return tuple(shape[p] for p in perm), tuple(strides[p] for p in perm), 0


def _transpose_grad(g: Node, y: Node, a: Node, perm: tuple[int, ...] | None) -> tuple[Node]:
    return (transpose(g) if perm is None else transpose(g, tuple(int(i) for i in np.argsort(perm))),)


@declare("view", _transposed, prepare=_transpose_attrs, view=_transpose_view, grad=_transpose_grad,
         samples=(([(2, 3, 4)], {"perm": (2, 0, 1)}), ([(2, 3)], {}), ([()], {}), ([(0, 3)], {})))
def transpose(a: Any, *, perm: Any = None) -> Any:
    """The axes in the order `perm`; reversed without it."""
    return np.transpose(a, perm)


def _broadcasted(types: Types, values: Values) -> TensorType:
    x = types[0]
    wanted = vector_shape(types[1], values[1])
    if wanted is None or x.shape is None:
        return TensorType(x.dtype, wanted)
    if any(d is not None and d < 0 for d in wanted):
        raise ShapeError(f"{shape_str(wanted)} is not a shape")
    if not compatible(broadcast(x.shape, wanted), wanted):
        raise ShapeError(f"shape {shape_str(x.shape)} does not broadcast to {shape_str(wanted)}")
    return TensorType(x.dtype, wanted)


def _broadcast_view(shape: Any, strides: Strides, out_shape: Any, **_: Any) -> Placement:
    lead = len(out_shape) - len(shape)
    stretched = tuple(0 if d == 1 else s for d, s in zip(shape, strides, strict=True))
    return tuple(out_shape), (0,) * lead + stretched, 0


@declare("view", _broadcasted, values=(1,), fixed=SHAPE_OPERAND, view=_broadcast_view, shape_math=True,
         grad=lambda g, y, input, wanted: (unbroadcast(g, input), None),
         samples=(([(3, 1), np.array([2, 3, 4])], {}), ([(), np.array([2, 3])], {}), ([(1, 2), np.array([0, 2])], {})))
def broadcast_to(input: Any, shape: Any) -> Any:
    """The tensor repeated along dimensions of size 1 and new leading ones, up to `shape`."""
    return np.broadcast_to(input, tuple(np.asarray(shape).astype(np.int64).tolist()))


def _reverse_view(shape: Any, strides: Strides, axis: Any, **_: Any) -> Placement:
    offset = sum((shape[i] - 1) * strides[i] for i in axis) if 0 not in shape else 0
    return tuple(shape), tuple(-s if i in axis else s for i, s in enumerate(strides)), offset


@declare("view", typed_like(), prepare=lambda types, axis: {"axis": normal_axes(axis, types[0].rank)}, view=_reverse_view,
         grad=lambda g, y, tensor, axis: (reverse(g, axis),),
         samples=(([(2, 3)], {"axis": (0, 1)}), ([(4,)], {"axis": [-1]}), ([(0, 2)], {"axis": [0]})))
def reverse(tensor: Any, *, axis: Any) -> Any:
    """The elements in opposite order along `axis`."""
    return np.flip(tensor, axis)


# ---------------------------------------------------------------------- several views of one tensor

def _split_attrs(types: Types, parts: Any, axis: Any) -> dict[str, Any]:
    return {"parts": parts, "axis": normal_axis(axis, types[0].rank)}


def _split_types(types: Types, values: Values, parts: Any, axis: int) -> tuple[TensorType, ...]:
    x = types[0]
    count = parts if isinstance(parts, int) else len(parts)
    if x.shape is None:
        return (x,) * count
    size = x.shape[axis]
    if isinstance(parts, int):
        if size is not None and (parts < 1 or size % parts):
            raise ShapeError(f"axis {axis} of size {size} does not split into {parts} equal parts")
        each = [None if size is None else size // parts] * count
    else:
        if size is not None and sum(parts) != size:
            raise ShapeError(f"the parts {list(parts)} do not add up to the {size} of axis {axis}")
        each = list(parts)
    return tuple(TensorType(x.dtype, (*x.shape[:axis], n, *x.shape[axis + 1:])) for n in each)


def _split_view(i: int, shape: Any, strides: Strides, out_shape: Any, parts: Any, axis: int, **_: Any) -> Placement:
    before = i * out_shape[axis] if isinstance(parts, int) else sum(parts[:i])
    return tuple(out_shape), strides, before * strides[axis] if 0 not in out_shape else 0


@declare("views", _split_types, name="split", prepare=_split_attrs, view=_split_view,
         grad=lambda g, y, value, parts, axis: (concat(g, axis),),
         samples=(([(2, 6)], {"parts": 3, "axis": 1}), ([(5, 2)], {"parts": (1, 0, 4), "axis": 0})))
def _split(value: Any, *, parts: Any, axis: int) -> Any:
    """A tensor cut along `axis` into equal parts (a number) or parts of given sizes."""
    return tuple(np.split(value, parts if isinstance(parts, int) else np.cumsum(parts)[:-1], axis))


def split(value: Any, num_or_size_splits: Any, axis: Any = 0, num: int | None = None, name: str | None = "split") -> list[Node]:
    """The tensor cut along `axis` into a number of equal parts, or into parts of the sizes given."""
    value = to_node(value)
    if not isinstance(num_or_size_splits, Node) and np.ndim(num_or_size_splits) == 0:
        return items(_split(value, parts=as_int(num_or_size_splits, "the number of parts"), axis=axis, name=name))
    lengths = to_node(num_or_size_splits)
    known = static_value(lengths)
    if known is not None and not known.ndim:
        return items(_split(value, parts=as_int(lengths), axis=axis, name=name))
    if known is not None and not np.isnan(known).any():
        parts = [int(n) for n in known]
        size = value.type.shape[as_int(axis)] if value.type.shape else None
        if parts.count(-1) == 1 and size is not None:
            parts[parts.index(-1)] = size - sum(n for n in parts if n >= 0)
        if min(parts, default=0) >= 0:
            return items(_split(value, parts=tuple(parts), axis=axis, name=name))
    count = num if num is not None else lengths.type.shape[0] if lengths.type.shape else None
    if count is None:
        raise ShapeError(f"split: how many parts there are must be known; num= says it\n  at {loc_str(caller())}")
    ends = OPERATORS["cumsum"](lengths)
    return [narrow(value, as_int(axis), ends[i] - lengths[i], lengths[i]) for i in range(count)]


def narrow(x: Node, axis: int, begin: Any, size: Any) -> Node:
    """`size` elements of x along `axis` from `begin`, either of which may be a scalar tensor; the rank must be known."""
    rank = x.type.rank
    if rank is None:
        raise ShapeError(f"the rank of {describe(x)} must be known to cut it along an axis\n  at {loc_str(caller())}")
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
    return {"num": size if num is None else int(num), "axis": axis}


def _unstack_types(types: Types, values: Values, num: int, axis: int) -> tuple[TensorType, ...]:
    x = types[0]
    part = None if x.shape is None else (*x.shape[:axis], *x.shape[axis + 1:])
    return (TensorType(x.dtype, part),) * num


def _unstack_view(i: int, shape: Any, strides: Strides, axis: int, **_: Any) -> Placement:
    return (*shape[:axis], *shape[axis + 1:]), (*strides[:axis], *strides[axis + 1:]), i * strides[axis]


@declare("views", _unstack_types, name="unstack", prepare=_unstack_attrs, view=_unstack_view,
         grad=lambda g, y, value, num, axis: (stack(g, axis),),
         samples=(([(3, 2)], {}), ([(2, 3, 2)], {"axis": 1})))
def _unstack(value: Any, *, num: int | None = None, axis: int = 0) -> Any:
    """The subtensors along `axis`."""
    return tuple(np.moveaxis(value, axis, 0))


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str | None = "unstack") -> list[Node]:
    """The subtensors along `axis`, as a list."""
    return items(_unstack(to_node(value), num=num, axis=axis, name=name))


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
        return tuple(items(_split(g, parts=tuple(along), axis=axis)))
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
         samples=(([(2, 3), (1, 3)], {"axis": 0}), ([(2, 1), (2, 0), (2, 2)], {"axis": -1}), ([(2,)], {"axis": 0})))
def _concat(*values: Any, axis: Any) -> Any:
    """Tensors one after the other along `axis`."""
    return np.concatenate(values, axis)


def concat(values: Any, axis: Any, name: str | None = "concat") -> Node:
    """Tensors one after the other along `axis`. TensorFlow 0's order, `concat(axis, values)`, is understood too."""
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


@declare("lowered", _stacked, prepare=_stack_attrs, shape_math=True, lower=_stack_lower,
         grad=lambda g, y, *values, axis: tuple(unstack(g, len(values), axis)),
         samples=(([(2, 3), (2, 3)], {"axis": 1}), ([(), (), ()], {}), ([(0,), (0,)], {"axis": -1})))
def stack(*values: Any, axis: Any = 0) -> Any:
    """Tensors of one shape joined along a new dimension `axis`."""
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
    widths = np.asarray(values[1], np.float64)
    if (widths < 0).any():
        raise ShapeError("paddings must not be negative")
    ends = zip(x.shape, widths.sum(axis=1), strict=True)
    return TensorType(x.dtype, tuple(None if d is None or np.isnan(w) else d + int(w) for d, w in ends))


def with_size(x: Node, axis: int, size: Node, rank: int) -> Node:
    """The shape of x, but `size` along `axis`, as a vector."""
    dims = shape(x)
    parts = [dims[:axis], reshape(size, [1]), dims[axis + 1:]]
    return _concat([p for p, there in zip(parts, (axis > 0, True, axis + 1 < rank), strict=True) if there], axis=0)


def _pad_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, constant_values: Any) -> Node:
    """Blocks of the padding value (scalars broadcast: no memory) around the operand, an axis at a time."""
    x, paddings = inputs
    value = constant_node(get_default_graph(), np.array(constant_values, out_type.dtype))
    widths = paddings.attrs["value"] if paddings.operator.name == "constant" else np.ones((len(types[0].shape or ()), 2))
    rank = len(widths)
    for axis in range(rank):
        blocks = [broadcast_to(value, with_size(x, axis, paddings[axis, side], rank)) if widths[axis, side] else None
                  for side in (0, 1)]
        joined = [b for b in (blocks[0], x, blocks[1]) if b is not None]
        x = _concat(joined, axis=axis) if len(joined) > 1 else x
    return identity(x) if x is inputs[0] else x


@declare("lowered", _padded, name="pad", values=(1,), fixed={"paddings": "int32"}, lower=_pad_lower, label="Pad",
         grad=lambda g, y, tensor, paddings, constant_values: (OPERATORS["slice"](g, paddings[:, 0], shape(tensor)), None),
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
    if any(t is not None and t < 0 for t in times):
        raise ShapeError("multiples must not be negative")
    pairs = zip(x.shape, times, strict=True)
    return TensorType(x.dtype, tuple(None if d is None or t is None else d * t for d, t in pairs))


def _tile_pairs(x: Node, multiples: Node) -> Node:
    """[m0, d0, m1, d1, ...]: each dimension of the tiled tensor taken apart into copies and elements."""
    return reshape(stack([OPERATORS["cast"](multiples, np.int32), shape(x)], axis=1), [-1])


def _tile_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType) -> Node:
    x, multiples = inputs
    pairs = _tile_pairs(x, multiples)
    copies = expand_dims(x, tuple(range(0, 2 * len(types[0].shape or ()), 2))) if types[0].shape else x
    return reshape(broadcast_to(copies, pairs), OPERATORS["multiply"](shape(x), OPERATORS["cast"](multiples, np.int32)))


def _tile_grad(g: Node, y: Node, input: Node, multiples: Node) -> tuple[Node, None]:
    rank = input.type.rank
    if rank is None:
        raise ShapeError(f"the rank of {describe(input)} must be known to differentiate tile")
    apart = reshape(g, _tile_pairs(input, multiples))
    return OPERATORS["reduce_sum"](apart, axis=tuple(range(0, 2 * rank, 2))), None


@declare("lowered", _tiled, values=(1,), fixed={"multiples": "int32"}, lower=_tile_lower, grad=_tile_grad, label="Tile",
         samples=(([(2, 3), np.array([2, 1])], {}), ([(2,), np.array([0])], {}), ([(), np.array([], np.int32)], {})))
def tile(input: Any, multiples: Any) -> Any:
    """The tensor repeated `multiples[i]` times along axis i."""
    return np.tile(input, tuple(np.asarray(multiples).astype(np.int64).tolist())) if np.ndim(input) else np.array(input)


# ---------------------------------------------------------------------- tensors of one value

def fill(dims: Any, value: Any, name: str | None = None) -> Node:
    """A tensor of shape `dims` (a list, whose members may be tensors, or a tensor) of one value."""
    if isinstance(dims, (int, np.integer)):
        dims = [dims]
    elif isinstance(dims, TensorShape):
        dims = dims.as_list()
    return broadcast_to(to_node(value), dims, name=name)


def zeros(shape: Any, dtype: Any = float32, name: str | None = None) -> Node:
    """Zeros of a shape."""
    return fill(shape, np.zeros((), as_dtype(dtype).dtype), name or "zeros")


def ones(shape: Any, dtype: Any = float32, name: str | None = None) -> Node:
    """Ones of a shape."""
    return fill(shape, np.ones((), as_dtype(dtype).dtype), name or "ones")


def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Node:
    """Zeros of the shape (and dtype, unless another is given) of a tensor."""
    tensor = to_node(tensor)
    return zeros(shape(tensor), tensor.dtype if dtype is None else dtype, name or "zeros_like")


def ones_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Node:
    """Ones of the shape (and dtype, unless another is given) of a tensor."""
    tensor = to_node(tensor)
    return ones(shape(tensor), tensor.dtype if dtype is None else dtype, name or "ones_like")


# ---------------------------------------------------------------------- undoing a broadcast

def summed_axes(wide: Shape, narrow: Shape) -> tuple[int, ...] | None:
    """The axes to sum from shape `wide` to shape `narrow`, which broadcasts to it; None where that is not known yet.

    An axis that has size 1 in `narrow` and an unknown one in `wide` is summed: of one element that is no change.
    """
    lead = len(wide) - len(narrow)
    axes = list(range(lead))
    for i, d in enumerate(narrow, lead):
        if d is None and wide[i] != 1:
            return None
        if d == 1 and wide[i] != 1:
            axes.append(i)
    return tuple(axes)


def unbroadcast(g: Node, x: Node) -> Node:
    """`g` summed over the axes along which x was repeated to get g's shape: the transpose of broadcasting."""
    if g.type.shape is None or x.type.shape is None:
        return unbroadcast_dynamic(g, x)
    axes = summed_axes(g.type.shape, x.type.shape)
    return unbroadcast_dynamic(g, x) if axes is None else _summed(g, axes, len(g.type.shape) - len(x.type.shape))


def _summed(g: Node, axes: tuple[int, ...], lead: int) -> Node:
    if len(axes) > lead:
        g = OPERATORS["reduce_sum"](g, axis=axes, keepdims=True)
        return squeeze(g, axis=tuple(range(lead))) if lead else g
    return OPERATORS["reduce_sum"](g, axis=axes) if axes else g


def _unbroadcast_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType) -> Node:
    wide, narrow = types[0].shape, types[1].shape
    assert wide is not None and narrow is not None
    axes = summed_axes(wide, narrow)
    assert axes is not None
    return _summed(inputs[0], axes, len(wide) - len(narrow)) if axes else identity(inputs[0])


@declare("lowered", lambda types, values: TensorType(types[0].dtype, types[1].shape), lower=_unbroadcast_lower, weak=False,
         grad=lambda h, y, g, x: (broadcast_to(h, shape(g)), None),
         samples=(([(2, 3), np.ones((1, 3))], {}), ([(4, 2, 3), np.ones((2, 1))], {}), ([(2,), np.ones(2)], {})))
def unbroadcast_dynamic(g: Any, x: Any) -> Any:
    """`unbroadcast` where the shapes are not known before the graph runs."""
    axes = summed_axes(g.shape, np.shape(x)) or ()
    return np.sum(g, axis=axes, keepdims=True, dtype=g.dtype).reshape(np.shape(x))
