"""Sparse tensors: three tensors that are one, of places, of the values there and of the whole shape; and places as numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.composite import Composite
from ..ir.graph import get_default_graph, name_scope
from ..ir.known import known_shape, static_value
from ..ir.node import OPERATORS, Node, describe, here, loc_str, saying
from ..ir.operator import Operator, Values, declare, to_node
from ..ir.sizes import has_sizes, unknown
from ..ir.types import DType, Shape, TensorShape, TensorType, as_dtype, as_shape, compatible, merge, shape_str
from .array_gather import gather
from .array_move import Types, expand_dims
from .math import cast
from .sources import placeholder, placeholder_of

INDEX = np.dtype(np.int64)
Applied = Callable[[Sequence[Any], dict[str, Any], str | None], Any]
_OF_SPARSE: dict[str, Applied] = {}     # by the operator's name


class SparseTensorValue(NamedTuple):
    """The arrays of a sparse tensor: what a run gives for one, and what one is fed.

    >>> tf.SparseTensorValue([[0, 1]], [5.0], [2, 2]).values
    [5.0]
    """

    indices: Any
    values: Any
    dense_shape: Any


class SparseTensor(Composite):
    """A tensor given by its elements that are not zero: `values[k]` stands at the place `indices[k]` of a tensor of shape `dense_shape`.

    indices: int64[n, rank], values: any[n], dense_shape: int64[rank]. Places stand in C order and once each, where nothing else is said; what
    needs the order (`sparse_reorder` makes it) checks it when run. `session.run` gives a `SparseTensorValue`, and one, or a tuple of
    three arrays, is fed. Times and over a dense tensor, which is repeated along axes of size 1, is sparse; so is an elementwise operator
    of one tensor that leaves zero as it is. DTypeError, ShapeError: the three do not fit together.

    >>> x = tf.SparseTensor([[0, 1], [1, 0]], [2.0, 3.0], [2, 2])
    >>> tf.Session(jit=False).run(tf.sparse_tensor_to_dense(x * [[10.0, 20.0]]))
    array([[ 0., 40.],
           [30.,  0.]], dtype=float32)
    """

    value_type = SparseTensorValue
    __array_priority__ = 101.0
    __array_ufunc__ = None              # numpy arrays on the left leave the operation to this class

    def __init__(self, indices: Any, values: Any, dense_shape: Any):
        with saying("SparseTensor"):
            self._indices, self._shape = (whole_numbers(x, what) for x, what in ((indices, "indices"), (dense_shape, "dense_shape")))
            self._values = to_node(values)
            _fit(self._indices.type, self._values.type, self._shape.type)
        self._open: Shape | None = None

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> SparseTensor:
        """The sparse tensor of a `SparseTensorValue`; one that is a tensor stays itself. DTypeError: anything else."""
        return sparse(sparse_tensor_value, "from_value")

    @property
    def indices(self) -> Node:
        """The places, a row of numbers each: int64[n, rank]."""
        return self._indices

    @property
    def values(self) -> Node:
        """The elements at these places."""
        return self._values

    @property
    def dense_shape(self) -> Node:
        """The shape of the whole, as a tensor: int64[rank]."""
        return self._shape

    @property
    def components(self) -> tuple[Node, ...]:
        return self._indices, self._values, self._shape

    @property
    def dtype(self) -> DType:
        return self._values.dtype

    @property
    def graph(self) -> Any:
        return self._values.graph

    @property
    def op(self) -> Any:
        return self._values.op

    @property
    def name(self) -> str:
        return self._values.name

    @property
    def rank(self) -> int | None:
        """The number of axes, None if only a run knows it."""
        dims = self._shape.type.shape
        columns = self._indices.type.shape
        known = [d for d in (dims[0] if dims else None, columns[1] if columns and len(columns) > 1 else None) if d is not None]
        return known[0] if known else None

    @property
    def shape(self) -> TensorShape:
        """What is known of the shape of the whole."""
        return TensorShape(merge(known_shape(static_value(self._shape), self.rank), self._open))

    def get_shape(self) -> TensorShape:
        """What is known of the shape of the whole."""
        return self.shape

    def eval(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> Any:
        """Its value in the default session, a `SparseTensorValue`."""
        return (session if session is not None else self.graph.default_session("eval")).run(self, feed_dict)

    def consumers(self) -> list[Any]:
        """The operations that use its values."""
        return list(dict.fromkeys(n.op for n in self.graph.nodes if self._values in n.inputs))

    def __repr__(self) -> str:
        return f"<SparseTensor {self._values.label}: {TensorType(self._values.type.dtype, self.shape._shape)} ({loc_str(self._values.loc)})>"

    def __mul__(self, y: Any) -> SparseTensor:
        return OPERATORS["multiply"](self, y)

    __rmul__ = __mul__

    def __truediv__(self, y: Any) -> SparseTensor:
        return OPERATORS["truediv"](self, y)

    __div__ = __truediv__

    def operand(self) -> Node:
        """It is no operand of dense tensors: DTypeError."""
        raise DTypeError(f"{self!r} is sparse, and wanted as a tensor; tf.sparse_tensor_to_dense makes it one{here()}")

    def applied(self, operator: Operator, operands: Sequence[Any], attrs: dict[str, Any], name: str | None) -> Any:
        """An elementwise operator of it that keeps zeros, a product or quotient with a dense tensor, its shape; else DTypeError."""
        made = _OF_SPARSE.get(operator.name)
        if made is not None:
            return made(operands, attrs, name)
        if len(operands) == 1 and operator.family.broadcasts and _keeps_zero(operator, self.dtype.dtype, attrs):
            return self.with_values(operator(self._values, **attrs, name=name))
        what = "; tf.sparse_add adds" if operator.name in ("add", "subtract") else ""
        raise DTypeError(f"{operator.name}: {self!r} is sparse, and wanted as a tensor; tf.sparse_tensor_to_dense makes it one{what}{here()}")

    def with_values(self, values: Node) -> SparseTensor:
        """Other values at the same places."""
        return like(self, self._indices, values, self._shape)


def whole_numbers(value: Any, what: str) -> Node:
    """Whole numbers as a tensor of int64."""
    if isinstance(value, TensorShape):
        value = value.as_list()
    x = to_node(value) if isinstance(value, Node) or np.size(value) else to_node(np.asarray(value, INDEX))
    if x.type.dtype.kind not in "iu":
        raise DTypeError(f"{what} are whole numbers, not {x.type.dtype}")
    return x if x.type.dtype == INDEX else cast(x, dtype=INDEX)


def _fit(indices: TensorType, values: TensorType, dims: TensorType) -> None:
    """ShapeError unless the three may be parts of one sparse tensor."""
    n = None if values.shape is None else values.shape[0] if len(values.shape) == 1 else -1
    rank = None if dims.shape is None else dims.shape[0] if len(dims.shape) == 1 else -1
    if -1 in (n, rank) or not compatible(indices.shape, (n, rank)):
        raise ShapeError(f"places {indices}, values {values} and a shape {dims} do not fit together: they are int64[n,rank], any[n] and int64[rank]")


def like(x: SparseTensor, indices: Node, values: Node, dims: Node) -> SparseTensor:
    """A sparse tensor of these parts, with what is known of the shape of another of the same shape."""
    made = SparseTensor(indices, values, dims)
    made._open = x._open
    return made


def sparse(value: Any, what: str) -> SparseTensor:
    """A sparse tensor, or the value of one, as a sparse tensor; DTypeError in the name of the function `what`."""
    if isinstance(value, SparseTensor):
        return value
    if isinstance(value, SparseTensorValue):
        return SparseTensor(np.asarray(value.indices, INDEX).reshape(-1, np.size(value.dense_shape)), value.values,
                            np.asarray(value.dense_shape, INDEX))
    said = describe(value) if isinstance(value, Node) else f"{value!r:.60}"
    raise DTypeError(f"{what} takes a SparseTensor, not {said}{here()}")


def convert_to_tensor_or_sparse_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A `SparseTensor` or `SparseTensorValue` as a sparse tensor, anything else as a tensor.

    DTypeError: no tensor, or one of another dtype than `dtype`.

    >>> tf.convert_to_tensor_or_sparse_tensor(tf.SparseTensorValue([[0, 1]], [5.0], [2, 2])).get_shape()
    TensorShape((2, 2))
    """
    if not isinstance(value, (SparseTensor, SparseTensorValue)):
        return to_node(value, dtype, name)
    made = sparse(value, "convert_to_tensor_or_sparse_tensor")
    if dtype is not None and made.dtype != as_dtype(dtype):
        raise DTypeError(f"{made!r} is wanted as {as_dtype(dtype).name}; tf.cast converts{here()}")
    return made


