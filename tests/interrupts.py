"""Control-C while something runs: how much work is done from then until it has ended, which other programs' work does not change."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any


def interrupted(run: Callable[[], Any], after: float) -> float | None:
    """Seconds of this process's processors from a Control-C, `after` seconds from now, until the run has ended; None if it was done before."""
    sent: list[float] = []

    def send() -> None:
        sent.append(time.process_time())
        os.kill(os.getpid(), signal.SIGINT)
    timer = threading.Timer(after, send)
    timer.start()
    try:
        run()
        timer.cancel()
        timer.join()
        time.sleep(0.01 if sent else 0)      # it came behind the end
    except KeyboardInterrupt:
        return time.process_time() - sent[0]
    return None
