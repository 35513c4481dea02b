"""The objects that a checkpoint keeps: what each holds by which name, as a walk from the first finds them, and TensorFlow's message of it.

A variable's name in such a checkpoint is the shortest path of names that leads to it, `net/layer/kernel/.ATTRIBUTES/VARIABLE_VALUE`, and that of
what an optimizer keeps beside it `net/layer/kernel/.OPTIMIZER_SLOT/optimizer/m/.ATTRIBUTES/VARIABLE_VALUE`. The message of all objects lies among the
values, as a text. Objects say by `_checkpoint_dependencies` what they hold: pairs of a name and an object.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..errors import DataLossError, GraphError, SerializationError, UnimplementedError
from ..files.tf_graph.messages import ObjectReference, SerializedTensor, SlotVariableReference, TrackableObject, TrackableObjectGraph
from ..ir.node import Node, describe, here
from ..ir.types import TEXT
from ..ops.state import Variable
from .own import Hooks

KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"        # the name of the message among the values
VALUE, STATE = "VARIABLE_VALUE", "py_state"
_MOST_OBJECTS = 1 << 20


class Holder:
    """What holds variables, and other objects that do, in its attributes."""

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        return held(vars(self).items())


def held(pairs: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Those of pairs of a name and an object that a checkpoint keeps: variables, what holds some, and lists, tuples and dicts of these."""
    return [(name, x) for name, x in pairs if keeps(x)]


def is_object(x: Any) -> bool:
    """Whether something is a variable, or an object that says what it holds."""
    return isinstance(x, Variable) or not isinstance(x, (Node, type)) and hasattr(type(x), "_checkpoint_dependencies")


def keeps(x: Any) -> bool:
    """Whether a checkpoint keeps something: an object, or a list, tuple or dict in which one is, however deep."""
    seen, stack = set(), [x]
    while stack:
        x = stack.pop()
        if is_object(x):
            return True
        if isinstance(x, (list, tuple, Mapping)) and id(x) not in seen:
            seen.add(id(x))
            stack += x.values() if isinstance(x, Mapping) else x
    return False


def dependencies(x: Any) -> list[tuple[str, Any]]:
    """What an object, a list, a tuple or a dict holds, by name. GraphError: a key of a dict that is no text."""
    if isinstance(x, Node):
        return []
    if isinstance(x, Mapping):
        wrong = next((key for key, value in x.items() if not isinstance(key, str) and keeps(value)), None)
        if wrong is not None:
            raise GraphError(f"a checkpoint keeps what a dict holds by texts, not by {wrong!r:.60}{here()}")
        return held(x.items())
    if isinstance(x, (list, tuple)):
        return held((str(i), value) for i, value in enumerate(x))
    return list(x._checkpoint_dependencies)


class Slot(NamedTuple):
    """What an optimizer keeps beside a variable: all by their places in a walk."""

    optimizer: int
    name: str
    variable: int
    place: int


class Walk(NamedTuple):
    """The objects that are found from the first one, each once: those near it first, then what optimizers keep beside variables."""

    objects: list[Any]
    names: list[str]                            # of each: the shortest path to it
    children: list[list[tuple[str, int]]]
    slots: list[Slot]


def walked(root: Any) -> Walk:
    """All that an object holds, directly or not. GraphError: a key of a dict that is no text. UnimplementedError: a slot that is held elsewhere."""
    found = Walk([root], [""], [], [])
    places = {id(root): 0}
    while len(found.children) < len(found.objects):
        at = len(found.children)
        children = []
        for name, x in dependencies(found.objects[at]):
            if id(x) not in places:
                places[id(x)] = len(found.objects)
                found.objects.append(x)
                found.names.append(f"{found.names[at]}/{_escaped(name)}".lstrip("/"))
            children.append((name, places[id(x)]))
        found.children.append(children)
    for optimizer, x in enumerate(list(found.objects)):
        if isinstance(x, Hooks):
            _add_slots(found, optimizer, x, places)
    return found


def _add_slots(found: Walk, optimizer: int, x: Hooks, places: dict[int, int]) -> None:
    """Add what an optimizer keeps beside variables that were found."""
    for name, variable in sorted((name, places[id(v)]) for v, name in x._slots if id(v) in places):
        slot = x._slots[found.objects[variable], name]
        if id(slot) in places:
            raise UnimplementedError(f"{describe(slot)} is kept by an optimizer and held by another object{here()}")
        places[id(slot)] = len(found.objects)
        found.slots.append(Slot(optimizer, name, variable, len(found.objects)))
        found.objects.append(slot)
        found.names.append(f"{found.names[variable]}/.OPTIMIZER_SLOT/{found.names[optimizer]}/{_escaped(name)}")
        found.children.append([])


def _escaped(name: str) -> str:
    """A name as a part of a path."""
    return name.replace(".", "..").replace("/", ".S")


