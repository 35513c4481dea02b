"""Segments, order, parts, counts, lookups and factorisations against numpy, scipy and the definition: values, and gradients by differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf

RNG = np.random.default_rng(5)
X = RNG.normal(size=(7, 3))
IDS, SORTED = np.array([2, 0, 2, 4, 0, -1, 2]), np.array([0, 0, 2, 2, 2, 3, 3])
TABLE = RNG.normal(size=(5, 2))
WIDE = RNG.normal(size=(3, 5))
SQUARE = RNG.normal(size=(4, 4))


def parts(x: Any, ids: Any, count: int, reduce: Callable[[Any], Any], empty: Any) -> Any:
    """The definition of a reduction of segments."""
    return np.array([reduce(x[ids == s]) if (ids == s).any() else np.full(x.shape[1:], empty) for s in range(count)])


def total(x: Any) -> Any:
    return x.sum(0)


SEGMENTS = {
    "sum": (total, 0.0, 0.0), "mean": (lambda x: x.mean(0), 0.0, 0.0), "prod": (lambda x: x.prod(0), 1.0, 1.0),
    "max": (lambda x: x.max(0), np.finfo(float).min, 0.0), "min": (lambda x: x.min(0), np.finfo(float).max, 0.0),
}

# What it is, a function of a float64 tensor, the value it is tried on, and the same by numpy; None instead of the last: no value of its own.
ROWS: list[tuple[str, Callable[[Any], Any], Any, Callable[[Any], Any]]] = [
    *((f"unsorted_segment_{how}", lambda x, how=how: getattr(tf, f"unsorted_segment_{how}")(x, IDS, 6), X,
       lambda x, f=f, e=e: parts(x, IDS, 6, f, e)) for how, (f, e, _) in SEGMENTS.items()),
    *((f"segment_{how}", lambda x, how=how: getattr(tf, f"segment_{how}")(x, SORTED), X,
       lambda x, f=f, e=e: parts(x, SORTED, 4, f, e)) for how, (f, _, e) in SEGMENTS.items()),
    ("unsorted_segment_sqrt_n", lambda x: tf.unsorted_segment_sqrt_n(x, IDS, 6), X,
     lambda x: parts(x, IDS, 6, lambda r: r.sum(0) / np.sqrt(len(r)), 0.0)),
    ("sparse_segment_sum", lambda x: tf.sparse_segment_sum(x, [0, 2, 2], [0, 0, 2]), X, lambda x: np.stack([x[0] + x[2], 0 * x[0], x[2]])),
    ("sparse_segment_mean", lambda x: tf.sparse_segment_mean(x, [0, 2, 2], [0, 0, 1]), X, lambda x: np.stack([(x[0] + x[2]) / 2, x[2]])),
    ("sparse_segment_sqrt_n", lambda x: tf.sparse_segment_sqrt_n(x, [0, 2, 2], [0, 0, 1]), X,
     lambda x: np.stack([(x[0] + x[2]) / np.sqrt(2), x[2]])),
    ("sparse_segment_sum, of a number", lambda x: tf.sparse_segment_sum(x, [0, 2], [2, 0], num_segments=4), X,
     lambda x: np.stack([x[2], 0 * x[0], x[0], 0 * x[0]])),
    ("sort", tf.sort, X, lambda x: np.sort(x)), ("sort of columns", lambda x: tf.sort(x, 0, "DESCENDING"), X, lambda x: -np.sort(-x, 0)),
    ("roll", lambda x: tf.roll(x, 2, 0), X, lambda x: np.roll(x, 2, 0)),
    ("roll of two axes", lambda x: tf.roll(x, [-1, 9], [1, 0]), X, lambda x: np.roll(x, [-1, 9], [1, 0])),
    ("reverse_sequence", lambda x: tf.reverse_sequence(x, [3, 0, 1, 2, 3, 3, 1], seq_axis=1), X,
     lambda x: np.stack([np.concatenate([r[:n][::-1], r[n:]]) for r, n in zip(x, [3, 0, 1, 2, 3, 3, 1], strict=True)])),
    ("reverse_sequence along the first axis", lambda x: tf.reverse_sequence(x, [7, 2, 0], seq_dim=0, batch_dim=1), X,
     lambda x: np.stack([np.concatenate([c[:n][::-1], c[n:]]) for c, n in zip(x.T, [7, 2, 0], strict=True)], 1)),
    ("dynamic_partition", lambda x: tf.concat(tf.dynamic_partition(x, [1, 0, 1, 2, 0, 0, 1], 3), 0), X, lambda x: x[[1, 4, 5, 0, 2, 6, 3]]),
    ("dynamic_stitch", lambda x: tf.dynamic_stitch([[4, 0], [1, 1, 2]], [x[:2], x[2:5]]), X,
     lambda x: np.stack([x[1], x[3], x[4], 0 * x[0], x[0]])),
    ("parallel_stack", lambda x: tf.parallel_stack([x, x * 2]), X, lambda x: np.stack([x, 2 * x])),
    ("bincount, weighted", lambda x: tf.bincount([1, 1, 3], weights=x[:3, 0]), X, lambda x: np.bincount([1, 1, 3], x[:3, 0])),
    ("embedding_lookup, in turn", lambda x: tf.nn.embedding_lookup([x[:4], x[4:]], [0, 1, 5, 6]), X, lambda x: x[[0, 4, 6, 3]]),
    ("embedding_lookup, in runs", lambda x: tf.nn.embedding_lookup([x[:4], x[4:]], [0, 3, 4, 6], "div"), X, lambda x: x[[0, 3, 4, 6]]),
    ("embedding_lookup, bounded", lambda x: tf.nn.embedding_lookup(x, [0, 2], max_norm=0.5), X,
     lambda x: x[[0, 2]] * np.minimum(1, 0.5 / np.linalg.norm(x[[0, 2]], axis=1, keepdims=True))),
    ("svd values", lambda x: tf.svd(x, compute_uv=False), WIDE, lambda x: np.linalg.svd(x, compute_uv=False)),
    ("svd", lambda x: (lambda s, u, v: tf.matmul(u * s, v, transpose_b=True))(*tf.svd(x)), X, lambda x: x),
    ("qr", lambda x: tf.abs(tf.qr(x).r), X, lambda x: np.abs(np.linalg.qr(x)[1])),
    ("qr of a wide matrix", lambda x: tf.abs(tf.qr(x).r), WIDE, lambda x: np.abs(np.linalg.qr(x)[1])),
    ("slogdet", lambda x: tf.linalg.slogdet(x).log_abs_determinant, SQUARE, lambda x: np.linalg.slogdet(x)[1]),
    ("logdet", lambda x: tf.linalg.logdet(tf.matmul(x, x, transpose_b=True)), SQUARE, lambda x: np.linalg.slogdet(x @ x.T)[1]),
    *((f"least squares, {what}", lambda x, fast=fast: tf.matrix_solve_ls(x, np.ones((x.shape[0].value, 2)), fast=fast), a,
       lambda x: np.linalg.lstsq(x, np.ones((len(x), 2)), rcond=None)[0])
      for what, a, fast in (("tall", X, True), ("wide", WIDE, True), ("tall, by QR", X, False), ("wide, by QR", WIDE, False))),
    ("ridge", lambda x: tf.linalg.lstsq(x, np.ones((7, 1)), 0.3), X,
     lambda x: np.linalg.solve(x.T @ x + 0.3 * np.eye(3), x.T @ np.ones((7, 1)))),
    *((f"einsum {eq}", lambda x, eq=eq, n=n: tf.einsum(eq, *[x, x * 2.0 + 1.0, x - 0.5][:n]), a,
       lambda x, eq=eq, n=n: np.einsum(eq, *[x, x * 2.0 + 1.0, x - 0.5][:n]))
      for eq, n, a in (("ii->i", 1, SQUARE), ("ii", 1, SQUARE), ("ij,jk,kl->il", 3, SQUARE), ("ij,ij,ij->j", 3, SQUARE), ("...j->...", 1, SQUARE),
                       ("...ij,...jk->...ik", 2, np.stack([SQUARE, SQUARE.T])), ("ii,ij->j", 2, SQUARE), ("ij,kl->jl", 2, SQUARE),
                       ("i...,i...->...", 2, X), ("bij,bjk->ik", 2, np.stack([SQUARE, SQUARE.T])), ("ij,ji->", 2, SQUARE),
                       ("a,b,c->cab", 3, X[:, 0]))),
]


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("name, function, at, wanted", ROWS, ids=[row[0] for row in ROWS])
def test_value_and_gradient(name, function, at, wanted, jit):
    x = tf.placeholder(tf.float64, at.shape)
    y = function(x)
    weights = np.cos(np.arange(np.size(wanted(at)))).reshape(np.shape(wanted(at)))
    (grad,) = tf.gradients(y, x, [tf.constant(weights)])
    found, slope = tf.Session(jit=jit).run([y, grad], {x: at})
    np.testing.assert_allclose(found, wanted(at), rtol=1e-10, atol=1e-12)
    h, flat = 1e-6, np.zeros(at.size)
    for i in range(at.size):
        step = np.zeros(at.size)
        step[i] = h
        step = step.reshape(at.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            change = np.nan_to_num(wanted(at + step) - wanted(at - step), nan=0.0)
            flat[i] = np.sum(weights * change) / (2 * h)
    np.testing.assert_allclose(slope.ravel(), flat, rtol=1e-5, atol=1e-6)


# The rows whose functions, or their gradients, take no tensor of unknown rank, and what they say. What takes one gives the same.
NEED_RANKS = {
    "embedding_lookup, in turn": "of several tables the sizes are known", "embedding_lookup, in runs": "of several tables the sizes are known",
    "qr": "its rank must be known", "qr of a wide matrix": "its rank must be known", "ridge": "which side of a matrix is longer must be known",
}
RANKLESS = [row[:3] for row in ROWS if not row[0].startswith("least squares")]      # whose rows ask a shape themselves


@pytest.mark.parametrize("name, function, at", RANKLESS, ids=[row[0] for row in RANKLESS])
def test_of_unknown_rank(name, function, at):
    def run(shape):
        x = tf.placeholder(tf.float64, shape)
        return tf.Session(jit=False).run([function(x), *tf.gradients(function(x), x)], {x: at})
    if name in NEED_RANKS:
        with pytest.raises((tf.errors.ShapeError, tf.errors.ArgumentError), match=NEED_RANKS[name]):
            run(None)
        return
    for found, wanted in zip(run(None), run(at.shape), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


# Functions of ids, and of a table; what they give for ids 3, 0 and 4 of five rows.
LOOKUPS: list[tuple[str, Callable[[Any, Any], Any], Any]] = [
    ("one table", lambda ids, x: tf.nn.embedding_lookup(x, ids), TABLE[[3, 0, 4]]),
    ("one, bounded", lambda ids, x: tf.nn.embedding_lookup(x, ids, max_norm=0.5),
     TABLE[[3, 0, 4]] * np.minimum(1, 0.5 / np.linalg.norm(TABLE[[3, 0, 4]], axis=1, keepdims=True))),
    ("several, in turn", lambda ids, x: tf.nn.embedding_lookup([TABLE[::2], TABLE[1::2]], ids), TABLE[[3, 0, 4]]),
    ("several, in runs", lambda ids, x: tf.nn.embedding_lookup([TABLE[:3], TABLE[3:]], ids, "div"), TABLE[[3, 0, 4]]),
    ("several, bounded", lambda ids, x: tf.nn.embedding_lookup([TABLE[:3] * 9, TABLE[3:] * 9], ids, "div", max_norm=0.25),
     TABLE[[3, 0, 4]] * 0.25 / np.linalg.norm(TABLE[[3, 0, 4]], axis=1, keepdims=True)),
    ("weighted", lambda ids, x: tf.nn.embedding_lookup_sparse(
        x, tf.SparseTensor([[0, 0], [1, 0], [1, 1]], ids, [2, 2]), tf.SparseTensor([[0, 0], [1, 0], [1, 1]], [1.0, 2.0, 6.0], [2, 2])),
     np.stack([TABLE[3], TABLE[0] * 0.25 + TABLE[4] * 0.75])),
    ("over a root", lambda ids, x: tf.nn.embedding_lookup_sparse(x, tf.SparseTensor([[0, 0], [1, 0], [1, 1]], ids, [2, 2]), None, combiner="sqrtn"),
     np.stack([TABLE[3], (TABLE[0] + TABLE[4]) / np.sqrt(2)])),
]


@pytest.mark.parametrize("shapes", [((3,), (5, 2)), ((None,), (None, 2)), (None, None)], ids=["known", "open", "none"])
@pytest.mark.parametrize("name, function, wanted", LOOKUPS, ids=[row[0] for row in LOOKUPS])
def test_lookups(name, function, wanted, shapes, session):
    ids, table = (tf.placeholder(dtype, shape) for dtype, shape in zip((tf.int64, tf.float64), shapes, strict=True))
    np.testing.assert_allclose(session.run(function(ids, table), {ids: [3, 0, 4], table: TABLE}), wanted, rtol=1e-12)


# Results that are no function to differentiate: the call, and the value.
VALUES: list[tuple[str, Callable[[], Any], Any]] = [
    ("argsort", lambda: tf.argsort([3, 1, 2, 1]), [1, 3, 2, 0]),
    ("argsort, descending", lambda: tf.argsort([3, 1, 3, 2], direction="DESCENDING"), [0, 2, 3, 1]),
    ("argsort of columns", lambda: tf.argsort(X, axis=0), np.argsort(X, 0)),
    ("searchsorted", lambda: tf.searchsorted([1.0, 2.0, 2.0, 5.0], [2.0, 0.0, 9.0, 5.0]), [1, 0, 4, 3]),
    ("searchsorted, nan", lambda: tf.searchsorted([1.0, 2.0], [np.nan, 1.5]), [0, 1]),        # TensorFlow's
    ("searchsorted, nan, right", lambda: tf.searchsorted([1.0, 2.0], [np.nan, 1.5], side="right"), [2, 1]),
    ("searchsorted, right", lambda: tf.searchsorted([[1, 2, 2], [4, 5, 6]], [[2, 1], [3, 7]], side="right"), [[3, 1], [0, 3]]),
    ("bincount", lambda: tf.bincount([1, 1, 3, 0]), [1, 2, 0, 1]),
    ("bincount of none", lambda: tf.bincount(np.zeros(0, np.int32)), np.zeros(0)),
    ("bincount, longer", lambda: tf.bincount([1], minlength=4), [0, 1, 0, 0]),
    ("bincount, shorter", lambda: tf.bincount([1, 5, 0], maxlength=2), [1, 1]),
    ("histogram", lambda: tf.histogram_fixed_width([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0], 5), [2, 1, 1, 0, 2]),
    ("unique_with_counts", lambda: tf.unique_with_counts([1, 1, 2, 4, 4, 4, 7, 8, 8]),
     ([1, 2, 4, 7, 8], [0, 0, 1, 2, 2, 2, 3, 4, 4], [2, 1, 3, 1, 2])),
    ("setdiff1d", lambda: tf.setdiff1d([1, 2, 3, 4, 5, 6], [1, 3, 5]), ([2, 4, 6], [1, 3, 5])),
    ("dynamic_partition of numbers", lambda: tf.dynamic_partition([10, 20, 30, 40, 50], [0, 0, 1, 1, 0], 2), ([10, 20, 50], [30, 40])),
    ("roll by a tensor", lambda: tf.roll([1, 2, 3, 4], tf.constant(-1), 0), [2, 3, 4, 1]),
    ("roll of none", lambda: tf.roll(np.zeros(0), 3, 0), np.zeros(0)),
    ("eigenvalues", lambda: tf.linalg.eigvalsh(SQUARE + SQUARE.T), np.linalg.eigvalsh(SQUARE + SQUARE.T)),
    ("svd of all", lambda: [tf.abs(x) for x in tf.svd(WIDE, full_matrices=True)],
     (lambda u, s, vt: (s, abs(u), abs(vt.T)))(*np.linalg.svd(WIDE))),
]


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("name, call, wanted", VALUES, ids=[row[0] for row in VALUES])
def test_value(name, call, wanted, jit):
    found = tf.Session(jit=jit).run(call())
    many = wanted if isinstance(wanted, tuple) else (wanted,)
    for f, w in zip(found if isinstance(wanted, tuple) else [found], many, strict=True):
        np.testing.assert_allclose(f, w, atol=1e-12)


IDS_OF_ROWS = tf.SparseTensorValue(np.array([[0, 0], [0, 2], [1, 0], [3, 1]]), np.array([1, 3, 0, 3]), np.array([4, 3]))
WEIGHTS = IDS_OF_ROWS._replace(values=np.array([0.5, 2.0, -1.0, 3.0]))


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("how", ["sum", "mean", "sqrtn"])
def test_embedding_lookup_sparse(how, weighted, jit):
    """Against the definition in TensorFlow's documentation, row by row."""
    table = tf.Variable(TABLE)
    y = tf.nn.embedding_lookup_sparse(table, IDS_OF_ROWS, WEIGHTS if weighted else None, combiner=how)
    w = WEIGHTS.values if weighted else np.ones(4)
    wanted = np.zeros((4, 2))
    for row in (0, 1, 3):
        mine = IDS_OF_ROWS.indices[:, 0] == row
        below = {"sum": 1.0, "mean": w[mine].sum(), "sqrtn": np.sqrt(np.square(w[mine]).sum())}[how]
        wanted[row] = (w[mine, None] * TABLE[IDS_OF_ROWS.values[mine]]).sum(0) / below
    found = tf.Session(jit=jit).run(y)
    np.testing.assert_allclose(found[[0, 1, 3]], wanted[[0, 1, 3]], rtol=1e-12)


