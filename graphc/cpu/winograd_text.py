"""Kernels of convolutions by windows of three by three, as texts: four sums beside each other of sixteen products for a channel, in place of 36.

A square is two places by two of the result, what its four windows hold is four by four. Of a block of squares this is transformed first, as
sixteen matrices [square, channel] that stay in the second cache; each is multiplied by one of the filter's, panel by panel, and of a square's
sixteen products its four sums are made. Where one of them is not finite the direct sum is taken, in the order of `conv_text.conv`.
"""

from __future__ import annotations

from functools import cache

from .conv_text import Epilogue, Tile, indented, kernel, places_names

SQUARES = 24            # of a block at most: a multiple of all tiles' rows
POINTS = 16             # products of a square for each channel and output
GAP = 16                # numbers left out behind a row and a matrix, so that what is read together does not lie in one set of a cache
EVEN = 16               # times as large as another a tap may be, in magnitudes added up over channels


def row_of(depth: int) -> int:
    """Numbers of a row of transformed windows."""
    return depth + GAP


def points_of(depth: int, width: int) -> int:
    """Numbers of a panel of the transformed filter."""
    return POINTS * (depth * width + GAP)


def beside(depth: int, width: int) -> int:
    """Numbers that a thread keeps beside itself: a block's windows, and its products with a panel."""
    return POINTS * (SQUARES * (row_of(depth) + width) + 2 * GAP)


SPREAD = ("depth", "turned", "trusted_at", "first")


@cache
def spread(tile: Tile) -> str:
    """Panels [part, tap, c, width] of a filter of three by three as [part, point, c, width], behind them; units are (part, vector).

    And whether they are to be trusted: a tap whose weights are much smaller than another's would get the rounding errors of that one.
    """
    width, lanes, dtype = tile.width, tile.lanes, tile.dtype
    body = f"""    for unit in range(lo, hi):
        part = unit // {tile.vectors}
        beside = unit % {tile.vectors} * {lanes}
        step = depth * {width}
        source = (part * 9 + turned * 8) * step + beside
        step = step * (1 - 2 * turned)
        point = depth * {width} + {GAP}
        to = first + part * {POINTS} * point + beside
        total = tile(9, 1, {lanes}, {dtype})
        for c in range(depth):
            taps = tile_load(total, p, source + c * {width}, step)
            total = tile_magnitudes(total, taps)
            tile_store(p, to + c * {width}, point, filter_sums(taps))
        store(p, trusted_at + unit, {dtype}(tile_even(total, {EVEN})))
"""
    return kernel(("p",), dtype, SPREAD, body)


NAMES = ("across", "down", "squares", "blocks", "groups_of_squares", "splits", "each", "depth", "panels", "outputs", "panel", "zeros_at",
         "trusted_at", "spread_at", "beside_size", "chunk", "turned", "x_image", "y_image")
CHUNK = 1 + NAMES.index("chunk")


def names() -> list[str]:
    """The extents of `sums`, in order: the same for both axes, behind the others."""
    return [*NAMES, *(f"{name}{i}" for i in range(2) for name in ("places", "first", "size", "x_stride", "y_stride"))]


def _windows(tile: Tile) -> str:
    """Lines that note where the places lie that the windows of the square i of a block hold, and transform them."""
    return f"""base = image * x_image + group * depth
for k in range(4):
    row = high * 2 + first0 + k
    for l in range(4):
        column = wide * 2 + first1 + l
        there = (row >= 0) & (row < size0) & (column >= 0) & (column < size1)
        store(places, i * {POINTS} + k * 4 + l, select(there, address(x, base + row * x_stride0 + column * x_stride1), nowhere))
store(noted, i, image)
store(noted, {SQUARES} + i, high * 2)
store(noted, {2 * SQUARES} + i, wide * 2)
for k in range((depth + {tile.lanes - 1}) // {tile.lanes}):
    c = minimum(k * {tile.lanes}, depth - {tile.lanes})
    windows = tile_gather(tile({POINTS}, 1, {tile.lanes}, {tile.dtype}), places, i * {POINTS}, c)
    tile_store(b, b_at + i * b_row + c, matrix, window_sums(windows))
wide += 1
if wide == across:
    wide = 0
    high += 1
    if high == down:
        high = 0
        image += 1
"""


def _products(tile: Tile) -> str:
    """Lines that multiply the sixteen matrices of a block by those of the panel p."""
    r, width = tile.rows, tile.width
    return f"""w_point = depth * {width} + {GAP}
w_panel = spread_at + part * {POINTS} * w_point
for point in range({POINTS}):
    for t in range((count + {r - 1}) // {r}):
        acc = {tile.zeros}
        for c in range(depth):
            acc = add_outer(acc, b, b_at + point * matrix + t * {r} * b_row + c, b_row, w, w_panel + point * w_point + c * {width})
        tile_store(b, sums_at + point * {SQUARES * width + GAP} + t * {r * width}, {width}, acc)
"""


