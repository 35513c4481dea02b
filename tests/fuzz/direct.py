"""The user's graph by numpy, node by node without any pass; and how exact a result is, found by disturbing every rounding."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import cycle
from typing import Any, NamedTuple

import mpmath
import numpy as np

from graphc.ir.body import Body
from graphc.ir.families import COMBINES, FAMILIES
from graphc.ir.node import Node
from graphc.ir.types import TensorType

Array = np.ndarray[Any, Any]
Noise = Callable[[tuple[int, ...]], Array]        # signs of the disturbances of so many roundings
DISTURBANCES = 8
# How far the sum of all rounding errors may lie outside what the disturbances showed.
MARGIN = 16
ULPS = 4                # what an elementary function may be wrong by

_ARITHMETIC = re.compile(r"[+*/]|- |\b(?!T\b|maximum\b|minimum\b|select\b|abs\b|floor\b|ceil\b|rint\b|trunc\b|isnan\b)[a-z_]\w*\(")
_JUMPS = re.compile(r"\b(floor|ceil|rint|trunc|floordiv|floormod)\(")


# Where loop nests are off by units of 1, not of their result: differences of what is larger than they are, near the places where they are 0.
ROUGH: dict[str, Callable[..., Any]] = {"lgamma": lambda x: x < 0, "digamma": np.isfinite, "gamma_slope": lambda a, x: np.isfinite(x)}


def _to_the_last_place(function: Callable[[mpmath.mpf], mpmath.mpf]) -> Callable[[Any], Any]:
    """A function of real numbers in 40 digits, rounded once; the place of a reference of Python's that is off by more."""
    def of_one(x: float, otherwise: float) -> float:
        if not np.isfinite(otherwise) or not -1e6 < x < 1e300:
            return otherwise
        with mpmath.workdps(40):
            return float(function(mpmath.mpf(x)))

    def of_all(x: Any, otherwise: Any) -> Any:
        return np.vectorize(of_one, otypes=[np.float64])(x, otherwise).astype(otherwise.dtype)
    return of_all


EXACT = {"lgamma": _to_the_last_place(lambda x: mpmath.loggamma(x) if x > 0 else mpmath.log(abs(mpmath.gamma(x)))),
         "digamma": _to_the_last_place(mpmath.digamma)}
# What loop nests compute in an order and in steps of their own, to the units in the last place that their declarations say.
NESTS = {"polygamma", "gamma_part", "beta_part", "zeta_sum", "pool_sum", "pool_mean", "pool_spread", "row_sums", "linear_recurrence",
         "cholesky", "qr", "matrix_inverse", "matrix_determinant", "matrix_solve", "matrix_triangular_solve", "log_matrix_determinant"}
# Sums that are lowered to others.
SUMS = {"unbroadcast_dynamic"}
ADDS = (FAMILIES["average"], FAMILIES["convolution"], FAMILIES["windowed"])          # families of which some do not say it of themselves


class NotEvaluated(Exception):
    """The references refuse these values."""


def closure(fetches: Iterable[Node]) -> list[Node]:
    """What the fetches need: inputs and control inputs first, in order of creation. A walk of its own: graphc's are under test."""
    seen: set[Node] = set()
    stack = list(fetches)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend((*node.inputs, *node.control_inputs))
    return sorted(seen, key=lambda n: n.index)


def disturbance(k: int) -> Noise:
    """The k-th way to disturb roundings: all up, all down, by turns (two ways), then each at random."""
    if k < 4:
        signs = cycle(((1.0,), (-1.0,), (1.0, -1.0), (-1.0, 1.0))[k])
        return lambda shape: np.full(shape, next(signs))
    rng = np.random.default_rng(k)
    return lambda shape: rng.choice(np.array([-1.0, 1.0]), shape)


class Evaluation:
    """Values of nodes, by the rules of state: a read is the value before the run, or behind a control dependency the one assigned then."""

    def __init__(self, known: Mapping[Node, Any], noise: Noise | None = None):
        self.known: dict[Node, Any] = dict(known)
        self.assigned: dict[Node, Array] = {}
        self.noise = noise

    def visit(self, node: Node) -> None:
        """Evaluate a node whose inputs are known. NotEvaluated: numpy refuses."""
        if node.operator.family.picks and node.inputs[0] in self.known and node.attrs["index"] >= len(self.known[node.inputs[0]]):
            del self.known[node.inputs[0]]              # a loop of which a gradient wants more
            self.visit(node.inputs[0])
        if node in self.known or node.operator.family.orders:
            return
        if node.operator.name == "read":
            self.known[node] = self._read(node)
        elif node.operator.family.assigns:
            self.assigned[node.inputs[0]] = self.known[node] = self._assigned(node)
        else:
            self.known[node] = value_of(node, self.known, self.noise)

    def _read(self, node: Node) -> Any:
        variable = node.inputs[0]
        writes = [n for n in closure(node.control_inputs) if n.operator.family.assigns and n.inputs[0] is variable]
        return self.known[writes[-1] if writes else variable]

    def _assigned(self, node: Node) -> Array:
        variable, value = node.inputs[0], self.known[node.inputs[1]]
        if node.operator.name == "assign":
            return value
        current = self.assigned.get(variable, self.known[variable])
        with np.errstate(all="ignore"):
            result = np.asarray(current + value if node.operator.name == "assign_add" else current - value)
        return result if self.noise is None else disturbed(result, 1, self.noise)


