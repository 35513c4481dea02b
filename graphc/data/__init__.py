"""`tf.data`: datasets, which feed a graph from arrays, generators and files, and run ahead of the session."""

from ..ir.arguments import hold as _hold
from ..tf1_names import namespace as _namespace
from . import dataset, experimental, files, iterator, specs
from .dataset import *  # noqa: F403
from .files import *  # noqa: F403
from .iterator import *  # noqa: F403
from .options import Options as Options
from .specs import *  # noqa: F403

__all__ = [*dataset.__all__, *iterator.__all__, *files.__all__, *specs.__all__, "Options", "experimental"]

_hold(globals(), __all__, methods=(Dataset, Iterator))  # noqa: F405

_namespace(globals())
