"""Plans kept on disk beside the kernels: what a process compiled, another one reads, and neither specialises nor schedules.

The key is a digest of all that decides a plan: the part of the graph that a run needs (operators, edges, attributes, constants, types, not names
and lines), which of it is fed and fetched, the kinds of the values fed, the types of variables; the files of graphc, the versions of Python,
NumPy, networkx and what makes kernels, the processor, and options. A key has an entry for each variant, found by its guards; where
values decide sizes an entry under the key without values says of which feeds. GRAPHC_PLANS=none keeps none.

What operators, rules or passes of a user's own are part of, runs in stages, and runs that are fed what the graph computes, are not kept.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..compiler import passes, rules
from ..cpu import cache as files
from ..cpu import native
from ..cpu.bind import bind
from ..cpu.code import Code
from ..cpu.keep import packed
from ..cpu.kept import Site, restored
from ..cpu.kernel.machine import version
from ..cpu.memory import Arena
from ..cpu.packing import LARGEST, Damaged, SizeReader, Unkept, ValueWriter, check, joined, listed, parted, whole
from ..cpu.program import Program
from ..errors import InvalidArgumentError
from ..ir.body import Body
from ..ir.node import OPERATORS, Node, loc_str
from ..ir.scope import listable
from ..ir.types import Array, TensorType
from .forms import Runnable
from .values import Values
from .variants import VARIANTS, Bind, Open, Variant

_own_operators = frozenset[Any]()       # those that graphc declares itself
_own_rules: tuple[Any, ...] = ()


def know() -> None:
    """Take the operators, rules and passes that there are for graphc's own: what its `__init__` does at its end."""
    global _own_operators, _own_rules
    _own_operators, _own_rules = frozenset(OPERATORS.values()), (*rules.RULES, *passes.PIPELINE)


def wanted() -> bool:
    """Whether plans are kept. InvalidArgumentError: GRAPHC_PLANS is neither unset nor `none`."""
    text = os.environ.get("GRAPHC_PLANS", "")
    if text not in ("", "none"):
        raise InvalidArgumentError(f"GRAPHC_PLANS={text!r:.60} is neither empty nor none")
    return not text and "GRAPHC_DUMP" not in os.environ


# ---------------------------------------------------------------------- keys

@cache
def versions() -> str:
    """All that decides what a graph becomes in this process, besides the graph."""
    here = Path(__file__).parents[1]
    found = sorted(here.rglob("*.py"), key=str)            # all: operators are declared in many folders
    if not found:
        raise Unkept("a program without files")
    digest = hashlib.sha256()
    for path in found:
        data = path.read_bytes()
        digest.update(f"{path.relative_to(here).as_posix()} {len(data)}\n".encode() + data)
    return "\n".join([digest.hexdigest(), sys.version, sys.byteorder, np.__version__, version("networkx"), native.maker()])


class _Said(ValueWriter):
    """Attributes as they are said in a key: of a body a digest."""

    def body(self, v: Body) -> list[Any]:
        order = [*v.parameters, *v.order]
        place = {n: i for i, n in enumerate(order)}
        ends = [[place[n] for n in part] for part in (v.parameters, v.results, v.effects)]
        return ["body", graph_text(order, place, ()), *ends]


def graph_text(order: Sequence[Node], place: Mapping[Node, int], fed: Iterable[Node]) -> str:
    """A digest of the part of a graph that a run needs: each node by numbers, and what these mean. Unkept: nothing tells it from others."""
    texts: dict[str, int] = {}
    by_id: dict[int, int] = {}              # types and attributes seen before, which nodes share
    numbers: list[int] = []
    add, given = numbers.append, set(fed)
    said = _Said(place, _bytes, int)

    def text(v: Any) -> int:
        return texts.setdefault(v, len(texts))

    for n in order:
        t = n.type
        kind = by_id.get(id(t))
        if kind is None:
            kind = by_id[id(t)] = text(repr(said.type(t)))
        if n in given:
            numbers += -1, kind
            continue
        operator = n.operator
        number = by_id.get(id(operator))
        if number is None:
            if operator not in _own_operators:
                raise Unkept(f"the operator {operator.name} is not graphc's own")
            number = by_id[id(operator)] = text(operator.name)
        numbers += number, kind, len(n.inputs)
        for x in n.inputs:
            add(place[x])
        if n.control_inputs:
            numbers += -2, len(n.control_inputs), *[place[x] for x in n.control_inputs]
        if n.attrs:
            attrs = by_id.get(id(n.attrs))
            if attrs is None:
                attrs = by_id[id(n.attrs)] = text(repr([[name, said(v)] for name, v in n.attrs.items()]))
            numbers += -3, attrs
    digest = hashlib.sha256("\n".join(map(ascii, texts)).encode())
    digest.update(np.array(numbers, np.int64).tobytes())
    return digest.hexdigest()


def _bytes(array: Array) -> str:
    return hashlib.sha256(array.reshape(-1).view(np.uint8).data).hexdigest() if array.size else ""


class Call(Protocol):
    """One set of fetches and fed tensors, as `call.Call` is."""

    fetches: list[Node]
    feeds: list[Node]
    wanted: set[int]
    threads: int
    streams: list[int]
    values: Values
    arena: Arena

    def remade(self, arrays: Sequence[Array], by_value: Sequence[int], preferring: bool) -> Code:
        """The code for feeds like these, made anew with its plan."""


