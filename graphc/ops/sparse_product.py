"""The product of a sparse matrix and a dense one: rows sorted once, then added up row by row, each by one thread."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.loops import Check, Loop, word
from ..ir.node import Node
from ..ir.operator import Values, declare
from ..ir.types import TensorType, compatible
from .array_gather import check_bounds, gather
from .array_move import Types, integers, shape, vector_shape
from .reduce import reduce_sum

INDEX = np.dtype(np.int64)


def _sorted_type(types: Types, values: Values) -> tuple[TensorType, TensorType]:
    rows, count = types
    integers(rows, "rows")
    if rows.rank not in (None, 1):
        raise ShapeError(f"the rows are a vector, not of rank {rows.rank}")
    known = vector_shape(count, values[1], "count")
    return TensorType(INDEX, (None if known is None or known[0] is None else known[0] + 1,)), TensorType(INDEX, rows.shape)


def _sorted_loop(types: Any, type: Any, **attrs: Any) -> Loop:
    n, m = types[0].shape[0], type[0].shape[0] - 1
    # Most often rows are sorted already. Then nothing is counted, which would wait for the count of the element before.
    body = """
    last = int64(0)
    at = 0
    for k in range(n):
        row = int64(load(rows, k))
        if row < last or row >= m:
            break
        while last < row:
            last += 1
            store(starts, last, int64(k))
        store(order, k, int64(k))
        at = k + 1
    if at == n:
        store(starts, 0, int64(0))
        for i in range(last + 1, m + 1):
            store(starts, i, int64(n))
        return 0
    for i in range(m + 1):
        store(starts, i, int64(0))
    for k in range(n):
        row = int64(load(rows, k))
        if row < 0 or row >= m:
            extents[0] = row
            return 1
        store(starts, row + 1, load(starts, row + 1) + 1)
    for i in range(m):
        store(starts, i + 1, load(starts, i + 1) + load(starts, i))
        store(scratch0, i, load(starts, i))
    for k in range(n):
        row = int64(load(rows, k))
        place = load(scratch0, row)
        store(order, place, int64(k))
        store(scratch0, row, place + 1)
    """
    return Loop(body, {"n": n, "m": m}, 1, 3 * n + 2 * m, [Check(0, m)], [(INDEX, m)])


@declare("routine", _sorted_type, name="rows_sorted", results=("starts", "order"), by_value=(1,), loop=_sorted_loop,
         samples=(([np.array([2, 0, 2, 1]), np.array([4])], {}), ([np.zeros(0, int), np.array([2])], {}), ([np.zeros(0, int), np.array([0])], {})))
def rows_sorted(rows: Any, count: Any) -> Any:
    """Where each of `count` rows begins when elements are sorted by their rows, and which element is at each place; equal ones keep their order."""
    m = int(np.asarray(count).reshape(-1)[0])
    check_bounds(rows, m)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=m))])
    return starts.astype(INDEX), np.argsort(rows, kind="stable").astype(INDEX)


def _product_type(types: Types, values: Values) -> TensorType:
    columns, data, b, starts, order, rows = types
    for t, what in ((columns, "columns"), (starts, "starts"), (order, "order"), (rows, "rows")):
        integers(t, what)
    if data.dtype != b.dtype or data.dtype.kind == "b":
        raise DTypeError(f"values of {data.dtype} are not multiplied by {b.dtype}")
    if not all(compatible(t.shape, data.shape) for t in (columns, order, rows)) or b.rank not in (None, 2):
        raise ShapeError(f"{columns.shape} columns and {data.shape} values do not make a product with {b.shape}")
    m = None if not starts.shape or starts.shape[0] is None else starts.shape[0] - 1
    return TensorType(b.dtype, (m, b.shape[1] if b.shape else None))


# Sums of a row that are kept in registers at once: several columns of it, then what is left.
_BLOCKS = (32, 16, 8, 4, 1)


def _product_loop(types: Any, type: Any, **attrs: Any) -> Loop:
    (n,), (k, width), (m, _) = types[1].shape, types[2].shape, type.shape
    t = word(type.dtype)
    lines = []
    for block in _BLOCKS:
        sums = [f"s{block}_{q}" for q in range(block)]
        lines += [f"while j + {block} <= width:",
                  *(f"    {s} = {t}(0)" for s in sums),
                  "    for e in range(first, behind):",
                  "        at = load(order, e)",
                  "        there = int64(load(columns, at)) * width + j",
                  "        v = load(values, at)",
                  *(f"        {s} = {t}({s} + v * load(b, there + {q}))" for q, s in enumerate(sums)),
                  *(f"    store(out, i * width + j + {q}, {s})" for q, s in enumerate(sums)),
                  f"    j += {block}"]
    body = "\n".join(["for i in range(lo, hi):", "    j = 0", "    first = load(starts, i)", "    behind = load(starts, i + 1)",
                      "    for e in range(first, behind):",
                      "        column = int64(load(columns, load(order, e)))",
                      "        if column < 0 or column >= k:",
                      "            extents[0] = column",
                      "            return 1",
                      *("    " + line for line in lines)])
    return Loop(body, {"k": k, "width": width}, m, (n + m) * width, [Check(0, k)], superword=True)


def _product_grad(g: Node, y: Node, columns: Node, values: Node, b: Node, starts: Node, order: Node, rows: Node) -> tuple[Node | None, ...]:
    own = reduce_sum(gather(g, rows) * gather(b, columns), axis=1)
    return None, own, sparse_product(rows, columns, values, g, shape(b, out_type=INDEX)[:1]), None, None, None


_SAMPLE: Any = ([np.array([0, 1, 2, 1]), (4,), (3, 2), np.array([0, 1, 2, 4]), np.array([1, 3, 0, 2]), np.array([2, 0, 2, 1])], {})


@declare("routine", _product_type, name="row_sums", loop=_product_loop, grad=_product_grad, weak=False,
         samples=(_SAMPLE, ([np.zeros(0, int), (0,), (2, 3), np.array([0, 0]), np.zeros(0, int), np.zeros(0, int)], {}),
                  ([np.array([0]), (1,), (1, 0), np.array([0, 1]), np.array([0]), np.array([0])], {})))
def row_sums(columns: Any, values: Any, b: Any, starts: Any, order: Any, rows: Any) -> Any:
    """For each row the sum of its values times the rows of `b` that its columns name; `starts`, `order`: which elements are a row's."""
    check_bounds(columns, len(b))
    out = np.zeros((len(starts) - 1, b.shape[1]), b.dtype)
    whose = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    np.add.at(out, whose, values[order, None] * b[columns[order]])
    return out


def sparse_product(columns: Node, rows: Node, values: Node, b: Node, count: Node, name: str | None = None) -> Node:
    """The product of the matrix of `count` rows that has values in these rows and columns, and of `b`; equal places add up."""
    by_row = rows_sorted(rows, count)
    return row_sums(columns, values, b, by_row.starts, by_row.order, rows, name=name)
