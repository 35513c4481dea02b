"""`tf.contrib.slim.queues`: a graph's queue runners, running for as long as a `with` lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...errors import GraphError
from ...ir.arguments import hold as _hold
from ...ir.collecting import GraphKeys
from ...ir.graph import get_default_graph
from ...ir.node import here
from ...tf1_names import namespace as _namespace
from ...train.coordinator import Coordinator

__all__ = ["NestedQueueRunnerError", "QueueRunners"]


class NestedQueueRunnerError(GraphError):
    """The queue runners of a graph run already."""


@contextmanager
def QueueRunners(session: Any) -> Iterator[None]:
    """Run the default graph's queue runners in a session, until the `with` ends; what a thread raised is raised then.

    NestedQueueRunnerError: they run already.
    """
    if not get_default_graph().get_collection(GraphKeys.QUEUE_RUNNERS):
        yield
        return
    coordinator = Coordinator()
    threads = [thread for runner in session.graph.get_collection(GraphKeys.QUEUE_RUNNERS)
               for thread in runner.create_threads(session, coordinator, daemon=True, start=False)]
    if not threads:
        raise NestedQueueRunnerError(f"QueueRunners: the queue runners of this session run already{here()}")
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        coordinator.request_stop()
        coordinator.join(threads, stop_grace_period_secs=120)


_hold(globals(), __all__)

_namespace(globals())
