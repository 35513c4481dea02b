"""What a graph begins with: constants, sizes that a plan is bound to, and placeholders that every run is given values for."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import GraphError, ShapeError
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Node, here, saying
from ..ir.operator import Values, constant_node, declare, to_node
from ..ir.sizes import all_at_hand
from ..ir.types import TensorType, as_array, as_dtype, as_shape, compatible, element_count, shape_str

__all__ = ["constant", "placeholder", "placeholder_with_default", "convert_to_tensor"]


@declare("source", lambda types, values, value: TensorType(value.dtype, value.shape), name="constant", label="Const",
         kinds={"value": (np.ndarray,)})
def _constant(*, value: Any) -> Any:
    """A value fixed when the graph is built."""
    return value


def _no_sizes(types: Sequence[TensorType], **attrs: Any) -> dict[str, Any]:
    """A graph that is written or read has no open sizes: they belong to one compilation."""
    raise GraphError("open sizes are made while a graph is compiled")


@declare("source", lambda types, values, value, dtype: TensorType(dtype, value.shape), name="bound", label="Bound", prepare=_no_sizes)
def _bound(*, value: Any, dtype: Any) -> Any:
    """Sizes, as the numbers that they are when a plan is bound."""
    return np.array(all_at_hand(value.flat), dtype).reshape(value.shape)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None, verify_shape: bool = False) -> Node:
    """A tensor with a fixed value. Python floats give float32, ints int32. `shape` repeats the last value as TensorFlow 1 does.

    `value`: a number, nested lists, an array or a text; `dtype`: default by the value; `shape`: int[rank], default that of the value.
    DTypeError: no tensor of that dtype. ShapeError: the values do not make the shape.

    >>> tf.Session(jit=False).run(tf.constant(7, shape=[3]))
    array([7, 7, 7], dtype=int32)
    """
    with saying("constant"):
        array, wanted = as_array(value, dtype), as_shape(shape)
    if shape is not None:
        if wanted is None or None in wanted:
            raise ShapeError(f"constant: shape {shape} is not fully known{here()}")
        count = element_count(wanted)
        if array.size > max(count, array.ndim == 0) or (verify_shape and array.shape != wanted) or (not array.size and count):
            raise ShapeError(f"constant: {array.size} values of shape {shape_str(array.shape)} do not make "
                             f"{shape_str(wanted)}{here()}")
        flat = array.reshape(-1)[:count]
        array = np.concatenate([flat, np.full(count - flat.size, flat[-1] if count else 0, array.dtype)]).reshape(wanted)
    return constant_node(get_default_graph(), array, name)


@declare("source", lambda types, values, type: type, name="placeholder", label="Placeholder", kinds={"type": (TensorType,)})
def _placeholder(*, type: Any) -> Any:
    """A value given at every run."""
    raise AssertionError("a placeholder has no reference: it is fed")


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Node:
    """A tensor fed at every run. Dimensions given as None, or the whole shape when omitted, are known only then.

    `shape`: a list of ints and None. DTypeError, ShapeError: no such dtype or shape. A run without its value: InvalidArgumentError; with one
    that does not fit: FeedError.

    >>> x = tf.placeholder(tf.float32, [None, 2])
    >>> tf.Session(jit=False).run(2 * x, {x: [[1, 2]]})
    array([[2., 4.]], dtype=float32)
    """
    with saying("placeholder"):
        type = TensorType(as_dtype(dtype).dtype, as_shape(shape))
    return placeholder_of(type, get_default_graph(), name)


def placeholder_of(type: TensorType, graph: Graph, name: str | None = None) -> Node:
    """A value of that type, given at every run of the graph."""
    return graph.add(_placeholder, (), {"type": type}, type, name)


def _default_type(types: Sequence[TensorType], values: Values, shape: Any) -> TensorType:
    if not compatible(types[0].shape, shape):
        raise ShapeError(f"the default does not have the shape {shape_str(shape)}")
    return TensorType(types[0].dtype, shape)


@declare("alias", _default_type, name="placeholder_with_default", text=True, grad=lambda g, y, input, shape: (g,),
         kinds={"shape": (builtins.tuple, type(None))}, samples=(([np.ones((2, 3))], {"shape": (None, 3)}),), label="PlaceholderWithDefault")
def _placeholder_with_default(input: Any, *, shape: Any) -> Any:
    """A value that may be fed and otherwise is `input`."""
    return input


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Node:
    """A tensor that may be fed; otherwise it is `input`.

    `shape`: what may be fed, at least what `input` has. ShapeError: the default is not of that shape.

    >>> x = tf.placeholder_with_default([1.0, 2.0], [None])
    >>> tf.Session(jit=False).run([x, x + 1], {x: [5]})
    [array([5.], dtype=float32), array([6.], dtype=float32)]
    """
    node = to_node(input)
    with saying("placeholder_with_default"):
        wanted = as_shape(shape)
    return _placeholder_with_default.build(node.graph, (node,), {"shape": wanted}, name)


def convert_to_tensor(value: Any, dtype: Any = None, name: str | None = None, preferred_dtype: Any = None) -> Node:
    """A tensor from an array, number, list (of tensors too) or tensor.

    A tensor stays itself. DTypeError: nothing a tensor can hold, or a tensor of another dtype than `dtype`.

    >>> tf.Session(jit=False).run(tf.convert_to_tensor([1, tf.constant(2)]))
    array([1, 2], dtype=int32)
    """
    return to_node(value, dtype, name)
