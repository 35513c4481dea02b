"""A plan becomes a program: kernels for its steps, memory for its values, the pointers that join the two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..compiler.layout import Buffer
from ..compiler.plan import Plan
from ..compiler.schedule import Group, Single
from ..ir.node import Node
from ..ir.sizes import all_at_hand, at_hand
from ..ir.types import TensorType
from . import native
from .alike import Writer
from .kernel_text import SCRATCH, KernelText, Slot, effort
from .memory import Memory, State, address
from .program import Program
from .routines import ProductText, product, scatter_texts
from .steps import HostStep, NativeStep, Step

PARALLEL = 150_000      # estimated scalar operations from which a kernel is split over threads
CHUNKS = 4              # pieces a thread, so that a late thread costs little


def bind(plan: Plan, state: State, threads: int) -> Program:
    """A program that runs a plan on the variables of a state."""
    write = Writer(plan.schedule.stored, plan.layout)
    found = [(step, text) for step in plan.schedule.steps for text in texts(step, plan, write)]
    sources = [text.source for _, text in found if isinstance(text, (KernelText, ProductText)) and text.source]
    kernels = iter(native.compile_kernels(sources))
    memory = Memory(plan.layout)
    scratch: dict[Any, Buffer] = {}
    steps: list[Step] = []
    for origin, text in found:
        nodes = origin.members if isinstance(origin, Group) else [origin.node]
        if isinstance(text, KernelText):
            grain, n, extents = _grain(text, threads), at_hand(text.n), [*all_at_hand(text.extents)]
            slots: list[Any] = [_slot(s, len(steps), i, plan, scratch, -(-n // grain)) for i, s in enumerate(text.slots)]
            if text.chunk:
                extents[text.chunk] = grain
            steps.append(NativeStep(next(kernels).address, slots, extents, n, grain, nodes, text))
        elif isinstance(text, ProductText):
            made = text.at(at_hand, threads)
            slots = [*(_place(x, plan) for x in made.operands), *made.words, address(made.table)]
            steps.append(NativeStep(next(kernels).address if made.source else made.address, slots, made.extents, made.n, made.grain, nodes, made))
        else:
            steps.append(HostStep(text, [x for x in _results(text, plan) if plan.stored(x)], memory))
    origins = [origin for origin, _ in found]
    plan.note_lifetimes(origins)
    plan.settle_results()
    memory.allocate([*plan.layout.buffers, *scratch.values()])
    memory.bring_sources(plan.sources.values(), state)
    for step in steps:
        if isinstance(step, NativeStep):
            step.show(memory)
    return Program(plan, steps, origins, memory, list(scratch.values()), state, threads)


def texts(step: Group | Single, plan: Plan, write: Writer) -> Iterator[KernelText | ProductText | Node]:
    """What computes a step: texts of kernels, a product, or the node itself, by its reference."""
    if isinstance(step, Group):
        yield from (t for t in write(step) if t.n)
        return
    family = step.node.operator.family
    if family.multiplies:
        made = product(step.node, plan.layout)
        yield from [made] if made is not None else []
    elif family.scatters:
        yield from scatter_texts(step.node, plan.layout)
    elif not family.joins:
        yield step.node


def _results(node: Node, plan: Plan) -> Sequence[Node]:
    return [node] if isinstance(node.type, TensorType) else plan.items(node)


def _slot(slot: Slot, at: int, i: int, plan: Plan, scratch: dict[Any, Buffer], chunks: int) -> tuple[Buffer, int]:
    if slot.role in SCRATCH:
        key = slot.node if slot.role == "partial" else (at, i)
        buffer = scratch.setdefault(key, Buffer("arena", slot.dtype, slot.size * (chunks if slot.role == "row" else 1)))
        buffer.touch(at)
        return buffer, 0
    assert slot.node is not None
    return _place(slot.node, plan)


def _place(node: Node, plan: Plan) -> tuple[Buffer, int]:
    where = plan.layout(node)
    return where.buffer, where.offset


def _grain(text: KernelText, threads: int) -> int:
    """Elements of the range that a thread takes at a time; all of them if sharing out costs more than it saves."""
    body = effort(text.source) - len(text.slots) - len(text.extents)
    n, work = at_hand(text.n), at_hand(text.work)
    if threads == 1 or n <= text.grain or work * max(body, 2) < PARALLEL:
        return max(n, 1)
    pieces = min(threads * CHUNKS, max(2, work * body // (PARALLEL // 4)))
    return max(text.grain, -(-n // pieces // text.grain) * text.grain)
