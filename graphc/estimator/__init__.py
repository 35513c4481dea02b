"""`tf.estimator`: models that are trained, evaluated and asked by way of checkpoints; some are ready made."""

from ..ir.arguments import hold as _hold
from ..tf1_names import namespace as _namespace
from ..train.hooks import (
    FeedFnHook,
    FinalOpsHook,
    GlobalStepWaiterHook,
    LoggingTensorHook,
    NanLossDuringTrainingError,
    NanTensorHook,
    SecondOrStepTimer,
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
    StopAtStepHook,
)
from ..train.hooks_files import CheckpointSaverHook, CheckpointSaverListener, ProfilerHook, StepCounterHook, SummarySaverHook
from . import adding, canned, experimental, export, exporting, heads, inputs, more_heads, parsing, spec, tpu, warm
from . import estimator as _estimator
from .adding import *  # noqa: F403
from .canned import *  # noqa: F403
from .estimator import *  # noqa: F403
from .exporting import *  # noqa: F403
from .heads import *  # noqa: F403
from .more_heads import *  # noqa: F403
from .parsing import *  # noqa: F403
from .spec import *  # noqa: F403
from .warm import *  # noqa: F403

__all__ = [*_estimator.__all__, *spec.__all__, *canned.__all__, *heads.__all__, *more_heads.__all__, *exporting.__all__, *parsing.__all__,
           *warm.__all__, *adding.__all__, "experimental", "export", "inputs", "tpu", "CheckpointSaverHook", "CheckpointSaverListener", "FeedFnHook",
           "FinalOpsHook", "GlobalStepWaiterHook", "LoggingTensorHook", "NanLossDuringTrainingError", "NanTensorHook", "ProfilerHook",
           "SecondOrStepTimer", "SessionRunArgs", "SessionRunContext", "SessionRunHook", "SessionRunValues", "StepCounterHook", "StopAtStepHook",
           "SummarySaverHook"]

_hold(globals(), __all__, methods=(Estimator, Head))  # noqa: F405
_hold(vars(inputs), inputs.__all__)
_hold(vars(export), export.__all__)

_namespace(globals())
