"""Operators on texts: joining, cutting, numbers from texts and back, patterns, buckets, bytes; all are host steps, and none has a gradient."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError
from ..ir.axes import ordered_axes, reduced_shape
from ..ir.operator import Values, declare
from ..ir.types import TEXT, Array, TensorType, as_dtype, broadcast, dtype_name
from . import texts as texts
from .hashing import fingerprint64, murmur64, siphash

__all__ = ["as_string", "decode_base64", "encode_base64", "reduce_join", "regex_full_match", "regex_replace", "string_join", "string_length",
           "string_lower", "string_strip", "string_to_hash_bucket", "string_to_hash_bucket_fast", "string_to_hash_bucket_strong",
           "string_to_number", "string_upper", "substr"]

Types = Sequence[TensorType]


# ---------------------------------------------------------------------- what they share

def of_texts(types: Types) -> None:
    """DTypeError unless all operands are texts."""
    for t in types:
        if not t.dtype.hasobject:
            raise DTypeError(f"texts are wanted, not {dtype_name(t.dtype)}")


def _same(types: Types, values: Values, **attrs: Any) -> TensorType:
    """A text for each text."""
    of_texts(types)
    return types[0]


def _as(dtype: Any) -> Callable[..., TensorType]:
    """Something of a dtype for each text."""
    def infer(types: Types, values: Values, **attrs: Any) -> TensorType:
        of_texts(types)
        return TensorType(np.dtype(dtype), types[0].shape)
    return infer


def each(function: Callable[[bytes], Any], x: Any, dtype: Any = TEXT) -> Array:
    """What a function gives for each text."""
    given = np.asarray(x, object)
    out = np.empty(given.shape, dtype)
    for place, text in np.ndenumerate(given):
        out[place] = function(text)
    return out


@lru_cache(64)
def _pattern(text: str) -> re.Pattern[bytes]:
    try:
        return re.compile(text.encode())
    except (re.error, OverflowError, RecursionError) as e:
        raise InvalidArgumentError(f"the pattern {text!r:.60}: {e}") from None


def text_of(value: Any, what: str) -> str:
    """A text that an attribute is, bytes that are no UTF-8 as half pairs. GraphError: it is none."""
    if isinstance(value, bytes):
        value = value.decode(errors="surrogateescape")
    if not isinstance(value, str):
        raise GraphError(f"{what} is a text, not {value!r:.60}")
    return value


def bytes_of(text: str) -> bytes:
    """The bytes of a text that `text_of` gave."""
    return text.encode(errors="surrogateescape")


# ---------------------------------------------------------------------- joining and cutting

def _joined(types: Types, values: Values, separator: str) -> TensorType:
    of_texts(types)
    return TensorType(TEXT, broadcast(*(t.shape for t in types)))


@declare("host", _joined, text=True, prepare=lambda types, separator: {"separator": text_of(separator, "the separator")}, label="StringJoin")
def string_join(*inputs: Any, name: Any = None, separator: str = "") -> Any:
    """The texts of several tensors one behind the other, the separator between them; scalars go with each element of the others.

    >>> tf.Session(jit=False).run(tf.string_join([["a", "b"], "c"], separator="-"))
    array([b'a-c', b'b-c'], dtype=object)
    """
    out = np.empty(np.broadcast_shapes(*map(np.shape, inputs)), object)
    parts: list[Any] = [np.broadcast_to(np.asarray(x, object), out.shape) for x in inputs]
    for place in np.ndindex(out.shape):
        out[place] = bytes_of(separator).join(p[place] for p in parts)
    return out


# In the order of TensorFlow's arguments: the name stands behind the separator.
string_join.order = ("inputs", "separator", "name")


def _reduced(types: Types, values: Values, axis: Any, keep_dims: bool, separator: str) -> TensorType:
    of_texts(types)
    return TensorType(TEXT, None if types[0].shape is None else reduced_shape(types[0].shape, axis, keep_dims))


def _reduce_attrs(types: Types, axis: Any, keep_dims: Any, separator: Any) -> dict[str, Any]:
    axes = ordered_axes(axis, types[0].rank)
    if axis is None and axes is not None:
        axes = axes[::-1]
    return {"axis": axes, "keep_dims": bool(keep_dims), "separator": text_of(separator, "the separator")}


@declare("host", _reduced, text=True, prepare=_reduce_attrs, label="ReduceJoin", from_tensors={"axis": "axes"})
def reduce_join(inputs: Any, *, axis: Any = None, keep_dims: bool = False, separator: str = "") -> Any:
    """The texts along axes (None: all) one behind the other, the separator between them: along the axis that is named first, then the next.
    Without axes it is the last axis first.

    >>> tf.Session(jit=False).run(tf.reduce_join([["a", "b"], ["c", "d"]], 1, separator=" "))
    array([b'a b', b'c d'], dtype=object)
    """
    x = np.asarray(inputs, object)
    axes = tuple(range(x.ndim)) if axis is None else axis[::-1]
    kept = [i for i in range(x.ndim) if i not in axes]
    rows = x.transpose(*kept, *axes).reshape(*(x.shape[i] for i in kept), -1)
    out = np.empty(rows.shape[:-1], object)
    for place in np.ndindex(out.shape):
        out[place] = bytes_of(separator).join(rows[place])
    return out.reshape([1 if i in axes else n for i, n in enumerate(x.shape)]) if keep_dims else out


def _substrings(types: Types, values: Values, unit: str) -> TensorType:
    of_texts(types[:1])
    for t in types[1:]:
        if t.dtype.kind not in "iu":
            raise DTypeError(f"places and lengths are integers, not {dtype_name(t.dtype)}")
    return TensorType(TEXT, broadcast(*(t.shape for t in types)))


def _unit(types: Types, unit: Any) -> dict[str, Any]:
    if unit not in ("BYTE", "UTF8_CHAR"):
        raise GraphError(f"the unit is 'BYTE' or 'UTF8_CHAR', not {unit!r:.40}")
    return {"unit": unit}


@declare("host", _substrings, text=True, prepare=_unit, label="Substr", weak=False)
def substr(input: Any, pos: Any, len: Any, *, name: Any = None, unit: str = "BYTE") -> Any:
    """`len` bytes or characters of each text from `pos` on, or as many as there are; a negative `pos` counts from the end.

    InvalidArgumentError, when run: a place that is not within its text.

    >>> tf.Session(jit=False).run(tf.substr(["Hello", "World"], 1, 3))
    array([b'ell', b'orl'], dtype=object)
    """
    x: Any
    x, starts, sizes = np.broadcast_arrays(np.asarray(input, object), pos, len)
    out = np.empty(x.shape, object)
    for place in np.ndindex(x.shape):
        text = x[place] if unit == "BYTE" else x[place].decode(errors="surrogateescape")
        n, start = text.__len__(), int(starts[place])
        if not -n <= start <= n:
            raise InvalidArgumentError(f"the place {start} is not within {x[place]!r:.60}, whose length is {n}")
        cut = text[start % n if start < 0 else start:][:max(int(sizes[place]), 0)]
        out[place] = cut if unit == "BYTE" else cut.encode(errors="surrogateescape")
    return out


@declare("host", _as(np.int32), text=True, prepare=_unit, label="StringLength")
def string_length(input: Any, *, name: Any = None, unit: str = "BYTE") -> Any:
    """The number of bytes, or of characters, of each text, int32.

    >>> tf.Session(jit=False).run(tf.string_length(["a", "abc"]))
    array([1, 3], dtype=int32)
    """
    return each(lambda t: len(t if unit == "BYTE" else t.decode(errors="surrogateescape")), input, np.int32)


@declare("host", _same, text=True, label="StringStrip")
def string_strip(input: Any) -> Any:
    """The texts without white space at both ends."""
    return each(bytes.strip, input)


@declare("host", _same, text=True, label="StringLower", prepare=lambda types, encoding: {"encoding": text_of(encoding, "the encoding")})
def string_lower(input: Any, *, encoding: str = "") -> Any:
    """The texts in lower case: letters of ASCII, or with `encoding="utf-8"` all."""
    return each(bytes.lower if not encoding else lambda t: t.decode(encoding).lower().encode(encoding), input)


@declare("host", _same, text=True, label="StringUpper", prepare=lambda types, encoding: {"encoding": text_of(encoding, "the encoding")})
def string_upper(input: Any, *, encoding: str = "") -> Any:
    """The texts in upper case: letters of ASCII, or with `encoding="utf-8"` all."""
    return each(bytes.upper if not encoding else lambda t: t.decode(encoding).upper().encode(encoding), input)


# ---------------------------------------------------------------------- patterns

def _regex_attrs(types: Types, pattern: Any, **more: Any) -> dict[str, Any]:
    text = text_of(pattern, "a pattern")
    _pattern(text)
    if "rewrite" in more:
        more["rewrite"] = text_of(more["rewrite"], "what is put in its place")
    return {"pattern": text, **more}


@declare("host", _same, text=True, prepare=_regex_attrs, label="RegexReplace")
def regex_replace(input: Any, *, pattern: str, rewrite: str, replace_global: bool = True) -> Any:
    """The texts with what a pattern finds (everywhere, or the first time) rewritten; \\\\1 in `rewrite` is its first group.

    Patterns are those of Python's `re`. InvalidArgumentError: the pattern, or the rewriting, is none.

    >>> tf.Session(jit=False).run(tf.regex_replace(["a1b22"], "[0-9]+", "#"))
    array([b'a#b#'], dtype=object)
    """
    found = _pattern(pattern)
    try:
        return each(lambda t: found.sub(rewrite.encode(), t, 0 if replace_global else 1), input)
    except (re.error, IndexError) as e:
        raise InvalidArgumentError(f"the rewriting {rewrite!r:.60}: {e}") from None


@declare("host", _as(np.bool_), text=True, prepare=_regex_attrs, label="RegexFullMatch")
def regex_full_match(input: Any, *, pattern: str) -> Any:
    """Whether the whole of each text matches a pattern of Python's `re`. InvalidArgumentError: it is none.

    >>> tf.Session(jit=False).run(tf.regex_full_match(["ab", "abc"], "a."))
    array([ True, False])
    """
    found = _pattern(pattern)
    return each(lambda t: found.fullmatch(t) is not None, input, np.bool_)


# ---------------------------------------------------------------------- numbers

def _numbers(types: Types, values: Values, out_type: Any) -> TensorType:
    of_texts(types)
    return TensorType(out_type, types[0].shape)


def _number_attrs(types: Types, out_type: Any) -> dict[str, Any]:
    kind = as_dtype(out_type)
    if kind.dtype not in (np.float32, np.float64, np.int32, np.int64):
        raise DTypeError(f"texts become float32, float64, int32 or int64, not {kind.name}")
    return {"out_type": kind.dtype}


@declare("host", _numbers, text=True, prepare=_number_attrs, label="StringToNumber")
def string_to_number(string_tensor: Any, *, out_type: Any = np.float32) -> Any:
    """The number that each text is, in a dtype: float32, float64, int32 or int64. InvalidArgumentError, when run: a text is none, or does not fit.

    >>> tf.Session(jit=False).run(tf.string_to_number(["1.5", "-2e3"]))
    array([ 1.5e+00, -2.0e+03], dtype=float32)
    """
    dtype = np.dtype(out_type)

    def number(text: bytes) -> Any:
        try:
            if b"_" in text:
                raise ValueError
            value = float(text) if dtype.kind == "f" else int(text)
        except ValueError:
            raise InvalidArgumentError(f"{text!r:.60} is no number of dtype {dtype}") from None
        if dtype.kind == "i" and not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
            raise InvalidArgumentError(f"{text!r:.60} does not fit the dtype {dtype}")
        return value
    with np.errstate(over="ignore"):
        return each(number, string_tensor, dtype)


def _string_attrs(types: Types, precision: Any, scientific: Any, shortest: Any, width: Any, fill: Any) -> dict[str, Any]:
    if scientific and shortest:
        raise InvalidArgumentError("one of scientific and shortest")
    if fill not in ("", " ", "0", "+", "-"):
        raise InvalidArgumentError(f"fill is nothing, a space, 0, + or -, not {fill!r:.40}")
    if types[0].dtype.kind in "iu" and (scientific or shortest or precision > -1):
        raise InvalidArgumentError(f"{types[0].dtype} has no digits behind a point")
    return {"precision": int(precision), "scientific": bool(scientific), "shortest": bool(shortest), "width": int(width), "fill": fill}


@declare("host", lambda types, values, **attrs: TensorType(TEXT, types[0].shape), text=True, complex=True, prepare=_string_attrs,
         label="AsString")
def as_string(input: Any, *, precision: int = -1, scientific: bool = False, shortest: bool = False, width: int = -1, fill: str = "") -> Any:
    """Numbers as texts, as C's printf has them: integers %d, floats %f, or %e (`scientific`) or %g (`shortest`); true and false; (real,imaginary).

    `precision`: digits behind the point; `width`: characters at least; `fill`: what they are filled up with, 0 or a space.
    InvalidArgumentError: a fill of another kind, digits behind the point of integers, or scientific and shortest.

    >>> tf.Session(jit=False).run(tf.as_string([1.5, 2.0], precision=2))
    array([b'1.50', b'2.00'], dtype=object)
    """
    x = np.asarray(input)
    out = np.empty(x.shape, object)
    size = str(width) if width > -1 else ""
    digits = f".{precision}" if precision > -1 else ""
    form = "%" + fill + size + digits + ("d" if x.dtype.kind in "iu" else "e" if scientific else "g" if shortest else "f")
    for place, value in np.ndenumerate(x):
        if x.dtype.hasobject:
            out[place] = value
        elif x.dtype.kind == "b":
            out[place] = (b"true" if value else b"false").rjust(max(width, 0))
        elif x.dtype.kind == "c":
            out[place] = f"({form % float(value.real)},{form % float(value.imag)})".encode()
        else:
            out[place] = (form % value.item()).encode()
    return out


# ---------------------------------------------------------------------- buckets

def _bucket_attrs(types: Types, num_buckets: Any, **more: Any) -> dict[str, Any]:
    if isinstance(num_buckets, bool) or not isinstance(num_buckets, (int, np.integer)) or not 0 < num_buckets < 1 << 63:
        raise GraphError(f"num_buckets is a number of 1 or more, not {num_buckets!r:.40}")
    key = more.get("key", ())
    if not isinstance(key, (list, tuple)) or "key" in more and len(key) != 2 or not all(isinstance(k, (int, np.integer)) for k in key):
        raise GraphError(f"the key is two whole numbers, not {key!r:.40}")
    return {"num_buckets": int(num_buckets), **({"key": tuple(int(k) for k in key)} if "key" in more else {})}


@declare("host", _as(np.int64), text=True, prepare=_bucket_attrs, label="StringToHashBucketFast")
def string_to_hash_bucket_fast(input: Any, *, num_buckets: int) -> Any:
    """The number of a bucket below `num_buckets` for each text, int64: the same for the same text, everywhere and always, TensorFlow's too.

    It is the rest of FarmHash's `Fingerprint64`. GraphError: no number of buckets.

    >>> tf.Session(jit=False).run(tf.string_to_hash_bucket_fast(["hello", "world"], 1000)).tolist()
    [296, 598]
    """
    return each(lambda t: fingerprint64(t) % num_buckets, input, np.int64)


@declare("host", _as(np.int64), text=True, prepare=_bucket_attrs, label="StringToHashBucket")
def string_to_hash_bucket(string_tensor: Any, *, num_buckets: int) -> Any:
    """The same by MurmurHash64A, which newer programs do without. GraphError: no number of buckets."""
    return each(lambda t: murmur64(t) % num_buckets, string_tensor, np.int64)


@declare("host", _as(np.int64), text=True, prepare=_bucket_attrs, label="StringToHashBucketStrong")
def string_to_hash_bucket_strong(input: Any, *, num_buckets: int, key: Any) -> Any:
    """The same by SipHash-2-4 and a key, two whole numbers, without which nobody can choose texts of one bucket. GraphError: no such key."""
    return each(lambda t: siphash(t, key) % num_buckets, input, np.int64)


# ---------------------------------------------------------------------- bytes

@declare("host", _same, text=True, label="EncodeBase64")
def encode_base64(input: Any, *, pad: bool = False) -> Any:
    """The texts in web-safe base 64 (RFC 4648, 5), with `pad` filled up by =.

    >>> tf.Session(jit=False).run(tf.encode_base64(["hello"]))
    array([b'aGVsbG8'], dtype=object)
    """
    return each(lambda t: base64.urlsafe_b64encode(t) if pad else base64.urlsafe_b64encode(t).rstrip(b"="), input)


@declare("host", _same, text=True, label="DecodeBase64")
def decode_base64(input: Any) -> Any:
    """The texts that web-safe base 64 stands for, filled up or not. InvalidArgumentError, when run: something else."""
    def decoded(text: bytes) -> bytes:
        try:
            return base64.b64decode(text + b"=" * (-len(text) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise InvalidArgumentError(f"decode_base64: {text!r:.60} is no web-safe base 64") from None
    return each(decoded, input)
