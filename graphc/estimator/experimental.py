"""`tf.estimator.experimental`: hooks that end training early, evaluation while training, and functions from features to logits."""

from ..ir.arguments import hold as _hold
from ..tf1_names import namespace as _namespace
from . import logits, stopping
from .logits import *  # noqa: F403
from .stopping import *  # noqa: F403

__all__ = [*logits.__all__, *stopping.__all__]

_hold(globals(), __all__)

_namespace(globals())
