"""Messages of protocol buffers as Python objects, each from a declared list of its fields: read from bytes, written, and changed as programs do."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np

from ...errors import ArgumentError, DataLossError, DTypeError, SerializationError
from ...ir.node import here
from ..wire import BYTES, EIGHT, FOUR, VARINT, fields, put_bytes, put_varint, whole_numbers
from .text import ENUMS, as_text, is_text, merge_text

DEEPEST = 64            # messages within messages: TensorFlow's own do not go deeper than 10
_KINDS: dict[str, tuple[int, Any]] = {"int": (VARINT, 0), "bool": (VARINT, False), "float": (FOUR, 0.0), "double": (EIGHT, 0.0),
                                      "bytes": (BYTES, b""), "string": (BYTES, ""), **dict.fromkeys(ENUMS, (VARINT, 0))}
_PACKED: dict[int, np.dtype[Any]] = {FOUR: np.dtype("<f4"), EIGHT: np.dtype("<f8")}
_FLOATS = {FOUR: "<f", EIGHT: "<d"}
_ROUNDED = {"float": np.float32, "double": np.float64}      # to what a field holds: reading one gives what its message will
Self = TypeVar("Self", bound="Message")


class Field(NamedTuple):
    """A field of a message: its number on the wire, what it holds, a word of `_KINDS` or a message's class, and how many: one, a list, a map."""

    number: int
    kind: str
    of: Callable[[], type[Message]] | None
    repeated: bool
    mapped: bool


class Repeated(list[Any]):
    """A list of messages, which makes its own members too."""

    def __init__(self, kind: type[Message], members: Iterable[Any] = ()):
        super().__init__(members)
        self._kind = kind

    def add(self, **values: Any) -> Any:
        """A new member, of these values."""
        self.append(self._kind(**values))
        return self[-1]

    def extend(self, members: Iterable[Any]) -> None:
        """Copies of messages, as protocol buffers have it."""
        super().extend(_copied(self._kind, m) for m in members)


class Mapped(dict[str, Any]):
    """Messages by name, made when they are first asked for."""

    def __init__(self, kind: type[Message]):
        super().__init__()
        self._kind = kind

    def __missing__(self, key: str) -> Any:
        self[key] = made = self._kind()
        return made


def _copied(kind: type[Message], m: Any) -> Any:
    if not isinstance(m, kind):
        raise DTypeError(f"{type(m).__name__} is not {kind.__name__}{here()}")
    made = kind()
    made.CopyFrom(m)
    return made


