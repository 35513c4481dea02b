"""What must hold of every graph: each oracle runs it in another way and compares."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import graphc as tf
from graphc.compiler import passes
from graphc.errors import GraphcError
from graphc.ir.node import Node

from .derivatives import check_derivatives
from .direct import DISTURBANCES, Array, Noise, NotEvaluated, State, Wanted, difference, disturbance, settle, unequal
from .loops import Repeat
from .recipe import Built, Gradient, Leaf, Recipe, build

RUNS = 3                # the first compiles, the second is quick, the third is quicker: each takes another way in
Results = list[list[Any]]


class Finding(Exception):
    """A graph for which an oracle does not hold."""

    def __init__(self, oracle: str, message: str):
        super().__init__(f"{oracle}: {message}")
        self.oracle, self.message = oracle, message


@contextmanager
def limits(values: Mapping[str, int]) -> Iterator[None]:
    """The compiler with other limits, "folder.module.NAME" -> value."""
    with ExitStack() as stack:
        for name, value in values.items():
            stack.enter_context(changed(name, value))
        yield


@contextmanager
def changed(name: str, value: Any) -> Iterator[None]:
    module, _, attribute = name.rpartition(".")
    owner = import_module(f"graphc.{module}")
    before = getattr(owner, attribute)
    setattr(owner, attribute, value)
    try:
        yield
    finally:
        setattr(owner, attribute, before)


class Case:
    """One graph under test; `drawn`: generated, so that graphc has taken every line of it once."""

    def __init__(self, recipe: Recipe, drawn: bool):
        self.recipe = recipe
        try:
            self.built = build(recipe)
        except GraphcError as e:
            if drawn:
                raise Finding("build", f"{type(e).__name__}: {e}") from e
            raise Rejected(str(e)) from e
        except Exception as e:
            raise Finding("build", f"{type(e).__name__}: {e}") from e
        try:
            build(closed(recipe))
        except GraphcError as e:                # unknown sizes hid that what is fed does not fit: the user's mistake
            raise Rejected(str(e)) from e
        self.assigns = any(n.operator.family.assigns for n in self.built.graph.nodes)
        self.wanted = wanted(self.built, RUNS) if self.assigns else wanted(self.built, 1) * RUNS

    def session(self, jit: bool = True, threads: int = 1, graph: tf.Graph | None = None) -> tf.Session:
        config = tf.ConfigProto(intra_op_parallelism_threads=threads, flush_denormals=False)
        return tf.Session(graph=graph or self.built.graph, jit=jit, config=config)

    def run(self, session: tf.Session, feeds: Mapping[Any, Any] | None = None, times: int = RUNS) -> Results:
        feeds = self.built.feeds if feeds is None else feeds
        before = [np.array(a) for a in feeds.values()]
        found = runs(session, self.built.fetches, feeds, self.built.variables, times)
        for (node, now), then in zip(feeds.items(), before, strict=True):
            said = unequal(now, then)
            if said:
                raise Finding("feeds are left alone", f"{node!r}: {said}")
        return found

    def compare(self, found: Results, oracle: str) -> None:
        """Against numpy's values; Finding says where they differ."""
        for k, (values, right) in enumerate(zip(found, self.wanted, strict=False)):
            for i, (value, w) in enumerate(zip(values, right, strict=True)):
                said = difference(value, w) if w is not None else ""
                if said:
                    raise Finding(oracle, f"run {k + 1}, {self._name(i)}: {said}")

    def _name(self, i: int) -> str:
        count = len(self.built.fetches)
        return f"fetch {i} ({self.built.fetches[i]!r})" if i < count else f"variable {i - count} afterwards"

    def equal(self, found: Results, base: Results, oracle: str) -> None:
        """Two results bit for bit."""
        for k, (values, right) in enumerate(zip(found, base, strict=False)):
            for i, (value, w) in enumerate(zip(values, right, strict=True)):
                said = unequal(value, w) if value is not None or w is not None else ""
                if said:
                    raise Finding(oracle, f"run {k + 1}, {self._name(i)}: {said}")


def closed(recipe: Recipe) -> Recipe:
    """The same graph with all sizes known."""
    return replace(recipe, steps=tuple(replace(s, open=()) if isinstance(s, Leaf) else s for s in recipe.steps))


class Rejected(Exception):
    """A recipe that is no graph, as shrinking makes them: no finding."""


def runs(session: tf.Session, fetches: Sequence[Any], feeds: Mapping[Any, Any], variables: Sequence[Any], times: int) -> Results:
    """The fetches' values run after run, each followed by the variables' values after it."""
    out = []
    for _ in range(times):
        values = session.run(list(fetches), feeds)
        out.append([kept(v) for v in (*values, *(session.run(list(variables)) if variables else []))])
    return out


def kept(value: Any) -> Any:
    """A copy of a result. The result itself is overwritten: it is the caller's, no later run may depend on it."""
    if not isinstance(value, np.ndarray) or not value.flags.writeable:
        return value
    copy = value.copy()
    value.fill(1)
    return copy


