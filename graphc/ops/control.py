"""The two operators that run bodies: `cond`, one of two, and `loop`, one again and again; all loops and branches are forms of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.body import Body, RunBody, everywhere, interpreted
from ..ir.node import OPERATORS, Node, describe
from ..ir.operator import Values, declare
from ..ir.reference import add_to
from ..ir.sizes import alike, unknown
from ..ir.types import TensorType, compatible, shape_str
from .uneven import padded_rows

COUNT = np.dtype(np.int32)      # of iterations, and of their numbers


# ---------------------------------------------------------------------- types

def common(a: TensorType, b: TensorType) -> TensorType:
    """What is known of a value that is of one or the other type, of one dtype."""
    if a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
        return TensorType(a.dtype, None)
    return TensorType(a.dtype, tuple([x if alike(x, y) else None for x, y in zip(a.shape, b.shape, strict=True)]))


def _fits(given: Sequence[TensorType], body: Body, what: str) -> None:
    """GraphError, DTypeError, ShapeError: the operands are no arguments of the body."""
    if len(given) != len(body.parameters):
        raise GraphError(f"{what} takes {len(body.parameters)} arguments, and is given {len(given)}")
    for t, p in zip(given, body.parameters, strict=True):
        if t.dtype != p.type.dtype:
            raise DTypeError(f"{what}: {p.label} is {p.type.dtype}, and is given {t.dtype}")
        if not compatible(t.shape, p.type.shape):
            raise ShapeError(f"{what}: {p.label} has shape {shape_str(p.type.shape)}, and is given shape {shape_str(t.shape)}")


# ---------------------------------------------------------------------- branches

def _cond_type(types: Sequence[TensorType], values: Values, then: Body, orelse: Body) -> Any:
    pred, *captured = types
    if pred.dtype.kind != "b" or not compatible(pred.shape, ()):
        raise DTypeError(f"the predicate is {pred}, not bool[]")
    found = []
    for what, body in (("the branch for true", then), ("the branch for false", orelse)):
        _fits(captured, body, what)
        found.append([r.type for r in body.typed(captured).results])
    if len(found[0]) != len(found[1]):
        raise GraphError(f"the branches have {len(found[0])} and {len(found[1])} results")
    for i, (a, b) in enumerate(zip(*found, strict=True)):
        if a.dtype != b.dtype:
            raise DTypeError(f"result {i} is {a} of the branch for true, and {b} of the other")
    return tuple([common(a, b) for a, b in zip(*found, strict=True)])


def _drive_cond(run: RunBody, pred: Any, *captured: Any, then: Body, orelse: Body) -> Any:
    try:
        return tuple(run(then if pred else orelse, captured))
    except Exception as e:
        add_to(e, f"\n  in the branch for {bool(pred)}".lower())
        raise


def _cond_gradient(g: Any, y: Any, *operands: Node, then: Body, orelse: Body) -> Any:
    return OPERATORS["gradient of cond"](g, y)


@declare("bodies", _cond_type, name="cond", label="cond", op_type="If", drive=_drive_cond, pure=False, grad=_cond_gradient, text=True,
         kinds={"then": (Body,), "orelse": (Body,)}, tangent=lambda node, along: OPERATORS["tangent of cond"](node, along))
def branch(*operands: Any, then: Any, orelse: Any) -> Any:
    """The results of the body `then` where the first operand is true, else of `orelse`; the other operands are the arguments of both."""
    return _drive_cond(interpreted, *operands, then=then, orelse=orelse)


# ---------------------------------------------------------------------- loops

def settled(body: Body, arguments: Sequence[TensorType], carried: int) -> Body:
    """The body for arguments of which those that are carried may change: what no iteration leaves as it is, is open.

    `arguments` are the index, the initial values of what is carried, and the rest. ShapeError: a shape changes that the body has fixed.
    """
    own, types = body.parameters, [*arguments]
    while True:
        found = body.typed(types)
        wider = [*types]
        for i, (p, r) in enumerate(zip(own[1:1 + carried], found.results[:carried], strict=True), 1):
            wider[i] = _widened(p, types[i], r.type)
        if all(a is b for a, b in zip(wider, types, strict=True)):
            return found
        types = wider


def _widened(declared: Node, enters: TensorType, leaves: TensorType) -> TensorType:
    """The type of a carried value that is of one type before an iteration and of another after it, as far as its declaration leaves it open."""
    if enters.dtype != leaves.dtype:
        raise DTypeError(f"the loop variable {declared.label} is {enters} before an iteration, and {leaves} after it")
    shape = declared.type.shape
    if enters.shape is None or (shape is None and (leaves.shape is None or len(leaves.shape) != len(enters.shape))):
        return enters if enters.shape is None else TensorType(enters.dtype, None)
    if leaves.shape is None:                # a run will tell
        return enters if shape is not None and None not in shape else TensorType(enters.dtype, shape)
    if len(leaves.shape) != len(enters.shape):
        raise _changed(declared, enters, leaves)
    dims: list[Any] = []
    for axis, (a, b) in enumerate(zip(enters.shape, leaves.shape, strict=True)):
        open_ = shape is None or shape[axis] is None
        if a is not None and b is not None and not open_ and a != b:
            raise _changed(declared, enters, leaves)
        dims.append(a if a is None or alike(a, b) or not open_ else None)
    return enters if all(a is b for a, b in zip(dims, enters.shape, strict=True)) else TensorType(enters.dtype, tuple(dims))


def _changed(declared: Node, enters: TensorType, leaves: TensorType) -> ShapeError:
    return ShapeError(f"the loop variable {declared.label} has shape {shape_str(enters.shape)} before an iteration, and {shape_str(leaves.shape)} "
                      "after it; shape_invariants= says which dimensions may change")


def _loop_type(types: Sequence[TensorType], values: Values, cond: Body | None, body: Body, carried: int, sliced: int, reverse: bool) -> Any:
    most, *rest = types
    if most.dtype != COUNT or not compatible(most.shape, ()):
        raise DTypeError(f"the number of iterations is {most}, not int32[]")
    stacks, captured = rest[carried:carried + sliced], rest[carried + sliced:]
    for t in stacks:
        if t.shape == ():
            raise ShapeError("a scalar has no rows, one of which each iteration could take")
    rows = [TensorType(t.dtype, None if t.shape is None else t.shape[1:]) for t in stacks]
    index = TensorType(COUNT, ())
    arguments = [index, *rest[:carried], *rows, *captured]
    _fits(arguments, body, "the body")
    found = settled(body, arguments, carried)
    if cond is not None:
        own = [index, *(p.type for p in found.parameters[1:1 + carried]), *captured]
        _fits(own, cond, "the condition")
        (held,) = cond.typed(own).results
        if held.type.dtype.kind != "b" or not compatible(held.type.shape, ()):
            raise DTypeError(f"the condition is {held.type}, not bool[]")
    count = _trips(stacks, values[0] if values else None, cond)
    finals = [p.type for p in found.parameters[1:1 + carried]]
    stacked = [TensorType(r.type.dtype, None if r.type.shape is None else (count, *r.type.shape)) for r in found.results[carried:]]
    return (index, *finals, *stacked)


def _trips(stacks: Sequence[TensorType], most: Any, cond: Body | None) -> Any:
    """The number of iterations, as far as it is known: of what is sliced, else of the operand that says it."""
    if cond is not None:
        return None
    known = [t.shape[0] for t in stacks if t.shape is not None and t.shape[0] is not None]
    for d in known[1:]:
        if not alike(d, known[0]) and d != known[0]:
            raise ShapeError(f"what is sliced has {known[0]} rows, and {d}")
    if stacks:
        return known[0] if known else None
    if most is None or unknown(most).any():
        return None
    n = np.asarray(most).reshape(()).item()
    return n if not isinstance(n, (int, float)) else max(int(n), 0)


def _drive_loop(run: RunBody, most: Any, *rest: Any, cond: Body | None, body: Body, carried: int, sliced: int, reverse: bool) -> Any:
    state, stacks, captured = list(rest[:carried]), rest[carried:carried + sliced], rest[carried + sliced:]
    trips = int(most)
    if stacks:
        trips = len(stacks[0])
        if any(len(s) != trips for s in stacks):
            raise InvalidArgumentError(f"what is sliced has {' and '.join(str(len(s)) for s in stacks)} rows")
    rows: list[list[Any]] = [[] for _ in body.results[carried:]]
    i = 0
    try:
        while trips < 0 or i < trips:
            at = trips - 1 - i if reverse else i
            index = np.array(at, COUNT)
            if cond is not None and not run(cond, [index, *state, *captured])[0]:
                break
            found = run(body, [index, *state, *(np.asarray(s[at]) for s in stacks), *captured])
            state = [np.asarray(v) for v in found[:carried]]
            for row, v in zip(rows, found[carried:], strict=True):
                row.append(np.asarray(v))
            i += 1
    except Exception as e:
        add_to(e, f"\n  in iteration {i}")
        raise
    made = body if i else _of_none(body, [np.array(0, COUNT), *state, *(np.zeros(s.shape[1:], s.dtype) for s in stacks), *captured])
    further = enumerate(zip(rows, made.results[carried:], strict=True), carried)
    return (np.array(i, COUNT), *state, *(_stacked(row, r, number, reverse) for number, (row, r) in further))


def _of_none(body: Body, arguments: Sequence[Any]) -> Body:
    """The body for arguments of these shapes, which say what shapes its results would have had, had it run."""
    return body.typed([TensorType(np.asarray(a).dtype, np.shape(a)) for a in arguments])


def _stacked(rows: list[Any], like: Node, number: int, reverse: bool) -> Any:
    """The rows that iterations made, in the order of what they were made of. `number`: which of the body's results `like` is."""
    if not rows:
        return np.zeros((0, *(d or 0 for d in like.type.shape or ())), like.type.dtype)
    if any(r.shape != rows[0].shape for r in rows):
        if like.operator is OPERATORS["uneven_row"]:
            return padded_rows(rows[::-1] if reverse else rows)
        shapes = sorted({r.shape for r in rows})
        of = _filled_array(like, number)
        raise InvalidArgumentError(f"{describe(like)} has another shape in each iteration, {shapes[0]} and {shapes[-1]}: "
                                   f"{f'elements of the TensorArray {of} have one' if of else 'its values make no tensor'}; it is in the body")
    return np.stack(rows[::-1] if reverse else rows)


