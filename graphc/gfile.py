"""`tf.gfile`: files and folders under TensorFlow's names; all of it is Python's own `open`, `os`, `glob` and `shutil`."""

from __future__ import annotations

import glob as _glob
import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .errors import FailedPreconditionError, InvalidArgumentError, NotFoundError, OpError
from .ir.node import here
from .tf1_names import namespace as _namespace

__all__ = ["Copy", "DeleteRecursively", "Exists", "FastGFile", "GFile", "Glob", "IsDirectory", "ListDirectory", "MakeDirs", "MkDir", "Open",
           "Remove", "Rename", "Stat", "Walk", "copy", "exists", "glob", "isdir", "listdir", "makedirs", "mkdir", "remove", "rename", "rmtree",
           "stat", "walk"]


class FileStatistics(NamedTuple):
    """Length in bytes, time of the last change in nanoseconds, and whether it is a folder."""

    length: int
    mtime_nsec: int
    is_directory: bool


def _path(name: Any) -> str:
    return os.fsdecode(name)


def _errors(act: Callable[[], Any], name: Any) -> Any:
    """What `act` gives; the system's errors as TensorFlow's, with the file's name and the user's line."""
    try:
        return act()
    except FileNotFoundError:
        raise NotFoundError(f"{_path(name)}: no such file or directory{here()}") from None
    except OSError as e:
        raise FailedPreconditionError(f"{_path(name)}: {e.strerror or e}{here()}") from None


class GFile:
    """A file as Python opens it, with what TensorFlow has beside: `size`, `seek(offset=)`, `read(n)` of texts or of bytes as the mode says.

    It is opened when it is first used. NotFoundError: there is no such file, then.

    >>> with tf.gfile.GFile("notes.txt", "w") as f:
    ...     f.write("a\\nb\\n")
    >>> [line for line in tf.gfile.GFile("notes.txt")], tf.gfile.Exists("notes.txt")
    (['a\\n', 'b\\n'], True)
    >>> tf.gfile.Remove("notes.txt")
    """

    def __init__(self, name: Any, mode: str = "r"):
        if mode.replace("b", "").replace("t", "") not in ("r", "w", "a", "r+", "w+", "a+"):
            raise InvalidArgumentError(f"GFile: {mode!r:.20} is no mode of a file{here()}")
        self.name, self.mode = name, mode
        self._file: Any = None

    @property
    def _open(self) -> Any:
        if self._file is None:
            text: dict[str, Any] = {} if "b" in self.mode else {"encoding": "utf-8", "newline": ""}
            self._file = _errors(lambda: open(_path(self.name), self.mode, **text), self.name)
        return self._file

    def read(self, n: int = -1) -> Any:
        """The next `n` characters or bytes; all that is left by default."""
        return self._open.read(n)

    def readline(self) -> Any:
        """The next line, with its end; nothing at the end of the file."""
        return self._open.readline()

    def readlines(self) -> list[Any]:
        """All lines that are left."""
        return self._open.readlines()

    def write(self, file_content: Any) -> None:
        """Write a text, or bytes, as the mode says; a text is encoded where the mode is for bytes."""
        given = file_content.encode() if "b" in self.mode and isinstance(file_content, str) else file_content
        self._open.write(given.decode() if "b" not in self.mode and isinstance(given, bytes) else given)

    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        """Go to a place."""
        self._open.seek(position if offset is None else offset, whence)

    def tell(self) -> int:
        """The place where the file is read or written next."""
        return int(self._open.tell())

    def size(self) -> int:
        """The length in bytes."""
        return stat(self.name).length

    def seekable(self) -> bool:
        """True."""
        return True

    def flush(self) -> None:
        """Have what was written reach the file."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Close the file; it may be used again, from its beginning."""
        if self._file is not None:
            self._file.close()
            self._file = None
        elif self.mode[0] in "wa":          # a file that nothing was written to is there, and empty
            self._open.close()
            self._file = None

    def __enter__(self) -> GFile:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._open)

    def __next__(self) -> Any:
        return next(self._open)

    def next(self) -> Any:
        """The next line; StopIteration at the end of the file."""
        return next(self)


Open = FastGFile = GFile


def exists(path: Any) -> bool:
    """Whether there is a file or folder of that name."""
    return os.path.exists(_path(path))


