"""`tf.contrib.opt`: scipy's minimisers on graph variables."""

from ..optimize import ScipyOptimizerInterface

__all__ = ["ScipyOptimizerInterface"]


def __dir__() -> list[str]:
    return [*__all__]
