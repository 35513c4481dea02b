"""`tf.contrib.tpu`: what stands under `tf.tpu` and `tf.estimator.tpu` now."""

from typing import TYPE_CHECKING

from ..estimator import tpu as _estimator
from ..estimator.tpu import *  # noqa: F403
from ..tf1_names import getter as _getter
from ..tpu import *  # noqa: F403
from ..tpu import __all__ as _of_shards

__all__ = [*_estimator.__all__, *_of_shards]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
