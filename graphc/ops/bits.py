"""Numbers by their bits: the same bits as another dtype reads them, and the numbers next to others."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.operator import Values, declare
from ..ir.types import TensorType, as_dtype, broadcast
from .array_move import Types

__all__ = ["bitcast"]


def _read_attrs(types: Types, type: Any) -> dict[str, Any]:
    return {"type": as_dtype(type)}


def _read_type(types: Types, values: Values, type: Any) -> TensorType:
    (x,) = types
    dtype = np.dtype(type.as_numpy_dtype)
    if x.dtype.kind not in "iufc" or dtype.kind not in "iufc":
        raise DTypeError(f"bits are read of numbers and as numbers, not of {x.dtype} as {dtype}")
    if x.shape is None or dtype.itemsize == x.dtype.itemsize:
        return TensorType(dtype, x.shape)
    if dtype.itemsize < x.dtype.itemsize:
        return TensorType(dtype, (*x.shape, x.dtype.itemsize // dtype.itemsize))
    parts = dtype.itemsize // x.dtype.itemsize
    if not x.shape or x.shape[-1] not in (None, parts):
        raise ShapeError(f"{parts} elements of {x.dtype} are one of {dtype}, and the last axis of {x} has others")
    return TensorType(dtype, x.shape[:-1])


@declare("host", _read_type, prepare=_read_attrs, label="Bitcast", complex=True, batch="unrolled", analytic=False,
         kinds={"type": type(as_dtype("float32"))},
         samples=(([np.array([[1, -2]], np.int32)], {"type": "uint8"}), ([np.array([1, -2], np.int64)], {"type": "float64"}),
                  ([np.array([[1, 2]], np.int32)], {"type": "complex64"})))
def bitcast(input: Any, *, type: Any) -> Any:
    """The bits of numbers as those of another dtype; of a smaller one there are more in a last axis, of a larger one that axis goes.

    number[...] -> type[...]. DTypeError: no numbers. ShapeError: the last axis is not what one number is made of.

    >>> tf.Session(jit=False).run(tf.bitcast([1.0, -2.0], tf.int32))
    array([ 1065353216, -1073741824], dtype=int32)
    """
    dtype = np.dtype(as_dtype(type).as_numpy_dtype)
    x = np.ascontiguousarray(input).reshape(np.shape(input))
    if dtype.itemsize == x.dtype.itemsize:
        return x.view(dtype)
    if dtype.itemsize < x.dtype.itemsize:
        return x[..., None].view(dtype)
    if x.shape[-1] != dtype.itemsize // x.dtype.itemsize:
        raise ShapeError(f"the last axis of {x.shape} is not one {dtype}")
    return x.view(dtype)[..., 0]


def _next_type(types: Types, values: Values) -> TensorType:
    x, y = types
    if x.dtype != y.dtype or x.dtype.kind != "f":
        raise DTypeError(f"numbers next to others are of one floating dtype, not of {x.dtype} and {y.dtype}")
    return TensorType(x.dtype, broadcast(x.shape, y.shape))


@declare("host", _next_type, label="NextAfter", batch="unrolled", analytic=False,
         samples=(([(3, 2), (2,)], {}), ([np.array([0.0, 1.0, 3.0]), np.array([1.0, 1.0, 0.0])], {})))
def nextafter(x1: Any, x2: Any) -> Any:
    """The number of the dtype next to x1 in the direction of x2.

    float[...], the same dtype[...] -> the same dtype. DTypeError: not of one floating dtype. ShapeError: shapes that do not fit.

    >>> tf.Session(jit=False).run(tf.math.nextafter(1.0, 2.0))
    np.float32(1.0000001)
    """
    return np.nextafter(x1, x2)
