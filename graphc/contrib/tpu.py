"""`tf.contrib.tpu`: what stands under `tf.tpu` and `tf.estimator.tpu` now."""

from ..estimator import tpu as _estimator
from ..estimator.tpu import *  # noqa: F403
from ..tf1_names import namespace as _namespace
from ..tpu import *  # noqa: F403
from ..tpu import __all__ as _of_shards

__path__: list[str] = []           # a package: programs import modules from within, `contrib.tpu.python`
__all__ = [*_estimator.__all__, *_of_shards]

_namespace(globals())