def values_of(x: Any) -> dict[str, str]:
    """What of an object itself a checkpoint keeps, and the object's own name for it."""
    if isinstance(x, Variable):
        return {VALUE: x.op.name}
    return {STATE: ""} if hasattr(type(x), "serialize") and hasattr(type(x), "deserialize") and is_object(x) else {}


def described(found: Walk) -> tuple[TrackableObjectGraph, dict[str, Any]]:
    """TensorFlow's message of the objects, and those that have values, by the names of these in a checkpoint."""
    message, kept = TrackableObjectGraph(), {}
    for x, name, children in zip(found.objects, found.names, found.children, strict=True):
        node = message.nodes.add()
        node.children.extend(ObjectReference(node_id=place, local_name=local) for local, place in children)
        for value, full in values_of(x).items():
            key = f"{name}/.ATTRIBUTES/{_escaped(value)}"
            node.attributes.extend([SerializedTensor(name=value, full_name=full, checkpoint_key=key)])
            kept[key] = x
    for slot in found.slots:
        message.nodes[slot.optimizer].slot_variables.extend([SlotVariableReference(
            original_variable_node_id=slot.variable, slot_name=slot.name, slot_variable_node_id=slot.place)])
    return message, kept


# ---------------------------------------------------------------------- what was read

def text_of(found: Any, key: str) -> bytes:
    """A text of an open checkpoint. DataLossError: what stands there is none."""
    entry = found.entries.get(key)
    if entry is None or entry.dtype != TEXT or entry.shape != ():
        raise DataLossError(f"{found.path} is damaged: {key!r:.200} is no text in it{here()}")
    return bytes(found.array(key)[()])


def objects_of(found: Any) -> list[TrackableObject]:
    """The objects that an open checkpoint speaks of. DataLossError: it does not say so, or speaks of objects that it has not."""
    try:
        nodes = list(TrackableObjectGraph.FromString(text_of(found, KEY)).nodes)
    except SerializationError as e:
        raise DataLossError(f"{found.path} is damaged: its objects cannot be read: {e}") from None
    places = [p for n in nodes for p in (*(c.node_id for c in n.children), *(s.original_variable_node_id for s in n.slot_variables),
                                         *(s.slot_variable_node_id for s in n.slot_variables))]
    if not 0 < len(nodes) <= _MOST_OBJECTS or not all(0 <= p < len(nodes) for p in places):
        raise DataLossError(f"{found.path} is damaged: of its {len(nodes)} objects one is spoken of that is not there{here()}")
    return nodes


def bound(nodes: list[TrackableObject], root: Any) -> dict[int, Any]:
    """The objects that stand now for those of a checkpoint, by their places there: the first, and what is held by the same names."""
    found, queue = {0: root}, deque([0])
    while queue:
        at = queue.popleft()
        if not nodes[at].children:
            continue
        there = dict(dependencies(found[at]))
        for child in nodes[at].children:
            if child.local_name in there and child.node_id not in found:
                found[child.node_id] = there[child.local_name]
                queue.append(child.node_id)
    for at, x in list(found.items()):
        for slot in nodes[at].slot_variables if isinstance(x, Hooks) else ():
            kept = x._slots.get((found.get(slot.original_variable_node_id), slot.slot_name))
            if kept is not None:
                found.setdefault(slot.slot_variable_node_id, kept)
    return found


def told_paths(nodes: list[TrackableObject]) -> list[str]:
    """How each object of a checkpoint is reached, as a program would write it."""
    paths, queue = {0: "(root)"}, deque([0])
    while queue:
        at = queue.popleft()
        for child in nodes[at].children:
            if child.node_id not in paths:
                paths[child.node_id] = f"{paths[at]}.{child.local_name}"
                queue.append(child.node_id)
    for at, node in enumerate(nodes):
        for slot in node.slot_variables:
            paths.setdefault(slot.slot_variable_node_id, f"{paths.get(at, '?')}'s state '{slot.slot_name}' for "
                                                         f"{paths.get(slot.original_variable_node_id, '?')}")
    return [paths.get(at, "?") for at in range(len(nodes))]


def with_values(nodes: list[TrackableObject]) -> set[int]:
    """The places of objects that have a value, or hold one that has."""
    holders: dict[int, list[int]] = {}
    for at, node in enumerate(nodes):
        for child in node.children:
            holders.setdefault(child.node_id, []).append(at)
    found = {at for at, node in enumerate(nodes) if node.attributes}
    stack = list(found)
    while stack:
        for holder in holders.get(stack.pop(), ()):
            if holder not in found:
                found.add(holder)
                stack.append(holder)
    return found


def names_of(nodes: list[TrackableObject]) -> dict[str, str]:
    """The names of values in a checkpoint by the variables' own names."""
    return {a.full_name: a.checkpoint_key for node in nodes for a in node.attributes if a.full_name}
