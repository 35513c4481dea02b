"""`tf.python_io`: files of records, written and read in Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .errors import DTypeError
from .files.records import RecordWriter, compression_of, read_records
from .ir.node import here
from .tf1_names import namespace as _namespace

__all__ = ["TFRecordWriter", "TFRecordOptions", "TFRecordCompressionType", "tf_record_iterator"]


class TFRecordCompressionType:
    """How files of records are compressed."""

    NONE = 0
    ZLIB = 1
    GZIP = 2


class TFRecordOptions:
    """How a file of records is compressed: `TFRecordCompressionType.GZIP`, or "GZIP", "ZLIB", "".

    ArgumentError: none of them.

    >>> tf.python_io.TFRecordOptions("GZIP").compression_type
    'GZIP'
    """

    def __init__(self, compression_type: Any = None, **other: Any):
        self.compression_type = compression_of(compression_type)

    @classmethod
    def get_compression_type_string(cls, options: Any) -> str:
        """"GZIP", "ZLIB" or "" for options, or for None."""
        return compression_of(options)


class TFRecordWriter:
    """A file of records, written in order: it is whole when it is closed, or left by `with`.

    InvalidArgumentError: it cannot be written. DTypeError: a record that is no bytes.
    """

    def __init__(self, path: Any, options: Any = None):
        self._writer = RecordWriter(path, compression_of(options))

    def write(self, record: bytes) -> None:
        """Append a record."""
        if not isinstance(record, (bytes, bytearray, memoryview)):
            raise DTypeError(f"TFRecordWriter.write takes bytes, not {record!r:.60}; example.SerializeToString() gives them{here()}")
        self._writer.write(bytes(record))

    def flush(self) -> None:
        """Hand what is written to the system."""
        self._writer.flush()

    def close(self) -> None:
        """End the file."""
        self._writer.close()

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def tf_record_iterator(path: Any, options: Any = None) -> Iterator[bytes]:
    """The records of a file, as bytes. NotFoundError: there is none. DataLossError, where it is damaged or cut off.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "records")
    >>> with tf.python_io.TFRecordWriter(path) as writer:
    ...     writer.write(b"one")
    >>> list(tf.python_io.tf_record_iterator(path))
    [b'one']
    """
    return read_records(path, compression_of(options))


_namespace(globals())
