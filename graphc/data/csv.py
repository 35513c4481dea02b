"""Datasets of CSV files: their lines as tuples of fields, or in batches by the names of their columns."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, NotFoundError
from ..files.records import opened
from ..ir.arguments import hold as _hold
from ..ir.node import Node, here
from ..ir.types import TEXT, TensorType, as_dtype
from ..ops.decode import field_default, fields_of
from . import sources, stages
from .blocks import Block, Stream
from .dataset import Dataset
from .files import TextLineDataset
from .run import Run
from .structure import Structure

__all__ = ["CsvDataset", "make_csv_dataset"]


class CsvDataset(Dataset):
    """The lines of CSV files, each a tuple of its fields.

    `record_defaults`: for each field a dtype, if it must be there, or the value it has where it is empty. `select_cols`: the numbers of the
    columns wanted, in order. InvalidArgumentError, when run: a field is missing, or is not of its dtype.
    """

    def __init__(self, filenames: Any, record_defaults: Sequence[Any], compression_type: Any = None, buffer_size: Any = None, header: bool = False,
                 field_delim: str = ",", use_quote_delim: bool = True, na_value: str = "", select_cols: Sequence[int] | None = None):
        lines = TextLineDataset(filenames, compression_type)
        kinds, defaults = _defaults(record_defaults)
        types = tuple(TensorType(k, ()) for k in kinds)

        def begin(run: Run) -> Stream:
            for file in sources.names_of(run.value(lines._needs[0])):
                names = np.array([file], TEXT)
                for block in stages.skipped(sources.lines(names, lines.compression), int(bool(header))):
                    yield Block(block.n, fields_of(block.arrays[0], kinds, defaults, field_delim, use_quote_delim, na_value, select_cols))
        super().__init__(Structure(tuple(range(len(types))), types), begin, [lines])


def _defaults(record_defaults: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The dtype of each field, and its value where it is empty; None: it must be there."""
    kinds, defaults = [], []
    for d in record_defaults:
        required = isinstance(d, type) or hasattr(d, "as_numpy_dtype") or isinstance(d, np.dtype)
        kind, default = (as_dtype(d).dtype, None) if required else field_default("CsvDataset", d)
        kinds.append(kind)
        defaults.append(default)
    return kinds, defaults


# What a column may be, from the narrowest on, as TensorFlow infers it: the dtype, and what reads a field of it.
_INFERRED = (("int32", lambda text: np.int32(int(text))), ("int64", lambda text: np.int64(int(text))), ("float32", np.float32),
             ("float64", np.float64))


def make_csv_dataset(file_pattern: Any, batch_size: Any, column_names: Sequence[str] | None = None, column_defaults: Sequence[Any] | None = None,
                     label_name: str | None = None, select_columns: Sequence[Any] | None = None, field_delim: str = ",",
                     use_quote_delim: bool = True, na_value: str = "", header: bool = True, num_epochs: int | None = None, shuffle: bool = True,
                     shuffle_buffer_size: int = 10000, shuffle_seed: int | None = None, prefetch_buffer_size: int | None = 1,
                     num_parallel_reads: Any = 1, sloppy: bool = False, num_rows_for_inference: int | None = 100,
                     compression_type: str | None = None) -> Dataset:
    """Batches of the lines of CSV files: a dict of columns by name, or a pair of one and the column `label_name`.

    Names come from `column_names`, or the first line of a file; dtypes from `column_defaults` (a dtype where a field must be there), or from the
    first `num_rows_for_inference` lines (None: all). `select_columns`: names or numbers of the columns wanted.

    ArgumentError: names that are not there, or twice, or not as many as defaults. NotFoundError: no file. InvalidArgumentError, when run: a field
    that is not of its dtype.
    """
    files = _matching(file_pattern)
    names = [*column_names] if column_names is not None else _first_line(files, field_delim, use_quote_delim, compression_type, header)
    if len({*names}) != len(names):
        raise ArgumentError(f"make_csv_dataset: two columns have one name, of {', '.join(names)}{here()}")
    wanted = None if select_columns is None else _numbers(select_columns, names)
    if wanted is not None:
        names = [names[i] for i in wanted]
    if column_defaults is None:
        column_defaults = _inferred(files, wanted or range(len(names)), num_rows_for_inference, field_delim, use_quote_delim, na_value, header,
                                    compression_type)
    if len(column_defaults) != len(names):
        raise ArgumentError(f"make_csv_dataset: {len(column_defaults)} defaults for {len(names)} columns{here()}")
    if label_name is not None and label_name not in names:
        raise ArgumentError(f"make_csv_dataset: there is no column {label_name!r:.60} among {', '.join(names)}{here()}")
    dataset: Dataset = CsvDataset(files, column_defaults, compression_type, None, header, field_delim, use_quote_delim, na_value, wanted)
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, shuffle_seed)
    # As TensorFlow, which repeats before it cuts batches: of epochs without end, or several, batches are all of one size.
    dataset = dataset.repeat(num_epochs).batch(batch_size, drop_remainder=num_epochs is None)

    def named(*columns: Node) -> Any:
        found = dict(zip(names, columns, strict=True))
        return found if label_name is None else (found, found.pop(label_name))
    return dataset.map(named).prefetch(prefetch_buffer_size or 0)


