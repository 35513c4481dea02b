"""What a compile worker does: answer lines of JSON, each a kernel to compile, by lines of JSON, until there is nothing more to do."""

from __future__ import annotations

import base64
import json
import os
import queue
import sys
import threading
from typing import Any

from .machine import compile_one

IDLE = 60.0             # seconds without work after which a worker ends


def serve() -> None:
    """Answer jobs until there are no more."""
    answers, sys.stdout = sys.stdout, sys.stderr       # whatever else prints must not answer
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)                                     # the parent has gone, or has no more use for us

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            job = json.loads(lines.get(timeout=IDLE))
        except queue.Empty:
            os._exit(0)
        answers.write(json.dumps(_answer(job)) + "\n")
        answers.flush()


def _answer(job: dict[str, str]) -> dict[str, Any]:
    try:
        symbol, code, seconds = compile_one(job["source"], job["key"], job["maker"])
    except Exception as e:
        return {"error": str(e)}
    return {"symbol": symbol, "code": base64.b64encode(code).decode(), "seconds": seconds}
