"""`tf.contrib.predictor`: a saved model, or an estimator, as a function from arrays to arrays."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ArgumentError, FeedError
from ..ir.arguments import hold as _hold
from ..ir.graph import Graph
from ..ir.node import Node, here
from ..runtime.session import Session
from ..saved_model import loader
from ..saved_model.signature_constants import DEFAULT_SERVING_SIGNATURE_DEF_KEY
from ..tf1_names import namespace as _namespace

__all__ = ["Predictor", "from_contrib_estimator", "from_estimator", "from_saved_model"]


class Predictor:
    """A function of a dict of arrays, by the names of inputs, that gives a dict of arrays, by the names of outputs; it keeps its session.

    FeedError, by a call: a name of no input, or an input that is missing.
    """

    def __init__(self, graph: Graph, session: Any, feed_tensors: Mapping[str, Node], fetch_tensors: Mapping[str, Node]):
        self.graph, self.session = graph, session
        self.feed_tensors, self.fetch_tensors = dict(feed_tensors), dict(fetch_tensors)

    def __call__(self, input_dict: Mapping[str, Any]) -> dict[str, Any]:
        if input_dict.keys() != self.feed_tensors.keys():
            raise FeedError(f"the predictor has the inputs {', '.join(self.feed_tensors)}, and is given {', '.join(map(str, input_dict))}{here()}")
        found: dict[str, Any] = self.session.run(self.fetch_tensors, {self.feed_tensors[k]: v for k, v in input_dict.items()})
        return found


def from_saved_model(export_dir: Any, signature_def_key: str | None = None, signature_def: Any = None, input_names: Mapping[str, str] | None = None,
                     output_names: Mapping[str, str] | None = None, tags: str | None = None, graph: Graph | None = None,
                     config: Any = None) -> Predictor:
    """The predictor of a saved model, graphc's or TensorFlow's, by one of its signatures, or by names of tensors that are given.

    `tags`: those of the graph, between commas; "serve" if none are named. ArgumentError: more than one of `signature_def_key`, `signature_def`
    and names; no such signature. NotFoundError, SerializationError, DataLossError: as `tf.saved_model.load`.

    >>> x = tf.placeholder(tf.float32, [None], name="x")
    >>> with tf.Session(jit=False) as sess:
    ...     tf.saved_model.simple_save(sess, "triples", {"x": x}, {"y": x * 3.0})
    >>> tf.contrib.predictor.from_saved_model("triples")({"x": [1.0, 2.0]})
    {'y': array([3., 6.], dtype=float32)}
    """
    named = input_names is not None or output_names is not None
    if named + (signature_def is not None) + (signature_def_key is not None) > 1:
        raise ArgumentError(f"from_saved_model takes one of signature_def_key, signature_def, and input_names with output_names{here()}")
    graph = graph or Graph()
    with graph.as_default():
        session = Session(config=config)
        known = loader.load(session, (tags or "serve").split(","), export_dir).signature_def
    if named:
        feeds, fetches = dict(input_names or {}), dict(output_names or {})
    else:
        key = signature_def_key or DEFAULT_SERVING_SIGNATURE_DEF_KEY
        if signature_def is None and key not in known:
            raise ArgumentError(f"the saved model has the signatures {', '.join(known) or 'none'}, not {key!r:.60}{here()}")
        signature = signature_def or known[key]
        feeds, fetches = ({k: v.name for k, v in part.items()} for part in (signature.inputs, signature.outputs))
    return Predictor(graph, session, *({k: graph.get_tensor_by_name(v) for k, v in names.items()} for names in (feeds, fetches)))


def from_estimator(estimator: Any, serving_input_receiver_fn: Callable[[], Any], output_key: str | None = None, graph: Graph | None = None,
                   config: Any = None) -> Predictor:
    """The predictor of an estimator's newest checkpoint. `output_key`: which of its export outputs; the one that serves, if none is named.

    NotFoundError: it is not trained. ArgumentError: there is no such output. GraphError: as `export_savedmodel`.
    """
    with tempfile.TemporaryDirectory() as folder:
        model = os.fsdecode(estimator.export_savedmodel(folder, serving_input_receiver_fn))
        return from_saved_model(model, output_key, graph=graph, config=config)


from_contrib_estimator = from_estimator

_hold(globals(), __all__, methods=(Predictor,))
_namespace(globals())
