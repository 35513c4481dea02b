"""`tf.contrib.distributions`: the distributions of `tf.distributions`."""

from typing import TYPE_CHECKING

from .. import distributions as _distributions
from ..distributions import *  # noqa: F403
from ..tf1_names import getter as _getter

__all__ = [*_distributions.__all__]
__path__: list[str] = []           # a package: programs import modules from within, `contrib.distributions.python`


def __dir__() -> list[str]:
    return [*__all__]


if not TYPE_CHECKING:
    __getattr__ = _getter(__name__)
