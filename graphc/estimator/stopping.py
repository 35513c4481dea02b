"""Hooks that watch what evaluations of an estimator say while it trains: ends that come early, and evaluations of values in memory."""

from __future__ import annotations

import glob
import operator
import os
from collections.abc import Callable, Sequence
from typing import Any

from .. import logging
from ..errors import ArgumentError, DataLossError, GraphError, NotFoundError
from ..files.event_files import summary_iterator
from ..ir.graph import Graph
from ..ir.node import here
from ..train.hooks import SecondOrStepTimer, SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues, StopAtStepHook, step_tensor
from ..train.monitored import Scaffold
from ..variables import global_variables
from .estimator import Estimator

__all__ = ["InMemoryEvaluatorHook", "make_early_stopping_hook", "make_stop_at_checkpoint_step_hook", "stop_if_higher_hook", "stop_if_lower_hook",
           "stop_if_no_decrease_hook", "stop_if_no_increase_hook"]


class _StopWhereAsked(SessionRunHook):
    """Asks a function now and then whether training ends."""

    def __init__(self, should_stop_fn: Callable[[], Any], timer: SecondOrStepTimer):
        self._asked, self._timer = should_stop_fn, timer

    def begin(self) -> None:
        self._global_step = step_tensor("an early stopping hook")

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._global_step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        step = int(run_values.results)
        if self._timer.should_trigger_for_step(step):
            self._timer.update_last_triggered_step(step)
            if self._asked():
                logging.info("training is asked to end early, at step %d", step)
                run_context.request_stop()


def make_early_stopping_hook(estimator: Estimator, should_stop_fn: Callable[[], Any], run_every_secs: float | None = 60,
                             run_every_steps: int | None = None) -> SessionRunHook:
    """A hook that ends training where a function says so, which it asks every so many seconds, or steps.

    ArgumentError: no estimator, no function, or not one of the two intervals.

    >>> model = tf.estimator.BaselineRegressor()
    >>> known = tf.estimator.inputs.numpy_input_fn({"x": np.ones(4)}, np.ones(4), batch_size=2, num_epochs=None, shuffle=False)
    >>> hook = tf.estimator.experimental.make_early_stopping_hook(model, lambda: True, run_every_secs=None, run_every_steps=1)
    >>> int(model.train(known, [hook], steps=5).get_variable_value("global_step"))
    1
    """
    what = "make_early_stopping_hook"
    if not isinstance(estimator, Estimator):
        raise ArgumentError(f"{what}: {estimator!r:.80} is no tf.estimator.Estimator{here()}")
    if not callable(should_stop_fn):
        raise ArgumentError(f"{what}: {should_stop_fn!r:.80} is no function that says whether training ends{here()}")
    if (run_every_secs is None) == (run_every_steps is None):
        raise ArgumentError(f"{what} takes run_every_secs or run_every_steps; the other is None{here()}")
    return _StopWhereAsked(should_stop_fn, SecondOrStepTimer(run_every_secs, run_every_steps))


def make_stop_at_checkpoint_step_hook(estimator: Estimator, last_step: int, wait_after_file_check_secs: float = 30) -> SessionRunHook:
    """A hook that ends training at the global step `last_step`; one process trains here, so that it waits for no one's checkpoint.

    ArgumentError: no step.
    """
    return StopAtStepHook(last_step=last_step)


# ---------------------------------------------------------------------- by what evaluations have measured

def _measured(folder: str) -> dict[int, dict[str, float]]:
    """The numbers that the event files of a folder hold, by step and name, steps in order."""
    found: dict[int, dict[str, float]] = {}
    for path in sorted(glob.glob(os.path.join(glob.escape(folder), "*.tfevents.*"))):
        try:
            for event in summary_iterator(path):
                for value in event.summary.value if event.HasField("summary") else ():
                    if value.HasField("simple_value"):
                        found.setdefault(event.step, {})[value.tag] = value.simple_value
        except DataLossError as e:
            logging.warning("the rest of %s is passed over: %s", path, e)
    return dict(sorted(found.items()))


def _values(folder: str, metric: str, first: int) -> list[tuple[int, float]]:
    """A metric's values from a step on; NotFoundError: an evaluation has no such metric."""
    rows = [(step, row) for step, row in _measured(folder).items() if step >= first]
    for step, row in rows:
        if metric not in row:
            raise NotFoundError(f"an early stopping hook: the evaluation of step {step} in {folder} has {', '.join(sorted(row))}, "
                                f"no {metric!r:.80}{here()}")
    return [(step, row[metric]) for step, row in rows]


def _stop_if_beyond(estimator: Estimator, metric: str, threshold: float, beyond: Callable[[Any, Any], bool], eval_dir: Any, min_steps: int,
                    run_every_secs: float | None, run_every_steps: int | None) -> SessionRunHook:
    def stops() -> bool:
        return any(beyond(value, threshold) for _, value in _values(eval_dir or estimator.eval_dir(), metric, min_steps))
    return make_early_stopping_hook(estimator, stops, run_every_secs, run_every_steps)


