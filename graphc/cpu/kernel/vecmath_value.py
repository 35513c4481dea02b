"""Floating-point values of a kernel under construction: Python operators on them append LLVM instructions.

Only instructions that LLVM's loop vectoriser can widen are offered (arithmetic, comparisons, selects, bit operations
and a few intrinsics), and none carries a fast-math flag: what is written is what is computed. `mad` alone may round
once or twice.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Format(NamedTuple):
    """What the functions need to know of a binary floating-point format."""

    bits: int
    mantissa: int  # explicit mantissa bits
    bias: int

    @property
    def shifter(self) -> float:
        """1.5 * 2**mantissa: adding it rounds to an integer, which then stands in the low bits."""
        return 1.5 * 2.0 ** self.mantissa

    @property
    def one_bits(self) -> int:
        return self.bias << self.mantissa

    @property
    def shifter_bits(self) -> int:
        return self.one_bits + (self.mantissa << self.mantissa) + (1 << (self.mantissa - 1))

    @property
    def smallest_normal(self) -> float:
        return 2.0 ** (1 - self.bias)


FLOAT32 = Format(32, 23, 127)
FLOAT64 = Format(64, 52, 1023)


class Value:
    """An LLVM value together with the builder that appends what is done with it.

    Python numbers beside a Value become constants of its type. Comparisons are ordered: false when an operand is nan.
    Shifts to the right are logical. `same` and `differs` stand for == and !=.
    """

    __slots__ = ("builder", "raw")

    def __init__(self, builder: Any, raw: Any):
        self.builder = builder
        self.raw = raw

    @property
    def format(self) -> Format:
        return FLOAT32 if str(self.raw.type) in ("float", "i32") else FLOAT64

    @property
    def is_float(self) -> bool:
        return str(self.raw.type) in ("float", "double")

    def lift(self, other: Value | float) -> Any:
        """The raw operand for `other`: its own, or a constant of this value's type."""
        if isinstance(other, Value):
            return other.raw
        return self.raw.type(other if self.is_float else int(other) & ((1 << self.format.bits) - 1))

    def constant(self, number: float) -> Value:
        return Value(self.builder, self.lift(number))

    def _binary(self, float_op: str, int_op: str, other: Value | float, swap: bool = False) -> Value:
        emit = getattr(self.builder, float_op if self.is_float else int_op)
        a, b = self.raw, self.lift(other)
        return Value(self.builder, emit(b, a) if swap else emit(a, b))

    def __add__(self, other: Value | float) -> Value:
        return self._binary("fadd", "add", other)

    def __sub__(self, other: Value | float) -> Value:
        return self._binary("fsub", "sub", other)

    def __mul__(self, other: Value | float) -> Value:
        return self._binary("fmul", "mul", other)

    def __truediv__(self, other: Value | float) -> Value:
        return self._binary("fdiv", "udiv", other)

    def __radd__(self, other: float) -> Value:
        return self._binary("fadd", "add", other, swap=True)

    def __rsub__(self, other: float) -> Value:
        return self._binary("fsub", "sub", other, swap=True)

    def __rmul__(self, other: float) -> Value:
        return self._binary("fmul", "mul", other, swap=True)

    def __rtruediv__(self, other: float) -> Value:
        return self._binary("fdiv", "udiv", other, swap=True)

    def __neg__(self) -> Value:
        return Value(self.builder, self.builder.fneg(self.raw) if self.is_float else self.builder.neg(self.raw))

    def __and__(self, other: Value | int) -> Value:
        return self._binary("", "and_", other)

    def __or__(self, other: Value | int) -> Value:
        return self._binary("", "or_", other)

    def __xor__(self, other: Value | int) -> Value:
        return self._binary("", "xor", other)

    def __lshift__(self, other: Value | int) -> Value:
        return self._binary("", "shl", other)

    def __rshift__(self, other: Value | int) -> Value:
        return self._binary("", "lshr", other)

    def _compare(self, relation: str, other: Value | float) -> Value:
        emit = self.builder.fcmp_ordered if self.is_float else self.builder.icmp_signed
        return Value(self.builder, emit(relation, self.raw, self.lift(other)))

    def __lt__(self, other: Value | float) -> Value:
        return self._compare("<", other)

    def __le__(self, other: Value | float) -> Value:
        return self._compare("<=", other)

    def __gt__(self, other: Value | float) -> Value:
        return self._compare(">", other)

    def __ge__(self, other: Value | float) -> Value:
        return self._compare(">=", other)

    def same(self, other: Value | float) -> Value:
        return self._compare("==", other)

    def differs(self, other: Value | float) -> Value:
        return self._compare("!=", other)

    def _int_type(self, bits: int) -> Any:
        from llvmlite import ir

        return ir.IntType(bits)

    def to_bits(self) -> Value:
        """The float's bit pattern as an integer of the same width."""
        return Value(self.builder, self.builder.bitcast(self.raw, self._int_type(self.format.bits)))

    def from_bits(self) -> Value:
        """The float whose bit pattern this integer is."""
        from llvmlite import ir

        target = ir.FloatType() if self.format.bits == 32 else ir.DoubleType()
        return Value(self.builder, self.builder.bitcast(self.raw, target))

    def to_float64(self) -> Value:
        from llvmlite import ir

        return self if self.format.bits == 64 else Value(self.builder, self.builder.fpext(self.raw, ir.DoubleType()))

    def to_float32(self) -> Value:
        from llvmlite import ir

        return Value(self.builder, self.builder.fptrunc(self.raw, ir.FloatType()))

    def call(self, name: str, *others: Value | float) -> Value:
        """The LLVM intrinsic `name` on this value and others of the same type."""
        from llvmlite import ir

        t = self.raw.type
        operands = [self.raw, *map(self.lift, others)]
        function = self.builder.module.declare_intrinsic(name, [t], ir.FunctionType(t, [t] * len(operands)))
        return Value(self.builder, self.builder.call(function, operands))

    def __abs__(self) -> Value:
        return self.call("llvm.fabs")

    def sqrt(self) -> Value:
        return self.call("llvm.sqrt")

    def trunc(self) -> Value:
        return self.call("llvm.trunc")

    def copysign(self, sign: Value) -> Value:
        return self.call("llvm.copysign", sign)


