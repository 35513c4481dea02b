"""Cells of contrib for pictures and for events: gates that are convolutions, and gates that a clock opens."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Any

from ..errors import GraphError, ShapeError
from ..initializers import constant_initializer, zeros_initializer
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import TensorShape, as_shape
from ..ops.array import concat, split
from ..ops.array_move import stop_gradient
from ..ops.math import cast, choose, exp, less, sigmoid, tanh
from ..ops.math_division import mod
from ..ops.nn_conv import conv1d, conv2d, conv3d
from ..ops.random import random_uniform
from ..variables import get_variable, variable_scope
from .cell import RNNCell, linear, positive
from .cells import LSTMStateTuple
from .nested import shown

__all__ = ["Conv1DLSTMCell", "Conv2DLSTMCell", "Conv3DLSTMCell", "ConvLSTMCell", "PhasedLSTMCell"]


class ConvLSTMCell(RNNCell):
    """Long short-term memory of pictures, whose gates are convolutions (Shi et al. 2015).

    inputs: float[batch, *input_shape], state: a pair (c, h) of float[batch, *sizes, output_channels] -> (h, (c, h)); `input_shape` has as many
    sizes as `conv_ndims` and then the channels. With `skip_connection` the inputs stand beside the output. Variables `kernel` [*kernel_shape,
    channels + output_channels, 4 output_channels] and, with `use_bias`, `biases`. GraphError: shapes of other lengths, or another state.

    >>> cell = tf.contrib.rnn.ConvLSTMCell(2, [8, 8, 3], 4, [3, 3])
    >>> output, state = cell(tf.zeros([2, 8, 8, 3]), cell.zero_state(2, tf.float32))
    >>> output.shape, [v.name for v in cell.weights]
    (TensorShape((2, 8, 8, 4)), ['conv_lstm_cell/kernel:0', 'conv_lstm_cell/biases:0'])
    """

    def __init__(self, conv_ndims: int, input_shape: Sequence[int], output_channels: int, kernel_shape: Sequence[int], use_bias: bool = True,
                 skip_connection: bool = False, forget_bias: float = 1.0, initializers: Any = None, name: str | None = "conv_lstm_cell"):
        super().__init__(name=name)
        dims, self._kernel_shape = list(as_shape(input_shape) or []), [positive(self._name, "kernel_shape", k) for k in kernel_shape]
        if conv_ndims not in (1, 2, 3) or len(dims) != conv_ndims + 1 or len(self._kernel_shape) != conv_ndims:
            raise GraphError(f"{self._name}: input_shape={input_shape} and kernel_shape={kernel_shape} do not fit conv_ndims={conv_ndims}{here()}")
        self._output_channels = positive(self._name, "output_channels", output_channels)
        self._dims, self._use_bias, self._forget_bias = dims, bool(use_bias), forget_bias
        self._skipped = positive(self._name, "channels of input_shape", dims[-1]) if skip_connection else 0

    @property
    def state_size(self) -> Any:
        """The shape of c, and that of h."""
        shape = TensorShape([*self._dims[:-1], self._output_channels])
        return LSTMStateTuple(shape, shape)

    @property
    def output_size(self) -> Any:
        """The shape of the output."""
        return TensorShape([*self._dims[:-1], self._output_channels + self._skipped])

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The output and the next state."""
        c, h = self._pair(state)
        rank = len(self._kernel_shape)
        wide = self._size(inputs.shape, -1) + self._size(h.shape, -1)
        kernel = get_variable("kernel", [*self._kernel_shape, wide, 4 * self._output_channels], dtype=inputs.dtype)
        convolve, strides = ((conv1d, 1), (conv2d, [1] * 4), (conv3d, [1] * 5))[rank - 1]
        gates = convolve(concat([inputs, h], rank + 1), kernel, strides, padding="SAME")
        if self._use_bias:
            gates = gates + get_variable("biases", [4 * self._output_channels], dtype=inputs.dtype, initializer=zeros_initializer())
        i, new, f, o = split(gates, 4, axis=rank + 1)
        c = sigmoid(f + self._forget_bias) * c + sigmoid(i) * tanh(new)
        output = tanh(c) * sigmoid(o)
        output = concat([output, inputs], -1) if self._skipped else output
        return output, LSTMStateTuple(c, output)


