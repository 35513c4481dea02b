"""Monitored sessions: a session that is initialised or restored, runs with hooks around it, and ends in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..cpu.tracing import RunOptions
from ..errors import ArgumentError, FailedPreconditionError, GraphError, OutOfRangeError
from ..ir.collecting import GraphKeys
from ..ir.graph import Graph, get_default_graph
from ..ir.node import here
from ..ops.state import group
from ..runtime.session import Session
from ..runtime.timeline import RunMetadata
from ..summary import merge_all
from ..variables import global_variables, global_variables_initializer, local_variables_initializer
from .coordinator import Coordinator
from .hooks import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues, merged_feeds
from .hooks_files import CheckpointSaverHook, StepCounterHook, SummarySaverHook
from .queue_runner import start_queue_runners
from .saver import Saver
from .session_manager import SessionManager

__all__ = ["ChiefSessionCreator", "MonitoredSession", "MonitoredTrainingSession", "Scaffold", "SessionCreator", "SingularMonitoredSession",
           "WorkerSessionCreator"]


class _Unset:
    """An interval that is not given."""

    def __repr__(self) -> str:
        return "USE_DEFAULT"


_UNSET: Any = _Unset()


class Scaffold:
    """What a training program needs beside its model: operations that initialise it, summaries and a saver; what is not given is made.

    `init_fn(scaffold, session)` is called after `init_op`. `finalize` makes the rest, and lets the graph grow no more.
    """

    def __init__(self, init_op: Any = None, init_feed_dict: Mapping[Any, Any] | None = None, init_fn: Callable[..., Any] | None = None,
                 ready_op: Any = None, ready_for_local_init_op: Any = None, local_init_op: Any = None, summary_op: Any = None, saver: Any = None,
                 copy_from_scaffold: Scaffold | None = None):
        given = {"init_op": init_op, "init_feed_dict": init_feed_dict, "init_fn": init_fn, "ready_op": ready_op,
                 "ready_for_local_init_op": ready_for_local_init_op, "local_init_op": local_init_op, "summary_op": summary_op, "saver": saver}
        other = {} if copy_from_scaffold is None else copy_from_scaffold._parts
        self._parts: dict[str, Any] = {name: other.get(name) if value is None else value for name, value in given.items()}

    def finalize(self) -> Scaffold:
        """Make what is not given, and finalize the graph."""
        graph = get_default_graph()
        makers: list[tuple[str, str, Callable[[], Any]]] = [
            ("init_op", GraphKeys.INIT_OP, global_variables_initializer), ("local_init_op", GraphKeys.LOCAL_INIT_OP, default_local_init_op),
            ("summary_op", GraphKeys.SUMMARY_OP, merge_all), ("saver", GraphKeys.SAVERS, lambda: Saver() if global_variables() else None)]
        for name, key, make in makers:
            if self._parts[name] is None:
                self._parts[name] = _of(graph, key, make)
        graph.finalize()
        return self

    @property
    def init_op(self) -> Any:
        """The operation that initialises the variables."""
        return self._parts["init_op"]

    @property
    def init_feed_dict(self) -> Any:
        """What it is fed."""
        return self._parts["init_feed_dict"]

    @property
    def init_fn(self) -> Callable[[Any], Any] | None:
        """What is called with the session after it."""
        function = self._parts["init_fn"]
        return None if function is None else lambda sess: function(self, sess)

    @property
    def ready_op(self) -> Any:
        """Accepted for TensorFlow's sake: variables are there when they are read."""
        return self._parts["ready_op"]

    @property
    def ready_for_local_init_op(self) -> Any:
        """Accepted for TensorFlow's sake."""
        return self._parts["ready_for_local_init_op"]

    @property
    def local_init_op(self) -> Any:
        """The operation that initialises local variables and tables."""
        return self._parts["local_init_op"]

    @property
    def summary_op(self) -> Any:
        """All summaries as one; None: there are none."""
        return self._parts["summary_op"]

    @property
    def saver(self) -> Any:
        """What saves and restores the variables; None: there are none."""
        return self._parts["saver"]

    @staticmethod
    def get_or_default(arg_name: str, collection_key: str, default_constructor: Callable[[], Any]) -> Any:
        """The member of a collection, or a new one, which is put there. GraphError: the collection has several."""
        return _of(get_default_graph(), collection_key, default_constructor)

    @staticmethod
    def default_local_init_op() -> Any:
        """The operation that initialises local variables and tables."""
        return default_local_init_op()


def default_local_init_op() -> Any:
    tables = get_default_graph().get_collection(GraphKeys.TABLE_INITIALIZERS)
    return group(local_variables_initializer(), *tables)


