"""`tf.keras.applications.mobilenet`: convolutions of each channel for itself, then of all at each pixel (Howard et al., 2017)."""

from __future__ import annotations

from typing import Any

from ...errors import GraphError
from ...ir.node import Node, here
from ...tf1_names import namespace as _namespace
from ..engine.model import Model
from ..layers import Activation, Conv2D, DepthwiseConv2D, Dropout, GlobalAveragePooling2D, ReLU, Reshape, ZeroPadding2D
from .imagenet_utils import decode_predictions, preparing
from .parts import channels, norm, through
from .plan import IMAGENET, Plan, model_of, named

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]

# The depth and the stride of each block behind the first convolution.
_BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
_ALPHAS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}
_EDGE = ((0, 1), (0, 1))


def _normed(name: str) -> list[object]:
    return [norm(f"{name}_bn"), ReLU(6.0, name=f"{name}_relu")]


def _plan(alpha: float, depth_multiplier: int, dropout: float) -> Plan:
    def body(x: Node) -> Node:
        x = through(x, ZeroPadding2D(_EDGE, name="conv1_pad"), Conv2D(int(32 * alpha), 3, 2, use_bias=False, name="conv1"), *_normed("conv1"))
        for i, (depth, strides) in enumerate(_BLOCKS, 1):
            padded = [] if strides == 1 else [ZeroPadding2D(_EDGE, name=f"conv_pad_{i}")]
            x = through(x, *padded, DepthwiseConv2D(3, strides, "valid" if padded else "same", depth_multiplier, use_bias=False, name=f"conv_dw_{i}"),
                        *_normed(f"conv_dw_{i}"), Conv2D(int(depth * alpha), 1, padding="same", use_bias=False, name=f"conv_pw_{i}"),
                        *_normed(f"conv_pw_{i}"))
        return x

    def classifier(classes: int) -> list[object]:
        depth = int(1024 * alpha)
        return [GlobalAveragePooling2D(), Reshape((depth, 1, 1) if channels() == 1 else (1, 1, depth), name="reshape_1"),
                Dropout(dropout, name="dropout"), Conv2D(classes, 1, padding="same", name="conv_preds"),
                Reshape((classes,), name="reshape_2"), Activation("softmax", name="act_softmax")]

    file = f"mobilenet_{_ALPHAS.get(alpha)}_{{rows}}_tf"
    return Plan(f"mobilenet_{alpha:.2f}_{{rows}}", body, classifier, (f"{file}.h5", f"{file}_no_top.h5"), known=(128, 160, 192, 224))


def MobileNet(input_shape: Any = None, alpha: float = 1.0, depth_multiplier: int = 1, dropout: float = 1e-3, include_top: bool = True,
              weights: Any = IMAGENET, input_tensor: Any = None, pooling: str | None = None, classes: int = 1000) -> Model:
    """See `plan.DOC`."""
    if weights == IMAGENET and (alpha not in _ALPHAS or depth_multiplier != 1):
        raise GraphError(f"keras.applications.MobileNet: the weights of 'imagenet' are for depth_multiplier=1 and an alpha of "
                         f"{', '.join(map(str, _ALPHAS))}, not {depth_multiplier!r:.40} and {alpha!r:.40}{here()}")
    plan = _plan(alpha, depth_multiplier, dropout)
    return model_of("MobileNet", plan, include_top, weights, input_tensor, input_shape, pooling, classes)


preprocess_input = preparing("tf")
named(MobileNet, "MobileNet", "The net of Howard et al. (2017), of `alpha` times the channels, `depth_multiplier` for each channel of one")

_namespace(globals())
