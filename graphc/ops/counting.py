"""Variables that count up to a limit, at which a run ends with OutOfRangeError."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, OutOfRangeError, ShapeError
from ..ir.node import OPERATORS, Node, describe, here
from ..ir.operator import declare, typed_like
from .array import identity
from .state import Variable, assign_add

__all__ = ["count_up_to"]


@declare("host", typed_like(), name="below", kinds={"limit": (int,)}, samples=(([np.array(2)], {"limit": 3}),))
def _below(x: Any, *, limit: Any) -> Any:
    """x, which is below the limit."""
    if x >= limit:
        raise OutOfRangeError(f"count_up_to: {x} is not below the limit {limit}")
    return x


def count_up_to(ref: Any, limit: int, name: str | None = None) -> Node:
    """The variable's value, to which 1 is added; a run that finds it at the limit fails.

    int[] -> int[]. OutOfRangeError, when run: the value is not below `limit`. DTypeError: no integer. ShapeError: no scalar. GraphError: no
    variable.

    >>> v = tf.Variable(0)
    >>> with tf.Session(jit=False) as sess:
    ...     count = tf.count_up_to(v, 2)
    ...     print(sess.run(count), sess.run(count), sess.run(v))
    0 1 2
    """
    if not isinstance(ref, Variable):
        raise GraphError(f"count_up_to takes a variable, not {ref!r:.60}{here()}")
    if ref.type.dtype.kind not in "iu":
        raise DTypeError(f"count_up_to: {describe(ref)} is no integer{here()}")
    if ref.type.shape not in ((), None):
        raise ShapeError(f"count_up_to: {describe(ref)} is no scalar{here()}")
    graph = ref.graph
    with graph.as_default(), graph.name_scope(name or "CountUpTo") as scope:
        before = _below(ref, limit=int(limit))
        with graph.control_dependencies([before]):
            counted = assign_add(ref, np.array(1, ref.type.dtype))
        with graph.control_dependencies([counted]):
            return identity(before, name=scope)


OPERATORS["count_up_to"] = count_up_to
