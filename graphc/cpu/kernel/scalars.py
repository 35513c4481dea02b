"""The scalar functions of the kernel language: arithmetic with numpy's edge cases, choices, and reductions' steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from .casts import casts, convert
from .complex_numbers import complex_type, joined, of_parts, pair
from .vecmath_complex import multiply as multiply_pairs
from .vecmath_rest import remainder

# A reduction says that its order is free, so it vectorises into several accumulators; nothing else may be reordered.
FREE_ORDER = ("reassoc",)


@cache
def scalars() -> dict[str, Callable[..., Any]]:
    """Name -> Numba intrinsic of every function in this module, and of the casts."""
    return {**casts(), **float_functions(), **choices(), **integer_functions(), **accumulators()}


def call_intrinsic(builder: Any, name: str, result: Any, args: list[Any], flags: tuple[str, ...] = ()) -> Any:
    """A call of the LLVM intrinsic with this full name."""
    from llvmlite import ir
    from numba.core import cgutils

    function_type = ir.FunctionType(result, [a.type for a in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, function_type, name), args, fastmath=flags)


def _overloaded(builder: Any, name: str, *args: Any, flags: tuple[str, ...] = ()) -> Any:
    """A call of an LLVM intrinsic whose result and operands all have one floating or integer type."""
    from llvmlite import ir

    kind = args[0].type
    suffix = f"i{kind.width}" if isinstance(kind, ir.IntType) else {"float": "f32", "double": "f64"}[str(kind)]
    return call_intrinsic(builder, f"llvm.{name}.{suffix}", kind, list(args), flags)


def _define(
    name: str, arity: int, accepts: str, body: Callable[..., Any], result: Any = None, same: bool = True
) -> Callable[..., Any]:
    """The intrinsic `name` over `arity` operands of one type that `accepts` ("f" floats, "i" integers, "b" boolean, "c" complex numbers).

    `body(builder, numba_type, *values)` emits it.  Literals and narrower operands are converted to the first
    operand's type if `same`, so that `maximum(x, 0)` has the type of x.
    """
    from numba.core import types
    from numba.core.typing import signature
    from numba.extending import intrinsic

    def accepted(numba_type: Any) -> bool:
        kinds = {"f": types.Float, "i": types.Integer, "b": types.Boolean, "c": complex_type()}
        return any(isinstance(numba_type, kinds[k]) for k in accepts)

    def typed(typing: Any, operands: tuple[Any, ...]) -> Any:
        kind = types.unliteral(operands[0])
        if not accepted(kind) or not all(isinstance(a, (types.Number, types.Boolean, complex_type())) for a in operands):
            return None
        sources = [types.unliteral(a) for a in operands]

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            values = [convert(builder, a, s, kind) for a, s in zip(args, sources, strict=True)]
            return body(builder, kind, *values)

        return signature(result or kind, *sources), emit

    def one(typing: Any, x: Any) -> Any:
        return typed(typing, (x,))

    def two(typing: Any, x: Any, y: Any) -> Any:
        return typed(typing, (x, y))

    def three(typing: Any, x: Any, y: Any, z: Any) -> Any:
        return typed(typing, (x, y, z))

    definition = (one, two, three)[arity - 1]
    definition.__name__ = name
    return intrinsic(definition)


@cache
def float_functions() -> dict[str, Callable[..., Any]]:
    """Functions of floats that LLVM has; of integers too where they mean anything (abs, floor, ...)."""
    from numba.core import types

    def plain(llvm: str, on_integers: bool = False) -> Callable[..., Any]:
        def body(builder: Any, kind: Any, *values: Any) -> Any:
            if not isinstance(kind, types.Float):
                return values[0]
            return _overloaded(builder, llvm, *values)

        return body

    def absolute(builder: Any, kind: Any, x: Any) -> Any:
        if isinstance(kind, types.Float):
            return _overloaded(builder, "fabs", x)
        if isinstance(kind, types.Boolean) or not kind.signed:
            return x
        return builder.select(builder.icmp_signed("<", x, x.type(0)), builder.neg(x), x)

    def isnan(builder: Any, kind: Any, x: Any) -> Any:
        from llvmlite import ir

        return builder.fcmp_unordered("uno", x, x) if isinstance(kind, types.Float) else ir.IntType(1)(0)

    def fma(builder: Any, kind: Any, x: Any, y: Any, z: Any) -> Any:
        return _overloaded(builder, "fma", x, y, z)

    rounding = {"floor": "floor", "ceil": "ceil", "rint": "roundeven", "trunc": "trunc"}
    functions = {name: _define(name, 1, "fib", plain(llvm)) for name, llvm in rounding.items()}
    functions |= {name: _define(name, 1, "fib", absolute) for name in ("abs", "fabs")}
    functions["sqrt"] = _define("sqrt", 1, "f", plain("sqrt"))
    functions["fma"] = _define("fma", 3, "f", fma)
    functions["copysign"] = _define("copysign", 2, "f", plain("copysign"))
    functions["isnan"] = _define("isnan", 1, "fib", isnan, result=types.boolean)
    return functions


def _extreme(builder: Any, kind: Any, x: Any, y: Any, largest: bool) -> Any:
    """The larger or smaller of two values; nan if either is nan."""
    from numba.core import types

    if isinstance(kind, types.Float):
        return _overloaded(builder, "maximum" if largest else "minimum", x, y)
    if isinstance(kind, types.Boolean):
        return builder.or_(x, y) if largest else builder.and_(x, y)
    compare = builder.icmp_signed if kind.signed else builder.icmp_unsigned
    return builder.select(compare(">" if largest else "<", x, y), x, y)


def _select(builder: Any, kind: Any, condition: Any, a: Any, b: Any) -> Any:
    """One of two values of a type; of complex numbers part by part, as vectors are chosen."""
    if not isinstance(kind, complex_type()):
        return builder.select(condition, a, b)
    return of_parts(builder, *(builder.select(condition, x.raw, y.raw) for x, y in zip(pair(builder, a), pair(builder, b), strict=True)))


@cache
def choices() -> dict[str, Callable[..., Any]]:
    """`maximum`, `minimum` (nan-propagating) and `select(condition, a, b)`, which evaluates both."""
    from numba.core import types
    from numba.core.typing import signature
    from numba.extending import intrinsic

    @intrinsic
    def select(typing: Any, condition: Any, a: Any, b: Any) -> Any:
        if not isinstance(condition, types.Boolean):
            return None
        kind, other = types.unliteral(a), types.unliteral(b)

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return _select(builder, kind, args[0], args[1], convert(builder, args[2], other, kind))

        return signature(kind, condition, kind, other), emit

    def maximum(builder: Any, kind: Any, x: Any, y: Any) -> Any:
        return _extreme(builder, kind, x, y, True)

    def minimum(builder: Any, kind: Any, x: Any, y: Any) -> Any:
        return _extreme(builder, kind, x, y, False)

    return {
        "maximum": _define("maximum", 2, "fib", maximum),
        "minimum": _define("minimum", 2, "fib", minimum),
        "select": select,
    }


def _divide(builder: Any, kind: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    """Quotient and remainder of truncated division that never trap, and whether x/0 was asked for.

    A divisor of 0 or -1 is replaced by 1: the first because numpy's result is 0, the second because the smallest
    integer has no negative; -1 is undone by negating, which wraps.
    """
    zero, one = x.type(0), x.type(1)
    by_zero = builder.icmp_unsigned("==", y, zero)
    if not kind.signed:
        divisor = builder.select(by_zero, one, y)
        return builder.udiv(x, divisor), builder.urem(x, divisor), by_zero
    by_minus_one = builder.icmp_signed("==", y, x.type(-1))
    divisor = builder.select(builder.or_(by_zero, by_minus_one), one, y)
    quotient = builder.sdiv(x, divisor)
    return builder.select(by_minus_one, builder.neg(quotient), quotient), builder.srem(x, divisor), by_zero


def floordiv_body(builder: Any, kind: Any, x: Any, y: Any) -> Any:
    """numpy's x // y: rounded down; integers divided by zero give 0."""
    from numba.core import types

    if isinstance(kind, types.Float):
        return _float_floordiv(builder, x, y)
    quotient, remainder, by_zero = _divide(builder, kind, x, y)
    if kind.signed:
        differ = builder.icmp_signed("<", builder.xor(x, y), x.type(0))
        inexact = builder.icmp_unsigned("!=", remainder, x.type(0))
        quotient = builder.sub(quotient, builder.zext(builder.and_(differ, inexact), x.type))
    return builder.select(by_zero, x.type(0), quotient)


