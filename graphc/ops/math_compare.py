"""Comparison, logic, rounding and kinds of numbers, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.node import OPERATORS, Node
from ..ir.operator import elementwise, to_node
from . import continued
from .math_operands import floating
from .scopes import composed

__all__ = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or", "logical_xor", "logical_not",
           "floor", "ceil", "rint", "round", "trunc", "is_nan", "is_inf", "is_finite", "approximate_equal"]


# ---------------------------------------------------------------------- comparison and logic

@elementwise("{x} == {y}", commutative=True, complex=True, label="Equal")
def equal(x: Any, y: Any) -> Any:
    """Whether x == y.

    >>> tf.Session(jit=False).run(tf.equal([1, 2], [1, 3]))
    array([ True, False])
    """
    return np.equal(x, y)


@elementwise("{x} != {y}", commutative=True, complex=True, label="NotEqual")
def not_equal(x: Any, y: Any) -> Any:
    """Whether x != y; a nan differs from everything.

    >>> tf.Session(jit=False).run(tf.not_equal([1, 2], [1, 3]))
    array([False,  True])
    """
    return np.not_equal(x, y)


@elementwise("{x} < {y}", label="Less")
def less(x: Any, y: Any) -> Any:
    """Whether x < y.

    >>> tf.Session(jit=False).run(tf.less([1, 2], 2))
    array([ True, False])
    """
    return np.less(x, y)


@elementwise("{x} <= {y}", label="LessEqual")
def less_equal(x: Any, y: Any) -> Any:
    """Whether x <= y."""
    return np.less_equal(x, y)


@elementwise("{x} > {y}", label="Greater")
def greater(x: Any, y: Any) -> Any:
    """Whether x > y.

    >>> tf.Session(jit=False).run(tf.greater([1, 2], 1))
    array([False,  True])
    """
    return np.greater(x, y)


@elementwise("{x} >= {y}", label="GreaterEqual")
def greater_equal(x: Any, y: Any) -> Any:
    """Whether x >= y."""
    return np.greater_equal(x, y)


_BOTH = {"x": "bool", "y": "bool"}


@elementwise("{x} & {y}", fixed=_BOTH, commutative=True, label="LogicalAnd")
def logical_and(x: Any, y: Any) -> Any:
    """x and y, of booleans.

    >>> tf.Session(jit=False).run(tf.logical_and([True, True], [True, False]))
    array([ True, False])
    """
    return np.logical_and(x, y)


@elementwise("{x} | {y}", fixed=_BOTH, commutative=True, label="LogicalOr")
def logical_or(x: Any, y: Any) -> Any:
    """x or y, of booleans."""
    return np.logical_or(x, y)


@elementwise("{x} ^ {y}", fixed=_BOTH, label="LogicalXor")
def logical_xor(x: Any, y: Any) -> Any:
    """Either x or y, of booleans."""
    return np.logical_xor(x, y)


@elementwise("{x} ^ {T}(1)", fixed={"x": "bool"}, label="LogicalNot")
def logical_not(x: Any) -> Any:
    """not x, of booleans.

    >>> tf.Session(jit=False).run(tf.logical_not([True, False]))
    array([False,  True])
    """
    return np.logical_not(x)


# ---------------------------------------------------------------------- rounding and kinds of numbers

@elementwise("floor({x})", grad=lambda g, y, x: (None,), analytic=continued.floor, label="Floor")
def floor(x: Any) -> Any:
    """The largest whole number not above x.

    >>> tf.Session(jit=False).run(tf.floor([-1.5, 1.5]))
    array([-2.,  1.], dtype=float32)
    """
    return np.floor(floating(x))


@elementwise("ceil({x})", grad=lambda g, y, x: (None,), analytic=continued.ceil, label="Ceil")
def ceil(x: Any) -> Any:
    """The smallest whole number not below x."""
    return np.ceil(floating(x))


@elementwise("rint({x})", grad=lambda g, y, x: (None,), analytic=continued.rint, label="Rint")
def rint(x: Any) -> Any:
    """The nearest whole number, the even one of two."""
    return np.rint(floating(x))


@elementwise("trunc({x})", grad=lambda g, y, x: (None,), analytic=continued.trunc)
def trunc(x: Any) -> Any:
    """x without its fraction."""
    return np.trunc(floating(x))


@composed("Round", op="Round")
def round(x: Any, name: str | None = None) -> Node:
    """The nearest whole number, the even one of two; integers stay what they are.

    number[...] -> the same type. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.round([0.5, 1.5, 2.6]))
    array([0., 2., 3.], dtype=float32)
    """
    x = to_node(x)
    return OPERATORS["identity"](x, name=name) if x.type.dtype.kind in "iub" else rint(x, name=name)


@elementwise("{x} != {x}", label="IsNan")
def is_nan(x: Any) -> Any:
    """Whether x is nan.

    >>> tf.Session(jit=False).run(tf.is_nan([1.0, float('nan')]))
    array([False,  True])
    """
    return np.isnan(floating(x))


# x - x is 0 of finite numbers only.
@elementwise("({x} == {x}) & (({x} - {x}) != {T}(0))", label="IsInf")
def is_inf(x: Any) -> Any:
    """Whether x is inf or -inf."""
    return np.isinf(floating(x))


@elementwise("({x} - {x}) == {T}(0)", label="IsFinite")
def is_finite(x: Any) -> Any:
    """Whether x is neither infinite nor nan."""
    return np.isfinite(floating(x))


def approximate_equal(x: Any, y: Any, tolerance: float = 1e-5, name: str | None = None) -> Node:
    """Whether |x - y| < tolerance, element by element.

    number[...], number[...] -> bool[...]. DTypeError: no numbers of one dtype. ShapeError: the shapes do not broadcast.

    >>> tf.Session(jit=False).run(tf.approximate_equal([1.0, 2.0], [1.000001, 2.1]))
    array([ True, False])
    """
    distance = OPERATORS["abs"](OPERATORS["subtract"](x, y))
    return less(OPERATORS["cast"](distance, np.float64), tolerance, name=name)
