"""From classes of steps to labels: the likeliest class of each step, or the likeliest labels by a search; and how far two sequences are apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.node import Node
from ..ir.operator import Values, declare
from ..ir.types import Array, TensorType, compatible, shape_str
from .array_index import iota
from .array_move import Types, expand_dims, shape
from .ctc import check_lengths, operands
from .math import cast, check_index, less, negative, where
from .reduce import reduce_max, reduce_sum
from .sparse_tensor import SparseTensor, sparse

__all__ = ["ctc_beam_search_decoder", "ctc_greedy_decoder", "edit_distance"]

_INT64 = np.dtype(np.int64)
Row = tuple[int, ...]


def _triples(rows: Sequence[Sequence[int]]) -> tuple[Array, Array, Array]:
    """Sequences of numbers as places, values and shape of a sparse tensor [sequences, longest]."""
    places = np.array([(b, k) for b, row in enumerate(rows) for k in range(len(row))], np.int64).reshape(-1, 2)
    return places, np.array([v for row in rows for v in row], np.int64), np.array([len(rows), max(map(len, rows), default=0)], np.int64)


def _sparse_types(count: int) -> tuple[TensorType, ...]:
    return (TensorType(_INT64, (None, 2)), TensorType(_INT64, (None,)), TensorType(_INT64, (2,))) * count


def _merged(path: Sequence[int]) -> list[int]:
    return [c for k, c in enumerate(path) if not k or c != path[k - 1]]


# ---------------------------------------------------------------------- the likeliest class of each step

_INPUTS = [np.sin(np.arange(40.0)).reshape(5, 2, 4), np.array([5, 3])]


@declare("host", lambda types, values, merge: _sparse_types(1), kinds={"merge": (bool,)}, weak=False, analytic=False,
         samples=((_INPUTS, {}), (_INPUTS, {"merge": False})))
def ctc_greedy(logits: Any, lengths: Any, *, merge: bool = True) -> Any:
    """The labels that the likeliest classes of each step stand for, as places, values and shape."""
    check_lengths(lengths, len(logits))
    blank, rows = logits.shape[2] - 1, []
    if blank < 0:
        raise InvalidArgumentError("there are no classes, of which the last is the blank")
    best = logits.argmax(2)
    for b, n in enumerate(lengths):
        path = best[:n, b].tolist()
        rows.append([c for c in (_merged(path) if merge else path) if c != blank])
    return _triples(rows)


def ctc_greedy_decoder(inputs: Any, sequence_length: Any, merge_repeated: bool = True) -> tuple[list[SparseTensor], Node]:
    """The labels that the likeliest classes of each step stand for: ([a SparseTensor int64[batch, longest]], less the sum of their inputs).

    inputs: float[steps, batch, classes], of which the last is the blank, sequence_length: int[batch]; the sums are float[batch, 1].
    `merge_repeated`: repeated classes are one label. DTypeError, ShapeError: the operands do not fit. InvalidArgumentError, when run: a length
    beyond the steps.

    >>> x = tf.one_hot([[0], [0], [2], [1]], 3)
    >>> tf.Session(jit=False).run(tf.nn.ctc_greedy_decoder(x, [4])[0][0]).values
    array([0, 1])
    """
    x, lengths = operands("ctc_greedy_decoder", inputs, sequence_length)
    steps = check_index(cast(lengths, np.int32), shape(x)[0] + 1)
    there = less(expand_dims(iota(shape(x)[:1]), 1), expand_dims(steps, 0))
    total = reduce_sum(where(there, reduce_max(x, axis=2), np.zeros((), x.type.dtype)), axis=0)
    return [SparseTensor(*ctc_greedy(x, lengths, merge=bool(merge_repeated)))], negative(expand_dims(total, 1))


# ---------------------------------------------------------------------- the likeliest labels

def _beam_type(types: Types, values: Values, width: int, paths: int, merge: bool) -> tuple[TensorType, ...]:
    if not 1 <= paths <= width:
        raise GraphError(f"the {paths} paths are not 1 to beam_width, {width}")
    return *_sparse_types(paths), TensorType(types[0].dtype, (types[1].shape[0] if types[1].shape else None, paths))


def _log_softmax(logits: Array) -> Array:
    x = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def _searched(logs: Array, width: int) -> list[tuple[float, Row]]:
    """The likeliest labels with the logarithms of their probabilities, over all ways to the `width` best of each step (prefix search)."""
    # Of each beam that the last class is the blank, and that it is a label.
    rows: list[Row] = [()]
    blank, ended, going = logs.shape[1] - 1, np.zeros(1), np.full(1, -np.inf)
    for step in logs:
        whole, last = np.logaddexp(ended, going), np.array([row[-1] if row else blank for row in rows])
        longer = whole[:, None] + step[:blank]
        repeated = np.flatnonzero(last != blank)
        longer[repeated, last[repeated]] = ended[repeated] + step[last[repeated]]
        going = np.where(last != blank, going + step[last], -np.inf)
        place = {row: k for k, row in enumerate(rows)}
        for k, row in enumerate(rows):                                  # a beam that another one leads to, too
            before = place.get(row[:-1]) if row else None
            if before is not None:
                going[k], longer[before, row[-1]] = np.logaddexp(going[k], longer[before, row[-1]]), -np.inf
        ended = whole + step[blank]
        scores = np.concatenate([np.logaddexp(ended, going), longer.ravel()])
        best = np.argsort(-scores, kind="stable")[:width]
        best = best[scores[best] > -np.inf].tolist()
        old, new = [k for k in best if k < len(rows)], [divmod(k - len(rows), blank) for k in best if k >= len(rows)]
        ended = np.concatenate([ended[old], np.full(len(new), -np.inf)])
        going = np.concatenate([going[old], longer[tuple(np.array(new, int).reshape(-1, 2).T)]])
        rows = [*(rows[k] for k in old), *((*rows[k], c) for k, c in new)]
    whole = np.logaddexp(ended, going)
    return [(float(whole[k]), rows[k]) for k in np.argsort(-whole, kind="stable")]


@declare("host", _beam_type, kinds={"width": (int,), "paths": (int,), "merge": (bool,)}, weak=False, analytic=False,
         samples=((_INPUTS, {"width": 8, "paths": 2}), (_INPUTS, {"width": 20, "paths": 1, "merge": False})))
def ctc_beam(logits: Any, lengths: Any, *, width: int = 100, paths: int = 1, merge: bool = True) -> Any:
    """The likeliest labels of each row, best first, as places, values and shape each, and the logarithms of their probabilities."""
    check_lengths(lengths, len(logits))
    found = [_searched(_log_softmax(logits[:n, b]), width) for b, n in enumerate(lengths)]
    scores = np.array([[f[k][0] if k < len(f) else -np.inf for k in range(paths)] for f in found]).reshape(len(found), paths)
    rows = [[list(f[k][1]) if k < len(f) else [] for f in found] for k in range(paths)]
    parts = [part for path in rows for part in _triples([_merged(row) for row in path] if merge else path)]
    return *parts, scores.astype(logits.dtype)


def ctc_beam_search_decoder(inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1,
                            merge_repeated: bool = True) -> tuple[list[SparseTensor], Node]:
    """The likeliest labels under softmax(inputs), over all paths to the `beam_width` best of each step (Graves 2012).

    inputs: float[steps, batch, classes], of which the last is the blank, sequence_length: int[batch] -> (a SparseTensor int64[batch, longest]
    for each of the `top_paths` best, the logarithms of their probabilities, float[batch, top_paths]). `merge_repeated`: repeated labels of the
    result become one, as in TensorFlow. GraphError: more paths than beams. DTypeError, ShapeError: the operands do not fit.
    InvalidArgumentError, when run: a length beyond the steps.

    >>> decoded, score = tf.nn.ctc_beam_search_decoder(tf.zeros([2, 1, 2]), [2])         # 00, 0- and -0 of four paths
    >>> sess = tf.Session(jit=False)
    >>> sess.run(decoded[0]).values, sess.run(tf.exp(score))
    (array([0]), array([[0.75]], dtype=float32))
    """
    x, lengths = operands("ctc_beam_search_decoder", inputs, sequence_length)
    *parts, scores = ctc_beam(x, lengths, width=beam_width, paths=top_paths, merge=bool(merge_repeated))
    return [SparseTensor(*parts[i:i + 3]) for i in range(0, len(parts), 3)], scores


# ---------------------------------------------------------------------- how far two sequences are apart

def _distance_type(types: Types, values: Values, normalize: bool) -> TensorType:
    ranks = []
    for places, labels, dims in (types[:3], types[3:]):
        columns = places.shape[1] if places.shape and len(places.shape) == 2 else None
        if not compatible(places.shape, (labels.shape[0] if labels.shape else None, None)) or not compatible(dims.shape, (columns,)):
            raise ShapeError(f"places {shape_str(places.shape)} do not lie in a tensor of a shape of {shape_str(dims.shape)} numbers")
        ranks.append(columns if columns is not None else dims.shape[0] if dims.shape else None)
    if None not in ranks and ranks[0] != ranks[1]:
        raise ShapeError(f"the sequences lie in tensors of ranks {ranks[0]} and {ranks[1]}, which are to be the same")
    if (types[1].dtype.kind == "O") != (types[4].dtype.kind == "O"):
        raise DTypeError(f"sequences of {types[1].dtype} and {types[4].dtype} are not compared")
    rank = ranks[0] if ranks[0] is not None else ranks[1]
    if rank is not None and rank < 1:
        raise ShapeError("scalars hold no sequences")
    return TensorType(np.dtype(np.float32), None if rank is None else (None,) * (rank - 1))


def _sequences(places: Array, labels: Array) -> dict[Row, list[Any]]:
    found: dict[Row, list[Any]] = {}
    for place, label in zip(places.tolist(), labels.tolist(), strict=True):
        found.setdefault(tuple(place[:-1]), []).append(label)
    return found


def _levenshtein(one: Sequence[Any], other: Sequence[Any]) -> int:
    """The least number of insertions, deletions and substitutions (Levenshtein 1965), row by row of the table."""
    above = list(range(len(other) + 1))
    for i, a in enumerate(one):
        row = [i + 1]
        for j, b in enumerate(other):
            row.append(min(above[j + 1] + 1, row[j] + 1, above[j] + (a != b)))
        above = row
    return above[-1]


_A = [np.array([[0, 0], [0, 1], [2, 0]]), np.array([1, 2, 3]), np.array([3, 2])]
_B = [np.array([[0, 0], [1, 0], [2, 0], [2, 1]]), np.array([2, 1, 3, 3]), np.array([3, 4])]


@declare("host", _distance_type, name="edit_distances", kinds={"normalize": (bool,)}, weak=False, text=True,
         samples=(([*_A, *_B], {}), ([*_B, *_A], {"normalize": False})))
def _edit_distances(places: Any, labels: Any, dims: Any, true_places: Any, true_labels: Any, true_dims: Any, *, normalize: bool = True) -> Any:
    """The edit distances of sequences to true ones, both sparse tensors, over the true length if `normalize`."""
    if len(dims) != len(true_dims):
        raise InvalidArgumentError(f"the sequences lie in tensors of shapes {dims.tolist()} and {true_dims.tolist()}, of different rank")
    out = np.zeros(np.maximum(dims, true_dims)[:-1].tolist(), np.float32)
    for what, at, size in (("hypothesis", places, dims), ("truth", true_places, true_dims)):
        if ((at < 0) | (at >= size)).any():
            raise InvalidArgumentError(f"the {what} has a place outside of its shape {size.tolist()}")
    found, true = _sequences(places, labels), _sequences(true_places, true_labels)
    for key in {**found, **true}:
        distance, length = _levenshtein(found.get(key, []), true.get(key, [])), len(true.get(key, []))
        out[key] = distance if not normalize else distance / length if length else np.inf
    return out


def edit_distance(hypothesis: Any, truth: Any, normalize: bool = True, name: str | None = "edit_distance") -> Node:
    """The least number of insertions, deletions and substitutions that make each true sequence of the other (Levenshtein 1965).

    hypothesis, truth: SparseTensors any[..., longest] of sequences along the last axis -> float32[...]. `normalize`: over the length of the true
    one, inf where that is 0 and the other is not. DTypeError: no sparse tensors, or texts and numbers. ShapeError: of different ranks.
    InvalidArgumentError, when run: a place outside of the shape.

    >>> a, b = tf.SparseTensor([[0, 0], [0, 1]], ["a", "b"], [1, 2]), tf.SparseTensor([[0, 0]], ["b"], [1, 1])
    >>> tf.Session(jit=False).run(tf.edit_distance(a, b))
    array([1.], dtype=float32)
    """
    a, b = sparse(hypothesis, "edit_distance"), sparse(truth, "edit_distance")
    return _edit_distances(*a.components, *b.components, normalize=bool(normalize), name=name)