def sparse_placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> SparseTensor:
    """A sparse tensor fed at every run: a `SparseTensorValue`, or a tuple of places, values and shape.

    `shape`: sizes, None for those that only a run knows, or a tensor of them; what is known is checked of what is fed. DTypeError,
    ShapeError: no such dtype or shape. A run without its value: InvalidArgumentError; with one that does not fit: FeedError.

    >>> x = tf.sparse_placeholder(tf.float32, [2, 2])
    >>> tf.Session(jit=False).run(tf.sparse_reduce_sum(x, 1), {x: ([[0, 1], [1, 0]], [2.0, 3.0], [2, 2])})
    array([2., 3.], dtype=float32)
    """
    label = name or "SparsePlaceholder"
    with saying("sparse_placeholder"):
        kind = as_dtype(dtype)
        known = None if isinstance(shape, Node) else as_shape(shape)
        rank = (shape.type.shape[0] if shape.type.shape else None) if isinstance(shape, Node) else None if known is None else len(known)
    with name_scope(label):
        if isinstance(shape, Node):
            dims = whole_numbers(shape, "shape")
        elif known is None or None in known:
            dims = placeholder(INDEX, [rank], name="shape")
        else:
            dims = to_node(np.array(known, INDEX), name="shape")
        values = placeholder_of(TensorType(kind.dtype, (None,)), get_default_graph(), "values")
        made = SparseTensor(placeholder(INDEX, [None, rank], name="indices"), values, dims)
    made._open = known
    return made


