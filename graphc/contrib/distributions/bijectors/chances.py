"""Bijectors from numbers to chances and back: the distribution functions of Gumbel, Weibull and Kumaraswamy."""

from __future__ import annotations

from typing import Any

from ....ir.node import Node
from ....ops.debug import assert_less_equal, assert_non_negative, assert_positive
from ....ops.math import exp, expm1, log, log1p
from .base import tensor
from .scalars import OfNumbers

__all__ = ["Gumbel", "Kumaraswamy", "Weibull"]


class _OfChances(OfNumbers):
    """A distribution function: numbers to chances between 0 and 1."""

    def _after(self, y: Node) -> Node:
        return self._held(y, lambda: assert_non_negative(y, message="Inverse transformation input must be greater than 0."),
                          lambda: assert_less_equal(y, 1, message="Inverse transformation input must be less than or equal to 1."))

    def _positive(self, what: str, value: Node) -> Node:
        return self._held(value, lambda: assert_positive(value, message=f"Argument {what} was not positive"))


class Gumbel(_OfChances):
    """y = exp(-exp(-(x - loc) / scale)). InvalidArgumentError, when run with `validate_args`: no positive scale, or y is no chance."""

    def __init__(self, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool = False, name: str = "gumbel"):
        super().__init__(validate_args, name)
        self._loc = tensor(loc, scale)
        self._scale = self._positive("scale", tensor(scale, self._loc))

    @property
    def loc(self) -> Node:
        return self._loc

    @property
    def scale(self) -> Node:
        return self._scale

    def _z(self, x: Node) -> Node:
        return (x - self._loc) / self._scale

    def _forward(self, x: Node) -> Node:
        return exp(-exp(-self._z(x)))

    def _inverse(self, y: Node) -> Node:
        return self._loc - self._scale * log(-log(self._after(y)))

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        y = self._after(y)
        return log(self._scale / (-log(y) * y))

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        z = self._z(x)
        return -z - exp(-z) - log(self._scale)


class Weibull(_OfChances):
    """y = 1 - exp(-(x / scale)^concentration) of numbers that are not negative.

    InvalidArgumentError, when run with `validate_args`: a parameter is not positive, x is negative, or y is no chance.
    """

    def __init__(self, scale: Any = 1.0, concentration: Any = 1.0, validate_args: bool = False, name: str = "weibull"):
        super().__init__(validate_args, name)
        self._scale = self._positive("scale", tensor(scale, concentration))
        self._concentration = self._positive("concentration", tensor(concentration, self._scale))

    @property
    def scale(self) -> Node:
        return self._scale

    @property
    def concentration(self) -> Node:
        return self._concentration

    def _before(self, x: Node) -> Node:
        return self._held(x, lambda: assert_non_negative(x, message="Forward transformation input must be at least 0."))

    def _forward(self, x: Node) -> Node:
        return -expm1(-((self._before(x) / self._scale) ** self._concentration))

    def _inverse(self, y: Node) -> Node:
        return self._scale * (-log1p(-self._after(y))) ** (1.0 / self._concentration)

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        y = self._after(y)
        return -log1p(-y) + (1.0 / self._concentration - 1.0) * log(-log1p(-y)) + log(self._scale / self._concentration)

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        x = self._before(x)
        k, scale = self._concentration, self._scale
        return -((x / scale) ** k) + (k - 1.0) * log(x) + log(k) - k * log(scale)


class Kumaraswamy(_OfChances):
    """y = (1 - (1 - x)^(1 / concentration0))^(1 / concentration1): Kumaraswamy (1980).

    InvalidArgumentError, when run with `validate_args`: a concentration is not positive, or y is no chance.
    """

    def __init__(self, concentration1: Any = None, concentration0: Any = None, validate_args: bool = False, name: str = "kumaraswamy"):
        super().__init__(validate_args, name)
        one = 1.0 if concentration1 is None else concentration1
        self._concentration0 = self._positive("concentration0", tensor(1.0 if concentration0 is None else concentration0, one))
        self._concentration1 = self._positive("concentration1", tensor(one, self._concentration0))

    @property
    def concentration1(self) -> Node:
        return self._concentration1

    @property
    def concentration0(self) -> Node:
        return self._concentration0

    def _forward(self, x: Node) -> Node:
        return exp(log1p(-exp(log1p(-self._after(x)) / self._concentration0)) / self._concentration1)

    def _inverse(self, y: Node) -> Node:
        return -expm1(self._concentration0 * log1p(-(self._after(y) ** self._concentration1)))

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        y = self._after(y)
        a, b = self._concentration1, self._concentration0
        return log(a) + log(b) + (a - 1.0) * log(y) + (b - 1.0) * log1p(-(y ** a))
