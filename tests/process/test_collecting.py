"""No cyclic garbage collector in the midst of a compilation, and afterwards as it was, however the compilation ends and whoever else compiles."""

from __future__ import annotations

import gc
import os
import threading
import weakref

import numpy as np
import pytest

import graphc as tf
from graphc.compiler import passes
from graphc.process import collecting
from graphc.process.collecting import uncollected
from tests.waiting import PATIENCE


class Unlike(BaseException):
    """What no `except Exception` sees."""


@uncollected
def seen(nested: int = 0) -> list[bool]:
    return [gc.isenabled(), *(seen(nested - 1) if nested else []), gc.isenabled()]


@uncollected
def failing(error: type[BaseException]) -> None:
    assert not gc.isenabled()
    raise error


@pytest.fixture(params=[True, False], ids=["enabled", "disabled"])
def before(request):
    """Whether the user has the collector enabled."""
    was = gc.isenabled()
    gc.enable() if request.param else gc.disable()
    yield request.param
    gc.enable() if was else gc.disable()


def test_none_inside_and_as_before_afterwards(before):
    assert seen(nested=2) == [False] * 6
    assert gc.isenabled() == before and not collecting._working


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, Unlike])
def test_as_before_after_errors(error, before):
    with pytest.raises(error):
        failing(error)
    assert gc.isenabled() == before and not collecting._working


@pytest.mark.parametrize("name", ["_begin", "_end"])
@pytest.mark.parametrize("done", [False, True], ids=["before it", "after it"])
def test_control_c_at_the_edges(name, done, before, monkeypatch):
    whole, left = getattr(collecting, name), [1]

    def interrupted(token):
        if done or not left:
            whole(token)
        if left:
            left.pop()
            raise KeyboardInterrupt
    monkeypatch.setattr(collecting, name, interrupted)
    with pytest.raises(KeyboardInterrupt):
        seen()
    assert gc.isenabled() == before and not collecting._working


def test_threads_share_it(before):
    inside, out = threading.Event(), threading.Event()

    @uncollected
    def slow():
        inside.set()
        out.wait(PATIENCE)
    thread = threading.Thread(target=slow)
    thread.start()
    inside.wait(PATIENCE)
    assert seen() == [False, False] and not gc.isenabled()         # the other one is still at work
    out.set()
    thread.join()
    assert gc.isenabled() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_does_not_wait_for_its_parents_threads(before):
    inside, out = threading.Event(), threading.Event()

    @uncollected
    def slow():
        inside.set()
        out.wait(PATIENCE)
    thread = threading.Thread(target=slow)
    thread.start()
    inside.wait(PATIENCE)
    child = os.fork()
    if not child:
        os._exit(0 if gc.isenabled() == before else 1)
    out.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("frozen", [False, True])
def test_what_was_made_is_old_afterwards(frozen, thawed):
    """Not young, which the collector would go through at once; unless the user has frozen objects, which it must not thaw."""
    @uncollected
    def make():
        return [[] for _ in range(2 * collecting.MANY)]
    gc.enable()
    gc.collect()
    if frozen:
        gc.freeze()
    try:
        kept = make()
        assert len(kept) == 2 * collecting.MANY and (gc.get_freeze_count() > 0) == frozen and gc.isenabled()
        assert (len(gc.get_objects(generation=2)) > len(kept)) == (not frozen)
    finally:
        gc.unfreeze()


def test_garbage_of_a_compilation_is_found_later(thawed):
    class Cycle:
        pass

    @uncollected
    def make():
        for _ in range(collecting.MANY + 1):
            a = Cycle()
            a.me = a
        return weakref.ref(a)
    gc.enable()
    left = make()
    gc.collect()
    assert left() is None


def test_a_compilation_is_uncollected(before, monkeypatch):
    found = []
    monkeypatch.setattr(passes, "PIPELINE", [("look", lambda fetches: found.append(gc.isenabled()) or list(fetches), "")])
    x = tf.placeholder(tf.float32, [2])
    with tf.Session(jit=False) as session:
        session.run(x + 1, {x: np.zeros(2)})
    assert found == [False] and gc.isenabled() == before
