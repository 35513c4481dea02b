"""Mathematics element by element: arithmetic, elementary functions, choice, conversion and checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError
from ..ir.composite import taken
from ..ir.node import OPERATORS, Node, describe, dtype_of, here
from ..ir.operator import Values, declare, elementwise, to_node
from ..ir.types import HALF, TensorType, as_dtype, broadcast
from . import math_arithmetic, math_compare, math_division, math_functions, math_sums
from .contract import held
from .later import deferrable, later
from .math_arithmetic import *  # noqa: F403
from .math_compare import *  # noqa: F403
from .math_division import *  # noqa: F403
from .math_functions import *  # noqa: F403
from .math_sums import *  # noqa: F403
from .scopes import composed

__all__ = [*math_arithmetic.__all__, *math_compare.__all__, *math_division.__all__, *math_functions.__all__, *math_sums.__all__,
           "where", "select", "cast",
           "saturate_cast", "to_float", "to_double", "to_int32", "to_int64", "to_bool", "to_complex64", "to_complex128", "where_v2"]


# ---------------------------------------------------------------------- choice

def _where_grad(g: Any, out: Any, condition: Any, x: Any, y: Any) -> Any:
    return None, choose(condition, g, 0.0), choose(condition, 0.0, g)


@elementwise("select({condition}, {x}, {y})", name="where", fixed={"condition": "bool"}, grad=_where_grad, complex=True, label="Select")
def choose(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, y elsewhere."""
    return np.where(condition, x, y)


def _indices_type(types: Sequence[TensorType], values: Values) -> TensorType:
    return TensorType(np.dtype(np.int64), (None, types[0].rank))


@declare("host", _indices_type, name="where_indices", complex=True, samples=(([np.array([[True, False], [True, True]])], {}),), label="Where")
def _where_indices(condition: Any) -> Any:
    """The indices of the elements that are true, one row each, in row-major order."""
    return np.argwhere(condition)


@deferrable("where")
def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Node:
    """x where `condition` holds, y elsewhere; without x and y, the indices of what is true, int64[count, rank].

    A condition of rank 1 chooses rows of x and y of one higher rank (TensorFlow 1's rule); otherwise all broadcast.
    DTypeError: the condition is not bool. ShapeError: the shapes do not fit. GraphError: only one of x and y is given.

    >>> tf.Session(jit=False).run(tf.where([True, False], [1, 2], [3, 4]))
    array([1, 4], dtype=int32)
    """
    if (x is None) != (y is None):
        raise GraphError(f"where takes both x and y or neither{here()}")
    other = taken("where", (condition, x, y))
    if other is not None:
        made: Node = other(condition, x, y, name)
        return made
    if x is None:
        return _where_indices(to_node(condition), name=name)
    condition = to_node(condition)
    ranks = {v.type.rank if isinstance(v, Node) else np.ndim(v) for v in (x, y)}
    known = ranks - {None}
    if condition.type.rank not in (None, 1) or len(known) > 1 or known & {0, 1}:
        return choose(condition, x, y, name=name)
    if None in ranks or condition.type.rank is None:
        inputs = choose.converted(condition, x, y)
        return later("where", inputs, choose.infer([v.type for v in inputs], ()), name)
    return _rows(name, *choose.converted(condition, x, y))


def _rows(name: str | None, condition: Node, x: Node, y: Node) -> Node:
    """Whole rows of x or y."""
    condition = held("where", "each row", condition, x, y)
    for axis in range(1, x.type.rank or 1):
        condition = OPERATORS["expand_dims"](condition, axis=axis)
    return choose(condition, x, y, name=name)


select = where_v2 = where


# ---------------------------------------------------------------------- conversion

def _cast_type(types: Sequence[TensorType], values: Values, dtype: Any) -> TensorType:
    return TensorType(dtype, types[0].shape)


def _cast_attrs(types: Sequence[TensorType], dtype: Any) -> dict[str, Any]:
    return {"dtype": as_dtype(dtype).dtype}


_CAST_SAMPLES = (*(([(2, 3)], {"dtype": d}) for d in ("float32", "int32", "uint8", "bool")),
                 ([np.array([[0, 1, 2, 250]], np.uint8)], {"dtype": "float64"}),
                 ([np.array([True, False])], {"dtype": "int64"}),
                 *(([np.array([np.inf, -np.inf, np.nan, 1e19, 3e9, -3e9, 300.7, -1.5])], {"dtype": d})
                   for d in ("int8", "int32", "int64", "uint8", "uint16", "uint32", "uint64")))


@declare("elementwise", _cast_type, expr="{x}", prepare=_cast_attrs, grad=lambda g, y, x, **attrs: (g,),
         shape_math=True, samples=_CAST_SAMPLES, complex=True, label="Cast")
def cast(x: Any, *, dtype: Any) -> Any:
    """x in another dtype: floats lose their fraction on the way to integers, and what is not 0 is true.

    Of a complex number the real part stays. A float goes to an integer through int32 (or int64; to uint64 directly), of which it becomes the
    nearest end if it lies outside, and nan becomes 0.

    >>> tf.Session(jit=False).run(tf.cast([1.7, -1.7], tf.int32))
    array([ 1, -1], dtype=int32)
    """
    x = np.asarray(x)
    if x.dtype.kind == "c" and np.dtype(dtype).kind not in "cb":
        x = x.real
    return _whole(x, np.dtype(dtype)) if x.dtype.kind == "f" and np.dtype(dtype).kind in "iu" else x.astype(dtype)


