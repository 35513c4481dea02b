"""`tf.contrib.sparsemax`: the point of the simplex that lies nearest to the logits, a softmax with zeros, and its loss."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, ShapeError
from ..ir.arguments import hold as _hold
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.array import cumsum, expand_dims, range, shape, zeros_like
from ..ops.math import cast, greater, maximum, where
from ..ops.nn import top_k
from ..ops.reduce import reduce_sum
from ..tf1_names import namespace as _namespace

__all__ = ["sparsemax", "sparsemax_loss"]


def _matrix(what: str, x: Any) -> Node:
    node = to_node(x)
    if node.type.dtype.kind != "f":
        raise DTypeError(f"{what}: {describe(node)} is not of a floating dtype{here()}")
    if node.type.rank not in (None, 2):
        raise ShapeError(f"{what}: {describe(node)} is no matrix{here()}")
    return node


def sparsemax(logits: Any, name: str | None = None) -> Node:
    """The point of the simplex nearest to each row: max(z - tau, 0), tau such that it sums to 1 (Martins and Astudillo 2016, algorithm 1).

    float[batch, classes] -> the same type. DTypeError: no floating numbers. ShapeError: no matrix.

    >>> tf.Session(jit=False).run(tf.contrib.sparsemax.sparsemax([[1.0, 0.5, -1.0]]))
    array([[0.75, 0.25, 0.  ]], dtype=float32)
    """
    with name_scope(name, "sparsemax"):
        z = _matrix("sparsemax", logits)
        dtype = z.type.dtype
        ordered = top_k(z, shape(z)[1])[0]
        place = cast(range(1, shape(z)[1] + 1), dtype)
        inside = greater(1 + place * ordered, cumsum(ordered, axis=1))
        count = reduce_sum(cast(inside, dtype), axis=1)
        tau = (reduce_sum(where(inside, ordered, zeros_like(ordered)), axis=1) - 1) / count
        return maximum(z - expand_dims(tau, axis=1), zeros_like(z))


def sparsemax_loss(logits: Any, sparsemax: Any, labels: Any, name: str | None = None) -> Node:
    """The loss whose derivative by the logits is sparsemax - labels (Martins and Astudillo 2016, equation 22).

    logits, sparsemax (of the logits), labels (rows that sum to 1): float[batch, classes] -> float[batch]. DTypeError: no floating numbers.
    ShapeError: no matrices.

    >>> z = tf.constant([[1.0, 0.5, -1.0]])
    >>> tf.Session(jit=False).run(tf.contrib.sparsemax.sparsemax_loss(z, tf.contrib.sparsemax.sparsemax(z), [[1.0, 0.0, 0.0]]))
    array([0.0625], dtype=float32)
    """
    with name_scope(name, "sparsemax_loss"):
        z, p, q = (_matrix("sparsemax_loss", x) for x in (logits, sparsemax, labels))
        chosen = where(greater(p, zeros_like(p)), p * (z - 0.5 * p), zeros_like(p))
        wanted = where(greater(q, zeros_like(q)), q * (0.5 * q - z), zeros_like(q))
        return reduce_sum(chosen + wanted, axis=1)


_hold(globals(), __all__)
_namespace(globals())
