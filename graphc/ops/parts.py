"""What is said of each part of a tensor, a part being what stands at one place of its first axes, laid over all elements of the part."""

from __future__ import annotations

import numpy as np

from ..ir.node import Node
from .array_move import expand_dims
from .later import deferrable, later
from .math import where


def over(each: Node, like: Node) -> Node:
    """A tensor with axes of size 1 behind its own, as many as `like` has more: both have a known rank."""
    for _ in range((like.type.rank or 0) - (each.type.rank or 0)):
        each = expand_dims(each, -1)
    return each


@deferrable("only")
def only(chosen: Node, parts: Node, name: str | None = None) -> Node:
    """The parts that are chosen, and zeros for the others.

    chosen: bool[p], parts: T[p, ...] -> T[p, ...], p being any number of axes.
    """
    if None in (chosen.type.rank, parts.type.rank):
        return later("only", (chosen, parts), parts.type, name)
    return where(over(chosen, parts), parts, np.zeros((), parts.type.dtype), name=name)