def _traced_most(options: Iterable[Any]) -> RunOptions | None:
    """Of the options that a caller and the hooks ask for those that trace most; None: nobody asks for any."""
    return max((o for o in options if o is not None), key=lambda o: int(o.trace_level), default=None)


def _of(graph: Graph, key: str, make: Callable[[], Any]) -> Any:
    found = graph.get_collection(key)
    if len(found) > 1:
        raise GraphError(f"the collection {key!r} has {len(found)} members, and one is wanted{here()}")
    if found:
        return found[0]
    made = make()
    if made is not None:
        graph.add_to_collection(key, made)
    return made


class SessionCreator:
    """What makes the session of a monitored session."""

    def create_session(self) -> Session:
        """A session that is ready to run."""
        raise NotImplementedError


class ChiefSessionCreator(SessionCreator):
    """Makes a session restored from the newest checkpoint of a folder, or initialised."""

    def __init__(self, scaffold: Scaffold | None = None, master: str = "", config: Any = None, checkpoint_dir: Any = None,
                 checkpoint_filename_with_path: Any = None):
        self._scaffold = scaffold or Scaffold()
        self._master, self._config, self._dir, self._file = master, config, checkpoint_dir, checkpoint_filename_with_path

    def create_session(self) -> Session:
        s = self._scaffold.finalize()
        return SessionManager(local_init_op=s.local_init_op, graph=get_default_graph()).prepare_session(
            self._master, init_op=s.init_op, saver=s.saver, checkpoint_dir=self._dir, checkpoint_filename_with_path=self._file, config=self._config,
            init_feed_dict=s.init_feed_dict, init_fn=s.init_fn)


class WorkerSessionCreator(ChiefSessionCreator):
    """The same: there is one process."""

    def __init__(self, scaffold: Scaffold | None = None, master: str = "", config: Any = None, max_wait_secs: float = 1800):
        super().__init__(scaffold, master, config)


class MonitoredSession:
    """A session with hooks around every run, that starts the threads of queues and ends in order.

    `with` ends it, quietly where the input has run out (OutOfRangeError). FailedPreconditionError: a run after the end.

    >>> step = tf.train.get_or_create_global_step()
    >>> count = tf.assign_add(step, 1)
    >>> with tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(3)]) as sess:
    ...     while not sess.should_stop():
    ...         print(sess.run(count))
    1
    2
    3
    """

    def __init__(self, session_creator: SessionCreator | None = None, hooks: Sequence[SessionRunHook] | None = None,
                 stop_grace_period_secs: float = 120):
        self._hooks = [*(hooks or ())]
        self._graph = get_default_graph()
        self._grace, self._stopped = stop_grace_period_secs, False
        self._coord = Coordinator()
        for hook in self._hooks:
            hook.begin()
        creator = session_creator or ChiefSessionCreator()
        self._session: Session | None = creator.create_session()
        self._default = self._graph.as_default()
        self._entered = False
        try:
            start_queue_runners(self._session, self._coord)
            for hook in self._hooks:
                hook.after_create_session(self._session, self._coord)
        except BaseException:
            self._close(False)
            raise

    @property
    def graph(self) -> Graph:
        """The graph that is run."""
        return self._graph

    def run(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None, options: Any = None, run_metadata: Any = None) -> Any:
        """`Session.run`, with what the hooks add, and what they do with it."""
        session = self._live()
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict, options), session)
        asked = [(hook, hook.before_run(context)) for hook in self._hooks]
        added = {i: args.fetches for i, (_, args) in enumerate(asked) if args is not None and args.fetches is not None}
        feeds = merged_feeds([feed_dict, *(args.feed_dict for _, args in asked if args is not None)])
        options = _traced_most([options, *(args.options for _, args in asked if args is not None)])
        run_metadata = RunMetadata() if run_metadata is None and options is not None else run_metadata
        self._coord.raise_requested_exception()
        try:
            found = session.run({"caller": fetches, "hooks": added}, feeds, options=options, run_metadata=run_metadata)
        except BaseException:
            self._coord.raise_requested_exception()             # a thread's error is why its queue gives nothing any more
            raise
        for i, (hook, _) in enumerate(asked):
            hook.after_run(context, SessionRunValues(found["hooks"].get(i), options, run_metadata))
        self._stopped = self._stopped or context.stop_requested
        return found["caller"]

    def run_step_fn(self, step_fn: Callable[..., Any]) -> Any:
        """Call a function with a context whose `session` runs without hooks, and whose `run_with_hooks` is `run`."""
        return step_fn(StepContext(self._live(), self))

    def should_stop(self) -> bool:
        """Whether a hook or a thread has asked for the end, or the session is closed."""
        return self._stopped or self._session is None or self._coord.should_stop()

    def close(self) -> None:
        """End: the hooks, the threads, the session."""
        self._close(True)

    def _live(self) -> Session:
        if self._session is None:
            raise FailedPreconditionError(f"the monitored session is closed{here()}")
        if self._stopped:
            raise FailedPreconditionError(f"a run after the end was asked for: `while not sess.should_stop():`{here()}")
        return self._session

    def _close(self, well: bool) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        try:
            if well:
                for hook in self._hooks:
                    hook.end(session)
        finally:
            try:
                self._coord.request_stop()
                self._coord.join(stop_grace_period_secs=self._grace, ignore_live_threads=True)
            finally:
                session.close()

    def __enter__(self) -> MonitoredSession:
        self._default.__enter__()
        self._entered = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool:
        ended = kind is not None and issubclass(kind, (OutOfRangeError, StopIteration))
        try:
            self._close(kind is None or ended)
        finally:
            if self._entered:
                self._entered = False
                self._default.__exit__(None, None, None)
        return ended


