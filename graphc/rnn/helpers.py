"""What decoders read in each step: given inputs, or what was decoded before; and when a row is finished."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import TensorShape, compatible
from ..ops.array import concat, expand_dims, fill, gather, reshape, zeros_like
from ..ops.array import shape as shape_of
from ..ops.math import cast, equal, greater, greater_equal, less, maximum, where
from ..ops.nn import embedding_lookup
from ..ops.positions import argmax
from ..ops.random import multinomial, random_uniform
from .cell import rows_of, tensors_of
from .loops import turned
from .nested import flatten, mapped
from .unrolled import lengths_of

__all__ = ["CustomHelper", "GreedyEmbeddingHelper", "Helper", "InferenceHelper", "SampleEmbeddingHelper", "ScheduledEmbeddingTrainingHelper",
           "ScheduledOutputTrainingHelper", "TrainingHelper"]


class Helper:
    """What a decoder asks in each step; a subclass says it.

    `initialize()` -> (finished, first inputs); `sample(time, outputs, state)` -> numbers of symbols; `next_inputs(time, outputs, state,
    sample_ids)` -> (finished, inputs, state); and the properties `batch_size`, `sample_ids_shape` and `sample_ids_dtype`.
    """

    @property
    def batch_size(self) -> Any:
        """The number of rows, int[]."""
        raise NotImplementedError(f"{type(self).__name__} does not say the size of the batch")

    @property
    def sample_ids_shape(self) -> TensorShape:
        """The shape of what is sampled, without the batch."""
        return TensorShape([])

    @property
    def sample_ids_dtype(self) -> Any:
        """The dtype of what is sampled."""
        return "int32"

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """Which rows are finished from the start, and the first inputs."""
        raise NotImplementedError(f"{type(self).__name__} does not begin")

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """What the outputs of a step stand for."""
        raise NotImplementedError(f"{type(self).__name__} samples nothing")

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None, **options: Any) -> Any:
        """Which rows are finished, the inputs of the next step, and the state that it begins with."""
        raise NotImplementedError(f"{type(self).__name__} does not go on")


def _likeliest(what: str, outputs: Any) -> Node:
    if not isinstance(outputs, Node):
        raise GraphError(f"{what}: outputs that are nested have no likeliest symbol{here()}")
    return cast(argmax(outputs, axis=-1), "int32")


class CustomHelper(Helper):
    """A helper of three functions: `initialize_fn()`, `sample_fn(time, outputs, state)`, `next_inputs_fn(time, outputs, state, sample_ids)`.

    GraphError: no functions.
    """

    def __init__(self, initialize_fn: Callable[..., Any], sample_fn: Callable[..., Any], next_inputs_fn: Callable[..., Any],
                 sample_ids_shape: Any = None, sample_ids_dtype: Any = None):
        if not all(map(callable, (initialize_fn, sample_fn, next_inputs_fn))):
            raise GraphError(f"CustomHelper: it takes three functions{here()}")
        self._initialize, self._sample, self._next = initialize_fn, sample_fn, next_inputs_fn
        self._shape, self._dtype = TensorShape(sample_ids_shape or []), sample_ids_dtype or "int32"
        self._rows: Any = None

    @property
    def batch_size(self) -> Any:
        """The number of rows of what `initialize_fn` says is finished."""
        if self._rows is None:
            raise GraphError(f"CustomHelper: the size of the batch is known once it is initialized{here()}")
        return self._rows

    @property
    def sample_ids_shape(self) -> TensorShape:
        """As it was given."""
        return self._shape

    @property
    def sample_ids_dtype(self) -> Any:
        """As it was given."""
        return self._dtype

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """What `initialize_fn` gives."""
        finished, inputs = self._initialize()
        self._rows = rows_of(to_node(finished))
        return finished, inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """What `sample_fn` gives."""
        return self._sample(time=time, outputs=outputs, state=state)

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None, **options: Any) -> Any:
        """What `next_inputs_fn` gives."""
        return self._next(time=time, outputs=outputs, state=state, sample_ids=sample_ids)


class TrainingHelper(Helper):
    """The inputs are given: those of each step, of each row as many as its length says.

    inputs: float[batch, steps, ...], or nested ([steps, batch, ...] if `time_major`), sequence_length: int[batch]. ShapeError, DTypeError: they
    are not.

    >>> helper = tf.contrib.seq2seq.TrainingHelper(tf.ones([2, 3, 4]), [3, 0])
    >>> tf.Session(jit=False).run(helper.initialize()[0])
    array([False,  True])
    """

    def __init__(self, inputs: Any, sequence_length: Any, time_major: bool = False, name: str | None = None):
        what, given = type(self).__name__, tensors_of(inputs)
        for x in flatten(given):
            if not isinstance(x, Node) or x.type.rank is None or x.type.rank < 2:
                order = "[steps, batch, ...]" if time_major else "[batch, steps, ...]"
                raise ShapeError(f"{what}: the inputs {describe(to_node(x))} are not {order}, of a known rank{here()}")
        steps = given if time_major else mapped(turned, given)
        first = flatten(steps)[0]
        rows = first.type.shape[1]
        lengths = lengths_of(what, sequence_length, rows if isinstance(rows, int) else None)
        if lengths is None:
            raise GraphError(f"{what}: sequence_length is not given{here()}")
        self._lengths: Node = lengths
        self._inputs, self._zero = steps, mapped(lambda x: zeros_like(x[0]), steps)
        # A step of zeros behind the last one: what is read when all rows are finished.
        self._rows = mapped(lambda x, zero: concat([x, expand_dims(zero, 0)], 0), steps, self._zero)

    @property
    def inputs(self) -> Any:
        """The inputs, steps first."""
        return self._inputs

    @property
    def sequence_length(self) -> Node:
        """The lengths of the rows."""
        return self._lengths

    @property
    def batch_size(self) -> Any:
        """The number of lengths."""
        return rows_of(self._lengths)

    def _at(self, time: Any) -> Any:
        def one(x: Node, zero: Node) -> Node:
            row = gather(x, time)
            row.set_shape(zero.type.shape)
            return row
        return mapped(one, self._rows, self._zero)

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """Rows of no length are finished."""
        return equal(self._lengths, 0), self._at(0)

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """The likeliest symbol."""
        return _likeliest(type(self).__name__, outputs)

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None, **options: Any) -> Any:
        """The inputs of the next step."""
        return greater_equal(time + 1, self._lengths), self._at(time + 1), state


def _chosen(probability: Any, rows: Any, seed: int | None) -> Node:
    """Which rows are chosen, each with a probability."""
    return less(random_uniform(reshape(to_node(rows), [1]), seed=seed), probability)


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """`TrainingHelper` that now and then reads the embedding of what was decoded in its place (Bengio et al. 2015).

    embedding: rows for the symbols, or a function of their numbers; sampling_probability: float[] or float[batch]. Errors as there.
    """

    def __init__(self, inputs: Any, sequence_length: Any, embedding: Any, sampling_probability: Any, time_major: bool = False,
                 seed: int | None = None, scheduling_seed: int | None = None, name: str | None = None):
        super().__init__(inputs, sequence_length, time_major)
        self._embed = embedded(embedding)
        self._probability, self._seed, self._scheduling_seed = sampling_probability, seed, scheduling_seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """A symbol drawn from softmax(outputs), or -1 for rows that read what is given."""
        drawn = cast(reshape(multinomial(outputs, 1, seed=self._seed), [-1]), "int32")
        return where(_chosen(self._probability, self.batch_size, self._scheduling_seed), drawn, -1)

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None, **options: Any) -> Any:
        """The inputs of the next step, some of them what was drawn."""
        finished, given, state = super().next_inputs(time, outputs, state)
        return finished, where(greater(sample_ids, -1), self._embed(maximum(sample_ids, 0)), given), state


class ScheduledOutputTrainingHelper(TrainingHelper):
    """`TrainingHelper` that now and then reads the output before, or what `next_inputs_fn` makes of it, in its place.

    `auxiliary_inputs`: [batch, steps, ...], put to the outputs along the last axis. sampling_probability: float[] or float[batch].
    """

    def __init__(self, inputs: Any, sequence_length: Any, sampling_probability: Any, time_major: bool = False, seed: int | None = None,
                 next_inputs_fn: Callable[[Any], Any] | None = None, auxiliary_inputs: Any = None, name: str | None = None):
        self._beside = None if auxiliary_inputs is None else TrainingHelper(auxiliary_inputs, sequence_length, time_major)
        x = inputs if auxiliary_inputs is None else mapped(lambda a, b: concat([a, b], -1), tensors_of(inputs), tensors_of(auxiliary_inputs))
        super().__init__(x, sequence_length, time_major)
        self._probability, self._seed, self._fn = sampling_probability, seed, next_inputs_fn

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """1 for rows that read their outputs, else 0."""
        return cast(_chosen(self._probability, self.batch_size, self._seed), "int32")

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None, **options: Any) -> Any:
        """The inputs of the next step, some of them the outputs of this one."""
        finished, given, state = super().next_inputs(time, outputs, state)
        own = outputs if self._fn is None else self._fn(outputs)
        if self._beside is not None:
            own = mapped(lambda a, b: concat([a, b], -1), own, self._beside._at(time + 1))
        return finished, mapped(lambda a, b: where(equal(sample_ids, 1), a, b), own, given), state


# ---------------------------------------------------------------------- what was decoded before

def embedded(embedding: Any) -> Callable[[Any], Any]:
    """A function of numbers of symbols, as it is or by rows of a table."""
    return embedding if callable(embedding) and not isinstance(embedding, Node) else lambda ids: embedding_lookup(embedding, ids)


def vector(what: str, name: str, value: Any) -> Node:
    """Numbers int32[batch]. DTypeError, ShapeError: they are not."""
    x = to_node(value)
    if x.type.dtype.kind not in "iu":
        raise DTypeError(f"{what}: {name}, {describe(x)}, is no integers{here()}")
    if not compatible(x.type.shape, (None,)):
        raise ShapeError(f"{what}: {name}, {describe(x)}, is not one number for each row{here()}")
    return cast(x, "int32") if x.type.dtype != np.int32 else x


class GreedyEmbeddingHelper(Helper):
    """The embedding of the likeliest symbol before is read, until it is the end token.

    embedding: rows for the symbols, or a function of their numbers; start_tokens: int[batch]; end_token: int[]. DTypeError, ShapeError: they
    are not.

    >>> helper = tf.contrib.seq2seq.GreedyEmbeddingHelper(tf.eye(3), start_tokens=[0, 1], end_token=2)
    >>> tf.Session(jit=False).run(helper.initialize()[1])
    array([[1., 0., 0.],
           [0., 1., 0.]], dtype=float32)
    """

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any):
        what = type(self).__name__
        self._embed, self._start = embedded(embedding), vector(what, "start_tokens", start_tokens)
        self._end = to_node(end_token)
        if self._end.type.dtype.kind not in "iu" or not compatible(self._end.type.shape, ()):
            raise ShapeError(f"{what}: the end token {describe(self._end)} is no number{here()}")
        self._inputs = self._embed(self._start)

    @property
    def batch_size(self) -> Any:
        """The number of start tokens."""
        return rows_of(self._start)

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """No row is finished; the inputs are the start tokens'."""
        return fill(shape_of(self._start), False), self._inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """The likeliest symbol."""
        return _likeliest(type(self).__name__, outputs)

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None, **options: Any) -> Any:
        """The embedding of what was sampled; a row is finished with the end token."""
        return equal(sample_ids, cast(self._end, "int32")), self._embed(sample_ids), state


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """`GreedyEmbeddingHelper` that draws symbols from softmax(outputs / softmax_temperature)."""

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any, softmax_temperature: Any = None, seed: int | None = None):
        super().__init__(embedding, start_tokens, end_token)
        self._temperature, self._seed = softmax_temperature, seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """A symbol drawn from softmax(outputs / temperature)."""
        if not isinstance(outputs, Node):
            raise GraphError(f"SampleEmbeddingHelper: of outputs that are nested no symbol is drawn{here()}")
        logits = outputs if self._temperature is None else outputs / self._temperature
        return cast(reshape(multinomial(logits, 1, seed=self._seed), [-1]), "int32")