def fma(a: Value, b: Value | float, c: Value | float) -> Value:
    """a * b + c rounded once, on every machine (slow where the machine has no such instruction)."""
    return a.call("llvm.fma", b, c)


def mad(a: Value, b: Value | float, c: Value | float) -> Value:
    """a * b + c, rounded once where that is fast, else twice."""
    return a.call("llvm.fmuladd", b, c)


def select(condition: Value, a: Value | float, b: Value | float) -> Value:
    """`a` where the condition holds, else `b`; one of them is a Value."""
    like = a if isinstance(a, Value) else b
    assert isinstance(like, Value)
    return Value(like.builder, like.builder.select(condition.raw, like.lift(a), like.lift(b)))


def at_most(x: Value, bound: float) -> Value:
    """min(x, bound); nan stays nan."""
    return select(x > bound, bound, x)


def at_least(x: Value, bound: float) -> Value:
    """max(x, bound); nan stays nan."""
    return select(x < bound, bound, x)


def poly(x: Value, coefficients: tuple[float, ...]) -> Value:
    """c[0] + c[1] x + c[2] x**2 + ...

    Long ones go by even and odd powers (two chains of half the latency, one more multiplication).
    """
    if len(coefficients) > 5:
        square = x * x
        return mad(poly_chain(square, coefficients[1::2]), x, poly_chain(square, coefficients[0::2]))
    return poly_chain(x, coefficients)


def poly_chain(x: Value, coefficients: tuple[float, ...]) -> Value:
    """Horner's rule."""
    *rest, last = coefficients
    y = x.constant(last)
    for c in reversed(rest):
        y = mad(y, x, c)
    return y
