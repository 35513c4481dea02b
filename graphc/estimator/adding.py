"""Estimators from estimators: the same model and folder, with more metrics or more predictions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import ArgumentError
from ..ir.node import Node, here
from ..ops.sparse_dense import sparse_tensor_to_dense
from ..ops.sparse_tensor import SparseTensor
from .estimator import Estimator
from .export import PredictOutput
from .spec import EstimatorSpec, ModeKeys, RunConfig

__all__ = ["add_metrics"]


def add_metrics(estimator: Estimator, metric_fn: Callable[..., Any]) -> Estimator:
    """An estimator that measures what `metric_fn` gives beside: a dict of metrics, as tf.metrics gives them, by names.

    It takes some of `features`, `labels`, `predictions` and `config`, by these names; where it names a metric that the model has, its own is
    measured. ArgumentError: no estimator, or other arguments.

    >>> model = tf.estimator.BaselineRegressor()
    >>> more = tf.estimator.add_metrics(model, lambda labels: {"largest": tf.metrics.mean(tf.reduce_max(labels))})
    >>> known = tf.estimator.inputs.numpy_input_fn({"x": np.ones(4)}, np.arange(4.0), batch_size=4, num_epochs=1, shuffle=False)
    >>> float(more.train(known).evaluate(known)["largest"])
    3.0
    """
    _checked("add_metrics", estimator)
    takes = [*inspect.signature(metric_fn).parameters]
    wrong = set(takes) - {"features", "labels", "predictions", "config", "self"}
    if wrong:
        raise ArgumentError(f"add_metrics: metric_fn takes features, labels, predictions and config, not {', '.join(takes)}{here()}")

    def model(features: Any, labels: Any, mode: str, config: RunConfig) -> EstimatorSpec:
        spec = estimator._called(features, labels, mode)
        if mode != ModeKeys.EVAL:
            return spec
        known = {"features": features, "labels": labels, "predictions": spec.predictions, "config": config}
        more = metric_fn(**{k: v for k, v in known.items() if k in takes}) or {}
        return spec._replace(eval_metric_ops={**(spec.eval_metric_ops or {}), **more})
    return _like(estimator, model)


def forward_features(estimator: Estimator, keys: str | Sequence[str] | None = None,
                     sparse_default_values: Mapping[str, Any] | None = None) -> Estimator:
    """An estimator whose predictions hold features, too: those of `keys`, by default all.

    `sparse_default_values`: what a dense tensor of a sparse feature holds where that has nothing, by the feature's key. ArgumentError: no
    estimator, keys that are no texts, and when asked: a key that is none of a feature, or of a prediction, or a sparse feature without a value.
    """
    _checked("forward_features", estimator)
    wanted = [keys] if isinstance(keys, str) else None if keys is None else list(keys)
    if wanted is not None and not all(isinstance(k, str) for k in wanted):
        raise ArgumentError(f"forward_features: keys are texts, not {keys!r:.80}{here()}")

    def model(features: Any, labels: Any, mode: str) -> EstimatorSpec:
        spec = estimator._called(features, labels, mode)
        if mode != ModeKeys.PREDICT:
            return spec
        if not isinstance(spec.predictions, Mapping):
            raise ArgumentError(f"forward_features: the model's predictions are a dict, not {spec.predictions!r:.80}{here()}")
        more = _forwarded(features, wanted, sparse_default_values or {}, spec.predictions)
        outputs = {k: PredictOutput({**v.outputs, **more}) if isinstance(v, PredictOutput) else v for k, v in (spec.export_outputs or {}).items()}
        return spec._replace(predictions={**spec.predictions, **more}, export_outputs=outputs or spec.export_outputs)
    return _like(estimator, model)


def _forwarded(features: Mapping[str, Any], keys: Sequence[str] | None, empty: Mapping[str, Any], beside: Mapping[str, Any]) -> dict[str, Node]:
    found = {}
    for key in features if keys is None else keys:
        if key not in features or key in beside:
            why = f"is no feature; there are {', '.join(sorted(features))}" if key not in features else "is the key of a prediction"
            raise ArgumentError(f"forward_features: {key!r:.80} {why}{here()}")
        value = features[key]
        if isinstance(value, SparseTensor):
            if key not in empty:
                raise ArgumentError(f"forward_features: the feature {key!r:.80} is sparse; sparse_default_values says what is where it has "
                                    f"nothing{here()}")
            value = sparse_tensor_to_dense(value, default_value=empty[key])
        found[key] = value
    return found


def _checked(what: str, estimator: Any) -> None:
    if not isinstance(estimator, Estimator):
        raise ArgumentError(f"{what}: {estimator!r:.80} is no tf.estimator.Estimator{here()}")


def _like(estimator: Estimator, model: Callable[..., Any]) -> Estimator:
    return Estimator(model, estimator.model_dir, estimator.config, warm_start_from=estimator._warm)
