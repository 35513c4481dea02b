"""The rules of batching: from the use of a node to the node over the batch, by what its operator's family names, or its declaration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import InternalError, ShapeError
from ..ir.families import BATCH_RULES
from ..ir.node import Node, describe, here
from ..ir.sizes import alike
from ..ops.array import broadcast_to, concat, expand_dims, gather, reshape, shape, transpose
from ..ops.array_move import squeeze
from ..ops.linalg_matmul import matmul
from ..ops.math import maximum
from .batch import Size, Use, as_node, cast_to, rank_of

_ALL = ("slice", None, None, None)


def _raised(use: Use, i: int, rank: int) -> Node:
    """An operand with as many axes after the batch's as the longest has: broadcasting aligns last axes."""
    own = use.rank(i)
    x = use.inputs[i]
    return expand_dims(x, tuple(range(1, 1 + rank - own))) if use.wide[i] and own < rank else x


def _aligned(use: Use) -> Node | None:
    """Operators whose operands broadcast: element by element, or over all axes but the last ones."""
    if len(use.inputs) == 1:
        return use.build(use.inputs)
    rank = max(use.rank(i) for i in range(len(use.inputs)))
    built = use.build([_raised(use, i, rank) for i in range(len(use.inputs))])
    return built if built.type.rank == rank + 1 else None       # a result that is shaped like one operand, and another one has the batch


def _one_more_axis(use: Use) -> dict[str, Any]:
    """The attributes, where they name axes, for an operand with one more axis before the others."""
    attrs = dict(use.node.attrs)
    for key, move in _MOVED.items():
        if key in attrs:
            attrs[key] = move(use, attrs[key])
    return attrs


def _moved_axis(use: Use, axis: Any) -> Any:
    if axis is None:
        return tuple(range(1, 1 + use.rank(0)))
    return tuple(a + 1 for a in axis) if isinstance(axis, tuple) else axis + 1


def _moved_perm(use: Use, perm: Any) -> Any:
    order = reversed(range(use.rank(0))) if perm is None else perm
    return (0, *(p + 1 for p in order))


_MOVED: dict[str, Callable[[Use, Any], Any]] = {
    "axis": _moved_axis,
    "perm": _moved_perm,
    "index": lambda use, index: (_ALL, *index),
    "lead": lambda use, lead: lead + 1,
    "rank": lambda use, rank: rank + 1,
}
# Operands that describe axes, and what they say of the batch's own (None: its size).
_VECTORS: dict[str, Any] = {"shape": None, "whole": None, "begin": 0, "size": -1, "multiples": 1, "paddings": (0, 0)}

_SAME = frozenset({"length"})       # operands that say how much, whatever the batch is


def _leading(use: Use) -> Node | None:
    """Operators that take an axis before the others as it is, once attributes and operands that describe axes know of it."""
    names = use.node.operator.param_names(len(use.inputs))
    operands = []
    for name, x, w in zip(names, use.inputs, use.wide, strict=True):
        if name in _SAME:
            if w:
                return None
        elif name in _VECTORS:
            if w:
                return None
            x = as_node(use.batch.prefix(x, _VECTORS[name]))
        elif not w:
            x = use.batch.spread(x)
        operands.append(x)
    return use.build(operands, _one_more_axis(use))


def _squeezed(use: Use) -> Node:
    """squeeze: by default it is the node's own axes of size 1 that go, whatever the batch's size is."""
    axis, x = use.node.attrs["axis"], use.node.inputs[0]
    if axis is None and not x.type.known:
        raise ShapeError(f"squeeze over a batch: the shape of {describe(x)} must be known{here()}")
    axis = [i for i, d in enumerate(x.type.shape) if d == 1] if axis is None else axis
    return use.build(use.inputs, {"axis": tuple(i + 1 for i in axis)})


def _stretched(use: Use) -> Node | None:
    """broadcast_to: the operand's axes are the last of the result's."""
    if use.wide[1]:
        return None
    return broadcast_to(_raised(use, 0, rank_of(use.node, use.node)), use.batch.prefix(use.inputs[1]))


