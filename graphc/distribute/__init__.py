"""`tf.distribute`: computations dealt out to devices, of which there is one."""

from ..contrib import cluster_resolver
from ..ir.arguments import hold as _hold
from ..tf1_names import namespace as _namespace
from ..train.cluster import Server
from . import experimental, strategies
from .strategies import *  # noqa: F403

__all__ = [*strategies.__all__, "Server", "cluster_resolver", "experimental"]

_hold(globals(), [n for n in __all__ if n not in ("cluster_resolver", "experimental")])
_namespace(globals())
