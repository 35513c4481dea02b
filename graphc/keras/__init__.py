"""`tf.keras`: models of layers, compiled with an optimizer and losses, trained by `fit` in one run of the graph for each batch."""

from importlib import import_module as _import
from typing import TYPE_CHECKING
from typing import Any as _Any

from ..tf1_names import getter as _getter
from ..tf1_names import namespace as _namespace

if TYPE_CHECKING:
    from . import activations as activations
    from . import applications as applications
    from . import backend as backend
    from . import callbacks as callbacks
    from . import constraints as constraints
    from . import datasets as datasets
    from . import estimator as estimator
    from . import experimental as experimental
    from . import initializers as initializers
    from . import layers as layers
    from . import losses as losses
    from . import metrics as metrics
    from . import mixed_precision as mixed_precision
    from . import models as models
    from . import optimizers as optimizers
    from . import preprocessing as preprocessing
    from . import regularizers as regularizers
    from . import utils as utils
    from . import wrappers as wrappers
    from .engine.input_layer import Input as Input
    from .engine.model import Model as Model
    from .engine.sequential import Sequential as Sequential

__version__ = "2.2.4-tf"
# Imported when they are first named: `tf.layers` stands on a part of the engine alone.
_SPACES = ("activations", "applications", "backend", "callbacks", "constraints", "datasets", "estimator", "experimental", "initializers",
           "layers", "losses", "metrics", "mixed_precision", "models", "optimizers", "preprocessing", "regularizers", "utils", "wrappers")
_WITHIN = {"Input": "engine.input_layer", "Model": "engine.model", "Sequential": "engine.sequential"}

__all__ = [*_SPACES, *_WITHIN]


def _found(name: str) -> _Any:
    if name in _SPACES:
        return _import(f".{name}", __name__)
    if name in _WITHIN:
        value = globals()[name] = getattr(_import(f".{_WITHIN[name]}", __name__), name)
        return value
    return _getter(__name__)(name)


_namespace(globals(), _found)
