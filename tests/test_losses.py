"""Losses against their formulas in numpy float64: reductions, weights, collections, names, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from tests.draws import draws

RANDOM = draws(7)
A, B = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=(4, 3))
P, T = RANDOM.uniform(0.05, 0.95, (4, 3)), (RANDOM.uniform(size=(4, 3)) < 0.5) * 1.0
HOT, CLASSES = np.eye(3)[[0, 2, 1, 1]], np.array([0, 2, 1, 1])


def softplus(x):
    return np.log1p(np.exp(x))


def log_softmax(x):
    return x - np.log(np.sum(np.exp(x), axis=-1, keepdims=True))


def huber(z, y, delta=1.0):
    e = np.abs(y - z)
    return np.where(e <= delta, 0.5 * e * e, delta * e - 0.5 * delta * delta)


def smooth(z, s, classes):
    return z * (1 - s) + s / classes


# function, its two operands, options, the losses of the elements in NumPy
LOSSES = [
    ("absolute_difference", A, B, {}, lambda z, y: np.abs(y - z)),
    ("mean_squared_error", A, B, {}, lambda z, y: (y - z) ** 2),
    ("huber_loss", A, B, {}, huber), ("huber_loss", A, B, {"delta": 0.3}, lambda z, y: huber(z, y, 0.3)),
    ("hinge_loss", T, A, {}, lambda z, x: np.maximum(0, 1 - (2 * z - 1) * x)),
    ("log_loss", T, P, {}, lambda z, y: -z * np.log(y + 1e-7) - (1 - z) * np.log(1 - y + 1e-7)),
    ("log_loss", T, P, {"epsilon": 0.1}, lambda z, y: -z * np.log(y + 0.1) - (1 - z) * np.log(1 - y + 0.1)),
    ("cosine_distance", A, B, {"axis": 1}, lambda z, y: 1 - np.sum(z * y, axis=1, keepdims=True)),
    ("cosine_distance", A, B, {"dim": 0}, lambda z, y: 1 - np.sum(z * y, axis=0, keepdims=True)),
    ("sigmoid_cross_entropy", T, A, {}, lambda z, x: z * softplus(-x) + (1 - z) * softplus(x)),
    ("sigmoid_cross_entropy", T, A, {"label_smoothing": 0.2}, lambda z, x: smooth(z, 0.2, 2) * softplus(-x) + (1 - smooth(z, 0.2, 2)) * softplus(x)),
    ("softmax_cross_entropy", HOT, A, {}, lambda z, x: -np.sum(z * log_softmax(x), -1)),
    ("softmax_cross_entropy", HOT, A, {"label_smoothing": 0.1}, lambda z, x: -np.sum(smooth(z, 0.1, 3) * log_softmax(x), -1)),
    ("sparse_softmax_cross_entropy", CLASSES, A, {}, lambda z, x: -log_softmax(x)[np.arange(4), z]),
    ("sparse_softmax_cross_entropy", CLASSES[:, None], A, {}, lambda z, x: -log_softmax(x)[np.arange(4), z[:, 0]]),
    ("compute_weighted_loss", None, A, {}, lambda z, y: y),
]
IDS = [f"{name} {options or ''}" for name, _, _, options, _ in LOSSES]


def _weights(losses, kind):
    """Weights that the rule allows, for losses of that shape; one of them is 0."""
    w = np.linspace(0, 2, losses.shape[0])
    return {"one": 1.0, "two": 2.0, "none": 0.0, "rows": w.reshape(-1, *[1] * (losses.ndim - 1)),
            "all": np.linspace(0, 1, losses.size).reshape(losses.shape)}[kind]


def reduced(losses, weights, reduction):
    scaled, wide = losses * weights, np.broadcast_to(weights, losses.shape)
    if reduction == tf.losses.Reduction.NONE:
        return scaled
    count = {tf.losses.Reduction.SUM: 1.0, tf.losses.Reduction.MEAN: wide.sum(), tf.losses.Reduction.SUM_OVER_BATCH_SIZE: losses.size,
             tf.losses.Reduction.SUM_BY_NONZERO_WEIGHTS: np.count_nonzero(wide)}[reduction]
    return scaled.sum() / count if count else 0.0


def call(name, first, second, **options):
    operands = [second] if first is None else [first, second]
    return getattr(tf.losses, name)(*operands, **options)


@pytest.mark.parametrize("kind", ["one", "two", "none", "rows", "all"])
@pytest.mark.parametrize("name, first, second, options, formula", LOSSES, ids=IDS)
def test_loss(name, first, second, options, formula, kind):
    """All reductions at once, of known shapes and of open ones."""
    losses = formula(first, second)
    weights = _weights(losses, kind)
    reductions = tf.losses.Reduction.all()
    x = tf.placeholder(tf.float64, [None] * A.ndim)
    made = [call(name, first, x, weights=w, reduction=r, **options) for w in (weights, tf.constant(weights)) for r in reductions]
    made += [call(name, first, tf.constant(second), weights=weights, reduction=r, **options) for r in reductions]
    with tf.Session(jit=False) as session:
        for got, r in zip(session.run(made, {x: second}), [*reductions] * 3, strict=True):
            np.testing.assert_allclose(got, reduced(losses, weights, r), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name, first, second, options, formula", LOSSES, ids=IDS)
def test_compiled_loss_and_gradient(name, first, second, options, formula):
    weights = _weights(formula(first, second), "all")
    x = tf.placeholder(tf.float64, [None, 3])
    loss = call(name, first, x, weights=weights, **options)
    eps, flat = 1e-6, second.reshape(-1)
    with tf.Session() as session:
        value, g = session.run([loss, tf.gradients(loss, x)[0]], {x: second})
    np.testing.assert_allclose(value, reduced(formula(first, second), weights, tf.losses.Reduction.SUM_BY_NONZERO_WEIGHTS), rtol=1e-10)

    def at(v):
        return reduced(formula(first, v.reshape(second.shape)), weights, tf.losses.Reduction.SUM_BY_NONZERO_WEIGHTS)
    numeric = [(at(flat + eps * d) - at(flat - eps * d)) / (2 * eps) for d in np.eye(flat.size)]
    np.testing.assert_allclose(g.reshape(-1), numeric, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 2), (3, 1)])
@pytest.mark.parametrize("kind", ["one", "none", "rows"])
def test_mean_pairwise_squared_error(shape, kind, session):
    """By its definition: over the pairs of a row; a row of one error, or without weight, counts nothing."""
    z, y = RANDOM.normal(size=shape), RANDOM.normal(size=shape)
    weights = _weights(z, kind)
    wanted = 0.0
    for d, w in zip((y - z).reshape(shape[0], -1), np.broadcast_to(weights, shape).reshape(shape[0], -1)[:, 0], strict=True):
        pairs = [(a - b) ** 2 for i, a in enumerate(d) for j, b in enumerate(d) if i != j]
        if w and pairs:
            wanted += w * np.mean(pairs)
    got = tf.losses.mean_pairwise_squared_error(z, tf.constant(y), weights=weights)
    np.testing.assert_allclose(session.run(got), wanted, rtol=1e-9, atol=1e-12)


DTYPES = [("float32", "float32", "float32"), ("int32", "float32", "float32"), ("float32", "float64", "float64"), ("float64", "float32", "float32"),
          ("bool", "float32", "float32"), ("int32", "int32", "float32")]


@pytest.mark.parametrize("labels, predictions, wanted", DTYPES)
def test_dtype_is_that_of_the_predictions(labels, predictions, wanted, session):
    loss = tf.losses.mean_squared_error(tf.constant([0, 1], labels), tf.constant([3, 1], predictions))
    assert loss.dtype.name == wanted and session.run(loss) == 4.5


# ---------------------------------------------------------------------- collections and names

def test_losses_are_collected(session):
    with tf.name_scope("tower"):
        a = tf.losses.mean_squared_error([1.0], [3.0])
    b = tf.losses.absolute_difference([1.0], [3.0], loss_collection="mine")
    c = tf.losses.absolute_difference([1.0], [4.0], scope="named", reduction=tf.losses.Reduction.NONE)
    tf.losses.mean_squared_error([1.0], [3.0], loss_collection=None)
    tf.losses.add_loss(b)
    tf.get_variable("w", [2], initializer=tf.ones_initializer(), regularizer=tf.reduce_sum)
    assert a.op.name == "tower/mean_squared_error/value" and c.op.name.startswith("named/")
    assert tf.losses.get_losses() == [a, c, b] and tf.losses.get_losses("tower") == [a] and tf.losses.get_losses(loss_collection="mine") == [b]
    total = tf.losses.get_total_loss(scope="tower"), tf.losses.get_total_loss(False, scope="tower|absolute", name="some")
    assert total[1].op.name == "some" and session.run(total) == (4.0, 6.0)
    assert session.run(tf.losses.get_regularization_loss()) == 2.0 and session.run(tf.losses.get_regularization_loss("no")) == 0.0


def test_training_on_a_loss(session):
    w = tf.get_variable("w", [3, 1], tf.float64)
    loss = tf.losses.mean_squared_error(A[:, :1], tf.matmul(tf.constant(B), w))
    step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.losses.get_total_loss())
    losses = [session.run([loss, step])[0] for _ in range(200)]
    best = np.linalg.lstsq(B, A[:, :1], rcond=None)
    np.testing.assert_allclose(losses[-1], best[1][0] / 4, rtol=0.05)


# ---------------------------------------------------------------------- what is refused

def x(*shape):
    return tf.placeholder(tf.float32, shape if shape != (None,) else None)


MISTAKES = [
    ("shapes", lambda: tf.losses.mean_squared_error(x(3, 1), x(3)), errors.ShapeError, "losses.mean_squared_error(Placeholder: float32[3,1]"),
    ("classes", lambda: tf.losses.softmax_cross_entropy(x(3, 4), x(3, 5)), errors.ShapeError, "and these differ: [3,4] and [3,5]"),
    ("weights", lambda: tf.losses.mean_squared_error(x(3, 2), x(3, 2), weights=[1.0, 1.0, 1.0]),
     errors.ShapeError, "weights of shape [3] are neither"),
    ("no labels", lambda: tf.losses.mean_squared_error(None, x(3)), errors.GraphError, "mean_squared_error: labels is None"),
    ("no logits", lambda: tf.losses.hinge_loss(x(3), None), errors.GraphError, "hinge_loss: logits is None"),
    ("no classes", lambda: tf.losses.sparse_softmax_cross_entropy(None, x(3, 2)), errors.GraphError, "labels is None"),
    ("texts", lambda: tf.losses.absolute_difference(["a"], [1.0]), errors.DTypeError, "holds no numbers"),
    ("reduction", lambda: tf.losses.mean_squared_error(x(3), x(3), reduction="mean"), errors.GraphError, "'mean' is no reduction"),
    ("no axis", lambda: tf.losses.cosine_distance(x(3), x(3)), errors.GraphError, "axis is not given"),
    ("no rows", lambda: tf.losses.mean_pairwise_squared_error(x(3), x(3)), errors.ShapeError, "not known to have rows"),
    ("no tensor", lambda: tf.losses.add_loss(3.0), errors.DTypeError, "3.0 is no tensor"),
    ("nothing", lambda: tf.losses.get_total_loss(), errors.GraphError, "add_n"),
]


@pytest.mark.parametrize("act, kind, text", [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_mistakes_are_named(act, kind, text):
    with pytest.raises(kind) as caught:
        act()
    assert text in str(caught.value) and "test_losses.py:" in str(caught.value)


# What only a run can tell: operands of open shapes that NumPy would broadcast.
OPEN = [
    ("column for vector", lambda a, b: tf.losses.mean_squared_error(a, b),
     [[1.0], [2.0]], [1.0, 2.0], "all operands have one shape, and these differ: [2,1] and [2]"),
    ("one for many", lambda a, b: tf.losses.absolute_difference(a, b), [1.0], [1.0, 2.0], "these differ: [1] and [2]"),
    ("weights", lambda a, b: tf.losses.compute_weighted_loss(b, weights=a), [1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]], "neither a scalar"),
    ("labels", lambda a, b: tf.losses.sigmoid_cross_entropy(a, b), [1.0, 0.0], [[1.0], [0.0]], "losses.sigmoid_cross_entropy("),
]


@pytest.mark.parametrize("rank", [False, True], ids=["open rank", "open sizes"])
@pytest.mark.parametrize("loss, first, second, text", [row[1:] for row in OPEN], ids=[row[0] for row in OPEN])
def test_a_run_refuses_what_would_broadcast(loss, first, second, text, rank, session):
    a, b = (tf.placeholder(tf.float32, [None] * np.ndim(v) if rank else None) for v in (first, second))
    try:
        made = loss(a, b)
    except errors.ShapeError as e:
        assert rank and "test_losses.py:" in str(e)
        return
    with pytest.raises(errors.InvalidArgumentError) as caught:
        session.run(made, {a: first, b: second})
    assert text in str(caught.value) and "test_losses.py:" in str(caught.value)
