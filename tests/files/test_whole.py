"""Files are written whole or not at all, whatever fails, and whenever the writer is killed."""

from __future__ import annotations

import errno
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphc.errors import CheckpointError, DataLossError
from graphc.files import checkpoint, whole
from graphc.files.checkpoint import Index


class Failing:
    """`os` and `open`, one call of which, the nth, fails; `calls` counts them."""

    def __init__(self, nth: int):
        self.nth, self.calls = nth, 0

    def fail(self) -> None:
        self.calls += 1
        if self.calls - 1 == self.nth:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def __getattr__(self, name: str) -> Any:
        value = getattr(os, name)
        if name not in ("makedirs", "fsync", "replace", "open", "unlink"):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            self.fail()
            return value(*args, **kwargs)
        return call

    def open_file(self, path: Any, mode: str = "r") -> Any:
        self.fail()
        file = open(path, mode)
        if "x" not in mode:
            return file
        failing = self

        class Watched:
            def write(self, part: Any) -> int:
                failing.fail()
                return file.write(part)

            def flush(self) -> None:
                failing.fail()
                file.flush()

            def fileno(self) -> int:
                return file.fileno()

            def __enter__(self) -> Any:
                return self

            def __exit__(self, *exc: Any) -> None:
                file.close()
        return Watched()


def arrays(step: int) -> dict[str, Any]:
    return {"w": np.full((3, 5), step, "float32"), "step": np.asarray(step)}


def save(folder: Path, step: int) -> None:
    """As a saver does: the checkpoint, and then the index."""
    checkpoint.write(str(folder / f"m-{step}"), arrays(step), "{}", {"saved": float(step)})
    checkpoint.write_index(str(folder / "checkpoint"), Index(f"m-{step}", [f"m-{step}"], [float(step)], 0.0))


def latest(folder: Path) -> int:
    """The step that the index names, all arrays of which are read."""
    index = checkpoint.read_index(str(folder / "checkpoint"))
    assert index is not None
    with checkpoint.open_checkpoint(str(folder / index.latest)) as found:
        values = {name: found.array(name) for name in found.entries}
    step = int(values["step"])
    assert all((values[name] == a).all() for name, a in arrays(step).items())
    return step


def test_every_call_fails_once(tmp_path, monkeypatch):
    save(tmp_path, 0)
    acknowledged, nth, quiet = 0, 0, 0
    while quiet < 2:            # calls of a save without a failure are fewer than `nth`
        failing = Failing(nth)
        monkeypatch.setattr(whole, "os", failing)
        monkeypatch.setattr(whole, "open", failing.open_file, raising=False)
        try:
            save(tmp_path, nth + 1)
            acknowledged = nth + 1
            quiet += failing.calls <= nth
        except CheckpointError as e:
            assert "No space left on device" in str(e)
        monkeypatch.undo()
        assert latest(tmp_path) >= acknowledged
        assert not list(tmp_path.glob(f".*{whole.SUFFIX}"))
        nth += 1
    assert nth > 12


def test_an_interruption_leaves_what_was_there(tmp_path, monkeypatch):
    save(tmp_path, 1)

    def interrupted(handle: int) -> None:
        raise KeyboardInterrupt
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, 2)
    assert latest(tmp_path) == 1 and sorted(p.name for p in tmp_path.glob("*.safetensors")) == ["m-1.safetensors"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process to kill")
def test_killed_writers_lose_nothing(tmp_path):
    random = np.random.default_rng(3)
    save(tmp_path, 0)
    last = 0
    for _ in range(25):
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            step = last
            while True:
                step += 1
                save(tmp_path, step)
                os.write(writer, step.to_bytes(8, "little"))
        os.close(writer)
        time.sleep(random.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reader, "rb") as pipe:
            said = pipe.read()
        acknowledged = int.from_bytes(said[-8:], "little") if said else last
        last = latest(tmp_path)
        assert last in (acknowledged, acknowledged + 1)


def test_what_killed_writers_leave_is_swept_up(tmp_path, monkeypatch):
    left, new, others = (tmp_path / name for name in (f".m-1.7.00{whole.SUFFIX}", f".m-2.7.00{whole.SUFFIX}", ".m-3.part"))
    for path in (left, new, others):
        path.write_bytes(b"half")
    os.utime(left, (1, 1))
    save(tmp_path, 5)
    assert not left.exists() and new.exists() and others.exists()


def test_what_is_being_written_is_left(tmp_path):
    fcntl = pytest.importorskip("fcntl", reason="locks are a POSIX idea")
    path = tmp_path / f".m-1.7.00{whole.SUFFIX}"
    path.write_bytes(b"half")
    os.utime(path, (1, 1))
    with open(path, "rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        save(tmp_path, 5)
        assert path.exists()


def test_files_have_the_users_mode(tmp_path):
    before = os.umask(0o027)
    try:
        save(tmp_path, 1)
    finally:
        os.umask(before)
    assert (tmp_path / "m-1.safetensors").stat().st_mode & 0o777 == 0o640


# ---------------------------------------------------------------------- the index

def test_index_comes_back(tmp_path):
    index = Index('a "b"\\c/größe-1', ["x-1", "\n", 'a "b"\\c/größe-1'], [1.5, 2.25, 1e9], 0.125)
    checkpoint.write_index(str(tmp_path / "checkpoint"), index)
    assert checkpoint.read_index(str(tmp_path / "checkpoint")) == index
    assert (tmp_path / "checkpoint").read_text().isascii()


OTHERS = [
    ("TensorFlow's", b'model_checkpoint_path: "m-5"\nall_model_checkpoint_paths: "m-5"\n', Index("m-5", ["m-5"], [], 0.0)),
    ("with times", b'model_checkpoint_path: "m"\nall_model_checkpoint_paths: "m"\nall_model_checkpoint_timestamps: 3.5\n'
     b'last_preserved_timestamp: 2\n', Index("m", ["m"], [3.5], 2.0)),
    ("octal and letters", b'model_checkpoint_path: "a\\303\\274\\t\\x41"\n', Index("aü\tA", [], [], 0.0)),
    ("comments", b'# one\n\nmodel_checkpoint_path: "m"  \n', Index("m", [], [], 0.0)),
]


@pytest.mark.parametrize("data, index", [row[1:] for row in OTHERS], ids=[row[0] for row in OTHERS])
def test_index_of_others_is_read(data, index, tmp_path):
    (tmp_path / "checkpoint").write_bytes(data)
    assert checkpoint.read_index(str(tmp_path / "checkpoint")) == index


@pytest.mark.parametrize("data", [b"", b"\xff\x00", b'model_checkpoint_path: "m', b"model_checkpoint_path: 3\n", b'other: "m"\n', b"# sha256: 00\n"])
def test_no_index(data, tmp_path):
    (tmp_path / "checkpoint").write_bytes(data)
    with pytest.raises(DataLossError, match="checkpoint is damaged"):
        checkpoint.read_index(str(tmp_path / "checkpoint"))


def test_every_changed_byte_of_an_index_is_noticed(tmp_path):
    place = tmp_path / "checkpoint"
    checkpoint.write_index(str(place), Index("m-2", ["m-1", "m-2"], [1.0, 2.0], 0.0))
    data = place.read_bytes()
    start = data.index(b"\n")
    for i in range(start, len(data)):
        place.write_bytes(data[:i] + bytes([data[i] ^ 1]) + data[i + 1:])
        with pytest.raises(DataLossError):
            checkpoint.read_index(str(place))
    for end in range(start, len(data)):
        place.write_bytes(data[:end])
        with pytest.raises(DataLossError):
            checkpoint.read_index(str(place))
