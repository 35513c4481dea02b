"""Running sums and products along an axis, and other operators that walk a vector from end to end."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.axes import normal_axis
from ..ir.loops import Loop, word
from ..ir.node import Node
from ..ir.operator import Values, declare, typed_like
from ..ir.types import TensorType, as_dtype, element_count, int32
from .array_fill import zeros_like
from .array_join import concat, narrow
from .array_move import Types, integers, shape
from .math import minimum
from .sorting_loop import order_loop

WIDER = {np.dtype(np.float32): np.dtype(np.float64), np.dtype(np.complex64): np.dtype(np.complex128)}
LONG = 1024             # elements from which float32 is added up in float64: numpy adds all but contiguous ones one after another


def accumulator(x: Any, axis: int | tuple[int, ...] | None) -> np.dtype[Any]:
    """The dtype in which numpy is to add up `x` along axes so that its error does not grow with their length."""
    sizes = x.shape if axis is None else [x.shape[a] for a in (axis if isinstance(axis, tuple) else (axis,))]
    return WIDER[x.dtype] if x.dtype in WIDER and np.prod(sizes, dtype=np.int64) > LONG else x.dtype


def _scan_attrs(types: Types, axis: Any = 0, exclusive: Any = False, reverse: Any = False) -> dict[str, Any]:
    if types[0].dtype.kind == "b":
        raise DTypeError("booleans are not numbers")
    if types[0].shape == ():
        raise ShapeError("a scalar has no axis to run along")
    return {"axis": normal_axis(axis, types[0].rank), "exclusive": bool(exclusive), "reverse": bool(reverse)}


def _scanned(function: Any, x: Any, start: int, axis: int, exclusive: bool, reverse: bool) -> Any:
    """`function` accumulated along an axis in x's dtype: from the end if `reverse`, an element late if `exclusive`."""
    if x.dtype.kind == "b":
        raise TypeError("booleans are not numbers")
    x = np.flip(x, axis) if reverse else x
    if exclusive:
        first = np.full_like(np.take(x, [0], axis), start) if x.shape[axis] else x
        x = np.concatenate([first, np.delete(x, -1, axis)], axis) if x.shape[axis] else x
    y = function(x, axis=axis, dtype=accumulator(x, axis)).astype(x.dtype, copy=False)
    return np.flip(y, axis) if reverse else y


def _scan_loop(types: Any, type: Any, step: str, start: int, axis: int, exclusive: bool, reverse: bool) -> Loop:
    """Rows of the axis one after another, each with a total for every column; a long contiguous row of float32 has one of float64."""
    t = word(type.dtype)
    dims = type.shape
    outer, n, inner = element_count(dims[:axis]), dims[axis], element_count(dims[axis + 1:])
    wide = word(WIDER.get(type.dtype, type.dtype))
    total = step.format(total="total", x=f"{wide}(load(x, at))")
    if axis < len(dims) - 1:                # totals of all columns side by side
        total = step.format(total="load(scratch0, place)", x=f"{wide}(load(x, at))")
        lines = [f"store(out, at, {t}(load(scratch0, place)))", f"store(scratch0, place, {wide}({total}))"]
        body = f"""
    for k in range(lo, hi):
        for j in range(inner):
            store(scratch0, k * inner + j, {wide}({start}))
        for i in range(n):
            row = (k * n + {'n - 1 - i' if reverse else 'i'}) * inner
            for j in range(inner):
                place = k * inner + j
                at = row + j
                {lines[not exclusive]}
                {lines[exclusive]}
    """
        return Loop(body, {"n": n, "inner": inner}, outer, outer * n * inner, scratch=[(np.dtype(wide), outer * inner)])
    body = f"""
    for k in range(lo, hi):
        total = {wide}({start})
        at = (k // inner) * n * inner + k % inner{' + (n - 1) * inner' * reverse}
        for i in range(n):
            {f'store(out, at, {t}(total))' if exclusive else 'pass'}
            total = {wide}({total})
            {'pass' if exclusive else f'store(out, at, {t}(total))'}
            at {'-' if reverse else '+'}= inner
    """
    return Loop(body, {"n": n, "inner": inner}, outer * inner, outer * n * inner)


