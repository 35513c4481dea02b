"""The loop nests of pools: window by window, each with its channels side by side, without a copy for the padding.

Few elements of a window all stand in the text. At the border those that are not there are others once more: of a maximum that changes nothing,
and of a sum their part is none. Many are walked in loops, and the result is where they add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..ir.loops import Loop, word
from ..ir.types import TensorType, element_count
from .windows import widths

WRITTEN_OUT = 32            # elements of a window up to which each stands in the text


class Move(NamedTuple):
    """How windows move over axes: the attributes of all pools."""

    window: tuple[int, ...]
    strides: tuple[int, ...]
    padding: Any
    dilations: tuple[int, ...]

    @property
    def axes(self) -> range:
        """The axes, by number."""
        return range(len(self.window))

    def sizes(self, elements: TensorType, windows: TensorType) -> dict[str, Any]:
        """The names of sizes in texts: elements n, windows m and padding before them along each axis, and channels."""
        assert elements.shape is not None and windows.shape is not None
        dims = elements.shape[-len(self.window) - 1:-1]
        found = {"channels": elements.shape[-1]}
        for i, (before, _) in enumerate(widths(dims, self.window, self.strides, self.padding, self.dilations)):
            found |= {f"n{i}": dims[i], f"m{i}": windows.shape[i - len(self.window) - 1], f"before{i}": before}
        return found


def indented(lines: Sequence[str], by: int) -> list[str]:
    return [" " * 4 * by + line for line in lines]


def over_rows(axes: range, size: str, along: Sequence[Sequence[str]], body: Sequence[str]) -> str:
    """Loops over rows lo to hi of places of axes of sizes `size`0, ..., and over each: a0, ... along the axes, `image` of the others.

    What is said `along` an axis is said once for each place of it.
    """
    last = len(axes) - 1
    begin, further = ["image = lo"], list[str]()
    for i in reversed(axes[:-1]):
        begin += [f"a{i} = image % {size}{i}", f"image = image // {size}{i}"]
        further += indented([f"a{i} += 1", f"if a{i} == {size}{i}:", f"    a{i} = 0"], last - 1 - i)
    further += indented(["image += 1"], last)
    outer = [line for lines in along[:-1] for line in lines]
    row = [*outer, f"for a{last} in range({size}{last}):", *indented([f"at = (row * {size}{last} + a{last}) * channels", *along[-1], *body], 1)]
    lines = [*begin, "for row in range(lo, hi):", *indented([*row, *further], 1)]
    return "\n" + "".join(f"    {line}\n" for line in lines) + "    "


def flat(size: str, at: Sequence[str]) -> str:
    """Where the channels of a place along axes begin."""
    found = "image"
    for i, place in enumerate(at):
        found = f"({found}) * {size}{i} + {place}"
    return f"({found}) * channels"


def each_channel(body: Sequence[str]) -> list[str]:
    return ["for c in range(channels):", *indented(body, 1)]


# ---------------------------------------------------------------------- elements of a window

def _reached(move: Move) -> list[list[str]]:
    """Along each axis where the window of a place begins, and the first and the last of its elements that are no padding."""
    return [[f"h{i} = a{i} * {s} - before{i}", f"low{i} = maximum({d - 1} - h{i}, 0) // {d}",
             f"high{i} = minimum({d * k} + n{i} - 1 - h{i}, {d * (2 * k - 1)}) // {d} - {k}"]
            for i, (k, s, d) in enumerate(zip(move.window, move.strides, move.dilations, strict=True))]


def _clamped(move: Move) -> list[list[str]]:
    """Also the elements 0, 1, ... of a window, those in the padding replaced by the nearest that is not: number, and place."""
    found = _reached(move)
    for i, (k, d) in enumerate(zip(move.window, move.dilations, strict=True)):
        for t in range(k):
            found[i] += [f"t{i}_{t} = minimum(maximum({t}, low{i}), high{i})", f"h{i}_{t} = h{i} + t{i}_{t} * {d}"]
    return found


def _taps(move: Move) -> list[tuple[str, str]]:
    """Of all elements of a window, row by row: a name, and where its channels begin, as texts."""
    found = []
    for at in product(*map(range, move.window)):
        found.append(("_".join(map(str, at)), flat("n", [f"h{i}_{t}" for i, t in enumerate(at)])))
    return found


def _in_loops(move: Move, body: Sequence[str]) -> list[str]:
    """Loops over a window's elements that are no padding: `number` of each, and `from_` where its channels begin."""
    number = "0"
    for i in move.axes:
        number = f"({number}) * {move.window[i]} + t{i}"
    where = flat("n", [f"h{i} + t{i} * {d}" for i, d in enumerate(move.dilations)])
    lines = [f"number = {number}", f"from_ = {where}", *body]
    for i in reversed(move.axes):
        lines = [f"for t{i} in range(low{i}, high{i} + 1):", *indented(lines, 1)]
    return lines


