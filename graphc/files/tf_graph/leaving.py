"""A graph of graphc's as the nodes of TensorFlow's: by the rows of the table, and for what has none by the functions that it is given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import UnimplementedError
from ...ir.node import Node, Operation, describe, here, in_order
from ...ir.types import TEXT, Array, DType, TensorShape, TensorType, as_dtype, as_shape, dtype_name
from .messages import AttrValue, GraphDef, NodeDef, TensorProto, TensorShapeProto
from .rows import FIXED, Operand, Row
from .table import TABLE
from .values import dtype_number

_PRODUCER = 22                  # the version of TensorFlow's graphs that these are written as: that of its first release
_MOST_NAMED = 12                # operators that a message names
# What TensorFlow's operations take where graphc's functions may be called without it.
_WITHOUT: dict[str, Any] = {"on_value": 1, "off_value": 0, "mean": np.zeros(0), "variance": np.zeros(0)}


class Leaving:
    """TensorFlow's nodes of a graph, made from its last nodes back to the first: only what an operation is written with is needed."""

    def __init__(self, nodes: Sequence[Node], own: Mapping[str, Callable[[Leaving, Node], bool | None]]):
        self._own = own
        self.made: dict[Node, list[NodeDef]] = {}   # of each node its parts, and itself
        self.kept: dict[str, Node] = {}             # what cannot leave, by operator
        self._taken = {n.label for n in nodes}
        self._wanted: list[Node] = []
        self._seen: set[Node] = set()
        self._now: Node | None = None

    def written(self, last: Iterable[Node]) -> GraphDef:
        """The graph of some nodes and all that they need. UnimplementedError: all the operators in it that cannot leave."""
        for node in last:
            self.name_of(node)
        while self._wanted:
            self._now = self._wanted.pop()
            self._write(self._now)
        if self.kept:
            named = "; ".join(f"{name}: {describe(node)}" for name, node in [*self.kept.items()][:_MOST_NAMED])
            more = f" and {len(self.kept) - _MOST_NAMED} more" * (len(self.kept) > _MOST_NAMED)
            raise UnimplementedError(f"TensorFlow has no operators for {len(self.kept)} of the graph's: {named}{more}{here()}")
        graph = GraphDef()
        for node in in_order(self.made):
            graph.node.extend(self.made[node])
        graph.versions.producer = _PRODUCER
        return graph

    # ------------------------------------------------------------------ names and constants

    def name_of(self, node: Node) -> str:
        """The tensor of a node as an input of another names it; the node is written, too."""
        first = node.op.node
        if first not in self._seen:
            self._seen.add(first)
            self._wanted.append(first)
        return f"{first.label}:{node.value_index}" if node.type is not None and node.value_index else first.label

    def constant(self, value: Any, dtype: Any, word: str) -> str:
        """A constant of the node that is being written; `word` is the last part of its name."""
        array = np.asarray(value, TEXT if as_dtype(dtype).dtype == TEXT else as_dtype(dtype).dtype)
        return self.add("Const", word, [], value=array, dtype=array.dtype)

    def add(self, op: str, word: str, inputs: Sequence[str], own: bool = False, **attrs: Any) -> str:
        """A node of TensorFlow's; without `word` it is the one that is being written, with its control inputs; `own`: the word is its own."""
        assert self._now is not None
        name = self._now.label
        if word:
            name = base = f"{name}/{word}"
            number = 0
            while name in self._taken and not own:
                number += 1
                name = f"{base}_{number}"
            self._taken.add(name)
        made = NodeDef(name=name, op=op)
        self.made.setdefault(self._now, []).append(made)
        made.input.extend(inputs)
        if not word:
            made.input.extend(f"^{self.name_of(c)}" for c in self._now.control_inputs)
        for key, value in attrs.items():
            if value is not None:
                made.attr[key].CopyFrom(attribute(value))
        return name

    # ------------------------------------------------------------------ a node

    def _write(self, n: Node) -> None:
        standing, name = n.standing, n.operator.name
        row = None if standing is None else TABLE.by_type.get(standing.op)
        if standing is not None and row is not None and self._by_row(n, row, standing.arguments, standing.results):
            return
        if name in self._own and self._own[name](self, n) is not False:
            return
        row = TABLE.by_operator.get(name) or TABLE.by_type.get(n.operator.type_name(n))
        if row is None or not self._by_row(n, row, arguments(n), Operation(n).outputs if standing is None else (n,)):
            self.kept.setdefault(name, n)

    def _by_row(self, n: Node, row: Row, given: Mapping[str, Any], results: Sequence[Any]) -> bool:
        """Write the node by a row, if all that the row asks for is given and nothing else is."""
        asked = {x.name for x in row.inputs if x.name}
        values = {x.name: given.get(x.name, None) for x in row.inputs if x.name}
        values = {k: _WITHOUT.get(k) if v is None else v for k, v in values.items()}
        defaults = _defaults(row)
        more = {k: v for k, v in given.items() if k not in asked and k not in {a.ours for a in row.attributes}}
        missing = any(v is None for v in values.values()) or any(a.ours not in given and a.ours not in defaults for a in row.attributes if a.ours)
        if missing or any(not _same(v, defaults.get(k)) for k, v in more.items()):
            return False
        dtypes = _dtypes(row, values)
        if dtypes is None:
            return False
        for name in row.types.split():
            dtypes.setdefault(name, results[-1].type.dtype)
        for name in (x.dtype for x in row.inputs if x.dtype not in FIXED):
            dtypes.setdefault(name, results[0].type.dtype if name in ("T", "dtype") else np.dtype(np.int32))
        if not _answers(row, dtypes, results):
            return False
        inputs: list[str] = []
        attrs: dict[str, Any] = {k: v for k, v in dtypes.items() if k not in {x.length for x in row.inputs}}
        for x in row.inputs:
            dtype = dtypes.get(x.dtype, x.dtype)
            parts = values[x.name] if x.many else (values[x.name],)
            inputs += [self.name_of(p) if isinstance(p, Node) else self.constant(p, dtype, x.name) for p in parts]
            if x.length:
                attrs[x.length] = len(parts)
        for a in row.attributes:
            value = given.get(a.ours) if a.ours else None
            attrs[a.theirs] = float(value) if isinstance(defaults.get(a.ours), float) and value is not None else _shaped(a.theirs, value)
        self.add(row.type, "", inputs, **attrs)
        return True


