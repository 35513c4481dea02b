"""A plan becomes a program: kernels for its steps, memory for its values, the pointers that join the two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..compiler.layout import Buffer
from ..compiler.plan import Plan
from ..compiler.schedule import Group, Single
from ..ir.node import Node
from ..ir.types import TensorType
from . import native
from .alike import Writer
from .kernel_text import SCRATCH, KernelText, Slot, effort
from .memory import Memory, State, address
from .program import Program
from .routines import Product, product, scatter_texts
from .steps import HostStep, NativeStep, Step

PARALLEL = 150_000      # estimated scalar operations from which a kernel is split over threads
CHUNKS = 4              # pieces a thread, so that a late thread costs little


def bind(plan: Plan, state: State, threads: int) -> Program:
    """A program that runs a plan on the variables of a state."""
    write = Writer(plan.schedule.stored, plan.layout)
    found = [(step, text) for step in plan.schedule.steps for text in _texts(step, plan, write, threads)]
    sources = [text.source for _, text in found if isinstance(text, (KernelText, Product)) and text.source]
    kernels = iter(native.compile_kernels(sources))
    memory = Memory(plan.layout)
    scratch: dict[Any, Buffer] = {}
    steps: list[Step] = []
    for origin, text in found:
        nodes = origin.members if isinstance(origin, Group) else [origin.node]
        if isinstance(text, KernelText):
            grain = _grain(text, threads)
            slots: list[Any] = [_slot(s, len(steps), i, plan, scratch, -(-text.n // grain)) for i, s in enumerate(text.slots)]
            if text.chunk:
                text.extents[text.chunk] = grain
            steps.append(NativeStep(next(kernels).address, slots, text.extents, text.n, grain, nodes, text))
        elif isinstance(text, Product):
            slots = [*(_place(x, plan) for x in text.operands), *text.words, address(text.table)]
            steps.append(NativeStep(next(kernels).address if text.source else text.address, slots, text.extents, text.n, text.grain, nodes, text))
        else:
            steps.append(HostStep(text, [x for x in _results(text, plan) if plan.stored(x)], memory))
    origins = [origin for origin, _ in found]
    plan.note_lifetimes(origins)
    memory.allocate([*plan.layout.buffers, *scratch.values()])
    memory.bring_sources(plan.sources.values(), state)
    for step in steps:
        if isinstance(step, NativeStep):
            step.show(memory)
    return Program(plan, steps, origins, memory, list(scratch.values()), state, threads)


def _texts(step: Group | Single, plan: Plan, write: Writer, threads: int) -> Iterator[KernelText | Product | Node]:
    """What computes a step: texts of kernels, a product, or the node itself, by its reference."""
    if isinstance(step, Group):
        yield from (t for t in write(step) if t.n)
        return
    family = step.node.operator.family
    if family.multiplies:
        made = product(step.node, plan.layout, threads)
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
    if threads == 1 or text.n <= text.grain or text.work * max(body, 2) < PARALLEL:
        return max(text.n, 1)
    pieces = min(threads * CHUNKS, max(2, text.work * body // (PARALLEL // 4)))
    return max(text.grain, -(-text.n // pieces // text.grain) * text.grain)
