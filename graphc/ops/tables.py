"""Tables from texts to numbers and back, which stand in the graph: keys and values are known while it is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, NotFoundError
from ..ir.graph import name_scope
from ..ir.known import static_value
from ..ir.node import Node, Operation, here
from ..ir.operator import Values, declare, to_node
from ..ir.types import TEXT, Array, TensorType, as_array, as_dtype, dtype_name
from .math import less, where
from .state import group
from .strings import string_to_hash_bucket_fast

__all__ = ["initialize_all_tables", "tables_initializer"]


def _found_type(types: Sequence[TensorType], values: Values, lookup: dict[Any, int], found: Array, default: Any) -> TensorType:
    return TensorType(found.dtype, types[0].shape)


def _lookup_attrs(types: Sequence[TensorType], lookup: Any, found: Any, default: Any) -> dict[str, Any]:
    if not isinstance(lookup, dict) or not isinstance(found, np.ndarray):
        raise GraphError("a table is made by tf.contrib.lookup: no file holds one")
    return {"lookup": lookup, "found": found, "default": default}


@declare("host", _found_type, text=True, prepare=_lookup_attrs, pure=False, label="hash_table_Lookup")
def table_lookup(keys: Any, *, lookup: Any, found: Any, default: Any) -> Any:
    """What the table has for each key, the default for one that it does not have."""
    given = np.asarray(keys)
    out = np.full(given.shape, default, found.dtype)
    for place in np.ndindex(given.shape):
        at = lookup.get(given[place] if given.dtype.hasobject else given[place].item())
        if at is not None:
            out[place] = found[at]
    return out


class Table:
    """Values by keys: `lookup` gives those of a tensor of keys. A text out of the table may have one of some buckets beyond it.

    DTypeError: keys, or a default, of another dtype. GraphError: keys that are not known while the graph is built, or that come twice.
    """

    def __init__(self, keys: Any, values: Any, default_value: Any, num_oov_buckets: int = 0, name: str | None = None):
        self.name = name or "table"
        known_keys, known_values = (known(x) for x in (keys, values))
        if known_keys.shape != known_values.shape or known_keys.ndim != 1:
            raise GraphError(f"{self.name}: {known_keys.shape} keys and {known_values.shape} values{here()}")
        self.key_dtype, self.value_dtype = as_dtype(known_keys.dtype), as_dtype(known_values.dtype)
        self._lookup = {k: i for i, k in enumerate(known_keys.tolist())}
        if len(self._lookup) != len(known_keys):
            raise GraphError(f"{self.name}: {len(known_keys) - len(self._lookup)} keys come twice{here()}")
        self._found, self._buckets = known_values, num_oov_buckets
        self._default = as_array(default_value, self.value_dtype).item()
        self.initializer, self.init = group(name=f"{self.name}/init"), group(name=f"{self.name}/init")

    def size(self, name: str | None = None) -> Node:
        """The number of keys and buckets, int64."""
        return to_node(np.int64(len(self._lookup) + self._buckets), name=name)

    def lookup(self, keys: Any, name: str | None = None) -> Node:
        """The value of each key. DTypeError: keys of another dtype."""
        with name_scope(name, f"{self.name}_Lookup"):
            x = to_node(keys) if isinstance(keys, Node) else to_node(keys, self.key_dtype)
            if x.type.dtype != self.key_dtype.dtype:
                raise DTypeError(f"{self.name}: keys are {self.key_dtype.name}, not {dtype_name(x.type.dtype)}{here()}")
            attrs = {"lookup": self._lookup, "found": self._found, "default": self._default}
            if not self._buckets:
                return table_lookup(x, **attrs)
            bucket = string_to_hash_bucket_fast(x, num_buckets=self._buckets) + np.int64(len(self._lookup))
            inside = table_lookup(x, **{**attrs, "default": -1})
            return where(less(inside, np.int64(0)), bucket, inside)


def known(x: Any) -> Array:
    """The array of a constant, a list or an array."""
    if isinstance(x, Node):
        value = x.attrs["value"] if x.operator.name == "constant" else static_value(x)
        if value is None:
            raise GraphError(f"the keys and values of a table are known while the graph is built, and {x.name} is not{here()}")
        return np.asarray(value)
    return as_array(x)


def lines(path: str) -> Array:
    """The lines of a file as texts. NotFoundError: there is none."""
    try:
        with open(path, "rb") as file:
            read = file.read().splitlines()
    except OSError as e:
        raise NotFoundError(f"{path!r:.200}: {e.strerror}{here()}") from None
    out = np.empty(len(read), TEXT)
    out[:] = read
    return out


def tables_initializer(name: str = "init_all_tables") -> Operation:
    """An operation that does nothing: tables have their values from the start.

    >>> tf.Session(jit=False).run(tf.tables_initializer())
    """
    return group(name=name)


initialize_all_tables = tables_initializer
