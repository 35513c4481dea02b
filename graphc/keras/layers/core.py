"""The basic layers: dense, activations, dropout, and what changes the shape of its inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ...errors import DTypeError, GraphError, ShapeError
from ...ir.node import Node, here
from ...ir.operator import to_node
from ...ir.types import TensorShape, as_shape
from ...nn import bias_add
from ...nn import dropout as drop
from ...ops.array import expand_dims, identity, reshape, stack, tile, transpose
from ...ops.array import shape as shape_of
from ...ops.linalg import matmul, tensordot
from ...ops.math import cast, choose, not_equal
from ...ops.reduce import reduce_any, reduce_prod
from .. import regularizers
from ..engine.input_spec import InputSpec
from .base import SameShape, StatedLayer, dims_of, format_of, trains
from .functions import called, read, written

__all__ = ["Activation", "ActivityRegularization", "Dense", "Dropout", "Flatten", "Lambda", "Masking", "Permute", "RepeatVector", "Reshape",
           "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"]


class Dense(StatedLayer):
    """activation(inputs @ kernel + bias): a kernel [inputs, units], along the last axis of the inputs.

    float[..., n] -> float[..., units]. GraphError: an argument that is not right. ShapeError, by the call: the last dimension is unknown.
    DTypeError, by the call: inputs that are not floating.

    >>> layer = tf.keras.layers.Dense(3, kernel_initializer="ones", name="hidden")
    >>> tf.Session(jit=False).run(layer(tf.constant([[1.0, 2.0]]))), layer.kernel.name
    (array([[3., 3., 3.]], dtype=float32), 'hidden/kernel:0')
    """

    supports_masking = True

    def __init__(self, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any):
        super().__init__(activity_regularizer=regularizers.get(activity_regularizer), **kwargs)
        self._state(locals())
        try:
            self.units = int(units)
        except (TypeError, ValueError, DTypeError):
            raise GraphError(f"{self._name}: units is a number, not {units!r:.60}{here()}") from None
        if self.units < 0:
            raise GraphError(f"{self._name}: units is {units}, below 0{here()}")
        self.bias: Any = None

    def build(self, input_shape: TensorShape) -> None:
        """Make kernel and bias."""
        size = self._size(input_shape, -1)
        self.kernel = self.add_weight("kernel", [size, self.units], initializer=self.kernel_initializer, regularizer=self.kernel_regularizer,
                                      constraint=self.kernel_constraint)
        if self.use_bias:
            self.bias = self.add_weight("bias", [self.units], initializer=self.bias_initializer or "zeros", regularizer=self.bias_regularizer,
                                        constraint=self.bias_constraint)
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})
        self.built = True

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        x = self._floats(inputs)
        self._rank(x, 2)
        return super().__call__(x, *args, **kwargs)

    def call(self, inputs: Node) -> Node:
        """activation(inputs @ kernel + bias)."""
        rank = self._rank(inputs, 2)
        out = matmul(inputs, self.kernel) if rank == 2 else tensordot(inputs, self.kernel, [[rank - 1], [0]])
        if self.bias is not None:
            out = bias_add(out, self.bias, name="BiasAdd")
        out.set_shape(self.compute_output_shape(inputs.shape))
        return self.activation(out)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape of the inputs, the last dimension `units`."""
        return TensorShape([*(as_shape(input_shape) or ())[:-1], self.units])


