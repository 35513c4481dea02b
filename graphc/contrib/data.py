"""`tf.contrib.data`: transformations of datasets, which `tf.data.experimental` has too, and datasets themselves where they once stood."""

from typing import TYPE_CHECKING

from ..data import Dataset, FixedLengthRecordDataset, Iterator, TextLineDataset, TFRecordDataset, experimental
from ..data.experimental import *  # noqa: F403
from ..tf1_names import getter as _getter

__path__: list[str] = []           # a package: programs import modules from within, `contrib.data.python`
__all__ = ["Dataset", "FixedLengthRecordDataset", "Iterator", "TFRecordDataset", "TextLineDataset", *experimental.__all__]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
