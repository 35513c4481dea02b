"""Linear operators made of blocks along the diagonal, of another one and an update of low rank, and of zeros alone."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from ..errors import GraphError, ShapeError
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from .array import concat, expand_dims, eye, reshape, shape, split, zeros
from .linalg_factor import slogdet
from .linalg_matmul import adjoint as adjoint_of
from .linalg_matmul import matmul
from .linalg_solve import matrix_solve
from .linear_operators import LinearOperator, called
from .linear_operators_made import floats_of, operators_of
from .math import add, cast, exp, multiply
from .math_arithmetic import conjugate

__all__ = ["LinearOperatorBlockDiag", "LinearOperatorLowRankUpdate", "LinearOperatorZeros"]


# ---------------------------------------------------------------------- blocks

class LinearOperatorBlockDiag(LinearOperator):
    """Square operators as blocks along the diagonal, zeros elsewhere: its products and solutions are theirs, beside each other.

    GraphError: no list of LinearOperators. DTypeError: of several dtypes. ShapeError: a block that is not square.

    >>> one, two = tf.linalg.LinearOperatorFullMatrix([[1.0, 2.0], [3.0, 4.0]]), tf.linalg.LinearOperatorDiag([5.0])
    >>> tf.Session(jit=False).run(tf.linalg.LinearOperatorBlockDiag([one, two]).to_dense())
    array([[1., 2., 0.],
           [3., 4., 0.],
           [0., 0., 5.]], dtype=float32)
    """

    def __init__(self, operators: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = True, name: str | None = None):
        self.operators = operators_of("LinearOperatorBlockDiag", operators)
        for x in self.operators:
            known = x.shape[-2:].as_list() if x.shape.ndims is not None else [None, None]
            if None not in known and known[0] != known[1]:
                raise ShapeError(f"LinearOperatorBlockDiag: {x.name} of shape {x.shape} is not square{here()}")
        self._sizes = [_rows(x.to_dense()) for x in self.operators]
        blocks = [x.to_dense() for x in self.operators]
        rows = [concat([block if j == i else self._zeros(block, i, j) for j in range(len(blocks))], -1) for i, block in enumerate(blocks)]
        joined = name or "_o_".join(["block_diag", *(x.name for x in self.operators)])
        super().__init__(concat(rows, -2), is_non_singular, is_self_adjoint, is_positive_definite, is_square, joined)

    def _zeros(self, block: Node, i: int, j: int) -> Node:
        """Zeros beside a block, as wide as another one."""
        return zeros(concat([shape(block)[:-2], [self._sizes[i]], [self._sizes[j]]], 0), block.dtype)

    @property
    def graph_parents(self) -> list[Node]:
        """The tensors that it is made of."""
        return [parent for x in self.operators for parent in x.graph_parents]

    def _parts(self, x: Node) -> list[Node]:
        """The rows of matrices that go with each block."""
        return split(self._fitting(x), concat([[n] for n in self._sizes], 0) if any(isinstance(n, Node) for n in self._sizes) else self._sizes, -2,
                     num=len(self._sizes))

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str | None = None) -> Node:
        """Its product with matrices, float[..., n, k] -> float[..., n, k], of each block with its rows; adjoint, they are transposed first."""
        parts = self._parts(adjoint_of(x) if adjoint_arg else to_node(x))
        return concat([op.matmul(part, adjoint) for op, part in zip(self.operators, parts, strict=True)], -2, name=name)

    def _solved(self, rhs: Node, adjoint: bool) -> Node:
        return concat([op.solve(part, adjoint) for op, part in zip(self.operators, self._parts(rhs), strict=True)], -2)

    def diag_part(self, name: str | None = None) -> Node:
        """The diagonal: float[..., n]."""
        return concat([op.diag_part() for op in self.operators], -1, name=name)

    def determinant(self, name: str | None = None) -> Node:
        """The product of the blocks' determinants: float[...]."""
        return called(reduce(multiply, [op.determinant() for op in self.operators]), name)

    def log_abs_determinant(self, name: str | None = None) -> Node:
        """The sum of the blocks': float[...]."""
        return called(reduce(add, [op.log_abs_determinant() for op in self.operators]), name)


def _rows(matrix: Node) -> Any:
    """How many rows matrices have, a number if it is known."""
    known = matrix.type.shape[-2] if matrix.type.shape else None
    return known if isinstance(known, int) else shape(matrix)[-2]


class LinearOperatorZeros(LinearOperator):
    """A matrix of zeros, float[*batch_shape, num_rows, num_columns], which is square by default. DTypeError, ShapeError: no such dtype or sizes.

    >>> tf.Session(jit=False).run(tf.linalg.LinearOperatorZeros(2).to_dense())
    array([[0., 0.],
           [0., 0.]], dtype=float32)
    """

    def __init__(self, num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = None, is_non_singular: bool | None = False,
                 is_self_adjoint: bool | None = True, is_positive_definite: bool | None = False, is_square: bool | None = True,
                 assert_proper_shapes: bool = False, name: str = "LinearOperatorZeros"):
        if is_non_singular or is_positive_definite:
            raise GraphError(f"{name}: zeros are singular, and not positive definite{here()}")
        columns = num_rows if num_columns is None else num_columns
        if isinstance(num_rows, int) and isinstance(columns, int) and bool(is_square or is_self_adjoint) and num_rows != columns:
            raise GraphError(f"{name}: {num_rows} rows and {columns} columns are not square, as is_square and is_self_adjoint say{here()}")
        sizes = [to_node(np.zeros(0, np.int32)) if batch_shape is None else cast(to_node(batch_shape), "int32"),
                 *(reshape(cast(to_node(n), "int32"), [1]) for n in (num_rows, columns))]
        super().__init__(zeros(concat(sizes, 0), np.float32 if dtype is None else dtype), is_non_singular, is_self_adjoint, is_positive_definite,
                         is_square, name)

    def _solved(self, rhs: Node, adjoint: bool) -> Node:
        raise GraphError(f"{self.name}: zeros are singular, and solve nothing{here()}")


