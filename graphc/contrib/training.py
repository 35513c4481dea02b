"""`tf.contrib.training`: hyperparameters of a program, with values from a text, and which server is to carry a variable."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError, InvalidArgumentError, ShapeError
from ..ir.arguments import hold as _hold
from ..ir.node import here
from ..tf1_names import namespace as _namespace

__all__ = ["GreedyLoadBalancingStrategy", "HParams", "RandomStrategy", "byte_size_load_fn"]
__path__: list[str] = []           # a package: programs import modules from within, `contrib.training.python`

_ITEM = re.compile(r"\s*(?P<name>[A-Za-z]\w*)(\[(?P<index>\d+)\])?\s*=\s*(\[(?P<several>[^\]]*)\]|(?P<one>[^,\[]*))\s*(,|$)")


class HParams:
    """Names with values, as attributes: `parse` sets some from `name=value,list=[1,2]`, each as the kind of value it has.

    ArgumentError: a name that is there, or is not. InvalidArgumentError: a text that says no value of its kind.

    >>> p = tf.contrib.training.HParams(rate=0.1, sizes=[1, 2], name="a")
    >>> p.parse("rate=0.5,sizes=[3,4]").values()
    {'rate': 0.5, 'sizes': [3, 4], 'name': 'a'}
    """

    def __init__(self, hparam_def: Any = None, model_structure: Any = None, **kwargs: Any):
        self.__dict__["_values"] = {}
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name: str, value: Any) -> None:
        """A name more. ArgumentError: it is there."""
        if name in self._values or hasattr(type(self), name):
            raise ArgumentError(f"HParams: {name!r:.60} is there already{here()}")
        self._values[name] = value

    def set_hparam(self, name: str, value: Any) -> None:
        """Another value, as the kind of value it has. ArgumentError: no such name. InvalidArgumentError: of another kind."""
        self._values[self._known(name)] = _like(name, self._values[name], value)

    def del_hparam(self, name: str) -> None:
        """Forget a name, if it is there."""
        self._values.pop(name, None)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a name, or the default."""
        return self._values.get(key, default)

    def values(self) -> dict[str, Any]:
        """All values by their names."""
        return dict(self._values)

    def parse(self, values: str) -> HParams:
        """Set what a text says, `name=value` with commas between; itself."""
        at = 0
        while at < len(values):
            found = _ITEM.match(values, at)
            if found is None:
                raise InvalidArgumentError(f"HParams.parse: {values[at:at + 60]!r} is no name=value{here()}")
            name, at = self._known(found["name"]), found.end()
            old = self._values[name]
            if found["several"] is not None:
                kind = old[0] if isinstance(old, list) and old else ""
                self._values[name] = [_read(name, kind, part) for part in found["several"].split(",") if part.strip()]
            elif found["index"] is not None:
                listed = [*old]
                listed[int(found["index"])] = _read(name, listed[int(found["index"])], found["one"])
                self._values[name] = listed
            else:
                self._values[name] = _read(name, old, found["one"])
        return self

    def override_from_dict(self, values_dict: Mapping[str, Any]) -> HParams:
        """Set what a dict says; itself."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def parse_json(self, values_json: str) -> HParams:
        """Set what a JSON object says; itself."""
        try:
            return self.override_from_dict(json.loads(values_json))
        except json.JSONDecodeError as e:
            raise InvalidArgumentError(f"HParams.parse_json: {e}{here()}") from None

    def to_json(self, indent: Any = None, separators: Any = None, sort_keys: bool = False) -> str:
        """All values as a JSON object."""
        return json.dumps(self._values, indent=indent, separators=separators, sort_keys=sort_keys)

    def _known(self, name: str) -> str:
        if name not in self._values:
            raise ArgumentError(f"HParams: there is no {name!r:.60}{here()}")
        return name

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(f"HParams: there is no {name!r:.60}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self._values[name] = value

    def __repr__(self) -> str:
        return f"HParams({self._values})"


class GreedyLoadBalancingStrategy:
    """The parameter server for each variable, for `ps_strategy` of `replica_device_setter`: the one that has least to carry so far.

    `load_fn`: how much a variable is to carry, most often `byte_size_load_fn`.
    """

    def __init__(self, num_tasks: int, load_fn: Callable[[Any], float]):
        self._load_fn, self._loads = load_fn, np.zeros(num_tasks)

    def __call__(self, op: Any) -> int:
        task = int(np.argmin(self._loads))
        self._loads[task] += self._load_fn(op)
        return task


class RandomStrategy:
    """The parameter server for each variable, for `ps_strategy` of `replica_device_setter`: one that is drawn.

    Names of variables alone decide, and the seed.
    """

    def __init__(self, num_tasks: int, seed: int = 0):
        self._num_tasks, self._seed = num_tasks, seed

    def __call__(self, op: Any) -> int:
        return zlib.crc32(f"{self._seed}/{op.name}".encode()) % self._num_tasks


def byte_size_load_fn(op: Any) -> float:
    """The bytes of a variable, by its operation or itself. ShapeError: its shape is not known.

    >>> tf.contrib.training.byte_size_load_fn(tf.Variable(tf.zeros([2, 3])))
    24.0
    """
    output = op.outputs[0] if hasattr(op, "outputs") else op
    count = output.get_shape().num_elements()
    if count is None:
        raise ShapeError(f"byte_size_load_fn: the shape of {output!r:.60} is not known{here()}")
    return float(count * output.dtype.base_dtype.size)


def _read(name: str, like: Any, text: str) -> Any:
    """The value that a text says, of the kind of another."""
    text = text.strip()
    try:
        if isinstance(like, bool):
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        return type(like)(text) if isinstance(like, (int, float)) else text
    except (KeyError, ValueError):
        raise InvalidArgumentError(f"HParams: {name}={text!r:.60} is not of the kind of {like!r:.60}{here()}") from None


def _like(name: str, old: Any, value: Any) -> Any:
    fits = old is None or isinstance(value, type(old)) or (isinstance(old, float) and isinstance(value, int))
    if not fits or isinstance(old, bool) != isinstance(value, bool) and old is not None:
        raise InvalidArgumentError(f"HParams: {name}={value!r:.60} is not of the kind of {old!r:.60}{here()}")
    return float(value) if isinstance(old, float) else value


_hold(globals(), __all__)

_namespace(globals())
