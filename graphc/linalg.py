"""`tf.linalg`: products, factors and solutions of matrices, under the names that later programs use."""

from .nn import l2_normalize
from .ops.array import (
    diag as tensor_diag,
)
from .ops.array import (
    diag_part as tensor_diag_part,
)
from .ops.array import (
    eye,
    matrix_band_part,
    matrix_diag,
    matrix_diag_part,
    matrix_set_diag,
)
from .ops.linalg import (
    cholesky,
    cholesky_solve,
    cross,
    einsum,
    matmul,
    matrix_determinant,
    matrix_inverse,
    matrix_solve,
    matrix_transpose,
    matrix_triangular_solve,
    norm,
    self_adjoint_eig,
    tensordot,
    trace,
)
from .ops.linalg_factor import logdet, matrix_solve_ls, qr, self_adjoint_eigvals, slogdet, svd
from .ops.linalg_functions import lu, matrix_exponential, matrix_square_root, matvec, normalize, tridiagonal_matmul, tridiagonal_solve
from .ops.linalg_matmul import adjoint
from .ops.linear_operators import LinearOperator, LinearOperatorDiag, LinearOperatorFullMatrix, LinearOperatorLowerTriangular
from .ops.linear_operators_blocks import LinearOperatorBlockDiag, LinearOperatorLowRankUpdate, LinearOperatorZeros
from .ops.linear_operators_circulant import (
    LinearOperatorCirculant,
    LinearOperatorCirculant2D,
    LinearOperatorCirculant3D,
    LinearOperatorToeplitz,
)
from .ops.linear_operators_made import (
    LinearOperatorAdjoint,
    LinearOperatorComposition,
    LinearOperatorHouseholder,
    LinearOperatorIdentity,
    LinearOperatorInversion,
    LinearOperatorKronecker,
    LinearOperatorScaledIdentity,
)
from .tf1_names import namespace as _namespace
from .train import global_norm

__all__ = ["LinearOperator", "LinearOperatorAdjoint", "LinearOperatorBlockDiag", "LinearOperatorCirculant", "LinearOperatorCirculant2D",
           "LinearOperatorCirculant3D", "LinearOperatorComposition", "LinearOperatorDiag", "LinearOperatorFullMatrix", "LinearOperatorHouseholder",
           "LinearOperatorIdentity", "LinearOperatorInversion", "LinearOperatorKronecker", "LinearOperatorLowRankUpdate",
           "LinearOperatorLowerTriangular", "LinearOperatorScaledIdentity", "LinearOperatorToeplitz", "LinearOperatorZeros", "adjoint", "band_part",
           "cholesky", "cholesky_solve", "cross", "det", "diag", "diag_part", "eigh", "eigvalsh", "einsum", "expm", "eye", "global_norm", "inv",
           "l2_normalize", "logdet", "lstsq", "lu", "matmul", "matrix_transpose", "matvec", "norm", "normalize", "qr", "set_diag", "slogdet",
           "solve", "sqrtm", "svd", "tensor_diag", "tensor_diag_part", "tensordot", "trace", "transpose", "triangular_solve", "tridiagonal_matmul",
           "tridiagonal_solve"]

transpose = matrix_transpose
band_part = matrix_band_part
det = matrix_determinant
diag = matrix_diag
diag_part = matrix_diag_part
eigh = self_adjoint_eig
eigvalsh = self_adjoint_eigvals
expm = matrix_exponential
inv = matrix_inverse
lstsq = matrix_solve_ls
set_diag = matrix_set_diag
solve = matrix_solve
sqrtm = matrix_square_root
triangular_solve = matrix_triangular_solve

_namespace(globals())
