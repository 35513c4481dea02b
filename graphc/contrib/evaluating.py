"""Evaluation of checkpoints, of `contrib.training` and of slim: one as it is, or each new one of a folder, with hooks that count and show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import summary
from ..errors import GraphError
from ..initializers import zeros_initializer
from ..ir.arguments import hold as _hold
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph
from ..ir.node import here
from ..logging import info
from ..ops.state import assign_add
from ..train import (
    ChiefSessionCreator,
    FinalOpsHook,
    MonitoredSession,
    Scaffold,
    SessionRunArgs,
    SessionRunHook,
    checkpoints_iterator,
    get_global_step,
)
from ..train.checkpoint_manager import awaited
from ..variables import get_variable, variable_scope

__all__ = ["StopAfterNEvalsHook", "SummaryAtEndHook", "checkpoints_iterator", "evaluate_once", "evaluate_repeatedly", "get_or_create_eval_step",
           "wait_for_new_checkpoint"]

Feeds = Mapping[Any, Any] | None


def get_or_create_eval_step() -> Any:
    """The graph's counter of evaluations, int64, a local variable, made if there is none. GraphError: there are several."""
    graph = get_default_graph()
    found = graph.get_collection(GraphKeys.EVAL_STEP)
    if len(found) > 1:
        raise GraphError(f"get_or_create_eval_step: the graph has {len(found)} counters of evaluations{here()}")
    if found:
        return found[0]
    with variable_scope(""):
        return get_variable("eval_step", [], np.int64, zeros_initializer(), trainable=False,
                            collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.EVAL_STEP])


class StopAfterNEvalsHook(SessionRunHook):
    """Ends an evaluation after so many runs; None: when the input has run out."""

    def __init__(self, num_evals: int | None, log_progress: bool = True):
        self._num_evals, self._log, self._done = num_evals, log_progress, None

    def _set_evals_completed_tensor(self, updated_eval_step: Any) -> None:
        self._done = updated_eval_step

    def before_run(self, run_context: Any) -> SessionRunArgs:
        return SessionRunArgs({"evals_completed": self._done})

    def after_run(self, run_context: Any, run_values: Any) -> None:
        done = run_values.results["evals_completed"]
        if self._log:
            info("Evaluation [%d%s]", done, "" if self._num_evals is None else f"/{self._num_evals}")
        if self._num_evals is not None and done >= self._num_evals:
            run_context.request_stop()


class SummaryAtEndHook(SessionRunHook):
    """Writes summaries when the session ends, all of the graph unless `summary_op` is given. GraphError: neither a folder nor a writer."""

    def __init__(self, log_dir: Any = None, summary_writer: Any = None, summary_op: Any = None, feed_dict: Feeds = None):
        if log_dir is None and summary_writer is None:
            raise GraphError(f"SummaryAtEndHook: log_dir or summary_writer{here()}")
        self._folder, self._writer, self._op, self._feeds = log_dir, summary_writer, summary_op, feed_dict
        self._step: Any = None

    def begin(self) -> None:
        self._op = self._op if self._op is not None else summary.merge_all()
        self._step = get_global_step()

    def end(self, session: Any) -> None:
        if self._op is None:
            return
        step = None if self._step is None else int(session.run(self._step))
        writer = self._writer or summary.FileWriter(self._folder)
        writer.add_summary(session.run(self._op, self._feeds), step)
        writer.flush()
        if self._writer is None:
            writer.close()


def wait_for_new_checkpoint(checkpoint_dir: Any, last_checkpoint: str | None = None, seconds_to_sleep: float = 1,
                            timeout: float | None = None) -> str | None:
    """The newest checkpoint of a folder, once it is another than the last; None: `timeout` seconds went by. GraphError: no path."""
    return awaited(checkpoint_dir, last_checkpoint, timeout, seconds_to_sleep)


def _counted(eval_ops: Any, hooks: Sequence[Any]) -> Any:
    """What a run evaluates, and the counter of runs, which hooks that end the evaluation look at."""
    count = assign_add(get_or_create_eval_step(), 1)
    for hook in hooks:
        if isinstance(hook, StopAfterNEvalsHook):
            hook._set_evals_completed_tensor(count)
    return None if eval_ops is None else [eval_ops, count]


def _evaluated(path: str, counted: Any, master: str, scaffold: Scaffold | None, feed_dict: Feeds, final_ops: Any, final_feeds: Feeds,
               hooks: Sequence[Any], config: Any) -> Any:
    final = FinalOpsHook(final_ops, final_feeds)
    creator = ChiefSessionCreator(scaffold, master, config, checkpoint_filename_with_path=path)
    with MonitoredSession(creator, [*hooks, final]) as session:
        while counted is not None and not session.should_stop():
            session.run(counted, feed_dict)
    return final.final_ops_values


def evaluate_once(checkpoint_path: str, master: str = "", scaffold: Scaffold | None = None, eval_ops: Any = None, feed_dict: Feeds = None,
                  final_ops: Any = None, final_ops_feed_dict: Feeds = None, hooks: Sequence[Any] | None = None, config: Any = None) -> Any:
    """Read a checkpoint, run `eval_ops` until a hook or the end of the input ends it, and give what `final_ops` gives.

    GraphError: several counters of evaluations. NotFoundError, DataLossError: no checkpoint that fits. What a run raises.
    """
    given = [*(hooks or ())]
    return _evaluated(checkpoint_path, _counted(eval_ops, given), master, scaffold, feed_dict, final_ops, final_ops_feed_dict, given, config)


def evaluate_repeatedly(checkpoint_dir: Any, master: str = "", scaffold: Scaffold | None = None, eval_ops: Any = None, feed_dict: Feeds = None,
                        final_ops: Any = None, final_ops_feed_dict: Feeds = None, eval_interval_secs: float = 60,
                        hooks: Sequence[Any] | None = None, config: Any = None, max_number_of_evaluations: int | None = None,
                        timeout: float | None = None, timeout_fn: Callable[[], Any] | None = None) -> Any:
    """`evaluate_once` of each new checkpoint of a folder, so many times, or until none comes; what `final_ops` gave last.

    GraphError: no path, or several counters of evaluations. DataLossError: a checkpoint does not fit. What a run raises.
    """
    given = [*(hooks or ())]
    counted, found = _counted(eval_ops, given), None
    for number, path in enumerate(checkpoints_iterator(checkpoint_dir, eval_interval_secs, timeout, timeout_fn), 1):
        found = _evaluated(path, counted, master, scaffold, feed_dict, final_ops, final_ops_feed_dict, given, config)
        if max_number_of_evaluations is not None and number >= max_number_of_evaluations:
            break
    return found


_hold(globals(), __all__)
