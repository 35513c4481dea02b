"""Checkpoints: variables, the course of random numbers and the graph as one file in the safetensors format, and the index of a folder.

The file's metadata say `"format": "graphc checkpoint"`; "state" is JSON: when it was saved, and what the next random numbers follow from.
The graph's JSON lies among the arrays, as bytes of the name `GRAPH`. The index is TensorFlow's text: paths, the latest, and when each was
saved; its first line is a digest of the others. Checkpoints of TensorFlow's own format are read where there is none of graphc's; what
TensorFlow's programs look for beside one is written, too (`files.beside`).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Union

import numpy as np

from ..errors import CheckpointError, DataLossError, NotFoundError
from ..ir.node import here
from ..ir.types import Array
from . import bundle, one_file
from .beside import Beside, is_own
from .safetensors import Entry, encode, open_file, read_array, read_header, refuse
from .whole import write_whole

SUFFIX = ".safetensors"
GRAPH = "__graph__"
FORMAT, VERSION = "graphc checkpoint", "1"
_LONGEST_INDEX = 1 << 24        # bytes


# ---------------------------------------------------------------------- one checkpoint

def file_of(prefix: str) -> str:
    """The file of a checkpoint, which programs name without its suffix."""
    return prefix if prefix.endswith(SUFFIX) else prefix + SUFFIX


def place_of(prefix: str) -> str:
    """The file that a checkpoint begins with: graphc's, or of TensorFlow's own formats the index, or the one file, if they alone are there."""
    own, index = file_of(prefix), bundle.index_of(prefix)
    if os.path.exists(own):
        return own
    return index if os.path.exists(index) else next(iter(one_file.files_of(prefix)), own)


Open = Union["Checkpoint", bundle.Bundle, one_file.OneFile]


def open_checkpoint(prefix: str) -> Open:
    """The checkpoint of a path, open to be read. DataLossError, NotFoundError.

    Of one that was copied by the names that TensorFlow's have, the file of data is graphc's own, with all that it holds.
    """
    place = place_of(prefix)
    if place == file_of(prefix):
        return Checkpoint(place)
    if place != bundle.index_of(prefix):
        return one_file.OneFile(prefix)
    data = bundle.data_of(prefix)
    return Checkpoint(data) if is_own(data) else bundle.Bundle(prefix)


def remove(prefix: str, meta: str = "meta") -> None:
    """Delete the files of a checkpoint, as far as they are there; `meta`: how the one of its graph ends."""
    for path in (file_of(prefix), *bundle.files_of(prefix, meta), *one_file.files_of(prefix)):
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass


def write(prefix: str, arrays: Mapping[str, Array], graph: str | None, state: Mapping[str, Any], meta: bytes | None = None,
          suffix: str = "meta") -> None:
    """Write a checkpoint, whole or not at all, and what stands beside it. CheckpointError: it could not be written.

    `meta`: TensorFlow's message of the same graph, for a file with that suffix; by its digest in the state a reader knows that it says
    what the graph here says.
    """
    texts = {} if graph is None else {GRAPH: np.frombuffer(graph.encode("utf-8", "surrogatepass"), np.uint8)}
    told = {**state, "meta": hashlib.sha256(meta).hexdigest()} if meta is not None else dict(state)
    own, parts = file_of(prefix), encode({**arrays, **texts}, {"format": FORMAT, "version": VERSION, "state": json.dumps(told)})
    with Beside(prefix, parts, arrays) as beside:
        put(own, parts)
        with _telling(prefix):
            beside.write(own, meta, suffix)


def put(path: str, parts: Sequence[Any]) -> None:
    """Write a file, whole or not at all. CheckpointError: it could not be written."""
    with _telling(path):
        write_whole(path, parts)


@contextmanager
def _telling(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as e:
        raise CheckpointError(f"{path} cannot be written: {e.strerror or e}{here()}") from e


def written_beside(prefix: str, message: bytes | None = None) -> Checkpoint | None:
    """The checkpoint, open, that TensorFlow's message of its graph was written beside: one of these bytes, if they are given; None otherwise."""
    if not os.path.exists(place_of(prefix)):
        return None
    try:
        found = open_checkpoint(prefix)
    except (DataLossError, NotFoundError):
        return None
    told = found.state.get("meta")
    if isinstance(found, Checkpoint) and GRAPH in found.header.entries and told is not None \
            and (message is None or told == hashlib.sha256(message).hexdigest()):
        return found
    found.__exit__()
    return None


