"""The exact remainder of a division of floats, in vectors where quotients are small, and by the C library, lane by lane, where they are not.

With a and b the magnitudes and q the quotient a / b, rounded and then truncated: while q has fewer bits than the mantissa, it is right or
one too large, and a - q b is a multiple of b's last place no larger than b, so that one fused operation makes it without an error.
"""

from __future__ import annotations

from typing import Any

from .vecmath_huge import LANES, attributes_with, internal_function, keep

LIMITS = {"f32": 2.0**22, "f64": 2.0**51}       # quotients from which a remainder is the library's: half an error of rounding is less than one


def remainder(builder: Any, x: Any, y: Any) -> Any:
    """x - y trunc(x / y), exactly, with the sign of x; nan for an infinite x or y = 0."""
    return builder.call(remainder_function(builder.module, x.type), [x, y])


def remainder_function(module: Any, scalar: Any) -> Any:
    """The module's function of two numbers, with its vector variants, which the loop vectoriser takes; made once a module."""
    from llvmlite import ir

    name = f"graphc.remainder.{scalar.intrinsic_name}"
    if name in module.globals:
        return module.globals[name]
    function = internal_function(module, ir.FunctionType(scalar, [scalar, scalar]), name)
    builder = ir.IRBuilder(function.append_basic_block())
    large, rest = _rest(builder, scalar.intrinsic_name, *function.args)
    with builder.if_then(large, likely=False):
        builder.ret(builder.frem(*function.args))
    builder.ret(rest)
    lengths = LANES[scalar.intrinsic_name]
    mappings = ",".join(f"_ZGV_LLVM_N{lanes}vv_{name}({name}.v{lanes})" for lanes in lengths)
    function.attributes = attributes_with(f'"vector-function-abi-variant"="{mappings}"')
    keep(module, [_variant(module, function, lanes) for lanes in lengths])
    return function


def _rest(builder: Any, suffix: str, x: Any, y: Any) -> tuple[Any, Any]:
    """Whether quotients are large, or no numbers, and remainders where they are not; of numbers, or of vectors."""
    from llvmlite import ir

    kind = x.type
    if lanes := getattr(kind, "count", 0):
        suffix = f"v{lanes}{suffix}"

    def call(name: str, *values: Any) -> Any:
        function = builder.module.declare_intrinsic(f"llvm.{name}.{suffix}", (), ir.FunctionType(kind, [kind] * len(values)))
        return builder.call(function, values)

    def constant(number: float) -> Any:
        return ir.Constant(kind, [number] * lanes if lanes else number)

    a, b = call("fabs", x), call("fabs", y)
    quotient = builder.fdiv(a, b)
    large = builder.fcmp_unordered(">=", quotient, constant(LIMITS[suffix[-3:]]))
    rest = call("fma", builder.fneg(call("trunc", quotient)), b, a)
    rest = builder.select(builder.fcmp_ordered("<", rest, constant(0.0)), builder.fadd(rest, b), rest)
    rest = builder.select(builder.fcmp_ordered("<", a, b), a, rest)          # of an infinite b, too
    return large, call("copysign", rest, x)


def _variant(module: Any, function: Any, lanes: int) -> Any:
    """The function on vectors: through memory lane by lane if any quotient is large."""
    from llvmlite import ir

    scalar = function.function_type.return_type
    vector, mask, i32 = ir.VectorType(scalar, lanes), ir.IntType(lanes), ir.IntType(32)
    variant = internal_function(module, ir.FunctionType(vector, [vector, vector]), f"{function.name}.v{lanes}")
    builder = ir.IRBuilder(variant.append_basic_block())
    operands = [builder.alloca(vector) for _ in range(2)]
    large, rest = _rest(builder, scalar.intrinsic_name, *variant.args)
    with builder.if_then(builder.icmp_unsigned("!=", builder.bitcast(large, mask), mask(0)), likely=False):
        for value, place in zip(variant.args, operands, strict=True):
            builder.store(value, place)
        places = [builder.bitcast(place, scalar.as_pointer()) for place in operands]
        builder.call(_lanes_function(module, scalar), [*places, i32(lanes)])
        builder.ret(builder.load(operands[0]))
    builder.ret(rest)
    return variant


def _lanes_function(module: Any, scalar: Any) -> Any:
    """The module's function (x, y, count) that puts remainders in the places of x."""
    from llvmlite import ir

    name = f"graphc.remainders.{scalar.intrinsic_name}"
    if name in module.globals:
        return module.globals[name]
    pointer, i32 = scalar.as_pointer(), ir.IntType(32)
    function = internal_function(module, ir.FunctionType(ir.VoidType(), [pointer, pointer, i32]), name, "optnone")
    x, y, count = function.args
    entry, loop, done = (function.append_basic_block() for _ in range(3))
    ir.IRBuilder(entry).branch(loop)
    builder = ir.IRBuilder(loop)
    lane = builder.phi(i32)
    place = builder.gep(x, [lane])
    builder.store(builder.frem(builder.load(place), builder.load(builder.gep(y, [lane]))), place)
    following = builder.add(lane, i32(1))
    lane.add_incoming(i32(0), entry)
    lane.add_incoming(following, loop)
    builder.cbranch(builder.icmp_unsigned("<", following, count), loop, done)
    ir.IRBuilder(done).ret_void()
    return function
