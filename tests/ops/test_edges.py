"""Values and gradients at edges: infinities, zeros with a sign, nan, poles, bounds that cross; the same bits in both executors."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import graphc as tf

INF, NAN = np.inf, np.nan
F = np.float32
LONG = 33               # a number of elements that fills vectors, and leaves one over

# name, function, operands, and what comes out: of TensorFlow 1 where numpy has another answer or none
VALUES: list[tuple[str, Any, list[Any], Any]] = [
    ("floordiv of an infinity", tf.floordiv, [[INF, -INF, INF, -INF], [3.0, 3.0, -3.0, -3.0]], [INF, -INF, -INF, INF]),
    ("floordiv by an infinity", tf.floordiv, [[-5.0, 5.0, -5.0, 5.0, -0.0], [INF, INF, -INF, -INF, INF]], [-0.0, 0.0, 0.0, -0.0, -0.0]),
    ("floordiv of two infinities", tf.floordiv, [[INF, NAN, 1.0], [INF, 1.0, NAN]], [NAN, NAN, NAN]),
    ("floordiv, plain", tf.floordiv, [[-7.0, 7.0, 1.0, -0.0], [2.0, -2.0, 0.1, 3.0]], [-4.0, -4.0, 9.0, -0.0]),
    ("truncatediv of an infinity", tf.truncatediv, [[INF, -INF, INF, -INF], [3.0, 3.0, -3.0, -3.0]], [INF, -INF, -INF, INF]),
    ("truncatediv by an infinity", tf.truncatediv, [[-5.0, 5.0, -5.0], [INF, INF, -INF]], [-0.0, 0.0, 0.0]),
    ("truncatediv of less than the divisor", tf.truncatediv, [[-1.0, 1.0, -1.0, -0.0, 0.0], [3.0, -3.0, -3.0, 3.0, -3.0]],
     [-0.0, -0.0, 0.0, -0.0, -0.0]),
    ("truncatediv, plain", tf.truncatediv, [[-7.0, 7.0, -6.0], [2.0, -2.0, 2.0]], [-3.0, -3.0, -3.0]),
    ("truncatemod of zeros", tf.truncatemod, [[-0.0, 0.0, -3.0, 3.0, -0.0], [3.0, 3.0, 3.0, -3.0, -3.0]], [-0.0, 0.0, -0.0, 0.0, -0.0]),
    ("truncatemod, plain", tf.truncatemod, [[-7.0, 7.0, INF], [2.0, -2.0, 2.0]], [-1.0, 1.0, NAN]),
    ("maximum of zeros", tf.maximum, [[-0.0, 0.0, -0.0, 0.0], [0.0, -0.0, -0.0, 0.0]], [0.0, 0.0, -0.0, 0.0]),
    ("minimum of zeros", tf.minimum, [[-0.0, 0.0, -0.0, 0.0], [0.0, -0.0, -0.0, 0.0]], [-0.0, -0.0, -0.0, 0.0]),
    ("maximum of nan", tf.maximum, [[NAN, 1.0], [1.0, NAN]], [NAN, NAN]),
    ("reduce_max of zeros", lambda x: tf.reduce_max(x, 1), [[[-0.0, 0.0], [0.0, -0.0], [-0.0, -0.0]]], [0.0, 0.0, -0.0]),
    ("reduce_min of zeros", lambda x: tf.reduce_min(x, 1), [[[-0.0, 0.0], [0.0, -0.0], [0.0, 0.0]]], [-0.0, -0.0, 0.0]),
    ("relu of zeros", tf.nn.relu, [[-0.0, 0.0, -1.0]], [0.0, 0.0, 0.0]),
    ("relu6 of zeros", tf.nn.relu6, [[-0.0, 0.0, 7.0]], [0.0, 0.0, 6.0]),
    ("clip by bounds that cross", lambda x: tf.clip_by_value(x, 2.0, 1.0), [[1.0, 5.0, 1.5, NAN]], [2.0, 2.0, 2.0, NAN]),
    ("clip at zero", lambda x: tf.clip_by_value(x, 0.0, 1.0), [[-0.0, -1.0, 3.0]], [0.0, 0.0, 1.0]),
    ("linspace between the ends", lambda a, b: tf.linspace(a, b, 5), [F(-3e38), F(3e38)], [-3e38, -1.5e38, 0.0, 1.5e38, 3e38]),
    ("linspace of one", lambda a, b: tf.linspace(a, b, 1), [F(-3e38), F(3e38)], [-3e38]),
    ("in_top_k beside nan and inf", lambda p: tf.nn.in_top_k(p, [2, 2, 1], 1), [[[1.0, NAN, 3.0], [INF, 1.0, 2.0], [0.0, 9.0, 2.0]]],
     [False, False, True]),
    ("digamma of large negative numbers", tf.digamma, [np.array([-1.5, -1000.25])], [0.7031566406452432, 10.050097693066706]),
    ("clip_by_norm of zeros", lambda x: tf.clip_by_norm(x, 1.0), [[0.0, 0.0]], [0.0, 0.0]),
    ("clip_by_global_norm of an infinity", lambda x: tf.concat(tf.clip_by_global_norm([x, x[:1] * 0.0 + 2.0], 1.0)[0], 0), [[1.0, INF]],
     [NAN, NAN, NAN]),
    ("clip_by_global_norm that overflows", lambda x: tf.clip_by_global_norm([x], 1.0)[0][0], [[3e38, 1.0]], [NAN, NAN]),
    ("clip_by_global_norm", lambda x: tf.clip_by_global_norm([x, None], 1.0)[0][0], [[3.0, 4.0]], [F(0.6), F(0.8)]),
    ("a singular triangle", lambda x: tf.matrix_triangular_solve(x, [[1.0], [2.0]]), [[[1.0, 0.0], [1.0, 0.0]]], [[1.0], [INF]]),
]


@pytest.mark.parametrize("function, operands, wanted", [r[1:] for r in VALUES], ids=[r[0] for r in VALUES])
def test_values(session: tf.Session, function: Any, operands: list[Any], wanted: Any) -> None:
    arrays = [x if isinstance(x, np.ndarray) else np.asarray(x, F) for x in operands]
    xs = [tf.placeholder(x.dtype, x.shape) for x in arrays]
    got = np.asarray(session.run(function(*xs), dict(zip(xs, arrays, strict=True))))
    wanted = np.asarray(wanted)
    if got.dtype.kind == "f":
        np.testing.assert_allclose(got, wanted, rtol=1e-6 if got.dtype == F else 1e-14)
        np.testing.assert_array_equal(np.signbit(got[got == 0]), np.signbit(wanted[wanted == 0]))
    else:
        np.testing.assert_array_equal(got, wanted)


# name, function of a vector, where, and its gradient there (float64)
GRADIENTS: list[tuple[str, Any, Any, Any]] = [
    ("clip_by_norm of zeros", lambda x: tf.clip_by_norm(x, 1.0), [0.0, 0.0], [1.0, 1.0]),
    ("l2_normalize of zeros", lambda x: tf.nn.l2_normalize(x, 0), [0.0, 0.0], [1e6, 1e6]),
    ("a root that is not chosen", lambda x: tf.where(x > 0, tf.sqrt(x), tf.zeros_like(x)), [0.0, -1.0, 4.0], [0.0, 0.0, 0.25]),
    ("a root that is not chosen, rsqrt", lambda x: tf.where(x > 0, tf.rsqrt(x), tf.zeros_like(x)), [0.0, -1.0, 4.0], [0.0, 0.0, -0.0625]),
    ("a reciprocal that is not chosen", lambda x: tf.where(x > 0, tf.reciprocal(x), tf.zeros_like(x)), [0.0, 2.0], [0.0, -0.25]),
    ("a root below a bound", lambda x: tf.maximum(tf.sqrt(x), 1.0), [0.0, 4.0], [0.0, 0.25]),
    ("a norm times 0", lambda x: tf.norm(x) * 0.0, [0.0, 0.0], [0.0, 0.0]),
    ("a deviation times 0", lambda x: tf.reduce_std(x) * 0.0, [1.0, 1.0], [0.0, 0.0]),
    ("a root at its pole", tf.sqrt, [0.0], [INF]), ("rsqrt at its pole", tf.rsqrt, [0.0], [-INF]),
    ("reciprocal at its pole", tf.reciprocal, [0.0], [-INF]), ("a norm at 0", tf.norm, [0.0, 0.0], [NAN, NAN]),
    ("a log that is not chosen", lambda x: tf.where(x > 0, tf.log(x), tf.zeros_like(x)), [0.0], [NAN]),
    ("a quotient that is not chosen", lambda x: tf.where(x > 0, 1.0 / x, tf.zeros_like(x)), [0.0], [NAN]),
    ("a second derivative where the first is 0", lambda x: tf.gradients(tf.square(tf.sqrt(x) - 1.0), x)[0], [1.0, 4.0], [0.5, 0.0625]),
    ("a second derivative where the first is 0, rsqrt", lambda x: tf.gradients(tf.square(tf.rsqrt(x) - 1.0), x)[0], [1.0], [0.5]),
    ("a second derivative where the first is 0, reciprocal", lambda x: tf.gradients(tf.square(tf.reciprocal(x) - 1.0), x)[0], [1.0], [2.0]),
    ("the largest of nan", tf.reduce_max, [NAN, 1.0], [NAN, NAN]), ("the smallest of nan", tf.reduce_min, [1.0, NAN], [NAN, NAN]),
    ("the largest of a row without nan", lambda x: tf.reduce_max(tf.reshape(x, [2, 2]), 1), [NAN, 1.0, 2.0, 3.0], [NAN, NAN, 0.0, 1.0]),
    ("the largest of equals", tf.reduce_max, [3.0, 1.0, 3.0], [0.5, 0.0, 0.5]),
    ("bounds that cross", lambda x: tf.clip_by_value(x, 2.0, 1.0), [1.0, 5.0], [0.0, 0.0]),
    ("digamma", tf.digamma, [2.5, -0.5, -1.5], [0.4903577561002348, 8.93480220054468, 9.379246644989124]),
    ("digamma, large and negative", tf.digamma, [-1000.25], [19.738209551699785]),
    ("trigamma", lambda x: tf.gradients(tf.digamma(x), x)[0], [-0.5, -1.25], [-0.8287966442343200, 123.72136678366236]),
    ("sums of positive and negative segments", lambda x: tf.unsorted_segment_sum(x, [0, -1, 2], 3) * [7.0, 8.0, 9.0], [1.0, 2.0, 5.0],
     [7.0, 0.0, 9.0]),
]


@pytest.mark.parametrize("function, at, wanted", [r[1:] for r in GRADIENTS], ids=[r[0] for r in GRADIENTS])
def test_gradients(session: tf.Session, function: Any, at: Any, wanted: Any) -> None:
    x = tf.placeholder(tf.float64, [len(at)])
    np.testing.assert_allclose(session.run(tf.gradients(function(x), x)[0], {x: at}), wanted, rtol=1e-12)


SIGNED = [tf.maximum, tf.minimum, tf.add, tf.subtract, tf.multiply, tf.truncatemod, tf.floordiv, tf.truncatediv, tf.floormod]


@pytest.mark.parametrize("operator", SIGNED, ids=lambda op: op.name)
def test_signs_of_zero_are_those_of_the_interpreter(operator: Any) -> None:
    x, y = (np.array(v * LONG, F) for v in ([-0.0, 0.0, -0.0, 0.0, 3.0, -3.0], [0.0, -0.0, -0.0, 0.0, -3.0, 3.0]))
    a, b = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])
    compiled, interpreted = (tf.Session(jit=jit).run(operator(a, b), {a: x, b: y}) for jit in (True, False))
    np.testing.assert_array_equal(np.signbit(compiled), np.signbit(interpreted))


def test_a_range_has_the_dtype_of_its_bounds(session: tf.Session) -> None:
    """TensorFlow's order of dtypes, not numpy's promotion."""
    made = [tf.range(5.0), tf.range(5), tf.range(np.int64(3)), tf.range(tf.constant(0, tf.int64), 2.5), tf.range(0.0, np.float64(2))]
    assert [v.dtype.name for v in session.run(made)] == ["float32", "int32", "int64", "float32", "float64"]


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("adjoint", [True, False])
def test_ill_conditioned_triangles(session: tf.Session, lower: bool, adjoint: bool) -> None:
    """Substitution is exact row by row: T x = b holds to the last digits, however ill-conditioned T is (Higham 2002, theorem 8.5)."""
    rng = np.random.default_rng(0)
    t = (np.tril if lower else np.triu)(rng.normal(size=(70, 70)))
    whole = t + (np.triu if lower else np.tril)(rng.normal(size=(70, 70)), 1 if lower else -1)
    b = rng.normal(size=(70, 2))
    got = session.run(tf.matrix_triangular_solve(whole, b, lower=lower, adjoint=adjoint))
    assert np.linalg.cond(t) > 1e12
    t = t.T if adjoint else t
    assert np.all(np.abs(t @ got - b) <= 70 * np.finfo(float).eps * (np.abs(t) @ np.abs(got)))


# ---------------------------------------------------------------------- rows that a batch does not name

OPTIMIZERS = {
    "momentum": (lambda: tf.train.MomentumOptimizer(0.1, 0.9), True),
    "nesterov": (lambda: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True), True),
    "rmsprop": (lambda: tf.train.RMSPropOptimizer(0.1, momentum=0.9), True),
    "centered": (lambda: tf.train.RMSPropOptimizer(0.1, momentum=0.9, centered=True), True),
    "adadelta": (lambda: tf.train.AdadeltaOptimizer(1.0), True), "adagrad": (lambda: tf.train.AdagradOptimizer(0.1), True),
    "sgd": (lambda: tf.train.GradientDescentOptimizer(0.1), True), "adam": (lambda: tf.train.AdamOptimizer(0.1), False),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_sparse_updates(session: tf.Session, name: str) -> None:
    """As TensorFlow's: a row moves in a step whose batch names it and in no other; Adam moves all rows that ever had a gradient."""
    make, still = OPTIMIZERS[name]
    w, dense = tf.Variable(np.ones((4, 2), F)), tf.Variable(np.ones((2, 2), F))
    ids = tf.placeholder(tf.int32, [None])
    optimizer = make()
    named, always = tf.square(tf.nn.embedding_lookup(w, ids) + 1.0), tf.gather(w, [1])
    step = optimizer.minimize(tf.reduce_sum(named) + tf.reduce_sum(always) + tf.reduce_sum(dense * dense))
    other = make()
    alone = tf.Variable(np.ones((1, 2), F))
    single = other.minimize(tf.reduce_sum(tf.square(alone + 1.0)))
    session.run(step, {ids: [0, 0]})
    before = session.run(w)
    session.run(step, {ids: [2, 3]})
    after = session.run(w)
    assert (after[0] == before[0]).all() == still and (after[[1, 2, 3]] != before[[1, 2, 3]]).all()
    if still:                           # a row that is named for the first time moves as a variable of its own would
        session.run(single)
        np.testing.assert_allclose(after[2], session.run(alone)[0], rtol=1e-6)
    assert (session.run(dense) != 1).all()


