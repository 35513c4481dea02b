"""Datasets of what databases answer: the rows of a query, by the `sqlite3` of Python's standard library."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError
from ..ir.arguments import hold as _hold
from ..ir.node import describe, here
from ..ir.operator import to_node
from ..ir.types import TEXT, Array, TensorType
from .blocks import Stream, array_of, one
from .dataset import Dataset
from .structure import declared

__all__ = ["SqlDataset"]


class SqlDataset(Dataset):
    """The rows that a query gives, each a tuple of scalars of `output_types`.

    `driver_name`: "sqlite". Whole numbers, texts, float64 and bool are read as TensorFlow reads them; what is NULL is zero, or an empty text.
    InvalidArgumentError, when run: another driver, no such query, or not as many columns; a text for a number. DTypeError: no texts are given.
    """

    def __init__(self, driver_name: Any, data_source_name: Any, query: Any, output_types: Any):
        given = [to_node(x) for x in (driver_name, data_source_name, query)]
        for node, word in zip(given, ("driver_name", "data_source_name", "query"), strict=True):
            if node.type.dtype != TEXT:
                raise DTypeError(f"SqlDataset: {word} is a text, not {describe(node)}{here()}")
        types = tuple(output_types) if isinstance(output_types, (list, tuple)) else (output_types,)
        structure = declared("SqlDataset", types, tuple([()] * len(types)))
        super().__init__(structure, lambda run: _rows([os.fsdecode(run.value(n).item()) for n in given], structure.types), (), given, silent=False)


def _rows(given: Sequence[str], types: Sequence[TensorType]) -> Stream:
    driver, source, query = given
    if driver != "sqlite":
        raise InvalidArgumentError(f"the driver {driver!r:.40} is not supported: sqlite is")
    try:
        with closing(sqlite3.connect(source)) as connection:
            found = connection.execute(query)
            columns = len(found.description or ())
            if columns != len(types):
                raise InvalidArgumentError(f"the query gives {columns} columns, and {len(types)} dtypes are declared: {query!r:.120}")
            for row in found:
                yield one([_component(value, t) for value, t in zip(row, types, strict=True)])
    except sqlite3.Error as e:
        raise InvalidArgumentError(f"the query {query!r:.120} cannot be answered: {e}") from None


def _component(value: Any, t: TensorType) -> Array:
    if t.dtype == TEXT:
        text = b"" if value is None else value if isinstance(value, bytes) else str(value).encode()
        return array_of(text)
    try:
        number = 0 if value is None else value if isinstance(value, (int, float)) else float(value)
        return np.array(number, t.dtype)
    except (ValueError, OverflowError):
        raise InvalidArgumentError(f"{value!r:.60} is no {t.dtype}") from None


_hold(globals(), __all__)
