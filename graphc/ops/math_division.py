"""Divisions and remainders, element by element; integers divided by zero are an error of the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError
from ..ir.known import static_value
from ..ir.node import Node
from ..ir.operator import Values, declare, elementwise, to_node
from ..ir.sizes import unknown
from ..ir.types import TensorType, broadcast
from . import continued
from .math_arithmetic import subtract
from .math_operands import numbers, wide

__all__ = ["truediv", "divide", "realdiv", "div", "floordiv", "floor_div", "floormod", "mod", "truncatediv", "truncatemod"]


@elementwise("{x} / {y}", grad=lambda g, out, x, y: (g / y, -(g * out) / y), domain=(0.4, 2.0), complex=True, label="truediv", op_type="RealDiv")
def truediv(x: Any, y: Any) -> Any:
    """Quotient, x / y. Of integers too: they are divided as float64, as float32 if they have 16 bits at most.

    >>> tf.Session(jit=False).run(tf.truediv([1, 2], 2))
    array([0.5, 1. ])
    """
    if np.result_type(x, y).kind in "iu" and np.result_type(x, y).itemsize <= 2:
        x, y = np.asarray(x, np.float32), np.asarray(y, np.float32)
    return np.true_divide(wide(x), wide(y))


_BY_ZERO = "an integer is divided by 0"


def _divided(x: Any, y: Any) -> Any:
    """The operands of a division. InvalidArgumentError: of integers by 0."""
    dtype = np.result_type(x, y)
    if dtype.kind in "iu" and np.size(x) and not np.all(y):
        raise InvalidArgumentError(_BY_ZERO)
    return numbers(x, y)


def _divisor_type(types: Sequence[TensorType], values: Values, of: str, wrong: str) -> TensorType:
    if any(t.dtype.kind not in "iu" for t in types):
        raise DTypeError("its operands are integers: other numbers may be divided by 0")
    return TensorType(types[1].dtype, broadcast(types[0].shape, types[1].shape))


@declare("elementwise", _divisor_type, expr="{y}", check="{y} != {T}(0)",
         samples=(([np.array([7, 8, 9]), np.array([2, 1, -3])], {"of": "floordiv", "wrong": _BY_ZERO}),))
def divisor(x: Any, y: Any, *, of: str = "floordiv", wrong: str = _BY_ZERO) -> Any:
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
