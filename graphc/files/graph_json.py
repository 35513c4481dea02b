"""Graphs as JSON text and back: nothing that is read is executed, and what it claims is inferred again and compared.

    {"format": "graphc graph", "version": 1, "nodes": [...], "collections": {...}, ...}

A node is `{"name", "op", "inputs", "type", ...}`; inputs, control inputs and initial values are places in `nodes`, all of them
before the node itself. Values that JSON has no word for are objects with one key: `{"array": ...}`, `{"dtype": "float32"}`,
`{"type": "float32[?,3]"}`, `{"node": 7}`, `{"operation": 7}`, `{"scalar": ...}`, `{"float": "nan"}`, `{"bytes": "YQ=="}`;
`{"outside": "absent"}` stands where a program had a dataset, a queue or a function of Python: what they would bring is fed to a graph that was
read. The body of a loop or a branch is
`{"body": {"parameters": 3, "nodes": [...], "results": [...], "effects": [...]}}`: its nodes, of which so many are its parameters, are
written like those of the graph, with places among themselves.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import GraphcError, SerializationError
from ..ir.body import Body
from ..ir.collecting import GraphKeys
from ..ir.formats import FORMATS
from ..ir.graph import Graph
from ..ir.known import remembering, static_value
from ..ir.node import OPERATORS, Node, Operation, describe, describe_call, type_str
from ..ir.operator import Operator
from ..ir.tensor import Tensor
from ..ir.types import MOST_DIMENSIONS, DType, TensorType, compatible, dtype_name, merge
from ..ops.outside import Absent, Saveable
from ..ops.state import READS, Variable, closure
from .own_objects import Own, of_the_program
from .standing import read_standing, standing_records
from .values import LONGEST, expect, read_array, read_bytes, read_dtype, read_scalar, read_special, read_type, refuse, said, write_array, write_bytes

FORMAT, VERSION = "graphc graph", 1
_STATE = ("variable", "placeholder", "run_number", "initialize", *READS)      # what a body takes as parameters


# ---------------------------------------------------------------------- writing

def to_json(graph: Graph, fetches: Any = None) -> str:
    """The graph as JSON, one node a line; with `fetches` (a tensor, operation or name, or a list of them), only what they need.

    Datasets, queues and the functions of a `py_func` stay with the program. SerializationError: another attribute that is no data, or a
    member of a collection.
    """
    wanted = [] if fetches is None else fetches if isinstance(fetches, (list, tuple)) else [fetches]
    nodes = graph.nodes if fetches is None else closure([graph.as_node(f) for f in wanted])
    return dump(nodes, graph)


def dump(nodes: Sequence[Node], graph: Graph | None = None, strict: bool = True) -> str:
    """Nodes in an order that has inputs first, with what else `graph` knows of them.

    Not `strict`, what is no data is written as text: such a file can be read by people, not by `from_json`.
    """
    write = _Writer(nodes, strict)
    lines = ",\n".join("  " + _text(write.node(n)) for n in nodes)
    parts = [f'"format": {_text(FORMAT)}, "version": {VERSION}', f'"nodes": [\n{lines}\n ]']
    if graph is not None:
        parts += [f'"{key}": {_text(value)}' for key, value in write.rest(graph).items()]
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def _text(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


# Collections of what only the program that made it can use: whoever reads a graph makes these anew.
_OF_THE_PROGRAM = (GraphKeys.SAVERS, GraphKeys.QUEUE_RUNNERS, "iterators")


class _Writer:
    """Values as JSON values; nodes as their places."""

    def __init__(self, nodes: Sequence[Node], strict: bool):
        self.place = {n: i for i, n in enumerate(nodes)}
        self.strict = strict

    def node(self, n: Node) -> dict[str, Any]:
        types = n.type if isinstance(n.type, tuple) and not isinstance(n.type, TensorType) else None
        record: dict[str, Any] = {
            "name": n.label, "op": n.operator.name, "inputs": [self.place[x] for x in n.inputs],
            "type": [str(t) for t in types] if types is not None else None if n.type is None else str(n.type),
        }
        if n.attrs:
            absent = of_the_program(n, self.strict)
            record["attrs"] = {k: {"outside": "absent"} if k == absent else self.value(v, f"{k} of {describe(n)}") for k, v in n.attrs.items()}
        if isinstance(n, Variable):
            if n.constraint is not None and self.strict:
                raise SerializationError(f"{describe(n)} has a constraint, a Python function, which cannot be saved")
            record["initial_value"], record["trainable"] = self.place[n.initial_value], bool(n.trainable)
        if n.gradient is not None:
            record["gradient"] = n.gradient
        if n.control_inputs:
            record["control"] = [self.place[c] for c in n.control_inputs if c in self.place]
        if n.loc is not None:
            record["line"] = list(n.loc)
        return record

    def value(self, v: Any, what: str) -> Any:
        if v is None or isinstance(v, (bool, str)):
            return v
        if isinstance(v, int):
            return int(v)
        if isinstance(v, float) and not isinstance(v, np.generic):
            return v if math.isfinite(v) else {"float": repr(v)}
        if isinstance(v, bytes):
            return {"bytes": write_bytes(v)}
        if isinstance(v, TensorType):
            return {"type": str(v)}
        if isinstance(v, (tuple, list)):
            return [self.value(x, what) for x in v]
        if isinstance(v, (np.dtype, DType)):
            return {"dtype": dtype_name(v) if isinstance(v, np.dtype) else v.name}
        if isinstance(v, (np.ndarray, np.generic)):
            return {"array" if isinstance(v, np.ndarray) else "scalar": write_array(np.asarray(v))}
        if isinstance(v, Body):
            return {"body": self.body(v)}
        node = v.node if isinstance(v, Operation) else v
        if isinstance(node, Node) and node in self.place:
            return {"operation" if isinstance(v, Operation) else "node": self.place[node]}
        if self.strict:
            raise SerializationError(f"{what} is a Python object, {v!r:.80}, which cannot be saved")
        return {"text": node.label if isinstance(node, Node) else getattr(v, "__name__", type(v).__name__)}

    def body(self, body: Body) -> dict[str, Any]:
        """A body: its nodes, parameters first, as the nodes of a graph are written."""
        inner = _Writer([*body.parameters, *body.order], self.strict)
        return {"parameters": len(body.parameters), "nodes": [inner.node(n) for n in inner.place],
                "results": [inner.place[n] for n in body.results], "effects": [inner.place[n] for n in body.effects]}

    def rest(self, graph: Graph) -> dict[str, Any]:
        """Collections, names of variables and the seed, as far as the nodes written have a part in them."""
        kept = {name: [m for m in members if self._kept(m)] for name, members in graph.collections.items() if name not in _OF_THE_PROGRAM}
        variables = {k: v for k, v in graph.variable_store.items() if isinstance(k, str) and v in self.place}
        scopes = {k[1]: v for k, v in graph.variable_store.items() if isinstance(k, tuple)}
        return {
            "collections": {k: [self.value(m, f"a member of collection {k}") for m in v] for k, v in kept.items() if v},
            "standing": standing_records(self.place, self.value),
            "get_variable": {k: self.place[v] for k, v in variables.items()}, "default_scopes": scopes, "seed": graph.seed,
        }

    def _kept(self, member: Any) -> bool:
        node = member.node if isinstance(member, Operation) else member
        return node in self.place if isinstance(node, Node) else not isinstance(node, Saveable)


# ---------------------------------------------------------------------- reading

def from_json(text: str, outside: Own | None = None) -> Graph:
    """The graph that `to_json` wrote, with the program's own objects (`own_objects`) if they are given. SerializationError: any other text."""
    if not isinstance(text, str):
        refuse("the file", f"{said(text)} is not a text")
    try:
        with remembering():
            return _Reader(_parsed(text), outside or {}).graph
    except RecursionError:
        raise SerializationError("the file: lists within lists, too deep") from None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda word: refuse("the file", f"{word} is not JSON"))
    except SerializationError:
        raise
    except ValueError as e:      # malformed, or a number of more than 4300 digits
        raise SerializationError(f"the file: not JSON: {e}"[:LONGEST]) from None


