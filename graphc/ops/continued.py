"""What operators are for complex operands, where their references do not say it: complex steps go through them by these.

Where an operator chooses by size, the real parts decide (Martins, Sturdza and Alonso 2003, "The complex-step derivative approximation",
section 3); where numpy has no complex form, or one that loses small imaginary parts (atan), the formula is its own continuation. Floating
operands come in double precision; each function is of the name, the operands and the attributes of the operator that declares it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir.node import OPERATORS
from ..ir.types import Array
from ..process.importing import whole

# Klambauer, Unterthiner, Mayr and Hochreiter 2017: the fixed point with mean 0 and variance 1.
SELU_ALPHA = 1.6732632423543772848
SELU_SCALE = 1.0507009873554804934


def abs(x: Any) -> Any:
    return np.where(x.real < 0, -x, x)


def maximum(x: Any, y: Any) -> Any:
    return np.where(x.real >= y.real, x, y)


def minimum(x: Any, y: Any) -> Any:
    return np.where(x.real <= y.real, x, y)


def floormod(x: Any, y: Any) -> Any:
    return x - y * np.floor_divide(x.real, y.real)


def truncatemod(x: Any, y: Any) -> Any:
    return x - y * np.trunc(x.real / y.real)


def relu(x: Any) -> Any:
    return np.where(x.real > 0, x, 0)


def relu6(x: Any) -> Any:
    return np.where(x.real <= 0, 0, np.where(x.real >= 6, 6, x))


def leaky_relu(x: Any, alpha: Any) -> Any:
    return np.where(x.real > 0, x, alpha * x)


def elu(x: Any) -> Any:
    return np.where(x.real > 0, x, np.expm1(x))


def selu(x: Any) -> Any:
    return SELU_SCALE * np.where(x.real > 0, x, SELU_ALPHA * np.expm1(x))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def swish(x: Any) -> Any:
    return x / (1 + np.exp(-x))


def softplus(x: Any) -> Any:
    return np.where(x.real > 0, x, 0) + np.log(1 + np.exp(np.where(x.real > 0, -x, x)))


def softsign(x: Any) -> Any:
    return x / (1 + np.where(x.real < 0, -x, x))


def sigmoid_cross_entropy(labels: Any, logits: Any) -> Any:
    return softplus(logits) - logits * labels


def atan(x: Any) -> Any:
    return np.arctan2(2 * x.real, 1 - x.real**2 - x.imag**2) / 2 + 0.25j * np.log1p(4 * x.imag / (x.real**2 + (1 - x.imag)**2))


def atan2(y: Any, x: Any) -> Any:
    return np.arctan2(y.real, x.real) + atan((y * x.real - x * y.real) / (x * x.real + y * y.real))


def erf(x: Any) -> Any:
    return _special().erf(x)


def erfc(x: Any) -> Any:
    return _special().erfc(x)


def digamma(x: Any) -> Any:
    return _special().psi(x)


def lgamma(x: Any) -> Any:
    return np.where(x.real > 0, _special().loggamma(x),
                    np.log(np.pi / abs(np.sin(np.pi * x))) - _special().loggamma(1 - x))


def reduce_max(x: Any, axis: Any, keepdims: Any) -> Any:
    return _chosen(np.argmax, x, axis, keepdims)


def reduce_min(x: Any, axis: Any, keepdims: Any) -> Any:
    return _chosen(np.argmin, x, axis, keepdims)


def max_pool(x: Any, window: Any, strides: Any, padding: Any, dilations: Any) -> Any:
    pool = {"window": window, "strides": strides, "padding": padding, "dilations": dilations}
    index = OPERATORS["pool_index"].reference(x.real, **pool)
    return OPERATORS["pool_take"].reference(x, index, **pool)


def cholesky(input: Any) -> Any:
    return _cholesky((input + np.swapaxes(input, -1, -2)) / 2)


# ---------------------------------------------------------------------- steps: of the real part alone

def sign(x: Any) -> Any:
    return np.sign(x.real)


def floor(x: Any) -> Any:
    return np.floor(x.real)


def ceil(x: Any) -> Any:
    return np.ceil(x.real)


def rint(x: Any) -> Any:
    return np.rint(x.real)


def trunc(x: Any) -> Any:
    return np.trunc(x.real)


def squared_difference(x: Any, y: Any) -> Any:
    """The square, not that of the absolute value."""
    return (x - y) * (x - y)


def floordiv(x: Any, y: Any) -> Any:
    return np.floor_divide(x.real, y.real)


def truncatediv(x: Any, y: Any) -> Any:
    down = np.floor_divide(x.real, y.real)
    return down + ((np.mod(x.real, y.real) != 0) & ((x.real < 0) != (y.real < 0)))


# ---------------------------------------------------------------------- what these are made of

def _special() -> Any:
    return whole("scipy.special")        # an extra


def _cholesky(a: Array) -> Array:
    """Factors L with L L^T = A, column by column; numpy's have L L^* = A."""
    out = np.zeros_like(a)
    for j in range(a.shape[-1]):
        rest = a[..., j:, j] - np.sum(out[..., j:, :j] * out[..., j, None, :j], axis=-1)
        out[..., j:, j] = rest / np.sqrt(np.where(rest.real[..., :1] > 0, rest[..., :1], np.nan))
    return out


def _chosen(choose: Callable[..., Any], x: Array, axis: Any, keepdims: bool) -> Array:
    """The elements whose real parts are chosen along some axes."""
    axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in np.atleast_1d(axis))
    kept = [a for a in range(x.ndim) if a not in axes]
    flat = x.transpose(*kept, *axes).reshape(*[x.shape[a] for a in kept], -1)
    found = np.take_along_axis(flat, choose(flat.real, axis=-1, keepdims=True), axis=-1)
    return found.reshape([1 if a in axes else d for a, d in enumerate(x.shape)] if keepdims else found.shape[:-1])
