"""`tf.contrib.stateless`: random numbers that their seed alone decides, by the names that they have under `tf.random` now."""

from ..ops import random_stateless
from ..ops.random_stateless import *  # noqa: F403
from ..ops.random_stateless import stateless_normal, stateless_uniform
from ..tf1_names import namespace as _namespace

stateless_random_normal = stateless_normal
stateless_random_uniform = stateless_uniform

__all__ = [*random_stateless.__all__, "stateless_random_normal", "stateless_random_uniform"]

_namespace(globals())
