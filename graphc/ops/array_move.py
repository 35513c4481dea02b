"""Operators that show the same elements in another shape or order, and the undoing of a broadcast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.axes import normal_axes, normal_axis
from ..ir.known import as_int, known_shape, static_value
from ..ir.named import Undecided, named_shape
from ..ir.node import OPERATORS, Node
from ..ir.operator import Values, declare, typed_like
from ..ir.registered import no_gradient
from ..ir.sizes import alike, fixed, unknown
from ..ir.types import Shape, TensorType, as_dtype, broadcast, compatible, exactly, int32, merge, shape_str

Types = Sequence[TensorType]
Strides = tuple[int, ...]
Placement = tuple[tuple[int, ...], Strides, int]  # shape, strides and offset, in elements

# A shape operand written as a Python list is int32, an empty one too.
SHAPE_OPERAND = {"shape": "int32"}


def integers(t: TensorType, what: str) -> None:
    """DTypeError unless the type is of integers."""
    if t.dtype.kind not in "iu":
        raise DTypeError(f"{what} must be integers, not {t.dtype}")


def concrete(t: TensorType) -> tuple[int, ...]:
    """The shape of a type that is fully known."""
    if t.shape is None or not t.known:
        raise ShapeError(f"the shape of {t} is not known")
    return tuple(d for d in t.shape if d is not None)


def vector_shape(t: TensorType, value: Any, what: str = "shape", least: int = 0) -> Shape | None:
    """The shape that an integer vector operand stands for, as far as its value is known; ShapeError for no vector, or numbers below `least`."""
    integers(t, what)
    if t.rank not in (None, 1):
        raise ShapeError(f"{what} must be a vector, not of rank {t.rank}")
    dims = known_shape(value, t.shape[0] if t.shape else None)
    if any(d is not None and d < least for d in dims or ()):
        raise ShapeError(f"{shape_str(dims)} is not a shape" if what == "shape" else f"{what} must not be negative")
    return dims


# ---------------------------------------------------------------------- shapes

def _shape_attrs(types: Types, out_type: Any) -> dict[str, Any]:
    return {"out_type": as_dtype(out_type).dtype}


@declare("host", lambda types, values, out_type: TensorType(out_type, (types[0].rank,)), prepare=_shape_attrs, batch="size", complex=True,
         samples=(([(3, 2)], {}), ([()], {"out_type": "int64"})), label="Shape")
def shape(input: Any, *, name: str | None = None, out_type: Any = int32) -> Any:
    """The shape of a tensor, as a vector.

    >>> tf.Session(jit=False).run(tf.shape([[1, 2, 3]]))
    array([1, 3], dtype=int32)
    """
    return exactly(np.array(np.shape(input), np.int64), out_type)


@declare("host", lambda types, values, dtype: TensorType(dtype, types[0].shape), prepare=lambda types, dtype: {"dtype": as_dtype(dtype).dtype},
         shape_math=True, batch="aligned", samples=(([np.array([3, 2**31 - 1])], {"dtype": "int32"}), ([np.array(7)], {"dtype": "uint8"})))
def exact_cast(x: Any, *, dtype: Any) -> Any:
    """Whole numbers in another dtype; where `cast` wraps around what does not fit, this is an error that names it."""
    return exactly(x, dtype)


def sizes(x: Node, axes: Sequence[int], out_type: Any = int32) -> Node:
    """The sizes of some axes of x, as a vector; negative ones count from the end."""
    dims = shape(x, out_type=out_type)
    if min(axes, default=0) < 0:
        return OPERATORS["stack"]([dims[i] for i in axes], axis=0)
    return OPERATORS["gather"](dims, np.array(axes, np.int32), axis=0)


# ---------------------------------------------------------------------- aliases: another shape for the same elements

@declare("alias", typed_like(), grad=lambda g, y, input: (g,), shape_math=True, label="Identity",
         samples=(([(2, 3)], {}),))
def identity(input: Any) -> Any:
    """The tensor itself.

    >>> tf.Session(jit=False).run(tf.identity([1, 2]))
    array([1, 2], dtype=int32)
    """
    return input


@declare("alias", typed_like(), grad=no_gradient, label="StopGradient",
         samples=(([np.ones((2, 3))], {}),))
def stop_gradient(input: Any) -> Any:
    """The tensor itself, a constant for differentiation.

    >>> x = tf.constant(3.0)
    >>> tf.Session(jit=False).run(tf.gradients(x * tf.stop_gradient(x), x))
    [np.float32(3.0)]
    """
    return input


def _reshaped(types: Types, values: Values) -> TensorType:
    x = types[0]
    wanted = vector_shape(types[1], values[1], least=-1)
    if wanted is None:
        return TensorType(x.dtype, None)
    if wanted.count(-1) > 1:
        raise ShapeError(f"{shape_str(wanted)} is not a shape; one -1 may stand for what is left")
    open_axes = [i for i, d in enumerate(wanted) if d is None or d == -1]
    dims: list[int | None] = [None if i in open_axes else d for i, d in enumerate(wanted)]
    if not x.known or len(open_axes) > 1:
        return TensorType(x.dtype, tuple(dims))
    count, rest = math.prod(x.shape), math.prod(d for d in dims if d is not None)  # type: ignore[arg-type]
    if open_axes and not rest and not count and wanted[open_axes[0]] is None:
        return TensorType(x.dtype, tuple(dims))
    if open_axes:
        left = _left(x.shape, dims)
        if left is None:
            raise ShapeError(f"the {count} elements of shape {shape_str(x.shape)} do not fill {shape_str(wanted)}")
        dims[open_axes[0]] = left
    elif count != rest:
        raise ShapeError(f"the {count} elements of shape {shape_str(x.shape)} do not fill {shape_str(wanted)}")
    return TensorType(x.dtype, tuple(dims))


def _left(have: Any, wanted: Sequence[Any]) -> Any:
    """The size that stands for the -1 (here None) of a shape; None where there is none.

    Of no elements, any would do: sizes of 0 that both shapes have are left out on either side, so that an empty batch has the shape that
    a full one would have.
    """
    rest = math.prod(d for d in wanted if d is not None)
    count = math.prod(have)
    if rest:
        return count // rest if count % rest == 0 else None
    if count:
        return None
    kept, rest = [d for d in have if d != 0], math.prod(d for d in wanted if d is not None and d != 0)
    empty = len(have) - len(kept) - sum(d is not None and d == 0 for d in wanted)
    count = math.prod(kept)
    return 0 if empty > 0 else count // rest if count % rest == 0 else None


def _reshape_grad(g: Node, y: Node, tensor: Node, wanted: Node) -> tuple[Node, None]:
    return reshape(g, shape(tensor)), None


@declare("alias", _reshaped, by_value=(1,), fixed=SHAPE_OPERAND, shape_math=True, label="Reshape",
         grad=_reshape_grad,
         samples=(([(2, 6), np.array([3, -1])], {}), ([(1,), np.array([], np.int32)], {}),
                  ([(0, 3), np.array([3, 0])], {})))
def reshape(tensor: Any, shape: Any) -> Any:
    """The elements of `tensor`, in C order, in another shape; one -1 stands for what is left.

    >>> tf.Session(jit=False).run(tf.reshape([1, 2, 3, 4], [2, -1]))
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    dims = np.asarray(shape).astype(np.int64).tolist()
    if not tensor.size and dims.count(-1) == 1:
        left = _left(tensor.shape, [None if d == -1 else d for d in dims])
        dims = [left if d == -1 and left is not None else d for d in dims]
    return np.reshape(tensor, tuple(dims))


