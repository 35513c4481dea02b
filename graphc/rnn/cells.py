"""The cells of TensorFlow 1: a plain one, gated ones, and those with long short-term memory."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import DTypeError, GraphError
from ..initializers import constant_initializer, zeros_initializer
from ..ir.node import Node, here
from ..layers.base import activation_of, initializer_of
from ..ops.array import concat, split
from ..ops.linalg import matmul
from ..ops.math import clip_by_value, sigmoid, tanh
from .cell import LayerRNNCell, positive, projected

__all__ = ["BasicLSTMCell", "BasicRNNCell", "GRUCell", "LSTMCell", "LSTMStateTuple"]


class LSTMStateTuple(NamedTuple):
    """The state of a cell with long short-term memory: the memory `c` and the output `h`, float[batch, units] both."""

    c: Any
    h: Any

    @property
    def dtype(self) -> Any:
        """The dtype of both; DTypeError: they differ."""
        if self.c.dtype != self.h.dtype:
            raise DTypeError(f"LSTMStateTuple: c is of {self.c.dtype.name}, h of {self.h.dtype.name}{here()}")
        return self.c.dtype


class BasicRNNCell(LayerRNNCell):
    """activation([x, h] @ kernel + bias), which is output and next state (Elman 1990).

    inputs: float[batch, n], state: float[batch, units] -> (float[batch, units], the same). Variables `kernel` [n + units, units] and `bias`.
    GraphError: no number of units, or no activation. ShapeError, DTypeError, by the call: operands that do not fit.

    >>> cell = tf.nn.rnn_cell.BasicRNNCell(3)
    >>> output, state = cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))
    >>> output is state, output.shape, cell.weights[0].shape
    (True, TensorShape((2, 3)), TensorShape((7, 3)))
    """

    def __init__(self, num_units: int, activation: Any = None, reuse: Any = None, name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name=name, dtype=dtype, _reuse=reuse, **kwargs)
        self._num_units = positive(self._name, "num_units", num_units)
        self._activation = activation_of(self._name, activation) or tanh

    @property
    def state_size(self) -> Any:
        """The number of units."""
        return self._num_units

    @property
    def output_size(self) -> Any:
        """The number of units."""
        return self._num_units

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        self.kernel = self.add_variable("kernel", [self._width(input_shape) + self._num_units, self._num_units])
        self.bias = self.add_variable("bias", [self._num_units], initializer=zeros_initializer())
        self.built = True

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The output, twice."""
        x, h = self._input(inputs), self._part("the state", state, self._num_units)
        output = self._activation(projected([x, h], self.kernel, self.bias))
        return output, output


