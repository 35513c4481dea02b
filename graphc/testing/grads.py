"""`check_grads`: the derivatives of a function against differences, against each other, and against themselves run in other ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .. import numeric
from ..compiler import passes
from ..errors import GradientCheckError, GraphcError, GraphError
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Node, describe, here, topological
from ..ir.operator import constant_node, items
from ..ir.types import Array
from ..runtime.session import Session
from .derived import Derived, Evaluate, Outputs, Point, joined
from .function import Function, function
from .report import Report, Row, compared, told

DIFFERENCES = 1e-8      # of the largest element: what extrapolated differences of doubles can be trusted with
IDENTITY = 1e-12        # of the sum of all terms, for two products that are equal but for rounding
ROUNDING = 1e-12        # of the largest element, for the same sums in another order
SINGLE = 1e-4           # of the largest element, for single precision; a second derivative loses as much again
_FLOOR = 1e-2           # elements below this part of the function's own size are judged by it: differences cannot see them
_JUMP = 1e-3            # by how much slopes from both sides may differ, of the slope: a kink or a jump beyond
_NEAR = 2.0**-20
_UNSURE = 1e-4          # estimated error of differences, of the largest, from which they say nothing
_SUSPECTS = 200         # operators up to which each use is tried by itself, else the first use of each on operands of each type
_LOCATED = 500          # elements up to which a wrong projection is traced to one of them
_LAYOUTS = (("Fortran order", lambda a: np.array(a, order="F")), ("negative strides", lambda a: np.flip(np.flip(a).copy())),
            ("strides", lambda a: np.repeat(a[..., None], 2, -1)[..., 0]))


def check_grads(f: Any, args: Any, order: int = 2, *, feed_dict: Mapping[Any, Any] | None = None, session: Any = None, jit: bool = True,
                whole: int = 32, seed: int = 0) -> Report:
    """Check the derivatives of a function up to an order: a Report of what was compared; GradientCheckError tells what is wrong, and where.

    f: a Python function of tensors that gives a tensor or a list of them, and args: its arguments (an array, or a list of them), of which
    the floating ones are differentiated by; or f: a tensor or a list of them, and args: the tensors (or variables) to differentiate by,
    at the values that `feed_dict` gives them, else those that they have in `session` (default: the default session). Either is evaluated
    in double precision, whatever its own. For each order, derivatives in reverse mode (`vjp`) and forward mode (`jvp`) are compared

    * with differences (`numeric.jacobian`, Richardson's) of the function, or of the order before, computed by the operators' numpy
      references without any pass of the compiler: the whole Jacobian up to `whole` arguments and results, else random projections;
    * with each other: v (J u) = (J^T v) u and J (u + w) = J u + J w to 1e-12;
    * with themselves: run again and from arrays laid out otherwise (bit for bit), without the passes, by the references in place of
      machine code (unless jit=False: then machine code is not looked at), and in single precision.

    Elements at which the function has a kink or a jump are left out of the first; more than half of them is a failure.
    """
    if not isinstance(order, int) or order < 1:
        raise GraphError(f"check_grads: order is 1 or more, not {order!r:.40}{here()}")
    target = function(f, args, feed_dict, session)
    report = checked(target, order, jit=jit, whole=whole, seed=seed)
    if report.failed:
        raise GradientCheckError("\n".join([told(report), *culprits(target, order, jit)]) + f"{here()}")
    return report


def checked(target: Function, order: int, *, jit: bool = True, whole: int = 32, seed: int = 0) -> Report:
    """All comparisons."""
    derived = Derived(target, order)
    evaluate = derived.evaluator(Session(graph=derived.graph, jit=jit))
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        point = _point(derived, rng)
        rows = [row for k in range(1, order + 1) for row in _order(derived, evaluate, k, point.cotangents, whole, rng)]
        return Report(target.name, (*rows, *_again(derived, evaluate, point, jit), *_narrow(derived, point, jit)))


def repeated(target: Function, order: int, *, seed: int = 0) -> Report:
    """Those with the derivatives themselves, run in other ways in double precision."""
    derived = Derived(target, order)
    with np.errstate(all="ignore"):
        point = _point(derived, np.random.default_rng(seed))
        return Report(target.name, tuple(_again(derived, derived.evaluator(Session(graph=derived.graph)), point, jit=True)))


def _point(derived: Derived, rng: np.random.Generator) -> Point:
    return Point(derived.x, [_vectors(rng, 1, derived.count(k))[0] for k in range(1, derived.order + 1)], _vectors(rng, 1, derived.size)[0])


def _vectors(rng: np.random.Generator, count: int, size: int) -> Array:
    """Random vectors, no element of which is near zero: none hides what it is multiplied with."""
    return rng.uniform(0.5, 1.5, (count, size)) * rng.choice([-1.0, 1.0], (count, size))


# ---------------------------------------------------------------------- one order

def _order(derived: Derived, evaluate: Evaluate, k: int, weights: Sequence[Array], whole: int, rng: np.random.Generator) -> Iterator[Row]:
    """Forward and reverse mode against differences and each other, along all unit vectors or a few random ones."""
    n, m = derived.size, derived.count(k)
    small = n <= whole and m <= whole
    along = np.eye(n) if small else _vectors(rng, 2, n) / np.sqrt(n)
    slopes, error, smooth = _differences(derived, k, weights, along)
    across = np.eye(m) if small else _vectors(rng, 2, m) * smooth.all(axis=1)

    def at(u: Array, v: Array) -> Outputs:
        return evaluate(Point(derived.x, [*weights[:k - 1], v, *weights[k:]], u))
    zero_u, zero_v = np.zeros(n), np.zeros(m)
    ahead = np.stack([at(u, zero_v).ahead[k - 1] for u in along], axis=1) if len(along) else np.zeros((m, 0))
    back = np.stack([at(zero_u, v).back[k - 1] for v in across]) if len(across) else np.zeros((0, n))
    size = _FLOOR * float(np.max(np.abs(at(zero_u, zero_v).values), initial=0.0)) if m else 0.0

    def element(i: tuple[int, ...]) -> str:
        by = derived.argument(i[1]) if small else f"direction {i[1]}"
        return f"{derived.place(k, i[0])} by {by}"

    def projection(i: tuple[int, ...]) -> str:
        return element(i) if small else f"projection {i[0]} along direction {i[1]}"
    yield compared("forward mode against differences", k, ahead, slopes, DIFFERENCES, element, slack=8 * error, where=smooth, floor=size)
    if np.size(smooth) >= 4 and 2 * np.count_nonzero(smooth) < np.size(smooth):
        few = f"only {np.count_nonzero(smooth)} of {np.size(smooth)} elements are smooth there"
        yield Row("smoothness", k, smooth.size, 0, 1.0, 0.5, (few,))
    there = smooth if small else np.ones((len(across), len(along)), bool)
    reverse, wanted = back @ along.T, across @ np.where(smooth, slopes, 0.0)
    unsure = 8 * np.abs(across) @ np.where(smooth, error, 0.0)
    row = compared("reverse mode against differences", k, reverse, wanted, DIFFERENCES, projection, slack=unsure, where=there, floor=size)
    if row.failures and not small and n <= _LOCATED:
        row = row._replace(failures=(*row.failures, *_located(derived, k, weights, across[0], back[0])))
    yield row
    terms = np.abs(across) @ np.abs(ahead) + np.abs(back) @ np.abs(along).T
    yield _identity(k, "forward against reverse mode: v (J u) = (J^T v) u", across @ ahead, back @ along.T, terms, projection)
    c, d = (_vectors(rng, 1, len(vectors))[0] for vectors in (along, across))
    both = at(c @ along, d @ across)
    found, sums, terms = (np.concatenate(pair) for pair in ((both.ahead[k - 1], both.back[k - 1]), (ahead @ c, d @ back),
                                                            (np.abs(ahead) @ np.abs(c), np.abs(d) @ np.abs(back))))
    yield _identity(k, "linear: J (u + w) = J u + J w", found, sums, terms, lambda i: f"element {i[0]}")


def _differences(derived: Derived, k: int, weights: Sequence[Array], along: Array) -> tuple[Array, Array, Array]:
    """The derivatives along vectors, [values, vectors], their estimated errors, and where they exist."""
    with passes.left_out():
        f = derived.differentiated(Session(graph=derived.graph, jit=False), k, weights)
        x = derived.x
        widths = np.array([max(1.0, float(np.max(np.abs(x), initial=0.0, where=u != 0))) for u in along])
        wide = widths[:, None] * along
        slopes, error = (d / widths for d in numeric.jacobian(lambda t: f(x + t @ wide), np.zeros(len(along)), "richardson", with_error=True))
        y = f(x)
        bends = [np.abs(f(x + h * u) - 2 * y + f(x - h * u)) / h for h, u in zip(_NEAR * widths, along, strict=True)]
    bend = np.stack(bends, axis=1) if bends else np.zeros(slopes.shape)
    largest = float(np.max(np.abs(slopes), initial=1.0, where=np.isfinite(slopes)))
    return slopes, error, np.isfinite(slopes) & (error <= _UNSURE * largest) & ~(bend > _JUMP * np.maximum(1.0, np.abs(slopes)))


def _identity(k: int, check: str, one: Array, other: Array, terms: Array, place: Callable[[tuple[int, ...]], str]) -> Row:
    known = np.isfinite(one) & np.isfinite(other)
    limit = IDENTITY * np.maximum(terms, np.max(terms, initial=0.0, where=known))
    return compared(check, k, one, other, 0.0, place, slack=limit, where=known, words=("left", "right"))._replace(tolerance=IDENTITY)


def _located(derived: Derived, k: int, weights: Sequence[Array], v: Array, back: Array) -> tuple[str, ...]:
    """The elements at which a derivative in reverse mode is wrong."""
    with passes.left_out():
        f = derived.differentiated(Session(graph=derived.graph, jit=False), k, weights)
        slopes, error = numeric.gradient(lambda x: np.sum(v * f(x)), derived.x, "richardson", with_error=True)
    return compared("", k, back, slopes, DIFFERENCES, lambda i: f"projection 0 by {derived.argument(i[0])}", slack=8 * error,
                    where=np.isfinite(slopes)).failures


# ---------------------------------------------------------------------- the same in other ways

def _again(derived: Derived, evaluate: Evaluate, point: Point, jit: bool) -> Iterator[Row]:
    """All that is computed at one point, once more: bit for bit, or but for rounding."""
    base = evaluate(point)
    again = [evaluate(point) for _ in range(2)]          # the second run is quick, the third is quicker: each takes another way in
    for name, found in (("run again", again[0]), ("run a third time", again[1])):
        yield _equal(name, found, base)
    for name, form in _LAYOUTS if jit else ():           # numpy adds up in the order in which arrays lie
        yield _equal(f"arguments in {name}", evaluate(point, form), base)
    with passes.left_out():
        plain = derived.evaluator(Session(graph=derived.graph, jit=False))(point)
    interpreted = derived.evaluator(Session(graph=derived.graph, jit=False))(point) if jit else base
    yield from _alike(derived, "with passes against without", interpreted, plain, [ROUNDING] * (derived.order + 1), ("with", "without"))
    if jit:
        yield from _alike(derived, "machine code against references", base, interpreted, [ROUNDING] * (derived.order + 1), ("compiled", "reference"))


def _narrow(derived: Derived, point: Point, jit: bool) -> Iterator[Row]:
    """Single against double precision, at a point that both can hold."""
    single = Derived(derived.function, derived.order, np.float32, derived.kept)
    held = point.astype(np.float32)
    found = single.evaluator(Session(graph=single.graph, jit=jit))(held)
    wanted = derived.evaluator(Session(graph=derived.graph, jit=False))(held.astype(np.float64))
    yield from _alike(derived, "single against double precision", found, wanted, [SINGLE * 10**k for k in range(derived.order + 1)],
                      ("single", "double"), limit=float(np.finfo(np.float32).max) / 16)


def _equal(check: str, found: Outputs, wanted: Outputs) -> Row:
    pairs = [(f"{name}, order {k}", a, b) for k in range(1 + len(wanted.back)) for (name, a), (_, b) in
             zip(_parts(found, k), _parts(wanted, k), strict=True)]
    different = [name for name, a, b in pairs if a.tobytes() != b.tobytes()]
    return Row(f"{check}, bit for bit", None, sum(a.size for _, a, _ in pairs), 0, float(len(different)), 0.0,
               tuple(f"{name}: not the same" for name in different))


def _alike(derived: Derived, check: str, found: Outputs, wanted: Outputs, tolerances: Sequence[float], words: tuple[str, str],
           limit: float = np.inf) -> Iterator[Row]:
    # What cancels is judged by what it is made of: sizes of the order of the function's own, but at most 1.
    sizes = [np.max(np.abs(a), initial=0.0, where=np.isfinite(a)) for a in (wanted.values, *wanted.back[:1], derived.x)]
    for k, tolerance in enumerate(tolerances):
        a, b = (joined([part for _, part in _parts(o, k)], derived.dtype) for o in (found, wanted))
        names = [f"{name}, element {i}" for name, part in _parts(wanted, k) for i in range(part.size)]
        yield compared(check, k, a, b, tolerance, lambda i, names=names: names[i[0]], words=words,  # type: ignore[misc]
                       where=~(np.abs(b) > limit), floor=min(1.0, max(sizes)))


def _parts(outputs: Outputs, k: int) -> list[tuple[str, Array]]:
    """The outputs of an order, 0 being the function itself."""
    return [("the values", outputs.values)] if k == 0 else [("reverse mode", outputs.back[k - 1]), ("forward mode", outputs.ahead[k - 1])]


# ---------------------------------------------------------------------- whose fault

def culprits(target: Function, order: int, jit: bool) -> list[str]:
    """The operators on the way that fail by themselves, at the values that reach them, with the user's lines."""
    graph = Graph()
    with graph.as_default():
        ys, feeds = target.written()
    sources = set(feeds)
    on_way = [n for n in topological(ys, stop=lambda n: n in sources) if n not in sources and n.inputs and n.operator.grad is not None]
    if len(on_way) > _SUSPECTS:
        on_way = list({(n.operator.name, *(x.type for x in n.inputs)): n for n in reversed(on_way)}.values())
    values = _inputs(ys[0].graph, on_way, feeds)
    found = []
    for n in on_way:
        if _fails(_alone(n, [values[x] for x in n.inputs]), order, jit):
            found.append(f"  operator {n.operator.name} fails by itself: {describe(n)}")
    return found


def _fails(alone: Function, order: int, jit: bool) -> bool:
    try:
        return bool(alone.wanted and checked(alone, order, jit=jit).failed)
    except GraphcError:                 # what cannot be tried by itself, as a cast to another dtype
        return False


def _inputs(graph: Graph, nodes: Sequence[Node], feeds: Mapping[Node, Array]) -> dict[Node, Array]:
    wanted = list(dict.fromkeys(x for n in nodes for x in n.inputs))
    return dict(zip(wanted, Session(graph=graph, jit=False).run(wanted, dict(feeds)), strict=True))


def _alone(n: Node, values: Sequence[Array]) -> Function:
    """One operator of a graph as a function of its floating operands."""
    at = [np.asarray(v) for v in values]
    wanted = [i for i, x in enumerate(at) if x.dtype.kind == "f" and i not in (*n.operator.by_value, *n.operator.once)]

    def make(nodes: Sequence[Node], dtype: np.dtype[Any]) -> list[Node]:
        graph = get_default_graph()
        operands = [constant_node(graph, at[i]) if i in n.operator.by_value else x for i, x in enumerate(nodes)]
        return items(n.operator.build(graph, tuple(operands), n.attrs))
    return Function(n.operator.name, make, at, [x.label for x in n.inputs], wanted, lambda: ([n], {}))
