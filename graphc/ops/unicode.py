"""Operators between texts and Unicode's code points: decoding, encoding, and from one encoding to another; all are host steps."""

from __future__ import annotations

import codecs
import threading
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.operator import Values, declare
from ..ir.types import TEXT, Array, TensorType, compatible, dtype_name, shape_str
from .sparse_tensor import INDEX
from .strings import Types, each, of_texts

__all__ = ["unicode_transcode"]

_OUTPUTS = {"UTF-8": "utf-8", "UTF-16-BE": "utf-16-be", "UTF-32-BE": "utf-32-be"}
_POLICIES = ("replace", "ignore", "strict")
# The encodings of bytes, by the names of Python's codecs, of which ICU, whose converters TensorFlow has, makes the same characters.
_OF_BYTES = {"ascii", "cp037", "cp500", "cp1140", "cp1256", "koi8-r", "koi8-u", "mac-cyrillic", "mac-roman",
             *(f"iso8859-{i}" for i in (*range(1, 12), 13, 14, 15))}
_MARKED = (b"\xff\xfe", b"\xfe\xff")


# ---------------------------------------------------------------------- what texts are in an encoding

class Encoding(NamedTuple):
    """A codec of Python's, and how many bytes a character has at least; `marked`: the order of bytes is that of a mark at the beginning."""

    codec: str
    unit: int
    marked: bool


@lru_cache(64)
def encoding_of(name: Any) -> Encoding:
    """The encoding of a name. InvalidArgumentError: there is none, or none that is offered."""
    try:
        codec = codecs.lookup(name if isinstance(name, str) else name.decode()).name
    except (LookupError, AttributeError, UnicodeError, TypeError):
        raise InvalidArgumentError(f"there is no encoding {name!r:.60}") from None
    if codec == "utf-8" or codec in _OF_BYTES:
        return Encoding(codec, 1, False)
    unit, _, order = codec.rpartition("-") if codec.count("-") > 1 else (codec, "", "")
    if unit not in ("utf-16", "utf-32"):
        raise InvalidArgumentError(f"of encodings UTF-8, UTF-16, UTF-32, ASCII, ISO 8859, KOI8 and some other ones of single bytes are offered, "
                                   f"not {name!r:.60}")
    return Encoding(f"{unit}-{order or 'be'}", int(unit[-2:]) // 8, not order)


class _Spans(threading.local):
    """The lengths of what is no text, in the order in which a thread's decoder comes upon it."""

    def __init__(self) -> None:
        self.lengths: list[int] = []


_spans = _Spans()
_WRONG = 0xD800             # what no decoder gives: it stands for what is no text


def _marks(error: Exception) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    _spans.lengths.append(error.end - error.start)
    return chr(_WRONG), error.end


codecs.register_error("graphc.marks", _marks)


def _points(text: str) -> Array:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<i4").astype(np.int32)


def decoded(text: bytes, encoding: Encoding) -> tuple[Array, Array, Array]:
    """The code points of a text, where in it each begins, and which of them stand for what is no text.

    What is no text is cut as Unicode recommends: the longest beginning of a character is one, any other byte or unit is one.
    """
    codec, unit, marked = encoding
    begin = 0
    if marked:
        mark = text[:unit]
        little = mark == _MARKED[0].ljust(unit, b"\0")
        if little or mark == _MARKED[1].rjust(unit, b"\0"):
            codec, begin = f"{codec[:-2]}{'le' if little else 'be'}", unit
    _spans.lengths = []
    points = _points(text[begin:].decode(codec, "graphc.marks"))
    wrong = points == _WRONG
    if codec == "utf-8":
        sizes = 1 + (points > 0x7F) + (points > 0x7FF) + (points > 0xFFFF)
    else:
        sizes = np.where((points > 0xFFFF) & (unit == 2), 4, unit)
    sizes = sizes.astype(INDEX)
    sizes[wrong] = _spans.lengths
    starts = np.cumsum(sizes) - sizes + begin
    starts[:1] = 0                  # a mark belongs to the first character
    return points, starts, wrong


def encoded(points: Array, output: str) -> bytes:
    """Code points as a text; two halves of a pair that follow each other are a character, half a pair by itself is none in UTF-8."""
    units = points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass").encode("utf-16-be", "surrogatepass")
    if output == "UTF-16-BE":
        return units
    text = units.decode("utf-16-be", "surrogatepass")
    return text.encode("utf-32-be", "surrogatepass") if output == "UTF-32-BE" else _points_utf8(text)


def _points_utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if 0xD800 <= ord(c) < 0xE000 else c for c in text).encode()


def _misplaced(text: bytes) -> InvalidArgumentError:
    return InvalidArgumentError(f"{text!r:.60} is no text in this encoding; errors='replace' or 'ignore' allow that")


# ---------------------------------------------------------------------- attributes

def _policy(errors: Any, replacement_char: Any) -> dict[str, Any]:
    if errors not in _POLICIES:
        raise InvalidArgumentError(f"errors is one of {', '.join(map(repr, _POLICIES))}, not {errors!r:.40}")
    whole = isinstance(replacement_char, (int, np.integer)) and not isinstance(replacement_char, bool)
    if not whole or not 0 <= replacement_char <= 0x10FFFF:
        raise InvalidArgumentError(f"replacement_char is a code point, from 0 to 0x10FFFF, not {replacement_char!r:.40}")
    return {"errors": errors, "replacement_char": int(replacement_char)}


def _output(name: Any) -> str:
    if name not in _OUTPUTS:
        raise InvalidArgumentError(f"texts are written in {', '.join(_OUTPUTS)}, not in {name!r:.60}")
    return str(name)


