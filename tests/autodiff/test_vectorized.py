"""`vectorized_map` against `map_fn`, which runs the function for each element."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors

DRAWN = np.random.default_rng(5)
ROWS, SQUARES = DRAWN.normal(size=(4, 3)).astype("float32"), DRAWN.normal(size=(4, 3, 3)).astype("float32")
WEIGHTS = DRAWN.normal(size=(3, 2)).astype("float32")

# A function of one element, and the elements.
CASES: dict[str, tuple[Any, Any]] = {
    "arithmetic": (lambda x: x * 2 + 1, ROWS), "product": (lambda x: tf.matmul(x[None, :], WEIGHTS)[0], ROWS),
    "nested": (lambda x: (tf.reduce_sum(x[0]), tf.linalg.inv(x[1] + 3 * np.eye(3, dtype="float32"))), (ROWS, SQUARES)),
    "a constant": (lambda x: tf.constant([1.0, 2.0]), ROWS), "backwards": (lambda x: x[::-1], ROWS),
    "branches": (lambda x: tf.cond(x[0] > 0, lambda: x, lambda: -x), ROWS),
    "a loop": (lambda x: tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * x), [0, x])[1], ROWS),
    "gradients": (lambda x: tf.gradients(tf.reduce_sum(x ** 3), x)[0], ROWS), "softmax": (tf.nn.softmax, ROWS),
    "a dict": (lambda x: {"a": tf.sort(x), "b": tf.cast(tf.argmax(x), tf.int32)}, ROWS), "without a rule": (lambda x: tf.nn.top_k(x, 2)[0], ROWS),
    "within each other": (lambda x: tf.vectorized_map(lambda y: y * x[0], x), ROWS),
}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("what", CASES)
def test_as_map_fn(what, known):
    function, elements = CASES[what]
    given = tf.nest.map_structure(lambda a: tf.placeholder_with_default(a, a.shape if known else [None, *a.shape[1:]]), elements)
    found = tf.vectorized_map(function, given)
    one_by_one = tf.map_fn(function, given, dtype=tf.nest.map_structure(lambda y: y.dtype, found))
    with tf.Session(jit=False) as session:
        ours, theirs = session.run([found, one_by_one])
    for a, b in zip(tf.nest.flatten(ours), tf.nest.flatten(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("what", CASES)
def test_no_elements(what, known):
    """Of which the function is seen none."""
    function, elements = CASES[what]
    given = tf.nest.map_structure(lambda a: tf.placeholder_with_default(a[:0], a[:0].shape if known else [None, *a.shape[1:]]), elements)
    found = tf.vectorized_map(function, given)
    one = tf.nest.map_structure(lambda a: tf.constant(a[0]), elements)
    with tf.Session(jit=False) as session:
        ours, theirs = session.run([found, function(one)])
    for a, b in zip(tf.nest.flatten(ours), tf.nest.flatten(theirs), strict=True):
        assert (a.shape, a.dtype) == ((0, *b.shape), b.dtype)


def test_variables_and_gradients():
    v = tf.Variable([1.0, 2.0, 3.0])
    y = tf.vectorized_map(lambda x: x * v, tf.constant(ROWS))
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(tf.gradients(y, v)[0]), ROWS.sum(0), rtol=1e-5)


REFUSED: dict[str, tuple[Any, Any, type[Exception], str]] = {
    "a scalar": (lambda x: x, 3.0, errors.ShapeError, "have not one first size"),
    "two sizes": (lambda x: x[0], (ROWS, SQUARES[:2]), errors.ShapeError, "have not one first size"),
    "nothing": (lambda x: x, (), errors.GraphError, "there are no tensors"),
    "random numbers": (lambda x: x + tf.random_normal([3]), ROWS, errors.UnimplementedError, "draws numbers or has an effect.*tf.map_fn"),
    "random numbers in a branch": (lambda x: tf.cond(x[0] > 0, lambda: x + tf.random_normal([3]), lambda: x), ROWS, errors.UnimplementedError,
                                   "draws numbers or has an effect"),
    "a variable": (lambda x: tf.Variable([1.0]), ROWS, errors.UnimplementedError, "the function makes a variable"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what):
    function, elements, kind, told = REFUSED[what]
    with pytest.raises(kind, match=told):
        tf.vectorized_map(function, elements)
