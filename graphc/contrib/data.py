"""`tf.contrib.data`: transformations of datasets, which `tf.data.experimental` has too."""

from ..data import experimental
from ..data.experimental import *  # noqa: F403
from ..tf1_names import namespace as _namespace

__path__: list[str] = []           # a package: programs import modules from within, `contrib.data.python`
__all__ = [*experimental.__all__]

_namespace(globals())