def _matching(pattern: Any) -> list[str]:
    import glob
    patterns = pattern if isinstance(pattern, (list, tuple)) else [pattern]
    files = sorted({f for p in patterns for f in glob.glob(os.fsdecode(p))})
    if not files:
        raise NotFoundError(f"no file matches {', '.join(map(os.fsdecode, patterns))}{here()}")
    return files


def _read(file: str, delimiter: str, quotes: bool, compression: str | None) -> Any:
    with opened(file.encode(), compression or "") as data:
        lines = (line.decode("utf-8", "replace") for line in data.read().splitlines())
        yield from csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)


def _first_line(files: Sequence[str], delimiter: str, quotes: bool, compression: str | None, header: bool) -> list[str]:
    if not header:
        raise ArgumentError(f"make_csv_dataset: files without a header take column_names{here()}")
    found: list[list[str]] = [next(_read(f, delimiter, quotes, compression), []) for f in files]
    other = next((f for f, names in zip(files, found, strict=True) if names != found[0]), None)
    if other is not None:
        raise ArgumentError(f"make_csv_dataset: {other} has other columns than {files[0]}{here()}")
    return list(found[0])


def _numbers(columns: Sequence[Any], names: Sequence[str]) -> list[int]:
    found: list[int] = []
    for c in columns:
        if isinstance(c, str) and c not in names:
            raise ArgumentError(f"make_csv_dataset: there is no column {c!r:.60} among {', '.join(names)}{here()}")
        found.append(names.index(c) if isinstance(c, str) else int(c))
    if len({*found}) != len(found) or any(not 0 <= c < len(names) for c in found):
        raise ArgumentError(f"make_csv_dataset: {columns!r:.80} are no columns, each once, of {len(names)}{here()}")
    return sorted(found)


def _inferred(files: Sequence[str], columns: Sequence[int], most: int | None, delimiter: str, quotes: bool, missing: str, header: bool,
              compression: str | None) -> list[Any]:
    """A default for each column, of the narrowest dtype that all its fields are of: zero, or an empty text."""
    levels = dict.fromkeys(columns, 0)
    seen = 0
    for file in files:
        for number, row in enumerate(_read(file, delimiter, quotes, compression)):
            if header and number == 0:
                continue
            if most is not None and seen >= most:
                break
            seen += 1
            for c in columns:
                if c >= len(row):
                    raise ArgumentError(f"make_csv_dataset: a line of {file} has {len(row)} fields, and no column {c}{here()}")
                levels[c] = _level(row[c], levels[c], missing)
    return [np.zeros(1, _INFERRED[k][0]) if (k := levels[c]) < len(_INFERRED) else [""] for c in columns]


def _level(field: str, level: int, missing: str) -> int:
    if field in ("", missing):
        return level
    for k in range(level, len(_INFERRED)):
        name, read = _INFERRED[k]
        try:
            with np.errstate(over="ignore"):
                value = read(field)
        except (ValueError, OverflowError):
            continue
        if name != "float32" or np.isfinite(value) or not np.isfinite(float(field)):
            return k
    return len(_INFERRED)


_hold(globals(), __all__)
