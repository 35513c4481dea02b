"""Rows of what runs for more than its result: sources, variables, the steps of optimizers, random numbers, checks, summaries."""

from __future__ import annotations

from collections.abc import Iterator

from ...ops import debug, sources, state
from . import forms_arrays as arrays
from . import forms_state as forms
from . import forms_steps as steps
from .rows import Row, same

_IDLE = "-use_locking"
_FLOW = ("-:resource", "flow:float32")


def _changes(word: str) -> Iterator[Row]:
    """The rows that change slices of variables, in one way."""
    yield Row(f"Scatter{word}", forms.scatter(word.lower()), "ref indices:Tindices updates", _IDLE)
    yield Row(f"ResourceScatter{word}", forms.scatter(word.lower()), "ref:resource indices:Tindices updates:dtype", results="-")


def _nd_changes(word: str) -> Iterator[Row]:
    yield Row(f"ScatterNd{word}", forms.scatter(f"nd_{word.lower()}"), "ref indices:Tindices updates", _IDLE)
    yield Row(f"ResourceScatterNd{word}", forms.scatter(f"nd_{word.lower()}"), "ref:resource indices:Tindices updates", _IDLE, "-")


def _steps(rule: steps.Step) -> Iterator[Row]:
    """The rows of one way to move a variable: whole or by rows, as a reference or as a resource."""
    kept, attrs = rule.variables, f"{rule.attrs} {_IDLE}"
    for resource in ("", ":resource")[rule.resource:]:
        prefix, results = ("Resource", "-") if resource else ("", "out")
        before = " ".join(f"{v}{resource}" for v in kept)
        yield Row(f"{prefix}Apply{rule.name}", rule.whole, f"{before} {rule.operands}", attrs, results)
        if rule.sparse:
            yield Row(f"{prefix}SparseApply{rule.name}", rule.by_rows, f"{before} {rule.sparse}", attrs, results)