def arguments(n: Node) -> dict[str, Any]:
    """What a node was made with, by the names of its operator's parameters; the axes of a reduction over all, as far as they are known."""
    operator = n.operator
    found: dict[str, Any] = {operator.params[0]: n.inputs} if operator.variadic else dict(zip(operator.params, n.inputs, strict=True))
    found |= n.attrs
    if "keepdims" in found and found.get("axis") is None and n.inputs[0].type.rank is not None:
        found["axis"] = tuple(range(n.inputs[0].type.rank))
    return found


def _defaults(row: Row) -> dict[str, Any]:
    return {k: p.default for k, p in inspect.signature(row.make).parameters.items() if p.default is not p.empty}


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, np.ndarray) and not value.ndim:
        return bool(value == default)
    if value is None or value is default:
        return True
    return not isinstance(value, (Node, np.ndarray)) and not isinstance(default, Node) and bool(value == default)


def _dtypes(row: Row, values: Mapping[str, Any]) -> dict[str, np.dtype[Any]] | None:
    """The dtypes of the attributes that tensors say; None if two say different ones, or one must have another."""
    found: dict[str, np.dtype[Any]] = {}
    for x in row.inputs:
        if not x.name or (x.many and not isinstance(values[x.name], tuple)) or (x.many and not x.length):
            return None
        for part in values[x.name] if x.many else (values[x.name],):
            if isinstance(part, Node) and not _agrees(x, part, found):
                return None
    return found


def _agrees(x: Operand, part: Node, found: dict[str, np.dtype[Any]]) -> bool:
    if not isinstance(part.type, TensorType):
        return False
    if x.dtype in FIXED:
        return dtype_name(part.type.dtype) == x.dtype
    return found.setdefault(x.dtype, part.type.dtype) == part.type.dtype


def _answers(row: Row, dtypes: Mapping[str, np.dtype[Any]], results: Sequence[Any]) -> bool:
    """Whether TensorFlow's result has the dtype of the node: NumPy's rules may have widened it."""
    types = {r.type.dtype for r in results if isinstance(r.type, TensorType)}
    if len(types) != 1 or row.types or any(a.theirs in _DTYPES for a in row.attributes):
        return True
    (found,) = types
    return found == np.bool_ or found == TEXT or not dtypes or found in dtypes.values() or any(x.dtype in FIXED for x in row.inputs)


_DTYPES = ("DstT", "dtype", "out_idx", "out_type", "output_dtype", "output_type", "Targmax")


def _shaped(theirs: str, value: Any) -> Any:
    """A value that an attribute has as a shape or a dtype, as one."""
    if value is None or theirs not in ("shape", *_DTYPES):
        return value
    return TensorShape(as_shape(value)) if theirs == "shape" else as_dtype(value)


# ---------------------------------------------------------------------- values of attributes

def attribute(value: Any) -> AttrValue:
    """The message of an attribute's value: a flag, number, text, dtype, shape, tensor, or a list of numbers or texts."""
    if isinstance(value, AttrValue):
        return value
    if isinstance(value, (bool, np.bool_)):
        return AttrValue(b=bool(value))
    if isinstance(value, (int, np.integer)):
        return AttrValue(i=int(value))
    if isinstance(value, (float, np.floating)):
        return AttrValue(f=float(value))
    if isinstance(value, (str, bytes)):
        return AttrValue(s=value.encode() if isinstance(value, str) else value)
    if isinstance(value, (np.dtype, DType)):
        return AttrValue(type=dtype_number(as_dtype(value).name))
    if isinstance(value, TensorShape):
        return AttrValue(shape=shape_message(value))
    if isinstance(value, np.ndarray):
        return AttrValue(tensor=tensor_message(value))
    made = AttrValue()
    parts = [*value]
    if parts and isinstance(parts[0], (str, bytes)):
        made.list.s.extend(p.encode() if isinstance(p, str) else p for p in parts)
    elif parts and isinstance(parts[0], float):
        made.list.f.extend(map(float, parts))
    else:
        made.list.i.extend(map(int, parts))
    return made


def shape_message(shape: TensorShape) -> TensorShapeProto:
    """A shape, -1 for what is not known of it."""
    made = TensorShapeProto()
    if shape.rank is None:
        made.unknown_rank = True
        return made
    for d in shape.as_list():
        made.dim.add(size=-1 if d is None else int(d))
    return made


def tensor_message(array: Array) -> TensorProto:
    """An array: its bytes, or its texts."""
    made = TensorProto(dtype=dtype_number(dtype_name(array.dtype)), tensor_shape=shape_message(TensorShape(array.shape)))
    if array.dtype == TEXT:
        made.string_val.extend(x if isinstance(x, bytes) else str(x).encode() for x in array.reshape(-1))
    else:
        made.tensor_content = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
    return made
