"""Profiles of a graph and its traced runs: at once, or of a profiler that gathers steps; advice; and the log of what a program adds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InvalidArgumentError
from ..ir.graph import Graph, get_default_graph
from ..ir.node import here
from ..runtime.messages import message
from ..runtime.timeline import RunMetadata
from .counting import counted
from .options import ProfileOptionBuilder, checked
from .records import AdviceProto, GraphNodeProto, MultiGraphNodeProto, OpLogProto
from .report import report, write_out
from .views import VIEWS, as_message, shown

__all__ = ["ALL_ADVICE", "Profiler", "advise", "profile", "write_op_log"]

ALL_ADVICE: dict[str, dict[str, str]] = {"ExpensiveOperationChecker": {}, "AcceleratorUtilizationChecker": {}, "JobChecker": {},
                                         "OperationChecker": {}}
_MOST = 3               # how many operators are told as the dearest


class Profiler:
    """Gathers traced runs of a graph by the numbers of their steps, and profiles them.

    >>> graph = tf.Graph()
    >>> with graph.as_default():
    ...     y = tf.matmul(tf.zeros([2, 3]), tf.zeros([3, 4]))
    >>> options = tf.profiler.ProfileOptionBuilder(tf.profiler.ProfileOptionBuilder.float_operation()).with_empty_output().build()
    >>> tf.profiler.Profiler(graph).profile_operations(options).total_float_ops
    48
    """

    def __init__(self, graph: Graph | None = None, op_log: OpLogProto | None = None):
        self._graph = get_default_graph() if graph is None else graph
        self._log = op_log
        self._steps: dict[int, RunMetadata] = {}

    def add_step(self, step: int, run_meta: RunMetadata) -> None:
        """Add a traced run. InvalidArgumentError: `run_meta` holds none."""
        self._steps[int(step)] = _held(run_meta)

    def profile_operations(self, options: Mapping[str, Any] | None = None) -> MultiGraphNodeProto:
        """The view by operator. InvalidArgumentError: an option that does not exist."""
        found: MultiGraphNodeProto = self._profile("op", options)
        return found

    def profile_python(self, options: Mapping[str, Any] | None = None) -> MultiGraphNodeProto:
        """The view by line of the program. InvalidArgumentError: an option that does not exist."""
        found: MultiGraphNodeProto = self._profile("code", options)
        return found

    def profile_name_scope(self, options: Mapping[str, Any] | None = None) -> GraphNodeProto:
        """The view by name scope. InvalidArgumentError: an option that does not exist."""
        found: GraphNodeProto = self._profile("scope", options)
        return found

    def profile_graph(self, options: Mapping[str, Any] | None = None) -> GraphNodeProto:
        """The view by what an operation reads. InvalidArgumentError: an option that does not exist."""
        found: GraphNodeProto = self._profile("graph", options)
        return found

    def advise(self, options: Mapping[str, Any] | None = None) -> AdviceProto:
        """What takes most of the time, by `tf.profiler.advise`. InvalidArgumentError: a checker that does not exist."""
        return _advised(self._graph, [*self._steps.values()], options)

    def _profile(self, view: str, options: Any) -> Any:
        step = checked(options)["step"]
        if step != -1 and step not in self._steps:
            raise InvalidArgumentError(f"profile: there is no step {step}; there are {sorted(self._steps)}{here()}")
        return _profiled(view, self._graph, [*self._steps.values()] if step == -1 else [self._steps[step]], self._log, options)


def profile(graph: Graph | None = None, run_meta: RunMetadata | None = None, op_log: OpLogProto | None = None, cmd: str = "scope",
            options: Mapping[str, Any] | None = None) -> GraphNodeProto | MultiGraphNodeProto:
    """Counts of a graph's operations: float operations, numbers of variables, and of a traced run time and bytes.

    `cmd`: how they are put together: "scope" by name scope, "graph" by what an operation reads, "op" by operator, "code" by line. What has an
    unknown shape has no float operations, unless the run tells the shape. A loss that is one kernel of TensorFlow's, of which it counts
    nothing, has those of the operations that compute it. InvalidArgumentError: a command or an option that does not exist.

    >>> graph = tf.Graph()
    >>> with graph.as_default():
    ...     y = tf.nn.relu(tf.matmul(tf.zeros([2, 3]), tf.zeros([3, 4])) + 1.0)
    >>> result = tf.profiler.profile(graph, options=tf.profiler.ProfileOptionBuilder.float_operation())
    node name | # float_ops
    _TFProfRoot (--/56 flops)
      MatMul (48/48 flops)
      add (8/8 flops)
    >>> result.total_float_ops
    56
    """
    if cmd not in VIEWS:
        raise InvalidArgumentError(f"profile: cmd {cmd!r:.60} is none of {', '.join(VIEWS)}{here()}")
    runs = [] if run_meta is None else [_held(run_meta)]
    found: GraphNodeProto | MultiGraphNodeProto = _profiled(cmd, get_default_graph() if graph is None else graph, runs, op_log, options)
    return found


def advise(graph: Graph | None = None, run_meta: RunMetadata | None = None, options: Mapping[str, Any] | None = None) -> AdviceProto:
    """The reports of the checkers that `options` names, or of all: which operators take most of a traced run.

    There is no accelerator, and nothing of a job beside this process, to report on. InvalidArgumentError: a checker that does not exist.
    """
    return _advised(get_default_graph() if graph is None else graph, [] if run_meta is None else [_held(run_meta)], options)


def write_op_log(graph: Graph | None, log_dir: Any, op_log: OpLogProto | None = None, run_meta: RunMetadata | None = None,
                 add_trace: bool = True) -> None:
    """Write float operations and types of a graph's operations, as TensorFlow's message OpLogProto, into `log_dir`/tfprof_log.

    `add_trace` has no effect: lines are known of the graph. InvalidArgumentError: the file cannot be written.
    """
    runs = [] if run_meta is None else [_held(run_meta)]
    found, _ = counted(get_default_graph() if graph is None else graph, runs, () if op_log is None else op_log.log_entries)
    entries = [message([(1, c.op.name), *([(2, c.counts.float_ops)] if c.counts.float_ops else []), *((3, t) for t in sorted(c.types))])
               for c in found]
    path = os.path.join(os.fspath(log_dir), "tfprof_log")
    try:
        os.makedirs(log_dir, exist_ok=True)
        with open(path, "wb") as file:
            file.write(message((1, e) for e in entries))
    except OSError as e:
        raise InvalidArgumentError(f"write_op_log: {path[-80:]!r} cannot be written: {e.strerror}{here()}") from None


def _held(run_meta: Any) -> RunMetadata:
    """Metadata of a run that was traced."""
    if not isinstance(run_meta, RunMetadata) or not run_meta.events:
        raise InvalidArgumentError(f"profile: {type(run_meta).__name__} holds no traced run: session.run(fetches, options=tf.RunOptions(trace_level="
                                   f"tf.RunOptions.FULL_TRACE), run_metadata=run_meta){here()}")
    return run_meta


def _profiled(view: str, graph: Graph, runs: Sequence[RunMetadata], log: OpLogProto | None, options: Any) -> Any:
    asked = checked(options)
    operations, unsized = counted(graph, runs, () if log is None else log.log_entries)
    root = shown(view, graph, operations, asked)
    text = report(root, view, asked, unsized if "float_ops" in asked["select"] else 0)
    write_out(text, asked["output"], runs[-1] if runs else None, graph)
    return as_message(root, view)


def _advised(graph: Graph, runs: Sequence[RunMetadata], options: Mapping[str, Any] | None) -> AdviceProto:
    asked = ALL_ADVICE if options is None or options == 0 else options
    for name in asked:
        if name not in ALL_ADVICE:
            raise InvalidArgumentError(f"advise: {name!r:.60} is none of {', '.join(ALL_ADVICE)}{here()}")
    found = AdviceProto({name: AdviceProto.Checker() for name in asked})
    if "ExpensiveOperationChecker" in asked:
        options = ProfileOptionBuilder(ProfileOptionBuilder.time_and_memory(min_bytes=0)).build()
        root = shown("op", graph, counted(graph, runs)[0], checked(options))
        whole = max(sum(e.own.micros for e in root.below), 1e-9)
        reports = [f"top {i} operation type: {e.name}, cpu: {e.own.micros:.0f}us, accelerator: 0us, total: {e.own.micros:.0f}us "
                   f"({100 * e.own.micros / whole:.2f}%)" for i, e in enumerate(root.below[:_MOST], 1)]
        found.checkers["ExpensiveOperationChecker"].reports += reports
    return found