class State:
    """A session's variables, which a run changes."""

    def __init__(self, variables: Iterable[Node]):
        self.values = {v: np.array(v.initial_value.attrs["value"]) for v in variables}   # type: ignore[attr-defined]

    def run(self, fetches: Sequence[Node], feeds: Mapping[Node, Array], noise: Noise | None = None) -> list[Array | None]:
        """The fetches' values, None of operations. NotEvaluated: numpy refuses."""
        work = Evaluation({**self.values, **{f: np.asarray(a) for f, a in feeds.items()}}, noise)
        for node in closure(fetches):
            work.visit(node)
        self.values.update({v: np.array(a) for v, a in work.assigned.items()})
        return [work.known[f] if f.type is not None else None for f in fetches]


def _body(body: Body, arguments: Sequence[Any], noise: Noise | None) -> list[Any]:
    """What a loop's or a branch's body gives for its arguments."""
    known = dict(zip(body.parameters, arguments, strict=True))
    for n in body.order:
        known[n] = value_of(n, known, noise)
    return [known[r] for r in body.results]


def value_of(node: Node, known: Mapping[Node, Any], noise: Noise | None = None) -> Any:
    """One node by its reference; its roundings disturbed by `noise`."""
    operator = node.operator
    if operator.name == "constant":
        return node.attrs["value"]
    inputs = [known[x] for x in node.inputs]
    if noise is not None:
        inputs = _disturbed_inputs(node, inputs, noise)
    try:
        with np.errstate(all="ignore"):
            result = operator.reference(*inputs, **node.attrs) if operator.drive is None else \
                operator.drive(partial(_body, noise=noise), *inputs, **node.attrs)
    except Exception as e:
        raise NotEvaluated(f"{operator.name}: {type(e).__name__}: {e}") from e
    if node.type is None:
        return None
    if not isinstance(node.type, TensorType):
        return tuple(np.asarray(r) for r in result)
    result = np.asarray(result)
    if operator.name in EXACT and result.dtype.kind == "f":
        result = EXACT[operator.name](inputs[0], result)
    if noise is not None and _rounds(node):
        result = disturbed(result, ULPS, noise)
        if operator.name in ROUGH:
            rough = ROUGH[operator.name](*inputs) * np.finfo(result.dtype).eps
            result = (result + noise(result.shape) * rough).astype(result.dtype)
        if np.any(doubtful := _orders_matter(node, inputs)):
            with np.errstate(invalid="ignore"):
                outside = noise(result.shape) * np.inf + noise(result.shape) * np.inf       # inf, -inf or nan
            result = np.where(doubtful, outside, result).astype(result.dtype)
    return result


def _orders_matter(node: Node, inputs: list[Any]) -> Any:
    """Where a sum or product may leave the range of its dtype in one order and not in another."""
    operator, family = node.operator, node.operator.family
    if not (family.reduces or family.multiplies or family.scatters or family in ADDS):
        return False
    with np.errstate(all="ignore"):
        sizes = [np.abs(np.where(np.isfinite(x), x, 0)).astype(x.dtype) if x.dtype.kind == "f" else x for x in map(np.asarray, inputs)]
        if operator.combine is not COMBINES["mul"]:
            return np.isinf(operator.reference(*sizes, **node.attrs))
        (size,) = sizes
        large, small = (operator.reference(f(np.where(size, size, 1), 1).astype(size.dtype), **node.attrs) for f in (np.maximum, np.minimum))
        return np.isinf(large) | (small < np.finfo(size.dtype).tiny)


# ---------------------------------------------------------------------- how exact

def _rounds(node: Node) -> bool:
    """Whether the operator computes floating numbers, and does not just choose or move them."""
    operator, family = node.operator, node.operator.family
    if not isinstance(node.type, TensorType) or node.type.dtype.kind != "f":
        return False
    if family.broadcasts:
        narrower = any(x.type.dtype.itemsize > node.type.dtype.itemsize or x.type.dtype.kind in "iu" for x in node.inputs)
        return narrower or _ARITHMETIC.search(operator.expr) is not None
    if family.reduces:
        return operator.combine.rounds
    return operator.name in {*SUMS, *ROUGH, *NESTS} or family in ADDS or family.multiplies or family.scatters or family.calls


