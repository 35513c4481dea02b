"""What makes a session ready: the newest checkpoint of a folder, or the initial values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import GraphError
from ..ir.graph import get_default_graph
from ..ir.node import here
from ..runtime.session import Session
from .checkpoints import latest_checkpoint

__all__ = ["SessionManager"]


class SessionManager:
    """Makes sessions of a graph that are restored or initialised.

    >>> v = tf.Variable(3.0)
    >>> manager = tf.train.SessionManager(graph=v.graph)
    >>> manager.prepare_session("", init_op=v.initializer).run(v)
    np.float32(3.0)
    """

    def __init__(self, local_init_op: Any = None, ready_op: Any = None, ready_for_local_init_op: Any = None, graph: Any = None,
                 recovery_wait_secs: float = 30, local_init_run_options: Any = None):
        self._local_init_op, self._graph = local_init_op, graph or get_default_graph()

    def prepare_session(self, master: str = "", init_op: Any = None, saver: Any = None, checkpoint_dir: Any = None,
                        checkpoint_filename_with_path: Any = None, wait_for_checkpoint: bool = False, max_wait_secs: float = 7200,
                        config: Any = None, init_feed_dict: Mapping[Any, Any] | None = None, init_fn: Callable[[Any], Any] | None = None) -> Session:
        """A session restored from a checkpoint, or if there is none initialised: by `init_op`, then by `init_fn(session)`."""
        session, restored = self.recover_session(master, saver, checkpoint_dir, checkpoint_filename_with_path, wait_for_checkpoint, max_wait_secs,
                                                 config)
        if not restored:
            if init_op is not None:
                session.run(init_op, feed_dict=init_feed_dict)
            if init_fn is not None:
                init_fn(session)
            if self._local_init_op is not None:
                session.run(self._local_init_op)
        return session

    def recover_session(self, master: str = "", saver: Any = None, checkpoint_dir: Any = None, checkpoint_filename_with_path: Any = None,
                        wait_for_checkpoint: bool = False, max_wait_secs: float = 7200, config: Any = None) -> tuple[Session, bool]:
        """A session, restored if there is a checkpoint, and whether it is."""
        if checkpoint_dir and checkpoint_filename_with_path:
            raise GraphError(f"SessionManager takes checkpoint_dir or checkpoint_filename_with_path, not both{here()}")
        path = checkpoint_filename_with_path or (latest_checkpoint(checkpoint_dir) if checkpoint_dir else None)
        session = Session(master, self._graph, config)
        if saver is None or path is None:
            return session, False
        try:
            saver.restore(session, path)
            if self._local_init_op is not None:
                session.run(self._local_init_op)
        except BaseException:
            session.close()
            raise
        return session, True

    def wait_for_session(self, master: str = "", config: Any = None, max_wait_secs: float = float("inf")) -> Session:
        """A session: whose variables have a value when they are read."""
        session = Session(master, self._graph, config)
        if self._local_init_op is not None:
            session.run(self._local_init_op)
        return session