def _stop_if_stuck(estimator: Estimator, metric: str, most: int, better: Callable[[Any, Any], bool], eval_dir: Any, min_steps: int,
                   run_every_secs: float | None, run_every_steps: int | None) -> SessionRunHook:
    def stops() -> bool:
        best: tuple[int, float] | None = None
        for step, value in _values(eval_dir or estimator.eval_dir(), metric, min_steps):
            if best is None or better(value, best[1]):
                best = step, value
            if step - best[0] >= most:
                return True
        return False
    return make_early_stopping_hook(estimator, stops, run_every_secs, run_every_steps)


def stop_if_higher_hook(estimator: Estimator, metric_name: str, threshold: float, eval_dir: Any = None, min_steps: int = 0,
                        run_every_secs: float | None = 60, run_every_steps: int | None = None) -> SessionRunHook:
    """A hook that ends training when an evaluation has found a metric above `threshold`, at step `min_steps` or behind it.

    `eval_dir`: the folder of the evaluations, by default `estimator.eval_dir()`. NotFoundError, when training: no such metric. ArgumentError:
    as of `make_early_stopping_hook`.
    """
    return _stop_if_beyond(estimator, metric_name, threshold, operator.gt, eval_dir, min_steps, run_every_secs, run_every_steps)


def stop_if_lower_hook(estimator: Estimator, metric_name: str, threshold: float, eval_dir: Any = None, min_steps: int = 0,
                       run_every_secs: float | None = 60, run_every_steps: int | None = None) -> SessionRunHook:
    """A hook that ends training when an evaluation has found a metric below `threshold`; arguments and errors as of `stop_if_higher_hook`.

    ArgumentError: as of `make_early_stopping_hook`.
    """
    return _stop_if_beyond(estimator, metric_name, threshold, operator.lt, eval_dir, min_steps, run_every_secs, run_every_steps)


def stop_if_no_increase_hook(estimator: Estimator, metric_name: str, max_steps_without_increase: int, eval_dir: Any = None, min_steps: int = 0,
                             run_every_secs: float | None = 60, run_every_steps: int | None = None) -> SessionRunHook:
    """A hook that ends training when evaluations of so many steps have found a metric no higher than before; otherwise `stop_if_higher_hook`.

    ArgumentError: as of `make_early_stopping_hook`.
    """
    return _stop_if_stuck(estimator, metric_name, max_steps_without_increase, operator.gt, eval_dir, min_steps, run_every_secs, run_every_steps)


def stop_if_no_decrease_hook(estimator: Estimator, metric_name: str, max_steps_without_decrease: int, eval_dir: Any = None, min_steps: int = 0,
                             run_every_secs: float | None = 60, run_every_steps: int | None = None) -> SessionRunHook:
    """A hook that ends training when evaluations of so many steps have found a metric no lower than before; otherwise `stop_if_higher_hook`.

    ArgumentError: as of `make_early_stopping_hook`.
    """
    return _stop_if_stuck(estimator, metric_name, max_steps_without_decrease, operator.lt, eval_dir, min_steps, run_every_secs, run_every_steps)


class InMemoryEvaluatorHook(SessionRunHook):
    """Evaluates an estimator while it trains, by the values that its variables have: before the first step, every so many, and at the end.

    What is measured is written where `Estimator.evaluate` writes it. ArgumentError: `every_n_iter` is not above 0. GraphError, when training: the
    model has a scaffold with a saver or an `init_fn` of its own, which would give the variables other values.
    """

    def __init__(self, estimator: Estimator, input_fn: Callable[..., Any], steps: int | None = None, hooks: Sequence[Any] | None = None,
                 name: str | None = None, every_n_iter: int = 100):
        if every_n_iter is None or every_n_iter <= 0:
            raise ArgumentError(f"InMemoryEvaluatorHook: every_n_iter is above 0, not {every_n_iter}{here()}")
        self._estimator, self._input_fn, self._steps, self._hooks, self._name = estimator, input_fn, steps, hooks, name
        self._timer = SecondOrStepTimer(every_steps=every_n_iter)

    def begin(self) -> None:
        self._timer.reset()
        self._count = 0
        self._trained = {v.label: v for v in global_variables()}

    def after_create_session(self, session: Any, coord: Any) -> None:
        self._evaluate(session)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        self._count += 1
        if self._timer.should_trigger_for_step(self._count):
            self._evaluate(run_context.session)

    def end(self, session: Any) -> None:
        self._evaluate(session)

    def _evaluate(self, session: Any) -> None:
        values = session.run(self._trained)
        with Graph().as_default():
            model = self._estimator._evaluated(self._input_fn)
            own = model.spec.scaffold
            if own is not None and (own.saver is not None or own.init_fn is not None):
                raise GraphError(f"InMemoryEvaluatorHook: the model's scaffold has a saver or an init_fn of its own{here()}")
            shared = [v for v in global_variables() if v.label in values]

            def load(_: Any, inner: Any) -> None:
                for variable in shared:
                    variable.load(values[variable.label], inner)
            self._estimator._measured(model, Scaffold(init_fn=load, copy_from_scaffold=own), None, self._steps, self._hooks, self._name)
        self._timer.update_last_triggered_step(self._count)
