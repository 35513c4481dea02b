"""Penalties of weights, by which training keeps them small: functions of weights that give a loss, or None."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .. import nn
from ..errors import GraphError, ShapeError
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph, name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.math import abs, add_n, multiply
from ..ops.reduce import reduce_sum
from ..ops.sources import constant

__all__ = ["apply_regularization", "l1_l2_regularizer", "l1_regularizer", "l2_regularizer", "sum_regularizer"]


def _scale(what: str, scale: Any) -> float:
    if isinstance(scale, bool) or not isinstance(scale, float) or not scale >= 0:
        raise GraphError(f"{what}: the scale is a float of 0 or more, not {scale!r:.40}{here()}")
    return scale


def l1_regularizer(scale: float, scope: str | None = None) -> Callable[[Any], Node | None]:
    """A function of weights: scale * sum(|weights|), or None where the scale is 0. GraphError: the scale is no float, or below 0.

    >>> tf.Session(jit=False).run(tf.contrib.layers.l1_regularizer(0.5)(tf.constant([1.0, -3.0])))
    np.float32(2.0)
    """
    _scale("l1_regularizer", scale)

    def penalty(weights: Any) -> Node | None:
        if scale == 0.0:
            return None
        with name_scope(scope, "l1_regularizer") as name:
            return multiply(reduce_sum(abs(to_node(weights))), scale, name=name)
    return penalty


def l2_regularizer(scale: float, scope: str | None = None) -> Callable[[Any], Node | None]:
    """A function of weights: scale * sum(weights^2) / 2, or None where the scale is 0. GraphError: the scale is no float, or below 0.

    >>> tf.Session(jit=False).run(tf.contrib.layers.l2_regularizer(0.5)(tf.constant([1.0, -3.0])))
    np.float32(2.5)
    """
    _scale("l2_regularizer", scale)

    def penalty(weights: Any) -> Node | None:
        if scale == 0.0:
            return None
        with name_scope(scope, "l2_regularizer") as name:
            return multiply(nn.l2_loss(weights), scale, name=name)
    return penalty


def sum_regularizer(regularizer_list: Iterable[Any], scope: str | None = None) -> Callable[[Any], Node | None] | None:
    """A function of weights: the sum of several penalties; None if there are none. ShapeError, DTypeError, by the call: they cannot be added."""
    chosen = [r for r in regularizer_list if r is not None]
    if not chosen:
        return None

    def penalty(weights: Any) -> Node | None:
        with name_scope(scope, "sum_regularizer") as name:
            found = [loss for r in chosen if (loss := r(weights)) is not None]
            return add_n(found, name=name) if found else None
    return penalty


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None) -> Callable[[Any], Node | None] | None:
    """A function of weights: the sum of both penalties. GraphError: a scale is no float, or below 0."""
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope or "l1_l2_regularizer")


def apply_regularization(regularizer: Callable[[Any], Node | None], weights_list: Iterable[Any] | None = None) -> Node:
    """The sum of the penalties of weights (default: the collection WEIGHTS), put into the collection REGULARIZATION_LOSSES.

    GraphError: there are no weights. ShapeError: a penalty is no number.

    >>> w = [tf.constant([1.0]), tf.constant([2.0, 3.0])]
    >>> tf.Session(jit=False).run(tf.contrib.layers.apply_regularization(tf.contrib.layers.l1_regularizer(1.0), w))
    np.float32(6.0)
    """
    graph = get_default_graph()
    weights = list(graph.get_collection(GraphKeys.WEIGHTS) if weights_list is None else weights_list)
    if not weights:
        raise GraphError(f"apply_regularization: there are no weights{here()}")
    with name_scope(None, "get_regularization_penalty"):
        penalties = [loss if loss is not None else constant(0.0) for loss in map(regularizer, weights)]
        for loss in penalties:
            if loss.type.shape not in (None, ()):
                raise ShapeError(f"apply_regularization: the penalty {describe(loss)} is not one number{here()}")
        total = add_n(penalties)
        graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
        return total
