"""`tf.keras.datasets`: sets of data as Keras leaves them in `~/.keras/datasets`, read from there or from a path; nothing is fetched or made up."""

from ...tf1_names import namespace as _namespace
from . import boston_housing as boston_housing
from . import cifar10 as cifar10
from . import cifar100 as cifar100
from . import fashion_mnist as fashion_mnist
from . import imdb as imdb
from . import mnist as mnist
from . import reuters as reuters

__all__ = ["boston_housing", "cifar10", "cifar100", "fashion_mnist", "imdb", "mnist", "reuters"]

_namespace(globals())
