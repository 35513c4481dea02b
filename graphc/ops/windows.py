"""Windows that move over the axes before the last one: where they lie, their elements as a view, and what adds them back up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.graph import get_default_graph
from ..ir.node import OPERATORS, Node
from ..ir.operator import Values, constant_node, declare
from ..ir.sizes import alike, fixed, maximum
from ..ir.types import Array, Shape, TensorType, compatible, shape_str
from .array_join import between
from .array_move import Placement, Types, broadcast_to, concrete, expand_dims, reshape, shape, transpose, vector_shape

Pairs = tuple[tuple[int, int], ...]
WRITTEN_OUT = 64            # summands up to which a sum over the windows that hold a place is one expression
LARGEST = 2**31 - 1         # of a stride, a dilation, a window's side or a padding
_ALL = ("slice", None, None, None)


# ---------------------------------------------------------------------- attributes

def sides(given: Any, what: str, count: int | None = None) -> tuple[int, ...]:
    """Positive whole numbers, one for each axis that a window moves over; ShapeError, DTypeError: they are none."""
    many = tuple(given) if isinstance(given, (list, tuple, np.ndarray)) else (given,)
    for n in many:
        if isinstance(n, (bool, np.bool_)) or not isinstance(n, (int, np.integer)):
            raise DTypeError(f"{what} must be whole numbers, not {given!r:.60}")
        if not 1 <= n <= LARGEST:
            raise ShapeError(f"{what} must be positive and at most {LARGEST}, not {given!r:.60}")
    if not many or (count is not None and len(many) != count):
        raise ShapeError(f"{what} must be {'one or more' if count is None else count} numbers, one for each axis that windows move over, "
                         f"not {given!r:.60}")
    return tuple(int(n) for n in many)


def paddings(given: Any, count: int) -> str | Pairs:
    """"SAME", "VALID", or a pair for each axis that a window moves over; ShapeError for anything else."""
    if isinstance(given, str):
        if given.upper() not in ("SAME", "VALID"):
            raise ShapeError(f"padding is \"SAME\", \"VALID\" or pairs of numbers, not {given!r:.60}")
        return given.upper()
    try:
        pairs = tuple((int(a.__index__()), int(b.__index__())) for a, b in given)
    except (AttributeError, TypeError, ValueError):
        raise ShapeError(f"padding is \"SAME\", \"VALID\" or pairs of numbers, not {given!r:.60}") from None
    if len(pairs) != count or not all(0 <= n <= LARGEST for pair in pairs for n in pair):
        raise ShapeError(f"padding must be {count} pairs of numbers that are not negative, one for each axis that windows move over, "
                         f"not {given!r:.60}")
    return pairs


def window_attrs(types: Types, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> dict[str, Any]:
    """The attributes of what moves a window of given sides; a single number stands for all axes."""
    window = sides(window, "the window's sides")
    return {"window": window, **movement(len(window), strides, padding, dilations)}


def movement(count: int, strides: Any, padding: Any, dilations: Any) -> dict[str, Any]:
    """How windows move over that many axes."""
    strides, dilations = (sides((x,) * count if isinstance(x, int) else x, what, count) for x, what in
                          ((strides, "strides"), (dilations, "dilations")))
    return {"strides": strides, "padding": paddings(padding, count), "dilations": dilations}


# ---------------------------------------------------------------------- where windows lie

def span(window: int, dilation: int) -> int:
    """From a window's first element to behind its last one."""
    return (window - 1) * dilation + 1


