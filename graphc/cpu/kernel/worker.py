"""What a compile worker does: answer lines of JSON, each a kernel to compile, by lines of JSON, until there is nothing more to do."""

from __future__ import annotations

import base64
import gc
import hashlib
import json
import os
import queue
import sys
import threading
from contextlib import suppress
from typing import Any

from .machine import compile_one, machine, module

YOUNG = 200_000         # objects made since the last look for cyclic garbage: about as many as a kernel leaves
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
    if lines.empty():                                   # started before there is something to do
        get_ready()
    gc.freeze()
    gc.set_threshold(YOUNG)
    gc.enable()
    while True:
        try:
            job = json.loads(lines.get(timeout=IDLE))
        except queue.Empty:
            os._exit(0)
        answers.write(json.dumps(_answer(job)) + "\n")
        answers.flush()


def get_ready() -> None:
    """Compile a kernel that does nothing: Numba prepares most of what it needs when it is first asked."""
    with suppress(Exception):                           # a job will say what is wrong
        machine().target.emit_object(module("def kernel(buffers, extents, lo, hi):\n    return 0\n", "nothing"))


def _answer(job: dict[str, str]) -> dict[str, Any]:
    try:
        _, code, seconds = compile_one(job["source"], job["key"], job["maker"])
    except Exception as e:
        return {"error": str(e)}
    return {"code": base64.b64encode(code).decode(), "digest": hashlib.sha256(job["key"].encode() + code).hexdigest(), "seconds": seconds}
