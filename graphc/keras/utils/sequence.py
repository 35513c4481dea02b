"""Batches by number, and what hands them out one after the other."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any


class Sequence:
    """Batches by number, for `fit`: a subclass says `__len__`, how many there are, and `__getitem__(index)`, (inputs, targets) of one.

    >>> class Rows(tf.keras.utils.Sequence):
    ...     def __len__(self):
    ...         return 2
    ...     def __getitem__(self, index):
    ...         return np.ones((3, 1)) * index, np.ones((3, 1))
    >>> [len(x) for x, y in Rows()]
    [3, 3]
    """

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not say what its batches are")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} does not say how many batches it has")

    def on_epoch_end(self) -> None:
        """After each epoch."""

    def __iter__(self) -> Iterator[Any]:
        for i in range(len(self)):
            yield self[i]


class SequenceEnqueuer:
    """What hands out batches, when they are asked for, without threads: a subclass says by `get` what they are."""

    def __init__(self, sequence: Any, use_multiprocessing: bool = False):
        self._source = sequence
        self._running = False

    def get(self) -> Iterator[Any]:
        """The batches. NotImplementedError: a subclass has to say what they are."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its batches are: it has no get()")

    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        """Begin."""
        self._running = True

    def stop(self, timeout: float | None = None) -> None:
        """End."""
        self._running = False

    def is_running(self) -> bool:
        """Whether it has begun, and not ended."""
        return self._running


class GeneratorEnqueuer(SequenceEnqueuer):
    """Hands out what a generator gives, when it is asked for."""

    def __init__(self, sequence: Any, use_multiprocessing: bool = False, random_seed: Any = None):
        super().__init__(sequence, use_multiprocessing)

    def get(self) -> Iterator[Any]:
        """What the generator gives."""
        yield from self._source


class OrderedEnqueuer(SequenceEnqueuer):
    """Hands out the batches of a `Sequence`, epoch after epoch, when it is asked for them; `shuffle`: in a new order each time."""

    def __init__(self, sequence: Any, use_multiprocessing: bool = False, shuffle: bool = False):
        super().__init__(sequence, use_multiprocessing)
        self._shuffle = shuffle

    def get(self) -> Iterator[Any]:
        """The batches."""
        while self._running:
            order = list(range(len(self._source)))
            if self._shuffle:
                random.shuffle(order)
            for i in order:
                yield self._source[i]
            self._source.on_epoch_end()
