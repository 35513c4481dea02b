"""Sine and cosine of reduced angles, and the out-of-line reduction of huge ones that leaves loops vectorised.

`repair(which, limit, x, y)` is y where |x| <= limit and the function of x elsewhere. It is a call that the loop
vectoriser replaces by one of the vector variants named in its attribute `vector-function-abi-variant`; those return y
at once if no lane is huge, and else go lane by lane.
"""

from __future__ import annotations

from math import inf, nan
from typing import Any

from .vecmath_value import Value, fma, mad, poly, select

SINE, COSINE, TANGENT = range(3)
LANES = {"f32": (4, 8, 16), "f64": (2, 4, 8)}
"""Vector lengths of 128 to 512 bits. With any other the vectoriser calls the scalar function for each lane."""

WORD = 64
LEADING_ZEROS = 64
TWO_OVER_PI_DIGITS = (
    "a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921c"
    "fe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980f"
    "ef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d08"
    "56033046fc7b6bab"
)
"""The first 1216 bits of 2/pi after the point, in hexadecimal."""

PI_HALF = (1.5707963267948966, 6.123233995736766e-17)
LARGEST_EXPONENT = 971  # of the unit in the last place of a float64

# (sin(r) - r) / r**3 and (cos(r) - 1 + r**2 / 2) / r**4 as polynomials in r**2, for |r| a little beyond pi/4.
SIN = {
    32: (-0.16666651, 0.008331919, -0.00019483038),
    64: (-0.16666666666666627, 0.008333333333321048, -0.00019841269828671358, 2.755731328684043e-06,
         -2.5050693358567673e-08, 1.5892978158268012e-10),
}
COS = {
    32: (0.041666638, -0.0013886959, 2.4393645e-05),
    64: (0.04166666666666658, -0.001388888888887097, 2.4801587287527967e-05, -2.755731379157235e-07,
         2.087564749173212e-09, -1.1355744129317668e-11),
}


# ---------------------------------------------------------------------- reduced angles

def sine_cosine(r: Value) -> tuple[Value, Value]:
    """sin(r) and cos(r) for |r| <= pi/4."""
    bits = r.format.bits
    z = r * r
    return mad(r * z, poly(z, SIN[bits]), r), mad(z, mad(z, poly(z, COS[bits]), -0.5), 1.0)


def pick_quadrant(n: Value, sine: Value, cosine: Value) -> Value:
    """sin(n pi/2 + r) from the sine and cosine of r."""
    sign = (n & 2) << (n.format.bits - 2)
    return (select((n & 1).differs(0), cosine, sine).to_bits() ^ sign).from_bits()


def tangent(n: Value, sine: Value, cosine: Value) -> Value:
    """tan(n pi/2 + r) from the sine and cosine of r."""
    odd = (n & 1).differs(0)
    return select(odd, -cosine, sine) / select(odd, sine, cosine)


# ---------------------------------------------------------------------- calls

def repair(which: int, limit: float, x: Value, y: Value) -> Value:
    """y where |x| <= limit, else the function of x."""
    function = repair_function(x.builder.module, x.raw.type, which, limit)
    return Value(x.builder, x.builder.call(function, [x.raw, y.raw]))


def repair_function(module: Any, scalar: Any, which: int, limit: float) -> Any:
    """The module's function (x, y) -> y or the function of x, with its vector variants; made once a module."""
    from llvmlite import ir

    name = f"graphc.{('sin', 'cos', 'tan')[which]}_huge.{scalar.intrinsic_name}"
    if name in module.globals:
        return module.globals[name]
    function = internal_function(module, ir.FunctionType(scalar, [scalar, scalar]), name)
    builder = ir.IRBuilder(function.append_basic_block())
    x, y = (Value(builder, argument) for argument in function.args)
    with builder.if_then((abs(x) > limit).raw, likely=False):
        builder.ret(call_huge(module, x, which).raw)
    builder.ret(y.raw)
    lengths = LANES[scalar.intrinsic_name]
    mappings = ",".join(f"_ZGV_LLVM_N{lanes}vv_{name}({name}.v{lanes})" for lanes in lengths)
    function.attributes = attributes_with(f'"vector-function-abi-variant"="{mappings}"')
    keep(module, [vector_variant(module, function, lanes, which, limit) for lanes in lengths])
    return function


def call_huge(module: Any, x: Value, which: Any) -> Value:
    """The function of a huge x; `which` a number or a raw int32."""
    from llvmlite import ir

    selector = ir.IntType(32)(which) if isinstance(which, int) else which
    exact = Value(x.builder, x.builder.call(huge_function(module), [x.to_float64().raw, selector]))
    return exact if x.format.bits == 64 else exact.to_float32()


