"""Activation functions of neural networks, element by element."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.node import Node
from ..ir.operator import elementwise, to_node
from ..ir.types import TensorType
from . import continued
from .continued import SELU_ALPHA, SELU_SCALE
from .math import abs, cast, choose, erf, greater, greater_equal, less, logical_and, multiply, negative, sigmoid, square, tanh, where
from .math_operands import floating, larger, numbers
from .scopes import scope

__all__ = ["relu", "relu6", "leaky_relu", "elu", "selu", "softplus", "softsign", "swish", "silu", "gelu", "log_sigmoid",
           "sigmoid", "tanh"]



@elementwise("maximum({features}, {T}(0))", grad=lambda g, y, x: (choose(greater(y, 0.0), g, 0.0),), analytic=continued.relu, label="Relu")
def relu(features: Any) -> Any:
    """max(x, 0).  Its derivative at 0 is 0.

    >>> tf.Session(jit=False).run(tf.nn.relu([-1.0, 2.0]))
    array([0., 2.], dtype=float32)
    """
    return larger(*numbers(features, np.zeros((), np.asarray(features).dtype)))


@elementwise("minimum(maximum({features}, {T}(0)), {T}(6))", domain=(-2.0, 8.0),
             grad=lambda g, y, x: (choose(logical_and(greater(x, 0.0), less(x, 6.0)), g, 0.0),), analytic=continued.relu6, label="Relu6")
def relu6(features: Any) -> Any:
    """min(max(x, 0), 6).

    >>> tf.Session(jit=False).run(tf.nn.relu6([-1.0, 9.0]))
    array([0., 6.], dtype=float32)
    """
    zero, six = np.asarray([0, 6]).astype(np.asarray(features).dtype)
    return np.minimum(larger(*numbers(features, zero)), six)


def _slope(types: Sequence[TensorType], alpha: Any) -> dict[str, Any]:
    return {"alpha": float(alpha)}


def _of_floats(inputs: tuple[Node, ...], attrs: dict[str, Any]) -> tuple[Node, ...]:
    """Whole numbers as float32, as TensorFlow takes them."""
    return tuple([cast(x, np.float32) if x.type.__class__ is TensorType and x.type.dtype.kind in "iu" else x for x in inputs])


@elementwise("select({features} > {T}(0), {features}, {alpha} * {features})", prepare=_slope, ahead=_of_floats,
             grad=lambda g, y, x, **attrs: (choose(greater(x, 0.0), g, g * attrs["alpha"]),), analytic=continued.leaky_relu, label="LeakyRelu")
def leaky_relu(features: Any, *, alpha: float = 0.2) -> Any:
    """x where x > 0, alpha x elsewhere; whole numbers are float32.

    >>> tf.Session(jit=False).run(tf.nn.leaky_relu([-1.0, 2.0], alpha=0.1))
    array([-0.1,  2. ], dtype=float32)
    """
    return np.where(np.greater(floating(features), 0), features, np.multiply(features, alpha))


@elementwise("select({features} > {T}(0), {features}, expm1({features}))", name="elu",
             grad=lambda g, y, x: (choose(greater(x, 0.0), g, g * (y + 1.0)),), analytic=continued.elu, label="Elu")
def _elu(features: Any) -> Any:
    """x where x > 0, exp(x) - 1 elsewhere."""
    positive = np.greater(floating(features), 0)
    return np.where(positive, features, np.expm1(np.where(positive, 0, features)))


def elu(features: Any, name: str | None = None, alpha: Any = 1.0) -> Node:
    """x where x > 0, alpha (exp(x) - 1) elsewhere (Clevert, Unterthiner and Hochreiter 2015).

    float[...] -> the same type; `alpha`: a number, or a tensor that broadcasts, to learn it for one. DTypeError: no numbers.

    >>> tf.Session(jit=False).run([tf.nn.elu([-1.0, 2.0]), tf.nn.elu([-1.0, 2.0], alpha=0.5)])
    [array([-0.63212...,  2.        ], dtype=float32), array([-0.31606...,  2.        ], dtype=float32)]
    """
    if not isinstance(alpha, Node) and np.ndim(alpha) == 0 and alpha == 1:
        return _elu(features, name=name)
    x = to_node(features)
    with scope(name, "elu", x) as last:
        return where(greater(x, 0.0), x, _elu(x) * alpha, name=last)


@elementwise(f"{{T}}({SELU_SCALE}) * select({{features}} > {{T}}(0), {{features}}, "
             f"{{T}}({SELU_ALPHA}) * expm1({{features}}))",
             grad=lambda g, y, x: (choose(greater_equal(x, 0.0), g * SELU_SCALE, g * (y + SELU_SCALE * SELU_ALPHA)),), analytic=continued.selu,
             label="Selu")
def selu(features: Any) -> Any:
    """scale * (x where x > 0, alpha (exp(x) - 1) elsewhere) (Klambauer, Unterthiner, Mayr and Hochreiter 2017)."""
    positive = np.greater(floating(features), 0)
    return SELU_SCALE * np.where(positive, features, SELU_ALPHA * np.expm1(np.where(positive, 0, features)))


@elementwise("maximum({features}, {T}(0)) + log1p(exp(-abs({features})))", grad=lambda g, y, x: (g * sigmoid(x),), analytic=continued.softplus,
             label="Softplus")
def softplus(features: Any) -> Any:
    """log(1 + exp(x)), which neither overflows nor loses small values.  d/dx = sigmoid(x).

    >>> tf.Session(jit=False).run(tf.nn.softplus([0.0, 100.0]))
    array([  0.69314..., 100.       ], dtype=float32)
    """
    return np.maximum(floating(features), 0) + np.log1p(np.exp(-np.abs(features)))


@elementwise("{features} / ({T}(1) + abs({features}))", grad=lambda g, y, x: (g / square(abs(x) + 1.0),), analytic=continued.softsign,
             label="Softsign")
def softsign(features: Any) -> Any:
    """x / (1 + |x|).  d/dx = 1 / (1 + |x|)**2."""
    return np.true_divide(floating(features), np.abs(features) + 1)


def _swish_grad(g: Any, y: Any, x: Any) -> Any:
    s = sigmoid(x)
    return (g * (s + y * (1.0 - s)),)


@elementwise("{features} * sigmoid({features})", name="swish", grad=_swish_grad, analytic=continued.swish)
def _swish(features: Any) -> Any:
    """x sigmoid(x)."""
    return floating(features) * sigmoid.reference(features)


def swish(features: Any, beta: Any = 1.0, name: str | None = None) -> Node:
    """x sigmoid(beta x) (Ramachandran, Zoph and Le 2017).

    float[...] -> the same type; `beta`: a number, or a tensor that broadcasts, to learn it for one. DTypeError: no numbers.

    >>> tf.Session(jit=False).run([tf.nn.swish([-1.0, 2.0]), tf.nn.swish([-1.0, 2.0], beta=0.0)])
    [array([-0.26894...,  1.76159...], dtype=float32), array([-0.5,  1. ], dtype=float32)]
    """
    if not isinstance(beta, Node) and np.ndim(beta) == 0 and beta == 1:
        return _swish(features, name=name)
    x = to_node(features)
    with scope(name, "swish", x) as last:
        return multiply(x, sigmoid(x * beta), name=last)


silu = swish


def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Node:
    """x times the normal distribution function of x; `approximate`: by tanh (Hendrycks and Gimpel 2016).

    float[...] -> the same type. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.nn.gelu([0.0, 1.0]))
    array([0.       , 0.84134...], dtype=float32)
    """
    x = to_node(features)
    with scope(name, "gelu", x) as last:
        if approximate:
            cdf = 0.5 * (1.0 + tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * (x * square(x)))))
        else:
            cdf = 0.5 * (1.0 + erf(x * math.sqrt(0.5)))
        return multiply(x, cdf, name=last)


def log_sigmoid(x: Any, name: str | None = None) -> Node:
    """log(sigmoid(x)) = -softplus(-x).

    float[...] -> the same type. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.nn.log_sigmoid([0.0, -100.0]))
    array([  -0.69314..., -100.       ], dtype=float32)
    """
    x = to_node(x)
    with scope(name, "log_sigmoid", x) as last:
        return negative(softplus(-x), name=last)
