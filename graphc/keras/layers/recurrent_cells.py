"""Cells of recurrent layers as Keras has them: a kernel for the inputs and one for the state, gates side by side in both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import GraphError
from ...ir.node import Node, here
from ...ir.operator import to_node
from ...ir.types import TensorShape, as_shape
from ...nest import map_structure
from ...nn import bias_add
from ...nn import dropout as drop
from ...ops.array import concat, ones, ones_like, split, zeros
from ...ops.array import shape as shape_of
from ...ops.linalg import matmul
from ...ops.math import choose
from ..engine.layer import Layer
from ..named import serialize_keras_object
from ..serial import layer_of
from .base import StatedLayer, trains

__all__ = ["AbstractRNNCell", "GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"]


class Cell(StatedLayer):
    """What the cells share: their kernels and biases, and what drops parts of inputs and states, the same ones in all steps."""

    gates = 1
    recurrent_dropout: Any = 0.0
    dropout: Any = 0.0

    def __init__(self, arguments: Mapping[str, Any], **kwargs: Any):
        super().__init__(**kwargs)
        self._state(arguments)
        if not isinstance(self.units, int) or isinstance(self.units, bool) or self.units < 1:
            raise GraphError(f"{self._name}: units is a number of 1 or more, not {self.units!r:.60}{here()}")
        self.dropout, self.recurrent_dropout = (min(1.0, max(0.0, float(rate or 0.0))) for rate in (self.dropout, self.recurrent_dropout))
        self.state_size: Any = self.units
        self.output_size = self.units
        self.bias: Any = None
        self._kept: tuple[list[Node] | None, list[Node] | None] | None = None      # what is dropped, while a layer walks its steps

    def build(self, input_shape: Any) -> None:
        """Make kernels and bias."""
        wide = self.units * self.gates
        self.kernel = self.add_weight("kernel", [self._size(input_shape, -1), wide], initializer=self.kernel_initializer,
                                      regularizer=self.kernel_regularizer, constraint=self.kernel_constraint)
        self.recurrent_kernel = self.add_weight("recurrent_kernel", [self.units, wide], initializer=self.recurrent_initializer,
                                                regularizer=self.recurrent_regularizer, constraint=self.recurrent_constraint)
        if self.use_bias:
            self.bias = self.add_weight("bias", self._bias_shape(), initializer=self._bias_start(), regularizer=self.bias_regularizer,
                                        constraint=self.bias_constraint)
        self.built = True

    def _bias_shape(self) -> list[int]:
        return [self.units * self.gates]

    def _bias_start(self) -> Any:
        return self.bias_initializer

    def begin(self, x: Node, h: Node, training: Any) -> None:
        """Draw what is dropped in all steps of inputs and states like these."""
        self._kept = (self._drawn(x, self.dropout, training), self._drawn(h, self.recurrent_dropout, training))

    def end(self) -> None:
        """Forget what was dropped."""
        self._kept = None

    def _drawn(self, like: Node, rate: float, training: Any) -> list[Node] | None:
        """What inputs are multiplied by, for each gate; None if nothing is dropped."""
        now = trains(self._name, training) if rate else False
        if now is False:
            return None
        whole = ones_like(like)
        drawn = [drop(whole, keep_prob=max(1.0 - rate, 1e-7)) for _ in range(self.gates if getattr(self, "implementation", 1) == 1 else 1)]
        return [choose(now, d, whole) for d in drawn] if isinstance(now, Node) else drawn

    def _projections(self, x: Node, h: Node, training: Any) -> tuple[Node, Node]:
        """Inputs and state times their kernels, gates side by side; without bias."""
        if self._kept is None:
            self.begin(x, h, training)
            kept, self._kept = self._kept, None
        else:
            kept = self._kept
        by_x, by_h = kept or (None, None)
        return self._product(x, self.kernel, by_x), self._product(h, self.recurrent_kernel, by_h)

    def _product(self, x: Node, kernel: Node, kept: list[Node] | None) -> Node:
        """x times the kernel, of what is kept of it for each gate."""
        if kept is None:
            return matmul(x, kernel)
        if len(kept) == 1:
            return matmul(x * kept[0], kernel)
        return concat([matmul(x * k, part) for k, part in zip(kept, split(kernel, self.gates, axis=1), strict=True)], 1)

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        """Zeros for a state, for as many rows as the inputs have."""
        rows, kind = (shape_of(inputs)[0], inputs.dtype) if inputs is not None else (batch_size, dtype)
        made = [zeros([rows, size], kind) for size in (self.state_size if isinstance(self.state_size, list) else [self.state_size])]
        return made if isinstance(self.state_size, list) else made[0]


class SimpleRNNCell(Cell):
    """activation(x @ kernel + bias + h @ recurrent_kernel), which is output and next state (Elman 1990).

    inputs: float[batch, n], states: [float[batch, units]] -> (float[batch, units], [the same]). GraphError: an argument that is not right.
    """

    def __init__(self, units: int, activation: Any = "tanh", use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
                 recurrent_regularizer: Any = None, bias_regularizer: Any = None, kernel_constraint: Any = None, recurrent_constraint: Any = None,
                 bias_constraint: Any = None, dropout: float = 0.0, recurrent_dropout: float = 0.0, **kwargs: Any):
        super().__init__(locals(), **kwargs)

    def call(self, inputs: Any, states: Any = None, training: Any = None) -> Any:
        """The output, and it as the state."""
        h = to_node(first(states))
        of_x, of_h = self._projections(inputs, h, training)
        output = self.activation((of_x if self.bias is None else bias_add(of_x, self.bias)) + of_h)
        return output, [output]


class GRUCell(Cell):
    """A gated recurrent unit (Cho et al. 2014): z, r of recurrent_activation, next state z h + (1 - z) activation(x ... + (r h) ...).

    inputs: float[batch, n], states: [float[batch, units]] -> (float[batch, units], [the same]). Gates stand in the order z, r, h. With
    `reset_after` r multiplies what the recurrent kernel makes of the state, and the bias is [2, 3 units]. GraphError: an argument that is not
    right.
    """

    gates = 3

    def __init__(self, units: int, activation: Any = "tanh", recurrent_activation: Any = "hard_sigmoid", use_bias: bool = True,
                 kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, recurrent_regularizer: Any = None, bias_regularizer: Any = None, kernel_constraint: Any = None,
                 recurrent_constraint: Any = None, bias_constraint: Any = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
                 implementation: int = 1, reset_after: bool = False, **kwargs: Any):
        super().__init__(locals(), **kwargs)

    def _bias_shape(self) -> list[int]:
        return [2, 3 * self.units] if self.reset_after else [3 * self.units]

    def _biases(self) -> tuple[Any, Any]:
        """What is added to the products of inputs, and of states."""
        return (self.bias[0], self.bias[1]) if self.reset_after else (self.bias, None)

    def call(self, inputs: Any, states: Any = None, training: Any = None) -> Any:
        """The output, and it as the state."""
        h = to_node(first(states))
        units = self.units
        of_x, of_h = self._projections(inputs, h, training)
        if self.bias is not None:
            by_x, by_h = self._biases()
            of_x, of_h = bias_add(of_x, by_x), of_h if by_h is None else bias_add(of_h, by_h)
        z, r = (self.recurrent_activation(a + b) for a, b in zip(split(of_x[:, :2 * units], 2, axis=1), split(of_h[:, :2 * units], 2, axis=1),
                                                                 strict=True))
        if self.reset_after:
            candidate = r * of_h[:, 2 * units:]
        else:
            kept = self._kept[1] if self._kept is not None else None
            last = r * h if kept is None else r * h * kept[-1]
            candidate = matmul(last, self.recurrent_kernel[:, 2 * units:])
        new = z * h + (1.0 - z) * self.activation(of_x[:, 2 * units:] + candidate)
        return new, [new]


class LSTMCell(Cell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997): c = f c + i activation(...), h = o activation(c), gates of recurrent_activation.

    inputs: float[batch, n], states: [h, c] of float[batch, units] -> (h, [h, c]). Gates stand in the order i, f, c, o; with `unit_forget_bias`
    the bias of f begins as ones. GraphError: an argument that is not right.

    >>> cell = tf.keras.layers.LSTMCell(3)
    >>> output, states = cell(tf.zeros([2, 4]), [tf.zeros([2, 3]), tf.zeros([2, 3])])
    >>> output.shape, cell.kernel.shape, tf.Session(jit=False).run(cell.bias).tolist()
    (TensorShape((2, 3)), TensorShape((4, 12)), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    """

    gates = 4

    def __init__(self, units: int, activation: Any = "tanh", recurrent_activation: Any = "hard_sigmoid", use_bias: bool = True,
                 kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros",
                 unit_forget_bias: bool = True, kernel_regularizer: Any = None, recurrent_regularizer: Any = None, bias_regularizer: Any = None,
                 kernel_constraint: Any = None, recurrent_constraint: Any = None, bias_constraint: Any = None, dropout: float = 0.0,
                 recurrent_dropout: float = 0.0, implementation: int = 1, **kwargs: Any):
        super().__init__(locals(), **kwargs)
        self.state_size = [self.units, self.units]

    def _bias_start(self) -> Any:
        return forgetting(self.units, self.bias_initializer) if self.unit_forget_bias else self.bias_initializer

    def _biases(self) -> Any:
        """What is added to the products."""
        return self.bias

    def call(self, inputs: Any, states: Any = None, training: Any = None) -> Any:
        """The output, and the next states."""
        h, c = (to_node(s) for s in states)
        of_x, of_h = self._projections(inputs, h, training)
        z = of_x + of_h
        output, memory = self._remembered(split(z if self.bias is None else bias_add(z, self._biases()), 4, axis=1), c)
        return output, [output, memory]

    def _remembered(self, gates: Any, c: Node) -> tuple[Node, Node]:
        return remembered(self, gates, c)


