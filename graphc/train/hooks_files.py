"""Hooks that write: checkpoints, summaries, the steps a second, and timelines of traced runs."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

from .. import logging
from ..cpu.tracing import RunOptions
from ..errors import ArgumentError, GraphError
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph
from ..ir.node import here
from ..runtime.timeline import Timeline, write
from ..summary import FileWriter, Summary
from .hooks import SecondOrStepTimer, SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues, step_tensor

__all__ = ["CheckpointSaverHook", "CheckpointSaverListener", "ProfilerHook", "StepCounterHook", "SummarySaverHook"]


class CheckpointSaverListener:
    """What is told of checkpoints; each of its methods does nothing here."""

    def begin(self) -> None:
        """Before the session is made."""

    def before_save(self, session: Any, global_step_value: int) -> None:
        """Before a checkpoint is written."""

    def after_save(self, session: Any, global_step_value: int) -> bool | None:
        """After a checkpoint is written; True asks for the end."""

    def end(self, session: Any, global_step_value: int) -> None:
        """When the session ends."""


class CheckpointSaverHook(SessionRunHook):
    """Saves a checkpoint at the beginning, every `save_secs` seconds or `save_steps` steps, and at the end.

    `saver` or `scaffold`: what saves; else the saver of the graph's collection, or a new one. ArgumentError: both intervals are given, or neither.
    """

    def __init__(self, checkpoint_dir: Any, save_secs: float | None = None, save_steps: int | None = None, saver: Any = None,
                 checkpoint_basename: str = "model.ckpt", scaffold: Any = None, listeners: Sequence[CheckpointSaverListener] | None = None):
        if saver is not None and scaffold is not None:
            raise ArgumentError(f"CheckpointSaverHook takes a saver or a scaffold, not both{here()}")
        self._path, self._saver, self._scaffold = os.path.join(os.fspath(checkpoint_dir), checkpoint_basename), saver, scaffold
        self._timer = SecondOrStepTimer(save_secs, save_steps)
        self._listeners = [*(listeners or ())]

    def begin(self) -> None:
        self._global_step = step_tensor("CheckpointSaverHook")
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: Any, coord: Any) -> None:
        self._save(session, int(session.run(self._global_step)))

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._global_step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if self._timer.should_trigger_for_step(int(run_values.results) + 1):
            step = int(run_context.session.run(self._global_step))
            if self._timer.should_trigger_for_step(step) and self._save(run_context.session, step):
                run_context.request_stop()

    def end(self, session: Any) -> None:
        step = int(session.run(self._global_step))
        if step != self._timer.last_triggered_step():
            self._save(session, step)
        for listener in self._listeners:
            listener.end(session, step)

    def _save(self, session: Any, step: int) -> bool:
        self._timer.update_last_triggered_step(step)
        for listener in self._listeners:
            listener.before_save(session, step)
        logging.info("checkpoint of step %d in %s", step, self._path)
        self._get_saver().save(session, self._path, global_step=step)
        return any([bool(listener.after_save(session, step)) for listener in self._listeners])

    def _get_saver(self) -> Any:
        if self._saver is not None:
            return self._saver
        if self._scaffold is not None:
            return self._scaffold.saver
        found = get_default_graph().get_collection(GraphKeys.SAVERS)
        if len(found) != 1:
            raise GraphError(f"CheckpointSaverHook: the graph has {len(found)} savers; give one, or a scaffold{here()}")
        return found[0]


class SummarySaverHook(SessionRunHook):
    """Writes summaries every `save_steps` steps or `save_secs` seconds: those of `summary_op`, or of a scaffold.

    ArgumentError: both intervals are given, or neither; or both summaries and scaffold. GraphError: no folder and no writer.
    """

    def __init__(self, save_steps: int | None = None, save_secs: float | None = None, output_dir: Any = None, summary_writer: Any = None,
                 scaffold: Any = None, summary_op: Any = None):
        if (scaffold is None) == (summary_op is None):
            raise ArgumentError(f"SummarySaverHook takes a scaffold or a summary_op{here()}")
        if output_dir is None and summary_writer is None:
            raise GraphError(f"SummarySaverHook needs output_dir or summary_writer{here()}")
        self._summary_op, self._scaffold, self._dir, self._writer = summary_op, scaffold, output_dir, summary_writer
        self._timer = SecondOrStepTimer(save_secs, save_steps)

    def begin(self) -> None:
        self._global_step = step_tensor("SummarySaverHook")
        self._own = self._writer is None
        self._writer = FileWriter(self._dir) if self._own else self._writer
        self._next: int | None = None
        self._due = False
        self._timer.reset()

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        op = self._summary_op if self._summary_op is not None else self._scaffold.summary_op
        self._due = op is not None and (self._next is None or self._timer.should_trigger_for_step(self._next))
        return SessionRunArgs({"step": self._global_step, **({"summary": op} if self._due else {})})

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        step = int(run_values.results["step"]) + 1
        if self._due:
            step = int(run_context.session.run(self._global_step))
            self._timer.update_last_triggered_step(step)
            found = run_values.results["summary"]
            for summary in found if isinstance(found, (list, tuple)) else [found]:
                self._writer.add_summary(summary, step)
        self._next = step + 1

    def end(self, session: Any) -> None:
        if self._own:
            self._writer.close()
            self._writer = None
        else:
            self._writer.flush()


class StepCounterHook(SessionRunHook):
    """Logs the steps a second, every `every_n_steps` steps or `every_n_secs` seconds, and writes them as a summary `global_step/sec`."""

    def __init__(self, every_n_steps: int | None = 100, every_n_secs: float | None = None, output_dir: Any = None, summary_writer: Any = None):
        self._timer = SecondOrStepTimer(every_n_secs, None if every_n_secs is not None and every_n_steps == 100 else every_n_steps)
        self._dir, self._writer = output_dir, summary_writer

    def begin(self) -> None:
        self._own = self._writer is None and self._dir is not None
        self._writer = FileWriter(self._dir) if self._own else self._writer
        self._global_step = step_tensor("StepCounterHook")
        self._tag = f"{getattr(self._global_step, 'op', self._global_step).name}/sec"

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._global_step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if not self._timer.should_trigger_for_step(int(run_values.results) + 1):
            return
        step = int(run_context.session.run(self._global_step))
        if self._timer.should_trigger_for_step(step):
            seconds, steps = self._timer.update_last_triggered_step(step)
            if seconds is not None and steps is not None:
                self._log(steps / max(seconds, time.get_clock_info("monotonic").resolution), step)

    def end(self, session: Any) -> None:
        if self._own:
            self._writer.close()
            self._writer = None

    def _log(self, rate: float, step: int) -> None:
        if self._writer is not None:
            self._writer.add_summary(Summary(value=[Summary.Value(tag=self._tag, simple_value=rate)]), step)
        logging.info("%s: %g", self._tag, rate)


class ProfilerHook(SessionRunHook):
    """Traces a run every `save_steps` steps or `save_secs` seconds, and writes its timeline: `output_dir`/timeline-STEP.json, for chrome://tracing.

    The run's metadata go into the event file of the folder as well. `show_dataflow`: with arrows from each call to those that use its results;
    `show_memory` has no effect: memory is laid out before a run, and `Session.explain` tells it. ArgumentError: both intervals are given, or neither.
    InvalidArgumentError, of the run: the folder cannot be written to.
    """

    def __init__(self, save_steps: int | None = None, save_secs: float | None = None, output_dir: Any = "", show_dataflow: bool = True,
                 show_memory: bool = False):
        self._timer = SecondOrStepTimer(save_secs, save_steps)
        self._dir, self._show_dataflow, self._show_memory = os.fspath(output_dir), show_dataflow, show_memory

    def begin(self) -> None:
        self._global_step = step_tensor("ProfilerHook")
        self._writer = FileWriter(self._dir or os.curdir)
        self._next: int | None = None
        self._due = False
        self._timer.reset()

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        self._due = self._next is not None and self._timer.should_trigger_for_step(self._next)
        return SessionRunArgs(self._global_step, options=RunOptions(RunOptions.FULL_TRACE) if self._due else None)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        before = int(run_values.results)
        if self._next is None:              # the first interval begins here
            self._timer.update_last_triggered_step(before)
        step = before + 1
        if self._due:
            step = int(run_context.session.run(self._global_step))
            self._timer.update_last_triggered_step(step)
            timeline = Timeline(run_values.run_metadata.step_stats, run_context.session.graph)
            path = os.path.join(self._dir, f"timeline-{step}.json")
            write(path, timeline.generate_chrome_trace_format(self._show_dataflow, self._show_memory), "timeline")
            self._writer.add_run_metadata(run_values.run_metadata, f"step_{step}", step)
        self._next = step + 1

    def end(self, session: Any) -> None:
        self._writer.close()
