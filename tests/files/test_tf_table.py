"""The table of TensorFlow's operators: each row against TensorFlow's own declaration, and against the function that it names."""

from __future__ import annotations

import inspect
import re

import pytest

from graphc.files.tf_graph.rows import Row
from graphc.files.tf_graph.table import TABLE
from tests import ROOT

LINE = re.compile(r"(\w+) \((.*?)\) -> \((.*?)\) ?(.*)\Z")
DECLARED = {m[1]: m for line in (ROOT / "tests/data/tf_graphs/operators.txt").read_text().splitlines() if (m := LINE.match(line))}


def theirs(arguments: str) -> list[tuple[str, str]]:
    """How many tensors each argument is (`*N`, `**`, one), and its dtype."""
    return [(re.match(r"(\*\*|\*\w+@)?", word)[0].rstrip("@"), word.rpartition(":")[2]) for word in arguments.split()]


@pytest.mark.parametrize("row", TABLE.rows, ids=lambda row: row.type)
def test_operands_are_theirs(row: Row) -> None:
    _, _, inputs, outputs, attrs = (DECLARED[row.type][i] for i in range(5))
    ours = [("**" if x.many and not x.length else f"*{x.length}" if x.many else "", x.dtype) for x in row.inputs]
    assert ours == theirs(inputs)
    declared = dict(word.split(":") for word in attrs.split())
    named = {a.theirs: a.ours for a in row.attributes}
    counts = {count[1:] for count, _ in theirs(inputs) if count.startswith("*") and count != "**"}
    told = {dtype for _, dtype in theirs(inputs)} | counts
    assert declared.keys() - told - row.dtypes <= named.keys(), "every attribute has a place in the row"
    assert all(ours == "" for name, ours in named.items() if name not in declared), "what an older or newer TensorFlow has changes no number"


@pytest.mark.parametrize("row", TABLE.rows, ids=lambda row: row.type)
def test_results_are_theirs(row: Row) -> None:
    outputs = [("*" if word.startswith("*") else "") + re.sub(r"\*\w+@|\*\*", "", word).partition(":")[0] for word in DECLARED[row.type][3].split()]
    assert list(row.names) == outputs or len(row.names) == len(outputs) == 1 and not outputs[0].startswith("*")


@pytest.mark.parametrize("row", TABLE.rows, ids=lambda row: row.type)
def test_makes_take_what_rows_say(row: Row) -> None:
    """Every operand and attribute is a parameter of the function, and all that it cannot do without is given."""
    signature = inspect.signature(row.make)
    given = [x.name for x in row.inputs if x.name] + [a.ours for a in row.attributes if a.ours] + [name for name, _ in row.fixed]
    assert len(given) == len(set(given))
    if any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values()):
        return
    open_ended = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    assert open_ended or set(given) <= signature.parameters.keys()
    needed = {n for n, p in signature.parameters.items() if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    assert needed <= set(given)


def test_one_row_an_operator() -> None:
    assert len(TABLE.by_type) == len(TABLE.rows)
