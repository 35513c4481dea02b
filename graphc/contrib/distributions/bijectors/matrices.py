"""Bijectors of matrices and by matrices: triangles of vectors, their diagonals, products, inverses; affine maps of vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....errors import DTypeError, GraphError, ShapeError
from ....ir.known import static_value
from ....ir.node import Node, describe, here
from ....ir.operator import to_node
from ....ir.types import TensorShape
from ....ops.array import concat, eye, identity, matrix_band_part, matrix_diag_part, matrix_set_diag, reshape, reverse, shape, zeros_like
from ....ops.array import range as counted
from ....ops.assertions import assert_rank_at_least
from ....ops.debug import assert_equal, assert_none_equal, assert_positive
from ....ops.linalg_matmul import matmul
from ....ops.linalg_solve import cholesky, matrix_triangular_solve
from ....ops.linear_operators import LinearOperator, LinearOperatorDiag, LinearOperatorLowerTriangular
from ....ops.linear_operators_blocks import LinearOperatorLowRankUpdate
from ....ops.linear_operators_made import LinearOperatorIdentity, LinearOperatorScaledIdentity
from ....ops.math import abs as absolute
from ....ops.math import cast, log, sqrt
from ....ops.reduce import reduce_sum
from .base import Bijector, checked, tensor
from .combined import Chain
from .scalars import AffineScalar, Softplus

__all__ = ["Affine", "AffineLinearOperator", "CholeskyOuterProduct", "FillTriangular", "MatrixInverseTriL", "ScaleTriL", "TransformDiagonal"]


def _rows(count: Any, what: str) -> int:
    """The rows of a triangle of so many numbers. ShapeError: no triangle has so many."""
    n = (math.isqrt(1 + 8 * int(count)) - 1) // 2
    if n * (n + 1) // 2 != count:
        raise ShapeError(f"{what}: no triangle has {count} numbers{here()}")
    return n


def fill_triangular(x: Any, upper: bool = False, name: str | None = None) -> Node:
    """A triangular matrix of the numbers of a vector: float[..., n (n + 1) / 2] -> float[..., n, n], in clockwise spirals.

    ShapeError: no triangle has so many numbers, or their number is not known.

    >>> tf.Session(jit=False).run(tf.contrib.distributions.fill_triangular([1, 2, 3, 4, 5, 6]))
    array([[4, 0, 0],
           [6, 5, 0],
           [3, 2, 1]], dtype=int32)
    """
    x = to_node(x)
    count = None if not x.type.shape else x.shape[-1].value
    if count is None:
        raise ShapeError(f"fill_triangular: the last size of {describe(x)} must be known{here()}")
    n = _rows(count, "fill_triangular")
    rest = x[..., n:]
    both = concat([x, reverse(rest, [-1])] if upper else [rest, reverse(x, [-1])], -1)
    full = reshape(both, concat([shape(x)[:-1], [n, n]], 0))
    filled = matrix_band_part(full, 0 if upper else -1, -1 if upper else 0, name=name)
    filled.set_shape([*x.shape.as_list()[:-1], n, n])
    return filled


def fill_triangular_inverse(x: Any, upper: bool = False, name: str | None = None) -> Node:
    """The vector of which `fill_triangular` makes a triangular matrix: float[..., n, n] -> float[..., n (n + 1) / 2].

    ShapeError: the size is not known.

    >>> tf.Session(jit=False).run(tf.contrib.distributions.fill_triangular_inverse([[4, 0, 0], [6, 5, 0], [3, 2, 1]]))
    array([1, 2, 3, 4, 5, 6], dtype=int32)
    """
    x = to_node(x)
    n = None if x.type.shape is None or len(x.type.shape) < 2 else x.shape[-1].value
    if n is None:
        raise ShapeError(f"fill_triangular_inverse: the last sizes of {describe(x)} must be known{here()}")
    first, rest = (x[..., 0, :], x[..., 1:, :]) if upper else (reverse(x[..., -1, :], [-1]), x[..., :-1, :])
    spiral = reshape(rest + reverse(rest, [-1, -2]), concat([shape(x)[:-2], [n * (n - 1)]], 0))
    found = concat([first, spiral[..., :n * (n + 1) // 2 - n]], -1, name=name)
    found.set_shape([*x.shape.as_list()[:-2], n * (n + 1) // 2])
    return found


class FillTriangular(Bijector):
    """y = `fill_triangular` of x, lower or `upper`. ShapeError: no triangle has so many numbers, or the matrix is not square."""

    def __init__(self, upper: bool = False, validate_args: bool = False, name: str = "fill_triangular"):
        self._upper = upper
        super().__init__(validate_args=validate_args, forward_min_event_ndims=1, inverse_min_event_ndims=2, name=name)

    def _forward(self, x: Node) -> Node:
        return fill_triangular(x, self._upper)

    def _inverse(self, y: Node) -> Node:
        return fill_triangular_inverse(y, self._upper)

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        return zeros_like(x[..., 0])

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        return zeros_like(y[..., 0, 0])

    def _forward_event_shape(self, input_shape: TensorShape) -> TensorShape:
        count = input_shape[-1].value
        n = None if count is None else _rows(count, "FillTriangular")
        return input_shape[:-1].concatenate([n, n])

    def _inverse_event_shape(self, output_shape: TensorShape) -> TensorShape:
        m, n = output_shape[-2].value, output_shape[-1].value
        if m is not None and n is not None and m != n:
            raise ShapeError(f"FillTriangular: the matrix is not square, {output_shape}{here()}")
        return output_shape[:-2].concatenate([None if m is None or n is None else n * (n + 1) // 2])

    def _forward_event_shape_tensor(self, input_shape: Node) -> Node:
        n = cast((sqrt(1.0 + 8.0 * cast(input_shape[-1:], "float64")) - 1.0) / 2.0, input_shape.dtype)
        return concat([input_shape[:-1], n, n], 0)

    def _inverse_event_shape_tensor(self, output_shape: Node) -> Node:
        n = output_shape[-1:]
        return concat([output_shape[:-2], n * (n + 1) // 2], 0)


class TransformDiagonal(Bijector):
    """A bijector of vectors applied to the diagonals of matrices: float[..., n, n] -> float[..., n, n]."""

    def __init__(self, diag_bijector: Any, validate_args: bool = False, name: str = "transform_diagonal"):
        self._diag_bijector = diag_bijector
        super().__init__(validate_args=validate_args, forward_min_event_ndims=2, name=name)

    def _forward(self, x: Node) -> Node:
        return matrix_set_diag(x, self._diag_bijector.forward(matrix_diag_part(x)))

    def _inverse(self, y: Node) -> Node:
        return matrix_set_diag(y, self._diag_bijector.inverse(matrix_diag_part(y)))

    def _forward_log_det_jacobian(self, x: Node) -> Any:
        return self._diag_bijector.forward_log_det_jacobian(matrix_diag_part(x), event_ndims=1)

    def _inverse_log_det_jacobian(self, y: Node) -> Any:
        return self._diag_bijector.inverse_log_det_jacobian(matrix_diag_part(y), event_ndims=1)


class ScaleTriL(Chain):
    """y = a lower triangular matrix of a vector's numbers with a positive diagonal: `diag_bijector` (Softplus) of it, and `diag_shift`."""

    def __init__(self, diag_bijector: Any = None, diag_shift: Any = 1e-5, validate_args: bool = False, name: str = "scale_tril"):
        diagonal = Softplus(validate_args=validate_args) if diag_bijector is None else diag_bijector
        if diag_shift is not None:
            diagonal = Chain([AffineScalar(shift=diag_shift), diagonal])
        super().__init__([TransformDiagonal(diagonal), FillTriangular()], validate_args, name)


