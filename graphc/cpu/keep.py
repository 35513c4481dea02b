"""Code that has been bound as bytes: all that binding and running look at, and of the user's graph places in the order of what a run needs.

What no file holds, or this module does not know, is `Unkept`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compiler.layout import Buffer
from ..ir.node import Node
from ..ir.types import Array
from . import ladder, native
from .bodies import Bodies, Control
from .code import Code
from .kept import BRANCH, BUFFERS, COLUMNS, COMMIT, KNOWN, LOOP, PARTS, Site
from .packing import (
    NAMES,
    SizeWriter,
    Unkept,
    ValueWriter,
    joined,
)
from .routines import Product
from .steps import HostStep, NativeStep, Value


def _name(dtype: np.dtype[Any]) -> str:
    return "string" if dtype.hasobject else dtype.name


def packed(code: Code, site: Site) -> bytes:
    """Code that has been bound as bytes. Unkept: it has what no file can hold."""
    return _Writer(code, site).content()


class _Writer:
    """The writer of code, or of that of a body: `outer` writes what has it, and `home` is the place of the loop or the branch."""

    def __init__(self, code: Code, site: Site, outer: _Writer | None = None, home: int | None = None):
        if vars(code).keys() - KNOWN or code._placement is None:
            raise Unkept("code of another form")
        self.code, self.site, self.home = code, site, home
        self.sizes: SizeWriter = SizeWriter(code.scope) if outer is None else outer.sizes
        self.blobs: list[bytes] = []
        self.value = ValueWriter(site.place, self.blob, self.sizes.size)
        self.said = {(n.label, n.loc): i for i, n in enumerate(site.order)}        # what names and lines are whose
        self.arrays = {id(v): i for i, n in enumerate(site.order) if isinstance(v := n.attrs.get("value"), np.ndarray)}

    def blob(self, array: Array) -> int:
        self.blobs.append(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
        return len(self.blobs) - 1

    def at(self, node: Node) -> int:
        """The node of the user's graph whose name and line a node has."""
        found = self.said.get((node.label, node.loc), self.home)
        if found is None:
            raise Unkept(f"{node.label} has no place in the graph")
        return found

    def content(self) -> bytes:
        code = self.code
        record: dict[str, Any] = {"count": code.count, "texts": bool(code.texts),
                                  "counters": [[code.number[b], "" if stream is None else str(stream)] for b, stream in code.counters.items()]}
        columns: dict[str, Any] = {name: getattr(code, name) for name in COLUMNS}
        columns["parts"] = [n for name in PARTS for n in (getattr(code, name).start, getattr(code, name).stop)]
        self.put_numbers(record, columns)
        self.put_steps(record, columns)
        record["controls"] = [self.control(k, step, numbers) for k, step, numbers in code.controls]
        self.put_buffers(record, columns)
        columns["feeds"] = [n for i, v in code.feeds for n in (i, *self.place(v))]
        columns["fetches"] = [n for f in code.fetches for n in ((-1,) * 5 if f is None else (int(f.handed_over), *self.place(f.value)))]
        columns["late"] = [n for x in code.late for n in (self.site.place[x.variable], *self.place(x.memory), *self.place(x.value))]
        if self.home is None:               # all sizes of the bodies are among them
            record.update(self.sizes.record())
        return joined(record, columns, self.blobs)

    def place(self, v: Value) -> tuple[int, int, int, int]:
        return self.code.number[v.buffer], NAMES.index(_name(v.dtype)), v.rank, v.numbers.start

    def put_numbers(self, record: dict[str, Any], columns: dict[str, Any]) -> None:
        numbers = self.code.numbers
        sizes, columns["open"], columns["which"] = numbers.which
        columns["column"], columns["begins"] = numbers.at_hand, sorted(self.code._begins)
        record["sizes"] = [self.sizes.terms(x.terms) for x in sizes]

    def put_steps(self, record: dict[str, Any], columns: dict[str, Any]) -> None:
        code = self.code
        steps = [s for s in code.steps if isinstance(s, NativeStep)]
        if ladder.chosen().largest < ladder.ANY and any(isinstance(s.text, Product) and not s.text.source for s in steps):
            raise Unkept("products of a library that does not take all sizes")
        number: dict[str, int] = {}
        columns["text"] = [number.setdefault(s.text.source, len(number)) if s.text.source else _called(s)
                           for s in steps] + [COMMIT] * (code.commit is not None)
        record["kernels"] = [native.key(source) for source in number]
        columns["native"] = list(code.place)
        columns["runs"] = [n for r in code.runs for n in (int(r.native), r.first, r.steps, -1 if r.lasting is None else r.lasting)]
        columns["chunked"] = [n for pair in code.chunked for n in pair]
        columns["multiplied"] = [n for pair in code.multiplied for n in pair]
        columns["products"] = [n for k, p, part in code.products for n in (k, len(p.batch), part.start, part.stop)]
        columns["words"] = [n for at, _ in code.words for n in (at, int(np.searchsorted(code.tables, at, "right")) - 1)]
        record["hosts"] = [[at, *self.host(step)] for at, step in code.hosts.items()]

    def control(self, k: int, step: Bodies, numbers: slice) -> list[Any]:
        """Which step it is, its numbers, how its bodies are run, which results it has, and the code of each body as a piece of bytes."""
        form, parts = step.form, []
        for name, part in step.parts.items():
            self.blobs.append(_Writer(part.code, self.site, self, self.at(step.node)).content())
            number = part.code.number
            parts.append([name, len(self.blobs) - 1, [None if b is None else number[b] for b in part.arguments], [number[b] for b in part.results]])
        return [k, [numbers.start, numbers.stop], [form.inputs, form.carried, form.sliced, int(form.reverse)],
                [[index, place] for index, place in form.slots.items()], parts]

    def host(self, step: HostStep) -> list[Any]:
        """Place, operator, type and attributes of a host step's node, its inputs for messages, and where all lies."""
        node, at = step.node, self.at(step.node)
        mine = self.site.order[at]
        own = node.operator is mine.operator and node.attrs is mine.attrs
        inputs = [[self.at(x), self.value.type(x.type), *self.place(v)] for x, v in zip(node.inputs, step.inputs, strict=True)]
        outs = [[-1 if out is node else out.attrs["index"], *self.place(v)] for out, v in zip(step.outs, step.places, strict=True)]
        attrs = None if own else {name: self.value(v) for name, v in node.attrs.items()}
        return [at, node.operator.name, self.value.type(node.type), attrs, [step.numbers.start, step.numbers.stop], inputs, outs]

    def put_buffers(self, record: dict[str, Any], columns: dict[str, Any]) -> None:
        """Kind, dtype, lifetime, whether it is given away, and what it holds: a node of the user's, or one of `keys`."""
        code, keys, placement = self.code, list[Any](), self.code._placement
        assert placement is not None
        for b in code.buffers:
            if b.kind not in BUFFERS:
                raise Unkept(f"a buffer is {b.kind}")
        columns["buffers"] = [n for b in code.buffers for n in
                              (BUFFERS.index(b.kind), NAMES.index(_name(b.dtype)), b.first, b.last, int(b.given), self.key(b, keys))]
        columns["bound"] = [n for b, part in code.bound.items() for n in (code.number[b], part.start, part.stop)]
        columns["rooms"], columns["places"] = placement.found
        record["top"], record["waste"], record["keys"] = int(placement.top), float(placement.waste), keys

    def key(self, buffer: Buffer, keys: list[Any]) -> int:
        """The number of what a buffer holds among `keys`, which it is put to; -1 if nobody asks."""
        node = buffer.key
        if node is None or buffer.kind not in ("constant", "variable", "run_number"):
            return -1
        if buffer.kind == "run_number":
            keys.append(["stream", str(node.attrs["stream"])])
            return len(keys) - 1
        if node.operator.name == "variable":
            keys.append(["variable", self.site.place[node.attrs["variable"]], self.value.type(node.type)])
        elif node.operator.name == "bound":
            keys.append(["bound", self.at(node), self.value.type(node.type)])
        else:
            array = node.attrs["value"]
            found = self.arrays.get(id(array))
            keys.append(["value", found] if found is not None else ["constant", self.value(array)])
        return len(keys) - 1


def _called(step: NativeStep) -> int:
    """The number of what is no kernel: of what runs bodies, or of the dtype of a product by a library."""
    if isinstance(step.text, Control):
        return LOOP if step.text.loops else BRANCH
    assert isinstance(step.text, Product)
    return -1 - NAMES.index(_name(step.text.operands[2].type.dtype))
