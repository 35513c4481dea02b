"""What TensorFlow 2.15 (compat.v1) gives where another answer is as plausible: values, dtypes, shapes and kinds of errors, recorded from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf

TALL = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]])
Q = [[-0.16903085094570325, 0.9778941948273627], [-0.5070925528371099, 0.020806259464412613], [-0.8451542547285166, -0.20806259464412002]]
LETTERS = [[["a", "b"], ["c", "d"]], [["e", "f"], ["g", "h"]]]
PAIRS = np.array([[1, 2], [3, 4]], np.int32)

# name: what is built, dtype and value
VALUES: dict[str, tuple[Any, str, Any]] = {
    "a leaky relu of integers": (lambda: tf.nn.leaky_relu(np.array([-2, -1, 0, 1, 2])), "float32", np.float32([-0.4, -0.2, 0, 1, 2])),
    "... of a list": (lambda: tf.nn.leaky_relu([-2, 1], alpha=0.5), "float32", [-1, 1]),
    "... of float64": (lambda: tf.nn.leaky_relu(np.array([-2.0, 1.0])), "float64", [-0.4, 1]),
    "a bincount of nothing": (lambda: tf.bincount([], minlength=5), "int32", [0] * 5),
    "... with a dtype": (lambda: tf.bincount([], dtype=tf.float32), "float32", []),
    "limits repeated": (lambda: tf.clip_by_value([[1.0, 2.0], [3.0, 4.0]], [0.0, 1.0], 3.0), "float32", [[1, 2], [3, 3]]),
    "the signs of q": (lambda: tf.qr(TALL).q, "float64", Q),
    "the signs of r": (lambda: tf.qr(TALL).r, "float64", [[-5.916079783099616, -7.859934568975204], [0, 0.6866065623255949]]),
    "the signs of r, wide": (lambda: tf.qr(TALL.T).r, "float64", [[-2.23606797749979, -4.919349550499537, -8.04984471899924],
                                                                  [0, -0.8944271909999157, -1.5652475842498508]]),
    "positions behind leading axes": (lambda: tf.gather_nd(PAIRS, [[0], [1]], batch_dims=1), "int32", [1, 4]),
    "... of two": (lambda: tf.gather_nd(np.arange(12).reshape(2, 2, 3), [[[2], [0]], [[1], [1]]], batch_dims=2), "int64", [[2, 3], [7, 10]]),
    "... and rows": (lambda: tf.gather_nd(np.arange(12).reshape(2, 2, 3), [[1], [0]], batch_dims=1), "int64", [[3, 4, 5], [6, 7, 8]]),
    "a quotient of int16": (lambda: tf.constant([7, 3], tf.int16) / tf.constant([2, 2], tf.int16), "float32", [3.5, 1.5]),
    "... and a number": (lambda: tf.constant([7, 3], tf.int16) / 2, "float32", [3.5, 1.5]),
    "a quotient of int32": (lambda: tf.constant([7, 3]) / tf.constant([2, 2]), "float64", [3.5, 1.5]),
    "the type float": (lambda: tf.cast([1, 2], float), "float32", [1, 2]),
    "the name float": (lambda: tf.zeros([1], "float"), "float32", [0]),
    "the name double": (lambda: tf.zeros([1], "double"), "float64", [0]),
}
TEXTS = {
    "complex numbers": (lambda: tf.as_string(tf.constant([1.5 + 2j], tf.complex64)), [b"(1.500000,2.000000)"]),
    "... of two digits": (lambda: tf.as_string(tf.constant([1.5 - 2j], tf.complex64), precision=2), [b"(1.50,-2.00)"]),
    "joined along axes in order": (lambda: tf.reduce_join(LETTERS, [0, 1]), [b"aecg", b"bfdh"]),
    "... the other way round": (lambda: tf.reduce_join(LETTERS, [1, 0]), [b"aceg", b"bdfh"]),
    "... counted from the end": (lambda: tf.reduce_join(LETTERS, [0, -1], keep_dims=True, separator="-"), [[[b"a-e-b-f"], [b"c-g-d-h"]]]),
    "... of a tensor": (lambda: tf.reduce_join(LETTERS, tf.constant([0, 2])), [b"aebf", b"cgdh"]),
    "... along all": (lambda: tf.reduce_join(LETTERS, None), b"abcdefgh"),
    "integers with zeros": (lambda: tf.as_string([1, -2], width=5, fill="0"), [b"00001", b"-0002"]),
}
REFUSED: dict[str, tuple[Any, type[Exception]]] = {
    "a limit of higher rank": (lambda: tf.clip_by_value([1.0, 2.0], [[0.0], [1.0]], 3.0), ValueError),
    "limits of a scalar": (lambda: tf.clip_by_value(5.0, [0.0, 1.0], 3.0), ValueError),
    "a filling that is a vector": (lambda: tf.fill([2, 2], [3, 4]), ValueError),
    "the diagonal of a scalar": (lambda: tf.diag(1.0), ValueError),
    "a diagonal part of an oblong": (lambda: tf.diag_part(np.ones((2, 3))), ValueError),
    "an axis twice": (lambda: tf.reduce_join([["a"]], [0, -2]), ValueError),
    "digits of integers": (lambda: tf.as_string([1, 2], precision=3), tf.errors.InvalidArgumentError),
    "integers as powers of ten": (lambda: tf.as_string([1, 2], scientific=True), tf.errors.InvalidArgumentError),
    "two forms": (lambda: tf.as_string([1.5], scientific=True, shortest=True), tf.errors.InvalidArgumentError),
    "a filling of letters": (lambda: tf.as_string([1.0], fill="ab", width=3), tf.errors.InvalidArgumentError),
}


@pytest.mark.parametrize("row", VALUES)
def test_values(row: str, session: tf.Session) -> None:
    build, dtype, value = VALUES[row]
    found = session.run(build())
    assert found.dtype == dtype
    np.testing.assert_allclose(found, value, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("row", TEXTS)
def test_texts(row: str, session: tf.Session) -> None:
    build, value = TEXTS[row]
    assert np.asarray(session.run(build()), object).tolist() == value


@pytest.mark.parametrize("row", REFUSED)
def test_what_is_refused(row: str) -> None:
    build, kind = REFUSED[row]
    with pytest.raises(kind):
        build()


def test_limits_that_a_run_brings(session: tf.Session) -> None:
    t, low = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    y = tf.clip_by_value(t, low, 3.0)
    np.testing.assert_array_equal(session.run(y, {t: [[1, 5], [0, 2]], low: [1, 2]}), [[1, 3], [1, 2]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="clip_by_value"):
        session.run(y, {t: [1, 5], low: [[1], [2]]})


def test_positions_of_unknown_rank(session: tf.Session) -> None:
    x, at = tf.placeholder(tf.int32), tf.placeholder(tf.int32)
    y = tf.gather_nd(x, at, batch_dims=1)
    assert session.run(y, {x: PAIRS, at: [[1], [0]]}).tolist() == [2, 3]
    with pytest.raises(tf.errors.InvalidArgumentError):
        session.run(y, {x: PAIRS, at: [[2], [0]]})


def test_blocks_of_unknown_rank(session: tf.Session) -> None:
    x, crops = tf.placeholder(tf.float32), tf.placeholder(tf.int32, [2, 2])
    there = tf.space_to_batch_nd(x, [2, 2], crops)
    back = tf.batch_to_space(there, crops, 2)
    value = np.arange(24, dtype=np.float32).reshape(2, 3, 4, 1)
    a, b, g = session.run([there, back, tf.gradients(tf.square(back), x)[0]], {x: value, crops: [[1, 0], [0, 0]]})
    assert a.shape == (8, 2, 2, 1)
    np.testing.assert_array_equal(b, value)
    np.testing.assert_array_equal(g, 2 * value)


# Rates at thresholds of which several are as near: labels, predictions, level, rate. TensorFlow takes the last for a specificity.
RATES = [
    (tf.metrics.specificity_at_sensitivity, [0, 1, 1, 0], [0.0, 1.0, 1.0, 0.0], 0.7, 1.0),
    (tf.metrics.specificity_at_sensitivity, [0] * 5 + [1] * 5, [0.0, 0.1, 0.2, 0.3, 0.4, 0.1, 0.2, 0.2, 0.26, 0.26], 0.4, 0.6),
    (tf.metrics.sensitivity_at_specificity, [0] * 5 + [1] * 5, [0.0, 0.1, 0.2, 0.3, 0.4, 0.01, 0.02, 0.25, 0.26, 0.26], 0.8, 0.0),
]


@pytest.mark.parametrize("metric, labels, predictions, level, rate", RATES)
def test_rates_at_the_nearest_threshold(metric: Any, labels: Any, predictions: Any, level: float, rate: float, session: tf.Session) -> None:
    value, update = metric(np.array(labels), np.array(predictions), level)
    session.run(tf.local_variables_initializer())
    assert session.run(update) == pytest.approx(rate) == session.run(value)


def test_shapes_that_are_known() -> None:
    assert tf.dynamic_stitch([[0, 4], [1]], [tf.zeros([2, 3]), tf.zeros([1, 3])]).shape.as_list() == [5, 3]
    assert tf.nn.dropout(tf.ones([40, 30]), 0.5, noise_shape=tf.placeholder(tf.int32)).shape.as_list() == [40, 30]


def test_what_is_dropped_together_where_a_run_says_so(session: tf.Session) -> None:
    noise = tf.placeholder(tf.int32)
    y = tf.nn.dropout(tf.ones([40, 3]), 0.5, noise_shape=noise)
    for together in ([40, 1], [1, 3], [3], [40, 3]):
        found = session.run(y, {noise: together})
        assert found.shape == (40, 3) and {*np.unique(found)} <= {0.0, 2.0}
    assert (session.run(y, {noise: [40, 1]}).std(1) == 0).all()
