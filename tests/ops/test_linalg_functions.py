"""Functions of matrices: a row each, with the value that TensorFlow 2.15's `compat.v1` gives; their slopes are what differences say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors

M = np.array([[1.0, 2.0], [0.5, -1.0]])
BANDS = np.array([[1.0, 2.0, 9.0], [3.0, 4.0, 5.0], [9.0, 6.0, 7.0]])          # above, main, below; the nines are none
SIDES = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
SOLVED = [[-0.08333333333333322, -0.3333333333333332], [1.2499999999999996, 2.999999999999999], [-0.7499999999999994, -2.9999999999999987]]
TIMES = [[6.0, 10.0], [28.0, 40.0], [46.0, 58.0]]


def _slope(f: Callable[[Any], Any], at: Any, weights: Any) -> Any:
    x = tf.constant(at)
    return tf.gradients(f(x) * weights, x)[0]


VALUES: list[Any] = [
    ("expm", lambda: tf.linalg.expm(np.stack([M, 6 * M])),
     [[[3.5464824286171615, 2.736597744017182], [0.6841494360042955, 0.8098846845999804]],
      [[4133.724922422941, 3424.489680916488], [856.122420229122, 709.2352415064528]]]),
    ("expm, its slope", lambda: _slope(tf.linalg.expm, M, np.array([[1.0, 2.0], [3.0, 4.0]])),
     [[9.030309281415743, 4.700060297965414], [11.958746831818702, 5.281355681648588]]),
    ("sqrtm", lambda: tf.linalg.sqrtm(np.array([[4.0, 1.0], [2.0, 3.0]])),
     [[1.962116505790891, 0.273951471708898], [0.5479029434177962, 1.6881650340819927]]),
    ("matvec", lambda: tf.linalg.matvec(M, [1.0, 2.0]), [5.0, -1.5]),
    ("matvec, transposed", lambda: tf.linalg.matvec(M, [1.0, 2.0], transpose_a=True), [2.0, 0.0]),
    ("normalize", lambda: tf.linalg.normalize(M)[0], [[0.4, 0.8], [0.2, -0.4]]),
    ("normalize, the norm", lambda: tf.linalg.normalize(M)[1], [[2.5]]),
    ("normalize by rows", lambda: tf.linalg.normalize(M, ord=1, axis=1)[0], [[1 / 3, 2 / 3], [1 / 3, -2 / 3]]),
    ("lu", lambda: tf.linalg.lu(np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 10]]))[0],
     [[7.0, 8.0, 10.0], [0.14285714285714285, 0.8571428571428572, 1.5714285714285716], [0.5714285714285714, 0.5000000000000002, -0.5]]),
    ("lu, the order", lambda: tf.linalg.lu(np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 10]]), tf.int64)[1], [2, 0, 1]),
    ("tridiagonal_matmul", lambda: tf.linalg.tridiagonal_matmul([[9.0, 1, 2], [3, 4, 5], [6, 7, 9]], SIDES.astype("float32")),
     [[30.0, 42.0], [24.0, 36.0], [52.0, 66.0]]),
    ("tridiagonal_matmul of a sequence", lambda: tf.linalg.tridiagonal_matmul(list(BANDS), SIDES, "sequence"), TIMES),
    ("tridiagonal_matmul of short ones", lambda: tf.linalg.tridiagonal_matmul([BANDS[0, :2], BANDS[1], BANDS[2, 1:]], SIDES, "sequence"), TIMES),
    ("tridiagonal_solve", lambda: tf.linalg.tridiagonal_solve(BANDS, SIDES), SOLVED),
    ("tridiagonal_solve, turned", lambda: tf.linalg.tridiagonal_solve(BANDS, SIDES.T, transpose_rhs=True, conjugate_rhs=True), SOLVED),
    ("tridiagonal_solve of a vector", lambda: tf.linalg.tridiagonal_solve(BANDS, SIDES[:, 0]), [row[0] for row in SOLVED]),
    ("of a matrix", lambda: tf.linalg.tridiagonal_solve(np.array([[3.0, 2, 9], [3, 4, 5], [9, 6, 7]]), np.arange(1.0, 4), "matrix"),
     [0.0, 0.5, 0.0]),
]


@pytest.mark.parametrize("build, wanted", [row[1:] for row in VALUES], ids=[row[0] for row in VALUES])
def test_values(build, wanted, session):
    np.testing.assert_allclose(session.run(build()), wanted, rtol=1e-9, atol=1e-12)


GENERAL = np.array([[2.0, -1.0, 0.5], [0.7, 1.5, -0.4], [3.0, 0.8, 1.8]])
WEIGHTS = np.array([[0.3, -1.0, 0.2], [0.9, 0.4, -0.6], [0.1, 0.7, 1.1]])
SLOPES: list[Any] = [
    ("expm", tf.linalg.expm, GENERAL), ("expm, squared often", tf.linalg.expm, 3 * GENERAL), ("sqrtm", tf.linalg.sqrtm, GENERAL),
    ("lu", lambda a: tf.linalg.lu(a)[0], GENERAL), ("bands", lambda a: tf.linalg.tridiagonal_solve(a, WEIGHTS), BANDS),
    ("right sides", lambda a: tf.linalg.tridiagonal_solve(BANDS, a), GENERAL),
    ("a matrix of bands", lambda a: tf.linalg.tridiagonal_solve(a, WEIGHTS, "matrix"), GENERAL),
    ("products of bands", lambda a: tf.linalg.tridiagonal_matmul(a, WEIGHTS), BANDS)]


@pytest.mark.parametrize("f, at", [row[1:] for row in SLOPES], ids=[row[0] for row in SLOPES])
def test_slopes(f, at):
    x = tf.placeholder(tf.float64, [3, 3])
    y = tf.reduce_sum(f(x) * WEIGHTS)
    with tf.Session(jit=False) as session:
        found = session.run(tf.gradients(y, x)[0], {x: at})
        for i in np.ndindex(at.shape):
            step = np.zeros_like(at)
            step[i] = 1e-6
            up, down = session.run(y, {x: at + step}), session.run(y, {x: at - step})
            assert abs((up - down) / 2e-6 - found[i]) < 1e-6 * max(1.0, abs(up)), i


def test_a_batch_is_squared_as_often_as_each_of_it_needs():
    batch = np.stack([np.diag([-300.0, 0.5]), np.diag([1.0, 700.0]), np.zeros((2, 2))])
    with tf.Session(jit=False) as session:
        found = session.run(tf.linalg.expm(batch))
    np.testing.assert_allclose(found, np.stack([np.diag(np.exp(np.diag(m))) for m in batch]), rtol=1e-11, atol=1e-120)


REFUSED: list[Any] = [
    ("exponents of integers", lambda: tf.linalg.expm([[1, 2], [3, 4]]), errors.DTypeError, "must be of a floating dtype"),
    ("exponents in half", lambda: tf.linalg.expm(tf.zeros([2, 2], tf.float16)), errors.DTypeError, "neither of float32 nor of float64"),
    ("no square", lambda: tf.linalg.expm(tf.zeros([2, 3])), errors.ShapeError, "must be square"),
    ("a negative eigenvalue", lambda: tf.Session(jit=False).run(tf.linalg.sqrtm([[-1.0, 0.0], [0.0, 2.0]])), errors.InvalidArgumentError, "root"),
    ("a singular matrix", lambda: tf.Session(jit=False).run(tf.linalg.lu([[1.0, 2.0], [2.0, 4.0]])), errors.InvalidArgumentError, "singular"),
    ("another format", lambda: tf.linalg.tridiagonal_solve(BANDS, SIDES, "dense"), errors.GraphError, "'compact', 'sequence' or 'matrix'"),
    ("two diagonals", lambda: tf.linalg.tridiagonal_matmul(BANDS[:2], SIDES), errors.ShapeError, "three diagonals"),
    ("two in a sequence", lambda: tf.linalg.tridiagonal_matmul(list(BANDS[:2]), SIDES, "sequence"), errors.GraphError, "three diagonals"),
    ("other rows", lambda: tf.linalg.tridiagonal_solve(BANDS, SIDES[:2]), errors.ShapeError, "does not fit"),
    ("singular bands", lambda: tf.Session(jit=False).run(tf.linalg.tridiagonal_solve(0 * BANDS, SIDES)), errors.InvalidArgumentError, "singular"),
]


@pytest.mark.parametrize("build, kind, message", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
