"""Estimators whose models are ready made: linear ones, deep ones, both, and one that knows no features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from .. import layers, nn
from ..errors import ArgumentError
from ..feature_column.base import Features
from ..feature_column.layers import columns_of, layer_of, model_of
from ..initializers import glorot_uniform_initializer, zeros_initializer
from ..ir.collecting import GraphKeys
from ..ir.default_graph import control_dependencies
from ..ir.graph import get_default_graph, name_scope
from ..ir.node import Node, here
from ..ops.array import ones, shape, stack
from ..ops.sparse_tensor import SparseTensor
from ..ops.state import assign_add, group
from ..summary import histogram, scalar
from ..train.optimizer import Optimizer
from ..train.optimizers import AdagradOptimizer, AdamOptimizer, GradientDescentOptimizer, RMSPropOptimizer
from ..train.proximal import FtrlOptimizer
from ..train.steps import get_global_step
from ..variables import get_variable, variable_scope
from .estimator import Estimator
from .heads import SUM, BinaryClassHead, Head, MultiClassHead, RegressionHead
from .spec import EstimatorSpec, ModeKeys, RunConfig

__all__ = ["BaselineClassifier", "BaselineEstimator", "BaselineRegressor", "DNNClassifier", "DNNEstimator", "DNNLinearCombinedClassifier",
           "DNNLinearCombinedEstimator", "DNNLinearCombinedRegressor", "DNNRegressor", "LinearClassifier", "LinearEstimator", "LinearRegressor"]

OPTIMIZERS: dict[str, Callable[[float], Optimizer]] = {
    "Adagrad": AdagradOptimizer, "Adam": AdamOptimizer, "Ftrl": FtrlOptimizer, "RMSProp": RMSPropOptimizer, "SGD": GradientDescentOptimizer}


class Tower(NamedTuple):
    """A part of a model: the scope of its variables, what gives its logits of features, mode and their number, and its optimizer."""

    scope: str
    logits: Callable[[Mapping[str, Any], str, int], Node]
    optimizer: Callable[[], Optimizer]


def optimizer_of(what: str, given: Any, rate: float) -> Callable[[], Optimizer]:
    """What makes an optimizer of one, its name, or a function that gives it. ArgumentError: it is none."""
    if isinstance(given, str):
        if given not in OPTIMIZERS:
            raise ArgumentError(f"{what}: an optimizer is one of {', '.join(OPTIMIZERS)}, not {given!r:.60}{here()}")
        return lambda: OPTIMIZERS[given](rate)
    if not isinstance(given, Optimizer) and not callable(given):
        raise ArgumentError(f"{what}: {given!r:.80} is no optimizer{here()}")

    def made() -> Optimizer:
        found = given if isinstance(given, Optimizer) else given()
        if not isinstance(found, Optimizer):
            raise ArgumentError(f"{what}: the function of an optimizer gave {found!r:.80}{here()}")
        return found
    return made


# ---------------------------------------------------------------------- towers

def deep(what: str, columns: Any, hidden_units: Any, optimizer: Any, activation: Any, dropout: Any, batch_norm: bool, rate: float) -> Tower:
    """Dense layers above the dense tensors of columns."""
    sizes = list(hidden_units) if isinstance(hidden_units, (list, tuple)) else []
    if not sizes or any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1 for n in sizes):
        raise ArgumentError(f"{what}: hidden_units are whole numbers of 1 or more, one for each layer, not {hidden_units!r:.60}{here()}")
    given = columns_of(what, columns)

    def logits(features: Mapping[str, Any], mode: str, units: int) -> Node:
        training = mode == ModeKeys.TRAIN
        with variable_scope("input_from_feature_columns"):
            net = layer_of(Features(features, what), given, "input_layer")
        for i, n in enumerate(sizes):
            net = layers.dense(net, n, activation=activation, kernel_initializer=glorot_uniform_initializer(), name=f"hiddenlayer_{i}")
            if dropout is not None and training:
                net = layers.dropout(net, rate=dropout, training=True)
            if batch_norm:
                with variable_scope(f"hiddenlayer_{i}"):
                    net = layers.batch_normalization(net, momentum=0.999, training=training, name=f"batchnorm_{i}")
            _summarised(net, f"dnn/hiddenlayer_{i}")
        made = layers.dense(net, units, activation=None, kernel_initializer=glorot_uniform_initializer(), name="logits")
        _summarised(made, "dnn/logits")
        return made
    return Tower("dnn", logits, optimizer_of(what, optimizer, rate))


def _summarised(x: Node, tag: str) -> None:
    with name_scope(None):
        scalar(f"{tag}/fraction_of_zero_values", nn.zero_fraction(x))
        histogram(f"{tag}/activation", x)


def wide(what: str, columns: Any, optimizer: Any, combiner: str, most: float) -> Tower:
    """A weighted sum of columns."""
    given = columns_of(what, columns)

    def logits(features: Mapping[str, Any], mode: str, units: int) -> Node:
        return model_of(Features(features, what), given, units, combiner)
    return Tower("linear", logits, optimizer_of(what, optimizer, min(most, 1 / sqrt(len(given)))))


def baseline(what: str, optimizer: Any) -> Tower:
    """The same logits for every row."""
    def logits(features: Mapping[str, Any], mode: str, units: int) -> Node:
        first = next(iter(features.values())) if isinstance(features, Mapping) else features
        rows = first.dense_shape[0] if isinstance(first, SparseTensor) else shape(first, out_type="int64")[0]
        bias = get_variable("bias", [units], initializer=zeros_initializer())
        return bias * ones(stack([rows, np.int64(units)], 0))
    return Tower("baseline", logits, optimizer_of(what, optimizer, 0.3))


# ---------------------------------------------------------------------- the model

class Canned(Estimator):
    """An estimator of a head and the sum of towers' logits."""

    def __init__(self, head: Head, towers: Sequence[Tower], model_dir: Any, config: RunConfig | None, warm_start_from: Any = None):
        what, whole = type(self).__name__, towers[0].scope == "baseline"
        if not isinstance(head, Head):
            raise ArgumentError(f"{what}: a head is tf.estimator.BinaryClassHead, MultiClassHead or RegressionHead, not {head!r:.80}{here()}")

        def model(features: Any, labels: Any, mode: str, config: RunConfig) -> EstimatorSpec:
            if not whole and not isinstance(features, Mapping):
                raise ArgumentError(f"{what}: features are a dict of tensors by their keys, not {features!r:.60}{here()}")

            def spec(logits: Node, scopes: Sequence[str]) -> EstimatorSpec:
                return head.create_estimator_spec(features, mode, logits, labels, train_op_fn=lambda loss: _step(loss, towers, scopes),
                                                  regularization_losses=get_default_graph().get_collection(GraphKeys.REGULARIZATION_LOSSES))
            made: list[Node] = []
            scopes: list[str] = []
            for tower in towers:
                with variable_scope(tower.scope) as scope:
                    made.append(tower.logits(features, mode, head.logits_dimension))
                    scopes.append(scope.name)
                    if len(towers) == 1 and not whole:      # as in TensorFlow, by whose names what is trained beside the variables is restored
                        return spec(made[0], scopes)
            return spec(made[0] if len(made) == 1 else made[0] + made[1], scopes)
        super().__init__(model, model_dir, config, warm_start_from=warm_start_from)


