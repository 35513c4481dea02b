"""What `fit`, `evaluate` and `predict` are given: arrays, nested as a model's inputs and outputs are, as flat lists of arrays that fit them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import FeedError
from ...ir.node import Node, here

Arrays = list[Any]


def as_arrays(data: Any, names: list[str], shapes: Sequence[Any], what: str) -> Arrays:
    """The arrays for the inputs (or outputs) of those names. FeedError: too few or too many, or one of another shape.

    A one-dimensional array is a column where a row has dimensions of its own. `shapes`: with the batch, None for what may be any.
    """
    if data is None or not names:
        return []
    if isinstance(data, Mapping):
        missing = [n for n in names if n not in data]
        if missing:
            raise FeedError(f"no data provided for {missing[0]!r:.60}; need data for each of {', '.join(names)}{here()}")
        given: list[Any] = [data[n] for n in names]
    elif isinstance(data, (list, tuple)) and not (len(names) == 1 and not _holds_one(data)):
        given = list(data)
    else:
        given = [data]
    if len(given) != len(names):
        raise FeedError(f"error when checking model {what}: the model expects {len(names)} arrays ({', '.join(names)}), "
                        f"but got {len(given)}{here()}")
    arrays = [_array(x) for x in given]
    return [_fitting(a, name, shape, what) for a, name, shape in zip(arrays, names, shapes, strict=True)]


def batch_size_of(given: Any) -> int | None:
    """The number of examples of a batch, None where none is named, as by 0. FeedError: no whole number, or one below 0."""
    if given is None:
        return None
    if isinstance(given, bool) or not hasattr(given, "__index__") or given < 0:
        raise FeedError(f"batch_size is a whole number above 0, not {given!r:.60}{here()}")
    return int(given) or None


def _holds_one(data: Any) -> bool:
    """Whether a list for one input holds arrays, its own or too many, and is not itself one."""
    return any(hasattr(x, "shape") and len(x.shape) for x in data) or len(data) == 1 and _depth(data) > 2


def _depth(data: Any) -> int:
    depth = 0
    while isinstance(data, (list, tuple)) and data:
        depth, data = depth + 1, data[0]
    return depth + (getattr(data, "ndim", 0))


def _array(x: Any) -> Any:
    if isinstance(x, Node) or hasattr(x, "toarray"):
        return x if isinstance(x, Node) else x.toarray()
    x = getattr(x, "values", x) if type(x).__module__.startswith("pandas") else x
    return x if hasattr(x, "shape") and hasattr(x, "dtype") and hasattr(x, "__getitem__") else np.asarray(x)


def _fitting(array: Any, name: str, shape: Any, what: str) -> Any:
    """The array, a column if it is flat. FeedError: its shape is not that which the model has there."""
    if isinstance(array, Node):
        return array
    if len(array.shape) == 1 and (shape is None or len(shape) != 1):
        array = np.asarray(array)[:, None]
    if shape is None:
        return array
    got = tuple(array.shape)
    if len(got) != len(shape):
        raise FeedError(f"error when checking {what}: expected {name} to have {len(shape)} dimensions, but got array with shape {got}{here()}")
    for have, want in zip(got[1:], shape[1:], strict=True):
        if isinstance(want, int) and want != have:
            raise FeedError(f"error when checking {what}: expected {name} to have shape {tuple(shape[1:])} "
                            f"but got array with shape {got[1:]}{here()}")
    return array


def narrowed(array: Any, place: Node) -> Any:
    """The array in the dtype of the placeholder that it is fed to, if that takes no more memory."""
    kind = place.type.dtype
    wider = isinstance(array, np.ndarray) and array.dtype != kind and array.dtype.kind in "fiub" and array.dtype.itemsize >= kind.itemsize
    return array.astype(kind) if wider else array


def same_count(xs: Arrays, ys: Arrays, ws: Arrays) -> int:
    """How many examples the arrays have. FeedError: they differ in it."""
    counts = {int(a.shape[0]) for a in xs}
    for others, word in ((ys, "target"), (ws, "sample weight")):
        for a in others:
            if counts and int(a.shape[0]) not in counts:
                raise FeedError(f"input arrays should have the same number of samples as {word} arrays. Found {min(counts)} input samples "
                                f"and {int(a.shape[0])} {word} samples{here()}")
    if len(counts) > 1:
        raise FeedError(f"all input arrays (x) should have the same number of samples; they have {sorted(counts)}{here()}")
    return next(iter(counts), 0)


def weights_by_class(y: Any, class_weight: Any) -> Any:
    """A weight for each example, that of its class. FeedError: a class has none."""
    labels = np.asarray(y)
    if labels.ndim > 2:
        raise FeedError(f"class_weight not supported for 3+ dimensional targets; sample_weight gives a weight for each example{here()}")
    classes = labels.argmax(axis=1) if labels.ndim == 2 and labels.shape[1] > 1 else labels.reshape(-1)
    found = np.array([class_weight[c] for c in classes.tolist() if c in class_weight], np.float32)
    if len(found) != len(classes):
        lacking = sorted(set(classes.tolist()) - set(class_weight))
        raise FeedError(f"class_weight must contain all classes in the data. The classes {lacking} exist in the data but not in class_weight{here()}")
    return found


def each_weight(given: Any, names: list[str]) -> list[Any]:
    """The sample weights of each output, None for one without."""
    if given is None:
        return [None] * len(names)
    if isinstance(given, Mapping):
        return [given.get(n) for n in names]
    if isinstance(given, (list, tuple)) and len(given) == len(names) and all(g is None or hasattr(g, "shape") for g in given):
        return list(given)
    if len(names) > 1:
        raise FeedError(f"sample_weight: a list of arrays, one for each of the outputs {', '.join(names)}, or a dict of them{here()}")
    return [np.asarray(given)]


def split(arrays: Arrays, at: int) -> tuple[Arrays, Arrays]:
    """The examples before and behind a place."""
    return [a[:at] for a in arrays], [a[at:] for a in arrays]


__all__ = ["as_arrays", "each_weight", "same_count", "split", "weights_by_class"]
