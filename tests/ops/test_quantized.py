"""Numbers as few bits hold them: a row each, with the value that TensorFlow 2.15's `compat.v1` gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors

X = [-8.0, -6.3, -0.02, 0.0, 0.03, 1.2, 5.99, 7.0]
Y = [[-3.0, 0.4, 5.0], [0.1, 0.6, -0.2]]
LOW, HIGH = [-1.0, 0.0, -4.0], [1.0, 0.5, 4.0]
RISING = np.arange(1.0, 9.0, dtype="float32")
Z = [-3.0, -0.5, 0.5, 1.5, 2.2, 9.0]


def _both(x: Any, **how: Any) -> Any:
    return tf.quantization.quantize_and_dequantize(x, **{"input_min": 0.0, "input_max": 0.0, **how})


VALUES: list[Any] = [
    ("args", lambda: tf.fake_quant_with_min_max_args(X),
     [-6.023529529571533, -6.023529529571533, 0.0, 0.0, 0.0470588244497776, 1.2235294580459595, 5.976470470428467, 5.976470470428467]),
    ("args, narrow", lambda: tf.fake_quant_with_min_max_args(X, -0.5, 2.0, 4, True),
     [-0.5357142686843872, -0.5357142686843872, 0.0, 0.0, 0.0, 1.25, 1.9642857313156128, 1.9642857313156128]),
    ("args, gradient", lambda: tf.fake_quant_with_min_max_args_gradient(2 * tf.ones([8]), X, -1.0, 5.99), [0, 0, 2, 2, 2, 2, 2, 0]),
    ("vars", lambda: tf.fake_quant_with_min_max_vars(X, -1.0, 4.0, 3),
     [-0.7142857313156128, -0.7142857313156128, 0.0, 0.0, 0.0, 1.4285714626312256, 4.285714149475098, 4.285714149475098]),
    ("vars above 0", lambda: tf.fake_quant_with_min_max_vars([1.0, 2.0, -3.0], 2.0, 4.0), [0.9960784912109375, 2, 0]),
    ("vars below 0", lambda: tf.fake_quant_with_min_max_vars([1.0, 2.0, -3.0], -4.0, -2.0), [0, 0, -2]),
    ("vars without a range", lambda: tf.fake_quant_with_min_max_vars(X, 0.0, 0.0), [0] * 8),
    *((f"vars, gradient {i}", lambda i=i: tf.fake_quant_with_min_max_vars_gradient(RISING, X, -1.0, 4.0, 3)[i], wanted)
      for i, wanted in enumerate(([0, 0, 3, 4, 5, 6, 0, 0], 3, 15))),
    *((f"vars without a range, gradient {i}", lambda i=i: tf.fake_quant_with_min_max_vars_gradient(RISING, X, 0.0, 0.0)[i], wanted)
      for i, wanted in enumerate((RISING, 0, 0))),
    ("channels", lambda: tf.fake_quant_with_min_max_vars_per_channel(Y, LOW, HIGH, 4),
     [[-0.9333333969116211, 0.40000003576278687, 4.266666889190674], [0.13333334028720856, 0.5, 0.0]]),
    ("channels of a vector", lambda: tf.quantization.fake_quant_with_min_max_vars_per_channel([0.3, 0.7], [-1.0, 0.0], [1.0, 0.5], 4),
     [0.2666666805744171, 0.5]),
    *((f"channels, gradient {i}", lambda i=i: tf.fake_quant_with_min_max_vars_per_channel_gradient([[1.0, 2, 3], [4, 5, 6]], Y, LOW, HIGH, 4)[i],
       wanted) for i, wanted in enumerate(([[0, 2, 0], [4, 0, 6]], [1, 0, 0], [0, 5, 3]))),
    ("both ways", lambda: _both(Z), [-2.9763782024383545, -0.4960630238056183, 0.4960630238056183, 1.4881891012191772, 2.196850538253784, 9.0]),
    ("both ways of a range", lambda: _both(Z, range_given=True, input_min=-2.0, input_max=1.0), [-2.0, -0.5, 0.5, 1.5, 1.984375, 1.984375]),
    ("both ways without a sign", lambda: _both(Z, signed_input=False, range_given=True, input_max=5.0, num_bits=3),
     [0.0, 0.0, 0.7142857313156128, 1.4285714626312256, 2.142857074737549, 5.0]),
    ("both ways, narrow", lambda: _both(Z, num_bits=4, narrow_range=True), [-2.5714285373687744, 0, 0, 1.2857142686843872, 2.5714285373687744, 9]),
    ("both ways, half up", lambda: _both(Z, num_bits=3, round_mode="HALF_UP", range_given=True, input_min=-4.0, input_max=3.0), [-3, 0, 1, 2, 2, 3]),
    ("both ways by columns", lambda: _both([[1.0, -3.0], [10.0, 2.0]], input_min=[0.0, -4.0], input_max=[2.0, 4.0], num_bits=4, axis=1,
                                           range_given=True), [[1.1428571939468384, -2.857142925262451], [2.0, 2.2857143878936768]]),
    ("both ways by rows", lambda: _both([[1.0, -3.0], [10.0, 2.0]], num_bits=4, axis=0) - tf.stack(
        [_both([1.0, -3.0], num_bits=4), _both([10.0, 2.0], num_bits=4)]), np.zeros((2, 2))),
    ("both ways of zeros", lambda: _both([0.0, 0.0]), [0, 0]),
    ("both ways below 0", lambda: _both([-1.0, -2.5], num_bits=3), [-1.25, -2.5]),
    ("both ways above 0", lambda: _both([1.0, 2.5], num_bits=3, signed_input=False), [1.0714285373687744, 2.5]),
]


@pytest.mark.parametrize("build, wanted", [row[1:] for row in VALUES], ids=[row[0] for row in VALUES])
def test_values(build, wanted):
    np.testing.assert_allclose(tf.Session(jit=False).run(build()), wanted, rtol=2e-7, atol=1e-7)


def test_kernels_give_the_same(session):
    x, low, high = tf.constant(Y), tf.constant(LOW), tf.constant(HIGH)
    y = tf.fake_quant_with_min_max_vars_per_channel(x, low, high, 4)
    found = session.run([y, *tf.gradients(y * [[1.0, 2, 3], [4, 5, 6]], [x, low, high])])
    wanted = [VALUES[[row[0] for row in VALUES].index(name)][2] for name in ("channels", *(f"channels, gradient {i}" for i in range(3)))]
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-7, atol=1e-7)


def test_gradients():
    x = tf.constant([-3.0, 0.5, 9.0])
    args, both = tf.fake_quant_with_min_max_args(x, -1.0, 1.0), tf.quantization.quantize_and_dequantize(x, -1.0, 1.0, range_given=True)
    found = tf.Session(jit=False).run([tf.gradients(y * [2.0, 3.0, 4.0], x)[0] for y in (args, both)])
    np.testing.assert_array_equal(found, [[0, 3, 0], [2, 3, 4]])


REFUSED: list[Any] = [
    ("integers", lambda: tf.fake_quant_with_min_max_args(tf.constant([1])), errors.DTypeError, "is not floating"),
    ("bounds the wrong way round", lambda: tf.fake_quant_with_min_max_args(X, 1.0, 1.0), errors.InvalidArgumentError, "min must be less than max"),
    ("a bit", lambda: tf.fake_quant_with_min_max_vars(X, 0.0, 1.0, 1), errors.InvalidArgumentError, "between 2 and 16, not 1"),
    ("bounds in a row", lambda: tf.fake_quant_with_min_max_vars(X, [0.0], 1.0), errors.ShapeError, "a scalar"),
    ("other channels", lambda: tf.fake_quant_with_min_max_vars_per_channel(Y, [0.0], HIGH), errors.ShapeError, "a number a channel"),
    ("two dtypes", lambda: tf.fake_quant_with_min_max_vars(X, tf.zeros([], tf.float64), 1.0), errors.DTypeError, "is not of the dtype of"),
    ("another rounding", lambda: _both(Z, round_mode="UP"), errors.InvalidArgumentError, "HALF_TO_EVEN or HALF_UP"),
    ("an axis beyond", lambda: _both(Z, axis=1), errors.ShapeError, "axis"),
    ("64 bits", lambda: _both(Z, num_bits=64), errors.InvalidArgumentError, "between 2 and 63"),
]


@pytest.mark.parametrize("build, kind, message", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
