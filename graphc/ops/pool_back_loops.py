"""The loop nests of what undoes pools: each place takes from the windows that hold it, so that no two threads add to one.

Along an axis with a stride s the places s * b + phase of the padded axis are the block b. At each phase it is known before a run which of the
windows that begin at or before a place may hold it: with a window of 3 and a stride of 2 one, or two. Few of them all stand in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import prod
from typing import Any

from ..ir.loops import Loop, word
from ..ir.types import element_count
from .pool_loops import WRITTEN_OUT, Move, each_channel, flat, indented, over_rows
from .windows import span

PHASES = 8                  # places of a block up to which each stands in the text


def _shared(k: int, s: int, phase: int) -> range:
    """Which of the windows that begin at or before a place may hold it along an axis, counted backwards: of the places at the same phase."""
    return range(max(-(-(k - phase) // s), 0))


def _place(i: int, s: int, phase: int | str) -> str:
    """The place of an axis at a phase of its block: with a stride s a block is the places b * s + phase of the padded axis."""
    return f"(a{i} + first{i}) * {s} + {phase} - before{i}"


def _of_place(move: Move, i: int, phase: int) -> list[str]:
    """Along an axis, of the place at a phase of its block: which it is, whether it is there, and of each window that may hold it the same."""
    k, s, d = move.window[i], move.strides[i], move.dilations[i]
    lines = [f"p{i}_{phase} = {_place(i, s, phase)}", f"in{i}_{phase} = (p{i}_{phase} >= 0) & (p{i}_{phase} < n{i})"]
    for e in _shared(k, s, phase):
        name = f"{i}_{phase}_{e}"
        lines += [f"w{name} = a{i} + first{i} - {e * d}", f"there{name} = (w{name} >= 0) & (w{name} < m{i})",
                  f"w{name} = minimum(maximum(w{name}, 0), m{i} - 1)"]
    return lines


def _at_phases(move: Move, body: Callable[[Sequence[tuple[str, int, str]]], Sequence[str]]) -> tuple[list[list[str]], list[str]]:
    """What comes before along each axis, and for the places at each phase of their blocks a body, in whose text their windows are.

    Of each window there are a name (its channels begin at `x` and the name), the number of its element that the place is, and whether it is there.
    """
    along = [[line for phase in range(s) for line in _of_place(move, i, phase)] for i, s in enumerate(move.strides)]
    lines = list[str]()
    for phases in product(*map(range, move.strides)):
        there = " & ".join(f"in{i}_{phase}" for i, phase in enumerate(phases))
        inside, found = [f"at = {flat('n', [f'p{i}_{phase}' for i, phase in enumerate(phases)])}"], []
        for at in product(*map(_shared, move.window, move.strides, phases)):
            parts = [f"{i}_{phase}_{e}" for i, (phase, e) in enumerate(zip(phases, at, strict=True))]
            name, number = "".join(f"_{e}" for e in at), 0
            for k, s, phase, e in zip(move.window, move.strides, phases, at, strict=True):
                number = number * k + phase + e * s
            inside.append(f"x{name} = {flat('m', [f'w{part}' for part in parts])}")
            found.append((name, number, " & ".join(f"there{part}" for part in parts)))
        lines += [f"if {there}:", *indented([*inside, *body(found)], 1)]
    return along, lines


def _each_place(move: Move, body: Sequence[str]) -> list[str]:
    """Loops over the phases of a block: for the place at each, if it is there, a body, in whose text it is `p` along each axis, at a `phase`."""
    lines = [f"at = {flat('n', [f'p{i}' for i in move.axes])}", *body]
    for i in reversed(move.axes):
        lines = [f"for phase{i} in range({move.strides[i]}):", f"    p{i} = {_place(i, move.strides[i], f'phase{i}')}",
                 f"    if (p{i} >= 0) & (p{i} < n{i}):", *indented(lines, 2)]
    return lines


def _wrap_back(types: Any, type: Any, move: Move, along: Sequence[Sequence[str]], lines: Sequence[str]) -> Loop:
    sizes, count = move.sizes(type, types[0]), len(move.window)
    blocks = []
    for i, s in enumerate(move.strides):
        sizes[f"first{i}"] = sizes[f"before{i}"] // s
        blocks.append((sizes[f"n{i}"] + sizes[f"before{i}"] + s - 1) // s - sizes[f"first{i}"])
        sizes[f"b{i}"] = blocks[i]
    rows = element_count((*type.shape[:-count - 1], *blocks[:-1]))
    each = max(prod(move.window) // prod(move.strides), 1)
    return Loop(over_rows(move.axes, "b", along, lines), sizes, rows, element_count(type.shape) * each)


def _apart(move: Move) -> bool:
    """Whether no two windows share a place."""
    return all(k <= s for k, s in zip(move.window, move.strides, strict=True))


def _written_out(move: Move) -> bool:
    return prod(move.window) <= WRITTEN_OUT and prod(move.strides) <= PHASES


def _one_window(move: Move) -> tuple[str, str, str]:
    """Of windows that share no places, the one that holds the place at a phase of its block: the element that it is, if it is there, where it is."""
    number = "0"
    for i, k in enumerate(move.window):
        number = f"({number}) * {k} + phase{i}"
    there = " & ".join(f"(phase{i} < {k}) & (a{i} + first{i} < m{i})" for i, k in enumerate(move.window))
    return number, there, flat("m", [f"minimum(a{i} + first{i}, m{i} - 1)" for i in move.axes])


def _windows_in_loops(move: Move, body: Sequence[str]) -> list[str]:
    """Loops over the windows that hold a place: `number` of the element that it is, and `from_` where a window's channels begin."""
    number = "0"
    for i in move.axes:
        number = f"({number}) * {move.window[i]} + t{i}"
    lines = [f"number = {number}", f"from_ = {flat('m', [f'w{i}' for i in move.axes])}", *body]
    for i in reversed(move.axes):
        k, s, d = move.window[i], move.strides[i], move.dilations[i]
        if s == 1:
            lines = [f"for t{i} in range(maximum(p{i} + before{i} - m{i} + {d}, 0) // {d}, minimum((p{i} + before{i}) // {d} + 1, {k})):",
                     f"    w{i} = p{i} + before{i} - t{i} * {d}", *indented(lines, 1)]
        else:
            first = f"maximum(p{i} + before{i} - {span(k, d) - 1} + {s - 1}, 0) // {s}"
            lines = [f"for w{i} in range({first}, minimum((p{i} + before{i}) // {s} + 1, m{i})):", f"    t{i} = p{i} + before{i} - w{i} * {s}",
                     *indented(lines, 1)]
    return lines


