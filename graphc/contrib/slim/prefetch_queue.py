"""`tf.contrib.slim.prefetch_queue`: tensors of a batch made ahead of who takes them, in a queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...data.queues import FIFOQueue, PaddingFIFOQueue, QueueBase
from ...ir.arguments import hold as _hold
from ...ir.graph import name_scope
from ...ir.operator import to_node
from ...tf1_names import namespace as _namespace
from ...train.queue_runner import QueueRunner, add_queue_runner

__all__ = ["prefetch_queue"]


def prefetch_queue(tensors: Any, capacity: int = 8, num_threads: int = 1, dynamic_pad: bool = False, shared_name: str | None = None,
                   name: str | None = None) -> QueueBase:
    """A queue of what tensors give (one, a list, or a dict), that `num_threads` threads fill; `dequeue` gives the same tensors ahead of time.

    `dynamic_pad`: elements may have open sizes. ArgumentError: there are no tensors, or no threads.
    """
    parts = dict(tensors) if isinstance(tensors, Mapping) else dict(enumerate(tensors)) if isinstance(tensors, (list, tuple)) else {0: tensors}
    nodes = {key: to_node(part) for key, part in parts.items()}
    with name_scope(name, "prefetch_queue"):
        kind: Any = PaddingFIFOQueue if dynamic_pad else FIFOQueue
        named: dict[str, Any] = {"names": [*nodes]} if isinstance(tensors, Mapping) else {}
        shapes = [n.type.shape for n in nodes.values()]
        closed = dynamic_pad or all(s is not None and None not in s for s in shapes)
        queue: QueueBase = kind(capacity, [n.dtype for n in nodes.values()], shapes if closed else None, shared_name=shared_name, **named)
        value: Any = nodes if isinstance(tensors, Mapping) else [*nodes.values()]
        add_queue_runner(QueueRunner(queue, [queue.enqueue(value)] * num_threads))
        return queue


_hold(globals(), __all__)

_namespace(globals())
