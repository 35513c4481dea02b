"""Derivatives against references that share no code: classical test functions in fifty digits, scipy's Rosenbrock function, autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as anp
import mpmath
import numpy as np
import pytest
import scipy.optimize

import graphc as tf
from graphc import numeric
from tests.autodiff.classical import NUMPY, PRECISE, PROBLEMS, TENSORS, Problem, objective
from tests.draws import draws

DIGITS = 50
BY_NUMBER = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: f"{p.number}-{p.name}")
COMPILED = (1, 7, 9, 14, 18, 20, 24, 29)       # by machine code; the others by the operators' references, which takes less time


def points(problem: Problem) -> list[np.ndarray]:
    """The start, and for small problems a point near it where no term is zero by chance."""
    start = np.array(problem.start, float)
    return [start, start + 0.05 * np.sin(1 + np.arange(len(start)))][:1 if len(start) > 8 else 2]


def precise(problem: Problem, x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """The objective, its gradient and its Hessian by differences in fifty digits, which leaves twenty of the Hessian."""
    with mpmath.workdps(DIGITS):
        h = mpmath.mpf(10)**-10
        at = np.array([mpmath.mpf(v) for v in x], object)
        units = [np.array([h if i == j else mpmath.mpf(0) for i in range(len(x))], object) for j in range(len(x))]

        def f(v: Any) -> Any:
            return objective(problem, v, PRECISE)
        gradient = [(f(at + u) - f(at - u)) / (2 * h) for u in units]
        hessian = [[(f(at + u + v) - f(at + u - v) - f(at - u + v) + f(at - u - v)) / (4 * h * h) for v in units[:i + 1]]
                   for i, u in enumerate(units)]
        full = [[float(hessian[max(i, j)][min(i, j)]) for j in range(len(x))] for i in range(len(x))]
        return float(f(at)), np.array([float(g) for g in gradient]), np.array(full)


def close(found: Any, wanted: Any, tolerance: float) -> None:
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * max(1e-30, float(np.max(np.abs(wanted)))))


@pytest.mark.slow
@BY_NUMBER
def test_gradient_and_hessian(problem: Problem) -> None:
    """Reverse mode, and forward over reverse, against fifty digits; and against the complex step in numpy."""
    with tf.Graph().as_default(), tf.Session(jit=problem.number in COMPILED) as session:
        x = tf.placeholder(tf.float64, [len(problem.start)])
        y = objective(problem, x, TENSORS)
        call = session.make_callable([y, tf.gradients(y, x)[0], tf.hessian(y, x)], [x])
        for at in points(problem):
            value, gradient, hessian = precise(problem, at)
            found = call(at)
            # What cancels within the objective leaves rounding of the size of its parts, here the Hessian's.
            close(found[0], value, 1e-12)
            np.testing.assert_allclose(found[1], gradient, rtol=1e-11, atol=1e-13 * np.max(np.abs(hessian)))
            close(found[2], hessian, 1e-12)
            step = numeric.gradient(lambda v: objective(problem, v, NUMPY), at, "complex")
            np.testing.assert_allclose(found[1], step, rtol=1e-11, atol=1e-13 * np.max(np.abs(hessian)))


@BY_NUMBER
def test_minimum_is_the_papers(problem: Problem) -> None:
    """scipy's least squares on graphc's residuals and Jacobian ends at a minimum that the paper lists: the formulas are the paper's."""
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        x = tf.placeholder(tf.float64, [len(problem.start)])
        r = problem.residuals(x, TENSORS)
        residuals, jacobian = session.make_callable(r, [x]), session.make_callable(tf.jacobian(r, x), [x])
        ends = [2 * scipy.optimize.least_squares(residuals, np.array(problem.start, float), jacobian, xtol=1e-15, ftol=1e-15, gtol=1e-15,
                                                 method=method, x_scale=scale, max_nfev=500).cost
                for method, scale in (("trf", "jac"), ("dogbox", 1.0))]
    assert any(end == pytest.approx(f, rel=1e-5, abs=1e-9 if f == 0 else 0) for end in ends for f in problem.minima), ends


# ---------------------------------------------------------------------- scipy's Rosenbrock function

def rosenbrock(x: Any) -> Any:
    return tf.reduce_sum(100.0 * tf.square(x[1:] - tf.square(x[:-1])) + tf.square(1.0 - x[:-1]))


