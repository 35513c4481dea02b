"""Methods of order two: Newton's, with the Hessian as a matrix or through products with it alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.node import Node
from ..ir.types import Array
from .line_search import SUFFICIENT_DECREASE, TRIALS, Step, along
from .matrices import Hessian, HessianProduct
from .minimizer import Minimizer
from .objective import Objective, Outcome, is_flat


class _NewtonLike(Minimizer):
    """Steps by the quadratic model of the loss until no element of the gradient exceeds `gtol`."""

    order = 2

    def __init__(self, loss: Node, var_list: Any, maxiter: int, gtol: float | None):
        super().__init__(loss, var_list)
        self._count(maxiter=maxiter)
        if gtol is not None:
            self._positive(gtol=gtol)
        self.maxiter, self.gtol = maxiter, gtol

    def _minimize(self, objective: Objective) -> Outcome:
        start = Step(objective.start, *objective.loss_and_gradient(objective.start))
        objective.check_start(start.f, start.gradient)
        return self._descend(objective, start, self.gtol if self.gtol is not None else float(np.sqrt(objective.precision)))

    def _descend(self, objective: Objective, at: Step, gtol: float) -> Outcome:
        raise NotImplementedError


class Newton(_NewtonLike):
    """Newton's method with line search and modified Hessian (Nocedal and Wright 2006, algorithm 3.2).

    The direction solves H p = -g by Cholesky's factors. Where H is not positive definite, its eigenvalues are replaced by their absolute
    values, at least 1e-8 of the largest (section 3.4, "eigenvalue modification"; Greenstadt 1967). At a point without slope but with
    negative curvature, a saddle, the search goes on along the eigenvector of the least eigenvalue (Moré and Sorensen 1979).
    Converged: no element of the gradient exceeds `gtol` (default: the square root of the loss's rounding error), and the Hessian has no
    negative eigenvalue. `line_search`: "wolfe", which computes the gradient with every loss, or "armijo", which does so once an iteration.
    Memory n^2, time n^3 an iteration, for n elements in all variables.
    DTypeError, ShapeError, GraphError, GradientError: as `Minimizer`.
    """

    def __init__(self, loss: Node, var_list: Any = None, *, maxiter: int = 100, gtol: float | None = None, line_search: str = "wolfe"):
        super().__init__(loss, var_list, maxiter, gtol)
        if line_search not in ("wolfe", "armijo"):
            raise self._refuse("line_search", line_search, '"wolfe" or "armijo"')
        self.line_search = line_search
        self._hessian = Hessian(self.loss, self.variables)

    def _descend(self, objective: Objective, at: Step, gtol: float) -> Outcome:
        for _ in range(self.maxiter):
            flat = is_flat(at.gradient, gtol)
            hessian = self._hessian.at(objective, at.x)
            step = off_saddle(objective, at, hessian) if flat else \
                along(objective, at.x, newton_direction(hessian, at.gradient), at.f, at.gradient, self.line_search)
            if step is None:
                return Outcome(at.x, at.f, True, f"the gradient is within {gtol:.3g} and the curvature not negative") if flat else \
                    Outcome(at.x, at.f, False, "no step along the direction decreases the loss by more than rounding")
            at = step
            objective.step(at.x)
        return Outcome(at.x, at.f, False, f"the gradient is not within {gtol:.3g} after {self.maxiter} iterations")


class NewtonCG(_NewtonLike):
    """The trust-region Newton-CG method (Steihaug 1983; Nocedal and Wright 2006, algorithms 4.1 and 7.2): H enters by products H v alone.

    Conjugate gradients minimise the quadratic model inside a ball until the residual is min(1/2, sqrt(|g|)) |g|; a direction of negative
    curvature is followed to the ball's edge. The radius, `initial_radius` at first, follows how well the model has foretold the loss.
    Converged: no element of the gradient exceeds `gtol` (default: the square root of the loss's rounding error); the curvature is not
    looked at there, so a saddle that is met exactly counts. `maxcg`: products an iteration at most (default: twice the number of elements).
    An iteration is one trial step, taken or not. Memory n; at most 5 gradients' time a product.
    DTypeError, ShapeError, GraphError, GradientError: as `Minimizer`.
    """

    def __init__(self, loss: Node, var_list: Any = None, *, maxiter: int = 200, maxcg: int | None = None, gtol: float | None = None,
                 initial_radius: float = 1.0):
        super().__init__(loss, var_list, maxiter, gtol)
        if maxcg is not None:
            self._count(maxcg=maxcg)
        self._positive(initial_radius=initial_radius)
        self.maxcg, self.initial_radius = maxcg, initial_radius
        self._product = HessianProduct(self.loss, self.variables)

    def _descend(self, objective: Objective, at: Step, gtol: float) -> Outcome:
        radius = self.initial_radius
        for _ in range(self.maxiter):
            if is_flat(at.gradient, gtol):
                return Outcome(at.x, at.f, True, f"the gradient is within {gtol:.3g}")
            p, promised = self._model_step(objective, at, radius)
            trial = Step(at.x + p, *objective.loss_and_gradient(at.x + p))
            noise = 4 * objective.precision * abs(at.f)         # lets both vanish at the end (Conn, Gould and Toint 2000, section 17.4.2)
            gain = (at.f - trial.f + noise) / (promised + noise)
            length = float(np.linalg.norm(p))
            if not gain >= 0.25:                                # true for a loss that is nan
                radius = length / 4
            elif gain > 0.75 and length > 0.99 * radius:
                radius *= 2
            if gain > 0.1 and np.isfinite(trial.gradient).all():
                at = trial
            objective.step(at.x)
            if radius <= objective.precision * np.linalg.norm(at.x):
                return Outcome(at.x, at.f, False, "no step decreases the loss by more than rounding")
        return Outcome(at.x, at.f, False, f"the gradient is not within {gtol:.3g} after {self.maxiter} iterations")

    def _model_step(self, objective: Objective, at: Step, radius: float) -> tuple[Array, float]:
        """Algorithm 7.2: a step p within the radius, and the decrease -(g p + p H p / 2) that the model promises for it."""
        norm = float(np.linalg.norm(at.gradient))
        tolerance = min(0.5, np.sqrt(norm)) * norm
        z, hz, r = np.zeros_like(at.gradient), np.zeros_like(at.gradient), at.gradient
        d = -r
        for _ in range(self.maxcg or 2 * r.size):
            hd = self._product.at(objective, at.x, d)
            curvature = float(d @ hd)
            alpha = float(r @ r) / curvature if curvature > 0 else 0.0
            if not curvature > 0 or np.linalg.norm(z + alpha * d) >= radius:
                alpha = to_edge(z, d, radius)
                z, hz = z + alpha * d, hz + alpha * hd
                break
            z, hz = z + alpha * d, hz + alpha * hd
            r_next = r + alpha * hd
            if np.linalg.norm(r_next) < tolerance:
                break
            d = -r_next + float(r_next @ r_next) / float(r @ r) * d
            r = r_next
        return z, -float(at.gradient @ z + z @ hz / 2)


def newton_direction(hessian: Array, gradient: Array) -> Array:
    """The p that solves H p = -g, or the same with H made positive definite; the gradient downhill where H is not finite."""
    if not np.isfinite(hessian).all():
        return -gradient
    try:
        factor = np.linalg.cholesky(hessian)
        return -np.linalg.solve(factor.T, np.linalg.solve(factor, gradient))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(hessian)
        values = np.maximum(np.abs(values), 1e-8 * np.max(np.abs(values)) or 1.0)
        return -vectors @ ((vectors.T @ gradient) / values)


def off_saddle(objective: Objective, at: Step, hessian: Array) -> Step | None:
    """A step along the direction of most negative curvature, None if there is none."""
    if not hessian.size or not np.isfinite(hessian).all():
        return None
    values, vectors = np.linalg.eigh(hessian)
    least = values[0]
    if least >= -np.sqrt(objective.precision) * np.max(np.abs(values)):
        return None
    d = vectors[:, 0] if at.gradient @ vectors[:, 0] <= 0 else -vectors[:, 0]
    alpha = 1.0
    for _ in range(TRIALS):
        if objective.loss(at.x + alpha * d) <= at.f + SUFFICIENT_DECREASE * alpha**2 * least / 2:
            return Step(at.x + alpha * d, *objective.loss_and_gradient(at.x + alpha * d))
        alpha /= 2
    return None


def to_edge(z: Array, d: Array, radius: float) -> float:
    """The positive alpha with |z + alpha d| = radius, for a z inside.

    >>> to_edge(np.array([3.0, 0.0]), np.array([0.0, 2.0]), 5.0)
    2.0
    """
    a, b, c = float(d @ d), float(z @ d), float(z @ z) - radius**2
    root = np.sqrt(max(0.0, b * b - a * c))
    return float(-c / (b + root) if b > 0 else (root - b) / a)
