"""Kernels of convolutions, as texts: a product of matrices whose left one, the windows, is read where it lies and never written out.

What is summed up stays in a tile: MR places of the result (of the gradient to a filter: MR channels) by NV vectors of its channels. All extents
come with the call, so that one text serves every shape; the tile, the number of axes and the dtype are in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

MOST_TAPS = 256         # elements of a filter whose places a tile knows at once
BLOCK = 24 * 1024       # bytes of a gradient that are copied beside each other: they stay in the nearest cache


class Tile(NamedTuple):
    """Rows by vectors, of so many lanes, of a dtype."""

    rows: int
    vectors: int
    lanes: int
    dtype: str

    @property
    def width(self) -> int:
        """Elements of a row."""
        return self.vectors * self.lanes

    @property
    def zeros(self) -> str:
        """A tile of zeros, as text."""
        return f"tile({self.rows}, {self.vectors}, {self.lanes}, {self.dtype})"


def _kernel(pointers: Sequence[str], dtype: str, names: Sequence[str], body: str) -> str:
    """A kernel: its buffers and extents by name, then a body of lines."""
    lines = [f"{p} = pointer(buffers, {i}, {dtype})" for i, p in enumerate(pointers)]
    lines += [f"{name} = extents[{i}]" for i, name in enumerate(names, 1)]
    head = "\n".join("    " + line for line in lines)
    return f"def kernel(buffers, extents, lo, hi):\n{head}\n{body}    return 0\n"


def _indented(text: str, by: int) -> str:
    return "".join(" " * 4 * by + line + "\n" for line in text.splitlines())


# ---------------------------------------------------------------------- sums over windows

def conv_names(axes: int) -> list[str]:
    """The extents of `conv`, in order."""
    each = ("places", "step", "first", "tap_step", "taps", "size", "x_stride", "y_stride", "w_stride")
    return ["places", "tiles", "splits", "each", "depth", "panels", "outputs", "panel", "w_first", "zeros_at", "x_image", "y_image", "y_first",
            *(f"{name}{i}" for i in range(axes) for name in each)]


def places_names(axes: int) -> list[str]:
    """The extents that a `conv` with an epilogue takes for the last ones: of its places where they lie along the result's axes."""
    return [f"{name}{i}" for i in range(axes) for name in ("place_step", "place_first")]


class Epilogue(NamedTuple):
    """Statements that take the sums, as texts: what comes before the loops, at a row of a tile, and at an element, `sum`.

    They know `image`, places `at0`, ... along the axes of the result, and `channel`.
    """

    head: tuple[str, ...]
    row: tuple[str, ...]
    element: tuple[str, ...]


MOST_APART = 4096       # channels that are convolved each by itself: as many zeros a kernel has for a place outside


