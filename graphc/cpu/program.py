"""One compiled run: the tape of native steps between host calls, the memory they work in, and where feeds and results go."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..compiler.layout import Buffer, Layout, assign_offsets, inplace_updates, lay_out
from ..compiler.schedule import Call, Group, data_inputs, schedule, source
from ..errors import InvalidArgumentError
from ..ir.families import Memory
from ..ir.graph import Scratch
from ..ir.node import OPERATORS, Node, describe_call, in_order, loc_str, reached
from ..ir.reference import run_reference
from ..ir.types import TensorType, element_count
from . import native
from .emit import emit
from .kernel_text import KernelText, Slot, effort
from .routines import Product, product, scatter_texts
from .tape import Tape
from .tracing import Trace

Array = np.ndarray[Any, Any]
QUICK = 20_000          # elements a step up to which a run keeps Python's lock
COPIED = 16384          # bytes up to which a feed or result is copied rather than used in place
PARALLEL = 150_000      # estimated scalar operations from which a kernel is split over threads
CHUNKS = 4              # pieces a thread, so that a late thread costs little


def address(array: Array) -> int:
    """The address of an array's first element."""
    return array.__array_interface__["data"][0]


if ctypes.c_void_p.from_address(id(_probe := np.zeros(1)) + 16).value == address(_probe):
    # CPython's ndarray keeps its data pointer there: 0.2 us instead of 1. Checked at import; other builds take the public way.
    def address(array: Array) -> int:  # noqa: F811
        return ctypes.c_void_p.from_address(id(array) + 16).value or 0


def uninitialised(size: int, dtype: Any) -> Array:
    """Memory that holds anything: the fuzzer fills it with patterns, to see that nothing reads what was not written."""
    return np.empty(size, dtype)


def aligned(nbytes: int) -> Array:
    """Uninitialised bytes on a cache line boundary."""
    raw = uninitialised(nbytes + 64, np.uint8)
    start = -address(raw) % 64
    return raw[start:start + nbytes]


class NativeStep:
    """A kernel call: its tables, and which buffer each entry of the pointer table shows."""

    def __init__(self, kernel_address: int, slots: Sequence[tuple[Buffer, int] | int], extents: Sequence[int], n: int, grain: int,
                 nodes: Sequence[Node], checks: Sequence[Node], text: KernelText | Product):
        self.address, self.slots, self.n, self.grain = kernel_address, slots, n, grain
        self.table = np.zeros(max(len(slots), 1), np.uintp)
        self.extents = np.array(extents, np.int64)
        self.nodes, self.checks, self.text = nodes, checks, text
        self.work = text.work


