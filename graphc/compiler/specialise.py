"""From the user's graph to the part one run needs: state as plain values, every type concrete, operators lowered."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.body import Body, has_effect
from ..ir.families import FAMILIES, Memory
from ..ir.graph import Scratch
from ..ir.half import SINGLE, in_single, widened
from ..ir.known import left_open, static_value
from ..ir.named import check_fed
from ..ir.node import Node, describe_call, in_order, loc_str, reached, topological
from ..ir.operator import bound_node, constant_node
from ..ir.scope import Scope
from ..ir.sizes import has_sizes, unknown
from ..ir.types import HALF, Array, TensorType, exactly, same_type
from ..ops.math import cast
from ..ops.math_arithmetic import add, subtract
from ..ops.sources import placeholder_of
from ..ops.state import READS
from ..process.importing import whole
from .trim import Trim, trims


class Specialised(NamedTuple):
    """One run's work: pure nodes with concrete types, and what has effects.

    `fetches[i]` is None where the fetch has no result. `assigns` are (variable, new value): each variable at most once. Where nodes are
    `pending`, `specialise` gives neither yet, but what could be rebuilt, `made`: `stage` makes of it the work that goes first.
    """

    fetches: list[Node | None]
    feeds: dict[Node, Node]                # fed node of the user's graph -> placeholder
    assigns: list[tuple[Node, Node]]
    effects: list[Node]                    # host calls with effects, in order
    pending: list[Node]                    # nodes of the user's graph whose type depends on data: run these first
    made: dict[Node, Node]                 # node of the user's graph -> what it is rebuilt as
    scope: Scope                           # of the sizes that are open


def needed(fetches: Iterable[Node], fed: Container[Node]) -> list[Node]:
    """What a run evaluates, inputs and controls first, in the order of creation."""
    seen = set(fetches)
    stack = list(seen)
    while stack:
        node = stack.pop()
        if node not in fed:
            for x in node.inputs + node.control_inputs:
                if x not in seen:
                    seen.add(x)
                    stack.append(x)
    return in_order(seen)


def ordered(nodes: Sequence[Node], fed: Container[Node]) -> list[Node]:
    """What is `needed` in networkx's topological order, creation order deciding ties: asked once a plan."""
    nx = whole("networkx")  # 0.1 s to import: not before a plan is made
    by_index = {node.index: node for node in nodes}
    graph = nx.DiGraph()
    graph.add_nodes_from(by_index)
    graph.add_edges_from([(x.index, node.index) for node in nodes if node not in fed for x in node.inputs + node.control_inputs
                          if x.inputs or x.control_inputs])           # what waits for nothing may come first anyway
    # Creation order is one of its topological orders, so deciding ties by it is sorting by it: half the time of the lexicographical sort.
    return [by_index[i] for i in sorted(nx.topological_sort(graph))]


def specialise(fetches: Sequence[Node], order: Sequence[Node], feeds: dict[Node, TensorType], values: dict[Node, Array],
               variables: dict[Node, TensorType], done: Container[Node] = (), decide: bool = True) -> Specialised:
    """Rebuild what `fetches` need, `order` as `needed` gives it, with concrete types.

    `feeds`: the types fed; `values`: fed values that shapes depend on, taken as constants or as open sizes; `variables`: the types of their
    present values; `done`: what earlier stages of the run have evaluated, among `feeds` or `values` if it is needed again: an assignment
    there stands, though its variable still has the value from before the run. With `decide`, a shape that data alone says is known
    first even where the number of elements leaves no other; without it, references find out whether it is that one.
    InvalidArgumentError: concrete shapes do not fit each other, a variable that is assigned to, or the names of open dimensions.
    """
    check_fed(feeds, order)
    scratch = Scratch()
    held = {v: Node(v.operator, (), {"variable": v}, type, v.label, v.loc, (), scratch) for v, type in variables.items()}
    state = _State(order, held, {*feeds, *values})
    new: dict[Node, Node] = {}
    placeholders: dict[Node, Node] = {}
    effects: list[Node] = []
    pending: list[Node] = []
    waiting: set[Node] = set()
    with scratch.as_default():
        for node in order:
            scratch.place = node
            if node in values:
                value = values[node]
                new[node] = bound_node(scratch, value, node.type.dtype) if has_sizes(value) else constant_node(scratch, value)
            elif node in feeds:
                new[node] = placeholders[node] = placeholder_of(feeds[node], scratch)
            elif node in done:
                continue
            elif waiting and any(x in waiting for x in state.uses(node)):
                waiting.add(node)
            elif node.operator.name == "variable":
                new[node] = held[node]
            else:
                built = _rebuild(node, new, state, scratch)
                if built is not None and not (_known(built) and (not decide or _decided(built))):
                    waiting.add(node)
                    first = _undecided(node, new, lambda x: x in feeds or x in values or x in done)
                    pending += [x for x in first or [node] if x not in pending]
                elif built is not None:
                    new[node] = built
                    if has_effect(built):
                        effects.append(built)
            if node in done and node.operator.family.assigns:
                state.assigned[node.inputs[0]] = new[node]
    if pending:
        return Specialised([], placeholders, [], [], pending, new, Scope())
    assigns = [(held[v], value) for v, value in state.assigned.items()]
    return Specialised([new.get(f) if isinstance(f.type, TensorType) else None for f in fetches], placeholders, assigns, effects, [], new, Scope())


