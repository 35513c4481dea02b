"""Nets for pictures of one size, with layers for the whole picture at the end: a table of layers each, written as convolutions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ....ir.node import Node
from ....nn import relu
from ....ops.array import squeeze
from ....variables import variable_scope
from ...layers import conv2d, dropout, fully_connected, max_pool2d
from ...penalties import l2_regularizer
from ...scopes import arg_scope
from ..utils import convert_collection_to_dict
from .rows import Conv, Pool, built

Table = Sequence[Conv | Pool]


def net_of(table: Table, dense: tuple[Conv, Conv], last: Mapping[str, Any], default: str) -> Callable[..., tuple[Node, dict[str, Node]]]:
    """A net of a table's layers, of `dense` ones, each with a dropout behind it, and of one that gives a number a class."""
    def net(inputs: Node, num_classes: int, is_training: Any, dropout_keep_prob: float, spatial_squeeze: bool, scope: str | None,
            given: Mapping[str, Any]) -> tuple[Node, dict[str, Node]]:
        with variable_scope(scope, default, [inputs]) as entered:
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
    return net


def layers_with(weight_decay: float, biases: Any, pools: str | None) -> Any:
    """The arguments that the layers of such a net have by default: for `slim.arg_scope`. GraphError: a decay that is no number."""
    with arg_scope([conv2d, fully_connected], activation_fn=relu, weights_regularizer=l2_regularizer(weight_decay), biases_initializer=biases), \
            arg_scope([conv2d], padding="SAME") as scope:
        if pools is None:
            return scope
        with arg_scope([max_pool2d], padding=pools) as scope:
            return scope
