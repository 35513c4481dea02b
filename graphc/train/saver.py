"""`Saver`: the variables of a session to a checkpoint and back, with the graph, and the course of random numbers."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import (
    CheckpointWarning,
    DTypeError,
    GraphcError,
    GraphError,
    InvalidArgumentError,
    NotFoundError,
    SerializationError,
    UnimplementedError,
)
from ..files.checkpoint import open_checkpoint, place_of, put, write
from ..files.graph_def import GraphDef
from ..files.graph_json import from_json, to_json
from ..files.own_objects import own_objects
from ..files.tf_graph.build import Importer
from ..files.tf_graph.exported import exported, saver_def
from ..files.tf_graph.imported import read_into, typed_errors
from ..files.tf_graph.messages import MetaGraphDef, SaverDef
from ..files.tf_graph.saved import add_collections, initialisers, saved_variables
from ..ir.collecting import GraphKeys
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Node, describe, here, warn
from ..ir.types import Array
from ..ops.outside import Saveable
from ..ops.state import Variable
from ..runtime.session import Session
from ..runtime.values import Snapshot
from .checkpoints import INDEX, graph_in, path_of
from .restoring import RestoreReport, courses_of, keys_of, report_of, told_courses
from .rotation import Kept, Rotation, turns

__all__ = ["RestoreReport", "Saver", "SaverDef", "export_meta_graph", "import_meta_graph"]


# ---------------------------------------------------------------------- the saver

class Saver:
    """Saves the variables of a session to a checkpoint, and restores them.

    `var_list`: variables, or a dict of them by the names that they are to have in the checkpoint; all of the graph by default. `reshape`: a
    value of another shape and as many elements is taken on. `max_to_keep`: checkpoints that are kept, those saved last (0, None: all), and
    beside them one every `keep_checkpoint_every_n_hours`. `pad_step_number`: file names sort by step. `save_relative_paths`: the index holds
    paths as seen from its folder. `allow_empty`: no variable is no mistake. `defer_build`: the variables are those that are there at the first
    use. One file is written at all times: `sharded`, `restore_sequentially`, `name`, `builder`, `write_version` and `filename` have no effect.

    A checkpoint is one file, PATH.safetensors: the variables as they are between two runs, the graph, the course of random numbers. It is
    written beside its place, flushed and renamed, the index after it. What TensorFlow's programs look for stands beside, in TensorFlow's own
    format: PATH.index, PATH.data-00000-of-00001, which is another name of the same file, and PATH.meta. GraphError: no variables, or two of one
    name. DTypeError: no variable.

    >>> v = tf.Variable([1.0, 2.0], name="v")
    >>> saver = tf.train.Saver()
    >>> with tf.Session(jit=False) as sess:
    ...     path = saver.save(sess, "models/small", global_step=7)
    ...     sess.run(v.assign([0.0, 0.0]))
    ...     saver.restore(sess, path)
    ...     print(path, sess.run(v))
    array([0., 0.], dtype=float32)
    models/small-7 [1. 2.]
    """

    def __init__(self, var_list: Any = None, reshape: bool = False, sharded: bool = False, max_to_keep: int | None = 5,
                 keep_checkpoint_every_n_hours: float = 10000.0, name: str | None = None, restore_sequentially: bool = False,
                 saver_def: Any = None, builder: Any = None, defer_build: bool = False, allow_empty: bool = False, write_version: Any = 2,
                 pad_step_number: bool = False, save_relative_paths: bool = False, filename: str | None = None):
        told = isinstance(saver_def, SaverDef)
        self._reshape = bool(reshape)
        self._max_to_keep = (saver_def.max_to_keep if told else max_to_keep) or 0
        self._hours = saver_def.keep_checkpoint_every_n_hours if told else keep_checkpoint_every_n_hours
        self._pad, self._allow_empty = pad_step_number, allow_empty
        self._rotation = Rotation(self._max_to_keep, self._hours, save_relative_paths)
        self._written: tuple[Any, str | None, bytes | None] = (None, None, None)     # a graph, and what was made of it
        self._given = var_list
        self._variables: dict[str, Variable] | None = None
        self._beside: dict[str, Saveable] = {}
        if not defer_build:
            self.build()

    def build(self) -> None:
        """Fix which variables are saved, if `defer_build` left it open. GraphError: there are none, or two of one name."""
        if self._variables is None:
            self._variables, self._beside = _named(self._given)
            if not self._variables and not self._beside and not self._allow_empty:
                raise GraphError(f"Saver: there are no variables to save{here()}")

    @property
    def _by_name(self) -> dict[str, Variable]:
        self.build()
        assert self._variables is not None
        return self._variables

    @property
    def _var_list(self) -> list[Variable]:
        """The variables, under the name by which programs look for them in TensorFlow's."""
        return [*self._by_name.values()]

    # ------------------------------------------------------------------ saving

    def save(self, sess: Session, save_path: Any, global_step: Any = None, latest_filename: str | None = None,
             meta_graph_suffix: str = "meta", write_meta_graph: bool = True, write_state: bool = True, strip_default_attrs: bool = False,
             save_debug_info: bool = False) -> str:
        """Write a checkpoint and the index of its folder; the result is the path for `restore`.

        `global_step`: a number, or a tensor whose value is one, behind the path. `write_meta_graph`: with the graph, for `import_meta_graph`, and
        beside it TensorFlow's message of the graph in PATH.meta, or with another suffix.
        `write_state`: with the index, whose name is `latest_filename`; then older checkpoints than are to be kept are deleted.
        What is saved is the state between two runs, even if other threads run. CheckpointError: it could not be written; what was saved before
        is there still. GraphError: no path, or variables of another graph. DTypeError: no session. SessionClosedError.
        """
        named = self._by_name
        self._check(sess, named)
        prefix, index = path_of(save_path, "Saver.save"), latest_filename or INDEX
        if os.path.basename(index) != index:
            raise GraphError(f"Saver.save: latest_filename is a name without folders, not {index!r:.80}{here()}")
        if not os.path.basename(prefix):
            raise GraphError(f"Saver.save: {prefix!r:.80} ends with a folder and names no file{here()}")
        with sess.values.still():
            snapshot, step, turn = self._snapshot(sess, named, global_step)
            beside = {name: x.saved_state(sess.values.resources) for name, x in self._beside.items()}
        if step is not None:
            prefix = f"{prefix}-{step:08d}" if self._pad else f"{prefix}-{step}"
        saved = time.time()
        state = {"saved": saved, **told_courses(snapshot.drawn), "saver": self._described(named)}
        text, meta = self._graph_texts(sess.graph) if write_meta_graph else (None, None)
        write(prefix, {**{name: snapshot.arrays[v] for name, v in named.items()}, **beside}, text, state, meta, meta_graph_suffix)
        if write_state:
            self._rotation.add(Kept(prefix, saved, turn), index, meta_graph_suffix)
        return prefix

    def _snapshot(self, sess: Session, named: Mapping[str, Variable], global_step: Any) -> tuple[Snapshot, int | None, int]:
        """Variables and step of one moment, and the turn of this snapshot among all."""
        if not isinstance(global_step, Node):
            try:
                step = None if global_step is None else int(global_step)
            except (TypeError, ValueError):
                raise DTypeError(f"Saver.save: the step {global_step!r:.80} is no number{here()}") from None
        with sess.values.still():
            if isinstance(global_step, Node):
                found = sess.run(global_step)
                if np.ndim(found):
                    raise DTypeError(f"Saver.save: the step {describe(global_step)} is no number{here()}")
                step = int(found)
            return sess.values.snapshot(list(named.values())), step, next(turns)

    def _described(self, named: Mapping[str, Variable]) -> dict[str, Any]:
        """What makes this saver again from the graph."""
        return {"variables": {name: v.label for name, v in named.items()}, "reshape": self._reshape, "max_to_keep": self._max_to_keep,
                "keep_checkpoint_every_n_hours": self._hours}

    def _graph_texts(self, graph: Graph) -> tuple[str | None, bytes | None]:
        """The graph's JSON and TensorFlow's message of it; None, with a warning, of one that cannot be written.

        They are made once for a graph that does not change.
        """
        key = (id(graph), len(graph.nodes), sum(map(len, graph.collections.values())), graph.seed)
        if self._written[0] != key:
            text, meta = None, b""
            try:
                text = to_json(graph)
            except SerializationError as e:
                warn(f"the checkpoint is written without its graph: {e}", CheckpointWarning)
            try:
                meta = exported(graph, self._by_name, self.described(), None, lambda _: text or "").SerializeToString()
            except GraphcError as e:
                warn(f"the checkpoint is written without TensorFlow's message of its graph: {e}", CheckpointWarning)
            self._written = key, text, meta or None
        return self._written[1:]

    # ------------------------------------------------------------------ restoring

    def restore(self, sess: Session, save_path: Any, partial: bool = False) -> RestoreReport | None:
        """Set the variables to what a checkpoint holds, all of them or none.

        Checkpoints of TensorFlow's own formats, PATH.index and PATH.data-*, or one file PATH, are read where there is no file of graphc's.
        Of a `tf.train.Checkpoint`, whose values go by attributes, those count that were of variables with these names.
        `partial`: those that fit are set, and the result is a report of what did not; so for networks that are trained on. A checkpoint that is
        taken as a whole also sets the course of random numbers, so that training goes on with the bits that it would have had.
        NotFoundError: no such checkpoint, or a variable that it has not; InvalidArgumentError: one of another type; each with the report.
        DataLossError: the checkpoint is damaged. GraphError, DTypeError: as `save`. SessionClosedError.
        """
        if save_path is None:
            raise GraphError(f"Saver.restore: the path is None; tf.train.latest_checkpoint gives that for a folder without checkpoints{here()}")
        named = self._by_name
        self._check(sess, named)
        prefix = path_of(save_path, "Saver.restore")
        with open_checkpoint(prefix) as found:
            keys = keys_of(found, named)
            report = report_of(named, {name: found.entries[key] for name, key in keys.items() if name not in self._beside}, self._reshape)
            report.missing.extend(n for n in self._beside if n not in found.entries)
            if not partial and (report.missing or report.misshapen):
                kind = NotFoundError if report.missing else InvalidArgumentError
                raise kind(f"Saver.restore: nothing is restored from {found.path}, which does not fit: {report}{here()}")
            arrays: dict[Node, Array] = {named[name]: found.array(keys[name]) for name in report.restored}
            whole = not (report.missing or report.misshapen or report.unexpected)
            drawn = courses_of(found) if whole else None
            states = [(x, found.array(name)) for name, x in self._beside.items() if name in found.entries]
        if self._reshape:
            arrays = {v: a.reshape(v.type.shape) if v.type.known else a for v, a in arrays.items()}
        for x, state in states:
            x.take_state(sess.values.resources, state)
        sess.values.restore(Snapshot(arrays, drawn))
        return report if partial else None

    def _check(self, sess: Any, named: Mapping[str, Variable]) -> None:
        if not isinstance(sess, Session):
            raise DTypeError(f"Saver: {sess!r:.80} is not a Session{here()}")
        everything: list[Any] = [*named.values(), *self._beside.values()]
        other = next((v for v in everything if v.graph is not sess.graph), None)
        if other is not None:
            raise GraphError(f"Saver: {describe(other) if isinstance(other, Node) else other!r} is of another graph than the session's{here()}")
        sess.values.check_open()

    # ------------------------------------------------------------------ which checkpoints there are

    @property
    def last_checkpoints(self) -> list[str]:
        """The checkpoints that this saver has written and not deleted, oldest first: at most `max_to_keep`, none if it keeps all."""
        return self._rotation.paths

    def set_last_checkpoints(self, last_checkpoints: Iterable[Any]) -> None:
        """Take the paths, oldest first, for those written: later saves will delete them in turn. GraphError: no path."""
        now = time.time()
        self._rotation.take([Kept(path_of(p, "set_last_checkpoints"), now) for p in last_checkpoints])

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time: Iterable[tuple[Any, float]]) -> None:
        """Take pairs of a path and when it was saved, oldest first, for those written. GraphError: no path."""
        self._rotation.take([Kept(path_of(p, "set_last_checkpoints_with_time"), float(when)) for p, when in last_checkpoints_with_time])

    def recover_last_checkpoints(self, checkpoint_paths: Iterable[Any]) -> None:
        """Go on where another process stopped: those of the paths that are there count as written by this saver. GraphError: no path."""
        paths = [path_of(p, "recover_last_checkpoints") for p in checkpoint_paths]
        self._rotation.take([Kept(p, os.path.getmtime(place_of(p))) for p in paths if os.path.exists(place_of(p))])

    # ------------------------------------------------------------------ graphs

    def export_meta_graph(self, filename: Any = None, collection_list: Any = None, as_text: bool = False, export_scope: Any = None,
                          clear_devices: bool = False, clear_extraneous_savers: bool = False, strip_default_attrs: bool = False,
                          save_debug_info: bool = False) -> MetaGraphDef:
        """TensorFlow's message of the graph with this saver, as `tf.train.export_meta_graph`. SerializationError, CheckpointError."""
        graph = next(iter(self._by_name.values())).graph if self._by_name else get_default_graph()
        return _written(exported(graph, self._by_name, self.described(), collection_list, to_json), filename, as_text)

    def described(self) -> dict[str, Any]:
        """What makes this saver again from the graph's JSON, as data."""
        return self._described(self._by_name)

    def as_saver_def(self) -> SaverDef:
        """TensorFlow's message of the saver: the argument `saver_def`. Its bytes do not say which variables there are."""
        made = saver_def(self.described())
        made.__dict__["_described"] = self.described()
        return made

    to_proto = as_saver_def

    @staticmethod
    def from_proto(saver_def: SaverDef, import_scope: str | None = None) -> Saver:
        """The saver that `to_proto` describes; of one that was read, of all variables behind a scope. GraphError: there are none such."""
        told = saver_def.__dict__.get("_described")
        if told is not None:
            return described_saver(told, get_default_graph(), import_scope or "", {})
        scope = f"{import_scope}/" if import_scope else None
        return Saver(get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES, scope), saver_def=saver_def)


