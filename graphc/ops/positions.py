"""The positions of the largest and the smallest elements along an axis, found by a loop nest of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError, ShapeError
from ..ir.axes import normal_axis
from ..ir.operator import Values, declare
from ..ir.types import TensorType, as_dtype, exactly, int64
from .array_move import Types
from .extreme_loops import extreme_loop

__all__ = ["argmax", "argmin", "arg_max", "arg_min"]


def _position_attrs(types: Types, axis: Any, output_type: Any) -> dict[str, Any]:
    if types[0].shape == ():
        raise ShapeError("a scalar has no axis to search along")
    return {"axis": normal_axis(0 if axis is None else axis, types[0].rank), "output_type": as_dtype(output_type).dtype}


def _position(types: Sequence[TensorType], values: Values, axis: int, output_type: Any) -> TensorType:
    x = types[0]
    if x.shape is None:
        return TensorType(output_type, None)
    if x.shape[axis] == 0:
        raise ShapeError(f"axis {axis} is empty: nothing is largest or smallest")
    return TensorType(output_type, tuple(d for i, d in enumerate(x.shape) if i != axis))


_PLACES: tuple[Any, ...] = (([(3, 4)], {"axis": 1}), ([(4,)], {}),
                            ([np.array([[1.0, 5.0, 5.0], [np.nan, 2.0, 9.0]])], {"axis": -1}),
                            ([(2, 0, 3)], {"axis": 2}), ([(3, 2)], {"axis": 0, "output_type": "int32"}))


def _searched(function: Any, x: Any, axis: int, output_type: Any) -> Any:
    if not x.shape[axis]:
        raise InvalidArgumentError(f"axis {axis} is empty: nothing is largest or smallest")
    return exactly(function(x, axis), output_type)


@declare("routine", _position, prepare=_position_attrs, samples=_PLACES, label="ArgMax", batch="leading", from_tensors={"axis": "axis"},
         loop=lambda types, type, **attrs: extreme_loop(types, type, ">", "accumulate_max", **attrs))
def argmax(input: Any, *, axis: Any = 0, name: str | None = None, output_type: Any = int64) -> Any:
    """The index of the largest element along `axis`: the first of several, the first nan if there is one.

    >>> tf.Session(jit=False).run(tf.argmax([[1.0, 5.0], [7.0, 2.0]], axis=1))
    array([1, 0])
    """
    return _searched(np.argmax, input, axis, output_type)


@declare("routine", _position, prepare=_position_attrs, samples=_PLACES, label="ArgMin", batch="leading", from_tensors={"axis": "axis"},
         loop=lambda types, type, **attrs: extreme_loop(types, type, "<", "accumulate_min", **attrs))
def argmin(input: Any, *, axis: Any = 0, name: str | None = None, output_type: Any = int64) -> Any:
    """The index of the smallest element along `axis`: the first of several, the first nan if there is one.

    >>> tf.Session(jit=False).run(tf.argmin([3, 1, 2]))
    np.int64(1)
    """
    return _searched(np.argmin, input, axis, output_type)


arg_max, arg_min = argmax, argmin
