"""Files that programs fetch: those that are there already, as nothing is fetched."""

from __future__ import annotations

import os
from typing import Any

from ...errors import NotFoundError
from ...ir.node import here


def get_file(fname: Any, origin: Any = None, untar: bool = False, md5_hash: Any = None, file_hash: Any = None, cache_subdir: str = "datasets",
             hash_algorithm: str = "auto", extract: bool = False, archive_format: str = "auto", cache_dir: Any = None) -> str:
    """The path of a file in `~/.keras/datasets` (or `$KERAS_HOME`), or of a folder there for an archive. NotFoundError: it is not there.

    Nothing is fetched: the message says what to put where.

    >>> tf.keras.utils.get_file("nothing.txt", "a place")
    Traceback (most recent call last):
    graphc.errors.NotFoundError: get_file: ...nothing.txt is not there, and nothing is fetched: put there what a place gives...
    """
    name = os.fspath(fname)
    home = os.fspath(cache_dir) if cache_dir is not None else os.environ.get("KERAS_HOME", os.path.join(os.path.expanduser("~"), ".keras"))
    path = name if os.path.isabs(name) else os.path.join(home, cache_subdir, name)
    if untar or not os.path.exists(path):
        bare = path.removesuffix(".gz").removesuffix(".tar").removesuffix(".zip")
        if os.path.exists(bare):
            return str(bare)
    if not os.path.exists(path):
        raise NotFoundError(f"get_file: {path} is not there, and nothing is fetched: put there what {origin!s:.200} gives{here()}")
    return str(path)
