"""Beam search: a decoder that goes on with the likeliest sequences of each step, and reads them back when it has ended."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import GraphError, ShapeError
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import TensorShape, compatible
from ..ops.array import concat, expand_dims, fill, gather, one_hot, reshape, tile, zeros
from ..ops.array import range as numbers
from ..ops.array import shape as shape_of
from ..ops.array_sequence import gather_tree
from ..ops.math import cast, equal, floordiv, floormod, logical_not, logical_or, where
from ..ops.nn import log_softmax, top_k
from ..ops.reduce import reduce_max
from .cell import positive, rows_of, size_at, tensors_of
from .decoders import Decoder
from .helpers import embedded, vector
from .nested import alike, flatten, is_nested, mapped, packed
from .wrappers import a_cell

__all__ = ["BeamSearchDecoder", "BeamSearchDecoderOutput", "BeamSearchDecoderState", "FinalBeamSearchDecoderOutput", "gather_tree", "tile_batch"]


# ---------------------------------------------------------------------- a batch of beams

def tile_batch(t: Any, multiplier: int, name: str | None = "tile_batch") -> Any:
    """Each row `multiplier` times, one behind the other, of a tensor any[batch, ...] or of all of a structure.

    GraphError: no number. ShapeError: a scalar, or an unknown rank.

    >>> tf.Session(jit=False).run(tf.contrib.seq2seq.tile_batch(tf.constant([1, 2]), 2))
    array([1, 1, 2, 2], dtype=int32)
    """
    count = positive("tile_batch", "multiplier", multiplier)

    def one(x: Any) -> Any:
        if not isinstance(x, Node):
            return x
        if not x.type.rank:
            raise ShapeError(f"tile_batch: {describe(x)} has no rows, or an unknown rank{here()}")
        dims, rest = shape_of(x), list((x.type.shape or ())[1:])
        y = reshape(tile(expand_dims(x, 1), [1, count, *[1] * len(rest)]), concat([dims[:1] * count, dims[1:]], 0))
        rows = size_at(x, 0)
        y.set_shape([rows * count if isinstance(rows, int) else None, *rest])
        return y
    return mapped(one, tensors_of(t))


# ---------------------------------------------------------------------- the decoder

class BeamSearchDecoderState(NamedTuple):
    """The state of a beam search: the cell's, and of each beam its log probability, whether it is finished, and its length."""

    cell_state: Any
    log_probs: Any
    finished: Any
    lengths: Any
    accumulated_attention_probs: Any = ()


class BeamSearchDecoderOutput(NamedTuple):
    """What each step of a beam search gives, for each beam: its score, its symbol, and the beam that it comes from."""

    scores: Any
    predicted_ids: Any
    parent_ids: Any


class FinalBeamSearchDecoderOutput(NamedTuple):
    """What a beam search gives: the sequences, int32[batch, steps, beams], the best beam first, and what its steps gave."""

    predicted_ids: Any
    beam_search_decoder_output: Any


