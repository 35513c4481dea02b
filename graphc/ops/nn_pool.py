"""Pools as users call them: maxima and means over windows, in one, two and three axes, with channels first or last."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.node import OPERATORS, Node, describe, dtype_of, here
from ..ir.types import int64
from .array_index import along
from .array_move import shape
from .layouts import as_given, channels_last, each_axis, is_first, made, moved, operands, ranked, telling
from .math import add, cast, floordiv, floormod, maximum, minimum, multiply
from .pool import LONG, max_pool_nd, pool_index, pool_mean
from .scopes import scope, stand
from .windows import span

__all__ = ["max_pool", "avg_pool", "max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "pool",
           "max_pool_with_argmax"]


_WORDS = {"MAX": "MaxPool", "AVG": "AvgPool"}      # TensorFlow's, of two axes


class MaxPoolWithArgmax(NamedTuple):
    """The largest numbers of windows, and where they lie."""

    output: Node
    argmax: Node


def _pooled(what: str, kind: str, count: int | None, value: Any, ksize: Any, strides: Any, padding: Any, data_format: Any, dilations: Any,
            name: str) -> Node:
    (x,) = operands(what, input=value)
    with telling(what, x):
        over = _axes(x, ksize) if count is None else count
        first = is_first(data_format, over)
        x = ranked(x, over + 2, "the input")
        how = {"window": _window(ksize, over, first), **moved(over, first, strides, padding, dilations)}
        y = channels_last(x, first, over)
        last, op = ("Squeeze", "Squeeze") if what.endswith("1d") else ("", f"{_WORDS[kind]}{'3D' * (over == 3)}")
        plain = isinstance(padding, str) and not first and set(how["dilations"]) <= {1}
        given = {"input": x, "ksize": (1, *how["window"], 1), "strides": (1, *how["strides"], 1), "padding": padding} if plain else {}
        with scope(name, what, x, last, op, **given) as last:
            found = _largest(y, how, None if first else last) if kind == "MAX" else _mean(y, how, None if first else last)
            return as_given(found, first, over, last)


def _axes(x: Node, ksize: Any) -> int:
    """Over how many axes a window moves, of a pool that takes any number."""
    if x.type.rank is not None and 3 <= x.type.rank <= 5:
        return x.type.rank - 2
    sides = len(ksize) if isinstance(ksize, (list, tuple, np.ndarray)) else 4
    return min(max(sides - 2, 2), 3)


def _window(ksize: Any, count: int, first: bool) -> tuple[int, ...]:
    if ksize is None:
        raise ShapeError("ksize is missing: the sides of the window")
    return each_axis(ksize, count, first, "ksize")


def _largest(x: Node, how: dict[str, Any], name: str | None) -> Node:
    return made(max_pool_nd, [x], how, name)


def _mean(x: Node, how: dict[str, Any], name: str | None) -> Node:
    """Sums over the number of elements that are not padding."""
    if x.type.dtype.kind != "f":
        raise DTypeError(f"means are of floating numbers, not {x.type.dtype}")
    return made(pool_mean, [x], how, name)


def max_pool(value: Any = None, ksize: Any = None, strides: Any = None, padding: Any = None, data_format: Any = None, name: str | None = None,
             input: Any = None) -> Node:
    """The largest number of each window; nan if there is one in it. Padding counts as nothing.

    value: number[batch, *sizes, channels], over 1 to 3 axes -> number[batch, *places, channels]. `ksize`, `strides`: as `conv2d` takes strides.
    The gradient goes to the first of equal largest numbers, row by row. ShapeError: window and value do not fit. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.nn.max_pool(tf.reshape(tf.linspace(0.0, 5.0, 6), [1, 2, 3, 1]), 2, 2, "SAME"))[0, :, :, 0]
    array([[4., 5.]], dtype=float32)
    """
    return _pooled("max_pool", "MAX", None, value if input is None else input, ksize, strides, padding, data_format, None, name or "MaxPool")


def avg_pool(value: Any = None, ksize: Any = None, strides: Any = None, padding: Any = None, data_format: Any = None, name: str | None = None,
             input: Any = None) -> Node:
    """The mean of each window, of the elements that are not padding.

    value: float[batch, *sizes, channels], over 1 to 3 axes -> float[batch, *places, channels]. `ksize`, `strides`: as `conv2d` takes strides.
    ShapeError: window and value do not fit. DTypeError: no floating numbers.

    >>> tf.Session(jit=False).run(tf.nn.avg_pool(tf.reshape(tf.linspace(0.0, 5.0, 6), [1, 2, 3, 1]), 2, 2, "SAME"))[0, :, :, 0]
    array([[2. , 3.5]], dtype=float32)
    """
    return _pooled("avg_pool", "AVG", None, value if input is None else input, ksize, strides, padding, data_format, None, name or "AvgPool")


def max_pool1d(input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NWC", name: str | None = None) -> Node:
    """`max_pool` over one axis.

    number[batch, width, channels] -> number[batch, w, channels]. ShapeError, DTypeError: as `max_pool`.

    >>> tf.Session(jit=False).run(tf.nn.max_pool1d([[[3.0], [1.0], [2.0]]], 2, 1, "VALID"))[0, :, 0]
    array([3., 2.], dtype=float32)
    """
    return _pooled("max_pool1d", "MAX", 1, input, ksize, strides, padding, data_format, None, name or "MaxPool1d")


def max_pool2d(input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NHWC", name: str | None = None) -> Node:
    """`max_pool` over two axes.

    number[batch, height, width, channels] -> number[batch, h, w, channels]. ShapeError, DTypeError: as `max_pool`.

    >>> tf.Session(jit=False).run(tf.nn.max_pool2d([[[[3.0], [1.0]], [[2.0], [5.0]]]], 2, 2, "VALID"))[0, 0, 0]
    array([5.], dtype=float32)
    """
    return _pooled("max_pool2d", "MAX", 2, input, ksize, strides, padding, data_format, None, name or "MaxPool2d")


def max_pool3d(input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NDHWC", name: str | None = None) -> Node:
    """`max_pool` over three axes.

    number[batch, depth, height, width, channels] -> number[batch, d, h, w, channels]. ShapeError, DTypeError: as `max_pool`.

    >>> tf.Session(jit=False).run(tf.nn.max_pool3d(tf.reshape(tf.linspace(0.0, 7.0, 8), [1, 2, 2, 2, 1]), 2, 2, "VALID"))[0, 0, 0, 0]
    array([7.], dtype=float32)
    """
    return _pooled("max_pool3d", "MAX", 3, input, ksize, strides, padding, data_format, None, name or "MaxPool3D")


def avg_pool1d(input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NWC", name: str | None = None) -> Node:
    """`avg_pool` over one axis.

    float[batch, width, channels] -> float[batch, w, channels]. ShapeError, DTypeError: as `avg_pool`.

    >>> tf.Session(jit=False).run(tf.nn.avg_pool1d([[[3.0], [1.0], [2.0]]], 2, 1, "VALID"))[0, :, 0]
    array([2. , 1.5], dtype=float32)
    """
    return _pooled("avg_pool1d", "AVG", 1, input, ksize, strides, padding, data_format, None, name or "AvgPool1D")


def avg_pool2d(input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NHWC", name: str | None = None) -> Node:
    """`avg_pool` over two axes.

    float[batch, height, width, channels] -> float[batch, h, w, channels]. ShapeError, DTypeError: as `avg_pool`.

    >>> tf.Session(jit=False).run(tf.nn.avg_pool2d([[[[3.0], [1.0]], [[2.0], [6.0]]]], 2, 2, "VALID"))[0, 0, 0]
    array([3.], dtype=float32)
    """
    return _pooled("avg_pool2d", "AVG", 2, input, ksize, strides, padding, data_format, None, name or "AvgPool")


def avg_pool3d(input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NDHWC", name: str | None = None) -> Node:
    """`avg_pool` over three axes.

    float[batch, depth, height, width, channels] -> float[batch, d, h, w, channels]. ShapeError, DTypeError: as `avg_pool`.

    >>> tf.Session(jit=False).run(tf.nn.avg_pool3d(tf.reshape(tf.linspace(0.0, 7.0, 8), [1, 2, 2, 2, 1]), 2, 2, "VALID"))[0, 0, 0, 0]
    array([3.5], dtype=float32)
    """
    return _pooled("avg_pool3d", "AVG", 3, input, ksize, strides, padding, data_format, None, name or "AvgPool3D")


def pool(input: Any, window_shape: Any, pooling_type: str, padding: Any, dilation_rate: Any = None, strides: Any = None, name: str | None = None,
         data_format: Any = None, dilations: Any = None) -> Node:
    """`max_pool` or `avg_pool`, by `pooling_type` "MAX" or "AVG", over as many axes as the window has, its elements perhaps dilated.

    Of a dilated window whose elements all lie in padding the maximum is -inf, and the mean nan.
    number[batch, *sizes, channels] -> number[batch, *places, channels]. ShapeError: they do not fit, or a dilated window moves by more than 1.

    >>> tf.Session(jit=False).run(tf.nn.pool([[[3.0], [1.0], [2.0]]], [2], "MAX", "VALID", dilation_rate=[2]))[0, :, 0]
    array([3.], dtype=float32)
    """
    (x,) = operands("pool", input=input)
    if pooling_type not in ("MAX", "AVG"):
        raise ShapeError(f"pool({describe(x)}): pooling_type is 'MAX' or 'AVG', not {pooling_type!r:.40}{here()}")
    count = len(window_shape) if isinstance(window_shape, (list, tuple, np.ndarray)) else None
    rates = dilation_rate if dilations is None else dilations
    return _pooled("pool", pooling_type, count, x, window_shape, strides, padding, data_format, rates, name or f"{pooling_type.lower()}_pool")


def max_pool_with_argmax(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", Targmax: Any = None,  # noqa: N803
                         name: str | None = None, output_dtype: Any = None, include_batch_in_index: bool = False) -> MaxPoolWithArgmax:
    """`max_pool` over two axes, and where the largest numbers lie: (row * width + column) * channels + channel, within each example.

    number[batch, height, width, channels] -> (the same dtype[batch, h, w, channels], int64). ShapeError, DTypeError: as `max_pool`.

    >>> found = tf.nn.max_pool_with_argmax(tf.reshape(tf.linspace(0.0, 5.0, 6), [1, 2, 3, 1]), 2, 2, "SAME")
    >>> tf.Session(jit=False).run(found.argmax)[0, :, :, 0]
    array([[4, 5]])
    """
    (x,) = operands("max_pool_with_argmax", input=input)
    chosen = next((d for d in (output_dtype, Targmax) if d is not None), int64)
    dtype = dtype_of("max_pool_with_argmax", chosen)
    with telling("max_pool_with_argmax", x), scope(name, "MaxPoolWithArgmax", x) as last:
        if is_first(data_format, 2):
            raise ShapeError("data_format must be 'NHWC': places are counted so")
        x = ranked(x, 4, "the input")
        how = {"window": _window(ksize, 2, False), **moved(2, False, strides, padding, None)}
        value = _largest(x, how, last)
        index = made(pool_index, [x], how)
        how = dict(index.attrs)                 # its windows are no longer than need be
        tap = cast(index, dtype)
        whole = [cast(n, dtype) if isinstance(n, Node) else n for n in (_extent(x, i) for i in range(4))]
        high, wide = (_side(how, axis, n) for axis, n in enumerate(whole[1:3]))
        row = _element(floordiv(tap, wide), whole[1], high, how, 0, dtype)
        column = _element(floormod(tap, wide), whole[2], wide, how, 1, dtype)
        place = (row * whole[2] + column) * whole[3] + along(_extent(x, 3), 3, 4, dtype)
        if include_batch_in_index:
            place = place + along(_extent(x, 0), 0, 4, dtype) * multiply(to_scalar(whole[1], dtype) * whole[2], whole[3])
        results = MaxPoolWithArgmax(value, OPERATORS["identity"](place, name="argmax"))
        stand("MaxPoolWithArgmax", results, input=x)
        return results


def to_scalar(n: Any, dtype: Any) -> Node:
    """A size as a scalar tensor."""
    return n if isinstance(n, Node) else OPERATORS["identity"](np.asarray(n, dtype.dtype))


def _extent(x: Node, axis: int) -> Any:
    known = None if x.type.shape is None else x.type.shape[axis]
    return shape(x)[axis] if known is None else known


def _side(how: dict[str, Any], axis: int, size: Any) -> Any:
    """The side of a window by which `pool_index` counts."""
    k = how["window"][axis]
    return minimum(maximum(size * 2, 1), k) if isinstance(size, Node) and how["padding"] == "SAME" and k > LONG else k


def _element(tap: Node, size: Any, k: Any, how: dict[str, Any], axis: int, dtype: Any) -> Node:
    """The element along an axis at which an element of a window of side `k` lies; `size`: how many the axis has."""
    s, d = how["strides"][axis], how["dilations"][axis]
    padding = how["padding"]
    n = shape(tap)[1 + axis] if tap.type.shape is None or tap.type.shape[1 + axis] is None else tap.type.shape[1 + axis]
    before: Any = 0
    if not isinstance(padding, str):
        before = padding[axis][0]
    elif padding == "SAME":
        missing = ((floordiv(size + (s - 1), s) if isinstance(size, Node) else -(-size // s)) - 1) * s + span(k, d) - size
        before = floordiv(maximum(missing, 0), 2) if isinstance(missing, Node) else max(missing, 0) // 2
    begin = along(n, 1 + axis, 4, dtype) * s - before
    return add(begin, tap * d)
