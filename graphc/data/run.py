"""What the streams of one iterator share: the values of the tensors that its dataset depends on, and what its session keeps."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from ..ir.node import Node
from ..ir.reference import interpret
from ..ir.types import Array
from ..ops import random
from ..runtime.resources import Resources
from .blocks import array_of
from .stages import Memory

_BITS = 2**64 - 1


def values_of(nodes: Sequence[Node], values: Sequence[Any]) -> dict[Node, Array]:
    """Arrays by the tensors whose values they are."""
    return {n: array_of(v) for n, v in zip(nodes, values, strict=True)}


def mixed(entropy: int, number: int) -> int:
    """64 bits that follow from others and a number: the end of Stafford's mix 13 (2011)."""
    bits = (entropy + number * 0x9E3779B97F4A7C15) & _BITS
    bits = ((bits ^ bits >> 30) * 0xBF58476D1CE4E5B9) & _BITS
    bits = ((bits ^ bits >> 27) * 0x94D049BB133111EB) & _BITS
    return bits ^ bits >> 31


class Run:
    """What the streams of one iterator know: the values of tensors, what the session keeps, and how often each dataset has begun."""

    def __init__(self, values: dict[Node, Array], kept: Resources, lane: Hashable = 0, entropy: int | None = None):
        self.values, self.kept = values, kept
        self.lane = lane                        # functions of different lanes are called at once
        self.begun: dict[int, int] = {}
        self.memories: dict[int, Memory] = {}
        # What those draw with that have no seed, each with its number; of runs within, one after another.
        self.entropy = random.fresh() if entropy is None else entropy
        self._within = 0

    def value(self, node: Node) -> Array:
        """The value of a tensor: as it was when the iterator was initialised, or what constants make of it."""
        found = self.values.get(node)
        if found is None:
            found = self.values[node] = interpret([node], {})[0]
        return found

    def inner(self, values: dict[Node, Array], lane: Hashable) -> Run:
        """For a dataset that a function made of an element."""
        self._within += 1
        return Run({**self.values, **values}, self.kept, lane, mixed(self.entropy, -self._within))
