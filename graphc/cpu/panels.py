"""Products of matrices as steps of native kernels of graphc's own: which tiles, how rows and columns are shared out, and which buffers these are."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compiler.layout import Layout, contiguous
from ..ir.node import Node
from ..ir.sizes import fixed, maximum, minimum
from ..ir.types import element_count
from . import native, panels_text
from .conv_text import Tile
from .kernel_text import KernelText, Slot
from .routines import batch_strides, matrix

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

# (rows, vectors) of a tile, the best first, for vectors of so many lanes
_TILES = {16: ((8, 3), (6, 4), (12, 2)), 8: ((4, 3), (6, 2)), 4: ((4, 3), (6, 2)), 2: ((6, 2),)}
_WIDE_TILES = ((6, 4), (8, 3), (12, 2), (12, 1))     # of 32 registers


def tile_for(m: Any, n: Any, dtype: np.dtype[Any], most: int) -> Tile:
    """The tile that wastes least of rows and columns whose numbers are known, and among these the first."""
    lanes = most // dtype.itemsize
    shapes = _WIDE_TILES if most == 64 else _TILES.get(lanes, _TILES[4])

    def steps(shape: tuple[int, int]) -> float:
        rows, vectors = shape
        return (-(-m // rows) * rows if fixed(m) else 1) * (-(-n // (vectors * lanes)) * vectors if fixed(n) else 1) * (1 + 0.1 * (vectors == 1))

    rows, vectors = min(shapes, key=steps)
    return Tile(rows, vectors, lanes, dtype.name)


def panel_texts(node: Node, layout: Layout) -> list[KernelText] | None:
    """The kernels of a product, the right operand in panels and their product with the left one; None where a library's is faster."""
    a, b = node.inputs
    *batch, m, n = node.type.shape
    k = a.type.shape[-2 if node.attrs["transpose_a"] else -1]
    dtype = node.type.dtype
    if dtype.kind != "f" or 0 in (*node.type.shape, k):
        return None
    tile = tile_for(m, n, dtype, native.vector_bytes())
    if not taken(m, n, k, tile):
        return None
    ta, lda, sa = matrix(a, layout, node.attrs["transpose_a"])
    tb, ldb, sb = matrix(b, layout, node.attrs["transpose_b"])
    where, own = layout(node).strides, b.type.shape[:-2]
    tiles, panels = -(-m // tile.rows), -(-n // tile.width)
    high = panels_text.block_rows(tile)
    blocks = maximum(-(-m // high), minimum(-(-m // (SHARES * high)) * SHARES, m // (high // 2)))
    layers = maximum(-(-k // panels_text.DEPTH), 1)
    most = -(-k // layers) if fixed(k) else panels_text.DEPTH
    count = element_count(tuple(batch))
    groups = maximum(minimum(-(-UNITS // (blocks * count)), panels // PANELS), 1)
    each = -(-panels // groups)
    rank = len(batch)
    size = element_count(tuple(own)) * panels * k * tile.width
    beside = Slot("partial", node, dtype, size)
    packed = _text(panels_text.pack(tile, tb, len(own)), [Slot("in", b, dtype), beside], [n, k, panels, layers, most, ldb, *own, *sb],
                   element_count(tuple(own)) * panels * layers, size // COPIED, node, 0)
    steps = [*batch_strides(a, sa, tuple(batch)), *batch_strides(b, contiguous(own), tuple(batch)), *where[:-2]]
    source = panels_text.multiply(tile, ta, rank)
    product = _text(source, [Slot("in", a, dtype), beside, Slot("out", node, dtype)],
                    [m, n, k, tiles, panels, layers, most, blocks, groups, each, lda, where[-2], *batch, *steps],
                    count * groups * blocks, m * n * k * count // WORK, node, 1)
    return [packed, product]


def taken(m: Any, n: Any, k: Any, tile: Tile) -> bool:
    """Whether a product of matrices [m, k] and [k, n] is computed here, not by a library: where it was measured to be faster (docs/benchmarks.md).

    The right operand is written and read once more, which takes as long as many rows are multiplied by it; what does not fill the tiles is
    multiplied in vain; and for small ones a library has kernels that copy nothing. What serves any number of rows is a library's: it may be few.
    """
    if not all(map(fixed, (m, n, k))) or n < LEAST_SIDE or k < LEAST_DEPTH:
        return False
    large = n * k * np.dtype(tile.dtype).itemsize > IN_CACHE
    if m < (LEAST_ROWS_LARGE if large else LEAST_SIDE):
        return False
    filled = m * n / (-(-m // tile.rows) * tile.rows * -(-n // tile.width) * tile.width)
    work = m * n * k
    return bool(filled >= FILLED and work >= LEAST_WORK or filled >= FULL and work >= LEAST_FULL and tile.dtype == "float32")


def _text(source: str, slots: list[Slot], extents: list[Any], n: Any, work: Any, node: Node, share: float) -> KernelText:
    """A text with what a call of it needs; the first extent is what a check has found wrong, and there is none."""
    return KernelText(source, slots, [0, *extents], n, 1, work, annotated=[(line, node) for line in source.splitlines()], share=share)
