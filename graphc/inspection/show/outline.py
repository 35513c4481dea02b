"""What of a graph is shown: its nodes under names that can be printed, name scopes folded until it is small enough to read."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...errors import FetchError, GraphError
from ...ir.graph import Graph
from ...ir.named import named
from ...ir.node import Node, Operation, here, loc_str, type_str
from ...ir.types import DType, TensorType
from ...ops.state import Variable, closure

LONGEST = 80                 # characters of a name that are shown, of a longer one its ends
FEW = 8                      # elements of a constant that are shown
SERIES = 4                   # scopes that differ in their number, from which they are folded together
LONGEST_CHAIN = 10_000       # characters of a name in which scopes are looked for
_PLAIN = re.compile(r"[^\s\"'#,=()]+\Z")


_FOLDED = "#f5f5f5"             # the colour of what stands for several nodes


class Box(NamedTuple):
    """One thing shown: a node, a folded scope, or what there was no room for."""

    kind: str                      # "node", "scope", "rest"
    name: str                      # printable and unique
    type: str
    what: str                      # the operator, or how many nodes
    operands: tuple[str, ...]      # names of boxes (control inputs with ^ before them), then attributes
    where: str                     # the user's line or lines
    colour: str                    # of the operator's family
    scope: str                     # the open scope it stands in, "" for none

    def line(self) -> str:
        """`tanh_6: float32[?,128] = tanh(add_5)   # train.py:10`"""
        if self.kind == "rest":
            return f"{self.name}   # {self.what} not shown, max_nodes shows more"
        return f"{self.name}: {self.type} = {self.what}({', '.join(self.operands)})   # {self.where}"


class Outline(NamedTuple):
    """Boxes, inputs before users as far as folded scopes allow, and the edges between them."""

    boxes: list[Box]
    edges: list[tuple[int, int, bool]]       # from, to, whether it is a control dependency only
    total: int                               # nodes in all
    hidden: int                              # of them, those in the box "rest"


# ---------------------------------------------------------------------- what is shown

def nodes_of(fetches: Any) -> list[Node]:
    """All nodes of a Graph (or a Session's), or what tensors, operations or nested lists of them need."""
    graph = fetches if isinstance(fetches, Graph) else getattr(fetches, "graph", None) if hasattr(fetches, "make_callable") else None
    if graph is not None:
        return list(graph.nodes)
    return closure(_flat(fetches))


def _flat(fetches: Any) -> list[Node]:
    found: list[Node] = []
    stack = [fetches]
    while stack:
        x = stack.pop()
        if isinstance(x, (Node, Operation)):
            found.append(x.node if isinstance(x, Operation) else x)
        elif isinstance(x, dict):
            stack.extend(reversed(x.values()))
        elif isinstance(x, (list, tuple)):
            stack.extend(reversed(x))
        elif x is not None:
            raise FetchError(f"{x!r:.80} cannot be shown: not a graph, a tensor or an operation{here()}")
    graphs = {n.graph for n in found if n.graph.__class__ is Graph}
    if len(graphs) > 1:
        raise FetchError(f"tensors of different graphs cannot be shown together{here()}")
    return found


# ---------------------------------------------------------------------- names

def shortened(text: str, longest: int = LONGEST) -> str:
    """The text, of a long one both ends and its length."""
    if len(text) <= longest:
        return text
    head = longest * 2 // 3
    return f"{text[:head]}...({len(text)} characters)...{text[head - longest:]}"


def printable(text: str) -> str:
    """The text on one line, shortened, what cannot be printed as an escape."""
    text = shortened(text)
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in text)


def quoted(text: str) -> str:
    """A name, in quotation marks if it would not be read as one word."""
    shown = printable(text)
    return shown if _PLAIN.match(shown) else '"' + shown.replace('"', '\\"') + '"'


def _names(nodes: Sequence[Node]) -> dict[Node, str]:
    """Each node's name; where several have one, the later ones are numbered: `x~2`."""
    used: dict[str, int] = {}
    names: dict[Node, str] = {}
    for n in nodes:
        name = quoted(n.label)
        if n.operator.name == "item":
            name = f"{names.get(n.inputs[0]) or quoted(n.inputs[0].label)}:{n.attrs['index']}"
        count = used[name] = used.get(name, 0) + 1
        while count > 1 and f"{name}~{count}" in used:
            count += 1
        if count > 1:
            used[name], name = count, f"{name}~{count}"
            used[name] = 1
        names[n] = name
    return names


