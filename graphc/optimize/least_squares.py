"""Least squares: Gauss-Newton and Levenberg-Marquardt on residuals and their Jacobian."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..errors import DTypeError
from ..ir.node import Node, describe, here
from ..ir.types import Array, TensorType
from ..ops.array import concat, reshape
from ..ops.math import cast, square
from ..ops.reduce import reduce_sum
from .line_search import backtrack
from .matrices import Jacobian
from .minimizer import Minimizer
from .objective import Objective, Outcome, is_flat


class _LeastSquares(Minimizer):
    """Minimises sum(r^2) / 2 over all elements of the residuals; the gradient is J^T r, so no other derivative is built."""

    order = 1

    def __init__(self, residuals: Any, var_list: Any, maxiter: int, gtol: float | None, xtol: float | None):
        parts = list(residuals) if isinstance(residuals, (list, tuple)) else [residuals]
        for r in parts:
            if not isinstance(r, Node) or not isinstance(r.type, TensorType) or r.type.dtype.kind != "f":
                what = describe(r) if isinstance(r, Node) else f"{r!r:.80}"
                raise DTypeError(f"{self.name}: residuals are tensors of a floating dtype, not {what}{here()}")
        if not parts:
            raise self._refuse("residuals", residuals, "a tensor, or a list of at least one")
        graph = parts[0].graph
        with graph.as_default(), graph.control_dependencies(None), graph.name_scope(self.name):
            dtype = np.result_type(*(r.type.dtype for r in parts))
            flat = [reshape(r if r.type.dtype == dtype else cast(r, dtype), [-1]) for r in parts]
            self.residual = flat[0] if len(flat) == 1 else concat(flat, 0)
            loss = reduce_sum(square(self.residual)) / 2
        super().__init__(loss, var_list)
        self._count(maxiter=maxiter)
        for option, value in {"gtol": gtol, "xtol": xtol}.items():
            if value is not None:
                self._positive(**{option: value})
        self.maxiter, self._gtol, self._xtol = maxiter, gtol, xtol
        self._jacobian = Jacobian(self.residual, self.variables)

    def _gradient(self) -> list[Node]:
        return []

    def _minimize(self, objective: Objective) -> Outcome:
        self.gtol = self._gtol if self._gtol is not None else float(np.sqrt(objective.precision))
        self.xtol = self._xtol if self._xtol is not None else float(objective.precision)
        f = objective.loss(objective.start)
        residual, jacobian = self._linearise(objective, objective.start)
        objective.check_start(f, jacobian)
        return self._descend(objective, objective.start, f, residual, jacobian)

    def _descend(self, objective: Objective, x: Array, f: float, residual: Array, jacobian: Array) -> Outcome:
        raise NotImplementedError

    def _linearise(self, objective: Objective, x: Array) -> tuple[Array, Array]:
        """Residuals float64[m] and their Jacobian float64[m, n] at a point, by one program."""
        residual, jacobian = self._jacobian.at(objective, x, [1], self.residual)
        return np.asarray(residual, np.float64), jacobian

    def _at_end(self, x: Array, f: float, gradient: Array) -> Outcome | None:
        if not np.isfinite(gradient).all():
            return Outcome(x, f, False, "the residuals have no finite derivatives here")
        return Outcome(x, f, True, f"the gradient is within {self.gtol:.3g}") if is_flat(gradient, self.gtol) else None

    def _too_short(self, p: Array, x: Array, f: float) -> Outcome | None:
        short = np.linalg.norm(p) <= self.xtol * (np.linalg.norm(x) + self.xtol)
        return Outcome(x, f, True, f"the step is within {self.xtol:.3g} of the point") if short else None

    def _spent(self, x: Array, f: float) -> Outcome:
        return Outcome(x, f, False, f"the gradient is not within {self.gtol:.3g} after {self.maxiter} iterations")


class GaussNewton(_LeastSquares):
    """The damped Gauss-Newton method (Nocedal and Wright 2006, section 10.3): p minimises |J p + r|, then steps are halved (algorithm 3.1).

    `residuals`: a tensor of any shape, or a list of them; the loss is half their sum of squares. A Jacobian without full rank gives the
    shortest p. Converged: no element of J^T r exceeds `gtol` (default: the square root of the residuals' rounding error), or the step is
    shorter than `xtol` times the point (default: the rounding error).
    DTypeError, ShapeError, GraphError, GradientError: as `Minimizer`.
    """

    def __init__(self, residuals: Any, var_list: Any = None, *, maxiter: int = 100, gtol: float | None = None, xtol: float | None = None):
        super().__init__(residuals, var_list, maxiter, gtol, xtol)

    def _descend(self, objective: Objective, x: Array, f: float, residual: Array, jacobian: Array) -> Outcome:
        for _ in range(self.maxiter):
            g = residual @ jacobian
            if end := self._at_end(x, f, g):
                return end
            p = np.linalg.lstsq(jacobian, -residual, rcond=None)[0]
            alpha = backtrack(partial(self._along, objective, x, p), f, float(g @ p), 4 * objective.precision * f)
            if alpha is None:
                return Outcome(x, f, False, "no step along the direction decreases the loss by more than rounding")
            x = x + alpha * p
            residual, jacobian = self._linearise(objective, x)
            f = float(residual @ residual) / 2
            objective.step(x)
            if end := self._too_short(alpha * p, x, f):
                return end
        return self._spent(x, f)

    def _along(self, objective: Objective, x: Array, p: Array, alpha: float) -> float:
        return objective.loss(x + alpha * p)


class LevenbergMarquardt(_LeastSquares):
    """The Levenberg-Marquardt method (Levenberg 1944, Marquardt 1963) with Nielsen's damping (Madsen, Nielsen and Tingleff 2004, algorithm 3.16).

    p solves (J^T J + mu I) p = -J^T r; mu shrinks by what the step gained of what its linear model promised, and grows where it lost.
    `residuals`: a tensor of any shape, or a list of them; the loss is half their sum of squares. `tau`: the first mu, in units of the
    largest element of J^T J's diagonal. Converged: no element of J^T r exceeds `gtol` (default: the square root of the residuals'
    rounding error), or the step is shorter than `xtol` times the point (default: the rounding error). An iteration is one solution for p.
    DTypeError, ShapeError, GraphError, GradientError: as `Minimizer`.
    """

    def __init__(self, residuals: Any, var_list: Any = None, *, maxiter: int = 200, gtol: float | None = None, xtol: float | None = None,
                 tau: float = 1e-3):
        super().__init__(residuals, var_list, maxiter, gtol, xtol)
        self._positive(tau=tau)
        self.tau = tau

    def _descend(self, objective: Objective, x: Array, f: float, residual: Array, jacobian: Array) -> Outcome:
        g = residual @ jacobian
        mu, growth = self.tau * float(np.max(np.sum(jacobian**2, axis=0))) or self.tau, 2.0
        for _ in range(self.maxiter):
            if end := self._at_end(x, f, g):
                return end
            p = damped_step(jacobian, residual, mu)
            if end := self._too_short(p, x, f):
                return end
            trial = objective.loss(x + p)
            gain = (f - trial) / float(p @ (mu * p - g) / 2)
            if gain > 0:                # false for a loss that is nan
                x, f = x + p, trial
                residual, jacobian = self._linearise(objective, x)
                g = residual @ jacobian
                mu, growth = mu * max(1 / 3, 1 - (2 * gain - 1) ** 3), 2.0
            else:
                mu, growth = mu * growth, 2 * growth
            objective.step(x)
        return self._spent(x, f)


def damped_step(jacobian: Array, residual: Array, mu: float) -> Array:
    """The p that minimises |J p + r|^2 + mu |p|^2, by orthogonal factors of J over sqrt(mu) I, whose condition is the root of J^T J's."""
    n = jacobian.shape[1]
    q, r = np.linalg.qr(np.concatenate([jacobian, np.sqrt(mu) * np.eye(n)]))
    return np.linalg.solve(r, -(residual @ q[:len(residual)]))
