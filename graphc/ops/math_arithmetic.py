"""Arithmetic, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..ir.known import static_value
from ..ir.node import OPERATORS, Node
from ..ir.operator import Values, declare, elementwise, to_node
from ..ir.sizes import unknown
from ..ir.types import TensorType, broadcast
from . import continued
from .math_compare import equal, greater, greater_equal, is_finite, less, less_equal, logical_and, logical_not, logical_or, not_equal
from .math_operands import larger, numbers, smaller, wide

__all__ = ["add", "subtract", "multiply", "truediv", "divide", "realdiv", "div", "floordiv", "floor_div", "floormod",
           "mod", "truncatediv", "truncatemod", "negative", "pow", "square", "squared_difference", "reciprocal",
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


@elementwise("{x} / {y}", grad=lambda g, out, x, y: (g / y, -(g * out) / y), domain=(0.4, 2.0), complex=True, label="truediv", op_type="RealDiv")
def truediv(x: Any, y: Any) -> Any:
    """Quotient, x / y. Of integers too: they are divided as float64.

    >>> tf.Session(jit=False).run(tf.truediv([1, 2], 2))
    array([0.5, 1. ])
    """
    return np.true_divide(wide(x), wide(y))


_BY_ZERO = "an integer is divided by 0"


def _divided(x: Any, y: Any) -> Any:
    """The operands of a division. InvalidArgumentError: of integers by 0."""
    dtype = np.result_type(x, y)
    if dtype.kind in "iu" and np.size(x) and not np.all(y):
        raise InvalidArgumentError(_BY_ZERO)
    return numbers(x, y)


def _divisor_type(types: Sequence[TensorType], values: Values, of: Any, wrong: Any) -> TensorType:
    return TensorType(types[1].dtype, broadcast(types[0].shape, types[1].shape))


@declare("elementwise", _divisor_type, expr="{y}", check="{y} != {T}(0)", kinds={"of": (str,), "wrong": (str,)},
         samples=(([np.array([7, 8, 9]), np.array([2, 1, -3])], {"of": "floordiv", "wrong": _BY_ZERO}),))
def divisor(x: Any, y: Any, *, of: Any, wrong: Any) -> Any:
    """y, by which integers x are divided in the operator `of`: the run fails where it is 0."""
    return np.broadcast_to(_divided(x, y)[1], np.broadcast_shapes(np.shape(x), np.shape(y)))


def _checked(node: Node, inputs: Sequence[Node], types: Any, out_type: TensorType) -> Node:
    """The division with a divisor that a run makes sure of, unless none of its numbers can be 0."""
    x, y = inputs
    if out_type.dtype.kind not in "iu" or y.operator is divisor:
        return node
    known = static_value(y)
    if known is not None and not unknown(known).any() and known.all():
        return node
    return node.operator.build(node.graph, (x, divisor.build(node.graph, (x, y), {"of": node.operator.name, "wrong": _BY_ZERO})), {})


@elementwise("floordiv({x}, {y})", grad=lambda g, out, x, y: (None, None), shape_math=True, analytic=continued.floordiv,
             label="floordiv", op_type="FloorDiv", lower=_checked)
def floordiv(x: Any, y: Any) -> Any:
    """Quotient rounded towards minus infinity. Of an infinity or by one it is the quotient, rounded.

    InvalidArgumentError, when run: an integer is divided by 0.

    >>> tf.Session(jit=False).run(tf.floordiv([-3, 3], 2))
    array([-2,  1], dtype=int32)
    """
    return _floored(*_divided(x, y))


def _floored(x: Any, y: Any) -> Any:
    """x // y; where numpy has no answer, its definition: the quotient, rounded down."""
    found = np.floor_divide(x, y)
    return np.where(np.isfinite(x) & np.isfinite(y), found, np.floor(np.true_divide(x, y))) if np.asarray(found).dtype.kind == "f" else found


@elementwise("floormod({x}, {y})", grad=lambda g, out, x, y: (g, -(g * floordiv(x, y))), domain=(0.4, 2.0),
             shape_math=True, analytic=continued.floormod, label="FloorMod", lower=_checked)