# ---------------------------------------------------------------------- folding

class _Tree:
    """The name scopes: what stands directly in each. A node named as a scope is (`w` of `w/Assign`) stands in it.

    Many scopes that differ in their number, `step`, `step_1`, ..., have one more around them, `step*`, to be folded together.
    """

    def __init__(self, nodes: Sequence[Node]):
        chains = {n: [n.label[:m.start()] for m in re.finditer("/", n.label[:LONGEST_CHAIN])] for n in nodes}
        scopes = sorted({s for chain in chains.values() for s in chain})
        self.above = {s: s.rpartition("/")[0] for s in scopes}
        self.series = self._series(scopes)
        self.inner: dict[str, list[str]] = {s: [] for s in ("", *scopes, *self.series)}
        for s, above in self.above.items():
            self.inner[above].append(s)
        self.home = {n: n.label if n.label in self.above else chain[-1] if chain else "" for n, chain in chains.items()}
        self.own = Counter(self.home.values())

    def _series(self, scopes: Sequence[str]) -> list[str]:
        found: dict[str, list[str]] = {}
        for s in scopes:
            found.setdefault(re.sub(r"_?\d+\Z", "", s) + "*", []).append(s)
        series = [name for name, members in found.items() if len(members) >= SERIES and name not in self.above]
        for name in series:
            self.above[name] = name.rpartition("/")[0]
            self.above.update((s, name) for s in found[name])
        return series

    def chain(self, scope: str) -> list[str]:
        """The scope and those around it, outermost first."""
        found = []
        while scope:
            found.append(scope)
            scope = self.above[scope]
        return found[::-1]

    def cost(self, scope: str) -> int:
        """The boxes that are seen when the scope is open and those in it are not."""
        return self.own[scope] + len(self.inner[scope])

    def opened(self, most: int) -> set[str]:
        """The scopes to open so that at most so many boxes are seen: outer before inner, small before large."""
        seen, opened = self.cost(""), {""}
        closed = [(self.cost(s), s) for s in self.inner[""]]
        heapq.heapify(closed)
        while closed and seen + closed[0][0] - 1 <= most:
            cost, s = heapq.heappop(closed)
            seen += cost - 1
            opened.add(s)
            for inner in self.inner[s]:
                heapq.heappush(closed, (self.cost(inner), inner))
        return opened

    def down_to(self, depth: int) -> set[str]:
        return {s for s in self.inner if not s or s.count("/") < depth or s in self.series}

    def without(self, folded: Iterable[str]) -> set[str]:
        closed = {str(s).rstrip("/") for s in folded}
        unknown = closed - self.above.keys()
        if unknown:
            raise GraphError(f"there is no name scope {min(unknown)!r:.80} to fold{here()}")
        return {s for s in self.inner if not closed.intersection(self.chain(s))}

    def place(self, node: Node, opened: set[str]) -> str | None:
        """The outermost folded scope the node stands in, or None."""
        return next((s for s in self.chain(self.home[node]) if s not in opened), None)


def outline(nodes: Sequence[Node], max_nodes: int | None, collapse: int | Iterable[str] | None) -> Outline:
    """The nodes as at most `max_nodes` boxes; `collapse`: scopes to fold, or the depth from which they are (None: as need be)."""
    if max_nodes is not None and not (isinstance(max_nodes, int) and max_nodes > 0):
        raise GraphError(f"max_nodes is {max_nodes!r:.60}; at least 1 node can be shown{here()}")
    tree = _Tree(nodes)
    if collapse is None:
        opened = set(tree.inner) if max_nodes is None or len(nodes) <= max_nodes else tree.opened(max_nodes)
    else:
        opened = tree.down_to(collapse) if isinstance(collapse, int) else tree.without([collapse] if isinstance(collapse, str) else collapse)
    groups: dict[Any, list[Node]] = {}
    for n in nodes:
        folded = tree.place(n, opened)
        groups.setdefault(n if folded is None else folded, []).append(n)
    keys = sorted(groups, key=lambda k: groups[k][-1].index)
    hidden: list[Node] = []
    if max_nodes is not None and len(keys) > max_nodes:
        last = keys[len(keys) - max_nodes + 1:] if max_nodes > 1 else []
        hidden = [n for k in keys[:len(keys) - len(last)] for n in groups[k]]
        keys = last
    parts = [*([(None, hidden)] if hidden else []), *((k, groups[k]) for k in keys)]
    return _boxed(nodes, parts, tree, len(hidden))