class Kept(NamedTuple):
    """What the plans of one call are kept by: the folder, the user's nodes by place, and the texts that all its keys begin with."""

    folder: Path
    site: Site
    texts: tuple[str, ...]
    free: bool

    def key(self, arrays: Sequence[Array], by_value: Sequence[int], number: int) -> str:
        """The key of one of the variants for arrays of this structure."""
        kinds = [f"{a.dtype.str} {a.ndim if self.free else a.shape}" for a in arrays]
        values = [f"{i} {arrays[i].shape} {'' if self.free and listable(arrays[i]) else _bytes(np.ascontiguousarray(arrays[i]))}" for i in by_value]
        return files.key("plan", *self.texts, *kinds, "values", *values, str(number))


def kept(call: Call, order: Sequence[Node], variables: Mapping[Node, TensorType], free: bool) -> Kept | None:
    """What the plans of a call are kept by; None if they are not: because they are not wanted, or because nothing tells them apart."""
    if not wanted() or any(f.inputs or f.type.dtype.hasobject for f in call.feeds) or (*rules.RULES, *passes.PIPELINE) != _own_rules:
        return None
    folder = files.folder()
    if folder is None:
        return None
    site = Site.of(order)
    try:
        graph = graph_text(order, site.place, call.feeds)
        asked = [f"{site.place[f]} {i in call.wanted}" for i, f in enumerate(call.fetches)], [site.place.get(f, -1) for f in call.feeds]
        held = [(site.place[v], t.dtype.str, t.shape) for v, t in variables.items()]
        return Kept(folder, site, (versions(), graph, repr(asked), repr(held), f"{free} {call.values.flush} {call.streams}"), free)
    except (Unkept, OSError):
        return None


# ---------------------------------------------------------------------- entries

class Place(NamedTuple):
    """Where a plan belongs that is not kept yet: under the key of these feeds' values, as the variant of this number."""

    by_value: list[int]
    number: int


def find(call: Call, where: Kept, arrays: Sequence[Array], by_value: list[int]) -> Variant | Place:
    """The kept variant that serves these arrays, or where one belongs; `by_value` gets the feeds whose values whoever compiled it had to know."""
    number = 0
    while number < VARIANTS - 1:
        data = files.read(where.folder, where.key(arrays, by_value, number), "plan")
        if data is None:
            break
        try:
            head, columns, blobs = parted(data)
            if "by_value" in head:
                more = [whole(i, 0, len(arrays) - 1) for i in listed(head["by_value"])]
                check(more[:len(by_value)] == by_value and len(more) > len(by_value) and len({*more}) == len(more))
                by_value[:], number = more, 0
                continue
            opened = Open.of(call.feeds, arrays, by_value, where.free)
            sizes, holds = opened.numbers(arrays), SizeReader(head).scope.holds()
            then = [whole(n, -LARGEST) for n in listed(head.get("free"), len(sizes))]
            if _hold(holds, sizes):
                remake = partial(call.remade, opened.alike(arrays, then), [*by_value], head.get("preferring") is True)
                code = restored(head, columns, blobs, where.site, call.threads, remake, call.values.flush)
                return Variant(opened, opened.structure(arrays), holds, partial(bind, code, state=call.values, arena=call.arena), [], None, None)
        except Damaged:
            break
        number += 1
    return Place([*by_value], number)


def _hold(holds: Any, sizes: Sequence[int]) -> bool:
    try:
        return bool(holds(*sizes))
    except ArithmeticError:
        return False


def keeping(make: Bind, call: Call, where: Kept, place: Place, arrays: Sequence[Array], by_value: Sequence[int]) -> Bind:
    """A bind that keeps the code which it binds, the first time: where buffers lie is known by then."""
    opened, known, done = Open.of(call.feeds, arrays, by_value, where.free), [*by_value], list[bool]()
    alike = opened.alike(arrays, opened.numbers(arrays))

    def first(sizes: Sequence[int]) -> Runnable:
        program = make(sizes)
        if not done and isinstance(program, Program):
            done.append(True)
            _keep(program.code, call, where, place, alike, known)
        return program
    return first


def _keep(code: Code, call: Call, where: Kept, place: Place, arrays: Sequence[Array], by_value: Sequence[int]) -> None:
    try:
        content = packed(code, where.site)
    except Unkept:
        return
    first = [f"{f.label} ({loc_str(f.loc)})" for f in call.fetches[:1]] or ["nothing"]
    about = f"{first[0]}, {len(where.site.order)} nodes, {code.count} steps"
    number = place.number
    if by_value != place.by_value:
        files.write(where.folder, where.key(arrays, place.by_value, number), "plan", f"values that decide: {about}",
                    joined({"by_value": [*by_value]}, {}, []))
        number = next((k for k in range(VARIANTS - 1) if not (where.folder / f"{where.key(arrays, by_value, k)}.plan").exists()), VARIANTS - 2)
    files.write(where.folder, where.key(arrays, by_value, min(number, VARIANTS - 2)), "plan", about, content)
