"""The cache: a folder of what processes have made and others need again, each file bound to its name, and no more of them than a set size.

An entry is the file `<key>.<kind>`; the key is a digest of all that its content depends on. It holds a word, a digest of its own name and of
all that follows, a line that says when it was made and what it is for, and the content. What cannot be the user's own entry of that name,
whole, is not read. Reading sets a file's time, so that the files used least recently are known: they leave first.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import CacheWarning, InvalidArgumentError
from ..ir.node import warn

_MAGIC = b"graphc entry 2\n"
_DIGEST = 32
LARGEST = 1 << 26       # bytes of an entry; no larger one is written or read
SIZE = "1 GiB"          # of all entries, unless GRAPHC_CACHE_SIZE says otherwise
FULL = 0.9              # of that size is left when entries have had to go, so that the next one finds room
STALE = 600.0           # seconds after which a file that is being written is what a killed process has left
LOOKED_AT = 4096        # files whose sizes are asked for, to estimate those of all
KINDS = {"o": "machine code", "plan": "a plan", "check": "a self-check"}
_ENTRY = re.compile(rf"[0-9a-f]{{64}}\.({'|'.join(KINDS)})")
# What is being written; the second form is that of graphc 0.1. Nothing else in the folder is graphc's, and nothing else is removed.
_PART = re.compile(r"(graphc-[a-z0-9_]{8}|tmp[a-z0-9_]{8})\.part")
_SIZE = re.compile(r"([0-9]{1,15})\s*(?:([KMGT])(I?B)?|B)?", re.IGNORECASE)
# A link is not followed, a pipe not waited for, a terminal not taken.
_CAREFULLY = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY"))
warned: set[str] = set()            # folders that a warning has told of
_written: dict[Path, int] = {}      # bytes written to a folder since this process last looked how large it is


class Entry(NamedTuple):
    """A file of the cache; times are seconds since 1970. `made` is None, and `about` empty, of what this version would not read."""

    path: Path
    size: int
    used: float
    made: float | None = None
    about: str = ""


# ---------------------------------------------------------------------- the folder

def place_of(environment: Mapping[str, str], platform: str, home: Callable[[], Path]) -> Path:
    """Where the cache lies: at GRAPHC_CACHE_DIR, or where the system's conventions put what can be made again."""
    said, base = environment.get("GRAPHC_CACHE_DIR"), environment.get("XDG_CACHE_HOME", "")
    if said:
        return home() / said[2:] if re.match(r"~(/|\\|$)", said) else Path(said)
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home() / "AppData" / "Local") / "graphc" / "Cache"
    if os.path.isabs(base):         # any other is to be ignored: XDG Base Directory Specification 0.8
        return Path(base) / "graphc"
    return home() / ("Library/Caches" if platform == "darwin" else ".cache") / "graphc"


def folder() -> Path | None:
    """The folder, made if need be; None, with one warning, if it cannot be used safely. InvalidArgumentError: GRAPHC_CACHE_SIZE is no size."""
    limit()
    base = Path(os.environ.get("GRAPHC_CACHE_DIR") or "~/.cache/graphc")        # as a user without a home reads it
    try:
        base = place_of(os.environ, sys.platform, Path.home)
        if not base.is_dir():
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
        why = _foreign(base.stat())
    except (OSError, RuntimeError) as e:
        why = str(e)
    return _unusable(base, why) if why else base


def _foreign(status: os.stat_result) -> str:
    """Why a file or folder is not the user's alone; empty if it is."""
    if hasattr(os, "getuid"):
        if status.st_uid != os.getuid():
            return "it belongs to another user"
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return "others may write to it"
    return ""


def _unusable(place: Path, why: str) -> Any:
    """Warn once a folder; gives None, for the caller to return."""
    if str(place) not in warned:
        warned.add(str(place))
        warn(f"compiled kernels are not kept in {place}: {why}", CacheWarning)
    return None


def limit() -> int:
    """Bytes that the cache may have: GRAPHC_CACHE_SIZE, or 1 GiB."""
    return size_of(os.environ.get("GRAPHC_CACHE_SIZE") or SIZE, "GRAPHC_CACHE_SIZE=")


def size_of(text: str, what: str = "") -> int:
    """The bytes that a text means: `500000`, `200 MB`, `1 GiB`, or `1G`, which is the same. InvalidArgumentError: anything else."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise InvalidArgumentError(f"{what}{text!r:.60} is not a size, such as 500 MB or 1 GiB")
    number, letter, unit = match.groups()
    return int(number) * (1000 if unit and len(unit) == 1 else 1024) ** ("KMGT".index(letter.upper()) + 1 if letter else 0)


# ---------------------------------------------------------------------- entries

def key(*parts: str) -> str:
    """The name of what depends on these texts alone; in another format of files it is another."""
    digest = hashlib.sha256(_MAGIC)
    for part in parts:
        data = part.encode()
        digest.update(b"%d " % len(data) + data)
    return digest.hexdigest()


def read(place: Path, key: str, kind: str) -> bytes | None:
    """The content of an entry; None if there is none, or, with a warning, none that is whole and the user's own."""
    name = f"{key}.{kind}"
    try:
        _, rest = _whole(place / name, LARGEST, time.time_ns())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as e:
        return _unusable(place, f"{name}, which is made anew: {e}")
    return rest[rest.index(b"\n") + 1:]