@cache
def conv(tile: Tile, axes: int, epilogue: Epilogue | None = None, apart: bool = False) -> str:
    """y[n, p, o] = sum over t, c of x[n, p * step + first + t * tap_step, c] * w[t, c, o], zeros where x has none; units are tiles of places.

    w lies in panels [panel, t, c, width], zeros behind them. Past the last place a tile has that once more. With an `epilogue` its
    statements store what there is to store, of each place once. `apart`: of each channel by itself, o = c: w lies as it is, [t, o], and the last
    panel begins so early that it is whole.
    """
    r, last = tile.rows, axes - 1
    rest = "".join(f"a{i} = rest % places{i}\nrest = rest // places{i}\n" for i in range(last, -1, -1))
    further = ""
    for i in range(last, -1, -1):
        further += f"{'    ' * (last - i)}a{i} += 1\n{'    ' * (last - i)}if a{i} == places{i}:\n{'    ' * (last - i + 1)}a{i} = 0\n"
    further += f"{'    ' * axes}rest += 1\n"
    begin = "".join(f"h{i} = a{i} * step{i} + first{i}\nstore(starts, {i * r} + i, h{i})\n" for i in range(axes))
    x_at = " + ".join(["rest * x_image", *(f"h{i} * x_stride{i}" for i in range(axes)), *(["group * depth"] * (not apart))])
    y_at = " + ".join(["rest * y_image", *(f"a{i} * y_stride{i}" for i in range(axes)), "y_first + group * outputs"])
    over_taps = "".join(f"{'    ' * i}for t{i} in range(taps{i}):\n" for i in range(axes))
    number = "t0"
    for i in range(1, axes):
        number = f"({number}) * taps{i} + t{i}"
    inside = " & ".join(f"(load(starts, {i * r} + i) + t{i} * tap_step{i} >= 0) & (load(starts, {i * r} + i) + t{i} * tap_step{i} < size{i})"
                        for i in range(axes))
    moved = " + ".join(f"t{i} * tap_step{i} * x_stride{i}" for i in range(axes))
    w_at = " + ".join(["w_panel", *(f"t{i} * w_stride{i}" for i in range(axes))])
    if epilogue is None and apart:
        noted, stored = "", "tile_scatter(y, rows, 0, column, acc)"
    elif epilogue is None:
        noted = ""
        stored = f"""if width >= {tile.width}:
    tile_scatter(y, rows, 0, column, acc)
else:
    tile_store(beside, 0, {tile.width}, acc)
    for i in range({r}):
        for j in range(width):
            store(y, load(rows, i) + column + j, load(beside, i * {tile.width} + j))
"""
    else:
        begin_at = f"p * {tile.width} - column, " if apart else ""
        noted = "".join(f"store(noted, {k * r} + i, {name})\n" for k, name in enumerate(["rest", *(f"a{i}" for i in range(axes))]))
        known = ["image = load(noted, i)", *(f"at{i} = load(noted, {(i + 1) * r} + i) * place_step{i} + place_first{i}" for i in range(axes))]
        stored = "\n".join([f"tile_store(beside, 0, {tile.width}, acc)", "first = group * outputs + column", f"width = minimum(width, {tile.width})",
                            f"for i in range(minimum(left, {r})):", *("    " + line for line in (*known, *epilogue.row)),
                            f"    for j in range({begin_at}width):",
                            f"        sum = load(beside, i * {tile.width} + j)", "        channel = first + j",
                            *("        " + line for line in epilogue.element)])
    taken = f"for c in range(depth):\n    acc = add_spread(acc, where, t, c, w, w_at + c * {tile.width})"
    nowhere, before = "nowhere = address(w, zeros_at)", "w_panel = (group * panels + p) * panel + w_first\n"
    behind = f"column = p * {tile.width}\nwidth = outputs - column\n"
    if apart:
        taken = "acc = add_each(acc, where, t, column, w, w_at)"
        nowhere = f"""zeros = scratch(6, {MOST_APART}, {tile.dtype})
for i in range(outputs):
    store(zeros, i, {tile.dtype}(0))
nowhere = address(zeros, 0)
"""
        before, behind = f"column = minimum(p * {tile.width}, outputs - {tile.width})\nw_panel = w_first + column\n", f"width = {tile.width}\n"
    panel = before + f"acc = {tile.zeros}\n" + over_taps + _indented(f"t = ({number}) * {r}\nw_at = {w_at}\n{taken}", axes) + behind
    body = f"""    where = scratch(0, {MOST_TAPS * r}, int64)
    starts = scratch(1, {axes * r}, int64)
    bases = scratch(2, {r}, int64)
{"" if epilogue else f"    rows = scratch(3, {r}, int64)" + chr(10)}    beside = scratch(4, {r * tile.width}, {tile.dtype})
{_indented(nowhere, 1)}    for unit in range(lo, hi):
        at = unit % tiles
        part = unit // tiles
        group = part // splits
        first_panel = (part % splits) * each
        rest = at * {r}
        left = places - rest
{_indented(rest, 2)}        for i in range({r}):
{_indented(begin, 3)}            store(bases, i, {x_at})
{_indented(noted or f"store(rows, i, {y_at})", 3)}            if i + 1 < left:
{_indented(further, 4)}{_indented(over_taps, 2)}{_indented(f'''t = ({number}) * {r}
moved = {moved}
for i in range({r}):
    there = {inside}
    store(where, t + i, select(there, address(x, load(bases, i) + moved), nowhere))
''', 2 + axes)}        for p in range(first_panel, first_panel + each):
{_indented(panel, 3)}{_indented(stored, 3)}"""
    if epilogue is None:
        return _kernel(("x", "w", "y"), tile.dtype, conv_names(axes), body)
    head = "".join(f"    {line}\n" for line in (*epilogue.head, f"noted = scratch(5, {(axes + 1) * r}, int64)"))
    return _kernel(("x", "w"), tile.dtype, [*conv_names(axes), *places_names(axes)], head + body)