def _step(loss: Node, towers: Sequence[Tower], scopes: Sequence[str]) -> Any:
    """Each tower moved by its own optimizer, and the step counted."""
    if len(towers) == 1:
        return towers[0].optimizer().minimize(loss, global_step=get_global_step())
    graph = get_default_graph()
    moved = [t.optimizer().minimize(loss, var_list=graph.get_collection(GraphKeys.TRAINABLE_VARIABLES, f"{scope}/"))
             for t, scope in zip(towers, scopes, strict=True)]
    with control_dependencies([group(*moved)]):
        return assign_add(get_global_step(), 1).op


def _classes(what: str, n_classes: Any, weight_column: Any, vocabulary: Any, reduction: str) -> Head:
    if isinstance(n_classes, bool) or not isinstance(n_classes, (int, np.integer)) or n_classes < 2:
        raise ArgumentError(f"{what}: n_classes is a whole number of 2 or more, not {n_classes!r:.60}{here()}")
    if n_classes == 2:
        return BinaryClassHead(weight_column, None, vocabulary, reduction)
    return MultiClassHead(int(n_classes), weight_column, vocabulary, reduction)


class LinearEstimator(Canned):
    """A weighted sum of columns, for any head. ArgumentError: columns, a head or an optimizer that is none."""

    def __init__(self, head: Head, feature_columns: Any, model_dir: Any = None, optimizer: Any = "Ftrl", config: RunConfig | None = None,
                 partitioner: Any = None, sparse_combiner: str = "sum", warm_start_from: Any = None):
        super().__init__(head, [wide(type(self).__name__, feature_columns, optimizer, sparse_combiner, 0.2)], model_dir, config, warm_start_from)


