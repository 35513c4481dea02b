"""Winograd's transforms of tiles in registers: of windows that overlap, of filters of three by three, and of the products back to four sums.

Four sums over windows of three by three, beside each other two by two, take sixteen products in place of thirty-six: F(2x2, 3x3) of Winograd,
Arithmetic Complexity of Computations (1980), as Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (2016), write it.
Each sum takes the transforms of its own window alone: what the others hold beside it, infinite or not, is no part of it.

* `tile_gather(like, where, i, c)`: row r has the elements from c on behind the address `where[i + r]`.
* `window_sums(acc)`: of 16 rows, places four by four, their transform; `filter_sums(acc)`: of 9 rows, three by three, theirs of 16.
* `place_sums(acc)`: of 16 rows of products the 4 sums.
* `tile_finite(acc)`: whether all of its elements are finite.
* `tile_mended(acc, other)`: a tile with another one's elements where its own are not finite.
* `tile_magnitudes(acc, other)`: a tile with the magnitudes of another one's elements added to its own.
* `tile_even(acc, ratio)`: whether in each column no element is more than so many times another; they are not negative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from .tiles import Operation, _listed, _tile_with, intrinsic_of, tile_type

Values = Sequence[Any]


def _both_ways(values: Values, combined: Callable[[Values], list[Any]], side: int) -> list[Any]:
    """A matrix, side by side, whose columns are combined and then its rows."""
    columns = [combined(values[k::side]) for k in range(side)]
    rows = zip(*columns, strict=True)
    return [x for row in rows for x in combined(row)]


def _vectors_of(builder: Any, kind: Any, tile: Any) -> list[list[Any]]:
    """For each vector of a row, those of all rows."""
    return [[builder.extract_value(tile, r * kind.vectors + v) for r in range(kind.rows)] for v in range(kind.vectors)]


def _transformed(context: Any, builder: Any, kind: Any, tile: Any, combined: Callable[[Values], list[Any]], side: int, rows: int) -> Any:
    """A tile of so many rows, what the rows of another one become."""
    from llvmlite import ir

    parts = [_both_ways(vectors, combined, side) for vectors in _vectors_of(builder, kind, tile)]
    made = context.get_value_type(_of_rows(rows)(kind))
    return _tile_with(builder, ir.Constant(made, ir.Undefined), (part[r] for r in range(rows) for part in parts))


def _of_rows(rows: int) -> Callable[[Any], Any]:
    """The type of a tile as another one, of so many rows."""
    return lambda kind: tile_type()(rows, kind.vectors, kind.lanes, kind.dtype)


def _gather(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    from llvmlite import ir

    (like, where, _, _), (tile, list_, i, c) = kinds, args
    element = ir.PointerType(like.vector.element)
    found = []
    for r in range(like.rows):
        row = builder.gep(builder.inttoptr(_listed(builder, list_, where, i, r), element), [c])
        for v in range(like.vectors):
            at = builder.bitcast(builder.gep(row, [ir.IntType(64)(v * like.lanes)]), like.vector.as_pointer())
            found.append(builder.load(at, align=like.dtype.bitwidth // 8))
    return _tile_with(builder, tile, found)


def _window_sums(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    def combined(d: Values) -> list[Any]:
        return [builder.fsub(d[0], d[2]), builder.fadd(d[1], d[2]), builder.fsub(d[2], d[1]), builder.fsub(d[1], d[3])]
    return _transformed(context, builder, kinds[0], args[0], combined, 4, 16)


def _filter_sums(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    from llvmlite import ir

    half = ir.Constant(kinds[0].vector, [0.5] * kinds[0].lanes)

    def combined(g: Values) -> list[Any]:
        ends = builder.fadd(g[0], g[2])
        return [g[0], builder.fmul(builder.fadd(ends, g[1]), half), builder.fmul(builder.fsub(ends, g[1]), half), g[2]]
    return _transformed(context, builder, kinds[0], args[0], combined, 3, 16)


def _place_sums(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    def combined(m: Values) -> list[Any]:
        return [builder.fadd(builder.fadd(m[0], m[1]), m[2]), builder.fsub(builder.fsub(m[1], m[2]), m[3])]
    return _transformed(context, builder, kinds[0], args[0], combined, 4, 4)


def _wrong(builder: Any, kind: Any, vectors: Sequence[Any]) -> Any:
    """Which lanes of some vectors are not all finite: zero times what is not is nan, and stays so."""
    from llvmlite import ir

    zeros = ir.Constant(kind.vector, [0.0] * kind.lanes)
    total = zeros
    for x in vectors:
        total = builder.fadd(total, builder.fmul(x, zeros))
    return builder.fcmp_unordered("uno", total, total)


def _none(builder: Any, kind: Any, lanes: Any) -> Any:
    """Whether no lane is."""
    from llvmlite import ir

    word = ir.IntType(kind.lanes)
    return builder.icmp_unsigned("==", builder.bitcast(lanes, word), word(0))


def _finite(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    kind = kinds[0]
    return _none(builder, kind, _wrong(builder, kind, [builder.extract_value(args[0], at) for at in range(kind.rows * kind.vectors)]))


def _mended(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    pairs = [[builder.extract_value(x, at) for x in args] for at in range(kinds[0].rows * kinds[0].vectors)]
    return _tile_with(builder, args[0], (builder.select(_wrong(builder, kinds[0], [mine]), other, mine) for mine, other in pairs))


def _magnitudes(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    from .scalars import call_intrinsic

    kind = kinds[0]
    name, count = f"llvm.fabs.v{kind.lanes}f{kind.dtype.bitwidth}", kind.rows * kind.vectors
    pairs = ([builder.extract_value(x, at) for x in args] for at in range(count))
    return _tile_with(builder, args[0], (builder.fadd(a, call_intrinsic(builder, name, kind.vector, [b])) for a, b in pairs))


def _even(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    from llvmlite import ir

    (kind, _), (tile, ratio) = kinds, args
    lane, lanes, total = ir.IntType(32)(0), kind.lanes, None
    factor = builder.uitofp(ratio, kind.vector.element)
    nowhere, first = ir.Constant(kind.vector, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
    factor = builder.shuffle_vector(builder.insert_element(nowhere, factor, lane), nowhere, first)
    for column in _vectors_of(builder, kind, tile):
        least = most = column[0]
        for x in column[1:]:
            least = builder.select(builder.fcmp_ordered("<", x, least), x, least)
            most = builder.select(builder.fcmp_ordered(">", x, most), x, most)
        wrong = builder.fcmp_ordered(">", most, builder.fmul(least, factor))
        total = wrong if total is None else builder.or_(total, wrong)
    return _none(builder, kind, total)


def _boolean(kind: Any) -> Any:
    from numba.core import types

    return types.boolean


OPERATIONS = {
    "tile_gather": Operation("TPWW", _gather),
    "window_sums": Operation("T", _window_sums, lambda tile: tile.rows == 16),
    "filter_sums": Operation("T", _filter_sums, lambda tile: tile.rows == 9, _of_rows(16)),
    "place_sums": Operation("T", _place_sums, lambda tile: tile.rows == 16, _of_rows(4)),
    "tile_finite": Operation("T", _finite, result=_boolean), "tile_magnitudes": Operation("TT", _magnitudes),
    "tile_mended": Operation("TT", _mended), "tile_even": Operation("TW", _even, result=_boolean),
}


@cache
def transforms() -> dict[str, Callable[..., Any]]:
    """Name -> Numba intrinsic of every function in this module."""
    return {name: intrinsic_of(name, operation) for name, operation in OPERATIONS.items()}
