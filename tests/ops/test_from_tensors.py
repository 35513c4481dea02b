"""Axes, orders and counts that a tensor gives whose value a run alone knows: values, shapes, derivatives, errors, files."""

import numpy as np
import pytest

import graphc as tf
from graphc.ir.graph import Graph

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7 - 1


def softmax(x, axis):
    e = np.exp(x)
    return e / e.sum(axis, keepdims=True)


def blocks(x, m):
    """Row i of a block of m first, then the example: [2, 3, 4] -> [2 m, 3 / m, 4]."""
    return np.concatenate([x[:, i::m] for i in range(m)])


# name: the function of a tensor and what another tensor gives; its value; what numpy makes of them; the shape that is known before the run
ROWS = {
    "reduce_sum": (lambda x, a: tf.reduce_sum(x, a), 1, lambda x: x.sum(1), [None, None]),
    "reduce_sum of two": (lambda x, a: tf.reduce_sum(x, a), [0, -1], lambda x: x.sum((0, 2)), [None]),
    "reduce_sum of none": (lambda x, a: tf.reduce_sum(x, a), [], lambda x: x, [2, 3, 4]),
    "reduce_mean": (lambda x, a: tf.reduce_mean(x, a, keepdims=True), [0, 2], lambda x: x.mean((0, 2), keepdims=True), [None] * 3),
    "reduce_prod": (lambda x, a: tf.reduce_prod(x, axis=[a, 0]), 1, lambda x: x.prod((0, 1)), [None]),
    "reduce_max": (lambda x, a: tf.reduce_max(x, reduction_indices=a), -1, lambda x: x.max(-1), [None, None]),
    "reduce_logsumexp": (lambda x, a: tf.reduce_logsumexp(x, a), 2, lambda x: np.log(np.exp(x).sum(2)), [None, None]),
    "reduce_std": (lambda x, a: tf.math.reduce_std(x, a), 0, lambda x: x.std(0), [None, None]),
    "moments": (lambda x, a: tf.nn.moments(x, a)[1], [1], lambda x: x.var(1), [None, None]),
    "softmax": (lambda x, a: tf.nn.softmax(x, axis=a), 1, lambda x: softmax(x, 1), [2, 3, 4]),
    "log_softmax": (lambda x, a: tf.nn.log_softmax(x, dim=a), 0, lambda x: np.log(softmax(x, 0)), [2, 3, 4]),
    "l2_normalize": (lambda x, a: tf.nn.l2_normalize(x, a), 1, lambda x: x / np.sqrt((x * x).sum(1, keepdims=True)), [2, 3, 4]),
    "concat": (lambda x, a: tf.concat([x, x + 1], a), 1, lambda x: np.concatenate([x, x + 1], 1), [None] * 3),
    "split": (lambda x, a: tf.split(x, 2, a)[1], -1, lambda x: x[:, :, 2:], [None, 3, None]),
    "split by sizes": (lambda x, a: tf.split(x, [1, 2], a)[1], 1, lambda x: x[:, 1:], [2, 2, 4]),
    "gather": (lambda x, a: tf.gather(x, [1, 0], axis=a), 2, lambda x: x[:, :, [1, 0]], [2, None, None]),
    "cumsum": (lambda x, a: tf.cumsum(x, a, reverse=True), 1, lambda x: x[:, ::-1].cumsum(1)[:, ::-1], [2, 3, 4]),
    "cumprod": (lambda x, a: tf.cumprod(x, a), 2, lambda x: x.cumprod(2), [2, 3, 4]),
    "reverse": (lambda x, a: tf.reverse(x, a), [0, 1], lambda x: x[::-1, ::-1], [2, 3, 4]),
    "expand_dims": (lambda x, a: tf.expand_dims(x, a), 3, lambda x: x[..., None], [None] * 4),
    "transpose": (lambda x, a: tf.transpose(x, a), [2, 0, 1], lambda x: x.transpose(2, 0, 1), [None] * 3),
    "transpose by parts": (lambda x, a: tf.transpose(x, [0, a, 1]), 2, lambda x: x.transpose(0, 2, 1), [None] * 3),
    "top_k": (lambda x, k: tf.nn.top_k(x, k)[0], 2, lambda x: -np.sort(-x, -1)[..., :2], [2, 3, None]),
    "roll": (lambda x, a: tf.roll(x, 1, a), 1, lambda x: np.roll(x, 1, 1), [2, 3, 4]),
    "rot90": (lambda x, k: tf.image.rot90(x, k), 3, lambda x: np.rot90(x, 3), [None, None, 4]),
    "tensordot": (lambda x, a: tf.tensordot(x, x, a), [[2], [2]], lambda x: np.tensordot(x, x, [[2], [2]]), None),
    "strided_slice": (lambda x, s: tf.strided_slice(x, [0, 0], [2, 3], s), [1, 2], lambda x: x[:, ::2], [None, None, None]),
    "space_to_batch_nd": (lambda x, b: tf.space_to_batch_nd(x, b, [[0, 0]]), [3], lambda x: blocks(x, 3), [None] * 3),
    "batch_to_space_nd": (lambda x, b: tf.batch_to_space_nd(blocks(X, 3) * 0 + tf.space_to_batch_nd(x, [3], [[0, 0]]), b, [[0, 0]]), [3],
                          lambda x: x, [None] * 3),
}
WHOLE = {       # of whole numbers: no derivatives
    "argmax": (lambda x, a: tf.argmax(x, a), 1, lambda x: x.argmax(1), [None, None]),
    "argmin": (lambda x, a: tf.argmin(x, axis=a, output_type=tf.int32), 0, lambda x: x.argmin(0), [None, None]),
    "count_nonzero": (lambda x, a: tf.count_nonzero(x, a), 1, lambda x: np.count_nonzero(x, 1), [None, None]),
    "reduce_any": (lambda x, a: tf.reduce_any(x > 1, a), 2, lambda x: (x > 1).any(2), [None, None]),
    "top_k indices": (lambda x, k: tf.nn.top_k(x, k).indices, 1, lambda x: np.full((2, 3, 1), 3), [2, 3, None]),
    "in_top_k": (lambda x, k: tf.nn.in_top_k(x[0], [3, 2, 0], k), 2, lambda x: np.array([True, True, False]), [3]),
    "reduce_join": (lambda x, a: tf.reduce_join([["a", "b"]], a), 1, lambda x: np.array([b"ab"], object), [None]),
}


