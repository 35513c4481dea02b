"""Residual nets, from what is alike in both versions: a root, four blocks, a mean over all pixels, and a class each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ....errors import ArgumentError
from ....ir.node import Node, here
from ....ops.reduce import reduce_mean
from ....variables import variable_scope
from ...layers import batch_norm, conv2d, max_pool2d, softmax
from ...scopes import arg_scope
from ..utils import convert_collection_to_dict
from .resnet_utils import Block, conv2d_same, stack_blocks_dense

# How many units each of the four blocks has, by the number of layers (He et al., 2016, table 1). The second block of version 2 of 200 layers
# is the same as here.
UNITS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}


def block(unit: Any, scope: str, base_depth: int, num_units: int, stride: int) -> Block:
    """A block of bottleneck units, of four times `base_depth` channels, the last of which has the stride."""
    one = {"depth": base_depth * 4, "depth_bottleneck": base_depth}
    return Block(scope, unit, [{**one, "stride": 1}] * (num_units - 1) + [{**one, "stride": stride}])


def blocks(unit: Any, layers: int) -> list[Block]:
    """The blocks of a net of so many layers."""
    return [block(unit, f"block{i + 1}", 64 << i, units, 2 if i < 3 else 1) for i, units in enumerate(UNITS[layers])]


def residual(inputs: Node, unit: Any, of: Sequence[Block], root: Callable[[Node], Node], end: Callable[[Node], Node], num_classes: int | None,
             is_training: Any, global_pool: bool, output_stride: int | None, include_root_block: bool, reuse: Any, scope: Any,
             default: str) -> tuple[Node, dict[str, Node]]:
    """The net and its results by scopes. ArgumentError: an `output_stride` that it cannot have."""
    with variable_scope(scope, default, [inputs], reuse=reuse) as entered:
        ends = f"{entered.original_name_scope}_end_points"
        with arg_scope([conv2d, unit, stack_blocks_dense], outputs_collections=ends), arg_scope([batch_norm], is_training=is_training):
            net = inputs
            if include_root_block:
                if output_stride is not None and output_stride % 4:
                    raise ArgumentError(f"output_stride is a multiple of 4, not {output_stride!r:.40}{here()}")
                output_stride = None if output_stride is None else output_stride // 4
                net = max_pool2d(root(net), [3, 3], stride=2, scope="pool1")
            net = end(stack_blocks_dense(net, of, output_stride))
            if global_pool:
                net = reduce_mean(net, [1, 2], keepdims=True, name="pool5")
            if num_classes is not None:
                net = conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="logits")
            found = convert_collection_to_dict(ends)
            if num_classes is not None:
                found["predictions"] = softmax(net, scope="predictions")
            return net, found


def first(net: Node) -> Node:
    """The first layer: 64 windows of 7 by 7."""
    return conv2d_same(net, 64, 7, stride=2, scope="conv1")
