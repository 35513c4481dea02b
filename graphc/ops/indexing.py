"""Python's indexing and TensorFlow's slices, with bounds that are numbers or tensors."""

from __future__ import annotations

from builtins import slice as _slice
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.known import static_value
from ..ir.node import OPERATORS, Node, describe, here
from ..ir.operator import Values, declare, elementwise, to_node
from ..ir.sizes import listed, unknown, whole
from ..ir.types import Shape, TensorType
from .array_gather import boolean_mask, gather
from .array_join import as_one_dtype
from .array_move import Types, concrete, shape, vector_shape
from .fixed_slices import ALL, fixed_slice
from .from_tensors import from_tensors
from .math import cast, position, where

# ---------------------------------------------------------------------- slices with bounds that are tensors

_ANY = np.iinfo(np.int64).min


def _cut(types: Types, values: Values) -> TensorType:
    x = types[0]
    begin, size = (vector_shape(types[i], values[i], what, least=_ANY) for i, what in ((1, "begin"), (2, "size")))
    rank = next((len(s) for s in (x.shape, begin, size) if s is not None), None)
    if rank is None:
        return TensorType(x.dtype, None)
    dims: Shape = x.shape if x.shape is not None else (None,) * rank
    begin, size = begin or (None,) * rank, size or (None,) * rank
    if {len(begin), len(size), len(dims)} != {rank}:
        raise ShapeError(f"begin and size must have one element for each of {len(dims)} axes, "
                         f"not {len(begin)} and {len(size)}")
    return TensorType(x.dtype, tuple(_cut_size(*d) for d in zip(range(rank), dims, begin, size, strict=True)))


def _cut_size(axis: int, dim: int | None, begin: int | None, size: int | None) -> int | None:
    if begin is not None and (begin < 0 or (dim is not None and begin > dim)):
        raise ShapeError(f"begin {begin} is outside axis {axis} of size {dim}")
    if size is not None and size < -1:
        raise ShapeError(f"size {size} is negative; -1 stands for all that is left")
    if size == -1:
        return None if dim is None or begin is None else dim - begin
    if None not in (dim, size) and (0 if begin is None else begin) + size > dim:  # type: ignore[operator]
        raise ShapeError(f"axis {axis} has size {dim}, which ends before begin {'?' if begin is None else begin} + size {size}")
    return size


def _cut_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType) -> Node:
    """A view once the begin is known, which it is unless it is data of this very run."""
    begin = static_value(inputs[1])
    if begin is None or unknown(begin).any() or not out_type.known:
        return node
    index = tuple(("slice", b, b + n, None) for b, n in zip(listed(begin), concrete(out_type), strict=True))
    return fixed_slice(inputs[0], index=index)


def _cut_grad(g: Node, y: Node, input_: Node, begin: Node, size: Node) -> tuple[Node, None, None]:
    begin, whole, part = as_one_dtype((begin, shape(input_), shape(y)), np.dtype(np.int32))
    return OPERATORS["pad"](g, OPERATORS["stack"]([begin, whole - begin - part], axis=1)), None, None


@declare("host", _cut, by_value=(1, 2), fixed={"begin": "int32", "size": "int32"}, lower=_cut_lower, grad=_cut_grad,
         label="Slice", shape_math=True, batch="leading", complex=True,
         samples=(([(4, 5), np.array([1, 0]), np.array([2, -1])], {}), ([(3,), np.array([3]), np.array([0])], {}),
                  ([(), np.zeros(0, int), np.zeros(0, int)], {})))
def slice(input_: Any, begin: Any, size: Any) -> Any:
    """`size[i]` elements (-1: all that are left) from `begin[i]` along each axis i.

    >>> tf.Session(jit=False).run(tf.slice([1, 2, 3, 4], [1], [2]))
    array([2, 3], dtype=int32)
    """
    begin, size = (np.asarray(v).astype(int).tolist() for v in (begin, size))
    bounds = zip(np.shape(input_), begin, size, strict=True)
    cuts = tuple((b, d if n == -1 else b + n, d) for d, b, n in bounds)
    for b, e, d in cuts:
        if not 0 <= b <= e <= d:
            raise InvalidArgumentError(f"elements {b} to {e} are not within an axis of size {d}")
    return np.asarray(input_)[tuple(_slice(b, e) for b, e, _ in cuts)]


@elementwise("minimum(maximum(select({bound} < {T}(0), {bound} + {length}, {bound}), {T}(0)), {length})",
             shape_math=True, fixed={"bound": "int32", "length": "int32"})
def slice_bound(bound: Any, length: Any) -> Any:
    """Where a slice's bound lies in an axis of that length: from the end if negative, and no further than the ends."""
    return np.minimum(np.maximum(np.where(np.less(bound, 0), np.add(bound, length), bound), 0), length)


# ---------------------------------------------------------------------- Python's indexing

def getitem(x: Any, key: Any, name: str | None = None) -> Node:
    """x[key]: integers and slices (of numbers or scalar tensors), None, ..., integer vectors, boolean masks."""
    x = to_node(x)
    keys = key if isinstance(key, tuple) else (key,)
    entries = [_entry(x, k) for k in keys]
    if sum(e[0] == "ellipsis" for e in entries) > 1:
        raise ShapeError(f"{describe(x)}: an index can have only a single ellipsis{here()}")
    late = [e for e in entries if e[0] in ("cut", "take", "mask")]
    index = tuple(ALL if e in late else e for e in entries)
    if not late:
        return fixed_slice(x, index=index, name=name)
    if any(e != ALL for e in index):
        x = fixed_slice(x, index=index)
    return _late(x, entries, name)


