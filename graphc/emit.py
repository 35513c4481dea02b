"""Kernel source: the loop nest of a fused group as Python text for Numba, one statement a node, names of graphc's making only."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .graph import Node
from .schedule import Group, data_inputs

CHUNK = 8192            # elements of a full reduction that one row of partial results covers
UNROLLED = 16           # inner extents up to this stand in the text, so that LLVM unrolls them
BLOCK = 64              # 1-d ranges are split at multiples of this, so vector bodies are the same for any number of threads
_HEAVY = re.compile(r"\b(exp|log|expm1|log1p|tanh|sigmoid|erf|sin|cos|tan|pow|sinh|cosh|asin|acos|atan|atan2|philox\w*)\(")
_LITERALS = {0.0, 1.0, -1.0, 2.0, 0.5, -0.5}
_INIT = {"add": "0", "mul": "1", "any": "0", "all": "1"}


class Storage(NamedTuple):
    """Where a value lies: a buffer, and offset and strides in elements."""

    buffer: Any
    offset: int
    strides: tuple[int, ...]


class Slot(NamedTuple):
    """An entry of a kernel's buffer table: the storage of a node ("in", "out") or scratch memory of `size` elements."""

    role: str
    node: Node | None
    dtype: np.dtype[Any]
    size: int = 0


@dataclass
class KernelText:
    """A kernel to compile and what one call of it needs."""

    source: str
    slots: list[Slot]
    extents: list[int]
    n: int
    grain: int
    work: int                                       # elements it touches: decides on threads
    checks: list[Node] = field(default_factory=list)     # status k names checks[k - 1]
    annotated: list[tuple[str, Node | None]] = field(default_factory=list)


@cache
def numba_name(dtype: np.dtype[Any]) -> str:
    return "boolean" if dtype.kind == "b" else dtype.name


def contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    strides, step = [], 1
    for d in reversed(shape):
        strides.append(step)
        step *= d
    return tuple(reversed(strides))


def initial(combine: str, dtype: np.dtype[Any]) -> str:
    """The neutral element of a reduction, as text."""
    name = numba_name(dtype)
    if combine in _INIT:
        return f"{name}({_INIT[combine]})"
    if dtype.kind == "f":
        return f"{name}({'-' if combine == 'max' else ''}inf)"
    if dtype.kind == "b":
        return f"{name}({int(combine == 'min')})"
    info = np.iinfo(dtype)
    return f"{name}({info.min if combine == 'max' else info.max})"


def step_text(combine: str, acc: str, value: str) -> str:
    if combine in ("any", "all"):
        return f"{acc} {'|' if combine == 'any' else '&'} {value}"
    return f"accumulate_{combine}({acc}, {value})"


def emit(group: Group, stored: set[Node], place: Callable[[Node], Storage]) -> list[KernelText]:
    """The kernel of a group (two for a full reduction: partial results, then their combination)."""
    return _Emitter(group, stored, place).kernels()


class _Loop(NamedTuple):
    """A collapsed dim: its extent and each operand's stride along it."""

    extent: int
    strides: dict[Any, int]


