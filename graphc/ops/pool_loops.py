"""The loop nests of pools and of what undoes them: place by place, each with its channels side by side, without a copy for the padding.

Where few enough elements (or windows) meet at a place, all stand in the text. At the border those that are not there are others once more: of
a maximum that changes nothing, and of a sum their part is none. Many are walked in loops, and the result is where they add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..ir.loops import Loop, word
from ..ir.types import TensorType, element_count
from .windows import reach, span, widths

WRITTEN_OUT = 32            # elements of a window, or windows that hold a place, up to which each stands in the text


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


def _indented(lines: Sequence[str], by: int) -> list[str]:
    return [" " * 4 * by + line for line in lines]


def _over_rows(axes: range, size: str, along: Sequence[Sequence[str]], body: Sequence[str]) -> str:
    """Loops over rows lo to hi of places of axes of sizes `size`0, ..., and over each: a0, ... along the axes, `image` of the others.

    What is said `along` an axis is said once for each place of it.
    """
    last = len(axes) - 1
    begin, further = ["image = lo"], list[str]()
    for i in reversed(axes[:-1]):
        begin += [f"a{i} = image % {size}{i}", f"image = image // {size}{i}"]
        further += _indented([f"a{i} += 1", f"if a{i} == {size}{i}:", f"    a{i} = 0"], last - 1 - i)
    further += _indented(["image += 1"], last)
    outer = [line for lines in along[:-1] for line in lines]
    row = [*outer, f"for a{last} in range({size}{last}):", *_indented([f"at = (row * {size}{last} + a{last}) * channels", *along[-1], *body], 1)]
    lines = [*begin, "for row in range(lo, hi):", *_indented([*row, *further], 1)]
    return "\n" + "".join(f"    {line}\n" for line in lines) + "    "


def _flat(size: str, at: Sequence[str]) -> str:
    """Where the channels of a place along axes begin."""
    found = "image"
    for i, place in enumerate(at):
        found = f"({found}) * {size}{i} + {place}"
    return f"({found}) * channels"


def _channels(body: Sequence[str]) -> list[str]:
    return ["for c in range(channels):", *_indented(body, 1)]


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


def _taps(move: Move) -> list[tuple[str, str, str]]:
    """Of all elements of a window, row by row: a name, the number, and where its channels begin, as texts."""
    found = []
    for at in product(*map(range, move.window)):
        number = "0"
        for i in move.axes:
            number = f"({number}) * {move.window[i]} + t{i}_{at[i]}"
        found.append(("_".join(map(str, at)), number, _flat("n", [f"h{i}_{t}" for i, t in enumerate(at)])))
    return found


def _in_loops(move: Move, body: Sequence[str]) -> list[str]:
    """Loops over a window's elements that are no padding: `number` of each, and `from_` where its channels begin."""
    number = "0"
    for i in move.axes:
        number = f"({number}) * {move.window[i]} + t{i}"
    where = _flat("n", [f"h{i} + t{i} * {d}" for i, d in enumerate(move.dilations)])
    lines = [f"number = {number}", f"from_ = {where}", *body]
    for i in reversed(move.axes):
        lines = [f"for t{i} in range(low{i}, high{i} + 1):", *_indented(lines, 1)]
    return lines


def _empty(move: Move) -> str:
    """Whether no element of a window is there."""
    return " | ".join(f"(low{i} > high{i})" for i in move.axes)


def _wrap(types: Any, type: Any, move: Move, along: Sequence[Sequence[str]], lines: Sequence[str], scratch: Any = ()) -> Loop:
    sizes = move.sizes(types[0], type)
    rows = element_count(type.shape[:-2])
    return Loop(_over_rows(move.axes, "m", along, lines), sizes, rows, element_count(type.shape) * prod(move.window), scratch=scratch)


def _unless_empty(move: Move, otherwise: Sequence[str], lines: Sequence[str]) -> list[str]:
    """The lines for windows that have an element, others for those that have none: only dilated ones may."""
    if all(d == 1 for d in move.dilations):
        return [*lines]
    return [f"if {_empty(move)}:", *_indented(otherwise, 1), "else:", *_indented(lines, 1)]


def largest(types: Any, type: Any, **how: Any) -> Loop:
    """The largest element of each window; the least of all numbers of one that has none."""
    move, t, least = Move(**how), word(type.dtype), least_text(type.dtype)
    start = _channels([f"store(out, at + c, {t}({least}))"])
    if prod(move.window) > WRITTEN_OUT:
        step = _channels([f"store(out, at + c, {t}(maximum(load(out, at + c), load(x, from_ + c))))"])
        return _wrap(types, type, move, _reached(move), [*start, *_in_loops(move, step)])
    lines, names = list[str](), []
    for name, _, where in _taps(move):
        lines.append(f"x{name} = {where}")
        names.append(f"load(x, x{name} + c)")
    best = [f"v = {names[0]}", *(f"v = maximum(v, {x})" for x in names[1:]), "store(out, at + c, v)"]
    return _wrap(types, type, move, _clamped(move), _unless_empty(move, start, [*lines, *_channels(best)]))