class LinearClassifier(LinearEstimator):
    """Classes by a weighted sum of columns: `n_classes` of them, by numbers, or by the texts of `label_vocabulary`.

    `weight_column`: the key of a row's weight in the loss. `optimizer`: one, or "Adagrad", "Adam", "Ftrl", "RMSProp" or "SGD"; by default Ftrl at
    a rate of the smaller of 0.2 and 1/sqrt(columns). Predictions: logits, probabilities, class_ids, classes. ArgumentError: an argument that is
    none.

    >>> day = tf.feature_column.categorical_column_with_identity("day", 7)
    >>> model = tf.estimator.LinearClassifier([day], "weekend")
    >>> given = {"day": np.arange(7)}, np.array([0, 0, 0, 0, 0, 1, 1])
    >>> known = tf.estimator.inputs.numpy_input_fn(*given, batch_size=7, num_epochs=None, shuffle=False)
    >>> found = model.train(known, steps=20).evaluate(known, steps=1)
    >>> float(found["accuracy"]), int(found["global_step"])
    (1.0, 20)
    """

    def __init__(self, feature_columns: Any, model_dir: Any = None, n_classes: int = 2, weight_column: Any = None, label_vocabulary: Any = None,
                 optimizer: Any = "Ftrl", config: RunConfig | None = None, partitioner: Any = None, warm_start_from: Any = None,
                 loss_reduction: str = SUM, sparse_combiner: str = "sum"):
        head = _classes("LinearClassifier", n_classes, weight_column, label_vocabulary, loss_reduction)
        super().__init__(head, feature_columns, model_dir, optimizer, config, partitioner, sparse_combiner, warm_start_from)


class LinearRegressor(LinearEstimator):
    """Numbers, `label_dimension` for each row, by a weighted sum of columns; otherwise as `LinearClassifier`. Predictions: predictions.

    ArgumentError: an argument that is none.
    """

    def __init__(self, feature_columns: Any, model_dir: Any = None, label_dimension: int = 1, weight_column: Any = None, optimizer: Any = "Ftrl",
                 config: RunConfig | None = None, partitioner: Any = None, warm_start_from: Any = None, loss_reduction: str = SUM,
                 sparse_combiner: str = "sum"):
        super().__init__(RegressionHead(label_dimension, weight_column, loss_reduction), feature_columns, model_dir, optimizer, config, partitioner,
                         sparse_combiner, warm_start_from)


class DNNEstimator(Canned):
    """Dense layers above columns, for any head. ArgumentError: columns, units, a head or an optimizer that is none."""

    def __init__(self, head: Head, hidden_units: Sequence[int], feature_columns: Any, model_dir: Any = None, optimizer: Any = "Adagrad",
                 activation_fn: Callable[[Any], Any] | None = nn.relu, dropout: float | None = None, input_layer_partitioner: Any = None,
                 config: RunConfig | None = None, warm_start_from: Any = None, batch_norm: bool = False):
        tower = deep(type(self).__name__, feature_columns, hidden_units, optimizer, activation_fn, dropout, batch_norm, 0.05)
        super().__init__(head, [tower], model_dir, config, warm_start_from)


