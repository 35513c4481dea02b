"""`tf.contrib.lookup`: tables from texts to numbers and back, of tensors, lists and files."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.arguments import hold as _hold
from ..ir.node import Node
from ..ir.types import Array, as_dtype, int64, string
from ..ops.tables import Table, column, known, lines, read_as
from ..tf1_names import namespace as _namespace

__all__ = ["HashTable", "KeyValueTensorInitializer", "TextFileIdTableInitializer", "TextFileIndex", "TextFileInitializer",
           "TextFileStringTableInitializer", "index_table_from_file", "index_table_from_tensor", "index_to_string",
           "index_to_string_table_from_file", "index_to_string_table_from_tensor", "string_to_index"]


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


class TextFileIdTableInitializer(TextFileInitializer):
    """Lines, and their numbers. NotFoundError: no file."""

    def __init__(self, filename: str, key_column_index: int = -2, value_column_index: int = -1, vocab_size: int | None = None,
                 delimiter: str = "\t", name: str | None = None, key_dtype: Any = string):
        super().__init__(filename, key_dtype, key_column_index, int64, value_column_index, vocab_size, delimiter)


class TextFileStringTableInitializer(TextFileInitializer):
    """Numbers of lines, and the lines. NotFoundError: no file."""

    def __init__(self, filename: str, key_column_index: int = -1, value_column_index: int = -2, vocab_size: int | None = None,
                 delimiter: str = "\t", name: str | None = None):
        super().__init__(filename, int64, key_column_index, string, value_column_index, vocab_size, delimiter)


class HashTable(Table):
    """A table of what an initializer has, with a default for other keys. DTypeError: a default of another dtype.

    >>> made = tf.contrib.lookup.KeyValueTensorInitializer(["a", "b"], [10, 20])
    >>> table = tf.contrib.lookup.HashTable(made, -1)
    >>> tf.Session(jit=False).run(table.lookup(tf.constant(["b", "c"])))
    array([20, -1], dtype=int32)
    """

    def __init__(self, initializer: Any, default_value: Any, shared_name: str | None = None, name: str | None = None):
        super().__init__(initializer.keys, initializer.values, default_value, name=name or "hash_table", source=initializer.source)


def index_table_from_tensor(vocabulary_list: Any, num_oov_buckets: int = 0, default_value: int = -1, hasher_spec: Any = None, dtype: Any = string,
                            name: str | None = None, mapping: Any = None) -> Table:
    """A table from the members of a vector to their places, int64; others have one of `num_oov_buckets` places beyond, or the default.

    GraphError: a vector that is not known while the graph is built, or with a member twice.

    >>> table = tf.contrib.lookup.index_table_from_tensor(["a", "b"], num_oov_buckets=1)
    >>> tf.Session(jit=False).run(table.lookup(tf.constant(["b", "x"])))
    array([1, 2])
    """
    keys = known(mapping if mapping is not None else vocabulary_list)
    return Table(keys, np.arange(len(keys)), default_value, num_oov_buckets, name or "string_to_index")


def index_table_from_file(vocabulary_file: str, num_oov_buckets: int = 0, vocab_size: int | None = None, default_value: int = -1,
                          hasher_spec: Any = None, key_dtype: Any = string, name: str | None = None) -> Table:
    """A table from the lines of a file to their numbers, int64: see `index_table_from_tensor`. NotFoundError: no file. GraphError as of that."""
    keys = read_as(lines(vocabulary_file)[:vocab_size].tolist(), as_dtype(key_dtype), vocabulary_file)
    return Table(keys, np.arange(len(keys)), default_value, num_oov_buckets, name or "string_to_index", vocabulary_file)


def index_to_string_table_from_tensor(vocabulary_list: Any, default_value: str = "UNK", name: str | None = None, mapping: Any = None) -> Table:
    """A table from places, int64, to the texts of a vector. GraphError: a vector that is not known while the graph is built.

    >>> table = tf.contrib.lookup.index_to_string_table_from_tensor(["a", "b"])
    >>> tf.Session(jit=False).run(table.lookup(tf.constant([1, 5], tf.int64)))
    array([b'b', b'UNK'], dtype=object)
    """
    values = known(mapping if mapping is not None else vocabulary_list)
    return Table(np.arange(len(values)), values, default_value, name=name or "index_to_string")


def index_to_string_table_from_file(vocabulary_file: str, vocab_size: int | None = None, default_value: str = "UNK",
                                    name: str | None = None) -> Table:
    """A table from numbers of lines, int64, to the lines of a file. NotFoundError: no file."""
    values = lines(vocabulary_file)[:vocab_size]
    return Table(np.arange(len(values)), values, default_value, name=name or "index_to_string")


def string_to_index(tensor: Any, mapping: Any, default_value: int = -1, name: str | None = None) -> Node:
    """The place of each text in a vector. GraphError, DTypeError as of `index_table_from_tensor`."""
    return index_table_from_tensor(mapping, default_value=default_value, name=name).lookup(tensor)


def index_to_string(tensor: Any, mapping: Any, default_value: str = "UNK", name: str | None = None) -> Node:
    """The text of each place in a vector. GraphError, DTypeError as of `index_to_string_table_from_tensor`."""
    return index_to_string_table_from_tensor(mapping, default_value, name).lookup(tensor)


_hold(globals(), __all__)

_namespace(globals())
