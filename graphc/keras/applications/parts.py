"""What the bodies of nets are put together from: layers after one another, norms along channels, rectifiers, zeros around pictures."""

from __future__ import annotations

from typing import Any

from ...ir.node import Node
from ..backend import state
from ..layers import Activation, BatchNormalization


def channels() -> int:
    """The axis of the channels, as `image_data_format` has it."""
    return 1 if state.image_data_format() == "channels_first" else -1


def pictured(shape: Any) -> tuple[int | None, ...]:
    """Height and width of a shape without its batch."""
    sides: tuple[int | None, ...] = tuple(shape[1:3] if channels() == 1 else shape[:2])
    return sides


def depth(x: Node) -> int:
    """How many channels pictures have."""
    found = x.shape.as_list()[channels()]
    assert found is not None        # a convolution has made it
    return found


def through(x: Any, *layers: Any) -> Node:
    """One layer after another."""
    for layer in layers:
        x = layer(x)
    made: Node = x
    return made


def norm(name: str | None = None, **more: Any) -> BatchNormalization:
    """A norm of each channel over batch and pictures."""
    return BatchNormalization(axis=channels(), name=name, **more)


def relu(name: str | None = None) -> Activation:
    """A rectifier as a layer of its own."""
    return Activation("relu", name=name)


def halving(x: Node, kernel: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The zeros around pictures before a window with a stride of 2, so that places lie as TensorFlow's older nets have them."""
    height, width = pictured(x.shape.as_list()[1:])
    half = kernel // 2
    up, left = (half - 1 if side is None else half - 1 + side % 2 for side in (height, width))
    return (up, half), (left, half)


def __dir__() -> list[str]:
    return ["channels", "depth", "halving", "norm", "pictured", "relu", "through"]
