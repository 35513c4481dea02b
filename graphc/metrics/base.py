"""What all of `tf.metrics` share: sums over batches in local variables, their scopes and collections, and operands that fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.array import broadcast_to, reshape, squeeze
from ..ops.array import shape as shape_of
from ..ops.contract import held
from ..ops.math import (
    cast,
)
from ..ops.state import Variable
from ..variables import variable_scope

Streaming = tuple[Node, Any]            # the value, and what takes a batch in
EPSILON = 1e-7


def local_sum(shape: Sequence[int], dtype: Any, name: str) -> Variable:
    """A sum over batches: a local variable, which `local_variables_initializer` sets to 0 again."""
    graph = get_default_graph()
    with graph.control_dependencies(None):
        return Variable(np.zeros(shape, dtype), trainable=False, name=name, collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES])


@contextmanager
def scoped(name: str | None, default: str) -> Iterator[None]:
    """The scope of a metric's variables and operations."""
    with variable_scope(name, default_name=default):
        yield


def collected(value: Any, update: Any, metrics_collections: Any, updates_collections: Any) -> Any:
    """The value and its update, after each was added to the collections that the user named for it."""
    graph = get_default_graph()
    for names, member in ((metrics_collections, value), (updates_collections, update)):
        if names:
            graph.add_to_collections([names] if isinstance(names, str) else names, member)
    return value, update


def as_float(what: str, x: Any) -> Node:
    """Numbers of any type as float32."""
    node = to_node(x)
    if node.type.dtype.hasobject:
        raise DTypeError(f"{what}: {describe(node)} holds no numbers{here()}")
    return cast(node, "float32") if node.type.dtype != np.float32 else node


def as_weight(what: str, weights: Any, values: Node) -> Node:
    """Weights as float32 that broadcast to the values by TensorFlow's rule."""
    w = as_float(what, weights)
    w = held(f"metrics.{what}", "covered", w, values) if w.type.rank != 0 else w
    return broadcast_to(w, shape_of(values)) if w.type.rank != 0 or values.type.rank is None else w


def pair(what: str, labels: Any, predictions: Any) -> tuple[Node, Node]:
    """Two tensors of one shape; a last dimension of 1 that only one of them has is dropped."""
    z, y = to_node(labels), to_node(predictions)
    if None not in (z.type.rank, y.type.rank):
        if y.type.rank == z.type.rank + 1:
            y = without_last(what, y)
        elif z.type.rank == y.type.rank + 1:
            z = without_last(what, z)
    return held(f"metrics.{what}", "same", z, y), y


def without_last(what: str, x: Node) -> Node:
    """A tensor without its last dimension, which must be 1."""
    if x.type.shape is not None and x.type.shape[-1] not in (1, None):
        raise ShapeError(f"{what}: the last dimension of {describe(x)} is not 1{here()}")
    return squeeze(x, axis=-1)


def flat(what: str, labels: Any, predictions: Any, weights: Any) -> tuple[Node, Node, Node | None]:
    """Labels, predictions, and weights if there are any, as vectors."""
    z, y = pair(what, labels, predictions)
    w = None if weights is None else reshape(broadcast_to(as_weight(what, weights, y), shape_of(y)), [-1])
    return reshape(z, [-1]), reshape(y, [-1]), w


def truths(what: str, labels: Any, predictions: Any) -> tuple[Node, Node]:
    """Labels and predictions of one shape as truth values."""
    z, y = pair(what, labels, predictions)
    return cast(z, "bool"), cast(y, "bool")
