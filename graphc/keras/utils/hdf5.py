"""A data set of a file of HDF5 that `fit` takes as an array: rows are read when they are wanted."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ...errors import MissingPackageError
from ...ir.node import here
from ...process.importing import whole


class HDF5Matrix:
    """Rows `start` to `end` of the data set `dataset` of the file at `datapath`, read when they are asked for; `normalizer`: a function of them.

    A file is opened once, however many look at it. MissingPackageError: h5py is not installed. OSError, KeyError: no such file or data set.
    """

    refs: dict[Any, Any] = {}           # the open files by their paths

    def __init__(self, datapath: Any, dataset: str, start: int = 0, end: int | None = None, normalizer: Callable[[Any], Any] | None = None):
        if datapath not in self.refs:
            self.refs[datapath] = _h5py().File(datapath, "r")
        self.data = self.refs[datapath][dataset]
        self.start, self.end, self.normalizer = start, self.data.shape[0] if end is None else end, normalizer

    def __len__(self) -> int:
        return int(self.end - self.start)

    def __getitem__(self, key: Any) -> Any:
        """The rows of a slice, of a number or of increasing numbers. IndexError: beyond the last."""
        beyond: bool
        at: Any
        if isinstance(key, slice):
            first, last = key.start or 0, len(self) if key.stop is None else key.stop
            beyond, at = last + self.start > self.end, slice(first + self.start, last + self.start)
        elif isinstance(key, (int, np.integer)):
            beyond, at = key + self.start >= self.end, key + self.start
        else:
            rows = (np.asarray(key) + self.start).tolist()
            beyond, at = max(rows) >= self.end, rows
        if beyond:
            raise IndexError(f"HDF5Matrix: {key!r:.60} is beyond the {len(self)} rows")
        return self.data[at] if self.normalizer is None else self.normalizer(self.data[at])

    @property
    def shape(self) -> tuple[int, ...]:
        """How many rows, and the shape of one."""
        return (len(self), *self.data.shape[1:])

    @property
    def dtype(self) -> Any:
        """The dtype of the data set."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return int(self.data.ndim)

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)


def _h5py() -> Any:
    try:
        return whole("h5py")
    except ImportError:
        raise MissingPackageError(f"HDF5Matrix needs h5py: pip install 'graphc[keras]'{here()}") from None
