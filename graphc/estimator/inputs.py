"""`tf.estimator.inputs`: functions that give batches of arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..data import Dataset
from ..errors import ArgumentError
from ..ir.node import here
from ..tf1_names import namespace as _namespace

__all__ = ["numpy_input_fn", "pandas_input_fn"]


def numpy_input_fn(x: Any, y: Any = None, batch_size: int = 128, num_epochs: int | None = 1, shuffle: bool | None = None,
                   queue_capacity: int = 1000, num_threads: int = 1) -> Callable[[], Any]:
    """A function that gives features (a dict of arrays, or one) and labels in batches, `num_epochs` times, or without end for None.

    `shuffle` must be given: True or False. ArgumentError: it is not, or arrays of several lengths.

    >>> given = tf.estimator.inputs.numpy_input_fn({"x": np.arange(4)}, np.arange(4), batch_size=2, shuffle=False)
    >>> features, labels = given()
    >>> tf.Session(jit=False).run(labels)
    array([0, 1])
    """
    if not isinstance(shuffle, bool):
        raise ArgumentError(f"numpy_input_fn: shuffle is True or False, not {shuffle!r:.40}{here()}")
    arrays: dict[str, Any] = {k: np.asarray(v) for k, v in x.items()} if isinstance(x, Mapping) else {"": np.asarray(x)}
    labels: dict[str, Any] = {} if y is None else {k: np.asarray(v) for k, v in y.items()} if isinstance(y, Mapping) else {"": np.asarray(y)}
    lengths = {len(a) for a in (*arrays.values(), *labels.values())}
    if len(lengths) != 1:
        raise ArgumentError(f"numpy_input_fn: arrays of {', '.join(map(str, sorted(lengths)))} rows{here()}")
    features: Any = arrays if isinstance(x, Mapping) else arrays[""]
    targets: Any = None if y is None else labels if isinstance(y, Mapping) else labels[""]

    def input_fn() -> Any:
        made = Dataset.from_tensor_slices(features if y is None else (features, targets))
        if shuffle:
            made = made.shuffle(max(queue_capacity, 1))
        return made.repeat(num_epochs).batch(batch_size).prefetch(1).make_one_shot_iterator().get_next()
    return input_fn


def pandas_input_fn(x: Any, y: Any = None, batch_size: int = 128, num_epochs: int | None = 1, shuffle: bool | None = None,
                    queue_capacity: int = 1000, num_threads: int = 1, target_column: str = "target") -> Callable[[], Any]:
    """`numpy_input_fn` of the columns of a pandas DataFrame, and of a Series, or DataFrame, of labels.

    ArgumentError: no DataFrame, labels of another index, or as of `numpy_input_fn`.
    """
    if not hasattr(x, "columns") or not hasattr(x, "index"):
        raise ArgumentError(f"pandas_input_fn takes a DataFrame, not {x!r:.60}{here()}")
    if y is not None and hasattr(y, "index") and not x.index.equals(y.index):
        raise ArgumentError(f"pandas_input_fn: features and labels have different indices{here()}")
    labels = None if y is None else {str(c): y[c].to_numpy() for c in y.columns} if hasattr(y, "columns") else np.asarray(y)
    return numpy_input_fn({c: x[c].to_numpy() for c in x.columns}, labels, batch_size, num_epochs, shuffle, queue_capacity, num_threads)


_namespace(globals())
