"""`tf.contrib.staging`: values that one run hands to the next."""

from ..data.staging import StagingArea
from ..ir.arguments import hold as _hold
from ..tf1_names import namespace as _namespace

__all__ = ["StagingArea"]

_hold(globals(), __all__, methods=(StagingArea,))

_namespace(globals())
