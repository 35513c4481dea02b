"""`tf.contrib.losses`: the losses of `tf.losses` in the order of arguments that they had before, predictions first."""

from __future__ import annotations

from typing import Any

from ... import losses as _losses
from ...ir.arguments import hold as _hold
from ...ir.node import Node
from ...losses import add_loss, compute_weighted_loss, get_losses, get_regularization_losses, get_total_loss
from ...tf1_names import namespace as _namespace
from ..scopes import add_arg_scope
from . import metric_learning as metric_learning

__all__ = ["absolute_difference", "add_loss", "compute_weighted_loss", "cosine_distance", "get_losses", "get_regularization_losses",
           "get_total_loss", "hinge_loss", "log_loss", "mean_pairwise_squared_error", "mean_squared_error", "metric_learning",
           "sigmoid_cross_entropy", "softmax_cross_entropy", "sparse_softmax_cross_entropy"]


@add_arg_scope
def absolute_difference(predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None) -> Node:
    """`tf.losses.absolute_difference`. Errors (ShapeError, DTypeError) as of that."""
    return _losses.absolute_difference(labels, predictions, weights, scope)


@add_arg_scope
def mean_squared_error(predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None) -> Node:
    """`tf.losses.mean_squared_error`. Errors (ShapeError, DTypeError) as of that.

    >>> tf.Session(jit=False).run(tf.contrib.losses.mean_squared_error(tf.constant([1.0, 2.0]), tf.constant([0.0, 0.0])))
    np.float32(2.5)
    """
    return _losses.mean_squared_error(labels, predictions, weights, scope)


@add_arg_scope
def mean_pairwise_squared_error(predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None) -> Node:
    """`tf.losses.mean_pairwise_squared_error`. Errors (ShapeError, DTypeError) as of that."""
    return _losses.mean_pairwise_squared_error(labels, predictions, weights, scope)


@add_arg_scope
def log_loss(predictions: Any, labels: Any = None, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None) -> Node:
    """`tf.losses.log_loss`. Errors (ShapeError, DTypeError) as of that."""
    return _losses.log_loss(labels, predictions, weights, epsilon, scope)


@add_arg_scope
def hinge_loss(logits: Any, labels: Any = None, scope: str | None = None) -> Node:
    """The hinge loss of each element, not added up: `tf.losses.hinge_loss` without reduction. Errors (ShapeError, DTypeError) as of that."""
    return _losses.hinge_loss(labels, logits, scope=scope, loss_collection=None, reduction=_losses.Reduction.NONE)


@add_arg_scope
def cosine_distance(predictions: Any, labels: Any = None, axis: int | None = None, weights: Any = 1.0, scope: str | None = None,
                    dim: int | None = None) -> Node:
    """`tf.losses.cosine_distance`. Errors (ShapeError, DTypeError) as of that."""
    return _losses.cosine_distance(labels, predictions, dim if axis is None else axis, weights, scope)


@add_arg_scope
def sigmoid_cross_entropy(logits: Any, multi_class_labels: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None) -> Node:
    """`tf.losses.sigmoid_cross_entropy`. Errors (ShapeError, DTypeError) as of that."""
    return _losses.sigmoid_cross_entropy(multi_class_labels, logits, weights, label_smoothing, scope)


@add_arg_scope
def softmax_cross_entropy(logits: Any, onehot_labels: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None) -> Node:
    """`tf.losses.softmax_cross_entropy`. Errors (ShapeError, DTypeError) as of that."""
    return _losses.softmax_cross_entropy(onehot_labels, logits, weights, label_smoothing, scope)


@add_arg_scope
def sparse_softmax_cross_entropy(logits: Any, labels: Any, weights: Any = 1.0, scope: str | None = None) -> Node:
    """`tf.losses.sparse_softmax_cross_entropy`. Errors (ShapeError, DTypeError) as of that."""
    return _losses.sparse_softmax_cross_entropy(labels, logits, weights, scope)


_hold(globals(), __all__)

_namespace(globals())
