"""`tf.ragged`: ragged tensors from lists, ranges and placeholders, and functions of their values."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.node import Node, here, saying
from ..ir.operator import to_node
from ..ir.types import as_array, as_dtype, as_shape
from .array import boolean_mask as _boolean_mask
from .array import broadcast_to, cumsum, fill, gather, reshape, shape
from .array import concat as _concat
from .array import range as numbers
from .math import cast, ceil, floordiv, maximum
from .ordering import argsort
from .ragged_math import aligned
from .ragged_rows import expanded, rank_of
from .ragged_rows import joined as _joined
from .ragged_rows import rows_of as rows_at
from .ragged_tensor import RaggedTensor, splits_of
from .ragged_value import RaggedTensorValue, ragged_same
from .segments import unsorted_segment_sum
from .sources import placeholder as _placeholder
from .sparse_tensor import INDEX, whole_numbers

_LISTS = (list, tuple, np.ndarray)


def constant(pylist: Any, dtype: Any = None, ragged_rank: int | None = None, inner_shape: Any = None, name: str | None = None,
             row_splits_dtype: Any = None) -> Any:
    """Nested lists as a ragged tensor; a number, or a list of none deeper, as a tensor.

    `ragged_rank`: how many axes are ragged, by default all but the first one, and those of `inner_shape`, the shape that each value has.
    GraphError: lists of several depths, or no such rank. DTypeError: values of no dtype. ShapeError: values of other shapes than `inner_shape`.

    >>> tf.Session(jit=False).run(tf.ragged.constant([[1, 2], [], [3]]).to_tensor())
    array([[1, 2],
           [0, 0],
           [3, 0]], dtype=int32)
    """
    made = constant_value(pylist, dtype, ragged_rank, inner_shape)
    return _node(made, name)


def _node(value: Any, name: str | None = None) -> Any:
    if not isinstance(value, RaggedTensorValue):
        return to_node(value, name=name)
    return RaggedTensor(_node(value.values, name), value.row_splits)


def constant_value(pylist: Any, dtype: Any = None, ragged_rank: int | None = None, inner_shape: Any = None, row_splits_dtype: Any = None) -> Any:
    """Nested lists as a `RaggedTensorValue`, or an array where none is ragged. Errors as of `constant`.

    >>> tf.ragged.constant_value([["a", "b"], ["c"]]).to_list()
    [[b'a', b'b'], [b'c']]
    """
    what = "ragged.constant"
    depth, inner = _depth(what, pylist), None if inner_shape is None else tuple(as_shape(inner_shape) or ())
    if ragged_rank is None:
        ragged_rank = max(depth - 1 - (0 if inner is None else len(inner)), 0)
    most = max(depth - 1, 0)
    if isinstance(ragged_rank, bool) or not isinstance(ragged_rank, int) or not 0 <= ragged_rank <= max(most, ragged_rank if _empty(pylist) else 0):
        raise GraphError(f"{what}: ragged_rank is from 0 to {most} for lists of depth {depth}, not {ragged_rank!r:.40}{here()}")
    level, splits = pylist, []
    for _ in repeat(None, ragged_rank):
        lengths = [len(row) for row in level]
        splits.append(np.concatenate([np.zeros(1, INDEX), np.cumsum(lengths, dtype=INDEX)]))
        level = [value for row in level for value in row]
    with saying(what):
        flat = _array(level, dtype, inner)
    for one in reversed(splits):
        flat = RaggedTensorValue(flat, one)
    return flat


def _array(level: Any, dtype: Any, inner: tuple[Any, ...] | None) -> Any:
    kind = None if dtype is None else as_dtype(dtype)
    if isinstance(level, list) and not level:
        return np.zeros((0, *(inner or ())), np.float32 if kind is None else object if kind.name == "string" else kind.dtype)
    try:
        made = np.asarray(as_array(level, kind))
    except ValueError:
        raise ShapeError("values of one shape are wanted within the ragged axes") from None
    if inner is not None and made.shape[1 if isinstance(level, list) else 0:] != inner:
        raise ShapeError(f"values are of shape {list(made.shape[1:])}, and inner_shape is {list(inner)}")
    return made


def _depth(what: str, value: Any) -> int:
    """How deep lists are nested. GraphError: not everywhere alike."""
    if not isinstance(value, _LISTS):
        return 0
    if isinstance(value, np.ndarray):
        return value.ndim
    depths = {_depth(what, v) for v in value if not (isinstance(v, _LISTS) and _empty(v))}
    if len(depths) > 1:
        raise GraphError(f"{what}: all values stand equally deep, and not {' and '.join(map(str, sorted(depths)))} lists deep{here()}")
    empty = max((_hollow(v) for v in value if isinstance(v, _LISTS) and _empty(v)), default=0)
    found = max(depths, default=empty)
    if empty > found:
        raise GraphError(f"{what}: all values stand equally deep, and an empty list stands deeper{here()}")
    return 1 + found


def _empty(value: Any) -> bool:
    """Whether lists hold no value at all."""
    return isinstance(value, _LISTS) and all(_empty(v) for v in value)


def _hollow(value: Any) -> int:
    return 1 + max((_hollow(v) for v in value), default=0)


def range(starts: Any, limits: Any = None, deltas: Any = 1, dtype: Any = None, name: str | None = None, row_splits_dtype: Any = None) -> RaggedTensor:
    """A row of numbers for each start, up to below its limit, `deltas` apart; with one argument from 0 up to below it.

    starts, limits, deltas: vectors, or numbers for all rows. ShapeError: they are of other shapes. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.ragged.range([2, 0, 3]).to_tensor(-1))
    array([[ 0,  1, -1],
           [-1, -1, -1],
           [ 0,  1,  2]], dtype=int32)
    """
    if limits is None:
        starts, limits = 0, starts
    given = [to_node(x) for x in (starts, limits, deltas)]
    kind = np.result_type(*(x.type.dtype for x in given)) if dtype is None else as_dtype(dtype).dtype
    if kind.kind not in "iuf" or any(x.type.rank not in (0, 1) for x in given):
        raise (DTypeError if kind.kind not in "iuf" else ShapeError)(
            f"ragged.range takes numbers, or vectors of them, not {', '.join(map(repr, given)):.200}{here()}")
    vectors = [reshape(cast(x, dtype=kind), [-1]) for x in given]
    count = maximum(maximum(*(shape(x)[0] for x in vectors[:2])), shape(vectors[2])[0])
    first, last, step = (broadcast_to(x, reshape(count, [1])) for x in vectors)
    steps = ceil((last - first) / step) if kind.kind == "f" else -floordiv(first - last, step)
    splits = splits_of(maximum(cast(steps, dtype=INDEX), np.int64(0)))
    made = RaggedTensor(numbers(splits[-1]), splits)
    rows = made.value_rowids()
    return made.with_values(gather(first, rows) + cast(made.columns(), dtype=kind) * gather(step, rows))


def placeholder(dtype: Any, ragged_rank: int, value_shape: Any = None, name: str | None = None) -> Any:
    """A ragged tensor fed at every run, by a `RaggedTensorValue`; `value_shape`: the shape of each value, by default a number.

    DTypeError, ShapeError: no such dtype or shape. GraphError: a rank below 0.
    """
    if isinstance(ragged_rank, bool) or not isinstance(ragged_rank, int) or ragged_rank < 0:
        raise GraphError(f"ragged.placeholder: ragged_rank is 0 or more, not {ragged_rank!r:.40}{here()}")
    inner = () if value_shape is None else as_shape(value_shape)
    if ragged_rank == 0:
        return _placeholder(dtype, inner, name)
    made: Any = _placeholder(dtype, None if inner is None else [None, *inner], name=f"{name or 'ragged'}_flat_values")
    for i in np.arange(ragged_rank)[::-1].tolist():
        made = RaggedTensor(made, _placeholder(INDEX, [None], name=f"{name or 'ragged'}_row_splits_{i}"))
    return made


def map_flat_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a function makes of the flat values of ragged arguments, in their rows; other arguments it takes as they are.

    GraphError: a result with another number of values. DTypeError, ShapeError: ragged arguments of other rows.

    >>> x = tf.ragged.constant([[1.0], [2.0, 3.0]])
    >>> tf.Session(jit=False).run(tf.ragged.map_flat_values(tf.square, x)).to_list()
    [[1.0], [4.0, 9.0]]
    """
    given = [*args, *kwargs.values()]
    at = [i for i, x in enumerate(given) if isinstance(x, RaggedTensor)]
    if not at:
        return op(*args, **kwargs)
    flat, back = aligned([given[i] for i in at])
    for i, x in zip(at, flat, strict=True):
        given[i] = x
    made = op(*given[:len(args)], **dict(zip(kwargs, given[len(args):], strict=True)))
    if not isinstance(made, Node):
        raise GraphError(f"ragged.map_flat_values: the function gives a tensor, not {made!r:.80}{here()}")
    dims, known = made.type.shape, flat[0].type.shape
    if dims == () or dims and known and isinstance(dims[0], int) and isinstance(known[0], int) and dims[0] != known[0]:
        raise GraphError(f"ragged.map_flat_values: the function gives as many values as it is given, not {made!r:.80}{here()}")
    return back(made)