class PeepholeLSTMCell(LSTMCell):
    """Long short-term memory whose gates see the memory (Gers and Schmidhuber 2000): i and f that before the step, o that behind it.

    inputs: float[batch, n], states: [h, c] of float[batch, units] -> (h, [h, c]); beside the variables of `LSTMCell` three of float[units].
    GraphError: an argument that is not right.

    >>> cell = tf.keras.experimental.PeepholeLSTMCell(3)
    >>> tf.keras.layers.RNN(cell)(tf.zeros([2, 5, 4])).shape, [v.name.split("/")[-1] for v in cell.weights[3:]]    # doctest: +NORMALIZE_WHITESPACE
    (TensorShape((2, 3)),
     ['input_gate_peephole_weights:0', 'forget_gate_peephole_weights:0', 'output_gate_peephole_weights:0'])
    """

    def build(self, input_shape: Any) -> None:
        """Make kernels and bias, and what each gate multiplies the memory by."""
        super().build(input_shape)
        self.input_gate_peephole_weights, self.forget_gate_peephole_weights, self.output_gate_peephole_weights = (
            self.add_weight(f"{gate}_gate_peephole_weights", [self.units], initializer=self.kernel_initializer)
            for gate in ("input", "forget", "output"))

    def _remembered(self, gates: Any, c: Node) -> tuple[Node, Node]:
        i, f, new, o = gates
        memory = (self.recurrent_activation(f + self.forget_gate_peephole_weights * c) * c
                  + self.recurrent_activation(i + self.input_gate_peephole_weights * c) * self.activation(new))
        return self.recurrent_activation(o + self.output_gate_peephole_weights * memory) * self.activation(memory), memory


