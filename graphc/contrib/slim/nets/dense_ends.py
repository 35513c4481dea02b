"""Nets for pictures of one size, with layers for the whole picture at the end: a table of layers each, written as convolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from ....initializers import constant_initializer, truncated_normal_initializer
from ....ir.node import Node
from ....nn import relu
from ....ops.array import squeeze
from ....variables import variable_scope
from ...layers import conv2d, dropout, fully_connected, max_pool2d
from ...penalties import l2_regularizer
from ...scopes import arg_scope
from ..utils import convert_collection_to_dict
from .rows import Conv, Pool, built

# What the layers behind the table of alexnet and of overfeat have by default.
BEHIND = {"weights_initializer": truncated_normal_initializer(0.0, 0.005), "biases_initializer": constant_initializer(0.1)}


class Net(Protocol):
    """A net as programs call it; `default_image_size` is the side of the pictures that it is for."""

    default_image_size: int

    def __call__(self, inputs: Node, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.5,
                 spatial_squeeze: bool = True, scope: str | None = ...) -> tuple[Node, dict[str, Node]]:
        ...


def net_of(module: str, name: str, size: int, table: Sequence[Conv | Pool], dense: tuple[Conv, Conv], given: Mapping[str, Any] = {},
           last: Mapping[str, Any] = {}) -> Net:
    """The net of a table's layers, of `dense` ones, each with a dropout behind it, and of one that gives a number a class.

    `given`: what the layers behind the table have by default; `last`: arguments of the last one.
    """
    def net(inputs: Node, num_classes: int = 1000, is_training: Any = True, dropout_keep_prob: float = 0.5, spatial_squeeze: bool = True,
            scope: str | None = name) -> tuple[Node, dict[str, Node]]:
        with variable_scope(scope, name, [inputs]) as entered:
            ends = f"{entered.original_name_scope}_end_points"
            with arg_scope([conv2d, fully_connected, max_pool2d], outputs_collections=ends):
                found = built(table, inputs)
                with arg_scope([conv2d], **given):
                    for layer in dense:
                        found = dropout(built([layer], found), dropout_keep_prob, is_training=is_training, scope=f"dropout{layer.scope[2:]}")
                    found = conv2d(found, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="fc8", **last)
                by_scope = convert_collection_to_dict(ends)
                if spatial_squeeze:
                    found = by_scope[f"{entered.name}/fc8"] = squeeze(found, [1, 2], name="fc8/squeezed")
                return found, by_scope
    net.__module__, net.__name__, net.__qualname__ = module, name, name
    net.__doc__ = f"""The net, and its results by their scopes.

    float[batch, {size}, {size}, channels] -> float[batch, num_classes], the logits; larger pictures give some at each place, without
    `spatial_squeeze`. ShapeError: pictures that are too small, or with it too large.
    """
    made = cast(Net, net)
    made.default_image_size = size
    return made


def layers_with(weight_decay: float, biases: Any, pools: str | None) -> Any:
    """The arguments that the layers of such a net have by default: for `slim.arg_scope`. GraphError: a decay that is no number."""
    with arg_scope([conv2d, fully_connected], activation_fn=relu, weights_regularizer=l2_regularizer(weight_decay), biases_initializer=biases), \
            arg_scope([conv2d], padding="SAME") as scope:
        if pools is None:
            return scope
        with arg_scope([max_pool2d], padding=pools) as scope:
            return scope
