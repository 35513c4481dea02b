"""Moving averages against the recurrence in numpy float64."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc import errors

VALUES = np.array([[3.0, -1.0], [5.0, 2.0], [-2.0, 0.5], [0.25, 8.0]])
START = np.array([1.0, 2.0])


def averaged(values, start, decay=0.9, dynamic=False):
    for n, value in enumerate(values):
        d = min(decay, (1 + n) / (10 + n)) if dynamic else decay
        start = d * start + (1 - d) * value
        yield start


def debiased(values, decay=0.9):
    """Kingma and Ba 2015, section 3: the average that began at 0, divided by 1 - decay^t."""
    for t, biased in enumerate(averaged(values, 0 * values[0], decay), 1):
        yield biased / (1 - decay ** t)


CASES = [
    ("plain", {}, False, lambda: averaged(VALUES, START)),
    ("as quick as the count", {"num_updates": True}, False, lambda: averaged(VALUES, START, dynamic=True)),
    ("debiased", {"zero_debias": True}, False, lambda: debiased(VALUES)),
    ("of a tensor", {}, True, lambda: debiased(2 * VALUES)),
]


@pytest.mark.parametrize("options, tensor, wanted", [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_average(options, tensor, wanted, session):
    v, fed, n = tf.Variable(START, name="v"), tf.placeholder(tf.float64, [2]), tf.Variable(0, trainable=False)
    ema = tf.train.ExponentialMovingAverage(0.9, **{**options, **({"num_updates": n} if "num_updates" in options else {})})
    with tf.control_dependencies([v.assign(fed)]):
        x = tf.multiply(v, 2.0, name="doubled") if tensor else v
        step = ema.apply([x])
    with tf.control_dependencies([step]):
        step = tf.group(n.assign_add(1))
    for value, right in zip(VALUES, wanted(), strict=True):
        session.run(step, {fed: value})
        np.testing.assert_allclose(session.run(ema.average(x)), right, rtol=1e-12)


# Three steps towards [1, 3] and [2, 5] by 0.9, from [0, 1]: with zero_debias and without, as TensorFlow 2.15's recurrence has them.
@pytest.mark.parametrize("zero_debias", [True, False])
def test_assigned_average(zero_debias, session):
    from graphc.python.training import moving_averages
    v = tf.Variable([0.0, 1.0], dtype=tf.float64, name="v")
    fed = tf.placeholder(tf.float64, [2])
    moved = moving_averages.assign_moving_average(v, fed, 0.9, zero_debias=zero_debias)
    wanted = debiased(VALUES) if zero_debias else averaged(VALUES, np.array([0.0, 1.0]))
    for value, right in zip(VALUES, wanted, strict=True):
        np.testing.assert_allclose(session.run(moved, {fed: value}), right, rtol=1e-12)
        np.testing.assert_allclose(session.run(v), right, rtol=1e-12)
    assert [x.op.name for x in tf.global_variables()] == ["v", *(["v/biased", "v/local_step"] if zero_debias else [])]


def test_weighted_average(session):
    from graphc.python.training import moving_averages
    x, w = tf.placeholder(tf.float64, [2]), tf.placeholder(tf.float64, [2])
    found = moving_averages.weighted_moving_average(x, 0.5, w)
    top = below = np.zeros(2)
    for value, weight in zip(VALUES, np.abs(VALUES[::-1]), strict=True):
        top, below = 0.5 * top + 0.5 * value * weight, 0.5 * below + 0.5 * weight
        np.testing.assert_allclose(session.run(found, {x: value, w: weight}), top / below, rtol=1e-12)
    assert [v.op.name for v in tf.global_variables()] == ["WeightedMovingAvg/value_x_weight", "WeightedMovingAvg/weight"]


def test_an_average_of_no_variable():
    from graphc.python.training import moving_averages
    with pytest.raises(errors.DTypeError, match="takes a variable of a floating dtype"):
        moving_averages.assign_moving_average(tf.constant(1.0), 1.0, 0.9)
    with pytest.raises(errors.ShapeError, match="is not known"):
        moving_averages.weighted_moving_average(tf.placeholder(tf.float32), 0.5, 1.0)


def test_names_and_collections():
    with tf.variable_scope("net"):
        w, b = tf.get_variable("w", [2]), tf.get_variable("b", [2], trainable=False)
    ema = tf.train.ExponentialMovingAverage(0.99, name="avg")
    op = ema.apply()
    assert ema.average(w).op.name == "net/w/avg" == ema.average_name(w) and ema.average(b) is None and ema.average_name(b) == "net/b/avg"
    assert tf.moving_average_variables() == [w] and not ema.average(w).trainable and ema.average(w) in tf.global_variables()
    assert op.name == "avg" and ema.name == "avg"
    assert ema.variables_to_restore() == {"net/w/avg": w, "net/b": b}
    assert ema.variables_to_restore([b]) == {"net/b/avg": b, "net/w": w, "net/w/avg": ema.average(w)}
    again = ema.average(w)
    ema.apply([w, w, b])
    assert ema.average(w) is again and ema.average(b).op.name == "net/b/avg"


def test_averages_are_restored_in_the_place_of_values(tmp_path, session):
    w = tf.Variable([1.0], name="w")
    ema = tf.train.ExponentialMovingAverage(0.5)
    with tf.control_dependencies([w.assign([3.0])]):
        step = ema.apply([w])
    session.run(step)
    path = tf.train.Saver().save(session, tmp_path / "m")
    assert session.run(w) == [3.0]
    tf.train.Saver(ema.variables_to_restore()).restore(session, path)
    assert session.run(w) == [2.0]


MISTAKES = [
    (lambda: tf.train.ExponentialMovingAverage(0.9).apply(), errors.GraphError, "there is nothing to average"),
    (lambda: tf.train.ExponentialMovingAverage(0.9).apply([tf.constant(1)]), errors.DTypeError, "Const: int32[] (test_averages.py:"),
    (lambda: tf.train.ExponentialMovingAverage(0.9).apply([3.0]), errors.DTypeError, "3.0 is no variable"),
    (lambda: tf.train.ExponentialMovingAverage(0.9).apply([tf.placeholder(tf.float32, [None])]), errors.ShapeError, "is not known"),
    (lambda: tf.train.ExponentialMovingAverage(0.9).average_name("w"), errors.DTypeError, "'w' is no variable"),
]


@pytest.mark.parametrize("act, kind, text", MISTAKES)
def test_mistakes_are_named(act, kind, text):
    with pytest.raises(kind) as caught:
        act()
    assert text in str(caught.value) and "test_averages.py:" in str(caught.value)
