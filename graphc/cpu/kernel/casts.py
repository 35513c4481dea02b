"""The dtypes of the kernel language, and casts from one to another: as in C, but no value is undefined."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from . import complex_numbers
from .complex_numbers import complex_type, complex_types, of_parts, pair

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
DTYPES = ("float16", "float32", "float64", *INTEGERS, "boolean", *complex_numbers.DTYPES)


@cache
def casts() -> dict[str, Callable[..., Any]]:
    """One function a dtype, which also names the dtype in `pointer(buffers, slot, dtype)`; and the bit casts."""
    from llvmlite import ir
    from numba.core import types
    from numba.core.typing import signature
    from numba.extending import intrinsic

    def cast_to(name: str) -> Callable[..., Any]:
        target = dtype_named(name)

        def cast(typing: Any, value: Any) -> Any:
            if not isinstance(value, (types.Number, types.Boolean, complex_type())):
                return None
            source = types.unliteral(value)

            def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                if target is types.float16:
                    return builder.fpext(to_half(builder, args[0], source), ir.FloatType())
                return convert(builder, args[0], source, target)

            return signature(types.float32 if target is types.float16 else target, source), emit

        cast.__name__ = name
        return intrinsic(cast)

    def bits_to(name: str) -> Callable[..., Any]:
        target = getattr(types, name)

        def cast(typing: Any, value: Any) -> Any:
            if getattr(value, "bitwidth", None) != target.bitwidth:
                return None

            def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                return builder.bitcast(args[0], context.get_value_type(target))

            return signature(target, value), emit

        cast.__name__ = f"bits_{name}"
        return intrinsic(cast)

    bits = ("float32", "float64", "int32", "int64", "uint32", "uint64")
    return {name: cast_to(name) for name in DTYPES} | {f"bits_{name}": bits_to(name) for name in bits}


def dtype_named(name: str) -> Any:
    """The Numba type of a dtype."""
    from numba.core import types

    return complex_types()[name] if name in complex_numbers.DTYPES else getattr(types, name)


def dtype_of(function: Any) -> Any:
    """The Numba type that a cast function, itself given as a type, stands for."""
    names = {id(cast): name for name, cast in casts().items() if name in DTYPES}
    return dtype_named(names[id(function.typing_key)])


def convert(builder: Any, value: Any, source: Any, target: Any) -> Any:
    """The LLVM value cast as in C; float to integer saturates, so that no value is undefined. Of a complex number the real part stays."""
    from llvmlite import ir
    from numba.core import types

    if isinstance(source, complex_type()) or isinstance(target, complex_type()):
        return _convert_complex(builder, value, source, target)
    to = ir.IntType(1) if target is types.boolean else _llvm_type(target)
    if source is target:
        return value
    if target is types.boolean:
        # Unordered: nan is true, as in numpy.
        if isinstance(source, types.Float):
            return builder.fcmp_unordered("!=", value, value.type(0))
        return builder.icmp_unsigned("!=", value, value.type(0))
    if source is types.boolean:
        return builder.uitofp(value, to) if isinstance(target, types.Float) else builder.zext(value, to)
    if isinstance(source, types.Float):
        if isinstance(target, types.Float):
            return builder.fpext(value, to) if target.bitwidth > source.bitwidth else builder.fptrunc(value, to)
        return _float_to_integer(builder, value, source, target, to)
    if isinstance(target, types.Float):
        return builder.sitofp(value, to) if source.signed else builder.uitofp(value, to)
    if target.bitwidth > source.bitwidth:
        return builder.sext(value, to) if source.signed else builder.zext(value, to)
    return builder.trunc(value, to) if target.bitwidth < source.bitwidth else value


def to_half(builder: Any, value: Any, source: Any) -> Any:
    """The LLVM value in half precision, rounded once: of a float64 a float32 is made whose last bit says that something was cut off."""
    from llvmlite import ir
    from numba.core import types

    single = convert(builder, value, source, types.float32)
    if source is types.float64:
        word, cut = ir.IntType(32), builder.fsub(value, builder.fpext(single, value.type))
        bits = builder.bitcast(single, word)
        outwards = builder.icmp_unsigned("==", builder.fcmp_ordered("<", cut, cut.type(0.0)), builder.icmp_signed("<", bits, word(0)))
        odd = builder.select(outwards, builder.add(bits, word(1)), builder.sub(bits, word(1)))
        even = builder.icmp_unsigned("==", builder.and_(bits, word(1)), word(0))
        inexact = builder.and_(even, builder.fcmp_ordered("!=", cut, cut.type(0.0)))
        single = builder.bitcast(builder.select(inexact, odd, bits), single.type)
    return builder.fptrunc(single, ir.HalfType())


def _convert_complex(builder: Any, value: Any, source: Any, target: Any) -> Any:
    """The cast to or from a complex number; one is true if a part of it is not 0."""
    from numba.core import types

    if not isinstance(source, complex_type()):
        re = convert(builder, value, source, target.part)
        return of_parts(builder, re, re.type(0.0))
    re, im = (part.raw for part in pair(builder, value))
    if target is types.boolean:
        return builder.or_(*(convert(builder, part, source.part, target) for part in (re, im)))
    if not isinstance(target, complex_type()):
        return convert(builder, re, source.part, target)
    return of_parts(builder, *(convert(builder, part, source.part, target.part) for part in (re, im)))


def _float_to_integer(builder: Any, value: Any, source: Any, target: Any, to: Any) -> Any:
    """The nearest end of what does not fit, 0 of nan: by choices, which become vectors, as LLVM's own saturating conversion does not."""
    # numpy goes to a narrow integer through a wide one and drops the upper bits; doing the same keeps -1.0 -> 255.
    bits, signed = 64 if target.bitwidth >= 32 and not target.signed or target.bitwidth == 64 else 32, target.signed or target.bitwidth != 64
    wide, least, greatest, zero = to.__class__(bits), -signed << bits - 1, (1 << bits - signed) - 1, value.type(0.0)
    ends = ((">=", greatest + 1), ("<", greatest + 1), ("<", least))            # of nan none is true
    above, beneath, below = (builder.fcmp_ordered(relation, value, value.type(float(end))) for relation, end in ends)
    inside = (builder.fptosi if signed else builder.fptoui)(builder.select(beneath, builder.select(below, zero, value), zero), wide)
    return builder.trunc(builder.select(above, wide(greatest), builder.select(below, wide(least), inside)), to)


def _llvm_type(numba_type: Any) -> Any:
    from llvmlite import ir
    from numba.core import types

    if isinstance(numba_type, types.Float):
        return ir.FloatType() if numba_type.bitwidth == 32 else ir.DoubleType()
    return ir.IntType(numba_type.bitwidth)
