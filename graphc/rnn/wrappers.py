"""Cells around cells: several in a stack, dropout, residuals, devices, and projections and embeddings before or behind one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import DTypeError, GraphError, ShapeError
from ..initializers import random_uniform_initializer
from ..ir.default_graph import device
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import compatible
from ..layers.base import activation_of, initializer_of
from ..ops.array import concat, reshape
from ..ops.math import floor
from ..ops.nn import dropout, embedding_lookup
from ..ops.random import random_uniform
from ..ops.state import Variable
from ..variables import get_variable, get_variable_scope, variable_scope
from .cell import RNNCell, dims_of, linear, positive
from .cells import LSTMStateTuple
from .nested import alike, flatten, is_nested, mapped, packed, shown

__all__ = ["DeviceWrapper", "DropoutWrapper", "EmbeddingWrapper", "InputProjectionWrapper", "MultiRNNCell", "OutputProjectionWrapper",
           "ResidualWrapper"]


def a_cell(what: str, cell: Any) -> Any:
    """The cell that is given. GraphError: it is none."""
    if isinstance(cell, type) or not callable(cell) or not all(hasattr(type(cell), n) or hasattr(cell, n) for n in ("state_size", "output_size")):
        raise GraphError(f"{what}: {cell!r:.60} is no cell; give an object, as tf.nn.rnn_cell.GRUCell(units){here()}")
    return cell


class MultiRNNCell(RNNCell):
    """Cells one upon the other: the output of each is the input of the next, in scopes `cell_0`, `cell_1`, ...

    inputs: those of the first cell, state: a tuple with the state of each (`state_is_tuple=False`: all of them side by side in one tensor) ->
    (the output of the last, the new states). GraphError: no cells, or a state that is not nested as they are. Else as the cells.

    >>> cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.GRUCell(3), tf.nn.rnn_cell.GRUCell(2)])
    >>> output, state = cell(tf.zeros([5, 4]), cell.zero_state(5, tf.float32))
    >>> output.shape, cell.state_size, cell.weights[-1].name.partition("/")[2]
    (TensorShape((5, 2)), (3, 2), 'cell_1/gru_cell/candidate/bias:0')
    """

    def __init__(self, cells: Sequence[Any], state_is_tuple: bool = True, name: str | None = None):
        super().__init__(name=name)
        if not isinstance(cells, (list, tuple)) or not cells:
            raise GraphError(f"{self._name}: {cells!r:.60} is no list of cells{here()}")
        self._cells, self._state_is_tuple = [a_cell(self._name, c) for c in cells], bool(state_is_tuple)
        if not state_is_tuple and any(is_nested(c.state_size) for c in self._cells):
            raise GraphError(f"{self._name}: the states of some cells are tuples; with state_is_tuple=False theirs is to be False too{here()}")

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        numbered = [(f"cell-{i}", cell) for i, cell in enumerate(self._cells)]
        return [*numbered, *(pair for pair in super()._checkpoint_dependencies if pair[0] != "_cells")]

    @property
    def cells(self) -> list[Any]:
        """The cells, from the lowest."""
        return self._cells

    @property
    def state_size(self) -> Any:
        """A tuple of the sizes of the cells' states, or their sum."""
        sizes = tuple(c.state_size for c in self._cells)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        """The size of the last cell's output."""
        return self._cells[-1].output_size

    def _variables(self) -> list[Variable]:
        return _all_of(self._cells)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Zeros for the state of each cell."""
        with name_scope(f"{type(self).__name__}ZeroState"):
            if self._state_is_tuple:
                return tuple(c.zero_state(batch_size, dtype) for c in self._cells)
        return super().zero_state(batch_size, dtype)

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The output of the last cell and the new state of each."""
        if self._state_is_tuple:
            if not isinstance(state, (tuple, list)) or len(state) != len(self._cells):
                raise GraphError(f"{self._name}: the state is a tuple with one part for each of {len(self._cells)} cells, not {shown(state)}{here()}")
            states = list(state)
        else:
            states, at = [], 0
            for cell in self._cells:
                states.append(state[:, at:at + cell.state_size])
                at += cell.state_size
        made = []
        for i, cell in enumerate(self._cells):
            with variable_scope(f"cell_{i}"):
                inputs, new = cell(inputs, states[i])
            made.append(new)
        return inputs, tuple(made) if self._state_is_tuple else concat(made, 1)