@pytest.mark.parametrize("call, moments", [
    (lambda: tf.random_gamma([40000], 0.5), (0.5, 0.5)), (lambda: tf.random_gamma([40000], 3.0, 2.0), (1.5, 0.75)),
    (lambda: tf.random_poisson(0.7, [40000]), (0.7, 0.7)), (lambda: tf.random_poisson(30.0, [40000], tf.int32), (30.0, 30.0)),
], ids=["gamma 0.5", "gamma 3, scaled", "poisson 0.7", "poisson 30"])
def test_moments_of_draws(call, moments):
    """Mean and variance to five standard errors; other numbers in every run, the same of the same seed."""
    tf.set_random_seed(1)
    y = call()
    session = tf.Session()
    first, second = session.run(y), session.run(y)
    assert (first != second).any()
    mean, variance = moments
    assert abs(first.mean() - mean) < 5 * np.sqrt(variance / 40000)
    assert abs(first.var() / variance - 1) < 0.1
    np.testing.assert_array_equal(tf.Session().run(y), first)


def test_shapes_of_draws():
    for y in (tf.random_gamma([5, 2], [0.5, 1.0, 2.0], [[1.0], [2.0]]), tf.random_poisson([[1.0, 2.0, 3.0]] * 2, [5, 2])):
        assert tf.Session().run(y).shape == (5, 2, 2, 3)


