"""The ready-made estimators of `tf.contrib.learn`: linear ones, deep ones and both, with the names that variables and metrics had there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from ... import losses, metrics, nn
from ...errors import ArgumentError
from ...estimator.canned import optimizer_of
from ...estimator.heads import BinaryClassHead, Head, LossSpec, MultiClassHead, RegressionHead
from ...ir.collecting import GraphKeys
from ...ir.default_graph import control_dependencies
from ...ir.graph import get_default_graph
from ...ir.node import Node, here
from ...ops.array import reshape
from ...ops.math import cast, maximum
from ...ops.state import assign_add, group
from ...train.clipping import clip_by_global_norm
from ...train.optimizer import Optimizer
from ...train.steps import get_global_step
from ...variables import get_variable_scope, variable_scope
from ..columns import features_of, input_from_feature_columns, weighted_sum_from_feature_columns
from ..layers import dropout as dropped
from ..layers import fully_connected
from .estimator import Estimator
from .model_fn import ModeKeys, ModelFnOps

__all__ = ["DNNClassifier", "DNNLinearCombinedClassifier", "DNNLinearCombinedRegressor", "DNNRegressor", "LinearClassifier", "LinearRegressor"]


class Tower(NamedTuple):
    """A part of a model: its scope, what gives its logits of features, mode and their number, its optimizer, and the norm its gradients have."""

    scope: str
    logits: Callable[[Any, str, int], Node]
    optimizer: Callable[[], Optimizer]
    clip: float | None


def _deep(what: str, columns: Any, hidden_units: Any, optimizer: Any, activation: Any, dropout: float | None, clip: float | None) -> Tower:
    sizes = list(hidden_units) if isinstance(hidden_units, (list, tuple)) else []
    if not sizes or any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1 for n in sizes):
        raise ArgumentError(f"{what}: hidden_units are whole numbers of 1 or more, one for each layer, not {hidden_units!r:.60}{here()}")

    def logits(features: Any, mode: str, units: int) -> Node:
        net = input_from_feature_columns(features, columns, ["dnn"], scope="input_from_feature_columns")
        for i, n in enumerate(sizes):
            net = fully_connected(net, n, activation, variables_collections=["dnn"], scope=f"hiddenlayer_{i}")
            if dropout is not None and mode == ModeKeys.TRAIN:
                net = dropped(net, keep_prob=1.0 - dropout)
        return fully_connected(net, units, None, variables_collections=["dnn"], scope="logits")
    return Tower("dnn", logits, optimizer_of(what, "Adagrad" if optimizer is None else optimizer, 0.05), clip)


def _wide(what: str, columns: Any, optimizer: Any, clip: float | None) -> Tower:
    def logits(features: Any, mode: str, units: int) -> Node:
        return weighted_sum_from_feature_columns(features, columns, units, ["linear"], scope=get_variable_scope())[0]
    count = len(columns) if isinstance(columns, (list, tuple, set, frozenset)) and columns else 1
    return Tower("linear", logits, optimizer_of(what, "Ftrl" if optimizer is None else optimizer, min(0.2, 1 / sqrt(count))), clip)


# ---------------------------------------------------------------------- heads

def _binary(spec: LossSpec, found: Mapping[str, Any], weights: Any) -> dict[str, Any]:
    labels, chances = spec.processed_labels, found["logistic"]
    said = cast(reshape(found["class_ids"], [-1, 1]), dtype=np.float32)
    mean = metrics.mean(labels, weights)
    right = metrics.accuracy(labels, said, weights)
    return {"accuracy": right, "labels/prediction_mean": metrics.mean(chances, weights), "labels/actual_label_mean": mean,
            "accuracy/baseline_label_mean": tuple(maximum(m, 1.0 - m) for m in mean), "auc": metrics.auc(labels, chances, weights),
            "auc_precision_recall": metrics.auc(labels, chances, weights, curve="PR"),
            "accuracy/threshold_0.500000_mean": metrics.accuracy(labels, said, weights),
            "precision/positive_threshold_0.500000_mean": metrics.precision(labels, said, weights),
            "recall/positive_threshold_0.500000_mean": metrics.recall(labels, said, weights)}


def _several(spec: LossSpec, found: Mapping[str, Any], weights: Any) -> dict[str, Any]:
    return {"accuracy": metrics.accuracy(cast(spec.processed_labels, dtype=np.int64), found["class_ids"], weights)}


def _numbers(spec: LossSpec, found: Mapping[str, Any], weights: Any) -> dict[str, Any]:
    return {}


def _flat_classes(found: Mapping[str, Any]) -> dict[str, Any]:
    kept = {k: found[k] for k in ("logits", "logistic", "probabilities") if k in found}
    return {**kept, "classes": reshape(found["class_ids"], [-1])}


def _scores(found: Mapping[str, Any]) -> dict[str, Any]:
    made = found["predictions"]
    return {"scores": reshape(made, [-1]) if made.type.shape is not None and made.type.shape[-1] == 1 else made}


# Of each kind of head: its metrics beside the loss, and its predictions.
_KINDS: dict[type[Head], tuple[Callable[..., dict[str, Any]], Callable[..., dict[str, Any]]]] = {
    BinaryClassHead: (_binary, _flat_classes), MultiClassHead: (_several, _flat_classes), RegressionHead: (_numbers, _scores)}


def _head(what: str, n_classes: Any, weights: Any) -> Head:
    if isinstance(n_classes, bool) or not isinstance(n_classes, (int, np.integer)) or n_classes < 2:
        raise ArgumentError(f"{what}: n_classes is a whole number of 2 or more, not {n_classes!r:.60}{here()}")
    mean = losses.Reduction.MEAN
    return BinaryClassHead(weights, loss_reduction=mean) if n_classes == 2 else MultiClassHead(int(n_classes), weights, loss_reduction=mean)


# ---------------------------------------------------------------------- estimators

class Canned(Estimator):
    """An estimator of a head and the sum of towers' logits; `_answer` is the prediction that `predict` gives by itself."""

    _answer: str

    def __init__(self, head: Head, towers: Sequence[Tower], model_dir: Any, config: Any, feature_engineering_fn: Any):
        measured, predicted = _KINDS[type(head)]

        def model(features: Any, labels: Any, mode: str) -> ModelFnOps:
            made, scopes = [], []
            for tower in towers:
                with variable_scope(tower.scope) as scope:
                    made.append(tower.logits(features, mode, head.logits_dimension))
                    scopes.append(scope.name)
            logits = made[0] if len(made) == 1 else made[0] + made[1]
            found = head.predictions(logits)
            if mode == ModeKeys.INFER:
                return ModelFnOps(mode, predicted(found))
            spec = head.create_loss(features_of(features), mode, logits, labels)
            if mode == ModeKeys.EVAL:
                weights = spec.weights if isinstance(spec.weights, Node) else None
                return ModelFnOps(mode, predicted(found), spec.training_loss, None, measured(spec, found, weights))
            return ModelFnOps(mode, predicted(found), spec.training_loss, _step(spec.training_loss, towers, scopes))
        super().__init__(model, model_dir, config, None, feature_engineering_fn)

    def predict(self, x: Any = None, input_fn: Any = None, batch_size: int | None = None, outputs: Any = None,     # type: ignore[override]
                as_iterable: bool = True, iterate_batches: bool = False) -> Any:
        """The class, or the number, for each row; or with `outputs` dicts of predictions of these keys. Errors as of `Estimator.predict`."""
        found = super().predict(x, input_fn, batch_size, outputs or [self._answer], as_iterable, iterate_batches)
        return found if outputs else _only(found, self._answer, as_iterable)


