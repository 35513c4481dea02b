"""The four views of a profile: counted operations as a tree of name scopes, of inputs, of operators and of lines, as far as options show it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from ..ir.graph import Graph
from .counting import Counted, Counts
from .records import GraphNodeProto, MultiGraphNodeProto

__all__ = ["Entry", "VIEWS", "shown"]

ROOT = "_TFProfRoot"
# An option's count -> of what it is a part, in `Counts`. There is no accelerator; memory is laid out as a whole, and nothing of it is freed.
_COUNT = {"bytes": "written", "peak_bytes": "written", "residual_bytes": "written", "output_bytes": "written", "micros": "micros",
          "cpu_micros": "micros", "params": "parameters", "float_ops": "float_ops", "occurrence": "definitions"}
_OWN = ("min_params", "min_float_ops")          # minima of what an entry has itself; the others are of it and all below


@dataclass
class Entry:
    """A line of a view: the operations it consists of, and the entries below."""

    name: str
    depth: int
    above: Entry | None
    members: list[Counted] = field(default_factory=list)
    below: list[Entry] = field(default_factory=list)
    accounted: bool = True
    holds: bool = False             # whether it or something below it is accounted
    own: Counts = Counts()
    total: Counts = Counts()


def count(counts: Counts, name: str) -> float:
    """A count by the name that options have for it."""
    return float(getattr(counts, _COUNT[name])) if name in _COUNT else 0.0


# ---------------------------------------------------------------------- trees: entries, each behind the one above it

def _by_scope(graph: Graph, operations: Sequence[Counted]) -> list[Entry]:
    """`a/b/c` below `a/b` below `a`."""
    root = Entry(ROOT, 1, None)
    found, entries = {"": root}, [root]
    for c in operations:
        above, path = root, ""
        for part in c.op.name.split("/"):
            path = f"{path}/{part}" if path else part
            if path not in found:
                found[path] = Entry(path, above.depth + 1, above)
                entries.append(found[path])
            above = found[path]
        above.members.append(c)
    return entries


def _by_inputs(graph: Graph, operations: Sequence[Counted]) -> list[Entry]:
    """An operation below the last one that uses it; those that none uses below the root."""
    known = {c.op.name: c for c in operations}
    root = Entry(ROOT, 1, None)
    entries, seen = [root], set[str]()
    used = {x.op.name for c in operations for x in c.op.inputs} | {x.name for c in operations for x in c.op.control_inputs}
    stack = [(root, c) for c in operations if c.op.name not in used]
    while stack:
        above, c = stack.pop()
        if c.op.name in seen:
            continue
        seen.add(c.op.name)
        entries.append(Entry(c.op.name, above.depth + 1, above, [c]))
        names = [*(x.op.name for x in c.op.inputs), *(x.name for x in c.op.control_inputs)]
        stack += [(entries[-1], known[name]) for name in names if name in known]
    return entries


def _by_group(key: Any) -> Any:
    def grouped(graph: Graph, operations: Sequence[Counted]) -> list[Entry]:
        root = Entry(ROOT, 1, None)
        found: dict[str, Entry] = {}
        for c in operations:
            found.setdefault(key(c), Entry(key(c), 2, root)).members.append(c)
        return [root, *found.values()]
    return grouped


VIEWS: dict[str, Any] = {"scope": _by_scope, "graph": _by_inputs, "op": _by_group(lambda c: c.op.type), "code": _by_group(lambda c: c.line)}


# ---------------------------------------------------------------------- what options show of them

def shown(view: str, graph: Graph, operations: Sequence[Counted], options: Mapping[str, Any]) -> Entry:
    """The root of what a view shows, each entry's children in the order asked for."""
    matches = {key: _matcher(options[key]) for key in options if key.endswith("_regexes")}
    accounted = [c for c in operations if any(map(matches["account_type_regexes"], c.types))]
    entries = VIEWS[view](graph, operations if view == "graph" else accounted)
    counts = {id(c) for c in accounted}
    for e in entries:
        members = [c for c in e.members if id(c) in counts]
        e.accounted, e.members = bool(members) or not e.members, members
        e.own = reduce(Counts.plus, (c.counts for c in members), Counts())
        if view in ("scope", "graph") and not members:
            e.own = Counts(1)           # a scope counts itself, as TensorFlow has it
        e.holds = bool(members)
    for e in reversed(entries):
        e.total = e.total.plus(e.own) if e.accounted else e.total
        if e.above is not None:
            e.above.total = e.above.total.plus(e.total)
            e.above.holds = e.above.holds or e.holds
    return (_chained if view == "op" else _filtered)(_started(entries, matches), options, matches)


def _matcher(patterns: Sequence[str]) -> Any:
    made = [re.compile(p) for p in patterns]
    return lambda name: any(p.fullmatch(name) for p in made)


