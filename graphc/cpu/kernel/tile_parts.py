"""Parts of tiles from and to memory, by masks: the edges of matrices that fill no tile take no loop over single elements.

* `tile_load_part(like, p, i, step, rows, columns)`: of row r, which begins at `p[i + r * step]`, so many rows and columns; the others are 0.
* `tile_store_part(p, i, step, acc, rows, columns)`: so many rows and columns of a tile; what lies beyond them in memory stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from .memory import access
from .tiles import Operation, intrinsic_of


def _masked(builder: Any, tile: Any, base: Any, index: Any, step: Any, rows: Any, columns: Any) -> Iterator[tuple[int, Any, Any]]:
    """Of each vector of a tile its number, where it lies, and which of its lanes are inside."""
    from llvmlite import ir

    word, lanes = ir.IntType(64), tile.lanes
    places = ir.VectorType(word, lanes)
    nowhere, spread = ir.Constant(places, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
    for r in range(tile.rows):
        wide = builder.select(builder.icmp_signed("<", word(r), rows), columns, word(0))
        inside = builder.shuffle_vector(builder.insert_element(nowhere, wide, ir.IntType(32)(0)), nowhere, spread)
        row = builder.add(index, builder.mul(step, word(r)))
        for v in range(tile.vectors):
            numbers = ir.Constant(places, [*range(v * lanes, v * lanes + lanes)])
            at = builder.gep(base, [builder.add(row, word(v * lanes))])
            yield r * tile.vectors + v, builder.bitcast(at, tile.vector.as_pointer()), builder.icmp_signed("<", numbers, inside)


def _named(what: str, tile: Any) -> str:
    return f"llvm.masked.{what}.v{tile.lanes}f{tile.dtype.bitwidth}.p0"


def _load_part(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    from llvmlite import ir

    from .scalars import call_intrinsic

    like, p, *_ = kinds
    tile, *where = args
    zeros, align = ir.Constant(like.vector, None), ir.IntType(32)(like.dtype.bitwidth // 8)
    for number, at, mask in _masked(builder, like, *where):
        loaded = call_intrinsic(builder, _named("load", like), like.vector, [at, align, mask, zeros])
        tile = builder.insert_value(tile, access(builder, loaded, p.slot), number)
    return tile


def _store_part(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    from llvmlite import ir

    from .scalars import call_intrinsic

    (p, _, _, acc, _, _), (base, index, step, tile, rows, columns) = kinds, args
    align = ir.IntType(32)(acc.dtype.bitwidth // 8)
    for number, at, mask in _masked(builder, acc, base, index, step, rows, columns):
        stored = call_intrinsic(builder, _named("store", acc), ir.VoidType(), [builder.extract_value(tile, number), at, align, mask])
        access(builder, stored, p.slot)
    return context.get_dummy_value()


OPERATIONS = {"tile_load_part": Operation("TPWWWW", _load_part), "tile_store_part": Operation("PWWTWW", _store_part)}


@cache
def parts() -> dict[str, Callable[..., Any]]:
    """Name -> Numba intrinsic of every function in this module."""
    return {name: intrinsic_of(name, operation) for name, operation in OPERATIONS.items()}
