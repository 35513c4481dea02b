"""Tensors of one value, of a shape that is given or is another tensor's: no elements are kept, all are the same one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.graph import get_default_graph
from ..ir.node import OPERATORS, Node, describe, dtype_of, here
from ..ir.operator import to_node
from ..ir.types import Shape, TensorShape, element_count, float32
from .array_move import broadcast_to, shape
from .scopes import composed

_KEPT = 1000        # elements from which TensorFlow fills an initial value when it is asked for, and keeps no array


@composed("Fill", op="Fill")
def fill(dims: Any, value: Any, name: str | None = None) -> Node:
    """A tensor of shape `dims` (a list, whose members may be tensors, or a tensor) of one value.

    ShapeError: a size is negative, or `value` no scalar. DTypeError: it is no number.

    >>> tf.Session(jit=False).run(tf.fill([2, 2], 7))
    array([[7, 7],
           [7, 7]], dtype=int32)
    """
    if isinstance(dims, (int, np.integer)):
        dims = [dims]
    elif isinstance(dims, TensorShape):
        dims = dims.as_list()
    one = to_node(value)
    if one.type.rank not in (0, None):
        raise ShapeError(f"fill: {describe(one)} is no scalar{here()}")
    return broadcast_to(one, dims, name=name)


@composed("zeros", op="Fill")
def zeros(shape: Any, dtype: Any = float32, name: str | None = None) -> Node:
    """Zeros of a shape.

    shape: a list of ints and scalars, or int[rank] -> dtype[shape]. DTypeError: no such dtype. ShapeError: no shape.

    >>> tf.Session(jit=False).run(tf.zeros([2, 2], tf.int32))
    array([[0, 0],
           [0, 0]], dtype=int32)
    """
    kind = dtype_of("zeros", dtype).dtype
    return fill(shape, b"" if kind.hasobject else np.zeros((), kind), name or "zeros")          # the zero of texts


@composed("ones", op="Fill")
def ones(shape: Any, dtype: Any = float32, name: str | None = None) -> Node:
    """Ones of a shape.

    shape: a list of ints and scalars, or int[rank] -> dtype[shape]. DTypeError: no such dtype. ShapeError: no shape.

    >>> tf.Session(jit=False).run(tf.ones([2]))
    array([1., 1.], dtype=float32)
    """
    kind = dtype_of("ones", dtype).dtype
    if kind.hasobject:
        raise DTypeError(f"ones: texts have no one{here()}")
    return fill(shape, np.ones((), kind), name or "ones")


@composed("zeros_like", op="ZerosLike")
def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Node:
    """Zeros of the shape (and dtype, unless another is given) of a tensor.

    DTypeError: no tensor, or no such dtype.

    >>> tf.Session(jit=False).run(tf.zeros_like([3, 4]))
    array([0, 0], dtype=int32)
    """
    tensor = to_node(tensor)
    return zeros(shape(tensor), tensor.dtype if dtype is None else dtype_of("zeros_like", dtype), name or "zeros_like")


@composed("ones_like", op="Fill")
def ones_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Node:
    """Ones of the shape (and dtype, unless another is given) of a tensor.

    DTypeError: no tensor, or no such dtype.

    >>> tf.Session(jit=False).run(tf.ones_like([[1.0, 2.0]]))
    array([[1., 1.]], dtype=float32)
    """
    tensor = to_node(tensor)
    return ones(shape(tensor), tensor.dtype if dtype is None else dtype, name or "ones_like")


OPERATORS["zeros_like"] = zeros_like


def everywhere(shape: Shape, value: Any, dtype: np.dtype[Any], name: str) -> Any:
    """One number in all places, what a variable of that name begins with: an array, or a tensor where that would be large.

    A graph, and each file of it, would else hold as many bytes as the variables beside those that are trained.
    """
    if element_count(shape) < _KEPT:
        return np.full(shape, value, dtype)
    with get_default_graph().name_scope(f"{name}/Initializer"):
        return fill(list(shape), np.array(value, dtype), name="zeros" if not value else "Const")
