"""Products of matrices whose left one has few rows, as dense layers on small batches have: the right one is read from memory once.

A library copies the right operand into panels for all rows to come, which are as few. Here a part of it that stays in the nearest cache is
copied beside itself, all rows are multiplied by it, and their sums wait beside it. As a part is copied the next one is asked for, whose lines
lie too far apart for the processor to foresee: they come from memory while this one is multiplied.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..compiler.layout import Layout
from ..ir.node import Node
from ..ir.sizes import fixed, settled
from . import native
from .conv_text import Tile
from .kernel_text import KernelText, Slot
from .routines import matrix

LEAST_ROWS, MOST_ROWS = 24, 128         # of the left operand
MANY = 64               # rows above which panels are faster where there are few numbers in each sum
LEAST_SIDE = 512                        # columns, and numbers in each sum, from which reading the right operand is what takes time
DEPTH = 64                              # rows of the right operand that are copied beside itself
SMALL = 1 << 18                         # multiply-adds up to which a library's way into its kernels is what takes time
LEAST_FULL, FILLED, SMALL_FILLED = 32, 0.96, 0.85       # columns, and numbers in each sum, from which; and the part of the tiles that is filled
PIECES, IN_CACHE = 4, 6 << 20           # panels that there are at least, for threads, and bytes of the right operand, where they are not small
_WIDE_TILES = ((8, 3), (6, 4), (12, 2))                 # of 32 registers
_NARROW_TILES = ((4, 3), (6, 2))
WORK = 64

NAMES = ("rows", "columns", "depth", "tiles", "a_row", "a_column", "b_row", "c_row")


@cache
def text(tile: Tile, turned: bool) -> str:
    """c = a b, or a times b transposed (`turned`); units are panels of a tile's width of columns. Sums are of parts of DEPTH numbers, in order.

    The last tile of rows begins so early that it is whole: it has some rows once more.
    """
    r, width, dtype, lanes, cleared = tile.rows, tile.width, tile.dtype, tile.lanes, ""
    if turned:
        cleared = f"""    for i in range({DEPTH * width}):
        store(beside, i, {dtype}(0))