def _gathered(use: Use) -> Node | None:
    axis = use.node.attrs["axis"]
    params, indices = use.inputs
    if use.wide == (True, False):
        return use.build(use.inputs, {"axis": axis + 1})
    if use.wide == (False, True):
        found = gather(params, indices, axis=axis)
        rank = rank_of(use.node, use.node)
        return transpose(found, (axis, *range(axis), *range(axis + 1, rank + 1))) if axis else found
    return None


def _scattered(use: Use) -> Node | None:
    if use.wide != (False, True, False):
        return None
    indices, updates, whole = use.inputs
    return use.build((indices, updates, as_node(use.batch.prefix(whole))), {"axis": use.node.attrs["axis"] + 1})


# Operands that say where, or how much, of those that `_trailing` takes: the same for the whole batch.
_WHERE = frozenset({"indices", "index", "count", "written", "segment_ids", "num_segments", "shape"})


def _trailing(use: Use) -> Node | None:
    """Operators whose places are counted from the first axes on, so that the batch's own goes last."""
    *ranks, rank = [x.type.rank for x in (*use.node.inputs, use.node)]
    if rank is None or None in ranks:
        return None
    operands = []
    for name, x, w, own in zip(use.node.operator.params, use.inputs, use.wide, ranks, strict=True):
        if name in _WHERE:
            if w:
                return None
            operands.append(concat([x, [use.batch.size]], 0) if name == "shape" else x)
        else:
            operands.append(transpose(x if w else use.batch.spread(x), (*range(1, 1 + (own or 0)), 0)))
    return transpose(use.build(operands), (rank, *range(rank)))


def size_of(use: Use) -> Node:
    """The shape that every element of the batch has."""
    known = use.node.inputs[0].type
    if known.known:
        return as_node(np.array(known.shape, use.node.type.dtype))
    return use.build(use.inputs)[1:]


def _unbroadcast(use: Use) -> Node | None:
    """The second operand gives its shape alone; the batch's axis must stand before the axes that are summed."""
    if use.wide != (True, False):
        return None
    g, x = use.inputs
    lead = use.rank(0) - use.rank(1)
    like = use.batch.spread(expand_dims(x, tuple(range(lead))) if lead else x)
    summed = use.build((g, like))
    return reshape(summed, use.batch.prefix(shape(x))) if lead else summed


def _product(use: Use) -> Node | None:
    """A matrix product: one large product where the batch can be more rows of one matrix, else a product for each element."""
    one = _one_product(use) if (use.rank(0), use.rank(1)) == (2, 2) and use.wide != (True, True) else None
    return _aligned(use) if one is None else one


def _one_product(use: Use) -> Node | None:
    (a, b), (ta, tb) = use.inputs, (use.node.attrs["transpose_a"], use.node.attrs["transpose_b"])
    if use.wide[0] and not ta:
        return _rows(use, a, b, tb)
    if use.wide[1] and tb:                     # a b^T is (b a^T)^T, and the last transpose is only a view
        return transpose(_rows(use, b, a, not ta), (0, 2, 1))
    x = use.node.inputs[1 if use.wide[1] else 0]
    if x.type.shape[-1] != 1:
        return None
    # A column is a row with other strides.
    if use.wide[0]:
        return _rows(use, _as_row(use, a), b, tb)
    return transpose(_rows(use, _as_row(use, b), a, not ta), (0, 2, 1))


def _as_row(use: Use, column: Node) -> Node:
    return expand_dims(squeeze(column, axis=-1), 1)


def _rows(use: Use, a: Node, b: Node, transposed: bool) -> Node:
    """The products of all matrices of a with b (or its transpose), by one."""
    n, rows, inner, columns = use.batch.size, _extent(a, 1), _extent(a, 2), _extent(b, 0 if transposed else 1)
    product = matmul(reshape(a, [n * rows, inner]), b, transpose_b=transposed)
    return reshape(product, [n, rows, columns])


def _extent(x: Node, axis: int) -> Any:
    """The size of an axis: a number where it is known."""
    known = x.type.shape[axis]
    return shape(x)[axis] if known is None else known


