"""Tables from texts to numbers and back, which stand in the graph: keys and values are known while it is built."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, NotFoundError
from ..ir.graph import name_scope
from ..ir.known import static_value
from ..ir.node import Node, Operation, here, saying
from ..ir.operator import Values, declare, to_node
from ..ir.types import TEXT, Array, DType, TensorType, as_array, as_dtype, dtype_name
from .math import less, where
from .sparse_tensor import SparseTensor
from .state import group
from .strings import as_string, string_to_hash_bucket_fast

__all__ = ["initialize_all_tables", "tables_initializer"]


_WHOLE_LINE, _LINE_NUMBER = -2, -1       # as TensorFlow has them
_places: dict[int, tuple[weakref.ref[Array], dict[Any, int]]] = {}     # of the keys of each table that is there, by the array's identity


def _places_of(keys: Array) -> dict[Any, int]:
    """Where each key stands, made once for each array of keys."""
    known = _places.get(id(keys))
    if known is None or known[0]() is not keys:
        made = {k: i for i, k in enumerate(keys.tolist())}
        number = id(keys)
        known = _places[number] = (weakref.ref(keys, lambda _: _places.pop(number, None)), made)
    return known[1]


def _found_type(types: Sequence[TensorType], values: Values, keys: Array, found: Array, default: Any) -> TensorType:
    if types[0].dtype != keys.dtype:
        raise DTypeError(f"keys are {dtype_name(keys.dtype)}, not {dtype_name(types[0].dtype)}")
    return TensorType(found.dtype, types[0].shape)


def _lookup_attrs(types: Sequence[TensorType], keys: Any, found: Any, default: Any) -> dict[str, Any]:
    for array in (keys, found, default):
        if not isinstance(array, np.ndarray):
            raise GraphError(f"a table is made of arrays, not of {array!r:.60}")
    if keys.ndim != 1 or keys.shape != found.shape or default.shape or default.dtype != found.dtype:
        raise GraphError(f"a table has as many values as keys, and a default like them, not {keys.shape}, {found.shape} and {default.shape}")
    return {"keys": keys, "found": found, "default": default}


@declare("host", _found_type, text=True, prepare=_lookup_attrs, label="hash_table_Lookup")
def table_lookup(x: Any, *, keys: Any, found: Any, default: Any) -> Any:
    """What the table has for each element, the default for one that is no key."""
    given, places = np.asarray(x), _places_of(keys)
    out = np.full(given.shape, default[()], found.dtype)
    for place in np.ndindex(given.shape):
        at = places.get(given[place] if given.dtype.hasobject else given[place].item())
        if at is not None:
            out[place] = found[at]
    return out


class Table:
    """Values by keys: `lookup` gives those of a tensor of keys. A text out of the table may have one of some buckets beyond it.

    `source`: the file that the keys are from. DTypeError: keys, or a default, of another dtype. GraphError: keys that are not known while the
    graph is built, or that come twice.
    """

    def __init__(self, keys: Any, values: Any, default_value: Any, num_oov_buckets: int = 0, name: str | None = None, source: str = ""):
        self.name = name or "table"
        known_keys, known_values = (known(x) for x in (keys, values))
        if known_keys.shape != known_values.shape or known_keys.ndim != 1:
            raise GraphError(f"{self.name}: {known_keys.shape} keys and {known_values.shape} values{here()}")
        self.key_dtype, self.value_dtype = as_dtype(known_keys.dtype), as_dtype(known_values.dtype)
        if len(_places_of(known_keys)) < len(known_keys):
            again = next(key for key, count in Counter(known_keys.tolist()).items() if count > 1)
            raise GraphError(f"{self.name}: the key {again!r:.60} stands twice{f' in {source!r:.200}' * bool(source)}{here()}")
        self._keys, self._found, self._buckets = known_keys, known_values, num_oov_buckets
        with saying(f"{self.name}, its default"):
            self._default = as_array(default_value, self.value_dtype)
        self.initializer, self.init = group(name=f"{self.name}/init"), group(name=f"{self.name}/init")

    def size(self, name: str | None = None) -> Node:
        """The number of keys and buckets, int64."""
        return to_node(np.int64(len(self._keys) + self._buckets), name=name)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The value of each key, of a tensor or a SparseTensor. DTypeError: keys of another dtype."""
        if isinstance(keys, SparseTensor):
            return SparseTensor(keys.indices, self.lookup(keys.values, name), keys.dense_shape)
        with name_scope(name, f"{self.name}_Lookup"):
            x = to_node(keys) if isinstance(keys, Node) else to_node(keys, self.key_dtype)
            if x.type.dtype != self.key_dtype.dtype:
                raise DTypeError(f"{self.name}: keys are {self.key_dtype.name}, not {dtype_name(x.type.dtype)}{here()}")
            attrs: dict[str, Any] = {"keys": self._keys, "found": self._found, "default": self._default}
            if not self._buckets:
                return table_lookup(x, **attrs)
            texts = x if x.type.dtype.hasobject else as_string(x)
            bucket = string_to_hash_bucket_fast(texts, num_buckets=self._buckets) + np.int64(len(self._keys))
            inside = table_lookup(x, **{**attrs, "default": np.array(-1, self._found.dtype)})
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


def read_as(texts: Sequence[bytes], dtype: DType, source: str) -> Array:
    """Texts of the file `source` as the keys or values of a table, of a dtype. GraphError: one that is no number."""
    if dtype.dtype == TEXT:
        out = np.empty(len(texts), TEXT)
        out[:] = texts
        return out
    try:
        return np.array([dtype.as_numpy_dtype(text.decode()) for text in texts], dtype.dtype)
    except ValueError as e:
        raise GraphError(f"{source!r:.200}: not all of it is {dtype.name}: {e}{here()}") from None


def column(read: Array, dtype: DType, index: int, delimiter: str, source: str) -> Array:
    """What of each line is a key or a value: the line (-2), its number (-1), or a column. GraphError: a line has none, or not of the dtype."""
    if index == _LINE_NUMBER:
        return np.arange(len(read))
    try:
        parts = list(read) if index == _WHOLE_LINE else [line.split(delimiter.encode())[index] for line in read]
    except IndexError:
        raise GraphError(f"{source!r:.200}: not every line has a column {index}{here()}") from None
    return read_as(parts, dtype, source)


def tables_initializer(name: str = "init_all_tables") -> Operation:
    """An operation that does nothing: tables have their values from the start.

    >>> tf.Session(jit=False).run(tf.tables_initializer())
    """
    return group(name=name)


initialize_all_tables = tables_initializer
