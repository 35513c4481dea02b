"""`tf.contrib.learn`: estimators that are fitted, experiments, monitors, vocabularies of texts and the readers of data sets."""

from __future__ import annotations

from ...ir.arguments import hold as _hold
from ...tf1_names import namespace as _namespace
from . import canned, clustering, datasets, estimator, experiment, learn_runner, model_fn, monitors, preprocessing, utils
from .canned import *  # noqa: F403
from .clustering import *  # noqa: F403
from .estimator import *  # noqa: F403
from .experiment import *  # noqa: F403
from .model_fn import *  # noqa: F403

__all__ = [*model_fn.__all__, *estimator.__all__, *canned.__all__, *clustering.__all__, *experiment.__all__, "datasets", "learn_runner",
           "monitors", "preprocessing", "utils"]

_hold(globals(), __all__, methods=(Estimator, Experiment, SKCompat))  # noqa: F405

_namespace(globals())