def vector_variant(module: Any, function: Any, lanes: int, which: int, limit: float) -> Any:
    """The function on vectors: y as it is if no lane is huge, else through memory lane by lane."""
    from llvmlite import ir

    scalar = function.function_type.return_type
    vector, mask, i32 = ir.VectorType(scalar, lanes), ir.IntType(lanes), ir.IntType(32)
    variant = internal_function(module, ir.FunctionType(vector, [vector, vector]), f"{function.name}.v{lanes}")
    builder = ir.IRBuilder(variant.append_basic_block())
    x, y = variant.args
    angles, results = builder.alloca(vector), builder.alloca(vector)
    fabs = module.declare_intrinsic(f"llvm.fabs.v{lanes}{scalar.intrinsic_name}", (), ir.FunctionType(vector, [vector]))
    is_huge = builder.fcmp_ordered(">", builder.call(fabs, [x]), ir.Constant(vector, [limit] * lanes))
    with builder.if_then(builder.icmp_unsigned("!=", builder.bitcast(is_huge, mask), mask(0)), likely=False):
        builder.store(x, angles)
        builder.store(y, results)
        places = [builder.bitcast(place, scalar.as_pointer()) for place in (angles, results)]
        builder.call(lanes_function(module, scalar, limit), [*places, i32(lanes), i32(which)])
        builder.ret(builder.load(results))
    builder.ret(y)
    return variant


def lanes_function(module: Any, scalar: Any, limit: float) -> Any:
    """The module's function (angles, results, count, which) that puts the huge angles' values among the results."""
    from llvmlite import ir

    name = f"graphc.huge_lanes.{scalar.intrinsic_name}"
    if name in module.globals:
        return module.globals[name]
    pointer, i32 = scalar.as_pointer(), ir.IntType(32)
    function = internal_function(module, ir.FunctionType(ir.VoidType(), [pointer, pointer, i32, i32]), name, "optnone")
    angles, results, count, which = function.args
    entry, loop, done = (function.append_basic_block() for _ in range(3))
    ir.IRBuilder(entry).branch(loop)
    builder = ir.IRBuilder(loop)
    lane = builder.phi(i32)
    x = Value(builder, builder.load(builder.gep(angles, [lane])))
    with builder.if_then((abs(x) > limit).raw):
        builder.store(call_huge(module, x, which).raw, builder.gep(results, [lane]))
    following = builder.add(lane, i32(1))
    lane.add_incoming(i32(0), entry)
    lane.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_unsigned("<", following, count), loop, done)
    ir.IRBuilder(done).ret_void()
    return function


def internal_function(module: Any, function_type: Any, name: str, *attributes: str) -> Any:
    """A new function private to the module; `optnone` for rarely run code halves its share of the compile time."""
    from llvmlite import ir

    function = ir.Function(module, function_type, name)
    function.linkage = "internal"
    for attribute in ("noinline", *attributes):
        function.attributes.add(attribute)
    return function


def attributes_with(text: str) -> Any:
    """Function attributes `noinline` and one that llvmlite has no name for."""
    from llvmlite import ir

    class Attributes(ir.values.FunctionAttributes):
        def _to_list(self, return_type: Any) -> list[str]:
            return [*super()._to_list(return_type), text]

    return Attributes(["noinline"])


def keep(module: Any, functions: list[Any]) -> None:
    """Add functions to `llvm.compiler.used`: nothing refers to a vector variant before the vectoriser does."""
    from llvmlite import ir

    name = "llvm.compiler.used"
    pointer = ir.IntType(8).as_pointer()
    used = module.globals.get(name)
    entries = [*(used.initializer.constant if used else ()), *(function.bitcast(pointer) for function in functions)]
    table = ir.ArrayType(pointer, len(entries))
    if used is None:
        used = ir.GlobalVariable(module, table, name)
        used.linkage, used.section = "appending", "llvm.metadata"
    used.value_type, used.type, used.initializer = table, table.as_pointer(), ir.Constant(table, entries)


