"""Kernels of convolutions, as texts: a product of matrices whose left one, the windows, is read where it lies and never written out.

What is summed up stays in a tile: MR places of the result by NV vectors of its channels. All extents come with the call, so that one text serves
every shape; the tile, the number of axes and the dtype are in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

MOST_TAPS = 256         # elements of a filter whose places a tile knows at once


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


def kernel(pointers: Sequence[str], dtype: str, names: Sequence[str], body: str) -> str:
    """A kernel: its buffers and extents by name, then a body of lines."""
    lines = [f"{p} = pointer(buffers, {i}, {dtype})" for i, p in enumerate(pointers)]
    lines += [f"{name} = extents[{i}]" for i, name in enumerate(names, 1)]
    head = "\n".join("    " + line for line in lines)
    return f"def kernel(buffers, extents, lo, hi):\n{head}\n{body}    return 0\n"


def indented(text: str, by: int) -> str:
    """Lines, so many levels further in."""
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


def _places(tile: Tile, axes: int, noted: str, apart: bool) -> str:
    """Lines that note of the tile `at` where its places begin in x and in the result; past the last one they are that once more."""
    r, last = tile.rows, axes - 1
    rest = "".join(f"a{i} = rest % places{i}\nrest = rest // places{i}\n" for i in range(last, -1, -1))
    further = ""
    for i in range(last, -1, -1):
        further += f"{'    ' * (last - i)}a{i} += 1\n{'    ' * (last - i)}if a{i} == places{i}:\n{'    ' * (last - i + 1)}a{i} = 0\n"
    further += f"{'    ' * axes}rest += 1\n"
    begin = "".join(f"h{i} = a{i} * step{i} + first{i}\nstore(starts, {i * r} + i, h{i})\n" for i in range(axes))
    x_at = " + ".join(["rest * x_image", *(f"h{i} * x_stride{i}" for i in range(axes)), *(["group * depth"] * (not apart))])
    y_at = " + ".join(["rest * y_image", *(f"a{i} * y_stride{i}" for i in range(axes)), "y_first + group * outputs"])
    return f"""rest = at * {r}
left = places - rest
{rest}for i in range({r}):
{indented(begin, 1)}    store(bases, i, {x_at})
{indented(noted or f"store(rows, i, {y_at})", 1)}    if i + 1 < left:
{indented(further, 2)}"""


def _listed(tile: Tile, axes: int) -> str:
    """Lines that list, at t, where the element (t0, ...) of the windows of all places of a tile lies: perhaps nowhere."""
    starts = [f"load(starts, {i * tile.rows} + i) + t{i} * tap_step{i}" for i in range(axes)]
    inside = " & ".join(f"({start} >= 0) & ({start} < size{i})" for i, start in enumerate(starts))
    return f"""moved = {" + ".join(f"t{i} * tap_step{i} * x_stride{i}" for i in range(axes))}
for i in range({tile.rows}):
    there = {inside}
    store(where, t + i, select(there, address(x, load(bases, i) + moved), nowhere))
"""


def _stored(tile: Tile, axes: int, epilogue: Epilogue | None, apart: bool) -> tuple[str, str]:
    """Lines that note of a place of a tile what an epilogue knows, and those that store the tile, of the panel p."""
    r = tile.rows
    if epilogue is None and apart:
        return "", "tile_scatter(y, rows, 0, column, acc)"
    if epilogue is None:
        return "", f"""if width >= {tile.width}:
    tile_scatter(y, rows, 0, column, acc)
else:
    tile_store(beside, 0, {tile.width}, acc)
    for i in range({r}):
        for j in range(width):
            store(y, load(rows, i) + column + j, load(beside, i * {tile.width} + j))
"""
    begin_at = f"p * {tile.width} - column, " if apart else ""
    noted = "".join(f"store(noted, {k * r} + i, {name})\n" for k, name in enumerate(["rest", *(f"a{i}" for i in range(axes))]))
    known = ["image = load(noted, i)", *(f"at{i} = load(noted, {(i + 1) * r} + i) * place_step{i} + place_first{i}" for i in range(axes))]
    return noted, "\n".join([f"tile_store(beside, 0, {tile.width}, acc)", "first = group * outputs + column", f"width = minimum(width, {tile.width})",
                             f"for i in range(minimum(left, {r})):", *("    " + line for line in (*known, *epilogue.row)),
                             f"    for j in range({begin_at}width):",
                             f"        sum = load(beside, i * {tile.width} + j)", "        channel = first + j",
                             *("        " + line for line in epilogue.element)])


def _nowhere(tile: Tile, count: str) -> str:
    return f"""zeros = scratch(6, {MOST_APART}, {tile.dtype})
for i in range({count}):
    store(zeros, i, {tile.dtype}(0))
