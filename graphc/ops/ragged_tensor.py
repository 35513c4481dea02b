"""Ragged tensors: the values of all rows one after another, and where each row begins; how they are made, and what they become."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.composite import Composite
from ..ir.node import OPERATORS, Node, describe, here, loc_str, saying
from ..ir.operator import Operator, to_node
from ..ir.types import DType, TensorShape, TensorType
from .array import boolean_mask, broadcast_to, concat, cumsum, expand_dims, fill, gather, reshape, sequence_mask, shape, stack
from .array import range as numbers
from .math import cast, equal, less, logical_not, maximum, where
from .ordering import searchsorted
from .ragged_value import RaggedTensorValue, ragged_checked, ragged_ordered, ragged_packed
from .reduce import reduce_all, reduce_max, reduce_prod
from .segments import unsorted_segment_sum
from .sparse_tensor import INDEX, SparseTensor, sparse, whole_numbers

Applied = Callable[[Sequence[Any], dict[str, Any], str | None], Any]
_OF_RAGGED: dict[str, Applied] = {}                 # by the operator's name
_FUNCTIONS: dict[str, Callable[..., Any]] = {}      # by the function's name
# Operators of texts that make an element of each.
_TEXTS = {"as_string", "cast", "decode_base64", "encode_base64", "regex_full_match", "regex_replace", "string_length", "string_lower", "string_strip",
          "string_to_hash_bucket", "string_to_hash_bucket_fast", "string_to_hash_bucket_strong", "string_to_number", "string_upper",
          "unicode_transcode"}


class RaggedTensor(Composite):
    """A tensor whose rows have lengths of their own: row i is `values[row_splits[i]:row_splits[i + 1]]`; made by its class methods.

    values: any[n, ...], or ragged, for several ragged axes; row_splits: int64[rows + 1]. `session.run` gives a `RaggedTensorValue`, and
    one is fed. Elementwise operators take it, with others of the same rows and with tensors that broadcast; so do reductions, `concat`,
    `stack`, `gather`, `expand_dims`, `cast` and indices. Gradients flow through its values.

    >>> x = tf.RaggedTensor.from_row_lengths([3, 1, 4, 1], [2, 0, 2])
    >>> tf.Session(jit=False).run([(x * 10).to_tensor(), tf.reduce_sum(x, axis=1)])
    [array([[30, 10],
           [ 0,  0],
           [40, 10]], dtype=int32), array([4, 0, 5], dtype=int32)]
    """

    value_type = RaggedTensorValue
    __array_priority__ = 101.0
    __array_ufunc__ = None              # numpy arrays on the left leave the operation to this class

    def __init__(self, values: Any, row_splits: Any):
        with saying("RaggedTensor"):
            self._values: Any = values if isinstance(values, RaggedTensor) else to_node(values)
            self._splits = whole_numbers(row_splits, "row_splits")
            rank = self._splits.type.rank
            if rank not in (None, 1) or not isinstance(self._values, RaggedTensor) and self._values.type.rank == 0:
                raise ShapeError(f"row_splits is a vector and values has rows, not {describe(self._splits)} and {self._values!r:.80}")

    # ------------------------------------------------------------------ made

    @classmethod
    def from_row_splits(cls, values: Any, row_splits: Any, name: str | None = None, validate: bool = True) -> RaggedTensor:
        """Rows by where each begins, and the last ends. ShapeError, DTypeError: they do not fit; a run: splits that do not ascend from 0."""
        made = cls(values, row_splits)
        if not validate:
            return made
        return cls(made._values, ragged_checked(made._splits, length(made._values)))

    @classmethod
    def from_row_lengths(cls, values: Any, row_lengths: Any, name: str | None = None, validate: bool = True) -> RaggedTensor:
        """Rows by their lengths. Errors as of `from_row_splits`."""
        return cls.from_row_splits(values, splits_of(whole_numbers(row_lengths, "row_lengths")), validate=validate)

    @classmethod
    def from_row_starts(cls, values: Any, row_starts: Any, name: str | None = None, validate: bool = True) -> RaggedTensor:
        """Rows by where each begins. Errors as of `from_row_splits`."""
        held = values if isinstance(values, RaggedTensor) else to_node(values)
        return cls.from_row_splits(held, concat([whole_numbers(row_starts, "row_starts"), reshape(length(held), [1])], 0), validate=validate)

    @classmethod
    def from_row_limits(cls, values: Any, row_limits: Any, name: str | None = None, validate: bool = True) -> RaggedTensor:
        """Rows by where each ends. Errors as of `from_row_splits`."""
        return cls.from_row_splits(values, concat([np.zeros(1, INDEX), whole_numbers(row_limits, "row_limits")], 0), validate=validate)

    @classmethod
    def from_value_rowids(cls, values: Any, value_rowids: Any, nrows: Any = None, name: str | None = None, validate: bool = True) -> RaggedTensor:
        """Rows by the row of each value, which ascend; `nrows`: how many there are, by default up to the last value's. Errors as above."""
        rows = whole_numbers(value_rowids, "value_rowids")
        rows = ragged_ordered(rows) if validate else rows
        count = reduce_max(concat([np.full(1, -1, INDEX), rows], 0)) + np.int64(1) if nrows is None else whole_numbers(nrows, "nrows")
        return cls.from_row_splits(values, splits_of(unsorted_segment_sum(fill(shape(rows), np.int64(1)), rows, count)), validate=validate)

    @classmethod
    def from_nested_row_splits(cls, flat_values: Any, nested_row_splits: Any, name: str | None = None, validate: bool = True) -> RaggedTensor:
        """Several ragged axes by the splits of each, the outermost first. Errors as of `from_row_splits`."""
        return nested(cls.from_row_splits, flat_values, nested_row_splits, validate)

    @classmethod
    def from_nested_row_lengths(cls, flat_values: Any, nested_row_lengths: Any, name: str | None = None, validate: bool = True) -> RaggedTensor:
        """Several ragged axes by the lengths of each, the outermost first. Errors as of `from_row_splits`."""
        return nested(cls.from_row_lengths, flat_values, nested_row_lengths, validate)

    @classmethod
    def from_tensor(cls, tensor: Any, lengths: Any = None, padding: Any = None, ragged_rank: int = 1, name: str | None = None) -> RaggedTensor:
        """The rows of a tensor, as long as `lengths` says, or without the `padding` at their ends.

        `ragged_rank`: how many axes become ragged. GraphError: both lengths and a padding, or no such rank. ShapeError: a tensor of lower rank.
        """
        x = to_node(tensor)
        if lengths is not None and padding is not None:
            raise GraphError(f"RaggedTensor.from_tensor takes lengths or a padding{here()}")
        if isinstance(ragged_rank, bool) or not isinstance(ragged_rank, int) or ragged_rank < 1 or lengths is not None and ragged_rank > 1:
            raise GraphError(f"RaggedTensor.from_tensor: ragged_rank is 1 or more, and 1 with lengths, not {ragged_rank!r:.40}{here()}")
        if x.type.rank is None or x.type.rank <= ragged_rank:
            raise ShapeError(f"RaggedTensor.from_tensor: {describe(x)} has no {ragged_rank} axes within its rows{here()}")
        dims = shape(x, out_type=INDEX)
        if ragged_rank > 1:
            inner = cls.from_tensor(reshape(x, concat([dims[:1] * dims[1:2], dims[2:]], 0)), None, padding, ragged_rank - 1)
            return cls(inner, numbers(dims[0] + np.int64(1)) * dims[1])
        if padding is not None:
            lengths = _unpadded(x, padding, dims)
        if lengths is None:
            return cls(reshape(x, concat([dims[:1] * dims[1:2], dims[2:]], 0)), numbers(dims[0] + np.int64(1)) * dims[1])
        known = whole_numbers(lengths, "lengths")
        return cls(boolean_mask(x, sequence_mask(known, dims[1])), splits_of(maximum(known, np.int64(0))))

    @classmethod
    def from_sparse(cls, st_input: Any, name: str | None = None) -> RaggedTensor:
        """The rows of a sparse matrix, whose elements stand at the beginnings of rows, in order. DTypeError, ShapeError: it is none."""
        x = sparse(st_input, "RaggedTensor.from_sparse")
        if x.rank not in (None, 2):
            raise ShapeError(f"RaggedTensor.from_sparse: {x!r} is no matrix{here()}")
        made = cls.from_value_rowids(x.values, x.indices[:, 0], x.dense_shape[0])
        return cls(made._values, ragged_packed(made._splits, x.indices[:, 1]))

    # ------------------------------------------------------------------ asked

    @property
    def values(self) -> Any:
        """The values of all rows, one after another: a tensor, or a ragged one."""
        return self._values

    @property
    def row_splits(self) -> Node:
        """Where each row begins, and the last ends: int64[rows + 1]."""
        return self._splits

    @property
    def components(self) -> tuple[Any, ...]:
        return self._values, self._splits

    @property
    def flat_values(self) -> Node:
        """The values of all rows of all axes."""
        return self._values.flat_values if isinstance(self._values, RaggedTensor) else self._values

    @property
    def nested_row_splits(self) -> tuple[Node, ...]:
        """Where rows begin, of each ragged axis, the outermost first."""
        return (self._splits, *(self._values.nested_row_splits if isinstance(self._values, RaggedTensor) else ()))

    @property
    def ragged_rank(self) -> int:
        """How many axes are ragged."""
        return len(self.nested_row_splits)

    @property
    def dtype(self) -> DType:
        return self.flat_values.dtype

    @property
    def graph(self) -> Any:
        return self.flat_values.graph

    @property
    def shape(self) -> TensorShape:
        """What is known of the shape: None along ragged axes."""
        dims, inner = self._splits.type.shape, self._values.shape
        rows = dims[0] if dims else None
        return TensorShape(None if inner.ndims is None else [rows - 1 if isinstance(rows, int) else None, None, *inner.as_list()[1:]])

    def get_shape(self) -> TensorShape:
        """What is known of the shape: None along ragged axes."""
        return self.shape

    def nrows(self, out_type: Any = None, name: str | None = None) -> Node:
        """How many rows there are: int64[]."""
        return as_type(shape(self._splits, out_type=INDEX)[0] - np.int64(1), out_type)

    def row_starts(self, name: str | None = None) -> Node:
        """Where each row begins: int64[rows]."""
        return self._splits[:-1]

    def row_limits(self, name: str | None = None) -> Node:
        """Where each row ends: int64[rows]."""
        return self._splits[1:]

    def row_lengths(self, axis: int = 1, name: str | None = None) -> Any:
        """How long each row of an axis is: int64[rows] of axis 1, of others ragged. ShapeError: the axis is not ragged."""
        if axis == 1:
            return self._splits[1:] - self._splits[:-1]
        if not isinstance(axis, int) or not 1 < axis <= self.ragged_rank:
            raise ShapeError(f"row_lengths: {self!r} has ragged axes from 1 to {self.ragged_rank}, and not {axis!r:.40}{here()}")
        return self.with_values(self._values.row_lengths(axis - 1))

    def nested_row_lengths(self, name: str | None = None) -> tuple[Node, ...]:
        """How long rows are, of each ragged axis, the outermost first."""
        return tuple(s[1:] - s[:-1] for s in self.nested_row_splits)

    def value_rowids(self, name: str | None = None) -> Node:
        """The row of each value: int64[n]."""
        return searchsorted(self.row_limits(), self.places(), side="right", out_type="int64")

    def places(self) -> Node:
        """0, 1, 2, ... for each value: int64[n]."""
        return numbers(length(self._values))

    def columns(self) -> Node:
        """The place of each value in its row: int64[n]."""
        return self.places() - gather(self.row_starts(), self.value_rowids())

    def bounding_shape(self, axis: Any = None, name: str | None = None, out_type: Any = None) -> Node:
        """The shape of the smallest tensor in which all rows have room: int64[rank], or its element of an axis."""
        inner = self._values.bounding_shape() if isinstance(self._values, RaggedTensor) else shape(self._values, out_type=INDEX)
        whole = concat([stack([self.nrows(), longest(self)], 0), inner[1:]], 0)
        return as_type(whole if axis is None else gather(whole, axis), out_type)

    def consumers(self) -> list[Any]:
        """The operations that use its values."""
        return list(dict.fromkeys(n.op for n in self.graph.nodes if self.flat_values in n.inputs))

    def eval(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> Any:
        """Its value in the default session, a `RaggedTensorValue`."""
        return (session if session is not None else self.graph.default_session("eval")).run(self, feed_dict)

    def __repr__(self) -> str:
        flat = self.flat_values
        return f"<RaggedTensor {flat.label}: {TensorType(flat.type.dtype, self.shape._shape)} ({loc_str(flat.loc)})>"

    # ------------------------------------------------------------------ changed

    def with_values(self, new_values: Any) -> RaggedTensor:
        """Other values in the same rows."""
        return RaggedTensor(new_values, self._splits)

    def with_flat_values(self, new_values: Any) -> Any:
        """Other flat values in the same rows of all axes."""
        inner = self._values.with_flat_values(new_values) if isinstance(self._values, RaggedTensor) else new_values
        return self.with_values(inner)

    def to_tensor(self, default_value: Any = None, name: str | None = None) -> Node:
        """A tensor in which each row goes on with `default_value`, by default 0 or an empty text. DTypeError: no value of its dtype."""
        inner = self._values.to_tensor(default_value) if isinstance(self._values, RaggedTensor) else self._values
        dims = shape(inner, out_type=INDEX)
        empty = np.zeros((), object if self.dtype.name == "string" else inner.type.dtype)
        nothing = to_node("" if self.dtype.name == "string" else empty, self.dtype) if default_value is None else to_node(default_value, self.dtype)
        padding = _shaped(nothing, dims)
        steps, lengths = numbers(longest(self)), expand_dims(self.row_lengths(), 1)
        at = where(less(expand_dims(steps, 0), lengths), expand_dims(self.row_starts(), 1) + expand_dims(steps, 0), dims[0])
        made = gather(concat([inner, padding], 0), at, name=name)
        known = inner.type.shape
        if known is not None and made.type.rank == len(known) + 1:
            made.set_shape([self.shape.as_list()[0], None, *[d if isinstance(d, int) else None for d in known[1:]]])
        return made

    def to_sparse(self, name: str | None = None) -> SparseTensor:
        """The values at their places in a sparse tensor of the bounding shape."""
        whole, flat = self.bounding_shape(), self.flat_values
        rank = flat.type.rank
        if rank is None:
            raise ShapeError(f"RaggedTensor.to_sparse: {self!r} is of unknown rank{here()}")
        dims = shape(flat, out_type=INDEX)
        at, columns = numbers(reduce_prod(dims)), []
        for axis in reversed(range(1, rank)):
            columns.append(at % dims[axis])
            at = at // dims[axis]
        for splits in reversed(self.nested_row_splits):
            rows = searchsorted(splits[1:], at, side="right", out_type="int64")
            columns.append(at - gather(splits, rows))
            at = rows
        return SparseTensor(stack([at, *reversed(columns)], 1), reshape(flat, [-1]), whole)

    def operand(self) -> Node:
        """It is no operand of dense tensors: DTypeError."""
        raise DTypeError(f"{self!r} is ragged, and wanted as a tensor; its to_tensor() makes it one{here()}")

    def applied(self, operator: Operator, operands: Sequence[Any], attrs: dict[str, Any], name: str | None) -> Any:
        """What an operator makes of ragged operands. DTypeError: it takes none."""
        made = _OF_RAGGED.get(operator.name)
        if made is None and (operator.family.broadcasts or operator.name in _TEXTS):
            made, attrs = _OF_RAGGED["elementwise"], {**attrs, "operator": operator}
        if made is None:
            raise DTypeError(f"{operator.name}: {self!r} is ragged, and wanted as a tensor; its to_tensor() makes it one, and "
                             f"tf.ragged.map_flat_values takes its values{here()}")
        return made(operands, attrs, name)

    def function(self, name: str) -> Callable[..., Any] | None:
        """What stands for a function of dense tensors for ragged ones."""
        return _FUNCTIONS.get(name)

    def __getitem__(self, key: Any) -> Any:
        return _OF_RAGGED["index"]([self], {"key": key}, None)

    def __iter__(self) -> Iterator[Any]:
        rows = self.shape.as_list()[0] if self.shape.ndims else None
        if rows is None:
            raise DTypeError(f"{self!r} has a number of rows that a run alone knows, and none to go through{here()}")
        return (self[i] for i in range(rows))


def _method(name: str, turned: bool) -> Callable[..., Any]:
    def method(self: RaggedTensor, *others: Any) -> Any:
        return OPERATORS[name](*others, self) if turned else OPERATORS[name](self, *others)
    return method


_BOTH = {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "truediv", "floordiv": "floordiv", "mod": "floormod", "pow": "pow",
         "and": "logical_and", "or": "logical_or", "xor": "logical_xor"}
_ONE = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "neg": "negative", "abs": "abs", "invert": "logical_not"}
for _word, _name in _BOTH.items():
    setattr(RaggedTensor, f"__r{_word}__", _method(_name, True))
