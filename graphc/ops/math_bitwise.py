"""Integers bit by bit: and, or, exclusive or, complement, shifts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.operator import elementwise

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]


def _integers(*operands: Any) -> Any:
    for x in operands:
        if np.asarray(x).dtype.kind not in "iu":
            raise TypeError(f"{np.asarray(x).dtype} has no bits to combine")
    return operands


@elementwise("{x} & {y}", commutative=True, label="BitwiseAnd")
def bitwise_and(x: Any, y: Any) -> Any:
    """The bits that both integers have.

    >>> tf.Session(jit=False).run(tf.bitwise.bitwise_and([12, 5], 6))
    array([4, 4], dtype=int32)
    """
    return np.bitwise_and(*_integers(x, y))


@elementwise("{x} | {y}", commutative=True, label="BitwiseOr")
def bitwise_or(x: Any, y: Any) -> Any:
    """The bits that either integer has."""
    return np.bitwise_or(*_integers(x, y))


@elementwise("{x} ^ {y}", commutative=True, label="BitwiseXor")
def bitwise_xor(x: Any, y: Any) -> Any:
    """The bits that one of two integers has and the other has not."""
    return np.bitwise_xor(*_integers(x, y))


@elementwise("{x} ^ {T}(-1)", label="Invert")
def invert(x: Any) -> Any:
    """The bits that an integer has not: -1 - x of signed ones."""
    return np.invert(*_integers(x))


@elementwise("shift_left({x}, {y})", label="LeftShift")
def left_shift(x: Any, y: Any) -> Any:
    """The bits of x moved y places up; 0 where y is negative or as large as x has bits.

    >>> tf.Session(jit=False).run(tf.bitwise.left_shift([1, 3], [4, 1]))
    array([16,  6], dtype=int32)
    """
    return np.left_shift(*_integers(x, y))


@elementwise("shift_right({x}, {y})", label="RightShift")
def right_shift(x: Any, y: Any) -> Any:
    """The bits of x moved y places down, of signed integers the sign with them; only the sign is left where y is negative or too large."""
    return np.right_shift(*_integers(x, y))
