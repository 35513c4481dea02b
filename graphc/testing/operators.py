"""An operator's types and values against its own declaration: its numpy reference, special values, precision, run, compiled or saved."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import numeric
from ..errors import DTypeError, ShapeError
from ..ir import types
from ..ir.graph import Graph
from ..ir.node import Node
from ..ir.operator import Operator
from ..ir.types import Array, compatible, content
from ..runtime.session import ConfigProto, Session
from .samples import Built, Sample, accepts, build, differentiable, has_floats, reference, samples, say, some_samples, special_sample, type_of

FLOATS = tuple(d.name for d in reversed(types.FLOATS))          # the exact one first
INTEGERS = ("int8", "int64", "uint8")   # the narrowest, the widest and the unsigned; the others lie between them
EXACT = ConfigProto(flush_denormals=False)       # references are called by themselves, and keep subnormal numbers


def check_types(operator: Operator) -> None:
    """The inferred types are those of the reference's results, and consistent with them where sizes are unknown.

    AssertionError: which sample fails, and how.
    """
    for dtype in _value_dtypes(operator):
        for sample in samples(operator, dtype):
            wanted = reference(operator, sample)
            for shapes in ("static", "open", "none"):
                with Graph().as_default():
                    try:
                        found = [n.type for n in build(operator, sample, shapes).results]
                    except ShapeError as e:
                        if shapes == "static" or "known" not in str(e):
                            raise AssertionError(f"{say(operator, sample)}: {e}") from e
                        continue
                for t, y in zip(found, wanted, strict=True):
                    right = compatible(t.shape, y.shape) and t.dtype == y.dtype
                    if not right:
                        raise AssertionError(f"{say(operator, sample)}, shapes {shapes}: {t}, the reference gives {type_of(y)}")


def _value_dtypes(operator: Operator) -> list[str]:
    if not operator.family.broadcasts or operator.samples:
        return list(FLOATS)
    return [d for d in (*FLOATS, *INTEGERS, "bool") if accepts(operator, d)]


def _trials(operator: Operator) -> list[Sample]:
    """All samples in double precision, and a few in another dtype; `check_specials` has all dtypes."""
    if operator.samples:
        return [*samples(operator), *(samples(operator, "float32")[:2] if _floating(operator) else ())]
    first, *others = [d for d in (*FLOATS, "int32", "bool") if accepts(operator, d)]
    return [*samples(operator, first), *(s for d in others[:1] for s in samples(operator, d)[2:3])]


def _floating(operator: Operator) -> bool:
    return any(has_floats(s.operands) for s in samples(operator))


def check_interpreted(operator: Operator) -> None:
    """`check_values` by the numpy references instead of machine code; AssertionError."""
    check_values(operator, jit=False)


def check_values(operator: Operator, jit: bool = True) -> None:
    """What a session computes agrees with the reference, for known and unknown shapes alike.

    AssertionError: which sample fails, and how.
    """
    trials = _trials(operator)
    with Graph().as_default():
        built, feeds = _open(operator, trials)
        with Session(jit=jit, config=EXACT) as session:
            found = session.run([b.results for b in built], feeds)
    for sample, values in zip(trials, found, strict=True):
        for value, wanted in zip(values, reference(operator, sample), strict=True):
            _same(operator, sample, value, wanted)


def _open(operator: Operator, trials: Sequence[Sample]) -> tuple[list[Built], dict[Node, Array]]:
    """All trials in one graph, every other one with sizes unknown until it runs."""
    built, feeds = [], {}
    for sample, shapes in zip(trials, itertools.cycle(["static", "open"])):  # noqa: B905
        try:
            b = build(operator, sample, shapes)
        except ShapeError:
            b = build(operator, sample)
        built.append(b)
        feeds.update(b.feeds(sample.operands))
    return built, feeds


def _same(operator: Operator, sample: Sample, value: Any, wanted: Array, signs: bool = False) -> None:
    value = np.asarray(value)
    said = say(operator, sample)
    if value.dtype != wanted.dtype or value.shape != wanted.shape:
        raise AssertionError(f"{said}: {type_of(value)}, the reference gives {type_of(wanted)}")
    if not types.differentiable(wanted.dtype):
        np.testing.assert_array_equal(value, wanted, said)
        return
    finite = np.abs(wanted[np.isfinite(wanted)])
    eps = float(np.finfo(wanted.dtype).eps)
    # 16 units in the last place for an element by itself; what adds up many is judged by the size of the whole.
    alone = operator.family.exact
    atol = 0.0 if alone or not finite.size else 32 * eps * float(finite.max())
    if alone:
        atol = float(np.finfo(wanted.dtype).tiny)
    np.testing.assert_allclose(value, wanted, rtol=16 * eps, atol=atol, equal_nan=True, err_msg=said)
    if signs:
        zero = (value == 0) & (wanted == 0)
        np.testing.assert_array_equal(np.signbit(value[zero]), np.signbit(wanted[zero]), f"{said}: signs of zero")


def check_specials(operator: Operator, jit: bool = True) -> None:
    """Elementwise operators agree with their references on special values of every dtype, in every combination; in either order, if they say so.

    AssertionError: which sample fails, and how.
    """
    if not operator.family.broadcasts or operator.samples or operator.check:
        return
    trials = [s for d in _value_dtypes(operator) if _defined(operator, s := special_sample(operator, d))]
    with Graph().as_default():
        built = [build(operator, s) for s in trials]
        feeds = {n: x for b, s in zip(built, trials, strict=True) for n, x in b.feeds(s.operands).items()}
        with Session(jit=jit, config=EXACT) as session:
            found = session.run([b.results for b in built], feeds)
    for sample, values in zip(trials, found, strict=True):
        wanted = reference(operator, sample)[0]
        _same(operator, sample, values[0], wanted, signs=len(sample.operands) == 1)
        if operator.commutative:
            exchanged = Sample(sample.operands[::-1], sample.attrs)
            _same(operator, exchanged, reference(operator, exchanged)[0], wanted)


def _defined(operator: Operator, sample: Sample) -> bool:
    """Whether the reference has a result at all: numpy refuses some integers, as negative powers."""
    try:
        reference(operator, sample)
    except ValueError:
        return False
    return True


def check_precision(operator: Operator) -> None:
    """Single and double precision agree to single precision, so that no float32 kernel computes something else.

    AssertionError: which sample fails, and how.
    """
    for narrow in samples(operator, "float32"):
        wide = Sample(tuple(x.astype(np.float64) if x.dtype.kind == "f" else x for x in narrow.operands), narrow.attrs)
        with Graph().as_default():
            one, two = build(operator, narrow), build(operator, wide)
            with Session(jit=False) as session:
                feeds = {**one.feeds(narrow.operands), **two.feeds(wide.operands)}
                found = session.run([one.results, two.results], feeds)
        for a, b in zip(*found, strict=True):
            if types.differentiable(np.asarray(b).dtype):
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * scale(b), equal_nan=True, err_msg=say(operator, narrow))
            else:
                np.testing.assert_array_equal(a, b, say(operator, narrow))


def check_saved(operator: Operator) -> None:
    """A graph of the operator's samples, saved as JSON text and read again, is the same graph and gives the same bits; AssertionError."""
    with Graph().as_default() as graph, np.errstate(all="ignore"):
        trials = some_samples(operator)
        built = [build(operator, s) for s in trials]
        text = graph.to_json()
        again = Graph.from_json(text)
        if again.to_json() != text:
            raise AssertionError(f"{operator.name}: a graph that was read is saved as another text")
        twin = dict(zip(graph.nodes, again.nodes, strict=True))
        for old, new in twin.items():
            same = (new.label, new.operator, new.type, new.loc, new.inputs) == (
                old.label, old.operator, old.type, old.loc, tuple(twin[x] for x in old.inputs))
            if not same:
                raise AssertionError(f"{operator.name}: {old} comes back as {new}")
        feeds = {n: x for b, s in zip(built, trials, strict=True) for n, x in b.feeds(s.operands).items()}
        fetches = [r for b in built for r in b.results]
        wanted = Session(graph=graph, jit=False).run(fetches, feeds)
        found = Session(graph=again, jit=False).run([twin[f] for f in fetches], {twin[n]: x for n, x in feeds.items()})
    for a, b in zip(map(np.asarray, wanted), map(np.asarray, found), strict=True):
        if (a.dtype, a.shape, content(a)) != (b.dtype, b.shape, content(b)):
            raise AssertionError(f"{operator.name}: {b} after a round trip, {a} before")