class GRUCell(LayerRNNCell):
    """A gated recurrent unit (Cho et al. 2014): r, u = sigmoid([x, h] @ ...), next state u h + (1 - u) activation([x, r h] @ ...).

    inputs: float[batch, n], state: float[batch, units] -> (float[batch, units], the same). Variables `gates/kernel` [n + units, 2 units],
    `gates/bias` (ones), `candidate/kernel` [n + units, units], `candidate/bias` (zeros). GraphError: no number of units, or no activation.
    ShapeError, DTypeError, by the call: operands that do not fit.

    >>> cell = tf.nn.rnn_cell.GRUCell(3)
    >>> _ = cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))
    >>> [v.name.partition("/")[2] for v in cell.weights]
    ['gates/kernel:0', 'gates/bias:0', 'candidate/kernel:0', 'candidate/bias:0']
    """

    def __init__(self, num_units: int, activation: Any = None, reuse: Any = None, kernel_initializer: Any = None, bias_initializer: Any = None,
                 name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name=name, dtype=dtype, _reuse=reuse, **kwargs)
        self._num_units = positive(self._name, "num_units", num_units)
        self._activation = activation_of(self._name, activation) or tanh
        self._kernel_initializer = initializer_of(self._name, kernel_initializer)
        self._bias_initializer = initializer_of(self._name, bias_initializer)

    @property
    def state_size(self) -> Any:
        """The number of units."""
        return self._num_units

    @property
    def output_size(self) -> Any:
        """The number of units."""
        return self._num_units

    def build(self, input_shape: Any) -> None:
        """Make the kernels and biases of gates and candidate."""
        width, units, first = self._width(input_shape) + self._num_units, self._num_units, self._bias_initializer
        self.gates = (self.add_variable("gates/kernel", [width, 2 * units], initializer=self._kernel_initializer),
                      self.add_variable("gates/bias", [2 * units], initializer=constant_initializer(1.0) if first is None else first))
        self.candidate = (self.add_variable("candidate/kernel", [width, units], initializer=self._kernel_initializer),
                          self.add_variable("candidate/bias", [units], initializer=zeros_initializer() if first is None else first))
        self.built = True

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The next state, twice."""
        x, h = self._input(inputs), self._part("the state", state, self._num_units)
        r, u = split(sigmoid(projected([x, h], *self.gates)), 2, axis=1)
        c = self._activation(projected([x, r * h], *self.candidate))
        new = u * h + (1.0 - u) * c
        return new, new


class BasicLSTMCell(LayerRNNCell):
    """Long short-term memory (Zaremba et al. 2014): i, j, f, o = [x, h] @ kernel + bias, the next c = c sigmoid(f + forget_bias) + sigmoid(i)
    activation(j), the output and next h = activation(c) sigmoid(o).

    inputs: float[batch, n], state: a pair (c, h) of float[batch, units] -> (h, (c, h)); with `state_is_tuple=False` the state is one tensor,
    float[batch, 2 units]. Variables `kernel` [n + units, 4 units] and `bias`. GraphError: no number of units, no activation, or another state.
    ShapeError, DTypeError, by the call: operands that do not fit.

    >>> cell = tf.nn.rnn_cell.BasicLSTMCell(3)
    >>> output, state = cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))
    >>> output is state.h, cell.weights[0].shape
    (True, TensorShape((7, 12)))
    """

    def __init__(self, num_units: int, forget_bias: float = 1.0, state_is_tuple: bool = True, activation: Any = None, reuse: Any = None,
                 name: str | None = None, dtype: Any = None, input_size: Any = None, **kwargs: Any):
        super().__init__(name=name, dtype=dtype, _reuse=reuse, **kwargs)
        self._num_units = positive(self._name, "num_units", num_units)
        self._forget_bias, self._state_is_tuple = forget_bias, bool(state_is_tuple)
        self._activation = activation_of(self._name, activation) or tanh

    @property
    def state_size(self) -> Any:
        """(units, units), or twice the number of units."""
        return LSTMStateTuple(self._num_units, self._num_units) if self._state_is_tuple else 2 * self._num_units

    @property
    def output_size(self) -> Any:
        """The number of units."""
        return self._num_units

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        self.kernel = self.add_variable("kernel", [self._width(input_shape) + self._num_units, 4 * self._num_units])
        self.bias = self.add_variable("bias", [4 * self._num_units], initializer=zeros_initializer())
        self.built = True

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The output and the next state."""
        x, units = self._input(inputs), self._num_units
        if self._state_is_tuple:
            c, h = self._pair(state)
        else:
            c, h = split(self._part("the state", state, 2 * units), 2, axis=1)
        c, h = self._part("c of the state", c, units), self._part("h of the state", h, units)
        i, j, f, o = split(projected([x, h], self.kernel, self.bias), 4, axis=1)
        new_c = c * sigmoid(f + self._forget_bias) + sigmoid(i) * self._activation(j)
        new_h = self._activation(new_c) * sigmoid(o)
        return new_h, LSTMStateTuple(new_c, new_h) if self._state_is_tuple else concat([new_c, new_h], 1)


