"""`range` of the kernel language: whole numbers, one after another, counted in one place on the stack; it raises nothing.

Numba's own takes ninety lines of LLVM's assembly a loop, most of them for steps of any sign and for the error that a step of 0 is.
"""

from __future__ import annotations

from functools import cache
from typing import Any


def count() -> None:
    """What Numba knows `range(end)`, `range(begin, end)` and `range(begin, end, step)` by."""


@cache
def range_type() -> Any:
    """The Numba type of ranges: where words lie, the next number, how many are left, and the step, if it is not 1."""
    from llvmlite import ir
    from numba.core import types
    from numba.extending import models, register_model

    class Range(types.SimpleIteratorType):
        """A range, of so many words."""

        def __init__(self, words: int) -> None:
            self.words = words
            super().__init__(f"graphc.range({words})", types.int64)

    @register_model(Range)
    class RangeModel(models.PrimitiveModel):
        def __init__(self, manager: Any, fe_type: Any):
            super().__init__(manager, fe_type, ir.IntType(64).as_pointer())

    return Range


@cache
def counting() -> None:
    """Make `count` known to Numba."""
    from llvmlite import ir
    from numba.core import types
    from numba.core.typing import signature
    from numba.core.typing.templates import AbstractTemplate, infer_global
    from numba.extending import lower_builtin

    word, Range = ir.IntType(64), range_type()

    @infer_global(count)
    class Count(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) in (1, 2, 3) and all(isinstance(a, types.Integer) for a in args):
                return signature(Range(max(len(args), 2)), *[types.int64] * len(args))
            return None

    def started(builder: Any, *words: Any) -> Any:
        with builder.goto_entry_block():
            at = builder.bitcast(builder.alloca(ir.ArrayType(word, len(words))), word.as_pointer())
        for k, value in enumerate(words):
            builder.store(value, builder.gep(at, [word(k)]))
        return at

    def one_by_one(builder: Any, begin: Any, end: Any) -> Any:
        distance = builder.sub(end, begin)
        return started(builder, begin, builder.select(builder.icmp_signed(">", distance, word(0)), distance, word(0)))

    @lower_builtin(count, types.int64)
    def up_to(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return one_by_one(builder, word(0), *args)

    @lower_builtin(count, types.int64, types.int64)
    def between(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return one_by_one(builder, *args)

    @lower_builtin(count, types.int64, types.int64, types.int64)
    def by_steps(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        begin, end, step = args
        zero, one = word(0), word(1)
        distance = builder.sub(end, begin)
        apart = builder.xor(builder.icmp_signed(">", distance, zero), builder.icmp_signed(">", step, zero))
        step = builder.select(builder.icmp_unsigned("==", step, zero), one, step)
        whole, rest = builder.sdiv(distance, step), builder.srem(distance, step)
        left = builder.add(whole, builder.zext(builder.icmp_unsigned("!=", rest, zero), word))
        return started(builder, begin, builder.select(apart, zero, left), step)

    @lower_builtin("iternext", Range)
    def following(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        [kind], [at] = sig.args, args
        second = builder.gep(at, [word(1)])
        number, left = builder.load(at), builder.load(second)
        step = word(1) if kind.words == 2 else builder.load(builder.gep(at, [word(2)]))
        builder.store(builder.sub(left, word(1)), second)
        builder.store(builder.add(number, step), at)          # behind the end as well, where nobody looks
        inside = builder.icmp_signed(">", left, word(0))
        pair = ir.Constant(context.get_value_type(sig.return_type), ir.Undefined)
        return builder.insert_value(builder.insert_value(pair, number, 0), inside, 1)
