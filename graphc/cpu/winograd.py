"""Which convolutions take fewer products by Winograd's transform, and what the calls of its kernels need: sizes, squares, memory beside."""

from __future__ import annotations

from math import prod
from typing import Any

from ..ir.sizes import at_hand, fixed, maximum, minimum, settled
from . import winograd_text
from .conv_sums import WORK, Ends, Sums, text_of, with_epilogue
from .kernel_text import KernelText, Slot

LEAST_CHANNELS, MOST_CHANNELS, LEAST_OUTPUTS = 16, 1024, 8      # of a group
LEAST_SQUARES, LEAST_OF_LARGE = 9, 48       # in all, for the filter is transformed once a call; and of one that leaves the nearer caches
LARGE = 1 << 20         # numbers of such a filter
FILLED = 65             # per cent of the places of all squares that there are
UNITS, WIDE = 6, 64     # parts that there are at least, for threads, if each has so many outputs: all of a block's transform its windows
LINE = 16               # numbers of a line of the cache


def taken(sums: Sums) -> Any:
    """1 where squares are taken, as was measured to be faster (docs/benchmarks.md), 0 where tiles; of open sizes perhaps a size that is either.

    Of float32, by windows of three by three that move by one, with many channels, and enough squares that are filled.
    """
    node = sums.node
    if node.type.dtype.name != "float32" or sums.sides != (3, 3) or {*node.attrs["strides"], *node.attrs["dilations"]} != {1}:
        return 0
    if not max(LEAST_CHANNELS, sums.tile.lanes) <= sums.depth <= MOST_CHANNELS or sums.outputs < LEAST_OUTPUTS:
        return 0
    places = [settled(n) for n in node.type.shape[sums.lead:-1]]
    each = prod(-(-n // 2) for n in places)             # squares of an image
    least = LEAST_SQUARES if sums.zeros_at <= LARGE else LEAST_OF_LARGE
    filled = minimum(100 * prod(places) // maximum(4 * FILLED * each, 1), 1)
    return filled if fixed(each) and each >= least else filled * minimum(sums.images * each // least, 1)


def trusted_at(sums: Sums) -> int:
    """Where, behind the zeros, it is said of each vector of a panel whether its transform is trusted."""
    return sums.zeros_at + sums.depth


def spread_at(sums: Sums) -> int:
    """Where the transformed filter begins, at a line of the cache."""
    return -(-(trusted_at(sums) + sums.parts * sums.tile.vectors) // LINE) * LINE


def packed(sums: Sums) -> Slot:
    """Memory for the filter in panels, and transformed."""
    size = spread_at(sums) + sums.parts * winograd_text.points_of(sums.depth, sums.tile.width)
    return Slot("partial", sums.node, sums.node.type.dtype, size)


def square_texts(sums: Sums, filter_slot: Slot, ends: Ends, here: Any) -> list[KernelText]:
    """The kernels of sums in squares: the filter's transform, and all else. `here`: 1, or a size that is 0 where they have nothing to do."""
    node, tile, depth, panels = sums.node, sums.tile, sums.depth, sums.panels
    dtype = node.type.dtype
    spread = text_of(winograd_text.spread(tile), [filter_slot], [depth, int(sums.turned), trusted_at(sums), spread_at(sums)],
                     sums.parts * tile.vectors * here, filter_slot.size * here // WORK, node, 0)
    (axes, _, _, where), = sums.phases()
    down, across = (-(-a.places // 2) for a in axes)
    squares = sums.images * down * across
    groups = -(-squares // tile.rows)
    blocks = maximum(-(-groups // (winograd_text.SQUARES // tile.rows)), 1)
    splits = maximum(minimum(-(-UNITS // blocks), sums.outputs // WIDE), 1)
    each = -(-panels // splits)
    beside = winograd_text.beside(depth, tile.width)
    # The first place that a window holds, whichever element of the filter it is multiplied by.
    firsts = [a.first - 2 * int(sums.turned) for a in axes]
    extents = [across, down, squares, blocks, groups, splits, each, depth, panels, sums.outputs, sums.panel, sums.zeros_at, trusted_at(sums),
               spread_at(sums), beside, 1, int(sums.turned), *sums.image_strides,
               *(n for a, first in zip(axes, firsts, strict=True) for n in (a.places, first, a.size, a.x_stride, a.y_stride))]
    shown = [Slot("in", sums.x, sums.x.type.dtype), filter_slot, Slot("row", node, dtype, beside)]
    slots, made = ends.of(node, shown, len(winograd_text.names()), 2)
    source = winograd_text.sums(tile, made.text if made else None)
    work = squares * winograd_text.POINTS * depth * sums.outputs * sums.groups * here // WORK
    text = text_of(source, slots, extents, blocks * sums.groups * splits * here, work, node, at_hand(here))
    text.chunk = winograd_text.CHUNK
    return [spread, with_epilogue(text, made, where)]
