"""`tf.keras.wrappers`: models in the clothes of other libraries, which is scikit-learn alone."""

from ...tf1_names import namespace as _namespace
from . import scikit_learn as scikit_learn

__all__ = ["scikit_learn"]

_namespace(globals())
