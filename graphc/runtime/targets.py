"""The names of those who run graphs in this process, by which sessions are told where they run: there is no other place."""

from __future__ import annotations

import itertools

from ..errors import ArgumentError, UnimplementedError
from ..ir.node import here

_serial = itertools.count()
_here = {"", "local"}


def new_target(place: str) -> str:
    """A name for a session to run in this process by."""
    target = f"local://{place}/{next(_serial)}"
    _here.add(target)
    return target


def runs_here(target: str) -> None:
    """ArgumentError: no text. UnimplementedError: a session is to run where another process is."""
    if not isinstance(target, str):
        raise ArgumentError(f"a session's target is a text, not {target!r:.60}{here()}")
    if target not in _here:
        raise UnimplementedError(f"a session at {target!r:.80} is not offered: graphs run in this process, by tf.Session() or at the target of a "
                                 f"tf.train.Server of one task{here()}")
