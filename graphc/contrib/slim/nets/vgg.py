"""`slim.nets.vgg`: nets of 11, 16 and 19 layers of windows of 3 by 3 (Simonyan and Zisserman, 2015, table 1, columns A, D and E)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....initializers import zeros_initializer
from ....ir.node import Node
from ....tf1_names import namespace as _namespace
from .dense_ends import layers_with, net_of
from .rows import Conv, Pool

__all__ = ["vgg_16", "vgg_19", "vgg_a", "vgg_arg_scope", "vgg_d", "vgg_e"]


def _table(layers: Sequence[int]) -> list[Conv | Pool]:
    """Five stages of so many layers each, a pool behind each stage."""
    table: list[Conv | Pool] = []
    for stage, (count, depth) in enumerate(zip(layers, (64, 128, 256, 512, 512), strict=True), 1):
        table += [Conv(f"conv{stage}/conv{stage}_{i + 1}", depth, (3, 3)) for i in range(count)]
        table.append(Pool(f"pool{stage}", (2, 2), 2))
    return table


_DENSE = Conv("fc6", 4096, (7, 7), more={"padding": "VALID"}), Conv("fc7", 4096, (1, 1))
_NETS = {name: net_of(_table(layers), _DENSE, {}, name)
         for name, layers in {"vgg_a": (1, 1, 2, 2, 2), "vgg_16": (2, 2, 3, 3, 3), "vgg_19": (2, 2, 4, 4, 4)}.items()}


def vgg_arg_scope(weight_decay: float = 0.0005) -> Any:
    """The arguments that the layers of these nets have by default: for `slim.arg_scope`. GraphError: a decay that is no number."""
    return layers_with(weight_decay, zeros_initializer(), None)


def vgg_a(inputs: Node, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.5, spatial_squeeze: bool = True,
          scope: str = "vgg_a") -> tuple[Node, dict[str, Node]]:
    """The net of 11 layers, and its results by their scopes.

    float[batch, 224, 224, channels] -> float[batch, num_classes], the logits; larger pictures give some at each place, without
    `spatial_squeeze`. ShapeError: pictures that are too small, or with it too large.
    """
    return _NETS["vgg_a"](inputs, num_classes, is_training, dropout_keep_prob, spatial_squeeze, scope, {})


def vgg_16(inputs: Node, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.5, spatial_squeeze: bool = True,
           scope: str = "vgg_16") -> tuple[Node, dict[str, Node]]:
    """The net of 16 layers: `vgg_a` says what it takes and gives. ShapeError, as it says."""
    return _NETS["vgg_16"](inputs, num_classes, is_training, dropout_keep_prob, spatial_squeeze, scope, {})


def vgg_19(inputs: Node, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.5, spatial_squeeze: bool = True,
           scope: str = "vgg_19") -> tuple[Node, dict[str, Node]]:
    """The net of 19 layers: `vgg_a` says what it takes and gives. ShapeError, as it says."""
    return _NETS["vgg_19"](inputs, num_classes, is_training, dropout_keep_prob, spatial_squeeze, scope, {})


vgg_a.default_image_size = vgg_16.default_image_size = vgg_19.default_image_size = 224  # type: ignore[attr-defined]
vgg_d, vgg_e = vgg_16, vgg_19

_namespace(globals())
