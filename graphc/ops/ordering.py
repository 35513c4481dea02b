"""Operators that bring elements into order, look for places in it, and turn or mirror an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, ShapeError
from ..ir.axes import normal_axis
from ..ir.home import home
from ..ir.known import as_int
from ..ir.loops import Loop
from ..ir.node import Node, here, saying
from ..ir.operator import Values, declare, to_node, typed_like
from ..ir.types import TensorType, as_dtype, compatible, element_count, int32, shape_str
from .array_gather import gather
from .array_index import iota
from .array_move import Types, shape, transpose
from .from_tensors import from_tensors
from .later import deferrable, later
from .math import cast, floormod
from .nn_top import pick_last
from .scopes import composed
from .sorting_loop import order_loop, values_loop

_DIRECTIONS = ("ASCENDING", "DESCENDING")
_BLOCK = 64             # values that are looked up at once: their places stay in the nearest cache


# ---------------------------------------------------------------------- sorting

def _sort_attrs(types: Types, axis: Any, descending: Any) -> dict[str, Any]:
    if types[0].shape == ():
        raise ShapeError("a scalar has no order")
    return {"axis": normal_axis(axis, types[0].rank), "descending": bool(descending)}


def _sorted_grad(g: Node, y: Node, x: Node, axis: int, descending: bool) -> tuple[Node]:
    """Each slope goes back to where its element came from."""
    order = sorted_order(x, axis=axis, descending=descending)
    return (_at_order(g, sorted_order(order, axis=axis, descending=False), axis),)


@deferrable("at_order", axis=(int,))
def _at_order(x: Node, order: Node, axis: int = -1) -> Node:
    """The elements along an axis in another order, one for each row."""
    rank = x.type.rank
    if axis == (-1 if rank is None else rank - 1):
        return pick_last(x, order)
    if rank is None:
        return later("at_order", (x, order), x.type, axis=axis)
    turn = [*(i for i in range(rank) if i != axis), axis]
    return transpose(pick_last(transpose(x, turn), transpose(order, turn)), np.argsort(turn).tolist())


_SORTS: Any = (([np.array([3.0, 1.0, 2.0, -1.5])], {"axis": 0}), ([(3, 4)], {"axis": 1, "descending": True}), ([(3, 2)], {"axis": 0}),
               ([(0,)], {"axis": 0}))


@declare("routine", typed_like(), prepare=_sort_attrs, loop=values_loop, grad=_sorted_grad, batch="leading", samples=_SORTS, analytic=False)
def sorted_values(x: Any, *, axis: int = -1, descending: bool = False) -> Any:
    """The elements along an axis in order, nan last (first if descending); equal ones stay as they are."""
    return np.take_along_axis(x, sorted_order.reference(x, axis=axis, descending=descending), axis)


@declare("routine", lambda types, values, axis, descending: TensorType(np.dtype(np.int32), types[0].shape), prepare=_sort_attrs, batch="leading",
         loop=order_loop, samples=_SORTS)
def sorted_order(x: Any, *, axis: int = -1, descending: bool = False) -> Any:
    """The places of the elements along an axis in their order; equal ones stay as they are."""
    if not descending:
        return np.argsort(x, axis=axis, kind="stable").astype(np.int32)
    back = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    return (x.shape[axis] - 1 - np.flip(back, axis)).astype(np.int32)


def _descends(what: str, direction: Any) -> bool:
    if direction not in _DIRECTIONS:
        raise ArgumentError(f"{what}: the direction is 'ASCENDING' or 'DESCENDING', not {direction!r:.40}{here()}")
    return bool(direction == "DESCENDING")


def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None) -> Node:
    """The elements along an axis in order.

    number[...] -> the same type. ShapeError: no such axis. ArgumentError: no such direction.

    >>> tf.Session(jit=False).run(tf.sort([3, 1, 2], direction='DESCENDING'))
    array([3, 2, 1], dtype=int32)
    """
    return sorted_values(values, axis=axis, descending=_descends("sort", direction), name=name)


def argsort(values: Any, axis: Any = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None) -> Node:
    """The places of the elements along an axis in their order; equal ones stay as they are, whatever `stable` is.

    number[...] -> int32[...]. ShapeError: no such axis. ArgumentError: no such direction.

    >>> tf.Session(jit=False).run(tf.argsort([3, 1, 2]))
    array([1, 2, 0], dtype=int32)
    """
    return sorted_order(values, axis=axis, descending=_descends("argsort", direction), name=name)


def _searched_type(types: Types, values: Values, side: str, out_type: np.dtype[Any]) -> TensorType:
    sequence, wanted = types
    if sequence.dtype != wanted.dtype or sequence.dtype.kind == "b":
        raise DTypeError(f"values of {wanted.dtype} are looked up among {sequence.dtype}")
    if 0 in (sequence.rank, wanted.rank):
        raise ShapeError("a scalar is no sorted sequence")
    if sequence.shape is not None and wanted.shape is not None and not compatible(sequence.shape[:-1], wanted.shape[:-1]):
        raise ShapeError(f"rows of {shape_str(wanted.shape)} are not looked up in rows of {shape_str(sequence.shape)}")
    return TensorType(out_type, wanted.shape)


def _searched_attrs(types: Types, side: Any, out_type: Any) -> dict[str, Any]:
    if side not in ("left", "right"):
        raise DTypeError(f"the side is 'left' or 'right', not {side!r:.40}")
    return {"side": side, "out_type": as_dtype(out_type).dtype}


def _searched_loop(types: Any, type: Any, side: str, out_type: Any) -> Loop:
    """Blocks of values, each step of the search for all of a block: nothing is foreseen wrongly, and many loads are under way at once."""
    n, m = types[0].shape[-1], types[1].shape[-1]
    count = element_count(types[1].shape)
    before = "{e} < v" if side == "left" else "({e} <= v) | (v != v)"         # nan is behind all
    body = f"""
    begins = scratch(0, {_BLOCK}, int64)
    for block in range(lo, hi):
        first = block * {_BLOCK}
        end = min(first + {_BLOCK}, count)
        for k in range(first, end):
            store(begins, k - first, k // m * n)
        left = n
        while left > 1:
            half = left // 2
            for k in range(first, end):
                v = load(values, k)
                begin = load(begins, k - first)
                store(begins, k - first, select({before.format(e="load(sorted_sequence, begin + half - 1)")}, begin + half, begin))
            left -= half
        for k in range(first, end):
            v = load(values, k)
            place = load(begins, k - first) - k // m * n
            if n > 0:
                place += int64({before.format(e="load(sorted_sequence, load(begins, k - first))")})
            store(out, k, {out_type.name}(place))
    """
    return Loop(body, {"n": n, "m": m, "count": count}, (count + (_BLOCK - 1)) // _BLOCK, 8 * count)


@declare("routine", _searched_type, prepare=_searched_attrs, loop=_searched_loop, batch="leading",
         samples=(([np.array([1.0, 2.0, 2.0, 5.0]), np.array([2.0, 0.0, 9.0])], {}),
                  ([np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[2.0], [3.5]])], {"side": "right"}), ([np.zeros(0), np.ones(2)], {})),
         label="searchsorted", op_type=lambda node: "LowerBound" if node.attrs["side"] == "left" else "UpperBound")
def searchsorted(sorted_sequence: Any, values: Any, *, side: str = "left", out_type: Any = int32) -> Any:
    """Where in each sorted row the values would be inserted: before equal elements, or behind them ("right").

    >>> tf.Session(jit=False).run(tf.searchsorted([1, 3, 5], [3, 4]))
    array([1, 2], dtype=int32)
    """
    rows = sorted_sequence.reshape(-1, sorted_sequence.shape[-1]) if sorted_sequence.size else \
        sorted_sequence.reshape(int(np.prod(sorted_sequence.shape[:-1])), sorted_sequence.shape[-1])
    wanted = values.reshape(len(rows), values.shape[-1])
    found = np.array([np.searchsorted(r, w, "right" if side == "right" else "left") for r, w in zip(rows, wanted, strict=True)], out_type)
    if side == "left" and values.dtype.kind == "f":
        found = np.where(np.isnan(wanted), 0, found).astype(out_type)        # no element is less than nan, as std::lower_bound compares
    return found.reshape(values.shape)


# ---------------------------------------------------------------------- turning and mirroring

@from_tensors("input", "shift", label="Roll", axis="axes")
@composed("Roll", op="Roll")
@deferrable("roll", axis=(int, tuple))
def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Node:
    """The elements moved by `shift` places along an axis; what leaves one end comes in at the other.

    any[...], shift and axis: numbers, or as many of each -> the same type. ShapeError: no such axis, or other numbers of them.

    >>> tf.Session(jit=False).run(tf.roll([1, 2, 3, 4], shift=1, axis=0))
    array([4, 1, 2, 3], dtype=int32)
    """
    x = to_node(input)
    with saying("roll"):
        axes = [as_int(a) for a in (np.asarray(axis).reshape(-1).tolist() if not isinstance(axis, Node) else [axis])]
        moves = to_node(shift, graph=home(x))
        if moves.type.rank not in (0, 1) or (moves.type.rank == 1 and moves.type.shape[0] not in (None, len(axes))):
            raise ShapeError(f"{len(axes)} axes are rolled by {shape_str(moves.type.shape)} numbers")
        if x.type.rank is None:
            return later("roll", (x, moves), x.type, name, axis=tuple(axes))
        at = [normal_axis(a, x.type.rank) for a in axes]
    for i, a in enumerate(at):
        n = shape(x, out_type=np.int64)[a]
        by = cast(moves if moves.type.rank == 0 else moves[i], dtype=np.int64)
        x = gather(x, floormod(iota([n], dtype=np.int64) - by, n), axis=a, name=name if i == len(at) - 1 else None)
    return x


__all__ = ["sort", "argsort", "searchsorted", "roll"]
