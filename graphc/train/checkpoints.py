"""Checkpoints of a folder: which there are, which is the latest that is whole, and what one holds."""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import CheckpointWarning, DataLossError, GraphError, NotFoundError, SerializationError
from ..files.bundle import data_of, encode, index_of
from ..files.checkpoint import (
    SUFFIX,
    Index,
    Open,
    damage,
    file_of,
    open_checkpoint,
    place_of,
    put,
    read_index,
    remove,
    saved_in,
    write_index,
    written_beside,
)
from ..files.graph_json import from_json
from ..files.one_file import is_one_file
from ..files.safetensors import open_file
from ..files.tf_graph.exported import exported
from ..files.tf_graph.messages import MetaGraphDef
from ..ir.node import here, warn
from ..ir.types import Array, DType, TensorType, as_dtype

__all__ = ["CheckpointReader", "CheckpointState", "NewCheckpointReader", "checkpoint_exists", "export_checkpoint", "get_checkpoint_mtimes",
           "get_checkpoint_state", "latest_checkpoint", "list_variables", "load_checkpoint", "load_variable", "remove_checkpoint",
           "update_checkpoint_state"]

INDEX = "checkpoint"            # the index's name, unless `latest_filename` says otherwise


@dataclass
class CheckpointState:
    """The checkpoints of a folder: `model_checkpoint_path` is the latest, `all_model_checkpoint_paths` those kept, oldest first."""

    model_checkpoint_path: str = ""
    all_model_checkpoint_paths: list[str] = field(default_factory=list)
    all_model_checkpoint_timestamps: list[float] = field(default_factory=list)
    last_preserved_timestamp: float = 0.0


def path_of(value: Any, what: str) -> str:
    """A path as a text; GraphError: it is none."""
    try:
        return os.fsdecode(value)
    except TypeError:
        raise GraphError(f"{what}: {value!r:.80} is no path{here()}") from None


def get_checkpoint_state(checkpoint_dir: Any, latest_filename: str | None = None) -> CheckpointState | None:
    """What the index of a folder says, or None if there is none.

    The latest checkpoint is read and compared with its digests: a damaged one is named in a CheckpointWarning, and the latest before it that is
    whole stands in its place. So it is for a damaged index: the folder itself is looked through. DataLossError: no checkpoint is whole.

    >>> print(tf.train.get_checkpoint_state("no/such/folder"))
    None
    """
    folder = path_of(checkpoint_dir, "get_checkpoint_state")
    place = os.path.join(folder, latest_filename or INDEX)
    try:
        index = read_index(place)
    except DataLossError as e:
        index = Index("", [], [], 0.0)
        _warn(str(e).partition("\n")[0], "the files of the folder are looked through")
    if index is None:
        return None
    paths = [os.path.join(folder, p) for p in index.paths]
    latest = os.path.join(folder, index.latest) if index.latest else None
    state = CheckpointState(latest or "", paths, index.times, index.kept)
    for candidate in _candidates(folder, latest, paths):
        why = damage(candidate)
        if why is None:
            if candidate != latest and latest is not None:
                _warn(f"the latest checkpoint of {folder} is {latest}, which cannot be used", f"{candidate} is used instead")
            state.model_checkpoint_path = candidate
            if candidate not in state.all_model_checkpoint_paths:
                state.all_model_checkpoint_paths.append(candidate)
                state.all_model_checkpoint_timestamps = []
            return state
        _warn(why, "the checkpoint before it is looked for")
    if latest is not None and not os.path.exists(place_of(latest)):
        return state                # a folder that was cleared, or another format: what the index says
    raise DataLossError(f"no checkpoint of {folder} is whole{here()}")


