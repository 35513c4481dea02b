"""What a profile counts, shows, orders and writes: a builder of its options, and the check of them."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InvalidArgumentError
from ..ir.node import here

__all__ = ["ProfileOptionBuilder", "checked"]

TRAINABLE = "_trainable_variables"         # the type of trainable variables beside that of their operator
COUNTS = ("bytes", "peak_bytes", "residual_bytes", "output_bytes", "micros", "accelerator_micros", "cpu_micros", "params", "float_ops", "occurrence")
_ORDERS = ("name", "depth", *COUNTS)
_SHOWN = (*COUNTS, "device", "op_types", "input_shapes", "tensor_value")
OUTPUTS = ("file", "none", "stdout", "timeline")
_PATTERNS = ("account_type_regexes", "start_name_regexes", "trim_name_regexes", "show_name_regexes", "hide_name_regexes")
_MINIMA = ("min_bytes", "min_peak_bytes", "min_residual_bytes", "min_output_bytes", "min_micros", "min_accelerator_micros", "min_cpu_micros",
           "min_params", "min_float_ops", "min_occurrence")
_DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(_MINIMA, 0), "max_depth": 100, "order_by": "name", "account_type_regexes": [".*"], "start_name_regexes": [".*"],
    "trim_name_regexes": [], "show_name_regexes": [".*"], "hide_name_regexes": [], "account_displayed_op_only": False, "select": ["micros"],
    "step": -1, "output": "stdout"}
_ALL: dict[str, Any] = {**_DEFAULTS, "max_depth": 10000, "account_displayed_op_only": True}


class ProfileOptionBuilder:
    """Makes the options of a profile: each method sets some of them and returns the builder, `build` returns them as a dict.

    >>> B = tf.profiler.ProfileOptionBuilder
    >>> B(B.float_operation()).with_max_depth(3).order_by("name").build()["max_depth"]
    3
    """

    def __init__(self, options: Mapping[str, Any] | None = None):
        self._options = copy.deepcopy(dict(_DEFAULTS if options is None else options))

    @staticmethod
    def trainable_variables_parameter() -> dict[str, Any]:
        """Options that count the numbers in the trainable variables."""
        return copy.deepcopy({**_ALL, "account_type_regexes": [TRAINABLE], "select": ["params"]})

    @staticmethod
    def float_operation() -> dict[str, Any]:
        """Options that count float operations, the most first, and show what has any."""
        return copy.deepcopy({**_ALL, "min_float_ops": 1, "order_by": "float_ops", "select": ["float_ops"]})

    @staticmethod
    def time_and_memory(min_micros: int = 1, min_bytes: int = 1, min_accelerator_micros: int = 0, min_cpu_micros: int = 0,
                        min_peak_bytes: int = 0, min_residual_bytes: int = 0, min_output_bytes: int = 0) -> dict[str, Any]:
        """Options that tell time and memory of a traced run, the longest first."""
        minima = {"min_micros": min_micros, "min_bytes": min_bytes, "min_accelerator_micros": min_accelerator_micros,
                  "min_cpu_micros": min_cpu_micros, "min_peak_bytes": min_peak_bytes, "min_residual_bytes": min_residual_bytes,
                  "min_output_bytes": min_output_bytes}
        return copy.deepcopy({**_ALL, **minima, "order_by": "micros", "select": ["micros", "bytes"]})

    def build(self) -> dict[str, Any]:
        """The options."""
        return copy.deepcopy(self._options)

    def with_max_depth(self, max_depth: int) -> ProfileOptionBuilder:
        """Show so many levels, the root being the first; of operators the first and so many more."""
        return self._with(max_depth=max_depth)

    def with_min_memory(self, min_bytes: int = 0, min_peak_bytes: int = 0, min_residual_bytes: int = 0,
                        min_output_bytes: int = 0) -> ProfileOptionBuilder:
        """Show what takes, with all below it, at least so many bytes."""
        return self._with(min_bytes=min_bytes, min_peak_bytes=min_peak_bytes, min_residual_bytes=min_residual_bytes,
                          min_output_bytes=min_output_bytes)

    def with_min_execution_time(self, min_micros: int = 0, min_accelerator_micros: int = 0, min_cpu_micros: int = 0) -> ProfileOptionBuilder:
        """Show what takes, with all below it, at least so many microseconds."""
        return self._with(min_micros=min_micros, min_accelerator_micros=min_accelerator_micros, min_cpu_micros=min_cpu_micros)

    def with_min_parameters(self, min_params: int) -> ProfileOptionBuilder:
        """Show what itself holds at least so many numbers."""
        return self._with(min_params=min_params)

    def with_min_occurrence(self, min_occurrence: int) -> ProfileOptionBuilder:
        """Show what consists of at least so many operations."""
        return self._with(min_occurrence=min_occurrence)

    def with_min_float_operations(self, min_float_ops: int) -> ProfileOptionBuilder:
        """Show what itself does at least so many float operations."""
        return self._with(min_float_ops=min_float_ops)

    def with_accounted_types(self, account_type_regexes: Sequence[str]) -> ProfileOptionBuilder:
        """Count only operations of which a type (operator, device, `_trainable_variables`, one of an op log) matches one of the patterns whole."""
        return self._with(account_type_regexes=[*account_type_regexes])

    def with_node_names(self, start_name_regexes: Sequence[str] | None = None, show_name_regexes: Sequence[str] | None = None,
                        hide_name_regexes: Sequence[str] | None = None, trim_name_regexes: Sequence[str] | None = None) -> ProfileOptionBuilder:
        """Show by name, patterns matching whole: from where to start, what to show and what not, and from where on nothing below."""
        given = {"start_name_regexes": start_name_regexes, "show_name_regexes": show_name_regexes, "hide_name_regexes": hide_name_regexes,
                 "trim_name_regexes": trim_name_regexes}
        return self._with(**{key: [*patterns] for key, patterns in given.items() if patterns is not None})

    def account_displayed_op_only(self, is_true: bool) -> ProfileOptionBuilder:
        """Whether totals are of what is shown only."""
        return self._with(account_displayed_op_only=is_true)

    def with_empty_output(self) -> ProfileOptionBuilder:
        """Write nothing."""
        return self._with(output="none")

    def with_stdout_output(self) -> ProfileOptionBuilder:
        """Print the profile."""
        return self._with(output="stdout")

    def with_file_output(self, outfile: Any) -> ProfileOptionBuilder:
        """Write the profile into a file."""
        return self._with(output=f"file:outfile={outfile}")

    def with_timeline_output(self, timeline_file: Any) -> ProfileOptionBuilder:
        """Write the timeline of the traced run into a file, for chrome://tracing."""
        return self._with(output=f"timeline:outfile={timeline_file}")

    def order_by(self, attribute: str) -> ProfileOptionBuilder:
        """Order by a count, the most first, or by "name"."""
        return self._with(order_by=attribute)

    def select(self, attributes: Sequence[str]) -> ProfileOptionBuilder:
        """Tell these counts."""
        return self._with(select=[*attributes])

    def with_step(self, step: int) -> ProfileOptionBuilder:
        """Of a `Profiler`'s steps the one of that number; -1: the mean of all."""
        return self._with(step=step)

    def _with(self, **options: Any) -> ProfileOptionBuilder:
        self._options.update(options)
        return self


def checked(options: Any) -> dict[str, Any]:
    """The options, what is not given by default. InvalidArgumentError: an order, a count, an output or a pattern that does not exist."""
    found = {**_DEFAULTS, **(options or {})}
    if found.get("dump_to_file"):
        found["output"] = f"file:outfile={found['dump_to_file']}"
    for key, values, known in (("order_by", [found["order_by"]], _ORDERS), ("select", found["select"], _SHOWN),
                               ("output", [found["output"].partition(":")[0]], OUTPUTS)):
        for value in values:
            if value not in known:
                raise InvalidArgumentError(f"profile: {key} {value!r:.60} is none of {', '.join(known)}{here()}")
    for key in _PATTERNS:
        for pattern in found[key]:
            try:
                re.compile(pattern)
            except (re.error, TypeError) as e:
                raise InvalidArgumentError(f"profile: {key} {pattern!r:.60} is no pattern: {e}{here()}") from None
    return found
