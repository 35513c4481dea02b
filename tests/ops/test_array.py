"""Array, reduction and linear algebra functions against numpy: of known and unknown shapes, compiled and not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf

RNG = np.random.default_rng(5)
X = RNG.normal(size=(4, 5, 6))
M = RNG.normal(size=(2, 3, 4))
V = np.arange(6.0)
TWO, LAST = np.array(2, np.int32), np.array(-1, np.int64)
IDS = np.array([[0, 2], [5, 1]])
HOT = (IDS[..., None] == np.arange(3)).astype(np.float32)
MASK = np.array([True, False, True, True])


def _mirror(mode: str) -> Any:
    return lambda x: tf.pad(x, [[1, 2], [0, 0], [3, 1]], mode)


# name, function of tensors, operands, what numpy makes of them
ROWS: list[tuple[str, Any, list[Any], Any]] = [
    ("integers and slices",
     lambda x: [x[0], x[-1, ..., 2], x[:, None, 1:4:2], x[::-1, 1], x[..., -2:], x[5:], x[3:1]], [X],
     [X[0], X[-1, ..., 2], X[:, None, 1:4:2], X[::-1, 1], X[..., -2:], X[5:], X[3:1]]),
    ("integers that are tensors", lambda x, i, j: [x[i], x[i, j], x[:, j], x[1, i, ::2], x[..., i, None]],
     [X, TWO, LAST],
     [X[2], X[2, -1], X[:, -1], X[1, 2, ::2], X[..., 2, None]]),
    ("bounds that are tensors", lambda x, i, j: [x[:i], x[1, i:, :j], x[0, ..., i:j], x[i:100:2]], [X, TWO, LAST],
     [X[:2], X[1, 2:, :-1], X[0, ..., 2:-1], X[2:100:2]]),
    ("lists of integers", lambda x: [x[[0, 2]], x[:, np.array([[1, -1]])]], [X], [X[[0, 2]], X[:, [[1, -1]]]]),
    ("masks", lambda x: [x[MASK], tf.boolean_mask(x, MASK), tf.boolean_mask(x, X > 0), x[:, MASK[:1].repeat(5)]], [X],
     [X[MASK], X[MASK], X[X > 0], X]),
    ("strided_slice", lambda x: [tf.strided_slice(x, [0, 1], [2, 4], [1, 2]),
                                 tf.strided_slice(x, [1, 0], [2, 9], shrink_axis_mask=1)], [X],
     [X[0:2, 1:4:2], X[1, 0:9]]),
    ("slice", lambda x: [tf.slice(x, [1, 0, 2], [2, -1, 3]), tf.slice(x, tf.shape(x) - 1, [1, 1, 1])], [X],
     [X[1:3, :, 2:5], X[-1:, -1:, -1:]]),
    ("range", lambda n: [tf.range(n), tf.range(1, n * 5, 3), tf.range(n, 0, -1), tf.range(3, 3)], [TWO],
     [np.arange(2, dtype="i"), np.arange(1, 10, 3, "i"), np.arange(2, 0, -1, "i"), np.zeros(0, "i")]),
    ("range of floats", lambda x: [tf.range(0.0, 1.0, 0.25), tf.range(tf.shape(x)[0]),
                                   tf.reshape(tf.range(6), [2, 3])[::-1]], [V],
     [np.arange(0, 1, 0.25, np.float32), np.arange(6, dtype="i"), np.arange(6, dtype="i").reshape(2, 3)[::-1]]),
    ("ranges that are found in memory", lambda x: [tf.range(5000), tf.reverse(tf.range(5000), [0]), tf.gather(tf.range(5000), [4999]),
                                                   tf.concat([tf.range(5000), tf.range(5000)], 0), tf.cumsum(tf.range(5000)),
                                                   tf.expand_dims(tf.range(5000), 1) + x], [TWO],
     [np.arange(5000, dtype="i"), np.arange(5000, dtype="i")[::-1], np.array([4999], "i"), np.tile(np.arange(5000, dtype="i"), 2),
      np.cumsum(np.arange(5000, dtype="i"), dtype="i"), np.arange(2, 5002, dtype="i")[:, None]]),
    ("repeat", lambda x, n: [tf.repeat(x, 2), tf.repeat(x, [1, 0, 2, 1], axis=0), tf.repeat(x, n, axis=1)], [X, TWO],
     [np.repeat(X, 2), np.repeat(X, [1, 0, 2, 1], axis=0), np.repeat(X, 2, axis=1)]),
    ("unravel_index", lambda x: [tf.unravel_index([5, 119], tf.shape(x)), tf.unravel_index(tf.size(x) - 1, [4, 5, 6])], [X],
     [np.array(np.unravel_index([5, 119], X.shape), "i"), np.array([3, 4, 5], "i")]),
    ("several at once", lambda x, v: [*tf.shape_n([x, v]), *tf.identity_n([v, x])], [X, V],
     [np.array([4, 5, 6], "i"), np.array([6], "i"), V, X]),
    ("moments by weights", lambda x: [*tf.nn.weighted_moments(x, [0], tf.abs(x)), *tf.nn.weighted_moments(x, [0, 2], 2.0, keep_dims=True)], [X],
     [np.average(X, 0, np.abs(X)), np.average((X - np.average(X, 0, np.abs(X))) ** 2, 0, np.abs(X)), X.mean((0, 2), keepdims=True),
      X.var((0, 2), keepdims=True)]),
    ("sums for moments", lambda x: [*tf.nn.sufficient_statistics(x, [0, -1])[:3], *tf.nn.sufficient_statistics(x, [1], 2.0, keepdims=True)], [X],
     [np.array(24.0), X.sum((0, 2)), (X**2).sum((0, 2)), np.array(5.0), (X - 2).sum(1, keepdims=True), ((X - 2)**2).sum(1, keepdims=True),
      np.array(2.0)]),
    ("sums for moments of all", lambda x: tf.nn.sufficient_statistics(x, None)[:3], [X], [np.array(120.0), X.sum(), (X**2).sum()]),
    ("moments of sums", lambda x: [*tf.nn.normalize_moments(*tf.nn.sufficient_statistics(x, [0, 1])),
                                   *tf.nn.normalize_moments(*tf.nn.sufficient_statistics(x, [2], shift=0.5))], [X],
     [X.mean((0, 1)), X.var((0, 1)), X.mean(2), X.var(2)]),
    ("the largest, so many as a tensor says", lambda x: [*tf.nn.top_k(x, tf.constant(2)), tf.nn.top_k(x, np.int64(1)).values], [V],
     [np.array([5.0, 4.0]), np.array([5, 4], "i"), np.array([5.0])]),
    ("the largest, so many as a run says", lambda x: [*tf.nn.top_k(x, tf.to_int32(tf.reduce_max(x)) - 3)], [V],
     [np.array([5.0, 4.0]), np.array([5, 4], "i")]),
    ("norms on average", lambda x: [tf.clip_by_average_norm(x, 1e-3), tf.clip_by_average_norm(x, 1e3)], [X],
     [X * 1e-3 * X.size / np.linalg.norm(X), X]),
    ("counts expected by their logarithm", lambda x: [tf.nn.log_poisson_loss(x * x, x), tf.nn.log_poisson_loss(x * x + 2, x, True)], [X],
     [np.exp(X) - X**3, np.exp(X) - (X**2 + 2) * X + (X**2 + 2) * np.log(X**2 + 2) - X**2 - 2 + np.log(2 * np.pi * (X**2 + 2)) / 2]),
    ("linspace", lambda x: [tf.linspace(0.0, 1.0, 5), tf.linspace(2.0, 3.0, 1), tf.linspace(x[0], x[1], 7)], [V],
     [np.linspace(0, 1, 5, dtype="f"), np.array([2.0], "f"), np.linspace(0, 1, 7)]),
    ("one_hot", lambda i: [tf.one_hot(i, 3), tf.one_hot(i, depth=3, on_value=5.0, off_value=-1.0),
                           tf.one_hot(i, 3, dtype=tf.int32)], [IDS],
     [HOT, HOT * 6 - 1, HOT.astype("i")]),
    ("one_hot elsewhere", lambda i: [tf.one_hot(i, 3, axis=0), tf.one_hot(i, 3, axis=1)], [IDS],
     [np.moveaxis(HOT, -1, 0), np.moveaxis(HOT, -1, 1)]),
    ("eye", lambda x: [tf.eye(3), tf.eye(2, 4), tf.eye(2, batch_shape=[3]), tf.eye(tf.shape(x)[0])], [V],
     [np.eye(3, dtype="f"), np.eye(2, 4, dtype="f"), np.eye(2, dtype="f") * np.ones((3, 1, 1), "f"),
      np.eye(6, dtype="f")]),
    ("diag", lambda x: [tf.diag(x), tf.matrix_diag(x), tf.diag_part(tf.diag(x))], [V], [np.diag(V), np.diag(V), V]),
    ("diag of a matrix", lambda x: [tf.diag_part(tf.diag(x))], [M[0]], [M[0]]),
    ("bands", lambda m: [tf.matrix_set_diag(m, np.ones((2, 3))), tf.matrix_band_part(m, 1, 0),
                         tf.matrix_band_part(m, 0, -1), tf.matrix_diag_part(m)], [M],
     [np.where(np.eye(3, 4) > 0, 1.0, M), np.tril(np.triu(M, -1)), np.triu(M), np.diagonal(M, axis1=1, axis2=2)]),
    ("pad REFLECT", _mirror("REFLECT"), [X], np.pad(X, [[1, 2], [0, 0], [3, 1]], mode="reflect")),
    ("pad SYMMETRIC", _mirror("SYMMETRIC"), [X], np.pad(X, [[1, 2], [0, 0], [3, 1]], mode="symmetric")),
    ("pad CONSTANT", _mirror("CONSTANT"), [X], np.pad(X, [[1, 2], [0, 0], [3, 1]])),
    ("tile", lambda x: [tf.tile(x, [2, 1, 3]), tf.tile(x, tf.stack([1, tf.shape(x)[0], 1]))], [X],
     [np.tile(X, (2, 1, 3)), np.tile(X, (1, 4, 1))]),
    ("meshgrid", lambda x: tf.meshgrid(x, x[:3]), [V], np.meshgrid(V, V[:3])),
    ("meshgrid ij", lambda x: tf.meshgrid(x, x[:3], x[:2], indexing="ij"), [V],
     np.meshgrid(V, V[:3], V[:2], indexing="ij")),
    ("sequence_mask", lambda n: [tf.sequence_mask(n), tf.sequence_mask(n, 4, tf.float32)], [np.array([1, 3])],
     [np.arange(3) < [[1], [3]], (np.arange(4) < [[1], [3]]).astype("f")]),
    ("segments", lambda x: [tf.unsorted_segment_sum(x, [0, 2, 0, 2], 3), tf.segment_sum(x, [0, 0, 1, 1])], [X],
     [np.stack([X[0] + X[2], 0 * X[0], X[1] + X[3]]), np.stack([X[0] + X[1], X[2] + X[3]])]),
    ("unique", lambda x: tf.unique(x), [np.array([3, 1, 3, 2])], [np.array([3, 1, 2]), np.array([0, 1, 0, 2], "i")]),
    ("split", lambda x: tf.split(x, 2, 2) + tf.split(x, [1, 3], 0), [X], [*np.split(X, 2, 2), X[:1], X[1:]]),
    ("split at tensors", lambda x, n: tf.split(x, tf.stack([n, 4 - n]), 0, num=2), [X, np.array(1, "i")],
     [X[:1], X[1:]]),
    ("unstack", lambda x: tf.unstack(x, 4), [X], list(X)),
    ("a list of lists of tensors as operand", lambda v: tf.negative([[v[0], 2.0], [3.0, v[1]]]), [V], -np.array([[V[0], 2], [3, V[1]]], V.dtype)),
    ("reshape", lambda x: [tf.reshape(x, [-1, tf.shape(x)[-1]]), tf.reshape(x, [4, -1]),
                           tf.reshape(x, tf.shape(x)[::-1])], [X],
     [X.reshape(-1, 6), X.reshape(4, -1), X.reshape(6, 5, 4)]),
    ("sizes", lambda x: [tf.size(x), tf.rank(x), tf.shape(x)], [X],
     [np.int32(120), np.int32(3), np.array([4, 5, 6], "i")]),
    ("one value", lambda x: [tf.zeros([2, tf.shape(x)[0]]), tf.ones_like(x), tf.fill([2, 3], 7),
                             tf.zeros(3, tf.int32), tf.ones(tf.shape(x))], [V],
     [np.zeros((2, 6), "f"), np.ones(6), np.full((2, 3), 7, "i"), np.zeros(3, "i"), np.ones(6, "f")]),
    ("old words", lambda x: [tf.concat(0, [x, x]), tf.squeeze(tf.expand_dims(x, dim=0), squeeze_dims=[0]),
                             tf.argmax(x, dimension=0), tf.reduce_sum(x, reduction_indices=0, keep_dims=True),
                             tf.unpack(tf.pack([x[0], x[1]]))[1]], [V],
     [np.r_[V, V], V, np.int64(5), np.array([15.0]), V[1]]),
    ("means", lambda x: [tf.reduce_mean(x), tf.reduce_mean(x, 1), tf.reduce_mean(x, [0, -1], keep_dims=True),
                         tf.reduce_mean(x, reduction_indices=[1]), tf.reduce_mean(x > 0)], [X],
     [X.mean(), X.mean(1), X.mean((0, 2), keepdims=True), X.mean(1), (X > 0).mean()]),
    ("means of integers", lambda x: [tf.reduce_mean(tf.cast(x * 100, tf.int32)), tf.reduce_mean(tf.cast(x * 100, tf.int64), 1)], [X],
     [np.int32(np.trunc((X * 100).astype("i").mean())), np.trunc((X * 100).astype("l").mean(1)).astype("l")]),
    ("spread", lambda x: [tf.reduce_variance(x, 0), tf.reduce_std(x), tf.count_nonzero(x)], [X],
     [X.var(0), X.std(), np.int64(120)]),
    ("logsumexp", lambda x: [tf.reduce_logsumexp(x, -1), tf.reduce_logsumexp(x),
                             tf.reduce_logsumexp(x * 1e4, 0, True)], [X],
     [np.log(np.exp(X).sum(-1)), np.log(np.exp(X).sum()), X.max(0, keepdims=True) * 1e4]),
    ("logsumexp of -inf", lambda x: tf.reduce_logsumexp(x), [np.array([-np.inf, -np.inf])], -np.inf),
    ("logsumexp of inf", lambda x: tf.reduce_logsumexp(x), [np.array([1e4, np.inf])], np.inf),
    ("mean of nothing", lambda x: tf.reduce_mean(x, 0), [np.zeros((0, 2))], np.full(2, np.nan)),
    ("tensordot 1", lambda a, b: tf.tensordot(a, b, 1), [M, M[0].T], np.tensordot(M, M[0].T, 1)),
    ("tensordot 2", lambda a, b: tf.tensordot(a, b, 2), [M, M[0].reshape(3, 4, 1)],
     np.tensordot(M, M[0].reshape(3, 4, 1), 2)),
    ("tensordot pairs", lambda a, b: tf.tensordot(a, b, [[2, 0], [1, 2]]), [M, X[:3, :4, :2]],
     np.tensordot(M, X[:3, :4, :2], [[2, 0], [1, 2]])),
    ("tensordot flags", lambda a, b: [tf.tensordot(a, b, [[0], [0]]), tf.tensordot(a, b, [[1], [1]])], [M[0], M[0]],
     [M[0].T @ M[0], M[0] @ M[0].T]),
    ("outer", lambda a: tf.tensordot(a, a, 0), [V], np.outer(V, V)),
    *[(f"einsum {e}", lambda *t, e=e: tf.einsum(e, *t), a, np.einsum(e, *a)) for e, a in (
        ("ij,jk->ik", [M[0], M[0].T]), ("bij,bkj->bik", [M, M]), ("ij->ji", [M[0]]), ("ijk->k", [M]),
        ("i,i->", [V, V]), ("i,j->ij", [V, V]), ("abc,cd->abd", [M, M[0].T]),
        ("ab,acd->dbc", [M[0], M.transpose(1, 0, 2)]), ("ij,jk", [M[0], M[0].T]))],
    ("cross", lambda a, b: tf.cross(a, b), [M[0].T, M[1].T], np.cross(M[0].T, M[1].T)),
    ("norms",
     lambda a: [tf.norm(a), tf.norm(a, axis=1), tf.norm(a, 1, axis=0), tf.norm(a, np.inf), tf.norm(a, 3)], [M[0]],
     [np.linalg.norm(M[0]), np.linalg.norm(M[0], axis=1), np.abs(M[0]).sum(0), np.abs(M[0]).max(),
      (np.abs(M[0]) ** 3).sum() ** (1 / 3)]),
    ("trace", lambda a: tf.trace(a), [M], np.trace(M, axis1=1, axis2=2)),
    ("solve",
     lambda a: tf.cholesky_solve(tf.cholesky(tf.matmul(a, a, transpose_b=True)), tf.eye(3, dtype=tf.float64)), [M[0]],
     np.linalg.inv(M[0] @ M[0].T)),
]


def _flat(values: Any) -> list[Any]:
    return list(values) if isinstance(values, (list, tuple)) else [values]


# What is known of an operand's shape: all, its rank, nothing.
SHAPES: list[Callable[[Any], Any]] = [lambda x: x.shape, lambda x: [None] * x.ndim, lambda x: None]
# The rows that take no operands of unknown rank, and what they say.
NEED_RANKS = {
    "integers that are tensors": "its rank must be known to index behind an ellipsis", "bounds that are tensors": "its rank must be known to cut it",
    "repeat": "is neither a number nor a vector", "sums for moments": "the rank of .* must be known",
    "sums for moments of all": "the rank of .* must be known", "moments of sums": "the rank of .* must be known",
    "old words": "how many parts there are must be known",
}


@pytest.mark.parametrize("name", NEED_RANKS)
def test_ranks_are_needed(name: str) -> None:
    (f, operands), = [row[1:3] for row in ROWS if row[0] == name]
    with pytest.raises(tf.errors.ShapeError, match=NEED_RANKS[name]):
        f(*(tf.placeholder(x.dtype) for x in operands))


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("name, f, operands, wanted", ROWS, ids=[r[0] for r in ROWS])
def test_values(name: str, f: Any, operands: list[Any], wanted: Any, jit: bool) -> None:
    for shape in SHAPES if name not in NEED_RANKS else SHAPES[:-1]:
        with tf.Graph().as_default(), tf.Session(jit=jit) as sess:
            places = [tf.placeholder(x.dtype, shape(x)) for x in operands]
            found = sess.run(_flat(f(*places)), dict(zip(places, operands, strict=True)))
        for value, right in zip(found, _flat(wanted), strict=True):
            right = np.asarray(right)
            assert value.dtype == right.dtype and value.shape == right.shape
            np.testing.assert_allclose(value, right, rtol=1e-6 if right.dtype == np.float32 else 1e-12, atol=1e-12)


# What is known of a result's type while the graph is built, x being float32[?,784].
TYPES = [
    (lambda x: tf.reshape(x, [-1, 28, 28, 1]), [None, 28, 28, 1]),
    (lambda x: tf.reshape(x, [tf.shape(x)[0], 28, 28]), [None, 28, 28]),
    (lambda x: tf.reshape(x, tf.stack([tf.shape(x)[0], -1])), [None, None]),
    (lambda x: tf.tile(x, [2, 1]), [None, 784]),
    (lambda x: x[:, :10], [None, 10]),
    (lambda x: x[0], [784]),
    (lambda x: x[:tf.shape(x)[0] // 2, None], [None, 1, 784]),
    (lambda x: tf.argmax(x, 1), [None]),
    (lambda x: tf.zeros([tf.shape(x)[0], 10]), [None, 10]),
    (lambda x: tf.matmul(x, tf.zeros([784, 10])), [None, 10]),
    (lambda x: tf.tensordot(x, tf.zeros([784, 3, 2]), 1), [None, 3, 2]),
    (lambda x: tf.transpose(x), [784, None]),
    (lambda x: tf.concat([x, x], 1), [None, 1568]),
    (lambda x: tf.concat([x, tf.zeros([3, 784])], 0), [None, 784]),
    (lambda x: tf.stack([x, x], 1), [None, 2, 784]),
    (lambda x: tf.pad(x, [[0, 0], [1, 1]]), [None, 786]),
    (lambda x: tf.one_hot(tf.argmax(x, 1), 10), [None, 10]),
    (lambda x: tf.broadcast_to(x, [5, 784]), [5, 784]),
    (lambda x: tf.reduce_mean(x), []),
    (lambda x: tf.reduce_sum(x, 1, True), [None, 1]),
    (lambda x: tf.slice(x, [0, 3], [-1, 4]), [None, 4]),
    (lambda x: tf.range(tf.shape(x)[1]), [784]),
    (lambda x: tf.split(x, 2, 1)[0], [None, 392]),
    (lambda x: tf.gather(x, [1, 2]), [2, 784]),
    (lambda x: tf.boolean_mask(x, tf.reduce_any(x > 0, 1)), [None, 784]),
    (lambda x: tf.einsum("ij,kj->ki", x, x), [None, None]),
]


@pytest.mark.parametrize("f, shape", TYPES, ids=range(len(TYPES)))
def test_static_shapes(f: Any, shape: Any) -> None:
    with tf.Graph().as_default():
        assert f(tf.placeholder(tf.float32, [None, 784])).shape.as_list() == shape


def test_mixed_dtypes_promote() -> None:
    """numpy's promotion, in matrix products and joins too."""
    with tf.Graph().as_default(), tf.Session() as sess:
        a, b = tf.constant(M[0].astype("f")), tf.constant(M[1].T)
        product, joined = sess.run([tf.matmul(a, b), tf.concat([a, tf.transpose(b)], 0)])
    assert product.dtype == joined.dtype == np.float64
    np.testing.assert_allclose(product, M[0].astype("f").astype("f8") @ M[1].T, rtol=1e-14)
    np.testing.assert_array_equal(joined, np.concatenate([M[0].astype("f"), M[1]]))


def test_slices_of_a_sequence_have_a_gradient() -> None:
    """An unrolled loop reads x[:, t]; the gradient puts every piece back in its place."""
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float64, [None, 5, 6])
        y = tf.add_n([tf.reduce_sum(x[:, t] * float(t + 1)) for t in range(5)])
        g = sess.run(tf.gradients(y, x)[0], {x: X})
    np.testing.assert_array_equal(g, np.ones((4, 1, 6)) * np.arange(1.0, 6.0)[:, None])