def _candidates(folder: str, latest: str | None, paths: Sequence[str]) -> Iterator[str]:
    """What may be used, best first: the latest, those the index has before it, and then what else lies in the folder. Each once, if it is there."""
    seen = set()
    for path in [latest, *reversed(paths)]:
        if path is not None and path not in seen and os.path.exists(place_of(path)):
            seen.add(path)
            yield path
    if latest is None or seen:
        for path in reversed(saved_in(folder)):
            if path not in seen:
                yield path


def _warn(what: str, then: str) -> None:
    warn(f"{what}; {then}", CheckpointWarning)


def latest_checkpoint(checkpoint_dir: Any, latest_filename: str | None = None) -> str | None:
    """The path of the latest checkpoint of a folder that is whole, as `Saver.restore` takes it; None if there is none.

    A damaged one is named in a CheckpointWarning, and the one before it given. DataLossError: there are some, and none is whole.

    >>> print(tf.train.latest_checkpoint("no/such/folder"))
    None
    """
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    path = state.model_checkpoint_path if state is not None else ""
    return path if path and checkpoint_exists(path) else None


def checkpoint_exists(checkpoint_prefix: Any) -> bool:
    """Whether there is a checkpoint of that path, which may be a pattern of `glob`. GraphError: no path.

    >>> tf.train.checkpoint_exists("no/such/model-1")
    False
    """
    path = path_of(checkpoint_prefix, "checkpoint_exists")
    return os.path.exists(place_of(path)) or any(map(glob.glob, (file_of(path), index_of(path)))) or any(map(is_one_file, glob.glob(path)))


def get_checkpoint_mtimes(checkpoint_prefixes: Sequence[Any]) -> list[float]:
    """When each checkpoint was written, in seconds since 1970; those that are not there are left out. GraphError: no path."""
    return [os.path.getmtime(f) for p in checkpoint_prefixes if os.path.exists(f := place_of(path_of(p, "get_checkpoint_mtimes")))]


def remove_checkpoint(checkpoint_prefix: Any, checkpoint_format_version: int = 2, meta_graph_suffix: str = "meta") -> None:
    """Delete a checkpoint, if it is there; the index is left as it is. GraphError: no path."""
    remove(path_of(checkpoint_prefix, "remove_checkpoint"), meta_graph_suffix)


def update_checkpoint_state(save_dir: Any, model_checkpoint_path: Any, all_model_checkpoint_paths: Sequence[Any] | None = None,
                            latest_filename: str | None = None, all_model_checkpoint_timestamps: Sequence[float] | None = None,
                            last_preserved_timestamp: float | None = None) -> None:
    """Write the index of a folder: the latest checkpoint, and those kept, oldest first. CheckpointError: it could not be written.

    >>> tf.train.update_checkpoint_state("trained", "trained/model-3")
    >>> open("trained/checkpoint").readlines()[1]
    'model_checkpoint_path: "model-3"\\n'
    """
    write_state(path_of(save_dir, "update_checkpoint_state"), path_of(model_checkpoint_path, "update_checkpoint_state"),
                [path_of(p, "update_checkpoint_state") for p in all_model_checkpoint_paths or ()], all_model_checkpoint_timestamps,
                last_preserved_timestamp, latest_filename)


def write_state(folder: str, latest: str, paths: Sequence[str], times: Sequence[float] | None = None, kept: float | None = None,
                latest_filename: str | None = None, relative: bool = False) -> None:
    """Write the index of a folder; paths that are relative, or are to be, stand there as seen from the folder."""
    def short(path: str) -> str:
        return os.path.relpath(path, folder or ".") if relative or not os.path.isabs(path) else path
    every = [*map(short, paths), *([] if latest in paths else [short(latest)])]
    stamps = list(times) if times is not None and len(times) == len(every) else []
    write_index(os.path.join(folder, latest_filename or INDEX), Index(short(latest), every, stamps, time.time() if kept is None else kept))


# ---------------------------------------------------------------------- what a checkpoint holds

