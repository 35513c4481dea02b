"""The elementary functions of kernels as Numba intrinsics: each call becomes vectorisable instructions on the spot."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from . import vecmath_exp, vecmath_trig
from .vecmath_value import Value

FUNCTIONS: dict[str, Callable[..., Value]] = {**vecmath_exp.FUNCTIONS, **vecmath_trig.FUNCTIONS}


@cache
def intrinsics() -> dict[str, Any]:
    """Each function by its name, as an intrinsic of Numba: operands all float32 or all float64, and so the result.

    Numba is imported here and not before.
    """
    from numba.core import types
    from numba.extending import intrinsic

    def generator(function: Callable[..., Value]) -> Callable[..., Any]:
        def generate(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
            return function(*(Value(builder, operand) for operand in operands)).raw

        return generate

    def unary(function: Callable[..., Value]) -> Callable[..., Any]:
        def typed(typing_context: Any, x: Any) -> Any:
            return (x(x), generator(function)) if x in (types.float32, types.float64) else None

        return typed

    def binary(function: Callable[..., Value]) -> Callable[..., Any]:
        def typed(typing_context: Any, x: Any, y: Any) -> Any:
            return (x(x, y), generator(function)) if x == y and x in (types.float32, types.float64) else None

        return typed

    def make(name: str, function: Callable[..., Value]) -> Any:
        typed = (binary if function.__code__.co_argcount == 2 else unary)(function)
        typed.__name__ = typed.__qualname__ = name
        typed.__doc__ = function.__doc__
        return intrinsic(typed)

    return {name: make(name, function) for name, function in FUNCTIONS.items()}
