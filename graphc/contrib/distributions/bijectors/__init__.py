"""`tf.contrib.distributions.bijectors`: maps with inverses and the logs of their volume changes, of which densities are made."""

from __future__ import annotations

from ....ir.arguments import hold as _hold
from ....tf1_names import namespace as _namespace
from . import base as _base
from . import chances as _chances
from . import combined as _combined
from . import flows as _flows
from . import matrices as _matrices
from . import scalars as _scalars
from . import vectors as _vectors
from .base import *  # noqa: F403
from .chances import *  # noqa: F403
from .combined import *  # noqa: F403
from .flows import *  # noqa: F403
from .matrices import *  # noqa: F403
from .scalars import *  # noqa: F403
from .vectors import *  # noqa: F403

__all__ = sorted([*_base.__all__, *_chances.__all__, *_combined.__all__, *_flows.__all__, *_matrices.__all__, *_scalars.__all__, *_vectors.__all__])

_hold(globals(), __all__)

_namespace(globals())
