"""Kernels of matrix products, as texts: the right operand is copied into panels, blocks of the left one beside it, and sums stay in tiles.

Panels are as wide as a tile; a block is GROUP vectors of rows. Both are copied turned round where they lie so, so that what is multiplied lies
in the order in which it is read. Sums are of parts of at most DEPTH numbers, in order, whatever is computed at once: the bits are the same for
any number of threads. All extents come with the call, so that one text serves every shape.
"""

from __future__ import annotations

import textwrap
from functools import cache

from .conv_text import Tile

DEPTH = 256             # numbers of a sum that are added up in registers: the block of the left operand stays in the nearest cache meanwhile
GROUP = 3               # vectors of rows of a block: an odd number of cache lines, so that successive ones do not displace each other


def indented(text: str, by: int) -> str:
    return textwrap.indent(text.rstrip("\n") + "\n", "    " * by)


def block_rows(tile: Tile) -> int:
    """Rows of the left operand that are copied beside each other."""
    return GROUP * tile.lanes


def _head(pointers: tuple[str, ...], dtype: str, names: list[str]) -> str:
    lines = [f"{p} = pointer(buffers, {i}, {dtype})" for i, p in enumerate(pointers)]
    lines += [f"{name} = extents[{i}]" for i, name in enumerate(names, 1)]
    return "def kernel(buffers, extents, lo, hi):\n" + indented("\n".join(lines), 1)


def _item(rank: int, *starts: str) -> str:
    """Where the matrices of an item of the batch begin: its place along each axis times the steps of each operand."""
    lines = [f"{start}_at = int64(0)" for start in starts]
    for axis in reversed(range(rank)):
        lines += [f"along = item % batch{axis}", f"item = item // batch{axis}", *(f"{start}_at += along * {start}_step{axis}" for start in starts)]
    return "\n".join(lines)


def _turned(tile: Tile, source: str, to: str, row: str, rows: str, columns: str, width: int) -> str:
    """Elements [rows, columns] of `source` beside each other as [columns, width], zeros behind them: squares of a vector's lanes in registers."""
    lanes = tile.lanes
    square = f"tile({lanes}, 1, {lanes}, {tile.dtype})"
    return f"""for k in range({width // lanes}):
    there = {rows} - k * {lanes}
    for l in range({columns} // {lanes}):
        if there >= {lanes}:
            square = tile_load({square}, {source} + k * {lanes} * {row} + l * {lanes}, {row})
        else:
            square = tile_load_part({square}, {source} + k * {lanes} * {row} + l * {lanes}, {row}, there, {lanes})
        tile_store({to} + l * {lanes * width} + k * {lanes}, {width}, tile_turned(square))
    l = {columns} // {lanes}
    if l * {lanes} < {columns}:
        square = tile_load_part({square}, {source} + k * {lanes} * {row} + l * {lanes}, {row}, there, {columns} - l * {lanes})
        tile_store_part({to} + l * {lanes * width} + k * {lanes}, {width}, tile_turned(square), {columns} - l * {lanes}, {lanes})
"""


def _copied(tile: Tile, source: str, to: str, row: str, rows: str, columns: str, width: int) -> str:
    """Elements [rows, columns] of `source` as [rows, width], zeros behind them."""
    like = f"tile(1, {width // tile.lanes}, {tile.lanes}, {tile.dtype})"
    return f"""if {columns} == {width}:
    for p in range({rows}):
        tile_store({to} + p * {width}, 0, tile_load({like}, {source} + p * {row}, 0))
else:
    for p in range({rows}):
        tile_store({to} + p * {width}, 0, tile_load_part({like}, {source} + p * {row}, 0, 1, {columns}))
"""


def pack_names(rank: int) -> list[str]:
    """The extents of `pack`, in order."""
    return ["columns", "depth", "panels", "layers", "most", "row", *(f"batch{i}" for i in range(rank)), *(f"b_step{i}" for i in range(rank))]


@cache
def pack(tile: Tile, turned: bool, rank: int) -> str:
    """b [batch, depth, columns] (`turned`: [batch, columns, depth]) in panels [batch, panel, depth, width]; units are (batch, panel, layer)."""
    width = tile.width
    copy = _turned(tile, "b, source", "beside, to", "row", "wide", "deep", width) if turned else _copied(
        tile, "b, source", "beside, to", "row", "deep", "wide", width)
    source = "b_at + column * row + first" if turned else "b_at + first * row + column"
    return f"""{_head(("b", "beside"), tile.dtype, pack_names(rank))}    for unit in range(lo, hi):
        layer = unit % layers
        panel = unit // layers % panels
        item = unit // (layers * panels)
        column = panel * {width}
        wide = minimum(columns - column, {width})
        first = layer * most
        deep = minimum(depth - first, most)
        to = ((item * panels + panel) * depth + first) * {width}
{indented(_item(rank, "b"), 2)}        source = {source}
{indented(copy, 2)}    return 0
"""


