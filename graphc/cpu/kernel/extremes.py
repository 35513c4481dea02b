"""Extremes of float32 while a loop goes on, as those of their bits: three instructions a vector, where a maximum of floats takes six.

As integers floats from 0 up are in order, those below 0 in the opposite one and, taken without a sign, beyond all others; nan is further on
either side than the infinity. So the largest with a sign, the largest without and the smallest without tell the largest and the smallest
float, 0 above -0, and whether there is a nan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

_INFINITY, _TOP = 0x7F800000, 0x80000000


@cache
def _kind() -> Any:
    """The Numba type of the three extremes of bits."""
    from llvmlite import ir
    from numba.core import types
    from numba.extending import models, register_model

    class Extremes(types.Type):
        """The largest with a sign, the largest without, and the smallest without."""

    @register_model(Extremes)
    class ExtremesModel(models.PrimitiveModel):
        def __init__(self, manager: Any, fe_type: Any):
            super().__init__(manager, fe_type, ir.LiteralStructType([ir.IntType(32)] * 3))

    return Extremes("graphc.extremes")


def _put(builder: Any, values: Sequence[Any]) -> Any:
    """The three in one."""
    from llvmlite import ir

    made = ir.Constant(ir.LiteralStructType([v.type for v in values]), ir.Undefined)
    for i, value in enumerate(values):
        made = builder.insert_value(made, value, i)
    return made


def _ending(name: str, best: Callable[[Any, Any, Any, Any], Any]) -> Callable[..., Any]:
    """The extreme that `best` chooses; nan if there was one, and 0 for what is subnormal where such numbers count as 0."""
    from llvmlite import ir
    from numba.core import types
    from numba.core.typing import signature
    from numba.extending import intrinsic

    word, single = ir.IntType(32), ir.FloatType()

    def end(typing: Any, total: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            high, far, low = (builder.extract_value(args[0], i) for i in range(3))
            found = best(builder, high, far, low)
            zero = builder.bitcast(builder.and_(found, word(_TOP)), single)         # of its sign: the sum is computed, and so flushed
            found = builder.bitcast(builder.fadd(builder.bitcast(found, single), zero), word)
            found = builder.select(builder.icmp_unsigned(">", far, word(_TOP + _INFINITY)), far, found)
            found = builder.select(builder.icmp_signed(">", high, word(_INFINITY)), high, found)
            return builder.bitcast(found, single)

        return (signature(types.float32, total), emit) if total == _kind() else None

    end.__name__ = name
    return intrinsic(end)


@cache
def extremes_functions() -> dict[str, Callable[..., Any]]:
    """`extremes(start)`, `accumulate_extremes(total, x)`, and `largest(total)` and `smallest(total)`, which end a loop."""
    from llvmlite import ir
    from numba.core import types
    from numba.core.typing import signature
    from numba.extending import intrinsic

    word = ir.IntType(32)

    @intrinsic
    def extremes(typing: Any, start: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return _put(builder, [builder.bitcast(args[0], word)] * 3)

        return (signature(_kind(), start), emit) if start == types.float32 else None

    @intrinsic
    def accumulate_extremes(typing: Any, total: Any, x: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            bits, known = builder.bitcast(args[1], word), [builder.extract_value(args[0], i) for i in range(3)]
            further = [builder.icmp_signed(">", bits, known[0]), builder.icmp_unsigned(">", bits, known[1]),
                       builder.icmp_unsigned("<", bits, known[2])]
            return _put(builder, [builder.select(so, bits, old) for so, old in zip(further, known, strict=True)])

        return (signature(total, total, x), emit) if total == _kind() and x == types.float32 else None

    return {
        "extremes": extremes, "accumulate_extremes": accumulate_extremes,
        "largest": _ending("largest", lambda b, high, far, low: b.select(b.icmp_signed(">=", high, word(0)), high, low)),
        "smallest": _ending("smallest", lambda b, high, far, low: b.select(b.icmp_unsigned(">=", far, word(_TOP)), far, low)),
    }
