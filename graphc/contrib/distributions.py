"""`tf.contrib.distributions`: the distributions of `tf.distributions`."""

from .. import distributions as _distributions
from ..distributions import *  # noqa: F403
from ..tf1_names import namespace as _namespace

__all__ = [*_distributions.__all__]
__path__: list[str] = []           # a package: programs import modules from within, `contrib.distributions.python`

_namespace(globals())
