"""A finding made small: fewer steps, smaller values, no unusual limits, as long as the same oracle still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from graphc.ir.node import OPERATORS
from graphc.ir.operator import Operator

from .direct import Evaluation, closure
from .recipe import Apply, Leaf, Recipe, Ref, Step, build, pruned, refs_of, renumbered

Fails = Callable[[Recipe], bool]
TRIALS = 150


def shrink(recipe: Recipe, fails: Fails, trials: int = TRIALS) -> Recipe:
    """The smallest recipe found for which `fails` holds, with at most so many trials."""
    left = trials
    changed = True
    while changed and left > 0:
        changed = False
        for candidate in candidates(recipe):
            if left <= 0:
                break
            left -= 1
            if fails(candidate):
                recipe, changed = candidate, True
                break
    return recipe


def candidates(recipe: Recipe) -> Iterator[Recipe]:
    """Simpler recipes, the boldest first."""
    for f in recipe.fetches if len(recipe.fetches) > 1 else ():
        yield pruned(replace(recipe, fetches=(f,)))
    for i in range(len(recipe.fetches)) if len(recipe.fetches) > 2 else ():
        yield pruned(replace(recipe, fetches=recipe.fetches[:i] + recipe.fetches[i + 1:]))
    if len(recipe.fetches) == 1:
        for r in refs_of(recipe.steps[recipe.fetches[0].step]):
            if not isinstance(recipe.steps[r.step], Leaf):
                yield pruned(replace(recipe, fetches=(r,)))
    if recipe.limits:
        yield replace(recipe, limits={})
    yield from _cut(recipe)
    for name in recipe.limits if len(recipe.limits) > 1 else ():
        yield replace(recipe, limits={k: v for k, v in recipe.limits.items() if k != name})
    yield from _smaller(recipe)
    for i, step in enumerate(recipe.steps):
        if isinstance(step, Leaf):
            for simpler in _simpler(step):
                yield _with(recipe, i, simpler)


def _with(recipe: Recipe, i: int, step: Step) -> Recipe:
    return replace(recipe, steps=(*recipe.steps[:i], step, *recipe.steps[i + 1:]))


def _cut(recipe: Recipe) -> Iterator[Recipe]:
    """A step's results as feeds of their values, later steps first: what led to them goes."""
    try:
        built = build(recipe)
        given = {built.leaf(i): s.array() for i, s in enumerate(recipe.steps) if isinstance(s, Leaf) and s.kind != "constant"}
        work = Evaluation(given)
        for node in closure(n for i in range(len(recipe.steps)) for n in _nodes(built.values[i])):
            work.visit(node)
    except Exception:               # nothing to evaluate where building itself is what fails
        return
    for i in reversed(range(len(recipe.steps))):
        step = recipe.steps[i]
        if not isinstance(step, Apply) or any(f.step == i for f in recipe.fetches) and len(recipe.fetches) == 1:
            continue
        values = {Ref(i, k if step.several else None): work.known[n] for k, n in enumerate(_nodes(built.values[i]))}
        if all(np.size(v) <= 4096 for v in values.values()):
            yield _replaced(recipe, i, {r: _leaf(np.asarray(v)) for r, v in values.items()})


def _nodes(made: object) -> list:                        # type: ignore[type-arg]
    return list(made) if isinstance(made, (list, tuple)) else [made]


def _leaf(value: np.ndarray) -> Leaf:                    # type: ignore[type-arg]
    return Leaf("feed", value.dtype.name, value.shape, tuple(value.reshape(-1).tolist()) or (0,))


def _replaced(recipe: Recipe, i: int, leaves: dict[Ref, Leaf]) -> Recipe:
    """Leaves in place of step i; later steps move up if there are several."""
    fresh = {ref: Ref(i + k) for k, ref in enumerate(leaves)}
    shift = len(leaves) - 1

    def moved(r: Ref) -> Ref:
        return fresh.get(r) or (Ref(r.step + shift, r.place) if r.step > i else r)
    to = {r: moved(r) for r in _all_refs(recipe)}
    steps = [renumbered(s, to) for s in recipe.steps]
    return pruned(replace(recipe, steps=(*steps[:i], *leaves.values(), *steps[i + 1:]), fetches=tuple(to[f] for f in recipe.fetches)))


def _all_refs(recipe: Recipe) -> set[Ref]:
    return {r for s in recipe.steps for r in refs_of(s)} | set(recipe.fetches)


def _smaller(recipe: Recipe) -> Iterator[Recipe]:
    """Every leaf's axes of one size at a smaller one, and in shapes that are operands too."""
    sizes = sorted({d for s in recipe.steps for d in _sizes(s) if d > 1}, reverse=True)
    for size in sizes:
        for new in sorted({1, 2, 3, size // 2, size - 1}):
            if 0 < new < size:
                yield replace(recipe, steps=tuple(_resized(s, size, new) for s in recipe.steps))


def _sizes(step: Step) -> tuple[int, ...]:
    """The sizes that are written into a step."""
    if isinstance(step, Leaf):
        return step.shape
    return tuple(d for x in _shapes(step).values() for d in x.values) if isinstance(step, Apply) else ()


def _shapes(step: Apply) -> dict[int, Leaf]:
    """The operands that are shapes written as numbers, by their places."""
    operator = OPERATORS[step.operator]
    params = operator.params if isinstance(operator, Operator) else ()
    given = enumerate(zip(step.inputs, params, strict=False))
    return {i: x for i, (x, param) in given if isinstance(x, Leaf) and x.kind == "literal" and param == "shape"}


def _resized(step: Step, size: int, new: int) -> Step:
    """The step with another size wherever the one is written."""
    def exchanged(dims: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(new if d == size else d for d in dims)
    if isinstance(step, Leaf):
        return replace(step, shape=exchanged(step.shape))
    if not isinstance(step, Apply):
        return step
    smaller = {i: replace(x, values=exchanged(x.values)) for i, x in _shapes(step).items()}
    return replace(step, inputs=tuple(smaller.get(i, x) for i, x in enumerate(step.inputs)))


def _simpler(leaf: Leaf) -> Iterator[Leaf]:
    """Fewer, rounder values; a feed or constant instead of a variable; no unknown sizes."""
    if leaf.open:
        yield replace(leaf, open=())
    if leaf.kind in ("variable", "constant"):
        yield replace(leaf, kind="feed")
    count = int(np.prod(leaf.shape, dtype=np.int64))
    if len(leaf.values) > max(count, 1):
        yield replace(leaf, values=leaf.values[:max(count, 1)])
    if len(leaf.values) > 1:
        yield replace(leaf, values=leaf.values[:1])
        yield replace(leaf, values=leaf.values[:len(leaf.values) // 2])
        yield replace(leaf, values=leaf.values[len(leaf.values) // 2:])
    round_values = tuple(round(v) if isinstance(v, float) and np.isfinite(v) and abs(v) < 1e6 else v for v in leaf.values)
    if round_values != leaf.values:
        yield replace(leaf, values=tuple(float(v) for v in round_values))
