"""Buckets of `contrib.training`: elements of one kind, most often of about one length, in batches, from a queue for each kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data.queues import FIFOQueue, PaddingFIFOQueue
from ..errors import ArgumentError, DTypeError, ShapeError
from ..ir.arguments import hold as _hold
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.math import cast, equal, greater_equal, logical_and
from ..ops.reduce import reduce_sum
from ..ops.state import group
from ..train.inputs import taken_apart
from ..train.queue_runner import QueueRunner, add_queue_runner

__all__ = ["bucket", "bucket_by_sequence_length"]


def _per_bucket(what: str, given: Any, count: int) -> list[Any]:
    """A number for each bucket, of a list of so many or one for all. ArgumentError: others."""
    found = [*given] if isinstance(given, (list, tuple)) else [given] * count
    if len(found) != count:
        raise ArgumentError(f"bucket: {len(found)} {what} for {count} buckets{here()}")
    return found


def bucket(tensors: Any, which_bucket: Any, batch_size: Any, num_buckets: int, num_threads: int = 1, capacity: int = 32,
           bucket_capacities: Any = None, shapes: Any = None, dynamic_pad: bool = False, allow_smaller_final_batch: bool = False,
           keep_input: Any = True, shared_name: str | None = None, name: str | None = None) -> tuple[Node, Any]:
    """Batches of elements of one bucket each: the bucket's number, int32, and the tensors, as they were given (a list, a dict or one).

    `which_bucket`: the number for this run's element, below `num_buckets`; `batch_size`, `bucket_capacities`: one number, or one for each;
    `keep_input`: whether the element is kept. `dynamic_pad`: open sizes are padded to the largest of the batch. Threads fill the queues.
    ArgumentError: fewer than two buckets, or not a number for each. GraphError: no tensors. ShapeError: a shape that is not known.
    OutOfRangeError, when run: there is no more.
    """
    if num_buckets < 2:
        raise ArgumentError(f"bucket: num_buckets is 2 or more, not {num_buckets}{here()}")
    batches = _per_bucket("sizes of batches", batch_size, num_buckets)
    capacities = _per_bucket("capacities", capacity if bucket_capacities is None else bucket_capacities, num_buckets)
    with name_scope(name, "bucket"):
        nodes, together = taken_apart("bucket", tensors)
        given = [n.type.shape for n in nodes] if shapes is None else [*shapes]
        for n, s in zip(nodes, given, strict=True):
            if s is None or (None in tuple(s) and not dynamic_pad):
                raise ShapeError(f"bucket: the shape of {describe(n)} is to be known: shapes=, tensor.set_shape(...), or dynamic_pad=True{here()}")
        kind: Any = PaddingFIFOQueue if dynamic_pad else FIFOQueue
        dtypes = [n.dtype for n in nodes]
        queues = [kind(c, dtypes, given, shared_name=f"{shared_name}_{i}" if shared_name else None) for i, c in enumerate(capacities)]
        number, keep = to_node(which_bucket, np.dtype(np.int32)), to_node(keep_input)
        fill = group(*(q._enqueued("enqueue", nodes, False, None, None, logical_and(keep, equal(number, i))) for i, q in enumerate(queues)))
        add_queue_runner(QueueRunner(queues[0], [fill] * num_threads, close_op=group(*(q.close() for q in queues)),
                                     cancel_op=group(*(q.close(cancel_pending_enqueues=True) for q in queues))))
        top = FIFOQueue(capacity, [np.int32, *dtypes], shared_name=shared_name, name="top_queue")
        taken = [q.dequeue_up_to(n) if allow_smaller_final_batch else q.dequeue_many(n) for q, n in zip(queues, batches, strict=True)]
        parts = [batch if isinstance(batch, list) else [batch] for batch in taken]
        add_queue_runner(QueueRunner(top, [top.enqueue([np.int32(i), *batch]) for i, batch in enumerate(parts)]))
        which, *found = top.dequeue()
        rows = batches[0] if len(set(batches)) == 1 and not allow_smaller_final_batch and not isinstance(batches[0], Node) else None
        which.set_shape([])
        for n, s in zip(found, given, strict=True):
            n.set_shape([rows, *s])
        return which, together(found)


def bucket_by_sequence_length(input_length: Any, tensors: Any, batch_size: Any, bucket_boundaries: Sequence[int], num_threads: int = 1,
                              capacity: int = 32, bucket_capacities: Any = None, shapes: Any = None, dynamic_pad: bool = False,
                              allow_smaller_final_batch: bool = False, keep_input: Any = True, shared_name: str | None = None,
                              name: str | None = None) -> tuple[Node, Any]:
    """Batches of elements of about one length: the lengths, int[batch], and the tensors, as they were given (a list, a dict or one).

    `bucket_boundaries`: the lengths at which a bucket begins, rising; there is one bucket more. The rest as for `bucket`. ArgumentError: no
    boundaries, or such that do not rise, or not a number for each bucket. DTypeError: a length that is no whole number. GraphError: no tensors.
    ShapeError: a shape that is not known. OutOfRangeError, when run: there is no more.
    """
    edges = [*bucket_boundaries] if isinstance(bucket_boundaries, (list, tuple)) else []
    if not edges or any(a >= b for a, b in zip(edges, edges[1:], strict=False)):
        raise ArgumentError(f"bucket_by_sequence_length: bucket_boundaries are numbers that rise, not {bucket_boundaries!r:.80}{here()}")
    with name_scope(name, "bucket_by_sequence_length"):
        nodes, together = taken_apart("bucket_by_sequence_length", tensors)
        length = to_node(input_length)
        if not np.issubdtype(length.type.dtype, np.integer):
            raise DTypeError(f"bucket_by_sequence_length: a length is a whole number, not {describe(length)}{here()}")
        which = reduce_sum(cast(greater_equal(length, np.array(edges, length.type.dtype)), np.int32))
        _, (lengths, *found) = bucket([length, *nodes], which, batch_size, len(edges) + 1, num_threads, capacity, bucket_capacities,
                                      None if shapes is None else [(), *shapes], dynamic_pad, allow_smaller_final_batch, keep_input, shared_name)
        return lengths, together(found)


_hold(globals(), __all__)
