"""`tf.contrib.opt`: scipy's minimisers on graph variables, and optimizers that TensorFlow 1 keeps there."""

from ...optimize import ScipyOptimizerInterface
from ...tf1_names import namespace as _namespace
from ...train.optimizers import LazyAdamOptimizer
from .adaptive import (
    AdaMaxOptimizer,
    AddSignOptimizer,
    LARSOptimizer,
    NadamOptimizer,
    PowerSignOptimizer,
    RegAdagradOptimizer,
)
from .decoupled import (
    AdamWOptimizer,
    DecoupledWeightDecayExtension,
    MomentumWOptimizer,
    extend_with_decoupled_weight_decay,
)
from .sign_decay import get_cosine_decay_fn, get_linear_decay_fn, get_restart_decay_fn

__all__ = ["AdaMaxOptimizer", "AdamWOptimizer", "AddSignOptimizer", "DecoupledWeightDecayExtension", "LARSOptimizer", "LazyAdamOptimizer",
           "MomentumWOptimizer", "NadamOptimizer", "PowerSignOptimizer", "RegAdagradOptimizer", "ScipyOptimizerInterface",
           "extend_with_decoupled_weight_decay", "get_cosine_decay_fn", "get_linear_decay_fn", "get_restart_decay_fn"]

_namespace(globals())
