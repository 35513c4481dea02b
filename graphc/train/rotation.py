"""Which of its checkpoints a saver keeps: those of the latest snapshots, whoever has written his first, and one every so many hours."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

from ..process.forking import guard
from .checkpoints import remove_checkpoint, write_state

PATIENCE = 5.0                  # seconds that a fork waits for an index that is being written
turns = count(1)                # of all snapshots of all savers: which is the later one
_lock = threading.Lock()        # held while a saver writes an index and deletes what is not to be kept


def _renew(_: None) -> None:
    """In a child forked while an index was being written for longer than a fork waits."""
    global _lock
    _lock = threading.Lock()


guard(lambda: [None], lambda _: _lock, PATIENCE, _renew)


class Kept(NamedTuple):
    """A checkpoint: its path, when it was saved, and the turn of its snapshot (0: another saver's)."""

    path: str
    saved: float
    turn: int = 0


class Rotation:
    """The checkpoints of one saver: `most` are kept (0: all), and beside them one every `hours`. `relative`: the index holds paths in its folder."""

    def __init__(self, most: int, hours: float, relative: bool):
        self._most, self._seconds, self._relative = most, 3600 * hours, relative
        self._next_kept = time.time() + self._seconds
        self._last: list[Kept] = []
        self._newest: dict[tuple[str, str], Kept] = {}          # by folder and index

    @property
    def paths(self) -> list[str]:
        """Those that are there, oldest first; none if all are kept."""
        return [kept.path for kept in self._last]

    def take(self, found: Iterable[Kept]) -> None:
        """Those of another saver, oldest first, in place of its own."""
        self._last = list(found)

    def add(self, made: Kept, index: str, suffix: str) -> None:
        """Write the index, and delete what is not to be kept: in this order, so that the index never names what is gone.

        Threads may save at once: of a snapshot before the newest one the checkpoint is none that goes on.
        """
        with _lock:
            folder, dropped = os.path.dirname(made.path), list[Kept]()
            newest = self._newest[folder, index] = max(self._newest.get((folder, index), made), made, key=lambda kept: kept.turn)
            if self._most:
                self._last = sorted([*(kept for kept in self._last if kept.path != made.path), made], key=lambda kept: kept.turn)
                dropped, self._last = self._last[:-self._most], self._last[-self._most:]
            there = self._last or [newest]
            write_state(folder, newest.path, [k.path for k in there], [k.saved for k in there], self._next_kept - self._seconds, index,
                        self._relative)
            for path, saved, _ in dropped:
                if saved > self._next_kept:
                    self._next_kept += self._seconds
                else:
                    remove_checkpoint(path, meta_graph_suffix=suffix)