# ---------------------------------------------------------------------- low rank

class LinearOperatorLowRankUpdate(LinearOperator):
    """L + U D V^H: another operator and a product of matrices of few columns, whose solutions and determinants are of a matrix of so many rows.

    u: float[..., m, k], diag_update: float[..., k] (ones), v: float[..., n, k] (u). GraphError: no LinearOperator, or contradicting hints.
    DTypeError: of another dtype. ShapeError: they do not fit. Woodbury 1950, "Inverting modified matrices".

    >>> base = tf.linalg.LinearOperatorDiag([1.0, 2.0])
    >>> tf.Session(jit=False).run(tf.linalg.LinearOperatorLowRankUpdate(base, [[1.0], [1.0]]).to_dense())
    array([[2., 1.],
           [1., 3.]], dtype=float32)
    """

    def __init__(self, base_operator: Any, u: Any, diag_update: Any = None, v: Any = None, is_diag_update_positive: bool | None = None,
                 is_non_singular: bool | None = None, is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
                 is_square: bool | None = None, name: str = "LinearOperatorLowRankUpdate"):
        (self.base_operator,) = operators_of(name, [base_operator])
        if diag_update is None and is_diag_update_positive is False:
            raise GraphError(f"{name}: without diag_update it is of ones, which are positive{here()}")
        self.is_diag_update_positive = True if diag_update is None else is_diag_update_positive
        kind = self.base_operator.dtype
        self._u = floats_of(name, u, kind)
        self._v = self._u if v is None else floats_of(name, v, kind)
        self._diag_update = None if diag_update is None else floats_of(name, diag_update, kind)
        for x, least in ((self._u, 2), (self._v, 2), *([] if self._diag_update is None else [(self._diag_update, 1)])):
            if x.type.rank is not None and x.type.rank < least:
                raise ShapeError(f"{name}: {describe(x)} has fewer than {least} axes{here()}")
        symmetric = bool(self.base_operator.is_self_adjoint) and v is None
        definite = symmetric and bool(self.base_operator.is_positive_definite) and bool(self.is_diag_update_positive)
        if definite and False in (is_positive_definite, is_self_adjoint, is_non_singular):
            raise GraphError(f"{name}: a positive definite operator and a positive update are positive definite, and self adjoint{here()}")
        if symmetric and kind.dtype.kind == "f" and is_self_adjoint is False:
            raise GraphError(f"{name}: a self adjoint operator and U D U^T are self adjoint{here()}")
        super().__init__(self.base_operator.to_dense() + matmul(self._scaled(self._u), self._v, adjoint_b=True), is_non_singular,
                         True if definite or symmetric and kind.dtype.kind == "f" else is_self_adjoint, True if definite else is_positive_definite,
                         is_square, name)

    @property
    def u(self) -> Node:
        """The U of L + U D V^H."""
        return self._u

    @property
    def v(self) -> Node:
        """The V of L + U D V^H."""
        return self._v

    @property
    def diag_update(self) -> Node | None:
        """The diagonal of the D of L + U D V^H, None if it is of ones."""
        return self._diag_update

    @property
    def graph_parents(self) -> list[Node]:
        """The tensors that it is made of."""
        return [*self.base_operator.graph_parents, self._u, *([] if self._diag_update is None else [self._diag_update]), self._v]

    def _scaled(self, x: Node, adjoint: bool = False) -> Node:
        """The columns of a matrix times D."""
        if self._diag_update is None:
            return x
        return x * expand_dims(conjugate(self._diag_update) if adjoint else self._diag_update, -2)

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str | None = None) -> Node:
        """Its product with matrices, float[..., n, k] -> float[..., m, k]; adjoint, it is transposed first."""
        given = adjoint_of(x) if adjoint_arg else to_node(x)
        left, right = (self._v, self._u) if adjoint else (self._u, self._v)
        return called(self.base_operator.matmul(given, adjoint) + matmul(self._scaled(left, adjoint), matmul(right, given, adjoint_a=True)), name)

    def _inner(self, adjoint: bool) -> Node:
        """I + V^H L^-1 U D, of k rows, or with U and V the other way round."""
        left, right = (self._v, self._u) if adjoint else (self._u, self._v)
        found = matmul(right, self.base_operator.solve(self._scaled(left, adjoint), adjoint), adjoint_a=True)
        return found + eye(shape(self._u)[-1], dtype=self.dtype)

    def _solved(self, rhs: Node, adjoint: bool) -> Node:
        left, right = (self._v, self._u) if adjoint else (self._u, self._v)
        first = self.base_operator.solve(rhs, adjoint)
        part = matrix_solve(self._inner(adjoint), matmul(right, first, adjoint_a=True))
        return first - self.base_operator.solve(matmul(self._scaled(left, adjoint), part), adjoint)

    def determinant(self, name: str | None = None) -> Node:
        """det L det(I + V^H L^-1 U D): float[...]."""
        sign, log_abs = slogdet(self._inner(False))
        return multiply(self.base_operator.determinant(), sign * exp(log_abs), name=name)

    def log_abs_determinant(self, name: str | None = None) -> Node:
        """The logarithm of the determinant's absolute value: float[...]."""
        return called(self.base_operator.log_abs_determinant() + slogdet(self._inner(False))[1], name)
