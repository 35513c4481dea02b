"""`SavedModelBuilder`: graphs, their signatures and the variables of a session to a folder that `saved_model.loader.load` reads."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import AlreadyExistsError, CheckpointError, GraphError, UnimplementedError
from ..files.checkpoint import put
from ..files.graph_json import to_json
from ..files.saved_model import ASSETS, THEIRS, VARIABLES, Meta, write
from ..files.tf_graph.model import meta_graph, saved_model
from ..ir.collecting import GraphKeys
from ..ir.graph import Graph, get_default_graph
from ..ir.known import static_value
from ..ir.node import Operation, describe, here
from ..runtime.session import Session
from ..tf1_names import namespace as _namespace
from ..train.checkpoints import export_checkpoint, path_of
from ..train.saver import Saver
from .signature import SignatureDef, as_data, build_tensor_info, predict_signature_def
from .signature_constants import DEFAULT_SERVING_SIGNATURE_DEF_KEY
from .tag_constants import SERVING

__all__ = ["SavedModelBuilder", "simple_save"]


class SavedModelBuilder:
    """Writes a model for those who use it: a folder of graphs by tags, with signatures, and one set of variables.

    First `add_meta_graph_and_variables`, then `add_meta_graph` for other graphs of the same variables, then `save`.
    AlreadyExistsError: the folder is there, and is not empty. GraphError: no path.

    >>> x = tf.placeholder(tf.float32, [None], name="x")
    >>> y = x * tf.Variable(2.0, name="v")
    >>> builder = tf.saved_model.builder.SavedModelBuilder("model")
    >>> signature = tf.saved_model.predict_signature_def({"x": x}, {"y": y})
    >>> with tf.Session(jit=False) as sess:
    ...     builder.add_meta_graph_and_variables(sess, ["serve"], {"double": signature})
    >>> builder.save()
    b'model/saved_model.json'
    """

    def __init__(self, export_dir: Any):
        self._folder = path_of(export_dir, "SavedModelBuilder")
        self._graphs: list[Meta] = []
        self._theirs: list[Any] | None = []         # the graphs in TensorFlow's messages; None: one of them has other operators
        self._saved = False
        if os.path.isdir(self._folder) and os.listdir(self._folder) or os.path.isfile(self._folder):
            raise AlreadyExistsError(f"SavedModelBuilder: {self._folder!r:.200} is there, and is not empty: name another folder{here()}")

    def add_meta_graph_and_variables(self, sess: Session, tags: Iterable[str], signature_def_map: Mapping[str, SignatureDef] | None = None,
                                     assets_collection: Sequence[Any] | None = None, legacy_init_op: Any = None, clear_devices: bool = False,
                                     main_op: Any = None, strip_default_attrs: bool = False, saver: Saver | None = None) -> None:
        """Take the graph of a session, and its variables, which are written at once; once for a builder.

        `main_op` (or `legacy_init_op`): what is run when the model has been loaded. `assets_collection`: constant texts that name files, which
        are copied. SerializationError: the graph has a Python object. CheckpointError: it could not be written. GraphError: the second time.
        """
        if self._saved:
            raise GraphError(f"SavedModelBuilder: graph and variables are there; add_meta_graph adds a graph{here()}")
        with sess.graph.as_default():
            taken = saver or Saver(allow_empty=True)
        self._add(sess.graph, tags, signature_def_map, assets_collection, main_op or legacy_init_op, taken)
        taken.save(sess, os.path.join(self._folder, VARIABLES, VARIABLES), write_meta_graph=False, write_state=False)
        self._saved = True

    def add_meta_graph(self, tags: Iterable[str], signature_def_map: Mapping[str, SignatureDef] | None = None,
                       assets_collection: Sequence[Any] | None = None, legacy_init_op: Any = None, clear_devices: bool = False,
                       main_op: Any = None, strip_default_attrs: bool = False, saver: Saver | None = None) -> None:
        """Take the default graph, for the same variables. GraphError: there are none yet."""
        if not self._saved:
            raise GraphError(f"SavedModelBuilder: add_meta_graph_and_variables comes first{here()}")
        self._add(get_default_graph(), tags, signature_def_map, assets_collection, main_op or legacy_init_op, saver or Saver(allow_empty=True))

    def _add(self, graph: Graph, tags: Iterable[str], signatures: Mapping[str, SignatureDef] | None, assets: Sequence[Any] | None, main: Any,
             saver: Saver) -> None:
        told = {key: as_data(signature) for key, signature in (signatures or {}).items()}
        for key, signature in (signatures or {}).items():
            for info in (*signature.inputs.values(), *signature.outputs.values()):
                if info.coo_sparse is None and not _is_there(graph, info.name):
                    raise GraphError(f"SavedModelBuilder: the signature {key!r:.80} names {info.name!r:.80}, which the graph has not{here()}")
        operation = None if main is None else main.name if isinstance(main, Operation) else build_tensor_info(main).name
        meta = Meta([*map(str, tags)], to_json(graph), told, operation, self._copied(assets or ()), saver.described())
        self._graphs.append(meta)
        try:
            if self._theirs is not None:
                self._theirs.append(meta_graph(graph, meta.tags, told, operation, meta.assets))
        except UnimplementedError:
            self._theirs = None

    def _copied(self, assets: Sequence[Any]) -> dict[str, str]:
        """The files that constants name, copied: their names in the folder, by the tensors'."""
        found = {}
        for tensor in assets:
            value = static_value(tensor)
            if value is None or np.size(value) != 1 or not isinstance(np.ravel(value)[0], (bytes, str)):
                raise GraphError(f"SavedModelBuilder: {describe(tensor)} is no constant that names a file{here()}")
            source = os.fsdecode(np.ravel(value)[0])
            folder = os.path.join(self._folder, ASSETS)
            try:
                os.makedirs(folder, exist_ok=True)
                shutil.copyfile(source, os.path.join(folder, os.path.basename(source)))
            except OSError as e:
                raise CheckpointError(f"the asset {source!r:.200} cannot be copied: {e.strerror or e}{here()}") from e
            found[tensor.name] = os.path.basename(source)
        return found

    def save(self, as_text: bool = False) -> bytes:
        """Write the graphs, and then the index; its path. If TensorFlow has all operators that the signatures need, for TensorFlow too.

        CheckpointError: it could not be written. GraphError: nothing was added.
        """
        if not self._graphs:
            raise GraphError(f"SavedModelBuilder: there is nothing to save; add_meta_graph_and_variables comes first{here()}")
        if self._theirs:
            prefix = os.path.join(self._folder, VARIABLES, VARIABLES)
            export_checkpoint(prefix, prefix)
            put(os.path.join(self._folder, THEIRS), [saved_model(self._theirs)])
        return os.fsencode(write(self._folder, self._graphs))


