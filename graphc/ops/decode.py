"""Texts taken apart: fields of CSV records, numbers as they lie in memory; and the contents of files."""

from __future__ import annotations

import csv
import glob
import gzip
import os
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, InvalidArgumentError, NotFoundError, ShapeError
from ..ir.known import static_value
from ..ir.node import Node, describe, dtype_of, here
from ..ir.operator import Values, declare, items, to_node
from ..ir.types import TEXT, Array, TensorType, as_array

__all__ = ["decode_compressed", "decode_csv", "decode_raw", "read_file", "matching_files", "write_file"]

FIELDS = ("float32", "float64", "int32", "int64", "object")        # dtypes of fields
RAW = ("float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "bool")


def _text(types: Sequence[TensorType]) -> TensorType:
    if types[0].dtype != TEXT:
        raise DTypeError("it is no tensor of texts")
    return types[0]


# ---------------------------------------------------------------------- CSV

def _csv_attrs(types: Sequence[TensorType], kinds: Any, defaults: Any, delimiter: Any, quotes: Any, missing: Any, columns: Any) -> dict[str, Any]:
    if not isinstance(kinds, tuple) or not isinstance(defaults, tuple) or len(kinds) != len(defaults) or not kinds:
        raise ArgumentError("a record has at least one field, and each a dtype and a default")
    if any(np.dtype(k).name not in FIELDS for k in kinds):
        raise DTypeError(f"fields are float32, float64, int32, int64 or string, not {', '.join(str(np.dtype(k)) for k in kinds)}")
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '\n\r"':
        raise ArgumentError(f"a delimiter is one character, and no quote or end of a line, not {delimiter!r:.20}")
    if not isinstance(missing, str):
        raise ArgumentError(f"what stands for a missing value is a text, not {missing!r:.40}")
    if columns is not None and (not isinstance(columns, tuple) or len(columns) != len(kinds) or any(type(c) is not int or c < 0 for c in columns)
                                or [*columns] != sorted({*columns})):
        raise ArgumentError(f"the columns wanted are numbers that grow, one for each of {len(kinds)} fields, not {columns!r:.80}")
    return {"kinds": tuple(np.dtype(k) for k in kinds), "defaults": defaults, "delimiter": delimiter, "quotes": bool(quotes), "missing": missing,
            "columns": columns}


def _csv_type(types: Sequence[TensorType], values: Values, kinds: Any, **attrs: Any) -> Any:
    shape = _text(types).shape
    return tuple(TensorType(k, shape) for k in kinds)


@declare("host", _csv_type, name="decode_csv_fields", label="DecodeCSV", text=True, prepare=_csv_attrs, batch="aligned",
         samples=(([np.array([b"1,one", b"2,two"], object)], {"kinds": (np.dtype("int32"), TEXT), "defaults": (None, None), "delimiter": ",",
                                                         "quotes": True, "missing": "", "columns": None}),))
def _decode_csv(records: Any, *, kinds: Any, defaults: Any, delimiter: Any, quotes: Any, missing: Any, columns: Any) -> Any:
    """The fields of CSV records, each an array of the records' shape."""
    texts = np.asarray(records, TEXT)
    return tuple(f.reshape(texts.shape) for f in fields_of(texts.reshape(-1), kinds, defaults, delimiter, quotes, missing, columns))


def fields_of(records: Array, kinds: Sequence[Any], defaults: Sequence[Any], delimiter: str, quotes: bool, missing: str,
              columns: Sequence[int] | None) -> list[Array]:
    """The fields of some records, an array for each. InvalidArgumentError: one is missing, or not of its dtype."""
    rows = [_split(bytes(r), delimiter, quotes) for r in records.tolist()]
    wanted = [*range(len(kinds))] if columns is None else [*columns]
    for number, row in enumerate(rows):
        if len(row) != len(kinds) if columns is None else len(row) <= wanted[-1]:
            raise InvalidArgumentError(f"record {number}, {bytes(records[number])!r:.80}, has {len(row)} fields, not "
                                       + (f"{len(kinds)}" if columns is None else f"a column {wanted[-1]}"))
    empty = {b"", missing.encode()}
    return [_converted([row[c] for row in rows], np.dtype(kind), default, empty, c)
            for c, kind, default in zip(wanted, kinds, defaults, strict=True)]


def _split(record: bytes, delimiter: str, quotes: bool) -> list[bytes]:
    record = record.removesuffix(b"\n").removesuffix(b"\r")
    if not quotes or b'"' not in record:
        return record.split(delimiter.encode())
    try:            # latin-1 has a character for each byte
        row = next(csv.reader([record.decode("latin-1")], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration) as e:
        raise InvalidArgumentError(f"the record {record!r:.80} is not CSV: {e}") from None
    return [field.encode("latin-1") for field in row]


def _converted(fields: list[bytes], kind: np.dtype[Any], default: Any, empty: set[bytes], column: int) -> Array:
    number = int if kind.kind == "i" else float
    out = np.empty(len(fields), kind)
    if empty.isdisjoint(fields):
        if kind == TEXT:
            out[:] = fields
            return out
        with suppress(ValueError, OverflowError):       # of a field that is named below
            if b"_" not in b"".join(fields):
                out[:] = [*map(number, fields)]
                return out
    for i, field in enumerate(fields):
        if field in empty:
            if default is None:
                raise InvalidArgumentError(f"field {column} of record {i} is empty, and there is no default for it")
            out[i] = default
        elif kind == TEXT:
            out[i] = field
        else:
            try:
                if b"_" in field:           # Python's own way to write numbers
                    raise ValueError
                out[i] = number(field)
            except (ValueError, OverflowError):
                raise InvalidArgumentError(f"field {column} of record {i}, {field!r:.60}, is not {kind}") from None
    return out


def field_default(what: str, default: Any) -> tuple[np.dtype[Any], Any]:
    """The dtype of a field, and its value where it is empty; None: it must be there. ArgumentError: no constant of one element, or of none."""
    given = isinstance(default, Node)
    value = default.attrs.get("value", static_value(default)) if given else as_array(default)
    if value is None or value.size > 1:
        said = describe(default) if given else repr(default)[:60]
        raise ArgumentError(f"{what}: a default is a constant of one element or none, not {said}{here()}")
    return value.dtype, value.reshape(-1).tolist()[0] if value.size else None


def decode_csv(records: Any, record_defaults: Sequence[Any], field_delim: str = ",", use_quote_delim: bool = True, name: str | None = None,
               na_value: str = "", select_cols: Sequence[int] | None = None) -> list[Node]:
    """The fields of CSV records (RFC 4180), a tensor for each, of the records' shape.

    `record_defaults`: for each field its dtype and what it is where it is empty: an array of one element, or an empty one for fields that must be
    there. float32, float64, int32, int64 and string. ArgumentError: no such field. InvalidArgumentError, when run: a record does not fit.

    >>> tf.Session(jit=False).run(tf.decode_csv(['1,"a,b"', ',c'], [[7], ['']]))
    [array([1, 7], dtype=int32), array([b'a,b', b'c'], dtype=object)]
    """
    node = to_node(records)
    kinds, defaults = [], []
    for d in record_defaults:
        kind, default = field_default("decode_csv", d)
        kinds.append(kind)
        defaults.append(default)
    columns = None if select_cols is None else tuple(int(c) for c in select_cols)
    attrs = {"kinds": tuple(kinds), "defaults": tuple(defaults), "delimiter": field_delim, "quotes": use_quote_delim, "missing": na_value,
             "columns": columns}
    return items(_decode_csv.build(node.graph, (node,), attrs, name))


# ---------------------------------------------------------------------- bytes

def _raw_attrs(types: Sequence[TensorType], out_type: Any, little_endian: Any) -> dict[str, Any]:
    kind = dtype_of("decode_raw", out_type).dtype
    if kind.name not in RAW:
        raise DTypeError(f"numbers in memory are {', '.join(RAW)}, not {kind}")
    return {"out_type": kind, "little_endian": bool(little_endian)}


def _raw_type(types: Sequence[TensorType], values: Values, out_type: Any, little_endian: Any) -> TensorType:
    shape = _text(types).shape
    return TensorType(out_type, None if shape is None else (*shape, None))


@declare("host", _raw_type, text=True, prepare=_raw_attrs, label="DecodeRaw", batch="aligned",
         samples=(([np.array([b"abcd", b"efgh"], object)], {"out_type": np.dtype("int16")}),))
def decode_raw(bytes: Any, *, out_type: Any, little_endian: Any = True) -> Any:
    """The bytes of texts, all of one length, as numbers of another dtype: string[...] -> out_type[..., length / size of one].

    DTypeError: no numbers. InvalidArgumentError, when run: texts of several lengths, or of a length that is no multiple of a number's size.
    """
    texts = np.asarray(bytes, TEXT)
    flat = texts.ravel().tolist()
    lengths = {*map(len, flat)}
    kind = np.dtype(out_type)
    if len(lengths) > 1:
        raise InvalidArgumentError(f"texts of {', '.join(map(str, sorted(lengths)[:5]))} bytes are not one array")
    length = lengths.pop() if lengths else 0
    if length % kind.itemsize:
        raise InvalidArgumentError(f"{length} bytes are no whole number of {kind}, of {kind.itemsize} each")
    whole = b"".join(flat)
    stored = np.frombuffer(whole, np.uint8) != 0 if kind == np.bool_ else np.frombuffer(whole, kind.newbyteorder("<" if little_endian else ">"))
    return stored.astype(kind).reshape(*texts.shape, length // kind.itemsize)


# ---------------------------------------------------------------------- files

def _one_text(types: Sequence[TensorType], values: Values) -> TensorType:
    if _text(types).shape not in (None, ()):
        raise ShapeError("it is no scalar")
    return TensorType(TEXT, ())


@declare("host", _one_text, text=True, pure=False, label="ReadFile")
def read_file(filename: Any) -> Any:
    """What a file holds, as a text: string[] -> string[]. NotFoundError, when run: there is no such file.

    InvalidArgumentError, when run: it cannot be read. DTypeError, ShapeError: the name is no text, or several.
    """
    path = os.fsdecode(np.asarray(filename, TEXT).item())
    try:
        with open(path, "rb") as file:
            return np.array(file.read(), TEXT)
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path:.200}") from None
    except (OSError, ValueError) as e:
        raise InvalidArgumentError(f"the file {path!r:.200} cannot be read: {e}") from None


@declare("host", lambda types, values: TensorType(_text(types).dtype, (None,)), text=True, pure=False, label="MatchingFiles")
def matching_files(pattern: Any) -> Any:
    """The names of the files that match a pattern, or one of several, sorted: string[...] -> string[n].

    DTypeError: no texts.
    """
    found = sorted({os.fsencode(p) for one in np.asarray(pattern, TEXT).flat for p in glob.glob(os.fsdecode(one))})
    out = np.empty(len(found), TEXT)
    out[:] = found
    return out


@declare("host", lambda types, values: None, text=True, pure=False, effect=True, label="WriteFile")
def write_file(filename: Any, contents: Any) -> Any:
    """An operation that writes a text to a file, in the place of what it held; missing folders are made.

    InvalidArgumentError, when run: it cannot be written.
    """
    path = os.fsdecode(np.asarray(filename, TEXT).item())
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with open(path, "wb") as file:
            file.write(np.asarray(contents, TEXT).item())
    except OSError as e:
        raise InvalidArgumentError(f"the file {path!r:.200} cannot be written: {e}") from None


# ---------------------------------------------------------------------- compressed

_INFLATED: dict[str, Callable[[bytes], bytes]] = {"": lambda text: text, "ZLIB": zlib.decompress, "GZIP": gzip.decompress}


def _compression(types: Sequence[TensorType], compression_type: Any) -> dict[str, Any]:
    if compression_type not in _INFLATED:
        raise ArgumentError(f"compression_type is 'ZLIB', 'GZIP' or '', not {compression_type!r:.40}")
    return {"compression_type": compression_type}


@declare("host", lambda types, values, **attrs: _text(types), op_type="DecodeCompressed", text=True, prepare=_compression, batch="aligned",
         samples=(([np.array([b"a", b""], object)], {"compression_type": ""}),))
def decode_compressed(bytes: Any, *, compression_type: str = "") -> Any:
    """Texts decompressed, one by one: "ZLIB", "GZIP", or "" as they are. DTypeError: no texts. InvalidArgumentError, when run: damaged ones.

    >>> import zlib
    >>> tf.Session(jit=False).run(tf.decode_compressed([zlib.compress(b"hello")], "ZLIB"))
    array([b'hello'], dtype=object)
    """
    texts = np.asarray(bytes, TEXT)
    out = np.empty(texts.shape, TEXT)
    for place, text in np.ndenumerate(texts):
        try:
            out[place] = _INFLATED[compression_type](text)
        except (zlib.error, OSError, EOFError) as e:
            raise InvalidArgumentError(f"{text!r:.60} is not compressed as {compression_type}: {e}") from None
    return out