def halved(v):
    """An argument that is computed from what is fed."""
    return tf.reduce_sum(tf.stack([v, v]), 0) // 2


@pytest.mark.parametrize("of", [lambda v: v, halved], ids=["fed", "computed"])
@pytest.mark.parametrize("row", [*ROWS, *WHOLE])
def test_values_and_shapes(row, of):
    function, value, wanted, known = {**ROWS, **WHOLE}[row]
    given = tf.placeholder(tf.int32, np.shape(value))
    y = function(tf.constant(X), of(given))
    assert y.shape.dims is None if known is None else y.shape.as_list() == known
    for jit in (True, False):
        with tf.Session(jit=jit) as session:
            found = session.run(y, {given: value})
        assert found.dtype == (np.dtype(object) if y.dtype == tf.string else y.dtype.as_numpy_dtype)
        np.testing.assert_array_equal(found, wanted(X)) if row in WHOLE else np.testing.assert_allclose(found, wanted(X), rtol=3e-6, atol=1e-6)


@pytest.mark.parametrize("row", ROWS)
def test_derivatives_are_those_of_the_known_argument(row):
    function, value, _, _ = ROWS[row]
    x, given = tf.placeholder(tf.float64, [2, 3, 4]), tf.placeholder(tf.int32, np.shape(value))

    def derivatives(argument):
        y = function(x, argument) if row != "batch_to_space_nd" else tf.batch_to_space_nd(tf.space_to_batch_nd(x, [3], [[0, 0]]), argument, [[0, 0]])
        (g,) = tf.gradients(tf.reduce_sum(y * y * y), [x])
        return [y, g, *tf.gradients(tf.reduce_sum(g * g), [x])]
    assert derivatives(given)[1].shape.as_list() == [2, 3, 4]
    for jit in (True, False):
        with tf.Session(jit=jit) as session:
            found, wanted = session.run([derivatives(given), derivatives(value)], {x: X, given: value})
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_unknown_ranks():
    x, axis = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    total = tf.reduce_sum(x, axis)
    fetches = [total, tf.transpose(x, axis), tf.concat([x, x], axis[0]), tf.gradients(tf.square(total), x)[0]]
    assert all(f.shape.dims is None for f in fetches)
    for jit in (True, False):
        with tf.Session(jit=jit) as session:
            for rows in (X[0], X[1, :2]):
                s, t, c, g = session.run(fetches, {x: rows, axis: [1, 0]})
                np.testing.assert_allclose(s, rows.sum(), rtol=1e-5)
                np.testing.assert_array_equal(t, rows.T)
                np.testing.assert_array_equal(c, np.concatenate([rows, rows], 1))
                np.testing.assert_allclose(g, np.full_like(rows, 2 * rows.sum()), rtol=1e-5)