@pytest.mark.parametrize("n", [2, 5, 200])
def test_rosenbrock_is_scipys(n: int) -> None:
    rng = np.random.default_rng(n)
    with tf.Graph().as_default(), tf.Session() as session:
        x, v = tf.placeholder(tf.float64, [n]), tf.placeholder(tf.float64, [n])
        y = rosenbrock(x)
        derivatives = [y, tf.gradients(y, x)[0], tf.hvp(y, x, v), *([tf.hessian(y, x)] if n < 100 else [])]
        for _ in range(3):
            at, along = rng.uniform(-2, 2, n), rng.normal(size=n)
            found = session.run(derivatives, {x: at, v: along})
            close(found[0], scipy.optimize.rosen(at), 1e-14)
            close(found[1], scipy.optimize.rosen_der(at), 1e-14)
            close(found[2], scipy.optimize.rosen_hess_prod(at, along), 1e-14)
            if n < 100:
                close(found[3], scipy.optimize.rosen_hess(at), 1e-14)


# ---------------------------------------------------------------------- the autograd package

RNG = draws(11)
POSITIVE = np.eye(4) * 3 + 0.3 * (lambda a: a @ a.T)(RNG.normal(size=(4, 4)))
LABELS = np.eye(3)[[0, 2, 1, 1, 0]]


def attention(t: Any, q: Any, k: Any, v: Any) -> Any:
    scores = t.matmul(q, t.transpose(k)) / 2.0
    weights = t.exp(scores - t.logsumexp(scores))
    return t.sum(t.square(t.matmul(weights, v)))


def recurrent(t: Any, x: Any, w: Any, u: Any) -> Any:
    h = 0.0 * x[0]
    for i in range(5):
        h = t.tanh(t.matmul(x[i], w) + t.matmul(h, u))
    return t.sum(h * h * h)


def normalised(t: Any, x: Any, scale: Any) -> Any:
    centred = x - t.mean(x)
    y = centred / t.sqrt(t.mean(t.square(centred)) + 1e-5) * scale
    return t.sum(y * t.tanh(0.8 * (y + 0.04 * y**3)) * LABELS)


def classifier(t: Any, x: Any, w1: Any, b1: Any, w2: Any) -> Any:
    logits = t.matmul(t.maximum(t.matmul(x, w1) + b1, 0.0), w2)
    return -t.sum((logits - t.logsumexp(logits)) * LABELS)


def density(t: Any, x: Any, mean: Any, factor: Any) -> Any:
    covariance = t.matmul(factor, t.transpose(factor)) + POSITIVE
    lower = t.cholesky(covariance)
    z = t.solve(lower, t.transpose(x - mean))
    return -0.5 * t.sum(t.square(z)) - 5 * t.sum(t.log(t.diagonal(lower)))


def filtered(t: Any, p: Any, h: Any) -> Any:
    gain = t.matmul(t.matmul(p, t.transpose(h)), t.inverse(t.matmul(t.matmul(h, p), t.transpose(h)) + POSITIVE[:2, :2]))
    return t.sum(t.sin(t.matmul(gain, h)) * p) + t.log(t.det(t.matmul(p, t.transpose(p)) + POSITIVE))


def smoothed(t: Any, x: Any, kernel: Any) -> Any:
    y = kernel[0] * x[:-2] + kernel[1] * x[1:-1] + kernel[2] * x[2:]
    return t.sum(t.square(t.concat([y, y[::-1]])) / (1.0 + t.abs(t.cumsum(x))[1:2]))


def polar(t: Any, x: Any, y: Any) -> Any:
    return t.sum(t.atan2(y, x) * (x * x + y * y)**0.75) + t.prod(t.cos(x))


def contracted(t: Any, a: Any, b: Any, c: Any) -> Any:
    return t.sum(t.exp(0.1 * t.einsum("ijl,lj->ij", t.einsum("ijk,kl->ijl", a, b), c)))


def looked_up(t: Any, table: Any) -> Any:
    rows = t.take(table, np.array([3, 1, 3, 0]))
    return t.sum(t.where(rows > 0.2, t.square(rows), t.exp(rows)) * t.take(table, np.array([1, 1, 2, 3])))


def spectrum(t: Any, a: Any) -> Any:
    return t.sum(t.log(t.eigenvalues(a + t.transpose(a) + 3.0 * POSITIVE)))


