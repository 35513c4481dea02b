"""What `contrib.learn.datasets.base` has: tables of numbers from files, and files that programs would download."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...errors import InvalidArgumentError, NotFoundError
from ...ir.node import here
from ...ir.types import Array
from ...tf1_names import namespace as _namespace

__all__ = ["Dataset", "Datasets", "load_csv_with_header", "load_csv_without_header", "maybe_download"]


class Dataset(NamedTuple):
    """Rows, and what is known of each."""

    data: Any
    target: Any


class Datasets(NamedTuple):
    """Parts of a set."""

    train: Any
    validation: Any
    test: Any


def load_csv_with_header(filename: Any, target_dtype: Any, features_dtype: Any, target_column: int = -1) -> Dataset:
    """The rows of a file whose first row says how many there are, and of how many numbers. InvalidArgumentError, NotFoundError: it is none."""
    header, *rows = _rows(filename)
    try:
        samples, features = int(header[0]), int(header[1])
    except (ValueError, IndexError):
        raise InvalidArgumentError(f"{filename!r:.200}: the first row is not two whole numbers, but {header!r:.60}{here()}") from None
    found = _table(filename, rows, target_dtype, features_dtype, target_column)
    if found.data.shape != (samples, features):
        raise InvalidArgumentError(f"{filename!r:.200}: {samples} rows of {features} are promised, {found.data.shape} are there{here()}")
    return found


def load_csv_without_header(filename: Any, target_dtype: Any, features_dtype: Any, target_column: int = -1) -> Dataset:
    """The rows of a file. InvalidArgumentError, NotFoundError: it is none."""
    return _table(filename, _rows(filename), target_dtype, features_dtype, target_column)


def _rows(filename: Any) -> list[list[str]]:
    try:
        with open(filename, newline="") as file:
            rows = [row for row in csv.reader(file) if row]
    except OSError as e:
        raise NotFoundError(f"{filename!r:.200}: {e.strerror}{here()}") from None
    except (csv.Error, UnicodeDecodeError) as e:
        raise InvalidArgumentError(f"{filename!r:.200} is no table: {e}{here()}") from None
    if not rows:
        raise InvalidArgumentError(f"{filename!r:.200} has no rows{here()}")
    return rows


def _table(filename: Any, rows: Iterable[list[str]], target_dtype: Any, features_dtype: Any, column: int) -> Dataset:
    given = [[*row] for row in rows]
    try:
        target: Array = np.array([row.pop(column) for row in given], target_dtype)
        return Dataset(np.array(given, features_dtype), target)
    except (ValueError, IndexError, TypeError) as e:
        raise InvalidArgumentError(f"{filename!r:.200}: {e}{here()}") from None


def maybe_download(filename: str, work_directory: str, source_url: str) -> str:
    """The path of a file in a folder. NotFoundError, which says where it is to be had: it is not there; nothing is downloaded."""
    path = os.path.join(work_directory, filename)
    if not os.path.exists(path):
        raise NotFoundError(f"there is no file {path!r:.200}; it is to be had at {source_url!r:.200}, and nothing is downloaded here{here()}")
    return path


_namespace(globals())
