"""Kernels of convolutions' gradients to the filter, as texts: products of matrices whose sum goes over places, channels by outputs in a tile.

A tile has MR channels by NV vectors of outputs. As in `conv_text` the windows are read where they lie, and all extents come with the call.
"""

from __future__ import annotations

from functools import cache

from .conv_text import MOST_TAPS, Tile, indented, kernel

BLOCK = 24 * 1024       # bytes of a gradient that are copied beside each other, or used again: they stay in the nearest cache


# ---------------------------------------------------------------------- channels by outputs

def filter_names(axes: int) -> list[str]:
    """The extents of `conv_filter`, in order."""
    each = ("places", "step", "first", "tap_step", "taps", "size", "x_stride")
    return ["units", "taps", "groups", "images", "images_each", "depth", "tiles", "last_channel", "outputs", "panels", "x_image", "y_image", "y_row",
            "y_place", "block_rows", "block_columns", "part_size", "t_size", "tile_size", "panel_size", "row_step",
            *(f"{name}{i}" for i in range(axes) for name in each)]


def _reaches(axes: int) -> str:
    """Lines that note of an element t of the filter, along each axis, where it begins, and the first and last place of the windows that have it."""
    return "rest = t\n" + "".join(f"""at = t * {axes} + {i}
begin = first{i} + rest % taps{i} * tap_step{i}
rest = rest // taps{i}
store(begins, at, begin)
store(lows, at, maximum(-(begin // step{i}), 0))
store(highs, at, minimum((size{i} - 1 - begin) // step{i} + 1, places{i}))
""" for i in range(axes - 1, -1, -1))


def _copied(tile: Tile, y_outer: str) -> str:
    """Lines that copy the panel p of a block of places beside each other, zeros behind the last outputs."""
    return f"""width = minimum(outputs - p * {tile.width}, {tile.width})
for i in range(row0, row1):
    source = ({y_outer}) * y_image + i * y_row + group * outputs + p * {tile.width}
    for j in range(column0, column1):
        to = ((i - row0) * block_columns + j - column0) * {tile.width}
        for q in range(width):
            store(beside, to + q, load(y, source + j * y_place + q))
        for q in range(width, {tile.width}):
            store(beside, to + q, {tile.dtype}(0))
"""


def _blocks(tile: Tile, axes: int, whole: bool) -> str:
    """Loops over the blocks of places along the last two axes, the panels, and the tiles of (t, c), each of which goes on with its sums."""
    r, row, column = tile.rows, axes - 2, axes - 1
    outer = range(row)
    y_outer = "image"
    for i in outer:
        y_outer = f"({y_outer}) * places{i} + p{i}"
    first = " & ".join(["(image == image0)", *(f"(p{i} == 0)" for i in outer), "(k == 0)", "(l == 0)"])
    reached = "".join(f"if p{i} < load(lows, t * {axes} + {i}) or p{i} >= load(highs, t * {axes} + {i}):\n    high = low\n" for i in outer)
    x_outer = "".join(f" + (p{i} * step{i} + load(begins, t * {axes} + {i})) * x_stride{i}" for i in outer)
    copied = "" if whole else indented(_copied(tile, y_outer), 3)
    beside, y_row, y_place = "beside", f"((i - row0) * block_columns - column0) * {tile.width}", str(tile.width)
    if whole:
        beside, y_row, y_place = "y", f"({y_outer}) * y_image + i * y_row + group * outputs + p * {tile.width}", "y_place"
    return f"""for k in range(row_blocks):
    row0 = k * block_rows
    row1 = minimum(row0 + block_rows, places{row})
    for l in range(column_blocks):
        column0 = l * block_columns
        column1 = minimum(column0 + block_columns, places{column})
        begin = {first}
        for p in range(panels):
{copied}            for t in range(t0, t1):
                low = maximum(load(lows, t * {axes} + {row}), row0)
                high = minimum(load(highs, t * {axes} + {row}), row1)
{indented(reached, 4)}                left = maximum(load(lows, t * {axes} + {column}), column0)
                right = minimum(load(highs, t * {axes} + {column}), column1)
                x_row = image * x_image + load(begins, t * {axes} + {row}) * x_stride{row}{x_outer}
                x_row += load(begins, t * {axes} + {column}) * x_stride{column} + group * depth
                for m in range(maximum(unit0 - t * tiles, 0), minimum(unit1 - t * tiles, tiles)):
                    channel = minimum(m * {r}, last_channel)
                    at = part * part_size + t * t_size + m * tile_size + p * panel_size
                    acc = {tile.zeros}
                    if not begin:
                        acc = tile_load(acc, w, at, row_step)
                    for i in range(low, high):
                        x_at = x_row + i * step{row} * x_stride{row} + channel
                        y_at = {y_row}
                        for j in range(left, right):
                            acc = add_outer(acc, x, x_at + j * x_place, 1, {beside}, y_at + j * {y_place})
                    tile_store(w, at, row_step, acc)
"""


