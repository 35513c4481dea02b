"""`tf.contrib.cudnn_rnn`: the recurrent layers of several levels that TensorFlow had for CuDNN, on the processor, and their cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ArgumentError, ShapeError
from ..initializers import glorot_uniform_initializer, zeros_initializer
from ..ir.arguments import hold as _hold
from ..ir.node import Node, describe, here
from ..layers.base import Layer
from ..layers.core import dropout as _dropout
from ..ops.array import concat, shape, split, stack, zeros
from ..ops.math import sigmoid, tanh
from ..ops.nn import relu
from ..rnn.cell import RNNCell, positive, projected
from ..rnn.cells import BasicRNNCell, GRUCell, LSTMStateTuple
from ..rnn.loops import bidirectional_dynamic_rnn, dynamic_rnn
from ..rnn.more_cells import LSTMBlockCell
from ..tf1_names import namespace as _namespace
from ..variables import variable_scope

__all__ = ["CudnnCompatibleGRUCell", "CudnnCompatibleLSTMCell", "CudnnGRU", "CudnnLSTM", "CudnnRNNRelu", "CudnnRNNTanh"]


class CudnnCompatibleLSTMCell(LSTMBlockCell):
    """An `LSTMBlockCell` as CuDNN has it: no forget bias, no clip, no peepholes; errors as there.

    >>> cell = tf.contrib.cudnn_rnn.CudnnCompatibleLSTMCell(3)
    >>> _ = cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))
    >>> cell.weights[0].name
    'cudnn_compatible_lstm_cell/kernel:0'
    """

    def __init__(self, num_units: int, reuse: Any = None):
        super().__init__(num_units, forget_bias=0.0, reuse=reuse, name="cudnn_compatible_lstm_cell")


class CudnnCompatibleGRUCell(GRUCell):
    """A `GRUCell` as CuDNN has it, whose reset gate weighs the projected state: c = activation(x Wi + bi + r (h Wh + bh)); errors as there.

    Variables `gates/kernel`, `gates/bias`, `candidate/input_projection/kernel`, `/bias`, `candidate/hidden_projection/kernel`, `/bias`.
    """

    def __init__(self, num_units: int, reuse: Any = None, kernel_initializer: Any = None):
        super().__init__(num_units, reuse=reuse, kernel_initializer=kernel_initializer, name="cudnn_compatible_gru_cell")

    def build(self, input_shape: Any) -> None:
        """Make the kernels and biases of gates and of both projections."""
        width, units = self._width(input_shape), self._num_units

        def pair(name: str, rows: int, columns: int) -> tuple[Any, Any]:
            return (self.add_variable(f"{name}/kernel", [rows, columns], initializer=self._kernel_initializer),
                    self.add_variable(f"{name}/bias", [columns], initializer=zeros_initializer()))
        self.gates = pair("gates", width + units, 2 * units)
        self._of_input = pair("candidate/input_projection", width, units)
        self._of_state = pair("candidate/hidden_projection", units, units)
        self.built = True

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The next state, twice."""
        x, h = self._input(inputs), self._part("the state", state, self._num_units)
        r, u = split(sigmoid(projected([x, h], *self.gates)), 2, axis=1)
        c = self._activation(projected([x], *self._of_input) + r * projected([h], *self._of_state))
        new = u * h + (1.0 - u) * c
        return new, new