def check_complex_steps(operator: Operator) -> None:
    """The reference takes complex steps rightly, as extrapolated differences have it, or refuses them; AssertionError."""
    complex_steps(operator)


def complex_steps(operator: Operator) -> tuple[int, bool]:
    """How many slopes `check_complex_steps` compares, at the first two samples of a few elements, and whether the reference refuses some."""
    compared, refused = 0, False
    if operator.grad is None or not differentiable(operator):
        return compared, refused
    for sample in [s for s in samples(operator) if all(0 < x.size <= 12 for x in s.operands if x.dtype.kind == "f")][:2]:
        with Graph().as_default(), Session(jit=False):
            built = build(operator, sample)
            feeds = built.feeds(sample.operands)
            double = np.dtype(np.float64)
            for y, x in [(y, x) for y in built.results for x in feeds if y.type.dtype == x.type.dtype == double]:
                try:
                    found = numeric.jacobian(y, x, "complex", feed_dict=feeds)
                except DTypeError as e:
                    refused |= "(...) is not analytic in numpy" in str(e)
                    continue
                wanted = numeric.jacobian(y, x, "richardson", feed_dict=feeds, with_error=True)
                known = np.isfinite(wanted.value) & (wanted.error < 1e-8)
                np.testing.assert_allclose(found[known], wanted.value[known], rtol=1e-8, atol=1e-8, err_msg=
                                           f"{say(operator, sample)}: by complex steps; declare analytic=False if the reference cannot take them")
                compared += int(known.sum())
    return compared, refused


def scale(x: Any) -> float:
    """The largest finite magnitude, at least 1."""
    return max(1.0, float(np.max(np.abs(x), initial=0.0, where=np.isfinite(x))))
