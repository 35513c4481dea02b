"""`tf.keras.initializers`: initial values of variables, by name, by configuration, or as objects; Keras' own defaults of what `tf` has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import initializers as _all
from ..initializers import Initializer, he_normal, he_uniform, lecun_normal, lecun_uniform
from ..ir.types import float32
from ..tf1_names import namespace as _namespace
from .named import Family, serialize_keras_object

__all__ = ["Constant", "Identity", "Initializer", "Ones", "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling",
           "Zeros", "constant", "deserialize", "get", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal",
           "lecun_uniform", "normal", "ones", "orthogonal", "random_normal", "random_uniform", "serialize", "truncated_normal", "uniform", "zeros"]


class RandomNormal(_all.random_normal_initializer):
    """Normally distributed, by default of standard deviation 0.05.

    Called with a shape. DTypeError, ShapeError, by the call: no such tensor.

    >>> tf.Session(jit=False).run(tf.shape(tf.keras.initializers.RandomNormal(seed=1)([3, 2])))
    array([3, 2], dtype=int32)
    """

    def __init__(self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None, dtype: Any = float32):
        super().__init__(mean, stddev, seed, dtype)


class TruncatedNormal(_all.truncated_normal_initializer):
    """Normally distributed, none further than two standard deviations, by default 0.05, from the mean.

    Called with a shape. DTypeError, ShapeError, by the call: no such tensor.
    """

    def __init__(self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None, dtype: Any = float32):
        super().__init__(mean, stddev, seed, dtype)


class RandomUniform(_all.random_uniform_initializer):
    """Equally likely anywhere in [minval, maxval), by default from -0.05 to 0.05.

    Called with a shape. DTypeError, ShapeError, by the call: no such tensor.
    """

    def __init__(self, minval: Any = -0.05, maxval: Any = 0.05, seed: int | None = None, dtype: Any = float32):
        super().__init__(minval, maxval, seed, dtype)


Zeros = zeros = _all.zeros_initializer
Ones = ones = _all.ones_initializer
Constant = constant = _all.constant_initializer
VarianceScaling = _all.variance_scaling_initializer
Orthogonal = orthogonal = _all.orthogonal_initializer
Identity = identity = _all.identity
glorot_uniform, glorot_normal = _all.glorot_uniform_initializer, _all.glorot_normal_initializer
normal = random_normal = RandomNormal
uniform = random_uniform = RandomUniform
truncated_normal = TruncatedNormal

# What Keras calls the classes in what it writes down.
_CLASSES: dict[str, Any] = {"Zeros": Zeros, "Ones": Ones, "Constant": Constant, "VarianceScaling": VarianceScaling, "Orthogonal": Orthogonal,
                            "Identity": Identity, "GlorotUniform": glorot_uniform, "GlorotNormal": glorot_normal, "RandomNormal": RandomNormal,
                            "RandomUniform": RandomUniform, "TruncatedNormal": TruncatedNormal}
_OURS: dict[str, Any] = {c.__name__: c for c in vars(_all).values() if isinstance(c, type) and issubclass(c, Initializer)}
_NAMES = {c: name for name, c in _CLASSES.items()}

_family = Family("initializer", lambda: {**_OURS, **_CLASSES, **{n: globals()[n] for n in __all__
                                                                 if n not in ("Initializer", "deserialize", "get", "serialize")}})


def get(identifier: Any) -> Any:
    """The initializer that a name, a configuration, a class or a function stands for; None for None. GraphError: there is none.

    >>> tf.keras.initializers.get("he_normal").scale
    2.0
    """
    found = _family.get(identifier)
    return found() if isinstance(identifier, str) and not isinstance(found, Initializer) and found in _FUNCTIONS else found


_FUNCTIONS = (he_normal, he_uniform, lecun_normal, lecun_uniform)


def serialize(initializer: Any) -> Any:
    """The configuration of an initializer, with its class by Keras' name. GraphError: it has none.

    >>> tf.keras.initializers.serialize(tf.keras.initializers.get("zeros"))
    {'class_name': 'Zeros', 'config': {'dtype': 'float32'}}
    """
    found = serialize_keras_object(initializer)
    return {**found, "class_name": _NAMES.get(type(initializer), found["class_name"])} if isinstance(found, dict) else found


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initializer of a name or a configuration. GraphError: there is none."""
    return get(_family.deserialize(config, custom_objects)) if isinstance(config, str) else _family.deserialize(config, custom_objects)


_namespace(globals())