def multiply_names(rank: int) -> list[str]:
    """The extents of `multiply`, in order."""
    return ["rows", "columns", "depth", "tiles", "panels", "layers", "most", "blocks", "groups", "each", "lower", "a_row", "c_row",
            *(f"batch{i}" for i in range(rank)), *(f"{operand}_step{i}" for operand in "apc" for i in range(rank))]


@cache
def multiply(tile: Tile, turned: bool, rank: int) -> str:
    """c [batch, rows, columns] of a (`turned`: transposed) and the panels of the other; units are (batch, group of panels, block of rows).

    A block has as many tiles of rows as another, or one more. `lower`: only what is not above the diagonal, and the rest of its panels.
    """
    r, width, dtype, height = tile.rows, tile.width, tile.dtype, block_rows(tile)
    if turned:
        copy = _copied(tile, "a, source", "block, 0", "a_row", "deep", "high", height)
        source = "a_at + first * a_row + top"
    else:
        copy = _turned(tile, "a, source", "block, 0", "a_row", "high", "deep", height)
        source = "a_at + top * a_row + first"
    return f"""{_head(("a", "beside", "c"), dtype, multiply_names(rank))}    block = scratch(0, {DEPTH * height}, {dtype})
    for unit in range(lo, hi):
        first_tile = (unit % blocks * tiles + blocks - 1) // blocks
        last_tile = (unit % blocks * tiles + tiles + blocks - 1) // blocks
        group = unit // blocks % groups
        item = unit // (blocks * groups)
        top = first_tile * {r}
        high = minimum(rows, last_tile * {r}) - top
        last = panels
        if lower > 0:
            last = minimum(panels, (top + high + {width - 1}) // {width})
{indented(_item(rank, "a", "p", "c"), 2)}        for layer in range(layers):
            first = layer * most
            deep = minimum(depth - first, most)
            source = {source}
{indented(copy, 3)}            for panel in range(group * each, minimum(group * each + each, last)):
                column = panel * {width}
                wide = minimum(columns - column, {width})
                w_at = ((p_at * panels + panel) * depth + first) * {width}
                for t in range((high + {r - 1}) // {r}):
                    acc = {tile.zeros}
                    for p in range(deep):
                        acc = add_outer(acc, block, p * {height} + t * {r}, 1, beside, w_at + p * {width})
                    to = c_at + (top + t * {r}) * c_row + column
                    left = minimum(high - t * {r}, {r})
                    if wide == {width} and left == {r}:
                        if layer > 0:
                            acc = tile_sum(tile_load(acc, c, to, c_row), acc)
                        tile_store(c, to, c_row, acc)
                    else:
                        if layer > 0:
                            acc = tile_sum(tile_load_part(acc, c, to, c_row, left, wide), acc)
                        tile_store_part(c, to, c_row, acc, left, wide)
    return 0
"""


def mirror_names(rank: int) -> list[str]:
    """The extents of `mirror`, in order."""
    return ["rows", "strips", "c_row", *(f"batch{i}" for i in range(rank)), *(f"c_step{i}" for i in range(rank))]


@cache
def mirror(tile: Tile, rank: int) -> str:
    """c [batch, rows, rows]: what is above the diagonal as below it; units are (batch, strip of a vector's lanes of rows).

    Panels are some vectors wide, so the squares on the diagonal are there already.
    """
    lanes, square = tile.lanes, f"tile({tile.lanes}, 1, {tile.lanes}, {tile.dtype})"
    return f"""{_head(("c",), tile.dtype, mirror_names(rank))}    whole = rows // {lanes}
    for unit in range(lo, hi):
        strip = unit % strips
        item = unit // strips
        top = strip * {lanes}
{indented(_item(rank, "c"), 2)}        for other in range(strip + 1, whole):
            square = tile_load({square}, c, c_at + other * {lanes} * c_row + top, c_row)
            tile_store(c, c_at + top * c_row + other * {lanes}, c_row, tile_turned(square))
        left = rows - whole * {lanes}
        if strip < whole and left > 0:
            square = tile_load_part({square}, c, c_at + whole * {lanes} * c_row + top, c_row, left, {lanes})
            tile_store_part(c, c_at + top * c_row + whole * {lanes}, c_row, tile_turned(square), {lanes}, left)
    return 0
"""
