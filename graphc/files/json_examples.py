"""Records of features written as JSON, read as protocol buffers have them: `decode_json_example`."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, InvalidArgumentError
from ..ir.operator import declare, typed_like
from ..ir.types import TEXT
from ..ops.strings import each
from .example import BytesList, Feature, Features, FloatList, Int64List
from .wire import put_bytes

__all__ = ["decode_json_example"]

_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def _members(value: Any, known: tuple[str, ...], what: str) -> dict[str, Any]:
    """The members of a message that are set. InvalidArgumentError: it is none, or has others."""
    if not isinstance(value, dict):
        raise InvalidArgumentError(f"{what} is an object, not {value!r:.60}")
    found: dict[str, Any] = {_NAMES.get(key) or key: member for key, member in value.items()}
    unknown = [key for key in found if key not in known]
    if unknown or len(found) < len(value):
        raise InvalidArgumentError(f"{what} has no {unknown[0]!r:.60}" if unknown else f"{what} has a member twice")
    return {key: member for key, member in found.items() if member is not None}


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError
    return base64.b64decode(value.translate({ord("-"): "+", ord("_"): "/"}).rstrip("=") + "=" * (-len(value.rstrip("=")) % 4), validate=True)


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError
    made = _FLOATS[value] if value in _FLOATS else float(value)
    if math.isfinite(made) and abs(made) > np.finfo(np.float32).max or not math.isfinite(made) and value not in _FLOATS and made == made:
        raise ValueError
    return made


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or isinstance(value, float) and not value.is_integer():
        raise ValueError
    made = int(value)
    if not -2**63 <= made < 2**63:
        raise ValueError
    return made


class _Kind(NamedTuple):
    """A kind of list: its field in a feature, its message, what reads a value of it, and what such a value is."""

    field: str
    message: Any
    read: Callable[[Any], Any]
    wanted: str


_KINDS = {"bytesList": _Kind("bytes_list", BytesList, _bytes, "a text in base 64"),
          "floatList": _Kind("float_list", FloatList, _float, "a number"),
          "int64List": _Kind("int64_list", Int64List, _whole, "a whole number of 64 bits")}
_NAMES = {kind.field: name for name, kind in _KINDS.items()}       # protocol buffers read the fields' own names, too


def _feature(value: Any, name: str) -> Feature:
    members = _members(value, (*_KINDS,), f"the feature {name!r:.60}")
    if len(members) > 1:
        raise InvalidArgumentError(f"the feature {name!r:.60} is one list, not {' and '.join(members)}")
    for key, listed in members.items():
        given = _members(listed, ("value",), f"the {key} of the feature {name!r:.60}").get("value", [])
        field, message, read, wanted = _KINDS[key]
        found = []
        for v in given if isinstance(given, list) else [given]:
            try:
                found += [] if v is None else [read(v)]
            except (ValueError, OverflowError, binascii.Error):
                raise InvalidArgumentError(f"the feature {name!r:.60} has the value {v!r:.60}, which is not {wanted}") from None
        lists: dict[str, Any] = {field: message(found)}
        return Feature(**lists)
    return Feature()


def _example(text: bytes) -> bytes:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise InvalidArgumentError(f"{text!r:.60} is no JSON: {e}") from None
    members = _members(value, ("features",), "an Example")
    if not members:
        return b""
    named = _members(members["features"], ("feature",), "features").get("feature", {})
    if not isinstance(named, dict):
        raise InvalidArgumentError(f"features stand by name in an object, not in {named!r:.60}")
    return put_bytes(1, Features({name: _feature(f, name) for name, f in named.items()}).SerializeToString())


def _of_texts(types: Any, values: Any) -> Any:
    if types[0].dtype != TEXT:
        raise DTypeError("records are texts")
    return typed_like()(types, values)


@declare("host", _of_texts, text=True, label="DecodeJSONExample")
def decode_json_example(json_examples: Any) -> Any:
    """Records of features written as JSON, serialised as `parse_example` takes them: string[...] -> string[...].

    Features are lists of texts in base 64, of numbers, of whole numbers, as protocol buffers write them: "bytesList", "floatList", "int64List".
    InvalidArgumentError, when run: a text that is no such record. DTypeError: no texts.

    >>> record = tf.io.decode_json_example('{"features": {"feature": {"n": {"int64List": {"value": ["1", 2]}}}}}')
    >>> tf.Session(jit=False).run(tf.parse_single_example(record, {"n": tf.FixedLenFeature([2], tf.int64)}))
    {'n': array([1, 2])}
    """
    return each(_example, json_examples)
