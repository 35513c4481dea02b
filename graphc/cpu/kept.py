"""Code that was read from bytes: all that binding and running look at, without a plan, which is made anew for those who ask.

Of the user's graph a file holds places in the order of what a run needs: constants and attributes, names and lines come from the graph at
hand. Of kernels it has the keys of their entries. `keep` writes it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
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
from .bodies import Bodies, Form, Part
from .code import COPY, Code, Fetch, Late, Numbers, Run
from .packing import (
    DEEPEST,
    DTYPE_OF,
    LARGEST,
    NAMES,
    Damaged,
    SizeReader,
    ValueReader,
    check,
    listed,
    parted,
    whole,
)
from .routines import Commit, Product
from .steps import CommitStep, HostStep, Value
from .tape_code import code_address

_KEY = re.compile("[0-9a-f]{64}")
BUFFERS = ("arena", "constant", "feed", "variable", "run_number", "counter", "objects")
COMMIT = -1 - len(NAMES)    # among the numbers of texts: the step that commits, and steps that run bodies
LOOP, BRANCH = COMMIT - 1, COMMIT - 2
CALLED = {COMMIT: "graphc_commit", LOOP: "graphc_loop", BRANCH: "graphc_branch"}
PARTS = ("sizes", "extents", "n", "work", "bounds", "offsets")             # slices of the numbers
COLUMNS = ("tables", "extents_at", "bounds_at", "unit", "effort", "body", "shown_at", "shown", "paused", "stretches", "stretch")
# All that code has; of a new field somebody has to say whether it is kept.
KNOWN = {"plan", "threads", "scope", "numbers", "origins", "scratch", "rows", "steps", "hosts", "count", "place", "runs", "feeds", "fetches", "late",
         "texts", "commit", "counters", "flush", "buffers", "number", "itemsizes", "inside", "given", "bound", "there", "made", "fed", "lasting",
         "addresses", "chunked", "multiplied", "products", "controls", "words", "moves", "_begins",
         "_placement", "_showing", *PARTS, *COLUMNS}


class Site(NamedTuple):
    """A node's place in the order of what a run needs, and the nodes themselves."""

    order: Sequence[Node]
    place: Mapping[Node, int]

    @classmethod
    def of(cls, order: Sequence[Node]) -> Site:
        return cls(order, {n: i for i, n in enumerate(order)})


class KeptBodies(Bodies):
    """A loop or a branch read from a file: `whole()` is the step that would be made."""

    def __init__(self, form: Form, whole: Callable[[], Bodies]):
        self.form, self.whole = form, whole
        self.parts: dict[str, Part] = {}

    @property
    def node(self) -> Node:                     # type: ignore[override]
        return self.whole().node


