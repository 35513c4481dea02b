"""`tf.keras.applications.densenet`: layers that each take all those before them in their block (Huang et al., 2017)."""

from __future__ import annotations

from collections.abc import Callable

from ...ir.node import Node
from ...tf1_names import namespace as _namespace
from ..layers import AveragePooling2D, Concatenate, Conv2D, MaxPooling2D, ZeroPadding2D
from .imagenet_utils import decode_predictions, preparing
from .parts import channels, depth, norm, relu, through
from .plan import Net, Plan, averaged, kernels, net

__all__ = ["DenseNet121", "DenseNet169", "DenseNet201", "decode_predictions", "preprocess_input"]

_GROWTH = 32
_LAYERS = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}           # of each block (Huang et al., 2017, table 1)


def _normed(bn: str, rectified: str) -> list[object]:
    return [norm(bn, epsilon=1.001e-5), relu(rectified)]


def _layer(x: Node, name: str) -> Node:
    new = through(x, *_normed(f"{name}_0_bn", f"{name}_0_relu"), Conv2D(4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv"),
                  *_normed(f"{name}_1_bn", f"{name}_1_relu"), Conv2D(_GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv"))
    made: Node = Concatenate(axis=channels(), name=f"{name}_concat")([x, new])
    return made


def _halved(x: Node, name: str) -> Node:
    """Half as many channels, half as high and wide."""
    return through(x, *_normed(f"{name}_bn", f"{name}_relu"), Conv2D(depth(x) // 2, 1, use_bias=False, name=f"{name}_conv"),
                   AveragePooling2D(2, 2, name=f"{name}_pool"))


def _body(counts: tuple[int, ...]) -> Callable[[Node], Node]:
    def body(x: Node) -> Node:
        x = through(x, ZeroPadding2D(3), Conv2D(64, 7, strides=2, use_bias=False, name="conv1/conv"), *_normed("conv1/bn", "conv1/relu"),
                    ZeroPadding2D(1), MaxPooling2D(3, 2, name="pool1"))
        for i, count in enumerate(counts, 2):
            if i > 2:
                x = _halved(x, f"pool{i - 1}")
            for j in range(1, count + 1):
                x = _layer(x, f"conv{i}_block{j}")
        return through(x, *_normed("bn", "relu"))
    return body


def _dense(layers: int) -> Net:
    name = f"densenet{layers}"
    plan = Plan(name, _body(_LAYERS[layers]), averaged("avg_pool", "fc1000"), kernels(name), pools=("avg_pool", "max_pool"))
    return net(f"DenseNet{layers}", plan, f"The densely connected net of {layers} layers (Huang et al., 2017)")


preprocess_input = preparing("torch")
DenseNet121, DenseNet169, DenseNet201 = (_dense(layers) for layers in _LAYERS)

_namespace(globals())