def wanted(built: Built, times: int) -> list[list[Wanted | None]]:
    """What run after run must give, and how exactly. Rejected: numpy refuses the values."""
    def sequence(noise: Noise | None) -> Results:
        state = State(built.variables)
        out = []
        for _ in range(times):
            values = state.run(built.fetches, built.feeds, noise)
            out.append([*values, *(state.values[v] for v in built.variables)])
        return out
    try:
        exact = sequence(None)
    except NotEvaluated as e:
        raise Rejected(str(e)) from e
    others = []
    for k in range(DISTURBANCES):
        try:
            others.append(sequence(disturbance(k)))
        except NotEvaluated:            # an input near the end of its range: say nothing of such graphs
            raise Rejected("the values are at the edge of what numpy evaluates") from None
    return [[None if v is None else settle(v, [o[k][i] for o in others]) for i, v in enumerate(values)]
            for k, values in enumerate(exact)]


# ---------------------------------------------------------------------- the oracles

def refused_alike(case: Case) -> None:
    """Where sizes that a loop may change hid that what is fed does not fit, compiled runs refuse it as the interpreter does. Rejected, then."""
    refusals = [refusal(case, jit, threads) for jit, threads in ((False, 1), (True, 1), (True, 2))]
    if any(said != refusals[0] for said in refusals):
        raise Finding("refused alike", "; ".join(f"{how}: {said or 'not refused'}" for how, said in
                                                zip(("interpreted", "compiled", "compiled, two threads"), refusals, strict=True)))
    if refusals[0]:
        raise Rejected(refusals[0])


def refusal(case: Case, jit: bool, threads: int) -> str:
    """What a run says of operands that do not fit, "" if it runs."""
    with case.session(jit, threads) as session:
        try:
            case.run(session)
        except tf.errors.InvalidArgumentError as e:
            return str(e)
    return ""


def interpreted(case: Case) -> None:
    """`Session(jit=False)` gives numpy's values; so it does with each pass left out that changed anything, and with all."""
    whole = passes.PIPELINE[:]
    busy: set[str] = set()

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def apply(fetches: Sequence[Node]) -> Sequence[Node]:
            after = function(fetches)
            if list(after) != list(fetches):
                busy.add(name)
            return after
        return apply
    try:
        passes.PIPELINE[:] = [(name, watched(name, function), why) for name, function, why in whole]
        with case.session(jit=False) as session:
            case.compare(case.run(session), "interpreted")
        for left in (*sorted(busy), "all passes") if busy else ():
            passes.PIPELINE[:] = [p for p in whole if p[0] != left and left != "all passes"]
            with case.session(jit=False) as session:
                case.compare(case.run(session, times=1), f"without {left}")
    finally:
        passes.PIPELINE[:] = whole


def compiled(case: Case) -> Results:
    """Machine code gives numpy's values, every run the same if nothing is assigned."""
    with case.session() as session:
        found = case.run(session)
        case.compare(found, "compiled")
        if not case.assigns:
            case.equal(found[1:], [found[0]] * 2, "second run")
        return found


def two_threads(case: Case, base: Results) -> None:
    """Two threads give what one gives, bit for bit, where even small loops and products are shared out."""
    with changed("cpu.bind.PARALLEL", 4), changed("cpu.routines.PARALLEL_FLOPS", 1):
        if any(n.operator.family.multiplies for n in case.built.graph.nodes):      # such products are cut for one thread too
            with case.session() as session:
                base = case.run(session)
        with case.session(threads=2) as session:
            case.equal(case.run(session), base, "two threads")


def fresh_memory(case: Case, base: Results) -> None:
    """What fresh memory holds makes no difference: nothing reads what was not written."""
    for pattern in (0xFF, 0x41):
        def filled(size: int, dtype: Any, pattern: int = pattern) -> Array:
            array = np.empty(size, dtype)
            array.view(np.uint8).fill(pattern)
            return array
        with changed("cpu.memory.uninitialised", filled), case.session() as session:
            case.equal(case.run(session), base, "fresh memory")


def layouts(case: Case, base: Results) -> None:
    """Feeds in Fortran order, with negative strides, read-only, unaligned or as lists are the same feeds."""
    with ExitStack() as stack:
        session = stack.enter_context(case.session())
        for name, form in LAYOUTS.items() if case.built.feeds else ():
            if case.assigns:
                session = stack.enter_context(case.session())
            case.equal(case.run(session, {f: form(a) for f, a in case.built.feeds.items()}, 2), base, f"feeds {name}")


def bound_anew(case: Case, base: Results) -> None:
    """What was compiled for other sizes, and is bound to these, gives what is compiled for these."""
    if case.assigns or any(n.operator.family.draws for n in case.built.graph.nodes):
        return                              # the run before would show
    for step in (1, 5):
        others = {f: longer(f, a, step) for f, a in case.built.feeds.items()}
        if all(others[f].shape == a.shape for f, a in case.built.feeds.items()):
            return
        with case.session() as session:
            try:
                session.run(list(case.built.fetches), others)
            except Exception:               # what is a number in the graph does not fit other sizes
                continue
            case.compare(case.run(session, times=2), "bound anew")


