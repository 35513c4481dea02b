"""What programs of TensorFlow's look for beside a checkpoint: PATH.index, PATH.data-00000-of-00001 and PATH.meta, in TensorFlow's own format.

The data are another name (a hard link) of the checkpoint's own file, and take no room: an index of TensorFlow's says where in a file each value
lies, and does not ask what lies between. So its readers, too, take what is saved here. Where a file system knows no links, index and data
are left out. None of these files is needed here, and what a machine that loses its power makes of them is made good by the checkpoint's own.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..ir.types import Array
from .bundle import Lying, data_of, encode_index, index_of
from .safetensors import OPENING
from .whole import write_whole

_LARGE = 1 << 20        # bytes from which on a thread computes the checksums


class Beside:
    """The three beside a checkpoint whose file is made of these parts. The checksums of the index are computed while that is written to the disk."""

    def __init__(self, prefix: str, parts: Sequence[Any], arrays: Mapping[str, Array]):
        self.prefix, self._index = prefix, b""
        places = _places(parts, arrays)
        self._thread = None if sum(len(p.data) for p in places.values()) < _LARGE else threading.Thread(target=self._encode, args=(places,))
        if self._thread is None:
            self._encode(places)

    def _encode(self, places: Mapping[str, Lying]) -> None:
        self._index = encode_index(places)

    def __enter__(self) -> Beside:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(self, *exc: Any) -> None:
        if self._thread is not None:
            self._thread.join()

    def write(self, own: str, meta: bytes | None, suffix: str) -> None:
        """Write the three, now that `own`, the checkpoint's file, is there; `suffix`: how the file of the graph ends. OSError: one cannot be written.

        The index comes last of its pair and goes first, so that it never stands beside data of another time.
        """
        index, data, graph = index_of(self.prefix), data_of(self.prefix), f"{self.prefix}.{suffix}"
        for path in (index, data, *((graph,) if meta is None else ())):
            _remove(path)
        if meta is not None:
            write_whole(graph, [meta], flush=False)
        if _linked(own, data):
            if self._thread is not None:
                self._thread.join()
            write_whole(index, [self._index], flush=False)


def is_own(path: str) -> bool:
    """Whether a file of data is another name, or a copy, of a file of graphc's."""
    try:
        with open(path, "rb") as file:
            return file.read(8 + len(OPENING))[8:] == OPENING
    except OSError:
        return False


def _places(parts: Sequence[Any], arrays: Mapping[str, Array]) -> dict[str, Lying]:
    """Where the arrays lie in the file that is made of a length, a header and the data of all, each by itself, in the order of the header."""
    length, header, *data = parts
    begin, found = len(length) + len(header), json.loads(header)
    pieces = {found[name]["data_offsets"][0]: name for name in found if name in arrays and arrays[name].size}
    at, by_name = begin, {name: Lying(a.dtype, a.shape, begin, b"") for name, a in arrays.items()}
    for piece in data:
        name = pieces.get(at - begin) if len(piece) else None
        if name is not None:
            by_name[name] = Lying(np.asarray(arrays[name]).dtype, arrays[name].shape, at, piece)
        at += len(piece)
    return by_name


def _linked(own: str, other: str) -> bool:
    try:
        os.link(own, other)
    except (OSError, NotImplementedError):      # a file system without links
        return False
    return True


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
