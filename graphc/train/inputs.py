"""Input by queues: producers of slices and names, and batches that threads put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..data.draws import Draws
from ..data.queues import FIFOQueue, PaddingFIFOQueue, QueueBase, RandomShuffleQueue
from ..errors import ArgumentError, GraphError, OutOfRangeError, ShapeError
from ..ir.default_graph import control_dependencies
from ..ir.graph import get_default_graph, name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import TEXT, TensorType
from ..ops.array import gather, identity
from ..ops.decode import matching_files
from ..ops.outside import arrival
from ..ops.sources import placeholder_with_default
from ..runtime.resources import Resources
from .queue_runner import QueueRunner, add_queue_runner

__all__ = ["batch", "batch_join", "input_producer", "limit_epochs", "match_filenames_once", "maybe_batch",
           "maybe_batch_join", "maybe_shuffle_batch", "maybe_shuffle_batch_join", "range_input_producer", "shuffle_batch",
           "shuffle_batch_join", "slice_input_producer", "string_input_producer"]


class _Epochs:
    """A source that says how often it was asked, and ends after some times."""

    def __init__(self, most: int):
        self.most = most

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Any]:
        count = kept.get(self, _Count)
        if count.n >= self.most:
            raise OutOfRangeError(f"{self.most} epochs are over")
        count.n += 1
        return [np.array(count.n, np.int64)]


class _Count:
    def __init__(self) -> None:
        self.n = 0

    def close(self) -> None:
        pass


def limit_epochs(tensor: Any, num_epochs: int | None = None, name: str | None = None) -> Node:
    """The tensor, in `num_epochs` runs of a session; None: in any number.

    OutOfRangeError, when run: they are over. ArgumentError: no number above 0.
    """
    node = to_node(tensor)
    if num_epochs is None:
        return node
    if not hasattr(num_epochs, "__index__") or num_epochs <= 0:
        raise ArgumentError(f"limit_epochs: num_epochs is a number above 0, not {num_epochs!r:.60}{here()}")
    tick = arrival(get_default_graph(), _Epochs(int(num_epochs)), (), [TensorType(np.dtype(np.int64), ())], "epochs")[0]
    with control_dependencies([tick]):
        if node.type.dtype == TEXT:         # which `identity` does not take
            return placeholder_with_default(node, node.type.shape, name or "limit_epochs")
        made: Node = identity(node, name=name or "limit_epochs")
    return made


class _Matched:
    """A source of the names that match a pattern, looked up once in a session."""

    def __init__(self, pattern: Any):
        self.pattern = pattern

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Any]:
        return [kept.get(self, lambda: _Names(inputs[0])).names]


class _Names:
    def __init__(self, pattern: Any):
        self.names = matching_files.reference(pattern)

    def close(self) -> None:
        pass


def match_filenames_once(pattern: Any, name: str | None = None) -> Node:
    """The names of the files that match a pattern, or one of several, as they are when a session first asks: string[n].

    DTypeError: no texts.
    """
    node = to_node(pattern, TEXT)
    return arrival(node.graph, _Matched(pattern), (node,), [TensorType(TEXT, (None,))], name or "matching_filenames")[0]


# ---------------------------------------------------------------------- producers

def input_producer(input_tensor: Any, element_shape: Any = None, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None,
                   capacity: int = 32, shared_name: str | None = None, summary_name: str | None = None, name: str | None = None,
                   cancel_op: Any = None) -> QueueBase:
    """A queue that a thread fills with the rows of a tensor, again and again, or `num_epochs` times; shuffled each time.

    ShapeError: a scalar. ArgumentError: no such number of epochs.
    """
    with name_scope(name, "input_producer"):
        rows = to_node(input_tensor)
        if rows.type.shape == ():
            raise ShapeError(f"input_producer: {describe(rows)} is a scalar, which has no rows{here()}")
        shape = element_shape if element_shape is not None or rows.type.shape is None else rows.type.shape[1:]
        queue = FIFOQueue(capacity, [rows.dtype], [shape], shared_name=shared_name, name="fifo_queue")
        limited = limit_epochs(rows, num_epochs)
        fill = queue._enqueued("enqueue_many", [limited], True, None, Draws("input_producer", seed) if shuffle else None)
        add_queue_runner(QueueRunner(queue, [fill], cancel_op=cancel_op))
        return queue


def string_input_producer(string_tensor: Any, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None, capacity: int = 32,
                          shared_name: str | None = None, name: str | None = None, cancel_op: Any = None) -> QueueBase:
    """A queue that a thread fills with texts, most often names of files, again and again, or `num_epochs` times; shuffled each time.

    ArgumentError: there are none, or no such number of epochs.
    """
    if not isinstance(string_tensor, Node) and not len(string_tensor):
        raise ArgumentError(f"string_input_producer: there are no texts{here()}")
    names = to_node(string_tensor, TEXT)
    return input_producer(names, [], num_epochs, shuffle, seed, capacity, shared_name, None, name or "input_producer", cancel_op)


def range_input_producer(limit: Any, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None, capacity: int = 32,
                         shared_name: str | None = None, name: str | None = None) -> QueueBase:
    """A queue that a thread fills with the numbers below `limit`, int32, again and again, or `num_epochs` times; shuffled each time.

    ArgumentError: no such number of epochs.
    """
    from ..ops.array import range as numbers
    return input_producer(numbers(limit), [], num_epochs, shuffle, seed, capacity, shared_name, None, name or "input_producer")


def slice_input_producer(tensor_list: Sequence[Any], num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None,
                         capacity: int = 32, shared_name: str | None = None, name: str | None = None) -> list[Node]:
    """One row of each tensor a run, all of the same number; a thread goes through the numbers again and again, or `num_epochs` times.

    GraphError: no tensors. ShapeError: a scalar. ArgumentError: no such number of epochs.
    """
    if not isinstance(tensor_list, (list, tuple)) or not tensor_list:
        raise GraphError(f"slice_input_producer takes a list of tensors, not {tensor_list!r:.60}{here()}")
    from ..ops.array import shape
    with name_scope(name, "input_producer"):
        nodes = [to_node(t) for t in tensor_list]
        for n in nodes:
            if n.type.shape == ():
                raise ShapeError(f"slice_input_producer: {describe(n)} is a scalar, which has no rows{here()}")
        count = nodes[0].type.shape[0] if nodes[0].type.shape and nodes[0].type.shape[0] is not None else shape(nodes[0])[0]
        index = range_input_producer(count, num_epochs, shuffle, seed, capacity, shared_name).dequeue()
        return [gather(n, index) for n in nodes]


# ---------------------------------------------------------------------- batches

def taken_apart(what: str, tensors: Any) -> tuple[list[Node], Callable[[list[Any]], Any]]:
    """Tensors of a list, a dict or one by itself, and what puts others together in the same way. GraphError: an empty list."""
    if isinstance(tensors, Mapping):
        names = sorted(tensors)
        return [to_node(tensors[n]) for n in names], lambda parts: dict(zip(names, parts, strict=True))
    if isinstance(tensors, (list, tuple)):
        if not tensors:
            raise GraphError(f"{what}: there are no tensors{here()}")
        return [to_node(t) for t in tensors], lambda parts: parts
    return [to_node(tensors)], lambda parts: parts[0]


def _batched(what: str, lists: Sequence[Any], batch_size: Any, enqueue_many: bool, shapes: Any, fewer: bool, shared_name: str | None,
             name: str | None, make: Any, open_sizes: bool = False, threads: int = 1, keep: Any = None) -> Any:
    """Batches of a queue that `make(dtypes, shapes)` makes, filled with each of the lists of tensors by `threads` threads.

    `keep`: whether an element is put into it, of rows which of them.
    """
    with name_scope(name, what):
        taken = [taken_apart(what, tensors) for tensors in lists]
        first, together = taken[0]
        if any([n.dtype for n in nodes] != [n.dtype for n in first] for nodes, _ in taken):
            raise GraphError(f"{what}: tensors of several dtypes would be one{here()}")
        given = [n.type.shape for n in first] if shapes is None else [*shapes]
        if shapes is None and enqueue_many:
            given = [None if s is None else s[1:] for s in given]
        for n, s in zip(first, given, strict=True):
            if s is None or (None in tuple(s) and not open_sizes):
                raise ShapeError(f"{what}: the shape of {describe(n)} is to be known: shapes=, or tensor.set_shape(...); "
                                 f"train.batch(dynamic_pad=True) pads open sizes{here()}")
        queue = make([n.dtype for n in first], given)
        asked = None if keep is None else to_node(keep)
        if asked is not None and (asked.type.dtype != np.bool_ or asked.type.rank not in ((None, 0, 1) if enqueue_many else (None, 0))):
            raise ShapeError(f"{what}: keep_input is of dtype bool, one{' or one a row' if enqueue_many else ''}, not {describe(asked)}{here()}")
        word = "enqueue_many" if enqueue_many else "enqueue"
        fill = [queue._enqueued(word, nodes, enqueue_many, None, None, asked) for nodes, _ in taken for _ in range(threads)]
        add_queue_runner(QueueRunner(queue, fill))
        found = queue.dequeue_up_to(batch_size) if fewer else queue.dequeue_many(batch_size)
        parts = found if isinstance(found, list) else [found]
        return together(parts) if len(parts) > 1 or isinstance(lists[0], Mapping) else parts[0]


def batch(tensors: Any, batch_size: Any, num_threads: int = 1, capacity: int = 32, enqueue_many: bool = False, shapes: Any = None,
          dynamic_pad: bool = False, allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None) -> Any:
    """Batches of what tensors give in run after run of some threads, in order. `tensors`: one, a list or a dict, and so is what is returned.

    A list of one tensor gives one. `enqueue_many`: each row is an element. `dynamic_pad`: open sizes are padded to the largest.
    OutOfRangeError, when run: there is no more.
    ShapeError: a shape that is not known. GraphError: no tensors.
    """
    make = (lambda d, s: PaddingFIFOQueue(capacity, d, s, shared_name=shared_name)) if dynamic_pad else (
        lambda d, s: FIFOQueue(capacity, d, s, shared_name=shared_name))
    return _batched("batch", [tensors], batch_size, enqueue_many, shapes, allow_smaller_final_batch, shared_name, name, make, dynamic_pad,
                    num_threads)


def batch_join(tensors_list: Sequence[Any], batch_size: Any, capacity: int = 32, enqueue_many: bool = False, shapes: Any = None,
               dynamic_pad: bool = False, allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None) -> Any:
    """`batch` of several lists or dicts of tensors, each run by a thread of its own.

    ShapeError: a shape that is not known. GraphError: no tensors, or of several dtypes. OutOfRangeError, when run: there is no more.
    """
    make = (lambda d, s: PaddingFIFOQueue(capacity, d, s, shared_name=shared_name)) if dynamic_pad else (
        lambda d, s: FIFOQueue(capacity, d, s, shared_name=shared_name))
    return _batched("batch_join", [*tensors_list], batch_size, enqueue_many, shapes, allow_smaller_final_batch, shared_name, name, make, dynamic_pad)


def shuffle_batch(tensors: Any, batch_size: Any, capacity: int, min_after_dequeue: int, num_threads: int = 1, seed: int | None = None,
                  enqueue_many: bool = False, shapes: Any = None, allow_smaller_final_batch: bool = False, shared_name: str | None = None,
                  name: str | None = None) -> Any:
    """`batch` in a random order: elements are drawn from those that wait, of which `min_after_dequeue` stay behind.

    ShapeError: a shape that is not known. GraphError: no tensors. ArgumentError: more stay behind than there is room for. OutOfRangeError, when
    run: there is no more.
    """
    return _batched("shuffle_batch", [tensors], batch_size, enqueue_many, shapes, allow_smaller_final_batch, shared_name, name,
                    lambda d, s: RandomShuffleQueue(capacity, min_after_dequeue, d, s, seed=seed, shared_name=shared_name), False, num_threads)


def shuffle_batch_join(tensors_list: Sequence[Any], batch_size: Any, capacity: int, min_after_dequeue: int, seed: int | None = None,
                       enqueue_many: bool = False, shapes: Any = None, allow_smaller_final_batch: bool = False, shared_name: str | None = None,
                       name: str | None = None) -> Any:
    """`shuffle_batch` of several lists or dicts of tensors, each run by a thread of its own.

    ShapeError: a shape that is not known. GraphError: no tensors, or of several dtypes. ArgumentError: more stay behind than there is room for.
    OutOfRangeError, when run: there is no more.
    """
    return _batched("shuffle_batch_join", [*tensors_list], batch_size, enqueue_many, shapes, allow_smaller_final_batch, shared_name, name,
                    lambda d, s: RandomShuffleQueue(capacity, min_after_dequeue, d, s, seed=seed, shared_name=shared_name))


def maybe_batch(tensors: Any, keep_input: Any, batch_size: Any, num_threads: int = 1, capacity: int = 32, enqueue_many: bool = False,
                shapes: Any = None, dynamic_pad: bool = False, allow_smaller_final_batch: bool = False, shared_name: str | None = None,
                name: str | None = None) -> Any:
    """`batch` of what is to be kept: `keep_input` is true for it, of rows one truth value for each.

    ShapeError: a shape that is not known. GraphError: no tensors. OutOfRangeError, when run: there is no more.
    """
    kind = PaddingFIFOQueue if dynamic_pad else FIFOQueue
    return _batched("maybe_batch", [tensors], batch_size, enqueue_many, shapes, allow_smaller_final_batch, shared_name, name,
                    lambda d, s: kind(capacity, d, s, shared_name=shared_name), dynamic_pad, num_threads, keep_input)


def maybe_batch_join(tensors_list: Sequence[Any], keep_input: Any, batch_size: Any, capacity: int = 32, enqueue_many: bool = False,
                     shapes: Any = None, dynamic_pad: bool = False, allow_smaller_final_batch: bool = False, shared_name: str | None = None,
                     name: str | None = None) -> Any:
    """`batch_join` of what is to be kept, as `maybe_batch`.

    ShapeError: a shape that is not known. GraphError: no tensors, or of several dtypes. OutOfRangeError, when run: there is no more.
    """
    kind = PaddingFIFOQueue if dynamic_pad else FIFOQueue
    return _batched("maybe_batch_join", [*tensors_list], batch_size, enqueue_many, shapes, allow_smaller_final_batch, shared_name, name,
                    lambda d, s: kind(capacity, d, s, shared_name=shared_name), dynamic_pad, keep=keep_input)


def maybe_shuffle_batch(tensors: Any, batch_size: Any, capacity: int, min_after_dequeue: int, keep_input: Any, num_threads: int = 1,
                        seed: int | None = None, enqueue_many: bool = False, shapes: Any = None, allow_smaller_final_batch: bool = False,
                        shared_name: str | None = None, name: str | None = None) -> Any:
    """`shuffle_batch` of what is to be kept, as `maybe_batch`.

    ShapeError: a shape that is not known. GraphError: no tensors. ArgumentError: more stay behind than there is room for. OutOfRangeError, when
    run: there is no more.
    """
    return _batched("maybe_shuffle_batch", [tensors], batch_size, enqueue_many, shapes, allow_smaller_final_batch, shared_name, name,
                    lambda d, s: RandomShuffleQueue(capacity, min_after_dequeue, d, s, seed=seed, shared_name=shared_name), False, num_threads,
                    keep_input)


def maybe_shuffle_batch_join(tensors_list: Sequence[Any], batch_size: Any, capacity: int, min_after_dequeue: int, keep_input: Any,
                             seed: int | None = None, enqueue_many: bool = False, shapes: Any = None, allow_smaller_final_batch: bool = False,
                             shared_name: str | None = None, name: str | None = None) -> Any:
    """`shuffle_batch_join` of what is to be kept, as `maybe_batch`.

    ShapeError: a shape that is not known. GraphError: no tensors, or of several dtypes. ArgumentError: more stay behind than there is room for.
    OutOfRangeError, when run: there is no more.
    """
    return _batched("maybe_shuffle_batch_join", [*tensors_list], batch_size, enqueue_many, shapes, allow_smaller_final_batch, shared_name, name,
                    lambda d, s: RandomShuffleQueue(capacity, min_after_dequeue, d, s, seed=seed, shared_name=shared_name), keep=keep_input)