def _started(entries: list[Entry], matches: Mapping[str, Any]) -> list[Entry]:
    """The root, the first entries on their ways down whose names match, and what is below them down to where it is trimmed."""
    root, kept, trimmed = entries[0], dict[int, bool](), set[int]()
    found = [root]
    for e in entries[1:]:
        assert e.above is not None
        inside = kept.get(id(e.above), False)
        kept[id(e)] = inside or matches["start_name_regexes"](e.name)
        if id(e.above) in trimmed or matches["trim_name_regexes"](e.above.name):
            trimmed.add(id(e))
        if kept[id(e)] and id(e) not in trimmed:
            if not inside:
                e.above = root
            e.depth = e.above.depth + 1
            found.append(e)
    root.total = reduce(Counts.plus, (e.total for e in found[1:] if e.above is root), root.own)
    return found


def _filtered(entries: list[Entry], options: Mapping[str, Any], matches: Mapping[str, Any]) -> Entry:
    """The root with what is shown below it; what is not shown hands on what is below it."""
    for e in reversed(entries):
        e.below = _sorted(e.below, options["order_by"])
        shows = e.above is None or (e.depth <= options["max_depth"] and _shows(e, options, matches))
        if shows and options["account_displayed_op_only"]:
            e.total = reduce(Counts.plus, (b.total for b in e.below), e.own)
        if e.above is not None:
            e.above.below += [e] if shows else e.below
    return entries[0]


def _chained(entries: list[Entry], options: Mapping[str, Any], matches: Mapping[str, Any]) -> Entry:
    """The root with a list of entries below it, each total being of those behind it as well; of `max_depth` n the first is number 0, the last n."""
    root, *rest = entries
    for e in rest:
        e.total = e.own
    rows = _sorted(rest, options["order_by"])
    root.below = [e for i, e in enumerate(rows) if i <= options["max_depth"] and _shows(e, options, matches)]
    total = Counts()
    for e in reversed(root.below if options["account_displayed_op_only"] else [e for e in rows if e.accounted]):
        total = total.plus(e.own)
        e.total = total
    root.total = total
    return root


def _shows(e: Entry, options: Mapping[str, Any], matches: Mapping[str, Any]) -> bool:
    if not e.accounted or not e.holds:
        return False
    if not matches["show_name_regexes"](e.name) or matches["hide_name_regexes"](e.name):
        return False
    minima = ((key, options[key]) for key in options if key.startswith("min_") and options[key])
    return all(count(e.own if key in _OWN else e.total, key.removeprefix("min_")) >= least for key, least in minima)


def _sorted(entries: Iterable[Entry], order: str) -> list[Entry]:
    if order in ("name", "depth"):
        return sorted(entries, key=lambda e: e.name)
    return sorted(entries, key=lambda e: (-count(e.total, order), e.name))


# ---------------------------------------------------------------------- as TensorFlow's messages

def _fields(own: Counts, total: Counts) -> dict[str, Any]:
    """The fields that both messages have."""
    found: dict[str, Any] = {}
    for prefix, c in (("", own), ("total_", total)):
        micros, written = round(c.micros), round(c.written)
        found |= {f"{prefix}exec_micros": micros, f"{prefix}cpu_exec_micros": micros, f"{prefix}parameters": c.parameters,
                  f"{prefix}float_ops": c.float_ops, **{f"{prefix}{key}_bytes": written for key in ("requested", "peak", "residual", "output")}}
    return found


def _single(name: str, own: Counts, total: Counts, members: Sequence[Counted]) -> GraphNodeProto:
    inputs = {i: x.shape for c in members for i, x in enumerate(c.op.inputs) if hasattr(x.type, "shape")}
    return GraphNodeProto(name, run_count=own.runs, total_run_count=total.runs, total_definition_count=total.definitions,
                          devices=sorted({t for c in members for t in c.types if t.startswith("/")}),
                          shapes=[s for c in members for s in c.shapes], input_shapes=inputs, **_fields(own, total))


def as_message(root: Entry, view: str) -> Any:
    """What a view shows, as TensorFlow's message: a tree; of operators a chain, in which each total is of what follows as well."""
    made: dict[int, Any] = {}
    for e in reversed(ordered(root)):
        if view in ("scope", "graph"):
            made[id(e)] = _single(e.name, e.own, e.total, e.members)
        else:
            nodes = [_single(c.op.name, c.counts, c.counts, [c]) for c in e.members]
            made[id(e)] = MultiGraphNodeProto(e.name, graph_nodes=nodes, **_fields(e.own, e.total))
        made[id(e)].children = [made[id(b)] for b in e.below]
    if view != "op":
        return made[id(root)]
    last = None
    for e in reversed(root.below):
        made[id(e)].children = [] if last is None else [last]
        last = made[id(e)]
    made[id(root)].children = [] if last is None else [last]
    return made[id(root)]


def ordered(root: Entry) -> list[Entry]:
    """The entries, each before those below it."""
    found, stack = [], [root]
    while stack:
        found.append(stack.pop())
        stack += reversed(found[-1].below)
    return found
