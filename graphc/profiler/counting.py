"""What each operation of a graph costs: float operations as TensorFlow counts them, numbers of variables, time and bytes of traced runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..cpu.cost import filter_and_result
from ..ir.graph import Graph
from ..ir.node import Node, Operation, loc_str
from ..ir.sizes import all_at_hand
from ..ir.types import TensorType, compatible
from ..ops.state import Variable
from ..runtime.timeline import RunMetadata
from .options import TRAINABLE

DEVICE = "/device:CPU:0"
Shape = tuple[int, ...]
Shapes = dict[str, list[Shape]]          # by operation, as traced runs had them

# By TensorFlow's registry of statistics (python/profiler/internal/flops_registry.py): operations for each element of the result. What it does
# not count, `exp` and the like, counts nothing here.
_PER_ELEMENT = {
    **dict.fromkeys(("Reciprocal Square Log Neg AssignSub AssignAdd Add AddV2 Sub Mul RealDiv Div Maximum Minimum Pow GreaterEqual Greater LessEqual "
                     "Less Equal NotEqual BiasAdd").split(), 1),
    "Rsqrt": 2, "SquaredDifference": 2, "Softmax": 5}
_TWO_IN_ONE = {"clip_by_value": 2}      # operators that are several of TensorFlow's for each element, by their own names
# Of each result of a reduction, beside one for each element but one.
_REDUCTIONS = {"Sum": 0, "Mean": 1, "ArgMax": 0, "ArgMin": 0}


class Unsized(Exception):
    """A shape is known neither in the graph nor from a traced run."""


class Counts(NamedTuple):
    """What is added up: operations, runs of them, microseconds, bytes written, numbers of variables, float operations."""

    definitions: int = 0
    runs: int = 0
    micros: float = 0.0
    written: float = 0.0
    parameters: int = 0
    float_ops: int = 0

    def plus(self, other: Counts) -> Counts:
        """The sums."""
        return Counts._make(map(sum, zip(self, other, strict=True)))


@dataclass
class Counted:
    """An operation with its counts; of TensorFlow's operations that several nodes compute the one that they stand for."""

    op: Operation
    counts: Counts
    types: set[str]
    line: str
    shapes: list[Any]


@dataclass
class Traced:
    """What traced runs tell of operations by name: runs, microseconds, bytes written, and the shapes of the result."""

    runs: dict[str, int]
    micros: dict[str, float]
    written: dict[str, float]
    shapes: Shapes


def owners(graph: Graph) -> dict[str, str]:
    """For each node inside an operation of TensorFlow's that several nodes compute, the name of that operation."""
    found: dict[str, str] = {}
    for node in graph.nodes:
        standing = node.standing
        if standing is None:
            continue
        name, ends = node.op.name, {id(t) for t in standing.inputs}
        seen: set[int] = set()
        stack: list[Node] = [*standing.results]
        while stack:
            part = stack.pop()
            inside = part.label.startswith(f"{name}/") or any(part is r for r in standing.results)
            if id(part) in seen or id(part) in ends or not inside:
                continue
            seen.add(id(part))
            stack += part.inputs
            if part.label != name:
                found.setdefault(part.label, name)
    return found


def traced(runs: Sequence[RunMetadata], owner: dict[str, str]) -> Traced:
    """The means of several traced runs, by operation."""
    found, share = Traced({}, {}, {}, {}), 1 / max(len(runs), 1)
    for run in runs:
        ran: set[str] = set()
        for event in run.events:
            for made in event.work.made if not event.inside else ():        # of a body the step that runs it takes the time
                name = owner.get(made.label, made.label)
                ran.add(name)
                found.micros[name] = found.micros.get(name, 0.0) + share * made.share * (event.end - event.start) / 1e3
                found.written[name] = found.written.get(name, 0.0) + share * event.fraction * made.written
                if made.shape is not None:
                    found.shapes.setdefault(made.label, []).append(made.shape)
        for name in ran:
            found.runs[name] = found.runs.get(name, 0) + 1
    return found