PACK = ("taps", "depth", "outputs", "panels", "row", "zeros_at")


@cache
def pack(tile: Tile, turned: bool) -> str:
    """A filter [t, c, (g, o)] in panels [(g, panel), t, c, width], what is missing of the last one zeros, and zeros for a place outside behind them.

    `turned`: of [t, o, (g, c)] instead, for a convolution by the filter turned round. Units are (g, panel, t).
    """
    width, dtype, lanes = tile.width, tile.dtype, tile.lanes
    if turned:
        copied = f"""        source = (t * outputs + column) * row + group * depth
        for k in range(width // {lanes}):
            for l in range(depth // {lanes}):
                square = tile_load(tile({lanes}, 1, {lanes}, {dtype}), w, source + k * {lanes} * row + l * {lanes}, row)
                tile_store(p, at + l * {lanes * width} + k * {lanes}, {width}, tile_turned(square))
            for j in range(k * {lanes}, k * {lanes} + {lanes}):
                for c in range(depth // {lanes} * {lanes}, depth):
                    store(p, at + c * {width} + j, load(w, source + j * row + c))
        for j in range(width // {lanes} * {lanes}, width):
            for c in range(depth):
                store(p, at + c * {width} + j, load(w, source + j * row + c))
        for c in range(depth):
            for j in range(width, {width}):
                store(p, at + c * {width} + j, {dtype}(0))
"""
    else:
        copied = f"""        for c in range(depth):
            source = (t * depth + c) * row + group * outputs + column
            for j in range(width):
                store(p, at + c * {width} + j, load(w, source + j))
            for j in range(width, {width}):
                store(p, at + c * {width} + j, {dtype}(0))
"""
    body = f"""    for unit in range(lo, hi):
        t = unit % taps
        part = unit // taps
        group = part // panels
        column = (part % panels) * {width}
        width = min(outputs - column, {width})
        at = unit * depth * {width}
{copied}        if unit == 0:
            for c in range(depth):
                store(p, zeros_at + c, {dtype}(0))
"""
    return _kernel(("w", "p"), dtype, PACK, body)


# ---------------------------------------------------------------------- sums over places

def filter_names(axes: int) -> list[str]:
    """The extents of `conv_filter`, in order."""
    each = ("places", "step", "first", "tap_step", "taps", "size", "x_stride")
    return ["units", "taps", "groups", "images", "images_each", "depth", "tiles", "last_channel", "outputs", "panels", "x_image", "y_image", "y_row",
            "y_place", "block_rows", "block_columns", "part_size", "t_size", "tile_size", "panel_size", "row_step",
            *(f"{name}{i}" for i in range(axes) for name in each)]


