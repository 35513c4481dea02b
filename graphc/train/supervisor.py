"""`Supervisor`: sessions restored or initialised, with threads that save checkpoints and summaries while a program trains."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import GraphError, OutOfRangeError
from ..ir.collecting import GraphKeys
from ..ir.graph import Graph, get_default_graph
from ..ir.node import here
from ..runtime.session import Session
from ..summary import FileWriter, merge_all
from ..variables import global_variables, global_variables_initializer
from .coordinator import Coordinator, LooperThread
from .monitored import default_local_init_op
from .queue_runner import start_queue_runners
from .saver import Saver
from .session_manager import SessionManager
from .steps import get_global_step

__all__ = ["Supervisor", "basic_train_loop"]


class Supervisor:
    """Makes a session, from the newest checkpoint of `logdir` if there is one, and keeps threads beside it: queues, checkpoints every
    `save_model_secs`, summaries every `save_summaries_secs` (0: none). What is not given is made; None leaves it out.

    >>> with tf.Graph().as_default():
    ...     v = tf.Variable(2.0)
    ...     with tf.train.Supervisor().managed_session() as sess:
    ...         print(sess.run(v))
    2.0
    """

    USE_DEFAULT: Any = 0

    def __init__(self, graph: Graph | None = None, ready_op: Any = USE_DEFAULT, ready_for_local_init_op: Any = USE_DEFAULT, is_chief: bool = True,
                 init_op: Any = USE_DEFAULT, init_feed_dict: Mapping[Any, Any] | None = None, local_init_op: Any = USE_DEFAULT, logdir: Any = None,
                 summary_op: Any = USE_DEFAULT, saver: Any = USE_DEFAULT, global_step: Any = USE_DEFAULT, save_summaries_secs: float = 120,
                 save_model_secs: float = 600, recovery_wait_secs: float = 30, stop_grace_secs: float = 120, checkpoint_basename: str = "model.ckpt",
                 session_manager: SessionManager | None = None, summary_writer: Any = USE_DEFAULT, init_fn: Callable[[Any], Any] | None = None,
                 local_init_run_options: Any = None):
        self._graph = graph or get_default_graph()
        use = Supervisor.USE_DEFAULT
        with self._graph.as_default():
            self._init_op = global_variables_initializer() if init_op is use else init_op
            self._local_init_op = default_local_init_op() if local_init_op is use else local_init_op
            self._summary_op = merge_all() if summary_op is use else summary_op
            self._saver: Any = (Saver() if global_variables() else None) if saver is use else saver
            self._global_step = get_global_step() if global_step is use else global_step
        self._feeds, self._init_fn, self._logdir, self._grace = init_feed_dict, init_fn, logdir, stop_grace_secs
        self._summary_secs, self._model_secs = save_summaries_secs, save_model_secs
        self._save_path = os.path.join(os.fspath(logdir), checkpoint_basename) if logdir else None
        self._coord = Coordinator()
        self._manager = session_manager or SessionManager(local_init_op=self._local_init_op, graph=self._graph)
        self._writer = (FileWriter(logdir) if logdir and is_chief else None) if summary_writer is use else summary_writer
        self._chief = is_chief
        self._graph.finalize()

    @property
    def coord(self) -> Coordinator:
        """What the threads ask whether to go on."""
        return self._coord

    @property
    def saver(self) -> Any:
        """What saves and restores the variables; None: nothing does."""
        return self._saver

    @property
    def summary_writer(self) -> Any:
        """What writes summaries; None: nothing does."""
        return self._writer

    @property
    def summary_op(self) -> Any:
        """All summaries as one."""
        return self._summary_op

    @property
    def init_op(self) -> Any:
        """The operation that initialises the variables."""
        return self._init_op

    @property
    def global_step(self) -> Any:
        """The count of steps; None: there is none."""
        return self._global_step

    @property
    def save_path(self) -> str | None:
        """Where checkpoints are saved; None: nowhere."""
        return self._save_path

    @property
    def session_manager(self) -> SessionManager:
        """What makes the session."""
        return self._manager

    @property
    def is_chief(self) -> bool:
        """Whether it initialises and saves."""
        return self._chief

    def prepare_or_wait_for_session(self, master: str = "", config: Any = None, wait_for_checkpoint: bool = False, max_wait_secs: float = 7200,
                                    start_standard_services: bool = True) -> Session:
        """A session that is restored or initialised, with its threads."""
        self._coord.clear_stop()
        session = self._manager.prepare_session(
            master, init_op=self._init_op, saver=self._saver, checkpoint_dir=self._logdir, config=config, init_feed_dict=self._feeds,
            init_fn=self._init_fn)
        if start_standard_services and self._chief:
            self.start_standard_services(session)
        self.start_queue_runners(session)
        return session

    def start_standard_services(self, sess: Any) -> list[threading.Thread]:
        """Start the threads that save checkpoints and summaries; returns them. GraphError: there is no folder for them."""
        if not self._logdir:
            return []
        started: list[threading.Thread] = []
        if self._writer is not None and self._summary_op is not None and self._summary_secs:
            started.append(self.loop(self._summary_secs, self._write_summaries, args=(sess,)))
        if self._saver is not None and self._save_path and self._model_secs:
            started.append(self.loop(self._model_secs, self._save, args=(sess,)))
        return started

    def _write_summaries(self, sess: Any) -> None:
        self.summary_computed(sess, sess.run(self._summary_op))

    def _save(self, sess: Any) -> None:
        self._saver.save(sess, self._save_path, global_step=self._global_step)         # a tensor: the step of what is saved

    def _step(self, sess: Any) -> int | None:
        return None if self._global_step is None else int(sess.run(self._global_step))

    def start_queue_runners(self, sess: Any, queue_runners: Sequence[Any] | None = None) -> list[threading.Thread]:
        """Start the threads that fill queues; returns them."""
        if queue_runners is None:
            return start_queue_runners(sess, self._coord, collection=GraphKeys.QUEUE_RUNNERS)
        return [t for runner in queue_runners for t in runner.create_threads(sess, self._coord, daemon=True, start=True)]

    def loop(self, timer_interval_secs: float | None, target: Callable[..., Any], args: Any = None, kwargs: Any = None) -> LooperThread:
        """A thread that calls a function every so many seconds until the stop."""
        return LooperThread.loop(self._coord, timer_interval_secs, target, args, kwargs)

    def summary_computed(self, sess: Any, summary: Any, global_step: Any = None) -> None:
        """Write a summary that was run. GraphError: there is no writer."""
        if self._writer is None:
            raise GraphError(f"Supervisor.summary_computed: there is no logdir to write to{here()}")
        self._writer.add_summary(summary, self._step(sess) if global_step is None else global_step)

    def should_stop(self) -> bool:
        """Whether a stop was asked for."""
        return self._coord.should_stop()

    def request_stop(self, ex: Any = None) -> None:
        """Ask for a stop."""
        self._coord.request_stop(ex)

    def stop_on_exception(self) -> Any:
        """`Coordinator.stop_on_exception`."""
        return self._coord.stop_on_exception()

    def wait_for_stop(self) -> None:
        """Wait until a stop is asked for."""
        self._coord.wait_for_stop()

    def stop(self, threads: Any = None, close_summary_writer: bool = True, ignore_live_threads: bool = False) -> None:
        """Stop the threads and wait for them, raise the error of one, and end the writer."""
        self._coord.request_stop()
        try:
            self._coord.join(threads, stop_grace_period_secs=self._grace, ignore_live_threads=ignore_live_threads)
        finally:
            if close_summary_writer and self._writer is not None:
                self._writer.close()

    @contextmanager
    def managed_session(self, master: str = "", config: Any = None, start_standard_services: bool = True,
                        close_summary_writer: bool = True) -> Iterator[Session]:
        """A session with its threads inside a `with` block; at its end all stop, and an error of a thread is raised. OutOfRangeError ends it too."""
        session = None
        try:
            session = self.prepare_or_wait_for_session(master, config, start_standard_services=start_standard_services)
            with self._graph.as_default(), session.as_default():
                yield session
        except OutOfRangeError:
            pass
        except BaseException as e:
            self.request_stop(e)
            raise
        finally:
            try:
                self.stop(close_summary_writer=close_summary_writer, ignore_live_threads=True)
            finally:
                if session is not None:
                    session.close()


def basic_train_loop(supervisor: Supervisor, train_step_fn: Callable[..., Any], args: Any = None, kwargs: Any = None, master: str = "") -> None:
    """Call `train_step_fn(session, *args)` in a managed session until the supervisor stops, or the input has run out.

    Errors: what the function raises. GraphError: no supervisor.
    """
    if not isinstance(supervisor, Supervisor):
        raise GraphError(f"basic_train_loop takes a Supervisor, not {supervisor!r:.60}{here()}")
    with supervisor.managed_session(master) as sess:
        while not supervisor.should_stop():
            train_step_fn(sess, *(args or ()), **(kwargs or {}))