def _axis_tuple(axis: Any) -> tuple[Any, ...]:
    if isinstance(axis, Node):
        known = static_value(axis)
        axis = axis if known is None or unknown(known).any() else known.astype(int)
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
    dims, added = iter(x.shape), {*axis}
    return TensorType(x.dtype, tuple(1 if i in added else next(dims) for i in range(len(x.shape) + len(axis))))


def _expand_grad(g: Node, y: Node, input: Node, axis: tuple[int, ...]) -> tuple[Node]:
    return (squeeze(g, axis),)


@declare("alias", _expanded, prepare=_expand_attrs, shape_math=True, label="ExpandDims", from_tensors={"axis": "new axis"},
         grad=_expand_grad,
         samples=(([(2, 3)], {"axis": 1}), ([()], {"axis": -1}), ([(2, 3)], {"axis": (0, -1)})))
def expand_dims(input: Any, *, axis: Any) -> Any:
    """A new dimension of size 1 at `axis` (several: where they are in the result).

    >>> tf.Session(jit=False).run(tf.expand_dims([1, 2], axis=1))
    array([[1],
           [2]], dtype=int32)
    """
    return np.expand_dims(input, axis)


def _squeeze_attrs(types: Types, axis: Any) -> dict[str, Any]:
    many = () if axis is None else _axis_tuple(axis)
    return {"axis": normal_axes(list({normal_axis(a, types[0].rank) for a in many}), types[0].rank) if many else None}     # a set, as in TensorFlow


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


