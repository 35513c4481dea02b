"""The table of planted bugs, and how one is entered: a function whose name and docstring say what it breaks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from graphc.cpu import native
from graphc.cpu.kernel.machine import machine


class Plant(NamedTuple):
    """A bug by name, what it is, what plants it in this process, and the one operator that shows it, if there is one."""

    name: str
    says: str
    put: Callable[[], None]
    operator: str


PLANTS: dict[str, Plant] = {}


def plant(put: Callable[[], None]) -> Callable[[], None]:
    return plant_in("")(put)


def plant_in(operator: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """For a bug of one operator, of hundreds: it is looked for in graphs that favour the operator."""
    def entered(put: Callable[[], None]) -> Callable[[], None]:
        name = put.__name__.replace("_", "-")
        PLANTS[name] = Plant(name, str(put.__doc__), put, operator)
        return put
    return entered


def language(put: Callable[[], None]) -> Callable[[], None]:
    """For a bug that changes what code a kernel's text becomes: nothing that was compiled before may be used, nor be kept for others."""
    @functools.wraps(put)
    def alone() -> None:
        native._kernels.clear()
        native._loaded.clear()
        machine().name += f"\n{put.__name__}"
        put()
    return plant(alone)
