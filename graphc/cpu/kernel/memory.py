"""Memory in the kernel language: the tables that a kernel gets, pointers into its buffers, and which accesses never meet."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

# Each access names, in every one of these domains, the scope of one bit of its slot: two different slots differ in some
# bit, and there each is declared to stay clear of the other.  2**10 - 1 slots; the last one stands for the extents.
SLOT_BITS = 10
EXTENTS_SLOT = 2**SLOT_BITS - 1


def slot_metadata(module: Any, slot: int) -> dict[str, Any]:
    """The alias metadata of an access to a slot, made once a module."""
    known = vars(module).setdefault("graphc_slots", {})
    if slot not in known:
        known[slot] = _new_slot_metadata(module, slot)
    return known[slot]


def _new_slot_metadata(module: Any, slot: int) -> dict[str, Any]:
    """The scopes a slot is in, and those it never touches."""

    def scope(bit: int, value: int) -> Any:
        domain = module.add_metadata([f"graphc slot bit {bit}"])
        return module.add_metadata([f"graphc slot bit {bit} is {value}", domain])

    bits = [(bit, slot >> bit & 1) for bit in range(SLOT_BITS)]
    return {
        "alias.scope": module.add_metadata([scope(bit, value) for bit, value in bits]),
        "noalias": module.add_metadata([scope(bit, 1 - value) for bit, value in bits]),
    }


@cache
def table_types() -> tuple[Any, Any]:
    """The Numba types of a kernel's `buffers` and `extents`."""
    import operator

    from llvmlite import ir
    from numba.core import types
    from numba.core.typing import signature
    from numba.core.typing.templates import AbstractTemplate, infer_global
    from numba.extending import lower_builtin, models, register_model

    class Buffers(types.Type):
        """The table of buffer addresses."""

    class Words(types.Type):
        """A table of int64 that overlaps no buffer: `words[k]` reads and writes."""

    @register_model(Buffers)
    class BuffersModel(models.PrimitiveModel):
        def __init__(self, manager: Any, fe_type: Any):
            super().__init__(manager, fe_type, ir.IntType(8).as_pointer().as_pointer())

    @register_model(Words)
    class WordsModel(models.PrimitiveModel):
        def __init__(self, manager: Any, fe_type: Any):
            super().__init__(manager, fe_type, ir.IntType(64).as_pointer())

    @infer_global(operator.getitem)
    class GetWord(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if isinstance(args[0], Words) and isinstance(args[1], types.Integer):
                return signature(types.int64, args[0], types.int64)
            return None

    @infer_global(operator.setitem)
    class SetWord(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if isinstance(args[0], Words) and isinstance(args[1], types.Integer):
                return signature(types.none, args[0], types.int64, types.int64)
            return None

    @lower_builtin(operator.getitem, Words, types.Integer)
    def get_word(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return access(builder, builder.load(builder.gep(args[0], [args[1]])), EXTENTS_SLOT)

    @lower_builtin(operator.setitem, Words, types.Integer, types.Integer)
    def set_word(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        access(builder, builder.store(args[2], builder.gep(args[0], [args[1]])), EXTENTS_SLOT)
        return context.get_dummy_value()

    return Buffers("graphc.buffers"), Words("graphc.words")


def access(builder: Any, instruction: Any, slot: int) -> Any:
    """The load or store `instruction`, marked as an access to `slot`."""
    for kind, nodes in slot_metadata(builder.module, slot).items():
        instruction.set_metadata(kind, nodes)
    return instruction


@cache
def pointer_type() -> Any:
    """The Numba type of pointers."""
    from llvmlite import ir
    from numba.core import types
    from numba.extending import models, register_model

    class Pointer(types.Type):
        """A buffer: the slot it came from and the dtype of its elements."""

        def __init__(self, slot: int, dtype: Any):
            self.slot, self.dtype = slot, dtype
            super().__init__(f"graphc.pointer({slot}, {dtype})")

    @register_model(Pointer)
    class PointerModel(models.PrimitiveModel):
        def __init__(self, manager: Any, fe_type: Any):
            # A boolean is an i1 in registers and a byte in memory.
            element = ir.HalfType() if fe_type.dtype is types.float16 else manager[fe_type.dtype].get_data_type()
            super().__init__(manager, fe_type, element.as_pointer())

    return Pointer


def _in_registers(dtype: Any) -> Any:
    """The Numba type of an element that is loaded: of half precision float32, which holds all of its numbers."""
    from numba.core import types

    return types.float32 if dtype is types.float16 else dtype


def _from_memory(builder: Any, value: Any, dtype: Any) -> Any:
    """A value that was loaded, as registers hold it."""
    from llvmlite import ir
    from numba.core import types

    if dtype is types.float16:
        return builder.fpext(value, ir.FloatType())
    return builder.icmp_unsigned("!=", value, value.type(0)) if dtype is types.boolean else value


def _to_memory(builder: Any, value: Any, dtype: Any) -> Any:
    """A value of a register, as it is stored: a truth value as a byte."""
    from llvmlite import ir
    from numba.core import types

    if dtype is types.float16:
        return builder.fptrunc(value, ir.HalfType())
    return builder.zext(value, ir.IntType(8)) if dtype is types.boolean else value


@cache
def memory() -> dict[str, Callable[..., Any]]:
    """`pointer`, `load`, `store` and `prefetch`."""
    from llvmlite import ir
    from numba.core import types
    from numba.core.typing import signature
    from numba.extending import intrinsic

    from .casts import dtype_of
    from .complex_numbers import complex_type, of_parts, pair, places

    buffers_type, _ = table_types()
    Pointer = pointer_type()
    word = ir.IntType(64)

    @intrinsic(prefer_literal=True)
    def pointer(typing: Any, buffers: Any, slot: Any, dtype: Any) -> Any:
        if buffers is not buffers_type or not isinstance(slot, types.IntegerLiteral):
            return None
        index = slot.literal_value
        if not 0 <= index < EXTENTS_SLOT:
            raise ValueError("a kernel has too many buffers")
        result = Pointer(index, dtype_of(dtype))

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            address = builder.load(builder.gep(args[0], [word(index)]))
            access(builder, address, EXTENTS_SLOT)
            return builder.bitcast(address, context.get_value_type(result))

        return signature(result, buffers, slot, dtype), emit

    @intrinsic
    def load(typing: Any, source: Any, index: Any) -> Any:
        if not isinstance(source, Pointer):
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            if isinstance(source.dtype, complex_type()):
                return of_parts(builder, *(access(builder, builder.load(at), source.slot) for at in places(builder, *args)))
            return _from_memory(builder, access(builder, builder.load(builder.gep(args[0], [args[1]])), source.slot), source.dtype)

        return signature(_in_registers(source.dtype), source, types.int64), emit

    @intrinsic
    def store(typing: Any, target: Any, index: Any, value: Any) -> Any:
        if not isinstance(target, Pointer):
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            if isinstance(target.dtype, complex_type()):
                for part, at in zip(pair(builder, args[2]), places(builder, *args[:2]), strict=True):
                    access(builder, builder.store(part.raw, at), target.slot)
                return context.get_dummy_value()
            access(builder, builder.store(_to_memory(builder, args[2], target.dtype), builder.gep(args[0], [args[1]])), target.slot)
            return context.get_dummy_value()

        return signature(types.none, target, types.int64, _in_registers(target.dtype)), emit

    return {"pointer": pointer, "load": load, "store": store, **hints()}


@cache
def hints() -> dict[str, Callable[..., Any]]:
    """`prefetch`."""
    from llvmlite import ir
    from numba.core import types
    from numba.core.typing import signature
    from numba.extending import intrinsic

    Pointer = pointer_type()

    @intrinsic
    def prefetch(typing: Any, source: Any, index: Any) -> Any:
        """Asks for the line of an element, which need not exist, to be brought into the second cache: no value depends on it."""
        if not isinstance(source, Pointer):
            return None

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            byte, i32 = ir.IntType(8).as_pointer(), ir.IntType(32)
            function = builder.module.declare_intrinsic("llvm.prefetch.p0", (), ir.FunctionType(ir.VoidType(), [byte, i32, i32, i32]))
            builder.call(function, [builder.bitcast(builder.gep(args[0], [args[1]]), byte), i32(0), i32(2), i32(1)])    # to read, 2 of 3, data
            return context.get_dummy_value()

        return signature(types.none, source, types.int64), emit

    return {"prefetch": prefetch}
