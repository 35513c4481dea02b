"""The cache gives back what was put in under that name, by this user, whole; it stays in bounds; and nothing else in its folder is touched."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from graphc import errors
from graphc.cpu import cache, native
from graphc.cpu.tape import Tape
from graphc.errors import CacheWarning
from tests import ROOT


def source(factor: float) -> str:
    """A kernel that multiplies its one buffer by a number."""
    return f"def kernel(buffers, extents, lo, hi):\n    x = pointer(buffers, 0, float64)\n    for i in range(lo, hi):\n" \
           f"        store(x, i, load(x, i) * float64({factor}))\n    return 0\n"


def result(kernel: native.Kernel) -> list[float]:
    x = np.arange(1.0, 4.0)
    assert Tape.of([(kernel.address, np.array([x.ctypes.data], np.uintp), np.zeros(1, np.int64), 3, 3)], threads=1).run() == 0
    return x.tolist()


def entry(folder: Path, kernel: native.Kernel) -> Path:
    return folder / f"{kernel.key}.o"


def again(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[native.Kernel, list[str]]:
    """The kernel in a process that has neither loaded nor warned of anything, and what it warns of."""
    monkeypatch.setattr(native, "_kernels", {})
    monkeypatch.setattr(native, "_loaded", {})
    monkeypatch.setattr(cache, "warned", set())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        kernel = native.compile_kernels([text])[0]
    assert {w.category for w in caught} <= {CacheWarning}
    return kernel, [str(w.message) for w in caught]


# ---------------------------------------------------------------------- what is not the entry of that name

def truncated(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flipped(path: Path, other: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)


def empty(path: Path, other: Path) -> None:
    path.write_bytes(b"")


def longer(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def copied(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())


def renamed(path: Path, other: Path) -> None:
    other.rename(path)


def linked(path: Path, other: Path) -> None:
    path.rename(path.with_suffix(".elsewhere"))
    path.symlink_to(path.with_suffix(".elsewhere"))


def linked_to_a_device(path: Path, other: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def a_pipe(path: Path, other: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path, other: Path) -> None:
    path.unlink()
    path.mkdir()


def writable_by_others(path: Path, other: Path) -> None:
    path.chmod(0o622)


def of_another_user(path: Path, other: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(path, 12345, 12345)


def endless(path: Path, other: Path) -> None:
    os.truncate(path, 1 << 40)


# name: how it is made, and what the warning says
FOREIGN: dict[Callable[[Path, Path], None], str] = {
    truncated: "damaged", flipped: "damaged", empty: "damaged", longer: "damaged", copied: "damaged", renamed: "damaged",
    linked: "symbolic link", linked_to_a_device: "symbolic link", a_pipe: "no regular file", a_folder: "[Dd]irectory",
    writable_by_others: "others may write to it", of_another_user: "belongs to another user", endless: "1099511627776 bytes"}


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners and pipes are POSIX ideas")
@pytest.mark.parametrize("make", FOREIGN, ids=lambda make: make.__name__)
def test_what_is_not_the_entry_of_that_name_is_made_anew(make, empty_cache, monkeypatch):
    factor = 2.0 + [*FOREIGN].index(make)
    text = source(factor)
    kernel, other = (native.compile_kernels([source(f)])[0] for f in (factor, factor + 0.5))
    make(entry(empty_cache, kernel), entry(empty_cache, other))
    kernel, said = again(text, monkeypatch)
    assert result(kernel) == [factor, 2 * factor, 3 * factor]
    assert not kernel.from_cache and len(said) == 1
    assert re.search(FOREIGN[make], said[0]), said[0]
    kernel, said = again(text, monkeypatch)
    assert kernel.from_cache and not said or make is a_folder, "the good code has replaced it"


def test_a_warning_tells_of_a_folder_once(empty_cache, monkeypatch):
    texts = [source(f) for f in (31.0, 32.0)]
    for kernel in native.compile_kernels(texts):
        flipped(entry(empty_cache, kernel), empty_cache)
    monkeypatch.setattr(native, "_kernels", {})
    monkeypatch.setattr(native, "_loaded", {})
    with pytest.warns(CacheWarning) as caught:
        native.compile_kernels(texts)
    assert len(caught) == 1


def test_reading_needs_no_right_to_write(empty_cache):
    """A folder and an entry that are the user's and that nobody may write."""
    cache.folder()
    cache.write(empty_cache, NAMES[0], "o", "a number", b"7")
    (empty_cache / f"{NAMES[0]}.o").chmod(0o400)
    empty_cache.chmod(0o500)
    assert cache.read(empty_cache, NAMES[0], "o") == b"7"


