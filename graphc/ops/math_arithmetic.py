"""Arithmetic but for most divisions, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..ir.node import OPERATORS, Node
from ..ir.operator import declare, elementwise
from ..ir.types import TensorType
from . import continued
from .contract import held
from .math_compare import equal, greater, greater_equal, is_finite, less, less_equal, logical_and, logical_not, logical_or, not_equal
from .math_operands import larger, numbers, smaller, wide

__all__ = ["add", "subtract", "multiply", "negative", "pow", "square", "squared_difference", "reciprocal",
           "div_no_nan", "maximum", "minimum", "sign", "abs", "clip_by_value", "sub",
           "mul", "neg", "inv"]


# ---------------------------------------------------------------------- arithmetic

@elementwise("{x} + {y}", grad=lambda g, out, x, y: (g, g), shape_math=True, commutative=True, complex=True, label="Add", op_type="AddV2")
def add(x: Any, y: Any) -> Any:
    """Sum, x + y.

    >>> tf.Session(jit=False).run(tf.add([1, 2], 10))
    array([11, 12], dtype=int32)
    """
    return np.add(*numbers(x, y))


@elementwise("{x} - {y}", grad=lambda g, out, x, y: (g, -g), shape_math=True, complex=True, label="Sub")
def subtract(x: Any, y: Any) -> Any:
    """Difference, x - y.

    >>> tf.Session(jit=False).run(tf.subtract([1.0, 2.0], 0.5))
    array([0.5, 1.5], dtype=float32)
    """
    return np.subtract(x, y)


@elementwise("{x} * {y}", grad=lambda g, out, x, y: (g * y, g * x), shape_math=True, commutative=True, complex=True, label="Mul")
def multiply(x: Any, y: Any) -> Any:
    """Product, x * y.

    >>> tf.Session(jit=False).run(tf.multiply([1, 2], [3, 4]))
    array([3, 8], dtype=int32)
    """
    return np.multiply(*numbers(x, y))


@elementwise("-{x}", grad=lambda g, y, x: (-g,), complex=True, label="Neg")
def negative(x: Any) -> Any:
    """-x.

    >>> tf.Session(jit=False).run(tf.negative([1, -2]))
    array([-1,  2], dtype=int32)
    """
    return np.negative(x)


@elementwise("{x} * {x}", grad=lambda g, y, x: (g * 2.0 * x,), complex=True, label="Square")
def square(x: Any) -> Any:
    """x * x.

    >>> tf.Session(jit=False).run(tf.square([1.0, -3.0]))
    array([1., 9.], dtype=float32)
    """
    return np.square(*numbers(x))


def _difference_grad(g: Node, out: Node, x: Node, y: Node) -> tuple[Node, Node]:
    if out.type.dtype.kind == "c":          # d |z|^2 = 2 Re(conj(z) dz)
        along = OPERATORS["cast"](OPERATORS["real"](g), out.type.dtype) * 2.0
        return along * conjugate(x - y), along * conjugate(y - x)
    return g * 2.0 * (x - y), g * 2.0 * (y - x)


@elementwise("({x} - {y}) * ({x} - {y})", grad=_difference_grad, complex="({x} - {y}) * conj({x} - {y})", analytic=continued.squared_difference,
             label="SquaredDifference")
def squared_difference(x: Any, y: Any) -> Any:
    """(x - y) ** 2; of complex numbers the squares of the differences' moduli.

    >>> tf.Session(jit=False).run(tf.squared_difference([1.0, 5.0], 2.0))
    array([1., 9.], dtype=float32)
    """
    difference = np.subtract(x, y)
    return np.square(difference) if difference.dtype.kind != "c" else difference * np.conjugate(difference)


def at_pole(g: Any, out: Any, instead: float) -> Any:
    """`out`, a result by which a derivative is computed; what makes the derivative 0 where g is and `out` is no number to compute with.

    Where nothing is asked for, nothing comes back, though the derivative is infinite there or not defined: TensorFlow's rule for the roots
    and the reciprocal, by which `where(x > 0, sqrt(x), 0)` has a gradient.
    """
    if out.type.dtype.kind == "c":          # so it is of real numbers alone
        return out
    lost = logical_not(is_finite(out)) if instead == 0 else logical_not(greater(out, 0.0))
    return OPERATORS["where"](logical_and(equal(g, 0.0), lost), instead, out)


def _reciprocal_grad(g: Any, y: Any, x: Any) -> Any:
    y = at_pole(g, y, 0.0)
    return (-(g * y * y),)


@elementwise("{T}(1) / {x}", grad=_reciprocal_grad, domain=(0.3, 2.0), complex=True, label="Reciprocal")
def reciprocal(x: Any) -> Any:
    """1 / x."""
    x = wide(x)
    return np.true_divide(np.ones((), x.dtype), x)


def _div_no_nan_grad(g: Any, out: Any, x: Any, y: Any) -> Any:
    return div_no_nan(g, y), -(g * div_no_nan(out, y))


@elementwise("select({y} == {T}(0), {T}(0), {x} / {y})", grad=_div_no_nan_grad, domain=(0.4, 2.0), complex=True, label="div_no_nan",
             op_type="DivNoNan")
def div_no_nan(x: Any, y: Any) -> Any:
    """x / y, and 0 where y is 0."""
    x, y = wide(x), wide(y)
    quotient = np.true_divide(x, np.where(y == 0, np.ones((), y.dtype), y))
    return np.where(y == 0, np.zeros((), quotient.dtype), quotient)


def _integer_pow(x: Any, y: Any) -> Any:
    """x ** y of integers; y must not be negative."""
    y = np.asarray(y)
    if y.size and y.dtype.kind == "i" and y.min() < 0:
        raise InvalidArgumentError(f"an integer to the power {y.min()}, which is negative")
    return np.power(x, y)


def _integer_pow_type(types: Sequence[TensorType], values: Any) -> TensorType:
    return pow.infer(types, values)


integer_pow = declare("host", _integer_pow_type, name="integer_pow",
                      samples=(([np.arange(4), np.array(3)], {}),))(_integer_pow)


def _pow_grad(g: Any, out: Any, x: Any, y: Any) -> Any:
    # y = 0 gives x no derivative; the exponent y - 1 = -1 would make it 0 * inf at x = 0.
    exponent = OPERATORS["where"](equal(y, 0.0), 0.0, y - 1.0)
    positive = not_equal(x, 0.0) if "c" in (x.type.dtype.kind, y.type.dtype.kind) else greater(x, 0.0)
    log_x = OPERATORS["log"](OPERATORS["where"](positive, x, 1.0))
    return g * y * pow(x, exponent), g * out * log_x


def _pow_lower(node: Node, inputs: Any, types: Any, out_type: TensorType) -> Node:
    return node if out_type.dtype.kind in "fc" else integer_pow(*inputs)


@elementwise("pow({x}, {y})", grad=_pow_grad, lower=_pow_lower, domain=(0.3, 2.0), complex=True, label="Pow")
def pow(x: Any, y: Any) -> Any:
    """x ** y. Integers stay integers. The derivative with respect to y counts as 0 where x <= 0, of complex numbers x = 0 (TensorFlow's rule).

    >>> tf.Session(jit=False).run(tf.pow([2, 3], 2))
    array([4, 9], dtype=int32)
    """
    if np.result_type(x, y).kind in "fc":
        return np.power(x, y)
    return _integer_pow(*numbers(x, y))


def _larger_grad(g: Any, out: Any, x: Any, y: Any) -> Any:
    return _route(greater_equal(x, y), g)


def _smaller_grad(g: Any, out: Any, x: Any, y: Any) -> Any:
    return _route(less_equal(x, y), g)


def _route(first: Any, g: Any) -> Any:
    where = OPERATORS["where"]
    return where(first, g, 0.0), where(first, 0.0, g)


@elementwise("maximum({x}, {y})", grad=_larger_grad, shape_math=True, commutative=True, analytic=continued.maximum, label="Maximum")
def maximum(x: Any, y: Any) -> Any:
    """The larger of x and y; nan if one of them is. 0 is larger than -0. Where equal, the derivative goes to x.

    >>> tf.Session(jit=False).run(tf.maximum([1, 5], 3))
    array([3, 5], dtype=int32)
    """
    return larger(*numbers(x, y))


@elementwise("minimum({x}, {y})", grad=_smaller_grad, shape_math=True, commutative=True, analytic=continued.minimum, label="Minimum")
def minimum(x: Any, y: Any) -> Any:
    """The smaller of x and y; nan if one of them is. -0 is smaller than 0. Where equal, the derivative goes to x.

    >>> tf.Session(jit=False).run(tf.minimum([1, 5], 3))
    array([1, 3], dtype=int32)
    """
    return smaller(*numbers(x, y))


def _clip_grad(g: Any, out: Any, t: Any, low: Any, high: Any) -> Any:
    where = OPERATORS["where"]
    crossed = greater(low, high)        # then the result is the lower bound
    below, above = logical_or(less(t, low), crossed), logical_and(greater(t, high), logical_not(crossed))
    return where(logical_or(below, above), 0.0, g), where(below, g, 0.0), where(above, g, 0.0)


def _within(inputs: tuple[Node, ...], attrs: dict[str, Any]) -> tuple[Node, ...]:
    """The result has the shape of the first operand, as in TensorFlow."""
    t, low, high = inputs
    if low.type.rank == 0 == high.type.rank:
        return inputs
    return held("clip_by_value", "repeated", t, low, high), low, high


@elementwise("maximum(minimum({t}, {clip_value_max}), {clip_value_min})", grad=_clip_grad, ahead=_within,
             samples=(([(3, 4), np.array(-0.7), np.array(0.9)], {}),
                      ([(5,), np.linspace(-1, 0, 5), np.array(0.5)], {})), label="clip_by_value", op_type="Maximum")
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any) -> Any:
    """t, but not above clip_value_max nor below clip_value_min, which is the result where it is the larger of the two.

    ShapeError: a limit that is not repeated to the shape of t.

    >>> tf.Session(jit=False).run(tf.clip_by_value([-1.0, 0.5, 9.0], 0.0, 1.0))
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return larger(smaller(*numbers(t, clip_value_max)), clip_value_min)


def conjugate(x: Node) -> Node:
    """The conjugates of complex numbers; what is real, as it is."""
    return OPERATORS["conj"](x) if x.type.dtype.kind == "c" else x


def _sign_grad(g: Node, y: Node, x: Node) -> tuple[Node]:
    """0; of a complex number, what of g is across it, over its modulus."""
    if x.type.dtype.kind != "c":
        return (OPERATORS["zeros_like"](x),)
    along = OPERATORS["cast"](OPERATORS["real"](g * y), g.type.dtype)
    return (div_no_nan(g - conjugate(y) * along, OPERATORS["cast"](abs(x), g.type.dtype)),)


@elementwise("select({x} > {T}(0), {T}(1), select({x} < {T}(0), {T}(-1), select({x} == {T}(0), {T}(0), {x})))",
             grad=_sign_grad, analytic=continued.sign, complex="sign({x})", label="Sign")
def sign(x: Any) -> Any:
    """-1, 0 or 1; of complex numbers x / abs(x), or 0. nan stays nan.

    >>> tf.Session(jit=False).run(tf.sign([-2.0, 0.0, 3.0]))
    array([-1.,  0.,  1.], dtype=float32)
    """
    return np.sign(x)


@elementwise("abs({x})", grad=lambda g, y, x: (g * conjugate(sign(x)),), analytic=continued.abs, complex=True, label="Abs",
             op_type=lambda node: "ComplexAbs" if node.inputs[0].type.dtype.kind == "c" else "Abs")
def abs(x: Any) -> Any:
    """Absolute value; of complex numbers the modulus, a real number. Its derivative at 0 counts as 0.

    >>> tf.Session(jit=False).run(tf.abs([-1.5, 2.0]))
    array([1.5, 2. ], dtype=float32)
    """
    return np.abs(*numbers(x))


sub, mul, neg, inv = subtract, multiply, negative, reciprocal
