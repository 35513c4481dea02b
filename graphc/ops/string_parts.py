"""Texts split into rows of parts, as sparse tensors."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..errors import GraphError, ShapeError
from ..ir.node import describe, here
from ..ir.operator import Values, declare, to_node
from ..ir.types import TEXT, TensorType
from .sparse_tensor import SparseTensor
from .strings import Types, of_texts

__all__ = ["string_split"]


def _split_types(types: Types, values: Values, skip_empty: bool, several: bool) -> tuple[TensorType, ...]:
    of_texts(types)
    return (TensorType(np.dtype(np.int64), (None, 2)), TensorType(TEXT, (None,)), TensorType(np.dtype(np.int64), (2,)))


@declare("host", _split_types, name="string_split", text=True, results=("indices", "values", "dense_shape"), label="StringSplit",
         prepare=lambda types, skip_empty, several: {"skip_empty": bool(skip_empty), "several": bool(several)})
def split_each(source: Any, delimiter: Any, *, skip_empty: bool = True, several: bool = False) -> Any:
    """The parts of each text: where they stand, what they are, and how many rows and columns they fill.

    `several`: the delimiter is one text, or white space if it is empty; else each of its bytes is one, and without any, each byte a part.
    """
    x, mark = np.asarray(source, object), bytes(np.asarray(delimiter, object)[()])
    rows = [_parts(text, mark, several) for text in x.reshape(-1)]
    rows = [[p for p in row if p or not skip_empty] for row in rows]
    at = np.array([(i, k) for i, row in enumerate(rows) for k in range(len(row))], np.int64).reshape(-1, 2)
    found = np.empty(len(at), object)
    found[:] = [p for row in rows for p in row]
    return at, found, np.array([len(rows), max(map(len, rows), default=0)], np.int64)


def _parts(text: bytes, mark: bytes, several: bool) -> list[bytes]:
    if several:
        return text.split(mark) if mark else text.split()
    if not mark:
        return [text[i:i + 1] for i in range(len(text))]
    return re.split(b"[" + re.escape(mark) + b"]", text)


def string_split(source: Any, delimiter: Any = " ", skip_empty: bool = True, sep: Any = None, name: str | None = None) -> SparseTensor:
    """The parts of texts between delimiters, a row for each: string[n] -> SparseTensor of string[n, most parts].

    Each byte of `delimiter` is one; without any, each byte of a text is a part. `skip_empty`: parts that are empty are left out. ShapeError: no
    vector. DTypeError: no texts.

    >>> words = tf.string_split(["a b", "c"])
    >>> tf.Session(jit=False).run(tf.sparse_tensor_to_dense(words, ""))
    array([[b'a', b'b'],
           [b'c', b'']], dtype=object)
    """
    x = to_node(source)
    if x.type.rank not in (None, 1):
        raise ShapeError(f"string_split: {describe(x)} is no vector{here()}")
    return SparseTensor(*split_each(x, delimiter if sep is None else sep, skip_empty=skip_empty, name=name))


def split_v2(input: Any = None, sep: Any = None, maxsplit: int = -1, result_type: str = "SparseTensor", source: Any = None,
             name: str | None = None) -> SparseTensor:
    """`tf.strings.split`: the parts of texts between one text, or white space: string[n] -> SparseTensor of string[n, most parts].

    ShapeError: no vector. DTypeError: no texts. GraphError: `maxsplit`, or another result than a SparseTensor, which are not offered.
    """
    if maxsplit != -1 or result_type != "SparseTensor":
        raise GraphError(f"strings.split: maxsplit and result_type={result_type!r:.40} are not offered{here()}")
    x = to_node(input if source is None else source)
    if x.type.rank not in (None, 1):
        raise ShapeError(f"strings.split: {describe(x)} is no vector{here()}")
    return SparseTensor(*split_each(x, "" if sep is None else sep, skip_empty=sep is None, several=True, name=name))
