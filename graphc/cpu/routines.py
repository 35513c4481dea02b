"""Steps that are calls of ready-made kernels: matrix products and scattered sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compiler.layout import Layout
from ..ir.node import Node
from ..ir.sizes import fixed, maximum
from ..ir.types import Array, element_count
from ..ops.array_gather import MANY
from . import blas
from .kernel_text import Check, KernelText, Slot, numba_name
from .tape import default_threads

PARALLEL_FLOPS = 300_000     # multiply-adds from which a product is cut into parts: 4 us of one core
_ALONE = np.zeros((1, 3), np.int64)       # the offsets of a product that is no batch
TILE = 16                    # parts are whole tiles of BLAS's kernels


def matrix(node: Node, layout: Layout, transpose: bool) -> tuple[bool, int, tuple[int, ...]]:
    """How BLAS sees the last two axes of a stored value: transposed or not, leading dimension, strides of the batch axes."""
    where = layout(node)
    (m, n), (sm, sn) = node.type.shape[-2:], where.strides[-2:]
    if (sn == 1 or n == 1) and (sm >= n or m == 1):
        return transpose, maximum(maximum(sm if m > 1 else n, n), 1), where.strides[:-2]
    return not transpose, maximum(maximum(sn if n > 1 else m, m), 1), where.strides[:-2]


def batch_strides(node: Node, strides: tuple[int, ...], batch: tuple[int, ...]) -> list[int]:
    """Strides over the broadcast batch axes: 0 where the operand has size 1 or lacks the axis."""
    own = node.type.shape[:-2]
    padded = [0] * (len(batch) - len(own)) + [0 if d == 1 else s for d, s in zip(own, strides, strict=True)]
    return padded


def scatter_texts(node: Node, layout: Layout) -> list[KernelText]:
    """Zero the result, then add each update to the row its index names, in order: one thread, so always the same sum.

    Many floats to a row are added up with the digits of float64, beside the result.
    """
    indices, updates = node.inputs[0], node.inputs[1]
    axis = node.attrs["axis"]
    shape = node.type.shape
    outer, rows = element_count(shape[:axis]), shape[axis]
    inner = element_count(shape[axis + 1:])
    count = element_count(indices.type.shape)
    if outer == 0:
        return []
    name, index = numba_name(node.type.dtype), numba_name(indices.type.dtype)
    apart = node.type.dtype == np.float32 and count > MANY * rows
    total, wide = ("p3", "float64") if apart else ("p2", name)
    pointers = [f"p{i} = pointer(buffers, {i}, {dtype})" for i, dtype in enumerate([index, name, name, *["float64"] * apart])]
    lines = "\n    ".join(pointers)
    rounded = f"""
        for i in range(a * rows * inner, (a + 1) * rows * inner):
            store(p2, i, {name}(load(p3, i)))""" if apart else ""
    source = f"""def kernel(buffers, extents, lo, hi):
    {lines}
    rows = extents[1]
    inner = extents[2]
    count = extents[3]
    for a in range(lo, hi):
        for i in range(rows * inner):
            store({total}, a * rows * inner + i, {wide}(0))
        for k in range(count):
            row = int64(load(p0, k))
            if row < 0 or row >= rows:
                extents[0] = row
                return 1
            for j in range(inner):
                i = (a * rows + row) * inner + j
                store({total}, i, {wide}(load({total}, i) + load(p1, (a * count + k) * inner + j))){rounded}
    return 0