# ---------------------------------------------------------------------- as TensorFlow's own tests have it

# (what is built, its value)
AS_THERE = [
    ("a mean of integers", lambda: tf.reduce_mean([[1, 2, 5], [-3, -4, -9]], 1), [2, -5]),
    ("a mean of bytes", lambda: tf.reduce_mean(np.array([250, 251, 3, 4], np.uint8)), 127),
    ("a norm of integers", lambda: tf.math.reduce_euclidean_norm([1, 2, 3]), 3),
    ("texts that are not empty", lambda: tf.count_nonzero(["", "a", "b"]), 2),
    ("distinct texts", lambda: tf.unique(["b", "a", "b"]).y, [b"b", b"a"]),
    ("texts left over", lambda: tf.setdiff1d(["a", "b"], ["b"]).out, [b"a"]),
    ("complex numbers that are not 0", lambda: tf.where(tf.constant([1j, 0.0, 0.5])), [[0], [2]]),
    ("one value for none", lambda: tf.constant(1.0, shape=[0, 2]), np.zeros((0, 2))),
    ("about equal", lambda: tf.approximate_equal([1.0, 2.0], [1.000001, 2.1]), [True, False]),
    ("dropped together, by a shape with None", lambda: tf.reduce_max(tf.math.reduce_std(tf.nn.dropout(tf.ones([8, 3]), 0.5, [None, 1]), 1)), 0.0),
]