class InferenceHelper(Helper):
    """What `sample_fn(outputs)` gives is read, or what `next_inputs_fn` makes of it, until `end_fn(sample)`, bool[batch], holds.

    sample_shape, sample_dtype: of a sample, without the batch; start_inputs: [batch, ...]. GraphError: no functions.
    """

    def __init__(self, sample_fn: Callable[[Any], Any], sample_shape: Any, sample_dtype: Any, start_inputs: Any, end_fn: Callable[[Any], Any],
                 next_inputs_fn: Callable[[Any], Any] | None = None):
        if not callable(sample_fn) or not callable(end_fn):
            raise GraphError(f"InferenceHelper: sample_fn and end_fn are functions{here()}")
        self._sample, self._end, self._next = sample_fn, end_fn, next_inputs_fn
        self._shape, self._dtype, self._start = TensorShape(sample_shape), sample_dtype, to_node(start_inputs)

    @property
    def batch_size(self) -> Any:
        """The number of rows of the first inputs."""
        return rows_of(self._start)

    @property
    def sample_ids_shape(self) -> TensorShape:
        """As it was given."""
        return self._shape

    @property
    def sample_ids_dtype(self) -> Any:
        """As it was given."""
        return self._dtype

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """No row is finished."""
        return fill(shape_of(self._start)[:1], False), self._start

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """What `sample_fn` gives."""
        return self._sample(outputs)

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None, **options: Any) -> Any:
        """What was sampled."""
        return self._end(sample_ids), sample_ids if self._next is None else self._next(sample_ids), state