def _step(loss: Node, towers: Sequence[Tower], scopes: Sequence[str]) -> Any:
    graph = get_default_graph()
    moved = []
    for tower, scope in zip(towers, scopes, strict=True):
        optimizer = tower.optimizer()
        pairs = optimizer.compute_gradients(loss, graph.get_collection(GraphKeys.TRAINABLE_VARIABLES, f"{scope}/"))
        if tower.clip is not None:
            slopes, _ = clip_by_global_norm([g for g, _ in pairs], tower.clip)
            pairs = list(zip(slopes, (v for _, v in pairs), strict=True))
        moved.append(optimizer.apply_gradients(pairs))
    with control_dependencies([group(*moved)]):
        return assign_add(get_global_step(), 1).op


class _Classifier(Canned):
    """What classifiers share."""

    _answer = "classes"

    def predict_classes(self, x: Any = None, input_fn: Any = None, batch_size: int | None = None, as_iterable: bool = True) -> Any:
        """The class of each row. Errors as of `Estimator.predict`."""
        return self.predict(x, input_fn, batch_size, None, as_iterable)

    def predict_proba(self, x: Any = None, input_fn: Any = None, batch_size: int | None = None, as_iterable: bool = True) -> Any:
        """The probabilities of the classes for each row. Errors as of `Estimator.predict`."""
        return _only(self.predict(x, input_fn, batch_size, ["probabilities"], as_iterable), "probabilities", as_iterable)


