"""Normal vectors whose covariance a linear operator, a triangle, the covariance itself or a sum of few columns gives."""

from __future__ import annotations

from typing import Any

from ...distributions import MultivariateNormalDiag, RegisterKL
from ...distributions.base import Distribution
from ...distributions.continuous import Normal
from ...errors import GraphError
from ...ir.node import Node, here
from ...ir.operator import to_node
from ...ir.types import TensorShape, broadcast
from ...ops.array import concat, expand_dims, identity, shape, zeros
from ...ops.array_places import broadcast_dynamic_shape
from ...ops.linalg_matmul import matmul
from ...ops.linalg_solve import cholesky
from ...ops.linear_operators import LinearOperator, LinearOperatorDiag, LinearOperatorLowerTriangular
from ...ops.linear_operators_blocks import LinearOperatorLowRankUpdate
from ...ops.linear_operators_made import LinearOperatorIdentity
from ...ops.math import cast, square
from ...ops.nn import softplus
from ...ops.reduce import reduce_sum
from .bijectors.base import tensor
from .bijectors.matrices import AffineLinearOperator, scaled
from .transformed import TransformedDistribution

__all__ = ["MultivariateNormalDiagPlusLowRank", "MultivariateNormalDiagWithSoftplusScale", "MultivariateNormalFullCovariance",
           "MultivariateNormalTriL"]


def _shapes(loc: Node | None, scale: LinearOperator) -> tuple[Any, Any]:
    """The shapes of batches and events: what is known of them if all is, else tensors."""
    own = scale.shape
    if own.is_fully_defined() and (loc is None or loc.shape.is_fully_defined()):
        batch = TensorShape(broadcast(tuple(own.as_list()[:-2]), () if loc is None else tuple(loc.shape.as_list()[:-1])))
        return batch, own[-1:]
    sizes = scale.shape_tensor()
    return sizes[:-2] if loc is None else broadcast_dynamic_shape(sizes[:-2], shape(loc)[:-1]), sizes[-1:]


class _Normals(TransformedDistribution):
    """Normal vectors loc + scale z, z of independent standard normal numbers, the scale a linear operator."""

    def __init__(self, loc: Node | None, scale: LinearOperator, parameters: dict[str, Any], validate_args: bool, allow_nan_stats: bool, name: str):
        batch, event = _shapes(loc, scale)
        standard = Normal(to_node(0.0, scale.dtype), to_node(1.0, scale.dtype), allow_nan_stats=allow_nan_stats)
        super().__init__(standard, AffineLinearOperator(loc, scale, validate_args), batch, event, validate_args, name)
        self.parameters = {**parameters, "validate_args": validate_args, "allow_nan_stats": allow_nan_stats, "name": name}

    @property
    def loc(self) -> Node | None:
        return self._bijector.shift

    @property
    def scale(self) -> LinearOperator:
        return self._bijector.scale

    def _all(self) -> Node:
        """Zeros for each number of an event of the batch."""
        return zeros(concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0), self.dtype)

    def _mean(self) -> Node:
        return self._all() if self.loc is None else self.loc + self._all()

    _mode = _mean

    def covariance(self, name: str = "covariance") -> Node:
        """The covariance of two elements of an event each: float[..., k, k]."""
        dense = self.scale.to_dense()
        return identity(matmul(dense, dense, adjoint_b=True) + expand_dims(self._all(), -1), name=name)

    def _variance(self) -> Node:
        return reduce_sum(square(self.scale.to_dense()), -1) + self._all()


def _given(what: str, **values: Any) -> list[Node | None]:
    """Parameters as tensors, numbers in the dtype of a tensor among them. GraphError: none is given."""
    if all(v is None for v in values.values()):
        raise GraphError(f"{what}: give {' or '.join(values)}{here()}")
    like = next((v for v in values.values() if isinstance(v, Node)), None)
    return [None if v is None else tensor(v, like) for v in values.values()]


def _unit(loc: Any) -> LinearOperator:
    size = loc.shape[-1].value
    return LinearOperatorIdentity(shape(loc)[-1] if size is None else size, dtype=loc.dtype)


