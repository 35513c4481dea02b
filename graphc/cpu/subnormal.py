"""Subnormal numbers are zeros while a graph runs, by a mode of the processor that is put back: they take ten to a hundred times as long."""

from __future__ import annotations

import ctypes
import threading
from functools import cache
from types import TracebackType
from typing import NamedTuple

import numpy as np

from ..ir.node import Node
from .tape_code import code_address


class _Calls(NamedTuple):
    """Functions of machine code that keep Python's lock: sets the mode of this thread and gives its word; takes such a word."""

    put: ctypes._FuncPointer
    back: ctypes._FuncPointer


@cache
def _calls() -> _Calls:
    for kind in (np.float32, np.float64):
        np.finfo(kind)              # NumPy finds the smallest subnormal when it is asked first, and would find zero
    return _Calls(ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(code_address("graphc_float_mode")),
                  ctypes.PYFUNCTYPE(None, ctypes.c_int64)(code_address("graphc_float_mode_back")))


class _Open(threading.local):
    """The words that this thread has to take back, the first one first."""

    def __init__(self) -> None:
        self.words: list[int] = []


_open = _Open()


class flushed:
    """Inside, this thread computes with subnormal numbers as zeros, or, `on` being false, as they are."""

    def __init__(self, on: bool):
        self.on = on

    def __enter__(self) -> None:
        _open.words.append(_calls().put(self.on))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if words := _open.words:            # else a run that failed inside has put back all
            _calls().back(words.pop())


def put_back() -> None:
    """Put back what an interrupt has kept from being put back, when a run has failed."""
    if _open.words:
        _calls().back(_open.words[0])
        _open.words.clear()


class _AsIs:
    """Nothing changes inside."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass


AS_IS = _AsIs()
_FLUSHED = flushed(True)


def subnormals(flush: bool, node: Node | None = None) -> flushed | _AsIs:
    """For a run whose subnormal numbers are zeros (`flush`), or for one of its nodes, evaluated by its reference.

    What has effects is the caller's own code, or prints: it sees numbers as they are.
    """
    if not flush or (node is not None and (node.operator.effect or not node.operator.pure)):
        return AS_IS
    return _FLUSHED
