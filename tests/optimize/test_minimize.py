"""What every minimiser shares: results, callbacks, feeds, the listed variables; the optimizers of `tf.train` as minimisers; errors of users."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from tests.optimize.classics import SECOND, Problem, box, distance, problem

opt = tf.optimize


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
    (lambda x, n, loss, **_: opt.Newton(loss, [x, n]), errors.DTypeError, r"n: int32\[\].*test_minimize.py.* floating dtype"),
    (lambda x, other, loss, **_: opt.Newton(loss, [x, other]), errors.GradientError, r"Newton: .* does not depend on other: float64\[\]"),
    (lambda x, loss, **_: opt.NewtonCG(tf.reduce_sum(tf.stop_gradient(x)), [x]), errors.GradientError, "no gradient leads from .* to x"),
    (lambda x, **_: opt.RandomSearch(tf.square(x)), errors.ShapeError, r"a loss is a scalar, and Square.*float64\[2\].* is not"),
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
    assert f"{Path(__file__).name}:" in str(caught.value)


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
