"""`tf.keras.datasets.boston_housing`: 506 prices of houses with 13 numbers each, from `boston_housing.npz`."""

from __future__ import annotations

import numpy as np

from ...tf1_names import namespace as _namespace
from .places import Pair, arrays, as_many

__all__ = ["load_data"]


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> tuple[Pair, Pair]:
    """(numbers, prices) to train and to test with: float64[n, 13], float64[n], shuffled by `seed` and split as Keras does.

    NotFoundError: the file is not there; the message says how to come by it. DataLossError: damaged.
    """
    what = "keras.datasets.boston_housing"
    x, y = as_many(what, *arrays(what, path, ("x", "y")))
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    x, y = x[order], y[order]
    n = int(len(x) * (1 - test_split))
    return (x[:n], y[:n]), (x[n:], y[n:])


_namespace(globals())
