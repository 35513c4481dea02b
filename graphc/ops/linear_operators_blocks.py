"""Linear operators of structure: blocks along the diagonal, updates of low rank, zeros, circulant and Toeplitz matrices by Fourier transforms."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.node import Node, Operation, describe, here
from ..ir.operator import to_node
from ..ir.types import DType, as_dtype, compatible
from .array import concat, expand_dims, eye, gather, matrix_diag_part, ones, reshape, reverse, shape, split, zeros, zeros_like
from .array import range as numbers
from .debug import assert_less
from .fft import fft, fft2d, fft3d, ifft, ifft2d, ifft3d
from .linalg_factor import slogdet
from .linalg_matmul import adjoint as adjoint_of
from .linalg_matmul import matmul, matrix_transpose
from .linalg_solve import matrix_solve
from .linear_operators import LinearOperator
from .linear_operators_made import floats_of, operators_of
from .math import abs as absolute
from .math import cast, exp, log, multiply
from .math_arithmetic import conjugate
from .math_complex import imag, real
from .reduce import reduce_max, reduce_prod, reduce_sum

__all__ = ["LinearOperatorBlockDiag", "LinearOperatorCirculant", "LinearOperatorCirculant2D", "LinearOperatorCirculant3D",
           "LinearOperatorLowRankUpdate", "LinearOperatorToeplitz", "LinearOperatorZeros"]


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
        return split(x, concat([[n] for n in self._sizes], 0) if any(isinstance(n, Node) for n in self._sizes) else self._sizes, -2,
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
        return reduce(multiply, [op.determinant() for op in self.operators])

    def log_abs_determinant(self, name: str | None = None) -> Node:
        """The sum of the blocks': float[...]."""
        return reduce(lambda a, b: a + b, [op.log_abs_determinant() for op in self.operators])


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
        return self.base_operator.matmul(given, adjoint) + matmul(self._scaled(left, adjoint), matmul(right, given, adjoint_a=True))

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
        return self.base_operator.log_abs_determinant() + slogdet(self._inner(False))[1]


# ---------------------------------------------------------------------- circulant

