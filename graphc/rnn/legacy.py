"""Sequence to sequence as TensorFlow had it first: lists of inputs, one for each step, through an encoder and a decoder, with attention."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from ..errors import GraphError, ShapeError
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import compatible, float32
from ..ops.array import concat, expand_dims, reshape, stop_gradient, zeros
from ..ops.array import shape as shape_of
from ..ops.control_flow import cond
from ..ops.linalg import matmul
from ..ops.math import cast, tanh
from ..ops.nn import embedding_lookup, softmax, xw_plus_b
from ..ops.positions import argmax
from ..ops.reduce import reduce_sum
from ..variables import get_variable, get_variable_scope, variable_scope
from .cell import linear, tensors_of, width_of
from .nested import flatten, is_nested
from .unrolled import static_rnn
from .wrappers import EmbeddingWrapper, OutputProjectionWrapper, a_cell

__all__ = ["attention_decoder", "basic_rnn_seq2seq", "embedding_attention_decoder", "embedding_attention_seq2seq", "embedding_rnn_decoder",
           "embedding_rnn_seq2seq", "embedding_tied_rnn_seq2seq", "rnn_decoder", "tied_rnn_seq2seq"]

Loop = Callable[[Any, int], Any]


def _steps(what: str, inputs: Any) -> list[Any]:
    """The inputs of a decoder. GraphError: there are none."""
    steps = list(inputs) if not isinstance(inputs, Node) else []
    if not steps:
        raise GraphError(f"{what}: the inputs are a list, one for each step, not {inputs!r:.60}{here()}")
    return steps


def rnn_decoder(decoder_inputs: Sequence[Any], initial_state: Any, cell: Any, loop_function: Loop | None = None,
                scope: Any = None) -> tuple[list[Any], Any]:
    """The outputs of a cell for a list of inputs, from a state, and the last state.

    `loop_function(output, step)`: gives the input of all steps but the first, made of the output before. Variables lie in `rnn_decoder`.
    GraphError: no inputs, or no cell.

    >>> cell = tf.nn.rnn_cell.GRUCell(3)
    >>> outputs, state = tf.contrib.legacy_seq2seq.rnn_decoder([tf.ones([2, 4])] * 2, tf.zeros([2, 3]), cell)
    >>> len(outputs), state.shape
    (2, TensorShape((2, 3)))
    """
    a_cell("rnn_decoder", cell)
    outputs: list[Any] = []
    with variable_scope(scope if scope is not None else "rnn_decoder"):
        state, previous = tensors_of(initial_state), None
        for i, x in enumerate(_steps("rnn_decoder", decoder_inputs)):
            if loop_function is not None and previous is not None:
                with variable_scope("loop_function", reuse=True):
                    x = loop_function(previous, i)
            if i:
                get_variable_scope().reuse_variables()
            output, state = cell(x, state)
            outputs.append(output)
            previous = output
    return outputs, state


def basic_rnn_seq2seq(encoder_inputs: Sequence[Any], decoder_inputs: Sequence[Any], cell: Any, dtype: Any = float32,
                      scope: Any = None) -> tuple[list[Any], Any]:
    """A decoder from the last state of an encoder, whose cell is a copy (Sutskever et al. 2014): its outputs and last state.

    Inputs: lists of float[batch, n]. Variables lie in `basic_rnn_seq2seq`. GraphError: no inputs, or no cell.

    >>> xs = [tf.ones([2, 4])] * 3
    >>> outputs, state = tf.contrib.legacy_seq2seq.basic_rnn_seq2seq(xs, xs[:2], tf.nn.rnn_cell.GRUCell(3))
    >>> len(outputs)
    2
    """
    with variable_scope(scope if scope is not None else "basic_rnn_seq2seq"):
        _, state = static_rnn(deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(encoder_inputs: Sequence[Any], decoder_inputs: Sequence[Any], cell: Any, loop_function: Loop | None = None,
                     dtype: Any = float32, scope: Any = None) -> tuple[list[Any], Any]:
    """`basic_rnn_seq2seq` whose encoder and decoder have the same variables.

    `loop_function` as of `rnn_decoder`. GraphError: no inputs, or no cell.

    >>> xs = [tf.ones([2, 4])] * 3
    >>> outputs, state = tf.contrib.legacy_seq2seq.tied_rnn_seq2seq(xs, xs[:2], tf.nn.rnn_cell.GRUCell(3))
    >>> len(tf.trainable_variables("combined_tied_rnn_seq2seq"))
    4
    """
    with variable_scope("combined_tied_rnn_seq2seq"):
        inner = scope if scope is not None else "tied_rnn_seq2seq"
        _, state = static_rnn(cell, encoder_inputs, dtype=dtype, scope=inner)
        get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function, inner)


# ---------------------------------------------------------------------- numbers of symbols as inputs

def _fed_back(embedding: Any, projection: Any, update: bool) -> Loop:
    """The loop function that embeds the symbol which the output before holds for the most likely."""
    def next_input(previous: Any, step: int) -> Node:
        logits = previous if projection is None else xw_plus_b(previous, projection[0], projection[1])
        x = embedding_lookup(embedding, argmax(logits, 1))
        return x if update else stop_gradient(x)
    return next_input


def _projection(what: str, projection: Any, symbols: int) -> Any:
    """(weights, biases) of a projection onto symbols. ShapeError: they are not."""
    if projection is None:
        return None
    if not isinstance(projection, (tuple, list)) or len(projection) != 2:
        raise GraphError(f"{what}: output_projection is a pair (weights, biases), not {projection!r:.60}{here()}")
    for x, shape in zip(map(to_node, projection), ((None, symbols), (symbols,)), strict=True):
        if not compatible(x.type.shape, shape):
            raise ShapeError(f"{what}: {describe(x)} projects onto another number of symbols than {symbols}{here()}")
    return projection


def embedding_rnn_decoder(decoder_inputs: Sequence[Any], initial_state: Any, cell: Any, num_symbols: int, embedding_size: int,
                          output_projection: Any = None, feed_previous: bool = False, update_embedding_for_previous: bool = True,
                          scope: Any = None) -> tuple[list[Any], Any]:
    """`rnn_decoder` of numbers of symbols, int[batch] each, embedded by rows of a variable `embedding` [num_symbols, embedding_size].

    `feed_previous`: all inputs but the first are what the output before holds for the most likely, with `output_projection` (weights, biases)
    its projection onto the symbols. GraphError: no inputs, or no cell. ShapeError: a projection onto another number of symbols.
    """
    projection = _projection("embedding_rnn_decoder", output_projection, num_symbols)
    with variable_scope(scope if scope is not None else "embedding_rnn_decoder"):
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        loop = _fed_back(embedding, projection, update_embedding_for_previous) if feed_previous else None
        inputs = [embedding_lookup(embedding, x) for x in _steps("embedding_rnn_decoder", decoder_inputs)]
        return rnn_decoder(inputs, initial_state, cell, loop)


def _decoded(feed_previous: Any, decoder: Callable[[bool, bool], Any]) -> Any:
    """What a decoder gives with inputs or with outputs fed back; a tensor decides in the run, which does one of both."""
    if not isinstance(feed_previous, Node):
        return decoder(bool(feed_previous), True)

    def one(fed_back: bool) -> Any:
        with variable_scope(get_variable_scope(), reuse=None if fed_back else True):
            return decoder(fed_back, False)
    return cond(feed_previous, lambda: one(True), lambda: one(False))


def embedding_rnn_seq2seq(encoder_inputs: Sequence[Any], decoder_inputs: Sequence[Any], cell: Any, num_encoder_symbols: int,
                          num_decoder_symbols: int, embedding_size: int, output_projection: Any = None, feed_previous: Any = False,
                          dtype: Any = None, scope: Any = None) -> tuple[list[Any], Any]:
    """A decoder of numbers of symbols from the last state of an encoder of such: its outputs and last state.

    Inputs: lists of int[batch]. Without `output_projection` the outputs are projected onto the symbols: float[batch, num_decoder_symbols].
    `feed_previous`: the decoder's outputs are its inputs, but for the first; a bool[] decides in the run. Variables lie in
    `embedding_rnn_seq2seq`. GraphError: no inputs, or no cell. ShapeError: a projection onto another number of symbols.

    >>> xs = [tf.constant([1, 2])] * 3
    >>> cell = tf.nn.rnn_cell.GRUCell(3)
    >>> outputs, state = tf.contrib.legacy_seq2seq.embedding_rnn_seq2seq(xs, xs, cell, 5, 6, embedding_size=4)
    >>> outputs[0].shape
    TensorShape((2, 6))
    """
    with variable_scope(scope if scope is not None else "embedding_rnn_seq2seq", dtype=dtype) as entered:
        encoder = EmbeddingWrapper(deepcopy(cell), num_encoder_symbols, embedding_size)
        _, state = static_rnn(encoder, encoder_inputs, dtype=dtype or entered.dtype or float32)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
        return _decoded(feed_previous, lambda back, update: embedding_rnn_decoder(
            decoder_inputs, state, cell, num_decoder_symbols, embedding_size, output_projection, back, update))


def embedding_tied_rnn_seq2seq(encoder_inputs: Sequence[Any], decoder_inputs: Sequence[Any], cell: Any, num_symbols: int, embedding_size: int,
                               num_decoder_symbols: int | None = None, output_projection: Any = None, feed_previous: Any = False,
                               dtype: Any = None, scope: Any = None) -> tuple[list[Any], Any]:
    """`embedding_rnn_seq2seq` whose encoder and decoder have the same variables, which lie in `embedding_tied_rnn_seq2seq`.

    GraphError: no inputs, or no cell. ShapeError: a projection onto another number of symbols.
    """
    symbols = num_symbols if num_decoder_symbols is None else num_decoder_symbols
    _projection("embedding_tied_rnn_seq2seq", output_projection, symbols)
    with variable_scope(scope if scope is not None else "embedding_tied_rnn_seq2seq", dtype=dtype) as entered:
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        ahead, behind = ([embedding_lookup(embedding, x) for x in _steps("embedding_tied_rnn_seq2seq", inputs)]
                         for inputs in (encoder_inputs, decoder_inputs))
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, symbols)
        kind = dtype or entered.dtype or float32
        return _decoded(feed_previous, lambda back, update: tied_rnn_seq2seq(
            ahead, behind, cell, _fed_back(embedding, output_projection, update) if back else None, kind))


# ---------------------------------------------------------------------- attention

class _Heads:
    """Looks at the states of an encoder, each head with variables of its own (Vinyals et al. 2014)."""

    def __init__(self, states: Node, count: int, dtype: Any):
        dims = states.type.shape
        if dims is None or len(dims) != 3 or dims[2] is None:
            raise ShapeError(f"attention_decoder: the attention states {describe(states)} are not [batch, length, size] of known size{here()}")
        if count < 1:
            raise GraphError(f"attention_decoder: num_heads is {count}, and not 1 or more{here()}")
        self.states, self.size, self.length = states, int(dims[2]), dims[1] if isinstance(dims[1], int) else shape_of(states)[1]
        self.features, self.weights = [], []
        for a in range(count):
            k = get_variable(f"AttnW_{a}", [1, 1, self.size, self.size], dtype=dtype)
            flat = matmul(reshape(states, [-1, self.size]), reshape(k, [self.size, self.size]))
            self.features.append(reshape(flat, [-1, self.length, self.size]))
            self.weights.append(get_variable(f"AttnV_{a}", [self.size], dtype=dtype))

    def looks(self, query: Any) -> list[Node]:
        """What each head sees, float[batch, size]: the states, weighed by how they match the query."""
        q = concat(flatten(query), 1) if is_nested(query) else query
        found = []
        for a, (features, v) in enumerate(zip(self.features, self.weights, strict=True)):
            with variable_scope(f"Attention_{a}"):
                y = expand_dims(linear("attention_decoder", [q], self.size), 1)
                weights = softmax(reduce_sum(v * tanh(features + y), [2]))
                found.append(reduce_sum(expand_dims(weights, 2) * self.states, [1]))
        return found


def attention_decoder(decoder_inputs: Sequence[Any], initial_state: Any, attention_states: Any, cell: Any, output_size: int | None = None,
                      num_heads: int = 1, loop_function: Loop | None = None, dtype: Any = None, scope: Any = None,
                      initial_state_attention: bool = False) -> tuple[list[Node], Any]:
    """`rnn_decoder` that looks at states of an encoder in each step (Vinyals et al. 2014).

    attention_states: float[batch, length, size] -> outputs, float[batch, output_size] (the cell's, if not given) each, and the last state.
    `initial_state_attention`: the first step looks too, else it sees zeros. Variables lie in `attention_decoder`. GraphError: no inputs, no
    cell, no heads. ShapeError: states of an unknown size.

    >>> states, xs = tf.ones([2, 5, 4]), [tf.ones([2, 3])] * 2
    >>> outputs, state = tf.contrib.legacy_seq2seq.attention_decoder(xs, tf.zeros([2, 3]), states, tf.nn.rnn_cell.GRUCell(3))
    >>> outputs[0].shape
    TensorShape((2, 3))
    """
    a_cell("attention_decoder", cell)
    steps, states = _steps("attention_decoder", decoder_inputs), to_node(attention_states)
    width = cell.output_size if output_size is None else output_size
    outputs: list[Node] = []
    with variable_scope(scope if scope is not None else "attention_decoder", dtype=dtype) as entered:
        kind = dtype or entered.dtype or states.dtype
        state, previous = tensors_of(initial_state), None
        heads = _Heads(states, num_heads, kind)
        looks = [zeros([shape_of(steps[0])[0], heads.size], kind) for _ in range(num_heads)]
        for look in looks:
            look.set_shape([None, heads.size])
        if initial_state_attention:
            looks = heads.looks(state)
        for i, x in enumerate(steps):
            if i:
                get_variable_scope().reuse_variables()
            if loop_function is not None and previous is not None:
                with variable_scope("loop_function", reuse=True):
                    x = loop_function(previous, i)
            x = to_node(x)
            x = x if x.dtype == kind else cast(x, kind)
            output, state = cell(linear("attention_decoder", [x, *looks], width_of("attention_decoder", x)), state)
            with variable_scope(get_variable_scope(), reuse=True if i == 0 and initial_state_attention else None):
                looks = heads.looks(state)
            with variable_scope("AttnOutputProjection"):
                output = linear("attention_decoder", [output, *looks], width)
            previous = output
            outputs.append(output)
    return outputs, state


def embedding_attention_decoder(decoder_inputs: Sequence[Any], initial_state: Any, attention_states: Any, cell: Any, num_symbols: int,
                                embedding_size: int, num_heads: int = 1, output_size: int | None = None, output_projection: Any = None,
                                feed_previous: bool = False, update_embedding_for_previous: bool = True, dtype: Any = None, scope: Any = None,
                                initial_state_attention: bool = False) -> tuple[list[Node], Any]:
    """`attention_decoder` of numbers of symbols, embedded and fed back as in `embedding_rnn_decoder`.

    Variables lie in `embedding_attention_decoder`. Errors of both.
    """
    width = cell.output_size if output_size is None else output_size
    projection = _projection("embedding_attention_decoder", output_projection, num_symbols)
    with variable_scope(scope if scope is not None else "embedding_attention_decoder", dtype=dtype):
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        loop = _fed_back(embedding, projection, update_embedding_for_previous) if feed_previous else None
        inputs = [embedding_lookup(embedding, x) for x in _steps("embedding_attention_decoder", decoder_inputs)]
        return attention_decoder(inputs, initial_state, attention_states, cell, width, num_heads, loop,
                                 initial_state_attention=initial_state_attention)


def embedding_attention_seq2seq(encoder_inputs: Sequence[Any], decoder_inputs: Sequence[Any], cell: Any, num_encoder_symbols: int,
                                num_decoder_symbols: int, embedding_size: int, num_heads: int = 1, output_projection: Any = None,
                                feed_previous: Any = False, dtype: Any = None, scope: Any = None,
                                initial_state_attention: bool = False) -> tuple[list[Node], Any]:
    """`embedding_rnn_seq2seq` whose decoder looks at the outputs of the encoder in each step.

    Variables lie in `embedding_attention_seq2seq`; arguments as there and of `attention_decoder`. GraphError: no inputs, no cell, no heads.
    ShapeError: a projection onto another number of symbols.

    >>> xs = [tf.constant([1, 2])] * 3
    >>> cell = tf.nn.rnn_cell.GRUCell(3)
    >>> outputs, state = tf.contrib.legacy_seq2seq.embedding_attention_seq2seq(xs, xs, cell, 5, 6, embedding_size=4)
    >>> outputs[0].shape
    TensorShape((2, 6))
    """
    with variable_scope(scope if scope is not None else "embedding_attention_seq2seq", dtype=dtype) as entered:
        encoder = EmbeddingWrapper(deepcopy(cell), num_encoder_symbols, embedding_size)
        outputs, state = static_rnn(encoder, encoder_inputs, dtype=dtype or entered.dtype or float32)
        states = concat([reshape(x, [-1, 1, cell.output_size]) for x in outputs], 1)
        width = None
        if output_projection is None:
            cell, width = OutputProjectionWrapper(cell, num_decoder_symbols), num_decoder_symbols
        return _decoded(feed_previous, lambda back, update: embedding_attention_decoder(
            decoder_inputs, state, states, cell, num_decoder_symbols, embedding_size, num_heads, width, output_projection, back, update,
            initial_state_attention=initial_state_attention))