class Checkpoint:
    """A checkpoint whose file is open, or any other file in the safetensors format: `entries` by name. DataLossError, NotFoundError."""

    def __init__(self, path: str):
        self.path = path
        self.file = open_file(self.path)
        try:
            self.header = read_header(self.file, self.path)
            self.state = self._state()
        except BaseException:
            self.file.close()
            raise

    @property
    def entries(self) -> dict[str, Entry]:
        return {name: entry for name, entry in self.header.entries.items() if name != GRAPH}

    @property
    def readable(self) -> list[str]:
        """The names of all that `array` reads."""
        return [*self.header.entries]

    def array(self, name: str) -> Array:
        """The value of that name; DataLossError: it is not what was written."""
        return read_array(self.file, self.path, self.header, name)

    def graph(self) -> str | None:
        """The graph's JSON, if the checkpoint has it."""
        return self.array(GRAPH).tobytes().decode("utf-8", "surrogatepass") if GRAPH in self.header.entries else None

    def _state(self) -> dict[str, Any]:
        """What is kept beside the variables; nothing of it is there in a file of others."""
        if self.header.metadata.get("format") != FORMAT:
            return {}
        if self.header.metadata.get("version") != VERSION:
            refuse(self.path, f"its version is {self.header.metadata.get('version')!r:.40}, and not {VERSION}, the one this graphc reads")
        try:
            state = json.loads(self.header.metadata["state"])
        except (KeyError, ValueError, RecursionError):
            refuse(self.path, "its state is no JSON")
        if not isinstance(state, dict):
            refuse(self.path, "its state is not an object")
        return state

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.file.close()


def damage(prefix: str) -> str | None:
    """What is wrong with a checkpoint, all of which is read; None if nothing is."""
    try:
        with open_checkpoint(prefix) as found:
            for name in found.readable:
                found.array(name)
    except (DataLossError, NotFoundError) as e:
        return str(e).partition("\n")[0]
    return None


def saved_in(folder: str) -> list[str]:
    """The prefixes of a folder's checkpoints by when each was saved, oldest first; those whose header cannot be read are left out."""
    found = []
    for name in os.listdir(folder):
        if name.endswith(SUFFIX):
            prefix = os.path.join(folder, name.removesuffix(SUFFIX))
            try:
                with Checkpoint(file_of(prefix)) as checkpoint:
                    saved = checkpoint.state.get("saved")
            except (DataLossError, NotFoundError):
                continue
            if isinstance(saved, (int, float)):
                found.append((saved, prefix))
    return [prefix for _, prefix in sorted(found)]


# ---------------------------------------------------------------------- the index of a folder

class Index(NamedTuple):
    """What the index of a folder says; paths as they stand there, relative to the folder or not."""

    latest: str
    paths: list[str]
    times: list[float]
    kept: float             # when the last checkpoint was saved that is never to be deleted


_LINE = re.compile(r'\s*(\w+)\s*:\s*(?:"((?:[^"\\]|\\.)*)"|([-+.\w]+))\s*\Z')
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}
_SEAL = "# sha256: "


def write_index(path: str, index: Index) -> None:
    """Write an index, whole or not at all. CheckpointError: it could not be written."""
    lines = [f'model_checkpoint_path: "{_escaped(index.latest)}"']
    lines += [f'all_model_checkpoint_paths: "{_escaped(p)}"' for p in index.paths]
    lines += [f"all_model_checkpoint_timestamps: {t!r}" for t in index.times]
    lines += [f"last_preserved_timestamp: {index.kept!r}"]
    text = "".join(f"{line}\n" for line in lines).encode()
    put(path, [f"{_SEAL}{hashlib.sha256(text).hexdigest()}\n".encode(), text])


def read_index(path: str) -> Index | None:
    """What an index says, TensorFlow's too; None if there is none. DataLossError: it is not what was written, or no index."""
    try:
        file = open_file(path)
    except NotFoundError:
        return None
    with file:
        try:
            data: bytes = file.read(_LONGEST_INDEX + 1)
        except OSError as e:
            refuse(path, f"it cannot be read: {e.strerror}")
    seal, _, text = data.partition(b"\n")
    if data.startswith(_SEAL.encode()) and seal != _SEAL.encode() + hashlib.sha256(text).hexdigest().encode():
        raise DataLossError(f"{path} is damaged: it has another digest than was written{here()}")
    found: dict[str, list[Any]] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        match = _LINE.match(line)
        if match:
            value = _plain(match[2]) if match[2] is not None else _number(match[3])
            found.setdefault(match[1], []).append(value)
        elif line.strip() and not line.lstrip().startswith("#"):
            raise DataLossError(f"{path} is damaged, or no index of checkpoints: {line!r:.60}{here()}")
    latest = [p for p in found.get("model_checkpoint_path", ()) if isinstance(p, str)]
    if not latest:
        raise DataLossError(f"{path} is damaged, or no index of checkpoints: it names none{here()}")
    paths = [p for p in found.get("all_model_checkpoint_paths", ()) if isinstance(p, str)]
    times = [t for t in found.get("all_model_checkpoint_timestamps", ()) if isinstance(t, float)]
    kept = [t for t in found.get("last_preserved_timestamp", ()) if isinstance(t, float)]
    return Index(latest[0], paths, times if len(times) == len(paths) else [], kept[0] if kept else 0.0)


def _escaped(path: str) -> str:
    return "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03o}" for b in os.fsencode(path))


def _plain(text: str) -> str:
    def byte(match: Any) -> bytes:
        octal, hexadecimal, letter = match.groups()
        return bytes([int(octal, 8) & 255]) if octal else bytes([int(hexadecimal, 16)]) if hexadecimal else _LETTERS.get(letter, letter)
    return os.fsdecode(_ESCAPE.sub(byte, os.fsencode(text)))


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None
