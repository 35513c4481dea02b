"""`tf.keras.datasets.imdb`: 50,000 reviews of films, as numbers of words, with whether they praise, from `imdb.npz`."""

from __future__ import annotations

import numpy as np

from ...tf1_names import namespace as _namespace
from .places import Pair, arrays, as_many, sequences
from .words import word_index

__all__ = ["get_word_index", "load_data"]


def load_data(path: str = "imdb.npz", num_words: int | None = None, skip_top: int = 0, maxlen: int | None = None, seed: int = 113,
              start_char: int | None = 1, oov_char: int | None = 2, index_from: int | None = 3) -> tuple[Pair, Pair]:
    """(texts, labels) to train and to test with, each text a list of numbers, shuffled by `seed` as Keras does.

    NotFoundError: the file is not there; the message says how to come by it. DataLossError: damaged. InvalidArgumentError: `maxlen` leaves none.
    """
    what = "keras.datasets.imdb"
    x, y, x_test, y_test = arrays(what, path, ("x_train", "y_train", "x_test", "y_test"))
    draw = np.random.RandomState(seed)
    parts = []
    for texts, marks in (as_many(what, x, y), as_many(what, x_test, y_test)):
        order = np.arange(len(texts))
        draw.shuffle(order)
        parts.append((texts[order], marks[order]))
    train, test = sequences(what, parts, num_words, skip_top, maxlen, start_char, oov_char, index_from)
    return train, test


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """The number of each word. NotFoundError: the file is not there. DataLossError: it is no such table."""
    return word_index("keras.datasets.imdb", path)


_namespace(globals())
