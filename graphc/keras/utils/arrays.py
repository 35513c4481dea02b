"""Arrays of classes and of rows: one-hot, and of length 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import FeedError
from ...ir.node import here


def to_categorical(y: Any, num_classes: int | None = None, dtype: Any = "float32") -> Any:
    """Numbers of classes as rows with a 1 at the class; a last dimension of 1 is left out. FeedError: a class beyond `num_classes`.

    >>> tf.keras.utils.to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    classes = np.array(y, dtype="int64")
    shape = classes.shape[:-1] if classes.ndim > 1 and classes.shape[-1] == 1 else classes.shape
    flat = classes.reshape(-1)
    count = int(num_classes) if num_classes else int(flat.max()) + 1 if len(flat) else 0
    if len(flat) and not (-count <= flat.min() and flat.max() < count):
        raise FeedError(f"to_categorical: the class {int(flat.max())} is beyond num_classes={count}{here()}")
    made = np.zeros((len(flat), count), dtype=dtype)
    made[np.arange(len(flat)), flat] = 1
    return made.reshape((*shape, count))


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """Arrays divided by their norm of an order along an axis; zeros stay.

    ValueError: an order or an axis that there is not.

    >>> tf.keras.utils.normalize(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    norm = np.atleast_1d(np.linalg.norm(x, order, axis))
    norm[norm == 0] = 1
    return x / np.expand_dims(norm, axis)