@pytest.mark.parametrize("build, value", [row[1:] for row in AS_THERE], ids=[row[0] for row in AS_THERE])
def test_as_tensorflows_own_tests_have_it(build, value, session):
    found = session.run(build())
    np.testing.assert_array_equal(found, value)


@pytest.mark.parametrize("given", [dict(keep_prob=[0.5]), dict(rate="half"), dict(keep_prob=1j)])
def test_a_probability_is_one_number(given):
    with pytest.raises(tf.errors.DTypeError, match="is one number or a tensor"):
        tf.nn.dropout(tf.ones([2]), **given)


def test_shapes_and_dimensions():
    shape = tf.TensorShape([None, 3])
    known, unknown = shape[1], shape[0]
    assert known.merge_with(unknown) == 3 == unknown.merge_with(known) and repr([known, unknown]) == "[Dimension(3), Dimension(None)]"
    assert f"{known} {unknown}" == "3 ?" and [2] + shape == tf.TensorShape([2, None, 3])
    assert shape.most_specific_compatible_shape([2, 4]).as_list() == [None, None] and shape.most_specific_compatible_shape([2, 3])[1] == 3
    for value in (shape, known, unknown):
        assert repr(copy.copy(value)) == repr(value) == repr(pickle.loads(pickle.dumps(value)))
    for wrong in (lambda: known.merge_with(4), lambda: known.assert_is_compatible_with(4)):
        with pytest.raises(tf.errors.ShapeError, match="no dimension is both 3 and 4"):
            wrong()
