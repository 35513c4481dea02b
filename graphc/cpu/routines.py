"""Steps that are calls of ready-made kernels: matrix products and scattered sums."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..compiler.layout import Layout
from ..ir.loops import loop_of
from ..ir.node import Node
from ..ir.sizes import fixed, maximum, minimum
from ..ir.types import Array, TensorType, element_count
from ..ops.array_gather import MANY
from . import blas, native
from .kernel.machine import SUPERWORD
from .kernel_text import Check, KernelText, Slot, numba_name
from .tape import default_threads

PARALLEL_FLOPS = 300_000     # multiply-adds from which a product is cut into parts: 4 us of one core
LONG_FLOPS = 1_000_000_000   # multiply-adds of a part that takes 20 ms: a longer one is cut further, as a run is interrupted between parts,
BROAD = 512                  # as long as the parts keep so many rows or columns, which costs BLAS nothing
PARTS, COLUMNS = 4, 16       # of scattered sums: so many parts, none of fewer columns
_ALONE = np.zeros((1, 3), np.int64)       # the offsets of a product that is no batch
TILE = 16                    # parts are whole tiles of BLAS's kernels
MODE, PART = 1, 12           # where the extents of a product by BLAS say over what it is cut, and into parts of what size


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
    """Zero the result, then add each update to the row its index names, in order, so always the same sum. Threads share the columns.

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

    def every(statement: str) -> str:
        """Of each element of the columns; of all of them in one loop, which has no short one inside."""
        return f"""
        if end - first == inner:
            for i in range(a * rows * inner, (a + 1) * rows * inner):
                {statement}
        else:
            for row in range(a * rows, (a + 1) * rows):
                for i in range(row * inner + first, row * inner + end):
                    {statement}"""

    rounded = every(f"store(p2, i, {name}(load(p3, i)))") if apart else ""
    source = f"""def kernel(buffers, extents, lo, hi):
    {lines}
    rows = extents[1]
    inner = extents[2]
    count = extents[3]
    parts = extents[4]
    each = extents[5]
    for a in range(lo // parts, (hi + parts - 1) // parts):
        first = maximum(lo - a * parts, 0) * each
        end = minimum(minimum(hi - a * parts, parts) * each, inner){every(f"store({total}, i, {wide}(0))")}
        for k in range(count):
            row = int64(load(p0, k))
            if row < 0 or row >= rows:
                extents[0] = row
                return 1
            for j in range(first, end):
                i = (a * rows + row) * inner + j
                store({total}, i, {wide}(load({total}, i) + load(p1, (a * count + k) * inner + j))){rounded}
    return 0
"""
    slots = [Slot("in", indices, indices.type.dtype), Slot("in", updates, updates.type.dtype), Slot("out", node, node.type.dtype)]
    if apart:
        slots.append(Slot("partial", node, np.dtype(np.float64), outer * rows * inner))
    parts = maximum(minimum(inner // COLUMNS, PARTS), 1)
    return [KernelText(source, slots, [0, rows, inner, count, parts, -(-inner // parts)], outer * parts, 1, outer * count * inner,
                       [Check(node, indices, rows)], [(line, node) for line in source.splitlines()])]


@dataclass
class Commit:
    """What a run does at last, in one go: variables get their new values, and what it has drawn from or counts goes on by one.

    `extents` say how many copies there are, how many counters, and the bytes of each copy; the table of pointers has the function that
    copies, where to and where from, and the counters.
    """

    extents: list[Any]
    checks: tuple[Check, ...] = ()
    work: int = 0
def routine_texts(node: Node, items: Mapping[int, Node], inplace: bool) -> list[KernelText] | None:
    """The loop nest of an operator's declaration; `items`: its results that are used, of one that has several, by number. None: it has none here.

    `inplace`: the result of one that overwrites lies where its first operand does; elsewhere it begins as a copy.
    """
    operator, loop = node.operator, loop_of(node)
    if loop is None:
        return None
    only = next(iter(items)) if loop.alone and len(items) == 1 else None
    loop = loop if only is None else loop.alone[only]
    overwrites, sizes = operator.family.overwrites, dict(loop.sizes)
    operands = [(i, x) for i, x in enumerate(node.inputs) if i not in operator.by_value and not (overwrites and inplace and not i)]
    names = [operator.params[i] for i, _ in operands]
    slots = [Slot("in", x, x.type.dtype) for _, x in operands]
    if only is not None:
        names.append("out")
        slots.append(Slot("out", items[only], items[only].type.dtype))
    elif not isinstance(node.type, TensorType):
        for i, (name, t) in enumerate(zip(operator.results, node.type, strict=True)):
            names.append(name)
            item = items.get(i)
            slots.append(Slot("own", None, t.dtype, element_count(t.shape)) if item is None else Slot("out", item, t.dtype))
    else:
        names.append("out")
        slots.append(Slot("out", node, node.type.dtype))
    for i, (dtype, size) in enumerate(loop.scratch):
        names.append(f"scratch{i}")
        slots.append(Slot("own", None, dtype, size))
    lines = [SUPERWORD] if loop.superword else []
    lines += [f"{name} = pointer(buffers, {i}, {numba_name(slot.dtype)})" for i, (name, slot) in enumerate(zip(names, slots, strict=True))]
    if overwrites and not inplace:
        sizes["total"] = element_count(node.type.shape)
    lines += [f"{name} = extents[{i}]" for i, name in enumerate(sizes, 1)]
    if overwrites and not inplace:
        lines += ["for i in range(total):", f"    store(out, i, load({operator.params[0]}, i))"]
    lanes = str(native.vector_bytes() // slots[-1 - len(loop.scratch)].dtype.itemsize)
    lines += [*re.sub(r"\bLANES\b", lanes, textwrap.dedent(loop.body)).strip("\n").splitlines(), "return 0"]
    source = "\n    ".join(["def kernel(buffers, extents, lo, hi):", *lines]) + "\n"
    checks = [Check(node, node.inputs[c.operand], c.bound, c.wrong) for c in loop.checks]
    work = loop.work + sizes.get("total", 0)
    return [KernelText(source, slots, [0, *sizes.values()], loop.n, 1, work, checks, [(line, node) for line in source.splitlines()])]


class Split(NamedTuple):
    """How one call of a product is shared out: the size of its range, of a thread's chunk, and BLAS's mode and part (a loop has none)."""

    n: int
    grain: int
    mode: int = 0
    part: int = 1


@dataclass
class Product:
    """A matrix product as a step: code, operands, and the sizes that a call of it needs.

    `m`, `n_columns` and `k` are the sides of one product of the batch; `strides` are those of the operands and the result over its axes.
    """

    address: int
    source: str                                # of a loop kernel, else ""
    operands: tuple[Node, Node, Node]
    words: list[int]                           # addresses behind the operands in the pointer table; behind them comes `table`'s
    extents: list[Any]                         # MODE and PART of them as `split` says, if BLAS computes it
    m: Any
    n_columns: Any
    k: Any
    batch: tuple[Any, ...]
    strides: list[list[Any]]
    checks: tuple[Check, ...] = ()             # none: shapes were checked while the graph was built

    @property
    def count(self) -> Any:
        """The number of products."""
        return element_count(self.batch)

    @property
    def work(self) -> Any:
        return self.m * self.n_columns * self.k * self.count

    def numbers(self) -> list[Any]:
        """What a binding has to know of it: sides, batch, strides."""
        return [self.m, self.n_columns, self.k, *self.batch, *(s for strides in self.strides for s in strides)]

    def table(self, numbers: Sequence[int]) -> Array:
        """The offsets, in elements, of each batch item's matrices, one column an operand."""
        rank = len(self.batch)
        if not rank:
            return _ALONE
        batch, strides = numbers[3:3 + rank], np.reshape(numbers[3 + rank:], (3, rank))
        return np.ascontiguousarray((strides @ np.indices(batch).reshape(rank, -1)).T, np.int64)

    def split(self, numbers: Sequence[int], threads: int) -> Split:
        """How a call is shared out to so many threads."""
        m, n, k, *rest = numbers
        count = math.prod(rest[:len(self.batch)])
        work = m * n * k * count
        if self.source:
            rows = m * count
            return Split(rows, rows if threads == 1 or work < PARALLEL_FLOPS else -(-rows // (2 * threads)))
        if not m * n * count:
            return Split(0, 1)
        mode, span = (2, count) if count > 1 else (0, m) if m >= n else (1, n)
        # A part of a product may take other kernels of BLAS than the whole, with other roundings: so that results are the same for any
        # number of threads, products are cut for as many as a session has unless told otherwise, even if this one has fewer.
        parts = default_threads() if work >= PARALLEL_FLOPS else 1
        if parts > 1 and mode < 2:
            parts *= max(1, min(work // (parts * LONG_FLOPS), span // (parts * BROAD)))
        part = span if parts == 1 else -(-span // parts) if mode == 2 else -(-span // (parts * TILE)) * TILE
        return Split(span, span if threads == 1 else part, mode, part)


def product(node: Node, layout: Layout, part: Any = 1) -> Product | None:
    """The step that computes a matrix product, batched or not; None if the result is empty. `part`: 0 where another step computes it, else 1."""
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
    ldc = maximum(where[-2] if m > 1 else n, n)
    if dtype.kind != "f" or (fixed(work) and work <= blas.SMALL):
        steps = [1 if ta else lda, lda if ta else 1, 1 if tb else ldb, ldb if tb else 1]
        return Product(0, blas.loop_source(numba_name(dtype)), (a, b, node), [], [0, m, n, k, *steps, ldc], m, n, k, tuple(batch), strides)
    address, gemm = blas.gemm(dtype, (m, n, k, lda, ldb, ldc))
    extents = [0, 0, 112 if ta else 111, 112 if tb else 111, m * part, n, k, lda, ldb, ldc, 1 if ta else lda, ldb if tb else 1, 0]
    return Product(address, "", (a, b, node), [gemm], extents, m * part, n, k, tuple(batch), strides)
