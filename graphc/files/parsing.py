"""Operators that parse records of features: `parse_example` and its kin, by the reader of `example`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, DataLossError, DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.known import static_value
from ..ir.node import Node, dtype_of, here, saying
from ..ir.operator import Values, declare, items, to_node
from ..ir.types import TEXT, Array, TensorType, as_array, as_shape, shape_str
from ..ops.sparse_forms import sparse_merge
from ..ops.sparse_tensor import SparseTensor
from .example import Found, example_in

__all__ = ["FixedLenFeature", "FixedLenSequenceFeature", "SparseFeature", "VarLenFeature", "parse_example", "parse_single_example"]

_OF = {np.dtype(np.float32): "float_list", np.dtype(np.int64): "int64_list", TEXT: "bytes_list"}
FIXED, SEQUENCE, SPARSE = "fixed", "sequence", "sparse"


class FixedLenFeature(NamedTuple):
    """A feature of one shape in every record; without a `default_value` it must be there.

    >>> tf.FixedLenFeature([2], tf.float32).shape
    [2]
    """

    shape: Any
    dtype: Any
    default_value: Any = None


class VarLenFeature(NamedTuple):
    """A feature of any number of values, as a SparseTensor.

    >>> tf.VarLenFeature(tf.string).dtype
    graphc.string
    """

    dtype: Any


class FixedLenSequenceFeature(NamedTuple):
    """A feature that is a row of values of one shape, of any length; of several records the shorter ones are padded.

    >>> tf.FixedLenSequenceFeature([], tf.int64, allow_missing=True).allow_missing
    True
    """

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


class SparseFeature(NamedTuple):
    """Two features as one SparseTensor: the values of one stand at the places that the other names, or several others do, an axis each.

    >>> tf.SparseFeature("places", "values", tf.float32, 100).size
    100
    """

    index_key: Any
    value_key: str
    dtype: Any
    size: Any
    already_sorted: bool = False


class Wanted(NamedTuple):
    """What an operator is to find: the feature's name, its kind, dtype and shape, its default (None: it must be there), if it may be missing."""

    name: str
    kind: str
    dtype: Any
    shape: tuple[int, ...]
    default: Any
    missing: bool


def wanted_of(what: str, features: Any, kinds: tuple[type[Any], ...]) -> tuple[Wanted, ...]:
    """What a dict of features asks for, in the order of names. ArgumentError, DTypeError, ShapeError: no such features."""
    if not isinstance(features, Mapping) or not all(isinstance(name, str) for name in features):
        raise ArgumentError(f"{what}: features are a dict by name, not {features!r:.80}{here()}")
    return tuple(_one_wanted(f"{what}: {name}", name, features[name], kinds) for name in sorted(features))


def _known(value: Any) -> Any:
    """A default as numbers or texts; of a tensor its value, where that is known while the graph is built."""
    found = static_value(value) if isinstance(value, Node) else None
    return value if found is None else found


def _one_wanted(what: str, name: str, feature: Any, kinds: tuple[type[Any], ...]) -> Wanted:
    if not isinstance(feature, kinds):
        raise ArgumentError(f"{what} is one of {', '.join(k.__name__ for k in kinds)}, not {feature!r:.80}{here()}")
    dtype = dtype_of(what, feature.dtype).dtype
    if dtype not in _OF:
        raise DTypeError(f"{what}: features are float32, int64 or string, not {feature.dtype!r}{here()}")
    if isinstance(feature, VarLenFeature):
        return Wanted(name, SPARSE, dtype, (), None, True)
    with saying(what):
        shape = as_shape(feature.shape)
        if shape is None or None in shape:
            raise ShapeError(f"a feature has a shape that is known, not {shape_str(shape)}")
        default = None if feature.default_value is None else as_array(_known(feature.default_value), dtype)
    sizes = tuple(int(d) for d in shape if d is not None)
    if isinstance(feature, FixedLenSequenceFeature):
        if default is not None and default.size != 1:
            raise ShapeError(f"{what}: what a sequence is padded with is a scalar{here()}")
        pad = (b"" if dtype == TEXT else 0) if default is None else default.reshape(-1).tolist()[0]
        return Wanted(name, SEQUENCE, dtype, sizes, pad, bool(feature.allow_missing))
    if default is not None:
        if default.shape != sizes and default.size != 1:
            raise ShapeError(f"{what}: a default of shape {shape_str(default.shape)} for a feature of shape {shape_str(sizes)}{here()}")
        return Wanted(name, FIXED, dtype, sizes, tuple(np.broadcast_to(default, sizes).reshape(-1).tolist()), False)
    return Wanted(name, FIXED, dtype, sizes, None, False)


# ---------------------------------------------------------------------- operators