def _named(var_list: Any) -> tuple[dict[str, Variable], dict[str, Saveable]]:
    """The variables, and what else is saved, by their names in a checkpoint."""
    if var_list is None:
        graph = get_default_graph()
        var_list = dict.fromkeys([*graph.get_collection(GraphKeys.GLOBAL_VARIABLES), *graph.get_collection(GraphKeys.SAVEABLE_OBJECTS)])
        var_list = list(var_list)
    if isinstance(var_list, Mapping):
        pairs = list(var_list.items())
    else:
        try:
            pairs = [(v.op.name if isinstance(v, Variable) else v.name if isinstance(v, Saveable) else "", v) for v in var_list]
        except (TypeError, DTypeError):
            raise DTypeError(f"Saver: var_list is a list of variables or a dict, not {var_list!r:.80}{here()}") from None
    named: dict[str, Any] = {}
    for name, v in pairs:
        if not isinstance(v, (Variable, Saveable)):
            raise DTypeError(f"Saver: {v!r:.80} is not a Variable{here()}")
        if not isinstance(name, str) or not name or name.startswith("__"):
            raise GraphError(f"Saver: {name!r:.80} cannot be a name in a checkpoint{here()}")
        if named.setdefault(name, v) is not v:
            raise GraphError(f"Saver: {named[name]!r} and {v!r} both have the name {name}{here()}")
    beside = {name: v for name, v in named.items() if isinstance(v, Saveable)}
    return {name: v for name, v in named.items() if name not in beside}, beside