def test_one_graph_of_all_axes():
    x, axis = tf.constant(X), tf.placeholder(tf.int32, [])
    y = tf.reduce_sum(tf.nn.softmax(x, axis=axis) * x, axis, name="expected")
    assert y.op.name == "expected" and y.op.type == "Sum"
    with tf.Session() as session:
        for a in (0, 1, 2, -1, 0, 1):
            np.testing.assert_allclose(session.run(y, {axis: a}), (softmax(X, a) * X).sum(a), rtol=1e-5)


def test_the_axis_of_a_rank_is_known_when_that_is():
    x = tf.placeholder(tf.float32)
    y = tf.reduce_sum(x, tf.rank(x) - 1)
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(y, {x: X}), X.sum(-1), rtol=1e-5)
        np.testing.assert_allclose(session.run(y, {x: X[0]}), X[0].sum(-1), rtol=1e-5)


WRONG = {"axis 3": (lambda a: tf.reduce_sum(X, a), 3), "axis -4": (lambda a: tf.concat([X, X], a), -4),
         "perm": (lambda a: tf.transpose(X, a), [0, 0, 1]),
         "k": (lambda a: tf.nn.top_k(X, a).values, 5), "negative k": (lambda a: tf.nn.top_k(X, a).values, -1),
         "block": (lambda a: tf.space_to_batch_nd(X, a, [[0, 0]]), [2])}


@pytest.mark.parametrize("of", [lambda v: v, halved], ids=["fed", "computed"])
@pytest.mark.parametrize("row", WRONG)
def test_what_does_not_fit_fails_when_it_runs(row, of):
    function, value = WRONG[row]
    given = tf.placeholder(tf.int32, np.shape(value))
    y = function(of(given))
    for jit in (True, False):
        with tf.Session(jit=jit) as session, pytest.raises(tf.errors.InvalidArgumentError, match=r"test_from_tensors.py:\d+") as raised:
            session.run(y, {given: value})
        assert "(?)" not in str(raised.value)           # no operand but the user's own


@pytest.mark.parametrize("make, kind", [(lambda a: tf.reduce_sum(["text"], a), tf.errors.DTypeError),
                                        (lambda a: tf.argmax(1.0, a), tf.errors.ShapeError),
                                        (lambda a: tf.concat([X, X.T], a), tf.errors.ShapeError),
                                        (lambda a: tf.cumsum(X > 0, a), tf.errors.DTypeError),
                                        (lambda a: tf.transpose(X, [a, a]), tf.errors.ShapeError),
                                        (lambda a: tf.reduce_sum(X, tf.cast(a, tf.float32)), tf.errors.DTypeError)])
def test_what_cannot_fit_is_refused_while_the_graph_is_built(make, kind):
    with pytest.raises(kind, match=r"test_from_tensors.py:\d+") as raised:
        make(tf.placeholder(tf.int32, []))
    assert "(?)" not in str(raised.value)


def test_files_keep_it():
    with tf.Graph().as_default() as graph:
        x, axis = tf.placeholder(tf.float32, [None, 3], name="x"), tf.placeholder(tf.int32, [], name="axis")
        y = tf.reduce_max(x, axis, keepdims=True, name="y")
        g = tf.identity(tf.gradients(y, x)[0], name="g")
        part = tf.identity(tf.split(x, [1, 2], axis)[1], name="part")
        read = Graph.from_json(graph.to_json())
    assert g.shape.as_list() == [None, 3] and part.shape.as_list() == [None, None]
    with read.as_default(), tf.Session(graph=read) as session:
        found = session.run(["y:0", "g:0", "part:0"], {"x:0": [[1, 5, 2], [3, 4, 1]], "axis:0": 1})
    for a, b in zip(found, ([[5], [4]], [[0, 1, 0], [0, 1, 0]], [[5, 2], [4, 1]]), strict=True):
        np.testing.assert_array_equal(a, b)
