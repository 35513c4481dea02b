"""What a model function says of its model, and how an estimator is to run it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import ArgumentError, GraphError
from ..ir.node import here

__all__ = ["EstimatorSpec", "EvalSpec", "ModeKeys", "RunConfig", "TrainSpec"]


class ModeKeys:
    """What a model function is called for."""

    TRAIN = "train"
    EVAL = "eval"
    PREDICT = "infer"


class _Spec(NamedTuple):
    mode: str
    predictions: Any = None
    loss: Any = None
    train_op: Any = None
    eval_metric_ops: Mapping[str, Any] | None = None
    export_outputs: Any = None
    training_chief_hooks: Sequence[Any] = ()
    training_hooks: Sequence[Any] = ()
    scaffold: Any = None
    evaluation_hooks: Sequence[Any] = ()
    prediction_hooks: Sequence[Any] = ()


class EstimatorSpec(_Spec):
    """What a model function returns: to train a loss and an operation, to evaluate a loss and metrics, to predict a tensor or a dict of them.

    `eval_metric_ops`: by name, what the functions of `tf.metrics` give. GraphError: what the mode needs is missing.

    >>> spec = tf.estimator.EstimatorSpec(tf.estimator.ModeKeys.PREDICT, predictions={"x": tf.constant([1.0])})
    >>> spec.mode
    'infer'
    """

    __slots__ = ()

    def __new__(cls, mode: str, predictions: Any = None, loss: Any = None, train_op: Any = None, eval_metric_ops: Mapping[str, Any] | None = None,
                export_outputs: Any = None, training_chief_hooks: Sequence[Any] | None = None, training_hooks: Sequence[Any] | None = None,
                scaffold: Any = None, evaluation_hooks: Sequence[Any] | None = None,
                prediction_hooks: Sequence[Any] | None = None) -> EstimatorSpec:
        needs = {ModeKeys.TRAIN: {"loss": loss, "train_op": train_op}, ModeKeys.EVAL: {"loss": loss}, ModeKeys.PREDICT: {"predictions": predictions}}
        if mode not in needs:
            raise GraphError(f"EstimatorSpec: a mode is one of {', '.join(needs)}, not {mode!r:.40}{here()}")
        missing = [name for name, value in needs[mode].items() if value is None]
        if missing:
            raise GraphError(f"EstimatorSpec: to {mode} it needs {' and '.join(missing)}{here()}")
        for name, pair in (eval_metric_ops or {}).items():
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise GraphError(f"EstimatorSpec: the metric {name} is a pair of a value and an update, as tf.metrics gives them, "
                                 f"not {pair!r:.60}{here()}")
        return super().__new__(cls, mode, predictions, loss, train_op, eval_metric_ops, export_outputs, tuple(training_chief_hooks or ()),
                               tuple(training_hooks or ()), scaffold, tuple(evaluation_hooks or ()), tuple(prediction_hooks or ()))


class RunConfig:
    """How an estimator runs: its folder, its seed, and how often it saves and writes. ArgumentError: two intervals for checkpoints.

    >>> tf.estimator.RunConfig(tf_random_seed=3).replace(save_checkpoints_steps=50).save_checkpoints_steps
    50
    """

    def __init__(self, model_dir: Any = None, tf_random_seed: int | None = None, save_summary_steps: int | None = 100,
                 save_checkpoints_steps: int | None = None, save_checkpoints_secs: float | None = None, session_config: Any = None,
                 keep_checkpoint_max: int = 5, keep_checkpoint_every_n_hours: float = 10000, log_step_count_steps: int | None = 100, **other: Any):
        if save_checkpoints_steps is not None and save_checkpoints_secs is not None:
            raise ArgumentError(f"RunConfig takes save_checkpoints_steps or save_checkpoints_secs{here()}")
        self.model_dir, self.tf_random_seed, self.session_config = model_dir, tf_random_seed, session_config
        self.save_summary_steps, self.log_step_count_steps = save_summary_steps, log_step_count_steps
        self.save_checkpoints_steps = save_checkpoints_steps
        self.save_checkpoints_secs = 600 if save_checkpoints_steps is None and save_checkpoints_secs is None else save_checkpoints_secs
        self.keep_checkpoint_max, self.keep_checkpoint_every_n_hours = keep_checkpoint_max, keep_checkpoint_every_n_hours
        for name, value in other.items():
            setattr(self, name, value)

    def replace(self, **changes: Any) -> RunConfig:
        """The same, with some of it otherwise."""
        known = dict(vars(self))
        if "save_checkpoints_steps" in changes:
            known["save_checkpoints_secs"] = None
        if "save_checkpoints_secs" in changes:
            known["save_checkpoints_steps"] = None
        if known["save_checkpoints_steps"] is not None:
            known["save_checkpoints_secs"] = None
        return RunConfig(**{**known, **changes})


class TrainSpec(NamedTuple):
    """What `train_and_evaluate` trains with."""

    input_fn: Callable[..., Any]
    max_steps: int | None = None
    hooks: Sequence[Any] | None = None


class EvalSpec(NamedTuple):
    """What `train_and_evaluate` evaluates with: `steps` batches, None: all."""

    input_fn: Callable[..., Any]
    steps: int | None = 100
    name: str | None = None
    hooks: Sequence[Any] | None = None
    exporters: Any = None
    start_delay_secs: float = 120
    throttle_secs: float = 600
