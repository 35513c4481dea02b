"""Minimisers by first and second derivatives on functions whose minima the literature gives, and their line searches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize

import graphc as tf
from graphc.optimize.line_search import Trial, backtrack, strong_wolfe
from tests.optimize.classics import CLASSICS, SECOND, distance, problem

opt = tf.optimize


@pytest.mark.parametrize("name", CLASSICS)
def test_smooth_methods_reach_the_minimum(name: str) -> None:
    """To 1e-6: where the loss is as flat as the quadratic's 1e-6, a gradient of 1e-8 leaves x within 1e-2; there the gradient is exact."""
    p = problem(name, parts=True)
    with tf.Session() as session:
        for label, make in SECOND.items():
            session.run(tf.global_variables_initializer())
            result = make(p).minimize(session)
            assert result.converged, f"{label}: {result}"
            assert distance(p.classic, result.x) <= 1e-6 or (name == "quadratic" and "newton-cg" in label), f"{label}: {result}"
            assert result.fun == pytest.approx(sum(float(r)**2 for r in p.classic.residuals(result.x)) / 2, rel=1e-9, abs=1e-20)
            first, rest = session.run(p.variables)
            assert np.array_equal(np.append(first, rest), result.x) and rest.shape == (len(result.x) - 1, 1)


# ---------------------------------------------------------------------- Newton

def test_newton_solves_a_quadratic_in_one_step() -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 6))
    a, b = root @ root.T + np.eye(6), rng.normal(size=6)
    x = tf.Variable(np.zeros(6))
    column = tf.reshape(x, [6, 1])
    loss = tf.reduce_sum(column * tf.matmul(tf.constant(a), column)) / 2 - tf.reduce_sum(b * x)
    with tf.Session() as session:
        result = opt.Newton(loss).minimize(session, path=True)
        assert result.iterations == 1 and result.evaluations == (2, 2, 2)     # the second Hessian proves that it is a minimum
        assert np.allclose(result.x, np.linalg.solve(a, b), rtol=0, atol=1e-12)
        session.load(x, np.zeros(6))
        cg = opt.NewtonCG(loss).minimize(session)
        assert np.allclose(cg.x, np.linalg.solve(a, b), rtol=0, atol=1e-8)
        assert cg.evaluations.second <= 6 * cg.iterations + 6       # conjugate gradients end in n products, but for rounding


def double_well(x: Any, y: Any) -> Any:
    """Minima of -1/4 at x = +-1/sqrt(2), y = 0; a saddle at the origin."""
    return x**4 - x**2 + y**2


@pytest.mark.parametrize(("method", "start", "end"), [
    ("Newton", (0.1, 1.0), 0.5**0.5),       # the Hessian is indefinite here
    ("Newton", (-0.3, 0.0), -0.5**0.5),
    ("Newton", (0.0, 1.0), None),           # leads to the saddle exactly; either minimum is right
    ("Newton", (0.0, 0.0), None),
    ("NewtonCG", (0.1, 1.0), 0.5**0.5),
    ("NewtonCG", (-0.3, 0.0), -0.5**0.5),
])
def test_indefinite_hessian(method: str, start: tuple[float, float], end: float | None) -> None:
    x, y = tf.Variable(np.float64(start[0])), tf.Variable(np.float64(start[1]))
    with tf.Session() as session:
        result = getattr(opt, method)(double_well(x, y)).minimize(session)
    assert result.converged and result.fun == pytest.approx(-0.25, abs=1e-12)
    assert abs(result.x[0]) == pytest.approx(0.5**0.5, abs=1e-7) if end is None else result.x[0] == pytest.approx(end, abs=1e-7)


def test_newton_cg_does_not_look_at_the_curvature_of_its_end() -> None:
    x, y = tf.Variable(np.float64(0)), tf.Variable(np.float64(1))
    with tf.Session() as session:
        result = opt.NewtonCG(double_well(x, y)).minimize(session)
    assert result.converged and result.x == pytest.approx([0, 0], abs=1e-8)


