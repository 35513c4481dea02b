"""Bijectors of single numbers: powers, sigmoids, distribution functions and their kin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....errors import DTypeError, GraphError
from ....ir.known import static_value
from ....ir.node import Node, describe, here
from ....ir.operator import to_node
from ....ops.array import identity, zeros_like
from ....ops.debug import assert_greater, assert_less, assert_non_negative, assert_none_equal, assert_positive
from ....ops.math import abs as absolute
from ....ops.math import asinh, cast, cosh, exp, expm1, less, log, log1p, sigmoid, sinh, sqrt, square, where
from ....ops.nn import softplus
from .base import Bijector, checked, tensor

__all__ = ["AbsoluteValue", "AffineScalar", "Exp", "Identity", "PowerTransform", "Sigmoid", "SinhArcsinh", "Softplus",
           "Softsign", "Square"]


def softplus_inverse(x: Any, name: str | None = None) -> Node:
    """log(exp(x) - 1), the number whose softplus is x: float[...] -> float[...], exact for tiny and for great numbers. DTypeError: not floating.

    >>> tf.Session(jit=False).run(tf.contrib.distributions.softplus_inverse([1.0, 100.0]))
    array([  0.5413..., 100.       ], dtype=float32)
    """
    x = to_node(x)
    if x.type.dtype.kind != "f":
        raise DTypeError(f"softplus_inverse: {describe(x)} is not floating{here()}")
    tiny = math.log(np.finfo(x.type.dtype).eps) + 2.0
    small, large = less(x, math.exp(tiny)), less(-tiny, x)
    # Where another branch is taken, 1 keeps the derivative of this one finite.
    middle = where(small | large, 1.0, x)
    inner = middle + log(-expm1(-middle))
    return identity(where(small, log(x), where(large, x, inner)), name=name)


class OfNumbers(Bijector):
    """A bijector of single numbers."""

    def __init__(self, validate_args: bool, name: str | None, constant: bool = False, parents: Any = ()):
        super().__init__([p for p in parents if p is not None], constant, validate_args, forward_min_event_ndims=0, name=name)

    def _held(self, x: Node, *assertions: Any) -> Node:
        """The tensor, once the assertions hold, which are made only if arguments are to be validated."""
        return checked(x, [a() for a in assertions]) if self.validate_args else x


class Identity(OfNumbers):
    """y = x."""

    def __init__(self, validate_args: bool = False, name: str = "identity"):
        super().__init__(validate_args, name, constant=True)

    def _forward(self, x: Node) -> Node:
        return x

    def _inverse(self, y: Node) -> Node:
        return y

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        return to_node(np.zeros((), y.type.dtype))

    _forward_log_det_jacobian = _inverse_log_det_jacobian


class AffineScalar(OfNumbers):
    """y = scale x + shift. InvalidArgumentError, when run with `validate_args`: the scale is 0."""

    def __init__(self, shift: Any = None, scale: Any = None, validate_args: bool = False, name: str = "affine_scalar"):
        like = next((v for v in (shift, scale) if isinstance(v, Node)), None)
        self._shift = None if shift is None else tensor(shift, like)
        self._scale = None if scale is None else tensor(scale, like)
        super().__init__(validate_args, name, constant=True)
        if self._scale is not None:
            self._scale = self._held(self._scale, lambda: assert_none_equal(self._scale, 0))

    @property
    def shift(self) -> Node | None:
        return self._shift

    @property
    def scale(self) -> Node | None:
        return self._scale

    def _forward(self, x: Node) -> Node:
        y = identity(x) if self._scale is None else x * self._scale
        return y if self._shift is None else y + self._shift

    def _inverse(self, y: Node) -> Node:
        x = identity(y) if self._shift is None else y - self._shift
        return x if self._scale is None else x / self._scale

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        return to_node(np.zeros((), x.type.dtype)) if self._scale is None else log(absolute(self._scale))


class PowerTransform(OfNumbers):
    """y = (1 + power x)^(1 / power), of power 0 exp(x). GraphError: the power is negative or not known while the graph is built.

    InvalidArgumentError, when run with `validate_args`: x or y has no image.
    """

    def __init__(self, power: Any = 0.0, validate_args: bool = False, name: str = "power_transform"):
        known = static_value(to_node(power))
        if known is None or known.ndim or known < 0:
            raise GraphError(f"{type(self).__name__}: the power is a constant that is not negative, not {power!r:.40}{here()}")
        self._power = float(known)
        super().__init__(validate_args, name)

    @property
    def power(self) -> float:
        return self._power

    def _before(self, x: Node) -> Node:
        if self._power == 0.0:
            return x
        return self._held(x, lambda: assert_non_negative(1.0 + self._power * x,
                                                         message=f"Forward transformation input must be at least {-1.0 / self._power}."))

    def _after(self, y: Node) -> Node:
        return self._held(y, lambda: assert_positive(y, message="Inverse transformation input must be greater than 0."))

    def _forward(self, x: Node) -> Node:
        x = self._before(x)
        return exp(x) if self._power == 0.0 else exp(log1p(x * self._power) / self._power)

    def _inverse(self, y: Node) -> Node:
        y = self._after(y)
        return log(y) if self._power == 0.0 else expm1(log(y) * self._power) / self._power

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        return (self._power - 1.0) * log(self._after(y))

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        x = self._before(x)
        return x if self._power == 0.0 else (1.0 / self._power - 1.0) * log1p(x * self._power)


class Exp(PowerTransform):
    """y = exp(x). InvalidArgumentError, when run with `validate_args`: y is not positive."""

    def __init__(self, validate_args: bool = False, name: str = "exp"):
        super().__init__(0.0, validate_args, name)


class Sigmoid(OfNumbers):
    """y = 1 / (1 + exp(-x))."""

    def __init__(self, validate_args: bool = False, name: str = "sigmoid"):
        super().__init__(validate_args, name)

    def _forward(self, x: Node) -> Node:
        return sigmoid(x)

    def _inverse(self, y: Node) -> Node:
        return log(y) - log1p(-y)

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        return -log1p(-y) - log(y)

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        return -softplus(-x) - softplus(x)


class Softplus(OfNumbers):
    """y = h log(1 + exp(x / h)), h the `hinge_softness`. InvalidArgumentError, when run with `validate_args`: it is 0."""

    def __init__(self, hinge_softness: Any = None, validate_args: bool = False, name: str = "softplus"):
        super().__init__(validate_args, name)
        softness = None if hinge_softness is None else to_node(hinge_softness)
        self._hinge_softness = None if softness is None else self._held(
            softness, lambda: assert_none_equal(softness, 0, message="hinge_softness must be non-zero"))

    @property
    def hinge_softness(self) -> Node | None:
        return self._hinge_softness

    def _scaled(self, x: Node) -> tuple[Node, Any]:
        """x in units of the softness, and the softness."""
        if self._hinge_softness is None:
            return x, 1.0
        softness = cast(self._hinge_softness, x.dtype)
        return x / softness, softness

    def _forward(self, x: Node) -> Node:
        z, softness = self._scaled(x)
        return softplus(z) if self._hinge_softness is None else softness * softplus(z)

    def _inverse(self, y: Node) -> Node:
        z, softness = self._scaled(y)
        return softplus_inverse(z) if self._hinge_softness is None else softness * softplus_inverse(z)

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        return -log(-expm1(-self._scaled(y)[0]))

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        return -softplus(-self._scaled(x)[0])


class Softsign(OfNumbers):
    """y = x / (1 + |x|). InvalidArgumentError, when run with `validate_args`: y is not between -1 and 1."""

    def __init__(self, validate_args: bool = False, name: str = "softsign"):
        super().__init__(validate_args, name)

    def _after(self, y: Node) -> Node:
        return self._held(y, lambda: assert_greater(y, -1, message="Inverse transformation input must be greater than -1."),
                          lambda: assert_less(y, 1, message="Inverse transformation input must be less than 1."))

    def _forward(self, x: Node) -> Node:
        return x / (1.0 + absolute(x))

    def _inverse(self, y: Node) -> Node:
        y = self._after(y)
        return y / (1.0 - absolute(y))

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        return -2.0 * log1p(absolute(x))

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        return -2.0 * log1p(-absolute(self._after(y)))


class Square(OfNumbers):
    """y = x^2 of numbers that are not negative. InvalidArgumentError, when run with `validate_args`: one is negative."""

    def __init__(self, validate_args: bool = False, name: str = "square"):
        super().__init__(validate_args, name)

    def _valid(self, t: Node) -> Node:
        return self._held(t, lambda: assert_non_negative(t, message="All elements must be non-negative."))

    def _forward(self, x: Node) -> Node:
        return square(self._valid(x))

    def _inverse(self, y: Node) -> Node:
        return sqrt(self._valid(y))

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        return math.log(2.0) + log(self._valid(x))


class AbsoluteValue(OfNumbers):
    """y = |x|: two points to one; the inverse gives both, (-y, y). InvalidArgumentError, when run with `validate_args`: y is negative."""

    def __init__(self, validate_args: bool = False, name: str = "absolute_value"):
        super().__init__(validate_args, name, constant=True)

    @property
    def _is_injective(self) -> bool:
        return False

    def _after(self, y: Node) -> Node:
        return self._held(y, lambda: assert_non_negative(y, message="Argument y was negative"))

    def _forward(self, x: Node) -> Node:
        return absolute(x)

    def _inverse(self, y: Node) -> tuple[Node, Node]:
        y = self._after(y)
        return -y, y

    def _inverse_log_det_jacobian(self, y: Node) -> tuple[Node, Node]:
        zeros = zeros_like(self._after(y))
        return zeros, zeros


class SinhArcsinh(OfNumbers):
    """y = sinh((asinh(x) + skewness) tailweight): Jones and Pewsey (2009).

    InvalidArgumentError, when run with `validate_args`: the tail weight is not positive.
    """

    def __init__(self, skewness: Any = None, tailweight: Any = None, validate_args: bool = False, name: str = "SinhArcsinh"):
        super().__init__(validate_args, name)
        self._skewness = tensor(0.0 if skewness is None else skewness, tailweight)
        weight = tensor(1.0 if tailweight is None else tailweight, self._skewness)
        self._tailweight = self._held(weight, lambda: assert_positive(weight, message="Argument tailweight was not positive"))

    @property
    def skewness(self) -> Node:
        return self._skewness

    @property
    def tailweight(self) -> Node:
        return self._tailweight

    def _forward(self, x: Node) -> Node:
        return sinh((asinh(x) + self._skewness) * self._tailweight)

    def _inverse(self, y: Node) -> Node:
        return sinh(asinh(y) / self._tailweight - self._skewness)

    @staticmethod
    def _root(x: Node) -> Node:
        """sqrt(x^2 + 1), which is |x| where the square would overflow."""
        great = less(1.0, absolute(x) * math.sqrt(np.finfo(x.type.dtype).eps))
        return where(great, absolute(x), sqrt(square(where(great, 1.0, x)) + 1.0))

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        return log(cosh(asinh(y) / self._tailweight - self._skewness) / self._root(y)) - log(self._tailweight)

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        return log(cosh((asinh(x) + self._skewness) * self._tailweight) / self._root(x)) + log(self._tailweight)
