"""Threads that fill queues: a runner for each queue, started together, until there is nothing more to hand over."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from typing import Any

from ..data.queues import QueueBase
from ..errors import ArgumentError, CancelledError, GraphError, OutOfRangeError, SessionClosedError
from ..ir.collecting import GraphKeys
from ..ir.graph import Graph, get_default_graph, get_default_session
from ..ir.node import here
from .coordinator import Coordinator

__all__ = ["QueueRunner", "add_queue_runner", "start_queue_runners"]


class QueueRunner:
    """Threads that run the operations that fill a queue, one each, again and again; when all have come to their end the queue is closed.

    `queue_closed_exception_types`: errors that mean the end; `OutOfRangeError` and `CancelledError` unless others are given.
    GraphError, ArgumentError: no queue, or no operations.
    """

    def __init__(self, queue: QueueBase | None = None, enqueue_ops: Sequence[Any] | None = None, close_op: Any = None, cancel_op: Any = None,
                 queue_closed_exception_types: Any = None):
        if not isinstance(queue, QueueBase):
            raise GraphError(f"QueueRunner takes a queue, not {queue!r:.60}{here()}")
        if not enqueue_ops:
            raise ArgumentError(f"QueueRunner: there are no operations that fill {queue!r}{here()}")
        self._queue, self._enqueue_ops = queue, [*enqueue_ops]
        self._close_op = queue.close() if close_op is None else close_op
        self._cancel_op = queue.close(cancel_pending_enqueues=True) if cancel_op is None else cancel_op
        self._ends = tuple(queue_closed_exception_types or (OutOfRangeError, CancelledError))
        self._lock = threading.Lock()
        self._running: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._raised: list[BaseException] = []

    def within(self, graph: Graph, scope: str) -> QueueRunner:
        """A runner of the same queue with the operations of a graph that was made of this one's, whose names stand behind `scope` there."""
        def found(operation: Any) -> Any:
            name = operation.name if hasattr(operation, "name") else operation.op.name
            return graph.get_operation_by_name(f"{scope}/{name}" if scope else name)

        return QueueRunner(self._queue, [found(operation) for operation in self._enqueue_ops], found(self._close_op), found(self._cancel_op),
                           self._ends)

    @property
    def queue(self) -> QueueBase:
        """The queue that is filled."""
        return self._queue

    @property
    def enqueue_ops(self) -> list[Any]:
        """The operations that fill it."""
        return self._enqueue_ops

    @property
    def close_op(self) -> Any:
        """The operation that closes it."""
        return self._close_op

    @property
    def cancel_op(self) -> Any:
        """The operation that closes it and cancels who waits for room."""
        return self._cancel_op

    @property
    def queue_closed_exception_types(self) -> tuple[type[BaseException], ...]:
        """The errors that mean the end."""
        return self._ends

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._queue.name

    @property
    def exceptions_raised(self) -> list[BaseException]:
        """What threads without a coordinator have raised."""
        return self._raised

    def create_threads(self, sess: Any, coord: Coordinator | None = None, daemon: bool = False, start: bool = False) -> list[threading.Thread]:
        """The threads, one for each operation, and one that cancels when the coordinator stops; none if they run in that session already."""
        with self._lock:
            if self._running.get(sess):
                return []
            self._running[sess] = len(self._enqueue_ops)
            self._raised = []
        threads = [threading.Thread(target=self._run, args=(sess, op, coord), name=f"QueueRunner {self.name}") for op in self._enqueue_ops]
        if coord is not None:
            threads.append(threading.Thread(target=self._cancel, args=(sess, coord), name=f"QueueRunner {self.name}, stop"))
        for thread in threads:
            thread.daemon = daemon
            if coord is not None:
                coord.register_thread(thread)
            if start:
                thread.start()
        return threads

    def _run(self, sess: Any, operation: Any, coord: Coordinator | None) -> None:
        """Fill the queue until the end, or until the coordinator stops."""
        ended = False
        try:
            enqueue = sess.make_callable(operation)
            while coord is None or not coord.should_stop():
                try:
                    enqueue()
                except self._ends:
                    with self._lock:
                        ended = True
                        self._running[sess] -= 1
                        last = not self._running[sess]
                    if last:
                        _try(sess, self._close_op)
                    return
        except SessionClosedError:
            return
        except BaseException as e:
            if coord is not None:
                coord.request_stop(e)
                return
            with self._lock:
                self._raised.append(e)
            raise
        finally:
            if not ended:
                with self._lock:
                    self._running[sess] -= 1

    def _cancel(self, sess: Any, coord: Coordinator) -> None:
        coord.wait_for_stop()
        _try(sess, self._cancel_op)


def _try(sess: Any, operation: Any) -> None:
    """Run an operation, unless the session is closed."""
    try:
        sess.run(operation)
    except SessionClosedError:
        pass


def add_queue_runner(qr: QueueRunner, collection: str = GraphKeys.QUEUE_RUNNERS) -> None:
    """Put a runner among those that `start_queue_runners` starts. GraphError: it is none."""
    if not isinstance(qr, QueueRunner):
        raise GraphError(f"add_queue_runner takes a QueueRunner, not {qr!r:.60}{here()}")
    get_default_graph().add_to_collection(collection, qr)


def start_queue_runners(sess: Any = None, coord: Coordinator | None = None, daemon: bool = True, start: bool = True,
                        collection: str = GraphKeys.QUEUE_RUNNERS) -> list[threading.Thread]:
    """Start the threads of all runners of the graph; returns them.

    GraphError: there is no session, given or default.
    """
    session = get_default_session() if sess is None else sess
    if session is None:
        raise GraphError(f"start_queue_runners needs a session: sess= or `with tf.Session():`{here()}")
    runners = session.graph.get_collection(collection)
    return [t for runner in runners for t in runner.create_threads(session, coord, daemon, start)]
