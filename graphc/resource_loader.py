"""`tf.resource_loader`: files that lie beside a program, by their names."""

from __future__ import annotations

import os
import sys
from typing import Any

from .errors import NotFoundError
from .ir.node import caller, here
from .tf1_names import namespace as _namespace

__all__ = ["get_data_files_path", "get_path_to_datafile", "get_root_dir_with_all_resources", "load_resource", "readahead_file_path"]


def get_data_files_path() -> str:
    """The folder of the file that calls it."""
    return os.path.dirname(os.path.abspath(caller()[0]))


def get_path_to_datafile(path: str) -> str:
    """The path of a file that lies beside the one that calls it."""
    return os.path.join(get_data_files_path(), path)


def get_root_dir_with_all_resources() -> str:
    """The folder of the program."""
    return os.path.dirname(os.path.abspath(getattr(sys.modules["__main__"], "__file__", None) or "program"))


def load_resource(path: str) -> Any:
    """The bytes of a file that lies beside the one that calls it. NotFoundError: there is none."""
    try:
        with open(get_path_to_datafile(path), "rb") as file:
            return file.read()
    except OSError as e:
        raise NotFoundError(f"{path}: {e.strerror}{here()}") from None


def readahead_file_path(path: str, readahead: str = "128M") -> str:
    """The path itself."""
    return path


_namespace(globals())
