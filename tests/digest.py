"""A program as plain data, by which two compilations are compared: what it calls, on which memory, with which numbers; no address of this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

import graphc as tf
from graphc.cpu import bind
from graphc.cpu.program import Program
from graphc.cpu.routines import Product
from graphc.cpu.steps import NativeStep
from graphc.ir.node import Node
from graphc.ir.sizes import all_at_hand, at_hand
from graphc.runtime.forms import Runnable, WithReset
from graphc.runtime.stages import Staged


def plan_digest(program: Program) -> dict[str, Any]:
    """Texts, extents, ranges, grains, lifetimes, offsets and products' tables of a program, buffers by numbers in the order of their making."""
    buffers = [*program.plan.sources.values(), *program.plan.layout.buffers, *program.scratch]
    number = {b: i for i, b in enumerate(buffers)}

    def step(made: Any) -> Any:
        if not isinstance(made, NativeStep):
            return made.node.operator.name, [place(x) for x in (*made.node.inputs, *made.outs)]
        table = made.text.table.tolist() if isinstance(made.text, Product) else None
        # A slot that is a number is an address: of BLAS, or of the table.
        slots = ["address" if isinstance(slot, int) else (number[slot[0]], at_hand(slot[1])) for slot in made.slots]
        return made.text.source, made.extents.tolist(), made.n, made.grain, made.work, slots, table

    def place(node: Node | None) -> Any:
        if node is None:
            return None
        where = program.plan.layout(node)
        return number[where.buffer], at_hand(where.offset), all_at_hand(where.strides), str(node.type)

    return {
        "steps": [step(made) for made in program.steps],
        "buffers": [(b.kind, b.dtype.name, at_hand(b.size), b.first, b.last, b.offset if b.kind == "arena" else None) for b in buffers],
        "arena": program.memory.arena_bytes,
        "feeds": [(i, m.shape) for i, m in program.copied] + [(i, m.shape, number[b]) for i, m, b in program.direct],
        "fetches": [place(f) for f in program.plan.fetches],
        "late": [(variable.label, place(value)) for variable, value in program.plan.late],
        "quick": (program.plain, program.draws),
    }


@contextmanager
def no_kernels() -> Iterator[None]:
    """Programs made inside are planned and bound, and cannot be run: none of their kernels is compiled or looked up."""
    before = bind.native.compile_kernels
    bind.native.compile_kernels = lambda sources: [SimpleNamespace(address=1)] * len(sources)
    try:
        yield
    finally:
        bind.native.compile_kernels = before


def programs(graph: tf.Graph, fetches: Sequence[Any], feeds: Mapping[Any, Any], threads: int = 1) -> list[Program]:
    """What runs for some fetches and feeds: one program, none if data decide on shapes."""
    with tf.Session(graph=graph, config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session, no_kernels():
        call, fed = session.calls.prepare(fetches, feeds)
        made: Runnable = call.compile(call.arrays([np.asarray(v) for v in fed]))
    if isinstance(made, WithReset):
        made = made.program
    assert isinstance(made, (Program, Staged)), made
    return [made] if isinstance(made, Program) else []
