"""`tf.contrib.slim.nets`: well-known nets for pictures, with TensorFlow's names of variables, so that what was trained there can be restored."""

from importlib import import_module as _import
from typing import Any

from ....tf1_names import getter as _getter
from ....tf1_names import namespace as _namespace

__all__ = ["alexnet", "inception", "overfeat", "resnet_utils", "resnet_v1", "resnet_v2", "vgg"]


def _later(name: str) -> Any:
    """Imported when they are first named: no program needs all of them."""
    return _import(f"{__name__}.{name}") if name in __all__ else _getter(__name__)(name)


_namespace(globals(), _later)
