"""Attention: how a decoder looks at the states of an encoder, and the cell that does so in each step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..errors import GraphError, ShapeError
from ..initializers import constant_initializer, ones_initializer, zeros_initializer
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import TensorShape, as_dtype
from ..layers import Dense
from ..ops.array import concat, expand_dims, one_hot, reshape, sequence_mask, squeeze, zeros
from ..ops.array import shape as shape_of
from ..ops.linalg import matmul
from ..ops.math import multiply, rsqrt, square, tanh, where
from ..ops.nn import softmax
from ..ops.positions import argmax
from ..ops.reduce import reduce_sum
from ..ops.sources import constant
from ..ops.state import Variable
from ..ops.tensor_array import TensorArray
from ..variables import get_variable, variable_scope
from .cell import RNNCell, positive, rows_of, size_at, tensors_of
from .unrolled import lengths_of
from .wrappers import _all_of, a_cell

__all__ = ["AttentionMechanism", "AttentionWrapper", "AttentionWrapperState", "BahdanauAttention", "LuongAttention", "hardmax"]


def hardmax(logits: Any, name: str | None = "Hardmax") -> Node:
    """1 at the greatest of each row, 0 elsewhere. float[..., n] -> the same type. DTypeError: no numbers. ShapeError: a scalar.

    >>> tf.Session(jit=False).run(tf.contrib.seq2seq.hardmax([[1.0, 3.0], [5.0, 2.0]]))
    array([[0., 1.],
           [1., 0.]], dtype=float32)
    """
    x = to_node(logits)
    return one_hot(argmax(x, axis=-1), shape_of(x)[-1], dtype=x.dtype, name=name)


class AttentionMechanism:
    """How a query looks at a memory: a subclass gives `scores(query)`, float[batch, steps], from which come the weights.

    memory: float[batch, steps, n], of each row as many steps as `memory_sequence_length` says; `probability_fn(scores, weights before)` makes
    the weights, by default softmax, in which steps behind the length are none.
    """

    def __init__(self, query_layer: Any, memory: Any, probability_fn: Callable[..., Any] | None = None, memory_sequence_length: Any = None,
                 memory_layer: Any = None, score_mask_value: float | None = None, name: str | None = None):
        what, x = type(self).__name__, to_node(memory)
        if x.type.rank != 3 or size_at(x, 2) is None:
            raise ShapeError(f"{what}: the memory {describe(x)} is not [batch, steps, n] of known n{here()}")
        if probability_fn is not None and not callable(probability_fn):
            raise GraphError(f"{what}: probability_fn is a function, not {probability_fn!r:.60}{here()}")
        rows = size_at(x, 0)
        self.query_layer, self.memory_layer = query_layer, memory_layer
        self._lengths = lengths_of(what, memory_sequence_length, rows if isinstance(rows, int) else None)
        self._there: Node | None = None
        if self._lengths is not None:
            self._there = sequence_mask(self._lengths, shape_of(x)[1])
            x = where(expand_dims(self._there, 2), x, np.zeros((), x.type.dtype))
        self._mask, self._probabilities = -math.inf if score_mask_value is None else score_mask_value, probability_fn
        self.values: Node = x
        self.keys: Node = x if memory_layer is None else memory_layer(x)

    @property
    def batch_size(self) -> Any:
        """The number of rows of the memory."""
        return rows_of(self.values)

    @property
    def alignments_size(self) -> Any:
        """The number of steps of the memory."""
        known = size_at(self.values, 1)
        return known if isinstance(known, int) else shape_of(self.values)[1]

    @property
    def state_size(self) -> Any:
        """The size of what is kept from step to step: the weights."""
        return self.alignments_size

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Node:
        """The weights before the first step: zeros."""
        made = zeros([batch_size, self.alignments_size], dtype)
        made.set_shape([None, size_at(self.values, 1)])
        return made

    def initial_state(self, batch_size: Any, dtype: Any) -> Node:
        """What is kept before the first step."""
        return self.initial_alignments(batch_size, dtype)

    def scores(self, query: Node) -> Node:
        """How well the query matches each step of the memory."""
        raise NotImplementedError(f"{type(self).__name__} has no scores")

    def shifted(self, score: Node) -> Node:
        """The scores, to which a subclass may add something of the scope's variables."""
        return score

    def __call__(self, query: Any, state: Any = None, previous_alignments: Any = None) -> tuple[Node, Node]:
        score = self.scores(to_node(query))
        if self._there is not None:
            score = where(self._there, score, np.asarray(self._mask, score.type.dtype))
        before = state if state is not None else previous_alignments
        weights = softmax(score) if self._probabilities is None else self._weighed(score, before)
        return weights, weights

    def _weighed(self, score: Node, before: Any) -> Node:
        assert self._probabilities is not None
        return self._probabilities(score)

    def _same_width(self, query: Node) -> None:
        own, wanted = size_at(query, -1), size_at(self.keys, -1)
        if query.type.rank != 2 or own != wanted:
            raise ShapeError(f"{type(self).__name__}: the query {describe(query)} does not have the width of the keys, {describe(self.keys)}{here()}")


