"""`tf.train`: optimizers, learning rates, the norms of gradients, the count of steps, checkpoints, input by queues, and sessions with hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..files import event_files, example
from ..files.event_files import *  # noqa: F403
from ..files.example import *  # noqa: F403
from ..files.graph_def import write_graph
from ..files.tf_graph.messages import SaverDef
from ..summary import FileWriter as SummaryWriter
from ..tf1_names import getter as _getter
from ..tf1_names import namespace as _namespace
from . import (
    averages,
    checkpoint_manager,
    checkpoints,
    clipping,
    cluster,
    coordinator,
    experimental,
    hooks,
    hooks_files,
    initial_values,
    inputs,
    monitored,
    object_checkpoint,
    optimizer,
    optimizers,
    proximal,
    queue_runner,
    rates,
    replicas,
    saver,
    session_manager,
    steps,
    supervisor,
    warm_starting,
)
from .averages import *  # noqa: F403
from .checkpoint_manager import *  # noqa: F403
from .checkpoints import *  # noqa: F403
from .clipping import *  # noqa: F403
from .cluster import *  # noqa: F403
from .coordinator import *  # noqa: F403
from .hooks import *  # noqa: F403
from .hooks_files import *  # noqa: F403
from .initial_values import *  # noqa: F403
from .inputs import *  # noqa: F403
from .monitored import *  # noqa: F403
from .object_checkpoint import *  # noqa: F403
from .optimizer import *  # noqa: F403
from .optimizers import *  # noqa: F403
from .proximal import *  # noqa: F403
from .queue_runner import *  # noqa: F403
from .rates import *  # noqa: F403
from .replicas import *  # noqa: F403
from .saver import *  # noqa: F403
from .session_manager import *  # noqa: F403
from .steps import *  # noqa: F403
from .supervisor import *  # noqa: F403
from .warm_starting import *  # noqa: F403

if TYPE_CHECKING:
    from ..optimize import ScipyOptimizerInterface as ScipyOptimizerInterface

__all__ = [*optimizer.__all__, *optimizers.__all__, *proximal.__all__, *averages.__all__, *rates.__all__, *clipping.__all__,
           *steps.__all__, *saver.__all__, *object_checkpoint.__all__, *checkpoint_manager.__all__, *checkpoints.__all__,
           *event_files.__all__, *example.__all__,
           *coordinator.__all__, *queue_runner.__all__, *inputs.__all__, *initial_values.__all__, *warm_starting.__all__,
           *hooks.__all__, *hooks_files.__all__, *monitored.__all__, *session_manager.__all__, *supervisor.__all__,
           *cluster.__all__, *replicas.__all__, "ScipyOptimizerInterface",
           "experimental", "SaverDef", "SummaryWriter", "write_graph"]


def _later(name: str) -> Any:
    if name != "ScipyOptimizerInterface":
        return _getter(__name__)(name)
    from ..optimize import ScipyOptimizerInterface  # with all other minimisers: only where it is wanted
    return ScipyOptimizerInterface


_namespace(globals(), _later)