class DNNClassifier(DNNEstimator):
    """Classes by dense layers above columns, whose sizes are `hidden_units`: `n_classes` of them, by numbers, or the texts of `label_vocabulary`.

    `weight_column`: the key of a row's weight in the loss. `optimizer`: one, or "Adagrad" (at a rate of 0.05), "Adam", "Ftrl", "RMSProp", "SGD".
    Predictions: logits, probabilities, class_ids, classes. ArgumentError: an argument that is none.
    """

    def __init__(self, hidden_units: Sequence[int], feature_columns: Any, model_dir: Any = None, n_classes: int = 2, weight_column: Any = None,
                 label_vocabulary: Any = None, optimizer: Any = "Adagrad", activation_fn: Callable[[Any], Any] | None = nn.relu,
                 dropout: float | None = None, input_layer_partitioner: Any = None, config: RunConfig | None = None, warm_start_from: Any = None,
                 loss_reduction: str = SUM, batch_norm: bool = False):
        head = _classes("DNNClassifier", n_classes, weight_column, label_vocabulary, loss_reduction)
        super().__init__(head, hidden_units, feature_columns, model_dir, optimizer, activation_fn, dropout, None, config, warm_start_from, batch_norm)


class DNNRegressor(DNNEstimator):
    """Numbers, `label_dimension` for each row, by dense layers above columns; otherwise as `DNNClassifier`. Predictions: predictions.

    ArgumentError: an argument that is none.
    """

    def __init__(self, hidden_units: Sequence[int], feature_columns: Any, model_dir: Any = None, label_dimension: int = 1,
                 weight_column: Any = None, optimizer: Any = "Adagrad", activation_fn: Callable[[Any], Any] | None = nn.relu,
                 dropout: float | None = None, input_layer_partitioner: Any = None, config: RunConfig | None = None, warm_start_from: Any = None,
                 loss_reduction: str = SUM, batch_norm: bool = False):
        super().__init__(RegressionHead(label_dimension, weight_column, loss_reduction), hidden_units, feature_columns, model_dir, optimizer,
                         activation_fn, dropout, None, config, warm_start_from, batch_norm)


class DNNLinearCombinedEstimator(Canned):
    """The sum of a linear model and of dense layers, each with columns and an optimizer of its own, for any head.

    ArgumentError: neither kind of columns is given, or an argument is none.
    """

    def __init__(self, head: Head, model_dir: Any = None, linear_feature_columns: Any = None, linear_optimizer: Any = "Ftrl",
                 dnn_feature_columns: Any = None, dnn_optimizer: Any = "Adagrad", dnn_hidden_units: Sequence[int] | None = None,
                 dnn_activation_fn: Callable[[Any], Any] | None = nn.relu, dnn_dropout: float | None = None, input_layer_partitioner: Any = None,
                 config: RunConfig | None = None, warm_start_from: Any = None, batch_norm: bool = False, linear_sparse_combiner: str = "sum"):
        what = type(self).__name__
        towers = []
        if dnn_feature_columns:
            towers.append(deep(what, dnn_feature_columns, dnn_hidden_units, dnn_optimizer, dnn_activation_fn, dnn_dropout, batch_norm, 0.001))
        if linear_feature_columns:
            towers.append(wide(what, linear_feature_columns, linear_optimizer, linear_sparse_combiner, 0.005))
        if not towers:
            raise ArgumentError(f"{what} takes linear_feature_columns or dnn_feature_columns, or both{here()}")
        super().__init__(head, towers, model_dir, config, warm_start_from)


