"""`slim.nets.inception`: versions 1 and 3 of the inception nets under one name."""

from ....tf1_names import namespace as _namespace
from . import inception_v1 as _v1
from . import inception_v3 as _v3
from .inception_v1 import *  # noqa: F403
from .inception_v3 import *  # noqa: F403

__all__ = [*_v1.__all__, *_v3.__all__]

_namespace(globals())
