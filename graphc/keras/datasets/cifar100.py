"""`tf.keras.datasets.cifar100`: 60,000 pictures of a hundred kinds of things, from the folder `cifar-100-python`."""

from __future__ import annotations

from ...errors import InvalidArgumentError
from ...ir.node import here
from ...tf1_names import namespace as _namespace
from .cifar import batch
from .places import Pair, place

__all__ = ["load_data"]


def load_data(label_mode: str = "fine", path: str = "cifar-100-python") -> tuple[Pair, Pair]:
    """(images, labels) to train and to test with: uint8[n, 32, 32, 3], uint8[n, 1]; `label_mode`: "fine", of 100, or "coarse", of 20.

    InvalidArgumentError: another mode. NotFoundError: the folder is not there; the message says how to come by it. DataLossError: damaged.
    """
    what = "keras.datasets.cifar100"
    if label_mode not in ("fine", "coarse"):
        raise InvalidArgumentError(f'{what}: label_mode is "fine" or "coarse", not {label_mode!r:.60}{here()}')
    folder = place(what, path)
    return batch(what, folder, "train", f"{label_mode}_labels"), batch(what, folder, "test", f"{label_mode}_labels")


_namespace(globals())
