"""Shapes of tensors and what changes them, as `tf.keras.backend` names it; tensors of one number, and of random ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...ir.node import Node
from ...ir.operator import to_node
from ...ops import array as _array
from ...ops import random as _random
from ...ops.array import expand_dims as _expand_dims
from ...ops.array import gather as _gather
from ...ops.array import one_hot as _one_hot
from ...ops.array import reshape as reshape
from ...ops.array import reverse as _reverse
from ...ops.array import shape as shape
from ...ops.array import squeeze as squeeze
from ...ops.array import stack as stack
from ...ops.array import tile as _tile
from ...ops.array import transpose as _transpose
from ...ops.control_loops import foldl as _foldl
from ...ops.control_loops import foldr as _foldr
from ...ops.control_loops import map_fn as _map_fn
from ...ops.state import Variable
from . import state

__all__ = ["arange", "batch_flatten", "concatenate", "dtype", "expand_dims", "eye", "flatten", "foldl", "foldr", "gather", "identity", "int_shape",
           "map_fn", "ndim", "one_hot", "ones", "ones_like", "permute_dimensions", "random_binomial", "random_normal", "random_normal_variable",
           "random_uniform", "random_uniform_variable", "repeat", "repeat_elements", "reshape", "reverse", "shape", "spatial_2d_padding",
           "spatial_3d_padding", "squeeze", "stack", "temporal_padding", "tile", "transpose", "truncated_normal", "zeros", "zeros_like"]


def int_shape(x: Any) -> tuple[int | None, ...] | None:
    """The shape as a tuple, None for what is not known, None for an unknown rank.

    DTypeError: it is no tensor.

    >>> tf.keras.backend.int_shape(tf.placeholder(tf.float32, [None, 3]))
    (None, 3)
    """
    dims = to_node(x).type.shape
    return None if dims is None else tuple(d if isinstance(d, int) else None for d in dims)


def ndim(x: Any) -> int | None:
    """The number of axes; None if it is not known. DTypeError: it is no tensor."""
    return to_node(x).type.rank


def dtype(x: Any) -> str:
    """The name of the dtype. DTypeError: it is no tensor."""
    return to_node(x).dtype.name


def identity(x: Any, name: str | None = None) -> Node:
    """The same tensor. DTypeError, ShapeError: the operands do not fit."""
    return _array.identity(to_node(x), name=name)


def expand_dims(x: Any, axis: int = -1) -> Node:
    """The tensor with an axis of size 1 more. DTypeError, ShapeError: the operands do not fit."""
    return _expand_dims(x, axis=axis)


def flatten(x: Any) -> Node:
    """All elements in a row. DTypeError, ShapeError: the operands do not fit."""
    return reshape(to_node(x), [-1])


def batch_flatten(x: Any) -> Node:
    """Each row as a vector: float[batch, ...] -> float[batch, k]. DTypeError, ShapeError: the operands do not fit."""
    node = to_node(x)
    dims = node.type.shape
    count = -1
    if dims is not None and all(isinstance(d, int) for d in dims[1:]):
        count = int(np.prod([int(d) for d in dims[1:] if d is not None], dtype=np.int64))
    return reshape(node, [shape(node)[0], count])


def permute_dimensions(x: Any, pattern: Sequence[int]) -> Node:
    """The tensor with its axes in another order. DTypeError, ShapeError: the operands do not fit."""
    return _transpose(x, perm=list(pattern))


def transpose(x: Any) -> Node:
    """The tensor with its axes in reverse order. DTypeError, ShapeError: the operands do not fit."""
    return _transpose(x)


def concatenate(tensors: Sequence[Any], axis: int = -1) -> Node:
    """The tensors one behind the other along an axis. ShapeError: other sizes differ."""
    return _array.concat([to_node(t) for t in tensors], axis)


def tile(x: Any, n: Any) -> Node:
    """The tensor n times one behind the other, along each axis. DTypeError, ShapeError: the operands do not fit."""
    node = to_node(x)
    return _tile(node, [n] * (node.type.rank or 1) if isinstance(n, int) else n)


def repeat(x: Any, n: int) -> Node:
    """Each row n times: float[batch, k] -> float[batch, n, k]. DTypeError, ShapeError: the operands do not fit."""
    return _tile(_expand_dims(x, axis=1), [1, n, 1])


def repeat_elements(x: Any, rep: int, axis: int) -> Node:
    """Each element `rep` times, one behind the other, along an axis.

    DTypeError, ShapeError: the operands do not fit.

    >>> tf.keras.backend.eval(tf.keras.backend.repeat_elements(tf.constant([1, 2]), 2, 0))
    array([1, 1, 2, 2], dtype=int32)
    """
    node = to_node(x)
    rank = node.type.rank or 1
    axis = axis % rank
    sizes, dims = shape(node), node.type.shape or ()
    wide = _tile(_expand_dims(node, axis=axis + 1), [1] * (axis + 1) + [rep] + [1] * (rank - axis - 1))
    found = [dims[i] if isinstance(dims[i], int) else sizes[i] for i in range(rank)]
    return reshape(wide, [f * rep if i == axis else f for i, f in enumerate(found)])


def reverse(x: Any, axes: Any) -> Node:
    """The tensor with the order along axes reversed. DTypeError, ShapeError: the operands do not fit."""
    return _reverse(x, [axes] if isinstance(axes, int) else axes)


def gather(reference: Any, indices: Any) -> Node:
    """Rows of a tensor by their numbers. DTypeError, ShapeError: the operands do not fit."""
    return _gather(reference, indices)


def one_hot(indices: Any, num_classes: int) -> Node:
    """Numbers of classes as rows with a 1 at the class. DTypeError, ShapeError: the operands do not fit."""
    return _one_hot(indices, depth=num_classes, axis=-1)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int32") -> Node:
    """The numbers from `start` up to `stop`, or from 0 up to `start`. DTypeError, ShapeError: the operands do not fit."""
    return _array.range(start, stop, step, dtype=dtype)


def temporal_padding(x: Any, padding: Sequence[int] = (1, 1)) -> Node:
    """float[batch, steps, k] with zeros before and behind the steps. DTypeError, ShapeError: the operands do not fit."""
    return _array.pad(x, [[0, 0], list(padding), [0, 0]])


def spatial_2d_padding(x: Any, padding: Any = ((1, 1), (1, 1)), data_format: str | None = None) -> Node:
    """Pictures with zeros around them. DTypeError, ShapeError: the operands do not fit."""
    return _padded(x, padding, data_format)


def spatial_3d_padding(x: Any, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None) -> Node:
    """Volumes with zeros around them. DTypeError, ShapeError: the operands do not fit."""
    return _padded(x, padding, data_format)


def _padded(x: Any, padding: Any, data_format: str | None) -> Node:
    inner = [list(p) for p in padding]
    first = (data_format or state.image_data_format()) == "channels_first"
    return _array.pad(x, [[0, 0], [0, 0], *inner] if first else [[0, 0], *inner, [0, 0]])


# ---------------------------------------------------------------------- tensors and variables of one number, and random ones

def _filled(make: Any, shape: Any, kind: Any, name: str | None) -> Any:
    dims = list(shape)
    value = make(dims, kind or state.floatx())
    return value if None in dims or any(isinstance(d, Node) for d in dims) else Variable(value, name=name)


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A variable of zeros. DTypeError, ShapeError: the operands do not fit."""
    return _filled(_array.zeros, shape, dtype, name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A variable of ones. DTypeError, ShapeError: the operands do not fit."""
    return _filled(_array.ones, shape, dtype, name)


def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Node:
    """Zeros of the shape of a tensor. DTypeError, ShapeError: the operands do not fit."""
    return _array.zeros_like(to_node(x), dtype, name)


def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Node:
    """Ones of the shape of a tensor. DTypeError, ShapeError: the operands do not fit."""
    return _array.ones_like(to_node(x), dtype, name)


def eye(size: int, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable that is the identity matrix. DTypeError, ShapeError: the operands do not fit."""
    return Variable(_array.eye(size, dtype=dtype or state.floatx()), name=name)


def random_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None) -> Node:
    """Numbers of a normal distribution, new ones in each run. DTypeError, ShapeError: the operands do not fit."""
    return _random.random_normal(shape, mean, stddev, dtype or state.floatx(), seed)


