"""Complex numbers in the kernel language: their types, how they lie in memory, arithmetic, casts and functions.

A complex number is a pair of floats. It is loaded and stored part by part, so that LLVM sees floats alone, and loops over them become
vectors as others do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from .vecmath_complex import ARITHMETIC, FUNCTIONS, MEASURES, Pair
from .vecmath_value import Value

DTYPES = {"complex64": "float32", "complex128": "float64"}          # and their parts


@cache
def complex_type() -> Any:
    """The class of complex numbers' Numba types, which arithmetic and comparisons are known for."""
    import operator

    from llvmlite import ir
    from numba.core import types
    from numba.core.typing import signature
    from numba.core.typing.templates import AbstractTemplate, infer_global
    from numba.extending import lower_builtin, models, register_model

    class Complex(types.Type):
        """A complex number of two parts. None of Numba's own, whose division raises and whose functions do not become vectors."""

        def __init__(self, name: str, part: Any):
            self.part = part
            super().__init__(f"graphc.{name}")

    @register_model(Complex)
    class ComplexModel(models.PrimitiveModel):
        def __init__(self, manager: Any, fe_type: Any):
            part = manager[fe_type.part].get_value_type()
            super().__init__(manager, fe_type, ir.LiteralStructType([part, part]))

    def known(sign: Any, operands: int, result: Any) -> None:
        """The sign's type: of complex operands that are all of one dtype."""

        @infer_global(sign)
        class Sign(AbstractTemplate):
            def generic(self, args: Any, kws: Any) -> Any:
                if len(args) == operands and isinstance(args[0], Complex) and len({*args}) == 1:
                    return signature(result or args[0], *args)
                return None

    def arithmetic(sign: Any, operands: int, function: Callable[..., Pair]) -> None:
        known(sign, operands, None)

        @lower_builtin(sign, *[Complex] * operands)
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return joined(builder, function(*(pair(builder, x) for x in args)))

    def comparison(sign: Any, compare: str) -> None:
        known(sign, 2, types.boolean)

        @lower_builtin(sign, Complex, Complex)
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            x, y = (pair(builder, a) for a in args)
            emitted = builder.fcmp_ordered if compare == "==" else builder.fcmp_unordered
            both = builder.and_ if compare == "==" else builder.or_
            return both(emitted(compare, x.re.raw, y.re.raw), emitted(compare, x.im.raw, y.im.raw))

    for name, function in ARITHMETIC.items():
        arithmetic(getattr(operator, name), function.__code__.co_argcount, function)
    comparison(operator.eq, "==")
    comparison(operator.ne, "!=")
    return Complex


@cache
def complex_types() -> dict[str, Any]:
    """Name -> Numba type."""
    from numba.core import types

    return {name: complex_type()(name, getattr(types, part)) for name, part in DTYPES.items()}


def pair(builder: Any, raw: Any) -> Pair:
    """The parts of a complex number."""
    return Pair(Value(builder, builder.extract_value(raw, 0)), Value(builder, builder.extract_value(raw, 1)))


def joined(builder: Any, parts: Pair) -> Any:
    """A complex number of its parts."""
    from llvmlite import ir

    kind = ir.LiteralStructType([parts.re.raw.type] * 2)
    return builder.insert_value(builder.insert_value(ir.Constant(kind, ir.Undefined), parts.re.raw, 0), parts.im.raw, 1)


def of_parts(builder: Any, re: Any, im: Any) -> Any:
    """A complex number of the LLVM values of its parts."""
    return joined(builder, Pair(Value(builder, re), Value(builder, im)))


def places(builder: Any, pointer: Any, index: Any) -> list[Any]:
    """The addresses of the parts of an element."""
    from llvmlite import ir

    return [builder.gep(pointer, [index, ir.IntType(32)(part)]) for part in (0, 1)]


@cache
def functions() -> dict[str, Any]:
    """Each function of complex numbers by its name, as an intrinsic of Numba; `complex_of` makes one of its parts."""
    from numba.extending import intrinsic

    Complex, kinds = complex_type(), complex_types()

    def emitted(function: Callable[..., Any], measures: bool) -> Callable[..., Any]:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            found = function(*(pair(builder, x) for x in args))
            return found.raw if measures else joined(builder, found)

        return emit

    def make(name: str, function: Callable[..., Any], measures: bool) -> Any:
        emit = emitted(function, measures)

        def one(typing: Any, x: Any) -> Any:
            return ((x.part if measures else x)(x), emit) if isinstance(x, Complex) else None

        def two(typing: Any, x: Any, y: Any) -> Any:
            return (x(x, y), emit) if isinstance(x, Complex) and x == y else None

        typed: Any = two if function.__code__.co_argcount == 2 else one
        typed.__name__ = name
        return intrinsic(typed)

    @intrinsic
    def complex_of(typing: Any, re: Any, im: Any) -> Any:
        kind = {t.part: t for t in kinds.values()}.get(re)
        if kind is None or im != re:
            return None
        return kind(re, im), lambda context, builder, sig, args: of_parts(builder, *args)

    made = {name: make(name, function, False) for name, function in FUNCTIONS.items()}
    return made | {name: make(name, function, True) for name, function in MEASURES.items()} | {"complex_of": complex_of}


def either(name: str, plain: Any, of_complex: Any) -> Any:
    """The function that is `of_complex` of complex operands, and `plain` of others."""
    from numba.extending import intrinsic

    Complex = complex_type()

    def one(typing: Any, x: Any) -> Any:
        return (of_complex if isinstance(x, Complex) else plain)._defn(typing, x)

    def two(typing: Any, x: Any, y: Any) -> Any:
        return (of_complex if isinstance(x, Complex) else plain)._defn(typing, x, y)

    typed: Any = two if name == "pow" else one
    typed.__name__ = name
    return intrinsic(typed)
