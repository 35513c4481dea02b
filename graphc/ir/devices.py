"""The names of devices, as TensorFlow writes them: a job, a replica, a task and a device of it; graphc computes on one, its processor."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from ..errors import GraphError
from .node import here

__all__ = ["DeviceSpec"]

_PARTS = ("job", "replica", "task", "device_type", "device_index")
_KINDS = ("CPU", "GPU", "TPU")


class DeviceSpec:
    """A device's name in parts, each None where it is open: `/job:worker/replica:0/task:3/device:GPU:0`.

    >>> tf.DeviceSpec.from_string("/job:ps/task:3/cpu:0").to_string()
    '/job:ps/task:3/device:CPU:0'
    """

    def __init__(self, job: str | None = None, replica: int | None = None, task: int | None = None, device_type: str | None = None,
                 device_index: int | None = None):
        self.job, self.replica, self.task = job or None, _number("replica", replica), _number("task", task)
        self.device_type = None if device_type is None else str(device_type).upper() if str(device_type).upper() in _KINDS else str(device_type)
        self.device_index = _number("device_index", device_index)

    @staticmethod
    def from_string(spec: str) -> DeviceSpec:
        """The parts of a name. GraphError: it is none.

        >>> tf.DeviceSpec.from_string("/gpu:1").device_index
        1
        """
        if not isinstance(spec, str):
            raise GraphError(f"a device is named by a text like '/job:worker/task:0/device:CPU:0', not {spec!r:.60}{here()}")
        found: dict[str, Any] = {}
        for part in filter(None, spec.split("/")):
            word, *rest = part.split(":")
            if word == "device" and 1 <= len(rest) <= 2:
                word, *rest = rest
                kind = word
            elif word in ("job", "replica", "task") and len(rest) == 1:
                found[word] = rest[0] if word == "job" else _number(word, rest[0])
                continue
            elif word.upper() in _KINDS and len(rest) <= 1:
                kind = word
            else:
                raise GraphError(f"{spec!r:.80} names no device: {part!r:.60} is no part of one; "
                                 f"a name is like '/job:worker/task:0/device:CPU:0'{here()}")
            if "device_type" in found:
                raise GraphError(f"{spec!r:.80} names more than one device{here()}")
            found["device_type"] = kind
            found["device_index"] = None if not rest or rest[0] == "*" else _number("the number of a device", rest[0])
        return DeviceSpec(**found)

    def to_string(self) -> str:
        """The name, whose open parts are left out."""
        parts = [f"/{word}:{value}" for word, value in (("job", self.job), ("replica", self.replica), ("task", self.task)) if value is not None]
        if self.device_type is not None:
            parts.append(f"/device:{self.device_type}:{'*' if self.device_index is None else self.device_index}")
        return "".join(parts)

    def merge_from(self, dev: DeviceSpec) -> None:
        """Take the parts of another that it has."""
        for name in _PARTS:
            if getattr(dev, name) is not None:
                setattr(self, name, getattr(dev, name))

    def __repr__(self) -> str:
        return f"DeviceSpec({', '.join(f'{n}={getattr(self, n)!r}' for n in _PARTS if getattr(self, n) is not None)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeviceSpec) and all(getattr(self, n) == getattr(other, n) for n in _PARTS)

    def __hash__(self) -> int:
        return hash(self.to_string())


def _number(word: str, value: Any) -> int | None:
    if value is None:
        return None
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise GraphError(f"{word} is a whole number, not {value!r:.60}{here()}") from None
    if number < 0:
        raise GraphError(f"{word} is a number from 0 on, not {number}{here()}")
    return number


def on(device: Any) -> Any:
    """A `with` for what names a device: a text, a DeviceSpec, None, or a function of operations, which is not called. GraphError: anything else."""
    if device is not None and not callable(device) and not isinstance(device, DeviceSpec):
        DeviceSpec.from_string(device)
    return nullcontext()
