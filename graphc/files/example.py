"""`Example` and `SequenceExample`: features by name, each a list of texts, floats or whole numbers, as TensorFlow's records hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from ..errors import DataLossError, DTypeError
from ..ir.node import here
from .wire import BYTES, FOUR, VARINT, fields, put_bytes, put_varints, whole_numbers

__all__ = ["BytesList", "Example", "Feature", "FeatureList", "FeatureLists", "Features", "FloatList", "Int64List", "SequenceExample"]

Found = dict[str, tuple[str, Any]]          # of features: the kind of each, and its values: a list of bytes, or an array

KINDS = ("bytes_list", "float_list", "int64_list")      # by the number of the field, from 1 on
_T = TypeVar("_T", bound="_Message")


# ---------------------------------------------------------------------- reading

def features_in(data: bytes, start: int, end: int) -> Found:
    """The features of a message `Features`. DataLossError: it is none."""
    found: Found = {}
    for number, kind, value in fields(data, start, end):
        if number == 1 and kind == BYTES:
            key, at = _entry(data, *value)
            found[key] = ("", []) if at is None else _feature(data, *at)
    return found


def _entry(data: bytes, start: int, end: int) -> tuple[str, tuple[int, int] | None]:
    """The key of an entry of a map, and where its value lies."""
    key, at = "", None
    for number, kind, value in fields(data, start, end):
        if kind == BYTES and number == 1:
            try:
                key = data[slice(*value)].decode()
            except UnicodeDecodeError:
                raise DataLossError("the name of a feature is no text of UTF-8") from None
        elif kind == BYTES and number == 2:
            at = value
    return key, at


def _feature(data: bytes, start: int, end: int) -> tuple[str, Any]:
    name = ""
    values: list[Any] = []
    for number, kind, place in fields(data, start, end):
        if kind == BYTES and 1 <= number <= len(KINDS):
            if name != KINDS[number - 1]:
                name, values = KINDS[number - 1], []
            values.append(_values(data, name, *place))
    if name == "bytes_list":
        return name, [t for part in values for t in part]
    return name, values[0] if len(values) == 1 else np.concatenate(values) if values else []


def _values(data: bytes, name: str, start: int, end: int) -> Any:
    """The values of a list: packed, or each by itself."""
    found: list[Any] = []
    for number, kind, value in fields(data, start, end):
        if number != 1:
            continue
        if name == "bytes_list" and kind == BYTES:
            found.append(data[slice(*value)])
        elif name == "float_list" and kind in (BYTES, FOUR):
            if (value[1] - value[0]) % 4:
                raise DataLossError("a list of floats ends within one")
            found.append(np.frombuffer(data, "<f4", (value[1] - value[0]) // 4, value[0]).astype(np.float32))
        elif name == "int64_list" and kind in (BYTES, VARINT):
            found.append(whole_numbers(data, *value) if kind == BYTES else np.array([value], np.uint64).astype(np.int64))
        else:
            raise DataLossError(f"a value of a {name} is a field of kind {kind}")
    if name == "bytes_list":
        return found
    return found[0] if len(found) == 1 else np.concatenate(found) if found else np.zeros(0, np.float32 if name == "float_list" else np.int64)


def example_in(data: bytes) -> Found:
    """The features of a serialised `Example`. DataLossError: it is none."""
    found: Found = {}
    for number, kind, value in fields(data):
        if number == 1 and kind == BYTES:
            found.update(features_in(data, *value))
    return found


def sequence_in(data: bytes) -> tuple[Found, dict[str, list[tuple[str, Any]]]]:
    """The context and the lists of features of a serialised `SequenceExample`. DataLossError: it is none."""
    context: Found = {}
    lists: dict[str, list[tuple[str, Any]]] = {}
    for number, kind, value in fields(data):
        if number == 1 and kind == BYTES:
            context.update(features_in(data, *value))
        elif number == 2 and kind == BYTES:
            for inner, how, place in fields(data, *value):
                if inner == 1 and how == BYTES:
                    key, at = _entry(data, *place)
                    lists[key] = [] if at is None else [_feature(data, *v) for n, k, v in fields(data, *at) if n == 1 and k == BYTES]
    return context, lists


# ---------------------------------------------------------------------- messages

class _Message:
    """What all messages have in common: equality by what they hold, and the methods of protocol buffers that programs use."""

    def SerializeToString(self) -> bytes:
        """The message in bytes, names in order."""
        raise NotImplementedError

    def ParseFromString(self, serialized: bytes) -> int:
        """Take what some bytes hold; returns how many they are. DataLossError: they are no such message."""
        raise NotImplementedError

    @classmethod
    def FromString(cls: type[_T], serialized: bytes) -> _T:
        """The message that some bytes hold. DataLossError: they hold none."""
        made = cls()
        made.ParseFromString(serialized)
        return made

    def CopyFrom(self, other: Any) -> None:
        """Hold what another message of the kind holds."""
        self.ParseFromString(other.SerializeToString())

    def ByteSize(self) -> int:
        """How many bytes the message takes."""
        return len(self.SerializeToString())

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.SerializeToString() == self.SerializeToString()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"


class _Values(list[Any]):
    """The values of a list, checked when they are put in."""

    def __init__(self, owner: _List, values: Iterable[Any]):
        super().__init__()
        self.owner = owner
        self.extend(values)

    def append(self, value: Any) -> None:
        super().append(self.owner._checked(value))

    def extend(self, values: Iterable[Any]) -> None:
        for value in values:
            self.append(value)

    def __setitem__(self, place: Any, value: Any) -> None:
        super().__setitem__(place, [*map(self.owner._checked, value)] if isinstance(place, slice) else self.owner._checked(value))


class _List(_Message):
    """A list of values of one kind."""

    def __init__(self, value: Iterable[Any] = ()):
        if isinstance(value, (bytes, str)) or not isinstance(value, Iterable):
            raise DTypeError(f"{type(self).__name__}: value is a list, not {value!r:.60}{here()}")
        self.value = _Values(self, value)

    def _checked(self, value: Any) -> Any:
        raise NotImplementedError

    def _wrong(self, value: Any, what: str) -> DTypeError:
        return DTypeError(f"{type(self).__name__}: {value!r:.60} is not {what}{here()}")

    def ParseFromString(self, serialized: bytes) -> int:
        self.value = _Values(self, _values(bytes(serialized), self._kind, 0, len(serialized)))
        return len(serialized)

    _kind = ""


class BytesList(_List):
    """A list of texts, as bytes.

    >>> tf.train.BytesList(value=[b"a"]).SerializeToString()
    b'\\n\\x01a'
    """

    _kind = "bytes_list"

    def _checked(self, value: Any) -> bytes:
        if isinstance(value, np.bytes_):
            return bytes(value)
        if not isinstance(value, (bytes, bytearray)):
            raise self._wrong(value, "bytes; text.encode() is")
        return bytes(value)

    def SerializeToString(self) -> bytes:
        return b"".join(put_bytes(1, v) for v in self.value)


class FloatList(_List):
    """A list of float32 numbers.

    >>> tf.train.FloatList(value=[1, 2.5]).value
    [1.0, 2.5]
    """

    _kind = "float_list"

    def _checked(self, value: Any) -> float:
        try:
            with np.errstate(over="ignore"):
                return float(np.float32(value))
        except (TypeError, ValueError):
            raise self._wrong(value, "a number") from None

    def SerializeToString(self) -> bytes:
        return put_bytes(1, np.array(self.value, "<f4").tobytes()) if self.value else b""


class Int64List(_List):
    """A list of whole numbers of 64 bits.

    >>> tf.train.Int64List(value=[1, 300]).SerializeToString()
    b'\\n\\x03\\x01\\xac\\x02'
    """

    _kind = "int64_list"

    def _checked(self, value: Any) -> int:
        try:
            number = int(value.__index__())
        except (AttributeError, TypeError):
            if not isinstance(value, np.bool_):
                raise self._wrong(value, "a whole number") from None
            number = int(value)
        if not -2**63 <= number < 2**63:
            raise self._wrong(value, "a number of 64 bits")
        return number

    def SerializeToString(self) -> bytes:
        return put_varints(1, self.value) if self.value else b""


LISTS = (BytesList, FloatList, Int64List)


class Feature(_Message):
    """One of three lists: texts, floats or whole numbers.

    >>> tf.train.Feature(int64_list=tf.train.Int64List(value=[3])).int64_list.value
    [3]
    """

    def __init__(self, bytes_list: BytesList | None = None, float_list: FloatList | None = None, int64_list: Int64List | None = None):
        given = {"bytes_list": bytes_list, "float_list": float_list, "int64_list": int64_list}
        for (name, value), kind in zip(given.items(), LISTS, strict=True):
            if value is not None and not isinstance(value, kind):
                raise DTypeError(f"Feature: {name} is a {kind.__name__}, not {value!r:.60}{here()}")
        self._kind = next((name for name, value in reversed(given.items()) if value is not None), None)
        self.bytes_list = bytes_list or BytesList()
        self.float_list = float_list or FloatList()
        self.int64_list = int64_list or Int64List()

    def WhichOneof(self, oneof_group: str) -> str | None:
        """The name of the list that is set, or None."""
        filled = [name for name in KINDS if getattr(self, name).value]
        return filled[0] if filled else self._kind

    def HasField(self, field_name: str) -> bool:
        """Whether the list of that name is the one that is set."""
        return self.WhichOneof("kind") == field_name

    def SerializeToString(self) -> bytes:
        name = self.WhichOneof("kind")
        return b"" if name is None else put_bytes(KINDS.index(name) + 1, getattr(self, name).SerializeToString())

    def ParseFromString(self, serialized: bytes) -> int:
        self._take(*_feature(bytes(serialized), 0, len(serialized)))
        return len(serialized)

    def _take(self, name: str, values: Any) -> None:
        self.__init__()         # type: ignore[misc]
        if name:
            self._kind = name
            getattr(self, name).value.extend(values if isinstance(values, list) else values.tolist())


class _Named(dict[str, Any]):
    """Members by name, made when they are first asked for, as maps of protocol buffers are."""

    def __init__(self, kind: type, members: Mapping[str, Any] | None):
        super().__init__()
        self.kind = kind
        for name, member in (members or {}).items():
            if not isinstance(name, str) or not isinstance(member, kind):
                raise DTypeError(f"{name!r:.60}: {member!r:.60} is no {kind.__name__} by a name{here()}")
            self[name] = member

    def __missing__(self, name: str) -> Any:
        made = self[name] = self.kind()
        return made


class Features(_Message):
    """Features by name.

    >>> sorted(tf.train.Features(feature={"b": tf.train.Feature(), "a": tf.train.Feature()}).feature)
    ['a', 'b']
    """

    def __init__(self, feature: Mapping[str, Feature] | None = None):
        self.feature = _Named(Feature, feature)

    def SerializeToString(self) -> bytes:
        return _entries(self.feature)

    def ParseFromString(self, serialized: bytes) -> int:
        self._take(features_in(bytes(serialized), 0, len(serialized)))
        return len(serialized)

    def _take(self, found: Found) -> None:
        self.feature = _Named(Feature, None)
        for name, (kind, values) in found.items():
            self.feature[name]._take(kind, values)


def _entries(members: Mapping[str, _Message]) -> bytes:
    return b"".join(put_bytes(1, put_bytes(1, k.encode()) + put_bytes(2, members[k].SerializeToString())) for k in sorted(members))


class Example(_Message):
    """A record of features.

    >>> made = tf.train.Example()
    >>> made.features.feature["n"].int64_list.value.append(5)
    >>> tf.train.Example.FromString(made.SerializeToString()).features.feature["n"].int64_list.value
    [5]
    """

    def __init__(self, features: Features | None = None):
        self.features = features if features is not None else Features()

    def SerializeToString(self) -> bytes:
        return put_bytes(1, self.features.SerializeToString())

    def ParseFromString(self, serialized: bytes) -> int:
        found = example_in(bytes(serialized))
        self.features = Features()
        self.features._take(found)
        return len(serialized)


class FeatureList(_Message):
    """Features in an order."""

    def __init__(self, feature: Iterable[Feature] = ()):
        self.feature = [*feature]

    def SerializeToString(self) -> bytes:
        return b"".join(put_bytes(1, f.SerializeToString()) for f in self.feature)

    def ParseFromString(self, serialized: bytes) -> int:
        self._take([_feature(serialized, *v) for n, k, v in fields(serialized) if n == 1 and k == BYTES])
        return len(serialized)

    def _take(self, found: Iterable[tuple[str, Any]]) -> None:
        self.feature = []
        for kind, values in found:
            made = Feature()
            made._take(kind, values)
            self.feature.append(made)


class FeatureLists(_Message):
    """Lists of features by name."""

    def __init__(self, feature_list: Mapping[str, FeatureList] | None = None):
        self.feature_list = _Named(FeatureList, feature_list)

    def SerializeToString(self) -> bytes:
        return _entries(self.feature_list)


class SequenceExample(_Message):
    """A record of features, and of lists of features: one for each step."""

    def __init__(self, context: Features | None = None, feature_lists: FeatureLists | None = None):
        self.context = context if context is not None else Features()
        self.feature_lists = feature_lists if feature_lists is not None else FeatureLists()

    def SerializeToString(self) -> bytes:
        return put_bytes(1, self.context.SerializeToString()) + put_bytes(2, self.feature_lists.SerializeToString())

    def ParseFromString(self, serialized: bytes) -> int:
        context, lists = sequence_in(bytes(serialized))
        self.context, self.feature_lists = Features(), FeatureLists()
        self.context._take(context)
        for name, found in lists.items():
            self.feature_lists.feature_list[name]._take(found)
        return len(serialized)