class AbstractRNNCell(Layer):
    """A cell of a program's own: `call(inputs, states)` gives the output and the next states, `state_size` and `output_size` say their sizes.

    >>> class Sum(tf.keras.layers.AbstractRNNCell):
    ...     state_size = output_size = 3
    ...     def call(self, inputs, states):
    ...         total = inputs + states[0]
    ...         return total, [total]
    >>> tf.Session(jit=False).run(tf.keras.layers.RNN(Sum())(tf.ones([1, 4, 3])))
    array([[4., 4., 4.]], dtype=float32)
    """

    def call(self, inputs: Any, states: Any = None, **kwargs: Any) -> Any:
        """The output of a step, and the next states. NotImplementedError: a subclass has to say what they are."""
        raise NotImplementedError(f"{type(self).__name__} does not say what a step is: it has no call(inputs, states)")

    @property
    def state_size(self) -> Any:
        """The size of the state, or of each. NotImplementedError: a subclass has to say what it is."""
        raise NotImplementedError(f"{type(self).__name__} does not say how large its states are: it has no state_size")

    @property
    def output_size(self) -> Any:
        """The size of the output. NotImplementedError: a subclass has to say what it is."""
        raise NotImplementedError(f"{type(self).__name__} does not say how large its output is: it has no output_size")

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        """Zeros for each state, for as many rows as the inputs have."""
        rows, kind = (shape_of(inputs)[0], inputs.dtype) if inputs is not None else (batch_size, dtype)
        return map_structure(lambda size: zeros([rows, *(as_shape(size) or () if isinstance(size, TensorShape) else [size])], kind), self.state_size)


