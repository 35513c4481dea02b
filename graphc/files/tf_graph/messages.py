"""TensorFlow's messages of graphs, models and checkpoints, field by field, as its public `.proto` files number them."""

from __future__ import annotations

from typing import Any

from .message import Message


class TensorShapeProto(Message, dim=("2 *", lambda: Dim), unknown_rank="3 bool"):
    """A shape: sizes, -1 where one is not known."""


class Dim(Message, size="1 int", name="2 string"):
    """A size of a shape."""


class TensorProto(Message, dtype="1 dtype", tensor_shape=("2 ", lambda: TensorShapeProto), version_number="3 int", tensor_content="4 bytes",
                  float_val="5 *float", double_val="6 *double", int_val="7 *int", string_val="8 *bytes", scomplex_val="9 *float",
                  int64_val="10 *int", bool_val="11 *bool", dcomplex_val="12 *double", half_val="13 *int", uint32_val="16 *int",
                  uint64_val="17 *int"):
    """A tensor: its bytes, or its elements, of which the last one stands for all that are left out."""


class ListValue(Message, s="2 *bytes", i="3 *int", f="4 *float", b="5 *bool", type="6 *dtype", shape=("7 *", lambda: TensorShapeProto),
                tensor=("8 *", lambda: TensorProto), func=("9 *", lambda: NameAttrList)):
    """A list of values of one kind."""


class AttrValue(Message, list=("1 ", lambda: ListValue), s="2 bytes", i="3 int", f="4 float", b="5 bool", type="6 dtype",
                shape=("7 ", lambda: TensorShapeProto), tensor=("8 ", lambda: TensorProto), placeholder="9 string",
                func=("10 ", lambda: NameAttrList)):
    """The value of an attribute: one of these fields."""

    ListValue = ListValue


class NameAttrList(Message, name="1 string", attr=("2 map", lambda: AttrValue)):
    """A function, and attributes for it."""


class NodeDef(Message, name="1 string", op="2 string", input="3 *string", device="4 string", attr=("5 map", lambda: AttrValue)):
    """A node: an operator, the outputs of nodes that it takes (`name`, `name:1`, `^name` for order alone), and its attributes."""


class VersionDef(Message, producer="1 int", min_consumer="2 int", bad_consumers="3 *int"):
    """The version of TensorFlow's graphs that wrote one, and the oldest that reads it."""


class ArgDef(Message, name="1 string", description="2 string", type="3 dtype", type_attr="4 string", number_attr="5 string",
             type_list_attr="6 string", is_ref="16 bool"):
    """A parameter or a result of an operator or function."""


class OpDef(Message, name="1 string", input_arg=("2 *", lambda: ArgDef), output_arg=("3 *", lambda: ArgDef), control_output="20 *string",
            is_stateful="17 bool"):
    """What an operator or function takes and gives."""


class FunctionDef(Message, signature=("1 ", lambda: OpDef), node_def=("3 *", lambda: NodeDef), ret="4 map", attr=("5 map", lambda: AttrValue),
                  control_ret="6 map"):
    """A function: nodes, and which of their outputs are its results."""


class FunctionDefLibrary(Message, function=("1 *", lambda: FunctionDef)):
    """Functions."""


class GraphDef(Message, node=("1 *", lambda: NodeDef), library=("2 ", lambda: FunctionDefLibrary), version="3 int",
               versions=("4 ", lambda: VersionDef)):
    """A graph: nodes, and the functions that they call."""


class SaverDef(Message, filename_tensor_name="1 string", save_tensor_name="2 string", restore_op_name="3 string", max_to_keep="4 int",
               sharded="5 bool", keep_checkpoint_every_n_hours="6 float", version="7 format"):
    """The operations of a graph that save and restore its variables. `version`: the format of checkpoints, `LEGACY`, `V1` or `V2`."""

    LEGACY, V1, V2 = 0, 1, 2


class Strings(Message, value="1 *string"):
    """Names."""


class Texts(Message, value="1 *bytes"):
    """Bytes: most often messages."""


class Integers(Message, value="1 *int"):
    """Whole numbers."""


class Floats(Message, value="1 *float"):
    """Numbers."""


class Any_(Message, type_url="1 string", value="2 bytes"):
    """A message of any kind: which, and its bytes."""


class Anys(Message, value=("1 *", lambda: Any_)):
    """Messages of any kinds."""


