"""The way into a short program without Python frames: a builtin function, in LLVM assembly, that copies feeds in and results out."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import InternalError
from ..ir.types import Array
from . import native
from .assembly import counting, loads, pointers

# An entry's words: what runs (0: nothing yet), the Python function for all other cases, and the C functions that are called.
# `PyObject_Vectorcall` is inlined by the C compiler before Python 3.11 and no symbol there; with a dict of keywords it is one everywhere.
CALLS = ("PyObject_VectorcallDict", "PyList_New", "PyList_SetItem", "PyLong_FromLongLong", "Py_IncRef", "Py_DecRef")
_MAKERS = ("PyCapsule_GetPointer", "PyCFunction_NewEx")        # what an entry is made with
RUN, GENERAL, VECTORCALL, NEWLIST, PUT, NUMBER, KEEP, RELEASE, NEWCOPY, NEWLIKE, RETURN, COPY, NDARRAY, NONE, WORDS = range(15)
HELD = 500                          # elements up to which NumPy copies without letting other threads run
_NEWCOPY, _NEWLIKE, _RETURN = 85, 277, 76       # PyArray_NewCopy, PyArray_NewLikeArray and PyArray_Return in NumPy's table of C functions
# What runs: words, then FEED words a feed and RESULT a result.
BUSY, TAPE, WALK, FAIL, FEEDS, RESULTS, LISTED, HEADER = range(8)
# dtype, rank, dims, bytes, memory (0: not used) | array to copy (0: None), its bytes (0: not dense)
FEED, RESULT = 5, 2
# Where CPython's objects and NumPy's arrays keep what is looked at: part of NumPy's binary interface.
TYPE, DATA, RANK, DIMS, DTYPE, FLAGS = 8, 16, 24, 32, 56, 64
DENSE = 1                           # the flag of C-contiguous arrays
_FASTCALL = 0x80


_IR = f"""
; The list of results is made first: making it may collect garbage, and a finaliser run this very program or let another take its place.
; From there to the end nothing runs Python code or lets another thread do so.
define ptr @graphc_enter(ptr %self, ptr %args, i64 %given) {{
entry:
{loads("%self", "ptr", "i8", words=DATA)}
{loads("%words", run=RUN, general=GENERAL, vectorcall=VECTORCALL, newlist=NEWLIST, put=PUT, number=NUMBER, release=RELEASE,
         copy=COPY, ndarray=NDARRAY)}
{pointers("run", "general", "vectorcall", "newlist", "put", "number", "release", "copy")}
  %closed = icmp eq i64 %run, 0
  br i1 %closed, label %otherwise, label %opened
otherwise:
  %theirs = call ptr %vectorcall.p(ptr %general.p, ptr %args, i64 %given, ptr null)
  ret ptr %theirs
opened:
{loads("%run.p", results=RESULTS, listed=LISTED)}
  %aslist = icmp ne i64 %listed, 0
  br i1 %aslist, label %list, label %reading
list:
  %fresh = call ptr %newlist.p(i64 %results)
  %nomemory = icmp eq ptr %fresh, null
  br i1 %nomemory, label %lostlist, label %again
lostlist:
  ret ptr null
again:
{loads("%words", rerun=RUN)}
  %unmoved = icmp eq i64 %rerun, %run
  br i1 %unmoved, label %still, label %dropping
still:
{loads("%run.p", reresults=RESULTS, relisted=LISTED)}
  %samecount = icmp eq i64 %reresults, %results
  %samelisted = icmp eq i64 %relisted, %listed
  %samekind = and i1 %samecount, %samelisted
  br i1 %samekind, label %reading, label %dropping
dropping:
  call void %release.p(ptr %fresh)
  br label %otherwise
unfit:
  br i1 %aslist, label %dropmade, label %otherwise
dropmade:
  call void %release.p(ptr %made)
  br label %otherwise
reading:
  %made = phi ptr [ null, %opened ], [ %fresh, %still ]
{loads("%run.p", busyat=BUSY, tape=TAPE, walk=WALK, fail=FAIL, feeds=FEEDS)}
{pointers("busyat", "tape", "walk", "fail")}
  %busy = load i64, ptr %busyat.p
  %idle = icmp eq i64 %busy, 0
  %right = icmp eq i64 %given, %feeds
  %ready = and i1 %idle, %right
  %table = getelementptr i64, ptr %run.p, i64 {HEADER}
  br i1 %ready, label %checking, label %unfit
checking:
{counting("i", "%feeds", "reading", "fits", "more", "check", "copying")}
check:
{loads("%args", "ptr", value="%i")}
  %rowi = mul i64 %i, {FEED}
  %feed = getelementptr i64, ptr %table, i64 %rowi
{loads("%feed", dtype=0, rank=1, dims=2)}
{loads("%value", unit="i8", type=TYPE)}
  %isarray = icmp eq i64 %type, %ndarray
  br i1 %isarray, label %array, label %unfit
array:
{loads("%value", unit="i8", itsdtype=DTYPE)}
  %samedtype = icmp eq i64 %itsdtype, %dtype
{loads("%value", "i32", "i8", rank32=RANK, flags=FLAGS)}
  %itsrank = sext i32 %rank32 to i64
  %samerank = icmp eq i64 %itsrank, %rank
  %dense = and i32 %flags, {DENSE}
  %isdense = icmp ne i32 %dense, 0
  %same0 = and i1 %samedtype, %samerank
  %same1 = and i1 %same0, %isdense
  br i1 %same1, label %measuring, label %unfit
measuring:
{loads("%value", "ptr", "i8", itsdims=DIMS)}
  %dims.p = inttoptr i64 %dims to ptr
  br label %measure
measure:
{counting("d", "%rank", "measuring", "equal", "inside", "compare", "fits")}
compare:
{loads("%dims.p", want="%d")}
{loads("%itsdims", have="%d")}
  %equals = icmp eq i64 %want, %have
  br i1 %equals, label %equal, label %unfit
equal:
  %d1 = add i64 %d, 1
  br label %measure
fits:
  %i1 = add i64 %i, 1
  br label %checking
copying:
{counting("j", "%feeds", "checking", "copied", "morefeeds", "copyin", "walking")}
copyin:
{loads("%args", "ptr", source="%j")}
  %rowj = mul i64 %j, {FEED}
  %fed = getelementptr i64, ptr %table, i64 %rowj
{loads("%fed", bytes=3, memory=4)}
  %unused = icmp eq i64 %memory, 0
  br i1 %unused, label %copied, label %copynow
copynow:
  %memory.p = inttoptr i64 %memory to ptr
{loads("%source", "ptr", "i8", data=DATA)}
  %c0 = call ptr %copy.p(ptr %memory.p, ptr %data, i64 %bytes)
  br label %copied
copied:
  %j1 = add i64 %j, 1
  br label %copying
walking:
  %status = call i64 %walk.p(ptr %tape.p)
  %bad = icmp ne i64 %status, 0
  br i1 %bad, label %failed, label %settled
failed:
  %reason = call ptr %number.p(i64 %status)
  %slot = alloca ptr
  store ptr %reason, ptr %slot
  %raised = call ptr %vectorcall.p(ptr %fail.p, ptr %slot, i64 1, ptr null)
  call void %release.p(ptr %reason)
  br i1 %aslist, label %dropfailed, label %told
dropfailed:
  call void %release.p(ptr %made)
  br label %told
told:
  ret ptr %raised
settled:
  %afterfeeds = mul i64 %feeds, {FEED}
  %outs = getelementptr i64, ptr %table, i64 %afterfeeds
  br i1 %aslist, label %fill, label %single
single:
  %one = call ptr @graphc_taken(ptr %words, ptr %outs)
  ret ptr %one
fill:
{counting("r", "%results", "settled", "filled", "moreresults", "take", "done")}
take:
  %rowr = mul i64 %r, {RESULT}
  %out = getelementptr i64, ptr %outs, i64 %rowr
  %taken = call ptr @graphc_taken(ptr %words, ptr %out)
  %lost = icmp eq ptr %taken, null
  br i1 %lost, label %drop, label %filled
filled:
  %c2 = call i32 %put.p(ptr %made, i64 %r, ptr %taken)
  %r1 = add i64 %r, 1
  br label %fill
drop:
  call void %release.p(ptr %made)
  ret ptr null
done:
  ret ptr %made
}}

