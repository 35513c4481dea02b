"""Minimisers on functions whose minima the literature gives, beside scipy's on numpy code, and the errors of a user who errs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.optimize

import graphc as tf
from graphc import errors
from graphc.optimize.least_squares import damped_step
from graphc.optimize.line_search import Trial, backtrack, strong_wolfe

opt = tf.optimize


# ---------------------------------------------------------------------- classical functions

class Classic(NamedTuple):
    """Residuals in tensors or numpy numbers x[i]; the loss is half the sum of their squares, zero at each of the minima."""

    residuals: Callable[[Any], list[Any]]
    start: list[float]
    minima: list[list[float]]
    box: tuple[float, float]


CLASSICS = {
    "rosenbrock": Classic(lambda x: [10 * (x[1] - x[0] * x[0]), 1 - x[0]], [-1.2, 1], [[1, 1]], (-2, 2)),
    "beale": Classic(lambda x: [a - x[0] * (1 - x[1]**k) for k, a in ((1, 1.5), (2, 2.25), (3, 2.625))], [1, 1], [[3, 0.5]], (-4.5, 4.5)),
    "himmelblau": Classic(lambda x: [x[0] * x[0] + x[1] - 11, x[0] + x[1] * x[1] - 7], [-0.5, -1],
                          [[3, 2], [-2.8051180869527, 3.1313125182506], [-3.7793102533777, -3.2831859912862],
                           [3.5844283403305, -1.8481265269645]], (-5, 5)),
    "quadratic": Classic(lambda x: [(x[0] + x[1] - 2) / 1000, x[0] - x[1]], [4, -2], [[1, 1]], (-5, 5)),
    # Colville's, as More, Garbow and Hillstrom 1981, number 14, have it.
    "wood": Classic(lambda x: [10 * (x[1] - x[0]**2), 1 - x[0], 90**0.5 * (x[3] - x[2]**2), 1 - x[2],
                               10**0.5 * (x[1] + x[3] - 2), 10**-0.5 * (x[1] - x[3])], [-3, -1, -3, -1], [[1, 1, 1, 1]], (-4, 4)),
}


class Problem(NamedTuple):
    """A classical function as a graph, its unknowns one vector or several variables."""

    variables: list[Any]
    residuals: list[Any]
    loss: Any
    classic: Classic


def problem(name: str, parts: bool = False, dtype: Any = np.float64) -> Problem:
    """`parts`: the unknowns are a scalar, and a [n - 1, 1] matrix of the rest."""
    classic = CLASSICS[name]
    start = np.array(classic.start, dtype)
    variables = [tf.Variable(start[0], name="first"), tf.Variable(start[1:, None], name="rest")] if parts else [tf.Variable(start, name="x")]
    x = [variables[0], *(variables[1][i, 0] for i in range(len(start) - 1))] if parts else [variables[0][i] for i in range(len(start))]
    residuals = classic.residuals(x)
    return Problem(variables, residuals, tf.add_n([tf.square(r) for r in residuals]) / 2, classic)


def distance(classic: Classic, x: np.ndarray) -> float:
    return min(float(np.max(np.abs(x - minimum))) for minimum in classic.minima)


SECOND: dict[str, Callable[[Problem], Any]] = {
    "newton, wolfe": lambda p: opt.Newton(p.loss),
    "newton, armijo": lambda p: opt.Newton(p.loss, line_search="armijo"),
    "newton-cg": lambda p: opt.NewtonCG(p.loss),
    "gauss-newton": lambda p: opt.GaussNewton(p.residuals),
    "levenberg-marquardt": lambda p: opt.LevenbergMarquardt(p.residuals),
}


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


SEARCHES: dict[str, Callable[[Problem, int], Any]] = {
    "random": lambda p, seed: opt.RandomSearch(p.loss, var_to_bounds=box(p), maxiter=3000, seed=seed),
    "annealing": lambda p, seed: opt.SimulatedAnnealing(p.loss, var_to_bounds=box(p), maxiter=6000, seed=seed),
    "genetic": lambda p, seed: opt.GeneticSearch(p.loss, var_to_bounds=box(p), seed=seed),
}
REACHED = {"random": 0.3, "annealing": 1e-3, "genetic": 1e-4}      # distances to the minimum, twice the worst of four seeds or more


def box(p: Problem) -> dict[Any, Any]:
    return {v: p.classic.box for v in p.variables}


@pytest.mark.parametrize("name", ["beale", "himmelblau"])
@pytest.mark.parametrize("method", SEARCHES)
def test_searches_come_near_and_stay_in_the_box(method: str, name: str) -> None:
    p = problem(name, parts=True)
    seen: list[Any] = []
    with tf.Session() as session:
        result = SEARCHES[method](p, 1).minimize(session, fetches=p.variables, loss_callback=lambda *values: seen.append(values), path=True)
    assert distance(p.classic, result.x) <= REACHED[method]
    points = np.array([np.append(first, rest) for first, rest in seen])
    assert points.min() >= p.classic.box[0] and points.max() <= p.classic.box[1]
    assert len(points) == result.evaluations.loss and result.evaluations[1:] == (0, 0)
    losses = [sum(r**2 for r in p.classic.residuals(point)) / 2 for point in points]
    assert result.fun == pytest.approx(min(losses[:1] + losses[-result.iterations:] if method == "annealing" else losses))
    assert result.path is not None and len(result.path) == result.iterations + 1


@pytest.mark.parametrize("method", SEARCHES)
def test_seed_decides_everything(method: str) -> None:
    p = problem("rosenbrock")
    paths = []
    with tf.Session() as session:
        for seed in (3, 3, 4):
            session.run(tf.global_variables_initializer())
            make = {"random": opt.RandomSearch, "annealing": opt.SimulatedAnnealing, "genetic": opt.GeneticSearch}[method]
            paths.append(make(p.loss, var_to_bounds=box(p), maxiter=8, seed=seed).minimize(session, path=True).path)
    assert np.array_equal(paths[0], paths[1])
    assert not np.array_equal(paths[1], paths[2])


def test_a_point_is_no_shrunken_population() -> None:
    p = problem("himmelblau")
    with tf.Session() as session:
        assert not opt.GeneticSearch(p.loss, var_to_bounds=box(p), population=3, elite=1, maxiter=3).minimize(session).converged


def test_searches_need_no_derivatives() -> None:
    x = tf.Variable(np.array([3.3, -2.6]))
    steps = tf.reduce_sum(tf.py_func(lambda v: np.floor(np.abs(v)), [x], tf.float64))
    with tf.Session() as session:
        for make in (opt.RandomSearch, opt.SimulatedAnnealing, opt.GeneticSearch):
            session.load(x, [3.3, -2.6])
            result = make(steps, var_to_bounds={x: (-4, 4)}, target=0.0, maxiter=2000).minimize(session)
            assert result.converged and result.fun == 0 and np.all(np.abs(session.run(x)) < 1)


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


# ---------------------------------------------------------------------- beside scipy

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


# ---------------------------------------------------------------------- first order

@pytest.mark.parametrize("make", [lambda: tf.train.GradientDescentOptimizer(0.02), lambda: tf.train.MomentumOptimizer(0.01, 0.9),
                                  lambda: tf.train.AdamOptimizer(0.1)], ids=["gradient descent", "momentum", "adam"])
def test_first_order_is_the_train_op_until_the_gradient_vanishes(make: Callable[[], Any]) -> None:
    p = problem("himmelblau")
    x = p.variables[0]
    train_op = make().minimize(p.loss)
    minimizer = opt.FirstOrder(p.loss, make(), maxiter=2000, gtol=1e-6)
    points = []
    with tf.Session() as session:
        for _ in range(2):                  # the second time from fresh moments
            session.run(tf.global_variables_initializer())
            points.append(minimizer.minimize(session, path=True))
        assert np.array_equal(points[0].path, points[1].path)
        result = points[0]
        assert result.converged and distance(p.classic, result.x) <= 1e-6
        assert result.evaluations == (result.iterations + 1, result.iterations + 1, 0)
        session.run(tf.global_variables_initializer())
        for point in result.path[1:6]:
            session.run(train_op)
            assert np.allclose(session.run(x), point, rtol=1e-14)


def test_first_order_begins_afresh_with_a_used_optimizer() -> None:
    """By one optimizer, whose moments both minimisers share."""
    p = problem("himmelblau")
    adam = tf.train.AdamOptimizer(0.1)
    minimizers = [opt.FirstOrder(p.loss, adam, maxiter=5) for _ in range(2)]
    with tf.Session() as session:
        ends = []
        for minimizer in (*minimizers, *minimizers):
            session.load(p.variables[0], p.classic.start)
            ends.append(minimizer.minimize(session).x.tolist())
    assert ends == ends[:1] * 4


def test_first_order_says_that_it_diverges() -> None:
    p = problem("rosenbrock")
    with tf.Session() as session:
        result = opt.FirstOrder(p.loss, tf.train.GradientDescentOptimizer(1.0)).minimize(session)
    assert not result.converged and "learning rate may be too large" in result.message


# ---------------------------------------------------------------------- one vocabulary

METHODS: dict[str, Callable[[Problem], Any]] = SECOND | {
    "random": lambda p: opt.RandomSearch(p.loss, var_to_bounds=box(p), maxiter=20),
    "annealing": lambda p: opt.SimulatedAnnealing(p.loss, maxiter=20),
    "genetic": lambda p: opt.GeneticSearch(p.loss, var_to_bounds=box(p), maxiter=4),
    "nelder-mead": lambda p: opt.NelderMead(p.loss, maxiter=20),
    "l-bfgs-b": lambda p: opt.ScipyOptimizerInterface(p.loss),
    "first order": lambda p: opt.FirstOrder(p.loss, tf.train.AdamOptimizer(0.1), maxiter=20),
}


def test_result_and_callbacks_of_every_method() -> None:
    p = problem("himmelblau")
    x = p.variables[0]
    minimizers = {name: make(p) for name, make in METHODS.items()}
    tf.get_default_graph().finalize()       # minimising adds nothing to the graph
    with tf.Session() as session:
        for name, minimizer in minimizers.items():
            session.load(x, p.classic.start)
            steps: list[Any] = []
            losses: list[float] = []
            result = minimizer.minimize(session, fetches=[p.loss], step_callback=steps.append, loss_callback=losses.append, path=True)
            assert np.array_equal(session.run(x), result.x) and np.array_equal(result.values[0], result.x), name
            assert np.array_equal(result.path[1:], np.reshape(steps, (-1, 2))) and result.path[0].tolist() == p.classic.start, name
            assert len(steps) == result.iterations and len(losses) == result.evaluations.loss, name
            assert result.fun == pytest.approx(session.run(p.loss), rel=1e-9, abs=1e-20), name
            assert minimizer.order == 0 or result.evaluations.first, name
            assert str(result).startswith(f"{'converged' if result.converged else 'stopped'} after {result.iterations} iterations"), name
        assert minimizers["l-bfgs-b"].minimize(session).path is None


def test_feeds_and_the_default_session() -> None:
    target = tf.placeholder(tf.float64, [3], name="target")
    x = tf.Variable(np.zeros(3))
    minimizer = opt.Newton(tf.reduce_sum(tf.square(x - target)))
    with tf.Session():
        for wanted in ([1.0, 2.0, 3.0], [-5.0, 0.0, 0.5]):
            assert np.allclose(minimizer.minimize(feed_dict={target: wanted}).x, wanted)


def test_only_the_listed_variables_move() -> None:
    x, y = tf.Variable(np.float64(3)), tf.Variable(np.float64(4))
    with tf.Session() as session:
        result = opt.Newton(tf.square(x * y - 2), [x]).minimize(session)
        assert result.x == pytest.approx([0.5]) and session.run([x, y]) == pytest.approx([0.5, 4])


# ---------------------------------------------------------------------- lipschitz_estimate

@pytest.mark.parametrize(("norm", "constant"), [(1, 4.0), (2, np.sqrt(26)), (np.inf, 8.0)])
def test_lipschitz_constant_of_a_linear_function(norm: float, constant: float) -> None:
    x, y = tf.placeholder(tf.float64, [2]), tf.placeholder(tf.float64, [])
    with tf.Session() as session:
        found = tf.optimize.lipschitz_estimate(tf.reduce_sum(x * [3.0, -4.0]) + y, [x, y], [(-1, 1), (0, 2)], samples=5, norm=norm, session=session)
    assert found.constant == pytest.approx(constant) and [v.shape for v in found.at] == [(2,), ()]


SLOPES: dict[str, tuple[Callable[[Any], Any], tuple[float, float], float]] = {
    "square": (lambda x: tf.reduce_sum(x * x), (-1, 3), 2 * 3 * 2**0.5),        # at a corner
    "sine": (lambda x: tf.reduce_sum(tf.sin(x)), (-2, 2), 2**0.5),              # inside
    "bump": (lambda x: tf.exp(-tf.reduce_sum(x * x)), (-3, 3), (2 / np.e)**0.5),
}


@pytest.mark.parametrize("name", SLOPES)
def test_lipschitz_estimate_climbs_to_the_steepest_point(name: str) -> None:
    make, (low, high), constant = SLOPES[name]
    x = tf.Variable(np.zeros(2))
    y = make(x)
    with tf.Session() as session:
        found = opt.lipschitz_estimate(y, x, (low, high), samples=50)
        again = opt.lipschitz_estimate(y, x, (low, high), samples=50)
        plain = opt.lipschitz_estimate(y, x, (low, high), samples=50, climbs=0)
        values = [(p, session.run(y, {x: p})) for p in np.random.default_rng(0).uniform(low, high, (60, 2))]
        assert session.run(x).tolist() == [0, 0]
    assert found.constant == pytest.approx(constant, rel=1e-6) and found.constant == again.constant
    assert plain.constant == plain.sampled == found.sampled <= found.constant
    assert all(abs(a - b) <= found.constant * np.linalg.norm(p - q) * (1 + 1e-6) for p, a in values for q, b in values)


# ---------------------------------------------------------------------- mistakes

def variables() -> dict[str, Any]:
    x, n = tf.Variable(np.ones(2), name="x"), tf.Variable(np.int32(3), trainable=False, name="n")
    other = tf.Variable(np.float64(1), name="other")
    fed = tf.placeholder(tf.float64, [], name="fed")
    loss = tf.reduce_sum(tf.square(x) * tf.cast(n, tf.float64))
    return {"x": x, "n": n, "other": other, "fed": fed, "loss": loss}


def run(minimizer: Any, **options: Any) -> Any:
    with tf.Session() as session:
        return minimizer.minimize(session, **options)


MISTAKES: list[tuple[Callable[..., Any], type[Exception], str]] = [
    (lambda x, n, loss, **_: opt.Newton(loss, [x, n]), errors.DTypeError, r"n: int32\[\].*test_optimize.py.* floating dtype"),
    (lambda x, other, loss, **_: opt.Newton(loss, [x, other]), errors.GradientError, r"Newton: .* does not depend on other: float64\[\]"),
    (lambda x, loss, **_: opt.NewtonCG(tf.reduce_sum(tf.stop_gradient(x)), [x]), errors.GradientError, "no gradient leads from .* to x"),
    (lambda x, **_: opt.RandomSearch(tf.square(x)), errors.ShapeError, r"a loss is a scalar, and square.*float64\[2\].* is not"),
    (lambda x, **_: opt.Newton(3.0, [x]), errors.DTypeError, "the loss must be a tensor, not 3.0"),
    (lambda n, x, **_: opt.Newton(n, [x]), errors.DTypeError, "n: int32.*not of a floating dtype"),
    (lambda x, loss, **_: opt.Newton(loss, [tf.identity(x)]), errors.DTypeError, "is not a Variable"),
    (lambda x, loss, **_: opt.Newton(loss, [x, x]), errors.GraphError, "a variable is listed twice"),
    (lambda loss, **_: opt.Newton(loss, []), errors.GraphError, "there are no variables to optimise"),
    (lambda x, loss, **_: opt.Newton(loss, [x], maxiter=0), errors.GraphError, "maxiter must be a whole number from 1 on, not 0"),
    (lambda x, loss, **_: opt.Newton(loss, [x], gtol=-1), errors.GraphError, "gtol must be a positive number, not -1"),
    (lambda x, loss, **_: opt.Newton(loss, [x], line_search="exact"), errors.GraphError, "line_search must be \"wolfe\" or \"armijo\""),
    (lambda x, loss, **_: opt.RandomSearch(loss, [x], {x: ([0, 0, 0], 1)}), errors.ShapeError, r"the bound \[0, 0, 0\] does not fit x: float64\[2\]"),
    (lambda x, loss, **_: opt.RandomSearch(loss, [x], {x: (1, 0)}), errors.GraphError, r"the bounds \(1, 0\) of x: .* are not a lower"),
    (lambda x, loss, **_: opt.RandomSearch(loss, [x], {x: (None, 1)}), errors.GraphError, r"\(None, 1\) of x: .* are not a lower .* none is -inf"),
    (lambda x, loss, **_: opt.RandomSearch(loss, [x], {x: ("a", 1)}), errors.ShapeError, "the bound 'a' does not fit x"),
    (lambda x, loss, **_: opt.RandomSearch(loss, [x], {x: 1}), errors.GraphError, r"the bounds of x:0 must be a pair \(lower, upper\), not 1"),
    (lambda x, other, loss, **_: opt.RandomSearch(loss, [x], {other: (0, 1)}), errors.GraphError, "bounds are given for .*other.* not optimised"),
    (lambda x, loss, **_: run(opt.RandomSearch(loss, [x], {x: (0, np.inf)})), errors.GraphError, "must be finite for x:0"),
    (lambda x, loss, **_: opt.RandomSearch(loss, [x], {x: (0, 1)}, seed=-1), errors.GraphError, "seed must be a whole number from 0 on"),
    (lambda x, loss, **_: opt.SimulatedAnnealing(loss, [x], final_temperature=2), errors.GraphError, "at most initial_temperature"),
    (lambda x, loss, **_: opt.GeneticSearch(loss, [x], {x: (0, 1)}, mutation=2), errors.GraphError, "mutation must be a probability"),
    (lambda x, loss, **_: opt.GeneticSearch(loss, [x], {x: (0, 1)}, elite=60), errors.GraphError, "less than the population, 60"),
    (lambda x, loss, **_: opt.FirstOrder(loss, 0.1, [x]), errors.DTypeError, "0.1 is not an optimizer of tf.train"),
    (lambda x, loss, **_: opt.GaussNewton([x, 1.0], [x]), errors.DTypeError, "residuals are tensors of a floating dtype, not 1.0"),
    (lambda x, loss, **_: opt.GaussNewton([], [x]), errors.GraphError, "residuals must be a tensor"),
    (lambda x, other, loss, **_: opt.LevenbergMarquardt(x, [other]), errors.GradientError, "does not depend on other"),
    (lambda x, loss, **_: opt.LevenbergMarquardt(x, [x], tau=0), errors.GraphError, "tau must be a positive number"),
    (lambda x, fed, loss, **_: run(opt.Newton(loss * fed, [x])), errors.InvalidArgumentError, "fed: float64.* must be fed"),
    *((lambda x, loss, key=key, **_: run(opt.Newton(loss, [x]), feed_dict={key or x: [1, 2]}), errors.GraphError,
       "x: float64.* is being optimised and cannot be fed") for key in (None, "x:0")),
    (lambda x, loss, **_: opt.Newton(loss, [x]).minimize(), errors.GraphError, "Newton.minimize needs a session"),
    (lambda x, loss, **_: opt.Newton(loss, [x]).minimize(tf.Session(graph=tf.Graph())), errors.GraphError, "runs another graph"),
    (lambda x, loss, **_: run(opt.Newton(tf.log(loss - 100), [x])), errors.InvalidArgumentError, "it is nan, which is not finite"),
    (lambda x, loss, **_: run(opt.Newton(tf.sqrt(loss - 6), [x])), errors.InvalidArgumentError, "its gradient is not finite"),
    (lambda x, loss, **_: opt.ScipyOptimizerInterface(loss, [x], jac=True), errors.GraphError, "jac is set from the graph"),
    (lambda x, loss, **_: opt.ScipyOptimizerInterface(loss, [x], method=3), errors.GraphError, "method must be the name"),
    (lambda x, loss, **_: opt.ScipyOptimizerInterface(loss, [x], var_to_bounds={x: (0, 1)}, method="BFGS"), errors.GraphError, "takes no bounds"),
    (lambda x, loss, **_: opt.ScipyOptimizerInterface(loss, [x], [x[0]], method="L-BFGS-B"), errors.GraphError, "takes no constraints"),
    (lambda x, loss, **_: opt.ScipyOptimizerInterface(loss, [x], [1.0]), errors.GraphError, "the constraint 1.0 is not a tensor"),
    (lambda x, other, loss, **_: opt.ScipyOptimizerInterface(loss, [x], [other]), errors.GradientError, "no gradient leads from other.* to x"),
    (lambda x, loss, **_: opt.lipschitz_estimate(loss, x, (0, 1)), errors.GraphError, "needs a session"),
    (lambda x, loss, **_: opt.lipschitz_estimate(x, x, (0, 1), session=tf.Session()), errors.ShapeError, "x.* is not a scalar"),
    (lambda x, other, loss, **_: opt.lipschitz_estimate(loss, other, (0, 1), session=tf.Session()), errors.GradientError, "no gradient leads"),
    (lambda x, loss, **_: opt.lipschitz_estimate(loss, x, (0, np.inf), session=tf.Session()), errors.GraphError, "the box must be finite"),
    (lambda x, loss, **_: opt.lipschitz_estimate(loss, x, 3, session=tf.Session()), errors.GraphError, r"the box must be \(lower, upper\)"),
    (lambda x, loss, **_: opt.lipschitz_estimate(loss, x, (0, [1, 1, 1]), session=tf.Session()), errors.ShapeError, "does not fit x"),
    (lambda x, loss, **_: opt.lipschitz_estimate(loss, x, (0, 1), norm=3, session=tf.Session()), errors.GraphError, "norm must be 1, 2 or inf"),
    (lambda x, loss, **_: opt.lipschitz_estimate(loss, x, (0, 1), norm=[2], session=tf.Session()), errors.GraphError, "norm must be 1, 2 or inf"),
    (lambda x, loss, **_: opt.lipschitz_estimate(loss, x, (0, 1), samples=0, session=tf.Session()), errors.GraphError, "samples must be"),
    (lambda n, loss, **_: opt.lipschitz_estimate(loss, n, (0, 1), session=tf.Session()), errors.DTypeError, "not a tensor of a floating dtype"),
]


@pytest.mark.parametrize(("act", "kind", "text"), MISTAKES, ids=[text[:40] for _, _, text in MISTAKES])
def test_mistakes_are_named(act: Callable[..., Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text) as caught:
        act(**variables())
    assert "test_optimize.py:" in str(caught.value)


def test_variable_of_another_graph() -> None:
    x = tf.Variable(np.ones(2))
    with tf.Graph().as_default():
        loss = tf.reduce_sum(tf.Variable(np.ones(2)))
        with pytest.raises(errors.GraphError, match="is not of the graph of"):
            opt.Newton(loss, [x])


def test_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    given = variables()
    with pytest.raises(errors.MissingPackageError, match=r"NelderMead needs scipy: pip install scipy"):
        opt.NelderMead(given["loss"], [given["x"]])
    with tf.Session() as session:
        assert opt.Newton(given["loss"], [given["x"]]).minimize(session).converged


def test_a_failed_run_leaves_the_variables_alone() -> None:
    p = problem("rosenbrock")

    def stop(x: np.ndarray) -> None:
        raise KeyboardInterrupt

    with tf.Session() as session:
        with pytest.raises(KeyboardInterrupt):
            opt.Newton(p.loss).minimize(session, step_callback=stop)
        assert session.run(p.variables[0]).tolist() == p.classic.start
