"""The language of kernel sources: typed pointers, casts and scalar functions that Numba lowers straight to LLVM.

A kernel is Python text, `def kernel(buffers, extents, lo, hi)`, over these names:

* `x = pointer(buffers, 0, float32)`: slot 0 of the buffer table; then `load(x, i)` and `store(x, i, v)`.  Distinct
  slots never overlap, which is told to LLVM, so a loop over many buffers vectorises without run-time checks.
* `float32(v)`, `int8(v)`, `boolean(v)`, ...: casts as in C; a float outside the range of an integer saturates and nan is 0.
* scalar functions (`sqrt`, `maximum`, `select`, `floordiv`, ...), the elementary ones of `vecmath`, and the reductions
  `accumulate_add`, ... whose order LLVM may choose;
* vectors, in which products are summed up, and memory on the stack: `tiles`, `tile_parts`, `winograd`.

Nothing here imports Numba until `namespace()` is called.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def namespace() -> dict[str, Any]:
    """The names a kernel source may use (imports Numba)."""
    from . import complex_numbers, vecmath, vecrandom
    from .extremes import extremes_functions
    from .memory import memory
    from .scalars import scalars
    from .tile_parts import parts
    from .tiles import tiles
    from .winograd import transforms

    # Numba would compile Python's min and max as functions of their own.
    plain = {"pow": power(), "min": scalars()["minimum"], "max": scalars()["maximum"], "inf": float("inf")}
    names = {**scalars(), **extremes_functions(), **memory(), **tiles(), **parts(), **transforms(), **vecmath.intrinsics(),
             **vecrandom.intrinsics(), **plain}
    both = {name: complex_numbers.either(name, names[name], f) if name in names else f for name, f in complex_numbers.functions().items()}
    return names | both


@cache
def power() -> Callable[..., Any]:
    """`pow` of every dtype: the vectorised one of floats, repeated squaring of integers."""
    from numba.core import types
    from numba.extending import intrinsic

    from . import vecmath
    from .scalars import scalars

    floats, integers = vecmath.intrinsics()["pow"], scalars()["integer_power"]

    @intrinsic
    def pow(typing: Any, x: Any, y: Any) -> Any:
        chosen = floats if isinstance(x, types.Float) else integers
        return chosen._defn(typing, x, y)  # type: ignore[union-attr]

    return pow
