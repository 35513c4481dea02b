"""Nets that are one layer after another, built from a table: a row a layer, or a block of branches whose results lie side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ....errors import ArgumentError
from ....ir.node import Node, here
from ....ops.array_join import concat
from ....variables import variable_scope
from ...layers import avg_pool2d, conv2d, max_pool2d


class Conv(NamedTuple):
    """A convolution under a scope: its channels, its window, its stride, and arguments of `conv2d` beside."""

    scope: str
    depth: int
    kernel: Sequence[int]
    stride: int = 1
    more: Mapping[str, Any] = {}

    def build(self, net: Node, depth: Callable[[int], int]) -> Node:
        """The convolution of `net`, with `depth(d)` channels for d."""
        return conv2d(net, depth(self.depth), [*self.kernel], stride=self.stride, scope=self.scope, **self.more)


class Pool(NamedTuple):
    """The greatest, or the mean, of windows, under a scope."""

    scope: str
    kernel: Sequence[int]
    stride: int = 1
    more: Mapping[str, Any] = {}

    def build(self, net: Node, depth: Callable[[int], int]) -> Node:
        """The windows of `net`."""
        pool = avg_pool2d if self.scope.startswith("AvgPool") else max_pool2d
        return pool(net, [*self.kernel], stride=self.stride, scope=self.scope, **self.more)


class Split(NamedTuple):
    """Several layers of one input, whose results lie side by side."""

    parts: Sequence[Conv]

    def build(self, net: Node, depth: Callable[[int], int]) -> Node:
        """All of them, of `net`."""
        return concat([part.build(net, depth) for part in self.parts], 3)


class Mixed(NamedTuple):
    """A block: branches under a scope, each some layers, whose results lie side by side."""

    scope: str
    branches: Sequence[Sequence[Conv | Pool | Split]]
    more: Mapping[str, Any] = {}

    def build(self, net: Node, depth: Callable[[int], int]) -> Node:
        """All branches, of `net`."""
        found = []
        with variable_scope(self.scope):
            for i, branch in enumerate(self.branches):
                with variable_scope(f"Branch_{i}"):
                    found.append(built(branch, net, depth))
            return concat(found, 3)


def built(layers: Sequence[Conv | Pool | Split | Mixed], net: Node, depth: Callable[[int], int] = int) -> Node:
    """One layer after another."""
    for layer in layers:
        net = layer.build(net, depth)
    return net


def up_to(table: Sequence[Conv | Pool | Mixed], net: Node, final: str, depth: Callable[[int], int]) -> tuple[Node, dict[str, Node]]:
    """The layers of a table to the one of that scope, and their results by their scopes. ArgumentError: there is none of it."""
    if final not in [layer.scope for layer in table]:
        raise ArgumentError(f"{final!r:.60} is no end of this net: {', '.join(layer.scope for layer in table)}{here()}")
    ends: dict[str, Node] = {}
    for layer in table:
        net = ends[layer.scope] = layer.build(net, depth)
        if layer.scope == final:
            break
    return net, ends


def depths(multiplier: float, least: int) -> Callable[[int], int]:
    """How many channels a layer of a thinner net has. ArgumentError: the multiplier is not above 0."""
    if not multiplier > 0:
        raise ArgumentError(f"depth_multiplier is above 0, not {multiplier!r:.60}{here()}")
    return lambda d: max(int(d * multiplier), least)