def test_a_kind_is_part_of_the_name(empty_cache, monkeypatch):
    cache.folder()
    cache.write(empty_cache, NAMES[0], "o", "", b"7")
    (empty_cache / f"{NAMES[0]}.o").rename(empty_cache / f"{NAMES[0]}.check")
    with pytest.warns(CacheWarning, match="damaged"):
        assert cache.read(empty_cache, NAMES[0], "check") is None


def test_keys_tell_texts_apart():
    texts = [("a", "b"), ("ab",), ("a\nb",), ("a", "b", ""), ("", "a", "b"), ("1 a", "b"), ()]
    assert len({cache.key(*t) for t in texts}) == len(texts)


# ---------------------------------------------------------------------- its size

NAMES = [f"{k:064x}" for k in range(100)]


def kept(folder: Path) -> list[int]:
    """Which of the entries are there."""
    return sorted(NAMES.index(path.stem) for path in folder.iterdir())


def fill(folder: Path, numbers: range, size: int = 1000) -> None:
    for k in numbers:
        cache.write(folder, NAMES[k], "o", f"number {k}", bytes(size))


def test_what_is_used_least_recently_leaves_first(empty_cache, monkeypatch):
    monkeypatch.setenv("GRAPHC_CACHE_SIZE", "11 kB")
    cache.folder()
    fill(empty_cache, range(9))
    assert cache.read(empty_cache, NAMES[0], "o") == bytes(1000)          # used now
    fill(empty_cache, range(9, 12))
    assert set(kept(empty_cache)) >= {0, 9, 10, 11} and not {1, 2} & set(kept(empty_cache))
    assert cache.info()["bytes"] <= 11_000
    fill(empty_cache, range(12, 100))
    assert 99 in kept(empty_cache) and 0 not in kept(empty_cache) and cache.info()["bytes"] <= 11_000


def test_times_of_use_have_the_order_of_uses(empty_cache):
    """Also where the clock of the file system is coarse."""
    cache.folder()
    fill(empty_cache, range(20))
    for k in (order := [*range(19, 0, -2), *range(0, 20, 2)]):
        cache.read(empty_cache, NAMES[k], "o")
    assert [NAMES.index(e.path.stem) for e in cache.entries(empty_cache)] == order[::-1]
    assert [e.about for e in cache.entries(empty_cache, 2)] == [f"number {k}" for k in order[:-3:-1]]


def test_what_is_larger_than_the_cache_is_not_kept(empty_cache, monkeypatch):
    cache.folder()
    fill(empty_cache, range(3))
    monkeypatch.setenv("GRAPHC_CACHE_SIZE", "2500")
    fill(empty_cache, range(3, 4), 3000)
    assert 3 not in kept(empty_cache)
    monkeypatch.setenv("GRAPHC_CACHE_SIZE", "0")
    fill(empty_cache, range(4, 5))
    assert kept(empty_cache) == []


def test_the_size_of_many_entries_is_estimated(empty_cache, monkeypatch):
    cache.folder()
    fill(empty_cache, range(100))
    exactly = cache.info()["bytes"]
    for most in (1, 7, 99, 100, 1000):
        monkeypatch.setattr(cache, "LOOKED_AT", most)
        assert cache._estimated(empty_cache) == pytest.approx(exactly, rel=0.01)


