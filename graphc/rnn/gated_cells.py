"""Cells of contrib with other gates: fewer of them, coupled ones, ones in groups, and ones in which each unit sees its own state alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import GraphError, ShapeError
from ..initializers import constant_initializer, random_uniform_initializer, zeros_initializer
from ..ir.node import Node, describe, here
from ..layers.base import activation_of, initializer_of
from ..ops.array import concat, split
from ..ops.linalg import matmul
from ..ops.math import clip_by_value, sigmoid, tanh
from ..ops.nn import bias_add, relu
from ..variables import get_variable, get_variable_scope, variable_scope
from .cell import LayerRNNCell, RNNCell, linear, positive, size_at
from .cells import LSTMStateTuple
from .more_cells import normed

__all__ = ["CoupledInputForgetGateLSTMCell", "GLSTMCell", "IndRNNCell", "IndyGRUCell", "IndyLSTMCell", "IntersectionRNNCell", "SRUCell", "UGRNNCell"]


class _Units(RNNCell):
    """A cell whose output and state are as wide as it has units, and whose variables begin as its `initializer` has it."""

    def __init__(self, num_units: int, initializer: Any, forget_bias: float, reuse: Any, activation: Any = None):
        super().__init__(_reuse=reuse)
        self._num_units = positive(self._name, "num_units", num_units)
        self._initializer, self._forget_bias = initializer_of(self._name, initializer), forget_bias
        self._activation: Callable[[Any], Any] = activation_of(self._name, activation) or tanh

    @property
    def state_size(self) -> Any:
        """The number of units."""
        return self._num_units

    @property
    def output_size(self) -> Any:
        """The number of units."""
        return self._num_units

    @contextmanager
    def _begun(self) -> Iterator[None]:
        """Within it variables begin as the cell was told."""
        with variable_scope(get_variable_scope(), initializer=self._initializer, auxiliary_name_scope=False):
            yield


class UGRNNCell(_Units):
    """One gate between the state and its update: g h + (1 - g) activation(...), g = sigmoid(... + forget_bias) (Collins et al. 2017).

    inputs: float[batch, n], state: float[batch, units] -> (float[batch, units], the same). Variables `kernel` [n + units, 2 units] and `bias`.
    GraphError: no number of units. ShapeError, by the call: inputs of unknown width.

    >>> cell = tf.contrib.rnn.UGRNNCell(3)
    >>> output, state = cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))
    >>> output.shape, [v.name for v in cell.weights]
    (TensorShape((2, 3)), ['ugrnn_cell/kernel:0', 'ugrnn_cell/bias:0'])
    """

    def __init__(self, num_units: int, initializer: Any = None, forget_bias: float = 1.0, activation: Any = tanh, reuse: Any = None):
        super().__init__(num_units, initializer, forget_bias, reuse, activation)

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The next state, twice."""
        with self._begun():
            g, c = split(linear(self._name, [inputs, state], 2 * self._num_units), 2, axis=1)
        g = sigmoid(g + self._forget_bias)
        new = g * state + (1.0 - g) * self._activation(c)
        return new, new


