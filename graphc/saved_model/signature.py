"""Signatures: names of a model's inputs and outputs for those who use it, and the tensors of its graph that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import DTypeError
from ..files.graph_def import GraphDef
from ..files.tf_graph import messages
from ..files.tf_graph.values import dtype, shape
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Node, here
from ..ir.types import DType, TensorShape, TensorType, as_dtype, string
from ..ops.sparse_tensor import SparseTensor
from .signature_constants import (
    CLASSIFY_INPUTS,
    CLASSIFY_METHOD_NAME,
    CLASSIFY_OUTPUT_CLASSES,
    CLASSIFY_OUTPUT_SCORES,
    PREDICT_METHOD_NAME,
    REGRESS_INPUTS,
    REGRESS_METHOD_NAME,
    REGRESS_OUTPUTS,
)

__all__ = ["MetaGraphDef", "SignatureDef", "TensorInfo", "build_signature_def", "build_tensor_info", "classification_signature_def",
           "get_tensor_from_tensor_info", "is_valid_signature", "predict_signature_def", "regression_signature_def"]


@dataclass
class SparseInfo:
    """The names of the three tensors of a sparse one."""

    values_tensor_name: str
    indices_tensor_name: str
    dense_shape_tensor_name: str


@dataclass
class TensorInfo:
    """What a signature says of a tensor: its name in the graph, dtype and shape; of a sparse one the names of its three parts, `coo_sparse`."""

    name: str
    dtype: DType
    tensor_shape: TensorShape
    coo_sparse: SparseInfo | None = None


@dataclass
class SignatureDef:
    """A signature: inputs and outputs by the names that a client uses, and what kind of use it is."""

    inputs: dict[str, TensorInfo] = field(default_factory=dict)
    outputs: dict[str, TensorInfo] = field(default_factory=dict)
    method_name: str = ""


@dataclass
class MetaInfo:
    """The tags of a graph."""

    tags: list[str]


@dataclass
class MetaGraphDef:
    """A graph that was loaded: its signatures by key, and its tags."""

    graph: Graph
    signature_def: dict[str, SignatureDef]
    meta_info_def: MetaInfo

    @property
    def graph_def(self) -> GraphDef:
        """The nodes of the graph."""
        return GraphDef(self.graph)


def build_tensor_info(tensor: Any) -> TensorInfo:
    """What a signature says of a tensor. DTypeError: it is none.

    >>> info = tf.saved_model.build_tensor_info(tf.placeholder(tf.float32, [None, 3], name="x"))
    >>> info.name, info.dtype.name, info.tensor_shape.as_list()
    ('x:0', 'float32', [None, 3])
    """
    if isinstance(tensor, SparseTensor):
        parts = SparseInfo(tensor.values.name, tensor.indices.name, tensor.dense_shape.name)
        return TensorInfo("", tensor.dtype, tensor.get_shape(), parts)
    if not isinstance(tensor, Node) or not isinstance(tensor.type, TensorType):
        raise DTypeError(f"build_tensor_info takes a tensor, not {tensor!r:.80}{here()}")
    return TensorInfo(tensor.name, as_dtype(tensor.type.dtype), TensorShape(tensor.type.shape))


def get_tensor_from_tensor_info(tensor_info: TensorInfo, graph: Graph | None = None, import_scope: str | None = None) -> Any:
    """The tensor that a signature speaks of, in a graph (the default one), behind a scope. GraphError: it is not there."""
    within = graph or get_default_graph()

    def found(name: str) -> Any:
        return within.as_graph_element(f"{import_scope}/{name}" if import_scope else name)
    if tensor_info.coo_sparse is not None:
        parts = tensor_info.coo_sparse
        return SparseTensor(found(parts.indices_tensor_name), found(parts.values_tensor_name), found(parts.dense_shape_tensor_name))
    return found(tensor_info.name)


def build_signature_def(inputs: Mapping[str, TensorInfo] | None = None, outputs: Mapping[str, TensorInfo] | None = None,
                        method_name: str | None = None) -> SignatureDef:
    """A signature of what `build_tensor_info` says of inputs and outputs."""
    return SignatureDef(dict(inputs or {}), dict(outputs or {}), method_name or "")


def predict_signature_def(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> SignatureDef:
    """The signature of a prediction: any tensors by any names. DTypeError: no inputs, or no outputs, or no tensors.

    >>> x = tf.placeholder(tf.float32, [], name="x")
    >>> tf.saved_model.predict_signature_def({"x": x}, {"y": x * 2.0}).method_name
    'tensorflow/serving/predict'
    """
    for what, given in (("inputs", inputs), ("outputs", outputs)):
        if not isinstance(given, Mapping) or not given:
            raise DTypeError(f"predict_signature_def: {what} is a dict of tensors by name, not {given!r:.80}{here()}")
    return _of(inputs, outputs, PREDICT_METHOD_NAME)


def _of(inputs: Mapping[str, Any], outputs: Mapping[str, Any], method: str) -> SignatureDef:
    taken, made = ({key: build_tensor_info(t) for key, t in given.items()} for given in (inputs, outputs))
    return SignatureDef(taken, made, method)


def regression_signature_def(examples: Any, predictions: Any) -> SignatureDef:
    """The signature of a regression: serialised examples, and a number for each. DTypeError: examples are no texts, predictions not float32."""
    _dtype_is("regression_signature_def: examples", examples, "string")
    _dtype_is("regression_signature_def: predictions", predictions, "float32")
    return _of({REGRESS_INPUTS: examples}, {REGRESS_OUTPUTS: predictions}, REGRESS_METHOD_NAME)


def classification_signature_def(examples: Any, classes: Any, scores: Any) -> SignatureDef:
    """The signature of a classification: serialised examples, the classes' names, their scores, or one of these.

    DTypeError: examples or classes are no texts, scores not float32, or neither is given.
    """
    _dtype_is("classification_signature_def: examples", examples, "string")
    outputs = {}
    for name, kind, given in ((CLASSIFY_OUTPUT_CLASSES, "string", classes), (CLASSIFY_OUTPUT_SCORES, "float32", scores)):
        if given is not None:
            _dtype_is(f"classification_signature_def: {name}", given, kind)
            outputs[name] = given
    if not outputs:
        raise DTypeError(f"classification_signature_def: neither classes nor scores are given{here()}")
    return _of({CLASSIFY_INPUTS: examples}, outputs, CLASSIFY_METHOD_NAME)


def _dtype_is(what: str, tensor: Any, name: str) -> None:
    if build_tensor_info(tensor).dtype.name != name:
        raise DTypeError(f"{what} is of dtype {name}, not {build_tensor_info(tensor).dtype.name}{here()}")


def is_valid_signature(signature_def: SignatureDef) -> bool:
    """Whether a signature has the inputs and outputs that its method asks for."""
    inputs, outputs, method = signature_def.inputs, signature_def.outputs, signature_def.method_name
    if method == PREDICT_METHOD_NAME:
        return bool(inputs) and bool(outputs)
    if method == REGRESS_METHOD_NAME:
        return inputs.keys() == {REGRESS_INPUTS} and inputs[REGRESS_INPUTS].dtype == string and outputs.keys() == {REGRESS_OUTPUTS}
    if method == CLASSIFY_METHOD_NAME:
        return inputs.keys() == {CLASSIFY_INPUTS} and inputs[CLASSIFY_INPUTS].dtype == string and bool(outputs) \
            and outputs.keys() <= {CLASSIFY_OUTPUT_CLASSES, CLASSIFY_OUTPUT_SCORES}
    return False


# ---------------------------------------------------------------------- as data

def as_data(signature: SignatureDef) -> dict[str, Any]:
    """A signature as a file has it. DTypeError: it is none."""
    if not isinstance(signature, SignatureDef):
        raise DTypeError(f"{signature!r:.80} is no signature; build_signature_def and predict_signature_def make some{here()}")

    def told(info: TensorInfo) -> dict[str, Any]:
        parts = info.coo_sparse
        names = [info.name] if parts is None else [parts.values_tensor_name, parts.indices_tensor_name, parts.dense_shape_tensor_name]
        shape = info.tensor_shape.as_list() if info.tensor_shape.ndims is not None else None
        return {"names": names, "dtype": info.dtype.name, "shape": shape}
    return {"inputs": {k: told(i) for k, i in signature.inputs.items()}, "outputs": {k: told(i) for k, i in signature.outputs.items()},
            "method_name": signature.method_name}


def of_data(data: Mapping[str, Any]) -> SignatureDef:
    """The signature that a file has."""
    def info(told: Mapping[str, Any]) -> TensorInfo:
        names = told["names"]
        return TensorInfo(names[0] if len(names) == 1 else "", as_dtype(told["dtype"]), TensorShape(told["shape"]),
                          SparseInfo(*names) if len(names) == 3 else None)
    return SignatureDef({k: info(t) for k, t in data["inputs"].items()}, {k: info(t) for k, t in data["outputs"].items()}, data["method_name"])


def of_message(signature: messages.SignatureDef) -> SignatureDef:
    """The signature that a model of TensorFlow's has. DTypeError, SerializationError: of a tensor that graphc has not."""
    def info(told: messages.TensorInfo) -> TensorInfo:
        names = told.coo_sparse.values_tensor_name, told.coo_sparse.indices_tensor_name, told.coo_sparse.dense_shape_tensor_name
        sparse = SparseInfo(*names) if told.HasField("coo_sparse") else None
        return TensorInfo(told.name, dtype(told.dtype), shape(told.tensor_shape), sparse)
    return SignatureDef({k: info(t) for k, t in signature.inputs.items()}, {k: info(t) for k, t in signature.outputs.items()},
                        signature.method_name)