def test_a_full_cache_serves_and_fills_again(empty_cache, monkeypatch):
    """Kernels of one step that do not all fit are made each time, and right."""
    monkeypatch.setenv("GRAPHC_CACHE_SIZE", "2000")
    for _ in range(2):
        monkeypatch.setattr(native, "_kernels", {})
        monkeypatch.setattr(native, "_loaded", {})
        kernels = native.compile_kernels([source(f) for f in (41.0, 42.0, 43.0, 44.0)])
        assert [result(k)[0] for k in kernels] == [41.0, 42.0, 43.0, 44.0] and not all(k.from_cache for k in kernels)
        assert cache.info()["bytes"] <= 2000


@pytest.mark.parametrize("how", ["written", "pruned", "cleared"])
def test_what_killed_writers_have_left_is_removed(how, empty_cache, monkeypatch):
    """And nothing that is not graphc's, in a folder that has other files as well."""
    cache.folder()
    left, others = ["graphc-ab_12xyz.part", "tmpab_12xyz.part"], ["film.part", "main.o", "abc.check", f"{NAMES[0]}.txt", "graphc-ab_12xyz.part.gz"]
    for name in (*left, *others, "graphc-00000000.part"):
        (empty_cache / name).write_text("")
    for name in (*left, *others):
        os.utime(empty_cache / name, (0, 0))
    monkeypatch.setattr(cache, "_written", {})
    {"written": lambda: fill(empty_cache, range(1)), "pruned": lambda: cache.prune(empty_cache, 10**9, 0.0), "cleared": cache.clear}[how]()
    assert sorted(p.name for p in empty_cache.iterdir()) == sorted([*others, "graphc-00000000.part", *[f"{NAMES[0]}.o"] * (how == "written")])


def test_prune_by_age(empty_cache):
    cache.folder()
    fill(empty_cache, range(4))
    for k, days in ((1, 3), (2, 5)):
        os.utime(empty_cache / f"{NAMES[k]}.o", (time.time() - days * 86400,) * 2)
    assert cache.prune(empty_cache, 10**9, 4 * 86400)[0] == 1 and kept(empty_cache) == [0, 1, 3]
    assert cache.prune(empty_cache, 10**9)[0] == 0
    assert cache.prune(empty_cache, cache.info()["bytes"] - 1)[0] == 1 and kept(empty_cache) == [0, 3]


# text: bytes, None where it is refused
SIZES = {"0": 0, "500000": 500_000, "1 kB": 1000, "1K": 1024, "1kib": 1024, "200 MB": 200 * 10**6, "2 GiB": 2 << 30, " 1g ": 1 << 30,
         "3TB": 3 * 10**12, "17 B": 17, "-1": None, "1.5G": None, "²": None, "1 PB": None,
         "GB": None, "1 G B": None, "1e9": None, "9" * 16: None, "many": None}


@pytest.mark.parametrize("text", SIZES)
def test_sizes(text, monkeypatch, empty_cache):
    monkeypatch.setenv("GRAPHC_CACHE_SIZE", text)
    if SIZES[text] is None:
        for function in (cache.limit, cache.folder):
            with pytest.raises(errors.InvalidArgumentError, match=f"GRAPHC_CACHE_SIZE={text!r} is not a size, such as 500 MB or 1 GiB"):
                function()
    else:
        assert cache.limit() == SIZES[text]


# ---------------------------------------------------------------------- its place

# (system, variables, the folder)
PLACES = [
    ("linux", {}, "/home/me/.cache/graphc"), ("linux", {"XDG_CACHE_HOME": "/tmp/c"}, "/tmp/c/graphc"),
    ("linux", {"XDG_CACHE_HOME": ""}, "/home/me/.cache/graphc"), ("linux", {"XDG_CACHE_HOME": "relative"}, "/home/me/.cache/graphc"),
    ("linux", {"GRAPHC_CACHE_DIR": "/k", "XDG_CACHE_HOME": "/tmp/c"}, "/k"), ("linux", {"GRAPHC_CACHE_DIR": ""}, "/home/me/.cache/graphc"),
    ("linux", {"GRAPHC_CACHE_DIR": "k"}, "k"), ("linux", {"GRAPHC_CACHE_DIR": "~/k"}, "/home/me/k"), ("linux", {"GRAPHC_CACHE_DIR": "~"}, "/home/me"),
    ("linux", {"GRAPHC_CACHE_DIR": "~me/k"}, "~me/k"), ("freebsd14", {}, "/home/me/.cache/graphc"),
    ("darwin", {}, "/home/me/Library/Caches/graphc"), ("darwin", {"XDG_CACHE_HOME": "/tmp/c"}, "/tmp/c/graphc"),
    ("win32", {}, "/home/me/AppData/Local/graphc/Cache"), ("win32", {"LOCALAPPDATA": "/local"}, "/local/graphc/Cache"),
    ("win32", {"GRAPHC_CACHE_DIR": "/k"}, "/k"),
]


