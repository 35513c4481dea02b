"""Features crossed: for each row every combination of one value of each, as a text or as the number of a bucket, as TensorFlow numbers them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.arguments import hold
from ..ir.node import Node, describe, here
from ..ir.operator import Values, declare, to_node
from ..ir.types import TEXT, Array, TensorType
from .hashing import fingerprint64
from .math import cast
from .sparse_tensor import INDEX, SparseTensor, SparseTensorValue, sparse

__all__ = ["cross", "cross_hashed"]

HASH_KEY = 0xDECAFCAFFE         # TensorFlow's, where none is given
_FACTOR = np.uint64(0xC6A4A7935BD1E995)
_WORDS, _NUMBERS = "words", "numbers"


def fingerprints_joined(first: Array, second: Array) -> Array:
    """One fingerprint, uint64, of two, elementwise: what TensorFlow's `FingerprintCat64` gives.

    >>> fingerprints_joined(np.array([1], np.uint64), np.array([2], np.uint64)) == fingerprints_joined(np.uint64([2]), np.uint64([1]))
    array([False])
    """
    with np.errstate(over="ignore"):
        made = first ^ _FACTOR ^ (_mixed(second * _FACTOR) * _FACTOR)
        return _mixed(_mixed(made * _FACTOR) * _FACTOR)


def _mixed(x: Array) -> Array:
    return x ^ (x >> np.uint64(47))


def _type(types: Sequence[TensorType], values: Values, form: str, kinds: Any, num_buckets: int, hash_key: int) -> tuple[TensorType, ...]:
    return (TensorType(INDEX, (None, 2)), TensorType(INDEX if form == _NUMBERS else TEXT, (None,)), TensorType(INDEX, (2,)))


def _attrs(types: Sequence[TensorType], form: Any, kinds: Any, num_buckets: Any, hash_key: Any) -> dict[str, Any]:
    if form not in (_WORDS, _NUMBERS) or not isinstance(kinds, (tuple, list)) or sum(kinds) != len(types):
        raise GraphError(f"crossed are tensors of one part or three each, not {kinds!r:.60} of {len(types)}")
    return {"form": form, "kinds": tuple(int(k) for k in kinds), "num_buckets": int(num_buckets), "hash_key": int(hash_key)}


@declare("host", _type, name="sparse_cross", text=True, results=("indices", "values", "dense_shape"), label="SparseCross", prepare=_attrs)
def _cross(*parts: Any, form: str = "numbers", kinds: Any = (), num_buckets: int = 0, hash_key: int = HASH_KEY) -> Any:
    """Every combination of one value of each operand, by rows. `kinds`: how many parts each operand has, 1 if it is dense, 3 if it is sparse."""
    rest, columns = list(parts), []
    for count in kinds:
        columns.append(_of_dense(np.asarray(rest[0])) if count == 1 else _of_sparse(rest[0], rest[1], int(rest[2][0])))
        del rest[:count]
    lengths = {len(counts) for _, counts in columns}
    if len(lengths) > 1:
        raise InvalidArgumentError(f"operands of {' and '.join(map(str, sorted(lengths)))} rows are not crossed")
    counts = np.stack([c for _, c in columns])
    total = counts.prod(0)
    rows = np.repeat(np.arange(counts.shape[1]), total)
    number = np.arange(len(rows)) - np.repeat(np.cumsum(total) - total, total)      # of the combination in its row: the last operand runs fastest
    chosen: list[Array] = []
    left = number
    for values, count in reversed(columns):
        starts = np.cumsum(count) - count
        chosen.insert(0, values[(starts[rows] + left % count[rows])])
        left = left // count[rows]
    made = _hashed(chosen, num_buckets, hash_key) if form == _NUMBERS else _written(chosen)
    return np.stack([rows, number], 1).astype(INDEX), made, np.array([counts.shape[1], total.max(initial=0)], INDEX)


def _of_dense(x: Array) -> tuple[Array, Array]:
    """The values of a matrix in order, and how many each row has."""
    return x.reshape(-1), np.full(len(x), x.shape[1], INDEX)


def _of_sparse(indices: Any, values: Any, rows: int) -> tuple[Array, Array]:
    at = indices[:, 0]
    if ((at < 0) | (at >= rows)).any() or (np.diff(at) < 0).any():
        raise InvalidArgumentError("the places of a sparse tensor that is crossed lie within its shape, in order")
    return np.asarray(values), np.bincount(at, minlength=rows).astype(INDEX)


def _hashed(chosen: Sequence[Array], num_buckets: int, hash_key: int) -> Array:
    found = np.full(len(chosen[0]), hash_key, np.uint64)
    for values in chosen:
        own = values.astype(np.int64).view(np.uint64) if values.dtype != TEXT else _fingerprints(values)
        found = fingerprints_joined(found, own)
    return (found % np.uint64(num_buckets or np.iinfo(np.int64).max)).astype(INDEX)


def _fingerprints(texts: Array) -> Array:
    """The fingerprint of each text; of one that comes again it is made once."""
    known: dict[bytes, int] = {t: fingerprint64(t) for t in set(texts.tolist())}
    return np.array([known[t] for t in texts.tolist()], np.uint64)


def _written(chosen: Sequence[Array]) -> Array:
    rows = zip(*(values.tolist() for values in chosen), strict=True)
    texts = [b"_X_".join(v if isinstance(v, bytes) else b"%d" % v for v in row) for row in rows]
    out = np.empty(len(texts), TEXT)
    out[:] = texts
    return out


# ---------------------------------------------------------------------- what programs call

def _is_sparse(x: Any) -> bool:
    return isinstance(x, (SparseTensor, SparseTensorValue))


def _crossed(what: str, inputs: Any, name: str | None, **attrs: Any) -> SparseTensor:
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ArgumentError(f"{what} takes a list of tensors, not {inputs!r:.60}{here()}")
    parts: list[Node] = []
    kinds: list[int] = []
    count: Any = None
    # As in TensorFlow, whose buckets these are, dense inputs come after all sparse ones.
    for given in sorted(inputs, key=lambda x: not _is_sparse(x)):
        is_sparse = _is_sparse(given)
        x = sparse(given, what) if is_sparse else to_node(given)
        values, rank = (x.values, x.rank) if isinstance(x, SparseTensor) else (x, x.type.rank)
        if rank not in (None, 2):
            raise ShapeError(f"{what}: {x!r} is not of rank 2{here()}")
        if values.type.dtype != TEXT and values.type.dtype.kind not in "iu":
            raise DTypeError(f"{what}: texts and whole numbers are crossed, not {describe(values)}{here()}")
        if values.type.dtype != TEXT and values.type.dtype != INDEX:
            values = cast(values, dtype=INDEX)
        parts += [x.indices, values, x.dense_shape] if isinstance(x, SparseTensor) else [values]
        kinds.append(3 if is_sparse else 1)
        known = x.shape.as_list() if x.shape.ndims else [None]
        count = known[0] if count is None else count
    made = SparseTensor(*_cross(parts, kinds=tuple(kinds), **attrs, name=name))
    made._open = (count, None)
    return made


def cross(inputs: Any, name: str | None = None) -> SparseTensor:
    """Every combination of a value of each input, by rows, as texts with `_X_` between.

    A list of string or int [rows, n], dense or sparse -> SparseTensor of string [rows, most combinations]. DTypeError, ShapeError, ArgumentError:
    they are none. InvalidArgumentError, when run: of several numbers of rows.

    >>> made = tf.sparse.cross([[["a", "b"]], [["c"]]])
    >>> tf.Session(jit=False).run(made.values)
    array([b'a_X_c', b'b_X_c'], dtype=object)
    """
    return _crossed("sparse.cross", inputs, name, form=_WORDS, num_buckets=0, hash_key=0)


def cross_hashed(inputs: Any, num_buckets: int = 0, hash_key: int | None = None, name: str | None = None) -> SparseTensor:
    """Every combination of a value of each input, by rows, as the number of a bucket below `num_buckets`, TensorFlow's: 0 for all of int64.

    A list of string or int [rows, n], dense or sparse -> SparseTensor of int64 [rows, most combinations]. ArgumentError: buckets below 0. Other
    errors as of `tf.sparse.cross`.

    >>> made = tf.sparse.cross_hashed([[["a"], ["b"]], [["c"], ["d"]]], num_buckets=100)
    >>> tf.Session(jit=False).run(made.dense_shape)
    array([2, 1])
    """
    if isinstance(num_buckets, bool) or not isinstance(num_buckets, (int, np.integer)) or num_buckets < 0:
        raise ArgumentError(f"sparse.cross_hashed: num_buckets is a number of 0 or more, not {num_buckets!r:.40}{here()}")
    key = HASH_KEY if hash_key is None else hash_key
    return _crossed("sparse.cross_hashed", inputs, name, form=_NUMBERS, num_buckets=num_buckets, hash_key=key)


hold(globals(), __all__)