class _Circulant(LinearOperator):
    """A matrix that convolves, round at the ends, by the discrete Fourier transforms of its columns: `spectrum` are its eigenvalues."""

    _depth = 1
    _forth: Any = staticmethod(fft)
    _back: Any = staticmethod(ifft)

    def __init__(self, spectrum: Any, input_output_dtype: Any = "complex64", is_non_singular: bool | None = None,
                 is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None, is_square: bool | None = True,
                 name: str | None = None):
        what = name or type(self).__name__
        self._spectrum = floats_of(what, spectrum)
        if self._spectrum.type.rank is None or self._spectrum.type.rank < self._depth:
            raise ShapeError(f"{what}: {describe(self._spectrum)} needs a known rank of {self._depth} or more{here()}")
        if is_square is False:
            raise GraphError(f"{what}: a circulant matrix is square{here()}")
        self._made: DType = as_dtype(input_output_dtype)
        self._wide = np.dtype(np.complex128 if self._made.dtype in (np.float64, np.complex128) else np.complex64)
        if self._made.dtype.kind not in "fc":
            raise DTypeError(f"{what}: input_output_dtype is floating, not {self._made.name}{here()}")
        if is_self_adjoint is None and self._spectrum.type.dtype.kind == "f":
            is_self_adjoint = True              # real eigenvalues
        super().__init__(self._times(eye(self._size(), dtype=self._made), self._eigenvalues()), is_non_singular, is_self_adjoint,
                         is_positive_definite, True, what)

    @property
    def spectrum(self) -> Node:
        """The eigenvalues, by their frequencies: [..., *block_shape]."""
        return self._spectrum

    @property
    def graph_parents(self) -> list[Node]:
        """The tensors that it is made of."""
        return [self._spectrum]

    @property
    def block_depth(self) -> int:
        """How many axes what it convolves has: 1, 2 or 3."""
        return self._depth

    @property
    def block_shape(self) -> Any:
        """The shape of what it convolves, as far as it is known."""
        return self._spectrum.shape[-self._depth:]

    def block_shape_tensor(self) -> Node:
        """The shape of what it convolves: int32[block_depth]."""
        return shape(self._spectrum)[-self._depth:]

    def _size(self) -> Any:
        known = self.block_shape.as_list()
        return reduce_prod(self.block_shape_tensor()) if None in known else int(np.prod(known))

    def _eigenvalues(self, adjoint: bool = False) -> Node:
        wide = cast(self._spectrum, self._wide)
        return conjugate(wide) if adjoint else wide

    def _times(self, x: Node, eigenvalues: Node) -> Node:
        """Each column transformed, times the eigenvalues, and back."""
        columns = matrix_transpose(x)
        lead = shape(columns)[:-1]
        blocks = reshape(cast(columns, self._wide), concat([lead, self.block_shape_tensor()], 0))
        made = self._back(self._forth(blocks) * expand_dims(eigenvalues, -1 - self._depth))
        flat = reshape(made, concat([shape(made)[:-self._depth], [self._size()]], 0))
        return matrix_transpose(self._narrow(flat))

    def _narrow(self, x: Node) -> Node:
        """Complex numbers in the dtype of the operator."""
        return cast(x if self._made.dtype.kind == "c" else real(x), self._made)

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str | None = None) -> Node:
        """Its product with matrices, [..., n, k] -> [..., n, k], by Fourier transforms; adjoint, it is transposed first."""
        given = adjoint_of(x) if adjoint_arg else to_node(x)
        return self._times(given, self._eigenvalues(adjoint))

    def _solved(self, rhs: Node, adjoint: bool) -> Node:
        return self._times(rhs, 1.0 / self._eigenvalues(adjoint))

    def _axes_of_block(self) -> list[int]:
        return list(range(-self._depth, 0))

    def trace(self, name: str | None = None) -> Node:
        """The sum of the eigenvalues: [...]."""
        return self._narrow(reduce_sum(self._eigenvalues(), self._axes_of_block()))

    def diag_part(self, name: str | None = None) -> Node:
        """The diagonal, the mean of the eigenvalues everywhere: [..., n]."""
        n = self._size()
        return expand_dims(self.trace() / cast(to_node(n), self._made), -1) * ones(reshape(to_node(n), [1]), self._made)

    def determinant(self, name: str | None = None) -> Node:
        """The product of the eigenvalues: [...]."""
        return self._narrow(reduce_prod(self._eigenvalues(), self._axes_of_block()))

    def log_abs_determinant(self, name: str | None = None) -> Node:
        """The sum of the logarithms of their absolute values: [...]."""
        return cast(reduce_sum(log(absolute(self._eigenvalues())), self._axes_of_block()), self._made)

    def convolution_kernel(self, name: str = "convolution_kernel") -> Node:
        """What it convolves with, the inverse transform of the spectrum: [..., *block_shape]."""
        return self._narrow(self._back(self._eigenvalues()))

    def assert_hermitian_spectrum(self, name: str = "assert_hermitian_spectrum") -> Operation:
        """An operation that fails unless the spectrum is that of a real operator: InvalidArgumentError, when run."""
        kernel = self._back(self._eigenvalues())
        most = reduce_max(concat([reshape(absolute(imag(kernel)), [-1]), zeros([1], real(kernel).dtype)], 0))
        least = np.dtype(real(kernel).type.dtype).type(100 * np.finfo(real(kernel).type.dtype).eps)
        return assert_less(most, least * (1 + reduce_max(absolute(kernel))), message="the spectrum is not hermitian")


