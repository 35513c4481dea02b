"""An operator's declaration held against its reference on complex numbers: types, values, special ones, and derivatives of two orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..autodiff.gradients import gradients
from ..autodiff.products import jvp
from ..ir.graph import Graph
from ..ir.node import Node
from ..ir.operator import Operator
from ..ir.types import Array, compatible, differentiable
from ..ops.math_complex import real
from ..ops.math_sums import total
from ..ops.reduce import reduce_sum
from ..ops.sources import placeholder
from ..runtime.session import Session
from .operators import EXACT
from .samples import Sample, build, reference, samples, say, type_of

STEP = 1e-6                 # of differences in double precision: their error is of the order of its square, and of eps / STEP
SLOPES = 1e-7               # what they may differ by, of the largest of them and of the numbers they are differences of
_PARTS = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-30, 1e4, -1e18)


def check_complex_numbers(operator: Operator) -> None:
    """What an operator that takes or gives complex numbers makes of them: its types, interpreted and compiled values, gradients and tangents.

    Gradients are held against differences of the reference along random directions, those of gradients against differences of gradients.
    AssertionError: which sample fails, and how. What neither takes nor gives complex numbers passes.
    """
    for dtype in (np.complex128, np.complex64):
        trials = [*complex_samples(operator, np.dtype(dtype))]
        specials = _specials(operator, np.dtype(dtype), trials)
        all_of_them, few = [*trials, *specials], [*trials[:2], *specials]
        # A few in the other dtype, as of real numbers, which go through all shapes that an elementwise kernel may have.
        _check_values(operator, few if dtype is np.complex64 else all_of_them, jit=False)
        _check_values(operator, few if dtype is np.complex64 or operator.family.broadcasts else all_of_them, jit=True)
        if dtype is np.complex128:
            for sample in trials:
                _check_slopes(operator, sample)


def complex_samples(operator: Operator, dtype: np.dtype[Any]) -> Iterator[Sample]:
    """The operator's samples, floats as complex numbers if it takes those; without the ones in which there are none then."""
    rng = np.random.default_rng(7)
    part = np.zeros((), dtype).real.dtype
    found = samples(operator, part.name)
    for sample in found if "c" not in operator.refused else []:
        fixed = [k for k, p in enumerate(operator.param_names(len(sample.operands))) if p in operator.fixed]
        wide = [_complex(rng, x, dtype) if differentiable(x.dtype) and k not in (*operator.by_value, *fixed) else x
                for k, x in enumerate(sample.operands)]
        if any(x.dtype.kind == "c" for x in wide):
            yield Sample(tuple(wide), sample.attrs)
    if "c" in operator.refused:
        yield from (s for s in found if any(y.dtype.kind == "c" for y in reference(operator, s)))


def _complex(rng: np.random.Generator, x: Array, dtype: np.dtype[Any]) -> Array:
    """An array with imaginary parts of the size of its numbers; one that is complex in the dtype alone."""
    return np.asarray(x if x.dtype.kind == "c" else x + 0.7j * rng.normal(size=x.shape)).astype(dtype)


def _specials(operator: Operator, dtype: np.dtype[Any], trials: Sequence[Sample]) -> list[Sample]:
    """For an elementwise operator, every pair of special parts, beside a number that is none."""
    if not operator.family.broadcasts or operator.samples or not trials:
        return []
    parts = np.array(_PARTS)
    with np.errstate(all="ignore"):
        values = (parts[:, None] + 0j).repeat(len(parts), 1)
        values.imag = parts
        first = values.reshape(-1).astype(dtype)
    others = [np.asarray(0.75 - 1.25j, dtype) if x.dtype.kind == "c" else x for x in trials[0].operands]
    return [Sample(tuple(first if k == i else x for k, x in enumerate(others)), {}) for i, x in enumerate(others) if x.dtype.kind == "c"]


def _check_values(operator: Operator, trials: Sequence[Sample], jit: bool) -> None:
    wanted = [y for sample in trials for y in reference(operator, sample)]
    said = [say(operator, sample) for sample in trials for _ in reference(operator, sample)]
    with Graph().as_default():
        built = [build(operator, sample) for sample in trials]
        feeds = {n: x for b, sample in zip(built, trials, strict=True) for n, x in b.feeds(sample.operands).items()}
        results = [r for b in built for r in b.results]
        for node, y, what in zip(results, wanted, said, strict=True):
            if node.type.dtype != y.dtype or not compatible(node.type.shape, y.shape):
                raise AssertionError(f"{what}: {node.type}, the reference gives {type_of(y)}")
        with Session(jit=jit, config=EXACT) as session:
            for value, y, what in zip(session.run(results, feeds), wanted, said, strict=True):
                _same(f"{what}, {'compiled' if jit else 'interpreted'}", np.asarray(value), y, operator.family.exact)


