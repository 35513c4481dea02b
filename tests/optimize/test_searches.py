"""Searches without derivatives: near the minimum, within the box, by the seed alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from tests.optimize.classics import Problem, box, distance, problem

opt = tf.optimize

SEARCHES: dict[str, Callable[[Problem, int], Any]] = {
    "random": lambda p, seed: opt.RandomSearch(p.loss, var_to_bounds=box(p), maxiter=3000, seed=seed),
    "annealing": lambda p, seed: opt.SimulatedAnnealing(p.loss, var_to_bounds=box(p), maxiter=6000, seed=seed),
    "genetic": lambda p, seed: opt.GeneticSearch(p.loss, var_to_bounds=box(p), seed=seed),
}
REACHED = {"random": 0.3, "annealing": 1e-3, "genetic": 1e-4}      # distances to the minimum, twice the worst of four seeds or more


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