def _whole(path: Path, most: int, now: int | None = None) -> tuple[os.stat_result, bytes]:
    """What an entry holds behind its digest; ValueError if it is none, or damaged. `now`: the time of its use, in nanoseconds."""
    with open(path, "rb", buffering=0, opener=lambda name, flags: os.open(name, flags | _CAREFULLY)) as file:
        status = os.fstat(file.fileno())
        why = _foreign(status) if stat.S_ISREG(status.st_mode) else "it is no regular file"
        if why or status.st_size > most:
            raise ValueError(why or f"it has {status.st_size} bytes")
        data = file.read(status.st_size)
        if now is not None and os.utime in os.supports_fd:
            with suppress(OSError):         # a disk that can be read only
                os.utime(file.fileno(), ns=(now, now))
    rest = data[len(_MAGIC) + _DIGEST:]
    if data[:len(_MAGIC) + _DIGEST] != _MAGIC + _digest(path.name, rest):
        raise ValueError("it is damaged")
    return status, rest


def _digest(name: str, rest: bytes) -> bytes:
    """What binds an entry's content to its name: under another it is taken for damaged."""
    return hashlib.sha256(name.encode() + b"\n" + rest).digest()


def write(place: Path, key: str, kind: str, about: str, content: bytes) -> None:
    """Write whole or not at all: other processes may read and write the same entry. `about`: a line for people."""
    name, most = f"{key}.{kind}", limit()
    rest = f"{time.time():.0f} {' '.join(about.split())}\n".encode() + content
    data = _MAGIC + _digest(name, rest) + rest
    try:
        if len(data) <= min(most, LARGEST):
            part = place / f"graphc-{os.urandom(4).hex()}.part"
            try:
                with open(part, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
                    f.write(data)
                os.replace(part, place / name)
            except BaseException:
                with suppress(OSError):
                    os.unlink(part)
                raise
        _bound(place, len(data), most)
    except OSError as e:
        _unusable(place, str(e))


# ---------------------------------------------------------------------- its size

def _bound(place: Path, grown: int, most: int) -> None:
    """Let entries go if there are too many: looked at when a process first writes, and each time it has written a sixteenth of the limit."""
    since = _written.get(place)
    _written[place] = 0 if since is None else since + grown
    if since is None or since + grown > most // 16:
        _written[place] = 0
        if _estimated(place) > most:
            prune(place, int(FULL * most))


def _estimated(place: Path) -> float:
    """Bytes of all entries; of very many, those of some times how many there are. Removes what killed writers have left."""
    with os.scandir(place) as files:
        names = [file.name for file in files]
    entries = [name for name in names if _ENTRY.fullmatch(name)]
    _tidy(place, names)
    some = entries[::-(-len(entries) // LOOKED_AT) or 1]
    return sum(e.size for e in _stated(place, some)) * len(entries) / max(len(some), 1)


def _tidy(place: Path, names: Iterable[str]) -> None:
    for name in filter(_PART.fullmatch, names):
        with suppress(OSError):
            if time.time() - (place / name).stat(follow_symlinks=False).st_mtime > STALE:
                (place / name).unlink()


def _stated(place: Path, names: Iterable[str]) -> list[Entry]:
    """The entries of those names that are still there, and files."""
    found = []
    for name in names:
        with suppress(OSError):         # another process has let it go
            status = (place / name).stat(follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode):
                found.append(Entry(place / name, status.st_size, status.st_mtime))
    return found


def entries(place: Path, most: int | None = None) -> list[Entry]:
    """All entries, or so many, the one used last first; with what each says of itself unless `most` is 0."""
    found = sorted(_stated(place, filter(_ENTRY.fullmatch, os.listdir(place))), key=lambda e: (-e.used, e.path.name))
    return found if most == 0 else [_read_about(e) for e in islice(found, most)]


def _read_about(entry: Entry) -> Entry:
    try:
        _, rest = _whole(entry.path, LARGEST)
        made, _, about = rest.partition(b"\n")[0].decode().partition(" ")
        return entry._replace(made=float(made), about=about)
    except (OSError, ValueError):
        return entry


def prune(place: Path, most: int, unused: float | None = None) -> tuple[int, int]:
    """Let entries go, those used least recently first, until all have at most so many bytes; how many went, and their bytes.

    With `unused`, also all that nobody has used for so many seconds; and what killed writers have left.
    """
    _tidy(place, os.listdir(place))
    found, now = entries(place, 0), time.time()
    totals = accumulate(e.size for e in found)
    gone = [e for e, total in zip(found, totals, strict=True) if total > most or unused is not None and now - e.used > unused]
    for entry in gone:
        with suppress(OSError):
            entry.path.unlink()
    return len(gone), sum(e.size for e in gone)


def clear() -> int:
    """Let all entries go; how many there were."""
    place = folder()
    return 0 if place is None else prune(place, -1)[0]


def info() -> dict[str, Any]:
    """Where the cache is, how many entries it has, and their bytes."""
    place = folder()
    found = [] if place is None else entries(place, 0)
    return {"folder": place, "entries": len(found), "bytes": sum(e.size for e in found)}