class StepContext:
    """What `run_step_fn` gives to its function."""

    def __init__(self, session: Session, monitored: MonitoredSession):
        self.session, self._monitored = session, monitored

    def run_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
        """`MonitoredSession.run`."""
        return self._monitored.run(*args, **kwargs)

    def request_stop(self) -> None:
        """Ask for the end."""
        self._monitored._stopped = True


class SingularMonitoredSession(MonitoredSession):
    """A monitored session that gives its session out: `raw_session()`."""

    def __init__(self, hooks: Sequence[SessionRunHook] | None = None, scaffold: Scaffold | None = None, master: str = "", config: Any = None,
                 checkpoint_dir: Any = None, stop_grace_period_secs: float = 120, checkpoint_filename_with_path: Any = None):
        super().__init__(ChiefSessionCreator(scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path), hooks,
                         stop_grace_period_secs)

    def raw_session(self) -> Any:
        """The session, whose runs hooks do not see."""
        return self._session


def MonitoredTrainingSession(master: str = "", is_chief: bool = True, checkpoint_dir: Any = None, scaffold: Scaffold | None = None,
                             hooks: Sequence[SessionRunHook] | None = None, chief_only_hooks: Sequence[SessionRunHook] | None = None,
                             save_checkpoint_secs: Any = _UNSET, save_summaries_steps: Any = _UNSET, save_summaries_secs: Any = _UNSET,
                             config: Any = None, stop_grace_period_secs: float = 120, log_step_count_steps: int | None = 100,
                             max_wait_secs: float = 7200, save_checkpoint_steps: Any = _UNSET, summary_dir: Any = None) -> MonitoredSession:
    """A monitored session for training: with a folder it is restored from its newest checkpoint, saves every 600 seconds, writes summaries every
    100 steps, and counts steps a second; intervals of None switch each off.

    ArgumentError: two intervals for one thing. GraphError: a folder is given, and the graph has no global step.
    """
    every_secs = (600 if save_checkpoint_steps is _UNSET else None) if save_checkpoint_secs is _UNSET else save_checkpoint_secs
    every_steps = None if save_checkpoint_steps is _UNSET else save_checkpoint_steps
    summary_steps = (100 if save_summaries_secs is _UNSET else None) if save_summaries_steps is _UNSET else save_summaries_steps
    summary_secs = None if save_summaries_secs is _UNSET else save_summaries_secs
    for what, a, b in (("checkpoints", every_secs, every_steps), ("summaries", summary_secs, summary_steps)):
        if a is not None and b is not None:
            raise ArgumentError(f"MonitoredTrainingSession: {what} every {a} seconds and every {b} steps: one of them{here()}")
    scaffold = scaffold or Scaffold()
    all_hooks: list[SessionRunHook] = [*(hooks or ()), *((chief_only_hooks or ()) if is_chief else ())]
    folder = summary_dir or checkpoint_dir
    if folder and is_chief:
        if log_step_count_steps:
            all_hooks.append(StepCounterHook(log_step_count_steps, output_dir=folder))
        if summary_steps or summary_secs:
            all_hooks.append(SummarySaverHook(summary_steps, summary_secs, folder, scaffold=scaffold))
    if checkpoint_dir and is_chief and (every_secs or every_steps):
        all_hooks.append(CheckpointSaverHook(checkpoint_dir, every_secs, every_steps, scaffold=scaffold))
    return MonitoredSession(ChiefSessionCreator(scaffold, master, config, checkpoint_dir), all_hooks, stop_grace_period_secs)