"""
    slots = [Slot("in", indices, indices.type.dtype), Slot("in", updates, updates.type.dtype), Slot("out", node, node.type.dtype)]
    if apart:
        slots.append(Slot("partial", node, np.dtype(np.float64), outer * rows * inner))
    return [KernelText(source, slots, [0, rows, inner, count], outer, 1, outer * count * inner, [Check(node, indices, rows)],
                       [(line, node) for line in source.splitlines()])]


@dataclass
class Product:
    """A matrix product as a step, of the sizes at hand: code, operands, and the constant tables it needs beside them."""

    address: int
    source: str                                # of a loop kernel, else ""
    operands: tuple[Node, Node, Node]
    words: list[int]                           # addresses behind the operands in the pointer table
    extents: list[int]
    n: int
    grain: int
    work: int
    table: Array                               # element offsets of each batch item's matrices
    checks: tuple[Check, ...] = ()             # none: shapes were checked while the graph was built


@dataclass
class ProductText:
    """A matrix product before its sizes are numbers: what does not depend on them, and the sizes."""

    source: str                                # of a loop kernel, else "": a routine of BLAS
    operands: tuple[Node, Node, Node]
    transposed: tuple[bool, bool]
    sizes: tuple[int, ...]                     # m, n, k, and the leading dimensions of the operands and the result
    batch: tuple[int, ...]
    strides: list[list[int]]                   # over the batch axes, of each operand and of the result

    def at(self, value: Callable[[Any], int], threads: int) -> Product:
        """The step for the number that `value` gives each size."""
        m, n, k, lda, ldb, ldc = map(value, self.sizes)
        batch = tuple(map(value, self.batch))
        ta, tb = self.transposed
        table = _offsets([[*map(value, s)] for s in self.strides], batch) if batch else _ALONE
        work = m * n * k
        dtype = self.operands[2].type.dtype
        if self.source:
            steps = [1 if ta else lda, lda if ta else 1, 1 if tb else ldb, ldb if tb else 1]
            rows = m * len(table)
            grain = rows if threads == 1 or work * len(table) < PARALLEL_FLOPS else -(-rows // (2 * threads))
            return Product(0, self.source, self.operands, [], [0, m, n, k, *steps, ldc], rows, grain, work * len(table), table)
        address, gemm = blas.gemm(dtype, max(m, n, k, lda, ldb, ldc))
        mode, span = (2, len(table)) if batch and len(table) > 1 else (0, m) if m >= n else (1, n)
        # A part of a product may take other kernels of BLAS than the whole, with other roundings: so that results are the same for any
        # number of threads, products are cut for as many as a session has unless told otherwise, even if this one has fewer.
        parts = default_threads() if work * len(table) >= PARALLEL_FLOPS else 1
        part = span if parts == 1 else -(-span // parts) if mode == 2 else -(-span // (parts * TILE)) * TILE
        extents = [0, mode, 112 if ta else 111, 112 if tb else 111, m, n, k, lda, ldb, ldc, 1 if ta else lda, ldb if tb else 1, part]
        grain = span if threads == 1 else part
        return Product(address, "", self.operands, [gemm], extents, span, grain, work * len(table), table)


def _offsets(strides: Sequence[Sequence[int]], batch: Sequence[int]) -> Array:
    """Where the matrices of each batch item lie, one column an operand, in elements."""
    index = np.indices(batch).reshape(len(batch), -1)
    return np.ascontiguousarray(np.array([np.asarray(s, np.int64) @ index for s in strides]).T, np.int64)


def product(node: Node, layout: Layout) -> ProductText | None:
    """The step that computes a matrix product, batched or not; None if the result is empty."""
    a, b = node.inputs
    ta, lda, sa = matrix(a, layout, node.attrs["transpose_a"])
    tb, ldb, sb = matrix(b, layout, node.attrs["transpose_b"])
    *batch, m, n = node.type.shape
    k = a.type.shape[-2 if node.attrs["transpose_a"] else -1]
    if 0 in node.type.shape:
        return None
    where = layout(node).strides
    strides = [batch_strides(a, sa, tuple(batch)), batch_strides(b, sb, tuple(batch)), list(where[:-2])]
    work, dtype = m * n * k, node.type.dtype
    loop = dtype.kind != "f" or (fixed(work) and work <= blas.SMALL)
    ldc = maximum(where[-2] if m > 1 else n, n)
    return ProductText(blas.loop_source(numba_name(dtype)) if loop else "", (a, b, node), (ta, tb), (m, n, k, lda, ldb, ldc), tuple(batch), strides)
