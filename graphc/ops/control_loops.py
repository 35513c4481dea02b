"""Loops over the rows of tensors: `scan`, `foldl`, `foldr` and `map_fn`, all of them one loop that slices and stacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import ArgumentError, DTypeError, GraphError, ShapeError
from ..ir import nest
from ..ir.node import Node, describe, here, next_index
from ..ir.operator import to_node
from ..ir.types import TensorType, as_dtype
from .array import concat, expand_dims, shape
from .array_move import stop_gradient
from .bodies import loop_parameter
from .control import loop
from .control_flow import built, carried_types, cut_loop, given_by, graph_of, like_vars, results_of

__all__ = ["scan", "foldl", "foldr", "map_fn"]

Step = Callable[[Any, Any], tuple[Any, Any]]


def repeated(what: str, step: Step, state: Any, rows: Any, name: str | None = None, reverse: bool = False, back_prop: bool = True) -> tuple[Any, Any]:
    """A loop over the rows of `rows`, a structure of tensors of one first dimension: what `state` is at the end, and what each row gave.

    `step(state, row)` gives the next state, of the same structure and types, and a structure of tensors, which are stacked in the order of the
    rows; with `reverse` the last row is first. `rows` and `state` are structures of at least one tensor together, and of rows at least one.
    ShapeError: no rows. GraphError, DTypeError: a state that changes.
    """
    initial = [to_node(x) for x in nest.flatten(state)]
    sliced = [to_node(x) for x in nest.flatten(rows)]
    for x in sliced:
        if x.type.shape == ():
            raise ShapeError(f"{what}: {describe(x)} is a scalar, and has no rows{here()}")
    graph = graph_of([*initial, *sliced], what)
    with graph.as_default(), graph.name_scope(name or what) as scope:
        most = _rows_of(sliced, what)
        inside = scope.rstrip("/")
        since = next_index()
        types = carried_types(state, iter([x.type for x in initial]))
        own = [loop_parameter(graph, t, inside, _short(x)) for t, x in zip(types, initial, strict=True)]
        kinds = [TensorType(x.type.dtype, None if x.type.shape is None else x.type.shape[1:]) for x in sliced]
        taken = [loop_parameter(graph, kind, inside, _short(x)) for kind, x in zip(kinds, sliced, strict=True)]
        gave, out = step(nest.pack(state, own), nest.pack(rows, taken))
        gave = like_vars(state, gave, scope)
        results, controls = results_of(graph, gave, what)
        stacked, more = results_of(graph, out, what)
        attrs, inputs, variables = cut_loop(graph, scope, since, own, None, [*results, *stacked], [*controls, *more], taken)
        attrs["reverse"] = bool(reverse)
        entering, outside = inputs[:len(variables)], inputs[len(variables):]
        node = built(loop, graph, (most, *initial, *entering, *sliced, *outside), attrs, scope)
        final, kept = given_by(node, [gave, out], [len(initial), len(stacked)], variables, graph)
        if not back_prop:
            final, kept = (nest.mapped(stop_gradient, x) for x in (final, kept))
        return final, kept


def _short(x: Node) -> str:
    return x.label.rpartition("/")[2] or "value"


def _rows_of(sliced: Sequence[Node], what: str) -> Node:
    """How many rows there are."""
    known = {x.type.shape[0]: x for x in sliced if x.type.shape is not None and x.type.shape[0] is not None}
    if len(known) > 1:
        a, b = [*known.values()][:2]
        raise ShapeError(f"{what}: {describe(a)} and {describe(b)} have other numbers of rows{here()}")
    first = next(iter(known.values()), sliced[0])
    return to_node(next(iter(known)), "int32", graph=first.graph) if known else shape(first)[0]


def _elements(what: str, fn: Any, elems: Any) -> Any:
    """The operands that functions over rows share, looked at: what has rows, as tensors."""
    if not callable(fn):
        raise ArgumentError(f"{what}: fn is a function, not {fn!r:.60}{here()}")
    if not nest.flatten(elems):
        raise ArgumentError(f"{what}: there are no elems{here()}")
    if isinstance(elems, list) and not any(nest.is_nested(x) or isinstance(x, Node) for x in elems):
        elems = to_node(elems)          # a list of numbers is one tensor
    return nest.mapped(to_node, elems)


def map_fn(fn: Callable[[Any], Any], elems: Any, dtype: Any = None, parallel_iterations: int | None = None, back_prop: bool = True,
           swap_memory: bool = False, infer_shape: bool = True, name: str | None = None) -> Any:
    """What `fn` gives for each row of `elems`, stacked.

    elems: a tensor any[n, ...], or a structure of such; `fn` takes the structure of one row, and gives a tensor or a structure, of the dtypes
    `dtype` (the structure and the dtypes of `elems` if that is None), of the same shape for each row. ArgumentError: no function.
    ShapeError: no rows. DTypeError, GraphError: other dtypes, another structure. The other arguments change nothing.

    >>> tf.Session(jit=False).run(tf.map_fn(lambda x: x * x, tf.constant([1, 2, 3])))
    array([1, 4, 9], dtype=int32)
    """
    rows = _elements("map_fn", fn, elems)
    wanted = nest.mapped(lambda x: x.dtype, rows) if dtype is None else dtype

    def step(state: Any, row: Any) -> tuple[Any, Any]:
        out = fn(row)
        differ = nest.difference(wanted, out)
        if differ is not None and not (isinstance(wanted, (list, tuple)) and isinstance(out, (list, tuple)) and len(wanted) == len(out)):
            raise GraphError(f"map_fn: dtype and what fn gives have other structures: {differ}{here()}")
        for kind, x in zip(nest.flatten(wanted), nest.flatten(out), strict=True):
            found = to_node(x)
            if found.dtype != as_dtype(kind):
                raise DTypeError(f"map_fn: fn gives {describe(found)}, and dtype= says {as_dtype(kind).name}{here()}")
        return state, nest.pack(wanted, nest.flatten(out))

    return repeated("map_fn", step, [], rows, name or "map", back_prop=back_prop)[1]


def scan(fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
         swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False, name: str | None = None) -> Any:
    """What `fn(a, row)` gives for one row of `elems` after the other, stacked; `a` is what it gave for the row before, at first `initializer`.

    elems: a tensor any[n, ...] or a structure of such; `initializer`, and what `fn` gives: a structure of tensors of the same types. Without it
    the first row is what begins, and the first result. With `reverse` rows are taken from the last on; results stay in their places.
    ArgumentError, ShapeError, DTypeError, GraphError: no function, no rows, or a type or structure that changes.

    >>> tf.Session(jit=False).run(tf.scan(lambda a, x: a + x, tf.constant([1, 2, 3, 4])))
    array([ 1,  3,  6, 10], dtype=int32)
    """
    rows, first = _begun("scan", fn, elems, initializer, reverse)
    kept = repeated("scan", lambda a, row: (out := fn(a, row), out), first, rows, name, reverse, back_prop)[1]
    if initializer is not None:
        return kept
    return nest.mapped(lambda a, out: concat([out, expand_dims(a, 0)] if reverse else [expand_dims(a, 0), out], 0), first, kept)


def _begun(what: str, fn: Any, elems: Any, initializer: Any, reverse: bool) -> tuple[Any, Any]:
    """The rows that are left and the state that a loop over them begins with: without an initial one, the first row."""
    rows = _elements(what, fn, elems)
    if initializer is not None:
        return rows, nest.mapped(to_node, initializer)
    first = nest.mapped(lambda x: x[-1 if reverse else 0], rows)
    return nest.mapped(lambda x: x[:-1] if reverse else x[1:], rows), first


def foldl(fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
          swap_memory: bool = False, name: str | None = None) -> Any:
    """What `fn(a, row)` gives for the last row of `elems`; `a` is what it gave for the row before, at first `initializer`, or the first row.

    elems: a tensor any[n, ...] or a structure of such; the state keeps its structure, dtypes and shapes. Errors as for `scan`.

    >>> tf.Session(jit=False).run(tf.foldl(lambda a, x: 10 * a + x, tf.constant([1, 2, 3])))
    np.int32(123)
    """
    rows, first = _begun("foldl", fn, elems, initializer, False)
    return repeated("foldl", lambda a, row: (fn(a, row), []), first, rows, name, False, back_prop)[0]


def foldr(fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
          swap_memory: bool = False, name: str | None = None) -> Any:
    """`foldl` from the last row of `elems` to the first.

    elems: a tensor any[n, ...] or a structure of such; the state keeps its structure, dtypes and shapes. Errors as for `scan`.

    >>> tf.Session(jit=False).run(tf.foldr(lambda a, x: 10 * a + x, tf.constant([1, 2, 3])))
    np.int32(321)
    """
    rows, first = _begun("foldr", fn, elems, initializer, True)
    return repeated("foldr", lambda a, row: (fn(a, row), []), first, rows, name, True, back_prop)[0]