def _filled_array(like: Node, number: int) -> str:
    """The name of the `TensorArray` that a body's result of this number fills, "" if it fills none; looked up in the graph by scope and line."""
    scope = like.label.rpartition("/")[0]
    for n in everywhere(like.graph.nodes if like.graph is not None else ()):
        row = n.inputs[2] if n.operator.name == "filled_rows" else n
        if row is not n and row.operator.name == "item" and row.attrs["index"] == 1 + number and row.inputs[0].operator is OPERATORS["loop"]:
            written = row.inputs[0].attrs["body"].results[number]
            if written.loc == like.loc and written.label.rpartition("/")[0] == scope:
                return str(n.attrs["of"])
    return ""


def _loop_gradient(g: Any, y: Any, *operands: Node, cond: Body | None, body: Body, carried: int, sliced: int, reverse: bool) -> Any:
    return OPERATORS["gradient of loop"](g, y)


def _loop_attrs(types: Sequence[TensorType], cond: Any, body: Any, carried: Any, sliced: Any, reverse: Any) -> dict[str, Any]:
    counts = type(carried) is int and type(sliced) is int and 0 <= carried and 0 <= sliced and carried + sliced < len(types)
    if not isinstance(body, Body) or not isinstance(cond, (Body, type(None))) or type(reverse) is not bool or not counts \
            or len(body.results) < carried or (cond is not None and (len(cond.results) != 1 or reverse or sliced)):
        raise GraphError("these are no bodies and numbers of a loop")
    return {"cond": cond, "body": body, "carried": carried, "sliced": sliced, "reverse": reverse}


@declare("bodies", _loop_type, name="loop", label="while", op_type="While", drive=_drive_loop, pure=False, grad=_loop_gradient, text=True,
         prepare=_loop_attrs,
         by_value=(0,), tangent=lambda node, along: OPERATORS["tangent of loop"](node, along))
def loop(*operands: Any, cond: Any, body: Any, carried: Any, sliced: Any = 0, reverse: Any = False) -> Any:
    """How often `body` ran, the final values of what it carries, and a row of each iteration's further results.

    The operands are the greatest number of iterations (negative: none; as many as rows, if something is sliced), the initial values of what
    is carried, what is sliced, of which each iteration is given a row, and what all iterations are given. The body takes the number of the row,
    then these, in this order, and so does `cond`, but for rows; the loop ends where it gives false. With `reverse` the last row is first.
    """
    return _drive_loop(interpreted, *operands, cond=cond, body=body, carried=carried, sliced=sliced, reverse=reverse)
