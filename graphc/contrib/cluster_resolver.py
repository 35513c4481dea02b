"""`tf.contrib.cluster_resolver`: where the processes of a cluster are; there is one, and no processor of another kind."""

from __future__ import annotations

from typing import Any

from ..errors import UnimplementedError
from ..ir.node import here
from ..tf1_names import namespace as _namespace
from ..train import ClusterSpec

__all__ = ["SimpleClusterResolver", "TPUClusterResolver"]


class SimpleClusterResolver:
    """A cluster that is known."""

    def __init__(self, cluster_spec: ClusterSpec, master: str = ""):
        self._spec, self._master = cluster_spec, master

    def cluster_spec(self) -> ClusterSpec:
        """The cluster."""
        return self._spec

    def master(self) -> str:
        """The address of the process that runs are sent to."""
        return self._master


class TPUClusterResolver:
    """Where such processors are. UnimplementedError: always, for there are none."""

    def __init__(self, *args: Any, **kwargs: Any):
        raise UnimplementedError(f"TPUClusterResolver: graphc computes on the processor alone; use_tpu=False is the same there{here()}")


_namespace(globals())
