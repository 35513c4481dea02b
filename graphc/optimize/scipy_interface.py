"""scipy's minimisers on graph variables: `ScipyOptimizerInterface` as TensorFlow's contrib had it, and Nelder-Mead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import GraphError, MissingPackageError
from ..ir.node import Node, describe, here
from ..ir.types import Array
from ..process.importing import whole
from .matrices import Hessian, HessianProduct, Jacobian
from .minimizer import Minimizer
from .objective import Objective, Outcome

# What scipy.optimize.minimize's methods use and respect; one that is not listed is given loss and gradient.
DERIVATIVE_FREE = {"nelder-mead", "powell", "cobyla", "cobyqa"}
WITH_PRODUCTS = {"newton-cg", "trust-ncg", "trust-krylov"}
WITH_HESSIAN = {"dogleg", "trust-exact"}
WITH_BOUNDS = {"l-bfgs-b", "tnc", "slsqp", "trust-constr", "nelder-mead", "powell", "cobyla", "cobyqa"}
WITH_CONSTRAINTS = {"slsqp", "trust-constr", "cobyla", "cobyqa"}
SET_HERE = ("fun", "x0", "jac", "hess", "hessp", "bounds", "constraints", "callback", "args")


class ScipyOptimizerInterface(Minimizer):
    """`scipy.optimize.minimize` over the variables of a graph (TensorFlow 1's `tf.contrib.opt.ScipyOptimizerInterface`).

    `equalities`, `inequalities`: tensors, or lists of them, that shall be zero, or not negative, at the solution. `method`: scipy's name, by default
    "L-BFGS-B", or "SLSQP" under constraints; gradients, and Hessians or their products for the methods that take them, come from the
    graph. Other `optimizer_kwargs` go to scipy as they are: `options={"maxiter": 100}`, `tol`.

    Raises what `Minimizer` does, and GraphError: bounds or constraints with a method that has none, a keyword that is set here;
    MissingPackageError (an ImportError): scipy is not installed.

    >>> v = tf.Variable([3.0, 4.0])
    >>> with tf.Session(jit=False) as sess:
    ...     result = tf.contrib.opt.ScipyOptimizerInterface(tf.reduce_sum(v * v)).minimize(sess)
    ...     print(bool(np.abs(sess.run(v)).max() < 1e-3))
    True
    """

    bounded = True

    def __init__(self, loss: Node, var_list: Any = None, equalities: Any = None, inequalities: Any = None,
                 var_to_bounds: Mapping[Any, Any] | None = None, **optimizer_kwargs: Any):
        self._scipy = _scipy_optimize(self.name)
        given = [(kind, c) for kind, several in (("eq", equalities), ("ineq", inequalities))
                 for c in ([several] if isinstance(several, Node) else several or ())]
        self.method = optimizer_kwargs.pop("method", "SLSQP" if given else "L-BFGS-B")
        key = self.method.lower() if isinstance(self.method, str) else ""
        self.order = 0 if key in DERIVATIVE_FREE else 2 if key in WITH_PRODUCTS | WITH_HESSIAN else 1
        super().__init__(loss, var_list, var_to_bounds)
        self._check_method(key, bool(given), optimizer_kwargs)
        self.optimizer_kwargs = optimizer_kwargs
        self._constraints = [(kind, self._checked_constraint(c), Jacobian(c, self.variables) if self.order else None) for kind, c in given]
        self._product = HessianProduct(loss, self.variables) if key in WITH_PRODUCTS else None
        self._hessian = Hessian(loss, self.variables) if key in WITH_HESSIAN else None

    def _minimize(self, objective: Objective) -> Outcome:
        lower, upper = self._bounds(objective)
        start = np.clip(objective.start, lower, upper)
        f, *gradient = objective.loss_and_gradient(start) if self.order else (objective.loss(start),)
        objective.check_start(f, *gradient)

        def callback(x: Array, *state: Any) -> None:
            objective.step(x)

        derivatives: dict[str, Any] = {"jac": True} if self.order else {}
        if self._product is not None:
            product = self._product
            derivatives["hessp"] = lambda x, v: product.at(objective, x, v)
        if self._hessian is not None:
            hessian = self._hessian
            derivatives["hess"] = lambda x: hessian.at(objective, x)
        found = self._scipy.minimize(objective.loss_and_gradient if self.order else objective.loss, start, method=self.method, callback=callback,
                                     bounds=list(zip(lower, upper, strict=True)) if self.var_to_bounds else None,
                                     constraints=[self._constraint(objective, *c) for c in self._constraints], **derivatives,
                                     **self.optimizer_kwargs)
        message = found.message.decode() if isinstance(found.message, bytes) else str(found.message)
        return Outcome(np.clip(found.x, lower, upper), float(found.fun), bool(found.success), message)

    def _constraint(self, objective: Objective, kind: str, node: Node, jacobian: Jacobian | None) -> dict[str, Any]:
        given: dict[str, Any] = {"type": kind, "fun": lambda x: np.ravel(objective.evaluate([node], x, ())[0]).astype(np.float64)}
        if jacobian is not None:
            given["jac"] = lambda x: jacobian.at(objective, x, ())
        return given

    def _check_method(self, key: str, constrained: bool, options: Mapping[str, Any]) -> None:
        if not key and not callable(self.method):
            raise self._refuse("method", self.method, "the name of a method of scipy.optimize.minimize, or a function")
        for option in options:
            if option in SET_HERE:
                raise GraphError(f"{self.name}: {option} is set from the graph and cannot be given{here()}")
        for what, wanted, able in (("bounds", self.var_to_bounds, WITH_BOUNDS), ("constraints", constrained, WITH_CONSTRAINTS)):
            if wanted and key and key not in able:
                raise GraphError(f"{self.name}: the method {self.method} takes no {what}; {', '.join(sorted(able))} do{here()}")

    def _checked_constraint(self, constraint: Any) -> Node:
        if not isinstance(constraint, Node) or constraint.graph is not self.loss.graph:
            what = describe(constraint) if isinstance(constraint, Node) else f"{constraint!r:.80}"
            raise GraphError(f"{self.name}: the constraint {what} is not a tensor of the loss's graph{here()}")
        return constraint


class NelderMead(ScipyOptimizerInterface):
    """The downhill simplex method (Nelder and Mead 1965) by scipy: no derivatives, a few variables, bounds respected.

    `maxiter`: iterations at most (default: scipy's, 200 for each element); `xatol`, `fatol`: the size of the simplex and the spread of
    its losses at which it has converged.
    DTypeError, ShapeError, GraphError, GradientError: as `Minimizer`.
    """

    def __init__(self, loss: Node, var_list: Any = None, var_to_bounds: Mapping[Any, Any] | None = None, *, maxiter: int | None = None,
                 xatol: float = 1e-8, fatol: float = 1e-8):
        options = {"xatol": xatol, "fatol": fatol} | ({} if maxiter is None else {"maxiter": maxiter})
        super().__init__(loss, var_list, var_to_bounds=var_to_bounds, method="Nelder-Mead", options=options)


def _scipy_optimize(name: str) -> Any:
    try:
        optimize = whole("scipy.optimize")
    except ImportError:
        raise MissingPackageError(f"{name} needs scipy: pip install scipy{here()}") from None
    return optimize
