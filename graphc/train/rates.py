"""Learning rates that change with the number of steps."""

from __future__ import annotations

from typing import Any

from ..ir.node import Node
from ..ir.operator import to_node
from ..ops.math import cast, floor, multiply, pow
from .optimizer import scalar

__all__ = ["exponential_decay"]


def exponential_decay(learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
                      name: str | None = None) -> Node:
    """learning_rate * decay_rate ** (global_step / decay_steps); with `staircase` the quotient is rounded down.

    learning_rate * decay_rate ** (global_step / decay_steps), in whole steps if `staircase`. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.train.exponential_decay(0.1, 20, decay_steps=10, decay_rate=0.5))
    np.float32(0.025)
    """
    rate = to_node(learning_rate)
    steps = cast(to_node(global_step), rate.type.dtype) / scalar(decay_steps, rate.type.dtype)
    exponent = floor(steps) if staircase else steps
    return multiply(rate, pow(scalar(decay_rate, rate.type.dtype), exponent), name=name)


def __dir__() -> list[str]:
    return [*__all__]
