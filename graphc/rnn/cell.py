"""What a cell is: a function of an input and a state that gives an output and the next state, and the sizes of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..initializers import constant_initializer, zeros_initializer
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import DType, as_shape, compatible, shape_str
from ..layers.base import Layer
from ..ops.array import concat, zeros
from ..ops.array import shape as shape_of
from ..ops.linalg import matmul
from ..ops.nn import bias_add
from ..ops.state import Variable
from ..variables import get_variable, get_variable_scope, variable_scope
from .nested import flatten, is_nested, mapped, shown

__all__ = ["LayerRNNCell", "RNNCell"]


def dims_of(what: str, size: Any) -> list[int]:
    """A size of a state or an output, a number or a shape, as a list of numbers. GraphError: it is neither."""
    dims = [size] if isinstance(size, (int, np.integer)) and not isinstance(size, bool) else as_shape(getattr(size, "value", size))
    known = [int(d) for d in dims or () if isinstance(d, (int, np.integer)) and d >= 0]
    if dims is None or len(known) < len(dims):
        raise GraphError(f"{what}: {size!r:.60} is no size: it is a number or a known shape{here()}")
    return known


def zero_states(what: str, sizes: Any, batch_size: Any, dtype: Any) -> Any:
    """Zeros for the nested sizes of a state, a row for each of the batch."""
    kinds = flatten(dtype) if is_nested(dtype) else [dtype] * len(flatten(sizes))
    if len(kinds) != len(flatten(sizes)):
        raise GraphError(f"{what}: {len(kinds)} dtypes for a state of {len(flatten(sizes))} parts{here()}")
    rows = batch_size if isinstance(batch_size, Node) else getattr(batch_size, "value", batch_size)
    if rows is None:
        raise GraphError(f"{what}: the size of the batch is not known; tf.shape(x)[0] is what a run has{here()}")
    left = iter(kinds)
    return mapped(lambda size: zeros([rows, *dims_of(what, size)], next(left)), sizes)


class RNNCell(Layer):
    """A cell of a recurrent network, from which others are derived.

    A subclass gives the properties `state_size` and `output_size` (numbers, shapes, or nested tuples of them), and `call(inputs, state)` ->
    (output, new state), in which `tf.get_variable` makes its variables, or it overrides `__call__(inputs, state, scope=None)`.
    Called with inputs: float[batch, ...] and a state nested as `state_size`. GraphError: what a subclass has to say is not said.

    >>> class Adder(tf.nn.rnn_cell.RNNCell):
    ...     state_size = output_size = 2
    ...     def call(self, inputs, state):
    ...         factor = tf.get_variable("factor", [], initializer=tf.ones_initializer())
    ...         return inputs * factor, inputs + state
    >>> cell = Adder(name="adder")
    >>> output, state = cell(tf.constant([[1.0, 2.0]]), cell.zero_state(1, tf.float32))
    >>> tf.Session(jit=False).run(state), cell.trainable_weights[0].name
    (array([[1., 2.]], dtype=float32), 'adder/factor:0')
    """

    def __init__(self, trainable: bool = True, name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(trainable, name, dtype, **kwargs)

    @property
    def state_size(self) -> Any:
        """The sizes of the state without the batch: a number, a shape, or nested tuples of them."""
        raise NotImplementedError(f"{type(self).__name__} does not say the size of its state")

    @property
    def output_size(self) -> Any:
        """The size of the output without the batch: a number, a shape, or nested tuples of them."""
        raise NotImplementedError(f"{type(self).__name__} does not say the size of its output")

    def __call__(self, inputs: Any, state: Any, scope: Any = None, *args: Any, **kwargs: Any) -> Any:
        if scope is not None:
            with variable_scope(scope, custom_getter=self._keep) as entered:
                return super().__call__(inputs, tensors_of(state), *args, scope=entered, **kwargs)
        with variable_scope(get_variable_scope(), custom_getter=self._keep, auxiliary_name_scope=False):
            return super().__call__(inputs, tensors_of(state), *args, **kwargs)

    def _given(self, inputs: Any) -> Any:
        if is_nested(inputs) and any(isinstance(x, Node) for x in flatten(inputs)):
            return tensors_of(inputs)
        return to_node(inputs)

    def _told(self, given: Any) -> tuple[Any, DType]:
        return mapped(lambda x: x.shape, given), flatten(given)[0].dtype

    def _keep(self, getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What `tf.get_variable` gives inside the cell, kept among its variables."""
        variable = getter(*args, **kwargs)
        if isinstance(variable, Variable) and all(variable is not v for v in self._weights):
            self._weights.append(variable)
        return variable

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        """Its own variables, without those of cells in it, which `_keep` hears of too; and these, by TensorFlow's names for them."""
        inner = {id(v) for layer in self._inner() for v in layer.weights}
        return [("cell" if name == "_cell" else name, x) for name, x in super()._checkpoint_dependencies if id(x) not in inner]

    def build(self, input_shape: Any) -> None:
        """Nothing: the variables are made by `call`."""
        self.built = True

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Zeros nested as `state_size`, one row for each of the batch.

        batch_size: a number or int[]; `dtype`: one, or one for each part. GraphError: it is not known. DTypeError: no such dtype.
        """
        with name_scope(f"{type(self).__name__}ZeroState"):
            return zero_states(f"{type(self).__name__}.zero_state", self.state_size, batch_size, dtype)

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        """Zeros for a state, for as many rows as the inputs have and of their dtype. GraphError: neither inputs nor a size and dtype."""
        if inputs is not None:
            x = to_node(inputs)
            batch_size, dtype = rows_of(x), x.dtype
        if batch_size is None or dtype is None:
            raise GraphError(f"{type(self).__name__}.get_initial_state: neither inputs nor batch_size and dtype are given{here()}")
        return self.zero_state(batch_size, dtype)

    def _pair(self, state: Any, names: str = "c, h") -> tuple[Any, Any]:
        """The two parts of a state, which messages call by these names. GraphError: it is no pair."""
        if not isinstance(state, (tuple, list)) or len(state) != 2:
            raise GraphError(f"{self._name}: the state is a pair ({names}), not {shown(state)}{here()}")
        return state[0], state[1]


class LayerRNNCell(RNNCell):
    """A cell that makes its variables in `build`, by `add_variable`, as layers do."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None, *args: Any, **kwargs: Any) -> Any:
        return Layer.__call__(self, inputs, tensors_of(state), *args, scope=scope, **kwargs)

    # ------------------------------------------------------------------ operands

    def _width(self, input_shape: Any) -> int:
        """The number of features of the inputs, for which variables are made."""
        return self._size(input_shape, -1)

    def _input(self, inputs: Node) -> Node:
        """The inputs, once they are a matrix of floats."""
        if inputs.type.dtype.kind != "f":
            raise DTypeError(f"{self._name}: the inputs {describe(inputs)} are not of a floating dtype{here()}")
        self._rank(inputs, 2, exact=True)
        return inputs

    def _part(self, name: str, value: Any, width: int) -> Node:
        """A part of the state, once it is a matrix of that many columns."""
        if is_nested(value):
            raise GraphError(f"{self._name}: {name} is one tensor, not {shown(value)}{here()}")
        x = to_node(value)
        if not compatible(x.type.shape, (None, width)):
            raise ShapeError(f"{self._name}: {name}, {describe(x)}, is not of shape {shape_str((None, width))}{here()}")
        if x.type.dtype.kind != "f":
            raise DTypeError(f"{self._name}: {name}, {describe(x)}, is not of a floating dtype{here()}")
        if x.type.shape is None:
            x.set_shape([None, width])
        return x


