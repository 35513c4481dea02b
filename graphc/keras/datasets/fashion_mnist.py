"""`tf.keras.datasets.fashion_mnist`: 70,000 pictures of clothes, from a folder with its four files."""

from __future__ import annotations

from ...tf1_names import namespace as _namespace
from .places import Pair, idx_pairs, place

__all__ = ["load_data"]


def load_data(path: str = "fashion-mnist") -> tuple[Pair, Pair]:
    """(images, labels) to train and to test with: uint8[n, 28, 28], uint8[n]; from a folder, or one of that name in `~/.keras/datasets`.

    NotFoundError: it is not there, or lacks a file; the message says how to come by it. DataLossError: damaged.
    """
    what = "keras.datasets.fashion_mnist"
    return idx_pairs(what, place(what, path))


_namespace(globals())
