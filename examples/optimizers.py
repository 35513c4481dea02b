"""Compares minimisers by the order of derivative they use, on four classical functions, and draws their paths."""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pictures

import graphc as tf


class Function(NamedTuple):
    """A loss that is half a sum of squared residuals of two variables, from `start`, with its minima in a box."""

    residuals: Callable[[Any, Any], list[Any]]
    start: tuple[float, float]
    lower: tuple[float, float]
    upper: tuple[float, float]
    minima: list[tuple[float, float]]


FUNCTIONS = {
    # Rosenbrock 1960: a curved valley.
    "Rosenbrock": Function(lambda x, y: [10 * (y - x * x), 1 - x], (-1.2, 1), (-2, -1), (2, 3), [(1, 1)]),
    # Beale 1958: a flat valley between steep walls; the Hessian is indefinite at the start.
    "Beale": Function(lambda x, y: [a - x * (1 - y**k) for k, a in ((1, 1.5), (2, 2.25), (3, 2.625))],
                      (1, 1), (-4.5, -4.5), (4.5, 4.5), [(3, 0.5)]),
    # Himmelblau 1972: four minima of equal depth.
    "Himmelblau": Function(lambda x, y: [x * x + y - 11, x + y * y - 7], (-0.5, -1), (-5, -5), (5, 5),
                           [(3, 2), (-2.805118087, 3.131312518), (-3.779310253, -3.283185991), (3.584428340, -1.848126527)]),
    # An ellipse a thousand times as curved across as along.
    "quadratic, condition 1000": Function(lambda x, y: [(x + y) / 1000**0.5, x - y], (4, 2), (-5, -5), (5, 5), [(0, 0)]),
}


class Run(NamedTuple):
    """A method's result on one function, and its time without that of compiling."""

    method: str
    order: int
    result: tf.optimize.Result
    milliseconds: float


def methods(residuals: list[Any], loss: Any, bounds: dict[Any, Any], seed: int, rate: float) -> Iterator[tuple[str, int, Any]]:
    """Each method's name and order with a minimiser; `rate` is that of gradient descent."""
    optimize, train = tf.optimize, tf.train
    yield "random search", 0, optimize.RandomSearch(loss, var_to_bounds=bounds, maxiter=1000, seed=seed)
    yield "simulated annealing", 0, optimize.SimulatedAnnealing(loss, var_to_bounds=bounds, maxiter=2000, seed=seed)
    yield "genetic search", 0, optimize.GeneticSearch(loss, var_to_bounds=bounds, maxiter=40, seed=seed)
    yield "Nelder-Mead", 0, optimize.NelderMead(loss)
    yield "gradient descent", 1, optimize.FirstOrder(loss, train.GradientDescentOptimizer(rate), maxiter=1000)
    yield "momentum", 1, optimize.FirstOrder(loss, train.MomentumOptimizer(rate, 0.9), maxiter=1000)
    yield "Adam", 1, optimize.FirstOrder(loss, train.AdamOptimizer(0.1), maxiter=1000)
    yield "L-BFGS-B", 1, optimize.ScipyOptimizerInterface(loss)
    yield "Gauss-Newton", 1, optimize.GaussNewton(residuals)
    yield "Levenberg-Marquardt", 1, optimize.LevenbergMarquardt(residuals)
    yield "Newton", 2, optimize.Newton(loss)
    yield "Newton-CG", 2, optimize.NewtonCG(loss)


def compare(function: Function, seed: int) -> list[Run]:
    """All methods from the same start; each runs twice, the first time to compile."""
    runs = []
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = (tf.Variable(value, dtype=tf.float64, name=name) for name, value in zip("xy", function.start, strict=True))
        residuals = function.residuals(x, y)
        loss = tf.add_n([tf.square(r) for r in residuals]) / 2
        bounds = {v: (low, high) for v, low, high in zip((x, y), function.lower, function.upper, strict=True)}
        steepest = tf.optimize.lipschitz_estimate(loss, [x, y], list(bounds.values()), samples=200, seed=seed, climbs=2).constant
        rate = 1 / steepest     # no step of gradient descent in the box is longer than 1
        for name, order, minimizer in methods(residuals, loss, bounds, seed, rate):
            for _ in range(2):
                session.run(tf.global_variables_initializer())
                begin = time.perf_counter()
                result = minimizer.minimize(session, path=True)
                seconds = time.perf_counter() - begin
            runs.append(Run(name, order, result, 1e3 * seconds))
    return runs


def report(name: str, function: Function, runs: list[Run]) -> None:
    """A table: evaluations by order of derivative, the final loss, how far from the nearest minimum, time."""
    print(f"\n{name}, from {function.start}")
    print(f"{'method':<20} iterations    losses first second   final loss   distance       ms")
    for run in runs:
        r = run.result
        distance = min(np.linalg.norm(r.x - minimum) for minimum in function.minima)
        print(f"{run.method:<20} {r.iterations:>10} {r.evaluations.loss:>9} {r.evaluations.first:>5} {r.evaluations.second:>6}   "
              f"{r.fun:10.2e} {distance:10.2e} {run.milliseconds:8.1f}{'' if r.converged else '  not converged'}")


def draw(results: dict[str, list[Run]], path: Path) -> None:
    """A row of contour plots for each function, a column for each order; a path for each method."""
    figure, grid = pictures.pyplot().subplots(len(results), 3, figsize=(14, 4.2 * len(results)), squeeze=False)
    figure.subplots_adjust(left=0.03, right=0.99, top=0.98, bottom=0.08, wspace=0.1, hspace=0.15)
    for row, (name, runs) in zip(grid, results.items(), strict=True):
        function = FUNCTIONS[name]
        for order, axes in enumerate(row):
            contours(axes, function)
            for run in (run for run in runs if run.order == order):
                axes.plot(*run.result.path.T, label=run.method, lw=1.2, marker=".", ms=4, alpha=0.8)
            axes.plot(*function.start, "ks", ms=6)
            axes.plot(*np.transpose(function.minima), "k*", ms=11, ls="")
            axes.set(xlim=(function.lower[0], function.upper[0]), ylim=(function.lower[1], function.upper[1]), title=f"{name}: order {order}")
    for axes in grid[-1]:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=2)
    figure.savefig(path, dpi=80)


def contours(axes: Any, function: Function) -> None:
    """Levels of log(1 + loss), which shows a valley's bottom and its walls."""
    x, y = np.meshgrid(*(np.linspace(low, high, 150) for low, high in zip(function.lower, function.upper, strict=True)))
    loss = sum(np.square(r) for r in function.residuals(x, y)) / 2
    axes.contourf(x, y, np.log1p(loss), levels=24, cmap="Greys", alpha=0.5)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="of the methods that draw random numbers (default %(default)s)")
    pictures.add_arguments(parser, "optimizers.png", "the paths")
    args = parser.parse_args()
    if args.seed < 0:
        parser.error(f"--seed must not be negative: {args.seed}")
    pictures.check_arguments(parser, args)
    return args


def main() -> None:
    args = arguments()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")      # scipy's: in two dimensions threads would only wait for each other
    results = {}
    for name, function in FUNCTIONS.items():
        results[name] = compare(function, args.seed)
        report(name, function, results[name])
    if not args.no_plot:
        draw(results, args.out)
        print(f"\npaths: {args.out}")


if __name__ == "__main__":
    main()