def longer(feed: Node, array: Array, step: int) -> Array:
    """A feed whose open axes, but those of size 0 and 1, have some more elements."""
    dims = feed.type.shape if feed.type.shape is not None else (None,) * array.ndim
    return np.resize(array, [n + step if d is None and n > 1 else n for d, n in zip(dims, array.shape, strict=True)])


def from_a_kept_plan(case: Case, base: Results) -> None:
    """What a session reads that another one has kept is what it would have made."""
    with TemporaryDirectory() as folder, environment(GRAPHC_CACHE_DIR=folder, GRAPHC_PLANS=""):
        with case.session() as session:
            case.run(session, times=1)
            made = session.compile_stats()["programs"]
        with case.session() as session:
            found = case.run(session)
            stats = session.compile_stats()
        kept = {path.name for path in Path(folder).glob("*.plan")}
    case.equal(found, base, "from a kept plan")
    if kept and not stats["plans_loaded"]:
        raise Finding("from a kept plan", f"{len(kept)} are kept of {made:.0f} programs, none is read")


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Variables of the environment."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def reloaded(case: Case, base: Results) -> None:
    """A graph written as JSON and read again is the same graph."""
    graph = tf.Graph.from_json(case.built.graph.to_json())
    built = case.built

    def same(node: Node) -> Any:
        return graph.as_node(node.name)
    with case.session(graph=graph) as session:
        found = runs(session, [same(f) for f in built.fetches], {same(f): a for f, a in built.feeds.items()}, [same(v) for v in built.variables], 2)
    case.equal(found, base, "reloaded")


def written_out(case: Case, base: Results) -> None:
    """Loops written out have the same value: the same bits where references alone compute both, the same up to rounding where kernels do."""
    if not any(isinstance(s, Repeat) for s in case.recipe.steps):
        return
    straight = build(closed(case.recipe), straight=True)

    def of(jit: bool) -> Results:
        with case.session(jit=jit, graph=straight.graph) as session:
            return runs(session, straight.fetches, straight.feeds, straight.variables, 2)
    case.compare(of(True), "written out")
    if any(isinstance(s, Gradient) for s in case.recipe.steps):        # adds up in another order
        return
    with passes.left_out():
        found = of(False)
        with case.session(jit=False) as session:
            case.equal(case.run(session, times=2), found, "written out, bit for bit")


def alone(case: Case) -> None:
    """A fetch by itself has the value that it has among others."""
    values = [i for i, f in enumerate(case.built.fetches) if f.type is not None]
    if len(case.built.fetches) < 2 or case.assigns or not values or case.recipe.seed % 4:     # it costs kernels of its own
        return
    i = values[case.recipe.seed % len(values)]
    with case.session() as session:
        found = [session.run(case.built.fetches[i], case.built.feeds)]
    w = case.wanted[0][i]
    said = difference(found[0], w) if w is not None else ""
    if said:
        raise Finding("one fetch", f"{case.built.fetches[i]!r}: {said}")


def _unaligned(a: Array) -> Array:
    raw = np.empty(a.nbytes + 1, np.uint8)
    out = raw[1:].view(a.dtype).reshape(a.shape)
    out[...] = a
    return out


def _read_only(a: Array) -> Array:
    out = a.copy()
    out.flags.writeable = False
    return out


def _reversed(a: Array) -> Array:
    turned = tuple(slice(None, None, -1) for _ in a.shape)
    return np.ascontiguousarray(a[turned])[turned] if a.ndim else a


LAYOUTS: dict[str, Callable[[Array], Any]] = {
    "in Fortran order": lambda a: np.array(a, order="F"), "with negative strides": _reversed, "read-only": _read_only, "unaligned": _unaligned,
    "as lists": lambda a: a.tolist() if a.size and a.size < 1000 else a,
}


def check(recipe: Recipe, drawn: bool = True) -> None:
    """All oracles. Finding: one does not hold; Rejected: the recipe, not a `drawn` one, is no graph."""
    with limits(recipe.limits), errors_are_findings():
        case = Case(recipe, drawn)
        if any(isinstance(s, Repeat) for s in recipe.steps):
            refused_alike(case)
        interpreted(case)
        check_derivatives(recipe, Finding)
        base = compiled(case)
        for oracle in (two_threads, fresh_memory, layouts, bound_anew, from_a_kept_plan, reloaded, written_out):
            oracle(case, base)
        alone(case)


@contextmanager
def errors_are_findings() -> Iterator[None]:
    """Nothing in a graph that graphc and numpy have taken is a reason to raise anything."""
    try:
        yield
    except (Finding, Rejected, MemoryError):
        raise
    except Exception as e:
        frame = traceback.extract_tb(e.__traceback__)[-1]
        raise Finding("error", f"{type(e).__name__}: {e} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})") from e
