"""Functions whose minima the literature gives, as graphs, and the minimisers that must find them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import graphc as tf

opt = tf.optimize


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


def box(p: Problem) -> dict[Any, Any]:
    return {v: p.classic.box for v in p.variables}


SECOND: dict[str, Callable[[Problem], Any]] = {
    "newton, wolfe": lambda p: opt.Newton(p.loss),
    "newton, armijo": lambda p: opt.Newton(p.loss, line_search="armijo"),
    "newton-cg": lambda p: opt.NewtonCG(p.loss),
    "gauss-newton": lambda p: opt.GaussNewton(p.residuals),
    "levenberg-marquardt": lambda p: opt.LevenbergMarquardt(p.residuals),
}
