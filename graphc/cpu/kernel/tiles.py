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

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from inspect import Parameter, Signature
from itertools import chain
from typing import Any, NamedTuple

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


def _tile_with(builder: Any, tile: Any, vectors: Iterable[Any]) -> Any:
    """A tile of these vectors, row after row."""
    for at, x in enumerate(vectors):
        tile = builder.insert_value(tile, x, at)
    return tile


def _row(builder: Any, kind: Any, tile: Any, r: int) -> list[Any]:
    return [builder.extract_value(tile, r * kind.vectors + v) for v in range(kind.vectors)]


def _listed(builder: Any, list_: Any, pointer: Any, index: Any, r: int) -> Any:
    """The r-th number behind one of a list."""
    from llvmlite import ir

    return access(builder, builder.load(builder.gep(list_, [builder.add(index, ir.IntType(64)(r))])), pointer.slot)


def _behind(builder: Any, index: Any, step: Any, r: int) -> Any:
    """Where row r begins."""
    from llvmlite import ir

    return builder.add(index, builder.mul(step, ir.IntType(64)(r)))


# ---------------------------------------------------------------------- what each function emits: of the types of its operands, and their values

def _add_spread(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    (acc, where, _, _, w, _), (tile, list_, i, c, base, j) = kinds, args
    element = context.get_value_type(w)
    scalars = [builder.load(builder.gep(builder.inttoptr(_listed(builder, list_, where, i, r), element), [c])) for r in range(acc.rows)]
    return _fused(builder, acc, tile, scalars, _vectors(builder, acc, w, base, j, acc.vectors))


def _add_outer(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    (acc, x, _, _, w, _), (tile, left, i, step, base, j) = kinds, args
    scalars = [access(builder, builder.load(builder.gep(left, [_behind(builder, i, step, r)])), x.slot) for r in range(acc.rows)]
    return _fused(builder, acc, tile, scalars, _vectors(builder, acc, w, base, j, acc.vectors))


def _add_each(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    from llvmlite import ir

    (acc, where, _, _, w, _), (tile, list_, i, c, base, j) = kinds, args
    element, factors = context.get_value_type(w), _vectors(builder, acc, w, base, j, acc.vectors)
    for r in range(acc.rows):
        row = builder.gep(builder.inttoptr(_listed(builder, list_, where, i, r), element), [c])
        for v, factor in enumerate(factors):
            at = builder.bitcast(builder.gep(row, [ir.IntType(64)(v * acc.lanes)]), acc.vector.as_pointer())
            tile = _fused_at(builder, acc, tile, r * acc.vectors + v, builder.load(at, align=acc.dtype.bitwidth // 8), factor)
    return tile


def _add_products(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    (acc, x, _, w, _), (tile, left, i, base, j) = kinds, args
    pairs = zip(_vectors(builder, acc, x, left, i, acc.vectors), _vectors(builder, acc, w, base, j, acc.vectors), strict=True)
    for v, (a, b) in enumerate(pairs):
        for r in range(acc.rows):
            tile = _fused_at(builder, acc, tile, r * acc.vectors + v, a, b)
    return tile


def _load(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    (like, p, _, _), (tile, base, i, step) = kinds, args
    rows = (_vectors(builder, like, p, base, _behind(builder, i, step, r), like.vectors) for r in range(like.rows))
    return _tile_with(builder, tile, chain.from_iterable(rows))


def _store(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    (p, _, _, acc), (base, i, step, tile) = kinds, args
    for r in range(acc.rows):
        row = _row(builder, acc, tile, r)
        _store_row(builder, acc, p, base, _behind(builder, i, step, r), row)
    return context.get_dummy_value()


def _scatter(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    (p, rows, _, _, acc), (base, list_, i, j, tile) = kinds, args
    for r in range(acc.rows):
        place = _listed(builder, list_, rows, i, r)
        row = _row(builder, acc, tile, r)
        _store_row(builder, acc, p, base, builder.add(place, j), row)
    return context.get_dummy_value()


def _sum(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    count = kinds[0].rows * kinds[0].vectors
    return _tile_with(builder, args[0], (builder.fadd(*(builder.extract_value(x, at) for x in args)) for at in range(count)))


def _turned(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    from llvmlite import ir

    lanes, mask = kinds[0].lanes, ir.VectorType(ir.IntType(32), kinds[0].lanes)
    rows = [builder.extract_value(args[0], r) for r in range(lanes)]
    distance = lanes // 2
    while distance:                     # of each four blocks of so many rows and lanes, the two that lie across change places
        low = [k if not k & distance else lanes + k - distance for k in range(lanes)]
        high = [k + distance if not k & distance else lanes + k for k in range(lanes)]
        for r in [r for r in range(lanes) if not r & distance]:
            pair = rows[r], rows[r + distance]
            rows[r], rows[r + distance] = (builder.shuffle_vector(*pair, ir.Constant(mask, order)) for order in (low, high))
        distance //= 2
    return _tile_with(builder, args[0], rows)


class Operation(NamedTuple):
    """A function of the language: its `operands`, T a tile, P a pointer, W a word; tiles are all of one type, and where the first is one, so is
    the result. `emit` builds it, `(context, builder, types, values)`; `fits` says of which tiles there is one, `result` what another result is.
    """

    operands: str
    emit: Callable[..., Any]
    fits: Callable[[Any], bool] = lambda tile: True
    result: Callable[[Any], Any] = lambda tile: tile


OPERATIONS = {
    "add_spread": Operation("TPWWPW", _add_spread), "add_outer": Operation("TPWWPW", _add_outer), "add_each": Operation("TPWWPW", _add_each),
    "add_products": Operation("TPWPW", _add_products), "tile_load": Operation("TPWW", _load), "tile_store": Operation("PWWT", _store),
    "tile_scatter": Operation("PPWWT", _scatter), "tile_sum": Operation("TT", _sum),
    "tile_turned": Operation("T", _turned, lambda tile: tile.vectors == 1 and tile.rows == tile.lanes),
}


def intrinsic_of(name: str, operation: Operation) -> Callable[..., Any]:
    """The Numba intrinsic of an operation."""
    from numba.core import types
    from numba.core.typing import signature
    from numba.extending import intrinsic

    wanted = {"T": tile_type(), "P": pointer_type(), "W": types.Type}

    def typed(typing: Any, *kinds: Any) -> Any:
        tiles = {kind for kind, letter in zip(kinds, operation.operands, strict=True) if letter == "T"}
        if not all(isinstance(kind, wanted[letter]) for kind, letter in zip(kinds, operation.operands, strict=True)):
            return None
        if len(tiles) != 1 or not operation.fits(*tiles):
            return None
        taken = [types.int64 if letter == "W" else kind for kind, letter in zip(kinds, operation.operands, strict=True)]
        result = operation.result(kinds[0]) if operation.operands[0] == "T" else types.none
        return signature(result, *taken), lambda context, builder, sig, args: operation.emit(context, builder, kinds, args)

    typed.__name__ = name
    typed.__signature__ = Signature(  # type: ignore[attr-defined]
        [Parameter("typing", Parameter.POSITIONAL_ONLY), *(Parameter(f"x{i}", Parameter.POSITIONAL_ONLY) for i in range(len(operation.operands)))])
    return intrinsic(typed)


@cache
def values() -> dict[str, Callable[..., Any]]:
    """What makes tiles, adds products to them, and brings them from and to memory."""
    from llvmlite import ir
    from numba.core.typing import signature
    from numba.extending import intrinsic

    from .casts import dtype_of

    @intrinsic(prefer_literal=True)
    def tile(typing: Any, rows: Any, vectors: Any, lanes: Any, dtype: Any) -> Any:
        sizes = _literals(rows, vectors, lanes)
        if sizes is None:
            return None
        result = tile_type()(*sizes, dtype_of(dtype))
        return signature(result, rows, vectors, lanes, dtype), lambda context, builder, sig, args: ir.Constant(context.get_value_type(result), None)

    return {"tile": tile, **{name: intrinsic_of(name, operation) for name, operation in OPERATIONS.items()}}


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