class _OfMatrices(Bijector):
    """A bijector of matrices, which are checked before: they are square, and what the subclass asks of them."""

    def __init__(self, validate_args: bool, name: str):
        super().__init__(validate_args=validate_args, forward_min_event_ndims=2, name=name)

    def _square(self, x: Node) -> list[Any]:
        if not self.validate_args:
            return []
        sizes = shape(x)
        return [assert_rank_at_least(x, 2, message="Input must be a (batch of) matrix."),
                assert_equal(sizes[-2], sizes[-1], message="Input must be a (batch of) square matrix.")]


class CholeskyOuterProduct(_OfMatrices):
    """y = x x^T of lower triangular matrices with a positive diagonal: float[..., n, n] -> float[..., n, n].

    InvalidArgumentError, when run with `validate_args`: they are not square, or have no such diagonal.
    """

    def __init__(self, validate_args: bool = False, name: str = "cholesky_outer_product"):
        super().__init__(validate_args, name)

    def _forward(self, x: Node) -> Node:
        x = matrix_band_part(checked(x, self._square(x)), -1, 0)
        return matmul(x, x, adjoint_b=True)

    def _inverse(self, y: Node) -> Node:
        return cholesky(y)

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        diagonal = matrix_diag_part(checked(x, self._square(x)))
        if self.validate_args:
            diagonal = checked(diagonal, [assert_positive(diagonal, message="Input must be positive definite.")])
        n = shape(diagonal)[-1]
        # d(x x^T) / dx is triangular in this order; its diagonal has 2 x_ii in row i, and x_ii as often as rows are below.
        weights = cast(counted(n, 0, -1), x.dtype)
        return cast(n, x.dtype) * math.log(2.0) + reduce_sum(weights * log(diagonal), -1)


