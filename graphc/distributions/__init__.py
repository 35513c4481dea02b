"""`tf.distributions`: distributions with samples, densities, entropies, means and divergences; derivatives go through what is reparameterised."""

from __future__ import annotations

from ..ir.arguments import hold as _hold
from ..tf1_names import namespace as _namespace
from . import continuous, counts, discrete, divergence, vectors
from .base import FULLY_REPARAMETERIZED as FULLY_REPARAMETERIZED
from .base import NOT_REPARAMETERIZED as NOT_REPARAMETERIZED
from .base import Distribution, ReparameterizationType
from .continuous import *  # noqa: F403
from .counts import *  # noqa: F403
from .discrete import *  # noqa: F403
from .divergence import *  # noqa: F403
from .vectors import *  # noqa: F403

__all__ = ["Distribution", "ReparameterizationType", *continuous.__all__, *counts.__all__, *discrete.__all__,
           *vectors.__all__, *divergence.__all__, "FULLY_REPARAMETERIZED", "NOT_REPARAMETERIZED"]

_hold(globals(), __all__)

_namespace(globals())
