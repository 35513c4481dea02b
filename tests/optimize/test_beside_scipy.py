"""Least squares, scipy's methods, bounds and constraints: as scipy has them on numpy code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize

import graphc as tf
from graphc.optimize.least_squares import damped_step
from tests.optimize.classics import distance, problem

opt = tf.optimize


def exponentials() -> tuple[np.ndarray, np.ndarray]:
    """Noisy samples of 2 exp(-t) + 1 exp(-5 t): residuals that are not zero at the minimum."""
    t = np.linspace(0, 3, 40)
    return t, 2 * np.exp(-t) + np.exp(-5 * t) + 0.05 * np.random.default_rng(2).normal(size=40)


@pytest.mark.parametrize("method", ["GaussNewton", "LevenbergMarquardt"])
def test_least_squares_equal_scipys(method: str) -> None:
    t, y = exponentials()
    amplitudes, rates = tf.Variable(np.array([1.5, 1.5])), tf.Variable(np.array([[0.8], [4.0]]))
    model = tf.reduce_sum(tf.reshape(amplitudes, [2, 1]) * tf.exp(-rates * t), axis=0)
    with tf.Session() as session:
        result = getattr(opt, method)(tf.reshape(model - y, [4, 10]), gtol=1e-10).minimize(session)
    wanted = scipy.optimize.least_squares(lambda v: v[0] * np.exp(-v[2] * t) + v[1] * np.exp(-v[3] * t) - y, [1.5, 1.5, 0.8, 4.0],
                                          method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15)
    assert result.converged and result.fun == pytest.approx(wanted.cost, rel=1e-12)
    assert np.allclose(result.x, wanted.x, rtol=1e-6)


def test_gauss_newton_says_where_derivatives_end() -> None:
    """|x| as a root: its step from 1 ends at 0 exactly, where the derivative is 0 / 0."""
    x = tf.Variable(np.float64(1))
    with tf.Session() as session:
        result = opt.GaussNewton(tf.pow(x * x, 0.5)).minimize(session)
    assert not result.converged and result.x == [0] and "no finite derivatives" in result.message


@pytest.mark.parametrize("mu", [1e-8, 1.0, 1e4])
def test_damped_step_solves_the_normal_equations(mu: float) -> None:
    rng = np.random.default_rng(1)
    jacobian, residual = rng.normal(size=(7, 3)), rng.normal(size=7)
    wanted = -np.linalg.solve(jacobian.T @ jacobian + mu * np.eye(3), jacobian.T @ residual)
    assert np.allclose(damped_step(jacobian, residual, mu), wanted, rtol=1e-10)


@pytest.mark.parametrize(("method", "counted"), [("L-BFGS-B", 2), ("BFGS", 2), ("Nelder-Mead", 1), ("Powell", 1), ("Newton-CG", 2),
                                                 ("trust-ncg", 2), ("trust-exact", 2), ("SLSQP", 2)])
def test_scipy_methods_walk_as_on_numpy_code(method: str, counted: int) -> None:
    """scipy's own Rosenbrock function with its derivatives: the same points, so as many evaluations."""
    v = tf.Variable(np.array([-1.2, 1.0, 0.7]))
    loss = tf.reduce_sum(100 * tf.square(v[1:] - tf.square(v[:-1])) + tf.square(1 - v[:-1]))
    derivatives: dict[str, Any] = {} if counted == 1 else {"jac": scipy.optimize.rosen_der}
    if method in ("Newton-CG", "trust-ncg"):
        derivatives["hessp"] = scipy.optimize.rosen_hess_prod
    if method == "trust-exact":
        derivatives["hess"] = scipy.optimize.rosen_hess
    wanted = scipy.optimize.minimize(scipy.optimize.rosen, [-1.2, 1.0, 0.7], method=method, **derivatives)
    with tf.Session() as session:
        result = tf.train.ScipyOptimizerInterface(loss, method=method).minimize(session)
        assert np.array_equal(session.run(v), result.x)
    assert np.allclose(result.x, wanted.x, atol=1e-4) and result.converged == wanted.success
    assert result.iterations == pytest.approx(wanted.nit, abs=2)
    assert result.evaluations.loss == pytest.approx(wanted.nfev, rel=0.2, abs=2)
    assert (result.evaluations.first > 0) == (counted == 2) and (result.evaluations.second > 0) == (len(derivatives) == 2)


def test_nelder_mead_respects_bounds() -> None:
    p = problem("rosenbrock")
    with tf.Session() as session:
        free = opt.NelderMead(p.loss).minimize(session)
        session.run(tf.global_variables_initializer())
        bound = opt.NelderMead(p.loss, var_to_bounds={p.variables[0]: (-2, [0.5, 2])}).minimize(session)
    assert distance(p.classic, free.x) <= 1e-6
    assert bound.x == pytest.approx([0.5, 0.25], abs=1e-6)


@pytest.mark.parametrize(("options", "constrain", "end"), [
    # The three examples of TensorFlow 1's documentation.
    ({"options": {"maxiter": 100}}, lambda v: {}, [0, 0]),
    ({}, lambda v: {"var_to_bounds": {v: ([1, 2], np.inf)}}, [1, 2]),
    ({"method": "SLSQP"}, lambda v: {"equalities": [v[1] - 1], "inequalities": [v[0] - 1]}, [1, 1]),
    # Constraints of any shape, the default method under constraints, a constraint without derivatives, a trust region.
    ({}, lambda v: {"inequalities": [v - [2.0, 3.0]]}, [2, 3]),
    ({"method": "COBYLA", "tol": 1e-8}, lambda v: {"inequalities": tf.py_func(lambda x: x[0] - 1, [v], tf.float64)}, [1, 0]),
    ({"method": "trust-constr", "tol": 1e-10}, lambda v: {"equalities": [v[0] + 2 * v[1] - 5]}, [1, 2]),
    ({"method": "SLSQP"}, lambda v: {"var_to_bounds": {v: (-np.inf, [7, -2])}, "equalities": [v[0] * v[1] - 2]}, [-1, -2]),
    ({"method": "TNC"}, lambda v: {"var_to_bounds": {v: ([-3, 2], 9)}}, [0, 2]),
])
@pytest.mark.filterwarnings("ignore:delta_grad == 0.0")       # scipy's trust-constr, on a linear constraint
def test_bounds_and_constraints(options: dict[str, Any], constrain: Callable[[Any], dict[str, Any]], end: list[float]) -> None:
    vector = tf.Variable(np.array([7.0, 7.0]) if end[0] >= 0 else np.array([-2.0, -1.5]), name="vector")
    loss = tf.reduce_sum(tf.square(vector))
    with tf.Session() as session:
        result = tf.contrib.opt.ScipyOptimizerInterface(loss, **constrain(vector), **options).minimize(session)
        assert session.run(vector) == pytest.approx(end, abs=2e-5)
    assert result.fun == pytest.approx(np.square(end).sum(), abs=1e-4)
