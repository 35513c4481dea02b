"""One self-contained HTML page about a compiled run: its graph before and after each pass, kernels, memory, and where the time goes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from .errors import InvalidArgumentError
from .graph import Node, caller, loc_str, type_str

MOST_CHILDREN = 60          # boxes in one group of the picture; larger scopes are cut into runs of so many
HUES = 12                   # colours that kernels' borders take in turn, as main.js counts them
SHOWN_TEXT = 2000           # characters of a name or attribute that the page holds


def page(title: str, data: Mapping[str, Any]) -> str:
    """The page's text. Everything in it that users wrote is JSON in a script of type application/json, with every `<` escaped."""
    web = files(__package__) / "web"
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")
    shown = "".join(f"&#{ord(c)};" if c in "<>&\"'" else c for c in title)
    script = (web / "bundle.js").read_text(encoding="utf-8")
    hues = "".join(f"#graph .hue{i} path {{ stroke: hsl({i * 150 % 360}, 60%, 55%); stroke-width: 2.5; }}\n" for i in range(HUES))
    return Template((web / "page.html").read_text(encoding="utf-8")).substitute(title=shown, hues=hues, data=text, script=script)


class Stages:
    """The graph at each stage of a compilation, as the page draws it; a node is the same number in every stage it is part of."""

    def __init__(self, partners: Mapping[str, Sequence[str]]):
        self.numbers: dict[Node, int] = {}
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
        rows = [self._row(n, group, present, kernels.get(n), by_label) for n, group in zip(nodes, where, strict=True)]
        self.stages.append({"title": title, "changes": changes, "nodes": rows, "groups": groups.found})

    def _row(self, n: Node, group: int | None, present: set[Node], kernel: int | None, by_label: Mapping[str, list[int]]) -> dict[str, Any]:
        partners = [i for label in self._partners_of(n.label) for i in by_label.get(label, ())]
        shape = type_str(n.type)
        return {"id": self.number(n), "name": n.name[:SHOWN_TEXT], "title": n.label.rpartition("/")[2][-SHOWN_TEXT:] or n.label[:SHOWN_TEXT],
                "operator": n.operator.name, "type": shape[:SHOWN_TEXT], "shape": shape[:40], "line": "" if n.loc is None else loc_str(n.loc),
                "inputs": [self.number(x) for x in n.inputs if x in present], "controls": [self.number(x) for x in n.control_inputs if x in present],
                "group": group, "kernel": kernel, "partners": partners, "isGradient": n.label in self.forward,
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


def write(path: Any, text: str) -> None:
    """The text in a file; InvalidArgumentError if it cannot be written."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except (OSError, TypeError, ValueError) as e:
        raise InvalidArgumentError(f"the report cannot be written to {str(path)[:200]!r}: {e}\n  at {loc_str(caller())}") from None
