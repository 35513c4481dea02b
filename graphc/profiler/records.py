"""What a profile gives: TensorFlow's messages of it, as classes of the same fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["AdviceProto", "GraphNodeProto", "MultiGraphNodeProto", "OpLogEntry", "OpLogProto"]


@dataclass
class _Counts:
    """What is counted of an entry itself, and, as `total_`, of all below it as well."""

    name: str = ""
    exec_micros: int = 0
    accelerator_exec_micros: int = 0
    cpu_exec_micros: int = 0
    requested_bytes: int = 0
    peak_bytes: int = 0
    residual_bytes: int = 0
    output_bytes: int = 0
    parameters: int = 0
    float_ops: int = 0
    total_exec_micros: int = 0
    total_accelerator_exec_micros: int = 0
    total_cpu_exec_micros: int = 0
    total_requested_bytes: int = 0
    total_peak_bytes: int = 0
    total_residual_bytes: int = 0
    total_output_bytes: int = 0
    total_parameters: int = 0
    total_float_ops: int = 0


@dataclass
class GraphNodeProto(_Counts):
    """An operation or a name scope in a profile: its own counts, and, as `total_`, those of all below it as well.

    Bytes are those that it has written to memory: a value that stays in registers takes none.
    """

    run_count: int = 0
    devices: list[str] = field(default_factory=list)
    total_definition_count: int = 0
    total_run_count: int = 0
    shapes: list[Any] = field(default_factory=list)
    input_shapes: dict[int, Any] = field(default_factory=dict)
    children: list[GraphNodeProto] = field(default_factory=list)


@dataclass
class MultiGraphNodeProto(_Counts):
    """A type of operator or a line of a program in a profile: the counts of its operations, `graph_nodes`, and of all below it."""

    graph_nodes: list[GraphNodeProto] = field(default_factory=list)
    children: list[MultiGraphNodeProto] = field(default_factory=list)


@dataclass
class AdviceProto:
    """What `advise` has found: the reports of each checker, by its name."""

    @dataclass
    class Checker:
        """The reports of one checker."""

        reports: list[str] = field(default_factory=list)

    checkers: dict[str, Checker] = field(default_factory=dict)


@dataclass
class OpLogEntry:
    """What a program says of an operation: its float operations instead of those counted, if any, and types to account it by."""

    name: str = ""
    float_ops: int = 0
    types: list[str] = field(default_factory=list)


@dataclass
class OpLogProto:
    """What a program says of operations, to be counted with them."""

    log_entries: list[OpLogEntry] = field(default_factory=list)