class BeamSearchDecoder(Decoder):
    """The `beam_width` likeliest sequences of each row, from start tokens to the end token.

    initial_state: of the cell, each row `beam_width` times (`tile_batch`); embedding: rows for the symbols, or a function of their numbers;
    `length_penalty_weight`: scores are log probabilities over ((5 + length) / 6) ** weight (Wu et al. 2016). `dynamic_decode` gives a
    `FinalBeamSearchDecoderOutput`. GraphError: no cell, no number of beams, or another state. DTypeError, ShapeError: no tokens.

    >>> cell = tf.nn.rnn_cell.GRUCell(4)
    >>> first = tf.contrib.seq2seq.tile_batch(cell.zero_state(2, tf.float32), 3)
    >>> decoder = tf.contrib.seq2seq.BeamSearchDecoder(cell, tf.eye(4), [0, 1], 2, first, beam_width=3)
    >>> outputs, state, lengths = tf.contrib.seq2seq.dynamic_decode(decoder, maximum_iterations=5)
    >>> outputs.predicted_ids.shape
    TensorShape((2, None, 3))
    """

    def __init__(self, cell: Any, embedding: Any, start_tokens: Any, end_token: Any, initial_state: Any, beam_width: int,
                 output_layer: Any = None, length_penalty_weight: float = 0.0, coverage_penalty_weight: float = 0.0,
                 reorder_tensor_arrays: bool = True):
        what = "BeamSearchDecoder"
        self._cell, self._width = a_cell(what, cell), positive(what, "beam_width", beam_width)
        if output_layer is not None and not callable(output_layer):
            raise GraphError(f"{what}: {output_layer!r:.60} is no layer{here()}")
        if coverage_penalty_weight:
            raise GraphError(f"{what}: coverage_penalty_weight is not offered; length_penalty_weight is{here()}")
        self._layer, self._penalty, self._embed = output_layer, length_penalty_weight, embedded(embedding)
        self._start, self._end = vector(what, "start_tokens", start_tokens), cast(to_node(end_token), "int32")
        if not compatible(self._end.type.shape, ()):
            raise ShapeError(f"{what}: the end token {describe(self._end)} is no number{here()}")
        self._rows = rows_of(self._start)
        alike(f"{what}: initial_state and the cell's state_size", initial_state, cell.state_size)
        self._state = mapped(self._split, tensors_of(initial_state))
        self._inputs = self._embed(tile(expand_dims(self._start, 1), [1, self._width]))
        self._finished = one_hot(fill(shape_of(self._start), 0), self._width, on_value=False, off_value=True, dtype="bool")

    def _split(self, x: Any) -> Any:
        """[batch * beams, ...] as [batch, beams, ...]; what has no rows stays."""
        if not isinstance(x, Node) or x.type.rank == 0:
            return x
        dims = shape_of(x)
        y = reshape(x, concat([[self._rows, self._width], dims[1:]], 0))
        y.set_shape([self._rows if isinstance(self._rows, int) else None, self._width, *(x.type.shape or ())[1:]])
        return y

    def _merge(self, x: Any) -> Any:
        """[batch, beams, ...] as [batch * beams, ...]."""
        if not isinstance(x, Node) or x.type.rank == 0:
            return x
        dims = shape_of(x)
        y = reshape(x, concat([dims[:1] * self._width, dims[2:]], 0))
        y.set_shape([self._rows * self._width if isinstance(self._rows, int) else None, *(x.type.shape or ())[2:]])
        return y

    @property
    def batch_size(self) -> Any:
        """The number of start tokens."""
        return self._rows

    @property
    def tracks_own_finished(self) -> bool:
        """A beam that is finished may give way to one that is not."""
        return True

    @property
    def output_size(self) -> Any:
        """One of each for each beam."""
        one = TensorShape([self._width])
        return BeamSearchDecoderOutput(one, one, one)

    @property
    def output_dtype(self) -> Any:
        """Scores of the state's dtype, and numbers."""
        return BeamSearchDecoderOutput(flatten(self._state)[0].dtype, "int32", "int32")

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """The first beam of each row alone is possible; all read the start token."""
        kind = flatten(self._state)[0].dtype
        logs = where(self._finished, np.asarray(-np.inf, kind.as_numpy_dtype), np.zeros((), kind.as_numpy_dtype))
        lengths = zeros([self._rows, self._width], "int64")
        return self._finished, self._inputs, BeamSearchDecoderState(self._state, logs, self._finished, lengths, ())

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> tuple[Any, Any, Any, Any]:
        """One step of the cell for all beams, and the likeliest ways to go on."""
        outputs, new = self._cell(mapped(self._merge, inputs), mapped(self._merge, state.cell_state))
        new = packed(state.cell_state, flatten(new)) if is_nested(new) else new
        logits = mapped(self._split, outputs if self._layer is None else self._layer(outputs))
        if not isinstance(logits, Node) or size_at(logits, -1) is None:
            raise ShapeError(f"BeamSearchDecoder: the cell's outputs are no logits of a known number of symbols{here()}")
        count = int(size_at(logits, -1))
        # A finished beam goes on with the end token alone, at no cost.
        symbol = numbers(count)
        least = where(equal(symbol, self._end), np.zeros((), logits.type.dtype), np.asarray(np.finfo(logits.type.dtype).min, logits.type.dtype))
        steps = where(expand_dims(state.finished, 2), least, log_softmax(logits))
        total = expand_dims(state.log_probs, 2) + steps
        going = cast(logical_not(state.finished), "int64")
        lengths = expand_dims(state.lengths, 2) + expand_dims(going, 2) * cast(logical_not(equal(symbol, self._end)), "int64")
        scores = total if not self._penalty else total / ((5.0 + cast(lengths, total.dtype)) / 6.0) ** self._penalty
        best, index = top_k(reshape(scores, [-1, self._width * count]), k=self._width)
        best.set_shape(state.log_probs.shape)
        index.set_shape(state.log_probs.shape)
        words, parents = cast(floormod(index, count), "int32"), cast(floordiv(index, count), "int32")
        was = self._taken(state.finished, parents)
        logs = self._taken(reshape(total, [-1, self._width * count]), index)
        logs.set_shape(state.log_probs.shape)
        finished = logical_or(was, equal(words, self._end))
        following = BeamSearchDecoderState(mapped(lambda x: self._taken(self._split(x), parents), new), logs, finished,
                                           self._taken(state.lengths, parents) + cast(logical_not(was), "int64"), ())
        return BeamSearchDecoderOutput(best, words, parents), following, self._embed(words), finished

    def _taken(self, x: Any, index: Node) -> Any:
        """x[b, index[b, w]] for each row b; what has no rows stays."""
        if not isinstance(x, Node) or (x.type.rank or 0) < 2:
            return x
        dims = shape_of(x)
        flat = reshape(x, concat([dims[:1] * dims[1:2], dims[2:]], 0))
        y = gather(flat, index + expand_dims(numbers(dims[0]), 1) * dims[1])
        y.set_shape([*(index.type.shape or (None, None)), *(x.type.shape or ())[2:]])
        return y

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> tuple[Any, Any]:
        """The sequences read back, the best first, beside what the steps gave."""
        longest = cast(reduce_max(final_state.lengths, axis=1), "int32")
        ids = gather_tree(outputs.predicted_ids, outputs.parent_ids, longest, self._end)
        return FinalBeamSearchDecoderOutput(ids, outputs), final_state
