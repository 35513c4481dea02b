"""Linear operators that convolve: circulant matrices, of vectors, pictures and volumes, and Toeplitz matrices, by Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.graph import name_scope
from ..ir.node import Node, Operation, describe, here
from ..ir.operator import to_node
from ..ir.types import DType, as_dtype, compatible
from .array import concat, expand_dims, eye, gather, matrix_diag_part, ones, reshape, reverse, shape, zeros, zeros_like
from .array import range as numbers
from .debug import assert_less
from .fft import fft, fft2d, fft3d, ifft, ifft2d, ifft3d
from .linalg_matmul import adjoint as adjoint_of
from .linalg_matmul import matrix_transpose
from .linear_operators import LinearOperator, called
from .linear_operators_made import floats_of
from .math import abs as absolute
from .math import cast, log
from .math_arithmetic import conjugate
from .math_complex import imag, real
from .reduce import reduce_max, reduce_prod, reduce_sum

__all__ = ["LinearOperatorCirculant", "LinearOperatorCirculant2D", "LinearOperatorCirculant3D", "LinearOperatorToeplitz"]


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
        return called(self._times(self._fitting(given), self._eigenvalues(adjoint)), name)

    def _solved(self, rhs: Node, adjoint: bool) -> Node:
        return self._times(self._fitting(rhs), 1.0 / self._eigenvalues(adjoint))

    def _axes_of_block(self) -> list[int]:
        return list(range(-self._depth, 0))

    def trace(self, name: str | None = None) -> Node:
        """The sum of the eigenvalues: [...]."""
        return called(self._narrow(reduce_sum(self._eigenvalues(), self._axes_of_block())), name)

    def diag_part(self, name: str | None = None) -> Node:
        """The diagonal, the mean of the eigenvalues everywhere: [..., n]."""
        n = self._size()
        return called(expand_dims(self.trace() / cast(to_node(n), self._made), -1) * ones(reshape(to_node(n), [1]), self._made), name)

    def determinant(self, name: str | None = None) -> Node:
        """The product of the eigenvalues: [...]."""
        return called(self._narrow(reduce_prod(self._eigenvalues(), self._axes_of_block())), name)

    def log_abs_determinant(self, name: str | None = None) -> Node:
        """The sum of the logarithms of their absolute values: [...]."""
        return cast(reduce_sum(log(absolute(self._eigenvalues())), self._axes_of_block()), self._made, name=name)

    def convolution_kernel(self, name: str = "convolution_kernel") -> Node:
        """What it convolves with, the inverse transform of the spectrum: [..., *block_shape]."""
        with name_scope(name):
            return self._narrow(self._back(self._eigenvalues()))

    def assert_hermitian_spectrum(self, name: str = "assert_hermitian_spectrum") -> Operation:
        """An operation that fails unless the spectrum is that of a real operator: InvalidArgumentError, when run."""
        with name_scope(name):
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
        given = self._fitting(adjoint_of(x) if adjoint_arg else to_node(x))
        made = self._circulant.matmul(concat([given, zeros_like(given)], -2), adjoint)
        return called(made[..., :shape(self._row)[-1], :], name)

    def diag_part(self, name: str | None = None) -> Node:
        """The diagonal, the first element everywhere: float[..., n]."""
        return matrix_diag_part(self.to_dense(), name=name)