def put_back(types: Any, type: Any, **how: Any) -> Loop:
    """At each place the sum of g over the windows whose index names it."""
    move, t, n = Move(**how), word(type.dtype), word(types[1].dtype)
    nothing: list[list[str]] = [[]] * len(move.axes)
    if _apart(move):
        number, there, where = _one_window(move)
        lines = [f"from_ = {where}", f"number = {n}(select({there}, {number}, int64(-1)))",
                 *each_channel([f"store(out, at + c, select(load(index, from_ + c) == number, load(g, from_ + c), {t}(0)))"])]
        return _wrap_back(types, type, move, nothing, _each_place(move, lines))
    if not _written_out(move):
        part = f"select(load(index, from_ + c) == {n}(number), load(g, from_ + c), {t}(0))"
        lines = [*each_channel([f"store(out, at + c, {t}(0))"]),
                 *_windows_in_loops(move, each_channel([f"store(out, at + c, {t}(load(out, at + c) + {part}))"]))]
        return _wrap_back(types, type, move, nothing, _each_place(move, lines))

    def added(windows: Sequence[tuple[str, int, str]]) -> list[str]:
        lines, total = list[str](), ""
        for name, number, there in windows:
            lines.append(f"k{name} = {n}(select({there}, int64({number}), int64(-1)))")
            part = f"select(load(index, x{name} + c) == k{name}, load(g, x{name} + c), {t}(0))"
            total = f"{t}({total} + {part})" if total else part
        return [*lines, *each_channel([f"store(out, at + c, {total or f'{t}(0)'})"])]
    return _wrap_back(types, type, move, *_at_phases(move, added))


def spread_back(types: Any, type: Any, **how: Any) -> Loop:
    """At each place the sum of g over the windows that hold it."""
    move, t = Move(**how), word(type.dtype)
    nothing: list[list[str]] = [[]] * len(move.axes)
    zeros = each_channel([f"store(out, at + c, {t}(0))"])
    if _apart(move):
        _, there, where = _one_window(move)
        lines = [f"if {there}:", f"    from_ = {where}", *indented(each_channel(["store(out, at + c, load(g, from_ + c))"]), 1),
                 "else:", *indented(zeros, 1)]
        return _wrap_back(types, type, move, nothing, _each_place(move, lines))
    border = _each_place(move, [*zeros, *_windows_in_loops(move, each_channel([f"store(out, at + c, {t}(load(out, at + c) + load(g, from_ + c)))"]))])
    if not _written_out(move):
        return _wrap_back(types, type, move, nothing, border)

    def added(windows: Sequence[tuple[str, int, str]]) -> list[str]:
        total = ""
        for name, _, _ in windows:
            total = f"{t}({total} + load(g, x{name} + c))" if total else f"load(g, x{name} + c)"
        return each_channel([f"store(out, at + c, {total or f'{t}(0)'})"])
    along, lines = _at_phases(move, added)
    whole = [f"{what}{i}_{part}" for i, (k, s) in enumerate(zip(move.window, move.strides, strict=True)) for phase in range(s)
             for what, part in (("in", f"{phase}"), *(("there", f"{phase}_{e}") for e in _shared(k, s, phase)))]
    return _wrap_back(types, type, move, along, [f"if {' & '.join(whole)}:", *indented(lines, 1), "else:", *indented(border, 1)])
