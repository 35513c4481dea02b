"""Several steps of one variable in one run: each goes on from what the one before it leaves."""

import numpy as np
import pytest

import graphc as tf
from tests.test_train import OPTIMIZERS, START


@pytest.mark.parametrize("jit", [True, False], ids=["jit", "interpreted"])
@pytest.mark.parametrize("by", ["gradients", "rows"])
@pytest.mark.parametrize("shared", [True, False], ids=["one optimizer", "two optimizers"])
@pytest.mark.parametrize("make", [o[1] for o in OPTIMIZERS], ids=[o[0] for o in OPTIMIZERS])
def test_two_steps_in_a_run_are_those_of_two_runs(make, shared, by, jit):
    """Gradients are fed, so that what a run of both leaves is what a run of each, one after the other, leaves: TensorFlow changes in place."""
    tf.train.create_global_step()                     # which dual averaging reads
    v, count = tf.Variable(START.reshape(3, 1)), tf.Variable(0, trainable=False)
    g = [tf.placeholder(tf.float64, (3 if by == "gradients" else 2, 1)) for _ in range(2)]
    rows = g if by == "gradients" else [tf.IndexedSlices(x, at, tf.shape(v)) for x, at in zip(g, ([2, 0], [0, 1]), strict=True)]
    first = make()
    second = first if shared else make()
    steps = [optimizer.apply_gradients([(x, v)], count) for optimizer, x in zip((first, second), rows, strict=True)]
    fed = {g[0]: [[0.5], [-1.0], [2.0]][:g[0].shape[0].value], g[1]: [[1.5], [0.25], [-0.5]][:g[0].shape[0].value]}
    found = []
    for runs in ([steps], steps):
        with tf.Session(jit=jit) as s:
            s.run(tf.global_variables_initializer())
            for _ in range(2):
                for run in runs:
                    s.run(run, fed)
            found.append(s.run(tf.global_variables()))
    for together, apart in zip(*found, strict=True):
        np.testing.assert_allclose(together, apart, rtol=1e-12)


def test_two_gradients_of_one_variable_both_count(session):
    v = tf.Variable(1.0)
    step = tf.train.GradientDescentOptimizer(0.1).apply_gradients([(tf.constant(1.0), v), (tf.constant(2.0), v)])
    session.run(step)
    assert session.run(v) == pytest.approx(0.7)
