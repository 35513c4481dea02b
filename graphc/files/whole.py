"""Files that are there whole or not at all: written beside their place, flushed to the disk, and renamed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:         # a system without it keeps what killed writers leave
    fcntl = None            # type: ignore[assignment]

SUFFIX = ".graphc-part"
_SETTLED = 60.0             # seconds after which a file that nobody locks is what a killed writer has left


def write_whole(path: str, parts: Iterable[Any], flush: bool = True) -> None:
    """Write buffers one after the other to the file at `path`. OSError: it could not be written, and what stood there stands there still.

    Missing folders are made, with `flush`. Whoever opens the path meanwhile reads the old file or the new one, never a part. Without `flush` this
    holds as long as the machine has power: so for files that stand beside others that they can be made again from.
    """
    folder, name = os.path.split(os.path.abspath(path))
    if flush:
        os.makedirs(folder, exist_ok=True)
        _sweep(Path(folder))
    beside = os.path.join(folder, f".{name}.{os.getpid()}.{os.urandom(4).hex()}{SUFFIX}")
    try:
        with open(beside, "xb") as file:
            _claim(file)
            for part in parts:
                file.write(part)
            file.flush()
            if flush:
                os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        try:
            os.unlink(beside)
        except OSError:
            pass            # swept up by a later writer; what went wrong first is what is told
        raise
    if not flush:
        return
    # Only now is the name itself on the disk: a machine that loses its power forgets names that were not flushed.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _claim(file: Any) -> None:
    """Mark a file as being written: the lock goes with the process, however that ends."""
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pass            # a file system without locks


def _sweep(folder: Path) -> None:
    """Remove what killed writers have left in a folder."""
    for found in folder.glob(f".*{SUFFIX}") if fcntl is not None else ():
        try:
            with open(found, "rb") as file:
                if time.time() - os.fstat(file.fileno()).st_mtime > _SETTLED:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(found)
        except OSError:
            pass            # somebody writes it, or has just removed it