def huge_function(module: Any) -> Any:
    """The module's function (x: float64, which: int32) -> float64, for any finite |x| >= 2**18; nan for inf.

    The product with 2/pi, modulo 4, from the 192 bits of 2/pi that matter at x's exponent (M. Payne and R. Hanek,
    SIGNUM Newsletter 18, 1983).
    """
    from llvmlite import ir

    name = "graphc.trigonometric_huge"
    if name in module.globals:
        return module.globals[name]
    double, i32, i64 = ir.DoubleType(), ir.IntType(32), ir.IntType(64)
    function = internal_function(module, ir.FunctionType(double, [double, i32]), name, "optnone")
    builder = ir.IRBuilder(function.append_basic_block())
    x = Value(builder, function.args[0])
    quadrant, r = reduce_huge(module, x)
    sine, cosine = sine_cosine(r)
    which = Value(builder, builder.zext(function.args[1], i64))
    signed = pick_quadrant(quadrant + select(which.same(COSINE), which.constant(1), 0), sine, cosine)
    result = select(which.same(TANGENT), tangent(quadrant, sine, cosine), signed)
    result = select(x < 0.0, select(which.same(COSINE), result, -result), result)
    builder.ret(select(abs(x) < inf, result, nan).raw)
    return function


def reduce_huge(module: Any, x: Value) -> tuple[Value, Value]:
    """n and r with |x| = n pi/2 + r, |r| <= pi/4, n modulo 4."""
    from llvmlite import ir

    builder, i64, i128 = x.builder, ir.IntType(64), ir.IntType(128)
    bits = abs(x).to_bits()
    exponent = (bits >> 52) - (1023 + 52)
    exponent = select(exponent > LARGEST_EXPONENT, exponent.constant(LARGEST_EXPONENT), exponent)
    mantissa = (bits & ((1 << 52) - 1)) | (1 << 52)
    window = two_over_pi_window(module, exponent + (LEADING_ZEROS - 2))

    def wide(value: Any) -> Any:
        return builder.zext(value, i128)

    def product(a: Value, b: Value) -> Any:
        return builder.mul(wide(a.raw), wide(b.raw))

    shift = i128(WORD)
    # The low 192 bits of mantissa * window: x 2/pi modulo 4, in units of 2**-190.
    low = product(mantissa, window[2])
    middle = builder.add(product(mantissa, window[1]), builder.lshr(low, shift))
    high = builder.add(builder.shl(wide((mantissa * window[0]).raw), shift), middle)
    quadrant = Value(builder, builder.trunc(builder.lshr(builder.add(high, i128(1 << 125)), i128(126)), i64))
    # The rest, as a signed fraction in units of 2**-128: its sign, its magnitude with the leading bit moved to the top.
    fraction = builder.or_(builder.shl(high, i128(2)), wide(builder.lshr(builder.trunc(low, i64), i64(62))))
    negative = builder.icmp_signed("<", fraction, i128(0))
    magnitude = builder.select(negative, builder.neg(fraction), fraction)
    leading = builder.call(module.declare_intrinsic("llvm.ctlz", [i128], ir.FunctionType(i128, [i128, ir.IntType(1)])),
                           [magnitude, ir.IntType(1)(0)])
    top = builder.trunc(builder.lshr(builder.shl(magnitude, leading), shift), i64)
    power = ((x.to_bits().constant(1023 - WORD) - Value(builder, builder.trunc(leading, i64))) << 52).from_bits()
    head = Value(builder, builder.uitofp(builder.and_(top, i64(~0xFFF & ((1 << WORD) - 1))), ir.DoubleType()))
    tail = Value(builder, builder.uitofp(builder.and_(top, i64(0xFFF)), ir.DoubleType()))
    angle = head * PI_HALF[0]
    angle = angle + (fma(head, PI_HALF[0], -angle) + (head * PI_HALF[1] + tail * PI_HALF[0]))
    r = angle * power
    return quadrant, Value(builder, builder.select(negative, (-r).raw, r.raw))


def two_over_pi_window(module: Any, position: Value) -> list[Value]:
    """192 bits of 2/pi, most significant word first, from a bit position counted over LEADING_ZEROS zero bits."""
    from llvmlite import ir

    builder, i32, i64 = position.builder, ir.IntType(32), ir.IntType(64)
    digits = "0" * (LEADING_ZEROS // 4) + TWO_OVER_PI_DIGITS
    words = [int(digits[start:start + 16], 16) for start in range(0, len(digits), 16)]
    name = "graphc.two_over_pi"
    table = ir.GlobalVariable(module, ir.ArrayType(i64, len(words)), name)
    table.linkage, table.global_constant, table.initializer = "internal", True, ir.Constant(table.value_type, words)
    first = position >> 6
    loaded = [builder.load(builder.gep(table, [i32(0), (first + offset).raw], inbounds=True)) for offset in range(4)]
    funnel = module.declare_intrinsic("llvm.fshl", [i64], ir.FunctionType(i64, [i64] * 3))
    shift = (position & 63).raw
    return [Value(builder, builder.call(funnel, [a, b, shift])) for a, b in zip(loaded, loaded[1:], strict=False)]
