"""Matrices that stand for what they do to others, `tf.linalg.LinearOperator` and its kin: each says its matrix, the rest follows from that."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, ShapeError
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import DType, TensorShape, as_dtype
from .array import identity, matrix_band_part, matrix_diag, matrix_diag_part
from .array_move import expand_dims, shape, squeeze
from .linalg_factor import slogdet
from .linalg_matmul import adjoint as adjoint_of
from .linalg_matmul import matmul
from .linalg_solve import matrix_solve, matrix_triangular_solve
from .math import abs as absolute
from .math import exp, log, multiply, truediv
from .reduce import reduce_prod, reduce_sum

__all__ = ["LinearOperator", "LinearOperatorDiag", "LinearOperatorFullMatrix", "LinearOperatorLowerTriangular"]


def called(y: Node, name: str | None) -> Node:
    """A tensor under a name of its own, if one is given."""
    return y if name is None else identity(y, name=name)


class LinearOperator:
    """A square or other matrix of floats, or a batch of them, by what it does to vectors and matrices.

    The hints `is_non_singular`, `is_self_adjoint`, `is_positive_definite` and `is_square` are kept and change nothing. DTypeError: no floats.
    ShapeError: a tensor of too few axes.

    >>> L = tf.linalg.LinearOperatorLowerTriangular([[2.0, 9.0], [1.0, 4.0]])
    >>> tf.Session(jit=False).run([L.to_dense(), L.solve([[2.0], [5.0]]), L.determinant()])
    [array([[2., 0.],
           [1., 4.]], dtype=float32), array([[1.],
           [1.]], dtype=float32), np.float32(8.0)]
    """

    _axes = 2           # that the tensor has beside those of a batch

    def __init__(self, given: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None, name: str | None = None):
        node = to_node(given)
        self.name = type(self).__name__ if name is None else name
        if node.type.dtype.kind not in "fc":
            raise DTypeError(f"{self.name}: {describe(node)} is not floating{here()}")
        if node.type.rank is not None and node.type.rank < self._axes:
            raise ShapeError(f"{self.name}: {describe(node)} has fewer than {self._axes} axes{here()}")
        self.is_non_singular, self.is_self_adjoint = is_non_singular, is_self_adjoint
        self.is_positive_definite, self.is_square = is_positive_definite, is_square
        self._given = node

    def to_dense(self, name: str | None = None) -> Node:
        """The matrix itself: float[..., m, n]."""
        return called(self._given, name)

    @property
    def dtype(self) -> DType:
        """The dtype of its elements."""
        return as_dtype(self._given.type.dtype)

    @property
    def graph_parents(self) -> list[Node]:
        """The tensors that it is made of."""
        return [self._given]

    @property
    def shape(self) -> TensorShape:
        """What is known of the matrix's shape."""
        return self.to_dense().shape

    def shape_tensor(self, name: str | None = None) -> Node:
        """The matrix's shape: int32[rank]."""
        return shape(self.to_dense(), name=name)

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str | None = None) -> Node:
        """Its product with matrices, float[..., n, k] -> float[..., m, k]; adjoint, it is transposed first."""
        return matmul(self.to_dense(), x, adjoint_a=adjoint, adjoint_b=adjoint_arg, name=name)

    def matvec(self, x: Any, adjoint: bool = False, name: str | None = None) -> Node:
        """Its product with vectors, float[..., n] -> float[..., m]; adjoint, it is transposed first."""
        return squeeze(self.matmul(expand_dims(to_node(x), axis=-1), adjoint), axis=[-1], name=name)

    def solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str | None = None) -> Node:
        """The x of which `matmul(x)` is `rhs`, or its adjoint with `adjoint_arg`: float[..., n, k] -> float[..., n, k]."""
        return called(self._solved(adjoint_of(rhs) if adjoint_arg else to_node(rhs), adjoint), name)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: str | None = None) -> Node:
        """The x of which `matvec(x)` is `rhs`: float[..., n] -> float[..., n]."""
        return squeeze(self.solve(expand_dims(to_node(rhs), axis=-1), adjoint), axis=[-1], name=name)

    def _fitting(self, x: Node) -> Node:
        """Matrices that have a row for each column of this square operator, as far as that is known. ShapeError: they have not."""
        n = self.shape[-1].value if self.shape.ndims else None
        rows = x.type.shape[-2] if x.type.shape is not None and len(x.type.shape) > 1 else n
        if isinstance(n, int) and isinstance(rows, int) and rows != n:
            raise ShapeError(f"{self.name}: {describe(x)} has {rows} rows, and the operator is of shape {self.shape}{here()}")
        return x

    def _solved(self, rhs: Node, adjoint: bool) -> Node:
        return matrix_solve(self.to_dense(), rhs, adjoint=adjoint)

    def diag_part(self, name: str | None = None) -> Node:
        """The diagonal: float[..., n]."""
        return matrix_diag_part(self.to_dense(), name=name)

    def trace(self, name: str | None = None) -> Node:
        """The sum of the diagonal: float[...]."""
        return reduce_sum(self.diag_part(), axis=-1, name=name)

    def determinant(self, name: str | None = None) -> Node:
        """The determinant: float[...]."""
        sign, log_abs = slogdet(self.to_dense())
        return multiply(sign, exp(log_abs), name=name)

    def log_abs_determinant(self, name: str | None = None) -> Node:
        """The logarithm of the determinant's absolute value: float[...]."""
        return called(slogdet(self.to_dense())[1], name)

    def add_to_tensor(self, x: Any, name: str | None = None) -> Node:
        """The matrix and x, added."""
        return called(self.to_dense() + to_node(x), name)


