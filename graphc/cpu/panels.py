"""Products of matrices as steps of native kernels of graphc's own: which tiles, how rows and columns are shared out, and which buffers these are."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

from ..compiler.layout import Layout, contiguous
from ..ir.node import Node
from ..ir.sizes import alike, fixed, maximum, minimum, settled
from ..ir.types import element_count
from . import blas, ladder, native, panels_text
from .conv_text import Tile
from .kernel_text import KernelText, Slot
from .routines import Product, batch_strides, matrix, product

WORK = 64               # multiply-adds that count as one element touched: what decides on threads counts the lines of a kernel
COPIED = 8              # numbers copied that count as one: they come from the cache of who made them
UNITS = 8               # parts of a product that there are at least, if it has as many groups of PANELS panels
PANELS = 4              # of a block of rows: copying the block is worth it
SHARES = 4              # that the rows are cut into, or a multiple, each of as many tiles as others or one more: no thread waits for another

LEAST_SIDE = 48         # rows and columns from which a product is computed here
LEAST_DEPTH = 8         # and numbers in each sum
IN_CACHE = 1 << 20      # bytes of a right operand up to which its panels stay in the second cache: copying them costs little
LEAST_ROWS_LARGE = 128  # rows from which larger ones are copied
FILLED, LEAST_WORK = 0.9, 1 << 20       # part of the tiles that is filled, and multiply-adds
FULL, LEAST_FULL = 0.96, 1 << 18        # the same for smaller products in float32
HALF_FILLED = 0.6                       # and of a matrix by itself, of which half is computed

# (rows, vectors) of a tile, the best first, for vectors of so many lanes
_TILES = {16: ((8, 3), (6, 4), (12, 2)), 8: ((4, 3), (6, 2)), 4: ((4, 3), (6, 2)), 2: ((6, 2),)}
_WIDE_TILES = ((6, 4), (8, 3), (12, 2), (12, 1))     # of 32 registers


def tile_for(m: Any, n: Any, dtype: np.dtype[Any], most: int, symmetric: bool = False) -> Tile:
    """The tile that wastes least of rows and columns whose numbers are known, and among these the first.

    `symmetric`: half of the result is computed, and of the panels that the diagonal cuts all.
    """
    lanes = most // dtype.itemsize
    shapes = _WIDE_TILES if most == 64 else _TILES.get(lanes, _TILES[4])

    def steps(shape: tuple[int, int]) -> float:
        rows, vectors = shape
        return (-(-m // rows) * rows if fixed(m) else 1) * (-(-n // (vectors * lanes)) * vectors if fixed(n) else 1) * (1 + 0.1 * (vectors == 1)) * (
            m + vectors * lanes if symmetric and fixed(m) else 1)

    rows, vectors = min(shapes, key=steps)
    return Tile(rows, vectors, lanes, dtype.name)


def panel_texts(node: Node, layout: Layout) -> list[KernelText | Product] | None:
    """The kernels of a product, the right operand in panels and their product with the left one; None where a library's is faster.

    Where there is none, these are faster than loops however small the product is. Of a matrix by itself transposed half is computed.
    Of a size that is open the number of a run says which it is: the library's product follows, and what is not to run has an empty range.
    """
    a, b = node.inputs
    *batch, m, n = node.type.shape
    k = a.type.shape[-2 if node.attrs["transpose_a"] else -1]
    m, n, k = map(settled, (m, n, k))
    dtype = node.type.dtype
    if dtype.kind != "f" or 0 in (*node.type.shape, k):
        return None
    symmetric = a is b and node.attrs["transpose_a"] != node.attrs["transpose_b"]
    tile = tile_for(m, n, dtype, native.vector_bytes(), symmetric)
    here = taken(m, n, k, tile, symmetric)
    if not alike(here, 1) and ladder.chosen().about == ladder.LAST and not (fixed(m * n * k) and m * n * k <= blas.SMALL):
        here = 1
    if alike(here, 0):
        return None
    ta, lda, sa = matrix(a, layout, node.attrs["transpose_a"])
    tb, ldb, sb = matrix(b, layout, node.attrs["transpose_b"])
    where, own = layout(node).strides, b.type.shape[:-2]
    tiles, panels = -(-m // tile.rows), -(-n // tile.width)
    high = panels_text.block_rows(tile)
    blocks = maximum(-(-m // high), minimum(-(-m // (SHARES * high)) * SHARES, m // (high // 2)))
    layers = maximum(-(-k // panels_text.DEPTH), 1)
    most = -(-k // layers)
    count = element_count(tuple(batch))
    groups = maximum(minimum(-(-UNITS // (blocks * count)), panels // PANELS), 1)
    each = -(-panels // groups)
    rank = len(batch)
    size = element_count(tuple(own)) * panels * k * tile.width * here
    beside = Slot("partial", node, dtype, size)
    packed = _text(panels_text.pack(tile, tb, len(own)), [Slot("in", b, dtype), beside], [n, k, panels, layers, most, ldb, *own, *sb],
                   element_count(tuple(own)) * panels * layers * here, size // COPIED, node, 0)
    steps = [*batch_strides(a, sa, tuple(batch)), *batch_strides(b, contiguous(own), tuple(batch)), *where[:-2]]
    made = _text(panels_text.multiply(tile, ta, rank), [Slot("in", a, dtype), beside, Slot("out", node, dtype)],
                 [m, n, k, tiles, panels, layers, most, blocks, groups, each, int(symmetric), lda, where[-2], *batch, *steps],
                 count * groups * blocks * here, m * n * k * count * here // (WORK * (1 + symmetric)), node, 1)
    found: list[KernelText | Product] = [packed, made]
    if symmetric:
        strips = -(-m // tile.lanes)
        found.append(_text(panels_text.mirror(tile, rank), [Slot("out", node, dtype)], [m, strips, where[-2], *batch, *where[:-2]],
                           count * strips * here, m * n * count * here // COPIED, node, 0))
    other = None if fixed(here) else product(node, layout, 1 - here)
    return found if other is None else [*found, other]


def taken(m: Any, n: Any, k: Any, tile: Tile, symmetric: bool = False) -> Any:
    """1 where a product of matrices [m, k] and [k, n] is computed here, as was measured to be faster (docs/benchmarks.md), 0 where by a library.

    The right operand is written and read once more, which takes as long as many rows are multiplied by it; what does not fill the tiles is
    multiplied in vain; and for small ones a library has kernels that copy nothing. Where m or k is open it is a size: 1 from some number on,
    for rows from that from which all numbers of them fill the tiles.
    """
    if not fixed(n) or not (fixed(m) or fixed(k)) or n < LEAST_SIDE:
        return 0
    conditions = [(FILLED, LEAST_WORK), *[(FULL, LEAST_FULL)] * (tile.dtype == "float32"), *[(HALF_FILLED, LEAST_FULL)] * symmetric]
    columns = n / (-(-n // tile.width) * tile.width)
    most = IN_CACHE // (n * np.dtype(tile.dtype).itemsize)              # numbers in each sum of a right operand that stays in the cache
    rows = LEAST_SIDE if fixed(k) and k <= most else LEAST_ROWS_LARGE
    if fixed(m):
        filled = columns * m / (-(-m // tile.rows) * tile.rows)
        least = min((max(LEAST_DEPTH, -(-work // (m * n))) for part, work in conditions if filled >= part and m >= rows), default=0)
        return (minimum(k // least, 1) if not fixed(k) else int(k >= least)) if least else 0
    least = min((max(rows, -(-work // (n * k)), ceil(part * (tile.rows - 1) / (columns - part))) for part, work in conditions if columns > part),
                default=0)
    return minimum(m // least, 1) if least and k >= LEAST_DEPTH else 0


def _text(source: str, slots: list[Slot], extents: list[Any], n: Any, work: Any, node: Node, share: float) -> KernelText:
    """A text with what a call of it needs; the first extent is what a check has found wrong, and there is none."""
    return KernelText(source, slots, [0, *extents], n, 1, work, annotated=[(line, node) for line in source.splitlines()], share=share)
