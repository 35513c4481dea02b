"""`tf.contrib.gan`: adversarial networks in four steps, a model, its losses, the operations of a step, and the loop that trains."""

from __future__ import annotations

from ...tf1_names import namespace as _namespace
from . import estimator as estimator
from . import losses as losses
from . import namedtuples as _namedtuples
from . import train as _train
from .namedtuples import *  # noqa: F403
from .train import *  # noqa: F403

__all__ = sorted([*_namedtuples.__all__, *_train.__all__, "estimator", "losses"])

_namespace(globals())
