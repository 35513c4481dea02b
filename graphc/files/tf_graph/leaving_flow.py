"""Loops and branches as TensorFlow's single operators: values enter, are merged and switched, and leave (Yu et al. 2018)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...ir.known import static_value
from ...ir.node import Node
from ...ir.sizes import unknown
from ...ir.types import TensorShape, TensorType
from .leaving import Leaving
from .messages import AttrValue
from .values import dtype_number

_INT = np.dtype(np.int32)
_BOOL = np.dtype(bool)
_AT_ONCE = 10                   # iterations that TensorFlow may run at one time, as its programs have it


# ---------------------------------------------------------------------- branches

def write_branch(w: Leaving, n: Node) -> None:
    """Both branches of a predicate; what they take is switched into them, and their results are merged."""
    pred, *captured = n.inputs
    asked = sorted(w.asked(n)) or [0]
    name, waits = w.name_of(pred), w.waits()
    switched = w.put("Switch", w.fresh("Switch"), [name, name, *waits], T=_BOOL)
    results: list[list[str]] = []
    kinds: list[Any] = []
    for side, word in enumerate(("orelse", "then")):
        body = n.attrs[word].part(range(len(captured)), asked)
        pivot = w.put("Identity", w.fresh("switch_t" if side else "switch_f"), [f"{switched}:{side}"], T=_BOOL)
        needed = body.needs(range(len(body.results)))
        given = {p: w.put("Switch", w.fresh("Switch"), [w.name_of(x), name, *waits], T=x.type.dtype) + (":1" if side else "")
                 for p, x in zip(body.parameters, captured, strict=True) if p in needed}
        results.append(w.within(body, given, f"^{pivot}"))
        kinds = [r.type.dtype for r in body.results]
    for index, dtype, sides in zip(asked, kinds, zip(*results, strict=True), strict=True):
        w.end(w.put("Merge", w.result_name(n, index), sides, T=dtype, N=2))


# ---------------------------------------------------------------------- loops

class _Loop:
    """A loop that is being written: its frame, and the variables that go round in it."""

    def __init__(self, w: Leaving, n: Node):
        self.w, self.waits = w, w.waits()
        self.frame = f"{w.own_name}/while_context"
        self.merged: list[str] = []
        self.into: list[str] = []           # the names that the next values will have
        self.kinds: list[Any] = []
        self.now: list[str] = []            # the values within an iteration
        self.left: list[str] = []           # the outputs that leave

    def enter(self, name: str, dtype: Any, constant: bool = True) -> str:
        """A value that each iteration takes as it is, or the first one."""
        return self.w.put("Enter", self.w.fresh("Enter"), [name, *self.waits], T=dtype, frame_name=self.frame, is_constant=constant,
                          parallel_iterations=_AT_ONCE)

    def variable(self, name: str, dtype: Any) -> None:
        """A variable, by its initial value."""
        self.into.append(self.w.fresh("NextIteration"))
        self.kinds.append(dtype)
        self.merged.append(self.w.put("Merge", self.w.fresh("Merge"), [self.enter(name, dtype, False), self.into[-1]], T=dtype, N=2))

    def start(self, test: str) -> None:
        """The condition is written: what is behind belongs to the body."""
        w = self.w
        test = w.put("LoopCond", w.fresh("LoopCond"), [test])
        for name, dtype in zip(self.merged, self.kinds, strict=True):
            switched = w.put("Switch", w.fresh("Switch"), [name, test], T=dtype)
            self.left.append(switched)
            self.now.append(w.put("Identity", w.fresh("Identity"), [f"{switched}:1"], T=dtype))

    def end(self, following: Sequence[str]) -> None:
        """The variables' next values."""
        for into, name, dtype in zip(self.into, following, self.kinds, strict=True):
            self.w.put("NextIteration", into, [name], T=dtype)

    def leave(self, index: int, name: str) -> str:
        self.w.end(self.w.put("Exit", name, [self.left[index]], T=self.kinds[index]))
        return name


