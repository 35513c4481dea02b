"""Operands and attributes of operators whose samples say too little about what else they take: shapes, slices, permutations, indices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphc.errors import ShapeError
from graphc.ir.operator import Operator
from graphc.ir.types import TensorType
from graphc.ops.conv import output_shape

from .recipe import Leaf, Ref, Step, refs_of


class Proposal(NamedTuple):
    """What to call an operator with; leaves that are not there yet are made first."""

    operands: tuple[Ref | Leaf, ...]
    attrs: dict[str, Any]


def rename_sizes(draft: Any, operator: Operator, specs: Sequence[Any]) -> list[Any]:
    """The sample's operand shapes with other sizes, equal ones staying equal: those of a value at hand if it can be an operand."""
    to: dict[int, int] = {}
    shapes = [s for i, s in enumerate(specs) if isinstance(s, tuple) and i not in operator.by_value]
    if shapes and draft.chance(0.8):
        wanted = draft.one(shapes)
        ref = draft.at_hand(lambda k: k.value.ndim == len(wanted) and k.value.dtype.name == draft.main)
        if ref is not None:
            shape = next(k.value.shape for k in draft.pool if k.ref == ref)
            for d, new in zip(wanted, shape, strict=True):
                to.setdefault(d, new)
    if not to and not draft.chance(0.7):
        return list(specs)
    for d in [d for s in shapes for d in s if d > 1 and d not in to]:
        to[d] = 1 if draft.chance(0.08) else 0 if draft.chance(0.03) else int(draft.one(draft.sizes))
    # What arrays of indices and attributes of the sample say of sizes stays: the operator refuses what does not fit.
    return [tuple(to.get(d, d) for d in s) if isinstance(s, tuple) else s for s in specs]


def vary(draft: Any, attrs: dict[str, Any], rank: int) -> dict[str, Any]:
    """A sample's attributes, some of them drawn anew by what their values are: an axis, axes, a switch, a factor."""
    out = dict(attrs)
    for name, value in attrs.items():
        if not draft.chance(0.6):
            continue
        if isinstance(value, bool):
            out[name] = draft.chance(0.5)
        elif name == "axis" and rank:
            axes = sorted(int(a) for a in draft.rng.choice(rank, int(draft.rng.integers(1, rank + 1)), replace=False))
            one = int(draft.rng.integers(-rank, rank))
            out[name] = one if isinstance(value, int) or draft.chance(0.3) else None if value is None and draft.chance(0.3) else tuple(axes)
        elif isinstance(value, float):
            out[name] = float(np.round(draft.rng.uniform(0.1, 3.0), 2))
    return out


def ancestors(steps: Sequence[Step], ref: Ref) -> set[int]:
    """The steps that a value depends on."""
    found: set[int] = set()
    stack = [ref.step]
    while stack:
        i = stack.pop()
        if i not in found:
            found.add(i)
            stack.extend(r.step for r in refs_of(steps[i]))
    return found


def _any(draft: Any, rank: int = 0) -> tuple[Ref, tuple[int, ...]] | None:
    ref = draft.at_hand(lambda k: k.value.ndim >= rank)
    return None if ref is None else (ref, next(k.value.shape for k in draft.pool if k.ref == ref))


def _integers(values: Sequence[int]) -> Leaf:
    return Leaf("literal", "int32", (len(values),), tuple(values) or (0,))


