"""The largest elements of rows, and elements by their places along the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import ShapeError
from ..ir.known import as_int
from ..ir.loops import Check, Loop, word
from ..ir.node import OPERATORS, Node
from ..ir.operator import Values, declare, to_node, typed_like
from ..ir.types import TensorType, element_count
from .from_tensors import from_tensors
from .layouts import telling
from .scopes import scope, stand


def _top_k_type(types: Sequence[TensorType], values: Values, k: int) -> TensorType:
    sizes = types[0].shape
    if k < 0:
        raise ShapeError(f"there are no {k} largest elements")
    if sizes == () or (sizes is not None and sizes[-1] is not None and sizes[-1] < k):
        raise ShapeError(f"the last dimension has fewer than {k} elements")
    return TensorType(np.dtype(np.int32), None if sizes is None else (*sizes[:-1], k))


def _top_k_loop(types: Any, type: Any, k: int) -> Loop:
    """Each row with a heap of its k best, worst on top, which is emptied from behind: nan counts as the largest, as numpy sorts it."""
    n, rows = types[0].shape[-1], element_count(types[0].shape[:-1])
    def worse(i: str, j: str) -> str:
        """Whether what stands at place i of the heap, a, comes behind what stands at j, b."""
        tie = f"((a == b or (a != a and b != b)) and load(out, base + {i}) > load(out, base + {j}))"
        return f"(a < b or (b != b and a == a) or {tie})"

    sift = f"""
            while True:
                child = 2 * at + 1
                if child >= size:
                    break
                if child + 1 < size:
                    a = load(input, row * n + int64(load(out, base + child + 1)))
                    b = load(input, row * n + int64(load(out, base + child)))
                    if {worse("child + 1", "child")}:
                        child += 1
                a = load(input, row * n + int64(load(out, base + child)))
                b = load(input, row * n + int64(load(out, base + at)))
                if not {worse("child", "at")}:
                    break
                moved = load(out, base + at)
                store(out, base + at, load(out, base + child))
                store(out, base + child, moved)
                at = child
"""
    body = f"""
    for row in range(lo, hi):
        base = row * k
        size = k
        for i in range(k):
            store(out, base + i, int32(i))
        for start in range(k // 2):
            at = k // 2 - 1 - start{sift}
        for i in range(k, n):
            v = load(input, row * n + i)
            least = load(input, row * n + int64(load(out, base)))
            if v > least or (v != v and least == least):
                store(out, base, int32(i))
                at = 0{sift.replace(chr(10) + '    ', chr(10) + '        ')}
        for taken in range(k - 1):
            size = k - 1 - taken
            last = load(out, base + size)
            store(out, base + size, load(out, base))
            store(out, base, last)
            at = 0{sift}
    """
    return Loop(body, {"n": n, "k": k}, rows if k else 0, rows * n)


@declare("routine", _top_k_type, batch="leading", prepare=lambda types, k: {"k": as_int(k, "k")}, loop=_top_k_loop,
         samples=(([(3, 4)], {"k": 2}), ([(2, 40)], {"k": 9}), ([np.array([1.0, np.nan, 1.0, 5.0, np.nan, 1.0])], {"k": 5}), ([(3,)], {"k": 0})))
def top_k_indices(input: Any, *, k: int = 1) -> Any:
    """Where the k largest elements of each row are, the largest first, of equal ones the earlier first."""
    last = input.shape[-1] - 1
    # A stable ascending sort of the mirrored row, read backwards.
    order = last - np.argsort(input[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    return order[..., :k].astype(np.int32)


_PLACE = """        for j in range(k):
            at = int64(load(indices, row * k + j))
            if at < 0 or at >= n:
                extents[0] = at
                return 1
"""


def _along_rows(body: str, types: Sequence[Any], which: int, n: Any, work: Any) -> Loop:
    """A loop over rows of n elements, of which operand `which` says k of each by their indices."""
    sizes = types[which].shape
    rows = element_count(sizes[:-1])
    return Loop(body, {"n": n, "k": sizes[-1]}, rows, rows * work, [Check(which, n)])


def _pick_type(types: Sequence[TensorType], values: Values) -> TensorType:
    return TensorType(types[0].dtype, types[1].shape)


def _pick_loop(types: Any, type: Any) -> Loop:
    return _along_rows(f"""
    for row in range(lo, hi):
{_PLACE}            store(out, row * k + j, load(x, row * n + at))
    """, types, 1, types[0].shape[-1], types[1].shape[-1])


@declare("routine", _pick_type, batch="leading", loop=_pick_loop, grad=lambda g, y, x, indices: (OPERATORS["put_last"](indices, g, x), None),
         samples=(([(2, 4), np.array([[0, 2], [3, 1]])], {}),))
def pick_last(x: Any, indices: Any) -> Any:
    """Elements of each row, by their indices along the last axis."""
    return np.take_along_axis(x, np.asarray(indices, np.int64), axis=-1)


def _put_loop(types: Any, type: Any) -> Loop:
    return _along_rows(f"""
    for row in range(lo, hi):
        for i in range(n):
            store(out, row * n + i, {word(type.dtype)}(0))
{_PLACE}            store(out, row * n + at, load(updates, row * k + j))
    """, types, 0, type.shape[-1], type.shape[-1])


@declare("routine", typed_like(2), batch="leading", loop=_put_loop, grad=lambda g, y, indices, updates, like: (None, pick_last(g, indices), None),
         samples=(([np.array([[0, 2], [3, 1]]), (2, 2), (2, 4)], {}),))
def put_last(indices: Any, updates: Any, like: Any) -> Any:
    """Zeros like `like`, with updates at distinct indices along the last axis."""
    out = np.zeros_like(like)
    np.put_along_axis(out, np.asarray(indices, np.int64), updates, axis=-1)
    return out


class TopK(NamedTuple):
    """The result of `top_k`."""

    values: Node
    indices: Node


@from_tensors("input", label="TopKV2", k="count")
def top_k(input: Any, k: Any = 1, sorted: bool = True, name: str | None = None) -> TopK:
    """The k largest elements along the last axis, in descending order, and their indices (int32).

    number[..., n] -> (number[..., k], int32[..., k]). `k`: a number, or a tensor int[]. ShapeError: fewer than k elements. DTypeError: no
    numbers. InvalidArgumentError, when run: a tensor that is no such k.

    >>> tf.Session(jit=False).run(tf.nn.top_k([1, 9, 5], k=2).values)
    array([9, 5], dtype=int32)
    """
    x = to_node(input)
    with telling("top_k", x), scope(name, "TopKV2", x) as last:
        k = as_int(k, "k")
        indices = top_k_indices(x, k=k)
        found = TopK(pick_last(x, indices, name=last), indices)
        stand("TopKV2", found, input=x, k=k, sorted=True)
        return found


__all__ = ["top_k"]
