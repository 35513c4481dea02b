"""`tf.contrib.data`: transformations of datasets, which `tf.data.experimental` has too, and datasets themselves where they once stood."""

from ..data import Dataset, FixedLengthRecordDataset, Iterator, TextLineDataset, TFRecordDataset, experimental
from ..data.experimental import *  # noqa: F403
from ..tf1_names import namespace as _namespace

__path__: list[str] = []           # a package: programs import modules from within, `contrib.data.python`
__all__ = ["Dataset", "FixedLengthRecordDataset", "Iterator", "TFRecordDataset", "TextLineDataset", *experimental.__all__]

_namespace(globals())
