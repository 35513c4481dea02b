"""Libraries of machine code that programs load into TensorFlow: graphc runs nothing that it reads from a file, and says so."""

from __future__ import annotations

import os
from typing import Any, NoReturn

from .errors import NotFoundError, UnimplementedError
from .ir.node import here
from .train.checkpoints import path_of

__all__ = ["load_file_system_library", "load_library", "load_op_library"]

_OPERATORS = "tf.py_func makes an operator of a Python function, graphc.extend one that is compiled"


def load_op_library(library_filename: Any) -> NoReturn:
    """NotFoundError: there is no such file. UnimplementedError: graphc loads no library; `tf.py_func` makes an operator.

    >>> try:
    ...     ops = tf.load_op_library("word2vec_ops.so")
    ... except tf.errors.NotFoundError:
    ...     ops = None
    """
    _refuse("load_op_library", library_filename, _OPERATORS)


def load_library(library_location: Any) -> NoReturn:
    """NotFoundError: there is no such file or folder. UnimplementedError: graphc loads no library, as of `load_op_library`."""
    _refuse("load_library", library_location, _OPERATORS)


def load_file_system_library(library_filename: Any) -> NoReturn:
    """NotFoundError: there is no such file. UnimplementedError: files are those that Python opens."""
    _refuse("load_file_system_library", library_filename, "files are those that Python opens")


def _refuse(what: str, given: Any, instead: str) -> NoReturn:
    path = path_of(given, what)
    if not os.path.exists(path):
        raise NotFoundError(f"{what}: there is no {path!r:.200}{here()}")
    raise UnimplementedError(f"{what}: graphc loads no library of machine code, as {path!r:.200} is; {instead}{here()}")