def _empty(move: Move) -> str:
    """Whether no element of a window is there."""
    return " | ".join(f"(low{i} > high{i})" for i in move.axes)


def _wrap(types: Any, type: Any, move: Move, along: Sequence[Sequence[str]], lines: Sequence[str], scratch: Any = ()) -> Loop:
    sizes = move.sizes(types[0], type)
    rows = element_count(type.shape[:-2])
    return Loop(over_rows(move.axes, "m", along, lines), sizes, rows, element_count(type.shape) * prod(move.window), scratch=scratch)


def _unless_empty(move: Move, otherwise: Sequence[str], lines: Sequence[str]) -> list[str]:
    """The lines for windows that have an element, others for those that have none: only dilated ones may."""
    if all(d == 1 for d in move.dilations):
        return [*lines]
    return [f"if {_empty(move)}:", *indented(otherwise, 1), "else:", *indented(lines, 1)]


def largest(types: Any, type: Any, **how: Any) -> Loop:
    """The largest element of each window; the least of all numbers of one that has none."""
    move, dtype = Move(**how), type.dtype
    t, least = word(dtype), least_text(dtype)
    start = each_channel([f"store(out, at + c, {t}({least}))"])
    if prod(move.window) > WRITTEN_OUT:
        step = each_channel([f"store(out, at + c, {t}(maximum(load(out, at + c), load(x, from_ + c))))"])
        return _wrap(types, type, move, _reached(move), [*start, *_in_loops(move, step)])
    taps = _taps(move)
    lines = [f"x{name} = {where}" for name, where in taps]
    found = f"select({_no_number(len(taps))}, {t}(inf - inf), best)" if dtype.kind == "f" else "best"
    best = [*_compared(taps), f"store(out, at + c, {found})"]
    return _wrap(types, type, move, _clamped(move), _unless_empty(move, start, [*lines, *each_channel(best)]))


def _compared(taps: Sequence[tuple[str, str]]) -> list[str]:
    """The elements of a window, `v0` and so on, and the largest of them, if no other than the first is nan."""
    lines = [f"v{i} = load(x, x{name} + c)" for i, (name, _) in enumerate(taps)]
    return [*lines, "best = v0", *(f"best = select(v{i} > best, v{i}, best)" for i in range(1, len(taps)))]


def _no_number(count: int) -> str:
    """Whether one of a window's elements is nan: LLVM asks two at once."""
    return " | ".join(f"(v{i} != v{i})" for i in range(count))


def least_text(dtype: Any) -> str:
    """What no other number is less than."""
    return "-inf" if dtype.kind == "f" else str(np.iinfo(dtype).min)


def _better(dtype: Any, x: str, best: str) -> str:
    """Whether an element takes the place of the best before it: a larger one, or the first nan."""
    return f"(not ({x} <= {best})) & ({best} == {best})" if dtype.kind == "f" else f"{x} > {best}"


def first_largest(types: Any, type: Any, **how: Any) -> Loop:
    """The first of each window's largest elements, or its first nan, and its number; the least of all numbers and 0 of one that has none.

    Alone the one or the other.
    """
    value, index = type
    alone = (largest(types, value, **how), _first_largest(types, index, None, **how))
    return _first_largest(types, index, value, **how)._replace(alone=alone)


def _first_largest(types: Any, index: Any, value: Any, **how: Any) -> Loop:
    move, dtype = Move(**how), types[0].dtype
    t, n, least = word(dtype), word(index.dtype), least_text(dtype)
    result = "index" if value is not None else "out"
    if prod(move.window) > WRITTEN_OUT:
        # An element that is the least of all numbers is not larger than what stands for none: the first one that is there counts as that.
        first, best = "0", "value" if value is not None else "scratch0"
        for i in move.axes:
            first = f"({first}) * {move.window[i]} + low{i}"
        start = [f"first = select({_empty(move)}, int64(0), {first})",
                 *each_channel([f"store({result}, at + c, {n}(first))", f"store({best}, at + c, {t}({least}))"])]
        step = each_channel(["v = load(x, from_ + c)", f"best = load({best}, at + c)", f"better = {_better(dtype, 'v', 'best')}",
                          f"store({result}, at + c, {n}(select(better, {n}(number), load({result}, at + c))))",
                          f"store({best}, at + c, select(better, v, best))"])
        scratch = [] if value is not None else [(dtype, element_count(index.shape))]
        return _wrap(types, index, move, _reached(move), [*start, *_in_loops(move, step)], scratch)
    taps = _taps(move)
    stored = ["store(value, at + c, best)"] if value is not None else []
    none = [f"store({result}, at + c, {n}(0))", *([f"store(value, at + c, {t}({least}))"] if value is not None else [])]
    body = [*_compared(taps), f"first = {n}({len(taps) - 1})",
            *(f"first = select(v{i} == best, {n}({i}), first)" for i in _last_first(len(taps) - 1)), f"store({result}, at + c, first)"]
    lines = [f"x{name} = {where}" for name, where in taps]
    if dtype.kind == "f":
        body.append(f"no_number = no_number | {_no_number(len(taps))}")
        lines.append("no_number = boolean(0)")
    lines += [*each_channel([*body, *stored]), *_at_the_border(move, result, n)]
    if dtype.kind == "f":
        lines += ["if no_number:", *indented(_one_by_one(move, dtype, [f"store({result}, at + c, {n}(found))", *stored]), 1)]
    return _wrap(types, index, move, _clamped(move), _unless_empty(move, each_channel(none), lines))


