"""`tf.contrib.slim.evaluation`: operations run on the variables of a checkpoint, or of each new one of a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import summary, train
from ...ir.arguments import hold as _hold
from ...runtime.session import ConfigProto
from ...tf1_names import namespace as _namespace
from .. import evaluating
from ..evaluating import Feeds, checkpoints_iterator, wait_for_new_checkpoint
from ..stepping import ABSENT

__all__ = ["checkpoints_iterator", "evaluate_once", "evaluation_loop", "wait_for_new_checkpoint"]


def _parts(logdir: Any, num_evals: int, summary_op: Any, summary_feeds: Feeds, variables: Sequence[Any] | None, initial_op: Any,
           initial_feeds: Feeds, hooks: Sequence[Any] | None) -> dict[str, Any]:
    """Slim's arguments as those of `contrib.training`: hooks, and a scaffold."""
    found = [evaluating.StopAfterNEvalsHook(num_evals), *(hooks or ())]
    shown = summary.merge_all() if summary_op is ABSENT else summary_op
    if shown is not None and logdir is not None:
        found.append(evaluating.SummaryAtEndHook(log_dir=logdir, summary_op=shown, feed_dict=summary_feeds))
    saver = None if variables is None else train.Saver(variables)
    return {"hooks": found, "scaffold": train.Scaffold(init_op=initial_op, init_feed_dict=initial_feeds, saver=saver)}


def evaluate_once(master: str, checkpoint_path: str, logdir: str | None = None, num_evals: int = 1, initial_op: Any = None,
                  initial_op_feed_dict: Feeds = None, eval_op: Any = None, eval_op_feed_dict: Feeds = None, final_op: Any = None,
                  final_op_feed_dict: Feeds = None, summary_op: Any = ABSENT, summary_op_feed_dict: Feeds = None,
                  variables_to_restore: Sequence[Any] | None = None, session_config: ConfigProto | None = None,
                  hooks: Sequence[Any] | None = None) -> Any:
    """Read a checkpoint, run `eval_op` so many times, and give what `final_op` gives. NotFoundError, DataLossError: no checkpoint that fits.

    Summaries of `summary_op`, all of the graph unless others or None are given, are written to `logdir`. Queues are filled by their threads.
    GraphError: several counters of evaluations. What a run raises.
    """
    parts = _parts(logdir, num_evals, summary_op, summary_op_feed_dict, variables_to_restore, initial_op, initial_op_feed_dict, hooks)
    return evaluating.evaluate_once(checkpoint_path, master, eval_ops=eval_op, feed_dict=eval_op_feed_dict, final_ops=final_op,
                                    final_ops_feed_dict=final_op_feed_dict, config=session_config, **parts)


def evaluation_loop(master: str, checkpoint_dir: Any, logdir: Any, num_evals: int = 1, initial_op: Any = None, initial_op_feed_dict: Feeds = None,
                    init_fn: Any = None, eval_op: Any = None, eval_op_feed_dict: Feeds = None, final_op: Any = None,
                    final_op_feed_dict: Feeds = None, summary_op: Any = ABSENT, summary_op_feed_dict: Feeds = None,
                    variables_to_restore: Sequence[Any] | None = None, eval_interval_secs: float = 60, max_number_of_evaluations: int | None = None,
                    session_config: ConfigProto | None = None, timeout: float | None = None, timeout_fn: Callable[[], Any] | None = None,
                    hooks: Sequence[Any] | None = None) -> Any:
    """`evaluate_once` of each new checkpoint of a folder, so many times, or until none comes; what `final_op` gave last.

    GraphError: no path, or several counters of evaluations. DataLossError: a checkpoint does not fit. What a run raises.
    """
    parts = _parts(logdir, num_evals, summary_op, summary_op_feed_dict, variables_to_restore, initial_op, initial_op_feed_dict, hooks)
    return evaluating.evaluate_repeatedly(
        checkpoint_dir, master, eval_ops=eval_op, feed_dict=eval_op_feed_dict, final_ops=final_op, final_ops_feed_dict=final_op_feed_dict,
        eval_interval_secs=eval_interval_secs, config=session_config, max_number_of_evaluations=max_number_of_evaluations, timeout=timeout,
        timeout_fn=timeout_fn, **parts)


_hold(globals(), __all__)

_namespace(globals())
