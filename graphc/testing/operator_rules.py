"""An operator's rules carried further: Jacobians in both modes, products with Hessians, dtypes side by side, and one more leading axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from ..autodiff.batching import transcribe
from ..autodiff.gradients import gradients
from ..autodiff.products import hvp, jacobian
from ..errors import DTypeError, ShapeError
from ..ir.graph import Graph, Scratch
from ..ir.node import Node
from ..ir.operator import Operator
from ..ir.types import Array
from ..ir.types import differentiable as differentiable_dtype
from ..ops.array import concat, reshape, shape
from ..ops.math import cast, sin
from ..ops.reduce import reduce_sum
from ..ops.sources import placeholder
from ..runtime.session import Session
from .samples import Sample, build, differentiable, reference, samples, say, some_samples

# ---------------------------------------------------------------------- derivatives

TOLERANCE = 1e-11           # of the largest element, for the same sums in another order


class _Trial(NamedTuple):
    """A floating result of a sample as graph, what it is differentiated by, and a session to evaluate it in."""

    said: str
    y: Node
    xs: list[Node]
    feeds: dict[Node, Array]
    session: Session

    def close(self, found: Any, wanted: Array) -> None:
        if np.shape(found) != np.shape(wanted):
            raise AssertionError(f"{self.said}: shape {np.shape(found)}, not {np.shape(wanted)}")
        atol = TOLERANCE * max(1.0, float(np.max(np.abs(wanted), initial=0)))
        np.testing.assert_allclose(found, wanted, rtol=0, atol=atol, err_msg=self.said)

    def stacked(self) -> list[Array]:
        """The Jacobians of y by all xs, a run of `gradients` a row."""
        value = self.session.run(self.y, self.feeds)
        u = placeholder(self.y.dtype, value.shape)
        rows = gradients(self.y, self.xs, grad_ys=u, unconnected_gradients="zero")
        runs = [self.session.run(rows, {**self.feeds, u: unit.reshape(value.shape)}) for unit in np.eye(value.size, dtype=value.dtype)]
        return [np.reshape([run[i] for run in runs], value.shape + self.feeds[x].shape) for i, x in enumerate(self.xs)]


def _trials(operator: Operator, shapes: str = "static") -> Iterator[_Trial]:
    """Each floating result of each sample, if there is something to differentiate it by; none if its sizes must be known."""
    if operator.grad is None or not differentiable(operator):
        return
    for sample in samples(operator):
        with Graph().as_default(), Session(jit=False) as session:
            try:
                built = build(operator, sample, shapes)
            except ShapeError:
                if shapes == "static":
                    raise
                continue
            feeds = built.feeds(sample.operands)
            xs = [x for i, x in enumerate(built.fed) if x is not None and x.type.dtype.kind == "f" and i not in operator.once]
            for y in [r for r in built.results if r.type.dtype.kind == "f"] if xs else []:
                yield _Trial(f"{say(operator, sample)}, sizes {shapes}", y, xs, feeds, session)


def check_jacobians(operator: Operator) -> None:
    """Jacobians by rows (reverse mode) and by columns (forward mode) are the gradients of one element after another; AssertionError."""
    for t in _trials(operator):
        wanted = t.stacked()
        m, n = np.size(t.session.run(t.y, t.feeds)), sum(t.feeds[x].size for x in t.xs)
        # Of fewer elements than it is by it goes by rows, of more by columns.
        flat, few, times = reshape(t.y, [-1]), max(n - 1, 0), n // max(m, 1) + 1
        by_rows = jacobian(flat[:few], t.xs, unconnected_gradients="zero")
        by_columns = jacobian(concat([flat] * times, 0), t.xs, unconnected_gradients="zero")
        for x, w, row, column in zip(t.xs, wanted, *t.session.run([by_rows, by_columns], t.feeds), strict=True):
            rows = w.reshape(m, *t.feeds[x].shape)
            t.close(row, rows[:few])
            t.close(column, np.concatenate([rows] * times))


def check_hessian_products(operator: Operator) -> None:
    """Products with Hessians, forward over reverse mode, are those of reverse over reverse mode; AssertionError."""
    for t in _trials(operator):
        total = reduce_sum(sin(cast(t.y, np.float64)))
        along = [np.asarray(np.random.default_rng(4).normal(size=t.feeds[x].shape), t.feeds[x].dtype) for x in t.xs]
        slopes = gradients(total, t.xs, unconnected_gradients="zero")
        wanted = gradients(slopes, t.xs, grad_ys=along, unconnected_gradients="zero")
        forward = hvp(total, t.xs, along, unconnected_gradients="zero")
        for found, w in zip(*t.session.run([forward, wanted], t.feeds), strict=True):
            t.close(found, w)


def check_open_jacobians(operator: Operator) -> None:
    """Jacobians of a graph that knows the ranks but no sizes, where the operator and its gradient can do with that; AssertionError."""
    has_open_jacobians(operator)


def has_open_jacobians(operator: Operator) -> bool:
    """Whether the ranks of the operands are enough for an operator's Jacobians; `check_open_jacobians` where they are; AssertionError."""
    complete = True
    for t in _trials(operator, "open"):
        try:
            made = jacobian(t.y, t.xs, unconnected_gradients="zero")
        except ShapeError as e:
            if "must be known" not in str(e):
                raise AssertionError(f"{t.said}: {e}") from e
            complete = False
            continue
        for j, w in zip(t.session.run(made, t.feeds), t.stacked(), strict=True):
            t.close(j, w)
    return complete


def check_gradients_beside_integers(operator: Operator) -> None:
    """An elementwise operator's derivative by one operand has its precision when the others are small integers or booleans; AssertionError."""
    if not operator.family.broadcasts or len(operator.params) < 2 or operator.grad is None or not differentiable(operator):
        return
    for dtype in ("int8", "bool"):
        for i in range(len(operator.params)):
            with Graph().as_default(), Session() as session:
                operands = [placeholder(np.float64 if k == i else dtype, [2]) for k in range(len(operator.params))]
                try:
                    y = operator(*operands, **operator.attrs)
                except DTypeError:                                    # takes no such operands
                    continue
                _beside(operator, y, operands, i, session)


def _beside(operator: Operator, y: Node, operands: Sequence[Node], i: int, session: Session) -> None:
    (slope,) = gradients(y, operands[i], unconnected_gradients="zero")
    feeds = {x: np.array([100, 3]) for x in operands}
    x = np.array([1.5, 0.7])
    above, below = (session.run(y, {**feeds, operands[i]: x + step}) for step in (1e-5, -1e-5))
    found = session.run(slope, {**feeds, operands[i]: x})
    np.testing.assert_allclose(found, (above - below) / 2e-5, rtol=1e-6, atol=1e-8,
                               err_msg=f"{operator.name} by {operator.params[i]}, the others {operands[i - 1].type.dtype}")


# ---------------------------------------------------------------------- one more leading axis

SIZE = 3
_SCALES = (1.0, 0.9, 1.1)       # within every operator's domain


def check_batching(operator: Operator) -> None:
    """Over a batch of all operands, of each, of all but one: what the operator gives for each element by itself; AssertionError."""
    for sample in some_samples(operator):
        for wide in _subsets(operator, sample):
            _check_batch(operator, sample, "static", wide, SIZE)


def check_open_batching(operator: Operator) -> None:
    """So it is with sizes and the number of elements unknown, where the operator has a rule for that; AssertionError."""
    has_open_rules(operator)


def has_open_rules(operator: Operator) -> bool:
    """Whether an operator has a rule for a batch of whichever operands; `check_open_batching` where it has; AssertionError."""
    complete = True
    for sample in some_samples(operator):
        for wide in _subsets(operator, sample):
            try:
                _check_batch(operator, sample, "open", wide, None)
            except ShapeError as e:
                if "known" not in str(e):
                    raise AssertionError(f"{say(operator, sample)}: {e}") from e
                complete &= "has no rule for a batch" not in str(e)
    return complete


def _subsets(operator: Operator, sample: Sample) -> list[tuple[int, ...]]:
    """All operands, each alone, all but one."""
    with Graph().as_default():
        places = [i for i, fed in enumerate(build(operator, sample).fed) if fed is not None]
    counts = {1, len(places) - 1, len(places)} & set(range(1, len(places) + 1))
    return [chosen for n in counts for chosen in combinations(places, n)]


def _element(x: Array, name: str, k: int) -> Array:
    """The k-th of a batch of operands: other numbers, other places; what describes axes, and places in order, is the same for all."""
    if differentiable_dtype(x.dtype):
        return (x * _SCALES[k]).astype(x.dtype)
    return np.roll(x, k, axis=0) if x.ndim and name in ("indices", "condition", "mask") else x


def _check_batch(operator: Operator, sample: Sample, shapes: str, wide: tuple[int, ...], size: int | None) -> None:
    """The results over a batch of the operands in `wide`, the others being the same for all of it."""
    scratch, names = Scratch(), operator.param_names(len(sample.operands))
    with Graph().as_default(), Session(jit=False) as session:
        with scratch.as_default():
            built = build(operator, sample, shapes)
        batched, plain, feeds = dict[Node, Node](), dict[Node, Node](), dict[Node, Array]()
        for i, (node, x) in enumerate(zip(built.fed, sample.operands, strict=True)):
            if node is None:
                continue
            values = np.stack([_element(x, names[i], k) for k in range(SIZE)]) if i in wide else x
            fed = placeholder(x.dtype, values.shape if shapes == "static" else (None,) * values.ndim)
            (batched if i in wide else plain)[node] = fed
            feeds[fed] = values
        count = shape(next(iter(batched.values())))[0] if size is None else size
        found = session.run(transcribe(built.results, scratch, batched, count, plain), feeds)
    for k in range(SIZE):
        operands = tuple(_element(x, names[i], k) if i in wide else x for i, x in enumerate(sample.operands))
        said = f"{say(operator, sample)}, element {k} of a batch of operands {wide}"
        for value, wanted in zip(found, reference(operator, Sample(operands, sample.attrs)), strict=True):
            if value.dtype != wanted.dtype or value.shape != (SIZE, *wanted.shape):
                raise AssertionError(f"{said}: {value.dtype}{list(value.shape)}")
            if differentiable_dtype(wanted.dtype):
                np.testing.assert_allclose(value[k], wanted, rtol=1e-12, atol=1e-12, err_msg=said)
            else:
                np.testing.assert_array_equal(value[k], wanted, said)
