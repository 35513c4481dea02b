"""Hooks: what is called around every run of a monitored session, and may add fetches and feeds to it, or ask for its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import logging
from ..errors import ArgumentError, GraphcError, GraphError
from ..ir.node import here
from .steps import get_global_step

__all__ = ["FeedFnHook", "FinalOpsHook", "GlobalStepWaiterHook", "LoggingTensorHook", "NanLossDuringTrainingError", "NanTensorHook",
           "SecondOrStepTimer", "SessionRunArgs", "SessionRunContext", "SessionRunHook", "SessionRunValues", "StopAtStepHook"]


class NanLossDuringTrainingError(GraphcError, RuntimeError):
    """The loss is not a number any more."""

    def __init__(self, message: str = "the loss is nan, and training goes nowhere"):
        super().__init__(message)


class SessionRunArgs(NamedTuple):
    """What a hook adds to a run: fetches and feeds.

    >>> tf.train.SessionRunArgs(["loss:0"]).feed_dict is None
    True
    """

    fetches: Any
    feed_dict: Mapping[Any, Any] | None = None
    options: Any = None


class SessionRunValues(NamedTuple):
    """What a run gave for the fetches that a hook added to it."""

    results: Any
    options: Any = None
    run_metadata: Any = None


class SessionRunContext:
    """What a hook knows of a run: what the caller asked for, the session, and whether a hook has asked for the end."""

    def __init__(self, original_args: SessionRunArgs, session: Any):
        self._original_args, self._session = original_args, session
        self._stop_requested = False

    @property
    def original_args(self) -> SessionRunArgs:
        """What the caller of the run asked for."""
        return self._original_args

    @property
    def session(self) -> Any:
        """The session, whose runs hooks do not see."""
        return self._session

    @property
    def stop_requested(self) -> bool:
        """Whether a hook has asked for the end."""
        return self._stop_requested

    def request_stop(self) -> None:
        """Ask for the end: the monitored session's `should_stop` is true from now on."""
        self._stop_requested = True


class SessionRunHook:
    """What a hook may do; each of its methods does nothing here."""

    def begin(self) -> None:
        """Before the session is made: the graph may still grow."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """When the session is made, and its variables have values."""

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Before a run: what is to be fetched and fed beside."""

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """After a run, with what was fetched beside."""

    def end(self, session: Any) -> None:
        """When the session ends without an error."""


class SecondOrStepTimer:
    """What says when it is time again: after some seconds, or after some steps. ArgumentError: both are given, or neither.

    >>> timer = tf.train.SecondOrStepTimer(every_steps=10)
    >>> timer.update_last_triggered_step(0), timer.should_trigger_for_step(9), timer.should_trigger_for_step(10)
    ((None, None), False, True)
    """

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None):
        if (every_secs is None) == (every_steps is None):
            raise ArgumentError(f"a timer counts seconds or steps: give every_secs or every_steps{here()}")
        self._secs, self._steps = every_secs, every_steps
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self._step: int | None = None
        self._time: float | None = None

    def should_trigger_for_step(self, step: int) -> bool:
        """Whether it is time, at that step. Each step is the time once at most."""
        if self._step is None or self._time is None:
            return True
        if self._step == step:
            return False
        if self._secs is not None:
            return time.monotonic() >= self._time + self._secs
        return self._steps is not None and step >= self._step + self._steps

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """It was time at that step; returns the seconds and the steps since the time before, None for the first."""
        now = time.monotonic()
        passed = (None, None) if self._time is None or self._step is None else (now - self._time, step - self._step)
        self._time, self._step = now, step
        return passed

    def last_triggered_step(self) -> int | None:
        """The step at which it was time last."""
        return self._step


def step_tensor(what: str, given: Any = None) -> Any:
    """The graph's count of steps; GraphError: it has none."""
    found = get_global_step() if given is None else given
    if found is None:
        raise GraphError(f"{what} needs a global step: tf.train.get_or_create_global_step(), given to minimize(global_step=){here()}")
    return found


class StopAtStepHook(SessionRunHook):
    """Asks for the end after `num_steps` steps, or at the global step `last_step`. ArgumentError: both are given, or neither."""

    def __init__(self, num_steps: int | None = None, last_step: int | None = None):
        if (num_steps is None) == (last_step is None):
            raise ArgumentError(f"StopAtStepHook takes num_steps or last_step{here()}")
        self._num_steps, self._last_step = num_steps, last_step

    def begin(self) -> None:
        self._global_step = step_tensor("StopAtStepHook")

    def after_create_session(self, session: Any, coord: Any) -> None:
        if self._last_step is None:
            assert self._num_steps is not None
            self._last_step = int(session.run(self._global_step)) + self._num_steps

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._global_step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        # What a run reads is the count from before it.
        if self._last_step is not None and int(run_values.results) + 1 >= self._last_step:
            if int(run_context.session.run(self._global_step)) >= self._last_step:
                run_context.request_stop()


