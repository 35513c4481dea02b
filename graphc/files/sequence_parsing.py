"""Operators that parse records of sequences: the context of each, and its lists of features step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.node import here
from ..ir.operator import Values, declare, items, to_node
from ..ir.types import TEXT, Array, TensorType
from ..ops.sparse_tensor import INDEX
from .example import sequence_in
from .parsing import (
    FIXED,
    SEQUENCE,
    SPARSE,
    FixedLenFeature,
    FixedLenSequenceFeature,
    VarLenFeature,
    Wanted,
    as_values,
    column,
    fixed_values,
    parse_attrs,
    parse_types,
    read_record,
    sparse_rows,
    stacked,
    taken,
    values_of,
    wanted_of,
)

__all__ = ["parse_sequence_example", "parse_single_sequence_example"]


def _sequence_attrs(types: Sequence[TensorType], wanted: Any, lists: Any) -> dict[str, Any]:
    return {"wanted": parse_attrs(types, wanted)["wanted"], "lists": parse_attrs(types, lists)["wanted"]}


def _sequence_type(types: Sequence[TensorType], values: Values, wanted: Any, lists: Any) -> Any:
    if types[0].dtype != TEXT or types[0].rank not in (None, 0):
        raise DTypeError("a record is one text")
    rows = [w._replace(kind=FIXED) if w.kind == SEQUENCE else w for w in lists]
    return (*parse_types(wanted, ()), *parse_types(rows, (None,)))


@declare("host", _sequence_type, name="parse_sequence_example", label="ParseSingleSequenceExample", text=True, prepare=_sequence_attrs)
def _parse_sequence(serialized: Any, *, wanted: Any, lists: Any) -> Any:
    """The context and the lists of features of a serialised `SequenceExample`."""
    context, found = read_record(sequence_in, bytes(np.asarray(serialized, TEXT).item()), 0)
    out = [a for w in wanted for a in column(w, [context], True)]
    for w in lists:
        steps = found.get(w.name)
        if steps is None and not w.missing:
            raise InvalidArgumentError(f"the list of features {w.name} is missing; allow_missing=True allows that")
        rows = [{w.name: s} for s in steps or ()]
        if w.kind == SPARSE:
            out += sparse_rows([[] if (v := values_of(w, r, i)) is None else v for i, r in enumerate(rows)], w.dtype, False)
        else:
            whole = w._replace(default=None)
            out.append(stacked(w, [fixed_values(whole, values_of(w, r, i), i) for i, r in enumerate(rows)], (len(rows), *w.shape)))
    return tuple(out)


# ---------------------------------------------------------------------- several records

def _batch_types(types: Sequence[TensorType], values: Values, wanted: Any, lists: Any) -> Any:
    if types[0].dtype != TEXT:
        raise DTypeError("records are texts")
    if types[0].rank not in (None, 1):
        raise ShapeError("it is no vector")
    rows = None if types[0].shape is None else types[0].shape[0]
    out = parse_types(wanted, (rows,))
    for w in lists:
        if w.kind == SPARSE:
            out += [TensorType(np.dtype(INDEX), (None, 3)), TensorType(w.dtype, (None,)), TensorType(np.dtype(INDEX), (3,))]
        else:
            out.append(TensorType(w.dtype, (rows, None, *w.shape)))
    return (*out, *(TensorType(np.dtype(INDEX), (rows,)) for w in lists if w.kind != SPARSE))


@declare("host", _batch_types, name="parse_sequence_examples", label="ParseSequenceExample", text=True, prepare=_sequence_attrs)
def _parse_sequences(serialized: Any, *, wanted: Any, lists: Any) -> Any:
    """The contexts and the lists of features of serialised `SequenceExample`s, and how many steps each record has of those of one shape."""
    found = [read_record(sequence_in, bytes(r), i) for i, r in enumerate(np.asarray(serialized, TEXT).reshape(-1))]
    out = [a for w in wanted for a in column(w, [context for context, _ in found], False)]
    counts: list[Array] = []
    for w in lists:
        records = [_steps(w, listed, i) for i, (_, listed) in enumerate(found)]
        if w.kind == SPARSE:
            out += _sparse_steps(records, w)
        else:
            counts.append(np.array([len(steps) for steps in records], INDEX))
            out.append(_padded_steps(records, w))
    return (*out, *counts)


def _steps(w: Wanted, listed: Mapping[str, Any], number: int) -> list[Any]:
    """The values of a feature, step by step; of one of a fixed shape they are all there. InvalidArgumentError: they are not."""
    steps = listed.get(w.name)
    if steps is None and not w.missing:
        raise InvalidArgumentError(f"record {number}: the list of features {w.name} is missing; allow_missing=True allows that")
    found = [values_of(w, {w.name: step}, number) for step in steps or ()]
    whole = w._replace(default=None)
    return [() if v is None else v for v in found] if w.kind == SPARSE else [fixed_values(whole, v, number) for v in found]


def _sparse_steps(records: Sequence[Sequence[Any]], w: Wanted) -> list[Array]:
    """Places, values and shape: a record, a step and a place in it each."""
    lengths = [[len(v) for v in steps] for steps in records]
    at = [(i, k, j) for i, steps in enumerate(lengths) for k, n in enumerate(steps) for j in range(n)]
    values = np.concatenate([np.empty(0, w.dtype), *(as_values(v, w.dtype) for steps in records for v in steps)])
    most = max((n for steps in lengths for n in steps), default=0)
    return [np.array(at, INDEX).reshape(-1, 3), values, np.array([len(records), max(map(len, lengths), default=0), most], INDEX)]


def _padded_steps(records: Sequence[Sequence[Any]], w: Wanted) -> Array:
    """The steps of all records, zeros or empty texts after the last one."""
    out = np.full((len(records), max(map(len, records), default=0), *w.shape), b"" if w.dtype == TEXT else 0, w.dtype)
    for i, steps in enumerate(records):
        out[i, :len(steps)] = stacked(w, steps, (len(steps), *w.shape))
    return out


# ---------------------------------------------------------------------- what programs call

def _asked(what: str, context_features: Any, sequence_features: Any) -> tuple[tuple[Wanted, ...], tuple[Wanted, ...]]:
    """What is wanted of the context and of the lists. ArgumentError, DTypeError, ShapeError: no such features. GraphError: none at all."""
    context = wanted_of(what, context_features or {}, (FixedLenFeature, VarLenFeature))
    lists = wanted_of(what, sequence_features or {}, (FixedLenSequenceFeature, VarLenFeature))
    if not context and not lists:
        raise GraphError(f"{what}: no features are wanted{here()}")
    return context, lists


def parse_single_sequence_example(serialized: Any, context_features: Mapping[str, Any] | None = None,
                                  sequence_features: Mapping[str, Any] | None = None, example_name: Any = None,
                                  name: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The context of a serialised `SequenceExample`, by name, and its lists of features: [steps, ...] of a `FixedLenSequenceFeature`, a
    `SparseTensor` of shape [steps, longest] of a `VarLenFeature`. `example_name` has no effect.

    InvalidArgumentError, when run: it is none, or a feature is missing, of another kind or size. ArgumentError, DTypeError, ShapeError: no such
    features.
    """
    what = "parse_single_sequence_example"
    node = to_node(serialized)
    context, lists = _asked(what, context_features, sequence_features)
    parts = items(_parse_sequence.build(node.graph, (node,), {"wanted": context, "lists": lists}, name))
    return taken(context, parts), taken(lists, parts)