def _disturbed_inputs(node: Node, inputs: list[Any], noise: Noise) -> list[Any]:
    """A sum's error grows with its terms; an expression of several steps may cancel within."""
    if not _rounds(node):
        return inputs
    family = node.operator.family
    if family.broadcasts:
        return inputs if _JUMPS.search(node.operator.expr) else [disturbed(x, 1, noise) for x in inputs]
    if family.calls:
        return inputs
    whole = family.reduces or family in (FAMILIES["lowered"], *ADDS)
    terms = np.size(inputs[0]) if whole else max(1, *(max(np.shape(x), default=1) for x in inputs))
    return [disturbed(x, 2 + np.sqrt(terms), noise) for x in inputs]


def disturbed(x: Any, ulps: float, noise: Noise) -> Any:
    """Each floating element off by `ulps` units in the last place, up or down; zeros stay."""
    x = np.asarray(x)
    if x.dtype.kind != "f":
        return x
    sign = noise(x.shape)
    with np.errstate(all="ignore"):
        step = np.where(np.isfinite(x) & (x != 0), np.spacing(np.where(np.isfinite(x), x, 0)), 0)
        return (x + (sign * ulps).astype(x.dtype) * step).astype(x.dtype)


class Wanted(NamedTuple):
    """A result, the tolerance of each element, and which elements are settled at all: others depend on a rounding."""

    value: Array
    tolerance: Array
    settled: Array


def settle(value: Any, others: Sequence[Any]) -> Wanted | None:
    """What a compiled result is held against, from the result and its disturbed versions; None: not even its shape is settled."""
    value, *others = map(_parts, (value, *others))
    if any(o.shape != value.shape or o.dtype != value.dtype for o in others):
        return None
    if value.dtype.kind != "f":
        same = np.all([o == value for o in others], axis=0) if others else np.ones(value.shape, bool)
        return Wanted(value, np.zeros(value.shape), np.asarray(same))
    finite = np.isfinite(value)
    with np.errstate(all="ignore"):
        wide = [o.astype(np.float64) for o in others]
        spread = np.max([np.abs(o - value) for o in wide], axis=0) if others else np.zeros(value.shape)
        tolerance = MARGIN * spread + ULPS * np.spacing(np.where(finite, np.abs(value), 0)).astype(np.float64)
    alike = np.all([np.where(finite, np.isfinite(o), _same(o, value)) for o in others], axis=0) if others else np.ones(value.shape, bool)
    return Wanted(value, np.where(finite, tolerance, 0.0), np.asarray(alike))


def _parts(x: Any) -> Array:
    """A complex number as two numbers, along an axis at the end."""
    x = np.asarray(x)
    return np.stack([x.real, x.imag], -1) if x.dtype.kind == "c" else x


def _same(x: Array, y: Array) -> Array:
    return (x == y) | (np.isnan(x) & np.isnan(y))


def difference(found: Any, wanted: Wanted) -> str:
    """How a result differs from what is wanted, in words; "" if it does not."""
    found = _parts(found)
    value = wanted.value
    if found.dtype != value.dtype or found.shape != value.shape:
        return f"{found.dtype}{list(found.shape)} for {value.dtype}{list(value.shape)}"
    if value.dtype.kind == "f":
        with np.errstate(all="ignore"):
            near = np.abs(found.astype(np.float64) - value) <= wanted.tolerance
        right = np.where(np.isfinite(value) & np.isfinite(found), near, _same(found, value))
    else:
        right = found == value
    wrong = np.argwhere(~(right | ~wanted.settled))
    return _first(found, value, wrong, wanted.tolerance) if len(wrong) else ""


def unequal(found: Any, wanted: Any) -> str:
    """How two results differ in any bit (the kind of nan apart), in words; "" if they do not."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    if found.dtype != wanted.dtype or found.shape != wanted.shape:
        return f"{found.dtype}{list(found.shape)} for {wanted.dtype}{list(wanted.shape)}"
    found, wanted = _parts(found), _parts(wanted)
    right = _same(found, wanted) & ((np.signbit(found) == np.signbit(wanted)) | np.isnan(found)) if found.dtype.kind == "f" else found == wanted
    wrong = np.argwhere(~np.asarray(right))
    return _first(found, wanted, wrong, None) if len(wrong) else ""


def _first(found: Array, wanted: Array, wrong: Array, tolerance: Array | None) -> str:
    at = tuple(wrong[0].tolist())
    within = f" +- {tolerance[at]:.2g}" if tolerance is not None and found.dtype.kind == "f" else ""
    return f"{len(wrong)} of {found.size} elements differ, at {list(at)}: {found[at]!r} for {wanted[at]!r}{within}"
