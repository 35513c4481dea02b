"""`tf.linalg`: matrices under the names that TensorFlow 1 has there, each the operator that the top level has under a longer one."""

from typing import TYPE_CHECKING

from .nn import l2_normalize
from .ops.array import diag as tensor_diag
from .ops.array import diag_part as tensor_diag_part
from .ops.array import eye
from .ops.array import matrix_band_part as band_part
from .ops.array import matrix_diag as diag
from .ops.array import matrix_diag_part as diag_part
from .ops.array import matrix_set_diag as set_diag
from .ops.linalg import cholesky, cholesky_solve, cross, einsum, matmul, matrix_transpose, norm, self_adjoint_eig, tensordot, trace
from .ops.linalg import matrix_determinant as det
from .ops.linalg import matrix_inverse as inv
from .ops.linalg import matrix_solve as solve
from .ops.linalg import matrix_triangular_solve as triangular_solve
from .ops.linalg_factor import logdet, lstsq, qr, self_adjoint_eigvals, slogdet, svd
from .tf1_names import getter as _getter

adjoint, eigh, eigvalsh, transpose = matrix_transpose, self_adjoint_eig, self_adjoint_eigvals, matrix_transpose

__all__ = ["adjoint", "band_part", "cholesky", "cholesky_solve", "cross", "det", "diag", "diag_part", "eigh", "eigvalsh", "einsum", "eye", "inv",
           "l2_normalize", "logdet", "lstsq", "matmul", "matrix_transpose", "norm", "qr", "set_diag", "slogdet", "solve", "svd",
           "tensor_diag", "tensor_diag_part", "tensordot", "trace", "transpose", "triangular_solve"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