_SCANS = (([(3, 4)], {"axis": 1}), ([(4,)], {"exclusive": True}), ([(4,)], {"reverse": True}),
          ([(2, 3)], {"axis": -1, "exclusive": True, "reverse": True}), ([(0, 2)], {"axis": 0}))


def _cumsum_grad(g: Node, y: Node, x: Node, axis: int, exclusive: bool, reverse: bool) -> tuple[Node]:
    return (cumsum(g, axis, exclusive, not reverse),)


@declare("routine", typed_like(), prepare=_scan_attrs, samples=_SCANS, batch="leading", grad=_cumsum_grad, from_tensors={"axis": "axis"},
         loop=lambda types, type, **attrs: _scan_loop(types, type, "{total} + {x}", 0, **attrs), complex=True, label="Cumsum")
def cumsum(x: Any, *, axis: Any = 0, exclusive: bool = False, reverse: bool = False) -> Any:
    """Sums of the elements up to each one along `axis` (before it if `exclusive`), or from it on if `reverse`.

    >>> tf.Session(jit=False).run(tf.cumsum([1, 2, 3]))
    array([1, 3, 6], dtype=int32)
    """
    return _scanned(np.cumsum, x, 0, axis, exclusive, reverse)


def _cumprod_grad(g: Node, y: Node, x: Node, axis: int, exclusive: bool, reverse: bool) -> tuple[Node]:
    """d/dx_i of sum_j g_j prod_{k<=j} x_k is prod_{k<i} x_k * r_i with r_i = g_i + x_{i+1} r_{i+1}.

    There is no division in it, so zeros do no harm.
    """
    if exclusive:
        g = shifted(g, axis, -1 if not reverse else 1)
    ahead = shifted(x, axis, -1 if not reverse else 1)
    rest = linear_recurrence(ahead, g, axis=axis, reverse=not reverse)
    return (cumprod(x, axis, True, reverse) * rest,)


def shifted(x: Node, axis: int, by: int) -> Node:
    """Every element moved one place along the axis, a zero moving in."""
    size = shape(x)[axis]
    one = minimum(size, 1)                   # nothing moves along an axis of size 0
    zero = zeros_like(narrow(x, axis, 0, one))
    kept = narrow(x, axis, 0 if by > 0 else one, size - one)
    return concat([zero, kept] if by > 0 else [kept, zero], axis)


@declare("routine", typed_like(), prepare=_scan_attrs, grad=_cumprod_grad, batch="leading", from_tensors={"axis": "axis"},
         loop=lambda types, type, **attrs: _scan_loop(types, type, "{total} * {x}", 1, **attrs),
         samples=(*_SCANS, ([np.array([2.0, 0.0, 3.0, 0.0])], {}), ([np.array([2.0, 0.0, 3.0])], {"reverse": True})), complex=True, label="Cumprod")
def cumprod(x: Any, *, axis: Any = 0, exclusive: bool = False, reverse: bool = False) -> Any:
    """Running products along `axis`; `exclusive` and `reverse` as in `cumsum`."""
    return _scanned(np.cumprod, x, 1, axis, exclusive, reverse)


def _recurrence_attrs(types: Types, axis: Any, reverse: Any) -> dict[str, Any]:
    return {"axis": normal_axis(axis, types[1].rank), "reverse": bool(reverse)}


def _recurrence_grad(h: Node, y: Node, a: Node, b: Node, axis: int, reverse: bool) -> tuple[Node, Node]:
    back = linear_recurrence(shifted(a, axis, 1 if reverse else -1), h, axis=axis, reverse=not reverse)
    return back * shifted(y, axis, -1 if reverse else 1), back


