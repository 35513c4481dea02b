"""Tensors with some of their slices changed, and variables of which a step writes no others: `scatter_update` and its kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, GradientError, InvalidArgumentError, ShapeError
from ..ir.loops import Check, Loop, word
from ..ir.node import Node, describe, here, saying
from ..ir.operator import Values, declare, to_node
from ..ir.types import TensorType, compatible, element_count, shape_str
from .array_fill import zeros, zeros_like
from .array_gather import gather_nd
from .array_index import iota
from .array_index import range as numbers
from .array_join import concat
from .array_move import Types, broadcast_to, expand_dims, integers, reshape, shape
from .math import cast, equal, negative
from .parts import only
from .reduce import reduce_prod
from .scopes import composed
from .state import Variable, assign

INDEX = np.dtype(np.int64)
_STEPS = {"set": "{x}", "add": "{old} + {x}", "sub": "{old} - {x}", "mul": "{old} * {x}", "div": "{old} / {x}", "min": "minimum({old}, {x})",
          "max": "maximum({old}, {x})"}
_AT = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "min": np.minimum, "max": np.maximum}


def _changed_type(types: Types, values: Values, how: str, skip: bool) -> TensorType:
    x, indices, updates = types
    integers(indices, "indices")
    if x.dtype != updates.dtype:
        raise DTypeError(f"updates of {updates.dtype} do not fit a tensor of {x.dtype}")
    if x.dtype.kind == "b" and how != "set":
        raise DTypeError("booleans are not numbers")
    if x.dtype.kind == "c" and how in ("min", "max"):
        raise DTypeError(f"not defined for {x.dtype}")
    if x.shape is None or not indices.shape or indices.shape[-1] is None:
        return x
    depth = indices.shape[-1]
    if depth > len(x.shape):
        raise ShapeError(f"indices of {depth} numbers for a tensor of rank {len(x.shape)}")
    wanted = (*indices.shape[:-1], *x.shape[depth:])
    if not compatible(updates.shape, wanted):
        raise ShapeError(f"updates have shape {shape_str(updates.shape)}, but {shape_str(wanted)} would fit")
    return x


def _changed_loop(types: Any, type: Any, how: str, skip: bool) -> Loop:
    x, indices, updates = types
    depth = indices.shape[-1]
    count, inner = element_count(indices.shape[:-1]), element_count(x.shape[depth:])
    t = word(x.dtype)
    step = _STEPS[how].format(old="load(out, at + j)", x="load(updates, k * inner + j)")
    if how == "div" and x.dtype.kind in "iu":
        step = "floordiv(load(out, at + j), load(updates, k * inner + j))"
    sizes = {f"d{i}": d for i, d in enumerate(x.shape[:depth])}
    lines = ["for k in range(count):"]
    for i in range(depth):
        lines += [f"    i{i} = int64(load(indices, k * {depth} + {i}))",
                  f"    if (i{i} < 0 or i{i} >= d{i}){' and i0 != -1' * skip}:", f"        extents[0] = i{i}", f"        return {i + 1}"]
    lines += ["for k in range(count):", "    at = int64(0)"]
    for i in range(depth):
        lines += [f"    i{i} = int64(load(indices, k * {depth} + {i}))", f"    at = at * d{i} + i{i}"]
    lines += [f"    {'if at >= 0:' if skip else 'if True:'}", "        at = at * inner", "        for j in range(inner):",
              f"            store(out, at + j, {t}({step}))"]
    return Loop("\n".join(lines), {"count": count, "inner": inner, **sizes}, 1, 2 * count * inner,
                [Check(1, d) for d in x.shape[:depth]])


def _changed_grad(g: Node, y: Node, x: Node, indices: Node, updates: Node, how: str, skip: bool) -> tuple[Node, None, Node]:
    if how not in ("add", "sub", "set") or skip:
        raise GradientError(f"scatter_{how} has no gradient")
    own = gather_nd(g, indices)
    if how == "set":                                # of several updates to a place the last one stands there
        number = reshape(iota([reduce_prod(shape(indices, out_type=INDEX)[:-1])], dtype=INDEX), shape(indices)[:-1])
        known = (indices.type.shape or (None,))[-1]
        depth = shape(indices)[-1] if known is None else known
        start = zeros(shape(x)[:depth], dtype=INDEX)
        last = equal(gather_nd(changed(start, indices, number, how="set"), indices), number)
        return changed(g, indices, zeros_like(updates), how="set"), None, only(last, own)
    return g, None, own if how == "add" else negative(own)


def _changed_attrs(types: Types, how: Any, skip: Any) -> dict[str, Any]:
    if how not in _STEPS:
        raise DTypeError(f"there is no way {how!r:.40} to change slices; there are {', '.join(_STEPS)}")
    return {"how": how, "skip": bool(skip)}


@declare("overwriting", _changed_type, prepare=_changed_attrs, loop=_changed_loop, grad=_changed_grad, batch="trailing", weak=False, complex=True,
         fixed={"indices": "int64"},
         samples=(([(4, 2), np.array([[3], [0], [3]]), (3, 2)], {"how": "add"}), ([(4, 2), np.array([[3], [0], [3]]), (3, 2)], {"how": "set"}),
                  ([(2, 3), np.array([[0, 1], [1, 2]]), (2,)], {"how": "sub"}), ([(3,), np.zeros((0, 1), int), (0,)], {"how": "add"})))
def changed(x: Any, indices: Any, updates: Any, *, how: str = "set", skip: bool = False) -> Any:
    """x with the slices at the rows of `indices` changed by the updates, one after the other; `skip`: those at -1 are left out."""
    out, depth = np.array(x), np.shape(indices)[-1]
    rows = np.asarray(indices).reshape(-1, depth)
    new = np.asarray(updates).reshape(len(rows), *out.shape[depth:])
    if skip:
        there = rows[:, 0] != -1
        rows, new = rows[there], new[there]
    for i, d in enumerate(out.shape[:depth]):
        wrong = (rows[:, i] < 0) | (rows[:, i] >= d)
        if wrong.any():
            raise InvalidArgumentError(f"index {rows[wrong][0, i]} is not in [0, {d})")
    at = tuple(rows.T)
    if how in _AT:
        _AT[how].at(out, at, new)
    elif how == "set":
        for k in range(len(rows)):
            out[tuple(rows[k])] = new[k]
    else:
        for k in range(len(rows)):
            place = tuple(rows[k])
            out[place] = out[place] / new[k] if out.dtype.kind in "fc" else out[place] // new[k]
    return out


# ---------------------------------------------------------------------- variables

def _scattered(how: str, what: str, ref: Any, indices: Any, updates: Any, name: str | None, nd: bool = False) -> Node:
    if not isinstance(ref, Variable):
        raise DTypeError(f"{what}: {ref!r:.80} is not a Variable{here()}")
    with saying(what):
        at = to_node(indices, None if isinstance(indices, Node) else np.asarray(indices).dtype if np.size(indices) else np.int64, graph=ref.graph)
        if at.type.dtype.kind not in "iu":
            raise DTypeError(f"indices must be integers, not {at.type.dtype}")
        new = to_node(updates, None if isinstance(updates, Node) else ref.dtype, graph=ref.graph)
    if not nd:
        at = expand_dims(at, -1)
    if new.type.rank == 0 and ref.type.rank is not None and at.type.rank is not None and at.type.shape[-1] is not None and ref.type.rank:
        new = broadcast_to(new, concat([shape(at)[:-1], shape(ref)[at.type.shape[-1]:]], 0))
    return assign(ref, changed(ref, at, new, how=how), name=name)


def scatter_update(ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None) -> Node:
    """Set the slices `ref[indices]` of a variable to `updates`; no other is touched. The result is the new value.

    ref: Variable, indices: int[...], updates: the same dtype[..., *ref.shape[1:]] or one number. DTypeError, ShapeError: they do not fit.
    InvalidArgumentError, when run: there is no such slice; nothing changes then.

    >>> v = tf.Variable([1, 2, 3])
    >>> tf.Session(jit=False).run(tf.scatter_update(v, [2, 0], [7, 8]))
    array([8, 2, 7], dtype=int32)
    """
    return _scattered("set", "scatter_update", ref, indices, updates, name)


def _made(how: str, verb: str, nd: bool) -> Any:
    what = f"scatter_nd_{how}" if nd else f"scatter_{how}"

    def scatter(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Node:
        return _scattered("set" if how == "update" else how, what, ref, indices, updates, name, nd)
    at = "at the places that are the rows of `indices`" if nd else "ref[indices]"
    shapes = "int[..., k], updates: the same dtype[..., *ref.shape[k:]]" if nd else "int[...], updates: the same dtype[..., *ref.shape[1:]]"
    scatter.__name__ = scatter.__qualname__ = what
    scatter.__doc__ = f"""{verb} slices of a variable, {at}, by `updates`; the result is the new value.

    Equal places are updated one after the other. ref: Variable, indices: {shapes}.
    DTypeError, ShapeError: they do not fit. InvalidArgumentError, when run: there is no such slice.
    """
    return scatter


scatter_add, scatter_sub = _made("add", "Increase", False), _made("sub", "Decrease", False)
scatter_mul, scatter_div = _made("mul", "Multiply", False), _made("div", "Divide", False)
scatter_min, scatter_max = _made("min", "Lower to the smaller one", False), _made("max", "Raise to the greater one", False)
scatter_nd_update, scatter_nd_add, scatter_nd_sub = _made("update", "Set", True), _made("add", "Increase", True), _made("sub", "Decrease", True)


def batch_scatter_update(ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None) -> Node:
    """Set the slices of each row of a batch, in a variable, at the places of its own; the result is the new value.

    Equal places are set one after the other. ref: Variable, any[*batch, n, ...], indices: int[*batch, k], updates: the same
    dtype[*batch, k, ...]. DTypeError, ShapeError: they do not fit, or the rank of the indices is not known. InvalidArgumentError, when run:
    there is no such slice.
    """
    at = to_node(indices)
    if not at.type.rank:
        raise ShapeError(f"batch_scatter_update: {describe(at)} has no axis, or a rank that is not known{here()}")
    with saying("batch_scatter_update"):
        integers(at.type, "indices")
    last = at.type.rank
    sizes = shape(at)
    rows = [broadcast_to(reshape(cast(numbers(sizes[i]), at.dtype), [-1 if k == i else 1 for k in range(last + 1)]), concat([sizes, [1]], 0))
            for i in range(last - 1)]
    return scatter_nd_update(ref, concat([*rows, expand_dims(at, -1)], -1), updates, use_locking, name)


# ---------------------------------------------------------------------- tensors

def _of_tensor(how: str, what: str, tensor: Any, indices: Any, updates: Any, name: str | None) -> Node:
    x = to_node(tensor)
    with saying(what):
        return changed(x, to_node(indices), to_node(updates, None if isinstance(updates, Node) else x.dtype), how=how, name=name)


@composed("TensorScatterUpdate", op="TensorScatterUpdate")
def tensor_scatter_update(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Node:
    """The tensor with the slices at the rows of `indices` set to `updates`, of equal places to the last.

    tensor: any[...], indices: int[..., k], updates: the same dtype[..., *tensor.shape[k:]]. DTypeError, ShapeError: they do not fit.
    InvalidArgumentError, when run: there is no such slice.

    >>> tf.Session(jit=False).run(tf.tensor_scatter_update([1, 2, 3], [[2]], [7]))
    array([1, 2, 7], dtype=int32)
    """
    return _of_tensor("set", "tensor_scatter_update", tensor, indices, updates, name)


@composed("TensorScatterAdd", op="TensorScatterAdd")
def tensor_scatter_add(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Node:
    """The tensor with `updates` added to the slices at the rows of `indices`; equal places add up.

    Types and errors as `tensor_scatter_update`: DTypeError, ShapeError, InvalidArgumentError.

    >>> tf.Session(jit=False).run(tf.tensor_scatter_add([1, 2, 3], [[2], [2]], [7, 1]))
    array([ 1,  2, 11], dtype=int32)
    """
    return _of_tensor("add", "tensor_scatter_add", tensor, indices, updates, name)


@composed("TensorScatterSub", op="TensorScatterSub")
def tensor_scatter_sub(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Node:
    """The tensor with `updates` taken from the slices at the rows of `indices`; equal places add up.

    Types and errors as `tensor_scatter_update`: DTypeError, ShapeError, InvalidArgumentError.
    """
    return _of_tensor("sub", "tensor_scatter_sub", tensor, indices, updates, name)


tensor_scatter_nd_update, tensor_scatter_nd_add, tensor_scatter_nd_sub = tensor_scatter_update, tensor_scatter_add, tensor_scatter_sub

__all__ = ["scatter_update", "scatter_add", "scatter_sub", "scatter_mul", "scatter_div", "scatter_min", "scatter_max", "scatter_nd_update",
           "scatter_nd_add", "scatter_nd_sub", "tensor_scatter_update", "tensor_scatter_add", "tensor_scatter_sub",
           "batch_scatter_update", "tensor_scatter_nd_update", "tensor_scatter_nd_add", "tensor_scatter_nd_sub"]