def _entry(x: Node, k: Any) -> tuple[Any, ...]:
    if k is None:
        return ("new",)
    if k is Ellipsis:
        return ("ellipsis",)
    if isinstance(k, _slice):
        begin, end, step = (_bound(x, b) for b in (k.start, k.stop, k.step))
        if step == 0 or isinstance(step, Node):
            raise ShapeError(f"{describe(x)}: a slice's step must be a number other than 0{here()}")
        return ("cut" if isinstance(begin, Node) or isinstance(end, Node) else "slice", begin, end, step)
    if isinstance(k, (bool, np.bool_)) or not isinstance(k, (int, np.integer, Node, list, np.ndarray)):
        raise DTypeError(f"{describe(x)}: {k!r:.60} is no index{here()}")
    if isinstance(k, (int, np.integer)):
        return ("int", int(k))
    node = to_node(k)
    if node.type.dtype.kind == "b":
        return ("mask", node)
    if node.type.dtype.kind not in "iu":
        raise DTypeError(f"{describe(x)}: {describe(node)} is no index: it is not of integers{here()}")
    exact = _exact(node)
    return ("int", exact) if exact is not None else ("take", node)


def _exact(node: Node) -> int | None:
    """The value of a scalar tensor that is known while the graph is built."""
    known = static_value(node) if node.type.shape == () else None
    return None if known is None or unknown(known) else whole(known.reshape(()).item())


def _bound(x: Node, b: Any) -> Any:
    if isinstance(b, Node):
        exact = _exact(b)
        return b if exact is None else exact
    if b is None:
        return None
    try:
        return int(b.__index__())
    except (AttributeError, TypeError):
        raise DTypeError(f"{describe(x)}: {b!r:.60} is no bound of a slice{here()}") from None


def _late(x: Node, entries: list[tuple[Any, ...]], name: str | None) -> Node:
    """What depends on tensors; x has had the rest of the index applied. Last axis first: the others stay in place."""
    at = next((i for i, e in enumerate(entries) if e[0] == "ellipsis"), len(entries))
    left = [e for e in entries if e[0] != "int"]
    at -= sum(e[0] == "int" for e in entries[:at])
    behind = left[at + 1:]
    if any(e[0] not in ("new", "slice") for e in behind) and x.type.rank is None:
        raise ShapeError(f"{describe(x)}: its rank must be known to index behind an ellipsis{here()}")
    places = [(i, e) for i, e in enumerate(left[:at])]
    places += [((x.type.rank or 0) - len(behind) + i, e) for i, e in enumerate(behind)]
    picks = [(i, e) for i, e in places if e[0] in ("cut", "take", "mask")]
    for n, (axis, (kind, *what)) in enumerate(reversed(picks), 1):
        last = name if n == len(picks) else None
        if kind == "cut":
            x = _cut_axis(x, axis, what, last)
        elif kind == "mask":
            x = boolean_mask(x, what[0], axis=axis, name=last)
        else:
            x = gather(x, _from_end(x, what[0], axis), axis=axis, name=last)
    return x


def _from_end(x: Node, i: Node, axis: int) -> Node:
    return where(i < 0, i + cast(shape(x)[axis], i.type.dtype), i)


def _cut_axis(x: Node, axis: int, bounds: Sequence[Any], name: str | None) -> Node:
    begin, end, step = bounds
    if step is not None and step < 0:
        raise ShapeError(f"{describe(x)}: a slice whose bounds are tensors cannot go backwards{here()}")
    length = shape(x)[axis]
    begin, end = (position(b) if isinstance(b, Node) else b for b in (begin, end))
    first = 0 if begin is None else slice_bound(begin, length)
    last = length if end is None else slice_bound(end, length)
    rest = [-1] * ((x.type.rank or axis + 1) - axis - 1)
    if x.type.rank is None:
        raise ShapeError(f"{describe(x)}: its rank must be known to cut it at tensors{here()}")
    size = OPERATORS["maximum"](last - first, 0)
    begins, sizes = [*([0] * axis), first, *([0] * len(rest))], [*([-1] * axis), size, *rest]
    if step is None:
        return slice(x, begins, sizes, name=name)
    return fixed_slice(slice(x, begins, sizes), index=(*([ALL] * axis), ("slice", None, None, step)), name=name)


OPERATORS["getitem"] = getitem


@from_tensors("input_", "begin", "end", label="StridedSlice", strides="steps")
def strided_slice(input_: Any, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0, end_mask: int = 0,
                  ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0, var: Any = None,
                  name: str | None = None) -> Node:
    """Elements from `begin` to `end` in steps of `strides`; bit i of a mask changes what entry i means (TensorFlow).

    begin, end, strides: int[n], n at most the rank. ShapeError: they do not fit, or a stride is 0.

    >>> tf.Session(jit=False).run(tf.strided_slice([1, 2, 3, 4], [0], [4], [2]))
    array([1, 3], dtype=int32)
    """
    lists = [_members(v) for v in (begin, end, strides if strides is not None else [1] * len(_members(begin)))]
    key: list[Any] = []
    for i, (b, e, s) in enumerate(zip(*lists, strict=True)):
        if ellipsis_mask >> i & 1:
            key.append(Ellipsis)
        elif new_axis_mask >> i & 1:
            key.append(None)
        elif shrink_axis_mask >> i & 1:
            key.append(b)
        else:
            key.append(_slice(None if begin_mask >> i & 1 else b, None if end_mask >> i & 1 else e, s))
    return getitem(input_, tuple(key), name)


def _members(vector: Any) -> list[Any]:
    if not isinstance(vector, Node):
        return list(vector)
    known = static_value(vector)
    return [vector[i] if known is None or unknown(known[i]) else whole(known[i]) for i in range(len(list(vector)))]


__all__ = ["slice", "strided_slice"]
