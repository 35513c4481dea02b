"""`tf.keras.metrics`: measures of a model, as functions of labels and predictions, and as objects that add up over the batches they see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import nn
from ..ir.node import Node
from ..ir.operator import to_node
from ..ops.array import reshape, squeeze
from ..ops.array import shape as shape_of
from ..ops.math import abs as absolute
from ..ops.math import cast, div_no_nan, equal, greater, sqrt, squared_difference, subtract
from ..ops.positions import argmax
from ..ops.reduce import reduce_mean
from ..tf1_names import namespace as _namespace
from . import losses as _losses
from . import metrics_counts
from .backend.state import floatx
from .losses import (
    KLD,
    MAE,
    MAPE,
    MSE,
    MSLE,
    binary_crossentropy,
    categorical_crossentropy,
    cosine,
    cosine_proximity,
    hinge,
    kld,
    kullback_leibler_divergence,
    logcosh,
    mae,
    mape,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    mse,
    msle,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from .losses_base import aligned
from .metrics_base import Mean, MeanMetricWrapper, MeanTensor, Metric, Sum
from .metrics_counts import *  # noqa: F403
from .named import Family, serialize_keras_object

__all__ = ["Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "CategoricalAccuracy", "CategoricalCrossentropy", "CategoricalHinge",
           "CosineSimilarity", "Hinge", "KLD", "KLDivergence", "LogCoshError", "MAE", "MAPE", "MSE", "MSLE", "Mean", "MeanAbsoluteError",
           "MeanAbsolutePercentageError", "MeanMetricWrapper", "MeanRelativeError", "MeanSquaredError", "MeanSquaredLogarithmicError", "MeanTensor",
           "Metric", "Poisson", "RootMeanSquaredError", "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy",
           "SparseTopKCategoricalAccuracy", "SquaredHinge", "Sum", "TopKCategoricalAccuracy", "binary_accuracy", "binary_crossentropy",
           "categorical_accuracy", "categorical_crossentropy", "cosine", "cosine_proximity", "deserialize", "get", "hinge", "kld",
           "kullback_leibler_divergence", "logcosh", "mae", "mape", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
           "mean_squared_logarithmic_error", "mse", "msle", "poisson", "serialize", "sparse_categorical_accuracy",
           "sparse_categorical_crossentropy", "sparse_top_k_categorical_accuracy", "squared_hinge", "top_k_categorical_accuracy",
           *metrics_counts.__all__]


# ---------------------------------------------------------------------- as functions

def accuracy(y_true: Any, y_pred: Any) -> Node:
    """1 where a prediction equals its label, else 0: any[...] both -> float32[...]. ShapeError: the shapes do not fit."""
    z, y = aligned(y_true, y_pred)
    return cast(equal(z, cast(y, z.dtype)), floatx())


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Node:
    """How often a prediction is above the threshold where the label is 1, along the last axis.

    number[..., k] both -> float32[...]. ShapeError: the shapes do not fit.

    >>> tf.Session(jit=False).run(tf.keras.metrics.binary_accuracy([[1.0, 0.0]], [[0.9, 0.6]]))
    array([0.5], dtype=float32)
    """
    y, z = to_node(y_pred), to_node(y_true)
    return reduce_mean(cast(equal(cast(z, y.dtype), cast(greater(y, threshold), y.dtype)), floatx()), axis=-1)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Node:
    """1 where the largest prediction is that of the label's class, else 0. number[..., classes] both -> float32[...].

    >>> tf.Session(jit=False).run(tf.keras.metrics.categorical_accuracy([[0.0, 1.0], [1.0, 0.0]], [[0.2, 0.8], [0.2, 0.8]]))
    array([1., 0.], dtype=float32)
    """
    return cast(equal(argmax(to_node(y_true), axis=-1), argmax(to_node(y_pred), axis=-1)), floatx())


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Node:
    """1 where the largest prediction is that of the class that the label numbers, else 0. int[...] or int[..., 1], number[..., classes] ->
    float32[...]. ShapeError: the shapes do not fit.

    >>> tf.Session(jit=False).run(tf.keras.metrics.sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.2, 0.8]]))
    array([1., 0.], dtype=float32)
    """
    z, y = to_node(y_true), to_node(y_pred)
    if z.type.rank is not None and z.type.rank == y.type.rank and z.type.shape is not None and z.type.shape[-1] in (1, None):
        z = squeeze(z, axis=-1)
    return cast(equal(z, cast(argmax(y, axis=-1), z.dtype)), floatx())


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Node:
    """1 where the label's class is among the k largest predictions, else 0. number[n, classes] both -> float32[n]. ShapeError: other ranks."""
    return cast(nn.in_top_k(to_node(y_pred), argmax(to_node(y_true), axis=-1), k=k), floatx())


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Node:
    """1 where the class that the label numbers is among the k largest predictions, else 0. int[n] or int[n, 1], number[n, classes] ->
    float32[n]. ShapeError: other ranks."""
    z, y = to_node(y_true), to_node(y_pred)
    if y.type.rank is not None and y.type.rank > 2:
        y = reshape(y, [-1, shape_of(y)[-1]])
    return cast(nn.in_top_k(y, cast(reshape(z, [-1]), "int32"), k=k), floatx())


