"""Arithmetic, comparisons and reductions of tensors, as `tf.keras.backend` names them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ir.node import Node
from ...ir.operator import to_node
from ...nn import l2_normalize as _l2_normalize
from ...ops.array import cumprod as cumprod
from ...ops.array import cumsum as cumsum
from ...ops.linalg import matmul as _matmul
from ...ops.linalg import tensordot as _tensordot
from ...ops.math import abs as abs  # noqa: A004
from ...ops.math import cast as _cast
from ...ops.math import clip_by_value as _clip
from ...ops.math import cos as cos
from ...ops.math import equal as equal
from ...ops.math import exp as exp
from ...ops.math import greater as greater
from ...ops.math import greater_equal as greater_equal
from ...ops.math import less as less
from ...ops.math import less_equal as less_equal
from ...ops.math import log as log
from ...ops.math import maximum as maximum
from ...ops.math import minimum as minimum
from ...ops.math import not_equal as not_equal
from ...ops.math import pow as pow  # noqa: A004
from ...ops.math import round as round  # noqa: A004
from ...ops.math import sign as sign
from ...ops.math import sin as sin
from ...ops.math import sqrt as _sqrt
from ...ops.math import square as square
from ...ops.positions import argmax as _argmax
from ...ops.positions import argmin as _argmin
from ...ops.reduce import reduce_all, reduce_any, reduce_logsumexp, reduce_max, reduce_mean, reduce_min, reduce_prod, reduce_std, reduce_sum
from ...ops.reduce import reduce_variance as _variance
from . import state

__all__ = ["abs", "all", "any", "argmax", "argmin", "batch_dot", "cast", "cast_to_floatx", "clip", "cos", "cumprod", "cumsum", "dot", "equal",
           "exp", "greater", "greater_equal", "l2_normalize", "less", "less_equal", "log", "logsumexp", "max", "maximum", "mean", "min", "minimum",
           "not_equal", "pow", "prod", "round", "sign", "sin", "sqrt", "square", "std", "sum", "var"]

sum = reduce_sum  # noqa: A001
prod = reduce_prod
max = reduce_max  # noqa: A001
min = reduce_min  # noqa: A001


def _number(x: Any) -> Node:
    """A tensor of numbers: truth values are 0 and 1 of the default dtype."""
    node = to_node(x)
    return _cast(node, state.floatx()) if node.type.dtype.kind == "b" else node


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Node:
    """The mean along axes, over all by default; truth values are 0 and 1.

    DTypeError, ShapeError: the operands do not fit.

    >>> tf.keras.backend.eval(tf.keras.backend.mean(tf.constant([True, False])))
    np.float32(0.5)
    """
    return reduce_mean(_number(x), axis=axis, keepdims=keepdims)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Node:
    """The variance along axes: the mean of the squares of the distances to the mean. DTypeError, ShapeError: the operands do not fit."""
    return _variance(_number(x), axis=axis, keepdims=keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Node:
    """The standard deviation along axes: the square root of `var`. DTypeError, ShapeError: the operands do not fit."""
    return reduce_std(_number(x), axis=axis, keepdims=keepdims)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Node:
    """log(sum(exp(x))) along axes, without overflow. DTypeError, ShapeError: the operands do not fit."""
    return reduce_logsumexp(x, axis=axis, keepdims=keepdims)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Node:  # noqa: A001
    """Whether one of the elements along axes is not 0. DTypeError, ShapeError: the operands do not fit."""
    return reduce_any(_cast(to_node(x), "bool"), axis=axis, keepdims=keepdims)


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Node:  # noqa: A001
    """Whether none of the elements along axes is 0. DTypeError, ShapeError: the operands do not fit."""
    return reduce_all(_cast(to_node(x), "bool"), axis=axis, keepdims=keepdims)


def argmax(x: Any, axis: int = -1) -> Node:
    """The place of the greatest element along an axis. DTypeError, ShapeError: the operands do not fit."""
    return _argmax(x, axis=axis)


def argmin(x: Any, axis: int = -1) -> Node:
    """The place of the smallest element along an axis. DTypeError, ShapeError: the operands do not fit."""
    return _argmin(x, axis=axis)


def sqrt(x: Any) -> Node:
    """The square root, 0 of what is below 0. DTypeError, ShapeError: the operands do not fit."""
    node = to_node(x)
    return _sqrt(maximum(node, _cast(to_node(0.0), node.dtype)))


def clip(x: Any, min_value: Any, max_value: Any) -> Node:
    """The elements, none below or above two bounds. DTypeError, ShapeError: the operands do not fit."""
    node = to_node(x)
    low = -float("inf") if min_value is None else min_value
    high = float("inf") if max_value is None else max_value
    if not isinstance(low, Node) and not isinstance(high, Node) and high < low:
        high = low
    return _clip(node, low, high)


def cast(x: Any, dtype: Any) -> Node:
    """The tensor in another dtype. DTypeError: no such dtype."""
    return _cast(x, dtype)


def cast_to_floatx(x: Any) -> Any:
    """An array, or a tensor, in the default dtype.

    DTypeError, ShapeError: the operands do not fit.

    >>> tf.keras.backend.cast_to_floatx([1, 2])
    array([1., 2.], dtype=float32)
    """
    return _cast(x, state.floatx()) if isinstance(x, Node) else np.asarray(x, dtype=state.floatx())


def l2_normalize(x: Any, axis: Any = None) -> Node:
    """The tensor divided by its length along an axis. DTypeError, ShapeError: the operands do not fit."""
    return _l2_normalize(x, axis)


def dot(x: Any, y: Any) -> Node:
    """The product of the last axis of x with the axis before the last one of y. ShapeError: their sizes differ.

    >>> tf.keras.backend.dot(tf.zeros([2, 3, 4]), tf.zeros([4, 5])).shape
    TensorShape((2, 3, 5))
    """
    a, b = to_node(x), to_node(y)
    rank, other = a.type.rank, b.type.rank
    if rank is not None and other is not None and (rank > 2 or other > 2):
        return _tensordot(a, b, [[rank - 1], [other - 2 if other > 1 else 0]])
    return _matmul(a, b)


def batch_dot(x: Any, y: Any, axes: Any = None) -> Node:
    """The product of each row of x with that of y, along an axis of each (`axes`, a number or two). ShapeError: their sizes differ.

    By default the last axis of x, and the one before the last of y. Of two matrices of rows the result is float[batch, 1].

    >>> tf.keras.backend.batch_dot(tf.zeros([2, 3, 4]), tf.zeros([2, 4, 5])).shape
    TensorShape((2, 3, 5))
    """
    from ...ops.array import expand_dims, squeeze, transpose
    a, b = to_node(x), to_node(y)
    rank, other = a.type.rank or 0, b.type.rank or 0
    first, second = (axes, axes) if isinstance(axes, int) else axes if axes is not None else (rank - 1, 1 if other == 2 else other - 2)
    first, second = first % rank, second % other
    wide = [i for i in range(1, rank) if i != first], [i for i in range(1, other) if i != second]
    if len(wide[0]) > 1 or len(wide[1]) > 1:
        from ...ops.linalg import einsum
        names = iter("bcdefghijklmnopqrstuvw")
        left = ["z", *("" for _ in range(rank - 1))]
        right = ["z", *("" for _ in range(other - 1))]
        left[first] = right[second] = "a"
        for places, word in ((wide[0], left), (wide[1], right)):
            for i in places:
                word[i] = next(names)
        return einsum(f"{''.join(left)},{''.join(right)}->z{''.join(left[i] for i in wide[0])}{''.join(right[i] for i in wide[1])}", a, b)
    a = expand_dims(a, axis=1) if rank == 2 else transpose(a, perm=[0, *wide[0], first])
    b = expand_dims(b, axis=-1) if other == 2 else transpose(b, perm=[0, second, *wide[1]])
    out = _matmul(a, b)
    if rank == 2 and other == 2:
        return squeeze(out, axis=1)
    return squeeze(out, axis=1) if rank == 2 else squeeze(out, axis=-1) if other == 2 else out
