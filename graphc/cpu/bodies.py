"""Loops and branches as steps of a tape: their bodies are code of their own, bound beside the program's, which one machine call runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..compiler.concrete import plan_of
from ..compiler.layout import Buffer
from ..compiler.plan import Plan
from ..ir.node import Node, describe
from ..ir.reference import add_to
from ..ir.sizes import at_hand
from ..ir.types import Array, TensorType, element_count
from .control_code import (
    BODY,
    BRANCH,
    BRANCH_WORDS,
    COUNT_SLOT,
    DONE,
    FINALS,
    INDEX,
    INIT,
    LOOP_WORDS,
    MASK,
    NOTED,
    NOTES,
    ONCE,
    PATIENCE_OF,
    PHASE,
    POOL_OF,
    PRED,
    REVERSE,
    ROWS,
    SWAPS,
    TEST,
    WIDTHS,
)
from .loop_kernel import LoopText, loop_kernel
from .tape import pool_address
from .tape_code import FAILED, PATIENCE, RESUME, code_address

LONG = 1 << 40          # the work of a loop of which nobody knows how often it runs
EASY = 1_000_000        # operations after which it is worth to look at the clock
NEVER = 1 << 62
MOST_EVENTS = 1 << 17   # calls of the steps of a body, and iterations, that a traced run records
MOST_NOTES = 1 << 17


class Part(NamedTuple):
    """The code of a body, and where its arguments and results lie there: None of an argument that nothing uses."""

    code: Any               # Code, which stands above
    arguments: Sequence[Buffer | None]
    results: Sequence[Buffer]

    @classmethod
    def of(cls, code: Any, parameters: Sequence[Node]) -> Part:
        """Of code of a body's plan, and the parameters as the plan has them."""
        plan = code.plan
        return cls(code, [plan.sources.get(p) for p in parameters], [plan.layout(r).buffer for r in plan.fetches])

    @property
    def work(self) -> Any:
        """Elements that one run touches."""
        return 1 + sum(s.text.work for s in self.code.steps)


class Form(NamedTuple):
    """What a binding has to know of a loop or a branch besides its bodies.

    How many operands it has, of a loop how many are carried and how many are sliced, and where the results that are used, by their number,
    stand behind the operands.
    """

    loops: bool
    inputs: int
    slots: Mapping[int, int]
    carried: int = 0
    sliced: int = 0
    reverse: bool = False


class Bodies:
    """A loop or a branch as it is bound."""

    form: Form
    parts: Mapping[str, Part]
    node: Node

    def bind(self, run: Callable[[Any], Any], numbers: Sequence[int], lasts: bool) -> Bound:
        """The bodies bound by `run`, and the descriptor that the machine code takes; `lasts`: whether it may take long, and pauses."""
        programs = {name: run(part.code) for name, part in self.parts.items()}
        for program in programs.values():
            program.settle()
        return BoundLoop(self, programs, numbers, lasts) if self.form.loops else BoundBranch(self, programs, lasts)


class Control(Bodies):
    """A loop or a branch as a step: its code, its operands and results, and what a binding has to know.

    `operands`: the inputs, behind them the results that are used. Its numbers, as far as sizes decide them, are `extents`.
    """

    source = ""
    checks: tuple[Any, ...] = ()

    def __init__(self, node: Node, parts: dict[str, Part], outs: Sequence[Node], rows: Sequence[TensorType] = ()):
        self.node, self.parts, self.outs, self.rows = node, parts, [*outs], rows
        self.operands = [*node.inputs, *outs]
        self.loops = node.operator.name == "loop"
        slots = {x.attrs["index"]: len(node.inputs) + i for i, x in enumerate(outs)}
        more = {name: node.attrs[name] for name in ("carried", "sliced", "reverse")} if self.loops else {}
        self.form = Form(self.loops, len(node.inputs), slots, **more)
        self.address = code_address("graphc_loop" if self.loops else "graphc_branch")
        self.extents: list[Any] = [0, -1, len(self.operands)]
        if self.loops and node.attrs["cond"] is None:
            self.extents[1] = _rows(node)
        self.each = sum(part.work for part in self.parts.values())
        unlimited = self.loops and self.extents[1].__class__ is int and self.extents[1] < 0
        self.work = LONG if unlimited else self.each * (self.extents[1] + 1) if self.loops else self.each

    def numbers(self) -> list[Any]:
        """What a binding has to know: the elements of one iteration, and the bytes of each state, row and further result."""
        if not self.loops:
            return [self.each]
        c = self.form.carried
        more = [r.type for r in self.parts["body"].code.plan.fetches[c:]]
        return [self.each, *(element_count(t.shape) * t.dtype.itemsize for t in (*self.node.type[1:1 + c], *self.rows, *more))]