class StageWork(NamedTuple):
    """What is evaluated before the sizes of what follows are known.

    `found` are the nodes that its values are of: operands of the pending nodes, and `kept`, what the rest of the run uses; `results[i]`
    those whose values the i-th pending node is. `constants` is used there too, and known already. `done` is all that the rest of the run
    must not evaluate again.
    """

    work: Specialised
    found: list[Node]
    kept: list[Node]
    results: list[list[Node]]
    constants: dict[Node, np.ndarray[Any, Any]]
    done: set[Node]


def stage(fetches: Sequence[Node], order: Sequence[Node], spec: Specialised, settled: Container[Node]) -> StageWork:
    """The work that decides what `spec.pending` waits for, effects among it: each of its nodes is evaluated in this stage and in no other.

    `settled`: what is fed, and what earlier stages have evaluated.
    """
    uses, pending = _State(order, {}, settled).uses, set(spec.pending)
    reach = reached(pending, lambda n: [x for x in uses(n) if x not in settled])
    items: dict[Node, list[Node]] = {}
    for n in order:                                      # of several results, those that only later stages need are there too
        if n.operator.family.picks and n.inputs[0] in reach and n not in settled:
            items.setdefault(n.inputs[0], []).append(n)
            reach.add(n)
    # Sources, and variables as they were before the run, are there for all stages.
    done = {n for n in reach if n not in settled and not _is_source(n) and not (n.operator.name in READS and _is_source(spec.made[n]))}
    results = [[p] if isinstance(p.type, TensorType) else items.get(p, []) for p in spec.pending]
    evaluated = done.difference(pending, *results)
    left = [n for n in order if n not in done and n not in settled]
    used = evaluated.intersection([*(x for n in left for x in n.inputs), *fetches, *(n for n in evaluated if n.operator.family.assigns)])
    values = [n for n in in_order(used) if isinstance(n.type, TensorType)]
    constants = {n: spec.made[n].attrs["value"] for n in values if spec.made[n].operator.name == "constant"}
    kept = [n for n in values if n not in constants]
    found = list(dict.fromkeys([*(x for p in spec.pending for x in p.inputs), *kept]))
    effects = [spec.made[n] for n in in_order(evaluated) if n in spec.made and has_effect(spec.made[n])]
    work = Specialised([spec.made[n] for n in found], spec.feeds, [], effects, spec.pending, {}, spec.scope)
    return StageWork(work, found, kept, results, constants, done)


def _is_source(node: Node) -> bool:
    return node.operator.family is FAMILIES["source"]


def _known(node: Node) -> bool:
    type = node.type
    return type.known if isinstance(type, TensorType) else all(t.known for t in type or ())


def _decided(node: Node) -> bool:
    """Whether the shape that is asked for is known: one that follows from the number of elements alone may be another than the one that is."""
    if not node.operator.family.reshapes:
        return True
    return all((value := static_value(node.inputs[i])) is not None and not unknown(value).any() for i in node.operator.by_value)


def _undecided(node: Node, new: dict[Node, Node], settled: Callable[[Node], bool]) -> list[Node]:
    """The operands on whose values the shape of a loop nest depends, if a run can know them before: it is then compiled like any other.

    None: the node itself is evaluated, by its reference.
    """
    family = node.operator.family
    if not (family.routine or family.scatters or node.operator.deferred == "value"):
        return []
    pairs = [(node.inputs[i], static_value(new[node.inputs[i]])) for i in node.operator.by_value]
    found = [x for x, value in pairs if value is None or unknown(value).any()]
    plain = all(x.operator.family.memory is not Memory.OUTSIDE and not x.operator.family.picks and not x.operator.effect for x in found)
    return found if plain and not any(map(settled, found)) else []


