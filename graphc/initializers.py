"""Initial values of variables: callables that make a tensor of a given shape and dtype."""

from __future__ import annotations

import math
from importlib import import_module as _import
from typing import Any

import numpy as np

from .errors import DTypeError, GraphError, ShapeError
from .ir.configured import Configured
from .ir.node import Node, dtype_of, here, saying
from .ir.operator import Values, declare, to_node
from .ir.types import DType, TensorType, as_shape, float32, shape_str
from .ops import array as _array
from .ops import random as _random
from .tf1_names import getter as _getter
from .tf1_names import namespace as _namespace

# The operations that give variables and tables their first values: imported when they are first named, for variables stand above this.
_LATER = {"global_variables": ("variables", "global_variables_initializer"), "local_variables": ("variables", "local_variables_initializer"),
          "variables": ("variables", "variables_initializer"), "tables_initializer": ("ops.tables", "tables_initializer")}

__all__ = ["zeros_initializer", "ones_initializer", "constant_initializer", "random_normal_initializer", "random_uniform_initializer",
           "truncated_normal_initializer", "variance_scaling_initializer", "glorot_uniform_initializer", "glorot_normal_initializer",
           "orthogonal_initializer", "uniform_unit_scaling_initializer", "zeros", "ones", "constant", "random_normal", "random_uniform",
           "truncated_normal", "variance_scaling", "glorot_uniform", "glorot_normal", "orthogonal", "uniform_unit_scaling", "identity",
           "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", *_LATER]


# The standard deviation of the normal distribution cut off at 2, by which a wanted one must be divided.
_TRUNCATED_STDDEV = 0.87962566103423978


