"""Methods of order one: the optimizers of `tf.train`, run until the gradient vanishes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError
from ..ir.node import Node, here
from .minimizer import Minimizer
from .objective import Objective, Outcome, is_flat


class FirstOrder(Minimizer):
    """Steps of a `tf.train` optimizer, from the same vocabulary as the other methods.

    `optimizer`: one of `tf.train`, with its learning rate. Its slots (moments, accumulators) begin at their initial values in each
    `minimize`. Converged: no element of the gradient exceeds `gtol` (default: the square root of the loss's rounding error).
    DTypeError, ShapeError, GraphError, GradientError: as `Minimizer`.
    """

    order = 1

    def __init__(self, loss: Node, optimizer: Any, var_list: Any = None, *, maxiter: int = 10_000, gtol: float | None = None):
        super().__init__(loss, var_list)
        if not hasattr(optimizer, "apply_gradients"):
            raise DTypeError(f"{self.name}: {optimizer!r:.80} is not an optimizer of tf.train{here()}")
        self._count(maxiter=maxiter)
        if gtol is not None:
            self._positive(gtol=gtol)
        self.maxiter, self.gtol = maxiter, gtol
        self._update = optimizer.apply_gradients(list(zip(self.gradient, self.variables, strict=True)))
        self._slots = [v for v in optimizer.variables() if v.graph is loss.graph]

    def _minimize(self, objective: Objective) -> Outcome:
        session = objective.session
        session.values.initialise(self._slots)
        gtol = self.gtol if self.gtol is not None else np.sqrt(objective.precision)
        for i in range(self.maxiter + 1):
            x, f, g = objective.present(self._update)       # the update made in this run shows in the next
            if i:
                objective.step(x)
            else:
                objective.check_start(f, g)
            if is_flat(g, gtol):
                return Outcome(x, f, True, f"the gradient is within {gtol:.3g}")
            if not np.isfinite(f):
                return Outcome(x, f, False, f"the loss is {f}; the learning rate may be too large")
        return Outcome(x, f, False, f"the gradient is not within {gtol:.3g} after {self.maxiter} iterations")
