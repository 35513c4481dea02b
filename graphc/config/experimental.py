"""`tf.config.experimental`: the devices that there are, one processor, and settings of those that there are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import ArgumentError
from ..ir.node import here
from ..tf1_names import namespace as _namespace

__all__ = ["LogicalDevice", "PhysicalDevice", "VirtualDeviceConfiguration", "get_device_policy", "get_memory_growth", "get_synchronous_execution",
           "get_virtual_device_configuration", "get_visible_devices", "list_logical_devices", "list_physical_devices", "set_device_policy",
           "set_memory_growth", "set_synchronous_execution", "set_virtual_device_configuration", "set_visible_devices"]


class PhysicalDevice(NamedTuple):
    """A device of the machine."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """A device as a program names it."""

    name: str
    device_type: str


class VirtualDeviceConfiguration(NamedTuple):
    """A part of a device's memory, in MB."""

    memory_limit: int | None = None


_PROCESSOR = PhysicalDevice("/physical_device:CPU:0", "CPU")


def list_devices() -> list[str]:
    """The names of the devices: the processor's."""
    return ["/job:localhost/replica:0/task:0/device:CPU:0"]


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices of the machine, all or of one kind.

    >>> tf.config.experimental.list_physical_devices("GPU")
    []
    """
    return [d for d in [_PROCESSOR] if device_type in (None, d.device_type)]


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The devices that a program computes on, all or of one kind."""
    return [LogicalDevice("/device:CPU:0", d.device_type) for d in list_physical_devices(device_type)]


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices that are used, all or of one kind."""
    return list_physical_devices(device_type)


def set_visible_devices(devices: PhysicalDevice | Sequence[PhysicalDevice], device_type: str | None = None) -> None:
    """Use these devices of a kind alone; of a kind that there is not none. ArgumentError: no such device, or no processor."""
    given = [devices] if isinstance(devices, PhysicalDevice) else list(devices or ())
    for d in given:
        _known(d)
    if device_type in (None, _PROCESSOR.device_type) and _PROCESSOR not in given:
        raise ArgumentError(f"set_visible_devices: without the processor there is nothing to compute on{here()}")


def _known(device: Any) -> None:
    if device != _PROCESSOR:
        raise ArgumentError(f"there is the device {_PROCESSOR.name}, not {device!r:.80}{here()}")


def get_memory_growth(device: PhysicalDevice) -> bool:
    """True: memory is taken as it is needed. ArgumentError: no such device."""
    _known(device)
    return True


def set_memory_growth(device: PhysicalDevice, enable: bool) -> None:
    """Nothing: memory is taken as it is needed. ArgumentError: no such device."""
    _known(device)


def get_virtual_device_configuration(device: PhysicalDevice) -> None:
    """None: the processor is not parted. ArgumentError: no such device."""
    _known(device)


def set_virtual_device_configuration(device: PhysicalDevice, virtual_devices: Sequence[VirtualDeviceConfiguration]) -> None:
    """Nothing, of one part. ArgumentError: no such device, or more parts than one."""
    _known(device)
    if len(virtual_devices) > 1:
        raise ArgumentError(f"the processor is one device, and {len(virtual_devices)} are asked for; "
                            f"GRAPHC_NUM_THREADS sets its threads{here()}")


def get_device_policy() -> str:
    """How tensors get from device to device: they do not need to."""
    return "silent"


def set_device_policy(device_policy: str | None) -> None:
    """Nothing: there is one device."""


def get_synchronous_execution() -> bool:
    """True: a run ends when its results are there."""
    return True


def set_synchronous_execution(enable: bool) -> None:
    """Nothing: a run ends when its results are there."""

_namespace(globals())
