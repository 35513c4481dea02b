"""`slim.nets.resnet_utils`: blocks of residual units, with as many pixels as are wanted at the end, and the arguments of their layers."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

from ....errors import ArgumentError
from ....ir.collecting import GraphKeys
from ....ir.node import Node, here
from ....nn import relu
from ....ops.array import pad
from ....tf1_names import namespace as _namespace
from ....variables import variable_scope
from ...initial import variance_scaling_initializer
from ...layers import batch_norm, conv2d, max_pool2d
from ...penalties import l2_regularizer
from ...scopes import add_arg_scope, arg_scope
from ..utils import collect_named_outputs

__all__ = ["Block", "conv2d_same", "resnet_arg_scope", "stack_blocks_dense", "subsample"]


class Block(namedtuple("Block", ["scope", "unit_fn", "args"])):
    """Residual units: their scope, the function that builds one, and the arguments of each, dicts with depth, depth_bottleneck and stride."""


def subsample(inputs: Node, factor: int, scope: str | None = None) -> Node:
    """Every `factor`-th pixel along both axes of pictures [batch, height, width, channels]. ShapeError: they are none."""
    return inputs if factor == 1 else max_pool2d(inputs, [1, 1], stride=factor, scope=scope)


def conv2d_same(inputs: Node, num_outputs: int, kernel_size: int, stride: int, rate: int = 1, scope: str | None = None) -> Node:
    """A convolution whose windows begin at the first pixel whatever the stride: zeros are put around the picture, as many on both sides.

    float[batch, height, width, channels] -> float[batch, ceil(height / stride), ceil(width / stride), num_outputs]. ShapeError: no pictures.
    """
    if stride == 1:
        return conv2d(inputs, num_outputs, kernel_size, stride=1, rate=rate, padding="SAME", scope=scope)
    around = kernel_size + (kernel_size - 1) * (rate - 1) - 1
    before = [around // 2, around - around // 2]
    return conv2d(pad(inputs, [[0, 0], before, before, [0, 0]]), num_outputs, kernel_size, stride=stride, rate=rate, padding="VALID", scope=scope)


@add_arg_scope
def stack_blocks_dense(net: Node, blocks: Sequence[Block], output_stride: int | None = None, outputs_collections: Any = None) -> Node:
    """Blocks after one another; from the unit on with which a pixel would stand for more than `output_stride` windows grow instead.

    Such units have a rate in the place of their stride (Chen et al., 2016, "DeepLab"). ArgumentError: the strides do not multiply to it.
    """
    reached, rate = 1, 1
    wrong = f"the strides of these blocks do not multiply to output_stride={output_stride!r:.40}"
    for block in blocks:
        with variable_scope(block.scope, "block", [net]) as scope:
            for i, unit in enumerate(block.args):
                if output_stride is not None and reached > output_stride:
                    raise ArgumentError(f"{wrong}{here()}")
                with variable_scope(f"unit_{i + 1}", values=[net]):
                    if reached == output_stride:
                        net = block.unit_fn(net, rate=rate, **{**unit, "stride": 1})
                        rate *= unit.get("stride", 1)
                    else:
                        net = block.unit_fn(net, rate=1, **unit)
                        reached *= unit.get("stride", 1)
            net = collect_named_outputs(outputs_collections, scope.name, net)
    if output_stride not in (None, reached):
        raise ArgumentError(f"{wrong}{here()}")
    return net


def resnet_arg_scope(weight_decay: float = 0.0001, batch_norm_decay: float = 0.997, batch_norm_epsilon: float = 1e-5,
                     batch_norm_scale: bool = True) -> Any:
    """The arguments that the layers of these nets have by default: for `slim.arg_scope`. GraphError: a decay that is no number."""
    norm = {"decay": batch_norm_decay, "epsilon": batch_norm_epsilon, "scale": batch_norm_scale, "updates_collections": GraphKeys.UPDATE_OPS}
    with arg_scope([conv2d], weights_regularizer=l2_regularizer(weight_decay), weights_initializer=variance_scaling_initializer(),
                   activation_fn=relu, normalizer_fn=batch_norm, normalizer_params=norm), arg_scope([batch_norm], **norm), \
            arg_scope([max_pool2d], padding="SAME") as scope:
        return scope


_namespace(globals())