@declare("alias", _squeezed, prepare=_squeeze_attrs, shape_math=True, grad=_squeeze_grad, label="Squeeze", batch="squeezed",
         samples=(([(1, 3, 1)], {}), ([(1, 3, 1)], {"axis": -1}), ([(1, 0)], {"axis": 0})))
def squeeze(input: Any, *, axis: Any = None) -> Any:
    """Without the dimensions of size 1: those at `axis`, or all.

    >>> tf.Session(jit=False).run(tf.squeeze([[1], [2]]))
    array([1, 2], dtype=int32)
    """
    return np.squeeze(input, axis)


# ---------------------------------------------------------------------- views: other strides over the same memory

def _transpose_attrs(types: Types, perm: Any, conjugate: Any = False) -> dict[str, Any]:
    rank = types[0].rank
    if perm is None:
        return {"perm": None if rank is None else tuple(reversed(range(rank)))}
    order = tuple(normal_axis(as_int(p, "perm"), rank) for p in _axis_tuple(perm))
    if sorted(order) != list(range(len(order) if rank is None else rank)):
        raise ShapeError(f"perm {order} is not a permutation of the axes of an operand of rank {rank}")
    return {"perm": order}


def _conjugated(inputs: tuple[Node, ...], attrs: dict[str, Any]) -> tuple[Node, ...]:
    return tuple([OPERATORS["conj"](x) for x in inputs]) if attrs["conjugate"] else inputs


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


@declare("view", _transposed, prepare=_transpose_attrs, from_tensors={"perm": "order"}, ahead=_conjugated, view=_transpose_view, grad=_transpose_grad,
         samples=(([(2, 3, 4)], {"perm": (2, 0, 1)}), ([(2, 3)], {}), ([()], {}), ([(0, 3)], {})), label="transpose", op_type="Transpose")