def widths(dims: Sequence[Any], window: Sequence[int], strides: Sequence[int], padding: str | Pairs,
           dilations: Sequence[int]) -> list[tuple[Any, Any]]:
    """What is put before and behind each axis of a known size; with "SAME", the odd one goes behind."""
    if not isinstance(padding, str):
        return list(padding)
    if padding == "VALID":
        return [(0, 0)] * len(dims)
    found = []
    for n, k, s, d in zip(dims, window, strides, dilations, strict=True):
        missing = maximum((-(-n // s) - 1) * s + span(k, d) - n, 0)
        before = missing // 2
        found.append((before, missing - before))
    return found


def edges(dims: Sequence[int], window: Sequence[int], strides: Sequence[int], padding: str | Pairs,
          dilations: Sequence[int]) -> list[tuple[int, int]]:
    """What `widths` says, by other means: for references, which share no code with what is compiled."""
    found: list[tuple[int, int]] = []
    for i, (n, k, s, d) in enumerate(zip(dims, window, strides, dilations, strict=True)):
        if isinstance(padding, tuple):
            found.append(padding[i])
            continue
        last = len(range(0, n, s)) * s - s + d * k - d              # the last element of the last window, if the first begins at 0
        missing = max(0, last - n + 1) if padding == "SAME" else 0
        found.append((missing // 2, (missing + 1) // 2))
    return found


def places(dims: Sequence[Any], window: Sequence[Any], strides: Sequence[int], padding: str | Pairs, dilations: Sequence[int],
           what: str = "the window") -> tuple[Any, ...]:
    """How many windows there are along each axis, None where a size is not known; ShapeError: not one that is whole."""
    counts: list[Any] = []
    for i, (n, k, s, d) in enumerate(zip(dims, window, strides, dilations, strict=True)):
        if n is None or (k is None and padding != "SAME"):
            counts.append(None)
        elif padding == "SAME":
            counts.append(-(-n // s))
        else:
            before, after = (0, 0) if isinstance(padding, str) else padding[i]
            room = n + before + after - span(k, d)
            if room < 0:
                raise ShapeError(f"{what} spans {span(k, d)} elements{f' (dilated by {d})' if d > 1 else ''}, "
                                 f"axis {i} of those it moves over has {n + before + after}{' with its padding' if before + after else ''}")
            counts.append(room // s + 1)
    return tuple(counts)


def split_shape(t: TensorType, count: int) -> tuple[Shape, Shape, int | None] | None:
    """A shape as (axes before, the last `count` ones that windows move over, channels); None if the rank is unknown."""
    if t.shape is None:
        return None
    if len(t.shape) <= count:
        raise ShapeError(f"an operand of rank {len(t.shape)} has no {count} axes that windows move over, and channels behind them")
    at = len(t.shape) - count - 1
    return t.shape[:at], t.shape[at:-1], t.shape[-1]


def padded(x: Node, axis: int, before: Any, after: Any, value: Any = 0) -> Node:
    """x with so many elements of one value around it along an axis; of a negative number, so many cut off."""
    if before < 0 or after < 0:
        begin, end = (-before if before < 0 else 0), (after if after < 0 else 0)
        size = dims_of(x)[axis]
        x = cut(x, axis, begin, size + end - begin)
        before, after = 0 if before < 0 else before, 0 if after < 0 else after
    return between(x, axis, before, after, value)


def nothing(t: TensorType, dims: Sequence[Any], padding: str | Pairs) -> Node | None:
    """Zeros in place of a result, if there are no windows: an axis without elements has none with "SAME"."""
    if padding != "SAME" or not any(alike(n, 0) for n in dims):
        return None
    return broadcast_to(constant_node(get_default_graph(), np.zeros((), t.dtype)), list(t.shape or ()))


def dims_of(x: Node) -> tuple[Any, ...]:
    """The sizes of a tensor whose sizes are known, or open."""
    assert x.type.shape is not None
    return x.type.shape


def cut(x: Node, axis: int, begin: Any, size: Any, step: int = 1) -> Node:
    """`size` elements along an axis, from `begin` on."""
    if step == 1 and alike(begin, 0) and alike(size, dims_of(x)[axis]):
        return x
    end = begin + (size - 1) * step + 1
    return OPERATORS["strided_slice"](x, index=(*[_ALL] * axis, ("slice", begin, end, step)))


def tap(x: Node, taps: Sequence[int], first: int, behind: int) -> Node:
    """The elements of a tensor's axes from `first` on that lie at fixed places, without these axes."""
    return OPERATORS["strided_slice"](x, index=(*[_ALL] * first, *(("int", t) for t in taps), *[_ALL] * behind))


def surrounded(x: Node, dims: Sequence[Any], window: Sequence[int], strides: Sequence[int], padding: str | Pairs, dilations: Sequence[int],
               value: Any = 0) -> Node:
    """x with its padding, so that all windows lie within."""
    first = len(dims_of(x)) - len(dims) - 1
    for axis, (before, after) in enumerate(widths(dims, window, strides, padding, dilations), first):
        x = padded(x, axis, before, after, value)
    return x


# ---------------------------------------------------------------------- their elements

def _windows_type(types: Types, values: Values, window: tuple[int, ...], strides: tuple[int, ...], dilations: tuple[int, ...]) -> TensorType:
    parts = split_shape(types[0], len(window))
    if parts is None:
        return TensorType(types[0].dtype, None)
    lead, dims, channels = parts
    return TensorType(types[0].dtype, (*lead, *places(dims, window, strides, "VALID", dilations), *window, channels))


def _windows_view(shape: Any, own: Any, /, out_shape: Any, window: Any, strides: Any, dilations: Any) -> Placement:
    at = len(shape) - len(window) - 1
    outer = tuple(o * s for o, s in zip(own[at:-1], strides, strict=True))
    inner = tuple(o * d for o, d in zip(own[at:-1], dilations, strict=True))
    return tuple(out_shape), (*own[:at], *outer, *inner, own[-1]), 0


def _unpadded(types: Types, window: Any, strides: Any, dilations: Any) -> dict[str, Any]:
    attrs = window_attrs(types, window, strides, "VALID", dilations)
    return {key: attrs[key] for key in ("window", "strides", "dilations")}


_WINDOWS = (([(2, 5, 3)], {"window": (2,), "strides": (2,)}), ([(5, 6, 2)], {"window": (3, 2), "strides": (1, 2), "dilations": (2, 1)}),
            ([(0, 4, 3, 1)], {"window": (2, 3), "strides": (1, 1)}), ([(7, 1)], {"window": (2,), "strides": (2,), "dilations": (3,)}))


def _windows_grad(g: Node, y: Node, x: Node, **attrs: Any) -> tuple[Node]:
    return (overlaid(g, shape(x), **attrs),)


@declare("view", _windows_type, prepare=_unpadded, view=_windows_view, grad=_windows_grad, samples=_WINDOWS)
def windows(x: Any, *, window: Any, strides: Any, dilations: Any = 1) -> Any:
    """The elements of all windows: any[..., *sizes, c] -> any[..., *places, *window, c]."""
    count = len(window)
    axes = tuple(range(x.ndim - count - 1, x.ndim - 1))
    spans = tuple(span(k, d) for k, d in zip(window, dilations, strict=True))
    seen = np.lib.stride_tricks.sliding_window_view(x, spans, axes)
    outer = tuple(slice(None, None, s) for s in strides)
    inner = tuple(slice(None, None, d) for d in dilations)
    index: tuple[Any, ...] = (..., *outer, slice(None), *inner)
    return np.moveaxis(seen[index], axes[-1] + 1, -1)


def _overlaid_type(types: Types, values: Values, **attrs: Any) -> TensorType:
    y, whole = types
    if y.dtype.kind == "b":
        raise DTypeError("booleans are not numbers")
    dims = vector_shape(whole, values[1], "whole")
    if dims is None:
        return TensorType(y.dtype, None)
    fits = _windows_type([TensorType(y.dtype, dims)], (), **attrs)
    if not compatible(fits.shape, y.shape):
        raise ShapeError(f"the windows of a tensor of shape {shape_str(dims)} have shape {shape_str(fits.shape)}, not {shape_str(y.shape)}")
    return TensorType(y.dtype, dims)


def _overlaid_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, **attrs: Any) -> Node:
    if not out_type.known or not types[0].known:
        return node
    count, dims = len(attrs["window"]), concrete(out_type)
    return added_up(inputs[0], dims[-count - 1:-1], **attrs)


def _overlaid_samples() -> Iterable[Any]:
    for (x,), attrs in _WINDOWS:
        full = {"dilations": (1,) * len(attrs["window"]), **attrs}
        yield [_windows_type([TensorType(np.dtype("float64"), x)], (), **full).shape, np.array(x)], attrs


@declare("windowed", _overlaid_type, by_value=(1,), fixed={"whole": "int32"}, complex=True,
         prepare=lambda types, **attrs: _unpadded(types[:1], **attrs),
         lower=_overlaid_lower, weak=False, batch="leading", grad=lambda h, y, parts, whole, **attrs: (windows(h, **attrs), None),
         samples=tuple(_overlaid_samples()))
def overlaid(y: Any, whole: Any, *, window: Any, strides: Any, dilations: Any = 1) -> Any:
    """Zeros of shape `whole` with the elements of windows added where they lie: the transpose of `windows`."""
    out = np.zeros(tuple(np.asarray(whole).tolist()), y.dtype)
    lead, count = (slice(None),) * (out.ndim - len(window) - 1), len(window)
    counts = y.shape[len(lead):len(lead) + count]
    for at in product(*map(range, window)):
        there = tuple(slice(t * d, t * d + n * s, s) for t, d, n, s in zip(at, dilations, counts, strides, strict=True))
        out[(*lead, *there)] += y[(*lead, *(slice(None),) * count, *at)]
    return out


def reach(window: int, stride: int, dilation: int) -> int:
    """How many windows before the last one that begins at or before an element may hold it too."""
    return (window - 1) * dilation // stride


def added_up(y: Node, dims: Sequence[Any], window: Sequence[int], strides: Sequence[int], dilations: Sequence[int], ready: bool = False) -> Node:
    """The elements of windows [..., *places, *window, c] added up where they lie within axes of sizes `dims`: axis by axis.

    The place q along an axis is a * stride + r: it is element r + e * stride of the window a - e, for each e up to `reach`. `ready`: there are so
    many more windows before the first, and as many behind the last as there are rows of `stride` elements; else these are zeros.
    """
    rank, count = len(dims_of(y)), len(window)
    lead = rank - 2 * count - 1
    for i in range(count):
        # The axes are by now: those before, `dims` of the axes that are done, places of the others, their sides, the channels.
        y = _added_axis(y, lead + i, lead + count, dims[i], window[i], strides[i], dilations[i], ready)
    return y


def _added_axis(y: Node, axis: int, side: int, n: Any, window: int, stride: int, dilation: int, ready: bool) -> Node:
    """Of `added_up`, one axis: places at `axis` and the elements of windows at `side` become n elements at `axis`."""
    if dilation > 1 and stride > 1:
        y, window, dilation = _apart(y, side, window, dilation), span(window, dilation), 1
    step, far = dilation if stride == 1 else 1, reach(window, stride, dilation)
    rows = -(-n // stride)                      # of `stride` elements each
    if not ready:
        y = padded(y, axis, far, rows - dims_of(y)[axis])
    y = padded(y, side, 0, -window % stride)
    total: Any = None
    for e in range(0, far + 1, step):
        part = cut(cut(y, axis, far - e, rows), side, e // step * stride, stride)
        total = part if total is None else OPERATORS["add"](total, part)
    rank = len(dims_of(y))
    order = [*range(axis + 1), side, *(i for i in range(axis + 1, rank) if i != side)]
    shown = transpose(total, order)
    sizes = dims_of(shown)
    return cut(reshape(shown, [*sizes[:axis], rows * stride, *sizes[axis + 2:]]), axis, 0, n)


def _apart(x: Node, axis: int, window: int, dilation: int) -> Node:
    """An axis of a window with the zeros between that a dilation means."""
    y = between(expand_dims(x, axis + 1), axis + 1, 0, dilation - 1)
    sizes = dims_of(y)
    merged = reshape(y, [*sizes[:axis], window * dilation, *sizes[axis + 2:]])
    return cut(merged, axis, 0, span(window, dilation))


def gathered(parts: Sequence[tuple[Node, Any]], dims: Sequence[Any], around: Sequence[tuple[Any, Any]], window: Sequence[int],
             strides: Sequence[int], dilations: Sequence[int], term: Callable[[list[Node], Array], Node], beyond: bool = False) -> Node:
    """For each place within axes of sizes `dims` a sum over the windows that hold it, in one fused kernel: [..., *dims, c].

    `parts` are values for each window [..., *places, c], and what stands for a window that is not there. `term` makes a summand of these for
    some windows, and of which element of its window a place is, row by row, negative where it is none: an array that broadcasts against them.
    Of few windows each is a summand, unless those `beyond` the first and the last count, too. Else there is one for each number of windows
    between a place and the window that begins before it; many of these are summed in loops.
    """
    counts = dims_of(parts[0][0])[-len(window) - 1:-1]
    steps = [range(0, reach(k, s, d) + 1, d if s == 1 else 1) for k, s, d in zip(window, strides, dilations, strict=True)]
    few = prod(map(len, steps))
    if not beyond and all(map(fixed, (*counts, *dims))) and prod(counts) < few and prod(counts) <= WRITTEN_OUT:
        return _window_by_window(parts, counts, dims, around, window, strides, dilations, term)
    nodes, rows = _surrounded_places(parts, dims, around, window, strides, dilations)
    lead = len(dims_of(nodes[0])) - len(window) - 1
    far = [steps_of[-1] for steps_of in steps]
    if few <= WRITTEN_OUT:
        total: Any = None
        for before in product(*steps):
            there = [_by_rows(x, lead, [f - e for f, e in zip(far, before, strict=True)], rows) for x in nodes]
            part = term(there, _numbers([[e] for e in before], window, strides, dilations).reshape(_rested(strides)))
            total = part if total is None else OPERATORS["add"](total, part)
    else:
        slices = [windows(x, window=tuple(map(len, steps)), strides=(1,) * len(window), dilations=tuple(r.step for r in steps)) for x in nodes]
        there = [expand_dims(x, tuple(lead + 2 * i + 1 for i in range(len(window)))) for x in slices]
        numbers = _numbers([r[::-1] for r in steps], window, strides, dilations)
        axes = range(lead + 2 * len(window), lead + 3 * len(window))
        total = OPERATORS["reduce_sum"](term(there, numbers.reshape([*_rested(strides)[:-1], *map(len, steps), 1])), axis=tuple(axes))
    return _from_rows(total, [*dims_of(nodes[0])[:lead]], rows, dims_of(nodes[0])[-1], dims, around, strides)


def _surrounded_places(parts: Sequence[tuple[Node, Any]], dims: Sequence[Any], around: Sequence[tuple[Any, Any]], window: Sequence[int],
                       strides: Sequence[int], dilations: Sequence[int]) -> tuple[list[Node], list[Any]]:
    """Values for each window, with those that are not there as far as places reach; and how many rows of `stride` places axes have.

    The place a * stride + r, with its padding, is element (r + e * stride) / dilation of the window a - e: for each e the same slice,
    whatever r is.
    """
    nodes, rows = [x for x, _ in parts], []
    lead = len(dims_of(nodes[0])) - len(window) - 1
    for i, (n, (before, _), k, s, d) in enumerate(zip(dims, around, window, strides, dilations, strict=True)):
        first, far = before // s, reach(k, s, d)        # the row in which the axis begins
        far = far // d * d if s == 1 else far
        rows.append(-(-(before + n) // s) - first)
        behind = rows[-1] + first - dims_of(nodes[0])[lead + i]
        nodes = [padded(x, lead + i, far - first, behind, value) for x, (_, value) in zip(nodes, parts, strict=True)]
    return nodes, rows


def _from_rows(total: Node, lead_dims: list[Any], rows: Sequence[Any], channels: Any, dims: Sequence[Any], around: Sequence[tuple[Any, Any]],
               strides: Sequence[int]) -> Node:
    """[..., *(rows, strides), c] as [..., *dims, c]: without the places of padding."""
    wide = broadcast_to(total, [*lead_dims, *(n for a, s in zip(rows, strides, strict=True) for n in (a, s)), channels])
    found = reshape(wide, [*lead_dims, *(a * s for a, s in zip(rows, strides, strict=True)), channels])
    for i, (n, (before, _), s) in enumerate(zip(dims, around, strides, strict=True)):
        found = cut(found, len(lead_dims) + i, before % s, n)
    return found


def _window_by_window(parts: Sequence[tuple[Node, Any]], counts: Sequence[Any], dims: Sequence[Any], around: Sequence[tuple[Any, Any]],
                      window: Sequence[int], strides: Sequence[int], dilations: Sequence[int], term: Callable[[list[Node], Array], Node]) -> Node:
    lead = len(dims_of(parts[0][0])) - len(window) - 1
    total: Any = None
    for at in np.ndindex(*map(int, counts)):
        numbers: Any = np.zeros((), np.int64)
        for i, (n, (before, _), o, k, s, d) in enumerate(zip(dims, around, at, window, strides, dilations, strict=True)):
            distance = np.arange(int(n)) + int(before) - o * s
            inside = (distance % d == 0) & (distance >= 0) & (distance // d < k)
            numbers = np.add.outer(numbers, np.where(inside, distance // d * prod(window[i + 1:]), -prod(window) * 2))
        slices = []
        for x, _ in parts:
            for i, o in enumerate(at):
                x = cut(x, lead + i, o, 1)
            slices.append(x)
        part = term(slices, np.where(numbers >= 0, numbers, -2).astype(np.int32)[..., None])
        total = part if total is None else OPERATORS["add"](total, part)
    first = dims_of(parts[0][0])
    return broadcast_to(total, [*first[:lead], *dims, first[-1]])


def _rested(strides: Sequence[int]) -> list[int]:
    """The shape, [1, s, 1, t, 1], of what differs by where in its row a place is."""
    return [*(n for s in strides for n in (1, s)), 1]


def _by_rows(x: Node, lead: int, begins: Sequence[Any], rows: Sequence[Any]) -> Node:
    """Slices of places, each axis with one of size 1 behind it: [..., a, 1, b, 1, c]."""
    for i, (begin, n) in enumerate(zip(begins, rows, strict=True)):
        x = cut(x, lead + i, begin, n)
    return expand_dims(x, tuple(lead + 2 * i + 1 for i in range(len(rows))))


def _numbers(before: Sequence[Sequence[int]], window: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> Array:
    """Which element of a window, row by row, lies at each place of a row, if the window begins so many rows before; -2 for none.

    [*strides, *numbers of rows before], for each axis in order.
    """
    count = len(window)
    total: Any = np.zeros((), np.int64)
    for i, (far, k, s, d) in enumerate(zip(before, window, strides, dilations, strict=True)):
        distance = np.arange(s)[:, None] + np.array(far) * s
        inside = (distance % d == 0) & (distance // d < k)
        own = np.where(inside, distance // d * prod(window[i + 1:]), -prod(window) * 2)
        total = total + own.reshape([n if a in (i, count + i) else 1 for a, n in enumerate([*strides, *map(len, before)])])
    return np.where(total >= 0, total, -2).astype(np.int32)
