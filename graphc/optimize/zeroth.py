"""Methods of order zero: they look at values of the loss alone, so it need not be smooth, and the seed decides every step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ir.node import Node
from ..ir.types import Array
from .minimizer import Minimizer
from .objective import Objective, Outcome


class _Search(Minimizer):
    """A seeded search in a box; `target` is a loss that is good enough to stop at."""

    bounded = True

    def __init__(self, loss: Node, var_list: Any, var_to_bounds: Mapping[Any, Any] | None, seed: int, target: float | None):
        super().__init__(loss, var_list, var_to_bounds)
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise self._refuse("seed", seed, "a whole number from 0 on")
        self.seed, self.target = int(seed), -np.inf if target is None else float(target)

    def _box(self, objective: Objective) -> tuple[Array, Array]:
        """The bounds; GraphError when one is infinite."""
        lower, upper = self._bounds(objective)
        open_ends = ~np.isfinite(upper - lower)
        if open_ends.any():
            v = next(v for v, part in zip(self.variables, objective.slices, strict=True) if open_ends[part].any())
            raise self._refuse("var_to_bounds", self.var_to_bounds.get(v), f"finite for {v.name}")
        return lower, upper

    def _reached(self, x: Array, f: float) -> Outcome | None:
        return Outcome(x, f, True, f"the loss has reached {self.target:g}") if f <= self.target else None


class RandomSearch(_Search):
    """The best of `maxiter` points drawn uniformly from the box (Brooks 1958), one evaluation each.

    An iteration ends with the best point so far. `var_to_bounds` must be finite for every variable.
    DTypeError, ShapeError, GraphError, GradientError: as `Minimizer`.
    """

    def __init__(self, loss: Node, var_list: Any = None, var_to_bounds: Mapping[Any, Any] | None = None, *, maxiter: int = 10_000,
                 seed: int = 0, target: float | None = None):
        super().__init__(loss, var_list, var_to_bounds, seed, target)
        self._count(maxiter=maxiter)
        self.maxiter = maxiter

    def _minimize(self, objective: Objective) -> Outcome:
        lower, upper = self._box(objective)
        rng = np.random.default_rng(self.seed)
        best = np.clip(objective.start, lower, upper)
        least = objective.loss(best)
        for _ in range(self.maxiter):
            x = rng.uniform(lower, upper)
            f = objective.loss(x)
            if f < least or np.isnan(least):
                best, least = x, f
            objective.step(best)
            if done := self._reached(best, least):
                return done
        return Outcome(best, least, False, f"all {self.maxiter} points are drawn")


class SimulatedAnnealing(_Search):
    """A walk that also goes uphill, ever more rarely (Kirkpatrick, Gelatt and Vecchi 1983).

    A step from x to x' is taken with probability min(1, exp(-(f(x') - f(x)) / T)) (Metropolis et al. 1953). T falls geometrically from
    `initial_temperature` to `final_temperature`, both in units of the loss's standard deviation over a hundred steps from the start.
    Steps are normal in all coordinates; their size is drawn anew each time, log-uniform from 1e-5 `scale` to `scale` widths of the box
    (of 1 where there are no bounds), so narrow valleys and far ones are both reached; they are reflected at bounds.
    An iteration ends where the walk is; the result is the best point it has seen.
    DTypeError, ShapeError, GraphError, GradientError: as `Minimizer`.
    """

    def __init__(self, loss: Node, var_list: Any = None, var_to_bounds: Mapping[Any, Any] | None = None, *, maxiter: int = 10_000,
                 initial_temperature: float = 1.0, final_temperature: float = 1e-10, scale: float = 0.5, seed: int = 0,
                 target: float | None = None):
        super().__init__(loss, var_list, var_to_bounds, seed, target)
        self._count(maxiter=maxiter)
        self._positive(initial_temperature=initial_temperature, final_temperature=final_temperature, scale=scale)
        if final_temperature > initial_temperature:
            raise self._refuse("final_temperature", final_temperature, "at most initial_temperature")
        self.maxiter, self.scale = maxiter, scale
        self.temperatures = initial_temperature, final_temperature

    def _minimize(self, objective: Objective) -> Outcome:
        lower, upper = self._bounds(objective)
        width = np.where(np.isfinite(upper - lower), upper - lower, 1.0)
        rng = np.random.default_rng(self.seed)
        x = best = np.clip(objective.start, lower, upper)
        f = least = objective.loss(x)
        objective.check_start(f)
        spread = self._spread(objective, rng, x, width, lower, upper)
        first, last = (t * spread for t in self.temperatures)
        for i in range(self.maxiter):
            temperature = first * (last / first) ** (i / max(1, self.maxiter - 1))
            y = self._neighbour(rng, x, width, lower, upper)
            fy = objective.loss(y)
            uphill = (fy - f) / temperature
            if uphill <= 0 or rng.random() < np.exp(-uphill):       # false for a loss that is nan
                x, f = y, fy
            if f < least:
                best, least = x, f
            objective.step(x)
            if done := self._reached(best, least):
                return done
        return Outcome(best, least, False, f"cooled down over {self.maxiter} steps")

    def _neighbour(self, rng: np.random.Generator, x: Array, width: Array, lower: Array, upper: Array) -> Array:
        size = self.scale * 10 ** (-5 * rng.random())
        return reflect(x + rng.normal(size=x.size) * size * width, lower, upper)

    def _spread(self, objective: Objective, rng: np.random.Generator, x: Array, width: Array, lower: Array, upper: Array) -> float:
        """The unit of temperature: how much the loss varies among steps."""
        values = np.array([objective.loss(self._neighbour(rng, x, width, lower, upper)) for _ in range(100)])
        spread = float(np.std(values[np.isfinite(values)])) if np.isfinite(values).any() else 0.0
        return spread or 1.0


class GeneticSearch(_Search):
    """A genetic algorithm on real vectors: a population in the box that is selected, crossed and mutated, one generation an iteration.

    Parents win tournaments of two (Goldberg and Deb 1991); a child's coordinates are uniform on the parents' interval widened by half
    on either side (BLX-0.5, Eshelman and Schaffer 1993); each coordinate mutates with probability `mutation`, by a step whose size is
    log-uniform from 1e-9 to 0.1 widths of the box (after Muehlenbein and Schlierkamp-Voosen 1993); the best `elite` members live on
    (De Jong 1975). Converged when the better half of the population has shrunk to `xtol` of the box in every coordinate.
    `var_to_bounds` must be finite for every variable.
    DTypeError, ShapeError, GraphError, GradientError: as `Minimizer`.
    """

    def __init__(self, loss: Node, var_list: Any = None, var_to_bounds: Mapping[Any, Any] | None = None, *, population: int = 60,
                 maxiter: int = 160, mutation: float = 0.1, elite: int = 2, xtol: float = 1e-8, seed: int = 0, target: float | None = None):
        super().__init__(loss, var_list, var_to_bounds, seed, target)
        self._count(population=population, maxiter=maxiter, elite=elite)
        self._positive(xtol=xtol)
        if not 0 <= mutation <= 1:
            raise self._refuse("mutation", mutation, "a probability")
        if elite >= population:
            raise self._refuse("elite", elite, f"less than the population, {population}")
        self.population, self.maxiter, self.mutation, self.elite, self.xtol = population, maxiter, mutation, elite, xtol

    def _minimize(self, objective: Objective) -> Outcome:
        lower, upper = self._box(objective)
        rng = np.random.default_rng(self.seed)
        members = rng.uniform(lower, upper, (self.population, lower.size))
        members[0] = np.clip(objective.start, lower, upper)
        losses = self._losses(objective, members)
        for _ in range(self.maxiter):
            rank = np.argsort(losses, kind="stable")
            members, losses = members[rank], losses[rank]
            children = self._children(rng, members, losses, lower, upper)
            members = np.concatenate([members[:self.elite], children])
            losses = np.concatenate([losses[:self.elite], self._losses(objective, children)])
            at = int(np.argmin(losses))
            objective.step(members[at])
            if done := self._reached(members[at], float(losses[at])):
                return done
            better = members[np.argsort(losses, kind="stable")[:max(2, self.population // 2)]]
            if np.all(np.ptp(better, axis=0) <= self.xtol * (upper - lower)):
                return Outcome(members[at], float(losses[at]), True, f"half of the population has shrunk to {self.xtol:g} of the box")
        at = int(np.argmin(losses))
        return Outcome(members[at], float(losses[at]), False, f"all {self.maxiter} generations have lived")

    def _losses(self, objective: Objective, members: Array) -> Array:
        values = np.array([objective.loss(x) for x in members])
        return np.where(np.isnan(values), np.inf, values)       # nan would win no comparison and lose none

    def _children(self, rng: np.random.Generator, members: Array, losses: Array, lower: Array, upper: Array) -> Array:
        count, n = self.population - self.elite, lower.size
        entrants = rng.integers(0, self.population, (2, count, 2))
        winners = np.take_along_axis(entrants, np.argmin(losses[entrants], axis=2)[..., None], axis=2)[..., 0]
        mother, father = members[winners[0]], members[winners[1]]
        child = mother + rng.uniform(-0.5, 1.5, (count, n)) * (father - mother)
        mutates = rng.random((count, n)) < self.mutation
        child += mutates * rng.choice([-1, 1], (count, n)) * 10 ** (-1 - 8 * rng.random((count, n))) * (upper - lower)
        return reflect(child, lower, upper)


def reflect(x: Array, lower: Array, upper: Array) -> Array:
    """Points outside a box mirrored at the side they left by; clipped if they are farther out than the box is wide.

    >>> reflect(np.array([-0.25, 0.5, 1.25, 9.0]), np.zeros(4), np.ones(4)).tolist()
    [0.25, 0.5, 0.75, 0.0]
    """
    x = np.where(x < lower, 2 * lower - x, x)
    x = np.where(x > upper, 2 * upper - x, x)
    return np.clip(x, lower, upper)
