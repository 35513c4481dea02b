"""How long tests wait: until what must come has come, with an end that is far behind what a machine with much else to do needs."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 300.0        # seconds; what hangs is found by it, and nothing that it waits for takes a twentieth on a machine of its own


def until(came: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Whether it has come by then: asked every hundredth of a second."""
    end = time.monotonic() + seconds
    while not (found := came()) and time.monotonic() < end:
        time.sleep(0.01)
    return bool(found)
