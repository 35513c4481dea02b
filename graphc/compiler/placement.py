"""Places in one arena for buffers of which not all live at once: found for some sizes, and kept as what lies on what for any others."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
ALIGN = 64              # bytes: a cache line, and the widest vector
STAGGER = 5 * ALIGN     # put behind large buffers: equal sizes that are powers of two would otherwise share the same few cache sets
COMPARED = 2000         # buffers, the largest, whose places are sought among all others': 15 us each, and more the more there are
WASTED = 1.5            # how much worse than at first buffers of other sizes may fill their arena


class Placement:
    """Where buffers lie that live from step `first` to `last`, none on another that lives at the same time.

    `at(nbytes)` gives their offsets and the arena's size. At the sizes that places were sought for, the largest ones go, in that order, to
    the lowest offset that is free; where there are thousands (a loop unrolled over time), the rest, behind them, to places of their own
    size in the order of time. At any other sizes each lies right on those that it lay on then, which takes no search and packs as well
    where sizes grow alike; where they do not, and it packs badly, places are sought anew.
    """

    def __init__(self, first: Sequence[int], last: Sequence[int], nbytes: Sequence[int] | Array):
        self.first, self.last = np.array(first, np.int64), np.array(last, np.int64)
        self._search(rooms(nbytes))

    @classmethod
    def kept(cls, first: Sequence[int], last: Sequence[int], room: Array, offsets: Array, top: int, waste: float) -> Placement:
        """A placement as it was `found` once."""
        made = cls.__new__(cls)
        made.first, made.last = np.array(first, np.int64), np.array(last, np.int64)
        made._rooms, made._offsets, made.top, made.waste, made._recipe = room, offsets, top, waste, None
        return made

    @property
    def found(self) -> tuple[Array, Array]:
        """The room of each buffer when places were sought last, and its offset then; the arena's size was `top`, its waste `waste`."""
        return self._rooms, self._offsets

    def at(self, nbytes: Sequence[int] | Array) -> tuple[Array, int]:
        """The offset of each buffer, and the arena's size, for buffers of these sizes."""
        need = rooms(nbytes)
        if not np.array_equal(need, self._rooms):
            offsets, top = self._stacked(need)
            if top <= WASTED * self.waste * self._alive(need):
                return offsets, top
            self._search(need)
        return self._offsets, self.top

    def _search(self, need: Array) -> None:
        self._rooms = need
        self._recipe: list[tuple[int, list[int]]] | None = None
        order = np.lexsort((self.first, -need))
        cut = len(order)
        if cut > COMPARED:                              # not amid those of one size
            cut = int(np.searchsorted(-need[order], -need[order[COMPARED]]))
        self._offsets = np.zeros(len(order), np.int64)
        self.top = self._place_in_time(order[cut:], self._place_among_all(order[:cut]))
        self.waste = self.top / max(self._alive(need), 1)

    def _alive(self, need: Array) -> int:
        """The most that lives at once."""
        touched, at, times = self._times
        change = np.bincount(at, np.concatenate((need[touched], -need[touched])), times)
        return int(change.cumsum().max(initial=0))

    @cached_property
    def _times(self) -> tuple[Array, Array, int]:
        """Which buffers live at all; the place in time of each beginning and each end of theirs; how many such places there are."""
        touched = np.flatnonzero(self.last >= 0)
        times, at = np.unique(np.concatenate((self.first[touched], self.last[touched] + 1)), return_inverse=True)
        return touched, at, len(times)

    def _stacked(self, need: Array) -> tuple[Array, int]:
        """Offsets where each lies right on those that it lay on when places were sought, and the arena's size."""
        if self._recipe is None:
            self._recipe = self._neighbours()
        room, ends, top = need.tolist(), [0] * len(need), 0
        for b, under in self._recipe:
            end = room[b]
            if under:
                end += max([ends[a] for a in under])
            ends[b] = end
            if end > top:
                top = end
        return np.array(ends, np.int64) - need, top

    def _place_among_all(self, order: Array) -> int:
        """Each to the lowest gap among those placed that live while it does; the arena's size."""
        placed = np.empty((4, len(order)), np.int64)            # first, last, offset and end of each, by offset
        top = 0
        for k, b in enumerate(order.tolist()):
            first, last, need = self.first[b], self.last[b], self._rooms[b]
            alive = placed[:, :k][:, (placed[0, :k] <= last) & (placed[1, :k] >= first)]
            floors = np.zeros(alive.shape[1] + 1, np.int64)     # where the gap below each begins, and at last the one above all
            np.maximum.accumulate(alive[3], out=floors[1:])
            wide = alive[2] - floors[:-1] >= need
            offset = int(floors[wide.argmax() if wide.any() else -1])
            at = int(placed[2, :k].searchsorted(offset, "right"))
            placed[:, at + 1:k + 1] = placed[:, at:k].copy()
            placed[:, at] = first, last, offset, offset + need
            self._offsets[b] = offset
            top = max(top, offset + int(need))
        return top

    def _place_in_time(self, order: Array, top: int) -> int:
        """From offset `top` on, each where one of the same size has died, if there is such a place; the arena's size."""
        free: dict[int, list[int]] = {}                  # places that are free, by size
        alive: list[tuple[int, int, int]] = []           # (last step, offset, size), the first to die on top
        first, last, room = self.first.tolist(), self.last.tolist(), self._rooms.tolist()
        for b in sorted(order.tolist(), key=first.__getitem__):
            while alive and alive[0][0] < first[b]:
                _, offset, size = heapq.heappop(alive)
                free.setdefault(size, []).append(offset)
            need = room[b]
            if free.get(need):
                offset = free[need].pop()
            else:
                offset, top = top, top + need
            self._offsets[b] = offset
            heapq.heappush(alive, (last[b], offset, need))
        return top

    def _neighbours(self) -> list[tuple[int, list[int]]]:
        """Each buffer, in the order of offsets, and those right under it: at some step of its life nothing lies between.

        All that live with it and lie lower are under these or among these, so it is on none of them if it is on none of these.
        """
        starts, owners = [0], [-1]                      # the topmost buffer of each stretch of steps, and where the stretch begins
        recipe: list[tuple[int, list[int]]] = []
        first, last = self.first.tolist(), self.last.tolist()
        for b in np.argsort(self._offsets, kind="stable").tolist():
            if first[b] > last[b]:                      # never touched
                recipe.append((b, []))
                continue
            i, j = bisect_right(starts, first[b]) - 1, bisect_right(starts, last[b])
            recipe.append((b, [a for a in dict.fromkeys(owners[i:j]) if a >= 0]))
            behind = j < len(starts) and starts[j] == last[b] + 1
            kept, rest = ([starts[i]], [owners[i]]) if starts[i] < first[b] else ([], [])
            starts[i:j], owners[i:j] = ([*kept, first[b], *([] if behind else [last[b] + 1])],
                                        [*rest, b, *([] if behind else [owners[j - 1]])])
        return recipe


def rooms(nbytes: Sequence[int] | Array) -> Array:
    """The bytes that buffers of so many bytes take in an arena."""
    size = np.maximum(np.array(nbytes, np.int64), 1)
    return -(-size // ALIGN) * ALIGN + np.where(size >= 4096, STAGGER, 0)
