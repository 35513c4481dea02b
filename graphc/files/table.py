"""Sorted tables of keys and values in blocks, as LevelDB and TensorFlow's checkpoints have them, read with every checksum compared, and written.

    block, block, ..., the block of the index, footer of 48 bytes: two handles (offset and size as varints), zeros, the magic number

A block is entries, the places of some of them, their number, then a byte for its compression (0 none, 1 Snappy) and the masked CRC-32C of it
all. An entry is three varints, of bytes shared with the key before, of bytes that follow, of bytes of the value; then these. The values of
the index are the handles of the blocks. The format is described in LevelDB's public `doc/table_format.md`, Snappy in its
`format_description.txt`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import DataLossError
from .crc import masked_crc
from .wire import put_varint, varint

_FOOTER, _MAGIC = 48, 0xDB4775248B80FB57
_BLOCK = 1 << 18                # bytes after which a block ends, as TensorFlow has them
_RESTARTS = 16                  # entries from one whole key to the next
_LONGEST_BLOCK = 1 << 26        # bytes of a block when it is no longer compressed


# ---------------------------------------------------------------------- reading

def ends_as_table(data: bytes) -> bool:
    """Whether bytes end with the number that a table ends with."""
    return int.from_bytes(data[-8:], "little") == _MAGIC


def read_table(data: bytes) -> dict[bytes, bytes]:
    """The values by their keys. DataLossError: it is no table, or not the one that was written."""
    if len(data) < _FOOTER or not ends_as_table(data):
        raise DataLossError("it does not end as a table")
    footer, end = data[-_FOOTER:], len(data) - _FOOTER
    at = 0
    for _ in range(3):                              # over the handle of the block of metadata, which nobody writes
        start, at = varint(footer, at, _FOOTER - 8)
    size, at = varint(footer, at, _FOOTER - 8)
    found: dict[bytes, bytes] = {}
    before = None
    for handle in _entries(_block(data, start, size, end)).values():
        start, at = varint(handle, 0, len(handle))
        size, at = varint(handle, at, len(handle))
        for key, value in _entries(_block(data, start, size, end)).items():
            if before is not None and key <= before:
                raise DataLossError(f"the key {key!r:.80} is not behind the one before it")
            found[key] = value
            before = key
    return found


def _block(data: bytes, start: int, size: int, end: int) -> bytes:
    """The entries and places of a block, whose checksum is right."""
    if start + size + 5 > end:
        raise DataLossError(f"a block of {size} bytes at {start} does not fit into {end}")
    whole, check = data[start:start + size + 1], data[start + size + 1:start + size + 5]
    if masked_crc(whole) != int.from_bytes(check, "little"):
        raise DataLossError(f"the block at {start} has another checksum than was written")
    if whole[-1] == 0:
        return whole[:-1]
    if whole[-1] == 1:
        return uncompressed(whole[:-1])
    raise DataLossError(f"a block is compressed in the way {whole[-1]}, which is none")


def _entries(block: bytes) -> dict[bytes, bytes]:
    """The entries of a block in their order, which is that of their keys."""
    count = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (count + 1)
    if len(block) < 4 or end < 0:
        raise DataLossError(f"a block of {len(block)} bytes has no {count} places")
    found: dict[bytes, bytes] = {}
    key, at = b"", 0
    while at < end:
        shared, at = varint(block, at, end)
        more, at = varint(block, at, end)
        size, at = varint(block, at, end)
        if shared > len(key) or more + size > end - at:
            raise DataLossError("an entry does not end within its block")
        following = key[:shared] + block[at:at + more]
        if found and following <= key:
            raise DataLossError(f"the key {following!r:.80} is not behind the one before it")
        key = following
        at += more
        found[key] = block[at:at + size]
        at += size
    return found


def uncompressed(data: bytes) -> bytes:
    """What Snappy has compressed. DataLossError: it is not that.

    >>> uncompressed(bytes([5, 0, 97, 1, 1]))
    b'aaaaa'
    """
    size, at = varint(data, 0, len(data))
    if size > _LONGEST_BLOCK:
        raise DataLossError(f"a block of {size} bytes")
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        if tag & 3 == 0:                            # bytes as they are
            length = (tag >> 2) + 1
            if length > 60:
                wide = length - 60
                length = int.from_bytes(data[at:at + wide], "little") + 1
                at += wide
            if length > len(data) - at:
                raise DataLossError("bytes of a compressed block are cut off")
            out += data[at:at + length]
            at += length
        else:                                       # bytes that were there before
            wide = (1, 2, 4)[(tag & 3) - 1]
            if wide > len(data) - at:
                raise DataLossError("a place of a compressed block is cut off")
            length = (tag >> 2 & 7) + 4 if wide == 1 else (tag >> 2) + 1
            back = int.from_bytes(data[at:at + wide], "little") + ((tag >> 5) << 8 if wide == 1 else 0)
            at += wide
            if not 0 < back <= len(out):
                raise DataLossError("a compressed block repeats what is not there")
            piece = bytes(out[-back:][:length])
            out += (piece * (-(-length // len(piece))))[:length]
        if len(out) > size:
            break
    if len(out) != size:
        raise DataLossError(f"a compressed block has not the {size} bytes that it claims")
    return bytes(out)


# ---------------------------------------------------------------------- writing

def encode_table(entries: Mapping[bytes, bytes], longest: int = _BLOCK) -> bytes:
    """The table of these entries, in the order of their keys, without compression; a block ends when it has `longest` bytes."""
    out, index = bytearray(), {}

    def put(block: bytes) -> bytes:
        handle = put_varint(len(out)) + put_varint(len(block))
        whole = block + b"\0"
        out.extend(whole + masked_crc(whole).to_bytes(4, "little"))
        return handle
    block, last = _Block(), None
    for key in sorted(entries):
        if len(block) >= longest:
            index[_between(block.last, key)] = put(block.encoded())
            block = _Block()
        block.add(key, entries[key])
        last = key
    if last is not None:
        index[_behind(last)] = put(block.encoded())
    named = _Block(1)
    for key, handle in index.items():
        named.add(key, handle)
    handles = put(_Block().encoded()) + put(named.encoded())
    return bytes(out) + handles.ljust(_FOOTER - 8, b"\0") + _MAGIC.to_bytes(8, "little")


class _Block:
    """A block to which entries are added; every `whole`-th has its whole key."""

    def __init__(self, whole: int = _RESTARTS):
        self.data, self.places, self.last, self.whole, self.count = bytearray(), [0], b"", whole, 0

    def __len__(self) -> int:
        return len(self.data) + 4 * (len(self.places) + 1)

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self.count and self.count % self.whole == 0:
            self.places.append(len(self.data))
        else:
            while shared < min(len(key), len(self.last)) and key[shared] == self.last[shared]:
                shared += 1
        self.data += put_varint(shared) + put_varint(len(key) - shared) + put_varint(len(value)) + key[shared:] + value
        self.last = key
        self.count += 1

    def encoded(self) -> bytes:
        return bytes(self.data) + b"".join(p.to_bytes(4, "little") for p in (*self.places, len(self.places)))


def _between(last: bytes, following: bytes) -> bytes:
    """A short key that is not before the last one of a block, and before the first one of the next."""
    at = next((i for i, (a, b) in enumerate(zip(last, following, strict=False)) if a != b), None)
    if at is None or last[at] + 1 >= following[at]:
        return last
    return last[:at] + bytes([last[at] + 1])


def _behind(last: bytes) -> bytes:
    """A short key that is not before the last one."""
    at = next((i for i, a in enumerate(last) if a < 255), None)
    return last if at is None else last[:at] + bytes([last[at] + 1])
