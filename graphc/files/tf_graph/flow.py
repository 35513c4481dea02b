"""Branches and loops that TensorFlow took apart into single operators, put together again: which nodes of a graph are built together.

`Switch` lets a value into one of two branches and `Merge` takes it out; `Enter`, `NextIteration` and `Exit` do so with loops (Yu et al. 2018).
Each node has a path: the branches and loops it lies in, outermost first. A region is what lies in one path. Its items are nodes by themselves;
waves, which are all merges of one predicate that do not depend on each other, with what lies in their branches; and loops.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ...errors import SerializationError, UnimplementedError
from ...ir.node import here
from .nodes import FLOW, Parsed, Ref
from .rows_state import ROWS

SWITCHES, MERGES = frozenset({"Switch", "RefSwitch"}), frozenset({"Merge", "RefMerge"})
ENTERS, EXITS = frozenset({"Enter", "RefEnter"}), frozenset({"Exit", "RefExit"})
STEPS = frozenset({"NextIteration", "RefNextIteration"})
_ALIKE = ("Const", "Placeholder", "ReadVariableOp", "VariableShape", "TensorArray", "NoOp", "ControlTrigger")
DRAWS = frozenset(row.type for row in ROWS if not row.type.startswith(_ALIKE)) | {"StatefulPartitionedCall", "If", "While"}
_DEEPEST = 20               # branches and loops within each other


class Branch(NamedTuple):
    """A branch of a predicate: what lies behind one output of its switches."""

    pred: Ref
    side: int


class Loop(NamedTuple):
    """A loop, by the name of its frame."""

    frame: str


class Wave(NamedTuple):
    """Merges of one predicate, and what is in their branches: built together, after those of lower numbers."""

    pred: Ref
    number: int


Step = Branch | Loop
Path = tuple[Step, ...]


class Places:
    """Where each node of a graph lies, and an order in which what nodes need comes first. SerializationError: they need each other."""

    def __init__(self, nodes: Mapping[str, Parsed]):
        self.nodes = nodes
        self.path: dict[str, Path] = {}
        self.order: dict[str, int] = {}
        self.plain = not any(n.op in FLOW for n in nodes.values())
        self._lasting: set[str] | None = None
        self.users: dict[str, list[tuple[str, Ref]]] = {}
        if self.plain:
            return
        for n in nodes.values():
            for ref in n.inputs:
                self.users.setdefault(ref.name, []).append((n.name, ref))
        for name in self._sorted():
            self.order[name] = len(self.order)
            self.path[name] = self._place(nodes[name])
            if len(self.path[name]) > _DEEPEST:
                raise UnimplementedError(f"{name!r:.80} lies within more than {_DEEPEST} branches and loops{here()}")

    def needs(self, n: Parsed) -> list[str]:
        """What a node needs but the last iteration's values."""
        found = [r.name for r in n.inputs if not (n.op in MERGES and r.name in self.nodes and self.nodes[r.name].op in STEPS)]
        return [x for x in (*found, *n.controls) if x in self.nodes]

    def _sorted(self) -> list[str]:
        users: dict[str, list[str]] = {name: [] for name in self.nodes}
        left = {}
        for name, n in self.nodes.items():
            needed = self.needs(n)
            left[name] = len(needed)
            for x in needed:
                users[x].append(name)
        found = [name for name, count in left.items() if not count]
        for name in found:
            for user in users[name]:
                left[user] -= 1
                if not left[user]:
                    found.append(user)
        if len(found) < len(self.nodes):
            raise SerializationError(f"{next(name for name, count in left.items() if count)!r:.80} needs itself{here()}")
        return found

    def loops(self, n: Parsed) -> bool:
        """Whether a merge is the head of a loop, or a switch the end of its condition."""
        if n.op in MERGES:
            return any(r.name in self.nodes and self.nodes[r.name].op in STEPS for r in n.inputs)
        return len(n.inputs) == 2 and n.inputs[1].name in self.nodes and self.nodes[n.inputs[1].name].op == "LoopCond"

    def lasting(self, name: str) -> bool:
        """Whether a node in a branch is not the same each time it is computed: it draws, or has effects, or needs one there that does."""
        if self._lasting is None:
            self._lasting = found = set[str]()
            for other in self.order:
                n = self.nodes[other]
                if self.path[other] and (n.op in DRAWS or any(x in found for x in self.needs(n))):
                    found.add(other)
        return name in self._lasting

    def of(self, ref: Ref) -> Path:
        """Where an output lies."""
        n, path = self.nodes.get(ref.name), self.path.get(ref.name, ())
        if n is not None and n.op in SWITCHES and not self.loops(n) and len(n.inputs) == 2:
            return (*path, Branch(self._root(n.inputs[1]), ref.output))
        return path

    def _root(self, pred: Ref) -> Ref:
        """A predicate without the identities between: those of one are one."""
        for _ in range(len(self.nodes)):
            n = self.nodes.get(pred.name)
            if n is None or n.op != "Identity" or len(n.inputs) != 1:
                break
            pred = n.inputs[0]
        return pred

    def _place(self, n: Parsed) -> Path:
        paths = [self.of(r) for r in n.inputs if r.name in self.path] + [self.path[c] for c in n.controls if c in self.path]
        if n.op in MERGES and not self.loops(n):
            return self._merged(n, paths)
        longest = max((len(path) for path in paths), default=0)
        found: list[Step] = list(next((path for path in paths if len(path) == longest), ()))
        for path in paths:
            for step in path:
                if isinstance(step, Branch) and Branch(step.pred, 1 - step.side) in found:
                    raise UnimplementedError(f"{n.name!r:.80} needs both branches of {step.pred.name!r:.80}{here()}")
                if step not in found:
                    found.append(step)
        if n.op in ENTERS:
            return (*found, Loop(n.proto.attr["frame_name"].s.decode("utf-8", "replace")))
        if n.op in EXITS:
            last = max((i for i, step in enumerate(found) if isinstance(step, Loop)), default=None)
            if last is None:
                raise SerializationError(f"{n.name!r:.80} leaves a loop and lies in none{here()}")
            return tuple(found[:last])
        return tuple(found)

    def _merged(self, n: Parsed, paths: Sequence[Path]) -> Path:
        """Without the branch in whose two sides the inputs lie."""
        if len(n.inputs) != 2 or len(paths) < 2:
            raise UnimplementedError(f"{n.name!r:.80} merges {len(n.inputs)} tensors, and not those of two branches{here()}")
        first, second = paths[:2]
        split = next((s for s in reversed(first) if isinstance(s, Branch) and Branch(s.pred, 1 - s.side) in second), None)
        if split is None:
            raise UnimplementedError(f"{n.name!r:.80} merges tensors that are not those of the two branches of a predicate{here()}")
        return tuple(s for s in first if s != split)

    def pred(self, n: Parsed) -> Ref:
        """The predicate of a merge."""
        first, second = (self.of(r) for r in n.inputs)
        return next(s.pred for s in reversed(first) if isinstance(s, Branch) and Branch(s.pred, 1 - s.side) in second)

    def side(self, n: Parsed, pred: Ref, side: int) -> Ref:
        """The input of a merge that comes out of a branch."""
        return next(r for r in n.inputs if Branch(pred, side) in self.of(r))


