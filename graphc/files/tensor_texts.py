"""Tensors as texts, in TensorFlow's message of a tensor: dense ones, and sparse ones as three."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphcError, InvalidArgumentError, ShapeError
from ..ir.node import Node, dtype_of, here
from ..ir.operator import Values, declare, items, to_node
from ..ir.types import TEXT, Array, TensorType, dtype_name
from ..ops.sparse_tensor import INDEX, SparseTensor, sparse
from .tensor_proto import make_ndarray, tensor_message
from .tf_graph.messages import TensorProto

__all__ = ["deserialize_many_sparse", "parse_tensor", "serialize_many_sparse", "serialize_sparse", "serialize_tensor"]

Types = Sequence[TensorType]


def _texts(found: Sequence[bytes], shape: Sequence[int]) -> Array:
    made = np.empty(len(found), TEXT)
    made[:] = found
    return made.reshape(shape)


def _written(array: Any) -> bytes:
    return tensor_message(np.asarray(array)).SerializeToString()


def _read(text: Any, dtype: np.dtype[Any], what: str) -> Array:
    try:
        found = make_ndarray(TensorProto.FromString(text))
    except GraphcError as e:
        raise InvalidArgumentError(f"{what}, {text!r:.60}, is no tensor: {str(e).splitlines()[0]}") from None
    if found.dtype != dtype:
        raise InvalidArgumentError(f"{what} is a tensor of {dtype_name(found.dtype)}, not of {dtype_name(dtype)}")
    return found


def _any(types: Types, values: Values) -> TensorType:
    return TensorType(TEXT, ())


@declare("host", _any, op_type="SerializeTensor", text=True, pure=False)
def serialize_tensor(tensor: Any) -> Any:
    """A tensor as a text, which `parse_tensor` reads. DTypeError: no tensor.

    >>> text = tf.serialize_tensor([1, 2])
    >>> tf.Session(jit=False).run(tf.parse_tensor(text, tf.int32))
    array([1, 2], dtype=int32)
    """
    return _texts([_written(tensor)], ())


def _kind(types: Types, out_type: Any) -> dict[str, Any]:
    return {"out_type": dtype_of("parse_tensor", out_type).dtype}


def _parsed(types: Types, values: Values, out_type: Any) -> TensorType:
    if types[0].dtype != TEXT:
        raise DTypeError("it is no text")
    if types[0].rank not in (None, 0):
        raise ShapeError("it is no scalar")
    return TensorType(np.dtype(out_type), None)


@declare("host", _parsed, op_type="ParseTensor", text=True, pure=False, prepare=_kind)
def parse_tensor(serialized: Any, *, out_type: Any = np.float32) -> Any:
    """The tensor that a text holds. DTypeError, ShapeError: no text. InvalidArgumentError, when run: it holds none of that dtype.

    string[] -> out_type of a shape that only the run knows.
    """
    return _read(np.asarray(serialized, TEXT).item(), np.dtype(out_type), "the text")


# ---------------------------------------------------------------------- sparse

@declare("host", lambda types, values: TensorType(TEXT, (3,)), name="serialize_sparse_parts", label="SerializeSparse", op_type="SerializeSparse",
         text=True, pure=False)
def _serialize(indices: Any, values: Any, shape: Any) -> Any:
    """Places, values and shape as three texts."""
    return _texts([*map(_written, (indices, values, shape))], (3,))


@declare("host", lambda types, values: TensorType(TEXT, (None, 3)), name="serialize_sparse_rows", label="SerializeManySparse",
         op_type="SerializeManySparse", text=True, pure=False)
def _serialize_rows(indices: Any, values: Any, shape: Any) -> Any:
    """The same of each row."""
    if not len(shape) > 1:
        raise InvalidArgumentError(f"a sparse tensor of the shape {shape.tolist()} has no rows of rank 1 or more")
    rows = []
    for i in range(int(shape[0])):
        mine = indices[:, 0] == i
        rows += [_written(indices[mine, 1:]), _written(values[mine]), _written(shape[1:])]
    return _texts(rows, (int(shape[0]), 3))


def _many_kind(types: Types, dtype: Any, rank: Any) -> dict[str, Any]:
    if rank is not None and (type(rank) is not int or rank < 1):
        raise ShapeError(f"the rank of a row is a whole number from 1 on, not {rank!r:.40}")
    return {"dtype": dtype_of("deserialize_many_sparse", dtype).dtype, "rank": rank}


def _many(types: Types, values: Values, dtype: Any, rank: Any) -> Any:
    if types[0].dtype != TEXT or types[0].rank not in (None, 2) or (types[0].shape is not None and types[0].shape[1] not in (None, 3)):
        raise ShapeError(f"sparse tensors as texts are string[n, 3], not {types[0]}")
    whole = None if rank is None else rank + 1
    return TensorType(INDEX, (None, whole)), TensorType(np.dtype(dtype), (None,)), TensorType(INDEX, (whole,))


@declare("host", _many, name="deserialize_sparse_rows", label="DeserializeManySparse", op_type="DeserializeManySparse", text=True, pure=False,
         prepare=_many_kind)
def _deserialize(serialized: Any, *, dtype: Any, rank: Any = None) -> Any:
    """Places, values and shape of what rows of three texts hold."""
    rows = [[_read(t, d, f"row {i}") for t, d in zip(row, (INDEX, np.dtype(dtype), INDEX), strict=True)] for i, row in enumerate(serialized)]
    ranks = {len(shape) for _, _, shape in rows}
    if not rows or len(ranks) > 1 or (rank is not None and ranks != {rank}):
        raise InvalidArgumentError(f"{len(rows)} sparse tensors of the ranks {sorted(ranks)} are no rows{f' of rank {rank}' if rank else ''}")
    numbers = np.repeat(np.arange(len(rows), dtype=INDEX), [len(v) for _, v, _ in rows])
    places = np.concatenate([indices for indices, _, _ in rows])
    shape = np.max(np.stack([shape for _, _, shape in rows]), axis=0)
    return (np.concatenate([numbers[:, None], places], axis=1), np.concatenate([v for _, v, _ in rows]),
            np.concatenate([[len(rows)], shape]).astype(INDEX))


def _out(what: str, out_type: Any) -> None:
    if dtype_of(what, out_type).dtype != TEXT:
        raise DTypeError(f"{what}: sparse tensors are written as texts, not {out_type!r:.40}{here()}")


def serialize_sparse(sp_input: Any, name: str | None = None, out_type: Any = TEXT) -> Node:
    """A sparse tensor as three texts: places, values and shape. DTypeError: no sparse tensor.

    SparseTensor -> string[3].
    """
    _out("serialize_sparse", out_type)
    x = sparse(sp_input, "serialize_sparse")
    return _serialize(*x.components, name=name)


def serialize_many_sparse(sp_input: Any, name: str | None = None, out_type: Any = TEXT) -> Node:
    """The rows of a sparse tensor, each as three texts. DTypeError: no sparse tensor. InvalidArgumentError, when run: it has no rows of rank 1.

    SparseTensor[n, ...] -> string[n, 3].

    >>> rows = tf.serialize_many_sparse(tf.SparseTensor([[0, 1], [1, 0]], [5, 6], [2, 2]))
    >>> tf.Session(jit=False).run(tf.sparse_tensor_to_dense(tf.deserialize_many_sparse(rows, tf.int32)))
    array([[0, 5],
           [6, 0]], dtype=int32)
    """
    _out("serialize_many_sparse", out_type)
    x = sparse(sp_input, "serialize_many_sparse")
    return _serialize_rows(*x.components, name=name)


def deserialize_many_sparse(serialized_sparse: Any, dtype: Any, rank: int | None = None, name: str | None = None) -> SparseTensor:
    """The sparse tensor whose rows are those that texts hold; its sizes are the largest of theirs.

    string[n, 3] -> SparseTensor[n, ...]. DTypeError, ShapeError: no such texts. InvalidArgumentError, when run: they hold none, or several ranks.
    """
    node = to_node(serialized_sparse)
    return SparseTensor(*items(_deserialize.build(node.graph, (node,), _many_kind([], dtype, rank), name)))