def stack(values: Any, axis: int = 0, name: str | None = None) -> Any:
    """Ragged tensors of other lengths beside each other along a new axis, tensors too. ShapeError: another rank, or no such axis.

    >>> tf.Session(jit=False).run(tf.ragged.stack([tf.constant([1, 2]), tf.constant([3])])).to_list()
    [[1, 2], [3]]
    """
    from .array import stack as stacked
    held = [x if isinstance(x, RaggedTensor) else to_node(x) for x in values]
    if any(isinstance(x, RaggedTensor) for x in held):
        return stacked(held, axis)
    if axis == 0 and held and rank_of(held[0]) > 0:
        return RaggedTensor(_concat(held, 0), splits_of(reshape(_concat([shape(x, out_type=INDEX)[:1] for x in held], 0), [-1])))
    if axis == 1 and held and rank_of(held[0]) > 1:
        return _joined([RaggedTensor.from_tensor(x[:, None]) for x in held], 1)
    return stacked(held, axis)


def boolean_mask(data: Any, mask: Any, name: str | None = None) -> Any:
    """The values of a ragged tensor, or a tensor's rows, where a mask of the same rows is true, in rows of their own.

    DTypeError, ShapeError: a mask of other rows, or no truth values.

    >>> x = tf.ragged.constant([[1, 2], [3]])
    >>> tf.Session(jit=False).run(tf.ragged.boolean_mask(x, x > 1)).to_list()
    [[2], [3]]
    """
    if not isinstance(mask, RaggedTensor):
        if isinstance(data, RaggedTensor):
            from .array import where
            return gather(data, reshape(where(to_node(mask)), [-1]))
        held = to_node(mask)
        if held.type.rank == 1:
            return _boolean_mask(data, held)
        mask, data = RaggedTensor.from_tensor(held), RaggedTensor.from_tensor(data)
    if not isinstance(data, RaggedTensor):
        raise DTypeError(f"ragged.boolean_mask: beside a ragged mask data are ragged, not {data!r:.80}{here()}")
    splits = data.row_splits if data.row_splits is mask.row_splits else ragged_same(data.row_splits, mask.row_splits)
    if isinstance(mask.values, RaggedTensor):
        return RaggedTensor(boolean_mask(data.values, mask.values), splits)
    kept = _concat([np.zeros(1, INDEX), cumsum(cast(mask.values, dtype=INDEX))], 0)
    values = boolean_mask(data.values, mask.values) if isinstance(data.values, RaggedTensor) else _boolean_mask(data.values, mask.values)
    return RaggedTensor(values, gather(kept, splits))