class CollectionDef(Message, node_list=("1 ", lambda: Strings), bytes_list=("2 ", lambda: Texts), int64_list=("3 ", lambda: Integers),
                    float_list=("4 ", lambda: Floats), any_list=("5 ", lambda: Anys)):
    """A collection of a graph: nodes by name, or values."""


class VariableDef(Message, variable_name="1 string", initializer_name="2 string", snapshot_name="3 string", is_resource="5 bool",
                  initial_value_name="6 string", trainable="7 bool"):
    """A variable of a collection: the names of its node, of what sets it to its initial value, and of that."""


class CooSparse(Message, values_tensor_name="1 string", indices_tensor_name="2 string", dense_shape_tensor_name="3 string"):
    """The names of the three parts of a sparse tensor."""


class TensorInfo(Message, name="1 string", dtype="2 dtype", tensor_shape=("3 ", lambda: TensorShapeProto), coo_sparse=("4 ", lambda: CooSparse)):
    """A tensor of a signature."""


class SignatureDef(Message, inputs=("1 map", lambda: TensorInfo), outputs=("2 map", lambda: TensorInfo), method_name="3 string"):
    """A signature: inputs and outputs by the names of those who use it."""


class AssetFileDef(Message, tensor_info=("1 ", lambda: TensorInfo), filename="2 string"):
    """A file of a saved model, and the tensor that takes its path."""


class MetaInfoDef(Message, meta_graph_version="1 string", tags="4 *string", tensorflow_version="5 string",
                  tensorflow_git_version="6 string", stripped_default_attrs="7 bool"):
    """What wrote a graph, and the tags it has in a saved model."""


class MetaGraphDef(Message, meta_info_def=("1 ", lambda: MetaInfoDef), graph_def=("2 ", lambda: GraphDef), saver_def=("3 ", lambda: SaverDef),
                   collection_def=("4 map", lambda: CollectionDef), signature_def=("5 map", lambda: SignatureDef),
                   asset_file_def=("6 *", lambda: AssetFileDef)):
    """A graph with what a program knows of it: collections, the operations that save it, signatures.

    `own`: graphc's JSON in the place of a graph that TensorFlow has not all operators for; its bytes are those of the JSON.
    """

    @property
    def own(self) -> str | None:
        """The JSON, or None."""
        text: str | None = self.__dict__.get("_own")
        return text

    def put_own(self, text: str | None) -> None:
        """Hold the JSON of a graph."""
        self.__dict__["_own"] = text

    def SerializeToString(self, deterministic: bool = True) -> bytes:
        return self.own.encode("utf-8", "surrogatepass") if self.own is not None else super().SerializeToString()

    def MergeFromString(self, serialized: Any) -> int:
        """Take what bytes hold, TensorFlow's or graphc's JSON; their number. SerializationError: they are none of such a message."""
        if bytes(serialized[:1]) == b"{":
            self.put_own(bytes(serialized).decode("utf-8", "surrogatepass"))
            return len(serialized)
        return super().MergeFromString(serialized)

    def MergeFrom(self, other: Any) -> None:
        super().MergeFrom(other)
        self.put_own(other.own if isinstance(other, MetaGraphDef) else self.own)

    def Clear(self) -> None:
        super().Clear()
        self.put_own(None)

    def __str__(self) -> str:
        return super().__str__() if self.own is None else self.own


class SavedModel(Message, saved_model_schema_version="1 int", meta_graphs=("2 *", lambda: MetaGraphDef)):
    """The graphs of a saved model."""


# ---------------------------------------------------------------------- the objects of a checkpoint (`trackable_object_graph.proto`)

class ObjectReference(Message, node_id="1 int", local_name="2 string"):
    """An object that another one holds, and by which name."""


class SerializedTensor(Message, name="1 string", full_name="2 string", checkpoint_key="3 string", optional_restore="4 bool"):
    """A value of an object: what it is to the object, the variable's own name, and the name in the checkpoint."""


class SlotVariableReference(Message, original_variable_node_id="1 int", slot_name="2 string", slot_variable_node_id="3 int"):
    """A variable that an optimizer keeps beside another one."""


class TrackableObject(Message, children=("1 *", lambda: ObjectReference), attributes=("2 *", lambda: SerializedTensor),
                      slot_variables=("3 *", lambda: SlotVariableReference)):
    """An object: what it holds, its values, and, of an optimizer, what it keeps beside variables."""


class TrackableObjectGraph(Message, nodes=("1 *", lambda: TrackableObject)):
    """The objects of a checkpoint, of which the first holds all others, directly or not."""
