"""`tf.keras.applications.xception`: blocks of separable convolutions that add to what a convolution makes of their input (Chollet, 2017)."""

from __future__ import annotations

from ...ir.node import Node
from ...tf1_names import namespace as _namespace
from ..layers import Conv2D, MaxPooling2D, SeparableConv2D, add
from .imagenet_utils import decode_predictions, preparing
from .parts import norm, relu, through
from .plan import Plan, averaged, kernels, net

__all__ = ["Xception", "decode_predictions", "preprocess_input"]

# The depths of the separable convolutions of blocks 2 to 13. Where they grow, the block is half as high and wide.
_BLOCKS = ((128, 128), (256, 256), (728, 728), *[(728, 728, 728)] * 8, (728, 1024))


def _separable(depth: int, name: str) -> list[object]:
    return [SeparableConv2D(depth, 3, padding="same", use_bias=False, name=name), norm(f"{name}_bn")]


def _block(x: Node, number: int, depths: tuple[int, ...]) -> Node:
    halved = len(depths) == 2
    aside = through(x, Conv2D(depths[-1], 1, 2, "same", use_bias=False), norm()) if halved else x
    for i, depth in enumerate(depths, 1):
        name = f"block{number}_sepconv{i}"
        # The first of block 2 takes what is rectified already.
        x = through(x, *([relu(f"{name}_act")] if number > 2 or i > 1 else []), *_separable(depth, name))
    made: Node = add([MaxPooling2D(3, 2, "same", name=f"block{number}_pool")(x) if halved else x, aside])
    return made


def _body(x: Node) -> Node:
    for i, (depth, strides) in enumerate(((32, 2), (64, 1)), 1):
        name = f"block1_conv{i}"
        x = through(x, Conv2D(depth, 3, strides, use_bias=False, name=name), norm(f"{name}_bn"), relu(f"{name}_act"))
    for number, depths in enumerate(_BLOCKS, 2):
        x = _block(x, number, depths)
    for i, depth in enumerate((1536, 2048), 1):
        x = through(x, *_separable(depth, f"block14_sepconv{i}"), relu(f"block14_sepconv{i}_act"))
    return x


preprocess_input = preparing("tf")
Xception = net("Xception", Plan("xception", _body, averaged("avg_pool", "predictions"), kernels("xception"), 299, 71),
               "The net of separable convolutions of Chollet (2017)")

_namespace(globals())