def _rebuild(node: Node, new: dict[Node, Node], state: _State, scratch: Scratch) -> Node | None:
    operator = node.operator
    if operator.name in READS:
        return state.read(node, new)
    if operator.family.assigns:
        return state.assign(node, new, scratch)
    if operator.family.orders or operator.name == "initialize":         # with which a run begins
        return None
    try:
        return _trimmed(node, new, state.trims, scratch)
    except ShapeError as e:             # of what is fed, not of what is built: TensorFlow's class for what a run refuses
        raise InvalidArgumentError(str(e), node) from None


def rebuilt(body: Body, types: Sequence[TensorType]) -> Body | None:
    """A body for arguments of concrete types, its nodes as `specialise` makes them; None if data decides a type within it."""
    scratch = Scratch()
    with scratch.as_default():
        new = dict[Node, Node]()
        for p, t in zip(body.parameters, types, strict=True):
            scratch.place = p
            new[p] = placeholder_of(t, scratch)
        left_out = trims(body.order)
        for node in body.order:
            scratch.place = node
            new[node] = node if node.operator.name in ("constant", "bound") else _trimmed(node, new, left_out, scratch)
            if not _known(new[node]):
                return None
    return Body([new[p] for p in body.parameters], [new[r] for r in body.results])


def _trimmed(node: Node, new: dict[Node, Node], left_out: dict[Node, Trim], scratch: Scratch) -> Node:
    """A node on what its inputs have become; of one with bodies what is needed, whose operands alone may be there."""
    picks = node.operator.family.picks
    trim = left_out.get(node.inputs[0] if picks else node) if node.inputs else None
    if trim is None:
        return _built(node, tuple([new[x] for x in node.inputs]), scratch)
    if picks:
        return _rounded(node.operator.build(scratch, (new[node.inputs[0]],), {"index": trim.results[node.attrs["index"]]}), node)
    return node.operator.build(scratch, tuple([new[node.inputs[i]] for i in trim.operands]), trim.attrs)


def _built(node: Node, inputs: tuple[Node, ...], scratch: Scratch) -> Node:
    """The node on inputs of concrete types, lowered, and lowered again what that is made of."""
    operator = node.operator
    if widened(operator, inputs, node.type):
        return _in_single(node, inputs, scratch)
    if operator.lower is None and _has_its_type(node, inputs):
        return scratch.add(operator, inputs, node.attrs, node.type, None)
    built = operator.build(scratch, inputs, node.attrs)
    if operator.family.picks:
        return _rounded(built, node)
    if operator.lower is None:
        return _known_value(built, scratch)
    if operator.deferred == "value" and left_open(inputs[0]):         # of no type before that is known, whatever is known of it
        return built.on(inputs, TensorType(built.type.dtype, None))
    lowered = scratch.to_lower
    simpler: Node = operator.lower(built, inputs, [x.type for x in inputs], built.type, **node.attrs)
    if simpler is built:
        return _known_value(built, scratch)
    if scratch.to_lower == lowered and not operator.deferred:
        return simpler
    made = {x: x for x in inputs}
    for n in topological([simpler], stop=made.__contains__):
        if n not in made:
            made[n] = _built(n, tuple([made[x] for x in n.inputs]), scratch) if n.inputs else n
            if not _known(made[n]):             # data decides what is within: the whole is evaluated first
                return built.on(inputs, TensorType(built.type.dtype, None))
    return made[simpler]


def _in_single(node: Node, inputs: tuple[Node, ...], scratch: Scratch) -> Node:
    """The node on operands in float32, its result rounded to half precision."""
    wide = tuple([cast(x, dtype=SINGLE) if x.type.dtype == HALF else x for x in inputs])
    found = _built(node.operator.build(scratch, wide, in_single(node.attrs)), wide, scratch)
    return _rounded(found, node)


def _rounded(found: Node, node: Node) -> Node:
    """What a node was rebuilt as, in the half precision that the node itself is of."""
    halved = isinstance(node.type, TensorType) and node.type.dtype == HALF and found.type.dtype != HALF
    return cast(found, dtype=HALF) if halved else found