def floormod_body(builder: Any, kind: Any, x: Any, y: Any) -> Any:
    """numpy's x % y: with the sign of y; integers modulo zero give 0."""
    from numba.core import types

    if isinstance(kind, types.Float):
        return _float_floormod(builder, x, y)
    _, remainder, by_zero = _divide(builder, kind, x, y)
    if kind.signed:
        differ = builder.icmp_signed("<", builder.xor(remainder, y), x.type(0))
        inexact = builder.icmp_unsigned("!=", remainder, x.type(0))
        remainder = builder.select(builder.and_(differ, inexact), builder.add(remainder, y), remainder)
    return builder.select(by_zero, x.type(0), remainder)


def _float_floormod(builder: Any, x: Any, y: Any) -> Any:
    zero = x.type(0)
    rest = remainder(builder, x, y)
    nonzero = builder.fcmp_unordered("!=", rest, zero)
    differ = builder.xor(builder.fcmp_ordered("<", rest, zero), builder.fcmp_ordered("<", y, zero))
    wrapped = builder.select(differ, builder.fadd(rest, y), rest)
    return builder.select(nonzero, wrapped, _overloaded(builder, "copysign", zero, y))


def _float_floordiv(builder: Any, x: Any, y: Any) -> Any:
    """The quotient that belongs to `_float_floormod`, computed exactly as numpy does; x / y rounded down where one of them is infinite, or y 0."""
    zero, half = x.type(0), x.type(0.5)
    rest = remainder(builder, x, y)
    quotient = builder.fdiv(builder.fsub(x, rest), y)
    differ = builder.xor(builder.fcmp_ordered("<", rest, zero), builder.fcmp_ordered("<", y, zero))
    differ = builder.and_(differ, builder.fcmp_unordered("!=", rest, zero))
    quotient = builder.select(differ, builder.fsub(quotient, x.type(1)), quotient)
    floor = _overloaded(builder, "floor", quotient)
    # The division above may have rounded just below the integer that it is.
    low = builder.fcmp_ordered(">", builder.fsub(quotient, floor), half)
    floor = builder.select(low, builder.fadd(floor, x.type(1)), floor)
    exact = builder.fdiv(x, y)
    result = builder.select(builder.fcmp_ordered("==", quotient, zero), _overloaded(builder, "copysign", zero, exact), floor)
    finite = builder.and_(builder.fcmp_ordered("==", builder.fsub(x, x), zero), builder.fcmp_ordered("==", builder.fsub(y, y), zero))
    result = builder.select(finite, result, _overloaded(builder, "floor", exact))
    return builder.select(builder.fcmp_ordered("==", y, zero), exact, result)


