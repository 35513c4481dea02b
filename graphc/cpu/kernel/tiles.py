"""Tiles, the values that products are summed up in: rows of vectors, which stay in registers; vectors' sums of products; memory on the stack.

A tile has `rows * vectors` vectors of `lanes` elements each. All steps fuse their multiplication with the addition, as a library's products
do: each of their results is made once, and stored.

* `acc = tile(6, 4, 16, float32)`: zeros.
* `acc = add_spread(acc, where, i, c, w, j)`: row r has the element c behind the address `where[i + r]` times the row of vectors at `w[j]` added.
* `acc = add_outer(acc, x, i, step, w, j)`: row r has `x[i + r * step]` times the row of vectors at `w[j]` added.
* `acc = add_each(acc, where, i, c, w, j)`: row r has the elements from c on behind the address `where[i + r]` times those at `w[j]` added, each
  by each.
* `acc = add_products(acc, x, i, w, j)`: each row has the elements at `x[i]` times those at `w[j]` added, each by each.
* `tile_load(like, p, i, step)`, `tile_store(p, i, step, acc)`: row r lies at `p[i + r * step]`.
* `tile_sum(acc, other)`: element by element.
* `tile_turned(acc)`: of as many rows of one vector as it has lanes, the transpose.
* `tile_scatter(p, rows, i, j, acc)`: row r is stored at `p[rows[i + r] + j]`.
* `s = scratch(0, 64, int64)`: the first memory of its own, of 64 elements; `address(p, i)`: where an element lies, as a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from .memory import EXTENTS_SLOT, access, pointer_type


@cache
def tiles() -> dict[str, Callable[..., Any]]:
    """Name -> Numba intrinsic of every function in this module."""
    return {**values(), **places()}


@cache
def tile_type() -> Any:
    """The Numba type of tiles."""
    from llvmlite import ir
    from numba.core import types
    from numba.extending import models, register_model

    class Tile(types.Type):
        """Rows of vectors, of so many lanes each."""

        def __init__(self, rows: int, vectors: int, lanes: int, dtype: Any):
            self.rows, self.vectors, self.lanes, self.dtype = rows, vectors, lanes, dtype
            super().__init__(f"graphc.tile({rows}, {vectors}, {lanes}, {dtype})")

        @property
        def vector(self) -> Any:
            """What LLVM knows one of its vectors as."""
            return ir.VectorType(ir.FloatType() if self.dtype is types.float32 else ir.DoubleType(), self.lanes)

    @register_model(Tile)
    class TileModel(models.PrimitiveModel):
        def __init__(self, manager: Any, fe_type: Any):
            super().__init__(manager, fe_type, ir.ArrayType(fe_type.vector, fe_type.rows * fe_type.vectors))

    return Tile


def _literals(*given: Any) -> list[int] | None:
    from numba.core import types

    return [x.literal_value for x in given] if all(isinstance(x, types.IntegerLiteral) for x in given) else None


def _vectors(builder: Any, kind: Any, pointer: Any, base: Any, index: Any, count: int) -> list[Any]:
    """So many vectors that lie one behind the other."""
    from llvmlite import ir

    found = []
    for v in range(count):
        at = builder.gep(base, [builder.add(index, ir.IntType(64)(v * kind.lanes))])
        found.append(access(builder, builder.load(builder.bitcast(at, kind.vector.as_pointer()), align=kind.dtype.bitwidth // 8), pointer.slot))
    return found


def _store_row(builder: Any, kind: Any, pointer: Any, base: Any, index: Any, vectors: Sequence[Any]) -> None:
    from llvmlite import ir

    for v, x in enumerate(vectors):
        at = builder.gep(base, [builder.add(index, ir.IntType(64)(v * kind.lanes))])
        access(builder, builder.store(x, builder.bitcast(at, kind.vector.as_pointer()), align=kind.dtype.bitwidth // 8), pointer.slot)


def _fused(builder: Any, kind: Any, tile: Any, scalars: Sequence[Any], vectors: Sequence[Any]) -> Any:
    """A tile with the product of each row's scalar and the vectors added to the row."""
    from llvmlite import ir

    from .scalars import call_intrinsic

    name = f"llvm.fma.v{kind.lanes}f{kind.dtype.bitwidth}"
    nowhere, first = ir.Constant(kind.vector, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), kind.lanes), [0] * kind.lanes)
    for r, x in enumerate(scalars):
        row = builder.shuffle_vector(builder.insert_element(nowhere, x, ir.IntType(32)(0)), nowhere, first)
        for v, y in enumerate(vectors):
            at = r * kind.vectors + v
            tile = builder.insert_value(tile, call_intrinsic(builder, name, kind.vector, [row, y, builder.extract_value(tile, at)]), at)
    return tile


