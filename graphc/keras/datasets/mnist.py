"""`tf.keras.datasets.mnist`: 70,000 pictures of digits, from `mnist.npz` or from a folder with MNIST's own four files."""

from __future__ import annotations

import os

from ...tf1_names import namespace as _namespace
from .places import Pair, arrays, as_many, idx_pairs, place

__all__ = ["load_data"]


def load_data(path: str = "mnist.npz") -> tuple[Pair, Pair]:
    """(images, labels) to train and to test with: uint8[n, 28, 28], uint8[n]; from a path, or a file of that name in `~/.keras/datasets`.

    A path of a folder: MNIST's four files in it. NotFoundError: it is not there; the message says how to come by it. DataLossError: damaged.
    """
    what = "keras.datasets.mnist"
    if os.path.isdir(place(what, path)):
        return idx_pairs(what, place(what, path))
    x, y, x_test, y_test = arrays(what, path, ("x_train", "y_train", "x_test", "y_test"))
    return as_many(what, x, y), as_many(what, x_test, y_test)


_namespace(globals())