def _rows(node: Node) -> Any:
    """How often a loop runs that has no condition: as many times as there are rows; -1: its first operand says it."""
    c, m = node.attrs["carried"], node.attrs["sliced"]
    if m:
        return node.inputs[1 + c].type.shape[0]
    most = node.inputs[0]
    return max(int(most.attrs["value"]), 0) if most.operator.name == "constant" else -1


def trips(node: Node) -> int | None:
    """How often a loop runs its body with the sizes at hand; None: its condition, or the value of an operand, decides it as it runs."""
    most = -1 if node.attrs["cond"] is not None else at_hand(_rows(node))
    return None if most is None or most < 0 else most


def control(node: Node, plan: Plan, code_of: Callable[[Plan], Any]) -> Control | LoopText | None:
    """The step that runs a node's bodies in machine code, by one kernel if all is scalars; None where Python has to."""
    if not all(isinstance(t, TensorType) and t.known for t in (*(x.type for x in node.inputs), *node.type)):
        return None
    captured: list[TensorType]
    rows: list[TensorType] = []
    if node.operator.name == "loop":
        c, m = node.attrs["carried"], node.attrs["sliced"]
        most, *rest = [x.type for x in node.inputs]
        state = list(node.type[1:1 + c])
        if any(a.shape != b.shape for a, b in zip(state, rest[:c], strict=True)):
            return None
        captured = rest[c + m:]
        rows = [TensorType(t.dtype, t.shape[1:]) for t in rest[c:c + m]]
        wanted = {"body": (node.attrs["body"], [node.type[0], *state, *rows, *captured])}
        if node.attrs["cond"] is not None:
            wanted["cond"] = (node.attrs["cond"], [node.type[0], *state, *captured])
    else:
        captured = [x.type for x in node.inputs[1:]]
        wanted = {name: (node.attrs[name], captured) for name in ("then", "orelse")}
    plans, outs = {}, [x for x in plan.items(node) if plan.stored(x)]
    for name, (body, types) in wanted.items():
        made = plan_of(body, types)
        if made is None or not _agrees(node, name, made[0]):
            return None
        plans[name] = made
    if node.operator.name == "loop":
        kernel = loop_kernel(node, plans["body"], plans.get("cond"), outs, _rows(node) if "cond" not in plans else -1)
        if kernel is not None:
            return kernel
    codes = {name: code_of(made[0]) for name, made in plans.items()}
    if any(len(code.runs) > 1 or not all(run.native for run in code.runs) for code in codes.values()):
        return None
    return Control(node, {name: Part.of(codes[name], plans[name][1]) for name in codes}, outs, rows)


def _agrees(node: Node, name: str, plan: Plan) -> bool:
    """Whether results have the shapes that the node's type says: what is carried may change them, and then Python runs the loop."""
    found = [f.type.shape for f in plan.fetches if f is not None]
    if name == "cond":
        return found == [()]
    if name != "body":
        return all(s == t.shape for s, t in zip(found, node.type, strict=True))
    c = node.attrs["carried"]
    stacked = [t.shape[1:] for t in node.type[1 + c:]]
    return all(s == t for s, t in zip(found, [*(t.shape for t in node.type[1:1 + c]), *stacked], strict=True))


# ---------------------------------------------------------------------- bound

class Record(NamedTuple):
    """What the steps of a body took in a traced run: `calls`, as its tape writes them, and `notes` of when the iterations were over."""

    name: str
    program: Any
    tape: Any
    calls: Array
    notes: Array | None
    within: dict[int, list[Record]]         # step that runs bodies -> theirs

    def rows(self) -> tuple[Array, Array]:
        """The calls, and which iteration each was in; 0 in a branch."""
        rows = self.tape.recorded(self.calls)
        if self.notes is None:
            return rows, np.zeros(len(rows), np.int64)
        noted = self.notes[2:2 + 2 * min(int(self.notes[0]), int(self.notes[1]))].reshape(-1, 2)
        if not len(noted):
            return rows, np.zeros(len(rows), np.int64)
        return rows, noted[np.maximum(np.searchsorted(noted[:, 1], rows[:, 4], "right") - 1, 0), 0] + 1