def _boxed(nodes: Sequence[Node], parts: Sequence[tuple[Any, list[Node]]], tree: _Tree, hidden: int) -> Outline:
    """Boxes of the parts (a node, a folded scope or None, and the nodes in it), and the edges between them."""
    names = _names(nodes)
    titles = [names[k] if isinstance(k, Node) else quoted(k + "/") if k is not None else "..." for k, _ in parts]
    home = {n: i for i, (_, members) in enumerate(parts) for n in members}

    def shown(x: Node) -> str:
        return titles[home[x]] if x in home else quoted(x.label)

    boxes = []
    edges: dict[tuple[int, int], bool] = {}
    for i, (key, members) in enumerate(parts):
        operands: dict[str, None] = {}
        for n in members:
            for x, control in (*((x, False) for x in _inputs(n)), *((x, True) for x in n.control_inputs)):
                j = home.get(x, i)
                if j != i:
                    operands[f"^{titles[j]}" if control else titles[j]] = None
                    edges[j, i] = edges.get((j, i), True) and control
        boxes.append(_node_box(key, titles[i], tree.home[key], shown) if isinstance(key, Node) else
                     _folded_box(key, members, titles[i], tuple(operands)))
    return Outline(boxes, [(a, b, control) for (a, b), control in edges.items()], len(nodes), hidden)


def _inputs(n: Node) -> tuple[Node, ...]:
    return (n.initial_value,) if isinstance(n, Variable) else (*n.inputs, *(v for v in n.attrs.values() if isinstance(v, Variable)))


def _node_box(n: Node, name: str, scope: str, shown: Callable[[Node], str]) -> Box:
    operands = [*map(shown, n.inputs), *dict.fromkeys(f"^{shown(c)}" for c in n.control_inputs)]
    operands += [f"{k}={_index(v) if k == 'index' and isinstance(v, tuple) else _value(v, shown)}" for k, v in n.attrs.items() if not _told(v, n, k)]
    if isinstance(n, Variable):
        operands.append(f"initial_value={shown(n.initial_value)}")
    return Box("node", name, type_str(named(n)), n.operator.name, tuple(operands), printable(loc_str(n.loc)), n.operator.family.colour, scope)


def _folded_box(scope: str | None, members: list[Node], title: str, operands: tuple[str, ...]) -> Box:
    lines = sorted({n.loc for n in members if n.loc is not None})
    where = printable(loc_str(lines[0]) if lines else "?") + (f" and {len(lines) - 1} more" if len(lines) > 1 else "")
    count = f"{len(members)} node{'s' * (len(members) != 1)}"
    if scope is None:
        return Box("rest", title, "", count, operands, where, _FOLDED, "")
    return Box("scope", title, type_str(named(members[-1])), count, operands, where, _FOLDED, scope.rpartition("/")[0])


def _told(v: Any, n: Node, attr: str) -> bool:
    """Whether the rest of the line, or the operator's defaults, say it already."""
    default = n.operator.attrs.get(attr)
    default = default.dtype if isinstance(default, DType) else default
    return not isinstance(v, np.ndarray) and ((isinstance(v, TensorType) and v == n.type) or (type(v) is type(default) and v == default))


def _index(entries: tuple[Any, ...]) -> str:
    """`[1:, ::2, -1, None, ...]`"""
    def one(kind: str, *numbers: int | None) -> str:
        if kind != "slice":
            return {"new": "None", "ellipsis": "..."}.get(kind) or str(numbers[0])
        begin, end, step = ("" if n is None else str(n) for n in numbers)
        return f"{begin}:{end}" + (f":{step}" if step else "")
    return f"[{', '.join(one(*e) for e in entries)}]"


def _value(v: Any, shown: Callable[[Node], str]) -> str:
    """An attribute as the user would write it, briefly."""
    if isinstance(v, Node):
        return shown(v)
    if isinstance(v, np.ndarray):
        text = np.array2string(v, separator=",", max_line_width=10_000) if v.size <= FEW else f"{v.dtype}{list(v.shape)}"
        return re.sub(r"\s+", "", text)
    if isinstance(v, TensorType):
        return str(v)
    if callable(v):
        return printable(getattr(v, "__name__", type(v).__name__))
    if isinstance(v, np.dtype):
        return v.name
    return printable(repr(v) if not isinstance(v, np.generic) else repr(v.item()))
