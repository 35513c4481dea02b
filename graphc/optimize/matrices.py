"""Jacobians, Hessians and products with a Hessian of several variables, as numpy matrices over their flat vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autodiff.products import hessian, hvp, jacobian
from ..errors import GradientError
from ..ir.node import Node, describe, here
from ..ir.types import Array
from ..ops.sources import placeholder
from .objective import Objective


class Hessian:
    """The matrix of second derivatives of a scalar, float64[n, n]."""

    def __init__(self, y: Node, variables: Sequence[Node]):
        self.blocks: list[list[Node]] = hessian(y, list(variables))

    def at(self, objective: Objective, x: Array) -> Array:
        values = iter(objective.evaluate([block for row in self.blocks for block in row], x, [2]))
        sizes = [int(np.prod(shape)) for shape in objective.shapes]
        matrix = np.block([[np.reshape(next(values), (m, n)) for n in sizes] for m in sizes]).astype(np.float64)
        return (matrix + matrix.T) / 2      # rounding differs across the diagonal


class HessianProduct:
    """Products of a scalar's Hessian with vectors, float64[n] -> float64[n]; the matrix is never formed."""

    def __init__(self, y: Node, variables: Sequence[Node]):
        with y.graph.as_default(), y.graph.control_dependencies(None), y.graph.name_scope("hvp"):
            self.vectors = [placeholder(v.dtype, v.shape, name="vector") for v in variables]
        self.products: list[Node] = hvp(y, list(variables), self.vectors)

    def at(self, objective: Objective, x: Array, v: Array) -> Array:
        return objective.pack(objective.evaluate(self.products, x, [2], dict(zip(self.vectors, objective.unpack(v), strict=True))))


class Jacobian:
    """The matrix of first derivatives of a tensor's m elements, float64[m, n]."""

    def __init__(self, y: Node, variables: Sequence[Node]):
        self.blocks: list[Node | None] = jacobian(y, list(variables), unconnected_gradients="none")
        self.present = [block for block in self.blocks if block is not None]
        if not self.present:
            raise GradientError(f"no gradient leads from {describe(y)} to {describe(variables[0])}{here()}")

    def at(self, objective: Objective, x: Array, orders: Sequence[int] = (1,), with_value: Node | None = None) -> Any:
        """The matrix at a point; with the value of a node there before it, when one is given."""
        nodes = [*([] if with_value is None else [with_value]), *self.present]
        values = objective.evaluate(nodes, x, orders)
        value = None if with_value is None else values.pop(0)
        found = iter(values)
        sizes = [int(np.prod(shape)) for shape in objective.shapes]
        rank = np.ndim(values[0]) - len(objective.shapes[self.blocks.index(self.present[0])])
        m = int(np.prod(np.shape(values[0])[:rank]))
        matrix = np.concatenate([np.zeros((m, n)) if block is None else np.reshape(next(found), (m, n)).astype(np.float64)
                                 for block, n in zip(self.blocks, sizes, strict=True)], axis=1)
        return matrix if with_value is None else (value, matrix)
