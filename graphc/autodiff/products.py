"""Derivatives beside `gradients`: products with Jacobians, whole Jacobians and Hessians, each as graph that runs as one program.

With y = f(x) and its Jacobian J: `vjp` gives u^T J (reverse mode), `jvp` gives J t (forward mode), `jacobian` is J itself, made of
products with all unit vectors at once; `hvp` and `hessian` do the same with the gradient of a scalar in y's place, forward over reverse
(Griewank and Walther 2008, "Evaluating Derivatives", section 5.4). What is given as a list comes back as a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import DTypeError, GradientError, GraphcError, GraphError, ShapeError
from ..ir.graph import Graph, Scratch
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import compatible, differentiable
from ..ops.array import broadcast_to, concat, eye, fill, identity, ones_like, reshape, shape, transpose
from ..ops.contract import held
from ..ops.math import add_n, cast
from ..ops.reduce import reduce_prod, reduce_sum
from .batch import Size
from .batching import transcribe
from .gradients import check_sources, check_targets, check_unconnected, forward, listed, reverse
from .registered import conjugates

Maybe = Node | None


# ---------------------------------------------------------------------- products

def vjp(ys: Any, xs: Any, cotangents: Any, *, unconnected_gradients: str = "error", name: str = "vjp") -> Any:
    """u^T J: the gradients of sum(cotangent * y) by each x, in the shape and dtype of x; of complex numbers as `gradients` has them.

    Floating tensors; a cotangent has the shape and dtype of its y. DTypeError, ShapeError, GraphError: they do not fit. GradientError:
    an operator on the way has no gradient, or no path leads from an x to a y (`unconnected_gradients` "none" or "zero": that instead).
    """
    targets, sources = _checked("vjp", ys, xs, unconnected_gradients)
    with _part_of(targets[0].graph, name) as scratch:
        along = _matched("vjp", "cotangent", ys, targets, cotangents)
        with scratch.as_default():
            found = conjugates(reverse(targets, conjugates(along), sources))
        found = _transcribed(found, scratch)
        return _as_given(xs, [_settled("vjp", g, x, targets, unconnected_gradients) for g, x in zip(found, sources, strict=True)])


def jvp(ys: Any, xs: Any, tangents: Any, *, unconnected_gradients: str = "error", name: str = "jvp") -> Any:
    """J t: how each y changes when the xs move along their tangents, in the shape and dtype of y.

    One sweep along the graph, by the operators' gradient rules transposed; about the cost of `vjp`. Floating tensors; a tangent has the
    shape and dtype of its x. Errors as for `vjp`.
    """
    targets, sources = _checked("jvp", ys, xs, unconnected_gradients)
    with _part_of(targets[0].graph, name) as scratch:
        along = _matched("jvp", "tangent", xs, sources, tangents)
        with scratch.as_default():
            found = forward(targets, sources, along)
        found = _transcribed(found, scratch)
        return _as_given(ys, [_settled("jvp", t, y, sources, unconnected_gradients) for t, y in zip(found, targets, strict=True)])


def hvp(y: Any, xs: Any, vectors: Any, *, unconnected_gradients: str = "error", name: str = "hvp") -> Any:
    """H v: the second derivatives of a scalar by the xs, times a vector for each x (of its shape and dtype); no Hessian is formed.

    Cost: at most five gradients. ShapeError: y is not scalar; other errors as for `vjp`.
    """
    (target,), sources = _checked("hvp", y, xs, unconnected_gradients, single=True)
    _check_scalar("hvp", target)
    with _part_of(target.graph, name) as scratch:
        along = _matched("hvp", "vector", xs, sources, vectors)
        with scratch.as_default():
            slopes = reverse([target], [ones_like(target)], sources)
            present = [g for g in slopes if g is not None]
            moved = iter(forward(present, sources, along) if present else [])
            found = [None if g is None else next(moved) for g in slopes]
        found = _transcribed(found, scratch)
        return _as_given(xs, [_curved("hvp", h, g, x, (_dims(x),), target, unconnected_gradients)
                              for h, g, x in zip(found, slopes, sources, strict=True)])


# ---------------------------------------------------------------------- matrices

def jacobian(y: Any, x: Any, *, unconnected_gradients: str = "error", name: str = "jacobian", stop_gradients: Any = None) -> Any:
    """The derivative of every element of y by every element of x: [shape of y, shape of x], in the dtype of x; for a list of xs a list.

    Products with all unit vectors in one program, of whichever side has fewer elements (x: forward mode, also if equal; y: reverse mode, also
    with `stop_gradients`, nodes that count as constants). Errors as for `vjp`; ShapeError if an operator on the way needs a rank that is not known.
    """
    (target,), sources = _checked("jacobian", y, x, unconnected_gradients, single=True)
    stop = frozenset(listed(stop_gradients))
    with _part_of(target.graph, name) as scratch:
        if not stop and _at_most(sum(map(_size, sources)), _size(target)):
            plain: dict[Node, Node] = {}
            found = [_columns([target], [_dims(target)], s, scratch, plain)[0] for s in sources]
        else:
            found = _rows(target, sources, scratch, stop)
        found = [_settled("jacobian", j, s, [target], unconnected_gradients, (_dims(target), _dims(s)))
                 for j, s in zip(found, sources, strict=True)]
    return _as_given(x, found)


def batch_jacobian(y: Any, x: Any, *, unconnected_gradients: str = "error", name: str = "batch_jacobian", stop_gradients: Any = None) -> Any:
    """The Jacobian of each row of y by the same row of x: [n, a row's shape in y, in x], for y[n, ...] whose row i depends on row i of x alone.

    That it does is not checked. `stop_gradients`: nodes that count as constants. ShapeError: no rows, or different numbers of them; other errors
    as for `vjp`.
    """
    (target,), (source,) = _checked("batch_jacobian", y, x, unconnected_gradients, single=True)
    if not target.type.rank or not source.type.rank or not compatible(target.type.shape[:1], source.type.shape[:1]):
        raise ShapeError(f"batch_jacobian: {describe(target)} and {describe(source)} need the same number of rows{here()}")
    with _part_of(target.graph, name) as scratch:
        count, of_y, of_x = _dims(target)[:1], _dims(target)[1:], _dims(source)[1:]
        m, n = _product(of_y), _product(of_x)
        stop = frozenset(listed(stop_gradients))
        by_column = not stop and _at_most(n, m)
        like, units, other = (source, n, m) if by_column else (target, m, n)
        with scratch.as_default():
            unit = identity(like)
            (found,) = forward([target], [source], [unit]) if by_column else reverse([target], [unit], [source], stop)
        if found is not None:
            row = of_x if by_column else of_y
            basis = broadcast_to(reshape(eye(units, dtype=like.dtype), _vector(units, 1, row)), _vector(units, count, row))
            (wide,) = transcribe([found], scratch, {unit: basis}, units)
            wide = transpose(reshape(wide, _vector(units, count, other)), (1, 2, 0) if by_column else (1, 0, 2))
            found = cast(reshape(wide, _vector(count, of_y, of_x)), source.dtype)
        return _settled("batch_jacobian", found, source, [target], unconnected_gradients, (count, of_y, of_x))


def hessian(y: Any, xs: Any, *, unconnected_gradients: str = "error", name: str = "hessian") -> Any:
    """The second derivatives of a scalar: [shape of x, shape of x]; for a list of xs rows of blocks [shape of x_i, shape of x_j],
    in the dtype of x_j.

    Columns for all unit vectors in one program, forward over reverse; a block below the diagonal is the transpose of the one above.
    Blocks of variables that do not meet are zero. ShapeError: y is not scalar; other errors as for `vjp`.
    """
    (target,), sources = _checked("hessian", y, xs, unconnected_gradients, single=True)
    _check_scalar("hessian", target)
    with _part_of(target.graph, name) as scratch:
        blocks = _blocks("hessian", target, sources, unconnected_gradients, scratch)
    return blocks if isinstance(xs, (list, tuple)) else blocks[0][0]


def hessians(ys: Any, xs: Any, name: str = "hessians", colocate_gradients_with_ops: bool = False, gate_gradients: bool = False,
             aggregation_method: Any = None) -> list[Any]:
    """For each x the second derivatives [shape of x, shape of x] of the sum of all elements of ys. Errors as for `vjp`."""
    targets, sources = _checked("hessians", ys, xs, "error")
    with _part_of(targets[0].graph, name) as scratch:
        total = targets[0] if len(targets) == 1 and targets[0].type.shape == () else add_n([reduce_sum(y) for y in targets])
        return [_blocks("hessians", total, [x], "error", scratch)[0][0] for x in sources]


def _rows(y: Node, xs: Sequence[Node], scratch: Scratch, stop: frozenset[Node] = frozenset()) -> list[Maybe]:
    """The Jacobians of y by all xs, in reverse mode: a row for each element of y."""
    with scratch.at(y):
        unit = identity(y)
    with scratch.as_default():
        found = reverse([y], [unit], xs, stop)
    rows = _for_each_unit(found, unit, y, scratch, {})
    return [None if r is None else reshape(r, _vector(_dims(y), _dims(x))) for r, x in zip(rows, xs, strict=True)]


def _columns(ys: Sequence[Maybe], dims: Sequence[Any], x: Node, scratch: Scratch, plain: dict[Node, Node]) -> list[Maybe]:
    """The Jacobians of all ys (of these sizes) by x, in forward mode: a column for each element of x."""
    with scratch.at(x):
        unit = identity(x)
    with scratch.as_default():
        moved = iter(forward([y for y in ys if y is not None], [x], [unit]))
        found = [None if y is None else next(moved) for y in ys]
    columns = _for_each_unit(found, unit, x, scratch, plain)
    return [None if c is None else _turned(cast(c, x.dtype), _dims(x), d) for c, d in zip(columns, dims, strict=True)]


def _for_each_unit(found: Sequence[Maybe], unit: Node, like: Node, scratch: Scratch, plain: dict[Node, Node]) -> list[Maybe]:
    """The nodes with each unit vector of the shape of `like` in the place of `unit`, stacked along a new first axis."""
    if like.type.shape == ():
        plain[unit] = ones_like(like)
        return _transcribed(found, scratch, plain)
    n = _size(like)
    basis = reshape(eye(n, dtype=like.dtype), _vector(n, _dims(like)))
    return _transcribed(found, scratch, plain, {unit: basis}, n)


def _blocks(what: str, y: Node, xs: Sequence[Node], unconnected: str, scratch: Scratch) -> list[list[Maybe]]:
    with scratch.as_default():
        slopes = reverse([y], [ones_like(y)], xs)
    plain: dict[Node, Node] = {}
    found: dict[tuple[int, int], Maybe] = {}
    for j, x in enumerate(xs):
        for i, block in enumerate(_columns(slopes[:j + 1], [_dims(s) for s in xs[:j + 1]], x, scratch, plain)):
            found[i, j] = block
            if i < j:
                found[j, i] = None if block is None else cast(_turned(block, _dims(xs[i]), _dims(x)), xs[i].dtype)
    return [[_curved(what, found[i, j], slopes[i], xi, (_dims(xi), _dims(xj)), y, unconnected, xj.type.dtype) for j, xj in enumerate(xs)]
            for i, xi in enumerate(xs)]


def _turned(x: Node, first: Any, second: Any) -> Node:
    """A tensor [first, second] as [second, first], both of several axes."""
    return reshape(transpose(reshape(x, _vector(_product(first), _product(second))), (1, 0)), _vector(second, first))


# ---------------------------------------------------------------------- what the caller gave, and gets

def _checked(what: str, ys: Any, xs: Any, unconnected: str, single: bool = False) -> tuple[list[Node], list[Node]]:
    targets, sources = listed(ys), listed(xs)
    check_targets(what, targets)
    check_sources(what, sources, targets[0])
    check_unconnected(what, unconnected, ("error", "none", "zero"))
    if not sources:
        raise GraphError(f"{what}: there is nothing to differentiate {describe(targets[0])} by{here()}")
    if single and len(targets) > 1:
        raise GraphError(f"{what}: takes one y, not {len(targets)}{here()}")
    for x in sources:
        if not differentiable(x.type.dtype):
            raise DTypeError(f"{what}: {describe(x)} is not of a floating dtype{here()}")
    several = next((x for x in (*targets, *sources) if x.type.dtype.kind == "c"), None)
    if several is not None and what not in _OF_COMPLEX:
        raise DTypeError(f"{what}: {describe(several)} is complex; matrices of derivatives are of and by real numbers, as its tf.real and "
                         f"tf.imag are{here()}")
    return targets, sources


_OF_COMPLEX = ("vjp", "jvp")


def _check_scalar(what: str, y: Node) -> None:
    if y.type.shape != ():
        raise ShapeError(f"{what}: {describe(y)} is not a scalar{here()}")


def _matched(what: str, word: str, asked: Any, nodes: Sequence[Node], given: Any) -> list[Node]:
    """The tangents or cotangents of nodes, a list if a list was asked for; errors name the pair that does not fit."""
    values = list(given) if isinstance(asked, (list, tuple)) and isinstance(given, (list, tuple)) else [given]
    if len(values) != len(nodes):
        raise GraphError(f"{what}: {len(nodes)} tensors but {len(values)} {word}s{here()}")
    matched = []
    for x, value in zip(nodes, values, strict=True):
        try:
            t = to_node(value, x.dtype)
        except GraphcError as e:
            raise e.__class__(f"{what}: the {word} of {describe(x)}: {e}{here()}") from None
        if not compatible(x.type.shape, t.type.shape):
            raise ShapeError(f"{what}: the {word} {describe(t)} does not fit {describe(x)}{here()}")
        if t.graph is not x.graph:
            raise GraphError(f"{what}: the {word} {describe(t)} is of another graph than {describe(x)}{here()}")
        matched.append(held(what, "same", t, x))
    return matched


def _settled(what: str, found: Maybe, of: Node, others: Sequence[Node], unconnected: str, dims: Sequence[Any] | None = None,
             dtype: Any = None) -> Maybe:
    """A derivative by or of a node; where there is none, what the caller wants instead: an error, None, or zeros of these sizes and dtype."""
    if found is not None or unconnected == "none":
        return found
    if unconnected == "error":
        raise GradientError(f"{what}: no path that can be differentiated joins {describe(of)} and {', '.join(map(describe, others))}{here()}")
    return fill(_vector(*(dims or [_dims(of)])), np.zeros((), dtype or of.type.dtype))


def _curved(what: str, found: Maybe, slope: Maybe, x: Node, dims: Sequence[Any], y: Node, unconnected: str, dtype: Any = None) -> Maybe:
    """A second derivative by x. What has a slope without curvature has the second derivative zero."""
    return _settled(what, found, x, [y], unconnected if slope is None else "zero", dims, dtype)


def _as_given(given: Any, found: list[Any]) -> Any:
    return found if isinstance(given, (list, tuple)) else found[0]


@contextmanager
def _part_of(graph: Graph, name: str) -> Iterator[Scratch]:
    """Build in the graph, in a scope; what may turn out to be needless is built in the scratch graph first."""
    with graph.as_default(), graph.control_dependencies(None), graph.name_scope(name):
        yield Scratch()


def _transcribed(found: Sequence[Maybe], scratch: Scratch, plain: dict[Node, Node] | None = None, batched: dict[Node, Node] | None = None,
                 count: Size = 1) -> list[Maybe]:
    made = iter(transcribe([f for f in found if f is not None], scratch, batched, count, plain))
    return [None if f is None else next(made) for f in found]


# ---------------------------------------------------------------------- sizes, as numbers or as tensors of the graph

def _dims(x: Node) -> Any:
    """A shape: a tuple where it is known, else an int32 vector."""
    return x.type.shape if x.type.known else shape(x)


def _product(dims: Any) -> Any:
    return reduce_prod(dims) if isinstance(dims, Node) else int(np.prod(dims))


def _size(x: Node) -> Any:
    return _product(_dims(x))


def _at_most(a: Any, b: Any) -> bool:
    """Whether one size is at most another; what is known while the graph is built counts as less than what is not."""
    if isinstance(a, Node):
        return False
    return isinstance(b, Node) or a <= b


def _vector(*parts: Any) -> Any:
    """A shape of sizes and shapes, one after the other."""
    if not any(isinstance(p, Node) for p in parts):
        return np.concatenate([np.reshape(np.asarray(p, np.int32), -1) for p in parts])
    return concat([reshape(p, [-1]) if isinstance(p, Node) else np.reshape(np.asarray(p, np.int32), -1) for p in parts], 0)