def _last_first(count: int) -> Sequence[int]:
    """In which order elements of a window are asked whether they are the largest: the first of equal ones has the last word."""
    return range(count - 1, -1, -1)


def _one_by_one(move: Move, dtype: Any, stored: Sequence[str]) -> list[str]:
    """For each channel of a window the first of the largest elements, or the first nan, as `best`, and its number as `found`."""
    first, number = flat("n", [f"h{i} + low{i} * {d}" for i, d in enumerate(move.dilations)]), "0"
    for i in move.axes:
        number = f"({number}) * {move.window[i]} + low{i}"
    step = ["v = load(x, from_ + c)", f"better = {_better(dtype, 'v', 'best')}", "best = select(better, v, best)",
            "found = select(better, number, found)"]
    return each_channel([f"best = load(x, {first} + c)", f"found = {number}", *_in_loops(move, step), *stored])


def _at_the_border(move: Move, result: str, dtype: str) -> list[str]:
    """The numbers of elements that windows found which the border cuts: instead of those in the padding the ones that stood for them."""
    lines, number = [f"rest = int64(load({result}, at + c))"], "0"
    for i in reversed(move.axes):
        k = move.window[i]
        lines += [f"t{i} = minimum(maximum(rest % {k}, low{i}), high{i})", f"rest = rest // {k}"]
    for i in move.axes:
        number = f"({number}) * {move.window[i]} + t{i}"
    cut = " | ".join(f"(low{i} > 0) | (high{i} < {k - 1})" for i, k in enumerate(move.window))
    return [f"if {cut}:", *indented(each_channel([*lines, f"store({result}, at + c, {dtype}({number}))"]), 1)]


def totals(types: Any, type: Any, **how: Any) -> Loop:
    """The sum of each window."""
    return _added_up(type, types, Move(**how), mean=False)


def means(types: Any, type: Any, **how: Any) -> Loop:
    """The sum of each window, by how many of its elements are no padding: nan of one that has none."""
    return _added_up(type, types, Move(**how), mean=True)


def _added_up(type: Any, types: Any, move: Move, mean: bool) -> Loop:
    t = word(type.dtype)
    border = [*each_channel([f"store(out, at + c, {t}(0))"]),
              *_in_loops(move, each_channel([f"store(out, at + c, {t}(load(out, at + c) + load(x, from_ + c)))"]))]
    if mean:
        there = " * ".join(f"maximum(high{i} - low{i} + 1, 0)" for i in move.axes)
        border += [f"count = {t}({there})", *each_channel([f"store(out, at + c, {t}(load(out, at + c) / count))"])]
    if prod(move.window) > WRITTEN_OUT:
        return _wrap(types, type, move, _reached(move), border)
    inside = " & ".join(f"(low{i} == 0) & (high{i} == {k - 1})" for i, k in enumerate(move.window))
    along, total, lines = _reached(move), "", list[str]()
    for i, (k, d) in enumerate(zip(move.window, move.dilations, strict=True)):
        along[i] += [f"h{i}_{t} = h{i} + {t * d}" for t in range(k)]
    for name, where in _taps(move):
        lines.append(f"x{name} = {where}")
        total = f"{t}({total} + load(x, x{name} + c))" if total else f"load(x, x{name} + c)"
    lines += each_channel([f"store(out, at + c, {f'{t}({total} / {t}({prod(move.window)}))' if mean else total})"])
    return _wrap(types, type, move, along, [f"if {inside}:", *indented(lines, 1), "else:", *indented(border, 1)])


def taken(types: Any, type: Any, **how: Any) -> Loop:
    """The element of each window that an index names; 0 where that is padding."""
    move, t = Move(**how), word(type.dtype)
    lines, inside = ["rest = int64(load(index, at + c))"], []
    for i in reversed(move.axes):
        k, d = move.window[i], move.dilations[i]
        lines += [f"t{i} = rest % {k}", f"rest = rest // {k}"] if i else ["t0 = rest"]
        lines += [f"p{i} = h{i} + t{i} * {d}"]
        inside.append(f"(p{i} >= 0) & (p{i} < n{i})")
    where = flat("n", [f"p{i}" for i in move.axes])
    lines += [f"if {' & '.join(inside)}:", f"    store(out, at + c, load(x, {where} + c))", "else:", f"    store(out, at + c, {t}(0))"]
    return _wrap(types, type, move, _reached(move), each_channel(lines))
