"""Contrib's cells around cells, layers of cells both ways, and what its programs ask of inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import GraphError, ShapeError
from ..initializers import constant_initializer
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import compatible
from ..ops.array import shape as shape_of
from ..ops.math import sigmoid
from ..ops.nn import xw_plus_b
from ..ops.state import Variable
from ..variables import get_variable, get_variable_scope, variable_scope
from .cell import width_of
from .loops import turned
from .nested import alike, mapped
from .unrolled import static_bidirectional_rnn
from .wrappers import _all_of, _Wrapper

__all__ = ["CompiledWrapper", "HighwayWrapper", "best_effort_input_batch_size", "stack_bidirectional_rnn", "transpose_batch_time"]


class HighwayWrapper(_Wrapper):
    """A cell whose inputs are carried beside its outputs, x carry + y transform, each by a gate of the inputs (Srivastava et al. 2015).

    With `couple_carry_transform_gates` transform is 1 - carry. Variables, in the scope around the cell, `carry_w`, `carry_b`, which begins with
    `carry_bias_init`, and else `transform_w`, `transform_b`. GraphError: inputs and outputs are not nested alike. ShapeError: nor of one shape.

    >>> cell = tf.contrib.rnn.HighwayWrapper(tf.nn.rnn_cell.GRUCell(4))
    >>> output, state = cell(tf.ones([1, 4]), tf.ones([1, 4]))
    >>> output.shape, [v.name for v in cell.weights][-2:]
    (TensorShape((1, 4)), ['carry_w:0', 'carry_b:0'])
    """

    def __init__(self, cell: Any, couple_carry_transform_gates: bool = True, carry_bias_init: float = 1.0):
        super().__init__(cell)
        self._coupled, self._bias = bool(couple_carry_transform_gates), carry_bias_init

    def _variables(self) -> list[Variable]:
        return list(dict.fromkeys([*_all_of([self._cell]), *self._weights]))

    def call_wrapped(self, cell: Callable[[Any, Any], Any], inputs: Any, state: Any) -> Any:
        """Inputs and outputs of the cell within, by their gates, and its new state."""
        outputs, new = cell(inputs, state)
        alike("HighwayWrapper", inputs, outputs)
        with variable_scope(get_variable_scope(), custom_getter=self._keep, auxiliary_name_scope=False):
            return mapped(self._carried, inputs, outputs), new

    def _gate(self, name: str, x: Node, start: float) -> Node:
        wide = width_of("HighwayWrapper", x)
        kernel = get_variable(f"{name}_w", [wide, wide], dtype=x.dtype)
        return sigmoid(xw_plus_b(x, kernel, get_variable(f"{name}_b", [wide], dtype=x.dtype, initializer=constant_initializer(start))))

    def _carried(self, inputs: Any, outputs: Any) -> Node:
        x, y = to_node(inputs), to_node(outputs)
        if not compatible(x.type.shape, y.type.shape):
            raise ShapeError(f"HighwayWrapper: the inputs {describe(x)} are not of the shape of the outputs, {describe(y)}{here()}")
        carry = self._gate("carry", x, self._bias)
        return x * carry + y * (1.0 - carry if self._coupled else self._gate("transform", x, -self._bias))


class CompiledWrapper(_Wrapper):
    """A cell that is compiled, as all are here: what it was in TensorFlow has no effect. GraphError: no cell.

    >>> cell = tf.contrib.rnn.CompiledWrapper(tf.nn.rnn_cell.GRUCell(4))
    >>> cell(tf.ones([1, 3]), tf.ones([1, 4]))[0].shape
    TensorShape((1, 4))
    """

    def __init__(self, cell: Any, compile_stateful: bool = False):
        super().__init__(cell)
        self._compile_stateful = compile_stateful

    def call_wrapped(self, cell: Callable[[Any, Any], Any], inputs: Any, state: Any) -> Any:
        """Output and new state of the cell within."""
        return cell(inputs, state)


def stack_bidirectional_rnn(cells_fw: Sequence[Any], cells_bw: Sequence[Any], inputs: Sequence[Any], initial_states_fw: Any = None,
                            initial_states_bw: Any = None, dtype: Any = None, sequence_length: Any = None,
                            scope: Any = None) -> tuple[list[Node], tuple[Any, ...], tuple[Any, ...]]:
    """`static_bidirectional_rnn` in layers: the outputs of both ways, side by side, are the inputs of the next layer.

    -> (the outputs of the last, one for each step, the last states of each layer forth, and back). Arguments as there, lists with one part for
    each layer; variables lie in `stack_bidirectional_rnn/cell_0/fw` and so on. GraphError: lists of other lengths; else as there.

    >>> cells = [[tf.nn.rnn_cell.GRUCell(3) for _ in range(2)] for _ in range(2)]
    >>> outputs, forth, back = tf.contrib.rnn.stack_bidirectional_rnn(*cells, [tf.ones([2, 4])] * 5, dtype=tf.float32)
    >>> len(outputs), outputs[0].shape, len(forth), cells[0][0].weights[0].name
    (5, TensorShape((2, 6)), 2, 'stack_bidirectional_rnn/cell_0/fw/gru_cell/gates/kernel:0')
    """
    given = (cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    if not cells_fw or any(x is not None and (not isinstance(x, (list, tuple)) or len(x) != len(cells_fw)) for x in given):
        raise GraphError(f"stack_bidirectional_rnn: cells and initial states are lists with one part for each layer{here()}")
    states_fw, states_bw, outputs = [], [], list(inputs)
    with variable_scope(scope if scope is not None else "stack_bidirectional_rnn"):
        for i, (forth, back) in enumerate(zip(cells_fw, cells_bw, strict=True)):
            with variable_scope(f"cell_{i}") as entered:
                outputs, one, other = static_bidirectional_rnn(
                    forth, back, outputs, initial_states_fw and initial_states_fw[i], initial_states_bw and initial_states_bw[i], dtype,
                    sequence_length, entered)
            states_fw.append(one)
            states_bw.append(other)
    return outputs, tuple(states_fw), tuple(states_bw)


def transpose_batch_time(x: Any) -> Node:
    """The first two axes the other way round: any[batch, steps, ...] -> any[steps, batch, ...]; a vector or a scalar as it is.

    DTypeError: no tensor.

    >>> tf.contrib.rnn.transpose_batch_time(tf.zeros([2, 5, 3])).shape
    TensorShape((5, 2, 3))
    """
    node = to_node(x)
    return node if node.type.rank is not None and node.type.rank < 2 else turned(node)


def best_effort_input_batch_size(flat_input: Sequence[Any]) -> Any:
    """The number of rows of inputs [steps, batch, ...]: a number where one of them tells it, else a tensor. ShapeError: one of another rank.

    >>> tf.contrib.rnn.best_effort_input_batch_size([tf.placeholder(tf.float32), tf.zeros([5, 2, 3])])
    2
    """
    for x in map(to_node, flat_input):
        if x.type.rank is not None and x.type.rank < 2:
            raise ShapeError(f"best_effort_input_batch_size: {describe(x)} is not [steps, batch, ...]{here()}")
        if x.type.shape is not None and isinstance(x.type.shape[1], int):
            return x.type.shape[1]
    return shape_of(flat_input[0])[1]