class _Emitter:
    def __init__(self, group: Group, stored: set[Node], place: Callable[[Node], Storage]):
        self.group, self.place = group, place
        self.kind = group.kind
        self.stored = [m for m in group.members if m in stored]
        self.inner = group.reduced or frozenset()
        self.sums = {m for m, axes in group.over.items()         # not those over axes of size 1 only: they copy
                     if any(axes[i] is not None for i in m.attrs["axis"])}
        self.slots: list[Slot] = []
        self.slot_of: dict[Any, int] = {}
        self.extents: list[int] = [0]
        self.head: list[str] = []
        self.checks: list[Node] = []
        self.names: dict[Node, str] = {m: f"v{i}" for i, m in enumerate(group.members)}
        self.access: dict[Any, tuple[int, tuple[int, ...]]] = {}      # operand key -> (slot, stride a dim)
        self.pass_of: dict[Node, int] = {}
        self.spilled: dict[Node, Any] = {}

    # ------------------------------------------------------------------ operands

    def slot(self, role: str, node: Node | None, dtype: np.dtype[Any], size: int = 0) -> int:
        """The entry of the buffer table for a node's memory; nodes in the same place share one."""
        if node is not None:
            where = self.place(node)
            key = (where.buffer, where.offset, dtype)
            if key in self.slot_of:
                return self.slot_of[key]
            self.slot_of[key] = len(self.slots)
        self.slots.append(Slot(role, node, dtype, size))
        i = len(self.slots) - 1
        self.head.append(f"p{i} = pointer(buffers, {i}, {numba_name(dtype)})")
        return i

    def strides_for(self, node: Node, axes: Sequence[int | None]) -> tuple[int, ...]:
        out = [0] * len(self.group.dims)
        for a, s in zip(axes, self.place(node).strides, strict=True):
            if a is not None:
                out[a] = s
        return tuple(out)

    def operand(self, node: Node, axes: Sequence[int | None]) -> Any:
        strides = self.strides_for(node, axes)
        slot = self.slot("in", node, node.type.dtype)
        key: Any = ("x", slot, strides)
        self.access[key] = (slot, strides)
        return key

    def output(self, node: Node) -> Any:
        slot = self.slot("out", node, node.type.dtype)
        key: Any = ("y", slot, self.strides_for(node, self.group.axes[node]))
        self.access[key] = (slot, key[2])
        return key

    def aligned(self, member: Node, x: Node) -> tuple[int | None, ...]:
        """The dims that an outside operand of a member varies over."""
        axes = self.group.over.get(member, self.group.axes[member])
        axes = axes[len(axes) - len(x.type.shape):] if len(x.type.shape) else ()
        return tuple(None if d == 1 else a for a, d in zip(axes, x.type.shape, strict=True))

    def gather_access(self, m: Node) -> tuple[Any, Any, int, int]:
        """Operand keys of the table and the indices of a gather, the table's stride along its axis, and the bound."""
        params, indices = m.inputs[0], m.inputs[1]
        axis, axes = m.attrs["axis"], self.group.axes[m]
        rank = len(indices.type.shape)
        where = self.place(params)
        strides = [0] * len(self.group.dims)
        for k, s in enumerate(where.strides):
            if k != axis:
                a = axes[k if k < axis else k + rank - 1]
                if a is not None:
                    strides[a] = s
        slot = self.slot("in", params, params.type.dtype)
        key = ("g", slot, tuple(strides))
        self.access[key] = (slot, tuple(strides))
        return key, self.operand(indices, axes[axis:axis + rank]), where.strides[axis], params.type.shape[axis]

    # ------------------------------------------------------------------ passes over the inner dims

    def level(self, node: Node) -> int:
        """1 if the node varies over the reduced dims (all nodes of a map do), 0 if it is one value a row."""
        return int(not self.inner or any(a in self.inner for a in self.group.axes[node]))

    def number_passes(self) -> int:
        for m in self.group.members:
            before = 0
            for x in data_inputs(m):
                if x in self.pass_of:
                    before = max(before, self.pass_of[x] + (x in self.sums))
            self.pass_of[m] = before
        return 1 + max(self.pass_of[m] for m in self.group.members if self.level(m) or m in self.sums)

    def wanted(self, q: int) -> list[Node]:
        """The inner nodes to compute in pass q, inputs first; those of earlier passes are recomputed unless kept in memory."""
        stack = [m for m in self.group.members if self.pass_of[m] == q and (
            (self.level(m) and m in self.stored) or m in self.sums)]
        seen: set[Node] = set()
        while stack:
            m = stack.pop()
            if m in seen:
                continue
            seen.add(m)
            if self.kept(m, q):
                continue
            stack.extend(x for x in data_inputs(m) if x in self.pass_of and self.level(x) and
                         x not in self.sums)
        return [m for m in self.group.members if m in seen]

    def kept(self, m: Node, q: int) -> bool:
        return self.pass_of[m] < q and (m in self.stored or m in self.spilled)

    def spill(self, passes: int) -> None:
        """Values of costly expressions that a later pass needs again are kept in scratch memory."""
        for q in range(1, passes):
            for m in self.wanted(q):
                if self.pass_of[m] < q and m not in self.stored and m not in self.spilled and m not in self.sums \
                        and heavy(m):
                    self.spilled[m] = True

    # ------------------------------------------------------------------ loops

    def loops(self, dims: Sequence[int]) -> list[_Loop]:
        """The dims as few loops as all operands' strides allow, outermost first."""
        out: list[_Loop] = []
        for d in dims:
            n = self.group.dims[d]
            here = {k: s[d] for k, (_, s) in self.access.items()}
            if out and all(out[-1].strides[k] == here[k] * n for k in here):
                out[-1] = _Loop(out[-1].extent * n, here)
            else:
                out.append(_Loop(n, here))
        return out or [_Loop(1, dict.fromkeys(self.access, 0))]

    def extent(self, value: int, name: str) -> str:
        self.head.append(f"{name} = extents[{len(self.extents)}]")
        self.extents.append(value)
        return name

    def kernels(self) -> list[KernelText]:
        passes = self.number_passes()
        if self.kind == "row":
            self.spill(passes)
        self.collect()
        return getattr(self, "_" + self.kind)(passes)

    def collect(self) -> None:
        """Give every operand, output and spill its slot, in the order of the members."""
        self.reads: dict[tuple[Node, Node], Any] = {}
        self.gathers: dict[Node, tuple[Any, Any, int, int]] = {}
        for m in self.group.members:
            if m.operator.family == "gather":
                self.gathers[m] = self.gather_access(m)
                continue
            for x in data_inputs(m):
                if x not in self.names and literal(x) is None:
                    self.reads[m, x] = self.virtual(m, x)
        self.writes = {m: self.output(m) for m in self.stored}
        size = int(np.prod(self.group.dims, dtype=np.int64))
        for m in self.spilled:
            slot = self.slot("temp", None, m.type.dtype, size)
            key = ("t", slot, contiguous(self.group.dims))
            self.access[key] = (slot, key[2])
            self.spilled[m] = key
        for m in self.group.members:
            if m.operator.family == "random":
                index: Any = ("i", m, self.padded(m))
                self.access[index] = (-1, index[2])

    def padded(self, m: Node) -> tuple[int, ...]:
        out = [0] * len(self.group.dims)
        for a, s in zip(self.group.axes[m], contiguous(m.type.shape), strict=True):
            if a is not None:
                out[a] = s
        return tuple(out)

    def virtual(self, m: Node, x: Node) -> Any:
        """An operand's key; of an iota the index itself, as strides without memory."""
        source, axes = x, self.aligned(m, x)
        if source.operator.family == "generator":
            out = [0] * len(self.group.dims)
            a = axes[source.attrs["axis"]]
            if a is not None:
                out[a] = 1
            key: Any = ("i", None, tuple(out))
            self.access[key] = (-1, key[2])
            return key
        return self.operand(source, axes)

    # ------------------------------------------------------------------ statements

    def index(self, key: Any, terms: Sequence[tuple[str, _Loop, str]]) -> str:
        """The element index of an operand: sum of loop variable times stride."""
        parts = []
        for var, loop, tag in terms:
            s = loop.strides[key]
            if s == 1:
                parts.append(var)
            elif s:
                parts.append(f"{var} * {self.stride(s, key, tag)}")
        return " + ".join(parts) or "0"

    def stride(self, s: int, key: Any, tag: str) -> str:
        name = f"s{list(self.access).index(key)}{tag}"
        if not any(h.startswith(name + " = ") for h in self.head):
            self.extent(s, name)
        return name

    def read(self, key: Any, x: Node, terms: Any) -> str:
        if key[0] == "i":
            return f"{numba_name(x.type.dtype)}({self.index(key, terms)})"
        return f"load(p{self.access[key][0]}, {self.index(key, terms)})"

    def statement(self, m: Node, terms: Any, fresh: dict[Any, str], out: list[tuple[str, Node | None]]) -> None:
        """Append the statements that compute member `m`; `fresh` holds what this region has loaded."""
        name = self.names[m]
        family = m.operator.family
        if family == "alias":
            out.append((f"{name} = {self.names[m.inputs[0]]}", m))
        elif family == "gather":
            self.gather(m, terms, fresh, out)
        elif family == "random":
            key = next(k for k in self.access if k[0] == "i" and k[1] is m)
            values = {p: self.value(m, x, terms, fresh, out) for p, x in list(zip(m.operator.params, m.inputs, strict=True))[1:]}
            text = m.operator.expr(**m.attrs).format(i=f"uint64({self.index(key, terms)})", **values)
            out.append((f"{name} = {text}", m))
        elif family == "reduction":
            out.append((f"{name} = {numba_name(m.type.dtype)}({self.value(m, m.inputs[0], terms, fresh, out)})", m))
        else:
            self.elementwise(m, terms, fresh, out)

    def value(self, m: Node, x: Node, terms: Any, fresh: dict[Any, str], out: list[tuple[str, Node | None]]) -> str:
        if x in self.names:
            return self.names[x]
        text = literal(x)
        if text is not None:
            return text
        key = self.reads[m, x]
        if (key, x.type.dtype) not in fresh:
            fresh[key, x.type.dtype] = f"x{len(fresh)}{terms[-1][2]}"
            out.append((f"{fresh[key, x.type.dtype]} = {self.read(key, x, terms)}", x))
        return fresh[key, x.type.dtype]

    def elementwise(self, m: Node, terms: Any, fresh: dict[Any, str], out: list[tuple[str, Node | None]]) -> None:
        op = m.operator
        compute, result = op.dtypes(tuple(x.type.dtype for x in m.inputs), m.attrs)
        values = {}
        for p, x, dtype in zip(op.param_names(len(m.inputs)), m.inputs, compute, strict=True):
            v = self.value(m, x, terms, fresh, out)
            values[p] = v if x.type.dtype == dtype else f"{numba_name(dtype)}({v})"
        free = [d for p, d in zip(op.param_names(len(m.inputs)), compute, strict=True) if p not in op.fixed]
        kind = numba_name(free[0] if free else result)
        values["T"] = kind
        for k, v in m.attrs.items():
            if isinstance(v, (int, float, np.number)):
                values[k] = f"{kind}({number(float(v) if kind.startswith('float') else int(v))})"
        if op.check:
            self.checks.append(m)
            out.append((f"if not ({op.check.format(**values)}):", m))
            out.append((f"    extents[0] = int64({values[op.params[0]]})", m))
            out.append((f"    return {len(self.checks)}", m))
        text = op.expr.format(**values)
        if result.kind != "f" or numba_name(result) != kind:
            text = f"{numba_name(result)}({text})"
        out.append((f"{self.names[m]} = {text}", m))

    def gather(self, m: Node, terms: Any, fresh: dict[Any, str], out: list[tuple[str, Node | None]]) -> None:
        table, indices, stride, bound = self.gathers[m]
        tag, name = terms[-1][2], self.names[m]
        out.append((f"k{name} = int64({self.read(indices, m.inputs[1], terms)})", m))
        self.checks.append(m)
        limit = self.named(bound, f"bound{name}")
        out.append((f"if k{name} < 0 or k{name} >= {limit}:", m))
        out.append((f"    extents[0] = k{name}", m))
        out.append((f"    return {len(self.checks)}", m))
        step = self.named(stride, f"step{name}")
        out.append((f"{name} = load(p{self.access[table][0]}, {self.index(table, terms)} + k{name} * {step})", m))
        assert tag is not None

    def named(self, value: int, name: str) -> str:
        if not any(h.startswith(name + " = ") for h in self.head):
            self.extent(value, name)
        return name

    def store(self, m: Node, terms: Any) -> str:
        key = self.spilled[m] if m in self.spilled else self.writes[m]
        return f"store(p{self.access[key][0]}, {self.index(key, terms)}, {self.names[m]})"

    def region(self, nodes: Sequence[Node], q: int, terms: Any, fresh: dict[Any, str]) -> list[tuple[str, Node | None]]:
        """The body of pass q: compute `nodes`, store what is stored, add to the reductions."""
        out: list[tuple[str, Node | None]] = []
        for m in nodes:
            if m in self.sums:
                x = m.inputs[0]
                v = self.value(m, x, terms, fresh, out)
                if x.type.dtype != m.type.dtype:
                    v = f"{numba_name(m.type.dtype)}({v})"
                out.append((self.accumulate(m, v, terms), m))
                continue
            if self.kept(m, q):
                key = self.spilled[m] if m in self.spilled else self.writes[m]
                out.append((f"{self.names[m]} = load(p{self.access[key][0]}, {self.index(key, terms)})", m))
                continue
            self.statement(m, terms, fresh, out)
            if self.pass_of[m] == q and (m in self.writes or m in self.spilled):
                out.append((self.store(m, terms), m))
        return out

    def accumulate(self, m: Node, v: str, terms: Any) -> str:
        combine = m.operator.combine
        if self.kind != "column":
            return f"a{self.names[m]} = {step_text(combine, 'a' + self.names[m], v)}"
        p, i = self.access[self.writes[m]][0], self.index(self.writes[m], terms)
        return f"store(p{p}, {i}, {step_text(combine, f'load(p{p}, {i})', v)})"

    # ------------------------------------------------------------------ the four forms of a loop nest

    def _map(self, passes: int) -> list[KernelText]:
        loops = self.loops(range(len(self.group.dims)))
        nodes = self.wanted(0)
        total = int(np.prod(self.group.dims, dtype=np.int64))
        if len(loops) == 1:
            body = self.region(nodes, 0, [("i", loops[0], "i")], {})
            lines = [("for i in range(lo, hi):", None), *indent(body)]
            return [self.finish(lines, loops[0].extent, BLOCK, total)]
        *outer, last = loops
        terms, wrap = self.rows(outer)
        fresh: dict[Any, str] = {}
        hoisted: list[tuple[str, Node | None]] = []
        self.hoist(nodes, last, terms, fresh, hoisted)
        body = self.region(nodes, 0, [*terms, ("j", last, "j")], fresh)
        inner = [(f"for j in range({self.inner_extent(last, 'j')}):", None), *indent(body)]
        return [self.finish(wrap([*hoisted, *inner]), prod(outer), 1, total)]

    def hoist(self, nodes: Sequence[Node], last: _Loop, terms: Any, fresh: dict[Any, str], out: list[Any]) -> None:
        """Load before the inner loop what does not vary in it."""
        for m in nodes:
            for x in data_inputs(m):
                key = self.reads.get((m, x))
                if key is not None and last.strides[key] == 0:
                    self.value(m, x, terms, fresh, out)

    def inner_extent(self, loop: _Loop, tag: str) -> str:
        return str(loop.extent) if 1 < loop.extent <= UNROLLED else self.extent(loop.extent, "n" + tag)

    def rows(self, outer: Sequence[_Loop]) -> tuple[list[tuple[str, _Loop, str]], Callable[[list[Any]], list[Any]]]:
        """One index a loop for the rows lo to hi, and what wraps a row's body in their loop.

        The indices count up like an odometer: dividing `row` anew each time would cost more than a short row.
        """
        if len(outer) == 1:
            return [("row", outer[0], "r")], lambda body: [("for row in range(lo, hi):", None), *indent(body)]
        last = len(outer) - 1
        start: list[tuple[str, Node | None]] = [("rest = lo", None)]
        count: list[tuple[str, Node | None]] = []
        for k in range(last, 0, -1):
            n = self.named(outer[k].extent, f"n{k}")
            start += [(f"i{k} = rest % {n}", None), (f"rest = rest // {n}", None)]
            pad = "    " * (last - k)
            count += [(f"{pad}i{k} += 1", None), (f"{pad}if i{k} == {n}:", None), (f"{pad}    i{k} = 0", None)]
        start.append(("i0 = rest", None))
        count.append(("    " * last + "i0 += 1", None))
        terms = [(f"i{k}", loop, f"r{k}") for k, loop in enumerate(outer)]
        return terms, lambda body: [*start, ("for row in range(lo, hi):", None), *indent([*body, *count])]

    def _row(self, passes: int) -> list[KernelText]:
        kept = [d for d in range(len(self.group.dims)) if d not in self.inner]
        outer, inner = self.loops(kept), self.loops(sorted(self.inner))
        terms, wrap = self.rows(outer)
        fresh: dict[Any, str] = {}
        body: list[tuple[str, Node | None]] = []
        for q in range(passes):
            self.row_level(q, inner, terms, fresh, body)
            nodes = self.wanted(q)
            if nodes:
                body += self.inner_pass(nodes, q, inner, terms, dict(fresh))
        self.row_level(passes, inner, terms, fresh, body)
        return [self.finish(wrap(body), prod(outer), 1, int(np.prod(self.group.dims, dtype=np.int64)))]

    def row_level(self, q: int, inner: Sequence[_Loop], terms: Any, fresh: dict[Any, str], out: list[Any]) -> None:
        """Between passes: finished reductions, and what is computed once a row."""
        for m in self.group.members:
            if m in self.sums:
                if self.pass_of[m] + 1 == q:
                    out.append((f"{self.names[m]} = a{self.names[m]}", m))
                    if m in self.writes:
                        out.append((self.store(m, terms), m))
            elif not self.level(m) and self.pass_of[m] == q:
                self.statement(m, terms, fresh, out)
                if m in self.writes:
                    out.append((self.store(m, terms), m))
        if q == 0:
            for (m, x), key in self.reads.items():
                if all(loop.strides[key] == 0 for loop in inner):
                    self.value(m, x, terms, fresh, out)

    def inner_pass(self, nodes: Sequence[Node], q: int, inner: Sequence[_Loop], terms: Any, fresh: dict[Any, str]) -> list[Any]:
        out: list[Any] = []
        for m in nodes:
            if m in self.sums:
                out.append((f"a{self.names[m]} = {initial(m.operator.combine, m.type.dtype)}", m))
        names = [f"j{q}" if len(inner) == 1 else f"j{q}_{k}" for k in range(len(inner))]
        body = self.region(nodes, q, [*terms, *((v, loop, f"j{k}") for k, (v, loop) in enumerate(zip(names, inner, strict=True)))], fresh)
        for k in range(len(inner) - 1, -1, -1):
            size = str(inner[k].extent) if k == len(inner) - 1 and 1 < inner[k].extent <= UNROLLED else self.named(inner[k].extent, f"nj{k}")
            body = [(f"for {names[k]} in range({size}):", None), *indent(body)]
        return out + body

    def _column(self, passes: int) -> list[KernelText]:
        dims = range(len(self.group.dims))
        end = max(self.inner)
        *more, last = self.loops([d for d in dims if d > end])
        before = [d for d in dims if d < end and d not in self.inner]
        outer = [*(self.loops(before) if before else []), *more]
        reduced = self.loops(sorted(self.inner))
        terms, wrap = self.rows(outer) if outer else ([], lambda body: body)
        nodes = self.wanted(0)
        span = self.inner_extent(last, "j") if outer else "lo, hi"
        column = [*terms, ("j", last, "j")]
        start = [(f"store(p{self.access[self.writes[m]][0]}, {self.index(self.writes[m], column)}, "
                  f"{initial(m.operator.combine, m.type.dtype)})", m) for m in nodes if m in self.sums]
        loops = [(f"k{k}", loop, f"k{k}") for k, loop in enumerate(reduced)]
        body = [(f"for j in range({span}):", None), *indent(self.region(nodes, 0, [*terms, *loops, ("j", last, "j")], {}))]
        begin = [(f"for j in range({span}):", None), *indent(start)]

        def over_reduced(body: list[Any]) -> list[Any]:
            for k in range(len(reduced) - 1, -1, -1):
                body = [(f"for k{k} in range({self.named(reduced[k].extent, f'nk{k}')}):", None), *indent(body)]
            return body
        # Reduced dims that lie outside all kept ones are walked outermost: memory is then read in order.
        lines = [*wrap(begin), *over_reduced(wrap(body))] if not before else wrap([*begin, *over_reduced(body)])
        total = int(np.prod(self.group.dims, dtype=np.int64))
        return [self.finish(lines, prod(outer) if outer else last.extent, 1 if outer else BLOCK, total)]

    def _full(self, passes: int) -> list[KernelText]:
        results = [m for m in self.group.members if m in self.sums]
        loops = self.loops(range(len(self.group.dims)))
        total = int(np.prod(self.group.dims, dtype=np.int64))
        rows = -(-total // CHUNK) if len(loops) == 1 else loops[0].extent
        partial = {m: self.slot("temp", m, m.type.dtype, rows) for m in results}
        for m, slot in partial.items():
            self.slots[slot] = Slot("partial", m, m.type.dtype, rows)
        nodes = self.wanted(0)
        if len(loops) == 1:
            size = self.extent(total, "n")
            span = f"range(row * {CHUNK}, min(row * {CHUNK} + {CHUNK}, {size}))"
            body = [(f"for i in {span}:", None), *indent(self.region(nodes, 0, [("i", loops[0], "i")], {}))]
        else:
            names = [f"i{k}" for k in range(1, len(loops))]
            terms = [("row", loops[0], "r"), *((v, loop, v) for v, loop in zip(names, loops[1:], strict=True))]
            body = self.region(nodes, 0, terms, {})
            for k in range(len(names) - 1, -1, -1):
                body = [(f"for {names[k]} in range({self.extent(loops[k + 1].extent, f'm{k}')}):", None), *indent(body)]
        begin = [(f"a{self.names[m]} = {initial(m.operator.combine, m.type.dtype)}", m) for m in results]
        end = [(f"store(p{partial[m]}, row, a{self.names[m]})", m) for m in results]
        lines = [("for row in range(lo, hi):", None), *indent([*begin, *body, *end])]
        return [self.finish(lines, rows, 1, total), *(combine_text(m, rows) for m in results)]

    def finish(self, lines: list[tuple[str, Node | None]], n: int, unit: int, work: int) -> KernelText:
        whole = [("def kernel(buffers, extents, lo, hi):", None), *indent([*((h, None) for h in self.head), *lines, ("return 0", None)])]
        source = "\n".join(text for text, _ in whole) + "\n"
        return KernelText(source, self.slots, self.extents, n, unit, work, self.checks, whole)


def combine_text(m: Node, rows: int) -> KernelText:
    """The second half of a full reduction: partial results, in order, to one."""
    name, combine = numba_name(m.type.dtype), m.operator.combine
    source = (f"def kernel(buffers, extents, lo, hi):\n    p0 = pointer(buffers, 0, {name})\n    p1 = pointer(buffers, 1, {name})\n"
              f"    n = extents[1]\n    a = {initial(combine, m.type.dtype)}\n    for i in range(n):\n"
              f"        a = {step_text(combine, 'a', 'load(p0, i)')}\n    store(p1, 0, a)\n    return 0\n")
    slots = [Slot("partial", m, m.type.dtype, rows), Slot("out", m, m.type.dtype)]
    return KernelText(source, slots, [0, rows], 1, 1, rows, [], [(line, m) for line in source.splitlines()])


def heavy(m: Node) -> bool:
    """Whether computing the node again costs more than keeping it in memory."""
    return m.operator.family == "random" or (m.operator.family == "elementwise" and _HEAVY.search(m.operator.expr) is not None)


def literal(x: Node) -> str | None:
    """The text of a 0-d constant of a few common values; other constants arrive through the buffer table, so kernels are shared."""
    if x.operator.name != "constant" or x.type.shape != ():
        return None
    value = x.attrs["value"][()]
    if value not in _LITERALS or (value == 0 and np.signbit(np.float64(value))):
        return None
    return f"{numba_name(x.type.dtype)}({number(value.item())})"


def number(value: float | int | bool) -> str:
    return repr(int(value)) if isinstance(value, bool) or value == int(value) else repr(value)


def indent(lines: Sequence[tuple[str, Node | None]]) -> list[tuple[str, Node | None]]:
    return [("    " + text, node) for text, node in lines]


def prod(loops: Sequence[_Loop]) -> int:
    n = 1
    for loop in loops:
        n *= loop.extent
    return n