class CheckpointReader:
    """What a checkpoint holds, without a graph. NotFoundError: there is none of that path. DataLossError: it is damaged.

    `filepattern`: the path that `Saver.save` gave, in graphc or in TensorFlow, or of any file in the safetensors format.
    """

    def __init__(self, filepattern: Any):
        self._path = path_of(filepattern, "NewCheckpointReader")
        with self._open() as found:
            self._entries = found.entries

    def _open(self) -> Open:
        return open_checkpoint(self._path)

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """The shapes of the variables by name."""
        return {name: list(entry.shape) for name, entry in self._entries.items()}

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        """The dtypes of the variables by name; those that graphc has not are left out."""
        return {name: as_dtype(entry.dtype) for name, entry in self._entries.items() if entry.dtype is not None}

    def types(self) -> dict[str, TensorType]:
        """The types of the variables by name; those of dtypes that graphc has not are left out."""
        return {name: TensorType(entry.dtype, tuple(entry.shape)) for name, entry in self._entries.items() if entry.dtype is not None}

    def has_tensor(self, tensor_str: str) -> bool:
        """Whether there is a variable of that name."""
        return tensor_str in self._entries

    def get_tensor(self, tensor_str: str) -> Array:
        """The value of the variable of that name. NotFoundError: there is none. DataLossError: it is not what was written."""
        with self._open() as found:
            if tensor_str not in found.entries:
                raise NotFoundError(f"{found.path} has no {tensor_str!r:.200}{here()}")
            return np.array(found.array(tensor_str))

    def meta_graph(self) -> MetaGraphDef:
        """TensorFlow's message of the graph that the checkpoint has, with a saver of what it keeps.

        NotFoundError: it has none. UnimplementedError: TensorFlow has not all operators.
        """
        with self._open() as found:
            text, saver = found.graph(), found.state.get("saver")
            if text is None:
                raise NotFoundError(f"{found.path} has no graph{here()}")
            names = saver.get("variables") if isinstance(saver, dict) else None
            if not isinstance(saver, dict) or not isinstance(names, dict):
                raise DataLossError(f"{found.path} is damaged: what describes the saver does not name its variables{here()}")
        graph = from_json(text)
        return exported(graph, {key: graph.as_node(label) for key, label in names.items()}, saver, None, None)

    def debug_string(self) -> bytes:
        """Names, dtypes and shapes, one a line."""
        return "\n".join(f"{name}: {entry}" for name, entry in sorted(self._entries.items())).encode()


def NewCheckpointReader(filepattern: Any) -> CheckpointReader:
    """A reader of the checkpoint of that path.

    NotFoundError: there is none. DataLossError: it is damaged. GraphError: no path.

    >>> v = tf.Variable([1.0, 2.0], name="v")
    >>> with tf.Session(jit=False) as sess:
    ...     path = tf.train.Saver({"v": v}).save(sess, "read/model")
    >>> tf.train.NewCheckpointReader(path).get_variable_to_shape_map()
    {'v': [2]}
    """
    return CheckpointReader(filepattern)


def load_checkpoint(ckpt_dir_or_file: Any) -> CheckpointReader:
    """A reader of a checkpoint, or of the latest one of a folder. NotFoundError, DataLossError: there is none, or none that is whole."""
    path = path_of(ckpt_dir_or_file, "load_checkpoint")
    if os.path.isdir(path):
        latest = latest_checkpoint(path)
        if latest is None:
            raise NotFoundError(f"the folder {path} has no checkpoint{here()}")
        path = latest
    return CheckpointReader(path)


