"""A loss as a function of one flat vector: the variables' values go in as feeds, evaluations are counted by order of derivative."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..errors import GraphError, InvalidArgumentError, ShapeError
from ..ir.node import Node, describe, here
from ..ir.types import Array, shape_str


class Evaluations(NamedTuple):
    """How often each order of derivative was computed: `evaluations[2]` is `evaluations.second`.

    `second` counts Hessians and products with a Hessian alike; the Jacobian of residuals is a first derivative.
    """

    loss: int = 0
    first: int = 0
    second: int = 0


@dataclass(frozen=True)
class Result:
    """Where a minimisation ended.

    `x`: float64[n], all variables flattened in order; `values`: the same as one array a variable; `fun`: the loss there.
    `converged`: the method's own criterion is met; else `message` says what stopped it. `path`: float64[iterations + 1, n],
    the start and the point after each iteration, if asked for.
    """

    x: Array
    values: list[Array]
    fun: float
    iterations: int
    evaluations: Evaluations
    converged: bool
    message: str
    path: Array | None = field(default=None, repr=False)

    def __str__(self) -> str:
        counts = ", ".join(f"{n} of order {order}" for order, n in enumerate(self.evaluations) if n)
        return (f"{'converged' if self.converged else 'stopped'} after {self.iterations} iterations at loss {self.fun:.6g}: "
                f"{self.message} (evaluations: {counts})")


@dataclass(frozen=True)
class Outcome:
    """What a method hands back: its best point, the loss there, and why it stopped."""

    x: Array
    fun: float
    converged: bool
    message: str


class Objective:
    """The loss, and whatever else a method needs, at points of one flat vector.

    The session's variables are not changed: their values at a point are fed. `start`: theirs by default. `path`: keep the point of every step.
    """

    def __init__(self, session: Any, variables: Sequence[Node], loss: Node, gradient: Sequence[Node], feeds: Mapping[Any, Any],
                 fetches: Sequence[Any] = (), loss_callback: Callable[..., Any] | None = None,
                 step_callback: Callable[[Array], Any] | None = None, start: Sequence[Any] | None = None, path: bool = False):
        self.session, self.variables, self.feeds = session, list(variables), dict(feeds)
        self.node, self.gradient = loss, list(gradient)
        self.fetches = list(fetches) if loss_callback is not None else []
        self.loss_callback, self.step_callback = loss_callback, step_callback
        start = session.run(self.variables) if start is None else start
        self.shapes = [np.shape(value) for value in start]
        self.dtypes = [v.dtype.dtype for v in self.variables]
        ends = np.cumsum([0, *(int(np.prod(shape)) for shape in self.shapes)]).tolist()
        self.slices = [slice(begin, end) for begin, end in zip(ends[:-1], ends[1:], strict=True)]
        self.start = self.pack(start)
        self.counts = [0, 0, 0]
        self.iterations = 0
        self.points = [self.start.copy()] if path else None

    @property
    def precision(self) -> float:
        """The relative rounding error of the loss."""
        return float(np.finfo(self.node.type.dtype).eps)

    def pack(self, values: Sequence[Any]) -> Array:
        """One float64 vector of all elements."""
        return np.concatenate([np.ravel(np.asarray(value, np.float64)) for value in values])

    def unpack(self, x: Array) -> list[Array]:
        """The vector's parts in the variables' shapes and dtypes."""
        return [x[part].reshape(shape).astype(dtype) for part, shape, dtype in zip(self.slices, self.shapes, self.dtypes, strict=True)]

    def evaluate(self, nodes: Sequence[Any], x: Array, orders: Sequence[int], extra: Mapping[Any, Any] | None = None) -> list[Any]:
        """The values of nodes at a point, counted under the orders of derivative they stand for."""
        for order in orders:
            self.counts[order] += 1
        return self.session.run(list(nodes), {**dict(zip(self.variables, self.unpack(x), strict=True)), **(extra or {}), **self.feeds})

    def present(self, update: Any) -> tuple[Array, float, Array]:
        """The session's own point, the loss and its gradient there, by one program that also runs `update`; `loss_callback` is told."""
        m, n = len(self.variables), len(self.gradient)
        self.counts[0] += 1
        self.counts[1] += 1
        values = self.session.run([*self.variables, self.node, *self.gradient, update, *self.fetches], self.feeds)
        self._tell(values[m + n + 2:])
        return self.pack(values[:m]), self.scalar(values[m]), self.pack(values[m + 1:m + n + 1])

    def loss(self, x: Array) -> float:
        """The loss at a point; `loss_callback` is told."""
        value, *seen = self.evaluate([self.node, *self.fetches], x, [0])
        self._tell(seen)
        return self.scalar(value)

    def loss_and_gradient(self, x: Array) -> tuple[float, Array]:
        """The loss and its gradient float64[n] at a point, by one program; `loss_callback` is told."""
        n = len(self.gradient)
        value, *rest = self.evaluate([self.node, *self.gradient, *self.fetches], x, [0, 1])
        self._tell(rest[n:])
        return self.scalar(value), self.pack(rest[:n])

    def scalar(self, value: Any) -> float:
        """The loss as a number; ShapeError when a loss of unknown shape turns out to be no scalar."""
        if np.shape(value) != ():
            raise ShapeError(f"{describe(self.node)} has the shape {shape_str(np.shape(value))} in this run; a loss is a scalar{here()}")
        return float(value)

    def check_start(self, value: float, gradient: Array | None = None) -> None:
        """InvalidArgumentError where no method can begin."""
        what = "its gradient is" if np.isfinite(value) else f"it is {value}, which is"
        if not np.isfinite(value) or (gradient is not None and not np.isfinite(gradient).all()):
            raise InvalidArgumentError(f"{describe(self.node)} cannot be minimised from here: {what} not finite at the variables' values{here()}")

    def step(self, x: Array) -> None:
        """One more iteration has ended, at `x`."""
        self.iterations += 1
        if self.points is not None:
            self.points.append(np.array(x, np.float64))
        if self.step_callback is not None:
            self.step_callback(np.array(x, np.float64))

    def result(self, outcome: Outcome) -> Result:
        values = self.unpack(outcome.x)         # as the variables round them
        return Result(self.pack(values), values, outcome.fun, self.iterations, Evaluations(*self.counts), outcome.converged,
                      outcome.message, None if self.points is None else np.array(self.points))

    def _tell(self, seen: Sequence[Any]) -> None:
        if self.loss_callback is not None:
            self.loss_callback(*seen)


