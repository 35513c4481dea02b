"""Candidate samplers: some of many classes, drawn anew at every run, and how often each is to be expected (Jean, Cho et al. 2015)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, GraphError, NotFoundError, ShapeError
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import Values, constant_node, declare, to_node
from ..ir.types import Array, TensorType, int64
from .array import identity
from .math import cast
from .random import random_uniform

__all__ = ["all_candidate_sampler", "compute_accidental_hits", "fixed_unigram_candidate_sampler", "log_uniform_candidate_sampler",
           "uniform_candidate_sampler"]

_WORD_BITS = 62
_FEW = 1 << 16          # draws at a time, at most


class Candidates(NamedTuple):
    """Class numbers int64[num_sampled]; the expected number of times of the true classes float32[batch, num_true], and of the drawn ones."""

    sampled_candidates: Node
    true_expected_count: Node
    sampled_expected_count: Node


def _probability(of: str, classes: Array, range_max: int, probabilities: Array) -> Array:
    """How probable classes are in one draw."""
    k = classes.astype(np.float64)
    if of == "log_uniform":
        return np.log((k + 2) / (k + 1)) / np.log(range_max + 1.0)
    return probabilities[classes] if of == "fixed_unigram" else np.full(k.shape, 1.0 / range_max)


def _draw(of: str, rng: np.random.Generator, count: int, range_max: int, probabilities: Array) -> Array:
    u = rng.random(count)
    if of == "log_uniform":
        # By the inverse of the distribution function, log(k + 1) / log(range + 1).
        found = np.exp(u * np.log(range_max + 1.0)).astype(np.int64) - 1
    elif of == "fixed_unigram":
        found = np.searchsorted(np.cumsum(probabilities), u * probabilities.sum(), side="right")
    else:
        found = (u * range_max).astype(np.int64)
    return np.clip(found, 0, range_max - 1)


def _expected(p: Array, count: int, tries: int) -> Array:
    """How often something of probability p is among `count` that took so many tries: of those that may come again, or only once."""
    return p * count if tries == count else -np.expm1(tries * np.log1p(-np.minimum(p, 1.0)))


def _types(types: Sequence[TensorType], values: Values, of: str, num_sampled: int, unique: bool, range_max: int) -> tuple[TensorType, ...]:
    if types[0].dtype != np.int64:
        raise DTypeError("true classes are int64")
    return TensorType(np.dtype(np.int64), (num_sampled,)), TensorType(np.dtype(np.float32), types[0].shape), \
        TensorType(np.dtype(np.float32), (num_sampled,))


def _attrs(types: Sequence[TensorType], of: Any, num_sampled: Any, unique: Any, range_max: Any) -> dict[str, Any]:
    for what, number in (("num_sampled", num_sampled), ("range_max", range_max)):
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 1:
            raise GraphError(f"{what} is a number of 1 or more, not {number!r:.40}")
    if unique and num_sampled > range_max:
        raise GraphError(f"{num_sampled} different classes of {range_max} cannot be drawn")
    if of not in ("uniform", "log_uniform", "fixed_unigram"):
        raise GraphError(f"there is no sampler {of!r:.40}")
    return {"of": of, "num_sampled": int(num_sampled), "unique": bool(unique), "range_max": int(range_max)}


@declare("host", _types, prepare=_attrs, results=("sampled", "true_count", "sampled_count"), weak=False, label="CandidateSampler",
         samples=(([np.array([[3], [0]]), np.array([1, 2]), np.zeros(0)], {"of": "log_uniform", "num_sampled": 3, "unique": True, "range_max": 5}),
                  ([np.array([[1]]), np.array([3, 4]), np.array([0.5, 0.25, 0.25])],
                   {"of": "fixed_unigram", "num_sampled": 4, "unique": False, "range_max": 3})))
def sample_candidates(true_classes: Any, words: Any, probabilities: Any, *, of: str, num_sampled: int, unique: bool, range_max: int) -> Any:
    """Classes drawn by a generator that begins with `words`, one by one until there are enough (with `unique`: different ones)."""
    words, known = np.asarray(words), np.asarray(probabilities, np.float64)
    rng = np.random.Generator(np.random.Philox(key=words.astype(np.uint64)))
    tries = num_sampled
    if unique:
        seen: dict[int, None] = {}
        tries = 0
        while len(seen) < num_sampled:
            for k in _draw(of, rng, min(2 * num_sampled, _FEW), range_max, known).tolist():
                tries += 1
                seen.setdefault(k)
                if len(seen) == num_sampled:
                    break
        drawn = np.array([*seen], np.int64)
    else:
        drawn = _draw(of, rng, num_sampled, range_max, known)
    counts = [_expected(_probability(of, c, range_max, known), num_sampled, tries).astype(np.float32) for c in (np.asarray(true_classes), drawn)]
    return drawn, *counts


def _sampler(what: str, of: str, true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None,
             name: str | None, probabilities: Array | None = None) -> Candidates:
    true = to_node(true_classes)
    if true.type.dtype.kind not in "iu":
        raise DTypeError(f"{what}: the classes {describe(true)} are no integers{here()}")
    if true.type.rank not in (None, 2) or (true.type.shape and true.type.shape[1] not in (None, num_true)):
        raise ShapeError(f"{what}: true classes are [batch, {num_true}], not {describe(true)}{here()}")
    if unique and probabilities is not None and np.count_nonzero(probabilities) < num_sampled:
        raise GraphError(f"{what}: only {np.count_nonzero(probabilities)} classes can be drawn, and {num_sampled} different ones are wanted{here()}")
    graph = true.graph
    with graph.as_default(), name_scope(name, what):
        words = random_uniform([2], maxval=1 << _WORD_BITS, dtype=int64, seed=seed)
        table = constant_node(graph, np.zeros(0) if probabilities is None else probabilities)
        found = sample_candidates(cast(true, int64), words, table, of=of, num_sampled=num_sampled, unique=unique, range_max=range_max)
        return Candidates(*found)


def uniform_candidate_sampler(true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None = None,
                              name: str | None = None) -> Candidates:
    """`num_sampled` of the classes below `range_max`, all as probable; with `unique` different ones.

    true_classes: int[batch, num_true] -> int64[num_sampled], float32[batch, num_true], float32[num_sampled]. DTypeError: classes that are no
    integers. ShapeError: no such matrix. GraphError: fewer classes than are wanted.

    >>> found = tf.nn.uniform_candidate_sampler([[3]], 1, 2, True, 2)
    >>> sorted(tf.Session(jit=False).run(found.sampled_candidates).tolist())
    [0, 1]
    """
    return _sampler("uniform_candidate_sampler", "uniform", true_classes, num_true, num_sampled, unique, range_max, seed, name)


def log_uniform_candidate_sampler(true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None = None,
                                  name: str | None = None) -> Candidates:
    """`num_sampled` of the classes below `range_max`, class k with probability log((k + 2) / (k + 1)) / log(range_max + 1), as Zipf's law has words.

    true_classes: int[batch, num_true] -> int64[num_sampled], float32[batch, num_true], float32[num_sampled]. DTypeError: classes that are no
    integers. ShapeError: no such matrix. GraphError: fewer classes than are wanted.

    >>> found = tf.nn.log_uniform_candidate_sampler([[3]], 1, 4, False, 10)
    >>> tf.Session(jit=False).run(found.true_expected_count).round(4)
    array([[0.3722]], dtype=float32)
    """
    return _sampler("log_uniform_candidate_sampler", "log_uniform", true_classes, num_true, num_sampled, unique, range_max, seed, name)


def fixed_unigram_candidate_sampler(true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, vocab_file: str = "",
                                    distortion: float = 1.0, num_reserved_ids: int = 0, num_shards: int = 1, shard: int = 0,
                                    unigrams: Sequence[float] = (), seed: int | None = None, name: str | None = None) -> Candidates:
    """`num_sampled` of the classes below `range_max`, in proportion to their counts to the power of `distortion`.

    The counts are `unigrams`, or the last numbers of the lines of `vocab_file`; the first `num_reserved_ids` classes have none, and are not drawn.
    Of `num_shards` parts only classes of one `shard` are. Types and errors as of `uniform_candidate_sampler` (DTypeError, ShapeError, GraphError);
    NotFoundError: no such file.
    """
    what = "fixed_unigram_candidate_sampler"
    counts = [*unigrams] if len(unigrams) else _counts(vocab_file)
    weights = np.array([0.0] * num_reserved_ids + [float(c) ** distortion for c in counts])
    if len(weights) != range_max or (weights < 0).any() or not weights.sum():
        raise GraphError(f"{what}: {len(counts)} counts and {num_reserved_ids} reserved classes are not {range_max}, or are no counts{here()}")
    weights[np.arange(range_max) % num_shards != shard] = 0
    return _sampler(what, "fixed_unigram", true_classes, num_true, num_sampled, unique, range_max, seed, name, weights / weights.sum())


def _counts(path: str) -> list[float]:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return [float(row[-1]) for row in csv.reader(file) if row]
    except (OSError, ValueError) as e:
        raise NotFoundError(f"fixed_unigram_candidate_sampler: no counts in {path!r:.200}: {e}{here()}") from None


def all_candidate_sampler(true_classes: Any, num_true: int, num_sampled: int, unique: bool, seed: int | None = None,
                          name: str | None = None) -> Candidates:
    """All classes below `num_sampled`, each once.

    true_classes: int[batch, num_true] -> int64[num_sampled], float32[batch, num_true], float32[num_sampled]. DTypeError: classes that are no
    integers.
    """
    true = to_node(true_classes)
    if true.type.dtype.kind not in "iu":
        raise DTypeError(f"all_candidate_sampler: the classes {describe(true)} are no integers{here()}")
    with true.graph.as_default(), name_scope(name, "all_candidate_sampler"):
        ones = cast(true, "float32") * 0.0 + 1.0
        return Candidates(identity(np.arange(num_sampled)), ones, identity(np.ones(num_sampled, np.float32)))


def _hit_types(types: Sequence[TensorType], values: Values) -> tuple[TensorType, ...]:
    return tuple(TensorType(np.dtype(d), (None,)) for d in (np.int32, np.int64, np.float32))


@declare("host", _hit_types, results=("indices", "ids", "weights"), weak=False, label="ComputeAccidentalHits",
         samples=(([np.array([[3, 1]]), np.array([0, 3, 2])], {}),))
def accidental_hits(true_classes: Any, sampled_candidates: Any) -> Any:
    """Which of the drawn classes are true ones: rows, places among the drawn, and the least float32 for each."""
    row, _, place = np.nonzero(np.asarray(true_classes)[..., None] == np.asarray(sampled_candidates))
    return row.astype(np.int32), place.astype(np.int64), np.full(len(row), np.finfo(np.float32).min, np.float32)


def compute_accidental_hits(true_classes: Any, sampled_candidates: Any, num_true: int, seed: int | None = None, name: str | None = None) -> Any:
    """Where drawn classes are true ones of a row: its number (int32), the place among the drawn (int64), the least float32.

    true_classes: int[batch, num_true], sampled_candidates: int[n] -> three vectors. DTypeError: no integers.

    >>> found = tf.nn.compute_accidental_hits([[3], [0]], [0, 3], 1)
    >>> [x.tolist() for x in tf.Session(jit=False).run(list(found))[:2]]
    [[0, 1], [1, 0]]
    """
    true, drawn = to_node(true_classes), to_node(sampled_candidates)
    for x in (true, drawn):
        if x.type.dtype.kind not in "iu":
            raise DTypeError(f"compute_accidental_hits: the classes {describe(x)} are no integers{here()}")
    return accidental_hits(true, drawn, name=name)