class IntersectionRNNCell(_Units):
    """A gate along time and one along depth: the state, and the inputs on their way through layers (Collins et al. 2017).

    inputs: float[batch, units], state: float[batch, units] -> (output, next state), float[batch, units] both; with `num_in_proj` inputs of
    another width are multiplied by a kernel first. Variables `kernel`, `bias`, and of the inputs `in_projection/kernel`, `in_projection/bias`.
    GraphError: no number of units. ShapeError, by the call: inputs of another width without `num_in_proj`, or of an unknown one.

    >>> cell = tf.contrib.rnn.IntersectionRNNCell(3, num_in_proj=3)
    >>> output, state = cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))
    >>> output.shape, cell.weights[0].name
    (TensorShape((2, 3)), 'intersection_rnn_cell/in_projection/kernel:0')
    """

    def __init__(self, num_units: int, num_in_proj: int | None = None, initializer: Any = None, forget_bias: float = 1.0, y_activation: Any = relu,
                 reuse: Any = None):
        super().__init__(num_units, initializer, forget_bias, reuse, y_activation)
        self._num_in_proj = num_in_proj

    def call(self, inputs: Any, state: Any = None) -> Any:
        """What goes on through depth, and through time."""
        units = self._num_units
        with self._begun():
            if size_at(inputs, -1) != units:
                if not self._num_in_proj:
                    raise ShapeError(f"{self._name}: the inputs {describe(inputs)} are not {units} wide, as the output; num_in_proj={units} "
                                     f"makes them so{here()}")
                with variable_scope("in_projection"):
                    inputs = linear(self._name, [inputs], units)
            along_time, h, along_depth, y = split(linear(self._name, [inputs, state], 4 * units), 4, axis=1)
        along_time, along_depth = sigmoid(along_time + self._forget_bias), sigmoid(along_depth + self._forget_bias)
        return along_depth * inputs + (1.0 - along_depth) * self._activation(y), along_time * state + (1.0 - along_time) * tanh(h)


