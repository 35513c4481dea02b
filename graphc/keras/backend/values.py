"""Values of variables and tensors, and functions of them that run the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...autodiff.gradients import gradients as _gradients
from ...errors import FeedError, GraphError
from ...ir.graph import get_default_graph
from ...ir.node import Node, Operation, here
from ...ir.operator import to_node
from ...nest import flatten, is_nested, pack_sequence_as
from ...ops.sources import constant as _constant
from ...ops.sources import placeholder as _placeholder
from ...ops.sparse_dense import sparse_tensor_to_dense
from ...ops.state import Variable, assign, assign_add, assign_sub
from . import state

__all__ = ["batch_get_value", "batch_set_value", "constant", "count_params", "eval", "function", "get_value", "gradients", "is_placeholder",
           "is_sparse", "is_tensor", "moving_average_update", "placeholder", "print_tensor", "set_value", "stop_gradient", "to_dense", "update",
           "update_add",
           "update_sub", "variable"]


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Variable:
    """A variable of that value, of the default dtype if none is given. DTypeError: no numbers.

    >>> tf.keras.backend.get_value(tf.keras.backend.variable([1, 2]))
    array([1., 2.], dtype=float32)
    """
    kind = dtype or state.floatx()
    initial = value if isinstance(value, Node) else np.asarray(value, getattr(kind, "as_numpy_dtype", kind))
    return Variable(initial, name=name, constraint=constraint)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Node:
    """A constant, of the default dtype if none is given. DTypeError: no numbers. ShapeError: values that do not fill the shape."""
    return _constant(value, dtype or state.floatx(), shape, name or "Const")


def placeholder(shape: Any = None, ndim: int | None = None, dtype: Any = None, sparse: bool = False, name: str | None = None) -> Node:
    """A tensor that is fed, of a shape or of a rank alone. GraphError: a sparse one.

    >>> tf.keras.backend.placeholder(ndim=2).shape
    TensorShape((None, None))
    """
    if sparse:
        raise GraphError(f"keras.backend.placeholder: sparse ones are not offered: tf.sparse_placeholder is one{here()}")
    dims = [None] * ndim if shape is None and ndim else shape
    return _placeholder(dtype or state.floatx(), dims, name)


def is_placeholder(x: Any) -> bool:
    """Whether it is a tensor that is fed."""
    return isinstance(x, Node) and x.operator.name == "placeholder"


def is_sparse(tensor: Any) -> bool:
    """Whether it is a sparse tensor."""
    return hasattr(tensor, "dense_shape") and hasattr(tensor, "indices")


def to_dense(tensor: Any) -> Any:
    """A sparse tensor as a dense one, 0 where it has nothing; what is not sparse stays. DTypeError: texts, which have no 0.

    >>> tf.Session(jit=False).run(tf.keras.backend.to_dense(tf.SparseTensor([[1]], [5.0], [3])))
    array([0., 5., 0.], dtype=float32)
    """
    return sparse_tensor_to_dense(tensor) if is_sparse(tensor) else tensor


def is_tensor(x: Any) -> bool:
    """Whether it is a tensor."""
    return isinstance(x, Node)


def eval(x: Any) -> Any:
    """The value of a tensor that needs no feed.

    InvalidArgumentError: it needs a feed.

    >>> tf.keras.backend.eval(tf.constant(2.0) + 1.0)
    np.float32(3.0)
    """
    return get_value(to_node(x))


def get_value(x: Any) -> Any:
    """The value of a variable, or of a tensor that needs no feed; a number stays one. InvalidArgumentError: the tensor needs a feed."""
    return state.session_of(x.graph).run(x) if isinstance(x, Node) else x


def set_value(x: Any, value: Any) -> None:
    """Set a variable. GraphError: it is none. FeedError: the value does not fit."""
    if not isinstance(x, Variable):
        raise GraphError(f"set_value: {x!r:.60} is no variable{here()}")
    state.session_of(x.graph).load(x, np.asarray(value, x.type.dtype))


def batch_get_value(tensors: Sequence[Any]) -> list[Any]:
    """The values of variables, or tensors that need no feed, by one run. InvalidArgumentError: one needs a feed."""
    held = list(tensors)
    return list(state.session_of(held[0].graph).run(held)) if held else []


def batch_set_value(tuples: Sequence[tuple[Any, Any]]) -> None:
    """Set variables: pairs of each and its value. GraphError, FeedError: as `set_value`."""
    for x, value in tuples:
        set_value(x, value)


def count_params(x: Any) -> int:
    """The number of elements of a variable or a tensor whose shape is known. TypeError: a size is not known."""
    return int(np.prod(x.type.shape, dtype=np.int64))


def update(x: Variable, new_x: Any) -> Node:
    """The operation that sets a variable. DTypeError, ShapeError: the operands do not fit."""
    return assign(x, new_x)


def update_add(x: Variable, increment: Any) -> Node:
    """The operation that adds to a variable. DTypeError, ShapeError: the operands do not fit."""
    return assign_add(x, increment)


def update_sub(x: Variable, decrement: Any) -> Node:
    """The operation that subtracts from a variable. DTypeError, ShapeError: the operands do not fit."""
    return assign_sub(x, decrement)


def moving_average_update(x: Variable, value: Any, momentum: Any) -> Node:
    """The variable after it has moved towards a value: the average of the values so far, each `momentum` times as heavy as the one behind it.

    What a start from 0 does to the average is divided out, by two variables beside it. DTypeError, ShapeError: the operands do not fit.
    """
    from ...train.averages import assign_moving_average
    return assign_moving_average(x, value, momentum)


def gradients(loss: Any, variables: Any) -> Any:
    """The derivatives of a loss with respect to variables, or tensors. GradientError: an operator on the way has no gradient."""
    return _gradients(loss, variables)


def stop_gradient(variables: Any) -> Any:
    """The tensors, as constants to a derivative. DTypeError, ShapeError: the operands do not fit."""
    from ...ops.array import stop_gradient as stop
    return [stop(v) for v in variables] if isinstance(variables, (list, tuple)) else stop(variables)


def print_tensor(x: Any, message: str = "") -> Node:
    """The tensor, which is printed with a message whenever it is computed. DTypeError, ShapeError: the operands do not fit."""
    from ...ops.debug import Print
    return Print(x, [x], message)


def _along(structure: Any, values: Any) -> list[Any]:
    """The values at the places of a structure, where a list is one value; of a list that is not like it, all that it holds."""
    if not is_nested(structure):
        return [values]
    if not is_nested(values) or len(values) != len(structure) or isinstance(structure, Mapping) != isinstance(values, Mapping):
        return flatten(values)
    keys = sorted(structure) if isinstance(structure, Mapping) else range(len(structure))
    return [v for key in keys for v in _along(structure[key], values[key])]


class Function:
    """A function of values, that runs a graph: what `function` makes."""

    def __init__(self, inputs: Any, outputs: Any, updates: Any = None, name: str | None = None, **session_kwargs: Any):
        self.inputs, self._outputs, self.name = list(flatten(inputs)), outputs, name
        self._structure = inputs if is_nested(inputs) else [inputs]
        moves = [u for u in updates or ()]
        self._updates = [assign(*u) if isinstance(u, tuple) else u for u in moves]
        self._fetches = [*flatten(outputs), *(u.node if isinstance(u, Operation) else u for u in self._updates)]
        self._made: Any = None

    def __call__(self, inputs: Any = ()) -> Any:
        given = _along(self._structure, inputs if is_nested(inputs) else [inputs])
        if len(given) != len(self.inputs):
            raise FeedError(f"the function takes values of {len(self.inputs)} inputs, not {len(given)}{here()}")
        graph = next((x.graph for x in (*self.inputs, *self._fetches) if isinstance(x, Node)), get_default_graph())
        session = state.session_of(graph)
        fed = [(p, v) for p, v in zip(self.inputs, given, strict=True) if isinstance(p, Node) and v is not None]
        places = tuple(p for p, _ in fed)
        if self._made is None or self._made[0] is not session or self._made[1] != places:
            self._made = (session, places, session.make_callable(self._fetches, list(places)))
        results = self._made[2](*(v for _, v in fed))[:len(flatten(self._outputs))]
        return pack_sequence_as(self._outputs, results) if is_nested(self._outputs) else results[0]


def function(inputs: Any, outputs: Any, updates: Any = None, name: str | None = None, **kwargs: Any) -> Function:
    """A function that takes values of the inputs, in a list, and returns those of the outputs; `updates` are run with it.

    The learning phase among the inputs takes 0 or 1.

    FeedError, by the call: values that do not fit.

    >>> x = tf.keras.backend.placeholder((None,))
    >>> tf.keras.backend.function([x], [x * 2.0])([[1.0, 2.0]])
    [array([2., 4.], dtype=float32)]
    """
    return Function(inputs, outputs, updates, name, **kwargs)