def is_flat(gradient: Array, gtol: float) -> bool:
    """Whether no element of a gradient exceeds the tolerance."""
    return bool(np.max(np.abs(gradient), initial=0.0) <= gtol)


def bounds_of(variables: Sequence[Node], shapes: Sequence[tuple[int, ...]], var_to_bounds: Mapping[Any, Any]) -> tuple[Array, Array]:
    """The lower and upper bounds float64[n] of the flat vector; -inf and inf where there are none.

    ShapeError: bounds that are no numbers or do not broadcast to their variable. GraphError: a lower bound above its upper one, or nan.
    """
    lower, upper = [], []
    for v, shape in zip(variables, shapes, strict=True):
        pair, sides = var_to_bounds.get(v, (-np.inf, np.inf)), []
        for side in pair:
            try:
                sides.append(np.broadcast_to(np.asarray(side, np.float64), shape).ravel())
            except (TypeError, ValueError):
                raise ShapeError(f"the bound {side!r:.60} does not fit {describe(v)}{here()}") from None
        if not np.all(sides[0] <= sides[1]):
            raise GraphError(f"the bounds {pair!r:.60} of {describe(v)} are not a lower and an upper one; none is -inf, or inf{here()}")
        lower.append(sides[0])
        upper.append(sides[1])
    return np.concatenate(lower), np.concatenate(upper)
