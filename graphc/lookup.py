"""`tf.lookup`: tables from keys to values, of tensors, lists and files, which stand in the graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import DTypeError, GraphError
from .ir.arguments import hold as _hold
from .ir.node import here
from .ir.types import Array, as_dtype
from .ops.tables import Table, column, known, lines
from .tf1_names import namespace as _namespace

__all__ = ["KeyValueTensorInitializer", "StaticHashTable", "StaticVocabularyTable", "TextFileIndex", "TextFileInitializer"]


class KeyValueTensorInitializer:
    """Keys and values of a table. GraphError: they are not known while the graph is built."""

    def __init__(self, keys: Any, values: Any, key_dtype: Any = None, value_dtype: Any = None, name: str | None = None):
        self.keys, self.values = (_cast(known(x), dtype) for x, dtype in ((keys, key_dtype), (values, value_dtype)))
        self.source = ""            # the file that they are from


def _cast(array: Array, dtype: Any) -> Array:
    return array if dtype is None else array.astype(as_dtype(dtype).dtype)


class TextFileIndex:
    """What of a line: all of it, or its number."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


class TextFileInitializer:
    """Keys and values of a table from the lines of a file: all of them, their numbers, or a column. NotFoundError: no file. GraphError: no column."""

    def __init__(self, filename: str, key_dtype: Any, key_index: int, value_dtype: Any, value_index: int, vocab_size: int | None = None,
                 delimiter: str = "\t", name: str | None = None):
        self.source, read = filename, lines(filename)[:vocab_size]
        self.keys, self.values = (column(read, as_dtype(dtype), index, delimiter, filename)
                                  for dtype, index in ((key_dtype, key_index), (value_dtype, value_index)))


class StaticHashTable(Table):
    """A table of what an initializer has, with a default for other keys. DTypeError: a default of another dtype.

    >>> made = tf.lookup.KeyValueTensorInitializer(["a", "b"], [10, 20])
    >>> table = tf.lookup.StaticHashTable(made, -1)
    >>> tf.Session(jit=False).run(table.lookup(tf.constant(["b", "c"])))
    array([20, -1], dtype=int32)
    """

    def __init__(self, initializer: Any, default_value: Any, name: str | None = None):
        super().__init__(initializer.keys, initializer.values, default_value, name=name or "hash_table", source=initializer.source)


class StaticVocabularyTable(Table):
    """A table from texts or numbers to places, int64; other keys have one of `num_oov_buckets` places beyond, by their hash.

    `initializer`: None, if all keys are hashed. GraphError: no bucket. DTypeError: places that are no int64.

    >>> made = tf.lookup.KeyValueTensorInitializer(["a", "b"], [0, 1], value_dtype=tf.int64)
    >>> tf.Session(jit=False).run(tf.lookup.StaticVocabularyTable(made, 1).lookup(tf.constant(["b", "c"])))
    array([1, 2])
    """

    def __init__(self, initializer: Any, num_oov_buckets: int, lookup_key_dtype: Any = None, name: str | None = None):
        if not isinstance(num_oov_buckets, (int, np.integer)) or num_oov_buckets < 1:
            raise GraphError(f"StaticVocabularyTable: one bucket or more takes what is not in the table, not {num_oov_buckets!r:.40}{here()}")
        keys = np.array([], as_dtype(lookup_key_dtype or "string").dtype) if initializer is None else initializer.keys
        places = np.array([], np.int64) if initializer is None else initializer.values
        if places.dtype != np.int64:
            raise DTypeError(f"StaticVocabularyTable: its places are int64, not {places.dtype.name}; value_dtype=tf.int64 makes them so{here()}")
        super().__init__(keys, places, np.int64(-1), int(num_oov_buckets), name or "string_to_index",
                         "" if initializer is None else initializer.source)


_hold(globals(), __all__)
_namespace(globals())