def parse_attrs(types: Sequence[TensorType], wanted: Any, **others: Any) -> dict[str, Any]:
    """What is wanted as an operator keeps it. ArgumentError, DTypeError: what a file says it wants is none such."""
    ok = isinstance(wanted, tuple) and all(isinstance(w, tuple) and len(w) == 6 and isinstance(w[0], str) and w[1] in (FIXED, SEQUENCE, SPARSE)
                                           and isinstance(w[3], tuple) and all(type(d) is int and d >= 0 for d in w[3]) for w in wanted)
    if not ok:
        raise ArgumentError(f"the features wanted are records of six members, not {wanted!r:.80}")
    if any(np.dtype(w[2]) not in _OF for w in wanted):
        raise DTypeError("features are float32, int64 or string")
    return {"wanted": tuple(Wanted(w[0], w[1], np.dtype(w[2]), *w[3:]) for w in wanted), **others}


def parse_types(wanted: Sequence[Wanted], rows: tuple[int | None, ...]) -> list[TensorType]:
    """The types of all results, for rows of a shape: () for a record by itself."""
    out = []
    rank = len(rows) + 1
    for w in wanted:
        if w.kind == SPARSE:
            out += [TensorType(np.dtype(np.int64), (None, rank)), TensorType(w.dtype, (None,)), TensorType(np.dtype(np.int64), (rank,))]
        else:
            out.append(TensorType(w.dtype, (*rows, *([None] if w.kind == SEQUENCE else []), *w.shape)))
    return out


def _parse_type(types: Sequence[TensorType], values: Values, wanted: Any, single: Any) -> Any:
    if types[0].dtype != TEXT:
        raise DTypeError("records are texts")
    if types[0].rank not in (None, 0 if single else 1):
        raise ShapeError("it is no scalar" if single else "it is no vector")
    rows: tuple[int | None, ...] = () if single else (None,) if types[0].shape is None else (types[0].shape[0],)
    return tuple(parse_types(wanted, rows))


@declare("host", _parse_type, name="parse_examples", label="ParseExample", text=True, prepare=parse_attrs)
def _parse(serialized: Any, *, wanted: Any, single: Any) -> Any:
    """The features of serialised `Example`s."""
    records = [bytes(r) for r in np.asarray(serialized, TEXT).reshape(-1)]
    found = [read_record(example_in, r, i) for i, r in enumerate(records)]
    return tuple(a for w in wanted for a in column(w, found, bool(single)))


def read_record(reader: Any, record: bytes, number: int) -> Any:
    """What a reader finds in a record. InvalidArgumentError: it is none."""
    try:
        return reader(record)
    except DataLossError as e:
        raise InvalidArgumentError(f"record {number}, {record!r:.60}, cannot be parsed: {e}") from None


def values_of(w: Wanted, found: Found, number: int) -> Any:
    """The values of a feature of a record, or None. InvalidArgumentError: they are of another kind."""
    kind, values = found.get(w.name, ("", None))
    if kind and kind != _OF[w.dtype]:
        raise InvalidArgumentError(f"record {number}: the feature {w.name} is a {kind}, not a {_OF[w.dtype]}")
    return None if not kind else values


def column(w: Wanted, found: Sequence[Found], single: bool) -> list[Array]:
    """The arrays of one feature over all records."""
    rows = [values_of(w, f, i) for i, f in enumerate(found)]
    if w.kind == FIXED:
        made = stacked(w, [fixed_values(w, r, i) for i, r in enumerate(rows)], (len(rows), *w.shape))
        return [made[0, ...] if single else made]
    if w.kind == SPARSE:
        return sparse_rows([[] if r is None else r for r in rows], w.dtype, single)
    lengths = [_length(w, r, i) for i, r in enumerate(rows)]
    made = np.full((len(rows), max(lengths, default=0), *w.shape), w.default, w.dtype)
    for i, (r, n) in enumerate(zip(rows, lengths, strict=True)):
        if n:
            made[i, :n] = as_values(r, w.dtype).reshape(n, *w.shape)
    return [made[0, ...] if single else made]


def as_values(values: Any, dtype: np.dtype[Any]) -> Array:
    """The values of a feature as a vector."""
    if dtype != TEXT:
        return np.asarray(values, dtype)
    out = np.empty(len(values), TEXT)
    out[:] = values
    return out


def stacked(w: Wanted, rows: Sequence[Any], shape: tuple[int, ...]) -> Array:
    """The values of several rows in one array."""
    flat = [as_values(r, w.dtype) for r in rows]
    return (np.concatenate(flat) if flat else np.empty(0, w.dtype)).reshape(shape)


