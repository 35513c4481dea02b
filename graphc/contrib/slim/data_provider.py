"""`tf.contrib.slim.data_provider`: tensors of one example by the names of its items, whatever they are read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import GraphError
from ...ir.arguments import hold as _hold
from ...ir.node import here
from ...tf1_names import namespace as _namespace

__all__ = ["DataProvider"]


class DataProvider:
    """One example's tensors by the names of its items; `num_samples`: how many examples there are, where that is known.

    >>> provider = tf.contrib.slim.data_provider.DataProvider({"label": tf.constant(3)}, num_samples=1)
    >>> [label] = provider.get(["label"])
    >>> tf.Session().run(label)
    np.int32(3)
    """

    def __init__(self, items_to_tensors: Mapping[str, Any], num_samples: int | None):
        self._items_to_tensors, self._num_samples = dict(items_to_tensors), num_samples

    def get(self, items: Sequence[str]) -> list[Any]:
        """The tensors of some items, in that order. GraphError: there is no such item."""
        lacking = [item for item in items if item not in self._items_to_tensors]
        if lacking:
            raise GraphError(f"DataProvider.get: there is no {lacking[0]!r:.60}; there are {', '.join(self.list_items())}{here()}")
        return [self._items_to_tensors[item] for item in items]

    def list_items(self) -> list[str]:
        """The names of the items."""
        return [*self._items_to_tensors]

    def num_samples(self) -> int | None:
        """How many examples there are; None: not known."""
        return self._num_samples


_hold(globals(), __all__)

_namespace(globals())
