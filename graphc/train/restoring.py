"""What of a checkpoint fits a graph: its variables by name, restored, missing, of another type, unexpected, and the courses of random numbers."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataLossError
from ..files.checkpoint import Open
from ..files.safetensors import Entry
from ..ir.node import describe, here
from ..ir.types import compatible
from ..ops.state import Variable
from ..runtime.streams import Drawn
from .object_graph import KEY, names_of, objects_of

_TOLD, _SOUGHT = 20, 1000       # variables that a report names one by one, and those it looks for a near name among


class RestoreReport(NamedTuple):
    """What a restore found: names as they stand in the checkpoint.

    `restored`: variables that were set. `missing`: variables that the checkpoint has not. `misshapen`: those of another type there, with both
    types. `unexpected`: what the checkpoint has beside. `near`: for a missing name the one among the unexpected that it may be.
    """

    restored: list[str]
    missing: list[str]
    misshapen: dict[str, str]
    unexpected: list[str]
    near: dict[str, str]

    def __str__(self) -> str:
        def lines(what: str, items: Iterable[str]) -> list[str]:
            found = list(items)
            more = [f"  {what}: and {len(found) - _TOLD} more"] if len(found) > _TOLD else []
            return [*(f"  {what}: {item}" for item in found[:_TOLD]), *more]
        return "\n".join([
            f"{len(self.restored)} restored, {len(self.missing)} missing, {len(self.misshapen)} of another type, {len(self.unexpected)} unexpected",
            *lines("missing", (f"{n}; near it: {self.near[n]}" if n in self.near else n for n in self.missing)),
            *lines("of another type", (f"{name}: {types}" for name, types in self.misshapen.items())),
            *lines("unexpected", self.unexpected)])


def keys_of(found: Open, wanted: Iterable[str]) -> dict[str, str]:
    """The names of values in a checkpoint by those of variables: the same, but where it is one of objects and lacks a name. DataLossError."""
    if KEY in found.entries and any(name not in found.entries for name in wanted):
        return {name: key for name, key in names_of(objects_of(found)).items() if key in found.entries}
    return {name: name for name in found.entries}


def report_of(variables: Mapping[str, Variable], entries: Mapping[str, Entry], reshape: bool) -> RestoreReport:
    """What of a checkpoint fits the variables."""
    missing = [name for name in variables if name not in entries]
    unexpected = sorted(entries.keys() - variables.keys())
    misshapen = {name: f"{entries[name]} in the checkpoint, the variable is {describe(v)}"
                 for name, v in variables.items() if name in entries and not _fits(v, entries[name], reshape)}
    near = {}
    for name in missing[:_TOLD]:
        fitting = [n for n in unexpected[:_SOUGHT] if _fits(variables[name], entries[n], reshape)]
        last = name.rpartition("/")[2]
        found = difflib.get_close_matches(name, fitting, 1) or [n for n in fitting if n.rpartition("/")[2] == last][:1]
        if found:
            near[name] = found[0]
    return RestoreReport([n for n in variables if n in entries and n not in misshapen], missing, misshapen, unexpected, near)


def _fits(variable: Variable, entry: Entry, reshape: bool) -> bool:
    kind = variable.type
    if reshape and kind.known:
        return entry.dtype == kind.dtype and np.prod(entry.shape, dtype=object) == np.prod(kind.shape, dtype=object)
    return entry.dtype == kind.dtype and compatible(kind.shape, entry.shape)


def told_courses(drawn: Drawn | None) -> dict[str, Any]:
    """The courses of random numbers as a checkpoint has them."""
    assert drawn is not None
    return {"streams": {str(s): str(n) for s, n in drawn.numbers.items()}, "first": str(drawn.base)}


def courses_of(found: Open) -> Drawn | None:
    """The courses of random numbers; None in a file of others.

    A file from before each operator had its own has "drawn", the number of the last run that drew any: all go on behind it.
    """
    def number(text: Any, below: int = 2**63) -> int:
        if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > 20 or int(text) >= below:
            raise DataLossError(f"{found.path} is damaged: {text!r:.40} is no number of a course of random numbers{here()}")
        return int(text)
    streams = found.state.get("streams")
    if streams is None:
        last = found.state.get("drawn")
        return None if last is None else Drawn(number(last) + 1, {})
    if not isinstance(streams, dict):
        raise DataLossError(f"{found.path} is damaged: {streams!r:.40} are no courses of random numbers{here()}")
    return Drawn(number(found.state.get("first")), {number(s, 2**64): number(n) for s, n in streams.items()})