def _has_its_type(node: Node, inputs: tuple[Node, ...]) -> bool:
    """Whether a node of the user's graph has the type that its rule would find again: decided by the types of its operands, which are the same."""
    operator, type = node.operator, node.type
    if not (operator.family.fuses or operator.family.multiplies) or operator.by_value or type.__class__ is not TensorType or type.dtype.kind in "iu":
        return False
    for x, was in zip(inputs, node.inputs):  # noqa: B905  (one for each)
        if x.type is not was.type and not same_type(x.type, was.type):
            return False
    return True


def _known_value(node: Node, scratch: Scratch) -> Node:
    """Sizes are numbers now: what follows from them is a constant, and costs nothing at run time."""
    if not isinstance(node.type, TensorType) or node.type.dtype.kind not in "iu" or not node.operator.pure:
        return node
    value = static_value(node)
    if value is None or unknown(value).any():
        return node
    if has_sizes(value):
        return bound_node(scratch, value, node.type.dtype)
    try:
        return constant_node(scratch, exactly(value, node.type.dtype))
    except DTypeError as e:
        raise InvalidArgumentError(f"{describe_call(node.operator.name, node.inputs)}: {e}\n  at {loc_str(node.loc)}", node) from None


def _check_assigned(node: Node, present: TensorType, value: TensorType) -> None:
    """The assignment's own type rule, asked again now that a run knows the shapes: of the variable's present value, and of the new one."""
    declared = node.inputs[0].type
    held = declared if node.operator.resizes and not declared.known else present
    try:
        node.operator.infer([held, value], (), **node.attrs)
    except (ShapeError, DTypeError) as e:
        raise InvalidArgumentError(f"{describe_call(node.operator.name, node.inputs)}: {e}\n  at {loc_str(node.loc)}", node) from None


class _State:
    """Variables as values: each assignment makes a new one, and reads find the one that their control dependencies name, or the latest."""

    def __init__(self, order: Sequence[Node], held: dict[Node, Node], settled: Container[Node]):
        self.assigned: dict[Node, Node] = {}
        self.trims = trims(order)
        self._held = held
        self._assignments: dict[Node, list[Node]] = {}                          # of each variable, in order
        for n in order:
            if n.operator.family.assigns:
                self._assignments.setdefault(n.inputs[0], []).append(n)
        self._before: dict[tuple[Node, ...], set[Node]] = {}
        self._previous: dict[Node, Node] = {}                                   # the assignment to the same variable before
        last: dict[Node, Node] = {}
        for n in order:
            if (n.operator.family.assigns or n.operator.name == "latest") and n not in settled:
                if n.inputs[0] in last:
                    self._previous[n] = last[n.inputs[0]]
                if n.operator.family.assigns:
                    last[n.inputs[0]] = n

    def uses(self, node: Node) -> list[Node]:
        """What must be evaluated before a node: its inputs, what controls it, and the assignment that it goes on from."""
        if node.operator.family.picks:                   # there with what it picks from
            return [*node.inputs]
        return [*node.inputs, *node.control_inputs, *([self._previous[node]] if node in self._previous else ())]

    def assign(self, node: Node, new: dict[Node, Node], scratch: Scratch) -> Node:
        variable, value = node.inputs[0], new[node.inputs[1]]
        if node.operator.name != "assign":
            current = self.assigned.get(variable, new[variable])                # of a variable that is fed, what is fed
            _check_assigned(node, current.type, value.type)
            value = (add if node.operator.name == "assign_add" else subtract)(current, value)
            value = _built(value, value.inputs, scratch)
        _check_assigned(node, self.assigned.get(variable, self._held[variable]).type, value.type)
        self.assigned[variable] = value
        return value

    def read(self, node: Node, new: dict[Node, Node]) -> Node:
        variable = node.inputs[0]
        if node.operator.name == "latest":
            return self.assigned.get(variable, new[variable])
        writes = self._assignments.get(variable, ()) if node.control_inputs else ()
        earlier = self._earlier(node.control_inputs) if writes else set()
        last = next((a for a in reversed(writes) if a in earlier), None)
        return new[variable if last is None else last]

    def _earlier(self, controls: tuple[Node, ...]) -> set[Node]:
        found = self._before.get(controls)
        if found is None:
            found = self._before[controls] = reached(controls, lambda n: (*n.inputs, *n.control_inputs))
        return found
