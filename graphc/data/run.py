"""What the streams of one iterator share: the values of the tensors that its dataset depends on, and what its session keeps."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from ..ir.node import Node
from ..ir.reference import interpret
from ..ir.types import Array
from ..runtime.resources import Resources
from .blocks import array_of
from .stages import Memory


def values_of(nodes: Sequence[Node], values: Sequence[Any]) -> dict[Node, Array]:
    """Arrays by the tensors whose values they are."""
    return {n: array_of(v) for n, v in zip(nodes, values, strict=True)}


class Run:
    """What the streams of one iterator know: the values of tensors, what the session keeps, and how often each dataset has begun."""

    def __init__(self, values: dict[Node, Array], kept: Resources, lane: Hashable = 0):
        self.values, self.kept = values, kept
        self.lane = lane                        # functions of different lanes are called at once
        self.begun: dict[int, int] = {}
        self.memories: dict[int, Memory] = {}
        self.fresh: dict[int, int] = {}         # what draws without a seed

    def value(self, node: Node) -> Array:
        """The value of a tensor: as it was when the iterator was initialised, or what constants make of it."""
        found = self.values.get(node)
        if found is None:
            found = self.values[node] = interpret([node], {})[0]
        return found

    def inner(self, values: dict[Node, Array], lane: Hashable) -> Run:
        """For a dataset that a function made of an element."""
        return Run({**self.values, **values}, self.kept, lane)
