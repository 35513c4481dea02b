"""Sparse tensors and dense ones: one made of the other, and products and quotients of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.node import OPERATORS, Node, describe, here, saying
from ..ir.operator import Values, declare, to_node
from ..ir.types import Shape, TensorType, compatible, shape_str
from .array_gather import gather, gather_nd, mask_indices
from .array_move import Types, broadcast_to, expand_dims, integers, reshape, shape, vector_shape
from .math import cast, not_equal
from .reduce import reduce_sum
from .sparse_tensor import INDEX, PLACES, SparseTensor, of_sparse, sparse, sparse_position, sparse_strides, unraveled, whole_numbers


def _densified(types: Types, values: Values, validate: bool) -> TensorType:
    places, whole, data, default = types
    integers(places, "places")
    if data.dtype != default.dtype:
        raise DTypeError(f"the default value is {default.dtype}, the values are {data.dtype}")
    if not compatible(default.shape, ()):
        raise ShapeError(f"the default value is a scalar, not of shape {shape_str(default.shape)}")
    dims = vector_shape(whole, values[1], "output_shape")
    n = data.shape[0] if data.shape else None
    if not compatible(data.shape, (n,)) or not compatible(places.shape, (n, None if dims is None else len(dims))):
        raise ShapeError(f"values of shape {shape_str(data.shape)} do not stand at places of shape {shape_str(places.shape)} "
                         f"of a tensor of shape {shape_str(dims)}")
    return TensorType(data.dtype, dims)


def _densified_grad(g: Node, y: Node, places: Node, whole: Node, values: Node, default: Node, validate: bool) -> tuple[Node | None, ...]:
    own = gather_nd(g, places)
    return None, None, own, reduce_sum(g) - reduce_sum(own)


@declare("host", _densified, name="densified", by_value=(1,), grad=_densified_grad, kinds={"validate": (bool,)}, text=True, complex=True,
         fixed={"places": "int64", "output_shape": "int64"},
         samples=(([PLACES, np.array([2, 3]), (3,), ()], {"validate": True}), ([np.array([[2], [0]]), np.array([4]), (2,), ()], {"validate": False}),
                  ([np.zeros((0, 1), int), np.array([3]), (0,), ()], {"validate": True})))
def _densified_by(places: Any, output_shape: Any, values: Any, default: Any, *, validate: bool) -> Any:
    """A tensor with values at some places and the default elsewhere; `validate`: places stand in order, and once."""
    sparse_position.reference(places, output_shape, np.zeros(len(output_shape), INDEX), ordered=validate)
    out = np.full(tuple(output_shape.tolist()), default, values.dtype)
    out[tuple(places.T)] = values
    return out


def sparse_to_dense(sparse_indices: Any, output_shape: Any, sparse_values: Any, default_value: Any = 0, validate_indices: bool = True,
                    name: str | None = None) -> Node:
    """A tensor of shape `output_shape` with `sparse_values` at the places `sparse_indices`, and `default_value` elsewhere.

    sparse_indices: int[n, rank], int[n] (of a vector) or int[] (one element of it), output_shape: int[rank], sparse_values: any[n], or one
    value for all. ShapeError: they do not fit. InvalidArgumentError, when run: a place outside of the shape, or, unless `validate_indices` is
    false, out of order or repeated; otherwise the last of several at a place stands there.

    >>> tf.Session(jit=False).run(tf.sparse_to_dense([0, 2], [4], [7, 8]))
    array([7, 0, 8, 0], dtype=int32)
    """
    with saying("sparse_to_dense"):
        at, values = whole_numbers(sparse_indices, "sparse_indices"), to_node(sparse_values)
        if at.type.rank == 0:
            at = reshape(at, [1, 1])
        elif at.type.rank == 1:
            at = expand_dims(at, 1)
        if values.type.rank == 0:
            values = broadcast_to(values, shape(at)[:1])
        default = b"" if values.type.dtype.hasobject and not isinstance(default_value, (str, bytes, Node)) else default_value
        return _densified_by(at, output_shape, values, to_node(default, None if isinstance(default, Node) else values.dtype),
                             validate=bool(validate_indices), name=name)


def sparse_tensor_to_dense(sp_input: Any, default_value: Any = 0, validate_indices: bool = True, name: str | None = None) -> Node:
    """The tensor that a sparse one stands for, with `default_value` where it has none.

    SparseTensor -> any[*dense_shape]. Errors: as `sparse_to_dense`; DTypeError: no sparse tensor.

    >>> tf.Session(jit=False).run(tf.sparse_tensor_to_dense(tf.SparseTensor([[0], [2]], [1.0, 2.0], [3]), -1.0))
    array([ 1., -1.,  2.], dtype=float32)
    """
    x = sparse(sp_input, "sparse_tensor_to_dense")
    made = sparse_to_dense(x.indices, x.dense_shape, x.values, 0 if default_value is None else default_value, validate_indices, name)
    if x._open is not None:
        made.set_shape(x._open)
    return made


def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """The elements of a tensor that are not zero, as a sparse tensor.

    any[...] of known rank -> SparseTensor. ShapeError: the rank is unknown or 0.

    >>> tf.Session(jit=False).run(tf.sparse.from_dense([[0, 5], [6, 0]])).indices
    array([[0, 1],
           [1, 0]])
    """
    x = to_node(tensor)
    if not x.type.rank:
        raise ShapeError(f"from_dense: the rank of {describe(x)} must be known and not 0{here()}")
    zero = np.array(b"", object) if x.type.dtype.hasobject else np.zeros((), x.type.dtype)
    chosen = mask_indices(not_equal(x, zero), shape(x))
    dims = shape(x, out_type=INDEX)
    return SparseTensor(unraveled(chosen, dims, x.type.rank), gather(reshape(x, [-1]), chosen, name=name), dims)


# ---------------------------------------------------------------------- products and quotients

def _weights_type(types: Types, values: Values) -> TensorType:
    return TensorType(INDEX, types[0].shape)


@declare("host", _weights_type, fixed={"dims": "int64"},
         samples=(([np.array([2, 3]), np.array([1, 3])], {}), ([np.array([2, 3]), np.array([3])], {})))
def sparse_weights(dense_shape: Any, dims: Any) -> Any:
    """How far along each axis elements of a dense operand are apart that is repeated to a sparse one's shape; the run fails if it cannot be."""
    whole, own = dense_shape.tolist(), dims.tolist()
    lead = len(whole) - len(own)
    if lead < 0 or any(d not in (1, w) for d, w in zip(own, whole[lead:], strict=True)):
        raise InvalidArgumentError(f"a dense operand of shape {own} is not repeated to the sparse one's shape, {whole}")
    steps = sparse_strides.reference(dims)
    return np.array([0] * lead + [0 if d == 1 else int(s) for d, s in zip(own, steps, strict=True)], INDEX)