def _cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Node:
    """The cosine of the angle of labels and predictions, along an axis."""
    return -_losses.cosine_similarity(y_true, y_pred, axis)


# ---------------------------------------------------------------------- as objects

def _mean_of(name: str, function: Callable[..., Node], label: str, about: str) -> type[MeanMetricWrapper]:
    """The class of metrics that are the mean of what a function of labels and predictions gives."""
    def __init__(self: Any, name: str = label, dtype: Any = None) -> None:
        MeanMetricWrapper.__init__(self, function, name, dtype=dtype)
    doc = f"{about}, over all batches: the mean of `{function.__name__}`. ShapeError, DTypeError, by the call: operands that do not fit."
    return type(name, (MeanMetricWrapper,), {"__init__": __init__, "__doc__": doc, "__module__": __name__})


Accuracy = _mean_of("Accuracy", accuracy, "accuracy", "How often predictions equal labels")
CategoricalAccuracy = _mean_of("CategoricalAccuracy", categorical_accuracy, "categorical_accuracy", "How often the largest prediction is right")
SparseCategoricalAccuracy = _mean_of("SparseCategoricalAccuracy", sparse_categorical_accuracy, "sparse_categorical_accuracy",
                                     "How often the largest prediction is that of the class that the label numbers")
MeanAbsoluteError = _mean_of("MeanAbsoluteError", mean_absolute_error, "mean_absolute_error", "The absolute error")
MeanAbsolutePercentageError = _mean_of("MeanAbsolutePercentageError", mean_absolute_percentage_error, "mean_absolute_percentage_error",
                                       "The error in percent of the labels")
MeanSquaredError = _mean_of("MeanSquaredError", mean_squared_error, "mean_squared_error", "The squared error")
MeanSquaredLogarithmicError = _mean_of("MeanSquaredLogarithmicError", mean_squared_logarithmic_error, "mean_squared_logarithmic_error",
                                       "The squared error of logarithms")
Hinge = _mean_of("Hinge", hinge, "hinge", "The margin that is missing")
SquaredHinge = _mean_of("SquaredHinge", squared_hinge, "squared_hinge", "The square of the margin that is missing")
CategoricalHinge = _mean_of("CategoricalHinge", _losses.categorical_hinge, "categorical_hinge", "The margin that is missing to another class")
LogCoshError = _mean_of("LogCoshError", logcosh, "logcosh", "The logarithm of the hyperbolic cosine of the error")
Poisson = _mean_of("Poisson", poisson, "poisson", "The loss of counts")
KLDivergence = _mean_of("KLDivergence", kullback_leibler_divergence, "kullback_leibler_divergence", "The divergence of two distributions")


