"""`tf.keras.datasets.cifar10`: 60,000 pictures of ten kinds of things, from the folder `cifar-10-batches-py`."""

from __future__ import annotations

import numpy as np

from ...tf1_names import namespace as _namespace
from .cifar import batch
from .places import Pair, place

__all__ = ["load_data"]


def load_data(path: str = "cifar-10-batches-py") -> tuple[Pair, Pair]:
    """(images, labels) to train and to test with: uint8[n, 32, 32, 3], uint8[n, 1]; from a folder, or one of that name in `~/.keras/datasets`.

    NotFoundError: it is not there, or lacks a file; the message says how to come by it. DataLossError: damaged.
    """
    what = "keras.datasets.cifar10"
    folder = place(what, path)
    parts = [batch(what, folder, f"data_batch_{i}", "labels") for i in range(1, 6)]
    train = np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])
    return train, batch(what, folder, "test_batch", "labels")


_namespace(globals())