def _whole(x: Any, dtype: np.dtype[Any]) -> Any:
    """Floats as integers; what the processor makes of those that are out of range is not the same everywhere."""
    x = x.astype(np.float32) if x.dtype == HALF else x          # which holds the ends, or knows them from infinities
    long = dtype.itemsize == 8 or dtype == np.uint32
    ends = np.iinfo(np.uint64 if dtype == np.uint64 else np.int64 if long else np.int32)
    least, beyond = float(ends.min), float(ends.max + 1)
    inside = np.where((x >= least) & (x < beyond), x, np.zeros((), x.dtype)).astype(ends.dtype)
    return np.where(x >= beyond, ends.dtype.type(ends.max), np.where(x < least, ends.dtype.type(ends.min), inside)).astype(dtype)


@composed("saturate_cast")
def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Node:
    """`cast`, with what the dtype cannot hold replaced by its nearest end.

    any[...] -> dtype[...]. DTypeError: no such dtype.

    >>> tf.Session(jit=False).run(tf.saturate_cast([300, -5], tf.uint8))
    array([255,   0], dtype=uint8)
    """
    x, to = to_node(value), dtype_of("saturate_cast", dtype)
    if to.is_complex or x.type.dtype.kind == "c":
        raise DTypeError(f"saturate_cast: {describe(x)} to {to.name}: complex numbers have no least and no greatest{here()}")
    if to.is_bool or x.type.dtype.kind == "b":
        return cast(x, dtype=to, name=name)
    low, high = _held(x.type.dtype, to)
    return cast(OPERATORS["clip_by_value"](x, low, high), dtype=to, name=name)


def _held(dtype: np.dtype[Any], to: Any) -> tuple[Any, Any]:
    """The least and the largest number that both dtypes hold."""
    if dtype.kind != "f":
        ends = np.iinfo(dtype)
        return (ends.min, ends.max) if to.is_floating else (max(ends.min, to.min), min(ends.max, to.max))
    if to.is_floating:
        return max(np.finfo(dtype).min, to.min), min(np.finfo(dtype).max, to.max)
    low, high = dtype.type(to.min), dtype.type(to.max)
    return low, high if int(high) <= to.max else np.nextafter(high, dtype.type(0))


def to_float(x: Any, name: str = "ToFloat") -> Node:
    """x as float32.

    any[...] -> float32[...]. DTypeError: no tensor of numbers.

    >>> tf.Session(jit=False).run(tf.to_float([1, 2]))
    array([1., 2.], dtype=float32)
    """
    return cast(to_node(x), dtype="float32", name=name)


def to_double(x: Any, name: str = "ToDouble") -> Node:
    """x as float64.

    any[...] -> float64[...]. DTypeError: no tensor of numbers.

    >>> tf.Session(jit=False).run(tf.to_double([1, 2]))
    array([1., 2.])
    """
    return cast(to_node(x), dtype="float64", name=name)


def to_int32(x: Any, name: str = "ToInt32") -> Node:
    """x as int32.

    any[...] -> int32[...]. DTypeError: no tensor of numbers.

    >>> tf.Session(jit=False).run(tf.to_int32([1.5, -1.5]))
    array([ 1, -1], dtype=int32)
    """
    return cast(to_node(x), dtype="int32", name=name)


def to_int64(x: Any, name: str = "ToInt64") -> Node:
    """x as int64.

    any[...] -> int64[...]. DTypeError: no tensor of numbers.

    >>> tf.Session(jit=False).run(tf.to_int64([1.5, -1.5]))
    array([ 1, -1])
    """
    return cast(to_node(x), dtype="int64", name=name)


def to_bool(x: Any, name: str = "ToBool") -> Node:
    """Whether x is not 0.

    any[...] -> bool[...]. DTypeError: no tensor of numbers.

    >>> tf.Session(jit=False).run(tf.to_bool([0, 3]))
    array([False,  True])
    """
    return cast(to_node(x), dtype="bool", name=name)


def to_complex64(x: Any, name: str = "ToComplex64") -> Node:
    """x as complex64.

    any[...] -> complex64[...]. DTypeError: no tensor of numbers.

    >>> tf.Session(jit=False).run(tf.to_complex64([1.5]))
    array([1.5+0.j], dtype=complex64)
    """
    return cast(to_node(x), dtype="complex64", name=name)


def to_complex128(x: Any, name: str = "ToComplex128") -> Node:
    """x as complex128.

    any[...] -> complex128[...]. DTypeError: no tensor of numbers.

    >>> tf.Session(jit=False).run(tf.to_complex128([1.5]))
    array([1.5+0.j])
    """
    return cast(to_node(x), dtype="complex128", name=name)


def position(x: Node) -> Node:
    """Whole numbers as int32; what lies beyond its ends, and with them beyond any axis, becomes the nearest end."""
    if x.type.dtype.itemsize == 8:
        x = OPERATORS["minimum"](OPERATORS["maximum"](x, np.iinfo(np.int32).min), np.iinfo(np.int32).max)
    return cast(x, dtype="int32")


# ---------------------------------------------------------------------- checks

def _checked_type(types: Sequence[TensorType], values: Values) -> TensorType:
    return TensorType(types[0].dtype, broadcast(types[0].shape, types[1].shape))


@declare("elementwise", _checked_type, expr="{x}", check="({x} >= {T}(0)) & ({x} < {bound})", shape_math=True,
         samples=(([np.array([0, 2, 1]), np.array(3)], {}),))
def check_index(x: Any, bound: Any) -> Any:
    """x, an index: the run fails unless 0 <= x < bound."""
    x = np.asarray(x)
    bad = ~((x >= 0) & (x < bound))             # nan is no index either
    if bad.any():
        raise InvalidArgumentError(f"index {np.broadcast_to(x, bad.shape)[bad].flat[0]} is not in [0, {bound})")
    return np.broadcast_to(x, bad.shape)