@pytest.mark.parametrize("radius", [0.01, 1.0, 100.0])
def test_newton_cg_steps_within_its_radius(radius: float) -> None:
    """Here the first conjugate gradient, the steepest descent to the model's minimum, is good enough, if the ball has room for it."""
    p = problem("rosenbrock")
    with tf.Session() as session:
        result = opt.NewtonCG(p.loss, initial_radius=radius, maxiter=1).minimize(session, path=True)
    g, h = scipy.optimize.rosen_der([-1.2, 1.0]), scipy.optimize.rosen_hess([-1.2, 1.0])
    steepest = np.linalg.norm(g) * (g @ g) / (g @ h @ g)
    assert np.linalg.norm(result.path[1] - result.path[0]) == pytest.approx(min(radius, steepest), rel=1e-9)


def test_newton_ends_where_rounding_does() -> None:
    x = tf.Variable(np.float64(2.0))
    with tf.Session() as session:
        result = opt.Newton(tf.square(tf.square(x)) + 1e8, gtol=1e-300).minimize(session)
    assert result.fun == 1e8 and abs(result.x[0]) < 0.05


def test_float32_variables_stay_float32() -> None:
    p = problem("himmelblau", parts=True, dtype=np.float32)
    with tf.Session() as session:
        for make in SECOND.values():
            session.run(tf.global_variables_initializer())
            result = make(p).minimize(session)
            assert result.converged and [v.dtype for v in result.values] == [np.float32, np.float32]
            assert distance(p.classic, result.x) <= 1e-4


def test_variables_of_two_dtypes() -> None:
    x, y = tf.Variable(np.float64(3)), tf.Variable(np.array([1, 2], np.float32))
    loss = tf.square(x - 1) + tf.reduce_sum(tf.cast(tf.square(y + 2), tf.float64))
    with tf.Session() as session:
        result = opt.Newton(loss).minimize(session)
    assert [v.dtype for v in result.values] == [np.float64, np.float32]
    assert np.allclose(result.x, [1, -2, -2], atol=1e-6)


# ---------------------------------------------------------------------- line searches

LINES: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "parabola": (lambda a: (a - 3) ** 2, lambda a: 2 * (a - 3)),
    "steep": (lambda a: 1000 * a * a - a, lambda a: 2000 * a - 1),
    "far": (lambda a: (a / 500 - 1) ** 2, lambda a: 2 / 500 * (a / 500 - 1)),
    # More and Thuente 1994, equations 5.1 and 5.2
    "rational": (lambda a: -a / (a * a + 2), lambda a: (a * a - 2) / (a * a + 2) ** 2),
    "quintic": (lambda a: (a + 0.004) ** 5 - 2 * (a + 0.004) ** 4, lambda a: 5 * (a + 0.004) ** 4 - 8 * (a + 0.004) ** 3),
    "wall": (lambda a: np.inf if a > 0.3 else a * a - 0.5 * a, lambda a: np.nan if a > 0.3 else 2 * a - 0.5),
}


@pytest.mark.parametrize("name", LINES)
def test_line_searches_meet_their_conditions(name: str) -> None:
    f, slope = LINES[name]
    step = strong_wolfe(lambda a: Trial(a, f(a), slope(a)), Trial(0.0, f(0.0), slope(0.0)))
    assert step is not None and step.alpha > 0
    assert f(step.alpha) <= f(0) + 1e-4 * step.alpha * slope(0)
    assert abs(slope(step.alpha)) <= 0.9 * abs(slope(0))
    alpha = backtrack(f, f(0), slope(0))
    assert alpha is not None and f(alpha) <= f(0) + 1e-4 * alpha * slope(0)


def test_line_searches_find_nothing_uphill() -> None:
    assert backtrack(lambda a: a, 0.0, -1.0) is None
    assert strong_wolfe(lambda a: Trial(a, a, 1.0), Trial(0.0, 0.0, -1.0)) is None
