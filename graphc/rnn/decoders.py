"""Decoders: a cell that goes from step to step by what a helper reads, in a loop that ends when all rows are finished."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import TensorShape, as_dtype, compatible
from ..ops.array import fill, zeros, zeros_like
from ..ops.array import shape as shape_of
from ..ops.control_flow import while_loop
from ..ops.math import cast, greater_equal, logical_not, logical_or, where
from ..ops.reduce import reduce_all
from ..ops.sources import constant
from ..ops.tensor_array import TensorArray
from ..variables import variable_scope
from .cell import dims_of, tensors_of
from .helpers import Helper
from .loops import turned
from .nested import alike, flatten, is_nested, mapped, packed
from .unrolled import kept
from .wrappers import a_cell

__all__ = ["BasicDecoder", "BasicDecoderOutput", "Decoder", "dynamic_decode"]


class Decoder:
    """What `dynamic_decode` asks in each step; a subclass says it.

    `initialize()` -> (finished, first inputs, initial state); `step(time, inputs, state)` -> (outputs, next state, next inputs, finished);
    `finalize(outputs, final_state, sequence_lengths)` -> (outputs, final_state); and the properties `batch_size`, `output_size`, `output_dtype`.
    """

    @property
    def batch_size(self) -> Any:
        """The number of rows, int[]."""
        raise NotImplementedError(f"{type(self).__name__} does not say the size of the batch")

    @property
    def output_size(self) -> Any:
        """The sizes of the outputs without the batch: numbers and shapes, nested as they are."""
        raise NotImplementedError(f"{type(self).__name__} does not say the size of its outputs")

    @property
    def output_dtype(self) -> Any:
        """The dtypes of the outputs, nested as they are."""
        raise NotImplementedError(f"{type(self).__name__} does not say the dtype of its outputs")

    @property
    def tracks_own_finished(self) -> bool:
        """Whether rows that are finished may go on: they are what `step` says, not what they were before."""
        return False

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """Which rows are finished from the start, the first inputs, and the initial state."""
        raise NotImplementedError(f"{type(self).__name__} does not begin")

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> tuple[Any, Any, Any, Any]:
        """Outputs, next state, next inputs, and which rows are finished."""
        raise NotImplementedError(f"{type(self).__name__} does not go on")

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> tuple[Any, Any]:
        """Outputs and state as `dynamic_decode` gives them."""
        return outputs, final_state


class BasicDecoderOutput(NamedTuple):
    """What a `BasicDecoder` gives: outputs of the cell, float[batch, steps, n], and what the helper sampled of them, int32[batch, steps]."""

    rnn_output: Any
    sample_id: Any


class BasicDecoder(Decoder):
    """A cell that reads what a helper gives it, its outputs through `output_layer` if there is one.

    initial_state: nested as the cell's. GraphError: no cell, no helper, or no layer.

    >>> cell, helper = tf.nn.rnn_cell.GRUCell(3), tf.contrib.seq2seq.TrainingHelper(tf.ones([2, 4, 5]), [4, 2])
    >>> decoder = tf.contrib.seq2seq.BasicDecoder(cell, helper, cell.zero_state(2, tf.float32), tf.layers.Dense(7))
    >>> outputs, state, lengths = tf.contrib.seq2seq.dynamic_decode(decoder)
    >>> outputs.rnn_output.shape, tf.Session(jit=False).run(lengths)
    (TensorShape((2, None, 7)), array([4, 2], dtype=int32))
    """

    def __init__(self, cell: Any, helper: Any, initial_state: Any, output_layer: Any = None):
        self._cell = a_cell("BasicDecoder", cell)
        if not isinstance(helper, Helper):
            raise GraphError(f"BasicDecoder: {helper!r:.60} is no helper, as tf.contrib.seq2seq.TrainingHelper(...){here()}")
        if output_layer is not None and not callable(output_layer):
            raise GraphError(f"BasicDecoder: {output_layer!r:.60} is no layer{here()}")
        self._helper, self._layer, self._state = helper, output_layer, tensors_of(initial_state)

    @property
    def batch_size(self) -> Any:
        """That of the helper."""
        return self._helper.batch_size

    @property
    def output_size(self) -> Any:
        """The size of the outputs, and of what is sampled."""
        return BasicDecoderOutput(layered(self._cell.output_size, self._layer), self._helper.sample_ids_shape)

    @property
    def output_dtype(self) -> Any:
        """That of the state, and of what is sampled."""
        kind = flatten(self._state)[0].dtype
        return BasicDecoderOutput(mapped(lambda size: kind, self._cell.output_size), self._helper.sample_ids_dtype)

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """What the helper begins with, and the initial state."""
        return (*self._helper.initialize(), self._state)

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> tuple[Any, Any, Any, Any]:
        """One step of the cell."""
        outputs, new = self._cell(inputs, state)
        if self._layer is not None:
            outputs = self._layer(outputs)
        ids = self._helper.sample(time=time, outputs=outputs, state=new)
        finished, following, new = self._helper.next_inputs(time=time, outputs=outputs, state=new, sample_ids=ids)
        return BasicDecoderOutput(outputs, ids), new, following, finished


def layered(size: Any, layer: Any) -> Any:
    """The size of outputs behind a layer."""
    if layer is None:
        return size
    if not hasattr(layer, "compute_output_shape"):
        raise GraphError(f"the output layer {layer!r:.60} does not say the shape of its outputs: it has no compute_output_shape{here()}")
    return mapped(lambda s: TensorShape(layer.compute_output_shape([None, *dims_of("output_layer", s)]).as_list()[1:]), size)


def dynamic_decode(decoder: Any, output_time_major: bool = False, impute_finished: bool = False, maximum_iterations: Any = None,
                   parallel_iterations: int = 32, swap_memory: bool = False, scope: Any = None) -> tuple[Any, Any, Node]:
    """The outputs of a decoder for as many steps as it goes on, its last state, and the number of steps of each row, int32[batch].

    `impute_finished`: outputs of rows that are finished are zeros, and their state is kept; `maximum_iterations`: int[], at which all rows are
    finished. Outputs are [batch, steps, ...], or [steps, batch, ...] if `output_time_major`. Variables lie in the scope `decoder`;
    `parallel_iterations` and `swap_memory` change nothing. GraphError: no decoder, or other structures in each step. DTypeError,
    ShapeError: types that change from step to step.
    """
    if not isinstance(decoder, Decoder):
        raise GraphError(f"dynamic_decode: {decoder!r:.60} is no decoder, as tf.contrib.seq2seq.BasicDecoder(...){here()}")
    with variable_scope(scope, "decoder"):
        most = None if maximum_iterations is None else _most(maximum_iterations)
        finished, inputs, state = (tensors_of(x) for x in decoder.initialize())
        rows = decoder.batch_size
        zero = mapped(lambda size, dtype: zeros([rows, *dims_of("dynamic_decode", size)], dtype), decoder.output_size, decoder.output_dtype)
        if most is not None:
            finished = logical_or(finished, greater_equal(0, most))
        arrays = mapped(lambda z, dtype: TensorArray(as_dtype(dtype), size=0, dynamic_size=True, element_shape=z.shape), zero, decoder.output_dtype)

        def body(time: Any, arrays: Any, state: Any, inputs: Any, finished: Any, lengths: Any) -> Any:
            outputs, new, following, done = decoder.step(time, inputs, state)
            for what, one, other in (("states", state, new), ("inputs", inputs, following), ("outputs", zero, outputs)):
                alike(f"dynamic_decode: the {what} of two steps", one, other)
            over = done if decoder.tracks_own_finished else logical_or(done, finished)
            if most is not None:
                over = logical_or(over, greater_equal(time + 1, most))
            after = where(logical_not(finished), fill(shape_of(lengths), time + 1), lengths)
            after.set_shape(lengths.shape)
            new, following = _in(state, new), _in(inputs, following)
            emit = _in(zero, outputs)
            if impute_finished:
                emit, new = kept(finished, zero, emit), kept(finished, state, new)
            arrays = mapped(lambda array, value: array.write(time, value), arrays, emit)
            return time + 1, arrays, new, following, over, after
        found = while_loop(lambda time, arrays, state, inputs, finished, lengths: logical_not(reduce_all(finished)), body,
                           (constant(0), arrays, state, inputs, finished, zeros_like(finished, dtype="int32")))
        outputs, last, lengths = mapped(lambda array: array.stack(), found[1]), found[2], found[5]
        try:
            outputs, last = decoder.finalize(outputs, last, lengths)
        except NotImplementedError:         # as decoders of programs say that they change nothing
            pass
        return (outputs if output_time_major else mapped(lambda x: turned(x) if isinstance(x, Node) else x, outputs)), last, lengths


def _in(like: Any, value: Any) -> Any:
    """A value in the structure of another one."""
    return packed(like, flatten(tensors_of(value))) if is_nested(like) else value


def _most(given: Any) -> Node:
    most = to_node(given)
    if most.type.dtype.kind not in "iu":
        raise DTypeError(f"dynamic_decode: maximum_iterations, {describe(most)}, is no whole number{here()}")
    if not compatible(most.type.shape, ()):
        raise ShapeError(f"dynamic_decode: maximum_iterations, {describe(most)}, is no scalar{here()}")
    return cast(most, "int32")