def _convolved(use: Use) -> Node | None:
    """One of the three of `conv`, which are the derivatives of one sum of products x * w * y: the batch is among the axes before x's and y's,
    else among the outputs, the channels or the groups, whichever all that has the batch has in common."""
    tensors = [p for p in use.node.operator.params if p != "whole"]
    result = next(t for t in "xwy" if t not in tensors)
    wide = {t for t, w in zip(tensors, use.wide, strict=False) if w} | {result}
    size, (first, second, *whole) = use.batch.size, use.inputs
    if use.wide[len(tensors):] == (True,):
        return None
    if "w" not in wide:
        return use.build((first, second, *(as_node(use.batch.prefix(v)) for v in whole)))
    shape_of_result, rank = use.node.type.shape, use.node.type.rank
    if rank is None or any(x.type.rank is None for x in use.inputs):
        return None

    def extent(t: str, back: int) -> Any:
        if t != result:
            return _extent(use.inputs[tensors.index(t)], -back)
        return whole[0][-back] if shape_of_result[-back] is None else shape_of_result[-back]
    channels, inner = extent("x", 1), extent("w", 2)
    # Of each that has the batch: the axis that it joins, from the end, and how many parts of that axis stand before it.
    groups = 1 if alike(channels, inner) else _at_least_1(channels // _at_least_1(inner))         # no channels are in one group
    joins = {frozenset("wy"): {"w": (1, groups), "y": (1, groups)}, frozenset("xw"): {"x": (1, groups), "w": (2, 1)},
             frozenset("xwy"): {"x": (1, 1), "w": (1, 1), "y": (1, 1)}}[frozenset(wide)]
    operands = [_joined(x, size, *joins[t]) if t in wide else x for t, x in zip(tensors, (first, second), strict=True)]
    axis, before = joins[result]
    operands += [v * cast_to(as_node([size if i == axis else 1 for i in range(rank, 0, -1)]), v.type.dtype) for v in whole]
    return _parted(use.build(operands), size, axis, before, extent("w", 1) if result == "y" else extent(result, axis))


def _at_least_1(size: Any) -> Any:
    return maximum(size, 1) if isinstance(size, Node) else max(size, 1)


def _joined(x: Node, size: Size, axis: int, before: Any) -> Node:
    """The batch's axis within another one, counted from the end, behind so many parts of it."""
    at = len(x.type.shape or ()) - axis
    n = _extent(x, at)
    dims = [_extent(x, i) for i in range(1, at)]
    behind = [_extent(x, i) for i in range(at + 1, len(x.type.shape or ()))]
    apart = reshape(x, [size, *dims, before, n // before, *behind])
    rank = len(dims) + 3 + len(behind)
    moved = transpose(apart, (*range(1, at + 1), 0, *range(at + 1, rank)))
    return reshape(moved, [*dims, size * n, *behind])


def _parted(x: Node, size: Size, axis: int, before: Any, n: Any) -> Node:
    """The batch's axis, first again, where it had joined another one, of n elements."""
    at = len(x.type.shape or ()) - axis
    dims = [_extent(x, i) for i in range(at)]
    behind = [_extent(x, i) for i in range(at + 1, len(x.type.shape or ()))]
    apart = reshape(x, [*dims, before, size, n // before, *behind])
    rank = len(dims) + 3 + len(behind)
    moved = transpose(apart, (at + 1, *range(at + 1), *range(at + 2, rank)))
    return reshape(moved, [size, *dims, n, *behind])


# By their names; None of a use where a rule does not hold.
BATCHERS: dict[str, Callable[[Use], Node | None]] = {
    "aligned": _aligned, "leading": _leading, "gathered": _gathered, "scattered": _scattered, "trailing": _trailing, "squeezed": _squeezed,
    "stretched": _stretched, "unbroadcast": _unbroadcast, "product": _product, "convolved": _convolved,
}
if {*BATCHERS, "size", "unrolled"} != {*BATCH_RULES}:
    raise InternalError("declarations may name exactly the rules of batching that there are")
