"""Learning rates that change with the number of steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.math import add, cast, ceil, choose, cos, equal, exp, floor, less_equal, log, minimum, multiply, pow, sqrt, truediv
from ..ops.random import random_normal
from ..ops.scopes import composed
from .optimizer import scalar

__all__ = ["cosine_decay", "cosine_decay_restarts", "exponential_decay", "inverse_time_decay", "linear_cosine_decay", "natural_exp_decay",
           "noisy_linear_cosine_decay", "piecewise_constant", "piecewise_constant_decay", "polynomial_decay"]


def _operands(what: str, learning_rate: Any, global_step: Any, decay_steps: Any) -> tuple[Node, Node, Node]:
    """The rate, and steps and their measure in its dtype."""
    if global_step is None:
        raise GraphError(f"{what}: global_step is None{here()}")
    rate = to_node(learning_rate)
    if rate.type.dtype.kind != "f":
        raise DTypeError(f"{what}: the rate {describe(rate)} is not of a floating dtype{here()}")
    return rate, cast(to_node(global_step), rate.dtype), scalar(decay_steps, rate.type.dtype)


def _quotient(steps: Node, decay_steps: Node, staircase: bool) -> Node:
    return floor(steps / decay_steps) if staircase else steps / decay_steps


@composed("ExponentialDecay")
def exponential_decay(learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
                      name: str | None = None) -> Node:
    """learning_rate * decay_rate ** (global_step / decay_steps), in whole steps if `staircase`.

    DTypeError: no numbers. GraphError: no step.

    >>> tf.Session(jit=False).run(tf.train.exponential_decay(0.1, 20, decay_steps=10, decay_rate=0.5))
    np.float32(0.025)
    """
    rate, steps, measure = _operands("exponential_decay", learning_rate, global_step, decay_steps)
    return multiply(rate, pow(scalar(decay_rate, rate.type.dtype), _quotient(steps, measure, staircase)), name=name)


@composed("ExponentialDecay")
def natural_exp_decay(learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
                      name: str | None = None) -> Node:
    """learning_rate * exp(-decay_rate * global_step / decay_steps), in whole steps if `staircase`. DTypeError: no numbers. GraphError: no step."""
    rate, steps, measure = _operands("natural_exp_decay", learning_rate, global_step, decay_steps)
    return multiply(rate, exp(-scalar(decay_rate, rate.type.dtype) * _quotient(steps, measure, staircase)), name=name)


@composed("InverseTimeDecay")
def inverse_time_decay(learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
                       name: str | None = None) -> Node:
    """learning_rate / (1 + decay_rate * global_step / decay_steps), in whole steps if `staircase`. DTypeError: no numbers. GraphError: no step."""
    rate, steps, measure = _operands("inverse_time_decay", learning_rate, global_step, decay_steps)
    return truediv(rate, 1.0 + scalar(decay_rate, rate.type.dtype) * _quotient(steps, measure, staircase), name=name)


@composed("PolynomialDecay")
def polynomial_decay(learning_rate: Any, global_step: Any, decay_steps: Any, end_learning_rate: Any = 0.0001, power: Any = 1.0,
                     cycle: bool = False, name: str | None = None) -> Node:
    """(learning_rate - end) * (1 - global_step / decay_steps) ** power + end, and `end` from decay_steps on.

    `cycle`: beyond decay_steps it stretches to the next multiple of them. DTypeError: no numbers. GraphError: no step.

    >>> tf.Session(jit=False).run(tf.train.polynomial_decay(1.0, 5, 10, end_learning_rate=0.0))
    np.float32(0.5)
    """
    rate, steps, measure = _operands("polynomial_decay", learning_rate, global_step, decay_steps)
    end, power = scalar(end_learning_rate, rate.type.dtype), scalar(power, rate.type.dtype)
    if cycle:
        measure = measure * choose(equal(steps, 0.0), 1.0, ceil(steps / measure))
    else:
        steps = minimum(steps, measure)
    return add((rate - end) * pow(1.0 - steps / measure, power), end, name=name)


def piecewise_constant(x: Any, boundaries: Sequence[Any], values: Sequence[Any], name: str | None = None) -> Node:
    """values[0] as far as boundaries[0], values[i + 1] beyond boundaries[i], and the last value beyond the last boundary.

    x: number[], boundaries: n numbers that grow, values: n + 1 numbers. GraphError: another count. DTypeError: no numbers, or kinds that differ.

    >>> rate = tf.train.piecewise_constant(11, boundaries=[10, 20], values=[1.0, 0.5, 0.1])
    >>> tf.Session(jit=False).run(rate)
    np.float32(0.5)
    """
    if len(boundaries) != len(values) - 1:
        raise GraphError(f"piecewise_constant: {len(boundaries)} boundaries take {len(boundaries) + 1} values, not {len(values)}{here()}")
    at = to_node(x)
    with name_scope(name, "PiecewiseConstant"):
        result = to_node(values[-1])
        for limit, value in reversed(list(zip(boundaries, values, strict=False))):
            bound = to_node(limit, None if isinstance(limit, Node) else at.dtype)
            other = to_node(value, None if isinstance(value, Node) else result.dtype)
            if other.type.dtype != result.type.dtype:
                raise DTypeError(f"piecewise_constant: {describe(other)} and {describe(result)} are of two dtypes{here()}")
            result = choose(less_equal(at, bound), other, result)
        return result


piecewise_constant_decay = piecewise_constant


# ---------------------------------------------------------------------- cosines

def _cosine(rate: Node, part: Node, periods: float = 1.0) -> Node:
    """(1 + cos(pi * periods * part)) / 2."""
    return 0.5 * (1.0 + cos(np.asarray(math.pi * periods, rate.type.dtype) * part))


@composed("CosineDecay", "Mul_3")
def cosine_decay(learning_rate: Any, global_step: Any, decay_steps: Any, alpha: float = 0.0, name: str | None = None) -> Node:
    """learning_rate * ((1 - alpha) * (1 + cos(pi * s)) / 2 + alpha) of s = min(global_step, decay_steps) / decay_steps.

    Loshchilov and Hutter 2016. DTypeError: no numbers. GraphError: no step.

    >>> tf.Session(jit=False).run(tf.train.cosine_decay(1.0, 5, 10)).round(6)
    np.float32(0.5)
    """
    rate, steps, measure = _operands("cosine_decay", learning_rate, global_step, decay_steps)
    part = minimum(steps, measure) / measure
    return multiply(rate, (1.0 - alpha) * _cosine(rate, part) + alpha, name=name)


def cosine_decay_restarts(learning_rate: Any, global_step: Any, first_decay_steps: Any, t_mul: float = 2.0, m_mul: float = 1.0,
                          alpha: float = 0.0, name: str | None = None) -> Node:
    """`cosine_decay` that starts again after first_decay_steps, each time for t_mul times as many steps and with m_mul times the rate.

    SGDR (Loshchilov and Hutter 2016). DTypeError: no numbers. GraphError: no step.
    """
    rate, steps, measure = _operands("cosine_decay_restarts", learning_rate, global_step, first_decay_steps)
    done = steps / measure
    if t_mul == 1.0:
        restart = floor(done)
        part = done - restart
    else:
        restart = floor(log(1.0 - done * (1.0 - t_mul)) / math.log(t_mul))
        grown = pow(np.asarray(t_mul, rate.type.dtype), restart)
        part = (done - (1.0 - grown) / (1.0 - t_mul)) / grown
    factor = pow(np.asarray(m_mul, rate.type.dtype), restart)
    return multiply(rate, (1.0 - alpha) * factor * _cosine(rate, part) + alpha, name=name)


def linear_cosine_decay(learning_rate: Any, global_step: Any, decay_steps: Any, num_periods: float = 0.5, alpha: float = 0.0,
                        beta: float = 0.001, name: str | None = None) -> Node:
    """learning_rate * ((alpha + 1 - s) * (1 + cos(2 pi num_periods * s)) / 2 + beta) of s = min(global_step, decay_steps) / decay_steps.

    Bello et al. 2017. DTypeError: no numbers. GraphError: no step.
    """
    rate, steps, measure = _operands("linear_cosine_decay", learning_rate, global_step, decay_steps)
    part = minimum(steps, measure) / measure
    return multiply(rate, (alpha + (1.0 - part)) * _cosine(rate, part, 2.0 * num_periods) + beta, name=name)


def noisy_linear_cosine_decay(learning_rate: Any, global_step: Any, decay_steps: Any, initial_variance: float = 1.0,
                              variance_decay: float = 0.55, num_periods: float = 0.5, alpha: float = 0.0, beta: float = 0.001,
                              name: str | None = None) -> Node:
    """`linear_cosine_decay` with normal noise of variance initial_variance / (1 + global_step) ** variance_decay on its linear part.

    Bello et al. 2017. DTypeError: no numbers. GraphError: no step.
    """
    rate, steps, measure = _operands("noisy_linear_cosine_decay", learning_rate, global_step, decay_steps)
    steps = minimum(steps, measure)
    part = steps / measure
    deviation = sqrt(initial_variance / pow(1.0 + steps, np.asarray(variance_decay, rate.type.dtype)))
    noise = random_normal([], dtype=rate.dtype) * deviation
    return multiply(rate, (alpha + (1.0 - part) + noise) * _cosine(rate, part, 2.0 * num_periods) + beta, name=name)