class _Reader:
    """A graph built record by record."""

    outside: Own = {}

    def __init__(self, data: Any, outside: Own):
        self.outside = outside
        expect(data, dict, "the file")
        if data.get("format") != FORMAT:
            refuse("format", f"{said(data.get('format'))} is not {FORMAT!r}")
        if data.get("version") != VERSION:
            refuse("version", f"{said(data.get('version'))} is not {VERSION}, the one this graphc reads")
        self.graph = Graph()
        self.later: list[tuple[Variable, int, str]] = []        # variables whose initial values come behind them, and where those stand
        for i, record in enumerate(expect(data.get("nodes"), list, "nodes")):
            self._add(i, record)
        for variable, place, where in self.later:
            variable.initial_value = initial = self._initial(variable.type, place, where)
            if initial.inputs or initial.control_inputs or initial.operator.name == "variable":
                refuse(f"{where}.initial_value", f"{describe(initial)} comes behind its variable, and needs others")
        self.graph.reserve_names(n.label for n in self.graph.nodes)         # what is added later gets other names, and other scopes
        self._collections(data)

    # ------------------------------------------------------------------ nodes

    def _add(self, i: int, record: Any) -> None:
        where = f"nodes[{i}]"
        expect(record, dict, where)
        label = expect(record.get("name"), str, f"{where}.name")
        where = f"{where} {label[:60]!r}"
        unknown = record.keys() - {"name", "op", "inputs", "attrs", "type", "control", "line", "initial_value", "trainable", "gradient"}
        if unknown:
            refuse(where, f"a node has no {said(min(unknown))}")
        operator = self._operator(record.get("op"), where)
        inputs = self._places(record.get("inputs"), f"{where}.inputs")
        attrs = {k: self._value(v, f"{where}.attrs.{k[:60]}") for k, v in expect(record.get("attrs", {}), dict, f"{where}.attrs").items()}
        attrs |= {k: v for k, v in self.outside.get(label, {}).items() if isinstance(attrs.get(k), Absent)}
        claimed, loc = self._claimed(record.get("type"), f"{where}.type"), _loc(record.get("line"), f"{where}.line")
        control = self._places(record.get("control", []), f"{where}.control")
        if operator.name == "variable":
            node: Node = self._variable(record, claimed, label, loc, where)
        else:
            attrs, inferred = _inferred(operator, inputs, attrs, where)
            node = Tensor(operator, inputs, attrs, _agreed(claimed, inferred, where), label, loc, control, self.graph)
        if "gradient" in record:
            node.gradient = expect(record["gradient"], str, f"{where}.gradient")
        self.graph.adopt(node)
        if operator.name == "initialize":
            attrs["variable"].restore_initializer(node)

    def _operator(self, name: Any, where: str) -> Operator:
        found = OPERATORS.get(expect(name, str, f"{where}.op"))
        if not isinstance(found, Operator):
            refuse(f"{where}.op", f"there is no operator {said(name)}")
        return found

    def _place(self, i: Any, where: str) -> Node:
        if type(i) is not int or not 0 <= i < len(self.graph.nodes):
            refuse(where, f"{said(i)} is not the place of an earlier node")
        return self.graph.nodes[i]

    def _places(self, value: Any, where: str) -> tuple[Node, ...]:
        nodes, count = self.graph.nodes, len(self.graph.nodes)
        if all(type(i) is int and 0 <= i < count for i in expect(value, list, where)):
            return tuple(nodes[i] for i in value)
        return tuple(self._place(i, f"{where}[{k}]") for k, i in enumerate(value))

    def _claimed(self, value: Any, where: str) -> Any:
        if isinstance(value, list):
            return tuple(read_type(t, f"{where}[{i}]") for i, t in enumerate(value))
        return None if value is None else read_type(value, where)

    def _variable(self, record: dict[str, Any], claimed: Any, label: str, loc: Any, where: str) -> Variable:
        place, count = record.get("initial_value"), len(self.graph.nodes)
        trainable = expect(record.get("trainable"), bool, f"{where}.trainable")
        if record.get("inputs") or record.get("attrs") or record.get("control"):
            refuse(where, "a variable has no inputs, attributes or control inputs")
        if type(place) is not int or place <= count or not isinstance(claimed, TensorType):
            return Variable.restored(self.graph, self._initial(claimed, place, where), claimed, trainable, label, loc)
        variable = Variable.restored(self.graph, None, claimed, trainable, label, loc)
        self.later.append((variable, place, where))
        return variable

    def _initial(self, claimed: Any, place: Any, where: str) -> Node:
        """The initial value of a variable of a type; one that was replaced comes behind the variable, and needs nothing itself."""
        initial = self._place(place, f"{where}.initial_value")
        if not isinstance(initial.type, TensorType) or not isinstance(claimed, TensorType) or claimed.dtype != initial.type.dtype \
                or not compatible(claimed.shape, initial.type.shape):
            refuse(f"{where}.type", f"{type_str(claimed)} is not the type of its initial value, {describe(initial)}")
        return initial

    # ------------------------------------------------------------------ values

    def _value(self, v: Any, where: str) -> Any:
        if v is None or isinstance(v, (bool, int, str)):
            return v
        if isinstance(v, float):
            return v if math.isfinite(v) else refuse(where, "the number is too large")
        if isinstance(v, list):
            return tuple(self._value(x, f"{where}[{i}]") for i, x in enumerate(v))
        if len(v) != 1:
            refuse(where, "an object here has one key, its kind")
        (kind, inner), = v.items()
        readers: dict[str, Callable[[Any, str], Any]] = {
            "array": read_array, "scalar": read_scalar, "dtype": read_dtype, "type": read_type, "float": read_special, "bytes": read_bytes,
            "body": self._body, "node": self._place, "operation": lambda i, w: Operation(self._place(i, w)), "outside": _absent,
        }
        if kind not in readers:
            refuse(where, f"{said(kind)} is not a kind of value")
        return readers[kind](inner, where)

    def _body(self, data: Any, where: str) -> Body:
        """A body, whose nodes are looked at as those of a graph are."""
        expect(data, dict, where)
        if data.keys() != {"parameters", "nodes", "results", "effects"}:
            refuse(where, f"a body has parameters, nodes, results and effects, not {said(sorted(data))}")
        inner = _Reader.__new__(_Reader)
        inner.graph, inner.later = Graph(), []
        for i, record in enumerate(expect(data["nodes"], list, f"{where}.nodes")):
            inner._add(i, record)
        nodes, count = inner.graph.nodes, data["parameters"]
        if type(count) is not int or not 0 <= count <= len(nodes):
            refuse(f"{where}.parameters", f"{said(count)} is not a number of its nodes")
        for i, n in enumerate(nodes):
            if n.operator.name in _STATE or n.operator.family.assigns or (n.operator.name == "parameter") != (i < count) or n.control_inputs:
                refuse(f"{where}.nodes[{i}]", f"{describe(n)} stands in no body")
            n.graph = self.graph
        results, effects = (inner._places(data[key], f"{where}.{key}") for key in ("results", "effects"))
        for n in results:
            if not isinstance(n.type, TensorType):
                refuse(f"{where}.results", f"{describe(n)} is no tensor")
        return Body(nodes[:count], results, effects)

    # ------------------------------------------------------------------ the rest

    def _collections(self, data: dict[str, Any]) -> None:
        unknown = data.keys() - {"format", "version", "nodes", "collections", "standing", "get_variable", "default_scopes", "seed"}
        if unknown:
            refuse("the file", f"a graph has no {said(min(unknown))}")
        for name, members in expect(data.get("collections", {}), dict, "collections").items():
            where = f"collections.{name[:60]}"
            self.graph.collections[name] = [self._value(m, f"{where}[{i}]") for i, m in enumerate(expect(members, list, where))]
        for i, record in enumerate(expect(data.get("standing", []), list, "standing")):
            read_standing(record, f"standing[{i}]", self._places, self._value)
        for name, place in expect(data.get("get_variable", {}), dict, "get_variable").items():
            node = self._place(place, f"get_variable.{name[:60]}")
            if not isinstance(node, Variable):
                refuse(f"get_variable.{name[:60]}", f"{describe(node)} is not a variable")
            self.graph.variable_store[name] = node
        for outer, counts in expect(data.get("default_scopes", {}), dict, "default_scopes").items():
            where = f"default_scopes.{outer[:60]}"
            self.graph.variable_store["scopes", outer] = {k: expect(n, int, f"{where}.{k[:60]}") for k, n in expect(counts, dict, where).items()}
        seed = data.get("seed")
        self.graph.seed = None if seed is None else expect(seed, int, "seed")