def _square(tile: Tile) -> str:
    """Lines that make the four sums of a square, from its products, and those that are not finite as `conv_text.conv` does."""
    width, lanes, dtype = tile.width, tile.lanes, tile.dtype
    return f"""good = trusted
if good:
    for k in range({tile.vectors}):
        four = place_sums(tile_load(tile({POINTS}, 1, {lanes}, {dtype}), b, sums_at + i * {width} + k * {lanes}, {SQUARES * width + GAP}))
        good = good & tile_finite(four)
        tile_store(four_sums, k * {lanes}, {width}, four)
if not good:
    w_panel = part * panel
    direct = tile(4, {tile.vectors}, {lanes}, {dtype})
    for t in range(9):
        k = t // 3 + turned * (2 - t // 3 * 2)
        l = t % 3 + turned * (2 - t % 3 * 2)
        for r in range(4):
            store(where, r, load(places, i * {POINTS} + (k + r // 2) * 4 + l + r % 2))
        for c in range(depth):
            direct = add_spread(direct, where, 0, c, w, w_panel + (t * depth + c) * {width})
    if trusted:
        direct = tile_mended(tile_load(direct, four_sums, 0, {width}), direct)
    tile_store(four_sums, 0, {width}, direct)
"""


def _stored(tile: Tile, epilogue: Epilogue | None) -> str:
    """Lines that store the four sums of a square, as far as there are places for them."""
    width = tile.width
    there = f"""image = load(noted, i)
for r in range(4):
    at0 = load(noted, {SQUARES} + i) + r // 2
    at1 = load(noted, {2 * SQUARES} + i) + r % 2
    if (at0 < places0) & (at1 < places1):
"""
    if epilogue is None:
        return there + indented(f"""to = image * y_image + at0 * y_stride0 + at1 * y_stride1 + group * outputs + column
found = tile_load(tile(1, {tile.vectors}, {tile.lanes}, {tile.dtype}), four_sums, r * {width}, 0)
tile_store_part(y, to, 0, found, 1, width)
""", 2)
    lines = [*epilogue.row, f"for j in range(minimum(width, {width})):", f"    sum = load(four_sums, r * {width} + j)",
             "    channel = first + j", *("    " + line for line in epilogue.element)]
    return "first = group * outputs + column\n" + there + indented("\n".join(lines), 2)


@cache
def sums(tile: Tile, epilogue: Epilogue | None = None) -> str:
    """y[n, p, o] = sum over nine t, c of x[n, p + first + t, c] * w[t, c, o], zeros where x has none; units are (panels, block of squares).

    w lies in panels, as `conv_text.pack` has them, and behind them as `spread` does. `turned`: t counts from the other end. With an `epilogue`
    its statements store what there is to store, of each place once.
    """
    lines = [*(epilogue.head if epilogue else ()), f"places = scratch(0, {POINTS * SQUARES}, int64)", f"noted = scratch(1, {3 * SQUARES}, int64)",
             f"four_sums = scratch(2, {4 * tile.width}, {tile.dtype})", "where = scratch(3, 4, int64)"]
    panel = f"""part = group * panels + p
column = p * {tile.width}
width = outputs - column
trusted = True
for k in range({tile.vectors}):
    trusted = trusted & (load(w, trusted_at + part * {tile.vectors} + k) > 0)
if trusted:
{indented(_products(tile), 1)}for i in range(count):
{indented(_square(tile) + _stored(tile, epilogue), 1)}"""
    body = f"""nowhere = address(w, zeros_at)
b_row = depth + {GAP}
matrix = {SQUARES} * b_row + {GAP}
b_at = lo // chunk * beside_size
sums_at = b_at + {POINTS} * matrix
for unit in range(lo, hi):
    at = unit % blocks
    part = unit // blocks
    group = part // splits
    first_panel = part % splits * each
    begin = (at * groups_of_squares + blocks - 1) // blocks * {tile.rows}
    count = minimum(squares, (at * groups_of_squares + groups_of_squares + blocks - 1) // blocks * {tile.rows}) - begin
    wide = begin % across
    high = begin // across % down
    image = begin // across // down
    for i in range(count):
{indented(_windows(tile), 2)}    for p in range(first_panel, minimum(first_panel + each, panels)):
{indented(panel, 2)}"""
    pointers = ("x", "w", "b", "y") if epilogue is None else ("x", "w", "b")
    every = names() if epilogue is None else [*names(), *places_names(2)]
    return kernel(pointers, tile.dtype, every, indented("\n".join(lines), 1) + indented(body, 1))