# ---------------------------------------------------------------------- graphs in files

def export_meta_graph(filename: Any = None, meta_info_def: Any = None, graph_def: Any = None, saver_def: Any = None, collection_list: Any = None,
                      as_text: bool = False, graph: Graph | None = None, export_scope: Any = None, clear_devices: bool = False,
                      clear_extraneous_savers: bool = False, strip_default_attrs: bool = False, save_debug_info: bool = False) -> MetaGraphDef:
    """TensorFlow's message of a graph (default: the default one) and its collections, which is also written to a file if one is named.

    `collection_list`: the keys of the collections; `as_text`: the file is text. Where TensorFlow has not all operators, message and file hold
    graphc's JSON. SerializationError: the graph has a Python object. CheckpointError: the file could not be written.

    >>> with tf.Graph().as_default() as graph:
    ...     tf.add_to_collection("of mine", tf.constant(1.0, name="c"))
    >>> tf.train.export_meta_graph(graph=graph).collection_def["of mine"].node_list.value
    ['c:0']
    """
    of = graph if graph is not None else get_default_graph()
    given = None if graph_def is None else graph_def.as_message() if isinstance(graph_def, GraphDef) else graph_def
    found = exported(of, {}, {}, collection_list, to_json, given)
    if isinstance(saver_def, SaverDef):
        found.saver_def.CopyFrom(saver_def)
    if found.own is not None:
        found.put_own(found.own, (own_objects(of), of.get_collection(GraphKeys.QUEUE_RUNNERS)))
    return _written(found, filename, as_text)


