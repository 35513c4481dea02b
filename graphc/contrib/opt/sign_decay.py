"""How `AddSignOptimizer` and `PowerSignOptimizer` have the signs' part of a step fade, as functions of the steps that were made."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...errors import GraphError
from ...ir.node import Node, here
from ...ir.operator import to_node
from ...ir.types import float32
from ...ops.math import cast, cos, floormod, greater_equal, maximum, minimum, where

__all__ = ["get_cosine_decay_fn", "get_linear_decay_fn", "get_restart_decay_fn"]


def _part(what: str, global_step: Any, decay_steps: Any) -> Node:
    """Which part of the steps is made, at most 1."""
    if global_step is None:
        raise GraphError(f"{what} needs the global_step: give it to minimize or apply_gradients{here()}")
    return cast(minimum(cast(to_node(global_step), float32), float(decay_steps)), float32) / float(decay_steps)


def get_linear_decay_fn(decay_steps: int) -> Callable[[Any], Node]:
    """max(0, 1 - t / decay_steps) as a function of the step t (Bello et al. 2017, section 5.3); GraphError, by it: there is no step.

    >>> tf.Session(jit=False).run(tf.contrib.opt.get_linear_decay_fn(100)(25))
    np.float32(0.75)
    """
    return lambda global_step: maximum(0.0, 1.0 - _part("linear decay", global_step, decay_steps))


def get_cosine_decay_fn(decay_steps: int, num_periods: float = 0.5, zero_after: float | None = None) -> Callable[[Any], Node]:
    """(1 + cos(2 pi num_periods t / decay_steps)) / 2 as a function of the step t (Bello et al. 2017); 0 from `zero_after` periods on.

    GraphError, by it: there is no step.

    >>> tf.Session(jit=False).run(tf.contrib.opt.get_cosine_decay_fn(100)(50)).round(6)
    np.float32(0.5)
    """
    def decay(global_step: Any) -> Node:
        turned = num_periods * _part("cosine decay", global_step, decay_steps)
        value = 0.5 * (1.0 + cos(2.0 * math.pi * turned))
        return value if zero_after is None else where(greater_equal(turned, float(zero_after)), 0.0, value)
    return decay


def get_restart_decay_fn(decay_steps: int, num_periods: float = 1, zero_after: float | None = None) -> Callable[[Any], Node]:
    """(1 + cos(pi r)) / 2 of r, the part of the present one of `num_periods` that is over; 0 from `zero_after` periods on.

    As a function of the step; at the end of one period the next begins (Loshchilov and Hutter 2017, equation 5). GraphError, by it: there is
    no step.

    >>> tf.Session(jit=False).run(tf.contrib.opt.get_restart_decay_fn(100, num_periods=2)(50)).round(6)
    np.float32(1.0)
    """
    def decay(global_step: Any) -> Node:
        periods = num_periods * _part("restart decay", global_step, decay_steps)
        value = 0.5 * (1.0 + cos(math.pi * floormod(periods, 1.0)))
        return value if zero_after is None else where(greater_equal(periods, float(zero_after)), 0.0, value)
    return decay