class DNNLinearCombinedClassifier(DNNLinearCombinedEstimator):
    """Classes by the sum of a linear model and of dense layers ("wide and deep"), each with columns and an optimizer of its own.

    Otherwise as `LinearClassifier` and `DNNClassifier`. ArgumentError: neither kind of columns is given, or an argument is none.
    """

    def __init__(self, model_dir: Any = None, linear_feature_columns: Any = None, linear_optimizer: Any = "Ftrl", dnn_feature_columns: Any = None,
                 dnn_optimizer: Any = "Adagrad", dnn_hidden_units: Sequence[int] | None = None,
                 dnn_activation_fn: Callable[[Any], Any] | None = nn.relu, dnn_dropout: float | None = None, n_classes: int = 2,
                 weight_column: Any = None, label_vocabulary: Any = None, input_layer_partitioner: Any = None, config: RunConfig | None = None,
                 warm_start_from: Any = None, loss_reduction: str = SUM, batch_norm: bool = False, linear_sparse_combiner: str = "sum"):
        head = _classes("DNNLinearCombinedClassifier", n_classes, weight_column, label_vocabulary, loss_reduction)
        super().__init__(head, model_dir, linear_feature_columns, linear_optimizer, dnn_feature_columns, dnn_optimizer, dnn_hidden_units,
                         dnn_activation_fn, dnn_dropout, None, config, warm_start_from, batch_norm, linear_sparse_combiner)


class DNNLinearCombinedRegressor(DNNLinearCombinedEstimator):
    """Numbers, `label_dimension` for each row, by the sum of a linear model and of dense layers; otherwise as `DNNLinearCombinedClassifier`.

    ArgumentError: neither kind of columns is given, or an argument is none.
    """

    def __init__(self, model_dir: Any = None, linear_feature_columns: Any = None, linear_optimizer: Any = "Ftrl", dnn_feature_columns: Any = None,
                 dnn_optimizer: Any = "Adagrad", dnn_hidden_units: Sequence[int] | None = None,
                 dnn_activation_fn: Callable[[Any], Any] | None = nn.relu, dnn_dropout: float | None = None, label_dimension: int = 1,
                 weight_column: Any = None, input_layer_partitioner: Any = None, config: RunConfig | None = None, warm_start_from: Any = None,
                 loss_reduction: str = SUM, batch_norm: bool = False, linear_sparse_combiner: str = "sum"):
        super().__init__(RegressionHead(label_dimension, weight_column, loss_reduction), model_dir, linear_feature_columns, linear_optimizer,
                         dnn_feature_columns, dnn_optimizer, dnn_hidden_units, dnn_activation_fn, dnn_dropout, None, config, warm_start_from,
                         batch_norm, linear_sparse_combiner)


class BaselineEstimator(Canned):
    """The same prediction for every row, for any head. ArgumentError: a head or an optimizer that is none."""

    def __init__(self, head: Head, model_dir: Any = None, optimizer: Any = "Ftrl", config: RunConfig | None = None):
        super().__init__(head, [baseline(type(self).__name__, optimizer)], model_dir, config)


class BaselineClassifier(BaselineEstimator):
    """Classes by how often they come, whatever the features: what other models are measured by. ArgumentError: an argument that is none."""

    def __init__(self, model_dir: Any = None, n_classes: int = 2, weight_column: Any = None, label_vocabulary: Any = None, optimizer: Any = "Ftrl",
                 config: RunConfig | None = None, loss_reduction: str = SUM):
        super().__init__(_classes("BaselineClassifier", n_classes, weight_column, label_vocabulary, loss_reduction), model_dir, optimizer, config)


class BaselineRegressor(BaselineEstimator):
    """The mean of the labels, whatever the features: what other models are measured by. ArgumentError: an argument that is none."""

    def __init__(self, model_dir: Any = None, label_dimension: int = 1, weight_column: Any = None, optimizer: Any = "Ftrl",
                 config: RunConfig | None = None, loss_reduction: str = SUM):
        super().__init__(RegressionHead(label_dimension, weight_column, loss_reduction), model_dir, optimizer, config)