# ---------------------------------------------------------------------- places as numbers

def _position_type(types: Types, values: Values, ordered: bool) -> TensorType:
    places, dims, weights = types
    n, rank = places.shape if places.shape is not None and len(places.shape) == 2 else (None, None)
    if not compatible(places.shape, (n, rank)) or not compatible(dims.shape, (rank,)) or not compatible(weights.shape, (rank,)):
        raise ShapeError(f"places {shape_str(places.shape)} do not lie in a tensor of a shape of {shape_str(dims.shape)} numbers")
    return TensorType(INDEX, (n,))


PLACES = np.array([[0, 1], [1, 0], [1, 2]])


@declare("host", _position_type, kinds={"ordered": (bool,)},
         samples=(([PLACES, np.array([2, 3]), np.array([3, 1])], {}), ([PLACES, np.array([2, 3]), np.array([0, 1])], {"ordered": True}),
                  ([np.zeros((0, 2), int), np.array([2, 3]), np.array([3, 1])], {})))
def sparse_position(places: Any, dense_shape: Any, weights: Any, *, ordered: bool = False) -> Any:
    """The sum of each place's numbers times weights. The run fails at a place outside of the shape, and if `ordered` at one out of order."""
    bad = ((places < 0) | (places >= dense_shape)).any(1)
    if bad.any():
        raise InvalidArgumentError(f"the place {places[bad][0].tolist()} lies outside of the shape {dense_shape.tolist()}")
    if ordered and len(places) > 1:
        before, after = places[:-1], places[1:]
        first = np.argmax(before != after, axis=1)[:, None]
        wrong = np.take_along_axis(before, first, 1) >= np.take_along_axis(after, first, 1)
        if wrong.any():
            i = int(np.argmax(wrong))
            said = "stands twice" if (before[i] == after[i]).all() else f"stands behind {before[i].tolist()}, out of order"
            raise InvalidArgumentError(f"the place {after[i].tolist()} {said}")
    return places.astype(INDEX) @ weights.astype(INDEX)


@declare("host", lambda types, values: TensorType(INDEX, types[0].shape), shape_math=True,
         samples=(([np.array([2, 3, 4])], {}), ([np.array([5])], {})))
def sparse_strides(dense_shape: Any) -> Any:
    """How far the places that differ by one along each axis are apart, in C order. The run fails if int64 cannot count the elements."""
    if has_sizes(dense_shape) or unknown(dense_shape).any():
        raise ValueError("not before the run")          # as a static value, which then is none
    dims = [int(d) for d in dense_shape]
    if min(dims, default=0) < 0:
        raise InvalidArgumentError(f"{dims} is not a shape")
    out, total = [], 1
    for d in reversed(dims):
        out.append(total)
        total *= max(d, 1)
    if total >= 1 << 63:
        raise InvalidArgumentError(f"a tensor of shape {dims} has more elements than int64 counts")
    return np.array(out[::-1], INDEX)


def places(x: SparseTensor, ordered: bool = False) -> Node:
    """The number that each place of a sparse tensor has in C order."""
    return sparse_position(x.indices, x.dense_shape, sparse_strides(x.dense_shape), ordered=ordered)


def along(x: SparseTensor, axis: int) -> Node:
    """The numbers of the places along one axis."""
    return gather(x.indices, axis, axis=1)


def unraveled(numbers: Node, dims: Node, rank: int | None) -> Node:
    """Places, int64[n, rank], from their numbers in C order within a shape."""
    return expand_dims(numbers, 1) if rank == 1 else expand_dims(numbers, 1) // sparse_strides(dims) % expand_dims(dims, 0)


# ---------------------------------------------------------------------- operators of dense tensors

def of_sparse(name: str) -> Callable[[Applied], Applied]:
    """The decorated function is what the operator of that name makes of operands of which some are sparse."""
    def keep(made: Applied) -> Applied:
        _OF_SPARSE[name] = made
        return made
    return keep


def _keeps_zero(operator: Operator, dtype: np.dtype[Any], attrs: dict[str, Any]) -> bool:
    """Whether an elementwise operator makes zeros of zeros."""
    try:
        with np.errstate(all="ignore"):
            return bool(np.all(operator.reference(np.zeros(1, dtype), **attrs) == 0))
    except TypeError:
        return False


__all__ = ["SparseTensor", "SparseTensorValue", "sparse_placeholder", "convert_to_tensor_or_sparse_tensor"]