def _written(message: MetaGraphDef, filename: Any, as_text: bool) -> MetaGraphDef:
    """The message, having been written to a file if one is named."""
    if filename is not None:
        put(path_of(filename, "export_meta_graph"), [str(message).encode() if as_text else message.SerializeToString()])
    return message


def import_meta_graph(meta_graph_or_file: Any, clear_devices: bool = False, import_scope: str | None = None, **kwargs: Any) -> Saver | None:
    """Add the graph of a checkpoint, or of `export_meta_graph`, to the default graph; the result is a saver for it, or None without variables.

    `meta_graph_or_file`: the path of a checkpoint, with or without `.meta`, of a file of `export_meta_graph`, its message, or a graph's JSON.
    `import_scope`: what its names stand behind; those in the checkpoint remain. `input_map`: tensors of the default graph in the place of some of
    its own, by their names, if it is TensorFlow's message. Other keywords are `Saver`'s. Nothing that is read is executed. A
    file of TensorFlow's (.meta, bytes or text) becomes a graph of graphc's, operator by operator: UnimplementedError for those that graphc has not.
    NotFoundError: there is no such file, or no graph in it. DataLossError, SerializationError: it is damaged, or no graph. GraphError: a name
    is taken.

    >>> with tf.Graph().as_default(), tf.Session(jit=False) as sess:
    ...     v = tf.Variable([1.0, 2.0], name="v")
    ...     path = tf.train.Saver().save(sess, "graphs/model")
    >>> with tf.Graph().as_default() as graph, tf.Session(jit=False) as sess:
    ...     tf.train.import_meta_graph(path + ".meta").restore(sess, path)
    ...     print(sess.run("v:0"))
    [1. 2.]
    """
    input_map = kwargs.pop("input_map", None)
    found, described = graph_in(meta_graph_or_file, own=not input_map)
    graph, scope = get_default_graph(), import_scope or ""
    if isinstance(found, MetaGraphDef):
        return import_theirs(found, graph, scope, kwargs, input_map)[1]
    if input_map:
        raise UnimplementedError(f"import_meta_graph: input_map counts for TensorFlow's graphs, and this one is graphc's{here()}")
    objects, runners = meta_graph_or_file.alive or ({}, []) if isinstance(meta_graph_or_file, MetaGraphDef) else ({}, [])
    graph.absorb(from_json(found, objects), scope)
    for runner in runners:
        graph.add_to_collection(GraphKeys.QUEUE_RUNNERS, runner.within(graph, scope))
    if described is not None:
        return described_saver(described, graph, scope, kwargs)
    variables = graph.get_collection(GraphKeys.GLOBAL_VARIABLES, f"{scope}/" if scope else None)
    return Saver(variables, **kwargs) if variables else None


