"""Convolutions as steps of native kernels: where the windows lie, how places and channels are cut into tiles, and which buffers these are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod
from typing import Any

import numpy as np

from ..compiler.groups import Group
from ..compiler.layout import Layout, contiguous
from ..ir.node import Node
from ..ir.sizes import alike, at_hand, fixed, maximum, minimum
from ..ir.types import element_count
from ..ops.windows import widths
from . import conv_text, filter_text, native, winograd
from .conv_sums import WORK, Ends, Sums, packed_text, text_of, with_epilogue
from .conv_text import Tile
from .kernel_text import KernelText, Slot

IN_CACHE = 1 << 20      # bytes of a filter up to which all its panels are used for each tile: beyond, all tiles for each panel
FEW = 16                # tiles of a gradient to a filter up to which images are shared out, too

# (rows, vectors) of a tile, the best first, for vectors of so many lanes: those whose width the channels fill are taken
_TILES = {16: ((6, 4), (12, 2), (8, 3), (12, 1)), 8: ((6, 2), (4, 3), (8, 1)), 4: ((6, 2), (4, 3), (8, 1)), 2: ((6, 2), (4, 3), (8, 1))}


def tile_for(outputs: int, dtype: np.dtype[Any], most: int) -> Tile:
    """The tile of a convolution with so many outputs a group: the one that wastes least of its width, and among these the first."""
    lanes = most // dtype.itemsize
    shapes = _TILES[lanes] if lanes in _TILES else _TILES[8]
    rows, vectors = min(shapes, key=lambda s: (-(-outputs // (s[1] * lanes)) * s[1] * lanes, shapes.index(s)))
    return Tile(rows, vectors, lanes, dtype.name)


def tile_apart(channels: int, dtype: np.dtype[Any], most: int) -> Tile:
    """The tile of a convolution of so many channels, each by itself: as wide as these allow, with as many rows as that leaves vectors for."""
    lanes = most // dtype.itemsize
    vectors = next((v for v in (4, 2) if v * lanes <= channels), 1)
    return Tile(24 // vectors if lanes == 16 else 8 // vectors, vectors, lanes, dtype.name)


def conv_texts(node: Node, layout: Layout) -> list[KernelText]:
    """The kernels of a convolution, or of a gradient of it."""
    if node.operator.name != "conv_filter":
        return sum_texts(node, layout)
    return apart_texts(node, layout) if node.type.shape[-2] == 1 else filter_texts(node, layout)


def fused_texts(group: Group, stored: set[Node], layout: Layout) -> list[KernelText]:
    """The kernels of a loop nest with a convolution, or its gradient to the input, among its members: they store what is to be stored."""
    assert group.convolution is not None
    return sum_texts(group.convolution, layout, group, stored)


def sums_of(node: Node, layout: Layout, group: Group | None = None) -> Sums:
    """What a convolution, or its gradient to the input, is to its kernels."""
    turned = node.operator.name == "conv_input"
    w, x = node.inputs[:2] if turned else (node.inputs[1], node.inputs[0])
    *sides, inner, filters = w.type.shape
    apart, dtype, most = inner == 1, node.type.dtype, native.vector_bytes()
    groups = 1 if apart or not inner else (node if turned else x).type.shape[-1] // inner
    depth, outputs = (1, filters) if apart else (filters // groups, inner) if turned else (inner, filters // groups)
    tile = tile_apart(filters, dtype, most) if apart else tile_for(outputs, dtype, most)
    y_strides = layout(node).strides if group is None else contiguous(node.type.shape)
    return Sums(node, w, x, turned, apart, tuple(sides), groups, depth, outputs, tile, layout(x).strides, y_strides)


def sum_texts(node: Node, layout: Layout, group: Group | None = None, stored: Collection[Node] = ()) -> list[KernelText]:
    """The kernels of a convolution or of its gradient to the input: the filter in panels, and sums in squares or tiles, perhaps with an epilogue."""
    sums, ends = sums_of(node, layout, group), Ends(layout, group, stored)
    if sums.apart:
        return tile_texts(sums, Slot("in", sums.w, node.type.dtype), ends)
    here = winograd.taken(sums)
    if alike(here, 0):
        packed = Slot("partial", node, node.type.dtype, sums.zeros_at + sums.depth)
        return [packed_text(sums, packed), *tile_texts(sums, packed, ends)]
    packed = winograd.packed(sums)
    other = [] if fixed(here) else tile_texts(sums, packed, ends, 1 - here)
    return [packed_text(sums, packed), *winograd.square_texts(sums, packed, ends, here), *other]


def tile_texts(sums: Sums, packed: Slot, ends: Ends, here: Any = 1) -> list[KernelText]:
    """The kernels of sums in tiles: one, or one for each place within a stride. `here`: 1, or a size that is 0 where they have nothing to do."""
    node, tile, panels, count = sums.node, sums.tile, sums.panels, len(sums.sides)
    each = panels if sums.zeros_at * node.type.dtype.itemsize <= IN_CACHE else 1
    slots, made = ends.of(node, [Slot("in", sums.x, sums.x.type.dtype), packed], len(conv_text.conv_names(count)), count)
    source = conv_text.conv(tile, count, made.text if made else None, sums.apart)
    phases, texts = sums.phases(), []
    for axes, w_first, y_first, where in phases:
        places = sums.images * element_count(tuple(a.places for a in axes))
        tiles = -(-places // tile.rows)
        extents = [places, tiles, panels // each, each, sums.depth, panels, sums.outputs, sums.panel, w_first, sums.zeros_at, *sums.image_strides,
                   y_first, *(n for a in axes for n in a)]
        work = places * prod(a.taps for a in axes) * sums.depth * sums.outputs * sums.groups * here // WORK
        n = tiles * sums.groups * (panels // each) * here
        text = text_of(source, slots, extents, n, work, node, at_hand(here) / len(phases))
        texts.append(with_epilogue(text, made, where))
    return texts


# (rows, vectors) of a tile of channels by outputs, for vectors of so many lanes
_FILTER_TILES = {16: ((6, 4), (8, 2), (12, 2), (8, 3), (5, 4), (7, 3), (16, 1), (12, 1), (8, 1), (4, 4)),
                 8: ((6, 2), (5, 2), (4, 3), (4, 2), (12, 1), (8, 1))}
REGISTERS = {16: 28, 8: 14}     # vectors that a tile, a row of outputs and one more may take of the processor's
PIECES = 4              # that a gradient to a filter may be cut into, for threads and for looks at the clock
LEAST = 8               # sums that go on at once: as many as additions take steps
EVEN = 48               # channels up to which tiles may share them out evenly
NEAR = 512              # bytes of a place's outputs up to which they are read where they lie: of longer ones the lines of a cache push each other out


def filter_tile_for(channels: int, outputs: int, dtype: np.dtype[Any], most: int) -> Tile:
    """The tile of a gradient to a filter: the one that takes the fewest steps for a place, each a product of vectors or two loads.

    Of few channels also those tiles that share them out evenly: with a fixed number of rows, up to half of the last tile would be in vain.
    """
    lanes = most // dtype.itemsize

    def steps(shape: tuple[int, int]) -> int:
        rows, vectors = shape
        each = max(rows * vectors, rows + vectors, LEAST)
        return -(-channels // rows) * -(-outputs // (vectors * lanes)) * each

    shapes = [s for s in _FILTER_TILES.get(lanes, _FILTER_TILES[8]) if s[0] <= channels]
    room = REGISTERS.get(lanes, REGISTERS[8])
    if channels <= EVEN:
        even = ((-(-channels // tiles), vectors) for vectors in (2, 3, 4, 1) for tiles in (1, 2, 3))
        shapes += [(rows, vectors) for rows, vectors in even if (rows + 1) * vectors < room]
    rows, vectors = min(shapes or [(1, 1)], key=steps)
    return Tile(rows, vectors, lanes, dtype.name)


def filter_texts(node: Node, layout: Layout) -> list[KernelText]:
    """The kernels of a convolution's gradient to the filter: sums of tiles, and their totals if these do not lie where they belong."""
    x, y = node.inputs[:2]
    *sides, inner, filters = node.type.shape
    dtype, count = node.type.dtype, len(sides)
    groups = x.type.shape[-1] // inner
    outputs, taps = filters // groups, prod(sides)
    tile = filter_tile_for(inner, outputs, dtype, native.vector_bytes())
    tiles, panels = -(-inner // tile.rows), -(-outputs // tile.width)
    lead = len(x.type.shape) - count - 1
    images = element_count(x.type.shape[:lead])
    units = taps * tiles
    chunks = maximum(minimum(images, -(-FEW // (units * groups))), 1)
    each = -(-images // chunks)
    direct = alike(chunks, 1) and inner % tile.rows == 0 and outputs % tile.width == 0
    if direct:
        sizes = [outputs, inner * filters, tile.rows * filters, tile.width, filters]
        sums = Slot("out", node, dtype)
    else:
        area = tile.rows * tile.width
        sizes = [units * panels * area, tiles * panels * area, panels * area, area, tile.width]
        sums = Slot("partial", node, dtype, chunks * groups * units * panels * area)
    sides_, places, x_dims, strides, dilations, before = _widened(node, x, y, sides, lead)
    lying = layout(x).strides
    x_strides, y_strides = [*[0] * (len(x_dims) - count), *lying[lead:]], contiguous((*places, filters))
    block = filter_text.BLOCK // dtype.itemsize // tile.width
    block_columns = minimum(places[-1], block)
    block_rows = maximum(block // maximum(block_columns, 1), 1)
    axes = [n for o, s, b, d, k, size, xs in zip(places, strides, before, dilations, sides_, x_dims, x_strides, strict=False)
            for n in (o, s, -b, d, k, size, xs)]
    extents = [units, taps, groups, images, each, inner, tiles, inner - tile.rows, outputs, panels, lying[lead - 1] if lead else 0,
               element_count((*places[-2:], filters)), y_strides[-3], y_strides[-2], block_rows, block_columns, *sizes, *axes]
    parts = chunks * groups
    whole = outputs % tile.width == 0 and outputs * dtype.itemsize <= NEAR
    source = filter_text.conv_filter(tile, len(places), whole)
    work = images * element_count(tuple(places)) * units * panels * tile.rows * tile.width * groups // WORK
    # Where y is copied, who takes a few of the units copies as much of it as who takes all.
    grain = 1 if whole else -(-units // PIECES)
    texts = [text_of(source, [Slot("in", x, dtype), Slot("in", y, dtype), sums], extents, parts * units, work, node, grain=grain)]
    if not direct:
        source = filter_text.total(tile.rows, tile.width, tile.dtype)
        texts.append(text_of(source, [sums, Slot("out", node, dtype)], [inner, outputs, groups, parts, tiles, inner - tile.rows, panels, *sizes[:4]],
                             taps * inner, chunks * taps * inner * filters // WORK, node, 0))
    return texts


LINES = 16              # parts that a gradient to the filter of channels by themselves is added up in


def apart_texts(node: Node, layout: Layout) -> list[KernelText]:
    """The kernels of the gradient to a filter that each channel has for itself: sums of parts of the places, and their totals."""
    x, y = node.inputs[:2]
    *sides, _, channels = node.type.shape
    dtype, count = node.type.dtype, len(sides)
    tile = tile_apart(channels, dtype, native.vector_bytes())._replace(rows=1)
    lead, taps, attrs = len(x.type.shape) - count - 1, prod(sides), node.attrs
    dims, places = x.type.shape[lead:-1], y.type.shape[lead:-1]
    lines = element_count(y.type.shape[:-2])
    each = maximum(-(-lines // LINES), 1)
    parts = maximum(-(-lines // each), 1)
    x_strides, y_strides = layout(x).strides, layout(y).strides
    before = [b for b, _ in widths(dims, sides, attrs["strides"], attrs["padding"], attrs["dilations"])]
    axes = [n for o, s, b, d, k, size, xs, ys in zip(places, attrs["strides"], before, attrs["dilations"], sides, dims, x_strides[lead:-1],
                                                     y_strides[lead:-1], strict=True) for n in (o, s, -b, d, k, size, xs, ys)]
    extents = [lines, each, taps, channels, -(-channels // tile.width), x_strides[lead - 1] if lead else 0, y_strides[lead - 1] if lead else 0, *axes]
    sums = Slot("partial", node, dtype, parts * taps * channels)
    work = element_count(y.type.shape) * taps // WORK
    return [text_of(filter_text.filter_apart(tile, count), [Slot("in", x, dtype), Slot("in", y, dtype), sums], extents, parts, work, node),
            text_of(filter_text.total_apart(dtype.name), [sums, Slot("out", node, dtype)], [parts, taps * channels], taps * channels,
                    parts * taps * channels // WORK, node, 0)]


def _widened(node: Node, x: Node, y: Node, sides: Sequence[int], lead: int) -> tuple[list[Any], ...]:
    """Sides, places, sizes, strides, dilations and what is put before: of two axes or three, a first one of size 1 if windows move over one."""
    attrs, dims = node.attrs, x.type.shape[lead:-1]
    before = [b for b, _ in widths(dims, sides, attrs["strides"], attrs["padding"], attrs["dilations"])]
    alone = len(sides) == 1
    rows = ((1, sides), (1, y.type.shape[lead:-1]), (1, dims), (1, attrs["strides"]), (1, attrs["dilations"]), (0, before))
    return tuple([first, *many] if alone else [*many] for first, many in rows)