class Message:
    """A message: fields are attributes, unset ones have their defaults. Subclasses declare FIELDS: `name="number kind"`, `*` for a list.

    SerializationError: `ParseFromString` of bytes that are none. ArgumentError: no such field.
    """

    FIELDS: ClassVar[dict[str, Field]] = {}
    ONEOFS: ClassVar[dict[str, tuple[str, ...]]] = {}       # fields of which one is set at a time, by the group's name; else all are one
    _BY_NUMBER: ClassVar[dict[int, tuple[str, Field]]] = {}
    _values: dict[str, Any]

    def __init_subclass__(cls, **declared: Any) -> None:
        cls.FIELDS = {name: _field(*spec) if isinstance(spec, tuple) else _field(spec, None) for name, spec in declared.items()}
        cls._BY_NUMBER = {f.number: (name, f) for name, f in cls.FIELDS.items()}

    def __init__(self, **values: Any):
        object.__setattr__(self, "_values", {})
        for name, value in values.items():
            self._put(name, value)

    def _put(self, name: str, value: Any) -> None:
        field = self._field(name)
        if field.mapped:
            getattr(self, name).update(value)
        elif field.repeated:
            getattr(self, name).extend(value)
        elif isinstance(value, Message):
            getattr(self, name).CopyFrom(value)
            self._values[name] = getattr(self, name)
        else:
            setattr(self, name, value)

    @classmethod
    def _field(cls, name: str) -> Field:
        if name not in cls.FIELDS:
            raise ArgumentError(f"{cls.__name__} has no field {name!r:.60}; it has {', '.join(cls.FIELDS)}{here()}")
        return cls.FIELDS[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.FIELDS:
            raise AttributeError(f"{type(self).__name__} has no field {name!r:.60}; it has {', '.join(self.FIELDS)}")
        values = self._values
        if name not in values:
            field = self.FIELDS[name]
            if field.of is None and not field.repeated and not field.mapped:
                return _KINDS[field.kind][1]
            values[name] = _empty(field)
        return values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        field = self._field(name)
        if field.of is not None or field.repeated or field.mapped:
            raise ArgumentError(f"{type(self).__name__}.{name} is changed in place, or by CopyFrom{here()}")
        if field.kind == "bytes" and isinstance(value, str):
            value = value.encode()
        elif field.kind == "string" and isinstance(value, bytes):
            value = value.decode()
        elif field.kind in _ROUNDED:
            value = self._number(name, value, _ROUNDED[field.kind])
        self._values[name] = getattr(value, "as_datatype_enum", value)
        for group in self.ONEOFS.values():
            if name in group:
                for other in group:
                    if other != name:
                        self._values.pop(other, None)

    def _number(self, name: str, value: Any, rounded: Any) -> float:
        try:
            with np.errstate(over="ignore"):
                return float(rounded(value))
        except (TypeError, ValueError):
            raise DTypeError(f"{type(self).__name__}.{name} is a number, not {value!r:.60}{here()}") from None

    def HasField(self, name: str) -> bool:
        """Whether a field is set."""
        self._field(name)
        value = self._values.get(name)
        return name in self._values and not (isinstance(value, Message) and value.blank())

    def blank(self) -> bool:
        """Whether nothing was put into the message: fields that were looked at alone are none."""
        return not self.__dict__.get("_told") and all(
            value.blank() if isinstance(value, Message) else isinstance(value, (list, dict)) and not value for value in self._values.values())

    def WhichOneof(self, name: str) -> str | None:
        """The field that is set, of those of which one is at a time."""
        return next((n for n in self.ONEOFS.get(name, self.FIELDS) if self.HasField(n)), None)

    def ClearField(self, name: str) -> None:
        """Set a field back to its default."""
        self._field(name)
        self._values.pop(name, None)

    def Clear(self) -> None:
        """Set all fields back to their defaults."""
        self._values.clear()

    def CopyFrom(self, other: Any) -> None:
        """Take all that another message of the kind has."""
        if other is not self:
            self.Clear()
            self.MergeFrom(other)

    def MergeFrom(self, other: Any) -> None:
        """Take what another message of the kind has set; lists are added to."""
        other = other.as_message() if hasattr(other, "as_message") else other
        if not isinstance(other, type(self)):
            raise DTypeError(f"{type(other).__name__} is not {type(self).__name__}{here()}")
        self.__dict__["_told"] = True
        _merge(self, other)

    # ------------------------------------------------------------------ bytes

    def ParseFromString(self, serialized: Any) -> int:
        """Take what bytes hold, or the text that `str` gives; their number. SerializationError: they are none of such a message."""
        self.Clear()
        return self.MergeFromString(serialized)

    def MergeFromString(self, serialized: Any) -> int:
        """Take what bytes hold besides what there is; their number. SerializationError: they are none of such a message."""
        data = serialized.encode() if isinstance(serialized, str) else bytes(serialized)
        if is_text(type(self), data):
            merge_text(self, data.decode("utf-8", "replace"))
            return len(data)
        try:
            _read(self, data, 0, len(data), 0)
        except DataLossError as e:
            raise SerializationError(f"{type(self).__name__}: the bytes are damaged, or none of such a message: {e}{here()}") from None
        return len(data)

    @classmethod
    def FromString(cls: type[Self], serialized: Any) -> Self:
        """The message that bytes hold. SerializationError: they are none of such a message."""
        made = cls()
        made.ParseFromString(serialized)
        return made

    def SerializeToString(self, deterministic: bool = True) -> bytes:
        """The bytes of the message: the same ones of equal messages."""
        return b"".join(_written(self))

    def ByteSize(self) -> int:
        """The number of bytes that `SerializeToString` gives."""
        return len(self.SerializeToString())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and type(other) is type(self) and other.SerializeToString() == self.SerializeToString()

    __hash__ = None         # type: ignore[assignment]

    def __str__(self) -> str:
        """Protocol buffers' text of the message."""
        return as_text(self)

    @property
    def DESCRIPTOR(self) -> Any:
        """Not offered: what protocol buffers' own package asks of a message. ArgumentError."""
        raise ArgumentError(f"{type(self).__name__} is no message of the protobuf package, whose functions do not take it: str(message) is its "
                            f"text, and ParseFromString reads bytes and text{here()}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {', '.join(self._values) or 'nothing'}>"


def _field(word: str, of: Any = None) -> Field:
    """`"3 *string"`, `("1 *", class)`, `("4 map", class)`, `"4 map"` of strings to strings."""
    number, _, kind = word.partition(" ")
    return Field(int(number), kind.lstrip("*"), of, kind.startswith("*"), kind == "map")


def _empty(field: Field) -> Any:
    if field.mapped:
        return Mapped(field.of()) if field.of is not None else {}
    if field.of is None:
        return []
    return Repeated(field.of()) if field.repeated else field.of()()


def _merge(own: Message, other: Message) -> None:
    """The fields of another message, and of those within it: the depth is that of messages, which reading bounds."""
    for name, value in other._values.items():
        field = own.FIELDS[name]
        if field.mapped:
            mine = getattr(own, name)
            for key, member in value.items():
                mine[key] = _copied(field.of(), member) if field.of is not None else member
        elif field.repeated:
            getattr(own, name).extend(value)
        elif field.of is not None:
            if other.HasField(name):
                _merge(getattr(own, name), value)
                getattr(own, name).__dict__["_told"] = True
        else:
            own._values[name] = value


# ---------------------------------------------------------------------- reading

def _read(own: Message, data: bytes, start: int, end: int, depth: int) -> None:
    if depth > DEEPEST:
        raise DataLossError(f"more than {DEEPEST} messages lie within each other")
    known = own._BY_NUMBER
    for number, kind, value in fields(data, start, end):
        found = known.get(number)
        if found is None:
            continue                # of a newer, or an older, TensorFlow
        name, field = found
        if field.mapped:
            if kind == BYTES:
                _read_pair(getattr(own, name), field, data, value[0], value[1], depth)
        elif field.of is not None:
            if kind == BYTES:
                inner = getattr(own, name).add() if field.repeated else getattr(own, name)
                inner.__dict__["_told"] = True
                _read(inner, data, value[0], value[1], depth + 1)
        elif field.repeated:
            getattr(own, name).extend(_several(field, kind, data, value))
        else:
            own._values[name] = _one(field, kind, data, value)


def _read_pair(into: dict[str, Any], field: Field, data: bytes, start: int, end: int, depth: int) -> None:
    """A member of a map: a message of its own, of a key and a value."""
    key, at = "", None
    for number, kind, value in fields(data, start, end):
        if number == 1 and kind == BYTES:
            key = _text(data, *value)
        elif number == 2 and kind == BYTES:
            at = value
    if field.of is None:
        into[key] = "" if at is None else _text(data, *at)
        return
    into[key] = made = field.of()()
    if at is not None:
        _read(made, data, at[0], at[1], depth + 1)


def _text(data: bytes, start: int, end: int) -> str:
    try:
        return data[start:end].decode()
    except UnicodeDecodeError:
        raise DataLossError(f"{data[start:min(end, start + 40)]!r} is no text of UTF-8") from None


def _signed(n: int) -> int:
    return n - 2**64 if n >= 2**63 else n


def _one(field: Field, kind: int, data: bytes, value: Any) -> Any:
    wanted, _ = _KINDS[field.kind]
    if kind != wanted:
        raise DataLossError(f"the field {field.number} is of kind {kind} and not {wanted}")
    if kind == VARINT:
        return bool(value) if field.kind == "bool" else _signed(value)
    if kind == BYTES:
        return _text(data, *value) if field.kind == "string" else data[value[0]:value[1]]
    return struct.unpack_from(_FLOATS[kind], data, value[0])[0]


def _several(field: Field, kind: int, data: bytes, value: Any) -> list[Any]:
    """The members of a list that a field holds: one, or, of numbers, many that are packed."""
    wanted, _ = _KINDS[field.kind]
    if wanted == BYTES or kind != BYTES:
        return [_one(field, kind, data, value)]
    start, end = value
    if wanted == VARINT:
        numbers: list[Any] = whole_numbers(data, start, end).tolist()
        return list(map(bool, numbers)) if field.kind == "bool" else numbers
    dtype = _PACKED[wanted]
    if (end - start) % dtype.itemsize:
        raise DataLossError(f"{end - start} bytes are not a whole number of {field.kind}s")
    packed: list[Any] = np.frombuffer(data, dtype, (end - start) // dtype.itemsize, start).tolist()
    return packed


# ---------------------------------------------------------------------- writing

def _written(own: Message) -> Iterator[bytes]:
    """The fields that are set, by number."""
    for name, field in sorted(own.FIELDS.items(), key=lambda pair: pair[1].number):
        if name not in own._values:
            continue
        value = own._values[name]
        if field.mapped:
            for key in sorted(value):
                inner = value[key].encode() if field.of is None else value[key].SerializeToString()
                yield put_bytes(field.number, put_bytes(1, key.encode()) + put_bytes(2, inner))
        elif field.of is not None:
            members = value if field.repeated else [value] if own.HasField(name) else []
            for member in members:
                yield put_bytes(field.number, member.SerializeToString())
        elif field.repeated:
            yield from _put_several(field, value)
        else:
            yield _put_one(field, value)


def _put_one(field: Field, value: Any) -> bytes:
    kind, _ = _KINDS[field.kind]
    if kind == VARINT:
        return put_varint(field.number << 3 | VARINT) + put_varint(int(value))
    if kind == BYTES:
        return put_bytes(field.number, value.encode() if isinstance(value, str) else bytes(value))
    return put_varint(field.number << 3 | kind) + struct.pack(_FLOATS[kind], value)


def _put_several(field: Field, values: list[Any]) -> Iterator[bytes]:
    kind, _ = _KINDS[field.kind]
    if kind == BYTES:
        yield from (_put_one(field, v) for v in values)
    elif values:
        packed = b"".join(put_varint(int(v)) for v in values) if kind == VARINT else np.asarray(values, _PACKED[kind]).tobytes()
        yield put_bytes(field.number, packed)