def first(states: Any) -> Any:
    """The only part of a state, whether it stands in a list or not."""
    return states[0] if isinstance(states, (list, tuple)) else states


def forgetting(units: int, initializer: Any, before: int = 1) -> Any:
    """The initial bias of long short-term memory, of which that of the forget gate, which so many others stand before, is ones."""
    def start(shape: Any, dtype: Any = None, **ignored: Any) -> Node:
        return concat([initializer([before * units], dtype=dtype), ones([units], dtype), initializer([2 * units], dtype=dtype)], 0)
    return start


def remembered(cell: Any, gates: Any, c: Node) -> tuple[Node, Node]:
    """Output and memory of long short-term memory, by what its gates i, f, c, o are before their activations."""
    i, f, new, o = gates
    memory = cell.recurrent_activation(f) * c + cell.recurrent_activation(i) * cell.activation(new)
    return cell.recurrent_activation(o) * cell.activation(memory), memory


class StackedRNNCells(StatedLayer):
    """Cells as one: the output of each is the input of the next, and the states of all stand behind each other.

    GraphError: what is no cell.

    >>> cells = tf.keras.layers.StackedRNNCells([tf.keras.layers.GRUCell(3), tf.keras.layers.LSTMCell(2)])
    >>> cells.state_size, cells.output_size
    ((3, [2, 2]), 2)
    """

    def __init__(self, cells: Any, **kwargs: Any):
        super().__init__(**kwargs)
        for cell in cells:
            if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
                raise GraphError(f"{self._name}: {cell!r:.60} is no cell: it has no call or no state_size{here()}")
        self.cells = list(cells)

    @property
    def state_size(self) -> Any:
        """The sizes of the states of all cells."""
        return tuple(cell.state_size for cell in self.cells)

    @property
    def output_size(self) -> Any:
        """The size of the output of the last cell."""
        last = self.cells[-1]
        size = getattr(last, "output_size", None)
        return size if size is not None else first(last.state_size)

    def build(self, input_shape: Any) -> None:
        """Build the cells one after the other."""
        shape = TensorShape(input_shape)
        for cell in self.cells:
            if not getattr(cell, "built", True):
                with self.graph.name_scope(cell.name):
                    cell._dtype = cell._dtype or self._dtype
                    cell.build(shape)
                    cell.built = True
            size = getattr(cell, "output_size", None)
            shape = TensorShape([shape.as_list()[0], size if size is not None else first(cell.state_size)])
        self.built = True

    def begin(self, x: Node, h: Any, training: Any) -> None:
        """Draw what is dropped in all steps."""
        for i, cell in enumerate(self.cells):
            if hasattr(cell, "begin"):
                cell.begin(x, first(h[i]), training)
            x = first(h[i])

    def end(self) -> None:
        """Forget what was dropped."""
        for cell in self.cells:
            if hasattr(cell, "end"):
                cell.end()

    def call(self, inputs: Any, states: Any = None, **kwargs: Any) -> Any:
        """The output of the last cell, and the states of all."""
        new = []
        for cell, state in zip(self.cells, states, strict=True):
            given = list(state) if isinstance(state, (list, tuple)) else [state]
            inputs, after = cell.call(inputs, given)
            new.append(after if isinstance(cell.state_size, (list, tuple)) else first(after))
        return inputs, tuple(new)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the cells anew."""
        return {**super(StatedLayer, self).get_config(), "cells": [serialize_keras_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The cells of those arguments."""
        cells = [layer_of(c, custom_objects) for c in config["cells"]]
        return cls(cells, **{k: v for k, v in config.items() if k != "cells"})