def counted(graph: Graph, runs: Sequence[RunMetadata] = (), log: Iterable[Any] = ()) -> tuple[list[Counted], int]:
    """The operations with their counts, and how many of them lack a shape that their float operations depend on."""
    owner = owners(graph)
    told, said = traced(runs, owner), {e.name: e for e in log}
    inside: dict[str, list[Node]] = {}
    for node in graph.nodes:
        inside.setdefault(owner.get(node.label, node.label), []).append(node)
    found, unsized = [], 0
    for op in graph.get_operations():
        if op.name in owner:
            continue
        entry, floats = said.get(op.name), 0
        try:
            floats = float_ops(op, inside[op.name], told.shapes)
        except Unsized:
            unsized += 1
        variable = op.node if isinstance(op.node, Variable) else None
        size = variable.type.shape if variable is not None and variable.type.known else None
        counts = Counts(1, told.runs.get(op.name, 0), told.micros.get(op.name, 0.0), told.written.get(op.name, 0.0),
                        0 if size is None else math.prod(all_at_hand(size)), (entry.float_ops if entry is not None else 0) or floats)
        types = {op.type, op.device or DEVICE, *([TRAINABLE] if variable is not None and variable.trainable else []),
                 *(entry.types if entry is not None else ())}
        found.append(Counted(op, counts, types, _line(graph, op), [_static(t) for t in op.outputs]))
    return found, unsized


def float_ops(op: Operation, parts: Sequence[Node], shapes: Shapes) -> int:
    """The float operations of an operation, that `parts` compute: by its type, and else of the products of matrices and convolutions in it.

    Unsized: a shape is missing.
    """
    def elements(tensor: Node) -> int:
        return math.prod(_sizes(tensor, shapes))

    rule = _RULES.get(op.type)
    each = _TWO_IN_ONE.get(op.node.operator.name, _PER_ELEMENT.get(op.type))
    if each is not None:
        return each * elements(op.outputs[0])
    if op.type in _REDUCTIONS:
        return elements(op.inputs[0]) + (_REDUCTIONS[op.type] - 1) * elements(op.outputs[0])
    if rule is not None:
        return rule(op, elements)
    return sum(_product(n, elements, shapes) for n in parts)


def _product(n: Node, elements: Callable[[Node], int], shapes: Shapes) -> int:
    """Operations of a product of matrices, 2 m n k, or of a convolution; 0 of anything else."""
    if n.operator.family.multiplies:
        shape = n.inputs[0].type.shape
        inner = shape[-2 if n.attrs["transpose_a"] else -1] if shape is not None else None
        return 2 * elements(n) * (_sizes(n.inputs[0], shapes)[-2 if n.attrs["transpose_a"] else -1] if inner is None else all_at_hand([inner])[0])
    if n.operator.family.convolves:
        w, y = filter_and_result(n)
        return 2 * elements(y) * elements(w) // max(_sizes(w, shapes)[-1], 1)
    return 0


def _sizes(tensor: Node, shapes: Shapes) -> Shape:
    """The shape of a tensor: as the graph has it, or as a traced run had it."""
    if isinstance(tensor.type, TensorType) and tensor.type.known and tensor.type.shape is not None:
        return all_at_hand(tensor.type.shape)
    # What a rewrite has made of an operation may have another shape under its name.
    found = next((s for s in shapes.get(tensor.label, ()) if isinstance(tensor.type, TensorType) and compatible(tensor.type.shape, s)), None)
    if found is None:
        raise Unsized
    return found


def _static(tensor: Node) -> Any:
    return tensor.shape if isinstance(tensor.type, TensorType) else None


def _window(op: Operation) -> int:
    """The elements of a pooling window."""
    assert op.node.standing is not None
    sizes = op.node.standing.arguments["ksize"]
    return math.prod(sizes) if isinstance(sizes, (tuple, list)) else int(sizes) ** 2


def _line(graph: Graph, op: Operation) -> str:
    forward = graph.differentiated(op.name)
    return loc_str(op.node.loc) if forward is None else f"{loc_str(forward.loc)} (gradient)"


_RULES: dict[str, Callable[[Operation, Callable[[Node], int]], int]] = {
    "L2Loss": lambda op, elements: 3 * elements(op.inputs[0]) - 1,
    "AddN": lambda op, elements: elements(op.outputs[0]) * (len(op.inputs) - 1),
    "AvgPool": lambda op, elements: _window(op) * elements(op.outputs[0]),
    "MaxPool": lambda op, elements: _window(op) * elements(op.outputs[0]),
    "Dilation2D": lambda op, elements: 2 * elements(op.outputs[0]) * math.prod(all_at_hand(op.inputs[1].type.shape[:2])),
}

__all__ = ["Counted", "Counts", "counted"]
