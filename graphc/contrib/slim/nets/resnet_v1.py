"""`slim.nets.resnet_v1`: residual nets of 50 to 200 layers, normalised behind each convolution (He et al., 2016, "Deep Residual Learning")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....ir.node import Node
from ....nn import relu
from ....tf1_names import namespace as _namespace
from ....variables import variable_scope
from ...layers import conv2d
from ...scopes import add_arg_scope
from ..utils import collect_named_outputs
from . import residual
from .residual import first
from .resnet_utils import Block, conv2d_same, resnet_arg_scope, subsample

__all__ = ["bottleneck", "resnet_arg_scope", "resnet_v1", "resnet_v1_101", "resnet_v1_152", "resnet_v1_200", "resnet_v1_50", "resnet_v1_block"]


@add_arg_scope
def bottleneck(inputs: Node, depth: int, depth_bottleneck: int, stride: int, rate: int = 1, outputs_collections: Any = None,
               scope: str | None = None) -> Node:
    """A residual unit: three convolutions, the middle one of fewer channels, and a way around them.

    float[batch, height, width, channels] -> float[batch, ceil(height / stride), ceil(width / stride), depth]. ShapeError: no pictures.
    """
    with variable_scope(scope, "bottleneck_v1", [inputs]) as entered:
        shortcut = subsample(inputs, stride, "shortcut") if inputs.get_shape().as_list()[-1] == depth else \
            conv2d(inputs, depth, [1, 1], stride=stride, activation_fn=None, scope="shortcut")
        net = conv2d(inputs, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        net = conv2d_same(net, depth_bottleneck, 3, stride, rate=rate, scope="conv2")
        net = conv2d(net, depth, [1, 1], stride=1, activation_fn=None, scope="conv3")
        return collect_named_outputs(outputs_collections, entered.name, relu(shortcut + net))


def _same(net: Node) -> Node:
    return net


def resnet_v1(inputs: Node, blocks: Sequence[Block], num_classes: int | None = None, is_training: Any = True, global_pool: bool = True,
              output_stride: int | None = None, include_root_block: bool = True, reuse: Any = None,
              scope: str | None = None) -> tuple[Node, dict[str, Node]]:
    """A net of these blocks, and its results by their scopes.

    inputs: float[batch, height, width, channels]. Without `num_classes` what the last block gives, or its mean over all pixels, with them
    float[batch, 1, 1, num_classes], the logits, whose softmax is `predictions`; without `global_pool` a pixel each. With `output_stride` a
    pixel at the end stands for so many. ArgumentError: the blocks do not come to that stride.
    """
    return residual.residual(inputs, bottleneck, blocks, first, _same, num_classes, is_training, global_pool, output_stride, include_root_block,
                             reuse, scope, "resnet_v1")


def resnet_v1_block(scope: str, base_depth: int, num_units: int, stride: int) -> Block:
    """A block of units of four times `base_depth` channels, the last of which has the stride."""
    return residual.block(bottleneck, scope, base_depth, num_units, stride)


def resnet_v1_50(inputs: Node, num_classes: int | None = None, is_training: Any = True, global_pool: bool = True,
                 output_stride: int | None = None, reuse: Any = None, scope: str = "resnet_v1_50") -> tuple[Node, dict[str, Node]]:
    """The net of 50 layers: `resnet_v1` says what it takes and gives, ShapeError and ArgumentError too."""
    return resnet_v1(inputs, residual.blocks(bottleneck, 50), num_classes, is_training, global_pool, output_stride, reuse=reuse, scope=scope)


def resnet_v1_101(inputs: Node, num_classes: int | None = None, is_training: Any = True, global_pool: bool = True,
                  output_stride: int | None = None, reuse: Any = None, scope: str = "resnet_v1_101") -> tuple[Node, dict[str, Node]]:
    """The net of 101 layers: `resnet_v1` says what it takes and gives, ShapeError and ArgumentError too."""
    return resnet_v1(inputs, residual.blocks(bottleneck, 101), num_classes, is_training, global_pool, output_stride, reuse=reuse, scope=scope)


def resnet_v1_152(inputs: Node, num_classes: int | None = None, is_training: Any = True, global_pool: bool = True,
                  output_stride: int | None = None, reuse: Any = None, scope: str = "resnet_v1_152") -> tuple[Node, dict[str, Node]]:
    """The net of 152 layers: `resnet_v1` says what it takes and gives, ShapeError and ArgumentError too."""
    return resnet_v1(inputs, residual.blocks(bottleneck, 152), num_classes, is_training, global_pool, output_stride, reuse=reuse, scope=scope)


def resnet_v1_200(inputs: Node, num_classes: int | None = None, is_training: Any = True, global_pool: bool = True,
                  output_stride: int | None = None, reuse: Any = None, scope: str = "resnet_v1_200") -> tuple[Node, dict[str, Node]]:
    """The net of 200 layers: `resnet_v1` says what it takes and gives, ShapeError and ArgumentError too."""
    return resnet_v1(inputs, residual.blocks(bottleneck, 200), num_classes, is_training, global_pool, output_stride, reuse=reuse, scope=scope)


resnet_v1.default_image_size = 224  # type: ignore[attr-defined]
resnet_v1_50.default_image_size = 224  # type: ignore[attr-defined]
resnet_v1_101.default_image_size = 224  # type: ignore[attr-defined]
resnet_v1_152.default_image_size = 224  # type: ignore[attr-defined]
resnet_v1_200.default_image_size = 224  # type: ignore[attr-defined]

_namespace(globals())
