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
from .wrappers import MovingAverageOptimizer, MultitaskOptimizerWrapper, VariableClippingOptimizer, clip_gradients_by_global_norm

__all__ = ["AdaMaxOptimizer", "AdamWOptimizer", "AddSignOptimizer", "DecoupledWeightDecayExtension", "LARSOptimizer", "LazyAdamOptimizer",
           "MomentumWOptimizer", "MovingAverageOptimizer", "MultitaskOptimizerWrapper", "NadamOptimizer", "PowerSignOptimizer",
           "RegAdagradOptimizer", "ScipyOptimizerInterface", "VariableClippingOptimizer", "clip_gradients_by_global_norm",
           "extend_with_decoupled_weight_decay", "get_cosine_decay_fn", "get_linear_decay_fn", "get_restart_decay_fn"]

_namespace(globals())
