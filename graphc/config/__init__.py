"""`tf.config`: what there is to compute on, and what sessions that are made later begin with."""

from __future__ import annotations

from typing import NoReturn

from ..errors import UnimplementedError
from ..ir.node import here
from ..tf1_names import namespace as _namespace
from . import experimental, optimizer, threading
from .experimental import list_devices as experimental_list_devices

__all__ = ["experimental", "experimental_connect_to_cluster", "experimental_connect_to_host", "experimental_list_devices",
           "experimental_run_functions_eagerly", "get_soft_device_placement", "optimizer", "set_soft_device_placement", "threading"]


def experimental_connect_to_host(remote_host: object = None, job_name: str = "worker") -> NoReturn:
    """UnimplementedError: graphc computes in this process."""
    raise UnimplementedError(f"tf.config: there is no connection to {remote_host!r:.60}: graphc computes in this process{here()}")


experimental_connect_to_cluster = experimental_connect_to_host


def experimental_run_functions_eagerly(run_eagerly: bool) -> None:
    """Nothing, of a false value. UnimplementedError, of a true one: a graph is built, and sessions run it."""
    if run_eagerly:
        raise UnimplementedError(f"tf.config: functions build graphs, which sessions run{here()}")


def get_soft_device_placement() -> bool:
    """True: what is placed elsewhere is computed on the processor."""
    return True


def set_soft_device_placement(enabled: bool) -> None:
    """Nothing: devices are named, and all is computed on the processor."""

_namespace(globals())