def floormod(x: Any, y: Any) -> Any:
    """Remainder of `floordiv`, with the sign of y: x - y * floor(x / y). InvalidArgumentError, when run: of an integer by 0.

    >>> tf.Session(jit=False).run(tf.floormod([-3, 3], 2))
    array([1, 1], dtype=int32)
    """
    return np.mod(*_divided(x, y))


# One more than the floor, as the negative of one less than its negative: of -1 that is -0.
@elementwise("select((floormod({x}, {y}) != {T}(0)) & (({x} < {T}(0)) != ({y} < {T}(0))) & (floordiv({x}, {y}) < {T}(0)), "
             "{T}(-{T}({T}(-floordiv({x}, {y})) - {T}(1))), floordiv({x}, {y}))",
             grad=lambda g, out, x, y: (None, None), analytic=continued.truncatediv, label="TruncateDiv", lower=_checked)
def truncatediv(x: Any, y: Any) -> Any:
    """Quotient rounded towards zero, which keeps its sign: -1 / 3 is -0. InvalidArgumentError, when run: an integer is divided by 0."""
    down = _floored(*_divided(x, y))
    return np.where((np.mod(x, y) != 0) & (np.less(x, 0) != np.less(y, 0)) & np.less(down, 0), -(-down - 1), down)


# A divisor with the sign of x makes floor and truncation the same. The least integer has no opposite, but is
# larger than any x >= 0, which then is the remainder.
_ALIGNED = "select(({x} < {T}(0)) != ({y} < {T}(0)), {T}(-{y}), {y})"


_REST = f"select(({{x}} >= {{T}}(0)) & ({_ALIGNED} < {{T}}(0)), {{x}}, floormod({{x}}, {_ALIGNED}))"


@elementwise(f"select({_REST} == {{T}}(0), {{x}} * {{T}}(0), {_REST})",         # a remainder of 0 has the sign of x too
             grad=lambda g, out, x, y: (g, -(g * truncatediv(x, y))), domain=(0.4, 2.0), analytic=continued.truncatemod, label="TruncateMod",
             lower=_checked)
def truncatemod(x: Any, y: Any) -> Any:
    """Remainder of `truncatediv`, with the sign of x. InvalidArgumentError, when run: of an integer by 0."""
    return np.fmod(*_divided(x, y))


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


@elementwise("maximum(minimum({t}, {clip_value_max}), {clip_value_min})", grad=_clip_grad,
             samples=(([(3, 4), np.array(-0.7), np.array(0.9)], {}),
                      ([(5,), np.linspace(-1, 0, 5), np.array(0.5)], {})), label="clip_by_value", op_type="Maximum")
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any) -> Any:
    """t, but not above clip_value_max nor below clip_value_min, which is the result where it is the larger of the two.

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


def div(x: Any, y: Any, name: str | None = None) -> Node:
    """Python 2's division: `floordiv` of integers, `truediv` of anything else.

    x, y: number[...], which broadcast. DTypeError: no numbers. ShapeError: the shapes do not broadcast.

    >>> tf.Session(jit=False).run([tf.div(7, 2), tf.div(7.0, 2.0)])
    [np.int32(3), np.float32(3.5)]
    """
    x, y = _pair(x, y)
    integers = x.type.dtype.kind in "iu" and y.type.dtype.kind in "iu"
    return (floordiv if integers else truediv)(x, y, name=name or "div")


def realdiv(x: Any, y: Any, name: str | None = None) -> Node:
    """Quotient of real numbers, x / y, as `truediv`. DTypeError: no numbers. ShapeError: the shapes do not broadcast."""
    return truediv(x, y, name=name or "RealDiv")


def floor_div(x: Any, y: Any, name: str | None = None) -> Node:
    """`floordiv`. DTypeError: no numbers. ShapeError: the shapes do not broadcast."""
    return floordiv(x, y, name=name or "FloorDiv")


def _pair(x: Any, y: Any) -> tuple[Node, Node]:
    # One sum converts a weak operand beside the other; of two numbers both are weak.
    if isinstance(x, Node) and not isinstance(y, Node):
        return x, subtract(x, y).inputs[1]
    if isinstance(y, Node) and not isinstance(x, Node):
        return subtract(x, y).inputs[0], y
    return to_node(x), to_node(y)


divide = truediv
mod = floormod
sub, mul, neg, inv = subtract, multiply, negative, reciprocal
