"""What a kernel's statements read, compute and write: the operands of a fused group, their strides, and one line of text a node."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..compiler.groups import Group, data_inputs
from ..compiler.layout import Storage, contiguous
from ..ir.node import Node
from ..ir.sizes import alike
from ..ir.types import element_count
from .kernel_text import Check, Slot, Total, bound_of, heavy, literal, numba_name, number, step_text, total_text

LINE = 16               # elements that rows of scratch are multiples of: threads then write to cache lines of their own


class Keyed(dict[Any, Any]):
    """What is kept of operands' keys, which hold sizes: these hash otherwise once a compilation has decided on them, so a miss looks again."""

    def __missing__(self, key: Any) -> Any:
        items = [*self.items()]
        self.clear()
        self.update(items)
        if key not in self:
            raise KeyError(key)
        return self[key]


class Loop(NamedTuple):
    """A collapsed dim: its extent and each operand's stride along it."""

    extent: int
    strides: Keyed


class Statements:
    """The operands of a group as slots of a kernel, and the text of its members."""

    def __init__(self, group: Group, stored: Collection[Node], place: Callable[[Node], Storage]):
        self.group, self.place = group, place
        self.kind = group.kind
        self.stored = [m for m in group.members if m in stored and m not in group.copies]
        self.inner = group.reduced or frozenset()
        self.sums = group.sums()
        self.slots: list[Slot] = []
        self.slot_of: dict[Any, int] = {}
        self.extents: list[int] = [0]
        self.head: list[str] = []
        self.said: set[str] = set()                                   # names of extents that the head has read
        self.checks: list[Check] = []
        self.names: dict[Node, str] = {m: f"v{i}" for i, m in enumerate(group.members)}
        self.access = Keyed()                                         # operand key -> (slot, stride a dim)
        self.number = Keyed()                                         # of an operand among them
        self.sweep_of = group.sweeps()
        self.spilled: dict[Node, Any] = {}
        self.long = False                                             # whether a loop whose size the text does not say puts totals to variables
        self.apart = False                                            # whether columns are now added up in variables, not in their results
        self.chunk = 0                                                # which extent says how many rows a chunk has: 0 is none
        self.loaded: dict[str, np.dtype[Any]] = {}                    # what is loaded into each name

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

    # ------------------------------------------------------------------ sweeps over the inner dims

    def level(self, node: Node) -> int:
        """1 if the node varies over the reduced dims (all nodes of a map do), 0 if it is one value a row."""
        return int(not self.inner or any(a in self.inner for a in self.group.axes[node]))

    def count_sweeps(self) -> int:
        return 1 + max(self.sweep_of[m] for m in self.group.members if self.level(m) or m in self.sums)

    def wanted(self, q: int) -> list[Node]:
        """The inner nodes to compute in sweep q, inputs first; those of earlier sweeps are recomputed unless kept in memory."""
        stack = [m for m in self.group.members if self.sweep_of[m] == q and (
            (self.level(m) and m in self.stored) or m in self.sums)]
        seen: set[Node] = set()
        while stack:
            m = stack.pop()
            if m in seen:
                continue
            seen.add(m)
            if self.kept(m, q):
                continue
            stack.extend(x for x in data_inputs(m) if x in self.sweep_of and self.level(x) and
                         x not in self.sums)
        return [m for m in self.group.members if m in seen]

    def kept(self, m: Node, q: int) -> bool:
        return self.sweep_of[m] < q and (m in self.stored or m in self.spilled)

    def spill(self, sweeps: int) -> None:
        """Values of costly expressions that a later pass needs again are kept in scratch memory; those that only a later one needs wait for it."""
        for q in range(1, sweeps):
            for m in self.wanted(q):
                own = self.sweep_of[m]
                if own == q or m in self.stored or m in self.spilled or m in self.sums or not heavy(m):
                    continue
                if m in self.wanted(own):
                    self.spilled[m] = True
                else:
                    self.sweep_of[m] = q

    # ------------------------------------------------------------------ loops

    def loops(self, dims: Sequence[int]) -> list[Loop]:
        """The dims as few loops as all operands' strides allow, outermost first."""
        out: list[Loop] = []
        for d in dims:
            n = self.group.dims[d]
            here = Keyed((k, s[d]) for k, (_, s) in self.access.items())
            if out and all(alike(out[-1].strides[k], here[k] * n) for k in here):
                out[-1] = Loop(out[-1].extent * n, here)
            else:
                out.append(Loop(n, here))
        return out or [Loop(1, Keyed(dict.fromkeys(self.access, 0)))]

    def extent(self, value: int, name: str) -> str:
        self.said.add(name)
        self.head.append(f"{name} = extents[{len(self.extents)}]")
        self.extents.append(value)
        return name

    def collect(self) -> None:
        """Give every operand, output and spill its slot, in the order of the members."""
        self.reads: dict[tuple[Node, Node], Any] = {}
        self.gathers: dict[Node, tuple[Any, Any, int, int]] = {}
        for m in self.group.members:
            if m.operator.family.gathers:
                self.gathers[m] = self.gather_access(m)
                continue
            for x in data_inputs(m):
                if x not in self.names and literal(x) is None:
                    self.reads[m, x] = self.virtual(m, x)
        self.writes = {m: self.output(m) for m in self.stored}
        free = self.free_results()
        for m in self.spilled:
            result = next((y for y in free if self.may_wait_in(m, y)), None)
            if result is not None:
                free.remove(result)
                self.spilled[m] = self.writes[result]
            else:
                self.spilled[m] = self.row_of_scratch(m)
        for m in self.group.members:
            if m.operator.family.draws:
                index: Any = ("i", m, self.padded(m))
                self.access[index] = (-1, index[2])

    def free_results(self) -> list[Node]:
        """The stored values over the whole space whose memory nothing in the group reads."""
        read = {self.place(s.node).buffer for s in self.slots if s.role == "in" and s.node is not None}
        return [m for m in self.stored if self.level(m) and self.place(m).buffer not in read]

    def may_wait_in(self, m: Node, result: Node) -> bool:
        """Whether a spilled value may lie where the result will: it is last loaded before that is stored, at each element."""
        last = max(q for q in range(self.count_sweeps()) if m in self.wanted(q))
        members = list(self.names)
        return result.type.dtype == m.type.dtype and self.sweep_of[result] >= last and members.index(m) < members.index(result)

    def row_of_scratch(self, m: Node) -> Any:
        """Memory for one row, which stays in the cache; a chunk of rows, which one thread walks, has one of its own."""
        inner = sorted(self.inner)
        strides = [0] * len(self.group.dims)
        for d, s in zip(inner, contiguous([self.group.dims[d] for d in inner]), strict=True):
            strides[d] = s
        size = -(-element_count(tuple(self.group.dims[d] for d in inner)) // LINE) * LINE
        slot = self.slot("row", None, m.type.dtype, size)
        self.slots[slot] = Slot("row", m, m.type.dtype, size)
        if not self.chunk:
            self.chunk = len(self.extents)
            self.extent(1, "chunk")
        self.head.append(f"b{slot} = lo // chunk * {self.named(size, f'z{slot}')}")
        key = ("t", slot, tuple(strides))
        self.access[key] = (slot, key[2])
        return key

    def padded(self, m: Node) -> tuple[int, ...]:
        out = [0] * len(self.group.dims)
        for a, s in zip(self.group.axes[m], contiguous(m.type.shape), strict=True):
            if a is not None:
                out[a] = s
        return tuple(out)

    def virtual(self, m: Node, x: Node) -> Any:
        """An operand's key; of an iota the index itself, as strides without memory."""
        source, axes = x, self.aligned(m, x)
        if source.operator.family.counts:
            out = [0] * len(self.group.dims)
            a = axes[source.attrs["axis"]]
            if a is not None:
                out[a] = 1
            key: Any = ("i", None, tuple(out))
            self.access[key] = (-1, key[2])
            return key
        return self.operand(source, axes)

    # ------------------------------------------------------------------ statements

    def index(self, key: Any, terms: Sequence[tuple[str, Loop, str]]) -> str:
        """The element index of an operand: sum of loop variable times stride."""
        parts = [f"b{key[1]}"] if key[0] == "t" else []
        for var, loop, tag in terms:
            s = loop.strides[key]
            if s.__class__ is int and s == -1:          # said, as 1 is: vectors are then read and turned round
                parts.append(f"-{var}")
            elif s == 1:
                parts.append(var)
            elif s:
                parts.append(f"{var} * {self.stride(s, key, tag)}")
        return " + ".join(parts).replace(" + -", " - ") or "0"

    def stride(self, s: int, key: Any, tag: str) -> str:
        if len(self.number) != len(self.access):
            self.number = Keyed((k, i) for i, k in enumerate(self.access))
        return self.named(s, f"s{self.number[key]}{tag}")

    def read(self, key: Any, x: Node, terms: Any) -> str:
        if key[0] == "i":
            return f"{numba_name(x.type.dtype)}({self.index(key, terms)})"
        return f"load(p{self.access[key][0]}, {self.index(key, terms)})"

    def statement(self, m: Node, terms: Any, fresh: dict[Any, str], out: list[tuple[str, Node | None]]) -> None:
        """Append the statements that compute member `m`; `fresh` holds what this region has loaded."""
        name = self.names[m]
        family = m.operator.family
        if family.reshapes:
            out.append((f"{name} = {self.names[m.inputs[0]]}", m))
        elif family.gathers:
            self.gather(m, terms, fresh, out)
        elif family.draws:
            key = next(k for k in self.access if k[0] == "i" and k[1] is m)
            values = {p: self.value(m, x, terms, fresh, out) for p, x in list(zip(m.operator.params, m.inputs, strict=True))[1:]}
            text = m.operator.expr(**m.attrs).format(i=f"uint64({self.index(key, terms)})", **values)
            out.append((f"{name} = {text}", m))
        elif family.reduces:
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
            name = f"x{len(fresh)}{terms[-1][2]}"
            if self.loaded.setdefault(name, x.type.dtype) != x.type.dtype:      # in another pass: a name has one type in a kernel
                name = f"{name}_{numba_name(x.type.dtype)}"
            fresh[key, x.type.dtype] = name
            out.append((f"{name} = {self.read(key, x, terms)}", x))
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
                values[k] = f"{kind}({number(int(v) if kind.startswith(('int', 'uint', 'bool')) else float(v))})"
        if op.check:
            self.checks.append(Check(m, m.inputs[0], bound_of(m), m.attrs.get("wrong", "")))
            out.append((f"if not ({op.check.format(**values)}):", m))
            out.append((f"    extents[0] = int64({values[op.params[0]]})", m))
            out.append((f"    return {len(self.checks)}", m))
        text = op.expression(free[0] if free else result).format(**values)
        if result.kind != "f" or numba_name(result) != kind:
            text = f"{numba_name(result)}({text})"
        out.append((f"{self.names[m]} = {text}", m))

    def gather(self, m: Node, terms: Any, fresh: dict[Any, str], out: list[tuple[str, Node | None]]) -> None:
        table, indices, stride, bound = self.gathers[m]
        name = self.names[m]
        out.append((f"k{name} = int64({self.read(indices, m.inputs[1], terms)})", m))
        self.checks.append(Check(m, m.inputs[1], bound))
        limit = self.named(bound, f"bound{name}")
        out.append((f"if k{name} < 0 or k{name} >= {limit}:", m))
        out.append((f"    extents[0] = k{name}", m))
        out.append((f"    return {len(self.checks)}", m))
        step = self.named(stride, f"step{name}")
        out.append((f"{name} = load(p{self.access[table][0]}, {self.index(table, terms)} + k{name} * {step})", m))

    def named(self, value: int, name: str) -> str:
        if name not in self.said:
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
            if self.sweep_of[m] == q and (m in self.writes or m in self.spilled):
                out.append((self.store(m, terms), m))
        return out

    def accumulate(self, m: Node, v: str, terms: Any) -> str:
        """One more value of a reduction, as a statement: put to a variable, or to a column's result where it lies."""
        combine = m.operator.combine
        if self.kind != "column" or self.apart:
            return f"a{self.names[m]} = {self.kept_total(m).step(v)}"
        p, i = self.access[self.writes[m]][0], self.index(self.writes[m], terms)
        return f"store(p{p}, {i}, {step_text(combine, m.type.dtype, f'load(p{p}, {i})', v)})"


    def kept_total(self, m: Node) -> Total:
        """A total that is put to a variable: of a loop that is not unrolled in a form of its own, if there is one, as it then becomes vectors."""
        return total_text(m.operator.combine, m.type.dtype, f"a{self.names[m]}", self.long)


def prod(loops: Sequence[Loop]) -> int:
    n = 1
    for loop in loops:
        n *= loop.extent
    return n