def _reshape(draft: Any) -> Proposal | None:
    found = _any(draft)
    if found is None:
        return None
    ref, shape = found
    dims = [d for d in shape if d != 1] if draft.chance(0.5) else list(shape)
    if len(dims) > 1 and draft.chance(0.6):                   # merge two neighbours
        i = int(draft.rng.integers(len(dims) - 1))
        dims[i:i + 2] = [dims[i] * dims[i + 1]]
    for i, d in enumerate(dims):                              # or part one
        factors = [f for f in range(2, min(d, 9)) if d % f == 0]
        if factors and draft.chance(0.4):
            f = int(draft.one(factors))
            dims[i:i + 1] = [f, d // f]
            break
    if draft.chance(0.2):
        dims.insert(int(draft.rng.integers(len(dims) + 1)), 1)
    if dims and 0 not in dims and draft.chance(0.3):
        dims[int(draft.rng.integers(len(dims)))] = -1
    return Proposal((ref, _integers(dims)), {})


def _broadcast_to(draft: Any) -> Proposal | None:
    found = _any(draft)
    if found is None:
        return None
    ref, shape = found
    wider = [int(draft.one(draft.sizes)) if d == 1 else d for d in shape]
    lead = [int(draft.one(draft.sizes)) for _ in range(int(draft.rng.integers(0, 2)))]
    return Proposal((ref, _integers([*lead, *wider])), {})


def _transpose(draft: Any) -> Proposal | None:
    found = _any(draft, 2)
    if found is None:
        return None
    return Proposal((found[0],), {"perm": tuple(int(a) for a in draft.rng.permutation(len(found[1])))})


def _reduction(draft: Any) -> Proposal | None:
    """Over any axes of any value, so that one value is reduced in several ways."""
    found = _any(draft, 1)
    if found is None:
        return None
    rank = len(found[1])
    axes = tuple(sorted(int(a) for a in draft.rng.choice(rank, int(draft.rng.integers(1, rank + 1)), replace=False)))
    return Proposal((found[0],), {"axis": None if draft.chance(0.1) else axes, "keepdims": draft.chance(0.4)})


def _strided_slice(draft: Any) -> Proposal | None:
    found = _any(draft, 1)
    if found is None:
        return None
    ref, shape = found
    index: list[tuple[Any, ...]] = []
    for d in shape[:int(draft.rng.integers(1, len(shape) + 1))]:
        if draft.chance(0.12):
            index.append(("new",))
        if d and draft.chance(0.25):
            index.append(("int", int(draft.rng.integers(-d, d))))
        elif draft.chance(0.2):
            index.append(("slice", None, None, None))
        else:
            ends = [None if draft.chance(0.3) else int(draft.rng.integers(-d - 1, d + 2)) for _ in range(2)]
            index.append(("slice", *ends, int(draft.one([1, 1, 1, 2, 3, -1, -2])) if draft.chance(0.7) else None))
    if draft.chance(0.1):
        index.insert(0, ("ellipsis",))
    return Proposal((ref,), {"index": tuple(index)})


def _concat(draft: Any) -> Proposal | None:
    found = _any(draft, 1)
    if found is None:
        return None
    ref, shape = found
    axis = int(draft.rng.integers(len(shape)))
    dtype = next(k.value.dtype for k in draft.pool if k.ref == ref)
    parts: list[Ref | Leaf] = [ref]
    for _ in range(int(draft.rng.integers(1, 4))):
        other = draft.at_hand(lambda k: k.value.dtype == dtype and k.value.ndim == len(shape) and
                              all(a == b for i, (a, b) in enumerate(zip(k.value.shape, shape, strict=True)) if i != axis))
        parts.insert(int(draft.rng.integers(len(parts) + 1)), other)
    return Proposal(tuple(parts), {"axis": axis - len(shape) if draft.chance(0.3) else axis})


def _pad(draft: Any) -> Proposal | None:
    found = _any(draft, 1)
    if found is None:
        return None
    ref, shape = found
    widths = [int(w) for w in draft.rng.integers(0, 3, 2 * len(shape))]
    attrs = {"constant_values": draft.one([0, 1, -2])} if draft.chance(0.5) else {}
    return Proposal((ref, Leaf("literal", "int32", (len(shape), 2), tuple(widths))), attrs)


def _tile(draft: Any) -> Proposal | None:
    found = _any(draft, 1)
    if found is None:
        return None
    return Proposal((found[0], _integers([int(n) for n in draft.rng.integers(0 if draft.chance(0.05) else 1, 4, len(found[1]))])), {})


def _gather(draft: Any) -> Proposal | None:
    found = _any(draft, 1)
    if found is None or 0 in found[1]:
        return None
    ref, shape = found
    axis = int(draft.rng.integers(len(shape)))
    places = draft.shape(int(draft.rng.integers(0, 3)))
    count = min(int(np.prod(places, dtype=np.int64)), 61)
    indices = tuple(int(i) for i in draft.rng.integers(0, shape[axis], max(count, 1)))
    kind = draft.one(["feed", "constant"])
    return Proposal((ref, Leaf(kind, draft.one(["int32", "int64"]), places, indices)), {"axis": axis})


def _scatter_sum(draft: Any) -> Proposal | None:
    found = _any(draft, 1)
    if found is None:
        return None
    ref, shape = found
    axis = int(draft.rng.integers(len(shape)))
    rows = int(draft.one(draft.sizes)) or 1
    indices = tuple(int(i) for i in draft.rng.integers(0, rows, max(min(shape[axis], 61), 1)))
    whole = [*shape[:axis], rows, *shape[axis + 1:]]
    return Proposal((Leaf(draft.one(["feed", "constant"]), "int32", (shape[axis],), indices), ref, _integers(whole)), {"axis": axis})


def _cast(draft: Any) -> Proposal | None:
    found = _any(draft)
    dtype = str(draft.one(["float64", "float32", "int32", "int64", "int8", "int16", "uint8", "bool"]))
    return None if found is None else Proposal((found[0],), {"dtype": dtype})


def _moving(draft: Any, count: int, sides: Sequence[int]) -> dict[str, Any]:
    """How a window moves over axes: rather by small steps, and with any padding."""
    strides = tuple(int(draft.one([1, 1, 1, 2, 2, 3])) for _ in range(count))
    dilations = tuple(int(draft.one([1, 1, 1, 2, 3])) for _ in range(count))
    pairs = tuple((int(draft.rng.integers(k)), int(draft.rng.integers(k))) for k in sides)
    return {"strides": strides, "dilations": dilations, "padding": draft.one(["SAME", "SAME", "VALID", pairs])}


def _image(draft: Any, count: int) -> tuple[Ref | Leaf, tuple[int, ...], str]:
    """A value at hand with that many axes between examples and channels, or a new one."""
    ref = draft.at_hand(lambda k: k.value.ndim == count + 2 and 0 < k.value.shape[-1] <= 8 and k.value.dtype.name == draft.main)
    if ref is not None and draft.chance(0.7):
        return ref, next(k.value.shape for k in draft.pool if k.ref == ref), draft.main
    examples = int(draft.one([0, 1, 2, 3])) if draft.chance(0.3) else 2
    shape = (examples, *(int(draft.rng.integers(2, 10)) for _ in range(count)), int(draft.rng.integers(1, 7)))
    return draft.leaf(draft.main, shape), shape, draft.main


def _convolution(draft: Any, takes: str) -> Proposal | None:
    """One of the three of a convolution: `takes` says which of operand x, filter w and result y are its operands."""
    count = int(draft.one([1, 2, 2, 3]))
    x, shape, dtype = _image(draft, count)
    sides = tuple(int(draft.rng.integers(1, 5)) for _ in range(count))
    inner = int(draft.one([d for d in range(1, shape[-1] + 1) if shape[-1] % d == 0]))
    filter_shape = (*sides, inner, shape[-1] // inner * int(draft.rng.integers(1, 4)))
    how = _moving(draft, count, sides)
    if np.prod(shape) * np.prod(sides) > 10_000:
        return None
    try:
        result = output_shape(TensorType(np.dtype(dtype), shape), TensorType(np.dtype(dtype), filter_shape), **how)
    except ShapeError:
        return None
    assert result is not None
    operands = {"x": x, "w": draft.leaf(dtype, filter_shape), "y": draft.leaf(dtype, tuple(n for n in result if n is not None))}
    whole = {"wy": (_integers(shape),), "xy": (_integers(filter_shape),)}.get(takes, ())
    return Proposal((*(operands[t] for t in takes), *whole), how)


def _pool(draft: Any) -> Proposal | None:
    """Windows of any size over a value, dilated or in steps."""
    count = int(draft.one([1, 2, 2]))
    x, shape, _ = _image(draft, count)
    window = tuple(int(draft.one([1, 2, 2, 3, 4])) if draft.chance(0.9) else 7 for _ in range(count))
    how = _moving(draft, count, window)
    how["dilations"] = tuple(1 if s > 1 else d for s, d in zip(how["strides"], how["dilations"], strict=True))
    return Proposal((x,), {"window": window, **how})


PROPOSALS: dict[str, Callable[[Any], Proposal | None]] = {
    "reshape": _reshape, "broadcast_to": _broadcast_to, "transpose": _transpose, "strided_slice": _strided_slice, "concat": _concat,
    "pad": _pad, "tile": _tile, "gather": _gather, "scatter_sum": _scatter_sum, "cast": _cast,
    "conv": lambda draft: _convolution(draft, "xw"), "conv_input": lambda draft: _convolution(draft, "wy"),
    "conv_filter": lambda draft: _convolution(draft, "xy"), "max_pool_nd": _pool, "pool_sum": _pool, "pool_mean": _pool, "pool_index": _pool,
}
BY_FAMILY: dict[str, Callable[[Any], Proposal | None]] = {"reduction": _reduction}