class CoupledInputForgetGateLSTMCell(_Units):
    """Long short-term memory whose input gate is what the forget gate leaves: f c + (1 - f) activation(...) (Greff et al. 2015).

    inputs: float[batch, n], state: a pair (c, m), or with `state_is_tuple=False` both side by side -> (m, the next state). Variables `W_0`, in
    `num_unit_shards` parts `W_0`, `W_1` ..., `B`, with `use_peepholes` `W_F_diag` and `W_O_diag`, with `num_proj` `W_P_0`, and with
    `layer_norm`, which leaves out the bias, `gamma` and `beta` in the scopes `transform`, `forget`, `output` and `state`. `initializer` has no
    effect, as in TensorFlow. GraphError: no number of units, or another state. ShapeError, by the call: inputs of unknown width.

    >>> cell = tf.contrib.rnn.CoupledInputForgetGateLSTMCell(3, num_proj=2)
    >>> output, state = cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))
    >>> output.shape, [v.name.partition("/")[2] for v in cell.weights]
    (TensorShape((2, 2)), ['W_0:0', 'B:0', 'W_P_0:0'])
    """

    def __init__(self, num_units: int, use_peepholes: bool = False, initializer: Any = None, num_proj: int | None = None,
                 proj_clip: float | None = None, num_unit_shards: int = 1, num_proj_shards: int = 1, forget_bias: float = 1.0,
                 state_is_tuple: bool = True, activation: Any = tanh, reuse: Any = None, layer_norm: bool = False, norm_gain: float = 1.0,
                 norm_shift: float = 0.0):
        super().__init__(num_units, initializer, forget_bias, reuse, activation)
        self._use_peepholes, self._num_proj, self._proj_clip = bool(use_peepholes), num_proj, proj_clip
        self._unit_shards, self._proj_shards, self._state_is_tuple = num_unit_shards, num_proj_shards, bool(state_is_tuple)
        self._layer_norm, self._gain, self._shift = bool(layer_norm), norm_gain, norm_shift

    @property
    def state_size(self) -> Any:
        """(units, output), or their sum."""
        return LSTMStateTuple(self._num_units, self.output_size) if self._state_is_tuple else self._num_units + self.output_size

    @property
    def output_size(self) -> Any:
        """The size of the projection, or without one the number of units."""
        return self._num_proj or self._num_units

    def _sharded(self, name: str, rows: int, columns: int, shards: int, kind: Any) -> Any:
        """A kernel of so many variables, one below the other."""
        if shards > rows:
            raise GraphError(f"{self._name}: {shards} parts for the {rows} rows of {name}{here()}")
        made = [get_variable(f"{name}_{i}", [rows // shards + (i < rows % shards), columns], dtype=kind) for i in range(shards)]
        return made[0] if shards == 1 else concat(made, 0)

    def _norm(self, x: Node, scope: str) -> Node:
        return normed(x, self._num_units, scope, self._gain, self._shift) if self._layer_norm else x

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The output and the next state."""
        units, wide, kind = self._num_units, self.output_size, inputs.dtype
        c, m = self._pair(state, "c, m") if self._state_is_tuple else split(state, [units, wide], axis=1)
        kernel = self._sharded("W", self._size(inputs.shape, -1) + wide, 3 * units, self._unit_shards, kind)
        bias = get_variable("B", [3 * units], dtype=kind, initializer=zeros_initializer())
        z = matmul(concat([inputs, m], 1), kernel)
        j, f, o = split(z if self._layer_norm else bias_add(z, bias), 3, axis=1)
        j, f, o = self._norm(j, "transform"), self._norm(f, "forget"), self._norm(o, "output")
        if self._use_peepholes:
            of_f, of_o = (get_variable(f"W_{gate}_diag", [units], dtype=kind) for gate in "FO")
            f = f + of_f * c
        f = sigmoid(f + self._forget_bias)
        new = self._norm(f * c + (1.0 - f) * self._activation(j), "state")
        out = sigmoid(o + of_o * new if self._use_peepholes else o) * self._activation(new)
        if self._num_proj is not None:
            out = matmul(out, self._sharded("W_P", units, self._num_proj, self._proj_shards, kind))
            out = out if self._proj_clip is None else clip_by_value(out, -self._proj_clip, self._proj_clip)
        return out, LSTMStateTuple(new, out) if self._state_is_tuple else concat([new, out], 1)


class GLSTMCell(_Units):
    """Long short-term memory in groups, each of which sees its part of inputs and output alone (Kuchaiev and Ginsburg 2017).

    inputs: float[batch, n], state: a pair (c, m) -> (m, (c, m)). Variables `group0/kernel`, `group1/kernel` ..., `bias_i`, `bias_j`, `bias_f`,
    `bias_o`, with `num_proj` `projection/kernel`. GraphError: numbers that the groups do not divide, or another state. ShapeError, by the call:
    inputs of a width that they do not divide, or of an unknown one.

    >>> cell = tf.contrib.rnn.GLSTMCell(4, number_of_groups=2)
    >>> output, state = cell(tf.zeros([2, 6]), cell.zero_state(2, tf.float32))
    >>> output.shape, cell.weights[0].shape, cell.weights[0].name
    (TensorShape((2, 4)), TensorShape((5, 8)), 'glstm_cell/group0/kernel:0')
    """

    def __init__(self, num_units: int, initializer: Any = None, num_proj: int | None = None, number_of_groups: int = 1, forget_bias: float = 1.0,
                 activation: Any = tanh, reuse: Any = None):
        super().__init__(num_units, initializer, forget_bias, reuse, activation)
        self._groups, self._num_proj = positive(self._name, "number_of_groups", number_of_groups), num_proj
        for name, value in (("num_units", self._num_units), ("num_proj", num_proj or 0)):
            if value % self._groups:
                raise GraphError(f"{self._name}: {name}={value} is not divisible by number_of_groups={self._groups}{here()}")

    @property
    def state_size(self) -> Any:
        """(units, output)."""
        return LSTMStateTuple(self._num_units, self.output_size)

    @property
    def output_size(self) -> Any:
        """The size of the projection, or without one the number of units."""
        return self._num_proj or self._num_units

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The output and the next state."""
        c, m = self._pair(state, "c, m")
        wide, units, kind = self._size(inputs.shape, -1), self._num_units, inputs.dtype
        if wide % self._groups:
            raise ShapeError(f"{self._name}: the width of the inputs {describe(inputs)} is not divisible by {self._groups} groups{here()}")
        with self._begun():
            parts = []
            for group, (x, h) in enumerate(zip(split(inputs, self._groups, axis=1), split(m, self._groups, axis=1), strict=True)):
                with variable_scope(f"group{group}"):
                    kernel = get_variable("kernel", [(wide + self.output_size) // self._groups, 4 * units // self._groups], dtype=kind)
                    parts.append(split(matmul(concat([x, h], 1), kernel), 4, axis=1))
            biases = [get_variable(f"bias_{gate}", [units], dtype=kind, initializer=zeros_initializer()) for gate in "ijfo"]
            i, j, f, o = (bias_add(concat(list(gate), 1), b) for gate, b in zip(zip(*parts, strict=True), biases, strict=True))
            new = sigmoid(f + self._forget_bias) * c + sigmoid(i) * tanh(j)
            out = sigmoid(o) * self._activation(new)
            if self._num_proj is not None:
                with variable_scope("projection"):
                    out = matmul(out, get_variable("kernel", [units, self._num_proj], dtype=kind))
        return out, LSTMStateTuple(new, out)


# ---------------------------------------------------------------------- units that see their own state alone

class _Alone(LayerRNNCell):
    """A cell in which the state is multiplied by one number for each unit."""

    parts = 1

    def __init__(self, num_units: int, activation: Any, reuse: Any, name: str | None, dtype: Any, kernel_initializer: Any = None,
                 bias_initializer: Any = None, **kwargs: Any):
        super().__init__(name=name, dtype=dtype, _reuse=reuse, **kwargs)
        self._num_units = positive(self._name, "num_units", num_units)
        self._activation: Callable[[Any], Any] = activation_of(self._name, activation) or tanh
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

    def _made(self, width: int, parts: int, scope: str = "", first: str = "kernel_w", bias: float = 0.0) -> tuple[Any, Any, Any]:
        """The kernel of inputs, the numbers of states, and the bias of so many gates."""
        wide, start = parts * self._num_units, self._bias_initializer
        return (self.add_variable(f"{scope}{first}", [width, wide], initializer=self._kernel_initializer),
                self.add_variable(f"{scope}kernel_u", [1, wide], initializer=random_uniform_initializer(-1.0, 1.0)),
                self.add_variable(f"{scope}bias", [wide], initializer=constant_initializer(bias) if start is None else start))

    def build(self, input_shape: Any) -> None:
        """Make the kernels and the bias."""
        self.kernels = self._made(self._width(input_shape), self.parts)
        self.built = True


def _seen(x: Node, h: Node, made: tuple[Any, Any, Any], times: int = 1) -> Node:
    """x times the kernel, plus h, beside itself so many times, times its numbers, plus the bias."""
    kernel, own, bias = made
    return bias_add(matmul(x, kernel) + (h if times == 1 else concat([h] * times, 1)) * own, bias)


class IndRNNCell(_Alone):
    """activation(x @ kernel_w + h * kernel_u + bias), which is output and next state (Li et al. 2018).

    inputs: float[batch, n], state: float[batch, units] -> (float[batch, units], the same). Variables `kernel_w`, `kernel_u` [1, units], `bias`.
    GraphError: no number of units, or no activation. ShapeError, DTypeError, by the call: operands that do not fit.

    >>> cell = tf.contrib.rnn.IndRNNCell(3)
    >>> output, state = cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))
    >>> [v.name for v in cell.weights]
    ['ind_rnn_cell/kernel_w:0', 'ind_rnn_cell/kernel_u:0', 'ind_rnn_cell/bias:0']
    """

    def __init__(self, num_units: int, activation: Any = None, reuse: Any = None, name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(num_units, activation, reuse, name, dtype, **kwargs)

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The output, twice."""
        output = self._activation(_seen(self._input(inputs), self._part("the state", state, self._num_units), self.kernels))
        return output, output


class IndyGRUCell(_Alone):
    """`GRUCell` in which each unit sees its own state alone (Gonnet and Deselaers 2019).

    inputs: float[batch, n], state: float[batch, units] -> (float[batch, units], the same). Variables `gates/kernel_w`, `gates/kernel_u`,
    `gates/bias` (ones), `candidate/kernel`, `candidate/kernel_u`, `candidate/bias`. GraphError: no number of units, or no activation.
    ShapeError, DTypeError, by the call: operands that do not fit.
    """

    def __init__(self, num_units: int, activation: Any = None, reuse: Any = None, kernel_initializer: Any = None, bias_initializer: Any = None,
                 name: str | None = None, dtype: Any = None):
        super().__init__(num_units, activation, reuse, name, dtype, kernel_initializer, bias_initializer)

    def build(self, input_shape: Any) -> None:
        """Make the kernels and biases of gates and candidate."""
        width = self._width(input_shape)
        self.gates, self.candidate = self._made(width, 2, "gates/", bias=1.0), self._made(width, 1, "candidate/", "kernel")
        self.built = True

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The next state, twice."""
        x, h = self._input(inputs), self._part("the state", state, self._num_units)
        r, u = split(sigmoid(_seen(x, h, self.gates, 2)), 2, axis=1)
        new = u * h + (1.0 - u) * self._activation(_seen(x, r * h, self.candidate))
        return new, new


class IndyLSTMCell(_Alone):
    """`BasicLSTMCell` in which each unit sees its own state alone (Gonnet and Deselaers 2019).

    inputs: float[batch, n], state: a pair (c, h) -> (h, (c, h)). Variables `kernel_w` [n, 4 units], `kernel_u` [1, 4 units], `bias`.
    GraphError: no number of units, no activation, or another state. ShapeError, DTypeError, by the call: operands that do not fit.
    """

    parts = 4

    def __init__(self, num_units: int, forget_bias: float = 1.0, activation: Any = None, reuse: Any = None, kernel_initializer: Any = None,
                 bias_initializer: Any = None, name: str | None = None, dtype: Any = None):
        super().__init__(num_units, activation, reuse, name, dtype, kernel_initializer, bias_initializer)
        self._forget_bias = forget_bias

    @property
    def state_size(self) -> Any:
        """(units, units)."""
        return LSTMStateTuple(self._num_units, self._num_units)

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The output and the next state."""
        c, h = (self._part(name, part, self._num_units) for name, part in zip("ch", self._pair(state), strict=True))
        i, j, f, o = split(_seen(self._input(inputs), h, self.kernels, 4), 4, axis=1)
        new = c * sigmoid(f + np.asarray(self._forget_bias, f.type.dtype)) + sigmoid(i) * self._activation(j)
        output = self._activation(new) * sigmoid(o)
        return output, LSTMStateTuple(new, output)


class SRUCell(_Alone):
    """Gates of the inputs alone: c = f c + (1 - f) x1, output r activation(c) + (1 - r) x4, of x @ kernel (Lei et al. 2017).

    inputs: float[batch, n], state: float[batch, units] -> (float[batch, units], c). Variables `kernel` [n, 4 units] and `bias` [2 units].
    GraphError: no number of units, or no activation. ShapeError, DTypeError, by the call: operands that do not fit.
    """

    def __init__(self, num_units: int, activation: Any = None, reuse: Any = None, name: str | None = None, **kwargs: Any):
        super().__init__(num_units, activation, reuse, name, kwargs.pop("dtype", None), **kwargs)

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        self.kernel = self.add_variable("kernel", [self._width(input_shape), 4 * self._num_units])
        self.bias = self.add_variable("bias", [2 * self._num_units], initializer=zeros_initializer())
        self.built = True

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The output and the next state."""
        c, units = self._part("the state", state, self._num_units), self._num_units
        new, gates, passed = split(matmul(self._input(inputs), self.kernel), [units, 2 * units, units], axis=1)
        f, r = split(sigmoid(bias_add(gates, self.bias)), 2, axis=1)
        c = f * c + (1.0 - f) * new
        return r * self._activation(c) + (1.0 - r) * passed, c