def import_theirs(meta: MetaGraphDef, graph: Graph, scope: str, options: Mapping[str, Any],
                  input_map: Mapping[str, Any] | None = None) -> tuple[Importer, Saver | None]:
    """Add a graph of TensorFlow's, with its collections; what was read, and a saver of what its own keeps, None if that is nothing."""
    importer = read_into(graph, meta.graph_def, scope, input_map or {}, initialisers(meta))
    with typed_errors():
        add_collections(importer, meta)
        kept, own = saved_variables(importer, importer.nodes), meta.saver_def
    told = {"max_to_keep": own.max_to_keep, "keep_checkpoint_every_n_hours": own.keep_checkpoint_every_n_hours} if own.save_tensor_name else {}
    variables: Any = kept or graph.get_collection(GraphKeys.GLOBAL_VARIABLES, importer.prefix or None)
    return importer, Saver(variables, **{**told, **options}) if variables else None


def described_saver(described: Any, graph: Graph, scope: str, options: Mapping[str, Any]) -> Saver:
    """The saver that a checkpoint describes, for variables that stand behind a scope now."""
    names = described.get("variables") if isinstance(described, dict) else None
    if not isinstance(names, dict) or not all(isinstance(label, str) for label in names.values()):
        raise SerializationError(f"what describes the saver does not name its variables{here()}")
    found = {name: graph.as_node(f"{scope}/{label}" if scope else label) for name, label in names.items()}
    known = {key: described[key] for key in ("reshape", "max_to_keep", "keep_checkpoint_every_n_hours")
             if isinstance(described.get(key), (bool, int, float))}
    return Saver(found, **{**known, "allow_empty": True, **options})