def random_uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: int | None = None) -> Node:
    """Numbers evenly distributed between two bounds, new ones in each run. DTypeError, ShapeError: the operands do not fit."""
    return _random.random_uniform(shape, minval, maxval, dtype or state.floatx(), seed)


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None) -> Node:
    """Numbers of a normal distribution, none further than two standard deviations from the mean. DTypeError, ShapeError: the operands do not fit."""
    return _random.truncated_normal(shape, mean, stddev, dtype or state.floatx(), seed)


def random_binomial(shape: Any, p: float = 0.0, dtype: Any = None, seed: int | None = None) -> Node:
    """1 with probability p, else 0, new ones in each run. DTypeError, ShapeError: the operands do not fit."""
    from ...ops.math import cast
    return cast(random_uniform(shape, seed=seed) <= p, dtype or state.floatx())


def random_normal_variable(shape: Any, mean: float, scale: float, dtype: Any = None, name: str | None = None, seed: int | None = None) -> Variable:
    """A variable of numbers of a normal distribution. DTypeError, ShapeError: the operands do not fit."""
    return Variable(random_normal(shape, mean, scale, dtype, seed), name=name)


def random_uniform_variable(shape: Any, low: float, high: float, dtype: Any = None, name: str | None = None, seed: int | None = None) -> Variable:
    """A variable of numbers evenly distributed between two bounds. DTypeError, ShapeError: the operands do not fit."""
    return Variable(random_uniform(shape, low, high, dtype, seed), name=name)


def map_fn(fn: Any, elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """What a function makes of each row. DTypeError, ShapeError: the operands do not fit."""
    return _map_fn(fn, elems, dtype=dtype, name=name)


def foldl(fn: Any, elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """What a function makes of rows one after the other: fn(so far, row). DTypeError, ShapeError: the operands do not fit."""
    return _foldl(fn, elems, initializer=initializer, name=name)


def foldr(fn: Any, elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """The same as `foldl`, from the last row to the first. DTypeError, ShapeError: the operands do not fit."""
    return _foldr(fn, elems, initializer=initializer, name=name)
