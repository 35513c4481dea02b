"""`tf.core`: the paths of TensorFlow's modules of messages (`..._pb2`) that programs import from; each has the messages that graphc has."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .tf1_names import namespace as _namespace

__all__: list[str] = []

# A module's path | where its messages are, of graphc's | their names.
_MODULES = """
example.example_pb2 | files.example | Example SequenceExample
example.feature_pb2 | files.example | BytesList Feature FeatureList FeatureLists Features FloatList Int64List
framework.attr_value_pb2 | files.tf_graph.messages | AttrValue NameAttrList
framework.function_pb2 | files.tf_graph.messages | FunctionDef FunctionDefLibrary
framework.graph_pb2 | files.graph_def | GraphDef
framework.node_def_pb2 | ir.standing | NodeDef
framework.op_def_pb2 | files.tf_graph.messages | OpDef
framework.step_stats_pb2 | runtime.timeline | DeviceStepStats NodeExecStats StepStats
framework.summary_pb2 | files.event_messages | HistogramProto Summary SummaryDescription SummaryMetadata
framework.tensor_pb2 | files.tf_graph.messages | TensorProto
framework.tensor_shape_pb2 | files.tf_graph.messages | TensorShapeProto
framework.types_pb2 | files.data_types | *
framework.variable_pb2 | files.tf_graph.messages | VariableDef
framework.versions_pb2 | files.tf_graph.messages | VersionDef
protobuf.config_pb2 | runtime.options | GraphOptions OptimizerOptions
protobuf.config_pb2 | runtime.session | ConfigProto GPUOptions
protobuf.config_pb2 | cpu.tracing | RunOptions
protobuf.config_pb2 | runtime.timeline | RunMetadata
protobuf.meta_graph_pb2 | files.tf_graph.messages | AssetFileDef CollectionDef MetaGraphDef SignatureDef TensorInfo
protobuf.rewriter_config_pb2 | runtime.options | RewriterConfig
protobuf.saved_model_pb2 | files.tf_graph.messages | SavedModel
protobuf.saver_pb2 | files.tf_graph.messages | SaverDef
util.event_pb2 | files.event_messages | Event LogMessage SessionLog TaggedRunMetadata
"""


class _Messages(ModuleType):
    """A module of messages, which are found when they are asked for."""

    def __init__(self, path: str):
        super().__init__(f"{__name__}.{path}", f"TensorFlow's tensorflow.core.{path}.")
        self.__path__: list[str] = []
        self._places: list[tuple[str, tuple[str, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        from importlib import import_module
        if not name.startswith("_"):
            for place, names in self._places:
                module = import_module(f"{__package__}.{place}")
                if name in (module.__all__ if names == ("*",) else names):
                    return getattr(module, name)
            inner = sys.modules.get(f"{self.__name__}.{name}")
            if inner is not None:
                return inner
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r:.60}; it has {', '.join(dir(self))}", name=name, obj=self)

    def __dir__(self) -> list[str]:
        return sorted(n for _, names in self._places for n in names)


def _register() -> None:
    for line in _MODULES.strip().splitlines():
        path, place, names = line.split(" | ")
        parts = path.split(".")
        for i in range(len(parts)):
            full = f"{__name__}.{'.'.join(parts[:i + 1])}"
            if full not in sys.modules:
                sys.modules[full] = _Messages(".".join(parts[:i + 1]))
        found = sys.modules[f"{__name__}.{path}"]
        assert isinstance(found, _Messages)
        found._places.append((place, tuple(names.split())))


__path__: list[str] = []
_register()

_namespace(globals())