class Program:
    """What runs for one set of fetches and feed types. `run(arrays)` takes the feeds in order, gives the fetched values."""

    def __init__(self, fetches: Sequence[Node | None], feeds: Sequence[Node | None], assigns: Sequence[tuple[Node, Node]],
                 effects: Sequence[Node], variable_memory: Callable[[Node], Array], run_number: Array, threads: int):
        self.variable_memory = variable_memory
        self.run_number = run_number
        self.threads = threads
        fetches, assigns, effects = self._laid_out(fetches, assigns, effects)
        self.fetches = fetches
        roots = [*(f for f in fetches if f is not None), *(v for _, v in assigns)]
        self.order = in_order(reached([*roots, *effects], data_inputs))         # shapes, already in the types, are left out
        present = set(self.order)
        self.schedule = schedule(self.order, roots)
        self.inplace = inplace_updates(self.schedule, assigns, self.order)
        self.late = [(variable, value) for variable, value in assigns if self.inplace.get(value) is not variable]
        self._memory_of: dict[Buffer, Array] = {}
        self._sources: dict[Node, Buffer] = {}
        self.layout = Layout(self.schedule, self.inplace, self._results(), self._source)
        self.feeds = [f if f in present else None for f in feeds]
        self.draws = any(n.operator.family.draws for n in self.order)
        self._build()

    # ------------------------------------------------------------------ building

    def _laid_out(self, fetches: Sequence[Node | None], assigns: Sequence[tuple[Node, Node]], effects: Sequence[Node]) -> Any:
        """Copies inserted; a value that is another variable's memory, or an old value that is fetched, gets memory of its own."""
        changed = {variable for variable, _ in assigns}
        scratch = Scratch()

        def own(n: Node | None) -> Node | None:
            root = n
            while root is not None and (seen := source(root)) is not None:
                root = seen
            if n is None or root is None or root.operator.name != "variable" or root not in changed:
                return n
            with scratch.at(n):
                return OPERATORS["copy"].build(scratch, (n,), {})

        variables = [v for v, _ in assigns]
        wanted = [own(f) for f in fetches]
        values = [own(v) for _, v in assigns]
        flat = [f for f in wanted if f is not None] + [v for v in values if v is not None] + list(effects)
        laid = iter(lay_out(flat))
        wanted = [None if f is None else next(laid) for f in wanted]
        values = [next(laid) for _ in values]
        return wanted, list(zip(variables, values, strict=True)), list(laid)

    def _results(self) -> list[Node]:
        out = []
        parts = {x for n in self.order if n.operator.family.joins for x in n.inputs}
        for f in self.fetches:
            if f is not None and f in self.schedule.home and source(f) is None and f not in self.inplace and f not in parts \
                    and element_count(f.type.shape) * f.type.dtype.itemsize > COPIED:
                out.append(f)
        return out

    def _source(self, node: Node) -> Buffer:
        found = self._sources.get(node)
        if found is not None:
            return found
        kind = {"placeholder": "feed"}.get(node.operator.name, node.operator.name)
        buffer = self._sources[node] = Buffer(kind, node.type.dtype, element_count(node.type.shape), node)
        if kind == "constant":
            self._memory_of[buffer] = np.ascontiguousarray(node.attrs["value"]).reshape(-1)
        elif kind == "run_number":
            self._memory_of[buffer] = self.run_number
        elif kind == "variable":
            self._memory_of[buffer] = self.variable_memory(node.attrs["variable"]).reshape(-1)
        else:
            self._memory_of[buffer] = np.empty(buffer.size, buffer.dtype) if buffer.dtype.hasobject else aligned(buffer.nbytes).view(buffer.dtype)
        return buffer

    def sources(self) -> list[Buffer]:
        """The buffers of what exists before a run: constants, feeds, variables."""
        return list(self._sources.values())

    def _build(self) -> None:
        texts: list[tuple[Any, Any]] = []
        self.temps: dict[Any, Buffer] = {}
        for step in self.schedule.steps:
            if isinstance(step, Group):
                texts.extend((step, t) for t in emit(step, self.schedule.stored, self.layout) if t.n)
            else:
                texts.extend((step, t) for t in self._call_texts(step))
        kernels = iter(native.compile_kernels([t.source for _, t in texts if isinstance(t, (KernelText, Product)) and t.source]))
        steps: list[NativeStep | Callable[[], None]] = []
        for step, t in texts:
            if isinstance(t, KernelText):
                kernel = next(kernels)
                steps.append(NativeStep(kernel.address, [self._slot(s, len(steps), i, t) for i, s in enumerate(t.slots)], t.extents,
                                        t.n, self._grain(t), step.members if isinstance(step, Group) else [step.node], t.checks, t))
            elif isinstance(t, Product):
                slots: list[Any] = [self._place(x) for x in t.operands]
                slots += [*t.words, address(t.table)]
                code = next(kernels).address if t.source else t.address
                steps.append(NativeStep(code, slots, t.extents, t.n, t.grain, [step.node], [], t))
            else:
                steps.append(t)
        self.steps = steps
        self.origins = [step for step, _ in texts]
        self._lifetimes(texts)
        self._allocate()
        self._segments()

    def _call_texts(self, step: Call) -> list[Any]:
        node = step.node
        if node.operator.family.joins:
            return []
        if node.operator.family.multiplies:
            made = product(node, self.layout, self.threads)
            return [made] if made is not None else []
        if node.operator.family.scatters:
            return scatter_texts(node, self.layout)
        return [self._host(node)]

    def _slot(self, slot: Slot, at: int, i: int, text: KernelText) -> tuple[Buffer, int]:
        if slot.role in ("temp", "partial"):
            key = slot.node if slot.role == "partial" else (at, i)
            buffer = self.temps.setdefault(key, Buffer("arena", slot.dtype, slot.size))
            buffer.first, buffer.last = min(buffer.first, at), max(buffer.last, at)
            return buffer, 0
        assert slot.node is not None
        return self._place(slot.node)

    def _place(self, node: Node) -> tuple[Buffer, int]:
        where = self.layout(node)
        return where.buffer, where.offset

    def _grain(self, t: KernelText) -> int:
        body = effort(t.source) - len(t.slots) - len(t.extents)
        if self.threads == 1 or t.n <= t.grain or t.work * max(body, 2) < PARALLEL:
            return max(t.n, 1)
        pieces = min(self.threads * CHUNKS, max(2, t.work * body // (PARALLEL // 4)))
        return max(t.grain, -(-t.n // pieces // t.grain) * t.grain)

    def _lifetimes(self, texts: Sequence[tuple[Any, Any]]) -> None:
        """When each buffer is first and last touched; what is fetched or assigned at the end lives to the end."""
        end = len(self.steps)
        for at, (step, _) in enumerate(texts):
            nodes = step.members if isinstance(step, Group) else [step.node, *self.items_of(step.node)]
            for n in nodes:
                for x in (n, *data_inputs(n)):
                    if isinstance(x.type, TensorType) and self._has_storage(x):
                        b = self.layout(x).buffer
                        b.first, b.last = min(b.first, at), max(b.last, at)
        for n in (*[f for f in self.fetches if f is not None], *(v for _, v in self.late)):
            b = self.layout(n).buffer
            b.last = end
            b.first = min(b.first, end)

    def _has_storage(self, x: Node) -> bool:
        root = x
        while root not in self.schedule.stored and (seen := source(root)) is not None:
            root = seen
        return root in self.schedule.stored or root.operator.family.memory in (Memory.OUTSIDE, Memory.PART)

    def items_of(self, node: Node) -> list[Node]:
        return [n for n in self.order if n.operator.family.picks and n.inputs[0] is node] if not isinstance(node.type, TensorType) \
            and node.type is not None else []

    def _allocate(self) -> None:
        arena = [b for b in (*self.layout.buffers, *self.temps.values()) if b.kind == "arena"]
        self.arena_bytes = assign_offsets(arena)
        self._arena = aligned(self.arena_bytes)
        for b in arena:
            self._memory_of[b] = self._arena[b.offset:b.offset + b.nbytes].view(b.dtype)
        for b in self.layout.buffers:
            if b.kind in ("result", "objects"):
                self._memory_of[b] = np.empty(b.size if b.kind == "objects" else 0, b.dtype)

    def _segments(self) -> None:
        """Runs of native steps become tapes; the pointers of feeds used in place and of fresh results are patched a run."""
        self.patches: dict[Buffer, list[tuple[Array, int, int]]] = {}
        for s in self.steps:
            if isinstance(s, NativeStep):
                for i, slot in enumerate(s.slots):
                    if isinstance(slot, int):
                        s.table[i] = slot
                        continue
                    buffer, offset = slot
                    self.patches.setdefault(buffer, []).append((s.table, i, offset * buffer.dtype.itemsize))
        for buffer, places in self.patches.items():
            self._point(places, address(self._memory_of[buffer]))
        self.segments: list[Any] = []
        run: list[NativeStep] = []
        for each in [*self.steps, None]:
            if isinstance(each, NativeStep):
                run.append(each)
                continue
            if run:
                self.segments.append((Tape([(k.address, k.table, k.extents, k.n, k.grain) for k in run], self.threads), run))
                run = []
            if each is not None:
                self.segments.append((each, None))
        alone = self.segments[0][0] if len(self.segments) == 1 and self.segments[0][1] else None
        self.call: Any = alone.entry(self.quick()) if alone is not None else None
        self.pointer: Any = alone.pointer if alone is not None else None
        self.copied: list[tuple[int, Array]] = []
        self.direct: list[tuple[int, Array, Any, Buffer]] = []
        for i, f in enumerate(self.feeds):
            fed = self._sources.get(f) if f is not None else None
            if f is None or fed is None:
                continue
            memory = self._memory_of[fed].reshape(f.type.shape)
            if fed.nbytes <= COPIED:
                self.copied.append((i, memory))
            else:
                self.direct.append((i, memory, self.patches.get(fed, []), fed))
        self.fresh = [(b, self.patches.get(b, [])) for b in self.layout.buffers if b.kind == "result"]
        self.takes = [self._take(f) for f in self.fetches]
        texts = any(f is not None and f.type.dtype.hasobject for f in (*self.fetches, *self.feeds))
        self.finals: list[tuple[Array, Array]] = []         # a variable's memory, and where its new value lies at the end of a run
        self.moving: list[tuple[Array, Node]] = []          # a variable's memory, and a new value that lies elsewhere each run
        for v, value in self.late:
            memory = self.variable_memory(v.attrs["variable"])
            if self.layout(value).buffer.kind in ("result", "feed"):
                self.moving.append((memory, value))
            else:
                self.finals.append((memory, self.layout.view(value, self._memory_of.__getitem__)))
        self.plain = alone is not None and not (self.direct or self.fresh or self.moving or self.draws or texts) and self.quick()

    def views(self) -> list[Array | None]:
        """Where the fetched values lie after a run, if `plain`."""
        return [None if f is None else self.layout.view(f, self._memory_of.__getitem__) for f in self.fetches]

    def quick(self) -> bool:
        """Whether a run is so short that other Python threads may wait for it: then Python's lock is kept."""
        return all(s.n <= s.grain and s.work < QUICK for s in self.steps if isinstance(s, NativeStep)) and len(self.steps) < 50

    def _point(self, places: Sequence[tuple[Array, int, int]], start: int) -> None:
        for table, i, offset in places:
            table[i] = start + offset

    def _take(self, f: Node | None) -> Callable[[], Any]:
        """A function that gives the caller an array of its own."""
        if f is None:
            return lambda: None
        buffer = self.layout(f).buffer
        shape = f.type.shape
        if self._handed_over(f):
            return lambda: self._memory_of[buffer].reshape(shape)
        if buffer.kind in ("result", "feed"):
            return lambda: self.layout.view(f, self._memory_of.__getitem__).copy()[()]
        view = self.layout.view(f, self._memory_of.__getitem__)
        return view.copy if view.ndim else partial(view.__getitem__, ())

    def _handed_over(self, f: Node) -> bool:
        """Whether the caller gets the memory in which a fetched value was computed."""
        where = self.layout(f)
        mine = where.buffer.kind == "result" and where.offset == 0 and source(f) is None
        return mine and self.fetches.count(f) == 1       # fetches that turn out to be one value get a copy each

    def _host(self, node: Node) -> Callable[[], None]:
        outs = [x for x in ([node] if isinstance(node.type, TensorType) else self.items_of(node)) if self._has_storage(x)]

        def call() -> None:
            view = self.layout.view
            inputs = [view(x, self._memory_of.__getitem__) for x in node.inputs]
            with np.errstate(all="ignore"):
                result = run_reference(node, inputs)
            for out in outs:
                value = result if out is node else result[out.attrs["index"]]
                target = view(out, self._memory_of.__getitem__)
                if np.shape(value) != target.shape:
                    raise InvalidArgumentError(f"{describe_call(node.operator.name, node.inputs)}: the result has shape "
                                               f"{np.shape(value)}, not {target.shape}\n  at {loc_str(node.loc)}", node)
                target[...] = value
        return call

    # ------------------------------------------------------------------ running

    def is_native(self, step: int) -> bool:
        return isinstance(self.steps[step], NativeStep)

    def run(self, arrays: Sequence[Array]) -> list[Any]:
        """The fetched values for one set of feeds, already of the right types and shapes."""
        self._bring(arrays)
        if self.call is None:
            self._walk()
        elif status := self.call(self.pointer):
            self.fail(status)
        return self._results_of_run()

    def run_traced(self, arrays: Sequence[Array], trace: Trace) -> list[Any]:
        """`run`, each step timed."""
        trace.begin()
        with trace.copy("feed", self._copied_in(arrays)):
            self._bring(arrays)
        at = 0
        for segment in self.segments:
            step, natives = segment
            if natives is None:
                with trace.host(self, at):
                    step()
                at += 1
                continue
            status, events = step.trace(sum(-(-s.n // s.grain) for s in natives))
            trace.native(self, at, events)
            if status:
                self._fail(segment, status)
            at += len(natives)
        with trace.copy("fetch", self._copied_out()):
            return self._results_of_run()

    def _copied_in(self, arrays: Sequence[Array]) -> int:
        """Bytes of feeds that are not used where they lie."""
        return sum(m.nbytes for _, m in self.copied) + sum(m.nbytes for i, m, _, _ in self.direct if not _usable(arrays[i]))

    def _copied_out(self) -> int:
        """Bytes of results and of new values of variables that are copied at the end of a run."""
        copied = sum(element_count(f.type.shape) * f.type.dtype.itemsize for f in self.fetches if f is not None and not self._handed_over(f))
        return copied + sum(memory.nbytes for memory, _ in (*self.finals, *self.moving))

    def _bring(self, arrays: Sequence[Array]) -> None:
        """Small feeds copied, large ones pointed to, memory for large results."""
        for i, memory in self.copied:
            memory[...] = arrays[i]
        for i, memory, patches, buffer in self.direct:
            self._feed(arrays[i], memory, patches, buffer)
        for buffer, patches in self.fresh:
            array = self._memory_of[buffer] = uninitialised(buffer.size, buffer.dtype)
            self._point(patches, address(array))

    def _results_of_run(self) -> list[Any]:
        """Variables set to their new values, and what is fetched."""
        for memory, view in self.finals:
            memory[...] = view
        for memory, value in self.moving:
            memory[...] = self.layout.view(value, self._memory_of.__getitem__)
        results = []
        for take in self.takes:            # a loop, not a comprehension, which costs a frame before Python 3.12
            results.append(take())
        return results

    def _feed(self, array: Array, memory: Array, patches: Any, buffer: Buffer) -> None:
        """A large feed is used where it lies, if kernels can read it there."""
        if not _usable(array):
            memory[...] = array
            array = memory
        self._point(patches, address(array))
        self._memory_of[buffer] = array.reshape(-1)

    def _walk(self) -> None:
        for segment in self.segments:
            step, natives = segment
            if natives is None:
                step()
            elif status := step.run():
                self._fail(segment, status)

    def fail(self, status: int) -> None:
        """Raise the error of the step that stopped the only tape."""
        self._fail(self.segments[0], status)

    def _fail(self, segment: Any, status: int) -> None:
        tape, natives = segment
        step = natives[tape.failed_step]
        node = step.checks[status - 1]
        bad = int(step.extents[0])
        family = node.operator.family
        operand = node.inputs[1] if family.gathers else node.inputs[0]
        looked_in = node.inputs[0] if family.gathers else node
        bound = looked_in.type.shape[node.attrs["axis"]] if family.gathers or family.scatters else self._scalar(node.inputs[1])
        raise InvalidArgumentError(f"{describe_call(node.operator.name, node.inputs)}: {operand.label} is wrong: {bad} is not in "
                                   f"[0, {bound})\n  at {loc_str(node.loc)}", node)

    def _scalar(self, node: Node) -> Any:
        return node.attrs["value"][()] if node.operator.name == "constant" else "its bound"


def _usable(array: Array) -> bool:
    """Whether kernels can read a feed where it lies."""
    return array.flags.c_contiguous and array.flags.aligned
