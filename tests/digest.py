"""A program as plain data, by which two compilations are compared: what it calls, on which memory, with which numbers; no address of this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

import graphc as tf
from graphc.cpu import code as compiled
from graphc.cpu.bodies import Bound
from graphc.cpu.program import Program
from graphc.cpu.steps import NativeStep, Value
from graphc.ir.sizes import with_numbers
from graphc.runtime.forms import Runnable, WithReset
from graphc.runtime.stages import Staged


def plan_digest(program: Program) -> dict[str, Any]:
    """Texts, extents, ranges, grains, lifetimes, offsets and products' tables of a program, buffers by numbers in the order of their making."""
    code, memory = program.code, program.memory

    def place(value: Value) -> Any:
        return code.number[value.buffer], memory.numbers[value.numbers].tolist(), str(value.dtype)

    def step(i: int) -> Any:
        if i in code.hosts:
            host = code.hosts[i]
            attrs = {name: repr(with_numbers(v, iter(memory.numbers[host.numbers].tolist()))) for name, v in host.node.attrs.items()}
            return host.node.operator.name, attrs, [place(x) for x in (*host.inputs, *host.places)]
        made = program.steps[i]
        assert isinstance(made, NativeStep)
        k = program.native[i]
        table = program.ranges.tables.get(k)
        if isinstance(table, Bound):                    # a loop or a branch: what its bodies do
            return {name: plan_digest(body) for name, body in table.programs.items()}, program.extents(i), int(program.ranges.work[k])
        table = None if table is None else table.tolist()
        return made.text.source, program.extents(i), program.range(i), int(program.ranges.work[k]), table

    return {
        "steps": [step(i) for i in range(len(program.steps))],
        "slots": (code.shown.tolist(), memory.numbers[code.offsets].tolist(), code.tables.tolist()),
        "buffers": [(memory.kind(b), b.dtype.name, b.first, b.last) for b in code.buffers],
        "constants": [a.tolist() if a.dtype.hasobject else a.tobytes() for b, a in memory._arrays.items() if b.kind == "constant"],
        "bytes": memory.nbytes.tolist(),
        "offsets": (memory.offsets.tolist(), memory.arena_bytes, memory.need),
        "feeds": [(i, place(v), memory.used_in_place(v)) for i, v in code.feeds],
        "fetches": [None if f is None else (place(f.value), f.handed_over, memory.kind(f.value.buffer)) for f in code.fetches],
        "late": [(late.variable.label, place(late.memory), place(late.value)) for late in code.late],
        "resized": len(program.resized),
        "counters": list(code.counters.values()),
        "quick": program.plain,
    }


def without_places(program: Program) -> dict[str, Any]:
    """A digest but for the offsets in the arena: they follow those of the sizes that code was bound to first."""
    return {key: value for key, value in plan_digest(program).items() if key != "offsets"}


@contextmanager
def no_kernels() -> Iterator[None]:
    """Programs made inside are planned and bound, and cannot be run: none of their kernels is compiled or looked up."""
    native = compiled.native
    before = native.compile_kernels, native.addresses
    native.compile_kernels = lambda sources: [SimpleNamespace(address=1)] * len(sources)
    native.addresses = lambda keys: [1] * len(keys)
    try:
        yield
    finally:
        native.compile_kernels, native.addresses = before


def programs(graph: tf.Graph, fetches: Sequence[Any], feeds: Mapping[Any, Any], threads: int = 1) -> list[Program]:
    """What runs for some fetches and feeds: one program, none if data decide on shapes."""
    with tf.Session(graph=graph, config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session, no_kernels():
        call, fed = session.calls.prepare(fetches, feeds)
        made: Runnable = call.compile(call.arrays([np.asarray(v) for v in fed]))
    if isinstance(made, WithReset):
        made = made.program
    assert isinstance(made, (Program, Staged)), made
    return [made] if isinstance(made, Program) else []
