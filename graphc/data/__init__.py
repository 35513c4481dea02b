"""`tf.data`: datasets, which feed a graph from arrays, generators and files, and run ahead of the session."""

from typing import TYPE_CHECKING

from ..ir.arguments import hold as _hold
from ..tf1_names import getter as _getter
from . import dataset, experimental, files, iterator
from .dataset import *  # noqa: F403
from .files import *  # noqa: F403
from .iterator import *  # noqa: F403
from .options import Options as Options

__all__ = [*dataset.__all__, *iterator.__all__, *files.__all__, "Options", "experimental"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)

_hold(globals(), __all__, methods=(Dataset, Iterator))  # noqa: F405


def __dir__() -> list[str]:
    return [*__all__]
