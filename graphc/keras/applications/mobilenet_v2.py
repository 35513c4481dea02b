"""`tf.keras.applications.mobilenet_v2`: blocks that widen, look at each channel for itself, and narrow again (Sandler et al., 2018)."""

from __future__ import annotations

from typing import Any

from ...errors import GraphError
from ...ir.node import Node, here
from ...tf1_names import namespace as _namespace
from ..backend import state
from ..engine.model import Model
from ..layers import Add, Conv2D, DepthwiseConv2D, ReLU, ZeroPadding2D
from .imagenet_utils import decode_predictions, preparing
from .parts import channels, depth, halving, norm, through
from .plan import IMAGENET, Plan, averaged, model_of, named

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

# Depth, stride and how much wider, of the first block of each stage, and how many blocks it has (Sandler et al., 2018, table 2).
_STAGES = ((16, 1, 1, 1), (24, 2, 6, 2), (32, 2, 6, 3), (64, 2, 6, 4), (96, 1, 6, 3), (160, 2, 6, 3), (320, 1, 6, 1))
_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)


def _eights(wanted: float) -> int:
    """The multiple of 8 nearest to a number of channels, not less than nine tenths of it."""
    found = max(8, int(wanted + 4) // 8 * 8)
    return found + 8 if found < 0.9 * wanted else found


def _normed(name: str, bn: str | None = None, rectified: bool = True) -> list[object]:
    return [norm(bn or f"{name}_BN", epsilon=1e-3, momentum=0.999), *([ReLU(6.0, name=f"{name}_relu")] if rectified else [])]


def _block(start: Node, number: int, wanted: int, strides: int, expansion: int) -> Node:
    name, deep, x = f"block_{number}_" if number else "expanded_conv_", depth(start), start
    if number:
        x = through(x, Conv2D(expansion * deep, 1, padding="same", use_bias=False, name=f"{name}expand"), *_normed(f"{name}expand"))
    if strides == 2:
        x = ZeroPadding2D(halving(x, 3), name=f"{name}pad")(x)
    x = through(x, DepthwiseConv2D(3, strides, "same" if strides == 1 else "valid", use_bias=False, name=f"{name}depthwise"),
                *_normed(f"{name}depthwise"), Conv2D(wanted, 1, padding="same", use_bias=False, name=f"{name}project"),
                *_normed(f"{name}project", rectified=False))
    made: Node = Add(name=f"{name}add")([start, x]) if deep == wanted and strides == 1 else x
    return made


def _plan(alpha: float) -> Plan:
    def body(x: Node) -> Node:
        x = through(x, ZeroPadding2D(halving(x, 3), name="Conv1_pad"), Conv2D(_eights(32 * alpha), 3, 2, use_bias=False, name="Conv1"),
                    *_normed("Conv1", "bn_Conv1"))
        number = 0
        for wanted, strides, expansion, count in _STAGES:
            for i in range(count):
                x = _block(x, number, _eights(int(wanted * alpha)), 1 if i else strides, expansion)
                number += 1
        last = _eights(1280 * alpha) if alpha > 1.0 else 1280
        return through(x, Conv2D(last, 1, use_bias=False, name="Conv_1"), *_normed("out", "Conv_1_bn"))

    file = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_{{rows}}"
    return Plan(f"mobilenetv2_{alpha:.2f}_{{rows}}", body, averaged(None, "Logits"), (f"{file}.h5", f"{file}_no_top.h5"),
                known=(96, 128, 160, 192, 224))


def MobileNetV2(input_shape: Any = None, alpha: float = 1.0, include_top: bool = True, weights: Any = IMAGENET, input_tensor: Any = None,
                pooling: str | None = None, classes: int = 1000) -> Model:
    """See `plan.DOC`."""
    what = "keras.applications.MobileNetV2"
    if weights == IMAGENET and alpha not in _ALPHAS:
        raise GraphError(f"{what}: the weights of 'imagenet' are for an alpha of {', '.join(map(str, _ALPHAS))}, not {alpha!r:.40}{here()}")
    if input_tensor is not None and input_shape is not None:
        if not state.is_keras_tensor(input_tensor):
            raise GraphError(f"{what}: beside input_shape an input_tensor is one of a layer{here()}")
        width = 3 if channels() == 1 else 2
        if input_tensor.shape.as_list()[width] != input_shape[width - 1]:
            raise GraphError(f"{what}: input_shape, {input_shape!r:.80}, is not that of input_tensor, {input_tensor.shape}{here()}")
    return model_of("MobileNetV2", _plan(alpha), include_top, weights, input_tensor, input_shape, pooling, classes)


preprocess_input = preparing("tf")
named(MobileNetV2, "MobileNetV2", "The net of Sandler et al. (2018), of `alpha` times the channels")

_namespace(globals())
