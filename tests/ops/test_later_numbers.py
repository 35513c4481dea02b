"""Bits, neighbours, running logarithms and mel bands: a row each, with the value that TensorFlow 2.15's `compat.v1` gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors

X = np.array([[0.0, 1.0, -2.0], [3.0, -100.0, 100.0]])
WEIGHTS = np.array([[1.0, -2.0, 3.0], [1.0, 1.0, -1.0]])
INF = np.inf


def _slope(**how: Any) -> Any:
    x = tf.constant(X)
    return tf.gradients(tf.math.cumulative_logsumexp(x, 1, **how) * WEIGHTS, x)[0]


VALUES: list[Any] = [
    ("cumulative_logsumexp", lambda: tf.math.cumulative_logsumexp(X), [[0.0, 1.0, -2.0], [3.048587351573742, 1.0, 100.0]]),
    ("cumulative_logsumexp, exclusive", lambda: tf.math.cumulative_logsumexp(X, 1, exclusive=True),
     [[-INF, 0.0, 1.3132616875182228], [-INF, 3.0, 3.0]]),
    ("cumulative_logsumexp, reverse", lambda: tf.math.cumulative_logsumexp(X, -1, reverse=True),
     [[1.3490122167681864, 1.048587351573742, -2.0], [100.0, 100.0, 100.0]]),
    ("cumulative_logsumexp, slope", lambda: _slope(),
     [[1.240606538287267, 0.6540363808347132, 0.10535708087801918], [2, 1.8521167695179754e-45, -1]]),
    ("cumulative_logsumexp, exclusive, slope", lambda: _slope(exclusive=True),
     [[-1.1931757358900148, 2.1931757358900144, 0.0], [0.0, -1.8521167695179754e-45, 0.0]]),
    ("nextafter", lambda: tf.math.nextafter([0.0, 1.0, 1.0, INF], [1.0, 2.0, 0.0, 0.0]),
     [1.401298464324817e-45, 1.0000001192092896, 0.9999999403953552, 3.4028234663852886e38]),
    ("bitcast", lambda: tf.bitcast([1.0, -2.0], tf.int32), [1065353216, -1073741824]),
    ("bitcast to smaller ones", lambda: tf.bitcast(tf.constant([1, -1]), tf.uint8), [[1, 0, 0, 0], [255] * 4]),
    ("bitcast to larger ones", lambda: tf.bitcast(tf.constant([[0, 0, 128, 63]], tf.uint8), tf.float32), [1.0]),
    ("bitcast of a complex number", lambda: tf.bitcast(tf.constant(1 + 2j, tf.complex128), tf.float64), [1, 2]),
    ("mel bands", lambda: tf.signal.linear_to_mel_weight_matrix(4, 9, 8000, 125.0, 3000.0, tf.float64),
     [[0, 0, 0, 0], [0.7516083398320871, 0.24839166016791292, 0, 0], [0, 0.5911312272662673, 0.4088687727337327, 0],
      [0, 0, 0.7321044407529045, 0.26789555924709546], [0, 0, 0.04977696164322176, 0.9502230383567782], [0, 0, 0, 0.4837127805849924],
      [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
    ("cepstra", lambda: tf.signal.mfccs_from_log_mel_spectrograms(np.array([[1.0, 2.0, 0.5, -1.0]], "float32")),
     [[1.7677669525146484, 1.7124598026275635, -1.2499998807907104, -0.4387260973453522]]),
]


@pytest.mark.parametrize("build, wanted", [row[1:] for row in VALUES], ids=[row[0] for row in VALUES])
def test_values(build, wanted):
    found = tf.Session(jit=False).run(build())
    np.testing.assert_allclose(found, wanted, rtol=1e-6 if found.dtype == np.float32 else 1e-12, atol=1e-50)


REFUSED: list[Any] = [
    ("logarithms of integers", lambda: tf.math.cumulative_logsumexp([1, 2]), errors.DTypeError, "logarithms are floating"),
    ("a scalar", lambda: tf.math.cumulative_logsumexp(1.0), errors.ShapeError, "a scalar has no axis"),
    ("next to integers", lambda: tf.math.nextafter([1], [2]), errors.DTypeError, "one floating dtype"),
    ("bits of booleans", lambda: tf.bitcast([True], tf.uint8), errors.DTypeError, "bits are read of numbers"),
    ("too few bytes", lambda: tf.bitcast(tf.constant([1, 2, 3], tf.uint8), tf.int32), errors.ShapeError, "4 elements of uint8 are one of int32"),
    ("bands of integers", lambda: tf.signal.linear_to_mel_weight_matrix(dtype=tf.int32), errors.DTypeError, "weights are floating"),
    ("a rate that is not known", lambda: tf.signal.linear_to_mel_weight_matrix(sample_rate=tf.placeholder(tf.float32)), errors.DTypeError,
     "sample_rate is a number"),
    ("edges beyond", lambda: tf.signal.linear_to_mel_weight_matrix(upper_edge_hertz=4001.0), errors.InvalidArgumentError, "4001.0 Hz"),
    ("no bands", lambda: tf.signal.mfccs_from_log_mel_spectrograms(tf.zeros([2, 0])), errors.ShapeError, "has no bands"),
]


@pytest.mark.parametrize("build, kind, message", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
