"""Where Keras leaves the files that it fetches, what its sets of data hold, and what to say of those that are not there."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from ...errors import DataLossError, InvalidArgumentError, NotFoundError
from ...files.idx import found, read_idx
from ...files.pickled import read_arrays
from ...ir.node import here
from ...ir.types import Array

Pair = tuple[Array, Array]

IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def folder(kind: str = "datasets") -> str:
    """The folder of Keras's files of a kind: in `$KERAS_HOME`, or in `.keras` of the home folder."""
    return os.path.join(os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras"), kind)


def place(what: str, name: str, kind: str = "datasets", held: str = "its sets of data", more: str = "") -> str:
    """The path of a file or folder: as it is given, or in the folder of Keras's. NotFoundError: neither is there."""
    for path in (name, os.path.join(folder(kind), name)):
        if os.path.exists(path):
            return path
    raise NotFoundError(f"{what}: there is neither {name!r} nor {os.path.join(folder(kind), name)!r}. graphc fetches nothing: a program of Keras "
                        f"leaves {held} in that folder; copy it from there, or download and unpack it from a site that you trust{more}{here()}")


def arrays(what: str, path: str, names: Sequence[str]) -> list[Array]:
    """The arrays of those names in an npz file. NotFoundError: no such file. DataLossError: it lacks one, or is damaged."""
    file = place(what, path)
    held = read_arrays(file)
    absent = [n for n in names if n not in held]
    if absent:
        raise DataLossError(f"{what}: {file} lacks {', '.join(absent)}; it has {', '.join(held) or 'nothing'}{here()}")
    return [held[n] for n in names]


def as_many(what: str, x: Array, y: Array) -> Pair:
    """Both. DataLossError: not as many of the one as of the other."""
    if len(x) != len(y):
        raise DataLossError(f"{what}: {len(x)} elements and {len(y)} labels{here()}")
    return x, y


def idx_pairs(what: str, path: str) -> tuple[Pair, Pair]:
    """Images uint8[n, rows, columns] and labels uint8[n] to train and to test with, of a folder with the four files of MNIST's format."""
    paths = [found(path, name) for name in IDX]
    absent = [name for name, p in zip(IDX, paths, strict=True) if p is None]
    if absent:
        raise NotFoundError(f"{what}: {path!r} lacks {', '.join(f'{name}.gz' for name in absent)} (gzipped or not){here()}")
    x, y, x_test, y_test = (read_idx(str(p), 3 if "images" in str(n) else 1) for p, n in zip(paths, IDX, strict=True))
    return as_many(what, x, y), as_many(what, x_test, y_test)


def sequences(what: str, parts: Sequence[Pair], num_words: int | None, skip_top: int, maxlen: int | None, start_char: int | None,
              oov_char: int | None, index_from: int | None) -> list[Pair]:
    """Texts as numbers of words, and their labels, as Keras prepares them: texts of `maxlen` numbers and more are left out, and of words those
    below `skip_top` and from `num_words` on (None: the largest number) left out or replaced by `oov_char`.

    InvalidArgumentError: `maxlen` leaves none of a part.
    """
    found = []
    for texts, labels in parts:
        first = [] if start_char is None else [start_char]
        xs = [first + [w + (index_from or 0) for w in x] for x in texts]
        if maxlen:
            short = [i for i, x in enumerate(xs) if len(x) < maxlen]
            if not short:
                raise InvalidArgumentError(f"{what}: no text is shorter than maxlen, {maxlen}{here()}")
            xs, labels = [xs[i] for i in short], labels[short]
        found.append((xs, labels))
    limit = num_words or max((max(x, default=0) for xs, _ in found for x in xs), default=0)
    other = [] if oov_char is None else [oov_char]
    return [(_ragged([[v for w in x for v in ([w] if skip_top <= w < limit else other)] for x in xs]), labels) for xs, labels in found]


def _ragged(xs: Sequence[list[int]]) -> Array:
    """An array of lists."""
    made = np.empty(len(xs), object)
    made[:] = xs
    return made