class LinearOperatorCirculant(_Circulant):
    """A circulant matrix of eigenvalues [..., n], which convolves vectors, round at the ends. Errors: DTypeError, ShapeError, GraphError.

    Its first column is the inverse transform of `spectrum`; `input_output_dtype` is that of what it takes and gives.

    >>> tf.Session(jit=False).run(tf.linalg.LinearOperatorCirculant([2.0, 0.0], tf.float32).to_dense())
    array([[1., 1.],
           [1., 1.]], dtype=float32)
    """


class LinearOperatorCirculant2D(_Circulant):
    """A block circulant matrix of eigenvalues [..., n0, n1], which convolves pictures as vectors. Errors as `LinearOperatorCirculant`."""

    _depth, _forth, _back = 2, staticmethod(fft2d), staticmethod(ifft2d)


class LinearOperatorCirculant3D(_Circulant):
    """A nested block circulant matrix of eigenvalues [..., n0, n1, n2]. Errors as `LinearOperatorCirculant`."""

    _depth, _forth, _back = 3, staticmethod(fft3d), staticmethod(ifft3d)


# ---------------------------------------------------------------------- Toeplitz

class LinearOperatorToeplitz(LinearOperator):
    """A matrix constant along its diagonals, of its first column and its first row, float[..., n], whose first elements are one.

    It multiplies by Fourier transforms, within a circulant matrix twice as large. DTypeError: of other dtypes. ShapeError: of other lengths.

    >>> tf.Session(jit=False).run(tf.linalg.LinearOperatorToeplitz([1.0, 2.0, 3.0], [1.0, 4.0, 5.0]).to_dense())
    array([[1., 4., 5.],
           [2., 1., 4.],
           [3., 2., 1.]], dtype=float32)
    """

    def __init__(self, col: Any, row: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None, name: str = "LinearOperatorToeplitz"):
        self._row = floats_of(name, row)
        self._col = floats_of(name, col, self._row.dtype)
        for x in (self._row, self._col):
            if x.type.rank is None or x.type.rank < 1:
                raise ShapeError(f"{name}: {describe(x)} needs a known rank of 1 or more{here()}")
        if not compatible(self._row.type.shape[-1:], self._col.type.shape[-1:]):
            raise ShapeError(f"{name}: {describe(self._col)} and {describe(self._row)} are not of one length{here()}")
        if is_square is False:
            raise GraphError(f"{name}: a Toeplitz matrix of one row and one column is square{here()}")
        both = self._row + zeros_like(self._col), self._col + zeros_like(self._row)
        wheel = concat([both[1], zeros_like(both[1])[..., :1], reverse(both[0][..., 1:], [-1])], -1)
        wide = np.complex128 if self._row.type.dtype in (np.float64, np.complex128) else np.complex64
        self._circulant = LinearOperatorCirculant(fft(cast(wheel, wide)), self._row.dtype)
        n = shape(self._row)[-1]
        places = expand_dims(numbers(n), 1) - expand_dims(numbers(n), 0)
        line = concat([reverse(both[0], [-1]), both[1][..., 1:]], -1)           # from the last of the row to the last of the column
        super().__init__(gather(line, places + n - 1, axis=-1), is_non_singular, is_self_adjoint, is_positive_definite, True, name)

    @property
    def col(self) -> Node:
        """The first column."""
        return self._col

    @property
    def row(self) -> Node:
        """The first row."""
        return self._row

    @property
    def graph_parents(self) -> list[Node]:
        """The tensors that it is made of."""
        return [self._row, self._col]

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str | None = None) -> Node:
        """Its product with matrices, float[..., n, k] -> float[..., n, k], by Fourier transforms; adjoint, it is transposed first."""
        given = adjoint_of(x) if adjoint_arg else to_node(x)
        made = self._circulant.matmul(concat([given, zeros_like(given)], -2), adjoint)
        return made[..., :shape(self._row)[-1], :]

    def diag_part(self, name: str | None = None) -> Node:
        """The diagonal, the first element everywhere: float[..., n]."""
        return matrix_diag_part(self.to_dense(), name=name)