def _all_of(cells: Sequence[Any]) -> list[Variable]:
    """The variables of cells, each once."""
    return list(dict.fromkeys(v for c in cells if isinstance(c, RNNCell) for v in c._variables()))


class _Wrapper(RNNCell):
    """A cell that changes what goes into another one, or comes out, and has neither variables nor a scope of its own."""

    def __init__(self, cell: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self._cell = a_cell(type(self).__name__, cell)

    def __call__(self, inputs: Any, state: Any, scope: Any = None, *args: Any, **kwargs: Any) -> Any:
        return self.call_wrapped(lambda x, s: self._cell(x, s, *args, **kwargs) if scope is None else self._cell(x, s, scope, *args, **kwargs),
                                 inputs, state)

    def call_wrapped(self, cell: Callable[[Any, Any], Any], inputs: Any, state: Any) -> Any:
        """Output and new state, by way of a call of the cell within."""
        return cell(inputs, state)

    @property
    def wrapped_cell(self) -> Any:
        """The cell within."""
        return self._cell

    @property
    def state_size(self) -> Any:
        """That of the cell within."""
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        """That of the cell within."""
        return self._cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """That of the cell within."""
        with name_scope(f"{type(self).__name__}ZeroState"):
            return self._cell.zero_state(batch_size, dtype)

    def _variables(self) -> list[Variable]:
        return _all_of([self._cell])


def _of_state(substate: Any) -> Any:
    """Which parts of a state are dropped out by default: all but memories `c`."""
    return LSTMStateTuple(c=False, h=True) if isinstance(substate, LSTMStateTuple) else True


class DropoutWrapper(_Wrapper):
    """A cell of whose inputs, outputs and new states elements are 0 with a probability, and else divided by that to be kept.

    `*_keep_prob`: numbers in (0, 1], or scalar tensors. `variational_recurrent`: the same elements in every step and row (Gal and Ghahramani
    2016), which takes `dtype`, and `input_size` (the inputs' size without the batch) if inputs are dropped out. `dropout_state_filter_visitor`:
    a function of a part of the state that says whether elements of it are dropped, by default those of all but memories `c`.
    GraphError: a probability that is none, or what the variational form needs is missing.

    >>> cell = tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.GRUCell(3), output_keep_prob=0.5, seed=1)
    >>> output, state = cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))
    >>> output.shape
    TensorShape((2, 3))
    """

    def __init__(self, cell: Any, input_keep_prob: Any = 1.0, output_keep_prob: Any = 1.0, state_keep_prob: Any = 1.0,
                 variational_recurrent: bool = False, input_size: Any = None, dtype: Any = None, seed: int | None = None,
                 dropout_state_filter_visitor: Callable[[Any], Any] | None = None):
        super().__init__(cell, dtype=dtype)
        if dropout_state_filter_visitor is not None and not callable(dropout_state_filter_visitor):
            raise GraphError(f"DropoutWrapper: dropout_state_filter_visitor is a function, not {dropout_state_filter_visitor!r:.60}{here()}")
        self._filter, self._seed = dropout_state_filter_visitor or _of_state, seed
        self._probabilities = {"input": self._probability("input", input_keep_prob), "state": self._probability("state", state_keep_prob),
                      "output": self._probability("output", output_keep_prob)}
        self._noise: dict[str, list[Node]] = {}
        if variational_recurrent:
            if dtype is None:
                raise GraphError(f"DropoutWrapper: variational_recurrent takes dtype, in which its numbers are drawn{here()}")
            if self._drops("input") and input_size is None:
                raise GraphError(f"DropoutWrapper: variational_recurrent takes input_size to drop out inputs{here()}")
            sizes = {"input": input_size if self._drops("input") else [], "state": self._cell.state_size, "output": self._cell.output_size}
            self._noise = {what: [random_uniform([1, *dims_of("DropoutWrapper", s)], dtype=dtype, seed=self._seed_of(what, i))
                                  for i, s in enumerate(_sizes(size))] for what, size in sizes.items() if self._drops(what)}

    @staticmethod
    def _probability(what: str, given: Any) -> Any:
        if isinstance(given, Node) or isinstance(given, (int, float)) and not isinstance(given, bool) and 0 < given <= 1:
            return given
        raise GraphError(f"DropoutWrapper: {what}_keep_prob is in (0, 1], not {given!r:.60}{here()}")

    def _drops(self, what: str) -> bool:
        return isinstance(self._probabilities[what], Node) or self._probabilities[what] < 1

    def _seed_of(self, what: str, index: int) -> int | None:
        """A seed for each place, made of the one that is given as TensorFlow makes it."""
        if self._seed is None:
            return None
        return int(hashlib.md5(f"{self._seed}{what}_{index}".encode(), usedforsecurity=False).hexdigest()[:8], 16) & 0x7FFFFFFF

    def _dropped(self, what: str, index: int, value: Any) -> Any:
        """One tensor, dropped out."""
        x, keep = to_node(value), self._probabilities[what]
        if what not in self._noise:
            return dropout(x, keep, seed=self._seed_of(what, index))
        noise = self._noise[what][index]
        if not compatible(x.type.shape, (None, *(noise.type.shape or ())[1:])):
            raise ShapeError(f"DropoutWrapper: {describe(x)} does not fit {what} noise of shape {noise.shape}{here()}")
        if x.type.dtype != noise.type.dtype:
            raise DTypeError(f"DropoutWrapper: {describe(x)} is not of the dtype {noise.dtype.name} that it was given{here()}")
        return x / keep * floor(noise + keep)

    def _all_dropped(self, what: str, value: Any) -> Any:
        return packed(value, [self._dropped(what, i, x) for i, x in enumerate(flatten(value))])

    def _state(self, new: Any) -> Any:
        """The new state, dropped out where the filter says so."""
        place = iter(range(len(flatten(new))))

        def walk(part: Any, wanted: Any) -> Any:
            if is_nested(part):
                inner = flatten(wanted) if is_nested(wanted) and len(wanted) == len(part) else None
                if inner is None and wanted is False:
                    return mapped(lambda x: (next(place), x)[1], part)
                parts = [walk(p, inner[k] if inner is not None else self._filter(p))
                         for k, p in enumerate([part[n] for n in sorted(part)] if isinstance(part, dict) else part)]
                return packed(part, [leaf for p in parts for leaf in flatten(p)])
            index = next(place)
            return self._dropped("state", index, part) if wanted and isinstance(part, Node) else part
        return walk(new, self._filter(new))

    def call_wrapped(self, cell: Callable[[Any, Any], Any], inputs: Any, state: Any) -> Any:
        """Output and new state of the cell within, some elements 0."""
        output, new = cell(self._all_dropped("input", inputs) if self._drops("input") else inputs, state)
        new = self._state(new) if self._drops("state") else new
        return self._all_dropped("output", output) if self._drops("output") else output, new


def _sizes(size: Any) -> list[Any]:
    """The sizes of a nested structure; a list of numbers alone is the shape of one tensor."""
    return [size] if isinstance(size, list) and all(isinstance(d, int) for d in size) else flatten(size)


class ResidualWrapper(_Wrapper):
    """A cell whose inputs are added to its outputs (Wu et al. 2016), or joined with them by `residual_fn(inputs, outputs)`.

    GraphError: inputs and outputs are not nested alike. ShapeError: nor of one shape.

    >>> cell = tf.nn.rnn_cell.ResidualWrapper(tf.nn.rnn_cell.GRUCell(4))
    >>> output, state = cell(tf.ones([1, 4]), tf.ones([1, 4]))
    >>> output.shape
    TensorShape((1, 4))
    """

    def __init__(self, cell: Any, residual_fn: Callable[[Any, Any], Any] | None = None):
        super().__init__(cell)
        self._residual = residual_fn or _added

    def call_wrapped(self, cell: Callable[[Any, Any], Any], inputs: Any, state: Any) -> Any:
        """Inputs and outputs of the cell within, joined, and its new state."""
        outputs, new = cell(inputs, state)
        return self._residual(inputs, outputs), new


def _added(inputs: Any, outputs: Any) -> Any:
    alike("ResidualWrapper", inputs, outputs)

    def one(x: Any, y: Any) -> Any:
        if not compatible(to_node(x).type.shape, y.type.shape):
            raise ShapeError(f"ResidualWrapper: the inputs {describe(to_node(x))} are not of the shape of the outputs, {describe(y)}{here()}")
        return x + y
    return mapped(one, inputs, outputs)


class DeviceWrapper(_Wrapper):
    """A cell on a device, which has no effect: everything runs on the processor. GraphError: no cell."""

    def __init__(self, cell: Any, device: Any):
        super().__init__(cell)
        self._device = device

    def call_wrapped(self, cell: Callable[[Any, Any], Any], inputs: Any, state: Any) -> Any:
        """Output and new state of the cell within."""
        with device(self._device):
            return cell(inputs, state)


class _Around(_Wrapper):
    """A cell around another one, with variables and a scope of its own in which those of the other lie."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None, *args: Any, **kwargs: Any) -> Any:
        return RNNCell.__call__(self, inputs, state, scope, *args, **kwargs)

    def _variables(self) -> list[Variable]:
        return list(dict.fromkeys([*self._weights, *_all_of([self._cell])]))


class InputProjectionWrapper(_Around):
    """A cell whose inputs are multiplied by a kernel [n, num_proj] first, with a bias and at will an activation.

    Variables `kernel` and `bias`. GraphError: no cell, or no number. Else as the cell within.

    >>> cell = tf.contrib.rnn.InputProjectionWrapper(tf.contrib.rnn.GRUCell(3), 2)
    >>> _ = cell(tf.zeros([5, 4]), cell.zero_state(5, tf.float32))
    >>> sorted(v.name.partition("/")[2] for v in cell.weights)[-1]
    'kernel:0'
    """

    def __init__(self, cell: Any, num_proj: int, activation: Any = None, input_size: Any = None, reuse: Any = None):
        super().__init__(cell, _reuse=reuse)
        self._num_proj, self._activation = positive(self._name, "num_proj", num_proj), activation_of(self._name, activation)

    def call(self, inputs: Any, state: Any = None) -> Any:
        """Output and new state of the cell within on the projected inputs."""
        x = linear(self._name, [inputs], self._num_proj)
        return self._cell(x if self._activation is None else self._activation(x), state)


class OutputProjectionWrapper(_Around):
    """A cell whose outputs are multiplied by a kernel [units, output_size], with a bias and at will an activation.

    Variables `kernel` and `bias`. GraphError: no cell, or no number. Else as the cell within. One product over all steps behind
    `tf.nn.dynamic_rnn` does the same faster.

    >>> cell = tf.contrib.rnn.OutputProjectionWrapper(tf.contrib.rnn.GRUCell(3), 2)
    >>> output, state = cell(tf.zeros([5, 4]), cell.zero_state(5, tf.float32))
    >>> output.shape, state.shape
    (TensorShape((5, 2)), TensorShape((5, 3)))
    """

    def __init__(self, cell: Any, output_size: int, activation: Any = None, reuse: Any = None):
        super().__init__(cell, _reuse=reuse)
        self._output_size, self._activation = positive(self._name, "output_size", output_size), activation_of(self._name, activation)

    @property
    def output_size(self) -> Any:
        """The number of columns of the kernel."""
        return self._output_size

    def call(self, inputs: Any, state: Any = None) -> Any:
        """The projected output and the new state of the cell within."""
        output, new = self._cell(inputs, state)
        y = linear(self._name, [output], self._output_size)
        return y if self._activation is None else self._activation(y), new


class EmbeddingWrapper(_Around):
    """A cell whose inputs are numbers of classes, for each of which it has a row of a variable `embedding` [classes, size].

    inputs: int[batch] or int[batch, 1]. The rows are uniform in [-sqrt(3), sqrt(3)) unless `initializer` or the scope says otherwise.
    GraphError: no cell, or no numbers. DTypeError: inputs that are no integers.

    >>> cell = tf.contrib.rnn.EmbeddingWrapper(tf.contrib.rnn.GRUCell(3), embedding_classes=7, embedding_size=2)
    >>> output, state = cell(tf.constant([1, 6]), cell.zero_state(2, tf.float32))
    >>> output.shape
    TensorShape((2, 3))
    """

    def __init__(self, cell: Any, embedding_classes: int, embedding_size: int, initializer: Any = None, reuse: Any = None):
        super().__init__(cell, _reuse=reuse)
        self._shape = [positive(self._name, "embedding_classes", embedding_classes), positive(self._name, "embedding_size", embedding_size)]
        self._initializer = initializer_of(self._name, initializer)

    def call(self, inputs: Any, state: Any = None) -> Any:
        """Output and new state of the cell within on the embedded inputs."""
        first = self._initializer if self._initializer is not None else get_variable_scope().initializer
        table = get_variable("embedding", self._shape, dtype=flatten(state)[0].dtype,
                             initializer=first if first is not None else random_uniform_initializer(-(3 ** 0.5), 3 ** 0.5))
        return self._cell(embedding_lookup(table, reshape(inputs, [-1])), state)
