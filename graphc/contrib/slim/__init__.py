"""`tf.contrib.slim`: layers with scopes of arguments, losses, variables, data of files and a loop of training, under one name."""

from __future__ import annotations

from ...tf1_names import namespace as _namespace
from .. import framework as _framework
from .. import layers as _layers
from .. import losses as losses
from .. import metrics as metrics
from ..framework import *  # noqa: F403
from ..layers import *  # noqa: F403
from . import data_decoder as data_decoder
from . import data_provider as data_provider
from . import dataset as dataset
from . import dataset_data_provider as dataset_data_provider
from . import evaluation as evaluation
from . import learning as learning
from . import model_analyzer as model_analyzer
from . import nets as nets
from . import parallel_reader as parallel_reader
from . import prefetch_queue as prefetch_queue
from . import queues as queues
from . import summaries as summaries
from . import tfexample_decoder as tfexample_decoder
from . import utils as utils

initializers = regularizers = layers = _layers       # its modules of these, whose names are those of layers

__all__ = sorted({*_layers.__all__, *_framework.__all__, "data_decoder", "data_provider", "dataset", "dataset_data_provider", "evaluation",
                  "learning", "losses", "metrics", "model_analyzer", "nets", "parallel_reader", "prefetch_queue", "queues", "summaries",
                  "tfexample_decoder", "utils"} - {"OPTIMIZER_CLS_NAMES", "is_tensor"})

_namespace(globals())
