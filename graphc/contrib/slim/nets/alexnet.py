"""`slim.nets.alexnet`: five convolutions and three layers for the whole picture (Krizhevsky, 2014, "One weird trick ...")."""

from __future__ import annotations

from typing import Any

from ....initializers import constant_initializer, truncated_normal_initializer, zeros_initializer
from ....ir.node import Node
from ....tf1_names import namespace as _namespace
from .dense_ends import layers_with, net_of
from .rows import Conv, Pool

__all__ = ["alexnet_v2", "alexnet_v2_arg_scope"]

_NET = net_of((Conv("conv1", 64, (11, 11), 4, {"padding": "VALID"}), Pool("pool1", (3, 3), 2), Conv("conv2", 192, (5, 5)), Pool("pool2", (3, 3), 2),
               Conv("conv3", 384, (3, 3)), Conv("conv4", 384, (3, 3)), Conv("conv5", 256, (3, 3)), Pool("pool5", (3, 3), 2)),
              (Conv("fc6", 4096, (5, 5), more={"padding": "VALID"}), Conv("fc7", 4096, (1, 1))), {"biases_initializer": zeros_initializer()},
              "alexnet_v2")


def alexnet_v2_arg_scope(weight_decay: float = 0.0005) -> Any:
    """The arguments that the layers of this net have by default: for `slim.arg_scope`. GraphError: a decay that is no number."""
    return layers_with(weight_decay, constant_initializer(0.1), "VALID")


def alexnet_v2(inputs: Node, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.5, spatial_squeeze: bool = True,
               scope: str = "alexnet_v2") -> tuple[Node, dict[str, Node]]:
    """The net, and its results by their scopes.

    float[batch, 224, 224, channels] -> float[batch, num_classes], the logits; larger pictures give some at each place, without
    `spatial_squeeze`. ShapeError: pictures that are too small, or with it too large.
    """
    given = {"weights_initializer": truncated_normal_initializer(0.0, 0.005), "biases_initializer": constant_initializer(0.1)}
    return _NET(inputs, num_classes, is_training, dropout_keep_prob, spatial_squeeze, scope, given)


alexnet_v2.default_image_size = 224  # type: ignore[attr-defined]

_namespace(globals())