class MatrixInverseTriL(_OfMatrices):
    """y = the inverse of lower triangular matrices: float[..., n, n] -> float[..., n, n].

    InvalidArgumentError, when run with `validate_args`: they are not square, not triangular, or singular.
    """

    def __init__(self, validate_args: bool = False, name: str = "matrix_inverse_tril"):
        super().__init__(validate_args, name)

    def _held(self, x: Node) -> Node:
        if not self.validate_args:
            return x
        x = checked(x, self._square(x))
        above = x - matrix_band_part(x, -1, 0)
        return checked(x, [assert_equal(above, zeros_like(above), message="Input must be lower triangular."),
                           assert_none_equal(matrix_diag_part(x), 0, message="Input must have all diagonal entries nonzero.")])

    def _forward(self, x: Node) -> Node:
        x = self._held(x)
        return matrix_triangular_solve(x, zeros_like(x) + eye(shape(x)[-1], dtype=x.dtype))

    _inverse = _forward

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        x = self._held(x)
        # Of the n (n + 1) / 2 numbers of a triangle, not of n^2.
        return -cast(shape(x)[-1] + 1, x.dtype) * reduce_sum(log(absolute(matrix_diag_part(x))), -1)


class _Affine(Bijector):
    """y = scale x + shift of vectors, the scale a linear operator, or None: as it is."""

    def __init__(self, shift: Node | None, scale: Any, dtype: Any, validate_args: bool, name: str):
        self._shift, self._scale = shift, scale
        parents = [*(scale.graph_parents if isinstance(scale, LinearOperator) else [scale] if isinstance(scale, Node) else []),
                   *([] if shift is None else [shift])]
        super().__init__(parents, True, validate_args, dtype, forward_min_event_ndims=1, name=name)

    @property
    def shift(self) -> Node | None:
        return self._shift

    @property
    def scale(self) -> Any:
        return self._scale

    def _times(self, x: Node) -> Node:
        return identity(x) if self._scale is None else self._scale.matvec(x)

    def _solved(self, x: Node) -> Node:
        return identity(x) if self._scale is None else self._scale.solvevec(x)

    def _forward(self, x: Node) -> Node:
        y = self._times(x)
        return y if self._shift is None else y + self._shift

    def _inverse(self, y: Node) -> Node:
        return self._solved(y if self._shift is None else y - self._shift)

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        return to_node(np.zeros((), x.type.dtype)) if self._scale is None else self._scale.log_abs_determinant()


class AffineLinearOperator(_Affine):
    """y = scale x + shift: float[..., k] -> float[..., k], the scale a `tf.linalg.LinearOperator`.

    GraphError: it is none. DTypeError: the two are of different dtypes.

    >>> scale = tf.linalg.LinearOperatorDiag([1.0, 2.0])
    >>> tf.Session(jit=False).run(tf.contrib.distributions.bijectors.AffineLinearOperator([1.0, 0.0], scale).forward([3.0, 4.0]))
    array([4., 8.], dtype=float32)
    """

    def __init__(self, shift: Any = None, scale: Any = None, validate_args: bool = False, name: str = "affine_linear_operator"):
        if scale is not None and not isinstance(scale, LinearOperator):
            raise GraphError(f"AffineLinearOperator: the scale is a LinearOperator, not {scale!r:.60}{here()}")
        moved = None if shift is None else tensor(shift, None if scale is None else scale.graph_parents[0])
        if moved is not None and scale is not None and moved.dtype != scale.dtype:
            raise DTypeError(f"AffineLinearOperator: the shift is {describe(moved)}, the scale of {scale.dtype.name}{here()}")
        super().__init__(moved, scale, moved.dtype if moved is not None else None if scale is None else scale.dtype, validate_args, name)