def _is_there(graph: Graph, name: str) -> bool:
    try:
        graph.as_graph_element(name)
    except (KeyError, ValueError, TypeError):
        return False
    return True


def simple_save(session: Session, export_dir: Any, inputs: Mapping[str, Any], outputs: Mapping[str, Any], legacy_init_op: Any = None) -> None:
    """Write a model of one graph, with the tag `serve` and one signature, `serving_default`, of a prediction.

    AlreadyExistsError: the folder is there, and is not empty. DTypeError: no tensors. SerializationError, CheckpointError: as the builder.

    >>> x = tf.placeholder(tf.float32, [None], name="x")
    >>> with tf.Session(jit=False) as sess:
    ...     tf.saved_model.simple_save(sess, "simple", {"x": x}, {"y": x * tf.Variable(2.0, name="v")})
    >>> sorted(os.listdir("simple"))
    ['graph-0.json', 'saved_model.json', 'saved_model.pb', 'variables']
    """
    signatures = {DEFAULT_SERVING_SIGNATURE_DEF_KEY: predict_signature_def(inputs, outputs)}
    builder = SavedModelBuilder(export_dir)
    builder.add_meta_graph_and_variables(session, [SERVING], signatures, session.graph.get_collection(GraphKeys.ASSET_FILEPATHS),
                                         main_op=legacy_init_op)
    builder.save()


_namespace(globals())
