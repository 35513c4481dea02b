"""Messages as protocol buffers' text, `node { name: "x" }`, written as TensorFlow prints them and read, with every mistake named by its line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from ...errors import SerializationError
from ...ir.node import here

DEEPEST = 64
# Enumerations by the words of fields that hold them: names of numbers.
_DTYPES = ("INVALID FLOAT DOUBLE INT32 UINT8 INT16 INT8 STRING COMPLEX64 INT64 BOOL QINT8 QUINT8 QINT32 BFLOAT16 QINT16 QUINT16 UINT16 COMPLEX128 "
           "HALF RESOURCE VARIANT UINT32 UINT64").split()
ENUMS: dict[str, dict[int, str]] = {
    "dtype": {**{i: f"DT_{name}" for i, name in enumerate(_DTYPES)}, **{100 + i: f"DT_{name}_REF" for i, name in enumerate(_DTYPES) if i}},
    "format": {0: "LEGACY", 1: "V1", 2: "V2"},
}
_NUMBERS = {word: {name: number for number, name in names.items()} for word, names in ENUMS.items()}
_INDENT = "  "


# ---------------------------------------------------------------------- writing

def as_text(message: Any) -> str:
    """The text of a message, fields by number, maps by key."""
    return "".join(f"{_INDENT * depth}{line}\n" for depth, line in _lines(message, 0))


def _lines(message: Any, depth: int) -> Iterator[tuple[int, str]]:
    for name, field in sorted(message.FIELDS.items(), key=lambda pair: pair[1].number):
        if name not in message._values:
            continue
        value = message._values[name]
        if field.mapped:
            for key in sorted(value):
                yield depth, f"{name} {{"
                yield depth + 1, f'key: "{_escaped(key.encode())}"'
                yield from _one(field, "value", value[key], depth + 1)
                yield depth, "}"
        elif field.of is None or field.repeated or message.HasField(name):
            for member in value if field.repeated else [value]:
                yield from _one(field, name, member, depth)


def _one(field: Any, name: str, value: Any, depth: int) -> Iterator[tuple[int, str]]:
    if field.of is None:
        yield depth, f"{name}: {_scalar('string' if field.mapped else field.kind, value)}"
        return
    yield depth, f"{name} {{"
    yield from _lines(value, depth + 1)
    yield depth, "}"


def _scalar(kind: str, value: Any) -> str:
    if kind in ("bytes", "string"):
        return f'"{_escaped(value if isinstance(value, bytes) else value.encode())}"'
    if kind == "bool":
        return "true" if value else "false"
    if kind in ENUMS:
        return ENUMS[kind].get(int(value), str(int(value)))
    if kind in ("float", "double"):
        return _number(float(value), kind)
    return str(int(value))


def _number(value: float, kind: str) -> str:
    """The shortest text that says the number, as C++ and Python have it."""
    if not math.isfinite(value):
        return "nan" if value != value else "inf" if value > 0 else "-inf"
    return repr(value) if kind == "double" else repr(float(str(np.float32(value))))


_ESCAPES = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 39: "\\'", 92: "\\\\"}


def _escaped(data: bytes) -> str:
    """Bytes as C has them in quotes."""
    return "".join(_ESCAPES.get(b) or (chr(b) if 32 <= b < 127 else f"\\{b:03o}") for b in data)


# ---------------------------------------------------------------------- reading

_TOKEN = re.compile(r"""
    (?P<space>(?:\s|\#[^\n]*)+) |
    (?P<word>[A-Za-z_][\w.]*) |
    (?P<number>-?\s*(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?f?|inf(?:inity)?\b|nan\b)) |
    (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*') |
    (?P<sign>[-{}<>\[\]:;,/])""", re.VERBOSE | re.ASCII)


def is_text(kind: Any, data: bytes) -> bool:
    """Whether bytes are a message's text: they begin with the name of a field of it, which no message's bytes do."""
    found = re.match(rb"(?:\s|#[^\n]*\n)*([a-z_0-9]+)\s*[:{<]", data[:4096])
    return found is not None and found[1].decode() in kind.FIELDS


def merge_text(message: Any, text: str) -> None:
    """Take what a text says; fields that are not known are passed over. SerializationError: it is none of such a message, with the line."""
    _Reader(text, type(message).__name__).fields(message, "", 0)


class _Reader:
    """A text that is being read: its tokens, one ahead."""

    def __init__(self, text: str, of: str):
        self.text, self.of, self.at, self.start = text, of, 0, 0
        self.kind, self.token = "", ""
        self.next()

    def next(self) -> str:
        """Go on behind the token at hand, which is the result."""
        before = self.token
        while True:
            self.start = self.at
            if self.at >= len(self.text):
                self.kind, self.token = "end", ""
                return before
            found = _TOKEN.match(self.text, self.at)
            if found is None:
                self.refuse(f"{self.text[self.at:self.at + 20]!r} is not understood")
            self.at, self.kind, self.token = found.end(), str(found.lastgroup), found.group()
            if self.kind != "space":
                return before

    def refuse(self, why: str) -> NoReturn:
        line = self.text.count("\n", 0, self.start) + 1
        raise SerializationError(f"{self.of}: line {line} of the text: {why}{here()}")

    def take(self, *signs: str) -> str:
        if self.token not in signs or self.kind in ("text", "end"):
            self.refuse(f"{self.token[:20]!r} stands where {' or '.join(signs)} is wanted")
        return self.next()

    def fields(self, message: Any, end: str, depth: int) -> None:
        """The fields up to a closing sign; without a message they are passed over."""
        if depth > DEEPEST:
            self.refuse(f"more than {DEEPEST} messages lie within each other")
        while not (self.kind == "end" and not end) and not (end and self.kind == "sign" and self.token == end):
            name = self.name()
            field = None if message is None else message.FIELDS.get(name)
            colon = self.token == ":" and self.kind == "sign"
            if colon:
                self.next()
            if self.kind == "sign" and self.token == "[":
                self.next()
                while not (self.kind == "sign" and self.token == "]"):
                    self.value(message, name, field, depth)
                    if self.token == ",":
                        self.next()
                self.take("]")
            elif colon or self.token in ("{", "<"):
                self.value(message, name, field, depth)
            else:
                self.refuse(f"{name!r:.40} has no value")
            if self.kind == "sign" and self.token in (";", ","):
                self.next()

    def name(self) -> str:
        """A field's name, or that of an extension, in brackets."""
        if self.kind == "sign" and self.token == "[":
            while self.token != "]":
                self.next()
                if self.kind == "end":
                    self.refuse("an extension's name does not end")
            self.next()
            return ""
        if self.kind not in ("word", "number"):
            self.refuse(f"{self.token[:20]!r} is no name of a field")
        return self.next()

    def value(self, message: Any, name: str, field: Any, depth: int) -> None:
        if self.kind == "sign" and self.token in ("{", "<"):
            end = "}" if self.next() == "{" else ">"
            if field is None or message is None:
                self.fields(None, end, depth + 1)
            elif field.mapped:
                self.pair(message, name, field, end, depth)
            elif field.of is None:
                self.refuse(f"{name} is no message")
            else:
                inner = getattr(message, name).add() if field.repeated else getattr(message, name)
                inner.__dict__["_told"] = True
                self.fields(inner, end, depth + 1)
            self.take(end)
        elif field is None or message is None:
            self.passed()
        elif field.of is not None or field.mapped:
            self.refuse(f"{name} is a message")
        elif field.repeated:
            getattr(message, name).append(self.scalar(field.kind))
        else:
            message._values[name] = self.scalar(field.kind)

    def pair(self, message: Any, name: str, field: Any, end: str, depth: int) -> None:
        """A member of a map."""
        key, made = "", None if field.of is None else field.of()()
        plain = ""
        while not (self.kind == "sign" and self.token == end):
            word = self.name()
            if self.token == ":":
                self.next()
            if word == "key":
                key = self.scalar("string")
            elif word == "value" and made is None:
                plain = self.scalar("string")
            elif word == "value" and made is not None:
                closing = "}" if self.take("{", "<") == "{" else ">"
                self.fields(made, closing, depth + 1)
                self.take(closing)
            else:
                self.refuse(f"{word!r:.40} is neither key nor value")
            if self.kind == "sign" and self.token in (";", ","):
                self.next()
        getattr(message, name)[key] = plain if made is None else made

    def passed(self) -> None:
        """A value that nobody takes."""
        if self.kind not in ("word", "number", "text", "sign") or (self.kind == "sign" and self.token != "-"):
            self.refuse(f"{self.token[:20]!r} is no value")
        texts = self.kind == "text"
        self.next()
        while texts and self.kind == "text":
            self.next()

    def scalar(self, kind: str) -> Any:
        if kind in ("bytes", "string"):
            return self.texts(kind)
        if kind == "bool":
            words = {"true": True, "t": True, "True": True, "1": True, "false": False, "f": False, "False": False, "0": False}
            if self.token not in words:
                self.refuse(f"{self.token[:20]!r} is neither true nor false")
            return words[self.next()]
        if self.kind == "sign" and self.token == "-":
            self.next()
            return -self.scalar(kind)
        if kind in _NUMBERS and self.kind == "word":
            if self.token not in _NUMBERS[kind]:
                self.refuse(f"{self.token[:40]!r} is no name of a {kind}")
            return _NUMBERS[kind][self.next()]
        try:
            text = self.token.replace(" ", "")
            if kind in ("float", "double"):
                found = float(text.removesuffix("f") if text.lower().lstrip("-") not in ("inf", "infinity", "nan") else text)
                value: Any = float(np.float32(found)) if kind == "float" else found
            else:
                octal = len(text.lstrip("-")) > 1 and text.lstrip("-").startswith("0") and text.lstrip("-").isdigit()
                value = int(text, 8 if octal else 0)
                if not -2**63 <= value < 2**64:
                    raise ValueError
                value = value - 2**64 if value >= 2**63 else value
        except ValueError:
            self.refuse(f"{self.token[:40]!r} is no number")
        self.next()
        return value

    def texts(self, kind: str) -> Any:
        """One or more texts in quotes, which are one."""
        if self.kind != "text":
            self.refuse(f"{self.token[:20]!r} is no text in quotes")
        data = b""
        while self.kind == "text":
            data += _unescaped(self.token[1:-1])
            self.next()
        if kind == "bytes":
            return data
        try:
            return data.decode()
        except UnicodeDecodeError:
            self.refuse(f"{data[:40]!r} is no text of UTF-8")


_PLAIN = {"n": 10, "r": 13, "t": 9, "a": 7, "b": 8, "f": 12, "v": 11, "\\": 92, "'": 39, '"': 34, "?": 63}
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(.))", re.DOTALL)


def _unescaped(text: str) -> bytes:
    out, at = bytearray(), 0
    for found in _ESCAPE.finditer(text):
        out += text[at:found.start()].encode("utf-8", "surrogatepass")
        octal, hexadecimal, plain = found.groups()
        if plain is None:
            out.append((int(octal, 8) if octal else int(hexadecimal, 16)) & 255)
        elif plain in _PLAIN:
            out.append(_PLAIN[plain])
        else:
            out += found.group().encode()
        at = found.end()
    return bytes(out + text[at:].encode("utf-8", "surrogatepass"))


__all__ = ["as_text", "is_text", "merge_text"]