nowhere = address(zeros, 0)
"""


def _kernel_of_places(tile: Tile, axes: int, epilogue: Epilogue | None, names: Sequence[str], body: str) -> str:
    """A kernel of lines over units: with memory for the places of a tile, its buffers those of a convolution, perhaps with an epilogue."""
    r = tile.rows
    kept = f"rows = scratch(3, {r}, int64)" if epilogue is None else f"noted = scratch(5, {(axes + 1) * r}, int64)"
    lines = [*(epilogue.head if epilogue else ()), f"where = scratch(0, {MOST_TAPS * r}, int64)", f"starts = scratch(1, {axes * r}, int64)",
             f"bases = scratch(2, {r}, int64)", kept, f"beside = scratch(4, {r * tile.width}, {tile.dtype})"]
    whole = indented("\n".join(lines), 1) + indented(body, 1)
    if epilogue is None:
        return kernel(("x", "w", "y"), tile.dtype, names, whole)
    return kernel(("x", "w"), tile.dtype, [*names, *places_names(axes)], whole)


@cache
def conv(tile: Tile, axes: int, epilogue: Epilogue | None = None, apart: bool = False) -> str:
    """y[n, p, o] = sum over t, c of x[n, p * step + first + t * tap_step, c] * w[t, c, o], zeros where x has none; units are tiles of places.

    w lies in panels [panel, t, c, width], zeros behind them. Past the last place a tile has that once more. With an `epilogue` its
    statements store what there is to store, of each place once. `apart`: of each channel by itself, o = c: w lies as it is, [t, o], and the last
    panel begins so early that it is whole.
    """
    over_taps = "".join(f"{'    ' * i}for t{i} in range(taps{i}):\n" for i in range(axes))
    number = "t0"
    for i in range(1, axes):
        number = f"({number}) * taps{i} + t{i}"
    noted, stored = _stored(tile, axes, epilogue, apart)
    w_at = " + ".join(["w_panel", *(f"t{i} * w_stride{i}" for i in range(axes))])
    taken = f"for c in range(depth):\n    acc = add_spread(acc, where, t, c, w, w_at + c * {tile.width})"
    nowhere, before = "nowhere = address(w, zeros_at)", "w_panel = (group * panels + p) * panel + w_first\n"
    behind = f"column = p * {tile.width}\nwidth = outputs - column\n"
    if apart:
        taken, nowhere = "acc = add_each(acc, where, t, column, w, w_at)", _nowhere(tile, "outputs")
        before, behind = f"column = minimum(p * {tile.width}, outputs - {tile.width})\nw_panel = w_first + column\n", f"width = {tile.width}\n"
    position = f"t = ({number}) * {tile.rows}\n"
    panel = before + f"acc = {tile.zeros}\n" + over_taps + indented(f"{position}w_at = {w_at}\n{taken}", axes) + behind
    body = f"""{nowhere}
for unit in range(lo, hi):
    at = unit % tiles
    part = unit // tiles
    group = part // splits
    first_panel = (part % splits) * each
{indented(_places(tile, axes, noted, apart) + over_taps + indented(position + _listed(tile, axes), axes), 1)}
    for p in range(first_panel, first_panel + each):
{indented(panel + stored, 2)}"""
    return _kernel_of_places(tile, axes, epilogue, conv_names(axes), body)


PACK = ("taps", "depth", "outputs", "panels", "row", "zeros_at")


@cache
def pack(tile: Tile) -> str:
    """A filter [t, c, (g, o)] in panels [(g, panel), t, c, width], what is missing of the last one zeros, and zeros for a place outside behind them.

    Units are (t, c), whose numbers lie side by side: read in order, and written to each panel in order.
    """
    width, dtype = tile.width, tile.dtype
    body = f"""    lines = taps * depth
    groups = row // outputs
    for unit in range(lo, hi):
        for part in range(groups * panels):
            column = (part % panels) * {width}
            width = minimum(outputs - column, {width})
            source = unit * row + part // panels * outputs + column
            at = (part * lines + unit) * {width}
            if width == {width}:
                tile_store(p, at, 0, tile_load(tile(1, {tile.vectors}, {tile.lanes}, {dtype}), w, source, 0))
            else:
                for j in range(width):
                    store(p, at + j, load(w, source + j))
                for j in range(width, {width}):
                    store(p, at + j, {dtype}(0))
        if unit == 0:
            for c in range(depth):
                store(p, zeros_at + c, {dtype}(0))
"""
    return kernel(("w", "p"), dtype, PACK, body)


@cache
def pack_turned(tile: Tile) -> str:
    """As `pack`, of a filter [t, o, (g, c)], for a convolution by it turned round: squares of a vector's length are transposed; units (part, t)."""
    width, dtype, lanes = tile.width, tile.dtype, tile.lanes
    body = f"""    for unit in range(lo, hi):
        t = unit % taps
        part = unit // taps
        group = part // panels
        column = (part % panels) * {width}
        width = minimum(outputs - column, {width})
        at = unit * depth * {width}
        source = (t * outputs + column) * row + group * depth
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
        if unit == 0:
            for c in range(depth):
                store(p, zeros_at + c, {dtype}(0))
"""
    return kernel(("w", "p"), dtype, PACK, body)
