"""Files of the idx format, gzipped or not, in which MNIST and its kin are handed out: arrays of bytes with their sizes before them."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from ..errors import DataLossError, NotFoundError
from ..ir.node import here
from ..ir.types import Array

_UNSIGNED_BYTES = 0x08
_MOST_BYTES = 1 << 31       # of one file; MNIST's largest has 47 million


def read_idx(path: str, rank: int) -> Array:
    """The array of bytes in a file, of that rank. NotFoundError: no such file. DataLossError: it is no such file, or not all of it.

    The format: two zero bytes, the kind of the elements, the rank; the sizes as big-endian 32-bit integers; the elements.
    """
    raw = _bytes(path)
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] != _UNSIGNED_BYTES:
        raise DataLossError(f"{path}: not a file of unsigned bytes in the idx format; it begins with {raw[:4].hex(' ') or 'nothing'}{here()}")
    if raw[3] != rank:
        raise DataLossError(f"{path}: an array of rank {raw[3]}, and one of rank {rank} is wanted{here()}")
    start = 4 + 4 * rank
    sizes = [int.from_bytes(raw[i:i + 4], "big") for i in range(4, start, 4)]
    if len(raw) - start != math.prod(sizes):
        raise DataLossError(f"{path}: {max(len(raw) - start, 0)} elements, and the sizes {sizes} before them make {math.prod(sizes)}{here()}")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(sizes)


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with (gzip.open(path) if zipped else open(path, "rb")) as file:
            raw = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise NotFoundError(f"{path}: no such file{here()}") from None
    except (OSError, EOFError, zlib.error) as e:
        raise DataLossError(f"{path} cannot be read: {e}{here()}") from None
    if len(raw) > _MOST_BYTES:
        raise DataLossError(f"{path}: more than {_MOST_BYTES} bytes{here()}")
    return raw


def found(folder: str, name: str) -> str | None:
    """The path of a file that stands in a folder as it is or gzipped; None if it does not."""
    return next((str(p) for p in (Path(folder) / f"{name}.gz", Path(folder) / name) if p.is_file()), None)
