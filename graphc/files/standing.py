"""What nodes of a graph stand for to TensorFlow, as records of its JSON file: `{"op", "results", "arguments"}`, nodes as their places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..ir.node import Node, describe
from ..ir.standing import Standing
from .values import expect, refuse, said


def standing_records(place: Mapping[Node, int], value: Callable[[Any, str], Any]) -> list[dict[str, Any]]:
    """The records of what nodes stand for, as far as all that they speak of is written."""
    found = {id(n.standing): n.standing for n in place if n.standing is not None}
    return [{"op": s.op, "results": [place[x] for x in s.results],
             "arguments": {k: value(v, f"{k} of {describe(s.results[0])}") for k, v in s.arguments.items()}}
            for s in found.values() if all(x in place for x in (*s.results, *s.inputs))]


def read_standing(record: Any, where: str, places: Callable[[Any, str], tuple[Node, ...]], value: Callable[[Any, str], Any]) -> None:
    """Let the nodes of a record stand for what it says. SerializationError: it is none."""
    unknown = expect(record, dict, where).keys() ^ {"op", "results", "arguments"}
    if unknown:
        refuse(where, f"it has op, results and arguments, and {said(min(unknown))} is missing or more")
    results = places(record["results"], f"{where}.results")
    if not results or any(n.type is None or n.standing is not None for n in results) or len({*results}) < len(results):
        refuse(f"{where}.results", "these are no tensors, each of which stands for one result")
    arguments = {k: value(v, f"{where}.arguments.{k[:60]}") for k, v in expect(record["arguments"], dict, f"{where}.arguments").items()}
    standing = Standing(expect(record["op"], str, f"{where}.op"), results, arguments)
    for node in results:
        node.standing = standing
