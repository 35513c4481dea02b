"""The epilogue of a convolution in its kernel: the statements of the loop nest that reads its result, on elements that are still in registers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from ..compiler.groups import Group
from ..compiler.layout import Storage
from ..ir.node import Node
from .conv_text import Epilogue
from .kernel_text import Slot
from .statements import Keyed, Loop, Statements


class EpilogueStatements(Statements):
    """The statements of a group whose convolution is made in the same kernel: its slots stand behind those of that, and its extents too."""

    def __init__(self, group: Group, stored: Collection[Node], place: Callable[[Node], Storage], slots: Sequence[Slot], extents: int, axes: int):
        super().__init__(group, stored, place)
        assert group.convolution is not None
        self.convolution, self.before = group.convolution, extents
        self.slots, self.extents = [*slots], [0] * (1 + extents)
        self.names[self.convolution] = "sum"
        own = [m for m in self.group.members if m is not self.convolution]
        kept = self.stored
        self.stored = [m for m in kept if m is not self.convolution]
        self.collect_of(own)
        if self.convolution in kept:
            self.stored, self.writes[self.convolution] = kept, self.output(self.convolution)
        self.text = self._text(own, axes)

    def collect_of(self, members: Sequence[Node]) -> None:
        """`collect`, for all but the convolution."""
        whole = self.group.members
        self.group.members = [*members]
        try:
            self.collect()
        finally:
            self.group.members = whole

    @property
    def further(self) -> list[Any]:
        """The extents behind those of the convolution."""
        return self.extents[1 + self.before:]

    def _text(self, own: Sequence[Node], axes: int) -> Epilogue:
        shape = self.convolution.type.shape
        lead = len(shape) - axes - 1
        row, names = list[str](), list[str]()
        if lead > 1:
            row.append("images = image")
            for i in range(lead - 1, -1, -1):
                row += [f"image{i} = images % {self.named(shape[i], f'images{i}')}", f"images = images // images{i}"]
                names.insert(0, f"image{i}")
        else:
            names = ["image"] * lead
        names += [*(f"at{i}" for i in range(axes)), "channel"]
        terms = []
        for name, axis in zip(names, self.group.axes[self.convolution], strict=True):
            if axis is not None:
                strides = Keyed((key, strides[axis]) for key, (_, strides) in self.access.items())
                terms.append((name, Loop(self.group.dims[axis], strides), f"b{axis}"))
        nodes = [m for m in self.wanted(0) if m in set(own)]
        lines = self.region(nodes, 0, terms, {})
        if self.convolution in self.writes:
            lines.append((self.store(self.convolution, terms), self.convolution))
        self.lines = dict(lines)
        return Epilogue(tuple(self.head), tuple(row), tuple(line for line, _ in lines))