class MultivariateNormalTriL(_Normals):
    """Normal vectors with mean `loc`: float[..., k], and the covariance L L^T of a lower triangular `scale_tril` L: float[..., k, k].

    Without `loc` the mean is 0, without `scale_tril` the covariance is 1. GraphError: none is given. DTypeError: not floating, or of two dtypes.

    >>> d = tf.contrib.distributions.MultivariateNormalTriL([0.0, 1.0], [[1.0, 0.0], [1.0, 2.0]])
    >>> tf.Session(jit=False).run([d.covariance(), d.log_prob([0.0, 1.0])])
    [array([[1., 1.],
           [1., 5.]], dtype=float32), np.float32(-2.531...)]
    """

    def __init__(self, loc: Any = None, scale_tril: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "MultivariateNormalTriL"):
        mean, tril = _given("MultivariateNormalTriL", loc=loc, scale_tril=scale_tril)
        super().__init__(mean, _unit(mean) if tril is None else LinearOperatorLowerTriangular(tril), {"loc": loc, "scale_tril": scale_tril},
                         validate_args, allow_nan_stats, name)


class MultivariateNormalFullCovariance(_Normals):
    """Normal vectors with mean `loc`: float[..., k], and `covariance_matrix`: float[..., k, k], symmetric and positive definite.

    Without `loc` the mean is 0, without the matrix the covariance is 1. GraphError: none is given. DTypeError: not floating, or of two dtypes.
    """

    def __init__(self, loc: Any = None, covariance_matrix: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "MultivariateNormalFullCovariance"):
        mean, matrix = _given("MultivariateNormalFullCovariance", loc=loc, covariance_matrix=covariance_matrix)
        super().__init__(mean, _unit(mean) if matrix is None else LinearOperatorLowerTriangular(cholesky(matrix)),
                         {"loc": loc, "covariance_matrix": covariance_matrix}, validate_args, allow_nan_stats, name)


class MultivariateNormalDiagPlusLowRank(_Normals):
    """Normal vectors loc + S z with S = diag(scale_diag + scale_identity_multiplier) + U D U^T, U the `scale_perturb_factor`: float[..., k, r].

    scale_perturb_diag: float[..., r] (ones) is the diagonal of D. GraphError: nothing that tells the size. DTypeError: of two dtypes.
    """

    def __init__(self, loc: Any = None, scale_diag: Any = None, scale_identity_multiplier: Any = None, scale_perturb_factor: Any = None,
                 scale_perturb_diag: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "MultivariateNormalDiagPlusLowRank"):
        parameters = {"loc": loc, "scale_diag": scale_diag, "scale_identity_multiplier": scale_identity_multiplier,
                      "scale_perturb_factor": scale_perturb_factor, "scale_perturb_diag": scale_perturb_diag}
        mean, diag, multiplier, factor, weights = _given("MultivariateNormalDiagPlusLowRank", **parameters)
        if diag is None and factor is None and mean is None:
            raise GraphError(f"MultivariateNormalDiagPlusLowRank: give loc, scale_diag or scale_perturb_factor{here()}")
        scale = scaled(multiplier, diag, None, factor)
        if scale is None and mean is not None:
            scale = _unit(mean) if multiplier is None else LinearOperatorDiag(multiplier[..., None] + mean * 0.0)
        super().__init__(mean, scale if factor is None else LinearOperatorLowRankUpdate(scale, factor, weights), parameters, validate_args,
                         allow_nan_stats, name)


class MultivariateNormalDiagWithSoftplusScale(MultivariateNormalDiag):
    """`MultivariateNormalDiag` of softplus(scale_diag). DTypeError: not floating. ShapeError: no vectors."""

    def __init__(self, loc: Any, scale_diag: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "MultivariateNormalDiagWithSoftplusScale"):
        super().__init__(loc, softplus(scale_diag), None, validate_args, allow_nan_stats, name)
        self.parameters = {"loc": loc, "scale_diag": scale_diag, "validate_args": validate_args, "allow_nan_stats": allow_nan_stats, "name": name}


def _divergence(a: Any, b: Any) -> Node:
    """Of two normal vectors: log det of both scales, the first one in units of the second, the distance of the means in those."""
    one, other = (d.scale if isinstance(d, _Normals) else LinearOperatorDiag(d.stddev()) for d in (a, b))
    ratio = reduce_sum(square(other.solve(one.to_dense())), [-2, -1])
    distance = reduce_sum(square(other.solvevec(b.mean() - a.mean())), -1)
    k = cast(a.event_shape_tensor()[0], a.dtype)
    return other.log_abs_determinant() - one.log_abs_determinant() + 0.5 * (ratio + distance - k)


_KINDS: list[type[Distribution]] = [_Normals, MultivariateNormalDiag]
for _first in _KINDS:
    for _second in _KINDS:
        if _Normals in (_first, _second):
            RegisterKL(_first, _second)(_divergence)