def parse_sequence_example(serialized: Any, context_features: Mapping[str, Any] | None = None,
                           sequence_features: Mapping[str, Any] | None = None, example_names: Any = None,
                           name: str | None = None) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The contexts of serialised `SequenceExample`s, string[n], by name, as of `parse_example`; their lists of features: [n, most steps, ...] of a
    `FixedLenSequenceFeature`, zeros after the last step, a `SparseTensor` of shape [n, most steps, longest] of a `VarLenFeature`; and how many steps
    each record has of a `FixedLenSequenceFeature`, int64[n]. `example_names` have no effect.

    InvalidArgumentError, when run: a record that is none, or a feature that is missing, of another kind or size. ArgumentError, DTypeError,
    ShapeError: no such features.
    """
    what = "parse_sequence_example"
    node = to_node(serialized)
    for key, f in (sequence_features or {}).items():
        if isinstance(f, FixedLenSequenceFeature) and f.default_value is not None:
            raise ArgumentError(f"{what}: {key}: steps have no default_value, not {f.default_value!r:.60}{here()}")
    context, lists = _asked(what, context_features, sequence_features)
    parts = items(_parse_sequences.build(node.graph, (node,), {"wanted": context, "lists": lists}, name))
    return taken(context, parts), taken(lists, parts), taken([w for w in lists if w.kind != SPARSE], parts)