"""
        copied = f"""            for k in range(wide // {lanes}):
                for l in range(deep // {lanes}):
                    square = tile_load(tile({lanes}, 1, {lanes}, {dtype}), b, (column + k * {lanes}) * b_row + first + l * {lanes}, b_row)
                    tile_store(beside, l * {lanes * width} + k * {lanes}, {width}, tile_turned(square))
                    for j in range({lanes}):
                        prefetch(b, (column + k * {lanes} + j) * b_row + first + {DEPTH} + l * {lanes})
                for j in range(k * {lanes}, k * {lanes} + {lanes}):
                    for p in range(deep // {lanes} * {lanes}, deep):
                        store(beside, p * {width} + j, load(b, (column + j) * b_row + first + p))
            for j in range(wide // {lanes} * {lanes}, wide):
                for p in range(deep):
                    store(beside, p * {width} + j, load(b, (column + j) * b_row + first + p))
"""
    else:
        like = f"tile(1, {tile.vectors}, {lanes}, {dtype})"
        copied = f"""            if wide == {width}:
                for p in range(deep):
                    tile_store(beside, p * {width}, 0, tile_load({like}, b, (first + p) * b_row + column, 0))
                    for line in range({tile.vectors}):
                        prefetch(b, (first + {DEPTH} + p) * b_row + column + line * {lanes})
            else:
                for p in range(deep):
                    tile_store(beside, p * {width}, 0, tile_load_part({like}, b, (first + p) * b_row + column, 0, 1, wide))
"""
    return f"""def kernel(buffers, extents, lo, hi):
    a = pointer(buffers, 0, {dtype})
    b = pointer(buffers, 1, {dtype})
    c = pointer(buffers, 2, {dtype})
{"".join(f"    {name} = extents[{i}]" + chr(10) for i, name in enumerate(NAMES, 1))}    beside = scratch(0, {DEPTH * width}, {dtype})
    sums = scratch(1, {(MOST_ROWS + r) * width}, {dtype})
    layers = (depth + {DEPTH - 1}) // {DEPTH}
{cleared}    for unit in range(lo, hi):
        column = unit * {width}
        wide = minimum(columns - column, {width})
        for layer in range(layers):
            first = layer * {DEPTH}
            deep = minimum(depth - first, {DEPTH})
{copied}            for m in range(tiles):
                acc = {tile.zeros}
                row = minimum(m * {r}, rows - {r})
                at = row * a_row + first * a_column
                for p in range(deep):
                    acc = add_outer(acc, a, at + p * a_column, a_row, beside, p * {width})
                if layer > 0:
                    acc = tile_sum(acc, tile_load(acc, sums, m * {r * width}, {width}))
                if layer + 1 < layers:
                    tile_store(sums, m * {r * width}, {width}, acc)
                elif wide == {width}:
                    tile_store(c, row * c_row + column, c_row, acc)
                else:
                    tile_store_part(c, row * c_row + column, c_row, acc, {r}, wide)
    return 0
"""


def few_rows(node: Node, layout: Layout) -> KernelText | None:
    """The kernel of a product whose left operand has few rows; None of any other: of floats, no batch, of rows whose number is known."""
    a, b = node.inputs
    m, n = node.type.shape[-2:]
    k = a.type.shape[-2 if node.attrs["transpose_a"] else -1]
    m, n, k = map(settled, (m, n, k))
    dtype = node.type.dtype
    if len(node.type.shape) != 2 or dtype.kind != "f" or not all(map(fixed, (m, n, k))) or m < LEAST_ROWS:
        return None
    tile = tile_for(m, n, dtype, native.vector_bytes())
    if m < tile.rows or not taken(m, n, k, tile):
        return None
    ta, lda, _ = matrix(a, layout, node.attrs["transpose_a"])
    tb, ldb, _ = matrix(b, layout, node.attrs["transpose_b"])
    rows = tile.rows
    source = text(tile, tb)
    extents = [0, m, n, k, -(-m // rows), 1 if ta else lda, lda if ta else 1, ldb, layout(node).strides[-2]]
    slots = [Slot("in", a, dtype), Slot("in", b, dtype), Slot("out", node, dtype)]
    return KernelText(source, slots, extents, -(-n // tile.width), 1, m * n * k // WORK, annotated=[(line, node) for line in source.splitlines()])


def tile_for(m: int, n: int, dtype: np.dtype[Any], most: int) -> Tile:
    """The tile that wastes least of rows and columns, and among these the first."""
    lanes = most // dtype.itemsize
    rows, vectors = min(_WIDE_TILES if most == 64 else _NARROW_TILES, key=lambda s: -(-m // s[0]) * s[0] * -(-n // (s[1] * lanes)) * s[1])
    return Tile(rows, vectors, lanes, dtype.name)


def taken(m: int, n: int, k: int, tile: Tile) -> bool:
    """Whether a product of matrices [m, k] and [k, n] is computed here: where it was measured to be faster (docs/benchmarks.md)."""
    single = tile.dtype == "float32"
    if not LEAST_ROWS <= m <= MOST_ROWS or (m > MANY and k < LEAST_SIDE) or (m < 32 and not single):
        return False
    if n >= LEAST_SIDE and k >= LEAST_SIDE:
        return True
    filled = m * n / (-(-m // tile.rows) * tile.rows * -(-n // tile.width) * tile.width)
    if min(n, k) < LEAST_FULL or n > 4 * k:
        return False
    size = n * k * np.dtype(tile.dtype).itemsize
    return (m * n * k <= SMALL and filled >= SMALL_FILLED) or (
        filled >= FILLED and n >= PIECES * tile.width and size <= IN_CACHE and m >= (48 if single else 32))
