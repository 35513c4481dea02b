"""One self-contained HTML page about a compiled run: its graph before and after each pass, kernels, memory, and where the time goes."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np

from ..compiler.groups import Group
from ..cpu.program import Program
from ..cpu.tracing import Event, RunOptions
from ..ir.named import named
from ..ir.node import Node, loc_str, type_str
from ..ops.state import closure
from ..runtime.timeline import RunMetadata, by_call, iterations, write
from .explain.records import trips_text

MOST_CHILDREN = 60          # boxes in one group of the picture; larger scopes are cut into runs of so many
HUES = 12                   # colours that kernels' borders take in turn, as main.js counts them
SHOWN_TEXT = 2000           # characters of a name or attribute that the page holds


def page(title: str, data: Mapping[str, Any]) -> str:
    """The page's text. Everything in it that users wrote is JSON in a script of type application/json, with every `<` escaped."""
    web = files(__package__) / "web"
    text = _json(data).replace("<", "\\u003c")
    shown = "".join(f"&#{ord(c)};" if c in "<>&\"'" else c for c in title)
    script = (web / "bundle.js").read_text(encoding="utf-8")
    hues = "".join(f"#graph .hue{i} path {{ stroke: hsl({i * 150 % 360}, 60%, 55%); stroke-width: 2.5; }}\n" for i in range(HUES))
    return Template((web / "page.html").read_text(encoding="utf-8")).substitute(title=shown, hues=hues, data=text, script=script)


