"""Clusters by name: their tasks' addresses, and a server in this process for clusters of one task; others are refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import DTypeError, GraphError, UnimplementedError
from ..ir.devices import DeviceSpec
from ..ir.node import Node, here
from ..runtime.session import ConfigProto
from ..runtime.targets import new_target

__all__ = ["ClusterSpec", "Server", "replica_device_setter"]


class ClusterSpec:
    """The tasks of a cluster: by the names of jobs, lists of addresses, or dicts of them by the numbers of tasks.

    DTypeError: anything else. GraphError, by the methods: no such job, or no such task.

    >>> cluster = tf.train.ClusterSpec({"ps": ["a:2222"], "worker": ["b:2222", "c:2222"]})
    >>> cluster.jobs, cluster.num_tasks("worker"), cluster.task_address("worker", 1)
    (['ps', 'worker'], 2, 'c:2222')
    """

    def __init__(self, cluster: Any):
        given = cluster._tasks if isinstance(cluster, ClusterSpec) else cluster
        if not isinstance(given, Mapping):
            raise DTypeError(f"ClusterSpec takes a dict of the names of jobs and lists of addresses, not {cluster!r:.80}{here()}")
        self._tasks: dict[str, dict[int, str]] = {}
        for job, tasks in given.items():
            if not isinstance(job, str) or not isinstance(tasks, (list, tuple, Mapping)):
                raise DTypeError(f"ClusterSpec: a job has a name, and a list or dict of addresses, not {job!r:.60}: {tasks!r:.60}{here()}")
            found = dict(tasks) if isinstance(tasks, Mapping) else dict(enumerate(tasks))
            if not all(isinstance(i, int) and isinstance(a, str) for i, a in found.items()):
                raise DTypeError(f"ClusterSpec: the job {job!r:.60} has tasks that are no addresses: {tasks!r:.80}{here()}")
            self._tasks[job] = dict(sorted(found.items()))

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClusterSpec) and self._tasks == other._tasks

    __hash__ = None         # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ClusterSpec({self.as_dict()!r})"

    @property
    def jobs(self) -> list[str]:
        """The names of the jobs."""
        return [*self._tasks]

    def as_dict(self) -> dict[str, Any]:
        """Addresses by jobs: lists, or dicts by numbers where these are not those from 0 on."""
        return {job: [*tasks.values()] if [*tasks] == [*range(len(tasks))] else dict(tasks) for job, tasks in self._tasks.items()}

    def num_tasks(self, job_name: str) -> int:
        """How many tasks a job has. GraphError: no such job."""
        return len(self._job(job_name))

    def task_indices(self, job_name: str) -> list[int]:
        """The numbers of a job's tasks, in order. GraphError: no such job."""
        return [*self._job(job_name)]

    def task_address(self, job_name: str, task_index: int) -> str:
        """The address of a task. GraphError: no such job, or no such task."""
        tasks = self._job(job_name)
        if task_index not in tasks:
            raise GraphError(f"the job {job_name!r:.60} has the tasks {', '.join(map(str, tasks)) or 'none'}, not {task_index!r:.60}{here()}")
        return tasks[task_index]

    def job_tasks(self, job_name: str) -> list[str | None]:
        """The addresses of a job's tasks by their numbers, None for numbers that are left out. GraphError: no such job."""
        tasks = self._job(job_name)
        return [tasks.get(i) for i in range(max(tasks, default=-1) + 1)]

    def _job(self, name: str) -> dict[int, str]:
        if name not in self._tasks:
            raise GraphError(f"the cluster has the jobs {', '.join(self._tasks) or 'none'}, not {name!r:.60}{here()}")
        return self._tasks[name]


class Server:
    """The one task of a cluster, in this process: `Session(server.target)` runs here.

    UnimplementedError: the cluster has more than one task. GraphError: it lacks the job or the task.

    >>> server = tf.train.Server.create_local_server()
    >>> with tf.Session(server.target, tf.Graph(), jit=False) as sess:
    ...     with sess.graph.as_default():
    ...         print(sess.run(tf.constant(2) + 1))
    3
    """

    def __init__(self, server_or_cluster_def: Any, job_name: str | None = None, task_index: int | None = None, protocol: str | None = None,
                 config: ConfigProto | None = None, start: bool = True):
        cluster = ClusterSpec(server_or_cluster_def)
        count = sum(map(cluster.num_tasks, cluster.jobs))
        if count != 1:
            raise UnimplementedError(f"a server of a cluster of {count} tasks, {cluster!r:.200}, is not offered: graphc runs in one process; name "
                                     f"one task, or use tf.train.Server.create_local_server(){here()}")
        job = cluster.jobs[0] if job_name is None else job_name
        index = cluster.task_indices(job)[0] if task_index is None else task_index
        cluster.task_address(job, index)
        self._cluster, self._target = cluster, new_target(f"{job}:{index}")

    @staticmethod
    def create_local_server(config: ConfigProto | None = None, start: bool = True) -> Server:
        """A server of a cluster of its own, in this process."""
        return Server({"localhost": ["localhost:0"]})

    @property
    def target(self) -> str:
        """What a session is given to run by this server."""
        return self._target

    @property
    def server_def(self) -> ClusterSpec:
        """The cluster."""
        return self._cluster

    def start(self) -> None:
        """Nothing: the server runs from the start."""

    def join(self) -> None:
        """Wait for the end of the process, as TensorFlow's servers do, which never stop."""
        while True:         # in pieces, so that signals are heard
            threading.Event().wait(3600.0)


def replica_device_setter(ps_tasks: int = 0, ps_device: Any = "/job:ps", worker_device: Any = "/job:worker", merge_devices: bool = True,
                          cluster: Any = None, ps_ops: Any = None, ps_strategy: Callable[[Any], int] | None = None) -> Any:
    """A function for `tf.device`, which names the device of an operation; None: there are no tasks of the job of `ps_device`.

    Variables are dealt out to those tasks in turn, or as `ps_strategy` says; all else is on `worker_device`. It names; all is computed here.
    GraphError: a name that is none.

    >>> chosen = tf.train.replica_device_setter(2)
    >>> v, w = tf.Variable(1.0), tf.Variable(2.0)
    >>> chosen(v), chosen(w), chosen(v + w)
    ('/job:ps/task:0', '/job:ps/task:1', '/job:worker')
    """
    ps, worker = (d if isinstance(d, DeviceSpec) else DeviceSpec.from_string(d or "") for d in (ps_device, worker_device))
    if cluster is not None:
        spec = ClusterSpec(cluster)
        ps_tasks = spec.num_tasks(ps.job) if ps.job in spec.jobs else 0
    if not ps_tasks:
        return None
    known: dict[Any, str] = {}

    def chosen(op: Any) -> str:
        node = op if isinstance(op, Node) else getattr(op, "node", op)
        name = getattr(getattr(node, "operator", None), "name", "")
        if name not in ("variable", *(ps_ops or ())):
            return worker.to_string()
        if node not in known:
            place = DeviceSpec.from_string(ps.to_string())
            place.task = (len(known) if ps_strategy is None else int(ps_strategy(op))) % ps_tasks
            known[node] = place.to_string()
        return known[node]
    return chosen
