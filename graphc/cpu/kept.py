"""Code as bytes, and code that was read from them: all that binding and running look at, without a plan, which is made anew for those who ask.

Of the user's graph a file holds places in the order of what a run needs: constants and attributes, names and lines come from the graph at
hand. Of kernels it has the keys of their entries. What no file holds, or this module does not know, is `Unkept`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..compiler.layout import Buffer
from ..compiler.placement import Placement
from ..errors import InternalError
from ..ir.graph import Scratch
from ..ir.node import OPERATORS, Node
from ..ir.operator import Operator
from ..ir.types import Array, TensorType
from . import blas, ladder, native
from .code import Code, Fetch, Late, Numbers, Run
from .packing import (
    DTYPE_OF,
    LARGEST,
    NAMES,
    Damaged,
    SizeReader,
    SizeWriter,
    Unkept,
    ValueReader,
    ValueWriter,
    check,
    joined,
    listed,
    whole,
)
from .routines import Product
from .steps import HostStep, NativeStep, Value

_KEY = re.compile("[0-9a-f]{64}")
BUFFERS = ("arena", "constant", "feed", "variable", "run_number", "objects")
PARTS = ("sizes", "extents", "n", "work", "bounds", "offsets")             # slices of the numbers
COLUMNS = ("tables", "extents_at", "bounds_at", "unit", "effort", "body", "shown_at", "shown")
# All that code has; of a new field somebody has to say whether it is kept.
KNOWN = {"plan", "threads", "scope", "numbers", "origins", "scratch", "rows", "steps", "hosts", "count", "place", "runs", "feeds", "fetches", "late",
         "draws", "texts", "buffers", "number", "itemsizes", "inside", "given", "bound", "there", "made", "fed", "lasting", "addresses",
         "chunked", "multiplied", "products", "controls", "paused", "stretches", "stretch", "words", "moves", "_begins", "_placement", "_showing",
         *PARTS, *COLUMNS}


class Site(NamedTuple):
    """A node's place in the order of what a run needs, and the nodes themselves."""

    order: Sequence[Node]
    place: Mapping[Node, int]

    @classmethod
    def of(cls, order: Sequence[Node]) -> Site:
        return cls(order, {n: i for i, n in enumerate(order)})


# ---------------------------------------------------------------------- writing

def packed(code: Code, site: Site) -> bytes:
    """Code that has been bound as bytes. Unkept: it has what no file can hold."""
    return _Writer(code, site).content()