define internal ptr @graphc_taken(ptr %words, ptr %out) {{
entry:
{loads("%words", keep=KEEP, newcopy=NEWCOPY, newlike=NEWLIKE, give=RETURN, copy=COPY, none=NONE)}
{pointers("keep", "newcopy", "newlike", "give", "copy", "none")}
  %view = load ptr, ptr %out
  %nothing = icmp eq ptr %view, null
  br i1 %nothing, label %operation, label %tensor
operation:
  call void %keep.p(ptr %none.p)
  ret ptr %none.p
tensor:
{loads("%out", bytes=1)}
  %scattered = icmp eq i64 %bytes, 0
  br i1 %scattered, label %gather, label %dense
gather:
  %gathered = call ptr %newcopy.p(ptr %view, i32 0)
  br label %given
dense:
  %empty = call ptr %newlike.p(ptr %view, i32 0, ptr null, i32 0)
  %none.made = icmp eq ptr %empty, null
  br i1 %none.made, label %nomemory, label %move
move:
{loads("%empty", "ptr", "i8", to=DATA)}
{loads("%view", "ptr", "i8", source=DATA)}
  %moved = call ptr %copy.p(ptr %to, ptr %source, i64 %bytes)
  br label %given
given:
  %mine = phi ptr [ %gathered, %gather ], [ %empty, %move ]
  %lost = icmp eq ptr %mine, null
  br i1 %lost, label %nomemory, label %whole
nomemory:
  ret ptr null
whole:
  %result = call ptr %give.p(ptr %mine)
  ret ptr %result
}}
"""


class _Method(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = [("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p)]


class _Words(Array):
    """The words of an entry, and the objects that they point to."""

    kept: Any


def _possible() -> bool:
    """Whether objects lie in memory as assumed, what is called exists, and one thread at a time runs Python."""
    if sys.implementation.name != "cpython" or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return False
    if not all(hasattr(ctypes.pythonapi, name) for name in (*CALLS, *_MAKERS)):
        return False
    probe = np.zeros((2, 3), np.float32)
    at = id(probe)

    def word(offset: int) -> int:
        return ctypes.c_int64.from_address(at + offset).value
    return (word(TYPE) == id(np.ndarray) and word(DATA) == probe.ctypes.data and ctypes.c_int32.from_address(at + RANK).value == 2
            and word(DTYPE) == id(probe.dtype) and word(FLAGS) & DENSE == 1
            and list((ctypes.c_int64 * 2).from_address(word(DIMS))) == [2, 3])


class _Interpreter:
    """What every entry of the process calls, found once."""

    def __init__(self) -> None:
        self.words = np.zeros(WORDS, np.int64)
        for i, name in enumerate(CALLS, VECTORCALL):
            self.words[i] = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0
        api = ctypes.pythonapi.PyCapsule_GetPointer
        api.restype, api.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        table = api(np._core._multiarray_umath._ARRAY_API, None)  # type: ignore[attr-defined]
        for i, k in ((NEWCOPY, _NEWCOPY), (NEWLIKE, _NEWLIKE), (RETURN, _RETURN)):
            self.words[i] = ctypes.c_int64.from_address(table + 8 * k).value
        self.words[COPY] = ctypes.cast(ctypes.memmove, ctypes.c_void_p).value or 0
        self.words[NDARRAY], self.words[NONE] = id(np.ndarray), id(None)
        self.method = _Method(b"run", native.compile_ir(_IR, "graphc_enter"), _FASTCALL, b"Runs the compiled program for the values fed.")
        self.make = ctypes.pythonapi.PyCFunction_NewEx
        self.make.restype, self.make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]


_interpreter: _Interpreter | None = None


class Way(NamedTuple):
    """The address of the words that say what runs, and the objects that they point to."""

    run: int
    kept: Any


class Entry:
    """`function()` gives a function of the values fed: machine code where `open` has said what runs and the values fit it,
    `general(*values)` otherwise."""

    def __init__(self, general: Callable[..., Any]):
        self.general = general
        self.words: _Words | None = None
        self.enter = general
        self.opened = False

    def function(self) -> Callable[..., Any]:
        """The same object for the entry's whole life."""
        global _interpreter
        if self.words is None and _possible():
            _interpreter = _interpreter or _Interpreter()
            self.words = _interpreter.words.copy().view(_Words)
            self.words[GENERAL] = id(self.general)
            self.words.kept = (self.general,)
            self.enter = _interpreter.make(ctypes.addressof(_interpreter.method), self.words, None)
        return self.enter

    def prepare(self, busy: Array, tape: int, walk: int, fail: Callable[[int], Any], feeds: Sequence[tuple[np.dtype[Any] | None, Any, Array | None]],
                results: Sequence[Array | None], listed: bool) -> Way | None:
        """What copies feeds to their memory, calls `walk(tape)`, and gives copies of the results; None: machine code cannot.

        `busy` counts the runs that another thread may be in the middle of; `fail(status)` raises the error of a failed run.
        """
        self.function()
        if self.words is None or any(x is not None and x.size > HELD and not x.flags.c_contiguous for x in results):
            return None
        fits = all(m is None or m.shape == tuple(shape) and m.dtype == dtype for dtype, shape, m in feeds)
        if not fits:                            # so many bytes of each are copied, unlooked at
            raise InternalError("feeds are not of the size of their memory")
        dims = [np.array(shape, np.int64) for _, shape, _ in feeds]
        header = [busy.ctypes.data, tape, walk, id(fail), len(feeds), len(results), listed]
        rows = [[id(dtype), len(shape), d.ctypes.data, 0 if m is None else m.nbytes, 0 if m is None else m.ctypes.data]
                for (dtype, shape, m), d in zip(feeds, dims, strict=True)]
        outs = [[0, 0] if x is None else [id(x), x.nbytes if x.flags.c_contiguous else 0] for x in results]
        run = np.array([*header, *(w for row in rows for w in row), *(w for row in outs for w in row)], np.int64)
        return Way(run.ctypes.data, (self.general, run, busy, fail, feeds, dims, results))

    def open(self, way: Way) -> None:
        """Take it from now on."""
        assert self.words is not None
        self.words.kept = way.kept
        self.words[RUN] = way.run
        self.opened = True

    def close(self) -> None:
        """Let the general function take every call."""
        self.opened = False
        if self.words is not None:
            self.words[RUN] = 0
