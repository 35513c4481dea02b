"""Sets along the last axis: how many elements each row has, and what two rows have in common, either of them, or only one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.arguments import hold
from ..ir.node import Node, describe, here
from ..ir.operator import Values, declare, to_node
from ..ir.types import TEXT, Array, TensorType
from .sparse_tensor import INDEX, SparseTensor, SparseTensorValue, sparse

__all__ = ["set_difference", "set_intersection", "set_size", "set_union"]

_JOINED: dict[str, Any] = {"union": np.union1d, "intersection": np.intersect1d, "difference": np.setdiff1d}


def _attrs(types: Sequence[TensorType], how: str, kinds: Any) -> dict[str, Any]:
    if how != "size" and how not in _JOINED or sum(kinds) != len(types):
        raise GraphError(f"sets are of one part or three each, not {kinds!r:.60} of {len(types)}, and there is no {how!r:.40}")
    return {"how": how, "kinds": tuple(int(k) for k in kinds)}


def _leading(types: Sequence[TensorType], kinds: Sequence[int]) -> int | None:
    """How many axes there are before the last one."""
    if kinds[0] == 1:
        return None if types[0].rank is None else types[0].rank - 1
    dims = types[2].shape
    return None if dims is None or dims[0] is None else dims[0] - 1


def _size_type(types: Sequence[TensorType], values: Values, how: str, kinds: Any) -> TensorType:
    rank = _leading(types, kinds)
    return TensorType(np.dtype(np.int32), None if rank is None else (None,) * rank)


def _joined_type(types: Sequence[TensorType], values: Values, how: str, kinds: Any) -> tuple[TensorType, ...]:
    rank = _leading(types, kinds)
    wide = None if rank is None else rank + 1
    return TensorType(INDEX, (None, wide)), TensorType(types[0 if kinds[0] == 1 else 1].dtype, (None,)), TensorType(INDEX, (wide,))


class _Sets:
    """The elements of an operand, each with the number of its row."""

    def __init__(self, parts: Sequence[Array]):
        if len(parts) == 1:
            x = parts[0]
            self.leading, self.values = x.shape[:-1], x.reshape(-1)
            self.rows = np.repeat(np.arange(int(np.prod(self.leading, dtype=INDEX))), x.shape[-1])
            return
        indices, self.values, shape = parts
        self.leading = tuple(int(n) for n in shape[:-1])
        if len(indices) and (np.any(indices < 0) or np.any(indices >= shape)):
            raise InvalidArgumentError(f"an index of the sets lies outside of the shape {[*map(int, shape)]}")
        self.rows = np.ravel_multi_index(tuple(indices[:, :-1].T), self.leading) if len(shape) > 1 and len(indices) else np.zeros(len(indices), INDEX)
        if np.any(self.rows[1:] < self.rows[:-1]):
            raise InvalidArgumentError("the indices of the sets are out of order; tf.sparse_reorder orders them")


@declare("host", _size_type, name="set_size_of", prepare=_attrs, text=True, label="SetSize",
         samples=(([np.array([[1, 1, 2], [3, 3, 3]])], {"how": "size", "kinds": (1,)}),))
def _size(*parts: Any, how: str, kinds: Any) -> Any:
    """How many elements each set has, once each."""
    given = _Sets(parts)
    _, codes = np.unique(given.values, return_inverse=True)
    pairs = np.unique(np.stack([given.rows, codes.reshape(-1)], 1), axis=0)
    count = int(np.prod(given.leading, dtype=INDEX))
    return np.bincount(pairs[:, 0], minlength=count).astype(np.int32).reshape(given.leading)


@declare("host", _joined_type, name="sets_joined", prepare=_attrs, text=True, results=("indices", "values", "dense_shape"),
         label="DenseToDenseSetOperation",
         samples=tuple(([np.array([[1, 2, 2]]), np.array([[4, 2]])], {"how": how, "kinds": (1, 1)}) for how in _JOINED))
def _join(*parts: Any, how: str, kinds: Any) -> Any:
    """The union, the intersection or the difference of the sets of two operands, in ascending order."""
    a, b = _Sets(parts[:kinds[0]]), _Sets(parts[kinds[0]:])
    if a.leading != b.leading:
        raise InvalidArgumentError(f"sets of the shapes {list(a.leading)} and {list(b.leading)} are not those of each other")
    words, codes = np.unique(np.concatenate([a.values, b.values]), return_inverse=True)
    keys = np.concatenate([a.rows, b.rows]) * max(len(words), 1) + codes.reshape(-1)
    found = _JOINED[how](keys[:len(a.rows)], keys[len(a.rows):]).astype(INDEX)
    rows, codes = np.divmod(found, max(len(words), 1))
    counts = np.bincount(rows, minlength=int(np.prod(a.leading, dtype=INDEX)))
    places = np.arange(len(rows)) - (np.cumsum(counts) - counts)[rows]
    at = np.stack([*(np.unravel_index(rows, a.leading) if a.leading else ()), places], 1).astype(INDEX)
    return at, words[codes].astype(a.values.dtype), np.array([*a.leading, counts.max(initial=0)], INDEX)


# ---------------------------------------------------------------------- what programs call

def _operands(what: str, *given: Any) -> tuple[list[Node], tuple[int, ...]]:
    parts: list[Node] = []
    kinds: list[int] = []
    dtype: Any = None
    for x in given:
        is_sparse = isinstance(x, (SparseTensor, SparseTensorValue))
        held = sparse(x, what) if is_sparse else to_node(x)
        values = held.values if isinstance(held, SparseTensor) else held
        if values.type.dtype != TEXT and values.type.dtype.kind not in "iu":
            raise DTypeError(f"{what}: sets are of texts or whole numbers, not {describe(values)}{here()}")
        if dtype is not None and values.type.dtype != dtype:
            raise DTypeError(f"{what}: {describe(values)} is not of the dtype of the other sets{here()}")
        rank = held.rank if isinstance(held, SparseTensor) else held.type.rank
        if rank == 0:
            raise ShapeError(f"{what}: {describe(values)} has no axis along which there are elements{here()}")
        dtype = values.type.dtype
        parts += [held.indices, values, held.dense_shape] if isinstance(held, SparseTensor) else [held]
        kinds.append(3 if is_sparse else 1)
    return parts, tuple(kinds)


def _operation(what: str, how: str, a: Any, b: Any) -> SparseTensor:
    parts, kinds = _operands(what, a, b)
    return SparseTensor(*_join(parts, how=how, kinds=kinds))


def set_size(a: Any, validate_indices: bool = True) -> Node:
    """How many elements each row has, equal ones once.

    int or string [..., n], dense or sparse -> int32[...]. Indices are looked at, whatever `validate_indices` says. DTypeError: of
    another dtype. ShapeError: a scalar. InvalidArgumentError, when run: indices that lie outside, or out of order.

    >>> tf.Session(jit=False).run(tf.sets.set_size([[1, 1, 2], [3, 3, 3]]))
    array([2, 1], dtype=int32)
    """
    parts, kinds = _operands("set_size", a)
    found: Node = _size(parts, how="size", kinds=kinds)
    return found


def set_intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """What each row of `a` has in common with that of `b`, in ascending order, equal elements once.

    int or string [..., n] and [..., m], dense or sparse -> SparseTensor [..., k]. DTypeError: of other dtypes, or of two. ShapeError: a
    scalar. InvalidArgumentError, when run: of other leading axes; indices that lie outside, or out of order.

    >>> tf.Session(jit=False).run(tf.sets.set_intersection([[1, 2, 3]], [[3, 1, 7]]).values)
    array([1, 3], dtype=int32)
    """
    return _operation("set_intersection", "intersection", a, b)


def set_difference(a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True) -> SparseTensor:
    """What each row of `a` has and that of `b` has not, in ascending order; without `aminusb` the other way round.

    Operands, result and errors as those of `set_intersection`: DTypeError, ShapeError, InvalidArgumentError.

    >>> tf.Session(jit=False).run(tf.sets.set_difference([[1, 2, 3]], [[3, 1, 7]]).values)
    array([2], dtype=int32)
    """
    return _operation("set_difference", "difference", *((a, b) if aminusb else (b, a)))


def set_union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """What each row of `a` or that of `b` has, in ascending order, equal elements once.

    Operands, result and errors as those of `set_intersection`: DTypeError, ShapeError, InvalidArgumentError.

    >>> tf.Session(jit=False).run(tf.sets.set_union([[1, 2]], [[3, 1]]).values)
    array([1, 2, 3], dtype=int32)
    """
    return _operation("set_union", "union", a, b)


hold(globals(), __all__)
