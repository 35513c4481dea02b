"""The tables of words of Keras's sets of texts: JSON files, which give each word its number."""

from __future__ import annotations

import json
from pathlib import Path

from ...errors import DataLossError
from ...ir.node import here
from .places import place


def word_index(what: str, path: str) -> dict[str, int]:
    """The number of each word. NotFoundError: the file is not there. DataLossError: it is no such table."""
    file = place(what, path)
    try:
        table = json.loads(Path(file).read_bytes())
    except (OSError, ValueError, RecursionError) as e:
        raise DataLossError(f"{what}: {file} is no table of words: {e}{here()}") from None
    if not isinstance(table, dict) or not all(type(n) is int for n in table.values()):
        raise DataLossError(f"{what}: {file} is no table of words{here()}")
    return table