class LuongAttention(AttentionMechanism):
    """Scores are products of the query and a layer of the memory (Luong et al. 2015), times a variable `attention_g` with `scale`.

    num_units: the width of that layer, which is the query's. Variables `memory_layer/kernel`, and with `scale` `luong_attention/attention_g`.
    GraphError: no number of units. ShapeError: no memory, or another width.

    >>> attention = tf.contrib.seq2seq.LuongAttention(3, tf.ones([2, 5, 4]), memory_sequence_length=[5, 1])
    >>> weights, _ = attention(tf.ones([2, 3]), None)
    >>> tf.Session(jit=False).run(weights)[1]
    array([1., 0., 0., 0., 0.], dtype=float32)
    """

    scope = "luong_attention"

    def __init__(self, num_units: int, memory: Any, memory_sequence_length: Any = None, scale: bool = False,
                 probability_fn: Callable[..., Any] | None = None, score_mask_value: float | None = None, dtype: Any = None,
                 name: str = "LuongAttention"):
        units = positive("LuongAttention", "num_units", num_units)
        super().__init__(None, memory, probability_fn, memory_sequence_length, Dense(units, use_bias=False, name="memory_layer", dtype=dtype),
                         score_mask_value)
        self._scale = bool(scale)

    def scores(self, query: Node) -> Node:
        """query . keys."""
        self._same_width(query)
        with variable_scope(None, self.scope):
            score = squeeze(matmul(expand_dims(query, 1), self.keys, transpose_b=True), axis=[1])
            if self._scale:
                score = get_variable("attention_g", [], dtype=query.dtype, initializer=ones_initializer()) * score
            return self.shifted(score)