def beside(x: SparseTensor, dense: Any, what: str) -> Node:
    """The elements of a dense tensor, repeated to a sparse one's shape, at its places."""
    d = to_node(dense, None if isinstance(dense, Node) else x.dtype)
    if d.type.rank == 0:
        return d
    if d.type.rank is not None and x.rank is not None and not compatible(x.shape._shape, _repeated(d.type.shape, x.shape._shape)):
        raise ShapeError(f"{what}: {describe(d)} is not repeated to the shape of {x!r}{here()}")
    weights = sparse_weights(x.dense_shape, shape(d, out_type=INDEX))
    return gather(reshape(d, [-1]), sparse_position(x.indices, x.dense_shape, weights))


def _repeated(own: Shape | None, whole: Shape | None) -> Shape | None:
    """The shape that a sparse tensor must have for a dense operand of another."""
    if own is None or whole is None or len(own) > len(whole):
        return None if own is None or whole is None else own
    lead = len(whole) - len(own)
    return (*whole[:lead], *(w if d is None or d == 1 else d for d, w in zip(own, whole[lead:], strict=True)))


@of_sparse("multiply")
def _product(operands: Sequence[Any], attrs: dict[str, Any], name: str | None) -> SparseTensor:
    x, y = operands if isinstance(operands[0], SparseTensor) else reversed(operands)
    if isinstance(y, SparseTensor):
        raise DTypeError(f"multiply: {x!r} and {y!r} are both sparse; one of them must be a dense tensor{here()}")
    return x.with_values(OPERATORS["multiply"](x.values, beside(x, y, "multiply"), name=name))


@of_sparse("truediv")
def _quotient(operands: Sequence[Any], attrs: dict[str, Any], name: str | None) -> SparseTensor:
    x, y = operands
    if not isinstance(x, SparseTensor) or isinstance(y, SparseTensor):
        raise DTypeError(f"truediv: the divisor must be a dense tensor, not {y!r}{here()}")
    return x.with_values(OPERATORS["truediv"](x.values, beside(x, y, "truediv"), name=name))


@of_sparse("shape")
def _cast_shape(operands: Sequence[Any], attrs: dict[str, Any], name: str | None) -> Node:
    return cast(operands[0].dense_shape, dtype=attrs["out_type"], name=name)


__all__ = ["sparse_to_dense", "sparse_tensor_to_dense"]
