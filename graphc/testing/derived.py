"""The derivatives of a function up to an order, as one graph that a session evaluates at any point, along any vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..autodiff.products import jvp, vjp
from ..errors import DTypeError
from ..ir.graph import Graph
from ..ir.node import here
from ..ir.types import Array, element_count
from ..ops.sources import placeholder
from ..runtime.session import Session
from .function import Function


class Outputs(NamedTuple):
    """The function's values and, for each order, its derivatives along a cotangent and along a tangent, all as vectors."""

    values: Array
    back: list[Array]       # [elements of the arguments]
    ahead: list[Array]      # order 1: [elements of the values]; then [elements of the arguments]


class Point(NamedTuple):
    """Where derivatives are evaluated, and along what."""

    x: Array                # all elements that it is differentiated by
    cotangents: list[Array]  # for each order: of the values, then of the first derivative, and so on
    tangent: Array

    def astype(self, dtype: Any) -> Point:
        return Point(self.x.astype(dtype), [v.astype(dtype) for v in self.cotangents], self.tangent.astype(dtype))


Evaluate = Callable[..., Outputs]       # (point, form of the arrays)


class Derived:
    """A function with its derivatives: the k-th order differentiates the derivative of the order before along its cotangent.

    `kept`: which of the results are differentiated; otherwise those of the arguments' dtype.
    """

    def __init__(self, function: Function, order: int, dtype: Any = np.float64, kept: Sequence[int] | None = None):
        self.function, self.order, self.dtype = function, order, np.dtype(dtype)
        self.graph = Graph()
        with self.graph.as_default():
            self.args, results = function.build(dtype)
            self.xs = [self.args[i] for i in function.wanted]
            # A result in less than the arguments' precision is no smooth function of them.
            self.kept = [i for i, y in enumerate(results) if y.type.dtype == self.dtype] if kept is None else kept
            self.ys = [results[i] for i in self.kept]
            if not self.ys:
                raise DTypeError(f"check_grads: {function.name} has no result of the arguments' dtype{here()}")
            self.tangents = [placeholder(x.type.dtype, x.type.shape) for x in self.xs]
            self.values, self.back, self.ahead, self.cotangents = [self.ys], [], [], []
            for k in range(order):
                along = [placeholder(y.type.dtype, y.type.shape) for y in self.values[k]]
                self.cotangents.append(along)
                self.back.append(vjp(self.values[k], self.xs, along, unconnected_gradients="zero"))
                self.ahead.append(jvp(self.values[k], self.xs, self.tangents, unconnected_gradients="zero"))
                self.values.append(self.back[k])
        self.fed = [*self.args, *self.tangents, *(v for order in self.cotangents for v in order)]
        self.at = function.arguments(dtype)
        self.x_shapes = [self.at[i].shape for i in function.wanted]
        self.y_shapes = [np.shape(y) for y in Session(graph=self.graph, jit=False).run(self.ys, dict(zip(self.args, self.at, strict=True)))]

    # ------------------------------------------------------------------ vectors of all elements

    @property
    def x(self) -> Array:
        return joined([self.at[i] for i in self.function.wanted], self.dtype)

    @property
    def size(self) -> int:
        return sum(map(element_count, self.x_shapes))

    def shapes(self, order: int) -> Sequence[tuple[int, ...]]:
        """Of what the order differentiates."""
        return self.y_shapes if order == 1 else self.x_shapes

    def count(self, order: int) -> int:
        return sum(map(element_count, self.shapes(order)))

    def place(self, order: int, element: int) -> str:
        """An element of what the order differentiates, for people."""
        if order > 1:
            return f"slope of {self.argument(element)}" if order == 2 else f"derivative {order - 1} of {self.argument(element)}"
        k, index = _found(self.y_shapes, element)
        return f"result{'' if len(self.y_shapes) == 1 else f' {k}'}{list(index) or ''}"

    def argument(self, element: int) -> str:
        k, index = _found(self.x_shapes, element)
        return f"{self.function.labels[self.function.wanted[k]]}{list(index) or ''}"

    # ------------------------------------------------------------------ running

    def evaluator(self, session: Session) -> Evaluate:
        """Everything at a point, by one program; a second argument lays the arrays that are fed out in memory in another way."""
        sizes = [len(self.ys), *[len(self.xs)] * self.order, *[len(self.ys), *[len(self.xs)] * (self.order - 1)][:self.order]]
        call = session.make_callable([*self.ys, *(b for back in self.back for b in back), *(a for ahead in self.ahead for a in ahead)], self.fed)

        def evaluate(point: Point, form: Callable[[Array], Array] = lambda a: a) -> Outputs:
            found = iter(call(*map(form, self.feeds(point))))
            parts = [joined([next(found) for _ in range(n)], self.dtype) for n in sizes]
            return Outputs(parts[0], parts[1:1 + self.order], parts[1 + self.order:])
        return evaluate

    def differentiated(self, session: Session, order: int, cotangents: Sequence[Array]) -> Callable[[Array], Array]:
        """What the order differentiates, as a function of the elements alone: what differences are taken of."""
        call = session.make_callable(self.values[order - 1], self.fed)
        point = Point(self.x, list(cotangents), np.zeros(self.size, self.dtype))
        return lambda x: joined(call(*self.feeds(point._replace(x=x))), self.dtype)

    def feeds(self, point: Point) -> list[Array]:
        args = list(self.at)
        for i, part in zip(self.function.wanted, split(point.x, self.x_shapes), strict=True):
            args[i] = part
        along = [part for k, v in enumerate(point.cotangents, 1) for part in split(v, self.shapes(k))]
        return [*args, *split(point.tangent, self.x_shapes), *along]


def joined(arrays: Sequence[Any], dtype: Any) -> Array:
    """All elements as one vector."""
    return np.concatenate([np.reshape(a, -1) for a in arrays]) if arrays else np.zeros(0, dtype)


def split(vector: Array, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """A vector of all elements as the arrays that it is made of."""
    parts, start = [], 0
    for shape in shapes:
        end = start + element_count(shape)
        parts.append(vector[start:end].reshape(shape))
        start = end
    return parts


def _found(shapes: Sequence[tuple[int, ...]], element: int) -> tuple[int, tuple[int, ...]]:
    """Which array, and where in it, an element of the vector of all is."""
    k = 0
    while element >= element_count(shapes[k]):
        element -= element_count(shapes[k])
        k += 1
    return k, tuple(int(i) for i in np.unravel_index(element, shapes[k]))