class Autograd:
    """The words of the compositions in autograd's numpy."""

    exp, log, sqrt, square, tanh, sin, cos, abs, atan2 = (anp.exp, anp.log, anp.sqrt, anp.square, anp.tanh, anp.sin, anp.cos, anp.abs, anp.arctan2)
    sum, prod, cumsum, maximum, where, matmul, einsum, transpose = (anp.sum, anp.prod, anp.cumsum, anp.maximum, anp.where, anp.matmul, anp.einsum,
                                                                    anp.transpose)
    concat, cholesky, solve, inverse, det, diagonal = (anp.concatenate, anp.linalg.cholesky, anp.linalg.solve, anp.linalg.inv, anp.linalg.det,
                                                       anp.diag)

    @staticmethod
    def mean(x: Any) -> Any:
        return anp.mean(x, axis=-1, keepdims=True)

    @staticmethod
    def logsumexp(x: Any) -> Any:
        return anp.log(anp.sum(anp.exp(x), axis=-1, keepdims=True))

    @staticmethod
    def take(x: Any, rows: Any) -> Any:
        return x[rows]

    @staticmethod
    def eigenvalues(a: Any) -> Any:
        return anp.linalg.eigh(a)[0]


class Graph:
    """The same words in graphc."""

    exp, log, sqrt, square, tanh, sin, cos, abs, atan2 = (tf.exp, tf.log, tf.sqrt, tf.square, tf.tanh, tf.sin, tf.cos, tf.abs, tf.atan2)
    sum, prod, cumsum, maximum, where, matmul, einsum, transpose = (tf.reduce_sum, tf.reduce_prod, tf.cumsum, tf.maximum, tf.where, tf.matmul,
                                                                    tf.einsum, tf.transpose)
    cholesky, solve, inverse, det, diagonal, take = (tf.cholesky, tf.matrix_solve, tf.matrix_inverse, tf.matrix_determinant, tf.matrix_diag_part,
                                                     tf.gather)

    @staticmethod
    def concat(parts: Any) -> Any:
        return tf.concat(parts, 0)

    @staticmethod
    def mean(x: Any) -> Any:
        return tf.reduce_mean(x, axis=-1, keepdims=True)

    @staticmethod
    def logsumexp(x: Any) -> Any:
        return tf.reduce_logsumexp(x, axis=-1, keepdims=True)

    @staticmethod
    def eigenvalues(a: Any) -> Any:
        return tf.self_adjoint_eig(a)[0]


def _drawn(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    return [0.7 * RNG.normal(size=s) for s in shapes]


# (composition, arguments, by machine code)
COMPOSITIONS: list[tuple[Callable[..., Any], list[np.ndarray], bool]] = [
    (classifier, _drawn((5, 4), (4, 6), (6,), (6, 3)), True),
    (attention, _drawn((4, 3), (5, 3), (5, 2)), True),
    (recurrent, _drawn((5, 2, 3), (3, 3), (3, 3)), True),
    (normalised, _drawn((5, 3), (3,)), True),
    (density, _drawn((5, 4), (4,), (4, 4)), False),
    (filtered, _drawn((4, 4), (2, 4)), False),
    (smoothed, _drawn((9,), (3,)), False),
    (polar, _drawn((6,), (6,)), True),
    (contracted, _drawn((2, 3, 4), (4, 5), (5, 3)), False),
    (looked_up, _drawn((4, 3)), False),
    (spectrum, _drawn((4, 4)), False),
]


@pytest.mark.parametrize("f, args, jit", COMPOSITIONS, ids=[c[0].__name__ for c in COMPOSITIONS])
def test_compositions_are_autograds(f: Any, args: list[np.ndarray], jit: bool) -> None:
    """Value, gradients by all arguments, and the Hessian times a vector."""
    along = [np.random.default_rng(2).normal(size=a.shape) for a in args]
    every = tuple(range(len(args)))

    def value(*xs: Any) -> Any:
        return f(Autograd, *xs)
    slopes = autograd.grad(value, every)

    def projected(*xs: Any) -> Any:
        return sum(anp.sum(g * v) for g, v in zip(slopes(*xs), along, strict=True))
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        xs = [tf.placeholder(tf.float64, a.shape) for a in args]
        y = f(Graph, *xs)
        found = session.run([y, tf.gradients(y, xs), tf.hvp(y, xs, along)], dict(zip(xs, args, strict=True)))
    close(found[0], value(*args), 1e-13)
    for a, b in zip([*found[1], *found[2]], [*slopes(*args), *autograd.grad(projected, every)(*args)], strict=True):
        close(a, b, 1e-12)
