"""`tf.estimator.experimental`: hooks that end training early, evaluation while training, functions from features to logits, and k-means."""

from importlib import import_module as _import
from typing import TYPE_CHECKING
from typing import Any as _Any

from ..ir.arguments import hold as _hold
from ..tf1_names import getter as _getter
from ..tf1_names import namespace as _namespace
from . import logits, stopping
from .logits import *  # noqa: F403
from .stopping import *  # noqa: F403

if TYPE_CHECKING:
    KMeans: _Any

_hold(globals(), [*logits.__all__, *stopping.__all__])

__all__ = [*logits.__all__, *stopping.__all__, "KMeans"]


def _later(name: str) -> object:
    """Imported when it is first named: contrib stands above the estimators."""
    return _import("graphc.contrib.factorization").KMeansClustering if name == "KMeans" else _getter(__name__)(name)


_namespace(globals(), _later)
