"""The confusion matrix of labels and predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.graph import name_scope
from ..ir.node import Node, describe, dtype_of, here
from ..ir.operator import to_node
from ..ir.types import int32, int64
from .array import identity, ones_like, scatter_nd, squeeze, stack
from .contract import held
from .math import cast, maximum
from .reduce import reduce_max

__all__ = ["confusion_matrix"]


def _vector(what: str, given: Any) -> Node:
    x = to_node(given)
    if x.type.dtype.kind not in "iu" and not (x.type.dtype.kind == "f" and not isinstance(given, Node)):
        if x.type.dtype.kind != "f":
            raise DTypeError(f"confusion_matrix: the {what} {describe(x)} are no classes{here()}")
    x = cast(x, int64)
    if x.type.rank == 2:
        x = squeeze(x, axis=[-1])
    if x.type.rank not in (None, 1):
        raise ShapeError(f"confusion_matrix: the {what} {describe(x)} are no vector{here()}")
    return x


def confusion_matrix(labels: Any, predictions: Any, num_classes: Any = None, dtype: Any = int32, name: str | None = None,
                     weights: Any = None) -> Node:
    """How often each class (rows) was predicted as each other (columns), or the weights of those cases added up.

    labels, predictions: int[n] -> dtype[classes, classes]; without `num_classes`, the largest class and one more. DTypeError: no classes, or no
    such dtype. ShapeError: no vectors of one length. InvalidArgumentError, when run: a class outside [0, num_classes).

    >>> tf.Session(jit=False).run(tf.confusion_matrix([0, 1, 1], [1, 1, 1]))
    array([[0, 1],
           [0, 2]], dtype=int32)
    """
    kind = dtype_of("confusion_matrix", dtype)
    with name_scope(name, "confusion_matrix") as scope:
        y, x = _vector("labels", labels), _vector("predictions", predictions)
        y = held("confusion_matrix", "same", y, x)
        n = maximum(reduce_max(y), reduce_max(x)) + np.int64(1) if num_classes is None else cast(to_node(num_classes), int64)
        given = ones_like(x, kind) if weights is None else cast(held("confusion_matrix", "same", to_node(weights), x), kind)
        return identity(scatter_nd(stack([y, x], axis=1), given, stack([n, n])), name=scope)
