"""`tf.contrib.slim.parallel_reader`: records of many files by several readers at once, through one queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...data.queues import FIFOQueue, QueueBase, RandomShuffleQueue
from ...data.readers import ReaderBase
from ...errors import ArgumentError, NotFoundError
from ...gfile import Glob
from ...ir.arguments import hold as _hold
from ...ir.graph import name_scope
from ...ir.node import Node, here
from ...ir.types import TEXT
from ...ops.math import add_n
from ...tf1_names import namespace as _namespace
from ...train.inputs import string_input_producer
from ...train.queue_runner import QueueRunner, add_queue_runner

__all__ = ["ParallelReader", "get_data_files", "parallel_read", "single_pass_read"]


class ParallelReader:
    """Several readers of a class, each in a thread of its own, whose records go into one queue.

    `common_queue`: of two parts, key and record. ArgumentError: no reader.
    """

    def __init__(self, reader_class: Callable[..., ReaderBase], common_queue: QueueBase, num_readers: int = 4,
                 reader_kwargs: Mapping[str, Any] | None = None):
        if num_readers < 1:
            raise ArgumentError(f"ParallelReader: num_readers is 1 or more, not {num_readers}{here()}")
        self._readers = [reader_class(**(reader_kwargs or {})) for _ in range(num_readers)]
        self._common_queue = common_queue

    def read(self, queue: QueueBase, name: str | None = None) -> Any:
        """The next key and record of the files that a queue names. GraphError: no queue of names. OutOfRangeError, when run: there is no more."""
        add_queue_runner(QueueRunner(self._common_queue, [self._common_queue.enqueue(reader.read(queue)) for reader in self._readers]))
        return self._common_queue.dequeue(name=name)

    def read_up_to(self, queue: QueueBase, num_records: int, name: str | None = None) -> Any:
        """Up to so many keys and records at once. GraphError: no queue of names. OutOfRangeError, when run: there is no more."""
        fill = [self._common_queue.enqueue_many(reader.read_up_to(queue, num_records)) for reader in self._readers]
        add_queue_runner(QueueRunner(self._common_queue, fill))
        return self._common_queue.dequeue_up_to(num_records, name=name)

    @property
    def common_queue(self) -> QueueBase:
        """The queue that the readers fill."""
        return self._common_queue

    def num_records_produced(self, name: str | None = None) -> Node:
        """How many records all readers have given, int64."""
        return _total([reader.num_records_produced() for reader in self._readers], name)

    def num_work_units_completed(self, name: str | None = None) -> Node:
        """How many files all readers have read to their ends, int64."""
        return _total([reader.num_work_units_completed() for reader in self._readers], name)


def _total(counts: Sequence[Node], name: str | None) -> Node:
    return add_n(counts, name=name)


def get_data_files(data_sources: Any) -> list[str]:
    """The files of names and patterns, a list or one; a name without `*`, `?` or `[` stands as it is. NotFoundError: there are none.

    >>> tf.contrib.slim.parallel_reader.get_data_files(["a.tfrecord", "b.tfrecord"])
    ['a.tfrecord', 'b.tfrecord']
    """
    if isinstance(data_sources, (list, tuple)):
        found = [file for source in data_sources for file in get_data_files(source)]
    else:
        source = str(np.asarray(data_sources).item()) if not isinstance(data_sources, str) else data_sources
        found = Glob(source) if any(mark in source for mark in "*?[") else [source]
    if not found:
        raise NotFoundError(f"get_data_files: there are no files {data_sources!r:.200}{here()}")
    return found


def parallel_read(data_sources: Any, reader_class: Callable[..., ReaderBase], num_epochs: int | None = None, num_readers: int = 4,
                  reader_kwargs: Mapping[str, Any] | None = None, shuffle: bool = True, dtypes: Any = None, capacity: int = 256,
                  min_after_dequeue: int = 128, seed: int | None = None, scope: str | None = None) -> Any:
    """The next key and record of files that several readers read at once, again and again, or `num_epochs` times.

    `shuffle`: files in a random order, and of the records that wait one that is drawn. `dtypes`: of key and record, texts unless given.
    NotFoundError: there are no files. ArgumentError: no reader, or no such number of epochs. OutOfRangeError, when run: there is no more.
    """
    files = get_data_files(data_sources)
    with name_scope(scope, "parallel_read"):
        names = string_input_producer(files, num_epochs=num_epochs, shuffle=shuffle, seed=seed, name="filenames")
        kinds = dtypes or [TEXT, TEXT]
        common = (RandomShuffleQueue(capacity, min_after_dequeue, kinds, seed=seed, name="common_queue") if shuffle
                  else FIFOQueue(capacity, kinds, name="common_queue"))
        return ParallelReader(reader_class, common, num_readers, reader_kwargs).read(names)


def single_pass_read(data_sources: Any, reader_class: Callable[..., ReaderBase], reader_kwargs: Mapping[str, Any] | None = None,
                     scope: str | None = None) -> Any:
    """The next key and record of files that one reader reads once, in order.

    NotFoundError: there are no files. OutOfRangeError, when run: there is no more.
    """
    files = get_data_files(data_sources)
    with name_scope(scope, "single_pass_read"):
        names = string_input_producer(files, num_epochs=1, shuffle=False, capacity=1, name="filenames")
        return reader_class(**(reader_kwargs or {})).read(names)


_hold(globals(), __all__)

_namespace(globals())