class LoggingTensorHook(SessionRunHook):
    """Logs the values of tensors: every so many runs or seconds, or at the end. `tensors`: a list, or a dict by the names to log.

    ArgumentError: not one of `every_n_iter` and `every_n_secs`, and `at_end` is not given.
    """

    def __init__(self, tensors: Any, every_n_iter: int | None = None, every_n_secs: float | None = None, at_end: bool = False,
                 formatter: Callable[[dict[str, Any]], str] | None = None):
        if (every_n_iter is None) == (every_n_secs is None) and not (at_end and every_n_iter is None):
            raise ArgumentError(f"LoggingTensorHook takes every_n_iter or every_n_secs, or at_end{here()}")
        if every_n_iter is not None and every_n_iter <= 0:
            raise ArgumentError(f"LoggingTensorHook: every_n_iter is above 0, not {every_n_iter}{here()}")
        self._tensors = {**tensors} if isinstance(tensors, Mapping) else {getattr(t, "name", t): t for t in tensors}
        self._order = None if isinstance(tensors, Mapping) else [*self._tensors]
        self._formatter, self._at_end = formatter, at_end
        self._timer = None if every_n_iter is None and every_n_secs is None else SecondOrStepTimer(every_n_secs, every_n_iter)

    def begin(self) -> None:
        self._count, self._due = 0, False
        if self._timer is not None:
            self._timer.reset()

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        self._due = self._timer is not None and self._timer.should_trigger_for_step(self._count)
        return SessionRunArgs(self._tensors) if self._due else None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if self._due:
            self._log(run_values.results)
        self._count += 1

    def end(self, session: Any) -> None:
        if self._at_end:
            self._log(session.run(self._tensors))

    def _log(self, values: dict[str, Any]) -> None:
        seconds = self._timer.update_last_triggered_step(self._count)[0] if self._timer is not None else None
        if self._formatter is not None:
            logging.info(self._formatter(values))
            return
        with np.printoptions(suppress=True):
            text = ", ".join(f"{tag} = {values[tag]}" for tag in self._order or values)
        logging.info("%s%s", text, "" if seconds is None else f" ({seconds:.3f} sec)")


class NanTensorHook(SessionRunHook):
    """Ends training when a loss is nan: with NanLossDuringTrainingError, or, unless `fail_on_nan_loss`, by asking for the end."""

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True):
        self._loss, self._fail = loss_tensor, fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._loss)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if np.isnan(run_values.results).any():
            if self._fail:
                raise NanLossDuringTrainingError()
            logging.warning("the loss is nan: training stops")
            run_context.request_stop()


class FinalOpsHook(SessionRunHook):
    """Runs something when the session ends; `final_ops_values` are the values."""

    def __init__(self, final_ops: Any, final_ops_feed_dict: Mapping[Any, Any] | None = None):
        self._ops, self._feeds = final_ops, final_ops_feed_dict
        self._values: Any = None

    @property
    def final_ops_values(self) -> Any:
        """What the run at the end gave; None before."""
        return self._values

    def end(self, session: Any) -> None:
        if self._ops is not None:
            self._values = session.run(self._ops, feed_dict=self._feeds)


class FeedFnHook(SessionRunHook):
    """Feeds each run what a function gives."""

    def __init__(self, feed_fn: Callable[[], Mapping[Any, Any]]):
        self.feed_fn = feed_fn

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(None, self.feed_fn())


class GlobalStepWaiterHook(SessionRunHook):
    """Waits before a run until the global step is there, which another thread counts."""

    def __init__(self, wait_until_step: int):
        self._step = wait_until_step

    def begin(self) -> None:
        self._done = self._step <= 0
        self._global_step = step_tensor("GlobalStepWaiterHook")

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        while not self._done:
            self._done = int(run_context.session.run(self._global_step)) >= self._step
            if not self._done:
                time.sleep(0.1)
        return None


def merged_feeds(feeds: Sequence[Mapping[Any, Any] | None]) -> dict[Any, Any]:
    """Feeds of several as one. GraphError: two feed the same tensor."""
    whole: dict[Any, Any] = {}
    for feed in feeds:
        for key, value in (feed or {}).items():
            if key in whole:
                raise GraphError(f"two feed {getattr(key, 'name', key)!r:.80} in one run: a hook and its session, or two hooks{here()}")
            whole[key] = value
    return whole
