"""`tf.python.lib.io.file_io`: files and folders under the names of TensorFlow's inner module, which programs import; all are those of `gfile`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from .. import gfile
from ..errors import FailedPreconditionError
from ..files.whole import SUFFIX
from ..gfile import FileStatistics as FileStatistics
from ..gfile import GFile
from ..ir.node import here

__all__ = ["FileIO", "FileStatistics", "atomic_write_string_to_file", "copy", "create_dir", "delete_file", "delete_recursively", "file_exists",
           "filecmp", "get_matching_files", "get_matching_files_v2", "is_directory", "list_directory", "read_file_to_string",
           "recursive_create_dir", "rename", "stat", "walk", "write_string_to_file"]

FileIO = GFile


def file_exists(filename: Any) -> bool:
    """Whether there is a file or folder of that name."""
    return gfile.exists(filename)


def delete_file(filename: Any) -> None:
    """Remove a file. NotFoundError: there is none."""
    gfile.remove(filename)


def read_file_to_string(filename: Any, binary_mode: bool = False) -> Any:
    """What a file holds: a text, or bytes. NotFoundError: there is none."""
    with GFile(filename, "rb" if binary_mode else "r") as file:
        return file.read()


def write_string_to_file(filename: Any, file_content: Any) -> None:
    """Write a text, or bytes, as the whole of a file. NotFoundError: its folder is not there."""
    with GFile(filename, "wb" if isinstance(file_content, bytes) else "w") as file:
        file.write(file_content)


def atomic_write_string_to_file(filename: Any, contents: Any, overwrite: bool = True) -> None:
    """The same, but the file has its old contents or the new ones, whenever the program ends. OpError: it is there, and not to be overwritten."""
    beside = f"{os.fsdecode(filename)}.{os.getpid()}.{os.urandom(4).hex()}{SUFFIX}"
    write_string_to_file(beside, contents)
    try:
        gfile.rename(beside, filename, overwrite)
    except BaseException:
        gfile.remove(beside)
        raise


def get_matching_files(filename: Any) -> list[str]:
    """The files whose names match a pattern, or one of a list of them, sorted."""
    return gfile.glob(filename)


get_matching_files_v2 = get_matching_files


def create_dir(dirname: Any) -> None:
    """Make a folder. NotFoundError: the one it is to lie in is not there. FailedPreconditionError: it is there already."""
    gfile.mkdir(dirname)


def recursive_create_dir(dirname: Any) -> None:
    """Make a folder, and those it lies in. FailedPreconditionError: it cannot be made."""
    gfile.makedirs(dirname)


def copy(oldpath: Any, newpath: Any, overwrite: bool = False) -> None:
    """Copy a file. NotFoundError: there is none."""
    gfile.copy(oldpath, newpath, overwrite)


def rename(oldname: Any, newname: Any, overwrite: bool = False) -> None:
    """Give a file another name. NotFoundError: there is none."""
    gfile.rename(oldname, newname, overwrite)


def delete_recursively(dirname: Any) -> None:
    """Remove a folder and all that is in it. NotFoundError: there is none."""
    gfile.rmtree(dirname)


def is_directory(dirname: Any) -> bool:
    """Whether it is a folder."""
    return gfile.isdir(dirname)


def list_directory(dirname: Any) -> list[str]:
    """The names in a folder, sorted. NotFoundError: there is none."""
    if not gfile.isdir(dirname) and gfile.exists(dirname):
        raise FailedPreconditionError(f"{os.fsdecode(dirname)} is no folder{here()}")
    return gfile.listdir(dirname)


def walk(top: Any, in_order: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each folder below `top` with the names of its folders and files, sorted."""
    return gfile.walk(top, in_order)


def stat(filename: Any) -> FileStatistics:
    """Length, time of the last change, and whether it is a folder. NotFoundError: there is none."""
    return gfile.stat(filename)


def filecmp(filename_a: Any, filename_b: Any) -> bool:
    """Whether two files hold the same. NotFoundError: one is not there."""
    if stat(filename_a).length != stat(filename_b).length:
        return False
    return bool(read_file_to_string(filename_a, True) == read_file_to_string(filename_b, True))
