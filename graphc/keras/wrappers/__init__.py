"""`tf.keras.wrappers`: Keras' models as objects of other libraries; `scikit_learn` is the only one."""

from ...tf1_names import namespace as _namespace
from . import scikit_learn as scikit_learn

__all__ = ["scikit_learn"]

_namespace(globals())
