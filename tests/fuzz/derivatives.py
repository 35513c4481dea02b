"""Gradients against differences of the graph evaluated in numpy, in double precision and along random directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import graphc as tf
from graphc.errors import GraphcError
from graphc.graph import Node

from .direct import Array, Evaluation, NotEvaluated, closure
from .recipe import Apply, Assign, Leaf, Recipe, build

# Operators whose gradient is something else than the derivative, on purpose.
DEFINED = {"stop_gradient"}
TOLERANCE = 1e-5
STEPS = (1e-3, 1e-4)
LARGEST = 1e6           # beyond, differences of doubles say little


def check_gradients(recipe: Recipe, finding: Callable[[str, str], Exception]) -> None:
    """Raise `finding` if a gradient of the weighted sum of all floating fetches is not what differences say."""
    if any(isinstance(s, Assign) or (isinstance(s, Apply) and s.operator in DEFINED) for s in recipe.steps):
        return
    try:
        built = build(widened(recipe))
    except GraphcError:
        return
    rng = np.random.default_rng(recipe.seed)
    leaves = {built.leaf(i): s.array().astype(np.float64) for i, s in enumerate(widened(recipe).steps)
              if isinstance(s, Leaf) and s.dtype == "float64" and s.array().size}
    ys = [f for f in dict.fromkeys(built.fetches) if f.type is not None and f.type.dtype == np.float64 and f not in leaves]
    if not ys or not leaves:
        return
    given: dict[Node, Array] = {**{v: v.initial_value.attrs["value"] for v in built.variables}, **built.feeds, **leaves}  # type: ignore[attr-defined]
    try:
        start = values(ys, given)
    except NotEvaluated:
        return
    weights = [np.asarray(rng.uniform(0.5, 1.5, y.shape)) for y in start]
    with built.graph.as_default():
        try:
            gradients = tf.gradients(ys, list(leaves), grad_ys=[tf.constant(w) for w in weights], unconnected_gradients="zero")
        except GraphcError:
            return
    slopes = values([g for g in gradients if g is not None], given)

    def total(moved: dict[Node, Array]) -> float:
        with np.errstate(all="ignore"):
            return float(sum(np.sum(w * y) for w, y in zip(weights, values(ys, {**given, **moved}), strict=True)))
    for (x, value), slope in zip(leaves.items(), slopes, strict=True):
        direction = rng.uniform(0.2, 1.0, value.shape) * rng.choice([-1, 1], value.shape)
        with np.errstate(all="ignore"):
            analytic = float(np.sum(slope * direction))
        estimates = [difference_quotient(total, x, value, direction, h) for h in STEPS]
        if None in estimates or not np.isfinite(analytic):
            continue
        scale = max(1.0, abs(analytic), *(abs(e) for e in estimates if e is not None))
        if all(abs(analytic - e) > TOLERANCE * scale for e in estimates if e is not None):
            raise finding("gradients", f"of {x!r} along a direction: {analytic!r}, differences say {estimates[0]!r} and {estimates[1]!r}")


def values(fetches: Sequence[Node], given: dict[Node, Array]) -> list[Array]:
    work = Evaluation(given)
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
