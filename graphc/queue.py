"""`tf.queue`: queues that the runs of a session fill and empty."""

from .data.queues import FIFOQueue, PaddingFIFOQueue, PriorityQueue, QueueBase, RandomShuffleQueue
from .tf1_names import namespace as _namespace

__all__ = ["FIFOQueue", "PaddingFIFOQueue", "PriorityQueue", "QueueBase", "RandomShuffleQueue"]

_namespace(globals())