class Activation(SameShape):
    """A function of the inputs, by name or by itself.

    any[...] -> the shape of the inputs. GraphError: there is none of that name.

    >>> tf.Session(jit=False).run(tf.keras.layers.Activation("relu")(tf.constant([[-1.0, 2.0]])))
    array([[0., 2.]], dtype=float32)
    """

    def __init__(self, activation: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self._state(locals())

    def call(self, inputs: Any) -> Any:
        """activation(inputs)."""
        return self.activation(inputs)


class Dropout(SameShape):
    """In training each element is 0 with probability `rate` and else divided by 1 - rate (Srivastava et al. 2014); otherwise the inputs.

    float[...] -> the same type. `noise_shape`: where it is 1, elements stay or go together. GraphError: a rate outside [0, 1). DTypeError, by
    the call: inputs that are not floating.

    >>> tf.Session(jit=False).run(tf.keras.layers.Dropout(0.5)(tf.constant([1.0, 2.0]), training=False))
    array([1., 2.], dtype=float32)
    """

    def __init__(self, rate: Any, noise_shape: Any = None, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(rate, Node) and not (isinstance(rate, (int, float)) and 0 <= rate < 1):
            raise GraphError(f"{self._name}: the rate {rate!r:.60} is not in [0, 1){here()}")
        self._state(locals())

    def call(self, inputs: Any, training: Any = None) -> Any:
        """The inputs, some of them 0 in `training`, which a run may decide."""
        x, now = self._floats(inputs), trains(self._name, training)
        if now is False:
            return identity(x)
        keep: Any = 1.0 - self.rate
        if isinstance(now, Node):
            # A probability of 1 keeps every element, and divides it by 1: nothing has to branch.
            keep = choose(now, cast(to_node(keep), x.dtype), cast(to_node(1.0), x.dtype))
        return drop(x, keep, self._together(x), self.seed)

    def _together(self, x: Node) -> Any:
        """Which elements stay or go together."""
        if not isinstance(self.noise_shape, (list, tuple)):
            return self.noise_shape
        sizes = shape_of(x)
        return [sizes[i] if d is None else d for i, d in enumerate(self.noise_shape)]


class _SpatialDropout(Dropout):
    """What drops whole channels shares: the axes along which elements stay or go together."""

    rank, data_format = 1, "channels_last"

    def _together(self, x: Node) -> Any:
        sizes = shape_of(x)
        if self.data_format == "channels_first":
            return [sizes[0], sizes[1], *[1] * self.rank]
        return [sizes[0], *[1] * self.rank, sizes[self.rank + 1]]


class SpatialDropout1D(_SpatialDropout):
    """`Dropout` of whole channels: float[batch, steps, channels] -> the same type. Errors (GraphError, DTypeError) as there."""

    def __init__(self, rate: Any, **kwargs: Any):
        super().__init__(rate, **kwargs)
        self.input_spec = InputSpec(ndim=3)


class SpatialDropout2D(_SpatialDropout):
    """`Dropout` of whole channels of pictures: float[batch, height, width, channels] -> the same type. Errors (GraphError, DTypeError) as there."""

    rank = 2

    def __init__(self, rate: Any, data_format: str | None = None, **kwargs: Any):
        super().__init__(rate, **kwargs)
        self.data_format, self.input_spec = format_of(self._name, data_format), InputSpec(ndim=4)


class SpatialDropout3D(_SpatialDropout):
    """`Dropout` of whole channels of volumes: float[batch, d, h, w, channels] -> the same type. Errors (GraphError, DTypeError) as there."""

    rank = 3

    def __init__(self, rate: Any, data_format: str | None = None, **kwargs: Any):
        super().__init__(rate, **kwargs)
        self.data_format, self.input_spec = format_of(self._name, data_format), InputSpec(ndim=5)


class Flatten(StatedLayer):
    """Each row as a vector: all dimensions but the first become one. `data_format="channels_first"`: channels, the second, come last.

    any[n, ...] -> any[n, k]. GraphError: another data format. ShapeError, by the call: a scalar, or channels of unknown rank.

    >>> tf.keras.layers.Flatten()(tf.zeros([2, 3, 4])).shape
    TensorShape((2, 12))
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        if data_format not in (None, "channels_last", "channels_first"):
            raise GraphError(f"{self._name}: data_format is 'channels_last' or 'channels_first', not {data_format!r:.40}{here()}")
        self.data_format = data_format or "channels_last"

    def call(self, inputs: Node) -> Node:
        """Each row as a vector."""
        dims = inputs.type.shape
        if dims is not None and not dims:
            self._rank(inputs, 1)
        if dims is not None and len(dims) == 1:
            return expand_dims(inputs, axis=1)
        if self.data_format == "channels_first":
            rank = self._rank(inputs, 2)
            inputs = transpose(inputs, perm=[0, *range(2, rank), 1])
        wide = self.compute_output_shape(inputs.shape)
        rows, columns = as_shape(wide) or (None, None)
        # No -1: of an empty batch it could be anything.
        sizes = shape_of(inputs)
        out = reshape(inputs, [sizes[0] if rows is None else rows, reduce_prod(sizes[1:]) if columns is None else columns])
        out.set_shape(wide)
        return out

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Rows, and the product of all other dimensions, None where it is not known."""
        dims = as_shape(input_shape)
        if dims is None:
            return TensorShape([None, None])
        columns = 1
        for d in dims[1:]:
            if d is None:
                return TensorShape([dims[0], None])
            columns = columns * d
        return TensorShape([dims[0], columns])


class Reshape(StatedLayer):
    """Each row in another shape, of which one size may be -1: what is left for it.

    any[n, ...] -> any[n, *target_shape]. ShapeError, by the call: another number of elements.

    >>> tf.keras.layers.Reshape((2, -1))(tf.zeros([3, 4])).shape
    TensorShape((3, 2, 2))
    """

    def __init__(self, target_shape: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)

    def call(self, inputs: Any) -> Node:
        """Each row in the other shape."""
        wide = self.compute_output_shape(inputs.shape).as_list()
        row = [given if made is None else made for made, given in zip(wide[1:], self.target_shape, strict=True)]
        out = reshape(inputs, [shape_of(inputs)[0], *row])
        out.set_shape(wide)
        return out

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The rows, each in the other shape."""
        dims, wanted = dims_of(input_shape, 1), list(self.target_shape)
        if None in dims[1:] or as_shape(input_shape) is None:
            return TensorShape([dims[0], *(None if d == -1 else d for d in wanted)])
        size, rest = math.prod(dims[1:]), math.prod(d for d in wanted if d != -1)
        if wanted.count(-1) > 1 or (rest == 0 or size % rest if -1 in wanted else size != rest):
            raise ShapeError(f"{self._name}: rows of shape {TensorShape(dims[1:])} have another number of elements than {self.target_shape}{here()}")
        return TensorShape([dims[0], *(size // rest if d == -1 else d for d in wanted)])


class Permute(StatedLayer):
    """The axes of each row in another order: `dims` numbers them from 1 on.

    any[n, ...] -> any[n, ...]. GraphError: `dims` are not 1, 2, ... in some order.

    >>> tf.keras.layers.Permute((2, 1))(tf.zeros([5, 3, 4])).shape
    TensorShape((5, 4, 3))
    """

    def __init__(self, dims: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise GraphError(f"{self._name}: dims is an order of 1, 2, ..., not {dims!r:.60}{here()}")
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Node:
        """The inputs, their axes in the other order."""
        return transpose(inputs, perm=[0, *self.dims])

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The sizes in the other order."""
        dims = dims_of(input_shape, len(self.dims) + 1)
        return TensorShape([dims[i] for i in (0, *self.dims)])


class RepeatVector(StatedLayer):
    """Each row n times, one after the other.

    any[batch, k] -> any[batch, n, k]. GraphError: n is no number. ShapeError, by the call: another rank.

    >>> tf.keras.layers.RepeatVector(3)(tf.zeros([2, 4])).shape
    TensorShape((2, 3, 4))
    """

    def __init__(self, n: int, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(n, int):
            raise GraphError(f"{self._name}: n is a number, not {n!r:.60}{here()}")
        self.n, self.input_spec = n, InputSpec(ndim=2)

    def call(self, inputs: Any) -> Node:
        """Each row n times."""
        return tile(expand_dims(inputs, axis=1), stack([1, self.n, 1]))

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The rows, n times each."""
        rows, size = dims_of(input_shape, 2)
        return TensorShape([rows, self.n, size])


class Lambda(StatedLayer):
    """A function as a layer; `arguments`: what it is called with beside the inputs, `mask`: a mask of the outputs, or a function that gives it.

    GraphError, by `compute_output_shape`: neither `output_shape` nor the inputs' shape tells that of the outputs.

    >>> tf.Session(jit=False).run(tf.keras.layers.Lambda(lambda x: x * 2.0)(tf.constant([1.0])))
    array([2.], dtype=float32)
    """

    def __init__(self, function: Any, output_shape: Any = None, mask: Any = None, arguments: Mapping[str, Any] | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        if not callable(function):
            raise GraphError(f"{self._name}: function is a function, not {function!r:.60}{here()}")
        self.function, self.mask, self.arguments = function, mask, dict(arguments or {})
        self._wanted, self.supports_masking = output_shape, mask is not None

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """function(inputs, **arguments)."""
        return called(self.function, inputs, self.arguments, mask=mask, training=training)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask that was given, or what its function gives."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """What `output_shape` says, of each row; without it what the function makes of placeholders of the inputs' shape."""
        if self._wanted is None:
            return self._tried(input_shape)
        if callable(self._wanted):
            return TensorShape(as_shape(self._wanted(input_shape)))
        return TensorShape([dims_of(input_shape, 1)[0], *self._wanted])

    def _tried(self, input_shape: Any) -> Any:
        from ...ir.graph import Graph
        from ...ops.sources import placeholder
        with Graph().as_default():
            shapes = input_shape if isinstance(input_shape, list) else [input_shape]
            given = [placeholder(self._dtype or "float32", s) for s in shapes]
            return self.call(given if isinstance(input_shape, list) else given[0]).shape

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer anew: functions by their code, as Keras writes them."""
        own = {**written("function", self.function), **written("output_shape", self._wanted), "mask": self.mask, "arguments": self.arguments}
        return {**super(StatedLayer, self).get_config(), **own}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The layer of those arguments."""
        return cls(**read("output_shape", read("function", dict(config), custom_objects), custom_objects))


class Masking(SameShape):
    """Masks steps of which every element is `mask_value`, and makes them 0.

    float[batch, steps, ...] -> the same type, with a mask bool[batch, steps].

    >>> layer = tf.keras.layers.Masking()
    >>> tf.Session(jit=False).run(layer.compute_mask(tf.constant([[[0.0, 0.0], [0.0, 1.0]]])))
    array([[False,  True]])
    """

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Which steps have an element that is not the value."""
        return reduce_any(not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Node:
        """The inputs, 0 where they are masked."""
        return inputs * cast(reduce_any(not_equal(inputs, self.mask_value), axis=-1, keepdims=True), inputs.dtype)


class ActivityRegularization(SameShape):
    """The inputs; l1 * sum(|x|) + l2 * sum(x^2) of them, divided by the number of rows, is a loss.

    float[n, ...] -> the same type.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any):
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2