def fixed_values(w: Wanted, values: Any, number: int) -> Any:
    """The values of a feature of one shape, or its default. InvalidArgumentError: they are missing, or of another number."""
    size = int(np.prod(w.shape))
    if values is None or (not len(values) and w.default is not None):
        if w.default is None:
            raise InvalidArgumentError(f"record {number}: the feature {w.name} is missing, and has no default")
        return w.default
    if len(values) != size:
        raise InvalidArgumentError(f"record {number}: the feature {w.name} has {len(values)} values, not {size} for the shape {shape_str(w.shape)}")
    return values


def _length(w: Wanted, values: Any, number: int) -> int:
    if values is None:
        if not w.missing:
            raise InvalidArgumentError(f"record {number}: the feature {w.name} is missing; allow_missing=True allows that")
        return 0
    size = int(np.prod(w.shape))
    if not size or len(values) % size:
        raise InvalidArgumentError(f"record {number}: the feature {w.name} has {len(values)} values, which are no rows of shape {shape_str(w.shape)}")
    return len(values) // size


def sparse_rows(rows: Sequence[Any], dtype: np.dtype[Any], single: bool) -> list[Array]:
    """Places, values and shape of rows of several lengths; of one row by itself without the number of the row."""
    lengths = [len(r) for r in rows]
    values = np.concatenate([as_values(r, dtype) for r in rows]) if rows else np.empty(0, dtype)
    columns = np.concatenate([np.arange(n) for n in lengths]) if rows else np.zeros(0, np.int64)
    widest = max(lengths, default=0)
    if single:
        return [columns.astype(np.int64)[:, None], values, np.array([widest], np.int64)]
    places = np.stack([np.repeat(np.arange(len(rows)), lengths), columns], 1).astype(np.int64)
    return [places, values, np.array([len(rows), widest], np.int64)]


def taken(wanted: Sequence[Wanted], parts: list[Node]) -> dict[str, Any]:
    """Tensors by name, taken from the front of the results."""
    out: dict[str, Any] = {}
    for w in wanted:
        if w.kind == SPARSE:
            out[w.name] = SparseTensor(*parts[:3])
            del parts[:3]
        else:
            out[w.name] = parts.pop(0)
    return out


_EXAMPLE = (FixedLenFeature, VarLenFeature, FixedLenSequenceFeature)


def _parsed(what: str, serialized: Any, features: Any, single: bool, name: str | None) -> dict[str, Any]:
    node = to_node(serialized)
    joint = {k: f for k, f in features.items() if isinstance(f, SparseFeature)} if isinstance(features, Mapping) else {}
    alone = {k: f for k, f in features.items() if k not in joint} if joint else features
    parts = {key: kind for f in joint.values() for key, kind in (*((k, np.int64) for k in _keys(f)), (f.value_key, f.dtype))}
    wanted = wanted_of(what, {**{k: VarLenFeature(kind) for k, kind in parts.items()}, **alone}, _EXAMPLE)
    if not wanted:
        raise GraphError(f"{what}: no features are wanted{here()}")
    found = taken(wanted, items(_parse.build(node.graph, (node,), {"wanted": wanted, "single": single}, name)))
    for key, f in joint.items():
        several = isinstance(f.index_key, (list, tuple))
        ids = [found[k] for k in _keys(f)]
        found[key] = sparse_merge(ids if several else ids[0], found[f.value_key], f.size, None, f.already_sorted)
    return {k: v for k, v in found.items() if k in features}


def _keys(feature: SparseFeature) -> list[str]:
    key = feature.index_key
    return [*key] if isinstance(key, (list, tuple)) else [key]


def parse_example(serialized: Any, features: Mapping[str, Any], name: str | None = None, example_names: Any = None) -> dict[str, Any]:
    """The features of serialised `Example`s, by name: string[n] -> [n, ...] of a `FixedLenFeature`, [n, longest, ...] of a
    `FixedLenSequenceFeature`, a `SparseTensor` of shape [n, longest] of a `VarLenFeature`.

    InvalidArgumentError, when run: a record that is none, or a feature that is missing, of another kind or size. ArgumentError, DTypeError,
    ShapeError: no such features.

    >>> record = tf.train.Example(features=tf.train.Features(feature={
    ...     "n": tf.train.Feature(int64_list=tf.train.Int64List(value=[1, 2]))})).SerializeToString()
    >>> tf.Session(jit=False).run(tf.parse_example([record], {"n": tf.FixedLenFeature([2], tf.int64)}))
    {'n': array([[1, 2]])}
    """
    return _parsed("parse_example", serialized, features, False, name)


def parse_single_example(serialized: Any, features: Mapping[str, Any], name: str | None = None, example_names: Any = None) -> dict[str, Any]:
    """The features of one serialised `Example`, by name: `parse_example` for a text by itself, without the axis of records.

    InvalidArgumentError, when run: it is none, or a feature is missing, of another kind or size. ArgumentError, DTypeError, ShapeError: no such
    features.
    """
    return _parsed("parse_single_example", serialized, features, True, name)
