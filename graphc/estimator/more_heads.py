"""Heads for labels that do not exclude each other, for counts and for shares, and several heads as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import metrics, nn
from ..errors import ArgumentError, DTypeError, GraphError, ShapeError
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.array import concat, shape, split, tile
from ..ops.math import add_n, cast, exp, greater, multiply
from ..ops.reduce import reduce_mean
from ..ops.sparse_forms import sparse_to_indicator
from ..ops.sparse_tensor import SparseTensor
from ..ops.state import group
from .export import ClassificationOutput, PredictOutput
from .heads import CLASSIFY, DEFAULT, MEAN, PREDICT, Classes, Head, LossSpec, RegressionHead, within
from .spec import EstimatorSpec, ModeKeys

__all__ = ["LogisticRegressionHead", "MultiHead", "MultiLabelHead", "PoissonRegressionHead"]


class LogisticRegressionHead(RegressionHead):
    """One logit: the log odds of a share; labels are numbers in [0, 1], and what is predicted is sigmoid(logit).

    ArgumentError: options that are none.

    >>> head = tf.estimator.LogisticRegressionHead()
    >>> tf.Session(jit=False).run(head.predictions(tf.constant([[0.0]]))["predictions"])
    array([[0.5]], dtype=float32)
    """

    def __init__(self, weight_column: Any = None, loss_reduction: str = MEAN, name: str | None = None):
        super().__init__(1, weight_column, loss_reduction, None, nn.sigmoid, name)

    def processed(self, labels: Node, logits: Node) -> Node:
        return within("LogisticRegressionHead", super().processed(labels, logits), 1)

    def row_losses(self, labels: Node, logits: Node) -> Node:
        return nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)


class PoissonRegressionHead(RegressionHead):
    """Logits are logarithms of what counts are expected to be; labels are counts, and what is predicted is exp(logits).

    `compute_full_loss`: with what depends on labels alone, by Stirling's approximation. ArgumentError: options that are none.

    >>> head = tf.estimator.PoissonRegressionHead()
    >>> tf.Session(jit=False).run(head.predictions(tf.constant([[0.0]]))["predictions"])
    array([[1.]], dtype=float32)
    """

    def __init__(self, label_dimension: int = 1, weight_column: Any = None, loss_reduction: str = MEAN, compute_full_loss: bool = True,
                 name: str | None = None):
        super().__init__(label_dimension, weight_column, loss_reduction, None, exp, name)
        self._full = bool(compute_full_loss)

    def row_losses(self, labels: Node, logits: Node) -> Node:
        return nn.log_poisson_loss(labels, logits, self._full)


class MultiLabelHead(Classes):
    """A logit for each of `n_classes` classes, of which a row may have any number; its loss is the mean over them.

    Labels are 0 and 1 for each class, int[rows, n_classes], or sparse with the numbers of a row's classes, or their texts, which
    `label_vocabulary` names. `thresholds`: probabilities at which accuracy, precision and recall are measured, too;
    `classes_for_class_based_metrics`: numbers or texts of classes that are measured by themselves. ArgumentError: options that are none.

    >>> head = tf.estimator.MultiLabelHead(3)
    >>> head.create_loss({}, "eval", tf.zeros([2, 3]), [[1, 0, 1], [0, 0, 0]]).unreduced_loss.shape
    TensorShape((2, 1))
    """

    def __init__(self, n_classes: int, weight_column: Any = None, thresholds: Sequence[float] | None = None, label_vocabulary: Any = None,
                 loss_reduction: str = MEAN, loss_fn: Any = None, classes_for_class_based_metrics: Sequence[Any] | None = None,
                 name: str | None = None):
        if isinstance(n_classes, bool) or not isinstance(n_classes, (int, np.integer)) or n_classes < 2:
            raise ArgumentError(f"MultiLabelHead: n_classes is a whole number of 2 or more, not {n_classes!r:.60}{here()}")
        super().__init__(int(n_classes), int(n_classes), label_vocabulary, weight_column, loss_reduction, loss_fn, name)
        self._thresholds = tuple(thresholds or ())
        if not all(0 < t < 1 for t in self._thresholds):
            raise ArgumentError(f"MultiLabelHead: thresholds lie between 0 and 1, not {thresholds!r:.60}{here()}")
        self._measured = [self._number(given) for given in classes_for_class_based_metrics or ()]

    def _number(self, given: Any) -> int:
        """The number of a class that is told by it, or by its text."""
        if isinstance(given, str) and given in (self._vocabulary or ()):
            return (self._vocabulary or []).index(given)
        if isinstance(given, str) or not 0 <= given < self._classes:
            known = f"one of label_vocabulary, {self._vocabulary}" if isinstance(given, str) else f"a number below {self._classes}"
            raise ArgumentError(f"MultiLabelHead: a class of classes_for_class_based_metrics is {known}, not {given!r:.60}{here()}")
        return int(given)

    @property
    def label_dimension(self) -> int:
        return self._classes

    def _matrix(self, labels: Any, logits: Node) -> Node:
        if isinstance(labels, SparseTensor):
            ids = self.numbered(labels.values)
            if ids.type.dtype.kind not in "iu":
                raise DTypeError(f"MultiLabelHead: sparse labels are numbers of classes, whole numbers, and {describe(ids)} are none{here()}")
            numbers = SparseTensor(labels.indices, within("MultiLabelHead", ids, self._classes - 1), labels.dense_shape)
            labels = cast(sparse_to_indicator(numbers, self._classes), dtype=np.int64)
        return super()._matrix(labels, logits)

    def processed(self, labels: Node, logits: Node) -> Node:
        if labels.type.dtype.kind not in "iub":
            raise DTypeError(f"MultiLabelHead: labels are 0 or 1 for each class, whole numbers, and {describe(labels)} are none{here()}")
        return within("MultiLabelHead", cast(labels, dtype=np.int64), 1)

    def row_losses(self, labels: Node, logits: Node) -> Node:
        each = nn.sigmoid_cross_entropy_with_logits(labels=cast(labels, logits.dtype), logits=logits)
        return reduce_mean(each, axis=-1, keepdims=True)

    def predictions(self, logits: Node) -> dict[str, Any]:
        every = tile(np.arange(self._classes, dtype=np.int64)[None], concat([shape(logits)[:1], [1]], 0))
        return {"logits": logits, "probabilities": nn.sigmoid(logits, name="probabilities"), "classes": self.texts(every)}

    def outputs(self, predictions: Mapping[str, Any]) -> dict[str, Any]:
        made = ClassificationOutput(predictions["probabilities"], predictions["classes"])
        return {DEFAULT: made, CLASSIFY: made}

    def metrics(self, spec: LossSpec, predictions: Mapping[str, Any]) -> dict[str, Any]:
        labels, weights, found = spec.processed_labels, self._row_weights(spec), predictions["probabilities"]

        def areas(suffix: str, z: Node, p: Node) -> dict[str, Any]:
            return {f"auc{suffix}": metrics.auc(z, p, weights),
                    f"auc_precision_recall{suffix}": metrics.auc(z, p, weights, curve="PR", summation_method="careful_interpolation")}
        made = areas("", labels, found)
        for t in self._thresholds:
            above = cast(greater(found, np.float32(t)), dtype=np.int64)
            for name, measure in (("accuracy", metrics.accuracy), ("precision", metrics.precision), ("recall", metrics.recall)):
                made[f"{name}/positive_threshold_{t:g}"] = measure(labels, above, weights)
        for c in self._measured:
            suffix = f"/class{c}" if self._vocabulary is None else f"/{self._vocabulary[c]}"
            p = found[:, c:c + 1]
            made |= {f"probability_mean{suffix}": metrics.mean(p, weights), **areas(suffix, labels[:, c:c + 1], p)}
        return made


class MultiHead(Head):
    """Several heads as one, whose losses are added, `head_weights` times each; all of them have names.

    Logits are a dict by the names of heads, or side by side in one tensor; labels are a dict by those names. Predictions stand by pairs (name of
    the head, what it predicts). ArgumentError: no heads, one without a name or two of one name, or weights for others.

    >>> heads = [tf.estimator.RegressionHead(name="a"), tf.estimator.MultiClassHead(3, name="b")]
    >>> head = tf.estimator.MultiHead(heads)
    >>> head.logits_dimension, head.name
    (4, 'a_b')
    """

    def __init__(self, heads: Sequence[Head], head_weights: Sequence[float] | None = None):
        if not isinstance(heads, (list, tuple)) or not heads or not all(isinstance(head, Head) for head in heads):
            raise ArgumentError(f"MultiHead takes a list of heads, not {heads!r:.60}{here()}")
        names = [head.name for head in heads]
        if None in names or len(set(names)) < len(names):
            raise ArgumentError(f"MultiHead: each head has a name of its own, as in MultiClassHead(3, name='genre'); they are {names}{here()}")
        if head_weights and len(head_weights) != len(heads):
            raise ArgumentError(f"MultiHead: {len(head_weights)} head_weights for {len(heads)} heads{here()}")
        super().__init__(sum(head.logits_dimension for head in heads), name="_".join(map(str, names)))
        self._heads, self._weights = list(heads), list(head_weights or [1.0] * len(heads))

    def _each(self, what: str, given: Any) -> list[Any]:
        """What is given for each head, by its name."""
        lacking = [head.name for head in self._heads if head.name not in given]
        if lacking:
            raise GraphError(f"MultiHead: {what} has nothing for the head {lacking[0]!r:.60}{here()}")
        return [given[head.name] for head in self._heads]

    def _logits(self, logits: Any) -> list[Node]:
        if isinstance(logits, Mapping):
            return [to_node(x) for x in self._each("logits", logits)]
        y = to_node(logits)
        if y.type.shape is not None and y.type.shape[-1] not in (None, self._dimension):
            raise ShapeError(f"MultiHead: the logits have {self._dimension} columns, those of all heads, not {describe(y)}{here()}")
        return split(y, [head.logits_dimension for head in self._heads], axis=-1)

    def _labels(self, labels: Any) -> list[Any]:
        if not isinstance(labels, Mapping):
            raise GraphError(f"MultiHead: labels are a dict by the names of heads, not {labels!r:.60}{here()}")
        return self._each("labels", labels)

    def predictions(self, logits: Any) -> Any:
        """What all heads predict, by pairs (name of the head, name). GraphError: no logits for a head. ShapeError: logits of another size."""
        return {(head.name, k): v for head, y in zip(self._heads, self._logits(logits), strict=True) for k, v in head.predictions(y).items()}

    def create_loss(self, features: Any, mode: str, logits: Any, labels: Any) -> LossSpec:
        """The loss of all heads together. GraphError: no logits or labels for a head. Else as each head's."""
        specs = [head.create_loss(features, mode, y, z)
                 for head, y, z in zip(self._heads, self._logits(logits), self._labels(labels), strict=True)]
        loss = add_n([multiply(spec.training_loss, np.float32(w)) for spec, w in zip(specs, self._weights, strict=True)])
        named = [{head.name: spec[i] for head, spec in zip(self._heads, specs, strict=True)} for i in range(1, 4)]
        return LossSpec(loss, *named)           # type: ignore[arg-type]

    def create_estimator_spec(self, features: Any, mode: str, logits: Any, labels: Any = None, optimizer: Any = None,
                              train_op_fn: Callable[[Any], Any] | None = None, regularization_losses: Sequence[Any] | None = None,
                              **others: Any) -> EstimatorSpec:
        """What a model function returns for the logits of all heads; the default signature of an exported model is the first head's.

        GraphError: no logits or labels for a head, or to train not one of `optimizer` and `train_op_fn`. Else as each head's.
        """
        with name_scope(self._name):
            each = self._logits(logits)
            given = [None] * len(each) if mode == ModeKeys.PREDICT else self._labels(labels)
            specs = [head.create_estimator_spec(features, mode, y, z, train_op_fn=lambda loss: group())
                     for head, y, z in zip(self._heads, each, given, strict=True)]
            found = {(head.name, k): v for head, spec in zip(self._heads, specs, strict=True) for k, v in spec.predictions.items()}
            if mode == ModeKeys.PREDICT:
                return EstimatorSpec(mode, found, export_outputs=self._exported(specs))
            loss = add_n([multiply(spec.loss, np.float32(w)) for spec, w in zip(specs, self._weights, strict=True)])
            extra = add_n(list(regularization_losses)) if regularization_losses else None
            loss = loss if extra is None else loss + extra
            if mode == ModeKeys.EVAL:
                measured = {f"loss/{head.name}": metrics.mean(spec.loss) for head, spec in zip(self._heads, specs, strict=True)}
                if extra is not None:
                    measured[self._named("regularization_loss")] = metrics.mean(extra)
                for spec in specs:
                    measured |= spec.eval_metric_ops or {}
                return EstimatorSpec(mode, found, loss, eval_metric_ops=measured)
            return EstimatorSpec(mode, found, loss, self._step(loss, optimizer, train_op_fn))

    def _exported(self, specs: Sequence[EstimatorSpec]) -> dict[str, Any]:
        """The signatures of all heads, behind their names; what all predict together; the first head's by default."""
        found, together = {DEFAULT: specs[0].export_outputs[DEFAULT]}, {}
        for head, spec in zip(self._heads, specs, strict=True):
            for key, output in spec.export_outputs.items():
                found[str(head.name) if key == DEFAULT else f"{head.name}/{key}"] = output
            together.update({f"{head.name}/{k}": v for k, v in spec.export_outputs[PREDICT].outputs.items()})
        return {**found, PREDICT: PredictOutput(together)}