@cache
def conv_filter(tile: Tile, axes: int) -> str:
    """w[t, c, o] = sum over n, p of x[n, p * step + first + t * tap_step, c] * y[n, p, o], where x has these; units are tiles of (t, c).

    A part is a group and some of the images. Of a block of places, as large as stays in the nearest cache, y is copied beside each other, a panel
    of `width` outputs after the other, and all tiles go on with their sums, which wait in w.
    """
    r, block = tile.rows, BLOCK // {"float32": 4, "float64": 8}[tile.dtype]
    row, column = axes - 2, axes - 1
    outer = range(row)
    loops = "".join(f"{'    ' * i}for p{i} in range(places{i}):\n" for i in outer)
    decoded = "rest = t\n" + "".join(f"""at = t * {axes} + {i}
begin = first{i} + rest % taps{i} * tap_step{i}
rest = rest // taps{i}
store(begins, at, begin)
store(lows, at, maximum(-(begin // step{i}), 0))
store(highs, at, minimum((size{i} - 1 - begin) // step{i} + 1, places{i}))
""" for i in range(column, -1, -1))
    y_outer = "image"
    for i in outer:
        y_outer = f"({y_outer}) * places{i} + p{i}"
    first = " & ".join(["(image == image0)", *(f"(p{i} == 0)" for i in outer), "(k == 0)", "(l == 0)"])
    reached = "".join(f"if p{i} < load(lows, t * {axes} + {i}) or p{i} >= load(highs, t * {axes} + {i}):\n    high = low\n" for i in outer)
    x_outer = "".join(f" + (p{i} * step{i} + load(begins, t * {axes} + {i})) * x_stride{i}" for i in outer)
    work = f"""for k in range(row_blocks):
    row0 = k * block_rows
    row1 = minimum(row0 + block_rows, places{row})
    for l in range(column_blocks):
        column0 = l * block_columns
        column1 = minimum(column0 + block_columns, places{column})
        begin = {first}
        for p in range(panels):
            width = minimum(outputs - p * {tile.width}, {tile.width})
            for i in range(row0, row1):
                source = ({y_outer}) * y_image + i * y_row + group * outputs + p * {tile.width}
                for j in range(column0, column1):
                    to = ((i - row0) * block_columns + j - column0) * {tile.width}
                    for q in range(width):
                        store(beside, to + q, load(y, source + j * y_place + q))
                    for q in range(width, {tile.width}):
                        store(beside, to + q, {tile.dtype}(0))
            for t in range(t0, t1):
                low = maximum(load(lows, t * {axes} + {row}), row0)
                high = minimum(load(highs, t * {axes} + {row}), row1)
{_indented(reached, 4)}                left = maximum(load(lows, t * {axes} + {column}), column0)
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
                        y_at = ((i - row0) * block_columns - column0) * {tile.width}
                        for j in range(left, right):
                            acc = add_outer(acc, x, x_at + j * x_place, 1, beside, y_at + j * {tile.width})
                    tile_store(w, at, row_step, acc)
"""
    body = f"""    beside = scratch(0, {block}, {tile.dtype})
    begins = scratch(1, {MOST_TAPS * axes}, int64)
    lows = scratch(2, {MOST_TAPS * axes}, int64)
    highs = scratch(3, {MOST_TAPS * axes}, int64)
    for t in range(taps):
{_indented(decoded, 2)}    x_place = step{column} * x_stride{column}
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
{_indented(loops, 3)}{_indented(work, 3 + len(outer))}"""
    return _kernel(("x", "y", "w"), tile.dtype, filter_names(axes), body)


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
    return _kernel(("sums", "w"), dtype, TOTAL, body)


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
{_indented(line, 3)}            images = rest
            y_line = {y_line}
            for t in range(taps):
{_indented(decoded, 4)}                rest = images
{_indented(at, 4)}                begin = first{column} + t{column} * tap_step{column}
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
    return _kernel(("x", "y", "w"), tile.dtype, apart_names(axes), f"    beside = scratch(0, {tile.width}, {tile.dtype})\n" + body)


@cache
def total_apart(dtype: str) -> str:
    """A filter [i] from the sums of its parts [part, i], in order; units are its elements."""
    body = """    for i in range(lo, hi):
        store(w, i, load(sums, i))
    for part in range(1, parts):
        for i in range(lo, hi):
            store(w, i, load(w, i) + load(sums, part * elements + i))
"""
    return _kernel(("sums", "w"), dtype, ("parts", "elements"), body)
