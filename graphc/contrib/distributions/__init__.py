"""`tf.contrib.distributions`: the distributions of `tf.distributions`, more of them, and bijectors, by which one becomes another."""

from __future__ import annotations

from ... import distributions as _distributions
from ...distributions import *  # noqa: F403
from ...ir.arguments import hold as _hold
from ...tf1_names import namespace as _namespace
from . import bijectors as bijectors
from . import mixtures as _mixtures
from . import normals as _normals
from . import relaxed as _relaxed
from . import transformed as _transformed
from .bijectors.matrices import fill_triangular, fill_triangular_inverse
from .bijectors.scalars import softplus_inverse
from .mixtures import *  # noqa: F403
from .normals import *  # noqa: F403
from .relaxed import *  # noqa: F403
from .transformed import *  # noqa: F403

__all__ = [*_distributions.__all__, *_mixtures.__all__, *_normals.__all__, *_relaxed.__all__, *_transformed.__all__, "bijectors",
           "fill_triangular", "fill_triangular_inverse", "softplus_inverse"]

_hold(globals(), set(__all__) - set(_distributions.__all__))

_namespace(globals())
