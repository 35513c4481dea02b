"""The batches of an epoch: slices of arrays, or what a dataset, an iterator, a generator or tensors give one after the other."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ...data import Dataset
from ...errors import FeedError, OutOfRangeError
from ...ir.node import Node, here
from ...logging import warning
from ...nest import flatten
from ..backend import state

Batch = tuple[list[Any], int]


class ArrayBatches:
    """Slices of arrays; `shuffle`: in a new order in each epoch, by `np.random`, or whole batches in a new order by "batch".

    "drawn": as they are, though an order is drawn: TensorFlow draws one for the validation data, and so seeds have the same effect.
    """

    unit = "samples"

    def __init__(self, arrays: list[Any], count: int, size: int, shuffle: Any = False):
        self.arrays, self.count, self.size, self.shuffle = arrays, count, size, shuffle

    def epoch(self, index: int) -> Iterator[Batch]:
        """The batches of an epoch, each with its number of examples."""
        arrays, size = self.arrays, self.size
        order = self._order()
        if order is not None and size < self.count:
            # One place for the rows of all batches: new memory for each costs more than the rows. Runs keep nothing of what they are fed.
            held = [np.empty((size, *a.shape[1:]), a.dtype) if isinstance(a, np.ndarray) else None for a in arrays]
            for at in range(0, self.count, size):
                rows = order[at:at + size]
                yield [_rows(a, rows) if place is None else np.take(a, rows, 0, place[:len(rows)], "clip")
                       for a, place in zip(arrays, held, strict=True)], len(rows)
        elif size >= self.count:
            yield [a if isinstance(a, np.ndarray) else a[:] for a in arrays], self.count
        else:
            for at in range(0, self.count, size):
                end = min(at + size, self.count)
                yield [a[at:end] for a in arrays], end - at

    def _order(self) -> Any:
        """The order of the examples in an epoch; None as they are."""
        if not self.shuffle:
            return None
        order = np.arange(self.count)
        if self.shuffle == "batch":
            whole = self.count // self.size
            head = order[:whole * self.size].reshape(whole, self.size)
            np.random.shuffle(head)
            return np.append(head.reshape(-1), order[whole * self.size:])
        np.random.shuffle(order)
        return None if self.shuffle == "drawn" else order


def _rows(array: Any, rows: Any) -> Any:
    """Rows of what is no array, a data set of a file for one, whose index is to be increasing."""
    order = np.argsort(rows)
    found = np.asarray(array[np.asarray(rows)[order]])
    return found[np.argsort(order)]


class StepBatches:
    """What a source gives, `steps` batches an epoch, or all it has; it starts anew for each epoch if `anew` says how.

    `ready`: makes the arrays for a step of what the source gives.
    """

    unit = "steps"

    def __init__(self, source: Iterator[Any] | None, steps: int | None, ready: Callable[[Any], list[Any]],
                 anew: Callable[[], Iterator[Any]] | None = None, ended: Callable[[], None] | None = None):
        self.source, self.count, self.ready, self.anew, self.ended = source, steps, ready, anew, ended
        self.ran_out = False

    def epoch(self, index: int) -> Iterator[Batch]:
        """The batches of an epoch, each with its number of examples."""
        source = self.source
        if self.anew is not None and (source is None or self.count is None or index):
            source = self.anew()
        assert source is not None
        done = 0
        while self.count is None or done < self.count:
            try:
                given = next(source)
            except (StopIteration, OutOfRangeError):
                if self.count is None and done:
                    self.count = done
                elif self.count is not None:
                    self.ran_out = True
                    warning(f"the data ran out after {done} of {self.count} batches: training ends; repeat() makes a dataset go on")
                break
            arrays = self.ready(given)
            done += 1
            yield arrays, int(flatten(arrays)[0].shape[0]) if arrays and flatten(arrays)[0].ndim else 1
        if self.ended is not None:
            self.ended()


def parts_of(given: Any) -> tuple[Any, Any, Any]:
    """Inputs, targets and weights of what a source gives: (x,), (x, y), (x, y, weights), or x alone. FeedError: something else."""
    if not isinstance(given, tuple):
        return given, None, None
    if not 1 <= len(given) <= 3:
        raise FeedError(f"the output of a generator is (inputs,), (inputs, targets) or (inputs, targets, sample_weights), "
                        f"not a tuple of {len(given)}{here()}")
    x, y, w = (*given, None, None)[:3]
    return x, y, w


def runs(tensors: Any) -> Iterator[Any]:
    """The values of nested tensors, run after run."""
    first = next(x for x in flatten(tensors) if isinstance(x, Node))
    with first.graph.as_default():
        session = state.session_of(first.graph)
    while True:
        yield session.run(tensors)


def of_dataset(dataset: Dataset) -> Iterator[Any]:
    """The batches of a dataset, from its beginning."""
    yield from runs(dataset.make_one_shot_iterator().get_next())


def in_sequence(sequence: Any, shuffle: bool) -> Iterator[Any]:
    """The batches of a `Sequence`, once."""
    order = list(range(len(sequence)))
    if shuffle:
        random.shuffle(order)
    for i in order:
        yield sequence[i]


def is_source(x: Any) -> bool:
    """Whether it gives batches one after the other: a dataset, an iterator, a generator, a `Sequence`."""
    return isinstance(x, Dataset) or hasattr(x, "get_next") or is_sequence(x) or isinstance(x, Iterator)


def is_sequence(x: Any) -> bool:
    """Whether it gives batches by number, as `tf.keras.utils.Sequence` does."""
    return hasattr(x, "__getitem__") and hasattr(x, "__len__") and hasattr(x, "on_epoch_end")


def is_tensors(x: Any) -> bool:
    """Whether data are tensors, to be run for each batch."""
    flat: Iterable[Any] = flatten(x) if x is not None else ()
    return any(isinstance(a, Node) for a in flat)
