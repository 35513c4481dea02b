"""Messages of protocol buffers as bytes: fields by their numbers, whole numbers and what has a length."""

from __future__ import annotations

from collections.abc import Iterable


def varint(number: int) -> bytes:
    """A whole number of 0 or more, seven bits a byte, the lowest first.

    >>> varint(300).hex()
    'ac02'
    """
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes((*out, number))


def message(fields: Iterable[tuple[int, int | str | bytes]]) -> bytes:
    """A message of fields, (number, value): a whole number, a text, or the bytes of a text or of another message.

    >>> message([(1, 150), (2, "hi")]).hex()
    '08960112026869'
    """
    parts = []
    for field, value in fields:
        if isinstance(value, int):
            parts.append(varint(field << 3) + varint(value))
        else:
            data = value.encode() if isinstance(value, str) else value
            parts.append(varint(field << 3 | 2) + varint(len(data)) + data)
    return b"".join(parts)