def _json(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


class Stages:
    """The graph at each stage of a compilation, as the page draws it; a node is the same number in every stage it is part of."""

    def __init__(self, partners: Mapping[str, Sequence[str]]):
        self.numbers: dict[Node, int] = {}
        self.rows: dict[str, int] = {}      # what is said of a node, as JSON, and its place: most stages say the same
        self.stages: list[dict[str, Any]] = []
        self.partners = partners            # label of a node -> labels of its gradients
        self.forward = {g: f for f, gs in partners.items() for g in gs}

    def number(self, node: Node) -> int:
        return self.numbers.setdefault(node, len(self.numbers))

    def add(self, title: str, changes: str, nodes: Sequence[Node], kernels: Mapping[Node, int]) -> None:
        """One more stage; `kernels[node]` is the kernel that computes it."""
        groups = _Groups()
        present = set(nodes)
        where = groups.place([n.label for n in nodes])
        by_label: dict[str, list[int]] = {}
        for n in nodes:
            by_label.setdefault(n.label, []).append(self.number(n))
        rows = [_json(self._row(n, present, kernels.get(n), by_label)) for n in nodes]
        self.stages.append({"title": title, "changes": changes, "rows": [self.rows.setdefault(row, len(self.rows)) for row in rows],
                            "where": where, "groups": groups.found})

    def _row(self, n: Node, present: set[Node], kernel: int | None, by_label: Mapping[str, list[int]]) -> dict[str, Any]:
        partners = [i for label in self._partners_of(n.label) for i in by_label.get(label, ())]
        shape = type_str(named(n))
        return {"id": self.number(n), "name": n.name[:SHOWN_TEXT], "title": n.label.rpartition("/")[2][-SHOWN_TEXT:] or n.label[:SHOWN_TEXT],
                "operator": n.operator.name, "type": shape[:SHOWN_TEXT], "shape": shape[:40], "line": "" if n.loc is None else loc_str(n.loc),
                "inputs": [self.number(x) for x in n.inputs if x in present], "controls": [self.number(x) for x in n.control_inputs if x in present],
                "kernel": kernel, "partners": partners, "isGradient": n.label in self.forward,
                "attributes": {k: _shown(v) for k, v in n.attrs.items() if k not in ("variable", "type")}}

    def _partners_of(self, label: str) -> Iterable[str]:
        return self.partners.get(label, ()) if label not in self.forward else (self.forward[label],)


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size > 8:
        return f"array of shape {value.shape}, from {value.min()} to {value.max()}" if value.dtype.kind in "iuf" else f"array of shape {value.shape}"
    return repr(value)[:SHOWN_TEXT]


class _Groups:
    """Name scopes as nested boxes, none with more than MOST_CHILDREN children: a flat graph of thousands of nodes folds too."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []

    def place(self, labels: Sequence[str]) -> list[int | None]:
        """The innermost group of each label; None for those at the top."""
        where: list[int | None] = [None] * len(labels)
        paths = [label.split("/")[:-1] for label in labels]
        self._divide(list(range(len(labels))), 0, None, "", paths, where)
        return where

    def _divide(self, members: list[int], depth: int, parent: int | None, name: str, paths: list[list[str]], where: list[int | None]) -> None:
        # Iterative: scopes may nest as deeply as users like.
        work = [(members, depth, parent, name)]
        while work:
            members, depth, parent, name = work.pop()
            children: dict[tuple[str, int], list[int]] = {}
            for i in members:
                key = (paths[i][depth], -1) if len(paths[i]) > depth else ("", i)
                children.setdefault(key, []).append(i)
            runs = [(parent, list(children.items()))]
            while any(len(run) > MOST_CHILDREN for _, run in runs):
                runs = [part for at, run in runs for part in self._cut(at, run, name)]
            for at, run in runs:
                for (scope, alone), inside in run:
                    if alone >= 0:
                        where[alone] = at
                    else:
                        full = f"{name}{scope}/"
                        work.append((inside, depth + 1, self._group(full, scope, at), full))

    def _cut(self, at: int | None, run: list[Any], name: str) -> list[tuple[int | None, list[Any]]]:
        if len(run) <= MOST_CHILDREN:
            return [(at, run)]
        size = MOST_CHILDREN
        while len(run) > size * MOST_CHILDREN:
            size *= MOST_CHILDREN
        pieces = [run[i:i + size] for i in range(0, len(run), size)]
        return [(self._group(name, f"{i * size} to {i * size + len(piece) - 1}", at), piece) for i, piece in enumerate(pieces)]

    def _group(self, name: str, title: str, parent: int | None) -> int:
        self.found.append({"name": name[:SHOWN_TEXT], "title": title[:SHOWN_TEXT], "parent": parent})
        return len(self.found) - 1


def report(session: Any, fetches: Any, path: Any, feed_dict: Mapping[Any, Any] | None = None, runs: int = 5) -> None:
    """Write one HTML page about `session.run(fetches, feed_dict)` that needs no network.

    It shows the graph before and after each pass (folding by name scope, searchable), of each node its type, line, gradient partners and
    kernel, the kernels' source, the memory over time, and the time of each step, the median of `runs` traced runs (0: none is made).
    Variables and random numbers are put back as they were; Python functions of the graph are called each time. Without `feed_dict` the sizes
    are those with which the same fetches ran last, the values zeros; where data decided some of them, no run is timed.
    Errors: those of `Session.explain` and of the run; InvalidArgumentError: the file cannot be written.
    """
    from .explain import as_run
    explanation = session.explain(fetches, feed_dict)
    call, values, _ = as_run(session.calls, fetches, feed_dict)
    decided = not feed_dict and call.last is not None and call.last.before is not None      # the sizes of a run whose data is not there any more
    events = _timed(session, fetches, dict(zip(call.feeds, values, strict=True)), runs) if explanation.steps and runs > 0 and not decided else []
    data = report_data(session, closure(call.fetches), explanation, events)
    write(path, page(f"graphc: {', '.join(explanation.fetches)}"[:SHOWN_TEXT], data), "report")


def _timed(session: Any, fetches: Any, feed_dict: Mapping[Any, Any], runs: int) -> list[list[Event]]:
    """The events of some traced runs, after which the session is as it was."""
    found, options = [], RunOptions(trace_level=RunOptions.FULL_TRACE)
    with session.values.unchanged():
        for _ in range(runs + 1):                   # the first fills the caches, and is left out
            metadata = RunMetadata()
            session.run(fetches, feed_dict, options=options, run_metadata=metadata)
            found.append(metadata.events)
    return found[1:]


def report_data(session: Any, user_graph: Sequence[Node], explanation: Any, runs: Sequence[Sequence[Event]]) -> dict[str, Any]:
    """What the page shows, in JSON's types."""
    partners: dict[str, list[str]] = {}
    for node, found in session.graph.gradients_of.items():
        partners.setdefault(node.label, []).extend(dict.fromkeys(g.label for g in found if g is not node))
    stages, program = Stages(partners), explanation.program
    kernels = _kernel_of(program, explanation.steps) if program is not None else {}
    by_label = {n.label: k for n, k in kernels.items()}
    listed = [("as written", "", user_graph)]
    changes = {p.name: p.diff or "nothing" for p in explanation.passes}
    listed += [(name, changes.get(name, "sizes are known, variables are plain values, composite operators are written out"), nodes)
               for name, nodes in explanation.stages]
    if program is not None:
        listed.append(("scheduled", "copies where a view will not do; the colour of a frame is its kernel", program.plan.order))
    for title, text, nodes in listed:
        stages.add(title, text[:200_000], nodes, {n: by_label[n.label] for n in nodes if n.label in by_label})
    return {"rows": [json.loads(row) for row in stages.rows], "stages": stages.stages,
            "kernels": _kernels(explanation, stages, kernels), "memory": _memory(explanation, stages, program),
            "steps": _steps(explanation, runs), "facts": _facts(explanation, runs)}


def _kernel_of(program: Program, steps: Sequence[Any]) -> dict[Node, int]:
    found = {}
    for where, step in zip(program.origins, steps, strict=True):
        if step.kernel is not None:
            found.update(dict.fromkeys(where.members if isinstance(where, Group) else [where.node], step.kernel))
    return found


def _kernels(explanation: Any, stages: Stages, kernels: Mapping[Node, int]) -> list[dict[str, Any]]:
    rows = []
    for i, k in enumerate(explanation.kernels):
        vector = "a library's routine" if k.vectorised is None else f"{k.packed_instructions} packed instructions" if k.vectorised else "scalar"
        came = "" if not k.source else ", from the cache" if k.from_cache else f", compiled in {k.compile_seconds:.2f} s"
        steps = f"{k.calls} step{'s' * (k.calls != 1)}"
        rows.append({"title": f"{i}: {k.title}"[:SHOWN_TEXT], "summary": f"{vector}{came}, {steps}", "source": k.source,
                     "nodes": [stages.number(n) for n, own in kernels.items() if own == i]})
    return rows


def _memory(explanation: Any, stages: Stages, program: Program | None) -> dict[str, Any]:
    numbers = {n.label: stages.number(n) for n in (program.plan.order if program is not None else ())}
    rows = [{"name": b.name[:SHOWN_TEXT], "kind": b.kind, "bytes": b.bytes, "offset": b.offset, "first": b.first, "last": b.last,
             "node": numbers.get(b.name)} for b in explanation.buffers]
    return {"buffers": [r for r in rows if r["kind"] == "arena"], "all": rows, "steps": len(explanation.steps), "peak": explanation.arena_bytes}


def _steps(explanation: Any, runs: Sequence[Sequence[Event]]) -> list[dict[str, Any]]:
    """A row a step, behind it those of the bodies that it runs; a call's time is from its first piece's start to its last one's end.

    Of a step the time is that of all its calls in a run, the median over the runs; `iterations` tells of those that it has in a loop, and
    of the trips of a loop. What a step of a body moves and computes is counted once, and its rates are those of a call.
    """
    calls: dict[str, list[list[float]]] = {}            # place of a step -> the seconds of its calls in each run
    trips: dict[str, list[list[float]]] = {}            # "7.body" -> of its iterations
    for events in runs:
        last = max((e.stage for e in events), default=0)          # the program explained: those before it decide its shapes
        present = [e for e in events if e.stage == last and e.step >= 0]
        found: dict[str, list[float]] = {}
        for pieces in by_call(present):
            place = f"{pieces[0].inside}.{pieces[0].step}".lstrip(".")
            found.setdefault(place, []).append((max(e.end for e in pieces) - min(e.start for e in pieces)) / 1e9)
        for to, several in ((calls, found), (trips, iterations(present))):
            for place, took in several.items():
                to.setdefault(place, []).append(took)
    total = sum(statistics.median(map(sum, calls[place])) for place in calls if "." not in place) or 1.0
    rows, left = list[dict[str, Any]](), [("", s) for s in reversed(explanation.steps)]
    while left:
        path, s = left.pop()
        place = f"{path}{s.index}"
        rows.append(_step_row(s, place, calls.get(place, []), trips.get(f"{place}.body", []), total))
        left += [(f"{place}.{name}.", x) for name, inside in reversed(s.bodies.items()) for x in reversed(inside)]
    return rows


def _step_row(s: Any, place: str, calls: Sequence[Sequence[float]], trips: Sequence[Sequence[float]], total: float) -> dict[str, Any]:
    """What the page says of a step, given the seconds of its calls and of a loop's trips in each run."""
    took = statistics.median(map(sum, calls)) if calls else None
    each = None if took is None else took / max(len(calls[-1]), 1)
    moved, inside = s.bytes_read + s.bytes_written, "." in place
    return {"index": place if inside else s.index, "kind": s.kind, "kernel": "" if s.kernel is None else s.kernel,
            "title": ", ".join(s.nodes)[:SHOWN_TEXT], "trips": trips_text(s).strip(" :").removesuffix(", in each"),
            "iterations": _spread(trips or (calls if inside else [])), "microseconds": "" if took is None else round(1e6 * took, 2),
            "share": "" if took is None else round(100 * took / total, 1), "bytes": moved,
            "bandwidth": "" if not each else round(moved / each / 1e9, 2), "flops": "" if not each else round(s.operations / each / 1e9, 2),
            "line": ", ".join(s.lines)[:200]}


def _spread(runs: Sequence[Sequence[float]]) -> str:
    """How long the iterations of the last run took, in microseconds."""
    if not runs or len(runs[-1]) < 2:
        return ""
    took = [1e6 * t for t in runs[-1]]
    return f"{len(took)}: {statistics.median(took):.2f}, {min(took):.2f} to {max(took):.2f}, the longest number {took.index(max(took))}"


def _facts(explanation: Any, runs: Sequence[Sequence[Event]]) -> list[list[str]]:
    total = statistics.median([(max(e.end for e in r) - min(e.start for e in r)) / 1e3 for r in runs]) if runs and runs[0] else None
    return [["fetches", ", ".join(explanation.fetches)[:SHOWN_TEXT]], ["nodes written", str(len(explanation.graph))],
            ["nodes scheduled", str(len(explanation.final))], ["steps", str(len(explanation.steps))], ["kernels", str(len(explanation.kernels))],
            ["threads", str(explanation.threads)], ["memory of temporaries", f"{explanation.arena_bytes} bytes"],
            ["of them needed at once, at most", f"{explanation.live_bytes} bytes"], ["if none were shared", f"{explanation.unshared_bytes} bytes"],
            ["updated in place", ", ".join(explanation.updated_in_place)[:SHOWN_TEXT] or "none"],
            ["time of a run", "not measured" if total is None else f"{total:.1f} microseconds, median of {len(runs)}"]]
