"""`tf.distribute`: computations dealt out to devices, of which there is one."""

from typing import TYPE_CHECKING

from ..contrib import cluster_resolver
from ..tf1_names import getter as _getter
from ..train.cluster import Server
from . import experimental, strategies
from .strategies import *  # noqa: F403

__all__ = [*strategies.__all__, "Server", "cluster_resolver", "experimental"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