class KeptCode(Code):
    """Code read from a file. `remake()` makes its `whole` anew: code with a plan, for messages, traces and pictures.

    `outer`: of the code of a body, that of the program it is part of, whose sizes are its own.
    """

    def __init__(self, record: Mapping[str, Any], columns: Mapping[str, Array], blobs: Sequence[bytes], site: Site, threads: int,
                 remake: Callable[[], Code], flush: bool, outer: KeptCode | None = None):
        self._columns, self.site, self._remake, self._lock = columns, site, remake, threading.RLock()
        self._whole: Code | None = None
        self.threads = threads
        self.depth: int = 0 if outer is None else outer.depth + 1
        check(self.depth < DEEPEST)
        self.sized: SizeReader = SizeReader(record) if outer is None else outer.sized
        self.scope = self.sized.scope
        self.value = ValueReader(site.order, blobs, self.sized.size)
        self.scratch_graph = Scratch()
        self.flush = flush
        self.count, self.texts = whole(record.get("count")), record.get("texts") is True
        self._take_numbers(record)
        self._take_buffers(record)
        self._take_steps(record)
        self.feeds = [(self._in(i, 0, LARGEST), self._lying(row)) for i, *row in self._rows("feeds", 5)]
        self.fetches = [None if given < 0 else Fetch(self._lying(row), bool(given)) for given, *row in self._rows("fetches", 5)]
        self.late = [Late(self.value.node(i), self._lying(row[:4]), self._lying(row[4:])) for i, *row in self._rows("late", 9)]
        self._take_commit(listed(record.get("counters")))
        self._take_controls(listed(record.get("controls")), blobs)
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
            check((node is not None) == (BUFFERS[kind] in ("constant", "variable", "run_number")))
            check(BUFFERS[kind] != "counter" or NAMES[dtype] == "uint64")
            if node is not None:
                check(node.type.dtype == DTYPE_OF[NAMES[dtype]]
                      and (node.operator.name if BUFFERS[kind] != "constant" else BUFFERS[kind]) == BUFFERS[kind]
                      and (BUFFERS[kind] != "constant" or node.operator.name not in ("variable", "run_number")))
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
        if kind == "stream":
            return self._node("run_number", self.site.order[0], {"stream": _stream(what)}, TensorType(np.dtype(np.uint64), ()))
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
        text, steps = self._column("text", len(keys) - 1, min(CALLED)).tolist(), self._column("native", self.count - 1).tolist()
        for name in COLUMNS:
            setattr(self, name, self._column(name))
        count = len(text)
        commits = COMMIT in text
        check(not commits or text.index(COMMIT) == count - 1)
        check(len(steps) == count - commits and all(len(getattr(self, name)) == count for name in ("unit", "effort", "body"))
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
        routines = {t: (code_address(CALLED[t]), COPY) if t in CALLED else blas.gemm(self._library(t)) for t in set(text) if t < 0}
        self.addresses = np.array([kernels[t] if t >= 0 else routines[t][0] for t in text], np.int64)
        self.words = [(self._in(at, 0, int(self.tables[-1]) - 1), routines[text[self._in(k, 0, count - 1)]][1])
                      for at, k in self._rows("words", 2) if COMMIT <= text[k] < 0]
        self.chunked = [(self._in(k, 0, count - 1), self._in(at, 0, int(self.extents_at[-1]) - 1)) for k, at in self._rows("chunked", 2)]
        self.multiplied = [(self._in(b, 0, len(self.buffers) - 1), self._in(k, 0, count - 1)) for b, k in self._rows("multiplied", 2)]
        known: dict[tuple[bool, int], Product] = {}
        self.products = []
        extents = int(self.extents_at[-1])
        check(len(self.stretch) == len(self.stretches) and all(not len(a) or a.max() < extents for a in (self.paused, self.stretches)))
        self.ways = {k: t for k, t in enumerate(text) if t in (LOOP, BRANCH)}
        for k, rank, start, stop in self._rows("products", 4):
            check(0 <= k < count and text[k] > COMMIT and 0 <= rank and stop - start == 3 + 4 * rank)
            check(int(self.tables[k + 1]) > int(self.tables[k]))
            said = text[k] >= 0, rank
            self.products.append((k, known.setdefault(said, _product(*said)), self._part(start, stop)))
        self._take_hosts(listed(record.get("hosts")))
        self.runs = [Run(bool(n), first, steps, None if lasting < 0 else lasting) for n, first, steps, lasting in self._rows("runs", 4)]
        check(len(self.hosts) + count - commits == self.count and self.place.keys().isdisjoint(self.hosts))
        at = 0
        for run in self.runs:
            check(run.first == at and run.steps > 0 and all((i in self.place) == run.native for i in range(at, at + run.steps)))
            at += run.steps
        check(at == self.count)

    def _take_controls(self, controls: list[Any], blobs: Sequence[bytes]) -> None:
        """The steps that run bodies: how, and the code of each."""
        self.controls = []
        for i, entry in enumerate(controls):
            k, numbers, form, slots, parts = listed(entry, 5)
            loops, last = self.ways.pop(whole(k, 0, len(self.tables) - 2), None) == LOOP, int(self.tables[k + 1] - self.tables[k]) - 1
            inputs, carried, sliced, reverse = (whole(n, most=last) for n in listed(form, 4))
            places = {whole(index): whole(place, inputs, last - 1) for index, place in (listed(x, 2) for x in listed(slots))}
            step = KeptBodies(Form(loops, inputs, places, carried, sliced, bool(reverse)), partial(self._made, i))
            for name, blob, arguments, results in (listed(x, 4) for x in listed(parts)):
                check(type(name) is str)
                code = self._of_body(blobs[whole(blob, 0, len(blobs) - 1)], partial(self._made_of, i, name))
                given = [None if b is None else code.buffer(b) for b in listed(arguments)]
                step.parts[name] = Part(code, given, [*map(code.buffer, listed(results))])
            first, stop = (whole(n) for n in listed(numbers, 2))
            check(_fits(step, stop - first) and int(self.extents_at[k + 1] - self.extents_at[k]) == 3)
            self.controls.append((k, step, self._part(first, stop)))
        check(not self.ways)
        del self.ways

    def _of_body(self, data: bytes, remake: Callable[[], Code]) -> KeptCode:
        head, columns, blobs = parted(data)
        code = KeptCode(head, columns, blobs, self.site, self.threads, remake, False, self)
        check(code.commit is None and not code.hosts and not code.late and len(code.runs) < 2)
        return code

    def _made(self, i: int) -> Bodies:
        return self.whole.controls[i][1]

    def _made_of(self, i: int, name: str) -> Code:
        made: Code = self._made(i).parts[name].code
        return made

    def buffer(self, number: Any) -> Buffer:
        """The buffer of a number."""
        return self.buffers[whole(number, 0, len(self.buffers) - 1)]

    @staticmethod
    def _library(number: int) -> np.dtype[Any]:
        dtype = DTYPE_OF[NAMES[-1 - number]]
        check(dtype.kind == "f" and ladder.chosen().largest >= ladder.ANY)
        return dtype

    def _take_commit(self, counters: list[Any]) -> None:
        """The counters that a run moves, and the last step, which has as many copies and counters as there are."""
        self.counters, self.commit = {}, None
        for number, stream in (listed(c, 2) for c in counters):
            buffer = self.buffers[whole(number, 0, len(self.buffers) - 1)]
            check(buffer.kind == "counter")
            self.counters[buffer] = None if stream == "" else _stream(stream)
        commits = bool(len(self.addresses)) and self.addresses[-1] == code_address("graphc_commit")
        check(commits == bool(self.counters) and sum(b.kind == "counter" for b in self.buffers) == len(self.counters))
        if commits:
            copies, k = len(self.late), len(self.addresses) - 1
            first = self.extents.start + int(self.extents_at[k])
            check(self.extents_at[k + 1] - self.extents_at[k] == 3 + copies
                  and self.tables[k + 1] - self.tables[k] == 1 + 2 * copies + len(self.counters)
                  and self.numbers.at_hand[first:first + 3].tolist() == [0, copies, len(self.counters)])
            self.commit = CommitStep(int(self.addresses[-1]), (), Commit([]))

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


def _fits(step: KeptBodies, numbers: int) -> bool:
    """Whether a loop or a branch has the bodies that it needs, with as many arguments and results, and so many numbers."""
    form, parts = step.form, step.parts
    given = {name: len(part.arguments) for name, part in parts.items()}
    gives = {name: len(part.results) for name, part in parts.items()}
    if not form.loops:
        return given == dict.fromkeys(("then", "orelse"), form.inputs - 1) and len({*gives.values()}) == 1 \
            and max(form.slots, default=-1) < gives["then"] and numbers == 1
    outside = form.inputs - 1 - form.carried - form.sliced
    wanted = {"body": 1 + form.carried + form.sliced + outside, "cond": 1 + form.carried + outside}
    return "body" in parts and given == {name: wanted.get(name) for name in parts} and gives.get("cond", 1) == 1 and outside >= 0 \
        and gives["body"] >= form.carried and max(form.slots, default=0) <= gives["body"] and numbers == 1 + form.sliced + gives["body"]


def _stream(text: Any) -> int:
    """The number of a stream of random numbers, which no column holds."""
    check(type(text) is str and text.isascii() and text.isdigit() and len(text) <= 20 and int(text) < 2**64)
    return int(text)


def _product(looped: bool, rank: int) -> Product:
    """What binding asks of a product, by a loop or by a library, with so many batch axes."""
    return Product(0, "kept" * looped, (), [], [], 0, 0, 0, (0,) * rank, [])  # type: ignore[arg-type]


def restored(record: Mapping[str, Any], columns: Mapping[str, Array], blobs: Sequence[bytes], site: Site, threads: int,
             remake: Callable[[], Code], flush: bool = False) -> KeptCode:
    """The code that `packed` made these parts of. Damaged: they are of none, or of another graph's."""
    try:
        return KeptCode(record, columns, blobs, site, threads, remake, flush)
    except Damaged:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as e:
        raise Damaged(f"{type(e).__name__}: {e}") from None
