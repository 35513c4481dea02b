"""CRC-32C (Castagnoli, 1993), the checksum of records: its register is linear in the message, so pieces are computed side by side and joined."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..ir.types import Array

_POLYNOMIAL = 0x82F63B78        # of CRC-32C, its bits reversed
_PIECE = 64                     # bytes of a piece of a long message
_LONG = 2048                    # bytes from which on a message is cut into pieces
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


def crc32c(data: bytes) -> int:
    """The checksum of some bytes.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    register, size = 0xFFFFFFFF, len(data)
    if size >= _LONG:
        register, data = _of_pieces(data), b""
    pairs = _pair_table()
    for pair in memoryview(data)[:len(data) & ~1].cast("H") if _LITTLE else _pairs(data):
        register = pairs[(register ^ pair) & 0xFFFF] ^ (register >> 16)
    if len(data) & 1:
        register = int(_byte_table()[(register ^ data[-1]) & 255]) ^ (register >> 8)
    return register ^ 0xFFFFFFFF


_LITTLE = np.dtype(np.uint16).newbyteorder("<").isnative


def _pairs(data: bytes) -> list[int]:
    found: list[int] = np.frombuffer(data, "<u2", len(data) // 2).tolist()
    return found


def _of_pieces(data: bytes) -> int:
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


def masked_crc(data: bytes) -> int:
    """The checksum as records hold it: turned by 15 bits, and a constant added."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF
