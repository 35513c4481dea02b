"""What users pass as a tensor, made a node: a number, an array, a list with tensors in it, a shape; and the operands of a call, all at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, GraphcError, GraphError
from .composite import Composite
from .conversions import CONVERSIONS, converted
from .graph import Graph, get_default_graph
from .node import OPERATORS, Node, Operation, describe, here
from .sizes import has_sizes
from .types import KINDS, Array, TensorShape, TensorType, as_array, as_dtype, exactly, fits


def constant_node(graph: Graph, array: Array, name: str | None = None) -> Node:
    """A constant; the graph keeps a read-only copy."""
    array = np.array(array, copy=True, order="C")
    array.flags.writeable = False
    return graph.add(OPERATORS["constant"], (), {"value": array}, TensorType(array.dtype, array.shape), name)


def bound_node(graph: Graph, sizes: Any, dtype: Any) -> Node:
    """The numbers that sizes have when a plan is bound, as a tensor."""
    value = np.array(sizes, object)
    return graph.add(OPERATORS["bound"], (), {"value": value, "dtype": np.dtype(dtype)}, TensorType(np.dtype(dtype), value.shape), None)


def to_node(value: Any, dtype: Any = None, name: str | None = None, graph: Graph | None = None) -> Node:
    """A node from anything tensor-like. A node stays itself; DTypeError if it has another dtype than asked for."""
    if isinstance(value, Node):
        if dtype is not None and value.type.dtype != as_dtype(dtype).dtype:
            raise DTypeError(f"{describe(value)} is wanted as {as_dtype(dtype).name}; tf.cast converts{here()}")
        if value.operator.name == "variable":
            return value.operator.read(value, get_default_graph())
        return value
    if isinstance(value, Composite):
        return to_node(value.operand(), dtype)
    if CONVERSIONS:
        made = converted(value, None if dtype is None else as_dtype(dtype), name)
        if made is not None:
            return to_node(made)
    if _holds_nodes(value):
        return OPERATORS["stack"]([to_node(v, dtype) for v in value], axis=0, name=name)
    if isinstance(value, TensorShape):
        value = np.array(value.as_list(), np.int32)
    if has_sizes(value):
        return bound_node(graph or get_default_graph(), value, np.int32 if dtype is None else as_dtype(dtype).dtype)
    try:
        return constant_node(graph or get_default_graph(), as_array(value, dtype), name)
    except GraphcError as e:
        raise e.__class__(f"{e}{here()}") from None


def items(node: Node, graph: Graph | None = None) -> list[Node]:
    """A node, of the same graph or another, for each result of one that may have several."""
    if isinstance(node.type, TensorType):
        return [node]
    return [OPERATORS["item"].build(graph or node.graph, (node,), {"index": i}) for i in range(len(node.type))]


def many(what: str, values: Any) -> list[Any]:
    """The members of a list that a function takes; ArgumentError, in its name, for what is none."""
    if isinstance(values, Iterable) and not isinstance(values, (str, bytes, Node)) and getattr(values, "shape", None) != ():
        return list(values)
    said = describe(values) if isinstance(values, Node) else f"{values!r:.60}"
    raise ArgumentError(f"{what} takes a list, not {said}{here()}")


def as_inputs(op: Any, operands: Sequence[Any]) -> tuple[Graph, tuple[Node, ...]]:
    """The operands of a call of an operator as nodes, and the graph they are of: the first tensor's, or the default one.

    DTypeError: what is no tensor; GraphError: tensors of two graphs; in the operator's name, with the user's line.
    """
    graph = get_default_graph()
    if CONVERSIONS:
        operands = [x if (made := None if isinstance(x, Node) else converted(x, None, None)) is None else made for x in operands]
    owner, like = None, None
    for i, x in enumerate(operands):
        if isinstance(x, Operation):
            raise DTypeError(f"{op.name}: {x.name!r} is an operation without a result{here()}")
        if isinstance(x, Node):
            owner = x if owner is None else owner
            if like is None and (i >= len(op.params) or op.params[i] not in op.fixed):
                like = x
    if owner is not None and graph.__class__ is Graph:
        graph = owner.graph
    inputs: list[Node] = []
    for i, x in enumerate(operands):
        if isinstance(x, Node):
            if x.graph is not graph and graph.__class__ is Graph:
                raise GraphError(f"{op.name}: {describe(x)} is of another graph than {describe(inputs[0] if inputs else x)}{here()}")
            if x.type is None or not isinstance(x.type, TensorType):
                raise DTypeError(f"{op.name}: {describe(x)} is not a tensor{here()}")
            inputs.append(x.operator.read(x, graph) if x.operator.name == "variable" else x)
            continue
        fixed = op.fixed.get(op.params[i]) if i < len(op.params) else None
        inputs.append(_constant(op, graph, x, fixed, like if op.weak else None))
    return graph, tuple(inputs)


def _constant(op: Any, graph: Graph, value: Any, fixed: str | None, like: Node | None) -> Node:
    """A constant operand: of its `fixed` dtype, or weak: it takes the dtype of the tensor that it stands beside, if its kind fits."""
    if value is None:
        raise DTypeError(f"{op.name}: an operand is None{here()}")
    if _holds_nodes(value):
        return OPERATORS["stack"](value, axis=0)
    if has_sizes(value):
        beside = like.type.dtype if like is not None and like.type.dtype.kind in "iufc" else np.int32
        return bound_node(graph, value, fixed or beside)
    try:
        return constant_node(graph, _fixed(value, fixed) if fixed is not None else _beside(value, like))
    except GraphcError as e:
        raise e.__class__(f"{op.name}: {e}{here()}") from None


def _fixed(value: Any, dtype: str) -> Array:
    """An array of a dtype; a size or an index that it does not hold stays of its own."""
    array = as_array(value)
    return array if array.dtype.kind in "iu" and not fits(array, np.dtype(dtype)) else as_array(value, dtype)


def _beside(value: Any, like: Node | None) -> Array:
    """An array of a tensor's dtype, where that holds such values; else of the least dtype that holds both, as far as NumPy has one."""
    array = as_array(value)
    if like is None or array.dtype.kind not in KINDS or like.type.dtype.kind not in KINDS:
        return array
    dtype = like.type.dtype
    if KINDS.index(array.dtype.kind) <= KINDS.index(dtype.kind):
        return exactly(value, dtype)                  # not through float32
    if array.dtype.kind in "fc" or dtype.kind == "b":
        least = np.float32 if array.dtype.kind == "f" else np.complex64
        return exactly(value, np.result_type(dtype, array.dtype if dtype.kind == "b" else least))
    return array


def _holds_nodes(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and any(isinstance(v, Node) for v in _leaves(value))


def _leaves(value: Any) -> Iterator[Any]:
    for v in value:
        yield from _leaves(v) if isinstance(v, (list, tuple)) else (v,)
