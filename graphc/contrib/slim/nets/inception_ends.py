"""What both inception nets have at their end and round their layers: a number a class, and the arguments that layers have by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ....ir.node import Node
from ....nn import relu
from ....ops.array import squeeze
from ...initial import variance_scaling_initializer
from ...layers import batch_norm, conv2d, fully_connected
from ...penalties import l2_regularizer
from ...scopes import arg_scope


def classes(net: Node, num_classes: int, scope: str, spatial_squeeze: bool, **more: Any) -> Node:
    """A number a class at each place, and of one place only [batch, classes]."""
    logits = conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope=scope, **more)
    return squeeze(logits, [1, 2], name="SpatialSqueeze") if spatial_squeeze else logits


def within(net: Node, kernel: Sequence[int]) -> list[int]:
    """A window, no larger than the picture, if its size is known."""
    return [k if n is None else min(n, k) for n, k in zip(net.get_shape().as_list()[1:3], kernel, strict=True)]


def layers_with(weight_decay: float, collection: str, normalised: bool, norm: Mapping[str, Any]) -> Any:
    """The arguments that layers have by default: for `slim.arg_scope`. `collection`: of the averages of batch normalisation."""
    variables = {"beta": None, "gamma": None, "moving_mean": [collection], "moving_variance": [collection]}
    params = {**norm, "variables_collections": variables} if normalised else {}
    with arg_scope([conv2d, fully_connected], weights_regularizer=l2_regularizer(weight_decay)), \
            arg_scope([conv2d], weights_initializer=variance_scaling_initializer(), activation_fn=relu,
                      normalizer_fn=batch_norm if normalised else None, normalizer_params=params) as scope:
        return scope
