"""Loading a saved model: its graph of some tags into a session's graph, its variables into the session, its signatures as they were given."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from ..errors import NotFoundError
from ..files import saved_model as files
from ..files.bundle import index_of
from ..files.graph_json import from_json
from ..files.tf_graph import saved as theirs
from ..ir.node import here
from ..ops.sources import constant
from ..runtime.session import Session
from ..tf1_names import namespace as _namespace
from ..train.checkpoints import path_of
from ..train.saver import described_saver, import_theirs
from .signature import MetaGraphDef, MetaInfo, of_data, of_message

__all__ = ["load", "maybe_saved_model_directory"]


def maybe_saved_model_directory(export_dir: Any) -> bool:
    """Whether a folder has a saved model, graphc's or TensorFlow's. GraphError: no path.

    >>> tf.saved_model.maybe_saved_model_directory("no/such/folder")
    False
    """
    folder = path_of(export_dir, "maybe_saved_model_directory")
    return any(os.path.isfile(os.path.join(folder, name)) for name in (files.INDEX, theirs.MODEL))


def load(sess: Session, tags: Iterable[str], export_dir: Any, import_scope: str | None = None, **saver_kwargs: Any) -> MetaGraphDef:
    """Add the graph of a saved model that has exactly these tags to the session's, and set its variables; what it has of signatures.

    Models that TensorFlow saved (saved_model.pb) are read, too. `import_scope`: what its names stand behind, but not in the signatures. Nothing
    that is read is executed but the graph's own `main_op`.
    NotFoundError: no saved model, or none of these tags. SerializationError, DataLossError: it is damaged. GraphError: a name is taken.

    >>> x = tf.placeholder(tf.float32, [None], name="x")
    >>> with tf.Session(jit=False) as sess:
    ...     tf.saved_model.simple_save(sess, "doubles", {"x": x}, {"y": x * tf.Variable(2.0, name="v")})
    >>> with tf.Graph().as_default(), tf.Session(jit=False) as sess:
    ...     signature = tf.saved_model.loader.load(sess, ["serve"], "doubles").signature_def["serving_default"]
    ...     print(sess.run(signature.outputs["y"].name, {signature.inputs["x"].name: [1.0, 2.0]}))
    [2. 4.]
    """
    folder, wanted = path_of(export_dir, "saved_model.load"), frozenset([tags] if isinstance(tags, str) else tags)
    if not maybe_saved_model_directory(folder):
        raise NotFoundError(f"there is no saved model in {folder!r:.200}{here()}")
    if not os.path.isfile(os.path.join(folder, files.INDEX)):
        return _load_theirs(sess, folder, wanted, import_scope or "", saver_kwargs)
    found = files.read(folder, wanted)
    if not isinstance(found, files.Meta):
        raise NotFoundError(f"{folder!r:.200} has no graph of the tags {sorted(wanted)}; it has {found}{here()}")
    graph, scope = sess.graph, import_scope or ""
    with graph.as_default():
        graph.absorb(from_json(found.graph), scope)
        if found.saver is not None:
            saver = described_saver(found.saver, graph, scope, saver_kwargs)
            saver.restore(sess, os.path.join(folder, files.VARIABLES, files.VARIABLES))
        if found.main_op is not None:
            feeds = {graph.as_graph_element(f"{scope}/{name}" if scope else name): os.path.join(folder, files.ASSETS, file)
                     for name, file in found.assets.items()}
            sess.run(graph.as_graph_element(f"{scope}/{found.main_op}" if scope else found.main_op), feeds)
    return MetaGraphDef(graph, {key: of_data(data) for key, data in found.signatures.items()}, MetaInfo(found.tags))


def _load_theirs(sess: Session, folder: str, tags: frozenset[str], scope: str, options: dict[str, Any]) -> MetaGraphDef:
    """`load` of a model that TensorFlow saved."""
    meta = theirs.read_model(folder, tags)
    graph = sess.graph
    with graph.as_default():
        assets = {asset.tensor_info.name: constant(os.path.join(folder, files.ASSETS, os.path.basename(asset.filename)), name="asset")
                  for asset in theirs.assets_of(meta)}
        importer, saver = import_theirs(meta, graph, scope, options, assets)
        prefix = os.path.join(folder, files.VARIABLES, files.VARIABLES)
        if saver is not None and os.path.isfile(index_of(prefix)):
            saver.restore(sess, prefix)
        main = theirs.main_operation(importer, meta)
        if main is not None:
            sess.run(main, {graph.as_graph_element(importer.prefix + name): path.attrs["value"].item() for name, path in assets.items()})
    signatures = {key: of_message(s) for key, s in meta.signature_def.items() if key != theirs.INIT_SIGNATURE}
    return MetaGraphDef(graph, signatures, MetaInfo(list(meta.meta_info_def.tags)))


_namespace(globals())
