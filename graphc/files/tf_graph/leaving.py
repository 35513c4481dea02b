"""A graph of graphc's as the nodes of TensorFlow's: by the rows of the table, and for what has none by the functions that it is given."""

from __future__ import annotations

import heapq
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from ...errors import UnimplementedError
from ...ir.body import Body
from ...ir.graph import Scratch
from ...ir.node import Node, describe, here, in_order, reached
from ...ir.types import TEXT, TensorShape, TensorType, as_dtype, as_shape, dtype_name
from ...ops.state import Variable
from ...version import GRAPH_DEF_VERSION
from .leaving_order import wait_for_readers
from .leaving_values import attribute
from .messages import GraphDef, NodeDef
from .rows import FIXED, Operand, Row
from .table import TABLE

_MOST_NAMED = 12                # operators that a message names
_GIVES = {"cond": "Merge", "loop": "Exit"}      # TensorFlow's operation that a branch's or a loop's results come out of
# What TensorFlow's operations take where graphc's functions may be called without it.
_WITHOUT: dict[str, Any] = {"on_value": 1, "off_value": 0, "mean": np.zeros(0), "variance": np.zeros(0)}


class Place:
    """Where nodes are written: in the graph itself, or as a body of it, what is given to that having names already.

    `pivot`: what nodes without inputs wait for, that they belong to the loop or branch. `asked`: of nodes with bodies, which results are taken.
    """

    def __init__(self, owner: Node | None = None, pivot: str = "", given: Mapping[Node, str] | None = None, order: Iterable[Node] = ()):
        self.owner, self.pivot = owner, pivot
        self.names: dict[Node, str] = dict(given or {})
        self.bases: dict[Node, str] = {}            # of loops and branches, which are no nodes of TensorFlow's themselves
        self.results: dict[tuple[Node, int], str] = {}
        self.wanted: list[tuple[int, Node]] = []
        self.seen: set[Node] = set()
        self.asked: dict[Node, set[int]] = {}
        for n in order:
            if n.operator.name == "item":
                self.asked.setdefault(n.inputs[0], set()).add(n.attrs["index"])