class Initializer(Configured):
    """Makes initial values: `initializer(shape, dtype)` is a tensor. `dtype` defaults to the initializer's own."""

    dtype: DType

    def __init__(self, dtype: Any = float32):
        self.dtype = dtype_of(self.__class__.__name__, dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Node:
        kind = self.dtype if dtype is None else dtype_of(self.__class__.__name__, dtype)
        with saying(self.__class__.__name__):
            wanted = as_shape(shape)
        return self.make(wanted or (), kind)

    def make(self, shape: tuple[Any, ...], kind: DType) -> Node:
        """The tensor of that shape and dtype; what a subclass says."""
        raise NotImplementedError


class zeros_initializer(Initializer):
    """All 0.

    Called with a shape and, if another than its own, a dtype. DTypeError, ShapeError, by the call: no such tensor.

    >>> tf.Session(jit=False).run(tf.zeros_initializer()([2]))
    array([0., 0.], dtype=float32)
    """

    def make(self, shape: tuple[Any, ...], kind: DType) -> Node:
        return _array.zeros(list(shape), kind)


class ones_initializer(Initializer):
    """All 1.

    Called with a shape and, if another than its own, a dtype. DTypeError, ShapeError, by the call: no such tensor.

    >>> tf.Session(jit=False).run(tf.ones_initializer()([2]))
    array([1., 1.], dtype=float32)
    """

    def make(self, shape: tuple[Any, ...], kind: DType) -> Node:
        return _array.ones(list(shape), kind)


class constant_initializer(Initializer):
    """One number everywhere, or the elements of an array in row-major order, the last of them repeated.

    Called with a shape. ShapeError, by the call: more values than elements. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.constant_initializer([1, 2])([3]))
    array([1., 2., 2.], dtype=float32)
    """

    def __init__(self, value: Any = 0, dtype: Any = float32, verify_shape: bool = False):
        super().__init__(dtype)
        self.value, self.verify_shape = value, verify_shape

    def make(self, shape: tuple[Any, ...], kind: DType) -> Node:
        value = np.asarray(self.value)
        count = math.prod(shape)
        if value.size > count or (self.verify_shape and value.shape != shape) or (count and not value.size):
            raise ShapeError(f"constant_initializer: {value.size} values do not make {list(shape)}{here()}")
        flat = value.reshape(-1)
        last = flat[-1:] if count else flat[:0]
        return to_node(np.concatenate([flat, np.repeat(last, count - flat.size)]).reshape(shape), kind)


class random_normal_initializer(Initializer):
    """Normally distributed.

    Called with a shape. DTypeError, ShapeError, by the call: no such tensor.

    >>> tf.Session(jit=False).run(tf.shape(tf.random_normal_initializer(stddev=0.1)([3, 2])))
    array([3, 2], dtype=int32)
    """

    def __init__(self, mean: Any = 0.0, stddev: Any = 1.0, seed: int | None = None, dtype: Any = float32):
        super().__init__(dtype)
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def make(self, shape: tuple[Any, ...], kind: DType) -> Node:
        return _random.random_normal(list(shape), self.mean, self.stddev, kind, self.seed)


class truncated_normal_initializer(random_normal_initializer):
    """Normally distributed, none further than two standard deviations from the mean.

    Called with a shape. DTypeError, ShapeError, by the call: no such tensor.

    >>> tf.Session(jit=False).run(tf.shape(tf.truncated_normal_initializer(stddev=0.1)([3, 2])))
    array([3, 2], dtype=int32)
    """

    def make(self, shape: tuple[Any, ...], kind: DType) -> Node:
        return _random.truncated_normal(list(shape), self.mean, self.stddev, kind, self.seed)


class random_uniform_initializer(Initializer):
    """Equally likely anywhere in [minval, maxval); maxval is 1 by default.

    Called with a shape. DTypeError, ShapeError, by the call: no such tensor.

    >>> tf.Session(jit=False).run(tf.shape(tf.random_uniform_initializer(-0.1, 0.1)([3, 2])))
    array([3, 2], dtype=int32)
    """

    def __init__(self, minval: Any = 0, maxval: Any = None, seed: int | None = None, dtype: Any = float32):
        super().__init__(dtype)
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def make(self, shape: tuple[Any, ...], kind: DType) -> Node:
        return _random.random_uniform(list(shape), self.minval, self.maxval, kind, self.seed)


class variance_scaling_initializer(Initializer):
    """Mean 0 and variance scale / n, n the number of inputs ("fan_in"), outputs ("fan_out") or their mean ("fan_avg").

    distribution: "truncated_normal" ("normal" is the same), "untruncated_normal" or "uniform" (He et al. 2015).
    Called with a shape. GraphError: `scale` is not positive, or another word. DTypeError, ShapeError, by the call: no such tensor.

    >>> tf.Session(jit=False).run(tf.shape(tf.variance_scaling_initializer(2.0)([3, 2])))
    array([3, 2], dtype=int32)
    """

    def __init__(self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal",
                 seed: int | None = None, dtype: Any = float32):
        super().__init__(dtype)
        if scale <= 0:
            raise GraphError(f"variance_scaling_initializer: scale {scale} is not positive{here()}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise GraphError(f"variance_scaling_initializer: mode {mode!r} is not fan_in, fan_out or fan_avg{here()}")
        if distribution not in ("normal", "truncated_normal", "untruncated_normal", "uniform"):
            raise GraphError(f"variance_scaling_initializer: distribution {distribution!r} is not truncated_normal, "
                             f"untruncated_normal or uniform{here()}")
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed

    def make(self, shape: tuple[Any, ...], kind: DType) -> Node:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return _random.random_uniform(list(shape), -limit, limit, kind, self.seed)
        if self.distribution == "untruncated_normal":
            return _random.random_normal(list(shape), 0.0, math.sqrt(variance), kind, self.seed)
        return _random.truncated_normal(list(shape), 0.0, math.sqrt(variance) / _TRUNCATED_STDDEV, kind, self.seed)


def fans(shape: tuple[Any, ...]) -> tuple[float, float]:
    """Inputs and outputs of a layer with weights of that shape: its last two dimensions, times the window before."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    window = float(math.prod(shape[:-2]))
    return window * shape[-2], window * shape[-1]


class glorot_uniform_initializer(variance_scaling_initializer):
    """Uniform in +-sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010).

    Called with a shape. DTypeError, ShapeError, by the call: no such tensor.

    >>> tf.Session(jit=False).run(tf.shape(tf.glorot_uniform_initializer()([3, 2])))
    array([3, 2], dtype=int32)
    """

    def __init__(self, seed: int | None = None, dtype: Any = float32):
        super().__init__(1.0, "fan_avg", "uniform", seed, dtype)


class glorot_normal_initializer(variance_scaling_initializer):
    """Truncated normal of variance 2 / (inputs + outputs) (Glorot and Bengio 2010).

    Called with a shape. DTypeError, ShapeError, by the call: no such tensor.

    >>> tf.Session(jit=False).run(tf.shape(tf.glorot_normal_initializer()([3, 2])))
    array([3, 2], dtype=int32)
    """

    def __init__(self, seed: int | None = None, dtype: Any = float32):
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, dtype)


def _orthonormal_type(types: Any, values: Values) -> TensorType:
    if types[0].dtype.kind != "f":
        raise DTypeError(f"not defined for {types[0].dtype.name}")
    dims = types[0].shape
    if dims is not None and (len(dims) != 2 or None not in dims and dims[0] < dims[1]):
        raise ShapeError(f"{shape_str(dims)} is not a matrix with at least as many rows as columns")
    return types[0]


@declare("host", _orthonormal_type, name="orthonormal", samples=(([(4, 3)], {}), ([(2, 2)], {})))
def _orthonormal(a: Any) -> Any:
    """The orthonormal columns of a matrix's QR decomposition, signed so that R's diagonal is positive."""
    q, r = np.linalg.qr(a)
    return q * np.where(np.diag(r) < 0, -1, 1).astype(a.dtype)


class orthogonal_initializer(Initializer):
    """A matrix with orthonormal rows or columns, times `gain` (Saxe, McClelland and Ganguli 2013).

    Called with a shape. DTypeError, ShapeError, by the call: no such tensor.

    >>> tf.Session(jit=False).run(tf.shape(tf.orthogonal_initializer()([3, 2])))
    array([3, 2], dtype=int32)
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = float32):
        super().__init__(dtype)
        self.gain, self.seed = gain, seed

    def make(self, shape: tuple[Any, ...], kind: DType) -> Node:
        if len(shape) < 2:
            raise ShapeError(f"orthogonal_initializer needs two dimensions or more, not {list(shape)}{here()}")
        if not kind.is_floating:
            raise DTypeError(f"orthogonal_initializer: {kind.name} is not a floating dtype{here()}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = _orthonormal(_random.random_normal([max(rows, columns), min(rows, columns)], dtype=kind, seed=self.seed))
        if rows < columns:
            tall = _array.transpose(tall)
        return _array.reshape(tall * self.gain, list(shape))


class uniform_unit_scaling_initializer(Initializer):
    """Uniform in +-factor * sqrt(3 / inputs), inputs being all dimensions but the last: products keep their scale (Sussillo and Abbott 2014).

    Called with a shape. DTypeError, ShapeError, by the call: no such tensor.

    >>> tf.Session(jit=False).run(tf.shape(tf.uniform_unit_scaling_initializer()([3, 2])))
    array([3, 2], dtype=int32)
    """

    def __init__(self, factor: float = 1.0, seed: int | None = None, dtype: Any = float32):
        super().__init__(dtype)
        self.factor, self.seed = factor, seed

    def make(self, shape: tuple[Any, ...], kind: DType) -> Node:
        limit = self.factor * math.sqrt(3 / max(1.0, float(math.prod(shape[:-1]))))
        return _random.random_uniform(list(shape), -limit, limit, kind, self.seed)


class identity(Initializer):
    """The identity matrix times `gain`, of more columns than rows or fewer too.

    Called with a shape. ShapeError, by the call: no matrix. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.initializers.identity(gain=2.0)([2, 2]))
    array([[2., 0.],
           [0., 2.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0, dtype: Any = float32):
        super().__init__(dtype)
        self.gain = gain

    def make(self, shape: tuple[Any, ...], kind: DType) -> Node:
        if len(shape) != 2:
            raise ShapeError(f"identity makes matrices, none of shape {list(shape)}{here()}")
        return to_node(self.gain * np.eye(*shape), kind)


def he_normal(seed: int | None = None) -> variance_scaling_initializer:
    """Truncated normal of variance 2 / inputs (He et al. 2015): an initializer, whose call raises DTypeError, ShapeError for no such tensor."""
    return variance_scaling_initializer(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed: int | None = None) -> variance_scaling_initializer:
    """Uniform in +-sqrt(6 / inputs) (He et al. 2015): an initializer, whose call raises DTypeError, ShapeError for no such tensor."""
    return variance_scaling_initializer(2.0, "fan_in", "uniform", seed)


def lecun_normal(seed: int | None = None) -> variance_scaling_initializer:
    """Truncated normal of variance 1 / inputs (LeCun et al. 1998): an initializer, whose call raises DTypeError, ShapeError for no such tensor."""
    return variance_scaling_initializer(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed: int | None = None) -> variance_scaling_initializer:
    """Uniform in +-sqrt(3 / inputs) (LeCun et al. 1998): an initializer, whose call raises DTypeError, ShapeError for no such tensor."""
    return variance_scaling_initializer(1.0, "fan_in", "uniform", seed)


zeros = zeros_initializer
ones = ones_initializer
constant = constant_initializer
random_normal = random_normal_initializer
random_uniform = random_uniform_initializer
truncated_normal = truncated_normal_initializer
variance_scaling = variance_scaling_initializer
glorot_uniform = glorot_uniform_initializer
glorot_normal = glorot_normal_initializer
orthogonal = orthogonal_initializer
uniform_unit_scaling = uniform_unit_scaling_initializer


def _later(name: str) -> object:
    if name not in _LATER:
        _getter(__name__)(name)             # AttributeError, with what to write instead
    module, function = _LATER[name]
    return getattr(_import(f"{__package__}.{module}"), function)


_namespace(globals(), _later)