class _Regressor(Canned):
    """What regressors share."""

    _answer = "scores"

    def predict_scores(self, x: Any = None, input_fn: Any = None, batch_size: int | None = None, as_iterable: bool = True) -> Any:
        """The number for each row. Errors as of `Estimator.predict`."""
        return self.predict(x, input_fn, batch_size, None, as_iterable)


def _only(found: Any, key: str, each: bool) -> Any:
    return (row[key] for row in found) if each else found[key]


class DNNClassifier(_Classifier):
    """Classes by dense layers above columns of `tf.contrib.layers`. Variables: `dnn/hiddenlayer_0/weights`, `dnn/logits/biases`.

    `fit(x, y)` or `fit(input_fn=...)`, `evaluate`, `predict`, `predict_proba`. ArgumentError: an argument that is none.

    >>> x = np.float32([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> columns = tf.contrib.learn.infer_real_valued_columns_from_input(x)
    >>> model = tf.contrib.learn.DNNClassifier([8], columns, "first", optimizer=tf.train.AdamOptimizer(0.1),
    ...                                        config=tf.contrib.learn.RunConfig(tf_random_seed=1))
    >>> [int(c) for c in model.fit(x, np.array([0, 0, 1, 1]), steps=50).predict(x)]
    [0, 0, 1, 1]
    """

    def __init__(self, hidden_units: Sequence[int], feature_columns: Any, model_dir: Any = None, n_classes: int = 2,
                 weight_column_name: str | None = None, optimizer: Any = None, activation_fn: Any = nn.relu, dropout: float | None = None,
                 gradient_clip_norm: float | None = None, enable_centered_bias: bool = False, config: Any = None,
                 feature_engineering_fn: Any = None, embedding_lr_multipliers: Any = None, input_layer_min_slice_size: Any = None,
                 label_keys: Any = None):
        what = "DNNClassifier"
        tower = _deep(what, feature_columns, hidden_units, optimizer, activation_fn, dropout, gradient_clip_norm)
        super().__init__(_head(what, n_classes, weight_column_name), [tower], model_dir, config, feature_engineering_fn)


class DNNRegressor(_Regressor):
    """Numbers by dense layers above columns of `tf.contrib.layers`; otherwise as `DNNClassifier`. ArgumentError: an argument that is none."""

    def __init__(self, hidden_units: Sequence[int], feature_columns: Any, model_dir: Any = None, weight_column_name: str | None = None,
                 optimizer: Any = None, activation_fn: Any = nn.relu, dropout: float | None = None, gradient_clip_norm: float | None = None,
                 enable_centered_bias: bool = False, config: Any = None, feature_engineering_fn: Any = None, label_dimension: int = 1,
                 embedding_lr_multipliers: Any = None, input_layer_min_slice_size: Any = None):
        tower = _deep("DNNRegressor", feature_columns, hidden_units, optimizer, activation_fn, dropout, gradient_clip_norm)
        head = RegressionHead(label_dimension, weight_column_name, losses.Reduction.MEAN)
        super().__init__(head, [tower], model_dir, config, feature_engineering_fn)


class LinearClassifier(_Classifier):
    """Classes by a weighted sum of columns of `tf.contrib.layers`. Variables: `linear/<column>/weights`, `linear/bias_weight`.

    Otherwise as `DNNClassifier`. ArgumentError: an argument that is none.
    """

    def __init__(self, feature_columns: Any, model_dir: Any = None, n_classes: int = 2, weight_column_name: str | None = None,
                 optimizer: Any = None, gradient_clip_norm: float | None = None, enable_centered_bias: bool = False,
                 _joint_weight: bool = False, config: Any = None, feature_engineering_fn: Any = None, label_keys: Any = None):
        what = "LinearClassifier"
        tower = _wide(what, feature_columns, optimizer, gradient_clip_norm)
        super().__init__(_head(what, n_classes, weight_column_name), [tower], model_dir, config, feature_engineering_fn)


