"""`tf.contrib.slim.dataset`: what is known of a set of examples in files: where they lie, what reads them, what takes one apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...ir.arguments import hold as _hold
from ...tf1_names import namespace as _namespace

__all__ = ["Dataset"]


class Dataset:
    """Files with examples (`data_sources`: names or patterns), the class of the reader, the decoder, and what a program adds by keywords.

    >>> data = tf.contrib.slim.dataset.Dataset("flowers-*", tf.TFRecordReader, None, 320, {"label": "a number"}, num_classes=5)
    >>> data.num_classes, data.items_to_descriptions
    (5, {'label': 'a number'})
    """

    def __init__(self, data_sources: Any, reader: Any, decoder: Any, num_samples: int | None, items_to_descriptions: Mapping[str, str] | None,
                 **kwargs: Any):
        vars(self).update(kwargs)
        self.data_sources, self.reader, self.decoder = data_sources, reader, decoder
        self.num_samples, self.items_to_descriptions = num_samples, items_to_descriptions


_hold(globals(), __all__)

_namespace(globals())