def least_text(dtype: Any) -> str:
    """What no other number is less than."""
    return "-inf" if dtype.kind == "f" else str(np.iinfo(dtype).min)


def _better(dtype: Any, x: str, best: str) -> str:
    """Whether an element takes the place of the best before it: a larger one, or the first nan."""
    return f"({x} > {best})" + (f" | (({x} != {x}) & ({best} == {best}))" if dtype.kind == "f" else "")


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
                 *_channels([f"store({result}, at + c, {n}(first))", f"store({best}, at + c, {t}({least}))"])]
        step = _channels(["v = load(x, from_ + c)", f"best = load({best}, at + c)", f"better = {_better(dtype, 'v', 'best')}",
                          f"store({result}, at + c, {n}(select(better, {n}(number), load({result}, at + c))))",
                          f"store({best}, at + c, select(better, v, best))"])
        scratch = [] if value is not None else [(dtype, element_count(index.shape))]
        return _wrap(types, index, move, _reached(move), [*start, *_in_loops(move, step)], scratch)
    lines, body = list[str](), list[str]()
    for name, number, where in _taps(move):
        lines += [f"x{name} = {where}", f"k{name} = {n}({number})"]
        if not body:
            body += [f"best = load(x, x{name} + c)", f"found = k{name}"]
            continue
        body += [f"v = load(x, x{name} + c)", f"better = {_better(dtype, 'v', 'best')}", f"found = select(better, k{name}, found)",
                 "best = select(better, v, best)"]
    none = [f"store({result}, at + c, {n}(0))"]
    body.append(f"store({result}, at + c, found)")
    if value is not None:
        none.append(f"store(value, at + c, {t}({least}))")
        body.append("store(value, at + c, best)")
    return _wrap(types, index, move, _clamped(move), _unless_empty(move, _channels(none), [*lines, *_channels(body)]))


def totals(types: Any, type: Any, **how: Any) -> Loop:
    """The sum of each window."""
    move, t = Move(**how), word(type.dtype)
    border = [*_channels([f"store(out, at + c, {t}(0))"]),
              *_in_loops(move, _channels([f"store(out, at + c, {t}(load(out, at + c) + load(x, from_ + c)))"]))]
    if prod(move.window) > WRITTEN_OUT:
        return _wrap(types, type, move, _reached(move), border)
    inside = " & ".join(f"(low{i} == 0) & (high{i} == {k - 1})" for i, k in enumerate(move.window))
    along, total, lines = _reached(move), "", list[str]()
    for i, (k, d) in enumerate(zip(move.window, move.dilations, strict=True)):
        along[i] += [f"h{i}_{t} = h{i} + {t * d}" for t in range(k)]
    for name, _, where in _taps(move):
        lines.append(f"x{name} = {where}")
        total = f"{t}({total} + load(x, x{name} + c))" if total else f"load(x, x{name} + c)"
    lines += _channels([f"store(out, at + c, {total})"])
    return _wrap(types, type, move, along, [f"if {inside}:", *_indented(lines, 1), "else:", *_indented(border, 1)])


def taken(types: Any, type: Any, **how: Any) -> Loop:
    """The element of each window that an index names; 0 where that is padding."""
    move, t = Move(**how), word(type.dtype)
    lines, inside = ["rest = int64(load(index, at + c))"], []
    for i in reversed(move.axes):
        k, d = move.window[i], move.dilations[i]
        lines += [f"t{i} = rest % {k}", f"rest = rest // {k}"] if i else ["t0 = rest"]
        lines += [f"p{i} = h{i} + t{i} * {d}"]
        inside.append(f"(p{i} >= 0) & (p{i} < n{i})")
    where = _flat("n", [f"p{i}" for i in move.axes])
    lines += [f"if {' & '.join(inside)}:", f"    store(out, at + c, load(x, {where} + c))", "else:", f"    store(out, at + c, {t}(0))"]
    return _wrap(types, type, move, _reached(move), _channels(lines))


# ---------------------------------------------------------------------- windows that hold a place

