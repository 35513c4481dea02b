"""How many processor cores this process may use: those it may run on, and no more than its container's quota of time on them."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import PurePosixPath

Read = Callable[[str], str | None]
# Where a control group's files lie, in version 2 and in version 1, where a hierarchy has the names of its controllers.
_UNIFIED = "/sys/fs/cgroup"
_SEPARATE = "/sys/fs/cgroup/{controllers}"


def cores() -> int:
    """How many processor cores this process may use, at least 1.

    Those of its affinity mask, which is asked each time; a quota of processor time of a control group (cgroup), as containers have, bounds
    them, rounded up to whole cores. It is read once in the life of a process.
    """
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    allowed = _own_quota()
    return found if allowed is None else max(1, min(found, math.ceil(allowed)))


@cache
def _own_quota() -> float | None:
    return quota(read)


def read(path: str) -> str | None:
    """The text of a small file; None if there is none that may be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(1 << 16)
    except (OSError, ValueError):
        return None


def quota(read: Read) -> float | None:
    """Processors' time that the process's control groups allow it, in cores; None: as much as there is. `read`: the text of a file."""
    return min((found for folder, parse in _folders(read) if (found := parse(read, folder)) is not None), default=None)


def _folders(read: Read) -> Iterator[tuple[str, Callable[[Read, str], float | None]]]:
    """The folder of each group that the process is in, with those above, which bound it as well, and how its quota is read."""
    for line in (read("/proc/self/cgroup") or "").splitlines():
        number, controllers, group = (line.split(":", 2) + ["", ""])[:3]
        if number == "0" and not controllers:
            root, parse = _UNIFIED, _parse_unified
        elif "cpu" in controllers.split(","):
            root, parse = _SEPARATE.format(controllers=controllers), _parse_separate
        else:
            continue
        # In a container the group may be named as the host sees it, while its files lie at the root.
        inside = PurePosixPath("/" + group.lstrip("/"))
        for path in (inside, *inside.parents):
            yield root + str(path).rstrip("/"), parse


def _parse_unified(read: Read, folder: str) -> float | None:
    """Of `cpu.max`: "quota period" in microseconds, or "max period"."""
    return _ratio(*((read(f"{folder}/cpu.max") or "").split() + ["", ""])[:2])


def _parse_separate(read: Read, folder: str) -> float | None:
    return _ratio(read(f"{folder}/cpu.cfs_quota_us") or "", read(f"{folder}/cpu.cfs_period_us") or "")


def _ratio(quota: str, period: str) -> float | None:
    """Quota by period; None for "max", -1 (no quota) and whatever is no number."""
    try:
        found = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return found if found > 0 else None