def _same(said: str, value: Array, wanted: Array, alone: bool) -> None:
    """AssertionError unless numbers are as near as their moduli, or the largest of what adds up, allow; and finite where they should be."""
    if value.dtype != wanted.dtype or value.shape != wanted.shape:
        raise AssertionError(f"{said}: {type_of(value)}, the reference gives {type_of(wanted)}")
    if not differentiable(wanted.dtype):
        np.testing.assert_array_equal(value, wanted, said)
        return
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(np.isfinite(value), finite, f"{said}: finite")
    info = np.finfo(wanted.dtype)
    size = np.abs(wanted[finite])
    most = size if alone else np.max(size, initial=0.0)
    wrong = np.abs(value[finite] - wanted[finite]) > 64 * float(info.eps) * most + float(info.tiny)
    if wrong.any():
        k = int(np.argmax(wrong))
        raise AssertionError(f"{said}: {value[finite][k]}, the reference gives {wanted[finite][k]}")


# ---------------------------------------------------------------------- derivatives

def _check_slopes(operator: Operator, sample: Sample) -> None:
    """Gradients and tangents against differences of the reference; gradients of gradients against differences of these."""
    ys = [i for i, y in enumerate(reference(operator, sample)) if y.dtype in (np.float64, np.complex128)]
    xs = [k for k, x in enumerate(sample.operands) if differentiable(x.dtype) and k not in operator.by_value and x.size]
    if operator.grad is None or not ys or not xs:
        return
    rng = np.random.default_rng(5)
    seeds = [_drawn(rng, y) for y in reference(operator, sample)]
    along = [_drawn(rng, sample.operands[k]) for k in xs]
    with Graph().as_default(), Session(jit=False) as session:
        built = build(operator, sample)
        feeds = built.feeds(sample.operands)
        fed: list[Node] = [n for k in xs if (n := built.fed[k]) is not None]
        results = [built.results[i] for i in ys]
        weights = [placeholder(y.dtype, y.shape) for y in (seeds[i] for i in ys)]
        feeds |= dict(zip(weights, (seeds[i] for i in ys), strict=True))
        slopes = gradients(results, fed, grad_ys=weights, unconnected_gradients="zero")
        moved = jvp(results, fed, along, unconnected_gradients="zero")

        def at(f: Callable[[dict[Node, Array]], list[Array]], h: float) -> list[Array]:
            return f(feeds | {n: sample.operands[k] + h * t for n, k, t in zip(fed, xs, along, strict=True)})

        def by_reference(given: dict[Node, Array]) -> list[Array]:
            operands = tuple(given.get(n, x) if n is not None else x for n, x in zip(built.fed, sample.operands, strict=True))
            found = reference(operator, Sample(operands, sample.attrs))
            return [found[i] for i in ys]

        def difference(f: Callable[[dict[Node, Array]], list[Array]]) -> list[Array]:
            return [(a - b) / (2 * STEP) for a, b in zip(at(f, STEP), at(f, -STEP), strict=True)]

        found, tangents = session.run([slopes, moved], feeds)
        wanted = difference(by_reference)
        said = say(operator, sample)
        for t, w in zip(tangents, wanted, strict=True):
            _close(f"{said}: its tangents", np.asarray(t), w)
        _close(f"{said}: its gradients", _pairing(found, along), _pairing([seeds[i] for i in ys], wanted))
        turned = total([reduce_sum(real(s * np.conj(_drawn(rng, v)))) for s, v in zip([*slopes, slopes[0]], [*found, found[0]], strict=True)])
        second = gradients(turned, fed, unconnected_gradients="zero")
        # The same numbers again: what is differentiated is a sum of parts of the gradients.
        change = difference(lambda given: [np.asarray(session.run(turned, given))])
        _close(f"{said}: gradients of its gradients", _pairing(session.run(second, feeds), along), change[0])


def _drawn(rng: np.random.Generator, like: Array) -> Array:
    """Random numbers of a value's shape and dtype."""
    found = rng.normal(size=like.shape)
    return np.asarray(found + 1j * rng.normal(size=like.shape) if like.dtype.kind == "c" else found).astype(like.dtype)


def _pairing(gs: Sequence[Any], ts: Sequence[Array]) -> Array:
    """How much a sum changes along `ts` whose gradients, as TensorFlow has them, are `gs`."""
    return np.asarray(sum(np.sum(np.real(np.conj(g) * t)) for g, t in zip(gs, ts, strict=True)))


def _close(said: str, found: Array, wanted: Array) -> None:
    scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    if found.shape != wanted.shape or not np.all(np.abs(found - wanted) <= SLOPES * scale):
        raise AssertionError(f"{said}: {found!r:.200}, by differences {wanted!r:.200}")
