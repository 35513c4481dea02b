"""The functions written in LLVM assembly hold together: parsing alone takes a value that is used before it is made."""

from __future__ import annotations

import ctypes

import llvmlite.binding as llvm
import numpy as np
import pytest

from graphc.cpu import assembly, blas, entry, ladder, limits, mode_code, native, tape_code
from graphc.cpu.kernel.machine import machine

TEXTS = {
    "product of floats": blas.text("float"), "product of doubles": blas.text("double"), "entry": entry._IR,
    **{f"tape on {processor}": tape_code.text(processor) for processor in (*mode_code.PROCESSORS, "riscv64")},
    "streams": limits._STREAM_IR, "multiply-adds of floats": limits._multiply_add_ir("float", 4),
    "multiply-adds of doubles": limits._multiply_add_ir("double", 2),
    **{f"{text.__name__} of {dtype}": text(dtype) for text in (ladder.fortran_text, ladder.loops_text) for dtype in ladder.TYPES},
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_verifies(text):
    machine()
    module = llvm.parse_assembly(text)
    module.verify()
    assert any(not function.is_declaration for function in module.functions)


def test_what_does_not_verify_is_not_compiled(own_cache):
    with pytest.raises(RuntimeError, match="dominate"):
        native.compile_ir(f"define i64 @late(ptr %p) {{\n{assembly.loads('%q', x=1)}\n{assembly.places('%p', q=1)}\n  ret i64 %x\n}}", "late")


def test_words_are_loaded_and_stored_where_they_lie():
    text = f"""
define i64 @graphc_test_swap(ptr %words) {{
{assembly.loads("%words", first=0, second=1)}
{assembly.loads("%words", "ptr", far=2)}
{assembly.loads("%words", "i32", "i8", half=12)}
{assembly.loads("%far", behind="%first")}
{assembly.stores("%words", second=0, first=1, behind=3)}
  %wide = zext i32 %half to i64
  ret i64 %wide
}}"""
    far = np.array([10, 11, 12], np.int64)
    words = np.array([2, 7 << 32, far.ctypes.data, 0], np.int64)
    swap = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(native.compile_ir(text, "graphc_test_swap"))
    assert swap(words.ctypes.data) == 7
    assert words.tolist() == [7 << 32, 2, far.ctypes.data, 12]
