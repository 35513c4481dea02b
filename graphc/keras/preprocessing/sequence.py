"""Sequences of different lengths as arrays, pairs of words with their neighbours, and windows of a series."""

from __future__ import annotations

import random
from collections.abc import Sequence as Items
from typing import Any

import numpy as np

from ...errors import FeedError
from ...ir.node import here
from ...tf1_names import namespace as _namespace
from ..utils.sequence import Sequence

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]


def pad_sequences(sequences: Any, maxlen: int | None = None, dtype: Any = "int32", padding: str = "pre", truncating: str = "pre",
                  value: Any = 0.0) -> Any:
    """Sequences as rows of one length: the longest one's, or `maxlen`; filled up with `value`, or cut, before ("pre") or behind ("post").

    FeedError: something that is no sequence, sequences of rows of different shapes, or another word than "pre" and "post".

    >>> tf.keras.preprocessing.sequence.pad_sequences([[1, 2, 3], [4]], maxlen=2)
    array([[2, 3],
           [0, 4]], dtype=int32)
    """
    for what, word in (("padding", padding), ("truncating", truncating)):
        if word not in ("pre", "post"):
            raise FeedError(f"pad_sequences: {what} is 'pre' or 'post', not {word!r:.40}{here()}")
    if not hasattr(sequences, "__len__") or any(not hasattr(s, "__len__") for s in sequences):
        raise FeedError(f"pad_sequences: `sequences` must be a list of iterables, not {sequences!r:.60}{here()}")
    lengths = [len(s) for s in sequences]
    wide = max(lengths, default=0) if maxlen is None else maxlen
    row = next((np.asarray(s).shape[1:] for s in sequences if len(s)), ())
    kind = np.dtype(dtype)
    if isinstance(value, str) and kind.kind not in "OSU":
        raise FeedError(f"pad_sequences: {value!r:.40} is a text, and no {kind}: dtype=object takes texts{here()}")
    made = np.full((len(lengths), wide, *row), value, dtype=kind)
    for i, s in enumerate(sequences):
        if not len(s) or not wide:
            continue
        cut = np.asarray(s[-wide:] if truncating == "pre" else s[:wide], dtype=kind)
        if cut.shape[1:] != row:
            raise FeedError(f"pad_sequences: the rows of sequence {i} have shape {cut.shape[1:]}, those of the first {row}{here()}")
        if padding == "post":
            made[i, :len(cut)] = cut
        else:
            made[i, wide - len(cut):] = cut
    return made


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> Any:
    """The probability with which the word of each rank is kept, frequent ones less often (Mikolov et al. 2013), under Zipf's law."""
    gamma = 0.577
    rank = np.arange(size)
    rank[0] = 1
    inverse = rank * (np.log(rank) + gamma) + 0.5 - 1.0 / (12.0 * rank)
    f = sampling_factor * inverse
    return np.minimum(1.0, f / np.sqrt(f))


def skipgrams(sequence: Items[int], vocabulary_size: int, window_size: int = 4, negative_samples: float = 1.0, shuffle: bool = True,
              categorical: bool = False, sampling_table: Any = None, seed: int | None = None) -> tuple[list[Any], list[Any]]:
    """Pairs of a word and one of its neighbours with the label 1, and of a word and one drawn at random with the label 0: (pairs, labels).

    Words are numbers, 0 none of them. `window_size`: how far neighbours stand at most; `negative_samples`: how many drawn ones for each pair.
    """
    pairs: list[list[int]] = []
    for i, word in enumerate(sequence):
        if not word or sampling_table is not None and sampling_table[word] < random.random():
            continue
        pairs += [[word, sequence[j]] for j in range(max(0, i - window_size), min(len(sequence), i + window_size + 1)) if j != i and sequence[j]]
    labels: list[Any] = [[0, 1] if categorical else 1] * len(pairs)
    if negative_samples > 0:
        words = [pair[0] for pair in pairs]
        random.shuffle(words)
        count = int(len(pairs) * negative_samples)
        pairs += [[words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)]
        labels += [[1, 0] if categorical else 0] * count
    if shuffle:
        key = random.randint(0, 10**7) if seed is None else seed
        random.Random(key).shuffle(pairs)
        random.Random(key).shuffle(labels)
    return pairs, labels


class TimeseriesGenerator(Sequence):
    """Windows of a series, each with the target behind it: batches of (float[batch, length / sampling_rate, ...], targets).

    `data`, `targets`: rows, as many of one as of the other; `stride`: between two windows; `reverse`: the latest row first. FeedError: other
    numbers of rows, or nothing between `start_index` and `end_index`.
    """

    def __init__(self, data: Any, targets: Any, length: int, sampling_rate: int = 1, stride: int = 1, start_index: int = 0,
                 end_index: int | None = None, shuffle: bool = False, reverse: bool = False, batch_size: int = 128):
        if len(data) != len(targets):
            raise FeedError(f"TimeseriesGenerator: {len(data)} rows of data and {len(targets)} targets: as many of both are needed{here()}")
        self.data, self.targets, self.length, self.sampling_rate, self.stride = data, targets, length, sampling_rate, stride
        self.start_index, self.end_index = start_index + length, len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse, self.batch_size = shuffle, reverse, batch_size
        if self.start_index > self.end_index:
            raise FeedError(f"TimeseriesGenerator: no window of {length} rows ends between {self.start_index} and {self.end_index}{here()}")

    def __len__(self) -> int:
        return (self.end_index - self.start_index + self.batch_size * self.stride) // (self.batch_size * self.stride)

    def __getitem__(self, index: int) -> Any:
        if self.shuffle:
            rows = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            first = self.start_index + self.batch_size * self.stride * index
            rows = np.arange(first, min(first + self.batch_size * self.stride, self.end_index + 1), self.stride)
        xs = np.array([self.data[row - self.length:row:self.sampling_rate] for row in rows])
        return (xs[:, ::-1] if self.reverse else xs), np.array([self.targets[row] for row in rows])


_namespace(globals())
