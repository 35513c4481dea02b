"""What graphc says of its work: nothing, but on a terminal where a compilation takes long, or to those who ask; and `tf.logging`."""

from __future__ import annotations

import io
import logging
import os
import pty
import subprocess
import sys
from types import SimpleNamespace

import pytest

import graphc as tf
from graphc.cpu import native, telling
from graphc.errors import CacheWarning
from tests import ROOT
from tests.waiting import PATIENCE, until


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Unhandled(list):
    """The handlers of a program that has none, and to which pytest adds none."""

    def append(self, handler):
        pass


@pytest.fixture
def stderr(monkeypatch, request):
    """What stands for the standard error, a terminal unless told otherwise; waiting is impatient."""
    stream = getattr(request, "param", Terminal)()
    monkeypatch.setattr(telling, "sys", SimpleNamespace(stderr=stream))      # pytest changes that of Python itself
    monkeypatch.setattr(telling, "PATIENCE", 0.02)
    monkeypatch.delenv("GRAPHC_LOG", raising=False)
    monkeypatch.setattr(logging.getLogger(), "handlers", Unhandled())
    before = tf.logging.get_verbosity()
    yield stream
    tf.logging.set_verbosity(before)


@pytest.fixture(params=[0.2])
def slow(monkeypatch, request, tmp_path, stderr):
    """Kernels take longer to compile than anybody waits: so many seconds, or until somebody is told."""
    def compiled(sources, keys, maker):
        until(lambda: isinstance(stderr, Terminal) and stderr.getvalue(), request.param)
        return [None] * len(sources)
    monkeypatch.setattr(native, "compiled", compiled)
    monkeypatch.setenv("GRAPHC_CACHE_DIR", str(tmp_path))


until_told = pytest.mark.parametrize("slow", [PATIENCE], indirect=True, ids=["told"])


NUMBERS = iter(range(10**6))


def run():
    """A run whose kernels nobody has compiled before."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([0.5, 0.25]) + tf.random_uniform([2])
        native.compile_kernels([f"def kernel(buffers, extents, lo, hi):\n    x{next(NUMBERS)} = lo\n    return 0\n" for _ in range(2)])
        session.run(x * 2.0, {})


@until_told
def test_who_waits_at_a_terminal_is_told(stderr, slow):
    run()
    assert stderr.getvalue().splitlines()[0] == "graphc: compiling 2 kernels, kept for next time"


@until_told
def test_kernels_that_are_not_kept_are_not_said_to_be(stderr, slow, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRAPHC_CACHE_DIR", str(tmp_path / "file"))
    with pytest.warns(CacheWarning):
        native.compile_kernels([f"def kernel(buffers, extents, lo, hi):\n    x{next(NUMBERS)} = lo\n    return 0\n"])
    assert stderr.getvalue().splitlines()[0] == "graphc: compiling 1 kernel"


class Broken(io.StringIO):
    def isatty(self):
        raise ValueError("closed")


@pytest.mark.parametrize("stderr", [io.StringIO, Broken, lambda: None], indirect=True, ids=["a file", "closed", "none"])
def test_nobody_else_is(stderr, slow):
    run()
    assert stderr is None or stderr.getvalue() == ""


def test_nor_who_need_not_wait(stderr, monkeypatch):
    monkeypatch.setattr(telling, "PATIENCE", 60.0)
    run()
    assert stderr.getvalue() == ""


def test_nor_who_wants_errors_only(stderr, slow):
    tf.logging.set_verbosity(tf.logging.ERROR)
    run()
    assert stderr.getvalue() == ""


@pytest.mark.parametrize("stderr", [io.StringIO], indirect=True)
@pytest.mark.parametrize("how", ["environment", "verbosity"])
def test_compilations_are_logged_for_those_who_ask(how, stderr, monkeypatch):
    if how == "environment":
        monkeypatch.setenv("GRAPHC_LOG", "compile")
    else:
        tf.logging.set_verbosity(tf.logging.INFO)
    with tf.Graph().as_default(), tf.Session() as session:
        session.run(tf.tanh(tf.random_uniform([2]), name="here"))
        session.run(tf.tanh(tf.constant([1.0, 2.0]), name="folded"))
    one, two = stderr.getvalue().splitlines()
    assert one.startswith("INFO:graphc:compiled here (test_logging.py:") and " nodes to 1 steps in " in one and "kernel" in one
    assert two.startswith("INFO:graphc:compiled folded")


def test_anything_else_to_log_is_refused(monkeypatch):
    monkeypatch.setenv("GRAPHC_LOG", "everything")
    with tf.Graph().as_default(), tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match="'everything' is nothing that is logged"):
            session.run(tf.random_uniform([2]))


@pytest.mark.parametrize("level", ["LOUD", None, 1.5])
def test_what_is_no_level_is_refused(level):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"is no level of logging\n  at test_logging.py"):
        tf.logging.set_verbosity(level)


def test_a_program_with_handlers_of_its_own_sees_it_once(stderr, caplog):
    logging.getLogger().handlers = [caplog.handler]
    tf.logging.warn("%d things", 3)
    assert [(r.name, r.levelname, r.getMessage()) for r in caplog.records] == [("graphc", "WARNING", "3 things")] and stderr.getvalue() == ""


LEVELS = {"debug": "DEBUG", "info": "INFO", "warn": "WARN", "warning": "WARN", "error": "ERROR", "fatal": "FATAL"}


@pytest.mark.parametrize("stderr", [io.StringIO], indirect=True)
@pytest.mark.parametrize("name", LEVELS)
def test_levels(name, stderr):
    level = getattr(tf.logging, LEVELS[name])
    for verbosity in (level, level + 1):
        tf.logging.set_verbosity(verbosity)
        assert tf.logging.get_verbosity() == verbosity
        getattr(tf.logging, name)("%s it is", name)
        tf.logging.log(level, "logged")
        tf.logging.vlog(level, "logged")
        tf.logging.log_if(level, "logged", True)
        tf.logging.log_if(level, "not logged", False)
    tf.logging.flush()
    title = logging.getLevelName(level)
    assert stderr.getvalue().splitlines() == [f"{title}:graphc:{text}" for text in (f"{name} it is", *["logged"] * 3)]


@pytest.mark.parametrize("stderr", [io.StringIO], indirect=True)
def test_every_nth_and_the_first_n(stderr):
    for i in range(7):
        tf.logging.log_every_n(tf.logging.WARN, "third %d", 3, i)
        tf.logging.log_first_n(tf.logging.WARN, "first %d", 2, i)
    assert [line.rpartition(":")[2] for line in stderr.getvalue().splitlines()] == ["third 0", "first 0", "first 1", "third 3", "third 6"]


def test_a_real_terminal(tmp_path):
    """The whole of it, in a process of its own whose standard error is a pseudo-terminal."""
    program = "import graphc as tf; from graphc.cpu import telling; telling.PATIENCE = 0.001; tf.Session().run(tf.random_uniform([3]) + 1.0)"
    ours, theirs = pty.openpty()
    environment = os.environ | {"GRAPHC_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program], stderr=theirs, env=environment, check=True, timeout=PATIENCE)
    os.close(theirs)
    assert os.read(ours, 1000).decode().splitlines() == ["graphc: compiling 1 kernel, kept for next time"]
    os.close(ours)