class Conv1DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` of rows: `input_shape` is [width, channels]. GraphError: shapes of other lengths, or another state."""

    def __init__(self, name: str | None = "conv_1d_lstm_cell", **kwargs: Any):
        super().__init__(conv_ndims=1, name=name, **kwargs)


class Conv2DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` of pictures: `input_shape` is [height, width, channels]. GraphError: shapes of other lengths, or another state."""

    def __init__(self, name: str | None = "conv_2d_lstm_cell", **kwargs: Any):
        super().__init__(conv_ndims=2, name=name, **kwargs)


class Conv3DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` of volumes: `input_shape` is [depth, height, width, channels]. GraphError: shapes of other lengths, or another state."""

    def __init__(self, name: str | None = "conv_3d_lstm_cell", **kwargs: Any):
        super().__init__(conv_ndims=3, name=name, **kwargs)


class PhasedLSTMCell(RNNCell):
    """Long short-term memory for events at any times: each unit's clock opens its gates for `ratio_on` of its period (Neil et al. 2016).

    inputs: a pair (times, float32 or float64[batch, 1], features, float32[batch, n]), state: a pair (c, h) -> (h, (c, h)). Variables `kernel`
    and `bias` in the scopes `mask_gates`, `new_input` and `output_gate`, and `period`, `phase`, `ratio_on` [units]; periods begin between
    `period_init_min` and `period_init_max`, their logarithms uniform, phases within their periods. `leak`: of closed gates, `use_peepholes`:
    gates see the memory. GraphError: no number of units, another state, or inputs that are no pair. ShapeError, by the call: features of unknown
    width.

    >>> cell = tf.contrib.rnn.PhasedLSTMCell(3)
    >>> output, state = cell((tf.zeros([2, 1]), tf.zeros([2, 4])), cell.zero_state(2, tf.float32))
    >>> output.shape, [v.name.partition("/")[2] for v in cell.weights[-3:]]
    (TensorShape((2, 3)), ['period:0', 'phase:0', 'ratio_on:0'])
    """

    def __init__(self, num_units: int, use_peepholes: bool = False, leak: Any = 0.001, ratio_on: Any = 0.1, trainable_ratio_on: bool = True,
                 period_init_min: float = 1.0, period_init_max: float = 1000.0, reuse: Any = None):
        super().__init__(_reuse=reuse)
        self._num_units = positive(self._name, "num_units", num_units)
        self._use_peepholes, self._leak, self._ratio_on, self._trainable_ratio_on = bool(use_peepholes), leak, ratio_on, bool(trainable_ratio_on)
        self._logs = (log(period_init_min), log(period_init_max))

    @property
    def state_size(self) -> Any:
        """(units, units)."""
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> Any:
        """The number of units."""
        return self._num_units

    def _told(self, given: Any) -> Any:
        """Variables are of the features' dtype, not of that of the times."""
        if not isinstance(given, (tuple, list)) or len(given) != 2:
            raise GraphError(f"{self._name}: the inputs are a pair (times, features), not {shown(given)}{here()}")
        return [x.shape for x in given], given[1].dtype

    def _gate(self, scope: str, parts: Sequence[Node], units: int) -> Node:
        with variable_scope(scope):
            return linear(self._name, parts, units)

    def _open(self, times: Node) -> Node:
        """How far the clock of each unit opens its gates at those times."""
        units = [self._num_units]
        period = get_variable("period", units, initializer=lambda shape, *_, **__: exp(random_uniform(shape, *self._logs)))
        phase = get_variable("phase", units, initializer=lambda shape, *_, **__: random_uniform(shape) * period.initialized_value())
        ratio_on = get_variable("ratio_on", units, initializer=constant_initializer(self._ratio_on), trainable=self._trainable_ratio_on)
        shifted, long = times - cast(phase, times.dtype), cast(period, times.dtype)
        part = cast((stop_gradient(mod(shifted, long) - shifted) + shifted) / long, "float32")      # of the period, with the slope of the time
        rising = 2.0 * part / ratio_on
        falling_or_closed = choose(less(part, ratio_on), 2.0 - rising, self._leak * part)
        return choose(less(part, 0.5 * ratio_on), rising, falling_or_closed)

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The output and the next state."""
        (c, h), (times, x) = self._pair(state), (to_node(part) for part in inputs)
        if times.type.rank != 2:
            raise ShapeError(f"{self._name}: the times {describe(times)} are not [batch, 1]{here()}")
        peep = self._use_peepholes
        i, f = split(sigmoid(self._gate("mask_gates", [x, h, c] if peep else [x, h], 2 * self._num_units)), 2, axis=1)
        new_c = c * f + i * tanh(self._gate("new_input", [x, h], self._num_units))
        new_h = tanh(new_c) * sigmoid(self._gate("output_gate", [x, h, new_c] if peep else [x, h], self._num_units))
        k = self._open(times)
        new_c, new_h = k * new_c + (1.0 - k) * c, k * new_h + (1.0 - k) * h
        return new_h, LSTMStateTuple(new_c, new_h)