class Affine(_Affine):
    """y = scale x + shift: float[..., k] -> float[..., k], the scale the sum of what is given, of nothing 1.

    scale_identity_multiplier: float[...], scale_diag: float[..., k], scale_tril: float[..., k, k], scale_perturb_factor: float[..., k, r], added as
    F D F^T with D of scale_perturb_diag: float[..., r] (ones). `scale`: a linear operator, of a multiplier alone the multiplier. GraphError:
    scale_perturb_diag without a factor. InvalidArgumentError, when run with `validate_args`: the multiplier is 0.

    >>> b = tf.contrib.distributions.bijectors.Affine(shift=[1.0, 2.0], scale_tril=[[2.0, 0.0], [1.0, 3.0]])
    >>> tf.Session(jit=False).run([b.forward([1.0, 1.0]), b.forward_log_det_jacobian([1.0, 1.0], event_ndims=1)])
    [array([3., 6.], dtype=float32), np.float32(1.7917...)]
    """

    def __init__(self, shift: Any = None, scale_identity_multiplier: Any = None, scale_diag: Any = None, scale_tril: Any = None,
                 scale_perturb_factor: Any = None, scale_perturb_diag: Any = None, validate_args: bool = False, name: str = "affine"):
        if scale_perturb_diag is not None and scale_perturb_factor is None:
            raise GraphError(f"Affine: scale_perturb_diag without scale_perturb_factor{here()}")
        given = [shift, scale_identity_multiplier, scale_diag, scale_tril, scale_perturb_factor, scale_perturb_diag]
        like = next((v for v in given if isinstance(v, Node)), None)
        moved, multiplier, diag, tril, factor, weights = (None if v is None else tensor(v, like) for v in given)
        self._only_multiplier = diag is None and tril is None and factor is None
        scale: Any = scaled(multiplier, diag, tril, factor)
        if self._only_multiplier:
            scale = tensor(1.0, moved) if multiplier is None else multiplier
            scale = checked(scale, [assert_none_equal(scale, 0, message="identity_multiplier should be non-zero.")] if validate_args else [])
        elif factor is not None:
            scale = LinearOperatorLowRankUpdate(scale, factor, weights)
        if moved is not None and not self._only_multiplier and moved.dtype != scale.dtype:
            raise DTypeError(f"Affine: the shift is {describe(moved)}, the scale of {scale.dtype.name}{here()}")
        super().__init__(moved, scale, scale.dtype, validate_args, name)

    def _times(self, x: Node) -> Node:
        return x * self._scale if self._only_multiplier else super()._times(x)

    def _solved(self, x: Node) -> Node:
        return x / self._scale if self._only_multiplier else super()._solved(x)

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        if not self._only_multiplier:
            return super()._forward_log_det_jacobian(x)
        return log(absolute(self._scale)) * cast(shape(x)[-1], self._scale.dtype)


def scaled(multiplier: Node | None, diag: Node | None, tril: Node | None, factor: Node | None) -> Any:
    """The linear operator of a multiple of the identity, a diagonal and a triangle, added up; of none the identity of a factor's rows, or None."""
    if tril is not None:
        extra = [t for t in (diag, None if multiplier is None else multiplier[..., np.newaxis]) if t is not None]
        diagonal = matrix_diag_part(tril)
        for t in extra:
            diagonal = diagonal + t
        return LinearOperatorLowerTriangular(matrix_set_diag(tril, diagonal) if extra else tril)
    if diag is not None:
        return LinearOperatorDiag(diag if multiplier is None else diag + multiplier[..., np.newaxis])
    if factor is None:
        return None
    rows = static_value(shape(factor)[-2])
    size = shape(factor)[-2] if rows is None else int(rows)
    return LinearOperatorIdentity(size, dtype=factor.dtype) if multiplier is None else LinearOperatorScaledIdentity(size, multiplier)