def _inferred(operator: Operator, inputs: tuple[Node, ...], attrs: dict[str, Any], where: str) -> tuple[dict[str, Any], Any]:
    """The attributes as the operator keeps them, and the type it gives its result."""
    _check_call(operator, inputs, attrs, where)
    types = [x.type for x in inputs]
    try:
        if operator.prepare is not None:
            attrs = operator.prepare(types, **attrs)
        values = [static_value(x) if i in operator.by_value else None for i, x in enumerate(inputs)] if operator.by_value else ()
        inferred = operator.infer(types, values, **attrs)
    except Exception as e:
        # Type rules expect attributes as programs write them; what a file holds may break them in any way.
        why = str(e) if isinstance(e, GraphcError) else f"its attributes do not fit ({type(e).__name__}: {e})"
        raise SerializationError(f"{where}: {describe_call(operator.name, inputs[:8])}: {why}"[:LONGEST]) from None
    for t in (inferred,) if isinstance(inferred, TensorType) else inferred or ():
        if t.rank is not None and t.rank > MOST_DIMENSIONS:
            refuse(where, f"its result has {t.rank} dimensions, more than NumPy's {MOST_DIMENSIONS}")
    return attrs, inferred


def _check_call(operator: Operator, inputs: tuple[Node, ...], attrs: dict[str, Any], where: str) -> None:
    """What building a node in a program would see to, or could not express."""
    if not operator.variadic and len(inputs) != len(operator.params):
        refuse(f"{where}.inputs", f"{operator.name} takes {len(operator.params)}, not {len(inputs)}")
    for x in inputs:
        if isinstance(x.type, TensorType) == operator.family.picks or x.type is None:
            refuse(f"{where}.inputs", f"{operator.name} does not take {describe(x)}")
    if operator.family.assigns and not isinstance(inputs[0], Variable):
        refuse(f"{where}.inputs", f"{operator.name} sets a variable, and {describe(inputs[0])} is none")
    unknown = attrs.keys() - operator.attrs.keys()
    if unknown:
        refuse(f"{where}.attrs", f"{operator.name} has no attribute {said(min(unknown))}")
    if operator.prepare is not None:
        return
    for name, default in operator.attrs.items():
        if name not in attrs:
            refuse(f"{where}.attrs", f"{operator.name} needs {name!r}")
        numbers = (int, float, np.generic)
        kinds = operator.kinds.get(name) or {bool: (bool,), str: (str,), int: numbers, float: numbers}.get(type(default), ())
        value = attrs[name]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            refuse(f"{where}.attrs.{name}", f"{said(value)} is not what {operator.name} takes")


def _agreed(claimed: Any, inferred: Any, where: str) -> Any:
    """The inferred type with what `set_shape` had added to it; SerializationError if the two contradict each other."""
    if isinstance(claimed, TensorType) and isinstance(inferred, TensorType):
        if claimed.dtype == inferred.dtype and compatible(claimed.shape, inferred.shape):
            return TensorType(claimed.dtype, merge(claimed.shape, inferred.shape))
    elif type(claimed) is type(inferred) and (claimed is None or len(claimed) == len(inferred)):
        return None if claimed is None else tuple(_agreed(c, t, where) for c, t in zip(claimed, inferred, strict=True))
    refuse(f"{where}.type", f"{type_str(claimed)} is claimed, the operator gives {type_str(inferred)}")


def _absent(word: Any, where: str) -> Absent:
    return Absent() if word == "absent" else refuse(where, f"{said(word)} is not 'absent'")


def _loc(value: Any, where: str) -> tuple[str, int] | None:
    if value is None:
        return None
    if not isinstance(value, list) or [type(v) for v in value] != [str, int]:
        refuse(where, f"{said(value)} is not a file and a line")
    return value[0], value[1]


__all__ = ["to_json", "from_json"]

FORMATS.to_json, FORMATS.from_json = to_json, from_json
