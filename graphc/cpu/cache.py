"""The folder of compiled kernels: each entry is named by all that its code depends on, and carries the digest of what it holds."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import warnings
from pathlib import Path
from typing import Any

from ..errors import CacheWarning

_MAGIC = b"graphc object 1\n"
_DIGEST = 32
warned: set[str] = set()        # folders that a warning has told of


def folder() -> Path | None:
    """The folder of compiled kernels, made if need be; None, with one warning, if it cannot be used safely."""
    text = os.environ.get("GRAPHC_CACHE_DIR")
    base = Path(text or "~/.cache/graphc")
    try:
        if not text:        # Path.home() fails for a user without a home
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "graphc"
        if not base.is_dir():
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = base.stat()
    except (OSError, RuntimeError) as e:
        return _unusable(base, str(e))
    if hasattr(os, "getuid"):
        if status.st_uid != os.getuid():
            return _unusable(base, "it belongs to another user")
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return _unusable(base, "others may write to it")
    return base


def _unusable(place: Path, why: str) -> Any:
    """Warn once a folder; gives None, for the caller to return."""
    if str(place) not in warned:
        warned.add(str(place))
        warnings.warn(f"compiled kernels are not kept in {place}: {why}", CacheWarning, stacklevel=2)
    return None


def read(place: Path, key: str) -> tuple[str, bytes] | None:
    """Symbol and code of an entry; None if there is none, or none that is whole."""
    try:
        data = (place / f"{key}.o").read_bytes()
    except FileNotFoundError:
        return None
    except OSError as e:
        return _unusable(place, str(e))
    digest, body = data[len(_MAGIC):len(_MAGIC) + _DIGEST], data[len(_MAGIC) + _DIGEST:]
    if not data.startswith(_MAGIC) or hashlib.sha256(body).digest() != digest:
        return _unusable(place, f"{key}.o is damaged and made anew")
    symbol, _, code = body.partition(b"\n")
    return symbol.decode(), code


def write(place: Path, key: str, symbol: str, code: bytes) -> None:
    """Write whole or not at all: other processes may read and write the same entry."""
    body = symbol.encode() + b"\n" + code
    try:
        handle, name = tempfile.mkstemp(dir=place, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as f:
                f.write(_MAGIC + hashlib.sha256(body).digest() + body)
            os.replace(name, place / f"{key}.o")
        except OSError:
            os.unlink(name)
            raise
    except OSError as e:
        _unusable(place, str(e))


def info() -> dict[str, Any]:
    """Where compiled kernels are kept, how many there are, and their bytes."""
    place = folder()
    files = list(place.glob("*.o")) if place is not None else []
    return {"folder": place, "kernels": len(files), "bytes": sum(f.stat().st_size for f in files)}


def clear() -> int:
    """Remove the kept kernels; how many there were."""
    place = folder()
    files = list(place.glob("*.o")) if place is not None else []
    for f in files:
        f.unlink(missing_ok=True)
    return len(files)
