"""Gradients against differences, and forward mode against reverse mode: in numpy, in double precision, along random directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import graphc as tf
from graphc.errors import GradientError, GraphcError, ShapeError
from graphc.ir.node import Node
from graphc.ir.types import TensorType

from .direct import DISTURBANCES, MARGIN, Array, Evaluation, Noise, NotEvaluated, closure, disturbance
from .loops import Repeat
from .recipe import Apply, Assign, Leaf, Recipe, Step, build

# Operators whose gradient is something else than the derivative, on purpose: by one operand it is none, as in TensorFlow.
DEFINED = {"stop_gradient", "gamma_slope", "beta_part", "zeta_sum"}
TOLERANCE = 1e-5
SAME = 1e-12
STEPS = (1e-3, 1e-4)
LARGEST = 1e6           # beyond, differences of doubles say little
STEADY = 1e4            # beyond, a step is off by its own rounding


def check_derivatives(recipe: Recipe, finding: Callable[[str, str], Exception]) -> None:
    """Raise `finding` if derivatives of the floating fetches by the leaves, in double precision, are not what they should be."""
    if any(isinstance(s, Assign) for s in recipe.steps):
        return
    try:
        built = build(widened(recipe))
    except GraphcError:
        return
    leaves = {built.leaf(i): s.array() for i, s in enumerate(widened(recipe).steps)
              if isinstance(s, Leaf) and s.dtype == "float64" and s.array().size}
    ys = [f for f in dict.fromkeys(built.fetches) if f.type is not None and f.type.dtype == np.float64 and f not in leaves]
    given: dict[Node, Array] = {**{v: v.initial_value.attrs["value"] for v in built.variables}, **built.feeds, **leaves}  # type: ignore[attr-defined]
    try:
        start = values(ys, given)
    except NotEvaluated:
        return
    if not ys or not leaves:
        return
    rng = np.random.default_rng(recipe.seed)
    weights = [np.asarray(rng.uniform(0.5, 1.5, y.shape)) for y in start]
    tangents = [rng.uniform(0.2, 1.0, x.shape) * rng.choice([-1, 1], x.shape) for x in leaves.values()]
    with built.graph.as_default():
        try:
            slopes = tf.gradients(ys, list(leaves), grad_ys=[tf.constant(w) for w in weights], unconnected_gradients="zero")
            backward = tf.vjp(ys, list(leaves), weights, unconnected_gradients="zero")
            forward = tf.jvp(ys, list(leaves), tangents, unconnected_gradients="zero")
        except GradientError:               # an operator on the way has no gradient
            return
        except ShapeError:
            if any(isinstance(n.type, TensorType) and n.type.shape is None for n in built.graph.nodes):
                return                      # some derivatives need the rank
            raise
    try:
        _against_each_other([w.reshape(-1) for w in weights], forward, [t.reshape(-1) for t in tangents], backward, given, finding)
    except NotEvaluated:                    # the inverse of a singular matrix
        return
    if not any(_defined(s) for s in recipe.steps):
        said = _against_differences(ys, weights, leaves, given, tangents, slopes)
        # Where operands tie, as at equal bounds of a clip, the gradient is a convention; near by it is the derivative. What cancels
        # out of a sum after having swallowed the steps is not there.
        near = {x: np.where(np.abs(value) <= STEADY, value + rng.uniform(0.01, 0.05, value.shape), 1.0) for x, value in leaves.items()}
        if said and _against_differences(ys, weights, near, {**given, **near}, tangents, slopes):
            raise finding("gradients", said)


def _defined(step: Step) -> bool:
    """Whether a step's gradient is something else than its derivative."""
    if isinstance(step, Repeat):
        return any(name in piece for name in DEFINED for piece, *_ in step.pieces)
    return isinstance(step, Apply) and step.operator in DEFINED


