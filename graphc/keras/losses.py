"""`tf.keras.losses`: what a model is trained to make small, as functions of labels and predictions, and as objects that reduce them to a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import nn
from ..ir.node import Node
from ..ir.operator import to_node
from ..losses import huber_loss as _huber
from ..ops.array import shape as shape_of
from ..ops.math import abs as absolute
from ..ops.math import cast, choose, equal, log, logical_or, maximum, multiply, squared_difference, subtract
from ..ops.reduce import reduce_all, reduce_max, reduce_mean, reduce_sum
from ..tf1_names import namespace as _namespace
from . import entropies
from .backend.state import epsilon
from .losses_base import Loss, LossFunctionWrapper, Reduction
from .named import Family, serialize_keras_object

__all__ = ["BinaryCrossentropy", "CategoricalCrossentropy", "CategoricalHinge", "CosineSimilarity", "Hinge", "Huber", "KLD", "KLDivergence",
           "LogCosh", "Loss", "MAE", "MAPE", "MSE", "MSLE", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredError",
           "MeanSquaredLogarithmicError", "Poisson", "Reduction", "SparseCategoricalCrossentropy", "SquaredHinge", "binary_crossentropy",
           "categorical_crossentropy", "categorical_hinge", "cosine", "cosine_proximity", "cosine_similarity", "deserialize", "get", "hinge",
           "kld", "kullback_leibler_divergence", "logcosh", "mae", "mape", "mean_absolute_error", "mean_absolute_percentage_error",
           "mean_squared_error", "mean_squared_logarithmic_error", "mse", "msle", "poisson", "serialize", "sparse_categorical_crossentropy",
           "squared_hinge"]


def _pair(y_true: Any, y_pred: Any) -> tuple[Node, Node]:
    """Labels, in the dtype of the predictions, and predictions."""
    y = to_node(y_pred)
    z = to_node(y_true, None if isinstance(y_true, (Node, np.ndarray)) else y.dtype)
    return z if z.type.dtype == y.type.dtype else cast(z, y.dtype), y


# ---------------------------------------------------------------------- differences

def mean_squared_error(y_true: Any, y_pred: Any) -> Node:
    """mean((y_pred - y_true)^2) along the last axis.

    number[..., k], float[..., k] -> float[...]. ShapeError, DTypeError: operands that do not fit.

    >>> tf.Session(jit=False).run(tf.keras.losses.mean_squared_error([[0.0, 1.0]], [[2.0, 1.0]]))
    array([2.], dtype=float32)
    """
    z, y = _pair(y_true, y_pred)
    return reduce_mean(squared_difference(y, z), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Node:
    """mean(|y_pred - y_true|) along the last axis. Operands, result and errors (ShapeError, DTypeError) as of `mean_squared_error`."""
    z, y = _pair(y_true, y_pred)
    return reduce_mean(absolute(subtract(y, z)), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Node:
    """100 mean(|y_true - y_pred| / |y_true|) along the last axis, as if no label were smaller than epsilon. ShapeError, DTypeError: as of
    `mean_squared_error`."""
    z, y = _pair(y_true, y_pred)
    return 100.0 * reduce_mean(absolute((z - y) / maximum(absolute(z), epsilon())), axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Node:
    """mean((log(1 + y_pred) - log(1 + y_true))^2) along the last axis, of what is below epsilon as if it were that. ShapeError, DTypeError: as
    of `mean_squared_error`."""
    z, y = _pair(y_true, y_pred)
    first, second = (log(maximum(x, epsilon()) + 1.0) for x in (y, z))
    return reduce_mean(squared_difference(first, second), axis=-1)


def logcosh(y_true: Any, y_pred: Any) -> Node:
    """mean(log(cosh(y_pred - y_true))) along the last axis: x^2 / 2 for small errors, |x| - log 2 for large ones. ShapeError, DTypeError: as of
    `mean_squared_error`."""
    z, y = _pair(y_true, y_pred)
    x = subtract(y, z)
    return reduce_mean(x + nn.softplus(-2.0 * x) - float(np.log(2.0)), axis=-1)


def _huber_elements(y_true: Any, y_pred: Any, delta: float = 1.0) -> Node:
    """Half the square of each error as far as `delta`, and beyond it delta * |error| - delta^2 / 2."""
    z, y = _pair(y_true, y_pred)
    return _huber(z, y, delta=delta, loss_collection=None, reduction=Reduction.NONE)


# ---------------------------------------------------------------------- margins

def _signs(z: Node) -> Node:
    """Labels -1 and 1; those that are all 0 or 1, which a run sees, as such."""
    binary = reduce_all(logical_or(equal(z, 0.0), equal(z, 1.0)))
    return choose(binary, 2.0 * z - 1.0, z)


def hinge(y_true: Any, y_pred: Any) -> Node:
    """mean(max(1 - y_true * y_pred, 0)) along the last axis, of labels -1 and 1, or 0 and 1. ShapeError, DTypeError: as of `mean_squared_error`.

    >>> tf.Session(jit=False).run(tf.keras.losses.hinge([[0.0, 1.0]], [[0.5, 0.5]]))
    array([1.], dtype=float32)
    """
    z, y = _pair(y_true, y_pred)
    return reduce_mean(maximum(1.0 - _signs(z) * y, 0.0), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Node:
    """mean(max(1 - y_true * y_pred, 0)^2) along the last axis, of labels -1 and 1, or 0 and 1. ShapeError, DTypeError: as of
    `mean_squared_error`."""
    z, y = _pair(y_true, y_pred)
    return reduce_mean(maximum(1.0 - _signs(z) * y, 0.0) ** 2, axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Node:
    """max(0, 1 + the largest prediction of another class - that of the label's) along the last axis, of labels 0 and 1. ShapeError, DTypeError:
    as of `mean_squared_error`."""
    z, y = _pair(y_true, y_pred)
    return maximum(0.0, reduce_max((1.0 - z) * y, axis=-1) - reduce_sum(z * y, axis=-1) + 1.0)


# ---------------------------------------------------------------------- probabilities

def categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0) -> Node:
    """-sum(y_true * log(y_pred)) along the last axis, of probabilities of classes, or of logits.

    number[..., classes], float[..., classes] -> float[...]; `label_smoothing` moves labels towards 1 / classes. Probabilities that a softmax
    gives are not looked at: its logits are, which loses nothing. ShapeError, DTypeError: operands that do not fit.

    >>> tf.Session(jit=False).run(tf.keras.losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]))
    array([0.693...], dtype=float32)
    """
    z, y = _pair(y_true, y_pred)
    if isinstance(label_smoothing, Node) or label_smoothing:
        z = z * (1.0 - label_smoothing) + label_smoothing / cast(shape_of(z)[-1], z.dtype)
    return entropies.categorical(z, y, from_logits)


def sparse_categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, axis: int = -1) -> Node:
    """-log(y_pred[y_true]) along an axis, of probabilities of classes, or of logits; labels are numbers of classes.

    int[...] or int[..., 1], float[..., classes] -> float[...]. ShapeError, DTypeError: operands that do not fit. InvalidArgumentError, when
    run: no such class.

    >>> tf.Session(jit=False).run(tf.keras.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]]))
    array([0.693...], dtype=float32)
    """
    return entropies.sparse_categorical(to_node(y_true), to_node(y_pred), from_logits, axis)


def binary_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0) -> Node:
    """mean(-y_true log(y_pred) - (1 - y_true) log(1 - y_pred)) along the last axis, of probabilities, or of logits.

    number[..., k], float[..., k] -> float[...]; `label_smoothing` moves labels towards 1/2. Probabilities that a sigmoid gives are not looked
    at: its logits are. ShapeError, DTypeError: operands that do not fit.

    >>> tf.Session(jit=False).run(tf.keras.losses.binary_crossentropy([[1.0, 0.0]], [[0.5, 0.5]]))
    array([0.693...], dtype=float32)
    """
    z, y = _pair(y_true, y_pred)
    if isinstance(label_smoothing, Node) or label_smoothing:
        z = z * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return reduce_mean(entropies.binary(z, y, from_logits), axis=-1)


def kullback_leibler_divergence(y_true: Any, y_pred: Any) -> Node:
    """sum(y_true * log(y_true / y_pred)) along the last axis, of probabilities, which count as epsilon at least. ShapeError, DTypeError: as of
    `mean_squared_error`."""
    z, y = _pair(y_true, y_pred)
    z, y = (entropies.within(x, epsilon(), 1.0) for x in (z, y))
    return reduce_sum(z * log(z / y), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Node:
    """mean(y_pred - y_true * log(y_pred + epsilon)) along the last axis. ShapeError, DTypeError: as of `mean_squared_error`."""
    z, y = _pair(y_true, y_pred)
    return reduce_mean(y - z * log(y + epsilon()), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Node:
    """-sum(y_true * y_pred) along an axis of vectors made 1 long: -1 for those of one direction. ShapeError, DTypeError: as of
    `mean_squared_error`.

    >>> tf.Session(jit=False).run(tf.keras.losses.cosine_similarity([[2.0, 0.0]], [[3.0, 0.0]]))
    array([-1.], dtype=float32)
    """
    z, y = (nn.l2_normalize(x, axis=axis) for x in _pair(y_true, y_pred))
    return -reduce_sum(multiply(z, y), axis=axis)


# ---------------------------------------------------------------------- as objects

def _wrapped(name: str, function: Callable[..., Node], label: str, about: str) -> type[LossFunctionWrapper]:
    """The class of losses that reduce what a function of labels and predictions gives."""
    def __init__(self: Any, reduction: str = Reduction.AUTO, name: str = label) -> None:
        LossFunctionWrapper.__init__(self, function, reduction=reduction, name=name)
    doc = f"{about}: `{function.__name__}` as an object, reduced to a number. See `Loss`. Errors (ShapeError, DTypeError) of its call as there."
    return type(name, (LossFunctionWrapper,), {"__init__": __init__, "__doc__": doc, "__module__": __name__})


MeanSquaredError = _wrapped("MeanSquaredError", mean_squared_error, "mean_squared_error", "The squared error")
MeanAbsoluteError = _wrapped("MeanAbsoluteError", mean_absolute_error, "mean_absolute_error", "The absolute error")
MeanAbsolutePercentageError = _wrapped("MeanAbsolutePercentageError", mean_absolute_percentage_error, "mean_absolute_percentage_error",
                                       "The error in percent of the labels")
MeanSquaredLogarithmicError = _wrapped("MeanSquaredLogarithmicError", mean_squared_logarithmic_error, "mean_squared_logarithmic_error",
                                       "The squared error of logarithms")
Hinge = _wrapped("Hinge", hinge, "hinge", "The margin that is missing")
SquaredHinge = _wrapped("SquaredHinge", squared_hinge, "squared_hinge", "The square of the margin that is missing")
CategoricalHinge = _wrapped("CategoricalHinge", categorical_hinge, "categorical_hinge", "The margin that is missing to another class")
Poisson = _wrapped("Poisson", poisson, "poisson", "The loss of counts")
LogCosh = _wrapped("LogCosh", logcosh, "logcosh", "The logarithm of the hyperbolic cosine of the error")
KLDivergence = _wrapped("KLDivergence", kullback_leibler_divergence, "kullback_leibler_divergence", "The divergence of two distributions")


class BinaryCrossentropy(LossFunctionWrapper):
    """`binary_crossentropy` as an object, reduced to a number: see `Loss`. ShapeError, DTypeError, by the call: operands that do not fit.

    >>> tf.Session(jit=False).run(tf.keras.losses.BinaryCrossentropy(from_logits=True)([[1.0], [0.0]], [[0.0], [0.0]]))
    np.float32(0.693...)
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0, reduction: str = Reduction.AUTO, name: str = "binary_crossentropy"):
        super().__init__(binary_crossentropy, reduction=reduction, name=name, from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(LossFunctionWrapper):
    """`categorical_crossentropy` as an object, reduced to a number: see `Loss`. ShapeError, DTypeError, by the call: operands that do not fit.

    >>> tf.Session(jit=False).run(tf.keras.losses.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]))
    np.float32(0.693...)
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0, reduction: str = Reduction.AUTO,
                 name: str = "categorical_crossentropy"):
        super().__init__(categorical_crossentropy, reduction=reduction, name=name, from_logits=from_logits, label_smoothing=label_smoothing)


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """`sparse_categorical_crossentropy` as an object, reduced to a number: see `Loss`. ShapeError, DTypeError, by the call: operands that do
    not fit.

    >>> tf.Session(jit=False).run(tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)([1, 0], [[0.0, 0.0], [0.0, 0.0]]))
    np.float32(0.693...)
    """

    def __init__(self, from_logits: bool = False, reduction: str = Reduction.AUTO, name: str | None = "sparse_categorical_crossentropy"):
        super().__init__(sparse_categorical_crossentropy, reduction=reduction, name=name, from_logits=from_logits)


class CosineSimilarity(LossFunctionWrapper):
    """`cosine_similarity` as an object, reduced to a number: see `Loss`. ShapeError, DTypeError, by the call: operands that do not fit."""

    def __init__(self, axis: int = -1, reduction: str = Reduction.AUTO, name: str = "cosine_similarity"):
        super().__init__(cosine_similarity, reduction=reduction, name=name, axis=axis)


class Huber(LossFunctionWrapper):
    """The Huber loss of each error, reduced to a number: see `Loss`. ShapeError, DTypeError, by the call: operands that do not fit.

    >>> tf.Session(jit=False).run(tf.keras.losses.Huber()([0.0, 0.0], [0.5, 3.0]))
    np.float32(1.3125)
    """

    def __init__(self, delta: float = 1.0, reduction: str = Reduction.AUTO, name: str = "huber_loss"):
        super().__init__(_huber_elements, reduction=reduction, name=name, delta=delta)


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence
cosine = cosine_proximity = cosine_similarity

_family = Family("loss function", lambda: {n: globals()[n] for n in __all__ if n not in ("Loss", "Reduction", "deserialize", "get", "serialize")})


def get(identifier: Any) -> Any:
    """The loss that a name, a configuration or a function stands for; None for None. GraphError: there is none.

    >>> tf.keras.losses.get("mse") is tf.keras.losses.mean_squared_error
    True
    """
    return _family.get(identifier)


def serialize(loss: Any) -> Any:
    """The name or configuration of a loss. GraphError: it has neither."""
    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss of a name or a configuration. GraphError: there is none."""
    return _family.deserialize(name, custom_objects)


_namespace(globals())
