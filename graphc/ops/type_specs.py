"""What is known of a tensor before it is there: shape, dtype and name of a dense one, and of what several tensors hold together."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.node import Node, here, saying
from ..ir.operator import to_node
from ..ir.types import DType, TensorShape, as_dtype, as_shape, compatible, float32
from .ragged_tensor import RaggedTensor
from .ragged_value import RaggedTensorValue
from .sparse_tensor import SparseTensor, SparseTensorValue


class TypeSpec:
    """What is known of a value: those of equal arguments are equal. `TensorSpec`, `SparseTensorSpec` and `RaggedTensorSpec` are such."""

    value_type: type

    def __init__(self, shape: Any = None, dtype: Any = float32):
        with saying(type(self).__name__):
            self._shape, self._dtype = TensorShape(as_shape(shape)), as_dtype(dtype)

    @property
    def shape(self) -> TensorShape:
        """The shape, None where it is not known."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The dtype."""
        return self._dtype

    def _told(self) -> tuple[Any, ...]:
        return type(self), self._shape.as_list() if self._shape.ndims is not None else None, self._dtype

    def _found(self, value: Any) -> TypeSpec | None:
        """The spec of a value, of this kind; None for other values."""
        raise NotImplementedError

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a value, or what another spec describes, may be what this one describes."""
        found = spec_or_value if isinstance(spec_or_value, TypeSpec) else self._found(spec_or_value)
        return type(found) is type(self) and found._dtype == self._dtype and compatible(self._shape._shape, found._shape._shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TypeSpec) and self._told() == other._told()

    def __hash__(self) -> int:
        return hash(repr(self._told()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._shape}, {self._dtype.name})"


class TensorSpec(TypeSpec):
    """Shape, dtype and name of a tensor. DTypeError, ShapeError: no such dtype or shape.

    >>> spec = tf.TensorSpec([None, 3], tf.float32)
    >>> spec.is_compatible_with(tf.zeros([2, 3])), spec.is_compatible_with(tf.zeros([3]))
    (True, False)
    """

    value_type = Node

    def __init__(self, shape: Any, dtype: Any = float32, name: str | None = None):
        super().__init__(shape, dtype)
        self._name = name

    @property
    def name(self) -> str | None:
        """The name, or None."""
        return self._name

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> TensorSpec:
        """That of another spec, under a name. GraphError: it is none."""
        if not isinstance(spec, TypeSpec):
            raise GraphError(f"TensorSpec.from_spec takes a TensorSpec, not {spec!r:.60}{here()}")
        return cls(spec.shape, spec.dtype, name or getattr(spec, "name", None))

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """That of a tensor. GraphError: it is none."""
        if not isinstance(tensor, Node):
            raise GraphError(f"TensorSpec.from_tensor takes a tensor, not {tensor!r:.60}{here()}")
        return cls(tensor.shape, tensor.dtype, name or tensor.op.name)

    def _told(self) -> tuple[Any, ...]:
        return (*super()._told(), self._name)

    def _found(self, value: Any) -> TypeSpec | None:
        if isinstance(value, (SparseTensor, RaggedTensor, SparseTensorValue, RaggedTensorValue)):
            return None
        try:
            x = to_node(value)
        except (DTypeError, ShapeError):
            return None
        return TensorSpec(x.shape, x.dtype)

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self._shape}, dtype={self._dtype!r}, name={self._name!r})"


class SparseTensorSpec(TypeSpec):
    """Shape and dtype of a sparse tensor. DTypeError, ShapeError: no such dtype or shape.

    >>> tf.SparseTensorSpec([2, None]).is_compatible_with(tf.SparseTensor([[0, 1]], [2.0], [2, 4]))
    True
    """

    value_type = SparseTensor

    def _found(self, value: Any) -> TypeSpec | None:
        return SparseTensorSpec(value.shape, value.dtype) if isinstance(value, SparseTensor) else None


class RaggedTensorSpec(TypeSpec):
    """Shape, dtype and number of ragged axes of a ragged tensor. DTypeError, ShapeError: no such dtype or shape. GraphError: no such rank.

    `ragged_rank`: by default all axes but the first. `row_splits_dtype`: int64.

    >>> tf.RaggedTensorSpec([None, None], tf.int32).is_compatible_with(tf.ragged.constant([[1], [2, 3]]))
    True
    """

    value_type = RaggedTensor

    def __init__(self, shape: Any = None, dtype: Any = float32, ragged_rank: int | None = None, row_splits_dtype: Any = "int64"):
        super().__init__(shape, dtype)
        rank = self._shape.ndims
        if ragged_rank is None:
            if rank is None:
                raise GraphError(f"RaggedTensorSpec: ragged_rank is given where the shape is not known{here()}")
            ragged_rank = rank - 1
        if isinstance(ragged_rank, bool) or not isinstance(ragged_rank, int) or ragged_rank < 0 or rank is not None and ragged_rank >= rank:
            raise GraphError(f"RaggedTensorSpec: ragged_rank is from 0 to below the rank, {rank}, not {ragged_rank!r:.40}{here()}")
        self._ragged_rank = ragged_rank

    @property
    def ragged_rank(self) -> int:
        """How many axes are ragged."""
        return self._ragged_rank

    def _told(self) -> tuple[Any, ...]:
        return (*super()._told(), self._ragged_rank)

    def _found(self, value: Any) -> TypeSpec | None:
        return RaggedTensorSpec(value.shape, value.dtype, value.ragged_rank) if isinstance(value, RaggedTensor) else None

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a value, or what another spec describes, may be what this one describes, with as many ragged axes."""
        found = spec_or_value if isinstance(spec_or_value, TypeSpec) else self._found(spec_or_value)
        return isinstance(found, RaggedTensorSpec) and found._ragged_rank == self._ragged_rank and super().is_compatible_with(found)

    def __repr__(self) -> str:
        return f"RaggedTensorSpec({self._shape}, {self._dtype!r}, {self._ragged_rank}, graphc.int64)"


__all__ = ["RaggedTensorSpec", "SparseTensorSpec", "TensorSpec", "TypeSpec"]