def _decode_attrs(types: Types, input_encoding: Any, errors: Any, replacement_char: Any, replace_control_characters: Any) -> dict[str, Any]:
    encoding_of(input_encoding)
    return {"input_encoding": input_encoding, **_policy(errors, replacement_char), "replace_control_characters": bool(replace_control_characters)}


def _transcode_attrs(types: Types, input_encoding: Any, output_encoding: Any, **policy: Any) -> dict[str, Any]:
    found = _decode_attrs(types, input_encoding, **policy)
    return {"input_encoding": found.pop("input_encoding"), "output_encoding": _output(output_encoding), **found}


def _encode_attrs(types: Types, output_encoding: Any, errors: Any, replacement_char: Any) -> dict[str, Any]:
    return {"output_encoding": _output(output_encoding), **_policy(errors, replacement_char)}


# ---------------------------------------------------------------------- operators

def _same(types: Types, values: Values, **attrs: Any) -> TensorType:
    of_texts(types)
    return types[0]


@declare("host", _same, text=True, prepare=_transcode_attrs, label="UnicodeTranscode")
def unicode_transcode(input: Any, *, input_encoding: str, output_encoding: str, errors: str = "replace", replacement_char: int = 65533,
                      replace_control_characters: bool = False) -> Any:
    """The texts in another encoding: `input_encoding` is UTF-8, UTF-16, UTF-32 with or without -BE or -LE, or one of single bytes.

    `output_encoding`: UTF-8, UTF-16-BE or UTF-32-BE. `errors`, of what is no text: "replace" by the code point `replacement_char`, "ignore", or
    "strict". `replace_control_characters`: so are those below U+0020. Of texts in UTF-16 and UTF-32 each has a mark of its own, or none.
    InvalidArgumentError: no such encoding, or code point; when run, strict: what is no text.

    >>> tf.Session(jit=False).run(tf.strings.unicode_transcode(["a\u00e4"], "UTF-8", "UTF-16-BE"))
    array([b'\\x00a\\x00\\xe4'], dtype=object)
    """
    encoding = encoding_of(input_encoding)

    def changed(text: bytes) -> bytes:
        points, _, wrong = decoded(text, encoding)
        if replace_control_characters:
            wrong = wrong | (points < 0x20)
        if errors == "strict" and wrong.any():
            raise _misplaced(text)
        points = points[~wrong] if errors == "ignore" else np.where(wrong, replacement_char, points)
        return encoded(points, output_encoding)
    return each(changed, input)


def _decode_types(types: Types, values: Values, **attrs: Any) -> tuple[TensorType, ...]:
    of_texts(types)
    if not compatible(types[0].shape, (None,)):
        raise ShapeError(f"a vector of texts is wanted, not one of shape {shape_str(types[0].shape)}")
    n = types[0].shape[0] if types[0].shape else None
    return (TensorType(np.dtype(np.int32), (None,)), TensorType(np.dtype(INDEX), (None,)),
            TensorType(np.dtype(INDEX), (None if n is None else n + 1,)))


@declare("host", _decode_types, text=True, prepare=_decode_attrs, name="unicode_points", results=("values", "starts", "row_splits"),
         label="UnicodeDecodeWithOffsets")
def unicode_points(input: Any, *, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
                   replace_control_characters: bool = False) -> Any:
    """The code points of all texts one after another, where in its text each begins, and where the points of each text begin and the last end."""
    encoding = encoding_of(input_encoding)
    found, places, splits = [np.zeros(0, np.int32)], [np.zeros(0, INDEX)], [0]
    for text in np.asarray(input, object):
        points, starts, wrong = decoded(text, encoding)
        if errors == "strict" and wrong.any():
            raise _misplaced(text)
        if replace_control_characters:
            wrong = wrong | (points < 0x20)
        if errors == "ignore":
            points, starts = points[~wrong], starts[~wrong]
        else:
            points = np.where(wrong, np.int32(replacement_char), points)
        found.append(points)
        places.append(starts)
        splits.append(splits[-1] + len(points))
    return np.concatenate(found), np.concatenate(places), np.array(splits, INDEX)


def _encode_type(types: Types, values: Values, **attrs: Any) -> TensorType:
    points, splits = types
    for t in types:
        if t.dtype.kind not in "iu":
            raise DTypeError(f"code points are integers, not {dtype_name(t.dtype)}")
    if not compatible(points.shape, (None,)) or not compatible(splits.shape, (None,)):
        raise ShapeError(f"code points and splits are vectors, not of shapes {shape_str(points.shape)} and {shape_str(splits.shape)}")
    n = splits.shape[0] if splits.shape else None
    return TensorType(TEXT, (None if n is None else n - 1,))


@declare("host", _encode_type, text=True, prepare=_encode_attrs, name="unicode_texts", label="UnicodeEncode")
def unicode_texts(values: Any, row_splits: Any, *, output_encoding: str, errors: str = "replace", replacement_char: int = 65533) -> Any:
    """The text of each row of code points."""
    points, splits = np.asarray(values, np.int64), np.asarray(row_splits)
    # What TensorFlow takes for none: beyond the last one, halves of pairs, and the points that are to be no characters.
    beyond = (points < 0) | (points > 0x10FFFF)
    none = beyond | ((points >= 0xD800) & (points < 0xE000)) | ((points >= 0xFDD0) & (points <= 0xFDEF)) | ((points & 0xFFFE) == 0xFFFE)
    if errors == "strict" and none.any():
        raise InvalidArgumentError(f"{points[none][0]} is no code point of a character; errors='replace' or 'ignore' allow that")
    if errors == "replace":
        points = np.where(none, replacement_char, points)
    out = np.empty(len(splits) - 1, object)
    for i in range(len(out)):
        row = slice(splits[i], splits[i + 1])
        out[i] = encoded(points[row][~beyond[row]] if errors == "ignore" else points[row], output_encoding)
    return out