for _word, _name in {**_BOTH, **_ONE}.items():
    setattr(RaggedTensor, f"__{_word}__", _method(_name, False))


# ---------------------------------------------------------------------- parts

def length(values: Any) -> Node:
    """How many rows values have: int64[]."""
    return values.nrows() if isinstance(values, RaggedTensor) else shape(values, out_type=INDEX)[0]


def longest(x: RaggedTensor) -> Node:
    """The length of the longest row: int64[]."""
    return reduce_max(concat([np.zeros(1, INDEX), x.row_lengths()], 0))


def splits_of(lengths: Node) -> Node:
    """Where rows of those lengths begin, and the last ends."""
    return concat([np.zeros(1, INDEX), cumsum(lengths)], 0)


def as_type(x: Node, out_type: Any) -> Node:
    """Whole numbers in the dtype that is asked for, int64 by default."""
    return x if out_type is None else cast(x, dtype=out_type)


def nested(make: Callable[..., RaggedTensor], flat_values: Any, parts: Any, validate: bool) -> RaggedTensor:
    """A ragged tensor of several axes. GraphError: no list of parts."""
    if isinstance(parts, Node) or not len(parts):
        raise GraphError(f"RaggedTensor of several axes is made of a list of vectors, not of {parts!r:.80}{here()}")
    made = flat_values
    for part in reversed(list(parts)):
        made = make(made, part, validate=validate)
    return made


def _shaped(value: Node, dims: Node) -> Node:
    """A value as one more row of a tensor of that shape."""
    row = concat([np.ones(1, INDEX), dims[1:]], 0)
    return broadcast_to(value, row) if value.type.rank != 0 else fill(row, value)


def _unpadded(x: Node, padding: Any, dims: Node) -> Node:
    """The lengths of rows without the padding at their ends."""
    same = equal(x, to_node(padding, x.dtype))
    if x.type.rank is not None and x.type.rank > 2:
        same = reduce_all(same, axis=list(range(2, x.type.rank)))
    return reduce_max(where(logical_not(same), numbers(dims[1]) + np.int64(1), np.int64(0)), axis=1)


def of_ragged(*names: str) -> Callable[[Applied], Applied]:
    """The decorated function is what the operators of those names make of operands of which some are ragged."""
    def keep(made: Applied) -> Applied:
        for name in names:
            _OF_RAGGED[name] = made
        return made
    return keep


def function_of_ragged(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function stand for the one of its name where ragged tensors are among the arguments."""
    _FUNCTIONS[function.__name__] = function
    return function


__all__ = ["RaggedTensor"]