class BinaryAccuracy(MeanMetricWrapper):
    """How often a prediction is above the threshold where the label is 1, over all batches. ShapeError, by the call: operands that do not fit.

    >>> metric, sess = tf.keras.metrics.BinaryAccuracy(), tf.Session(jit=False)
    >>> sess.run(metric([[1.0], [0.0]], [[0.9], [0.6]]))
    np.float32(0.5)
    """

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5):
        super().__init__(binary_accuracy, name, dtype=dtype, threshold=threshold)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the label's class is among the k largest predictions, over all batches. ShapeError, by the call: operands that do not fit."""

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None):
        super().__init__(top_k_categorical_accuracy, name, dtype=dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the class that the label numbers is among the k largest predictions, over all batches. ShapeError, by the call: operands that do
    not fit."""

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: Any = None):
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype=dtype, k=k)


class CosineSimilarity(MeanMetricWrapper):
    """The cosine of the angle of labels and predictions along an axis, over all batches. ShapeError, by the call: operands that do not fit."""

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1):
        super().__init__(_cosine, name, dtype=dtype, axis=axis)


class BinaryCrossentropy(MeanMetricWrapper):
    """`binary_crossentropy` over all batches. ShapeError, by the call: operands that do not fit."""

    def __init__(self, name: str = "binary_crossentropy", dtype: Any = None, from_logits: bool = False, label_smoothing: float = 0):
        super().__init__(binary_crossentropy, name, dtype=dtype, from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(MeanMetricWrapper):
    """`categorical_crossentropy` over all batches. ShapeError, by the call: operands that do not fit."""

    def __init__(self, name: str = "categorical_crossentropy", dtype: Any = None, from_logits: bool = False, label_smoothing: float = 0):
        super().__init__(categorical_crossentropy, name, dtype=dtype, from_logits=from_logits, label_smoothing=label_smoothing)


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """`sparse_categorical_crossentropy` over all batches. ShapeError, by the call: operands that do not fit."""

    def __init__(self, name: str = "sparse_categorical_crossentropy", dtype: Any = None, from_logits: bool = False, axis: int = -1):
        super().__init__(sparse_categorical_crossentropy, name, dtype=dtype, from_logits=from_logits, axis=axis)


class RootMeanSquaredError(Mean):
    """The root of the mean squared error of all batches. ShapeError, by the call: operands that do not fit.

    >>> metric, sess = tf.keras.metrics.RootMeanSquaredError(), tf.Session(jit=False)
    >>> sess.run(metric([0.0, 0.0], [3.0, 3.0]))
    np.float32(3.0)
    """

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None):
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:  # type: ignore[override]
        """An operation that takes in the squares of a batch's errors."""
        z, y = aligned(cast(to_node(y_true), self._dtype), cast(to_node(y_pred), self._dtype))
        return super().update_state(squared_difference(y, z), sample_weight)

    def result(self) -> Any:
        """The root of the mean."""
        return sqrt(super().result())


class MeanRelativeError(Mean):
    """The mean of |predictions - labels| / normalizer, 0 where that is 0, over all batches. ShapeError, by the call: operands that do not fit."""

    def __init__(self, normalizer: Any, name: str | None = None, dtype: Any = None):
        super().__init__(name or "mean_relative_error", dtype)
        self.normalizer = normalizer

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:  # type: ignore[override]
        """An operation that takes in the relative errors of a batch."""
        z, y = aligned(cast(to_node(y_true), self._dtype), cast(to_node(y_pred), self._dtype))
        return super().update_state(div_no_nan(absolute(subtract(z, y)), cast(to_node(self.normalizer), self._dtype)), sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the metric anew."""
        given = self.normalizer
        return {**super().get_config(), "normalizer": given.tolist() if hasattr(given, "tolist") else given}


_family = Family("metric function", lambda: {n: globals()[n] for n in [*__all__, "accuracy", "cosine_similarity"]
                                             if n in globals() and n not in ("Metric", "deserialize", "get", "serialize")})
cosine_similarity = _losses.cosine_similarity


def get(identifier: Any) -> Any:
    """The metric that a name, a configuration, a function or an object stands for; None for None. GraphError: there is none.

    >>> tf.keras.metrics.get("mse") is tf.keras.metrics.mean_squared_error
    True
    """
    return identifier if isinstance(identifier, Metric) else _family.get(identifier)


def serialize(metric: Any) -> Any:
    """The name or configuration of a metric. GraphError: it has neither."""
    return serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The metric of a name or a configuration. GraphError: there is none."""
    return _family.deserialize(config, custom_objects)


_namespace(globals())