def _holding(move: Move) -> tuple[list[list[str]], list[range]]:
    """Along each axis the windows that may hold a place: which, `w`, of those that do, and which of its elements the place is, `t`; else -1.

    With a stride s the place a * s + r of the padded axis is element r + e * s of the window a - e; dilated windows move by 1.
    """
    along, steps = [], []
    for i, (k, s, d) in enumerate(zip(move.window, move.strides, move.dilations, strict=True)):
        many = range(reach(k, s, d) // (d if s == 1 else 1) + 1)
        lines = [f"q{i} = a{i} + before{i}"]
        for e in many:
            element = f"{e}" if s == 1 else f"q{i} - w{i}_{e} * {s}"
            lines += [f"w{i}_{e} = q{i} - {e * d}" if s == 1 else f"w{i}_{e} = q{i} // {s} - {e}",
                      f"t{i}_{e} = {element}",
                      f"there{i}_{e} = (w{i}_{e} >= 0) & (w{i}_{e} < m{i}) & (t{i}_{e} < {k})",
                      f"w{i}_{e} = minimum(maximum(w{i}_{e}, 0), m{i} - 1)"]
        along.append(lines)
        steps.append(many)
    return along, steps


def _wrap_back(types: Any, type: Any, move: Move, along: Sequence[Sequence[str]], lines: Sequence[str]) -> Loop:
    sizes = move.sizes(type, types[0])
    rows = element_count(type.shape[:-2])
    return Loop(_over_rows(move.axes, "n", along, lines), sizes, rows, element_count(type.shape) * _many(move))


def _each_window(move: Move) -> tuple[list[list[str]], list[str], list[tuple[str, str, str]]]:
    """What comes before along each axis and at a place; of each window that may hold it a name, the number of its element, and whether it does."""
    along, steps = _holding(move)
    lines, found = list[str](), []
    for at in product(*steps):
        name, number = "_".join(map(str, at)), "0"
        for i in move.axes:
            number = f"({number}) * {move.window[i]} + t{i}_{at[i]}"
        lines.append(f"x{name} = {_flat('m', [f'w{i}_{e}' for i, e in enumerate(at)])}")
        found.append((name, number, " & ".join(f"there{i}_{e}" for i, e in enumerate(at))))
    return along, lines, found


def _windows_in_loops(move: Move, body: Sequence[str]) -> list[str]:
    """Loops over the windows that hold a place: `number` of the element that it is, and `from_` where a window's channels begin."""
    number = "0"
    for i in move.axes:
        number = f"({number}) * {move.window[i]} + t{i}"
    lines = [f"number = {number}", f"from_ = {_flat('m', [f'w{i}' for i in move.axes])}", *body]
    for i in reversed(move.axes):
        k, s, d = move.window[i], move.strides[i], move.dilations[i]
        if s == 1:
            lines = [f"for t{i} in range(maximum(a{i} + before{i} - m{i} + {d}, 0) // {d}, minimum((a{i} + before{i}) // {d} + 1, {k})):",
                     f"    w{i} = a{i} + before{i} - t{i} * {d}", *_indented(lines, 1)]
        else:
            first = f"maximum(a{i} + before{i} - {span(k, d) - 1} + {s - 1}, 0) // {s}"
            lines = [f"for w{i} in range({first}, minimum((a{i} + before{i}) // {s} + 1, m{i})):", f"    t{i} = a{i} + before{i} - w{i} * {s}",
                     *_indented(lines, 1)]
    return lines


def _many(move: Move) -> int:
    """Windows that may hold a place."""
    return prod(reach(k, s, d) // (d if s == 1 else 1) + 1 for k, s, d in zip(move.window, move.strides, move.dilations, strict=True))


def put_back(types: Any, type: Any, **how: Any) -> Loop:
    """At each place the sum of g over the windows whose index names it."""
    move, t, n = Move(**how), word(type.dtype), word(types[1].dtype)
    if _many(move) > WRITTEN_OUT:
        part = f"select(load(index, from_ + c) == {n}(number), load(g, from_ + c), {t}(0))"
        lines = [*_channels([f"store(out, at + c, {t}(0))"]),
                 *_windows_in_loops(move, _channels([f"store(out, at + c, {t}(load(out, at + c) + {part}))"]))]
        return _wrap_back(types, type, move, [[]] * len(move.axes), lines)
    along, lines, windows = _each_window(move)
    total = ""
    for name, number, there in windows:
        lines.append(f"k{name} = {n}(select({there}, {number}, int64(-1)))")
        part = f"select(load(index, x{name} + c) == k{name}, load(g, x{name} + c), {t}(0))"
        total = f"{t}({total} + {part})" if total else part
    return _wrap_back(types, type, move, along, [*lines, *_channels([f"store(out, at + c, {total})"])])


def spread_back(types: Any, type: Any, **how: Any) -> Loop:
    """At each place the sum of g over the windows that hold it."""
    move, t = Move(**how), word(type.dtype)
    border = [*_channels([f"store(out, at + c, {t}(0))"]),
              *_windows_in_loops(move, _channels([f"store(out, at + c, {t}(load(out, at + c) + load(g, from_ + c)))"]))]
    if _many(move) > WRITTEN_OUT:
        return _wrap_back(types, type, move, [[]] * len(move.axes), border)
    along, lines, windows = _each_window(move)
    total = ""
    for name, _, _ in windows:
        total = f"{t}({total} + load(g, x{name} + c))" if total else f"load(g, x{name} + c)"
    everywhere = " & ".join(dict.fromkeys(there for _, _, all_there in windows for there in all_there.split(" & ")))
    lines = [*lines, f"if {everywhere}:", *_indented(_channels([f"store(out, at + c, {total})"]), 1), "else:", *_indented(border, 1)]
    return _wrap_back(types, type, move, along, lines)