ROWS = [
    # ------------------------------------------------------------------ sources
    Row("Const", forms.const, "", "value dtype"),
    Row("Placeholder", forms.placeholder, "", "dtype shape"), Row("PlaceholderV2", forms.placeholder, "", "dtype shape"),
    Row("PlaceholderWithDefault", sources.placeholder_with_default, "input:dtype", "shape"),
    # ------------------------------------------------------------------ variables
    *(Row(type, forms.variable, "", "dtype shape -container shared_name") for type in ("VariableV2", "Variable")),
    Row("VarHandleOp", forms.variable, "", "dtype shape -container shared_name -debug_name -allowed_devices"),
    Row("ReadVariableOp", forms.read, "ref:resource", types="dtype"),
    Row("Assign", forms.assign, "ref value", f"validate_shape {_IDLE}"),
    Row("AssignAdd", forms.assign_add, "ref value", _IDLE), Row("AssignSub", forms.assign_sub, "ref value", _IDLE),
    Row("AssignVariableOp", forms.assign, "ref:resource value:dtype", "validate_shape", "-"),
    Row("AssignAddVariableOp", forms.assign_add, "ref:resource value:dtype", "", "-"),
    Row("AssignSubVariableOp", forms.assign_sub, "ref:resource value:dtype", "", "-"),
    Row("IsVariableInitialized", forms.initialised, "ref:dtype"), Row("VarIsInitializedOp", forms.initialised, "ref:resource"),
    Row("VariableShape", forms.variable_shape, "ref:resource", "out_type"),
    Row("DestroyResourceOp", forms.nothing, "ref:resource", "-ignore_lookup_error", "-"),
    Row("ResourceGather", forms.gather_rows, "ref:resource indices:Tindices", "batch_dims -validate_indices", types="dtype"),
    *(row for word in ("Update", "Add", "Sub", "Mul", "Div", "Min", "Max") for row in _changes(word)),
    *(row for word in ("Update", "Add", "Sub") for row in _nd_changes(word)),
    Row("CountUpTo", forms.count_up_to, "ref", "limit"),
    *(row for rule in steps.STEPS for row in _steps(rule)),
    # ------------------------------------------------------------------ arrays of arrays: the handle, and the flow that is the present one
    Row("TensorArrayV3", arrays.made, "size:int32", "dtype element_shape dynamic_size identical_element_shapes -clear_after_read -tensor_array_name",
        "handle flow"),
    Row("TensorArrayReadV3", arrays.read, f"{_FLOW[0]} index:int32 {_FLOW[1]}", types="dtype"),
    Row("TensorArrayWriteV3", arrays.write, f"{_FLOW[0]} index:int32 value {_FLOW[1]}"),
    Row("TensorArrayScatterV3", arrays.scatter, f"{_FLOW[0]} indices:int32 value {_FLOW[1]}"),
    Row("TensorArrayGatherV3", arrays.gather, f"{_FLOW[0]} indices:int32 {_FLOW[1]}", "element_shape", types="dtype"),
    Row("TensorArraySizeV3", arrays.size, " ".join(_FLOW)),
    Row("TensorArrayConcatV3", arrays.concat, " ".join(_FLOW), "-element_shape_except0", "value lengths", "dtype"),
    Row("TensorArraySplitV3", arrays.split, f"{_FLOW[0]} value lengths:int64 {_FLOW[1]}"),
    Row("TensorArrayCloseV3", arrays.close, _FLOW[0], results="-"),
    # ------------------------------------------------------------------ lists of tensors, which are arrays of arrays, each element written once
    Row("TensorListReserve", arrays.reserved, "element_shape:shape_type num_elements:int32", "element_dtype", "handle"),
    Row("TensorListFromTensor", arrays.from_tensor, "tensor:element_dtype element_shape:shape_type", "", "output_handle"),
    Row("TensorListSetItem", arrays.set_item, "input_handle:variant index:int32 item:element_dtype", "-resize_if_index_out_of_bounds",
        "output_handle"),
    Row("TensorListGetItem", arrays.get_item, "input_handle:variant index:int32 element_shape:int32", "", "item", "element_dtype"),
    Row("TensorListStack", arrays.stacked, "input_handle:variant element_shape:int32", "-num_elements", "tensor", "element_dtype"),
    Row("TensorListLength", arrays.length, "input_handle:variant", "", "length"),
    # ------------------------------------------------------------------ order, checks, messages
    Row("NoOp", state.no_op, "", "", "-"), Row("ControlTrigger", state.no_op, "", "", "-"),
    Row("Assert", debug.Assert, "condition:bool **data", "summarize", "-"),
    Row("Print", debug.Print, "input_ **data:U", "message first_n summarize"),
    Row("CheckNumerics", debug.check_numerics, "tensor", "message"),
    # ------------------------------------------------------------------ random numbers
    *same("shape", "dtype seed seed2", RandomUniform=forms.uniform, RandomStandardNormal=forms.normal, TruncatedNormal=forms.truncated),
    Row("RandomUniformInt", forms.uniform_integers, "shape minval!:Tout maxval!:Tout", "seed seed2 Tout=dtype"),
    Row("Multinomial", forms.multinomial, "logits num_samples!:int32", "seed seed2 output_dtype"),
    Row("RandomShuffle", forms.shuffle, "value", "seed seed2"),
    Row("RandomGamma", forms.gamma, "shape:S alpha", "seed seed2"), Row("RandomPoissonV2", forms.poisson, "shape:S rate:R", "seed seed2 dtype"),
    # ------------------------------------------------------------------ summaries
    Row("ScalarSummary", forms.scalar_summary, "tag!:string values"), Row("HistogramSummary", forms.histogram_summary, "tag!:string values"),
    Row("ImageSummary", forms.image_summary, "tag!:string values", "max_images -bad_color"),
    Row("MergeSummary", forms.merge_summary, "*inputs:string"),
]