def load_variable(ckpt_dir_or_file: Any, name: str) -> Array:
    """The value of a variable in a checkpoint, or in the latest one of a folder.

    NotFoundError: there is no such checkpoint, or no such variable. DataLossError: it is damaged.

    >>> v = tf.Variable([1.0, 2.0], name="v")
    >>> with tf.Session(jit=False) as sess:
    ...     path = tf.train.Saver({"v": v}).save(sess, "load/model")
    >>> tf.train.load_variable("load", "v")
    array([1., 2.], dtype=float32)
    """
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """Names and shapes of the variables in a checkpoint, or in the latest one of a folder, by name.

    NotFoundError: there is no such checkpoint. DataLossError: it is damaged.
    """
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def export_checkpoint(ckpt_dir_or_file: Any, prefix: Any, write_meta_graph: bool = False) -> str:
    """Write the variables of a checkpoint, or of the latest one of a folder, in TensorFlow's own format; the path for its `Saver.restore`.

    The files are PREFIX.data-00000-of-00001 and, when that is whole, PREFIX.index; `write_meta_graph`: and PREFIX.meta, the graph that the
    checkpoint has, for `tf.train.import_meta_graph` there. UnimplementedError: TensorFlow has not all of its operators. NotFoundError,
    DataLossError: there is none, or it is damaged.
    CheckpointError: it could not be written. GraphError: no path.

    >>> v = tf.Variable([1.0, 2.0], name="v")
    >>> with tf.Session(jit=False) as sess:
    ...     path = tf.train.Saver({"v": v}).save(sess, "own/model")
    >>> tf.train.load_variable(tf.train.export_checkpoint(path, "theirs/model"), "v")
    array([1., 2.], dtype=float32)
    """
    to = path_of(prefix, "export_checkpoint")
    reader = load_checkpoint(ckpt_dir_or_file)
    meta = reader.meta_graph() if write_meta_graph else None
    index, pieces = encode({name: reader.get_tensor(name) for name in reader.get_variable_to_dtype_map()})
    put(data_of(to), pieces)
    put(index_of(to), [index])
    if meta is not None:
        put(f"{to}.meta", [meta.SerializeToString()])
    return to


# ---------------------------------------------------------------------- graphs in files

def graph_in(source: Any, own: bool = True) -> tuple[Any, Any]:
    """The JSON, or the message of TensorFlow's, that a path or a text stands for, and what describes its saver, if something does.

    Not `own`: of a message that was written beside a checkpoint the message, and not the graph in that.
    """
    if isinstance(source, MetaGraphDef):
        return source if source.own is None else source.own, None
    if isinstance(source, str) and source.lstrip().startswith("{"):
        return source, None
    path = path_of(source, "import_meta_graph")
    if not os.path.isfile(path) and os.path.isfile(f"{path}.meta"):
        path = f"{path}.meta"
    if os.path.isfile(path) and not path.endswith(SUFFIX):
        with open_file(path) as file:
            data: bytes = file.read()
        beside = _graph_beside(path, data) if own else None
        if beside is not None:          # the same graph in graphc's own words, which say more
            return beside
        if data.lstrip().startswith(b"{"):
            return data.decode("utf-8", "surrogatepass"), None
        try:
            if not data:
                raise SerializationError(f"{path} is empty{here()}")
            return MetaGraphDef.FromString(data), None
        except SerializationError:
            made_good = _graph_beside(path)
            if made_good is None:
                raise
            return made_good
    prefix = path if os.path.exists(place_of(path)) else os.path.splitext(path)[0]
    with open_checkpoint(prefix) as found:
        text = found.graph()
        if text is None:
            raise NotFoundError(f"{found.path} has no graph: it was saved with write_meta_graph=False, or by another program{here()}")
        return text, found.state.get("saver")


def _graph_beside(path: str, message: bytes | None = None) -> tuple[str, Any] | None:
    """The graph's JSON, and what describes its saver, in the checkpoint that a `.meta` was written beside, if the file is still as it was then.

    Without `message`, what the file holds now, it is damaged: a CheckpointWarning tells that the checkpoint's own is read.
    """
    found = written_beside(os.path.splitext(path)[0], message)
    if found is None:
        return None
    with found:
        text = found.graph()
        if message is None:
            _warn(f"{path} is not what was written", f"the graph in {found.path} is read")
        return None if text is None else (text, found.state.get("saver"))

