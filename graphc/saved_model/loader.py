"""Loading a saved model: its graph of some tags into a session's graph, its variables into the session, its signatures as they were given."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from ..errors import NotFoundError
from ..files import saved_model as files
from ..files.graph_json import from_json
from ..ir.node import here
from ..runtime.session import Session
from ..train.checkpoints import path_of
from ..train.saver import described_saver
from .signature import MetaGraphDef, MetaInfo, of_data

__all__ = ["load", "maybe_saved_model_directory"]

_THEIRS = ("saved_model.pb", "saved_model.pbtxt")


def maybe_saved_model_directory(export_dir: Any) -> bool:
    """Whether a folder has the index of a saved model. GraphError: no path.

    >>> tf.saved_model.maybe_saved_model_directory("no/such/folder")
    False
    """
    return os.path.isfile(os.path.join(path_of(export_dir, "maybe_saved_model_directory"), files.INDEX))


def load(sess: Session, tags: Iterable[str], export_dir: Any, import_scope: str | None = None, **saver_kwargs: Any) -> MetaGraphDef:
    """Add the graph of a saved model that has exactly these tags to the session's, and set its variables; what it has of signatures.

    `import_scope`: what its names stand behind, but not in the signatures. Nothing that is read is executed but the graph's own `main_op`.
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
        theirs = any(os.path.exists(os.path.join(folder, name)) for name in _THEIRS)
        raise NotFoundError(f"{folder!r:.200} is a model that TensorFlow saved, whose graphs graphc does not read; build the graph by its program, "
                            f"and tf.train.Saver().restore(sess, '{folder:.200}/variables/variables'){here()}" if theirs else
                            f"there is no saved model in {folder!r:.200}{here()}")
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


def __dir__() -> list[str]:
    return [*__all__]
