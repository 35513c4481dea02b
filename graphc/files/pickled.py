"""Pickles of plain data and of NumPy's arrays, read without running anything that they name: lists, dicts, texts, numbers, arrays."""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataLossError, NotFoundError
from ..ir.node import here
from ..ir.types import Array

_MOST_BYTES = 1 << 31           # of one file; the largest that is read so has 170 million
_ARRAYS = {("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")}
_KINDS = set("biuf")            # of elements that are read as bytes; those of objects stand in the pickle one by one


class _Stand:
    """What stands for one of NumPy's objects while a pickle is read: it keeps what the pickle says of it, and does nothing."""

    def __init__(self, *given: Any):
        self.given, self.state = given, None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Kind(_Stand):
    """What stands for a dtype."""


class _Made(_Stand):
    """What stands for an array."""


def _encoded(text: Any, encoding: Any) -> bytes:
    """Bytes as Python 3 writes them for Python 2: a text of one character each."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", b"latin1"):
        raise pickle.UnpicklingError("bytes of another encoding")
    return text.encode("latin-1")


_NAMES: dict[tuple[str, str], Any] = {**dict.fromkeys(_ARRAYS, _Made), ("numpy", "ndarray"): _Stand,
                                       ("numpy", "dtype"): _Kind, ("_codecs", "encode"): _encoded}


class _Reader(pickle.Unpickler):
    """Gives stands for NumPy's arrays and dtypes, and refuses all other names: so nothing of the file is called."""

    def find_class(self, module: str, name: str) -> Any:
        found = _NAMES.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is no array")
        return found

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it names objects outside of it")


def read_pickle(path: str) -> Any:
    """What a file of pickled data holds. NotFoundError: no such file. DataLossError: it is damaged, or holds more than plain data and arrays."""
    try:
        raw = Path(path).read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"{path}: no such file{here()}") from None
    except OSError as e:
        raise DataLossError(f"{path} cannot be read: {e}{here()}") from None
    return _unpickled(raw, path)


def _unpickled(raw: bytes, path: str) -> Any:
    try:
        return _plain(_Reader(io.BytesIO(raw), encoding="bytes").load())
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError, AttributeError, OverflowError, MemoryError, RecursionError,
            ImportError) as e:
        raise DataLossError(f"{path}: no pickle of plain data: {e}{here()}") from None


def _plain(value: Any) -> Any:
    """The value with arrays for what stands for them."""
    if isinstance(value, _Made):
        return _array(value.state)
    if isinstance(value, _Stand):
        raise pickle.UnpicklingError("an object of NumPy's that is no array")
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value)) if any(isinstance(v, (_Stand, dict, list, tuple)) for v in value) else value
    return value


def _array(state: Any) -> Array:
    """The array of a state, as NumPy writes it: version, shape, dtype, whether it goes by columns, and the elements' bytes, or a list of them."""
    _, shape, kind, columns, elements = state
    if not isinstance(kind, _Kind) or not isinstance(shape, tuple):
        raise pickle.UnpicklingError("an array without a dtype, or a shape")
    written = kind.state[1] if kind.state is not None else b"|"
    name, given = (x.decode() if isinstance(x, bytes) else x for x in (kind.given[0], written))
    if name == "O8" or name == "O":
        flat = np.empty(len(elements), object)
        flat[:] = [_plain(e) for e in elements] if len(elements) != 1 else [_plain(elements[0])]
    else:
        dtype = np.dtype(name)
        if dtype.kind not in _KINDS or given not in ("|", "<", ">", "="):
            raise pickle.UnpicklingError(f"an array of {name!r:.40}")
        data = elements.encode("latin-1") if isinstance(elements, str) else elements
        flat = np.frombuffer(data, dtype.newbyteorder(">" if given == ">" else "<") if given != "|" else dtype)
    if math.prod(shape) != flat.size:
        raise pickle.UnpicklingError(f"{flat.size} elements for the shape {shape}")
    return flat.reshape(shape, order="F" if columns else "C")


def read_arrays(path: str) -> dict[str, Array]:
    """The arrays of an npz file, by name; those of objects, lists of numbers, too. NotFoundError: no such file. DataLossError: it is damaged."""
    found: dict[str, Array] = {}
    try:
        with zipfile.ZipFile(path) as members:
            for member in members.infolist():
                if member.filename.endswith(".npy"):
                    if member.file_size > _MOST_BYTES:
                        raise ValueError(f"{member.filename} is larger than {_MOST_BYTES} bytes")
                    found[member.filename.removesuffix(".npy")] = _npy(members.read(member), path)
    except FileNotFoundError:
        raise NotFoundError(f"{path}: no such file{here()}") from None
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as e:
        raise DataLossError(f"{path}: no npz file of arrays: {e}{here()}") from None
    return found


def _npy(raw: bytes, path: str) -> Array:
    file = io.BytesIO(raw)
    version = np.lib.format.read_magic(file)
    shape, columns, dtype = (np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0)(file)
    if dtype.kind == "O":
        array = _unpickled(raw[file.tell():], path)
        if not isinstance(array, np.ndarray):
            raise ValueError("a member is no array")
        return array
    if dtype.kind not in _KINDS or math.prod(shape) * dtype.itemsize != len(raw) - file.tell():
        raise ValueError(f"{len(raw) - file.tell()} bytes for {dtype} of the shape {shape}")
    return np.frombuffer(raw, dtype, offset=file.tell()).reshape(shape, order="F" if columns else "C").copy()