@cache
def conv_filter(tile: Tile, axes: int, whole: bool = False) -> str:
    """w[t, c, o] = sum over n, p of x[n, p * step + first + t * tap_step, c] * y[n, p, o], where x has these; units are tiles of (t, c).

    A part is a group and some of the images. Of a block of places, as large as stays in the nearest cache, y is copied beside each other, a panel
    of `width` outputs after the other, and all tiles go on with their sums, which wait in w. `whole`: panels are full, and y is read where it lies.
    """
    row, column, block = axes - 2, axes - 1, BLOCK // {"float32": 4, "float64": 8}[tile.dtype]
    loops = "".join(f"{'    ' * i}for p{i} in range(places{i}):\n" for i in range(row))
    body = f"""    beside = scratch(0, {block}, {tile.dtype})
    begins = scratch(1, {MOST_TAPS * axes}, int64)
    lows = scratch(2, {MOST_TAPS * axes}, int64)
    highs = scratch(3, {MOST_TAPS * axes}, int64)
    for t in range(taps):
{indented(_reaches(axes), 2)}    x_place = step{column} * x_stride{column}
    row_blocks = (places{row} + block_rows - 1) // block_rows
    column_blocks = (places{column} + block_columns - 1) // block_columns
    for part in range(lo // units, (hi + units - 1) // units):
        group = part % groups
        unit0 = maximum(lo - part * units, 0)
        unit1 = minimum(hi - part * units, units)
        t0 = unit0 // tiles
        t1 = (unit1 + tiles - 1) // tiles
        image0 = part // groups * images_each
        image1 = minimum(image0 + images_each, images)
        if image1 <= image0:
            for t in range(t0, t1):
                for m in range(maximum(unit0 - t * tiles, 0), minimum(unit1 - t * tiles, tiles)):
                    for p in range(panels):
                        acc = {tile.zeros}
                        tile_store(w, part * part_size + t * t_size + m * tile_size + p * panel_size, row_step, acc)
        for image in range(image0, image1):
{indented(loops, 3)}{indented(_blocks(tile, axes, whole), 3 + row)}"""
    return kernel(("x", "y", "w"), tile.dtype, filter_names(axes), body)


TOTAL = ("depth", "outputs", "groups", "parts", "tiles", "last_channel", "panels", "part_size", "t_size", "tile_size", "panel_size")


@cache
def total(rows: int, width: int, dtype: str) -> str:
    """A filter [t, c, (g, o)] from the tiles of its parts, those of the same group added up in order; units are (t, c)."""
    body = f"""    for unit in range(lo, hi):
        t = unit // depth
        c = unit % depth
        m = minimum(c // {rows}, tiles - 1)
        row = t * t_size + m * tile_size + (c - minimum(m * {rows}, last_channel)) * {width}
        for group in range(groups):
            for p in range(panels):
                count = minimum(outputs - p * {width}, {width})
                to = (unit * groups + group) * outputs + p * {width}
                at = row + group * part_size + p * panel_size
                for j in range(count):
                    store(w, to + j, load(sums, at + j))
                for part in range(group + groups, parts, groups):
                    at = row + part * part_size + p * panel_size
                    for j in range(count):
                        store(w, to + j, load(w, to + j) + load(sums, at + j))
"""
    return kernel(("sums", "w"), dtype, TOTAL, body)