class LinearOperatorFullMatrix(LinearOperator):
    """A matrix, or a batch of them, all of whose elements are given. Errors as `LinearOperator`."""

    def __init__(self, matrix: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None, name: str | None = None):
        super().__init__(matrix, is_non_singular, is_self_adjoint, is_positive_definite, is_square, name)


class _Determined(LinearOperator):
    """One whose determinant is the product of its diagonal."""

    def determinant(self, name: str | None = None) -> Node:
        """The determinant: float[...]."""
        return reduce_prod(self.diag_part(), axis=-1, name=name)

    def log_abs_determinant(self, name: str | None = None) -> Node:
        """The logarithm of the determinant's absolute value: float[...]."""
        return reduce_sum(log(absolute(self.diag_part())), axis=-1, name=name)


class LinearOperatorLowerTriangular(_Determined):
    """The lower triangles of matrices; what stands above the diagonal is not looked at. Errors as `LinearOperator`."""

    def __init__(self, tril: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None, name: str | None = None):
        super().__init__(tril, is_non_singular, is_self_adjoint, is_positive_definite, True if is_square is None else is_square, name)

    def to_dense(self, name: str | None = None) -> Node:
        """The matrix itself, zeros above its diagonal: float[..., n, n]."""
        return matrix_band_part(self._given, -1, 0, name=name)

    def _solved(self, rhs: Node, adjoint: bool) -> Node:
        return matrix_triangular_solve(self._given, rhs, lower=True, adjoint=adjoint)


class LinearOperatorDiag(_Determined):
    """Matrices of which the diagonals are given: float[..., n]. Errors as `LinearOperator`."""

    _axes = 1

    def __init__(self, diag: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None, name: str | None = None):
        super().__init__(diag, is_non_singular, is_self_adjoint, is_positive_definite, True if is_square is None else is_square, name)

    def to_dense(self, name: str | None = None) -> Node:
        """The matrix itself, zeros beside its diagonal: float[..., n, n]."""
        return matrix_diag(self._given, name=name)

    def diag_part(self, name: str | None = None) -> Node:
        """The diagonal: float[..., n]."""
        return called(self._given, name)

    def _solved(self, rhs: Node, adjoint: bool) -> Node:
        return truediv(rhs, expand_dims(self._given, axis=-1))
