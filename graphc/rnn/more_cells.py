"""The cells that TensorFlow 1 kept in contrib: written for speed, normalised, found by search, and one that looks back at its outputs."""

from __future__ import annotations

from typing import Any

from ..errors import GraphError
from ..initializers import constant_initializer, zeros_initializer
from ..ir.node import Node, here
from ..layers.base import activation_of
from ..ops.array import concat, expand_dims, reshape, split
from ..ops.linalg import matmul
from ..ops.math import multiply, sigmoid, tanh
from ..ops.nn import bias_add, dropout, moments, relu, softmax
from ..ops.reduce import reduce_sum
from ..ops.state import Variable
from ..variables import get_variable, variable_scope
from .cell import RNNCell, linear, positive, projected
from .cells import GRUCell, LSTMCell, LSTMStateTuple
from .nested import flatten, is_nested, shown
from .wrappers import _all_of, a_cell

__all__ = ["AttentionCellWrapper", "GRUBlockCell", "GRUBlockCellV2", "LSTMBlockCell", "LayerNormBasicLSTMCell", "NASCell"]


class LSTMBlockCell(LSTMCell):
    """`LSTMCell`, by the name that TensorFlow had for its fused form; every cell is fused here. Its scope is `lstm_cell`.

    Arguments, variables and errors as of `LSTMCell`, but for a clip of None or below 0, which is none.

    >>> cell = tf.contrib.rnn.LSTMBlockCell(3)
    >>> output, state = cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))
    >>> cell.weights[0].name
    'lstm_cell/kernel:0'
    """

    def __init__(self, num_units: int, forget_bias: float = 1.0, cell_clip: float | None = None, use_peephole: bool = False, dtype: Any = None,
                 reuse: Any = None, name: str | None = "lstm_cell"):
        clip = None if cell_clip is None or cell_clip <= 0 else cell_clip
        super().__init__(num_units, use_peephole, clip, forget_bias=forget_bias, reuse=reuse, name=name, dtype=dtype)


class GRUBlockCellV2(GRUCell):
    """`GRUCell`, by the name that TensorFlow had for its fused form; every cell is fused here. Its scope is `gru_cell`.

    Arguments, variables and errors as of `GRUCell`.

    >>> cell = tf.contrib.rnn.GRUBlockCellV2(3)
    >>> _ = cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))
    >>> cell.weights[0].name.partition("/")[2]
    'gates/kernel:0'
    """

    def __init__(self, num_units: int | None = None, cell_size: int | None = None, reuse: Any = None, name: str | None = "gru_cell"):
        if (num_units is None) == (cell_size is None):
            raise GraphError(f"{type(self).__name__}: one of num_units and cell_size is given{here()}")
        super().__init__(num_units if cell_size is None else cell_size, reuse=reuse, name=name)       # type: ignore[arg-type]


class GRUBlockCell(GRUBlockCellV2):
    """`GRUBlockCellV2` with the older names of variables: `w_ru`, `b_ru`, `w_c`, `b_c`.

    >>> cell = tf.contrib.rnn.GRUBlockCell(3)
    >>> _ = cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))
    >>> [v.name.partition("/")[2] for v in cell.weights]
    ['w_ru:0', 'b_ru:0', 'w_c:0', 'b_c:0']
    """

    def build(self, input_shape: Any) -> None:
        """Make the kernels and biases of gates and candidate."""
        width, units = self._width(input_shape) + self._num_units, self._num_units
        self.gates = (self.add_variable("w_ru", [width, 2 * units]), self.add_variable("b_ru", [2 * units], initializer=constant_initializer(1.0)))
        self.candidate = (self.add_variable("w_c", [width, units]), self.add_variable("b_c", [units], initializer=zeros_initializer()))
        self.built = True