class _CudnnRNN(Layer):
    """Levels of cells, each over all steps, one above the other, in one direction or in both."""

    _cell: Callable[[int], RNNCell]
    _states = 1             # tensors that a cell carries from step to step

    def __init__(self, num_layers: int, num_units: int, input_mode: str = "linear_input", direction: str = "unidirectional", dropout: float = 0.0,
                 seed: int | None = None, dtype: Any = None, kernel_initializer: Any = None, bias_initializer: Any = None, name: str | None = None):
        super().__init__(name=name, dtype=dtype)
        what = type(self).__name__
        self.num_layers, self.num_units = positive(what, "num_layers", num_layers), positive(what, "num_units", num_units)
        for word, given, known in (("direction", direction, ("unidirectional", "bidirectional")),
                                   ("input_mode", input_mode, ("linear_input", "auto_select"))):
            if given not in known:
                raise ArgumentError(f"{what}: {word} is one of {', '.join(known)}, not {given!r:.60}{here()}")
        self.direction, self.input_mode, self._dropped, self._seed = direction, input_mode, dropout, seed
        self._initializer = glorot_uniform_initializer(seed) if kernel_initializer is None else kernel_initializer
        self._bias_initializer = bias_initializer or zeros_initializer()
        self._cells = [[type(self)._cell(num_units) for _ in range(self.num_dirs)] for _ in range(num_layers)]

    @property
    def num_dirs(self) -> int:
        """How many directions there are."""
        return 1 if self.direction == "unidirectional" else 2

    def state_shape(self, batch_size: Any) -> tuple[list[Any], ...]:
        """The shapes of the states: [levels * directions, batch, units] each."""
        return ([self.num_layers * self.num_dirs, batch_size, self.num_units],) * self._states

    def call(self, inputs: Any, initial_state: Any = None, training: Any = True) -> tuple[Node, tuple[Node, ...]]:
        """The outputs of the last level, float[steps, batch, directions * units], and the last states of all."""
        if inputs.type.rank not in (None, 3):
            raise ShapeError(f"{type(self).__name__}: inputs are float[steps, batch, n], not {describe(inputs)}{here()}")
        batch = shape(inputs)[1]
        states = initial_state if initial_state is not None else [zeros(s, inputs.dtype) for s in self.state_shape(batch)]
        x, last = inputs, []
        with variable_scope(self._scope or self._base_name, initializer=self._initializer, custom_getter=self._variable):
            for level in range(self.num_layers):
                if level and self._dropped:
                    x = _dropout(x, self._dropped, seed=self._seed, training=training)
                begins = [self._state([s[level * self.num_dirs + d] for s in states]) for d in range(self.num_dirs)]
                x, ends = self._level(level, x, begins)
                last += ends
        return x, tuple(stack([end[k] for end in last]) for k in range(self._states))

    def _variable(self, getter: Callable[..., Any], name: str, *args: Any, **kwargs: Any) -> Any:
        """A variable of a cell; all its biases begin as the layer says."""
        return getter(name, *args, **{**kwargs, "initializer": self._bias_initializer} if name.endswith("/bias") else kwargs)

    def _level(self, level: int, x: Any, begins: list[Any]) -> tuple[Node, list[tuple[Node, ...]]]:
        cells = self._cells[level]
        if self.num_dirs == 1:
            outputs, end = dynamic_rnn(cells[0], x, initial_state=begins[0], time_major=True, scope=f"rnn/multi_rnn_cell/cell_{level}")
            return outputs, [self._parts(end)]
        both, ends = bidirectional_dynamic_rnn(cells[0], cells[1], x, initial_state_fw=begins[0], initial_state_bw=begins[1], time_major=True,
                                               scope=f"stack_bidirectional_rnn/cell_{level}/bidirectional_rnn")
        return concat(both, axis=2), [self._parts(e) for e in ends]

    def _state(self, parts: list[Any]) -> Any:
        return parts[0]

    def _parts(self, state: Any) -> tuple[Node, ...]:
        return (state,)


class CudnnLSTM(_CudnnRNN):
    """Levels of LSTM cells: float[steps, batch, n] -> (float[steps, batch, directions * units], (h, c)), each [levels * directions, batch, units].

    `initial_state`: a pair (h, c) of that shape, zeros if it is not given. `direction`: "unidirectional" or "bidirectional". `dropout`: the
    part of the inputs of all levels but the first that is dropped in `training`. Variables stand under the names of the cells of
    `CudnnCompatibleLSTMCell`, as TensorFlow's checkpoints have them. ArgumentError: no such direction or mode. GraphError: no numbers of levels
    and units. ShapeError, DTypeError, by the call: operands that do not fit.

    >>> lstm = tf.contrib.cudnn_rnn.CudnnLSTM(2, 3)
    >>> outputs, (h, c) = lstm(tf.zeros([5, 2, 4]))
    >>> outputs.shape, h.shape, tf.trainable_variables("cudnn_lstm")[0].name
    (TensorShape((5, 2, 3)), TensorShape((2, 2, 3)), 'cudnn_lstm/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell/kernel:0')
    """

    _cell = CudnnCompatibleLSTMCell
    _states = 2

    def _state(self, parts: list[Any]) -> Any:
        return LSTMStateTuple(parts[1], parts[0])

    def _parts(self, state: Any) -> tuple[Node, ...]:
        return (state.h, state.c)


class CudnnGRU(_CudnnRNN):
    """Levels of `CudnnCompatibleGRUCell`: float[steps, batch, n] -> (float[steps, batch, directions * units], (h,)); arguments and errors as of
    `CudnnLSTM`.
    """

    _cell = CudnnCompatibleGRUCell


class CudnnRNNTanh(_CudnnRNN):
    """Levels of `BasicRNNCell` with tanh; arguments, results and errors as of `CudnnGRU`."""

    @staticmethod
    def _cell(units: int) -> RNNCell:
        return BasicRNNCell(units, tanh)


class CudnnRNNRelu(_CudnnRNN):
    """Levels of `BasicRNNCell` with relu; arguments, results and errors as of `CudnnGRU`."""

    @staticmethod
    def _cell(units: int) -> RNNCell:
        return BasicRNNCell(units, relu)


_hold(globals(), __all__)
_namespace(globals())
