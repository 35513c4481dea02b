"""Datasets of records of features, in batches and parsed; and files of records that datasets are written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, GraphError
from ..files.parsing import parse_example
from ..files.records import RecordWriter, compression_of
from ..ir.node import Node, Operation, describe, here
from ..ir.operator import to_node
from ..ir.types import TEXT, compatible
from ..ops.outside import departure
from ..runtime.resources import Resources
from .blocks import rows_of
from .dataset import Dataset
from .files import TFRecordDataset
from .readers import ReaderBase
from .run import Run, values_of

__all__ = ["TFRecordWriter", "make_batched_features_dataset", "parse_example_dataset"]

Apply = Callable[[Dataset], Dataset]


def parse_example_dataset(features: Mapping[str, Any], num_parallel_calls: Any = 1) -> Apply:
    """Batches of serialised `Example`s as dicts of their features, by `parse_example`, of `num_parallel_calls` batches at once.

    Errors: those of `parse_example`: ArgumentError, DTypeError, ShapeError; DTypeError, too: no batches of texts.
    """
    if features is None:
        raise ArgumentError(f"parse_example_dataset: features are a dict by name, not None{here()}")

    def apply(dataset: Dataset) -> Dataset:
        types = dataset._structure.types
        if len(types) != 1 or types[0].dtype != TEXT or not compatible(types[0].shape, (None,)):
            raise DTypeError(f"parse_example_dataset takes a dataset of vectors of texts, not {dataset!r}{here()}")
        return dataset.map(lambda records: parse_example(records, features), num_parallel_calls)
    return apply


def make_batched_features_dataset(file_pattern: Any, batch_size: Any, features: Mapping[str, Any], reader: Any = TFRecordDataset,
                                  label_key: str | None = None, reader_args: Sequence[Any] | None = None, num_epochs: int | None = None,
                                  shuffle: bool = True, shuffle_buffer_size: int = 10000, shuffle_seed: int | None = None,
                                  prefetch_buffer_size: Any = -1, reader_num_threads: Any = 1, parser_num_threads: Any = 2,
                                  sloppy_ordering: bool = False, drop_final_batch: bool = False) -> Dataset:
    """Batches of the `Example`s of files: a dict of features by name, or a pair of one and the feature `label_key`.

    `reader(file, *reader_args)` gives a dataset of the records of a file, or of pairs of a key and a record; `reader_num_threads` files are read in
    turn. Without `num_epochs` there is no end; several are shuffled each by itself, and joined before they are cut to batches.

    ArgumentError: a `label_key` that is none of the features, or a reader that makes no dataset. Further errors are those of `parse_example`.
    NotFoundError, when run: no file.
    """
    if isinstance(reader, type) and issubclass(reader, ReaderBase):
        raise ArgumentError(f"make_batched_features_dataset: reader makes a dataset, as TFRecordDataset does, and is not a {reader.__name__}{here()}")
    if label_key and label_key not in features:
        raise ArgumentError(f"make_batched_features_dataset: label_key is one of {', '.join(sorted(features))}, not {label_key!r:.60}{here()}")
    files = Dataset.list_files(file_pattern, shuffle, shuffle_seed)
    dataset = files.interleave(lambda name: reader(name, *(reader_args or ())), reader_num_threads, 1, reader_num_threads)
    if len(dataset._structure.types) == 2:
        dataset = dataset.map(lambda key, record: record)
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, shuffle_seed)
    if num_epochs != 1:
        dataset = dataset.repeat(num_epochs)
    # Of epochs without end all batches are whole.
    dataset = dataset.batch(batch_size, drop_remainder=drop_final_batch or num_epochs is None)
    dataset = dataset.apply(parse_example_dataset(features, parser_num_threads))
    if label_key:
        dataset = dataset.map(lambda found: (found, found.pop(label_key)))
    return dataset.prefetch(0 if prefetch_buffer_size is None else prefetch_buffer_size)


class _Written:
    """The sink of a dataset's records: a file, whole when the run is done."""

    def __init__(self, dataset: Dataset, compression: str):
        self.dataset, self.compression = dataset, compression

    def take(self, kept: Resources, inputs: Sequence[Any]) -> None:
        name, *values = inputs
        writer = RecordWriter(bytes(np.asarray(name, object).item()), self.compression)
        try:
            for row in rows_of(self.dataset._begin(Run(values_of(self.dataset._needs, values), kept))):
                writer.write(bytes(row[0].item()))
        finally:
            writer.close()


class TFRecordWriter:
    """A file of records that datasets are written to. `compression_type`: "", "GZIP" or "ZLIB". ArgumentError: none of them. DTypeError: no name.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "records")
    >>> write = tf.data.experimental.TFRecordWriter(path).write(tf.data.Dataset.from_tensor_slices(["a", "b"]))
    >>> tf.Session(jit=False).run(write)
    >>> list(tf.python_io.tf_record_iterator(path))
    [b'a', b'b']
    """

    def __init__(self, filename: Any, compression_type: str | None = None):
        self._filename: Node = to_node(filename)
        if self._filename.type.dtype != TEXT or not compatible(self._filename.type.shape, ()):
            raise DTypeError(f"TFRecordWriter: the name of a file is a text, not {describe(self._filename)}{here()}")
        self._compression = compression_of(compression_type)

    def write(self, dataset: Dataset) -> Operation:
        """An operation that writes the elements of a dataset, texts, each a record, in a new file. GraphError: no dataset of texts."""
        if not isinstance(dataset, Dataset):
            raise GraphError(f"TFRecordWriter.write takes a dataset, not {dataset!r:.60}{here()}")
        types = dataset._structure.types
        if len(types) != 1 or types[0].dtype != TEXT or not compatible(types[0].shape, ()) or dataset._structure.wholes:
            raise GraphError(f"TFRecordWriter.write takes a dataset of texts, not {dataset!r}{here()}")
        needs = [self._filename, *(to_node(n) for n in dataset._needs)]
        return departure(self._filename.graph, _Written(dataset, self._compression), needs, "DatasetToTFRecord")
