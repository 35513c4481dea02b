"""Elements of a dataset kept in a file: written by the first pass that comes to its end, read by all others, also of other processes.

The file is one of records (`files.records`): a header in JSON with the elements' dtypes, a record for each block of elements, a JSON list of
arrays, and "end". It is written beside its place and renamed when it is whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence

from ..errors import DataLossError, InvalidArgumentError, SerializationError
from ..files.records import RecordFile, RecordWriter, opened
from ..files.values import read_array, write_array
from ..files.whole import SUFFIX
from ..ir.types import TensorType, compatible, dtype_name
from .blocks import Block, Stream

ENDING = ".graphc-cache"        # behind the name that a program gives
_FORMAT, _END = "graphc cache", b"end"


def kept(path: str, begin: Callable[[], Stream], types: Sequence[TensorType]) -> Stream:
    """The elements that a file holds, or those of a stream, which it holds then. DataLossError: it is damaged, or of other elements."""
    place = path + ENDING
    return _read(place, types) if os.path.exists(place) else _written(place, begin, types)


def _header(types: Sequence[TensorType]) -> bytes:
    return json.dumps({"format": _FORMAT, "version": 1, "dtypes": [dtype_name(t.dtype) for t in types]}).encode()


def _written(place: str, begin: Callable[[], Stream], types: Sequence[TensorType]) -> Iterator[Block]:
    folder, name = os.path.split(os.path.abspath(place))
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as e:
        raise InvalidArgumentError(f"{place!r:.200} cannot be written: {e}") from None
    beside = os.path.join(folder, f".{name}.{os.getpid()}.{os.urandom(4).hex()}{SUFFIX}")
    writer = RecordWriter(beside, "")
    try:
        with writer:
            writer.write(_header(types))
            for block in begin():
                writer.write(json.dumps([write_array(a) for a in block.arrays]).encode())
                yield block
            writer.write(_END)
        os.replace(beside, place)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise


def _read(place: str, types: Sequence[TensorType]) -> Iterator[Block]:
    with opened(place, "") as file:
        records = RecordFile(file, place)
        if next(records, None) != _header(types):
            raise DataLossError(f"{place} is no cache of elements of {', '.join(map(str, types))}: name another file, or delete it")
        for record in records:
            if record == _END:
                return
            yield _block(place, record, types)
    raise DataLossError(f"{place} is cut off before its end")


def _block(place: str, record: bytes, types: Sequence[TensorType]) -> Block:
    try:
        arrays = [read_array(value, "an element") for value in json.loads(record)]
    except (SerializationError, ValueError, TypeError, RecursionError) as e:
        raise DataLossError(f"{place} is damaged: {e!s:.200}") from None
    sizes = {a.shape[0] if a.ndim else None for a in arrays}
    fits = len(arrays) == len(types) and len(sizes) <= 1 and None not in sizes and all(
        a.dtype == t.dtype and compatible(t.shape, a.shape[1:]) for a, t in zip(arrays, types, strict=True))
    if not fits:
        raise DataLossError(f"{place} is damaged: its arrays are not those of {', '.join(map(str, types))}")
    return Block(sizes.pop() or 0 if sizes else 0, arrays)