class Region:
    """What lies in one path, as items in an order of need. `roots` are all of them that are asked for."""

    def __init__(self, places: Places, path: Path, names: Iterable[str], there: Any):
        self.places, self.path, self.there = places, path, there
        self.names = [*names]
        self.waves: dict[str, Wave] = {}                # of merges, and of nodes in branches: the first that needs them
        self.members: dict[Any, dict[str, None]] = {}   # of waves and loops
        if not places.plain:
            self._group()
        self.roots = list(dict.fromkeys(item for name in self.names if (item := self.item(name)) is not None))

    def item(self, name: str) -> Any:
        """What a node is built as part of: itself, a wave, a loop; None of what nothing needs, or what is there or lies outside."""
        if self.there(name):
            return None
        path, depth = self.places.path.get(name, ()), len(self.path)
        if path[:depth] != self.path:
            return None
        if len(path) > depth:
            step = path[depth]
            return step if isinstance(step, Loop) else self.waves.get(name)
        n = self.places.nodes[name]
        if n.op in EXITS:
            return self._left(n)
        return self.waves.get(name, name)

    def needs(self, item: Any) -> list[Any]:
        """The items that an item needs."""
        nodes = self.places.nodes
        found: dict[Any, None] = {}
        own = {item: None} if isinstance(item, str) else self.members.get(item, {})
        for name in own:
            n = nodes[name]
            for other in (*(r.name for r in n.inputs), *n.controls):
                needed = self.item(other) if other in nodes and other not in own else None
                if needed is not None and needed != item:
                    found[needed] = None
        if isinstance(item, Wave) and (needed := self.item(item.pred.name) if item.pred.name in nodes else None) is not None:
            found[needed] = None
        return list(found)

    def _left(self, n: Parsed) -> Loop:
        """The loop that an exit leaves."""
        return next(s for s in reversed(self.places.of(n.inputs[0])) if isinstance(s, Loop))

    def _group(self) -> None:
        places, depth = self.places, len(self.path)
        merges: dict[Ref, list[str]] = {}
        for name in sorted((n for n in self.names if not self.there(n)), key=places.order.__getitem__):
            path, n = places.path[name], places.nodes[name]
            if path[:depth] != self.path:
                continue
            if len(path) > depth and isinstance(path[depth], Loop):
                self.members.setdefault(path[depth], {})[name] = None
            elif len(path) == depth and n.op in EXITS:
                self.members.setdefault(self._left(n), {})[name] = None
            elif len(path) == depth and n.op in MERGES and not places.loops(n):
                merges.setdefault(places.pred(n), []).append(name)
        for pred, names in merges.items():
            numbers = self._numbers(names)
            for name in sorted(names, key=lambda m: (numbers[m], places.order[m])):
                self._fill(Wave(pred, numbers[name]), name)

    def _numbers(self, names: Sequence[str]) -> dict[str, int]:
        """Of the merges of a predicate, in order: how many of them, one behind the other, each needs."""
        places, first = self.places, self.places.order[names[0]]
        found: dict[str, int] = {}
        for name in names:
            stack, seen, number = places.needs(places.nodes[name]), set[str](), 0
            while stack:
                other = stack.pop()
                if other in seen or places.order[other] < first:
                    continue
                seen.add(other)
                if other in found:
                    number = max(number, found[other] + 1)
                else:
                    stack += places.needs(places.nodes[other])
            found[name] = number
        return found

    def _fill(self, wave: Wave, merge: str) -> None:
        """Add a merge to its wave, with what its branches need; an earlier wave keeps what is not the same each time it is computed."""
        places, stack = self.places, [merge]
        own = self.members.setdefault(wave, {})
        while stack:
            name = stack.pop()
            if name in own or self.there(name) or (name != merge and len(places.path[name]) <= len(self.path)):
                continue
            if name in self.waves and (len(places.path[name]) == len(self.path) or places.lasting(name)):
                continue
            self.waves.setdefault(name, wave)
            own[name] = None
            stack += [x for x in places.needs(places.nodes[name]) if places.path[x][:len(self.path)] == self.path] + self._steps(name)

    def _steps(self, name: str) -> list[str]:
        """The last iteration's values that the head of a loop takes."""
        n = self.places.nodes[name]
        return [r.name for r in n.inputs if r.name in self.places.nodes] if n.op in MERGES and self.places.loops(n) else []


__all__ = ["Branch", "Loop", "Path", "Places", "Region", "Wave"]
