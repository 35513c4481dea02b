"""`tf.estimator`: models that are trained, evaluated and asked by way of checkpoints."""

from typing import TYPE_CHECKING

from ..ir.arguments import hold as _hold
from ..tf1_names import getter as _getter
from . import estimator as _estimator
from . import inputs, spec
from .estimator import *  # noqa: F403
from .spec import *  # noqa: F403

__all__ = [*_estimator.__all__, *spec.__all__, "inputs"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)

_hold(globals(), __all__, methods=(Estimator,))  # noqa: F405
_hold(vars(inputs), inputs.__all__)


def __dir__() -> list[str]:
    return [*__all__]
