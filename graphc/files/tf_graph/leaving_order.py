"""Order that TensorFlow must be told: an assignment waits for what reads its variable as it was, for there both lie in one memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ...ir.node import Node, in_order
from .messages import NodeDef

# Operations whose result lies in the memory of their input: whoever takes it reads that.
_SHARED = frozenset({"Identity", "Reshape", "Squeeze", "ExpandDims", "StopGradient"})


def wait_for_readers(made: Mapping[Node, list[NodeDef]], ends: Mapping[Node, list[str]]) -> None:
    """Let each assignment wait for the operations that take its variable, of those that run whenever what it is done for runs.

    `made`: the messages of each node; `ends`: of loops and branches the operations that come last, for within them none can be waited for.
    """
    assigns = [n for n in in_order(made) if n.operator.family.assigns]
    if not assigns:
        return
    messages = {m.name: m for own in made.values() for m in own}
    owner = {m.name: n for n, own in made.items() for m in own if n in ends}
    needs = {name: [i.lstrip("^").partition(":")[0] for i in m.input] for name, m in messages.items()}
    users: dict[str, list[str]] = {name: [] for name in messages}
    for name, needed in needs.items():
        for x in needed:
            users[x].append(name)
    changing = {n.label for n in assigns} | {name for name, m in messages.items() if m.op == "Assign" and name.endswith("/Assign")}
    running: dict[frozenset[str], set[str]] = {}        # by what comes last: what it needs, to which waiting adds nothing
    for name in (n.label for n in assigns):
        behind = _reached([name], users.__getitem__)
        last = frozenset(x for x in behind if not users[x])
        runs = running.get(last) or running.setdefault(last, _reached(last, needs.__getitem__))
        for reader in _readers(needs[name][0], messages, users, changing, owner, ends):
            if reader not in behind and reader in runs:
                messages[name].input.append(f"^{reader}")
                needs[name].append(reader)
                users[reader].append(name)


def _reached(names: Iterable[str], following: Callable[[str], Iterable[str]]) -> set[str]:
    found, stack = set[str](), list(names)
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack += following(name)
    return found


def _readers(variable: str, messages: Mapping[str, NodeDef], users: Mapping[str, list[str]], changing: set[str], owner: Mapping[str, Node],
             ends: Mapping[Node, list[str]]) -> list[str]:
    """The operations that take a variable's value as it lies in memory, each once."""
    found: dict[str, None] = {}
    seen, stack = set[str](), [variable]
    while stack:
        for name in users[stack.pop()]:
            if name in seen or name in changing:
                continue
            seen.add(name)
            if name in owner:
                found.update(dict.fromkeys(ends[owner[name]]))
                continue
            found[name] = None
            if messages[name].op in _SHARED:
                stack.append(name)
    return list(found)


__all__ = ["wait_for_readers"]
