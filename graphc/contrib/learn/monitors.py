"""`tf.contrib.learn.monitors`: what watches training there; in training they are hooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ... import logging
from ...errors import ArgumentError
from ...ir.arguments import hold as _hold
from ...ir.node import here
from ...tf1_names import namespace as _namespace
from ...train.hooks import LoggingTensorHook, NanTensorHook, SessionRunArgs, SessionRunHook, StopAtStepHook
from ...train.hooks_files import CheckpointSaverHook, SummarySaverHook
from ...train.steps import get_global_step

__all__ = ["BaseMonitor", "CheckpointSaver", "EveryN", "NanLoss", "PrintTensor", "RunHookAdapterForMonitors", "StopAtStep", "SummarySaver",
           "ValidationMonitor", "replace_monitors_with_hooks"]


class BaseMonitor:
    """What is called at the begin and end of training, and before and after each step.

    `step_begin(step)` gives the tensors, or their names, that `step_end(step, outputs)` is given the values of; it returns True to end training.
    """

    _estimator: Any = None

    def set_estimator(self, estimator: Any) -> None:
        """Know the estimator that is trained."""
        self._estimator = estimator

    def begin(self, max_steps: int | None = None) -> None:
        """Training begins."""

    def end(self, session: Any = None) -> None:
        """Training has ended."""

    def step_begin(self, step: int) -> list[Any]:
        """What is wanted of a step."""
        return []

    def step_end(self, step: int, output: Mapping[str, Any]) -> bool:
        """Whether training ends after a step."""
        return False

    def post_step(self, step: int, session: Any) -> None:
        """A step is over."""


class EveryN(BaseMonitor):
    """A monitor of every n-th step, and of the first ones: `every_n_step_begin(step)` and `every_n_step_end(step, outputs)`."""

    def __init__(self, every_n_steps: int = 100, first_n_steps: int = 1):
        self._every, self._first = every_n_steps, first_n_steps
        self._last, self._active = 0, False

    def every_n_step_begin(self, step: int) -> list[Any]:
        """What is wanted of the step."""
        return []

    def every_n_step_end(self, step: int, outputs: Mapping[str, Any]) -> bool:
        """Whether training ends after the step."""
        return False

    def every_n_post_step(self, step: int, session: Any) -> None:
        """The step is over."""

    def step_begin(self, step: int) -> list[Any]:
        self._active = step <= self._first or step >= self._every + self._last
        return self.every_n_step_begin(step) if self._active else []

    def step_end(self, step: int, output: Mapping[str, Any]) -> bool:
        if not self._active:
            return False
        self._last = step
        return bool(self.every_n_step_end(step, output))

    def post_step(self, step: int, session: Any) -> None:
        if self._active:
            self.every_n_post_step(step, session)


class ValidationMonitor(EveryN):
    """Evaluates at every n-th step for which there is a new checkpoint, and ends training when the metric does not get better for some steps.

    `x`, `y` or `input_fn`, `batch_size`, `eval_steps`, `metrics`, `hooks`, `name`: as `Estimator.evaluate` takes them. ArgumentError: no input.
    """

    def __init__(self, x: Any = None, y: Any = None, input_fn: Any = None, batch_size: int | None = None, eval_steps: int | None = None,
                 every_n_steps: int = 100, metrics: Any = None, hooks: Any = None, early_stopping_rounds: int | None = None,
                 early_stopping_metric: str = "loss", early_stopping_metric_minimize: bool = True, name: str | None = None,
                 check_interval_secs: float | None = None):
        super().__init__(every_n_steps, -1)
        if x is None and input_fn is None:
            raise ArgumentError(f"ValidationMonitor takes x and y, or input_fn{here()}")
        self._given = {"x": x, "y": y, "input_fn": input_fn, "batch_size": batch_size, "steps": eval_steps, "metrics": metrics, "hooks": hooks,
                       "name": name}
        self._rounds, self._metric, self._sign = early_stopping_rounds, early_stopping_metric, 1 if early_stopping_metric_minimize else -1
        self._checkpoint: str | None = None
        self._best_value: Any = None
        self._best_step, self._best_metrics, self._early = 0, None, False

    @property
    def early_stopped(self) -> bool:
        """Whether it ended training."""
        return self._early

    @property
    def best_step(self) -> int:
        """The step of the best evaluation."""
        return self._best_step

    @property
    def best_value(self) -> Any:
        """The best value of the metric."""
        return self._best_value

    @property
    def best_metrics(self) -> Any:
        """All metrics of the best evaluation."""
        return self._best_metrics

    def every_n_step_end(self, step: int, outputs: Mapping[str, Any]) -> bool:
        newest = self._estimator.latest_checkpoint()
        if newest is None or newest == self._checkpoint:
            return False
        self._checkpoint = newest
        found = self._estimator.evaluate(**self._given)
        logging.info("Validation (step %d): %s", step, ", ".join(f"{k} = {v}" for k, v in sorted(found.items())))
        if self._rounds is None:
            return False
        if self._metric not in found:
            raise ArgumentError(f"ValidationMonitor: there is no metric {self._metric!r:.60}, but {', '.join(found)}{here()}")
        value = found[self._metric]
        if self._best_value is None or self._sign * value < self._sign * self._best_value:
            self._best_value, self._best_step, self._best_metrics = value, step, found
        self._early = step - self._best_step >= self._rounds
        return self._early


class RunHookAdapterForMonitors(SessionRunHook):
    """Monitors as a hook."""

    def __init__(self, monitors: Sequence[BaseMonitor]):
        self._monitors, self._step = list(monitors), 0
        self._wanted: list[list[Any]] = []

    def begin(self) -> None:
        self._counter = get_global_step()
        for monitor in self._monitors:
            monitor.begin(None)

    def after_create_session(self, session: Any, coord: Any) -> None:
        self._step = int(session.run(self._counter))

    def before_run(self, run_context: Any) -> Any:
        graph = run_context.session.graph
        self._wanted = [list(m.step_begin(self._step + 1) or []) for m in self._monitors]
        named = {t if isinstance(t, str) else t.name: graph.as_graph_element(t) for wanted in self._wanted for t in wanted}
        return SessionRunArgs({"": self._counter, **named})

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self._step += 1
        for monitor in self._monitors:
            if monitor.step_end(self._step, run_values.results):
                run_context.request_stop()
            monitor.post_step(self._step, run_context.session)

    def end(self, session: Any) -> None:
        for monitor in self._monitors:
            monitor.end(session)


def hooks_of(monitors: Sequence[Any], estimator: Any) -> list[Any]:
    """Monitors and hooks as hooks. ArgumentError: one is neither."""
    own: list[BaseMonitor] = []
    hooks = []
    for m in monitors:
        if isinstance(m, BaseMonitor):
            m.set_estimator(estimator)
            own.append(m)
        elif isinstance(m, SessionRunHook):
            hooks.append(m)
        else:
            raise ArgumentError(f"monitors are those of tf.contrib.learn.monitors, or hooks, not {m!r:.80}{here()}")
    return [*hooks, *([RunHookAdapterForMonitors(own)] if own else [])]


def replace_monitors_with_hooks(monitors_or_hooks: Sequence[Any] | None, estimator: Any) -> list[Any]:
    """Monitors and hooks as hooks. ArgumentError: one is neither."""
    return hooks_of(monitors_or_hooks or (), estimator)


def PrintTensor(tensor_names: Any, every_n: int = 100, first_n: int = 1) -> LoggingTensorHook:
    """Logs tensors at every n-th step: `tf.train.LoggingTensorHook`. ArgumentError: a number below 1."""
    return LoggingTensorHook(tensor_names, every_n_iter=every_n)


def NanLoss(loss_tensor: Any, every_n_steps: int = 100, fail_on_nan_loss: bool = True) -> NanTensorHook:
    """Ends training, or fails, when a loss is NaN: `tf.train.NanTensorHook`. NanLossDuringTrainingError: in the run."""
    return NanTensorHook(loss_tensor, fail_on_nan_loss)


def StopAtStep(num_steps: int | None = None, last_step: int | None = None) -> StopAtStepHook:
    """Ends training: `tf.train.StopAtStepHook`. ArgumentError: not one of the two."""
    return StopAtStepHook(num_steps, last_step)


def SummarySaver(summary_op: Any, save_steps: int = 100, output_dir: Any = None, summary_writer: Any = None,
                 scaffold: Any = None) -> SummarySaverHook:
    """Writes summaries: `tf.train.SummarySaverHook`. GraphError: neither a folder nor a writer."""
    return SummarySaverHook(save_steps, output_dir=output_dir, summary_writer=summary_writer, scaffold=scaffold, summary_op=summary_op)


def CheckpointSaver(checkpoint_dir: Any, save_secs: float | None = None, save_steps: int | None = None, saver: Any = None,
                    checkpoint_basename: str = "model.ckpt", scaffold: Any = None) -> CheckpointSaverHook:
    """Writes checkpoints: `tf.train.CheckpointSaverHook`. ArgumentError: a saver and a scaffold."""
    return CheckpointSaverHook(checkpoint_dir, save_secs, save_steps, saver, checkpoint_basename, scaffold)


_hold(globals(), __all__)

_namespace(globals())
