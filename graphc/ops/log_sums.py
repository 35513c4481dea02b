"""Running logarithms of sums of exponentials along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.axes import normal_axis
from ..ir.node import Node
from ..ir.operator import declare, typed_like
from .array_move import Types
from .math import choose, exp, greater, less, log, logical_and, negative


def _attrs(types: Types, axis: Any = 0, exclusive: Any = False, reverse: Any = False) -> dict[str, Any]:
    if types[0].dtype.kind != "f":
        raise DTypeError(f"logarithms are floating, not {types[0].dtype}")
    if types[0].shape == ():
        raise ShapeError("a scalar has no axis to run along")
    return {"axis": normal_axis(axis, types[0].rank), "exclusive": bool(exclusive), "reverse": bool(reverse)}


def _slopes(g: Node, y: Node, x: Node, axis: int, exclusive: bool, reverse: bool) -> tuple[Node]:
    """sum_j g_j exp(x_i - y_j), of positive and of negative g_j by the logarithms of what is added up; nothing of the y_j of zeros alone."""
    there = greater(y, -np.inf)

    def part(some: Node, g: Node) -> Node:
        some = logical_and(some, there)
        logs = choose(some, log(choose(some, g, 1.0)) - choose(some, y, 0.0), -np.inf)
        return exp(cumulative_logsumexp(logs, axis=axis, exclusive=exclusive, reverse=not reverse) + x)
    return (part(greater(g, 0.0), g) - part(less(g, 0.0), negative(g)),)


@declare("host", typed_like(), prepare=_attrs, grad=_slopes, batch="leading", analytic=False, label="CumulativeLogsumexp",
         samples=(([(3, 4)], {"axis": 1}), ([(4,)], {"reverse": True}), ([(2, 3)], {"axis": -1, "reverse": True}), ([(0, 2)], {"axis": 0})))
def cumulative_logsumexp(x: Any, *, axis: Any = 0, exclusive: bool = False, reverse: bool = False) -> Any:
    """log of the sum of exp of the elements up to each one along `axis` (before it if `exclusive`), or from it on if `reverse`.

    float[...] -> the same. DTypeError: not floating. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.math.cumulative_logsumexp([0.0, 0.0]))
    array([0.       , 0.6931472], dtype=float32)
    """
    x = np.flip(x, axis) if reverse else x
    if exclusive and x.shape[axis]:
        x = np.concatenate([np.full_like(np.take(x, [0], axis), -np.inf), np.delete(x, -1, axis)], axis)
    y = np.logaddexp.accumulate(x, axis=axis).astype(x.dtype, copy=False) if x.shape[axis] else x
    return np.flip(y, axis) if reverse else y


__all__: list[str] = []