class LinearRegressor(_Regressor):
    """Numbers by a weighted sum of columns of `tf.contrib.layers`; otherwise as `LinearClassifier`. ArgumentError: an argument that is none."""

    def __init__(self, feature_columns: Any, model_dir: Any = None, weight_column_name: str | None = None, optimizer: Any = None,
                 gradient_clip_norm: float | None = None, enable_centered_bias: bool = False, label_dimension: int = 1,
                 _joint_weights: bool = False, config: Any = None, feature_engineering_fn: Any = None):
        tower = _wide("LinearRegressor", feature_columns, optimizer, gradient_clip_norm)
        head = RegressionHead(label_dimension, weight_column_name, losses.Reduction.MEAN)
        super().__init__(head, [tower], model_dir, config, feature_engineering_fn)


def _both(what: str, linear: Any, linear_optimizer: Any, deep: Any, deep_optimizer: Any, units: Any, activation: Any, dropout: Any,
          clip: Any) -> list[Tower]:
    towers = [_deep(what, deep, units, deep_optimizer, activation, dropout, clip)] if deep else []
    towers += [_wide(what, linear, linear_optimizer, clip)] if linear else []
    if not towers:
        raise ArgumentError(f"{what} takes linear_feature_columns or dnn_feature_columns, or both{here()}")
    return towers


class DNNLinearCombinedClassifier(_Classifier):
    """Classes by the sum of a linear model and of dense layers ("wide and deep"); otherwise as `DNNClassifier`.

    ArgumentError: neither kind of columns is given, or an argument is none.
    """

    def __init__(self, model_dir: Any = None, n_classes: int = 2, weight_column_name: str | None = None, linear_feature_columns: Any = None,
                 linear_optimizer: Any = None, _joint_linear_weights: bool = False, dnn_feature_columns: Any = None, dnn_optimizer: Any = None,
                 dnn_hidden_units: Any = None, dnn_activation_fn: Any = nn.relu, dnn_dropout: float | None = None,
                 gradient_clip_norm: float | None = None, enable_centered_bias: bool = False, config: Any = None,
                 feature_engineering_fn: Any = None, embedding_lr_multipliers: Any = None, input_layer_min_slice_size: Any = None,
                 label_keys: Any = None, fix_global_step_increment_bug: bool = False):
        what = "DNNLinearCombinedClassifier"
        towers = _both(what, linear_feature_columns, linear_optimizer, dnn_feature_columns, dnn_optimizer, dnn_hidden_units, dnn_activation_fn,
                       dnn_dropout, gradient_clip_norm)
        super().__init__(_head(what, n_classes, weight_column_name), towers, model_dir, config, feature_engineering_fn)


class DNNLinearCombinedRegressor(_Regressor):
    """Numbers by the sum of a linear model and of dense layers; otherwise as `DNNLinearCombinedClassifier`.

    ArgumentError: neither kind of columns is given, or an argument is none.
    """

    def __init__(self, model_dir: Any = None, weight_column_name: str | None = None, linear_feature_columns: Any = None,
                 linear_optimizer: Any = None, _joint_linear_weights: bool = False, dnn_feature_columns: Any = None, dnn_optimizer: Any = None,
                 dnn_hidden_units: Any = None, dnn_activation_fn: Any = nn.relu, dnn_dropout: float | None = None,
                 gradient_clip_norm: float | None = None, enable_centered_bias: bool = False, label_dimension: int = 1, config: Any = None,
                 feature_engineering_fn: Any = None, embedding_lr_multipliers: Any = None, input_layer_min_slice_size: Any = None,
                 fix_global_step_increment_bug: bool = False):
        towers = _both("DNNLinearCombinedRegressor", linear_feature_columns, linear_optimizer, dnn_feature_columns, dnn_optimizer,
                       dnn_hidden_units, dnn_activation_fn, dnn_dropout, gradient_clip_norm)
        head = RegressionHead(label_dimension, weight_column_name, losses.Reduction.MEAN)
        super().__init__(head, towers, model_dir, config, feature_engineering_fn)
