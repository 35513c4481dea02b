"""Where clusters begin: rows that lie far from each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.known import as_int
from ..ir.operator import Values, declare
from ..ir.types import TensorType, compatible


def _type(types: Sequence[TensorType], values: Values, count: int, seed: int, retries: int) -> TensorType:
    if types[0].dtype.kind != "f":
        raise DTypeError("points are floating")
    if not compatible(types[0].shape, (None, None)):
        raise ShapeError("points are the rows of a matrix")
    return TensorType(types[0].dtype, (count, None if types[0].shape is None else types[0].shape[1]))


def _attrs(types: Sequence[TensorType], count: Any, seed: Any, retries: Any) -> dict[str, Any]:
    found = {"count": as_int(count, "count"), "seed": as_int(seed, "seed"), "retries": as_int(retries, "retries")}
    if found["count"] < 1 or found["retries"] < 0:
        raise GraphError(f"one cluster or more begin, not {count!r:.40}, of no fewer than 0 more tries, not {retries!r:.40}")
    return found


@declare("host", _type, prepare=_attrs, label="KmeansPlusPlusInitialization",
         samples=(([np.array([[0.0, 0.0], [0.0, 1.0], [5.0, 5.0], [9.0, 1.0]])], {"count": 3, "seed": 1, "retries": 2}),))
def kmeans_plus_plus_initialization(points: Any, *, count: int, seed: int, retries: int) -> Any:
    """Rows of points, each drawn by its squared distance from those before (Arthur and Vassilvitskii, 2007), the best of some tries each time.

    float[n, d] -> float[count, d]: the same for the same seed. InvalidArgumentError, when run: fewer points than that. GraphError: no numbers.
    """
    x = np.asarray(points)
    if len(x) < count:
        raise InvalidArgumentError(f"{count} clusters begin at points, and there are {len(x)}")
    draws = np.random.RandomState(seed % (1 << 32))
    chosen = [int(draws.randint(len(x)))]
    nearest = ((x - x[chosen[0]]) ** 2).sum(1)
    while len(chosen) < count:
        total = nearest.sum()
        weights = nearest / total if total > 0 else np.full(len(x), 1 / len(x))
        tries = draws.choice(len(x), retries + 1, p=np.asarray(weights, np.float64) / np.asarray(weights, np.float64).sum())
        after = [np.minimum(nearest, ((x - x[i]) ** 2).sum(1)) for i in tries]
        best = int(np.argmin([a.sum() for a in after]))
        chosen.append(int(tries[best]))
        nearest = after[best]
    return x[chosen]
