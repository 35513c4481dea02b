"""Recurrent layers: a cell that walks the steps of its inputs, with masks, states that are kept, and either way."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import GraphError, ShapeError
from ...ir import nest
from ...ir.node import Node, describe, here
from ...ir.operator import to_node
from ...ir.types import TensorShape, as_shape
from ...ops.array import expand_dims, reverse, stack, transpose, zeros
from ...ops.array import shape as shape_of
from ...ops.control_loops import repeated
from ...ops.math import choose
from ...ops.state import Variable, assign
from .. import regularizers
from ..backend import state
from ..engine.layer import arguments_of
from ..named import serialize_keras_object
from ..serial import layer_of
from .base import StatedLayer, dims_of
from .recurrent_cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells

__all__ = ["GRU", "LSTM", "RNN", "SimpleRNN"]


class RNN(StatedLayer):
    """A cell, or a list of them, that walks the steps of its inputs.

    float[batch, steps, ...] -> float[batch, output], the last output, or with `return_sequences` float[batch, steps, output]; with
    `return_state` a list of that and the last states. A step that the mask leaves out repeats the output and keeps the states.
    `go_backwards`: from the last step on, outputs in that order. `stateful`: the states after a batch are those that the next begins with.
    `unroll`: the steps stand in the graph one by one. `time_major`: steps are the first axis. GraphError: no cell, or a state that is not
    right. ShapeError, by the call: inputs without steps.

    >>> layer = tf.keras.layers.RNN([tf.keras.layers.GRUCell(4), tf.keras.layers.GRUCell(3)], return_sequences=True)
    >>> layer(tf.zeros([2, 5, 6])).shape
    TensorShape((2, 5, 3))
    """

    supports_masking = True

    def __init__(self, cell: Any, return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
                 unroll: bool = False, time_major: bool = False, **kwargs: Any):
        self.zero_output_for_mask = kwargs.pop("zero_output_for_mask", False)
        if "input_dim" in kwargs and "input_shape" not in kwargs or "input_length" in kwargs:
            kwargs["input_shape"] = (kwargs.pop("input_length", None), kwargs.pop("input_dim", None))
        super().__init__(**kwargs)
        cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
            raise GraphError(f"{self._name}: {cell!r:.60} is no cell: it has no call or no state_size{here()}")
        self.cell, self.return_sequences, self.return_state = cell, return_sequences, return_state
        self.go_backwards, self.stateful, self.unroll, self.time_major = go_backwards, stateful, unroll, time_major
        self.states: Any = None

    # ------------------------------------------------------------------ shapes

    @property
    def _sizes(self) -> list[Any]:
        """The sizes of the parts of the state, one after the other."""
        return nest.flatten(nest.mapped(lambda s: Size(s), tuple_of(self.cell.state_size)))

    @property
    def _output_size(self) -> list[Any]:
        size = getattr(self.cell, "output_size", None)
        return Size(size if size is not None else nest.flatten(self.cell.state_size)[0]).dims

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output, and with `return_state` of the states, in a list."""
        dims = dims_of(input_shape[0] if isinstance(input_shape, list) else input_shape, 3)
        steps, rows = (dims[0], dims[1]) if self.time_major else (dims[1], dims[0])
        output = [*([steps, rows] if self.time_major else [rows, steps]), *self._output_size] if self.return_sequences else [rows, *self._output_size]
        if not self.return_state:
            return TensorShape(output)
        return [TensorShape(output), *(TensorShape([rows, *size.dims]) for size in self._sizes)]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the steps, where there are some; None of states."""
        own = (mask[0] if isinstance(mask, list) else mask) if self.return_sequences else None
        return [own, *[None] * len(self._sizes)] if self.return_state else own

    def build(self, input_shape: Any) -> None:
        """Build the cell for one step, and make the states that are kept."""
        dims = list(as_shape(input_shape[0] if isinstance(input_shape, list) else input_shape) or [])
        if len(dims) < 3:
            raise ShapeError(f"{self._name}: inputs of shape {TensorShape(dims or None)} have no steps: they are [batch, steps, ...]{here()}")
        rows = dims[1] if self.time_major else dims[0]
        if hasattr(self.cell, "build") and not getattr(self.cell, "built", False):
            self.cell._dtype = self.cell._dtype or self._dtype
            self.cell.build(TensorShape([rows, *dims[2:]]))
            self.cell.built = True
        if self.stateful and self.states is None:
            self._keep_states(rows)
        self.built = True

    def _keep_states(self, rows: Any) -> None:
        if rows is None:
            raise ShapeError(f"{self._name}: a stateful layer needs a known number of rows: give batch_input_shape or batch_shape{here()}")
        self._rows = int(rows)
        with self.graph.control_dependencies(None):
            kind = self._dtype.as_numpy_dtype if self._dtype is not None else state.floatx()
            self.states = [Variable(np.zeros([self._rows, *size.dims], kind), trainable=False, name="state", collections=[])
                           for size in self._sizes]

    # ------------------------------------------------------------------ calling

    def __call__(self, inputs: Any, initial_state: Any = None, constants: Any = None, **kwargs: Any) -> Any:
        if isinstance(inputs, (list, tuple)) and initial_state is None:
            initial_state, inputs = list(inputs[1:]) or None, inputs[0]
        if initial_state is not None:
            kwargs["initial_state"] = list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]
        if constants is not None:
            kwargs["constants"] = list(constants) if isinstance(constants, (list, tuple)) else [constants]
        return super().__call__(inputs, **kwargs)

    def call(self, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None, constants: Any = None) -> Any:
        """The output, or with `return_state` a list of it and the states."""
        x = to_node(inputs)
        self._rank(x, 3)
        mask = mask[0] if isinstance(mask, list) else mask
        steps, counts = (x, mask) if self.time_major else (turned(x), None if mask is None else turned(mask))
        begun = self._begun(steps, initial_state)
        last, outputs, new = self._walked(steps, counts, begun, training, constants or [])
        if self.stateful:
            self.add_update([assign(kept, after) for kept, after in zip(self.states, nest.flatten(new), strict=True)])
        output = (outputs if self.time_major else turned(outputs)) if self.return_sequences else last
        shape = self.compute_output_shape(x.shape)
        output.set_shape(shape[0] if isinstance(shape, list) else shape)
        return [output, *nest.flatten(new)] if self.return_state else output

    def _begun(self, steps: Node, given: Any) -> Any:
        """The state to begin with, nested as the cell has it: what is given, what was kept, or zeros."""
        sizes = self._sizes
        if given is not None:
            parts = [to_node(x) for x in nest.flatten(list(given))]
            if len(parts) != len(sizes):
                raise GraphError(f"{self._name}: {len(parts)} states are given to a layer that has {len(sizes)}{here()}")
        elif self.stateful:
            parts = [v.read_value() for v in self.states]
        else:
            parts = self._zeros(steps)
        return nest.pack(tuple_of(self.cell.state_size), parts)

    def _zeros(self, steps: Node) -> list[Node]:
        rows = steps.type.shape[1] if steps.type.shape is not None and isinstance(steps.type.shape[1], int) else shape_of(steps)[1]
        if hasattr(self.cell, "get_initial_state") and not isinstance(self.cell, (GRUCell, LSTMCell, SimpleRNNCell)):
            return [to_node(x) for x in nest.flatten(self.cell.get_initial_state(inputs=None, batch_size=rows, dtype=steps.dtype))]
        return [zeros([rows, *size.dims], steps.dtype) for size in self._sizes]

    def _nothing(self, steps: Node) -> Node:
        """An output of zeros."""
        return zeros([shape_of(steps)[1], *self._output_size], steps.dtype)

    def _step(self, x: Any, before: Any, training: Any, constants: list[Any]) -> tuple[Any, Any]:
        """What the cell makes of one step: the output, and the state nested as before."""
        takes = arguments_of(type(self.cell).call)
        given = before if isinstance(self.cell, StackedRNNCells) else list(before) if isinstance(before, tuple) else [before]
        options = {k: v for k, v in (("training", training), ("constants", constants or None)) if k in takes and v is not None}
        output, new = self.cell.call(x, given, **options)
        return to_node(output), nest.pack(before, [to_node(n) for n in nest.flatten(new if isinstance(new, (list, tuple)) else [new])])

    def _walked(self, steps: Node, mask: Node | None, begun: Any, training: Any, constants: list[Any]) -> tuple[Node, Any, Any]:
        """The last output, the outputs of all steps with `return_sequences`, and the last state."""
        if self.go_backwards:
            steps, mask = reverse(steps, [0]), None if mask is None else reverse(mask, [0])
        nothing = self._nothing(steps)

        def step(carried: Any, row: Any) -> tuple[Any, Any]:
            before, shown = carried
            x, counts = row if mask is not None else (row, None)
            output, new = self._step(x, before, training, constants)
            if counts is not None:
                rest = nothing if self.zero_output_for_mask else shown
                output = choose_rows(counts, output, rest)
                new = nest.mapped(lambda after, was: choose_rows(counts, after, was), new, before)
            return (new, output), ([output] if self.return_sequences else [])

        if hasattr(self.cell, "begin"):
            self.cell.begin(steps[0], begun if isinstance(self.cell, StackedRNNCells) else nest.flatten(begun)[0], training)
        rows_given = (steps, mask) if mask is not None else steps
        if self.unroll:
            (new, last), outputs = self._unrolled(step, (begun, nothing), rows_given)
        else:
            (new, last), outputs = repeated(self._name, step, (begun, nothing), rows_given, "while")
        if hasattr(self.cell, "end"):
            self.cell.end()
        return last, outputs[0] if self.return_sequences else None, new

    def _unrolled(self, step: Any, carried: Any, rows: Any) -> tuple[Any, Any]:
        first_rows = nest.flatten(rows)[0]
        count = first_rows.type.shape[0] if first_rows.type.shape is not None else None
        if not isinstance(count, int):
            raise ShapeError(f"{self._name}: the steps of {describe(first_rows)} cannot stand one by one: their number is not known{here()}")
        outputs = []
        for i in range(count):
            carried, out = step(carried, nest.mapped(lambda x, i=i: x[i], rows))
            outputs.append(out)
        return carried, [stack([out[0] for out in outputs], axis=0)] if self.return_sequences else []

    # ------------------------------------------------------------------ states that are kept

    def reset_states(self, states: Any = None) -> None:
        """Let the next batch begin with zeros, or with these states. GraphError: the layer keeps none, or has no such."""
        if not self.stateful:
            raise GraphError(f"{self._name}: only a stateful layer keeps states{here()}")
        if self.states is None:
            self._keep_states((getattr(self, "_batch_input_shape", None) or [None])[0])
        given = [None] * len(self.states) if states is None else list(states) if isinstance(states, (list, tuple)) else [states]
        if len(given) != len(self.states):
            raise GraphError(f"{self._name}: {len(given)} states are given to a layer that has {len(self.states)}{here()}")
        for held, value in zip(self.states, given, strict=True):
            wanted = np.zeros(held.type.shape, held.type.dtype) if value is None else np.asarray(value, held.type.dtype)
            if wanted.shape != held.type.shape:
                raise ShapeError(f"{self._name}: a state of shape {wanted.shape} is given for {describe(held)}{here()}")
            state.session_of(held.graph).load(held, wanted)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer anew."""
        own = {name: getattr(self, name) for name in ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "time_major")}
        return {**super(StatedLayer, self).get_config(), **own, "cell": serialize_keras_object(self.cell)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The layer of those arguments."""
        given = dict(config)
        return cls(layer_of(given.pop("cell"), custom_objects), **given)


class Size:
    """The sizes of one part of a state, without the batch: of a number, or of a shape."""

    def __init__(self, given: Any):
        self.dims = list(as_shape(given) or []) if isinstance(given, TensorShape) else [int(given)]


def tuple_of(sizes: Any) -> Any:
    """Sizes of a state, nested, with tuples for lists."""
    return tuple(tuple_of(s) for s in sizes) if isinstance(sizes, (list, tuple)) and not isinstance(sizes, TensorShape) else sizes


def turned(x: Node) -> Node:
    """The tensor with its first two axes, of rows and of steps, in the other order."""
    return transpose(x, perm=[1, 0, *range(2, x.type.rank or 2)])


def choose_rows(counts: Node, new: Node, old: Node) -> Node:
    """The rows of `new` that count, and those of `old`."""
    for _ in range((new.type.rank or 2) - 1):
        counts = expand_dims(counts, axis=-1)
    return choose(counts, new, old)


class OfCell(RNN):
    """What layers of one kind of cell share: its arguments are theirs."""

    _cell: Any = SimpleRNNCell

    def __init__(self, arguments: Mapping[str, Any], **kwargs: Any):
        given: dict[str, Any] = {k: v for k, v in arguments.items() if k not in ("self", "kwargs", "__class__")}
        ours: dict[str, Any] = {k: given.pop(k) for k in ("return_sequences", "return_state", "go_backwards", "stateful", "unroll") if k in given}
        options = {**ours, **kwargs}
        activity = given.pop("activity_regularizer", None)
        cell = self._made(given, kwargs.get("dtype"))
        super().__init__(cell, activity_regularizer=regularizers.get(activity), **options)
        held: dict[str, Any] = self._fixed(cell, given)
        self._state({**given, **held})

    def _made(self, given: dict[str, Any], dtype: Any) -> Any:
        """The cell of those arguments."""
        takes = inspect.signature(self._cell.__init__).parameters
        return self._cell(**{k: v for k, v in given.items() if k in takes}, dtype=dtype)

    @staticmethod
    def _fixed(cell: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the cell has them."""
        return {k: getattr(cell, k) for k in given if hasattr(cell, k)}

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer anew."""
        return StatedLayer.get_config(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The layer of those arguments."""
        return cls(**config)


class SimpleRNN(OfCell):
    """`RNN` of a `SimpleRNNCell`: float[batch, steps, n] -> float[batch, units]; GraphError, ShapeError: as there.

    >>> tf.keras.layers.SimpleRNN(3)(tf.zeros([2, 5, 4])).shape
    TensorShape((2, 3))
    """

    _cell = SimpleRNNCell

    def __init__(self, units: int, activation: Any = "tanh", use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
                 recurrent_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
                 recurrent_constraint: Any = None, bias_constraint: Any = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
                 return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
                 unroll: bool = False, **kwargs: Any):
        super().__init__(locals(), **kwargs)


class GRU(OfCell):
    """`RNN` of a `GRUCell`: float[batch, steps, n] -> float[batch, units]; GraphError, ShapeError: as there.

    >>> outputs, state = tf.keras.layers.GRU(3, return_sequences=True, return_state=True)(tf.zeros([2, 5, 4]))
    >>> outputs.shape, state.shape
    (TensorShape((2, 5, 3)), TensorShape((2, 3)))
    """

    _cell = GRUCell

    def __init__(self, units: int, activation: Any = "tanh", recurrent_activation: Any = "hard_sigmoid", use_bias: bool = True,
                 kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, recurrent_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, recurrent_constraint: Any = None, bias_constraint: Any = None, dropout: float = 0.0,
                 recurrent_dropout: float = 0.0, implementation: int = 1, return_sequences: bool = False, return_state: bool = False,
                 go_backwards: bool = False, stateful: bool = False, unroll: bool = False, reset_after: bool = False, **kwargs: Any):
        super().__init__(locals(), **kwargs)


class LSTM(OfCell):
    """`RNN` of an `LSTMCell`: float[batch, steps, n] -> float[batch, units]; GraphError, ShapeError: as there.

    >>> layer = tf.keras.layers.LSTM(3, return_state=True, name="memory")
    >>> [x.shape for x in layer(tf.zeros([2, 5, 4]))], [v.name for v in layer.weights]
    ([TensorShape((2, 3)), TensorShape((2, 3)), TensorShape((2, 3))], ['memory/kernel:0', 'memory/recurrent_kernel:0', 'memory/bias:0'])
    """

    _cell = LSTMCell

    def __init__(self, units: int, activation: Any = "tanh", recurrent_activation: Any = "hard_sigmoid", use_bias: bool = True,
                 kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros",
                 unit_forget_bias: bool = True, kernel_regularizer: Any = None, recurrent_regularizer: Any = None, bias_regularizer: Any = None,
                 activity_regularizer: Any = None, kernel_constraint: Any = None, recurrent_constraint: Any = None, bias_constraint: Any = None,
                 dropout: float = 0.0, recurrent_dropout: float = 0.0, implementation: int = 1, return_sequences: bool = False,
                 return_state: bool = False, go_backwards: bool = False, stateful: bool = False, unroll: bool = False, **kwargs: Any):
        super().__init__(locals(), **kwargs)