def positive(what: str, name: str, value: Any) -> int:
    """A number of units or classes. GraphError: it is none."""
    if isinstance(value, (bool, str)) or not isinstance(getattr(value, "value", value), (int, np.integer)) or getattr(value, "value", value) < 1:
        raise GraphError(f"{what}: {name} is a number of 1 or more, not {value!r:.60}{here()}")
    return int(getattr(value, "value", value))


def tensors_of(state: Any) -> Any:
    """A state whose arrays and numbers are tensors; other objects stay."""
    return mapped(lambda x: to_node(x) if isinstance(x, (Node, np.ndarray, np.generic, int, float)) else x, state)


def size_at(x: Node, axis: int) -> Any:
    """The size along an axis, None where it is not known."""
    dims = x.type.shape
    return dims[axis] if dims is not None and -len(dims) <= axis < len(dims) else None


def rows_of(x: Node) -> Any:
    """The number of rows: a number where it is known while the graph is built, else a tensor."""
    dims = x.type.shape
    return dims[0] if dims and isinstance(dims[0], int) else shape_of(x)[0]


def projected(parts: Sequence[Node], kernel: Any, bias: Any = None) -> Node:
    """The parts, side by side, times the kernel, plus the bias."""
    out = matmul(parts[0] if len(parts) == 1 else concat(parts, 1), kernel)
    return out if bias is None else bias_add(out, bias)


def width_of(what: str, x: Node) -> int:
    """The number of columns of a matrix, for which variables are made. ShapeError: it is not known."""
    dims = x.type.shape
    if dims is None or len(dims) != 2 or dims[-1] is None:
        raise ShapeError(f"{what}: {describe(x)} is no matrix of known width, for which variables are made{here()}")
    return int(dims[-1])


def linear(what: str, parts: Sequence[Node], units: int) -> Node:
    """The parts, side by side, times a variable `kernel` plus a variable `bias` of the scope. ShapeError: a width is not known."""
    kernel = get_variable("kernel", [sum(width_of(what, x) for x in parts), units], dtype=parts[0].dtype)
    return projected(parts, kernel, get_variable("bias", [units], dtype=parts[0].dtype, initializer=zeros_initializer()))


def inner_linear(args: Any, output_size: int, bias: bool, bias_initializer: Any = None, kernel_initializer: Any = None, bias_start: float = 0.0,
                 scope: Any = None) -> Node:
    """TensorFlow's `_linear`, which programs take for cells of their own: matrices side by side times `kernel`, plus `bias` if there is one.

    `bias_initializer`: a number, as its first versions had it in that place, is `bias_start`. ShapeError: no matrix of a known width.
    """
    parts = [to_node(x) for x in (args if isinstance(args, (list, tuple)) else [args])]
    if isinstance(bias_initializer, (int, float)):
        bias_start, bias_initializer = bias_initializer, None
    with variable_scope(scope) if scope is not None else nullcontext():
        kernel = get_variable("kernel", [sum(width_of("_linear", x) for x in parts), output_size], dtype=parts[0].dtype,
                              initializer=kernel_initializer)
        start = bias_initializer or constant_initializer(bias_start)
        return projected(parts, kernel, get_variable("bias", [output_size], dtype=parts[0].dtype, initializer=start) if bias else None)
