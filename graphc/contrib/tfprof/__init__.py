"""`tf.contrib.tfprof`: `tf.profiler` under the name that it had before."""

from ...tf1_names import namespace as _namespace
from . import model_analyzer as model_analyzer

__all__ = ["model_analyzer"]

_namespace(globals())
