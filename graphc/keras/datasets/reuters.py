"""`tf.keras.datasets.reuters`: 11,228 news, as numbers of words, of 46 kinds, from `reuters.npz`."""

from __future__ import annotations

import numpy as np

from ...tf1_names import namespace as _namespace
from .places import Pair, arrays, as_many, sequences
from .words import word_index

__all__ = ["get_word_index", "load_data"]


def load_data(path: str = "reuters.npz", num_words: int | None = None, skip_top: int = 0, maxlen: int | None = None, test_split: float = 0.2,
              seed: int = 113, start_char: int | None = 1, oov_char: int | None = 2, index_from: int | None = 3) -> tuple[Pair, Pair]:
    """(texts, labels) to train and to test with, each text a list of numbers, shuffled by `seed` and split as Keras does.

    NotFoundError: the file is not there; the message says how to come by it. DataLossError: damaged. InvalidArgumentError: `maxlen` leaves none.
    """
    what = "keras.datasets.reuters"
    texts, labels = as_many(what, *arrays(what, path, ("x", "y")))
    order = np.arange(len(texts))
    np.random.RandomState(seed).shuffle(order)
    [(xs, labels)] = sequences(what, [(texts[order], labels[order])], num_words, skip_top, maxlen, start_char, oov_char, index_from)
    n = int(len(xs) * (1 - test_split))
    return (xs[:n], labels[:n]), (xs[n:], labels[n:])


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """The number of each word. NotFoundError: the file is not there. DataLossError: it is no such table."""
    return word_index("keras.datasets.reuters", path)


_namespace(globals())
