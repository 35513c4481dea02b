"""Heads: what a model's logits mean, as a loss, predictions and metrics, for two classes, several, and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import losses, metrics, nn
from ..errors import ArgumentError, DTypeError, GraphError, ShapeError
from ..feature_column.base import Features
from ..feature_column.numeric import NumericColumn, numeric_column
from ..ir.collecting import GraphKeys
from ..ir.default_graph import control_dependencies
from ..ir.graph import get_default_graph, name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.array import concat, expand_dims, identity, reshape, shape, tile, zeros_like
from ..ops.contract import held
from ..ops.debug import assert_greater_equal, assert_less_equal
from ..ops.math import add_n, cast, greater, greater_equal, maximum, square
from ..ops.positions import argmax
from ..ops.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor
from ..ops.state import group
from ..ops.strings import as_string
from ..ops.tables import Table
from ..train.steps import get_global_step
from .export import ClassificationOutput, PredictOutput, RegressionOutput
from .spec import EstimatorSpec, ModeKeys

__all__ = ["BinaryClassHead", "Head", "MultiClassHead", "RegressionHead"]

SUM, MEAN = losses.Reduction.SUM, losses.Reduction.SUM_OVER_BATCH_SIZE
DEFAULT, CLASSIFY, REGRESS, PREDICT = "serving_default", "classification", "regression", "predict"


class LossSpec(NamedTuple):
    """The loss that is trained, that of each row, its weight, and the labels as the loss has them."""

    training_loss: Node
    unreduced_loss: Node
    weights: Any
    processed_labels: Node


class Head:
    """What a model's logits, float[rows, logits_dimension], are taken for; `create_estimator_spec` makes of them what a model function returns.

    ArgumentError: a weight column or a reduction of losses that is none.
    """

    def __init__(self, logits_dimension: int, weight_column: Any = None, loss_reduction: str = MEAN, loss_fn: Callable[..., Any] | None = None,
                 name: str | None = None):
        what = type(self).__name__
        if isinstance(logits_dimension, bool) or not isinstance(logits_dimension, (int, np.integer)) or logits_dimension < 1:
            raise ArgumentError(f"{what}: a dimension is a whole number of 1 or more, not {logits_dimension!r:.60}{here()}")
        if isinstance(weight_column, str):
            weight_column = numeric_column(weight_column)
        if weight_column is not None and not isinstance(weight_column, NumericColumn):
            raise ArgumentError(f"{what}: weight_column is a key or a numeric_column, not {weight_column!r:.80}{here()}")
        if loss_reduction not in losses.Reduction.all() or loss_reduction == losses.Reduction.NONE:
            raise ArgumentError(f"{what}: loss_reduction is one of tf.losses.Reduction but NONE, not {loss_reduction!r:.60}{here()}")
        self._dimension, self._weight_column, self._reduction, self._loss_fn, self._name = (
            int(logits_dimension), weight_column, loss_reduction, loss_fn, name)

    @property
    def name(self) -> str | None:
        """What is put behind the names of its metrics."""
        return self._name

    @property
    def logits_dimension(self) -> int:
        """How many logits a row has."""
        return self._dimension

    # ------------------------------------------------------------------ what a head says

    def processed(self, labels: Node, logits: Node) -> Node:
        """Labels, [rows, n], as the loss has them."""
        raise NotImplementedError

    def row_losses(self, labels: Node, logits: Node) -> Node:
        """The loss of each row, [rows, n]."""
        raise NotImplementedError

    def predictions(self, logits: Node) -> dict[str, Any]:
        """What is predicted, by name."""
        raise NotImplementedError

    def outputs(self, predictions: Mapping[str, Any]) -> dict[str, Any]:
        """What an exported model offers, by the keys of signatures."""
        raise NotImplementedError

    def metrics(self, spec: LossSpec, predictions: Mapping[str, Any]) -> dict[str, Any]:
        """The metrics beside the mean loss, by name."""
        raise NotImplementedError

    @property
    def label_dimension(self) -> int:
        """How many labels a row has."""
        return 1

    # ------------------------------------------------------------------ what they share

    def create_loss(self, features: Any, mode: str, logits: Any, labels: Any) -> LossSpec:
        """The loss of logits. GraphError: no labels. ShapeError, DTypeError: they do not fit. InvalidArgumentError, when run: one out of range."""
        y = to_node(logits)
        z = self.processed(self._matrix(labels, y), y)
        if self._loss_fn is None:
            unreduced = self.row_losses(z, y)
        else:
            unreduced = self._loss_fn(labels=z, logits=y)
        weights: Any = 1.0
        if self._weight_column is not None:
            weights = reshape(self._weight_column.dense(Features(features, type(self).__name__)), [-1, 1])
        loss = losses.compute_weighted_loss(unreduced, weights, reduction=self._reduction)
        return LossSpec(loss, unreduced, weights, z)

    def create_estimator_spec(self, features: Any, mode: str, logits: Any, labels: Any = None, optimizer: Any = None,
                              train_op_fn: Callable[[Any], Any] | None = None, regularization_losses: Sequence[Any] | None = None,
                              **others: Any) -> EstimatorSpec:
        """What a model function returns for its logits: to train, with `optimizer` or what `train_op_fn` makes of the loss.

        ShapeError: logits of another size. GraphError: no labels, or to train not one of the two. Other errors as of `create_loss`.
        """
        y = to_node(logits)
        if y.type.shape is not None and y.type.shape[-1] not in (None, self._dimension):
            raise ShapeError(f"{type(self).__name__}: the logits have {self._dimension} columns, not {describe(y)}{here()}")
        with name_scope(self._name or "head"):
            with name_scope("predictions"):
                found = self.predictions(y)
            if mode == ModeKeys.PREDICT:
                return EstimatorSpec(mode, found, export_outputs={**self.outputs(found), PREDICT: PredictOutput(found)})
            spec = self.create_loss(features, mode, y, labels)
            loss, extra = spec.training_loss, None
            if regularization_losses:
                extra = add_n(list(regularization_losses))
                loss = loss + extra
            if mode == ModeKeys.EVAL:
                with name_scope("metrics"):
                    measured = {"average_loss": metrics.mean(spec.unreduced_loss, self._row_weights(spec)), **self.metrics(spec, found)}
                    if extra is not None:
                        measured["regularization_loss"] = metrics.mean(extra)
                return EstimatorSpec(mode, found, loss, eval_metric_ops={self._named(k): v for k, v in measured.items()})
            return EstimatorSpec(mode, found, loss, self._step(loss, optimizer, train_op_fn))

    def _step(self, loss: Node, optimizer: Any, train_op_fn: Any) -> Any:
        if (optimizer is None) == (train_op_fn is None):
            raise GraphError(f"{type(self).__name__}: to train it needs an optimizer or train_op_fn{here()}")
        step = train_op_fn(loss) if optimizer is None else optimizer.minimize(loss, global_step=get_global_step())
        updates = get_default_graph().get_collection(GraphKeys.UPDATE_OPS)
        return group(step, *updates) if updates else step

    def _named(self, key: str) -> str:
        return f"{key}/{self._name}" if self._name else key

    def _row_weights(self, spec: LossSpec) -> Any:
        return spec.weights if isinstance(spec.weights, Node) else None

    def _matrix(self, labels: Any, logits: Node) -> Node:
        """Labels as [rows, label_dimension]."""
        what = type(self).__name__
        if labels is None:
            raise GraphError(f"{what}: there are no labels; the input function gives them beside the features{here()}")
        z = convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(z, SparseTensor):
            raise DTypeError(f"{what}: the labels are sparse, {z!r}; tf.sparse_tensor_to_dense makes them dense{here()}")
        if z.type.rank is not None and z.type.rank == (logits.type.rank or 2) - 1:
            z = expand_dims(z, -1)
        if z.type.shape is not None and (len(z.type.shape) < 2 or z.type.shape[-1] not in (None, self.label_dimension)):
            raise ShapeError(f"{what}: a row has {self.label_dimension} label{'s' * (self.label_dimension > 1)}, and the labels are "
                             f"{describe(z)}{here()}")
        return held(what, "leading", z, logits, place=1)


def within(what: str, labels: Node, last: int) -> Node:
    """The labels; a run fails at one outside of 0 ... `last`."""
    low = assert_greater_equal(labels, np.zeros((), labels.type.dtype), message=f"{what}: labels are 0 or above")
    high = assert_less_equal(labels, np.full((), last, labels.type.dtype), message=f"{what}: labels are classes, {last} at most")
    with control_dependencies([low, high]):
        return identity(labels)


class Classes(Head):
    """What heads of classes share: names of the classes, and predictions."""

    def __init__(self, n_classes: int, dimension: int, vocabulary: Any, *rest: Any):
        super().__init__(dimension, *rest)
        if vocabulary is not None and not isinstance(vocabulary, (list, tuple)):
            raise ArgumentError(f"{type(self).__name__}: label_vocabulary is a list of texts, not {vocabulary!r:.60}{here()}")
        if vocabulary is not None and len(vocabulary) != n_classes:
            raise ArgumentError(f"{type(self).__name__}: label_vocabulary names {len(vocabulary)} classes, and there are {n_classes}{here()}")
        self._classes, self._vocabulary = n_classes, None if vocabulary is None else list(vocabulary)

    def numbered(self, labels: Node) -> Node:
        """Labels as numbers of classes."""
        what = type(self).__name__
        if self._vocabulary is None:
            if labels.dtype.name == "string":
                raise DTypeError(f"{what}: the labels are texts, {describe(labels)}; label_vocabulary says which classes they are{here()}")
            return labels
        if labels.dtype.name != "string" and isinstance(self._vocabulary[0], (str, bytes)):
            raise DTypeError(f"{what}: the labels are the texts of label_vocabulary, and {describe(labels)} are none{here()}")
        return Table(self._vocabulary, np.arange(self._classes), -1, name="class_id_lookup").lookup(labels)

    def chosen(self, logits: Node, of_all: Node) -> dict[str, Any]:
        """The class of each row, as number and as text, and all of them."""
        ids = expand_dims(argmax(of_all, axis=-1), -1)
        every = tile(np.arange(self._classes, dtype=np.int64)[None], concat([shape(logits)[:1], [1]], 0))
        return {"class_ids": ids, "classes": self.texts(ids), "all_class_ids": cast(every, dtype=np.int32), "all_classes": self.texts(every)}

    def texts(self, ids: Node) -> Node:
        """Classes as texts."""
        if self._vocabulary is None:
            return as_string(ids)
        return Table(np.arange(self._classes), self._vocabulary, "UNK", name="class_string_lookup").lookup(ids)

    def outputs(self, predictions: Mapping[str, Any]) -> dict[str, Any]:
        made = ClassificationOutput(predictions["probabilities"], predictions["all_classes"])
        return {DEFAULT: made, CLASSIFY: made}


class BinaryClassHead(Classes):
    """One logit: the log odds of the second of two classes; labels are in [0, 1], or texts of `label_vocabulary`.

    `thresholds`: probabilities at which accuracy, precision and recall are measured, too. ArgumentError: options that are none.

    >>> head = tf.estimator.BinaryClassHead()
    >>> head.logits_dimension
    1
    """

    def __init__(self, weight_column: Any = None, thresholds: Sequence[float] | None = None, label_vocabulary: Any = None,
                 loss_reduction: str = MEAN, loss_fn: Any = None, name: str | None = None):
        super().__init__(2, 1, label_vocabulary, weight_column, loss_reduction, loss_fn, name)
        self._thresholds = tuple(thresholds or ())
        if not all(0 < t < 1 for t in self._thresholds):
            raise ArgumentError(f"BinaryClassHead: thresholds lie between 0 and 1, not {thresholds!r:.60}{here()}")

    def processed(self, labels: Node, logits: Node) -> Node:
        return within("BinaryClassHead", cast(self.numbered(labels), dtype=np.float32), 1)

    def row_losses(self, labels: Node, logits: Node) -> Node:
        return nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)

    def predictions(self, logits: Node) -> dict[str, Any]:
        both = concat([zeros_like(logits), logits], -1, name="two_class_logits")
        return {"logits": logits, "logistic": nn.sigmoid(logits, name="logistic"), "probabilities": nn.softmax(both, name="probabilities"),
                **self.chosen(logits, both)}

    def outputs(self, predictions: Mapping[str, Any]) -> dict[str, Any]:
        return {**super().outputs(predictions), REGRESS: RegressionOutput(predictions["logistic"])}

    def metrics(self, spec: LossSpec, predictions: Mapping[str, Any]) -> dict[str, Any]:
        labels, weights = spec.processed_labels, self._row_weights(spec)
        classes, logistic = cast(predictions["class_ids"], dtype=np.float32), predictions["logistic"]
        mean = metrics.mean(labels, weights)
        found = {
            "accuracy": metrics.accuracy(labels, classes, weights), "precision": metrics.precision(labels, classes, weights),
            "recall": metrics.recall(labels, classes, weights), "prediction/mean": metrics.mean(logistic, weights), "label/mean": mean,
            "accuracy_baseline": tuple(maximum(m, 1.0 - m) for m in mean),
            "auc": metrics.auc(labels, logistic, weights),
            "auc_precision_recall": metrics.auc(labels, logistic, weights, curve="PR")}
        for t in self._thresholds:
            at, above = (cast(compared(logistic, np.float32(t)), dtype=np.float32) for compared in (greater_equal, greater))
            found[f"accuracy/positive_threshold_{t:g}"] = metrics.accuracy(labels, at, weights)
            found[f"precision/positive_threshold_{t:g}"] = metrics.precision(labels, above, weights)
            found[f"recall/positive_threshold_{t:g}"] = metrics.recall(labels, above, weights)
        return found


class MultiClassHead(Classes):
    """A logit for each of `n_classes` classes; labels are numbers of classes, or texts of `label_vocabulary`.

    ArgumentError: options that are none.
    """

    def __init__(self, n_classes: int, weight_column: Any = None, label_vocabulary: Any = None, loss_reduction: str = MEAN, loss_fn: Any = None,
                 name: str | None = None):
        if isinstance(n_classes, bool) or not isinstance(n_classes, (int, np.integer)) or n_classes < 3:
            raise ArgumentError(f"MultiClassHead: n_classes is a whole number of 3 or more, not {n_classes!r:.60}{here()}")
        super().__init__(int(n_classes), int(n_classes), label_vocabulary, weight_column, loss_reduction, loss_fn, name)

    def processed(self, labels: Node, logits: Node) -> Node:
        ids = self.numbered(labels)
        if ids.type.dtype.kind not in "iu":
            raise DTypeError(f"MultiClassHead: labels are numbers of classes, whole numbers, and {describe(ids)} are none{here()}")
        return within("MultiClassHead", ids, self._classes - 1)

    def row_losses(self, labels: Node, logits: Node) -> Node:
        return expand_dims(nn.sparse_softmax_cross_entropy_with_logits(labels=reshape(labels, [-1]), logits=logits), -1)

    def predictions(self, logits: Node) -> dict[str, Any]:
        return {"logits": logits, "probabilities": nn.softmax(logits, name="probabilities"), **self.chosen(logits, logits)}

    def metrics(self, spec: LossSpec, predictions: Mapping[str, Any]) -> dict[str, Any]:
        labels = cast(spec.processed_labels, dtype=np.int64)
        return {"accuracy": metrics.accuracy(labels, predictions["class_ids"], self._row_weights(spec))}


class RegressionHead(Head):
    """Numbers, `label_dimension` in a row, by the squares of what they are off. `inverse_link_fn`: what is predicted, of a logit.

    ArgumentError: options that are none.
    """

    def __init__(self, label_dimension: int = 1, weight_column: Any = None, loss_reduction: str = MEAN, loss_fn: Any = None,
                 inverse_link_fn: Callable[[Any], Any] | None = None, name: str | None = None):
        super().__init__(label_dimension, weight_column, loss_reduction, loss_fn, name)
        self._link = inverse_link_fn

    @property
    def label_dimension(self) -> int:
        return self._dimension

    def processed(self, labels: Node, logits: Node) -> Node:
        if labels.dtype.name == "string":
            raise DTypeError(f"RegressionHead: labels are numbers, and {describe(labels)} are texts{here()}")
        return cast(labels, dtype=np.float32)

    def row_losses(self, labels: Node, logits: Node) -> Node:
        return square(logits - labels)

    def predictions(self, logits: Node) -> dict[str, Any]:
        return {"predictions": logits} if self._link is None else {"predictions": self._link(logits), "logits": logits}

    def outputs(self, predictions: Mapping[str, Any]) -> dict[str, Any]:
        made = RegressionOutput(predictions["predictions"])
        return {DEFAULT: made, REGRESS: made}

    def metrics(self, spec: LossSpec, predictions: Mapping[str, Any]) -> dict[str, Any]:
        weights = self._row_weights(spec)
        return {"prediction/mean": metrics.mean(predictions["predictions"], weights), "label/mean": metrics.mean(spec.processed_labels, weights)}
