"""Waves and loops of a region, built as graphc's `cond` and `while_loop`, which take from outside what they need of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import SerializationError, ShapeError, UnimplementedError
from ...ir.joining import whole
from ...ir.known import static_value
from ...ir.node import Node, here, next_index
from ...ir.sizes import unknown
from ...ir.types import TensorShape
from ...ops import array, sources
from ...ops.control_flow import cond, while_loop
from .flow import ENTERS, EXITS, MERGES, STEPS, SWITCHES, Branch, Loop, Path, Region, Wave
from .nodes import Parsed, Ref


def build_wave(importer: Any, env: Any, region: Region, wave: Wave) -> None:
    """All merges of a wave as one branch of graphc's; of a predicate whose value is known, the side that is taken."""
    places, since = region.places, next_index()
    merges = [m for m in region.members[wave] if places.path[m] == region.path]
    sides = [env.within(), env.within()]
    names = [[m for m in region.members[wave] if Branch(wave.pred, side) in places.path[m]] for side in (0, 1)]
    pred = env.value(wave.pred)
    known = static_value(pred)
    if known is not None and not unknown(known).any():
        side = int(bool(known))
        importer.build_all(sides[side], names[side], (*region.path, Branch(wave.pred, side)))
        for m in merges:
            ref = places.side(places.nodes[m], wave.pred, side)
            index = sources.constant(places.nodes[m].inputs.index(ref), dtype="int32")
            importer.keep(env, places.nodes[m], [sides[side].value(ref), index], since)
        env.values.update({name: sides[side].values[name] for name in names[side] if name in sides[side].values})
        return
    exports = [_exports(region, wave, names[side], side) for side in (0, 1)]
    gave: list[list[Any]] = []

    def built(side: int) -> list[Any]:
        """What a branch gives; both are built at once, for each gives nothings for what only the other has."""
        if not gave:
            for k in (1, 0):
                importer.build_all(sides[k], names[k], (*region.path, Branch(wave.pred, k)))
            gave.extend(_given(region, wave, merges, sides, exports, k) for k in (0, 1))
        return gave[side]
    found = cond(pred, lambda: built(1), lambda: built(0), strict=True, name="branches")
    for i, m in enumerate(merges):
        importer.keep(env, places.nodes[m], found[2 * i:2 * i + 2], since)
    for ref, value in zip([*exports[0], *exports[1]], found[2 * len(merges):], strict=True):
        outputs = env.values.setdefault(ref.name, [])
        outputs.extend([None] * (ref.output + 1 - len(outputs)))
        outputs[ref.output] = value


def _exports(region: Region, wave: Wave, names: Sequence[str], side: int) -> list[Ref]:
    """What others take of a branch that lie in the same one, are built later, and cannot compute again: gradients take what was drawn."""
    own, branch = set(region.members[wave]), Branch(wave.pred, side)
    users = region.places.users
    return sorted({ref for name in names if region.places.lasting(name) for user, ref in users.get(name, ())
                   if user not in own and branch in region.places.path[user]})


def _given(region: Region, wave: Wave, merges: Sequence[str], sides: Sequence[Any], exports: Sequence[Sequence[Ref]], side: int) -> list[Any]:
    places, found = region.places, list[Any]()
    for m in merges:
        ref = places.side(places.nodes[m], wave.pred, side)
        found += [sides[side].value(ref), sources.constant(places.nodes[m].inputs.index(ref), dtype="int32")]
    for k in (0, 1):
        for ref in exports[k]:
            value = sides[k].value(ref)
            if not isinstance(value, Node):
                raise UnimplementedError(f"{ref.name!r:.80} goes from a branch to another, and is no tensor{here()}")
            found.append(value if k == side else array.zeros([1 if d is None else d for d in value.type.shape or ()], dtype=value.dtype))
    return found


# ---------------------------------------------------------------------- loops

def build_loop(importer: Any, env: Any, region: Region, loop: Loop) -> None:
    """A loop as one of graphc's: its variables are the merges at its head."""
    places, since = region.places, next_index()
    nodes, path, members = places.nodes, (*region.path, loop), region.members[loop]
    own = [nodes[m] for m in members if places.path[m] == path]
    heads = [n for n in own if n.op in MERGES and places.loops(n)]
    ends = {n.inputs[0].name: n for n in own if n.op in SWITCHES and places.loops(n)}
    condition = next((n for n in own if n.op == "LoopCond"), None)
    if condition is None or not heads:
        raise SerializationError(f"the loop {loop.frame!r:.80} has no condition, or no variables{here()}")
    starts = {h.name: _input(h, nodes, ENTERS) for h in heads}
    initial = [env.value(starts[h.name].inputs[0]) for h in heads]

    def attempt(invariants: Any) -> Sequence[Any]:
        within = env.within()
        for n in own:
            if n.op in ENTERS:
                within.values[n.name] = (env.value(n.inputs[0]),)

        def test(*values: Any) -> Any:
            for h, x in zip(heads, values, strict=True):
                within.values[h.name] = (x, None)
                if h.name in ends:
                    within.values[ends[h.name].name] = (x, x)
            importer.build_all(within, _needed(places, [condition.inputs[0].name], path), path)
            return within.value(condition.inputs[0])

        def step(*values: Any) -> list[Any]:
            following = [_input(h, nodes, STEPS).inputs[0] for h in heads]
            importer.build_all(within, _needed(places, [r.name for r in following], path), path)
            return [within.value(r) for r in following]
        return while_loop(test, step, initial, shape_invariants=invariants, return_same_structure=True, name="loop")
    try:
        with whole(importer.graph):
            found = attempt(None)
    except ShapeError:
        found = attempt([TensorShape([None] * x.type.rank) if isinstance(x, Node) and x.type.rank is not None else None for x in initial])
    at = {ends[h.name].name: i for i, h in enumerate(heads) if h.name in ends}
    for m in members:
        if nodes[m].op in EXITS and places.path[m] == region.path:
            if nodes[m].inputs[0].name not in at:
                raise SerializationError(f"{m!r:.80} leaves the loop {loop.frame!r:.80} with what is no variable of it{here()}")
            importer.keep(env, nodes[m], found[at[nodes[m].inputs[0].name]], since)


def _input(n: Parsed, nodes: Any, ops: frozenset[str]) -> Parsed:
    """The input of a head of a loop that is of some operators. SerializationError: there is none."""
    found = next((nodes[r.name] for r in n.inputs if r.name in nodes and nodes[r.name].op in ops), None)
    if found is None or not found.inputs:
        raise SerializationError(f"{n.name!r:.80} is the head of a loop without {' or '.join(sorted(ops))}{here()}")
    parsed: Parsed = found
    return parsed


def _needed(places: Any, names: Sequence[str], path: Path) -> list[str]:
    """The nodes of a loop that some need."""
    stack, found = list(names), dict[str, None]()
    while stack:
        name = stack.pop()
        if name in found or places.path.get(name, ())[:len(path)] != path:
            continue
        found[name] = None
        n = places.nodes[name]
        stack += [x for x in (*(r.name for r in n.inputs), *n.controls) if x in places.nodes]
    return list(found)


__all__ = ["build_loop", "build_wave"]
