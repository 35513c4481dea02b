"""`tf.keras.datasets`: sets of data as Keras leaves them in `~/.keras/datasets`, read from there or from a path; nothing is fetched or made up."""

from typing import TYPE_CHECKING

from ...tf1_names import getter as _getter
from . import boston_housing as boston_housing
from . import cifar10 as cifar10
from . import cifar100 as cifar100
from . import fashion_mnist as fashion_mnist
from . import imdb as imdb
from . import mnist as mnist
from . import reuters as reuters

__all__ = ["boston_housing", "cifar10", "cifar100", "fashion_mnist", "imdb", "mnist", "reuters"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
