"""CRC-32C (Castagnoli, 1993), the checksum of records: its register is linear in the message, so pieces are computed side by side and joined.

Where the processor has an instruction for it, long messages go through that.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..cpu.kernel.machine import machine
from ..cpu.native import compile_ir
from ..errors import GraphcError
from ..ir.types import Array

_POLYNOMIAL = 0x82F63B78        # of CRC-32C, its bits reversed
_PIECE = 64                     # bytes of a piece of a long message
_LONG = 2048                    # bytes from which on a message is cut into pieces
_VERY_LONG = 1 << 17            # bytes from which on machine code is loaded for it, which then serves shorter ones too
_MASK = 0xA282EAD8              # of the format of records: Google's LevelDB, `util/crc32c.h`


@cache
def _byte_table() -> Array:
    """The register after a byte, from that byte as the register."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table


@cache
def _pair_table() -> list[int]:
    """The same for two bytes, as numbers of Python's."""
    table, pairs = _byte_table(), np.arange(1 << 16, dtype=np.uint32)
    for _ in range(2):
        pairs = table[pairs & 255] ^ (pairs >> 8)
    found: list[int] = pairs.tolist()
    return found


@cache
def _shift(level: int) -> Array:
    """What `_PIECE * 2**level` zero bytes make of a register: four tables, one for each of its bytes."""
    if level:
        before = _shift(level - 1)
        return _shifted(before, _shifted(before, _basis()))
    tables, table = _basis(), _byte_table()
    for _ in range(_PIECE):
        tables = table[tables & 255] ^ (tables >> 8)
    return tables


def _basis() -> Array:
    return np.arange(256, dtype=np.uint32)[None] << np.array([[0], [8], [16], [24]], np.uint32)


def _shifted(tables: Array, registers: Array) -> Array:
    found: Any = tables[0][registers & 255]
    for i in range(1, 4):
        found = found ^ tables[i][(registers >> (8 * i)) & 255]
    return found


# The register after words of 8 bytes and then after single bytes, by an instruction of the processor. What differs is its name and its types.
_IR = """
{declared}
define i32 @graphc_crc32c(i32 %start, i64* %data, i64 %words, i64 %rest) {{
entry:
  %any = icmp sgt i64 %words, 0
  br i1 %any, label %wide, label %narrow
wide:
  %i = phi i64 [0, %entry], [%i_next, %wide]
  %register = phi i32 [%start, %entry], [%after, %wide]
  %place = getelementptr i64, i64* %data, i64 %i
  %word = load i64, i64* %place, align 1
{wide}
  %i_next = add i64 %i, 1
  %more = icmp slt i64 %i_next, %words
  br i1 %more, label %wide, label %narrow
narrow:
  %reached = phi i32 [%start, %entry], [%after, %wide]
  %end = getelementptr i64, i64* %data, i64 %words
  %bytes = bitcast i64* %end to i8*
  %left = icmp sgt i64 %rest, 0
  br i1 %left, label %single, label %done
single:
  %j = phi i64 [0, %narrow], [%j_next, %single]
  %narrower = phi i32 [%reached, %narrow], [%following, %single]
  %spot = getelementptr i8, i8* %bytes, i64 %j
  %byte = load i8, i8* %spot, align 1
{narrow}
  %j_next = add i64 %j, 1
  %further = icmp slt i64 %j_next, %rest
  br i1 %further, label %single, label %done
done:
  %result = phi i32 [%reached, %narrow], [%following, %single]
  ret i32 %result
}}
"""
_X86 = {
    "declared": "declare i64 @llvm.x86.sse42.crc32.64.64(i64, i64)\ndeclare i32 @llvm.x86.sse42.crc32.32.8(i32, i8)",
    "wide": "  %extended = zext i32 %register to i64\n  %full = call i64 @llvm.x86.sse42.crc32.64.64(i64 %extended, i64 %word)\n"
            "  %after = trunc i64 %full to i32",
    "narrow": "  %following = call i32 @llvm.x86.sse42.crc32.32.8(i32 %narrower, i8 %byte)",
}
_ARM = {
    "declared": "declare i32 @llvm.aarch64.crc32cx(i32, i64)\ndeclare i32 @llvm.aarch64.crc32cb(i32, i32)",
    "wide": "  %after = call i32 @llvm.aarch64.crc32cx(i32 %register, i64 %word)",
    "narrow": "  %extended_byte = zext i8 %byte to i32\n  %following = call i32 @llvm.aarch64.crc32cb(i32 %narrower, i32 %extended_byte)",
}
# By the machine's name the feature that says that the instruction is there.
_INSTRUCTIONS = {"x86_64": ("+sse4.2", _X86), "AMD64": ("+sse4.2", _X86), "aarch64": ("+crc", _ARM), "arm64": ("+crc", _ARM)}


@cache
def _instruction() -> Callable[[int, int, int, int], int] | None:
    """The register after the data at an address, by the processor's instruction; None where it has none, or nothing can be compiled."""
    feature, words = _INSTRUCTIONS.get(platform.machine(), ("", {}))
    try:
        if feature not in machine().features.split(",") or not words:
            return None
        address = compile_ir(_IR.format(**words), "graphc_crc32c")
    except (GraphcError, ImportError, OSError, RuntimeError):
        return None
    return ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(address)


def crc32c(data: Any) -> int:
    """The checksum of some bytes, or of what holds bytes side by side.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    register, size = 0xFFFFFFFF, len(data)
    instruction = _instruction() if size >= _VERY_LONG or size and _instruction.cache_info().currsize else None
    if instruction is not None:
        return instruction(register, np.frombuffer(data, np.uint8).ctypes.data, size >> 3, size & 7) ^ 0xFFFFFFFF
    if size >= _LONG:
        register, data = _of_pieces(data), b""
    pairs = _pair_table()
    for pair in memoryview(data)[:len(data) & ~1].cast("H") if _LITTLE else _pairs(data):
        register = pairs[(register ^ pair) & 0xFFFF] ^ (register >> 16)
    if len(data) & 1:
        register = int(_byte_table()[(register ^ data[-1]) & 255]) ^ (register >> 8)
    return register ^ 0xFFFFFFFF


_LITTLE = np.dtype(np.uint16).newbyteorder("<").isnative


def _pairs(data: Any) -> list[int]:
    found: list[int] = np.frombuffer(data, "<u2", len(data) // 2).tolist()
    return found


def _of_pieces(data: Any) -> int:
    """The register after a long message: each piece from zero, then neighbours joined, level by level.

    Zeros before a message change nothing when the register starts from zero; that it starts from ones is so much added to the first four bytes.
    """
    count = 1 << (-(-len(data) // _PIECE) - 1).bit_length()
    padded = np.zeros(count * _PIECE, np.uint8)
    start = len(padded) - len(data)
    padded[start:] = np.frombuffer(data, np.uint8)
    padded[start:start + 4] ^= 255
    table, registers = _byte_table(), np.zeros(count, np.uint32)
    for column in padded.reshape(count, _PIECE).T:
        registers = table[(registers ^ column) & 255] ^ (registers >> 8)
    level = 0
    while len(registers) > 1:
        registers = _shifted(_shift(level), registers[0::2]) ^ registers[1::2]
        level += 1
    return int(registers[0])


def masked_crc(data: Any) -> int:
    """The checksum as records hold it: turned by 15 bits, and a constant added."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF
