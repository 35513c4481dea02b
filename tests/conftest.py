"""What tests of every folder are given: a graph, a session of each kind, places for kernels."""

from __future__ import annotations

import gc
import os
import random
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest

# Most tests change something of the compiler, or look how it works: what earlier tests left would hide it. `plans` is for those that do not.
os.environ["GRAPHC_PLANS"] = "none"

import graphc as tf
from graphc import as_tensorflow
from graphc.cpu import cache, memory, native, program
from graphc.ops import random as drawing
from tests.draws import key, told

drawing.fresh = key


def pytest_configure(config: pytest.Config) -> None:
    """Control-C is there to be tested, also in the background of a shell, where it is ignored: processes that are started inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Twenty thousand tests stay until the end: collections of garbage, here and in forked children, need not go through them."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What draws without a seed has numbers that are the test's own: which tests came before, and in which process, changes nothing."""
    seed = crc32(item.nodeid.encode())
    np.random.seed(seed)
    random.seed(seed)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A test that fails says which random numbers it had."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.failed and (seeds := told(item.nodeid)):
        report.sections.append(("Random numbers", seeds))


@pytest.fixture
def thawed() -> Iterator[None]:
    """A process whose user has frozen no objects, as most are."""
    gc.unfreeze()
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[tf.Graph]:
    """The default graph of one test, so that names and seeds do not depend on which tests ran before."""
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.fixture
def spoilt(monkeypatch: pytest.MonkeyPatch) -> None:
    """New memory holds no right results: a freed array may, of the same product made before, and hide that a kernel leaves places out."""
    def filled(size: int, dtype: Any) -> np.ndarray[Any, Any]:
        array = np.empty(size, dtype)
        array.view(np.uint8).fill(0x41)             # 12.08 in float32: squares sum again what is not finite
        return array
    for module in (memory, program):
        monkeypatch.setattr(module, "uninitialised", filled)


@pytest.fixture
def standing():
    """`tensorflow` is graphc within the test alone."""
    kept = {n: m for n, m in sys.modules.items() if n.partition(".")[0] in ("tensorflow", "keras")}
    as_tensorflow.install()
    yield
    as_tensorflow.uninstall()
    sys.modules.update(kept)


@pytest.fixture(params=[True, False], ids=["compiled", "interpreted"])
def session(request: Any, fresh_graph: tf.Graph) -> Iterator[tf.Session]:
    """A session of the test's graph, once of each kind."""
    with tf.Session(jit=request.param) as session:
        yield session


@pytest.fixture
def plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which plans are kept; kernels that this process has stay known."""
    monkeypatch.setenv("GRAPHC_CACHE_DIR", str(tmp_path / "plans"))
    monkeypatch.delenv("GRAPHC_PLANS", raising=False)
    return tmp_path / "plans"


@pytest.fixture
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of kernels that all tests of this run share: what is compiled does not depend on earlier runs."""
    folder = tmp_path_factory.getbasetemp() / "kernels"
    monkeypatch.setenv("GRAPHC_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for kernels that is not there yet, in a process that has loaded none and warned of nothing."""
    folder = tmp_path / "kernels"
    monkeypatch.setenv("GRAPHC_CACHE_DIR", str(folder))
    monkeypatch.setattr(native, "_kernels", {})
    monkeypatch.setattr(native, "_loaded", {})
    monkeypatch.setattr(cache, "warned", set())
    return folder