class Leaving:
    """TensorFlow's nodes of a graph, made from its last nodes back to the first: only what an operation is written with is needed.

    `own` writes nodes that have no row; `parts` makes nodes of others in the place of one.
    """

    def __init__(self, nodes: Sequence[Node], own: Mapping[str, Callable[[Leaving, Node], bool | None]],
                 parts: Mapping[str, Callable[..., Any]]):
        self._own, self._parts = own, parts
        self.made: dict[Node, list[NodeDef]] = {}   # of each node its parts, and itself
        self.ends: dict[Node, list[str]] = {}       # of loops and branches in the graph itself the operations that come last
        self.kept: dict[str, Node] = {}             # what cannot leave, by operator
        self._taken: set[str] = set()
        self._place = Place()
        self._now: Node | None = None
        self._results = {(n.inputs[0], n.attrs["index"]): n.label for n in reversed(nodes) if n.operator.name == "item" and n.standing is not None}

    def written(self, last: Iterable[Node]) -> GraphDef:
        """The graph of some nodes and all that they need. UnimplementedError: all the operators in it that cannot leave."""
        last = list(last)
        needed = reached(last, _needs)
        self._taken = {n.label for n in needed} | {n.op.name for n in needed} | {*self._results.values()}
        self._place = Place(order=needed)
        for node in last:
            self.name_of(node)
        together = self._together(last)
        self._write_all()
        for owner, names in together.items():
            self._now = owner
            self.put("IdentityN", owner.label, names, T=[as_dtype(t.dtype) for t in owner.type[:len(names)]])
        if self.kept:
            named = "; ".join(f"{name}: {describe(node)}" for name, node in [*self.kept.items()][:_MOST_NAMED])
            more = f" and {len(self.kept) - _MOST_NAMED} more" * (len(self.kept) > _MOST_NAMED)
            raise UnimplementedError(f"TensorFlow has no operators for {len(self.kept)} of the graph's: {named}{more}{here()}")
        wait_for_readers(self.made, self.ends)
        graph = GraphDef()
        for node in in_order(self.made):
            graph.node.extend(self.made[node])
        graph.versions.producer = GRAPH_DEF_VERSION
        return graph

    def _together(self, last: Iterable[Node]) -> dict[Node, list[str]]:
        """The results of loops and branches that are wanted by the names of these, which are no operations of TensorFlow's."""
        found: dict[Node, list[str]] = {}
        for node in last:
            if node.operator.name == "item" and node.standing is None and self._apart(owner := node.inputs[0]):
                count = max(len(found.get(owner, ())), node.attrs["index"] + 1)
                self._place.asked.setdefault(owner, set()).update(range(count))
                found[owner] = [self.result_name(owner, i) for i in range(count)]
        return found

    def within(self, body: Body, given: Mapping[Node, str], pivot: str) -> list[str]:
        """The names of a body's results, its nodes being written for parameters of these names; results wait for its effects."""
        outer, now = self._place, self._now
        self._place = Place(now if outer.owner is None else outer.owner, pivot, given, body.order)
        names = [self.name_of(r) for r in body.results]
        effects = [self.name_of(e) for e in body.effects]
        self._write_all()
        self._place, self._now = outer, now
        waits = [f"^{e.partition(':')[0]}" for e in effects]
        return [self.put("Identity", self.fresh("result"), [name, *waits], T=r.type.dtype) if waits else name
                for name, r in zip(names, body.results, strict=True)]

    def asked(self, node: Node) -> set[int]:
        """Which results of a node are taken."""
        return self._place.asked.get(node, set())

    def _write_all(self) -> None:
        """Write what is wanted, the last first: when a node is written, it is known what others take of it."""
        while self._place.wanted:
            _, self._now = heapq.heappop(self._place.wanted)
            self._write(self._now)

    def end(self, name: str) -> None:
        """Tell an operation that a loop or branch ends with."""
        if self._place.owner is None and self._now is not None:
            self.ends.setdefault(self._now, []).append(name)

    # ------------------------------------------------------------------ names and constants

    def name_of(self, node: Node) -> str:
        """The tensor of a node as an input of another names it; the node is written, too."""
        place = self._place
        if node in place.names:
            return place.names[node]
        owner = node.inputs[0] if node.operator.name == "item" else node
        if self._apart(owner):
            self._want(owner)
            return self.result_name(owner, node.attrs["index"] if owner is not node else 0)
        # Of several results of what has no row each leaves by itself.
        alone = node.standing is not None and len(node.standing.results) > 1 and node.standing.op not in TABLE.by_type
        first = node if alone else node.op.node if place.owner is None else owner
        if first not in place.names:
            own = place.owner is None and first.graph.__class__ is not Scratch
            place.names[first] = first.label if own else self._unique(
                first.label if place.owner is not None else f"{first.label}/{first.operator.label}")
            self._want(first)
        index = 0 if node.type is None or alone else node.value_index if place.owner is None else node.attrs["index"] if owner is not node else 0
        return f"{place.names[first]}:{index}" if index else place.names[first]

    def _apart(self, node: Node) -> bool:
        """Whether the results of a node are operations of TensorFlow's by themselves."""
        return node.operator.drive is not None or node.operator.name in self._parts and node.type.__class__ is tuple

    def _want(self, node: Node) -> None:
        if node not in self._place.seen:
            self._place.seen.add(node)
            heapq.heappush(self._place.wanted, (-node.index, node))

    def result_name(self, node: Node, index: int) -> str:
        """The name of what a loop or branch gives: that of the operation which the program knows it by, or one of its own."""
        place, key = self._place, (node, index)
        if place.owner is None and key in self._results:
            return self._results[key]
        if key not in place.results:
            base = place.bases.get(node) or (node.label if place.owner is None else self._unique(node.label))
            place.bases[node] = base
            place.results[key] = self._unique(f"{base}/{_GIVES.get(node.operator.name, 'result')}")
        return place.results[key]

    def _unique(self, base: str) -> str:
        name, number = base, 0
        while name in self._taken:
            number += 1
            name = f"{base}_{number}"
        self._taken.add(name)
        return name

    def fresh(self, word: str) -> str:
        """A name within that of the node that is being written."""
        return self._unique(f"{self.own_name}/{word}")

    @property
    def own_name(self) -> str:
        """The name of the node that is being written."""
        assert self._now is not None
        return self._place.bases.get(self._now) or self._place.names.get(self._now) or self._now.label

    def constant(self, value: Any, dtype: Any, word: str) -> str:
        """A constant of the node that is being written; `word` is the last part of its name."""
        array = np.asarray(value, TEXT if as_dtype(dtype).dtype == TEXT else as_dtype(dtype).dtype)
        return self.add("Const", word, [], value=array, dtype=array.dtype)

    def add(self, op: str, word: str, inputs: Sequence[str], own: bool = False, **attrs: Any) -> str:
        """A node of TensorFlow's; without `word` it is the one that is being written, with its control inputs; `own`: the word is its own."""
        assert self._now is not None
        if word:
            return self.put(op, f"{self.own_name}/{word}" if own else self.fresh(word), inputs, **attrs)
        return self.put(op, self.own_name, [*inputs, *self.waits()], **attrs)

    def waits(self) -> list[str]:
        """The control inputs of the node that is being written."""
        assert self._now is not None
        return [f"^{self.name_of(c).partition(':')[0]}" for c in self._now.control_inputs] if self._place.owner is None else []

    def put(self, op: str, name: str, inputs: Sequence[str], **attrs: Any) -> str:
        """A node of TensorFlow's of that name."""
        assert self._now is not None
        made = NodeDef(name=name, op=op)
        self.made.setdefault(self._now if self._place.owner is None else self._place.owner, []).append(made)
        made.input.extend(inputs)
        if self._place.pivot and not inputs:
            made.input.append(self._place.pivot)
        for key, value in attrs.items():
            if value is not None:
                made.attr[key].CopyFrom(attribute(value))
        return name

    # ------------------------------------------------------------------ a node

    def _write(self, n: Node) -> None:
        standing, name = n.standing if self._place.owner is None else None, n.operator.name
        row = None if standing is None else TABLE.by_type.get(standing.op)
        if standing is not None and row is not None and self._by_row(n, row, standing.arguments, standing.results):
            return
        if name in self._own and self._own[name](self, n) is not False:
            return
        row = TABLE.by_operator.get(name) or TABLE.by_type.get(n.operator.type_name(n))
        if row is not None and self._by_row(n, row, arguments(n), _results(n) if standing is None else (n,)):
            return
        if not self._in_parts(n):
            self.kept.setdefault(name, n)

    def _in_parts(self, n: Node) -> bool:
        """Write the nodes that may stand in the place of one, of which the last has its name."""
        build = self._parts.get(n.operator.name)
        if build is None:
            return False
        made = self.built(lambda: build(*n.inputs, **n.attrs))
        for index, part in enumerate(made if isinstance(made, tuple) else (made,)):
            if part is None:
                return False
            name = self.result_name(n, index) if isinstance(made, tuple) else self.own_name
            if part.index < n.index or part in self._place.names:
                self.put("Identity", name, [self.name_of(part), *self.waits()], T=part.type.dtype)
                continue
            self._place.names[part] = name
            part.control_inputs = n.control_inputs
            self._want(part)
        return True

    def built(self, build: Callable[[], Any]) -> Any:
        """What a function builds in the place of the node that is being written."""
        scratch = Scratch()
        scratch.place = self._now
        with scratch.as_default():
            return build()

    def seeds(self, n: Node) -> dict[str, int]:
        """TensorFlow's two seeds of a draw: 0 of one that is another in each process."""
        run, key = n.inputs[-2:]
        graph = n.graph if self._place.owner is None else self._place.owner.graph
        if key.operator.name != "constant" or (graph.seed is None and run.attrs.get("stream") in (None, int(key.attrs["value"]))):
            return {"seed": 0, "seed2": 0}
        number = int(key.attrs["value"])
        return {"seed": number & (1 << 31) - 1, "seed2": number >> 31 & (1 << 31) - 1}

    def _by_row(self, n: Node, row: Row, given: Mapping[str, Any], results: Sequence[Any]) -> bool:
        """Write the node by a row, if all that the row asks for is given and nothing else is."""
        asked = {x.name for x in row.inputs if x.name}
        values = {x.name: given.get(x.name, None) for x in row.inputs if x.name}
        values = {k: _WITHOUT.get(k) if v is None else v for k, v in values.items()}
        defaults = _defaults(row.make)
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


