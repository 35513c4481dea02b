"""`tf.estimator.export`: what an exported model is fed, and what it offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ArgumentError, DTypeError
from ..files.parsing import parse_example
from ..ir.node import Node, describe, here
from ..ir.types import as_shape, shape_str, string
from ..ops.sources import placeholder
from ..ops.sparse_tensor import SparseTensor, sparse_placeholder
from ..saved_model.signature import SignatureDef, build_signature_def, build_tensor_info
from ..saved_model.signature_constants import CLASSIFY_METHOD_NAME, PREDICT_METHOD_NAME, REGRESS_METHOD_NAME
from ..tf1_names import namespace as _namespace

__all__ = ["ClassificationOutput", "ExportOutput", "PredictOutput", "RegressionOutput", "ServingInputReceiver", "TensorServingInputReceiver",
           "build_parsing_serving_input_receiver_fn", "build_raw_serving_input_receiver_fn"]


class ExportOutput:
    """What an exported model offers under one key."""

    method = PREDICT_METHOD_NAME

    def tensors(self) -> dict[str, Any]:
        """Its outputs by name."""
        raise NotImplementedError

    def as_signature_def(self, receiver_tensors: Mapping[str, Any]) -> SignatureDef:
        """The signature of it, from what is fed. DTypeError: no tensors."""
        fed, made = ({k: build_tensor_info(v) for k, v in given.items()} for given in (receiver_tensors, self.tensors()))
        return build_signature_def(fed, made, self.method)


class ClassificationOutput(ExportOutput):
    """Scores of classes, and their names. ArgumentError: neither is given. DTypeError: scores that are no floats, or names no texts."""

    method = CLASSIFY_METHOD_NAME

    def __init__(self, scores: Any = None, classes: Any = None):
        if scores is None and classes is None:
            raise ArgumentError(f"ClassificationOutput takes scores, classes, or both{here()}")
        if scores is not None and not (isinstance(scores, Node) and scores.dtype.is_floating):
            raise DTypeError(f"ClassificationOutput: scores are a tensor of floats, not {scores!r:.80}{here()}")
        if classes is not None and not (isinstance(classes, Node) and classes.dtype.name == "string"):
            raise DTypeError(f"ClassificationOutput: classes are a tensor of texts, not {classes!r:.80}{here()}")
        self.scores, self.classes = scores, classes

    def tensors(self) -> dict[str, Any]:
        return {k: v for k, v in (("scores", self.scores), ("classes", self.classes)) if v is not None}


class RegressionOutput(ExportOutput):
    """A number for each row. DTypeError: no floats."""

    method = REGRESS_METHOD_NAME

    def __init__(self, value: Any):
        if not (isinstance(value, Node) and value.dtype.is_floating):
            raise DTypeError(f"RegressionOutput: a tensor of floats, not {value!r:.80}{here()}")
        self.value = value

    def tensors(self) -> dict[str, Any]:
        return {"outputs": self.value}


class PredictOutput(ExportOutput):
    """Any tensors by name. DTypeError: no tensors."""

    def __init__(self, outputs: Any):
        given = dict(outputs) if isinstance(outputs, Mapping) else {"output": outputs}
        for name, tensor in given.items():
            if not isinstance(tensor, (Node, SparseTensor)):
                raise DTypeError(f"PredictOutput: {name} is {tensor!r:.60}, and no tensor{here()}")
        self.outputs = given

    def tensors(self) -> dict[str, Any]:
        return self.outputs


class ServingInputReceiver:
    """The features that a model computes with, and the tensors that a client feeds. ArgumentError: no tensors by name.

    >>> fed = tf.placeholder(tf.float32, [None, 1], name="x")
    >>> tf.estimator.export.ServingInputReceiver({"x": fed}, {"x": fed}).receiver_tensors["x"].name
    'x:0'
    """

    def __init__(self, features: Any, receiver_tensors: Any, receiver_tensors_alternatives: Any = None):
        self.features = self._features(features)
        self.receiver_tensors = _by_name("receiver_tensors", receiver_tensors, "input")
        self.receiver_tensors_alternatives = {k: _by_name(k, v, "input") for k, v in (receiver_tensors_alternatives or {}).items()}

    def _features(self, features: Any) -> Any:
        return _by_name("features", features, "feature")


class TensorServingInputReceiver(ServingInputReceiver):
    """The same for a model whose features are one tensor."""

    def _features(self, features: Any) -> Any:
        return next(iter(_by_name("features", features, "feature").values()))


def _by_name(what: str, given: Any, single: str) -> dict[str, Any]:
    found = dict(given) if isinstance(given, Mapping) else {single: given}
    for name, tensor in found.items():
        if not isinstance(tensor, (Node, SparseTensor)):
            raise ArgumentError(f"ServingInputReceiver: {what} are tensors by name, and {name} is {tensor!r:.60}{here()}")
    return found


def build_parsing_serving_input_receiver_fn(feature_spec: Mapping[str, Any], default_batch_size: int | None = None) -> Callable[[], Any]:
    """What receives serialised `tf.train.Example`s, by the features that `tf.parse_example` finds in them. Errors of those, when it is called."""
    def receiver() -> ServingInputReceiver:
        serialized = placeholder(string, [default_batch_size], name="input_example_tensor")
        return ServingInputReceiver(parse_example(serialized, feature_spec), {"examples": serialized})
    return receiver


def build_raw_serving_input_receiver_fn(features: Mapping[str, Any], default_batch_size: int | None = None) -> Callable[[], Any]:
    """What receives each feature as it is: placeholders of the dtypes and shapes of tensors, the first size open. ArgumentError: no tensors."""
    types = {}
    for name, x in _by_name("features", features, "feature").items():
        sizes = as_shape(x.shape)
        if sizes == ():
            raise ArgumentError(f"build_raw_serving_input_receiver_fn: {name} is {describe(x)}, a scalar, of shape {shape_str(sizes)}{here()}")
        types[name] = (x.dtype, None if sizes is None else [default_batch_size, *sizes[1:]], isinstance(x, SparseTensor))

    def receiver() -> ServingInputReceiver:
        made = {name: sparse_placeholder(dtype, sizes, name=name) if is_sparse else placeholder(dtype, sizes, name=name)
                for name, (dtype, sizes, is_sparse) in types.items()}
        return ServingInputReceiver(made, dict(made))
    return receiver


_namespace(globals())