def stack_dynamic_partitions(data: Any, partitions: Any, num_partitions: Any, name: str | None = None) -> RaggedTensor:
    """The rows of data that have the same number as a row of a ragged tensor each, in their order: any[..., *rest], int[...] -> [n, (rows), *rest].

    data, partitions: tensors, or ragged ones of the same rows. DTypeError, ShapeError: they do not fit. InvalidArgumentError, when run: a number that
    is none of the partitions.

    >>> made = tf.ragged.stack_dynamic_partitions(["a", "b", "c"], [1, 0, 1], 3)
    >>> tf.Session(jit=False).run(made).to_list()
    [[b'b'], [b'a', b'c'], []]
    """
    what = "ragged.stack_dynamic_partitions"
    x, numbered = (v if isinstance(v, RaggedTensor) else to_node(v) for v in (data, partitions))
    rank = numbered.shape.ndims
    if rank is None:
        raise ShapeError(f"{what}: the rank of {numbered!r} is not known{here()}")
    if rank == 0:
        return RaggedTensor.from_value_rowids(expanded(x, 0), reshape(numbered, [1]), num_partitions)
    while rank > 1:
        x, numbered = (v if isinstance(v, RaggedTensor) else RaggedTensor.from_tensor(v) for v in (x, numbered))
        # Where the first row begins, which is 0, is known only if both have the same rows.
        begin = cast(ragged_same(x.row_splits, numbered.row_splits)[0], numbered.dtype)
        x, numbered, rank = x.values, numbered.values + begin, rank - 1
    order = argsort(numbered, stable=True)
    return RaggedTensor.from_value_rowids(rows_at(x, order), gather(numbered, order), num_partitions)


def row_splits_to_segment_ids(splits: Any, name: str | None = None, out_type: Any = None) -> Node:
    """The row of each value, by where rows begin: int64[rows + 1] -> int64[n]. DTypeError: no whole numbers.

    >>> tf.Session(jit=False).run(tf.ragged.row_splits_to_segment_ids([0, 2, 2, 3]))
    array([0, 0, 2])
    """
    at = whole_numbers(splits, "splits")
    found = RaggedTensor(numbers(at[-1]), at).value_rowids()
    return found if out_type is None else cast(found, dtype=out_type)


def segment_ids_to_row_splits(segment_ids: Any, num_segments: Any = None, out_type: Any = None, name: str | None = None) -> Node:
    """Where rows begin, by the row of each value: int64[n] -> int64[rows + 1]. DTypeError: no whole numbers.

    >>> tf.Session(jit=False).run(tf.ragged.segment_ids_to_row_splits([0, 0, 2]))
    array([0, 2, 2, 3])
    """
    ids = whole_numbers(segment_ids, "segment_ids")
    if num_segments is None:
        found = RaggedTensor.from_value_rowids(ids, ids, validate=False).row_splits
    else:
        found = splits_of(unsorted_segment_sum(fill(shape(ids), np.int64(1)), ids, whole_numbers(num_segments, "num_segments")))
    return found if out_type is None else cast(found, dtype=out_type)


__all__ = ["boolean_mask", "constant", "constant_value", "map_flat_values", "placeholder", "range", "row_splits_to_segment_ids",
           "segment_ids_to_row_splits", "stack", "stack_dynamic_partitions"]