def _integer_power(builder: Any, kind: Any, x: Any, y: Any) -> Any:
    """x ** y by repeated squaring, wrapping; a negative exponent gives what 1 / x**-y truncates to."""
    zero, one = x.type(0), x.type(1)
    entry = builder.block
    loop, done = builder.append_basic_block("power"), builder.append_basic_block("power.done")
    negative = builder.icmp_signed("<", y, zero) if kind.signed else builder.icmp_unsigned("!=", zero, zero)
    builder.branch(loop)
    builder.position_at_end(loop)
    base, exponent, result = builder.phi(x.type), builder.phi(x.type), builder.phi(x.type)
    odd = builder.icmp_unsigned("!=", builder.and_(exponent, one), zero)
    product = builder.select(odd, builder.mul(result, base), result)
    square, rest = builder.mul(base, base), builder.lshr(exponent, one)
    for phi, first, following in ((base, x, square), (exponent, y, rest), (result, one, product)):
        phi.add_incoming(first, entry)
        phi.add_incoming(following, loop)
    builder.cbranch(builder.icmp_unsigned("==", rest, zero), done, loop)
    builder.position_at_end(done)
    unit = builder.icmp_unsigned("==", x, one)
    minus_unit = builder.icmp_signed("==", x, x.type(-1)) if kind.signed else builder.icmp_unsigned("!=", zero, zero)
    truncated = builder.select(builder.or_(unit, minus_unit), product, zero)
    return builder.select(negative, truncated, product)


