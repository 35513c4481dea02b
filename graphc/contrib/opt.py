"""`tf.contrib.opt`: scipy's minimisers on graph variables, and optimizers that TensorFlow 1 keeps there."""

from ..optimize import ScipyOptimizerInterface
from ..tf1_names import namespace as _namespace
from ..train.optimizers import LazyAdamOptimizer

__all__ = ["LazyAdamOptimizer", "ScipyOptimizerInterface"]
__path__: list[str] = []           # a package: programs import modules from within, `contrib.opt.python`

_namespace(globals())
