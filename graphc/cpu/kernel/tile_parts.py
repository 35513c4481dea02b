"""Parts of tiles from and to memory, by masks: the edges of matrices that fill no tile take no loop over single elements.

* `tile_load_part(like, p, i, step, rows, columns)`: of row r, which begins at `p[i + r * step]`, so many rows and columns; the others are 0.
* `tile_store_part(p, i, step, acc, rows, columns)`: so many rows and columns of a tile; what lies beyond them in memory stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from .memory import access, pointer_type
from .tiles import tile_type


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


@cache
def parts() -> dict[str, Callable[..., Any]]:
    """Name -> Numba intrinsic of every function in this module."""
    from llvmlite import ir
    from numba.core import types
    from numba.core.typing import signature
    from numba.extending import intrinsic

    from .scalars import call_intrinsic

    Pointer, Tile = pointer_type(), tile_type()

    def named(what: str, tile: Any) -> str:
        return f"llvm.masked.{what}.v{tile.lanes}f{tile.dtype.bitwidth}.p0"

    @intrinsic
    def tile_load_part(typing: Any, like: Any, p: Any, index: Any, step: Any, rows: Any, columns: Any) -> Any:
        if not (isinstance(like, Tile) and isinstance(p, Pointer)):
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            tile, *where = args
            zeros, align = ir.Constant(like.vector, None), ir.IntType(32)(like.dtype.bitwidth // 8)
            for number, at, mask in _masked(builder, like, *where):
                loaded = call_intrinsic(builder, named("load", like), like.vector, [at, align, mask, zeros])
                tile = builder.insert_value(tile, access(builder, loaded, p.slot), number)
            return tile

        return signature(like, like, p, *[types.int64] * 4), emit

    @intrinsic
    def tile_store_part(typing: Any, p: Any, index: Any, step: Any, acc: Any, rows: Any, columns: Any) -> Any:
        if not (isinstance(acc, Tile) and isinstance(p, Pointer)):
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            base, index, step, tile, rows, columns = args
            align = ir.IntType(32)(acc.dtype.bitwidth // 8)
            for number, at, mask in _masked(builder, acc, base, index, step, rows, columns):
                stored = call_intrinsic(builder, named("store", acc), ir.VoidType(), [builder.extract_value(tile, number), at, align, mask])
                access(builder, stored, p.slot)
            return context.get_dummy_value()

        return signature(types.none, p, types.int64, types.int64, acc, types.int64, types.int64), emit

    return {"tile_load_part": tile_load_part, "tile_store_part": tile_store_part}
