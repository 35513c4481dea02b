"""Tests of process/forking: what a child begins with when other threads were in the middle of something."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests import ROOT
from tests.waiting import PATIENCE

# A thread waits in the middle of a property while its process forks; the child reads that of another instance.
CHILD = """
import os, threading, time
from functools import cached_property
import networkx
import graphc

inside, end = threading.Event(), threading.Event()

class Waits:
    def __init__(self, waits):
        self.waits = waits
    @cached_property
    def value(self):
        if self.waits:
            inside.set()
            end.wait()
        return 3

def of_a_graph():
    with networkx.DiGraph.__dict__["adj"].lock:
        inside.set()
        end.wait()

other = threading.Thread(target={target}, daemon=True)
other.start()
inside.wait()
child = os.fork()
if child == 0:
    os._exit(0 if {read} else 1)
end.set()
limit = time.monotonic() + 200
found = 0
while not found and time.monotonic() < limit:
    found, status = os.waitpid(child, os.WNOHANG)
    time.sleep(0.01)
if not found:
    os.kill(child, 9)
    os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status) if found else "hangs")
"""
WHILE = {
    "of a class": ("lambda: Waits(True).value", "Waits(False).value == 3"),
    "of networkx": ("of_a_graph", "dict(networkx.DiGraph([(1, 2)]).adj) == {1: {2: {}}, 2: {}}"),
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.parametrize("what", WHILE)
def test_fork_while_a_cached_property_is_computed(what: str) -> None:
    if what == "of networkx" and sys.version_info >= (3, 12):
        pytest.skip("cached properties have no lock since Python 3.12")
    target, read = WHILE[what]
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", CHILD.format(target=target, read=read)], capture_output=True, text=True,
                         timeout=PATIENCE, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert (run.returncode, run.stdout.strip()) == (0, "0"), run.stderr