class BahdanauAttention(AttentionMechanism):
    """Scores are a vector times tanh of a layer of the query plus a layer of the memory (Bahdanau et al. 2014), normalised at will.

    Variables `memory_layer/kernel`, and in the scope `bahdanau_attention` `query_layer/kernel`, `attention_v`, with `normalize` `attention_g` and
    `attention_b` (Salimans and Kingma 2016). GraphError: no number of units. ShapeError: no memory.

    >>> attention = tf.contrib.seq2seq.BahdanauAttention(3, tf.ones([2, 5, 4]))
    >>> weights, _ = attention(tf.ones([2, 6]), None)
    >>> tf.Session(jit=False).run(weights)[0]
    array([0.2, 0.2, 0.2, 0.2, 0.2], dtype=float32)
    """

    scope = "bahdanau_attention"

    def __init__(self, num_units: int, memory: Any, memory_sequence_length: Any = None, normalize: bool = False,
                 probability_fn: Callable[..., Any] | None = None, score_mask_value: float | None = None, dtype: Any = None,
                 name: str = "BahdanauAttention"):
        self._units, self._normalize = positive("BahdanauAttention", "num_units", num_units), bool(normalize)
        query, layer = (Dense(self._units, use_bias=False, name=n, dtype=dtype) for n in ("query_layer", "memory_layer"))
        super().__init__(query, memory, probability_fn, memory_sequence_length, layer, score_mask_value)

    def scores(self, query: Node) -> Node:
        """v . tanh(keys + query)."""
        with variable_scope(None, self.scope):
            x = self.keys + expand_dims(self.query_layer(query), 1)
            v = get_variable("attention_v", [self._units], dtype=query.dtype)
            if not self._normalize:
                return self.shifted(reduce_sum(v * tanh(x), [2]))
            g = get_variable("attention_g", [], dtype=query.dtype, initializer=constant_initializer(math.sqrt(1 / self._units)))
            b = get_variable("attention_b", [self._units], dtype=query.dtype, initializer=zeros_initializer())
            return self.shifted(reduce_sum(multiply(g, v) * rsqrt(reduce_sum(square(v))) * tanh(x + b), [2]))


class AttentionWrapperState(NamedTuple):
    """The state of an `AttentionWrapper`: the cell's, the last look, the step, the weights, all weights so far, what mechanisms keep."""

    cell_state: Any
    attention: Any
    time: Any
    alignments: Any
    alignment_history: Any
    attention_state: Any

    def clone(self, **kwargs: Any) -> AttentionWrapperState:
        """The state with some parts replaced. GraphError: no such part, or one of another shape."""
        wrong = next((k for k in kwargs if k not in self._fields), None)
        if wrong is not None:
            raise GraphError(f"AttentionWrapperState has no part {wrong!r:.40}; it has {', '.join(self._fields)}{here()}")
        return self._replace(**{k: tensors_of(v) for k, v in kwargs.items()})