class Bound:
    """The descriptor of a step for some sizes, and all that it points to."""

    def __init__(self, step: Bodies, programs: dict[str, Any], words: int):
        self.step, self.programs = step, programs
        self.words = np.zeros(words, np.int64)
        self.kept: list[Any] = [self.words]

    def entries(self, name: str, where: Buffer | None) -> list[tuple[int, int]]:
        """Where a body's tables show an argument or a result: addresses of entries, and how many bytes behind its beginning."""
        program = self.programs[name]
        if where is None:                               # nothing in the body uses it
            return []
        table = program.memory.table
        return [(table.ctypes.data + at * table.itemsize, offset) for at, offset in program.memory.showing(where)]

    def lists(self, at: int, records: Sequence[tuple[int, ...]], width: str) -> None:
        """Records for the descriptor."""
        array = np.array([*records, (0,) * WIDTHS[width]], np.int64)
        self.kept.append(array)
        self.words[at], self.words[at + 1] = len(records), array.ctypes.data

    def tape(self, name: str) -> int:
        """The address of a body's tape: one without steps, if there is nothing to do."""
        segments = self.programs[name].segments
        if segments:
            return int(segments[0].tape.words.ctypes.data)
        nothing = np.zeros(16, np.int64)
        self.kept.append(nothing)
        return int(nothing.ctypes.data)

    def tapes(self) -> list[Any]:
        return [s.tape for program in self.programs.values() for s in program.segments]

    def reset(self) -> None:
        """Begin anew at the next run, after one that was broken off."""
        self.words[PHASE if self.step.form.loops else BRANCH_WORDS - 1] = 0
        for tape in self.tapes():
            tape.words[RESUME] = 0
        for program in self.programs.values():
            program.break_off()

    def set_patience(self, long: bool) -> None:
        """Whether it may pause."""
        for program in self.programs.values():
            program.set_patience(long)

    def error(self, status: int, sizes: Sequence[int]) -> Exception:
        """The error of the step in a body that has stopped a run of these sizes: those that it was bound to may differ where they decide nothing."""
        name, of = self.failed(), describe(self.step.node)
        program = self.programs[name]
        program.sizes = sizes
        found: Exception = program.error(program.segments[0], status)
        add_to(found, f"\n  in iteration {int(self.words[DONE])}" if self.step.form.loops else f"\n  in the branch for {str(name == 'then').lower()}")
        add_to(found, f" of {of}")
        self.reset()
        return found

    def failed(self) -> str:
        raise NotImplementedError

    @property
    def ran(self) -> int:
        """How many iterations of a loop its last run had."""
        return int(self.words[DONE])

    # ------------------------------------------------------------------ traces

    def record(self) -> list[Record]:
        """Have the steps of its bodies timed in the next run; what they will have taken, theirs and those within them."""
        notes = np.zeros(2 + 2 * MOST_NOTES if self.step.form.loops else 16, np.int64)
        notes[:2] = 0, MOST_NOTES
        self.kept.append(notes)
        self.words[NOTES if self.step.form.loops else NOTED] = notes.ctypes.data
        return [Record(name, program, s.tape, s.tape.begin_record(MOST_EVENTS), notes if self.step.form.loops else None,
                       {i: b.record() for i, b in program.within.items()})
                for name, program in self.programs.items() for s in program.segments]

    def stop_recording(self) -> None:
        """No timing from now on."""
        self.words[NOTES if self.step.form.loops else NOTED] = 0
        self.kept.pop()
        for program in self.programs.values():
            for b in program.within.values():
                b.stop_recording()