@cache
def integer_functions() -> dict[str, Callable[..., Any]]:
    """Division, power and shifts whose edge cases are numpy's, in the dtype of their first operand."""

    def left(builder: Any, kind: Any, x: Any, y: Any) -> Any:
        inside = builder.icmp_unsigned("<", y, x.type(kind.bitwidth))
        return builder.select(inside, builder.shl(x, builder.select(inside, y, x.type(0))), x.type(0))

    def right(builder: Any, kind: Any, x: Any, y: Any) -> Any:
        inside = builder.icmp_unsigned("<", y, x.type(kind.bitwidth))
        amount = builder.select(inside, y, x.type(kind.bitwidth - 1))
        if kind.signed:
            return builder.ashr(x, amount)
        return builder.select(inside, builder.lshr(x, amount), x.type(0))

    def high_product(builder: Any, kind: Any, x: Any, y: Any) -> Any:
        from llvmlite import ir

        wide = ir.IntType(2 * kind.bitwidth)
        extend = builder.sext if kind.signed else builder.zext
        return builder.trunc(builder.lshr(builder.mul(extend(x, wide), extend(y, wide)), wide(kind.bitwidth)), x.type)

    return {
        "floordiv": _define("floordiv", 2, "fi", floordiv_body),
        "floormod": _define("floormod", 2, "fi", floormod_body),
        "integer_power": _define("integer_power", 2, "i", _integer_power),
        "shift_left": _define("shift_left", 2, "i", left),
        "shift_right": _define("shift_right", 2, "i", right),
        "mulhi": _define("mulhi", 2, "i", high_product),
    }


@cache
def accumulators() -> dict[str, Callable[..., Any]]:
    """One step of a reduction, `total = accumulate_add(total, v)`: the order of the steps is LLVM's choice."""
    from numba.core import types

    def add(builder: Any, kind: Any, total: Any, v: Any) -> Any:
        if isinstance(kind, complex_type()):
            parts = [builder.fadd(x.raw, y.raw, flags=FREE_ORDER) for x, y in zip(pair(builder, total), pair(builder, v), strict=True)]
            return of_parts(builder, *parts)
        if isinstance(kind, types.Boolean):
            return builder.or_(total, v)
        return builder.fadd(total, v, flags=FREE_ORDER) if isinstance(kind, types.Float) else builder.add(total, v)

    def multiply(builder: Any, kind: Any, total: Any, v: Any) -> Any:
        if isinstance(kind, complex_type()):
            return joined(builder, multiply_pairs(pair(builder, total), pair(builder, v)))
        if isinstance(kind, types.Boolean):
            return builder.and_(total, v)
        return builder.fmul(total, v, flags=FREE_ORDER) if isinstance(kind, types.Float) else builder.mul(total, v)

    def largest(builder: Any, kind: Any, total: Any, v: Any) -> Any:
        return _extreme(builder, kind, total, v, True)

    def smallest(builder: Any, kind: Any, total: Any, v: Any) -> Any:
        return _extreme(builder, kind, total, v, False)

    steps = {"add": add, "mul": multiply, "max": largest, "min": smallest}
    return {f"accumulate_{name}": _define(f"accumulate_{name}", 2, "fibc" if name in ("add", "mul") else "fib", body)
            for name, body in steps.items()}
