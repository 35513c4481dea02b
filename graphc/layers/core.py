"""The basic layers: dense, dropout, flatten."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, GraphError
from ..initializers import zeros_initializer
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import TensorShape, as_shape
from ..nn import bias_add
from ..nn import dropout as drop
from ..ops.array import expand_dims, identity, reshape, transpose
from ..ops.array import shape as shape_of
from ..ops.linalg import matmul, tensordot
from ..ops.math import cast, choose
from ..ops.reduce import reduce_prod
from .base import Layer, activation_of, initializer_of, is_true, switched

__all__ = ["Dense", "Dropout", "Flatten", "dense", "dropout", "flatten"]


class Dense(Layer):
    """activation(inputs @ kernel + bias): a kernel [inputs, units], along the last axis of the inputs.

    float[..., n] -> float[..., units]. The kernel is Glorot's uniform one by default. GraphError: an argument that is not right. ShapeError,
    by the call: the last dimension is unknown. DTypeError, by the call: inputs that are not floating.

    >>> layer = tf.layers.Dense(3, kernel_initializer=tf.ones_initializer(), name="hidden")
    >>> tf.Session(jit=False).run(layer(tf.constant([[1.0, 2.0]]))), layer.kernel.name
    (array([[3., 3., 3.]], dtype=float32), 'hidden/kernel:0')
    """

    def __init__(self, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any):
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **kwargs)
        try:
            self.units = int(units)
        except (TypeError, ValueError, DTypeError):
            raise GraphError(f"{self._name}: units is a number, not {units!r:.60}{here()}") from None
        if self.units < 0:
            raise GraphError(f"{self._name}: units is {units}, below 0{here()}")
        self.activation, self.use_bias = activation_of(self._name, activation), use_bias
        self.kernel_initializer, self.bias_initializer = (initializer_of(self._name, i) for i in (kernel_initializer, bias_initializer))
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint
        self.bias: Any = None

    def build(self, input_shape: TensorShape) -> None:
        """Make kernel and bias."""
        self.kernel = self.add_weight("kernel", [self._size(input_shape, -1), self.units], initializer=self.kernel_initializer,
                                      regularizer=self.kernel_regularizer, constraint=self.kernel_constraint)
        if self.use_bias:
            self.bias = self.add_weight("bias", [self.units], initializer=self.bias_initializer or zeros_initializer(),
                                        regularizer=self.bias_regularizer, constraint=self.bias_constraint)
        self.built = True

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        x = to_node(inputs)
        if x.type.dtype.kind != "f":
            raise DTypeError(f"{self._name}: {describe(x)} is not of a floating dtype{here()}")
        self._rank(x, 2)
        return super().__call__(x, *args, **kwargs)

    def call(self, inputs: Node) -> Node:
        """activation(inputs @ kernel + bias)."""
        rank = self._rank(inputs, 2)
        out = matmul(inputs, self.kernel) if rank == 2 else tensordot(inputs, self.kernel, [[rank - 1], [0]])
        if self.bias is not None:
            out = bias_add(out, self.bias, name="BiasAdd")
        out.set_shape(self.compute_output_shape(inputs.shape))
        return out if self.activation is None else self.activation(out)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape of the inputs, the last dimension `units`."""
        return TensorShape([*(as_shape(input_shape) or ())[:-1], self.units])


def dense(inputs: Any, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
          bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
          kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True, name: str | None = None, reuse: Any = None) -> Node:
    """activation(inputs @ kernel + bias), with variables `NAME/kernel` and `NAME/bias`; `reuse`: those that are there.

    float[..., n] -> float[..., units]. Regularizers put their losses into the collection REGULARIZATION_LOSSES; constraints are applied by
    optimizers. GraphError: an argument that is not right. ShapeError: the last dimension is unknown. DTypeError: inputs that are not floating.

    >>> x = tf.constant([[1.0, 2.0]])
    >>> tf.Session(jit=False).run(tf.layers.dense(x, 2, tf.nn.relu, kernel_initializer=tf.ones_initializer(), name="out"))
    array([[3., 3.]], dtype=float32)
    """
    layer = Dense(units, activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
                  kernel_constraint, bias_constraint, trainable, name, _scope=name, _reuse=reuse)
    return layer(inputs)


class Dropout(Layer):
    """With `training`, each element is 0 with probability `rate` and else divided by 1 - rate (Srivastava et al. 2014); otherwise the inputs.

    float[...] -> the same type. `noise_shape`: where it is 1, elements stay or go together. GraphError: a rate outside [0, 1). DTypeError, by
    the call: inputs that are not floating.

    >>> tf.Session(jit=False).run(tf.layers.Dropout(0.5)(tf.constant([1.0, 2.0])))
    array([1., 2.], dtype=float32)
    """

    def __init__(self, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, name: str | None = None, **kwargs: Any):
        super().__init__(name=name, **kwargs)
        if not isinstance(rate, Node) and not (isinstance(rate, (int, float)) and 0 <= rate < 1):
            raise GraphError(f"{self._name}: the rate {rate!r:.60} is not in [0, 1){here()}")
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def call(self, inputs: Node, training: Any = False) -> Node:
        """The inputs, some of them 0 in `training`, which a run may decide."""
        if inputs.type.dtype.kind != "f":
            raise DTypeError(f"{self._name}: {describe(inputs)} is not of a floating dtype{here()}")
        known = is_true(self._name, training)
        if known is False:
            return identity(inputs)
        keep: Any = 1.0 - self.rate
        if known is None:
            # A probability of 1 keeps every element, and divides it by 1: nothing has to branch.
            keep = choose(switched(training), cast(to_node(keep), inputs.dtype), cast(to_node(1.0), inputs.dtype))
        return drop(inputs, keep, self.noise_shape, self.seed)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape of the inputs."""
        return TensorShape(as_shape(input_shape))


def dropout(inputs: Any, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, training: Any = False,
            name: str | None = None) -> Node:
    """With `training`, each element is 0 with probability `rate` and else divided by 1 - rate; otherwise the inputs.

    float[...] -> the same type. `training` may be a tensor: a run decides. GraphError: a rate outside [0, 1). DTypeError: inputs that are not
    floating.

    >>> tf.Session(jit=False).run(tf.layers.dropout(tf.constant([1.0, 2.0]), training=False))
    array([1., 2.], dtype=float32)
    """
    return Dropout(rate, noise_shape, seed, name)(inputs, training=training)


class Flatten(Layer):
    """Each row as a vector: all dimensions but the first become one. `data_format="channels_first"`: channels, the second, come last.

    any[n, ...] -> any[n, k]. GraphError: another data format. ShapeError, by the call: a scalar, or channels of unknown rank.

    >>> tf.layers.Flatten()(tf.zeros([2, 3, 4])).shape
    TensorShape((2, 12))
    """

    def __init__(self, data_format: str | None = None, name: str | None = None, **kwargs: Any):
        super().__init__(name=name, **kwargs)
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


def flatten(inputs: Any, name: str | None = None, data_format: str = "channels_last") -> Node:
    """Each row as a vector: all dimensions but the first become one.

    any[n, ...] -> any[n, k]. GraphError: a data format that there is not. ShapeError: a scalar.

    >>> tf.layers.flatten(tf.placeholder(tf.float32, [None, 3, 4])).shape
    TensorShape((None, 12))
    """
    return Flatten(data_format, name)(inputs)


def __dir__() -> list[str]:
    return [*__all__]