def _against_each_other(weights: Sequence[Array], forward: Sequence[Node], tangents: Sequence[Array], backward: Sequence[Node],
                        given: dict[Node, Array], finding: Callable[[str, str], Exception]) -> None:
    """u . (J t) in forward mode is (u J) . t in reverse mode, up to what disturbing every rounding changes."""
    def products(noise: Noise | None) -> tuple[float, float, float]:
        with np.errstate(all="ignore"):
            terms = [np.concatenate([a * np.ravel(b) for a, b in zip(along, values(nodes, given, noise), strict=True)])
                     for along, nodes in ((weights, forward), (tangents, backward))]
            return float(np.sum(terms[0])), float(np.sum(terms[1])), max(1.0, *(float(np.sum(np.abs(t))) for t in terms))
    one, other, scale = products(None)
    if not np.isfinite(scale) or abs(one - other) <= SAME * scale:
        return
    spread = max(abs(moved - right) for k in range(DISTURBANCES)
                 for moved, right in zip(products(disturbance(k))[:2], (one, other), strict=True))
    if abs(one - other) > MARGIN * spread:
        raise finding("jvp = vjp", f"u . (J t) is {one!r} in forward mode, {other!r} in reverse mode")


def _against_differences(ys: Sequence[Node], weights: Sequence[Array], leaves: dict[Node, Array], given: dict[Node, Array],
                         tangents: Sequence[Array], slopes: Sequence[Node]) -> str:
    """Which gradient is not what differences say, in words; "" if none."""
    def total(moved: dict[Node, Array]) -> float:
        with np.errstate(all="ignore"):
            return float(sum(np.sum(w * y) for w, y in zip(weights, values(ys, {**given, **moved}), strict=True)))
    try:
        found = values(slopes, given)
    except NotEvaluated:
        return ""
    for (x, value), slope, tangent in zip(leaves.items(), found, tangents, strict=True):
        direction = np.where(np.abs(value) <= STEADY, tangent, 0.0)
        with np.errstate(all="ignore"):
            analytic = float(np.sum(slope * direction))
        wide, near = (difference_quotient(total, x, value, direction, h) for h in STEPS)
        if wide is None or near is None or not np.isfinite(analytic):
            continue
        # Where the second derivative jumps, as softsign's at 0, the error of a quotient is in proportion to its step.
        limit = near + (near - wide) * STEPS[1] / (STEPS[0] - STEPS[1])
        scale = max(1.0, abs(analytic), abs(wide), abs(near))
        if all(abs(analytic - e) > TOLERANCE * scale for e in (wide, near, limit)):
            fine = difference_quotient(total, x, value, direction, STEPS[1] / 4)
            if fine is not None and abs(fine + (fine - near) / 3 - limit) > 10 * TOLERANCE * scale:
                continue                    # many small jumps, which a shorter step meets otherwise
            return f"of {x!r} along a direction: {analytic!r}, differences say {wide!r} and {near!r}"
    return ""


def values(fetches: Sequence[Node], given: dict[Node, Array], noise: Noise | None = None) -> list[Array]:
    work = Evaluation(given, noise)
    for node in closure(fetches):
        work.visit(node)
    return [np.asarray(work.known[f]) for f in fetches]


def difference_quotient(f: Callable[[dict[Node, Array]], float], x: Node, value: Array, direction: Array, h: float) -> float | None:
    """The derivative of f along a direction; None where differences tell of none: a kink, a jump, or an overflow."""
    try:
        ends = {s: f({x: value + s * direction}) for s in (h, -h, h / 2, -h / 2, 0.0)}
    except NotEvaluated:
        return None
    wide, near = ((ends[s] - ends[-s]) / (2 * s) for s in (h, h / 2))
    # At a kink the slopes on both sides stay apart by the same as the step halves; elsewhere by half.
    apart, nearer = ((ends[s] - 2 * ends[0.0] + ends[-s]) / s for s in (h, h / 2))
    largest = max(abs(e) for e in ends.values())
    if not np.isfinite(largest) or largest > LARGEST or abs(near) > LARGEST:
        return None
    scale = max(1.0, abs(near))
    noise = 1e-14 * largest / h
    if abs(wide - near) > 1e-3 * scale or abs(2 * nearer - apart) > 0.1 * TOLERANCE * scale + noise or noise > 0.1 * TOLERANCE * scale:
        return None
    return (4 * near - wide) / 3


def widened(recipe: Recipe) -> Recipe:
    """The same graph in double precision."""
    def wide(step: Any) -> Any:
        if isinstance(step, Leaf) and step.dtype == "float32":
            return replace(step, dtype="float64")
        if isinstance(step, Apply):
            attrs = {k: "float64" if v == "float32" else v for k, v in step.attrs.items()}
            return replace(step, attrs=attrs, inputs=tuple(wide(x) for x in step.inputs))
        return step
    return replace(recipe, steps=tuple(map(wide, recipe.steps)))
