"""The table of planted bugs, and how one is entered: a function whose name and docstring say what it breaks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from graphc.cpu import native
from graphc.cpu.kernel.machine import machine


class Plant(NamedTuple):
    """A bug by name, what it is, and what plants it in this process."""

    name: str
    says: str
    put: Callable[[], None]


PLANTS: dict[str, Plant] = {}


def plant(put: Callable[[], None]) -> Callable[[], None]:
    name = put.__name__.replace("_", "-")
    PLANTS[name] = Plant(name, str(put.__doc__), put)
    return put


def language(put: Callable[[], None]) -> Callable[[], None]:
    """For a bug that changes what code a kernel's text becomes: nothing that was compiled before may be used, nor be kept for others."""
    @functools.wraps(put)
    def alone() -> None:
        native._kernels.clear()
        native._loaded.clear()
        machine().name += f"\n{put.__name__}"
        put()
    return plant(alone)