def _recurrence_loop(types: Any, type: Any, axis: int, reverse: bool) -> Loop:
    t = word(type.dtype)
    dims = type.shape
    outer, n, inner = element_count(dims[:axis]), dims[axis], element_count(dims[axis + 1:])
    body = f"""
    for k in range(lo, hi):
        r = {t}(0)
        at = (k // inner) * n * inner + k % inner{' + (n - 1) * inner' * reverse}
        for i in range(n):
            r = {t}(load(b, at) + load(a, at) * r) if i > 0 else load(b, at)
            store(out, at, r)
            at {'-' if reverse else '+'}= inner
    """
    return Loop(body, {"n": n, "inner": inner}, outer * inner, outer * n * inner)


@declare("routine", typed_like(1), prepare=_recurrence_attrs, grad=_recurrence_grad, batch="leading", loop=_recurrence_loop, complex=True,
         samples=(([(2, 4), (2, 4)], {"axis": 1}), ([(4,), (4,)], {"axis": 0, "reverse": True}),
                  ([(0,), (0,)], {"axis": 0})))
def linear_recurrence(a: Any, b: Any, *, axis: Any, reverse: bool = False) -> Any:
    """r_i = b_i + a_i r_{i-1} along `axis` (r_{i+1} if `reverse`): what derivatives of running products are made of."""
    a, r = np.moveaxis(a, axis, 0), np.array(np.moveaxis(b, axis, 0))
    steps = range(len(r) - 2, -1, -1) if reverse else range(1, len(r))
    for i in steps:
        r[i] += a[i] * r[i + 1 if reverse else i - 1]
    return np.moveaxis(r, 0, axis)


def _permutation(types: Types, values: Values) -> TensorType:
    integers(types[0], "x")
    if types[0].rank not in (None, 1):
        raise ShapeError(f"a permutation is a vector, not of rank {types[0].rank}")
    return types[0]


@declare("host", _permutation, samples=(([np.array([2, 0, 1])], {}),), label="InvertPermutation")
def invert_permutation(x: Any) -> Any:
    """The permutation that undoes x: result[x[i]] = i."""
    if not np.array_equal(np.sort(x), np.arange(len(x))):
        raise InvalidArgumentError(f"{x.tolist()} is not a permutation of 0 to {len(x) - 1}")
    return np.argsort(x).astype(x.dtype)


def _unique_types(types: Types, values: Values, out_idx: Any) -> tuple[TensorType, TensorType]:
    if types[0].rank not in (None, 1):
        raise ShapeError(f"x must be a vector, not of rank {types[0].rank}")
    return TensorType(types[0].dtype, (None,)), TensorType(out_idx, types[0].shape)


@declare("host", _unique_types, results=("y", "idx"), text=True, prepare=lambda types, out_idx: {"out_idx": as_dtype(out_idx).dtype},
         samples=(([np.array([3.0, 1.0, 3.0, 2.0])], {}),), label="Unique")
def unique(x: Any, *, out_idx: Any = int32) -> Any:
    """The distinct elements of a vector in the order they first appear, and where each element of x is among them.

    any[n] -> (any[m], out_idx[n]). ShapeError: x is no vector. DTypeError: no such dtype.

    >>> tf.Session(jit=False).run(tf.unique([5, 3, 5]))
    unique(y=array([5, 3], dtype=int32), idx=array([0, 1, 0], dtype=int32))
    """
    values, first, places = np.unique(x, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    return values[order], np.argsort(order)[places.reshape(-1)].astype(out_idx)


@declare("routine", lambda types, values: TensorType(np.dtype(np.int64), types[0].shape), loop=order_loop,
         samples=(([np.array([5, 2, 7, 2])], {}), ([np.zeros(0, int)], {})))
def stable_order(x: Any) -> Any:
    """The permutation that sorts a vector of whole numbers; equal ones stay in their order."""
    return np.argsort(x, kind="stable").astype(np.int64)


__all__ = ["cumsum", "cumprod", "invert_permutation", "unique"]
