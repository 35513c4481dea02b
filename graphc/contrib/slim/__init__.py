"""`tf.contrib.slim`: layers with scopes of arguments, losses, variables and a loop of training, as `contrib` has them, under one name."""

from __future__ import annotations

from ...tf1_names import namespace as _namespace
from .. import framework as _framework
from .. import layers as _layers
from .. import losses as losses
from .. import metrics as metrics
from ..framework import *  # noqa: F403
from ..layers import *  # noqa: F403
from . import evaluation as evaluation
from . import learning as learning
from . import model_analyzer as model_analyzer
from . import nets as nets
from . import utils as utils

initializers = regularizers = _layers       # its modules of these, whose names are those of layers

__all__ = sorted({*_layers.__all__, *_framework.__all__, "evaluation", "learning", "losses", "metrics",
                  "model_analyzer", "nets", "utils"} - {"OPTIMIZER_CLS_NAMES", "is_tensor"})

_namespace(globals())
