"""A row of the table of operators: TensorFlow's operator, what makes it here, and how the operands and attributes of the two go together.

A row is read both ways: from TensorFlow's node to a call of `make`, and from an operator of graphc's, if `make` is one, to TensorFlow's node.

    Row("Sum", reduce.reduce_sum, "input_tensor axis!:Tidx", "keep_dims=keepdims")

says: the node `Sum` has two inputs. The first is the parameter `input_tensor`. The second is the keyword `axis`, whose value must be known while
the graph is built; its dtype is the attribute `Tidx`, that of the first the attribute `T`. The attribute `keep_dims` is the keyword `keepdims`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from ...ir.operator import Operator

FIXED = frozenset({"bool", "float32", "int32", "int64", "resource", "string", "variant"})      # dtypes of inputs that are always the same


class Operand(NamedTuple):
    """An input of TensorFlow's node. `name`: the parameter it is here, or "" where it has none; `dtype`: the attribute, or the name, of its dtype.

    `known`: the parameter is no tensor but a value, which must be known. `many`: a list of inputs, as many as the attribute `length` says; where
    there is none, `dtype` is a list of dtypes.
    """

    name: str
    dtype: str
    known: bool = False
    many: bool = False
    length: str = ""


class Attribute(NamedTuple):
    """An attribute of TensorFlow's node and the keyword it is here; "" for one that changes no number."""

    theirs: str
    ours: str


@dataclass(frozen=True)
class Row:
    """TensorFlow's operator `type` and the function or operator `make` that is it here.

    `operands`: words, one for each input: `name`, `name!` for a value that must be known, `name?` for a tensor or a value, whichever it is,
    `*name` for a list of as many inputs as the attribute N says (`*name@M`: M; `**name`: of any dtypes, a list attribute), `-` for an input that
    changes nothing. Behind a colon stands the attribute of the dtype (without one: T), or a dtype that is always the same.
    `attrs`: words, one for each attribute: `theirs=ours`, `same`, `-idle` for one that changes no number.
    `results`: the names of several results, `*name` for a list; "-" for none. `types`: attributes of dtypes that no input has.
    `fixed`: keywords that are always the same.
    """

    type: str
    make: Callable[..., Any]
    operands: str = "x"
    attrs: str = ""
    results: str = "y"
    types: str = ""
    fixed: tuple[tuple[str, Any], ...] = ()

    @cached_property
    def inputs(self) -> tuple[Operand, ...]:
        return tuple(_operand(word) for word in self.operands.split())

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        return tuple(_attribute(word) for word in self.attrs.split())

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the results."""
        return () if self.results == "-" else tuple(self.results.split())

    @cached_property
    def dtypes(self) -> frozenset[str]:
        """The attributes that are dtypes, or counts, of inputs and results: what the inputs themselves say."""
        found = {x.dtype for x in self.inputs} - FIXED | {x.length for x in self.inputs if x.length}
        return frozenset(found | {*self.types.split()})

    @property
    def operator(self) -> Operator | None:
        """The operator of graphc's, if the row says the whole of it."""
        return self.make if isinstance(self.make, Operator) else None


def _operand(word: str) -> Operand:
    name, _, dtype = word.partition(":")
    stars = len(name) - len(name.lstrip("*"))
    name, _, count = name.lstrip("*").partition("@")
    known, name = name.endswith("!"), name.rstrip("!")
    return Operand("" if name == "-" else name, dtype or "T", known, stars > 0, count or ("N" if stars == 1 else ""))


def _attribute(word: str) -> Attribute:
    if word.startswith("-"):
        return Attribute(word[1:], "")
    theirs, _, ours = word.partition("=")
    return Attribute(theirs, ours or theirs)


def same(operands: str, attrs: str = "", types: str = "", /, **makes: Callable[..., Any]) -> Iterator[Row]:
    """Rows of operators that differ in nothing but their names."""
    return (Row(type, make, operands, attrs, types=types) for type, make in makes.items())


class Table:
    """Rows, by TensorFlow's names of operators and by graphc's."""

    def __init__(self, rows: Sequence[Row]):
        self.rows = tuple(rows)
        self.by_type = {row.type: row for row in rows}
        # Of several rows of an operator the first is the one that is written.
        self.by_operator: dict[str, Row] = {}
        for row in rows:
            if row.operator is not None:
                self.by_operator.setdefault(row.operator.name, row)