def _needs(n: Node) -> list[Node]:
    """What is written with a node."""
    more: list[Node] = [n.initial_value] if isinstance(n, Variable) else [n.attrs["variable"]] if n.operator.name == "initialize" else []
    return [*n.inputs, *n.control_inputs, *more, *(() if n.standing is None else (*n.standing.inputs, n.standing.results[0]))]


def _results(n: Node) -> list[Any]:
    """The results of a node, as far as their types."""
    types = n.type if isinstance(n.type, tuple) and not isinstance(n.type, TensorType) else () if n.type is None else (n.type,)
    return [SimpleNamespace(type=t) for t in types]


def arguments(n: Node) -> dict[str, Any]:
    """What a node was made with, by the names of its operator's parameters; the axes of a reduction over all, as far as they are known."""
    operator = n.operator
    found: dict[str, Any] = {operator.params[0]: n.inputs} if operator.variadic else dict(zip(operator.params, n.inputs, strict=True))
    found |= n.attrs
    if "keepdims" in found and found.get("axis") is None and n.inputs[0].type.rank is not None:
        found["axis"] = tuple(range(n.inputs[0].type.rank))
    return found


@cache
def _defaults(make: Callable[..., Any]) -> Mapping[str, Any]:
    return {k: p.default for k, p in inspect.signature(make).parameters.items() if p.default is not p.empty}


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
