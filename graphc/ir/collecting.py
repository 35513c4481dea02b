"""The collections of a graph: lists of what belongs together, by names of which TensorFlow has agreed on some."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any


class GraphKeys:
    """Names of the standard collections."""

    GLOBAL_VARIABLES = VARIABLES = "variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    LOCAL_VARIABLES = "local_variables"
    MODEL_VARIABLES = "model_variables"
    METRIC_VARIABLES = "metric_variables"
    MOVING_AVERAGE_VARIABLES = "moving_average_variables"
    SAVEABLE_OBJECTS = "saveable_objects"
    SAVERS = "savers"
    WEIGHTS = "weights"
    BIASES = "biases"
    ACTIVATIONS = "activations"
    UPDATE_OPS = "update_ops"
    REGULARIZATION_LOSSES = "regularization_losses"
    LOSSES = "losses"
    SUMMARIES = "summaries"
    SUMMARY_OP = "summary_op"
    GLOBAL_STEP = "global_step"
    EVAL_STEP = "eval_step"
    TRAIN_OP = "train_op"
    INIT_OP = "init_op"
    LOCAL_INIT_OP = "local_init_op"
    READY_OP = "ready_op"
    READY_FOR_LOCAL_INIT_OP = "ready_for_local_init_op"
    QUEUE_RUNNERS = "queue_runners"
    TABLE_INITIALIZERS = "table_initializer"
    ASSET_FILEPATHS = "asset_filepaths"
    CONCATENATED_VARIABLES = "concatenated_variables"
    TRAINABLE_RESOURCE_VARIABLES = "trainable_resource_variables"
    RESOURCES = "resources"
    LOCAL_RESOURCES = "local_resources"
    COND_CONTEXT = "cond_context"
    WHILE_CONTEXT = "while_context"
    STREAMING_MODEL_PORTS = "streaming_model_ports"


ITERATORS = "iterators"         # of datasets; TensorFlow names it in no GraphKeys


class Collections:
    """What a graph has of collections."""

    def __init__(self) -> None:
        self.collections: dict[str, list[Any]] = {}
        self.aliases: dict[Any, list[str]] = {}        # names of tensors beside their own, by which layers' results are found

    def add_to_collection(self, name: str, value: Any) -> None:
        """Put a value into the collection of that name."""
        self.collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Iterable[str], value: Any) -> None:
        """Put a value into several collections."""
        for name in names:
            self.add_to_collection(name, value)

    def get_collection(self, name: str, scope: str | None = None) -> list[Any]:
        """The collection's members; with `scope`, those whose names match it (a regular expression, at the start)."""
        members = list(self.collections.get(name, ()))
        if scope is None:
            return members
        pattern = re.compile(scope)
        return [m for m in members if hasattr(m, "name") and pattern.match(m.name)]

    def get_collection_ref(self, name: str) -> list[Any]:
        """The collection itself, a list to change; made when there is none."""
        return self.collections.setdefault(name, [])

    def clear_collection(self, name: str) -> None:
        """Forget the collection of that name."""
        self.collections.pop(name, None)

    def get_all_collection_keys(self) -> list[str]:
        """The names of the collections."""
        return list(self.collections)
