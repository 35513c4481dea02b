"""Linear operators made of others, or of few numbers: units, reflections, products, adjoints, inverses, Kronecker's products."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from .array import broadcast_to, concat, expand_dims, eye, reshape, shape
from .linalg import einsum
from .linalg_matmul import adjoint as adjoint_of
from .linalg_matmul import matmul
from .linalg_solve import matrix_inverse
from .linear_operators import LinearOperator, called
from .math import cast

__all__ = ["LinearOperatorAdjoint", "LinearOperatorComposition", "LinearOperatorHouseholder", "LinearOperatorIdentity", "LinearOperatorInversion",
           "LinearOperatorKronecker", "LinearOperatorScaledIdentity"]


# ---------------------------------------------------------------------- few numbers

def _batched(matrix: Node, batch_shape: Any) -> Node:
    """A matrix, once for each of a batch."""
    if batch_shape is None:
        return matrix
    sizes = batch_shape if isinstance(batch_shape, Node) else to_node(np.asarray(batch_shape, np.int32))
    return broadcast_to(matrix, concat([cast(sizes, "int32"), shape(matrix)], 0))


class LinearOperatorIdentity(LinearOperator):
    """The unit matrix of so many rows, float[*batch_shape, num_rows, num_rows]. Errors as `LinearOperator`: DTypeError; ShapeError: no size."""

    def __init__(self, num_rows: Any, batch_shape: Any = None, dtype: Any = None, is_non_singular: bool | None = True,
                 is_self_adjoint: bool | None = True, is_positive_definite: bool | None = True, is_square: bool | None = True,
                 assert_proper_shapes: bool = False, name: str = "LinearOperatorIdentity"):
        unit = eye(num_rows, dtype=np.float32 if dtype is None else dtype)
        super().__init__(_batched(unit, batch_shape), is_non_singular, is_self_adjoint, is_positive_definite, is_square, name)

    def _solved(self, rhs: Node, adjoint: bool) -> Node:
        return rhs


class LinearOperatorScaledIdentity(LinearOperator):
    """A multiple of the unit matrix: float[*batch, num_rows, num_rows] of float[*batch]. DTypeError: no floats. ShapeError: no size.

    >>> tf.Session(jit=False).run(tf.linalg.LinearOperatorScaledIdentity(2, 3.0).to_dense())
    array([[3., 0.],
           [0., 3.]], dtype=float32)
    """

    def __init__(self, num_rows: Any, multiplier: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = True, assert_proper_shapes: bool = False,
                 name: str = "LinearOperatorScaledIdentity"):
        factor = floats_of(name, multiplier)
        self.multiplier = factor
        super().__init__(expand_dims(expand_dims(factor, -1), -1) * eye(num_rows, dtype=factor.dtype),
                         is_non_singular, is_self_adjoint, is_positive_definite, is_square, name)


class LinearOperatorHouseholder(LinearOperator):
    """The reflection at the hyperplane that a vector stands on, I - 2 v v^H / (v^H v): float[*batch, n, n] of float[*batch, n].

    DTypeError: no floats. ShapeError: no vector.

    >>> tf.Session(jit=False).run(tf.linalg.LinearOperatorHouseholder([0.0, 2.0]).to_dense())
    array([[ 1.,  0.],
           [ 0., -1.]], dtype=float32)
    """

    def __init__(self, reflection_axis: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None, name: str = "LinearOperatorHouseholder"):
        axis = floats_of(name, reflection_axis)
        if axis.type.rank == 0:
            raise ShapeError(f"{name}: {describe(axis)} is no vector{here()}")
        self.reflection_axis = axis
        column = expand_dims(axis, -1)
        row = adjoint_of(column)
        super().__init__(eye(shape(axis)[-1], dtype=axis.dtype) - 2.0 * matmul(column, row) / matmul(row, column),
                         is_non_singular, is_self_adjoint, is_positive_definite, is_square, name)

    def _solved(self, rhs: Node, adjoint: bool) -> Node:
        return self.matmul(rhs)                 # a reflection undoes itself


def floats_of(what: str, x: Any, like: Any = None) -> Node:
    """A tensor of floats, of the dtype `like` if that is given. DTypeError: it is none."""
    node = to_node(x) if like is None or isinstance(x, Node) else to_node(x, like)
    if like is not None and node.dtype != like:
        raise DTypeError(f"{what}: {describe(node)} is not of dtype {like.name}{here()}")
    if node.type.dtype.kind not in "fc":
        raise DTypeError(f"{what}: {describe(node)} is not floating{here()}")
    return node


# ---------------------------------------------------------------------- others

def operators_of(what: str, given: Any) -> list[LinearOperator]:
    """Operators of one dtype. GraphError: none, or something else. DTypeError: of several."""
    if not isinstance(given, (list, tuple)) or not given or not all(isinstance(x, LinearOperator) for x in given):
        raise GraphError(f"{what}: a list of LinearOperators is wanted, not {given!r:.80}{here()}")
    if len({x.dtype for x in given}) > 1:
        raise DTypeError(f"{what}: {', '.join(f'{x.name} of {x.dtype.name}' for x in given)} are not of one dtype{here()}")
    return list(given)


class _Several(LinearOperator):
    """What is made of several operators."""

    def __init__(self, operators: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None, name: str | None = None):
        self.operators = operators_of(type(self).__name__, operators)
        super().__init__(self._made([x.to_dense() for x in self.operators]), is_non_singular, is_self_adjoint, is_positive_definite, is_square, name)

    @property
    def graph_parents(self) -> list[Node]:
        """The tensors that it is made of."""
        return [parent for x in self.operators for parent in x.graph_parents]

    def _made(self, matrices: Sequence[Node]) -> Node:
        raise NotImplementedError


class LinearOperatorComposition(_Several):
    """The product of matrices, the last of which acts first. DTypeError: of several dtypes. GraphError: no list. ShapeError: they do not fit."""

    def _made(self, matrices: Sequence[Node]) -> Node:
        return reduce(matmul, matrices)

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str | None = None) -> Node:
        """Its product with matrices, float[..., n, k] -> float[..., m, k], one operator after another; adjoint, it is transposed first."""
        found = adjoint_of(x) if adjoint_arg else to_node(x)
        for operator in self.operators if adjoint else reversed(self.operators):
            found = operator.matmul(found, adjoint)
        return called(found, name)

    def _solved(self, rhs: Node, adjoint: bool) -> Node:
        for operator in reversed(self.operators) if adjoint else self.operators:
            rhs = operator.solve(rhs, adjoint)
        return rhs


class LinearOperatorKronecker(_Several):
    """Kronecker's product of matrices: blocks, each an element of the first times the second.

    DTypeError: of several dtypes. GraphError: no list. ShapeError: batches do not fit.
    """

    def _made(self, matrices: Sequence[Node]) -> Node:
        return reduce(_kronecker, matrices)


def _kronecker(a: Node, b: Node) -> Node:
    product = einsum("...ij,...kl->...ikjl", a, b)
    sizes = shape(product)
    return reshape(product, concat([sizes[:-4], [sizes[-4] * sizes[-3], sizes[-2] * sizes[-1]]], 0))


class _OfOne(LinearOperator):
    """What is made of one other operator, which is given as `operator`."""

    def __init__(self, operator: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None, name: str | None = None):
        (self.operator,) = operators_of(type(self).__name__, [operator])
        super().__init__(self._made(self.operator.to_dense()), is_non_singular, is_self_adjoint, is_positive_definite, is_square, name)

    @property
    def graph_parents(self) -> list[Node]:
        """The tensors that it is made of."""
        return self.operator.graph_parents

    def _made(self, matrix: Node) -> Node:
        raise NotImplementedError


class LinearOperatorAdjoint(_OfOne):
    """The adjoint of another operator: transposed, and of complex numbers conjugated. GraphError: no LinearOperator."""

    def _made(self, matrix: Node) -> Node:
        return adjoint_of(matrix)

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str | None = None) -> Node:
        """Its product with matrices, float[..., n, k] -> float[..., m, k]; adjoint, it is the other operator's."""
        return self.operator.matmul(x, not adjoint, adjoint_arg, name)

    def _solved(self, rhs: Node, adjoint: bool) -> Node:
        return self.operator.solve(rhs, not adjoint)


class LinearOperatorInversion(_OfOne):
    """The inverse of another operator: its products are the other's solutions, and the other way round. GraphError: no LinearOperator."""

    def _made(self, matrix: Node) -> Node:
        return matrix_inverse(matrix)

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str | None = None) -> Node:
        """Its product with matrices, float[..., n, k] -> float[..., n, k], by a solution; adjoint, it is transposed first."""
        return self.operator.solve(x, adjoint, adjoint_arg, name)

    def _solved(self, rhs: Node, adjoint: bool) -> Node:
        return self.operator.matmul(rhs, adjoint)
