"""Fingerprints: 64 bits of the bytes of each row, the same everywhere and always."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import GraphError, ShapeError
from ..ir.operator import Values, declare
from ..ir.types import TEXT, TensorType
from .hashing import fingerprint64

__all__ = ["fingerprint"]


def _attrs(types: Sequence[TensorType], method: Any) -> dict[str, Any]:
    if method not in ("farmhash64", b"farmhash64"):
        raise GraphError(f"the method is 'farmhash64', not {method!r:.60}")
    return {"method": "farmhash64"}


def _type(types: Sequence[TensorType], values: Values, method: str) -> TensorType:
    if types[0].shape == ():
        raise ShapeError("a fingerprint is of each row, and a scalar has none")
    return TensorType(np.dtype(np.uint8), (None if types[0].shape is None else types[0].shape[0], 8))


@declare("host", _type, text=True, complex=True, prepare=_attrs, label="Fingerprint")
def fingerprint(data: Any, *, method: str = "farmhash64") -> Any:
    """FarmHash's `Fingerprint64` (G. Pike, FarmHash, 2014) of the bytes of each row, the lowest byte first: any[n, ...] -> uint8[n, 8].

    A row of several texts has that of their fingerprints, side by side. GraphError: another method. ShapeError: a scalar.

    >>> tf.Session(jit=False).run(tf.fingerprint(["abc"])).tolist()
    [[105, 243, 231, 116, 160, 179, 165, 36]]
    """
    given = np.asarray(data)
    if given.ndim == 0:
        raise ShapeError("a fingerprint is of each row, and a scalar has none")
    out = np.empty((len(given), 8), np.uint8)
    for i, row in enumerate(given):
        out[i] = np.frombuffer(_of(row, given.dtype == TEXT).to_bytes(8, "little"), np.uint8)
    return out


def _of(row: Any, text: bool) -> int:
    if not text:
        return fingerprint64(np.ascontiguousarray(row, row.dtype.newbyteorder("<")).tobytes())
    if isinstance(row, bytes):
        return fingerprint64(row)
    return fingerprint64(b"".join(fingerprint64(t).to_bytes(8, "little") for t in row.flat))
