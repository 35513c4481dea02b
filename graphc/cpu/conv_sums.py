"""Convolutions as sums over windows: what their kernels need to know of the operands, whichever way they add up, and what follows in the kernel."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import product
from math import gcd, prod
from typing import Any, NamedTuple

from ..compiler.groups import Group
from ..compiler.layout import Layout, contiguous
from ..ir.node import Node
from ..ir.types import element_count
from ..ops.windows import widths
from . import conv_text
from .conv_epilogue import EpilogueStatements
from .conv_text import Tile
from .kernel_text import KernelText, Slot

WORK = 64               # multiply-adds that count as one element touched: what decides on threads counts the lines of a kernel


class Axis(NamedTuple):
    """An axis that windows move over, as extents of a kernel: the result has so many `places`, and place p sees, from `step` p + `first` on, `taps`
    elements of x, `tap_step` apart, of those from 0 to `size` that there are. Strides: what one further along the axis is in memory, of the filter
    one tap."""

    places: Any
    step: Any
    first: Any
    tap_step: Any
    taps: Any
    size: Any
    x_stride: Any
    y_stride: Any
    w_stride: Any


class Phase(NamedTuple):
    """A launch: its axes, where in a panel of the filter and where in the result it begins, and of each axis of the result (step, first place)."""

    axes: list[Axis]
    w_first: Any
    y_first: Any
    where: list[tuple[Any, Any]]


class Sums(NamedTuple):
    """A convolution of x by w, or its gradient to the input (`turned`); `apart`: each channel by itself.

    `sides` of the window; how many `groups`, and of each its channels (`depth`) and `outputs`; the tile of registers; strides in memory of x and of
    the result.
    """

    node: Node
    w: Node
    x: Node
    turned: bool
    apart: bool
    sides: tuple[Any, ...]
    groups: int
    depth: int
    outputs: int
    tile: Tile
    x_strides: tuple[Any, ...]
    y_strides: tuple[Any, ...]

    @property
    def panels(self) -> int:
        """Panels of a group's filter."""
        return -(-self.outputs // self.tile.width)

    @property
    def parts(self) -> int:
        """Panels of all groups."""
        return self.groups * self.panels

    @property
    def panel(self) -> int:
        """Numbers of a panel."""
        return prod(self.sides) * self.depth * self.tile.width

    @property
    def zeros_at(self) -> int:
        """Where the panels end, and as many zeros begin as a place outside has channels."""
        return self.parts * self.panel

    @property
    def lead(self) -> int:
        """Axes of images, before those that windows move over."""
        return len(self.x.type.shape) - len(self.sides) - 1

    @property
    def images(self) -> Any:
        """How many images there are."""
        return element_count(self.node.type.shape[:self.lead])

    @property
    def image_strides(self) -> list[Any]:
        """From one image to the next, of x and of the result."""
        return [s[self.lead - 1] if self.lead else 0 for s in (self.x_strides, self.y_strides)]

    def phases(self) -> list[Phase]:
        """The launches: one, or of the gradient to an input one for each place within a stride."""
        element = self.outputs if self.apart else self.depth * self.tile.width
        return _phases(self.node, self.x, self.sides, self.turned, self.x_strides[self.lead:-1], self.y_strides[self.lead:-1], element)


class Ends(NamedTuple):
    """Where results go: the layout of memory, the loop nest that a convolution is a member of, if there is one, and what of it is stored."""

    layout: Layout
    group: Group | None
    stored: Collection[Node]

    def of(self, node: Node, slots: list[Slot], extents: int, axes: int) -> tuple[list[Slot], EpilogueStatements | None]:
        """All slots of a kernel that has these and so many extents, for a result of so many axes; and the statements of the nest, if there is one."""
        if self.group is None:
            return [*slots, Slot("out", node, node.type.dtype)], None
        made = EpilogueStatements(self.group, self.stored, self.layout, slots, extents + 2 * axes, axes)
        return made.slots, made


def with_epilogue(text: KernelText, made: EpilogueStatements | None, where: Sequence[tuple[Any, Any]]) -> KernelText:
    """A text with what its statements need: where places lie along the axes of the result, their extents, their checks."""
    if made is not None:
        text.extents += [*(n for at in where for n in at), *made.further]
        text.checks, text.annotated = made.checks, [(line, made.lines.get(line.strip(), node)) for line, node in text.annotated]
    return text


def packed_text(sums: Sums, packed: Slot) -> KernelText:
    """The kernel that copies a filter into panels."""
    taps, w = prod(sums.sides), sums.w
    source, units = (conv_text.pack_turned(sums.tile), sums.parts * taps) if sums.turned else (conv_text.pack(sums.tile), taps * sums.depth)
    extents = [taps, sums.depth, sums.outputs, sums.panels, w.type.shape[-1], sums.zeros_at]
    return text_of(source, [Slot("in", w, packed.dtype), packed], extents, units, sums.zeros_at // WORK, sums.node, 0)


def _phases(node: Node, x: Node, sides: Sequence[int], turned: bool, x_strides: Sequence[Any], y_strides: Sequence[Any],
            element: int) -> list[Phase]:
    """As `Sums.phases` has them; `element`: what an element of the filter takes in a panel."""
    attrs, count = node.attrs, len(sides)
    strides, dilations = attrs["strides"], attrs["dilations"]
    whole = (node if turned else x).type.shape[-count - 1:-1]
    around = widths(whole, sides, strides, attrs["padding"], dilations)
    w_strides = [s * element for s in contiguous(sides)]
    places = node.type.shape[-count - 1:-1]
    sizes = x.type.shape[-count - 1:-1]
    if not turned:
        return [Phase([Axis(o, s, -before, d, k, n, xs, ys, ws) for o, s, (before, _), d, k, n, xs, ys, ws in
                       zip(places, strides, around, dilations, sides, sizes, x_strides, y_strides, w_strides, strict=True)], 0, 0, [(1, 0)] * count)]
    found = []
    for rests in product(*map(range, strides)):
        axes, where, w_first, y_first = [], [], 0, 0
        for r, s, d, k, n, size, (before, _), xs, ys, ws in zip(rests, strides, dilations, sides, places, sizes, around, x_strides, y_strides,
                                                               w_strides, strict=True):
            # The place a * s + r - before is element i of the window a + (r - i * d) / s, where that is whole.
            common = gcd(s, d)
            i0 = next((i for i in range(min(s, k)) if (r - i * d) % s == 0), k)
            begin = -((r - before) // s)                        # the first a within the axis
            last = (n - 1 + before - r) // s
            axes.append(Axis(last - begin + 1, 1, begin + (r - i0 * d) // s if i0 < k else 0, -(d // common), len(range(i0, k, s // common)), size,
                             xs, s * ys, s // common * ws))
            where.append((s, begin * s + r - before))
            w_first, y_first = w_first + i0 * ws, y_first + (begin * s + r - before) * ys
        found.append(Phase(axes, w_first, y_first, where))
    return found


def text_of(source: str, slots: list[Slot], extents: list[Any], n: Any, work: Any, node: Node, share: float = 1,
          grain: int = 1) -> KernelText:
    """A text with what a call of it needs; the first extent is what a check has found wrong, and there is none."""
    return KernelText(source, slots, [0, *extents], n, grain, work, annotated=[(line, node) for line in source.splitlines()], share=share)
