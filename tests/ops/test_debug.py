"""Operators and runs that look at values: printing, assertions, checks for nan and inf, diagnoses of networks."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf

X = np.arange(6, dtype=np.float32).reshape(2, 3)


# (data of tf.Print for x = [[0,1,2],[3,4,5]], arguments, what is printed): as TensorFlow 1 prints it
PRINTED = [
    (lambda x: [x], {}, "[[0 1 2]...]"),
    (lambda x: [x], {"message": "x is "}, "x is [[0 1 2]...]"),
    (lambda x: [x], {"summarize": 4}, "[[0 1 2][3...]...]"),
    (lambda x: [x], {"summarize": -1}, "[[0 1 2][3 4 5]]"),
    (lambda x: [x[0], tf.shape(x)], {"summarize": 2}, "[0 1...][2 3]"),
    (lambda x: ["text", x[1, 2], x > 4.0], {"summarize": 10}, "[text][5][[0 0 0][0 0 1]]"),
    (lambda x: [x[0] / 3.0, x[:0]], {}, "[0 0.33333334 0.6666667][]"),
]


@pytest.mark.parametrize("data, arguments, printed", PRINTED)
def test_print(data, arguments, printed, session, capfd):
    x = tf.placeholder(tf.float32, [2, 3])
    y = tf.Print(x * 2.0, data(x), **arguments)
    (slope,) = tf.gradients(tf.reduce_sum(y * y), x)
    got = session.run([y, slope], {x: X})
    assert np.array_equal(got[0], 2 * X) and np.array_equal(got[1], 8 * X)
    assert capfd.readouterr().err.strip() == printed


def test_print_only_so_often(session, capfd):
    y = tf.Print(tf.constant(1.0), ["once"], first_n=2)
    for _ in range(5):
        assert session.run(y) == 1
    session.run(tf.group(y))
    assert capfd.readouterr().err.split() == ["[once]"] * 2


# (operation on x, a feed that passes, one that fails, part of the message)
ASSERTIONS = [
    (lambda x: tf.Assert(tf.reduce_all(x > 0.0), ["x was", x]), X + 1, X, r"\[x was\]\[\[0 1 2\]"),
    (lambda x: tf.assert_equal(x, X), X, X + 1, "x == y did not hold"),
    (lambda x: tf.assert_none_equal(x, X), X + 1, X, "x != y did not hold"),
    (lambda x: tf.assert_less(x, 6.0), X, X + 1, "x < y did not hold"),
    (lambda x: tf.assert_less_equal(x, 5.0), X, X + 1, "x <= y"),
    (lambda x: tf.assert_greater(x, -1.0), X, X - 1, "x > y"),
    (lambda x: tf.assert_greater_equal(x, 0.0), X, X - 1, "x >= y"),
    (lambda x: tf.assert_positive(x), X + 1, X, "x > 0"),
    (lambda x: tf.assert_negative(x), X - 6, X, "x < 0"),
    (lambda x: tf.assert_non_negative(x, message="mine"), X, X - 1, "mine Condition x >= 0"),
    (lambda x: tf.assert_non_positive(x), X - 5, X, "x <= 0"),
    (lambda x: tf.assert_near(x, X), X * (1 + 1e-7), X + 0.1, "not equal to tolerance"),
    (lambda x: tf.group(tf.check_numerics(x, "mine")), X, X - np.inf, "mine : Tensor had Inf"),
    (lambda x: tf.group(tf.verify_tensor_all_finite(tf.log(x), "log of x")), X + 1, X - 1, "log of x : Tensor had NaN and Inf"),
    (lambda x: (tf.sqrt(x), tf.add_check_numerics_ops())[1], X, X - 1, r"Sqrt:0 : Tensor had NaN"),
]


@pytest.mark.parametrize("build, good, bad, message", ASSERTIONS, ids=range(len(ASSERTIONS)))
def test_assertions(build, good, bad, message, session):
    x = tf.placeholder(tf.float32, [2, 3])
    check = build(x)
    with tf.control_dependencies([check]):
        y = tf.identity(x)
    assert session.run(check, {x: good}) is None and np.array_equal(session.run(y, {x: good}), np.asarray(good, np.float32))
    for fetch in (check, y):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message) as caught:
            session.run(fetch, {x: bad})
        assert "test_debug.py:" in str(caught.value)


@pytest.mark.parametrize("build, error, message", [
    (lambda x: tf.Print(x, x), tf.errors.GraphError, "a list of tensors and texts"),
    (lambda x: tf.Assert(x, []), tf.errors.DTypeError, "not of dtype bool"),
    (lambda x: tf.Assert(tf.constant(False), ["always"]), tf.errors.InvalidArgumentError, r"\[always\]"),
    (lambda x: tf.assert_rank(x, 1), tf.errors.ShapeError, "has rank 2, not 1"),
    (lambda x: tf.assert_rank_at_least(x, 3), tf.errors.ShapeError, "has rank 2, not at least 3"),
    (lambda x: tf.assert_scalar(x), tf.errors.ShapeError, "has rank 2, not 0"),
    (lambda x: tf.assert_type(x, tf.int32), tf.errors.DTypeError, "not of dtype graphc.int32"),
    (lambda x: tf.assert_integer(x, message="mine"), tf.errors.DTypeError, "mine. .*integer"),
    (lambda x: tf.assert_equal(tf.constant([1, 2]), [1, 3], message="no"), tf.errors.InvalidArgumentError, r"\[no Cond.*\[1 2\].*\[1 3\]"),
    (lambda x: tf.assert_equal(["a"], "b"), tf.errors.InvalidArgumentError, r"x == y .*\[a\].*\[b\]"),
    (lambda x: tf.assert_positive([1.0, -1.0]), tf.errors.InvalidArgumentError, r"x > 0 .*\[1 -1\]"),
    (lambda x: tf.check_numerics(tf.shape(x), ""), tf.errors.DTypeError, "not of a floating dtype"),
    (lambda x: tf.assert_near(tf.shape(x), [2, 3]), tf.errors.DTypeError, "assert_near: Shape.* is not of a floating dtype; give rtol and atol"),
])
def test_what_is_wrong_when_built_is_said_then(build, error, message):
    with tf.Graph().as_default(), pytest.raises(error, match=message) as caught:
        build(tf.placeholder(tf.float32, [2, 3]))
    assert "test_debug.py:" in str(caught.value)


# (what is asserted of x, of unknown rank, a value that fits, one that does not, what the error says)
RANKS = [
    (lambda x: tf.assert_rank(x, 1), [0.0], 0.0, r"assert_rank: Placeholder.* has rank\]\[0\]\[not\]\[1\]"),
    (lambda x: tf.assert_rank(tf.zeros([2]), tf.rank(x)), [0.0], 0.0, r"has rank\]\[1\]\[not\]\[0\]"),
    (lambda x: tf.assert_rank_at_least(x, 1, message="mine"), [[0.0]], 0.0, r"mine. .*\[not at least\]\[1\]"),
    (lambda x: tf.assert_rank_in(x, (0, 2)), [[0.0]], [0.0], r"\[not one of\]\[0\]\[2\]"),
]


@pytest.mark.parametrize("build, good, bad, message", RANKS, ids=range(len(RANKS)))
def test_ranks_that_are_known_in_the_run(build, good, bad, message, session):
    x = tf.placeholder(tf.float32)
    check = build(x)
    assert session.run(check, {x: good}) is None
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        session.run(check, {x: bad})


# ---------------------------------------------------------------------- check_numerics=True

def root(x):
    return tf.sqrt(tf.nn.relu(x, name="r"), name="root")


# (what is run of x: float32[2], the feed, what the error says; None: nothing is wrong)
FIRST = [
    (lambda x: tf.log(x, name="u") * 2.0, [1.0, -1.0], r"u: float32\[2\].* = log\(...\) is the first to make nan: 1 of 2 elements, first at \[1\]\n"
                                                       r"  Placeholder.* lies between -1.0 and 1.0\n  at test_debug.py"),
    (lambda x: tf.reduce_sum(1.0 / x), [0.0, 1.0], "truediv.*to make inf: 1 of 2"),
    (lambda x: tf.gradients(tf.reduce_sum(root(x)), x), [4.0, 0.0], r"gradients/.* to make inf(.|\n)*it is part of the gradient of root"),
    (lambda x: tf.exp(x) - tf.exp(x), [1.0, 1000.0], "exp.*to make inf"),
    (lambda x: tf.where(x > 0.0, tf.log(x), tf.zeros_like(x)), [1.0, -1.0], "log.*make nan"),
    (lambda x: x * 2.0, [np.inf, 1.0], None), (lambda x: x - 1.0, [np.nan, 1.0], None),
    (lambda x: x - x, [np.inf, 1.0], "subtract.*to make nan"),
    (lambda x: tf.nn.softmax(tf.where(x > 0.0, x, tf.fill([2], -np.inf))), [1.0, -1.0], None),
    (lambda x: tf.log(tf.boolean_mask(x, x > 0.0) - 3.0), [1.0, 5.0], "log.*make nan"),
    (lambda x: tf.reduce_sum(tf.boolean_mask(tf.log(x), x > 0.0)), [1.0, -5.0], "log.*make nan"),
    (lambda x: tf.split(tf.concat([x, x], 0), [1, 3])[1], [1.0, np.nan], None),       # several results, of different shapes
]


@pytest.mark.parametrize("build, feed, message", FIRST, ids=range(len(FIRST)))
def test_the_first_operation_that_makes_a_nan_or_inf_is_found(build, feed, message, session):
    x = tf.placeholder(tf.float32, [None])
    x.set_shape([2])
    y = build(x)
    plain = session.run(y, {x: feed})
    if message is None:
        assert np.array_equal(session.run(y, {x: feed}, check_numerics=True), plain, equal_nan=True)
        return
    with pytest.raises(tf.errors.NumericsError, match=message):
        session.run(y, {x: feed}, check_numerics=True)


def test_a_checked_run_changes_just_what_a_run_changes():
    def values(check):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(5)
            x = tf.placeholder(tf.float32, [])
            v = tf.Variable(1.0)
            step = tf.assign_add(v, tf.log(x) + tf.random_normal([]))
            session.run(tf.global_variables_initializer())
            out = [session.run(step, {x: 2.0}, check_numerics=check) for _ in range(3)]
            if check:
                with pytest.raises(tf.errors.NumericsError):
                    session.run(step, {x: -2.0}, check_numerics=True)
            return [*out, session.run(v)]
    assert values(True) == values(False)


# ---------------------------------------------------------------------- diagnose

def network(activation, depth=8, bias=0.0):
    x = tf.placeholder(tf.float32, [None, 16])
    h = x
    for i in range(depth):
        w = tf.Variable(np.random.default_rng(i).normal(size=(16, 16), scale=(2 / 16) ** 0.5).astype(np.float32), name=f"w{i}")
        h = activation(tf.matmul(h, w) + bias)
    return x, tf.reduce_mean(tf.square(h - 1.0))


# (activation, bias, a verdict, or None for a healthy network)
NETWORKS = [(tf.nn.sigmoid, 0.0, "gradients vanish"), (tf.nn.relu, 0.0, None), (tf.nn.relu, -30.0, "are zero for the whole batch"),
            (tf.nn.tanh, 30.0, "saturated")]


@pytest.mark.parametrize("activation, bias, verdict", NETWORKS, ids=["sigmoid", "relu", "dead", "saturated"])
def test_diagnosis(activation, bias, verdict):
    with tf.Graph().as_default(), tf.Session() as session:
        x, loss = network(activation, 8 if verdict == "gradients vanish" else 3, bias)
        session.run(tf.global_variables_initializer())
        feed = {x: np.random.default_rng(1).normal(size=(32, 16))}
        found = tf.diagnose(loss, session, feed)
        size = len(tf.get_default_graph().nodes)
        again = tf.diagnose(loss, session, feed)
        assert len(tf.get_default_graph().nodes) == size and str(again) == str(found)
        # the norms, from gradients taken here
        weights = tf.trainable_variables()
        slopes = session.run(tf.gradients(loss, weights), feed)
        assert [w.gradient_norm for w in found.weights] == pytest.approx([np.linalg.norm(g) for g in slopes], rel=1e-5)
    assert [w.name for w in found.weights] == [f"w{i}" for i in range(len(weights))]
    if verdict is None:
        assert not found.verdicts and "nothing wrong" in str(found)
    else:
        assert any(verdict in v for v in found.verdicts), found


def test_gradients_explode_backwards():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 4])
        first, last = (tf.Variable(np.full((4, 4), value, np.float32), name=name) for name, value in (("first", 1.0), ("last", 1000.0)))
        loss = tf.reduce_sum(tf.matmul(tf.matmul(x, first) * 1e-3, last))
        session.run(tf.global_variables_initializer())
        found = tf.diagnose(loss, session, {x: np.ones((2, 4))})
        assert found.ratio == pytest.approx(1000.0, rel=1e-5) and not found.verdicts
        first.load(np.full((4, 4), 0.5, np.float32), session)
        assert any("explode" in v for v in tf.diagnose(loss, session, {x: np.ones((2, 4))}).verdicts)


def deep(activation, scale, depth):
    def build(x):
        h = x
        for i in range(depth):
            h = activation(tf.matmul(h, tf.Variable(np.random.default_rng(i).normal(size=(16, 16), scale=scale).astype(np.float32))))
        return tf.reduce_mean(tf.square(h - 1.0))
    return build


def recurrent(x):
    """One matrix twenty times over, whose eigenvalues are beyond 1 (Pascanu, Mikolov and Bengio 2013)."""
    w = tf.Variable(1.6 * np.eye(16, dtype=np.float32), name="w")
    h = tf.zeros_like(x)
    for _ in range(20):
        h = tf.matmul(h, w) + x
    return tf.reduce_mean(tf.square(h))


def unscaled(x):
    """A regression on inputs of some thousands."""
    return tf.reduce_mean(tf.square(tf.matmul(x * 3000.0, tf.Variable(np.full((16, 1), 0.1, np.float32))) - 1.0))


# Textbook cases, in which all layers' gradients are of one size, and healthy ones beside them.
ALIKE = [("deep and linear", deep(tf.identity, 1.0, 8), True), ("deep, relu", deep(tf.nn.relu, 1.2, 10), True), ("recurrent", recurrent, True),
         ("unscaled inputs", unscaled, True),
         ("deep, scaled", deep(tf.nn.relu, (2 / 16) ** 0.5, 10), False), ("orthogonal", deep(tf.identity, 0.25, 8), False)]


@pytest.mark.parametrize("build, explodes", [a[1:] for a in ALIKE], ids=[a[0] for a in ALIKE])
def test_gradients_that_explode_alike(build, explodes):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 16])
        found = tf.diagnose(build(x), session, {x: np.random.default_rng(1).normal(size=(32, 16))})
    assert any("gradients explode" in v for v in found.verdicts) == explodes, found


def test_diagnosis_counts():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 4])
        w = tf.Variable(np.eye(4, dtype=np.float32), name="w")
        loss = tf.reduce_sum(tf.nn.sigmoid(tf.nn.relu(tf.matmul(x, w)) * 100.0))
        session.run(tf.global_variables_initializer())
        found = {layer.kind: layer for layer in tf.diagnose(loss, session, {x: [[1, -1, -1, 0], [1, -1, 2, 0]]}).layers}
        assert found["relu"].dead == 0.5 and found["sigmoid"].saturated == 3 / 8 and found["weights"].norm == 2
        part = tf.Graph.from_json(session.graph.to_json(loss))         # without the gradients
        with tf.Session(graph=part) as other:
            assert [layer.kind for layer in tf.diagnose(loss.name, other, {x.name: np.ones((1, 4))}).layers] == ["weights", "relu", "sigmoid"]
        with pytest.raises(tf.errors.GradientError, match="no trainable variable"):
            tf.diagnose(tf.reduce_sum(x), session, {x: np.ones((1, 4))})