@pytest.mark.parametrize("platform, environment, folder", PLACES)
def test_place(platform, environment, folder):
    assert cache.place_of(environment, platform, lambda: Path("/home/me")) == Path(folder)


def test_a_user_without_a_home(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")
    for name in ("GRAPHC_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr(cache, "warned", set())
    with pytest.warns(CacheWarning, match="not kept in ~/.cache/graphc: Could not determine home directory"):
        assert cache.folder() is None


# ---------------------------------------------------------------------- many at once, and killed

KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from graphc.cpu import cache
folder, kills = Path(sys.argv[1]), int(sys.argv[2])
readable, writable = os.pipe()

def write(number):
    rng = random.Random(number)
    while True:
        k = rng.randrange(20)
        cache.write(folder, f"{k:064x}", "o", f"number {k}", bytes([k]) * rng.choice([10, 10_000, 500_000]))
        os.write(writable, b".")

for number in range(kills):
    pids = [os.fork() or write(2 * number + k) for k in range(2)]
    if number % 2:                      # however late the system lets them begin; of the others, some are killed in what they write first
        os.read(readable, 1000)
    for pid in pids:
        time.sleep(random.random() / 30)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    for path in folder.glob("*.o"):
        content = cache.read(folder, path.stem, "o")
        assert content and set(content) == {int(path.stem, 16)} and len(content) in (10, 10_000, 500_000), path
"""


def test_killed_writers_leave_whole_entries(tmp_path, kills=60):
    """Two processes at once write the same names, each killed at a moment of its own; whatever is there then is whole."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", KILLED, str(tmp_path), str(kills // 2)], env=os.environ | {"PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [*tmp_path.glob("*.o")]


# Where a process that writes is killed, and what is left beside the entry that was there before.
KILLED_AT = {"open": 0, "write": 1, "replace": 1, "afterwards": 0}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.parametrize("moment", KILLED_AT)
def test_killed_at(moment, empty_cache, monkeypatch):
    cache.folder()
    cache.write(empty_cache, NAMES[0], "o", "", b"before")
    child = os.fork()
    if not child:
        def killed(*args, **options):
            os.kill(os.getpid(), signal.SIGKILL)
        if moment == "write":           # half of it lies in the file
            monkeypatch.setattr(os, "replace", lambda part, path: (os.truncate(part, 40), killed()))
        elif moment != "afterwards":
            monkeypatch.setattr(os, moment, killed)
        cache.write(empty_cache, NAMES[0], "o", "", b"after")
        killed()
    os.waitpid(child, 0)
    assert cache.read(empty_cache, NAMES[0], "o") == (b"after" if moment == "afterwards" else b"before")
    assert len([*empty_cache.glob("*.part")]) == KILLED_AT[moment]


def test_readers_while_others_write_and_prune(empty_cache, monkeypatch):
    """What is read is whole, whatever other threads do to the folder at that moment."""
    monkeypatch.setenv("GRAPHC_CACHE_SIZE", "60 kB")
    cache.folder()
    failures = []

    def work(number):
        rng = np.random.default_rng(number)
        try:
            for _ in range(1000):
                k = int(rng.integers(100))
                if rng.random() < 0.5:
                    cache.write(empty_cache, NAMES[k], "o", "", bytes([k]) * 1000)
                else:
                    assert cache.read(empty_cache, NAMES[k], "o") in (None, bytes([k]) * 1000)
        except Exception as e:
            failures.append(e)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert 0 < cache.info()["bytes"] <= 60_000 * 17 / 16 + 4 * 1200         # each thread may have written one more since it was looked at