# ---------------------------------------------------------------------- each channel by itself

def apart_names(axes: int) -> list[str]:
    """The extents of `filter_apart`, in order."""
    each = ("places", "step", "first", "tap_step", "taps", "size", "x_stride", "y_stride")
    return ["lines", "lines_each", "taps", "channels", "panels", "x_image", "y_image", *(f"{name}{i}" for i in range(axes) for name in each)]


@cache
def filter_apart(tile: Tile, axes: int) -> str:
    """w[part, t, c] = sum over n, p of x[n, p * step + first + t * tap_step, c] * y[n, p, c], where x has these; units are parts.

    A part is some of the lines, places along the last axis. All taps of a line are summed up before the next one: it stays in the nearest cache.
    """
    column, outer = axes - 1, range(axes - 1)
    decoded = "rest = t\n" + "".join(f"t{i} = rest % taps{i}\nrest = rest // taps{i}\n" for i in range(column, -1, -1))
    line = "rest = line\n" + "".join(f"p{i} = rest % places{i}\nrest = rest // places{i}\n" for i in reversed(outer))
    y_line = " + ".join(["rest * y_image", *(f"p{i} * y_stride{i}" for i in outer)])
    at = "".join(f"h{i} = p{i} * step{i} + first{i} + t{i} * tap_step{i}\n" for i in outer)
    inside = " & ".join(["(low < high)", *(f"(h{i} >= 0) & (h{i} < size{i})" for i in outer)])
    x_line = " + ".join(["rest * x_image", *(f"h{i} * x_stride{i}" for i in outer), f"begin * x_stride{column}"])
    body = f"""    for part in range(lo, hi):
        sums = part * taps * channels
        for i in range(taps * channels):
            store(w, sums + i, {tile.dtype}(0))
        for line in range(part * lines_each, minimum((part + 1) * lines_each, lines)):
{indented(line, 3)}            images = rest
            y_line = {y_line}
            for t in range(taps):
{indented(decoded, 4)}                rest = images
{indented(at, 4)}                begin = first{column} + t{column} * tap_step{column}
                low = maximum(-(begin // step{column}), 0)
                high = minimum((size{column} - 1 - begin) // step{column} + 1, places{column})
                if {inside}:
                    x_line = {x_line}
                    for p in range(panels):
                        c = minimum(p * {tile.width}, channels - {tile.width})
                        acc = {tile.zeros}
                        for j in range(low, high):
                            acc = add_products(acc, x, x_line + j * step{column} * x_stride{column} + c, y, y_line + j * y_stride{column} + c)
                        if c == p * {tile.width}:
                            tile_store(w, sums + t * channels + c, 0, tile_sum(acc, tile_load(acc, w, sums + t * channels + c, 0)))
                        else:
                            tile_store(beside, 0, 0, acc)
                            for j in range(p * {tile.width} - c, {tile.width}):
                                o = sums + t * channels + c + j
                                store(w, o, load(w, o) + load(beside, j))
"""
    return kernel(("x", "y", "w"), tile.dtype, apart_names(axes), f"    beside = scratch(0, {tile.width}, {tile.dtype})\n" + body)


@cache
def total_apart(dtype: str) -> str:
    """A filter [i] from the sums of its parts [part, i], in order; units are its elements."""
    body = """    for i in range(lo, hi):
        store(w, i, load(sums, i))
    for part in range(1, parts):
        for i in range(lo, hi):
            store(w, i, load(w, i) + load(sums, part * elements + i))
"""
    return kernel(("sums", "w"), dtype, ("parts", "elements"), body)