class BoundLoop(Bound):
    """A loop: states in two blocks in turn, rows shown where they lie among the operands."""

    def __init__(self, step: Bodies, programs: dict[str, Any], numbers: Sequence[int], lasts: bool):
        super().__init__(step, programs, LOOP_WORDS)
        each, *sizes = numbers
        words, form = self.words, step.form
        c, m, slots = form.carried, form.sliced, form.slots
        names = [name for name in ("cond", "body") if name in programs]
        given = {name: step.parts[name].arguments for name in names}
        results = step.parts["body"].results
        cell = np.zeros(16, np.int64)                   # the index, and the condition
        self.kept.append(cell)
        index, pred = cell.ctypes.data, cell.ctypes.data + 64
        words[BODY], words[TEST] = self.tape("body"), self.tape("cond") if "cond" in programs else 0
        words[PRED], words[INDEX], words[REVERSE] = pred, index, form.reverse
        words[POOL_OF] = pool_address()
        words[COUNT_SLOT] = slots.get(0, -1)
        words[MASK] = (1 << max(int(EASY // each).bit_length() - 1, 0)) - 1
        self.set_patience(lasts)
        once, init, swaps, rows, finals = ([] for _ in range(5))
        fixed = [(at, index + o) for name in names for at, o in self.entries(name, given[name][0])]
        if "cond" in programs:
            fixed += [(at, pred + o) for at, o in self.entries("cond", step.parts["cond"].results[0])]
        for at, value in fixed:
            swaps.append((at, value, value))
        for j in range(c):
            size = sizes[j]
            blocks = [_block(size, self.kept) for _ in range(2)]
            init.append((blocks[0], 1 + j, size))
            for name in names:
                swaps += [(at, blocks[0] + o, blocks[1] + o) for at, o in self.entries(name, given[name][1 + j])]
            swaps += [(at, blocks[1] + o, blocks[0] + o) for at, o in self.entries("body", results[j])]
            if 1 + j in slots:
                finals.append((slots[1 + j], *blocks, size))
        for k in range(m):
            slot, stride = 1 + c + k, sizes[c + k]
            rows += [(at, slot, o, stride) for at, o in self.entries("body", given["body"][1 + c + k])]
        for k, result in enumerate(results[c:]):
            stride = sizes[c + m + k]
            place = slots.get(1 + c + k)
            if place is None:               # nobody asks for it
                block = _block(stride, self.kept)
                swaps += [(at, block + o, block + o) for at, o in self.entries("body", result)]
            else:
                rows += [(at, place, o, stride) for at, o in self.entries("body", result)]
        for name in names:
            own = given[name][1 + c + (m if name == "body" else 0):]
            once += [(at, 1 + c + m + k, o) for k, p in enumerate(own) for at, o in self.entries(name, p)]
        for at, records, width in ((ONCE, once, "once"), (INIT, init, "init"), (ROWS, rows, "rows"), (SWAPS, swaps, "swaps"),
                                   (FINALS, finals, "finals")):
            self.lists(at, records, width)

    def set_patience(self, long: bool) -> None:
        self.words[PATIENCE_OF] = PATIENCE if long else NEVER
        super().set_patience(long)

    def failed(self) -> str:
        return "cond" if self.words[PHASE] == 1 else "body"


class BoundBranch(Bound):
    """A branch: the results of either are written where the step's belong."""

    def __init__(self, step: Bodies, programs: dict[str, Any], lasts: bool):
        super().__init__(step, programs, BRANCH_WORDS)
        slots = step.form.slots
        for k, name in enumerate(("then", "orelse")):
            part = step.parts[name]
            records = [(at, 1 + i, o) for i, p in enumerate(part.arguments) for at, o in self.entries(name, p)]
            for i, result in enumerate(part.results):
                where = self.entries(name, result)
                if i in slots:
                    records += [(at, slots[i], o) for at, o in where]
            self.words[k * BRANCH] = self.tape(name)
            self.lists(k * BRANCH + 1, records, "once")
        self.set_patience(lasts)
        self.reset()

    def failed(self) -> str:
        found = [name for name in ("then", "orelse") if any(s.tape.words[FAILED] >= 0 for s in self.programs[name].segments)]
        return found[0]

    def reset(self) -> None:
        for tape in self.tapes():
            tape.words[FAILED] = -1
        super().reset()


def _block(size: int, kept: list[Any]) -> int:
    """The address of so many bytes, on a cache line of their own."""
    raw: Array = np.zeros(size + 128, np.uint8)
    kept.append(raw)
    return int(raw.ctypes.data + -raw.ctypes.data % 64)