def _fused_at(builder: Any, kind: Any, tile: Any, at: int, x: Any, y: Any) -> Any:
    """A tile with the product of two vectors added to one of its own."""
    from .scalars import call_intrinsic

    name = f"llvm.fma.v{kind.lanes}f{kind.dtype.bitwidth}"
    return builder.insert_value(tile, call_intrinsic(builder, name, kind.vector, [x, y, builder.extract_value(tile, at)]), at)


@cache
def values() -> dict[str, Callable[..., Any]]:
    """What makes tiles, adds products to them, and brings them from and to memory."""
    from llvmlite import ir
    from numba.core import types
    from numba.core.typing import signature
    from numba.extending import intrinsic

    from .casts import dtype_of

    Pointer, Tile, word = pointer_type(), tile_type(), ir.IntType(64)

    @intrinsic(prefer_literal=True)
    def tile(typing: Any, rows: Any, vectors: Any, lanes: Any, dtype: Any) -> Any:
        sizes = _literals(rows, vectors, lanes)
        if sizes is None:
            return None
        result = Tile(*sizes, dtype_of(dtype))
        return signature(result, rows, vectors, lanes, dtype), lambda context, builder, sig, args: ir.Constant(context.get_value_type(result), None)

    @intrinsic
    def add_spread(typing: Any, acc: Any, where: Any, first: Any, behind: Any, w: Any, index: Any) -> Any:
        if not (isinstance(acc, Tile) and isinstance(where, Pointer) and isinstance(w, Pointer)):
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            tile, list_, i, c, base, j = args
            element = context.get_value_type(w)
            scalars = []
            for r in range(acc.rows):
                place = access(builder, builder.load(builder.gep(list_, [builder.add(i, word(r))])), where.slot)
                scalars.append(builder.load(builder.gep(builder.inttoptr(place, element), [c])))
            return _fused(builder, acc, tile, scalars, _vectors(builder, acc, w, base, j, acc.vectors))

        return signature(acc, acc, where, types.int64, types.int64, w, types.int64), emit

    @intrinsic
    def add_outer(typing: Any, acc: Any, x: Any, first: Any, step: Any, w: Any, index: Any) -> Any:
        if not (isinstance(acc, Tile) and isinstance(x, Pointer) and isinstance(w, Pointer)):
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            tile, left, i, distance, base, j = args
            scalars = [access(builder, builder.load(builder.gep(left, [builder.add(i, builder.mul(distance, word(r)))])), x.slot)
                       for r in range(acc.rows)]
            return _fused(builder, acc, tile, scalars, _vectors(builder, acc, w, base, j, acc.vectors))

        return signature(acc, acc, x, types.int64, types.int64, w, types.int64), emit

    @intrinsic
    def tile_load(typing: Any, like: Any, p: Any, index: Any, step: Any) -> Any:
        if not (isinstance(like, Tile) and isinstance(p, Pointer)):
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            tile, base, i, distance = args
            for r in range(like.rows):
                row = _vectors(builder, like, p, base, builder.add(i, builder.mul(distance, word(r))), like.vectors)
                for v, x in enumerate(row):
                    tile = builder.insert_value(tile, x, r * like.vectors + v)
            return tile

        return signature(like, like, p, types.int64, types.int64), emit

    @intrinsic
    def tile_store(typing: Any, p: Any, index: Any, step: Any, acc: Any) -> Any:
        if not (isinstance(acc, Tile) and isinstance(p, Pointer)):
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            base, i, distance, tile = args
            for r in range(acc.rows):
                row = [builder.extract_value(tile, r * acc.vectors + v) for v in range(acc.vectors)]
                _store_row(builder, acc, p, base, builder.add(i, builder.mul(distance, word(r))), row)
            return context.get_dummy_value()

        return signature(types.none, p, types.int64, types.int64, acc), emit

    @intrinsic
    def tile_sum(typing: Any, acc: Any, other: Any) -> Any:
        if not isinstance(acc, Tile) or acc is not other:
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            found = args[0]
            for at in range(acc.rows * acc.vectors):
                found = builder.insert_value(found, builder.fadd(*(builder.extract_value(x, at) for x in args)), at)
            return found

        return signature(acc, acc, other), emit

    @intrinsic
    def tile_turned(typing: Any, acc: Any) -> Any:
        if not isinstance(acc, Tile) or acc.vectors != 1 or acc.rows != acc.lanes:
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            lanes = acc.lanes
            rows = [builder.extract_value(args[0], r) for r in range(lanes)]
            distance = lanes // 2
            while distance:                     # of each four blocks of so many rows and lanes, the two that lie across change places
                low = [k if not k & distance else lanes + k - distance for k in range(lanes)]
                high = [k + distance if not k & distance else lanes + k for k in range(lanes)]
                mask = ir.VectorType(ir.IntType(32), lanes)
                for r in [r for r in range(lanes) if not r & distance]:
                    pair = rows[r], rows[r + distance]
                    rows[r], rows[r + distance] = (builder.shuffle_vector(*pair, ir.Constant(mask, order)) for order in (low, high))
                distance //= 2
            found = args[0]
            for r, row in enumerate(rows):
                found = builder.insert_value(found, row, r)
            return found

        return signature(acc, acc), emit

    @intrinsic
    def tile_scatter(typing: Any, p: Any, rows: Any, first: Any, behind: Any, acc: Any) -> Any:
        if not (isinstance(acc, Tile) and isinstance(p, Pointer) and isinstance(rows, Pointer)):
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            base, list_, i, j, tile = args
            for r in range(acc.rows):
                place = access(builder, builder.load(builder.gep(list_, [builder.add(i, word(r))])), rows.slot)
                row = [builder.extract_value(tile, r * acc.vectors + v) for v in range(acc.vectors)]
                _store_row(builder, acc, p, base, builder.add(place, j), row)
            return context.get_dummy_value()

        return signature(types.none, p, rows, types.int64, types.int64, acc), emit

    @intrinsic
    def add_each(typing: Any, acc: Any, where: Any, first: Any, behind: Any, w: Any, index: Any) -> Any:
        if not (isinstance(acc, Tile) and isinstance(where, Pointer) and isinstance(w, Pointer)):
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            tile, list_, i, c, base, j = args
            element, factors = context.get_value_type(w), _vectors(builder, acc, w, base, j, acc.vectors)
            for r in range(acc.rows):
                place = access(builder, builder.load(builder.gep(list_, [builder.add(i, word(r))])), where.slot)
                row = builder.gep(builder.inttoptr(place, element), [c])
                for v, factor in enumerate(factors):
                    at = builder.bitcast(builder.gep(row, [word(v * acc.lanes)]), acc.vector.as_pointer())
                    tile = _fused_at(builder, acc, tile, r * acc.vectors + v, builder.load(at, align=acc.dtype.bitwidth // 8), factor)
            return tile

        return signature(acc, acc, where, types.int64, types.int64, w, types.int64), emit

    @intrinsic
    def add_products(typing: Any, acc: Any, x: Any, first: Any, w: Any, index: Any) -> Any:
        if not (isinstance(acc, Tile) and isinstance(x, Pointer) and isinstance(w, Pointer)):
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            tile, left, i, base, j = args
            pairs = zip(_vectors(builder, acc, x, left, i, acc.vectors), _vectors(builder, acc, w, base, j, acc.vectors), strict=True)
            for v, (a, b) in enumerate(pairs):
                for r in range(acc.rows):
                    tile = _fused_at(builder, acc, tile, r * acc.vectors + v, a, b)
            return tile

        return signature(acc, acc, x, types.int64, w, types.int64), emit

    return {"tile": tile, "add_spread": add_spread, "add_outer": add_outer, "add_each": add_each, "add_products": add_products,
            "tile_load": tile_load, "tile_store": tile_store, "tile_sum": tile_sum, "tile_turned": tile_turned, "tile_scatter": tile_scatter}


@cache
def places() -> dict[str, Callable[..., Any]]:
    """Memory on the stack, and addresses as numbers."""
    from llvmlite import ir
    from numba.core import types
    from numba.core.typing import signature
    from numba.extending import intrinsic

    from .casts import dtype_of

    Pointer = pointer_type()

    @intrinsic(prefer_literal=True)
    def scratch(typing: Any, number: Any, size: Any, dtype: Any) -> Any:
        sizes = _literals(number, size)
        if sizes is None:
            return None
        result = Pointer(EXTENTS_SLOT - 1 - sizes[0], dtype_of(dtype))

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            element = context.get_value_type(result).pointee
            with builder.goto_entry_block():            # not by Numba's helper, which stores zeros
                place = builder.alloca(ir.ArrayType(element, sizes[1]))
            place.align = 64
            return builder.bitcast(place, element.as_pointer())

        return signature(result, number, size, dtype), emit

    @intrinsic
    def address(typing: Any, p: Any, index: Any) -> Any:
        if not isinstance(p, Pointer):
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.ptrtoint(builder.gep(args[0], [args[1]]), ir.IntType(64))

        return signature(types.int64, p, types.int64), emit

    return {"scratch": scratch, "address": address}