class LayerNormBasicLSTMCell(RNNCell):
    """`BasicLSTMCell` whose gates and memory are normalised over the units (Ba et al. 2016), with dropout of what enters the memory.

    inputs: float[batch, n], state: a pair (c, h) -> (h, (c, h)). Variables `kernel`, and `gamma` and `beta` in the scopes `input`, `transform`,
    `forget`, `output` and `state`, or, with `layer_norm=False`, `bias`. GraphError: no number of units, no activation, or another state.

    >>> cell = tf.contrib.rnn.LayerNormBasicLSTMCell(3)
    >>> _ = cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))
    >>> [v.name.partition("/")[2] for v in cell.weights][:3]
    ['kernel:0', 'input/gamma:0', 'input/beta:0']
    """

    def __init__(self, num_units: int, forget_bias: float = 1.0, input_size: Any = None, activation: Any = tanh, layer_norm: bool = True,
                 norm_gain: float = 1.0, norm_shift: float = 0.0, dropout_keep_prob: Any = 1.0, dropout_prob_seed: int | None = None,
                 reuse: Any = None):
        super().__init__(_reuse=reuse)
        self._num_units = positive(self._name, "num_units", num_units)
        self._activation = activation_of(self._name, activation) or tanh
        self._forget_bias, self._layer_norm, self._gain, self._shift = forget_bias, bool(layer_norm), norm_gain, norm_shift
        self._keep_prob, self._seed = dropout_keep_prob, dropout_prob_seed

    @property
    def state_size(self) -> Any:
        """(units, units)."""
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> Any:
        """The number of units."""
        return self._num_units

    def _norm(self, x: Node, scope: str) -> Node:
        return normed(x, self._num_units, scope, self._gain, self._shift) if self._layer_norm else x

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The output and the next state."""
        c, h = self._pair(state)
        units = self._num_units
        kernel = get_variable("kernel", [self._size(inputs.shape, -1) + units, 4 * units], dtype=inputs.dtype)
        bias = None if self._layer_norm else get_variable("bias", [4 * units], dtype=inputs.dtype, initializer=zeros_initializer())
        i, j, f, o = split(projected([inputs, h], kernel, bias), 4, axis=1)
        i, j, f, o = (self._norm(x, s) for x, s in ((i, "input"), (j, "transform"), (f, "forget"), (o, "output")))
        g = self._activation(j)
        if isinstance(self._keep_prob, Node) or self._keep_prob < 1:
            g = dropout(g, self._keep_prob, seed=self._seed)
        new_c = self._norm(c * sigmoid(f + self._forget_bias) + sigmoid(i) * g, "state")
        new_h = self._activation(new_c) * sigmoid(o)
        return new_h, LSTMStateTuple(new_c, new_h)


def normed(x: Node, units: int, scope: str, gain: float, shift: float) -> Node:
    """Each row of x, float[batch, units], normalized over its units (Ba et al. 2016), by variables `gamma` and `beta` of a scope."""
    with variable_scope(scope):
        gamma = get_variable("gamma", [units], dtype=x.dtype, initializer=constant_initializer(gain))
        beta = get_variable("beta", [units], dtype=x.dtype, initializer=constant_initializer(shift))
        mean, variance = moments(x, [1], keepdims=True)
        return (x - mean) * (variance + 1e-12) ** -0.5 * gamma + beta


class NASCell(RNNCell):
    """The cell that a search found (Zoph and Le 2017): eight gates of inputs and output, combined in a tree.

    inputs: float[batch, n], state: a pair (c, m) -> (m, (c, m)). Variables `kernel` [n, 8 units], `recurrent_kernel`, with `use_bias` (False)
    `bias`, with `num_proj` `projection_weights`. GraphError: no number of units, or another state.

    >>> cell = tf.contrib.rnn.NASCell(3)
    >>> _ = cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))
    >>> [v.name for v in cell.weights]
    ['nas_cell/kernel:0', 'nas_cell/recurrent_kernel:0']
    """

    def __init__(self, num_units: int, num_proj: int | None = None, use_bias: bool = False, reuse: Any = None, **kwargs: Any):
        super().__init__(_reuse=reuse, **kwargs)
        self._num_units = positive(self._name, "num_units", num_units)
        self._num_proj = None if num_proj is None else positive(self._name, "num_proj", num_proj)
        self._use_bias = bool(use_bias)

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
        units = self._num_units
        kernel = get_variable("kernel", [self._size(inputs.shape, -1), 8 * units], dtype=inputs.dtype)
        again = get_variable("recurrent_kernel", [self.output_size, 8 * units], dtype=inputs.dtype)
        of_m = matmul(m, again)
        if self._use_bias:
            of_m = bias_add(of_m, get_variable("bias", [8 * units], dtype=inputs.dtype, initializer=zeros_initializer()))
        x, y = split(matmul(inputs, kernel), 8, axis=1), split(of_m, 8, axis=1)
        first = [sigmoid(x[0] + y[0]), relu(x[1] + y[1]), sigmoid(x[2] + y[2]), relu(multiply(x[3], y[3])), tanh(x[4] + y[4]),
                 sigmoid(x[5] + y[5]), tanh(x[6] + y[6]), sigmoid(x[7] + y[7])]
        second = [tanh(first[0] * first[1]), tanh(first[2] + first[3]), tanh(first[4] * first[5]), sigmoid(first[6] + first[7])]
        new_c = tanh(second[0] + c) * second[1]
        new_m = tanh(new_c * tanh(second[2] + second[3]))
        if self._num_proj is not None:
            new_m = matmul(new_m, get_variable("projection_weights", [units, self._num_proj], dtype=inputs.dtype))
        return new_m, LSTMStateTuple(new_c, new_m)


class AttentionCellWrapper(RNNCell):
    """A cell that looks back at its last `attn_length` outputs, weighed by how they match its state (Bahdanau et al. 2014).

    The state is (that of the cell within, the last look, float[batch, attn_size], the outputs, float[batch, attn_length * attn_size]), or with
    `state_is_tuple=False` all of it in one tensor. Variables: two kernels with biases, `attention/attn_w`, `attention/attn_v`, and those of the
    cell. GraphError: no cell, no length, or a state that is nested otherwise.

    >>> cell = tf.contrib.rnn.AttentionCellWrapper(tf.contrib.rnn.GRUCell(3), attn_length=2)
    >>> output, state = cell(tf.zeros([5, 4]), cell.zero_state(5, tf.float32))
    >>> cell.state_size, output.shape
    ((3, 3, 6), TensorShape((5, 3)))
    """

    def __init__(self, cell: Any, attn_length: int, attn_size: int | None = None, attn_vec_size: int | None = None, input_size: int | None = None,
                 state_is_tuple: bool = True, reuse: Any = None):
        super().__init__(_reuse=reuse)
        self._cell = a_cell(self._name, cell)
        if bool(state_is_tuple) != is_nested(cell.state_size) and not state_is_tuple:
            raise GraphError(f"{self._name}: the state of the cell is a tuple; with state_is_tuple=False it is to be a tensor{here()}")
        self._attn_length = positive(self._name, "attn_length", attn_length)
        self._attn_size = positive(self._name, "attn_size", cell.output_size if attn_size is None else attn_size)
        self._attn_vec_size = self._attn_size if attn_vec_size is None else positive(self._name, "attn_vec_size", attn_vec_size)
        self._input_size, self._state_is_tuple = input_size, bool(state_is_tuple)

    @property
    def state_size(self) -> Any:
        """That of the cell within, of a look, and of the outputs looked at."""
        sizes = (self._cell.state_size, self._attn_size, self._attn_size * self._attn_length)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        """The size of a look."""
        return self._attn_size

    def _variables(self) -> list[Variable]:
        return list(dict.fromkeys([*self._weights, *_all_of([self._cell])]))

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The output, of the cell's and a look back, and the next state."""
        if self._state_is_tuple:
            if not isinstance(state, (tuple, list)) or len(state) != 3:
                raise GraphError(f"{self._name}: the state is (state of the cell, look, outputs), not {shown(state)}{here()}")
            inner, look, past = state
        else:
            inner, look, past = split(state, [self._cell.state_size, self._attn_size, self._attn_size * self._attn_length], axis=1)
        past = reshape(past, [-1, self._attn_length, self._attn_size])
        width = self._input_size or self._size(inputs.shape, -1)
        output, new = self._cell(linear(self._name, [inputs, look], width), inner)
        new_look, kept = self._attention(concat(flatten(new), 1) if is_nested(new) else new, past)
        with variable_scope("attn_output_projection"):
            output = linear(self._name, [output, new_look], self._attn_size)
        kept = reshape(concat([kept, expand_dims(output, 1)], 1), [-1, self._attn_length * self._attn_size])
        return output, (new, new_look, kept) if self._state_is_tuple else concat([new, new_look, kept], 1)

    def _attention(self, query: Node, past: Node) -> tuple[Node, Node]:
        """The outputs, weighed, and all of them but the oldest."""
        with variable_scope("attention"):
            k = get_variable("attn_w", [1, 1, self._attn_size, self._attn_vec_size], dtype=query.dtype)
            v = get_variable("attn_v", [self._attn_vec_size], dtype=query.dtype)
            features = reshape(matmul(reshape(past, [-1, self._attn_size]), reshape(k, [self._attn_size, self._attn_vec_size])),
                               [-1, self._attn_length, self._attn_vec_size])
            y = expand_dims(linear(self._name, [query], self._attn_vec_size), 1)
            weights = softmax(reduce_sum(v * tanh(features + y), [2]))
            return reduce_sum(expand_dims(weights, 2) * past, [1]), past[:, 1:]