class _Writer:
    def __init__(self, code: Code, site: Site):
        if vars(code).keys() - KNOWN or code._placement is None:
            raise Unkept("code of another form")
        if code.controls or code.paused.size:
            raise Unkept("bodies of loops and branches")
        self.code, self.site = code, site
        self.sizes = SizeWriter(code.scope)
        self.blobs: list[bytes] = []
        self.value = ValueWriter(site.place, self.blob, self.sizes.size)
        self.said = {(n.label, n.loc): i for i, n in enumerate(site.order)}        # what names and lines are whose
        self.arrays = {id(v): i for i, n in enumerate(site.order) if isinstance(v := n.attrs.get("value"), np.ndarray)}

    def blob(self, array: Array) -> int:
        self.blobs.append(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
        return len(self.blobs) - 1

    def at(self, node: Node) -> int:
        """The node of the user's graph whose name and line a node has."""
        found = self.said.get((node.label, node.loc))
        if found is None:
            raise Unkept(f"{node.label} has no place in the graph")
        return found

    def content(self) -> bytes:
        code = self.code
        record: dict[str, Any] = {"count": code.count, "draws": bool(code.draws), "texts": bool(code.texts)}
        columns: dict[str, Any] = {name: getattr(code, name) for name in COLUMNS}
        columns["parts"] = [n for name in PARTS for n in (getattr(code, name).start, getattr(code, name).stop)]
        self.put_numbers(record, columns)
        self.put_steps(record, columns)
        self.put_buffers(record, columns)
        columns["feeds"] = [n for i, v in code.feeds for n in (i, *self.place(v))]
        columns["fetches"] = [n for f in code.fetches for n in ((-1,) * 5 if f is None else (int(f.handed_over), *self.place(f.value)))]
        columns["late"] = [n for x in code.late for n in (self.site.place[x.variable], *self.place(x.memory), *self.place(x.value))]
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
        columns["text"] = [number.setdefault(s.text.source, len(number)) if s.text.source else -1 - NAMES.index(_name(_dtype_of(s)))
                           for s in steps]
        record["kernels"] = [native.key(source) for source in number]
        columns["native"] = list(code.place)
        columns["runs"] = [n for r in code.runs for n in (int(r.native), r.first, r.steps, -1 if r.lasting is None else r.lasting)]
        columns["chunked"] = [n for pair in code.chunked for n in pair]
        columns["multiplied"] = [n for pair in code.multiplied for n in pair]
        columns["products"] = [n for k, p, part in code.products for n in (k, len(p.batch), part.start, part.stop)]
        columns["words"] = [n for at, _ in code.words for n in (at, int(np.searchsorted(code.tables, at, "right")) - 1)]
        record["hosts"] = [[at, *self.host(step)] for at, step in code.hosts.items()]

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
        if node is None or buffer.kind not in ("constant", "variable"):
            return -1
        if node.operator.name == "variable":
            keys.append(["variable", self.site.place[node.attrs["variable"]], self.value.type(node.type)])
        elif node.operator.name == "bound":
            keys.append(["bound", self.at(node), self.value.type(node.type)])
        else:
            array = node.attrs["value"]
            found = self.arrays.get(id(array))
            keys.append(["value", found] if found is not None else ["constant", self.value(array)])
        return len(keys) - 1


def _name(dtype: np.dtype[Any]) -> str:
    return "string" if dtype.hasobject else dtype.name


def _dtype_of(step: NativeStep) -> np.dtype[Any]:
    """The dtype of a product by a library."""
    assert isinstance(step.text, Product)
    dtype: np.dtype[Any] = step.text.operands[2].type.dtype
    return dtype


# ---------------------------------------------------------------------- reading

class KeptCode(Code):
    """Code read from a file. `remake()` makes its `whole` anew: code with a plan, for messages, traces and pictures."""

    def __init__(self, record: Mapping[str, Any], columns: Mapping[str, Array], blobs: Sequence[bytes], site: Site, threads: int,
                 remake: Callable[[], Code]):
        self._columns, self.site, self._remake, self._lock = columns, site, remake, threading.RLock()
        self._whole: Code | None = None
        self.threads = threads
        self.sized = SizeReader(record)
        self.scope = self.sized.scope
        self.value = ValueReader(site.order, blobs, self.sized.size)
        self.scratch_graph = Scratch()
        self.count, self.draws, self.texts = whole(record.get("count")), record.get("draws") is True, record.get("texts") is True
        self._take_numbers(record)
        self._take_buffers(record)
        self._take_steps(record)
        self.feeds = [(self._in(i, 0, LARGEST), self._lying(row)) for i, *row in self._rows("feeds", 5)]
        self.fetches = [None if given < 0 else Fetch(self._lying(row), bool(given)) for given, *row in self._rows("fetches", 5)]
        self.late = [Late(self.value.node(i), self._lying(row[:4]), self._lying(row[4:])) for i, *row in self._rows("late", 9)]
        del self._columns, self.value, self.sized, self.site

    @property
    def whole(self) -> Code:
        """The same with its plan. InternalError: it has become another one, as only a changed machine can make it."""
        with self._lock:
            if self._whole is None:
                made = self._remake()
                same = made.count == self.count and np.array_equal(made.shown, self.shown) and np.array_equal(made.addresses, self.addresses)
                if not same:
                    raise InternalError("the plan that was kept is not the one that the graph has now")
                self._whole = made
            return self._whole

    # ------------------------------------------------------------------ pieces

    def _column(self, name: str, most: int | None = None, least: int = 0) -> Array:
        """A column of numbers from `least` to `most`."""
        check(name in self._columns)
        found = self._columns[name]
        check(not len(found) or (found.min() >= least and (most is None or found.max() <= most)))
        return found

    def _rows(self, name: str, width: int) -> list[list[int]]:
        check(name in self._columns)
        found = self._columns[name]
        check(len(found) % width == 0)
        rows: list[list[int]] = found.reshape(-1, width).tolist()
        return rows

    @staticmethod
    def _in(value: int, least: int, most: int) -> int:
        check(least <= value <= most)
        return value

    def _part(self, start: int, stop: int) -> slice:
        check(0 <= start <= stop <= len(self.numbers.at_hand))
        return slice(start, stop)

    def _lying(self, row: Sequence[int]) -> Value:
        buffer, dtype, rank, start = row
        check(0 <= buffer < len(self.buffers) and 0 <= dtype < len(NAMES) and 0 <= rank)
        found = self.buffers[buffer]
        check(found.dtype == DTYPE_OF[NAMES[dtype]])
        return Value(found, found.dtype, rank, self._part(start, start + 1 + 2 * rank))

    # ------------------------------------------------------------------ numbers and buffers

    def _take_numbers(self, record: Mapping[str, Any]) -> None:
        column = self._column("column", LARGEST, -LARGEST)
        sizes = [self.sized.size(terms) for terms in map(listed, listed(record.get("sizes")))]
        places, which = self._column("open", len(column) - 1), self._column("which", len(sizes) - 1)
        check(len(places) == len(which))
        self.numbers = Numbers(self.scope)
        self.numbers.at_hand, self.numbers.which = column, (sizes, places, which)
        self._begins = set(self._column("begins", len(column) - 1).tolist())
        parts = self._rows("parts", 2)
        check(len(parts) == len(PARTS))
        for name, (start, stop) in zip(PARTS, parts, strict=True):
            setattr(self, name, self._part(start, stop))

    def _take_buffers(self, record: Mapping[str, Any]) -> None:
        keys = [self._key(key) for key in listed(record.get("keys"))]
        self.buffers = []
        for kind, dtype, first, last, given, key in self._rows("buffers", 6):
            check(0 <= kind < len(BUFFERS) and 0 <= dtype < len(NAMES) and -1 <= key < len(keys))
            node = keys[key] if key >= 0 else None
            check((node is not None) == (BUFFERS[kind] in ("constant", "variable")))
            if node is not None:
                check(node.type.dtype == DTYPE_OF[NAMES[dtype]] and (node.operator.name == "variable") == (BUFFERS[kind] == "variable"))
            elif BUFFERS[kind] == "run_number":
                check(NAMES[dtype] == "uint64")
                node = self.site.order[0]               # nobody asks which
            self.buffers.append(Buffer(BUFFERS[kind], DTYPE_OF[NAMES[dtype]], 0, node, first, last, bool(given)))
        check(self.sizes.stop - self.sizes.start == len(self.buffers))
        self.bound = {self.buffers[self._in(b, 0, len(self.buffers) - 1)]: self._part(start, stop) for b, start, stop in self._rows("bound", 3)}
        check(all(b.key is not None and b.key.operator.name == "bound" for b in self.bound))
        self._sort_buffers()
        rooms, places, top, waste = self._column("rooms"), self._column("places"), whole(record.get("top")), record.get("waste")
        check(len(rooms) == len(places) == len(self.inside))
        if type(waste) is not float or waste < 0:
            raise Damaged("it wastes nothing")
        check(not len(rooms) or (places + rooms).max() <= top)
        inside = [self.buffers[i] for i in self.inside.tolist()]
        self._placement = Placement.kept([b.first for b in inside], [b.last for b in inside], rooms, places, top, waste)

    def _key(self, key: Any) -> Node:
        """What a buffer holds."""
        kind, what, *types = listed(key)
        if kind == "value":
            node = self.value.node(what)
            check(isinstance(node.attrs.get("value"), np.ndarray) and node.attrs["value"].dtype == node.type.dtype)
            return node
        if kind == "constant":
            array = self.value(what)
            check(isinstance(array, np.ndarray))
            return self._node("constant", self.site.order[0], {"value": array}, TensorType(array.dtype, array.shape))
        check(kind in ("variable", "bound"))
        node, type_ = self.value.node(what), self.value.type(*listed(types, 1))
        check(isinstance(type_, TensorType) and (kind == "bound" or node.operator.name == "variable"))
        return self._node(kind, node, {"variable": node} if kind == "variable" else {}, type_)

    def _node(self, operator: str, said: Node, attrs: dict[str, Any], type_: Any, inputs: Iterable[Node] = ()) -> Node:
        """A node as messages and host steps ask for it, with the name and line of one of the user's."""
        return Node(OPERATORS[operator], tuple(inputs), attrs, type_, said.label, said.loc, (), self.scratch_graph)

    # ------------------------------------------------------------------ steps

    def _take_steps(self, record: Mapping[str, Any]) -> None:
        keys = listed(record.get("kernels"))
        check(all(type(k) is str and _KEY.fullmatch(k) for k in keys))
        text, steps = self._column("text", len(keys) - 1, -len(NAMES)).tolist(), self._column("native", self.count - 1).tolist()
        for name in COLUMNS:
            setattr(self, name, self._column(name))
        count = len(text)
        check(len(steps) == count and all(len(getattr(self, name)) == count for name in ("unit", "effort", "body"))
              and self.n.stop - self.n.start == self.work.stop - self.work.start == count)
        for starts, stop in ((self.tables, None), (self.extents_at, self.extents.stop - self.extents.start),
                             (self.bounds_at, self.bounds.stop - self.bounds.start)):
            check(len(starts) == count + 1 and starts[0] == 0 and (np.diff(starts) >= 0).all() and (stop is None or starts[-1] == stop))
        check(int(self.tables[-1]) <= 1 << 28 and (self.unit >= 1).all())
        shown = len(self.shown)
        check(shown == len(self.shown_at) == self.offsets.stop - self.offsets.start
              and (not shown or (self.shown.max() < len(self.buffers) and self.shown_at.max() < self.tables[-1])))
        self.place = {i: k for k, i in enumerate(steps)}
        kernels = native.addresses(keys)
        check(kernels is not None)          # one is gone: all is made anew
        assert kernels is not None
        routines = {t: blas.gemm(self._library(t)) for t in set(text) if t < 0}
        self.addresses = np.array([kernels[t] if t >= 0 else routines[t][0] for t in text], np.int64)
        self.words = [(self._in(at, 0, int(self.tables[-1]) - 1), routines[text[self._in(k, 0, count - 1)]][1])
                      for at, k in self._rows("words", 2) if text[k] < 0]
        self.chunked = [(self._in(k, 0, count - 1), self._in(at, 0, int(self.extents_at[-1]) - 1)) for k, at in self._rows("chunked", 2)]
        self.multiplied = [(self._in(b, 0, len(self.buffers) - 1), self._in(k, 0, count - 1)) for b, k in self._rows("multiplied", 2)]
        known: dict[tuple[bool, int], Product] = {}
        self.products = []
        self.controls, self.paused, self.stretches, self.stretch = [], *[np.zeros(0, np.int64)] * 3        # code with bodies is not kept
        for k, rank, start, stop in self._rows("products", 4):
            check(0 <= k < count and 0 <= rank and stop - start == 3 + 4 * rank and int(self.tables[k + 1]) > int(self.tables[k]))
            said = text[k] >= 0, rank
            self.products.append((k, known.setdefault(said, _product(*said)), self._part(start, stop)))
        self._take_hosts(listed(record.get("hosts")))
        self.runs = [Run(bool(n), first, steps, None if lasting < 0 else lasting) for n, first, steps, lasting in self._rows("runs", 4)]
        check(len(self.hosts) + count == self.count and self.place.keys().isdisjoint(self.hosts))
        at = 0
        for run in self.runs:
            check(run.first == at and run.steps > 0 and all((i in self.place) == run.native for i in range(at, at + run.steps)))
            at += run.steps
        check(at == self.count)

    @staticmethod
    def _library(number: int) -> np.dtype[Any]:
        dtype = DTYPE_OF[NAMES[-1 - number]]
        check(dtype.kind == "f" and ladder.chosen().largest >= ladder.ANY)
        return dtype

    def _take_hosts(self, hosts: list[Any]) -> None:
        self.hosts = {}
        for host in hosts:
            at, said, name, type_, attrs, numbers, inputs, outs = listed(host, 8)
            mine = self.value.node(said)
            operator = OPERATORS.get(name) if type(name) is str else None
            check(isinstance(operator, Operator) and (attrs is None or type(attrs) is dict))
            if attrs is None:
                check(mine.operator is operator)
            kept = mine.attrs if attrs is None else {k: self.value(v) for k, v in attrs.items()}
            given = [(self.value.node(x[0]), self.value.type(x[1]), self._lying([whole(n) for n in x[2:]])) for x in (listed(x, 6) for x in inputs)]
            node = self._node(name, mine, kept, self.value.type(type_), [self._node("placeholder", n, {}, t) for n, t, _ in given])
            rows = [[whole(n, -1) for n in listed(x, 5)] for x in listed(outs)]
            made = [node if i < 0 else self._node("item", mine, {"index": i}, None, [node]) for i, *_ in rows]
            first, last = (whole(n) for n in listed(numbers, 2))
            self.hosts[whole(at, 0, self.count - 1)] = HostStep(node, self._part(first, last), [v for *_, v in given], made,
                                                                [self._lying(row[1:]) for row in rows])


def _product(looped: bool, rank: int) -> Product:
    """What binding asks of a product, by a loop or by a library, with so many batch axes."""
    return Product(0, "kept" * looped, (), [], [], 0, 0, 0, (0,) * rank, [])  # type: ignore[arg-type]


def restored(record: Mapping[str, Any], columns: Mapping[str, Array], blobs: Sequence[bytes], site: Site, threads: int,
             remake: Callable[[], Code]) -> KeptCode:
    """The code that `packed` made these parts of. Damaged: they are of none, or of another graph's."""
    try:
        return KeptCode(record, columns, blobs, site, threads, remake)
    except Damaged:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as e:
        raise Damaged(f"{type(e).__name__}: {e}") from None
