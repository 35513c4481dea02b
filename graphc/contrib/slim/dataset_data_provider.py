"""`tf.contrib.slim.dataset_data_provider`: examples of a slim `Dataset`, read from its files by threads, one a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import GraphError
from ...ir.arguments import hold as _hold
from ...ir.node import here
from ...tf1_names import namespace as _namespace
from .data_provider import DataProvider
from .parallel_reader import parallel_read

__all__ = ["DatasetDataProvider"]


class DatasetDataProvider(DataProvider):
    """One example of a `Dataset` a run; `record_key` is the item's name under which a record's key stands.

    Threads read the files: `tf.train.start_queue_runners`, or a loop that does so. GraphError: an item is called as the key is. NotFoundError:
    there are no files. ArgumentError: no reader, or no such number of epochs. OutOfRangeError, when run: there is no more.
    """

    def __init__(self, dataset: Any, num_readers: int = 1, reader_kwargs: Mapping[str, Any] | None = None, shuffle: bool = True,
                 num_epochs: int | None = None, common_queue_capacity: int = 256, common_queue_min: int = 128, record_key: str = "record_key",
                 seed: int | None = None, scope: str | None = None):
        items = [*dataset.decoder.list_items()]
        if record_key in items:
            raise GraphError(f"DatasetDataProvider: {record_key!r} is an item of the dataset; record_key= names the key otherwise{here()}")
        key, data = parallel_read(dataset.data_sources, reader_class=dataset.reader, num_epochs=num_epochs, num_readers=num_readers,
                                  reader_kwargs=reader_kwargs, shuffle=shuffle, capacity=common_queue_capacity,
                                  min_after_dequeue=common_queue_min, seed=seed, scope=scope)
        tensors = dataset.decoder.decode(data, items)
        super().__init__({**dict(zip(items, tensors, strict=True)), record_key: key}, dataset.num_samples)


_hold(globals(), __all__)

_namespace(globals())