def isdir(path: Any) -> bool:
    """Whether it is a folder."""
    return os.path.isdir(_path(path))


def listdir(path: Any) -> list[str]:
    """The names in a folder, sorted. NotFoundError: there is none."""
    return sorted(_errors(lambda: os.listdir(_path(path)), path))


def glob(pattern: Any) -> list[str]:
    """The files whose names match a pattern, or one of a list of them, sorted.

    >>> tf.gfile.Glob("no-such-*")
    []
    """
    if isinstance(pattern, (list, tuple)):
        return sorted({name for p in pattern for name in glob(p)})
    return sorted(_glob.glob(_path(pattern)))


def mkdir(path: Any) -> None:
    """Make a folder. NotFoundError: the one it is to lie in is not there. FailedPreconditionError: it is there already."""
    _errors(lambda: os.mkdir(_path(path)), path)


def makedirs(path: Any) -> None:
    """Make a folder, and those it lies in, where they are not there already. FailedPreconditionError: it cannot be made."""
    _errors(lambda: os.makedirs(_path(path), exist_ok=True), path)


def remove(path: Any) -> None:
    """Remove a file. NotFoundError: there is none."""
    _errors(lambda: os.remove(_path(path)), path)


def rmtree(path: Any) -> None:
    """Remove a folder and all that is in it. NotFoundError: there is none."""
    _errors(lambda: shutil.rmtree(_path(path)), path)


def _free(new: Any, overwrite: bool) -> None:
    if not overwrite and exists(new):
        raise OpError(f"{_path(new)} is there already; overwrite=True replaces it{here()}")


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copy a file. NotFoundError: there is none. OpError: there is one of the new name, and it is not to be overwritten."""
    _free(dst, overwrite)
    _errors(lambda: shutil.copyfile(_path(src), _path(dst)), src)


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Give a file another name. NotFoundError: there is none. OpError: there is one of the new name, and it is not to be overwritten."""
    _free(dst, overwrite)
    _errors(lambda: os.replace(_path(src), _path(dst)), src)


def stat(path: Any) -> FileStatistics:
    """Length, time of the last change, and whether it is a folder. NotFoundError: there is none."""
    found = _errors(lambda: os.stat(_path(path)), path)
    return FileStatistics(found.st_size, found.st_mtime_ns, isdir(path))


def walk(top: Any, topdown: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each folder below `top` with the names of its folders and files, sorted."""
    for folder, folders, files in os.walk(_path(top), topdown=topdown):
        folders.sort()
        yield folder, folders, sorted(files)


# TensorFlow's older names, and those arguments.

def Exists(filename: Any) -> bool:
    """`exists`."""
    return exists(filename)


def IsDirectory(dirname: Any) -> bool:
    """`isdir`."""
    return isdir(dirname)


def ListDirectory(dirname: Any) -> list[str]:
    """`listdir`. NotFoundError: there is no such folder."""
    return listdir(dirname)


def Glob(filename: Any) -> list[str]:
    """`glob`."""
    return glob(filename)


def MkDir(dirname: Any) -> None:
    """`mkdir`. FailedPreconditionError: it is there already."""
    mkdir(dirname)


def MakeDirs(dirname: Any) -> None:
    """`makedirs`. FailedPreconditionError: it cannot be made."""
    makedirs(dirname)


def Remove(filename: Any) -> None:
    """`remove`. NotFoundError: there is no such file."""
    remove(filename)


def DeleteRecursively(dirname: Any) -> None:
    """`rmtree`. NotFoundError: there is no such folder."""
    rmtree(dirname)


def Copy(oldpath: Any, newpath: Any, overwrite: bool = False) -> None:
    """`copy`. NotFoundError: there is no such file."""
    copy(oldpath, newpath, overwrite)


def Rename(oldname: Any, newname: Any, overwrite: bool = False) -> None:
    """`rename`. NotFoundError: there is no such file."""
    rename(oldname, newname, overwrite)


def Stat(filename: Any) -> FileStatistics:
    """`stat`. NotFoundError: there is no such file."""
    return stat(filename)


def Walk(top: Any, in_order: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """`walk`."""
    return walk(top, in_order)


_namespace(globals())
