"""`tf.keras.estimator`: a compiled model as an estimator, which trains, evaluates and predicts by way of checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import GraphError
from ..estimator.estimator import Estimator
from ..estimator.spec import EstimatorSpec, ModeKeys, RunConfig
from ..ir.node import Node, here
from ..ir.operator import to_node
from ..ops.array import expand_dims
from ..ops.math import cast
from ..ops.state import group
from ..tf1_names import namespace as _namespace
from ..train.monitored import Scaffold
from ..train.steps import get_or_create_global_step
from .backend import state
from .engine.compiled import Compiled
from .engine.sequential import Sequential
from .model_files import load_model
from .models import clone_model
from .optimizers import TFOptimizer
from .utils.objects import CustomObjectScope

__all__ = ["model_to_estimator"]

_WEIGHTED = {"features", "sample_weights"}      # the features of an input that weighs its examples, as TensorFlow names them


def model_to_estimator(keras_model: Any = None, keras_model_path: Any = None, custom_objects: Mapping[str, Any] | None = None,
                       model_dir: Any = None, config: RunConfig | None = None, checkpoint_format: str | None = "saver") -> Estimator:
    """The estimator of a compiled model of layers, or of one in a file; training begins with the weights that it has now.

    Features and labels are tensors, lists in the order of the model's inputs and outputs, or dicts by their names; features of the keys
    `features` and `sample_weights` weigh the examples. Predictions have the names of the outputs, metrics those that `fit` reports. The model
    itself stays as it is: each call of the estimator makes a copy of its layers. GraphError: no model, or both; one that is not compiled, or a
    subclass, which only its code describes. NotFoundError, DataLossError: no such file, or a damaged one.

    >>> model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,), name="only")])
    >>> model.compile("sgd", "mse")
    >>> estimator = tf.keras.estimator.model_to_estimator(model)
    >>> data = lambda: tf.data.Dataset.from_tensors((np.ones((3, 2), "f4"), np.ones((3, 1), "f4"))).repeat(5)
    >>> found = estimator.train(data)
    >>> [v.shape for v in (estimator.get_variable_value("only/kernel"), estimator.get_variable_value("only/bias"))]
    [(2, 1), (1,)]
    """
    if (keras_model is None) == (keras_model_path is None):
        raise GraphError(f"model_to_estimator takes keras_model or keras_model_path, {'both are' if keras_model is not None else 'none is'} "
                         f"given{here()}")
    if checkpoint_format not in (None, "saver", "checkpoint"):
        raise GraphError(f"model_to_estimator: checkpoint_format is 'saver' or 'checkpoint', one and the same here, not "
                         f"{checkpoint_format!r:.60}{here()}")
    model = load_model(keras_model_path, custom_objects) if keras_model is None else keras_model
    if model._map is None and not isinstance(model, Sequential):
        raise GraphError(f"model_to_estimator: the model {model.name} is a subclass, described by its code alone, of which no copy can be "
                         f"made{here()}")
    if model._compiled is None:
        raise GraphError(f"model_to_estimator: the model {model.name} is not compiled: model.compile(optimizer, loss) comes before it{here()}")
    made = _Copied(model, custom_objects or {})

    def model_fn(features: Any, labels: Any, mode: str) -> EstimatorSpec:
        return made.spec(features, labels, mode)
    return Estimator(model_fn, model_dir, config)


class _Copied:
    """A model as it was when it became an estimator: its layers, its weights, what `compile` was told."""

    def __init__(self, model: Any, custom_objects: Mapping[str, Any]):
        self.model, self.custom_objects, self.compiled = model, custom_objects, model._compiled
        self.weights = model.get_weights() if model.weights else []
        optimizer = self.compiled.optimizer
        self.options = None if isinstance(optimizer, TFOptimizer) else optimizer.get_config()     # of now: later its numbers are variables

    def optimizer(self, step: Any) -> Any:
        """A new optimizer like the model's, that counts its steps by the estimator's."""
        held = self.compiled.optimizer
        if self.options is None:
            return TFOptimizer(held.optimizer, step)
        made = type(held).from_config(self.options)
        made.iterations = step
        return made

    def spec(self, features: Any, labels: Any, mode: str) -> EstimatorSpec:
        """What the estimator needs of a copy on these features."""
        state.set_learning_phase(mode == ModeKeys.TRAIN)
        weights = None
        if isinstance(features, Mapping) and set(features) == _WEIGHTED:
            features, weights = features["features"], features["sample_weights"]
        with CustomObjectScope(self.custom_objects):
            model = clone_model(self.model, self._inputs(features))
        names, outputs = model.output_names, model.outputs
        predictions = dict(zip(names, outputs, strict=True))
        if mode == ModeKeys.PREDICT:
            return EstimatorSpec(mode, predictions)
        told, step = self.compiled, get_or_create_global_step()
        targets = [_target(y, x) for y, x in zip(_ordered("labels", labels, names), outputs, strict=False)]
        compiled = Compiled(model, self.optimizer(step), told.loss, told.given, told.loss_weights, told.sample_weight_mode, told.given_weighted,
                            targets)
        ranks = _weighed(compiled, weights, names)
        loss, values, _ = compiled.report(ranks)
        if mode == ModeKeys.EVAL:
            means = [end.mean for end in compiled.ends]
            kept = zip(compiled.names[1:], compiled.metrics, values, strict=True)
            return EstimatorSpec(mode, predictions, loss, eval_metric_ops={n: (m.result(), v) for n, m, v in kept if m not in means})
        fetches, count = compiled.fetches("train", ranks)
        return EstimatorSpec(mode, predictions, loss, group(*fetches[count:]), scaffold=Scaffold(init_fn=self._begin(model)))

    def _inputs(self, features: Any) -> Any:
        """The features as the model takes them. GraphError: one is missing."""
        known = self.model.inputs
        found = _ordered("features", features, self.model.input_names)
        if known and len(known) != len(found):
            raise GraphError(f"model_to_estimator: the model {self.model.name} takes {len(known)} inputs, the features are {len(found)}{here()}")
        if known:
            found = [x if x.type.dtype == k.type.dtype else cast(x, k.dtype) for x, k in zip(found, known, strict=True)]
        return found[0] if len(found) == 1 else found

    def _begin(self, model: Any) -> Callable[[Any, Any], None] | None:
        """What gives a new session the weights that the model had; None: it had none yet."""
        def begin(scaffold: Any, session: Any) -> None:
            for variable, value in zip(model.weights, self.weights, strict=True):
                variable.load(value, session)
        return begin if self.weights else None


def _ordered(what: str, given: Any, names: Sequence[str]) -> list[Node]:
    """Tensors in the order of the model. GraphError: one is missing."""
    if given is None:
        return []
    if isinstance(given, Mapping):
        missing = [n for n in names if n not in given]
        if missing:
            raise GraphError(f"model_to_estimator: {what} have no {missing[0]!r:.60}; there are {', '.join(map(str, given))}, and the model "
                             f"asks for {', '.join(names)}{here()}")
        return [to_node(given[n]) for n in names]
    return [to_node(x) for x in given] if isinstance(given, (list, tuple)) else [to_node(given)]


def _target(y: Node, x: Node) -> Node:
    """Labels of an output, as rows of one number where they are numbers and the output is such rows."""
    ranks = y.type.rank, x.type.rank
    one = ranks[1] is not None and ranks[0] == ranks[1] - 1 and x.shape.as_list()[-1] == 1
    return expand_dims(y, axis=-1) if one else y


def _weighed(compiled: Compiled, weights: Any, names: Sequence[str]) -> tuple[int, ...]:
    """The ranks of the weights of each output's examples, which it takes from now on; 0: they count alike."""
    ranks = []
    found: Sequence[Node | None] = _ordered("sample_weights", weights, names) or [None] * len(compiled.ends)
    for end, given in zip(compiled.ends, found, strict=True):
        rank = 0 if given is None else given.type.rank or 1
        if given is not None:
            end.sample_weights[rank] = given
        ranks.append(rank)
    return tuple(ranks)

_namespace(globals())