class LSTMCell(LayerRNNCell):
    """Long short-term memory with peepholes, a projection of the output, and bounds for both (Sak et al. 2014); all of them at will.

    inputs: float[batch, n], state: a pair (c, m) of float[batch, units] and float[batch, num_proj or units] -> (m, (c, m)); with
    `state_is_tuple=False` the state is one tensor. Variables `kernel` [n + m, 4 units], `bias`, with `use_peepholes` `w_f_diag`, `w_i_diag`,
    `w_o_diag`, with `num_proj` `projection/kernel` [units, num_proj]. `cell_clip`, `proj_clip`: bounds of c and m. `num_unit_shards` and
    `num_proj_shards` have no effect. GraphError: an argument that is not right. ShapeError, DTypeError, by the call: operands that do not fit.

    >>> cell = tf.nn.rnn_cell.LSTMCell(3, use_peepholes=True, num_proj=2)
    >>> output, state = cell(tf.zeros([5, 4]), cell.zero_state(5, tf.float32))
    >>> state.c.shape, state.h.shape, len(cell.weights)
    (TensorShape((5, 3)), TensorShape((5, 2)), 6)
    """

    def __init__(self, num_units: int, use_peepholes: bool = False, cell_clip: float | None = None, initializer: Any = None,
                 num_proj: int | None = None, proj_clip: float | None = None, num_unit_shards: Any = None, num_proj_shards: Any = None,
                 forget_bias: float = 1.0, state_is_tuple: bool = True, activation: Any = None, reuse: Any = None, name: str | None = None,
                 dtype: Any = None, input_size: Any = None, **kwargs: Any):
        super().__init__(name=name, dtype=dtype, _reuse=reuse, **kwargs)
        self._num_units = positive(self._name, "num_units", num_units)
        self._num_proj = None if not num_proj else positive(self._name, "num_proj", num_proj)
        self._use_peepholes, self._forget_bias, self._state_is_tuple = bool(use_peepholes), forget_bias, bool(state_is_tuple)
        self._cell_clip, self._proj_clip = self._bound("cell_clip", cell_clip), self._bound("proj_clip", proj_clip)
        self._initializer = initializer_of(self._name, initializer)
        self._activation = activation_of(self._name, activation) or tanh
        self._peepholes: tuple[Any, ...] = ()

    def _bound(self, name: str, value: Any) -> Any:
        if value is not None and not isinstance(value, Node) and not (isinstance(value, (int, float)) and value >= 0):
            raise GraphError(f"{self._name}: {name} is a number of 0 or more, not {value!r:.60}{here()}")
        return value

    @property
    def state_size(self) -> Any:
        """(units, output), or their sum."""
        sizes = LSTMStateTuple(self._num_units, self.output_size)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        """The size of the projection, or without one the number of units."""
        return self._num_proj or self._num_units

    def build(self, input_shape: Any) -> None:
        """Make kernel, bias, peepholes and projection."""
        units, first = self._num_units, self._initializer
        self.kernel = self.add_variable("kernel", [self._width(input_shape) + self.output_size, 4 * units], initializer=first)
        self.bias = self.add_variable("bias", [4 * units], initializer=zeros_initializer())
        if self._use_peepholes:
            self._peepholes = tuple(self.add_variable(f"w_{gate}_diag", [units], initializer=first) for gate in "fio")
        if self._num_proj is not None:
            self.projection = self.add_variable("projection/kernel", [units, self._num_proj], initializer=first)
        self.built = True

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The output and the next state."""
        x, units, width = self._input(inputs), self._num_units, self.output_size
        if self._state_is_tuple:
            c, m = self._pair(state)
        else:
            c, m = split(self._part("the state", state, units + width), [units, width], axis=1)
        c, m = self._part("c of the state", c, units), self._part("h of the state", m, width)
        i, j, f, o = split(projected([x, m], self.kernel, self.bias), 4, axis=1)
        f = f + self._forget_bias
        if self._peepholes:
            by_f, by_i, by_o = self._peepholes
            f, i = f + by_f * c, i + by_i * c
        new_c = self._clipped(sigmoid(f) * c + sigmoid(i) * self._activation(j), self._cell_clip)
        new_m = sigmoid(o + by_o * new_c if self._peepholes else o) * self._activation(new_c)
        if self._num_proj is not None:
            new_m = self._clipped(matmul(new_m, self.projection), self._proj_clip)
        return new_m, LSTMStateTuple(new_c, new_m) if self._state_is_tuple else concat([new_c, new_m], 1)

    @staticmethod
    def _clipped(x: Node, bound: Any) -> Node:
        return x if bound is None else clip_by_value(x, -bound, bound)