class AttentionWrapper(RNNCell):
    """A cell that reads, beside its inputs, what it last saw of a memory, and gives what it sees next (`output_attention=False`: its own output).

    attention_mechanism: one, or a list; attention_layer_size: of a layer of output and look, one for each mechanism (None: the look itself);
    `alignment_history`: all weights are kept, in a TensorArray; `cell_input_fn(inputs, attention)` joins both; `initial_cell_state`: what
    `zero_state` gives for the cell. Variables lie in the scope `attention_wrapper`. GraphError: no cell, no mechanism, or sizes for others.

    >>> attention = tf.contrib.seq2seq.LuongAttention(3, tf.ones([2, 5, 4]))
    >>> cell = tf.contrib.seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(3), attention, attention_layer_size=6)
    >>> output, state = cell(tf.ones([2, 7]), cell.zero_state(2, tf.float32))
    >>> output.shape, state.alignments.shape
    (TensorShape((2, 6)), TensorShape((2, 5)))
    """

    def __init__(self, cell: Any, attention_mechanism: Any, attention_layer_size: Any = None, alignment_history: bool = False,
                 cell_input_fn: Callable[[Any, Any], Any] | None = None, output_attention: bool = True, initial_cell_state: Any = None,
                 name: str | None = None, attention_layer: Any = None):
        super().__init__(name=name)
        self._cell, self._many = a_cell(self._name, cell), isinstance(attention_mechanism, (list, tuple))
        self._mechanisms = list(attention_mechanism) if self._many else [attention_mechanism]
        for m in self._mechanisms:
            if not isinstance(m, AttentionMechanism):
                raise GraphError(f"{self._name}: {m!r:.60} is no attention mechanism, as tf.contrib.seq2seq.LuongAttention(...){here()}")
        if attention_layer_size is not None and attention_layer is not None:
            raise GraphError(f"{self._name}: one of attention_layer_size and attention_layer is given{here()}")
        self._layers: list[Any] = [None] * len(self._mechanisms)
        if attention_layer_size is not None or attention_layer is not None:
            given = attention_layer if attention_layer is not None else attention_layer_size
            parts = list(given) if isinstance(given, (list, tuple)) else [given]
            if len(parts) != len(self._mechanisms):
                raise GraphError(f"{self._name}: there are {len(parts)} layers for {len(self._mechanisms)} mechanisms{here()}")
            self._layers = parts if attention_layer is not None else [
                Dense(positive(self._name, "attention_layer_size", n), name="attention_layer", use_bias=False) for n in parts]
        self._width = sum(self._sees(m, layer) for m, layer in zip(self._mechanisms, self._layers, strict=True))
        self._join = cell_input_fn or (lambda inputs, attention: concat([inputs, attention], -1))
        self._output_attention, self._history = bool(output_attention), bool(alignment_history)
        self._initial = None if initial_cell_state is None else tensors_of(initial_cell_state)

    def _sees(self, mechanism: AttentionMechanism, layer: Any) -> int:
        if layer is None:
            return int(size_at(mechanism.values, -1))
        dims = layer.compute_output_shape([None, 1]).as_list()
        return int(dims[-1])

    def _whole(self, parts: list[Any]) -> Any:
        return tuple(parts) if self._many else parts[0]

    @property
    def output_size(self) -> Any:
        """The size of a look, or of the cell's output."""
        return self._width if self._output_attention else self._cell.output_size

    @property
    def state_size(self) -> Any:
        """An `AttentionWrapperState` of sizes."""
        sizes = [m.alignments_size for m in self._mechanisms]
        return AttentionWrapperState(self._cell.state_size, self._width, TensorShape([]), self._whole(sizes),
                                     self._whole(sizes if self._history else [()] * len(sizes)),
                                     self._whole([m.state_size for m in self._mechanisms]))

    def _variables(self) -> list[Variable]:
        return list(dict.fromkeys([*self._weights, *_all_of([self._cell])]))

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """The state before the first step, of as many rows as the memory has."""
        kind = as_dtype(dtype)
        inner = self._cell.zero_state(batch_size, dtype) if self._initial is None else self._initial
        weights = [m.initial_alignments(batch_size, kind) for m in self._mechanisms]
        history: list[Any] = [TensorArray(kind, size=0, dynamic_size=True, element_shape=w.shape) if self._history else () for w in weights]
        rows = batch_size if isinstance(batch_size, Node) else getattr(batch_size, "value", batch_size)
        return AttentionWrapperState(inner, zeros([rows, self._width], kind), constant(0, "int32"), self._whole(weights), self._whole(history),
                                     self._whole([m.initial_state(batch_size, kind) for m in self._mechanisms]))

    def call(self, inputs: Any, state: Any = None) -> Any:
        """What is seen, or the cell's output, and the next state."""
        if not isinstance(state, AttentionWrapperState):
            raise GraphError(f"{self._name}: the state is an AttentionWrapperState, as zero_state gives it, not {type(state).__name__}{here()}")
        output, inner = self._cell(self._join(inputs, state.attention), state.cell_state)
        before, history = ([*x] if self._many else [x] for x in (state.attention_state, state.alignment_history))
        looks, weights, after = [], [], []
        for m, layer, kept in zip(self._mechanisms, self._layers, before, strict=True):
            align, new = m(output, state=kept)
            look = reshape(matmul(expand_dims(align, 1), m.values), [-1, size_at(m.values, -1)])
            looks.append(look if layer is None else layer(concat([output, look], 1)))
            weights.append(align)
            after.append(new)
        if self._history:
            history = [h.write(state.time, w) for h, w in zip(history, weights, strict=True)]
        attention = looks[0] if len(looks) == 1 else concat(looks, 1)
        new = AttentionWrapperState(inner, attention, state.time + 1, self._whole(weights), self._whole(history), self._whole(after))
        return (attention if self._output_attention else output), new
