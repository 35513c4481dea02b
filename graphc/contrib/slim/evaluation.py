"""`tf.contrib.slim.evaluation`: operations run on the variables of a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ... import summary, train
from ...ir.arguments import hold as _hold
from ...ir.graph import get_default_graph
from ...runtime.session import ConfigProto, Session
from ...tf1_names import namespace as _namespace
from ...train import get_global_step
from ...variables import local_variables_initializer

__all__ = ["evaluate_once"]


def evaluate_once(master: str, checkpoint_path: str, logdir: str | None = None, num_evals: int = 1, initial_op: Any = None,
                  initial_op_feed_dict: Mapping[Any, Any] | None = None, eval_op: Any = None, eval_op_feed_dict: Mapping[Any, Any] | None = None,
                  final_op: Any = None, final_op_feed_dict: Mapping[Any, Any] | None = None, summary_op: Any = None,
                  summary_op_feed_dict: Mapping[Any, Any] | None = None, variables_to_restore: Sequence[Any] | None = None,
                  session_config: ConfigProto | None = None, hooks: Any = None) -> Any:
    """Read a checkpoint, run `eval_op` so many times, and give what `final_op` gives. NotFoundError, DataLossError: no checkpoint that fits.

    Summaries of `summary_op` are written to `logdir`. What a run raises.
    """
    graph = get_default_graph()
    start = initial_op if initial_op is not None else local_variables_initializer()
    with Session(graph=graph, config=session_config) as session:
        train.Saver(variables_to_restore).restore(session, checkpoint_path)
        session.run(start, initial_op_feed_dict)
        for _ in range(num_evals if eval_op is not None else 0):
            session.run(eval_op, eval_op_feed_dict)
        result = session.run(final_op, final_op_feed_dict) if final_op is not None else None
        if summary_op is not None and logdir is not None:
            step = get_global_step()
            with summary.FileWriter(logdir) as writer:
                writer.add_summary(session.run(summary_op, summary_op_feed_dict), None if step is None else session.run(step))
        return result


_hold(globals(), __all__)

_namespace(globals())