def write_loop(w: Leaving, n: Node) -> None:
    """A loop: its counter, what it carries, and an array for each further result; what it slices is read out of arrays."""
    cond, body, c, s = (n.attrs[k] for k in ("cond", "body", "carried", "sliced"))
    most, *rest = n.inputs
    carried, stacks, captured = rest[:c], rest[c:c + s], rest[c + s:]
    rows = [i for i in sorted(w.asked(n)) if i > c]
    body = body.part(range(len(body.parameters)), [*range(c), *(i - 1 for i in rows)])
    needed = body.needs(range(len(body.results))) | (cond.needs([0]) if cond is not None else set())
    trips = _trips(w, most, stacks, cond is not None)
    arrays = [_array(w, r.type, trips, cond is not None) for r in body.results[c:]]
    slices = {p: _sliced(w, x, trips) for p, x in zip(body.parameters[1 + c:1 + c + s], stacks, strict=True) if p in needed}
    one = _Loop(w, n)
    one.variable(w.constant(0, _INT, "iteration"), _INT)
    for x in carried:
        one.variable(w.name_of(x), x.type.dtype)
    for _, flow in arrays:
        one.variable(flow, np.dtype(np.float32))
    own = {p: one.enter(w.name_of(x), x.type.dtype) for p, x in zip(body.parameters[1 + c + s:], captured, strict=True) if p in needed}
    also = {} if cond is None else {q: own[p] if p in own else one.enter(w.name_of(x), x.type.dtype) for q, p, x in zip(
        cond.parameters[1 + c:], body.parameters[1 + c + s:], captured, strict=True) if q in needed}
    limit = None if trips is None else one.enter(trips, _INT)
    one.start(_test(w, one, cond, c, also, limit))
    at = one.now[0]
    if n.attrs["reverse"]:
        assert limit is not None
        last = w.put("Sub", w.fresh("Sub"), [limit, w.put("Const", w.fresh("Const"), [f"^{at}"], value=np.array(1, _INT), dtype=_INT)], T=_INT)
        at = w.put("Sub", w.fresh("Sub"), [last, at], T=_INT)
    given = {**own, **dict(zip(body.parameters[:1 + c], [at, *one.now[1:1 + c]], strict=True))}
    for p, (handle, flow) in slices.items():
        given[p] = w.put("TensorArrayReadV3", w.fresh("TensorArrayReadV3"), [one.enter(handle, _RESOURCE), at, one.enter(flow, _FLOW)],
                         dtype=p.type.dtype)
    found = w.within(body, given, f"^{one.now[0]}")
    step = w.put("Const", w.fresh("Const"), [f"^{one.now[0]}"], value=np.array(1, _INT), dtype=_INT)
    following = [w.put("AddV2", w.fresh("add"), [one.now[0], step], T=_INT), *found[:c]]
    for (handle, _), flow, name, r in zip(arrays, one.now[1 + c:], found[c:], body.results[c:], strict=True):
        following.append(w.put("TensorArrayWriteV3", w.fresh("TensorArrayWriteV3"), [one.enter(handle, _RESOURCE), at, name, flow], T=r.type.dtype))
    one.end(following)
    for i in range(1 + c):
        one.leave(i, w.result_name(n, i))
    for i, index, (handle, _), r in zip(range(1 + c, len(one.kinds)), rows, arrays, body.results[c:], strict=True):
        _stack(w, w.result_name(n, index), handle, one.leave(i, w.fresh("Exit")), w.result_name(n, 0), r.type)


_FLOW = np.dtype(np.float32)
_RESOURCE = AttrValue(type=dtype_number("resource"))


def _trips(w: Leaving, most: Node, stacks: Sequence[Node], tested: bool) -> str | None:
    """How often the loop runs at most; None where only the condition says it."""
    if stacks:
        sizes = w.put("Shape", w.fresh("Shape"), [w.name_of(stacks[0])], T=stacks[0].type.dtype, out_type=_INT)
        ends = [w.constant([v], _INT, "at") for v in (0, 1, 1)]
        return w.put("StridedSlice", w.fresh("strided_slice"), [sizes, *ends], T=_INT, Index=_INT, shrink_axis_mask=1)
    known = static_value(most)
    if tested and known is not None and not unknown(known).any() and int(np.asarray(known).reshape(())) < 0:
        return None
    return w.name_of(most)


def _array(w: Leaving, type: TensorType, trips: str | None, grows: bool) -> tuple[str, str]:
    """An array of arrays, to be written in the loop: its handle and flow."""
    name = w.fresh("TensorArray")
    size = w.constant(0, _INT, "size") if trips is None or grows else trips
    w.put("TensorArrayV3", name, [size], dtype=type.dtype, element_shape=TensorShape(type.shape), dynamic_size=grows, clear_after_read=True,
          identical_element_shapes=False, tensor_array_name="")
    return name, f"{name}:1"


def _sliced(w: Leaving, x: Node, trips: str | None) -> tuple[str, str]:
    """An array whose elements are the rows of a tensor."""
    assert trips is not None
    handle, flow = _array(w, TensorType(x.type.dtype, None if x.type.shape is None else x.type.shape[1:]), trips, False)
    return handle, w.put("TensorArrayScatterV3", w.fresh("TensorArrayScatter"), [handle, _numbers(w, trips), w.name_of(x), flow], T=x.type.dtype)


def _numbers(w: Leaving, count: str) -> str:
    return w.put("Range", w.fresh("range"), [w.constant(0, _INT, "start"), count, w.constant(1, _INT, "delta")], Tidx=_INT)


def _stack(w: Leaving, name: str, handle: str, flow: str, count: str, type: TensorType) -> None:
    w.put("TensorArrayGatherV3", name, [handle, _numbers(w, count), flow], dtype=type.dtype, element_shape=TensorShape(type.shape))


def _test(w: Leaving, one: _Loop, cond: Any, c: int, also: Mapping[Node, str], limit: str | None) -> str:
    """The loop's condition: that it has not run so often as it may, and what the program says."""
    tests = [] if limit is None else [w.put("Less", w.fresh("Less"), [one.merged[0], limit], T=_INT)]
    if cond is not None:
        given = {**dict(zip(cond.parameters[:1 + c], one.merged[:1 + c], strict=True)), **also}
        tests += w.within(cond, given, f"^{one.merged[0]}")
    return tests[0] if len(tests) == 1 else w.put("LogicalAnd", w.fresh("LogicalAnd"), tests)


__all__ = ["write_branch", "write_loop"]
