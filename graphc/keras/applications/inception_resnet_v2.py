"""`tf.keras.applications.inception_resnet_v2`: blocks of branches that add to their input what they make of it (Szegedy et al., 2017)."""

from __future__ import annotations

from ...ir.node import Node
from ...tf1_names import namespace as _namespace
from ..layers import Conv2D, Lambda
from .imagenet_utils import decode_predictions, preparing
from .mixing import STEM, Branch, Conv, Mean, Most, chained, side_by_side, valid
from .parts import depth, relu
from .plan import Plan, averaged, kernels, net

__all__ = ["InceptionResNetV2", "decode_predictions", "preprocess_input"]

# Blocks that change the size | the name and the branches of those behind it, how many there are, how much of them is added.
_STAGES: tuple[tuple[str, tuple[Branch, ...], str, tuple[Branch, ...], int, float], ...] = (
    ("mixed_5b", ((Conv(96, 1),), (Conv(48, 1), Conv(64, 5)), (Conv(64, 1), Conv(96, 3), Conv(96, 3)), (Mean(), Conv(64, 1))),
     "block35", ((Conv(32, 1),), (Conv(32, 1), Conv(32, 3)), (Conv(32, 1), Conv(48, 3), Conv(64, 3))), 10, 0.17),
    ("mixed_6a", ((valid(384, 3, 2),), (Conv(256, 1), Conv(256, 3), valid(384, 3, 2)), (Most(),)),
     "block17", ((Conv(192, 1),), (Conv(128, 1), Conv(160, (1, 7)), Conv(192, (7, 1)))), 20, 0.1),
    ("mixed_7a", ((Conv(256, 1), valid(384, 3, 2)), (Conv(256, 1), valid(288, 3, 2)), (Conv(256, 1), Conv(288, 3), valid(320, 3, 2)), (Most(),)),
     "block8", ((Conv(192, 1),), (Conv(192, 1), Conv(224, (1, 3)), Conv(256, (3, 1)))), 10, 0.2),
)
_LAST = "block8_10"         # is added whole, and not rectified


def _added(x: Node, branches: tuple[Branch, ...], name: str, scale: float) -> Node:
    up = Conv2D(depth(x), 1, padding="same", name=f"{name}_conv")(side_by_side(x, branches, f"{name}_mixed"))
    shape = x.shape.as_list()[1:]
    made: Node = Lambda(lambda inputs, scale: inputs[0] + inputs[1] * scale, output_shape=shape, arguments={"scale": scale}, name=name)([x, up])
    return made


def _body(x: Node) -> Node:
    x = chained(x, STEM)
    for changing, branches, name, parts, count, scale in _STAGES:
        x = side_by_side(x, branches, changing)
        for i in range(1, count + 1):
            last = f"{name}_{i}" == _LAST
            x = _added(x, parts, f"{name}_{i}", 1.0 if last else scale)
            x = x if last else relu(f"{name}_{i}_ac")(x)
    return Conv(1536, 1).build(x, "conv_7b")


preprocess_input = preparing("tf")
InceptionResNetV2 = net(
    "InceptionResNetV2", Plan("inception_resnet_v2", _body, averaged("avg_pool", "predictions"), kernels("inception_resnet_v2"), 299, 75),
    "The second inception net with residues (Szegedy et al., 2017)")

_namespace(globals())
