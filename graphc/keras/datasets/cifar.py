"""The files of CIFAR: pickles of rows of bytes, each a picture of 32 by 32 pixels, its red plane first, and of labels."""

from __future__ import annotations

import os

import numpy as np

from ...errors import DataLossError
from ...files.pickled import read_pickle
from ...ir.node import here
from ...ir.types import Array
from .places import Pair


def batch(what: str, folder: str, name: str, key: str) -> Pair:
    """uint8[n, 32, 32, 3], uint8[n, 1]: the pictures and the labels of one file. NotFoundError, DataLossError: it is not there, or damaged."""
    path = os.path.join(folder, name)
    held = read_pickle(path)
    rows, labels = (held.get(k.encode(), held.get(k)) if isinstance(held, dict) else None for k in ("data", key))
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.shape[1:] != (3072,) or not isinstance(labels, list) \
            or len(labels) != len(rows) or not all(type(v) is int and 0 <= v < 256 for v in labels):
        raise DataLossError(f"{what}: {path} has no pictures of 3072 bytes with labels of the name {key!r}{here()}")
    pictures: Array = np.ascontiguousarray(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    return pictures, np.array(labels, np.uint8).reshape(-1, 1)