# What does not fit: the call, the error, and what it says; then runs that fail.
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: tf.sort(3.0), tf.errors.ShapeError, "scalar"), (lambda: tf.sort([1], direction="UP"), tf.errors.ArgumentError, "ASCENDING"),
    (lambda: tf.searchsorted([1.0], [1]), tf.errors.DTypeError, "looked up"), (lambda: tf.roll([1], 1, 1), tf.errors.ShapeError, "axis"),
    (lambda: tf.dynamic_partition([1, 2], [0], 2), tf.errors.ShapeError, "does not begin with"),
    (lambda: tf.qr(1.0), tf.errors.ShapeError, "matrix"),
    (lambda: tf.bincount([0.5]), tf.errors.DTypeError, "whole"), (lambda: tf.einsum("ij,jk->il", X, X), tf.errors.ShapeError, "letters"),
    (lambda: tf.einsum("ii", X), tf.errors.ShapeError, "stands for 7 and 3"), (lambda: tf.svd([1, 2]), tf.errors.DTypeError, "floating"),
    (lambda: tf.segment_sum([1.0, 2.0], [[0], [1]]), tf.errors.ShapeError, "vector"),
    (lambda: tf.unsorted_segment_mean([1, 2], [0, 1], 2), tf.errors.DTypeError, "floating"),
]


@pytest.mark.parametrize("call, error, says", REFUSED)
def test_refused(call, error, says):
    with pytest.raises(error, match=says) as caught:
        call()
    assert "test_order_parts.py" in str(caught.value)


FAILING: list[tuple[Callable[[Any], Any], Any, str]] = [
    (lambda i: tf.segment_sum(X[:2], i), [1, 0], "sorted"), (lambda i: tf.segment_max(X[:2], i), [-1, 0], "below 0"),
    (lambda i: tf.unsorted_segment_max(X[:2], i, 3), [0, 3], "3 is not in"), (lambda i: tf.unsorted_segment_sum(X[:2], i, 3), [0, 3], "3 is not in"),
    (lambda i: tf.bincount(i), [0, -2], "below 0"), (lambda i: tf.concat(tf.dynamic_partition(X[:2], i, 2), 0), [0, 2], "none of the 2"),
    (lambda i: tf.reverse_sequence(X[:2], i, 1), [1, 4], "is not in"),
]


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("function, ids, says", FAILING)
def test_run_fails(function, ids, says, jit):
    x = tf.placeholder(tf.int32, [2])
    with pytest.raises(tf.errors.InvalidArgumentError, match=says):
        tf.Session(jit=jit).run(function(x), {x: ids})
