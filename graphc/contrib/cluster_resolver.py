"""`tf.contrib.cluster_resolver`: where the processes of a cluster are; there is one, and no processor of another kind."""

from __future__ import annotations

import json
import os
from typing import Any

from ..errors import ArgumentError, GraphError, UnimplementedError
from ..ir.node import here
from ..tf1_names import namespace as _namespace
from ..train import ClusterSpec

__all__ = ["ClusterResolver", "SimpleClusterResolver", "TFConfigClusterResolver", "TPUClusterResolver", "UnionResolver"]


class ClusterResolver:
    """A cluster and this process's place in it: what programs derive resolvers of their own from."""

    task_type: str | None = None
    task_id: int | None = None
    environment = ""

    def cluster_spec(self) -> ClusterSpec:
        """The cluster; here an empty one."""
        return ClusterSpec({})

    def master(self, task_type: str | None = None, task_id: int | None = None, rpc_layer: str | None = None) -> str:
        """The address of the process that runs are sent to; this one's if nothing names a task. GraphError: no such task."""
        return self.cluster_spec().task_address(task_type, task_id) if task_type is not None and task_id is not None else ""

    def num_accelerators(self, task_type: str | None = None, task_id: int | None = None, config_proto: Any = None) -> dict[str, int]:
        """How many processors of other kinds there are: none."""
        return {}


class SimpleClusterResolver(ClusterResolver):
    """A cluster that is known."""

    def __init__(self, cluster_spec: ClusterSpec, master: str = "", task_type: str | None = None, task_id: int | None = None,
                 environment: str = "", num_accelerators: Any = None, rpc_layer: str | None = None):
        self._spec, self._master, self.task_type, self.task_id = cluster_spec, master, task_type, task_id

    def cluster_spec(self) -> ClusterSpec:
        """The cluster."""
        return self._spec

    def master(self, task_type: str | None = None, task_id: int | None = None, rpc_layer: str | None = None) -> str:
        """The address of the process that runs are sent to. GraphError: no such task."""
        return super().master(task_type, task_id) or self._master


class TFConfigClusterResolver(SimpleClusterResolver):
    """The cluster that the environment variable `TF_CONFIG` describes, as JSON; none without it. ArgumentError: it is no such JSON."""

    def __init__(self, task_type: str | None = None, task_id: int | None = None, rpc_layer: str | None = None, environment: str | None = None):
        text = os.environ.get("TF_CONFIG", "{}")
        try:
            told = json.loads(text)
            task = told.get("task", {})
            index = task.get("index") if task_id is None else task_id
            super().__init__(ClusterSpec(told.get("cluster", {})), "", task_type or task.get("type"), index)
        except (ValueError, AttributeError) as e:
            raise ArgumentError(f"TF_CONFIG={text!r:.100} does not describe a cluster: {e}{here()}") from None


class UnionResolver(ClusterResolver):
    """The tasks of several clusters. GraphError: a task that two of them have at different addresses."""

    def __init__(self, *args: ClusterResolver, **kwargs: Any):
        self._parts = args
        self.task_type, self.task_id = kwargs.get("task_type"), kwargs.get("task_id")

    def cluster_spec(self) -> ClusterSpec:
        """All their tasks. GraphError: a task that two of them have at different addresses."""
        jobs: dict[str, dict[int, str]] = {}
        for spec in (part.cluster_spec() for part in self._parts):
            for job in spec.jobs:
                for index in spec.task_indices(job):
                    address = spec.task_address(job, index)
                    if jobs.setdefault(job, {}).setdefault(index, address) != address:
                        raise GraphError(f"the task {index} of {job!r:.60} has the addresses {jobs[job][index]} and {address}{here()}")
        return ClusterSpec(jobs)


class TPUClusterResolver(ClusterResolver):
    """Where such processors are. UnimplementedError: always, for there are none."""

    def __init__(self, *args: Any, **kwargs: Any):
        raise UnimplementedError(f"TPUClusterResolver: graphc computes on the processor alone; use_tpu=False is the same there{here()}")

_namespace(globals())
