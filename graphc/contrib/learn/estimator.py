"""`tf.contrib.learn.Estimator`: `fit`, `evaluate` and `predict` of arrays or of input functions, for model functions of that time."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ... import estimator as core
from ...data import Dataset
from ...errors import ArgumentError, GraphError
from ...ir.graph import Graph
from ...ir.node import Node, here
from ...ir.types import dtype_name
from ...ops.sources import placeholder
from ..columns import features_of, real_valued_column
from .model_fn import MetricSpec, ModeKeys, ModelFnOps
from .monitors import hooks_of

__all__ = ["Estimator", "SKCompat", "infer_real_valued_columns_from_input", "infer_real_valued_columns_from_input_fn"]


class Estimator(core.Estimator):
    """A model that is fitted, evaluated and asked, from `model_fn(features, labels, mode, params, config)`.

    The function returns `ModelFnOps`, or predictions, loss and operation. Input is arrays `x` and `y`, a batch of which a step takes, or an
    `input_fn` that gives features and labels. `feature_engineering_fn`: what is made of both before. GraphError: it returns neither.

    >>> def model(features, labels, mode):
    ...     y = tf.layers.dense(features, 1)
    ...     loss = tf.losses.mean_squared_error(labels, y)
    ...     return y, loss, tf.train.GradientDescentOptimizer(0.1).minimize(loss, tf.train.get_global_step())
    >>> x = np.float32([[1.0], [2.0]])
    >>> found = tf.contrib.learn.Estimator(model, "fitted").fit(x, 2 * x, steps=5).evaluate(x, 2 * x)
    >>> sorted(found)
    ['global_step', 'loss']
    """

    def __init__(self, model_fn: Callable[..., Any], model_dir: Any = None, config: Any = None, params: Any = None,
                 feature_engineering_fn: Callable[..., Any] | None = None):
        self._given_fn, self._engineering = model_fn, feature_engineering_fn
        self._metrics: Mapping[Any, Any] | None = None
        self._labels: Any = None            # the labels of the last fit or evaluation, as dtypes and shapes
        super().__init__(self._adapted, model_dir, config, params)

    @property
    def model_fn(self) -> Callable[..., Any]:
        """The model function."""
        return self._given_fn

    def _adapted(self, features: Any, labels: Any, mode: str, params: Any, config: Any) -> core.EstimatorSpec:
        if self._engineering is not None:
            features, labels = self._engineering(features, labels)
        if mode != ModeKeys.INFER:
            self._labels = _each(labels, lambda x: (x.dtype, [None, *x.shape.as_list()[1:]] if x.shape.ndims else None))
        elif labels is None and self._labels is not None:       # as in TensorFlow: model functions without a mode compute their loss, too
            labels = _each(self._labels, lambda x: placeholder(*x))
        takes = inspect.signature(self._given_fn).parameters
        known = {"mode": mode, "params": params, "config": config, "model_dir": self.model_dir}
        made = self._given_fn(features, labels, **{k: v for k, v in known.items() if k in takes})
        if isinstance(made, core.EstimatorSpec):
            made = ModelFnOps(mode, made.predictions, made.loss, made.train_op, made.eval_metric_ops, None, made.training_chief_hooks,
                              made.training_hooks, made.scaffold)
        elif isinstance(made, tuple) and not isinstance(made, ModelFnOps) and len(made) == 3:
            made = ModelFnOps(mode, *made)
        if not isinstance(made, ModelFnOps):
            raise GraphError(f"Estimator: model_fn returned {made!r:.80}, and no ModelFnOps, nor predictions, loss and operation{here()}")
        metrics = dict(made.eval_metric_ops or {}) if self._metrics is None else _metrics(self._metrics, features, labels, made.predictions)
        loss = made.loss if isinstance(made.loss, Node) or mode == ModeKeys.INFER else None
        return core.EstimatorSpec(mode, made.predictions, loss, made.train_op, metrics if mode == ModeKeys.EVAL else None, None,
                                  made.training_chief_hooks, made.training_hooks, made.scaffold)

    # ------------------------------------------------------------------ the three things

    def fit(self, x: Any = None, y: Any = None, input_fn: Callable[..., Any] | None = None, steps: int | None = None, batch_size: int | None = None,
            monitors: Sequence[Any] | None = None, max_steps: int | None = None) -> Any:
        """Train for `steps`, up to `max_steps`, or to the end of the input; itself. Of arrays a step takes `batch_size` rows, by default all.

        ArgumentError: arrays and a function are given, or neither, or arrays of several lengths.
        """
        given = _input("fit", x, y, input_fn, batch_size, True, None)
        self.train(given, hooks=hooks_of(monitors or (), self), steps=steps, max_steps=max_steps)
        return self

    def partial_fit(self, x: Any = None, y: Any = None, input_fn: Callable[..., Any] | None = None, steps: int | None = 1,
                    batch_size: int | None = None, monitors: Sequence[Any] | None = None) -> Any:
        """`fit` for a step more; itself."""
        return self.fit(x, y, input_fn, steps, batch_size, monitors)

    def evaluate(self, x: Any = None, y: Any = None, input_fn: Callable[..., Any] | None = None, feed_fn: Any = None,     # type: ignore[override]
                 batch_size: int | None = None, steps: int | None = None, metrics: Mapping[Any, Any] | None = None, name: str | None = None,
                 checkpoint_path: Any = None, hooks: Sequence[Any] | None = None, log_progress: bool = True) -> dict[str, Any]:
        """The metrics over the input, by default the model's own; `metrics`: `MetricSpec`s or functions by name, for them.

        ArgumentError: as `fit`. NotFoundError: the model is not fitted.
        """
        if callable(x) and input_fn is None:        # as the estimators of today are called
            x, input_fn = None, x
        self._metrics = metrics
        try:
            return super().evaluate(_input("evaluate", x, y, input_fn, batch_size, False, 1), steps, hooks, checkpoint_path, name)
        finally:
            self._metrics = None

    def predict(self, x: Any = None, input_fn: Callable[..., Any] | None = None, batch_size: int | None = None,     # type: ignore[override]
                outputs: Any = None, as_iterable: bool = True, iterate_batches: bool = False) -> Any:
        """The predictions for each row one after another, or as one array (or a dict of them) with `as_iterable=False`.

        `outputs`: the keys of those that are wanted. ArgumentError: as `fit`. NotFoundError: the model is not fitted.
        """
        given = _features_only(_input("predict", x, None, input_fn, batch_size, False, 1))
        found = super().predict(given, predict_keys=outputs, yield_single_examples=as_iterable and not iterate_batches)
        return found if as_iterable else _joined(list(found))

    def get_variable_names(self) -> list[str]:
        """The names of the variables in the newest checkpoint. NotFoundError: the model is not fitted."""
        return super().get_variable_names()


def _each(labels: Any, made: Callable[[Any], Any]) -> Any:
    """What is made of each tensor of labels, sparse ones left out."""
    if isinstance(labels, Mapping):
        return {k: _each(v, made) for k, v in labels.items()}
    return made(labels) if isinstance(labels, (Node, tuple)) else None


def _features_only(function: Callable[[], Any]) -> Callable[[], Any]:
    def features() -> Any:
        found = function()
        return found[0] if isinstance(found, tuple) and not hasattr(found, "_fields") else found
    return features


def _joined(batches: Sequence[Any]) -> Any:
    if batches and isinstance(batches[0], Mapping):
        return {k: np.concatenate([b[k] for b in batches]) for k in batches[0]}
    return np.concatenate(batches)


def _metrics(given: Mapping[Any, Any], features: Any, labels: Any, predictions: Any) -> dict[str, Any]:
    """The metrics of specifications, or of functions, by their names or by names and the keys of predictions."""
    found = {}
    for name, metric in given.items():
        key = None
        if isinstance(name, tuple):
            name, key = name
        spec = metric if isinstance(metric, MetricSpec) else MetricSpec(metric, key)
        found[str(name)] = spec.create_metric_ops(features, labels, predictions)
    return found


# ---------------------------------------------------------------------- input

def _input(what: str, x: Any, y: Any, input_fn: Callable[..., Any] | None, batch: int | None, shuffle: bool, epochs: int | None) -> Any:
    """A function that gives features and labels, of arrays or as it is given."""
    if (x is None) == (input_fn is None):
        raise ArgumentError(f"{what} takes x (and y), or input_fn{here()}")
    if input_fn is not None:
        return input_fn
    features, labels = _arrays(x), None if y is None else _arrays(y)
    parts = [*_parts(features), *(() if labels is None else _parts(labels))]
    lengths = {len(a) for a in parts}
    if len(lengths) != 1:
        raise ArgumentError(f"{what}: arrays of {', '.join(map(str, sorted(lengths)))} rows{here()}")
    rows = lengths.pop()

    def given() -> Any:
        made = Dataset.from_tensor_slices(features if labels is None else (features, labels))
        if shuffle and batch is not None and batch < rows:
            made = made.shuffle(rows)
        return made.repeat(epochs).batch(batch or rows).prefetch(1).make_one_shot_iterator().get_next()
    return given


def _arrays(x: Any) -> Any:
    if isinstance(x, Mapping):
        return {k: _arrays(v) for k, v in x.items()}
    if hasattr(x, "columns"):               # a DataFrame
        x = x.to_numpy()
    array = np.asarray(x) if hasattr(x, "__len__") else np.asarray(list(x))
    return array.astype(np.float32) if array.dtype == np.float64 else array


def _parts(x: Any) -> list[Any]:
    return list(x.values()) if isinstance(x, dict) else [x]


def infer_real_valued_columns_from_input_fn(input_fn: Callable[[], Any]) -> list[Any]:
    """A `real_valued_column` for each feature that an input function gives, of its dtype and size. ArgumentError: features that are no numbers."""
    with Graph().as_default():
        found = input_fn()
        features = found[0] if isinstance(found, tuple) else found
        return [_column(key, x.type.dtype, x.type.shape) for key, x in sorted(features_of(features).items())]


def infer_real_valued_columns_from_input(x: Any) -> list[Any]:
    """A `real_valued_column` for each feature of an array, or of a dict of some, of its dtype and size. ArgumentError: they are no numbers.

    >>> tf.contrib.learn.infer_real_valued_columns_from_input(np.zeros([5, 3], np.float32))[0].shape
    (3,)
    """
    return [_column(key, a.dtype, a.shape) for key, a in sorted(features_of(_arrays(x)).items())]


def _column(key: str, dtype: Any, shape: Any) -> Any:
    if dtype.kind not in "iuf":
        raise ArgumentError(f"infer_real_valued_columns: the feature {key!r:.60} is {dtype_name(dtype)}, and no number{here()}")
    size = 1
    for d in (shape or (None,))[1:]:
        if d is None:
            raise ArgumentError(f"infer_real_valued_columns: the feature {key!r:.60} has a size that is not known{here()}")
        size *= int(d)
    return real_valued_column(key, size, dtype=dtype)


# ---------------------------------------------------------------------- scikit-learn

class SKCompat:
    """An estimator with methods of scikit-learn's: `fit(x, y)`, `predict(x)`, which gives an array or a dict of them, and `score(x, y)`.

    ArgumentError: no estimator of `tf.contrib.learn`.
    """

    def __init__(self, estimator: Any):
        if not isinstance(estimator, Estimator):
            raise ArgumentError(f"SKCompat takes an estimator of tf.contrib.learn, not {estimator!r:.80}{here()}")
        self._estimator = estimator

    def fit(self, x: Any, y: Any, batch_size: int | None = 128, steps: int | None = None, max_steps: int | None = None,
            monitors: Sequence[Any] | None = None) -> SKCompat:
        """Train with arrays; itself. ArgumentError: arrays of several lengths."""
        self._estimator.fit(x, y, None, steps, batch_size, monitors, max_steps)
        return self

    def score(self, x: Any, y: Any, batch_size: int | None = 128, steps: int | None = None, metrics: Mapping[Any, Any] | None = None,
              name: str | None = None) -> dict[str, Any]:
        """The metrics of arrays. NotFoundError: the model is not fitted."""
        return self._estimator.evaluate(x, y, batch_size=batch_size, steps=steps, metrics=metrics, name=name)

    def predict(self, x: Any, batch_size: int | None = 128, outputs: Any = None) -> Any:
        """The predictions for an array, as an array or a dict of them. NotFoundError: the model is not fitted."""
        return self._estimator.predict(x, batch_size=batch_size, outputs=outputs, as_iterable=False)
