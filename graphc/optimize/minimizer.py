"""What every minimiser shares: the check of its arguments, and a run that leaves the variables at the best point found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..autodiff.gradients import gradients
from ..errors import DTypeError, GradientError, GraphError, ShapeError
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_session
from ..ir.node import Node, describe, here, topological
from ..ir.types import Array, TensorType
from ..ops.state import Variable
from .objective import Objective, Outcome, Result, bounds_of


class Minimizer:
    """Minimises a scalar loss over variables of any shapes; a subclass says how, in `_minimize`.

    `loss`: a scalar tensor of a floating dtype. `var_list`: the variables (default: all trainable ones), of floating dtypes.
    `var_to_bounds`: {variable: (lower, upper)}, numbers or arrays that broadcast to the variable, -inf and inf for none.
    Whatever derivatives the method needs are added to the graph here, once; `minimize` may then be called often.

    Raises DTypeError: a loss or variable that is no floating tensor. ShapeError: a loss that is no scalar, bounds of a wrong
    shape. GraphError: no variables, variables of another graph, bad options. GradientError: a variable without a path to the loss.
    """

    order = 0           # the highest order of derivative used
    bounded = False     # whether bounds are respected

    def __init__(self, loss: Node, var_list: Any = None, var_to_bounds: Mapping[Any, Any] | None = None):
        self.loss = self._checked_loss(loss)
        self.variables = self._checked_variables(loss, var_list)
        self.var_to_bounds = self._checked_bounds(dict(var_to_bounds or {}))
        self.gradient: list[Node] = self._gradient() if self.order else []

    def minimize(self, session: Any = None, feed_dict: Mapping[Any, Any] | None = None, fetches: Sequence[Any] | None = None,
                 step_callback: Callable[[Array], Any] | None = None, loss_callback: Callable[..., Any] | None = None,
                 path: bool = False) -> Result:
        """Minimises from the variables' present values, sets them to the best point found, and says how it went.

        `feed_dict`: for placeholders, the same in every evaluation. `step_callback(x)`: called after each iteration with all
        variables in one flat vector. `loss_callback(*values)`: called whenever the loss is computed, with the values of
        `fetches` there. `path`: keep the points of all iterations in the result.

        Raises GraphError: no session, or one of another graph. InvalidArgumentError: a placeholder that is not fed, a start
        where the loss or its gradient is not finite.
        """
        session = self._checked_session(session)
        feeds = {session.graph.as_node(key): value for key, value in (feed_dict or {}).items()}
        for v in self.variables:
            if v in feeds:
                raise GraphError(f"{self.name}: {describe(v)} is being optimised and cannot be fed{here()}")
        objective = Objective(session, self.variables, self.loss, self.gradient, feeds, fetches or (), loss_callback, step_callback, path=path)
        result = objective.result(self._minimize(objective))
        for v, value in zip(self.variables, result.values, strict=True):
            session.load(v, value)
        return result

    @property
    def name(self) -> str:
        return type(self).__name__

    def _minimize(self, objective: Objective) -> Outcome:
        raise NotImplementedError(f"{self.name} does not say how it minimises")

    def _bounds(self, objective: Objective) -> tuple[Array, Array]:
        return bounds_of(self.variables, objective.shapes, self.var_to_bounds)

    def _refuse(self, option: str, value: Any, expected: str) -> GraphError:
        return GraphError(f"{self.name}: {option} must be {expected}, not {value!r:.60}{here()}")

    def _positive(self, **options: Any) -> None:
        """GraphError unless each option is a positive number."""
        for option, value in options.items():
            if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 < value < np.inf:
                raise self._refuse(option, value, "a positive number")

    def _count(self, **options: Any) -> None:
        """GraphError unless each option is a whole number from 1 on."""
        for option, value in options.items():
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
                raise self._refuse(option, value, "a whole number from 1 on")

    # ------------------------------------------------------------------ arguments

    def _checked_loss(self, loss: Any) -> Node:
        if not isinstance(loss, Node):
            raise DTypeError(f"{self.name}: the loss must be a tensor, not {loss!r:.80}{here()}")
        if not isinstance(loss.type, TensorType) or loss.type.dtype.kind != "f":
            raise DTypeError(f"{self.name}: {describe(loss)} is not of a floating dtype{here()}")
        if loss.type.shape not in ((), None):
            raise ShapeError(f"{self.name}: a loss is a scalar, and {describe(loss)} is not; reduce_sum or reduce_mean makes one of it{here()}")
        return loss

    def _checked_variables(self, loss: Node, var_list: Any) -> list[Variable]:
        found = list(var_list) if isinstance(var_list, (list, tuple)) else [var_list] if var_list is not None else \
            loss.graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)
        if not found:
            raise GraphError(f"{self.name}: there are no variables to optimise{here()}")
        reached = set(topological([loss]))
        for v in found:
            if not isinstance(v, Variable):
                raise DTypeError(f"{self.name}: {v!r:.80} is not a Variable{here()}")
            if v.graph is not loss.graph:
                raise GraphError(f"{self.name}: {describe(v)} is not of the graph of {describe(loss)}{here()}")
            if v.type.dtype.kind != "f":
                raise DTypeError(f"{self.name}: {describe(v)} is not of a floating dtype and cannot be optimised{here()}")
            if v not in reached:
                raise GradientError(f"{self.name}: {describe(loss)} does not depend on {describe(v)}{here()}")
        if len(set(found)) != len(found):
            raise GraphError(f"{self.name}: a variable is listed twice{here()}")
        return found

    def _checked_bounds(self, var_to_bounds: dict[Any, Any]) -> dict[Any, Any]:
        if var_to_bounds and not self.bounded:
            raise GraphError(f"{self.name} takes no bounds{here()}")
        for v, pair in var_to_bounds.items():
            if v not in self.variables:
                raise GraphError(f"{self.name}: bounds are given for {v!r:.80}, which is not optimised{here()}")
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise self._refuse(f"the bounds of {v.name}", pair, "a pair (lower, upper)")
        known = [v for v in self.variables if v.type.known]
        bounds_of(known, [v.type.shape for v in known], var_to_bounds) if known else None
        return var_to_bounds

    def _checked_session(self, session: Any) -> Any:
        session = session if session is not None else get_default_session()
        if session is None:
            raise GraphError(f"{self.name}.minimize needs a session: session= or `with tf.Session():`{here()}")
        if session.graph is not self.loss.graph:
            raise GraphError(f"{self.name}: the session runs another graph than that of {describe(self.loss)}{here()}")
        return session

    def _gradient(self) -> list[Node]:
        found = gradients(self.loss, self.variables)
        missing = [v for v, g in zip(self.variables, found, strict=True) if g is None]
        if missing:
            raise GradientError(f"{self.name}: no gradient leads from {describe(self.loss)} to {describe(missing[0])}{here()}")
        return [g for g in found if g is not None]
