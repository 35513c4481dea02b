"""What `tf.contrib.learn` calls modes, what a model function returns there, how it is run, and what metrics are of which prediction."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from ...errors import ArgumentError
from ...estimator import spec as core
from ...ir.node import here

__all__ = ["MetricSpec", "ModeKeys", "ModelFnOps", "PredictionKey", "RunConfig"]


class ModeKeys:
    """Names of what a model is built for: those of `tf.estimator.ModeKeys`, of which it calls the last one INFER."""

    TRAIN = core.ModeKeys.TRAIN
    EVAL = core.ModeKeys.EVAL
    INFER = core.ModeKeys.PREDICT


class PredictionKey:
    """Names of predictions."""

    CLASSES = "classes"
    PROBABILITIES = "probabilities"
    LOGITS = "logits"
    LOGISTIC = "logistic"
    SCORES = "scores"
    TOP_K = "top_k"
    GENERIC = "output"


class ModelFnOps(NamedTuple):
    """What a model function returns: what is needed for its mode."""

    mode: str
    predictions: Any = None
    loss: Any = None
    train_op: Any = None
    eval_metric_ops: Any = None
    output_alternatives: Any = None
    training_chief_hooks: Any = None
    training_hooks: Any = None
    scaffold: Any = None


class RunConfig(core.RunConfig):
    """How an estimator runs: `tf.estimator.RunConfig` with the arguments that it had here. ArgumentError: two intervals for checkpoints.

    >>> tf.contrib.learn.RunConfig(save_checkpoints_secs=5).save_checkpoints_secs
    5
    """

    def __init__(self, master: Any = None, num_cores: int = 0, log_device_placement: bool = False, gpu_memory_fraction: float = 1,
                 tf_random_seed: int | None = None, save_summary_steps: int | None = 100, save_checkpoints_secs: Any = None,
                 save_checkpoints_steps: int | None = None, keep_checkpoint_max: int = 5, keep_checkpoint_every_n_hours: float = 10000,
                 log_step_count_steps: int | None = 100, protocol: Any = None, evaluation_master: str = "", model_dir: Any = None,
                 session_config: Any = None, session_creation_timeout_secs: float = 7200):
        super().__init__(model_dir, tf_random_seed, save_summary_steps, save_checkpoints_steps, save_checkpoints_secs, session_config,
                         keep_checkpoint_max, keep_checkpoint_every_n_hours, log_step_count_steps, is_chief=True, task_id=0, task_type=None,
                         master=master or "", evaluation_master=evaluation_master, num_ps_replicas=0, num_worker_replicas=1, cluster_spec=None)


class MetricSpec:
    """A metric of `tf.contrib.metrics` or `tf.metrics`, and the keys of the prediction, label and weight that it is of.

    ArgumentError: no function.

    >>> tf.contrib.learn.MetricSpec(tf.contrib.metrics.streaming_accuracy, prediction_key="classes").prediction_key
    'classes'
    """

    def __init__(self, metric_fn: Callable[..., Any], prediction_key: str | None = None, label_key: str | None = None, weight_key: str | None = None):
        if not callable(metric_fn):
            raise ArgumentError(f"MetricSpec takes a function of tf.contrib.metrics, not {metric_fn!r:.60}{here()}")
        self.metric_fn, self.prediction_key, self.label_key, self.weight_key = metric_fn, prediction_key, label_key, weight_key

    def create_metric_ops(self, inputs: Any, labels: Any, predictions: Any) -> Any:
        """The value and the update of the metric. ArgumentError: there is no such prediction, label or weight."""
        found = {"predictions": _one("prediction", self.prediction_key, predictions), "labels": _one("label", self.label_key, labels)}
        if self.weight_key is not None:
            found["weights"] = _one("weight", self.weight_key, inputs)
        inner = self.metric_fn.func if isinstance(self.metric_fn, partial) else self.metric_fn
        taken = inspect.signature(inner).parameters
        if "predictions" in taken and "labels" in taken:
            return self.metric_fn(**found)
        return self.metric_fn(*found.values())


def _one(what: str, key: str | None, given: Any) -> Any:
    if not isinstance(given, Mapping):
        return given
    if key is None and len(given) == 1:
        return next(iter(given.values()))
    if key not in given:
        has = ", ".join(map(str, given))
        raise ArgumentError(f"MetricSpec: of several {what}s {what}_key names one; there are {has}, and not {key!r:.60}{here()}")
    return given[key]
