"""Residual nets: blocks of units that add to their input what three convolutions make of it, normalised behind them or before them."""

from __future__ import annotations

from collections.abc import Callable

from ...ir.node import Node
from ..layers import Add, Conv2D, MaxPooling2D, ZeroPadding2D
from .parts import norm, relu, through
from .plan import Net, Plan, averaged, kernels, net

_EPSILON = 1.001e-5
_UNITS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}         # of each block, by the number of layers (He et al., 2016, table 1)


def _normed(name: str) -> list[object]:
    return [norm(f"{name}_bn", epsilon=_EPSILON), relu(f"{name}_relu")]


def _behind(x: Node, depth: int, stride: int, first: bool, name: str) -> Node:
    """A unit of version 1: the norms stand behind the convolutions, the stride in the first unit."""
    aside = through(x, Conv2D(4 * depth, 1, strides=stride, name=f"{name}_0_conv"), norm(f"{name}_0_bn", epsilon=_EPSILON)) if first else x
    x = through(x, Conv2D(depth, 1, strides=stride, name=f"{name}_1_conv"), *_normed(f"{name}_1"),
                Conv2D(depth, 3, padding="same", name=f"{name}_2_conv"), *_normed(f"{name}_2"),
                Conv2D(4 * depth, 1, name=f"{name}_3_conv"), norm(f"{name}_3_bn", epsilon=_EPSILON))
    return through([aside, x], Add(name=f"{name}_add"), relu(f"{name}_out"))


def _before(x: Node, depth: int, stride: int, first: bool, name: str) -> Node:
    """A unit of version 2: the norms stand before the convolutions, the stride in the last unit."""
    normed = through(x, *_normed(f"{name}_preact"))
    if first:
        aside = Conv2D(4 * depth, 1, strides=stride, name=f"{name}_0_conv")(normed)
    else:
        aside = MaxPooling2D(1, strides=stride)(x) if stride > 1 else x
    x = through(normed, Conv2D(depth, 1, use_bias=False, name=f"{name}_1_conv"), *_normed(f"{name}_1"),
                ZeroPadding2D(1, name=f"{name}_2_pad"), Conv2D(depth, 3, strides=stride, use_bias=False, name=f"{name}_2_conv"),
                *_normed(f"{name}_2"), Conv2D(4 * depth, 1, name=f"{name}_3_conv"))
    made: Node = Add(name=f"{name}_out")([aside, x])
    return made


def _body(units: tuple[int, ...], before: bool) -> Callable[[Node], Node]:
    unit = _before if before else _behind

    def body(x: Node) -> Node:
        x = through(x, ZeroPadding2D(3, name="conv1_pad"), Conv2D(64, 7, strides=2, name="conv1_conv"))
        x = through(x, *([] if before else _normed("conv1")), ZeroPadding2D(1, name="pool1_pad"), MaxPooling2D(3, strides=2, name="pool1_pool"))
        for i, count in enumerate(units):
            strided = (count - 1 if i < 3 else None) if before else (0 if i > 0 else None)     # which unit halves height and width
            for j in range(count):
                x = unit(x, 64 << i, 2 if j == strided else 1, j == 0, f"conv{i + 2}_block{j + 1}")
        return through(x, *(_normed("post") if before else []))
    return body


def residual(layers: int, version: int) -> Net:
    """The net of so many layers."""
    name = f"resnet{layers}{'v2' if version == 2 else ''}"
    title = f"The residual net of {layers} layers{', version 2' if version == 2 else ''} (He et al., 2016)"
    plan = Plan(name, _body(_UNITS[layers], version == 2), averaged("avg_pool", "probs"), kernels(name), pools=("avg_pool", "max_pool"))
    return net(f"ResNet{layers}{'V2' if version == 2 else ''}", plan, title)


ResNet50, ResNet101, ResNet152 = (residual(layers, 1) for layers in _UNITS)
ResNet50V2, ResNet101V2, ResNet152V2 = (residual(layers, 2) for layers in _UNITS)


def __dir__() -> list[str]:
    return ["ResNet101", "ResNet101V2", "ResNet152", "ResNet152V2", "ResNet50", "ResNet50V2"]
