"""Fusion: which nodes share a loop nest, and in what order the steps of a plan run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from ..ir.families import Memory
from ..ir.node import Node
from ..ir.sizes import alike, outgrows
from ..ir.types import TensorType, element_count
from .groups import NEVER, Group, Schedule, Single, data_inputs, root_of, viewed
from .nests import aligned, reducible, unified

MAX_MEMBERS = 48        # statements in a kernel: Numba takes 3-5 ms for each
MAX_OPERANDS = 40
RECOMPUTED = 12         # statements that computing a value once more may take, instead of storing it
_COSTLY = re.compile(r"\b(?!select\b|minimum\b|maximum\b|abs\b)[a-z_]\w*\(")


@cache
def cheap(expression: str) -> bool:
    """Whether an elementwise expression takes no longer than reading a stored value: it calls no function worth the name."""
    return _COSTLY.search(expression) is None


def schedule(order: Sequence[Node], roots: Iterable[Node], changing: Iterable[Node] = ()) -> Schedule:
    """Group the nodes of `order` (topological) into steps; `roots` must lie in memory at the end.

    `changing`: variables that get new values. If they are large, nothing reads them once more: they could not change in place.
    """
    return _Scheduler(changing).run(order, list(roots))


class _Scheduler:
    """A linear scan: every step has a position; a node joins the group of a producer if all it reads is made before that
    position, or if nobody has used the group yet, so that the whole group may move to the end."""

    def __init__(self, changing: Iterable[Node]) -> None:
        self.changing = set(changing)
        self.whole: set[Node] = set()           # what lies in memory however it is used: results, operands of steps that are no kernels
        self.clock = 0
        self.home: dict[Node, Group | Single] = {}
        self.steps: list[Group | Single] = []
        self.merged: set[Group] = set()
        self.stored: set[Node] = set()
        self.apart: dict[tuple[Node, Node], str] = {}
        self.why = ""                           # of the last refusal

    def run(self, order: Sequence[Node], roots: list[Node]) -> Schedule:
        single = [n for n in order if n.operator.family.memory is Memory.OWN and not n.operator.family.fuses or n.operator.family.gathers]
        self.whole.update(root_of(x) for x in (*roots, *(x for n in single for x in data_inputs(n))))
        for node in order:
            self.place(node)
        for root in roots:
            self.store(root)
        live: list[Group | Single] = []
        for step in sorted((s for s in self.steps if s not in self.merged), key=lambda s: -s.pos):
            if isinstance(step, Group):
                if not any(m in self.stored for m in step.members if m not in step.copies):
                    continue                    # all that it would make is computed where it is used
                for x in step.operands:
                    if x not in step.axes:
                        self.store(x)
            live.append(step)
        live.reverse()
        return Schedule(live, self.stored, self.home, self.apart, self.copying(live))

    def copying(self, live: Iterable[Group | Single]) -> dict[Node, list[Group]]:
        """The groups that compute a node besides its home, which is the first of them if no other makes it."""
        found: dict[Node, list[Group]] = {}
        groups = [step for step in live if isinstance(step, Group)]
        made = {m for step in groups for m in step.members if m not in step.copies}
        for step in groups:
            for n in [m for m in step.members if m in step.copies]:
                if n in made:
                    found.setdefault(n, []).append(step)
                else:
                    made.add(n)
                    step.copies.remove(n)
                    self.home[n] = step
        return found

    def store(self, node: Node) -> None:
        while self.home.get(node) is None and (seen := viewed(node)) is not None:
            node = seen
        self.stored.add(node)

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def producer(self, x: Node) -> Group | Single | None:
        """The step that makes what `x` shows; None for what exists before the run."""
        while True:
            home = self.home.get(x)
            if home is not None:
                return home
            seen = viewed(x)
            if seen is None:
                return self.home.get(x.inputs[0]) if x.operator.family.picks else None
            x = seen

    def use(self, x: Node, pos: int) -> None:
        home = self.producer(x)
        if home is not None:
            home.first_use = min(home.first_use, pos)

    def place(self, node: Node) -> None:
        family = node.operator.family
        if family.memory is Memory.VIEW:
            home = self.home.get(node.inputs[0])
            if isinstance(home, Group):
                self.pass_through(node, home)
        if family.memory is not Memory.OWN:
            return
        if family.fuses and isinstance(node.type, TensorType):
            self.fuse(node)
            return
        call = Single(self.tick(), node)
        self.home[node] = call
        self.steps.append(call)
        for x in data_inputs(node):
            self.use(x, call.pos)
            self.store(x)

    # ------------------------------------------------------------------ movement inside a group

    def pass_through(self, node: Node, group: Group) -> None:
        """Reshapes that only add or drop axes of size 1 cost nothing inside a loop nest: they are members of the group."""
        x = node.inputs[0]
        if len(group.members) >= MAX_MEMBERS or not node.operator.family.reshapes:
            return
        if group.kind in ("column", "full") and x in group.post:
            return
        sized = [(a, d) for a, d in zip(group.axes[x], x.type.shape, strict=True) if d != 1]
        if not alike([d for _, d in sized], [d for d in node.type.shape if d != 1]):
            return
        left = iter(a for a, _ in sized)
        group.axes[node] = tuple(None if d == 1 else next(left) for d in node.type.shape)
        group.members.append(node)
        if x in group.post:
            group.post.add(node)
        self.home[node] = group

    # ------------------------------------------------------------------ joining

    def refuse(self, why: str) -> None:
        """Note why a join is not made."""
        self.why = why

    def fuse(self, node: Node) -> None:
        inputs = data_inputs(node)
        homes = [home for x in inputs if isinstance(home := self.home.get(x), Group)]
        if not homes:
            self.start(node)
            return
        groups: list[Group] = []
        refused = {}
        for home in homes:
            if home not in groups and home not in refused:
                if self.open(home, node):
                    groups.append(home)
                else:
                    refused[home] = self.why
        if len(groups) > 1:
            groups.sort(key=lambda g: -g.pos)
            attempts = [groups, *([g] for g in groups)]
        else:
            attempts = [groups] if groups else []
        for chosen in attempts:
            if self.join(node, chosen):
                break
        else:
            self.start(node)
        own = self.home[node]
        for x in inputs:
            if isinstance(own, Group) and x not in own.axes and isinstance(home := self.home.get(x), Group):
                self.apart[x, node] = refused.get(home, self.why)

    def open(self, group: Group, node: Node) -> bool:
        """Whether the group may give `node` its values inside the loop nest."""
        if node.operator.family.gathers:
            self.refuse(f"a {node.operator.family.name} {node.operator.family.apart}")
        elif len(group.members) >= MAX_MEMBERS:
            self.refuse(f"the group has {MAX_MEMBERS} nodes, as many as a kernel may")
        elif group.first_use != NEVER and not group.reduced and node.operator.family.broadcasts:
            self.refuse("the value is stored for another step already, and computed further where it is used")
        elif group.kind in ("column", "full") and any(x in group.post for x in node.inputs if self.home.get(x) is group):
            self.refuse(f"it needs the finished {group.kind} reduction, which is complete only after the loop")
        else:
            return True
        return False

    def start(self, node: Node) -> None:
        group = Group(self.tick(), [])
        shape = node.inputs[0].type.shape if node.operator.family.reduces else node.type.shape
        axes: list[int | None] = []
        for d in shape:
            axes.append(None if d == 1 else len(group.dims))
            if d != 1:
                group.dims.append(d)
        self.steps.append(group)
        self.admit(node, group, tuple(axes))

    def join(self, node: Node, groups: list[Group]) -> bool:
        alone = len(groups) == 1
        target = groups[0] if alone else max(groups, key=lambda g: (len(g.dims), g.pos))
        pos = self.position(node, groups)
        if pos is None:
            return False
        if not alone and sum([len(g.members) for g in groups]) >= MAX_MEMBERS:      # of one group `open` has asked
            self.refuse(f"together they would have more than {MAX_MEMBERS} nodes")
            return False
        operands = target.operands if alone else set().union(*[g.operands for g in groups])
        if len(operands) + len(node.inputs) > MAX_OPERANDS:
            self.refuse(f"together they would read more than {MAX_OPERANDS} tensors")
            return False
        axes = aligned(node, target)
        if axes is None:
            self.refuse(f"the loops over {list(target.dims)} do not fit its shape {list(node.type.shape)}")
            return False
        maps = []
        for g in [] if alone else groups:
            if g is not target:
                m = unified(node, axes, g, target)
                if m is None:
                    self.refuse(f"its operands come from loops over {list(g.dims)} and {list(target.dims)}, which are not one nest")
                    return False
                maps.append((g, m))
        if not reducible(node, axes, target):
            self.refuse("the group reduces other axes, or reduces what is a reduction's result")
            return False
        for g, m in maps:
            self.absorb(g, m, target)
        target.pos = self.tick() if pos == NEVER else pos
        self.admit(node, target, axes)
        return True

    def position(self, node: Node, groups: list[Group]) -> int | None:
        """Where the joined group runs: its latest part's place, the end (NEVER), or nowhere (None)."""
        outside = 0
        for x in data_inputs(node):
            home = self.home.get(x)
            if home is None:
                home = self.producer(x)
                if home in groups:
                    self.refuse("a view stands between them: the value must be in memory first")
                    return None
            if home is not None and home.pos > outside and home not in groups:
                outside = home.pos
        latest = max([g.pos for g in groups])
        if outside < latest and all([g.pos == latest or g.first_use > latest for g in groups]):
            return latest
        if all([g.first_use == NEVER for g in groups]):
            return NEVER
        self.refuse("another step that it waits for runs between them")
        return None

    def absorb(self, g: Group, m: dict[int, int], target: Group) -> None:
        self.merged.add(g)
        for n in g.members:
            target.axes[n] = tuple(None if a is None else m[a] for a in g.axes[n])
            if n in g.over:
                target.over[n] = tuple(None if a is None else m[a] for a in g.over[n])
            if n not in g.copies:
                self.home[n] = target
        target.members = sorted({*target.members, *g.members}, key=lambda n: n.index)
        target.copies = {n for n in target.copies | g.copies if self.home[n] is not target}
        target.operands |= g.operands
        target.post |= g.post
        target.first_use = min(target.first_use, g.first_use)
        if g.reduced is not None:
            target.reduced = frozenset(m[i] for i in g.reduced)

    def admit(self, node: Node, group: Group, axes: tuple[int | None, ...]) -> None:
        if node.operator.family.reduces:
            over = frozenset(a for i, a in enumerate(axes) if a is not None and i in node.attrs["axis"])
            if over:
                group.reduced = over
                group.post.add(node)
            group.over[node] = axes
            kept = [None if i in node.attrs["axis"] else a for i, a in enumerate(axes)]
            if not node.attrs["keepdims"]:
                kept = [a for i, a in enumerate(kept) if i not in node.attrs["axis"]]
            axes = tuple(kept)
        group.members.append(node)
        group.axes[node] = axes
        self.home[node] = group
        known, post = group.axes, group.post
        for x in data_inputs(node):
            if x not in known and not self.recompute(x, node, group):
                group.operands.add(x)
                self.use(x, group.pos)
            if x in post:
                post.add(node)

    # ------------------------------------------------------------------ values computed once more

    def recompute(self, x: Node, user: Node, group: Group) -> bool:
        """Make an operand that another group computes a member too, if that reads no more than the operand itself."""
        home = self.home.get(x)
        op = x.operator
        if not isinstance(home, Group) or x in self.whole or not op.family.broadcasts or op.check or not cheap(op.expr):
            return False
        axes = group.over.get(user, group.axes[user])
        if not alike(x.type.shape, _extents(axes, group)) or not group.covers(axes):
            return False
        chain, leaves = self.computed_from(x, home, group)
        read = [y for y in leaves if y not in group.operands]
        if not chain or len(group.members) + len(chain) > MAX_MEMBERS or len(group.operands) + len(read) > MAX_OPERANDS:
            return False
        most = _nbytes(x) * 5                   # quarters: small operands come on top, a row, a column
        moves = any(root_of(y) in self.changing and outgrows(16 * _nbytes(y), most) for y in leaves)
        if moves or outgrows(4 * sum(_nbytes(y) for y in read), most):
            return False
        for n in chain:
            group.axes[n] = axes
        group.copies.update(chain)
        group.members = sorted([*group.members, *chain], key=lambda n: n.index)
        for y in leaves:
            group.operands.add(y)
            self.use(y, group.pos)
        return True

    def computed_from(self, x: Node, home: Group, group: Group) -> tuple[list[Node], list[Node]]:
        """The members of `home` that make `x` cheaply and are not in `group`, and what they are made from; no members if they are many."""
        chain: dict[Node, None] = {}
        leaves: dict[Node, None] = {}
        stack = [x]
        while stack:
            n = stack.pop()
            if n in chain or n in group.axes:
                continue
            op = n.operator
            same = n in home.axes and n not in self.whole and alike(n.type.shape, x.type.shape)
            if same and op.family.broadcasts and not op.check and cheap(op.expr):
                chain[n] = None
                stack += data_inputs(n)
                if len(chain) > RECOMPUTED:
                    return [], []
            else:
                leaves[n] = None
        return list(chain), list(leaves)


def _extents(axes: Sequence[int | None], group: Group) -> tuple[int, ...]:
    return tuple(1 if a is None else group.dims[a] for a in axes)


def _nbytes(x: Node) -> int:
    return element_count(x.type.shape) * x.type.dtype.itemsize
