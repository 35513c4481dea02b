"""Blocks of branches whose results lie side by side, from tables, as both inception nets have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...ir.node import Node
from ..layers import AveragePooling2D, Concatenate, Conv2D, MaxPooling2D
from .parts import channels, norm, relu, through


class Conv(NamedTuple):
    """A convolution without a bias, a norm without a scale, and a rectifier; named after the convolution."""

    depth: int
    kernel: int | tuple[int, int]
    strides: int = 1
    padding: str = "same"

    def build(self, x: Node, name: str | None = None) -> Node:
        """What they make of `x`."""
        bn, ac = (f"{name}_{w}" if name else None for w in ("bn", "ac"))
        return through(x, Conv2D(self.depth, self.kernel, self.strides, self.padding, use_bias=False, name=name), norm(bn, scale=False), relu(ac))


def valid(depth: int, kernel: int | tuple[int, int], strides: int = 1) -> Conv:
    """A convolution at places within the picture alone."""
    return Conv(depth, kernel, strides, "valid")


class Mean(NamedTuple):
    """The means of windows of 3 by 3, as many as there are pixels."""

    def build(self, x: Node) -> Node:
        """The means of `x`."""
        return through(x, AveragePooling2D(3, 1, "same"))


class Most(NamedTuple):
    """The greatest of windows of 3 by 3, two pixels apart."""

    def build(self, x: Node) -> Node:
        """The greatest numbers of `x`."""
        return through(x, MaxPooling2D(3, 2))


class Split(NamedTuple):
    """Two convolutions of one input, side by side."""

    parts: Sequence[Conv]
    name: str | None = None

    def build(self, x: Node) -> Node:
        """Both, of `x`."""
        return side_by_side(x, [[part] for part in self.parts], self.name)


Branch = Sequence[Conv | Mean | Most | Split]


def chained(x: Node, rows: Branch) -> Node:
    """One row after another."""
    for row in rows:
        x = row.build(x)
    return x


def side_by_side(x: Node, branches: Sequence[Branch], name: str | None) -> Node:
    """All branches of one input, along the channels."""
    made: Node = Concatenate(axis=channels(), name=name)([chained(x, branch) for branch in branches])
    return made


# The first layers of both: pictures of 299 by 299 become 35 by 35.
STEM: Branch = (valid(32, 3, 2), valid(32, 3), Conv(64, 3), Most(), valid(80, 1), valid(192, 3), Most())


def __dir__() -> list[str]:
    return ["Conv", "Mean", "Most", "STEM", "Split", "chained", "side_by_side", "valid"]
