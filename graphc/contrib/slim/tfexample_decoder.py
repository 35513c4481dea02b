"""`tf.contrib.slim.tfexample_decoder`: items of `Example` records: which features each needs, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import GraphError
from ...io import FixedLenFeature, parse_single_example, parse_single_sequence_example
from ...ir.arguments import hold as _hold
from ...ir.node import Node, here
from ...ops.array import concat, expand_dims, reshape, shape, slice, stack, transpose
from ...ops.control_flow import case, cond
from ...ops.control_loops import map_fn
from ...ops.decode import decode_raw
from ...ops.image_files import decode_image, decode_jpeg
from ...ops.image_formats import is_jpeg
from ...ops.math import cast, equal, logical_or
from ...ops.reduce import reduce_prod
from ...ops.sparse_dense import sparse_tensor_to_dense
from ...ops.sparse_forms import sparse_reshape
from ...ops.sparse_tensor import SparseTensor as _Sparse
from ...tf1_names import namespace as _namespace
from .data_decoder import DataDecoder

__all__ = ["BackupHandler", "BoundingBox", "Image", "ItemHandler", "ItemHandlerCallback", "LookupTensor", "SparseTensor", "TFExampleDecoder",
           "TFSequenceExampleDecoder", "Tensor"]


def _dense(value: Any) -> Any:
    return sparse_tensor_to_dense(value) if isinstance(value, _Sparse) else value


class ItemHandler:
    """What makes an item of parsed features; a class below it says how (`tensors_to_item`). `keys`: the features that it needs."""

    def __init__(self, keys: Any):
        self._keys = [*keys] if isinstance(keys, (list, tuple)) else [keys]

    @property
    def keys(self) -> list[str]:
        """The features that the item is made of."""
        return self._keys

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        """The item. NotImplementedError: a class below says how."""
        raise NotImplementedError(f"{type(self).__name__} has no tensors_to_item{here()}")


class ItemHandlerCallback(ItemHandler):
    """An item that a function of a program makes of the features, `func({key: tensor})`."""

    def __init__(self, keys: Any, func: Callable[[Mapping[str, Any]], Any]):
        super().__init__(keys)
        self._func = func

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        """What the function gives. What it raises."""
        return self._func(keys_to_tensors)


class BoundingBox(ItemHandler):
    """Boxes, float[n, 4], of four features with a side each: `prefix` before each of `keys`, by default ymin, xmin, ymax, xmax.

    GraphError: not four keys.
    """

    def __init__(self, keys: Sequence[str] | None = None, prefix: str = ""):
        sides = ["ymin", "xmin", "ymax", "xmax"] if keys is None else [*keys]
        if len(sides) != 4:
            raise GraphError(f"BoundingBox: four keys, not {len(sides)}{here()}")
        super().__init__([prefix + side for side in sides])

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        """The sides of each box in a row. ShapeError: features of different lengths."""
        sides = [keys_to_tensors[key] for key in self._keys]
        return transpose(concat([expand_dims(side.values if isinstance(side, _Sparse) else side, 0) for side in sides], 0))


class Tensor(ItemHandler):
    """A feature as a tensor: as it is, of a shape, or of that shape which other features say, all sizes in one or one in each.

    What a sparse feature does not have is `default_value`. GraphError: a shape is given and to be read.
    """

    def __init__(self, tensor_key: str, shape_keys: Any = None, shape: Any = None, default_value: Any = 0):
        if shape_keys and shape is not None:
            raise GraphError(f"Tensor: shape_keys or shape, not both{here()}")
        self._sizes = [*shape_keys] if isinstance(shape_keys, (list, tuple)) else [shape_keys] if shape_keys else []
        self._tensor_key, self._shape, self._default_value = tensor_key, shape, default_value
        super().__init__([tensor_key, *self._sizes])

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        """The tensor. ShapeError, InvalidArgumentError: it has not as many elements."""
        value, wanted = keys_to_tensors[self._tensor_key], self._shape
        if self._sizes:
            wanted = reshape(stack([_dense(keys_to_tensors[key]) for key in self._sizes]), [-1])
        if isinstance(value, _Sparse):
            return sparse_tensor_to_dense(value if wanted is None else sparse_reshape(value, wanted), self._default_value)
        return value if wanted is None else reshape(value, wanted)


class LookupTensor(Tensor):
    """A `Tensor` of which each element is looked up in a table. GraphError: a shape is given and to be read."""

    def __init__(self, tensor_key: str, table: Any, shape_keys: Any = None, shape: Any = None, default_value: Any = ""):
        self._table = table
        super().__init__(tensor_key, shape_keys, shape, default_value)

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        """What the table has for the tensor. ShapeError, InvalidArgumentError: it has not as many elements."""
        return self._table.lookup(super().tensors_to_item(keys_to_tensors))


class BackupHandler(ItemHandler):
    """The item of one handler or, where it has no elements, of another. GraphError: no handlers."""

    def __init__(self, handler: ItemHandler, backup: ItemHandler):
        for one in (handler, backup):
            if not isinstance(one, ItemHandler):
                raise GraphError(f"BackupHandler takes two handlers, not {one!r:.60}{here()}")
        self._handler, self._backup = handler, backup
        super().__init__([*handler.keys, *backup.keys])

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        """The item. What the handlers raise."""
        item = self._handler.tensors_to_item(keys_to_tensors)
        return cond(equal(reduce_prod(shape(item)), 0), lambda: self._backup.tensors_to_item(keys_to_tensors), lambda: item)


class SparseTensor(ItemHandler):
    """A sparse tensor of features with its places and values; of a shape that is given, or that a feature says.

    `densify`: as a tensor, with `default_value` elsewhere.
    """

    def __init__(self, indices_key: str | None = None, values_key: str | None = None, shape_key: str | None = None, shape: Any = None,
                 densify: bool = False, default_value: Any = 0):
        self._places, self._values = indices_key or "indices", values_key or "values"
        self._shape_key, self._shape, self._densify, self._default_value = shape_key, shape, densify, default_value
        super().__init__([self._places, self._values, *([shape_key] if shape_key else [])])

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        """The sparse tensor. InvalidArgumentError, when run: places that do not fit."""
        places, values = keys_to_tensors[self._places], keys_to_tensors[self._values]
        wanted = _dense(keys_to_tensors[self._shape_key]) if self._shape_key else self._shape or places.dense_shape
        rows = slice(places.indices, [0, 0], stack([-1, shape(places.indices)[1] - 1]))
        ids = reshape(cast(places.values, np.int64), [-1, 1])
        found = _Sparse(concat([rows, ids], 1), values.values, wanted)
        return sparse_tensor_to_dense(found, self._default_value) if self._densify else found


class Image(ItemHandler):
    """A picture of a feature with its file (PNG, JPEG, GIF, BMP) or, where the feature of the format says `raw`, with its elements.

    `shape`: [height, width, channels], if all pictures have the same. `repeated`: a feature with several pictures. `dct_method` has no effect.
    """

    def __init__(self, image_key: str | None = None, format_key: str | None = None, shape: Any = None, channels: int = 3, dtype: Any = np.uint8,
                 repeated: bool = False, dct_method: str = ""):
        self._image, self._format = image_key or "image/encoded", format_key or "image/format"
        self._shape, self._channels, self._dtype, self._repeated, self._method = shape, channels, dtype, repeated, dct_method
        super().__init__([self._image, self._format])

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        """The picture, or all of them. InvalidArgumentError, when run: it cannot be read, or is of another shape."""
        files, kind = keys_to_tensors[self._image], keys_to_tensors[self._format]
        return map_fn(lambda file: self._decoded(file, kind), files, dtype=self._dtype) if self._repeated else self._decoded(files, kind)

    def _decoded(self, file: Node, kind: Node) -> Node:
        def picture() -> Node:
            return cond(is_jpeg(file), lambda: cast(decode_jpeg(file, channels=self._channels, dct_method=self._method), self._dtype),
                        lambda: cast(decode_image(file, channels=self._channels), self._dtype))

        raw = logical_or(equal(kind, "raw"), equal(kind, "RAW"))
        found = case([(raw, lambda: decode_raw(file, self._dtype))], default=picture, exclusive=True)
        if self._shape is not None:
            return reshape(found, self._shape)
        found.set_shape([None, None, self._channels])
        return found


class TFExampleDecoder(DataDecoder):
    """Takes `Example` records apart: `keys_to_features` as `tf.parse_single_example` takes them, then a handler for each item."""

    def __init__(self, keys_to_features: Mapping[str, Any], items_to_handlers: Mapping[str, ItemHandler]):
        self._features, self._handlers = keys_to_features, items_to_handlers

    def list_items(self) -> list[str]:
        """The names of the items."""
        return [*self._handlers]

    def decode(self, serialized_example: Any, items: Sequence[str] | None = None) -> list[Any]:
        """The items asked for, or all. GraphError: no such item or feature. InvalidArgumentError, when run: a record that does not fit."""
        parsed = parse_single_example(serialized_example, self._features)
        for key, feature in self._features.items():
            if isinstance(feature, FixedLenFeature):
                parsed[key] = reshape(parsed[key], feature.shape)
        return _items(self._handlers, parsed, items)


class TFSequenceExampleDecoder(DataDecoder):
    """Takes `SequenceExample` records apart: features of the whole, of each step, then a handler for each item."""

    def __init__(self, keys_to_context_features: Mapping[str, Any], keys_to_sequence_features: Mapping[str, Any],
                 items_to_handlers: Mapping[str, ItemHandler]):
        self._whole, self._steps, self._handlers = keys_to_context_features, keys_to_sequence_features, items_to_handlers

    def list_items(self) -> list[str]:
        """The names of the items."""
        return [*self._handlers]

    def decode(self, serialized_example: Any, items: Sequence[str] | None = None) -> list[Any]:
        """The items asked for, or all. GraphError: no such item or feature. InvalidArgumentError, when run: a record that does not fit."""
        whole, steps = parse_single_sequence_example(serialized_example, self._whole, self._steps)
        for key, feature in self._whole.items():
            if isinstance(feature, FixedLenFeature):
                whole[key] = reshape(whole[key], feature.shape)
        return _items(self._handlers, {**whole, **steps}, items)


def _items(handlers: Mapping[str, ItemHandler], parsed: Mapping[str, Any], items: Sequence[str] | None) -> list[Any]:
    chosen = [_of("item", item, handlers) for item in items or handlers]
    return [handler.tensors_to_item({key: _of("feature", key, parsed) for key in handler.keys}) for handler in chosen]


def _of(what: str, name: str, there: Mapping[str, Any]) -> Any:
    """What has that name. GraphError: there is none."""
    if name not in there:
        raise GraphError(f"decode: there is no {what} {name!r:.60}; there are {', '.join(map(repr, there)) or 'none'}{here()}")
    return there[name]


_hold(globals(), __all__)

_namespace(globals())
