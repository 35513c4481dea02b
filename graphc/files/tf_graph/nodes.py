"""The nodes of a graph or of a function as their names and references say: looked through, before anything is built, for what graphc has not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ...errors import SerializationError, UnimplementedError
from ...ir.node import here
from .messages import FunctionDef, NodeDef
from .rows_outside import is_dataset
from .table import TABLE
from .values import dtype_name

# Operators that write and read checkpoints: sessions and savers do that, so that these are left out with all that waits for them.
SAVING = frozenset({"Save", "SaveV2", "SaveSlices", "Restore", "RestoreV2", "RestoreSlice", "MergeV2Checkpoints", "ShardedFilename"})
CALLS = {"PartitionedCall": ("f",), "StatefulPartitionedCall": ("f",), "If": ("then_branch", "else_branch"),
         "StatelessIf": ("then_branch", "else_branch"), "While": ("cond", "body"), "StatelessWhile": ("cond", "body")}
FLOW = frozenset({"Switch", "RefSwitch", "Merge", "RefMerge", "Enter", "RefEnter", "Exit", "RefExit", "NextIteration", "RefNextIteration",
                  "LoopCond"})
_SEVERAL = {"Switch": ("output_false", "output_true"), "RefSwitch": ("output_false", "output_true"), "Merge": ("output", "value_index"),
            "RefMerge": ("output", "value_index")}
_NUMBERS = {"resource", "variant"}          # dtypes of what is no tensor here, but passes
_SAID = 20                                  # nodes that an error names of each kind


class Ref(NamedTuple):
    """An output of a node."""

    name: str
    output: int


class Parsed(NamedTuple):
    """A node: what it takes, what it waits for, and its message."""

    name: str
    op: str
    inputs: tuple[Ref, ...]
    controls: tuple[str, ...]
    proto: NodeDef


def reference(text: str) -> Ref:
    """`name`, `name:1`. SerializationError: something else."""
    name, colon, index = text.partition(":")
    if not name or colon and not (index.isascii() and index.isdecimal() and len(index) < 8):
        raise SerializationError(f"{text!r:.80} names no output of a node{here()}")
    return Ref(name, int(index or 0))


def parsed(protos: Iterable[NodeDef], arguments: Mapping[str, Any] | None = None) -> dict[str, Parsed]:
    """The nodes by name; in a function, outputs are named by the results of operators. SerializationError: names that are taken or lead nowhere."""
    by_name: dict[str, NodeDef] = {}
    for proto in protos:
        if not proto.name or proto.name in by_name:
            raise SerializationError(f"{proto.name!r:.80} is the name of {'two nodes' if proto.name else 'a node'}{here()}")
        by_name[proto.name] = proto
    found = {}
    for name, proto in by_name.items():
        controls = tuple(i[1:] for i in proto.input if i.startswith("^"))
        texts = [i for i in proto.input if not i.startswith("^")]
        inputs = tuple(reference(t) if arguments is None else inner(t, by_name, arguments) for t in texts)
        for other in (*controls, *(r.name for r in inputs)):
            if other not in by_name and (arguments is None or other not in arguments):
                raise SerializationError(f"{name!r:.80} takes {other!r:.80}, which is not there{here()}")
        found[name] = Parsed(name, proto.op, inputs, controls, proto)
    return found


def inner(text: str, by_name: Mapping[str, NodeDef], arguments: Mapping[str, Any]) -> Ref:
    """A reference within a function: `argument`, or `node:result:0`. SerializationError: it is none."""
    name, *rest = text.split(":")
    if not rest and name in arguments:
        return Ref(name, 0)
    if name not in by_name or len(rest) != 2 or not (rest[1].isascii() and rest[1].isdecimal() and len(rest[1]) < 8):
        raise SerializationError(f"{text!r:.80} names no result of a node of its function{here()}")
    names = results_of(by_name[name].op)
    first = names.index(rest[0]) if rest[0] in names else 0
    return Ref(name, first + int(rest[1]))


def results_of(op: str) -> tuple[str, ...]:
    """The names of an operator's results."""
    if op in _SEVERAL:
        return _SEVERAL[op]
    row = TABLE.by_type.get(op)
    return tuple(n.lstrip("*") for n in row.names) if row is not None else ()


def saving(nodes: Mapping[str, Parsed], library: Mapping[str, FunctionDef]) -> set[str]:
    """The nodes that save or restore, and those that wait for one: what a saver does in their place."""
    saves = _saving_functions(library)
    users: dict[str, list[str]] = {}
    for n in nodes.values():
        for other in (*n.controls, *(r.name for r in n.inputs)):
            users.setdefault(other, []).append(n.name)
    stack = [n.name for n in nodes.values() if n.op in SAVING or any(f in saves for f in called(n.proto))]
    found: set[str] = set()
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack += users.get(name, ())
    return found


def called(proto: NodeDef) -> list[str]:
    """The functions that a node calls."""
    return [proto.attr[a].func.name for a in CALLS.get(proto.op, ()) if a in proto.attr]


def _saving_functions(library: Mapping[str, FunctionDef]) -> set[str]:
    """The functions that save or restore, themselves or by what they call."""
    found = {name for name, f in library.items() if any(n.op in SAVING for n in f.node_def)}
    callers: dict[str, list[str]] = {}
    for name, f in library.items():
        for n in f.node_def:
            for other in called(n):
                callers.setdefault(other, []).append(name)
    stack = list(found)
    while stack:
        for caller in callers.get(stack.pop(), ()):
            if caller not in found:
                found.add(caller)
                stack.append(caller)
    return found


# ---------------------------------------------------------------------- what is not here

def check(nodes: Iterable[NodeDef], library: Mapping[str, FunctionDef]) -> None:
    """UnimplementedError: operators, attributes or dtypes that graphc has not, all of them with their nodes; within called functions, too."""
    unknown: dict[str, list[str]] = {}
    stack, seen = [("", n) for n in nodes], set[str]()
    while stack:
        within, n = stack.pop()
        for what in _lacking(n):
            unknown.setdefault(what, []).append(f"{within}{n.name}")
        for name in called(n):
            if name not in library:
                raise SerializationError(f"{n.name!r:.80} calls the function {name!r:.80}, which is not there{here()}")
            if name not in seen:
                seen.add(name)
                stack += [(f"{name}/", m) for m in library[name].node_def]
    if unknown:
        told = "; ".join(f"{what}: {', '.join(repr(n)[:80] for n in sorted(names)[:_SAID])}{', ...' * (len(names) > _SAID)}"
                         for what, names in sorted(unknown.items()))
        raise UnimplementedError(f"import_graph_def: graphc has not {told}{here()}")


def _lacking(n: NodeDef) -> list[str]:
    if n.op in CALLS or n.op in FLOW or is_dataset(n.op):
        return []
    row = TABLE.by_type.get(n.op)
    if row is None:
        return [f"the operator {n.op[:80]}"]
    named = {a.theirs for a in row.attributes}
    found = [f"the attribute {a[:60]} of {n.op}" for a in n.attr if a not in named and a not in row.dtypes and not a.startswith("_")]
    for a in (*row.dtypes, "dtype", "DstT"):
        if a in n.attr and n.attr[a].type:
            name = dtype_name(n.attr[a].type)
            if name == "bfloat16" or name.startswith(("q", "dtype")):
                found.append(f"the dtype {name} of {n.op}")
    return found