def transpose(a: Any, *, perm: Any = None, name: str | None = None, conjugate: bool = False) -> Any:
    """The axes in the order `perm`, reversed without it; `conjugate`: of the conjugates of complex numbers.

    >>> tf.Session(jit=False).run(tf.transpose([[1, 2], [3, 4]]))
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    return np.transpose(a, perm)


def _broadcasted(types: Types, values: Values) -> TensorType:
    x = types[0]
    wanted = vector_shape(types[1], values[1])
    if wanted is None or x.shape is None:
        return TensorType(x.dtype, wanted)
    if not compatible(broadcast(x.shape, wanted), wanted):
        raise ShapeError(f"shape {shape_str(x.shape)} does not broadcast to {shape_str(wanted)}")
    return TensorType(x.dtype, wanted)


def _broadcast_view(shape: Any, strides: Strides, out_shape: Any, **_: Any) -> Placement:
    lead = len(out_shape) - len(shape)
    stretched = tuple(0 if d == 1 else s for d, s in zip(shape, strides, strict=True))
    return tuple(out_shape), (0,) * lead + stretched, 0


@declare("view", _broadcasted, by_value=(1,), fixed=SHAPE_OPERAND, view=_broadcast_view, shape_math=True, batch="stretched",
         grad=lambda g, y, input, wanted: (unbroadcast(g, input), None),
         samples=(([(3, 1), np.array([2, 3, 4])], {}), ([(), np.array([2, 3])], {}), ([(1, 2), np.array([0, 2])], {})), label="BroadcastTo")
def broadcast_to(input: Any, shape: Any) -> Any:
    """The tensor repeated along dimensions of size 1 and new leading ones, up to `shape`.

    >>> tf.Session(jit=False).run(tf.broadcast_to([1, 2], [2, 2]))
    array([[1, 2],
           [1, 2]], dtype=int32)
    """
    return np.broadcast_to(input, tuple(np.asarray(shape).astype(np.int64).tolist()))


def _reverse_view(shape: Any, strides: Strides, axis: Any, **_: Any) -> Placement:
    offset = sum((shape[i] - 1) * strides[i] for i in axis) if 0 not in shape else 0
    return tuple(shape), tuple(-s if i in axis else s for i, s in enumerate(strides)), offset


def _reverse_grad(g: Node, y: Node, tensor: Node, axis: tuple[int, ...]) -> tuple[Node]:
    return (reverse(g, axis),)


@declare("view", typed_like(), prepare=lambda types, axis: {"axis": normal_axes(axis, types[0].rank)},
         view=_reverse_view, grad=_reverse_grad, shape_math=True, from_tensors={"axis": "axes"},
         samples=(([(2, 3)], {"axis": (0, 1)}), ([(4,)], {"axis": [-1]}), ([(0, 2)], {"axis": [0]})), label="ReverseV2")
def reverse(tensor: Any, *, axis: Any) -> Any:
    """The elements in opposite order along `axis`.

    >>> tf.Session(jit=False).run(tf.reverse([1, 2, 3], [0]))
    array([3, 2, 1], dtype=int32)
    """
    return np.flip(tensor, axis)


# ---------------------------------------------------------------------- undoing a broadcast

def summed_axes(wide: Shape, narrow: Shape) -> tuple[int, ...]:
    """The axes to sum from shape `wide` to shape `narrow`, which broadcasts to it.

    An axis that has size 1 in `narrow` and an open one in `wide` is summed: of one element that is no change.
    """
    lead = len(wide) - len(narrow)
    axes = list(range(lead))
    for i, d in enumerate(narrow, lead):
        if not alike(d, wide[i]) and not (fixed(wide[i]) and wide[i] == 1) and d == 1:
            axes.append(i)
    return tuple(axes)


def unbroadcast(g: Node, x: Node) -> Node:
    """`g` summed over the axes along which x was repeated to get g's shape: the transpose of broadcasting."""
    wide, narrow = named_shape(g), named_shape(x)
    if wide is None or narrow is None:
        return unbroadcast_dynamic(g, x)
    try:
        axes = summed_axes(wide, narrow)
    except Undecided:
        return unbroadcast_dynamic(g, x)
    sums = _summed(g, axes, len(wide) - len(narrow))
    if merge(sums.type.shape, x.type.shape) != sums.type.shape:         # the names told more than the types
        sums.set_shape(x.type.shape)
    return sums


def _summed(g: Node, axes: tuple[int, ...], lead: int) -> Node:
    if len(axes) > lead:
        g = OPERATORS["reduce_sum"](g, axis=axes, keepdims=True)
        return squeeze(g, axis=tuple(range(lead))) if lead else g
    return OPERATORS["reduce_sum"](g, axis=axes) if axes else g


def _unbroadcast_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType) -> Node:
    wide, narrow = types[0].shape, types[1].shape
    assert wide is not None and narrow is not None
    axes = summed_axes(wide, narrow)
    return _summed(inputs[0], axes, len(wide) - len(narrow)) if axes else identity(inputs[0])


def _unbroadcast_type(types: Types, values: Any) -> TensorType:
    if types[0].dtype.kind == "b":
        raise DTypeError("not defined for bool")
    return TensorType(types[0].dtype, types[1].shape)


@declare("lowered", _unbroadcast_type, lower=_unbroadcast_lower, weak=False, batch="unbroadcast", complex=True,
         grad=lambda h, y, g, x: (broadcast_to(h, shape(g)), None),
         samples=(([(2, 3), np.ones((1, 3))], {}), ([(4, 2, 3), np.ones((2, 1))], {}), ([(2,), np.ones(2)], {})))
def unbroadcast_dynamic(g: Any, x: Any) -> Any:
    """`unbroadcast` where the shapes are not known before the graph runs."""
    axes = summed_axes(g.shape, np.shape(x))
    return np.sum(g, axis=axes, keepdims=True, dtype=g.dtype).reshape(np.shape(x))
